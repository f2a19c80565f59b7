//! How a budget might be divided among channels.

use super::arms::Problem;
use super::response::{Curve, Response};
use crate::robust::quantile_of_sorted;

/// Least and most that a channel may get each week.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// At least 0.
    pub least: f64,
    /// At least `least`.
    pub most: f64,
}

/// What a channel might get.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spend {
    /// Each week. A channel of which nothing is known keeps what it has.
    pub amount: f64,
    /// What redrawn histories would have proposed, lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// A division of the budget.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// By channel.
    pub spends: Vec<Spend>,
    /// Money for which no channel brings anything, or has room.
    pub unspent: f64,
    /// What it brings each week beside the present division.
    pub gain: f64,
    /// Interval of the gain over redrawn histories.
    pub gain_low: f64,
    /// Upper end.
    pub gain_high: f64,
    /// The interval of the gain is above nought. If not, the present division is as good for all that is known.
    pub is_found: bool,
}

/// Divides a weekly budget so that the last unit of money brings the same in each channel, within bounds.
///
/// **Shape**: present spending and bounds by channel; `level` is that of intervals. Curves are followed no farther than
/// bounds allow: keep those near what was ever spent.
/// **Errors**: [`Problem::Shape`] for other lengths, bounds out of order, or a budget that bounds do not allow.
pub fn propose(
    response: &Response,
    present: &[f64],
    bounds: &[Bounds],
    budget: f64,
    level: f64,
) -> Result<Proposal, Problem> {
    let n = response.curves.len();
    let is_bound = |bounds: &Bounds| bounds.least >= 0.0 && bounds.most >= bounds.least && bounds.most.is_finite();
    let is_sound = present.len() == n
        && bounds.len() == n
        && bounds.iter().all(is_bound)
        && present.iter().all(|money| money.is_finite() && *money >= 0.0)
        && (0.0..1.0).contains(&level);
    let divide = |curves: &[Option<Curve>]| divide(curves, present, bounds, budget);
    let Some(amounts) = divide(&response.curves).filter(|_| is_sound) else { return Err(Problem::Shape) };
    let gain = |curves: &[Option<Curve>]| -> f64 {
        let each = curves.iter().zip(&amounts).zip(present);
        each.map(|((curve, new), old)| curve.map_or(0.0, |curve| curve.brings(*new) - curve.brings(*old))).sum()
    };
    let tails = [(1.0 - level) / 2.0, (1.0 + level) / 2.0];
    let ends = |mut values: Vec<f64>| {
        values.sort_unstable_by(f64::total_cmp);
        tails.map(|tail| quantile_of_sorted(&values, tail))
    };
    let redrawn: Vec<Vec<f64>> = response.draws.iter().filter_map(|curves| divide(curves)).collect();
    let spends = (0..n)
        .map(|channel| {
            let [low, high] = ends(redrawn.iter().map(|amounts| amounts[channel]).collect());
            Spend { amount: amounts[channel], low, high }
        })
        .collect();
    let [gain_low, gain_high] = ends(response.draws.iter().map(|curves| gain(curves)).collect());
    Ok(Proposal {
        spends,
        unspent: (budget - amounts.iter().sum::<f64>()).max(0.0),
        gain: gain(&response.curves),
        gain_low,
        gain_high,
        is_found: gain_low > 0.0,
    })
}

/// Amounts by channel; `None` when those that stay and the least of others are more than the budget.
fn divide(curves: &[Option<Curve>], present: &[f64], bounds: &[Bounds], budget: f64) -> Option<Vec<f64>> {
    if curves.len() != bounds.len() || curves.len() != present.len() || !budget.is_finite() {
        return None;
    }
    // What each channel gets when the last unit of money must bring so much.
    let at = |margin: f64| -> Vec<f64> {
        (curves.iter().zip(present).zip(bounds))
            .map(|((curve, present), bounds)| match curve {
                None => *present,
                Some(curve) => ((curve.top * curve.half / margin).sqrt() - curve.half).clamp(bounds.least, bounds.most),
            })
            .collect()
    };
    let total = |amounts: &[f64]| amounts.iter().sum::<f64>();
    let first = curves.iter().flatten().map(|curve| curve.margin(0.0)).fold(0.0, f64::max);
    let (mut low, mut high) = (first * 1e-12, first * 2.0 + f64::MIN_POSITIVE);
    if total(&at(high)) > budget * (1.0 + 1e-12) {
        return None;
    }
    if first <= 0.0 || total(&at(low)) <= budget {
        return Some(at(low.max(f64::MIN_POSITIVE)));
    }
    for _ in 0..200 {
        // The scale of margins is wide: halve in logarithms.
        let middle = (low * high).sqrt();
        if total(&at(middle)) > budget {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(at(high))
}
