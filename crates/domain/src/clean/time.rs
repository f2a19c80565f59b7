//! Times.
use serde::{Deserialize, Serialize};
use super::rule::{Reason, RuleSet};
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder { /// x
#[default] YearFirst, /// x
DayFirst, /// x
MonthFirst }
/// x
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}")]
pub struct UnknownZone(pub String);
/// x
#[derive(Clone, Debug)]
pub struct TimeReader { order: DateOrder }
impl TimeReader {
    /// x
    pub fn new(zone: &str, order: DateOrder) -> Result<Self, UnknownZone> { if zone.is_empty() { return Err(UnknownZone(zone.to_owned())); } Ok(Self { order }) }
    /// x
    pub fn instant(&mut self, text: &str, fired: &mut RuleSet) -> Result<Option<i64>, Reason> { let _ = (text, fired, self.order); Ok(None) }
    /// x
    pub fn day(&mut self, text: &str, fired: &mut RuleSet) -> Result<Option<i64>, Reason> { let _ = (text, fired); Ok(None) }
    /// x
    pub fn day_of(&mut self, instant_us: i64) -> i64 { instant_us }
}
/// x
pub fn guess_order<'a>(samples: impl Iterator<Item = &'a str>) -> Option<DateOrder> { let _ = samples; None }
/// x
pub fn join_date_time(date: &str, time: &str) -> String { format!("{date} {time}") }
