//! `/api/v1/rfm/rules`: what turns recency, frequency and value into scores, groups and tiers; and what others would do.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::rfm::{Rules, Segment, Tier};
use zhike_engine::refresh;
use zhike_engine::rfm::{self as engine, Division, Preview};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::day;
use super::schema::{SegmentWord, TierWord};
use super::who::Acting;

/// The rules in force.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmRules {
    /// Version; 0 of those that come with the program.
    version: i64,
    /// As `zhike rules show` prints them.
    #[schema(value_type = Object)]
    rules: Rules,
    /// Those that come with the program.
    #[schema(value_type = Object)]
    usual: Rules,
    /// The currency that monetary limits are in.
    currency: String,
}

async fn in_force(app: &Acting) -> ApiResult<Json<RfmRules>> {
    let (rules, version) = refresh::rules(app.ctx()).await?;
    let currency = app.ctx().workspace().currency;
    Ok(Json(RfmRules { version, rules, usual: Rules::default(), currency }))
}

/// The RFM rules in force.
#[utoipa::path(get, path = "/api/v1/rfm/rules", responses((status = 200, body = RfmRules)))]
pub(super) async fn show(app: Acting) -> ApiResult<Json<RfmRules>> {
    in_force(&app).await
}

/// Rules to be put in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutRfmRules {
    /// The version that the change was made from; another one is a conflict.
    version: i64,
    #[schema(value_type = Object)]
    rules: Rules,
}

/// Puts RFM rules in force; the next refresh uses them.
#[utoipa::path(put, path = "/api/v1/rfm/rules", request_body = PutRfmRules,
    responses((status = 200, body = RfmRules), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put(app: Acting, body: Result<Json<PutRfmRules>, JsonRejection>) -> ApiResult<Json<RfmRules>> {
    let Json(body) = body.map_err(ApiError::from)?;
    refresh::set_rules(app.ctx(), &body.rules, Some(body.version)).await?;
    in_force(&app).await
}

/// Rules to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewRfmRules {
    #[schema(value_type = Object)]
    rules: Rules,
}

/// Customers of a group now and by the rules tried; missing where so few people are not told.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmGroupChange {
    #[schema(value_type = SegmentWord)]
    rfm_segment: &'static str,
    n_now: Option<u64>,
    n_then: Option<u64>,
}

/// Customers who would move from a group to another.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmGroupMove {
    #[schema(value_type = SegmentWord)]
    from: &'static str,
    #[schema(value_type = SegmentWord)]
    to: &'static str,
    n_customers: Option<u64>,
}

/// Customers of a tier now and by the rules tried.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmTierChange {
    #[schema(value_type = TierWord)]
    tier: &'static str,
    n_now: Option<u64>,
    n_then: Option<u64>,
}

/// Customers who would move from a tier to another.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmTierMove {
    #[schema(value_type = TierWord)]
    from: &'static str,
    #[schema(value_type = TierWord)]
    to: &'static str,
    n_customers: Option<u64>,
}

/// What rules would do to the customers who were scored last.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmRulesPreview {
    /// Day of the scores; missing before the first refresh.
    as_of: Option<String>,
    n_customers: Option<u64>,
    groups: Vec<RfmGroupChange>,
    group_moves: Vec<RfmGroupMove>,
    tiers: Vec<RfmTierChange>,
    tier_moves: Vec<RfmTierMove>,
}

/// Who would stand where by other rules, and who would move; nothing is kept.
#[utoipa::path(post, path = "/api/v1/rfm/preview", request_body = PreviewRfmRules,
    responses((status = 200, body = RfmRulesPreview), (status = 400, body = ErrorBody)))]
pub(super) async fn preview(
    app: Acting,
    body: Result<Json<PreviewRfmRules>, JsonRejection>,
) -> ApiResult<Json<RfmRulesPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let found = engine::preview(app.ctx(), &body.rules).await?;
    let as_of = found.as_ref().map(|found| day(found.as_of));
    let n_customers = found.as_ref().and_then(|found| found.n_customers);
    let (groups, tiers) = match found {
        Some(Preview { groups, tiers, .. }) => (groups, tiers),
        None => {
            (Division { classes: Vec::new(), moves: Vec::new() }, Division { classes: Vec::new(), moves: Vec::new() })
        }
    };
    let group = |one: engine::NowThen<Segment>| RfmGroupChange {
        rfm_segment: one.class.as_str(),
        n_now: one.now,
        n_then: one.then,
    };
    let tier =
        |one: engine::NowThen<Tier>| RfmTierChange { tier: one.class.as_str(), n_now: one.now, n_then: one.then };
    Ok(Json(RfmRulesPreview {
        as_of,
        n_customers,
        groups: groups.classes.into_iter().map(group).collect(),
        group_moves: groups
            .moves
            .into_iter()
            .map(|one| RfmGroupMove { from: one.from.as_str(), to: one.to.as_str(), n_customers: one.n_customers })
            .collect(),
        tiers: tiers.classes.into_iter().map(tier).collect(),
        tier_moves: tiers
            .moves
            .into_iter()
            .map(|one| RfmTierMove { from: one.from.as_str(), to: one.to.as_str(), n_customers: one.n_customers })
            .collect(),
    }))
}
