//! `/api/v1/budgets`, `/api/v1/approvals`, `/api/v1/incidents`: how much goes, what waits for a second person, what went wrong.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::consent::Purpose;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ApprovalId, IncidentId};
use zhike_engine::approvals::{self, Approval, Kind};
use zhike_engine::consents;
use zhike_engine::exports::{self, Export};
use zhike_engine::guard::{self, Budgets};
use zhike_engine::incidents::{self, Act, Affected, Incident};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::exports::{AskedExport, asked};
use super::who::Acting;
use crate::exports::Approved;
use crate::output::instant;

/// How much of a meter; no bound where nothing is said.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes zhike_engine::guard::Limit in the document")]
pub(super) struct BudgetLimit {
    per_minute: Option<u64>,
    per_day: Option<u64>,
}

/// Budgets by role and meter (rows, people, unmasks).
#[derive(ToSchema)]
#[schema(as = Budgets)]
#[expect(dead_code, reason = "describes zhike_engine::guard::Budgets in the document")]
pub(super) struct BudgetsBody {
    roles: BTreeMap<String, BTreeMap<String, BudgetLimit>>,
    /// Rows up to which an export needs nobody else.
    export_rows: u64,
    /// Hours for which an approval can be given and used.
    approval_hours: u64,
}

/// The budgets in force.
#[utoipa::path(get, path = "/api/v1/budgets", responses((status = 200, body = BudgetsBody)))]
pub(super) async fn budgets(app: Acting) -> ApiResult<Json<Budgets>> {
    Ok(Json(guard::budgets(app.ctx()).await?))
}

/// Puts other budgets in force, at once.
#[utoipa::path(put, path = "/api/v1/budgets", request_body = BudgetsBody,
    responses((status = 200, body = BudgetsBody), (status = 400, body = ErrorBody)))]
pub(super) async fn put_budgets(app: Acting, body: Result<Json<Budgets>, JsonRejection>) -> ApiResult<Json<Budgets>> {
    let Json(body) = body.map_err(ApiError::from)?;
    guard::set_budgets(app.ctx(), app.by(), &body).await?;
    Ok(Json(body))
}

/// What a user used of a budget today.
#[derive(Serialize, ToSchema)]
pub(super) struct BudgetUse {
    user: String,
    roles: Vec<String>,
    /// rows, people, unmasks.
    meter: String,
    /// Blocks taken in advance are among it.
    n_used: u64,
    /// No bound when missing.
    per_day: Option<u64>,
    n_left: Option<u64>,
}

/// What users used of their budgets today.
#[derive(Serialize, ToSchema)]
pub(super) struct BudgetUses {
    items: Vec<BudgetUse>,
}

/// What users used of their budgets today, and what is left.
#[utoipa::path(get, path = "/api/v1/budgets/uses", responses((status = 200, body = BudgetUses)))]
pub(super) async fn budget_uses(app: Acting) -> ApiResult<Json<BudgetUses>> {
    let item = |one: guard::Use| BudgetUse {
        user: one.user,
        roles: one.roles.iter().map(ToString::to_string).collect(),
        meter: one.meter.as_str().to_owned(),
        n_used: one.n_used,
        per_day: one.per_day,
        n_left: one.per_day.map(|most| most.saturating_sub(one.n_used)),
    };
    Ok(Json(BudgetUses { items: guard::uses(app.ctx()).await?.into_iter().map(item).collect() }))
}

/// Something that waits for a second person, or did.
#[derive(Serialize, ToSchema)]
#[schema(as = Approval)]
pub(crate) struct ApprovalBody {
    pub(crate) approval_id: String,
    /// export, unmask.
    pub(crate) kind: String,
    /// What, in words; of a look in the clear the customer, `prf_…`.
    pub(crate) title: String,
    /// Code of the purpose, where data are given.
    pub(crate) purpose: String,
    purpose_name: String,
    purpose_name_zh: String,
    pub(crate) reason: String,
    pub(crate) n_rows: i64,
    /// Headings of the columns of a file.
    columns: Vec<String>,
    /// Form of a file: csv, xlsx, jsonl.
    format: Option<String>,
    /// pending, approved, refused, used, expired.
    pub(crate) status: String,
    pub(crate) asked_by: String,
    pub(crate) asked_at: String,
    pub(crate) expires_at: String,
    pub(crate) decided_by: Option<String>,
    decided_at: Option<String>,
    /// Why so.
    note: String,
    /// Whether whoever asks this can decide on it.
    mine_to_decide: bool,
    /// Whether whoever asks this asked for it.
    own: bool,
}

impl ApprovalBody {
    pub(crate) fn new(by: &zhike_domain::access::Principal, one: Approval, purposes: &[Purpose]) -> Self {
        let mine_to_decide = approvals::may_decide(by, &one);
        let Approval { id, status, row } = one;
        let asked: AskedExport = serde_json::from_str(&row.spec_json).unwrap_or_default();
        let known = purposes.iter().find(|purpose| purpose.code == row.purpose);
        Self {
            approval_id: id.to_string(),
            kind: row.kind,
            title: row.title,
            purpose_name: known.map_or_else(|| row.purpose.clone(), |purpose| purpose.en.clone()),
            purpose_name_zh: known.map_or_else(|| row.purpose.clone(), |purpose| purpose.zh.clone()),
            purpose: row.purpose,
            reason: row.reason,
            n_rows: row.n_rows,
            columns: asked.columns,
            format: Some(asked.format).filter(|format| !format.is_empty()),
            status,
            own: row.asked_by == by.owner,
            asked_by: row.asked_by,
            asked_at: instant(row.asked_at),
            expires_at: instant(row.expires_at),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(instant),
            note: row.note,
            mine_to_decide,
        }
    }
}

/// What waits for a second person, or did.
#[derive(Serialize, ToSchema)]
pub(super) struct Approvals {
    /// Newest first.
    items: Vec<ApprovalBody>,
    /// Those that whoever asks this can decide on.
    n_mine: u64,
}

/// What waits for a second person: all for whoever decides, one's own for others.
#[utoipa::path(get, path = "/api/v1/approvals", responses((status = 200, body = Approvals)))]
pub(super) async fn approvals(app: Acting) -> ApiResult<Json<Approvals>> {
    let all = approvals::list(app.ctx(), app.by()).await?;
    let purposes = consents::purposes(app.ctx()).await?;
    let items: Vec<ApprovalBody> = all.into_iter().map(|one| ApprovalBody::new(app.by(), one, &purposes)).collect();
    let n_mine = items.iter().filter(|one| one.mine_to_decide).count() as u64;
    Ok(Json(Approvals { items, n_mine }))
}

/// A decision.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApprovalDecision {
    approve: bool,
    /// Why; needed for a refusal.
    note: Option<String>,
}

/// Approves or refuses; nobody decides on what they asked for themselves.
#[utoipa::path(post, path = "/api/v1/approvals/{approval_id}/decide", request_body = ApprovalDecision,
    params(("approval_id" = String, Path, description = "`apr_…`")),
    responses((status = 200, body = ApprovalBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn decide(
    app: Acting,
    path: Result<Path<ApprovalId>, PathRejection>,
    body: Result<Json<ApprovalDecision>, JsonRejection>,
) -> ApiResult<Json<ApprovalBody>> {
    let (Path(id), Json(body)) = (path.map_err(ApiError::from)?, body.map_err(ApiError::from)?);
    let note = body.note.unwrap_or_default();
    let one = approvals::decide(app.ctx(), app.by(), id, body.approve, &note).await?;
    Ok(Json(ApprovalBody::new(app.by(), one, &consents::purposes(app.ctx()).await?)))
}

/// A file that is being made.
#[derive(Serialize, ToSchema)]
pub(super) struct ApprovedExport {
    export_id: String,
    /// Opens the archive; told here, once.
    password: String,
}

/// Makes the file that was approved, once: an archive with AES-256, its password told here and nowhere else.
#[utoipa::path(post, path = "/api/v1/approvals/{approval_id}/export",
    params(("approval_id" = String, Path, description = "`apr_…`")),
    responses((status = 202, body = ApprovedExport), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn export(
    app: Acting,
    path: Result<Path<ApprovalId>, PathRejection>,
) -> ApiResult<(StatusCode, Json<ApprovedExport>)> {
    let Path(id) = path.map_err(ApiError::from)?;
    let one = approvals::get(app.ctx(), app.by(), id).await?;
    let AskedExport { mut request, print, .. } = serde_json::from_str(&one.row.spec_json).unwrap_or_default();
    request["reason"] = one.row.reason.clone().into();
    let (request, format) = asked(request, app.actor())?;
    exports::check(app.ctx(), &request).await?;
    // What would fail afterwards does not use the approval up.
    app.exports().check_room()?;
    let what = exports::Approved { n_rows: one.row.n_rows.unsigned_abs(), print };
    Export::open(app.ctx(), request.clone()).await?.reserve(app.ctx(), format.as_str(), Some(&what)).await?;
    approvals::take(app.ctx(), app.by(), id, Kind::Export).await?;
    let password = exports::new_password();
    let approved = Approved { what, password: password.clone() };
    let export_id = app.exports().start(app.ctx(), &app.by().owner, request, format, Some(approved))?;
    Ok((StatusCode::ACCEPTED, Json(ApprovedExport { export_id, password: password.expose().clone() })))
}

/// A step of an incident.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncidentStep {
    at: String,
    actor: String,
    /// opened, alert, acknowledged, escalated, contained, false_alarm, locked, closed.
    what: String,
    /// Why, or what the rule saw.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// An incident.
#[derive(Serialize, ToSchema)]
#[schema(as = Incident)]
pub(crate) struct IncidentBody {
    pub(crate) incident_id: String,
    /// over_budget, canary, denials, off_hours_policy, volume.
    pub(crate) kind: String,
    /// high, medium.
    pub(crate) severity: String,
    /// open, acknowledged, contained, false_alarm, closed.
    pub(crate) status: String,
    /// Whose acts it is about.
    pub(crate) actor: String,
    pub(crate) opened_at: String,
    /// How often the rule found it.
    n_alerts: i64,
    /// Until when a decision is to be recorded.
    pub(crate) decide_by: String,
    /// Until when a report to the authority is due.
    report_by: String,
    /// Until when people are to be told.
    notify_by: String,
    escalated: bool,
    /// Whether the roles of whoever it is about may neither unmask nor export.
    pub(crate) locked: bool,
    pub(crate) decided_by: Option<String>,
    steps: Vec<IncidentStep>,
}

impl From<Incident> for IncidentBody {
    fn from(one: Incident) -> Self {
        let (decide, report, notify) = one.due();
        let is_undecided = matches!(one.row.status.as_str(), "open" | "acknowledged");
        let step = |step: incidents::Happened| IncidentStep {
            at: instant(step.at),
            actor: step.actor,
            what: step.what,
            detail: step.detail,
        };
        Self {
            incident_id: one.id.to_string(),
            kind: one.row.kind,
            severity: one.row.severity,
            status: one.row.status,
            actor: one.row.actor,
            opened_at: instant(one.row.opened_at),
            n_alerts: one.row.n_alerts,
            decide_by: instant(decide),
            report_by: instant(report),
            notify_by: instant(notify),
            escalated: one.row.escalated_at.is_some(),
            locked: one.row.locked_at.is_some() && is_undecided,
            decided_by: one.row.decided_by,
            steps: one.steps.into_iter().map(step).collect(),
        }
    }
}

/// Incidents.
#[derive(Serialize, ToSchema)]
pub(super) struct Incidents {
    /// Newest first.
    items: Vec<IncidentBody>,
    /// Those on which nothing was decided yet.
    n_open: u64,
}

/// All incidents, newest first.
#[utoipa::path(get, path = "/api/v1/incidents", responses((status = 200, body = Incidents)))]
pub(super) async fn incidents(app: Acting) -> ApiResult<Json<Incidents>> {
    let items: Vec<IncidentBody> = incidents::list(app.ctx()).await?.into_iter().map(IncidentBody::from).collect();
    let n_open = items.iter().filter(|one| matches!(one.status.as_str(), "open" | "acknowledged")).count() as u64;
    Ok(Json(Incidents { items, n_open }))
}

/// An incident, and whose data it is about.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncidentReport {
    pub(crate) incident: IncidentBody,
    /// Different people who were opened, found or shown in the clear.
    pub(crate) n_people: u64,
    /// Rows given in files.
    pub(crate) n_rows: u64,
    /// masked, clear, file.
    pub(crate) classes: Vec<String>,
    /// Entries of the audit trail that were counted.
    n_entries: u64,
    /// Draft of a notice, in Chinese.
    pub(crate) notice_zh: String,
    /// The same in English.
    pub(crate) notice_en: String,
}

impl IncidentReport {
    pub(crate) fn new(ctx: &zhike_engine::Ctx, one: Incident, affected: &Affected) -> Self {
        let (notice_zh, notice_en) = incidents::notice(ctx, &one, affected);
        Self {
            n_people: affected.n_people as u64,
            n_rows: affected.n_rows,
            classes: affected.classes.iter().map(|class| (*class).to_owned()).collect(),
            n_entries: affected.n_entries as u64,
            notice_zh,
            notice_en,
            incident: one.into(),
        }
    }
}

/// One incident: whose data it is about, counted from the audit trail, and the draft of a notice.
#[utoipa::path(get, path = "/api/v1/incidents/{incident_id}",
    params(("incident_id" = String, Path, description = "`inc_…`")),
    responses((status = 200, body = IncidentReport), (status = 404, body = ErrorBody)))]
pub(super) async fn incident(
    app: Acting,
    path: Result<Path<IncidentId>, PathRejection>,
) -> ApiResult<Json<IncidentReport>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let one = incidents::get(app.ctx(), id).await?;
    let affected = incidents::affected(app.ctx(), &one).await?;
    Ok(Json(IncidentReport::new(app.ctx(), one, &affected)))
}

/// What becomes of an incident.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IncidentAct {
    /// acknowledged, contained, false_alarm, closed.
    act: String,
    /// Why; needed for all but acknowledged.
    note: Option<String>,
}

/// Reads a step.
pub(crate) fn read_act(word: &str) -> Result<Act, (String, String)> {
    super::requests::word(Act::parse(word), &["acknowledged", "contained", "false_alarm", "closed"])
}

/// Looks after an incident, decides on it, or closes it.
#[utoipa::path(post, path = "/api/v1/incidents/{incident_id}/act", request_body = IncidentAct,
    params(("incident_id" = String, Path, description = "`inc_…`")),
    responses((status = 200, body = IncidentBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn act(
    app: Acting,
    path: Result<Path<IncidentId>, PathRejection>,
    body: Result<Json<IncidentAct>, JsonRejection>,
) -> ApiResult<Json<IncidentBody>> {
    let (Path(id), Json(body)) = (path.map_err(ApiError::from)?, body.map_err(ApiError::from)?);
    let act = read_act(&body.act).map_err(|(en, zh)| ApiError::new(ErrorCode::BadRequest, en, zh))?;
    Ok(Json(incidents::act(app.ctx(), app.by(), id, act, &body.note.unwrap_or_default()).await?.into()))
}
