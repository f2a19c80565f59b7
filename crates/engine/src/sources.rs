//! The sites, apps and back ends that send events live: their keys, what they may send, how they do.

use std::collections::BTreeMap;
use std::sync::Arc;

use zhike_domain::collect::Settings;
use zhike_domain::collect::plan::Plan;

use crate::{Ctx, Error, Result};

/// A sending site, app or back end.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// Id.
    pub source_id: i64,
    /// Name; column `source` of its rows.
    pub name: String,
    /// What senders show to be let in; stands in pages and apps, so it lets nobody read.
    pub write_key: String,
    /// Origins whose pages may send; empty for any.
    pub allowed_origins: Vec<String>,
    /// Kinds of messages that are taken; empty for all.
    pub allowed_kinds: Vec<String>,
    /// How its records are read.
    pub settings: Settings,
    /// Its tracking plan.
    pub plan: Plan,
    /// Whether it may send.
    pub is_enabled: bool,
    /// When it was made, in microseconds.
    pub created_at: i64,
}

/// A source to be made.
#[derive(Clone, Debug, Default)]
pub struct NewSource {
    /// Name, unique.
    pub name: String,
    /// Origins whose pages may send; empty for any.
    pub allowed_origins: Vec<String>,
    /// Kinds of messages that are taken; empty for all.
    pub allowed_kinds: Vec<String>,
    /// How its records are read; the default when absent.
    pub settings: Option<Settings>,
    /// Its tracking plan; one that keeps everything when absent.
    pub plan: Option<Plan>,
}

/// How a source does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SourceHealth {
    /// Source.
    pub source_id: i64,
    /// Last record that arrived, in microseconds.
    pub last_received_at: Option<i64>,
    /// Records that arrived within 24 hours.
    pub n_received_24h: u64,
    /// Of these, records that were not accepted.
    pub n_rejected_24h: u64,
    /// Departures from the plan within 24 hours.
    pub n_violations_24h: u64,
    /// Records not accepted within 24 hours, by reason.
    pub rejected_by_reason: BTreeMap<String, u64>,
    /// Age of the oldest record that is acknowledged and not in the tables yet.
    pub lag_seconds: f64,
    /// What somebody should look at: `silent` or `volume`.
    pub alert: Option<String>,
}

/// Makes a source.
///
/// **Errors**: `bad_request` for a bad name or plan, `conflict` when the name is taken.
pub async fn create(ctx: &Ctx, new: NewSource) -> Result<Source> {
    let _ = (ctx, new);
    Err(not_yet())
}

/// All sources, by name.
pub async fn list(ctx: &Ctx) -> Result<Vec<Source>> {
    let _ = ctx;
    Ok(Vec::new())
}

/// The source of a write key, from memory.
pub async fn by_key(ctx: &Ctx, write_key: &str) -> Result<Option<Arc<Source>>> {
    let _ = (ctx, write_key);
    Ok(None)
}

/// Changes a source: name, origins, kinds, settings, plan, whether it is enabled.
///
/// **Errors**: `not_found`; as [`create`].
pub async fn update(ctx: &Ctx, source: Source) -> Result<Source> {
    let _ = (ctx, source);
    Err(not_yet())
}

/// Gives a source a new write key; the old one lets nobody in any more.
///
/// **Errors**: `not_found`.
pub async fn rotate_key(ctx: &Ctx, source_id: i64) -> Result<Source> {
    let _ = (ctx, source_id);
    Err(not_yet())
}

/// How each source does.
pub async fn health(ctx: &Ctx) -> Result<Vec<SourceHealth>> {
    let _ = ctx;
    Ok(Vec::new())
}

fn not_yet() -> Error {
    Error::bug("sources", std::io::Error::other("not there yet"))
}
