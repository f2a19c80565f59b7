//! Columns brought to one scale.

use super::points::{Points, Problem};

/// How a column is spread out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Mean 0, standard deviation 1.
    ZScore,
    /// From 0 to 1.
    MinMax,
    /// As it is.
    None,
}

/// How one column is scaled.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Take `ln (1 + x)` first, numbers below 0 mirrored; for counts and money.
    pub is_log: bool,
    /// Then this.
    pub spread: Spread,
    /// Then cut what is farther from 0 than this (3.0); for [`Spread::ZScore`].
    pub clip: Option<f64>,
}

/// Scaling with the centre and width that data gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaler {
    columns: Vec<(Column, f64, f64)>,
}

impl Scaler {
    /// Measures a table.
    ///
    /// **Errors**: [`Problem::Shape`] unless there is one of `columns` for each, [`Problem::Invalid`], [`Problem::TooFewRows`].
    pub fn fit(points: &Points, columns: &[Column]) -> Result<Self, Problem> {
        points.check()?;
        if columns.len() != points.n_columns {
            return Err(Problem::Shape);
        }
        let n = points.n_rows();
        if n == 0 {
            return Err(Problem::TooFewRows);
        }
        let measure = |(at, column): (usize, &Column)| {
            // Sorted, so that sums do not depend on the order of rows.
            let mut cells: Vec<(f64, f64)> =
                (0..n).map(|row| (log(column, points.row(row)[at]), points.weight(row))).collect();
            cells.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
            let (centre, width) = match column.spread {
                Spread::None => (0.0, 1.0),
                Spread::MinMax => (cells[0].0, cells[n - 1].0 - cells[0].0),
                Spread::ZScore => {
                    let total: f64 = cells.iter().map(|cell| cell.1).sum();
                    let mean = cells.iter().map(|cell| cell.0 * cell.1).sum::<f64>() / total;
                    let variance = cells.iter().map(|cell| (cell.0 - mean).powi(2) * cell.1).sum::<f64>() / total;
                    (mean, variance.sqrt())
                }
            };
            // A column that says the same of everybody says nothing.
            (*column, centre, if width > 1e-12 * (1.0 + centre.abs()) { width } else { 1.0 })
        };
        Ok(Self { columns: columns.iter().enumerate().map(measure).collect() })
    }

    /// Scales rows, in place. Cells beyond the last full row are left alone.
    pub fn apply(&self, values: &mut [f64]) {
        for row in values.chunks_exact_mut(self.columns.len().max(1)) {
            for (value, (column, centre, width)) in row.iter_mut().zip(&self.columns) {
                *value = (log(column, *value) - centre) / width;
                if let Some(limit) = column.clip {
                    *value = value.max(-limit).min(limit);
                }
            }
        }
    }

    /// Undoes [`Scaler::apply`], but for what was cut: scaled means of logarithms become geometric means.
    pub fn invert(&self, values: &mut [f64]) {
        for row in values.chunks_exact_mut(self.columns.len().max(1)) {
            for (value, (column, centre, width)) in row.iter_mut().zip(&self.columns) {
                let plain = *value * width + centre;
                *value = if column.is_log { plain.signum() * plain.abs().exp_m1() } else { plain };
            }
        }
    }
}

fn log(column: &Column, value: f64) -> f64 {
    if column.is_log { value.signum() * value.abs().ln_1p() } else { value }
}
