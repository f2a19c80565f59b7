//! Zhike's use cases, as functions over [`Ctx`].
//!
//! Owns the order in which state, vault and lake are changed, so that a crash at any step loses nothing and shows nothing
//! half-done (INV-ENGINE-1: a load is seen whole or not at all; INV-ENGINE-2: running it again ends in the same state).
//! Must not know about HTTP, terminals or SQL dialects.

/// Makes the future of an `async fn` a boxed one, so that it is compiled here once and not again by everybody who calls it:
/// the bodies of futures are otherwise part of the caller, which cost minutes.
use async_recursion::async_recursion as boxed;

pub mod accounts;
pub mod alerts;
pub mod analysis;
pub mod approvals;
pub mod audit;
pub mod backup;
pub mod bindings;
pub mod campaigns;
mod clock;
pub mod collect;
pub mod compliance;
pub mod consents;
pub mod corrections;
mod ctx;
pub mod customers;
pub mod doctor;
pub mod erasure;
mod error;
pub mod exports;
pub mod goods;
pub mod grades;
pub mod guard;
pub mod history;
pub mod hooks;
pub mod identity;
pub mod import;
pub mod incidents;
pub mod ingest;
pub mod keys;
pub mod kpis;
mod maintain;
pub mod models;
pub mod overview;
pub mod profiles;
pub mod quality;
pub mod quarantine;
pub mod query;
pub mod refresh;
pub mod requests;
pub mod retention;
pub mod rfm;
pub mod satisfaction;
pub mod sealing;
pub mod segments;
pub mod sources;
mod stated;
pub mod tags;
pub mod targets;
pub mod views;
pub mod watch;
mod work;
pub mod workspace;

pub use clock::Clock;
pub use collect::{LogLimits, SegmentAlgorithm};
pub use ctx::{Ctx, Options};
pub use error::{Error, Result, with_causes};
pub use zhike_vault::ValueAlgorithm;
