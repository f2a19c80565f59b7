//! The chance that two things meet so often by chance.

use crate::special::ln_gamma;

/// Probability that at least `both` of `n` cases have two things, of which `first` have the one and `second` the other, when
/// the two have nothing to do with each other. Counts that contradict each other give 1.
///
/// **Source**: Fisher's exact test, one-sided: the upper tail of the hypergeometric distribution.
pub(super) fn fisher_above(both: u64, first: u64, second: u64, n: u64) -> f64 {
    if first > n || second > n || both > first.min(second) || both + n < first + second || both == 0 {
        return 1.0;
    }
    let least = (first + second).saturating_sub(n);
    let most = first.min(second);
    let ln_choose =
        |n: u64, k: u64| ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0);
    let at = |k: u64| (ln_choose(first, k) + ln_choose(n - first, second - k) - ln_choose(n, second)).exp();
    let (n, first, second) = (n as f64, first as f64, second as f64);
    // Each tail is summed away from the middle, so that its terms fall.
    let mean = first * second / n;
    let mut sum = 0.0;
    if both as f64 > mean {
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

#[cfg(test)]
mod tests {
    use super::fisher_above;

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
            let value = fisher_above(both, first, second, n);
            assert!((value / expected - 1.0_f64).abs() < 1e-8, "{both} {first} {second} {n}: {value:e} {expected:e}");
        }
        assert_eq!(fisher_above(0, 3, 3, 9), 1.0);
        assert_eq!(fisher_above(4, 3, 3, 9), 1.0);
    }
}
