//! The second factor: codes of an authenticator, and recovery codes for when it is lost.

use crate::boxed;
use serde_json::json;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::sensitive::Sensitive;
use zhike_state::{Proof, UserRow};
use zhike_vault::password;

use super::sign_in::prove_password;
use super::{SECOND, User, changed_meanwhile, entry, link, users};
use crate::{Ctx, Error, Result};

const N_RECOVERY_CODES: usize = 10;
/// Five bits each.
const RECOVERY_LETTERS: usize = 16;

/// Draws a secret to be put into an authenticator; it counts once a code of it was given. Returns it as text.
///
/// **Errors**: `conflict` when there is a second factor.
#[boxed]
pub async fn offer_totp(ctx: &Ctx, user: &User) -> Result<Sensitive<String>> {
    let secret = password::new_totp_secret()?;
    let offered = sealed(ctx, user.id.get(), &secret[..]);
    let noted = entry(ctx, &user.name, "account.totp_offer", &user.id.to_string(), json!({}));
    if !ctx.store().offer_totp(user.id.get(), &offered, &noted, link).await? {
        return Err(Error::conflict(
            "there is a second factor already: remove it first".into(),
            "已启用两步验证：请先停用".into(),
        ));
    }
    Ok(Sensitive::new(password::base32(&secret[..])))
}

/// Puts the secret that was drawn last in force, when a code of it is given. Returns recovery codes, shown once.
///
/// **Errors**: `conflict` when none was drawn; `invalid_account` for a wrong code.
#[boxed]
pub async fn confirm_totp(ctx: &Ctx, user: &User, code: &Sensitive<String>) -> Result<Vec<Sensitive<String>>> {
    let row = users::row(ctx, user.id).await?;
    let Some(offered) = &row.totp_offered else {
        return Err(Error::conflict("ask for a secret first".into(), "请先获取两步验证密钥".into()));
    };
    let secret = opened(ctx, row.user_id, offered)?;
    let Some(step) = password::totp_step(&secret, code.expose(), ctx.now() / SECOND, None) else {
        return Err(Error::invalid_account(
            "the code is not right: look at the clock of the phone",
            "验证码不正确：请检查手机时间是否准确",
        ));
    };
    let codes: Vec<Sensitive<String>> = (0..N_RECOVERY_CODES).map(|_| password::new_word(RECOVERY_LETTERS)).collect();
    let hashes: Vec<[u8; 16]> = codes.iter().map(|code| recovery_hash(ctx, row.user_id, code)).collect();
    let confirmed = entry(ctx, &row.name, "account.totp_on", &user.id.to_string(), json!({}));
    if !ctx.store().confirm_totp(row.user_id, offered, step, &hashes, &confirmed, link).await? {
        return Err(changed_meanwhile());
    }
    Ok(codes)
}

/// Takes the second factor away, for whoever gives the password once more.
///
/// **Errors**: `wrong_credentials`, `locked_out`; `conflict` when the account was reset or disabled meanwhile.
#[boxed]
pub async fn remove_totp(ctx: &Ctx, user: &User, word: Sensitive<String>) -> Result<()> {
    let row = prove_password(ctx, user, word).await?;
    let removed = entry(ctx, &row.name, "account.totp_off", &user.id.to_string(), json!({}));
    if !ctx.store().remove_totp(row.user_id, &row.password_hash, &removed, link).await? {
        return Err(changed_meanwhile());
    }
    Ok(())
}

/// What a code proves; `None` for a wrong one, and one that was used.
pub(super) async fn prove(ctx: &Ctx, row: &UserRow, sealed: &str, code: &Sensitive<String>) -> Result<Option<Proof>> {
    let secret = opened(ctx, row.user_id, sealed)?;
    if let Some(step) = password::totp_step(&secret, code.expose(), ctx.now() / SECOND, row.totp_step) {
        return Ok(Some(Proof::Step(step)));
    }
    let hash = recovery_hash(ctx, row.user_id, code);
    let is_known = ctx.store().has_recovery_code(row.user_id, &hash).await?;
    Ok(is_known.then_some(Proof::Recovery(hash)))
}

/// Sealed together with whose it is, so that it opens for nobody else.
fn sealed(ctx: &Ctx, user_id: i64, secret: &[u8]) -> String {
    ctx.vault().tokens("second factor").seal(&[&user_id.to_be_bytes()[..], secret].concat())
}

fn opened(ctx: &Ctx, user_id: i64, sealed: &str) -> Result<Vec<u8>> {
    let content = ctx.vault().tokens("second factor").open(sealed)?;
    match content.strip_prefix(&user_id.to_be_bytes()[..]) {
        Some(secret) => Ok(secret.to_vec()),
        None => Err(Error::new(ErrorCode::Damaged, "the second factor is somebody else's", "两步验证密钥不属于该用户")),
    }
}

fn recovery_hash(ctx: &Ctx, user_id: i64, code: &Sensitive<String>) -> [u8; 16] {
    let code: String = code.expose().to_lowercase().chars().filter(char::is_ascii_alphanumeric).collect();
    ctx.vault().fingerprint(&[&b"recovery code\0"[..], &user_id.to_be_bytes(), code.as_bytes()].concat())
}
