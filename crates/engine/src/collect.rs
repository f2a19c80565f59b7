//! From decoded records to an acknowledgement: plan, masking, sealing, log.

use zhike_domain::collect::Collected;

use crate::sources::Source;
use crate::{Ctx, Error};

/// What became of a request's records; told only once they are durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ack {
    /// Records taken.
    pub n_accepted: u64,
    /// Records kept aside with a reason.
    pub n_rejected: u64,
}

/// Why a request was not acknowledged. Nothing of it counts as received: send it again.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// Too much is waiting for the disk (HTTP 429).
    #[error("too much is waiting to be stored; send again in {retry_after_s} s")]
    Busy {
        /// When to try again, in seconds.
        retry_after_s: u32,
    },
    /// The disk is full or fails (HTTP 503); it recovers by itself.
    #[error("{message}")]
    Unavailable {
        /// When to try again, in seconds.
        retry_after_s: u32,
        /// What is wrong.
        message: String,
    },
    /// More than one request may hold (HTTP 413).
    #[error("the request is larger than the log takes; send less at once")]
    TooLarge,
    /// The source may not send this (HTTP 403).
    #[error("{0}")]
    Forbidden(String),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

/// Takes the records of a request in; returns only once they are durable.
///
/// # Errors
/// [`CollectError`]; then nothing was acknowledged.
pub async fn collect(
    ctx: &Ctx,
    source: &Source,
    collected: Collected,
    arrived_at: i64,
) -> std::result::Result<Ack, CollectError> {
    let _ = (ctx, source, collected, arrived_at);
    Err(CollectError::Unavailable { retry_after_s: 1, message: "collection is not there yet".into() })
}
