//! What sets a group apart.

use super::points::{Points, Problem};

/// How far a group is from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Degree {
    /// Less than 0.2 standard deviations: nothing to speak of.
    Alike,
    /// From 0.2.
    Slight,
    /// From 0.5.
    Clear,
    /// From 0.8.
    Strong,
}

/// One column of one group beside everybody else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distinction {
    /// Position of the column.
    pub column: usize,
    /// Mean inside.
    pub mean: f64,
    /// Mean of everybody else.
    pub rest_mean: f64,
    /// Difference of means in pooled standard deviations (Cohen's d); its sign says higher or lower.
    pub effect: f64,
    /// Cohen's words for its size.
    pub degree: Degree,
}

/// For each group, columns from the most to the least telling. Values should be scaled: effects of money are those of its
/// logarithm then.
///
/// **Shape**: a label for each row; groups by label, empty ones with no distinctions.
/// **Errors**: [`Problem`].
pub fn describe(points: &Points, labels: &[u32]) -> Result<Vec<Vec<Distinction>>, Problem> {
    points.check()?;
    let d = points.n_columns;
    if labels.len() != points.n_rows() {
        return Err(Problem::Shape);
    }
    let k = labels.iter().max().map_or(0, |label| *label as usize + 1);
    if k > labels.len() {
        return Err(Problem::Shape);
    }
    // Around the overall mean, so that large values do not cancel.
    let mut weight_of = vec![0.0; k];
    let mut origin = vec![0.0; d];
    for (row, label) in labels.iter().enumerate() {
        weight_of[*label as usize] += points.weight(row);
        origin.iter_mut().zip(points.row(row)).for_each(|(sum, x)| *sum += points.weight(row) * x);
    }
    let total: f64 = weight_of.iter().sum();
    origin.iter_mut().for_each(|sum| *sum /= total);
    let mut sums = vec![(0.0, 0.0); k * d];
    for (row, label) in labels.iter().enumerate() {
        let weight = points.weight(row);
        for (column, (x, origin)) in points.row(row).iter().zip(&origin).enumerate() {
            let off = x - origin;
            let (sum, squares) = &mut sums[*label as usize * d + column];
            *sum += weight * off;
            *squares += weight * off * off;
        }
    }
    let all: Vec<(f64, f64)> = (0..d)
        .map(|column| (0..k).map(|group| sums[group * d + column]).fold((0.0, 0.0), |a, b| (a.0 + b.0, a.1 + b.1)))
        .collect();
    let distinction = |group: usize, column: usize| {
        let (inside, n) = (sums[group * d + column], weight_of[group]);
        let (rest, n_rest) = ((all[column].0 - inside.0, all[column].1 - inside.1), total - n);
        let mean = inside.0 / n;
        let rest_mean = if n_rest > 0.0 { rest.0 / n_rest } else { mean };
        let spread =
            |(sum, squares): (f64, f64), n: f64| if n > 0.0 { (squares - sum * sum / n).max(0.0) } else { 0.0 };
        let deviation = ((spread(inside, n) + spread(rest, n_rest)) / total).sqrt();
        let effect = (mean - rest_mean) / deviation.max(1e-12);
        let effect = if mean == rest_mean { 0.0 } else { effect };
        Distinction {
            column,
            mean: mean + origin[column],
            rest_mean: rest_mean + origin[column],
            effect,
            degree: match effect.abs() {
                size if size >= 0.8 => Degree::Strong,
                size if size >= 0.5 => Degree::Clear,
                size if size >= 0.2 => Degree::Slight,
                _ => Degree::Alike,
            },
        }
    };
    let group = |group: usize| {
        let n_columns = if weight_of[group] > 0.0 { d } else { 0 };
        let mut all: Vec<Distinction> = (0..n_columns).map(|column| distinction(group, column)).collect();
        all.sort_by(|a, b| b.effect.abs().total_cmp(&a.effect.abs()));
        all
    };
    Ok((0..k).map(group).collect())
}
