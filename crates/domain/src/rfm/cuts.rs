//! The limits that separate scores, kept so that a score can be explained later.

use serde::{Deserialize, Serialize};

use super::rules::{Mode, Rules};
use super::score::Input;

/// Limits and counts of one of the three values.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dimension {
    /// Limits of the scores 5, 4, 3 and 2: at most so many days for recency, at least so much for the others. `None`
    /// when no value reaches the score. **Units**: days, orders, minor units.
    pub limits: [Option<i64>; 4],
    /// Number of customers at the scores 1 to 5.
    pub n_at: [u64; 5],
}

impl Dimension {
    /// Number of customers with a higher score than `score`.
    pub fn n_above(&self, score: u8) -> u64 {
        self.n_at.iter().skip(usize::from(score)).sum()
    }
}

/// What one scoring found out about all customers; enough to score and explain a single one again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cuts {
    /// How values became scores.
    pub mode: Mode,
    /// Number of customers scored.
    pub n_customers: u64,
    /// Days since the last order.
    pub recency_days: Dimension,
    /// Orders.
    pub frequency: Dimension,
    /// Money.
    pub monetary: Dimension,
    /// Number of customers whose three scores add up to 3, 4 … 15; [`share_below`] makes percentiles of them.
    pub n_at_sum: [u64; 13],
}

impl Cuts {
    /// Limits for these customers by these rules; the counts are still 0.
    pub(super) fn find(input: Input<'_>, rules: &Rules) -> Self {
        let [recency_days, frequency, monetary] = match rules.mode {
            Mode::Thresholds => {
                let limits = &rules.thresholds;
                [limits.recency_days.map(Some), limits.frequency.map(Some), limits.monetary.map(Some)]
            }
            Mode::Quantile => {
                let mut values = Vec::with_capacity(input.recency_days.len());
                // `!` turns the order of all numbers round, the smallest included.
                values.extend(input.recency_days.iter().map(|&days| !days));
                let recency_days = quantiles(&mut values).map(|limit| limit.map(|flipped| !flipped));
                let mut find = |column: &[i64]| {
                    values.clear();
                    values.extend_from_slice(column);
                    quantiles(&mut values)
                };
                [recency_days, find(input.frequency), find(input.monetary)]
            }
        };
        let dimension = |limits| Dimension { limits, n_at: [0; 5] };
        Self {
            mode: rules.mode,
            n_customers: input.recency_days.len() as u64,
            recency_days: dimension(recency_days),
            frequency: dimension(frequency),
            monetary: dimension(monetary),
            n_at_sum: [0; 13],
        }
    }

    /// Scores (R, F, M) of one customer.
    ///
    /// **Units**: days, orders, minor units.
    pub fn scores(&self, recency_days: i64, frequency: i64, monetary: i64) -> [u8; 3] {
        let flipped = self.recency_days.limits.map(|limit| limit.map(|days| !days));
        [
            Ladder::new(flipped).score(!recency_days),
            Ladder::new(self.frequency.limits).score(frequency),
            Ladder::new(self.monetary.limits).score(monetary),
        ]
    }
}

/// Four limits in the form in which a column is compared with them fastest.
#[derive(Clone, Copy)]
pub(super) struct Ladder {
    limits: [i64; 4],
    is_reached: [bool; 4],
}

impl Ladder {
    pub(super) fn new(limits: [Option<i64>; 4]) -> Self {
        Self { limits: limits.map(Option::unwrap_or_default), is_reached: limits.map(|limit| limit.is_some()) }
    }

    /// 1 and one more for each limit that the value reaches.
    #[inline]
    pub(super) fn score(self, value: i64) -> u8 {
        let mut score = 1;
        for at in 0..4 {
            score += u8::from((value >= self.limits[at]) & self.is_reached[at]);
        }
        score
    }
}

/// Smallest values that score 5, 4, 3 and 2; higher is better. Reorders the values.
///
/// A value scores `1 + floor(5·b/n)` where `b` of `n` values are strictly below it. So a score of at least `s` asks for
/// `b ≥ k = ceil((s−1)·n/5)`: the value of rank `k` when a new run of ties starts there, else the next greater value.
fn quantiles(values: &mut [i64]) -> [Option<i64>; 4] {
    let n = values.len();
    let ranks = [4_usize, 3, 2, 1].map(|fifths| (fifths * n).div_ceil(5));
    let mut at_rank = [None; 4];
    let mut done = 0;
    for (slot, &rank) in at_rank.iter_mut().zip(&ranks).rev() {
        if rank < n {
            let (_, value, _) = values[done..].select_nth_unstable(rank - done);
            *slot = Some(*value);
            done = rank;
        }
    }
    let found = at_rank.map(Option::unwrap_or_default);
    let mut n_below = [0_usize; 4];
    let mut next_above = [i64::MAX; 4];
    let mut has_above = [false; 4];
    for &value in &*values {
        for at in 0..4 {
            n_below[at] += usize::from(value < found[at]);
            let is_above = value > found[at];
            has_above[at] |= is_above;
            next_above[at] = next_above[at].min(if is_above { value } else { i64::MAX });
        }
    }
    let mut limits = [None; 4];
    for at in 0..4 {
        let starts_here = n_below[at] == ranks[at];
        limits[at] = match at_rank[at] {
            Some(value) if starts_here => Some(value),
            Some(_) if has_above[at] => Some(next_above[at]),
            _ => None,
        };
    }
    limits
}

/// Share of customers strictly below each level, from the number of customers at each level, the lowest first.
///
/// **Units**: ratio, 0 to 1. All 0 when there are no customers.
pub fn share_below(counts: &[u64]) -> Vec<f64> {
    let n: u64 = counts.iter().sum();
    let mut below = 0;
    counts
        .iter()
        .map(|count| {
            let share = if n == 0 { 0.0 } else { below as f64 / n as f64 };
            below += count;
            share
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn share_below_counts_strictly() {
        assert_eq!(share_below(&[5, 0, 3, 2]), [0.0, 0.5, 0.5, 0.8]);
        assert_eq!(share_below(&[0, 0]), [0.0, 0.0]);
        assert!(share_below(&[]).is_empty());
    }

    #[test]
    fn cuts_read_back_from_json() {
        let dimension = Dimension { limits: [Some(9), Some(5), None, None], n_at: [1, 0, 0, 2, 3] };
        let cuts = Cuts { n_customers: 6, frequency: dimension.clone(), ..Cuts::default() };
        let json = serde_json::to_string(&cuts).unwrap();
        assert_eq!(serde_json::from_str::<Cuts>(&json).unwrap(), cuts);
        assert_eq!([1, 4, 5].map(|score| dimension.n_above(score)), [5, 3, 0]);
    }

    #[test]
    fn half_bought_once() {
        // Six of eleven bought once: scores 1, then 3 from two purchases on; nobody gets 2.
        let mut values = [1, 2, 1, 3, 1, 1, 5, 1, 2, 9, 1];
        assert_eq!(quantiles(&mut values), [Some(5), Some(3), Some(2), Some(2)]);
        assert_eq!(quantiles(&mut [7; 10]), [None; 4]);
        assert_eq!(quantiles(&mut []), [None; 4]);
        assert_eq!(quantiles(&mut [i64::MAX, i64::MIN]), [None, None, Some(i64::MAX), Some(i64::MAX)]);
    }
}
