//! What is bought together, and what is bought next.
//!
//! Owns products that often share a basket ([`itemsets`]), the rules that they make with their measures and the chance that
//! they are chance ([`rules`]), and products that follow others within a time ([`bought_next`]). Must not know what a product
//! is: the same work serves categories and services.
//!
//! - **INV-BASKETS-1**: nothing depends on the order of lines, on repeats of a product in a basket, or on the threads.
//! - **INV-BASKETS-2**: every set that is bought often enough is found, none besides, and no set is rarer than one that holds it.
//!
//! How sets are found and what was rejected: RFD 0009.

mod fisher;
mod itemsets;
mod lines;
mod next;
mod rules;

pub use itemsets::{Itemsets, Limits, itemsets};
pub(crate) use lines::numbered;
pub use lines::{Baskets, Line, Problem};
pub use next::{NextOptions, NextPair, bought_next};
pub use rules::{Rule, RuleOptions, rules};
