//! Limits of counts and shares.

use crate::special::{beta_lower, gamma_upper};

/// How improbable an observation is on either side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tails {
    /// Probability of as few, or fewer.
    pub low: f64,
    /// Probability of as many, or more.
    pub high: f64,
}

/// Tails of a count where so many are expected, by Poisson's distribution; `None` unless `expected` is above 0.
pub fn count_tails(count: u64, expected: f64) -> Option<Tails> {
    (expected > 0.0 && expected.is_finite()).then(|| {
        let count = count as f64;
        // At most k: Q(k + 1, λ).
        let high = if count == 0.0 { 1.0 } else { 1.0 - gamma_upper(count, expected) };
        Tails { low: gamma_upper(count + 1.0, expected), high }
    })
}

/// Tails of a count out of `of` where each has the same chance, by the binomial distribution; `None` when `count` is larger
/// than `of`, or the chance is not between 0 and 1.
pub fn share_tails(count: u64, of: u64, chance: f64) -> Option<Tails> {
    (count <= of && chance > 0.0 && chance < 1.0).then(|| {
        let (count, n) = (count as f64, of as f64);
        let low = if count == n { 1.0 } else { beta_lower(n - count, count + 1.0, 1.0 - chance) };
        let high = if count == 0.0 { 1.0 } else { beta_lower(count, n - count + 1.0, chance) };
        Tails { low, high }
    })
}

/// The least and the largest count whose tail is not below `alpha`: outside is an anomaly. `None` as [`count_tails`].
pub fn count_limits(expected: f64, alpha: f64) -> Option<(u64, u64)> {
    count_tails(0, expected)?;
    let most = (expected + 40.0 * (expected.sqrt() + 1.0)) as u64;
    let tails = |count: u64| count_tails(count, expected).unwrap_or(Tails { low: 0.0, high: 0.0 });
    Some(limits(most, alpha, tails))
}

/// As [`count_limits`], for counts out of `of`. `None` as [`share_tails`].
pub fn share_limits(of: u64, chance: f64, alpha: f64) -> Option<(u64, u64)> {
    share_tails(0, of, chance)?;
    Some(limits(of, alpha, |count| share_tails(count, of, chance).unwrap_or(Tails { low: 0.0, high: 0.0 })))
}

fn limits(most: u64, alpha: f64, tails: impl Fn(u64) -> Tails) -> (u64, u64) {
    // Tails are monotonous: halve.
    let least_with = |is_met: &dyn Fn(u64) -> bool| {
        let (mut low, mut high) = (0, most);
        while low < high {
            let middle = low + (high - low) / 2;
            if is_met(middle) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let low = least_with(&|count| tails(count).low >= alpha);
    let above = least_with(&|count| tails(count).high < alpha);
    let high = if tails(above).high < alpha { above.saturating_sub(1) } else { above };
    (low, high.max(low))
}

/// Probabilities corrected for how many things were looked at, so that one false finding among all has the stated
/// probability at most. What is not a number counts as 1.
///
/// **Source**: Bonferroni; stricter than [`crate::groups::benjamini_hochberg`].
pub fn bonferroni(p: &[f64]) -> Vec<f64> {
    let n = p.len() as f64;
    p.iter().map(|p| if p.is_nan() { 1.0 } else { (n * p.max(0.0)).min(1.0) }).collect()
}
