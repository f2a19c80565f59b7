//! Keys of the API: for programs, within what their owner may do.

use crate::boxed;
use serde_json::json;
use zhike_domain::access::{Permission, Permissions, Principal};
use zhike_domain::id::ApiKeyId;
use zhike_domain::sensitive::Sensitive;
use zhike_state::ApiKeyRow;
use zhike_vault::password;

use super::users::{need, need_as_much};
use super::{DAY, SECOND, entry, link, policy, principal, user};
use crate::{Ctx, Error, Result};

/// What every key begins with.
const PREFIX: &str = "zk_";
/// Letters of a key that are shown.
const SHOWN_CHARS: usize = 9;
const MAX_DAYS: i64 = 730;
/// Keys in force of one owner at most.
const MAX_KEYS: usize = 50;
/// A use is noted so often at most.
const NOTED_EVERY: i64 = 60 * SECOND;
/// What only a person does.
const NEVER: &[Permission] = &[
    Permission::AccountOwn,
    Permission::KeysManage,
    Permission::UsersManage,
    Permission::RolesAssign,
    Permission::PolicyChange,
];

/// A key without its secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// Id.
    pub id: ApiKeyId,
    /// Name.
    pub name: String,
    /// How the secret begins.
    pub prefix: String,
    /// What it may do, as long as its owner may.
    pub permissions: Permissions,
    /// When it was made, in microseconds.
    pub created_at: i64,
    /// When it ends, in microseconds.
    pub expires_at: i64,
    /// Last use, in microseconds.
    pub last_used_at: Option<i64>,
    /// Name of the owner.
    pub owner: String,
}

/// A key to be made.
#[derive(Clone, Debug, Default)]
pub struct NewApiKey {
    /// Name.
    pub name: String,
    /// What it may do, by name.
    pub permissions: Vec<String>,
    /// After how many days it ends.
    pub days: i64,
}

fn key(row: &ApiKeyRow, owner: String) -> Result<ApiKey> {
    let names: Vec<String> =
        serde_json::from_str(&row.permissions_json).map_err(|error| Error::bug("stored permissions", error))?;
    Ok(ApiKey {
        id: ApiKeyId::new(row.key_id),
        name: row.name.clone(),
        prefix: row.prefix.clone(),
        permissions: names.iter().filter_map(|name| Permission::parse(name)).collect(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
        owner,
    })
}

/// Keys in force: one's own, or for whoever manages users those of all.
#[boxed]
pub async fn keys(ctx: &Ctx, by: &Principal) -> Result<Vec<ApiKey>> {
    let names: std::collections::HashMap<i64, String> =
        ctx.store().users().await?.into_iter().map(|row| (row.user_id, row.name)).collect();
    let sees_all = by.permissions.holds(Permission::UsersManage);
    let mut found = Vec::new();
    for row in ctx.store().api_keys().await? {
        let owner = names.get(&row.user_id).cloned().unwrap_or_default();
        if sees_all || owner == by.owner {
            found.push(key(&row, owner)?);
        }
    }
    Ok(found)
}

/// Makes a key of `owner`, and returns its secret, which is shown once.
///
/// **Errors**: `invalid_account` for a name, permissions or days that do not hold; `not_found` for the owner;
/// `no_permission`, where administrators are separated also for an owner who may do more.
#[boxed]
pub async fn create_key(ctx: &Ctx, by: &Principal, owner: &str, new: NewApiKey) -> Result<(ApiKey, Sensitive<String>)> {
    need(by, Permission::KeysManage)?;
    if owner != by.owner {
        need(by, Permission::UsersManage)?;
    }
    let row = ctx.store().user_named(owner).await?.ok_or_else(|| Error::not_found("user", "用户"))?;
    let (policy, now) = (policy(ctx).await?, ctx.now());
    let of = user(&row, &policy, now)?;
    if owner != by.owner {
        need_as_much(ctx, by, &of, &policy).await?;
    }
    let own = principal(&of, &policy, None).permissions;
    let name = new.name.trim().to_owned();
    if name.is_empty() || name.chars().count() > 60 || name.contains(char::is_control) {
        return Err(Error::invalid_account("a key has a name of 1 to 60 characters", "密钥名称为 1 到 60 个字"));
    }
    if !(1..=MAX_DAYS).contains(&new.days) {
        return Err(Error::invalid_account(
            format!("a key lasts 1 to {MAX_DAYS} days"),
            format!("密钥有效期为 1 到 {MAX_DAYS} 天"),
        ));
    }
    let mut asked = Vec::new();
    for name in &new.permissions {
        let one = Permission::parse(name).ok_or_else(|| {
            Error::invalid_account(format!("there is no permission {name:?}"), format!("没有权限 {name:?}"))
        })?;
        if NEVER.contains(&one) {
            return Err(Error::invalid_account(
                format!("{one} is for people who sign in, not for keys"),
                format!("{one} 只能由登录的人使用，不能授予密钥"),
            ));
        }
        if !own.holds(one) {
            return Err(Error::invalid_account(
                format!("a key has no more than its owner, who has not {one}"),
                format!("密钥的权限不能超过其所有者：所有者没有 {one}"),
            ));
        }
        asked.push(one);
    }
    if asked.is_empty() {
        return Err(Error::invalid_account("a key needs a permission at least", "密钥至少需要一项权限"));
    }
    let n_own = ctx.store().api_keys().await?.iter().filter(|key| key.user_id == row.user_id).count();
    if n_own >= MAX_KEYS {
        return Err(Error::invalid_account(
            format!("{MAX_KEYS} keys are in force: revoke one first"),
            format!("已有 {MAX_KEYS} 个密钥：请先撤销一个"),
        ));
    }
    let permissions: Permissions = asked.into_iter().collect();
    let secret = format!("{PREFIX}{}", password::new_secret()?);
    let made = ApiKeyRow {
        key_id: ctx.vault().random_id(),
        user_id: row.user_id,
        name,
        prefix: secret[..SHOWN_CHARS].to_owned(),
        key_hash: password::secret_hash(&secret),
        permissions_json: json!(permissions.names()).to_string(),
        created_at: now,
        expires_at: now + new.days * DAY,
        last_used_at: None,
        revoked_at: None,
    };
    let id = ApiKeyId::new(made.key_id);
    let detail = json!({"owner": row.name, "permissions": permissions.names(), "days": new.days});
    ctx.store()
        .insert_api_key(made.clone(), &entry(ctx, &by.actor, "key.create", &id.to_string(), detail), link)
        .await?;
    Ok((key(&made, row.name)?, Sensitive::new(secret)))
}

/// Revokes a key of one's own, or for whoever manages users of anybody.
///
/// **Errors**: `not_found`, for keys of others too.
#[boxed]
pub async fn revoke_key(ctx: &Ctx, by: &Principal, id: ApiKeyId) -> Result<()> {
    let missing = || Error::not_found("key", "密钥");
    let key = keys(ctx, by).await?.into_iter().find(|key| key.id == id).ok_or_else(missing)?;
    let done = entry(ctx, &by.actor, "key.revoke", &id.to_string(), json!({"owner": key.owner}));
    if ctx.store().revoke_api_key(id.get(), &done, link).await? { Ok(()) } else { Err(missing()) }
}

/// Who acts by a key, and notes the use; `None` when it is none, has ended, or its owner may not act.
#[boxed]
pub async fn by_key(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<Principal>> {
    let Some((row, by)) = holder(ctx, secret).await? else { return Ok(None) };
    let now = ctx.now();
    if row.last_used_at.is_none_or(|used| used + NOTED_EVERY <= now) {
        ctx.store().touch_api_key(&row, now).await?;
    }
    Ok(Some(by))
}

/// As [`by_key`], for whoever goes on without asking again: nothing is noted.
#[boxed]
pub async fn key_lives(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<Principal>> {
    Ok(holder(ctx, secret).await?.map(|(_, by)| by))
}

async fn holder(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<(ApiKeyRow, Principal)>> {
    if !secret.expose().starts_with(PREFIX) {
        return Ok(None);
    }
    let now = ctx.now();
    let Some(row) = ctx.store().api_key_of(&password::secret_hash(secret.expose())).await? else { return Ok(None) };
    if row.revoked_at.is_some() || row.expires_at <= now {
        return Ok(None);
    }
    let Some(owner) = ctx.store().user(row.user_id).await? else { return Ok(None) };
    let policy = policy(ctx).await?;
    let owner = user(&owner, &policy, now)?;
    if owner.is_disabled {
        return Ok(None);
    }
    let key = key(&row, owner.name.clone())?;
    let id = ApiKeyId::new(row.key_id).to_string();
    Ok(Some((row, principal(&owner, &policy, Some((&key.name, id, key.permissions))))))
}
