//! When, and by which channel, a person is best written to.
//!
//! Owns what is believed of each person's answers by hour of the week and channel ([`Timing`]: shrunk to the segment, and that
//! to all), how a moment is drawn so that others are still tried ([`Timing::policy`], [`Timing::choose`]), and what another
//! policy would have brought ([`evaluate`]). Must not know time zones, consent or messages: hours are the person's own, and
//! who may be written to at all is the caller's.
//!
//! - **INV-TIMING-1**: probabilities of a policy add up to 1, none of an allowed moment is below its floor, none of a forbidden
//!   one above nought; what is logged is the probability by which the moment was drawn.
//! - **INV-TIMING-2**: the same seed and person give the same choice, whoever else is chosen for.
//! - **INV-TIMING-3**: another policy is judged by sends that were drawn alone.
//!
//! Decisions: RFD 0010.

mod belief;
mod draw;
mod evaluate;
mod policy;

pub use belief::{Belief, HOURS, Moment, Sent, Strengths, Timing};
pub use evaluate::{Estimate, Evaluation, Logged, evaluate};
pub use policy::{Allowed, Choice, Policy, PolicyOptions};
