//! Filling.
use serde::{Deserialize, Serialize};
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillMissing { /// x
#[default] Keep, /// x
Unknown, /// x
Mean, /// x
Median, /// x
Previous }
/// x
pub fn fill_numeric(values: &mut [Option<i64>], how: FillMissing) -> Vec<usize> { let _ = (values, how); Vec::new() }
