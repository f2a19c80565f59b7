//! Which channels conversions are credited to.
//!
//! Owns rules over the touches of a path ([`Rule`]: first, last, last but direct, linear, U-shape, time decay), the removal
//! effect in a chain of channels ([`markov`]), and fair shares of coalitions ([`shapley`]). Must not know what counts as a
//! touch, how far back one counts, or which channel is direct: paths come from the caller.
//! Credit is not effect: who would have bought anyway is credited too; effect is `lift`'s.
//!
//! - **INV-ATTRIBUTION-1**: credits and what is credited to nobody add up to the conversions and their value, to 1e-9 of them.
//! - **INV-ATTRIBUTION-2**: credits do not depend on the order of paths, nor on whether equal paths are given once with a
//!   weight (bit for bit, and to rounding).
//!
//! Decisions: RFD 0010.

mod markov;
mod path;
mod rules;
mod shapley;

pub use markov::{MAX_ORDER, MAX_STATES, markov};
pub use path::{Conversion, Credit, Credits, Path, Problem, Touch};
pub use rules::{HALF_LIFE_DAYS, Rule, by_rule};
pub use shapley::{EXACT_CHANNELS, Sampling, Worth, shapley};
