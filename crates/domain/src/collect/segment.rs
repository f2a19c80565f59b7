//! Segment's dialect, and RudderStack's, which differs in where traits and times stand.
//!
//! What is decided here:
//! - The path names the type of a single message that has none; a body with `batch` is a batch whatever the path.
//! - identify: `traits`, else `context.traits` (RudderStack's browser and Python libraries put them there only; on other
//!   messages `context.traits` repeats what was said before, and is passed over). `null` takes a trait away.
//! - `userId` is an identity of the kind that the source's settings name, `anonymousId` a visitor, `context.device.id` a
//!   device. Values of `context.externalIds` are external ids in the name space of their type.
//! - alias: `previousId` moves into `userId`. It may have been a visitor's or a user's id: a UUID is taken for a
//!   visitor's, any other text for either.
//! - What `context` holds beyond the fields of [`Context`] is kept among the properties, under `context`.

use serde_json::{Map, Value};

use super::clock::Clock;
use super::message::{Context, Dialect, Identity, Kind, Message};
use super::reject::{RejectCode, Rejected, Unreadable};
use super::wire::{self, MAX_NAME_BYTES, MAX_RECORDS, Shape, id_text, plain_text, reject};
use super::{Arrival, Collected, Record, personal};
use crate::import::entity::IdentityKind;
use crate::sensitive::Sensitive;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// Many messages, each with its type.
    Batch,
    /// One message; the type that it has when it names none.
    Single(Kind),
}

impl Route {
    /// The route of a path (`/v1/batch`, `/v1/t`, `/beacon/v1/batch/`); `None` for other paths.
    pub fn of_path(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        let word = path.strip_prefix("/beacon").unwrap_or(path).strip_prefix("/v1/")?;
        Some(match word {
            "batch" | "b" | "import" => Self::Batch,
            "track" | "t" => Self::Single(Kind::Track),
            "identify" | "i" => Self::Single(Kind::Identify),
            "page" | "p" => Self::Single(Kind::Page),
            "screen" | "s" => Self::Single(Kind::Screen),
            "group" | "g" => Self::Single(Kind::Group),
            "alias" | "a" => Self::Single(Kind::Alias),
            _ => return None,
        })
    }
}

/// Reads a body.
///
/// # Errors
/// [`Unreadable`] when nothing of it can be read; a bad record is rejected alone.
pub fn read(body: &[u8], route: Route, arrival: &Arrival<'_>) -> Result<Collected, Unreadable> {
    let n_bytes = body.len();
    let body = match wire::shape(body) {
        Shape::Empty => return Err(Unreadable::Empty),
        Shape::Json => wire::read_json(body)?,
        Shape::Form => read_form(body)?,
    };
    let mut clock = Clock::new(arrival);
    let mut collected = Collected::default();
    let (messages, shared) = match body {
        Value::Array(messages) => (messages, None),
        Value::Object(mut envelope) => {
            collected.write_key = envelope.get("writeKey").and_then(id_text);
            match envelope.get_mut("batch").map(Value::take) {
                Some(Value::Array(messages)) => {
                    clock.set_sent_at(envelope.get("sentAt"));
                    (messages, envelope.remove("context"))
                }
                // An empty batch is a readable body without messages.
                Some(Value::Null) => (Vec::new(), None),
                Some(_) => return Err(Unreadable::NotRecords),
                None => (vec![Value::Object(envelope)], None),
            }
        }
        _ => return Err(Unreadable::NotRecords),
    };
    if messages.len() > MAX_RECORDS {
        return Err(Unreadable::TooLarge("50,000 messages"));
    }
    let default = match route {
        Route::Batch => None,
        Route::Single(kind) => Some(kind),
    };
    collected.records.reserve(messages.len());
    for (index, mut message) in (0..).zip(messages) {
        let outcome = wire::check_limits(&message, n_bytes)
            .and_then(|()| read_message(&mut message, index, default, shared.as_ref(), arrival, &mut clock));
        collected.records.push(Record { index, project: None, token: None, outcome });
    }
    Ok(collected)
}

/// A pixel or an image sends `data`: JSON, or JSON as base64.
fn read_form(body: &[u8]) -> Result<Value, Unreadable> {
    let fields = wire::read_form(body);
    let data = fields.into_iter().find(|(name, _)| name == "data").ok_or(Unreadable::MissingField("data"))?.1;
    if wire::shape(data.as_bytes()) == Shape::Json {
        return wire::read_json(data.as_bytes());
    }
    let bytes = wire::read_base64(&data).map_err(|at| Unreadable::BadBase64 { field: "data", at })?;
    wire::read_json(&bytes)
}

/// Reads one message. All that can be wrong is looked at before anything is taken out of the record, so that a rejected
/// record is whole.
fn read_message(
    record: &mut Value,
    index: u32,
    default: Option<Kind>,
    shared: Option<&Value>,
    arrival: &Arrival<'_>,
    clock: &mut Clock,
) -> Result<Message, Rejected> {
    let (kind, ids) = match check(record, default) {
        Ok(checked) => checked,
        Err((code, field)) => return Err(reject(code, field, record)),
    };
    let mut message = Message::new(Dialect::Segment, kind, String::new(), arrival.received_at);
    settle_id(&mut message, ids.message, index, arrival);
    {
        let stated = ["timestamp", "originalTimestamp"].iter().find_map(|name| clock.read(record.get(name)?));
        let sent_at = record.get("sentAt").and_then(|value| clock.read(value));
        clock.settle(stated, sent_at, &mut message);
        if clock.is_too_old(&message) {
            return Err(reject(RejectCode::TooOld, "timestamp", record));
        }
    }
    let Value::Object(fields) = record else {
        return Err(reject(RejectCode::NotAnObject, "", record));
    };
    let user_kind = arrival.settings.user_kind;
    if let Some(user) = ids.user {
        message.add_identity(Identity::new(user_kind, user));
    }
    if let Some(previous) = ids.previous {
        if !is_uuid(&previous) {
            message.add_identity(Identity::new(user_kind, previous.as_str()));
        }
        message.add_identity(Identity::new(IdentityKind::AnonymousId, previous));
    }
    if let Some(visitor) = ids.visitor {
        message.add_identity(Identity::new(IdentityKind::AnonymousId, visitor));
    }
    message.group_id = ids.group;
    message.event = ids.event;

    let mut object = |name: &str| match fields.remove(name) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    };
    let mut context = object("context").unwrap_or_default();
    if let Some(Value::Object(shared)) = shared {
        for (key, value) in shared {
            if !context.contains_key(key) {
                context.insert(key.clone(), value.clone());
            }
        }
    }
    let context_traits = match context.remove("traits") {
        Some(Value::Object(traits)) => Some(traits),
        _ => None,
    };
    let traits = object("traits");
    message.properties = object("properties").unwrap_or_default();
    match kind {
        Kind::Identify => {
            let stated = traits.filter(|traits| !traits.is_empty()).or(context_traits).unwrap_or_default();
            personal::split(stated, clock, &mut message);
        }
        Kind::Group => message.traits = traits.unwrap_or_default(),
        Kind::Page | Kind::Screen => {
            for name in ["name", "category"] {
                if let Some(value) = fields.get(name).filter(|value| value.is_string()) {
                    message.properties.entry(name).or_insert_with(|| value.clone());
                }
            }
        }
        _ => {}
    }
    let channel = fields.get("channel").and_then(plain_text);
    read_context(context, channel, arrival, &mut message);
    Ok(message)
}

/// The ids and names of a message that may be accepted.
struct Ids {
    message: Option<String>,
    user: Option<String>,
    visitor: Option<String>,
    previous: Option<String>,
    group: Option<String>,
    event: Option<String>,
}

fn check(record: &Value, default: Option<Kind>) -> Result<(Kind, Ids), (RejectCode, &'static str)> {
    let Value::Object(fields) = record else {
        return Err((RejectCode::NotAnObject, ""));
    };
    let kind = match fields.get("type").filter(|value| !value.is_null()) {
        None => default.ok_or((RejectCode::UnknownType, "type"))?,
        Some(word) => match word.as_str().map(str::to_ascii_lowercase).as_deref() {
            Some("track") => Kind::Track,
            Some("identify") => Kind::Identify,
            Some("page") => Kind::Page,
            Some("screen") => Kind::Screen,
            Some("group") => Kind::Group,
            Some("alias") => Kind::Alias,
            _ => return Err((RejectCode::UnknownType, "type")),
        },
    };
    let id = |name: &'static str| match fields.get(name).and_then(id_text) {
        Some(text) if text.len() > MAX_NAME_BYTES => Err((RejectCode::NameTooLong, name)),
        text => Ok(text),
    };
    let mut ids = Ids {
        message: id("messageId")?,
        user: id("userId")?,
        visitor: id("anonymousId")?,
        previous: None,
        group: None,
        event: None,
    };
    match kind {
        Kind::Track => ids.event = Some(id("event")?.ok_or((RejectCode::MissingEvent, "event"))?),
        Kind::Page | Kind::Screen => ids.event = id("name")?,
        Kind::Group => ids.group = Some(id("groupId")?.ok_or((RejectCode::MissingItem, "groupId"))?),
        Kind::Alias => {
            ids.previous = Some(id("previousId")?.ok_or((RejectCode::MissingPreviousId, "previousId"))?);
            if ids.user.is_none() {
                return Err((RejectCode::MissingIdentity, "userId"));
            }
        }
        _ => {}
    }
    if ids.user.is_none() && ids.visitor.is_none() {
        return Err((RejectCode::MissingIdentity, "userId"));
    }
    for name in ["properties", "traits", "context"] {
        if fields.get(name).is_some_and(|value| !value.is_object() && !value.is_null()) {
            return Err((RejectCode::PropertiesNotObject, name));
        }
    }
    Ok((kind, ids))
}

/// Gives a message its own id, or one made of the request's.
pub(super) fn settle_id(message: &mut Message, own: Option<String>, index: u32, arrival: &Arrival<'_>) {
    message.is_id_given = own.is_some();
    message.message_id = own.unwrap_or_else(|| format!("{}.{index}", arrival.request_id));
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Fields of `context` that are read or say nothing about the event.
const READ: &[&str] = &[
    "page",
    "campaign",
    "device",
    "os",
    "userAgent",
    "userAgentData",
    "app",
    "ip",
    "locale",
    "timezone",
    "library",
    "screen",
    "network",
    "externalIds",
    "sessionId",
    "sessionStart",
    "channel",
    "referrer",
    "page_url",
];

fn read_context(context: Map<String, Value>, channel: Option<String>, arrival: &Arrival<'_>, message: &mut Message) {
    let text = |path: &[&str]| -> Option<String> {
        let (last, objects) = path.split_last()?;
        let mut at = &context;
        for name in objects {
            at = at.get(*name)?.as_object()?;
        }
        at.get(*last).and_then(plain_text)
    };
    let own = |name: &str| message.properties.get(name).and_then(plain_text);
    let joined = |name: Option<String>, version: Option<String>| match (name, version) {
        (Some(name), Some(version)) => Some(format!("{name} {version}")),
        (name, version) => name.or(version),
    };
    let is_view = matches!(message.kind, Kind::Page | Kind::Screen);
    let view = |name: &str| if is_view { own(name) } else { None };
    let library = text(&["library", "name"]);
    let channel = channel.or_else(|| text(&["channel"]));
    let is_server = channel.as_deref() == Some("server") || library.as_deref().is_some_and(is_server_library);
    let user_agent = text(&["userAgent"]).or_else(|| arrival.user_agent.filter(|_| !is_server).map(str::to_owned));
    message.context = Context {
        url: view("url").or_else(|| text(&["page", "url"])).or_else(|| text(&["page", "path"])),
        title: view("title").or_else(|| text(&["page", "title"])),
        referrer: view("referrer").or_else(|| text(&["page", "referrer"])).or_else(|| text(&["referrer", "url"])),
        utm_source: text(&["campaign", "source"]),
        utm_medium: text(&["campaign", "medium"]),
        utm_campaign: text(&["campaign", "name"]),
        utm_term: text(&["campaign", "term"]),
        utm_content: text(&["campaign", "content"]),
        device: text(&["device", "model"]).or_else(|| text(&["device", "type"])),
        os: joined(text(&["os", "name"]), text(&["os", "version"])),
        browser: user_agent.as_deref().and_then(browser_of).map(str::to_owned),
        app_version: text(&["app", "version"]),
        session: text(&["sessionId"]),
        locale: text(&["locale"]),
        timezone: text(&["timezone"]),
        library: joined(library, text(&["library", "version"])),
        user_agent,
        channel,
        store_id: None,
    };
    let peer = arrival.peer_ip.filter(|_| !is_server).map(str::to_owned);
    message.ip = text(&["ip"]).or(peer).map(Sensitive::new);
    if let Some(device) = text(&["device", "id"]).filter(|id| id.len() <= MAX_NAME_BYTES) {
        message.add_identity(Identity::new(IdentityKind::DeviceId, device));
    }
    for external in context.get("externalIds").and_then(Value::as_array).into_iter().flatten().take(20) {
        let part = |name: &str| external.get(name).and_then(id_text).filter(|id| id.len() <= MAX_NAME_BYTES);
        if let (Some(id), Some(namespace)) = (part("id"), part("type")) {
            let kind = IdentityKind::ExternalId;
            message.add_identity(Identity { kind, namespace, value: Sensitive::new(id) });
        }
    }
    let rest: Map<String, Value> =
        context.into_iter().filter(|(key, value)| !READ.contains(&key.as_str()) && !value.is_null()).collect();
    if !rest.is_empty() && !message.properties.contains_key("context") {
        message.properties.insert("context".to_owned(), Value::Object(rest));
    }
}

/// Whether a library runs on a server, by the words of its name: the peer is then no customer.
pub(super) fn is_server_library(name: &str) -> bool {
    const SERVERS: &[&str] = &[
        "node",
        "python",
        "java",
        "go",
        "golang",
        "php",
        "ruby",
        "net",
        "csharp",
        "rust",
        "logagent",
        "formatimporter",
    ];
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| SERVERS.iter().any(|server| word.eq_ignore_ascii_case(server)))
}

/// The browser of a user agent, by the marks that name it alone.
pub(super) fn browser_of(user_agent: &str) -> Option<&'static str> {
    const MARKS: &[(&str, &str)] = &[
        ("MicroMessenger", "WeChat"),
        ("DingTalk", "DingTalk"),
        ("AlipayClient", "Alipay"),
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("QQBrowser", "QQBrowser"),
        ("UCBrowser", "UCBrowser"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    MARKS.iter().find(|(mark, _)| user_agent.contains(mark)).map(|&(_, name)| name)
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

    fn collect(body: &str, path: &str) -> Collected {
        let settings = Settings::default();
        let arrival = Arrival {
            received_at: AT,
            request_id: "req",
            peer_ip: Some("192.0.2.9"),
            user_agent: Some("Mozilla/5.0 Chrome/120.0 Safari/537.36"),
            sent_at: None,
            settings: &settings,
        };
        read(body.as_bytes(), Route::of_path(path).unwrap(), &arrival).unwrap()
    }

    fn ids(message: &Message) -> Vec<(IdentityKind, &str)> {
        message.identities.iter().map(|id| (id.kind, id.value.expose().as_str())).collect()
    }

    #[test]
    fn paths_name_routes() {
        for path in ["/v1/batch", "/v1/batch/", "/v1/b", "/beacon/v1/batch"] {
            assert_eq!(Route::of_path(path), Some(Route::Batch), "{path}");
        }
        assert_eq!(Route::of_path("/v1/g/"), Some(Route::Single(Kind::Group)));
        assert_eq!(Route::of_path("/v1/m"), None);
    }

    /// As `@segment/analytics-node` sends it.
    #[test]
    fn a_batch_of_analytics_node() {
        let body = r#"{"batch":[{"userId":"u1","event":"Order Completed","properties":{"order_id":"o1","total":"99.90"},
            "integrations":{},"type":"track","timestamp":"2024-03-05T06:03:21.500Z","context":{"library":{"name":"@segment/analytics-node","version":"2.1.2"}},
            "messageId":"node-next-1709618601500-7b1a"}],"writeKey":"K","sentAt":"2024-03-05T06:03:21.900Z"}"#;
        let collected = collect(body, "/v1/batch");
        assert_eq!(collected.write_key.as_deref(), Some("K"));
        let message = collected.accepted().next().unwrap();
        assert_eq!(ids(message), [(IdentityKind::MemberId, "u1")]);
        assert_eq!((message.occurred_at, message.time_source), (AT - 500_000, TimeSource::Stated));
        assert_eq!(message.properties["total"], "99.90");
        assert!(message.is_id_given && message.ip.is_none() && message.context.user_agent.is_none());
        assert_eq!(message.context.library.as_deref(), Some("@segment/analytics-node 2.1.2"));
    }

    /// As `@segment/analytics-next` sends it: text/plain, a single page without type.
    #[test]
    fn a_page_of_the_browser() {
        let body = r#"{"timestamp":"2024-03-05T06:03:21.000Z","integrations":{},"userId":null,"anonymousId":"6f1c","type":"page",
            "properties":{"path":"/p","referrer":"","search":"?utm_source=wx","title":"首页","url":"https://a.cn/p"},"category":null,"name":"Home",
            "context":{"page":{"url":"https://a.cn/p","title":"首页"},"userAgent":"Mozilla/5.0 MicroMessenger/8","locale":"zh-CN","timezone":"Asia/Shanghai",
            "campaign":{"source":"wx","name":"spring"},"library":{"name":"analytics.js","version":"npm:next-1.70.0"},"plan":"x"},
            "messageId":"ajs-next-1","writeKey":"K","sentAt":"2024-03-05T06:03:21.100Z","_metadata":{}}"#;
        let collected = collect(body, "/v1/p");
        let message = collected.accepted().next().unwrap();
        assert_eq!(collected.write_key.as_deref(), Some("K"));
        assert_eq!((message.kind, message.event_name()), (Kind::Page, "Home"));
        assert_eq!(ids(message), [(IdentityKind::AnonymousId, "6f1c")]);
        assert_eq!(message.context.url.as_deref(), Some("https://a.cn/p"));
        assert_eq!(message.context.utm_campaign.as_deref(), Some("spring"));
        assert_eq!(message.context.browser.as_deref(), Some("WeChat"));
        assert_eq!(message.ip.as_ref().map(|ip| ip.expose().as_str()), Some("192.0.2.9"));
        assert_eq!(message.properties["context"], json!({"plan": "x"}));
    }

    /// As `rudder-sdk-python` and `@rudderstack/analytics-js` send it: traits in the context only, ids as numbers,
    /// `originalTimestamp` alone.
    #[test]
    fn an_identify_of_rudderstack() {
        let body = r#"{"batch":[{"anonymousId":"a1","channel":"server","context":{"library":{"name":"rudder-analytics-python","version":"2.1"},"traits":{"email":"a1@qq.com","vip":true}},
            "integrations":{"All":true},"messageId":"m1","originalTimestamp":"2024-03-05T05:03:21.123456+00:00","type":"identify","userId":1001,"sentAt":"2024-03-05T05:03:22Z"},
            {"type":"track","userId":"u2","anonymousId":"a1","event":"x","messageId":"m2","context":{"traits":{"email":"b@qq.com"}}}],
            "sentAt":"2024-03-05T05:03:22+00:00","timestamp":"2024-03-05T05:03:22Z"}"#;
        let collected = collect(body, "/v1/batch");
        let messages: Vec<&Message> = collected.accepted().collect();
        assert_eq!(
            ids(messages[0]),
            [(IdentityKind::MemberId, "1001"), (IdentityKind::AnonymousId, "a1"), (IdentityKind::Email, "a1@qq.com")]
        );
        assert_eq!(messages[0].traits, json!({"vip": true}).as_object().unwrap().clone());
        // The sender's clock is an hour slow.
        assert_eq!(messages[0].time_source, TimeSource::Corrected);
        assert_eq!(messages[0].occurred_at, AT - 876_544);
        assert!(messages[1].personal.is_empty() && messages[1].traits.is_empty());
        assert_eq!(messages[1].time_source, TimeSource::Received);
    }

    /// As `@rudderstack/analytics-js` sends it: the envelope has a timestamp, the message the call's time only.
    #[test]
    fn a_track_of_rudderstack_in_the_browser() {
        let body = r#"{"event":"Product Added","properties":{"product_id":"p1","price":49.95},"type":"track","channel":"web",
            "context":{"traits":{"email":"old@qq.com"},"sessionId":1709618500123,"sessionStart":true,"app":{"name":"RudderLabs JavaScript SDK","version":"3.11"},
            "library":{"name":"RudderLabs JavaScript SDK","version":"3.11"},"userAgent":"Mozilla/5.0 Firefox/123.0","os":{"name":"","version":""},
            "page":{"url":"https://a.cn/p1","referrer":"$direct","initial_referrer":"$direct"},"campaign":{}},
            "originalTimestamp":"2024-03-05T06:03:20.000Z","sentAt":"2024-03-05T06:03:21.000Z","integrations":{"All":true},
            "messageId":"5f0a","userId":"","anonymousId":"0a5e","timestamp":null}"#;
        let collected = collect(body, "/v1/track");
        let message = collected.accepted().next().unwrap();
        assert_eq!(ids(message), [(IdentityKind::AnonymousId, "0a5e")]);
        assert_eq!((message.occurred_at, message.time_source), (AT - 2_000_000, TimeSource::Stated));
        assert_eq!(message.context.session.as_deref(), Some("1709618500123"));
        assert_eq!((message.context.channel.as_deref(), message.context.os.as_deref()), (Some("web"), None));
        assert!(message.ip.is_some() && message.personal.is_empty());
    }

    /// The same number of a message sent again, in another envelope, by a retry.
    #[test]
    fn a_retry_is_the_same_message() {
        let message =
            r#"{"type":"track","event":"x","userId":"u","messageId":"m1","timestamp":"2024-03-05T06:03:20Z"}"#;
        let first =
            collect(&format!("{{\"batch\":[{message},{message}],\"sentAt\":\"2024-03-05T06:03:21Z\"}}"), "/v1/batch");
        let again = collect(&format!("[{message}]"), "/v1/batch");
        let keys: Vec<Option<u128>> = first.accepted().chain(again.accepted()).map(Message::dedup_key).collect();
        assert!(keys[0].is_some() && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
    }

    #[test]
    fn one_bad_record_spoils_nothing() {
        let body = r#"{"batch":[7,{"type":"track","userId":"u"},{"type":"dance","userId":"u"},{"type":"track","event":"x"},
            {"type":"alias","userId":"u"},{"type":"track","userId":"u","event":"x","properties":[1]},
            {"type":"group","userId":"u"},{"userId":"u","event":"ok","type":"track","timestamp":"gestern"}]}"#;
        let collected = collect(body, "/v1/batch");
        let codes: Vec<&str> = collected.rejected().map(|rejected| rejected.code.as_str()).collect();
        let expected = [
            "not_an_object",
            "missing_event",
            "unknown_type",
            "missing_identity",
            "missing_previous_id",
            "properties_not_object",
            "missing_item",
        ];
        assert_eq!(codes, expected);
        let message = collected.accepted().next().unwrap();
        assert_eq!((message.occurred_at, message.dedup_key()), (AT, None));
        assert_eq!(message.message_id, "req.7");
        let kept: Value =
            serde_json::from_str(collected.rejected().nth(6).unwrap().record.expose()).unwrap_or_default();
        assert_eq!(kept, json!({"type": "group", "userId": "u"}));
    }

    #[test]
    fn alias_names_the_person_first() {
        let collected = collect(r#"{"previousId":"old","userId":"new"}"#, "/v1/alias/");
        let message = collected.accepted().next().unwrap();
        let expected =
            [(IdentityKind::MemberId, "new"), (IdentityKind::MemberId, "old"), (IdentityKind::AnonymousId, "old")];
        assert_eq!(ids(message), expected);
    }

    #[test]
    fn bodies_that_hold_no_records_are_unreadable() {
        let settings = Settings::default();
        let arrival = Arrival {
            received_at: AT,
            request_id: "r",
            peer_ip: None,
            user_agent: None,
            sent_at: None,
            settings: &settings,
        };
        let code = |body: &[u8]| read(body, Route::Batch, &arrival).map(|_| ()).map_err(|error| error.code());
        assert_eq!(code(b""), Err("empty_body"));
        assert_eq!(code(b"{\"batch\":"), Err("bad_json"));
        assert_eq!(code(b"{\"batch\":3}"), Err("not_records"));
        assert_eq!(code(b"a=b"), Err("missing_field"));
        assert_eq!(code(b"{\"batch\":[]}"), Ok(()));
        assert_eq!(code(b"data=eyJiYXRjaCI6W119"), Ok(()));
    }

    #[test]
    fn libraries_on_servers_are_known_by_their_words() {
        for name in ["@segment/analytics-node", "analytics-python", "RudderStack Go SDK"] {
            assert!(is_server_library(name), "{name}");
        }
        for name in ["analytics.js", "RudderLabs JavaScript SDK", "analytics-ios", "js", "MiniProgram"] {
            assert!(!is_server_library(name), "{name}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|n| Value::from(f64::from(n) / 8.0)),
            "\\PC{0,8}".prop_map(Value::from),
            Just(json!("track")),
            Just(json!("identify")),
        ];
        let key = prop_oneof![
            Just("type"),
            Just("userId"),
            Just("anonymousId"),
            Just("event"),
            Just("properties"),
            Just("traits"),
            Just("context"),
            Just("timestamp"),
            Just("sentAt"),
            Just("phone"),
            Just("page"),
            Just("address"),
        ];
        leaf.prop_recursive(4, 40, 8, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(key.clone().prop_map(str::to_owned), inner, 0..8)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// INV-COLLECT-1, INV-COLLECT-3.
        #[test]
        fn no_message_panics_and_all_read_back(records in prop::collection::vec(any_json(), 0..4), noise in "\\PC{0,20}") {
            let n_records = records.len();
            let collected = collect(&json!({"batch": records}).to_string(), "/v1/batch");
            prop_assert_eq!(collected.records.len(), n_records);
            for message in collected.accepted() {
                let mut bytes = Vec::new();
                message.to_log(&mut bytes);
                let read = Message::from_log(&bytes);
                prop_assert_eq!(read.as_ref(), Ok(message));
            }
            let settings = Settings::default();
            let arrival = Arrival { received_at: AT, request_id: "r", peer_ip: None, user_agent: None, sent_at: Some(&noise), settings: &settings };
            let _ = read(noise.as_bytes(), Route::Batch, &arrival);
        }
    }
}
