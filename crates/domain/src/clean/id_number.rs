//! ID numbers.
use super::rule::{Reason, RuleSet};
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdNumber { /// x
pub value: String, /// x
pub birth: (i16, u8, u8), /// x
pub is_male: bool, /// x
pub region: u32 }
/// x
pub fn read_id_number(text: &str, fired: &mut RuleSet) -> Result<IdNumber, Reason> { let _ = (text, fired); Err(Reason::InvalidIdNumber) }
