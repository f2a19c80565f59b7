//! How many people a comparison takes.

use crate::special::normal_quantile;

/// How a comparison is to be made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Design {
    /// Level of the test, 0.95.
    pub level: f64,
    /// Chance to find a difference that is there, 0.8.
    pub power: f64,
    /// Share of all who are treated, 0.5.
    pub treated_share: f64,
}

impl Default for Design {
    fn default() -> Self {
        Self { level: 0.95, power: 0.8, treated_share: 0.5 }
    }
}

impl Design {
    fn is_sound(&self) -> bool {
        [self.level, self.power, self.treated_share].iter().all(|share| *share > 0.0 && *share < 1.0)
    }

    /// Quantiles of the two-sided test and of the power.
    fn quantiles(&self) -> (f64, f64) {
        (normal_quantile(0.5 + self.level / 2.0), normal_quantile(self.power))
    }
}

/// People of control and treated arm to tell two shares apart; `None` when there is nothing to tell apart or something is out
/// of range.
///
/// **Source**: Fleiss, Levin and Paik 2003, without correction for continuity.
pub fn people_for_rates(control: f64, treated: f64, design: &Design) -> Option<[u64; 2]> {
    let is_share = |share: f64| (0.0..=1.0).contains(&share);
    if !design.is_sound() || !is_share(control) || !is_share(treated) || control == treated {
        return None;
    }
    let (a, b) = design.quantiles();
    let q = design.treated_share;
    let pooled = (1.0 - q) * control + q * treated;
    let none = a * (pooled * (1.0 - pooled) / (q * (1.0 - q))).sqrt();
    let some = b * (control * (1.0 - control) / (1.0 - q) + treated * (1.0 - treated) / q).sqrt();
    let total = ((none + some) / (treated - control)).powi(2);
    Some([(total * (1.0 - q)).ceil() as u64, (total * q).ceil() as u64])
}

/// People of control and treated arm to find a difference of means where outcomes have a standard deviation; `None` as
/// [`people_for_rates`].
pub fn people_for_means(difference: f64, deviation: f64, design: &Design) -> Option<[u64; 2]> {
    let is_sound = design.is_sound() && difference.is_finite() && difference != 0.0 && deviation > 0.0;
    let (a, b) = design.quantiles();
    let q = design.treated_share;
    let total = ((a + b) * deviation / difference).powi(2) / (q * (1.0 - q));
    (is_sound && total.is_finite()).then(|| [(total * (1.0 - q)).ceil() as u64, (total * q).ceil() as u64])
}

/// The smallest share of the treated above the control's that so many people in all find; `None` when not even certainty
/// would be found.
pub fn detectable_rate(control: f64, n_people: u64, design: &Design) -> Option<f64> {
    let needed =
        |treated: f64| people_for_rates(control, treated, design).map_or(u64::MAX, |[a, b]| a.saturating_add(b));
    if needed(1.0) > n_people {
        return None;
    }
    let (mut low, mut high) = (control, 1.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if needed(middle) > n_people {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(high)
}
