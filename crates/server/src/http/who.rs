//! Who asks: a session's cookie or a key of the API becomes a principal, and every route says what it takes.
//!
//! - INV-WHO-1: a route is listed with what it needs, or as public; there is no third way ([`Routes`]).
//! - INV-WHO-2: a handler that works for somebody takes [`Acting`], which there is none of without a principal.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, OptionalFromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::{OpenApi, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};
use zhike_domain::access::{Decision, Permission, Principal, decide};
use zhike_domain::detect::mask_text;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::accounts::{self, SignedIn};
use zhike_engine::{Ctx, Error, audit};

use super::App;
use super::collect::client_of;
use super::error::ApiError;
use super::guard::route;
use super::repeat;

/// A question waits so long for its turn.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Names the permission of an operation in the API document.
const EXTENSION: &str = "x-permission";

/// Routes, each with what it needs.
pub(super) struct Routes(OpenApiRouter<App>);

impl Default for Routes {
    fn default() -> Self {
        Self(OpenApiRouter::new())
    }
}

impl Routes {
    pub(super) fn new(document: OpenApi) -> Self {
        Self(OpenApiRouter::with_openapi(document))
    }

    /// Routes for whoever has a permission.
    pub(super) fn allow(self, permission: Permission, (schemas, mut paths, methods): UtoipaMethodRouter<App>) -> Self {
        for item in paths.paths.values_mut() {
            note(item, permission.as_str());
        }
        Self(self.0.routes((schemas, paths, needing(permission, methods))))
    }

    /// As [`Routes::allow`], for acts whose use case writes no entry of its own: one stands in the audit trail before anything is
    /// done, and without it nothing is.
    pub(super) fn record(self, permission: Permission, (schemas, mut paths, methods): UtoipaMethodRouter<App>) -> Self {
        for item in paths.paths.values_mut() {
            note(item, permission.as_str());
        }
        let recorded = methods.route_layer(from_fn(move |request, next| recorded(permission, request, next)));
        Self(self.0.routes((schemas, paths, needing(permission, recorded))))
    }

    /// As [`Routes::allow`], for acts that write their own entry and are done once under an `Idempotency-Key`: their answers
    /// hold neither secrets nor values of people.
    pub(super) fn once(self, permission: Permission, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        let once = methods
            .route_layer(from_fn(async |request: Request, next: Next| repeat::rememberable(next.run(request).await)));
        self.allow(permission, (schemas, paths, once))
    }

    /// As [`Routes::allow`], for questions that take seconds of every core or much memory: few are answered at a time.
    pub(super) fn heavy(self, permission: Permission, (schemas, paths, methods): UtoipaMethodRouter<App>) -> Self {
        self.allow(permission, (schemas, paths, methods.route_layer(from_fn(in_turn))))
    }

    /// Routes for everybody.
    pub(super) fn public(self, (schemas, mut paths, methods): UtoipaMethodRouter<App>) -> Self {
        for item in paths.paths.values_mut() {
            note(item, "public");
        }
        Self(self.0.routes((schemas, paths, methods)))
    }

    pub(super) fn limit(self, limit: DefaultBodyLimit) -> Self {
        Self(self.0.layer(limit))
    }

    pub(super) fn merge(self, other: Self) -> Self {
        Self(self.0.merge(other.0))
    }

    pub(super) fn finish(self) -> (Router<App>, OpenApi) {
        self.0.split_for_parts()
    }
}

fn note(item: &mut PathItem, what: &str) {
    let operations = [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch];
    for operation in operations.into_iter().flatten() {
        operation.extensions = Some(ExtensionsBuilder::new().add(EXTENSION, json!(what)).build());
    }
}

/// The handlers of an address, for whoever has a permission.
pub(super) fn needing(permission: Permission, methods: MethodRouter<App>) -> MethodRouter<App> {
    methods.route_layer(from_fn(move |request: Request, next: Next| async move {
        let by = request.extensions().get::<Arc<Principal>>();
        let Some(error) = refusal(by, permission) else { return next.run(request).await };
        if let (Some(by), Some(app)) = (by, request.extensions().get::<App>()) {
            // The route alone: what somebody wrote who may do nothing here is not kept for years.
            let subject = format!("{} {}", request.method(), route(&request));
            let detail = json!({ "permission": permission.as_str() });
            if let Err(error) = audit::record(app.ctx(), &by.actor, "access.denied", &subject, &detail).await {
                tracing::error!(cause = %error, "a denial could not be written to the audit trail");
            }
        }
        error.into_response()
    }))
}

/// Answers when it is the turn of a question.
async fn in_turn(request: Request, next: Next) -> Response {
    let Some(turns) = request.extensions().get::<App>().map(App::turns) else { return next.run(request).await };
    match tokio::time::timeout(LONGEST_WAIT, turns.acquire_owned()).await {
        Ok(Ok(_turn)) => next.run(request).await,
        _ => {
            let en = "other analyses are being computed: try again in a minute";
            ApiError::new(ErrorCode::Busy, en, "其他分析正在计算：请一分钟后再试").into_response()
        }
    }
}

/// Writes an act to the audit trail, then lets it happen; what failed is written, too.
async fn recorded(permission: Permission, request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = (request.extensions().get::<Arc<Principal>>().cloned(), request.extensions().get::<App>().cloned());
    let (false, (Some(by), Some(app))) = (is_read, known) else { return next.run(request).await };
    let path = request.uri().path();
    let subject = format!("{} {}", request.method(), mask_text(path).as_deref().unwrap_or(path));
    let id = super::guard::request_id();
    let detail = json!({ "request": id });
    if let Err(error) = audit::record(app.ctx(), &by.actor, permission.as_str(), &subject, &detail).await {
        return ApiError::from(error).into_response();
    }
    let response = next.run(request).await;
    let status = response.status();
    if status.is_client_error() || status.is_server_error() {
        let detail = json!({ "request": id, "status": status.as_u16(), "of": permission.as_str() });
        if let Err(error) = audit::record(app.ctx(), &by.actor, "access.failed", &subject, &detail).await {
            tracing::error!(cause = %error, "a failure could not be written to the audit trail");
        }
    }
    repeat::rememberable(response)
}

fn refusal(who: Option<&Arc<Principal>>, permission: Permission) -> Option<ApiError> {
    let Some(who) = who else { return Some(not_signed_in()) };
    match decide(who, permission) {
        Decision::Allow => None,
        Decision::Deny(permission) => Some(accounts::no_permission(permission).into()),
        Decision::ChangePassword => Some(ApiError::new(
            ErrorCode::PasswordChangeNeeded,
            "choose a password of your own first",
            "请先设置自己的密码",
        )),
    }
}

pub(super) fn not_signed_in() -> ApiError {
    ApiError::new(ErrorCode::NotSignedIn, "sign in first", "请先登录")
}

/// The server as whoever asks may use it: their name, their customers.
pub(super) struct Acting {
    app: App,
    ctx: Ctx,
    by: Arc<Principal>,
}

impl Acting {
    /// The data directory with the customers that they see.
    pub(super) fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Who asks.
    pub(super) fn by(&self) -> &Principal {
        &self.by
    }

    /// The highest grade of columns that they may see in the clear, with a reason.
    pub(super) fn may_unmask(&self) -> Result<u8, ApiError> {
        self.by.reveals_up_to().ok_or_else(|| {
            ApiError::new(
                ErrorCode::NoPermission,
                "your role sees personal values only once somebody else has approved it",
                "您的角色须经他人批准才能查看个人信息明文",
            )
        })
    }

    /// Their name for the audit trail.
    pub(super) fn actor(&self) -> String {
        self.by.actor.clone()
    }
}

impl Deref for Acting {
    type Target = App;

    fn deref(&self) -> &App {
        &self.app
    }
}

impl FromRequestParts<App> for Acting {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, ApiError> {
        let by = parts.extensions.get::<Arc<Principal>>().cloned().ok_or_else(not_signed_in)?;
        Ok(Self { ctx: app.ctx().acting(&by), app: app.clone(), by })
    }
}

/// The session of whoever asks, with its secret; a key has none.
#[derive(Clone)]
pub(super) struct Session {
    pub(super) signed_in: Arc<SignedIn>,
    pub(super) secret: Sensitive<String>,
}

impl FromRequestParts<App> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self, ApiError> {
        parts.extensions.get::<Self>().cloned().ok_or_else(not_signed_in)
    }
}

impl OptionalFromRequestParts<App> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Option<Self>, ApiError> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}

/// The client's address.
pub(super) struct From(pub(super) Option<IpAddr>);

impl FromRequestParts<App> for From {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        Ok(Self(client_of(&app.collector().proxies, &parts.extensions, &parts.headers)))
    }
}

/// Finds out who asks. A key that is none is refused; a session that has ended is nobody's.
pub(super) async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    if !(path.starts_with("/api/") || path == "/metrics") {
        return next.run(request).await;
    }
    match who(&app, request.headers()).await {
        Ok((None, _)) => {}
        Ok((Some(by), session)) => {
            request.extensions_mut().insert(Arc::new(by));
            request.extensions_mut().insert(app.clone());
            session.map(|session| request.extensions_mut().insert(session));
        }
        Err(error) => return ApiError::from(error).into_response(),
    }
    next.run(request).await
}

async fn who(app: &App, headers: &HeaderMap) -> Result<(Option<Principal>, Option<Session>), Error> {
    if let Some(key) = bearer(headers) {
        if accounts::is_same_secret(&key, app.local_token()) {
            return Ok((Some(Principal::local("server")), None));
        }
        let by = accounts::by_key(app.ctx(), &key).await?;
        let refused = || {
            Error::new(
                ErrorCode::NotSignedIn,
                "the API key is not known, has ended or was revoked",
                "API 密钥不存在、已过期或已撤销",
            )
        };
        return Ok((Some(by.ok_or_else(refused)?), None));
    }
    let Some(secret) = cookie(headers, app.cookie_name()) else { return Ok((None, None)) };
    let Some(signed_in) = accounts::by_session(app.ctx(), &secret).await? else { return Ok((None, None)) };
    let by = signed_in.principal.clone();
    Ok((Some(by), Some(Session { signed_in: Arc::new(signed_in), secret })))
}

/// Whether whoever sent these headers still may do something: asked again while an answer goes on, and noted nowhere.
pub(super) async fn still_may(app: &App, headers: &HeaderMap, permission: Permission) -> bool {
    let by = match (bearer(headers), cookie(headers, app.cookie_name())) {
        (Some(key), _) if accounts::is_same_secret(&key, app.local_token()) => return true,
        (Some(key), _) => accounts::key_lives(app.ctx(), &key).await,
        (None, Some(secret)) => accounts::session_lives(app.ctx(), &secret).await,
        (None, None) => return false,
    };
    // A state that does not answer lets nobody look on.
    by.ok().flatten().is_some_and(|by| decide(&by, permission) == Decision::Allow)
}

/// The key in a header `Authorization: Bearer zk_…`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<Sensitive<String>> {
    let text = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Sensitive::new(key.trim().to_owned()))
}

/// The value of a cookie.
pub(super) fn cookie(headers: &HeaderMap, name: &str) -> Option<Sensitive<String>> {
    let lines = headers.get_all(header::COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| Sensitive::new(value.to_owned()))
}

/// The header that hands a session to a browser, or takes it away.
pub(super) fn set_cookie(app: &App, secret: Option<&Sensitive<String>>) -> HeaderValue {
    let name = app.cookie_name();
    let secure = if app.is_https() { "; Secure" } else { "" };
    let text = match secret {
        Some(secret) => format!("{name}={}; HttpOnly; SameSite=Strict; Path=/{secure}", secret.expose()),
        None => format!("{name}=; HttpOnly; SameSite=Strict; Path=/{secure}; Max-Age=0"),
    };
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::HeaderName::from_static(name), value.parse().unwrap())])
    }

    #[test]
    fn cookies_and_keys_are_found_among_others() {
        let found = |line: &str| cookie(&headers("cookie", line), "zhike_session").map(|one| one.expose().clone());
        assert_eq!(found("a=b; zhike_session=x; c=d").as_deref(), Some("x"));
        assert_eq!(found("zhike_session_2=y;zhike_session=x").as_deref(), Some("x"));
        assert_eq!(found("__Host-zhike_session=x"), None);
        let key = |line: &str| bearer(&headers("authorization", line)).map(|one| one.expose().clone());
        assert_eq!(key("Bearer zk_1").as_deref(), Some("zk_1"));
        assert_eq!(key("bearer  zk_1 ").as_deref(), Some("zk_1"));
        assert_eq!(key("Basic zk_1"), None);
    }

    #[test]
    fn nobody_may_do_nothing() {
        for &permission in Permission::ALL {
            assert!(refusal(None, permission).is_some());
        }
    }
}
