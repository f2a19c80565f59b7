//! A forecast by the method that did best, with intervals and grades.

use super::calendar::{Calendar, Effect};
use super::grade::{Grade, Rolled, origins};
use super::methods::Method;
use super::series::{Problem, Series};

/// How a forecast is made.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Steps ahead, at least 1.
    pub horizon: usize,
    /// Levels of intervals, between 0 and 1.
    pub levels: Vec<f64>,
    /// Never changes the answer.
    pub n_threads: usize,
}

/// Limits that hold the truth with some probability.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// The probability.
    pub level: f64,
    /// By step ahead.
    pub low: Vec<f64>,
    /// By step ahead.
    pub high: Vec<f64>,
}

/// Why a method was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It had the best grade.
    Best,
    /// The mean of several, which is as good as the best to within [`NEAR`].
    AsGood,
    /// Nothing beat the seasonal naive method.
    NothingBeatsNaive,
    /// As [`Reason::NothingBeatsNaive`], and the series never changes.
    Constant,
}

/// A forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The method taken.
    pub method: Method,
    /// Why.
    pub reason: Reason,
    /// By step ahead.
    pub mean: Vec<f64>,
    /// In the order of [`Options::levels`].
    pub bands: Vec<Band>,
    /// All methods that were tried, the seasonal naive first.
    pub grades: Vec<Grade>,
    /// What marked days do, in the order of the columns.
    pub effects: Vec<Effect>,
    /// Seasons that were seen often enough to be used.
    pub periods: Vec<usize>,
}

/// How much worse the mean of several may be graded than the best single method and still be taken: grades of a dozen
/// origins that overlap are not known better.
pub const NEAR: f64 = 1.05;

/// Origins without which nothing is graded.
const LEAST_ORIGINS: usize = 3;
/// Values before the first origin, without season.
const LEAST_VALUES: usize = 10;

/// Forecasts a series by the method that did best from earlier points in time; never by one that did worse there than the
/// seasonal naive method.
///
/// **Shape**: `columns` mark days (1, or a strength) over history and horizon; 0 is an ordinary day. A season that was not
/// seen twice before the first origin is left out.
/// **Errors**: [`Problem`].
pub fn forecast(series: &Series<'_>, columns: &[Vec<f64>], options: &Options) -> Result<Forecast, Problem> {
    let n = series.values.len();
    let horizon = options.horizon;
    let is_level = |level: &f64| *level > 0.0 && *level < 1.0;
    let is_marked = |column: &Vec<f64>| column.len() == n + horizon && column.iter().all(|mark| mark.is_finite());
    if horizon == 0 || !options.levels.iter().all(is_level) || !columns.iter().all(is_marked) {
        return Err(Problem::Shape);
    }
    let tail = horizon + LEAST_ORIGINS - 1;
    series.check(LEAST_VALUES + tail)?;
    let fits = |period: &usize| *period > 1 && 2 * period + LEAST_ORIGINS + tail <= n;
    let periods: Vec<usize> = series.periods.iter().copied().filter(fits).collect();
    let series = Series { periods: &periods, ..*series };
    let least = LEAST_VALUES.max(if series.period() > 1 { 2 * series.period() + LEAST_ORIGINS } else { 0 });
    let rolled =
        Rolled::new(&series, columns, horizon, &origins(n, horizon, series.period(), least), options.n_threads);
    let grades = rolled.grades(&options.levels);
    let is_constant = series.values.iter().all(|value| *value == series.values[0]);
    let (mut at, mut reason) = pick(&grades);
    if is_constant {
        (at, reason) = (0, Reason::Constant);
    }
    let method = grades[at].method;
    let z = crate::special::reach(0.95);
    let calendar = if columns.is_empty() {
        Calendar { effects: Vec::new(), without: series.values.to_vec() }
    } else {
        Calendar::fit(&series, columns, z)
    };
    let known = Series { values: &calendar.without, ..series };
    let too_short = Problem::TooShort { n, needed: LEAST_VALUES + tail };
    let mut mean = method.ahead(&known, horizon).ok_or(too_short)?;
    calendar.put_on(columns, n, &mut mean);
    let spread = rolled.spread_of(at);
    let is_never_negative = series.values.iter().all(|value| *value >= 0.0);
    let bands = options
        .levels
        .iter()
        .map(|level| {
            let reach = spread.reach(*level);
            let (mut low, high): (Vec<f64>, Vec<f64>) =
                mean.iter().enumerate().map(|(ahead, value)| spread.around(*value, ahead, reach)).unzip();
            if is_never_negative {
                low.iter_mut().for_each(|value| *value = value.max(0.0));
            }
            Band { level: *level, low, high }
        })
        .collect();
    Ok(Forecast { method, reason, mean, bands, grades, effects: calendar.effects, periods })
}

/// Position of the method to take, and why.
fn pick(grades: &[Grade]) -> (usize, Reason) {
    let best = (0..grades.len()).min_by(|a, b| grades[*a].owa.total_cmp(&grades[*b].owa)).unwrap_or(0);
    let mean = grades.iter().position(|grade| grade.method == Method::Combination);
    if let Some(mean) = mean
        && mean != best
        && grades[mean].owa < 1.0
        && grades[mean].owa <= NEAR * grades[best].owa
    {
        return (mean, Reason::AsGood);
    }
    // Not even equal: what is simple is kept.
    if best == 0 || grades[best].owa >= 1.0 || grades[best].owa.is_nan() {
        return (0, Reason::NothingBeatsNaive);
    }
    (best, Reason::Best)
}
