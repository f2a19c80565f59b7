//! Alerts: figures, sources and goals that are not as they should be, each told once.
//!
//! Owns which findings are worth telling, and who has seen to them. What is unusual is decided by [`crate::kpis::unusual`] and
//! [`crate::quality::unusual`], where a goal is going by [`crate::kpis::goals`]. Whom else to tell: [`crate::hooks`] and
//! [`mail`].
//!
//! - INV-ALERT-1 (`tests/it/alerts.rs`): a finding is raised once, however often it is looked for and by however many
//!   processes; acknowledged, it stays so.
//! - INV-ALERT-2 (`tests/it/alerts.rs`): an alert holds sums that whoever reads figures may see, and nobody's data.

use crate::boxed;
use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch::Receiver;
use zhike_domain::access::Principal;
use zhike_domain::detect::mask_text;
use zhike_domain::id::AlertId;
use zhike_domain::kpi::Better;
use zhike_domain::sentence::percent;
use zhike_state::{AlertRow, KpiGoalRow};
use zhike_vault::Vault;

use crate::kpis::{self, Finding, GoalState, USUAL_DAYS, finding_words, number};
use crate::quality::{self, Odd, What, odd_words};
use crate::refresh::day_text;
use crate::{Ctx, Error, Result, audit};

pub mod mail;

/// Days of which alerts are raised, counted from the last one known: a load of years raises no flood.
const RECENT: i64 = 3;
/// The chance of being met below which a goal is told of.
const UNLIKELY: f64 = 0.2;
/// Of what was expected, the difference from which a bad figure is told loudly.
const LOUD: f64 = 0.5;
/// Alerts listed, or seen to by name, at most.
const MAX_LISTED: usize = 500;
/// Between two looks while a server runs, and before the first.
const EVERY: Duration = Duration::from_secs(600);
const FIRST: Duration = Duration::from_secs(20);

/// What was looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Findings of recent days.
    pub n_found: u64,
    /// Those that were not raised before.
    pub n_raised: u64,
}

/// Looks for what is worth telling, and raises what was not raised before.
#[boxed]
pub async fn check(ctx: &Ctx) -> Result<Checked> {
    look(ctx, true).await
}

async fn look(ctx: &Ctx, with_figures: bool) -> Result<Checked> {
    let ctx = &ctx.as_told();
    let mut rows = Vec::new();
    if with_figures {
        figures(ctx, &mut rows).await?;
        goals(ctx, &mut rows).await?;
    }
    sources(ctx, &mut rows).await?;
    // Words hold values of the business, such as names of stores; a person's that strayed there is not told.
    for row in &mut rows {
        for words in [&mut row.words_zh, &mut row.words_en] {
            if let Some(masked) = mask_text(words) {
                *words = masked;
            }
        }
    }
    // One statement must not hold the same alert twice.
    let mut met = BTreeSet::new();
    rows.retain(|row| met.insert((row.kind.clone(), row.subject.clone(), row.day)));
    let n_raised = ctx.store().raise_alerts(&rows).await?;
    if n_raised > 0 {
        tracing::info!(raised = n_raised, "alerts were raised");
    }
    Ok(Checked { n_found: rows.len() as u64, n_raised })
}

/// An alert about to be raised.
fn row(ctx: &Ctx, kind: &str, subject: String, day: i64) -> AlertRow {
    AlertRow {
        alert_id: ctx.vault().random_id(),
        kind: kind.into(),
        subject,
        day,
        direction: String::new(),
        severity: String::new(),
        words_zh: String::new(),
        words_en: String::new(),
        link: String::new(),
        raised_at: ctx.now(),
        acknowledged_by: None,
        acknowledged_at: None,
    }
}

async fn figures(ctx: &Ctx, rows: &mut Vec<AlertRow>) -> Result<()> {
    let found = kpis::unusual(ctx, USUAL_DAYS).await?;
    let currency = ctx.workspace().currency;
    for finding in found.items.iter().filter(|one| one.day > found.through - RECENT) {
        let direction = if finding.is_high { "high" } else { "low" };
        // Figures of a group go up and down together: they are one alert, whichever of them shows it most.
        let mut one = row(ctx, "figure", format!("{}.{direction}", finding.kpi.group), finding.day);
        one.direction = direction.into();
        one.severity = severity_of(finding).into();
        (one.words_zh, one.words_en) = finding_words(finding, &currency);
        let (day, from) = (day_text(finding.day), day_text(finding.day - 29));
        one.link = format!("/insight/kpis/{}?by=day&from={from}&to={day}&period={day}", finding.kpi.key);
        rows.push(one);
    }
    Ok(())
}

fn severity_of(finding: &Finding) -> &'static str {
    let is_far = (finding.value - finding.expected).abs() >= LOUD * finding.expected.abs();
    match (finding.is_good, is_far) {
        (Some(true), _) => "low",
        (Some(false), true) => "high",
        _ => "medium",
    }
}

async fn sources(ctx: &Ctx, rows: &mut Vec<AlertRow>) -> Result<()> {
    let today = ctx.workspace().day_of(ctx.now());
    for odd in quality::unusual(ctx).await?.items.iter().filter(|one| one.day > today - RECENT) {
        let subject = format!("{}.{}.{}", odd.source, odd.entity.as_deref().unwrap_or("live"), odd.what.as_str());
        let mut one = row(ctx, "quality", subject, odd.day);
        let (direction, severity) = loudness(odd);
        one.direction = direction.into();
        one.severity = severity.into();
        (one.words_zh, one.words_en) = odd_words(odd);
        one.link = if odd.entity.is_some() { "/data/quality" } else { "/data/sources" }.into();
        rows.push(one);
    }
    Ok(())
}

fn loudness(odd: &Odd) -> (&'static str, &'static str) {
    match odd.what {
        What::Silent => ("silent", "high"),
        What::Fewer => ("low", if odd.value < LOUD * odd.expected { "high" } else { "medium" }),
        What::More => ("high", "medium"),
        What::SetAside => ("high", if odd.value >= LOUD { "high" } else { "medium" }),
    }
}

async fn goals(ctx: &Ctx, rows: &mut Vec<AlertRow>) -> Result<()> {
    let currency = ctx.workspace().currency;
    for state in kpis::goals(ctx, None).await? {
        let goal = &state.goal;
        // The number is part of what it is: a goal that is changed is another one.
        let subject = format!("{}.{}.{}.{}", state.kpi.key, goal.first, goal.last, goal.value);
        let mut one = row(ctx, "goal", subject, goal.last);
        let Some((severity, zh, en)) = of_goal(&state, &currency) else { continue };
        one.direction = if state.kpi.better == Better::Less { "high" } else { "low" }.into();
        one.severity = severity.into();
        (one.words_zh, one.words_en) = (zh, en);
        one.link = format!("/insight/kpis/{}", state.kpi.key);
        rows.push(one);
    }
    Ok(())
}

/// What is to be said of a goal that will hardly be met.
fn of_goal(state: &GoalState, currency: &str) -> Option<(&'static str, String, String)> {
    let outlook = state.outlook.as_ref()?;
    let chance = outlook.chance.filter(|chance| *chance < UNLIKELY)?;
    let (kpi, goal) = (state.kpi, &state.goal);
    let (wanted, expected) = (number(kpi, goal.value, currency), number(kpi, outlook.expected, currency));
    let days = format!("{} – {}", day_text(goal.first), day_text(goal.last));
    let odds = percent((chance * 1e6).round() as i128, 1_000_000);
    let zh = format!(
        "{}目标（{days}）很可能完不成：目标 {}，预计 {}，达成的可能性 {odds}。",
        kpi.name.zh, wanted.0, expected.0
    );
    let en = format!(
        "The goal of {} ({days}) will hardly be met: {} is wanted, {} is expected; the chance is {odds}.",
        kpi.name.en, wanted.1, expected.1
    );
    Some((if chance < UNLIKELY / 10.0 { "high" } else { "medium" }, zh, en))
}

/// An alert of nothing, to try notices with.
pub(crate) fn trial(ctx: &Ctx) -> AlertRow {
    AlertRow {
        alert_id: 0,
        direction: "high".into(),
        severity: "low".into(),
        words_zh: "这是一条测试提醒，没有任何异常。".into(),
        words_en: "This is a trial alert. Nothing is unusual.".into(),
        link: "/alerts".into(),
        ..row(ctx, "test", "test".into(), ctx.workspace().day_of(ctx.now()))
    }
}

/// Alerts as they are shown.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    /// The newest first.
    pub items: Vec<AlertRow>,
    /// Those that nobody has seen to, listed or not.
    pub n_open: u64,
}

/// The newest alerts, all or those that nobody has seen to. They are about all customers: whoever sees some has none.
#[boxed]
pub async fn list(ctx: &Ctx, is_open_only: bool, limit: usize) -> Result<Alerts> {
    if ctx.scope().is_some() {
        return Ok(Alerts::default());
    }
    let items = ctx.store().alerts(is_open_only, limit.min(MAX_LISTED)).await?;
    Ok(Alerts { items, n_open: ctx.store().count_open_alerts().await?.max(0) as u64 })
}

/// Notes that somebody has seen to alerts, or to all that are open; says how many were. One that is named twice counts
/// once.
///
/// **Errors**: `not_found` when an alert is none; `bad_request` when too many are named.
#[boxed]
pub async fn acknowledge(ctx: &Ctx, by: &Principal, alerts: Option<&[AlertId]>) -> Result<u64> {
    let is_seen = ctx.scope().is_none();
    let ids: Option<BTreeSet<i64>> = alerts.map(|wanted| wanted.iter().map(|id| id.get()).collect());
    let ids: Option<Vec<i64>> = ids.map(|ids| ids.into_iter().collect());
    if ids.as_ref().is_some_and(|ids| ids.len() > MAX_LISTED) {
        return Err(Error::bad_request(
            format!("at most {MAX_LISTED} alerts are named at once: acknowledge all that are open, naming none"),
            format!("一次最多指定 {MAX_LISTED} 条提醒：请改为全部标为已处理，不逐条指定"),
        ));
    }
    for id in ids.iter().flatten() {
        if !is_seen || ctx.store().alert(*id).await?.is_none() {
            return Err(Error::not_found("alert", "提醒"));
        }
    }
    if !is_seen {
        return Ok(0);
    }
    let names: Option<Vec<String>> =
        ids.as_ref().map(|ids| ids.iter().map(|id| AlertId::new(*id).to_string()).collect());
    let subject = if let Some([one]) = names.as_deref() { one.clone() } else { "alerts".into() };
    let entry = |n: u64| {
        let detail = names.as_ref().map_or_else(|| json!({ "all": n }), |names| json!({ "alerts": names }));
        audit::entry(ctx, &by.actor, "alert.acknowledge", &subject, &detail)
    };
    Ok(ctx.store().acknowledge_alerts(ids.as_deref(), (&by.owner, ctx.now()), entry, Vault::audit_link).await?)
}

/// What figures and goals were made of when they were looked at.
type Mark = (Vec<i64>, i64, Vec<KpiGoalRow>);

/// Looks now and then until told to stop: sources each time, figures and goals when anything has changed that they are
/// made of.
#[boxed]
pub async fn run(ctx: Ctx, mut stopping: Receiver<bool>) {
    let mut wait = FIRST;
    let mut seen: Option<Mark> = None;
    let mut told: Option<String> = None;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        wait = EVERY;
        // A look at years of figures takes seconds, and may be left half way: it only reads, but for its last statement.
        let done = tokio::select! {
            done = look_again(&ctx, &mut seen) => done,
            _ = stopping.wait_for(|stop| *stop) => return,
        };
        let trouble = done.err().map(|error| error.to_string());
        if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
            tracing::error!(cause = %trouble, "looking for alerts failed; it goes on");
        }
        told = trouble;
    }
}

async fn look_again(ctx: &Ctx, seen: &mut Option<Mark>) -> Result<()> {
    let versions = ctx.lake().versions(&["orders", "order_items", "refunds", "events"]).await?;
    let mark = (versions, ctx.store().state_version().await?, ctx.store().kpi_goals().await?);
    let is_new = seen.as_ref() != Some(&mark);
    look(ctx, is_new).await?;
    *seen = Some(mark);
    Ok(())
}
