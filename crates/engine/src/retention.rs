//! How long what is kept: the rules as they are set, holds, and the purge.
//!
//! Owns the order in which stores let go. What is over is decided in `zhike_domain::retention`.
//!
//! - INV-RETENTION-2: the report counts every row that goes or loses its name, by class and table; a preview counts the same.

mod archive;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zhike_domain::id::ProfileId;
use zhike_domain::retention::{Class, Rule, Then};
use zhike_lake::Publication;
pub use zhike_state::HoldRow;
use zhike_state::PurgeRow;

use crate::consents::words;
use crate::{Ctx, Error, Result, audit, boxed, import};
pub(crate) use archive::sweep;
pub use archive::{Opened, open_archive};

const KIND: &str = "retention";

/// A line of a report: one table of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeLine {
    /// Class.
    pub class: Class,
    /// Table.
    pub table: String,
    /// What happens.
    pub then: Then,
    /// Things from before this instant, in microseconds.
    pub before: i64,
    /// Rows that go, or would.
    pub n_gone: u64,
    /// Rows that stay without the person, or would.
    pub n_nameless: u64,
    /// Whether a hold keeps all of it.
    pub is_held: bool,
    /// The file in which the rows are kept elsewhere.
    #[serde(default)]
    pub archive: Option<String>,
}

/// What a purge did, or would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurgeReport {
    /// Lines.
    pub lines: Vec<PurgeLine>,
    /// Rows that go, of all lines.
    pub n_gone: u64,
    /// Rows that stay without the person, of all lines.
    pub n_nameless: u64,
}

/// The rules, one for each class.
#[boxed]
pub async fn rules(ctx: &Ctx) -> Result<Vec<Rule>> {
    let set = ctx.store().list_definitions(KIND).await?;
    Class::ALL
        .iter()
        .map(|class| match set.iter().find(|row| row.name == class.as_str()) {
            None => Ok(class.rule()),
            Some(row) => serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored rule", error)),
        })
        .collect()
}

/// Sets a rule.
///
/// **Errors**: `invalid_rules`.
#[boxed]
pub async fn set(ctx: &Ctx, mut rule: Rule, actor: &str) -> Result<Rule> {
    if let Some((zh, en)) = rule.problem() {
        return Err(Error::new(zhike_domain::error_code::ErrorCode::InvalidRules, en, zh));
    }
    rule.source = words(&rule.source)?;
    let json = serde_json::to_string(&rule).map_err(|error| Error::bug("a rule as JSON", error))?;
    // On record before it counts, as every other policy.
    audit::record(ctx, actor, "retention.set", rule.class.as_str(), &json!(rule)).await?;
    ctx.store().put_definition(KIND, rule.class.as_str(), &json, ctx.now()).await?;
    Ok(rule)
}

/// Holds, those that last first.
#[boxed]
pub async fn holds(ctx: &Ctx) -> Result<Vec<HoldRow>> {
    let mut all = ctx.store().holds().await?;
    all.sort_by_key(|hold| hold.lifted_at.is_some());
    Ok(all)
}

/// Keeps a person's data, or all data of a class, from being erased or purged.
///
/// **Errors**: `bad_request` without a reason, or with neither or both; `not_found`.
#[boxed]
pub async fn hold(
    ctx: &Ctx,
    class: Option<Class>,
    profile_id: Option<ProfileId>,
    reason: &str,
    actor: &str,
) -> Result<HoldRow> {
    let reason = words(reason)?;
    if reason.is_empty() || class.is_some() == profile_id.is_some() {
        return Err(Error::bad_request(
            "a hold is on a customer or on a class of data, and has a reason".into(),
            "留存指令须针对一位客户或一类数据，并写明理由".into(),
        ));
    }
    let profile = match profile_id {
        Some(id) => Some(crate::profiles::whoever(ctx, id.get()).await?.profile_id),
        None => None,
    };
    let row = HoldRow {
        hold_id: ctx.vault().random_id(),
        class: class.map(|class| class.as_str().to_owned()),
        profile_id: profile,
        reason,
        author: actor.to_owned(),
        set_at: ctx.now(),
        lifted_by: None,
        lifted_at: None,
    };
    let subject = profile.map_or_else(|| row.class.clone().unwrap_or_default(), |id| ProfileId::new(id).to_string());
    audit::record(ctx, actor, "retention.hold", &subject, &json!({ "hold": row.hold_id.to_string() })).await?;
    ctx.store().add_hold(row.clone()).await?;
    Ok(row)
}

/// Lifts a hold.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn lift(ctx: &Ctx, hold_id: i64, actor: &str) -> Result<()> {
    if lasting(ctx).await?.iter().any(|hold| hold.hold_id == hold_id) {
        audit::record(ctx, actor, "retention.lift", "hold", &json!({ "hold": hold_id.to_string() })).await?;
    }
    Ok(ctx.store().lift_hold(hold_id, actor, ctx.now()).await?)
}

async fn lasting(ctx: &Ctx) -> Result<Vec<HoldRow>> {
    let mut all = ctx.store().holds().await?;
    all.retain(|hold| hold.lifted_at.is_none());
    Ok(all)
}

/// Fails when one of these profiles is on hold.
pub(crate) async fn check_holds(ctx: &Ctx, profiles: &BTreeSet<i64>) -> Result<()> {
    let holds = lasting(ctx).await?;
    let on = holds.iter().find(|hold| hold.profile_id.is_some_and(|id| profiles.contains(&id)));
    match on {
        None => Ok(()),
        Some(hold) => Err(Error::conflict(
            format!("the customer's data are on hold: {}; lift it or refuse the request", hold.reason),
            format!("该客户的信息处于法定留存中：{}；请先解除，或拒绝该请求", hold.reason),
        )),
    }
}

/// Since when orders outlast an erasure, without the person: a legal period, or a hold on all of them.
pub(crate) async fn orders_kept_since(ctx: &Ctx) -> Result<Option<i64>> {
    if is_held(&lasting(ctx).await?, Class::Orders) {
        return Ok(Some(i64::MIN));
    }
    let rules = rules(ctx).await?;
    Ok(rules.iter().find(|rule| rule.class == Class::Orders).and_then(|rule| rule.outlasts_since(ctx.now())))
}

fn is_held(holds: &[HoldRow], class: Class) -> bool {
    holds.iter().any(|hold| hold.class.as_deref() == Some(class.as_str()))
}

/// Says what a purge would do, with every rule.
#[boxed]
pub async fn preview(ctx: &Ctx) -> Result<PurgeReport> {
    let rules = rules(ctx).await?;
    purge(ctx, &rules, true).await
}

/// Lets go of what is over, by every rule that lets anything go; what people on hold are about stays with the class's rule
/// until their hold is lifted, so nothing is purged from a class while anybody of it is on hold.
#[boxed]
pub async fn run(ctx: &Ctx, actor: &str) -> Result<PurgeReport> {
    let rules = rules(ctx).await?;
    run_rules(ctx, &rules, actor).await
}

async fn run_rules(ctx: &Ctx, rules: &[Rule], actor: &str) -> Result<PurgeReport> {
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    let report = purge(ctx, rules, false).await?;
    let report_json = serde_json::to_string(&report).map_err(|error| Error::bug("a report as JSON", error))?;
    let purge_id = ctx.vault().random_id();
    let row = PurgeRow { purge_id, actor: actor.to_owned(), at: ctx.now(), report_json };
    ctx.store().add_purge(row).await?;
    let detail = json!({ "gone": report.n_gone, "nameless": report.n_nameless });
    audit::record(ctx, actor, "retention.run", "purge", &detail).await?;
    Ok(report)
}

/// Runs the rules that run by themselves, once a day.
pub(crate) async fn run_when_due(ctx: &Ctx) -> Result<()> {
    const DAY: i64 = 86_400_000_000;
    let mut rules = rules(ctx).await?;
    rules.retain(|rule| rule.is_on);
    let last = ctx.store().purges(1).await?.first().map_or(i64::MIN, |run| run.at);
    if rules.is_empty() || ctx.now().saturating_sub(last) < DAY {
        return Ok(());
    }
    run_rules(ctx, &rules, "system").await.map(drop)
}

/// The last runs, the newest first: who, when, what.
#[boxed]
pub async fn runs(ctx: &Ctx, limit: usize) -> Result<Vec<(String, i64, PurgeReport)>> {
    let read = |row: PurgeRow| {
        let report = serde_json::from_str(&row.report_json).map_err(|error| Error::bug("a stored report", error))?;
        Ok((row.actor, row.at, report))
    };
    ctx.store().purges(limit).await?.into_iter().map(read).collect()
}

async fn purge(ctx: &Ctx, rules: &[Rule], is_dry: bool) -> Result<PurgeReport> {
    let holds = lasting(ctx).await?;
    // Rows are not told by person here: as long as anybody is on hold, nothing with people in it goes.
    let is_anybody_held = holds.iter().any(|hold| hold.profile_id.is_some());
    let mut lines = Vec::new();
    for rule in rules {
        let before = rule.over_before(ctx.now());
        let is_held = is_anybody_held || is_held(&holds, rule.class);
        let mut tables: Vec<&str> = rule.class.tables().to_vec();
        if rule.class == Class::Quarantine {
            tables.push("quarantine");
        }
        for table in tables {
            let mut line = PurgeLine {
                class: rule.class,
                table: table.to_owned(),
                then: rule.then,
                before,
                n_gone: 0,
                n_nameless: 0,
                is_held,
                archive: None,
            };
            if !is_held && rule.then != Then::Keep {
                if let Some(folder) = ctx.archive_to().filter(|_| !is_dry && rule.class != Class::Quarantine) {
                    line.archive = archive::keep(ctx, folder, table, before).await?;
                    ctx.step("purge.archived")?;
                }
                (line.n_gone, line.n_nameless) = let_go(ctx, rule, table, before, is_dry).await?;
            }
            lines.push(line);
        }
    }
    let n_gone = lines.iter().map(|line| line.n_gone).sum();
    let n_nameless = lines.iter().map(|line| line.n_nameless).sum();
    Ok(PurgeReport { lines, n_gone, n_nameless })
}

async fn let_go(ctx: &Ctx, rule: &Rule, table: &str, before: i64, is_dry: bool) -> Result<(u64, u64)> {
    if rule.class == Class::Quarantine {
        return Ok((ctx.store().purge_quarantine(before, is_dry).await?, 0));
    }
    let only_names = rule.then == Then::Anonymise;
    if is_dry {
        let n = ctx.lake().n_rows_before(table, before, only_names).await?;
        return Ok(if only_names { (0, n) } else { (n, 0) });
    }
    let batch_id = ctx.vault().random_id();
    let staged = ctx.lake().stage_purged(table, batch_id, before, only_names).await?;
    ctx.step("purge.staged")?;
    let counts = (staged.n_gone.iter().sum(), staged.n_nameless.iter().sum());
    if !staged.remove.is_empty() {
        let mut publication = Publication::default();
        publication.change(table, staged.add, staged.remove);
        ctx.lake().publish(batch_id, &publication).await?;
        ctx.step("purge.published")?;
        ctx.lake().forget_history(table).await?;
    }
    Ok(counts)
}
