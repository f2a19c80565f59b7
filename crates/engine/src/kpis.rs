//! KPIs of the workspace: figures by period and dimension, what they are compared with, who stands behind, goals.
//!
//! Owns which days a number is about and which scans answer it. What a figure counts is `zhike_domain::kpi`'s; how rows
//! become sums and lists is `zhike_lake`'s.
//!
//! - INV-KPI-1 (`tests/it/kpis.rs`): every number is that of a plain computation over all rows, and of the list behind.

use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::kpi::{DORMANT_DAYS, Dimension, Kpi, Level, Measure, Of, Period, find};
use zhike_lake::{KpiScan, KpiSpan};

use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

mod behind;
mod goals;
mod series;

pub use behind::{Asked, Behind, BehindRow, Kind, PartOf, behind};
pub use goals::{GoalState, goals, remove_goal, set_goal};
pub use series::{Ask, Figures, Part, Point, Series, list, series};

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

    fn span(self, ctx: &Ctx) -> KpiSpan {
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
    let mut found: Vec<BTreeMap<(usize, i64), i64>> = vec![BTreeMap::new(); jobs.len()];
    let kinds: BTreeSet<(Of, bool)> = jobs.iter().map(|job| (job.measure.of, job.is_before)).collect();
    for (of, is_before) in kinds {
        let places: Vec<usize> =
            (0..jobs.len()).filter(|&at| (jobs[at].measure.of, jobs[at].is_before) == (of, is_before)).collect();
        let measures: Vec<&Measure> = places.iter().map(|&at| jobs[at].measure).collect();
        let spans: Vec<KpiSpan> = windows
            .iter()
            .map(|window| if is_before { window.shifted().span(ctx) } else { window.span(ctx) })
            .collect();
        let scan = KpiScan { of, spans: &spans, by, people: people(ctx, of, by.map(|by| by.0)).await? };
        for cell in ctx.lake().kpi_sums(&scan, &measures).await? {
            for (&at, sum) in places.iter().zip(cell.sums) {
                found[at].insert((cell.span, cell.part), sum);
            }
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

/// The sums of one window without a dimension.
pub(crate) fn total(table: &Table, window: usize, kpi: &Kpi) -> Sums {
    part_of(table, (window, 0), kpi)
}

/// The sums of a cell.
fn part_of(table: &Table, cell: (usize, i64), kpi: &Kpi) -> Sums {
    let is_ratio = kpi.measures().is_some_and(|(_, whole)| whole.is_some());
    table.get(&cell).copied().unwrap_or(Sums { part: 0, whole: is_ratio.then_some(0) })
}

/// The customers with their values of a dimension, where a scan asks for them.
async fn people(ctx: &Ctx, of: Of, by: Option<Dimension>) -> Result<Option<Frame>> {
    let column = by.filter(|by| by.level() == Level::Person && *by != Dimension::RfmTier).map(Dimension::as_str);
    if column.is_none() && of != Of::Profiles {
        return Ok(None);
    }
    let mut columns = vec!["profile_id", "n_identities", "registered_on"];
    columns.extend(column);
    let frame = ctx.store().scan_profiles(&columns).await?;
    let workspace = ctx.workspace();
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row));
    let rows: Vec<usize> = (0..frame.n_rows()).filter(|&row| num("n_identities", row).unwrap_or(0) > 0).collect();
    let ids = rows.iter().map(|&row| num("profile_id", row)).collect();
    let days = rows.iter().map(|&row| num("registered_on", row).map(|day| workspace.day_start(day))).collect();
    let values = column.and_then(|column| frame.text(column));
    let values: TextColumn = rows.iter().map(|&row| values.and_then(|values| values.get(row))).collect();
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
            let frame = ctx.store().scan_profiles(&["registered_on"]).await?;
            frame.num("registered_on").and_then(|days| days.iter().flatten().min())
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
