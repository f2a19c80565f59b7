//! Tables of numbers, and their distinct rows.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// A table, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Points<'a> {
    /// `n_rows × n_columns` numbers.
    pub values: &'a [f64],
    /// At least 1.
    pub n_columns: usize,
    /// How many customers a row stands for, above 0; one each when absent.
    pub weights: Option<&'a [f64]>,
}

/// Why there are no groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The slices do not make a table, or tables do not fit each other.
    Shape,
    /// A row, by position, holds a number that is not finite, or a weight that is not above 0.
    Invalid(usize),
    /// Fewer distinct rows than groups asked for, or no rows.
    TooFewRows,
}

impl<'a> Points<'a> {
    /// A table whose rows stand for one customer each.
    pub fn new(values: &'a [f64], n_columns: usize) -> Self {
        Self { values, n_columns, weights: None }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns.max(1)
    }

    pub(super) fn row(&self, at: usize) -> &'a [f64] {
        &self.values[at * self.n_columns..(at + 1) * self.n_columns]
    }

    pub(super) fn weight(&self, at: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[at])
    }

    pub(super) fn check(&self) -> Result<(), Problem> {
        let n = self.n_rows();
        if self.n_columns == 0
            || n * self.n_columns != self.values.len()
            || self.weights.is_some_and(|all| all.len() != n)
        {
            return Err(Problem::Shape);
        }
        let is_valid = |at: &usize| {
            self.row(*at).iter().all(|value| value.is_finite())
                && self.weight(*at).is_finite()
                && self.weight(*at) > 0.0
        };
        match (0..n).find(|at| !is_valid(at)) {
            Some(at) => Err(Problem::Invalid(at)),
            None => Ok(()),
        }
    }
}

/// Distinct rows in ascending order, with their weights.
#[derive(Clone, Debug)]
pub(super) struct Distinct {
    pub(super) values: Vec<f64>,
    pub(super) n_columns: usize,
    pub(super) weights: Vec<f64>,
    /// Of each row given, which distinct one it is.
    pub(super) of: Vec<u32>,
}

impl Distinct {
    pub(super) fn of(points: &Points) -> Result<Self, Problem> {
        points.check()?;
        let d = points.n_columns;
        // Minus nought is nought.
        let bits: Vec<u64> = points.values.iter().map(|value| (value + 0.0).to_bits()).collect();
        let mut known: HashMap<&[u64], u32, FixedState> = HashMap::default();
        let mut first: Vec<usize> = Vec::new();
        let mut of: Vec<u32> = bits
            .chunks_exact(d)
            .enumerate()
            .map(|(at, row)| {
                *known.entry(row).or_insert_with(|| {
                    first.push(at);
                    first.len() as u32 - 1
                })
            })
            .collect();
        let mut order: Vec<usize> = (0..first.len()).collect();
        let compare = |a: &usize, b: &usize| {
            let pairs = points.row(first[*a]).iter().zip(points.row(first[*b]));
            pairs.map(|(a, b)| (a + 0.0).total_cmp(&(b + 0.0))).find(|order| order.is_ne()).unwrap_or(a.cmp(b))
        };
        order.sort_unstable_by(compare);
        let mut place = vec![0_u32; order.len()];
        order.iter().enumerate().for_each(|(at, old)| place[*old] = at as u32);
        of.iter_mut().for_each(|old| *old = place[*old as usize]);
        let mut weights = vec![0.0; order.len()];
        if points.weights.is_some() {
            // In an order of their own, as sums depend on it.
            let mut parts: Vec<(u32, f64)> = of.iter().enumerate().map(|(at, row)| (*row, points.weight(at))).collect();
            parts.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
            parts.into_iter().for_each(|(row, weight)| weights[row as usize] += weight);
        } else {
            of.iter().for_each(|row| weights[*row as usize] += 1.0);
        }
        let values = order.iter().flat_map(|old| points.row(first[*old]).iter().map(|value| value + 0.0)).collect();
        Ok(Self { values, n_columns: d, weights, of })
    }

    pub(super) fn len(&self) -> usize {
        self.weights.len()
    }

    pub(super) fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.n_columns..(at + 1) * self.n_columns]
    }
}

pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}
