//! Who is moved by treatment more than others.

use super::arms::{Comparison, Problem, Rate, compare_rates};
use super::qini::{Heterogeneity, Judged, grade};
use crate::chance::{Features, MIN_CASES, Predict, TreeOptions, Trees, folds, probability};

/// How uplift is learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UpliftOptions {
    /// Parts of cross-validation, 2 at least.
    pub n_folds: usize,
    /// Of the two models.
    pub trees: TreeOptions,
    /// Of folds.
    pub seed: u64,
    /// Level of intervals.
    pub level: f64,
}

impl UpliftOptions {
    /// Presets for so many rows: trees coarser than for a chance alone, as differences of two are twice as noisy.
    pub fn for_rows(n_rows: usize, n_threads: usize) -> Self {
        let trees = TreeOptions {
            n_trees: 120,
            n_leaves: 5,
            max_depth: 4,
            min_rows: (n_rows / 200).clamp(20, 2_000),
            l2: 20.0,
            n_threads,
            ..TreeOptions::SMALL
        };
        Self { n_folds: 5, trees, seed: 1, level: 0.95 }
    }
}

/// What was learnt.
#[derive(Clone, Debug, PartialEq)]
pub struct Uplift {
    /// Of all people: what treatment changed on average.
    pub average: Comparison,
    /// Whether the ranking is worth anything, out of fold.
    pub heterogeneity: Heterogeneity,
    /// What the models say of each person, out of fold, in the order of rows.
    pub out_of_fold: Vec<f64>,
    /// In which tenth of the ranking each row is, from 0, the best.
    pub tenth_of: Vec<u8>,
    models: [Trees; 2],
}

impl Uplift {
    /// What treatment would change in the chance of each row; empty when rows have another number of features. To be shown
    /// only where [`Heterogeneity::is_found`]; else everybody's is the average.
    pub fn score(&self, features: &Features<'_>, n_threads: usize) -> Vec<f64> {
        let [control, treated] = [0, 1].map(|arm| self.models[arm].score(features, n_threads));
        treated.iter().zip(&control).map(|(treated, control)| probability(*treated) - probability(*control)).collect()
    }
}

/// Learns one model of the outcome in each arm; uplift is their difference. Graded out of fold.
///
/// **Shape**: for each row its features of before, whether it was drawn to be treated, whether the outcome came, and the id
/// of the person, one row each.
/// **Errors**: [`Problem::Shape`]; [`Problem::TooFew`] where an arm has too few of either outcome for each fold.
/// **Source**: Künzel, Sekhon, Bickel and Yu 2019 (T-learner); effects of single people for the grade as in Robins, Rotnitzky
/// and Zhao 1994, whose mean is right however bad the models are, since arms were drawn.
pub fn uplift(
    features: &Features<'_>,
    treated: &[bool],
    outcomes: &[bool],
    people: &[u64],
    options: &UpliftOptions,
) -> Result<Uplift, Problem> {
    let n = treated.len();
    let d = features.n_columns;
    let is_sound = d > 0 && features.values.len() == n * d && outcomes.len() == n && people.len() == n;
    if !is_sound || options.n_folds < 2 || !(0.0..1.0).contains(&options.level) {
        return Err(Problem::Shape);
    }
    let count = |arm: bool, outcome: bool| {
        treated.iter().zip(outcomes).filter(|(is_treated, came)| (**is_treated, **came) == (arm, outcome)).count()
    };
    let least = [(false, false), (false, true), (true, false), (true, true)].map(|(arm, outcome)| count(arm, outcome));
    // Each fold leaves a model enough of either outcome, by chance too.
    let needed = 2 * MIN_CASES;
    let smallest = least.into_iter().min().unwrap_or(0);
    if smallest < needed {
        return Err(Problem::TooFew { n: smallest, needed });
    }
    let too_few = |_| Problem::TooFew { n: smallest, needed };
    let rate = |arm: bool| {
        let n_done = count(arm, true) as u64;
        Rate { n_done, n: n_done + count(arm, false) as u64 }
    };
    let average = compare_rates(rate(false), rate(true), options.level)?;
    let fold_of = folds(people, treated, options.n_folds, options.seed);
    let fit = |arm: bool, is_in: &dyn Fn(usize) -> bool| {
        let rows: Vec<usize> = (0..n).filter(|at| treated[*at] == arm && is_in(*at)).collect();
        let values: Vec<f64> = rows.iter().flat_map(|at| &features.values[at * d..(at + 1) * d]).copied().collect();
        let labels: Vec<bool> = rows.iter().map(|at| outcomes[*at]).collect();
        Trees::fit(&Features { values: &values, n_columns: d }, &labels, &options.trees).map_err(too_few)
    };
    let share = treated.iter().filter(|is_treated| **is_treated).count() as f64 / n as f64;
    let mut judged = vec![Judged { at: 0, id: 0, fold: 0, said: 0.0, effect: 0.0 }; n];
    for fold in 0..options.n_folds {
        let others = |at: usize| fold_of[at] != fold;
        let models = [fit(false, &others)?, fit(true, &others)?];
        for at in (0..n).filter(|at| fold_of[*at] == fold) {
            let row = &features.values[at * d..(at + 1) * d];
            let [without, with] = [0, 1].map(|arm| probability(models[arm].log_odds(row)));
            let outcome = f64::from(u8::from(outcomes[at]));
            let miss = if treated[at] { (outcome - with) / share } else { -(outcome - without) / (1.0 - share) };
            judged[at] = Judged { at, id: people[at], fold, said: with - without, effect: with - without + miss };
        }
    }
    let (heterogeneity, tenth_of) = grade(&judged, options.level);
    Ok(Uplift {
        average,
        heterogeneity,
        tenth_of,
        out_of_fold: judged.iter().map(|person| person.said).collect(),
        models: [fit(false, &|_| true)?, fit(true, &|_| true)?],
    })
}
