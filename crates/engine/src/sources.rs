//! The sites, apps and back ends that send events live: their keys, what they may send, how they do.
//!
//! A request is let in from memory: all sources are read once, and again when this process changes one, or when another
//! one did, which is noticed within [`LOOK_AGAIN`] (INV-SOURCES-1: no statement per request).

use crate::boxed;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use serde::Serialize;
use serde::de::DeserializeOwned;
use zhike_domain::collect::Settings;
use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::message::Kind;
use zhike_domain::collect::plan::Plan;
use zhike_domain::collect::volume::{self, Band};
use zhike_domain::error_code::ErrorCode;
use zhike_state::SourceRow;

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
    /// How its own events are read as orders.
    pub commerce: CommerceMapping,
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
    /// How its own events are read as orders; only those of the specification when absent.
    pub commerce: Option<CommerceMapping>,
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
    /// Records of the last full hour.
    pub n_last_hour: u64,
    /// What that hour usually brings, once that can be said.
    pub usual: Option<Band>,
    /// What somebody should look at: `silent` or `volume`.
    pub alert: Option<String>,
}

/// How long a source that another process changed may be known as it was.
const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(2);
/// The longest name.
const NAME_CHARS: usize = 64;
const HOUR: i64 = 3_600_000_000;

/// The sources as this process knows them.
#[derive(Default)]
pub(crate) struct Known {
    table: RwLock<Option<Table>>,
    reading: tokio::sync::Mutex<()>,
}

struct Table {
    version: i64,
    looked_at: std::time::Instant,
    by_key: HashMap<String, Arc<Source>>,
    by_id: HashMap<i64, Arc<Source>>,
}

impl Known {
    fn table(&self) -> std::sync::RwLockReadGuard<'_, Option<Table>> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the sources again unless they were read a moment ago and nothing has changed.
    async fn refresh(&self, ctx: &Ctx, at_once: bool) -> Result<()> {
        let is_fresh = || self.table().as_ref().is_some_and(|table| !at_once && table.looked_at.elapsed() < LOOK_AGAIN);
        if is_fresh() {
            return Ok(());
        }
        let _one = self.reading.lock().await;
        if is_fresh() {
            return Ok(());
        }
        let version = ctx.store().sources_version().await?;
        if let Some(table) = self.table.write().unwrap_or_else(PoisonError::into_inner).as_mut()
            && table.version == version
        {
            table.looked_at = std::time::Instant::now();
            return Ok(());
        }
        let sources = ctx.store().list_sources().await?.into_iter().map(|row| read(row).map(Arc::new));
        let sources: Vec<Arc<Source>> = sources.collect::<Result<_>>()?;
        let table = Table {
            version,
            looked_at: std::time::Instant::now(),
            by_key: sources.iter().map(|source| (source.write_key.clone(), source.clone())).collect(),
            by_id: sources.iter().map(|source| (source.source_id, source.clone())).collect(),
        };
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Some(table);
        Ok(())
    }
}

/// Makes a source.
///
/// **Errors**: `bad_request` for a bad name or plan, `conflict` when the name is taken.
#[boxed]
pub async fn create(ctx: &Ctx, new: NewSource) -> Result<Source> {
    let source = Source {
        source_id: ctx.vault().random_id(),
        name: new.name.trim().to_owned(),
        write_key: new_key(ctx),
        allowed_origins: new.allowed_origins,
        allowed_kinds: new.allowed_kinds,
        settings: new.settings.unwrap_or_default(),
        plan: new.plan.unwrap_or_default(),
        commerce: new.commerce.unwrap_or_default(),
        is_enabled: true,
        created_at: ctx.now(),
    };
    validate(&source)?;
    ctx.store().insert_source(row(&source)?).await.map_err(|error| taken(error, &source.name))?;
    ctx.sources().refresh(ctx, true).await?;
    Ok(source)
}

/// All sources, by name.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Source>> {
    ctx.store().list_sources().await?.into_iter().map(read).collect()
}

/// The source of a write key, from memory; disabled ones too.
#[boxed]
pub async fn by_key(ctx: &Ctx, write_key: &str) -> Result<Option<Arc<Source>>> {
    ctx.sources().refresh(ctx, false).await?;
    Ok(ctx.sources().table().as_ref().and_then(|table| table.by_key.get(write_key).cloned()))
}

/// The source of an id, from memory.
pub(crate) async fn by_id(ctx: &Ctx, source_id: i64) -> Result<Option<Arc<Source>>> {
    ctx.sources().refresh(ctx, false).await?;
    Ok(ctx.sources().table().as_ref().and_then(|table| table.by_id.get(&source_id).cloned()))
}

/// Changes a source: name, origins, kinds, settings, plan, mapping of orders, whether it is enabled.
///
/// Rows that are there keep the name they came with.
///
/// **Errors**: `not_found`; as [`create`].
#[boxed]
pub async fn update(ctx: &Ctx, mut source: Source) -> Result<Source> {
    let known = one(ctx, source.source_id).await?;
    source.name = source.name.trim().to_owned();
    source.write_key = known.write_key;
    source.created_at = known.created_at;
    if source.plan != known.plan {
        source.plan.version = known.plan.version + 1;
    }
    validate(&source)?;
    store(ctx, source).await
}

/// Gives a source a new write key; the old one lets nobody in any more.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn rotate_key(ctx: &Ctx, source_id: i64) -> Result<Source> {
    let mut source = one(ctx, source_id).await?;
    source.write_key = new_key(ctx);
    store(ctx, source).await
}

async fn store(ctx: &Ctx, source: Source) -> Result<Source> {
    ctx.store().update_source(&row(&source)?).await.map_err(|error| taken(error, &source.name))?;
    ctx.sources().refresh(ctx, true).await?;
    Ok(source)
}

async fn one(ctx: &Ctx, source_id: i64) -> Result<Source> {
    let known = list(ctx).await?.into_iter().find(|source| source.source_id == source_id);
    known.ok_or_else(|| Error::not_found("source", "数据源"))
}

fn taken(error: zhike_state::Error, name: &str) -> Error {
    match error {
        zhike_state::Error::Conflict { .. } => Error::conflict(
            format!("there is a source named {name:?} already: choose another name"),
            format!("已有名为 {name:?} 的数据源：请换一个名称"),
        ),
        error => error.into(),
    }
}

/// A key of 120 random bits.
fn new_key(ctx: &Ctx) -> String {
    let (high, low) = (ctx.vault().random_id() as u64, ctx.vault().random_id() as u64);
    format!("zk_{:015x}{:015x}", high >> 3, low >> 3)
}

fn validate(source: &Source) -> Result<()> {
    let bad = |en: String, zh: String| Err(Error::bad_request(en, zh));
    let name = source.name.as_str();
    if name.is_empty() || name.chars().count() > NAME_CHARS || name.chars().any(char::is_control) {
        return bad(
            format!("the name of a source has 1 to {NAME_CHARS} letters and no control characters"),
            format!("数据源名称须为 1 到 {NAME_CHARS} 个字符，且不含控制字符"),
        );
    }
    if zhike_domain::detect::mask_text(name).is_some() {
        return bad(
            "the name of a source looks like personal data: choose another".into(),
            "数据源名称疑似个人信息：请换一个名称".into(),
        );
    }
    for origin in &source.allowed_origins {
        let is_origin = origin == "*"
            || origin
                .strip_prefix("https://")
                .or(origin.strip_prefix("http://"))
                .is_some_and(|host| !host.is_empty() && !host.contains('/') && !host.contains(char::is_whitespace));
        if !is_origin {
            return bad(
                format!("{origin:?} is no origin: write it as https://shop.example, without a path"),
                format!("{origin:?} 不是合法来源：请写成 https://shop.example，不带路径"),
            );
        }
    }
    for kind in &source.allowed_kinds {
        if serde_json::from_value::<Kind>(serde_json::Value::String(kind.clone())).is_err() {
            return bad(
                format!("{kind:?} is no kind of message: use track, page, screen, identify, group, alias …"),
                format!("没有消息类型 {kind:?}：可用 track、page、screen、identify、group、alias 等"),
            );
        }
    }
    let problems = source.plan.validate();
    if !problems.is_empty() {
        let en: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.en)).collect();
        let zh: Vec<String> = problems.iter().map(|problem| format!("{}：{}", problem.path, problem.zh)).collect();
        return bad(format!("tracking plan: {}", en.join("; ")), format!("埋点方案：{}", zh.join("；")));
    }
    let problems = source.commerce.validate();
    if !problems.is_empty() {
        let en: Vec<String> = problems.iter().map(ToString::to_string).collect();
        let zh: Vec<String> = problems.iter().map(|problem| format!("{}：{}", problem.path, problem.zh)).collect();
        return Err(Error::new(
            ErrorCode::InvalidMapping,
            format!("mapping of orders: {}", en.join("; ")),
            format!("订单映射：{}", zh.join("；")),
        ));
    }
    Ok(())
}

/// Reads a mapping of orders written as YAML (or JSON).
///
/// **Errors**: `invalid_mapping` with line and column.
pub fn parse_commerce(text: &str) -> Result<CommerceMapping> {
    serde_norway::from_str(text).map_err(|error| {
        Error::new(ErrorCode::InvalidMapping, format!("mapping of orders: {error}"), format!("订单映射有误：{error}"))
    })
}

/// A mapping of orders as YAML.
pub fn commerce_yaml(mapping: &CommerceMapping) -> Result<String> {
    serde_norway::to_string(mapping).map_err(|error| Error::bug("a mapping of orders as YAML", error))
}

fn row(source: &Source) -> Result<SourceRow> {
    Ok(SourceRow {
        source_id: source.source_id,
        name: source.name.clone(),
        write_key: source.write_key.clone(),
        allowed_origins_json: json(&source.allowed_origins)?,
        allowed_kinds_json: json(&source.allowed_kinds)?,
        settings_json: json(&source.settings)?,
        plan_json: json(&source.plan)?,
        commerce_json: json(&source.commerce)?,
        is_enabled: i64::from(source.is_enabled),
        created_at: source.created_at,
    })
}

fn read(row: SourceRow) -> Result<Source> {
    Ok(Source {
        source_id: row.source_id,
        name: row.name,
        write_key: row.write_key,
        allowed_origins: parse(&row.allowed_origins_json)?,
        allowed_kinds: parse(&row.allowed_kinds_json)?,
        settings: parse(&row.settings_json)?,
        plan: parse(&row.plan_json)?,
        commerce: parse(&row.commerce_json)?,
        is_enabled: row.is_enabled != 0,
        created_at: row.created_at,
    })
}

fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::bug("a source as JSON", error))
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::bug("a stored source", error))
}

/// How each source does, by name. An enabled source that sent nothing for three hours though it sent within the day before
/// is silent; one whose last full hour left its own usual band ([`volume`]) is odd in volume. Hours count what was taken in.
#[boxed]
pub async fn health(ctx: &Ctx) -> Result<Vec<SourceHealth>> {
    let now = ctx.now();
    let this_hour = now.div_euclid(HOUR);
    let since = this_hour - 23;
    let compared = volume::DAYS as i64 * 24 + 1;
    let known = ctx.store().source_hours(this_hour - compared).await?;
    let rejects = ctx.store().source_rejects(since).await?;
    let last: HashMap<i64, i64> = ctx.store().sources_last_received().await?.into_iter().collect();
    let lag_seconds = ctx.collecting().lag_us(now) as f64 / 1e6;
    let mut all = Vec::new();
    for source in list(ctx).await? {
        let id = source.source_id;
        let mut health =
            SourceHealth { source_id: id, last_received_at: last.get(&id).copied(), lag_seconds, ..Default::default() };
        let hours: Vec<_> = known.iter().filter(|hour| hour.source_id == id).collect();
        for hour in hours.iter().filter(|hour| hour.hour >= since) {
            health.n_received_24h += hour.n_received as u64;
            health.n_rejected_24h += hour.n_rejected as u64;
            health.n_violations_24h += hour.n_violations as u64;
        }
        for reject in rejects.iter().filter(|reject| reject.source_id == id) {
            *health.rejected_by_reason.entry(reject.reason_code.clone()).or_default() += reject.n_rejected as u64;
        }
        let counts: HashMap<i64, u64> = hours.iter().map(|row| (row.hour, row.n_received as u64)).collect();
        let n_in = |hour: i64| counts.get(&hour).copied().unwrap_or(0);
        let last_hour = this_hour - 1;
        let first = hours.first().map_or(last_hour, |row| row.hour);
        let before: Vec<u64> = (first..last_hour).rev().map(n_in).collect();
        health.n_last_hour = n_in(last_hour);
        health.usual = volume::band(&before);
        let quiet_for = health.last_received_at.map(|at| now - at);
        let is_silent = quiet_for.is_some_and(|quiet| (3 * HOUR..7 * 24 * HOUR).contains(&quiet));
        let is_odd = health.usual.is_some_and(|usual| usual.is_left_by(health.n_last_hour));
        health.alert = match (source.is_enabled, is_silent, is_odd) {
            (true, true, _) => Some("silent".to_owned()),
            (true, false, true) => Some("volume".to_owned()),
            _ => None,
        };
        all.push(health);
    }
    Ok(all)
}
