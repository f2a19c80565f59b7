//! Pareto/NBD: purchases at a rate of the customer's own, who may leave at any time.
//!
//! Purchase rates are Gamma(r, α), leaving rates Gamma(s, β). The likelihood's difference of two hypergeometric functions is
//! taken as the integral that it stands for, which neither cancels nor overflows and has an easy gradient.
//!
//! **Source**: Schmittlein, Morrison and Colombo 1987, *Management Science* 33(1); Fader and Hardie, "A note on deriving the
//! Pareto/NBD model and related expressions", 2005.

use super::history::History;
use super::integral::powers;
use crate::minimise::Slope;
use crate::special::{digamma, ln_gamma};

/// Log-likelihood of grouped histories and its gradient by the logarithms of r, α, s, β.
pub(super) fn log_likelihood(rows: &[History], logs: &[f64; 4]) -> Slope<4> {
    let [r, alpha, s, beta] = logs.map(f64::exp);
    let mut sum = 0.0;
    let mut slope = [0.0; 4];
    let mut known = (u32::MAX, 0.0, 0.0);
    for row in rows {
        let (x, recency) = row.numbers();
        if row.frequency != known.0 {
            known = (row.frequency, ln_gamma(r + x) - ln_gamma(r), digamma(r + x) - digamma(r));
        }
        let (ln_a, ln_b) = ((alpha + row.age).ln(), (beta + row.age).ln());
        let ln_alive = -(r + x) * ln_a - s * ln_b;
        let left = powers(alpha, r + x, beta, s + 1.0, recency, row.age);
        let ln_gone = logs[2] + left.ln;
        let largest = ln_alive.max(ln_gone);
        let ln_both = largest + ((ln_alive - largest).exp() + (ln_gone - largest).exp()).ln();
        let (alive, gone) = ((ln_alive - ln_both).exp(), (ln_gone - ln_both).exp());
        sum += row.weight * (known.1 + r * logs[1] + s * logs[3] + ln_both);
        let [by_a, by_b, mean_ln_a, mean_ln_b] = left.means;
        let parts = [
            known.2 + logs[1] - alive * ln_a - gone * mean_ln_a,
            r / alpha - (r + x) * (alive / (alpha + row.age) + gone * by_a),
            logs[3] - alive * ln_b + gone * (1.0 / s - mean_ln_b),
            s / beta - alive * s / (beta + row.age) - gone * (s + 1.0) * by_b,
        ];
        slope.iter_mut().zip(parts).for_each(|(sum, part)| *sum += row.weight * part);
    }
    (sum, [slope[0] * r, slope[1] * alpha, slope[2] * s, slope[3] * beta])
}

/// Probability that the customer still buys.
pub(super) fn alive(parameters: &[f64; 4], history: &History) -> f64 {
    let [r, alpha, s, beta] = *parameters;
    let (x, recency) = history.numbers();
    let ln_alive = -(r + x) * (alpha + history.age).ln() - s * (beta + history.age).ln();
    let left = powers(alpha, r + x, beta, s + 1.0, recency, history.age);
    1.0 / (1.0 + (s.ln() + left.ln - ln_alive).exp())
}

/// Purchases in the next `time` of one who is alive.
pub(super) fn purchases_if_alive(parameters: &[f64; 4], history: &History, time: f64) -> f64 {
    let [r, alpha, s, beta] = *parameters;
    let (x, _) = history.numbers();
    let rest = ((beta + history.age) / (beta + history.age + time)).ln();
    // (1 - e^((s-1) rest)) / (s - 1), which is -rest at s = 1.
    let lasting = if (s - 1.0).abs() < 1e-9 { -rest } else { -((s - 1.0) * rest).exp_m1() / (s - 1.0) };
    (r + x) / (alpha + history.age) * (beta + history.age) * lasting
}

/// Probability that one who is alive buys within `time`: before leaving, that is.
pub(super) fn chance_if_alive(parameters: &[f64; 4], history: &History, time: f64) -> f64 {
    let [r, alpha, s, beta] = *parameters;
    let shape = r + history.numbers().0;
    let (rate, leaving) = (alpha + history.age, beta + history.age);
    let first = powers(rate, shape + 1.0, leaving, s, 0.0, time);
    (shape.ln() + shape * rate.ln() + s * leaving.ln() + first.ln).exp().min(1.0)
}
