//! High, medium, low: by what can be done, not by thirds.

/// How urgent a customer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Leave alone.
    Low,
    /// Worth a light action.
    Medium,
    /// Worth the dear one.
    High,
}

/// Something that can be done against a loss.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Action {
    /// What it costs for one customer, in money.
    pub cost: f64,
    /// Share of those about to leave whom it keeps.
    pub success: f64,
}

/// The most likely `n_high` are high, the next `n_medium` medium; of equal ones at an edge all fall below it, so that
/// capacity is never exceeded. What is not a number is low.
pub fn tiers_by_capacity(probabilities: &[f64], n_high: usize, n_medium: usize) -> Vec<Tier> {
    let mut order: Vec<usize> = (0..probabilities.len()).filter(|at| !probabilities[*at].is_nan()).collect();
    order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
    let mut tiers = vec![Tier::Low; probabilities.len()];
    let (mut high, mut medium) = (n_high, n_medium);
    for tie in order.chunk_by(|a, b| probabilities[*a] == probabilities[*b]) {
        let tier = if high >= tie.len() {
            high -= tie.len();
            Tier::High
        } else {
            high = 0;
            if medium < tie.len() {
                break;
            }
            medium -= tie.len();
            Tier::Medium
        };
        tie.iter().for_each(|at| tiers[*at] = tier);
    }
    tiers
}

/// High where the dear action gains most money in expectation (probability × success × margin − cost), medium where the light
/// one does, low where neither gains.
///
/// **Shape**: margin at risk for each probability; rows beyond the shorter slice have no tier.
pub fn tiers_by_value(probabilities: &[f64], margins: &[f64], dear: Action, light: Action) -> Vec<Tier> {
    let tier = |(p, margin): (&f64, &f64)| {
        let gain = |action: Action| p * action.success * margin - action.cost;
        let (dear, light) = (gain(dear), gain(light));
        if dear > 0.0 && dear >= light {
            Tier::High
        } else if light > 0.0 {
            Tier::Medium
        } else {
            Tier::Low
        }
    };
    probabilities.iter().zip(margins).map(tier).collect()
}

/// How a tier fared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TierGrade {
    /// Which.
    pub tier: Tier,
    /// Customers in it.
    pub n: usize,
    /// Share of them with whom it happened; 0 for an empty tier.
    pub precision: f64,
    /// Share of all with whom it happened who were in it; 0 when it happened with nobody.
    pub recall: f64,
}

/// Grades of high, medium and low, in this order.
pub fn grade_tiers(tiers: &[Tier], labels: &[bool]) -> [TierGrade; 3] {
    let n_positive = tiers.iter().zip(labels).filter(|(_, label)| **label).count();
    [Tier::High, Tier::Medium, Tier::Low].map(|tier| {
        let inside = || tiers.iter().zip(labels).filter(move |(other, _)| **other == tier);
        let (n, hits) = (inside().count(), inside().filter(|(_, label)| **label).count());
        let share = |of: usize| if of > 0 { hits as f64 / of as f64 } else { 0.0 };
        TierGrade { tier, n, precision: share(n), recall: share(n_positive) }
    })
}
