//! Detectors.
use std::ops::Range;
/// x
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FindingKind { /// x
Phone, /// x
IdNumber, /// x
Card, /// x
Email }
/// x
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding { /// x
pub kind: FindingKind, /// x
pub range: Range<usize> }
/// x
pub fn mask_text(text: &str) -> Option<String> { let _ = text; None }
/// x
pub fn scan(text: &str) -> Vec<Finding> { let _ = text; Vec::new() }
