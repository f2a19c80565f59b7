//! Who signs in and what they may do: users, sessions, keys of the API.
//!
//! Owns when a session ends, when somebody is locked out, and what each act leaves in the audit trail. What a role may do
//! stands in `zhike_domain::access`; how secrets are made and hashed, in the vault.
//!
//! - INV-ACCOUNTS-1: the first user is made once, by whoever holds the one-time token of this process.
//! - INV-ACCOUNTS-2: a change of roles or rows, a reset or a disabled user ends all sessions of the user at once; keys of
//!   the API stop with a disabled user, and are revoked by a reset.
//! - INV-ACCOUNTS-3: secrets are kept as hashes, and handed out once.
//! - INV-ACCOUNTS-4: whether a name exists is told by neither answer nor time.
//! - INV-ACCOUNTS-5: every act leaves an entry in the audit trail, in the same transaction.
//! - INV-ACCOUNTS-7: an act changes what it is about and nothing else; one that was decided on what is gone changes nothing.
//! - INV-ACCOUNTS-8: where administrators are separated nobody alone makes a way in as somebody who may do more; and nobody
//!   ever gives themselves more than they may do.

mod factor;
mod gate;
mod keys;
mod sign_in;
mod sso;
mod users;

use crate::boxed;
use std::collections::HashMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use tokio::sync::Semaphore;
use zhike_domain::access::{Means, Permission, Permissions, Principal, Role, Scope, granted};
use zhike_domain::id::UserId;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{AuditEntry, UserRow};
use zhike_vault::Vault;

use crate::{Ctx, Error, Result, audit, query};

pub use factor::{confirm_totp, offer_totp, remove_totp};
pub use keys::{ApiKey, NewApiKey, by_key, create_key, key_lives, keys, revoke_key};
pub use sign_in::{
    SignIn, SignedIn, by_session, change_password, needs_setup, offer_setup, session_lives, setup, sign_in, sign_out,
};
pub use sso::{
    Attempt, NewSso, Rows, Sso, Started, Unbound, Vouched, check_token, link_sso, may_try, refuse, remove_sso, set_sso,
    sign_in_code, sign_in_vouched, sso, start_sso, take_attempt, unlink_sso,
};
pub(crate) use users::need;
pub use users::{Change, NewUser, create, get, list, reset, set_separated, unlock, update};
/// What a client proves itself with, as a header.
pub use zhike_vault::jws::basic;

const SECOND: i64 = 1_000_000;
const DAY: i64 = 86_400 * SECOND;
/// Passwords hashed at a time: each takes 19 MiB and a tenth of a second.
const MAX_HASHING: usize = 2;

/// What this process remembers of accounts.
pub(crate) struct Known {
    /// Hash of the token that makes the first user.
    setup: Mutex<Option<[u8; 32]>>,
    /// Attempts of single sign-on that were taken: hash, when they began.
    attempts: Mutex<HashMap<[u8; 32], i64>>,
    hashing: Semaphore,
}

impl Default for Known {
    fn default() -> Self {
        Self { setup: Mutex::default(), attempts: Mutex::default(), hashing: Semaphore::new(MAX_HASHING) }
    }
}

/// How long things last, and whether administrators are separated: a definition, changed as others are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Whether the system's, the security's and the audit's administrators are three people.
    pub separated: bool,
    /// Minutes without a request after which a session ends.
    ///
    /// Source: GB/T 22239-2019 8.1.4.1 b.
    pub idle_minutes: i64,
    /// Hours after which a session ends in any case.
    pub session_hours: i64,
    /// Wrong attempts after which nothing is tried any more.
    pub max_failures: i64,
    /// For so many minutes.
    pub lock_minutes: i64,
    /// Days without a request after which an account is disabled.
    pub unused_days: i64,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            separated: false,
            idle_minutes: 30,
            session_hours: 12,
            max_failures: 5,
            lock_minutes: 15,
            unused_days: 90,
        }
    }
}

const POLICY: &str = "access_policy";

/// The policy in force.
#[boxed]
pub async fn policy(ctx: &Ctx) -> Result<Policy> {
    query::definition(ctx, POLICY, "default").await
}

/// Somebody who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// Name to sign in with.
    pub name: String,
    /// Name to be shown.
    pub display_name: String,
    /// Roles.
    pub roles: Vec<Role>,
    /// Which customers they see.
    pub scope: Scope,
    /// Whether a second factor is asked for.
    pub has_totp: bool,
    /// Whether an identity of a provider opens it; said where users are shown alone.
    pub is_linked: bool,
    /// Whether somebody else set the password.
    pub must_change_password: bool,
    /// Whether they may not sign in, by decision or because they have not for long.
    pub is_disabled: bool,
    /// Until when nothing is tried any more, in microseconds.
    pub locked_until: Option<i64>,
    /// Last request, in microseconds.
    pub last_seen_at: Option<i64>,
    /// When it was made, in microseconds.
    pub created_at: i64,
}

fn user(row: &UserRow, policy: &Policy, now: i64) -> Result<User> {
    let words = |json: &str| {
        serde_json::from_str::<Vec<String>>(json).map_err(|error| Error::bug("a stored list of a user", error))
    };
    let seen = row.last_seen_at.unwrap_or(row.created_at);
    Ok(User {
        id: UserId::new(row.user_id),
        name: row.name.clone(),
        display_name: row.display_name.clone(),
        // A role of a later release grants nothing.
        roles: words(&row.roles_json)?.iter().filter_map(|role| Role::parse(role)).collect(),
        scope: Scope { provinces: words(&row.provinces_json)?, stores: words(&row.stores_json)? },
        has_totp: row.totp_sealed.is_some(),
        is_linked: false,
        must_change_password: row.must_change != 0,
        is_disabled: row.is_disabled != 0 || seen < now - policy.unused_days * DAY,
        locked_until: None,
        last_seen_at: row.last_seen_at,
        created_at: row.created_at,
    })
}

/// A user as one who acts; by a key, within its permissions.
fn principal(user: &User, policy: &Policy, by: Option<(&str, String, Permissions)>) -> Principal {
    // What is everybody's who signs in, whatever their roles: the own password must be changeable before roles are given.
    let own = [Permission::AccountOwn];
    let all: Permissions = granted(&user.roles, policy.separated).iter().chain(own).collect();
    // A one-time password is for whoever types it; a key was given by somebody who may.
    let must_change_password = by.is_none() && user.must_change_password;
    let (id, actor, means, permissions) = match by {
        None => (user.id.to_string(), user.name.clone(), Means::Session, all),
        Some((key, id, permissions)) => (id, format!("{}/{key}", user.name), Means::Key, all.and(permissions)),
    };
    Principal {
        id,
        owner: user.name.clone(),
        actor,
        means,
        roles: user.roles.clone(),
        scope: user.scope.clone(),
        permissions,
        must_change_password,
    }
}

/// Somebody asked for what their permissions do not hold.
pub fn no_permission(permission: Permission) -> Error {
    let roles = |say: fn(Role) -> &'static str, and: &str| {
        permission.roles().iter().map(|role| say(*role)).collect::<Vec<_>>().join(and)
    };
    Error::new(
        zhike_domain::error_code::ErrorCode::NoPermission,
        format!(
            "this needs the permission {permission} ({}), which these roles have: {}; an administrator or security \
             administrator can give one",
            permission.en(),
            roles(Role::en, ", "),
        ),
        format!(
            "需要权限 {permission}（{}），拥有它的角色：{}；请联系管理员或安全管理员授权",
            permission.zh(),
            roles(Role::zh, "、"),
        ),
    )
}

/// What was decided on an account does not hold any more: it was reset, disabled or changed while it was worked on.
fn changed_meanwhile() -> Error {
    Error::conflict(
        "the account was changed by somebody else meanwhile: look at it, or sign in, again".into(),
        "账号刚刚被他人更改：请刷新或重新登录后再试".into(),
    )
}

/// An entry of the audit trail about an account.
fn entry(ctx: &Ctx, actor: &str, action: &str, subject: &str, detail: Json) -> AuditEntry {
    audit::entry(ctx, actor, action, subject, &detail)
}

fn list_json(words: &[String]) -> String {
    json!(words).to_string()
}

/// Runs what hashes passwords: off the threads that answer, two at a time; the others wait, for a while.
async fn hashing<T: Send + 'static>(
    ctx: &Ctx,
    work: impl FnOnce() -> zhike_vault::Result<T> + Send + 'static,
) -> Result<T> {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(20);
    let turn = tokio::time::timeout(PATIENCE, ctx.accounts().hashing.acquire()).await;
    let Ok(Ok(_turn)) = turn else {
        return Err(Error::new(
            zhike_domain::error_code::ErrorCode::Busy,
            "too many are signing in at once: try again",
            "同时登录的人太多：请稍后再试",
        ));
    };
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("hash a password", error))?;
    Ok(done?)
}

/// A secret for commands at the machine of a running server: 256 bits that live as long as the process.
pub fn new_local_token() -> Sensitive<String> {
    // 52 letters of five bits.
    Sensitive::new(format!("zl_{}", zhike_vault::password::new_word(52).expose()))
}

/// Whether two secrets of 256 bits are one: by their hashes, so that time tells nothing of how much fits.
pub fn is_same_secret(left: &Sensitive<String>, right: &Sensitive<String>) -> bool {
    use zhike_vault::password::secret_hash;
    secret_hash(left.expose()) == secret_hash(right.expose())
}

/// The link of the audit chain.
fn link(prev: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    Vault::audit_link(prev, bytes)
}
