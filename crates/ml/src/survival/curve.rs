//! Curves of those for whom it has not happened yet, and whether they differ.

use super::Span;
use crate::special::{chi_squared_above, reach};

/// The curve from one time on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// From this time on.
    pub time: f64,
    /// Looked at just before.
    pub n_at_risk: f64,
    /// To whom it happened then.
    pub n_events: f64,
    /// Share of those to whom it has not happened.
    pub share: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Kaplan and Meier's curve: a step for each time at which it happened; spans that are not valid are left out.
///
/// **Source**: Kaplan and Meier 1958; Greenwood's variance, on the scale of `ln(-ln)` so that intervals stay within 0 and 1
/// (Kalbfleisch and Prentice 1980).
pub fn kaplan_meier(spans: &[Span], level: f64) -> Vec<Step> {
    let mut sorted: Vec<Span> = spans.iter().copied().filter(Span::is_valid).collect();
    sorted.sort_unstable_by(|a, b| a.time.total_cmp(&b.time));
    let mut at_risk = sorted.len() as f64;
    let (mut share, mut greenwood) = (1.0_f64, 0.0);
    let z = reach(level);
    let mut steps = Vec::new();
    for tie in sorted.chunk_by(|a, b| a.time == b.time) {
        let n_events = tie.iter().filter(|span| span.is_event).count() as f64;
        if n_events > 0.0 {
            share *= 1.0 - n_events / at_risk;
            greenwood += n_events / (at_risk * (at_risk - n_events));
            let spread = (z * greenwood.sqrt() / share.ln().abs()).exp();
            let (low, high) = if share > 0.0 && share < 1.0 {
                (share.powf(spread), share.powf(1.0 / spread))
            } else {
                // Nobody is left: the variance is not known.
                (0.0, steps.last().map_or(1.0, |step: &Step| step.high))
            };
            steps.push(Step { time: tie[0].time, n_at_risk: at_risk, n_events, share, low, high });
        }
        at_risk -= tie.len() as f64;
    }
    steps
}

/// The time by which it has happened to a share; `None` when it happens to fewer.
pub fn quantile(steps: &[Step], share: f64) -> Option<f64> {
    steps.iter().find(|step| step.share <= 1.0 - share + 1e-12).map(|step| step.time)
}

/// Whether curves differ.
#[derive(Clone, Debug, PartialEq)]
pub struct LogRank {
    /// Chi-squared with one degree of freedom less than groups.
    pub statistic: f64,
    /// Probability of such a difference, or a larger one, by chance.
    pub p: f64,
    /// By group: how often it happened, and how often it would have if all were alike.
    pub observed_and_expected: Vec<(f64, f64)>,
}

/// The log-rank test of groups; `None` for fewer than two groups with spans, or when it never happened.
///
/// **Source**: Mantel 1966; Peto and Peto 1972.
pub fn log_rank(groups: &[&[Span]]) -> Option<LogRank> {
    let mut all: Vec<(Span, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, spans)| spans.iter().filter(|span| span.is_valid()).map(move |span| (*span, group)))
        .collect();
    all.sort_unstable_by(|a, b| a.0.time.total_cmp(&b.0.time));
    let k = groups.len();
    let mut at_risk = vec![0.0; k];
    all.iter().for_each(|(_, group)| at_risk[*group] += 1.0);
    let present: Vec<usize> = (0..k).filter(|group| at_risk[*group] > 0.0).collect();
    if present.len() < 2 {
        return None;
    }
    let mut sums = vec![(0.0, 0.0); k];
    // Of all groups but the last, whose counts follow from the others.
    let m = present.len() - 1;
    let mut covariance = vec![0.0; m * m];
    for tie in all.chunk_by(|a, b| a.0.time == b.0.time) {
        let n: f64 = at_risk.iter().sum();
        let events = tie.iter().filter(|(span, _)| span.is_event).count() as f64;
        for (span, group) in tie {
            sums[*group].0 += f64::from(u8::from(span.is_event));
        }
        for group in 0..k {
            sums[group].1 += events * at_risk[group] / n;
        }
        if n > 1.0 {
            let factor = events * (n - events) / (n - 1.0) / n;
            for i in 0..m {
                for j in 0..m {
                    let own = if i == j { at_risk[present[i]] } else { 0.0 };
                    covariance[i * m + j] += factor * (own - at_risk[present[i]] * at_risk[present[j]] / n);
                }
            }
        }
        for (_, group) in tie {
            at_risk[*group] -= 1.0;
        }
    }
    let factor = crate::linear::cholesky(covariance, m)?;
    let difference: Vec<f64> = present[..m].iter().map(|group| sums[*group].0 - sums[*group].1).collect();
    let mut solved = difference.clone();
    crate::linear::solve(&factor, m, &mut solved);
    let statistic: f64 = solved.iter().zip(&difference).map(|(a, b)| a * b).sum();
    Some(LogRank { statistic, p: chi_squared_above(statistic, m as f64), observed_and_expected: sums })
}
