//! E-mails.
use super::rule::{Reason, RuleSet};
/// x
pub fn read_email(text: &str, fired: &mut RuleSet) -> Result<String, Reason> { let _ = (text, fired); Err(Reason::InvalidEmail) }
