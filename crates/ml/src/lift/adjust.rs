//! Less noise by what was known of people before.

use super::arms::{Comparison, Problem, compare_means};

/// A comparison after adjustment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Adjusted {
    /// Of adjusted outcomes.
    pub comparison: Comparison,
    /// Share of the variance that was taken away, at least 0: 0.3 is as good as 43 % more people; near 0 it was no use.
    pub reduction: f64,
    /// By how much the outcome goes with what was known before.
    pub slope: f64,
}

/// Takes away from each outcome what the value of before predicts, and compares what is left.
///
/// **Shape**: outcome and value of before for each person; the latter must be of before the arms were drawn, and unknown
/// ones filled by the same number in both arms.
/// **Errors**: as [`compare_means`].
/// **Source**: Deng, Xu, Kohavi and Walker 2013 (CUPED); one slope for both arms, from distances within them.
pub fn adjust(control: &[(f64, f64)], treated: &[(f64, f64)], level: f64) -> Result<Adjusted, Problem> {
    let n = control.len().min(treated.len());
    if n < 3 {
        return Err(Problem::TooFew { n, needed: 3 });
    }
    let is_known = |person: &(f64, f64)| person.0.is_finite() && person.1.is_finite();
    if let Some(at) = control.iter().chain(treated).position(|person| !is_known(person)) {
        return Err(Problem::Invalid(at));
    }
    let arms = [control, treated].map(|arm| {
        let mut arm = arm.to_vec();
        arm.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
        arm
    });
    let mean = |arm: &[(f64, f64)], of: fn(&(f64, f64)) -> f64| arm.iter().map(of).sum::<f64>() / arm.len() as f64;
    let (mut both, mut squares, mut outcomes, mut befores, mut n_all) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for arm in &arms {
        let (outcome, before) = (mean(arm, |person| person.0), mean(arm, |person| person.1));
        for person in arm {
            both += (person.0 - outcome) * (person.1 - before);
            squares += (person.1 - before).powi(2);
            outcomes += (person.0 - outcome).powi(2);
            befores += person.1;
            n_all += 1.0;
        }
    }
    let slope = if squares > 0.0 { both / squares } else { 0.0 };
    let middle = befores / n_all;
    let left =
        |arm: &[(f64, f64)]| arm.iter().map(|person| person.0 - slope * (person.1 - middle)).collect::<Vec<f64>>();
    let comparison = compare_means(&left(&arms[0]), &left(&arms[1]), level)?;
    let reduction = if outcomes > 0.0 { (slope * both / outcomes).max(0.0) } else { 0.0 };
    Ok(Adjusted { comparison, reduction, slope })
}
