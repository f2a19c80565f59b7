//! Numeric learning on plain slices: seeded, deterministic.
//!
//! Owns what is estimated rather than decided; so far the matching of records without shared ids ([`matching`]).
//! Must not know files, databases, networks, clocks, nor where its numbers go: callers hand slices and get values.
//!
//! - **INV-ML-1**: the same input gives the same answer, bit for bit, whatever the number of threads and the order of rows.

pub mod behaviour;
pub mod chance;
pub mod groups;
mod linear;
pub mod matching;
mod minimise;
mod parallel;
mod random;
mod special;
pub mod survival;
pub mod value;
