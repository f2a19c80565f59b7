//! Phones.
use super::rule::RuleSet;
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneKind { /// x
Mobile, /// x
Landline, /// x
International }
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneReading { /// x
Phone { /// x
value: String, /// x
kind: PhoneKind }, /// x
Masked, /// x
Virtual, /// x
Test, /// x
Invalid }
/// x
pub fn read_phone(text: &str, fired: &mut RuleSet) -> PhoneReading { let _ = (text, fired); PhoneReading::Invalid }
