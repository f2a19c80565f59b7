//! BG/NBD and MBG/NBD: purchases at a rate of the customer's own, who may drop out after each.
//!
//! Rates are Gamma(r, α), chances to drop out Beta(a, b). In MBG/NBD the first purchase may be the last as well: then `b`
//! counts one survival more and one-time buyers may be gone (`first` = 1).
//!
//! **Source**: Fader, Hardie and Lee 2005, *Marketing Science* 24(2), equations 6 to 10; Batislam, Denizel and Filiztekin 2007,
//! *International Journal of Research in Marketing* 24(3).

use super::history::History;
use super::integral::purchases_while_alive;
use crate::minimise::Slope;
use crate::special::{digamma, hyp2f1, ln_gamma};

/// What the likelihood needs of one number of purchases, whoever made them.
struct ByFrequency {
    frequency: u32,
    ln: f64,
    slope: [f64; 3],
}

/// Log-likelihood of grouped histories and its gradient by the logarithms of r, α, a, b.
///
/// `rows` are sorted by frequency; gamma functions are worked out once for each.
pub(super) fn log_likelihood(rows: &[History], first: f64, logs: &[f64; 4]) -> Slope<4> {
    let [r, alpha, a, b] = logs.map(f64::exp);
    let ln_alpha = logs[1];
    let ln_a = logs[2];
    let by_frequency = |frequency: u32| {
        let x = f64::from(frequency);
        let survived = b + first + x;
        let (psi_sum, psi_all) = (digamma(a + b), digamma(a + survived));
        ByFrequency {
            frequency,
            ln: ln_gamma(r + x) - ln_gamma(r) + r * ln_alpha + ln_gamma(a + b) + ln_gamma(survived)
                - ln_gamma(b)
                - ln_gamma(a + survived),
            slope: [
                digamma(r + x) - digamma(r) + ln_alpha,
                psi_sum - psi_all,
                psi_sum + digamma(survived) - digamma(b) - psi_all,
            ],
        }
    };
    let Some(head) = rows.first() else { return (0.0, [0.0; 4]) };
    let mut known = by_frequency(head.frequency);
    let mut sum = 0.0;
    let mut slope = [0.0; 4];
    for row in rows {
        if row.frequency != known.frequency {
            known = by_frequency(row.frequency);
        }
        let (x, recency) = row.numbers();
        let shape = r + x;
        let ln_age = (alpha + row.age).ln();
        let ln_alive = -shape * ln_age;
        // The share of the likelihood that comes from being gone.
        let (ln_both, gone, ln_recency, over) = if x + first > 0.0 {
            let over = b + first + x - 1.0;
            let ln_recency = (alpha + recency).ln();
            let odds = ln_a - over.ln() + shape * (ln_age - ln_recency);
            // ln (1 + e^odds) and e^odds / (1 + e^odds), without overflow.
            let tail = (-odds.abs()).exp();
            let gone = if odds > 0.0 { 1.0 / (1.0 + tail) } else { tail / (1.0 + tail) };
            (odds.max(0.0) + tail.ln_1p(), gone, ln_recency, over)
        } else {
            (0.0, 0.0, 0.0, 1.0)
        };
        let alive = 1.0 - gone;
        sum += row.weight * (known.ln + ln_alive + ln_both);
        let parts = [
            known.slope[0] - alive * ln_age - gone * ln_recency,
            r / alpha - shape * (alive / (alpha + row.age) + gone / (alpha + recency)),
            known.slope[1] + gone / a,
            known.slope[2] - gone / over,
        ];
        slope.iter_mut().zip(parts).for_each(|(sum, part)| *sum += row.weight * part);
    }
    // By logarithms of the parameters.
    let slope = [slope[0] * r, slope[1] * alpha, slope[2] * a, slope[3] * b];
    (sum, slope)
}

/// Probability that the customer still buys.
pub(super) fn alive(parameters: &[f64; 4], first: f64, history: &History) -> f64 {
    let [r, alpha, a, b] = *parameters;
    let (x, recency) = history.numbers();
    if x + first == 0.0 {
        return 1.0;
    }
    let odds = (a / (b + first + x - 1.0)).ln() + (r + x) * ((alpha + history.age) / (alpha + recency)).ln();
    1.0 / (1.0 + odds.exp())
}

/// Purchases in the next `time` of one who is alive.
pub(super) fn purchases_if_alive(parameters: &[f64; 4], first: f64, history: &History, time: f64) -> f64 {
    let [r, alpha, a, b] = *parameters;
    let (x, _) = history.numbers();
    let b = b + first;
    let seen = alpha + history.age;
    let z = time / (seen + time);
    if z <= 0.0 {
        return 0.0;
    }
    // Euler's transformation of the published formula: the parameters above do not grow with x, and its powers collapse to
    // one. At a = 1 both numerator and denominator vanish; near it, and where the bracket cancels, the integral is taken.
    if (a - 1.0).abs() > 1e-3
        && let Some(value) = hyp2f1(a + b - 1.0 - r, a - 1.0, a + b + x - 1.0, z)
    {
        let product = ((a - 1.0) * (-z).ln_1p()).exp() * value;
        let bracket = 1.0 - product;
        let result = (a + b + x - 1.0) / (a - 1.0) * bracket;
        if bracket.abs() > 1e-5 * product.abs() && result.is_finite() && result >= 0.0 {
            return result;
        }
    }
    purchases_while_alive(r + x, time / seen, a, b + x)
}
