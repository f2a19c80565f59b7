//! What each feature contributed to one answer.

use super::trees::{MAX_DEPTH, Node, Trees};

/// Contributions to log-odds; with `base` they add up to the answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// The answer for nobody in particular.
    pub base: f64,
    /// By feature.
    pub contributions: Vec<f64>,
}

impl Explanation {
    /// Positions of the features that pushed the answer up most, at most `n`.
    pub fn reasons_for(&self, n: usize) -> Vec<usize> {
        self.most(n, 1.0)
    }

    /// Positions of the features that pushed the answer down most, at most `n`.
    pub fn reasons_against(&self, n: usize) -> Vec<usize> {
        self.most(n, -1.0)
    }

    fn most(&self, n: usize, sign: f64) -> Vec<usize> {
        let value = |at: &usize| sign * self.contributions[*at];
        let mut order: Vec<usize> = (0..self.contributions.len()).filter(|at| value(at) > 0.0).collect();
        order.sort_by(|a, b| value(b).total_cmp(&value(a)));
        order.truncate(n);
        order
    }
}

/// One feature of a leaf's path, however often it is asked there.
struct Step {
    feature: u32,
    /// Inner nodes of the tree at which the path goes left, and right, by this feature; a bit each.
    left: u64,
    right: u64,
}

/// A leaf with the contributions of its steps for every set of steps that a row may take.
struct Leaf {
    steps: Vec<Step>,
    /// `2^n × n` numbers.
    table: Vec<f64>,
}

struct Tree {
    /// Feature, threshold and side of what is missing, of the inner nodes.
    inner: Vec<Node>,
    leaves: Vec<Leaf>,
}

/// Path-dependent Shapley values of trees, by tables: a row only has to find out which steps of a path it takes.
///
/// **Source**: Lundberg et al. 2020, "From local explanations to global understanding"; the tables are those of Yang 2021,
/// "Fast TreeSHAP".
pub struct TreeExplainer {
    n_features: usize,
    base: f64,
    trees: Vec<Tree>,
}

impl TreeExplainer {
    /// Prepares the tables.
    pub fn new(model: &Trees) -> Self {
        let mut base = model.base();
        let trees = model
            .trees()
            .iter()
            .map(|nodes| {
                let mut tree = Tree { inner: Vec::new(), leaves: Vec::new() };
                let mut path = Vec::new();
                base += walk(nodes, 0, &mut path, &mut tree);
                tree
            })
            .collect();
        Self { n_features: super::Predict::n_features(model), base, trees }
    }

    /// Explains a row; cells that lack are missing.
    pub fn explain(&self, row: &[f64]) -> Explanation {
        let mut contributions = vec![0.0; self.n_features];
        for tree in &self.trees {
            let mut goes_left = 0_u64;
            for (at, node) in tree.inner.iter().enumerate() {
                let value = row.get(node.feature as usize).copied().unwrap_or(f64::NAN);
                goes_left |= u64::from(node.goes_left(value)) << at;
            }
            for leaf in &tree.leaves {
                let n = leaf.steps.len();
                let mut taken = 0;
                for (at, step) in leaf.steps.iter().enumerate() {
                    let is_taken = goes_left & step.left == step.left && goes_left & step.right == 0;
                    taken |= usize::from(is_taken) << at;
                }
                for (step, part) in leaf.steps.iter().zip(&leaf.table[taken * n..(taken + 1) * n]) {
                    contributions[step.feature as usize] += part;
                }
            }
        }
        Explanation { base: self.base, contributions }
    }
}

/// Adds the leaves below a node; the sum of their values times the share of rows that came there.
///
/// `path` holds, of each inner node above, its position among them, its side (left is true) and that side's share of rows.
fn walk(nodes: &[Node], at: usize, path: &mut Vec<(usize, bool, f64)>, tree: &mut Tree) -> f64 {
    let node = nodes[at];
    if node.is_leaf() {
        tree.leaves.push(leaf(&tree.inner, path, node.value));
        return path.iter().map(|(_, _, share)| share).product::<f64>() * node.value;
    }
    let inner = tree.inner.len();
    tree.inner.push(node);
    let [left, right] = [node.left as usize, node.right as usize];
    let both = nodes[left].cover + nodes[right].cover;
    [(left, true), (right, false)]
        .into_iter()
        .map(|(child, is_left)| {
            let share = if both > 0.0 { nodes[child].cover / both } else { 0.5 };
            path.push((inner, is_left, share));
            let sum = walk(nodes, child, path, tree);
            path.pop();
            sum
        })
        .sum()
}

fn leaf(inner: &[Node], path: &[(usize, bool, f64)], value: f64) -> Leaf {
    let mut steps: Vec<Step> = Vec::new();
    let mut shares: Vec<f64> = Vec::new();
    for (node, is_left, share) in path {
        let feature = inner[*node].feature;
        let known = steps.iter().position(|step| step.feature == feature);
        let at = known.unwrap_or_else(|| {
            steps.push(Step { feature, left: 0, right: 0 });
            shares.push(1.0);
            steps.len() - 1
        });
        shares[at] *= share;
        let side = if *is_left { &mut steps[at].left } else { &mut steps[at].right };
        *side |= 1 << node;
    }
    let n = steps.len();
    // A step of a row is worth 1 or 0 where it is known, the share of rows where it is not: the leaf's weight is a product
    // over steps. The Shapley value sums over the sizes of the known set, so the products over the other steps are
    // multiplied out as polynomials in "known".
    let mut table = vec![0.0; n << n];
    for taken in 0..1_usize << n {
        for own in 0..n {
            let mut polynomial = [0.0; MAX_DEPTH + 1];
            polynomial[0] = 1.0;
            for (degree, other) in (0..n).filter(|other| *other != own).enumerate() {
                let known = f64::from(u8::from(taken >> other & 1 == 1));
                for size in (0..=degree + 1).rev() {
                    let from_known = if size > 0 { polynomial[size - 1] * known } else { 0.0 };
                    polynomial[size] = polynomial[size] * shares[other] + from_known;
                }
            }
            // size! (n - size - 1)! / n!
            let mut weight = 1.0 / n as f64;
            let mut sum = 0.0;
            for (size, part) in polynomial[..n].iter().enumerate() {
                sum += weight * part;
                weight *= (size + 1) as f64 / (n - size - 1).max(1) as f64;
            }
            let known = f64::from(u8::from(taken >> own & 1 == 1));
            table[taken * n + own] = value * (known - shares[own]) * sum;
        }
    }
    Leaf { steps, table }
}
