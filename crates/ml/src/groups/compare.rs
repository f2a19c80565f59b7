//! What differs most between two sets of people.

use crate::special::{normal_beyond, reach};

/// How one thing differs between two sets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    /// People of the first and second set of whom it is known.
    pub n: [f64; 2],
    /// Mean, or share, in each.
    pub means: [f64; 2],
    /// Size of the difference from -1 to 1: for numbers Cliff's delta (chance that one of the first is higher, less the chance
    /// that it is lower), for shares the difference of shares. 0 where either set is empty.
    pub effect: f64,
    /// Interval of the effect.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Probability of such a difference, or a larger one, by chance.
    pub p: f64,
}

const NOTHING: Difference = Difference { n: [0.0; 2], means: [f64::NAN; 2], effect: 0.0, low: -1.0, high: 1.0, p: 1.0 };

/// Compares a number, by ranks, so that single large values decide nothing; what is not finite is left out.
///
/// **Source**: Mann and Whitney 1947 with correction for ties; Cliff 1993 for the effect and its variance.
pub fn compare(first: &[f64], second: &[f64], level: f64) -> Difference {
    let sorted = |values: &[f64]| {
        let mut values: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        values.sort_unstable_by(f64::total_cmp);
        values
    };
    let (a, b) = (sorted(first), sorted(second));
    let n = [a.len() as f64, b.len() as f64];
    if a.is_empty() || b.is_empty() {
        return Difference { n, ..NOTHING };
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    // Of each value: how many of the other set are lower, less how many are higher.
    let dominance = |of: &[f64], other: &[f64]| -> (f64, f64) {
        let (mut sum, mut squares) = (0.0, 0.0);
        let n = other.len() as f64;
        let (mut lower, mut not_higher) = (0, 0);
        for value in of {
            while lower < other.len() && other[lower] < *value {
                lower += 1;
            }
            not_higher = not_higher.max(lower);
            while not_higher < other.len() && other[not_higher] <= *value {
                not_higher += 1;
            }
            let share = (lower as f64 - (other.len() - not_higher) as f64) / n;
            sum += share;
            squares += share * share;
        }
        let n = of.len() as f64;
        (sum / n, (squares / n - (sum / n).powi(2)).max(0.0))
    };
    let (effect, within_a) = dominance(&a, &b);
    let (_, within_b) = dominance(&b, &a);
    let error = (within_a / n[0] + within_b / n[1]).sqrt();
    let reach = reach(level) * error;
    // Under no difference the variance is known but for ties.
    let total = n[0] + n[1];
    let ties = ties(&a, &b);
    let variance = (total + 1.0 - ties / (total * (total - 1.0).max(1.0))) / (3.0 * n[0] * n[1]);
    let p = if variance > 0.0 { normal_beyond(effect / variance.sqrt()) } else { 1.0 };
    Difference {
        n,
        means: [mean(&a), mean(&b)],
        effect,
        low: (effect - reach).max(-1.0),
        high: (effect + reach).min(1.0),
        p,
    }
}

/// Sum of `t³ - t` over groups of equal values.
fn ties(a: &[f64], b: &[f64]) -> f64 {
    let mut all: Vec<f64> = a.iter().chain(b).copied().collect();
    all.sort_unstable_by(f64::total_cmp);
    all.chunk_by(|a, b| a == b)
        .map(|group| {
            let n = group.len() as f64;
            n * n * n - n
        })
        .sum()
}

/// How many of a set have something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    /// Have it.
    pub having: f64,
    /// All of whom it is known.
    pub of: f64,
}

/// Compares a share.
///
/// **Source**: Newcombe 1998, method 10, for the interval; Pearson's chi-squared without correction.
pub fn compare_shares(first: Shares, second: Shares, level: f64) -> Difference {
    let n = [first.of, second.of];
    let is_sound =
        |shares: Shares| shares.of > 0.0 && shares.of.is_finite() && (0.0..=shares.of).contains(&shares.having);
    if !is_sound(first) || !is_sound(second) {
        return Difference { n, ..NOTHING };
    }
    let z = reach(level);
    let wilson = |shares: Shares| {
        let (n, p) = (shares.of, shares.having / shares.of);
        let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
        let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
        (p, (centre - half).max(0.0), (centre + half).min(1.0))
    };
    let ((p1, low1, high1), (p2, low2, high2)) = (wilson(first), wilson(second));
    let pooled = (first.having + second.having) / (first.of + second.of);
    let variance = pooled * (1.0 - pooled) * (1.0 / first.of + 1.0 / second.of);
    Difference {
        n,
        means: [p1, p2],
        effect: p1 - p2,
        low: p1 - p2 - ((p1 - low1).powi(2) + (high2 - p2).powi(2)).sqrt(),
        high: p1 - p2 + ((high1 - p1).powi(2) + (p2 - low2).powi(2)).sqrt(),
        p: if variance > 0.0 { normal_beyond((p1 - p2) / variance.sqrt()) } else { 1.0 },
    }
}

/// Probabilities corrected for how many things were looked at: those at or below `q` hold a share of `q` false findings at
/// most, in expectation. What is not a number counts as 1.
///
/// **Source**: Benjamini and Hochberg 1995.
pub fn benjamini_hochberg(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    let value = |at: usize| if p[at].is_nan() { 1.0 } else { p[at].clamp(0.0, 1.0) };
    order.sort_by(|a, b| value(*a).total_cmp(&value(*b)));
    let mut corrected = vec![1.0; p.len()];
    let mut least = 1.0_f64;
    for (rank, at) in order.into_iter().enumerate().rev() {
        least = least.min(value(at) * p.len() as f64 / (rank + 1) as f64);
        corrected[at] = least;
    }
    corrected
}
