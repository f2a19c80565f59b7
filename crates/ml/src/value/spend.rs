//! Gamma–Gamma: what a purchase is worth, shrunk towards all customers where few are known.
//!
//! **Source**: Fader and Hardie, "The Gamma-Gamma model of monetary value", 2013; Colombo and Jiang 1999.

use super::fit::Estimate;
use super::history::{MIN_REPEATERS, Problem};
use crate::minimise::{Slope, bfgs, inverse_hessian};
use crate::parallel;
use crate::special::{digamma, ln_gamma, reach};

/// Money of a customer, or of several alike.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Money {
    /// Purchases that `mean` is taken over; rows with 0 are not looked at by [`SpendFit`]'s fit.
    pub frequency: u32,
    /// Mean net value of a purchase; above 0.
    pub mean: f64,
    /// How many customers; above 0.
    pub weight: f64,
}

/// A fitted model of spend.
#[derive(Clone, Debug, PartialEq)]
pub struct SpendFit {
    /// p, q and v; v in the unit of money.
    pub parameters: [f64; 3],
    /// Natural logarithm of the likelihood.
    pub log_likelihood: f64,
    /// Customers it was fitted to.
    pub n_customers: f64,
    /// Covariance of the logarithms of the parameters; `None` when the likelihood is flat.
    pub covariance: Option<[[f64; 3]; 3]>,
    /// Correlation of frequency and mean; the model takes it for 0, above 0.3 it misleads.
    pub correlation: f64,
}

/// The model of spend.
pub struct Spend;

impl Spend {
    /// Fits by maximum likelihood to customers with purchases.
    ///
    /// **Errors**: [`Problem::Invalid`] for a row whose mean is not above 0 (net refunds first), [`Problem::TooFewRepeaters`],
    /// [`Problem::NotConverged`].
    pub fn fit(customers: &[Money], n_threads: usize) -> Result<SpendFit, Problem> {
        let is_valid = |row: &Money| {
            row.frequency == 0 || (row.mean.is_finite() && row.mean > 0.0 && row.weight.is_finite() && row.weight > 0.0)
        };
        if let Some(at) = customers.iter().position(|row| !is_valid(row)) {
            return Err(Problem::Invalid(at));
        }
        let mut rows: Vec<Money> = customers.iter().filter(|row| row.frequency > 0).copied().collect();
        rows.sort_unstable_by_key(|row| (row.frequency, row.mean.to_bits(), row.weight.to_bits()));
        let n_customers: f64 = rows.iter().map(|row| row.weight).sum();
        if n_customers < MIN_REPEATERS {
            return Err(Problem::TooFewRepeaters);
        }
        let correlation = correlation(&rows, n_customers);
        // Money in units of its mean.
        let unit = rows.iter().map(|row| row.weight * row.mean).sum::<f64>() / n_customers;
        rows.iter_mut().for_each(|row| row.mean /= unit);
        let objective = |logs: &[f64; 3]| {
            let ranges =
                parallel::map(rows.len(), 4_096, n_threads, || (), |(), range| log_likelihood(&rows[range], logs));
            let mut sum = (0.0, [0.0; 3]);
            for (value, slope) in ranges {
                sum.0 -= value / n_customers;
                sum.1.iter_mut().zip(slope).for_each(|(sum, part)| *sum -= part / n_customers);
            }
            sum
        };
        let starts = [[4.0, 4.0, 1.0], [1.0, 2.0, 1.0], [20.0, 3.0, 0.2]].map(|start: [f64; 3]| start.map(f64::ln));
        let best = starts
            .into_iter()
            .filter_map(|start| bfgs(start, objective))
            .min_by(|a, b| a.value.total_cmp(&b.value))
            .ok_or(Problem::NotConverged)?;
        let mut parameters = best.at.map(f64::exp);
        parameters[2] *= unit;
        let mut covariance = inverse_hessian(&best.at, objective);
        covariance.iter_mut().flatten().flatten().for_each(|value| *value /= n_customers);
        let log_likelihood = -best.value * n_customers - n_customers * unit.ln();
        Ok(SpendFit { parameters, log_likelihood, n_customers, covariance, correlation })
    }
}

fn correlation(rows: &[Money], n: f64) -> f64 {
    let mean = |of: &dyn Fn(&Money) -> f64| rows.iter().map(|row| row.weight * of(row)).sum::<f64>() / n;
    let x = |row: &Money| f64::from(row.frequency);
    let (mean_x, mean_y) = (mean(&x), mean(&|row| row.mean));
    let covariance = mean(&|row| (x(row) - mean_x) * (row.mean - mean_y));
    let (var_x, var_y) = (mean(&|row| (x(row) - mean_x).powi(2)), mean(&|row| (row.mean - mean_y).powi(2)));
    if var_x * var_y > 0.0 { covariance / (var_x * var_y).sqrt() } else { 0.0 }
}

/// Log-likelihood and its gradient by the logarithms of p, q, v; rows are sorted by frequency.
fn log_likelihood(rows: &[Money], logs: &[f64; 3]) -> Slope<3> {
    let [p, q, v] = logs.map(f64::exp);
    let (ln_gamma_q, psi_q) = (ln_gamma(q), digamma(q));
    let mut known = (0, 0.0, 0.0, 0.0);
    let mut sum = 0.0;
    let mut slope = [0.0; 3];
    for row in rows {
        let x = f64::from(row.frequency);
        if row.frequency != known.0 {
            let psi = digamma(p * x + q);
            known =
                (row.frequency, ln_gamma(p * x + q) - ln_gamma(p * x) - ln_gamma_q, psi - digamma(p * x), psi - psi_q);
        }
        let ln_total = (x * row.mean + v).ln();
        let ln_money = row.mean.ln() + x.ln();
        sum += row.weight * (known.1 + q * logs[2] + p * x * ln_money - row.mean.ln() - (p * x + q) * ln_total);
        let parts = [
            x * (known.2 + ln_money - ln_total),
            known.3 + logs[2] - ln_total,
            q / v - (p * x + q) / (x * row.mean + v),
        ];
        slope.iter_mut().zip(parts).for_each(|(sum, part)| *sum += row.weight * part);
    }
    (sum, [slope[0] * p, slope[1] * q, slope[2] * v])
}

impl SpendFit {
    /// Expected value of a purchase of a customer with `frequency` purchases of this mean; with none it is that of all
    /// customers. `None` when the expectation does not exist (p × frequency + q ≤ 1) or the mean is below 0.
    pub fn expected(&self, frequency: u32, mean: f64) -> Option<f64> {
        let [p, q, v] = self.parameters;
        let x = f64::from(frequency);
        let known = if frequency == 0 { 0.0 } else { x * mean };
        let under = p * x + q - 1.0;
        (under > 1e-9 && known.is_finite() && known >= 0.0).then(|| p * (v + known) / under)
    }

    /// A parameter with its interval of a level (0.95); `None` without information, or such a parameter.
    pub fn parameter(&self, at: usize, level: f64) -> Option<Estimate> {
        let value = *self.parameters.get(at)?;
        let spread = (reach(level) * self.covariance.as_ref()?[at][at].sqrt()).exp();
        Some(Estimate { value, low: value / spread, high: value * spread })
    }
}
