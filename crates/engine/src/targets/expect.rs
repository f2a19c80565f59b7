//! What can be expected of each part, and how much more it could bring.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zhike_domain::kpi::{Period, PeriodKind};
use zhike_ml::forecast::{self, Options, Series};
use zhike_ml::targets::{Hierarchy, Level, Part as Weighed};

use super::facts::{Brought, brought};
use super::{MAX_PARTS, Part, Target};
use crate::kpis::{Known, marks_of};
use crate::work::{threads, worked};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result};

/// Weeks that are learnt from: three years.
const MAX_WEEKS: usize = 156;
/// Without which nothing is split.
const MIN_WEEKS: usize = 4;
/// Weeks from the last known day to the last of the target.
const MAX_AHEAD: usize = 80;
/// Parts that are forecast by themselves; smaller ones go with the year before.
const MAX_TOLD: usize = 150;
/// Weeks of a year.
const YEAR: usize = 52;
/// Error of the plain way, and of a forecast of which nothing is known: shares of what is told.
const PLAIN_ERROR: f64 = 0.5;
const UNKNOWN_ERROR: f64 = 0.3;
/// Customers without whom a part is compared with no other.
const MIN_PEOPLE: u64 = 20;
/// Parts without which none is compared.
const MIN_NEIGHBOURS: usize = 4;
/// Headroom at most: more says that a part is another kind of business.
const MAX_HEADROOM: f64 = 1.5;

/// How what is expected was told. **Units**: those of the figure's sums.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basis {
    /// Last day that it was told from.
    pub cut: i64,
    /// Whole weeks that it was learnt from.
    pub n_weeks: usize,
    /// Parts that were forecast; 0 when there are too few weeks to, and all goes by the weeks before.
    pub n_told: usize,
    /// What is expected of the whole.
    pub expected: i64,
    /// Between which that is 4 times out of 5, where it was forecast.
    pub range: Option<(i64, i64)>,
    /// What the same days brought a year before.
    pub year_before: Option<i64>,
}

/// What was told of one part by itself.
#[derive(Clone, Debug)]
struct Told {
    value: f64,
    variance: f64,
    range: Option<(f64, f64)>,
    is_forecast: bool,
    /// By week ahead.
    weeks: Vec<f64>,
}

/// Weeks behind and ahead.
struct Weeks {
    /// First days of the known ones, and then of those to come.
    periods: Vec<Period>,
    n_known: usize,
    /// Which part of each week to come lies within the target.
    within: Vec<f64>,
}

impl Weeks {
    fn new(target: &Target, known: &Known) -> Result<Self> {
        let cut = known.through.min(target.days.0 - 1);
        let first = known.first_day(target.kpi).filter(|first| *first <= cut);
        let mut end = Period::containing(PeriodKind::Week, cut);
        if end.last() > cut {
            end = end.previous();
        }
        let mut periods = Vec::new();
        while first.is_some_and(|first| end.first >= first) && periods.len() < MAX_WEEKS {
            periods.push(end);
            end = end.previous();
        }
        periods.reverse();
        let n_known = periods.len();
        if n_known < MIN_WEEKS {
            let day = date_of(target.days.0).unwrap_or_default();
            return Err(Error::bad_request(
                format!(
                    "before {day} there are orders of {n_known} whole weeks: a target is split by at least {MIN_WEEKS}"
                ),
                format!("{day} 之前只有 {n_known} 个整周的订单：至少需要 {MIN_WEEKS} 周才能拆分"),
            ));
        }
        let mut next = periods[n_known - 1].next();
        let mut within = Vec::new();
        while next.first <= target.days.1 {
            let days = next.last().min(target.days.1) - next.first.max(target.days.0) + 1;
            within.push(days.max(0) as f64 / 7.0);
            periods.push(next);
            next = next.next();
        }
        if within.len() > MAX_AHEAD {
            let day = date_of(cut).unwrap_or_default();
            return Err(Error::bad_request(
                format!(
                    "the target ends {} weeks after {day}, the last day with orders: at most {MAX_AHEAD} can be told",
                    within.len()
                ),
                format!("目标在有订单的最后一天 {day} 之后 {} 周才结束：最多可预计 {MAX_AHEAD} 周", within.len()),
            ));
        }
        Ok(Self { periods, n_known, within })
    }

    fn known(&self) -> Vec<(i64, i64)> {
        self.periods[..self.n_known].iter().map(|week| (week.first, week.last())).collect()
    }

    /// The share of the target that each week is expected to bring.
    fn season(&self, target: &Target, values: &[f64]) -> Vec<(i64, f64)> {
        let ahead = self.periods[self.n_known..].iter().zip(&self.within).zip(values);
        let all: Vec<(i64, f64, f64)> = ahead
            .filter(|((_, within), _)| **within > 0.0)
            .map(|((week, within), value)| (week.first.max(target.days.0), *within, within * value.max(0.0)))
            .collect();
        let sum: f64 = all.iter().map(|week| week.2).sum();
        let days: f64 = all.iter().map(|week| week.1).sum();
        all.iter().map(|(day, within, value)| (*day, if sum > 0.0 { value / sum } else { within / days })).collect()
    }
}

/// Fills what is expected of the whole and of every part that brought anything within the year before.
pub(super) async fn fill(ctx: &Ctx, target: &mut Target) -> Result<()> {
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, &[target.kpi]).await?;
    let weeks = Weeks::new(target, &known)?;
    let cut = known.through.min(target.days.0 - 1);
    let year = weeks.n_known.saturating_sub(YEAR);
    let mut leaves = brought(ctx, target.kpi, &target.levels, &weeks.known(), false).await?;
    leaves.retain(|_, own| own.sums[year..].iter().sum::<i64>() > 0);
    // Level by level: who bought in several parts is one customer of what they are parts of.
    let mut last_year: BTreeMap<Vec<String>, Brought> = BTreeMap::new();
    for depth in 0..=target.levels.len() {
        last_year.extend(brought(ctx, target.kpi, &target.levels[..depth], &[(cut - 364, cut)], true).await?);
    }
    let paths: Vec<Vec<String>> = {
        let prefixes = leaves.keys().flat_map(|path| (0..=path.len()).map(|n| path[..n].to_vec()));
        prefixes.collect::<BTreeSet<_>>().into_iter().collect()
    };
    if leaves.is_empty() {
        return Err(Error::bad_request(
            "nothing was sold within the year before: there is nothing to split by".into(),
            "前一年内没有销售，无法按潜力拆分".into(),
        ));
    }
    if paths.len() > MAX_PARTS {
        return Err(Error::bad_request(
            format!("these levels have {} parts, at most {MAX_PARTS} are possible: choose coarser ones", paths.len()),
            format!("这些层级共有 {} 个部分，最多 {MAX_PARTS} 个：请选择更粗的层级", paths.len()),
        ));
    }
    let histories: Vec<Vec<f64>> = paths.iter().map(|path| rolled_up(&leaves, path, weeks.n_known)).collect();
    let columns = marks_of(ctx, &weeks.periods, weeks.n_known);
    let told = told(histories, columns, &weeks).await?;
    let parents: Vec<Option<usize>> = paths
        .iter()
        .map(|path| {
            path.split_last().and_then(|(_, parent)| paths.binary_search_by(|own| own.as_slice().cmp(parent)).ok())
        })
        .collect();
    let expected = settled(&told, &parents)?;
    let of_year = |path: &Vec<String>| last_year.get(path).map_or((0, 0), |own| (own.sums[0], own.n_people[0]));
    let own: Vec<(i64, u64)> = paths.iter().map(of_year).collect();
    let headroom = headroom(&own, &parents);
    target.season = weeks.season(target, &told[0].weeks);
    let year_before = (target.days.0 - 364, target.days.1 - 364);
    let is_known = known.first_day(target.kpi).is_some_and(|first| first <= year_before.0) && year_before.1 <= cut;
    target.basis = Basis {
        cut,
        n_weeks: weeks.n_known,
        n_told: told.iter().filter(|told| told.is_forecast).count(),
        expected: expected[0],
        range: told[0].range.map(|(low, high)| (low.max(0.0).round() as i64, high.round() as i64)),
        year_before: match is_known {
            true => brought(ctx, target.kpi, &[], &[year_before], false).await?.values().map(|own| own.sums[0]).next(),
            false => None,
        },
    };
    target.parts = paths
        .into_iter()
        .enumerate()
        .map(|(at, path)| Part {
            path,
            expected: expected[at],
            headroom: headroom[at],
            n_people: own[at].1,
            floor: None,
            cap: None,
            locked: None,
            asked: None,
            amount: 0,
        })
        .collect();
    Ok(())
}

fn rolled_up(leaves: &BTreeMap<Vec<String>, Brought>, path: &[String], n: usize) -> Vec<f64> {
    let mut sums = vec![0.0; n];
    for (_, own) in leaves.range(path.to_vec()..).take_while(|(leaf, _)| leaf.starts_with(path)) {
        sums.iter_mut().zip(&own.sums).for_each(|(sum, own)| *sum += *own as f64);
    }
    sums
}

/// What is told of each part by itself: the largest are forecast, the others go by the weeks before.
async fn told(histories: Vec<Vec<f64>>, columns: Vec<Vec<f64>>, weeks: &Weeks) -> Result<Vec<Told>> {
    let mut by_size: Vec<usize> = (0..histories.len()).collect();
    let size = |at: &usize| histories[*at].iter().rev().take(YEAR).sum::<f64>();
    by_size.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.cmp(b)));
    let is_large: BTreeSet<usize> = by_size.into_iter().take(MAX_TOLD).collect();
    let within = weeks.within.clone();
    worked("targets", move || {
        let growth = growth(&histories[0]);
        let one = |(at, values): (usize, &Vec<f64>)| {
            let forecast = is_large.contains(&at).then(|| forecast_of(values, &columns, &within)).flatten();
            forecast.unwrap_or_else(|| plain(values, growth, &within))
        };
        histories.iter().enumerate().map(one).collect()
    })
    .await
}

fn sum_within(values: &[f64], within: &[f64]) -> f64 {
    values.iter().zip(within).map(|(value, within)| value.max(0.0) * within).sum()
}

fn forecast_of(values: &[f64], columns: &[Vec<f64>], within: &[f64]) -> Option<Told> {
    let series = Series { values, periods: &[YEAR] };
    let options = Options { horizon: within.len(), levels: Vec::new(), n_threads: threads() };
    let told = forecast::forecast(&series, columns, &options).ok()?;
    let series = Series { periods: &told.periods, ..series };
    let value = sum_within(&told.mean, within);
    let Some(total) = forecast::total(&series, told.method, &told.mean) else {
        // Too few weeks to try sums from earlier points in time: told, but nobody knows how well.
        let error = UNKNOWN_ERROR * value;
        let variance = error * error + least_variance(value);
        return Some(Told { value, variance, range: None, is_forecast: true, weeks: told.mean });
    };
    let (low, high) = total.range(0.8);
    // The range is of all weeks to come; that of those within the target is as wide for its size.
    let size = if total.mean > 0.0 { value / total.mean } else { 1.0 };
    let error = (high - low).max(0.0) * size / 2.56;
    let range = (value - (total.mean - low) * size, value + (high - total.mean) * size);
    Some(Told {
        value,
        variance: error * error + least_variance(value),
        range: Some(range),
        is_forecast: true,
        weeks: told.mean,
    })
}

/// The same weeks of a year before, with the growth of the whole; without them, the mean of the last eight.
fn plain(values: &[f64], growth: Option<f64>, within: &[f64]) -> Told {
    let n = values.len();
    let recent = n.min(8);
    let mean = values[n - recent..].iter().sum::<f64>() / recent as f64;
    let week = |ahead: usize| {
        let at = (n + ahead) as i64 - YEAR as i64;
        let before = usize::try_from(at).ok().and_then(|at| values.get(at));
        growth.zip(before).map_or(mean, |(growth, before)| before * growth)
    };
    let weeks: Vec<f64> = (0..within.len()).map(week).collect();
    let value = sum_within(&weeks, within);
    let error = PLAIN_ERROR * value;
    Told { value, variance: error * error + least_variance(value), range: None, is_forecast: false, weeks }
}

/// No part is known for certain, also one that never changed.
fn least_variance(value: f64) -> f64 {
    let least = (0.02 * value).max(1.0);
    least * least
}

/// The last quarter of a year over the same one a year before, where both are known.
fn growth(values: &[f64]) -> Option<f64> {
    let n = values.len();
    let sum = |end: usize| values[end.checked_sub(13)?..end].iter().sum::<f64>().into();
    let (now, then): (Option<f64>, Option<f64>) = (sum(n), n.checked_sub(YEAR).and_then(sum));
    now.zip(then).filter(|(_, then)| *then > 0.0).map(|(now, then)| (now / then).clamp(0.5, 2.0))
}

/// Moved as little as possible until parts add up, in whole units; what would be below nothing is nothing.
fn settled(told: &[Told], parents: &[Option<usize>]) -> Result<Vec<i64>> {
    let bug = |problem| Error::bug("targets", std::io::Error::other(format!("{problem:?}")));
    let levels: Vec<Level> = parents
        .iter()
        .enumerate()
        .map(|(at, parent)| Level { parent: *parent, part: Weighed::new(at as u64, 1.0) })
        .collect();
    let tree = Hierarchy::new(&levels).map_err(bug)?;
    let values: Vec<f64> = told.iter().map(|told| told.value).collect();
    let trust: Vec<f64> = told.iter().map(|told| 1.0 / told.variance).collect();
    let settled = tree.reconcile(&values, &trust).map_err(bug)?;
    let whole: Vec<i64> = settled.iter().map(|value| value.max(0.0).round() as i64).collect();
    tree.sum_up(&whole).map_err(bug)
}

/// How far what a customer brings in a year is below that of the better quarter of the parts beside it.
fn headroom(own: &[(i64, u64)], parents: &[Option<usize>]) -> Vec<f64> {
    let each = |at: usize| {
        let (sum, n) = own[at];
        (sum > 0 && n >= MIN_PEOPLE).then(|| sum as f64 / n as f64)
    };
    let mut beside: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    for (at, parent) in parents.iter().enumerate() {
        if let (Some(parent), Some(each)) = (parent, each(at)) {
            beside.entry(*parent).or_default().push(each);
        }
    }
    beside.values_mut().for_each(|all| all.sort_by(f64::total_cmp));
    let better = |all: &Vec<f64>| all[(all.len() * 3).div_ceil(4) - 1];
    (0..own.len())
        .map(|at| {
            let all = parents[at].and_then(|parent| beside.get(&parent)).filter(|all| all.len() >= MIN_NEIGHBOURS);
            all.zip(each(at)).map_or(1.0, |(all, each)| (better(all) / each).clamp(1.0, MAX_HEADROOM))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headroom_is_towards_the_better_quarter_of_those_beside() {
        let parents = [None, Some(0), Some(0), Some(0), Some(0), Some(0)];
        // 10, 20, 30, 40 a customer; the last has too few customers to be compared.
        let own = [(1000, 100), (200, 20), (400, 20), (600, 20), (800, 20), (9_000, 2)];
        assert_eq!(headroom(&own, &parents), [1.0, 1.5, 1.5, 1.0, 1.0, 1.0]);
        assert_eq!(headroom(&own[..4], &parents[..4]), [1.0; 4], "three are no crowd");
    }

    #[test]
    fn the_plain_way_is_the_year_before_with_the_growth_of_the_whole() {
        let mut values = vec![10.0; 70];
        values[20] = 50.0;
        values[57..].fill(20.0);
        assert_eq!(growth(&values), Some(2.0));
        let told = plain(&values, growth(&values), &[1.0, 1.0, 0.5]);
        assert_eq!(told.weeks[0], values[18] * 2.0);
        assert_eq!(told.value, 20.0 + 20.0 + 50.0);
        assert_eq!(plain(&values[..20], growth(&values[..20]), &[1.0]).value, 10.0);
    }
}
