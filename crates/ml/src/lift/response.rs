//! What money in channels brings: curves that rise less and less.

use super::arms::Problem;
use crate::random::{Random, join};
use crate::{parallel, robust};

/// A week, or any other step of equal length.
#[derive(Clone, Debug, PartialEq)]
pub struct Week {
    /// Money by channel.
    pub spend: Vec<f64>,
    /// What else moves sales (price, season, holidays), as numbers; the same number of them each week, or none.
    pub controls: Vec<f64>,
    /// What came in.
    pub sales: f64,
}

/// How curves are learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResponseOptions {
    /// Redrawn histories by which uncertainty is known.
    pub n_draws: usize,
    /// Of them.
    pub seed: u64,
    /// Never changes the answer.
    pub n_threads: usize,
}

impl Default for ResponseOptions {
    fn default() -> Self {
        Self { n_draws: 200, seed: 1, n_threads: 1 }
    }
}

/// What steady money in a channel brings each week: `top · x / (x + half)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Curve {
    /// What it never quite reaches, at least 0.
    pub top: f64,
    /// Money that brings half of it, above 0.
    pub half: f64,
    /// Share of a week's effect that is left the week after.
    pub carry: f64,
}

impl Curve {
    /// What so much each week brings.
    pub fn brings(&self, spend: f64) -> f64 {
        self.top * spend / (spend + self.half)
    }

    /// What one more unit of money brings.
    pub fn margin(&self, spend: f64) -> f64 {
        self.top * self.half / (spend + self.half).powi(2)
    }
}

/// Curves with what is not known of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Response {
    /// By channel; `None` where spending hardly varied, so that nothing can be learnt.
    pub curves: Vec<Option<Curve>>,
    /// Of redrawn histories, each in the order of channels.
    pub draws: Vec<Vec<Option<Curve>>>,
    /// Share of the variance of sales that the model explains in the weeks that it was learnt from.
    pub explained: f64,
    /// Weeks.
    pub n_weeks: usize,
}

/// Weeks for each thing that is estimated.
const WEEKS_EACH: usize = 5;
/// Standard deviation of spending relative to its mean from which something can be learnt.
const LEAST_VARIATION: f64 = 0.1;
/// Half points that are tried, in mean spendings.
const HALVES: [f64; 8] = [0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0];
const CARRIES: [f64; 4] = [0.0, 0.25, 0.5, 0.75];
/// Weeks that are redrawn together, since neighbours hang together.
const BLOCK: usize = 4;

/// Learns curves from weeks, oldest first. What is learnt is what went together, not what was caused, unless spending was
/// varied on purpose.
///
/// **Errors**: [`Problem::Shape`], [`Problem::Invalid`] with the position of a week, [`Problem::TooFew`] weeks.
/// **Source**: Jin et al. 2017 for carry-over and saturation, with half points and carries on a grid, coefficients by least
/// squares not below nought, and block-wise Bayesian bootstrap (Rubin 1981) for uncertainty.
pub fn response(weeks: &[Week], options: &ResponseOptions) -> Result<Response, Problem> {
    let Some(first) = weeks.first() else { return Err(Problem::TooFew { n: 0, needed: 1 }) };
    let (n_channels, n_controls) = (first.spend.len(), first.controls.len());
    for (at, week) in weeks.iter().enumerate() {
        if week.spend.len() != n_channels || week.controls.len() != n_controls {
            return Err(Problem::Shape);
        }
        let is_known = week.sales.is_finite()
            && week.controls.iter().all(|value| value.is_finite())
            && week.spend.iter().all(|money| money.is_finite() && *money >= 0.0);
        if !is_known {
            return Err(Problem::Invalid(at));
        }
    }
    let varied: Vec<usize> = (0..n_channels)
        .filter(|channel| {
            let money: Vec<f64> = weeks.iter().map(|week| week.spend[*channel]).collect();
            let mean = robust::mean(&money);
            let variance = robust::mean(&money.iter().map(|value| (value - mean).powi(2)).collect::<Vec<f64>>());
            mean > 0.0 && variance.sqrt() > LEAST_VARIATION * mean
        })
        .collect();
    let needed = WEEKS_EACH * (1 + varied.len() + n_controls);
    if weeks.len() < needed {
        return Err(Problem::TooFew { n: weeks.len(), needed });
    }
    let ground = Ground::new(weeks, &varied);
    let place = |curves: Vec<Curve>| {
        let mut all = vec![None; n_channels];
        varied.iter().zip(curves).for_each(|(channel, curve)| all[*channel] = Some(curve));
        all
    };
    let even = vec![1.0; weeks.len()];
    let (curves, rest) = ground.fit(&even);
    let mean = robust::mean(&ground.sales);
    let total: f64 = ground.sales.iter().map(|value| (value - mean).powi(2)).sum();
    let draws = parallel::map(
        options.n_draws,
        1,
        options.n_threads,
        || (),
        |(), at| {
            let mut random = Random::new(join(options.seed, at.start as u64));
            let blocks: Vec<f64> = (0..weeks.len().div_ceil(BLOCK)).map(|_| -(1.0 - random.uniform()).ln()).collect();
            let weights: Vec<f64> = (0..weeks.len()).map(|week| blocks[week / BLOCK]).collect();
            place(ground.fit(&weights).0)
        },
    );
    let explained = if total > 0.0 { 1.0 - rest / total } else { 0.0 };
    Ok(Response { curves: place(curves), draws, explained, n_weeks: weeks.len() })
}

/// Columns made ready for every half point and carry.
struct Ground {
    sales: Vec<f64>,
    controls: Vec<Vec<f64>>,
    /// By channel, by carry: spending with what is left of the weeks before, as large as steady spending would be.
    carried: Vec<Vec<Vec<f64>>>,
    /// By channel.
    means: Vec<f64>,
}

impl Ground {
    fn new(weeks: &[Week], channels: &[usize]) -> Self {
        let money = |channel: usize| weeks.iter().map(move |week| week.spend[channel]);
        let carried = |channel: usize| {
            CARRIES
                .iter()
                .map(|carry| {
                    // Before the first week it was as on average.
                    let mut left = robust::mean(&money(channel).collect::<Vec<f64>>());
                    money(channel)
                        .map(|spend| {
                            left = carry * left + (1.0 - carry) * spend;
                            left
                        })
                        .collect()
                })
                .collect()
        };
        let n_controls = weeks.first().map_or(0, |week| week.controls.len());
        Self {
            sales: weeks.iter().map(|week| week.sales).collect(),
            controls: (0..n_controls).map(|at| weeks.iter().map(|week| week.controls[at]).collect()).collect(),
            carried: channels.iter().map(|channel| carried(*channel)).collect(),
            means: channels.iter().map(|channel| robust::mean(&money(*channel).collect::<Vec<f64>>())).collect(),
        }
    }

    /// Column of a channel under a half point and a carry, by position in the grids.
    fn column(&self, channel: usize, (half, carry): (usize, usize)) -> Vec<f64> {
        let half = HALVES[half] * self.means[channel];
        self.carried[channel][carry].iter().map(|spend| spend / (spend + half)).collect()
    }

    /// Curves and weighted squares of what is left: one channel after another takes its best place in the grid, until none
    /// moves.
    fn fit(&self, weights: &[f64]) -> (Vec<Curve>, f64) {
        let n = self.carried.len();
        let mut places = vec![(3, 0); n];
        let mut columns: Vec<Vec<f64>> = (0..n).map(|channel| self.column(channel, places[channel])).collect();
        let mut best = self.solve(&columns, weights);
        for _ in 0..6 {
            let mut has_moved = false;
            for channel in 0..n {
                for half in 0..HALVES.len() {
                    for carry in 0..CARRIES.len() {
                        let kept = std::mem::replace(&mut columns[channel], self.column(channel, (half, carry)));
                        let tried = self.solve(&columns, weights);
                        if tried.1 < best.1 * (1.0 - 1e-9) {
                            (best, places[channel], has_moved) = (tried, (half, carry), true);
                        } else {
                            columns[channel] = kept;
                        }
                    }
                }
            }
            if !has_moved {
                break;
            }
        }
        let curve = |channel: usize| Curve {
            top: best.0[channel],
            half: HALVES[places[channel].0] * self.means[channel],
            carry: CARRIES[places[channel].1],
        };
        ((0..n).map(curve).collect(), best.1)
    }

    /// Coefficients of channels, none below nought, beside a free base and free controls; and squares of what is left.
    fn solve(&self, columns: &[Vec<f64>], weights: &[f64]) -> (Vec<f64>, f64) {
        let total: f64 = weights.iter().sum();
        let centred = |column: &[f64]| {
            let mean = column.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f64>() / total;
            column.iter().map(|value| value - mean).collect::<Vec<f64>>()
        };
        let all: Vec<Vec<f64>> = columns.iter().chain(&self.controls).map(|column| centred(column)).collect();
        let sales = centred(&self.sales);
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).zip(weights).map(|((a, b), w)| w * a * b).sum::<f64>();
        let m = all.len();
        let mut matrix = vec![0.0; m * m];
        for i in 0..m {
            for j in 0..=i {
                let value = product(&all[i], &all[j]);
                (matrix[i * m + j], matrix[j * m + i]) = (value, value);
            }
        }
        let right: Vec<f64> = all.iter().map(|column| product(column, &sales)).collect();
        let mut sizes = vec![0.0; m];
        for _ in 0..500 {
            let mut moved = 0.0_f64;
            for i in 0..m {
                // A little ridge: columns that move together share.
                let diagonal = matrix[i * m + i] * (1.0 + 1e-6);
                if diagonal <= 0.0 {
                    continue;
                }
                let others: f64 = (0..m).filter(|j| *j != i).map(|j| matrix[i * m + j] * sizes[j]).sum();
                let mut size = (right[i] - others) / diagonal;
                if i < columns.len() {
                    size = size.max(0.0);
                }
                moved = moved.max((size - sizes[i]).powi(2) * diagonal);
                sizes[i] = size;
            }
            if moved < 1e-12 * product(&sales, &sales) {
                break;
            }
        }
        let left: f64 = (0..sales.len())
            .map(|at| {
                let said: f64 = all.iter().zip(&sizes).map(|(column, size)| column[at] * size).sum();
                weights[at] * (sales[at] - said).powi(2)
            })
            .sum();
        sizes.truncate(columns.len());
        (sizes, left)
    }
}
