//! Message histories for tests, made from a seed: several people on shared devices who browse anonymously, sign in and out,
//! change their traits, order and give back; some messages twice, some late.
//!
//! Deterministic: the seed decides everything, on every machine. [`Script::generate`] gives messages in the order in which
//! they happened; [`permute`], [`duplicate`] and [`delay`] make of it what a network does.

use serde_json::{Value, json};

use crate::collect::message::{Dialect, Identity, Kind, Message, TimeSource};
use crate::import::entity::IdentityKind;
use crate::sensitive::Sensitive;

/// 2024-03-01T00:00:00Z, where every script begins.
pub const START: i64 = 1_709_251_200_000_000;
/// Microseconds in a second.
const SECOND: i64 = 1_000_000;

/// Numbers from a seed (splitmix64). Not for secrets.
#[derive(Clone, Debug)]
pub struct Seeded(u64);

impl Seeded {
    /// The numbers of a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`; 0 when `n` is 0.
    pub fn below(&mut self, n: u64) -> u64 {
        if n == 0 { 0 } else { self.next_u64() % n }
    }

    /// True in `percent` of 100 cases.
    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn index(&mut self, length: usize) -> usize {
        self.below(length as u64) as usize
    }
}

/// A history while it is made.
pub struct Script {
    numbers: Seeded,
    at: i64,
    messages: Vec<Message>,
    /// Who is signed in on each device.
    devices: Vec<Option<usize>>,
    n_people: usize,
    /// Orders that may still change: number, amount in minor units.
    orders: Vec<(String, i64)>,
}

impl Script {
    /// `n` messages of a seed, in the order of their event times; a few stand twice.
    pub fn generate(seed: u64, n: usize) -> Vec<Message> {
        let mut numbers = Seeded::new(seed);
        let n_devices = 2 + numbers.index(4);
        let n_people = 2 + numbers.index(4);
        let mut script = Self {
            numbers,
            at: START,
            messages: Vec::with_capacity(n),
            devices: vec![None; n_devices],
            n_people,
            orders: Vec::new(),
        };
        while script.messages.len() < n {
            script.step();
        }
        script.messages.truncate(n);
        script.messages
    }

    fn step(&mut self) {
        // Mostly within a visit, at times days apart; now and then two at one instant.
        self.at += match self.numbers.below(20) {
            0 => 0,
            1 => 2 * 86_400 * SECOND,
            2..5 => (1_800 + self.numbers.below(7_200) as i64) * SECOND,
            _ => (1 + self.numbers.below(600) as i64) * SECOND,
        };
        let device = self.numbers.index(self.devices.len());
        match self.numbers.below(100) {
            0..12 => self.sign_in(device),
            12..18 => self.devices[device] = None,
            18..45 => self.state_traits(device),
            45..68 => self.trade(device),
            68..72 => self.relate(device),
            72..76 => self.repeat(),
            _ => self.browse(device),
        }
    }

    fn message(&mut self, kind: Kind, device: usize) -> Message {
        let id = format!("m{:05}-{:04x}", self.messages.len(), self.numbers.below(1 << 16));
        let mut message = Message::new(Dialect::Segment, kind, id, self.at + self.numbers.below(3_000) as i64 * 1_000);
        message.occurred_at = self.at;
        message.time_source = TimeSource::Stated;
        // Back ends do not know the visitor's id.
        let person = self.devices[device];
        if let Some(person) = person {
            message.add_identity(member(person));
        }
        if person.is_none() || self.numbers.chance(80) {
            message.add_identity(Identity::new(IdentityKind::AnonymousId, format!("a{device}")));
        }
        message
    }

    fn sign_in(&mut self, device: usize) {
        let person = self.numbers.index(self.n_people);
        self.devices[device] = Some(person);
        let is_link = self.numbers.chance(30);
        let mut message = self.message(if is_link { Kind::Link } else { Kind::Identify }, device);
        if is_link {
            message.event = Some("$SignUp".to_owned());
        } else {
            let phone = format!("139{:08}", 10_000_000 + person);
            message.add_identity(Identity::new(IdentityKind::Phone, phone.as_str()));
            message.personal.insert("phone".to_owned(), Some(Sensitive::new(phone)));
            message
                .traits
                .insert("level".to_owned(), json!([Some("silver"), Some("gold"), None][self.numbers.index(3)]));
        }
        self.messages.push(message);
    }

    fn state_traits(&mut self, device: usize) {
        let kind = match self.numbers.below(20) {
            0..5 => Kind::Identify,
            5..8 => Kind::ProfileSet,
            8..11 => Kind::ProfileSetOnce,
            11..14 => Kind::ProfileIncrement,
            14..17 => Kind::ProfileAppend,
            17..19 => Kind::ProfileUnset,
            _ => Kind::ProfileDelete,
        };
        let key = ["level", "points", "interests", "city"][self.numbers.index(4)];
        let value: Value = match kind {
            Kind::ProfileIncrement => json!(self.numbers.below(20) as i64 - 5),
            Kind::ProfileAppend => json!([format!("t{}", self.numbers.below(4))]),
            Kind::ProfileUnset => Value::Null,
            _ if self.numbers.chance(10) => Value::Null,
            _ => json!(self.numbers.below(100)),
        };
        let mut message = self.message(kind, device);
        if kind != Kind::ProfileDelete {
            message.traits.insert(key.to_owned(), value);
        }
        self.messages.push(message);
    }

    fn browse(&mut self, device: usize) {
        let kind = [Kind::Page, Kind::Track, Kind::Screen][self.numbers.index(3)];
        let mut message = self.message(kind, device);
        message.event = Some(["首页", "Product Viewed", "签到"][self.numbers.index(3)].to_owned());
        let product = self.numbers.below(9);
        message.properties.insert("product_id".to_owned(), json!(format!("p{product}")));
        message.context.url = Some(format!("https://shop.example/p/{product}"));
        if self.numbers.chance(15) {
            message.context.utm_source = Some("wechat".to_owned());
            message.context.utm_campaign = Some(["spring", "double11"][self.numbers.index(2)].to_owned());
        }
        self.messages.push(message);
    }

    fn trade(&mut self, device: usize) {
        if self.orders.is_empty() || self.numbers.chance(45) {
            let amount = 100 + self.numbers.below(100_000) as i64;
            self.orders.push((format!("o{}", self.orders.len() + 1), amount));
            let order = self.orders.len() - 1;
            if self.numbers.chance(40) {
                self.order_event(device, order, "Checkout Started", json!({"value": text(amount)}));
                self.at += 30 * SECOND;
            }
            self.order_event(device, order, "Order Completed", completed(amount));
            if self.numbers.chance(30) {
                // The back end says it too, under an id of its own.
                self.at += SECOND;
                self.order_event(device, order, "Order Completed", json!({"total": text(amount), "currency": "CNY"}));
            }
            return;
        }
        let order = self.numbers.index(self.orders.len());
        let amount = self.orders[order].1;
        match self.numbers.below(10) {
            0..3 => {
                self.orders[order].1 = amount + 50;
                self.order_event(device, order, "Order Updated", completed(amount + 50));
            }
            3..6 => {
                let part = 1 + self.numbers.below(amount as u64) as i64;
                let refund = format!("r{}", self.numbers.below(50));
                self.order_event(device, order, "Order Refunded", json!({"total": text(part), "refund_id": refund}));
            }
            6..8 => {
                let lines = json!([{"product_id": "p1", "price": text(amount / 2), "quantity": 1}]);
                self.order_event(device, order, "Order Refunded", json!({"products": lines}));
            }
            8 => self.order_event(device, order, "Order Refunded", json!({})),
            _ => self.order_event(device, order, "Order Cancelled", json!({})),
        }
    }

    fn order_event(&mut self, device: usize, order: usize, event: &str, properties: Value) {
        let mut message = self.message(Kind::Track, device);
        message.event = Some(event.to_owned());
        message.properties = properties.as_object().cloned().unwrap_or_default();
        message.properties.insert("order_id".to_owned(), json!(self.orders[order].0));
        self.messages.push(message);
    }

    /// Says who is who: an alias, a binding, or its undoing.
    fn relate(&mut self, device: usize) {
        let person = self.numbers.index(self.n_people);
        let kind = [Kind::Alias, Kind::Link, Kind::Unlink][self.numbers.index(3)];
        let mut message = self.message(kind, device);
        message.identities.clear();
        message.add_identity(member(person));
        match message.kind {
            Kind::Alias => {
                message.add_identity(Identity::new(IdentityKind::MemberId, format!("old-u{person}")));
                message.add_identity(Identity::new(IdentityKind::AnonymousId, format!("a{device}")));
            }
            _ => message.add_identity(Identity::new(IdentityKind::Unionid, format!("oU{person}"))),
        }
        self.messages.push(message);
    }

    fn repeat(&mut self) {
        if !self.messages.is_empty() {
            let at = self.numbers.index(self.messages.len());
            let again = self.messages[at].clone();
            self.messages.push(again);
        }
    }
}

fn member(person: usize) -> Identity {
    Identity::new(IdentityKind::MemberId, format!("u{person}"))
}

fn text(minor: i64) -> String {
    crate::clean::number::format_decimal(minor, 2)
}

fn completed(amount: i64) -> Value {
    let half = amount / 2;
    json!({"total": text(amount), "currency": "CNY", "products": [
        {"product_id": "p1", "name": "衬衫", "price": text(half), "quantity": 1},
        {"product_id": "p2", "name": "裤子", "price": text(amount - half), "quantity": 1},
    ]})
}

/// The messages in another order.
pub fn permute(messages: &[Message], seed: u64) -> Vec<Message> {
    let mut numbers = Seeded::new(seed);
    let mut mixed = messages.to_vec();
    for at in (1..mixed.len()).rev() {
        mixed.swap(at, numbers.index(at + 1));
    }
    mixed
}

/// The messages with `percent` of 100 repeated at some later place.
pub fn duplicate(messages: &[Message], seed: u64, percent: u64) -> Vec<Message> {
    let mut numbers = Seeded::new(seed);
    let mut all = messages.to_vec();
    for message in messages {
        if numbers.chance(percent) {
            let at = numbers.index(all.len() + 1);
            all.insert(at, message.clone());
        }
    }
    all
}

/// The messages as they arrive when each is under way for up to `most_seconds`: `received_at` moves, the order follows it.
pub fn delay(messages: &[Message], seed: u64, most_seconds: u64) -> Vec<Message> {
    let mut numbers = Seeded::new(seed);
    let mut all = messages.to_vec();
    for message in &mut all {
        message.received_at += numbers.below(most_seconds + 1) as i64 * SECOND;
    }
    all.sort_by_key(|message| message.received_at);
    all
}

/// The messages in another order, a third of them twice: what no pure function of their set may notice.
pub fn shuffled(messages: &[Message], seed: u64) -> Vec<Message> {
    permute(&duplicate(messages, seed, 33), seed ^ 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_everything() {
        let script = Script::generate(7, 300);
        assert_eq!(script.len(), 300);
        assert_eq!(Script::generate(7, 300), script);
        assert_ne!(Script::generate(8, 300), script);
        assert_eq!(Seeded::new(1).next_u64(), 0x910a_2dec_8902_5cc1);
    }

    /// Properties tested on scripts say something only if the scripts hold what they are about.
    #[test]
    fn scripts_hold_what_is_hard() {
        let script = Script::generate(3, 2_000);
        for kind in [
            Kind::Track,
            Kind::Page,
            Kind::Identify,
            Kind::Alias,
            Kind::Link,
            Kind::Unlink,
            Kind::ProfileSetOnce,
            Kind::ProfileIncrement,
            Kind::ProfileAppend,
            Kind::ProfileUnset,
            Kind::ProfileDelete,
        ] {
            assert!(script.iter().any(|message| message.kind == kind), "{kind}");
        }
        for event in ["Order Completed", "Order Updated", "Order Refunded", "Order Cancelled", "Checkout Started"] {
            assert!(script.iter().any(|message| message.event_name() == event), "{event}");
        }
        let mut ids: Vec<&str> = script.iter().map(|message| message.message_id.as_str()).collect();
        ids.sort_unstable();
        assert!(ids.windows(2).any(|pair| pair[0] == pair[1]), "duplicates");
        assert!(script.iter().any(|message| message.identities.len() == 1 && message.identities[0].is_anonymous()));
    }

    #[test]
    fn a_network_keeps_every_message() {
        let script = Script::generate(1, 50);
        let sorted = |messages: Vec<Message>| {
            let mut ids: Vec<String> = messages.into_iter().map(|message| message.message_id).collect();
            ids.sort();
            ids
        };
        assert_eq!(sorted(permute(&script, 5)), sorted(script.clone()));
        assert_eq!(sorted(delay(&script, 5, 1_000)), sorted(script.clone()));
        let more = duplicate(&script, 5, 50);
        assert!(more.len() > 55);
        assert!(delay(&script, 5, 1_000).is_sorted_by_key(|message| message.received_at));
    }
}
