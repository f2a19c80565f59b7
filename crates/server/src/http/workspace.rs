//! `GET /api/v1/workspace`, readiness, metrics.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use zhike_engine::overview;

use super::App;
use super::error::ApiResult;
use super::profiles::day;

/// What the workspace is and holds.
#[derive(Serialize, ToSchema)]
#[schema(as = Workspace)]
pub(super) struct WorkspaceBody {
    name: String,
    currency: String,
    zone: String,
    version: &'static str,
    data_from: Option<String>,
    data_to: Option<String>,
    /// Day of the newest refresh.
    as_of: Option<String>,
    refreshed_at: Option<String>,
    n_profiles: u64,
    n_orders: u64,
}

/// What the workspace is and holds.
#[utoipa::path(get, path = "/api/v1/workspace", responses((status = 200, body = WorkspaceBody)))]
pub(super) async fn show(State(app): State<App>) -> ApiResult<Json<WorkspaceBody>> {
    let settings = app.ctx().workspace();
    let held = overview::holdings(app.ctx()).await?;
    Ok(Json(WorkspaceBody {
        name: settings.name,
        currency: settings.currency,
        zone: settings.zone,
        version: env!("CARGO_PKG_VERSION"),
        data_from: held.data_from.map(day),
        data_to: held.data_to.map(day),
        as_of: held.as_of.map(day),
        refreshed_at: held.refreshed_at.map(crate::output::instant),
        n_profiles: held.n_profiles,
        n_orders: held.n_orders,
    }))
}

/// 200 when state and lake answer.
pub(super) async fn ready(State(app): State<App>) -> ApiResult<&'static str> {
    overview::holdings(app.ctx()).await?;
    Ok("ready")
}

/// Counters in the Prometheus text form.
pub(super) async fn metrics(State(app): State<App>) -> ApiResult<String> {
    let held = overview::holdings(app.ctx()).await?;
    Ok(format!(
        "# HELP zhike_profiles Customers with an identity.\n# TYPE zhike_profiles gauge\nzhike_profiles {}\n\
         # HELP zhike_orders Rows of the table orders.\n# TYPE zhike_orders gauge\nzhike_orders {}\n",
        held.n_profiles, held.n_orders
    ))
}
