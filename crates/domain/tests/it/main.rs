//! Tests that look at the whole repository rather than at one rule of the domain.

mod acts;
mod audience;
mod corpus;
mod detect;
mod documents;
mod fences;
mod sources;
mod tags;
