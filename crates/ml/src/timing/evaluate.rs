//! What another policy would have brought.

use crate::special::reach;

/// A send with what came of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Logged {
    /// Probability by which its moment was drawn; `None` where it was not drawn (a person chose, or a rule).
    pub propensity: Option<f64>,
    /// Probability by which the other policy would have drawn the same moment.
    pub probability: f64,
    /// What it brought: 1 for an answer, or money.
    pub outcome: f64,
}

/// A mean with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// Mean of a send.
    pub value: f64,
    /// Interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// What is known of the other policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evaluation {
    /// What drawn sends brought as they were.
    pub logged: Estimate,
    /// Inverse propensity: right on average, wild where weights are.
    pub ips: Estimate,
    /// The same, divided by the sum of weights: a little off with few sends, calmer.
    pub snips: Estimate,
    /// As many sends of the other policy as the drawn ones are worth.
    pub n_effective: f64,
    /// Drawn sends.
    pub n_drawn: usize,
    /// Sends that were not drawn, and say nothing here.
    pub n_left_out: usize,
}

/// Judges another policy by sends that were drawn; `None` without at least two of them, when a propensity is not above 0 or
/// above 1, or what is given is no number.
///
/// **Source**: Horvitz and Thompson 1952; Swaminathan and Joachims 2015 for the self-normalised one, interval by the delta
/// method.
pub fn evaluate(sends: &[Logged], level: f64) -> Option<Evaluation> {
    let is_sound = |send: &Logged| {
        send.propensity.is_none_or(|p| p > 0.0 && p <= 1.0)
            && (0.0..=1.0).contains(&send.probability)
            && send.outcome.is_finite()
    };
    if !sends.iter().all(is_sound) {
        return None;
    }
    let mut drawn: Vec<(f64, f64)> =
        sends.iter().filter_map(|send| Some((send.probability / send.propensity?, send.outcome))).collect();
    if drawn.len() < 2 {
        return None;
    }
    // Sums do not depend on the order of sends.
    drawn.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let n = drawn.len() as f64;
    let z = reach(level);
    let around = |value: f64, variance: f64| {
        let error = (variance / n).sqrt();
        Estimate { value, low: value - z * error, high: value + z * error }
    };
    let mean_of = |of: &dyn Fn(f64, f64) -> f64| drawn.iter().map(|(w, y)| of(*w, *y)).sum::<f64>() / n;
    let spread = |mean: f64, of: &dyn Fn(f64, f64) -> f64| mean_of(&|w, y| (of(w, y) - mean).powi(2)) * n / (n - 1.0);
    let logged = mean_of(&|_, y| y);
    let ips = mean_of(&|w, y| w * y);
    let weight = mean_of(&|w, _| w);
    let snips = if weight > 0.0 { ips / weight } else { f64::NAN };
    let of_snips = |w: f64, y: f64| w * (y - snips) / weight;
    let squares = mean_of(&|w, _| w * w);
    Some(Evaluation {
        logged: around(logged, spread(logged, &|_, y| y)),
        ips: around(ips, spread(ips, &|w, y| w * y)),
        snips: around(snips, spread(0.0, &of_snips)),
        n_effective: if squares > 0.0 { n * weight * weight / squares } else { 0.0 },
        n_drawn: drawn.len(),
        n_left_out: sends.len() - drawn.len(),
    })
}
