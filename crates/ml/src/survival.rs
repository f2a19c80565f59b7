//! How long until something happens, when for some it has not happened yet.
//!
//! Owns the curve of those still waiting ([`kaplan_meier`]), the comparison of curves ([`log_rank`]), the concordance of scores
//! with what came first ([`concordance`]), and the cycle in which a product is bought again ([`Cycles`]).
//!
//! - **INV-SURVIVAL-1**: nothing depends on the order of rows.

mod concordance;
mod curve;
mod cycles;

pub use concordance::concordance;
pub use curve::{LogRank, Step, kaplan_meier, log_rank, quantile};
pub use cycles::{Cycle, Cycles, Gap, Purchase, gaps};

/// A time until something happened, or until it was no longer looked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Span {
    /// In any unit, the same for all; not below 0.
    pub time: f64,
    /// Whether it happened; else it had not by then.
    pub is_event: bool,
}

impl Span {
    fn is_valid(&self) -> bool {
        self.time.is_finite() && self.time >= 0.0
    }
}
