//! Special functions of numeric learning.

use std::f64::consts::PI;

/// Natural logarithm of the gamma function for `x > 0`, to about 15 digits; NaN elsewhere.
///
/// **Source**: Stirling's series, Abramowitz and Stegun 6.1.41, after stepping up by the recurrence.
pub(crate) fn ln_gamma(mut x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NAN;
    }
    let mut product = 1.0;
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    let inverse = 1.0 / x;
    let square = inverse * inverse;
    let series = inverse
        * (1.0 / 12.0
            - square
                * (1.0 / 360.0
                    - square
                        * (1.0 / 1260.0
                            - square
                                * (1.0 / 1680.0
                                    - square * (1.0 / 1188.0 - square * (691.0 / 360_360.0 - square / 156.0))))));
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * PI).ln() + series - product.ln()
}

/// Derivative of [`ln_gamma`].
///
/// **Source**: Abramowitz and Stegun 6.3.18.
pub(crate) fn digamma(mut x: f64) -> f64 {
    if x <= 0.0 {
        return f64::NAN;
    }
    let mut sum = 0.0;
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let square = 1.0 / (x * x);
    let series = square
        * (1.0 / 12.0
            - square
                * (1.0 / 120.0
                    - square
                        * (1.0 / 252.0
                            - square
                                * (1.0 / 240.0
                                    - square * (1.0 / 132.0 - square * (691.0 / 32_760.0 - square / 12.0))))));
    sum + x.ln() - 0.5 / x - series
}

/// `ln |Γ(x)|` and the sign of `Γ(x)` for any `x`; `None` at its poles.
fn ln_gamma_signed(x: f64) -> Option<(f64, f64)> {
    if x > 0.0 {
        return Some((ln_gamma(x), 1.0));
    }
    if x == x.floor() {
        return None;
    }
    // Reflection: Γ(x) Γ(1 - x) = π / sin πx.
    let sine = (PI * x).sin();
    Some((PI.ln() - sine.abs().ln() - ln_gamma(1.0 - x), sine.signum()))
}

pub(crate) fn ln_beta(a: f64, b: f64) -> f64 {
    ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b)
}

/// Terms of a series of [`hyp2f1`] before it is given up.
const MAX_TERMS: usize = 2_000;

/// Gauss's hypergeometric function for real `0 ≤ z < 1` and `c > 0`, to about 10 digits.
///
/// The plain series, and the connection to `1 - z` where that converges slowly (`z > 0.9`). `None` where neither can be
/// trusted: cancellation takes more than six digits, or `c - a - b` is so near to an integer that the two parts of the
/// connection cancel. Callers have another way then.
///
/// **Source**: DLMF 15.2.1 and 15.8.4.
pub(crate) fn hyp2f1(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    let is_sound = [a, b, c, z].iter().all(|value| value.is_finite()) && c > 0.0 && (0.0..1.0).contains(&z);
    if !is_sound {
        return None;
    }
    let excess = c - a - b;
    // Terms fall like n^-(excess + 1) even at z = 1.
    if z <= 0.9 || excess > 12.0 {
        return series(a, b, c, z);
    }
    if (excess - excess.round()).abs() < 1e-4 {
        return None;
    }
    // A pole below is a factor of nought.
    let part = |over: [f64; 2], under: [f64; 2], power: f64| -> Option<f64> {
        let mut ln = power;
        let mut sign = 1.0;
        for x in over {
            let (value, its_sign) = ln_gamma_signed(x)?;
            ln += value;
            sign *= its_sign;
        }
        for x in under {
            let Some((value, its_sign)) = ln_gamma_signed(x) else { return Some(0.0) };
            ln -= value;
            sign *= its_sign;
        }
        Some(sign * ln.exp())
    };
    let left = part([c, excess], [c - a, c - b], 0.0)? * series(a, b, 1.0 - excess, 1.0 - z)?;
    let right = part([c, -excess], [a, b], excess * (1.0 - z).ln())? * series(c - a, c - b, 1.0 + excess, 1.0 - z)?;
    let sum = left + right;
    (sum.is_finite() && left.abs().max(right.abs()) <= 1e6 * sum.abs()).then_some(sum)
}

fn series(a: f64, b: f64, c: f64, z: f64) -> Option<f64> {
    let (mut term, mut sum, mut largest) = (1.0_f64, 1.0_f64, 1.0_f64);
    for n in 0..MAX_TERMS {
        let n = n as f64;
        term *= (a + n) * (b + n) / ((c + n) * (n + 1.0)) * z;
        sum += term;
        largest = largest.max(term.abs());
        if term.abs() <= 1e-16 * sum.abs() {
            return (sum.is_finite() && largest <= 1e6 * sum.abs()).then_some(sum);
        }
    }
    None
}

/// Upper regularised incomplete gamma function `Q(a, x)` for `a > 0`, `x ≥ 0`.
///
/// **Source**: Abramowitz and Stegun 6.5.29 below `a + 1`, 6.5.31 (continued fraction by Lentz's method) above.
pub(crate) fn gamma_upper(a: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 1.0;
    }
    let scale = (a * x.ln() - x - ln_gamma(a)).exp();
    if x < a + 1.0 {
        let (mut term, mut sum) = (1.0 / a, 1.0 / a);
        let mut n = a;
        for _ in 0..10_000 {
            n += 1.0;
            term *= x / n;
            sum += term;
            if term < sum * 1e-17 {
                break;
            }
        }
        return (1.0 - sum * scale).clamp(0.0, 1.0);
    }
    let tiny = 1e-300;
    let mut b = x + 1.0 - a;
    let mut c = 1.0 / tiny;
    let mut d = 1.0 / b;
    let mut fraction = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let numerator = -n * (n - a);
        b += 2.0;
        d = numerator * d + b;
        d = 1.0 / if d.abs() < tiny { tiny } else { d };
        c = b + numerator / c;
        c = if c.abs() < tiny { tiny } else { c };
        fraction *= d * c;
        if (d * c - 1.0).abs() < 1e-16 {
            break;
        }
    }
    (fraction * scale).clamp(0.0, 1.0)
}

/// Lower regularised incomplete beta function `I_x(a, b)` for `a, b > 0`, `0 ≤ x ≤ 1`.
///
/// **Source**: DLMF 8.17.22 (continued fraction by Lentz's method), from the side where it converges fast.
pub(crate) fn beta_lower(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - beta_lower(b, a, 1.0 - x);
    }
    let scale = (a * x.ln() + b * (-x).ln_1p() - ln_beta(a, b)).exp() / a;
    let tiny = 1e-300;
    let keep = |value: f64| if value.abs() < tiny { tiny } else { value };
    let (mut c, mut d) = (1.0, 1.0 / keep(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for n in 1..10_000 {
        let n = f64::from(n);
        let even = n * (b - n) * x / ((a + 2.0 * n - 1.0) * (a + 2.0 * n));
        let odd = -(a + n) * (a + b + n) * x / ((a + 2.0 * n) * (a + 2.0 * n + 1.0));
        let mut moved = 1.0;
        for numerator in [even, odd] {
            d = 1.0 / keep(1.0 + numerator * d);
            c = keep(1.0 + numerator / c);
            moved = d * c;
            fraction *= moved;
        }
        if (moved - 1.0).abs() < 1e-15 {
            break;
        }
    }
    (scale * fraction).clamp(0.0, 1.0)
}

/// Probability that a variable of Student's distribution is farther from 0 than `t`.
pub(crate) fn student_beyond(t: f64, degrees: f64) -> f64 {
    if degrees > 1e7 { normal_beyond(t) } else { beta_lower(degrees / 2.0, 0.5, degrees / (degrees + t * t)) }
}

/// How many standard errors a two-sided interval of a level reaches with so many degrees of freedom.
pub(crate) fn student_reach(level: f64, degrees: f64) -> f64 {
    let outside = 1.0 - level.clamp(0.0, 0.999_999);
    let (mut low, mut high) = (0.0, reach(level).max(1.0));
    while student_beyond(high, degrees) > outside && high < 1e9 {
        high *= 2.0;
    }
    for _ in 0..80 {
        let middle = (low + high) / 2.0;
        if student_beyond(middle, degrees) > outside {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Probability that a chi-squared variable exceeds `x`.
pub(crate) fn chi_squared_above(x: f64, degrees: f64) -> f64 {
    gamma_upper(degrees / 2.0, x / 2.0)
}

/// Probability that a standard normal is farther from 0 than `z`.
pub(crate) fn normal_beyond(z: f64) -> f64 {
    gamma_upper(0.5, z * z / 2.0)
}

/// Quantile of the standard normal for `0 < p < 1`; infinite at the ends.
///
/// **Source**: Abramowitz and Stegun 26.2.23 to begin with, then Newton's method.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if p >= 1.0 {
        return f64::INFINITY;
    }
    let tail = p.min(1.0 - p);
    let t = (-2.0 * tail.ln()).sqrt();
    let mut z =
        t - (2.515_517 + t * (0.802_853 + t * 0.010_328)) / (1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308)));
    for _ in 0..4 {
        let density = (-z * z / 2.0).exp() / (2.0 * PI).sqrt();
        z += (0.5 * gamma_upper(0.5, z * z / 2.0) - tail) / density;
    }
    if p < 0.5 { -z } else { z }
}

/// How many standard errors a two-sided interval of a level (0.95) reaches.
pub(crate) fn reach(level: f64) -> f64 {
    normal_quantile(0.5 + level.clamp(0.0, 0.999_999) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of mpmath at 30 digits.
    #[test]
    fn gamma_functions_equal_mpmath() {
        let table = [
            (0.001, 6.907178885383853, -1000.5755719318103),
            (0.2426, 1.3197854750907922, -4.358361853222514),
            (1.0, 0.0, -0.5772156649015329),
            (7.5, 7.534364236758733, 1.9467574842460869),
            (5000.25, 37584.75559523289, 8.517143191833028),
        ];
        for (x, ln, psi) in table {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-13 * b.abs().max(1.0);
            assert!(close(ln_gamma(x), ln) && close(digamma(x), psi), "{x}: {} {}", ln_gamma(x), digamma(x));
        }
    }

    #[test]
    fn hypergeometric_function_equals_mpmath() {
        let table = [
            (0.2426, 0.9, 3.1, 0.3, 1.02323157983453),
            (1.98, -0.2071, 3.2187, 0.5, 0.9245063882790515),
            (1.98, -0.2071, 2.2187, 0.95, 0.6337220475271005),
            (1.98, -0.2071, 2.2187, 0.9999, 0.4714832607864473),
            (2.3, 1.7, 5.5, 0.99, 3.85105808924492),
            (-0.8, 2.4, 3.3, 0.999, 0.3358324978108558),
            (12.5, 0.7, 40.2, 0.97, 1.2937445970680383),
            (0.5, -0.5, 501.25, 0.99, 0.9995058685340542),
            (3.2, -0.3, 5003.1, 0.999, 0.9998082545600356),
            (2.5, 3.5, 4.2, 0.92, 141.783090050949),
            (1.2, 2.3, 0.7, 0.89, 932.643198981775),
            (0.01, 0.02, 0.05, 0.999999, 1.0483666361944275),
            (4.4, -0.9, 1.1, 0.6, -1.5182890614769344),
            (1.5, 2.5, 3.3, 0.99999, 9339.698520803731),
        ];
        for (a, b, c, z, expected) in table {
            let value = hyp2f1(a, b, c, z).unwrap();
            assert!((value - expected).abs() <= 1e-10 * f64::abs(expected), "{a} {b} {c} {z}: {value} {expected}");
        }
    }

    #[test]
    fn hypergeometric_function_refuses_rather_than_errs() {
        // An integer excess near 1, cancellation of large terms, arguments out of range.
        assert_eq!(hyp2f1(1.0, 2.0, 4.0, 0.95), None);
        assert_eq!(hyp2f1(-60.5, 40.0, 1.5, 0.9), None);
        assert_eq!(hyp2f1(1.0, 1.0, 3.0, 1.0), None);
        assert_eq!(hyp2f1(f64::NAN, 1.0, 3.0, 0.5), None);
    }

    #[test]
    fn tails_equal_tables() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        assert!(close(normal_quantile(0.975), 1.959963984540054) && close(normal_quantile(1e-9), -5.997807015007686));
        assert!(close(chi_squared_above(3.841458820694124, 1.0), 0.05));
        assert!(
            close(beta_lower(2.0, 3.0, 0.4), 0.5248) && close(beta_lower(30.0, 2.0, 0.99), 0.961_610_485_404_764_5)
        );
        assert!(close(student_beyond(2.228_138_851_986_274, 10.0), 0.05));
        assert!((student_reach(0.95, 3.0) - 3.182_446_305_284_263).abs() < 1e-9);
        assert!(close(chi_squared_above(30.0, 10.0), 0.000_856_641_210_878_2));
    }
}
