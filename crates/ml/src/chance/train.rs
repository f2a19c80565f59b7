//! A model chosen, calibrated and graded on rows that it did not learn from.

use super::calibrate::Calibration;
use super::explain::{Explanation, TreeExplainer};
use super::features::{Features, Picked, Problem};
use super::grades::Grades;
use super::logistic::{Logistic, LogisticOptions};
use super::trees::{TreeOptions, Trees};
use super::{Predict, probability};
use crate::random::{join, mix};

/// Which model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Ridge logistic regression.
    Logistic,
    /// Boosted trees.
    Trees,
}

/// How a model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Parts of cross-validation, 2 at least.
    pub n_folds: usize,
    /// Of trees.
    pub trees: TreeOptions,
    /// Of the regression.
    pub logistic: LogisticOptions,
    /// Of folds.
    pub seed: u64,
    /// Level of intervals.
    pub level: f64,
}

impl Options {
    /// Presets for so many rows.
    pub fn for_rows(n_rows: usize, n_threads: usize) -> Self {
        Self {
            n_folds: 5,
            trees: TreeOptions { n_threads, ..TreeOptions::for_rows(n_rows) },
            logistic: LogisticOptions { n_threads, ..LogisticOptions::default() },
            seed: 1,
            level: 0.95,
        }
    }
}

/// The model that was chosen.
#[derive(Clone, Debug, PartialEq)]
pub enum Chosen {
    /// Ridge logistic regression.
    Logistic(Logistic),
    /// Boosted trees.
    Trees(Trees),
}

impl Chosen {
    /// Explanations of rows, before calibration; empty when they have another number of features.
    pub fn explain(&self, features: &Features, n_threads: usize) -> Vec<Explanation> {
        if features.n_columns != self.n_features() {
            return Vec::new();
        }
        type Explain<'a> = Box<dyn Fn(&[f64]) -> Explanation + Sync + 'a>;
        let explain: Explain<'_> = match self {
            Self::Logistic(model) => Box::new(|row| model.explain(row)),
            Self::Trees(model) => {
                let explainer = TreeExplainer::new(model);
                Box::new(move |row| explainer.explain(row))
            }
        };
        crate::parallel::map(
            features.n_rows(),
            256,
            n_threads,
            || (),
            |(), range| range.map(|at| explain(features.row(at))).collect::<Vec<Explanation>>(),
        )
        .concat()
    }
}

impl Predict for Chosen {
    fn n_features(&self) -> usize {
        match self {
            Self::Logistic(model) => model.n_features(),
            Self::Trees(model) => model.n_features(),
        }
    }

    fn log_odds(&self, row: &[f64]) -> f64 {
        match self {
            Self::Logistic(model) => model.log_odds(row),
            Self::Trees(model) => model.log_odds(row),
        }
    }
}

/// A trained model with its grades.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    chosen: Chosen,
    /// From its log-odds to probabilities.
    pub calibration: Calibration,
    /// Out of fold, calibrated by the other folds: what to expect of new rows of the same time.
    pub grades: Grades,
    /// Out of fold, before calibration, of every model that was tried.
    pub candidates: Vec<(Kind, Grades)>,
    /// Probabilities out of fold, calibrated by the other folds, by row.
    pub out_of_fold: Vec<f64>,
}

impl Trained {
    /// Which model was chosen.
    pub fn kind(&self) -> Kind {
        match self.chosen {
            Chosen::Logistic(_) => Kind::Logistic,
            Chosen::Trees(_) => Kind::Trees,
        }
    }

    /// The model itself.
    pub fn chosen(&self) -> &Chosen {
        &self.chosen
    }

    /// Calibrated probabilities of rows; empty when they have another number of features.
    pub fn probabilities(&self, features: &Features, n_threads: usize) -> Vec<f64> {
        let scores = self.chosen.score(features, n_threads);
        scores.into_iter().map(|score| self.calibration.apply(score)).collect()
    }

    /// Explanations of rows, before calibration; empty when they have another number of features.
    pub fn explain(&self, features: &Features, n_threads: usize) -> Vec<Explanation> {
        self.chosen.explain(features, n_threads)
    }
}

/// The part of cross-validation that each row is held out in. Rows of one group share it; parts are equally large and have
/// about the same share of groups with a positive row. Ids of groups decide, not the order of rows.
pub fn folds(groups: &[u64], labels: &[bool], n_folds: usize, seed: u64) -> Vec<usize> {
    let mut all: Vec<(u64, bool)> = groups.iter().copied().zip(labels.iter().copied()).collect();
    // Positive first, so that the first of a group says whether it has one.
    all.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(b.1.cmp(&a.1)));
    all.dedup_by_key(|(group, _)| *group);
    let hash = |group: u64| mix(join(seed, group));
    all.sort_unstable_by_key(|(group, is_positive)| (*is_positive, hash(*group), *group));
    let mut fold: Vec<(u64, usize)> =
        all.into_iter().enumerate().map(|(at, (group, _))| (group, at % n_folds.max(1))).collect();
    fold.sort_unstable();
    let of = |group: &u64| fold.binary_search_by_key(group, |(group, _)| *group).map_or(0, |at| fold[at].1);
    groups.iter().map(of).collect()
}

/// Trains every model out of fold, chooses the one of the least log-loss, the regression where trees gain less than a
/// thousandth, calibrates it on all out-of-fold scores and fits it to all rows.
///
/// **Shape**: a label and the id of a group (a customer) for each row.
/// **Errors**: [`Problem`]; [`Problem::TooFewCases`] also when a fold lacks an outcome.
pub fn train(features: &Features, labels: &[bool], groups: &[u64], options: &Options) -> Result<Trained, Problem> {
    features.check(labels)?;
    if groups.len() != labels.len() {
        return Err(Problem::Shape);
    }
    let n_folds = options.n_folds.clamp(2, labels.len());
    let fold_of = folds(groups, labels, n_folds, options.seed);
    let mut candidates = Vec::new();
    for kind in [Kind::Logistic, Kind::Trees] {
        let Some(scores) = out_of_fold(kind, features, labels, &fold_of, n_folds, options) else { continue };
        let probabilities: Vec<f64> = scores.iter().copied().map(probability).collect();
        if let Some(grades) = Grades::new(&probabilities, labels, options.level) {
            candidates.push((kind, grades, scores));
        }
    }
    // Trees have to be better by more than a thousandth to be preferred.
    let loss =
        |at: &usize| candidates[*at].1.log_loss.value + if candidates[*at].0 == Kind::Trees { 1e-3 } else { 0.0 };
    let best = (0..candidates.len()).min_by(|a, b| loss(a).total_cmp(&loss(b))).ok_or(Problem::TooFewCases)?;
    let (kind, _, scores) = &candidates[best];
    let mut calibrated = vec![0.0; labels.len()];
    for fold in 0..n_folds {
        let others = |at: &usize| fold_of[*at] != fold;
        let rows: Vec<usize> = (0..labels.len()).filter(others).collect();
        let known: Vec<f64> = rows.iter().map(|at| scores[*at]).collect();
        let outcomes: Vec<bool> = rows.iter().map(|at| labels[*at]).collect();
        let calibration = Calibration::fit(&known, &outcomes);
        let held_out = (0..labels.len()).filter(|at| fold_of[*at] == fold);
        held_out.for_each(|at| calibrated[at] = calibration.apply(scores[at]));
    }
    Ok(Trained {
        chosen: fit(*kind, features, labels, options)?,
        calibration: Calibration::fit(scores, labels),
        grades: Grades::new(&calibrated, labels, options.level).ok_or(Problem::TooFewCases)?,
        candidates: candidates.iter().map(|(kind, grades, _)| (*kind, *grades)).collect(),
        out_of_fold: calibrated,
    })
}

fn fit(kind: Kind, features: &Features, labels: &[bool], options: &Options) -> Result<Chosen, Problem> {
    match kind {
        Kind::Logistic => Logistic::fit(features, labels, &options.logistic).map(Chosen::Logistic),
        Kind::Trees => Trees::fit(features, labels, &options.trees).map(Chosen::Trees),
    }
}

/// Log-odds of each row by a model that did not see its fold; `None` when one could not be fitted.
fn out_of_fold(
    kind: Kind,
    features: &Features,
    labels: &[bool],
    fold_of: &[usize],
    n_folds: usize,
    options: &Options,
) -> Option<Vec<f64>> {
    let mut scores = vec![0.0; labels.len()];
    for fold in 0..n_folds {
        let (held_out, rest): (Vec<usize>, Vec<usize>) = (0..labels.len()).partition(|at| fold_of[*at] == fold);
        let picked = Picked::new(features, labels, &rest);
        let chosen = fit(kind, &picked.features(), &picked.labels, options).ok()?;
        for at in held_out {
            scores[at] = chosen.log_odds(features.row(at));
        }
    }
    Some(scores)
}
