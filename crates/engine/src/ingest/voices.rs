//! What is stated of one person, field by field, with who says so; and which of it stands, by the rules of the golden record
//! (`zhike_domain::identity::golden`).
//!
//! Files state values. Messages do things to them (set, add, take away): of those that come first by the rule, all together give
//! the value, as INV-TRAITS-1 says. A sender who has everything about somebody deleted takes away what senders of no better
//! standing said before; files are not concerned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};
use zhike_domain::collect::message::Stamp;
use zhike_domain::collect::traits::Traits;
use zhike_domain::identity::golden::{Candidate, Rules, Standing, TRAIT};
use zhike_state::{ProfileRow, SaidFieldRow};

use crate::stated::{self, Stated};

/// Columns of a profile that messages state as traits.
pub(super) const COLUMNS: [&str; 6] = ["gender", "country", "province", "city", "member_level", "acquisition_channel"];

/// One statement about a field; personal, never printed.
#[derive(Clone)]
pub(crate) struct Voice {
    /// Whose; empty for messages from before sources were kept.
    pub(crate) source: String,
    /// When, in microseconds.
    pub(crate) at: i64,
    pub(crate) standing: Standing,
    pub(crate) is_file: bool,
    /// `None` when it was taken away.
    pub(crate) value: Option<Value>,
    /// The message, or the row of the load.
    pub(crate) by: String,
    /// The value as text.
    text: Option<String>,
    /// The registers that it is from.
    register: Option<usize>,
}

/// The statement that stands, and the value, which several can give together.
pub(crate) struct Chosen<'a> {
    pub(crate) value: Option<Value>,
    pub(crate) voice: &'a Voice,
}

/// All that is stated of one person.
#[derive(Default)]
pub(crate) struct Voices {
    fields: BTreeMap<String, Vec<Voice>>,
    registers: Vec<(String, Standing, Traits)>,
}

impl Voices {
    /// Takes in what files of one source state of an identity.
    pub(crate) fn hear_file(&mut self, stated: &Stated) {
        for (field, said) in stated.each() {
            let (at, row, source) = said.told();
            let voice = Voice {
                source: source.to_owned(),
                at,
                standing: Standing::Loaded,
                is_file: true,
                text: Some(text_of(&said.0)),
                value: Some(said.0.clone()),
                by: format!("{row:010}"),
                register: None,
            };
            self.fields.entry(field.to_owned()).or_default().push(voice);
        }
    }

    /// Takes in what messages of one source do to traits.
    pub(super) fn hear_traits(&mut self, source: &str, standing: Standing, traits: Traits) {
        self.registers.push((source.to_owned(), standing, traits));
    }

    /// Takes in what a message states of a personal field.
    pub(crate) fn hear_field(&mut self, row: &SaidFieldRow, standing: Standing, value: Option<String>) {
        let voice = Voice {
            source: row.source.clone(),
            at: row.said_at,
            standing,
            is_file: false,
            value: value.clone().map(Value::String),
            by: row.said_by.clone(),
            text: value,
            register: None,
        };
        self.fields.entry(row.field.clone()).or_default().push(voice);
    }

    /// Makes statements of what messages do to traits; everything was taken in.
    pub(super) fn settle(mut self) -> Self {
        self.registers.sort_by(|a, b| (a.1, &a.0).cmp(&(b.1, &b.0)));
        // The better stand first, so each meets the deletions of all that are as good or better.
        let mut deleted: Vec<(Standing, Stamp)> = self
            .registers
            .iter()
            .filter_map(|(_, standing, traits)| Some((*standing, traits.deleted()?.clone())))
            .collect();
        deleted.sort();
        for (_, standing, traits) in &mut self.registers {
            let better = deleted.iter().filter(|(of, _)| *of <= *standing);
            better.for_each(|(_, stamp)| traits.delete(stamp.clone()));
        }
        for (at, (source, standing, traits)) in self.registers.iter().enumerate() {
            for key in traits.keys() {
                let Some((Stamp(said_at, by), _)) = traits.operations(key).last() else { continue };
                let value = traits.value(key);
                let voice = Voice {
                    source: source.clone(),
                    at: *said_at,
                    standing: *standing,
                    is_file: false,
                    text: value.as_ref().map(text_of),
                    by: by.clone(),
                    register: Some(at),
                    value,
                };
                let is_column = COLUMNS.contains(&key);
                let says_column = voice.value.as_ref().is_none_or(|value| is_of_column(key, value));
                if is_column && says_column {
                    self.fields.entry(key.to_owned()).or_default().push(voice.clone());
                }
                if !is_column || !says_column || voice.value.is_none() {
                    self.fields.entry(format!("{TRAIT}{key}")).or_default().push(voice);
                }
            }
        }
        self
    }

    /// The fields that anybody states, with all that is stated of each.
    pub(crate) fn each(&self) -> impl Iterator<Item = (&str, &[Voice])> {
        self.fields.iter().map(|(field, voices)| (field.as_str(), voices.as_slice()))
    }

    /// What stands of a field; `None` when nobody states it.
    pub(crate) fn chosen(&self, rules: &Rules, field: &str) -> Option<Chosen<'_>> {
        let voices = self.fields.get(field)?;
        let candidates: Vec<Candidate<'_>> = voices.iter().map(Voice::candidate).collect();
        let choice = rules.of(field).choose(&candidates)?;
        let winner = &voices[choice.winner];
        let first: Vec<&Voice> =
            choice.first.iter().map(|at| &voices[*at]).filter(|voice| voice.register.is_some()).collect();
        if winner.register.is_none() || first.len() < 2 {
            return Some(Chosen { value: winner.value.clone(), voice: winner });
        }
        let key = field.strip_prefix(TRAIT).unwrap_or(field);
        let mut together = Traits::default();
        for (_, _, traits) in first.iter().filter_map(|voice| self.registers.get(voice.register?)) {
            together.merge_key(traits, key);
        }
        let value = together.value(key);
        // Whoever says what they say together, the newest of them.
        let mut saying: Vec<&Voice> = first.into_iter().filter(|voice| voice.value == value).collect();
        saying.sort_by(|a, b| (a.at, &a.by).cmp(&(b.at, &b.by)));
        Some(Chosen { value, voice: saying.pop().unwrap_or(winner) })
    }

    /// Sets what is stated of a profile. `is_whole`: what is not stated is not there; else it stays, but for traits of which
    /// messages `decided`.
    pub(super) fn lay(&self, rules: &Rules, row: &mut ProfileRow, is_whole: bool, decided: &BTreeSet<String>) {
        if is_whole {
            stated::clear(row);
        }
        let of = |field: &str| self.chosen(rules, field).map(|chosen| chosen.value);
        let text = |field: &str, column: &mut Option<String>| match of(field) {
            Some(value) => *column = value.as_ref().and_then(Value::as_str).map(str::to_owned),
            None if decided.contains(field) => *column = None,
            None => {}
        };
        if let Some(Some(Value::String(kind))) = of("kind") {
            row.kind = kind;
        }
        text("gender", &mut row.gender);
        text("country", &mut row.country);
        text("province", &mut row.province);
        text("city", &mut row.city);
        text("member_level", &mut row.member_level);
        text("acquisition_channel", &mut row.acquisition_channel);
        let number = |field: &str| of(field).flatten().and_then(|value| value.as_i64());
        row.birth_year = number("birth_year").or(row.birth_year);
        row.registered_on = number("registered_on").or(row.registered_on);
        let before = row.traits.as_deref().and_then(|json| serde_json::from_str::<Map<String, Value>>(json).ok());
        let mut all = before.unwrap_or_default();
        all.retain(|key, _| !decided.contains(key));
        for name in self.fields.keys().filter_map(|field| field.strip_prefix(TRAIT)) {
            match of(&format!("{TRAIT}{name}")).flatten() {
                Some(value) => drop(all.insert(name.to_owned(), value)),
                None => drop(all.remove(name)),
            }
        }
        // What a message said of a column is a trait as well, as long as it stands.
        for column in COLUMNS {
            let Some(Chosen { value: Some(value), voice }) = self.chosen(rules, column) else { continue };
            if !voice.is_file {
                all.insert(column.to_owned(), value);
            }
        }
        row.traits = (!all.is_empty()).then(|| Value::Object(all).to_string());
    }
}

impl Voice {
    fn candidate(&self) -> Candidate<'_> {
        let Self { source, at, standing, by, text, .. } = self;
        Candidate { source, at: *at, by, standing: *standing, value: text.as_deref() }
    }
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a column can hold what a message says of it.
fn is_of_column(column: &str, value: &Value) -> bool {
    match (column, value.as_str()) {
        ("gender", Some(gender)) => gender == "male" || gender == "female",
        (_, text) => text.is_some(),
    }
}
