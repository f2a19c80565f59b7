//! `/api/v1/identity`: who is who — why, decided by hand, by which rules, how well.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ActId, IdentityId, ProfileId};
use zhike_domain::identity::Policy;
use zhike_domain::import::entity::IdentityKind;
use zhike_engine::identity::{self as engine, Act, Done, Explanation, Health, Node, Preview, Step, Whom};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// A decision about who is who.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityAct {
    pub(crate) act_id: String,
    /// merge, split.
    pub(crate) kind: &'static str,
    pub(crate) author: String,
    pub(crate) reason: String,
    pub(crate) decided_at: String,
    pub(crate) undone_by: Option<String>,
    /// It holds when missing.
    pub(crate) undone_at: Option<String>,
    /// The customers whom it is about, as they are now.
    pub(crate) profile_ids: Vec<String>,
}

impl From<Act> for IdentityAct {
    fn from(act: Act) -> Self {
        Self {
            act_id: act.act_id.to_string(),
            kind: if act.is_merge { "merge" } else { "split" },
            author: act.author,
            reason: act.reason,
            decided_at: instant(act.decided_at),
            undone_by: act.undone_by,
            undone_at: act.undone_at.map(instant),
            profile_ids: shown(&act.profiles),
        }
    }
}

/// What came of a decision.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityDone {
    pub(crate) act_id: String,
    /// The customers whom it was about, as they are now.
    pub(crate) profile_ids: Vec<String>,
}

impl From<Done> for IdentityDone {
    fn from(done: Done) -> Self {
        Self { act_id: done.act_id.to_string(), profile_ids: shown(&done.profiles) }
    }
}

/// An identity, its value masked.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityNode {
    identity_id: String,
    pub(crate) kind: String,
    pub(crate) value: Option<String>,
    source: String,
    profile_id: String,
    /// Whether it identifies nobody.
    is_set_aside: bool,
}

impl From<Node> for IdentityNode {
    fn from(node: Node) -> Self {
        Self {
            identity_id: node.identity_id.to_string(),
            kind: node.kind,
            value: node.value,
            source: node.source,
            profile_id: node.profile_id.to_string(),
            is_set_aside: node.is_set_aside,
        }
    }
}

/// A link between two identities.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityStep {
    pub(crate) left: IdentityNode,
    pub(crate) right: IdentityNode,
    reason: String,
    pub(crate) reason_zh: String,
    pub(crate) reason_en: String,
    /// weak, medium, strong, decided.
    pub(crate) evidence: &'static str,
    #[serde(skip)]
    pub(crate) evidence_zh: &'static str,
    /// Empty for what somebody decided.
    pub(crate) source: String,
    pub(crate) at: String,
    /// Whether the link was refused or undone.
    pub(crate) is_refused: bool,
}

impl From<Step> for IdentityStep {
    fn from(step: Step) -> Self {
        Self {
            left: step.left.into(),
            right: step.right.into(),
            reason: step.reason,
            reason_zh: step.zh,
            reason_en: step.en,
            evidence: step.evidence.code(),
            evidence_zh: step.evidence.zh(),
            source: step.source,
            at: instant(step.at),
            is_refused: step.is_refused,
        }
    }
}

/// Why two are one customer, or are not.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityExplanation {
    pub(crate) is_one: bool,
    pub(crate) profile_ids: Vec<String>,
    /// The way from one to the other by the fewest links; of two customers, links that were refused.
    pub(crate) steps: Vec<IdentityStep>,
    pub(crate) acts: Vec<IdentityAct>,
}

impl From<Explanation> for IdentityExplanation {
    fn from(one: Explanation) -> Self {
        Self {
            is_one: one.is_one(),
            profile_ids: shown(&one.profiles),
            steps: one.steps.into_iter().map(IdentityStep::from).collect(),
            acts: one.acts.into_iter().map(IdentityAct::from).collect(),
        }
    }
}

fn shown(profiles: &[ProfileId]) -> Vec<String> {
    profiles.iter().map(ToString::to_string).collect()
}

/// Who is asked about.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExplainQuery {
    /// `prf_…` or `idn_…`.
    a: String,
    /// `prf_…` or `idn_…`; all links of the one customer when missing.
    b: Option<String>,
}

fn whom(text: &str) -> ApiResult<Whom> {
    // Values are personal data and do not belong into addresses: look them up first.
    match engine::read_whom(text) {
        Whom::Value(..) => Err(ApiError::new(
            ErrorCode::BadRequest,
            "name customers and identities by their ids, prf_… or idn_…",
            "请用编号 prf_… 或 idn_… 指明客户与标识",
        )),
        whom => Ok(whom),
    }
}

/// Why two customers or identities are one person, or are not; in words, with how much each link says.
#[utoipa::path(get, path = "/api/v1/identity/explain", params(ExplainQuery),
    responses((status = 200, body = IdentityExplanation), (status = 400, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(super) async fn explain(
    app: Acting,
    query: Result<Query<ExplainQuery>, QueryRejection>,
) -> ApiResult<Json<IdentityExplanation>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let other = query.b.as_deref().map(whom).transpose()?;
    Ok(Json(engine::explain(app.ctx(), &whom(&query.a)?, other.as_ref()).await?.into()))
}

/// Two customers who are one.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MergeRequest {
    /// Customer, `prf_…`.
    #[schema(value_type = String)]
    profile_id: ProfileId,
    /// The other customer, `prf_…`.
    #[schema(value_type = String)]
    other_profile_id: ProfileId,
    /// Why; kept.
    reason: String,
}

/// Decides that two customers are one; it can be undone.
#[utoipa::path(post, path = "/api/v1/identity/merge", request_body = MergeRequest,
    responses((status = 200, body = IdentityDone), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn merge(
    app: Acting,
    body: Result<Json<MergeRequest>, JsonRejection>,
) -> ApiResult<Json<IdentityDone>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let done = engine::merge(app.ctx(), body.profile_id, body.other_profile_id, &body.reason, &app.actor()).await?;
    Ok(Json(done.into()))
}

/// Identities of a customer that are somebody else.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SplitRequest {
    /// Customer, `prf_…`.
    #[schema(value_type = String)]
    profile_id: ProfileId,
    /// Identities that part, `idn_…`.
    #[schema(value_type = Vec<String>)]
    identity_ids: Vec<IdentityId>,
    /// Why; kept.
    reason: String,
}

/// Decides that some identities of a customer are somebody else; it can be undone.
#[utoipa::path(post, path = "/api/v1/identity/split", request_body = SplitRequest,
    responses((status = 200, body = IdentityDone), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn split(
    app: Acting,
    body: Result<Json<SplitRequest>, JsonRejection>,
) -> ApiResult<Json<IdentityDone>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let done = engine::split(app.ctx(), body.profile_id, &body.identity_ids, &body.reason, &app.actor()).await?;
    Ok(Json(done.into()))
}

/// Undoes a decision: everybody is as if it had not been made.
#[utoipa::path(post, path = "/api/v1/identity/acts/{act_id}/undo",
    params(("act_id" = String, Path, description = "`act_…`")),
    responses((status = 200, body = IdentityDone), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn undo(app: Acting, path: Result<Path<ActId>, PathRejection>) -> ApiResult<Json<IdentityDone>> {
    let Path(act_id) = path.map_err(ApiError::from)?;
    Ok(Json(engine::undo(app.ctx(), act_id, &app.actor()).await?.into()))
}

/// Whose decisions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ActsQuery {
    /// Customer, `prf_…`; everybody when missing.
    #[param(value_type = Option<String>)]
    profile_id: Option<ProfileId>,
}

/// Decisions about who is who.
#[derive(Serialize, ToSchema)]
pub(super) struct IdentityActs {
    acts: Vec<IdentityAct>,
}

/// Decisions about who is who, the newest first.
#[utoipa::path(get, path = "/api/v1/identity/acts", params(ActsQuery),
    responses((status = 200, body = IdentityActs), (status = 404, body = ErrorBody)))]
pub(super) async fn acts(
    app: Acting,
    query: Result<Query<ActsQuery>, QueryRejection>,
) -> ApiResult<Json<IdentityActs>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let acts = engine::acts(app.ctx(), query.profile_id).await?;
    Ok(Json(IdentityActs { acts: acts.into_iter().map(IdentityAct::from).collect() }))
}

/// Customers with so many identities.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentitySize {
    pub(crate) n_identities: i64,
    pub(crate) n_profiles: i64,
}

/// A customer with many identities.
#[derive(Serialize, ToSchema)]
pub(crate) struct LargeProfile {
    profile_id: String,
    n_identities: i64,
}

/// One identity that holds two people together who each have an id of their own.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityBridge {
    pub(crate) profile_id: String,
    pub(crate) kind: String,
    /// Identities on either side, the smaller first.
    pub(crate) sides: [u64; 2],
}

/// How well people are told apart.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityHealth {
    pub(crate) sizes: Vec<IdentitySize>,
    pub(crate) largest: Vec<LargeProfile>,
    /// Links that hold, by reason.
    pub(crate) links: BTreeMap<String, u64>,
    /// Links that were refused or undone, by reason.
    pub(crate) refused: BTreeMap<String, u64>,
    /// Identities that identify nobody, by kind.
    pub(crate) set_aside: BTreeMap<String, u64>,
    pub(crate) n_bridges: u64,
    pub(crate) bridges: Vec<IdentityBridge>,
    /// Decisions by hand that hold.
    pub(crate) n_decisions: u64,
}

fn by_kind(counts: BTreeMap<IdentityKind, u64>) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(kind, n)| (kind.as_str().to_owned(), n)).collect()
}

impl From<Health> for IdentityHealth {
    fn from(health: Health) -> Self {
        let size = |(n_identities, n_profiles)| IdentitySize { n_identities, n_profiles };
        let large = |(id, n_identities): (ProfileId, i64)| LargeProfile { profile_id: id.to_string(), n_identities };
        let bridge = |one: engine::Bridge| IdentityBridge {
            profile_id: one.profile_id.to_string(),
            kind: one.kind.as_str().to_owned(),
            sides: [one.sides.0, one.sides.1],
        };
        Self {
            sizes: health.sizes.into_iter().map(size).collect(),
            largest: health.largest.into_iter().map(large).collect(),
            links: health.links,
            refused: health.refused,
            set_aside: by_kind(health.set_aside),
            n_bridges: health.n_bridges,
            bridges: health.bridges.into_iter().map(bridge).collect(),
            n_decisions: health.n_decisions,
        }
    }
}

/// How well people are told apart: sizes, bridges, what was refused and why.
#[utoipa::path(get, path = "/api/v1/identity/health", responses((status = 200, body = IdentityHealth)))]
pub(super) async fn health(app: Acting) -> ApiResult<Json<IdentityHealth>> {
    Ok(Json(engine::health(app.ctx()).await?.into()))
}

/// The rules of who is who.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityPolicy {
    /// As `zhike identity policy show` prints them.
    #[schema(value_type = Object)]
    policy: Policy,
}

/// The rules in force.
#[utoipa::path(get, path = "/api/v1/identity/policy", responses((status = 200, body = IdentityPolicy)))]
pub(super) async fn policy(app: Acting) -> ApiResult<Json<IdentityPolicy>> {
    let policy = zhike_engine::import::identity_policy(app.ctx()).await?;
    Ok(Json(IdentityPolicy { policy }))
}

/// A customer who would part.
#[derive(Serialize, ToSchema)]
pub(crate) struct PartedProfile {
    profile_id: String,
    /// Into so many.
    n_people: u64,
}

/// What rules would change.
#[derive(Serialize, ToSchema)]
pub(crate) struct IdentityPreview {
    pub(crate) n_people: u64,
    pub(crate) n_people_after: u64,
    /// Groups of customers that become one.
    pub(crate) n_merged: u64,
    /// The first of them.
    pub(crate) merged: Vec<Vec<String>>,
    /// Customers who part.
    pub(crate) n_parted: u64,
    /// The first of them.
    pub(crate) parted: Vec<PartedProfile>,
    /// Identities that would no longer identify anybody, by kind.
    pub(crate) set_aside: BTreeMap<String, u64>,
    /// Identities that would identify somebody again, by kind.
    pub(crate) active_again: BTreeMap<String, u64>,
}

impl From<Preview> for IdentityPreview {
    fn from(preview: Preview) -> Self {
        let parted = |(id, n_people): (ProfileId, u64)| PartedProfile { profile_id: id.to_string(), n_people };
        Self {
            n_people: preview.n_people,
            n_people_after: preview.n_people_after,
            n_merged: preview.n_merged,
            merged: preview.merged.iter().map(|group| shown(group)).collect(),
            n_parted: preview.n_parted,
            parted: preview.parted.into_iter().map(parted).collect(),
            set_aside: by_kind(preview.set_aside),
            active_again: by_kind(preview.active_again),
        }
    }
}

/// What rules would merge and split, without putting them in force.
#[utoipa::path(post, path = "/api/v1/identity/policy/preview", request_body = IdentityPolicy,
    responses((status = 200, body = IdentityPreview), (status = 400, body = ErrorBody)))]
pub(super) async fn preview(
    app: Acting,
    body: Result<Json<IdentityPolicy>, JsonRejection>,
) -> ApiResult<Json<IdentityPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(engine::preview(app.ctx(), &body.policy).await?.into()))
}

/// Puts rules in force and makes anew everybody whom they change; says what changed.
#[utoipa::path(put, path = "/api/v1/identity/policy", request_body = IdentityPolicy,
    responses((status = 200, body = IdentityPreview), (status = 400, body = ErrorBody)))]
pub(super) async fn put_policy(
    app: Acting,
    body: Result<Json<IdentityPolicy>, JsonRejection>,
) -> ApiResult<Json<IdentityPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(engine::apply_policy(app.ctx(), &body.policy, &app.actor()).await?.1.into()))
}
