//! `/api/v1/audit`: who did what, and whether the trail is what was written.

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{DefaultBodyLimit, Query};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::access::{Permission, SECURITY_AREAS, act_words, acts};
use zhike_domain::error_code::ErrorCode;
use zhike_engine::audit::{self, AuditFilter, AuditRow, Verification};
use zhike_engine::exports::{self, Traced};
use zhike_engine::requests::day_start;

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// Rows of a page at most.
const MAX_PAGE: usize = 500;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    /// Name of whoever acted; their keys too.
    who: Option<String>,
    /// Action, or how it begins: `export`, `profile.unmask`.
    action: Option<String>,
    /// On whom or on what, exactly: `prf_…`.
    on: Option<String>,
    /// From this day or instant on.
    since: Option<String>,
    /// Until this day, itself included, or before this instant.
    until: Option<String>,
    /// Cursor of the page before.
    before: Option<i64>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// An entry of the audit trail.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct AuditBody {
    /// Place in the chain.
    pub(crate) seq: i64,
    pub(crate) at: String,
    /// Who; a key stands behind its owner.
    pub(crate) actor: String,
    pub(crate) action: String,
    /// The action in words; missing for one that a later program wrote.
    name: Option<String>,
    name_zh: Option<String>,
    /// On whom or on what; people by pseudonym.
    pub(crate) subject: String,
    /// ok, denied, failed.
    pub(crate) result: &'static str,
    /// What else was written: reason, rows, what failed.
    #[schema(value_type = Object)]
    pub(crate) detail: serde_json::Value,
}

impl From<AuditRow> for AuditBody {
    fn from(row: AuditRow) -> Self {
        let words = act_words(&row.action);
        Self {
            seq: row.seq,
            at: instant(row.at),
            result: audit::result_of(&row),
            detail: serde_json::from_str(&row.detail_json).unwrap_or_default(),
            actor: row.actor,
            name_zh: words.map(|words| words.0.to_owned()),
            name: words.map(|words| words.1.to_owned()),
            action: row.action,
            subject: row.subject,
        }
    }
}

/// A page of the audit trail.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// Newest first.
    items: Vec<AuditBody>,
    /// Hand it back as `before` for the next page.
    next: Option<i64>,
}

/// Reads a day of the workspace or an instant; of a day its end, when `is_end`.
pub(crate) fn moment(ctx: &zhike_engine::Ctx, text: &str, is_end: bool) -> Result<i64, (String, String)> {
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(at.as_microsecond());
    }
    let day = text.parse::<Date>().and_then(|day| if is_end { day.tomorrow() } else { Ok(day) });
    day.map(|day| day_start(ctx, day)).map_err(|_| {
        (
            format!("{text:?} is no day (2026-11-22) and no instant (2026-11-22T08:00:00Z)"),
            format!("{text} 不是日期（2026-11-22）或时刻（2026-11-22T08:00:00Z）"),
        )
    })
}

/// The audit trail, newest first: all of it, or what is about access, as the role allows.
#[utoipa::path(get, path = "/api/v1/audit", params(AuditQuery),
    responses((status = 200, body = AuditPage), (status = 400, body = ErrorBody)))]
pub(super) async fn list(app: Acting, query: Result<Query<AuditQuery>, QueryRejection>) -> ApiResult<Json<AuditPage>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let at = |text: Option<String>, is_end: bool| {
        let read = text.filter(|text| !text.is_empty()).map(|text| moment(app.ctx(), &text, is_end));
        read.transpose().map_err(|(en, zh)| ApiError::new(ErrorCode::BadRequest, en, zh))
    };
    let given = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let filter = AuditFilter {
        since: at(query.since, false)?,
        until: at(query.until, true)?,
        actor: given(query.who),
        action: given(query.action),
        subject: given(query.on),
        is_security: !app.by().permissions.holds(Permission::AuditRead),
    };
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    let mut rows = audit::list(app.ctx(), &filter, query.before, limit + 1).await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| has_more).map(|row| row.seq);
    Ok(Json(AuditPage { items: rows.into_iter().map(AuditBody::from).collect(), next }))
}

/// An act that the trail may tell of.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditAct {
    action: &'static str,
    name: &'static str,
    name_zh: &'static str,
}

/// Acts by which the trail can be searched.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditActs {
    items: Vec<AuditAct>,
}

/// What the trail may tell of to whoever asks, in words.
#[utoipa::path(get, path = "/api/v1/audit/acts", responses((status = 200, body = AuditActs)))]
pub(super) async fn known_acts(app: Acting) -> Json<AuditActs> {
    let reads_all = app.by().permissions.holds(Permission::AuditRead);
    let is_seen = |action: &str| reads_all || SECURITY_AREAS.iter().any(|area| action.starts_with(area));
    let items = acts().into_iter().filter(|act| is_seen(act.0));
    Json(AuditActs { items: items.map(|(action, name_zh, name)| AuditAct { action, name, name_zh }).collect() })
}

/// Something that is wrong with the trail.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditFlaw {
    /// link, signature, head, missing, anchor.
    pub(crate) kind: &'static str,
    /// At which entry, or at the last entry of which root.
    pub(crate) seq: i64,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
}

/// What verification found.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditVerification)]
pub(crate) struct VerificationBody {
    /// Whether nothing is wrong.
    pub(crate) whole: bool,
    pub(crate) n_entries: i64,
    pub(crate) n_roots: i64,
    /// Roots outside that were compared.
    pub(crate) n_anchored: i64,
    /// The last entry under a signed root.
    pub(crate) signed_seq: i64,
    pub(crate) signed_at: Option<String>,
    /// Time of the last entry.
    pub(crate) until: Option<String>,
    /// At most a hundred.
    pub(crate) flaws: Vec<AuditFlaw>,
    /// Why roots do not reach their anchor.
    anchor_trouble: Option<String>,
}

impl VerificationBody {
    pub(crate) fn new(ctx: &zhike_engine::Ctx, found: Verification) -> Self {
        let flaw = |flaw: &audit::Flaw| {
            let (zh, en) = flaw.kind.words();
            AuditFlaw { kind: flaw.kind.as_str(), seq: flaw.seq, zh, en }
        };
        Self {
            whole: found.is_whole(),
            n_entries: found.n_entries,
            n_roots: found.n_roots,
            n_anchored: found.n_anchored,
            signed_seq: found.signed_seq,
            signed_at: found.signed_at.map(instant),
            until: found.until.map(instant),
            flaws: found.flaws.iter().map(flaw).collect(),
            anchor_trouble: audit::anchor_trouble(ctx),
        }
    }
}

/// Verifies the whole trail: every link and every signed root.
#[utoipa::path(get, path = "/api/v1/audit/verify", responses((status = 200, body = VerificationBody)))]
pub(super) async fn verify(app: Acting) -> ApiResult<Json<VerificationBody>> {
    let found = audit::verify(app.ctx(), None).await?;
    Ok(Json(VerificationBody::new(app.ctx(), found)))
}

/// An export that a file comes from.
#[derive(Serialize, ToSchema)]
#[schema(as = TracedExport)]
pub(crate) struct TracedBody {
    /// Its entry in the audit trail.
    pub(crate) seq: i64,
    pub(crate) at: String,
    pub(crate) actor: String,
    /// What it held.
    pub(crate) subject: String,
    /// Code of the purpose.
    pub(crate) purpose: String,
    pub(crate) n_rows: u64,
    /// Rows of nobody that were put into it.
    pub(crate) n_marks: u64,
    /// Those of them that the file holds.
    pub(crate) n_found: u64,
}

impl From<Traced> for TracedBody {
    fn from(one: Traced) -> Self {
        let Traced { seq, at, actor, subject, purpose, n_rows, n_marks, n_found } = one;
        Self { seq, at: instant(at), actor, subject, purpose, n_rows, n_marks, n_found }
    }
}

/// Exports that a file comes from, the surest first; none when it bears no mark.
#[derive(Serialize, ToSchema)]
pub(super) struct TracedExports {
    items: Vec<TracedBody>,
}

/// Tells which exports a file comes from: a CSV, a workbook, or any text with numbers of customers in it, up to 32 MiB.
#[utoipa::path(post, path = "/api/v1/audit/trace",
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = TracedExports), (status = 413, body = ErrorBody)))]
pub(super) async fn trace(app: Acting, body: Bytes) -> ApiResult<Json<TracedExports>> {
    let items = exports::trace(app.ctx(), body.into()).await?.into_iter().map(TracedBody::from).collect();
    Ok(Json(TracedExports { items }))
}

/// The most bytes of a file to be traced.
pub(super) fn trace_limit() -> DefaultBodyLimit {
    DefaultBodyLimit::max(32 << 20)
}
