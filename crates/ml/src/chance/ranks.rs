//! The plain baseline.

/// Mean of ranks over columns, from 0 to 1; equal values have equal ranks, missing ones the middle.
///
/// Recency and frequency ranked so are level with models on who buys again, so a model has to beat this to be shown.
///
/// **Shape**: columns of equal length with whether higher values stand for a higher chance; empty when lengths differ.
pub fn rank_sum(columns: &[(&[f64], bool)]) -> Vec<f64> {
    let n = columns.first().map_or(0, |(column, _)| column.len());
    if columns.iter().any(|(column, _)| column.len() != n) {
        return Vec::new();
    }
    let mut sums = vec![0.0; n];
    for (column, is_higher_better) in columns {
        let mut order: Vec<usize> = (0..n).filter(|at| !column[*at].is_nan()).collect();
        order.sort_by(|a, b| column[*a].total_cmp(&column[*b]));
        let n_known = order.len() as f64;
        let mut ranks = vec![0.5; n];
        let mut before = 0.0;
        for tie in order.chunk_by(|a, b| column[*a] == column[*b]) {
            let rank = (before + tie.len() as f64 / 2.0) / n_known;
            tie.iter().for_each(|at| ranks[*at] = if *is_higher_better { rank } else { 1.0 - rank });
            before += tie.len() as f64;
        }
        sums.iter_mut().zip(ranks).for_each(|(sum, rank)| *sum += rank / columns.len() as f64);
    }
    sums
}
