//! Laws of models of yes or no: what they say adds up, what leaks shows, what is shuffled does not matter.

use proptest::prelude::*;
use zhike_ml::chance::{
    Action, Calibration, Features, Grades, Kind, Logistic, LogisticOptions, Node, Options, Predict, Problem, Tier,
    TreeExplainer, TreeOptions, Trees, auc, folds, grade_tiers, lift, probability, rank_sum, tiers_by_capacity,
    tiers_by_value, train,
};

/// Numbers from 0 to 1 that a seed determines.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

struct Made {
    values: Vec<f64>,
    labels: Vec<bool>,
    /// The probabilities that labels were drawn by.
    truth: Vec<f64>,
}

const N_FEATURES: usize = 4;

impl Made {
    /// Four features, the last of them noise, some cells missing; with or without an interaction.
    fn new(n: usize, seed: u64, is_curved: bool) -> Self {
        let mut dice = Dice(seed);
        let mut made = Self { values: Vec::new(), labels: Vec::new(), truth: Vec::new() };
        for _ in 0..n {
            let mut row = [dice.roll() * 4.0 - 2.0, (dice.roll() * 5.0).floor(), dice.roll(), dice.roll()];
            let bend =
                if is_curved { 3.0 * f64::from(u8::from((row[0] > 0.0) != (row[1] > 2.0))) - 1.5 } else { row[0] };
            let p = probability(bend + row[2] - 1.0);
            if dice.roll() < 0.1 {
                row[2] = f64::NAN;
            }
            made.values.extend(row);
            made.labels.push(dice.roll() < p);
            made.truth.push(p);
        }
        made
    }

    fn features(&self) -> Features<'_> {
        Features { values: &self.values, n_columns: N_FEATURES }
    }

    fn groups(&self) -> Vec<u64> {
        (0..self.labels.len() as u64).collect()
    }
}

fn few() -> TreeOptions {
    TreeOptions { n_trees: 40, rate: 0.1, ..TreeOptions::SMALL }
}

fn options(n_rows: usize) -> Options {
    Options { trees: few(), ..Options::for_rows(n_rows, 2) }
}

/// Mean answer of a tree when only some features are known, by the shares of training.
fn expected(tree: &[Node], at: usize, row: &[f64], known: u32) -> f64 {
    let node = tree[at];
    if node.left == 0 {
        return node.value;
    }
    let value = row[node.feature as usize];
    let (left, right) = (node.left as usize, node.right as usize);
    if known >> node.feature & 1 == 1 {
        let is_left = if value.is_nan() { node.is_missing_left } else { value <= node.threshold };
        return expected(tree, if is_left { left } else { right }, row, known);
    }
    let both = tree[left].cover + tree[right].cover;
    (expected(tree, left, row, known) * tree[left].cover + expected(tree, right, row, known) * tree[right].cover) / both
}

/// INV-CHANCE-2, and against Shapley's definition over all sets of features.
#[test]
fn contributions_are_shapley_values_and_add_up() {
    let made = Made::new(800, 3, true);
    let model =
        Trees::fit(&made.features(), &made.labels, &TreeOptions { n_leaves: 12, max_depth: 8, ..few() }).unwrap();
    let explainer = TreeExplainer::new(&model);
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    for row in made.values.chunks_exact(N_FEATURES).take(40) {
        let answer = explainer.explain(row);
        let sum = answer.base + answer.contributions.iter().sum::<f64>();
        assert!((sum - model.log_odds(row)).abs() < 1e-10, "{sum}");
        let worth =
            |known: u32| model.base() + model.trees().iter().map(|tree| expected(tree, 0, row, known)).sum::<f64>();
        for feature in 0..N_FEATURES {
            let mut shapley = 0.0;
            for known in (0..1_u32 << N_FEATURES).filter(|known| known >> feature & 1 == 0) {
                let size = known.count_ones();
                let weight = factorial(size) * factorial(3 - size) / factorial(4);
                shapley += weight * (worth(known | 1 << feature) - worth(known));
            }
            assert!((shapley - answer.contributions[feature]).abs() < 1e-10, "{shapley} {answer:?}");
        }
    }
    let answer = explainer.explain(&made.values[..N_FEATURES]);
    let reasons = answer.reasons_for(3);
    assert!(reasons.iter().all(|at| answer.contributions[*at] > 0.0 && !answer.reasons_against(4).contains(at)));
}

/// INV-CHANCE-1.
#[test]
fn order_and_threads_change_nothing() {
    let made = Made::new(3_000, 5, true);
    let n = made.labels.len();
    let turn = |at: usize| (at * 1_237 + 11) % n;
    let values: Vec<f64> = (0..n).flat_map(|at| made.values[turn(at) * N_FEATURES..][..N_FEATURES].to_vec()).collect();
    let labels: Vec<bool> = (0..n).map(|at| made.labels[turn(at)]).collect();
    let turned = Features { values: &values, n_columns: N_FEATURES };
    let more = TreeOptions { n_threads: 3, ..few() };
    assert_eq!(Trees::fit(&made.features(), &made.labels, &few()), Trees::fit(&turned, &labels, &more));
    let logistic = |n_threads| LogisticOptions { n_threads, ..LogisticOptions::default() };
    let one = Logistic::fit(&made.features(), &made.labels, &logistic(1)).unwrap();
    assert_eq!(one, Logistic::fit(&turned, &labels, &logistic(3)).unwrap());
    let groups: Vec<u64> = (0..n).map(|at| turn(at) as u64).collect();
    let trained = train(&made.features(), &made.labels, &made.groups(), &options(n)).unwrap();
    let again =
        train(&turned, &labels, &groups, &Options { trees: TreeOptions { n_threads: 3, ..few() }, ..options(n) });
    assert_eq!(trained.probabilities(&turned, 1), again.unwrap().probabilities(&turned, 2));
}

#[test]
fn the_model_that_fits_is_chosen_and_calibrated() {
    let curved = Made::new(4_000, 7, true);
    let preset = Options { trees: TreeOptions { n_trees: 120, rate: 0.06, ..TreeOptions::SMALL }, ..options(4_000) };
    let trained = train(&curved.features(), &curved.labels, &curved.groups(), &preset).unwrap();
    assert_eq!(trained.kind(), Kind::Trees);
    let best = Grades::new(&curved.truth, &curved.labels, 0.95).unwrap();
    assert!(trained.grades.auc.value > best.auc.value - 0.03, "{:?} {best:?}", trained.grades);
    assert!(trained.grades.calibration_error < 0.03 && trained.grades.log_loss.value < best.log_loss.value + 0.03);
    // What it learnt holds for others of the same kind.
    let others = Made::new(4_000, 8, true);
    let held_out = trained.probabilities(&others.features(), 2);
    let grades = Grades::new(&held_out, &others.labels, 0.95).unwrap();
    assert!(trained.grades.auc.low < grades.auc.value && grades.auc.value < trained.grades.auc.high, "{grades:?}");

    let straight = Made::new(4_000, 9, false);
    let trained = train(&straight.features(), &straight.labels, &straight.groups(), &options(4_000)).unwrap();
    assert_eq!(trained.kind(), Kind::Logistic);
    let answers = trained.explain(&straight.features(), 2);
    let model = trained.chosen();
    for (row, answer) in straight.values.chunks_exact(N_FEATURES).zip(&answers) {
        assert!((answer.base + answer.contributions.iter().sum::<f64>() - model.log_odds(row)).abs() < 1e-10);
    }
}

/// Labels that mean nothing cannot be foretold, out of fold.
#[test]
fn permuted_labels_give_nothing() {
    let mut made = Made::new(4_000, 11, true);
    let mut dice = Dice(1);
    made.labels = made.labels.iter().map(|_| dice.roll() < 0.4).collect();
    let trained = train(&made.features(), &made.labels, &made.groups(), &options(4_000)).unwrap();
    for (kind, grades) in &trained.candidates {
        assert!((0.47..=0.53).contains(&grades.auc.value), "{kind:?} {}", grades.auc.value);
    }
    assert!((0.47..=0.53).contains(&trained.grades.auc.value));
}

/// Something from the future gives itself away by what it gains; shuffled, it gains nothing.
#[test]
fn a_shuffled_future_feature_gains_nothing() {
    let made = Made::new(4_000, 13, true);
    let n = made.labels.len();
    let with = |future: &dyn Fn(usize) -> f64| {
        let values: Vec<f64> = (0..n)
            .flat_map(|at| {
                let mut row = made.values[at * N_FEATURES..][..N_FEATURES].to_vec();
                row.push(future(at));
                row
            })
            .collect();
        let features = Features { values: &values, n_columns: N_FEATURES + 1 };
        train(&features, &made.labels, &made.groups(), &options(n)).unwrap().grades.auc.value
    };
    let nothing = with(&|_| 0.0);
    let leaked = with(&|at| f64::from(u8::from(made.labels[at])));
    let shuffled = with(&|at| f64::from(u8::from(made.labels[(at * 1_237 + 11) % n])));
    assert!(leaked > 0.99 && (shuffled - nothing).abs() < 0.01, "{nothing} {leaked} {shuffled}");
}

/// INV-CHANCE-3. Rows of one customer are copies; a model that saw one of them would know the others.
#[test]
fn groups_are_never_parted() {
    let mut dice = Dice(17);
    let mut values = Vec::new();
    let mut labels = Vec::new();
    let mut groups = Vec::new();
    for customer in 0..300 {
        let (row, label) = ([dice.roll(), dice.roll()], dice.roll() < 0.5);
        for _ in 0..5 {
            values.extend(row);
            labels.push(label);
            groups.push(customer);
        }
    }
    let parts = folds(&groups, &labels, 5, 1);
    for at in 1..groups.len() {
        assert!(groups[at] != groups[at - 1] || parts[at] == parts[at - 1]);
    }
    assert!((0..5).all(|part| parts.iter().filter(|other| **other == part).count() == 300));
    let features = Features { values: &values, n_columns: 2 };
    let sharp =
        Options { trees: TreeOptions { min_rows: 1, min_hessian: 0.0, n_leaves: 60, ..few() }, ..options(1_500) };
    let apart = train(&features, &labels, &groups, &sharp).unwrap();
    let alone: Vec<u64> = (0..1_500).collect();
    let mixed = train(&features, &labels, &alone, &sharp).unwrap();
    assert!(apart.grades.auc.value < 0.6 && mixed.grades.auc.value > 0.8, "{:?} {:?}", apart.grades, mixed.grades);
}

/// Figures of scikit-learn 1.9.
#[test]
fn grades_equal_those_of_others() {
    let scores = [0.1, 0.4, 0.35, 0.8, 0.4, 0.6, 0.7, 0.9, 0.2, 0.4];
    let labels = [0, 0, 1, 1, 1, 0, 1, 1, 0, 0].map(|label| label == 1);
    let grades = Grades::new(&scores, &labels, 0.95).unwrap();
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-12, "{a} {b}");
    close(grades.auc.value, 0.8);
    close(grades.average_precision, 0.8392857142857143);
    close(grades.brier.value, 0.165_25);
    close(grades.log_loss.value, 0.4917737913661774);
    close(grades.lift, 2.0);
    // Three are tied for the third place of three, one of them positive.
    close(lift(&scores, &labels, 0.5), (3.0 + 0.0 + 1.0 / 3.0) / 5.0 / 0.5);
    assert!(grades.auc.low > 0.3 && grades.auc.high < 1.0);
    assert_eq!(auc(&scores, &[true; 10], 0.95), None);
    assert_eq!(Grades::new(&[1.5; 10], &labels, 0.95), None);
}

/// An interval of 95 % holds the true area in about 95 of 100 draws.
#[test]
fn intervals_hold_the_true_area() {
    let mut dice = Dice(23);
    let mut n_inside = 0;
    for _ in 0..400 {
        // Positive rows are the larger of two uniform numbers: the area is 2/3.
        let labels: Vec<bool> = (0..200).map(|at| at % 4 == 0).collect();
        let scores: Vec<f64> =
            labels.iter().map(|label| if *label { dice.roll().max(dice.roll()) } else { dice.roll() }).collect();
        let interval = auc(&scores, &labels, 0.95).unwrap();
        n_inside += usize::from(interval.low <= 2.0 / 3.0 && 2.0 / 3.0 <= interval.high);
    }
    assert!((370..=392).contains(&n_inside), "{n_inside} of 400");
}

#[test]
fn calibration_mends_what_is_too_sure() {
    for n in [800, 20_000] {
        let made = Made::new(n, 29, false);
        let said: Vec<f64> = made.truth.iter().map(|p| 2.5 * (p / (1.0 - p)).ln() + 0.7).collect();
        let calibration = Calibration::fit(&said, &made.labels);
        assert_eq!(matches!(calibration, Calibration::Isotonic { .. }), n > 10_000);
        let off = |p: &dyn Fn(f64) -> f64| {
            said.iter().zip(&made.truth).map(|(said, truth)| (p(*said) - truth).abs()).sum::<f64>() / n as f64
        };
        assert!(off(&|score| calibration.apply(score)) < 0.03 && off(&probability) > 0.08);
    }
    // Scores that point the wrong way are not turned round.
    let labels: Vec<bool> = (0..100).map(|at| at < 50).collect();
    let scores: Vec<f64> = (0..100).map(f64::from).collect();
    let calibration = Calibration::fit(&scores, &labels);
    assert!(calibration.apply(0.0) == calibration.apply(99.0) && (calibration.apply(5.0) - 0.5).abs() < 0.01);
    assert_eq!(Calibration::fit(&[], &[]).apply(1.0), probability(1.0));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 30, ..ProptestConfig::default() })]

    /// INV-CHANCE-4.
    #[test]
    fn calibration_keeps_order(n in 30_usize..4_000, seed in any::<u64>(), scores in prop::collection::vec(-50.0..50.0, 2..40)) {
        let made = Made::new(n, seed, true);
        let said: Vec<f64> = made.truth.iter().map(|p| (p * 8.0).round()).collect();
        let calibration = Calibration::fit(&said, &made.labels);
        let mut scores: Vec<f64> = scores;
        scores.sort_by(f64::total_cmp);
        let answers: Vec<f64> = scores.iter().map(|score| calibration.apply(*score)).collect();
        prop_assert!(answers.windows(2).all(|pair| pair[0] <= pair[1] + 1e-12), "{answers:?}");
        prop_assert!(answers.iter().all(|p| (0.0..=1.0).contains(p)));
    }

    #[test]
    fn capacity_is_never_exceeded(p in prop::collection::vec(0_u8..20, 0..60), high in 0_usize..20, medium in 0_usize..20) {
        let p: Vec<f64> = p.into_iter().map(|p| f64::from(p) / 20.0).collect();
        let tiers = tiers_by_capacity(&p, high, medium);
        let n = |tier: Tier| tiers.iter().filter(|other| **other == tier).count();
        prop_assert!(n(Tier::High) <= high && n(Tier::Medium) <= medium);
        for (a, tier) in p.iter().zip(&tiers) {
            for (b, other) in p.iter().zip(&tiers) {
                prop_assert!(a <= b || tier >= other);
            }
        }
    }
}

#[test]
fn tiers_follow_what_pays() {
    let (dear, light) = (Action { cost: 20.0, success: 0.4 }, Action { cost: 1.0, success: 0.1 });
    let tiers = tiers_by_value(&[0.9, 0.9, 0.2, 0.01], &[500.0, 20.0, 100.0, 500.0], dear, light);
    assert_eq!(tiers, [Tier::High, Tier::Medium, Tier::Medium, Tier::Low]);
    let grades = grade_tiers(&tiers, &[true, false, true, false]);
    assert_eq!((grades[0].n, grades[0].precision, grades[0].recall), (1, 1.0, 0.5));
    assert_eq!((grades[1].n, grades[1].precision, grades[2].recall), (2, 0.5, 0.0));
}

#[test]
fn ranks_of_ties_are_equal() {
    let sums = rank_sum(&[(&[3.0, 1.0, 1.0, f64::NAN], true), (&[1.0, 2.0, 2.0, 3.0], false)]);
    assert_eq!(sums[1], sums[2]);
    assert!(sums[0] > sums[1] && sums[1] > sums[3]);
    assert!(rank_sum(&[(&[1.0], true), (&[], true)]).is_empty());
}

#[test]
fn broken_tables_and_models_are_refused() {
    let made = Made::new(100, 31, false);
    let tree = |features: &Features, labels: &[bool]| Trees::fit(features, labels, &few()).map(|_| ());
    assert_eq!(tree(&Features { values: &made.values, n_columns: 3 }, &made.labels), Err(Problem::Shape));
    assert_eq!(tree(&made.features(), &[true; 100]), Err(Problem::TooFewCases));
    let mut endless = made.values.clone();
    endless[9] = f64::INFINITY;
    assert_eq!(tree(&Features { values: &endless, ..made.features() }, &made.labels), Err(Problem::Invalid(2)));
    assert_eq!(train(&made.features(), &made.labels, &[1], &options(100)), Err(Problem::Shape));
    // All missing, all the same: nothing to learn, nothing to fall over.
    for cell in [f64::NAN, 7.0] {
        let values = vec![cell; 400];
        let features = Features { values: &values, n_columns: N_FEATURES };
        let trained = train(&features, &made.labels, &made.groups(), &options(100)).unwrap();
        assert!((trained.grades.auc.value - 0.5).abs() < 0.1);
    }
    let model = Trees::fit(&made.features(), &made.labels, &few()).unwrap();
    let parts = || model.trees().to_vec();
    assert_eq!(Trees::from_parts(N_FEATURES, model.base(), parts()), Some(model.clone()));
    assert_eq!(Trees::from_parts(0, 0.0, parts()), None);
    let mut looping = parts();
    looping[0][1].left = 1;
    assert_eq!(Trees::from_parts(N_FEATURES, 0.0, looping), None);
    let mut shared = parts();
    shared[0][0].right = shared[0][0].left;
    assert_eq!(Trees::from_parts(N_FEATURES, 0.0, shared), None);
    assert!(model.score(&Features { values: &[1.0], n_columns: 1 }, 1).is_empty() && model.log_odds(&[]).is_finite());
}
