//! Maximum likelihood of the three models.

use super::history::{History, MIN_REPEATERS, Problem, grouped};
use super::{geometric, pareto};
use crate::minimise::{Slope, bfgs, inverse_hessian};
use crate::parallel;
use crate::special::reach;

/// How purchases and departures are thought to come about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Model {
    /// Beta-geometric/NBD: r, α, a, b; who bought once is alive.
    BgNbd,
    /// Modified beta-geometric/NBD: r, α, a, b; the first purchase may have been the last.
    MbgNbd,
    /// Pareto/NBD: r, α, s, β; customers leave at any time.
    ParetoNbd,
}

impl Model {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::BgNbd, Self::MbgNbd, Self::ParetoNbd];

    /// Its name as it is written in papers.
    pub fn name(self) -> &'static str {
        match self {
            Self::BgNbd => "BG/NBD",
            Self::MbgNbd => "MBG/NBD",
            Self::ParetoNbd => "Pareto/NBD",
        }
    }

    /// Names of its parameters, in their order.
    pub fn parameter_names(self) -> [&'static str; 4] {
        match self {
            Self::BgNbd | Self::MbgNbd => ["r", "alpha", "a", "b"],
            Self::ParetoNbd => ["r", "alpha", "s", "beta"],
        }
    }

    /// 1 where the first purchase may be the last.
    pub(super) fn first(self) -> f64 {
        if self == Self::MbgNbd { 1.0 } else { 0.0 }
    }

    /// Rows of one range of parallel work; sums of ranges do not depend on the threads. An integral for each row is worth a
    /// thread sooner.
    fn range(self) -> usize {
        if self == Self::ParetoNbd { 256 } else { 4_096 }
    }

    fn log_likelihood(self, rows: &[History], logs: &[f64; 4]) -> Slope<4> {
        match self {
            Self::BgNbd | Self::MbgNbd => geometric::log_likelihood(rows, self.first(), logs),
            Self::ParetoNbd => pareto::log_likelihood(rows, logs),
        }
    }
}

/// A value with the interval that the uncertainty of the parameters leaves; it does not hold what chance adds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The value at the most likely parameters.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A fitted model of purchases.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Which model.
    pub model: Model,
    /// In the order of [`Model::parameter_names`]; α and β in units of time.
    pub parameters: [f64; 4],
    /// Natural logarithm of the likelihood of all customers.
    pub log_likelihood: f64,
    /// Customers it was fitted to.
    pub n_customers: f64,
    /// Covariance of the logarithms of the parameters by observed information; `None` when the likelihood is flat.
    pub covariance: Option<[[f64; 4]; 4]>,
}

/// Fits a model by maximum likelihood, from several starts.
///
/// **Errors**: [`Problem`].
pub fn fit(model: Model, histories: &[History], n_threads: usize) -> Result<Fit, Problem> {
    let rows = grouped(histories)?;
    let repeaters: f64 = rows.iter().filter(|row| row.frequency > 0).map(|row| row.weight).sum();
    if repeaters < MIN_REPEATERS {
        return Err(Problem::TooFewRepeaters);
    }
    let n_customers: f64 = rows.iter().map(|row| row.weight).sum();
    // Time in units of its mean, so that starts fit days and weeks alike.
    let unit = rows.iter().map(|row| row.weight * row.age).sum::<f64>() / n_customers;
    let scaled: Vec<History> =
        rows.iter().map(|row| History { recency: row.recency / unit, age: row.age / unit, ..*row }).collect();
    let objective = |logs: &[f64; 4]| {
        let ranges = parallel::map(
            scaled.len(),
            model.range(),
            n_threads,
            || (),
            |(), range| model.log_likelihood(&scaled[range], logs),
        );
        let mut sum = (0.0, [0.0; 4]);
        for (value, slope) in ranges {
            sum.0 -= value / n_customers;
            sum.1.iter_mut().zip(slope).for_each(|(sum, part)| *sum -= part / n_customers);
        }
        sum
    };
    let mut starts = [[0.5, 0.2, 1.0, 1.5], [1.0, 1.0, 0.5, 5.0], [3.0, 2.0, 0.2, 0.5]].map(|start: [f64; 4]| {
        let logs = start.map(f64::ln);
        (objective(&logs).0, logs)
    });
    starts.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Two ways down guard against a local minimum; the third start is for data on which one of them fails.
    let mut found: Vec<_> = Vec::new();
    for (_, start) in starts {
        found.extend(bfgs(start, objective));
        if found.len() == 2 {
            break;
        }
    }
    let best = found.into_iter().min_by(|a, b| a.value.total_cmp(&b.value)).ok_or(Problem::NotConverged)?;
    let mut parameters = best.at.map(f64::exp);
    parameters[1] *= unit;
    if model == Model::ParetoNbd {
        parameters[3] *= unit;
    }
    let mut covariance = inverse_hessian(&best.at, objective);
    covariance.iter_mut().flatten().flatten().for_each(|value| *value /= n_customers);
    // Densities of repeat purchases per unit of time, in the caller's unit.
    let n_repeats: f64 = rows.iter().map(|row| row.weight * f64::from(row.frequency)).sum();
    let log_likelihood = -best.value * n_customers - n_repeats * unit.ln();
    Ok(Fit { model, parameters, log_likelihood, n_customers, covariance })
}

impl Fit {
    /// Akaike's criterion; lower is better.
    pub fn aic(&self) -> f64 {
        8.0 - 2.0 * self.log_likelihood
    }

    /// A parameter with its interval of a level (0.95); `None` without information, or such a parameter.
    pub fn parameter(&self, at: usize, level: f64) -> Option<Estimate> {
        let value = *self.parameters.get(at)?;
        let spread = (reach(level) * self.covariance.as_ref()?[at][at].sqrt()).exp();
        Some(Estimate { value, low: value / spread, high: value * spread })
    }

    /// Whatever is worked out from a fit, with the interval that its parameters leave, by the delta method; a value above 0
    /// keeps its interval above 0. `None` without information.
    pub fn estimate(&self, level: f64, of: impl Fn(&Self) -> f64) -> Option<Estimate> {
        let covariance = self.covariance.as_ref()?;
        let value = of(self);
        let mut slope = [0.0; 4];
        for (at, slope) in slope.iter_mut().enumerate() {
            let step = 1e-4_f64;
            let mut beside = self.clone();
            beside.parameters[at] = self.parameters[at] * step.exp();
            let above = of(&beside);
            beside.parameters[at] = self.parameters[at] * (-step).exp();
            *slope = (above - of(&beside)) / (2.0 * step);
        }
        let mut variance = 0.0;
        for i in 0..4 {
            for j in 0..4 {
                variance += slope[i] * covariance[i][j] * slope[j];
            }
        }
        let error = reach(level) * variance.max(0.0).sqrt();
        Some(if value > 0.0 {
            let spread = (error / value).exp();
            Estimate { value, low: value / spread, high: value * spread }
        } else {
            Estimate { value, low: value - error, high: value + error }
        })
    }
}
