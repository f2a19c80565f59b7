//! How good probabilities and their order are.

use crate::special::reach;

/// A figure with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Grades of probabilities against what happened, intervals of one level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grades {
    /// Rows.
    pub n: usize,
    /// Rows in which it happened.
    pub n_positive: usize,
    /// Chance that a positive row ranks above a negative one.
    pub auc: Interval,
    /// Mean precision over the positive rows.
    pub average_precision: f64,
    /// Mean squared error.
    pub brier: Interval,
    /// Mean negative log-likelihood.
    pub log_loss: Interval,
    /// Mean distance of said and true share over ten bins of equal width, weighted by rows.
    pub calibration_error: f64,
    /// Share of positives in the top tenth over the share in all.
    pub lift: f64,
    /// Mean of the probabilities, to be held against `n_positive / n`.
    pub mean_probability: f64,
}

impl Grades {
    /// Grades probabilities; `None` when lengths differ, an outcome lacks, or a probability is none.
    pub fn new(probabilities: &[f64], labels: &[bool], level: f64) -> Option<Self> {
        if !probabilities.iter().all(|p| (0.0..=1.0).contains(p)) {
            return None;
        }
        let auc = auc(probabilities, labels, level)?;
        let n = labels.len();
        let pairs = || probabilities.iter().zip(labels);
        let squared = |(p, label): (&f64, &bool)| (p - f64::from(u8::from(*label))).powi(2);
        // A certainty that fails costs much, not everything.
        let surprise = |(p, label): (&f64, &bool)| -(if *label { *p } else { 1.0 - p }).max(1e-15).ln();
        let bins = reliability(probabilities, labels, 10);
        let error: f64 = bins.iter().map(|bin| bin.n as f64 * (bin.mean_probability - bin.share).abs()).sum();
        Some(Self {
            n,
            n_positive: labels.iter().filter(|label| **label).count(),
            auc,
            average_precision: average_precision(probabilities, labels),
            brier: mean(pairs().map(squared), level),
            log_loss: mean(pairs().map(surprise), level),
            calibration_error: error / n as f64,
            lift: lift(probabilities, labels, 0.1),
            mean_probability: probabilities.iter().sum::<f64>() / n as f64,
        })
    }
}

fn mean(values: impl Iterator<Item = f64> + Clone, level: f64) -> Interval {
    let n = values.clone().count() as f64;
    let value = values.clone().sum::<f64>() / n;
    let variance = values.map(|each| (each - value).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
    let half = reach(level) * (variance / n).sqrt();
    Interval { value, low: value - half, high: value + half }
}

/// Positions by falling score, in runs of equal ones.
fn falling(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

/// Of each row, the share of the other outcome that it is ranked right against; ties count half.
fn placements(scores: &[f64], labels: &[bool]) -> Vec<f64> {
    let order = falling(scores);
    let n_positive = labels.iter().filter(|label| **label).count() as f64;
    let n_negative = labels.len() as f64 - n_positive;
    let mut shares = vec![0.0; scores.len()];
    let (mut positives, mut negatives) = (0.0, 0.0);
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let n = tie.iter().filter(|at| labels[**at]).count() as f64;
        let n_other = tie.len() as f64 - n;
        for at in tie {
            shares[*at] = if labels[*at] {
                1.0 - (negatives + n_other / 2.0) / n_negative
            } else {
                (positives + n / 2.0) / n_positive
            };
        }
        positives += n;
        negatives += n_other;
    }
    shares
}

/// Area under the ROC curve with DeLong's interval, taken on log-odds so that it stays within 0 and 1; `None` when lengths
/// differ, an outcome lacks, or a score is not a number.
///
/// **Source**: DeLong, DeLong and Clarke-Pearson 1988; Sun and Xu 2014 for the ranks.
pub fn auc(scores: &[f64], labels: &[bool], level: f64) -> Option<Interval> {
    let n_positive = labels.iter().filter(|label| **label).count();
    if scores.len() != labels.len()
        || n_positive == 0
        || n_positive == labels.len()
        || scores.iter().any(|s| s.is_nan())
    {
        return None;
    }
    let shares = placements(scores, labels);
    let of =
        |label: bool| shares.iter().zip(labels).filter(move |(_, other)| **other == label).map(|(share, _)| *share);
    let value = of(true).sum::<f64>() / n_positive as f64;
    let variance = |label: bool, n: usize| {
        let spread = of(label).map(|share| (share - value).powi(2)).sum::<f64>();
        spread / (n as f64 - 1.0).max(1.0) / n as f64
    };
    let error = (variance(true, n_positive) + variance(false, labels.len() - n_positive)).sqrt();
    if value <= 0.0 || value >= 1.0 {
        return Some(Interval { value, low: value, high: value });
    }
    let half = reach(level) * error / (value * (1.0 - value));
    let centre = (value / (1.0 - value)).ln();
    Some(Interval { value, low: super::probability(centre - half), high: super::probability(centre + half) })
}

/// Area under precision by recall, as a sum over steps of recall; equal scores are one step. 0 without positives.
pub fn average_precision(scores: &[f64], labels: &[bool]) -> f64 {
    let n = scores.len().min(labels.len());
    let order = falling(&scores[..n]);
    let n_positive = labels[..n].iter().filter(|label| **label).count() as f64;
    let (mut seen, mut positives, mut sum) = (0.0, 0.0, 0.0);
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let more = tie.iter().filter(|at| labels[**at]).count() as f64;
        seen += tie.len() as f64;
        positives += more;
        sum += more * positives / seen;
    }
    if n_positive > 0.0 { sum / n_positive } else { 0.0 }
}

/// Share of positives in the top `share` of rows over their share in all; rows tied at the edge count in proportion. 0
/// without positives.
pub fn lift(scores: &[f64], labels: &[bool], share: f64) -> f64 {
    let n = scores.len().min(labels.len());
    let order = falling(&scores[..n]);
    let room = (n as f64 * share.clamp(0.0, 1.0)).max(f64::MIN_POSITIVE);
    let (mut left, mut positives) = (room, 0.0);
    for tie in order.chunk_by(|a, b| scores[*a] == scores[*b]) {
        let taken = left.min(tie.len() as f64);
        positives += taken * tie.iter().filter(|at| labels[**at]).count() as f64 / tie.len() as f64;
        left -= taken;
        if left <= 0.0 {
            break;
        }
    }
    let n_positive = labels[..n].iter().filter(|label| **label).count() as f64;
    if n_positive > 0.0 { positives / room / (n_positive / n as f64) } else { 0.0 }
}

/// One bin of a reliability chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bin {
    /// Rows.
    pub n: usize,
    /// Mean of what was said.
    pub mean_probability: f64,
    /// Share in which it happened.
    pub share: f64,
}

/// Said beside true shares, in bins of equal width; empty bins are left out.
pub fn reliability(probabilities: &[f64], labels: &[bool], n_bins: usize) -> Vec<Bin> {
    let n_bins = n_bins.clamp(1, 1_000);
    let mut sums = vec![(0_usize, 0.0, 0_usize); n_bins];
    for (p, label) in probabilities.iter().zip(labels) {
        let bin = &mut sums[((p * n_bins as f64) as usize).min(n_bins - 1)];
        *bin = (bin.0 + 1, bin.1 + p, bin.2 + usize::from(*label));
    }
    sums.into_iter()
        .filter(|(n, ..)| *n > 0)
        .map(|(n, sum, positives)| Bin { n, mean_probability: sum / n as f64, share: positives as f64 / n as f64 })
        .collect()
}
