//! The methods, each from a series to the next values.

use super::decompose::{StlOptions, stl};
use super::ets::LONGEST_SEASON;
use super::intermittent::{croston_sba, is_intermittent, tsb};
use super::series::Series;
use super::theta::theta;
use super::{Ets, Spec};

/// How a forecast is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// The last season again; the last value where there is no season.
    SeasonalNaive,
    /// Exponential smoothing, its kind chosen by AICc.
    Ets,
    /// Theta.
    Theta,
    /// Seasons taken out by STL and put back as they last were; exponential smoothing of the rest. In logarithms where
    /// swings grow with the level.
    StlEts,
    /// Mean of exponential smoothing, Theta and STL.
    Combination,
    /// Croston's method with the correction of Syntetos and Boylan.
    CrostonSba,
    /// The method of Teunter, Syntetos and Babai.
    Tsb,
}

/// Kinds of exponential smoothing chosen on one stretch, to be fitted again on longer ones.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kinds {
    ets: Option<Spec>,
    rest: Option<Spec>,
}

impl Method {
    /// What is tried on a series: the first is the one to beat.
    pub(super) fn candidates(series: &Series<'_>) -> Vec<Self> {
        let mut all = vec![Self::SeasonalNaive, Self::Ets, Self::Theta];
        if !series.seen_periods().is_empty() {
            all.push(Self::StlEts);
        }
        all.push(Self::Combination);
        if is_intermittent(series.values) {
            all.extend([Self::CrostonSba, Self::Tsb]);
        }
        all
    }

    /// The next values by this method, without grades; `None` when there are too few values for it.
    ///
    /// **Shape**: values are finite ([`super::forecast`] checks).
    pub fn ahead(self, series: &Series<'_>, horizon: usize) -> Option<Vec<f64>> {
        self.ahead_as(series, horizon, &mut Kinds::default())
    }

    /// As [`Method::ahead`]; kinds that are known are taken, others chosen and kept.
    pub(super) fn ahead_as(self, series: &Series<'_>, horizon: usize, kinds: &mut Kinds) -> Option<Vec<f64>> {
        let last = series.values.last()?;
        let steady = |value: f64| vec![value; horizon];
        let mut answer = match self {
            Self::SeasonalNaive => {
                let n = series.values.len();
                let period = if n >= series.period() { series.period() } else { 1 };
                (0..horizon).map(|ahead| series.values[n - period + ahead % period]).collect()
            }
            Self::Ets => fitted(series, &mut kinds.ets)?.ahead(horizon),
            Self::Theta => theta(series, horizon),
            Self::StlEts => stl_ets(series, horizon, &mut kinds.rest)?,
            Self::Combination => {
                let parts = [Self::Ets, Self::Theta, Self::StlEts]
                    .into_iter()
                    .filter(|part| *part != Self::StlEts || !series.seen_periods().is_empty())
                    .filter_map(|part| part.ahead_as(series, horizon, kinds))
                    .collect::<Vec<Vec<f64>>>();
                mean_of(&parts)?
            }
            Self::CrostonSba => steady(croston_sba(series.values)),
            Self::Tsb => steady(tsb(series.values)),
        };
        // What was never negative does not become so; what ran away is as it was.
        let is_never_negative = series.values.iter().all(|value| *value >= 0.0);
        for value in &mut answer {
            if !value.is_finite() {
                *value = *last;
            }
            if is_never_negative {
                *value = value.max(0.0);
            }
        }
        Some(answer)
    }
}

/// Step by step mean of several forecasts.
pub(super) fn mean_of(parts: &[Vec<f64>]) -> Option<Vec<f64>> {
    let horizon = parts.first()?.len();
    Some((0..horizon).map(|ahead| parts.iter().map(|part| part[ahead]).sum::<f64>() / parts.len() as f64).collect())
}

fn fitted(series: &Series<'_>, kind: &mut Option<Spec>) -> Option<Ets> {
    if let Some(model) = kind.and_then(|spec| Ets::fit(spec, series)) {
        return Some(model);
    }
    // A season too long for states is left to STL.
    let periods = if series.period() <= LONGEST_SEASON { series.periods } else { &[] };
    let model = Ets::choose(&Series { periods, ..*series })?;
    *kind = Some(model.spec);
    Some(model)
}

fn stl_ets(series: &Series<'_>, horizon: usize, kind: &mut Option<Spec>) -> Option<Vec<f64>> {
    let n = series.values.len();
    let periods = series.seen_periods();
    let is_log = series.is_multiplicative();
    let values: Vec<f64> =
        if is_log { series.values.iter().map(|value| value.ln()).collect() } else { series.values.to_vec() };
    // A season changes slowly: over all of its turns.
    let season_window = (n / series.period()).max(StlOptions::default().season_window);
    let parts = stl(&values, &periods, StlOptions { season_window, ..StlOptions::default() });
    let rest: Vec<f64> =
        (0..n).map(|at| values[at] - parts.seasons.iter().map(|season| season[at]).sum::<f64>()).collect();
    let rest = fitted(&Series { values: &rest, periods: &[] }, kind)?.ahead(horizon);
    let season = |ahead: usize| -> f64 {
        parts.seasons.iter().zip(&periods).map(|(season, period)| season[n - period + ahead % period]).sum()
    };
    Some(
        rest.into_iter()
            .enumerate()
            .map(|(ahead, value)| {
                let value = value + season(ahead);
                if is_log { value.exp() } else { value }
            })
            .collect(),
    )
}
