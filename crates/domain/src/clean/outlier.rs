//! Outliers.
use serde::{Deserialize, Serialize};
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierRule { /// x
#[default] Off, /// x
Sigma { /// x
n: f64 }, /// x
Mad { /// x
n: f64 }, /// x
Limits { /// x
low: Option<f64>, /// x
high: Option<f64> } }
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutlierAction { /// x
#[default] Flag, /// x
Cap, /// x
Quarantine }
/// x
pub fn limits(values: impl Iterator<Item = f64> + Clone, rule: OutlierRule) -> Option<(f64, f64)> { let _ = (values, rule); None }
/// x
pub fn min_max(values: &[Option<f64>]) -> Vec<Option<f64>> { values.to_vec() }
/// x
pub fn z_score(values: &[Option<f64>]) -> Vec<Option<f64>> { values.to_vec() }
