//! The tracking plan: which events and properties a source declares, what is personal among them, and what happens to the
//! rest.
//!
//! A plan is data, written as JSON or YAML:
//!
//! ```yaml
//! version: 1
//! undeclared_events: flag          # keep, flag, refuse
//! undeclared_properties: keep
//! violations: flag                 # of what is declared: keep, flag, refuse
//! events:
//!   签到:
//!     properties:
//!       store: {type: text, required: true, values: [北京, 上海]}
//!       note: {type: text, sensitivity: personal}
//!       card: {type: id}           # an id of a thing: never taken for a bank card
//! traits:
//!   level: {type: text}
//! ```
//!
//! Whatever the plan says, no personal value that [`crate::detect`] finds leaves [`check`] in the clear: texts and numbers,
//! nested ones and keys are masked in properties, traits, names and context, and counted by kind. Properties declared
//! personal are taken out whole and sealed with the message instead.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::commerce::{self, CommerceMapping};
use super::message::Message;
use super::personal::{Masked, mask_object, mask_text, mask_url};
use crate::clean::RuleSet;
use crate::clean::time::{DateOrder, TimeReader};
use crate::grade::Class;
use crate::sensitive::Sensitive;

/// What happens to something that the plan does not want.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reaction {
    /// It is taken as it is.
    #[default]
    Keep,
    /// It is taken and counted as a violation.
    Flag,
    /// The message is refused.
    Refuse,
}

/// What may be done with a property.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitivity {
    /// It is kept; what looks personal in it is masked.
    #[default]
    Ordinary,
    /// It is taken out and sealed.
    Personal,
    /// It is dropped.
    Drop,
}

/// What a property holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PropertyType {
    /// Anything.
    #[default]
    Any,
    /// Text.
    Text,
    /// Id of a thing: text or a whole number, never masked.
    Id,
    /// Number.
    Number,
    /// Whole number.
    Integer,
    /// Yes or no.
    Bool,
    /// Instant: ISO 8601, or a number since 1970.
    Time,
    /// List.
    List,
    /// Object.
    Object,
}

/// A declared property or trait.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PropertyPlan {
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: PropertyType,
    /// What may be done with it.
    pub sensitivity: Sensitivity,
    /// Whether it must be there.
    pub required: bool,
    /// The texts that it may be; empty for any.
    pub values: Vec<String>,
    /// The most letters that a text may have.
    pub max_length: Option<u32>,
    /// What it is, in words.
    pub description: String,
    /// What it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<Class>,
    /// Its grade, 1 to 4; 4 where nobody says ([`crate::grade`]).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grade: Option<u8>,
}

/// A declared event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EventPlan {
    /// What it is, in words.
    pub description: String,
    /// Its properties.
    pub properties: BTreeMap<String, PropertyPlan>,
    /// What happens to properties that are not declared; the plan's reaction when left out.
    pub undeclared_properties: Option<Reaction>,
}

/// The tracking plan of a source; editable and kept by version. The default declares nothing and keeps everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Plan {
    /// Version of this plan; every change makes a new one.
    pub version: u32,
    /// What happens to events that are not declared.
    pub undeclared_events: Reaction,
    /// What happens to properties and traits that are not declared.
    pub undeclared_properties: Reaction,
    /// What happens to declared properties that are not as declared.
    pub violations: Reaction,
    /// Events by name.
    pub events: BTreeMap<String, EventPlan>,
    /// Traits by name; those that become personal fields of the profile by their name need no declaration.
    pub traits: BTreeMap<String, PropertyPlan>,
}

/// What is wrong with a plan.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {en}")]
pub struct PlanProblem {
    /// Where.
    pub path: String,
    /// What and how to mend it, in Chinese.
    pub zh: String,
    /// What and how to mend it, in English.
    pub en: String,
}

impl Plan {
    /// What is wrong with it; nothing when it can be used.
    pub fn validate(&self) -> Vec<PlanProblem> {
        let mut problems = Vec::new();
        let mut check = |path: String, name: &str, property: &PropertyPlan| {
            let mut add = |zh: &str, en: &str| {
                problems.push(PlanProblem { path: path.clone(), zh: zh.to_owned(), en: en.to_owned() })
            };
            let is_text = matches!(property.kind, PropertyType::Any | PropertyType::Text | PropertyType::Id);
            if name.trim().is_empty() {
                add("名称为空：请写属性名", "the name is empty: write the property's name");
            }
            if !property.values.is_empty() && !is_text {
                add(
                    "只有文本可以限定取值：去掉 values 或把类型改为 text",
                    "only texts have listed values: drop `values`, or make the type `text`",
                );
            }
            if property.max_length.is_some() && !is_text {
                add(
                    "只有文本可以限定长度：去掉 max_length 或把类型改为 text",
                    "only texts have a length: drop `max_length`, or make the type `text`",
                );
            }
            if property.max_length == Some(0) {
                add(
                    "长度上限为 0 不允许任何值：改为正数或去掉",
                    "a length of 0 allows nothing: make it positive, or drop it",
                );
            }
            if property.grade.is_some_and(|grade| !(1..=4).contains(&grade)) {
                add("分级为 1 到 4：请改正 grade", "grades are 1 to 4: correct `grade`");
            }
            if property.required && property.sensitivity == Sensitivity::Drop {
                add(
                    "要丢弃的属性不应设为必填：去掉 required 或改 sensitivity",
                    "a property to be dropped need not be there: drop `required`, or change `sensitivity`",
                );
            }
        };
        for (event, plan) in &self.events {
            for (name, property) in &plan.properties {
                check(format!("events.{event}.properties.{name}"), name, property);
            }
        }
        for (name, property) in &self.traits {
            check(format!("traits.{name}"), name, property);
        }
        if let Some(event) = self.events.keys().find(|event| event.trim().is_empty()) {
            problems.push(PlanProblem {
                path: format!("events.{event}"),
                zh: "事件名为空：请写事件名".to_owned(),
                en: "the name is empty: write the event's name".to_owned(),
            });
        }
        if self.undeclared_events == Reaction::Refuse && self.events.is_empty() {
            problems.push(PlanProblem {
                path: "undeclared_events".to_owned(),
                zh: "没有声明任何事件却拒绝未声明的事件，会拒绝全部数据：先声明事件，或改为 flag".to_owned(),
                en: "refuses every event, for none is declared: declare events first, or make it `flag`".to_owned(),
            });
        }
        problems
    }
}

/// How a message departs from the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ViolationCode {
    /// The event is not declared.
    UndeclaredEvent,
    /// The property is not declared.
    UndeclaredProperty,
    /// A required property is missing.
    MissingProperty,
    /// The value is of another type.
    WrongType,
    /// The text is none of those listed.
    ValueNotAllowed,
    /// The text is longer than declared.
    TooLong,
    /// A personal field is none: a phone `abc`, a masked name. Whatever the plan says.
    UnreadableField,
    /// A field of an order or a product is missing. Whatever the plan says.
    OrderFieldMissing,
    /// A field of an order or a product cannot be read. Whatever the plan says.
    OrderFieldUnreadable,
    /// A sender that does not prove who people are named several known ids; all but the strongest are left out.
    UnprovenLink,
}

impl ViolationCode {
    /// Stable name in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UndeclaredEvent => "undeclared_event",
            Self::UndeclaredProperty => "undeclared_property",
            Self::MissingProperty => "missing_property",
            Self::WrongType => "wrong_type",
            Self::ValueNotAllowed => "value_not_allowed",
            Self::TooLong => "too_long",
            Self::UnreadableField => "unreadable_field",
            Self::OrderFieldMissing => "order_field_missing",
            Self::OrderFieldUnreadable => "order_field_unreadable",
            Self::UnprovenLink => "unproven_link",
        }
    }
}

impl fmt::Display for ViolationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One departure from the plan; it never holds a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Violation {
    /// What is wrong.
    pub code: ViolationCode,
    /// Where: `event`, `properties.store`, `traits.level`; personal data in names masked.
    pub path: String,
}

/// A message that may go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The message, nothing personal in the clear outside its sensitive fields.
    pub message: Message,
    /// What the plan has against it.
    pub violations: Vec<Violation>,
    /// What was masked.
    pub masked: Masked,
}

/// A message that the plan refuses ([`super::RejectCode::RefusedByPlan`]).
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// The message as it came; seal it.
    pub message: Box<Message>,
    /// Why.
    pub violations: Vec<Violation>,
}

/// Checks a message against the plan and masks what is personal in it. Numbers that the mapping of orders names are ids of
/// things and stay.
///
/// # Errors
/// [`Refused`] when the plan refuses it.
pub fn check(plan: &Plan, orders: &CommerceMapping, mut message: Message) -> Result<Checked, Refused> {
    let mut found = Found { violations: Vec::new(), is_refused: false };
    let event = plan.events.get(message.event_name());
    if message.kind.is_event() {
        if event.is_none() {
            found.add(plan.undeclared_events, ViolationCode::UndeclaredEvent, "event".to_owned());
        }
        // Properties of an event that is not declared are not looked at one by one.
        if let Some(event) = event {
            let undeclared = event.undeclared_properties.unwrap_or(plan.undeclared_properties);
            found.look(plan, undeclared, &event.properties, &message.properties, "properties");
        }
    } else if message.kind.states_traits() && !plan.traits.is_empty() {
        // A message need not state every trait.
        found.look(plan, plan.undeclared_properties, &plan.traits, &message.traits, "traits");
        found.violations.retain(|violation| violation.code != ViolationCode::MissingProperty);
    }
    if found.is_refused {
        return Err(Refused { message: Box::new(message), violations: found.violations });
    }
    let no_properties = BTreeMap::new();
    let properties = event.map_or(&no_properties, |event| &event.properties);
    set_apart(properties, &mut message.properties, &mut message.sealed);
    set_apart(&plan.traits, &mut message.traits, &mut message.sealed);

    let mut masked = Masked::new();
    let is_id = |plans: &BTreeMap<String, PropertyPlan>, path: &str| {
        plans.get(path).is_some_and(|property| property.kind == PropertyType::Id)
    };
    let event_name = message.event_name().to_owned();
    let is_exempt = |path: &str| is_id(properties, path) || orders.is_id(&event_name, path);
    mask_object(&mut message.properties, &is_exempt, &mut masked);
    mask_object(&mut message.traits, &|path| is_id(&plan.traits, path), &mut masked);
    if let Some(name) = &mut message.event {
        hide(name, mask_text(name, &mut masked));
    }
    for (field, value) in message.context.fields_mut() {
        let Some(text) = value else { continue };
        let hidden = match field {
            "url" | "referrer" => mask_url(text, &mut masked),
            "user_agent" => None,
            _ => mask_text(text, &mut masked),
        };
        hide(text, hidden);
    }
    for name in message.unread.keys() {
        found.add(Reaction::Flag, ViolationCode::UnreadableField, format!("traits.{name}"));
    }
    for problem in commerce::facts(&message, orders).problems {
        let code = match problem.fault {
            "missing" => ViolationCode::OrderFieldMissing,
            _ => ViolationCode::OrderFieldUnreadable,
        };
        found.add(Reaction::Flag, code, format!("orders.{}", problem.field));
    }
    Ok(Checked { message, violations: found.violations, masked })
}

fn hide(text: &mut String, hidden: Option<String>) {
    if let Some(hidden) = hidden {
        *text = hidden;
    }
}

/// Drops what is to be dropped and seals what is personal.
fn set_apart(
    plans: &BTreeMap<String, PropertyPlan>,
    values: &mut Map<String, Value>,
    sealed: &mut BTreeMap<String, Sensitive<Value>>,
) {
    for (name, property) in plans.iter().filter(|(_, property)| property.sensitivity != Sensitivity::Ordinary) {
        if let Some(value) = values.remove(name)
            && property.sensitivity == Sensitivity::Personal
            && !value.is_null()
        {
            sealed.insert(name.clone(), Sensitive::new(value));
        }
    }
}

struct Found {
    violations: Vec<Violation>,
    is_refused: bool,
}

impl Found {
    fn add(&mut self, reaction: Reaction, code: ViolationCode, path: String) {
        if reaction == Reaction::Keep {
            return;
        }
        self.is_refused |= reaction == Reaction::Refuse;
        let path = mask_text(&path, &mut Masked::new()).unwrap_or(path);
        self.violations.push(Violation { code, path });
    }

    fn look(
        &mut self,
        plan: &Plan,
        undeclared: Reaction,
        plans: &BTreeMap<String, PropertyPlan>,
        values: &Map<String, Value>,
        place: &str,
    ) {
        let is_trait = place == "traits";
        for (name, property) in plans.iter().filter(|(_, property)| property.required && !is_trait) {
            if property.sensitivity != Sensitivity::Drop && values.get(name).is_none_or(Value::is_null) {
                self.add(plan.violations, ViolationCode::MissingProperty, format!("{place}.{name}"));
            }
        }
        for (name, value) in values {
            let path = || format!("{place}.{name}");
            let Some(property) = plans.get(name) else {
                // `$…` are the SDK's own, `context` is what surrounded the event.
                if !name.starts_with('$') && name != "context" {
                    self.add(undeclared, ViolationCode::UndeclaredProperty, path());
                }
                continue;
            };
            if value.is_null() {
                continue;
            }
            if !is_of(property.kind, value) {
                self.add(plan.violations, ViolationCode::WrongType, path());
            } else if let Some(text) = value.as_str() {
                if !property.values.is_empty() && !property.values.iter().any(|allowed| allowed == text) {
                    self.add(plan.violations, ViolationCode::ValueNotAllowed, path());
                }
                if property.max_length.is_some_and(|most| text.chars().count() > most as usize) {
                    self.add(plan.violations, ViolationCode::TooLong, path());
                }
            }
        }
    }
}

fn is_of(kind: PropertyType, value: &Value) -> bool {
    match kind {
        PropertyType::Any => true,
        PropertyType::Text => value.is_string(),
        PropertyType::Id => value.is_string() || value.is_i64() || value.is_u64(),
        PropertyType::Number => value.is_number(),
        PropertyType::Integer => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        PropertyType::Bool => value.is_boolean(),
        PropertyType::List => value.is_array(),
        PropertyType::Object => value.is_object(),
        PropertyType::Time => match value {
            Value::String(text) => TimeReader::new("UTC", DateOrder::YearFirst)
                .is_ok_and(|mut reader| matches!(reader.instant(text, &mut RuleSet::default()), Ok(Some(_)))),
            value => value.is_number(),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::message::{Dialect, Kind};
    use super::*;
    use crate::detect;

    fn plan() -> Plan {
        serde_json::from_value(json!({
            "version": 1, "undeclared_events": "flag", "undeclared_properties": "flag", "violations": "flag",
            "events": {
                "签到": {"properties": {
                    "store": {"type": "text", "required": true, "values": ["北京", "上海"]},
                    "note": {"type": "text", "sensitivity": "personal"},
                    "debug": {"sensitivity": "drop"},
                    "card": {"type": "id"},
                    "n": {"type": "integer"},
                    "short": {"type": "text", "max_length": 2},
                    "when": {"type": "time"}
                }},
                "严格": {"undeclared_properties": "refuse"}
            },
            "traits": {"level": {"type": "text"}, "secret": {"sensitivity": "personal", "required": true}}
        }))
        .unwrap()
    }

    fn event(name: &str, properties: Value) -> Message {
        let mut message = Message::new(Dialect::Segment, Kind::Track, "m".to_owned(), 0);
        message.event = Some(name.to_owned());
        message.properties = properties.as_object().cloned().unwrap_or_default();
        message
    }

    fn violations(properties: Value) -> Vec<(ViolationCode, String)> {
        let checked = check(&plan(), &CommerceMapping::default(), event("签到", properties)).unwrap();
        checked.violations.into_iter().map(|violation| (violation.code, violation.path)).collect()
    }

    #[test]
    fn departures_are_named() {
        use ViolationCode::{
            MissingProperty, TooLong, UndeclaredEvent, UndeclaredProperty, ValueNotAllowed, WrongType,
        };
        let path = |name: &str| format!("properties.{name}");
        assert_eq!(violations(json!({"store": "北京", "n": 3.0, "when": "2024-03-05", "$lib": "js"})), []);
        assert_eq!(violations(json!({})), [(MissingProperty, path("store"))]);
        assert_eq!(
            violations(json!({"store": "广州", "n": 1.5, "short": "三个字", "other": 1, "when": "x"})),
            [
                (WrongType, path("n")),
                (UndeclaredProperty, path("other")),
                (TooLong, path("short")),
                (ValueNotAllowed, path("store")),
                (WrongType, path("when")),
            ]
        );
        assert_eq!(violations(json!({"store": "北京", "13912345678": 1})), [(UndeclaredProperty, path("139****5678"))]);
        let checked = check(&plan(), &CommerceMapping::default(), event("别的", json!({"x": 1}))).unwrap();
        assert_eq!(checked.violations[0].code, UndeclaredEvent);
        let refused =
            check(&plan(), &CommerceMapping::default(), event("严格", json!({"x": "13912345678"}))).unwrap_err();
        assert_eq!(refused.message.properties["x"], "13912345678");
        assert_eq!(
            check(&Plan::default(), &CommerceMapping::default(), event("任意", json!({"x": 1}))).unwrap().violations,
            []
        );
    }

    #[test]
    fn personal_properties_are_sealed_and_the_rest_masked() {
        let mut message = event(
            "签到",
            json!({"store": "北京", "note": "找张三", "debug": 1, "card": "6222021234567890128", "deep": {"list": ["a@qq.com"]}}),
        );
        message.context.url = Some("https://a.cn/?t=13912345678".to_owned());
        message.context.title = Some("13912345678的主页".to_owned());
        let checked = check(&plan(), &CommerceMapping::default(), message).unwrap();
        let message = checked.message;
        assert_eq!(message.sealed["note"].expose(), "找张三");
        assert_eq!(
            Value::Object(message.properties),
            json!({"store": "北京", "card": "6222021234567890128", "deep": {"list": ["***@qq.com"]}})
        );
        assert_eq!(message.context.url.as_deref(), Some("https://a.cn/?t=139****5678"));
        assert_eq!(message.context.title.as_deref(), Some("139****5678的主页"));
        assert_eq!(checked.masked, Masked::from([("phone", 2), ("email", 1)]));
    }

    #[test]
    fn traits_need_not_all_be_stated() {
        let mut message = Message::new(Dialect::Segment, Kind::Identify, "m".to_owned(), 0);
        message.traits = json!({"level": 3, "secret": "x"}).as_object().cloned().unwrap_or_default();
        let checked = check(&plan(), &CommerceMapping::default(), message).unwrap();
        assert_eq!(checked.violations, [Violation { code: ViolationCode::WrongType, path: "traits.level".to_owned() }]);
        assert!(checked.message.sealed.contains_key("secret"));
    }

    #[test]
    fn what_could_not_be_read_is_a_violation_without_its_value() {
        let mut message = Message::new(Dialect::Segment, Kind::Identify, "m".to_owned(), 0);
        message.unread.insert("phone".to_owned(), Sensitive::new("abc".to_owned()));
        let none = CommerceMapping::default();
        let checked = check(&Plan::default(), &none, message).unwrap();
        let found = |code, path: &str| Violation { code, path: path.to_owned() };
        assert_eq!(checked.violations, [found(ViolationCode::UnreadableField, "traits.phone")]);

        let message = event("Order Completed", json!({"total": "面议"}));
        let checked = check(&Plan::default(), &none, message).unwrap();
        assert_eq!(checked.violations, [found(ViolationCode::OrderFieldMissing, "orders.order_id")]);
        let orders: CommerceMapping = serde_json::from_value(json!({"events": {"付款": {"event": "order_paid",
            "fields": {"order_id": "单号", "total": "金额"}}}}))
        .unwrap();
        let message =
            event("付款", json!({"单号": "6222021234567890128", "流水": "6222021234567890128", "金额": "面议"}));
        let checked = check(&Plan::default(), &orders, message).unwrap();
        assert_eq!(checked.violations, [found(ViolationCode::OrderFieldUnreadable, "orders.total")]);
        assert_eq!(checked.message.properties["单号"], "6222021234567890128");
        assert_ne!(checked.message.properties["流水"], "6222021234567890128");
    }

    #[test]
    fn problems_name_path_and_remedy() {
        assert_eq!(plan().validate(), []);
        let wrong: Plan = serde_json::from_value(json!({"events": {"e": {"properties": {
            "n": {"type": "number", "values": ["1"]}, "d": {"required": true, "sensitivity": "drop"}}}}}))
        .unwrap();
        let problems: Vec<String> = wrong.validate().iter().map(ToString::to_string).collect();
        assert_eq!(
            problems,
            [
                "events.e.properties.d: a property to be dropped need not be there: drop `required`, or change `sensitivity`",
                "events.e.properties.n: only texts have listed values: drop `values`, or make the type `text`",
            ]
        );
        let empty = Plan { undeclared_events: Reaction::Refuse, ..Plan::default() };
        assert_eq!(empty.validate()[0].path, "undeclared_events");
        assert!(serde_json::from_value::<Plan>(json!({"event": {}})).is_err());
        let json = serde_json::to_value(plan()).unwrap();
        assert_eq!(serde_json::from_value::<Plan>(json).unwrap(), plan());
    }

    proptest! {
        /// INV-COLLECT-4.
        #[test]
        fn nothing_to_be_found_is_left(text in "([a-c@.%]|13912345678|11010519491231002X|qq\\.cn){0,6}", key in "[a-z]{1,5}|13912345678") {
            let mut message = event(&text, json!({key.clone(): text, "l": [{key: [text, 13_912_345_678_i64]}]}));
            message.context.url = Some(text.clone());
            message.context.title = Some(text.clone());
            let message = check(&Plan::default(), &CommerceMapping::default(), message).unwrap().message;
            let all = [message.event_name().to_owned()].into_iter().chain(message.context.fields().map(|(_, value)| value.to_owned()));
            for text in all {
                prop_assert_eq!(detect::mask_text(&text), None, "{}", text);
            }
            fn leaves(value: &Value, found: &mut Vec<String>) {
                match value {
                    Value::Object(map) => map.iter().for_each(|(key, value)| { found.push(key.clone()); leaves(value, found); }),
                    Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
                    Value::String(text) => found.push(text.clone()),
                    other => found.push(other.to_string()),
                }
            }
            let mut found = Vec::new();
            leaves(&Value::Object(message.properties), &mut found);
            for text in found {
                prop_assert_eq!(detect::mask_text(&text), None, "{}", text);
            }
        }
    }
}
