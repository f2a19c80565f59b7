//! Which records are one person's, when no shared id says so.
//!
//! Owns the comparison of values ([`Kind`]), the weights learnt without labels ([`fit`]), blocking, probabilities and where
//! they come from ([`Model::explain`]), clusters ([`link`]) and their upkeep as records come and change ([`Index`]).
//! Must not know where records come from, which of them the deterministic layer joined already, or what is done with the
//! answer: keys go in, clusters and pairs for review come out. Values are personal; nothing prints them.
//!
//! - **INV-MATCH-1**: no answer depends on the order of records or the number of threads.
//! - **INV-MATCH-2**: an [`Index`] after any additions and changes answers as [`link`] over all records with its model.
//! - **INV-MATCH-3**: more agreement in a field never lowers a probability.
//! - **INV-MATCH-4**: no cluster holds two records that a veto parts.
//! - **INV-MATCH-5**: records of which only names and places agree are never joined without a person.
//!
//! Three classes explain a pair: one person, two strangers, and two *relatives*, who share surname, address and phone as
//! one person would, yet neither given name nor birthday. Evidence has to speak against both of the others. What relatives
//! share is assumed by kind of field, not learnt; see RFD 0007.

mod address;
mod calibrate;
mod chinese;
mod choose;
mod cluster;
mod compare;
mod fit;
mod form;
mod index;
mod keys;
mod link;
mod model;
mod records;
mod text;

pub use calibrate::Calibration;
pub use fit::{Options, fit};
pub use index::Index;
pub use link::{Outcome, Pair, Veto, link};
pub use model::{Explanation, Model, Reason, Thresholds};
pub use records::{Field, Kind, MAX_FIELDS, Problem, Records};
pub use text::{bigram_similarity, edit_distance, jaro_winkler, soundex};
