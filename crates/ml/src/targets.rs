//! Targets split over parts, and sums that agree over a hierarchy.
//!
//! Owns the split of an amount by weights within bounds ([`split`]), the same from level to level ([`Hierarchy::cascade`]), and
//! figures of several levels brought to agree ([`Hierarchy::reconcile`]). Must not know whose targets they are.
//!
//! **Units**: amounts are whole numbers of the smallest unit (cents).
//!
//! - **INV-TARGETS-1**: parts add up to the amount, exactly, at every level.
//! - **INV-TARGETS-2**: no part leaves its bounds, and a locked part is what it was.
//! - **INV-TARGETS-3**: nothing depends on the order of parts.

mod hierarchy;
mod split;

pub use hierarchy::{Hierarchy, Level};
pub use split::{MAX_AMOUNT, Part, Problem, split};
