//! Days that are not like others: holidays, shopping festivals, sales of one's own.

use super::decompose::{StlOptions, stl};
use super::series::Series;
use crate::linear;
use crate::robust::{deviation, median};

/// What marked days do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect {
    /// On a day marked by 1: a factor (2 for twice as much) where all values are positive, else added. As it enters forecasts:
    /// shrunk towards no effect by how little is known.
    pub size: f64,
    /// Lower end of the interval before shrinking.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Whether `size` is a factor.
    pub is_factor: bool,
    /// Marked days in the history; none, none known.
    pub n_days: usize,
}

/// Effects and the series without them.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Calendar {
    pub(super) effects: Vec<Effect>,
    pub(super) without: Vec<f64>,
}

/// Share of the normal's efficiency that Huber's weights keep is 95 % with this limit.
const HUBER: f64 = 1.345;

impl Calendar {
    /// Estimates effects from distances to trend and season, which are learnt without the marked days; wild days count less,
    /// by Huber's weights.
    ///
    /// **Shape**: each column is at least as long as the series; 0 is an ordinary day.
    pub(super) fn fit(series: &Series<'_>, columns: &[Vec<f64>], z: f64) -> Self {
        let n = series.values.len();
        let is_factor = series.is_positive();
        let values: Vec<f64> =
            if is_factor { series.values.iter().map(|value| value.ln()).collect() } else { series.values.to_vec() };
        let is_marked: Vec<bool> = (0..n).map(|at| columns.iter().any(|column| column[at] != 0.0)).collect();
        let used: Vec<usize> =
            (0..columns.len()).filter(|column| columns[*column][..n].iter().any(|mark| *mark != 0.0)).collect();
        let unknown = Effect {
            size: f64::from(u8::from(is_factor)),
            low: f64::NEG_INFINITY,
            high: f64::INFINITY,
            is_factor,
            n_days: 0,
        };
        let mut effects = vec![unknown; columns.len()];
        if used.is_empty() || is_marked.iter().all(|is_marked| *is_marked) {
            return Self { effects, without: series.values.to_vec() };
        }
        let filled = fill(&values, &is_marked, series.period());
        let parts = stl(&filled, &series.seen_periods(), StlOptions::default());
        let rest = |at: usize| values[at] - (filled[at] - parts.rest[at]);
        let ordinary: Vec<f64> = (0..n).filter(|at| !is_marked[*at]).map(rest).collect();
        let rows: Vec<usize> = (0..n).filter(|at| is_marked[*at]).collect();
        let distances: Vec<f64> = rows.iter().map(|at| rest(*at)).collect();
        let cells = |row: usize| used.iter().map(|column| columns[*column][row]).collect::<Vec<f64>>();
        let design: Vec<Vec<f64>> = rows.iter().map(|row| cells(*row)).collect();
        let (sizes, errors) = huber(&design, &distances, deviation(&ordinary));
        for ((column, size), error) in used.iter().zip(&sizes).zip(&errors) {
            let shrunk = if *size == 0.0 { 0.0 } else { size * (1.0 - (error / size).powi(2)).max(0.0) };
            let back = |size: f64| if is_factor { size.exp() } else { size };
            effects[*column] = Effect {
                size: back(shrunk),
                low: back(size - z * error),
                high: back(size + z * error),
                is_factor,
                n_days: columns[*column][..n].iter().filter(|mark| **mark != 0.0).count(),
            };
        }
        let mut calendar = Self { effects, without: Vec::new() };
        calendar.without = series
            .values
            .iter()
            .enumerate()
            .map(|(at, value)| {
                let effect = calendar.at(columns, at);
                if is_factor { value / effect } else { value - effect }
            })
            .collect();
        calendar
    }

    /// The joint effect at a position: a factor or an addend.
    fn at(&self, columns: &[Vec<f64>], at: usize) -> f64 {
        let is_factor = self.effects.first().is_some_and(|effect| effect.is_factor);
        let parts = self.effects.iter().zip(columns).map(|(effect, column)| (effect.size, column[at]));
        if is_factor {
            parts.map(|(size, mark)| size.powf(mark)).product()
        } else {
            parts.map(|(size, mark)| size * mark).sum()
        }
    }

    /// Puts effects on a forecast of the positions from `first` on.
    pub(super) fn put_on(&self, columns: &[Vec<f64>], first: usize, forecast: &mut [f64]) {
        let is_factor = self.effects.first().is_some_and(|effect| effect.is_factor);
        for (ahead, value) in forecast.iter_mut().enumerate() {
            let effect = self.at(columns, first + ahead);
            *value = if is_factor { *value * effect } else { *value + effect };
        }
    }
}

/// Marked days replaced by the median of the nearest four ordinary days of the same phase.
fn fill(values: &[f64], is_marked: &[bool], period: usize) -> Vec<f64> {
    let n = values.len();
    let near = |at: usize, step: usize| -> Vec<f64> {
        let mut found = Vec::new();
        for k in 1..=n.div_ceil(step) {
            let sides = [at.checked_sub(k * step), Some(at + k * step).filter(|at| *at < n)];
            found.extend(sides.into_iter().flatten().filter(|at| !is_marked[*at]).map(|at| values[at]));
            if found.len() >= 4 {
                break;
            }
        }
        found
    };
    (0..n)
        .map(|at| {
            if !is_marked[at] {
                return values[at];
            }
            let same = near(at, period);
            median(&if same.is_empty() { near(at, 1) } else { same })
        })
        .collect()
}

/// Sizes and standard errors of a regression without intercept under Huber's weights.
///
/// **Source**: Huber 1964, by weighted least squares until nothing moves. `spread` is that of ordinary days; marked ones may
/// spread more among themselves, never less.
fn huber(design: &[Vec<f64>], distances: &[f64], spread: f64) -> (Vec<f64>, Vec<f64>) {
    let d = design.first().map_or(0, Vec::len);
    let mut weights = vec![1.0; design.len()];
    let mut sizes = vec![0.0; d];
    let mut errors = vec![f64::INFINITY; d];
    for _ in 0..30 {
        let mut matrix = vec![0.0; d * d];
        let mut right = vec![0.0; d];
        for ((row, distance), weight) in design.iter().zip(distances).zip(&weights) {
            for i in 0..d {
                right[i] += weight * row[i] * distance;
                (0..d).for_each(|j| matrix[i * d + j] += weight * row[i] * row[j]);
            }
        }
        // Columns that mark the same days share the effect.
        (0..d).for_each(|i| matrix[i * d + i] *= 1.0 + 1e-6);
        let Some(factor) = linear::cholesky(matrix, d) else { return (sizes, errors) };
        linear::solve(&factor, d, &mut right);
        let moved = sizes.iter().zip(&right).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        sizes = right;
        let rest = |row: &[f64], distance: f64| distance - row.iter().zip(&sizes).map(|(a, b)| a * b).sum::<f64>();
        let rests: Vec<f64> = design.iter().zip(distances).map(|(row, distance)| rest(row, *distance)).collect();
        let own = if rests.len() > 2 * d { deviation(&rests) } else { 0.0 };
        let scale = own.max(spread);
        for i in 0..d {
            let mut unit = vec![0.0; d];
            unit[i] = 1.0;
            linear::solve(&factor, d, &mut unit);
            errors[i] = scale * unit[i].max(0.0).sqrt();
        }
        weights = rests
            .iter()
            .map(|rest| if rest.abs() <= HUBER * scale { 1.0 } else { HUBER * scale / rest.abs() })
            .collect();
        if moved <= 1e-10 * (1.0 + scale) {
            break;
        }
    }
    (sizes, errors)
}
