//! Exponential smoothing fitted by likelihood, and chosen among its kinds.

use super::series::Series;
use super::smooth::{Part, Rates, Slopes, Spec, State, Tape};
use crate::descent::descend;

/// Longest season that exponential smoothing has a state for; longer ones are for [`super::Method::StlEts`].
pub(super) const LONGEST_SEASON: usize = 24;

/// Rates of the level to start from: likelihoods have a hill for a level that hardly moves and one for a level that follows.
const RATES: [f64; 2] = [0.15, 0.6];

/// Kinds that both are tried for.
const N_REFINED: usize = 4;

/// A fitted model of exponential smoothing.
#[derive(Clone, Debug, PartialEq)]
pub struct Ets {
    /// Which.
    pub spec: Spec,
    /// Rates of level, trend and season, and the damping of the trend; 0, and 1 for damping, where there is none.
    pub rates: [f64; 4],
    /// Of all values.
    pub log_likelihood: f64,
    /// Akaike's criterion with correction for few values; lower is better.
    pub aicc: f64,
    state: State,
    n: usize,
}

impl Spec {
    /// Kinds that are tried: no multiplicative season under additive errors, whose variance then runs away; no multiplicative
    /// trend, which explodes.
    fn all(period: usize, is_positive: bool) -> Vec<Self> {
        let mut all = Vec::new();
        for error in [Part::Additive, Part::Multiplicative] {
            for (has_trend, is_damped) in [(false, false), (true, false), (true, true)] {
                for season in [Part::None, Part::Additive, Part::Multiplicative] {
                    let is_unsound = error == Part::Additive && season == Part::Multiplicative;
                    if (period > 1 || season == Part::None) && (is_positive || error == Part::Additive) && !is_unsound {
                        all.push(Self { error, has_trend, is_damped, season });
                    }
                }
            }
        }
        all
    }

    /// Free parameters, the variance among them.
    fn n_parameters(self, period: usize) -> usize {
        let season = if self.season == Part::None { 0 } else { period };
        3 + 2 * usize::from(self.has_trend) + usize::from(self.is_damped) + season
    }
}

impl Ets {
    /// The model of least AICc; `None` when there are too few values for any.
    ///
    /// **Source**: Hyndman, Koehler, Snyder and Grose 2002; Hyndman and Khandakar 2008 for which kinds are tried. Initial
    /// states are estimated with the rates, by the likelihood's own slopes.
    pub fn choose(series: &Series<'_>) -> Option<Self> {
        let period = series.season_within(LONGEST_SEASON);
        let mut all: Vec<Self> = Spec::all(period, series.is_positive())
            .into_iter()
            .filter_map(|spec| Self::fit_from(spec, series, &RATES[..1]))
            .collect();
        all.sort_by(|a, b| a.aicc.total_cmp(&b.aicc));
        // The likelihood's other hill is looked for where it may matter.
        let others = all.iter().take(N_REFINED).filter_map(|model| Self::fit_from(model.spec, series, &RATES[1..]));
        let others: Vec<Self> = others.collect();
        all.into_iter().take(N_REFINED).chain(others).min_by(|a, b| a.aicc.total_cmp(&b.aicc))
    }

    /// Fits one kind; `None` when there are too few values for it, or values that it cannot have.
    pub fn fit(spec: Spec, series: &Series<'_>) -> Option<Self> {
        Self::fit_from(spec, series, &RATES)
    }

    fn fit_from(spec: Spec, series: &Series<'_>, rates: &[f64]) -> Option<Self> {
        let n = series.values.len();
        let season = if spec.season == Part::None { 1 } else { series.period() };
        let k = spec.n_parameters(season);
        let needs_positive = spec.error == Part::Multiplicative || spec.season == Part::Multiplicative;
        if n < k + 2 || n < 2 * season || needs_positive && !series.is_positive() {
            return None;
        }
        // In units of its own size, so that one step fits all parameters.
        let size = series.values.iter().map(|value| value.abs()).sum::<f64>() / n as f64;
        let size = if size > 0.0 { size } else { 1.0 };
        let values: Vec<f64> = series.values.iter().map(|value| value / size).collect();
        let first = first_state(spec, &values, season);
        let mut tape = Tape::default();
        let mut slopes = Slopes::default();
        let best = rates
            .iter()
            .filter_map(|rate| {
                let start = pack(spec, *rate, &first);
                descend(start, 300, |at, gradient| {
                    objective(spec, season, &values, at, gradient, &mut tape, &mut slopes)
                })
            })
            .min_by(|a, b| a.value.total_cmp(&b.value))?;
        let (rates, mut state) = unpack(spec, &best.at, season);
        let value = spec.run(&rates, &mut state, &values, &mut tape);
        let n_values = n as f64;
        let log_likelihood = -n_values * (value + size.ln() + 0.5 * (2.0 * std::f64::consts::PI).ln() + 0.5);
        let k = k as f64;
        let aicc = -2.0 * log_likelihood + 2.0 * k + 2.0 * k * (k + 1.0) / (n_values - k - 1.0);
        state.level *= size;
        state.trend *= size;
        if spec.season == Part::Additive {
            state.season.iter_mut().for_each(|season| *season *= size);
        }
        let rates = [rates.level, rates.trend, rates.season, rates.damping];
        aicc.is_finite().then_some(Self { spec, rates, log_likelihood, aicc, state, n })
    }

    /// What is expected of the next values.
    pub fn ahead(&self, horizon: usize) -> Vec<f64> {
        let [level, trend, season, damping] = self.rates;
        self.spec.ahead(&Rates { level, trend, season, damping }, &self.state, self.n, horizon)
    }
}

/// Where a parameter between 0 and 1 lies on the whole line, and back.
fn squash(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

const LEAST_RATE: f64 = 1e-4;
const DAMPING: (f64, f64) = (0.8, 0.18);

/// Level rate; trend rate as a share of it; season rate as a share of what it leaves; damping; level; trend; seasons.
fn pack(spec: Spec, rate: f64, state: &State) -> Vec<f64> {
    let back = |p: f64| (p / (1.0 - p)).ln();
    let mut at = vec![back(rate)];
    if spec.has_trend {
        at.push(back(0.1));
    }
    if spec.season != Part::None {
        at.push(back(0.1));
    }
    if spec.is_damped {
        at.push(back(0.9));
    }
    at.push(state.level);
    if spec.has_trend {
        at.push(state.trend);
    }
    at.extend(&state.season);
    at
}

fn unpack(spec: Spec, at: &[f64], period: usize) -> (Rates, State) {
    let mut parts = at.iter().copied();
    let mut next = || parts.next().unwrap_or(0.0);
    let level = LEAST_RATE + (1.0 - 2.0 * LEAST_RATE) * squash(next());
    let trend = if spec.has_trend { level * squash(next()) } else { 0.0 };
    let season = if spec.season == Part::None { 0.0 } else { (1.0 - level) * squash(next()) };
    let damping = if spec.is_damped { DAMPING.0 + DAMPING.1 * squash(next()) } else { 1.0 };
    let rates = Rates { level, trend, season, damping };
    let (level, trend) = (next(), if spec.has_trend { next() } else { 0.0 });
    let n_seasons = if spec.season == Part::None { 0 } else { period };
    (rates, State { level, trend, season: (0..n_seasons).map(|_| next()).collect() })
}

fn objective(
    spec: Spec,
    period: usize,
    values: &[f64],
    at: &[f64],
    gradient: &mut [f64],
    tape: &mut Tape,
    slopes: &mut Slopes,
) -> f64 {
    let (rates, mut state) = unpack(spec, at, period);
    let value = spec.run(&rates, &mut state, values, tape);
    if !value.is_finite() {
        return f64::INFINITY;
    }
    spec.slopes(&rates, values, period, tape, slopes);
    let [of_level, of_trend, of_season, of_damping] = slopes.rates;
    let bend = |x: f64| squash(x) * (1.0 - squash(x));
    let mut places = gradient.iter_mut().zip(at);
    let mut set = |slope: &dyn Fn(f64) -> f64| {
        if let Some((place, x)) = places.next() {
            *place = slope(*x);
        }
    };
    // The other two rates are shares of the level's and of what it leaves.
    let shared = of_level + if spec.has_trend { of_trend * rates.trend / rates.level } else { 0.0 }
        - if spec.season == Part::None { 0.0 } else { of_season * rates.season / (1.0 - rates.level) };
    set(&|x| shared * (1.0 - 2.0 * LEAST_RATE) * bend(x));
    if spec.has_trend {
        set(&|x| of_trend * rates.level * bend(x));
    }
    if spec.season != Part::None {
        set(&|x| of_season * (1.0 - rates.level) * bend(x));
    }
    if spec.is_damped {
        set(&|x| of_damping * DAMPING.1 * bend(x));
    }
    set(&|_| slopes.level);
    if spec.has_trend {
        set(&|_| slopes.trend);
    }
    slopes.season.iter().for_each(|slope| set(&|_| *slope));
    value
}

/// Where the search begins: seasons as mean distance from a moving mean, level and trend as a line through what is left of
/// the first values.
fn first_state(spec: Spec, values: &[f64], period: usize) -> State {
    let mut season = Vec::new();
    let mut rest = values.to_vec();
    if spec.season != Part::None {
        let is_product = spec.season == Part::Multiplicative;
        season = super::decompose::seasons(&values[..values.len().min(5 * period)], period, is_product);
        for (at, value) in rest.iter_mut().enumerate() {
            let part = season[at % period];
            *value = if is_product { *value / part } else { *value - part };
        }
    }
    let n = rest.len().min((2 * period).max(10));
    let (level, trend) = if spec.has_trend {
        let (intercept, slope) = super::decompose::line(&rest[..n]);
        (intercept - slope, slope)
    } else {
        (rest[..n].iter().sum::<f64>() / n as f64, 0.0)
    };
    // Under multiplication a level must be above nought.
    let floor = if spec.error == Part::Multiplicative { 1e-3 } else { f64::NEG_INFINITY };
    State { level: level.max(floor), trend: if level > floor { trend } else { 0.0 }, season }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slopes_equal_differences() {
        let values: Vec<f64> = (0..31)
            .map(|at| 1.0 + 0.02 * f64::from(at) + 0.3 * f64::from(at % 4) + 0.1 * f64::from(at * at % 7))
            .collect();
        for spec in Spec::all(4, true) {
            let state = first_state(spec, &values, 4);
            let at = pack(spec, 0.3, &state);
            let (mut tape, mut slopes) = (Tape::default(), Slopes::default());
            let mut gradient = vec![0.0; at.len()];
            let value = objective(spec, 4, &values, &at, &mut gradient, &mut tape, &mut slopes);
            assert!(value.is_finite(), "{spec:?}");
            let mut ignored = vec![0.0; at.len()];
            for i in 0..at.len() {
                let mut side = |step: f64| {
                    let mut moved = at.clone();
                    moved[i] += step;
                    objective(spec, 4, &values, &moved, &mut ignored, &mut tape, &mut slopes)
                };
                let difference = (side(1e-5) - side(-1e-5)) / 2e-5;
                assert!((difference - gradient[i]).abs() < 1e-6, "{spec:?} {i}: {difference} {}", gradient[i]);
            }
        }
    }
}
