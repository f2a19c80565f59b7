//! Personal fields among traits and properties: which names mean them, how they are read, taken out or masked.
//!
//! Names are those that the import of files knows as headers of `profiles`, in Chinese and English, in any spelling of
//! case and separators (`phoneNumber`, `phone_number`, `手机号`), with the `$` of Sensors or without. Of the identities
//! only those are taken from traits that name a person wherever they come from (phone, e-mail, ID number, unionid,
//! openid, card): `accountId` and the like among traits mean too many things.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use serde_json::{Map, Value, json};

use super::clock::Clock;
use super::message::{Identity, Kind, Message};
use super::wire::{id_text, plain_text};
use crate::clean::RuleSet;
use crate::clean::cell::clean;
use crate::clean::email::read_email;
use crate::clean::id_number::read_id_number;
use crate::clean::person::{looks_masked, read_gender};
use crate::clean::phone::{PhoneReading, read_phone, split_phones};
use crate::detect::{self, FindingKind};
use crate::import::entity::{Entity, IdentityKind, Target, TargetKind, targets};
use crate::import::synonyms::normal;
use crate::mask;
use crate::sensitive::Sensitive;

/// What a name of a trait means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    Name,
    FirstName,
    LastName,
    Phone,
    Email,
    IdNumber,
    Birthday,
    Address,
    Gender,
    Identity(IdentityKind),
}

impl Meaning {
    /// Name of the personal field.
    const fn field(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::FirstName => "first_name",
            Self::LastName => "last_name",
            Self::Phone => "phone",
            Self::Email => "email",
            Self::IdNumber => "id_number",
            Self::Birthday => "birthday",
            Self::Address => "address",
            Self::Gender => "gender",
            Self::Identity(kind) => kind.as_str(),
        }
    }
}

/// Every name that means something, in normal form. Where two targets know a name, the earlier has it.
static MEANINGS: LazyLock<HashMap<String, Meaning, FixedState>> = LazyLock::new(|| {
    let mut meanings: HashMap<String, Option<Meaning>, FixedState> = HashMap::default();
    for target in targets(Entity::Profiles) {
        let meaning = meaning_of_target(target);
        for word in target.synonyms.iter().copied().chain([target.name]) {
            meanings.entry(normal(word).full).or_insert(meaning);
        }
    }
    meanings.into_iter().filter_map(|(word, meaning)| Some((word, meaning?))).collect()
});

fn meaning_of_target(target: &Target) -> Option<Meaning> {
    Some(match (target.kind, target.name) {
        (TargetKind::Name, "first_name") => Meaning::FirstName,
        (TargetKind::Name, "last_name") => Meaning::LastName,
        (TargetKind::Name, _) => Meaning::Name,
        (TargetKind::Phone, _) => Meaning::Phone,
        (TargetKind::Email, _) => Meaning::Email,
        (TargetKind::IdNumber, _) => Meaning::IdNumber,
        (TargetKind::Birthday, _) => Meaning::Birthday,
        (TargetKind::Address, _) => Meaning::Address,
        (TargetKind::Gender, _) => Meaning::Gender,
        (
            TargetKind::IdentityValue(kind @ (IdentityKind::Unionid | IdentityKind::Openid | IdentityKind::CardNo)),
            _,
        ) => Meaning::Identity(kind),
        _ => return None,
    })
}

/// A key in the form in which it is looked up. Most keys of events are plain ASCII, for which little has to be done.
fn normal_key(key: &str) -> Cow<'_, str> {
    let key = key.strip_prefix('$').unwrap_or(key);
    if key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) {
        return Cow::Borrowed(key);
    }
    if key.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
        let kept = key.chars().filter(char::is_ascii_alphanumeric);
        return Cow::Owned(kept.map(|letter| letter.to_ascii_lowercase()).collect());
    }
    Cow::Owned(normal(key).full)
}

fn meaning(key: &str) -> Option<Meaning> {
    MEANINGS.get(normal_key(key).as_ref()).copied()
}

/// Reads an identity of a kind whose values have a form; other kinds are taken as they are. `None` for what identifies
/// nobody: masked, virtual and test values, malformed ones.
pub fn read_identity(kind: IdentityKind, text: &str) -> Option<String> {
    let mut fired = RuleSet::default();
    let mut scratch = String::new();
    let text = clean(text, &mut scratch, &mut fired)?;
    match kind {
        IdentityKind::Phone => match read_phone(text, &mut fired) {
            PhoneReading::Phone { value, .. } => Some(value),
            _ => None,
        },
        IdentityKind::Email => read_email(text, &mut fired).ok(),
        IdentityKind::IdNumber => read_id_number(text, &mut fired).ok().map(|number| number.value),
        _ if looks_masked(text) => None,
        _ => Some(text.to_owned()),
    }
}

/// Takes the personal fields and identities out of traits and gives the rest to the message.
///
/// `null` takes a field away, as every field of an unset does. A blank text says nothing: forms send it for what was left
/// open. A field that cannot be read, or is masked already, goes to `unread` as it was sent.
pub(super) fn split(traits: Map<String, Value>, clock: &mut Clock, message: &mut Message) {
    let is_unset = message.kind == Kind::ProfileUnset;
    let mut names = (None, None);
    for (key, value) in traits {
        let Some(meaning) = meaning(&key) else {
            message.traits.insert(key, value);
            continue;
        };
        if value.is_null() || is_unset {
            match meaning {
                Meaning::Gender => drop(message.traits.insert("gender".to_owned(), Value::Null)),
                Meaning::Identity(_) => {}
                Meaning::FirstName | Meaning::LastName => drop(message.personal.insert("name".to_owned(), None)),
                _ => drop(message.personal.insert(meaning.field().to_owned(), None)),
            }
            continue;
        }
        if value.as_str().is_some_and(|text| text.trim().is_empty()) {
            continue;
        }
        let texts = texts_of(meaning, &value, message);
        let read = match meaning {
            Meaning::Gender => {
                let gender = texts.iter().find_map(|text| read_gender(text, &mut RuleSet::default()));
                message.traits.insert(
                    "gender".to_owned(),
                    gender.map_or_else(|| value.clone(), |gender| Value::from(gender.as_str())),
                );
                continue;
            }
            Meaning::FirstName => {
                names.0 = texts.into_iter().next();
                continue;
            }
            Meaning::LastName => {
                names.1 = texts.into_iter().next();
                continue;
            }
            Meaning::Phone => of_kind(IdentityKind::Phone, texts.iter().flat_map(|text| split_phones(text)), message),
            Meaning::Email => of_kind(IdentityKind::Email, texts.iter().map(String::as_str), message),
            Meaning::IdNumber => of_kind(IdentityKind::IdNumber, texts.iter().map(String::as_str), message),
            Meaning::Identity(kind) => {
                if of_kind(kind, texts.iter().map(String::as_str), message).is_none() {
                    message.unread.insert(key, Sensitive::new(shown(&value)));
                }
                continue;
            }
            Meaning::Birthday => texts.iter().find_map(|text| clock.read_day(text)),
            Meaning::Name | Meaning::Address => texts.into_iter().find(|text| !looks_masked(text)),
        };
        match read {
            Some(text) => drop(message.personal.insert(meaning.field().to_owned(), Some(Sensitive::new(text)))),
            None => drop(message.unread.insert(key, Sensitive::new(shown(&value)))),
        }
    }
    let whole = match names {
        (Some(first), Some(last)) if first.is_ascii() || last.is_ascii() => Some(format!("{first} {last}")),
        (Some(first), Some(last)) => Some(format!("{last}{first}")),
        (first, last) => first.or(last),
    };
    if let Some(whole) = whole.filter(|_| !matches!(message.personal.get("name"), Some(Some(_)))) {
        message.personal.insert("name".to_owned(), Some(Sensitive::new(whole)));
    }
    let year = match message.personal.get("birthday") {
        Some(Some(day)) => day.expose().get(..4).and_then(|year| year.parse::<i64>().ok()),
        _ => None,
    };
    if let Some(year) = year {
        message.traits.entry("birth_year").or_insert_with(|| json!(year));
    }
}

/// The texts of a value; the parts of an address object, whose regions become traits.
fn texts_of(meaning: Meaning, value: &Value, message: &mut Message) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().filter_map(plain_text).collect(),
        Value::Object(parts) if meaning == Meaning::Address => {
            for (key, name) in
                [("country", "country"), ("state", "province"), ("province", "province"), ("city", "city")]
            {
                if let Some(Value::String(region)) = parts.get(key) {
                    message.traits.entry(name).or_insert_with(|| Value::from(region.as_str()));
                }
            }
            let part = |key: &str| parts.get(key).and_then(id_text);
            let keys = ["country", "state", "province", "city", "district", "street", "address", "postalCode"];
            let text = keys.iter().filter_map(|key| part(key)).collect::<Vec<_>>().join(" ");
            if text.is_empty() { Vec::new() } else { vec![text] }
        }
        value => plain_text(value).into_iter().collect(),
    }
}

/// The first readable value; all of them become identities.
fn of_kind<'a>(kind: IdentityKind, texts: impl Iterator<Item = &'a str>, message: &mut Message) -> Option<String> {
    let mut first = None;
    for value in texts.filter_map(|text| read_identity(kind, text)) {
        message.add_identity(Identity::new(kind, value.as_str()));
        first.get_or_insert(value);
    }
    first
}

fn shown(value: &Value) -> String {
    plain_text(value).unwrap_or_else(|| value.to_string())
}

/// How many personal values were masked, by kind (`phone`, `id_number`, `card`, `email`, or `name`, `address` and
/// `birthday` by their key).
pub type Masked = BTreeMap<&'static str, u32>;

/// Keys whose values are ids of things: a number of an order must not be taken for a bank card.
const IDS_OF_THINGS: &[&str] = &[
    "orderid",
    "checkoutid",
    "cartid",
    "productid",
    "sku",
    "skuid",
    "refundid",
    "couponid",
    "listid",
    "promotionid",
    "wishlistid",
    "reviewid",
    "campaignid",
    "storeid",
    "订单号",
    "订单编号",
    "商品编号",
    "商品编码",
];

/// Keys of properties that hold a person's name or address; a bare `name` is mostly that of a product or a page.
const PERSONS: &[(&str, &str)] = &[
    ("姓名", "name"),
    ("真实姓名", "name"),
    ("客户姓名", "name"),
    ("会员姓名", "name"),
    ("联系人", "name"),
    ("收货人", "name"),
    ("收件人", "name"),
    ("realname", "name"),
    ("fullname", "name"),
    ("firstname", "name"),
    ("lastname", "name"),
    ("receivername", "name"),
    ("consignee", "name"),
    ("收货地址", "address"),
    ("收件地址", "address"),
    ("详细地址", "address"),
    ("shippingaddress", "address"),
    ("billingaddress", "address"),
    ("deliveryaddress", "address"),
    ("receiveraddress", "address"),
];

/// Masks personal values wherever they stand in an object: in texts and numbers, nested objects and arrays, and keys.
///
/// Values of ids of things stay as they are, as do those for which `is_exempt` says so by the path of their keys.
pub fn mask_object(object: &mut Map<String, Value>, is_exempt: &dyn Fn(&str) -> bool, masked: &mut Masked) {
    let mut path = String::new();
    mask_within(object, &mut path, is_exempt, masked);
}

fn mask_within(
    object: &mut Map<String, Value>,
    path: &mut String,
    is_exempt: &dyn Fn(&str) -> bool,
    masked: &mut Masked,
) {
    let keys: Vec<(String, String)> =
        object.keys().filter_map(|key| Some((key.clone(), mask_text(key, masked)?))).collect();
    for (key, hidden) in keys {
        if let Some(value) = object.remove(&key) {
            // Two keys with one mask: the later gets a number.
            let name = (1..).map(|n| if n == 1 { hidden.clone() } else { format!("{hidden} {n}") });
            let name = name.take(10_000).find(|name| !object.contains_key(name)).unwrap_or(hidden);
            object.insert(name, value);
        }
    }
    for (key, value) in object.iter_mut() {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(key);
        let normal = normal_key(key);
        if !IDS_OF_THINGS.contains(&normal.as_ref()) && !is_exempt(path) {
            mask_value(value, field_of(&normal), path, is_exempt, masked);
        }
        path.truncate(length);
    }
}

/// The personal field that a key of a property, in normal form, names.
fn field_of(normal: &str) -> Option<&'static str> {
    if let Some((_, field)) = PERSONS.iter().find(|(name, _)| *name == normal) {
        return Some(field);
    }
    match *MEANINGS.get(normal)? {
        meaning @ (Meaning::Phone | Meaning::Email | Meaning::IdNumber | Meaning::Birthday) => Some(meaning.field()),
        Meaning::Address if normal != "street" => Some("address"),
        _ => None,
    }
}

fn mask_value(
    value: &mut Value,
    field: Option<&'static str>,
    path: &mut String,
    is_exempt: &dyn Fn(&str) -> bool,
    masked: &mut Masked,
) {
    match value {
        Value::Object(inner) => mask_within(inner, path, is_exempt, masked),
        Value::Array(items) => {
            for item in items {
                mask_value(item, field, path, is_exempt, masked);
            }
        }
        Value::String(text) => {
            let hidden = match field {
                Some(field) if !text.trim().is_empty() => {
                    let hidden = mask::field(field, text);
                    (hidden != *text).then(|| {
                        *masked.entry(field).or_default() += 1;
                        hidden
                    })
                }
                _ => mask_text(text, masked),
            };
            if let Some(hidden) = hidden {
                // What a mask leaves to be seen may end another find.
                *text = detect::mask_text(&hidden).unwrap_or(hidden);
            }
        }
        // Nothing personal has fewer than eleven digits.
        Value::Number(number) if field.is_none() && number.as_u64().is_some_and(|n| n < 10_000_000_000) => {}
        Value::Number(number) => {
            let text = number.to_string();
            let hidden = match field {
                Some(field) => {
                    *masked.entry(field).or_default() += 1;
                    Some(mask::field(field, &text))
                }
                None if number.is_f64() => None,
                None => mask_text(&text, masked),
            };
            if let Some(hidden) = hidden {
                *value = Value::String(hidden);
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

/// Masks what is found in a text and counts it.
pub(super) fn mask_text(text: &str, masked: &mut Masked) -> Option<String> {
    let hidden = detect::mask_text(text)?;
    for finding in detect::scan(text) {
        *masked.entry(FindingKind::as_str(finding.kind)).or_default() += 1;
    }
    Some(hidden)
}

/// As [`mask_text`] for an address of a page, whose parameters are percent-encoded.
pub(super) fn mask_url(url: &str, masked: &mut Masked) -> Option<String> {
    let plain = mask_text(url, masked);
    let url = plain.as_deref().unwrap_or(url);
    if !url.contains('%') {
        return plain;
    }
    let mut is_changed = false;
    let mut out = String::with_capacity(url.len());
    for part in url.split_inclusive(['?', '&', '=', '#', '/', ';']) {
        let (body, end) = match part.char_indices().next_back() {
            Some((at, c)) if "?&=#/;".contains(c) => part.split_at(at),
            _ => (part, ""),
        };
        let decoded = String::from_utf8_lossy(&super::wire::percent_decode(body.as_bytes())).into_owned();
        match mask_text(&decoded, masked).filter(|_| body.contains('%')) {
            Some(hidden) => {
                is_changed = true;
                out.push_str(&hidden);
            }
            None => out.push_str(body),
        }
        out.push_str(end);
    }
    if is_changed { Some(out) } else { plain }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::Dialect;
    use super::super::{Arrival, Settings};
    use super::*;

    fn split_traits(kind: Kind, traits: Value) -> Message {
        let settings = Settings::default();
        let arrival = Arrival {
            received_at: 1_709_618_602_000_000,
            request_id: "r",
            peer_ip: None,
            user_agent: None,
            sent_at: None,
            settings: &settings,
        };
        let mut message = Message::new(Dialect::Segment, kind, "m".to_owned(), 0);
        let Value::Object(traits) = traits else { panic!("an object") };
        split(traits, &mut Clock::new(&arrival), &mut message);
        message
    }

    fn field<'a>(message: &'a Message, name: &str) -> Option<&'a str> {
        message.personal.get(name)?.as_ref().map(|value| value.expose().as_str())
    }

    #[test]
    fn personal_traits_are_taken_out_in_any_spelling() {
        for key in ["phone", "mobile", "$phone_number", "phoneNumber", "手机号", "Mobile Phone", "手机"] {
            let message = split_traits(Kind::Identify, json!({key: "+86 139 1234 5678", "plan": "pro"}));
            assert_eq!(field(&message, "phone"), Some("13912345678"), "{key}");
            assert_eq!(message.identities, [Identity::new(IdentityKind::Phone, "13912345678")], "{key}");
            assert_eq!(Value::Object(message.traits), json!({"plan": "pro"}), "{key}");
        }
        let message = split_traits(
            Kind::Identify,
            json!({"firstName": "Lei", "lastName": "Li", "邮箱": "Li.Lei@Example.com", "birthday": "1990-05-17",
                   "身份证号": "11010519491231002X", "gender": "女", "phone": 13_912_345_678_i64,
                   "address": {"street": "长安街1号", "city": "北京", "country": "CN"}, "unionid": "oU1"}),
        );
        assert_eq!(field(&message, "name"), Some("Lei Li"));
        assert_eq!(field(&message, "email"), Some("li.lei@example.com"));
        assert_eq!(field(&message, "birthday"), Some("1990-05-17"));
        assert_eq!(field(&message, "id_number"), Some("11010519491231002X"));
        assert_eq!(field(&message, "phone"), Some("13912345678"));
        assert_eq!(field(&message, "address"), Some("CN 北京 长安街1号"));
        assert_eq!(
            Value::Object(message.traits),
            json!({"birth_year": 1990, "gender": "female", "city": "北京", "country": "CN"})
        );
        assert_eq!(message.identities.len(), 4);
    }

    #[test]
    fn null_takes_away_and_masked_values_identify_nobody() {
        let message = split_traits(Kind::Identify, json!({"email": null, "phone": "138****1234", "name": "张*"}));
        assert_eq!(message.personal["email"], None);
        assert_eq!(message.unread.len(), 2);
        assert!(message.identities.is_empty());
        let message = split_traits(Kind::ProfileUnset, json!({"手机号": true}));
        assert_eq!(message.personal["phone"], None);
    }

    fn masked(value: Value) -> (Value, Masked) {
        let Value::Object(mut object) = value else { panic!("an object") };
        let mut counts = Masked::new();
        mask_object(&mut object, &|path| path == "note.ok", &mut counts);
        (Value::Object(object), counts)
    }

    #[test]
    fn properties_are_masked_wherever_the_value_stands() {
        let (value, counts) = masked(json!({
            "text": "打给13912345678",
            "n": 13_912_345_678_i64,
            "deep": [{"a": ["a@qq.com"]}],
            "13912345678": 1,
            "收货人": "张三丰",
            "mobile": "02112345678",
            "order_id": "6222021234567890128",
            "time": 1_709_618_602_123_i64,
            "note": {"ok": "13912345678"},
            "name": "连衣裙",
        }));
        assert_eq!(
            value,
            json!({
                "text": "打给139****5678",
                "n": "139****5678",
                "deep": [{"a": ["***@qq.com"]}],
                "139****5678": 1,
                "收货人": "张*丰",
                "mobile": "****",
                "order_id": "6222021234567890128",
                "time": 1_709_618_602_123_i64,
                "note": {"ok": "13912345678"},
                "name": "连衣裙",
            })
        );
        assert_eq!(counts, Masked::from([("phone", 4), ("email", 1), ("name", 1)]));
    }

    #[test]
    fn urls_are_masked_encoded_or_not() {
        let mut counts = Masked::new();
        let url = "https://a.cn/p?m=li%2Elei%40qq.com&t=13912345678&q=%E4%B8%AD";
        let hidden = mask_url(url, &mut counts);
        assert_eq!(hidden.as_deref(), Some("https://a.cn/p?m=l***@qq.com&t=139****5678&q=%E4%B8%AD"));
        assert_eq!(mask_url("https://a.cn/p?q=%E4%B8%AD", &mut counts), None);
    }

    proptest! {
        /// The short way for plain keys is no other way.
        #[test]
        fn keys_have_one_normal_form(key in "\\$?[a-zA-Z0-9_.-]{0,12}|\\PC{0,8}") {
            prop_assert_eq!(normal_key(&key), normal(key.strip_prefix('$').unwrap_or(&key)).full);
        }

        /// Masking again changes nothing: nothing is left to be found.
        #[test]
        fn nothing_is_left(text in "([a-c@.]|13912345678|qq|cn|x){0,8}", key in "(13912345678|a|@b\\.cn){0,3}") {
            let (value, _) = masked(json!({"a": text, "b": [text], key: {"c": text}}));
            let (again, counts) = masked(value.clone());
            prop_assert_eq!(again, value);
            prop_assert!(counts.is_empty());
        }
    }
}
