//! The chance that two things meet so often by chance.

use crate::special::ln_gamma;

/// Fisher's exact test among so many cases, one-sided.
pub(super) struct Fisher {
    n: u64,
    /// `ln k!` from nought on; empty where the table would cost more than it saves.
    ln_factorials: Vec<f64>,
}

impl Fisher {
    /// For so many tests among `n` cases.
    pub(super) fn new(n: u64, n_tests: usize) -> Self {
        let is_worth_it = n < 1 << 24 && n_tests as u64 > n / 8;
        let ln_factorials = if is_worth_it { (0..=n).map(ln_factorial).collect() } else { Vec::new() };
        Self { n, ln_factorials }
    }

    fn ln_choose(&self, n: u64, k: u64) -> f64 {
        let ln = |k: u64| self.ln_factorials.get(k as usize).copied().unwrap_or_else(|| ln_factorial(k));
        ln(n) - ln(k) - ln(n - k)
    }

    /// Probability that at least `both` cases have two things, of which `first` have the one and `second` the other, when the
    /// two have nothing to do with each other. Counts that contradict each other give 1.
    ///
    /// **Source**: the upper tail of the hypergeometric distribution.
    pub(super) fn above(&self, both: u64, first: u64, second: u64) -> f64 {
        let n = self.n;
        if first > n || second > n || both > first.min(second) || both + n < first + second || both == 0 {
            return 1.0;
        }
        let least = (first + second).saturating_sub(n);
        let most = first.min(second);
        let at = |k: u64| {
            (self.ln_choose(first, k) + self.ln_choose(n - first, second - k) - self.ln_choose(n, second)).exp()
        };
        let (n, first, second) = (n as f64, first as f64, second as f64);
        // Each tail is summed away from the middle, so that its terms fall.
        let mut sum = 0.0;
        if both as f64 > first * second / n {
            let mut term = at(both);
            for k in both..=most {
                sum += term;
                let k = k as f64;
                term *= (first - k) * (second - k) / ((k + 1.0) * (n - first - second + k + 1.0));
                if term <= sum * 1e-17 {
                    break;
                }
            }
            return sum.min(1.0);
        }
        if both == least {
            return 1.0;
        }
        let mut term = at(both - 1);
        for k in (least..both).rev() {
            sum += term;
            let k = k as f64;
            term *= k * (n - first - second + k) / ((first - k + 1.0) * (second - k + 1.0));
            if term <= sum * 1e-17 {
                break;
            }
        }
        (1.0 - sum).clamp(0.0, 1.0)
    }
}

fn ln_factorial(k: u64) -> f64 {
    ln_gamma(k as f64 + 1.0)
}

#[cfg(test)]
mod tests {
    use super::Fisher;

    /// Values of `scipy.stats.hypergeom.sf(both - 1, n, first, second)`.
    #[test]
    fn tails_equal_scipy() {
        let table = [
            (19, 21, 792, 9_835, 2.403244020245989e-19),
            (3, 10, 7, 20, 0.8250773993808049),
            (5, 5, 5, 10, 0.003968253968253968),
            (1, 100, 100, 10_000, 0.6358054847604084),
            (736, 1_903, 2_513, 9_835, 1.4438915547437522e-45),
        ];
        for (both, first, second, n, expected) in table {
            let value = Fisher::new(n, 0).above(both, first, second);
            assert_eq!(Fisher::new(n, n as usize).above(both, first, second), value);
            assert!((value / expected - 1.0_f64).abs() < 1e-8, "{both} {first} {second} {n}: {value:e} {expected:e}");
        }
        assert_eq!(Fisher::new(9, 0).above(0, 3, 3), 1.0);
        assert_eq!(Fisher::new(9, 0).above(4, 3, 3), 1.0);
    }
}
