//! Coming in and going out: the first user, sign-in, sessions.

use crate::boxed;
use std::net::IpAddr;
use std::sync::PoisonError;

use serde_json::json;
use zhike_domain::access::{Permissions, Principal, Role};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::UserId;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{NewPassword, Proof, SessionRow, UserRow};
use zhike_vault::password;

use super::{
    Policy, SECOND, User, changed_meanwhile, entry, factor, gate, hashing, link, list_json, policy, principal, user,
    users,
};
use crate::{Ctx, Error, Result};

/// A request is noted so often at most.
const NOTED_EVERY: i64 = 60 * SECOND;

/// A session and whose it is.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Whose.
    pub user: User,
    /// The user as one who acts.
    pub principal: Principal,
    /// What they may do.
    pub permissions: Permissions,
    /// Its secret, when it has just begun.
    pub secret: Option<Sensitive<String>>,
    /// Seconds without a request after which it ends.
    pub idle_seconds: i64,
    /// When it ends in any case, in microseconds.
    pub expires_at: i64,
}

/// Somebody who wants to come in.
pub struct SignIn {
    /// Name.
    pub name: String,
    /// Password.
    pub password: Sensitive<String>,
    /// Code of the second factor, or a recovery code.
    pub code: Option<Sensitive<String>>,
    /// From where.
    pub from: Option<IpAddr>,
}

/// Whether there is no user yet.
#[boxed]
pub async fn needs_setup(ctx: &Ctx) -> Result<bool> {
    Ok(!ctx.store().has_users().await?)
}

/// A new one-time token that makes the first user; `None` when there is one. The token before it is void.
#[boxed]
pub async fn offer_setup(ctx: &Ctx) -> Result<Option<Sensitive<String>>> {
    if !needs_setup(ctx).await? {
        return Ok(None);
    }
    let token = password::new_secret()?;
    *ctx.accounts().setup.lock().unwrap_or_else(PoisonError::into_inner) = Some(password::secret_hash(&token));
    Ok(Some(Sensitive::new(token)))
}

/// Makes the first user, an administrator, and signs them in.
///
/// **Errors**: `wrong_credentials` for another token, `conflict` when there is a user already, `invalid_account`.
#[boxed]
pub async fn setup(ctx: &Ctx, token: &Sensitive<String>, name: &str, word: Sensitive<String>) -> Result<SignedIn> {
    let wanted = *ctx.accounts().setup.lock().unwrap_or_else(PoisonError::into_inner);
    if wanted.is_none() || !needs_setup(ctx).await? {
        return Err(Error::conflict(
            "the first administrator was made already: sign in".into(),
            "管理员已创建：请直接登录".into(),
        ));
    }
    if wanted != Some(password::secret_hash(token.expose())) {
        return Err(Error::new(
            ErrorCode::WrongCredentials,
            "the setup link does not hold any more: open the newest one that zhike printed when it started",
            "设置链接无效：请打开知客启动时打印的最新链接",
        ));
    }
    let name = users::read_name(name)?;
    users::check_password(&word, &name)?;
    let password_hash = hashing(ctx, move || password::hash_password(&word)).await?;
    let now = ctx.now();
    let row = UserRow {
        user_id: ctx.vault().random_id(),
        display_name: name.clone(),
        roles_json: list_json(&[Role::Admin.as_str().to_owned()]),
        provinces_json: "[]".into(),
        stores_json: "[]".into(),
        password_hash,
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
    let made = entry(ctx, &row.name, "account.setup", &UserId::new(row.user_id).to_string(), json!({}));
    if !ctx.store().insert_user(row.clone(), true, &made, link).await? {
        return Err(Error::conflict(
            "somebody else made the first administrator just now: sign in".into(),
            "管理员刚刚已由他人创建：请直接登录".into(),
        ));
    }
    *ctx.accounts().setup.lock().unwrap_or_else(PoisonError::into_inner) = None;
    begin(ctx, &row, &policy(ctx).await?, Proof::Password, false).await?.ok_or_else(changed_meanwhile)
}

/// Lets somebody in.
///
/// **Errors**: `wrong_credentials`, the same for names that there are not; `code_needed`; `locked_out`.
#[boxed]
pub async fn sign_in(ctx: &Ctx, asked: SignIn) -> Result<SignedIn> {
    let policy = policy(ctx).await?;
    let name = asked.name.trim().to_lowercase();
    let counted = gate::enter(ctx, &policy, gate::subjects(ctx, &name, asked.from)).await?;
    let came = came_in(ctx, &policy, &name, asked).await;
    let signed_in = gate::settle(ctx, &name, &counted, came).await?;
    // The address keeps its count: a good account behind it does not make the other attempts good.
    ctx.store().forget_failures(&counted.subjects[..1]).await?;
    Ok(signed_in)
}

/// The session of whoever gives a password, and a code where one is asked for; `None` when they are not right.
async fn came_in(ctx: &Ctx, policy: &Policy, name: &str, asked: SignIn) -> Result<Option<SignedIn>> {
    let row = ctx.store().user_named(name).await?;
    let stored = row.as_ref().map_or_else(password::no_password, |row| row.password_hash.clone());
    let word = asked.password;
    let fits = hashing(ctx, move || password::verify_password(&word, &stored)).await?;
    // The row may be there and the password right: whoever is disabled is told no more than a stranger.
    let known = match row.filter(|_| fits) {
        Some(row) if !user(&row, policy, ctx.now())?.is_disabled => row,
        _ => return Ok(None),
    };
    let proof = match (&known.totp_sealed, asked.code) {
        (None, _) => Proof::Password,
        (Some(_), None) => {
            return Err(Error::new(
                ErrorCode::CodeNeeded,
                "enter the code of your authenticator, or a recovery code",
                "请输入验证器上的六位验证码，或一个恢复码",
            ));
        }
        (Some(sealed), Some(code)) => match factor::prove(ctx, &known, sealed, &code).await? {
            Some(proof) => proof,
            None => return Ok(None),
        },
    };
    begin(ctx, &known, policy, proof, false).await
}

/// Begins a session: always a new secret, whatever the client brought along. `None` when what was proved holds no more:
/// the code was taken by another sign-in a moment ago, the password changed, the user disabled.
pub(super) async fn begin(
    ctx: &Ctx,
    row: &UserRow,
    policy: &Policy,
    proof: Proof,
    is_vouched: bool,
) -> Result<Option<SignedIn>> {
    let (now, secret) = (ctx.now(), password::new_secret()?);
    let session = SessionRow {
        session_hash: password::secret_hash(&secret),
        user_id: row.user_id,
        created_at: now,
        seen_at: now,
    };
    let how = match (proof, is_vouched) {
        (Proof::Provider, _) => "provider",
        (Proof::Password, _) => "password",
        (Proof::Step(_), false) => "code",
        (Proof::Step(_), true) => "provider and code",
        (Proof::Recovery(_), false) => "recovery code",
        (Proof::Recovery(_), true) => "provider and recovery code",
    };
    let began = entry(ctx, &row.name, "account.sign_in", &UserId::new(row.user_id).to_string(), json!({"with": how}));
    let ended_before = now - policy.session_hours * 3_600 * SECOND;
    let proved = (!is_vouched).then_some(row.password_hash.as_slice());
    if !ctx.store().begin_session(session.clone(), proof, proved, ended_before, &began, link).await? {
        return Ok(None);
    }
    let signed_in = signed_in(row, &session, policy, now)?;
    Ok(Some(SignedIn { secret: Some(Sensitive::new(secret)), ..signed_in }))
}

fn signed_in(row: &UserRow, session: &SessionRow, policy: &Policy, now: i64) -> Result<SignedIn> {
    let user = user(row, policy, now)?;
    let principal = principal(&user, policy, None);
    Ok(SignedIn {
        permissions: principal.permissions,
        principal,
        user,
        secret: None,
        idle_seconds: policy.idle_minutes * 60,
        expires_at: session.created_at + policy.session_hours * 3_600 * SECOND,
    })
}

/// Whose session a secret is of, and notes the request; `None` when it has ended.
#[boxed]
pub async fn by_session(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<SignedIn>> {
    let Some((session, signed_in)) = session_of(ctx, secret).await? else { return Ok(None) };
    let now = ctx.now();
    if session.seen_at + NOTED_EVERY <= now {
        ctx.store().touch_session(&session, now).await?;
    }
    Ok(Some(signed_in))
}

/// As [`by_session`], for whoever goes on without asking again: nothing is noted, so that nobody stays by looking on.
#[boxed]
pub async fn session_lives(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<Principal>> {
    Ok(session_of(ctx, secret).await?.map(|(_, signed_in)| signed_in.principal))
}

async fn session_of(ctx: &Ctx, secret: &Sensitive<String>) -> Result<Option<(SessionRow, SignedIn)>> {
    let hash = password::secret_hash(secret.expose());
    let Some(session) = ctx.store().session(&hash).await? else { return Ok(None) };
    let (policy, now) = (policy(ctx).await?, ctx.now());
    let Some(row) = ctx.store().user(session.user_id).await? else { return Ok(None) };
    let signed_in = signed_in(&row, &session, &policy, now)?;
    let is_idle = session.seen_at + policy.idle_minutes * 60 * SECOND <= now;
    if is_idle || signed_in.expires_at <= now || signed_in.user.is_disabled {
        return Ok(None);
    }
    Ok(Some((session, signed_in)))
}

/// Ends a session.
#[boxed]
pub async fn sign_out(ctx: &Ctx, secret: &Sensitive<String>) -> Result<()> {
    let hash = password::secret_hash(secret.expose());
    let Some(session) = ctx.store().session(&hash).await? else { return Ok(()) };
    let Some(row) = ctx.store().user(session.user_id).await? else { return Ok(()) };
    let left = entry(ctx, &row.name, "account.sign_out", &UserId::new(row.user_id).to_string(), json!({}));
    ctx.store().end_session(&hash, &left, link).await?;
    Ok(())
}

/// Sets another password of one's own; other sessions end, keys of the API go on.
///
/// **Errors**: `wrong_credentials`, `locked_out`, `invalid_account`; `conflict` when the account was reset or disabled
/// meanwhile.
#[boxed]
pub async fn change_password(
    ctx: &Ctx,
    secret: &Sensitive<String>,
    old: Sensitive<String>,
    new: Sensitive<String>,
) -> Result<()> {
    let not_signed_in = || Error::new(ErrorCode::NotSignedIn, "sign in again", "请重新登录");
    let signed_in = by_session(ctx, secret).await?.ok_or_else(not_signed_in)?;
    let row = prove_password(ctx, &signed_in.user, old.clone()).await?;
    users::check_password(&new, &row.name)?;
    if old == new {
        return Err(Error::invalid_account("the new password is the old one", "新密码与旧密码相同"));
    }
    let hash = hashing(ctx, move || password::hash_password(&new)).await?;
    let changed = entry(ctx, &row.name, "account.password", &UserId::new(row.user_id).to_string(), json!({}));
    let (new, own) = (NewPassword { hash, at: ctx.now() }, password::secret_hash(secret.expose()));
    if !ctx.store().change_password(row.user_id, &row.password_hash, new, Some(&own), &changed, link).await? {
        return Err(changed_meanwhile());
    }
    Ok(())
}

/// The row of a user who gives the password once more; wrong ones count as at sign-in.
pub(super) async fn prove_password(ctx: &Ctx, user: &User, word: Sensitive<String>) -> Result<UserRow> {
    let policy = policy(ctx).await?;
    let counted = gate::enter(ctx, &policy, gate::subjects(ctx, &user.name, None)).await?;
    let came = gave_password(ctx, user, word).await;
    gate::settle(ctx, &user.name, &counted, came).await
}

async fn gave_password(ctx: &Ctx, user: &User, word: Sensitive<String>) -> Result<Option<UserRow>> {
    let row = users::row(ctx, user.id).await?;
    let stored = row.password_hash.clone();
    Ok(hashing(ctx, move || password::verify_password(&word, &stored)).await?.then_some(row))
}
