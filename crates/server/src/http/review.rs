//! `/api/v1/identity/review` and `/match`: people who share no id and may be one.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::id::IdentityId;
use zhike_engine::identity::{self as engine, Candidate, Compared, Matched};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::identity::IdentityDone;
use super::who::Acting;
use crate::output::instant;

/// What the last comparison of records found.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityMatched {
    pub(crate) at: String,
    /// Records of people and companies.
    pub(crate) n_records: u64,
    /// Records that were compared then; the others were known.
    pub(crate) n_compared: u64,
    /// Pairs that are joined.
    pub(crate) n_joined: u64,
    /// Pairs that wait for somebody.
    pub(crate) n_review: u64,
    /// Pairs that somebody judged, which thresholds follow.
    pub(crate) n_judged: u64,
    /// What records have to share to be compared at all.
    pub(crate) rules: Vec<String>,
}

impl From<Matched> for IdentityMatched {
    fn from(matched: Matched) -> Self {
        Self {
            at: instant(matched.at),
            n_records: matched.n_records,
            n_compared: matched.n_compared,
            n_joined: matched.n_joined,
            n_review: matched.n_review,
            n_judged: matched.n_judged,
            rules: matched.rules,
        }
    }
}

/// The last comparison, if there was one.
#[derive(Serialize, ToSchema)]
pub(super) struct LastMatched {
    last: Option<IdentityMatched>,
}

/// What the last comparison of records found.
#[utoipa::path(get, path = "/api/v1/identity/match", responses((status = 200, body = LastMatched)))]
pub(super) async fn last(app: Acting) -> ApiResult<Json<LastMatched>> {
    Ok(Json(LastMatched { last: engine::last_matched(app.ctx()).await?.map(IdentityMatched::from) }))
}

/// Compares the records that changed; joins those who are one in all likelihood, parts those who are not any more.
#[utoipa::path(post, path = "/api/v1/identity/match",
    responses((status = 200, body = IdentityMatched), (status = 503, body = ErrorBody)))]
pub(super) async fn run(app: Acting) -> ApiResult<Json<IdentityMatched>> {
    Ok(Json(engine::match_people(app.ctx(), &app.actor()).await?.into()))
}

/// What two records say of one field.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewField {
    pub(crate) field: String,
    /// Masked; missing where it is not said.
    pub(crate) left: Option<String>,
    /// Masked; missing where it is not said.
    pub(crate) right: Option<String>,
    /// How far they agree; missing when one of them is not said.
    pub(crate) level_zh: Option<&'static str>,
    /// How far they agree; missing when one of them is not said.
    pub(crate) level_en: Option<&'static str>,
    /// Evidence for one person in bits; below zero it speaks against.
    pub(crate) bits: f64,
}

impl From<Compared> for ReviewField {
    fn from(one: Compared) -> Self {
        let [left, right] = one.values;
        let (level_zh, level_en) = one.level.unzip();
        Self { field: one.field, left, right, level_zh, level_en, bits: one.bits }
    }
}

/// Two records that may be one person's.
#[derive(Serialize, ToSchema)]
pub(crate) struct ReviewPair {
    pub(crate) identity_ids: Vec<String>,
    pub(crate) profile_ids: Vec<String>,
    /// Probability that they are one.
    pub(crate) probability: f64,
    pub(crate) fields: Vec<ReviewField>,
}

impl From<Candidate> for ReviewPair {
    fn from(one: Candidate) -> Self {
        Self {
            identity_ids: one.identities.iter().map(ToString::to_string).collect(),
            profile_ids: one.profiles.iter().map(ToString::to_string).collect(),
            probability: one.probability,
            fields: one.fields.into_iter().map(ReviewField::from).collect(),
        }
    }
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReviewQuery {
    /// Pairs to leave out.
    #[serde(default)]
    offset: u32,
    /// Pairs at most, up to 100; 20 by default.
    limit: Option<u32>,
}

/// Pairs that wait for somebody.
#[derive(Serialize, ToSchema)]
pub(super) struct ReviewPage {
    /// How many there are.
    n: u64,
    pairs: Vec<ReviewPair>,
}

/// Pairs that may be one person, the most probable first, field by field.
#[utoipa::path(get, path = "/api/v1/identity/review", params(ReviewQuery),
    responses((status = 200, body = ReviewPage), (status = 400, body = ErrorBody)))]
pub(super) async fn list(
    app: Acting,
    query: Result<Query<ReviewQuery>, QueryRejection>,
) -> ApiResult<Json<ReviewPage>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let limit = query.limit.unwrap_or(20);
    let (n, pairs) = engine::review(app.ctx(), query.offset as usize, limit as usize).await?;
    Ok(Json(ReviewPage { n, pairs: pairs.into_iter().map(ReviewPair::from).collect() }))
}

/// What somebody decided about a pair.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct JudgeRequest {
    /// The two identities, `idn_…`.
    #[schema(value_type = Vec<String>)]
    identity_ids: [IdentityId; 2],
    /// Whether they are one person.
    is_one: bool,
    /// Why; kept.
    reason: String,
}

/// Decides about a pair; it can be undone, and thresholds follow what people decide.
#[utoipa::path(post, path = "/api/v1/identity/review", request_body = JudgeRequest,
    responses((status = 200, body = IdentityDone), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn judge(
    app: Acting,
    body: Result<Json<JudgeRequest>, JsonRejection>,
) -> ApiResult<Json<IdentityDone>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let done = engine::judge(app.ctx(), body.identity_ids, body.is_one, &body.reason, &app.actor()).await?;
    Ok(Json(done.into()))
}
