//! Which model of purchases is used, and how far its counts can be trusted.

use super::fit::{Fit, Model, fit};
use super::history::{History, Problem};

/// A model with its grades.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which model.
    pub model: Model,
    /// Its fit, or why there is none.
    pub fit: Result<Fit, Problem>,
    /// Total of expected purchases in the holdout; `None` without holdout or fit.
    pub holdout_total: Option<f64>,
    /// Mean deviance of the holdout's counts from the expected ones, as for Poisson counts; lower is better.
    pub holdout_deviance: Option<f64>,
    /// Mean absolute error of a customer's count in the holdout.
    pub holdout_error: Option<f64>,
}

/// All models, graded, and the one to use.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the order of [`Model::ALL`].
    pub candidates: Vec<Candidate>,
    /// Position of the best; `None` when none could be fitted.
    pub best: Option<usize>,
}

/// Fits all models and chooses: by deviance in the holdout where there is one, by AIC where two are within half a percent of
/// each other there or there is none.
///
/// **Shape**: `holdout` is the length of the time that followed and, for each history, the purchases of a customer in it.
/// **Errors**: [`Problem::Invalid`] with the length of `histories` when the two do not fit each other.
pub fn choose(histories: &[History], holdout: Option<(f64, &[f64])>, n_threads: usize) -> Result<Choice, Problem> {
    if let Some((time, actual)) = holdout
        && (actual.len() != histories.len() || time.is_nan() || time <= 0.0)
    {
        return Err(Problem::Invalid(histories.len()));
    }
    let candidates: Vec<Candidate> = Model::ALL
        .into_iter()
        .map(|model| {
            let fitted = fit(model, histories, n_threads);
            let graded =
                fitted.as_ref().ok().zip(holdout).map(|(fit, (time, actual))| grade(fit, histories, time, actual));
            Candidate {
                model,
                fit: fitted,
                holdout_total: graded.map(|grades| grades[0]),
                holdout_deviance: graded.map(|grades| grades[1]),
                holdout_error: graded.map(|grades| grades[2]),
            }
        })
        .collect();
    let least = candidates.iter().filter_map(|candidate| candidate.holdout_deviance).fold(f64::INFINITY, f64::min);
    let is_near = |candidate: &&Candidate| candidate.holdout_deviance.is_none_or(|deviance| deviance <= least * 1.005);
    let best = candidates
        .iter()
        .filter(is_near)
        .filter_map(|candidate| candidate.fit.as_ref().ok().map(|fit| (candidate.model, fit.aic())))
        .min_by(|a, b| a.1.total_cmp(&b.1))
        .and_then(|(model, _)| candidates.iter().position(|candidate| candidate.model == model));
    Ok(Choice { candidates, best })
}

fn grade(fit: &Fit, histories: &[History], time: f64, actual: &[f64]) -> [f64; 3] {
    let mut sums = [0.0; 3];
    let mut n = 0.0;
    for (history, actual) in histories.iter().zip(actual) {
        let expected = fit.purchases(history, time).unwrap_or(0.0);
        let floor = expected.max(1e-9);
        let surprise = if *actual > 0.0 { actual * (actual / floor).ln() } else { 0.0 };
        sums[0] += history.weight * expected;
        sums[1] += history.weight * 2.0 * (surprise - (actual - expected));
        sums[2] += history.weight * (actual - expected).abs();
        n += history.weight;
    }
    [sums[0], sums[1] / n, sums[2] / n]
}

/// Expected beside actual purchases of the customers with some frequency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calibration {
    /// Repeat purchases before; the last row holds this many and more.
    pub frequency: u32,
    /// Customers.
    pub n_customers: f64,
    /// Mean of expected purchases.
    pub expected: f64,
    /// Mean of actual ones.
    pub actual: f64,
}

/// Calibration by frequency, frequencies from `last` on together; frequencies that nobody has are left out.
///
/// **Shape**: `actual` holds a number for each history, the purchases in the `time` that followed; excess on either side is
/// not looked at.
pub fn calibration(fit: &Fit, histories: &[History], time: f64, actual: &[f64], last: u32) -> Vec<Calibration> {
    let last = last.min(1_000);
    let mut sums = vec![[0.0; 3]; last as usize + 1];
    for (history, actual) in histories.iter().zip(actual) {
        let Some(expected) = fit.purchases(history, time) else { continue };
        let row = &mut sums[history.frequency.min(last) as usize];
        row.iter_mut().zip([1.0, expected, *actual]).for_each(|(sum, part)| *sum += history.weight * part);
    }
    (0..)
        .zip(sums)
        .filter(|(_, [n, ..])| *n > 0.0)
        .map(|(frequency, [n, expected, actual])| Calibration {
            frequency,
            n_customers: n,
            expected: expected / n,
            actual: actual / n,
        })
        .collect()
}
