//! Customers made up by the models' own rules give their parameters back.

use super::{Fit, History, Model, fit};
use crate::random::Random;

/// Draws of the distributions that the models are made of.
impl Random {
    fn exponential(&mut self, rate: f64) -> f64 {
        -(1.0 - self.uniform()).ln() / rate
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.uniform()).ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }

    /// **Source**: Marsaglia and Tsang 2000, with their step for shapes below 1.
    fn gamma(&mut self, shape: f64, rate: f64) -> f64 {
        if shape < 1.0 {
            let power = (1.0 - self.uniform()).powf(1.0 / shape);
            return self.gamma(shape + 1.0, rate) * power;
        }
        let d = shape - 1.0 / 3.0;
        loop {
            let z = self.normal();
            let v = (1.0 + z / (9.0 * d).sqrt()).powi(3);
            if v > 0.0 && (1.0 - self.uniform()).ln() < z * z / 2.0 + d - d * v + d * v.ln() {
                return d * v / rate;
            }
        }
    }

    fn beta(&mut self, a: f64, b: f64) -> f64 {
        let (left, right) = (self.gamma(a, 1.0), self.gamma(b, 1.0));
        left / (left + right)
    }
}

fn customers(model: Model, parameters: [f64; 4], n: usize, seed: u64) -> Vec<History> {
    let mut random = Random::new(seed);
    let [first, second, third, fourth] = parameters;
    (0..n)
        .map(|_| {
            let age = 30.0 + 5.0 * random.below(7) as f64;
            let rate = random.gamma(first, second);
            let (mut frequency, mut recency) = (0, 0.0);
            let (leaves_at, chance) = match model {
                Model::ParetoNbd => {
                    let leaving = random.gamma(third, fourth);
                    (random.exponential(leaving), 0.0)
                }
                Model::BgNbd | Model::MbgNbd => (f64::INFINITY, random.beta(third, fourth)),
            };
            let mut is_alive = model != Model::MbgNbd || random.uniform() >= chance;
            let mut now = 0.0;
            while is_alive {
                now += random.exponential(rate);
                if now > age.min(leaves_at) {
                    break;
                }
                (frequency, recency) = (frequency + 1, now);
                is_alive = random.uniform() >= chance;
            }
            History::new(frequency, recency, age)
        })
        .collect()
}

#[test]
fn parameters_are_recovered() {
    let truths = [
        (Model::BgNbd, [0.6, 5.0, 0.8, 2.5], 100),
        (Model::MbgNbd, [0.6, 5.0, 0.8, 2.5], 100),
        (Model::ParetoNbd, [0.6, 8.0, 0.7, 10.0], 30),
    ];
    for (model, truth, n_fits) in truths {
        let mut n_inside = 0;
        for seed in 0..n_fits {
            let fitted = fit(model, &customers(model, truth, 2_500, seed), 1).unwrap();
            let covariance = fitted.covariance.unwrap();
            for at in 0..4 {
                let off = (fitted.parameters[at] / truth[at]).ln() / covariance[at][at].sqrt();
                n_inside += usize::from(off.abs() <= 2.0);
            }
        }
        let share = n_inside as f64 / (4 * n_fits) as f64;
        assert!(share >= 0.93, "{model:?}: {share} of the true parameters lie within two standard errors");
    }
}

/// INV-VALUE-1.
#[test]
fn order_groups_and_threads_change_nothing() {
    let rows = customers(Model::BgNbd, [0.6, 5.0, 0.8, 2.5], 6_000, 7);
    let bits = |fit: Fit| (fit.parameters.map(f64::to_bits), fit.log_likelihood.to_bits());
    for model in Model::ALL {
        let one = bits(fit(model, &rows, 1).unwrap());
        let order = Random::new(3).permutation(rows.len());
        let turned: Vec<History> = order.into_iter().map(|at| rows[at]).collect();
        assert_eq!(one, bits(fit(model, &turned, 3).unwrap()));
    }
    let doubled: Vec<History> = rows.iter().map(|row| History { weight: 2.0, ..*row }).collect();
    let twice: Vec<History> = rows.iter().chain(&rows).copied().collect();
    assert_eq!(bits(fit(Model::MbgNbd, &doubled, 2).unwrap()), bits(fit(Model::MbgNbd, &twice, 2).unwrap()));
}
