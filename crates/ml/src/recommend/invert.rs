//! Inverses of large symmetric matrices.

use std::sync::{Mutex, PoisonError};

use crate::linear;

/// A square matrix, row by row, with room for whole vectors.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Matrix {
    /// Rows.
    pub(super) n: usize,
    /// Numbers from one row to the next: `n`, rounded up to [`LANES`].
    pub(super) stride: usize,
    /// `stride × stride` numbers; what lies outside of `n × n` is the unit matrix.
    pub(super) values: Vec<f32>,
}

/// Columns that are worked on together.
const LANES: usize = 8;
/// Rows that are worked on together.
const ROWS: usize = 4;
/// Rows that one thread takes at a time.
const STRIPE: usize = 32;
/// Pivots that are taken at once.
const BLOCK: usize = 64;

impl Matrix {
    /// The unit matrix.
    pub(super) fn unit(n: usize) -> Self {
        let stride = n.next_multiple_of(LANES);
        let mut values = vec![0.0; stride * stride];
        values.iter_mut().step_by(stride + 1).for_each(|value| *value = 1.0);
        Self { n, stride, values }
    }

    pub(super) fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.stride..at * self.stride + self.n]
    }

    /// Rows of a few numbers of a row at a time, worked on by several threads; `work` gets the first row's position.
    pub(super) fn for_each_stripe(&mut self, n_threads: usize, work: impl Fn(usize, &mut [f32]) + Sync) {
        let stripes = Mutex::new(self.values.chunks_mut(STRIPE * self.stride.max(1)).enumerate());
        let take = || stripes.lock().unwrap_or_else(PoisonError::into_inner).next();
        let run = || {
            while let Some((at, stripe)) = take() {
                work(at * STRIPE, stripe);
            }
        };
        std::thread::scope(|scope| {
            (1..n_threads.min(self.stride.div_ceil(STRIPE))).for_each(|_| drop(scope.spawn(run)));
            run();
        });
    }

    /// The inverse of a symmetric, positive definite matrix whose lower half is filled; `None` when it is not so.
    ///
    /// Rows and columns are brought to a diagonal of ones first. Then blocks of pivots are swept one after the other, which
    /// keeps the matrix symmetric, so that half of it is worked on; sums run in the same order for any number of threads.
    ///
    /// **Source**: the sweep operator, Goodnight 1979, by blocks.
    pub(super) fn inverse(mut self, n_threads: usize) -> Option<Self> {
        let (n, stride) = (self.stride, self.stride);
        let scale: Vec<f32> = (0..n).map(|at| self.values[at * (stride + 1)].sqrt().recip()).collect();
        if !scale.iter().all(|scale| scale.is_finite()) {
            return None;
        }
        let rescale = |from: usize, stripe: &mut [f32]| {
            for (row, values) in stripe.chunks_exact_mut(stride).enumerate() {
                values.iter_mut().zip(&scale).for_each(|(value, column)| *value *= scale[from + row] * column);
            }
        };
        self.for_each_stripe(n_threads, rescale);
        for from in (0..n).step_by(BLOCK) {
            self.sweep(from, BLOCK.min(n - from), n_threads)?;
        }
        // Negative where it was swept; only the lower half holds.
        self.for_each_stripe(n_threads, |from, stripe| {
            rescale(from, stripe);
            stripe.iter_mut().for_each(|value| *value = -*value);
        });
        self.mirror();
        Some(self)
    }

    /// Sweeps `size` pivots from one on.
    fn sweep(&mut self, from: usize, size: usize, n_threads: usize) -> Option<()> {
        let (n, stride) = (self.stride, self.stride);
        let to = from + size;
        let at = |row: usize, column: usize| row * stride + column;
        // The panel of the pivots' columns, taken from the lower half; nought in their own rows, which are set below.
        let mut panel = vec![0.0_f32; n * size];
        for pivot in 0..size {
            let row = &self.values[at(from + pivot, 0)..at(from + pivot, from)];
            row.iter().enumerate().for_each(|(column, value)| panel[column * size + pivot] = *value);
        }
        for row in to..n {
            panel[row * size..(row + 1) * size].copy_from_slice(&self.values[at(row, from)..at(row, to)]);
        }
        let mut pivots = vec![0.0_f64; size * size];
        for row in 0..size {
            for column in 0..=row {
                let value = f64::from(self.values[at(from + row, from + column)]);
                pivots[row * size + column] = value;
                pivots[column * size + row] = value;
            }
        }
        let inverse = small_inverse(pivots, size)?;
        let mut solved = vec![0.0_f32; n * size];
        for (row, solved) in panel.chunks_exact(size).zip(solved.chunks_exact_mut(size)) {
            for (value, inverse) in row.iter().zip(inverse.chunks_exact(size)) {
                solved.iter_mut().zip(inverse).for_each(|(sum, inverse)| *sum += value * inverse);
            }
        }
        let packed = pack(&panel, size);
        self.for_each_stripe(n_threads, |first, stripe| {
            let n_rows = stripe.len() / stride;
            for (lanes, panel) in packed.chunks_exact(size).enumerate().take((first + n_rows).div_ceil(LANES)) {
                for (group, rows) in stripe.chunks_exact_mut(ROWS * stride).enumerate() {
                    let solved = &solved[(first + group * ROWS) * size..(first + (group + 1) * ROWS) * size];
                    subtract(rows, stride, lanes * LANES, solved, panel);
                }
            }
        });
        for pivot in 0..size {
            let row = &mut self.values[at(from + pivot, 0)..at(from + pivot, to)];
            let (before, own) = row.split_at_mut(from);
            before.iter_mut().enumerate().for_each(|(column, value)| *value = solved[column * size + pivot]);
            own.iter_mut().zip(&inverse[pivot * size..]).for_each(|(value, inverse)| *value = -inverse);
        }
        for row in to..n {
            self.values[at(row, from)..at(row, to)].copy_from_slice(&solved[row * size..(row + 1) * size]);
        }
        Some(())
    }

    /// Fills the upper half from the lower.
    fn mirror(&mut self) {
        let stride = self.stride;
        for rows in (0..stride).step_by(STRIPE) {
            for columns in (0..=rows).step_by(STRIPE) {
                for row in rows..(rows + STRIPE).min(stride) {
                    for column in columns..(columns + STRIPE).min(row) {
                        self.values[column * stride + row] = self.values[row * stride + column];
                    }
                }
            }
        }
    }
}

/// Columns of the panel's transpose, [`LANES`] at a time: for each group of them `size` vectors.
fn pack(panel: &[f32], size: usize) -> Vec<[f32; LANES]> {
    let mut packed = Vec::with_capacity(panel.len() / LANES);
    for group in panel.chunks_exact(LANES * size) {
        packed.extend((0..size).map(|pivot| std::array::from_fn(|lane| group[lane * size + pivot])));
    }
    packed
}

/// Takes the product of [`ROWS`] rows of the one factor and a packed group of columns of the other from the matrix.
#[inline]
fn subtract(rows: &mut [f32], stride: usize, column: usize, solved: &[f32], panel: &[[f32; LANES]]) {
    let size = panel.len();
    let (first, rest) = solved.split_at(size);
    let (second, rest) = rest.split_at(size);
    let (third, fourth) = rest.split_at(size);
    let mut sums = [[0.0_f32; LANES]; ROWS];
    for ((((vector, a), b), c), d) in panel.iter().zip(first).zip(second).zip(third).zip(fourth) {
        for (sums, factor) in sums.iter_mut().zip([a, b, c, d]) {
            for lane in 0..LANES {
                sums[lane] += factor * vector[lane];
            }
        }
    }
    for (row, sums) in rows.chunks_exact_mut(stride).zip(sums) {
        row[column..column + LANES].iter_mut().zip(sums).for_each(|(value, sum)| *value -= sum);
    }
}

/// Inverse of a few rows.
fn small_inverse(matrix: Vec<f64>, n: usize) -> Option<Vec<f32>> {
    let factor = linear::cholesky(matrix, n)?;
    let mut inverse = Vec::with_capacity(n * n);
    for at in 0..n {
        let mut unit = vec![0.0; n];
        unit[at] = 1.0;
        linear::solve(&factor, n, &mut unit);
        inverse.extend(unit.iter().map(|value| *value as f32));
    }
    Some(inverse)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// A matrix of sums of products, as a table of purchases gives.
    fn made(n: usize, ridge: f32) -> Matrix {
        let mut random = Random::new(n as u64);
        let mut matrix = Matrix::unit(n);
        let rows: Vec<Vec<f32>> =
            (0..n).map(|_| (0..n + 20).map(|_| f32::from(u8::from(random.below(6) == 0))).collect()).collect();
        for i in 0..n {
            for j in 0..=i {
                let sum: f32 = rows[i].iter().zip(&rows[j]).map(|(a, b)| a * b).sum();
                matrix.values[i * matrix.stride + j] = sum + if i == j { ridge } else { 0.0 };
            }
        }
        matrix
    }

    #[test]
    fn inverse_times_matrix_is_the_unit() {
        for n in [1, 3, 8, 63, 64, 65, 200] {
            let matrix = made(n, 2.0);
            let inverse = matrix.clone().inverse(1).unwrap();
            let entry = |i: usize, j: usize| f64::from(matrix.values[i.max(j) * matrix.stride + i.min(j)]);
            for i in 0..n {
                for j in 0..n {
                    let sum: f64 = (0..n).map(|k| f64::from(inverse.row(i)[k]) * entry(k, j)).sum();
                    assert!((sum - f64::from(u8::from(i == j))).abs() < 1e-3, "{n} {i} {j} {sum}");
                }
            }
            assert_eq!(matrix.inverse(3).unwrap(), inverse);
        }
    }

    #[test]
    fn what_is_not_positive_definite_has_no_inverse() {
        let mut matrix = Matrix::unit(70);
        matrix.values[66 * matrix.stride + 65] = 2.0;
        assert_eq!(matrix.inverse(2), None);
        let mut matrix = Matrix::unit(3);
        matrix.values[0] = f32::NAN;
        assert_eq!(matrix.inverse(1), None);
    }
}
