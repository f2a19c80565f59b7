//! What can go wrong, by what the caller can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// The result of a vault operation.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the vault refused; messages name the remedy and never hold personal values or key bytes.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The vault is opened in another way than it was made: ask for the other one.
    #[error("the vault in {} is locked: {remedy}", dir.display())]
    Locked {
        /// The vault's directory.
        dir: PathBuf,
        /// What opens it.
        remedy: &'static str,
    },
    /// The passphrase or root key is not the one that this vault was made with: ask again.
    #[error("the passphrase or root key does not open {}", path.display())]
    WrongKey {
        /// The intact file that it failed to open.
        path: PathBuf,
    },
    /// Bytes are damaged, forged or in the wrong place: restore them from a copy.
    #[error("{what} is corrupt: {why}")]
    Corrupt {
        /// What was read.
        what: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A key is not there: it was destroyed, or its file was not restored.
    #[error("{what} not found: {remedy}")]
    NotFound {
        /// The missing key or file.
        what: String,
        /// What to do.
        remedy: &'static str,
    },
    /// Bytes were written by a newer version: upgrade.
    #[error("{what} has version {found}, this program knows {known}: upgrade zhike")]
    UnsupportedVersion {
        /// What was read.
        what: String,
        /// Its version.
        found: u8,
        /// The newest version known here.
        known: u8,
    },
    /// Somebody disabled the keys: enable them, or wait until they are.
    #[error(
        "the keys {} are disabled: nothing is sealed or opened until they are enabled (zhike key enable)",
        epoch.map_or_else(|| "of this data directory".to_owned(), |epoch| format!("of epoch {epoch}"))
    )]
    Disabled {
        /// The epoch; all keys when missing.
        epoch: Option<u32>,
    },
    /// Others can read the root key: narrow its permissions.
    #[error("{} can be read by others (mode {mode:03o}): run chmod 600 on it, and rotate the keys if anyone did", path.display())]
    Permissions {
        /// The exposed file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// The request would break the vault: correct it.
    #[error("refused to {what}: {why}")]
    Refused {
        /// What was asked.
        what: &'static str,
        /// Why not.
        why: &'static str,
    },
    /// The disk or the operating system failed; after a failed fsync stop and restart, never retry.
    #[error("could not {op} {}", path.display())]
    Io {
        /// The operation, as a verb.
        op: &'static str,
        /// Its object.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// An algorithm computes wrong values on this machine: do not run.
    #[error(
        "{algorithm} does not reproduce its published answers on this machine: do not run, report the processor and build"
    )]
    KnownAnswerFailed {
        /// The algorithm.
        algorithm: &'static str,
    },
}

impl Error {
    pub(crate) fn corrupt(what: impl Into<String>, why: &'static str) -> Self {
        Self::Corrupt { what: what.into(), why }
    }
}

/// Attaches operation and path to an I/O error.
pub(crate) trait IoContext<T> {
    /// Errors: [`Error::Io`].
    fn on(self, op: &'static str, path: &Path) -> Result<T>;
}

impl<T> IoContext<T> for io::Result<T> {
    fn on(self, op: &'static str, path: &Path) -> Result<T> {
        self.map_err(|source| Error::Io { op, path: path.to_path_buf(), source })
    }
}
