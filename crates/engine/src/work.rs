//! Work that takes long, beside the threads that answer people.

use crate::{Error, Result};

/// How many threads may work beside the server's own.
pub(crate) fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Runs what takes long on a thread of its own; `what` is named when it breaks off.
pub(crate) async fn worked<T: Send + 'static>(
    what: &'static str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug(what, error))
}
