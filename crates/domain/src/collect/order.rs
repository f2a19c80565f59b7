//! An order as its facts make it.
//!
//! The facts of one order come from browser and back end, with different ids, late and in any order; a refund may come
//! before its order. The state keeps registers that any order of facts fills alike:
//!
//! - **What the order is** (sums, lines, currency, coupon, channel …): the newest fact that states it wins, by event time.
//!   Sums are one register, so that an update that states only the revenue is not mixed with an older total. A checkout or a
//!   cancellation states only what nothing else does, and so does a completion without any sum.
//! - **When it was ordered**: the earliest completion, else the earliest update, else the earliest other fact.
//! - **Refunds**: one per refund id, or per message where none is given; they add up.
//! - **Cancelled**: once, for good.
//!
//! - **INV-ORDER-1**: any order and repetition of facts gives the same state.
//! - **INV-ORDER-2**: refunds never exceed a known amount, and the rows of refunds add up to `refunded_amount`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::message::Stamp;
use crate::clean::money::Currency;
use crate::clean::number::mul_decimal;
use crate::clean::status::OrderStatus;

/// What a fact does to an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A checkout was opened.
    Start,
    /// It was paid.
    Complete,
    /// It was changed.
    Update,
    /// It was given back, or a part of it.
    Refund,
    /// It is void.
    Cancel,
}

/// Sums of an order or a refund.
///
/// **Units**: minor units, as stated.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Sums {
    /// With shipping, tax and reductions.
    pub total: Option<i64>,
    /// After reductions, without shipping and tax.
    pub revenue: Option<i64>,
    /// After reductions, before tax and shipping.
    pub subtotal: Option<i64>,
    /// Of a checkout.
    pub value: Option<i64>,
    /// Shipping.
    pub shipping: Option<i64>,
    /// Tax.
    pub tax: Option<i64>,
    /// Reductions, positive.
    pub discount: Option<i64>,
    /// Of the lines, where all state one.
    pub lines: Option<i64>,
}

impl Sums {
    fn is_explicit(&self) -> bool {
        [self.total, self.revenue, self.subtotal].iter().any(Option::is_some)
    }

    fn is_empty(&self) -> bool {
        !self.is_explicit() && self.value.is_none() && self.lines.is_none()
    }

    /// What the buyer pays.
    fn amount(&self) -> Option<i64> {
        let extra = self.shipping.unwrap_or(0).saturating_add(self.tax.unwrap_or(0));
        let of_lines = || self.lines.map(|sum| sum.saturating_sub(self.discount.unwrap_or(0)));
        let net = || self.revenue.or(self.subtotal).or_else(of_lines).map(|sum| sum.saturating_add(extra));
        self.total.or_else(net).or(self.value)
    }
}

/// A line of an order or a refund.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderLine {
    /// Product.
    pub product_id: String,
    /// Units, in thousandths.
    pub quantity: i64,
    /// Price of one unit, four places.
    pub price: Option<i64>,
    /// What the buyer pays for the line, minor units.
    pub amount: Option<i64>,
    /// Reductions, positive, minor units.
    pub discount: Option<i64>,
}

impl OrderLine {
    /// Its amount, else price times quantity.
    pub fn sum(&self) -> Option<i64> {
        self.amount.or_else(|| mul_decimal(self.price?, 4, self.quantity, 3, 2))
    }
}

/// What one message says about an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderFact {
    /// Number of the order at its project.
    pub order_id: String,
    /// When it was said, and by which message.
    pub stamp: Stamp,
    /// What it does.
    pub action: Action,
    /// Number of the refund.
    pub refund_id: Option<String>,
    /// Sums; of a refund what is given back.
    pub sums: Sums,
    /// Currency.
    pub currency: Option<Currency>,
    /// Coupon.
    pub coupon_id: Option<String>,
    /// Campaign.
    pub campaign_id: Option<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Store.
    pub store_id: Option<String>,
    /// Lines; of a refund those given back.
    pub lines: Option<Vec<OrderLine>>,
}

/// A value with the right of the fact that stated it: first whether it states orders at all, then its time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Latest<T> {
    rank: (u8, Stamp),
    value: T,
}

fn state<T>(held: &mut Option<Latest<T>>, rank: (u8, &Stamp), value: Option<T>) {
    let Some(value) = value else { return };
    if held.as_ref().is_none_or(|held| (held.rank.0, &held.rank.1) < rank) {
        *held = Some(Latest { rank: (rank.0, rank.1.clone()), value });
    }
}

fn earliest(held: &mut Option<Stamp>, stamp: &Stamp) {
    if held.as_ref().is_none_or(|held| stamp < held) {
        *held = Some(stamp.clone());
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Refund {
    stamp: Stamp,
    total: Option<i64>,
    lines: Option<Vec<OrderLine>>,
}

/// An order as the facts known so far make it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrderState {
    started: Option<Stamp>,
    completed: Option<Stamp>,
    updated: Option<Stamp>,
    cancelled: Option<Stamp>,
    sums: Option<Latest<Sums>>,
    lines: Option<Latest<Vec<OrderLine>>>,
    currency: Option<Latest<Currency>>,
    coupon_id: Option<Latest<String>>,
    campaign_id: Option<Latest<String>>,
    channel: Option<Latest<String>>,
    store_id: Option<Latest<String>>,
    /// By refund id (`r:…`) or message (`m:…`).
    refunds: BTreeMap<String, Refund>,
}

/// A row of `orders`, without whose it is.
///
/// **Units**: money in minor units, units of goods in thousandths, instants in microseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRow {
    /// When it was placed.
    pub ordered_at: i64,
    /// State.
    pub status: OrderStatus,
    /// What the buyer paid or owes; 0 when no fact says.
    pub amount: i64,
    /// Whether a fact says.
    pub is_amount_known: bool,
    /// Reductions, positive.
    pub discount: i64,
    /// What was given back.
    pub refunded_amount: i64,
    /// `amount − refunded_amount`; 0 when created or cancelled.
    pub net_amount: i64,
    /// Currency; `None` is the project's.
    pub currency: Option<Currency>,
    /// Units of goods.
    pub n_items: i64,
    /// Coupon.
    pub coupon_id: Option<String>,
    /// Campaign.
    pub campaign_id: Option<String>,
    /// Channel.
    pub channel: Option<String>,
    /// Store.
    pub store_id: Option<String>,
}

/// A row of `order_items`; units as [`OrderLine`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemRow {
    /// Line, from 1.
    pub line_no: i64,
    /// Product.
    pub product_id: String,
    /// Units.
    pub quantity: i64,
    /// Price of one unit.
    pub unit_price: Option<i64>,
    /// What the buyer pays for the line.
    pub amount: Option<i64>,
    /// Reductions.
    pub discount: Option<i64>,
}

/// A row of `refunds`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundRow {
    /// Refund id, or the message where none was given.
    pub refund_order_id: String,
    /// Product; `None` when the refund names none or its lines do not add up to it.
    pub product_id: Option<String>,
    /// Units given back.
    pub quantity: Option<i64>,
    /// Money given back.
    pub amount: i64,
    /// When.
    pub refunded_at: i64,
}

/// The rows of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRows {
    /// The order.
    pub order: OrderRow,
    /// What was bought.
    pub items: Vec<ItemRow>,
    /// What was given back.
    pub refunds: Vec<RefundRow>,
}

impl OrderState {
    /// Takes a fact in.
    pub fn apply(&mut self, fact: &OrderFact) {
        let stamp = &fact.stamp;
        match fact.action {
            Action::Refund => return self.refund(fact),
            Action::Start => earliest(&mut self.started, stamp),
            Action::Complete => earliest(&mut self.completed, stamp),
            Action::Update => earliest(&mut self.updated, stamp),
            Action::Cancel => earliest(&mut self.cancelled, stamp),
        }
        let rank = match fact.action {
            Action::Complete | Action::Update => (1, stamp),
            _ => (0, stamp),
        };
        let is_weak = fact.action == Action::Complete && !fact.sums.is_explicit();
        let sums = Some(fact.sums.clone()).filter(|sums| !sums.is_empty());
        state(&mut self.sums, if is_weak { (0, stamp) } else { rank }, sums);
        state(&mut self.lines, rank, fact.lines.clone().filter(|lines| !lines.is_empty()));
        state(&mut self.currency, rank, fact.currency);
        state(&mut self.coupon_id, rank, fact.coupon_id.clone());
        state(&mut self.campaign_id, rank, fact.campaign_id.clone());
        state(&mut self.channel, rank, fact.channel.clone());
        state(&mut self.store_id, rank, fact.store_id.clone());
    }

    fn refund(&mut self, fact: &OrderFact) {
        let key = match &fact.refund_id {
            Some(id) => format!("r:{id}"),
            None => format!("m:{}", fact.stamp.1),
        };
        let total = fact.sums.total.or(fact.sums.revenue).or(fact.sums.value).map(i64::saturating_abs);
        let refund =
            Refund { stamp: fact.stamp.clone(), total, lines: fact.lines.clone().filter(|lines| !lines.is_empty()) };
        match self.refunds.get_mut(&key) {
            Some(held) if held.stamp >= refund.stamp => {}
            Some(held) => *held = refund,
            None => drop(self.refunds.insert(key, refund)),
        }
    }

    /// The rows; `None` while only refunds are known.
    pub fn rows(&self) -> Option<OrderRows> {
        let Stamp(ordered_at, _) =
            [&self.completed, &self.updated, &self.started, &self.cancelled].into_iter().find_map(Option::as_ref)?;
        let sums = self.sums.as_ref().map(|latest| &latest.value);
        let known = sums.and_then(Sums::amount);
        let amount = known.unwrap_or(0);
        let lines: &[OrderLine] = self.lines.as_ref().map_or(&[], |latest| &latest.value);
        let refunds = self.refund_rows(known, lines);
        let refunded_amount = refunds.iter().fold(0_i64, |sum, row| sum.saturating_add(row.amount));
        let is_open = self.completed.is_none() && self.updated.is_none();
        let status = if self.cancelled.is_some() {
            OrderStatus::Cancelled
        } else if refunded_amount > 0 && refunded_amount >= amount || is_all_back(&self.refunds, amount) {
            OrderStatus::Refunded
        } else if refunded_amount > 0 {
            OrderStatus::PartialRefund
        } else if is_open {
            OrderStatus::Created
        } else {
            OrderStatus::Paid
        };
        let is_void = matches!(status, OrderStatus::Cancelled | OrderStatus::Created);
        let value = |latest: &Option<Latest<String>>| latest.as_ref().map(|latest| latest.value.clone());
        let order = OrderRow {
            ordered_at: *ordered_at,
            status,
            amount,
            is_amount_known: known.is_some(),
            discount: sums.and_then(|sums| sums.discount).unwrap_or(0),
            refunded_amount,
            net_amount: if is_void { 0 } else { amount.saturating_sub(refunded_amount) },
            currency: self.currency.as_ref().map(|latest| latest.value),
            n_items: lines.iter().fold(0, |sum: i64, line| sum.saturating_add(line.quantity)),
            coupon_id: value(&self.coupon_id),
            campaign_id: value(&self.campaign_id),
            channel: value(&self.channel),
            store_id: value(&self.store_id),
        };
        let item = |(line_no, line): (i64, &OrderLine)| ItemRow {
            line_no,
            product_id: line.product_id.clone(),
            quantity: line.quantity,
            unit_price: line.price,
            amount: line.sum(),
            discount: line.discount,
        };
        Some(OrderRows { order, items: (1..).zip(lines).map(item).collect(), refunds })
    }

    /// Refunds in order of time, no more in all than the order's amount where that is known. Those that state nothing give
    /// back what the others leave.
    fn refund_rows(&self, amount: Option<i64>, lines: &[OrderLine]) -> Vec<RefundRow> {
        let mut refunds: Vec<(&str, &Refund)> = self.refunds.iter().map(|(key, refund)| (&key[2..], refund)).collect();
        refunds.sort_by_key(|(_, refund)| &refund.stamp);
        let price = |product: &str| lines.iter().find(|line| line.product_id == product).and_then(|line| line.price);
        let priced = |refund: &Refund| -> Option<Vec<(OrderLine, i64)>> {
            let priced = |line: &OrderLine| {
                let line = OrderLine { price: line.price.or_else(|| price(&line.product_id)), ..line.clone() };
                let sum = line.sum()?.saturating_abs();
                Some((line, sum))
            };
            refund.lines.as_ref()?.iter().map(priced).collect()
        };
        let mut left = amount.unwrap_or(i64::MAX).max(0);
        let mut rows = Vec::new();
        let mut open = None;
        for &(id, refund) in &refunds {
            let lines = priced(refund);
            let of_lines =
                lines.as_ref().map(|lines| lines.iter().fold(0_i64, |sum, (_, each)| sum.saturating_add(*each)));
            let Some(wanted) = refund.total.or(of_lines) else {
                open = open.or(Some((id, refund)));
                continue;
            };
            let given = wanted.min(left);
            left -= given;
            let row = |product_id, quantity, amount| RefundRow {
                refund_order_id: id.to_owned(),
                product_id,
                quantity,
                amount,
                refunded_at: refund.stamp.0,
            };
            match lines {
                Some(lines) if of_lines == Some(given) => rows.extend(
                    lines
                        .into_iter()
                        .map(|(line, sum)| row(Some(line.product_id), Some(line.quantity.saturating_abs()), sum)),
                ),
                _ if given > 0 => rows.push(row(None, None, given)),
                _ => {}
            }
        }
        if let (Some((id, refund)), Some(_)) = (open, amount.filter(|_| left > 0)) {
            rows.push(RefundRow {
                refund_order_id: id.to_owned(),
                product_id: None,
                quantity: None,
                amount: left,
                refunded_at: refund.stamp.0,
            });
        }
        rows
    }
}

/// Whether an order without an amount was given back whole.
fn is_all_back(refunds: &BTreeMap<String, Refund>, amount: i64) -> bool {
    amount == 0 && refunds.values().any(|refund| refund.total.is_none() && refund.lines.is_none())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::super::commerce::{CommerceMapping, facts};
    use super::super::message::{Dialect, Kind, Message};
    use super::*;
    use crate::script::{Script, shuffled};

    fn fact(at: i64, event: &str, properties: Value) -> OrderFact {
        let mut message = Message::new(Dialect::Segment, Kind::Track, format!("m{at}"), at);
        message.occurred_at = at;
        message.event = Some(event.to_owned());
        message.properties = properties.as_object().cloned().unwrap_or_default();
        message.properties.insert("order_id".to_owned(), json!("o1"));
        facts(&message, &CommerceMapping::default()).order.unwrap()
    }

    fn rows(script: &[(i64, &str, Value)]) -> OrderRows {
        let of = |facts: &mut dyn Iterator<Item = &(i64, &str, Value)>| {
            let mut state = OrderState::default();
            facts.for_each(|(at, event, properties)| state.apply(&fact(*at, event, properties.clone())));
            state
        };
        let state = of(&mut script.iter());
        assert_eq!(of(&mut script.iter().rev().chain(script)), state);
        let json = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<OrderState>(&json).unwrap(), state);
        state.rows().unwrap()
    }

    #[track_caller]
    fn check(script: &[(i64, &str, Value)], status: OrderStatus, amount: i64, refunded: i64, net: i64) {
        let order = rows(script).order;
        assert_eq!(
            (order.status, order.amount, order.refunded_amount, order.net_amount),
            (status, amount, refunded, net)
        );
    }

    #[test]
    fn facts_make_the_order() {
        use OrderStatus::{Cancelled, Created, Paid, PartialRefund, Refunded};
        let paid = || {
            (
                10,
                "Order Completed",
                json!({"total": "99.90", "products": [{"product_id": "p", "price": "49.95", "quantity": 2}]}),
            )
        };
        check(&[(5, "Checkout Started", json!({"value": 99}))], Created, 9_900, 0, 0);
        check(&[(5, "Checkout Started", json!({"value": 99})), paid()], Paid, 9_990, 0, 9_990);
        // Browser and back end say the same under different ids.
        check(&[paid(), (11, "Order Completed", json!({"total": 99.9}))], Paid, 9_990, 0, 9_990);
        check(
            &[paid(), (11, "Order Completed", json!({"products": [{"product_id": "p", "price": 1}]}))],
            Paid,
            9_990,
            0,
            9_990,
        );
        check(&[paid(), (20, "Order Updated", json!({"revenue": 80, "shipping": 5}))], Paid, 8_500, 0, 8_500);
        check(&[(20, "Order Refunded", json!({"total": 30})), paid()], PartialRefund, 9_990, 3_000, 6_990);
        check(
            &[paid(), (20, "Order Refunded", json!({"products": [{"product_id": "p", "quantity": 1}]}))],
            PartialRefund,
            9_990,
            4_995,
            4_995,
        );
        check(
            &[paid(), (20, "Order Refunded", json!({"total": 30})), (21, "Order Refunded", json!({}))],
            Refunded,
            9_990,
            9_990,
            0,
        );
        check(
            &[paid(), (20, "Order Refunded", json!({"total": 60})), (21, "Order Refunded", json!({"total": 60}))],
            Refunded,
            9_990,
            9_990,
            0,
        );
        let twice = |at| (at, "Order Refunded", json!({"refund_id": "r1", "total": 10}));
        check(&[paid(), twice(20), twice(21)], PartialRefund, 9_990, 1_000, 8_990);
        check(
            &[paid(), (20, "Order Cancelled", json!({})), (30, "Order Updated", json!({"total": 1}))],
            Cancelled,
            100,
            0,
            0,
        );
    }

    #[test]
    fn rows_hold_lines_and_refunds() {
        let rows = rows(&[
            (
                10,
                "Order Completed",
                json!({"revenue": 10, "shipping": 2, "tax": 1, "coupon": "c", "currency": "usd",
                "products": [{"product_id": "a", "price": 4, "quantity": 2}, {"sku": "b", "price": 2}]}),
            ),
            (20, "Order Refunded", json!({"products": [{"product_id": "a", "price": 4, "quantity": 1}]})),
        ]);
        assert_eq!((rows.order.amount, rows.order.n_items, rows.order.coupon_id.as_deref()), (1_300, 3_000, Some("c")));
        assert_eq!(rows.order.currency, Some(Currency::USD));
        assert_eq!((rows.items.len(), rows.items[0].amount, rows.items[1].product_id.as_str()), (2, Some(800), "b"));
        assert_eq!(
            (rows.refunds[0].amount, rows.refunds[0].product_id.as_deref(), rows.refunds[0].refunded_at),
            (400, Some("a"), 20)
        );
    }

    #[test]
    fn refunds_wait_for_their_order() {
        let mut state = OrderState::default();
        state.apply(&fact(20, "Order Refunded", json!({"total": 5})));
        assert_eq!(state.rows(), None);
        state.apply(&fact(10, "Order Completed", json!({"total": 5})));
        assert_eq!(state.rows().map(|rows| rows.order.status), Some(OrderStatus::Refunded));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// INV-ORDER-1, INV-ORDER-2.
        #[test]
        fn order_and_repetition_change_nothing(seed in any::<u64>(), shuffle in any::<u64>()) {
            let messages = Script::generate(seed, 200);
            let of = |messages: &[Message]| {
                let mut orders: BTreeMap<String, OrderState> = BTreeMap::new();
                for message in messages {
                    if let Some(fact) = facts(message, &CommerceMapping::default()).order {
                        orders.entry(fact.order_id.clone()).or_default().apply(&fact);
                    }
                }
                orders
            };
            let orders = of(&messages);
            prop_assert_eq!(&of(&shuffled(&messages, shuffle)), &orders);
            for rows in orders.values().filter_map(OrderState::rows) {
                let order = &rows.order;
                prop_assert!(!order.is_amount_known || order.refunded_amount <= order.amount);
                prop_assert_eq!(rows.refunds.iter().map(|row| row.amount).sum::<i64>(), order.refunded_amount);
            }
        }
    }
}
