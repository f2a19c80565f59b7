//! Budgets kept: every way by which people's data leave draws from one place before a byte is handed out.
//!
//! Owns when a reservation is made, and what happens when it is refused: the session ends, the key is revoked, an incident is
//! opened. How buckets fill stands in `zhike_domain::guard`.
//!
//! - INV-GUARD-3: lists, look-ups, opened customers, results of SQL, files and looks at values in the clear draw from the same
//!   buckets, whether they come by session or key, one after another or at once.
//! - INV-GUARD-4: what is refused hands out nothing, and ends the session before the answer is sent.
//!
//! - INV-GUARD-5: what shows a class of data in the clear draws from the budget of that class too, where there is one; what is
//!   masked does not. Which classes these are stands in [`classes`]. A stream draws as well and ends, nothing else does.
//!
//! What a second person approved takes nothing of a budget: it was released row by row.
//!
//! Whoever is at the machine itself holds keys and files anyway, and is on record only.

use crate::boxed;
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;

use serde_json::json;
use zhike_domain::access::{Means, Permission, Principal, Role};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::grade::Classes;
use zhike_domain::guard::{Bucket, Span, Step};
use zhike_domain::id::ApiKeyId;

use crate::{Ctx, Error, Result, accounts, audit, incidents, query};

pub use zhike_domain::guard::{Budgets, Limit, Meter};

pub(crate) mod classes;

const BUDGETS: &str = "data_budgets";
const DAY: i64 = 86_400_000_000;

/// A day, and what was shown on it: to whom, of which customer.
type Shown = (i64, HashMap<(String, i64), Classes>);

/// The buckets of this process.
#[derive(Default)]
pub(crate) struct Known {
    buckets: tokio::sync::Mutex<HashMap<(String, Meter), Bucket>>,
    /// Whom each opened on a day: a second look takes nothing.
    opened: std::sync::Mutex<(i64, HashSet<(String, i64)>)>,
    /// Classes that each was shown of whom on a day: a second look at the same takes nothing.
    shown: std::sync::Mutex<Shown>,
    /// Held while an incident is opened: what happens at once is one incident.
    pub(crate) opening: tokio::sync::Mutex<()>,
}

/// The budgets in force.
#[boxed]
pub async fn budgets(ctx: &Ctx) -> Result<Budgets> {
    query::definition(ctx, BUDGETS, "default").await
}

/// Puts other budgets in force.
///
/// **Errors**: `no_permission`; `bad_request` for a role or meter that there is not.
#[boxed]
pub async fn set_budgets(ctx: &Ctx, by: &Principal, budgets: &Budgets) -> Result<()> {
    accounts::need(by, Permission::IncidentsManage)?;
    if let Some((zh, en)) = budgets.problem() {
        return Err(Error::bad_request(en, zh));
    }
    audit::record(ctx, &by.actor, "policy.change", BUDGETS, &json!({ "budgets": budgets })).await?;
    query::put_definition(ctx, BUDGETS, "default", budgets).await.map(drop)
}

/// The day that counts at the workspace.
fn day(ctx: &Ctx) -> i64 {
    let now = ctx.now();
    let at = jiff::Timestamp::from_microsecond(now).unwrap_or_default();
    let offset = at.to_zoned(ctx.workspace().time_zone()).offset().seconds();
    (now + i64::from(offset) * 1_000_000).div_euclid(DAY)
}

/// What somebody used of their budgets today, as far as it was taken: by meter.
#[boxed]
pub async fn used_today(ctx: &Ctx, owner: &str) -> Result<Vec<(String, i64)>> {
    let all = ctx.store().budget_uses(day(ctx)).await?;
    Ok(all.into_iter().filter(|(of, ..)| of == owner).map(|(_, meter, n)| (meter, n)).collect())
}

/// What somebody used of one budget today.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// Whose it is.
    pub user: String,
    /// Their roles.
    pub roles: Vec<Role>,
    /// What is counted.
    pub meter: Meter,
    /// What was taken today; blocks taken in advance are among it.
    pub n_used: u64,
    /// Their budget of a day; no bound when missing.
    pub per_day: Option<u64>,
}

/// What users have used of their budgets today, and what these are: those who can draw from any.
#[boxed]
pub async fn uses(ctx: &Ctx) -> Result<Vec<Use>> {
    let (budgets, used) = (budgets(ctx).await?, ctx.store().budget_uses(day(ctx)).await?);
    let mut all = Vec::new();
    for user in accounts::list(ctx).await? {
        for meter in Meter::all() {
            let n =
                used.iter().find(|(of, name, _)| *of == user.name && name == meter.as_str()).map_or(0, |(.., n)| *n);
            let (n_used, per_day) = (n.unsigned_abs(), budgets.of(&user.roles, meter).per_day);
            let is_said = !matches!(meter, Meter::Class(_)) || per_day.is_some();
            if n_used > 0 || is_said && per_day != Some(0) && !user.is_disabled {
                all.push(Use { user: user.name.clone(), roles: user.roles.clone(), meter, n_used, per_day });
            }
        }
    }
    Ok(all)
}

/// Reserves so much for whoever asks; must be called before anything is handed out.
///
/// **Errors**: `over_budget`; then the session has ended.
pub(crate) async fn reserve(ctx: &Ctx, meter: Meter, n: usize) -> Result<()> {
    let Some(by) = ctx.by().filter(|by| by.means != Means::Local) else { return Ok(()) };
    if n == 0 {
        return Ok(());
    }
    take(ctx, by, meter, budgets(ctx).await?.of(&by.roles, meter), n as u64).await
}

/// Reserves so many rows, or looks at one person, that show classes of data in the clear; must be called before anything is
/// handed out. Classes without a budget cost nothing.
///
/// **Errors**: as [`reserve`].
pub(crate) async fn show(ctx: &Ctx, n: usize, shown: Classes) -> Result<()> {
    let Some(by) = ctx.by().filter(|by| by.means != Means::Local) else { return Ok(()) };
    if n == 0 || shown == Classes::default() {
        return Ok(());
    }
    let budgets = budgets(ctx).await?;
    for meter in shown.iter().map(Meter::Class) {
        let limit = budgets.of(&by.roles, meter);
        if limit.per_minute.is_some() || limit.per_day.is_some() {
            take(ctx, by, meter, limit, n as u64).await?;
        }
    }
    Ok(())
}

async fn take(ctx: &Ctx, by: &Principal, meter: Meter, limit: Limit, n: u64) -> Result<()> {
    match draw(ctx, by, meter, limit, n).await? {
        None => Ok(()),
        Some(span) => Err(exceeded(ctx, by, meter, limit, span, n).await),
    }
}

/// As [`show`], of one customer's page: each class of each customer once a day, whichever page shows it.
pub(crate) async fn show_page(ctx: &Ctx, profile: i64, shown: Classes) -> Result<()> {
    let Some(by) = ctx.by() else { return Ok(()) };
    let today = day(ctx);
    let key = (by.owner.clone(), profile);
    let known = {
        let mut known = ctx.guarding().shown.lock().unwrap_or_else(PoisonError::into_inner);
        if known.0 != today {
            *known = (today, HashMap::new());
        }
        known.1.get(&key).copied().unwrap_or_default()
    };
    show(ctx, 1, shown.without(known)).await?;
    let mut known = ctx.guarding().shown.lock().unwrap_or_else(PoisonError::into_inner);
    if known.0 == today {
        let all = known.1.entry(key).or_default();
        *all = all.or(shown);
    }
    Ok(())
}

/// Draws for an event of a stream that somebody looks at, before it is sent; says whether it may be. A stream gives what comes,
/// not what was asked for: it ends where half of the rows of a day are used, so that the other half is left for work, and
/// ends no session.
///
/// **Errors**: when the ledger cannot be written.
#[boxed]
pub async fn stream(ctx: &Ctx, shown: Classes) -> Result<bool> {
    let Some(by) = ctx.by().filter(|by| by.means != Means::Local) else { return Ok(true) };
    let budgets = budgets(ctx).await?;
    let rows = budgets.of(&by.roles, Meter::Rows);
    let rows = Limit { per_day: rows.per_day.map(|most| most / 2), ..rows };
    let classes = shown.iter().map(Meter::Class).map(|meter| (meter, budgets.of(&by.roles, meter)));
    for (meter, limit) in std::iter::once((Meter::Rows, rows)).chain(classes) {
        if let Some(span) = draw(ctx, by, meter, limit, 1).await? {
            let detail = json!({ "meter": meter.as_str(), "per": per(span), "stream": true });
            audit::record(ctx, &by.actor, "guard.over_budget", &by.id, &detail).await?;
            return Ok(false);
        }
    }
    Ok(true)
}

const fn per(span: Span) -> &'static str {
    match span {
        Span::Minute => "minute",
        Span::Day => "day",
    }
}

/// Notes who was opened, once it stands in the audit trail.
pub(crate) fn opened(ctx: &Ctx, profiles: &[i64]) {
    let Some(by) = ctx.by() else { return };
    let today = day(ctx);
    let mut opened = ctx.guarding().opened.lock().unwrap_or_else(PoisonError::into_inner);
    if opened.0 == today {
        opened.1.extend(profiles.iter().map(|id| (by.owner.clone(), *id)));
    }
}

/// Reserves a look at some people, and says who of them was not opened before on this day: the others take nothing.
pub(crate) async fn open(ctx: &Ctx, profiles: &[i64]) -> Result<Vec<i64>> {
    let Some(by) = ctx.by() else { return Ok(Vec::new()) };
    let today = day(ctx);
    let new: HashSet<i64> = {
        let mut opened = ctx.guarding().opened.lock().unwrap_or_else(PoisonError::into_inner);
        if opened.0 != today {
            *opened = (today, HashSet::new());
        }
        profiles.iter().copied().filter(|id| !opened.1.contains(&(by.owner.clone(), *id))).collect()
    };
    reserve(ctx, Meter::People, new.len()).await?;
    Ok(new.into_iter().collect())
}

/// Whether an export of so many rows waits for a second person.
#[boxed]
pub async fn needs_approval(ctx: &Ctx, n_rows: u64) -> Result<bool> {
    let is_local = ctx.by().is_none_or(|by| by.means == Means::Local);
    Ok(!is_local && n_rows > budgets(ctx).await?.export_rows)
}

/// Reserves a look at values in the clear, if the role may look at all.
///
/// **Errors**: `over_budget`, `rights_locked`.
pub(crate) async fn unmask(ctx: &Ctx) -> Result<()> {
    incidents::check_unlocked(ctx).await?;
    reserve(ctx, Meter::Unmasks, 1).await
}

/// Draws from a bucket; the span that was exceeded when nothing was drawn. One draws at a time, so that parallel requests
/// take no more than one after another would.
async fn draw(ctx: &Ctx, by: &Principal, meter: Meter, limit: Limit, n: u64) -> Result<Option<Span>> {
    let (now, today) = (ctx.now(), day(ctx));
    let mut buckets = ctx.guarding().buckets.lock().await;
    let bucket = buckets.entry((by.owner.clone(), meter)).or_default();
    let (need, wish) = match bucket.draw(limit, now, today, n) {
        Step::Granted => return Ok(None),
        Step::Refused(span) => return Ok(Some(span)),
        Step::Take { need, wish } => (need, wish),
    };
    let most = i64::try_from(limit.per_day.unwrap_or(u64::MAX)).unwrap_or(i64::MAX);
    for taken in [wish, need] {
        let n_taken = i64::try_from(taken).unwrap_or(i64::MAX);
        if ctx.store().take_budget(bucket.day(), &by.owner, meter.as_str(), n_taken, most).await? {
            bucket.add(bucket.day(), taken);
            return Ok(match bucket.draw(limit, now, today, n) {
                Step::Granted => None,
                Step::Take { .. } => Some(Span::Day),
                Step::Refused(span) => Some(span),
            });
        }
    }
    Ok(Some(Span::Day))
}

/// Ends the session, opens the incident, and says why. What of it fails is logged: the refusal stands in any case.
async fn exceeded(ctx: &Ctx, by: &Principal, meter: Meter, limit: Limit, span: Span, n: u64) -> Error {
    if let Err(error) = freeze(ctx, by).await {
        tracing::error!(actor = by.actor, cause = %error, "a session over its budget did not end");
    }
    let (most, zh_span, en_span) = match span {
        Span::Minute => (limit.per_minute, "每分钟", "a minute"),
        Span::Day => (limit.per_day, "每天", "a day"),
    };
    let most = most.unwrap_or(0);
    let features = json!({ "meter": meter.as_str(), "asked": n, "limit": most, "per": per(span) });
    let told = async {
        audit::record(ctx, &by.actor, "guard.over_budget", &by.id, &features).await?;
        incidents::open(ctx, "over_budget", "high", &by.owner, &by.roles, &features).await
    };
    if let Err(error) = told.await {
        tracing::error!(actor = by.actor, cause = %error, "an incident could not be opened");
    }
    let (zh, en) = meter.words();
    Error::new(
        ErrorCode::OverBudget,
        format!(
            "{n} more would exceed your budget of {most} ({en}) {en_span}: nothing was given and your session has ended; ask the security administrator"
        ),
        format!("再取 {n} 将超过额度（{zh}{zh_span} {most}）：没有给出任何数据，会话已终止；请联系安全管理员"),
    )
}

/// Ends all sessions of somebody, and revokes the key that they came by.
async fn freeze(ctx: &Ctx, by: &Principal) -> Result<()> {
    if let Some(user) = ctx.store().user_named(&by.owner).await? {
        ctx.store().end_other_sessions(user.user_id, None).await?;
    }
    if by.means == Means::Key
        && let Ok(key) = by.id.parse::<ApiKeyId>()
    {
        let done = audit::entry(ctx, "guard", "api_key.revoke", &by.id, &json!({ "because": "over_budget" }));
        ctx.store().revoke_api_key(key.get(), &done, zhike_vault::Vault::audit_link).await?;
    }
    Ok(())
}
