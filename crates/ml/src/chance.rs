//! The chance that something happens: churn, a purchase, an answer.
//!
//! Owns two models behind one trait ([`Predict`]: boosted trees, ridge logistic regression), the plain rank sum that they must
//! beat ([`rank_sum`]), grades ([`Grades`]), calibration ([`Calibration`]), choice by grouped cross-validation ([`train`]),
//! reasons that add up ([`Explanation`]), and tiers ([`tiers`]). Must not know what features mean nor when they were known:
//! features of before the cut-off and labels of after it are the caller's care.
//!
//! **Shape**: features row by row in one slice ([`Features`]); NaN is missing.
//!
//! - **INV-CHANCE-1**: a model does not depend on the order of rows or on the threads.
//! - **INV-CHANCE-2**: contributions of features and the base add up to the log-odds.
//! - **INV-CHANCE-3**: rows of one group never stand on both sides of a fold.
//! - **INV-CHANCE-4**: calibration never changes the order of two scores, beyond making them equal.

mod calibrate;
mod explain;
mod features;
mod grades;
mod grow;
mod logistic;
mod ranks;
mod tiers;
mod train;
mod trees;

pub use calibrate::Calibration;
pub use explain::{Explanation, TreeExplainer};
pub use features::{Features, MIN_CASES, Problem};
pub use grades::{Bin, Grades, Interval, auc, average_precision, lift, reliability};
pub use logistic::{Logistic, LogisticOptions};
pub use ranks::rank_sum;
pub use tiers::{Action, Tier, TierGrade, grade_tiers, tiers_by_capacity, tiers_by_value};
pub use train::{Chosen, Kind, Options, Trained, folds, train};
pub use trees::{Node, TreeOptions, Trees};

/// A model of log-odds.
pub trait Predict: Sync {
    /// Features of a row.
    fn n_features(&self) -> usize;

    /// Log-odds of a row; cells that lack are missing.
    fn log_odds(&self, row: &[f64]) -> f64;

    /// Log-odds of all rows; empty when they have another number of features.
    fn score(&self, features: &Features, n_threads: usize) -> Vec<f64> {
        if features.n_columns != self.n_features() {
            return Vec::new();
        }
        let ranges = crate::parallel::map(
            features.n_rows(),
            1_024,
            n_threads,
            || (),
            |(), range| range.map(|at| self.log_odds(features.row(at))).collect::<Vec<f64>>(),
        );
        ranges.concat()
    }
}

/// Probability of log-odds.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}
