//! Days beside the days before them.

use crate::robust::{deviation, median};
use crate::special::normal_beyond;

/// How days are judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Days after which the pattern comes back; 7 for weekdays, 1 for none.
    pub period: usize,
    /// Turns of the pattern that are looked back on.
    pub n_turns: usize,
    /// Compare by factors; for figures that are never 0 and whose swings grow with their level.
    pub is_relative: bool,
    /// Robust standard deviations beyond which a day is an anomaly.
    pub z: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self { period: 7, n_turns: 8, is_relative: false, z: 4.0 }
    }
}

/// What is said of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Within limits.
    Ordinary,
    /// Above them.
    High,
    /// Below them.
    Low,
    /// Too few days of its kind before it, or no figure.
    Unknown,
}

/// A day judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Judgement {
    /// What is said.
    pub verdict: Verdict,
    /// What was to be expected; NaN where unknown, as all that follows.
    pub expected: f64,
    /// Lower limit of what is ordinary.
    pub low: f64,
    /// Upper limit.
    pub high: f64,
    /// Distance from what was expected, in robust standard deviations.
    pub z: f64,
    /// Probability of such a distance in either direction, were distances normal.
    pub p: f64,
}

const UNKNOWN: Judgement = Judgement {
    verdict: Verdict::Unknown,
    expected: f64::NAN,
    low: f64::NAN,
    high: f64::NAN,
    z: f64::NAN,
    p: f64::NAN,
};

/// Turns of the pattern without which nothing is judged.
const MIN_TURNS: usize = 4;

/// Judges each day by those before it: expected is the median of the same weekdays, moved by the median distance of the last
/// turn from theirs (the level of late); spread is the median absolute deviation of such distances.
///
/// Days of a kind other than 0 (a holiday, a festival: one number each) are compared with earlier days of their kind, as
/// distances from what an ordinary day would have been, and with the spread of ordinary days; they enter no ordinary day's
/// expectation. A day that was judged an anomaly stays in the past: medians bear it, and a new level is learnt.
///
/// **Shape**: `kinds` is as long as `values`, or empty for ordinary days alone; gaps are NaN.
pub fn judge(values: &[f64], kinds: &[u32], options: &Options) -> Vec<Judgement> {
    let period = options.period.max(1);
    let n_turns = options.n_turns.max(MIN_TURNS);
    let kind = |at: usize| kinds.get(at).copied().unwrap_or(0);
    let scaled: Vec<f64> = values
        .iter()
        .map(|value| {
            if !options.is_relative {
                *value
            } else if *value > 0.0 {
                value.ln()
            } else {
                f64::NAN
            }
        })
        .map(|value| if value.is_finite() { value } else { f64::NAN })
        .collect();
    // Distance of each day from the median of its weekday before it.
    let mut distances = vec![f64::NAN; values.len()];
    let mut judgements = Vec::with_capacity(values.len());
    for at in 0..values.len() {
        let same: Vec<f64> = (1..=n_turns)
            .map_while(|turn| at.checked_sub(turn * period))
            .filter(|before| kind(*before) == 0 && !scaled[*before].is_nan())
            .map(|before| scaled[before])
            .collect();
        let pattern = median(&same);
        distances[at] = scaled[at] - pattern;
        let first = at.saturating_sub(n_turns * period);
        let ordinary: Vec<f64> = (first..at)
            .filter(|before| kind(*before) == 0 && !distances[*before].is_nan())
            .map(|before| distances[before])
            .collect();
        if same.len() < MIN_TURNS || ordinary.len() < (MIN_TURNS * period).max(12) || scaled[at].is_nan() {
            judgements.push(UNKNOWN);
            continue;
        }
        let late: Vec<f64> = ordinary[ordinary.len() - period.max(5).min(ordinary.len())..].to_vec();
        let mut shift = median(&late);
        if kind(at) != 0 {
            let alike: Vec<f64> = (0..at)
                .filter(|before| kind(*before) == kind(at) && !distances[*before].is_nan())
                .map(|before| distances[before])
                .collect();
            if alike.is_empty() {
                judgements.push(UNKNOWN);
                continue;
            }
            shift = median(&alike);
        }
        let expected = pattern + shift;
        // Figures that hardly ever move still need a scale.
        let least = 1e-9 * (1.0 + pattern.abs());
        let spread = spread(&ordinary).max(least);
        let z = (scaled[at] - expected) / spread;
        let back = |value: f64| if options.is_relative { value.exp() } else { value };
        let verdict = if z.abs() <= options.z {
            Verdict::Ordinary
        } else if z > 0.0 {
            Verdict::High
        } else {
            Verdict::Low
        };
        judgements.push(Judgement {
            verdict,
            expected: back(expected),
            low: back(expected - options.z * spread),
            high: back(expected + options.z * spread),
            z,
            p: normal_beyond(z),
        });
    }
    judgements
}

/// Median absolute deviation as a standard deviation; where more than half are equal, the mean one, which is above nought.
fn spread(distances: &[f64]) -> f64 {
    let robust = deviation(distances);
    if robust > 0.0 {
        return robust;
    }
    let middle = median(distances);
    // Mean absolute deviation of normal numbers is 0.798 of their standard deviation.
    1.253_314_137_315_500_1
        * crate::robust::mean(&distances.iter().map(|value| (value - middle).abs()).collect::<Vec<f64>>())
}
