//! `/api/v1/identity/golden` and `/lineage`: which statement of a field stands, and where it comes from.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::id::{BatchId, ProfileId};
use zhike_domain::identity::golden::{FIELDS, Rules};
use zhike_engine::identity::{self as engine, Example, FieldLineage, GoldenPreview as Preview, Lineage, Statement};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// The rules of the golden record.
#[derive(Serialize, ToSchema)]
pub(super) struct GoldenRules {
    /// Version; 0 of those that come with the program.
    version: i64,
    /// As `zhike identity golden show` prints them.
    #[schema(value_type = Object)]
    rules: Rules,
    /// Fields that rules can be about; attributes are `traits.<name>`.
    fields: Vec<&'static str>,
    /// Sources that rules can name.
    sources: Vec<String>,
}

/// The rules in force.
#[utoipa::path(get, path = "/api/v1/identity/golden", responses((status = 200, body = GoldenRules)))]
pub(super) async fn show(app: Acting) -> ApiResult<Json<GoldenRules>> {
    let (rules, version) = engine::golden_rules(app.ctx()).await?;
    let sources = engine::golden_sources(app.ctx()).await?;
    Ok(Json(GoldenRules { version, rules, fields: FIELDS.to_vec(), sources }))
}

/// Rules to be tried.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TryGoldenRules {
    #[schema(value_type = Object)]
    rules: Rules,
}

/// A field of a customer that says something else.
#[derive(Serialize, ToSchema)]
pub(crate) struct GoldenExample {
    pub(crate) profile_id: String,
    pub(crate) field: String,
    /// Masked; missing where nothing is said.
    pub(crate) before: Option<String>,
    /// Masked; missing where nothing is said.
    pub(crate) after: Option<String>,
}

impl From<Example> for GoldenExample {
    fn from(one: Example) -> Self {
        Self { profile_id: one.profile_id.to_string(), field: one.field, before: one.before, after: one.after }
    }
}

/// What rules change.
#[derive(Serialize, ToSchema)]
pub(crate) struct GoldenPreview {
    /// Customers who say something else.
    pub(crate) n_profiles: u64,
    /// How many, by field.
    pub(crate) fields: BTreeMap<String, u64>,
    /// Some of them.
    pub(crate) examples: Vec<GoldenExample>,
}

impl From<Preview> for GoldenPreview {
    fn from(preview: Preview) -> Self {
        Self {
            n_profiles: preview.n_profiles,
            fields: preview.fields,
            examples: preview.examples.into_iter().map(GoldenExample::from).collect(),
        }
    }
}

/// What rules would change, without putting them in force.
#[utoipa::path(post, path = "/api/v1/identity/golden/preview", request_body = TryGoldenRules,
    responses((status = 200, body = GoldenPreview), (status = 400, body = ErrorBody)))]
pub(super) async fn preview(
    app: Acting,
    body: Result<Json<TryGoldenRules>, JsonRejection>,
) -> ApiResult<Json<GoldenPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(engine::preview_golden(app.ctx(), &body.rules).await?.into()))
}

/// Rules to be put in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutGoldenRules {
    /// The version that the change was made from; another one is a conflict.
    version: i64,
    #[schema(value_type = Object)]
    rules: Rules,
}

/// What rules changed.
#[derive(Serialize, ToSchema)]
pub(super) struct GoldenDone {
    /// Version of the rules in force now.
    version: i64,
    changed: GoldenPreview,
}

/// Puts rules in force and makes anew everybody whom they change; says what changed.
#[utoipa::path(put, path = "/api/v1/identity/golden", request_body = PutGoldenRules,
    responses((status = 200, body = GoldenDone), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put(app: Acting, body: Result<Json<PutGoldenRules>, JsonRejection>) -> ApiResult<Json<GoldenDone>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let (version, changed) = engine::apply_golden(app.ctx(), &body.rules, Some(body.version), &app.actor()).await?;
    Ok(Json(GoldenDone { version, changed: changed.into() }))
}

/// Whose fields are traced.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LineageQuery {
    /// Customer.
    #[param(value_type = String)]
    profile_id: ProfileId,
}

/// What somebody states of a field.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldStatement {
    /// Empty for messages from before sources were kept.
    pub(crate) source: String,
    pub(crate) at: String,
    /// proven, loaded, unproven.
    pub(crate) standing: &'static str,
    /// Load that brought it; missing for messages.
    pub(crate) batch_id: Option<String>,
    /// Message that brought it; missing for loads.
    pub(crate) message_id: Option<String>,
    /// Masked; missing when it was taken away.
    pub(crate) value: Option<String>,
}

impl From<Statement> for FieldStatement {
    fn from(one: Statement) -> Self {
        Self {
            source: one.source,
            at: instant(one.at),
            standing: one.standing.as_str(),
            batch_id: one.batch_id.map(|id: BatchId| id.to_string()),
            message_id: one.message_id,
            value: one.value,
        }
    }
}

/// Why a field says what it says.
#[derive(Serialize, ToSchema)]
pub(crate) struct FieldOrigin {
    /// Attributes are `traits.<name>`.
    pub(crate) field: String,
    /// verified, newest, most_trusted, most_frequent.
    pub(crate) rule: &'static str,
    /// What stands, masked; missing when it was taken away.
    pub(crate) value: Option<String>,
    /// When it was corrected on behalf of the customer; then the correction holds.
    pub(crate) corrected_at: Option<String>,
    /// Statements that say something else.
    pub(crate) n_otherwise: u64,
    /// The one that stands, then the others, the newest first.
    pub(crate) statements: Vec<FieldStatement>,
}

impl From<FieldLineage> for FieldOrigin {
    fn from(one: FieldLineage) -> Self {
        Self {
            field: one.field,
            rule: one.by.as_str(),
            value: one.value,
            corrected_at: one.corrected_at.map(instant),
            n_otherwise: one.n_otherwise,
            statements: one.statements.into_iter().map(FieldStatement::from).collect(),
        }
    }
}

/// Why each field of a customer says what it says.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileLineage {
    pub(crate) profile_id: String,
    pub(crate) fields: Vec<FieldOrigin>,
}

impl From<Lineage> for ProfileLineage {
    fn from(lineage: Lineage) -> Self {
        let fields = lineage.fields.into_iter().map(FieldOrigin::from).collect();
        Self { profile_id: lineage.profile_id.to_string(), fields }
    }
}

/// Traces the fields of a customer back to who stated them.
#[utoipa::path(get, path = "/api/v1/identity/lineage", params(LineageQuery),
    responses((status = 200, body = ProfileLineage), (status = 404, body = ErrorBody)))]
pub(super) async fn lineage(
    app: Acting,
    query: Result<Query<LineageQuery>, QueryRejection>,
) -> ApiResult<Json<ProfileLineage>> {
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(engine::lineage(app.ctx(), query.profile_id).await?.into()))
}
