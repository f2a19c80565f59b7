//! Users as administrators see them.

use crate::boxed;
use serde_json::json;
use zhike_domain::access::password as rules;
use zhike_domain::access::{Permission, Principal, Role, RoleProblem, Scope, check_roles, granted};
use zhike_domain::clean::{RuleSet, region};
use zhike_domain::detect::mask_text;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ApiKeyId, UserId};
use zhike_domain::sensitive::Sensitive;
use zhike_state::{NewPassword, Sessions, UserChange, UserRow};
use zhike_vault::password;

use super::gate::{locked_until, subjects};
use super::{POLICY, Policy, User, changed_meanwhile, entry, hashing, link, list_json, no_permission, policy, user};
use crate::{Ctx, Error, Result, audit, query};

/// Letters of a one-time password, five bits each.
const WORD_LETTERS: usize = 20;
/// Provinces or stores of a user at most.
const MAX_SCOPE: usize = 200;

/// A user to be made.
#[derive(Clone, Debug, Default)]
pub struct NewUser {
    /// Name to sign in with.
    pub name: String,
    /// Name to be shown; the other when empty.
    pub display_name: String,
    /// Roles by name.
    pub roles: Vec<String>,
    /// Which customers they see.
    pub scope: Scope,
}

/// What a user is to become; what is missing stays.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Name to be shown.
    pub display_name: Option<String>,
    /// Roles by name.
    pub roles: Option<Vec<String>>,
    /// Provinces of the customers they see.
    pub provinces: Option<Vec<String>>,
    /// Stores of the customers they see.
    pub stores: Option<Vec<String>>,
    /// Whether they may not sign in.
    pub is_disabled: Option<bool>,
}

/// All users, by name.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<User>> {
    let policy = policy(ctx).await?;
    let mut all = Vec::new();
    for row in ctx.store().users().await? {
        all.push(shown(ctx, &row, &policy).await?);
    }
    Ok(all)
}

/// One user.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id: UserId) -> Result<User> {
    shown(ctx, &row(ctx, id).await?, &policy(ctx).await?).await
}

async fn shown(ctx: &Ctx, row: &UserRow, policy: &Policy) -> Result<User> {
    let locked_until = locked_until(ctx, &subjects(ctx, &row.name, None)).await?;
    let is_linked = ctx.store().sso_link_of(row.user_id).await?.is_some();
    Ok(User { locked_until, is_linked, ..user(row, policy, ctx.now())? })
}

pub(super) async fn row(ctx: &Ctx, id: UserId) -> Result<UserRow> {
    ctx.store().user(id.get()).await?.ok_or_else(|| Error::not_found("user", "用户"))
}

/// Makes a user with a password that is shown once and must be changed.
///
/// **Errors**: `invalid_account`, `conflict` when the name is taken, `no_permission` to give roles.
#[boxed]
pub async fn create(ctx: &Ctx, by: &Principal, new: NewUser) -> Result<(User, Sensitive<String>)> {
    let policy = policy(ctx).await?;
    need(by, Permission::UsersManage)?;
    let name = read_name(&new.name)?;
    let roles = read_roles(&new.roles, &policy)?;
    let (provinces, stores) = (read_scope(&new.scope.provinces, true)?, read_scope(&new.scope.stores, false)?);
    if !roles.is_empty() || !provinces.is_empty() || !stores.is_empty() {
        need(by, Permission::RolesAssign)?;
    }
    let word = password::new_word(WORD_LETTERS);
    let once = word.clone();
    let password_hash = hashing(ctx, move || password::hash_password(&once)).await?;
    let now = ctx.now();
    let row = UserRow {
        user_id: ctx.vault().random_id(),
        display_name: read_display(Some(&new.display_name), &name)?,
        roles_json: roles_json(&roles),
        provinces_json: list_json(&provinces),
        stores_json: list_json(&stores),
        password_hash,
        password_at: now,
        must_change: 1,
        is_disabled: 0,
        totp_sealed: None,
        totp_offered: None,
        totp_step: None,
        created_at: now,
        last_seen_at: None,
        name,
    };
    let detail = json!({"name": row.name, "roles": names(&roles), "provinces": provinces, "stores": stores});
    let made = entry(ctx, &by.actor, "user.create", &UserId::new(row.user_id).to_string(), detail);
    if !ctx.store().insert_user(row.clone(), false, &made, link).await? {
        return Err(Error::conflict(
            format!("there is a user named {:?} already: choose another name", row.name),
            format!("已有名为“{}”的用户：请换一个名称", row.name),
        ));
    }
    Ok((user(&row, &policy, now)?, word))
}

/// Changes a user; a change of roles, rows or whether they may sign in ends their sessions.
///
/// **Errors**: `not_found`, `invalid_account`, `no_permission` for what is not theirs to change, or not to give themselves,
/// `conflict` for the last one who could undo it.
#[boxed]
pub async fn update(ctx: &Ctx, by: &Principal, id: UserId, change: Change) -> Result<User> {
    let policy = policy(ctx).await?;
    let row = row(ctx, id).await?;
    let before = user(&row, &policy, ctx.now())?;
    let display_name = match &change.display_name {
        Some(name) => read_display(Some(name), &row.name)?,
        None => before.display_name.clone(),
    };
    let roles = match &change.roles {
        Some(roles) => read_roles(roles, &policy)?,
        None => before.roles.clone(),
    };
    let provinces = change.provinces.map_or(Ok(before.scope.provinces.clone()), |all| read_scope(&all, true))?;
    let stores = change.stores.map_or(Ok(before.scope.stores.clone()), |all| read_scope(&all, false))?;
    let scope = Scope { provinces, stores };
    let is_disabled = change.is_disabled.unwrap_or(before.is_disabled);
    let moves_roles = roles != before.roles || scope != before.scope;
    if moves_roles {
        need(by, Permission::RolesAssign)?;
        if before.name == by.owner && !holds_all(by, &roles, &policy) {
            return Err(denied(ctx, by, id, Overreach::Own).await);
        }
    }
    if display_name != before.display_name || is_disabled != before.is_disabled {
        need(by, Permission::UsersManage)?;
    }
    if !moves_roles && display_name == before.display_name && is_disabled == before.is_disabled {
        return get(ctx, id).await;
    }
    keep_one(ctx, &policy, &before, &roles, is_disabled).await?;
    let change = UserChange {
        display_name: (display_name != before.display_name).then_some(display_name),
        roles_json: (roles != before.roles).then(|| roles_json(&roles)),
        provinces_json: (scope.provinces != before.scope.provinces).then(|| list_json(&scope.provinces)),
        stores_json: (scope.stores != before.scope.stores).then(|| list_json(&scope.stores)),
        is_disabled: (is_disabled != before.is_disabled).then(|| i64::from(is_disabled)),
        // Whoever was away for long has come back.
        last_seen_at: (before.is_disabled && !is_disabled).then(|| ctx.now()),
    };
    let ends = moves_roles || is_disabled;
    let detail = json!({"roles": names(&roles), "provinces": scope.provinces, "stores": scope.stores,
        "disabled": is_disabled, "roles_before": names(&before.roles)});
    let changed = entry(ctx, &by.actor, "user.change", &id.to_string(), detail);
    let sessions = if ends { Sessions::End } else { Sessions::Keep };
    ctx.store().change_user(row.user_id, &change, sessions, &changed, link).await?;
    get(ctx, id).await
}

/// Refuses what would leave nobody who can give roles.
pub(super) async fn keep_one(
    ctx: &Ctx,
    policy: &Policy,
    before: &User,
    roles: &[Role],
    is_disabled: bool,
) -> Result<()> {
    let can = |roles: &[Role]| granted(roles, policy.separated).holds(Permission::RolesAssign);
    if before.is_disabled || !can(&before.roles) || (can(roles) && !is_disabled) {
        return Ok(());
    }
    let others = list(ctx).await?;
    if others.iter().any(|other| other.id != before.id && !other.is_disabled && can(&other.roles)) {
        return Ok(());
    }
    Err(Error::conflict(
        "nobody else could give roles then: make another administrator first".into(),
        "此后将没有人能分配角色：请先设另一位管理员".into(),
    ))
}

/// Gives a user a new one-time password; sessions end, keys of the API are revoked, the second factor goes.
///
/// **Errors**: `not_found`; `no_permission`, where administrators are separated also for a user who may do more;
/// `conflict` when their roles were changed meanwhile.
#[boxed]
pub async fn reset(ctx: &Ctx, by: &Principal, id: UserId) -> Result<Sensitive<String>> {
    need(by, Permission::UsersManage)?;
    let policy = policy(ctx).await?;
    let row = row(ctx, id).await?;
    need_as_much(ctx, by, &user(&row, &policy, ctx.now())?, &policy).await?;
    let word = password::new_word(WORD_LETTERS);
    let once = word.clone();
    let hash = hashing(ctx, move || password::hash_password(&once)).await?;
    let keys = ctx.store().api_keys().await?.into_iter().filter(|key| key.user_id == row.user_id);
    let keys: Vec<String> = keys.map(|key| ApiKeyId::new(key.key_id).to_string()).collect();
    let done = entry(ctx, &by.actor, "user.reset", &id.to_string(), json!({ "keys": keys }));
    let new = NewPassword { hash, at: ctx.now() };
    if !ctx.store().reset_user(row.user_id, &row.roles_json, new, &done, link).await? {
        return Err(changed_meanwhile());
    }
    ctx.store().forget_failures(&subjects(ctx, &row.name, None)).await?;
    Ok(word)
}

/// Forgets the wrong attempts of a user.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn unlock(ctx: &Ctx, by: &Principal, id: UserId) -> Result<()> {
    need(by, Permission::UsersManage)?;
    let row = row(ctx, id).await?;
    let done = entry(ctx, &by.actor, "user.unlock", &id.to_string(), json!({}));
    ctx.store().append_audit(&done, link).await?;
    Ok(ctx.store().forget_failures(&subjects(ctx, &row.name, None)).await?)
}

/// Separates the three administrators, or joins them again.
///
/// **Errors**: `conflict` when one of the three is missing, or one person would hold two duties.
#[boxed]
pub async fn set_separated(ctx: &Ctx, by: &Principal, separated: bool) -> Result<()> {
    need(by, Permission::PolicyChange)?;
    let old = policy(ctx).await?;
    if old.separated == separated {
        return Ok(());
    }
    let users: Vec<User> = list(ctx).await?.into_iter().filter(|user| !user.is_disabled).collect();
    if separated {
        let has = |role: &Role| users.iter().any(|user| user.roles.contains(role));
        if let Some(missing) = Role::SEPARATED.iter().find(|role| !has(role)) {
            return Err(Error::conflict(
                format!("there is no {} yet: give the role to somebody first", missing.en()),
                format!("还没有{}：请先把该角色分配给一位用户", missing.zh()),
            ));
        }
        if let Some(both) = users.iter().find(|user| check_roles(&user.roles, true).is_err()) {
            return Err(Error::conflict(
                format!("{:?} is administrator and one of the three: take one role away first", both.name),
                format!("“{}”同时是管理员和三员之一：请先去掉其中一个角色", both.name),
            ));
        }
    } else if !users.iter().any(|user| user.roles.contains(&Role::Admin)) {
        return Err(Error::conflict("there is no administrator yet".into(), "还没有管理员".into()));
    }
    let done = entry(ctx, &by.actor, "policy.change", POLICY, json!({"separated": separated}));
    ctx.store().append_audit(&done, link).await?;
    query::put_definition(ctx, POLICY, "default", &Policy { separated, ..old }).await?;
    // Permissions follow the policy at the next request; sessions are anew all the same.
    for user in users {
        ctx.store().end_other_sessions(user.id.get(), None).await?;
    }
    Ok(())
}

pub(crate) fn need(by: &Principal, permission: Permission) -> Result<()> {
    if by.permissions.holds(permission) { Ok(()) } else { Err(no_permission(permission)) }
}

/// Refuses, where administrators are separated, to give somebody a way in as a user who may do what they may not: none of
/// the three gets at what is another's by a password, a link or a key of their making.
///
/// **Errors**: `no_permission`.
pub(super) async fn need_as_much(ctx: &Ctx, by: &Principal, target: &User, policy: &Policy) -> Result<()> {
    if !policy.separated || holds_all(by, &target.roles, policy) {
        return Ok(());
    }
    Err(denied(ctx, by, target.id, Overreach::Other).await)
}

/// Whether somebody may do all that some roles grant.
fn holds_all(by: &Principal, roles: &[Role], policy: &Policy) -> bool {
    granted(roles, policy.separated).iter().all(|one| by.permissions.holds(one))
}

/// How somebody reached for more than they may do.
#[derive(Clone, Copy)]
enum Overreach {
    /// By roles of their own.
    Own,
    /// By the account of somebody else.
    Other,
}

/// Writes down that somebody reached for more than they may do; the error to answer with.
async fn denied(ctx: &Ctx, by: &Principal, id: UserId, how: Overreach) -> Error {
    let (because, en, zh) = match how {
        Overreach::Own => (
            "own roles",
            "nobody gives themselves more than they may do: another person who gives roles does, or whoever owns the \
             data directory by zhike user roles",
            "不能给自己增加权限：请由另一位有权分配角色的人操作，或由数据目录的所有者在本机执行 zhike user roles",
        ),
        Overreach::Other => (
            "more permissions",
            "administrators are separated, and this account may do what you may not: let the security administrator take \
             its roles away first and give them again once its owner has signed in, or let whoever owns the data \
             directory run the command at the machine",
            "已启用三员分立，而该账号拥有您没有的权限：请安全管理员先收回其角色，待本人登录后再授予；或由数据目录的所有者在本机用命令执行",
        ),
    };
    match audit::record(ctx, &by.actor, "access.denied", &id.to_string(), &json!({ "because": because })).await {
        Ok(()) => Error::new(ErrorCode::NoPermission, en, zh),
        Err(error) => error,
    }
}

pub(super) fn names(roles: &[Role]) -> Vec<&'static str> {
    roles.iter().map(|role| role.as_str()).collect()
}

pub(super) fn roles_json(roles: &[Role]) -> String {
    json!(names(roles)).to_string()
}

fn read_roles(all: &[String], policy: &Policy) -> Result<Vec<Role>> {
    let mut roles = Vec::new();
    for name in all {
        let role = Role::parse(name).ok_or_else(|| {
            let known = Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
            Error::invalid_account(
                format!("there is no role {name:?}: choose of {known}"),
                format!("没有角色 {name:?}：可用的有 {known}"),
            )
        })?;
        if !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles.sort_unstable();
    check_roles(&roles, policy.separated).map_err(|problem| match problem {
        RoleProblem::TwoOfThree => Error::invalid_account(
            "system, security and audit administrator are three people: choose one of the roles",
            "系统、安全、审计管理员不能由一人兼任：只能选其一",
        ),
        RoleProblem::AdminOfThree => Error::invalid_account(
            "administrators are separated here: administrator does not go with one of the three",
            "已启用三员分立：管理员不能兼任三员之一",
        ),
    })?;
    Ok(roles)
}

pub(super) fn read_scope(all: &[String], is_province: bool) -> Result<Vec<String>> {
    let mut read: Vec<String> = Vec::new();
    for text in all {
        let text = text.trim();
        let known =
            if is_province { region::read_region(Some(text), None, &mut RuleSet::default()).province } else { None };
        let text = known.as_deref().unwrap_or(text);
        if text.is_empty() || text.chars().count() > 60 || text.contains(char::is_control) {
            return Err(Error::invalid_account(
                "a province or store has a name of 1 to 60 characters",
                "省份或门店名称为 1 到 60 个字",
            ));
        }
        read.push(text.to_owned());
    }
    read.sort_unstable();
    read.dedup();
    if read.len() > MAX_SCOPE {
        return Err(Error::invalid_account(
            format!("at most {MAX_SCOPE} provinces or stores"),
            format!("省份或门店最多 {MAX_SCOPE} 个"),
        ));
    }
    Ok(read)
}

/// A name to sign in with, in small letters.
pub(super) fn read_name(name: &str) -> Result<String> {
    let name = name.trim().to_lowercase();
    let n_chars = name.chars().count();
    let is_plain = name.chars().all(|c| c.is_alphanumeric() || "._-".contains(c));
    if !(2..=40).contains(&n_chars) || !is_plain {
        return Err(Error::invalid_account(
            "a user name has 2 to 40 letters, digits, dots, dashes or underscores",
            "用户名为 2 到 40 个字母、汉字、数字、点、横线或下划线",
        ));
    }
    if mask_text(&name).is_some() {
        return Err(Error::invalid_account(
            "the name looks like personal data (phone, ID number …), and names stand in the audit trail: choose another",
            "用户名疑似个人信息（手机号、证件号等），而用户名会出现在审计记录中：请换一个",
        ));
    }
    Ok(name)
}

fn read_display(display: Option<&str>, name: &str) -> Result<String> {
    let display = display.map(str::trim).filter(|text| !text.is_empty()).unwrap_or(name);
    if display.chars().count() > 60 || display.contains(char::is_control) {
        return Err(Error::invalid_account("a shown name has at most 60 characters", "显示名最多 60 个字"));
    }
    Ok(display.to_owned())
}

pub(super) fn check_password(word: &Sensitive<String>, name: &str) -> Result<()> {
    rules::check(word.expose(), name).map_err(|problem| Error::invalid_account(problem.en(), problem.zh()))
}
