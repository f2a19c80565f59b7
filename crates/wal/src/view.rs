//! What of the log is durable: written by the writer after every fsync, read by readers, cuts and figures.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Position;

/// Records that cannot be given back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// The segment's file.
    pub segment: String,
    /// The first position that is missing.
    pub from: Position,
    /// The position after the last that is missing; equal to `from` when nothing was lost.
    pub to: Position,
    /// What is wrong.
    pub reason: Reason,
}

/// What is wrong with damaged records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// A checksum does not match.
    Corrupt,
    /// The checksum matches and the seal does not: it was changed on purpose, or sealed under another key.
    Forged,
    /// A copy of the segment's header is damaged. With both, none of its records can be opened.
    Header,
    /// They are not there: a file was removed, or cut, or a disk forgot what it had reported as durable.
    Missing,
    /// They belong to the last group before a crash: perhaps they were never acknowledged.
    Unfinished,
}

/// A segment, for figures and for those who must know what its key depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its first position.
    pub first: Position,
    /// The position after its last.
    pub end: Position,
    /// Its durable length in bytes.
    pub n_bytes: u64,
    /// Its wrapped key; empty when its header is damaged.
    pub key: Vec<u8>,
}

/// Figures of a log since it was opened, and its state now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Records acknowledged.
    pub n_acknowledged: u64,
    /// Records refused because the disk or the cipher failed.
    pub n_refused: u64,
    /// Groups made durable, one fsync each.
    pub n_groups: u64,
    /// The position after the last durable record.
    pub end: Position,
    /// Records that wait, those being written included.
    pub n_waiting: usize,
    /// Their bytes.
    pub waiting_bytes: usize,
    /// Bytes of all segments.
    pub disk_bytes: u64,
    /// Number of segments.
    pub n_segments: usize,
    /// What the last failure was; `None` since a group succeeded.
    pub failure: Option<String>,
}

/// A segment and how far it counts.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) first: Position,
    /// Records from here on do not count; all before it should be there.
    pub(crate) end: Position,
    /// Nothing beyond it is read.
    pub(crate) n_bytes: u64,
    /// Where the log ended before this segment; unknown when its header is damaged.
    pub(crate) follows: Option<Position>,
    /// Its wrapped key; `None` when its header is damaged.
    pub(crate) key: Option<Vec<u8>>,
    /// From here on damage may be what a crash left of an unfinished group.
    pub(crate) doubtful: Position,
}

#[derive(Debug, Default)]
pub(crate) struct View {
    /// Oldest first.
    pub(crate) extents: Vec<Extent>,
    /// The position after the last durable record.
    pub(crate) end: Position,
    pub(crate) n_acknowledged: u64,
    pub(crate) n_refused: u64,
    pub(crate) n_groups: u64,
    pub(crate) failure: Option<String>,
}

/// Locks; a thread that panicked left nothing half-done under these locks.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
