//! What the next steps add up to, and how probable it is that they reach a number.

use super::methods::{Kinds, Method};
use super::series::Series;
use crate::special::{student_beyond, student_reach};

/// The sum of the next steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Total {
    /// What is expected.
    pub mean: f64,
    /// Typical error of such sums: of the logarithm where `is_factor`, else in the unit of the series.
    pub error: f64,
    /// Whether errors grow with the sum.
    pub is_factor: bool,
    /// Degrees of freedom of the error: points in time whose steps do not overlap, 2 at least.
    pub freedom: f64,
    /// Points in time that it was tried from.
    pub n_origins: usize,
}

/// Points in time that sums are tried from.
const N_ORIGINS: usize = 12;
/// Of them at least.
const LEAST_ORIGINS: usize = 4;
/// Values before the first, without season.
const LEAST_VALUES: usize = 10;

/// The sum of the next `horizon` steps by a method, with its error at earlier points in time: errors of days are not
/// independent, so their intervals do not add up. `None` when there are too few values to try.
///
/// **Shape**: values are finite; `ahead` are the steps as [`super::forecast`] tells them, marked days included.
pub fn total(series: &Series<'_>, method: Method, ahead: &[f64]) -> Option<Total> {
    let (n, horizon) = (series.values.len(), ahead.len());
    let least = LEAST_VALUES.max(if series.period() > 1 { 2 * series.period() + 3 } else { 0 });
    let step = horizon.div_ceil(2).max(1);
    let mut kinds = Kinds::default();
    let mut tried: Vec<(f64, f64)> = Vec::new();
    let origins = (0..N_ORIGINS).filter_map(|k| n.checked_sub(horizon + k * step)).filter(|origin| *origin >= least);
    // The oldest first: what is chosen there is kept for the later ones.
    for origin in origins.collect::<Vec<_>>().into_iter().rev() {
        let known = Series { values: &series.values[..origin], ..*series };
        let said = method.ahead_as(&known, horizon, &mut kinds)?;
        tried.push((said.iter().sum(), series.values[origin..origin + horizon].iter().sum()));
    }
    if horizon == 0 || tried.len() < LEAST_ORIGINS {
        return None;
    }
    let mean: f64 = ahead.iter().sum();
    let is_factor = mean > 0.0 && tried.iter().all(|(said, came)| *said > 0.0 && *came > 0.0);
    let error = |(said, came): &(f64, f64)| if is_factor { (came / said).ln() } else { came - said };
    let square: f64 = tried.iter().map(|pair| error(pair).powi(2)).sum::<f64>() / tried.len() as f64;
    let span = (tried.len() - 1) * step + horizon;
    let freedom = ((span / horizon) as f64).max(2.0);
    Some(Total { mean, error: square.sqrt(), is_factor, freedom, n_origins: tried.len() })
}

impl Total {
    /// Ends between which the sum is with some probability.
    ///
    /// **Source**: Student's distribution of errors about nought.
    pub fn range(&self, level: f64) -> (f64, f64) {
        let reach = student_reach(level, self.freedom) * self.error;
        if self.is_factor {
            (self.mean * (-reach).exp(), self.mean * reach.exp())
        } else {
            (self.mean - reach, self.mean + reach)
        }
    }

    /// Probability that the sum is at least a number.
    pub fn chance_of(&self, least: f64) -> f64 {
        if self.is_factor && least <= 0.0 {
            return 1.0;
        }
        let distance = if self.is_factor { (least / self.mean).ln() } else { least - self.mean };
        if self.error == 0.0 {
            return f64::from(u8::from(distance <= 0.0));
        }
        let beyond = student_beyond(distance / self.error, self.freedom) / 2.0;
        if distance > 0.0 { beyond } else { 1.0 - beyond }
    }
}
