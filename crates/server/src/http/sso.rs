//! `/api/v1/session/oidc`, `/api/v1/sso`, `/api/v1/users/{user_id}/sso`: signing in by an identity provider, and which one.
//!
//! Owns what goes over the wire: the provider's documents, redirects, cookies. What a token says and whom it lets in is decided
//! by `zhike_engine::accounts`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use url::Url;
use url::form_urlencoded::Serializer;
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::UserId;
use zhike_domain::sensitive::Sensitive;
use zhike_domain::sso::{Claims, Discovery, Flaw, Jwk, discovery_url, read_jwks};
use zhike_engine::accounts::{self, Attempt, NewSso, Rows, Sso, Unbound, Vouched};

use super::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::guard::Site;
use super::session::{SessionBody, body as session_body};
use super::who::{Acting, From as Client, cookie, set_cookie};
use crate::outbound::{Outbound, Sent};

const CALLBACK: &str = "/api/v1/session/oidc/callback";
/// For so long a provider's documents are believed without asking again.
const KNOWN_FOR: Duration = Duration::from_secs(600);
/// For so long a provider that did not answer as it should is not asked again.
const FAILED_FOR: Duration = Duration::from_secs(30);

/// What a provider said about itself, and its keys.
#[derive(Clone)]
struct Known {
    issuer: String,
    at: Instant,
    discovery: Discovery,
    keys: Vec<Jwk>,
}

/// Why a provider's documents could not be read.
#[derive(Clone)]
struct Failed {
    issuer: String,
    at: Instant,
    code: ErrorCode,
    /// In English and Chinese.
    words: (String, String),
}

impl Failed {
    fn error(self) -> ApiError {
        ApiError::new(self.code, self.words.0, self.words.1)
    }
}

/// The documents of the provider in force, as they were last read. Anybody may make us ask for them: one question at a
/// time goes out, and none for a while after one that failed.
#[derive(Clone, Default)]
pub(super) struct Provider(Arc<Reading>);

#[derive(Default)]
struct Reading {
    known: Mutex<Option<Known>>,
    failed: Mutex<Option<Failed>>,
    turn: tokio::sync::Mutex<()>,
}

impl Provider {
    fn known(&self, issuer: &str) -> Option<Known> {
        let known = self.0.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        known.filter(|known| known.issuer == issuer && known.at.elapsed() < KNOWN_FOR)
    }

    fn failed(&self, issuer: &str) -> Option<Failed> {
        let failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner).clone();
        failed.filter(|failed| failed.issuer == issuer && failed.at.elapsed() < FAILED_FOR)
    }

    /// Forgets that the provider did not answer: it was set anew, or has answered.
    fn forget_failure(&self) {
        *self.0.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The documents, read anew when they are not known or `is_fresh` asks for it.
    async fn read(&self, outbound: &Outbound, issuer: &str, is_fresh: bool) -> ApiResult<Known> {
        let since = Instant::now();
        if let Some(known) = self.known(issuer).filter(|_| !is_fresh) {
            return Ok(known);
        }
        let _turn = self.0.turn.lock().await;
        // Whoever waited takes what the others were told meanwhile.
        if let Some(known) = self.known(issuer).filter(|known| !is_fresh || known.at > since) {
            return Ok(known);
        }
        if let Some(failed) = self.failed(issuer) {
            return Err(failed.error());
        }
        match ask(outbound, issuer).await {
            Ok(known) => {
                self.forget_failure();
                *self.0.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(known.clone());
                Ok(known)
            }
            Err(error) => {
                let (code, issuer) = (error.code(), issuer.to_owned());
                let failed = Failed { issuer, at: Instant::now(), code, words: error.into_texts() };
                *self.0.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(failed.clone());
                Err(failed.error())
            }
        }
    }
}

/// What a provider says about itself, and its keys.
async fn ask(outbound: &Outbound, issuer: &str) -> ApiResult<Known> {
    let discovery = discover(outbound, issuer).await?;
    let keys = fetch(outbound, &discovery.jwks_uri).await?;
    let keys = read_jwks(&keys).map_err(|_| unreadable("its keys", "公钥"))?;
    Ok(Known { issuer: issuer.to_owned(), at: Instant::now(), discovery, keys })
}

/// What a provider says about itself; every address that it names is judged before it is used.
pub(crate) async fn discover(outbound: &Outbound, issuer: &str) -> ApiResult<Discovery> {
    let document = fetch(outbound, &discovery_url(issuer)).await?;
    let discovery = Discovery::read(&document, issuer).map_err(|flaw| match flaw {
        Flaw::Issuer => unreadable("the name of its issuer, which is another", "签发者，与所填的不一致"),
        _ => unreadable("its document", "配置文档"),
    })?;
    for url in [&discovery.authorization_endpoint, &discovery.token_endpoint, &discovery.jwks_uri] {
        outbound.target(url).map_err(|why| refused(why.into()))?;
    }
    Ok(discovery)
}

fn refused(trouble: crate::outbound::Trouble) -> ApiError {
    let (en, zh) = trouble.words();
    ApiError::new(trouble.code(), format!("the identity provider: {en}"), format!("身份提供方：{zh}"))
}

fn unreadable(what: &str, what_zh: &str) -> ApiError {
    ApiError::new(
        ErrorCode::OutboundFailed,
        format!("the identity provider gave something unexpected: {what}"),
        format!("身份提供方返回的内容不符合预期：{what_zh}"),
    )
}

async fn fetch(outbound: &Outbound, url: &str) -> ApiResult<bytes::Bytes> {
    let target = outbound.target(url).map_err(|why| refused(why.into()))?;
    let answer = outbound.send(&target, Sent::get()).await.map_err(refused)?;
    if answer.status == 200 {
        Ok(answer.body)
    } else {
        Err(unreadable(&format!("status {}", answer.status), &format!("状态码 {}", answer.status)))
    }
}

/// Where the provider sends browsers back to: by the name that they asked for, which was found to be ours.
fn callback_url(site: &Site, headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    let is_public = site.public_host.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(host));
    format!("{}://{host}{CALLBACK}", if is_public { "https" } else { "http" })
}

const fn cookie_name(is_https: bool) -> &'static str {
    if is_https { "__Host-zhike_sso" } else { "zhike_sso" }
}

/// What a browser keeps between two steps. Lax, because the provider's page sends it back here.
fn keep(app: &App, kept: Option<&Sensitive<String>>) -> HeaderValue {
    let (name, secure) = (cookie_name(app.is_https()), if app.is_https() { "; Secure" } else { "" });
    let text = match kept {
        Some(kept) => format!("{name}={}; HttpOnly; SameSite=Lax; Path=/{secure}; Max-Age=600", kept.expose()),
        None => format!("{name}=; HttpOnly; SameSite=Lax; Path=/{secure}; Max-Age=0"),
    };
    let mut value = HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""));
    value.set_sensitive(true);
    value
}

fn see(location: &str, cookies: Vec<HeaderValue>) -> Response {
    let location = HeaderValue::from_str(location).unwrap_or_else(|_| HeaderValue::from_static("/sign-in"));
    let cookies = AppendHeaders(cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect::<Vec<_>>());
    (StatusCode::SEE_OTHER, [(header::LOCATION, location)], cookies).into_response()
}

/// Back to the page, which says what happened by the code of the error.
fn back(app: &App, error: &ApiError) -> Response {
    see(&format!("/sign-in?sso={}", error.code().as_str()), vec![keep(app, None)])
}

async fn set(app: &App) -> ApiResult<Sso> {
    let none = || ApiError::new(ErrorCode::SsoRefused, "no identity provider is set here", "未设置单点登录");
    accounts::sso(app.ctx()).await?.ok_or_else(none)
}

/// Sends a browser to the identity provider.
#[utoipa::path(get, path = "/api/v1/session/oidc/start",
    responses((status = 303, description = "To the provider, or back to the sign-in page with the code of an error")))]
pub(super) async fn start(State(app): State<App>, Client(from): Client, headers: HeaderMap) -> Response {
    match away(&app, &headers, from).await {
        Ok(response) => response,
        Err(error) => back(&app, &error),
    }
}

async fn away(app: &App, headers: &HeaderMap, from: Option<IpAddr>) -> ApiResult<Response> {
    accounts::may_try(app.ctx(), from).await?;
    let set = set(app).await?;
    let known = app.provider().read(app.outbound(), &set.issuer, false).await?;
    let started = accounts::start_sso(app.ctx())?;
    let endpoint = &known.discovery.authorization_endpoint;
    let mut url = Url::parse(endpoint).map_err(|_| unreadable("its sign-in address", "登录地址"))?;
    let scope = ["openid", "profile"].into_iter().chain(set.scopes.iter().map(String::as_str)).collect::<Vec<_>>();
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &set.client_id)
        .append_pair("redirect_uri", &callback_url(app.site(), headers))
        .append_pair("scope", &scope.join(" "))
        .append_pair("state", &started.state)
        .append_pair("nonce", &started.nonce)
        .append_pair("code_challenge", &started.challenge)
        .append_pair("code_challenge_method", "S256");
    Ok(see(url.as_str(), vec![keep(app, Some(&started.kept))]))
}

/// What a provider's answer says.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CallbackQuery {
    code: Option<String>,
    state: Option<String>,
    /// Who answers.
    iss: Option<String>,
    /// Why not.
    error: Option<String>,
}

/// Takes the identity provider's answer, and signs in.
#[utoipa::path(get, path = "/api/v1/session/oidc/callback", params(CallbackQuery),
    responses((status = 303, description = "To the console, or back to the sign-in page with the code of an error")))]
pub(super) async fn callback(
    State(app): State<App>,
    Client(from): Client,
    headers: HeaderMap,
    query: Result<Query<CallbackQuery>, QueryRejection>,
) -> Response {
    let answered = async {
        let Query(query) = query.map_err(ApiError::from)?;
        Box::pin(answered(&app, &headers, query, from)).await
    };
    match answered.await {
        Ok(Vouched::In(signed_in)) => see("/", vec![set_cookie(&app, signed_in.secret.as_ref()), keep(&app, None)]),
        Ok(Vouched::CodeNeeded(kept)) => see("/sign-in?sso=code_needed", vec![keep(&app, Some(&kept))]),
        Err(error) => back(&app, &error),
    }
}

async fn answered(app: &App, headers: &HeaderMap, query: CallbackQuery, from: Option<IpAddr>) -> ApiResult<Vouched> {
    // Before the attempt is used up: it may be tried again when the time is over.
    accounts::may_try(app.ctx(), from).await?;
    let kept = cookie(headers, cookie_name(app.is_https())).unwrap_or_default();
    // From here on the attempt was real, and used up.
    let attempt = accounts::take_attempt(app.ctx(), &kept, query.state.as_deref().unwrap_or_default())?;
    let set = set(app).await?;
    let Some(code) = query.code.filter(|_| query.error.is_none()) else {
        return Err(accounts::refuse(app.ctx(), Flaw::Refused, from).await.into());
    };
    let known = app.provider().read(app.outbound(), &set.issuer, false).await?;
    let is_named = known.discovery.authorization_response_iss_parameter_supported;
    let is_other = query.iss.as_ref().map_or(is_named, |iss| *iss != known.discovery.issuer);
    if is_other {
        return Err(accounts::refuse(app.ctx(), Flaw::Issuer, from).await.into());
    }
    let redirect = callback_url(app.site(), headers);
    let tokens = match redeem(app, &set, &known.discovery, &attempt, &code, &redirect).await? {
        Ok(tokens) => tokens,
        Err(flaw) => return Err(accounts::refuse(app.ctx(), flaw, from).await.into()),
    };
    match vouched(app, &set, known, &attempt, &tokens).await? {
        Ok(claims) => Ok(accounts::sign_in_vouched(app.ctx(), &set, &claims, from).await?),
        Err(flaw) => Err(accounts::refuse(app.ctx(), flaw, from).await.into()),
    }
}

/// Checks a token; with the provider's newest keys, when it is of none that are known.
async fn vouched(
    app: &App,
    set: &Sso,
    known: Known,
    attempt: &Attempt,
    tokens: &Tokens,
) -> ApiResult<Result<Claims, Flaw>> {
    let (id, access) =
        (tokens.id_token.expose().as_str(), tokens.access_token.as_ref().map_or("", |one| one.expose().as_str()));
    let issuer = &known.discovery.issuer;
    match accounts::check_token(app.ctx(), set, issuer, attempt, (id, access), &known.keys) {
        Err(Flaw::Signature) => {
            let fresh = app.provider().read(app.outbound(), &set.issuer, true).await?;
            Ok(accounts::check_token(app.ctx(), set, &fresh.discovery.issuer, attempt, (id, access), &fresh.keys))
        }
        checked => Ok(checked),
    }
}

/// What a code becomes.
#[derive(Deserialize)]
struct Tokens {
    id_token: Sensitive<String>,
    access_token: Option<Sensitive<String>>,
}

/// Gives the code back to the provider, with the verifier that nobody else has.
async fn redeem(
    app: &App,
    set: &Sso,
    discovery: &Discovery,
    attempt: &Attempt,
    code: &str,
    redirect: &str,
) -> ApiResult<Result<Tokens, Flaw>> {
    let secret = set.secret(app.ctx())?;
    let in_body = secret.as_ref().filter(|_| discovery.takes_secret_in_body());
    let mut sent = Sent::post("application/x-www-form-urlencoded", form(set, attempt, code, redirect, in_body));
    if let Some(secret) = secret.as_ref().filter(|_| in_body.is_none()) {
        sent = sent.with("authorization", accounts::basic(&set.client_id, secret).expose());
    }
    let target = app.outbound().target(&discovery.token_endpoint).map_err(|why| refused(why.into()))?;
    let answer = app.outbound().send(&target, sent).await.map_err(refused)?;
    if answer.status != 200 {
        // A code that was used, that is over, or of another client.
        return Ok(Err(Flaw::Refused));
    }
    Ok(serde_json::from_slice(&answer.body).map_err(|_| Flaw::Form))
}

/// What goes with a code.
fn form(set: &Sso, attempt: &Attempt, code: &str, redirect: &str, secret: Option<&Sensitive<String>>) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", redirect)
        .append_pair("client_id", &set.client_id)
        .append_pair("code_verifier", attempt.verifier.expose());
    if let Some(secret) = secret {
        form.append_pair("client_secret", secret.expose());
    }
    form.finish()
}

/// A code of the authenticator, or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SsoCode {
    #[schema(value_type = String)]
    code: Sensitive<String>,
}

/// Signs in whom the provider vouched for, with the code that the account asks for.
#[utoipa::path(post, path = "/api/v1/session/oidc/code", request_body = SsoCode,
    responses((status = 200, body = SessionBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(super) async fn code(
    State(app): State<App>,
    Client(from): Client,
    headers: HeaderMap,
    body: Result<Json<SsoCode>, JsonRejection>,
) -> ApiResult<Response> {
    let Json(body) = body.map_err(ApiError::from)?;
    let kept = cookie(&headers, cookie_name(app.is_https())).unwrap_or_default();
    let signed_in = accounts::sign_in_code(app.ctx(), &kept, &body.code, from).await?;
    let cookies = [set_cookie(&app, signed_in.secret.as_ref()), keep(&app, None)];
    let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
    Ok((cookies, session_body(&signed_in)).into_response())
}

/// The identity provider in force.
#[derive(Serialize, ToSchema)]
pub(crate) struct SsoProvider {
    pub(crate) issuer: String,
    pub(crate) client_id: String,
    /// What the sign-in page calls it.
    pub(crate) name: String,
    has_secret: bool,
    scopes: Vec<String>,
    pub(crate) role_claim: Option<String>,
    /// Roles by group.
    pub(crate) role_map: BTreeMap<String, String>,
    /// Which customers people of a group see.
    pub(crate) scope_map: BTreeMap<String, GroupRows>,
    /// Which customers people see of whose group nothing is said: none, all.
    pub(crate) scope_default: &'static str,
    /// Whether a first sign-in makes an account.
    pub(crate) creates: bool,
}

impl From<Sso> for SsoProvider {
    fn from(set: Sso) -> Self {
        let has_secret = set.has_secret();
        let scope_default = match set.unbound() {
            Unbound::None => "none",
            Unbound::All => "all",
        };
        let Sso { issuer, client_id, name, scopes, role_claim, role_map, scope_map, creates, .. } = set;
        let scope_map = scope_map.into_iter().map(|(group, rows)| (group, rows.into())).collect();
        Self { issuer, client_id, name, has_secret, scopes, role_claim, role_map, scope_map, scope_default, creates }
    }
}

/// Which customers people of a group see: who lives in one of the provinces and bought in one of the stores; an empty list
/// limits nothing, two of them give all customers.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GroupRows {
    provinces: Vec<String>,
    stores: Vec<String>,
}

impl From<Rows> for GroupRows {
    fn from(rows: Rows) -> Self {
        Self { provinces: rows.provinces, stores: rows.stores }
    }
}

impl From<GroupRows> for Rows {
    fn from(rows: GroupRows) -> Self {
        Self { provinces: rows.provinces, stores: rows.stores }
    }
}

/// Whether single sign-on is set, and what the provider must know.
#[derive(Serialize, ToSchema)]
pub(super) struct SsoState {
    #[schema(value_type = Option<SsoProvider>)]
    provider: Option<SsoProvider>,
    /// To be registered with the provider.
    redirect_url: String,
}

/// Single sign-on as it is set; the secret is not shown.
#[utoipa::path(get, path = "/api/v1/sso", responses((status = 200, body = SsoState)))]
pub(super) async fn show(app: Acting, headers: HeaderMap) -> ApiResult<Json<SsoState>> {
    let provider = accounts::sso(app.ctx()).await?.map(SsoProvider::from);
    Ok(Json(SsoState { provider, redirect_url: callback_url(app.site(), &headers) }))
}

/// An identity provider to be put in force.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutSso {
    /// `https://…` on the public web, or a host that the operator has named.
    issuer: String,
    client_id: String,
    /// The one that was set stays when absent; empty takes it away.
    #[schema(value_type = Option<String>)]
    client_secret: Option<Sensitive<String>>,
    /// What the sign-in page calls it; the host when absent.
    name: Option<String>,
    /// Asked for beside `openid` and `profile`.
    scopes: Option<Vec<String>>,
    /// Which claim of the token names groups; dots lead into it.
    role_claim: Option<String>,
    /// Roles by group.
    role_map: Option<BTreeMap<String, String>>,
    /// Which customers people of a mapped group see.
    scope_map: Option<BTreeMap<String, GroupRows>>,
    /// Which customers people see of whose group nothing is said: none (they do not come in), all; when absent none, once a
    /// group is bound.
    #[schema(value_type = Option<String>)]
    scope_default: Option<Unbound>,
    /// Whether a first sign-in makes an account, with mapped roles.
    creates: Option<bool>,
}

/// Puts an identity provider in force, once it has answered.
#[utoipa::path(put, path = "/api/v1/sso", request_body = PutSso,
    responses((status = 200, body = SsoProvider), (status = 403, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 502, body = ErrorBody)))]
pub(super) async fn put(app: Acting, body: Result<Json<PutSso>, JsonRejection>) -> ApiResult<Json<SsoProvider>> {
    let Json(body) = body.map_err(ApiError::from)?;
    discover(app.outbound(), body.issuer.trim()).await?;
    let new = NewSso {
        issuer: body.issuer,
        client_id: body.client_id,
        secret: body.client_secret,
        name: body.name.unwrap_or_default(),
        scopes: body.scopes.unwrap_or_default(),
        role_claim: body.role_claim.filter(|claim| !claim.is_empty()),
        role_map: body.role_map.unwrap_or_default(),
        scope_map: body.scope_map.unwrap_or_default().into_iter().map(|(group, rows)| (group, rows.into())).collect(),
        scope_default: body.scope_default,
        creates: body.creates.unwrap_or(false),
    };
    let set = accounts::set_sso(app.ctx(), app.by(), new).await?;
    app.provider().forget_failure();
    Ok(Json(set.into()))
}

/// Takes the identity provider away.
#[utoipa::path(delete, path = "/api/v1/sso", responses((status = 204)))]
pub(super) async fn remove(app: Acting) -> ApiResult<StatusCode> {
    accounts::remove_sso(app.ctx(), app.by()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom the provider knows somebody as.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SsoLink {
    /// `sub` of the provider's tokens; kept as a keyed hash.
    #[schema(value_type = String)]
    subject: Sensitive<String>,
}

/// Links a user to an identity of the provider, in place of another.
#[utoipa::path(put, path = "/api/v1/users/{user_id}/sso", request_body = SsoLink,
    params(("user_id" = String, Path, description = "`usr_…`")),
    responses((status = 204), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn link(
    app: Acting,
    path: Result<Path<UserId>, PathRejection>,
    body: Result<Json<SsoLink>, JsonRejection>,
) -> ApiResult<StatusCode> {
    let (Path(id), Json(body)) = (path.map_err(ApiError::from)?, body.map_err(ApiError::from)?);
    accounts::link_sso(app.ctx(), app.by(), id, &body.subject).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the link of a user away; sessions end.
#[utoipa::path(delete, path = "/api/v1/users/{user_id}/sso",
    params(("user_id" = String, Path, description = "`usr_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn unlink(app: Acting, path: Result<Path<UserId>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    accounts::unlink_sso(app.ctx(), app.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
