//! `/api/v1/views`: what a page shows, kept for later.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::id::ViewId;
use zhike_engine::views::{self, NewView, View};

use super::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use crate::output::instant;

/// Who keeps views, until there are accounts.
const AUTHOR: &str = "owner";

/// A view of a page.
#[derive(Serialize, ToSchema)]
#[schema(as = View)]
pub(super) struct ViewBody {
    view_id: String,
    page: String,
    /// Missing for one that only an address names.
    name: Option<String>,
    /// What the page shows.
    #[schema(value_type = Object)]
    state: serde_json::Value,
    author: String,
    created_at: String,
    updated_at: String,
}

impl From<View> for ViewBody {
    fn from(view: View) -> Self {
        Self {
            view_id: view.id.to_string(),
            page: view.page,
            name: view.name,
            state: view.state,
            author: view.author,
            created_at: instant(view.created_at),
            updated_at: instant(view.updated_at),
        }
    }
}

/// Views.
#[derive(Serialize, ToSchema)]
pub(super) struct ViewList {
    items: Vec<ViewBody>,
}

/// Which views.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ViewsQuery {
    /// Page: customers.
    page: String,
}

/// The named views of a page, by name.
#[utoipa::path(get, path = "/api/v1/views", params(ViewsQuery), responses((status = 200, body = ViewList)))]
pub(super) async fn list(
    State(app): State<App>,
    query: Result<Query<ViewsQuery>, QueryRejection>,
) -> ApiResult<Json<ViewList>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let items = views::list(app.ctx(), &query.page).await?;
    Ok(Json(ViewList { items: items.into_iter().map(ViewBody::from).collect() }))
}

/// A view to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutView {
    /// Page: customers.
    page: String,
    /// Name; none for one that only an address names.
    name: Option<String>,
    /// What the page shows, without personal data.
    #[schema(value_type = Object)]
    state: serde_json::Value,
}

impl From<PutView> for NewView {
    fn from(body: PutView) -> Self {
        Self { page: body.page, name: body.name, state: body.state, author: AUTHOR.into() }
    }
}

/// Keeps a view. One without a name is listed nowhere, and the same state is kept once.
#[utoipa::path(post, path = "/api/v1/views", request_body = PutView,
    responses((status = 200, body = ViewBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn create(
    State(app): State<App>,
    body: Result<Json<PutView>, JsonRejection>,
) -> ApiResult<Json<ViewBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(views::put(app.ctx(), None, body.into()).await?.into()))
}

/// One view.
#[utoipa::path(get, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")),
    responses((status = 200, body = ViewBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    State(app): State<App>,
    path: Result<Path<ViewId>, PathRejection>,
) -> ApiResult<Json<ViewBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(Json(views::get(app.ctx(), id).await?.into()))
}

/// Puts another state or name in place of a view's.
#[utoipa::path(put, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")), request_body = PutView,
    responses((status = 200, body = ViewBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn update(
    State(app): State<App>,
    path: Result<Path<ViewId>, PathRejection>,
    body: Result<Json<PutView>, JsonRejection>,
) -> ApiResult<Json<ViewBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(views::put(app.ctx(), Some(id), body.into()).await?.into()))
}

/// Forgets a view.
#[utoipa::path(delete, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn delete(State(app): State<App>, path: Result<Path<ViewId>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    views::delete(app.ctx(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
