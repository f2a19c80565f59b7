//! A series taken apart into trend, seasons and rest.

/// Parts that add up to the series.
#[derive(Clone, Debug, PartialEq)]
pub struct Parts {
    /// Smooth course.
    pub trend: Vec<f64>,
    /// One for each period, in the order given.
    pub seasons: Vec<Vec<f64>>,
    /// What is left.
    pub rest: Vec<f64>,
}

/// How series are taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StlOptions {
    /// Values of one phase that a season is smoothed over, odd.
    pub season_window: usize,
    /// Turns of weights that take wild values out; 0 for none.
    pub n_robust: usize,
}

impl Default for StlOptions {
    fn default() -> Self {
        Self { season_window: 11, n_robust: 2 }
    }
}

/// Value of the line at the first place, and its slope, by least squares.
pub(super) fn line(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let (middle, mean) = ((n - 1.0) / 2.0, crate::robust::mean(values));
    let (mut both, mut squares) = (0.0, 0.0);
    for (at, value) in values.iter().enumerate() {
        let x = at as f64 - middle;
        both += x * (value - mean);
        squares += x * x;
    }
    let slope = if squares > 0.0 { both / squares } else { 0.0 };
    (mean - slope * middle, slope)
}

/// Mean of each phase beside a centred moving mean over one period, normed to add up to nought (to a mean of one).
///
/// **Source**: classical decomposition. Where fewer than two periods are seen, distance from the mean.
pub(super) fn seasons(values: &[f64], period: usize, is_product: bool) -> Vec<f64> {
    let n = values.len();
    let mean = crate::robust::mean(values);
    let half = period / 2;
    let mut of_phase = vec![(0.0, 0.0); period];
    for at in 0..n {
        let centre = if at < half || at + half >= n {
            continue;
        } else if period % 2 == 1 {
            crate::robust::mean(&values[at - half..=at + half])
        } else {
            let ends = (values[at - half] + values[at + half]) / 2.0;
            (values[at - half + 1..at + half].iter().sum::<f64>() + ends) / period as f64
        };
        let distance = if is_product { values[at] / centre } else { values[at] - centre };
        of_phase[at % period].0 += distance;
        of_phase[at % period].1 += 1.0;
    }
    let mut seasons: Vec<f64> = (0..period)
        .map(|phase| match of_phase[phase] {
            (sum, n) if n > 0.0 => sum / n,
            _ => values.get(phase).map_or(mean, |value| if is_product { value / mean } else { value - mean }),
        })
        .collect();
    let level = crate::robust::mean(&seasons);
    seasons
        .iter_mut()
        .for_each(|season| if is_product { *season = (*season / level).max(0.01) } else { *season -= level });
    seasons
}

/// Takes a series apart by loess, one season after another, twice round where there are several.
///
/// **Shape**: `periods` are above 1 and seen at least twice; others have seasons of nought.
/// **Source**: Cleveland, Cleveland, McRae and Terpenning 1990 (STL); Bandara, Hyndman and Bergmeir 2021 (MSTL).
pub fn stl(values: &[f64], periods: &[usize], options: StlOptions) -> Parts {
    let n = values.len();
    let mut parts = Parts { trend: vec![0.0; n], seasons: vec![vec![0.0; n]; periods.len()], rest: values.to_vec() };
    let is_seen = |period: usize| period > 1 && 2 * period <= n;
    if !periods.iter().any(|period| is_seen(*period)) {
        let window = (n / 2) | 1;
        parts.trend = loess(values, window.max(5), &vec![1.0; n], 0, n);
        parts.rest = values.iter().zip(&parts.trend).map(|(value, trend)| value - trend).collect();
        return parts;
    }
    for _ in 0..if periods.len() > 1 { 2 } else { 1 } {
        for (at, period) in periods.iter().enumerate().filter(|(_, period)| is_seen(**period)) {
            // What the other seasons leave.
            let own: Vec<f64> = (0..n)
                .map(|t| {
                    values[t]
                        - (0..periods.len())
                            .filter(|other| *other != at)
                            .map(|other| parts.seasons[other][t])
                            .sum::<f64>()
                })
                .collect();
            let (trend, season) = one_season(&own, *period, options);
            parts.trend = trend;
            parts.seasons[at] = season;
        }
    }
    parts.rest = (0..n)
        .map(|t| values[t] - parts.trend[t] - parts.seasons.iter().map(|season| season[t]).sum::<f64>())
        .collect();
    parts
}

fn one_season(values: &[f64], period: usize, options: StlOptions) -> (Vec<f64>, Vec<f64>) {
    let n = values.len();
    let season_window = (options.season_window | 1).max(3);
    let odd = |x: f64| (x.ceil() as usize) | 1;
    let trend_window = odd(1.5 * period as f64 / (1.0 - 1.5 / season_window as f64));
    let low_window = period | 1;
    let mut weights = vec![1.0; n];
    let (mut trend, mut season) = (vec![0.0; n], vec![0.0; n]);
    let n_inner = if options.n_robust > 0 { 1 } else { 2 };
    for turn in 0..=options.n_robust {
        for _ in 0..n_inner.max(usize::from(turn == 0) * 2) {
            // Each phase by itself, with one more value at either end.
            let mut cycle = vec![0.0; n + 2 * period];
            for phase in 0..period {
                let of_phase = |all: &[f64]| all.iter().skip(phase).step_by(period).copied().collect::<Vec<f64>>();
                let own: Vec<f64> = (phase..n).step_by(period).map(|at| values[at] - trend[at]).collect();
                let smooth = loess(&own, season_window, &of_phase(&weights), 1, own.len() + 2);
                for (place, value) in cycle.iter_mut().skip(phase).step_by(period).zip(smooth) {
                    *place = value;
                }
            }
            let low = moving_mean(&moving_mean(&moving_mean(&cycle, period), period), 3);
            let low = loess(&low, low_window, &vec![1.0; low.len()], 0, low.len());
            season = (0..n).map(|at| cycle[at + period] - low[at]).collect();
            let rest: Vec<f64> = values.iter().zip(&season).map(|(value, season)| value - season).collect();
            trend = loess(&rest, trend_window, &weights, 0, n);
        }
        if turn < options.n_robust {
            let distance: Vec<f64> = (0..n).map(|at| (values[at] - trend[at] - season[at]).abs()).collect();
            let far = 6.0 * crate::robust::median(&distance);
            weights = distance
                .iter()
                .map(|d| {
                    if far > 0.0 { (1.0 - (d / far).powi(2)).max(0.0).powi(2) } else { f64::from(u8::from(*d == 0.0)) }
                })
                .collect();
        }
    }
    (trend, season)
}

fn moving_mean(values: &[f64], size: usize) -> Vec<f64> {
    let n = values.len() + 1 - size;
    let mut sum: f64 = values[..size].iter().sum();
    (0..n)
        .map(|at| {
            if at > 0 {
                sum += values[at + size - 1] - values[at - 1];
            }
            sum / size as f64
        })
        .collect()
}

/// Local lines with tricube weights at the positions `-n_before..n_answers - n_before`.
fn loess(values: &[f64], window: usize, weights: &[f64], n_before: usize, n_answers: usize) -> Vec<f64> {
    let n = values.len();
    let q = window.min(n);
    let at_least = |first: usize| first.min(n - q);
    (0..n_answers)
        .map(|answer| {
            let x = answer as f64 - n_before as f64;
            let first = at_least((x - (q as f64 - 1.0) / 2.0).max(0.0).ceil() as usize);
            let last = first + q - 1;
            let mut reach = (x - first as f64).abs().max((last as f64 - x).abs());
            if window > n {
                reach += ((window - n) / 2) as f64;
            }
            let (mut sum, mut sum_x, mut sum_y, mut squares, mut both) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for at in first..=last {
                let d = at as f64 - x;
                let near = d.abs();
                // As in the original: next to the point full weight, at the rim none.
                let weight = if near <= 0.001 * reach {
                    1.0
                } else if near <= 0.999 * reach {
                    (1.0 - (near / reach).powi(3)).powi(3)
                } else {
                    0.0
                } * weights[at];
                sum += weight;
                sum_x += weight * d;
                sum_y += weight * values[at];
                squares += weight * d * d;
                both += weight * d * values[at];
            }
            if sum <= 0.0 {
                return values[(x.max(0.0) as usize).min(n - 1)];
            }
            let spread = squares - sum_x * sum_x / sum;
            // Too near to one place to know a slope.
            if spread <= (1e-6 * (n as f64)).powi(2) * sum {
                return sum_y / sum;
            }
            let slope = (both - sum_x * sum_y / sum) / spread;
            (sum_y - slope * sum_x) / sum
        })
        .collect()
}
