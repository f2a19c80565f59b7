//! Scores over all customers as of a day: how many stand where, and what they are worth.

use crate::boxed;
use std::collections::BTreeMap;

use jiff::civil::Date;
use zhike_domain::frame::{Column, Frame};
use zhike_domain::rfm::{Segment, Tier};
use zhike_domain::small_groups;

use crate::segments::seen_lake;
use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

mod preview;

pub use preview::{Division, Move, NowThen, Preview, preview};

/// Customers, their money and their orders.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Customers.
    pub n_customers: i64,
    /// Net amount, hundredths.
    pub monetary: i64,
    /// Orders that count.
    pub n_orders: i64,
    /// Days since the last order, added up.
    pub recency_days: i64,
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, other: Self) {
        self.n_customers += other.n_customers;
        self.monetary += other.monetary;
        self.n_orders += other.n_orders;
        self.recency_days += other.recency_days;
    }
}

/// Scores of all customers as of a day.
#[derive(Clone, Debug)]
pub struct Grid {
    /// Last day that counts, in days since 1970.
    pub as_of: i64,
    /// Days with scores, ascending.
    pub days: Vec<i64>,
    /// By scores in recency, frequency and value; those that somebody has. None where so few are not told, here and below.
    pub cells: BTreeMap<(u8, u8, u8), Option<Sums>>,
    /// All groups, with the mean days between the orders of their customers who had two or more.
    pub groups: Vec<(Segment, Option<Sums>, Option<f64>)>,
    /// All tiers.
    pub tiers: Vec<(Tier, Option<Sums>)>,
    /// All of them.
    pub total: Option<Sums>,
}

/// Scores, group and tier: a cell is of one group and one tier.
type Cell = ((u8, u8, u8), usize, usize);

/// The scores as of a day that was refreshed, the newest when absent; `None` before the first refresh.
///
/// **Errors**: `not_found` for a day without scores.
#[boxed]
pub async fn grid(ctx: &Ctx, day: Option<Date>) -> Result<Option<Grid>> {
    ctx.refresh_overrides().await?;
    let days = ctx.lake().rfm_days().await?;
    let Some(as_of) = day.map(day_number).or(days.last().copied()) else { return Ok(None) };
    if !days.contains(&as_of) {
        return Err(Error::not_found("scores of this day", "这一天的评分"));
    }
    let lake = seen_lake(ctx).await?;
    let frame = lake.rfm_cells(as_of).await?;
    let end = ctx.workspace().day_start(as_of + 1);
    let intervals = intervals(&lake.rfm_intervals(as_of, end).await?);
    let mut cells: BTreeMap<Cell, Sums> = BTreeMap::new();
    for row in 0..frame.n_rows() {
        let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
        let score = |name: &str| u8::try_from(num(name)).unwrap_or(0);
        let sums = Sums {
            n_customers: num("n_customers"),
            monetary: num("monetary"),
            n_orders: num("frequency"),
            recency_days: num("recency_days"),
        };
        let (group, tier) = (text(&frame, "rfm_segment", row), text(&frame, "tier", row));
        let group = Segment::ALL.iter().position(|one| one.as_str() == group).unwrap_or(Segment::ALL.len());
        let tier = Tier::ALL.iter().position(|one| one.as_str() == tier).unwrap_or(Tier::ALL.len());
        let scores = (score("r_score"), score("f_score"), score("m_score"));
        *cells.entry((scores, group, tier)).or_default() += sums;
    }
    let counts: Vec<u64> = cells.values().map(|sums| sums.n_customers.unsigned_abs()).collect();
    let divisions: [Vec<usize>; 2] = [cells.keys().map(|key| key.1).collect(), cells.keys().map(|key| key.2).collect()];
    let shown = small_groups::cells(&counts, &divisions, ctx.min_group());
    let sum = |of: &dyn Fn(usize, usize) -> bool| {
        let mut sum = Sums::default();
        cells.iter().filter(|((_, group, tier), _)| of(*group, *tier)).for_each(|(_, sums)| sum += *sums);
        sum
    };
    // A class that nobody is in is told.
    let is_told = |division: usize, class: usize| shown.classes[division].get(class).copied().unwrap_or(true);
    let groups = Segment::ALL.iter().enumerate().map(|(at, &segment)| {
        let sums = is_told(0, at).then(|| sum(&|group, _| group == at));
        (segment, sums, intervals.get(segment.as_str()).copied().filter(|_| sums.is_some()))
    });
    let tiers = Tier::ALL.iter().enumerate();
    let tiers = tiers.map(|(at, &tier)| (tier, is_told(1, at).then(|| sum(&|_, tier| tier == at))));
    let (groups, tiers) = (groups.collect(), tiers.collect());
    let total = shown.total.then(|| sum(&|_, _| true));
    let cells = cells.iter().zip(&shown.cells).map(|((key, sums), shown)| (key.0, shown.then_some(*sums))).collect();
    Ok(Some(Grid { as_of, days, cells, groups, tiers, total }))
}

fn intervals(frame: &Frame) -> BTreeMap<String, f64> {
    let days = |row: usize| match frame.column("interval_days")? {
        Column::Float(values) => values.get(row).copied().flatten(),
        _ => None,
    };
    (0..frame.n_rows()).filter_map(|row| Some((text(frame, "rfm_segment", row), days(row)?))).collect()
}

fn text(frame: &Frame, name: &str, row: usize) -> String {
    frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned()
}
