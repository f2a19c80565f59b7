//! What can go wrong in the store, by what the caller can do about it.

use std::fmt;

/// The cause, as the database driver put it.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Result of a store operation.
pub type Result<T> = std::result::Result<T, Error>;

/// A store operation that failed; nothing of it is visible.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The subject does not exist: tell the user.
    #[error("{op}: {subject} does not exist")]
    NotFound {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
    },
    /// Something else stands there already: read again and decide again.
    #[error("{op}: {subject} conflicts with what is stored")]
    Conflict {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
        /// Why, when the database said so.
        source: Option<Cause>,
    },
    /// The database is busy or out of reach: try again later.
    #[error("{op}: the database is not available ({subject})")]
    Unavailable {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
        /// Why.
        source: Cause,
    },
    /// No room left on the disk: make room, then try again.
    #[error("{op}: no room left for {subject}")]
    Full {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
        /// Why.
        source: Cause,
    },
    /// What is stored cannot be read: restore from a backup.
    #[error("{op}: {subject} is damaged")]
    Corrupt {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
        /// Why.
        source: Cause,
    },
    /// The database was written by a newer release: use that release.
    #[error(
        "{op}: {subject} has schema version {found}, this release knows versions up to {known}; use a newer release"
    )]
    UnsupportedSchema {
        /// Operation.
        op: &'static str,
        /// Which database.
        subject: String,
        /// Version found.
        found: i64,
        /// Newest version known.
        known: i64,
    },
    /// A mistake in this program: report it.
    #[error("{op}: cannot do this with {subject}")]
    Bug {
        /// Operation.
        op: &'static str,
        /// What it was about.
        subject: String,
        /// Why.
        source: Cause,
    },
}

impl Error {
    /// Whether the same call may succeed later without anything else being done.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }
}

/// Where an error arises: the operation and what it is about.
#[derive(Clone, Debug)]
pub(crate) struct At {
    op: &'static str,
    subject: String,
}

impl At {
    pub(crate) fn new(op: &'static str, subject: impl fmt::Display) -> Self {
        Self { op, subject: subject.to_string() }
    }

    pub(crate) fn not_found(&self) -> Error {
        Error::NotFound { op: self.op, subject: self.subject.clone() }
    }

    pub(crate) fn conflict(&self, reason: impl Into<Cause>) -> Error {
        Error::Conflict { op: self.op, subject: self.subject.clone(), source: Some(reason.into()) }
    }

    pub(crate) fn unavailable(&self, cause: impl Into<Cause>) -> Error {
        Error::Unavailable { op: self.op, subject: self.subject.clone(), source: cause.into() }
    }

    pub(crate) fn bug(&self, cause: impl Into<Cause>) -> Error {
        Error::Bug { op: self.op, subject: self.subject.clone(), source: cause.into() }
    }

    pub(crate) fn corrupt(&self, cause: impl Into<Cause>) -> Error {
        Error::Corrupt { op: self.op, subject: self.subject.clone(), source: cause.into() }
    }

    pub(crate) fn unsupported_schema(&self, found: i64, known: i64) -> Error {
        Error::UnsupportedSchema { op: self.op, subject: self.subject.clone(), found, known }
    }

    /// Sorts a driver's error by what can be done about it.
    pub(crate) fn fail(&self, error: sqlx::Error) -> Error {
        use sqlx::Error as Sql;
        let (op, subject) = (self.op, self.subject.clone());
        match kind_of(&error) {
            Kind::NotFound => Error::NotFound { op, subject },
            Kind::Conflict => Error::Conflict { op, subject, source: Some(error.into()) },
            Kind::Unavailable => Error::Unavailable { op, subject, source: error.into() },
            Kind::Full => Error::Full { op, subject, source: error.into() },
            Kind::Corrupt => match error {
                Sql::ColumnDecode { source, .. } | Sql::Decode(source) => Error::Corrupt { op, subject, source },
                error => Error::Corrupt { op, subject, source: error.into() },
            },
            Kind::Bug => Error::Bug { op, subject, source: error.into() },
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    NotFound,
    Conflict,
    Unavailable,
    Full,
    Corrupt,
    Bug,
}

fn kind_of(error: &sqlx::Error) -> Kind {
    use sqlx::Error as Sql;
    match error {
        Sql::RowNotFound => Kind::NotFound,
        Sql::Io(error) if error.kind() == std::io::ErrorKind::StorageFull => Kind::Full,
        Sql::Io(_) | Sql::Tls(_) | Sql::PoolTimedOut | Sql::PoolClosed | Sql::WorkerCrashed | Sql::Configuration(_) => {
            Kind::Unavailable
        }
        Sql::ColumnDecode { .. } | Sql::Decode(_) => Kind::Corrupt,
        Sql::Database(error) => {
            let code = error.code().unwrap_or_default();
            if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                sqlite_kind(&code)
            } else {
                postgres_kind(&code)
            }
        }
        _ => Kind::Bug,
    }
}

/// **Source**: SQLite "Result and Error Codes"; the low byte is the primary code.
fn sqlite_kind(code: &str) -> Kind {
    let Ok(code) = code.parse::<u32>() else { return Kind::Bug };
    match (code & 0xff, code) {
        // Unique and primary key constraints.
        (19, 1555 | 2067 | 2579) => Kind::Conflict,
        // Busy, locked, read-only, input or output error, cannot open, out of memory, lock protocol.
        (5 | 6 | 7 | 8 | 10 | 14 | 15, _) => Kind::Unavailable,
        (13, _) => Kind::Full,
        (11 | 26, _) => Kind::Corrupt,
        _ => Kind::Bug,
    }
}

/// **Source**: PostgreSQL manual, appendix A, "PostgreSQL Error Codes".
fn postgres_kind(code: &str) -> Kind {
    match code {
        "23505" => Kind::Conflict,
        "53100" => Kind::Full,
        _ => match code.get(..2).unwrap_or_default() {
            // Connection, authorisation, rolled back, out of resources, operator intervention, system error.
            "08" | "28" | "40" | "53" | "55" | "57" | "58" | "3D" => Kind::Unavailable,
            "XX" if code != "XX000" => Kind::Corrupt,
            _ => Kind::Bug,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_can_be_done() {
        assert_eq!(sqlite_kind("2067"), Kind::Conflict);
        assert_eq!(sqlite_kind("787"), Kind::Bug);
        assert_eq!(sqlite_kind("517"), Kind::Unavailable);
        assert_eq!(sqlite_kind("13"), Kind::Full);
        assert_eq!(sqlite_kind("267"), Kind::Corrupt);
        assert_eq!(postgres_kind("23505"), Kind::Conflict);
        assert_eq!(postgres_kind("40P01"), Kind::Unavailable);
        assert_eq!(postgres_kind("53100"), Kind::Full);
        assert_eq!(postgres_kind("XX001"), Kind::Corrupt);
        assert_eq!(postgres_kind("42601"), Kind::Bug);
    }
}
