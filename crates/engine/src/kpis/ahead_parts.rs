//! What the parts of a figure will be, so that they add up to what is told of the whole.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::kpi::{Dimension, Kpi, PeriodKind};
use zhike_ml::forecast::{self, Hierarchy, Stated, reconcile};

use super::ahead::{Ahead, LEVELS, ahead, filled, history, marks_of, seasons};
use super::series::{no_dimension, product_names, shown_parts, top};
use super::{Known, Table, Window, part_of, sums};
use crate::work::{threads, worked};
use crate::{Ctx, Error, Result};

/// Parts that are told by name; the others go together.
const MAX_PARTS: usize = 12;
/// Error of a part that cannot be forecast, as a share of it.
const PLAIN_ERROR: f64 = 0.5;
/// Width of a range of 4 out of 5 in standard errors.
const WIDTH: f64 = 2.563;
/// How much surer the whole is taken to be than any part: parts move, not the whole.
const SURER: f64 = 1e-9;

/// A part of a figure.
#[derive(Clone, Debug, PartialEq)]
pub struct AheadPart {
    /// The value; none for what has no value, or for all the other values.
    pub value: Option<String>,
    /// The name of a product.
    pub label: Option<String>,
    /// Whether these are all the other values.
    pub is_other: bool,
    /// What as many whole periods before brought.
    pub before: f64,
    /// One a period to come.
    pub values: Vec<f64>,
    /// Whether it was forecast; else it is as a season before.
    pub is_forecast: bool,
}

/// What a figure will be, part by part.
#[derive(Clone, Debug)]
pub struct AheadByPart {
    /// The whole.
    pub ahead: Ahead,
    /// What it is taken apart by.
    pub dimension: Dimension,
    /// The largest first, the rest and those without a value last; empty where nothing is told.
    pub parts: Vec<AheadPart>,
    /// Whether parts are not told because they are of so few people.
    pub is_suppressed: bool,
}

/// Tells the next `n` periods of a figure and of its parts; in each period parts add up to the whole.
///
/// **Errors**: as [`ahead`]; `bad_request` for a dimension that the figure has not, or whose parts do not add up.
#[boxed]
pub async fn ahead_by(
    ctx: &Ctx,
    kpi: &'static Kpi,
    by: PeriodKind,
    n: Option<usize>,
    through: Option<i64>,
    dimension: Dimension,
) -> Result<AheadByPart> {
    if !kpi.dimensions().contains(&dimension) {
        return Err(no_dimension(kpi, dimension));
    }
    if !kpi.parts_add_up(dimension) {
        let (key, by) = (&kpi.key, dimension.as_str());
        return Err(Error::bad_request(
            format!("parts of {key} by {by} do not add up: forecast it as a whole, or by another dimension"),
            format!("指标 {key} 按 {by} 拆分后加起来不等于整体：请预测整体，或换一个维度"),
        ));
    }
    let whole = ahead(ctx, kpi, by, n, through).await?;
    let nothing = |ahead, is_suppressed| AheadByPart { ahead, dimension, parts: Vec::new(), is_suppressed };
    let Ok(outlook) = &whole.told else { return Ok(nothing(whole, false)) };
    let known = Known::new(ctx, &[kpi]).await?;
    let behind = history(ctx, kpi, &known, by, whole.through).await?;
    let windows: Vec<Window> = behind.periods.iter().map(|&period| Window::of(period, whole.through)).collect();
    let recent = windows.len().saturating_sub(by.usual());
    let values = top(ctx, kpi, &windows[recent..], dimension, MAX_PARTS).await?;
    let table = sums(ctx, &[kpi], &windows, Some((dimension, &values))).await?.pop().unwrap_or_default();
    let Some(parts) = told_parts(kpi, dimension, &table, (windows.len(), values.len()), ctx.min_group()) else {
        return Ok(nothing(whole, true));
    };
    let n = outlook.points.len();
    let numbers: Vec<Vec<f64>> = parts.iter().map(|part| part.numbers(kpi, &table, windows.len())).collect();
    let mut periods = behind.periods.clone();
    periods.extend(outlook.points.iter().map(|point| point.period));
    let columns = marks_of(ctx, &periods, windows.len());
    let wholes: Vec<f64> = outlook.points.iter().map(|point| point.value).collect();
    let own = numbers.clone();
    let told = worked("forecasting", move || {
        let told: Vec<_> = own.iter().map(|values| tell(values, &columns, by, n)).collect();
        agreed(&told, &wholes).map(|values| (values, told))
    })
    .await?;
    let (agreed, told) = told?;
    let names = if dimension == Dimension::Product { product_names(ctx, &values).await? } else { BTreeMap::new() };
    let of = |(at, part): (usize, &Told)| {
        let value = part.named.and_then(|at| values.get(at).cloned());
        AheadPart {
            label: value.as_ref().and_then(|value| names.get(value).cloned()),
            value,
            is_other: part.is_other,
            before: numbers[at].iter().rev().take(n).sum(),
            values: agreed[at].clone(),
            is_forecast: told[at].1,
        }
    };
    let is_there = |part: &AheadPart| part.before != 0.0 || part.values.iter().any(|value| *value != 0.0);
    let all = parts.iter().enumerate().map(of).filter(is_there).collect();
    Ok(AheadByPart { ahead: whole, dimension, parts: all, is_suppressed: false })
}

/// Cells that are told as one part.
struct Told {
    /// Position of its value.
    named: Option<usize>,
    is_other: bool,
    cells: Vec<i64>,
}

impl Told {
    fn sums(&self, kpi: &Kpi, table: &Table, window: usize) -> i64 {
        self.cells.iter().map(|part| part_of(table, (window, *part), kpi).part).sum()
    }

    fn numbers(&self, kpi: &Kpi, table: &Table, n: usize) -> Vec<f64> {
        (0..n).map(|window| kpi.number(self.sums(kpi, table, window), None).unwrap_or(0.0)).collect()
    }
}

/// The parts that may be told; those of so few people go with the rest. None where that is too few still.
fn told_parts(kpi: &Kpi, by: Dimension, table: &Table, (n, n_values): (usize, usize), k: u64) -> Option<Vec<Told>> {
    let rest = n_values as i64;
    let hidden: BTreeSet<i64> = (0..n)
        .flat_map(|window| shown_parts(kpi, by, table, (window, rest), k))
        .filter(|(_, is_shown)| !is_shown)
        .map(|(part, _)| part)
        .collect();
    let mut found: Vec<Told> = (0..n_values)
        .filter(|at| !hidden.contains(&(*at as i64)))
        .map(|at| Told { named: Some(at), is_other: false, cells: vec![at as i64] })
        .collect();
    let mut others: Vec<i64> = hidden.iter().copied().filter(|part| *part >= 0 && *part < rest).collect();
    others.push(rest);
    if hidden.contains(&-1) {
        others.push(-1);
    } else {
        found.push(Told { named: None, is_other: false, cells: vec![-1] });
    }
    // One hidden part alone would be what is left of the whole.
    let is_few = hidden.len() == 1 && (0..n).all(|window| part_of(table, (window, rest), kpi).part == 0);
    found.push(Told { named: None, is_other: true, cells: others });
    (!is_few).then_some(found)
}

/// What is told of a part by itself, one a period: value and variance; and whether it was forecast.
fn tell(values: &[f64], columns: &[Vec<f64>], by: PeriodKind, n: usize) -> (Vec<Stated>, bool) {
    let series = forecast::Series { values, periods: seasons(by) };
    let options = forecast::Options { horizon: n, levels: vec![LEVELS[0]], n_threads: threads() };
    let least = |value: f64| (0.01 * value).powi(2).max(1e-6);
    match forecast::forecast(&series, columns, &options) {
        Ok(told) => {
            let of = |at: usize| {
                let error = (told.bands[0].high[at] - told.bands[0].low[at]) / WIDTH;
                let value = told.mean[at].max(0.0);
                Stated { value, variance: error * error + least(value) }
            };
            ((0..n).map(of).collect(), true)
        }
        Err(_) => {
            let behind: Vec<Option<f64>> =
                values.iter().copied().map(Some).chain(std::iter::repeat_n(None, n)).collect();
            let of = |value: &f64| Stated { value: *value, variance: (PLAIN_ERROR * value).powi(2) + least(*value) };
            (filled(&behind, seasons(by)[0])[values.len()..].iter().map(of).collect(), false)
        }
    }
}

/// Parts, one list each, that add up to the whole in each period; none is below nothing.
fn agreed(told: &[(Vec<Stated>, bool)], wholes: &[f64]) -> Result<Vec<Vec<f64>>> {
    let hierarchy = Hierarchy { n_parts: told.len(), sums: vec![(0..told.len()).collect()] };
    let mut found = vec![Vec::with_capacity(wholes.len()); told.len()];
    for (at, whole) in wholes.iter().enumerate() {
        let parts: Vec<Stated> = told.iter().map(|part| part.0[at]).collect();
        let least = parts.iter().map(|part| part.variance).fold(f64::INFINITY, f64::min);
        let sum = Stated { value: *whole, variance: least * SURER };
        let agreed = reconcile(&hierarchy, &parts, &[sum])
            .map_err(|problem| Error::bug("forecasting", std::io::Error::other(format!("{problem:?}"))))?;
        let above: Vec<f64> = agreed.parts.iter().map(|value| value.max(0.0)).collect();
        let all: f64 = above.iter().sum();
        let scale = if all > 0.0 && *whole > 0.0 { whole / all } else { 0.0 };
        found.iter_mut().zip(above).for_each(|(list, value)| list.push(value * scale));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::Sums;
    use super::*;

    #[test]
    fn parts_add_up_to_the_whole_and_none_is_below_nothing() {
        let part = |value: f64, variance: f64| (vec![Stated { value, variance }; 2], true);
        let told = [part(10.0, 1.0), part(30.0, 4.0), part(1.0, 100.0)];
        let found = agreed(&told, &[36.0, 50.0]).unwrap();
        for (at, whole) in [36.0, 50.0].iter().enumerate() {
            let sum: f64 = found.iter().map(|part| part[at]).sum();
            assert!((sum - whole).abs() < 1e-9, "{found:?}");
        }
        assert!(found.iter().flatten().all(|value| *value >= 0.0), "{found:?}");
        // What is known best moves least.
        assert!((found[0][1] - 10.0).abs() < (found[1][1] - 30.0).abs(), "{found:?}");
    }

    #[test]
    fn a_short_part_is_as_a_season_before() {
        let (told, is_forecast) = tell(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &[], PeriodKind::Day, 2);
        assert!(!is_forecast);
        assert_eq!((told[0].value, told[1].value), (1.0, 2.0));
    }

    #[test]
    fn sums_of_a_part_are_those_of_its_cells() {
        let kpi = super::super::get("orders").unwrap();
        let table: Table = [((0, 0), 5), ((0, 1), 2), ((0, -1), 1)]
            .into_iter()
            .map(|(cell, part)| (cell, Sums { part, whole: None }))
            .collect();
        let told = Told { named: None, is_other: true, cells: vec![1, -1] };
        assert_eq!(told.sums(kpi, &table, 0), 3);
    }
}
