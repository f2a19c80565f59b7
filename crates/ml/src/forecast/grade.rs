//! How good forecasts were from earlier points in time, and how far from them the truth may be.

use super::calendar::Calendar;
use super::intermittent::is_intermittent;
use super::methods::{Kinds, Method, mean_of};
use super::series::Series;
use crate::{parallel, robust};

/// Grades of a method over the newest points in time that it was tried from.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    /// Which.
    pub method: Method,
    /// Mean absolute error in units of the error of the seasonal naive method one step ahead within the history.
    ///
    /// **Source**: Hyndman and Koehler 2006.
    pub mase: f64,
    /// Mean of `2|y - f| / (|y| + |f|)`, from 0 to 2; 0 where both are 0.
    pub smape: f64,
    /// Root mean square error in units of the root mean square step of the seasonal naive method within the history.
    ///
    /// **Source**: Makridakis, Spiliotis and Assimakopoulos 2022 (M5), there for lag 1.
    pub rmsse: f64,
    /// Mean of MASE and sMAPE, each relative to the seasonal naive method's; below 1 is better than that. Where values are
    /// nought now and then, RMSSE stands in for sMAPE, which would then count little but noughts.
    pub owa: f64,
    /// Share of true values within the interval of each level, every origin, older ones too, judged by the errors of the others.
    pub coverage: Vec<f64>,
    /// Points in time.
    pub n_origins: usize,
}

/// What each method said from each origin, and what came.
pub(super) struct Rolled {
    pub(super) methods: Vec<Method>,
    /// By method, by origin.
    forecasts: Vec<Vec<Vec<f64>>>,
    /// By origin.
    truths: Vec<Vec<f64>>,
    /// By origin: mean step of the seasonal naive method before it, and its root mean square.
    steps: Vec<(f64, f64)>,
    is_relative: bool,
    is_intermittent: bool,
}

/// Points in time, the newest, over which methods are graded: about one horizon, or one period.
const N_GRADED: usize = 12;
/// Points in time whose errors make intervals: more, since what was calm of late need not stay so.
const N_ORIGINS: usize = 18;

/// Points in time that forecasts are tried from, oldest first.
pub(super) fn origins(n: usize, horizon: usize, period: usize, least: usize) -> Vec<usize> {
    let step = horizon.max(period).div_ceil(N_GRADED);
    let mut origins: Vec<usize> =
        (0..N_ORIGINS).filter_map(|k| n.checked_sub(horizon + k * step)).filter(|origin| *origin >= least).collect();
    origins.reverse();
    origins
}

impl Rolled {
    pub(super) fn new(
        series: &Series<'_>,
        columns: &[Vec<f64>],
        horizon: usize,
        origins: &[usize],
        n_threads: usize,
    ) -> Self {
        let period = series.season_within(usize::MAX);
        let all = Method::candidates(series);
        let before: Vec<Calendar> = origins
            .iter()
            .map(|origin| {
                let known = Series { values: &series.values[..*origin], ..*series };
                if columns.is_empty() {
                    Calendar { effects: Vec::new(), without: known.values.to_vec() }
                } else {
                    Calendar::fit(&known, columns, 1.0)
                }
            })
            .collect();
        let roll = |method: Method| -> Option<Vec<Vec<f64>>> {
            let mut kinds = Kinds::default();
            origins
                .iter()
                .zip(&before)
                .map(|(origin, calendar)| {
                    let known = Series { values: &calendar.without, ..*series };
                    let mut answer = method.ahead_as(&known, horizon, &mut kinds)?;
                    calendar.put_on(columns, *origin, &mut answer);
                    Some(answer)
                })
                .collect()
        };
        let alone: Vec<Method> = all.iter().copied().filter(|method| *method != Method::Combination).collect();
        let rolled = parallel::map(alone.len(), 1, n_threads, || (), |(), at| roll(alone[at.start]));
        let mut methods = Vec::new();
        let mut forecasts = Vec::new();
        for (method, rolled) in alone.into_iter().zip(rolled) {
            if let Some(rolled) = rolled {
                methods.push(method);
                forecasts.push(rolled);
            }
        }
        // The mean needs no run of its own.
        let parts: Vec<usize> = (0..methods.len())
            .filter(|at| matches!(methods[*at], Method::Ets | Method::Theta | Method::StlEts))
            .collect();
        if parts.len() > 1 {
            let means = (0..origins.len())
                .filter_map(|origin| {
                    mean_of(&parts.iter().map(|at| forecasts[*at][origin].clone()).collect::<Vec<_>>())
                })
                .collect();
            methods.push(Method::Combination);
            forecasts.push(means);
        }
        let truths: Vec<Vec<f64>> =
            origins.iter().map(|origin| series.values[*origin..origin + horizon].to_vec()).collect();
        let steps = origins.iter().map(|origin| naive_step(&series.values[..*origin], period)).collect();
        let is_above = |rows: &[Vec<f64>]| rows.iter().flatten().all(|value| *value > 0.0);
        let is_relative = series.is_multiplicative() && forecasts.iter().all(|rows| is_above(rows));
        let is_intermittent = is_intermittent(series.values);
        Self { methods, forecasts, truths, steps, is_relative, is_intermittent }
    }

    /// Grades of all methods, in their order.
    pub(super) fn grades(&self, levels: &[f64]) -> Vec<Grade> {
        let n_origins = self.truths.len().min(N_GRADED);
        let plain: Vec<[f64; 3]> = self.forecasts.iter().map(|rows| self.errors(rows)).collect();
        let naive = plain[0];
        let second = if self.is_intermittent { 2 } else { 1 };
        (self.methods.iter().zip(&self.forecasts).zip(&plain))
            .map(|((method, rows), errors)| {
                let coverage = levels.iter().map(|level| self.coverage(rows, *level)).collect();
                let relative = |at: usize| if errors[at] == naive[at] { 1.0 } else { errors[at] / naive[at] };
                let owa = (relative(0) + relative(second)) / 2.0;
                let [mase, smape, rmsse] = *errors;
                Grade { method: *method, mase, smape, rmsse, owa, coverage, n_origins }
            })
            .collect()
    }

    /// MASE, sMAPE and RMSSE of one method.
    fn errors(&self, rows: &[Vec<f64>]) -> [f64; 3] {
        let mut sums = [0.0; 3];
        let n_before = rows.len().saturating_sub(N_GRADED);
        for ((row, truth), (step, square)) in rows.iter().zip(&self.truths).zip(&self.steps).skip(n_before) {
            let mean = |of: &dyn Fn(f64, f64) -> f64| {
                row.iter().zip(truth).map(|(f, y)| of(*f, *y)).sum::<f64>() / row.len() as f64
            };
            // A history without any step: an error is as bad as the value is large.
            let size = robust::mean(truth).abs().max(f64::MIN_POSITIVE);
            let unit = |step: f64| if step > 0.0 { step } else { size };
            sums[0] += mean(&|f, y| (y - f).abs()) / unit(*step);
            sums[1] += mean(&|f, y| if f == y { 0.0 } else { 2.0 * (y - f).abs() / (y.abs() + f.abs()) });
            sums[2] += mean(&|f, y| (y - f).powi(2)).sqrt() / unit(*square);
        }
        sums.map(|sum| sum / (rows.len() - n_before) as f64)
    }

    fn coverage(&self, rows: &[Vec<f64>], level: f64) -> f64 {
        let (mut n_within, mut n) = (0.0, 0.0);
        for origin in 0..rows.len() {
            let others: Vec<usize> = (0..rows.len()).filter(|other| *other != origin).collect();
            let spread = self.spread(rows, &others);
            let reach = spread.reach(level);
            for (ahead, (f, y)) in rows[origin].iter().zip(&self.truths[origin]).enumerate() {
                let (low, high) = spread.around(*f, ahead, reach);
                n_within += f64::from(u8::from((low..=high).contains(y)));
                n += 1.0;
            }
        }
        n_within / n
    }

    /// The spread of a method's errors, by position among [`Rolled::methods`].
    pub(super) fn spread_of(&self, method: usize) -> Spread {
        self.spread(&self.forecasts[method], &(0..self.truths.len()).collect::<Vec<usize>>())
    }

    fn spread(&self, rows: &[Vec<f64>], origins: &[usize]) -> Spread {
        let distance = |f: f64, y: f64| if self.is_relative { (y / f).ln().abs() } else { (y - f).abs() };
        let errors: Vec<Vec<f64>> = origins
            .iter()
            .map(|origin| rows[*origin].iter().zip(&self.truths[*origin]).map(|(f, y)| distance(*f, *y)).collect())
            .collect();
        Spread::new(&errors, self.is_relative)
    }
}

/// Mean absolute difference to one period before, and root mean square of it.
fn naive_step(values: &[f64], period: usize) -> (f64, f64) {
    let period = if values.len() > period { period } else { 1 };
    let steps: Vec<f64> = values[period..].iter().zip(values).map(|(value, before)| (value - before).abs()).collect();
    if steps.is_empty() {
        return (0.0, 0.0);
    }
    let squares = steps.iter().map(|step| step * step).sum::<f64>();
    (robust::mean(&steps), (squares / steps.len() as f64).sqrt())
}

/// Errors of forecasts made before, brought to one size over the steps ahead: split conformal intervals.
///
/// **Source**: Lei et al. 2018 for the rank; errors of neighbouring steps are pooled after division by a size that grows as a
/// power of the steps ahead (between 0 and 1), since a dozen origins say little about each step alone.
pub(super) struct Spread {
    /// In order, each divided by the size at its step.
    scores: Vec<f64>,
    /// By step ahead.
    sizes: Vec<f64>,
    n_origins: usize,
    is_relative: bool,
}

/// How much farther than the largest error an interval reaches, for each rank that lacks; set by the coverage that
/// `scripts/bench-time` measures.
const BEYOND: f64 = 4.0;

impl Spread {
    fn new(errors: &[Vec<f64>], is_relative: bool) -> Self {
        let horizon = errors.first().map_or(0, Vec::len);
        let mean = |ahead: usize| errors.iter().map(|row| row[ahead]).sum::<f64>() / errors.len().max(1) as f64;
        let (mut sum, mut sum_x, mut sum_y, mut squares, mut both) = (0.0, 0.0, 0.0, 0.0, 0.0);
        for ahead in 0..horizon {
            let error = mean(ahead);
            if error > 0.0 {
                let (x, y) = ((ahead as f64 + 1.0).ln(), error.ln());
                sum += 1.0;
                sum_x += x;
                sum_y += y;
                squares += x * x;
                both += x * y;
            }
        }
        let spread = sum * squares - sum_x * sum_x;
        let power = if spread > 1e-12 { ((sum * both - sum_x * sum_y) / spread).clamp(0.0, 1.0) } else { 0.0 };
        let sizes: Vec<f64> = (0..horizon).map(|ahead| (ahead as f64 + 1.0).powf(power)).collect();
        let mut scores: Vec<f64> =
            errors.iter().flat_map(|row| row.iter().zip(&sizes).map(|(error, size)| error / size)).collect();
        scores.sort_unstable_by(f64::total_cmp);
        Self { scores, sizes, n_origins: errors.len(), is_relative }
    }

    /// The score that a share `level` of new ones stays below.
    pub(super) fn reach(&self, level: f64) -> f64 {
        // Errors of one origin hang together: what counts is the number of origins.
        let rank = level * (1.0 + 1.0 / self.n_origins.max(1) as f64);
        let inside = robust::quantile_of_sorted(&self.scores, rank.min(1.0));
        // Beyond the largest that was seen: farther, by as much as ranks lack.
        if rank <= 1.0 { inside } else { inside * (1.0 + (rank - 1.0) * BEYOND) }
    }

    /// Interval around a forecast.
    pub(super) fn around(&self, forecast: f64, ahead: usize, reach: f64) -> (f64, f64) {
        let width = reach * self.sizes.get(ahead).copied().unwrap_or(1.0);
        if self.is_relative {
            (forecast * (-width).exp(), forecast * width.exp())
        } else {
            (forecast - width, forecast + width)
        }
    }
}
