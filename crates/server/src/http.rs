//! The routes: every one is listed here once.

pub(crate) mod bindings;
pub(crate) mod collect;
pub(crate) mod consents;
mod csp;
mod customers;
mod error;
mod exports;
mod guard;
pub(crate) mod history;
mod imports;
pub(crate) mod kpis;
pub(crate) mod listen;
mod live;
mod lookup;
mod overview;
mod person;
pub(crate) mod profiles;
mod quality;
mod quarantine;
mod repeat;
pub(crate) mod requests;
mod rfm;
mod schema;
pub(crate) mod segments;
pub(crate) mod sources;
pub(crate) mod tags;
mod uploads;
mod views;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zhike_engine::Ctx;

use crate::exports::Exports;
use crate::ingestion::Ingestion;
use crate::jobs::Loads;
use collect::Collector;
use repeat::Answered;
use uploads::Uploads;

/// Largest JSON body.
const MAX_JSON_BYTES: usize = 8 << 20;

/// What handlers need.
#[derive(Clone)]
pub(crate) struct App(Arc<AppInner>);

struct AppInner {
    ctx: Ctx,
    jobs: Loads,
    exports: Exports,
    uploads: Uploads,
    collector: Collector,
    ingestion: Ingestion,
    answered: Answered,
    stopping: watch::Receiver<bool>,
}

impl App {
    /// `stopping` turns true when the server is to end; answers that would go on for ever end then.
    pub(crate) fn new(ctx: Ctx, collector: Collector, stopping: watch::Receiver<bool>) -> Self {
        let uploads = Uploads::new(&ctx.dir().join("uploads"));
        let (jobs, ingestion) = (Loads::default(), Ingestion::default());
        let exports = Exports::new(&ctx.dir().join("exports"));
        let answered = Answered::default();
        Self(Arc::new(AppInner { ctx, jobs, exports, uploads, collector, ingestion, answered, stopping }))
    }

    fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }

    fn jobs(&self) -> &Loads {
        &self.0.jobs
    }

    fn exports(&self) -> &Exports {
        &self.0.exports
    }

    fn uploads(&self) -> &Uploads {
        &self.0.uploads
    }

    fn collector(&self) -> &Collector {
        &self.0.collector
    }

    /// What is known of the loop that takes events from the log into the tables.
    pub(crate) fn ingestion(&self) -> &Ingestion {
        &self.0.ingestion
    }

    /// Answers to writes that carried a key.
    fn answered(&self) -> &Answered {
        &self.0.answered
    }

    fn stopping(&self) -> watch::Receiver<bool> {
        self.0.stopping.clone()
    }
}

#[derive(OpenApi)]
#[openapi(info(title = "Zhike API", description = "Customer data platform", license(name = "Apache-2.0")))]
struct ApiDoc;

fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(workspace::show))
        .routes(routes!(overview::show))
        .routes(routes!(customers::list))
        .routes(routes!(customers::query))
        .routes(routes!(customers::columns))
        .routes(routes!(profiles::search))
        .routes(routes!(lookup::many))
        .routes(routes!(profiles::show))
        .routes(routes!(profiles::orders))
        .routes(routes!(person::timeline))
        .routes(routes!(person::segments))
        .routes(routes!(person::acts))
        .routes(routes!(person::reveal))
        .routes(routes!(rfm::show))
        .routes(routes!(quality::show))
        .routes(routes!(imports::list, imports::start))
        .routes(routes!(imports::show))
        .routes(routes!(imports::job))
        .routes(routes!(uploads::guess))
        .routes(routes!(quarantine::list))
        .routes(routes!(quarantine::reveal))
        .routes(routes!(quarantine::replay))
        .routes(routes!(sources::list, sources::create))
        .routes(routes!(sources::show, sources::update))
        .routes(routes!(sources::rotate_key))
        .routes(routes!(live::show))
        .routes(routes!(bindings::list, bindings::create))
        .routes(routes!(bindings::show))
        .routes(routes!(bindings::revoke))
        .routes(routes!(segments::list, segments::create))
        .routes(routes!(segments::preview))
        .routes(routes!(segments::matching))
        .routes(routes!(segments::overlap))
        .routes(routes!(segments::show, segments::update))
        .routes(routes!(segments::count))
        .routes(routes!(segments::refresh))
        .routes(routes!(segments::members))
        .routes(routes!(segments::why))
        .routes(routes!(segments::sizes))
        .routes(routes!(segments::compare))
        .routes(routes!(exports::start))
        .routes(routes!(exports::show, exports::cancel))
        .routes(routes!(exports::file))
        .routes(routes!(views::list, views::create))
        .routes(routes!(views::show, views::update, views::delete))
        .routes(routes!(tags::list, tags::create))
        .routes(routes!(tags::preview))
        .routes(routes!(tags::declare))
        .routes(routes!(tags::packs, tags::choose_packs))
        .routes(routes!(tags::show, tags::retire))
        .routes(routes!(tags::refresh))
        .routes(routes!(tags::why))
        .routes(routes!(tags::of, tags::put))
        .routes(routes!(history::days, history::compute))
        .routes(routes!(history::moves))
        .routes(routes!(history::movers))
        .routes(routes!(history::changes))
        .routes(routes!(history::of_profile))
        .routes(routes!(kpis::list))
        .routes(routes!(kpis::show))
        .routes(routes!(kpis::behind))
        .routes(routes!(kpis::put_goal, kpis::remove_goal))
        .routes(routes!(consents::purposes, consents::put_purpose))
        .routes(routes!(consents::summary, consents::record_many))
        .routes(routes!(consents::of, consents::record))
        .routes(routes!(requests::list, requests::enter))
        .routes(routes!(requests::show))
        .routes(routes!(requests::check))
        .routes(routes!(requests::carry_out))
        .routes(routes!(requests::refuse))
        .layer(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .merge(OpenApiRouter::new().routes(routes!(uploads::create)).layer(uploads::limit()))
        .split_for_parts();
    schema::name_operations(&mut document);
    schema::all_required(&mut document);
    (router, document)
}

/// The OpenAPI document.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    api().1
}

/// All routes with their layers.
pub(crate) fn router(app: App) -> Router {
    let (api, document) = api();
    let document = Arc::new(document.to_json().unwrap_or_default());
    let api = api
        .route(
            "/api/openapi.json",
            get(move || async move { ([("content-type", "application/json")], document.to_string()) }),
        )
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(workspace::ready))
        .route("/metrics", get(workspace::metrics))
        .fallback(crate::console::serve);
    let guarded = api
        .with_state(app.clone())
        .layer(middleware::from_fn(repeat::tag))
        .layer(middleware::from_fn_with_state(app.clone(), repeat::once))
        .layer(middleware::from_fn(guard::check))
        .layer(middleware::from_fn(csp::headers));
    wrapped(guarded.layer(middleware::from_fn_with_state(app, collect::intercept)))
}

/// What may be reached from other machines: collection, and whether the server lives.
pub(crate) fn public_router(app: App) -> Router {
    let public = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(workspace::ready))
        .fallback(|| async { not_found() })
        .with_state(app.clone())
        .layer(middleware::from_fn(csp::headers));
    wrapped(public.layer(middleware::from_fn_with_state(app, collect::intercept)))
}

/// What every request passes.
fn wrapped(router: Router) -> Router {
    router
        .layer(CatchPanicLayer::custom(error::panicked))
        .layer(PropagateRequestIdLayer::x_request_id())
        .layer(TraceLayer::new_for_http().make_span_with(guard::span))
        .layer(SetRequestIdLayer::x_request_id(MakeRequestUuid))
}

/// The answer where nothing is.
pub(crate) fn not_found() -> axum::response::Response {
    use axum::response::IntoResponse;
    let code = zhike_domain::error_code::ErrorCode::NotFound;
    error::ApiError::new(code, "there is nothing at this address", "这个地址没有内容").into_response()
}
