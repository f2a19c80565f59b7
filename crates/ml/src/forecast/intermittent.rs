//! Demand that comes now and then: most steps are nought.

/// Rates that are tried.
const RATES: [f64; 6] = [0.02, 0.05, 0.1, 0.15, 0.2, 0.3];

/// Mean gap between steps with demand from which a series counts as intermittent.
///
/// **Source**: Syntetos, Boylan and Croston 2005.
const LONG_GAP: f64 = 1.32;

/// Whether methods for intermittent demand apply: nothing negative, noughts among the rest, and long gaps.
pub(super) fn is_intermittent(values: &[f64]) -> bool {
    let n_filled = values.iter().filter(|value| **value > 0.0).count();
    n_filled > 0 && values.iter().all(|value| *value >= 0.0) && values.len() as f64 / n_filled as f64 >= LONG_GAP
}

/// Croston's method with the correction of Syntetos and Boylan 2005; one number for all steps ahead.
pub(super) fn croston_sba(values: &[f64]) -> f64 {
    best(values, |rate, each| {
        let mut state: Option<(f64, f64)> = None;
        let mut gap = 0.0;
        for value in values {
            each(*value, state.map(|(size, interval)| (1.0 - rate / 2.0) * size / interval));
            gap += 1.0;
            if *value > 0.0 {
                state = Some(match state {
                    None => (*value, gap),
                    Some((size, interval)) => (size + rate * (value - size), interval + rate * (gap - interval)),
                });
                gap = 0.0;
            }
        }
        state.map_or(0.0, |(size, interval)| (1.0 - rate / 2.0) * size / interval)
    })
}

/// The method of Teunter, Syntetos and Babai 2011, which sinks while nothing comes; one number for all steps ahead.
pub(super) fn tsb(values: &[f64]) -> f64 {
    let n_first = values.len().min(12);
    let share = values[..n_first].iter().filter(|value| **value > 0.0).count() as f64 / n_first.max(1) as f64;
    let first = values.iter().copied().find(|value| *value > 0.0).unwrap_or(0.0);
    best(values, |rate, each| {
        let (mut chance, mut size) = (share, first);
        for value in values {
            each(*value, Some(chance * size));
            if *value > 0.0 {
                chance += rate * (1.0 - chance);
                size += rate * (value - size);
            } else {
                chance -= rate * chance;
            }
        }
        chance * size
    })
}

/// The answer under the rate whose one-step errors have the least squares.
fn best(values: &[f64], run: impl Fn(f64, &mut dyn FnMut(f64, Option<f64>)) -> f64) -> f64 {
    let mean = crate::robust::mean(values);
    let graded = RATES.map(|rate| {
        let mut squares = 0.0;
        let answer = run(rate, &mut |value, expected| squares += (value - expected.unwrap_or(mean)).powi(2));
        (squares, answer)
    });
    graded.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(mean, |(_, answer)| answer)
}
