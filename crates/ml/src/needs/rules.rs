//! The rules that a tree stands for.

use super::tree::{Node, Tree};

/// What a rule asks of a feature: more than `above`, and at most `at_most`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Condition {
    /// Position of the feature.
    pub feature: usize,
    /// Lower bound, not met by itself.
    pub above: Option<f64>,
    /// Upper bound, met by itself.
    pub at_most: Option<f64>,
}

/// One leaf as a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Position of the leaf in the tree.
    pub leaf: usize,
    /// One for each feature that matters, by position of the feature; all must hold.
    pub conditions: Vec<Condition>,
    /// The likeliest class, as classes are weighted.
    pub class: usize,
    /// Rows that met the conditions.
    pub n_rows: u32,
    /// Share of them that is of the class.
    pub share: f64,
    /// `share` over the class's share of all rows: 1 is chance.
    pub lift: f64,
}

impl Condition {
    /// Whether a row meets it.
    pub fn holds(&self, row: &[f64]) -> bool {
        let value = row[self.feature];
        self.above.is_none_or(|bound| value > bound) && self.at_most.is_none_or(|bound| value <= bound)
    }
}

impl Tree {
    /// One rule for each leaf, by falling lift.
    pub fn rules(&self) -> Vec<Rule> {
        let mut rules = Vec::new();
        self.walk(0, &mut Vec::new(), &mut rules);
        rules.sort_by(|a, b| b.lift.total_cmp(&a.lift).then(a.leaf.cmp(&b.leaf)));
        rules
    }

    fn walk(&self, at: usize, path: &mut Vec<Condition>, rules: &mut Vec<Rule>) {
        match &self.nodes[at] {
            Node::Split { feature, threshold, left, right } => {
                path.push(Condition { feature: *feature, above: None, at_most: Some(*threshold) });
                self.walk(*left, path, rules);
                path.pop();
                path.push(Condition { feature: *feature, above: Some(*threshold), at_most: None });
                self.walk(*right, path, rules);
                path.pop();
            }
            Node::Leaf { counts } => {
                let class = self.likeliest(counts);
                let n_rows: u32 = counts.iter().sum();
                let share = f64::from(counts[class]) / f64::from(n_rows);
                let n_all: u32 = self.counts.iter().sum();
                rules.push(Rule {
                    leaf: at,
                    conditions: joined(path),
                    class,
                    n_rows,
                    share,
                    lift: share * f64::from(n_all) / f64::from(self.counts[class]),
                });
            }
        }
    }
}

/// Conditions of one feature become one.
fn joined(path: &[Condition]) -> Vec<Condition> {
    let mut conditions: Vec<Condition> = Vec::new();
    for condition in path {
        let tighter = |a: Option<f64>, b: Option<f64>, pick: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(pick(a, b)),
            (a, b) => a.or(b),
        };
        match conditions.iter_mut().find(|known| known.feature == condition.feature) {
            Some(known) => {
                known.above = tighter(known.above, condition.above, f64::max);
                known.at_most = tighter(known.at_most, condition.at_most, f64::min);
            }
            None => conditions.push(*condition),
        }
    }
    conditions.sort_by_key(|condition| condition.feature);
    conditions
}
