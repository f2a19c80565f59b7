//! The dialect of Sensors (神策).
//!
//! What is decided here:
//! - A field is percent-decoded (twice when the sender did so), then base64 (padding may miss, a blank is `+`), then
//!   inflated when it starts `1f 8b`; a field that is JSON already is taken as such. One record or an array of them.
//! - Whom a record is about: the known keys of `identities` by their kind ([`kind_of_key`]), others as external ids in the
//!   name space of their key. `login_id`, `anonymous_id` and `distinct_id` add to that, unless they repeat it (the
//!   back-end SDK sends `distinct_id` as `key+value`).
//! - `track_signup`, `track_id_bind` and `track_id_unbind` are links with an event name of their own.
//! - `_flush_time` is the time of sending. Without it no clock is corrected.
//! - The id of a record is the hash of distinct id, type, event, time and `_track_id`. A record without `_track_id` is
//!   the same as another when all of its content is; one without a time is never the same.
//! - Times in properties (`YYYY-MM-DD HH:MM:SS.f`, the fraction not padded: `.7` is 7 ms) are in the sender's zone, by
//!   `$timezone_offset` or the source's setting; they become ISO 8601 in UTC.

use serde_json::{Map, Value};
use xxhash_rust::xxh3::xxh3_128;

use super::clock::{Clock, iso_instant};
use super::message::{Context, Dialect, Identity, Item, Kind, Message};
use super::reject::{RejectCode, Rejected, Unreadable};
use super::segment::{browser_of, is_server_library, settle_id};
use super::wire::{self, MAX_NAME_BYTES, MAX_RECORDS, Shape, id_text, plain_text, reject};
use super::{Arrival, Collected, Record, personal};
use crate::clean::RuleSet;
use crate::clean::time::{DateOrder, TimeReader};
use crate::import::entity::IdentityKind;
use crate::sensitive::Sensitive;

/// Inflates gzip within the caller's limit; the error is a word about what is wrong.
pub type Inflate<'a> = &'a dyn Fn(&[u8]) -> Result<Vec<u8>, String>;

/// Reads a request: the query of an image, or a body.
///
/// # Errors
/// [`Unreadable`] when nothing of it can be read; a bad record is rejected alone.
pub fn read(query: &str, body: &[u8], inflate: Inflate<'_>, arrival: &Arrival<'_>) -> Result<Collected, Unreadable> {
    let payload = match wire::shape(body) {
        Shape::Json => wire::read_json(body)?,
        Shape::Form => decode_fields(wire::read_form(body), inflate)?,
        Shape::Empty => decode_fields(wire::read_form(query.as_bytes()), inflate)?,
    };
    let records = match payload {
        Value::Array(records) => records,
        record @ Value::Object(_) => vec![record],
        _ => return Err(Unreadable::NotRecords),
    };
    if records.len() > MAX_RECORDS {
        return Err(Unreadable::TooLarge("50,000 records"));
    }
    let n_bytes = body.len().max(query.len()).saturating_mul(64);
    let mut clock = Clock::new(arrival);
    let mut collected = Collected { write_key: None, records: Vec::with_capacity(records.len()) };
    for (index, mut record) in (0..).zip(records) {
        let own = |name: &str| record.get(name).and_then(id_text);
        let (project, token) = (own("project"), own("token"));
        let outcome =
            wire::check_limits(&record, n_bytes).and_then(|()| read_record(&mut record, index, arrival, &mut clock));
        collected.records.push(Record { index, project, token, outcome });
    }
    Ok(collected)
}

fn decode_fields(fields: Vec<(String, String)>, inflate: Inflate<'_>) -> Result<Value, Unreadable> {
    for name in ["data_list", "data"] {
        if let Some((_, text)) = fields.iter().find(|(field, text)| field == name && !text.is_empty()) {
            return decode(name, text, inflate);
        }
    }
    Err(Unreadable::MissingField("data, data_list"))
}

/// Undoes what SDKs do to a record: see the module.
fn decode(field: &'static str, text: &str, inflate: Inflate<'_>) -> Result<Value, Unreadable> {
    let again;
    let mut text = text;
    if wire::shape(text.as_bytes()) != Shape::Json && text.contains('%') {
        again = String::from_utf8_lossy(&wire::percent_decode(text.as_bytes())).into_owned();
        text = &again;
    }
    if wire::shape(text.as_bytes()) == Shape::Json {
        return wire::read_json(text.as_bytes());
    }
    let bytes = wire::read_base64(text).map_err(|at| Unreadable::BadBase64 { field, at })?;
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return wire::read_json(&inflate(&bytes).map_err(Unreadable::BadGzip)?);
    }
    wire::read_json(&bytes)
}

/// The kind of an id by its key in `identities`; keys of one's own are external ids in the name space of the key.
pub fn kind_of_key(key: &str, user_kind: IdentityKind) -> IdentityKind {
    match key {
        "$identity_login_id" => user_kind,
        "$identity_mobile" => IdentityKind::Phone,
        "$identity_email" => IdentityKind::Email,
        "$identity_anonymous_id" | "$identity_cookie_id" => IdentityKind::AnonymousId,
        // The id that a mini program makes for itself: it stays with the phone when the next person signs in.
        _ if key.starts_with("$identity_") && key.ends_with("mp_id") => IdentityKind::AnonymousId,
        "$identity_idfa"
        | "$identity_idfv"
        | "$identity_oaid"
        | "$identity_imei"
        | "$identity_android_id"
        | "$identity_android_uuid"
        | "$identity_ios_uuid"
        | "$identity_harmony_uuid" => IdentityKind::DeviceId,
        _ if key.starts_with('$') && key.ends_with("unionid") => IdentityKind::Unionid,
        _ if key.starts_with('$') && key.ends_with("openid") => IdentityKind::Openid,
        _ => IdentityKind::ExternalId,
    }
}

/// The kind of record, and the name of the event when the type gives it.
fn kind_of_type(word: &str) -> Option<(Kind, Option<&'static str>)> {
    Some(match word {
        "track" => (Kind::Track, None),
        "track_signup" => (Kind::Link, Some("$SignUp")),
        "track_id_bind" => (Kind::Link, Some("$BindID")),
        "track_id_unbind" => (Kind::Unlink, Some("$UnbindID")),
        "profile_set" => (Kind::ProfileSet, None),
        "profile_set_once" => (Kind::ProfileSetOnce, None),
        "profile_increment" => (Kind::ProfileIncrement, None),
        "profile_append" => (Kind::ProfileAppend, None),
        "profile_unset" => (Kind::ProfileUnset, None),
        "profile_delete" => (Kind::ProfileDelete, None),
        "item_set" => (Kind::ItemSet, None),
        "item_delete" => (Kind::ItemDelete, None),
        _ => return None,
    })
}

/// What was found in a record that may be accepted.
struct Checked {
    kind: Kind,
    event: Option<String>,
    identities: Vec<Identity>,
    item: Option<Item>,
}

fn read_record(record: &mut Value, index: u32, arrival: &Arrival<'_>, clock: &mut Clock) -> Result<Message, Rejected> {
    let checked = match check(record, arrival.settings.user_kind) {
        Ok(checked) => checked,
        Err((code, field)) => return Err(reject(code, field, record)),
    };
    let mut message = Message::new(Dialect::Sensors, checked.kind, String::new(), arrival.received_at);
    let stated = record.get("time").and_then(|time| clock.read(time));
    let flushed = record.get("_flush_time").and_then(|time| clock.read(time));
    message.is_time_free = record.get("time_free").is_some_and(|flag| flag != &Value::Bool(false) && !flag.is_null());
    // A record that was kept for long keeps its time, whatever the clock said when it was sent at last.
    let flushed = flushed.filter(|_| !message.is_time_free);
    clock.settle(stated, flushed, &mut message);
    if clock.is_too_old(&message) {
        return Err(reject(RejectCode::TooOld, "time", record));
    }
    settle_id(&mut message, stated.and_then(|_| content_id(record)), index, arrival);
    message.event = checked.event;
    message.item = checked.item;
    for identity in checked.identities {
        message.add_identity(identity);
    }
    let library = record.get("lib").cloned();
    let Some(fields) = record.as_object_mut() else {
        return Err(reject(RejectCode::NotAnObject, "", record));
    };
    let mut properties = match fields.get_mut("properties").map(Value::take) {
        Some(Value::Object(properties)) => properties,
        Some(Value::Array(names)) => names.iter().filter_map(id_text).map(|name| (name, Value::Null)).collect(),
        _ => Map::new(),
    };
    properties.remove("$is_login_id");
    let zone = properties.get("$timezone_offset").and_then(Value::as_i64).and_then(i64::checked_neg);
    let zone =
        zone.filter(|minutes| (-840..=840).contains(minutes)).unwrap_or(i64::from(arrival.settings.zone_minutes));
    for value in properties.values_mut() {
        read_times(value, zone);
    }
    if message.kind.is_event() {
        read_context(&mut properties, library.as_ref(), arrival, &mut message);
        message.properties = properties;
    } else if message.kind.states_traits() {
        for name in ["$lib", "$lib_version", "$lib_method", "$timezone_offset", "$project", "$token"] {
            properties.remove(name);
        }
        personal::split(properties, clock, &mut message);
    } else {
        message.traits = properties;
    }
    Ok(message)
}

fn check(record: &Value, user_kind: IdentityKind) -> Result<Checked, (RejectCode, &'static str)> {
    let Value::Object(fields) = record else {
        return Err((RejectCode::NotAnObject, ""));
    };
    let text = |name: &'static str| match fields.get(name).and_then(id_text) {
        Some(text) if text.len() > MAX_NAME_BYTES => Err((RejectCode::NameTooLong, name)),
        text => Ok(text),
    };
    let word = fields.get("type").and_then(Value::as_str).unwrap_or_default();
    let (mut kind, default_event) = kind_of_type(word).ok_or((RejectCode::UnknownType, "type"))?;
    let mut event = None;
    if kind.is_event() {
        event = text("event")?.or_else(|| default_event.map(str::to_owned));
        if event.is_none() {
            return Err((RejectCode::MissingEvent, "event"));
        }
        match event.as_deref() {
            Some("$pageview") => kind = Kind::Page,
            Some("$MPViewScreen" | "$AppViewScreen") => kind = Kind::Screen,
            _ => {}
        }
    }
    let properties = fields.get("properties").filter(|value| !value.is_null());
    match properties {
        None | Some(Value::Object(_)) => {}
        Some(Value::Array(_)) if kind == Kind::ProfileUnset => {}
        Some(_) => return Err((RejectCode::PropertiesNotObject, "properties")),
    }
    if kind == Kind::ProfileIncrement {
        let is_number = |(key, value): (&String, &Value)| value.is_number() || key.starts_with('$');
        if !properties.and_then(Value::as_object).into_iter().flatten().all(is_number) {
            return Err((RejectCode::NotANumber, "properties"));
        }
    }
    if matches!(kind, Kind::ItemSet | Kind::ItemDelete) {
        let (Some(item_type), Some(item_id)) = (text("item_type")?, text("item_id")?) else {
            return Err((RejectCode::MissingItem, "item_id"));
        };
        return Ok(Checked { kind, event, identities: Vec::new(), item: Some(Item { item_type, item_id }) });
    }
    for name in ["distinct_id", "login_id", "anonymous_id", "original_id"] {
        text(name)?;
    }
    let identities = identities(fields, word, user_kind);
    if identities.is_empty() {
        return Err((RejectCode::MissingIdentity, "distinct_id"));
    }
    if word == "track_signup" && identities.len() < 2 {
        return Err((RejectCode::MissingPreviousId, "original_id"));
    }
    Ok(Checked { kind, event, identities, item: None })
}

/// Whom a record is about, known ids before anonymous ones.
fn identities(fields: &Map<String, Value>, word: &str, user_kind: IdentityKind) -> Vec<Identity> {
    let mut found: Vec<Identity> = Vec::new();
    let mut add = |identity: Identity| {
        if !found.contains(&identity) {
            found.push(identity);
        }
    };
    let stated = fields.get("identities").and_then(Value::as_object);
    let mut stated_values: Vec<(&str, String)> = Vec::new();
    for (key, value) in stated.into_iter().flatten().take(50) {
        // A list holds several values of one key.
        let values = match value {
            Value::Array(values) => values.iter().filter_map(id_text).collect(),
            value => id_text(value).into_iter().collect::<Vec<_>>(),
        };
        for value in values.into_iter().filter(|value| value.len() <= MAX_NAME_BYTES) {
            let kind = kind_of_key(key, user_kind);
            let namespace = if kind == IdentityKind::ExternalId { key.clone() } else { String::new() };
            stated_values.push((key, value.clone()));
            if let Some(value) = personal::read_identity(kind, &value) {
                add(Identity { kind, namespace, value: Sensitive::new(value) });
            }
        }
    }
    // `key+value`, or a value that stands among the identities already.
    let is_repeated = |id: &str| {
        stated_values.iter().any(|(key, value)| {
            id == value || id.strip_prefix(key).and_then(|rest| rest.strip_prefix('+')) == Some(value)
        })
    };
    let text = |name: &str| fields.get(name).and_then(id_text).filter(|id| !is_repeated(id));
    let is_login = fields
        .get("properties")
        .and_then(|properties| properties.get("$is_login_id"))
        .is_some_and(|flag| flag == &Value::Bool(true));
    let anonymous = |value: String| Identity::new(IdentityKind::AnonymousId, value);
    if let Some(login) = text("login_id") {
        add(Identity::new(user_kind, login));
    }
    let has_login = fields.get("login_id").and_then(id_text);
    if let Some(id) = text("distinct_id") {
        let is_user = is_login || word == "track_signup" || has_login.as_ref() == Some(&id);
        add(if is_user { Identity::new(user_kind, id) } else { anonymous(id) });
    }
    for name in ["original_id", "anonymous_id"] {
        if let Some(id) = text(name).filter(|_| name != "original_id" || word == "track_signup") {
            add(anonymous(id));
        }
    }
    found.sort_by_key(Identity::is_anonymous);
    found
}

/// What makes a record the same as another.
fn content_id(record: &Value) -> Option<String> {
    let text = |name: &str| record.get(name).map(Value::to_string).unwrap_or_default();
    let mut content: Vec<String> = ["distinct_id", "type", "event", "time", "item_type", "item_id"].map(text).to_vec();
    match record.get("_track_id").filter(|id| !id.is_null()) {
        Some(id) => content.push(id.to_string()),
        None => content.extend(["identities", "original_id", "properties"].map(text)),
    }
    Some(format!("{:032x}", xxh3_128(content.join("\u{1f}").as_bytes())))
}

/// Turns times of the sender's zone into ISO 8601, in lists too.
fn read_times(value: &mut Value, zone_minutes: i64) {
    match value {
        Value::String(text) => {
            if let Some(iso) = read_time(text, zone_minutes) {
                *text = iso;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| read_times(item, zone_minutes)),
        _ => {}
    }
}

/// `YYYY-MM-DD HH:MM:SS.f` with one to three digits behind the point, which count milliseconds.
fn read_time(text: &str, zone_minutes: i64) -> Option<String> {
    let bytes = text.as_bytes();
    let is_shaped = (21..=23).contains(&bytes.len())
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            10 => *byte == b' ',
            13 | 16 => *byte == b':',
            19 => *byte == b'.',
            _ => byte.is_ascii_digit(),
        });
    if !is_shaped {
        return None;
    }
    let millis: i64 = text[20..].parse().ok()?;
    let mut reader = TimeReader::new("UTC", DateOrder::YearFirst).ok()?;
    let seconds = reader.instant(&text[..19], &mut RuleSet::default()).ok()??;
    iso_instant(seconds + millis * 1_000 - zone_minutes * 60_000_000)
}

/// Takes the reserved properties that have a field of their own out of the properties.
fn read_context(
    properties: &mut Map<String, Value>,
    library: Option<&Value>,
    arrival: &Arrival<'_>,
    message: &mut Message,
) {
    let mut take = |name: &str| properties.remove(name).as_ref().and_then(plain_text);
    let joined = |name: Option<String>, version: Option<String>| match (name, version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, version) => name.or(version),
    };
    let of_library = |name: &str| library.and_then(|library| library.get(name)).and_then(plain_text);
    let (lib, lib_version) = (take("$lib").or_else(|| of_library("$lib")), take("$lib_version"));
    let is_server = lib.as_deref().is_none_or(is_server_library);
    let user_agent = take("$user_agent").or_else(|| arrival.user_agent.filter(|_| !is_server).map(str::to_owned));
    let browser = joined(take("$browser"), take("$browser_version"));
    let app_version = take("$app_version").or_else(|| of_library("$app_version"));
    message.context = Context {
        url: take("$url"),
        title: take("$title"),
        referrer: take("$referrer"),
        utm_source: take("$utm_source"),
        utm_medium: take("$utm_medium"),
        utm_campaign: take("$utm_campaign"),
        utm_term: take("$utm_term"),
        utm_content: take("$utm_content"),
        device: take("$model"),
        os: joined(take("$os"), take("$os_version")),
        browser: browser.or_else(|| user_agent.as_deref().and_then(browser_of).map(str::to_owned)),
        app_version,
        session: take("$event_session_id"),
        channel: Some(if is_server { "server" } else { channel_of(lib.as_deref()) }.to_owned()),
        locale: take("$browser_language"),
        timezone: None,
        library: joined(lib, lib_version.or_else(|| of_library("$lib_version"))),
        user_agent,
        store_id: None,
    };
    let ip = take("$ip").or_else(|| arrival.peer_ip.filter(|_| !is_server).map(str::to_owned));
    message.ip = ip.map(Sensitive::new);
}

fn channel_of(library: Option<&str>) -> &'static str {
    match library {
        Some("js") => "web",
        Some(name) if name.contains("Mini") || name.contains("QuickApp") => "miniprogram",
        _ => "app",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Settings;
    use super::super::message::TimeSource;
    use super::*;

    /// 2024-03-05T06:03:22Z.
    const AT: i64 = 1_709_618_602_000_000;

    fn collect(query: &str, body: &[u8]) -> Result<Collected, Unreadable> {
        let settings = Settings::default();
        let arrival = Arrival {
            received_at: AT,
            request_id: "req",
            peer_ip: Some("192.0.2.9"),
            user_agent: Some("Mozilla/5.0 Chrome/120.0"),
            sent_at: None,
            settings: &settings,
        };
        // Stands for gzip: drops the two bytes that mark it.
        read(query, body, &|bytes| Ok(bytes[2..].to_vec()), &arrival)
    }

    fn one(record: Value) -> Message {
        collect("", record.to_string().as_bytes()).unwrap().records.remove(0).outcome.unwrap()
    }

    fn ids(message: &Message) -> Vec<(IdentityKind, &str)> {
        message.identities.iter().map(|id| (id.kind, id.value.expose().as_str())).collect()
    }

    fn base64(bytes: &[u8]) -> String {
        const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for three in bytes.chunks(3) {
            let bits = three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
            for at in 0..=three.len() {
                text.push(char::from(LETTERS[(bits >> (18 - 6 * at) & 63) as usize]));
            }
        }
        text
    }

    /// As `sa-sdk-javascript` sends a page view through the image.
    #[test]
    fn a_page_view_of_the_browser_through_the_image() {
        let record = json!({
            "identities": {"$identity_cookie_id": "18e0-cookie"}, "distinct_id": "18e0-cookie",
            "lib": {"$lib": "js", "$lib_method": "code", "$lib_version": "1.26.18"},
            "properties": {"$timezone_offset": -480, "$screen_height": 1080, "$lib": "js", "$lib_version": "1.26.18",
                "$latest_traffic_source_type": "直接流量", "$url": "https://a.cn/?utm_source=wx", "$title": "首页", "$referrer": "",
                "$utm_source": "wx", "$is_first_day": true, "会员等级": "金卡", "$os": "Windows", "$browser": "chrome"},
            "anonymous_id": "18e0-cookie", "type": "track", "event": "$pageview", "time": 1_709_618_601_500_i64,
            "_track_id": 123_456_789, "_flush_time": 1_709_618_601_600_i64
        });
        let data = base64(record.to_string().as_bytes());
        let encoded = data.replace('+', "%2B").replace('/', "%2F");
        for query in
            [format!("project=default&data={encoded}&ext=crc%3D-12"), format!("data={}", data.replace('+', " "))]
        {
            let collected = collect(&query, b"").unwrap();
            let message = collected.accepted().next().unwrap();
            assert_eq!(message.kind, Kind::Page);
            assert_eq!(ids(message), [(IdentityKind::AnonymousId, "18e0-cookie")]);
            assert_eq!((message.occurred_at, message.time_source), (AT - 500_000, TimeSource::Stated));
            assert_eq!(message.context.utm_source.as_deref(), Some("wx"));
            assert_eq!(message.context.channel.as_deref(), Some("web"));
            assert_eq!(message.properties["会员等级"], "金卡");
            assert!(!message.properties.contains_key("$url") && message.ip.is_some());
        }
        // The same as a form of several, compressed.
        let packed = base64(&[&[0x1f, 0x8b][..], json!([record, record]).to_string().as_bytes()].concat());
        let collected = collect("", format!("data_list={packed}&gzip=1").as_bytes()).unwrap();
        let keys: Vec<_> = collected.accepted().map(Message::dedup_key).collect();
        assert_eq!(keys.len(), 2);
        assert_eq!(keys[0], keys[1]);
    }

    /// As the Python SDK sends it: no `_track_id`, identities, `key+value`.
    #[test]
    fn records_of_the_back_end() {
        let message = one(json!({
            "type": "track", "time": 1_709_618_601_000_i64, "distinct_id": "user_uid+u-7", "event": "PayOrder",
            "identities": {"user_uid": "u-7", "$identity_mobile": "+86 13912345678", "$identity_mp_openid": "oA1"},
            "lib": {"$lib": "python", "$lib_version": "1.11"},
            "properties": {"$lib": "python", "$lib_version": "1.11", "order_id": "o1", "amount": 99.9, "paid": "2024-03-05 14:03:21.7"}
        }));
        let expected =
            [(IdentityKind::Phone, "13912345678"), (IdentityKind::Openid, "oA1"), (IdentityKind::ExternalId, "u-7")];
        assert_eq!(ids(&message), expected);
        assert_eq!(message.identities[2].namespace, "user_uid");
        assert_eq!(message.properties["paid"], "2024-03-05T06:03:21.007Z");
        assert!(message.ip.is_none() && message.is_id_given);
        let plain = one(json!({"type": "track", "distinct_id": "u1", "event": "x", "time": 1_709_618_601, "lib": {},
            "properties": {"$is_login_id": true, "$lib": "python"}}));
        assert_eq!(ids(&plain), [(IdentityKind::MemberId, "u1")]);
        assert!(plain.properties.is_empty());
        assert_eq!(plain.occurred_at, AT - 1_000_000);
    }

    /// As `sa-sdk-miniprogram` sends it: JSON as base64 in a form labelled text, ids of WeChat, Chinese names.
    #[test]
    fn a_mini_program_with_wechat_ids() {
        let record = json!({
            "distinct_id": "1709-4411", "anonymous_id": "1709-4411", "type": "track", "event": "$MPViewScreen",
            "identities": {"$identity_anonymous_id": "1709-4411", "$identity_mp_openid": "oMP1", "$identity_mp_unionid": "oUN1"},
            "lib": {"$lib": "MiniProgram", "$lib_method": "code", "$lib_version": "3.21.0"},
            "properties": {"$lib": "MiniProgram", "$lib_version": "3.21.0", "$model": "iPhone 15", "$os": "iOS", "$os_version": "17.1",
                "$url_path": "pages/home", "$title": "首页", "门店": "西湖店", "$latest_scene": "wx-1001"},
            "time": 1_709_618_600_000_i64, "_track_id": 4_294_967_999_i64, "_flush_time": 1_709_618_601_000_i64
        });
        let list = base64(json!([record]).to_string().as_bytes());
        let collected = collect("project=p&token=t", format!("data_list={list}").as_bytes()).unwrap();
        let message = collected.accepted().next().unwrap();
        let expected =
            [(IdentityKind::Openid, "oMP1"), (IdentityKind::Unionid, "oUN1"), (IdentityKind::AnonymousId, "1709-4411")];
        assert_eq!(ids(message), expected);
        assert_eq!((message.kind, message.event_name()), (Kind::Screen, "$MPViewScreen"));
        assert_eq!(message.context.channel.as_deref(), Some("miniprogram"));
        assert_eq!(message.context.os.as_deref(), Some("iOS 17.1"));
        assert_eq!(message.properties["门店"], "西湖店");
        assert_eq!(message.properties["$latest_scene"], "wx-1001");
    }

    #[test]
    fn sign_up_and_bindings_are_links() {
        let message = one(json!({"type": "track_signup", "event": "$SignUp", "distinct_id": "u1", "original_id": "a1",
            "time": 1_709_618_601_000_i64, "properties": {}}));
        assert_eq!((message.kind, message.event_name()), (Kind::Link, "$SignUp"));
        assert_eq!(ids(&message), [(IdentityKind::MemberId, "u1"), (IdentityKind::AnonymousId, "a1")]);
        let message = one(json!({"type": "track_id_unbind", "distinct_id": "u1", "login_id": "u1",
            "identities": {"$identity_login_id": "u1", "$identity_mobile": "13912345678"}, "time": 1_709_618_601_000_i64}));
        assert_eq!((message.kind, message.event_name()), (Kind::Unlink, "$UnbindID"));
        assert_eq!(message.identities.len(), 2);
    }

    #[test]
    fn profiles_and_items() {
        let message = one(json!({"type": "profile_set", "distinct_id": "u1", "time": 1_709_618_601_000_i64,
            "properties": {"$is_login_id": true, "$name": "张三", "手机号": "13912345678", "level": "gold", "$lib": "python"}}));
        assert_eq!(Value::Object(message.traits), json!({"level": "gold"}));
        assert_eq!(message.personal.len(), 2);
        let message = one(json!({"type": "profile_unset", "distinct_id": "u1", "properties": ["a", "b"]}));
        assert_eq!(Value::Object(message.traits), json!({"a": null, "b": null}));
        let message = one(json!({"type": "item_set", "item_type": "book", "item_id": 7, "properties": {"price": 9.5}}));
        assert_eq!(message.item, Some(Item { item_type: "book".to_owned(), item_id: "7".to_owned() }));
        assert_eq!(Value::Object(message.traits), json!({"price": 9.5}));
    }

    #[test]
    fn wrong_clocks_and_old_records() {
        let record = |extra: Value| {
            let mut record = json!({"type": "track", "event": "x", "distinct_id": "a", "time": 1_709_615_001_000_i64,
                "_flush_time": 1_709_615_002_000_i64, "properties": {"$lib": "js"}});
            record.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            one(record)
        };
        let message = record(json!({}));
        assert_eq!((message.occurred_at, message.time_source), (AT - 1_000_000, TimeSource::Corrected));
        let message = record(json!({"time_free": true}));
        assert!(message.is_time_free && message.time_source == TimeSource::Stated);
    }

    #[test]
    fn bad_records_are_rejected_alone() {
        let body = json!([
            1, {"type": "jump"}, {"type": "track", "distinct_id": "a"}, {"type": "track", "event": "x"},
            {"type": "track_signup", "distinct_id": "u"}, {"type": "item_set", "item_type": "t"},
            {"type": "profile_increment", "distinct_id": "a", "properties": {"n": "x"}},
            {"type": "profile_set", "distinct_id": "a", "properties": 3},
            {"type": "track", "event": "x", "distinct_id": "a", "project": "p2", "token": "t2"}
        ]);
        let collected = collect("", body.to_string().as_bytes()).unwrap();
        let codes: Vec<&str> = collected.rejected().map(|rejected| rejected.code.as_str()).collect();
        let expected = [
            "not_an_object",
            "unknown_type",
            "missing_event",
            "missing_identity",
            "missing_previous_id",
            "missing_item",
            "not_a_number",
            "properties_not_object",
        ];
        assert_eq!(codes, expected);
        assert_eq!(collected.records[8].project.as_deref(), Some("p2"));
        assert_eq!(collected.records[8].token.as_deref(), Some("t2"));
    }

    #[test]
    fn unreadable_requests() {
        let code = |query: &str, body: &[u8]| collect(query, body).map(|_| ()).map_err(|error| error.code());
        assert_eq!(code("", b""), Err("missing_field"));
        assert_eq!(code("data=*", b""), Err("bad_base64"));
        assert_eq!(code("data=eyJ0", b""), Err("bad_json"));
        assert_eq!(code("", b"gzip=1"), Err("missing_field"));
        assert_eq!(code("data=MQ", b""), Err("not_records"));
    }

    proptest! {
        /// INV-COLLECT-1.
        #[test]
        fn no_request_panics(query in "(data|data_list|=|&|%|eyJ|[A-Za-z0-9+/ ]|\\PC){0,12}", body in prop::collection::vec(any::<u8>(), 0..40),
            word in "track|track_signup|profile_[a-z]{3,6}|profile_set|profile_append|item_set", id in "\\PC{0,6}",
            value in "[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{1,3}|\\PC{0,8}", time in any::<i64>(), zone in any::<i64>()) {
            let _ = collect(&query, &body);
            let record = json!({"type": word, "distinct_id": id, "event": id, "identities": {id.clone(): id, "$identity_mobile": value},
                "time": time, "_flush_time": time, "properties": {"$timezone_offset": zone, "a": value, "phone": value, "birthday": value}});
            let collected = collect("", record.to_string().as_bytes());
            let collected = collected.unwrap();
            prop_assert_eq!(collected.records.len(), 1);
            for message in collected.accepted() {
                let mut bytes = Vec::new();
                message.to_log(&mut bytes);
                let read = Message::from_log(&bytes);
                prop_assert_eq!(read.as_ref(), Ok(message));
            }
        }
    }
}
