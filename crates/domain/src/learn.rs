//! What models of customers look at, when they may learn, and how what they say is worded.
//!
//! Owns the models there are ([`Model`]), what they look at ([`Feature`], in the language of tags), the days on which they
//! learn and are graded ([`Plan`]), the customer's own rhythm ([`own_window`]), when a model is withheld ([`Withheld`]), and
//! what to do about a risk ([`Advice`]). Must not know how anything is estimated: that is `zhike_ml`'s.
//!
//! - INV-LEARN-1: of no day on which a model learns is the outcome looked at later than on the day on which it is graded
//!   ([`Plan`]).

mod advice;
mod features;
mod model;
mod plan;
mod verdict;

pub use advice::{Advice, Advised};
pub use features::{Feature, features};
pub use model::{Model, Risk};
pub use plan::{Plan, Test, own_window};
pub use verdict::{Grade, Withheld, withheld};
