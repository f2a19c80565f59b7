//! Zhike's types and pure rules.
//!
//! Owns what the words of the product mean: tables and columns, cleaning, mapping of foreign files, identities, scores,
//! masks, error codes. Must not know about files, databases, networks, clocks, randomness or async code: everything here
//! is a function of its arguments.

pub mod access;
pub mod analysis;
pub mod assessment;
pub mod audience;
pub mod clean;
pub mod collect;
pub mod consent;
pub mod detect;
pub mod erasure;
pub mod error_code;
pub mod frame;
pub mod grade;
pub mod guard;
pub mod id;
pub mod identity;
pub mod import;
pub mod kpi;
pub mod learn;
pub mod mask;
pub mod raw;
pub mod refund;
pub mod retention;
pub mod rfm;
pub mod rights;
pub mod script;
pub mod sensitive;
pub mod sentence;
pub mod signed;
pub mod small_groups;
pub mod sso;
pub mod tables;
mod worded;
pub mod written;
