//! Who comes back, by when they began.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use zhike_domain::analysis::{By, CountBy, Measure, Retention, Spec, meaning};
use zhike_domain::audience::AsOf;
use zhike_domain::kpi::{Period, PeriodKind};
use zhike_domain::small_groups::is_small;
use zhike_lake::{NO_VALUE, Texts};
use zhike_ml::behaviour::{self, Person, RetentionOptions, Start};

use super::rows::{Need, Reading, Row, each, persons};
use super::then::{Value, part_of, top, values};
use super::{Ground, Head, Part, no_part};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result, boxed};

/// Cohorts at most.
const MAX_COHORTS: i64 = 120;
const DAY_US: i64 = 86_400_000_000;

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionCell {
    /// Those for whom the period has passed.
    pub n_observed: u64,
    /// Those of them who came back; none where so few people are not told.
    pub n_back: Option<u64>,
}

/// One cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cohort {
    /// Its period.
    pub period: Period,
    /// Its size; none where so few people are not told.
    pub n: Option<u64>,
    /// By column; none where time has not filled it.
    pub cells: Vec<Option<RetentionCell>>,
}

/// Cohorts of a part of the breakdown; all of them without one.
#[derive(Clone, Debug)]
pub struct CohortGroup {
    /// Which part; none for everybody.
    pub value: Option<Value>,
    /// Cohorts, ascending.
    pub cohorts: Vec<Cohort>,
    /// All cohorts together: of those for whom the period has passed, those who came back.
    pub total: Vec<Option<RetentionCell>>,
}

/// Who comes back.
#[derive(Clone, Debug)]
pub struct RetentionAnswer {
    /// About the answer.
    pub head: Head,
    /// How long a period is.
    pub by: PeriodKind,
    /// Columns: first period and the one after the last.
    pub columns: Vec<(u32, u32)>,
    /// Everybody, then the parts of the breakdown.
    pub groups: Vec<CohortGroup>,
}

/// Periods numbered one after the other.
pub(super) fn number(by: PeriodKind, day: i64) -> i64 {
    let month = || {
        date_of(Period::containing(by, day).first)
            .map_or(0, |date: Date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1)
    };
    match by {
        PeriodKind::Day => day,
        // 1970 began on a Thursday.
        PeriodKind::Week => (day + 3).div_euclid(7),
        PeriodKind::Month => month(),
        PeriodKind::Quarter => month().div_euclid(3),
    }
}

/// The number of the first period that is not over.
pub(super) fn unfinished(by: PeriodKind, seen: &AsOf) -> i64 {
    let is_over = seen.until() >= seen.end();
    number(by, if is_over { seen.day + 1 } else { seen.day })
}

/// Days of instants; those of one day mostly follow one another.
pub(super) struct Days {
    seen: AsOf,
    last: (i64, i64, i64),
}

impl Days {
    pub(super) fn new(seen: &AsOf) -> Self {
        Self { seen: seen.clone(), last: (0, 0, 0) }
    }

    pub(super) fn of(&mut self, at: i64) -> i64 {
        if at < self.last.1 || at >= self.last.2 {
            let day = self.seen.day_of(at);
            self.last = (day, self.seen.start_of(day), self.seen.start_of(day + 1));
        }
        self.last.0
    }
}

/// One person's beginnings of one part of the breakdown, and returns.
struct Life {
    who: u32,
    group: u32,
    starts: Vec<Start>,
    returns: Arc<[i64]>,
}

struct Found {
    lives: Vec<Life>,
    options: RetentionOptions,
    texts: Texts,
    shown: Vec<u32>,
    /// Periods of cohorts, by their number.
    periods: BTreeMap<i32, Period>,
}

async fn found(ctx: &Ctx, ground: &Ground, spec: &Retention) -> Result<Found> {
    let first = Period::containing(spec.by, ground.days.0);
    let last = Period::containing(spec.by, ground.days.1);
    let (low, high) = (number(spec.by, first.first), number(spec.by, last.first));
    if high - low >= MAX_COHORTS {
        return Err(Error::bad_request(
            format!("a table has {MAX_COHORTS} cohorts at most: take fewer days, or longer periods"),
            format!("最多 {MAX_COHORTS} 组：请缩短日期范围，或用更长的周期"),
        ));
    }
    let mut periods = BTreeMap::new();
    let mut next = first;
    while next <= last {
        periods.insert(number(spec.by, next.first) as i32, next);
        next = next.next();
    }
    // Whether somebody began for the first time is known from all that happened.
    let begin = if spec.is_first_time { i64::MIN } else { ground.span.0 };
    let end = ground.seen.end();
    let needs = [Need::of(&spec.start, 0, (begin, ground.span.1)), Need::of(&spec.back, 1, (ground.span.0, end))];
    let mut texts = Texts::default();
    let field = match spec.breakdown.as_ref().map(|breakdown| &breakdown.by) {
        Some(By::Field(name)) => Some(name.as_str()),
        _ => None,
    };
    // What people were when their cohort began.
    let mut then: HashMap<i32, Vec<u32>> = HashMap::new();
    if let Some(breakdown) = spec.breakdown.as_ref().filter(|_| field.is_none()) {
        let is_trait = matches!(breakdown.by, By::Trait(_));
        for (number, period) in &periods {
            let known = then.values().next().filter(|_| is_trait).cloned();
            let codes = match known {
                Some(codes) => codes,
                None => {
                    values(
                        ctx,
                        ground,
                        &breakdown.by,
                        period.first.max(ground.days.0) - i64::from(!is_trait),
                        &mut texts,
                    )
                    .await?
                }
            };
            then.insert(*number, codes);
        }
    }
    let (seen, by, is_rolling, is_first) = (ground.seen.clone(), spec.by, spec.is_rolling, spec.is_first_time);
    let (from, has_field, has_then) = (ground.span.0, field.is_some(), !then.is_empty());
    let kernel = move |rows: &[Row]| {
        let mut days = Days::new(&seen);
        let mut lives: Vec<Life> = Vec::new();
        for rows in persons(rows) {
            let mut starts: Vec<(Start, u32)> = Vec::new();
            for row in rows.iter().filter(|row| row.steps & 1 == 1) {
                if row.at < from {
                    // Began before the first cohort, and that was the first time.
                    break;
                }
                let cohort = number(by, days.of(row.at));
                let at = if is_rolling { row.at } else { cohort };
                let start = Start { cohort: cohort as i32, at };
                if starts.last().is_none_or(|(last, _)| last.cohort != start.cohort) {
                    let group = match has_field {
                        true => row.value,
                        false if has_then => {
                            let codes = then.get(&start.cohort);
                            codes.and_then(|codes| codes.get(row.who as usize)).copied().unwrap_or(NO_VALUE)
                        }
                        false => NO_VALUE,
                    };
                    starts.push((start, group));
                }
                if is_first {
                    break;
                }
            }
            if starts.is_empty() {
                continue;
            }
            let mut returns: Vec<i64> = rows
                .iter()
                .filter(|row| row.steps & 2 == 2)
                .map(|row| if is_rolling { row.at } else { number(by, days.of(row.at)) })
                .collect();
            returns.dedup();
            let returns: Arc<[i64]> = returns.into();
            starts.sort_by_key(|(start, group)| (*group, start.at));
            for mine in starts.chunk_by(|a, b| a.1 == b.1) {
                let starts_of = mine.iter().map(|(start, _)| *start).collect();
                lives.push(Life { who: rows[0].who, group: mine[0].1, starts: starts_of, returns: returns.clone() });
            }
        }
        lives
    };
    let reading = Reading { needs: &needs, count_by: CountBy::Person, value: field };
    let (pieces, of_rows) = each(ctx, ground, reading, kernel).await?;
    let lives: Vec<Life> = pieces.into_iter().flatten().collect();
    if field.is_some() {
        texts = of_rows;
    }
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    if spec.breakdown.is_some() {
        lives.iter().for_each(|life| *counts.entry(life.group).or_default() += 1);
    }
    let shown = top(counts, &texts);
    let measure = match &spec.measure {
        Measure::Exact => behaviour::Measure::Exact { n_periods: spec.n_periods },
        Measure::Unbounded => behaviour::Measure::Unbounded { n_periods: spec.n_periods },
        Measure::Brackets(brackets) => behaviour::Measure::Bracket(brackets.clone()),
    };
    let length = if spec.by == PeriodKind::Week { 7 * DAY_US } else { DAY_US };
    let options = RetentionOptions {
        measure,
        // Done above, where what came before the cohorts is known.
        is_first_time: false,
        period: if spec.is_rolling { length } else { 1 },
        observed_until: if spec.is_rolling { ground.seen.until() } else { unfinished(spec.by, &ground.seen) },
    };
    Ok(Found { lives, options, texts, shown, periods })
}

fn columns(spec: &Retention) -> Vec<(u32, u32)> {
    match &spec.measure {
        Measure::Brackets(brackets) => brackets.clone(),
        _ => (0..spec.n_periods).map(|at| (at, at + 1)).collect(),
    }
}

/// Of how many the period has passed, and how many of them came back.
type Counts = (u64, u64);

/// A cohort as it is counted.
struct Line {
    period: Period,
    n: u64,
    cells: Vec<Option<Counts>>,
}

/// Counts some lives: one line a cohort, those of nobody too.
fn table<'a>(lives: impl Iterator<Item = &'a Life>, found: &Found, n_columns: usize) -> Vec<Line> {
    let people = lives.map(|life| Person { starts: &life.starts, returns: &life.returns });
    let mut by_cohort: BTreeMap<i32, (u64, Vec<Option<Counts>>)> = behaviour::retention(people, &found.options)
        .into_iter()
        .map(|row| {
            let cells = row.cells.into_iter().map(|cell| cell.map(|cell| (cell.n_observed, cell.n_returned)));
            (row.cohort, (row.n, cells.collect()))
        })
        .collect();
    let mut rows = Vec::new();
    for (number, period) in &found.periods {
        let (n, cells) = by_cohort.remove(number).unwrap_or((0, vec![None; n_columns]));
        rows.push(Line { period: *period, n, cells });
    }
    rows
}

/// What is told of a table. A cell is hidden that tells of few who came or did not; a total, when the cells do not hide it.
fn told(value: Option<Value>, rows: &[Line], n_columns: usize, is_nested: bool, k: u64) -> CohortGroup {
    let mut cohorts = Vec::new();
    for Line { period, n, cells } in rows {
        let is_told = !is_small(*n, k);
        let mut before: Option<u64> = None;
        let cells = cells.iter().map(|cell| {
            let (observed, back) = (*cell)?;
            let tells =
                is_small(back, k) || is_small(observed - back, k) || is_small(observed, k) || is_small(n - observed, k);
            // Where each column holds the next, their differences are groups too.
            let steps = is_nested && before.is_some_and(|before| is_small(before.abs_diff(back), k));
            let is_shown = is_told && !tells && !steps;
            if is_shown {
                before = Some(back);
            }
            let n_observed = if is_told { observed } else { 0 };
            Some(RetentionCell { n_observed, n_back: is_shown.then_some(back) })
        });
        let cells = cells.collect();
        cohorts.push(Cohort { period: *period, n: is_told.then_some(*n), cells });
    }
    let total = (0..n_columns)
        .map(|at| {
            let all: Vec<(Counts, bool)> = rows
                .iter()
                .zip(&cohorts)
                .filter_map(|(row, cohort)| Some((row.cells[at]?, cohort.cells[at]?.n_back.is_some())))
                .collect();
            if all.is_empty() {
                return None;
            }
            let sum = |of: fn(&Counts) -> u64| all.iter().map(|(cell, _)| of(cell)).sum::<u64>();
            let (observed, back) = (sum(|cell| cell.0), sum(|cell| cell.1));
            let hidden: Vec<Counts> = all.iter().filter(|(_, shown)| !shown).map(|(cell, _)| *cell).collect();
            let rest = hidden.iter().fold((0, 0), |sum, cell| (sum.0 + cell.0, sum.1 + cell.1));
            let tells = hidden.len() == 1 || is_small(rest.1, k) || is_small(rest.0 - rest.1, k);
            let is_told = !(is_small(back, k) || is_small(observed - back, k)) && (hidden.is_empty() || !tells);
            Some(RetentionCell { n_observed: if is_told { observed } else { 0 }, n_back: is_told.then_some(back) })
        })
        .collect();
    CohortGroup { value, cohorts, total }
}

/// Runs a question of retention.
///
/// **Errors**: `bad_request` for days that there are not, or too many cohorts; `not_found` for a segment that is gone.
#[boxed]
pub async fn retention(ctx: &Ctx, spec: &Retention) -> Result<RetentionAnswer> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let found = found(ctx, &ground, spec).await?;
    let (columns, k) = (columns(spec), ctx.min_group());
    let is_nested = spec.measure == Measure::Unbounded;
    let all = table(found.lives.iter(), &found, columns.len());
    let mut groups = vec![told(None, &all, columns.len(), is_nested, k)];
    if spec.breakdown.is_some() {
        let part = |life: &Life| part_of(life.group, &found.shown, &found.texts);
        let mut parts: Vec<Value> = found.shown.iter().map(|code| part_of(*code, &found.shown, &found.texts)).collect();
        parts.extend([Value::Other, Value::Missing]);
        for value in parts {
            let mine: Vec<&Life> = found.lives.iter().filter(|life| part(life) == value).collect();
            if mine.is_empty() {
                continue;
            }
            let rows = table(mine.into_iter(), &found, columns.len());
            groups.push(told(Some(value), &rows, columns.len(), is_nested, k));
        }
        hide_differences(&mut groups, k);
    }
    let meaning = said(&groups[0], &columns);
    let hides = |group: &CohortGroup| {
        let of = |cell: &Option<RetentionCell>| cell.is_some_and(|cell| cell.n_back.is_none());
        group.total.iter().any(of) || group.cohorts.iter().any(|one| one.n.is_none() || one.cells.iter().any(of))
    };
    let is_suppressed = groups.iter().any(hides);
    let head = ground.head(ctx, &Spec::Retention(spec.clone()), meaning, is_suppressed).await?;
    Ok(RetentionAnswer { head, by: spec.by, columns, groups })
}

/// A cell that one part alone hides would be what is left of the cell of everybody: then nobody's is shown.
fn hide_differences(groups: &mut [CohortGroup], k: u64) {
    if k <= 1 {
        return;
    }
    let Some((all, parts)) = groups.split_first_mut() else { return };
    for row in 0..all.cohorts.len() {
        if parts.iter().any(|part| part.cohorts[row].n.is_none()) {
            parts.iter_mut().for_each(|part| part.cohorts[row].n = None);
        }
        for at in 0..all.total.len() {
            let hides = |part: &CohortGroup| part.cohorts[row].cells[at].is_some_and(|cell| cell.n_back.is_none());
            if parts.iter().any(hides) {
                for part in parts.iter_mut() {
                    if let Some(cell) = &mut part.cohorts[row].cells[at] {
                        cell.n_back = None;
                    }
                }
            }
        }
    }
    for at in 0..all.total.len() {
        let hides = |part: &CohortGroup| {
            part.total[at].is_some_and(|cell| cell.n_back.is_none())
                || part.cohorts.iter().any(|one| one.cells[at].is_some_and(|cell| cell.n_back.is_none()))
        };
        if parts.iter().any(hides) {
            parts.iter_mut().filter_map(|part| part.total[at].as_mut()).for_each(|cell| cell.n_back = None);
        }
    }
}

fn usual_days(by: PeriodKind) -> i64 {
    match by {
        PeriodKind::Day => 30,
        PeriodKind::Week => 7 * 12,
        PeriodKind::Month => 365,
        PeriodKind::Quarter => 730,
    }
}

fn said(group: &CohortGroup, columns: &[(u32, u32)]) -> (String, String) {
    let Some(at) = columns.iter().position(|column| column.0 >= 1) else {
        return meaning::retention(0, None, None, None);
    };
    let cell = |cohort: &Cohort| {
        let cell = cohort.cells[at]?;
        Some((cohort.period.name(), (cell.n_back?, cell.n_observed)))
    };
    // Some of the newest cohort may not have had their period yet.
    let whole = |cohort: &&Cohort| cohort.cells[at].is_some_and(|cell| cohort.n == Some(cell.n_observed));
    let mut newest = group.cohorts.iter().rev().filter(whole).filter_map(cell);
    let (newest, before) = (newest.next(), newest.next());
    fn lent(one: &Option<(String, meaning::Cell)>) -> Option<(&str, meaning::Cell)> {
        one.as_ref().map(|(name, cell)| (name.as_str(), *cell))
    }
    let all = group.total[at].and_then(|cell| Some((cell.n_back?, cell.n_observed)));
    meaning::retention(columns[at].0 as usize, lent(&newest), lent(&before), all)
}

/// The people of a cohort, or of a cell of it.
pub(super) async fn behind(ctx: &Ctx, spec: &Retention, part: &Part) -> Result<Vec<i64>> {
    let Part::Cohort { cohort, column, gone, group } = part else { return Err(no_part()) };
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let found = found(ctx, &ground, spec).await?;
    let wanted = match cohort {
        None => None,
        Some(name) => {
            let known = found.periods.iter().find(|(_, period)| period.name() == *name);
            Some(*known.ok_or_else(no_part)?.0)
        }
    };
    if column.is_some_and(|column| column >= columns(spec).len()) || (*gone && column.is_none()) {
        return Err(no_part());
    }
    let is_meant = |life: &&Life| {
        if group.as_ref().is_some_and(|group| part_of(life.group, &found.shown, &found.texts) != *group) {
            return false;
        }
        let person = Person { starts: &life.starts, returns: &life.returns };
        let rows = behaviour::retention([person], &found.options);
        rows.iter().filter(|row| wanted.is_none_or(|wanted| row.cohort == wanted)).any(|row| match column {
            None => true,
            Some(column) => row.cells[*column].is_some_and(|cell| (cell.n_returned > 0) != *gone),
        })
    };
    Ok(ground.ids(found.lives.iter().filter(is_meant).map(|life| life.who)))
}
