//! Persons.
use super::rule::RuleSet;
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender { /// x
Male, /// x
Female }
impl Gender { /// x
pub const fn as_str(self) -> &'static str { match self { Self::Male => "male", Self::Female => "female" } } }
/// x
pub fn read_gender(text: &str, fired: &mut RuleSet) -> Option<Gender> { let _ = (text, fired); None }
/// x
pub fn is_company(name: &str) -> bool { let _ = name; false }
/// x
pub fn looks_masked(text: &str) -> bool { let _ = text; false }
