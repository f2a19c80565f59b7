//! From the rows of a foreign file to typed rows of an entity.
//!
//! Owns what a file's columns can become ([`entity`]), how headers are recognised ([`synonyms`], [`guess`]), where the
//! table stands in a file ([`layout`]), the editable description of one file ([`mapping`]) and the reading of rows by it
//! ([`accept`]). Must not know where bytes come from, who a person is, or what is already stored: duplicates, netting of
//! refunds and identities are decided later.
//!
//! - **INV-IMPORT-1**: every row of a batch is accepted, rejected with a reason, or a skipped line; none vanishes.
//! - **INV-IMPORT-2**: accepting a file in any cut of batches gives the same rows.
//! - **INV-IMPORT-3**: no personal value stands in a text column, a trait, a reject's detail or a logged change.

pub mod accept;
pub mod doubt;
pub mod entity;
mod facts;
pub mod guess;
pub mod headings;
pub mod layout;
mod likely;
#[cfg(test)]
mod loads;
pub mod mapping;
mod orders;
mod people;
mod products;
pub mod profile;
mod read;
pub mod report;
pub mod said;
mod shape;
mod slot;
pub mod synonyms;
#[cfg(test)]
mod systems;
mod targets;
pub mod words;
mod work;

pub use accept::{Accepted, Acceptor, Change, Reject};
pub use entity::{Entity, IdentityKind, Target, TargetKind, targets};
pub use guess::{Guess, guess};
pub use mapping::{ColumnMapping, Mapping, Problem};
pub use report::LoadReport;
