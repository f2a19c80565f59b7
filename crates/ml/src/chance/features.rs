//! Tables of features.

/// A table, row by row; NaN is missing.
#[derive(Clone, Copy, Debug)]
pub struct Features<'a> {
    /// `n_rows × n_columns` numbers.
    pub values: &'a [f64],
    /// At least 1.
    pub n_columns: usize,
}

/// Why there is no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// The slices do not make a table, or differ in length.
    Shape,
    /// A row, by position, holds a number without end.
    Invalid(usize),
    /// Fewer than [`MIN_CASES`] rows are positive, or negative: too few to learn from, let alone to grade with.
    TooFewCases,
    /// The equations could not be solved.
    NotConverged,
}

/// Fewest rows of either outcome.
pub const MIN_CASES: usize = 20;

impl<'a> Features<'a> {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.values.len() / self.n_columns.max(1)
    }

    pub(super) fn row(&self, at: usize) -> &'a [f64] {
        &self.values[at * self.n_columns..(at + 1) * self.n_columns]
    }

    pub(super) fn check(&self, labels: &[bool]) -> Result<(), Problem> {
        let n = labels.len();
        if self.n_columns == 0 || n.checked_mul(self.n_columns) != Some(self.values.len()) || u32::try_from(n).is_err()
        {
            return Err(Problem::Shape);
        }
        if let Some(at) = self.values.iter().position(|value| value.is_infinite()) {
            return Err(Problem::Invalid(at / self.n_columns));
        }
        let n_positive = labels.iter().filter(|label| **label).count();
        if n_positive.min(n - n_positive) < MIN_CASES { Err(Problem::TooFewCases) } else { Ok(()) }
    }

    /// Rows in an order that depends on what they hold alone: sums and samples over it are the same whatever order rows
    /// came in.
    pub(super) fn order(&self, labels: &[bool]) -> Vec<usize> {
        let mut order: Vec<usize> = (0..labels.len()).collect();
        order.sort_by(|a, b| {
            let pairs = self.row(*a).iter().zip(self.row(*b));
            let unequal = pairs.map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
            unequal.unwrap_or_else(|| labels[*a].cmp(&labels[*b]))
        });
        order
    }
}

/// Rows picked out of a table, with their labels.
pub(super) struct Picked {
    values: Vec<f64>,
    n_columns: usize,
    pub(super) labels: Vec<bool>,
}

impl Picked {
    pub(super) fn new(features: &Features, labels: &[bool], rows: &[usize]) -> Self {
        Self {
            values: rows.iter().flat_map(|at| features.row(*at)).copied().collect(),
            n_columns: features.n_columns,
            labels: rows.iter().map(|at| labels[*at]).collect(),
        }
    }

    pub(super) fn features(&self) -> Features<'_> {
        Features { values: &self.values, n_columns: self.n_columns }
    }
}
