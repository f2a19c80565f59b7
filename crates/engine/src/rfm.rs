//! Scores over all customers as of a day: how many stand where, and what they are worth.

use crate::boxed;
use std::collections::BTreeMap;

use jiff::civil::Date;
use zhike_domain::frame::{Column, Frame};
use zhike_domain::rfm::{Segment, Tier};

use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

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
    /// By scores in recency, frequency and value; those that somebody has.
    pub cells: BTreeMap<(u8, u8, u8), Sums>,
    /// All groups, with the mean days between the orders of their customers who had two or more.
    pub groups: Vec<(Segment, Sums, Option<f64>)>,
    /// All tiers.
    pub tiers: Vec<(Tier, Sums)>,
    /// All of them.
    pub total: Sums,
}

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
    let frame = ctx.lake().rfm_cells(as_of).await?;
    let end = ctx.workspace().day_start(as_of + 1);
    let intervals = intervals(&ctx.lake().rfm_intervals(as_of, end).await?);
    let mut cells: BTreeMap<(u8, u8, u8), Sums> = BTreeMap::new();
    let (mut by_group, mut by_tier) = (BTreeMap::new(), BTreeMap::new());
    let mut total = Sums::default();
    for row in 0..frame.n_rows() {
        let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
        let score = |name: &str| u8::try_from(num(name)).unwrap_or(0);
        let sums = Sums {
            n_customers: num("n_customers"),
            monetary: num("monetary"),
            n_orders: num("frequency"),
            recency_days: num("recency_days"),
        };
        *cells.entry((score("r_score"), score("f_score"), score("m_score"))).or_default() += sums;
        *by_group.entry(text(&frame, "rfm_segment", row)).or_insert_with(Sums::default) += sums;
        *by_tier.entry(text(&frame, "tier", row)).or_insert_with(Sums::default) += sums;
        total += sums;
    }
    let groups = Segment::ALL.iter().map(|&segment| {
        let sums = by_group.get(segment.as_str()).copied().unwrap_or_default();
        (segment, sums, intervals.get(segment.as_str()).copied())
    });
    let tiers = Tier::ALL.iter().map(|&tier| (tier, by_tier.get(tier.as_str()).copied().unwrap_or_default()));
    Ok(Some(Grid { as_of, days, cells, groups: groups.collect(), tiers: tiers.collect(), total }))
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
