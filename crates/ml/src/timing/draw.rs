//! Random numbers of a beta distribution.

use crate::random::Random;

/// A number of a beta distribution with both parameters above 0.
pub(super) fn beta(random: &mut Random, a: f64, b: f64) -> f64 {
    let (x, y) = (gamma(random, a), gamma(random, b));
    if x + y > 0.0 { x / (x + y) } else { a / (a + b) }
}

/// A number of a gamma distribution of scale 1.
///
/// **Source**: Marsaglia and Tsang 2000, "A simple method for generating gamma variables".
fn gamma(random: &mut Random, shape: f64) -> f64 {
    if shape < 1.0 {
        let u = 1.0 - random.uniform();
        return gamma(random, shape + 1.0) * u.powf(1.0 / shape);
    }
    let d = shape - 1.0 / 3.0;
    let c = 1.0 / (9.0 * d).sqrt();
    loop {
        let x = normal(random);
        let v = (1.0 + c * x).powi(3);
        if v > 0.0 && (1.0 - random.uniform()).ln() < 0.5 * x * x + d - d * v + d * v.ln() {
            return d * v;
        }
    }
}

/// A standard normal number, by Box and Muller.
fn normal(random: &mut Random) -> f64 {
    let (a, b) = (1.0 - random.uniform(), random.uniform());
    (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_those_of_the_distribution() {
        for (a, b) in [(0.4, 3.0), (2.0, 5.0), (30.0, 3.0)] {
            let mut random = Random::new(5);
            let n = 40_000;
            let drawn: Vec<f64> = (0..n).map(|_| beta(&mut random, a, b)).collect();
            let mean = drawn.iter().sum::<f64>() / f64::from(n);
            let variance = drawn.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(n);
            let expected = a * b / ((a + b) * (a + b) * (a + b + 1.0));
            assert!((mean - a / (a + b)).abs() < 0.005 && (variance / expected - 1.0).abs() < 0.04, "{a} {b} {mean}");
        }
    }
}
