//! Money.
use serde::{Deserialize, Serialize};
use super::rule::{Reason, RuleSet};
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// x
    #[default] Yuan,
    /// x
    Fen,
    /// x
    WanYuan }
/// x
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Currency([u8; 3]);
impl Currency {
    /// x
    pub fn from_code(code: &str) -> Option<Self> { Some(Self(code.as_bytes().try_into().ok()?)) }
    /// x
    pub fn as_str(&self) -> &str { std::str::from_utf8(&self.0).unwrap_or("") }
}
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount { /// x
pub value: i64, /// x
pub currency: Option<Currency> }
/// x
pub fn parse_money(text: &str, unit: MoneyUnit, places: u8, fired: &mut RuleSet) -> Result<Amount, Reason> { let _ = (text, unit, places, fired); Ok(Amount { value: 0, currency: None }) }
/// x
pub fn header_unit(header: &str) -> Option<MoneyUnit> { let _ = header; None }
