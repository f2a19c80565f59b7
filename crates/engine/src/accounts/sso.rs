//! Single sign-on: which provider vouches for people, what an attempt remembers, and whose account it opens.
//!
//! The provider's documents are fetched by the caller; nothing here opens a connection.
//!
//! - INV-SSO-3: an attempt counts once, in the browser that began it, for ten minutes.
//! - INV-SSO-4: an account is opened by the link of issuer and subject alone, never by a name; the two are kept as a keyed hash.

use crate::boxed;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::PoisonError;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zhike_domain::access::{Permission, Principal, Role, Scope, check_roles};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::UserId;
use zhike_domain::sensitive::Sensitive;
pub use zhike_domain::sso::Unbound;
use zhike_domain::sso::{Algorithm, Claims, Expected, Flaw, Header, Jwk, roles_of, scope_of};
use zhike_state::{NewPassword, Proof, Sessions, SsoLinkRow, UserChange, UserRow};
use zhike_vault::jws::{self, Jws, PublicKey};
use zhike_vault::password;

use super::gate::{self, locked_out, locked_until, subjects};
use super::sign_in::begin;
use super::users::{keep_one, names, need, need_as_much, read_name, read_scope, roles_json, row};
use super::{Policy, SECOND, SignedIn, entry, factor, link, list_json, policy, user};
use crate::{Ctx, Error, Result, audit, query};

const KIND: &str = "sso";
/// For so long an attempt may take.
const ATTEMPT: i64 = 600 * SECOND;
/// For so long somebody who was vouched for may look for a code.
const FACTOR: i64 = 300 * SECOND;
const MAX_MAPPED: usize = 200;
const MAX_SECRET_BYTES: usize = 300;
/// An account of this name is made when the provider's is taken or is none.
const FALLBACK: &str = "sso";

/// The provider that vouches for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sso {
    /// Its address, without a slash at the end.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// What the sign-in page calls it.
    pub name: String,
    /// What is asked for beside `openid` and `profile`.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Which claim names groups.
    #[serde(default)]
    pub role_claim: Option<String>,
    /// Roles by group.
    #[serde(default)]
    pub role_map: BTreeMap<String, String>,
    /// Which customers people of a mapped group see; all, of a group with neither provinces nor stores.
    #[serde(default)]
    pub scope_map: BTreeMap<String, Rows>,
    /// Which customers people see of whose group nothing is said.
    #[serde(default)]
    pub scope_default: Option<Unbound>,
    /// Whether a first sign-in makes an account, with mapped roles.
    #[serde(default)]
    pub creates: bool,
    /// Sealed secret of the client.
    #[serde(default)]
    secret_sealed: Option<String>,
}

/// Which customers people of a group see: of these provinces, who bought in these stores.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rows {
    /// Provinces of residence.
    #[serde(default)]
    pub provinces: Vec<String>,
    /// Stores where they bought.
    #[serde(default)]
    pub stores: Vec<String>,
}

/// A provider to be set.
#[derive(Clone, Debug, Default)]
pub struct NewSso {
    /// Its address.
    pub issuer: String,
    /// Who we are to it.
    pub client_id: String,
    /// Secret of the client; `None` leaves the one that was set for the same client, empty takes it away.
    pub secret: Option<Sensitive<String>>,
    /// What the sign-in page calls it; the host when empty.
    pub name: String,
    /// What is asked for beside `openid` and `profile`.
    pub scopes: Vec<String>,
    /// Which claim names groups.
    pub role_claim: Option<String>,
    /// Roles by group.
    pub role_map: BTreeMap<String, String>,
    /// Which customers people of a mapped group see; all, of a group with neither provinces nor stores.
    pub scope_map: BTreeMap<String, Rows>,
    /// Which customers people see of whose group nothing is said; when absent none, once a group is bound.
    pub scope_default: Option<Unbound>,
    /// Whether a first sign-in makes an account.
    pub creates: bool,
}

impl Sso {
    /// Whether there is a secret.
    pub const fn has_secret(&self) -> bool {
        self.secret_sealed.is_some()
    }

    /// Which customers people see of whose group nothing is said: none, once a group is bound and nothing else was set.
    pub fn unbound(&self) -> Unbound {
        self.scope_default.unwrap_or(if self.scope_map.is_empty() { Unbound::All } else { Unbound::None })
    }

    /// The secret of the client.
    ///
    /// **Errors**: `damaged` when it was sealed elsewhere.
    pub fn secret(&self, ctx: &Ctx) -> Result<Option<Sensitive<String>>> {
        let Some(sealed) = &self.secret_sealed else { return Ok(None) };
        let content = ctx.vault().tokens("sso client").open(sealed)?;
        Ok(Some(Sensitive::new(String::from_utf8_lossy(&content).into_owned())))
    }
}

/// The provider in force.
#[boxed]
pub async fn sso(ctx: &Ctx) -> Result<Option<Sso>> {
    query::definition(ctx, KIND, "default").await
}

/// Puts a provider in force.
///
/// **Errors**: `no_permission`; `invalid_account` for what does not hold.
#[boxed]
pub async fn set_sso(ctx: &Ctx, by: &Principal, new: NewSso) -> Result<Sso> {
    need(by, Permission::PolicyChange)?;
    // A mapping gives roles, and a first sign-in makes accounts.
    need(by, Permission::RolesAssign)?;
    if new.creates {
        need(by, Permission::UsersManage)?;
    }
    let old = sso(ctx).await?;
    let issuer = new.issuer.trim().trim_end_matches('/').to_owned();
    let client_id = new.client_id.trim().to_owned();
    let wrong = |what: &str, what_zh: &str| Err(Error::invalid_account(what, what_zh));
    if issuer.is_empty() || issuer.len() > 300 || issuer.contains(['?', '#']) || issuer.contains(char::is_whitespace) {
        return wrong(
            "the issuer is an address such as https://id.example.com/realms/staff",
            "签发者须为 https://id.example.com/realms/staff 这样的地址",
        );
    }
    if client_id.is_empty() || client_id.len() > 200 || client_id.contains(char::is_control) {
        return wrong("the client id has 1 to 200 characters", "客户端编号为 1 到 200 个字符");
    }
    let host = issuer.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or(&issuer).to_owned();
    let name = if new.name.trim().is_empty() { host } else { new.name.trim().to_owned() };
    if name.chars().count() > 60 || name.contains(char::is_control) {
        return wrong("the name of the provider has at most 60 characters", "身份提供方的名称最多 60 个字");
    }
    let is_word = |one: &String| !one.is_empty() && one.len() <= 100 && one.bytes().all(|byte| byte.is_ascii_graphic());
    if new.scopes.len() > 20 || !new.scopes.iter().chain(&new.role_claim).all(is_word) {
        return wrong(
            "scopes and the claim of groups are words without spaces",
            "scope 和分组声明名须为不含空格的单词",
        );
    }
    if new.role_map.len() > MAX_MAPPED || new.role_map.keys().any(|group| group.is_empty() || group.len() > 200) {
        return wrong("at most 200 groups are mapped, each with a name", "最多映射 200 个分组，且名称不能为空");
    }
    if let Some(role) = new.role_map.values().find(|role| Role::parse(role).is_none()) {
        let known = Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
        return Err(Error::invalid_account(
            format!("there is no role {role:?}: choose of {known}"),
            format!("没有角色 {role:?}：可用的有 {known}"),
        ));
    }
    let mut scope_map = BTreeMap::new();
    for (group, rows) in &new.scope_map {
        if !new.role_map.contains_key(group) {
            return Err(Error::invalid_account(
                format!("{group:?} has no role: map it before its customers are limited"),
                format!("分组“{group}”没有映射角色：请先映射，再限定客户范围"),
            ));
        }
        let rows = Rows { provinces: read_scope(&rows.provinces, true)?, stores: read_scope(&rows.stores, false)? };
        scope_map.insert(group.clone(), rows);
    }
    if new.creates && (new.role_claim.is_none() || new.role_map.is_empty()) {
        return wrong(
            "accounts are made with mapped roles only: name the claim of groups and map one group at least",
            "自动创建账号只授予映射的角色：请填写分组声明，并至少映射一个分组",
        );
    }
    let secret_sealed = match &new.secret {
        None => old.filter(|old| old.issuer == issuer && old.client_id == client_id).and_then(|old| old.secret_sealed),
        Some(secret) if secret.expose().trim().is_empty() => None,
        Some(secret) if secret.expose().trim().len() > MAX_SECRET_BYTES => {
            return wrong("the client secret has at most 300 bytes", "客户端密钥最长 300 字节");
        }
        Some(secret) => Some(ctx.vault().tokens("sso client").seal(secret.expose().trim().as_bytes())),
    };
    let NewSso { scopes, role_claim, role_map, scope_default, creates, .. } = new;
    let set =
        Sso { issuer, client_id, name, scopes, role_claim, role_map, scope_map, scope_default, creates, secret_sealed };
    let detail = json!({"issuer": set.issuer, "client_id": set.client_id, "role_claim": set.role_claim,
        "role_map": set.role_map, "scope_map": set.scope_map, "scope_default": set.unbound(), "creates": set.creates, "secret": set.has_secret()});
    audit::record(ctx, &by.actor, "policy.change", KIND, &detail).await?;
    query::put_definition(ctx, KIND, "default", &Some(&set)).await?;
    Ok(set)
}

/// Takes the provider away; links stay, and open nothing.
///
/// **Errors**: `no_permission`.
#[boxed]
pub async fn remove_sso(ctx: &Ctx, by: &Principal) -> Result<()> {
    need(by, Permission::PolicyChange)?;
    audit::record(ctx, &by.actor, "policy.change", KIND, &json!({ "removed": true })).await?;
    query::put_definition(ctx, KIND, "default", &None::<Sso>).await?;
    Ok(())
}

/// An attempt that begins.
pub struct Started {
    /// Comes back with the answer.
    pub state: String,
    /// Comes back inside the token.
    pub nonce: String,
    /// Of the verifier that goes with the code.
    pub challenge: String,
    /// What the browser keeps meanwhile: all three, sealed.
    pub kept: Sensitive<String>,
}

/// What an attempt remembers.
pub struct Attempt {
    nonce: String,
    /// Goes with the code.
    pub verifier: Sensitive<String>,
}

/// Begins an attempt.
pub fn start_sso(ctx: &Ctx) -> Result<Started> {
    let (state, nonce, verifier) = (password::new_secret()?, password::new_secret()?, password::new_secret()?);
    let kept = format!("{} {state} {nonce} {verifier}", ctx.now());
    let kept = Sensitive::new(ctx.vault().tokens("sso attempt").seal(kept.as_bytes()));
    Ok(Started { challenge: jws::challenge(&verifier), state, nonce, kept })
}

/// The attempt that a browser kept, if the answer is its own; from then on it counts no more.
///
/// **Errors**: `sso_refused`.
pub fn take_attempt(ctx: &Ctx, kept: &Sensitive<String>, state: &str) -> Result<Attempt> {
    let now = ctx.now();
    let not_ours = || flawed(Flaw::State);
    let content = ctx.vault().tokens("sso attempt").open(kept.expose()).map_err(|_| not_ours())?;
    let text = std::str::from_utf8(&content).map_err(|_| not_ours())?;
    let parts: Vec<&str> = text.split(' ').collect();
    let [at, own, nonce, verifier] = parts[..] else { return Err(not_ours()) };
    let at: i64 = at.parse().map_err(|_| not_ours())?;
    let hash = password::secret_hash(own);
    if hash != password::secret_hash(state) || !(at..at + ATTEMPT).contains(&now) {
        return Err(not_ours());
    }
    let mut taken = ctx.accounts().attempts.lock().unwrap_or_else(PoisonError::into_inner);
    taken.retain(|_, at| *at + ATTEMPT > now);
    if taken.insert(hash, at).is_some() {
        return Err(not_ours());
    }
    Ok(Attempt { nonce: nonce.to_owned(), verifier: Sensitive::new(verifier.to_owned()) })
}

/// Whom a token vouches for, if a key of the provider signed it and all that it says holds. `issuer` is the provider's own word for itself.
pub fn check_token(
    ctx: &Ctx,
    set: &Sso,
    issuer: &str,
    attempt: &Attempt,
    (id_token, access_token): (&str, &str),
    keys: &[Jwk],
) -> std::result::Result<Claims, Flaw> {
    let token = Jws::read(id_token).ok_or(Flaw::Form)?;
    let header = Header::read(&token.header)?;
    let is_by = |key: &Jwk| match (header.algorithm, key) {
        (Algorithm::Rs256, Jwk { n: Some(n), e: Some(e), .. }) => token.is_signed_by(PublicKey::Rsa { n, e }),
        (Algorithm::Es256, Jwk { x: Some(x), y: Some(y), .. }) => token.is_signed_by(PublicKey::P256 { x, y }),
        _ => false,
    };
    if !keys.iter().any(|key| header.may_be_by(key) && is_by(key)) {
        return Err(Flaw::Signature);
    }
    let expected = Expected {
        issuer,
        client_id: &set.client_id,
        nonce: &attempt.nonce,
        access_token_hash: &jws::access_token_hash(access_token),
        now_s: ctx.now() / SECOND,
        role_claim: set.role_claim.as_deref(),
    };
    Claims::read(&token.payload, &expected)
}

/// What comes of being vouched for.
pub enum Vouched {
    /// A session.
    In(Box<SignedIn>),
    /// A code is needed first; the browser keeps this meanwhile.
    CodeNeeded(Sensitive<String>),
}

/// Whether an address may try: refused attempts of either way of signing in count together.
///
/// **Errors**: `locked_out`.
#[boxed]
pub async fn may_try(ctx: &Ctx, from: Option<IpAddr>) -> Result<()> {
    match locked_until(ctx, &address(ctx, from)).await? {
        Some(until) => Err(locked_out(until - ctx.now())),
        None => Ok(()),
    }
}

/// Lets somebody in whom the provider vouches for.
///
/// **Errors**: `sso_no_account`.
#[boxed]
pub async fn sign_in_vouched(ctx: &Ctx, set: &Sso, claims: &Claims, from: Option<IpAddr>) -> Result<Vouched> {
    let policy = policy(ctx).await?;
    let hash = link_hash(ctx, &set.issuer, &claims.subject);
    let found = match ctx.store().sso_link(&hash).await? {
        Some(link) => existing(ctx, set, claims, &policy, &link).await?,
        None if set.creates => made(ctx, set, claims, &policy, hash).await?,
        None => Err(Flaw::Account),
    };
    let row = match found {
        Ok(row) => row,
        Err(flaw) => return Err(refuse(ctx, flaw, from).await),
    };
    if row.totp_sealed.is_some() && !claims.is_strong {
        let kept = format!("{} {}", ctx.now(), row.user_id);
        return Ok(Vouched::CodeNeeded(Sensitive::new(ctx.vault().tokens("sso factor").seal(kept.as_bytes()))));
    }
    match begin(ctx, &row, &policy, Proof::Provider, true).await? {
        Some(signed_in) => Ok(Vouched::In(Box::new(signed_in))),
        // It was disabled a moment ago.
        None => Err(refuse(ctx, Flaw::Account, from).await),
    }
}

/// Lets somebody in who was vouched for and gives a code; wrong ones count as at sign-in.
///
/// **Errors**: `sso_refused` when it took too long, `wrong_credentials`, `locked_out`.
#[boxed]
pub async fn sign_in_code(
    ctx: &Ctx,
    kept: &Sensitive<String>,
    code: &Sensitive<String>,
    from: Option<IpAddr>,
) -> Result<SignedIn> {
    let (policy, now) = (policy(ctx).await?, ctx.now());
    let over = || flawed(Flaw::State);
    let content = ctx.vault().tokens("sso factor").open(kept.expose()).map_err(|_| over())?;
    let text = std::str::from_utf8(&content).map_err(|_| over())?;
    let (at, id) = text.split_once(' ').ok_or_else(over)?;
    let (at, id): (i64, i64) = (at.parse().map_err(|_| over())?, id.parse().map_err(|_| over())?);
    if !(at..at + FACTOR).contains(&now) {
        return Err(over());
    }
    let row = row(ctx, UserId::new(id)).await.map_err(|_| over())?;
    let Some(sealed) =
        row.totp_sealed.as_deref().filter(|_| !user(&row, &policy, now).is_ok_and(|one| one.is_disabled))
    else {
        return Err(over());
    };
    let counted = gate::enter(ctx, &policy, subjects(ctx, &row.name, from)).await?;
    let came = came_by_code(ctx, &policy, &row, sealed, code).await;
    let signed_in = gate::settle(ctx, &row.name, &counted, came).await?;
    ctx.store().forget_failures(&counted.subjects[..1]).await?;
    Ok(signed_in)
}

async fn came_by_code(
    ctx: &Ctx,
    policy: &Policy,
    row: &UserRow,
    sealed: &str,
    code: &Sensitive<String>,
) -> Result<Option<SignedIn>> {
    match factor::prove(ctx, row, sealed, code).await? {
        Some(proof) => begin(ctx, row, policy, proof, true).await,
        None => Ok(None),
    }
}

/// Writes down why somebody whose attempt was real was not let in, and counts it against the address as a wrong password is;
/// the error to answer with.
#[boxed]
pub async fn refuse(ctx: &Ctx, flaw: Flaw, from: Option<IpAddr>) -> Error {
    let refused = entry(ctx, "anonymous", "account.refused", KIND, json!({ "why": flaw.as_str() }));
    let counted = async {
        let (limit, now) = (gate::limit(&policy(ctx).await?, ctx.now()), ctx.now());
        ctx.store().count_attempt(&address(ctx, from), now, limit).await?;
        Ok::<_, Error>(ctx.store().append_audit(&refused, link).await?)
    };
    match counted.await {
        Ok(_) => flawed(flaw),
        Err(error) => error,
    }
}

/// The address as attempts are counted by it.
fn address(ctx: &Ctx, from: Option<IpAddr>) -> Vec<String> {
    subjects(ctx, "", from).split_off(1)
}

fn flawed(flaw: Flaw) -> Error {
    match flaw {
        Flaw::Account | Flaw::Role | Flaw::Scope => Error::new(
            ErrorCode::SsoNoAccount,
            "the provider vouches for you, but no account here that may sign in is linked to you: ask an administrator",
            "身份已确认，但这里没有与您关联且可用的账号：请联系管理员",
        ),
        _ => Error::new(
            ErrorCode::SsoRefused,
            format!("single sign-on did not succeed ({}): try again", flaw.as_str()),
            format!("单点登录未成功（{}）：请重新登录", flaw.as_str()),
        ),
    }
}

/// The account of a link, changed to what the provider says where the first sign-in made it.
async fn existing(
    ctx: &Ctx,
    set: &Sso,
    claims: &Claims,
    policy: &Policy,
    to: &SsoLinkRow,
) -> Result<std::result::Result<UserRow, Flaw>> {
    let Some(row) = ctx.store().user(to.user_id).await? else { return Ok(Err(Flaw::Account)) };
    let before = user(&row, policy, ctx.now())?;
    if before.is_disabled {
        return Ok(Err(Flaw::Account));
    }
    let (mut roles, mut scope) = (before.roles.clone(), before.scope.clone());
    if to.is_made != 0 && !set.role_map.is_empty() {
        let Some(said) = mapped(set, claims, policy) else { return Ok(Err(Flaw::Role)) };
        // The last who can give roles keeps them, whatever the provider says.
        if said != before.roles && keep_one(ctx, policy, &before, &said, false).await.is_ok() {
            roles = said;
        }
        let Some(seen) = seen_by(set, claims) else { return Ok(Err(Flaw::Scope)) };
        // Where no group is bound to some customers, what an administrator set of an account stays.
        if !set.scope_map.is_empty() {
            scope = seen;
        }
    }
    if roles != before.roles || scope != before.scope {
        let detail = json!({"roles": names(&roles), "roles_before": names(&before.roles),
            "provinces": scope.provinces, "stores": scope.stores});
        let change = UserChange {
            roles_json: (roles != before.roles).then(|| roles_json(&roles)),
            provinces_json: (scope != before.scope).then(|| list_json(&scope.provinces)),
            stores_json: (scope != before.scope).then(|| list_json(&scope.stores)),
            ..UserChange::default()
        };
        let changed = entry(ctx, KIND, "user.change", &before.id.to_string(), detail);
        ctx.store().change_user(row.user_id, &change, Sessions::End, &changed, link).await?;
    }
    // Whoever comes by the provider has no use for a one-time password, and nobody else shall have. One that was set this
    // very moment stays until they come again.
    if row.must_change != 0 {
        let none = NewPassword { hash: password::no_password(), at: ctx.now() };
        let ended = entry(ctx, KIND, "user.change", &before.id.to_string(), json!({"one_time_password": false}));
        ctx.store().change_password(row.user_id, &row.password_hash, none, None, &ended, link).await?;
    }
    Ok(ctx.store().user(row.user_id).await?.ok_or(Flaw::Account))
}

/// Which customers somebody of these groups sees.
fn seen_by(set: &Sso, claims: &Claims) -> Option<Scope> {
    let of = |rows: &Rows| Scope { provinces: rows.provinces.clone(), stores: rows.stores.clone() };
    let scopes = set.scope_map.iter().map(|(group, rows)| (group.clone(), of(rows))).collect();
    scope_of(&claims.groups, &set.role_map, &scopes, set.unbound())
}

/// The roles of somebody's groups, if they are any and go together.
fn mapped(set: &Sso, claims: &Claims, policy: &Policy) -> Option<Vec<Role>> {
    let roles = roles_of(&claims.groups, &set.role_map);
    (!roles.is_empty() && check_roles(&roles, policy.separated).is_ok()).then_some(roles)
}

/// An account for somebody who has none: with mapped roles, and no password.
async fn made(
    ctx: &Ctx,
    set: &Sso,
    claims: &Claims,
    policy: &Policy,
    link_hash: [u8; 16],
) -> Result<std::result::Result<UserRow, Flaw>> {
    let Some(roles) = mapped(set, claims, policy) else { return Ok(Err(Flaw::Role)) };
    let Some(scope) = seen_by(set, claims) else { return Ok(Err(Flaw::Scope)) };
    // A name that is an address is named by its first part.
    let wanted = claims.username.as_deref().and_then(|name| name.split('@').next()).unwrap_or_default();
    let wanted = read_name(wanted).unwrap_or_else(|_| FALLBACK.to_owned());
    let display = claims.display_name.as_deref().map(str::trim).unwrap_or_default();
    let is_shown = !display.is_empty() && display.chars().count() <= 60 && !display.contains(char::is_control);
    let now = ctx.now();
    for n in 0..5 {
        // Whoever has the name already is somebody else: names open nothing.
        let short: String = wanted.chars().take(32).collect();
        let name = match n {
            0 if wanted != FALLBACK => wanted.clone(),
            _ => format!("{short}-{}", password::new_word(5).expose()),
        };
        let row = UserRow {
            user_id: ctx.vault().random_id(),
            display_name: if is_shown { display.to_owned() } else { name.clone() },
            roles_json: roles_json(&roles),
            provinces_json: list_json(&scope.provinces),
            stores_json: list_json(&scope.stores),
            password_hash: password::no_password(),
            password_at: now,
            must_change: 0,
            is_disabled: 0,
            totp_sealed: None,
            totp_offered: None,
            totp_step: None,
            created_at: now,
            last_seen_at: None,
            name,
        };
        let detail = json!({"name": row.name, "roles": names(&roles), "provinces": scope.provinces,
            "stores": scope.stores});
        let entry = entry(ctx, KIND, "user.create", &UserId::new(row.user_id).to_string(), detail);
        let to = SsoLinkRow { link_hash, user_id: row.user_id, is_made: 1, linked_at: now };
        if ctx.store().insert_linked_user(row.clone(), to, &entry, link).await? {
            return Ok(Ok(row));
        }
    }
    Ok(Err(Flaw::Account))
}

/// Links an account to the subject that the provider in force knows somebody by.
///
/// **Errors**: `no_permission`, where administrators are separated also for a user who may do more; `not_found`;
/// `conflict` without a provider and when the subject opens another account.
#[boxed]
pub async fn link_sso(ctx: &Ctx, by: &Principal, id: UserId, subject: &Sensitive<String>) -> Result<()> {
    need(by, Permission::UsersManage)?;
    let policy = policy(ctx).await?;
    let row = row(ctx, id).await?;
    need_as_much(ctx, by, &user(&row, &policy, ctx.now())?, &policy).await?;
    let subject = subject.expose().trim();
    if subject.is_empty() || subject.chars().count() > 255 {
        return Err(Error::invalid_account("the subject has 1 to 255 characters", "subject 为 1 到 255 个字符"));
    }
    let no_provider =
        || Error::conflict("set a provider first: zhike sso set".into(), "请先设置身份提供方：zhike sso set".into());
    let set = sso(ctx).await?.ok_or_else(no_provider)?;
    let hash = link_hash(ctx, &set.issuer, subject);
    let to = SsoLinkRow { link_hash: hash, user_id: row.user_id, is_made: 0, linked_at: ctx.now() };
    let linked = entry(ctx, &by.actor, "user.sso_link", &id.to_string(), json!({"issuer": set.issuer}));
    if !ctx.store().link_sso(to, &linked, link).await? {
        return Err(Error::conflict("this subject opens another account".into(), "该 subject 已关联其他账号".into()));
    }
    Ok(())
}

/// Takes the link of an account away; its sessions end.
///
/// **Errors**: `no_permission`, `not_found`.
#[boxed]
pub async fn unlink_sso(ctx: &Ctx, by: &Principal, id: UserId) -> Result<()> {
    need(by, Permission::UsersManage)?;
    let gone = entry(ctx, &by.actor, "user.sso_unlink", &id.to_string(), json!({}));
    if ctx.store().unlink_sso(id.get(), &gone, link).await? { Ok(()) } else { Err(Error::not_found("link", "关联")) }
}

fn link_hash(ctx: &Ctx, issuer: &str, subject: &str) -> [u8; 16] {
    ctx.vault().fingerprint(&[b"sso link\0", issuer.as_bytes(), b"\0", subject.as_bytes()].concat())
}
