//! From decoded records to an acknowledgement: plan, masking, sealing, log.
//!
//! - **INV-COLLECTING-1**: what is acknowledged was fsynced; whatever else happens, the answer is an error.
//! - **INV-COLLECTING-2**: the log's files hold sealed records only; what the plan declares personal, and what looks
//!   personal, left the open parts of a message before it was written.
//! - **INV-COLLECTING-3**: a record that is not taken is kept in the same entry of the log as those that are, with its
//!   reason, so that nothing of an acknowledged request is lost.
//! - **INV-COLLECTING-4**: no address of a sender is kept; what [`ip_region`] says of it is.

mod entry;
pub mod ip_region;
mod log;

pub(crate) use entry::{Entry, Item};
pub use log::LogLimits;
pub(crate) use log::{Collecting, LOG, PAST, clear_past};
pub use zhike_vault::SegmentAlgorithm;

use crate::boxed;
use zhike_domain::collect::message::Message;
use zhike_domain::collect::plan::{self, Violation};
use zhike_domain::collect::reject::{RejectCode, Rejected};
use zhike_domain::collect::{Collected, Record};
use zhike_domain::sensitive::Sensitive;
use zhike_wal::Refused;

use ip_region::IpRegions;

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

impl From<Refused> for CollectError {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::QueueFull => Self::Busy { retry_after_s: 1 },
            Refused::TooLarge { .. } => Self::TooLarge,
            Refused::DiskFull { .. } => {
                Self::Unavailable { retry_after_s: 10, message: "the disk is full: free some space".into() }
            }
            Refused::Io { op, .. } => {
                Self::Unavailable { retry_after_s: 5, message: format!("the event log could not {op}") }
            }
            Refused::Closed => Self::Unavailable { retry_after_s: 5, message: "the server is stopping".into() },
        }
    }
}

/// Opens the event log, which the first request would do otherwise.
///
/// # Errors
/// `Unavailable` when the disk fails; `conflict` when another process has it open.
#[boxed]
pub async fn open(ctx: &Ctx) -> std::result::Result<(), CollectError> {
    ctx.collecting().open(ctx).await.map(drop)
}

/// Takes the records of a request in; returns only once they are durable.
///
/// # Errors
/// [`CollectError`]; then nothing was acknowledged. After `Unavailable` it may have been kept all the same, so senders
/// give their messages ids.
#[boxed]
pub async fn collect(
    ctx: &Ctx,
    source: &Source,
    collected: Collected,
    arrived_at: i64,
) -> std::result::Result<Ack, CollectError> {
    if !source.is_enabled {
        return Err(CollectError::Forbidden(format!("source {} is switched off", source.name)));
    }
    let regions = ctx.collecting().regions();
    let item = |record: Record| item(source, regions, record.outcome);
    let items: Vec<Item> = collected.records.into_iter().map(item).collect();
    append(ctx, source, items, arrived_at).await
}

/// Writes a request's records to the log; returns only once they are durable.
pub(crate) async fn append(
    ctx: &Ctx,
    source: &Source,
    items: Vec<Item>,
    arrived_at: i64,
) -> std::result::Result<Ack, CollectError> {
    if items.is_empty() {
        return Ok(Ack::default());
    }
    // The log has its segment's key at hand; what is not sealed is not acknowledged.
    ctx.vault().check_enabled().map_err(Error::from)?;
    let n_accepted = items.iter().filter(|item| matches!(item, Item::Message { .. })).count() as u64;
    let ack = Ack { n_accepted, n_rejected: items.len() as u64 - n_accepted };
    let records = Entry { source_id: source.source_id, arrived_at, items }.to_records();
    let log = ctx.collecting().open(ctx).await?;
    let (sender, receiver) = tokio::sync::oneshot::channel();
    log.append(records, move |outcome| drop(sender.send(outcome)))?;
    // A writer that died tells nothing: then nobody knows, and nothing is promised.
    receiver.await.unwrap_or(Err(Refused::Closed))?;
    ctx.collecting().note_arrival(arrived_at);
    Ok(ack)
}

/// What goes into the log for a record.
fn item(source: &Source, regions: Option<&IpRegions>, outcome: Result<Message, Rejected>) -> Item {
    let mut message = match outcome {
        Ok(message) => message,
        Err(Rejected { code, field, record }) => return Item::Rejected { code, field, violations: Vec::new(), record },
    };
    let address = message.ip.take();
    if !source.allowed_kinds.is_empty() && !source.allowed_kinds.iter().any(|kind| kind == message.kind.as_str()) {
        let record = record_of(&message);
        return Item::Rejected {
            code: RejectCode::KindNotAllowed,
            field: "type".into(),
            violations: Vec::new(),
            record,
        };
    }
    match plan::check(&source.plan, &source.commerce, message) {
        Ok(checked) => {
            let mut message = checked.message;
            // After the plan, which is about what was sent, not about what is made of it.
            ip_region::locate(regions, address.as_ref(), &mut message);
            let violations = checked.violations.iter().map(violation_text).collect();
            Item::Message { message: Box::new(message), violations }
        }
        Err(refused) => Item::Rejected {
            code: RejectCode::RefusedByPlan,
            field: refused.violations.first().map(|violation| violation.path.clone()).unwrap_or_default(),
            violations: refused.violations.iter().map(violation_text).collect(),
            record: record_of(&refused.message),
        },
    }
}

fn violation_text(violation: &Violation) -> String {
    format!("{} {}", violation.code, violation.path)
}

/// A message as the dead letter keeps it: in the form of the log.
fn record_of(message: &Message) -> Sensitive<String> {
    let mut bytes = Vec::new();
    message.to_log(&mut bytes);
    Sensitive::new(String::from_utf8_lossy(bytes.get(1..).unwrap_or_default()).into_owned())
}
