//! The rule of a segment: conditions joined by groups.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::field::Source;
use super::measure::{Measure, Window, add_test, columns_of};
use super::sequence::Sequence;
use super::test::Test;
pub use crate::consent::State as ConsentState;

/// Groups within groups.
pub const MAX_DEPTH: usize = 8;
/// Conditions of one rule.
pub const MAX_LEAVES: usize = 100;

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub enum Leaf {
    /// Something stated about the customer.
    Trait(String, Test),
    /// A tag.
    Tag(String, Test),
    /// A score.
    Score(String, Test),
    /// Whether the customer has an identity or a personal field of a kind.
    Identity(String, bool),
    /// What was said about a purpose.
    Consent(String, ConsentState),
    /// Whether the customer is in another segment.
    Member(String, bool),
    /// Something computed from facts.
    Measure(Measure, Test),
    /// One fact after another.
    Sequence(Sequence),
}

/// Conditions joined.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// All of them hold; without any, everybody.
    All(Vec<Rule>),
    /// One of them holds at least.
    Any(Vec<Rule>),
    /// None of them holds.
    None(Vec<Rule>),
    /// A condition.
    Is(Leaf),
}

impl Rule {
    /// The conditions, in order.
    pub fn leaves(&self) -> Vec<&Leaf> {
        match self {
            Self::All(rules) | Self::Any(rules) | Self::None(rules) => rules.iter().flat_map(Self::leaves).collect(),
            Self::Is(leaf) => vec![leaf],
        }
    }

    /// Whether the rule holds, given which conditions do.
    pub fn holds(&self, is: &mut impl FnMut(&Leaf) -> bool) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.holds(is)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(is)),
            Self::None(rules) => !rules.iter().any(|rule| rule.holds(is)),
            Self::Is(leaf) => is(leaf),
        }
    }

    /// The parts that are shown one after another: those of the outermost group that narrows, else the whole.
    pub fn parts(&self) -> Vec<&Self> {
        match self {
            Self::All(rules) => rules.iter().collect(),
            other => vec![other],
        }
    }

    /// The rule as JSON.
    pub fn to_json(&self) -> Json {
        let group = |name: &str, rules: &[Self]| {
            let rules: Vec<Json> = rules.iter().map(Self::to_json).collect();
            json!({ name: rules })
        };
        match self {
            Self::All(rules) => group("all", rules),
            Self::Any(rules) => group("any", rules),
            Self::None(rules) => group("none", rules),
            Self::Is(leaf) => leaf.to_json(),
        }
    }
}

impl Leaf {
    /// The facts that it reads.
    pub fn sources(&self) -> BTreeSet<Source> {
        match self {
            Self::Measure(measure, _) => {
                let anchor = match &measure.window {
                    Window::After(anchor, _) => Some(anchor.of),
                    _ => None,
                };
                std::iter::once(measure.of).chain(anchor).collect()
            }
            Self::Sequence(sequence) => sequence.steps.iter().map(|step| step.of).collect(),
            _ => BTreeSet::new(),
        }
    }

    /// The columns that it reads of a source.
    pub fn columns(&self, source: Source) -> BTreeSet<String> {
        let mut fields: Vec<&str> = Vec::new();
        match self {
            Self::Measure(measure, _) => {
                if measure.of == source {
                    fields.extend(measure.filters.iter().map(|filter| filter.field.as_str()));
                    fields.extend(measure.agg.column());
                }
                if let Window::After(anchor, _) = &measure.window
                    && anchor.of == source
                {
                    fields.extend(anchor.filters.iter().map(|filter| filter.field.as_str()));
                }
            }
            Self::Sequence(sequence) => {
                let steps = sequence.steps.iter().filter(|step| step.of == source);
                fields.extend(steps.flat_map(|step| &step.filters).map(|filter| filter.field.as_str()));
            }
            _ => {}
        }
        columns_of(source, fields.into_iter())
    }

    /// Whether the passing of time within a day changes the answer: of what must not have happened.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Sequence(sequence) if sequence.steps.iter().any(|step| step.is_absent))
    }

    /// The condition as JSON.
    pub fn to_json(&self) -> Json {
        let named = |key: &str, name: &str, test: &Test| {
            let mut json = Map::from_iter([(key.to_owned(), json!(name))]);
            add_test(&mut json, test);
            Json::Object(json)
        };
        match self {
            Self::Trait(name, test) => named("trait", name, test),
            Self::Tag(name, test) => named("tag", name, test),
            Self::Score(name, test) => named("score", name, test),
            Self::Identity(kind, has) => json!({ "identity": kind, "op": if *has { "exists" } else { "missing" } }),
            Self::Consent(purpose, state) => json!({ "consent": purpose, "op": state.as_str() }),
            Self::Member(segment, is_in) => json!({ "segment": segment, "op": if *is_in { "in" } else { "not_in" } }),
            Self::Measure(measure, test) => {
                let mut json = Map::from_iter([("measure".to_owned(), measure.to_json())]);
                add_test(&mut json, test);
                Json::Object(json)
            }
            Self::Sequence(sequence) => json!({ "sequence": sequence.to_json() }),
        }
    }
}
