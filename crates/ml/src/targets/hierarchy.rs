//! Figures of several levels.

use super::split::{Part, Problem, split};

/// A node of a hierarchy, with its bounds; those of its children bind it too.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    /// Position of the parent, which stands before it; none at the top.
    pub parent: Option<usize>,
    /// Weight among the parent's children, and bounds.
    pub part: Part,
}

/// A forest of nodes, parents before children.
#[derive(Clone, Debug, PartialEq)]
pub struct Hierarchy {
    levels: Vec<Level>,
    children: Vec<Vec<usize>>,
}

impl Hierarchy {
    /// **Errors**: [`Problem::Shape`] when a parent does not stand before its child.
    pub fn new(levels: &[Level]) -> Result<Self, Problem> {
        let mut children = vec![Vec::new(); levels.len()];
        for (at, level) in levels.iter().enumerate() {
            match level.parent {
                Some(parent) if parent < at => children[parent].push(at),
                Some(_) => return Err(Problem::Shape),
                None => {}
            }
        }
        // Sums of children run by key, not by the order in which they came.
        children.iter_mut().for_each(|own| own.sort_by_key(|at| levels[*at].part.key));
        Ok(Self { levels: levels.to_vec(), children })
    }

    /// Sums of leaves at every node. **Shape**: a number for each node; those of inner nodes are not looked at.
    pub fn sum_up(&self, values: &[i64]) -> Result<Vec<i64>, Problem> {
        if values.len() != self.levels.len() {
            return Err(Problem::Shape);
        }
        let mut sums = values.to_vec();
        for (at, own) in self.children.iter().enumerate().rev() {
            if !own.is_empty() {
                sums[at] = own.iter().map(|child| sums[*child]).sum();
            }
        }
        Ok(sums)
    }

    /// Splits an amount over the top nodes, what each of them gets over its children, and so on. A node is bound by what its
    /// children can take together, so that what is possible at the leaves is found.
    pub fn cascade(&self, amount: i64) -> Result<Vec<i64>, Problem> {
        let mut parts: Vec<Part> = self.levels.iter().map(|level| level.part).collect();
        for (at, own) in self.children.iter().enumerate().rev() {
            if own.is_empty() {
                continue;
            }
            let sum = |bound: fn(&Part) -> i64| own.iter().map(|child| i128::from(bound(&parts[*child]))).sum::<i128>();
            let limit = |sum: i128| sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
            let floor = parts[at].floor.max(limit(sum(|part| part.floor)));
            let cap = parts[at].cap.min(limit(sum(|part| part.cap)));
            parts[at] = Part { floor, cap, ..parts[at] };
        }
        let mut amounts = vec![0; parts.len()];
        let top: Vec<usize> = (0..parts.len()).filter(|at| self.levels[*at].parent.is_none()).collect();
        self.spread(amount, &top, &parts, &mut amounts)?;
        for at in 0..parts.len() {
            if !self.children[at].is_empty() {
                self.spread(amounts[at], &self.children[at], &parts, &mut amounts)?;
            }
        }
        Ok(amounts)
    }

    fn spread(&self, amount: i64, nodes: &[usize], parts: &[Part], amounts: &mut [i64]) -> Result<(), Problem> {
        let own: Vec<Part> = nodes.iter().map(|at| parts[*at]).collect();
        let shares = split(amount, &own).map_err(|problem| match problem {
            Problem::Invalid(at) => Problem::Invalid(nodes[at]),
            problem => problem,
        })?;
        nodes.iter().zip(shares).for_each(|(at, share)| amounts[*at] = share);
        Ok(())
    }

    /// Figures that were made for each node on its own (forecasts, plans), moved as little as possible so that children add up
    /// to their parents: the weighted sum of squared moves is least.
    ///
    /// On a tree that needs no matrix. Upwards, each node's least cost is a parabola in its own total; downwards, each total
    /// is split where the children's costs rise alike.
    ///
    /// **Shape**: a number and a trust above 0 for each node; trust is one over the variance, equal trust is ordinary least
    /// squares.
    /// **Source**: Hyndman et al. 2011; Wickramasuriya, Athanasopoulos and Hyndman 2019.
    /// **Errors**: [`Problem::Shape`]; [`Problem::Invalid`] for a number that is not finite or a trust not above 0.
    pub fn reconcile(&self, values: &[f64], trust: &[f64]) -> Result<Vec<f64>, Problem> {
        let n = self.levels.len();
        if values.len() != n || trust.len() != n {
            return Err(Problem::Shape);
        }
        let is_valid = |at: &usize| values[*at].is_finite() && trust[*at].is_finite() && trust[*at] > 0.0;
        if let Some(at) = (0..n).find(|at| !is_valid(at)) {
            return Err(Problem::Invalid(at));
        }
        // Curvature and place of the least cost of everything below and at a node.
        let mut curves = trust.to_vec();
        let mut best = values.to_vec();
        let mut below = vec![(0.0, 0.0); n];
        for (at, own) in self.children.iter().enumerate().rev() {
            if own.is_empty() {
                continue;
            }
            let total: f64 = own.iter().map(|child| best[*child]).sum();
            let give: f64 = own.iter().map(|child| 1.0 / curves[*child]).sum();
            below[at] = (total, give);
            curves[at] = trust[at] + 1.0 / give;
            best[at] = (total / give + trust[at] * values[at]) / curves[at];
        }
        let mut settled = best.clone();
        for (at, own) in self.children.iter().enumerate() {
            let (total, give) = below[at];
            for child in own {
                settled[*child] = best[*child] + (settled[at] - total) / (curves[*child] * give);
            }
        }
        Ok(settled)
    }
}
