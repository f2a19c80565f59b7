//! `/api/v1/bindings`: codes that tie a member or a visit to whoever scans them.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::collect::binding::Visit;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{BindingId, ProfileId};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::bindings::{self, Binding, NewBinding, Target};

use super::error::{ApiError, ApiResult};
use super::who::Acting;
use crate::output::instant;

/// Codes that a list shows.
pub(crate) const N_LISTED: usize = 100;

/// A code.
#[derive(Serialize, ToSchema)]
#[schema(as = Binding)]
pub(crate) struct BindingBody {
    binding_id: String,
    /// member, store.
    kind: String,
    /// waiting, taken (stored, on its way into the tables), bound, expired, revoked.
    state: String,
    /// Source whose visitors are bound.
    source: String,
    /// The member's profile when the code was made.
    profile_id: Option<String>,
    store_id: Option<String>,
    campaign_id: Option<String>,
    /// Table, counter, shelf.
    place: Option<String>,
    redirect_url: Option<String>,
    max_uses: i64,
    n_uses: i64,
    /// Uses that are in the tables.
    n_bound: i64,
    created_at: String,
    created_by: String,
    expires_at: String,
    revoked_at: Option<String>,
    used_at: Option<String>,
    bound_at: Option<String>,
}

impl From<Binding> for BindingBody {
    fn from(binding: Binding) -> Self {
        let row = binding.row;
        Self {
            binding_id: BindingId::new(row.binding_id).to_string(),
            kind: row.kind,
            state: binding.state.as_str().to_owned(),
            source: binding.source,
            profile_id: row.profile_id.map(|profile| ProfileId::new(profile).to_string()),
            store_id: row.store_id,
            campaign_id: row.campaign_id,
            place: row.place,
            redirect_url: row.redirect_url,
            max_uses: row.max_uses,
            n_uses: row.n_uses,
            n_bound: row.n_bound,
            created_at: instant(row.created_at),
            created_by: row.created_by,
            expires_at: instant(row.expires_at),
            revoked_at: row.revoked_at.map(instant),
            used_at: row.used_at.map(instant),
            bound_at: row.bound_at.map(instant),
        }
    }
}

impl BindingBody {
    /// Names of [`Self::row`].
    pub(crate) const HEADER: [&str; 8] =
        ["binding_id", "kind", "state", "for", "source", "uses", "expires_at", "created_at"];

    /// What a list shows.
    pub(crate) fn row(&self) -> [String; 8] {
        [
            self.binding_id.clone(),
            self.kind.clone(),
            self.state.clone(),
            self.profile_id.clone().or_else(|| self.store_id.clone()).unwrap_or_default(),
            self.source.clone(),
            format!("{}/{}", self.n_uses, self.max_uses),
            self.expires_at.clone(),
            self.created_at.clone(),
        ]
    }
}

/// A code with its link, which may be scanned by whoever sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct BindingLink {
    pub(crate) binding: BindingBody,
    /// What the code holds.
    pub(crate) link: String,
}

/// The link of a token.
pub(crate) fn link(public_url: &str, token: &str) -> String {
    format!("{}/b/{token}", public_url.trim_end_matches('/'))
}

/// The newest codes.
#[derive(Serialize, ToSchema)]
pub(super) struct BindingList {
    items: Vec<BindingBody>,
}

/// Somebody known, by an id of theirs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IdentityBody {
    /// Any kind when absent.
    kind: Option<String>,
    value: String,
}

/// A code to be made: for one of `identity`, `profile_id`, `store_id`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateBinding {
    identity: Option<IdentityBody>,
    profile_id: Option<String>,
    store_id: Option<String>,
    campaign_id: Option<String>,
    place: Option<String>,
    /// Name or id of the source whose visitors are bound; not needed while there is one only.
    source: Option<String>,
    /// Seconds until it ends: 10 minutes for a member, 90 days for a store when absent.
    expires_s: Option<i64>,
    /// How often it may be used: once for a member, 100,000 times for a store when absent.
    max_uses: Option<i64>,
    /// Where to go after the scan: https, at an origin of the source.
    redirect_url: Option<String>,
}

/// The kind of a name.
pub(crate) fn kind_of(name: &str) -> Result<IdentityKind, zhike_engine::Error> {
    IdentityKind::parse(name).ok_or_else(|| {
        let names = IdentityKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
        zhike_engine::Error::new(
            ErrorCode::BadRequest,
            format!("{name:?} is no kind of id; these are: {names}"),
            format!("没有 {name} 这种标识；可用的有：{names}"),
        )
    })
}

impl CreateBinding {
    fn target(&mut self) -> ApiResult<Target> {
        let found = (self.identity.take(), self.profile_id.take(), self.store_id.take());
        Ok(match found {
            (Some(identity), None, None) => Target::Identity {
                kind: identity.kind.as_deref().map(kind_of).transpose()?,
                value: Sensitive::new(identity.value),
            },
            (None, Some(profile), None) => Target::Profile(
                profile
                    .parse()
                    .map_err(|_| ApiError::new(ErrorCode::NotFound, "there is no such customer", "没有这位客户"))?,
            ),
            (None, None, Some(store_id)) => {
                Target::Visit(Visit { store_id, campaign_id: self.campaign_id.take(), place: self.place.take() })
            }
            _ => {
                return Err(ApiError::new(
                    ErrorCode::BadRequest,
                    "say what the code is for: one of identity, profile_id, store_id",
                    "请指明二维码的用途：identity、profile_id、store_id 三选一",
                ));
            }
        })
    }
}

/// How clients reach this server: as configured, else as the console does.
fn public_url(app: &Acting, headers: &HeaderMap) -> String {
    app.collector().public_url.clone().unwrap_or_else(|| {
        let host = headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
        format!("http://{host}")
    })
}

/// Makes a code.
#[utoipa::path(
    post,
    path = "/api/v1/bindings",
    request_body = CreateBinding,
    responses((status = 200, body = BindingLink), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn create(
    app: Acting,
    headers: HeaderMap,
    body: Result<Json<CreateBinding>, JsonRejection>,
) -> ApiResult<Json<BindingLink>> {
    let Json(mut body) = body.map_err(ApiError::from)?;
    let target = body.target()?;
    let new = NewBinding {
        target,
        source: body.source,
        expires_s: body.expires_s,
        max_uses: body.max_uses,
        redirect_url: body.redirect_url,
        actor: app.actor(),
    };
    let (binding, token) = bindings::create(app.ctx(), new).await?;
    Ok(Json(BindingLink { binding: binding.into(), link: link(&public_url(&app, &headers), &token) }))
}

/// The newest codes.
#[utoipa::path(get, path = "/api/v1/bindings", responses((status = 200, body = BindingList)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<BindingList>> {
    let items = bindings::list(app.ctx(), N_LISTED).await?;
    Ok(Json(BindingList { items: items.into_iter().map(BindingBody::from).collect() }))
}

/// The id of a path.
pub(crate) fn id_of(text: &str) -> Result<BindingId, zhike_engine::Error> {
    text.parse().map_err(|_| {
        zhike_engine::Error::new(
            ErrorCode::NotFound,
            format!("there is no code {text:?}"),
            format!("没有二维码 {text}"),
        )
    })
}

/// One code with its link.
#[utoipa::path(
    get,
    path = "/api/v1/bindings/{binding_id}",
    params(("binding_id" = String, Path)),
    responses((status = 200, body = BindingLink), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn show(
    app: Acting,
    headers: HeaderMap,
    path: Result<Path<String>, PathRejection>,
) -> ApiResult<Json<BindingLink>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let (binding, token) = bindings::show(app.ctx(), id_of(&id)?).await?;
    Ok(Json(BindingLink { binding: binding.into(), link: link(&public_url(&app, &headers), &token) }))
}

/// Withdraws a code; again it changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/bindings/{binding_id}/revoke",
    params(("binding_id" = String, Path)),
    responses((status = 200, body = BindingBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn revoke(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<BindingBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(Json(bindings::revoke(app.ctx(), id_of(&id)?, &app.actor()).await?.into()))
}
