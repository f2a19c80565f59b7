//! Gradient boosted trees for yes or no.

use super::features::{Features, Problem};
use super::grow::{Binned, Ground};
use super::{Predict, probability};
use crate::parallel;
use crate::random::{Random, join};

/// Deepest tree; reasons are looked up in tables of two to this power.
pub(super) const MAX_DEPTH: usize = 8;
/// Most leaves of a tree.
const MAX_LEAVES: usize = 64;

/// How trees are grown.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TreeOptions {
    /// Trees.
    pub n_trees: usize,
    /// Leaves of a tree, 64 at most.
    pub n_leaves: usize,
    /// Depth of a tree, 8 at most.
    pub max_depth: usize,
    /// How much of its answer each tree gives.
    pub rate: f64,
    /// Ridge on the answers of leaves.
    pub l2: f64,
    /// Least rows of a leaf.
    pub min_rows: usize,
    /// Least sum of second derivatives of a leaf.
    pub min_hessian: f64,
    /// Share of rows that each tree sees.
    pub row_share: f64,
    /// Share of features that each tree may ask.
    pub feature_share: f64,
    /// Of what each tree sees.
    pub seed: u64,
    /// Never changes the answer.
    pub n_threads: usize,
}

impl TreeOptions {
    /// For tables of a few thousand rows, where the usual settings lose to logistic regression: small trees, slow, with much
    /// ridge and sampling.
    pub const SMALL: Self = Self {
        n_trees: 250,
        n_leaves: 7,
        max_depth: 6,
        rate: 0.03,
        l2: 5.0,
        min_rows: 20,
        min_hessian: 1.0,
        row_share: 0.8,
        feature_share: 0.6,
        seed: 1,
        n_threads: 1,
    };
    /// For a hundred thousand rows and more.
    pub const LARGE: Self =
        Self { n_trees: 300, n_leaves: 31, max_depth: MAX_DEPTH, rate: 0.06, min_rows: 100, ..Self::SMALL };

    /// The preset for so many rows.
    pub fn for_rows(n_rows: usize) -> Self {
        if n_rows < 100_000 { Self::SMALL } else { Self::LARGE }
    }
}

/// A node of a tree; a leaf when `left` is 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Node {
    /// Feature asked.
    pub feature: u32,
    /// Rows at or below it go left.
    pub threshold: f64,
    /// Where rows without the feature go.
    pub is_missing_left: bool,
    /// Position of the left child, 0 in leaves.
    pub left: u32,
    /// Position of the right child, 0 in leaves.
    pub right: u32,
    /// Log-odds that a leaf adds.
    pub value: f64,
    /// Rows that came by in training.
    pub cover: f64,
}

impl Node {
    pub(super) fn leaf() -> Self {
        Self { feature: 0, threshold: 0.0, is_missing_left: false, left: 0, right: 0, value: 0.0, cover: 0.0 }
    }

    pub(super) fn is_leaf(&self) -> bool {
        self.left == 0
    }

    pub(super) fn goes_left(&self, value: f64) -> bool {
        if value.is_nan() { self.is_missing_left } else { value <= self.threshold }
    }
}

/// Boosted trees.
#[derive(Clone, Debug, PartialEq)]
pub struct Trees {
    n_features: usize,
    base: f64,
    trees: Vec<Vec<Node>>,
}

impl Trees {
    /// Grows trees.
    ///
    /// **Errors**: [`Problem`].
    /// **Source**: Friedman 2001 and 2002; second order, histograms and leaf-wise growth as in Chen and Guestrin 2016 and Ke
    /// et al. 2017.
    pub fn fit(features: &Features, labels: &[bool], options: &TreeOptions) -> Result<Self, Problem> {
        features.check(labels)?;
        let options = TreeOptions {
            n_leaves: options.n_leaves.clamp(2, MAX_LEAVES),
            max_depth: options.max_depth.clamp(1, MAX_DEPTH),
            l2: options.l2.max(1e-9),
            ..*options
        };
        let order = features.order(labels);
        let binned = Binned::new(features, &order, options.n_threads);
        let n = order.len();
        let n_positive = labels.iter().filter(|label| **label).count() as f64;
        let base = (n_positive / (n as f64 - n_positive)).ln();
        let mut log_odds = vec![base; n];
        let mut model = Self { n_features: features.n_columns, base, trees: Vec::new() };
        let mut slopes = vec![(0.0, 0.0); n];
        for at in 0..options.n_trees {
            for ((slope, log_odds), row) in slopes.iter_mut().zip(&log_odds).zip(&order) {
                let p = probability(*log_odds);
                *slope = (p - f64::from(u8::from(labels[*row])), p * (1.0 - p));
            }
            let mut random = Random::new(join(options.seed, at as u64));
            let rows: Vec<u32> = (0..n as u32).filter(|_| random.uniform() < options.row_share).collect();
            let n_asked =
                ((features.n_columns as f64 * options.feature_share).ceil() as usize).clamp(1, features.n_columns);
            let mut asked = random.permutation(features.n_columns);
            asked.truncate(n_asked);
            asked.sort_unstable();
            let ground = Ground { binned: &binned, slopes: &slopes, features: &asked, options: &options };
            let tree = ground.grow(rows);
            let ranges = parallel::map(
                n,
                16_384,
                options.n_threads,
                || (),
                |(), range| range.map(|at| leaf(&tree, features.row(order[at])).value).collect::<Vec<f64>>(),
            );
            log_odds.iter_mut().zip(ranges.into_iter().flatten()).for_each(|(sum, value)| *sum += value);
            model.trees.push(tree);
        }
        Ok(model)
    }

    /// A model out of its parts; `None` unless each node but the root is one child of a node before it, features exist and no
    /// tree is too large.
    pub fn from_parts(n_features: usize, base: f64, trees: Vec<Vec<Node>>) -> Option<Self> {
        let is_sound = |tree: &Vec<Node>| {
            let mut depth = vec![0; tree.len()];
            let mut n_parents = vec![0; tree.len()];
            let is_sound = tree.iter().enumerate().all(|(at, node)| {
                if node.is_leaf() {
                    return true;
                }
                let children = [node.left as usize, node.right as usize];
                let follow = children.iter().all(|child| *child > at && *child < tree.len());
                if follow {
                    children.iter().for_each(|child| {
                        depth[*child] = depth[at] + 1;
                        n_parents[*child] += 1;
                    });
                }
                follow && (node.feature as usize) < n_features
            });
            let n_inner = tree.iter().filter(|node| !node.is_leaf()).count();
            let is_tree = n_parents.iter().skip(1).all(|n| *n == 1);
            is_sound
                && is_tree
                && !tree.is_empty()
                && n_inner < MAX_LEAVES
                && depth.iter().all(|depth| *depth <= MAX_DEPTH)
        };
        trees.iter().all(is_sound).then_some(Self { n_features, base, trees })
    }

    /// Log-odds before any tree.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// The trees, each with its root first.
    pub fn trees(&self) -> &[Vec<Node>] {
        &self.trees
    }
}

fn leaf<'a>(tree: &'a [Node], row: &[f64]) -> &'a Node {
    let mut node = &tree[0];
    while !node.is_leaf() {
        let value = row.get(node.feature as usize).copied().unwrap_or(f64::NAN);
        node = &tree[if node.goes_left(value) { node.left } else { node.right } as usize];
    }
    node
}

impl Predict for Trees {
    fn n_features(&self) -> usize {
        self.n_features
    }

    fn log_odds(&self, row: &[f64]) -> f64 {
        self.base + self.trees.iter().map(|tree| leaf(tree, row).value).sum::<f64>()
    }
}
