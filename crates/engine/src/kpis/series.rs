//! A figure by period: its numbers, those compared with, the parts of a dimension.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::kpi::{Dimension, Goal, Holiday, Kpi, Of, Pace, Period, PeriodKind, holidays, kpis};
use zhike_domain::small_groups;
use zhike_lake::{KpiScan, KpiSpan};

use super::{Known, Sums, Table, Window, counts_people, is_told, part_of, people, sums, total};
use crate::segments::seen_lake;
use crate::{Ctx, Error, Result};

/// Periods shown at most.
const MAX_PERIODS: usize = 750;
/// Values of a dimension shown at most.
const MAX_PARTS: usize = 50;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Ask {
    /// How long a period is.
    pub by: PeriodKind,
    /// A day of the first period.
    pub from: Option<i64>,
    /// A day of the last period; the last day with facts when absent.
    pub to: Option<i64>,
    /// What the numbers are taken apart by.
    pub dimension: Option<Dimension>,
    /// Values of it that are shown; the rest is one part.
    pub top: usize,
}

/// A number, and those it is compared with.
#[derive(Clone, Debug)]
pub struct Figures {
    /// The number; none where nothing is known, of a rate of nothing, and where so few people are not told.
    pub value: Option<f64>,
    /// Whether it is missing because so few people are not told.
    pub is_suppressed: bool,
    /// The number of the period before; of an unfinished one, of as many days.
    pub previous: Option<f64>,
    /// The number of a year earlier, likewise.
    pub year_before: Option<f64>,
}

/// One period.
#[derive(Clone, Debug)]
pub struct Point {
    /// Period.
    pub period: Period,
    /// Last day that is in the number.
    pub to: i64,
    /// Whether it is not over, or its last days are not known.
    pub is_unfinished: bool,
    /// Numbers.
    pub figures: Figures,
    /// What was celebrated.
    pub holidays: Vec<&'static Holiday>,
    /// What the number shall be, and how far it has come.
    pub goal: Option<(Goal, Pace)>,
}

/// A value of a dimension, by period.
#[derive(Clone, Debug)]
pub struct Part {
    /// The value; none for what has no value, or for all the other values.
    pub value: Option<String>,
    /// The name of a product.
    pub label: Option<String>,
    /// Whether these are all the other values.
    pub is_other: bool,
    /// Its numbers, one a period.
    pub numbers: Vec<Option<f64>>,
    /// Whether a number is missing because so few people are not told.
    pub is_suppressed: Vec<bool>,
}

/// A figure by period.
#[derive(Clone, Debug)]
pub struct Series {
    /// Figure.
    pub kpi: &'static Kpi,
    /// How long a period is.
    pub by: PeriodKind,
    /// Last day of which anything is known.
    pub through: i64,
    /// First day with facts.
    pub data_from: Option<i64>,
    /// Periods, ascending.
    pub points: Vec<Point>,
    /// What the numbers are taken apart by.
    pub dimension: Option<Dimension>,
    /// The parts, largest first, those without a value and the rest last.
    pub parts: Vec<Part>,
    /// Whether the parts of a period add up to its number.
    pub parts_add_up: bool,
}

/// One figure by period.
///
/// **Errors**: `bad_request` for too many periods, days the wrong way round, or a dimension that the figure has not.
#[boxed]
pub async fn series(ctx: &Ctx, kpi: &'static Kpi, ask: Ask) -> Result<Series> {
    if let Some(dimension) = ask.dimension.filter(|dimension| !kpi.dimensions().contains(dimension)) {
        return Err(no_dimension(kpi, dimension));
    }
    let mut all = many(ctx, &[kpi], ask).await?;
    let mut series = all.pop().ok_or_else(|| Error::not_found("KPI", "指标"))?;
    if let Some(dimension) = ask.dimension {
        series.parts = parts(ctx, &series, dimension, ask.top).await?;
        series.parts_add_up = kpi.parts_add_up(dimension);
        series.dimension = Some(dimension);
    }
    Ok(series)
}

/// All figures that are shown, by period.
///
/// **Errors**: as [`series`].
#[boxed]
pub async fn list(ctx: &Ctx, ask: Ask) -> Result<Vec<Series>> {
    let listed: Vec<&'static Kpi> = kpis().iter().filter(|kpi| kpi.is_listed).collect();
    many(ctx, &listed, ask).await
}

pub(super) fn no_dimension(kpi: &Kpi, dimension: Dimension) -> Error {
    let names: Vec<&str> = kpi.dimensions().into_iter().map(Dimension::as_str).collect();
    let (key, wrong) = (&kpi.key, dimension.as_str());
    Error::bad_request(
        format!("{key} cannot be taken apart by {wrong}: it can by {}", names.join(", ")),
        format!("指标 {key} 不能按 {wrong} 拆分：可用的维度有 {}", names.join("、")),
    )
}

/// The periods that are asked for.
pub(super) fn periods(ask: Ask, through: i64) -> Result<Vec<Period>> {
    let last = Period::containing(ask.by, ask.to.unwrap_or(through).min(through));
    let usual = i64::try_from(ask.by.usual()).unwrap_or(1);
    let first = ask.from.map_or_else(|| last.moved(1 - usual), |day| Period::containing(ask.by, day));
    let mut found = Vec::new();
    let mut next = first;
    while next <= last && found.len() <= MAX_PERIODS {
        found.push(next);
        next = next.next();
    }
    if found.is_empty() || found.len() > MAX_PERIODS {
        let day = crate::workspace::date_of(through).unwrap_or_default();
        return Err(Error::bad_request(
            format!(
                "the first day must not be after the last nor after {day}, the last day of the data, \
                 and at most {MAX_PERIODS} periods before it"
            ),
            format!("开始日期不能晚于结束日期，也不能晚于数据的最后一天 {day}，最多相隔 {MAX_PERIODS} 个周期"),
        ));
    }
    Ok(found)
}

async fn many(ctx: &Ctx, kpis: &[&'static Kpi], ask: Ask) -> Result<Vec<Series>> {
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, kpis).await?;
    let shown = periods(ask, known.through)?;
    let (Some(&first), Some(&last)) = (shown.first(), shown.last()) else { return Ok(Vec::new()) };
    // From what the first one is compared with on, without gaps: one scan answers all comparisons of whole periods.
    let mut all = vec![first.previous().min(first.year_before())];
    while let Some(&end) = all.last()
        && end < last
    {
        all.push(end.next());
    }
    let windows: Vec<Window> = all.iter().map(|&period| Window::of(period, known.through)).collect();
    let tables = sums(ctx, kpis, &windows, None).await?;
    let place: BTreeMap<Period, usize> = all.iter().enumerate().map(|(at, &period)| (period, at)).collect();
    // An unfinished period is compared with the same days.
    let same_days = if known.through < last.last() {
        let cut = |earlier: Period| {
            let before = Window::of(earlier, i64::MAX).before;
            Window { days: last.same_days(earlier, known.through), before }
        };
        let mut cuts = vec![cut(last.year_before()), cut(last.previous())];
        cuts.dedup();
        sums(ctx, kpis, &cuts, None).await?
    } else {
        Vec::new()
    };
    let goals = super::goals::kept(ctx).await?;
    let k = ctx.min_group();
    let mut found = Vec::new();
    for (number, &kpi) in kpis.iter().enumerate() {
        let data_from = known.first_day(kpi);
        let value = |table: &Table, window: usize, starts: i64, is_whole: bool, ends: i64| {
            let start = data_from?;
            // A period that lies partly before the data has a number, but nothing is compared with it.
            let is_known = if is_whole { starts >= start } else { ends >= start };
            let sums = total(table, window, kpi);
            kpi.number(sums.part, sums.whole).filter(|_| is_known && is_told(kpi, sums, k))
        };
        let points = shown.iter().map(|&period| {
            let whole = |earlier: Period| {
                let at = *place.get(&earlier)?;
                value(&tables[number], at, earlier.first, true, earlier.last())
            };
            let cut = |at: usize, earlier: Period| {
                let table = same_days.get(number)?;
                value(table, at, earlier.first, true, earlier.last())
            };
            let at = place.get(&period).copied().unwrap_or(0);
            let (previous, year) = (period.previous(), period.year_before());
            let is_cut = period == last && !same_days.is_empty();
            let number_now = value(&tables[number], at, period.first, false, windows[at].days.1);
            let figures = Figures {
                value: number_now,
                is_suppressed: !is_told(kpi, total(&tables[number], at, kpi), k),
                previous: if is_cut { cut(1, previous) } else { whole(previous) },
                year_before: if is_cut { cut(0, year) } else { whole(year) },
            };
            let goal = goals
                .iter()
                .find(|goal| goal.kpi == kpi.key && (goal.from_on, goal.to_on) == (period.first, period.last()))
                .map(|row| {
                    let goal = super::goals::goal(row);
                    (goal, goal.pace(kpi, figures.value, known.through))
                });
            Point {
                period,
                to: windows[at].days.1,
                is_unfinished: known.is_unfinished(period),
                figures,
                holidays: holidays(period.first, period.last()).collect(),
                goal,
            }
        });
        found.push(Series {
            kpi,
            by: ask.by,
            through: known.through,
            data_from,
            points: points.collect(),
            dimension: None,
            parts: Vec::new(),
            parts_add_up: false,
        });
    }
    Ok(found)
}

/// The values with the largest sums: of a ratio, of its whole.
pub(super) async fn top(
    ctx: &Ctx,
    kpi: &'static Kpi,
    windows: &[Window],
    dimension: Dimension,
    n: usize,
) -> Result<Vec<String>> {
    let Some((part, whole)) = kpi.measures() else { return Ok(Vec::new()) };
    let measure = whole.map_or(part, |(whole, _)| whole);
    let spans: Vec<KpiSpan> = windows.iter().map(|window| window.span(ctx)).collect();
    let of = measure.of;
    let scan =
        KpiScan { of, spans: &spans, by: Some((dimension, &[])), people: people(ctx, of, Some(dimension)).await? };
    Ok(seen_lake(ctx).await?.kpi_top(&scan, measure, n.clamp(1, MAX_PARTS)).await?)
}

async fn parts(ctx: &Ctx, series: &Series, dimension: Dimension, n: usize) -> Result<Vec<Part>> {
    let kpi = series.kpi;
    let windows: Vec<Window> = series
        .points
        .iter()
        .map(|point| Window { days: (point.period.first, point.to), ..Window::of(point.period, point.to) })
        .collect();
    let top = top(ctx, kpi, &windows, dimension, n).await?;
    let tables = sums(ctx, &[kpi], &windows, Some((dimension, &top))).await?;
    let table = tables.into_iter().next().unwrap_or_default();
    let is_there = |part: i64| {
        table.iter().any(|(cell, sums)| cell.1 == part && *sums != Sums { part: 0, whole: sums.whole.map(|_| 0) })
    };
    let rest = i64::try_from(top.len()).unwrap_or(i64::MAX);
    let k = ctx.min_group();
    let shown: Vec<_> = (0..windows.len()).map(|at| shown_parts(kpi, dimension, &table, (at, rest), k)).collect();
    let is_shown = |window: usize, part: i64| shown[window].get(&part).copied().unwrap_or(true);
    let numbers = |part: i64| -> Vec<Option<f64>> {
        let number = |(window, point): (usize, &Point)| {
            let sums = part_of(&table, (window, part), kpi);
            // A part that buys nothing in a period has sold nothing; a period of which nothing is known has no parts.
            point.figures.value.and_then(|_| kpi.number(sums.part, sums.whole)).filter(|_| is_shown(window, part))
        };
        series.points.iter().enumerate().map(number).collect()
    };
    let hidden = |part: i64| -> Vec<bool> {
        let is_hidden = |(window, point): (usize, &Point)| point.figures.is_suppressed || !is_shown(window, part);
        series.points.iter().enumerate().map(is_hidden).collect()
    };
    let names = if dimension == Dimension::Product { product_names(ctx, &top).await? } else { BTreeMap::new() };
    let mut found: Vec<Part> = (0..)
        .zip(top)
        .map(|(part, value)| Part {
            label: names.get(&value).cloned(),
            value: Some(value),
            is_other: false,
            numbers: numbers(part),
            is_suppressed: hidden(part),
        })
        .collect();
    for (part, is_other) in [(rest, true), (-1, false)] {
        if is_there(part) {
            let (numbers, is_suppressed) = (numbers(part), hidden(part));
            found.push(Part { value: None, label: None, is_other, numbers, is_suppressed });
        }
    }
    Ok(found)
}

/// Which parts of a period are told, of `-1..=rest`.
pub(super) fn shown_parts(
    kpi: &Kpi,
    by: Dimension,
    table: &Table,
    (window, rest): (usize, i64),
    k: u64,
) -> BTreeMap<i64, bool> {
    let numbers = || -1..=rest;
    let sums = |part: i64| part_of(table, (window, part), kpi);
    let is_count = kpi.measures().is_some_and(|(part, whole)| whole.is_none() && counts_people(part));
    let adds_up = is_count && kpi.parts_add_up(by);
    if adds_up {
        let counts: Vec<u64> = numbers().map(|part| sums(part).part.unsigned_abs()).collect();
        return numbers().zip(small_groups::parts(&counts, k)).collect();
    }
    // Nobody is in one part alone: what is left of all without it is a group too, but not one of the answer.
    numbers().map(|part| (part, is_told(kpi, sums(part), k))).collect()
}

/// Names of products by their codes.
pub(super) async fn product_names(ctx: &Ctx, codes: &[String]) -> Result<BTreeMap<String, String>> {
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let frame = ctx.lake().products(&codes, &["name"]).await?;
    let text = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).map(str::to_owned);
    Ok((0..frame.n_rows()).filter_map(|row| text("product_id", row).zip(text("name", row))).collect())
}

/// The kind of rows that a figure is of decides what there is to be seen of it.
pub(super) const fn is_of_people(of: Of) -> bool {
    matches!(of, Of::Standing | Of::Profiles)
}
