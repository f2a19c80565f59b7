//! Who is who: bulk, deterministic resolution of identities into persons.
//!
//! Owns the policy ([`Policy`]), what an identity has joined so far ([`Joined`]), the reasons given ([`Reason`]) and the
//! decision itself ([`resolve`]). Must not know values of identities, how they are stored, or how alike two people look:
//! likely pairs are given.
//!
//! What of a person's statements stands is decided in [`golden`].
//!
//! Two identities seen together in a row belong to one person. An identity that would join more persons than its kind may
//! (a shop's phone, a placeholder e-mail) is set aside: it identifies nobody, and links with it are refused.
//!
//! - **INV-IDENTITY-1**: order, direction and repetition of links within a call change nothing in its result.
//! - **INV-IDENTITY-2**: however links are split into calls, with [`Resolution::joined`] carried along and the links of
//!   earlier calls given as stored, the same identities end up set aside.
//! - **INV-IDENTITY-3**: clusters after several calls hold those of one call over all links together, and are the same
//!   unless an identity was set aside only after it had joined people (the earlier calls could not know) or a conflict
//!   was refused (who came first then counts).
//! - **INV-IDENTITY-4**: one call over all stored links, refused ones included, without profiles and counts, gives the
//!   exact clusters again; so whatever INV-IDENTITY-3 leaves open can be repaired.
//! - **INV-IDENTITY-5**: who was decided by hand to be different people is never one, whatever links say; who was decided
//!   to be one person is, unless both was decided.

pub mod golden;
#[cfg(test)]
mod laws;
mod policy;
mod reason;
mod resolve;
mod union;

pub use policy::{Joined, Matching, Policy, PolicyProblem};
pub use reason::{Evidence, Reason};
pub use resolve::{Edge, Existing, Input, Merge, Refused, Resolution, SetAside, resolve};
