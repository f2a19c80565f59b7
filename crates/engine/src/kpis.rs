//! KPIs of the workspace: figures by period and dimension, what they are compared with, who stands behind, goals.
//!
//! Owns which days a number is about and which scans answer it. What a figure counts is `zhike_domain::kpi`'s; how rows
//! become sums and lists is `zhike_lake`'s.
//!
//! - INV-KPI-1 (`tests/it/kpis.rs`): every number is that of a plain computation over all rows, and of the list behind.

use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::kpi::{DORMANT_DAYS, Dimension, Kpi, Level, Measure, Of, Period, Take, find};
use zhike_domain::small_groups::is_small;
use zhike_lake::KpiSpan;

use crate::segments::{Bulk, as_of, seen_lake};
use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

mod ahead;
mod ahead_parts;
mod behind;
mod goals;
mod remembered;
mod series;
mod unusual;
mod words;

pub(crate) use ahead::marks_of;
pub use ahead::{Ahead, AheadGrade, AheadPoint, HolidayEffect, Outlook, Untold, ahead, usual_ahead};
pub use ahead_parts::{AheadByPart, AheadPart, ahead_by};
pub use behind::{Asked, Behind, BehindRow, Kind, PartOf, behind};
pub use goals::{GoalOutlook, GoalState, goals, remove_goal, set_goal};
pub(crate) use remembered::Remembered;
pub use series::{Ask, Figures, Part, Point, Series, list, series};
#[cfg(test)]
pub(crate) use unusual::feasts;
pub use unusual::{Because, Finding, Mover, USUAL_DAYS, Unusual, unusual};
pub(crate) use unusual::{by_chance, kinds};
pub(crate) use words::number;
pub use words::{finding_words, outlook_words};

/// Days that a number may be about at most: ten years.
const MAX_DAYS: i64 = 3660;

/// Days that one number is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// First and last day.
    pub days: (i64, i64),
    /// First and last day of the period before.
    pub before: (i64, i64),
}

impl Window {
    /// Some days, with as many before.
    pub const fn days(first: i64, last: i64) -> Self {
        Self { days: (first, last), before: (first - (last - first + 1), first - 1) }
    }

    /// The days of a period that have happened; the period before is whole.
    pub fn of(period: Period, through: i64) -> Self {
        let previous = period.previous();
        Self { days: (period.first, period.last().min(through)), before: (previous.first, previous.last()) }
    }

    /// The days of a name: that of a period, or `2026-10-01..2026-10-22`.
    ///
    /// **Errors**: `bad_request` with the forms that there are.
    pub fn named(name: &str) -> Result<Self> {
        let day = |text: &str| text.parse().ok().map(day_number);
        let span = || {
            let (first, last) = name.split_once("..")?;
            let (first, last) = (day(first)?, day(last)?);
            (first <= last && last - first < MAX_DAYS).then(|| Self::days(first, last))
        };
        Period::named(name).map(|period| Self::of(period, i64::MAX)).or_else(span).ok_or_else(|| {
            let forms = "2026-11-22, 2026-W47, 2026-11, 2026-Q4, 2026-11-01..2026-11-22";
            Error::bad_request(
                format!("{name:?} is no period: write it as one of {forms}"),
                format!("“{name}”不是周期：请写成 {forms} 之一"),
            )
        })
    }

    /// The period before.
    const fn shifted(self) -> Self {
        Self::days(self.before.0, self.before.1)
    }

    pub(crate) fn span(self, ctx: &Ctx) -> KpiSpan {
        let workspace = ctx.workspace();
        let start = |day| workspace.day_start(day);
        KpiSpan {
            from: start(self.days.0),
            to: start(self.days.1 + 1),
            before_from: start(self.before.0),
            before_to: start(self.before.1 + 1),
            dormant_before: start(self.days.1 + 1 - DORMANT_DAYS),
        }
    }
}

/// The sum of the part, and of the whole of a ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Of the part, in the units of its measure.
    pub part: i64,
    /// Of the whole.
    pub whole: Option<i64>,
}

/// The figure of a key.
///
/// **Errors**: `not_found`.
pub fn get(key: &str) -> Result<&'static Kpi> {
    find(key).ok_or_else(|| Error::not_found("KPI", "指标"))
}

/// Sums of figures by window and part (0 without a dimension); what is not there is 0.
pub(crate) type Table = BTreeMap<(usize, i64), Sums>;

/// One measure over the windows themselves or those before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Job {
    measure: &'static Measure,
    is_before: bool,
}

/// Sums of figures over windows, which ascend and do not overlap: one table a figure. One scan answers all figures of one
/// kind of rows.
pub(crate) async fn sums(
    ctx: &Ctx,
    kpis: &[&'static Kpi],
    windows: &[Window],
    by: Option<(Dimension, &[String])>,
) -> Result<Vec<Table>> {
    let parts: Vec<_> = kpis.iter().map(|kpi| kpi.measures()).collect();
    let mut jobs: Vec<Job> = Vec::new();
    for (part, whole) in parts.iter().flatten() {
        let whole = whole.map(|(measure, is_before)| Job { measure, is_before });
        for job in [Some(Job { measure: part, is_before: false }), whole].into_iter().flatten() {
            if !jobs.contains(&job) {
                jobs.push(job);
            }
        }
    }
    let lake = seen_lake(ctx).await?;
    let mut found: Vec<remembered::Cells> = vec![BTreeMap::new(); jobs.len()];
    // Goods are read of the lines too, which change apart from the orders.
    let kind = |job: &Job| (job.measure.of, job.is_before, job.measure.take == Take::NItems);
    let kinds: BTreeSet<(Of, bool, bool)> = jobs.iter().map(kind).collect();
    for (of, is_before, is_of_goods) in kinds {
        let places: Vec<usize> =
            (0..jobs.len()).filter(|&at| kind(&jobs[at]) == (of, is_before, is_of_goods)).collect();
        let measures: Vec<&'static Measure> = places.iter().map(|&at| jobs[at].measure).collect();
        let spans: Vec<KpiSpan> = windows
            .iter()
            .map(|window| if is_before { window.shifted().span(ctx) } else { window.span(ctx) })
            .collect();
        let cells = remembered::cells(ctx, &lake, of, &spans, by, &measures).await?;
        for (at, cells) in places.into_iter().zip(cells) {
            found[at] = cells;
        }
    }
    let table_of = |job: Job| jobs.iter().position(|other| *other == job).map(|at| &found[at]);
    let tables = parts.into_iter().map(|measures| {
        let mut table = Table::new();
        let Some((part, whole)) = measures else { return table };
        let part = table_of(Job { measure: part, is_before: false });
        let whole = whole.map(|(measure, is_before)| table_of(Job { measure, is_before }));
        let cells = part.into_iter().chain(whole.flatten()).flat_map(BTreeMap::keys);
        for cell in cells.copied().collect::<BTreeSet<_>>() {
            let of = |table: Option<&BTreeMap<(usize, i64), i64>>| {
                table.and_then(|table| table.get(&cell)).copied().unwrap_or(0)
            };
            table.insert(cell, Sums { part: of(part), whole: whole.map(of) });
        }
        table
    });
    Ok(tables.collect())
}

/// Whether a measure counts people.
fn counts_people(measure: &Measure) -> bool {
    series::is_of_people(measure.of) || measure.take == Take::People
}

/// Whether a figure of some sums is told: no count of people in it, nor what is left of the whole without the part, is of
/// fewer than `k`.
pub(crate) fn is_told(kpi: &Kpi, sums: Sums, k: u64) -> bool {
    let Some((part, whole)) = kpi.measures() else { return true };
    let people = |measure: &Measure, n: i64| counts_people(measure).then(|| n.unsigned_abs());
    let part = people(part, sums.part);
    let whole = whole.and_then(|(measure, _)| people(measure, sums.whole.unwrap_or(0)));
    let rest = part.zip(whole).map(|(part, whole)| whole.abs_diff(part));
    ![part, whole, rest].into_iter().flatten().any(|n| is_small(n, k))
}

/// The sums of one window without a dimension.
pub(crate) fn total(table: &Table, window: usize, kpi: &Kpi) -> Sums {
    part_of(table, (window, 0), kpi)
}

/// The sums of a cell.
fn part_of(table: &Table, cell: (usize, i64), kpi: &Kpi) -> Sums {
    let is_ratio = kpi.measures().is_some_and(|(_, whole)| whole.is_some());
    table.get(&cell).copied().unwrap_or(Sums { part: 0, whole: is_ratio.then_some(0) })
}

fn num(column: &Column, row: usize) -> Option<i64> {
    match column {
        Column::Num(column) => column.get(row),
        _ => None,
    }
}

/// The customers with their values of a dimension, where a scan asks for them.
async fn people(ctx: &Ctx, of: Of, by: Option<Dimension>) -> Result<Option<Frame>> {
    let column = by.filter(|by| by.level() == Level::Person && *by != Dimension::RfmTier).map(Dimension::as_str);
    if column.is_none() && of != Of::Profiles {
        return Ok(None);
    }
    let workspace = ctx.workspace();
    let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    let all = &bulk.people;
    let registered = all.column(ctx, "registered_on").await?;
    let values = match column {
        Some(column) => Some(all.column(ctx, column).await?),
        None => None,
    };
    let rows: Vec<usize> = (0..all.n()).filter(|&row| bulk.sees(all.ids[row])).collect();
    let ids = rows.iter().map(|&row| Some(all.ids[row])).collect();
    let day = |row: usize| num(&registered.1, row).map(|day| workspace.day_start(day));
    let days = rows.iter().map(|&row| day(row)).collect();
    let text = |row: usize| match &values.as_ref()?.1 {
        Column::Text(values) => values.get(row),
        _ => None,
    };
    let values: TextColumn = rows.iter().map(|&row| text(row)).collect();
    let people = Frame::new(rows.len())
        .with("person_id", ColumnType::Int, Column::Num(ids))
        .with("happened", ColumnType::Int, Column::Num(days))
        .with("value", ColumnType::Text, Column::Text(values));
    Ok(Some(people))
}

/// Which days there are facts of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    orders: Option<(i64, i64)>,
    events: Option<(i64, i64)>,
    /// First day on which somebody registered.
    registered: Option<i64>,
    /// Last day of which anything is known.
    pub(crate) through: i64,
    /// Today.
    today: i64,
}

impl Known {
    /// What there are facts of today.
    pub(crate) async fn new(ctx: &Ctx, kpis: &[&'static Kpi]) -> Result<Self> {
        let workspace = ctx.workspace();
        let days =
            |span: Option<(i64, i64)>| span.map(|(first, last)| (workspace.day_of(first), workspace.day_of(last)));
        let orders = days(ctx.lake().time_span("orders").await?);
        let events = days(ctx.lake().time_span("events").await?);
        let today = workspace.day_of(ctx.now());
        let last = [orders, events].into_iter().flatten().map(|days| days.1).max();
        let is_asked = kpis.iter().any(|kpi| kpi.measures().is_some_and(|(part, _)| part.of == Of::Profiles));
        let registered = if is_asked {
            let people = Bulk::new(ctx, as_of(ctx, None).await?).await?.people;
            let days = people.column(ctx, "registered_on").await?;
            (0..people.n()).filter_map(|row| num(&days.1, row)).min()
        } else {
            None
        };
        Ok(Self { orders, events, registered, through: last.unwrap_or(today).min(today), today })
    }

    /// The first day with facts of the kind that a figure is of; without any, it has no numbers.
    pub(crate) fn first_day(&self, kpi: &Kpi) -> Option<i64> {
        match kpi.measures()?.0.of {
            Of::Orders | Of::Standing => self.orders.map(|days| days.0),
            Of::Events => self.events.map(|days| days.0),
            Of::Profiles => self.registered,
        }
    }

    /// Whether a period is not over, or its last days are not known.
    fn is_unfinished(&self, period: Period) -> bool {
        period.last() > self.through || period.last() >= self.today
    }
}
