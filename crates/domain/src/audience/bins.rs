//! How numbers are spread: ranges with round limits, few enough to be drawn.

use serde::{Deserialize, Serialize};

/// A range of numbers and how many are in it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// The least number in it; the first range has none.
    pub from: Option<f64>,
    /// Numbers in it are below this; the last range has none.
    pub below: Option<f64>,
    /// So many.
    pub n: u64,
}

impl Bin {
    /// Whether a number is in it.
    pub fn holds(&self, number: f64) -> bool {
        self.from.is_none_or(|from| number >= from) && self.below.is_none_or(|below| number < below)
    }
}

/// Widths of the range that most numbers lie in.
const PARTS: f64 = 10.0;
/// Share of the numbers at either end that widen no range: a few large sums would leave all others in one.
const TAIL: f64 = 0.02;

/// The ranges of finite numbers.
///
/// **Shape**: `sorted` ascends; every number is in exactly one range, ranges ascend, at most 13 of them.
pub fn bins(sorted: &[f64]) -> Vec<Bin> {
    let Some(last) = sorted.len().checked_sub(1) else { return Vec::new() };
    let at = |share: f64| sorted[(last as f64 * share).round() as usize];
    let (low, high) = (at(TAIL), at(1.0 - TAIL));
    let whole = sorted.iter().all(|number| number.fract() == 0.0);
    let mut limits = Vec::new();
    if low < high {
        let width = Width::new((high - low) / PARTS, whole);
        let first = (low / width.get()).floor();
        // Numbers that a width cannot tell apart are left in one range.
        if (first + PARTS * 2.0).abs() < 9e15 {
            let numbers = (1..=PARTS as i32 + 2).map(|step| width.times(first + f64::from(step)));
            limits.extend(numbers.take_while(|limit| *limit <= high));
        }
    }
    let mut bins = Vec::with_capacity(limits.len() + 1);
    let (mut from, mut start) = (None, 0);
    for limit in limits {
        let end = sorted.partition_point(|number| *number < limit);
        bins.push(Bin { from, below: Some(limit), n: (end - start) as u64 });
        (from, start) = (Some(limit), end);
    }
    bins.push(Bin { from, below: None, n: (sorted.len() - start) as u64 });
    bins
}

/// 1, 2 or 5 times a power of ten.
struct Width {
    digit: f64,
    power: i32,
}

impl Width {
    /// The smallest that is not below a number.
    fn new(at_least: f64, whole: bool) -> Self {
        let at_least = if whole { at_least.max(1.0) } else { at_least };
        let power = at_least.log10().floor() as i32;
        let rest = at_least / 10_f64.powi(power);
        // A quotient that should be a round number can lie a little above it.
        let digit = [1.0, 2.0, 5.0, 10.0].into_iter().find(|digit| rest <= digit * (1.0 + 1e-9)).unwrap_or(10.0);
        Self { digit, power }
    }

    fn get(&self) -> f64 {
        self.times(1.0)
    }

    /// A multiple, as near as a number can be: 0.3, not 0.1 + 0.1 + 0.1.
    fn times(&self, n: f64) -> f64 {
        let power = 10_f64.powi(self.power.abs());
        if self.power < 0 { n * self.digit / power } else { n * self.digit * power }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn limits(numbers: &[f64]) -> Vec<f64> {
        bins(numbers).iter().filter_map(|bin| bin.below).collect()
    }

    #[test]
    fn limits_are_round() {
        assert_eq!(bins(&[]), []);
        assert_eq!(bins(&[3.0, 3.0]), [Bin { from: None, below: None, n: 2 }]);
        assert_eq!(limits(&[1.0, 1.0, 2.0, 3.0]), [2.0, 3.0]);
        let hundred: Vec<f64> = (0..=100).map(f64::from).collect();
        assert_eq!(limits(&hundred), [10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0]);
        let tenths: Vec<f64> = (0..=10).map(|n| f64::from(n) / 10.0).collect();
        assert_eq!(limits(&tenths), [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]);
        // One large sum widens nothing.
        let mut skewed: Vec<f64> = (0..100).map(f64::from).collect();
        skewed.push(1e9);
        assert!(limits(&skewed).len() > 5);
    }

    proptest! {
        #[test]
        fn every_number_is_in_one_range(mut numbers in prop::collection::vec(prop_oneof![
            -1e6_f64..1e6,
            (-50_i32..50).prop_map(f64::from),
            prop::num::f64::NORMAL,
        ], 1..200)) {
            numbers.sort_by(f64::total_cmp);
            let bins = bins(&numbers);
            prop_assert!(!bins.is_empty() && bins.len() <= 13, "{}", bins.len());
            for bin in &bins {
                prop_assert_eq!(numbers.iter().filter(|number| bin.holds(**number)).count() as u64, bin.n);
            }
            for pair in bins.windows(2) {
                prop_assert!(pair[0].below.is_some() && pair[0].below == pair[1].from);
            }
            prop_assert_eq!(bins.iter().map(|bin| bin.n).sum::<u64>(), numbers.len() as u64);
        }
    }
}
