//! The plain JSON endpoint: tills, footfall counters and partners, without an SDK.
//!
//! ```json
//! {"sent_at": "2024-03-05T14:03:22+08:00",
//!  "events":   [{"event": "visit_count", "device_id": "gate-3", "store_id": "s1", "count": 12, "at": "2024-03-05T14:00:00+08:00"}],
//!  "orders":   [{"order_id": "o1", "status": "paid", "at": 1709618602, "amount": "99.90", "member_id": "m1", "store_id": "s1",
//!                "items": [{"product_id": "p1", "name": "衬衫", "quantity": 2, "price": 49.95}]}],
//!  "profiles": [{"member_id": "m1", "phone": "13912345678", "traits": {"level": "gold", "nickname": null}}]}
//! ```
//!
//! - `event`, `order`, `profile` with one object stand for lists of one; a bare object, or an array of them, is an event (one
//!   with `order_id` and no `event` is an order). All may stand in one body.
//! - `id` makes a record the same as another; without it the idempotency key of the request with the record's position
//!   does; without either a record is never the same.
//! - `at` is the time, in any form; a record without one happened when it arrived.
//! - Who: the kinds of identities by their names (`member_id`, `phone`, `email`, `unionid`, `openid`, `external_id`,
//!   `card_no`, `anonymous_id`), none at all for a counter. `device_id` is the sender's device, not the customer's: it is kept
//!   as a property.
//! - `status` of an order: `created`, `paid` (or none, or `completed`), `updated`, `refunded` (an amount makes it partial),
//!   `cancelled`. Orders become events of commerce with Segment's names, so that there is one reading of them.
//! - Every other field of a record is a property, as are those within `properties`.

use serde_json::{Map, Value};

use super::clock::Clock;
use super::message::{Dialect, Identity, Kind, Message};
use super::reject::{RejectCode, Rejected, Unreadable};
use super::segment::settle_id;
use super::wire::{self, MAX_NAME_BYTES, MAX_RECORDS, Shape, id_text, plain_text, reject};
use super::{Arrival, Collected, Record, personal};
use crate::import::entity::IdentityKind;

/// What a list of records holds.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Event,
    Order,
    Profile,
}

/// Reads a body; `idempotency_key` is the header's.
///
/// # Errors
/// [`Unreadable`] when nothing of it can be read; a bad record is rejected alone.
pub fn read(body: &[u8], idempotency_key: Option<&str>, arrival: &Arrival<'_>) -> Result<Collected, Unreadable> {
    let payload = match wire::shape(body) {
        Shape::Empty => return Err(Unreadable::Empty),
        _ => wire::read_json(body)?,
    };
    let mut clock = Clock::new(arrival);
    let mut records: Vec<(What, Value)> = Vec::new();
    let bare = |record: Value| {
        let is_order = record.get("event").is_none() && record.get("order_id").is_some();
        (if is_order { What::Order } else { What::Event }, record)
    };
    match payload {
        Value::Array(list) => records.extend(list.into_iter().map(bare)),
        Value::Object(mut envelope) => {
            clock.set_sent_at(envelope.get("sent_at"));
            let mut is_envelope = false;
            for (many, one, what) in [
                ("events", "event", What::Event),
                ("orders", "order", What::Order),
                ("profiles", "profile", What::Profile),
            ] {
                // `event` with a text is the name of a bare event.
                let is_list = envelope.get(many).is_some_and(Value::is_array);
                let is_one = envelope.get(one).is_some_and(Value::is_object);
                is_envelope |= is_list || is_one;
                if let Some(Value::Array(list)) = envelope.get_mut(many).filter(|_| is_list).map(Value::take) {
                    records.extend(list.into_iter().map(|record| (what, record)));
                }
                if let Some(record) = envelope.get_mut(one).filter(|_| is_one).map(Value::take) {
                    records.push((what, record));
                }
            }
            if !is_envelope {
                records.push(bare(Value::Object(envelope)));
            }
        }
        _ => return Err(Unreadable::NotRecords),
    }
    if records.len() > MAX_RECORDS {
        return Err(Unreadable::TooLarge("50,000 records"));
    }
    let mut collected = Collected::default();
    for (index, (what, mut record)) in (0..).zip(records) {
        let outcome = wire::check_limits(&record, body.len())
            .and_then(|()| read_record(what, &mut record, index, idempotency_key, arrival, &mut clock));
        collected.records.push(Record { index, project: None, token: None, outcome });
    }
    Ok(collected)
}

/// Kinds that a record may name somebody by.
fn kinds() -> impl Iterator<Item = IdentityKind> {
    IdentityKind::ALL.iter().copied().filter(|&kind| kind != IdentityKind::DeviceId)
}

/// The name of an order's event by its status.
fn event_of_status(status: Option<&str>) -> Option<&'static str> {
    Some(match status {
        Some("created") => "Checkout Started",
        None | Some("paid" | "completed") => "Order Completed",
        Some("updated") => "Order Updated",
        Some("refunded" | "partial_refund") => "Order Refunded",
        Some("cancelled" | "canceled") => "Order Cancelled",
        Some(_) => return None,
    })
}

fn read_record(
    what: What,
    record: &mut Value,
    index: u32,
    idempotency_key: Option<&str>,
    arrival: &Arrival<'_>,
    clock: &mut Clock,
) -> Result<Message, Rejected> {
    let event = match check(what, record) {
        Ok(event) => event,
        Err((code, field)) => return Err(reject(code, field, record)),
    };
    let kind = if what == What::Profile { Kind::Identify } else { Kind::Track };
    let mut message = Message::new(Dialect::Plain, kind, String::new(), arrival.received_at);
    let own = record.get("id").and_then(id_text).or_else(|| idempotency_key.map(|key| format!("{key}.{index}")));
    settle_id(&mut message, own, index, arrival);
    let stated = record.get("at").and_then(|at| clock.read(at));
    clock.settle(stated, None, &mut message);
    if clock.is_too_old(&message) {
        return Err(reject(RejectCode::TooOld, "at", record));
    }
    let Value::Object(fields) = record else {
        return Err(reject(RejectCode::NotAnObject, "", record));
    };
    let mut fields = std::mem::take(fields);
    message.event = event;
    for name in ["id", "event", "at"] {
        fields.remove(name);
    }
    let mut personal_fields = Map::new();
    for kind in kinds() {
        let Some(value) = fields.remove(kind.as_str()) else { continue };
        if kind.is_personal() {
            personal_fields.insert(kind.as_str().to_owned(), value);
        } else if let Some(text) = id_text(&value).and_then(|text| personal::read_identity(kind, &text)) {
            message.add_identity(Identity::new(kind, text));
        }
    }
    let object = |value: Option<Value>| match value {
        Some(Value::Object(object)) => object,
        _ => Map::new(),
    };
    let stated_traits = object(fields.remove("traits"));
    message.properties = object(fields.remove("properties"));
    if what == What::Profile {
        personal_fields.extend(stated_traits);
        personal_fields.extend(std::mem::take(&mut message.properties));
        personal_fields.extend(fields);
    } else {
        let mut text = |name: &str| fields.remove(name).as_ref().and_then(plain_text);
        message.context.store_id = text("store_id");
        message.context.channel = text("channel");
        message.context.device = fields.get("device_id").and_then(plain_text);
        for (name, value) in fields {
            let name = match (what, name.as_str()) {
                (What::Order, "amount") => "total".to_owned(),
                (What::Order, "items") => "products".to_owned(),
                (What::Order, "status") => continue,
                _ => name,
            };
            message.properties.entry(name).or_insert(value);
        }
    }
    personal::split(personal_fields, clock, &mut message);
    message.identities.sort_by_key(|id| id.kind.strength());
    Ok(message)
}

/// The name of the event, if the record may be accepted.
fn check(what: What, record: &Value) -> Result<Option<String>, (RejectCode, &'static str)> {
    let Value::Object(fields) = record else {
        return Err((RejectCode::NotAnObject, ""));
    };
    for name in ["properties", "traits"] {
        if fields.get(name).is_some_and(|value| !value.is_object() && !value.is_null()) {
            return Err((RejectCode::PropertiesNotObject, name));
        }
    }
    let is_long = |name: &str| fields.get(name).and_then(id_text).is_some_and(|text| text.len() > MAX_NAME_BYTES);
    if let Some(kind) = kinds().find(|kind| is_long(kind.as_str())) {
        return Err((RejectCode::NameTooLong, kind.as_str()));
    }
    if let Some(name) = ["id", "event", "order_id"].into_iter().find(|name| is_long(name)) {
        return Err((RejectCode::NameTooLong, name));
    }
    match what {
        What::Event => match fields.get("event").and_then(id_text) {
            Some(event) => Ok(Some(event)),
            None => Err((RejectCode::MissingEvent, "event")),
        },
        What::Order => {
            if fields.get("order_id").and_then(id_text).is_none() {
                return Err((RejectCode::MissingItem, "order_id"));
            }
            let status = fields.get("status").and_then(id_text).map(|word| word.to_ascii_lowercase());
            match event_of_status(status.as_deref()) {
                Some(event) => Ok(Some(event.to_owned())),
                None => Err((RejectCode::UnknownType, "status")),
            }
        }
        What::Profile if kinds().any(|kind| fields.get(kind.as_str()).and_then(id_text).is_some()) => Ok(None),
        What::Profile => Err((RejectCode::MissingIdentity, "member_id")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::Settings;
    use super::super::commerce::{CommerceMapping, facts};
    use super::super::order::Action;
    use super::*;

    const AT: i64 = 1_709_618_602_000_000;

    fn collect(body: &[u8], key: Option<&str>) -> Result<Collected, Unreadable> {
        let settings = Settings::default();
        let arrival = Arrival {
            received_at: AT,
            request_id: "req",
            peer_ip: None,
            user_agent: None,
            sent_at: None,
            settings: &settings,
        };
        read(body, key, &arrival)
    }

    #[test]
    fn a_footfall_counter_counts() {
        let body = r#"{"events":[{"event":"visit_count","device_id":"gate-3","store_id":"s1","count":12,"at":"2024-03-05T14:00:00+08:00"},{"count":1}]}"#;
        let collected = collect(body.as_bytes(), Some("k1")).unwrap();
        let message = collected.accepted().next().unwrap();
        assert_eq!(
            (message.event_name(), message.message_id.as_str(), message.occurred_at),
            ("visit_count", "k1.0", AT - 202_000_000)
        );
        assert_eq!(message.context.store_id.as_deref(), Some("s1"));
        assert_eq!(Value::Object(message.properties.clone()), json!({"count": 12, "device_id": "gate-3"}));
        assert!(message.identities.is_empty() && message.is_id_given);
        assert_eq!(collected.rejected().next().map(|rejected| rejected.code), Some(RejectCode::MissingEvent));
        // A bare event, no key: never the same as another.
        let bare = collect(br#"{"event":"open","id":null}"#, None).unwrap();
        assert_eq!(bare.accepted().next().and_then(Message::dedup_key), None);
    }

    #[test]
    fn a_till_sends_orders() {
        let body = r#"{"order":{"id":"t1","order_id":1001,"at":1709618600,"amount":"99.90","phone":"13912345678","card_no":"C1","store_id":"s1",
            "items":[{"product_id":"p1","price":49.95,"quantity":2}]},"orders":[{"order_id":"1001","status":"refunded","amount":9.9},{"order_id":"2","status":"lost"}]}"#;
        let collected = collect(body.as_bytes(), None).unwrap();
        let facts: Vec<_> =
            collected.accepted().filter_map(|message| facts(message, &CommerceMapping::default()).order).collect();
        assert_eq!(facts.iter().map(|fact| fact.action).collect::<Vec<_>>(), [Action::Refund, Action::Complete]);
        assert_eq!(
            (facts[1].sums.total, facts[1].store_id.as_deref(), facts[1].lines.as_ref().map(Vec::len)),
            (Some(9_990), Some("s1"), Some(1))
        );
        assert_eq!(facts[0].order_id, facts[1].order_id);
        let message = collected.accepted().nth(1).unwrap();
        assert_eq!(message.identities.len(), 2);
        assert!(!message.properties.contains_key("phone") && message.personal.contains_key("phone"));
        assert_eq!(collected.rejected().next().map(|rejected| rejected.field.as_str()), Some("status"));
    }

    #[test]
    fn profiles_state_traits() {
        let body = json!({"profiles": [{"member_id": "m1", "phone": "13912345678", "traits": {"level": "gold", "姓名": "张三"}}, {"traits": {}}]});
        let collected = collect(body.to_string().as_bytes(), None).unwrap();
        let message = collected.accepted().next().unwrap();
        assert_eq!((message.kind, message.identities.len(), message.personal.len()), (Kind::Identify, 2, 2));
        assert_eq!(Value::Object(message.traits.clone()), json!({"level": "gold"}));
        assert_eq!(collected.rejected().count(), 1);
    }

    proptest! {
        /// INV-COLLECT-1.
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..40), field in "event|events|order|orders|profile|order_id|at|properties", text in "\\PC{0,8}", n in any::<i64>()) {
            let _ = collect(&bytes, None);
            for value in [json!(text), json!(n), json!([{"event": text, "at": n}]), json!({"order_id": n, "at": text, "items": [text]})] {
                let _ = collect(json!({field.clone(): value}).to_string().as_bytes(), Some(&text));
            }
        }
    }
}
