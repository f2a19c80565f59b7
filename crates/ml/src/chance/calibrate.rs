//! Scores turned into probabilities.

use super::probability;

/// From this many rows of either outcome on the shape of the curve is learnt too.
const ENOUGH_FOR_ISOTONIC: usize = 1_000;

/// A rising function from log-odds to probability.
#[derive(Clone, Debug, PartialEq)]
pub enum Calibration {
    /// A straight line on log-odds.
    Platt {
        /// At log-odds 0.
        intercept: f64,
        /// For one unit, above 0.
        slope: f64,
    },
    /// Points with straight lines between them, both rising.
    Isotonic {
        /// Log-odds and probability.
        points: Vec<(f64, f64)>,
    },
}

impl Calibration {
    /// Learns from scores that the model did not see the labels of: isotonic from 1,000 rows of either outcome on, else
    /// Platt's. Rows beyond the shorter slice, and scores that are not finite, are left out.
    pub fn fit(log_odds: &[f64], labels: &[bool]) -> Self {
        let mut pairs: Vec<(f64, bool)> =
            log_odds.iter().copied().zip(labels.iter().copied()).filter(|(score, _)| score.is_finite()).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let n_positive = pairs.iter().filter(|(_, label)| *label).count();
        if n_positive.min(pairs.len() - n_positive) >= ENOUGH_FOR_ISOTONIC { isotonic(&pairs) } else { platt(&pairs) }
    }

    /// Probability for log-odds.
    pub fn apply(&self, log_odds: f64) -> f64 {
        match self {
            Self::Platt { intercept, slope } => probability(intercept + slope * log_odds),
            Self::Isotonic { points } => {
                let at = points.partition_point(|(score, _)| *score <= log_odds);
                match (at.checked_sub(1).and_then(|at| points.get(at)), points.get(at)) {
                    (Some((left, low)), Some((right, high))) => low + (high - low) * (log_odds - left) / (right - left),
                    (Some((_, only)), None) | (None, Some((_, only))) => *only,
                    (None, None) => 0.5,
                }
            }
        }
    }
}

/// **Source**: Platt 1999, with his targets against overfitting; Newton's method as in Lin, Lin and Weng 2007.
fn platt(pairs: &[(f64, bool)]) -> Calibration {
    let n_positive = pairs.iter().filter(|(_, label)| *label).count() as f64;
    let n_negative = pairs.len() as f64 - n_positive;
    let target = |label: bool| if label { (n_positive + 1.0) / (n_positive + 2.0) } else { 1.0 / (n_negative + 2.0) };
    let loss = |intercept: f64, slope: f64| -> f64 {
        let part = |(score, label): &(f64, bool)| {
            let z = intercept + slope * score;
            z.max(0.0) + (-z.abs()).exp().ln_1p() - target(*label) * z
        };
        pairs.iter().map(part).sum()
    };
    let (mut intercept, mut slope) = (0.0, 1.0);
    for _ in 0..100 {
        let (mut g, mut h) = ([0.0; 2], [1e-9, 0.0, 1e-9]);
        for (score, label) in pairs {
            let p = probability(intercept + slope * score);
            let (error, spread) = (p - target(*label), p * (1.0 - p));
            g = [g[0] + error, g[1] + error * score];
            h = [h[0] + spread, h[1] + spread * score, h[2] + spread * score * score];
        }
        let determinant = h[0] * h[2] - h[1] * h[1];
        if determinant.abs() < 1e-300 {
            break;
        }
        let step = [(h[2] * g[0] - h[1] * g[1]) / determinant, (h[0] * g[1] - h[1] * g[0]) / determinant];
        let before = loss(intercept, slope);
        let mut length = 1.0;
        while length > 1e-6 && loss(intercept - length * step[0], slope - length * step[1]) > before {
            length /= 2.0;
        }
        if length <= 1e-6 {
            break;
        }
        intercept -= length * step[0];
        slope -= length * step[1];
        if step[0].abs() + step[1].abs() < 1e-10 {
            break;
        }
    }
    // Scores that point the wrong way are worth nothing; turning them round would hide it.
    if slope > 0.0 {
        Calibration::Platt { intercept, slope }
    } else {
        let share = (n_positive + 1.0) / (pairs.len() as f64 + 2.0);
        Calibration::Platt { intercept: (share / (1.0 - share)).ln(), slope: 0.0 }
    }
}

/// Pool adjacent violators, joined by straight lines between the middles of pools, so that scores of one pool keep their
/// order; ends are kept from certainty.
///
/// **Source**: Oron and Flournoy 2017, "Centered isotonic regression".
fn isotonic(pairs: &[(f64, bool)]) -> Calibration {
    struct Pool {
        n: f64,
        scores: f64,
        positives: f64,
    }
    let mut pools: Vec<Pool> = Vec::new();
    for tie in pairs.chunk_by(|a, b| a.0 == b.0) {
        let n = tie.len() as f64;
        let positives = tie.iter().filter(|(_, label)| *label).count() as f64;
        pools.push(Pool { n, scores: tie[0].0 * n, positives });
        while let [.., low, high] = pools.as_slice() {
            if low.positives * high.n < high.positives * low.n {
                break;
            }
            let pool =
                Pool { n: low.n + high.n, scores: low.scores + high.scores, positives: low.positives + high.positives };
            pools.truncate(pools.len() - 2);
            pools.push(pool);
        }
    }
    let least = 0.5 / pairs.len() as f64;
    let point = |pool: &Pool| (pool.scores / pool.n, (pool.positives / pool.n).clamp(least, 1.0 - least));
    Calibration::Isotonic { points: pools.iter().map(point).collect() }
}
