//! Coming in and going out: the first user, sign-in, sessions.

use crate::boxed;
use std::net::IpAddr;
use std::sync::PoisonError;

use serde_json::json;
use zhike_domain::access::{Permissions, Principal, Role};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::UserId;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{Proof, SessionRow, Sessions, UserRow};
use zhike_vault::password;

use super::{Policy, SECOND, User, entry, factor, hashing, link, list_json, policy, principal, user, users};
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
    begin(ctx, &row, &policy(ctx).await?, Proof::Password, false).await
}

/// Lets somebody in.
///
/// **Errors**: `wrong_credentials`, the same for names that there are not; `code_needed`; `locked_out`.
#[boxed]
pub async fn sign_in(ctx: &Ctx, asked: SignIn) -> Result<SignedIn> {
    let policy = policy(ctx).await?;
    let name = asked.name.trim().to_lowercase();
    let subjects = subjects(ctx, &name, asked.from);
    if let Some(until) = locked_until(ctx, &subjects).await? {
        return Err(locked_out(until - ctx.now()));
    }
    let row = ctx.store().user_named(&name).await?;
    let stored = row.as_ref().map_or_else(password::no_password, |row| row.password_hash.clone());
    let word = asked.password;
    let fits = hashing(ctx, move || password::verify_password(&word, &stored)).await?;
    // The row may be there and the password right: whoever is disabled is told no more than a stranger.
    let known = match row.filter(|_| fits) {
        Some(row) if !user(&row, &policy, ctx.now())?.is_disabled => row,
        _ => return refused(ctx, &name, &subjects, &policy).await,
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
            None => return refused(ctx, &name, &subjects, &policy).await,
        },
    };
    match begin(ctx, &known, &policy, proof, false).await {
        Ok(signed_in) => {
            // The address keeps its count: a good account behind it does not make the other attempts good.
            ctx.store().forget_failures(&subjects[..1]).await?;
            Ok(signed_in)
        }
        // The code was taken by another sign-in a moment ago.
        Err(error) if error.code == ErrorCode::WrongCredentials => refused(ctx, &name, &subjects, &policy).await,
        Err(error) => Err(error),
    }
}

pub(super) async fn refused<T>(ctx: &Ctx, name: &str, subjects: &[String], policy: &Policy) -> Result<T> {
    let now = ctx.now();
    let lock = policy.lock_minutes * 60 * SECOND;
    // The name is not recorded: now and then it is a password, typed a line too high.
    let row = ctx.store().user_named(name).await?;
    let subject = row.map_or_else(|| "sign-in".to_owned(), |row| UserId::new(row.user_id).to_string());
    let failed = entry(ctx, "anonymous", "account.refused", &subject, json!({"from": subjects.get(1)}));
    ctx.store().count_failure(subjects, (now - lock, policy.max_failures, now + lock), &failed, link).await?;
    Err(Error::new(ErrorCode::WrongCredentials, "name, password or code is not right", "用户名、密码或验证码不正确"))
}

/// Whose attempts are counted: the name's, then the address's, both as keyed hashes.
pub(super) fn subjects(ctx: &Ctx, name: &str, from: Option<IpAddr>) -> Vec<String> {
    let hashed = |kind: &str, text: &str| {
        let print = ctx.vault().fingerprint(format!("sign-in {kind}\0{text}").as_bytes());
        format!("{kind}:{}", print.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let mut subjects = vec![hashed("name", name)];
    subjects.extend(from.map(|from| hashed("address", &from.to_canonical().to_string())));
    subjects
}

pub(super) async fn locked_until(ctx: &Ctx, subjects: &[String]) -> Result<Option<i64>> {
    let now = ctx.now();
    let rows = ctx.store().failures(subjects).await?;
    Ok(rows.into_iter().filter_map(|row| row.locked_until).filter(|until| *until > now).max())
}

pub(super) fn locked_out(us: i64) -> Error {
    let seconds = (us / SECOND).max(1);
    let minutes = (seconds + 59) / 60;
    Error {
        retry_after_s: u64::try_from(seconds).ok(),
        ..Error::new(
            ErrorCode::LockedOut,
            format!("too many wrong attempts: try again in {minutes} minutes, or ask an administrator to unlock"),
            format!("错误次数过多：请 {minutes} 分钟后再试，或请管理员解锁"),
        )
    }
}

/// Begins a session: always a new secret, whatever the client brought along.
pub(super) async fn begin(
    ctx: &Ctx,
    row: &UserRow,
    policy: &Policy,
    proof: Proof,
    is_vouched: bool,
) -> Result<SignedIn> {
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
    if !ctx.store().begin_session(session.clone(), proof, ended_before, &began, link).await? {
        return Err(Error::new(ErrorCode::WrongCredentials, "the code was used already", "验证码已使用过"));
    }
    let signed_in = signed_in(row, &session, policy, now)?;
    Ok(SignedIn { secret: Some(Sensitive::new(secret)), ..signed_in })
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

/// Sets another password of one's own; other sessions end.
///
/// **Errors**: `wrong_credentials`, `locked_out`, `invalid_account`.
#[boxed]
pub async fn change_password(
    ctx: &Ctx,
    secret: &Sensitive<String>,
    old: Sensitive<String>,
    new: Sensitive<String>,
) -> Result<()> {
    let not_signed_in = || Error::new(ErrorCode::NotSignedIn, "sign in again", "请重新登录");
    let signed_in = by_session(ctx, secret).await?.ok_or_else(not_signed_in)?;
    let mut row = prove_password(ctx, &signed_in.user, old.clone()).await?;
    users::check_password(&new, &row.name)?;
    if old == new {
        return Err(Error::invalid_account("the new password is the old one", "新密码与旧密码相同"));
    }
    row.password_hash = hashing(ctx, move || password::hash_password(&new)).await?;
    (row.password_at, row.must_change) = (ctx.now(), 0);
    let changed = entry(ctx, &row.name, "account.password", &UserId::new(row.user_id).to_string(), json!({}));
    ctx.store().update_user(&row, Sessions::Keep, &changed, link).await?;
    let own = password::secret_hash(secret.expose());
    ctx.store().end_other_sessions(row.user_id, Some(&own)).await?;
    Ok(())
}

/// The row of a user who gives the password once more; wrong ones count as at sign-in.
pub(super) async fn prove_password(ctx: &Ctx, user: &User, word: Sensitive<String>) -> Result<UserRow> {
    let policy = policy(ctx).await?;
    let subjects = subjects(ctx, &user.name, None);
    if let Some(until) = locked_until(ctx, &subjects).await? {
        return Err(locked_out(until - ctx.now()));
    }
    let row = users::row(ctx, user.id).await?;
    let stored = row.password_hash.clone();
    if !hashing(ctx, move || password::verify_password(&word, &stored)).await? {
        return refused(ctx, &user.name, &subjects, &policy).await;
    }
    Ok(row)
}
