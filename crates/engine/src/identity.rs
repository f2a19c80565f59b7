//! Who is who, in words and by hand: why identities are one person, and decisions that they are or are not.
//!
//! A decision is kept like a link: loads and events go on to be taken in, and each person is made anew from links and decisions
//! together (`ingest::people::bind`). So nothing is lost by a merge, a split or an undo, and no row of the lake is written
//! again: queries are told where the rows of an identity belong.
//!
//! - **INV-WHO-1**: a merge that is split or undone, and a split that is undone, leave everybody as if it had never been
//!   (`tests/it/who.rs`).
//! - **INV-WHO-2**: who was decided to be different people stays so, whatever loads and events say.

mod acts;
mod explain;
mod golden;
mod graph;
mod health;
mod matching;
mod preview;
mod records;
mod review;

pub use acts::{Act, Done, acts, merge, split, undo};
pub use explain::{Explanation, Node, Step, Whom, explain, read_whom};
pub use golden::{
    Example, FieldLineage, GoldenPreview, Lineage, Statement, apply_golden, golden_rules, golden_sources, lineage,
    preview_golden,
};
pub use health::{Bridge, Health, health};
pub(crate) use matching::{Known, follow, run};
pub use matching::{Matched, compare_people, last_matched, match_people};
pub use preview::{Preview, apply_policy, preview};
pub use review::{Candidate, Compared, judge, review};
