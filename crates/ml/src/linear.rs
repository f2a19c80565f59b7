//! Small dense systems of equations.

/// Lower Cholesky factor of a symmetric matrix of `n` rows, stored row by row; `None` unless it is positive definite.
pub(crate) fn cholesky(mut matrix: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for i in 0..n {
        for j in 0..=i {
            let (row_i, row_j) = (&matrix[i * n..i * n + j], &matrix[j * n..j * n + j]);
            let rest = matrix[i * n + j] - row_i.iter().zip(row_j).map(|(a, b)| a * b).sum::<f64>();
            matrix[i * n + j] = if i > j {
                rest / matrix[j * n + j]
            } else if rest > 0.0 && rest.is_finite() {
                rest.sqrt()
            } else {
                return None;
            };
        }
        matrix[i * n + i + 1..(i + 1) * n].fill(0.0);
    }
    Some(matrix)
}

/// Solves the system whose factor [`cholesky`] gave, in place.
pub(crate) fn solve(factor: &[f64], n: usize, right: &mut [f64]) {
    for i in 0..n {
        let sum: f64 = factor[i * n..i * n + i].iter().zip(&*right).map(|(a, b)| a * b).sum();
        right[i] = (right[i] - sum) / factor[i * n + i];
    }
    for i in (0..n).rev() {
        let sum: f64 = (i + 1..n).map(|k| factor[k * n + i] * right[k]).sum();
        right[i] = (right[i] - sum) / factor[i * n + i];
    }
}
