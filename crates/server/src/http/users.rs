//! `/api/v1/users`, `/roles`, `/api-keys`: who there is, what they may do, and keys for programs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::access::{Permission, Role, Scope, granted};
use zhike_domain::id::{ApiKeyId, UserId};
use zhike_engine::accounts::{self, ApiKey, Change, NewApiKey, NewUser, User};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;
use crate::output::instant;

/// A user as administrators see them.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserBody {
    user_id: String,
    pub(crate) name: String,
    display_name: String,
    pub(crate) roles: Vec<&'static str>,
    has_totp: bool,
    /// Whether an identity of the provider opens it.
    sso: bool,
    must_change_password: bool,
    /// Provinces of the customers they see; all when empty.
    pub(crate) provinces: Vec<String>,
    /// Stores of the customers they see; all when empty.
    stores: Vec<String>,
    /// Whether they may not sign in, by decision or because they have not for 90 days.
    pub(crate) disabled: bool,
    /// Until when nothing is tried any more.
    pub(crate) locked_until: Option<String>,
    pub(crate) last_seen_at: Option<String>,
    created_at: String,
}

impl From<User> for UserBody {
    fn from(user: User) -> Self {
        Self {
            user_id: user.id.to_string(),
            name: user.name,
            display_name: user.display_name,
            roles: user.roles.iter().map(|role| role.as_str()).collect(),
            has_totp: user.has_totp,
            sso: user.is_linked,
            must_change_password: user.must_change_password,
            provinces: user.scope.provinces,
            stores: user.scope.stores,
            disabled: user.is_disabled,
            locked_until: user.locked_until.map(instant),
            last_seen_at: user.last_seen_at.map(instant),
            created_at: instant(user.created_at),
        }
    }
}

/// Users.
#[derive(Serialize, ToSchema)]
pub(super) struct UserList {
    items: Vec<UserBody>,
}

/// All users, by name.
#[utoipa::path(get, path = "/api/v1/users", responses((status = 200, body = UserList)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<UserList>> {
    let items = accounts::list(app.ctx()).await?.into_iter().map(UserBody::from).collect();
    Ok(Json(UserList { items }))
}

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateUser {
    /// To sign in with: letters, digits, dots, dashes, underscores.
    name: String,
    display_name: Option<String>,
    roles: Option<Vec<String>>,
    provinces: Option<Vec<String>>,
    stores: Option<Vec<String>>,
}

/// A user with a one-time password.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedUser {
    user: UserBody,
    /// Shown once; it must be changed at the first sign-in.
    password: String,
}

/// Makes a user.
#[utoipa::path(post, path = "/api/v1/users", request_body = CreateUser,
    responses((status = 201, body = CreatedUser), (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
pub(super) async fn create(
    app: Acting,
    body: Result<Json<CreateUser>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<CreatedUser>)> {
    let Json(body) = body.map_err(ApiError::from)?;
    let scope = Scope { provinces: body.provinces.unwrap_or_default(), stores: body.stores.unwrap_or_default() };
    let new = NewUser {
        name: body.name,
        display_name: body.display_name.unwrap_or_default(),
        roles: body.roles.unwrap_or_default(),
        scope,
    };
    let (user, word) = accounts::create(app.ctx(), app.by(), new).await?;
    Ok((StatusCode::CREATED, Json(CreatedUser { user: user.into(), password: word.expose().clone() })))
}

/// One user.
#[utoipa::path(get, path = "/api/v1/users/{user_id}", params(("user_id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = UserBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<UserId>, PathRejection>) -> ApiResult<Json<UserBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(Json(accounts::get(app.ctx(), id).await?.into()))
}

/// What a user is to become; what is missing stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangeUser {
    display_name: Option<String>,
    roles: Option<Vec<String>>,
    provinces: Option<Vec<String>>,
    stores: Option<Vec<String>>,
    disabled: Option<bool>,
}

/// Changes a user; other roles or rows, and being disabled, end their sessions.
#[utoipa::path(put, path = "/api/v1/users/{user_id}", params(("user_id" = String, Path, description = "`usr_…`")),
    request_body = ChangeUser,
    responses((status = 200, body = UserBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn update(
    app: Acting,
    path: Result<Path<UserId>, PathRejection>,
    body: Result<Json<ChangeUser>, JsonRejection>,
) -> ApiResult<Json<UserBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let change = Change {
        display_name: body.display_name,
        roles: body.roles,
        provinces: body.provinces,
        stores: body.stores,
        is_disabled: body.disabled,
    };
    Ok(Json(accounts::update(app.ctx(), app.by(), id, change).await?.into()))
}

/// A one-time password.
#[derive(Serialize, ToSchema)]
pub(super) struct OneTimePassword {
    password: String,
}

/// Gives a user a new one-time password; sessions end, keys of the API are revoked, the second factor goes.
#[utoipa::path(post, path = "/api/v1/users/{user_id}/reset",
    params(("user_id" = String, Path, description = "`usr_…`")),
    responses((status = 200, body = OneTimePassword), (status = 404, body = ErrorBody)))]
pub(super) async fn reset(app: Acting, path: Result<Path<UserId>, PathRejection>) -> ApiResult<Json<OneTimePassword>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let word = accounts::reset(app.ctx(), app.by(), id).await?;
    Ok(Json(OneTimePassword { password: word.expose().clone() }))
}

/// Forgets the wrong attempts of a user.
#[utoipa::path(post, path = "/api/v1/users/{user_id}/unlock",
    params(("user_id" = String, Path, description = "`usr_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn unlock(app: Acting, path: Result<Path<UserId>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    accounts::unlock(app.ctx(), app.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The policy: roles, permissions, and which role has which.
#[derive(Serialize, ToSchema)]
#[schema(as = Roles)]
pub(crate) struct RolesBody {
    pub(crate) roles: Vec<RoleBody>,
    permissions: Vec<PermissionBody>,
    /// Whether system, security and audit administrators are three people.
    separated: bool,
}

/// A role.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub(crate) struct RoleBody {
    pub(crate) role: &'static str,
    pub(crate) zh: &'static str,
    pub(crate) en: &'static str,
    /// By permission, whether it is granted.
    pub(crate) grants: BTreeMap<&'static str, bool>,
    /// By grade 1 to 4: clear, partial, full (mask).
    shows: BTreeMap<&'static str, &'static str>,
    /// By grade 3 and 4, what it takes to see a masked value: reason, approval, never.
    unmask: BTreeMap<&'static str, &'static str>,
    /// The smallest group of people of which a sum is meant to be shown.
    min_group: u32,
}

/// A permission.
#[derive(Serialize, ToSchema)]
#[schema(as = Permission)]
pub(super) struct PermissionBody {
    permission: &'static str,
    zh: &'static str,
    en: &'static str,
}

impl RolesBody {
    pub(crate) fn new(separated: bool) -> Self {
        let role = |role: &Role| {
            let (held, table) = (granted(&[*role], separated), role.table());
            let grants = Permission::ALL.iter().map(|one| (one.as_str(), held.holds(*one)));
            RoleBody {
                role: role.as_str(),
                zh: role.zh(),
                en: role.en(),
                grants: grants.collect(),
                shows: ["1", "2", "3", "4"].into_iter().zip(table.by_grade.map(|shown| shown.as_str())).collect(),
                unmask: ["3", "4"].into_iter().zip(table.unmask.map(|unmask| unmask.as_str())).collect(),
                min_group: table.min_group,
            }
        };
        let permission = |one: &Permission| PermissionBody { permission: one.as_str(), zh: one.zh(), en: one.en() };
        Self {
            roles: Role::ALL.iter().map(role).collect(),
            permissions: Permission::ALL.iter().map(permission).collect(),
            separated,
        }
    }
}

/// The policy: roles, permissions, and which role has which.
#[utoipa::path(get, path = "/api/v1/roles", responses((status = 200, body = RolesBody)))]
pub(super) async fn roles(app: Acting) -> ApiResult<Json<RolesBody>> {
    Ok(Json(RolesBody::new(accounts::policy(app.ctx()).await?.separated)))
}

/// Whether administrators are separated.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangePolicy {
    separated: bool,
}

/// Separates system, security and audit administrators, or joins them again; everybody signs in anew.
#[utoipa::path(put, path = "/api/v1/roles", request_body = ChangePolicy,
    responses((status = 200, body = RolesBody), (status = 409, body = ErrorBody)))]
pub(super) async fn separate(
    app: Acting,
    body: Result<Json<ChangePolicy>, JsonRejection>,
) -> ApiResult<Json<RolesBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    accounts::set_separated(app.ctx(), app.by(), body.separated).await?;
    Ok(Json(RolesBody::new(body.separated)))
}

/// A key of the API, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub(crate) struct ApiKeyBody {
    pub(crate) key_id: String,
    pub(crate) name: String,
    /// How the secret begins.
    pub(crate) prefix: String,
    pub(crate) permissions: Vec<&'static str>,
    created_at: String,
    pub(crate) expires_at: String,
    pub(crate) last_used_at: Option<String>,
    /// Name of its owner.
    pub(crate) owner: String,
}

impl From<ApiKey> for ApiKeyBody {
    fn from(key: ApiKey) -> Self {
        Self {
            key_id: key.id.to_string(),
            name: key.name,
            prefix: key.prefix,
            permissions: key.permissions.names(),
            created_at: instant(key.created_at),
            expires_at: instant(key.expires_at),
            last_used_at: key.last_used_at.map(instant),
            owner: key.owner,
        }
    }
}

/// Keys of the API.
#[derive(Serialize, ToSchema)]
pub(super) struct ApiKeyList {
    items: Vec<ApiKeyBody>,
}

/// One's own keys in force; for whoever manages users, those of all.
#[utoipa::path(get, path = "/api/v1/api-keys", responses((status = 200, body = ApiKeyList)))]
pub(super) async fn keys(app: Acting) -> ApiResult<Json<ApiKeyList>> {
    let items = accounts::keys(app.ctx(), app.by()).await?.into_iter().map(ApiKeyBody::from).collect();
    Ok(Json(ApiKeyList { items }))
}

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateApiKey {
    name: String,
    /// By name; none that the owner has not.
    permissions: Vec<String>,
    /// After how many days it ends: 1 to 730.
    days: i64,
}

/// A key with its secret.
#[derive(Serialize, ToSchema)]
pub(super) struct CreatedApiKey {
    /// Shown once.
    key: String,
    api_key: ApiKeyBody,
}

/// Makes a key of one's own.
#[utoipa::path(post, path = "/api/v1/api-keys", request_body = CreateApiKey,
    responses((status = 201, body = CreatedApiKey), (status = 422, body = ErrorBody)))]
pub(super) async fn create_key(
    app: Acting,
    body: Result<Json<CreateApiKey>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<CreatedApiKey>)> {
    let Json(body) = body.map_err(ApiError::from)?;
    let new = NewApiKey { name: body.name, permissions: body.permissions, days: body.days };
    let (api_key, secret) = accounts::create_key(app.ctx(), app.by(), &app.by().owner, new).await?;
    Ok((StatusCode::CREATED, Json(CreatedApiKey { key: secret.expose().clone(), api_key: api_key.into() })))
}

/// Revokes a key.
#[utoipa::path(delete, path = "/api/v1/api-keys/{key_id}", params(("key_id" = String, Path, description = "`key_…`")),
    responses((status = 204), (status = 404, body = ErrorBody)))]
pub(super) async fn revoke_key(app: Acting, path: Result<Path<ApiKeyId>, PathRejection>) -> ApiResult<StatusCode> {
    let Path(id) = path.map_err(ApiError::from)?;
    accounts::revoke_key(app.ctx(), app.by(), id).await?;
    Ok(StatusCode::NO_CONTENT)
}
