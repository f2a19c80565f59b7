//! What people say of us in surveys: net promoter score, satisfaction, and whether they changed.
//!
//! Owns scores with intervals ([`nps`], [`csat`]), scores of a population out of answers that some groups give more readily
//! than others ([`weighted`]), and the verdict on a change ([`change`]). Must not know questions, nor whom to ask.
//! Those who do not answer may think otherwise than those who do; weights mend that only between the groups that are known.
//!
//! - **INV-SCORES-1**: an interval holds its score and stays within the scale.
//! - **INV-SCORES-2**: groups that answered in proportion to their size give the score that all answers give together.
//!
//! Decisions: RFD 0010.

mod answers;
mod change;

pub use answers::{Answers, Group, Problem, Satisfied, Score, csat, nps, weighted};
pub use change::{Change, Verdict, change};
