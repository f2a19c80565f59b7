//! The tree beside scikit-learn's, and the laws of its rules.

use proptest::prelude::*;
use zhike_ml::needs::{Node, Options, Problem, Tree, Weights};

/// 1,008 rows of four features, each a permutation, so that no two splits are equal; three classes, a thirteenth of the rows
/// mislabelled.
fn made() -> (Vec<f64>, Vec<u32>) {
    let (mut values, mut labels) = (Vec::new(), Vec::new());
    for row in 1_u32..=1_008 {
        let own = [271, 619, 83, 954].map(|factor| row * factor % 1_009);
        let label = if own[0] > 600 && own[1] <= 400 { 1 } else { 2 * u32::from(own[2] > 850) };
        labels.push(if row * 53 % 13 == 0 { (label + 1) % 3 } else { label });
        values.extend(own.map(f64::from));
    }
    (values, labels)
}

/// Feature (-1 for a leaf), threshold and rows of each node, depth first.
fn shape(tree: &Tree) -> Vec<(i32, f64, u32)> {
    fn n_rows(tree: &Tree, at: usize) -> u32 {
        match &tree.nodes[at] {
            Node::Split { left, right, .. } => n_rows(tree, *left) + n_rows(tree, *right),
            Node::Leaf { counts } => counts.iter().sum(),
        }
    }
    let of = |(at, node): (usize, &Node)| match node {
        Node::Split { feature, threshold, .. } => (*feature as i32, *threshold, n_rows(tree, at)),
        Node::Leaf { .. } => (-1, 0.0, n_rows(tree, at)),
    };
    tree.nodes.iter().enumerate().map(of).collect()
}

/// `DecisionTreeClassifier(max_depth=4, min_samples_leaf=0.01)` of scikit-learn 1.9, the same for eight seeds.
#[test]
fn every_split_is_that_of_scikit_learn() {
    let leaf = |n_rows| (-1, 0.0, n_rows);
    let begin = vec![
        (2, 850.5, 1_008),
        (0, 600.5, 850),
        (3, 294.5, 507),
        (3, 269.5, 147),
        leaf(136),
        leaf(11),
        (2, 42.0, 360),
        leaf(17),
        leaf(343),
    ];
    let end = vec![
        (1, 392.5, 158),
        (0, 597.5, 62),
        (1, 205.0, 35),
        leaf(19),
        leaf(16),
        (1, 235.5, 27),
        leaf(15),
        leaf(12),
        (1, 940.5, 96),
        (1, 686.5, 85),
        leaf(47),
        leaf(38),
        leaf(11),
    ];
    let by_rows = vec![(1, 399.5, 343), (2, 781.0, 135), leaf(124), leaf(11), (0, 803.5, 208), leaf(104), leaf(104)];
    let by_classes = vec![(1, 411.0, 343), (2, 781.0, 138), leaf(127), leaf(11), (0, 820.5, 205), leaf(111), leaf(94)];
    let (values, labels) = made();
    for (weights, middle) in [(Weights::Rows, by_rows), (Weights::Classes, by_classes)] {
        let tree = Tree::grow(&values, 4, &labels, &Options { weights, ..Options::default() }).unwrap();
        assert_eq!(shape(&tree), [begin.clone(), middle, end.clone()].concat(), "{weights:?}");
    }
}

#[test]
fn rules_say_what_was_planted() {
    let (values, labels) = made();
    let tree = Tree::grow(&values, 4, &labels, &Options { max_depth: 3, ..Options::default() }).unwrap();
    let rules = tree.rules();
    let first = rules.iter().filter(|rule| rule.class == 1).max_by_key(|rule| rule.n_rows).unwrap();
    let bounds: Vec<(usize, Option<f64>, Option<f64>)> =
        first.conditions.iter().map(|each| (each.feature, each.above, each.at_most)).collect();
    assert_eq!(bounds, [(0, Some(600.5), None), (1, None, Some(411.0)), (2, None, Some(850.5))]);
    assert!(first.share > 0.85 && first.lift > 3.0, "{first:?}");
}

#[test]
fn what_cannot_be_learnt_is_refused() {
    let options = Options::default();
    assert_eq!(Tree::grow(&[], 1, &[], &options), Err(Problem::Shape));
    assert_eq!(Tree::grow(&[1.0, 2.0, 3.0], 2, &[0, 1], &options), Err(Problem::Shape));
    assert_eq!(Tree::grow(&[1.0, f64::NAN], 1, &[0, 1], &options), Err(Problem::Invalid(1)));
    assert_eq!(Tree::grow(&[1.0, 2.0], 1, &[1, 1], &options), Err(Problem::OneClass));
    assert_eq!(Tree::grow(&[1.0, 2.0], 1, &[0, u32::MAX], &options), Err(Problem::Options));
    assert_eq!(Tree::grow(&[1.0, 2.0], 1, &[0, 1], &Options { max_depth: 17, ..options }), Err(Problem::Options));
    let tree = Tree::grow(&[1.0, 2.0], 1, &[0, 1], &Options { min_leaf_ratio: 0.5, ..options }).unwrap();
    assert_eq!((tree.class(&[1.4]), tree.class(&[1.6])), (Some(0), Some(1)));
    assert_eq!((tree.class(&[f64::NAN]), tree.class(&[1.0, 2.0])), (None, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// INV-NEEDS-1 and 2.
    #[test]
    fn every_row_meets_one_rule_whatever_the_order(
        rows in proptest::collection::vec((0_u32..8, 0_u32..8, 0_u32..3), 2..120),
        min_leaf_ratio in 0.0_f64..0.2,
    ) {
        let table = |rows: &[(u32, u32, u32)]| {
            let values: Vec<f64> = rows.iter().flat_map(|(a, b, _)| [f64::from(*a), f64::from(*b) / 3.0]).collect();
            (values, rows.iter().map(|(_, _, label)| *label).collect::<Vec<u32>>())
        };
        let options = Options { min_leaf_ratio, ..Options::default() };
        let (values, labels) = table(&rows);
        let Ok(tree) = Tree::grow(&values, 2, &labels, &options) else {
            prop_assert!(labels.iter().all(|label| *label == labels[0]) || rows.len() < 3);
            return Ok(());
        };
        let mut backwards = rows.clone();
        backwards.reverse();
        let (reversed, reversed_labels) = table(&backwards);
        prop_assert_eq!(&Tree::grow(&reversed, 2, &reversed_labels, &Options { n_threads: 3, ..options }).unwrap(), &tree);
        let rules = tree.rules();
        prop_assert_eq!(rules.iter().map(|rule| rule.n_rows).sum::<u32>() as usize, rows.len());
        for row in values.chunks_exact(2) {
            let met: Vec<_> = rules.iter().filter(|rule| rule.conditions.iter().all(|each| each.holds(row))).collect();
            prop_assert_eq!(met.len(), 1);
            prop_assert_eq!(Some(met[0].leaf), tree.leaf(row));
            prop_assert_eq!(Some(met[0].class), tree.class(row));
        }
        let simple = tree.simple();
        prop_assert!(simple.nodes.len() <= tree.nodes.len());
        for row in values.chunks_exact(2) {
            prop_assert_eq!(simple.class(row), tree.class(row));
        }
        for node in &simple.nodes {
            let Node::Split { left, right, .. } = node else { continue };
            let class = |at: &usize| simple.rules().into_iter().find(|rule| rule.leaf == *at).map(|rule| rule.class);
            prop_assert!(class(left).is_none() || class(left) != class(right));
        }
        let least = (min_leaf_ratio * rows.len() as f64).ceil() as u32;
        prop_assert!(rules.len() == 1 || rules.iter().all(|rule| rule.n_rows >= least.max(1)));
    }
}
