//! RFM: how recently, how often and for how much a customer bought, as scores, groups and tiers.
//!
//! Owns the rules as data ([`Rules`]), the proof that they cover every combination of scores ([`Rules::validate`]),
//! scoring of whole columns ([`score`]) and the words that explain one customer's scores ([`why`]). Must not know which
//! orders count, where the columns come from or what day it is.
//!
//! - **INV-RFM-1**: equal values get equal scores, and a better value never gets a lower score.
//! - **INV-RFM-2**: every combination of scores belongs to exactly one segment and one tier.
//! - **INV-RFM-3**: scores depend on the values only, not on the order of the rows.
//! - **INV-RFM-4**: [`Cuts`] alone give the scores again, value by value.

mod check;
mod cuts;
mod decimal;
mod rules;
mod score;
mod why;

pub use check::{Grid, InvalidRules, Problem};
pub use cuts::{Cuts, Dimension, share_below};
pub use rules::{Condition, Mode, Range, Rules, Segment, SegmentRule, Thresholds, Tier, TierRule};
pub use score::{Input, Scored, score};
pub use why::{One, Scores, Why, why};
