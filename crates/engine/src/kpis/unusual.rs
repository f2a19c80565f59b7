//! Days on which a figure was not as usual, and which part of it that comes from.
//!
//! Owns which figures and days are looked at, how many findings that allows by chance, and what each is put down to. How a
//! day is judged is `zhike_ml::anomalies`': by the days before it alone.

use crate::boxed;
use std::collections::BTreeMap;
use std::sync::Arc;

use zhike_domain::kpi::{Better, Dimension, Holiday, Kpi, Measure, Of, Only, PeriodKind, Unit, holidays, kpis};
use zhike_ml::anomalies::{self, Judgement, Verdict, judge};

use super::ahead::{History, histories, is_of_china};
use super::series::{product_names, shown_parts, top};
use super::{Known, Sums, Window, part_of, sums};
use crate::{Ctx, Error, Result};

/// Days looked at when nobody says how many.
pub const USUAL_DAYS: usize = 14;
/// Days that are known of the past: feasts come once a year.
const HISTORY: usize = 400;
/// Days looked at at most.
const MAX_DAYS: usize = 92;
/// The probability that anything is found where all is as usual.
const ALPHA: f64 = 0.01;
/// Findings that are put down to something, the newest.
const MAX_EXPLAINED: usize = 8;
/// Values of a dimension that are looked at, and told.
const PARTS: (usize, usize) = (20, 3);
/// Weeks before that a day is compared with, part by part.
const WEEKS: i64 = 4;
/// Of a change, what a part must have moved to be told.
const MIN_SHARE: f64 = 0.1;
/// How much the division into parts must have changed: less is as if all had moved together.
const MIN_SURPRISE: f64 = 0.002;

/// What was looked at, and found.
#[derive(Clone, Debug)]
pub struct Unusual {
    /// Last day of which anything is known.
    pub through: i64,
    /// Days of figures that were judged.
    pub n_judged: usize,
    /// Those of which too little is known.
    pub n_unknown: usize,
    /// Findings, the newest first, of a day the strongest.
    pub items: Vec<Finding>,
}

/// A figure that was not as usual.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Figure.
    pub kpi: &'static Kpi,
    /// Other figures of its group that went the same way on that day.
    pub also: Vec<&'static Kpi>,
    /// Day.
    pub day: i64,
    /// The number.
    pub value: f64,
    /// What was to be expected.
    pub expected: f64,
    /// Between which it would have been as usual.
    pub range: (f64, f64),
    /// Whether it was more than usual.
    pub is_high: bool,
    /// Whether that is good; missing where neither is.
    pub is_good: Option<bool>,
    /// The probability of such a day among all that were looked at.
    pub p: f64,
    /// What was celebrated.
    pub holidays: Vec<&'static Holiday>,
    /// What it comes from; missing where all parts moved together.
    pub because: Option<Because>,
}

/// The parts that a change comes from.
#[derive(Clone, Debug)]
pub struct Because {
    /// What tells it best.
    pub dimension: Dimension,
    /// The parts that moved it most.
    pub parts: Vec<Mover>,
}

/// A part and what it did.
#[derive(Clone, Debug)]
pub struct Mover {
    /// The value; missing for what has none, or for all the others.
    pub value: Option<String>,
    /// The name of a product.
    pub label: Option<String>,
    /// Whether these are all the other values.
    pub is_other: bool,
    /// Mean of the same weekdays of the weeks before.
    pub before: f64,
    /// On the day.
    pub after: f64,
    /// By how much it moved the whole.
    pub contribution: f64,
}

/// A day of a figure, judged.
struct Judged {
    kpi: &'static Kpi,
    day: i64,
    value: f64,
    judgement: Judgement,
    p: f64,
}

/// Looks at the newest days of all figures.
///
/// **Errors**: `bad_request` for no days, or too many.
#[boxed]
pub async fn unusual(ctx: &Ctx, n_days: usize) -> Result<Arc<Unusual>> {
    if n_days == 0 || n_days > MAX_DAYS {
        return Err(Error::bad_request(
            format!("between 1 and {MAX_DAYS} days can be looked at"),
            format!("可查看 1 到 {MAX_DAYS} 天"),
        ));
    }
    ctx.refresh_overrides().await?;
    // What is told by no number of its own is told by its parts.
    let listed: Vec<&'static Kpi> =
        kpis().iter().filter(|kpi| kpi.is_listed && kpi.split_by.is_none() && is_of_days(kpi)).collect();
    let known = Known::new(ctx, &listed).await?;
    let key = (known.through, n_days, ctx.min_group());
    let is_of_all = ctx.scope().is_none();
    if let Some(found) = ctx.remembered().found(key, ctx.now()).filter(|_| is_of_all) {
        return Ok(found);
    }
    let mut judged = Vec::new();
    let mut n_unknown = 0;
    let all = histories(ctx, &listed, &known, PeriodKind::Day, (known.through, HISTORY)).await?;
    for (kpi, history) in listed.into_iter().zip(all) {
        for one in of(ctx, kpi, &history, n_days) {
            if one.judgement.verdict == Verdict::Unknown { n_unknown += 1 } else { judged.push(one) }
        }
    }
    let probabilities: Vec<f64> = judged.iter().map(|one| one.p).collect();
    for (one, p) in judged.iter_mut().zip(anomalies::bonferroni(&probabilities)) {
        one.p = p;
    }
    let n_judged = judged.len();
    judged.retain(|one| one.p <= ALPHA && one.judgement.verdict != Verdict::Ordinary);
    judged.sort_by(|a, b| b.day.cmp(&a.day).then(b.judgement.z.abs().total_cmp(&a.judgement.z.abs())));
    let mut items: Vec<Finding> = Vec::new();
    for one in judged {
        let is_high = one.judgement.verdict == Verdict::High;
        let same =
            |item: &&mut Finding| (item.day, item.is_high, &item.kpi.group) == (one.day, is_high, &one.kpi.group);
        match items.iter_mut().find(same) {
            Some(item) => item.also.push(one.kpi),
            None => items.push(finding(one, is_high)),
        }
    }
    for item in items.iter_mut().take(MAX_EXPLAINED) {
        item.because = because(ctx, item).await?;
    }
    let found = Arc::new(Unusual { through: known.through, n_judged, n_unknown, items });
    if is_of_all {
        ctx.remembered().keep_found(key, ctx.now(), found.clone());
    }
    Ok(found)
}

/// Whether a day of its own says anything: what is a sum over all time moves too little, and a rate of one day back to the
/// day before compares weekdays with weekends.
fn is_of_days(kpi: &Kpi) -> bool {
    kpi.measures().is_some_and(|(part, whole)| {
        part.of != Of::Standing && !part.only.contains(&Only::Kept) && !whole.is_some_and(|(_, is_before)| is_before)
    })
}

fn finding(one: Judged, is_high: bool) -> Finding {
    let Judged { kpi, day, value, judgement, p } = one;
    let is_good = match kpi.better {
        Better::More => Some(is_high),
        Better::Less => Some(!is_high),
        Better::Neither => None,
    };
    Finding {
        kpi,
        also: Vec::new(),
        day,
        value,
        expected: judgement.expected,
        range: (judgement.low, judgement.high),
        is_high,
        is_good,
        p,
        holidays: holidays(day, day).collect(),
        because: None,
    }
}

/// The newest days of a figure.
fn of(ctx: &Ctx, kpi: &'static Kpi, history: &History, n_days: usize) -> Vec<Judged> {
    let values = &history.values;
    let kinds = kinds(ctx, history.periods.iter().map(|period| period.first));
    let is_relative = kpi.unit != Unit::Share && values.iter().all(|value| *value > 0.0);
    let options = anomalies::Options { is_relative, ..anomalies::Options::default() };
    let judgements = judge(values, &kinds, &options);
    let first = values.len().saturating_sub(n_days);
    (first..values.len())
        .map(|at| {
            let judgement = judgements[at];
            let chance = if kpi.unit == Unit::Count { by_chance(values[at], judgement.expected) } else { 0.0 };
            let p = judgement.p.max(chance);
            Judged { kpi, day: history.periods[at].first, value: values[at], judgement, p }
        })
        .collect()
}

/// What is celebrated on each day, by number, 0 for nothing; empty where the workspace keeps other days.
pub(crate) fn kinds(ctx: &Ctx, days: impl Iterator<Item = i64>) -> Vec<u32> {
    if is_of_china(ctx) { feasts(days) } else { Vec::new() }
}

/// What is celebrated in China on each day, by number, 0 for nothing.
pub(crate) fn feasts(days: impl Iterator<Item = i64>) -> Vec<u32> {
    let mut numbers: BTreeMap<(&str, &str), u32> = BTreeMap::new();
    let kind = |day: i64| {
        let holiday = holidays(day, day).next()?;
        let next = numbers.len() as u32 + 1;
        Some(*numbers.entry(holiday.name).or_insert(next))
    };
    days.map(kind).map(Option::unwrap_or_default).collect()
}

/// The probability of as far a count where nothing but chance moves it: a handful is soon twice another.
pub(crate) fn by_chance(value: f64, expected: f64) -> f64 {
    let tails = anomalies::count_tails(value.max(0.0).round() as u64, expected.max(0.5));
    tails.map_or(1.0, |tails| (2.0 * tails.low.min(tails.high)).min(1.0))
}

/// The dimension by which a change is told best, and the parts that moved it most.
async fn because(ctx: &Ctx, item: &Finding) -> Result<Option<Because>> {
    let kpi = item.kpi;
    let windows: Vec<Window> =
        (0..=WEEKS).map(|weeks| item.day - 7 * (WEEKS - weeks)).map(|day| Window::days(day, day)).collect();
    let last = windows.len() - 1;
    let is_ratio = kpi.measures().is_some_and(|(_, whole)| whole.is_some());
    let mut best: Option<(f64, Because)> = None;
    for dimension in kpi.dimensions() {
        let adds_up = |(part, whole): (&Measure, Option<(&Measure, bool)>)| {
            part.parts_add_up(dimension) && whole.is_none_or(|(whole, _)| whole.parts_add_up(dimension))
        };
        if !kpi.measures().is_some_and(adds_up) {
            continue;
        }
        let values = top(ctx, kpi, &windows, dimension, PARTS.0).await?;
        let tables = sums(ctx, &[kpi], &windows, Some((dimension, &values))).await?;
        let Some(table) = tables.first() else { continue };
        let rest = values.len() as i64;
        let shown: Vec<_> =
            (0..=last).map(|at| shown_parts(kpi, dimension, table, (at, rest), ctx.min_group())).collect();
        let parts: Vec<i64> =
            (-1..=rest).filter(|part| shown.iter().all(|shown| shown.get(part).copied().unwrap_or(true))).collect();
        let mean = |part: i64| {
            let mut all = Sums { part: 0, whole: is_ratio.then_some(0) };
            for at in 0..last {
                let one = part_of(table, (at, part), kpi);
                all.part += one.part;
                all.whole = all.whole.zip(one.whole).map(|(a, b)| a + b);
            }
            all
        };
        let pairs: Vec<(Sums, Sums)> =
            parts.iter().map(|&part| (mean(part), part_of(table, (last, part), kpi))).collect();
        let above = |sums: Sums, n: f64| sums.part as f64 / n;
        let below = |sums: Sums, n: f64| sums.whole.unwrap_or(0) as f64 / n;
        let weeks = WEEKS as f64;
        let (surprise, mut moved) = if is_ratio {
            let sides: Vec<[(f64, f64); 2]> = pairs
                .iter()
                .map(|(then, now)| [(above(*then, weeks), below(*then, weeks)), (above(*now, 1.0), below(*now, 1.0))])
                .collect();
            let whole: Vec<(f64, f64)> = sides.iter().map(|side| (side[0].0, side[1].0)).collect();
            let Some(found) = anomalies::because_of_ratio(&sides) else { continue };
            let scale = kpi.number(1, Some(1)).unwrap_or(1.0);
            let moved: Vec<(usize, f64)> = found.iter().map(|one| (one.part, scale * (one.mix + one.rate))).collect();
            (anomalies::surprise(&whole), moved)
        } else {
            let sides: Vec<(f64, f64)> = pairs
                .iter()
                .map(|(then, now)| {
                    let number = |sums: Sums| kpi.number(sums.part, sums.whole).unwrap_or(0.0);
                    (number(*then) / weeks, number(*now))
                })
                .collect();
            let found = anomalies::because(&sides);
            (anomalies::surprise(&sides), found.iter().map(|one| (one.part, one.contribution)).collect())
        };
        // Only what moved it that way explains it, and not what hardly moved it.
        let change = (item.value - item.expected).abs();
        moved.retain(|(_, size)| (*size > 0.0) == item.is_high && size.abs() >= MIN_SHARE * change);
        let is_told = moved.first().is_some_and(|(at, _)| parts[*at] != rest);
        if surprise < MIN_SURPRISE || !is_told || best.as_ref().is_some_and(|(most, _)| *most >= surprise) {
            continue;
        }
        let names = if dimension == Dimension::Product { product_names(ctx, &values).await? } else { BTreeMap::new() };
        let mover = |&(at, contribution): &(usize, f64)| {
            let part = parts[at];
            let value = usize::try_from(part).ok().and_then(|at| values.get(at).cloned());
            let number = |sums: Sums, n: f64| match is_ratio {
                true => kpi.number(sums.part, sums.whole).unwrap_or(0.0),
                false => kpi.number(sums.part, sums.whole).unwrap_or(0.0) / n,
            };
            Mover {
                label: value.as_ref().and_then(|value| names.get(value).cloned()),
                is_other: value.is_none() && part >= 0,
                value,
                before: number(pairs[at].0, weeks),
                after: number(pairs[at].1, 1.0),
                contribution,
            }
        };
        let parts = moved.iter().take(PARTS.1).map(mover).collect();
        best = Some((surprise, Because { dimension, parts }));
    }
    Ok(best.map(|(_, because)| because))
}
