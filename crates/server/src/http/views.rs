//! `/api/v1/views`: what a page shows, kept for later.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::access::Role;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ViewId;
use zhike_engine::views::{self, NewView, View};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

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
pub(super) async fn list(app: Acting, query: Result<Query<ViewsQuery>, QueryRejection>) -> ApiResult<Json<ViewList>> {
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

impl PutView {
    fn of(self, app: &Acting) -> NewView {
        NewView { page: self.page, name: self.name, state: self.state, author: app.by().owner.clone() }
    }
}

/// Refuses to change what somebody else keeps; everybody may look at it.
async fn check_own(app: &Acting, id: ViewId) -> ApiResult<()> {
    let author = views::get(app.ctx(), id).await?.author;
    if author == app.by().owner || app.by().roles.contains(&Role::Admin) {
        return Ok(());
    }
    Err(ApiError::new(
        ErrorCode::NoPermission,
        format!("this view is kept by {author}, who can change it, as an administrator can: save one of your own"),
        format!("这个视图由 {author} 保存，只有其本人或管理员可以修改：请另存为自己的视图"),
    ))
}

/// Keeps a view. One without a name is listed nowhere, and the same state is kept once.
#[utoipa::path(post, path = "/api/v1/views", request_body = PutView,
    responses((status = 200, body = ViewBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn create(app: Acting, body: Result<Json<PutView>, JsonRejection>) -> ApiResult<Json<ViewBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(views::put(app.ctx(), None, body.of(&app)).await?.into()))
}

/// One view.
#[utoipa::path(get, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")),
    responses((status = 200, body = ViewBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<ViewId>, PathRejection>) -> ApiResult<Json<ViewBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(Json(views::get(app.ctx(), id).await?.into()))
}

/// Puts another state or name in place of a view's.
#[utoipa::path(put, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")), request_body = PutView,
    responses((status = 200, body = ViewBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn update(
    app: Acting,
    path: Result<Path<ViewId>, PathRejection>,
    body: Result<Json<PutView>, JsonRejection>,
) -> ApiResult<Json<ViewBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    check_own(&app, id).await?;
    Ok(Json(views::put(app.ctx(), Some(id), body.of(&app)).await?.into()))
}

/// Forgets a view.
#[utoipa::path(delete, path = "/api/v1/views/{view_id}", params(("view_id" = String, Path, description = "`viw_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn delete(app: Acting, path: Result<Path<ViewId>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    check_own(&app, id).await?;
    views::delete(app.ctx(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
