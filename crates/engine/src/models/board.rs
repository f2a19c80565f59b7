//! What models say of all customers together: who is worth what, who may leave, what could be done with so many hands.

use crate::boxed;
use std::collections::BTreeMap;

use zhike_domain::frame::{Column, Frame};
use zhike_domain::learn::{Model, Risk, features};
use zhike_domain::small_groups;

use super::artifact::ClustersText;
use super::scores::Because;
use super::{Reason, artifact_of, read_json};
use crate::refresh::day_text;
use crate::segments::seen_lake;
use crate::{Ctx, Error, Result};

/// Bounds of chances on the board.
const CHANCES: [f64; 6] = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
/// Points of the curve of hands.
const N_POINTS: usize = 20;

/// Customers of a range of chances and one of values. **Units**: hundredths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cell {
    /// Position among the ranges of chances.
    pub chance: usize,
    /// Position among the ranges of values.
    pub value: usize,
    /// Customers; missing where so few are not told.
    pub n: Option<u64>,
    /// Value at risk; missing with the customers.
    pub at_risk: Option<i64>,
}

/// Customers so urgent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Urgent {
    /// How urgent.
    pub risk: Risk,
    /// Customers; missing where so few are not told, and then the rest is too.
    pub n: Option<u64>,
    /// Those of them who are expected to leave.
    pub expected: Option<f64>,
    /// Value at risk, hundredths.
    pub at_risk: Option<i64>,
}

/// What so many contacts reach, those first who put most at risk.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reach {
    /// Customers contacted.
    pub n: u64,
    /// Those of them who are expected to leave.
    pub expected: f64,
    /// Share of the value at risk of all.
    pub share: f64,
    /// All of them, and nobody else, put at least so much at risk, hundredths.
    pub at_least: i64,
}

/// What weighs most with how many.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighs {
    /// Key of the feature.
    pub key: String,
    /// Its name.
    pub name: Reason,
    /// Customers of high and medium risk whose weightiest reason it is; missing where so few are not told.
    pub n: Option<u64>,
}

/// What models say of all customers on a day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// Day; missing before the first refresh.
    pub as_of: Option<String>,
    /// Customers with a value; missing where so few are not told.
    pub n: Option<u64>,
    /// Those who are likelier to buy again than not.
    pub n_alive: Option<u64>,
    /// Value expected of all within a year, hundredths.
    pub value: Option<i64>,
    /// Those asked whether they leave.
    pub n_active: Option<u64>,
    /// Those of them who are expected to leave.
    pub expected: Option<f64>,
    /// Value at risk of all, hundredths.
    pub at_risk: Option<i64>,
    /// Lower bounds of the ranges of values, in money; the first is 0.
    pub values: Vec<f64>,
    /// Customers by range of values, whoever has left too.
    pub by_value: Vec<Option<u64>>,
    /// Chances and values together, of the active ones.
    pub cells: Vec<Cell>,
    /// By urgency.
    pub urgent: Vec<Urgent>,
    /// What more hands would reach.
    pub reach: Vec<Reach>,
    /// Why.
    pub reasons: Vec<Weighs>,
}

impl Board {
    /// Lower bounds of the ranges of chances, and the end of the last.
    pub const CHANCES: [f64; 6] = CHANCES;
}

#[derive(Default)]
struct Rows {
    chance: Vec<f64>,
    at_risk: Vec<i64>,
    worth: Vec<i64>,
    risk: Vec<Option<Risk>>,
    reasons: BTreeMap<String, u64>,
    values: Vec<i64>,
    n_alive: u64,
}

impl Rows {
    fn add(&mut self, frame: &Frame) -> Result<()> {
        let float = |name: &str, row: usize| match frame.column(name) {
            Some(Column::Float(values)) => values.get(row).copied().flatten(),
            _ => None,
        };
        let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row));
        let text = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row));
        for row in 0..frame.n_rows() {
            let worth = num("expected_value", row);
            self.values.extend(worth);
            self.n_alive += u64::from(float("p_alive", row).is_some_and(|alive| alive >= 0.5));
            let Some(chance) = float("probability", row) else { continue };
            self.chance.push(chance);
            self.at_risk.push(num("value_at_risk", row).unwrap_or(0));
            self.worth.push(worth.unwrap_or(0));
            self.risk.push(text("risk", row).and_then(Risk::parse));
            if let Some(reasons) = text("reasons", row)
                && let Some(first) = read_json::<Vec<Because>>(reasons)?.into_iter().next()
            {
                *self.reasons.entry(first.feature).or_default() += 1;
            }
        }
        Ok(())
    }
}

/// A number with two digits that say something.
fn round(value: f64) -> f64 {
    if value <= 0.0 {
        return 0.0;
    }
    let unit = 10_f64.powf(value.log10().floor() - 1.0);
    (value / unit).round() * unit
}

/// What models say of all customers who may be seen, on the newest day.
#[boxed]
pub async fn board(ctx: &Ctx) -> Result<Board> {
    ctx.refresh_overrides().await?;
    let lake = seen_lake(ctx).await?;
    let Some(day) = lake.said_on("clv").await? else { return Ok(Board::default()) };
    let mut rows = Rows::default();
    let mut stream = lake.risks(day).await?;
    while let Some(frame) = stream.next().await? {
        rows.add(&frame)?;
    }
    let k = ctx.min_group();
    let mut sorted = rows.values.clone();
    sorted.sort_unstable();
    let at = |share: f64| sorted.get((sorted.len() as f64 * share) as usize).map_or(0.0, |value| *value as f64 / 100.0);
    let mut values: Vec<f64> =
        [0.0, 0.5, 0.8, 0.95].map(|share| if share > 0.0 { round(at(share)) } else { 0.0 }).into();
    values.dedup();
    let class = |value: i64| values.iter().rposition(|bound| value as f64 / 100.0 >= *bound).unwrap_or(0);
    let mut by_value = vec![0_u64; values.len()];
    rows.values.iter().for_each(|value| by_value[class(*value)] += 1);
    let mut cells: BTreeMap<(usize, usize), (u64, i64)> = BTreeMap::new();
    let chance_class = |chance: f64| CHANCES[1..5].iter().filter(|bound| chance >= **bound).count();
    for at in 0..rows.chance.len() {
        let cell = cells.entry((chance_class(rows.chance[at]), class(rows.worth[at]))).or_default();
        *cell = (cell.0 + 1, cell.1 + rows.at_risk[at]);
    }
    let counts: Vec<u64> = cells.values().map(|cell| cell.0).collect();
    let divisions = [cells.keys().map(|key| key.0).collect(), cells.keys().map(|key| key.1).collect()];
    let told = small_groups::cells(&counts, &divisions, k);
    let shown = |n: u64| (!small_groups::is_small(n, k)).then_some(n);
    let n_active = rows.chance.len() as u64;
    let is_told = shown(n_active).is_some();
    let urgent: Vec<(Risk, u64, f64, i64)> = Risk::ALL
        .iter()
        .map(|risk| {
            let own = || (0..rows.chance.len()).filter(|at| rows.risk[*at] == Some(*risk));
            (*risk, own().count() as u64, own().map(|at| rows.chance[at]).sum(), own().map(|at| rows.at_risk[at]).sum())
        })
        .collect();
    let of_urgent = small_groups::parts(&urgent.iter().map(|one| one.1).collect::<Vec<_>>(), k);
    let reasons: Vec<(String, u64)> = rows.reasons.iter().map(|(key, n)| (key.clone(), *n)).collect();
    let of_reasons = small_groups::parts(&reasons.iter().map(|one| one.1).collect::<Vec<_>>(), k);
    let mut reasons: Vec<Weighs> = reasons
        .into_iter()
        .zip(of_reasons)
        .filter_map(|((key, n), told)| {
            let name = features().iter().find(|feature| feature.key == key)?.name.clone();
            Some(Weighs { key, name, n: told.then_some(n) })
        })
        .collect();
    reasons.sort_by(|a, b| b.n.cmp(&a.n).then(a.key.cmp(&b.key)));
    let n = rows.values.len() as u64;
    let of_values = small_groups::parts(&by_value, k);
    Ok(Board {
        as_of: Some(day_text(day)),
        n: shown(n),
        n_alive: shown(rows.n_alive).filter(|_| shown(n - rows.n_alive).is_some()),
        value: shown(n).map(|_| rows.values.iter().sum()),
        n_active: shown(n_active),
        expected: is_told.then(|| rows.chance.iter().sum()),
        at_risk: is_told.then(|| rows.at_risk.iter().sum()),
        by_value: by_value.iter().zip(of_values).map(|(n, told)| told.then_some(*n)).collect(),
        cells: cells
            .iter()
            .zip(&told.cells)
            .map(|(((chance, value), (n, at_risk)), told)| Cell {
                chance: *chance,
                value: *value,
                n: told.then_some(*n),
                at_risk: told.then_some(*at_risk),
            })
            .collect(),
        urgent: urgent
            .into_iter()
            .zip(of_urgent)
            .map(|((risk, n, expected, at_risk), told)| Urgent {
                risk,
                n: told.then_some(n),
                expected: told.then_some(expected),
                at_risk: told.then_some(at_risk),
            })
            .collect(),
        reach: if is_told { reach(&rows, k) } else { Vec::new() },
        reasons,
        values,
    })
}

/// What contacts reach, at equal steps; steps of fewer than so many people would tell of one of them.
fn reach(rows: &Rows, k: u64) -> Vec<Reach> {
    let mut order: Vec<usize> = (0..rows.chance.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(rows.at_risk[*at]));
    let total: i64 = rows.at_risk.iter().sum();
    let step = order.len().div_ceil(N_POINTS).max(k as usize).max(1);
    let (mut sum, mut expected, mut since) = (0, 0.0, 0);
    let mut found = Vec::new();
    for (at, who) in order.iter().enumerate() {
        sum += rows.at_risk[*who];
        expected += rows.chance[*who];
        since += 1;
        let at_least = rows.at_risk[*who];
        let n_left = order.len() - at - 1;
        // Those who put equally much at risk are contacted together.
        let is_edge = order.get(at + 1).is_none_or(|next| rows.at_risk[*next] < at_least);
        if is_edge && (n_left == 0 || (since >= step && n_left >= step)) {
            let share = if total > 0 { sum as f64 / total as f64 } else { 0.0 };
            found.push(Reach { n: at as u64 + 1, expected, share, at_least });
            since = 0;
        }
    }
    found
}

/// A group of customers who are alike.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Its number, the same from one refresh to the next.
    pub number: i64,
    /// What it is called.
    pub label: Reason,
    /// Customers; missing where so few are not told, and then the rest is too.
    pub n: Option<u64>,
    /// Mean days since the last order.
    pub recency_days: Option<f64>,
    /// Mean orders.
    pub frequency: Option<f64>,
    /// Net amount of all of them, hundredths.
    pub monetary: Option<i64>,
}

/// The groups of the customers who may be seen, on the newest day, with that day.
#[boxed]
pub async fn clusters(ctx: &Ctx) -> Result<(Option<String>, Vec<Cluster>)> {
    ctx.refresh_overrides().await?;
    let lake = seen_lake(ctx).await?;
    let Some(day) = lake.said_on("clusters").await? else { return Ok((None, Vec::new())) };
    let frame = lake.cluster_sums(day).await?;
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    let counts: Vec<u64> = (0..frame.n_rows()).map(|row| num("n", row).unsigned_abs()).collect();
    let told = small_groups::parts(&counts, ctx.min_group());
    let labels = labels(ctx).await?;
    let mut found = Vec::new();
    for row in 0..frame.n_rows() {
        let n = Some(counts[row]).filter(|_| told[row]);
        let mean = |name: &str| n.filter(|n| *n > 0).map(|n| num(name, row) as f64 / n as f64);
        let number = num("cluster", row);
        found.push(Cluster {
            number,
            label: labels
                .get(&number)
                .cloned()
                .unwrap_or_else(|| (format!("第 {number} 组"), format!("group {number}"))),
            n,
            recency_days: mean("recency_days"),
            frequency: mean("frequency"),
            monetary: n.map(|_| num("monetary", row)),
        });
    }
    Ok((Some(day_text(day)), found))
}

/// What groups are called, by number: by the newest version that knows them.
pub(super) async fn labels(ctx: &Ctx) -> Result<BTreeMap<i64, Reason>> {
    let mut found = BTreeMap::new();
    for row in ctx.store().models().await?.iter().filter(|row| row.model == Model::Clusters.as_str()) {
        let Some(text) = artifact_of::<ClustersText>(ctx, Model::Clusters, row.version).await? else { continue };
        found.extend(text.numbers.into_iter().zip(text.labels));
    }
    Ok(found)
}

/// As [`labels`], of one group.
pub(super) async fn label_of(ctx: &Ctx, number: i64) -> Result<Reason> {
    let other = || Error::bug("a group", std::io::Error::other("no version knows it"));
    labels(ctx).await?.remove(&number).ok_or_else(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_numbers_that_people_can_say() {
        assert_eq!([round(1_234.0), round(98.6), round(0.0123), round(0.0)], [1_200.0, 99.0, 0.012, 0.0]);
    }

    #[test]
    fn more_hands_reach_more_of_what_is_at_risk() {
        let rows = Rows { chance: vec![0.5; 100], at_risk: (0..100).collect(), ..Rows::default() };
        let points = reach(&rows, 10);
        assert_eq!(points.last().map(|point| (point.n, point.expected, point.share)), Some((100, 50.0, 1.0)));
        assert_eq!(points[0].n, 10);
        assert!((points[0].share - 945.0 / 4_950.0).abs() < 1e-9);
        assert!(points.windows(2).all(|pair| pair[0].n < pair[1].n && pair[0].share <= pair[1].share));
    }
}
