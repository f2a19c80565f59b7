//! `/api/v1/requests`: what people ask for, each with its clock.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::rights::{RequestKind, RequestRefusal};
use zhike_engine::requests::{self, NewRequest, Request};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::exports::Language;
use super::overview::date;
use super::who::Acting;
use crate::output::instant;

/// What a person asks for.
#[derive(Serialize, ToSchema)]
#[schema(as = PersonRequest)]
pub(crate) struct RequestBody {
    pub(crate) request_id: String,
    /// Missing when nothing is held any more.
    pub(crate) profile_id: Option<String>,
    /// access, copy, portability, correction, deletion, explanation, withdrawal, opt_out, next_of_kin.
    pub(crate) kind: String,
    /// new, checked, doing, done, refused.
    pub(crate) status: String,
    /// How it arrived.
    pub(crate) channel: String,
    /// Purpose, of a withdrawal.
    pub(crate) purpose: Option<String>,
    pub(crate) note: String,
    author: String,
    pub(crate) received_at: String,
    /// Last day on which it is to be answered.
    pub(crate) due_on: String,
    /// Days until then, less than none when it is overdue; missing when it is over.
    pub(crate) days_left: Option<i64>,
    /// How it was checked who asks.
    pub(crate) check_method: Option<String>,
    checked_by: Option<String>,
    checked_at: Option<String>,
    decided_by: Option<String>,
    decided_at: Option<String>,
    /// Why it was refused: not_identified, nothing_held, legal_duty, retention_period, others_rights, not_feasible,
    /// repeated, taken_back.
    pub(crate) refusal: Option<String>,
    /// What was done.
    pub(crate) outcome: String,
}

impl From<Request> for RequestBody {
    fn from(request: Request) -> Self {
        let row = request.row;
        Self {
            request_id: request.id.to_string(),
            profile_id: request.profile_id.map(|id| id.to_string()),
            kind: row.kind,
            status: row.status,
            channel: row.channel,
            purpose: row.purpose,
            note: row.note,
            author: row.author,
            received_at: instant(row.received_at),
            due_on: request.due_on.map(|day| day.to_string()).unwrap_or_default(),
            days_left: request.days_left,
            check_method: row.check_method,
            checked_by: row.checked_by,
            checked_at: row.checked_at.map(instant),
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(instant),
            refusal: row.refusal,
            outcome: row.outcome,
        }
    }
}

/// The register.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonRequests {
    items: Vec<RequestBody>,
    /// Requests that are not over.
    n_open: u64,
    /// Of them, those whose last day is over.
    n_overdue: u64,
}

/// All requests: open ones first, the most pressing at the top.
#[utoipa::path(get, path = "/api/v1/requests", responses((status = 200, body = PersonRequests)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<PersonRequests>> {
    let all = requests::list(app.ctx()).await?;
    let n_open = all.iter().filter(|one| one.days_left.is_some()).count() as u64;
    let n_overdue = all.iter().filter(|one| one.days_left.is_some_and(|days| days < 0)).count() as u64;
    Ok(Json(PersonRequests { items: all.into_iter().map(RequestBody::from).collect(), n_open, n_overdue }))
}

/// A request to be entered.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewPersonRequest)]
pub(super) struct NewRequestBody {
    /// `prf_…`
    #[schema(value_type = String)]
    profile_id: ProfileId,
    /// access, copy, portability, correction, deletion, explanation, withdrawal, opt_out, next_of_kin.
    kind: String,
    /// How it arrived: phone, mail, store, app …
    channel: Option<String>,
    /// Purpose, of a withdrawal.
    purpose: Option<String>,
    note: Option<String>,
    /// Day on which it arrived; today when absent.
    received_on: Option<String>,
}

/// Reads one of some words.
pub(crate) fn word<T>(found: Option<T>, known: &[&str]) -> Result<T, (String, String)> {
    let known = known.join(", ");
    found.ok_or_else(|| (format!("choose one of {known}"), format!("请选择 {known} 之一")))
}

/// Reads a kind.
pub(crate) fn kind(text: &str) -> Result<RequestKind, (String, String)> {
    let known: Vec<&str> = RequestKind::ALL.iter().map(|one| one.as_str()).collect();
    word(RequestKind::parse(text), &known)
}

/// Reads a reason of refusal.
pub(crate) fn refusal(text: &str) -> Result<RequestRefusal, (String, String)> {
    let known: Vec<&str> = RequestRefusal::ALL.iter().map(|one| one.as_str()).collect();
    word(RequestRefusal::parse(text), &known)
}

fn bad((en, zh): (String, String)) -> ApiError {
    ApiError::new(zhike_domain::error_code::ErrorCode::BadRequest, en, zh)
}

/// Enters a request; its clock runs from when it arrived.
#[utoipa::path(post, path = "/api/v1/requests", request_body = NewRequestBody,
    responses((status = 200, body = RequestBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn enter(
    app: Acting,
    body: Result<Json<NewRequestBody>, JsonRejection>,
) -> ApiResult<Json<RequestBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let new = NewRequest {
        profile_id: body.profile_id,
        kind: kind(&body.kind).map_err(bad)?,
        channel: body.channel.unwrap_or_default(),
        purpose: body.purpose,
        note: body.note.unwrap_or_default(),
        received_at: date(body.received_on)?.map(|day| requests::day_start(app.ctx(), day)),
    };
    Ok(Json(requests::enter(app.ctx(), new, &app.actor()).await?.into()))
}

fn id(path: Result<Path<RequestId>, PathRejection>) -> ApiResult<RequestId> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(id)
}

/// One request.
#[utoipa::path(get, path = "/api/v1/requests/{request_id}",
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 200, body = RequestBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<RequestId>, PathRejection>) -> ApiResult<Json<RequestBody>> {
    Ok(Json(requests::get(app.ctx(), id(path)?).await?.into()))
}

/// How it was checked who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestCheck {
    /// A code to the phone, a document, a visit …
    method: String,
}

/// Records how it was checked who asks.
#[utoipa::path(post, path = "/api/v1/requests/{request_id}/check", request_body = RequestCheck,
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 200, body = RequestBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn check(
    app: Acting,
    path: Result<Path<RequestId>, PathRejection>,
    body: Result<Json<RequestCheck>, JsonRejection>,
) -> ApiResult<Json<RequestBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(requests::check(app.ctx(), id(path)?, &body.method, &app.actor()).await?.into()))
}

/// What was done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestOutcome {
    /// In words.
    outcome: Option<String>,
}

/// Carries a request out; a deletion is approved, and hides the person from now on.
#[utoipa::path(post, path = "/api/v1/requests/{request_id}/do", request_body = RequestOutcome,
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 200, body = RequestBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn carry_out(
    app: Acting,
    path: Result<Path<RequestId>, PathRejection>,
    body: Result<Json<RequestOutcome>, JsonRejection>,
) -> ApiResult<Json<RequestBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let outcome = body.outcome.unwrap_or_default();
    Ok(Json(requests::carry_out(app.ctx(), id(path)?, &outcome, &app.actor()).await?.into()))
}

/// How the copy is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CopyRequest {
    /// Of headings: zh (the default), en.
    #[schema(value_type = Option<Language>)]
    language: Option<Language>,
}

/// A copy that is being made.
#[derive(Serialize, ToSchema)]
pub(super) struct CopyStarted {
    /// The archive, to be fetched once as exports are.
    export_id: String,
    /// Opens the archive; told here, once.
    password: String,
}

/// Makes the copy of all that is held about whoever asks: an archive with AES-256, its password told here and nowhere else.
#[utoipa::path(post, path = "/api/v1/requests/{request_id}/copy", request_body = CopyRequest,
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 202, body = CopyStarted), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 503, body = ErrorBody)))]
pub(super) async fn copy(
    app: Acting,
    path: Result<Path<RequestId>, PathRejection>,
    body: Result<Json<CopyRequest>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<CopyStarted>)> {
    let (id, Json(body)) = (id(path)?, body.map_err(ApiError::from)?);
    // Mistakes are told at once, before anything waits.
    requests::check_copy(app.ctx(), id).await?;
    let password = zhike_engine::exports::new_password();
    let is_zh = body.language.unwrap_or_default() == Language::Zh;
    let by = (app.by().owner.as_str(), app.actor());
    let export_id = app.exports().start_copy(app.ctx(), by, id, is_zh, password.clone())?;
    Ok((StatusCode::ACCEPTED, Json(CopyStarted { export_id, password: password.expose().clone() })))
}

/// Why a request is refused.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RequestRefusal)]
pub(super) struct RefusalBody {
    /// not_identified, nothing_held, legal_duty, retention_period, others_rights, not_feasible, repeated, taken_back.
    refusal: String,
    /// In words.
    outcome: Option<String>,
}

/// Refuses a request.
#[utoipa::path(post, path = "/api/v1/requests/{request_id}/refuse", request_body = RefusalBody,
    params(("request_id" = String, Path, description = "`req_…`")),
    responses((status = 200, body = RequestBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn refuse(
    app: Acting,
    path: Result<Path<RequestId>, PathRejection>,
    body: Result<Json<RefusalBody>, JsonRejection>,
) -> ApiResult<Json<RequestBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let reason = refusal(&body.refusal).map_err(bad)?;
    let outcome = body.outcome.unwrap_or_default();
    Ok(Json(requests::refuse(app.ctx(), id(path)?, reason, &outcome, &app.actor()).await?.into()))
}
