//! Computing what follows from the facts: RFM scores as of a day.

use crate::boxed;
use std::time::Duration;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tokio::sync::watch::Receiver;
use zhike_domain::audience::AsOf;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::frame::{Column, ColumnType, Frame, MONEY, TextColumn};
use zhike_domain::rfm::{self, Cuts, Mode, Rules};
use zhike_lake::Publication;

use crate::query::{definition_version, put_definition};
use crate::workspace::{date_of, day_number};
use crate::{Ctx, Error, Result, maintain};

/// Kind under which RFM rules are kept.
const RULES: &str = "rfm_rules";
/// A load often follows another: what follows from them is computed so long after the last.
const CALM: Duration = Duration::from_secs(5);
/// Tables that RFM is computed from.
const INPUTS: [&str; 2] = ["orders", "refunds"];

/// What to recompute.
#[derive(Clone, Debug, Default)]
pub struct RefreshOptions {
    /// Last day that counts; the newest day of the data when absent.
    pub as_of: Option<Date>,
    /// Recompute even when nothing has changed.
    pub force: bool,
}

/// What a refresh did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refreshed {
    /// Last day that counts.
    pub as_of: String,
    /// Customers scored.
    pub n_customers: u64,
    /// Whether anything was computed; false when nothing had changed since the last refresh of that day.
    pub is_computed: bool,
    /// Version of the rules used.
    pub rules_version: i64,
    /// Days from the newest data to the day asked for.
    pub days_behind: i64,
}

/// What is remembered of the refresh of one day: whether it is up to date, and how its scores are explained.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) inputs: Vec<i64>,
    pub(crate) overrides: i64,
    pub(crate) rules_version: i64,
    pub(crate) n_customers: u64,
    pub(crate) cuts: Cuts,
    pub(crate) at: i64,
}

fn run_key(day: i64) -> String {
    format!("rfm_run:{day}")
}

/// Recomputes everything derived as of a day, and raises alerts of what is unusual.
///
/// **Errors**: `bad_request` when there are no orders, or none before the day.
#[boxed]
pub async fn refresh(ctx: &Ctx, options: RefreshOptions) -> Result<Refreshed> {
    let done = compute(ctx, options).await?;
    // What the new numbers say is told; without it they are computed all the same.
    if done.is_computed
        && let Err(error) = crate::alerts::check(ctx).await
    {
        tracing::error!(cause = %error, "looking for alerts after a refresh failed");
    }
    Ok(done)
}

/// Refreshes after loads of this process, and now and then for what live collection and other processes bring, until told to
/// stop. Nothing is computed where nothing has changed.
#[boxed]
pub async fn run(ctx: Ctx, every: Duration, mut stopping: Receiver<bool>) {
    let loaded = async || {
        ctx.loaded().notified().await;
        while tokio::time::timeout(CALM, ctx.loaded().notified()).await.is_ok() {}
    };
    loop {
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            () = loaded() => {}
            _ = stopping.wait_for(|stop| *stop) => return,
        }
        // One that is left half way is as one that a crash interrupted: nothing of it shows.
        tokio::select! {
            done = refresh(&ctx, RefreshOptions::default()) => match done {
                Err(error) if error.code != ErrorCode::BadRequest => tracing::error!(cause = %error, "a refresh failed"),
                // There is nothing to compute from yet.
                _ => {}
            },
            _ = stopping.wait_for(|stop| *stop) => return,
        }
    }
}

/// As [`refresh`], without a look at what the new numbers say: for measurements.
///
/// **Errors**: as [`refresh`].
#[boxed]
pub async fn compute(ctx: &Ctx, options: RefreshOptions) -> Result<Refreshed> {
    let ctx = &ctx.whole();
    crate::identity::compare_people(ctx).await?;
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    // Who is who comes first: all that is computed is about people.
    crate::identity::follow(ctx).await?;
    ctx.refresh_overrides().await?;
    let newest = ctx.lake().time_span("orders").await?.map(|(_, newest)| ctx.workspace().day_of(newest));
    if newest.is_none() && ctx.store().n_profiles().await? == 0 {
        return Err(Error::bad_request(
            "there is nothing to compute from: import some files first (zhike import FILE)".into(),
            "还没有数据，无法计算：请先导入（zhike import 文件）".into(),
        ));
    }
    // Before the versions are noted, for compacting makes new ones.
    maintain::tidy(ctx).await?;
    // Tags look at the scores, segments at both.
    let as_of = crate::segments::as_of(ctx, options.as_of).await?;
    let asked = options.as_of.map(day_number);
    let done = match newest {
        Some(newest) => scores(ctx, asked.unwrap_or(newest), newest, options.force).await?,
        // Who never buys has tags and segments all the same.
        None => Refreshed {
            as_of: day_text(asked.unwrap_or(as_of.day)),
            n_customers: 0,
            is_computed: true,
            rules_version: rules(ctx).await?.1,
            days_behind: 0,
        },
    };
    follow(ctx, as_of, options.force).await?;
    Ok(done)
}

/// Scores customers as of a day, unless nothing has changed since they were.
async fn scores(ctx: &Ctx, day: i64, newest: i64, force: bool) -> Result<Refreshed> {
    let (rules, rules_version) = rules(ctx).await?;
    let inputs = ctx.lake().versions(&INPUTS).await?;
    let overrides = ctx.store().overrides_version().await?;
    let done = |n_customers: u64, is_computed: bool| Refreshed {
        as_of: day_text(day),
        n_customers,
        is_computed,
        rules_version,
        days_behind: day - newest,
    };
    if let Some(run) = last_run(ctx, day).await?
        && !force
        && run.inputs == inputs
        && run.overrides == overrides
        && run.rules_version == rules_version
    {
        return Ok(done(run.n_customers, false));
    }
    let facts = ctx.lake().rfm_inputs(ctx.workspace().day_start(day + 1)).await?;
    if facts.profile_id.is_empty() {
        return Err(Error::bad_request(
            format!("no customer had an order by {}: choose a later day", day_text(day)),
            format!("截至 {} 还没有客户下单：请选择更晚的日期", day_text(day)),
        ));
    }
    let recency = recency_days(ctx, &facts.last_ordered_at, day);
    let columns = rfm::Input { recency_days: &recency, frequency: &facts.frequency, monetary: &facts.monetary };
    let scored = rfm::score(columns, &rules).map_err(|problem| Error::bug("stored RFM rules", problem))?;
    let n_customers = facts.profile_id.len();
    let batch_id = ctx.vault().random_id();
    let mut stage = ctx.lake().stage("rfm", batch_id, "new")?;
    // A piece at a time, so that memory holds one copy of the scores.
    for from in (0..n_customers).step_by(1 << 18) {
        let to = (from + (1 << 18)).min(n_customers);
        let n_rows = to - from;
        let nums = |values: &[i64]| Column::Num(values[from..to].iter().map(|&value| Some(value)).collect());
        let scores =
            |values: &[u8]| Column::Num(values[from..to].iter().map(|&value| Some(i64::from(value))).collect());
        let same = |value: i64| Column::Num(std::iter::repeat_n(Some(value), n_rows).collect());
        let mode = if rules.mode == Mode::Quantile { "quantile" } else { "thresholds" };
        let mut frame = Frame::new(n_rows);
        frame.set("profile_id", ColumnType::Int, nums(&facts.profile_id));
        frame.set("as_of", ColumnType::Day, same(day));
        frame.set("recency_days", ColumnType::Int, nums(&recency));
        frame.set("frequency", ColumnType::Int, nums(&facts.frequency));
        frame.set("monetary", MONEY, nums(&facts.monetary));
        frame.set("r_score", ColumnType::Int, scores(&scored.r));
        frame.set("f_score", ColumnType::Int, scores(&scored.f));
        frame.set("m_score", ColumnType::Int, scores(&scored.m));
        let segments: TextColumn = scored.segment[from..to].iter().map(|segment| Some(segment.as_str())).collect();
        frame.set("rfm_segment", ColumnType::Text, Column::Text(segments));
        let tiers: TextColumn = scored.tier[from..to].iter().map(|tier| Some(tier.as_str())).collect();
        frame.set("tier", ColumnType::Text, Column::Text(tiers));
        frame.set("mode", ColumnType::Text, Column::Text(std::iter::repeat_n(Some(mode), n_rows).collect()));
        frame.set("rules_version", ColumnType::Int, same(rules_version));
        stage.push(frame)?;
    }
    let staged = stage.finish()?;
    let mut publication = Publication::default();
    publication.change("rfm", staged, ctx.lake().files_of_day("rfm", "as_of", day).await?);
    ctx.step("refresh.staged")?;
    ctx.lake().publish(batch_id, &publication).await?;
    ctx.step("refresh.published")?;
    let n_customers = n_customers as u64;
    let run = Run { inputs, overrides, rules_version, n_customers, cuts: scored.cuts, at: ctx.now() };
    let json = serde_json::to_string(&run).map_err(|error| Error::bug("a refresh as JSON", error))?;
    ctx.store().set_meta(&run_key(day), &json).await?;
    Ok(done(n_customers, true))
}

/// What follows from the scores.
async fn follow(ctx: &Ctx, as_of: AsOf, force: bool) -> Result<()> {
    crate::models::follow(ctx, as_of.day, force).await?;
    crate::tags::refresh_locked(ctx, None, as_of.clone(), force).await?;
    crate::segments::refresh_locked(ctx, None, as_of).await.map(drop)
}

/// Days between each instant's calendar day and the day asked for.
fn recency_days(ctx: &Ctx, last: &[i64], day: i64) -> Vec<i64> {
    let workspace = ctx.workspace();
    // Looking a zone up costs more than remembering the days met.
    let mut known: std::collections::HashMap<i64, (i64, i64)> = std::collections::HashMap::new();
    last.iter()
        .map(|&at| {
            let utc_day = at.div_euclid(86_400_000_000);
            let (starts, first) = *known.entry(utc_day).or_insert_with(|| {
                let first = workspace.day_of(utc_day * 86_400_000_000);
                (workspace.day_start(first + 1), first)
            });
            day - if at >= starts { first + 1 } else { first }
        })
        .collect()
}

pub(crate) async fn last_run(ctx: &Ctx, day: i64) -> Result<Option<Run>> {
    // A run that an earlier release described otherwise is simply computed again.
    Ok(ctx.store().get_meta(&run_key(day)).await?.and_then(|json| serde_json::from_str(&json).ok()))
}

pub(crate) fn day_text(day: i64) -> String {
    date_of(day).map_or_else(|| day.to_string(), |date| date.to_string())
}

/// The RFM rules in force and their version; 0 is the default.
#[boxed]
pub async fn rules(ctx: &Ctx) -> Result<(Rules, i64)> {
    definition_version(ctx, RULES, "default").await
}

/// Whether rules can be scored by.
///
/// **Errors**: `bad_request` naming the cells that are covered twice or not at all.
pub(crate) fn check_rules(rules: &Rules) -> Result<()> {
    let problems = rules.validate();
    if problems.is_empty() {
        return Ok(());
    }
    let en: Vec<&str> = problems.iter().map(|problem| problem.en.as_str()).collect();
    let zh: Vec<&str> = problems.iter().map(|problem| problem.zh.as_str()).collect();
    Err(Error::bad_request(en.join("; "), zh.join("；")))
}

/// Puts new RFM rules in force; the next refresh uses them. With the version that they were made from, another one in
/// force is a conflict.
///
/// **Errors**: `bad_request` naming the cells that are covered twice or not at all; `conflict`.
#[boxed]
pub async fn set_rules(ctx: &Ctx, rules: &Rules, expected: Option<i64>) -> Result<i64> {
    check_rules(rules)?;
    let version = self::rules(ctx).await?.1;
    if expected.is_some_and(|expected| expected != version) {
        return Err(Error::conflict(
            format!("the RFM rules are at version {version} now: load them again and repeat your change"),
            format!("RFM 规则已是第 {version} 版：请重新载入后再修改"),
        ));
    }
    put_definition(ctx, RULES, "default", rules).await
}
