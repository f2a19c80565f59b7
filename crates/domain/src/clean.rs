//! Cleaning of cells: forms that systems give to the same value are read into one, everything changed is named.
//!
//! Owns the rules (what each is called, whether it is logged value by value), the reasons why a row is set aside, and the
//! readers of text, numbers, money, times, phones, e-mails, ID numbers, companies, regions and status words.
//! Must not know which column of which file a cell came from, nor where anything is stored.
//!
//! - **INV-CLEAN-1**: cleaning a cleaned cell changes nothing and fires no rule.
//! - **INV-CLEAN-2**: no reader panics, whatever the text.
//! - **INV-CLEAN-3**: a reader that gives up a value says why ([`rule::Reason`]); one that changes it says how
//!   ([`rule::Rule`]).

pub mod cell;
mod civil;
pub mod company;
pub mod email;
pub mod fill;
pub mod id_number;
pub mod money;
pub mod number;
pub mod outlier;
pub mod person;
pub mod phone;
pub mod region;
pub mod rule;
pub mod status;
pub mod time;

pub use rule::{Reason, Rule, RuleSet};
