//! Regions.
use std::borrow::Cow;
use super::rule::RuleSet;
/// x
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Region { /// x
pub province: Option<Cow<'static, str>>, /// x
pub city: Option<Cow<'static, str>>, /// x
pub code: Option<u32> }
/// x
pub fn read_region(province: Option<&str>, city: Option<&str>, fired: &mut RuleSet) -> Region { let _ = (province, city, fired); Region::default() }
/// x
pub fn region_of_address(address: &str) -> Region { let _ = address; Region::default() }
