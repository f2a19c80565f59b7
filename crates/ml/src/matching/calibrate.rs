//! Thresholds that follow what people decided about pairs.
//!
//! A model's probabilities come from records alone and may say too much or too little. Where people judged pairs, the
//! log-odds are shifted to what they answered (calibration in the large), held to no change by a prior until there are many.
//! A slope is not learnt: people judge the doubtful pairs, which lie close together.

use super::model::Thresholds;
use crate::chance::probability;

/// Answers that weigh as much as the assumption that probabilities are right.
const PRIOR: f64 = 8.0;
/// Nobody is joined without a person below this, whatever was decided.
const LEAST_JOINED: f64 = 0.8;
const N_STEPS: usize = 50;

/// What people's answers make of probabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Calibration {
    /// Added to the log-odds.
    shift: f64,
}

impl Calibration {
    /// Learns from judged pairs: the probability that the model gave, and whether somebody decided that they are one.
    pub fn fit(pairs: &[(f64, bool)]) -> Self {
        Self { shift: shift(pairs) }
    }

    /// A probability of the model, as answers have it.
    pub fn apply(&self, given: f64) -> f64 {
        probability(logit(given) + self.shift)
    }

    /// The model's thresholds at which pairs are as often one person as `wanted` says.
    pub fn thresholds(&self, wanted: Thresholds) -> Thresholds {
        let raw = |threshold: f64| probability(logit(threshold) - self.shift);
        let automatic = raw(wanted.automatic).clamp(LEAST_JOINED.min(wanted.automatic), 1.0 - 1e-9);
        Thresholds { automatic, review: raw(wanted.review).clamp(0.05, automatic) }
    }
}

fn logit(probability: f64) -> f64 {
    let probability = probability.clamp(1e-9, 1.0 - 1e-9);
    (probability / (1.0 - probability)).ln()
}

/// Offset and slope of the log-odds by Newton's method, with a Gaussian prior around 0 and 1.
/// The shift of the log-odds by Newton's method, with a Gaussian prior around 0.
fn shift(pairs: &[(f64, bool)]) -> f64 {
    let mut shift = 0.0;
    for _ in 0..N_STEPS {
        // First and second derivative of the negative log-posterior.
        let (mut first, mut second) = (PRIOR * shift, PRIOR);
        for (given, is_one) in pairs {
            let said = probability(logit(*given) + shift);
            first += said - f64::from(u8::from(*is_one));
            second += said * (1.0 - said);
        }
        let step: f64 = first / second;
        shift -= step.clamp(-1.0, 1.0);
        if step.abs() < 1e-12 {
            break;
        }
    }
    shift
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(wanted: Thresholds, pairs: &[(f64, bool)]) -> Thresholds {
        Calibration::fit(pairs).thresholds(wanted)
    }

    #[test]
    fn nothing_judged_changes_nothing() {
        let wanted = Thresholds::default();
        let same = judged(wanted, &[]);
        assert!((same.automatic - wanted.automatic).abs() < 1e-12 && (same.review - wanted.review).abs() < 1e-12);
        assert!((Calibration::default().apply(0.3) - 0.3).abs() < 1e-12);
    }

    #[test]
    fn answers_move_the_thresholds_slowly() {
        let wanted = Thresholds::default();
        let said = |n: usize, is_one: bool| vec![(0.9, is_one); n];
        let (one, many) = (judged(wanted, &said(1, false)), judged(wanted, &said(200, false)));
        assert!(wanted.automatic < one.automatic && one.automatic < many.automatic, "{one:?} {many:?}");
        assert!(one.automatic < 0.985 && many.automatic > 0.995, "{one:?} {many:?}");
        let true_ones = judged(wanted, &said(200, true));
        assert!(true_ones.automatic < wanted.automatic && true_ones.automatic >= LEAST_JOINED, "{true_ones:?}");
        assert!(true_ones.review < wanted.review);
        let learnt = Calibration::fit(&said(200, false));
        assert!(learnt.apply(0.9) < 0.2, "{learnt:?}");
        assert!((learnt.apply(many.review) - wanted.review).abs() < 1e-6);
    }

    #[test]
    fn odd_answers_do_no_harm() {
        let pairs = [(0.0, true), (1.0, false), (0.5, true), (f64::MIN_POSITIVE, true)];
        let thresholds = judged(Thresholds { automatic: 1.0, review: 0.2 }, &pairs);
        assert!(thresholds.automatic.is_finite() && thresholds.review <= thresholds.automatic);
    }
}
