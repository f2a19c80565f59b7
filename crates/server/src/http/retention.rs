//! `/api/v1/retention`: how long what is kept, holds, and the purge.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::id::ProfileId;
use zhike_domain::retention::{Basis, Class, Rule, Then};
use zhike_engine::retention::{self, PurgeReport};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::requests::word;
use super::who::Acting;
use crate::output::instant;

/// How long a class is kept.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionRule)]
pub(crate) struct RuleBody {
    /// orders, events, feedback, touches, quarantine, audit.
    pub(crate) class: String,
    /// Days from when it happened.
    pub(crate) days: i64,
    /// legal_duty, contract, consent, operation.
    pub(crate) basis: String,
    /// The law or contract, in words.
    pub(crate) source: String,
    /// purge, anonymise, keep.
    pub(crate) then: String,
    /// Whether it happens by itself, once a day.
    pub(crate) is_on: bool,
}

impl From<Rule> for RuleBody {
    fn from(rule: Rule) -> Self {
        Self {
            class: rule.class.as_str().to_owned(),
            days: rule.days,
            basis: rule.basis.as_str().to_owned(),
            source: rule.source,
            then: rule.then.as_str().to_owned(),
            is_on: rule.is_on,
        }
    }
}

impl RuleBody {
    pub(crate) fn rule(self) -> Result<Rule, (String, String)> {
        Ok(Rule {
            class: class(&self.class)?,
            days: self.days,
            basis: word(Basis::parse(&self.basis), &Basis::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>())?,
            source: self.source,
            then: word(Then::parse(&self.then), &Then::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>())?,
            is_on: self.is_on,
        })
    }
}

/// Reads a class.
pub(crate) fn class(text: &str) -> Result<Class, (String, String)> {
    word(Class::parse(text), &Class::ALL.iter().map(|one| one.as_str()).collect::<Vec<_>>())
}

fn bad((en, zh): (String, String)) -> ApiError {
    ApiError::new(zhike_domain::error_code::ErrorCode::BadRequest, en, zh)
}

/// Something that must not be erased or purged.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hold {
    pub(crate) hold_id: String,
    pub(crate) class: Option<String>,
    pub(crate) profile_id: Option<String>,
    pub(crate) reason: String,
    pub(crate) author: String,
    pub(crate) set_at: String,
    pub(crate) lifted_at: Option<String>,
}

/// What a purge did to one table.
#[derive(Serialize, ToSchema)]
pub(crate) struct PurgeLine {
    pub(crate) class: String,
    pub(crate) table: String,
    pub(crate) then: String,
    pub(crate) before: String,
    pub(crate) n_gone: u64,
    pub(crate) n_nameless: u64,
    pub(crate) is_held: bool,
    /// The file in which the rows are kept elsewhere.
    pub(crate) archive: Option<String>,
}

/// What a purge did, or would do; the lines add up.
#[derive(Serialize, ToSchema)]
pub(crate) struct Purge {
    pub(crate) lines: Vec<PurgeLine>,
    pub(crate) n_gone: u64,
    pub(crate) n_nameless: u64,
}

impl From<PurgeReport> for Purge {
    fn from(report: PurgeReport) -> Self {
        let line = |line: retention::PurgeLine| PurgeLine {
            class: line.class.as_str().to_owned(),
            table: line.table,
            then: line.then.as_str().to_owned(),
            before: instant(line.before),
            n_gone: line.n_gone,
            n_nameless: line.n_nameless,
            is_held: line.is_held,
            archive: line.archive,
        };
        Self {
            lines: report.lines.into_iter().map(line).collect(),
            n_gone: report.n_gone,
            n_nameless: report.n_nameless,
        }
    }
}

/// A run of the purge.
#[derive(Serialize, ToSchema)]
pub(crate) struct PurgeRun {
    actor: String,
    at: String,
    n_gone: u64,
    n_nameless: u64,
}

/// Rules, holds, what a purge would do, and the last runs.
#[derive(Serialize, ToSchema)]
pub(super) struct Retention {
    rules: Vec<RuleBody>,
    holds: Vec<Hold>,
    preview: Purge,
    runs: Vec<PurgeRun>,
}

fn hold_body(row: zhike_engine::retention::HoldRow) -> Hold {
    Hold {
        hold_id: row.hold_id.to_string(),
        class: row.class,
        profile_id: row.profile_id.map(|id| ProfileId::new(id).to_string()),
        reason: row.reason,
        author: row.author,
        set_at: instant(row.set_at),
        lifted_at: row.lifted_at.map(instant),
    }
}

/// Rules, holds, what a purge would do, and the last runs.
#[utoipa::path(get, path = "/api/v1/retention", responses((status = 200, body = Retention)))]
pub(super) async fn show(app: Acting) -> ApiResult<Json<Retention>> {
    let ctx = app.ctx();
    let runs = retention::runs(ctx, 20).await?.into_iter().map(|(actor, at, report)| PurgeRun {
        actor,
        at: instant(at),
        n_gone: report.n_gone,
        n_nameless: report.n_nameless,
    });
    Ok(Json(Retention {
        rules: retention::rules(ctx).await?.into_iter().map(RuleBody::from).collect(),
        holds: retention::holds(ctx).await?.into_iter().map(hold_body).collect(),
        preview: retention::preview(ctx).await?.into(),
        runs: runs.collect(),
    }))
}

/// Sets the rule of a class.
#[utoipa::path(put, path = "/api/v1/retention/rules", request_body = RuleBody,
    responses((status = 200, body = RuleBody), (status = 422, body = ErrorBody)))]
pub(super) async fn put_rule(app: Acting, body: Result<Json<RuleBody>, JsonRejection>) -> ApiResult<Json<RuleBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(retention::set(app.ctx(), body.rule().map_err(bad)?, &app.actor()).await?.into()))
}

/// A hold to be set: on a customer or on a class of data.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHold {
    class: Option<String>,
    /// `prf_…`
    #[schema(value_type = Option<String>)]
    profile_id: Option<ProfileId>,
    reason: String,
}

/// Keeps a customer's data, or a class of data, from being erased or purged.
#[utoipa::path(post, path = "/api/v1/retention/holds", request_body = NewHold,
    responses((status = 200, body = Hold), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn hold(app: Acting, body: Result<Json<NewHold>, JsonRejection>) -> ApiResult<Json<Hold>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let class = body.class.as_deref().map(class).transpose().map_err(bad)?;
    let row = retention::hold(app.ctx(), class, body.profile_id, &body.reason, &app.actor()).await?;
    Ok(Json(hold_body(row)))
}

/// Lifts a hold.
#[utoipa::path(delete, path = "/api/v1/retention/holds/{hold_id}",
    params(("hold_id" = String, Path, description = "as listed")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn lift(app: Acting, path: Result<Path<i64>, PathRejection>) -> ApiResult<axum::http::StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    retention::lift(app.ctx(), id, &app.actor()).await?;
    Ok(axum::http::StatusCode::NO_CONTENT)
}

/// Lets go of what is over, by the rules.
#[utoipa::path(post, path = "/api/v1/retention/purge", responses((status = 200, body = Purge)))]
pub(super) async fn purge(app: Acting) -> ApiResult<Json<Purge>> {
    Ok(Json(retention::run(app.ctx(), &app.actor()).await?.into()))
}
