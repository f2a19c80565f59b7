//! Figures that are not as they should be, and what in them changed.
//!
//! Owns what is expected of a day from the days before it ([`judge`]: same weekdays, robust, holidays among themselves), limits
//! for counts and shares ([`count_tails`], [`share_tails`]), slow drift ([`cusum`], [`ewma`]), corrections for looking at many
//! series ([`bonferroni`]; [`crate::groups::benjamini_hochberg`]), and which parts of a figure a change comes from
//! ([`because`], [`because_of_ratio`]). Must not know calendars, names of figures, or whom to tell.
//!
//! - **INV-ANOMALIES-1**: a day is judged by days before it alone, and never by other kinds of days.
//! - **INV-ANOMALIES-2**: contributions of parts add up to the change of the whole; mix and rate add up to a ratio's change.
//!
//! Decisions: RFD 0010.

mod because;
mod drift;
mod judge;
mod limits;

pub use because::{Part, RatioPart, because, because_of_ratio, surprise};
pub use drift::{Drift, cusum, ewma};
pub use judge::{Judgement, Options, Verdict, judge};
pub use limits::{Tails, bonferroni, count_limits, count_tails, share_limits, share_tails};
