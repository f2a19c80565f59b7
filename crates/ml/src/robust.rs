//! Statistics of order, which single wild values cannot move.

/// Quantile by linear interpolation between the two nearest; NaN for nothing.
///
/// **Source**: Hyndman and Fan 1996, type 7.
pub(crate) fn quantile(values: &[f64], p: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    quantile_of_sorted(&sorted, p)
}

/// [`quantile`] of values in order.
pub(crate) fn quantile_of_sorted(sorted: &[f64], p: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = p.clamp(0.0, 1.0) * last as f64;
    let low = place.floor() as usize;
    let share = place - low as f64;
    if share == 0.0 { sorted[low] } else { sorted[low] + share * (sorted[(low + 1).min(last)] - sorted[low]) }
}

/// Median; NaN for nothing.
pub(crate) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5)
}

/// Median distance from the median, times 1.4826, which makes it the standard deviation of normal numbers.
pub(crate) fn deviation(values: &[f64]) -> f64 {
    let middle = median(values);
    1.482_602_218_505_602 * median(&values.iter().map(|value| (value - middle).abs()).collect::<Vec<f64>>())
}

/// Mean; NaN for nothing.
pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
