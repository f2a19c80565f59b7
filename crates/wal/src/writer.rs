//! The writer: one thread, one fsync per group, a fresh segment after any failure.

use std::io;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::cipher::{MAX_KEY_BYTES, Sealer};
use crate::disk::{self, DiskFile};
use crate::error::Refused;
use crate::header::{self, HEADER_BYTES, Header};
use crate::log::Shared;
use crate::queue::{Append, Done, Work};
use crate::view::{Extent, lock};
use crate::{MAX_POSITION, Position, record};

/// What a buffer keeps of its size between groups.
const KEPT_BYTES: usize = 16 << 20;

/// The segment that is written to.
struct Active {
    first: Position,
    file: Box<dyn DiskFile>,
    sealer: Box<dyn Sealer>,
    /// What of it is durable; the next group goes here.
    n_bytes: u64,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    active: Option<Active>,
    /// The next position; those of refused records are behind it.
    next: Position,
    /// The position after the last durable record.
    end: Position,
    /// Whether `end` is what was acknowledged, or found by the start.
    is_acknowledged: bool,
    buffer: Vec<u8>,
}

/// What failed, and why.
type Failure = (&'static str, io::Error);

/// Lets nobody wait for a writer that is gone.
struct Farewell(Arc<Shared>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.queue.abandon();
    }
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, next: Position, end: Position) -> Self {
        Self { shared, active: None, next, end, is_acknowledged: false, buffer: Vec::new() }
    }

    pub(crate) fn run(mut self) {
        let _farewell = Farewell(self.shared.clone());
        let shared = self.shared.clone();
        while let Some(work) = shared.queue.take(shared.options.group_bytes) {
            match work {
                Work::Group(group) => self.group(group),
                Work::Roll(done, even_empty) => {
                    let outcome = self.roll(even_empty).map(|()| self.next..self.next);
                    tell(done, outcome.map_err(|failure| self.refuse(0, failure)));
                }
            }
        }
    }

    /// Makes a group durable and answers everyone in it.
    fn group(&mut self, group: Vec<Append>) {
        let n_records = group.iter().map(|append| append.records.len()).sum();
        let n_bytes = group.iter().map(|append| append.n_bytes).sum();
        let outcome = self.commit(&group, n_records).map_err(|failure| self.refuse(n_records, failure));
        self.shared.queue.release(n_records, n_bytes);
        let mut at = outcome.as_ref().copied().unwrap_or_default();
        for Append { records, done, .. } in group {
            let positions = at..at + records.len() as u64;
            at = positions.end;
            tell(done, outcome.as_ref().map(|_| positions).map_err(Clone::clone));
        }
    }

    /// Writes a group and makes it durable; returns its first position.
    ///
    /// After a failure there is no active segment, and none of the positions tried is used again.
    fn commit(&mut self, group: &[Append], n_records: usize) -> Result<Position, Failure> {
        if n_records == 0 {
            return Ok(self.end);
        }
        let is_full = |active: &Active| active.n_bytes >= self.shared.options.segment_bytes;
        if self.active.as_ref().is_none_or(is_full) {
            self.start_segment()?;
        }
        let Some(mut active) = self.active.take() else { return Err(("start a segment", io::ErrorKind::Other.into())) };
        let first = self.next;
        self.next += n_records as u64;
        self.frame(group, first, &mut active);
        let written = disk::write_all(&*active.file, active.n_bytes, &self.buffer)
            .map_err(|error| ("write to the log", error))
            .and_then(|()| active.file.sync().map_err(|error| ("fsync the log", error)));
        if let Err(failure) = written {
            // The refused records should not come back. When this fails too, the next segment's header voids them.
            if active.file.truncate(active.n_bytes).is_ok() {
                let _ = active.file.sync();
            }
            if active.n_bytes == HEADER_BYTES {
                self.forget_empty(active.first);
            }
            return Err(failure);
        }
        active.n_bytes += self.buffer.len() as u64;
        self.end = self.next;
        self.is_acknowledged = true;
        let mut view = lock(&self.shared.view);
        if let Some(extent) = view.extents.last_mut() {
            (extent.end, extent.n_bytes, extent.doubtful) = (self.end, active.n_bytes, self.end);
        }
        view.end = self.end;
        view.n_acknowledged += n_records as u64;
        view.n_groups += 1;
        view.failure = None;
        drop(view);
        self.active = Some(active);
        Ok(first)
    }

    /// Removes the newest segment, which has no record, so that a disk without space does not fill up with headers.
    ///
    /// That it voided what was refused before is no loss: nothing was acknowledged since, and the next one does it too.
    fn forget_empty(&self, first: Position) {
        let _no_cut = lock(&self.shared.cutting);
        let mut view = lock(&self.shared.view);
        if view.extents.len() > 1 && view.extents.last().is_some_and(|newest| newest.first == first) {
            view.extents.pop();
            drop(view);
            // What cannot be removed is an empty segment at the next start.
            let _ = self.shared.disk.remove(&header::name(first));
        }
    }

    /// Seals and frames a group into the buffer.
    fn frame(&mut self, group: &[Append], first: Position, active: &mut Active) {
        self.buffer.clear();
        self.buffer.shrink_to(KEPT_BYTES);
        for (n, plain) in group.iter().flat_map(|append| &append.records).enumerate() {
            let position = first + n as u64;
            record::write(&mut self.buffer, &mut *active.sealer, active.first, position, n as u32, plain);
        }
    }

    /// Goes on in a new segment unless the newest has no record, or even then. A segment that is left empty keeps its
    /// position for itself: no name and no key comes twice.
    fn roll(&mut self, even_empty: bool) -> Result<(), Failure> {
        let newest = lock(&self.shared.view).extents.last().map(|extent| (extent.first, extent.end));
        match newest {
            Some((first, end)) if first < end => self.start_segment(),
            Some(_) if even_empty => {
                self.next += 1;
                self.start_segment()
            }
            _ => Ok(()),
        }
    }

    /// Makes a segment, durable with its header, and writes to it from now on.
    ///
    /// A failed attempt burns a position, so that no name and no key comes twice.
    fn start_segment(&mut self) -> Result<(), Failure> {
        self.active = None;
        let first = self.next;
        if first >= MAX_POSITION - u64::from(u32::MAX) {
            return Err(("start a segment", io::Error::other("positions are used up")));
        }
        let name = header::name(first);
        let made = self.make_segment(first, &name);
        let (file, sealer, key) = made.inspect_err(|_| {
            self.next += 1;
            // What is left of it has no record; a start removes it.
            let _ = self.shared.disk.remove(&name);
        })?;
        self.active = Some(Active { first, file, sealer, n_bytes: HEADER_BYTES });
        let mut view = lock(&self.shared.view);
        if let Some(last) = view.extents.last_mut() {
            last.end = last.end.min(self.end);
        }
        view.extents.push(Extent {
            first,
            end: first,
            n_bytes: HEADER_BYTES,
            follows: Some(self.end),
            key: Some(key),
            doubtful: first,
        });
        Ok(())
    }

    #[allow(clippy::type_complexity, reason = "three things made together, used once")]
    fn make_segment(
        &self,
        first: Position,
        name: &str,
    ) -> Result<(Box<dyn DiskFile>, Box<dyn Sealer>, Vec<u8>), Failure> {
        let Shared { disk, cipher, .. } = &*self.shared;
        let (key, sealer) = cipher.start(first).map_err(|error| ("make a key for the log", error))?;
        if key.len() > MAX_KEY_BYTES {
            return Err(("make a key for the log", io::Error::other("the wrapped key is too long")));
        }
        let header = Header { first, follows: self.end, follows_acknowledged: self.is_acknowledged, key };
        let file = disk.create(name).map_err(|error| ("create a segment of the log", error))?;
        disk::write_all(&*file, 0, &header.encode()).map_err(|error| ("write to the log", error))?;
        file.sync().map_err(|error| ("fsync the log", error))?;
        disk.sync().map_err(|error| ("fsync the log's directory", error))?;
        Ok((file, sealer, header.key))
    }

    /// Remembers a failure and puts it into words.
    fn refuse(&self, n_records: usize, (op, error): Failure) -> Refused {
        let mut view = lock(&self.shared.view);
        view.n_refused += n_records as u64;
        view.failure = Some(format!("could not {op}: {error}"));
        drop(view);
        Refused::by_disk(op, error)
    }
}

/// Answers; a panic of the one who asked must not take the log down.
fn tell(done: Done, outcome: Result<Range<Position>, Refused>) {
    let _ = catch_unwind(AssertUnwindSafe(move || done(outcome)));
}
