//! Logistic regression with ridge.

use super::explain::Explanation;
use super::features::{Features, Problem};
use super::{Predict, probability};
use crate::{linear, parallel};

/// How it is fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogisticOptions {
    /// Ridge on coefficients of standardised features; the intercept is free.
    pub l2: f64,
    /// Never changes the answer.
    pub n_threads: usize,
}

impl Default for LogisticOptions {
    fn default() -> Self {
        Self { l2: 1.0, n_threads: 1 }
    }
}

/// A fitted regression. What is missing counts as the mean.
#[derive(Clone, Debug, PartialEq)]
pub struct Logistic {
    /// Log-odds at the means.
    pub intercept: f64,
    /// By feature, for one unit of it.
    pub coefficients: Vec<f64>,
    /// Means of the features.
    pub means: Vec<f64>,
}

impl Logistic {
    /// Fits by Newton's method with halved steps.
    ///
    /// **Errors**: [`Problem`].
    pub fn fit(features: &Features, labels: &[bool], options: &LogisticOptions) -> Result<Self, Problem> {
        features.check(labels)?;
        let order = features.order(labels);
        let d = features.n_columns;
        let n = order.len();
        let scales: Vec<(f64, f64)> = (0..d)
            .map(|column| {
                let values = || order.iter().map(|row| features.row(*row)[column]).filter(|value| !value.is_nan());
                let n = values().count().max(1) as f64;
                let mean = values().sum::<f64>() / n;
                let variance = values().map(|value| (value - mean).powi(2)).sum::<f64>() / n;
                let deviation = variance.sqrt();
                // A feature that says the same of everybody gets no coefficient.
                (mean, if deviation > 1e-12 * (1.0 + mean.abs()) { 1.0 / deviation } else { 0.0 })
            })
            .collect();
        let standard = |row: usize, cells: &mut [f64]| {
            for ((cell, value), (mean, scale)) in cells.iter_mut().zip(features.row(row)).zip(&scales) {
                *cell = if value.is_nan() { 0.0 } else { (value - mean) * scale };
            }
            cells[d] = 1.0;
        };
        let m = d + 1;
        let l2 = options.l2.max(1e-9);
        let ridge = |at: usize| if at < d { l2 } else { 1e-9 };
        let sum = |weights: &[f64], with_curvature: bool| {
            let ranges = parallel::map(
                n,
                2_048,
                options.n_threads,
                || vec![0.0; m],
                |cells, range| {
                    let mut loss = 0.0;
                    let mut slope = vec![0.0; m];
                    let mut curvature = vec![0.0; if with_curvature { m * m } else { 0 }];
                    for at in range {
                        standard(order[at], cells);
                        let log_odds: f64 = cells.iter().zip(weights).map(|(cell, weight)| cell * weight).sum();
                        let label = f64::from(u8::from(labels[order[at]]));
                        loss += log_odds.max(0.0) + (-log_odds.abs()).exp().ln_1p() - label * log_odds;
                        if !with_curvature {
                            continue;
                        }
                        let p = probability(log_odds);
                        let spread = p * (1.0 - p);
                        for i in 0..m {
                            slope[i] += (p - label) * cells[i];
                            let part = spread * cells[i];
                            if part != 0.0 {
                                let row = &mut curvature[i * m..i * m + i + 1];
                                row.iter_mut().zip(&*cells).for_each(|(sum, cell)| *sum += part * cell);
                            }
                        }
                    }
                    (loss, slope, curvature)
                },
            );
            let mut total = (0.0, vec![0.0; m], vec![0.0; if with_curvature { m * m } else { 0 }]);
            for (loss, slope, curvature) in ranges {
                total.0 += loss;
                total.1.iter_mut().zip(slope).for_each(|(sum, part)| *sum += part);
                total.2.iter_mut().zip(curvature).for_each(|(sum, part)| *sum += part);
            }
            for (at, weight) in weights.iter().enumerate() {
                total.0 += ridge(at) * weight * weight / 2.0;
                total.1[at] += ridge(at) * weight;
                if with_curvature {
                    total.2[at * m + at] += ridge(at);
                }
            }
            total
        };
        let mut weights = vec![0.0; m];
        let n_positive = labels.iter().filter(|label| **label).count() as f64;
        weights[d] = (n_positive / (n as f64 - n_positive)).ln();
        for _ in 0..100 {
            let (loss, slope, curvature) = sum(&weights, true);
            let factor = linear::cholesky(curvature, m).ok_or(Problem::NotConverged)?;
            let mut step = slope.clone();
            linear::solve(&factor, m, &mut step);
            let decrement: f64 = step.iter().zip(&slope).map(|(step, slope)| step * slope).sum();
            let is_done = decrement < 1e-10 * (1.0 + loss);
            let mut length = 1.0;
            loop {
                let next: Vec<f64> = weights.iter().zip(&step).map(|(weight, step)| weight - length * step).collect();
                // The last step is so small that it needs no proof.
                if is_done || sum(&next, false).0 <= loss - 1e-4 * length * decrement {
                    weights = next;
                    break;
                }
                length /= 2.0;
                if length < 1e-9 {
                    return Err(Problem::NotConverged);
                }
            }
            if is_done {
                return Ok(Self {
                    intercept: weights[d],
                    coefficients: weights.iter().zip(&scales).map(|(weight, (_, scale))| weight * scale).collect(),
                    means: scales.iter().map(|(mean, _)| *mean).collect(),
                });
            }
        }
        Err(Problem::NotConverged)
    }

    /// Contributions of features taken as independent: how far from the mean, times the coefficient.
    pub fn explain(&self, row: &[f64]) -> Explanation {
        let part = |at: usize| {
            let value = row.get(at).copied().unwrap_or(f64::NAN);
            if value.is_nan() {
                0.0
            } else {
                self.coefficients[at] * (value - self.means.get(at).copied().unwrap_or(0.0))
            }
        };
        Explanation { base: self.intercept, contributions: (0..self.coefficients.len()).map(part).collect() }
    }
}

impl Predict for Logistic {
    fn n_features(&self) -> usize {
        self.coefficients.len()
    }

    fn log_odds(&self, row: &[f64]) -> f64 {
        let parts = row.iter().zip(&self.coefficients).zip(&self.means);
        let sum: f64 = parts
            .map(|((value, coefficient), mean)| if value.is_nan() { 0.0 } else { coefficient * (value - mean) })
            .sum();
        self.intercept + sum
    }
}
