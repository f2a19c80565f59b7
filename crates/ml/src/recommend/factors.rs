//! Customers and products as points of a few dimensions.

use super::table::Table;
use crate::random::{Random, join};
use crate::{linear, parallel};

/// How factors are learnt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FactorOptions {
    /// Dimensions.
    pub n_factors: usize,
    /// Rounds over customers and products.
    pub n_rounds: usize,
    /// Ridge.
    pub ridge: f32,
    /// How much surer something bought is than something not bought, per unit of its weight.
    pub confidence: f32,
    /// Of the points to begin with.
    pub seed: u64,
}

impl Default for FactorOptions {
    fn default() -> Self {
        Self { n_factors: 64, n_rounds: 12, ridge: 10.0, confidence: 10.0, seed: 1 }
    }
}

/// Steps of conjugate gradients from the point of the last round.
const N_STEPS: usize = 3;

/// Least squares in turns, weighted by confidence.
///
/// **Source**: Hu, Koren and Volinsky 2008; Takács, Pilászy and Tikk 2011 for conjugate gradients.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Factors {
    options: FactorOptions,
    customers: Vec<f32>,
    products: Vec<f32>,
    /// Sums of products of the products' columns, for reasons.
    gram: Vec<f32>,
}

impl Factors {
    pub(super) fn fit(table: &Table, options: &FactorOptions, n_threads: usize) -> Self {
        let d = options.n_factors.max(1);
        let options = FactorOptions { n_factors: d, ..*options };
        let begin = |ids: &[u64], side: u64| -> Vec<f32> {
            let of = |id: &u64| {
                let mut random = Random::new(join(join(options.seed, side), *id));
                (0..d).map(|_| (random.uniform() - 0.5) as f32 * 0.2).collect::<Vec<f32>>()
            };
            ids.iter().flat_map(of).collect()
        };
        let mut customers = begin(&table.customers, 1);
        let mut products = begin(&table.products, 2);
        for _ in 0..options.n_rounds {
            customers = turn(&customers, &products, &options, n_threads, |at, work| {
                table.owned(at).iter().for_each(|own| work(own.product as usize, own.weight));
            });
            products = turn(&products, &customers, &options, n_threads, |at, work| {
                table.buyers(at).for_each(|(customer, own)| work(customer, own.weight));
            });
        }
        let gram = gram(&products, d, n_threads);
        Self { options, customers, products, gram }
    }

    pub(super) fn add_scores(&self, customer: usize, share: f32, scores: &mut [f32]) {
        let d = self.options.n_factors;
        let own = &self.customers[customer * d..(customer + 1) * d];
        for (score, product) in scores.iter_mut().zip(self.products.chunks_exact(d)) {
            *score += share * dot(own, product);
        }
    }

    /// Parts of the score that the customer's exact point would give, by what the customer has.
    ///
    /// **Source**: Hu, Koren and Volinsky 2008, section 5.
    pub(super) fn contributions(&self, table: &Table, customer: usize, product: usize) -> Vec<f32> {
        let d = self.options.n_factors;
        let row = |at: usize| &self.products[at * d..(at + 1) * d];
        let mut system: Vec<f64> = self.gram.iter().map(|value| f64::from(*value)).collect();
        (0..d).for_each(|at| system[at * d + at] += f64::from(self.options.ridge));
        for own in table.owned(customer) {
            let factors = row(own.product as usize);
            let confidence = f64::from(self.options.confidence * own.weight);
            for (i, a) in factors.iter().enumerate() {
                for (j, b) in factors.iter().enumerate() {
                    system[i * d + j] += confidence * f64::from(a * b);
                }
            }
        }
        let mut solved: Vec<f64> = row(product).iter().map(|value| f64::from(*value)).collect();
        let Some(factor) = linear::cholesky(system, d) else { return vec![0.0; table.owned(customer).len()] };
        linear::solve(&factor, d, &mut solved);
        let solved: Vec<f32> = solved.into_iter().map(|value| value as f32).collect();
        let of =
            |own: &super::Owned| (1.0 + self.options.confidence * own.weight) * dot(row(own.product as usize), &solved);
        table.owned(customer).iter().map(of).collect()
    }
}

/// Eight sums side by side, since the order of one sum may not be changed by the compiler.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 8];
    let (a, b) = (a.chunks_exact(8), b.chunks_exact(8));
    let rest: f32 = a.remainder().iter().zip(b.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in a.zip(b) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

/// Sums of products of columns, over ranges of fixed size.
fn gram(points: &[f32], d: usize, n_threads: usize) -> Vec<f32> {
    let parts = parallel::map(
        points.len() / d,
        512,
        n_threads,
        || (),
        |(), range| {
            let mut sums = vec![0.0_f32; d * d];
            for point in points[range.start * d..range.end * d].chunks_exact(d) {
                for (a, sums) in point.iter().zip(sums.chunks_exact_mut(d)) {
                    sums.iter_mut().zip(point).for_each(|(sum, b)| *sum += a * b);
                }
            }
            sums
        },
    );
    let mut sums = vec![0.0_f32; d * d];
    for part in parts {
        sums.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
    }
    sums
}

/// New points of the one side, given those of the other; `each` names the other points of a point, with their weights.
fn turn(
    points: &[f32],
    others: &[f32],
    options: &FactorOptions,
    n_threads: usize,
    each: impl Fn(usize, &mut dyn FnMut(usize, f32)) + Sync,
) -> Vec<f32> {
    let d = options.n_factors;
    let mut system = gram(others, d, n_threads);
    system.iter_mut().step_by(d + 1).for_each(|value| *value += options.ridge);
    let solve = |at: usize| {
        let mut x = points[at * d..(at + 1) * d].to_vec();
        let apply = |x: &[f32]| {
            let mut y: Vec<f32> = system.chunks_exact(d).map(|row| dot(row, x)).collect();
            each(at, &mut |other, weight| {
                let other = &others[other * d..(other + 1) * d];
                let factor = options.confidence * weight * dot(other, x);
                y.iter_mut().zip(other).for_each(|(y, value)| *y += factor * value);
            });
            y
        };
        let mut rest: Vec<f32> = apply(&x).into_iter().map(|value| -value).collect();
        each(at, &mut |other, weight| {
            let other = &others[other * d..(other + 1) * d];
            rest.iter_mut().zip(other).for_each(|(rest, value)| *rest += (1.0 + options.confidence * weight) * value);
        });
        let mut direction = rest.clone();
        let mut square = dot(&rest, &rest);
        for _ in 0..N_STEPS {
            if square < 1e-20 {
                break;
            }
            let applied = apply(&direction);
            let step = square / dot(&direction, &applied);
            x.iter_mut().zip(&direction).for_each(|(x, direction)| *x += step * direction);
            rest.iter_mut().zip(&applied).for_each(|(rest, applied)| *rest -= step * applied);
            let next = dot(&rest, &rest);
            let factor = next / square;
            direction.iter_mut().zip(&rest).for_each(|(direction, rest)| *direction = rest + factor * *direction);
            square = next;
        }
        x
    };
    parallel::map(points.len() / d, 64, n_threads, || (), |(), range| range.flat_map(solve).collect::<Vec<f32>>())
        .concat()
}
