//! The log from outside.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

use crate::cipher::Cipher;
use crate::disk::Disk;
use crate::error::{Error, IoContext, Refused};
use crate::open::{self, Report};
use crate::queue::{Append, Queue};
use crate::reader::Reader;
use crate::view::{Segment, Stats, View, lock};
use crate::writer::Writer;
use crate::{Position, header};

/// The knobs of a log.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment that has reached this length is followed by another.
    pub segment_bytes: u64,
    /// The most bytes of records that one fsync waits for.
    pub group_bytes: usize,
    /// The most bytes of records that may wait.
    pub queue_bytes: usize,
    /// The most records that may wait.
    pub queue_records: usize,
    /// The most bytes that one record may have.
    pub record_bytes: usize,
    /// No new record gets a position before this one: what the log's reader remembers as its checkpoint, so that
    /// positions are not used again even if the log was lost.
    pub first_position: Position,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            group_bytes: 8 << 20,
            queue_bytes: 64 << 20,
            queue_records: 200_000,
            record_bytes: 4 << 20,
            first_position: 0,
        }
    }
}

/// What the log's threads share.
pub(crate) struct Shared {
    pub(crate) disk: Box<dyn Disk>,
    pub(crate) cipher: Arc<dyn Cipher>,
    pub(crate) options: Options,
    pub(crate) queue: Queue,
    pub(crate) view: Mutex<View>,
    /// Held by who removes segments, so that one is always left.
    pub(crate) cutting: Mutex<()>,
}

/// What a frame's length can hold, with room for what sealing adds.
const MAX_RECORD_BYTES: usize = 1 << 30;

/// An open log; shared by reference between threads. Dropping it writes what waits and ends the writer.
pub struct Log {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
    _lock: Box<dyn Send + Sync>,
}

impl Log {
    /// Opens the log in a directory, validates its segments and starts the writer.
    ///
    /// Writes no segment: on a full disk the log opens and can be read. What is damaged is reported; the damaged or
    /// unfinished end of the last segment is cut off.
    ///
    /// Errors: [`Error::Locked`]; [`Error::UnsupportedVersion`] and [`Error::Key`], with nothing changed; [`Error::Io`].
    pub fn open(disk: impl Disk, cipher: Arc<dyn Cipher>, options: Options) -> Result<(Self, Report), Error> {
        let guard = disk.lock().on("lock", "the log")?.ok_or(Error::Locked)?;
        let recovered = open::recover(&disk, &*cipher, options.first_position)?;
        let queue = Queue::new(options.queue_records, options.queue_bytes);
        let view = View { extents: recovered.extents, end: recovered.end, ..View::default() };
        let shared = Arc::new(Shared {
            disk: Box::new(disk),
            cipher,
            options,
            queue,
            view: Mutex::new(view),
            cutting: Mutex::default(),
        });
        let writer = Writer::new(shared.clone(), recovered.next, recovered.end);
        let thread = thread::Builder::new().name("wal".to_owned()).spawn(move || writer.run());
        let log = Self { shared, writer: Some(thread.on("start a thread for", "the log")?), _lock: guard };
        Ok((log, recovered.report))
    }

    /// Appends records, in this order and with consecutive positions, and does not wait: `done` is told once they are
    /// durable, or that they are not, all of them alike.
    ///
    /// `done` runs on the writer's thread and must not block. It is dropped without being called when this returns an
    /// error, and when the writer has died of a panic: then the outcome is unknown.
    ///
    /// Errors: [`Refused::QueueFull`], [`Refused::TooLarge`], [`Refused::Closed`]; nothing was appended.
    pub fn append(
        &self,
        records: Vec<Vec<u8>>,
        done: impl FnOnce(Result<Range<Position>, Refused>) + Send + 'static,
    ) -> Result<(), Refused> {
        let limit = self.shared.options.record_bytes.min(MAX_RECORD_BYTES);
        if let Some(record) = records.iter().find(|record| record.len() > limit) {
            return Err(Refused::TooLarge { what: "bytes of one record", found: record.len(), limit });
        }
        let n_bytes = records.iter().map(Vec::len).sum();
        self.shared.queue.push(Append { records, n_bytes, done: Box::new(done) })
    }

    /// Appends records and waits until they are durable.
    ///
    /// Errors: all of [`Refused`].
    pub fn append_and_wait(&self, records: Vec<Vec<u8>>) -> Result<Range<Position>, Refused> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.append(records, move |outcome| drop(sender.send(outcome)))?;
        receiver.recv().unwrap_or(Err(Refused::Closed))
    }

    /// Goes on in a new segment, unless the newest is empty, and waits for it; so that all before can be cut.
    ///
    /// Errors: [`Refused::DiskFull`], [`Refused::Io`], [`Refused::Closed`].
    pub fn roll(&self) -> Result<(), Refused> {
        self.new_segment(false)
    }

    /// As [`Log::roll`], also after an empty segment: so that no segment is left under an old key once all before is cut.
    ///
    /// Errors: as [`Log::roll`].
    pub fn renew(&self) -> Result<(), Refused> {
        self.new_segment(true)
    }

    fn new_segment(&self, even_empty: bool) -> Result<(), Refused> {
        let (sender, receiver) = mpsc::sync_channel(1);
        self.shared.queue.push_roll(Box::new(move |outcome| drop(sender.send(outcome))), even_empty)?;
        receiver.recv().unwrap_or(Err(Refused::Closed)).map(drop)
    }

    /// Removes the segments, oldest first, all of whose records stand before a position; returns how many. The newest
    /// stays: it keeps the count of positions. Whatever was made of the records must be durable before.
    ///
    /// Errors: [`Error::Io`]; what could not be removed stays readable.
    pub fn cut(&self, before: Position) -> Result<usize, Error> {
        let _one_at_a_time = lock(&self.shared.cutting);
        let mut n_removed = 0;
        loop {
            let first = match &lock(&self.shared.view).extents[..] {
                // One without a record stands in nobody's way, wherever its position is.
                [oldest, _, ..] if oldest.end <= before || oldest.end <= oldest.first => oldest.first,
                _ => return Ok(n_removed),
            };
            let name = header::name(first);
            match self.shared.disk.remove(&name) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error).on("remove", &name),
                _ => {}
            }
            lock(&self.shared.view).extents.remove(0);
            // Before the next one goes: a crash that undid only this removal would show a hole.
            self.shared.disk.sync().on("fsync the directory of", &name)?;
            n_removed += 1;
        }
    }

    /// A reader; each keeps a place of its own.
    pub fn reader(&self) -> Reader {
        Reader::new(self.shared.clone())
    }

    /// The first position that can still be read.
    pub fn start(&self) -> Position {
        let view = lock(&self.shared.view);
        view.extents.first().map_or(view.end, |oldest| oldest.first)
    }

    /// The position after the last durable record.
    pub fn end(&self) -> Position {
        lock(&self.shared.view).end
    }

    /// All segments, oldest first.
    pub fn segments(&self) -> Vec<Segment> {
        let view = lock(&self.shared.view);
        let segments = view.extents.iter().map(|extent| Segment {
            first: extent.first,
            end: extent.end,
            n_bytes: extent.n_bytes,
            key: extent.key.clone().unwrap_or_default(),
        });
        segments.collect()
    }

    /// Figures.
    pub fn stats(&self) -> Stats {
        let (n_waiting, waiting_bytes) = self.shared.queue.load();
        let view = lock(&self.shared.view);
        Stats {
            n_acknowledged: view.n_acknowledged,
            n_refused: view.n_refused,
            n_groups: view.n_groups,
            end: view.end,
            n_waiting,
            waiting_bytes,
            disk_bytes: view.extents.iter().map(|extent| extent.n_bytes).sum(),
            n_segments: view.extents.len(),
            failure: view.failure.clone(),
        }
    }

    /// Refuses further appends from now on; what waits is still written.
    pub fn close(&self) {
        self.shared.queue.close();
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.shared.queue.close();
        // A callback that held the log last drops it on the writer's own thread, which ends by itself.
        if let Some(writer) = self.writer.take().filter(|writer| writer.thread().id() != thread::current().id()) {
            // A writer that panicked has said so on its way.
            let _ = writer.join();
        }
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Log").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
