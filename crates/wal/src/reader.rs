//! Reading back what is durable, while the writer goes on.

use std::fmt;
use std::sync::Arc;

use crate::Position;
use crate::disk::DiskFile;
use crate::error::{Error, IoContext};
use crate::header;
use crate::log::Shared;
use crate::open::lost;
use crate::scan::{Frames, Step};
use crate::view::{Damage, Extent, Reason, lock};

/// What was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch {
    /// Records in the order of their positions, which grow and may skip.
    pub records: Vec<(Position, Vec<u8>)>,
    /// Where to read on; remember it together with what was made of the records.
    pub next: Position,
    /// What should stand between them and cannot be given back.
    pub damaged: Vec<Damage>,
}

/// Reads a log; keeps its place, so that reading on is cheap.
pub struct Reader {
    shared: Arc<Shared>,
    place: Option<Frames>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, place: None }
    }

    /// Reads the durable records from a position on, until their bytes reach `max_bytes`; at least one record if there
    /// is one. Empty, with `next` as given or later, when there is none.
    ///
    /// Errors: [`Error::Key`], [`Error::Io`]; reading the same again may succeed.
    pub fn read_from(&mut self, position: Position, max_bytes: usize) -> Result<Batch, Error> {
        let mut batch = Batch { next: position, ..Batch::default() };
        let extents: Vec<Extent> = {
            let view = lock(&self.shared.view);
            if let Some(oldest) = view.extents.first()
                && let Some(follows) = oldest.follows.filter(|&follows| position < follows)
            {
                let segment = header::name(oldest.first);
                batch.damaged.push(Damage { segment, from: position, to: follows, reason: Reason::Missing });
                batch.next = follows;
            }
            view.extents.iter().filter(|extent| extent.end > position).cloned().collect()
        };
        let mut n_bytes = 0;
        for extent in &extents {
            batch.next = batch.next.max(extent.first);
            let is_done = self.read_extent(extent, max_bytes, &mut n_bytes, &mut batch);
            if is_done.inspect_err(|_| self.place = None)? {
                break;
            }
        }
        Ok(batch)
    }

    /// Reads on in one segment; says whether the batch is full.
    fn read_extent(
        &mut self,
        extent: &Extent,
        max_bytes: usize,
        n_bytes: &mut usize,
        batch: &mut Batch,
    ) -> Result<bool, Error> {
        let name = header::name(extent.first);
        let add = |damaged: &mut Vec<Damage>, from: Position, to, reason| {
            damaged.push(Damage { segment: name.clone(), from, to, reason });
        };
        let Some(key) = &extent.key else {
            add(&mut batch.damaged, batch.next, extent.end, Reason::Header);
            batch.next = extent.end;
            return Ok(false);
        };
        let mut place = match self.place.take() {
            Some(place) if place.segment() == extent.first && place.expected() <= batch.next => place,
            _ => self.begin(extent, key)?,
        };
        place.extend(extent.n_bytes, extent.end);
        let is_full = loop {
            match place.step().on("read", &name)? {
                Step::Record { position, .. } if position < batch.next => {}
                Step::Record { position, sealed, sealer, .. } => {
                    match sealer.and_then(|sealer| sealer.open(position, sealed)) {
                        Some(record) => {
                            *n_bytes += record.len().max(1);
                            batch.records.push((position, record));
                        }
                        None => add(&mut batch.damaged, position, position + 1, Reason::Forged),
                    }
                    batch.next = position + 1;
                    if *n_bytes >= max_bytes {
                        break true;
                    }
                }
                Step::Damage { from, to } if to < batch.next || (to == batch.next && from < to) => {}
                Step::Damage { from, to } => {
                    let reason = if from < extent.doubtful { Reason::Corrupt } else { Reason::Unfinished };
                    add(&mut batch.damaged, from.max(batch.next), to, reason);
                    batch.next = to;
                }
                Step::End => {
                    if batch.next < extent.end {
                        add(&mut batch.damaged, batch.next, extent.end, lost(place.offset(), extent.n_bytes));
                    }
                    batch.next = extent.end;
                    break false;
                }
            }
        };
        self.place = Some(place);
        Ok(is_full)
    }

    fn begin(&self, extent: &Extent, key: &[u8]) -> Result<Frames, Error> {
        let name = header::name(extent.first);
        let file: Arc<dyn DiskFile> = self.shared.disk.open(&name).on("open", &name)?.into();
        let sealer = self.shared.cipher.open(extent.first, key).map_err(|source| Error::Key { name, source })?;
        Ok(Frames::new(file, extent.n_bytes, extent.first, extent.end, Some(sealer)))
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("place", &self.place.as_ref().map(Frames::expected)).finish_non_exhaustive()
    }
}
