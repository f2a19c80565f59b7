//! Goals: what a figure shall be in a period, and how far it has come.

use super::{Better, Kpi};

/// Millionths: the unit in which goals are kept.
pub const MICRO: f64 = 1e6;

/// What a figure shall be over some days.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// First day.
    pub first: i64,
    /// Last day.
    pub last: i64,
    /// The number wanted.
    pub value: f64,
}

/// How far a figure has come towards its goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// The number over the goal; none while there is no number, or for a goal of 0.
    pub progress: Option<f64>,
    /// The share of the days that have happened.
    pub elapsed: f64,
    /// What the number should be by now: its share of the goal where days add up, the goal itself where they do not.
    pub expected: f64,
    /// Whether it is as good as it should be by now.
    pub is_on_pace: Option<bool>,
}

impl Goal {
    /// How far a figure has come when the days up to `through` have happened.
    pub fn pace(&self, kpi: &Kpi, actual: Option<f64>, through: i64) -> Pace {
        let n_days = (self.last - self.first + 1).max(1);
        let elapsed = (through - self.first + 1).clamp(0, n_days) as f64 / n_days as f64;
        let expected = if kpi.adds_up { self.value * elapsed } else { self.value };
        let is_on_pace = actual.filter(|_| elapsed > 0.0).and_then(|actual| match kpi.better {
            Better::More => Some(actual >= expected),
            Better::Less => Some(actual <= expected),
            Better::Neither => None,
        });
        let progress = actual.filter(|_| self.value != 0.0).map(|actual| actual / self.value);
        Pace { progress, elapsed, expected, is_on_pace }
    }
}

#[cfg(test)]
mod tests {
    use crate::kpi::find;

    use super::*;

    #[test]
    fn pace_is_the_share_of_the_days() {
        let goal = Goal { first: 100, last: 109, value: 1000.0 };
        let sales = find("net_sales").unwrap();
        let pace = goal.pace(sales, Some(450.0), 103);
        assert_eq!((pace.progress, pace.elapsed, pace.is_on_pace), (Some(0.45), 0.4, Some(true)));
        assert_eq!(goal.pace(sales, Some(399.0), 103).is_on_pace, Some(false));
        assert_eq!(goal.pace(sales, None, 99).is_on_pace, None);
        assert_eq!(goal.pace(sales, Some(999.0), 200).is_on_pace, Some(false));
        // A rate does not grow by the day; of refunds less is better.
        let rate = Goal { value: 0.2, ..goal };
        assert_eq!(rate.pace(find("repurchase_rate").unwrap(), Some(0.15), 103).is_on_pace, Some(false));
        assert_eq!(rate.pace(find("refund_rate").unwrap(), Some(0.15), 103).is_on_pace, Some(true));
        assert_eq!(Goal { value: 0.0, ..goal }.pace(sales, Some(1.0), 103).progress, None);
    }
}
