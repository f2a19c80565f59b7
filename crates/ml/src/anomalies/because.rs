//! Which parts a change comes from.

/// What a part (a city, a channel) did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Position among the parts given.
    pub part: usize,
    /// By how much it moved the whole.
    pub contribution: f64,
    /// Of the change of the whole; beyond 0 to 1 where parts move against each other; NaN where the whole stood still.
    pub share: f64,
}

/// What a part did to a ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioPart {
    /// Position among the parts given.
    pub part: usize,
    /// By having become a larger or smaller part of the whole.
    pub mix: f64,
    /// By its own ratio having changed.
    pub rate: f64,
}

/// Contributions to the change of a sum, largest first; those of one size in the order given.
///
/// **Shape**: before and after of each part; what is not finite counts as nought.
pub fn because(parts: &[(f64, f64)]) -> Vec<Part> {
    let known = |value: f64| if value.is_finite() { value } else { 0.0 };
    let total: f64 = parts.iter().map(|(before, after)| known(*after) - known(*before)).sum();
    let mut all: Vec<Part> = parts
        .iter()
        .enumerate()
        .map(|(part, (before, after))| {
            let contribution = known(*after) - known(*before);
            Part { part, contribution, share: if total == 0.0 { f64::NAN } else { contribution / total } }
        })
        .collect();
    all.sort_by(|a, b| b.contribution.abs().total_cmp(&a.contribution.abs()).then(a.part.cmp(&b.part)));
    all
}

/// Contributions to the change of a ratio of sums (conversion, value of an order), largest first. `None` when the whole has
/// nothing below the line before or after.
///
/// A part's mix is the change of its share times how far its ratio (the mean of both times) is from the whole's; its rate
/// is the change of its ratio times its mean share. Both add up to the change of the whole exactly. A part that is new or
/// gone has all of its contribution in the mix.
///
/// **Shape**: for each part what is above and what is below the line, before and after; nothing below 0 below the line.
pub fn because_of_ratio(parts: &[[(f64, f64); 2]]) -> Option<Vec<RatioPart>> {
    let is_sound = |(above, below): &(f64, f64)| above.is_finite() && below.is_finite() && *below >= 0.0;
    if !parts.iter().flatten().all(is_sound) {
        return None;
    }
    let total =
        |at: usize| parts.iter().fold((0.0, 0.0), |sum: (f64, f64), part| (sum.0 + part[at].0, sum.1 + part[at].1));
    let totals = [total(0), total(1)];
    if totals.iter().any(|(_, below)| *below <= 0.0) {
        return None;
    }
    let middle = (totals[0].0 / totals[0].1 + totals[1].0 / totals[1].1) / 2.0;
    let mut all: Vec<RatioPart> = parts
        .iter()
        .enumerate()
        .map(|(part, sides)| {
            let shares = [0, 1].map(|at| sides[at].1 / totals[at].1);
            let direct = [0, 1].map(|at| sides[at].0 / totals[at].1);
            let ratios = [0, 1].map(|at| (sides[at].1 > 0.0).then(|| sides[at].0 / sides[at].1));
            let (mix, rate) = match ratios {
                [Some(before), Some(after)] => (
                    (shares[1] - shares[0]) * ((before + after) / 2.0 - middle),
                    (shares[0] + shares[1]) / 2.0 * (after - before),
                ),
                // Shares change by as much as they lack in the others, whose distance from the middle is counted there.
                _ => (direct[1] - direct[0] - (shares[1] - shares[0]) * middle, 0.0),
            };
            RatioPart { part, mix, rate }
        })
        .collect();
    let size = |part: &RatioPart| (part.mix + part.rate).abs();
    all.sort_by(|a, b| size(b).total_cmp(&size(a)).then(a.part.cmp(&b.part)));
    Some(all)
}

/// How much the division into parts changed, from 0 to ln 2: by which of several dimensions a change is told best.
///
/// **Shape**: as [`because`], nothing below 0.
/// **Source**: Jensen–Shannon divergence, as in Bhagwan et al. 2014 ("Adtributor").
pub fn surprise(parts: &[(f64, f64)]) -> f64 {
    let total = |side: fn(&(f64, f64)) -> f64| parts.iter().map(|part| side(part).max(0.0)).sum::<f64>();
    let totals = (total(|part| part.0), total(|part| part.1));
    if totals.0 <= 0.0 || totals.1 <= 0.0 {
        return 0.0;
    }
    let term = |p: f64, middle: f64| if p > 0.0 { 0.5 * p * (p / middle).ln() } else { 0.0 };
    parts
        .iter()
        .map(|(before, after)| {
            let (p, q) = (before.max(0.0) / totals.0, after.max(0.0) / totals.1);
            let middle = (p + q) / 2.0;
            term(p, middle) + term(q, middle)
        })
        .sum()
}
