//! Forecasts of parts and of their sums made to agree.

use super::series::Problem;
use crate::linear;

/// Which series are sums of which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hierarchy {
    /// Series that are no sum.
    pub n_parts: usize,
    /// For each sum, the parts that it is of, by position.
    pub sums: Vec<Vec<usize>>,
}

/// A forecast with the variance of its error; in any unit, the same for all.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stated {
    /// What was forecast.
    pub value: f64,
    /// Above 0; what is known better moves less.
    pub variance: f64,
}

/// Forecasts that add up.
#[derive(Clone, Debug, PartialEq)]
pub struct Agreed {
    /// In the order of the parts.
    pub parts: Vec<f64>,
    /// In the order of the sums, each the sum of its parts.
    pub sums: Vec<f64>,
}

/// Moves all forecasts as little as possible, in units of their variances, until sums agree.
///
/// **Errors**: [`Problem::Shape`] when positions or lengths do not fit, [`Problem::Invalid`] with the position (parts first)
/// of a forecast that is no number or has no variance above 0.
/// **Source**: Wickramasuriya, Athanasopoulos and Hyndman 2019 (MinT) with a diagonal of variances; equal ones are their
/// "OLS". Variances of sums that depend on other sums are no trouble, since only those given are used.
pub fn reconcile(hierarchy: &Hierarchy, parts: &[Stated], sums: &[Stated]) -> Result<Agreed, Problem> {
    let is_part = |at: &usize| *at < hierarchy.n_parts;
    let is_sound = parts.len() == hierarchy.n_parts
        && sums.len() == hierarchy.sums.len()
        && hierarchy.sums.iter().flatten().all(is_part);
    if !is_sound {
        return Err(Problem::Shape);
    }
    let is_known = |stated: &Stated| stated.value.is_finite() && stated.variance > 0.0 && stated.variance.is_finite();
    if let Some(at) = parts.iter().chain(sums).position(|stated| !is_known(stated)) {
        return Err(Problem::Invalid(at));
    }
    let mut own: Vec<Vec<usize>> = hierarchy.sums.clone();
    own.iter_mut().for_each(|parts| {
        parts.sort_unstable();
        parts.dedup();
    });
    let n = own.len();
    // How far each sum is from its parts, and how these distances hang together.
    let mut gaps: Vec<f64> =
        own.iter().zip(sums).map(|(own, sum)| sum.value - own.iter().map(|at| parts[*at].value).sum::<f64>()).collect();
    let mut matrix = vec![0.0; n * n];
    let mut is_own = vec![false; hierarchy.n_parts];
    for i in 0..n {
        own[i].iter().for_each(|at| is_own[*at] = true);
        for j in 0..=i {
            let shared: f64 = own[j].iter().filter(|at| is_own[**at]).map(|at| parts[*at].variance).sum();
            let value = shared + if i == j { sums[i].variance } else { 0.0 };
            (matrix[i * n + j], matrix[j * n + i]) = (value, value);
        }
        own[i].iter().for_each(|at| is_own[*at] = false);
    }
    let factor = linear::cholesky(matrix, n).ok_or(Problem::Shape)?;
    linear::solve(&factor, n, &mut gaps);
    let mut agreed: Vec<f64> = parts.iter().map(|stated| stated.value).collect();
    for (own, pull) in own.iter().zip(&gaps) {
        own.iter().for_each(|at| agreed[*at] += parts[*at].variance * pull);
    }
    let sums = own.iter().map(|own| own.iter().map(|at| agreed[*at]).sum()).collect();
    Ok(Agreed { parts: agreed, sums })
}
