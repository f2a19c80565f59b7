//! `/api/v1/setup`, `/session`, `/account`: coming in, going out, one's own password and second factor.

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::accounts::{self, SignIn, SignedIn, User};

use super::App;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::{From, Session, not_signed_in, set_cookie};
use crate::output::instant;

/// Whether the first administrator is still to be made, and how people come in.
#[derive(Serialize, ToSchema)]
pub(super) struct SetupState {
    needed: bool,
    /// Name of the identity provider that people may sign in with.
    sso: Option<String>,
}

/// Whether the first administrator is still to be made.
#[utoipa::path(get, path = "/api/v1/setup", responses((status = 200, body = SetupState)))]
pub(super) async fn setup_state(State(app): State<App>) -> ApiResult<Json<SetupState>> {
    let sso = accounts::sso(app.ctx()).await?.map(|set| set.name);
    Ok(Json(SetupState { needed: accounts::needs_setup(app.ctx()).await?, sso }))
}

/// The first administrator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Setup {
    /// From the link that `zhike serve` prints.
    #[schema(value_type = String)]
    token: Sensitive<String>,
    name: String,
    #[schema(value_type = String)]
    password: Sensitive<String>,
}

/// Makes the first administrator, once, and signs them in.
#[utoipa::path(post, path = "/api/v1/setup", request_body = Setup,
    responses((status = 201, body = SessionBody), (status = 401, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(super) async fn setup(State(app): State<App>, body: Result<Json<Setup>, JsonRejection>) -> ApiResult<Response> {
    let Json(body) = body.map_err(ApiError::from)?;
    let signed_in = accounts::setup(app.ctx(), &body.token, &body.name, body.password).await?;
    Ok((StatusCode::CREATED, begun(&app, &signed_in)).into_response())
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(super) struct SessionBody {
    user: SessionUser,
    /// By name.
    permissions: Vec<&'static str>,
    /// Seconds without a request after which the session ends.
    idle_seconds: i64,
    /// When it ends in any case.
    expires_at: String,
}

/// The user of a session.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionUser {
    user_id: String,
    name: String,
    display_name: String,
    roles: Vec<&'static str>,
    has_totp: bool,
    must_change_password: bool,
    /// Provinces of the customers they see; all when empty.
    provinces: Vec<String>,
    /// Stores of the customers they see; all when empty.
    stores: Vec<String>,
}

impl SessionUser {
    fn of(user: &User) -> Self {
        Self {
            user_id: user.id.to_string(),
            name: user.name.clone(),
            display_name: user.display_name.clone(),
            roles: user.roles.iter().map(|role| role.as_str()).collect(),
            has_totp: user.has_totp,
            must_change_password: user.must_change_password,
            provinces: user.scope.provinces.clone(),
            stores: user.scope.stores.clone(),
        }
    }
}

pub(super) fn body(signed_in: &SignedIn) -> Json<SessionBody> {
    Json(SessionBody {
        user: SessionUser::of(&signed_in.user),
        permissions: signed_in.permissions.names(),
        idle_seconds: signed_in.idle_seconds,
        expires_at: instant(signed_in.expires_at),
    })
}

/// The answer that begins a session.
fn begun(app: &App, signed_in: &SignedIn) -> impl IntoResponse + use<> {
    ([(header::SET_COOKIE, set_cookie(app, signed_in.secret.as_ref()))], body(signed_in))
}

/// Somebody who comes in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SignIn)]
pub(super) struct SignInBody {
    name: String,
    #[schema(value_type = String)]
    password: Sensitive<String>,
    /// Of the authenticator, or a recovery code.
    #[schema(value_type = Option<String>)]
    code: Option<Sensitive<String>>,
}

/// Signs in.
#[utoipa::path(post, path = "/api/v1/session", request_body = SignInBody,
    responses((status = 200, body = SessionBody), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(super) async fn sign_in(
    State(app): State<App>,
    From(from): From,
    body: Result<Json<SignInBody>, JsonRejection>,
) -> ApiResult<Response> {
    let Json(body) = body.map_err(ApiError::from)?;
    let code = body.code.filter(|code| !code.expose().trim().is_empty());
    let asked = SignIn { name: body.name, password: body.password, code, from };
    let signed_in = accounts::sign_in(app.ctx(), asked).await?;
    Ok(begun(&app, &signed_in).into_response())
}

/// Who is signed in.
#[utoipa::path(get, path = "/api/v1/session",
    responses((status = 200, body = SessionBody), (status = 401, body = ErrorBody)))]
pub(super) async fn show(session: Option<Session>) -> ApiResult<Json<SessionBody>> {
    let session = session.ok_or_else(not_signed_in)?;
    Ok(body(&session.signed_in))
}

/// Signs out.
#[utoipa::path(delete, path = "/api/v1/session", responses((status = 204)))]
pub(super) async fn sign_out(State(app): State<App>, session: Option<Session>) -> ApiResult<Response> {
    if let Some(session) = session {
        accounts::sign_out(app.ctx(), &session.secret).await?;
    }
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, set_cookie(&app, None))]).into_response())
}

/// Another password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePassword {
    #[schema(value_type = String)]
    old: Sensitive<String>,
    #[schema(value_type = String)]
    new: Sensitive<String>,
}

/// Sets another password of one's own; all other sessions end.
#[utoipa::path(put, path = "/api/v1/account/password", request_body = ChangePassword,
    responses((status = 204), (status = 401, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody)))]
pub(super) async fn change_password(
    State(app): State<App>,
    session: Session,
    body: Result<Json<ChangePassword>, JsonRejection>,
) -> ApiResult<StatusCode> {
    let Json(body) = body.map_err(ApiError::from)?;
    accounts::change_password(app.ctx(), &session.secret, body.old, body.new).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The secret of a second factor, for an authenticator.
#[derive(Serialize, ToSchema)]
pub(super) struct TotpOffer {
    secret: String,
    otpauth_url: String,
}

/// Draws a secret for an authenticator; it counts once a code of it was given.
#[utoipa::path(post, path = "/api/v1/account/totp",
    responses((status = 200, body = TotpOffer), (status = 409, body = ErrorBody)))]
pub(super) async fn offer_totp(State(app): State<App>, session: Session) -> ApiResult<Json<TotpOffer>> {
    let user = &session.signed_in.user;
    let secret = accounts::offer_totp(app.ctx(), user).await?.expose().clone();
    let name: String = user
        .name
        .bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let otpauth_url =
        format!("otpauth://totp/Zhike:{name}?secret={secret}&issuer=Zhike&algorithm=SHA1&digits=6&period=30");
    Ok(Json(TotpOffer { secret, otpauth_url }))
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TotpCode {
    #[schema(value_type = String)]
    code: Sensitive<String>,
}

/// Codes for when the authenticator is lost, shown once.
#[derive(Serialize, ToSchema)]
pub(super) struct RecoveryCodes {
    recovery_codes: Vec<String>,
}

/// Puts the second factor in force.
#[utoipa::path(put, path = "/api/v1/account/totp", request_body = TotpCode,
    responses((status = 200, body = RecoveryCodes), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn confirm_totp(
    State(app): State<App>,
    session: Session,
    body: Result<Json<TotpCode>, JsonRejection>,
) -> ApiResult<Json<RecoveryCodes>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let codes = accounts::confirm_totp(app.ctx(), &session.signed_in.user, &body.code).await?;
    Ok(Json(RecoveryCodes { recovery_codes: codes.into_iter().map(|code| code.expose().clone()).collect() }))
}

/// The password once more.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProvePassword {
    #[schema(value_type = String)]
    password: Sensitive<String>,
}

/// Takes the second factor away.
#[utoipa::path(delete, path = "/api/v1/account/totp", request_body = ProvePassword,
    responses((status = 204), (status = 401, body = ErrorBody), (status = 429, body = ErrorBody)))]
pub(super) async fn remove_totp(
    State(app): State<App>,
    session: Session,
    body: Result<Json<ProvePassword>, JsonRejection>,
) -> ApiResult<StatusCode> {
    let Json(body) = body.map_err(ApiError::from)?;
    accounts::remove_totp(app.ctx(), &session.signed_in.user, body.password).await?;
    Ok(StatusCode::NO_CONTENT)
}
