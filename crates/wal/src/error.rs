//! What can go wrong, by what the caller can do about it.

use std::io;
use std::sync::Arc;

/// Why an append was not acknowledged.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// Too much is waiting for the disk: slow down and send again (HTTP 429).
    #[error("the log's queue is full")]
    QueueFull,
    /// It would not fit into the log even if nothing else was waiting: send less at once (HTTP 413).
    #[error("{what} of {found}, the log takes at most {limit}")]
    TooLarge {
        /// What is too large, with its unit.
        what: &'static str,
        /// How large it is.
        found: usize,
        /// How large it may be.
        limit: usize,
    },
    /// There is no space, or no quota: send again once there is (HTTP 503).
    #[error("the disk is full: could not {op}")]
    DiskFull {
        /// The operation, as a verb with its object.
        op: &'static str,
        /// The system's reason.
        source: Arc<io::Error>,
    },
    /// The disk or the cipher failed: send again later (HTTP 503); if it lasts, look at the disk.
    #[error("could not {op}")]
    Io {
        /// The operation, as a verb with its object.
        op: &'static str,
        /// The system's reason.
        source: Arc<io::Error>,
    },
    /// The log is shutting down (HTTP 503).
    #[error("the log is closed")]
    Closed,
}

impl Refused {
    pub(crate) fn by_disk(op: &'static str, source: io::Error) -> Self {
        let is_full = matches!(source.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
        let source = Arc::new(source);
        if is_full { Self::DiskFull { op, source } } else { Self::Io { op, source } }
    }
}

/// Why the log cannot be opened, read or cut.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the log open: end it.
    #[error("the log is open in another process")]
    Locked,
    /// A newer version wrote it: upgrade.
    #[error("segment {name} has version {found}, this program knows {known}: upgrade zhike")]
    UnsupportedVersion {
        /// The segment's file.
        name: String,
        /// Its version.
        found: u16,
        /// The newest version known here.
        known: u16,
    },
    /// The key of a segment does not open: it is another vault's, or its key was destroyed before the log was read.
    #[error("the key of segment {name} does not open")]
    Key {
        /// The segment's file.
        name: String,
        /// The cipher's reason.
        source: io::Error,
    },
    /// The disk failed.
    #[error("could not {op} {name}")]
    Io {
        /// The operation, as a verb.
        op: &'static str,
        /// Its object.
        name: String,
        /// The system's reason.
        source: io::Error,
    },
}

/// Attaches operation and object to an I/O error.
pub(crate) trait IoContext<T> {
    /// Errors: [`Error::Io`].
    fn on(self, op: &'static str, name: &str) -> Result<T, Error>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn on(self, op: &'static str, name: &str) -> Result<T, Error> {
        self.map_err(|source| Error::Io { op, name: name.to_owned(), source })
    }
}
