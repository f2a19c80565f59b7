//! What a campaign changed: in those who got it, beside those who were withheld.
//!
//! Owns the comparison of two arms ([`compare_rates`], [`compare_means`]), the check that arms are as large as they should be
//! ([`sample_ratio`]), less noise by what was known before ([`adjust`]), looking while it runs ([`Sequential`]), how many people
//! it takes ([`people_for_rates`], [`people_for_means`]), who is moved more than others ([`uplift`]), and what money in
//! channels brings ([`response`], [`propose`]). Must not know how arms were drawn; that they were drawn is the caller's word.
//!
//! - **INV-LIFT-1**: answers do not depend on the order of people, nor on the threads.
//! - **INV-LIFT-2**: a ranking of people by what moves them is given as found only if its interval is above nought.
//!
//! Decisions: RFD 0010.

mod adjust;
mod arms;
mod budget;
mod power;
mod qini;
mod response;
mod sequential;
mod uplift;

pub use adjust::{Adjusted, adjust};
pub use arms::{Comparison, Problem, Rate, SampleRatio, compare_means, compare_rates, sample_ratio};
pub use budget::{Bounds, Proposal, Spend, propose};
pub use power::{Design, detectable_rate, people_for_means, people_for_rates};
pub use qini::{Heterogeneity, Tenth};
pub use response::{Curve, Response, ResponseOptions, Week, response};
pub use sequential::{Look, Sequential};
pub use uplift::{Uplift, UpliftOptions, uplift};
