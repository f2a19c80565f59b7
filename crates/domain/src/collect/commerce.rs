//! Commerce events: which events are facts of orders and products, and what they say.
//!
//! Segment's e-commerce events are known by name, in the spelling of version 2 (`Order Completed`), of version 1
//! (`Completed Order`) or any other of case and separators (`order_completed`). Everything else is mapped by the project:
//!
//! ```yaml
//! events:
//!   PayOrder:
//!     event: order_paid
//!     fields: {order_id: orderNo, total: pay.amount, time: payTime, products: goods}
//!     line_fields: {product_id: goods_id, quantity: num, price: goods_price}
//!     unit: fen
//!   OrderChange:               # one event for many things: its status says which
//!     event: order_updated
//!     fields: {order_id: orderNo, status: state}
//!     statuses: {已取消: order_cancelled, 已退款: order_refunded}
//! ```
//!
//! Money comes as numbers or as text (`"99.90"`) and is kept exact in minor units; what cannot be read is a problem of its
//! field, not of the event.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::clock::Clock;
use super::message::{Message, Stamp};
use super::order::{Action, OrderFact, OrderLine, Sums};
use super::wire::{id_text, plain_text};
use crate::clean::RuleSet;
use crate::clean::money::{Currency, MoneyUnit, parse_money};
use crate::clean::number::parse_decimal;

/// What an event means for commerce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Commerce {
    /// A checkout was opened, or an order placed; it is not paid.
    #[serde(alias = "order_placed")]
    CheckoutStarted,
    /// An order was paid.
    #[serde(alias = "order_paid")]
    OrderCompleted,
    /// An order was changed.
    OrderUpdated,
    /// An order was given back, or a part of it.
    OrderRefunded,
    /// An order is void.
    OrderCancelled,
    /// One product or several were shown, put into a cart, …
    Product,
}

impl Commerce {
    /// The meaning of Segment's names, of both versions, in any spelling.
    pub fn of_name(name: &str) -> Option<Self> {
        let name: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        Some(match name.as_str() {
            "checkoutstarted" | "startedcheckout" => Self::CheckoutStarted,
            "ordercompleted" | "completedorder" => Self::OrderCompleted,
            "orderupdated" | "updatedorder" => Self::OrderUpdated,
            "orderrefunded" | "refundedorder" => Self::OrderRefunded,
            "ordercancelled" | "ordercanceled" | "cancelledorder" | "canceledorder" => Self::OrderCancelled,
            "productviewed"
            | "viewedproduct"
            | "productclicked"
            | "clickedproduct"
            | "productadded"
            | "addedproduct"
            | "productremoved"
            | "removedproduct"
            | "productaddedtowishlist"
            | "productremovedfromwishlist"
            | "wishlistproductaddedtocart"
            | "productlistviewed"
            | "productlistfiltered"
            | "cartviewed" => Self::Product,
            _ => return None,
        })
    }
}

/// How an event of one's own is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventMapping {
    /// What it means, unless its status says something else.
    pub event: Commerce,
    /// Field of ours → its property, a path with dots; a field left out is read under its own name.
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// The same for the fields of a line.
    #[serde(default)]
    pub line_fields: BTreeMap<String, String>,
    /// Values of the field `status` → what the event then means.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub statuses: BTreeMap<String, Commerce>,
    /// Unit of its money.
    #[serde(default)]
    pub unit: MoneyUnit,
}

impl EventMapping {
    /// What an event with these properties means.
    fn meaning(&self, properties: &Map<String, Value>) -> Commerce {
        let status = self.fields.get("status").and_then(|path| plain_text(at_path(properties, path)?));
        status.and_then(|status| self.statuses.get(status.trim())).copied().unwrap_or(self.event)
    }

    /// Whether any of its meanings is a fact of an order that has a number.
    fn needs_order_id(&self) -> bool {
        let needs = |event: &Commerce| !matches!(event, Commerce::Product);
        needs(&self.event) || self.statuses.values().any(needs)
    }
}

/// How a project's events are read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommerceMapping {
    /// Zone of times in the field `time` that name none.
    ///
    /// **Units**: minutes east of Greenwich.
    pub zone_minutes: i32,
    /// Its own events by name; they win over Segment's of the same name.
    pub events: BTreeMap<String, EventMapping>,
}

impl Default for CommerceMapping {
    fn default() -> Self {
        Self { zone_minutes: 480, events: BTreeMap::new() }
    }
}

/// Fields of an event that can be mapped.
pub const FIELDS: &[&str] = &[
    "order_id",
    "refund_id",
    "total",
    "amount",
    "revenue",
    "subtotal",
    "value",
    "shipping",
    "tax",
    "discount",
    "coupon",
    "currency",
    "channel",
    "affiliation",
    "store_id",
    "campaign_id",
    "products",
    "status",
    "time",
];
/// Fields of a line that can be mapped.
pub const LINE_FIELDS: &[&str] =
    &["product_id", "sku", "name", "brand", "category", "price", "quantity", "amount", "discount", "variant"];

/// What is wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {en}")]
pub struct MappingProblem {
    /// Where.
    pub path: String,
    /// What and how to mend it, in Chinese.
    pub zh: String,
    /// What and how to mend it, in English.
    pub en: String,
}

impl CommerceMapping {
    /// What is wrong with it; nothing when it can be used.
    pub fn validate(&self) -> Vec<MappingProblem> {
        let mut problems = Vec::new();
        let mut add = |path: String, zh: String, en: String| problems.push(MappingProblem { path, zh, en });
        if self.zone_minutes.abs() > 14 * 60 {
            add(
                "zone_minutes".into(),
                "时区应在 -840 到 840 分钟之间：北京时间写 480".into(),
                "a zone is between -840 and 840 minutes: write 480 for Beijing".into(),
            );
        }
        for (name, mapping) in &self.events {
            let at = |rest: &str| format!("events.{name}{rest}");
            if name.trim().is_empty() {
                add(at(""), "事件名为空：请写事件名".into(), "the name is empty: write the event's name".into());
            }
            for (list, what, known) in
                [(&mapping.fields, "fields", FIELDS), (&mapping.line_fields, "line_fields", LINE_FIELDS)]
            {
                for (field, property) in list {
                    let path = at(&format!(".{what}.{field}"));
                    if !known.contains(&field.as_str()) {
                        let known = known.join(", ");
                        add(
                            path.clone(),
                            format!("没有这个字段；可用的有 {known}"),
                            format!("no such field; use one of {known}"),
                        );
                    }
                    if property.trim().is_empty() {
                        add(
                            path,
                            "没有写属性名：请写属性名，或去掉这一行".into(),
                            "names no property; write its name or leave the line out".into(),
                        );
                    }
                }
            }
            if mapping.needs_order_id() && !mapping.fields.contains_key("order_id") {
                add(
                    at(".fields.order_id"),
                    "缺少订单号：请写明哪个属性是订单号".into(),
                    "the number of the order is missing: say which property it is".into(),
                );
            }
            if mapping.statuses.is_empty() == mapping.fields.contains_key("status") {
                add(
                    at(".statuses"),
                    "status 与 statuses 要成对出现：写明哪个属性是状态，以及各状态的含义".into(),
                    "`status` and `statuses` go together: say which property is the status, and what its values mean"
                        .into(),
                );
            }
            if !mapping.line_fields.is_empty() && !mapping.fields.contains_key("products") {
                add(
                    at(".line_fields"),
                    "没有商品列表：请在 fields.products 写明商品列表在哪个属性".into(),
                    "there is no list of products: say in `fields.products` where it stands".into(),
                );
            }
        }
        problems
    }

    /// Whether a property of an event, by the path of its keys, is the number of a thing: of an order, a refund, a product.
    pub fn is_id(&self, event: &str, path: &str) -> bool {
        let Some(own) = self.events.get(event) else { return false };
        let is = |list: &BTreeMap<String, String>, names: &[&str], path: &str| {
            names.iter().any(|name| list.get(*name).is_some_and(|property| property == path))
        };
        let in_line = || {
            let rest = path.strip_prefix(own.fields.get("products")?.as_str())?.strip_prefix('.')?;
            Some(is(&own.line_fields, &["product_id", "sku"], rest))
        };
        is(&own.fields, &["order_id", "refund_id", "coupon", "store_id", "campaign_id"], path)
            || in_line().unwrap_or(false)
    }
}

/// What an event says about a product.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductFact {
    /// Its code.
    pub product_id: String,
    /// When, for what is newer to win.
    pub stamp: Stamp,
    /// Name.
    pub name: Option<String>,
    /// Brand.
    pub brand: Option<String>,
    /// Category.
    pub category: Option<String>,
    /// Price of one unit, four places.
    pub price: Option<i64>,
}

/// A field that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The field, of a line as `products[2].price`.
    pub field: String,
    /// `missing` or `unreadable`.
    pub fault: &'static str,
}

/// What a message says for commerce.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// About an order.
    pub order: Option<OrderFact>,
    /// About products.
    pub products: Vec<ProductFact>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Reads what a message says for commerce; nothing for events that have no part in it.
pub fn facts(message: &Message, mapping: &CommerceMapping) -> Facts {
    let mut facts = Facts::default();
    let Some(name) = message.event.as_deref() else { return facts };
    let own = mapping.events.get(name);
    let properties = &message.properties;
    let event = own.map(|own| own.meaning(properties)).or_else(|| Commerce::of_name(name));
    let Some(event) = event else { return facts };
    let mut reader = Reader { own, unit: own.map_or(MoneyUnit::Yuan, |own| own.unit), problems: Vec::new() };
    let mut stamp = message.stamp();
    if let Some(time) = own.and_then(|own| at_path(properties, own.fields.get("time")?)) {
        match Clock::read_in_zone(time, mapping.zone_minutes) {
            Some(at) => stamp.0 = at,
            None => reader.problem("time", "unreadable"),
        }
    }

    let lines = reader.lines(properties, event, &stamp, &mut facts.products);
    let action = match event {
        Commerce::Product => None,
        Commerce::CheckoutStarted => Some(Action::Start),
        Commerce::OrderCompleted => Some(Action::Complete),
        Commerce::OrderUpdated => Some(Action::Update),
        Commerce::OrderRefunded => Some(Action::Refund),
        Commerce::OrderCancelled => Some(Action::Cancel),
    };
    if let Some(action) = action {
        facts.order = reader.order(properties, action, lines, stamp);
        if let Some(order) = &mut facts.order {
            let context = &message.context;
            order.channel = order.channel.take().or_else(|| context.channel.clone());
            order.store_id = order.store_id.take().or_else(|| context.store_id.clone());
        }
    }
    facts.problems = reader.problems;
    facts
}

struct Reader<'a> {
    own: Option<&'a EventMapping>,
    unit: MoneyUnit,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn order(
        &mut self,
        properties: &Map<String, Value>,
        action: Action,
        lines: Option<Vec<OrderLine>>,
        stamp: Stamp,
    ) -> Option<OrderFact> {
        let Some(order_id) = self.text(properties, "order_id") else {
            // A checkout need not have a number yet.
            if action != Action::Start {
                self.problem("order_id", "missing");
            }
            return None;
        };
        let mut stated = None;
        let mut money = |reader: &mut Self, name: &str| {
            let (value, currency) = reader.money(properties, name)?;
            stated = stated.or(currency);
            Some(value)
        };
        let total = money(self, "total").or_else(|| money(self, "amount"));
        let mut sums = Sums {
            total,
            revenue: money(self, "revenue"),
            subtotal: money(self, "subtotal"),
            value: money(self, "value"),
            shipping: money(self, "shipping"),
            tax: money(self, "tax"),
            discount: money(self, "discount").map(i64::saturating_abs),
            lines: None,
        };
        if let Some(lines) = &lines {
            sums.lines = lines.iter().map(OrderLine::sum).sum::<Option<i64>>();
        }
        let currency = self.text(properties, "currency").and_then(|text| {
            let currency = Currency::read(&text);
            if currency.is_none() {
                self.problem("currency", "unreadable");
            }
            currency
        });
        let channel = self.text(properties, "channel").or_else(|| self.text(properties, "affiliation"));
        Some(OrderFact {
            order_id,
            stamp,
            action,
            refund_id: self.text(properties, "refund_id").filter(|_| action == Action::Refund),
            sums,
            currency: currency.or(stated),
            coupon_id: self.text(properties, "coupon"),
            campaign_id: self.text(properties, "campaign_id"),
            channel,
            store_id: self.text(properties, "store_id"),
            lines,
        })
    }

    /// The lines of `products`, or the one line that the event itself is; products go to the list.
    fn lines(
        &mut self,
        properties: &Map<String, Value>,
        event: Commerce,
        stamp: &Stamp,
        products: &mut Vec<ProductFact>,
    ) -> Option<Vec<OrderLine>> {
        let listed = self.value(properties, "products");
        let parsed;
        let listed = match listed {
            // Back ends send lists as text where their SDK takes no objects.
            Some(Value::String(text)) => {
                parsed = serde_json::from_str::<Value>(text).ok();
                parsed.as_ref()
            }
            listed => listed,
        };
        let items: Vec<&Map<String, Value>> = match listed.and_then(Value::as_array) {
            Some(items) => items.iter().filter_map(Value::as_object).collect(),
            None if listed.is_some_and(|listed| !listed.is_null()) => {
                self.problem("products", "unreadable");
                return None;
            }
            None if event == Commerce::Product => vec![properties],
            None => return None,
        };
        let mut lines = Vec::with_capacity(items.len());
        for (at, item) in items.into_iter().enumerate().take(5_000) {
            let text = |name: &str| plain_text(self.line_value(item, name)?);
            let ids = ["product_id", "sku"].iter().find_map(|name| text(name));
            let Some(product_id) = ids.or_else(|| text("name")) else {
                self.problem(&format!("products[{at}].product_id"), "missing");
                continue;
            };
            let (name, brand, category) = (text("name"), text("brand"), text("category"));
            let price = self.line_number(item, "price", 4, at);
            products.push(ProductFact {
                product_id: product_id.clone(),
                stamp: stamp.clone(),
                name,
                brand,
                category,
                price,
            });
            lines.push(OrderLine {
                product_id,
                quantity: self.line_number(item, "quantity", 3, at).unwrap_or(1_000),
                price,
                amount: self.line_number(item, "amount", 2, at),
                discount: self.line_number(item, "discount", 2, at).map(i64::saturating_abs),
            });
        }
        Some(lines)
    }

    fn value<'v>(&self, properties: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
        match self.own.and_then(|own| own.fields.get(name)) {
            Some(path) => at_path(properties, path),
            None => properties.get(name),
        }
    }

    fn line_value<'v>(&self, item: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
        match self.own.and_then(|own| own.line_fields.get(name)) {
            Some(path) => at_path(item, path),
            None => item.get(name),
        }
    }

    fn text(&self, properties: &Map<String, Value>, name: &str) -> Option<String> {
        id_text(self.value(properties, name)?)
    }

    fn money(&mut self, properties: &Map<String, Value>, name: &str) -> Option<(i64, Option<Currency>)> {
        let text = plain_text(self.value(properties, name)?)?;
        match parse_money(&text, self.unit, 2, &mut RuleSet::default()) {
            Ok(amount) => Some((amount.value, amount.currency)),
            Err(_) => {
                self.problem(name, "unreadable");
                None
            }
        }
    }

    /// A number of a line; price and amount are money, quantities are not.
    fn line_number(&mut self, item: &Map<String, Value>, name: &str, places: u8, at: usize) -> Option<i64> {
        let text = plain_text(self.line_value(item, name)?)?;
        let fired = &mut RuleSet::default();
        let read = match name {
            "quantity" => parse_decimal(&text, places, fired),
            _ => parse_money(&text, self.unit, places, fired).map(|amount| amount.value),
        };
        if read.is_err() {
            self.problem(&format!("products[{at}].{name}"), "unreadable");
        }
        read.ok()
    }

    /// Notes a problem. A field that was mapped and found nowhere is one of the mapping.
    fn problem(&mut self, field: &str, fault: &'static str) {
        self.problems.push(Problem { field: field.to_owned(), fault });
    }
}

/// The value at a path with dots; a key that has dots itself wins.
fn at_path<'v>(object: &'v Map<String, Value>, path: &str) -> Option<&'v Value> {
    if let Some(value) = object.get(path) {
        return Some(value);
    }
    let (first, rest) = path.split_once('.')?;
    at_path(object.get(first)?.as_object()?, rest)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::message::{Dialect, Kind};
    use super::*;

    fn event(name: &str, properties: Value) -> Message {
        let mut message = Message::new(Dialect::Segment, Kind::Track, "m1".to_owned(), 5);
        message.event = Some(name.to_owned());
        message.properties = properties.as_object().cloned().unwrap_or_default();
        message
    }

    #[test]
    fn an_order_of_the_specification() {
        let message = event(
            "Order Completed",
            json!({"checkout_id": "c", "order_id": 50_314, "affiliation": "天猫", "total": "99.90", "revenue": 91.9, "shipping": 3,
                "tax": 5, "discount": -2.5, "coupon": "spring", "currency": "CNY",
                "products": [{"product_id": "p1", "sku": "s1", "name": "裙", "price": "19.995", "quantity": 2, "brand": "B", "category": "女装"},
                             {"sku": "s2", "price": 51.91}, {"position": 3}]}),
        );
        let facts = facts(&message, &CommerceMapping::default());
        let order = facts.order.unwrap();
        assert_eq!((order.order_id.as_str(), order.action), ("50314", Action::Complete));
        assert_eq!((order.sums.total, order.sums.revenue, order.sums.discount), (Some(9_990), Some(9_190), Some(250)));
        assert_eq!(order.sums.lines, Some(3_999 + 5_191));
        assert_eq!(order.channel.as_deref(), Some("天猫"));
        let lines = order.lines.unwrap();
        assert_eq!((lines[0].price, lines[0].quantity, lines[1].product_id.as_str()), (Some(199_950), 2_000, "s2"));
        assert_eq!(facts.products.len(), 2);
        assert_eq!(facts.problems, [Problem { field: "products[2].product_id".to_owned(), fault: "missing" }]);
    }

    #[test]
    fn names_of_both_versions_in_any_spelling() {
        for (name, expected) in [
            ("Completed Order", Some(Commerce::OrderCompleted)),
            ("order_completed", Some(Commerce::OrderCompleted)),
            ("orderRefunded", Some(Commerce::OrderRefunded)),
            ("Order Canceled", Some(Commerce::OrderCancelled)),
            ("Viewed Product", Some(Commerce::Product)),
            ("Order Reviewed", None),
        ] {
            assert_eq!(Commerce::of_name(name), expected, "{name}");
        }
        let viewed = facts(
            &event("Product Viewed", json!({"product_id": "p", "name": "n", "price": "¥9.9"})),
            &CommerceMapping::default(),
        );
        assert_eq!(viewed.products[0].price, Some(99_000));
        assert!(viewed.order.is_none());
    }

    #[test]
    fn events_of_ones_own_are_mapped() {
        let mapping: CommerceMapping = serde_json::from_value(json!({"events": {"PayOrder": {"event": "order_completed",
            "fields": {"order_id": "orderNo", "total": "pay.amount", "products": "goods"}, "line_fields": {"product_id": "goods_id", "price": "p"}, "unit": "fen"}}}))
        .unwrap();
        assert_eq!(mapping.validate(), []);
        assert!(mapping.is_id("PayOrder", "orderNo") && mapping.is_id("PayOrder", "goods.goods_id"));
        assert!(!mapping.is_id("PayOrder", "pay.amount") && !mapping.is_id("Other", "orderNo"));
        let message = event(
            "PayOrder",
            json!({"orderNo": "o1", "pay": {"amount": 9_990}, "goods": "[{\"goods_id\": \"g\", \"p\": 9990}]"}),
        );
        let facts = facts(&message, &mapping);
        let order = facts.order.unwrap();
        assert_eq!((order.sums.total, order.sums.lines), (Some(9_990), Some(9_990)));
        assert_eq!(order.lines.unwrap()[0].price, Some(999_000));
    }

    #[test]
    fn one_event_means_what_its_status_says_at_the_time_it_says() {
        let mapping: CommerceMapping =
            serde_json::from_value(json!({"events": {"OrderChange": {"event": "order_updated",
            "fields": {"order_id": "orderNo", "status": "state", "time": "at", "total": "sum"},
            "statuses": {"待付款": "order_placed", "已付款": "order_paid", "已取消": "order_cancelled"}}}}))
            .unwrap();
        assert_eq!(mapping.validate(), []);
        let action = |state: &str| {
            let order = facts(&event("OrderChange", json!({"orderNo": "o", "state": state})), &mapping).order;
            order.unwrap().action
        };
        assert_eq!(
            ["待付款", "已付款", " 已取消 ", "配货中"].map(action),
            [Action::Start, Action::Complete, Action::Cancel, Action::Update]
        );
        let found =
            facts(&event("OrderChange", json!({"orderNo": "o", "at": "2024-03-05 14:03:22", "sum": 1})), &mapping);
        assert_eq!(found.order.unwrap().stamp.0, 1_709_618_602_000_000);
        let found = facts(&event("OrderChange", json!({"orderNo": "o", "at": "昨天"})), &mapping);
        assert_eq!(found.problems, [Problem { field: "time".to_owned(), fault: "unreadable" }]);
    }

    #[test]
    fn mistakes_of_a_mapping_name_path_and_remedy() {
        let problems = |value: Value| -> Vec<String> {
            let mapping: CommerceMapping = serde_json::from_value(value).unwrap();
            mapping.validate().iter().map(|problem| problem.path.clone()).collect()
        };
        assert_eq!(
            problems(json!({"zone_minutes": 1_000, "events": {
                "a": {"event": "product", "fields": {"ordre": "a", "total": " "}},
                "b": {"event": "order_paid", "line_fields": {"product_id": "g"}},
                "c": {"event": "order_paid", "fields": {"order_id": "o", "status": "s"}}}})),
            [
                "zone_minutes",
                "events.a.fields.ordre",
                "events.a.fields.total",
                "events.b.fields.order_id",
                "events.b.line_fields",
                "events.c.statuses",
            ]
        );
        for unknown in
            [json!({"event": {}}), json!({"events": {"a": {"event": "order_sold"}}}), json!({"events": {"a": {}}})]
        {
            assert!(serde_json::from_value::<CommerceMapping>(unknown).is_err());
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_problem_of_its_field() {
        let found = facts(
            &event("Order Completed", json!({"order_id": "o", "total": "面议", "currency": "??"})),
            &CommerceMapping::default(),
        );
        assert_eq!(found.problems.len(), 2);
        assert_eq!(found.order.unwrap().sums.total, None);
        let found = facts(&event("Order Refunded", json!({})), &CommerceMapping::default());
        assert!(found.order.is_none() && found.problems[0].fault == "missing");
        assert_eq!(facts(&event("签到", json!({"order_id": "o"})), &CommerceMapping::default()), Facts::default());
    }
}
