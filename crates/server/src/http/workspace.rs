//! `GET /api/v1/workspace`, readiness, metrics.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use zhike_domain::error_code::ErrorCode;
use zhike_engine::{keys, overview, sources};

use super::App;
use super::error::{ApiError, ApiResult};
use super::profiles::day;
use super::who::Acting;

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
    /// Whether keys of people's data are disabled: what needs a personal value fails until they are enabled.
    keys_disabled: bool,
}

/// What the workspace is and holds.
#[utoipa::path(get, path = "/api/v1/workspace", responses((status = 200, body = WorkspaceBody)))]
pub(super) async fn show(app: Acting) -> ApiResult<Json<WorkspaceBody>> {
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
        keys_disabled: !keys::disabled(app.ctx())?.is_empty(),
    }))
}

/// Readiness: whether the stores answer and events become rows.
pub(super) async fn ready(State(app): State<App>) -> ApiResult<&'static str> {
    overview::holdings(app.ctx()).await?;
    if let Some(trouble) = app.ingestion().trouble() {
        return Err(ApiError::new(
            ErrorCode::Unavailable,
            format!("events are stored, but do not become rows: {trouble}"),
            format!("事件已安全保存，但暂时没有入表：{trouble}"),
        ));
    }
    Ok("ready")
}

/// Counters in the Prometheus text form.
pub(super) async fn metrics(app: Acting) -> ApiResult<([(&'static str, &'static str); 1], String)> {
    let held = overview::holdings(app.ctx()).await?;
    let health = sources::health(app.ctx()).await?;
    let lag = health.iter().map(|health| health.lag_seconds).fold(0.0, f64::max);
    let counts = &app.collector().counts;
    let n = |count: &AtomicU64| count.load(Ordering::Relaxed).to_string();
    let mut text = String::new();
    let mut add = |name: &str, kind: &str, help: &str, value: String| {
        text.push_str(&format!("# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n"));
    };
    add("zhike_profiles", "gauge", "Customers with an identity.", held.n_profiles.to_string());
    add("zhike_orders", "gauge", "Rows of the table orders.", held.n_orders.to_string());
    add("zhike_collect_requests_total", "counter", "Requests to collection.", n(&counts.n_requests));
    add("zhike_collect_refused_total", "counter", "Requests refused for good (4xx).", n(&counts.n_refused));
    add("zhike_collect_deferred_total", "counter", "Requests told to come again (429, 503).", n(&counts.n_deferred));
    add("zhike_events_accepted_total", "counter", "Records acknowledged as durable.", n(&counts.n_accepted));
    add("zhike_events_rejected_total", "counter", "Records set aside with a reason.", n(&counts.n_rejected));
    let in_flight = app.collector().bytes_in_flight().to_string();
    add("zhike_collect_in_flight_bytes", "gauge", "Bodies that are being read or stored.", in_flight);
    add(
        "zhike_ingest_lag_seconds",
        "gauge",
        "Age of the oldest record that is not in the tables yet.",
        lag.to_string(),
    );
    for (alert, name, help) in [
        ("silent", "zhike_sources_silent", "Sources that sent within the week and have sent nothing for three hours."),
        ("volume", "zhike_sources_odd_volume", "Sources whose last full hour left their usual band."),
    ] {
        let n_sources = health.iter().filter(|health| health.alert.as_deref() == Some(alert)).count();
        add(name, "gauge", help, n_sources.to_string());
    }
    let is_up = u8::from(app.ingestion().trouble().is_none()).to_string();
    add("zhike_ingest_up", "gauge", "Whether events become rows.", is_up);
    Ok(([("content-type", "text/plain; version=0.0.4; charset=utf-8")], text))
}
