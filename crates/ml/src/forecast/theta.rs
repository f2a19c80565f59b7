//! The Theta method, and series with their season taken out for it.

use super::Ets;
use super::decompose::{line, seasons};
use super::series::Series;
use super::smooth::{Part, Spec};

/// Smoothing with half the slope of the line through the series, on what the season leaves.
///
/// **Source**: Assimakopoulos and Nikolopoulos 2000, in the form of Hyndman and Billah 2003; the test for a season is that of
/// the M4 competition's benchmarks.
pub(super) fn theta(series: &Series<'_>, horizon: usize) -> Vec<f64> {
    let period = series.season_within(usize::MAX);
    let values = series.values;
    let is_seasonal = period > 1 && values.len() >= 3 * period && has_season(values, period);
    let is_product = series.is_positive();
    let season =
        if is_seasonal { seasons(values, period, is_product) } else { vec![f64::from(u8::from(is_product)); period] };
    let rest: Vec<f64> = values
        .iter()
        .enumerate()
        .map(|(at, value)| if is_product { value / season[at % period] } else { value - season[at % period] })
        .collect();
    let n = rest.len();
    let (_, slope) = line(&rest);
    let simple = Spec { error: Part::Additive, has_trend: false, is_damped: false, season: Part::None };
    let smoothed = Ets::fit(simple, &Series { values: &rest, periods: &[] });
    let (level, rate) = smoothed.map_or((rest[n - 1], 1.0), |model| (model.ahead(1)[0], model.rates[0]));
    let lag = (1.0 - (1.0 - rate).powf(n as f64)) / rate;
    (0..horizon)
        .map(|ahead| {
            let value = level + slope / 2.0 * (ahead as f64 + lag);
            let season = season[(n + ahead) % period];
            if is_product { value * season } else { value + season }
        })
        .collect()
}

/// Whether the correlation with one period before is beyond what chance gives at 90 %.
fn has_season(values: &[f64], period: usize) -> bool {
    let n = values.len() as f64;
    let mean = crate::robust::mean(values);
    let product = |lag: usize| values.iter().zip(&values[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>();
    let variance = product(0);
    if variance <= 0.0 {
        return false;
    }
    let before: f64 = (1..period).map(|lag| (product(lag) / variance).powi(2)).sum();
    (product(period) / variance).abs() > 1.645 * ((1.0 + 2.0 * before) / n).sqrt()
}
