//! What customers will buy: how many purchases, for how much, and whether they still buy at all.
//!
//! Owns three models of repeat purchases without contracts ([`Model`]: BG/NBD, MBG/NBD, Pareto/NBD), one of their money
//! ([`Spend`]: Gamma–Gamma), what follows from them (chance of being alive, purchases, lifetime value, next purchase), and the
//! grades by which one is chosen ([`choose`]). Times are in any unit, the same for all; a purchase is a day with purchases,
//! the first one not counted, refunds netted by the caller.
//!
//! - **INV-VALUE-1**: a fit does not depend on the order of customers, on how they are grouped, or on the threads.
//! - **INV-VALUE-2**: every answer for a valid history is finite, for 5,000 purchases in 10,000 units of time as well.
//! - **INV-VALUE-3**: expected purchases rise with the horizon, and the chance of being alive falls with silence.
//!
//! Formulas and what was rejected: RFD 0008.

mod choose;
mod fit;
mod geometric;
mod history;
mod integral;
mod lifetime;
mod pareto;
#[cfg(test)]
mod recovery;
mod spend;

pub use choose::{Calibration, Candidate, Choice, calibration, choose};
pub use fit::{Estimate, Fit, Model, fit};
pub use history::{History, MIN_REPEATERS, Problem, grouped};
pub use lifetime::{Horizon, NextPurchase};
pub use spend::{Money, Spend, SpendFit};
