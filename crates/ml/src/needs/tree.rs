//! A shallow tree of decisions.

use crate::parallel;

/// How much each class counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weights {
    /// Every row alike.
    Rows,
    /// Every class alike, however rare it is.
    Classes,
}

/// How a tree grows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Most decisions one after another, at most 16.
    pub max_depth: usize,
    /// Least share of all rows in a leaf, from 0 to a half.
    pub min_leaf_ratio: f64,
    /// What a class counts.
    pub weights: Weights,
    /// Threads.
    pub n_threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { max_depth: 4, min_leaf_ratio: 0.01, weights: Weights::Classes, n_threads: 1 }
    }
}

/// Why there is no tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The slices do not make a table, or differ in length, or are empty.
    Shape,
    /// A row, by position, holds a number that is not finite.
    Invalid(usize),
    /// All rows are of one class.
    OneClass,
    /// An option is out of its range.
    Options,
}

/// A place in a tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// Rows with at most so much of a feature go left, others right.
    Split {
        /// Position of the feature.
        feature: usize,
        /// Half-way between two values of the rows.
        threshold: f64,
        /// Position of the left node; the right one follows the left one's descendants.
        left: usize,
        /// Position of the right node.
        right: usize,
    },
    /// Rows of each class that ended here.
    Leaf {
        /// By class.
        counts: Vec<u32>,
    },
}

/// A tree; the first node is the root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Depth first, left before right.
    pub nodes: Vec<Node>,
    /// Rows of each class that were learnt from.
    pub counts: Vec<u32>,
    /// What a row of each class counts.
    pub class_weights: Vec<f64>,
    n_columns: usize,
}

impl Tree {
    /// Grows a tree by Gini's impurity, each split the best of all.
    ///
    /// **Shape**: `values` row by row; `labels` are classes from 0 on. Equal splits: the first feature, the lowest threshold.
    /// **Source**: Breiman, Friedman, Olshen and Stone 1984.
    pub fn grow(values: &[f64], n_columns: usize, labels: &[u32], options: &Options) -> Result<Self, Problem> {
        let n = labels.len();
        if n == 0 || n_columns == 0 || n.checked_mul(n_columns) != Some(values.len()) || u32::try_from(n).is_err() {
            return Err(Problem::Shape);
        }
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(Problem::Invalid(at / n_columns));
        }
        let n_classes = labels.iter().max().map_or(0, |label| *label as usize + 1);
        if !(0.0..=0.5).contains(&options.min_leaf_ratio) || options.max_depth > 16 || n_classes > n {
            return Err(Problem::Options);
        }
        let mut counts = vec![0; n_classes];
        labels.iter().for_each(|label| counts[*label as usize] += 1);
        let n_present = counts.iter().filter(|count| **count > 0).count();
        if n_present < 2 {
            return Err(Problem::OneClass);
        }
        let weight = |count: &u32| match options.weights {
            Weights::Classes if *count > 0 => n as f64 / (n_present as f64 * f64::from(*count)),
            _ => 1.0,
        };
        let class_weights: Vec<f64> = counts.iter().map(weight).collect();
        let growth = Growth { values, n_columns, labels, class_weights: &class_weights, options };
        let sorted = parallel::map(
            n_columns,
            1,
            options.n_threads,
            || (),
            |(), range| {
                let value = |row: &u32| values[*row as usize * n_columns + range.start];
                let mut rows: Vec<u32> = (0..n as u32).collect();
                rows.sort_unstable_by(|a, b| value(a).total_cmp(&value(b)));
                rows
            },
        );
        let mut nodes = Vec::new();
        growth.grow(sorted, 0, &mut nodes);
        Ok(Self { nodes, counts, class_weights, n_columns })
    }

    /// Position of the leaf of a row; `None` when it has another number of features or one that is not a number.
    pub fn leaf(&self, row: &[f64]) -> Option<usize> {
        if row.len() != self.n_columns || row.iter().any(|value| value.is_nan()) {
            return None;
        }
        let mut at = 0;
        while let Node::Split { feature, threshold, left, right } = &self.nodes[at] {
            at = if row[*feature] <= *threshold { *left } else { *right };
        }
        Some(at)
    }

    /// The same answers with fewer decisions: leaves beside each other of one class become one.
    #[must_use]
    pub fn simple(&self) -> Self {
        let mut nodes = Vec::new();
        self.copy(0, &mut nodes);
        Self { nodes, ..self.clone() }
    }

    /// Adds a node with all below it; what became a leaf gives its rows.
    fn copy(&self, at: usize, nodes: &mut Vec<Node>) -> Option<Vec<u32>> {
        let place = nodes.len();
        nodes.push(self.nodes[at].clone());
        match &self.nodes[at] {
            Node::Leaf { counts } => Some(counts.clone()),
            Node::Split { feature, threshold, left, right } => {
                let of_left = self.copy(*left, nodes);
                let next = nodes.len();
                let of_right = self.copy(*right, nodes);
                nodes[place] = Node::Split { feature: *feature, threshold: *threshold, left: place + 1, right: next };
                let (of_left, of_right) = of_left.zip(of_right)?;
                if self.likeliest(&of_left) != self.likeliest(&of_right) {
                    return None;
                }
                let counts: Vec<u32> = of_left.iter().zip(&of_right).map(|(left, right)| left + right).collect();
                nodes.truncate(place);
                nodes.push(Node::Leaf { counts: counts.clone() });
                Some(counts)
            }
        }
    }

    /// The likeliest class of a row, as classes are weighted.
    pub fn class(&self, row: &[f64]) -> Option<usize> {
        let Node::Leaf { counts } = &self.nodes[self.leaf(row)?] else { return None };
        Some(self.likeliest(counts))
    }

    /// The class that counts most; the first of equal ones.
    pub(super) fn likeliest(&self, counts: &[u32]) -> usize {
        let weight = |class: usize| f64::from(counts[class]) * self.class_weights[class];
        (1..counts.len()).fold(0, |best, class| if weight(class) > weight(best) { class } else { best })
    }
}

struct Growth<'a> {
    values: &'a [f64],
    n_columns: usize,
    labels: &'a [u32],
    class_weights: &'a [f64],
    options: &'a Options,
}

/// The best split of one feature: sum of both sides' purity, and threshold.
type Split = Option<(f64, f64)>;

impl Growth<'_> {
    /// Adds the node of rows, which are sorted by each feature, with all below it.
    fn grow(&self, sorted: Vec<Vec<u32>>, depth: usize, nodes: &mut Vec<Node>) {
        let mut counts = vec![0_u32; self.class_weights.len()];
        sorted[0].iter().for_each(|row| counts[self.labels[*row as usize] as usize] += 1);
        let at = nodes.len();
        let Some((feature, threshold)) = self.best(&sorted, &counts, depth) else {
            nodes.push(Node::Leaf { counts });
            return;
        };
        nodes.push(Node::Split { feature, threshold, left: at + 1, right: 0 });
        let is_left = |row: &u32| self.values[*row as usize * self.n_columns + feature] <= threshold;
        let (left, right): (Vec<Vec<u32>>, Vec<Vec<u32>>) =
            sorted.into_iter().map(|rows| rows.into_iter().partition(is_left)).unzip();
        self.grow(left, depth + 1, nodes);
        let next = nodes.len();
        if let Node::Split { right, .. } = &mut nodes[at] {
            *right = next;
        }
        self.grow(right, depth + 1, nodes);
    }

    fn best(&self, sorted: &[Vec<u32>], counts: &[u32], depth: usize) -> Option<(usize, f64)> {
        let n = sorted[0].len();
        // A little less than a whole number is that number.
        let min_leaf = ((self.options.min_leaf_ratio * self.labels.len() as f64 - 1e-9).ceil() as usize).max(1);
        if depth == self.options.max_depth || n < 2 * min_leaf || counts.iter().filter(|count| **count > 0).count() < 2
        {
            return None;
        }
        let splits: Vec<Split> = parallel::map(
            sorted.len(),
            1,
            self.options.n_threads,
            || (),
            |(), range| self.split(&sorted[range.start], range.start, counts, min_leaf),
        );
        let (whole, _) = self.purity(counts);
        let mut best: Option<(usize, f64, f64)> = None;
        for (feature, split) in splits.into_iter().enumerate() {
            let Some((purity, threshold)) = split else { continue };
            if purity > best.map_or(whole, |best| best.1) * (1.0 + 1e-12) {
                best = Some((feature, purity, threshold));
            }
        }
        best.map(|(feature, _, threshold)| (feature, threshold))
    }

    /// Sum of squared weights of classes over their sum: what Gini's impurity takes away from the weight of the rows.
    fn purity(&self, counts: &[u32]) -> (f64, f64) {
        let (mut squares, mut sum) = (0.0, 0.0);
        for (count, weight) in counts.iter().zip(self.class_weights) {
            let weight = f64::from(*count) * weight;
            squares += weight * weight;
            sum += weight;
        }
        (squares / sum, sum)
    }

    fn split(&self, rows: &[u32], feature: usize, counts: &[u32], min_leaf: usize) -> Split {
        let value = |at: usize| self.values[rows[at] as usize * self.n_columns + feature];
        let mut left = vec![0_u32; counts.len()];
        let mut right = counts.to_vec();
        let mut best: Split = None;
        for (at, row) in rows.iter().enumerate().take(rows.len() - min_leaf) {
            let class = self.labels[*row as usize] as usize;
            left[class] += 1;
            right[class] -= 1;
            if at + 1 < min_leaf || value(at) == value(at + 1) {
                continue;
            }
            let purity = self.purity(&left).0 + self.purity(&right).0;
            if purity > best.map_or(0.0, |best| best.0) * (1.0 + 1e-12) {
                let (low, high) = (value(at), value(at + 1));
                let middle = low / 2.0 + high / 2.0;
                best = Some((purity, if middle < high { middle } else { low }));
            }
        }
        best
    }
}
