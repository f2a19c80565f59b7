//! Who belongs to a segment: one language of conditions over a customer's attributes and facts (RFD 0006).
//!
//! Owns the language ([`Rule`], [`Measure`]), its checks with places and remedies ([`parse`]), its sentences in both
//! languages ([`sentence`]) and what it means, as an evaluation over one person ([`Person`]). Must not know tables of
//! files, sets of customers by the million or how they are read: the engine computes the same answers in bulk.
//!
//! - **INV-AUDIENCE-1**: a rule that parses is printed as JSON that parses to the same rule.
//! - **INV-AUDIENCE-2**: a comparison never holds for a missing value; only `missing` asks for one.
//! - **INV-AUDIENCE-3**: the order of facts changes no answer.

mod as_of;
mod bins;
mod field;
mod list_filter;
mod measure;
mod parse;
mod person;
mod rule;
pub mod sample;
mod sentence;
mod sequence;
mod set;
mod tag;
mod tag_parse;
mod tag_sentence;
mod tags;
mod test;
mod value;

pub use as_of::AsOf;
pub(crate) use as_of::{date_of, day_number};
pub use bins::{Bin, bins};
pub use field::{CALENDAR, Field, FieldKind, SCORES, Score, Source, TRAITS, field_of, fields_of, score_of, trait_of};
pub use list_filter::{Days, ListFilter};
pub(crate) use measure::filters_json;
pub use measure::{
    Agg, Anchor, Filter, Measure, Span, Unit, Which, Window, after, columns_of, from_units, is_calendar, micro,
    sum_value,
};
pub use parse::{Names, Problem, parse};
pub(crate) use parse::{Object, Reader, finish, join};
pub use person::{Person, Verdict, holds, verdicts};
pub use rule::{ConsentState, Leaf, MAX_DEPTH, MAX_LEAVES, Rule};
pub use sentence::{Words, facts as facts_sentence, leaf as leaf_sentence, rule as sentence, span_words};
pub use sequence::{Sequence, Step, StepRow, completes};
pub use set::Set;
pub use tag::{Band, Expression, Input, Level, RankBy, Ranking, Reason, Tag, TagRefresh, TagUnit, tag_text};
pub use tag_parse::{is_tag_key, parse_tag};
pub use tag_sentence::expression as expression_sentence;
pub use tags::{Pack, packs};
pub(crate) use test::date_text;
pub use test::{Cmp, Test};
pub use value::{Cell, cell_of, json_cell};
