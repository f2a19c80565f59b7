//! Values out of their limits, and scaling of feature columns.

use serde::{Deserialize, Serialize};

/// How the limits of a column are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierRule {
    /// There are none.
    #[default]
    Off,
    /// The mean plus and minus `n` standard deviations. Outliers widen it: among ten values none lies beyond 2.85.
    Sigma {
        /// Standard deviations.
        n: f64,
    },
    /// The median plus and minus `n` median absolute deviations, scaled to be a standard deviation on normal data.
    Mad {
        /// Scaled deviations.
        n: f64,
    },
    /// Given by the business.
    Limits {
        /// Lowest value that stands.
        low: Option<f64>,
        /// Highest value that stands.
        high: Option<f64>,
    },
}

/// What becomes of a value out of its limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierAction {
    /// It stays and is marked.
    #[default]
    Flag,
    /// It is set to the limit.
    Cap,
    /// Its row is set aside.
    Quarantine,
}

/// Standard deviations in one median absolute deviation of normal data.
const MAD_SCALE: f64 = 1.482_602_218_505_602;
/// Standard deviations in one mean absolute deviation of normal data.
const MEAN_DEVIATION_SCALE: f64 = 1.253_314_137_315_500_3;

/// Lowest and highest value that stand by a rule, both included; `None` when the rule is off or the values do not differ.
///
/// Where more than half of the values are equal, so that the median deviation is 0, the mean deviation stands in.
pub fn limits(values: impl Iterator<Item = f64> + Clone, rule: OutlierRule) -> Option<(f64, f64)> {
    let values = values.filter(|value| value.is_finite());
    let (center, spread, n) = match rule {
        OutlierRule::Off => return None,
        OutlierRule::Limits { low: None, high: None } => return None,
        OutlierRule::Limits { low, high } => {
            return Some((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)));
        }
        OutlierRule::Sigma { n } => {
            let (mean, deviation) = mean_and_deviation(values)?;
            (mean, deviation, n)
        }
        OutlierRule::Mad { n } => {
            let (median, deviation) = median_and_deviation(values.collect())?;
            (median, deviation, n)
        }
    };
    (spread > 0.0).then(|| (center - n.abs() * spread, center + n.abs() * spread))
}

/// Brings values to 0–1 by the smallest and the largest; all are 0 when they do not differ.
pub fn min_max(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let finite = || values.iter().flatten().copied().filter(|value| value.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    scale(values, low, high - low)
}

/// Brings values to mean 0 and standard deviation 1; all are 0 when they do not differ.
pub fn z_score(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let finite = values.iter().flatten().copied().filter(|value| value.is_finite());
    let (mean, deviation) = mean_and_deviation(finite).unwrap_or_default();
    scale(values, mean, deviation)
}

/// `(value - center) / spread`; what is not finite is missing.
fn scale(values: &[Option<f64>], center: f64, spread: f64) -> Vec<Option<f64>> {
    let scaled = |value: f64| if spread > 0.0 { (value - center) / spread } else { 0.0 };
    values.iter().map(|value| value.filter(|value| value.is_finite()).map(scaled)).collect()
}

/// Mean and population standard deviation, in two passes; `None` without values.
fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> Option<(f64, f64)> {
    let (sum, n_values) = values.clone().fold((0.0, 0.0), |(sum, n), value| (sum + value, n + 1.0));
    if n_values == 0.0 {
        return None;
    }
    let mean: f64 = sum / n_values;
    let squares: f64 = values.map(|value| (value - mean) * (value - mean)).sum();
    Some((mean, (squares / n_values).sqrt()))
}

/// Median and scaled median absolute deviation, or mean deviation where that is 0; `None` without values.
fn median_and_deviation(mut values: Vec<f64>) -> Option<(f64, f64)> {
    let center = median(&mut values)?;
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    let deviation = median(&mut deviations)? * MAD_SCALE;
    if deviation > 0.0 {
        return Some((center, deviation));
    }
    let mean = deviations.iter().sum::<f64>() / deviations.len() as f64;
    Some((center, mean * MEAN_DEVIATION_SCALE))
}

fn median(values: &mut [f64]) -> Option<f64> {
    if values.is_empty() {
        return None;
    }
    let (middle, is_even) = (values.len() / 2, values.len().is_multiple_of(2));
    let (below, &mut upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    match below.iter().copied().max_by(f64::total_cmp) {
        Some(lower) if is_even => Some(lower + (upper - lower) / 2.0),
        _ => Some(upper),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn near(left: Option<(f64, f64)>, right: (f64, f64)) -> bool {
        left.is_some_and(|left| (left.0 - right.0).abs() < 1e-9 && (left.1 - right.1).abs() < 1e-9)
    }

    #[test]
    fn limits_by_rule() {
        let values = [2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0];
        let of = |rule| limits(values.iter().copied(), rule);
        assert!(near(of(OutlierRule::Sigma { n: 3.0 }), (-1.0, 11.0)));
        assert!(near(of(OutlierRule::Mad { n: 2.0 }), (4.5 - MAD_SCALE, 4.5 + MAD_SCALE)));
        assert_eq!(of(OutlierRule::Off), None);
        assert_eq!(of(OutlierRule::Limits { low: Some(0.0), high: None }), Some((0.0, f64::INFINITY)));
        assert_eq!(limits([1.0, 1.0].into_iter(), OutlierRule::Sigma { n: 3.0 }), None);
        assert_eq!(limits([f64::NAN].into_iter(), OutlierRule::Mad { n: 3.0 }), None);
        // Three quarters are 1: the mean deviation still sees the 100.
        let (low, high) = limits([1.0, 1.0, 1.0, 100.0].into_iter(), OutlierRule::Mad { n: 3.0 }).unwrap();
        assert!(low < 1.0 && high < 100.0);
    }

    #[test]
    fn features_are_scaled() {
        let values = [Some(2.0), None, Some(4.0), Some(6.0)];
        assert_eq!(min_max(&values), [Some(0.0), None, Some(0.5), Some(1.0)]);
        let scores = z_score(&values);
        assert!((scores[0].unwrap() + 1.5_f64.sqrt()).abs() < 1e-12 && scores[2] == Some(0.0));
        assert_eq!(z_score(&[Some(3.0), Some(3.0)]), [Some(0.0), Some(0.0)]);
        assert_eq!(min_max(&[None]), [None]);
    }

    #[test]
    fn rules_are_written_in_mappings() {
        let rule: OutlierRule = serde_json::from_str(r#"{"limits":{"low":0.0,"high":null}}"#).unwrap();
        assert_eq!(rule, OutlierRule::Limits { low: Some(0.0), high: None });
        assert_eq!(serde_json::from_str::<OutlierRule>(r#""off""#).unwrap(), OutlierRule::Off);
        assert_eq!(serde_json::from_str::<OutlierAction>(r#""cap""#).unwrap(), OutlierAction::Cap);
    }

    proptest! {
        #[test]
        fn limits_hold_the_center(values in proptest::collection::vec(-1e9..1e9_f64, 1..30), n in 0.0..5.0_f64) {
            for rule in [OutlierRule::Sigma { n }, OutlierRule::Mad { n }] {
                if let Some((low, high)) = limits(values.iter().copied(), rule) {
                    prop_assert!(low <= high && values.iter().any(|&value| value >= low) && values.iter().any(|&value| value <= high));
                }
            }
            let given: Vec<_> = values.iter().copied().map(Some).collect();
            prop_assert!(min_max(&given).iter().flatten().all(|value| (0.0..=1.0).contains(value)));
        }
    }
}
