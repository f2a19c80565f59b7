//! `/api/v1/incident-hooks`: who is told of incidents.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::hooks::{self, Hook};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::outbound::{Outbound, Trouble};
use crate::output::instant;

/// An address that is told of incidents.
#[derive(Serialize, ToSchema)]
#[schema(as = IncidentHook)]
pub(crate) struct HookBody {
    pub(crate) url: String,
    /// delivered, refused, unreachable, status_500 …; nothing was sent when absent.
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
            url: hook.url.expose().clone(),
            last_outcome: last.as_ref().map(|row| row.outcome.clone()),
            last_tried_at: last.as_ref().map(|row| instant(row.tried_at)),
            next_try_at: last.as_ref().and_then(|row| row.next_at).map(instant),
            n_tries: last.as_ref().map_or(0, |row| row.n_tries),
        }
    }
}

/// Addresses that are told of incidents.
#[derive(Serialize, ToSchema)]
pub(super) struct IncidentHooks {
    items: Vec<HookBody>,
    /// Signs notices (HMAC-SHA-256); shown once, when addresses are set.
    secret: Option<String>,
}

/// The addresses in force, each with what came of the last notice.
#[utoipa::path(get, path = "/api/v1/incident-hooks", responses((status = 200, body = IncidentHooks)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<IncidentHooks>> {
    let items = hooks::list(app.ctx()).await?.into_iter().map(HookBody::from).collect();
    Ok(Json(IncidentHooks { items, secret: None }))
}

/// Other addresses.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutIncidentHooks {
    /// `https://…`; none takes all away.
    #[schema(value_type = Vec<String>)]
    urls: Vec<Sensitive<String>>,
}

/// Whether each address may be reached at all, as far as it says itself.
pub(crate) fn check(outbound: &Outbound, urls: &[Sensitive<String>]) -> Result<(), ApiError> {
    for url in urls {
        if let Err(why) = outbound.target(url.expose(), None) {
            let (en, zh) = Trouble::from(why).words();
            return Err(ApiError::new(Trouble::from(why).code(), en, zh));
        }
    }
    Ok(())
}

/// Puts other addresses in force, with a new secret; incidents that open from now on are told to them.
#[utoipa::path(put, path = "/api/v1/incident-hooks", request_body = PutIncidentHooks,
    responses((status = 200, body = IncidentHooks), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn put(
    app: Acting,
    body: Result<Json<PutIncidentHooks>, JsonRejection>,
) -> ApiResult<Json<IncidentHooks>> {
    let Json(body) = body.map_err(ApiError::from)?;
    check(app.outbound(), &body.urls)?;
    let secret = hooks::set(app.ctx(), app.by(), &body.urls).await?;
    let items = hooks::list(app.ctx()).await?.into_iter().map(HookBody::from).collect();
    Ok(Json(IncidentHooks { items, secret: secret.map(|secret| secret.expose().clone()) }))
}

/// Sends a notice of no incident to every address, and says what came of it.
#[utoipa::path(post, path = "/api/v1/incident-hooks/test",
    responses((status = 200, body = IncidentHooks), (status = 409, body = ErrorBody)))]
pub(super) async fn test(app: Acting) -> ApiResult<Json<IncidentHooks>> {
    let notices = hooks::trial(app.ctx(), app.by()).await?;
    crate::hooks::deliver(app.ctx(), app.outbound(), notices).await?;
    list(app).await
}
