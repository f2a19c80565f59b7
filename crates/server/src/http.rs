//! The routes: every one is listed here once, with the permission it needs.

pub(crate) mod ahead;
pub(crate) mod alerts;
pub(crate) mod analysis;
pub(crate) mod audit;
pub(crate) mod bindings;
pub(crate) mod campaigns;
pub(crate) mod collect;
pub(crate) mod compliance;
pub(crate) mod consents;
pub(crate) mod corrections;
mod csp;
mod customers;
pub(crate) mod erasures;
mod error;
mod exports;
pub(crate) mod golden;
pub(crate) mod goods;
pub(crate) mod grades;
pub(crate) mod guard;
pub(crate) mod history;
pub(crate) mod hooks;
pub(crate) mod identity;
mod imports;
pub(crate) mod kpis;
pub(crate) mod listen;
mod live;
mod lookup;
pub(crate) mod models;
pub(crate) mod moments;
mod overview;
mod person;
pub(crate) mod profiles;
mod quality;
mod quarantine;
mod repeat;
pub(crate) mod requests;
pub(crate) mod retention;
pub(crate) mod review;
mod rfm;
mod rfm_rules;
pub(crate) mod satisfaction;
mod schema;
pub(crate) mod segments;
mod session;
pub(crate) mod sources;
pub(crate) mod sso;
pub(crate) mod tags;
pub(crate) mod targets;
pub(crate) mod tls;
mod uploads;
pub(crate) mod users;
mod views;
pub(crate) mod watch;
mod who;
mod workspace;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::get;
use tokio::sync::Semaphore;
use tokio::sync::watch::Receiver;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::request_id::{MakeRequestUuid, PropagateRequestIdLayer, SetRequestIdLayer};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::routes;
use zhike_domain::access::Permission::{self, self as P};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::{Ctx, accounts};

use crate::exports::Exports;
use crate::ingestion::Ingestion;
use crate::jobs::Loads;
use crate::outbound::Outbound;
use collect::Collector;
pub(crate) use error::ApiError;
use guard::Site;
use repeat::Answered;
use uploads::Uploads;
use who::{Routes, needing};

/// Questions that take every core, or hundreds of megabytes, answered at a time.
const N_TURNS: usize = 3;
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
    outbound: Outbound,
    provider: sso::Provider,
    answered: Answered,
    /// Turns of questions that take every core.
    turns: Arc<Semaphore>,
    site: Site,
    /// What commands at this machine show.
    local_token: Sensitive<String>,
    stopping: Receiver<bool>,
}

impl App {
    /// `stopping` turns true when the server is to end; answers that would go on for ever end then.
    pub(crate) fn new(
        ctx: Ctx,
        collector: Collector,
        site: Site,
        outbound: Outbound,
        stopping: Receiver<bool>,
    ) -> Self {
        let uploads = Uploads::new(&ctx.dir().join("uploads"));
        let (jobs, ingestion) = (Loads::default(), Ingestion::default());
        let exports = Exports::new(&ctx.dir().join("exports"));
        let answered = Answered::default();
        let local_token = accounts::new_local_token();
        Self(Arc::new(AppInner {
            ctx,
            jobs,
            exports,
            uploads,
            collector,
            ingestion,
            outbound,
            provider: sso::Provider::default(),
            answered,
            turns: Arc::new(Semaphore::new(N_TURNS)),
            site,
            local_token,
            stopping,
        }))
    }

    /// The data directory with all customers; handlers for somebody have [`who::Acting::ctx`].
    fn ctx(&self) -> &Ctx {
        &self.0.ctx
    }

    /// What commands at this machine show; it lives as long as the process.
    pub(crate) fn local_token(&self) -> &Sensitive<String> {
        &self.0.local_token
    }

    fn site(&self) -> &Site {
        &self.0.site
    }

    /// Whether browsers reach this server by TLS.
    fn is_https(&self) -> bool {
        self.0.site.public_host.is_some()
    }

    /// Name of the cookie that holds a session.
    fn cookie_name(&self) -> &'static str {
        // Browsers take the prefix only with TLS, and then from this host alone.
        if self.is_https() { "__Host-zhike_session" } else { "zhike_session" }
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

    /// The way to other machines.
    pub(crate) fn outbound(&self) -> &Outbound {
        &self.0.outbound
    }

    /// What is known of the identity provider.
    fn provider(&self) -> &sso::Provider {
        &self.0.provider
    }

    /// Answers to writes that carried a key.
    fn answered(&self) -> &Answered {
        &self.0.answered
    }

    /// Turns of questions that take every core.
    fn turns(&self) -> Arc<Semaphore> {
        self.0.turns.clone()
    }

    fn stopping(&self) -> Receiver<bool> {
        self.0.stopping.clone()
    }
}

#[derive(OpenApi)]
#[openapi(info(title = "Zhike API", description = "Customer data platform", license(name = "Apache-2.0")))]
struct ApiDoc;

fn api() -> (Router<App>, utoipa::openapi::OpenApi) {
    let uploads = Routes::default().record(P::ImportsRun, routes!(uploads::create)).limit(uploads::limit());
    let (router, mut document) = Routes::new(ApiDoc::openapi())
        .public(routes!(session::setup_state, session::setup))
        .public(routes!(session::show, session::sign_in, session::sign_out))
        .public(routes!(sso::start))
        .public(routes!(sso::callback))
        .public(routes!(sso::code))
        .allow(P::PolicyChange, routes!(sso::show, sso::remove))
        // The provider is asked before it is set: whoever makes us ask is on record first.
        .record(P::PolicyChange, routes!(sso::put))
        .allow(P::UsersManage, routes!(sso::link, sso::unlink))
        .allow(P::AccountOwn, routes!(session::change_password))
        .allow(P::AccountOwn, routes!(session::offer_totp, session::confirm_totp, session::remove_totp))
        .allow(P::UsersRead, routes!(users::list))
        .allow(P::UsersManage, routes!(users::create))
        // Whether roles or the rest is changed decides who may.
        .allow(P::UsersRead, routes!(users::show, users::update))
        .allow(P::UsersManage, routes!(users::reset))
        .allow(P::UsersManage, routes!(users::unlock))
        .allow(P::AccountOwn, routes!(users::roles))
        .allow(P::PolicyChange, routes!(users::separate))
        .allow(P::KeysManage, routes!(users::keys, users::create_key))
        .allow(P::KeysManage, routes!(users::revoke_key))
        .allow(P::AccountOwn, routes!(workspace::show))
        .allow(P::FiguresRead, routes!(overview::show))
        .allow(P::ProfilesList, routes!(customers::list))
        .allow(P::ProfilesList, routes!(customers::query))
        .allow(P::ProfilesList, routes!(customers::columns))
        .allow(P::ProfilesRead, routes!(profiles::search))
        .allow(P::ProfilesRead, routes!(lookup::many))
        .allow(P::ProfilesRead, routes!(profiles::show))
        .allow(P::ProfilesRead, routes!(profiles::orders))
        .allow(P::ProfilesRead, routes!(person::timeline))
        .allow(P::ProfilesRead, routes!(person::segments))
        .allow(P::ProfilesRead, routes!(person::acts))
        .allow(P::ProfilesUnmask, routes!(person::reveal))
        .allow(P::ProfilesAsk, routes!(person::ask_to_see))
        .allow(P::ProfilesAsk, routes!(person::see_approved))
        .allow(P::FiguresRead, routes!(models::list))
        .record(P::DataRefresh, routes!(models::train))
        .allow(P::FiguresRead, routes!(models::settings))
        .record(P::RulesWrite, routes!(models::put_settings))
        .allow(P::FiguresRead, routes!(models::advice))
        .record(P::RulesWrite, routes!(models::put_advice))
        .allow(P::FiguresRead, routes!(models::board))
        .allow(P::FiguresRead, routes!(models::clusters))
        .allow(P::ProfilesRead, routes!(models::of_profile))
        .allow(P::FiguresRead, routes!(rfm::show))
        .allow(P::FiguresRead, routes!(rfm_rules::show))
        .record(P::RulesWrite, routes!(rfm_rules::put))
        .allow(P::FiguresRead, routes!(rfm_rules::preview))
        .allow(P::ImportsRead, routes!(quality::show))
        .allow(P::FiguresRead, routes!(quality::unusual))
        .allow(P::ImportsRead, routes!(imports::list))
        .record(P::ImportsRun, routes!(imports::start))
        .allow(P::ImportsRead, routes!(imports::show))
        .allow(P::ImportsRead, routes!(imports::job))
        .record(P::ImportsRun, routes!(imports::cancel))
        .record(P::ImportsRun, routes!(uploads::guess))
        .record(P::ImportsRun, routes!(uploads::preview))
        .allow(P::ImportsRead, routes!(quarantine::list))
        .allow(P::ProfilesUnmask, routes!(quarantine::reveal))
        .record(P::ImportsRun, routes!(quarantine::replay))
        .record(P::SourcesManage, routes!(sources::list, sources::create))
        .record(P::SourcesManage, routes!(sources::show, sources::update))
        .record(P::SourcesManage, routes!(sources::rotate_key))
        .allow(P::SourcesRead, routes!(live::show))
        .allow(P::BindingsManage, routes!(bindings::list, bindings::create))
        .allow(P::BindingsManage, routes!(bindings::show))
        .allow(P::BindingsManage, routes!(bindings::revoke))
        .allow(P::SegmentsRead, routes!(segments::list))
        .record(P::SegmentsWrite, routes!(segments::create))
        .allow(P::SegmentsRead, routes!(segments::preview))
        .heavy(P::SegmentsRead, routes!(segments::overlap))
        .allow(P::SegmentsRead, routes!(segments::show))
        .record(P::SegmentsWrite, routes!(segments::update))
        .allow(P::SegmentsRead, routes!(segments::count))
        .record(P::SegmentsWrite, routes!(segments::refresh))
        .allow(P::ProfilesList, routes!(segments::members))
        .allow(P::SegmentsRead, routes!(segments::why))
        .allow(P::SegmentsRead, routes!(segments::sizes))
        .heavy(P::SegmentsRead, routes!(segments::compare))
        .once(P::ExportsMake, routes!(exports::start))
        .allow(P::ExportsMake, routes!(exports::show, exports::cancel))
        .allow(P::ExportsMake, routes!(exports::file))
        .record(P::ViewsUse, routes!(views::list, views::create))
        .record(P::ViewsUse, routes!(views::show, views::update, views::delete))
        .allow(P::TagsRead, routes!(tags::list))
        .record(P::TagsWrite, routes!(tags::create))
        .allow(P::TagsWrite, routes!(tags::preview))
        .record(P::TagsWrite, routes!(tags::declare))
        .allow(P::TagsRead, routes!(tags::packs))
        .record(P::TagsWrite, routes!(tags::choose_packs))
        .allow(P::TagsRead, routes!(tags::show))
        .record(P::TagsWrite, routes!(tags::retire))
        .record(P::DataRefresh, routes!(tags::refresh))
        .allow(P::TagsRead, routes!(tags::why))
        .allow(P::ProfilesRead, routes!(tags::of))
        .record(P::ProfilesTag, routes!(tags::put))
        .allow(P::FiguresRead, routes!(history::days))
        .record(P::DataRefresh, routes!(history::compute))
        .allow(P::FiguresRead, routes!(history::moves))
        .allow(P::ProfilesList, routes!(history::movers))
        .allow(P::FiguresRead, routes!(history::changes))
        .allow(P::ProfilesRead, routes!(history::of_profile))
        .allow(P::FiguresRead, routes!(kpis::list))
        .allow(P::FiguresRead, routes!(kpis::show))
        .heavy(P::FiguresRead, routes!(ahead::forecast))
        .heavy(P::FiguresRead, routes!(ahead::unusual))
        .heavy(P::ProfilesList, routes!(kpis::behind))
        .record(P::GoalsWrite, routes!(kpis::put_goal, kpis::remove_goal))
        .heavy(P::FiguresRead, routes!(analysis::funnel))
        .heavy(P::FiguresRead, routes!(analysis::retention))
        .heavy(P::FiguresRead, routes!(analysis::lifecycle))
        .heavy(P::FiguresRead, routes!(analysis::stickiness))
        .heavy(P::FiguresRead, routes!(analysis::paths))
        .heavy(P::ProfilesList, routes!(analysis::people))
        .record(P::SegmentsWrite, routes!(analysis::save))
        .heavy(P::FiguresRead, routes!(campaigns::board))
        .heavy(P::FiguresRead, routes!(campaigns::effect))
        .heavy(P::FiguresRead, routes!(campaigns::attribution))
        .heavy(P::FiguresRead, routes!(campaigns::uplift))
        .heavy(P::FiguresRead, routes!(campaigns::budget))
        .heavy(P::FiguresRead, routes!(campaigns::coupons))
        .heavy(P::ProfilesList, routes!(campaigns::people))
        .record(P::SegmentsWrite, routes!(campaigns::save))
        .heavy(P::FiguresRead, routes!(moments::show))
        .heavy(P::ProfilesList, routes!(moments::people))
        .allow(P::ProfilesRead, routes!(moments::of_person))
        .heavy(P::FiguresRead, routes!(goods::together))
        .heavy(P::FiguresRead, routes!(goods::next))
        .heavy(P::FiguresRead, routes!(goods::needs))
        .heavy(P::FiguresRead, routes!(goods::recommendations))
        .allow(P::ProfilesRead, routes!(goods::of_person))
        .heavy(P::ProfilesList, routes!(goods::people))
        .record(P::SegmentsWrite, routes!(goods::save))
        .allow(P::ConsentsRead, routes!(consents::purposes))
        .once(P::PolicyChange, routes!(consents::put_purpose))
        .allow(P::ConsentsRead, routes!(consents::summary))
        .once(P::ConsentsWrite, routes!(consents::record_many))
        .allow(P::ConsentsRead, routes!(consents::of))
        .once(P::ConsentsWrite, routes!(consents::record))
        .once(P::RequestsStart, routes!(requests::list, requests::enter))
        .allow(P::RequestsStart, routes!(requests::show))
        .once(P::RequestsStart, routes!(requests::check))
        .once(P::RequestsDecide, routes!(requests::carry_out))
        .once(P::RequestsDecide, routes!(requests::refuse))
        .allow(P::RequestsDecide, routes!(requests::copy))
        .once(P::RequestsDecide, routes!(corrections::correct))
        .once(P::RequestsDecide, routes!(corrections::withdraw))
        .allow(P::ProfilesRead, routes!(identity::explain))
        .allow(P::ProfilesRead, routes!(identity::acts))
        .once(P::IdentityDecide, routes!(identity::merge))
        .once(P::IdentityDecide, routes!(identity::split))
        .once(P::IdentityDecide, routes!(identity::undo))
        .allow(P::ImportsRead, routes!(identity::health))
        .once(P::IdentityDecide, routes!(review::list, review::judge))
        .allow(P::IdentityDecide, routes!(review::run))
        .allow(P::ImportsRead, routes!(review::last))
        .allow(P::RulesWrite, routes!(identity::policy, identity::put_policy))
        .allow(P::RulesWrite, routes!(identity::preview))
        .allow(P::RulesWrite, routes!(golden::show, golden::put))
        .allow(P::RulesWrite, routes!(golden::preview))
        .allow(P::ProfilesRead, routes!(golden::lineage))
        // Whoever does not read the whole trail gets what is about access.
        .allow(P::AuditSecurity, routes!(audit::list))
        .allow(P::AuditSecurity, routes!(audit::known_acts))
        .allow(P::AuditRead, routes!(audit::verify))
        .heavy(P::FiguresRead, routes!(satisfaction::show))
        .heavy(P::ProfilesList, routes!(satisfaction::people))
        .record(P::SegmentsWrite, routes!(satisfaction::save))
        .allow(P::FiguresRead, routes!(targets::list))
        .record(P::GoalsWrite, routes!(targets::create))
        .allow(P::FiguresRead, routes!(targets::show))
        .record(P::GoalsWrite, routes!(targets::update, targets::delete))
        .heavy(P::ProfilesList, routes!(targets::accounts))
        .record(P::SegmentsWrite, routes!(targets::save))
        .allow(P::FiguresRead, routes!(targets::sheet))
        .merge(Routes::default().record(P::GoalsWrite, routes!(targets::read_sheet)).limit(targets::sheet_limit()))
        .merge(Routes::default().allow(P::AuditRead, routes!(audit::trace)).limit(audit::trace_limit()))
        .allow(P::IncidentsManage, routes!(watch::budgets, watch::put_budgets))
        .allow(P::IncidentsManage, routes!(watch::budget_uses))
        // Whoever asks sees their own; whoever decides sees all.
        .allow(P::AccountOwn, routes!(watch::approvals))
        .once(P::ApprovalsDecide, routes!(watch::decide))
        .allow(P::ExportsMake, routes!(watch::export))
        .allow(P::IncidentsManage, routes!(watch::incidents))
        .allow(P::IncidentsManage, routes!(watch::incident))
        .once(P::IncidentsManage, routes!(watch::act))
        .allow(P::IncidentsManage, routes!(hooks::of_incidents, hooks::put_of_incidents))
        .allow(P::IncidentsManage, routes!(hooks::test_of_incidents))
        .allow(P::FiguresRead, routes!(alerts::list))
        .allow(P::FiguresRead, routes!(alerts::acknowledge))
        .allow(P::WorkspaceManage, routes!(hooks::of_alerts, hooks::put_of_alerts))
        .allow(P::WorkspaceManage, routes!(hooks::test_of_alerts))
        .allow(P::WorkspaceManage, routes!(alerts::show_mail, alerts::put_mail, alerts::remove_mail))
        .allow(P::WorkspaceManage, routes!(alerts::test_mail))
        .once(P::ErasureApprove, routes!(erasures::approve))
        .allow(P::RequestsStart, routes!(erasures::list))
        .allow(P::RequestsStart, routes!(erasures::show))
        .allow(P::RequestsStart, routes!(erasures::receipt))
        .allow(P::SystemRun, routes!(erasures::key_status))
        .allow(P::SystemRun, routes!(erasures::rotate_keys))
        .allow(P::EncryptionDisable, routes!(erasures::key_state))
        .allow(P::EncryptionDisable, routes!(erasures::disable_keys))
        .allow(P::EncryptionDisable, routes!(erasures::enable_keys))
        .allow(P::ComplianceManage, routes!(compliance::register))
        .allow(P::ComplianceManage, routes!(compliance::document))
        .once(P::ComplianceManage, routes!(compliance::assessments, compliance::assess))
        .once(P::PolicyChange, routes!(grades::list, grades::declare))
        .allow(P::PolicyChange, routes!(retention::show))
        .once(P::PolicyChange, routes!(retention::put_rule))
        .once(P::PolicyChange, routes!(retention::hold))
        .once(P::PolicyChange, routes!(retention::lift))
        .once(P::ErasureApprove, routes!(retention::purge))
        .limit(DefaultBodyLimit::max(MAX_JSON_BYTES))
        .merge(uploads)
        .finish();
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
        .route("/metrics", needing(Permission::SystemRun, get(workspace::metrics)))
        .fallback(crate::console::serve);
    let guarded = api
        .with_state(app.clone())
        .layer(middleware::from_fn(repeat::tag))
        .layer(middleware::from_fn_with_state(app.clone(), repeat::once))
        .layer(middleware::from_fn_with_state(app.clone(), who::identify))
        .layer(middleware::from_fn_with_state(app.clone(), guard::check))
        .layer(middleware::from_fn_with_state(app.clone(), csp::headers));
    wrapped(guarded.layer(middleware::from_fn_with_state(app, collect::intercept)))
}

/// What may be reached from other machines: collection, and whether the server lives.
pub(crate) fn public_router(app: App) -> Router {
    let public = Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(workspace::ready))
        .fallback(|| async { not_found() })
        .with_state(app.clone())
        .layer(middleware::from_fn_with_state(app.clone(), csp::headers));
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
