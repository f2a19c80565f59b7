//! What can go wrong in the lake, by what the caller can do about it.

use std::path::PathBuf;

use datafusion::arrow::error::ArrowError;
use datafusion::error::DataFusionError;
use datafusion::parquet::errors::ParquetError;
use deltalake_core::DeltaTableError;

/// Errors of the lake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The query is wrong or not allowed; tell the user.
    #[error("{0}")]
    Query(String),
    /// The query needs more than it may use; tell the user.
    #[error("the query needs more {0} than allowed: narrow it, or raise the limit")]
    Limit(&'static str),
    /// The disk is full; free space and run again.
    #[error("no space left while writing {path}: free disk space and run again")]
    Full {
        /// File being written.
        path: PathBuf,
    },
    /// A file could not be read or written.
    #[error("cannot {operation} {path}")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// On which file.
        path: PathBuf,
        /// Cause.
        source: std::io::Error,
    },
    /// A file of the lake is damaged.
    #[error("table {table} is damaged: {detail}")]
    Corrupt {
        /// Table.
        table: String,
        /// What was found.
        detail: String,
    },
    /// The engine failed.
    #[error("query engine")]
    Engine(#[source] Box<DataFusionError>),
    /// The table log failed.
    #[error("the log of table {table} (lake/{table}/_delta_log) cannot be read or written: {source}")]
    Table {
        /// Table.
        table: String,
        /// Cause.
        source: Box<DeltaTableError>,
    },
    /// A mistake in Zhike.
    #[error("internal error in the lake: {0}")]
    Bug(String),
}

impl Error {
    pub(crate) fn io(operation: &'static str, path: impl Into<PathBuf>, source: std::io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { operation, path, source },
        }
    }

    pub(crate) fn table(table: &str, source: DeltaTableError) -> Self {
        Self::Table { table: table.to_owned(), source: Box::new(source) }
    }
}

impl From<DataFusionError> for Error {
    fn from(error: DataFusionError) -> Self {
        match error.find_root() {
            DataFusionError::ResourcesExhausted(_) => Self::Limit("memory"),
            DataFusionError::Plan(_)
            | DataFusionError::SQL(..)
            | DataFusionError::SchemaError(..)
            | DataFusionError::NotImplemented(_)
            | DataFusionError::Execution(_) => Self::Query(said(error.find_root())),
            DataFusionError::ArrowError(cause, _) if is_about_values(cause) => Self::Query(said(error.find_root())),
            _ => Self::Engine(Box::new(error)),
        }
    }
}

/// What the engine says, without the name of the part of it that says so.
fn said(error: &DataFusionError) -> String {
    const PARTS: [&str; 6] = [
        "Error during planning: ",
        "Schema error: ",
        "SQL error: ",
        "This feature is not implemented: ",
        "Execution error: ",
        "Arrow error: ",
    ];
    let mut text = error.strip_backtrace();
    while let Some(rest) = PARTS.iter().find_map(|part| text.strip_prefix(part)) {
        text = rest.to_owned();
    }
    text
}

/// Whether the values that a query computes with are at fault, such as a division by zero.
fn is_about_values(cause: &ArrowError) -> bool {
    matches!(
        cause,
        ArrowError::DivideByZero
            | ArrowError::ArithmeticOverflow(_)
            | ArrowError::CastError(_)
            | ArrowError::ParseError(_)
            | ArrowError::ComputeError(_)
            | ArrowError::InvalidArgumentError(_)
    )
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        DataFusionError::from(error).into()
    }
}

impl From<ParquetError> for Error {
    fn from(error: ParquetError) -> Self {
        DataFusionError::from(error).into()
    }
}
