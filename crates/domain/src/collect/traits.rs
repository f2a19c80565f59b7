//! Registers of what is stated about a person, key by key.
//!
//! A key's value is what its operations give in the order of their stamps (event time, then message id), whatever the order
//! in which they arrived:
//!
//! | Operation | Gives |
//! |---|---|
//! | set | its value |
//! | set_once | its value where there is none: the earliest wins, until the key is set or taken away |
//! | increment | the sum; starts at 0; passes over a value that is no number |
//! | append | a list with its members added, each once; a single value becomes the first member |
//! | unset | nothing |
//! | delete | nothing, for all keys |
//!
//! **Null**: `null` in identify or profile_set is unset, not a value. Segment itself stores the null; we do not, so that a
//! trait is there or not, and SQL needs no third case. It is a tombstone with its time: an older value that arrives late
//! does not bring the trait back.
//!
//! What a later set or unset covers is forgotten at once, so a key that is only ever set keeps one operation. Increments and
//! appends stay until they are covered or [`Traits::settle`]d.
//!
//! - **INV-TRAITS-1**: any order of messages gives the same registers, and so does any order of merges.
//! - **INV-TRAITS-2**: a message taken in twice counts once. (A message id stands for one content; the caller de-duplicates
//!   what is older than the last settlement.)
//! - **INV-TRAITS-3**: settling changes no value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::message::{Kind, Message, Stamp};

/// What a message does to a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Sets it.
    Set(Value),
    /// Takes it away.
    Unset,
    /// Sets it where it has no value.
    Once(Value),
    /// Adds to it.
    Add(Number),
    /// Adds members to it.
    Append(Vec<Value>),
}

impl Operation {
    /// Whether nothing before it matters.
    const fn covers(&self) -> bool {
        matches!(self, Self::Set(_) | Self::Unset)
    }
}

/// The traits of one person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Traits {
    /// When all were taken away last.
    deleted: Option<Stamp>,
    /// Per key its operations in order; none covered by a later one, none before the deletion.
    keys: BTreeMap<String, Vec<(Stamp, Operation)>>,
}

impl Traits {
    /// Takes a message in; one that states no traits changes nothing.
    pub fn apply(&mut self, message: &Message) {
        if !message.kind.states_traits() {
            return;
        }
        let stamp = message.stamp();
        if message.kind == Kind::ProfileDelete {
            return self.delete(stamp);
        }
        for (key, value) in &message.traits {
            if let Some(operation) = operation(message.kind, value) {
                self.insert(key, stamp.clone(), operation);
            }
        }
    }

    /// Takes all that another one knows in: two profiles become one.
    pub fn merge(&mut self, other: &Self) {
        if let Some(stamp) = &other.deleted {
            self.delete(stamp.clone());
        }
        for (key, operations) in &other.keys {
            for (stamp, operation) in operations {
                self.insert(key, stamp.clone(), operation.clone());
            }
        }
    }

    /// Takes in what another one knows of one key.
    pub fn merge_key(&mut self, other: &Self, key: &str) {
        for (stamp, operation) in other.operations(key) {
            self.insert(key, stamp.clone(), operation.clone());
        }
    }

    /// When all were taken away last.
    pub const fn deleted(&self) -> Option<&Stamp> {
        self.deleted.as_ref()
    }

    /// Takes all away that was stated until then.
    pub fn delete(&mut self, stamp: Stamp) {
        if self.deleted.as_ref().is_some_and(|deleted| *deleted >= stamp) {
            return;
        }
        self.keys.retain(|_, operations| {
            operations.retain(|(at, _)| *at > stamp);
            !operations.is_empty()
        });
        self.deleted = Some(stamp);
    }

    fn insert(&mut self, key: &str, stamp: Stamp, operation: Operation) {
        if self.deleted.as_ref().is_some_and(|deleted| *deleted >= stamp) {
            return;
        }
        let operations = self.keys.entry(key.to_owned()).or_default();
        let at = match operations.binary_search_by(|(at, _)| at.cmp(&stamp)) {
            Ok(_) => return,
            Err(at) => at,
        };
        // Only the first can cover: what stood before one that covers is forgotten.
        if at == 0 && operations.first().is_some_and(|(_, first)| first.covers()) {
            return;
        }
        let covers = operation.covers();
        operations.insert(at, (stamp, operation));
        if covers {
            operations.drain(..at);
        }
    }

    /// The value of a key; `None` when it has none.
    pub fn value(&self, key: &str) -> Option<Value> {
        fold(self.keys.get(key)?)
    }

    /// All values.
    pub fn values(&self) -> Map<String, Value> {
        self.keys.iter().filter_map(|(key, operations)| Some((key.clone(), fold(operations)?))).collect()
    }

    /// Every key that something was stated about, with a value or without.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.keys.keys().map(String::as_str)
    }

    /// The operations that make a key's value, in order: why it is what it is.
    pub fn operations(&self, key: &str) -> &[(Stamp, Operation)] {
        self.keys.get(key).map_or(&[], Vec::as_slice)
    }

    /// Replaces each key's operations up to a time by their result. Messages of that time or before must not be taken in
    /// any more, or count as covered.
    ///
    /// **Units**: microseconds.
    pub fn settle(&mut self, until: i64) {
        for operations in self.keys.values_mut() {
            let n_old = operations.partition_point(|(Stamp(at, _), _)| *at <= until);
            if n_old == 0 {
                continue;
            }
            let settled = match fold(&operations[..n_old]) {
                Some(value) => Operation::Set(value),
                None => Operation::Unset,
            };
            let stamp = operations[n_old - 1].0.clone();
            operations.splice(..n_old, [(stamp, settled)]);
        }
    }
}

/// What a message's value does; `None` when it does nothing.
fn operation(kind: Kind, value: &Value) -> Option<Operation> {
    Some(match (kind, value) {
        (Kind::ProfileUnset, _) | (Kind::Identify | Kind::ProfileSet, Value::Null) => Operation::Unset,
        (Kind::Identify | Kind::ProfileSet, value) => Operation::Set(value.clone()),
        (_, Value::Null) => return None,
        (Kind::ProfileSetOnce, value) => Operation::Once(value.clone()),
        (Kind::ProfileIncrement, Value::Number(number)) => Operation::Add(number.clone()),
        (Kind::ProfileAppend, Value::Array(items)) => Operation::Append(items.clone()),
        (Kind::ProfileAppend, item) => Operation::Append(vec![item.clone()]),
        _ => return None,
    })
}

fn fold(operations: &[(Stamp, Operation)]) -> Option<Value> {
    let mut value: Option<Value> = None;
    for (_, operation) in operations {
        value = match (operation, value) {
            (Operation::Set(new), _) => Some(new.clone()),
            (Operation::Unset, _) => None,
            (Operation::Once(_), Some(old)) => Some(old),
            (Operation::Once(new), None) => Some(new.clone()),
            (Operation::Add(number), None) => Some(Value::Number(number.clone())),
            (Operation::Add(number), Some(Value::Number(old))) => Some(Value::Number(sum(&old, number))),
            (Operation::Add(_), Some(old)) => Some(old),
            (Operation::Append(items), old) => {
                let mut list = match old {
                    None => Vec::new(),
                    Some(Value::Array(list)) => list,
                    Some(single) => vec![single],
                };
                for item in items {
                    if !list.contains(item) {
                        list.push(item.clone());
                    }
                }
                Some(Value::Array(list))
            }
        };
    }
    value
}

/// Exact for whole numbers; a sum that is no number leaves what was there.
fn sum(a: &Number, b: &Number) -> Number {
    if let (Some(a), Some(b)) = (a.as_i64(), b.as_i64())
        && let Some(sum) = a.checked_add(b)
    {
        return Number::from(sum);
    }
    let float = |number: &Number| number.as_f64().unwrap_or(0.0);
    Number::from_f64(float(a) + float(b)).unwrap_or_else(|| a.clone())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::message::Dialect;
    use super::*;
    use crate::script::{Script, shuffled};

    fn message(kind: Kind, at: i64, traits: Value) -> Message {
        let mut message = Message::new(Dialect::Segment, kind, format!("m{at}"), at);
        message.occurred_at = at;
        message.traits = traits.as_object().cloned().unwrap_or_default();
        message
    }

    /// Taken in the order given; the numbers are event times.
    #[track_caller]
    fn check(script: &[(Kind, i64, Value)], expected: Value) {
        let mut traits = Traits::default();
        for (kind, at, value) in script {
            traits.apply(&message(*kind, *at, value.clone()));
        }
        assert_eq!(Value::Object(traits.values()), expected);
    }

    #[test]
    fn the_newest_value_by_event_time_wins() {
        use Kind::{
            Identify, ProfileAppend, ProfileDelete, ProfileIncrement, ProfileSet, ProfileSetOnce, ProfileUnset,
        };
        check(&[(Identify, 2, json!({"a": 2})), (Identify, 1, json!({"a": 1, "b": 1}))], json!({"a": 2, "b": 1}));
        check(&[(Identify, 2, json!({"a": null})), (Identify, 1, json!({"a": 1}))], json!({}));
        check(&[(ProfileSetOnce, 2, json!({"a": 2})), (ProfileSetOnce, 1, json!({"a": 1}))], json!({"a": 1}));
        check(&[(ProfileSetOnce, 1, json!({"a": 1})), (ProfileSet, 2, json!({"a": 2}))], json!({"a": 2}));
        check(
            &[
                (ProfileSetOnce, 3, json!({"a": 3})),
                (ProfileSetOnce, 1, json!({"a": 1})),
                (ProfileUnset, 2, json!({"a": 0})),
            ],
            json!({"a": 3}),
        );
        check(
            &[
                (ProfileIncrement, 3, json!({"n": 1})),
                (ProfileIncrement, 1, json!({"n": 5})),
                (ProfileIncrement, 3, json!({"n": 1})),
                (ProfileSet, 2, json!({"n": 10})),
            ],
            json!({"n": 11}),
        );
        check(
            &[(ProfileAppend, 2, json!({"l": ["b", "a"]})), (ProfileAppend, 1, json!({"l": "a"}))],
            json!({"l": ["a", "b"]}),
        );
        check(
            &[(ProfileDelete, 2, json!({})), (Identify, 1, json!({"a": 1})), (Identify, 3, json!({"b": 1}))],
            json!({"b": 1}),
        );
    }

    #[test]
    fn registers_read_back_and_stay_small() {
        let mut traits = Traits::default();
        for at in 0..100 {
            traits.apply(&message(Kind::Identify, at, json!({"a": at})));
        }
        traits.apply(&message(Kind::ProfileIncrement, 200, json!({"a": 0.5})));
        assert_eq!(traits.operations("a").len(), 2);
        let json = serde_json::to_string(&traits).unwrap();
        assert_eq!(serde_json::from_str::<Traits>(&json).unwrap(), traits);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// INV-TRAITS-1 to 3.
        #[test]
        fn order_repetition_and_settling_change_nothing(seed in any::<u64>(), shuffle in any::<u64>(), cut in 0_usize..150) {
            let messages = Script::generate(seed, 150);
            let of = |messages: &[Message]| {
                let mut traits = Traits::default();
                messages.iter().for_each(|message| traits.apply(message));
                traits
            };
            let traits = of(&messages);
            let mixed = shuffled(&messages, shuffle);
            prop_assert_eq!(&of(&mixed), &traits);
            let (left, right) = mixed.split_at(mixed.len() / 3);
            let mut merged = of(right);
            merged.merge(&of(left));
            merged.merge(&of(right));
            prop_assert_eq!(&merged, &traits);

            // What came before is settled, what comes after is not.
            let mut ordered = messages.clone();
            ordered.sort_by_key(Message::stamp);
            let (old, new) = ordered.split_at(cut.min(ordered.len()));
            let until = old.last().map_or(0, |message| message.occurred_at);
            let mut settled = of(old);
            settled.settle(until);
            new.iter().filter(|message| message.occurred_at > until).for_each(|message| settled.apply(message));
            let kept: Vec<Message> = old.iter().chain(new.iter().filter(|message| message.occurred_at > until)).cloned().collect();
            prop_assert_eq!(settled.values(), of(&kept).values());
        }
    }
}
