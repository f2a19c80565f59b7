//! Groups of today that are groups of yesterday.

use super::points::{Problem, squared_distance};

/// For each new group, the old one that it is, or `None` when it is a new one. No old group is taken twice, and the sum of
/// squared distances is least; pairs farther apart than `farthest` are parted.
///
/// **Shape**: centres row by row, both in one scale (that of the old groups).
/// **Errors**: [`Problem::Shape`], [`Problem::Invalid`] with the position of a new centre that is not finite.
pub fn recognise(old: &[f64], new: &[f64], n_columns: usize, farthest: f64) -> Result<Vec<Option<usize>>, Problem> {
    if n_columns == 0 || !old.len().is_multiple_of(n_columns) || !new.len().is_multiple_of(n_columns) {
        return Err(Problem::Shape);
    }
    if let Some(at) = new.iter().chain(old).position(|value| !value.is_finite()) {
        return Err(Problem::Invalid(at / n_columns));
    }
    let distances: Vec<Vec<f64>> = new
        .chunks_exact(n_columns)
        .map(|new| old.chunks_exact(n_columns).map(|old| squared_distance(new, old)).collect())
        .collect();
    let is_near = |new: usize, old: &usize| distances[new][*old].sqrt() <= farthest;
    Ok(assignment(&distances).into_iter().enumerate().map(|(new, old)| old.filter(|old| is_near(new, old))).collect())
}

/// The cheapest assignment of rows to columns, each column at most once; rows beyond the columns get none. Costs are finite
/// and rows equally long, else nobody is assigned.
///
/// **Source**: the Hungarian method by shortest augmenting paths, Jonker and Volgenant 1987.
pub fn assignment(costs: &[Vec<f64>]) -> Vec<Option<usize>> {
    let n_rows = costs.len();
    let n_columns = costs.first().map_or(0, Vec::len);
    let is_sound = costs.iter().all(|row| row.len() == n_columns && row.iter().all(|cost| cost.is_finite()));
    if !is_sound || n_columns == 0 {
        return vec![None; n_rows];
    }
    // Square, with costs of nought for rows that stay alone; index 0 is nobody.
    let n = n_rows.max(n_columns);
    let cost =
        |row: usize, column: usize| costs.get(row - 1).and_then(|row| row.get(column - 1)).copied().unwrap_or(0.0);
    let (mut by_row, mut by_column) = (vec![0.0; n + 1], vec![0.0; n + 1]);
    let mut row_of = vec![0_usize; n + 1];
    for row in 1..=n {
        row_of[0] = row;
        let mut least = vec![f64::INFINITY; n + 1];
        let mut from = vec![0_usize; n + 1];
        let mut is_done = vec![false; n + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            is_done[column] = true;
            let (row, mut step, mut next) = (row_of[column], f64::INFINITY, 0);
            for other in 1..=n {
                if is_done[other] {
                    continue;
                }
                let reduced = cost(row, other) - by_row[row] - by_column[other];
                if reduced < least[other] {
                    least[other] = reduced;
                    from[other] = column;
                }
                if least[other] < step {
                    step = least[other];
                    next = other;
                }
            }
            for other in 0..=n {
                if is_done[other] {
                    by_row[row_of[other]] += step;
                    by_column[other] -= step;
                } else {
                    least[other] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[from[column]];
            column = from[column];
        }
    }
    let mut chosen = vec![None; n_rows];
    for (column, row) in row_of[1..=n_columns].iter().enumerate() {
        if let Some(place) = chosen.get_mut(row.wrapping_sub(1)) {
            *place = Some(column);
        }
    }
    chosen
}
