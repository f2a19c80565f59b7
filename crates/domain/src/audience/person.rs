//! One person and whether a rule holds for them: what the language means.

use std::collections::{BTreeMap, BTreeSet};

use super::as_of::AsOf;
use super::field::Source;
use super::rule::{ConsentState, Leaf, Rule};
use super::value::{Cell, json_cell};
use crate::frame::Frame;

/// All that conditions can ask about one customer.
#[derive(Clone, Debug, Default)]
pub struct Person {
    /// Traits in columns of their own, by name.
    pub traits: BTreeMap<String, Cell<'static>>,
    /// Further attributes, as JSON.
    pub more: Option<String>,
    /// Kinds of identities and personal fields there are.
    pub identities: BTreeSet<String>,
    /// Tags with their values.
    pub tags: BTreeMap<String, Cell<'static>>,
    /// Scores by name.
    pub scores: BTreeMap<String, Cell<'static>>,
    /// Purposes with what is said of them; unknown when missing.
    pub consents: BTreeMap<String, ConsentState>,
    /// Segments the customer is in.
    pub segments: BTreeSet<String>,
    /// Facts, by what they are of.
    pub facts: BTreeMap<Source, Frame>,
}

impl Person {
    /// The value that a condition looks at; a flag where it holds or does not by itself.
    pub fn value(&self, leaf: &Leaf, as_of: &AsOf) -> Cell<'static> {
        let known = |cell: Option<&Cell<'static>>| cell.cloned().unwrap_or(Cell::Missing);
        let frames = |source: Source| self.facts.get(&source);
        match leaf {
            Leaf::Trait(name, _) => match name.strip_prefix("traits.") {
                Some(key) => self.more.as_deref().map_or(Cell::Missing, |json| json_cell(json, key)),
                None => known(self.traits.get(name)),
            },
            Leaf::Tag(name, _) => known(self.tags.get(name)),
            Leaf::Score(name, _) => known(self.scores.get(name)),
            Leaf::Identity(kind, has) => Cell::Flag(self.identities.contains(kind) == *has),
            Leaf::Consent(purpose, state) => {
                let said = self.consents.get(purpose).copied().unwrap_or(ConsentState::Unknown);
                Cell::Flag(said == *state)
            }
            Leaf::Member(segment, is_in) => Cell::Flag(self.segments.contains(segment) == *is_in),
            Leaf::Measure(measure, _) => measure.of_facts(&frames, as_of),
            Leaf::Sequence(sequence) => Cell::Flag(sequence.of_facts(&frames, as_of)),
        }
    }
}

impl Leaf {
    /// Whether a value that the condition looks at passes.
    pub fn passes(&self, value: &Cell<'_>, as_of: &AsOf) -> bool {
        match self {
            Self::Trait(_, test) | Self::Tag(_, test) | Self::Score(_, test) | Self::Measure(_, test) => {
                test.holds(value, as_of)
            }
            Self::Identity(..) | Self::Consent(..) | Self::Member(..) | Self::Sequence(_) => *value == Cell::Flag(true),
        }
    }
}

/// Whether a rule holds for a person.
pub fn holds(rule: &Rule, person: &Person, as_of: &AsOf) -> bool {
    rule.holds(&mut |leaf| leaf.passes(&person.value(leaf, as_of), as_of))
}

/// Why a rule holds or does not: one condition with what was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The condition's place in the rule: `/all/0/any/1`.
    pub pointer: String,
    /// The condition.
    pub leaf: Leaf,
    /// Whether it holds.
    pub holds: bool,
    /// The value found.
    pub value: Cell<'static>,
}

/// Every condition of a rule, in order, with what was found of a person.
pub fn verdicts(rule: &Rule, person: &Person, as_of: &AsOf) -> Vec<Verdict> {
    let mut found = Vec::new();
    walk(rule, String::new(), &mut |pointer, leaf| {
        let value = person.value(leaf, as_of);
        found.push(Verdict { pointer, leaf: leaf.clone(), holds: leaf.passes(&value, as_of), value });
    });
    found
}

fn walk(rule: &Rule, pointer: String, each: &mut impl FnMut(String, &Leaf)) {
    let (name, rules) = match rule {
        Rule::All(rules) => ("all", rules),
        Rule::Any(rules) => ("any", rules),
        Rule::None(rules) => ("none", rules),
        Rule::Is(leaf) => return each(pointer, leaf),
    };
    for (at, rule) in rules.iter().enumerate() {
        walk(rule, format!("{pointer}/{name}/{at}"), each);
    }
}
