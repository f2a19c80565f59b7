//! Numbers.
use super::rule::{Reason, RuleSet};
/// x
pub fn parse_decimal(text: &str, places: u8, fired: &mut RuleSet) -> Result<i64, Reason> { let _ = (text, places, fired); Ok(0) }
/// x
pub fn parse_int(text: &str, fired: &mut RuleSet) -> Result<i64, Reason> { let _ = (text, fired); Ok(0) }
/// x
pub fn parse_float(text: &str, fired: &mut RuleSet) -> Result<f64, Reason> { let _ = (text, fired); Ok(0.) }
/// x
pub fn format_decimal(value: i64, places: u8) -> String { let _ = places; value.to_string() }
/// x
pub fn mul_decimal(a: i64, a_places: u8, b: i64, b_places: u8, out: u8) -> Option<i64> { let _ = (a_places, b_places, out); a.checked_mul(b) }
