//! Zhike's append log: sealed records, durable before they are acknowledged.
//!
//! Owns segments, checksums, group commit, replay, cutting, and what happens when the disk fails. Must not know what a
//! record says, how it is sealed (a [`Cipher`] comes from above), who sends it or who reads it. Synchronous: one writer
//! thread, completion by callback. Format byte by byte, and why: RFD 0003.
//!
//! A record has a **position**: a number that grows by one from record to record and is never used twice. Numbers are
//! skipped after failures. Records that one fsync makes durable are a **group**.
//!
//! # What holds
//!
//! | The caller was told | Then |
//! |---|---|
//! | acknowledged | every later read returns it once, at its position, until it is cut |
//! | refused by the disk ([`Refused::DiskFull`], [`Refused::Io`]) | it is not returned, unless the process dies before a later append succeeds: then it may be, once. Whoever sends it again needs an id to tell |
//! | refused before ([`Refused::QueueFull`], [`Refused::TooLarge`], [`Refused::Closed`]) | it is never returned |
//! | nothing: the process died | returned, once and from then on, or never |
//!
//! A disk that says "fsynced" and forgets can lose acknowledged records when the power fails. The log notices when a
//! later segment survives ([`Reason::Missing`]); a lost end of the last segment it cannot notice. So that at least no
//! position is used twice, the reader's checkpoint is given to [`Options::first_position`].
//!
//! Invariants:
//!
//! - **INV-WAL-1** A record is acknowledged after the fsync that made it durable, never before; an acknowledged record is
//!   read back exactly once, in the order of positions.
//! - **INV-WAL-2** What a reader has seen stays: same record, same position, after any crash.
//! - **INV-WAL-3** No position stands for two records, across restarts, failures and cuts; so no nonce is used twice.
//! - **INV-WAL-4** After a failed write or fsync nothing more goes into that segment, and the failed fsync is not retried
//!   as if it could still succeed. The next append tries a new segment, so the log recovers by itself.
//! - **INV-WAL-5** A damaged record costs itself, is reported, and hides no other. A segment's header stands twice.
//! - **INV-WAL-6** A segment of an unknown version, or whose key does not open, refuses the log; nothing is changed.
//! - **INV-WAL-7** The queue is bounded in records and bytes; beyond it records are refused at once.
//! - **INV-WAL-8** No input from disk panics.

mod cipher;
mod disk;
mod error;
mod header;
mod log;
mod open;
mod queue;
mod reader;
mod record;
mod scan;
mod view;
mod writer;

pub use cipher::{Cipher, MAX_KEY_BYTES, Sealer};
pub use disk::{Disk, DiskFile, FsDisk};
pub use error::{Error, Refused};
pub use log::{Log, Options};
pub use open::{Report, Torn};
pub use reader::{Batch, Reader};
pub use view::{Damage, Reason, Segment, Stats};

/// The number of a record: grows by one from record to record, skips after failures, is never used twice.
pub type Position = u64;

/// The largest position, so that it fits the signed numbers that databases and table formats keep.
pub(crate) const MAX_POSITION: Position = i64::MAX as u64;
