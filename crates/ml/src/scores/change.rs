//! Whether a score changed.

use super::answers::{Problem, Score};
use crate::special::{normal_beyond, reach};

/// What is said of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// It did not change by as much as matters, either way.
    Same,
    /// It may have changed or not: too few answers to tell.
    Unclear,
}

/// A change between two surveys of different people.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// After less before, in points.
    pub value: f64,
    /// Interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Probability of such a change in either direction, if there were none.
    pub p: f64,
    /// What is said.
    pub verdict: Verdict,
    /// The smallest change that as many answers find with a probability of 80 %.
    pub detectable: f64,
}

/// Judges a change; `matters` is the change in points, above 0, below which one says that it is the same.
///
/// **Errors**: [`Problem::Shape`].
pub fn change(before: &Score, after: &Score, matters: f64, level: f64) -> Result<Change, Problem> {
    if !(level > 0.0 && level < 1.0 && matters > 0.0) {
        return Err(Problem::Shape);
    }
    let value = after.value - before.value;
    let error = before.error.hypot(after.error);
    let z = reach(level);
    let (low, high) = (value - z * error, value + z * error);
    let verdict = if low > 0.0 {
        Verdict::Up
    } else if high < 0.0 {
        Verdict::Down
    } else if -matters < low && high < matters {
        Verdict::Same
    } else {
        Verdict::Unclear
    };
    // 0.8416 is the normal quantile of 80 %.
    let detectable = (z + 0.841_621_233_572_914_2) * error;
    let p = if error > 0.0 { normal_beyond(value / error) } else { 1.0 };
    Ok(Change { value, low, high, p, verdict, detectable })
}
