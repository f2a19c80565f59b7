//! The gate before every proof: attempts are counted by name and by network before they are judged.
//!
//! - INV-ACCOUNTS-6: of guesses at the same time no more are judged than of guesses one after another.

use std::net::{IpAddr, Ipv6Addr};

use serde_json::json;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::UserId;

use super::{Policy, SECOND, entry, link};
use crate::{Ctx, Error, Result};

/// An attempt that was counted and is not judged yet.
pub(super) struct Counted {
    /// By what it was counted: the name first.
    pub(super) subjects: Vec<String>,
    max: i64,
}

/// Since when attempts count, how many lock, and until when.
pub(super) const fn limit(policy: &Policy, now: i64) -> (i64, i64, i64) {
    let lock = policy.lock_minutes * 60 * SECOND;
    (now - lock, policy.max_failures, now + lock)
}

/// Counts an attempt before anything is proved. Whoever goes away before the answer has had it all the same.
///
/// **Errors**: `locked_out`.
pub(super) async fn enter(ctx: &Ctx, policy: &Policy, subjects: Vec<String>) -> Result<Counted> {
    let now = ctx.now();
    match ctx.store().count_attempt(&subjects, now, limit(policy, now)).await? {
        Some(until) => Err(locked_out(until - now)),
        None => Ok(Counted { subjects, max: policy.max_failures }),
    }
}

/// What an attempt came to: `None` was a wrong one, which stays counted; one that was right, or could not be judged, is
/// given back.
///
/// **Errors**: `wrong_credentials`.
pub(super) async fn settle<T>(ctx: &Ctx, name: &str, counted: &Counted, came: Result<Option<T>>) -> Result<T> {
    match came {
        Ok(None) => Err(refused(ctx, name, &counted.subjects).await?),
        Ok(Some(proved)) => {
            ctx.store().give_back_attempt(&counted.subjects, counted.max).await?;
            Ok(proved)
        }
        Err(error) => {
            ctx.store().give_back_attempt(&counted.subjects, counted.max).await?;
            Err(error)
        }
    }
}

/// Writes a wrong attempt down; the error to answer with.
async fn refused(ctx: &Ctx, name: &str, subjects: &[String]) -> Result<Error> {
    // The name is not recorded: now and then it is a password, typed a line too high.
    let row = ctx.store().user_named(name).await?;
    let subject = row.map_or_else(|| "sign-in".to_owned(), |row| UserId::new(row.user_id).to_string());
    let refused = entry(ctx, "anonymous", "account.refused", &subject, json!({"from": subjects.get(1)}));
    ctx.store().append_audit(&refused, link).await?;
    Ok(Error::new(ErrorCode::WrongCredentials, "name, password or code is not right", "用户名、密码或验证码不正确"))
}

/// Whose attempts are counted: the name's, then the network's, both as keyed hashes.
pub(super) fn subjects(ctx: &Ctx, name: &str, from: Option<IpAddr>) -> Vec<String> {
    let hashed = |kind: &str, text: &str| {
        let print = ctx.vault().fingerprint(format!("sign-in {kind}\0{text}").as_bytes());
        format!("{kind}:{}", print.iter().map(|byte| format!("{byte:02x}")).collect::<String>())
    };
    let mut subjects = vec![hashed("name", name)];
    subjects.extend(from.map(|from| hashed("address", &network(from).to_string())));
    subjects
}

/// Where a client is: of IPv6 the /64, out of which one client takes whatever address it likes.
fn network(from: IpAddr) -> IpAddr {
    match from.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        address => address,
    }
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
