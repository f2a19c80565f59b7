//! The neutral message: what every dialect becomes, and how it stands in the log.
//!
//! Must not know dialects. A message does not implement `Serialize`: it holds personal values, and is written only by
//! [`Message::to_log`], whose bytes are sealed at once.
//!
//! **Log form**: one byte of version (`1`), then JSON with short keys; what is absent is left out. A reader of version 1
//! ignores keys it does not know, so new fields need no new version; a changed meaning does.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use crate::import::entity::IdentityKind;
use crate::sensitive::Sensitive;

/// First byte of a message in the log.
const VERSION: u8 = b'1';

/// By which rules a record was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// Segment and RudderStack.
    #[default]
    Segment,
    /// Sensors (神策).
    Sensors,
    /// Plain JSON of devices and partners.
    Plain,
}

/// What a message says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Something happened.
    Track,
    /// A page was seen.
    Page,
    /// A screen of an app was seen.
    Screen,
    /// Who somebody is: sets traits, `null` unsets them.
    Identify,
    /// Somebody belongs to a group; the traits are the group's.
    Group,
    /// Two ids are one person from the beginning.
    Alias,
    /// Ids are one person from now on; also an event when it has a name.
    Link,
    /// An id no longer belongs to a person.
    Unlink,
    /// Sets traits.
    ProfileSet,
    /// Sets traits that have no value yet.
    ProfileSetOnce,
    /// Adds numbers to traits.
    ProfileIncrement,
    /// Adds members to traits that are lists.
    ProfileAppend,
    /// Takes traits away; the values say nothing.
    ProfileUnset,
    /// Takes all traits away.
    ProfileDelete,
    /// Sets fields of a row of a dimension table.
    ItemSet,
    /// Deletes a row of a dimension table.
    ItemDelete,
}

impl Kind {
    /// Name in snake_case; the name of an event that was given none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Track => "track",
            Self::Page => "page",
            Self::Screen => "screen",
            Self::Identify => "identify",
            Self::Group => "group",
            Self::Alias => "alias",
            Self::Link => "link",
            Self::Unlink => "unlink",
            Self::ProfileSet => "profile_set",
            Self::ProfileSetOnce => "profile_set_once",
            Self::ProfileIncrement => "profile_increment",
            Self::ProfileAppend => "profile_append",
            Self::ProfileUnset => "profile_unset",
            Self::ProfileDelete => "profile_delete",
            Self::ItemSet => "item_set",
            Self::ItemDelete => "item_delete",
        }
    }

    /// Whether it is a fact of behaviour, and so a row of `events`.
    pub const fn is_event(self) -> bool {
        matches!(self, Self::Track | Self::Page | Self::Screen | Self::Link | Self::Unlink)
    }

    /// Whether it states traits of a person.
    pub const fn states_traits(self) -> bool {
        matches!(
            self,
            Self::Identify
                | Self::ProfileSet
                | Self::ProfileSetOnce
                | Self::ProfileIncrement
                | Self::ProfileAppend
                | Self::ProfileUnset
                | Self::ProfileDelete
        )
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An id by which somebody was seen.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// What it is.
    pub kind: IdentityKind,
    /// Name space within the kind, mostly empty: the key that a dialect gave (`user_uid`).
    pub namespace: String,
    /// The id itself.
    pub value: Sensitive<String>,
}

impl Identity {
    /// An id without a name space.
    pub fn new(kind: IdentityKind, value: impl Into<String>) -> Self {
        Self { kind, namespace: String::new(), value: Sensitive::new(value.into()) }
    }

    /// Whether it stands for a device or a browser rather than a known person.
    pub const fn is_anonymous(&self) -> bool {
        self.kind.is_anonymous()
    }

    fn parts(&self) -> (IdentityKind, &str, &str) {
        (self.kind, &self.namespace, self.value.expose())
    }
}

impl Ord for Identity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.parts().cmp(&other.parts())
    }
}

impl PartialOrd for Identity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Position of a message in the order by which registers decide: event time, then id. Unique per message.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp(
    /// Event time in microseconds.
    pub i64,
    /// Id of the message.
    pub String,
);

/// Where the event time comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSource {
    /// As the sender stated it.
    #[default]
    Stated,
    /// Stated by a clock that was wrong, and corrected.
    Corrected,
    /// The receive time: none was stated, or it cannot be.
    Received,
}

macro_rules! context {
    ($( $field:ident $short:literal $doc:literal; )*) => {
        /// What surrounds an event; words of the dialects brought to one name each.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct Context {
            $(
                #[doc = $doc]
                #[serde(rename = $short, skip_serializing_if = "Option::is_none")]
                pub $field: Option<String>,
            )*
        }

        impl Context {
            /// Each field with its name.
            pub fn fields_mut(&mut self) -> Vec<(&'static str, &mut Option<String>)> {
                vec![$( (stringify!($field), &mut self.$field), )*]
            }

            /// Each field that has a value, with its name.
            pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
                [$( (stringify!($field), self.$field.as_deref()), )*]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
            }
        }
    };
}

context! {
    url "u" "Page.";
    title "ti" "Title of the page or screen.";
    referrer "r" "Page before.";
    utm_source "us" "Campaign source.";
    utm_medium "um" "Campaign medium.";
    utm_campaign "uc" "Campaign name.";
    utm_term "ut" "Campaign term.";
    utm_content "uo" "Campaign content.";
    device "d" "Model of the device, or its type.";
    os "o" "Operating system, with its version.";
    browser "b" "Browser, with its version.";
    app_version "av" "Version of the app.";
    user_agent "ua" "User agent.";
    session "s" "Session as the sender counts it; a hint, sessions are computed.";
    channel "c" "Channel: web, mobile, server, or the source's own word.";
    locale "l" "Language and region.";
    timezone "tz" "Zone of the sender.";
    library "lib" "Library that sent it, with its version.";
    store_id "st" "Store.";
}

/// A row of a dimension table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Item {
    /// Table.
    pub item_type: String,
    /// Row.
    pub item_id: String,
}

/// An accepted message.
///
/// **Units**: times in microseconds since 1970-01-01T00:00:00 UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// How it was read.
    pub dialect: Dialect,
    /// Its id: given, made of what makes it unique, or made of the request's.
    pub message_id: String,
    /// Whether a second message with the same id is the same message.
    pub is_id_given: bool,
    /// What it says.
    pub kind: Kind,
    /// Name of the event, page or screen.
    pub event: Option<String>,
    /// When it happened.
    pub occurred_at: i64,
    /// When it arrived.
    pub received_at: i64,
    /// What the sender stated, when `occurred_at` differs.
    pub stated_at: Option<i64>,
    /// Where `occurred_at` comes from.
    pub time_source: TimeSource,
    /// Whether the sender asked that it be taken however old it is.
    pub is_time_free: bool,
    /// Whom it is about, known ids before anonymous ones. For an alias the person first, then the id that moves.
    pub identities: Vec<Identity>,
    /// Group that somebody belongs to.
    pub group_id: Option<String>,
    /// Row of a dimension table that it is about.
    pub item: Option<Item>,
    /// What it states about a person, a group or an item; nothing personal.
    pub traits: Map<String, Value>,
    /// Personal fields that it states, by the names of `profiles`; `None` takes one away.
    pub personal: BTreeMap<String, Option<Sensitive<String>>>,
    /// Personal fields that could not be read, as they were sent.
    pub unread: BTreeMap<String, Sensitive<String>>,
    /// What it says about the event.
    pub properties: Map<String, Value>,
    /// Properties that the plan declares personal.
    pub sealed: BTreeMap<String, Sensitive<Value>>,
    /// What surrounds it.
    pub context: Context,
    /// Address of the sender.
    pub ip: Option<Sensitive<String>>,
    /// The code whose scan this is; nothing that is sent can set it.
    pub binding_id: Option<i64>,
}

impl Message {
    /// A message that says nothing yet.
    pub fn new(dialect: Dialect, kind: Kind, message_id: String, received_at: i64) -> Self {
        Self {
            dialect,
            message_id,
            is_id_given: true,
            kind,
            event: None,
            occurred_at: received_at,
            received_at,
            stated_at: None,
            time_source: TimeSource::Received,
            is_time_free: false,
            identities: Vec::new(),
            group_id: None,
            item: None,
            traits: Map::new(),
            personal: BTreeMap::new(),
            unread: BTreeMap::new(),
            properties: Map::new(),
            sealed: BTreeMap::new(),
            context: Context::default(),
            ip: None,
            binding_id: None,
        }
    }

    /// Name of the event; that of its kind when none was given.
    pub fn event_name(&self) -> &str {
        self.event.as_deref().unwrap_or(self.kind.as_str())
    }

    /// Where it stands in the order by which registers decide.
    pub fn stamp(&self) -> Stamp {
        Stamp(self.occurred_at, self.message_id.clone())
    }

    /// What two arrivals of one message have in common within a project; `None` when it cannot be told.
    ///
    /// Keep keys for at least a day, better a week; one body may hold the same message twice.
    pub fn dedup_key(&self) -> Option<u128> {
        // The dialect is left out: a back end that moves from one to another keeps its ids.
        self.is_id_given.then(|| xxh3_128(self.message_id.as_bytes()))
    }

    /// Adds an id unless it is there.
    pub fn add_identity(&mut self, identity: Identity) {
        if !self.identities.contains(&identity) {
            self.identities.push(identity);
        }
    }

    /// Writes it behind `out`, personal values in the clear: seal the bytes at once.
    pub fn to_log(&self, out: &mut Vec<u8>) {
        struct Clear<'a>(&'a Message);
        impl Serialize for Clear<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Form::serialize(self.0, serializer)
            }
        }
        out.push(VERSION);
        // Writing to memory fails only where a map's key is no text; there is none.
        let is_written = serde_json::to_writer(&mut *out, &Clear(self)).is_ok();
        debug_assert!(is_written);
    }

    /// Reads what [`Message::to_log`] wrote.
    ///
    /// # Errors
    /// [`LogError`]; it never holds a value.
    pub fn from_log(bytes: &[u8]) -> Result<Self, LogError> {
        let (&version, json) = bytes.split_first().ok_or(LogError::Empty)?;
        if version != VERSION {
            return Err(LogError::Version(version));
        }
        let mut reader = serde_json::Deserializer::from_slice(json);
        let message = Form::deserialize(&mut reader).map_err(|error| LogError::Damaged(error.column()))?;
        reader.end().map_err(|error| LogError::Damaged(error.column()))?;
        Ok(message)
    }
}

/// Bytes of the log that are no message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogError {
    /// Nothing there.
    #[error("an empty entry")]
    Empty,
    /// Written by a newer version.
    #[error("a message of version {0}, which this version cannot read")]
    Version(u8),
    /// Not what was written.
    #[error("a damaged message, at byte {0}")]
    Damaged(usize),
}

/// How a message stands in the log; the compiler keeps its fields those of [`Message`].
#[derive(Serialize, Deserialize)]
#[serde(remote = "Message")]
struct Form {
    #[serde(rename = "d")]
    dialect: Dialect,
    #[serde(rename = "i")]
    message_id: String,
    #[serde(rename = "g", default, skip_serializing_if = "is_false")]
    is_id_given: bool,
    #[serde(rename = "k")]
    kind: Kind,
    #[serde(rename = "e", default, skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(rename = "t")]
    occurred_at: i64,
    #[serde(rename = "r")]
    received_at: i64,
    #[serde(rename = "o", default, skip_serializing_if = "Option::is_none")]
    stated_at: Option<i64>,
    #[serde(rename = "ts", default, skip_serializing_if = "is_default")]
    time_source: TimeSource,
    #[serde(rename = "tf", default, skip_serializing_if = "is_false")]
    is_time_free: bool,
    #[serde(rename = "id", default, with = "identities_in_clear", skip_serializing_if = "Vec::is_empty")]
    identities: Vec<Identity>,
    #[serde(rename = "gr", default, skip_serializing_if = "Option::is_none")]
    group_id: Option<String>,
    #[serde(rename = "it", default, skip_serializing_if = "Option::is_none")]
    item: Option<Item>,
    #[serde(rename = "tr", default, skip_serializing_if = "Map::is_empty")]
    traits: Map<String, Value>,
    #[serde(rename = "p", default, serialize_with = "personal_in_clear", skip_serializing_if = "BTreeMap::is_empty")]
    personal: BTreeMap<String, Option<Sensitive<String>>>,
    #[serde(rename = "pu", default, serialize_with = "map_in_clear", skip_serializing_if = "BTreeMap::is_empty")]
    unread: BTreeMap<String, Sensitive<String>>,
    #[serde(rename = "pr", default, skip_serializing_if = "Map::is_empty")]
    properties: Map<String, Value>,
    #[serde(rename = "ps", default, serialize_with = "map_in_clear", skip_serializing_if = "BTreeMap::is_empty")]
    sealed: BTreeMap<String, Sensitive<Value>>,
    #[serde(rename = "c", default, skip_serializing_if = "is_default")]
    context: Context,
    #[serde(rename = "ip", default, serialize_with = "option_in_clear", skip_serializing_if = "Option::is_none")]
    ip: Option<Sensitive<String>>,
    #[serde(rename = "qb", default, skip_serializing_if = "Option::is_none")]
    binding_id: Option<i64>,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    value == &T::default()
}

fn map_in_clear<T: Serialize, S: Serializer>(map: &BTreeMap<String, Sensitive<T>>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(map.iter().map(|(name, value)| (name, value.expose())))
}

fn personal_in_clear<S: Serializer>(
    map: &BTreeMap<String, Option<Sensitive<String>>>,
    to: S,
) -> Result<S::Ok, S::Error> {
    to.collect_map(map.iter().map(|(name, value)| (name, value.as_ref().map(Sensitive::expose))))
}

fn option_in_clear<S: Serializer>(value: &Option<Sensitive<String>>, to: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(Sensitive::expose).serialize(to)
}

mod identities_in_clear {
    use super::*;

    pub fn serialize<S: Serializer>(identities: &[Identity], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(identities.iter().map(Identity::parts))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Identity>, D::Error> {
        let parts = Vec::<(IdentityKind, String, Sensitive<String>)>::deserialize(from)?;
        Ok(parts.into_iter().map(|(kind, namespace, value)| Identity { kind, namespace, value }).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn full() -> Message {
        let mut message = Message::new(Dialect::Segment, Kind::Identify, "m1".to_owned(), 2_000_000);
        message.event = Some("签到".to_owned());
        message.occurred_at = 1_000_000;
        message.stated_at = Some(1_500_000);
        message.time_source = TimeSource::Corrected;
        message.add_identity(Identity::new(IdentityKind::Phone, "13912345678"));
        message.traits.insert("plan".to_owned(), json!({"a": [1, 2.5, null, "x"]}));
        message.personal.insert("phone".to_owned(), Some(Sensitive::new("13912345678".to_owned())));
        message.personal.insert("name".to_owned(), None);
        message.sealed.insert("note".to_owned(), Sensitive::new(json!(["给张三"])));
        message.context.url = Some("https://example.com/".to_owned());
        message.ip = Some(Sensitive::new("192.0.2.1".to_owned()));
        message.binding_id = Some(7);
        message
    }

    #[test]
    fn a_message_reads_back_from_the_log() {
        for message in [full(), Message::new(Dialect::Plain, Kind::Track, String::new(), 0)] {
            let mut bytes = Vec::new();
            message.to_log(&mut bytes);
            assert_eq!(Message::from_log(&bytes), Ok(message));
        }
    }

    /// A released form must still be read.
    #[test]
    fn version_1_is_read() {
        let bytes = br#"1{"d":"sensors","i":"m1","g":true,"k":"link","e":"$SignUp","t":1,"r":2,"id":[["member_id","","u1"],["anonymous_id","","a1"]],"new":[1]}"#;
        let message = Message::from_log(bytes).unwrap();
        assert_eq!((message.kind, message.identities.len(), message.event_name()), (Kind::Link, 2, "$SignUp"));
        assert!(message.dedup_key().is_some());
    }

    #[test]
    fn other_bytes_are_errors_without_values() {
        assert_eq!(Message::from_log(b""), Err(LogError::Empty));
        assert_eq!(Message::from_log(b"2{}"), Err(LogError::Version(b'2')));
        let error = Message::from_log(b"1{\"d\":\"13912345678\"}").unwrap_err();
        assert!(!error.to_string().contains("139"), "{error}");
    }

    #[test]
    fn debug_shows_no_personal_value() {
        let text = format!("{:?}", full());
        assert!(!text.contains("139") && !text.contains("张三") && !text.contains("192.0"), "{text}");
    }
}
