//! Exponential smoothing: one pass over a series, and the slope of its likelihood in every parameter and initial state.

/// How a component enters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// Not at all.
    None,
    /// Added.
    Additive,
    /// Multiplied; for errors, relative to the level.
    Multiplicative,
}

/// Which model of exponential smoothing; the error is additive or multiplicative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Spec {
    /// Of what is left over.
    pub error: Part,
    /// Has a trend, always additive.
    pub has_trend: bool,
    /// The trend dies out.
    pub is_damped: bool,
    /// Of what comes back each period.
    pub season: Part,
}

/// What the smoothing has come to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct State {
    pub(super) level: f64,
    pub(super) trend: f64,
    /// By phase; the next value has phase `n % period`.
    pub(super) season: Vec<f64>,
}

/// Rates of smoothing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rates {
    pub(super) level: f64,
    pub(super) trend: f64,
    pub(super) season: f64,
    pub(super) damping: f64,
}

/// What a pass remembers of each step, for the way back.
#[derive(Clone, Copy, Default)]
struct Step {
    /// Trend before.
    trend: f64,
    /// Level and damped trend before.
    base: f64,
    season: f64,
    mean: f64,
    error: f64,
}

/// Memory of a pass, used again and again.
#[derive(Default)]
pub(super) struct Tape {
    steps: Vec<Step>,
    season: Vec<f64>,
}

/// Slopes of the objective.
#[derive(Default)]
pub(super) struct Slopes {
    pub(super) rates: [f64; 4],
    pub(super) level: f64,
    pub(super) trend: f64,
    pub(super) season: Vec<f64>,
}

/// Added to the mean square, so that a series which is met exactly has a likelihood.
const FLOOR: f64 = 1e-20;

impl Spec {
    fn mean(self, base: f64, season: f64) -> f64 {
        match self.season {
            Part::None => base,
            Part::Additive => base + season,
            Part::Multiplicative => base * season,
        }
    }

    /// Moves the state by one value; returns what was expected.
    fn advance(self, rates: &Rates, state: &mut State, phase: usize, value: f64) -> Step {
        let base = state.level + rates.damping * state.trend;
        let season = if self.season == Part::None { 0.0 } else { state.season[phase] };
        let mean = self.mean(base, season);
        let error = value - mean;
        let (over_season, over_base) =
            if self.season == Part::Multiplicative { (error / season, error / base) } else { (error, error) };
        let step = Step { trend: state.trend, base, season, mean, error };
        state.level = base + rates.level * over_season;
        if self.has_trend {
            state.trend = rates.damping * state.trend + rates.trend * over_season;
        }
        if self.season != Part::None {
            state.season[phase] = season + rates.season * over_base;
        }
        step
    }

    /// Half the logarithm of the mean square error, and for relative errors the mean logarithm of what was expected: minus
    /// the mean log-likelihood but for constants. Infinite where the model cannot be.
    pub(super) fn run(self, rates: &Rates, state: &mut State, values: &[f64], tape: &mut Tape) -> f64 {
        let period = state.season.len().max(1);
        tape.steps.clear();
        let is_relative = self.error == Part::Multiplicative;
        let (mut squares, mut logs) = (0.0, 0.0);
        for (at, value) in values.iter().enumerate() {
            let step = self.advance(rates, state, at % period, *value);
            let is_sound = step.mean.is_finite()
                && (!is_relative || step.mean > 0.0)
                && (self.season != Part::Multiplicative || step.base > 0.0 && step.season > 0.0);
            if !is_sound {
                return f64::INFINITY;
            }
            let error = if is_relative { step.error / step.mean } else { step.error };
            squares += error * error;
            if is_relative {
                logs += step.mean.ln();
            }
            tape.steps.push(step);
        }
        let n = values.len() as f64;
        0.5 * (squares / n + FLOOR).ln() + logs / n
    }

    /// Slopes of what [`Spec::run`] returned, by the chain rule backwards in time.
    pub(super) fn slopes(self, rates: &Rates, values: &[f64], period: usize, tape: &mut Tape, slopes: &mut Slopes) {
        let n = values.len() as f64;
        let is_relative = self.error == Part::Multiplicative;
        let relative = |step: &Step| if is_relative { step.error / step.mean } else { step.error };
        let squares = tape.steps.iter().map(|step| relative(step).powi(2)).sum::<f64>() / n + FLOOR;
        let (mut of_level, mut of_trend) = (0.0, 0.0);
        tape.season.clear();
        tape.season.resize(if self.season == Part::None { 0 } else { period }, 0.0);
        slopes.rates = [0.0; 4];
        for (at, (step, value)) in tape.steps.iter().zip(values).enumerate().rev() {
            let phase = at % period;
            let of_season = if self.season == Part::None { 0.0 } else { tape.season[phase] };
            let is_product = self.season == Part::Multiplicative;
            let (over_season, over_base) =
                if is_product { (step.error / step.season, step.error / step.base) } else { (step.error, step.error) };
            slopes.rates[0] += of_level * over_season;
            slopes.rates[1] += of_trend * over_season;
            slopes.rates[2] += of_season * over_base;
            slopes.rates[3] += of_trend * step.trend;
            let to_level = rates.level * of_level + rates.trend * of_trend;
            let to_season = rates.season * of_season;
            let mut of_base = of_level;
            let mut before_trend = rates.damping * of_trend;
            let mut before_season = of_season;
            let seed = relative(step) / (n * squares);
            let (mut of_error, mut of_mean) = if is_relative {
                (0.0, -seed * value / (step.mean * step.mean) + 1.0 / (n * step.mean))
            } else {
                (seed, 0.0)
            };
            match self.season {
                Part::None => of_error += to_level,
                Part::Additive => of_error += to_level + to_season,
                Part::Multiplicative => {
                    of_error += to_level / step.season + to_season / step.base;
                    before_season -= to_level * step.error / (step.season * step.season);
                    of_base -= to_season * step.error / (step.base * step.base);
                }
            }
            of_mean -= of_error;
            match self.season {
                Part::None => of_base += of_mean,
                Part::Additive => {
                    of_base += of_mean;
                    before_season += of_mean;
                }
                Part::Multiplicative => {
                    of_base += of_mean * step.season;
                    before_season += of_mean * step.base;
                }
            }
            before_trend += rates.damping * of_base;
            slopes.rates[3] += of_base * step.trend;
            (of_level, of_trend) = (of_base, before_trend);
            if self.season != Part::None {
                tape.season[phase] = before_season;
            }
        }
        slopes.level = of_level;
        slopes.trend = of_trend;
        slopes.season.clone_from(&tape.season);
    }

    /// What is expected of the next values.
    pub(super) fn ahead(self, rates: &Rates, state: &State, n_seen: usize, horizon: usize) -> Vec<f64> {
        let period = state.season.len().max(1);
        let (mut base, mut trend) = (state.level, state.trend);
        (0..horizon)
            .map(|ahead| {
                trend *= rates.damping;
                base += trend;
                let season = state.season.get((n_seen + ahead) % period).copied().unwrap_or(0.0);
                self.mean(base, season)
            })
            .collect()
    }
}
