//! On which days models learn and are graded.

/// Most days on which a model is graded.
const MAX_TESTS: usize = 4;
/// Most days that one model learns from.
const MAX_CUTOFFS: usize = 4;
/// Fewest days of history before a day on which a model learns.
const MIN_HISTORY: i64 = 30;

/// One grading: what the model learns from and what it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// The last day that counts for whoever is graded; what follows is the outcome.
    pub cutoff: i64,
    /// Days from which a model for it learns, newest first.
    pub learns_from: Vec<i64>,
}

/// The days of a model's life. **Units**: days since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Days after a cut-off that are looked at by nobody.
    pub gap: i64,
    /// Days after the gap in which the outcome is looked for.
    pub horizon: i64,
    /// Gradings, the newest first; none when there is too little history.
    pub tests: Vec<Test>,
    /// What the model in use learns from, newest first: every closed window, the graded ones too.
    pub learns_from: Vec<i64>,
}

impl Plan {
    /// Lays out days between the first and the last that there are data of.
    ///
    /// A model for a cut-off learns from days whose outcomes were complete by then (INV-LEARN-1), half a horizon apart.
    pub fn new(first: i64, last: i64, horizon: i64, gap: i64) -> Self {
        let whole = gap + horizon;
        let before = |newest: i64| -> Vec<i64> {
            let step = (horizon / 2).max(7);
            let days = (0..).map(|at| newest - at * step);
            days.take_while(|day| day - first + 1 >= MIN_HISTORY).take(MAX_CUTOFFS).collect()
        };
        let newest = last - whole;
        let tests =
            (0..).map(|at| newest - at * whole).map(|cutoff| Test { cutoff, learns_from: before(cutoff - whole) });
        let tests = tests.take_while(|test| !test.learns_from.is_empty()).take(MAX_TESTS).collect();
        Self { gap, horizon, tests, learns_from: before(newest) }
    }

    /// The first and last day of the outcome after a cut-off.
    pub fn outcome(&self, cutoff: i64) -> (i64, i64) {
        (cutoff + self.gap + 1, cutoff + self.gap + self.horizon)
    }
}

/// Gaps that a customer's own are drawn to that of all with.
const DRAW: f64 = 2.0;

/// The days without an order after which a customer counts as gone, from the customer's own rhythm: three times the mean
/// number of days between orders, drawn to that of all customers where few are known. **Units**: days, from 30 to `longest`.
pub fn own_window(days_between: i64, n_gaps: i64, of_all: f64, longest: i64) -> i64 {
    let mean = (days_between as f64 + DRAW * of_all) / (n_gaps as f64 + DRAW);
    ((3.0 * mean).round() as i64).clamp(30.min(longest), longest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn half_a_year_gives_one_grading_of_a_quarter() {
        // 273 days, 90 + 1 days ahead: graded on the day that is 91 before the end, learnt from 91 days before that.
        let plan = Plan::new(0, 272, 90, 1);
        assert_eq!(plan.tests, [Test { cutoff: 181, learns_from: vec![90, 45] }]);
        assert_eq!(plan.learns_from, [181, 136, 91, 46]);
        assert_eq!(plan.outcome(181), (183, 272));
    }

    #[test]
    fn too_little_history_is_not_graded() {
        let plan = Plan::new(0, 150, 90, 1);
        assert!(plan.tests.is_empty());
        assert_eq!(plan.learns_from, [59]);
    }

    #[test]
    fn windows_follow_the_own_rhythm_where_it_is_known() {
        assert_eq!(own_window(0, 0, 40.0, 90), 90);
        assert_eq!(own_window(70, 10, 40.0, 90), 38);
        assert_eq!(own_window(20, 10, 5.0, 90), 30);
        assert_eq!(own_window(0, 0, 40.0, 20), 20);
    }

    proptest! {
        /// INV-LEARN-1.
        #[test]
        fn no_outcome_is_known_later_than_the_cutoff(
            first in -1_000_i64..1_000, n_days in 0_i64..3_000, horizon in 1_i64..400, gap in 0_i64..30,
        ) {
            let last = first + n_days;
            let plan = Plan::new(first, last, horizon, gap);
            for test in &plan.tests {
                prop_assert!(plan.outcome(test.cutoff).1 <= last);
                for day in &test.learns_from {
                    prop_assert!(plan.outcome(*day).1 <= test.cutoff);
                    prop_assert!(*day >= first);
                }
            }
            prop_assert!(plan.learns_from.iter().all(|day| plan.outcome(*day).1 <= last));
        }
    }
}
