//! `/api/v1/incident-hooks` and `/api/v1/alert-hooks`: who is told of incidents, and who of alerts.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::hooks::{self, Hook, Topic};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::outbound::{Outbound, Trouble};
use crate::output::instant;

/// An address that is told.
#[derive(Serialize, ToSchema)]
#[schema(as = Hook)]
pub(crate) struct HookBody {
    /// By what it is named when it is to stay.
    hook_id: String,
    /// Masked: its host.
    pub(crate) url: String,
    /// delivered, refused, unreachable, status_500 …; sending while it is under way; nothing was sent when absent.
    pub(crate) last_outcome: Option<String>,
    pub(crate) last_tried_at: Option<String>,
    /// When it is tried again; absent when it arrived or was given up.
    next_try_at: Option<String>,
    n_tries: i64,
}

impl From<Hook> for HookBody {
    fn from(hook: Hook) -> Self {
        let last = hook.last;
        Self {
            hook_id: hook.id,
            url: hook.url,
            last_outcome: last.as_ref().map(|row| row.outcome.clone()),
            last_tried_at: last.as_ref().map(|row| instant(row.tried_at)),
            next_try_at: last.as_ref().and_then(|row| row.next_at).map(instant),
            n_tries: last.as_ref().map_or(0, |row| row.n_tries),
        }
    }
}

/// Addresses that are told.
#[derive(Serialize, ToSchema)]
pub(super) struct Hooks {
    items: Vec<HookBody>,
    /// Signs notices (HMAC-SHA-256); shown once, when addresses are set.
    secret: Option<String>,
}

/// Other addresses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutHooks {
    /// `https://…`; those of before that are not kept go.
    #[schema(value_type = Vec<String>)]
    urls: Vec<Sensitive<String>>,
    /// Ids of those in force that stay.
    #[serde(default)]
    kept: Vec<String>,
}

/// Whether each address may be reached at all, as far as it says itself.
pub(crate) fn check(outbound: &Outbound, urls: &[Sensitive<String>]) -> Result<(), ApiError> {
    for url in urls {
        if let Err(why) = outbound.target(url.expose()) {
            return Err(Trouble::from(why).into());
        }
    }
    Ok(())
}

impl From<Trouble> for ApiError {
    fn from(trouble: Trouble) -> Self {
        let (en, zh) = trouble.words();
        Self::new(trouble.code(), en, zh)
    }
}

async fn listed(app: &Acting, topic: Topic, secret: Option<Sensitive<String>>) -> ApiResult<Json<Hooks>> {
    let items = hooks::list(app.ctx(), topic).await?.into_iter().map(HookBody::from).collect();
    Ok(Json(Hooks { items, secret: secret.map(|secret| secret.expose().clone()) }))
}

async fn replaced(app: &Acting, topic: Topic, body: Result<Json<PutHooks>, JsonRejection>) -> ApiResult<Json<Hooks>> {
    let Json(body) = body.map_err(ApiError::from)?;
    check(app.outbound(), &body.urls)?;
    let secret = hooks::set(app.ctx(), app.by(), topic, &body.kept, &body.urls).await?;
    listed(app, topic, secret).await
}

async fn tried(app: &Acting, topic: Topic) -> ApiResult<Json<Hooks>> {
    let notices = hooks::trial(app.ctx(), app.by(), topic).await?;
    crate::hooks::deliver(app.ctx(), app.outbound(), notices).await?;
    listed(app, topic, None).await
}

/// The addresses that are told of incidents, masked, each with what came of the last notice.
#[utoipa::path(get, path = "/api/v1/incident-hooks", responses((status = 200, body = Hooks)))]
pub(super) async fn of_incidents(app: Acting) -> ApiResult<Json<Hooks>> {
    listed(&app, Topic::Incidents, None).await
}

/// Puts other addresses in force, with a new secret; new ones are told of incidents that open from now on.
#[utoipa::path(put, path = "/api/v1/incident-hooks", request_body = PutHooks,
    responses((status = 200, body = Hooks), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(super) async fn put_of_incidents(
    app: Acting,
    body: Result<Json<PutHooks>, JsonRejection>,
) -> ApiResult<Json<Hooks>> {
    replaced(&app, Topic::Incidents, body).await
}

/// Sends a notice of no incident to every address, and says what came of it.
#[utoipa::path(post, path = "/api/v1/incident-hooks/test",
    responses((status = 200, body = Hooks), (status = 409, body = ErrorBody)))]
pub(super) async fn test_of_incidents(app: Acting) -> ApiResult<Json<Hooks>> {
    tried(&app, Topic::Incidents).await
}

/// The addresses that are told of alerts, masked, each with what came of the last notice.
#[utoipa::path(get, path = "/api/v1/alert-hooks", responses((status = 200, body = Hooks)))]
pub(super) async fn of_alerts(app: Acting) -> ApiResult<Json<Hooks>> {
    listed(&app, Topic::Alerts, None).await
}

/// Puts other addresses in force, with a new secret; new ones are told of alerts that are raised from now on.
#[utoipa::path(put, path = "/api/v1/alert-hooks", request_body = PutHooks,
    responses((status = 200, body = Hooks), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(super) async fn put_of_alerts(app: Acting, body: Result<Json<PutHooks>, JsonRejection>) -> ApiResult<Json<Hooks>> {
    replaced(&app, Topic::Alerts, body).await
}

/// Sends a notice of no alert to every address, and says what came of it.
#[utoipa::path(post, path = "/api/v1/alert-hooks/test",
    responses((status = 200, body = Hooks), (status = 409, body = ErrorBody)))]
pub(super) async fn test_of_alerts(app: Acting) -> ApiResult<Json<Hooks>> {
    tried(&app, Topic::Alerts).await
}
