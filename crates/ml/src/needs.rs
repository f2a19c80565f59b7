//! Which need a customer has, as rules that a person can read.
//!
//! Owns a shallow tree of decisions ([`Tree`]) and the rules that it stands for ([`Rule`]). Must not know what features and
//! needs are called: it gives positions and bounds, the caller has the words.
//!
//! - **INV-NEEDS-1**: a tree does not depend on the order of rows or on the threads.
//! - **INV-NEEDS-2**: every row meets the conditions of exactly one rule, that of its leaf.
//!
//! RFD 0009 says why it is so small.

mod rules;
mod tree;

pub use rules::{Condition, Rule};
pub use tree::{Node, Options, Problem, Tree, Weights};
