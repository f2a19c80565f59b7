//! Rows of the lake: events as they come, orders and products as their registers say.
//!
//! An order's register takes in every fact about it and its rows are made anew when they change (INV-ORDER-1). State knows
//! which orders have rows, and when those were written (`live_registers.shown_at`), so that a new order is only appended
//! and a changed one replaced by looking into the few files of that time.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use zhike_domain::collect::commerce::{self, ProductFact};
use zhike_domain::collect::message::{Kind, Message, Stamp};
use zhike_domain::collect::order::{OrderFact, OrderRows, OrderState};
use zhike_domain::erasure::{Subject, owner_at};
use zhike_domain::frame::{Column, ColumnType, Frame, MONEY, NumColumn, PRICE, QUANTITY, TextColumn};
use zhike_domain::id::ProfileId;
use zhike_lake::Publication;
use zhike_state::{IngestCommit, RegisterRow};
use zhike_vault::Place;

use super::Heard;
use super::people::People;
use crate::{Ctx, Error, Result};

pub(crate) const ORDER: &str = "order";
const PRODUCT: &str = "product";
/// Where the sealed part of an event's properties is sealed.
const SEALED_PROPERTIES: Place<'static> = Place { table: "events", column: "properties" };

/// Writes columns of rows one value at a time.
#[derive(Default)]
pub(super) struct Columns {
    texts: BTreeMap<&'static str, TextColumn>,
    nums: BTreeMap<&'static str, (Option<ColumnType>, NumColumn)>,
    n_rows: usize,
}

impl Columns {
    fn text(&mut self, name: &'static str, value: Option<&str>) {
        self.texts.entry(name).or_default().push(value);
    }

    fn num(&mut self, name: &'static str, kind: ColumnType, value: Option<i64>) {
        let column = self.nums.entry(name).or_default();
        column.0 = Some(kind);
        column.1.push(value);
    }

    fn end_row(&mut self) {
        self.n_rows += 1;
    }

    fn frame(self) -> Frame {
        let mut frame = Frame::new(self.n_rows);
        for (name, column) in self.texts {
            frame.set(name, ColumnType::Text, Column::Text(column));
        }
        for (name, (kind, column)) in self.nums {
            frame.set(name, kind.unwrap_or(ColumnType::Int), Column::Num(column));
        }
        frame
    }
}

/// What the rows of a batch have in common.
pub(super) struct Batch<'a> {
    pub(super) ctx: &'a Ctx,
    /// Tells staged files of batches apart.
    pub(super) stage_id: i64,
    pub(super) loaded_at: i64,
    pub(super) people: &'a People,
}

/// Whether a message becomes a row of `events`.
pub(super) fn is_row(message: &Message) -> bool {
    match message.kind {
        Kind::Link | Kind::Unlink => message.event.is_some(),
        kind => kind.is_event() || matches!(kind, Kind::Group | Kind::ItemSet | Kind::ItemDelete),
    }
}

impl Batch<'_> {
    /// Stages the rows of events; `sessions` holds the session of each message.
    pub(super) fn events(
        &self,
        heard: &[Heard],
        sessions: &[Option<String>],
        publication: &mut Publication,
    ) -> Result<()> {
        let workspace = self.ctx.workspace();
        let mut rows = Columns::default();
        for (one, session) in heard.iter().zip(sessions).filter(|(one, _)| is_row(&one.message)) {
            let message = &one.message;
            let context = &message.context;
            let identity = self.people.subject(one);
            let profile = identity.and_then(|identity| self.people.owner_at(identity, message.occurred_at));
            rows.text("event_id", Some(&message.message_id));
            rows.num("identity_id", ColumnType::Int, identity);
            rows.num("profile_id", ColumnType::Int, profile);
            rows.text("event", Some(message.event_name()));
            rows.num("occurred_at", ColumnType::Instant, Some(message.occurred_at));
            rows.num("occurred_on", ColumnType::Day, Some(workspace.day_of(message.occurred_at)));
            rows.num("received_at", ColumnType::Instant, Some(message.received_at));
            rows.text("channel", context.channel.as_deref());
            rows.text("source", Some(&one.source.name));
            rows.text("session_id", session.as_deref());
            rows.text("device", context.device.as_deref());
            rows.text("url", context.url.as_deref());
            rows.text("referrer", context.referrer.as_deref());
            rows.text("utm_source", context.utm_source.as_deref());
            rows.text("utm_medium", context.utm_medium.as_deref());
            rows.text("utm_campaign", context.utm_campaign.as_deref());
            rows.num("value", MONEY, value_of(message));
            let properties = self.properties(message, identity);
            rows.text("properties", properties.as_deref());
            rows.num("batch_id", ColumnType::Int, Some(one.batch_id));
            rows.num("loaded_at", ColumnType::Instant, Some(self.loaded_at));
            rows.end_row();
        }
        self.stage("events", rows, publication)
    }

    /// Properties, and what surrounds the event under names with `$`; what is personal sealed under the person's key.
    fn properties(&self, message: &Message, identity: Option<i64>) -> Option<String> {
        let mut all = message.properties.clone();
        if !message.kind.is_event() {
            all.extend(message.traits.clone());
        }
        let columns = ["url", "referrer", "utm_source", "utm_medium", "utm_campaign", "device", "channel"];
        for (name, value) in message.context.fields().filter(|(name, _)| !columns.contains(name)) {
            all.insert(format!("${name}"), Value::from(value));
        }
        if let Some(group) = &message.group_id {
            all.insert("$group_id".to_owned(), Value::from(group.as_str()));
        }
        if let Some(item) = &message.item {
            all.insert("$item_type".to_owned(), Value::from(item.item_type.as_str()));
            all.insert("$item_id".to_owned(), Value::from(item.item_id.as_str()));
        }
        self.seal(message, identity, &mut all);
        (!all.is_empty()).then(|| Value::Object(all).to_string())
    }

    fn seal(&self, message: &Message, identity: Option<i64>, all: &mut Map<String, Value>) {
        let mut personal = Map::new();
        for (name, value) in &message.sealed {
            personal.insert(name.clone(), value.expose().clone());
        }
        for (name, value) in &message.unread {
            personal.insert(format!("$unread_{name}"), Value::from(value.expose().as_str()));
        }
        if personal.is_empty() {
            return;
        }
        let profile = identity.and_then(|identity| self.people.nodes.get(&identity)?.profile);
        // Nobody's data have no key that could be destroyed for somebody: they are not kept.
        let Some((profile, key)) = profile.and_then(|profile| Some((profile, self.people.keys.get(profile)?))) else {
            return;
        };
        let sealed = key.seal(SEALED_PROPERTIES, Value::Object(personal).to_string().as_bytes());
        let hex: String = sealed.iter().map(|byte| format!("{byte:02x}")).collect();
        all.insert("$sealed".to_owned(), json!({"key": ProfileId::new(profile).to_string(), "value": hex}));
    }

    fn stage(&self, table: &'static str, rows: Columns, publication: &mut Publication) -> Result<()> {
        if rows.n_rows == 0 {
            return Ok(());
        }
        let mut stage = self.ctx.lake().stage(table, self.stage_id, "new")?;
        stage.push(rows.frame())?;
        publication.change(table, stage.finish()?, Vec::new());
        Ok(())
    }

    /// Takes the facts of orders and products in, and stages the rows that change.
    pub(super) async fn trade(
        &self,
        trade: Trade<'_>,
        commit: &mut IngestCommit,
        publication: &mut Publication,
    ) -> Result<()> {
        self.orders(trade.orders, commit, publication).await?;
        self.products(trade.products, trade.stored_products, commit, publication).await
    }

    async fn orders(
        &self,
        orders: Vec<OrderTrade<'_>>,
        commit: &mut IngestCommit,
        publication: &mut Publication,
    ) -> Result<()> {
        let mut gone = Gone::default();
        let (mut rows, mut items, mut refunds) = (Columns::default(), Columns::default(), Columns::default());
        for order in orders {
            let OrderTrade { source_id, order_id, facts, before, after, mut shown_at } = order;
            let Some((first, _)) = facts.first() else { continue };
            let (source, batch_id) = (first.source.name.clone(), first.batch_id);
            let (shown, now) = (before.state.rows(), after.state.rows());
            if let Some(now) = now.filter(|now| shown.as_ref() != Some(now) || before.who != after.who) {
                if let Some(at) = shown_at {
                    gone.add(&source, at, &order_id, shown.as_ref());
                }
                let identity = after.who.as_ref().map(|who| who.3);
                let profile = identity.and_then(|identity| self.people.owner_at(identity, now.order.ordered_at));
                commit.homes.extend(self.people.home_elsewhere(identity, profile));
                let whose = Whose { order_id: &order_id, identity, profile, source: &source, batch_id };
                self.order(&now, &whose, &mut rows, &mut items, &mut refunds);
                shown_at = Some(self.loaded_at);
            }
            commit.registers.push(RegisterRow {
                source_id,
                kind: ORDER.into(),
                key: order_id,
                register_json: serde_json::to_string(&after).map_err(|error| Error::bug("an order as JSON", error))?,
                shown_at,
            });
        }
        self.replace("orders", &gone, |gone| &gone.keys, publication).await?;
        self.replace("order_items", &gone, |gone| &gone.keys, publication).await?;
        self.replace("refunds", &gone, |gone| &gone.refunds, publication).await?;
        self.stage("orders", rows, publication)?;
        self.stage("order_items", items, publication)?;
        self.stage("refunds", refunds, publication)
    }

    /// Writes the files anew that hold rows of these keys, without those.
    async fn replace(
        &self,
        table: &str,
        gone: &Gone,
        keys_of: impl Fn(&GoneRows) -> &Vec<String>,
        publication: &mut Publication,
    ) -> Result<()> {
        let keys: Vec<(&str, TextColumn)> = (gone.by_source.iter())
            .filter(|(_, gone)| !keys_of(gone).is_empty())
            .map(|(source, gone)| (source.as_str(), keys_of(gone).iter().map(|key| Some(key.as_str())).collect()))
            .collect();
        if !keys.is_empty() {
            let near = ("loaded_at", gone.at.as_slice());
            let (rest, hidden) = self.ctx.lake().stage_without_near(table, self.stage_id, &keys, near).await?;
            publication.change(table, rest, hidden);
        }
        Ok(())
    }

    fn order(
        &self,
        order: &OrderRows,
        whose: &Whose<'_>,
        rows: &mut Columns,
        items: &mut Columns,
        refunds: &mut Columns,
    ) {
        let row = &order.order;
        let home = self.ctx.workspace().currency;
        let foreign = row.currency.filter(|currency| currency.as_str() != home);
        whose.write(rows, self.loaded_at);
        rows.num("ordered_at", ColumnType::Instant, Some(row.ordered_at));
        rows.text("status", Some(row.status.as_str()));
        rows.text("kind", Some("sale"));
        rows.text("channel", row.channel.as_deref());
        rows.text("store_id", row.store_id.as_deref());
        rows.num("amount", MONEY, Some(row.amount));
        rows.num("discount", MONEY, Some(row.discount));
        rows.num("refunded_amount", MONEY, Some(row.refunded_amount));
        rows.num("net_amount", MONEY, Some(row.net_amount));
        rows.text("currency", foreign.as_ref().map(|currency| currency.as_str()));
        rows.num("original_amount", MONEY, foreign.map(|_| row.amount));
        rows.num("n_items", QUANTITY, Some(row.n_items));
        rows.text("coupon_id", row.coupon_id.as_deref());
        rows.text("campaign_id", row.campaign_id.as_deref());
        rows.end_row();
        for item in &order.items {
            whose.write(items, self.loaded_at);
            items.num("ordered_at", ColumnType::Instant, Some(row.ordered_at));
            items.num("line_no", ColumnType::Int, Some(item.line_no));
            items.text("product_id", Some(&item.product_id));
            items.num("quantity", QUANTITY, Some(item.quantity));
            items.num("unit_price", PRICE, item.unit_price);
            items.num("amount", MONEY, item.amount);
            items.num("discount", MONEY, item.discount);
            items.num("is_refund", ColumnType::Bool, Some(0));
            items.end_row();
        }
        for refund in &order.refunds {
            whose.write(refunds, self.loaded_at);
            refunds.text("refund_order_id", Some(&refund_key(whose.order_id, &refund.refund_order_id)));
            refunds.text("product_id", refund.product_id.as_deref());
            refunds.num("quantity", QUANTITY, refund.quantity);
            refunds.num("amount", MONEY, Some(refund.amount));
            refunds.num("ordered_at", ColumnType::Instant, Some(row.ordered_at));
            refunds.num("refunded_at", ColumnType::Instant, Some(refund.refunded_at));
            refunds.end_row();
        }
    }

    async fn products(
        &self,
        products: BTreeMap<(i64, String), Vec<(&Heard, ProductFact)>>,
        mut stored: HashMap<(i64, String), RegisterRow>,
        commit: &mut IngestCommit,
        publication: &mut Publication,
    ) -> Result<()> {
        let mut gone = Gone::default();
        let mut rows = Columns::default();
        for ((source_id, product_id), facts) in products {
            let row = stored.remove(&(source_id, product_id.clone()));
            let before: ProductRegister = register(row.as_ref())?;
            let mut after: ProductRegister = register(row.as_ref())?;
            facts.iter().for_each(|(_, fact)| after.see(fact));
            let Some((first, _)) = facts.first() else { continue };
            let mut shown_at = row.as_ref().and_then(|row| row.shown_at);
            if shown_at.is_none() || before.values() != after.values() {
                if let Some(at) = shown_at {
                    gone.add(&first.source.name, at, &product_id, None);
                }
                let [name, brand, category, price] = after.values();
                rows.text("product_id", Some(&product_id));
                rows.text("name", name.and_then(Value::as_str));
                rows.text("kind", Some("goods"));
                rows.text("brand", brand.and_then(Value::as_str));
                rows.text("category_1", category.and_then(Value::as_str));
                rows.num("list_price", PRICE, price.and_then(Value::as_i64));
                rows.text("source", Some(&first.source.name));
                rows.num("batch_id", ColumnType::Int, Some(first.batch_id));
                rows.num("loaded_at", ColumnType::Instant, Some(self.loaded_at));
                rows.end_row();
                shown_at = Some(self.loaded_at);
            }
            if before == after && row.is_some() {
                continue;
            }
            commit.registers.push(RegisterRow {
                source_id,
                kind: PRODUCT.into(),
                key: product_id,
                register_json: serde_json::to_string(&after).map_err(|error| Error::bug("a product as JSON", error))?,
                shown_at,
            });
        }
        self.replace("products", &gone, |gone| &gone.keys, publication).await?;
        self.stage("products", rows, publication)
    }
}

/// What a batch says of orders and products, beside what was known of them.
pub(super) struct Trade<'a> {
    orders: Vec<OrderTrade<'a>>,
    products: BTreeMap<(i64, String), Vec<(&'a Heard, ProductFact)>>,
    /// By source and product.
    stored_products: HashMap<(i64, String), RegisterRow>,
}

struct OrderTrade<'a> {
    source_id: i64,
    order_id: String,
    facts: Vec<(&'a Heard, OrderFact)>,
    before: OrderRegister,
    after: OrderRegister,
    shown_at: Option<i64>,
}

impl<'a> Trade<'a> {
    /// Reads the facts and the registers, and makes those known whose orders change: an order can be somebody's whom no
    /// message of the batch names.
    pub(super) async fn read(ctx: &Ctx, heard: &'a [Heard], people: &mut People) -> Result<Self> {
        let mut facts_of: BTreeMap<(i64, String), Vec<(&Heard, OrderFact)>> = BTreeMap::new();
        let mut products: BTreeMap<(i64, String), Vec<(&Heard, ProductFact)>> = BTreeMap::new();
        for one in heard {
            let facts = commerce::facts(&one.message, &one.source.commerce);
            let source = one.source.source_id;
            if let Some(order) = facts.order {
                facts_of.entry((source, order.order_id.clone())).or_default().push((one, order));
            }
            for product in facts.products {
                products.entry((source, product.product_id.clone())).or_default().push((one, product));
            }
        }
        let keys: Vec<(i64, &str, &str)> = (facts_of.keys().map(|(source, key)| (*source, ORDER, key.as_str())))
            .chain(products.keys().map(|(source, key)| (*source, PRODUCT, key.as_str())))
            .collect();
        let mut stored_orders: HashMap<(i64, String), RegisterRow> = HashMap::new();
        let mut stored_products: HashMap<(i64, String), RegisterRow> = HashMap::new();
        for row in ctx.store().registers(&keys).await? {
            let stored = if row.kind == ORDER { &mut stored_orders } else { &mut stored_products };
            stored.insert((row.source_id, row.key.clone()), row);
        }
        let mut orders = Vec::with_capacity(facts_of.len());
        for (key, facts) in facts_of {
            let row = stored_orders.remove(&key);
            let before: OrderRegister = register(row.as_ref())?;
            let mut after = before.clone();
            for (one, fact) in &facts {
                after.state.apply(fact);
                after.see(one, people);
            }
            let shown_at = row.and_then(|row| row.shown_at);
            orders.push(OrderTrade { source_id: key.0, order_id: key.1, facts, before, after, shown_at });
        }
        let trade = Self { orders, products, stored_products };
        people.know(ctx, trade.whose()).await?;
        Ok(trade)
    }

    /// The identities whose orders these are and were.
    pub(super) fn whose(&self) -> impl Iterator<Item = i64> {
        let sides = self.orders.iter().flat_map(|order| [&order.before.who, &order.after.who]);
        sides.flatten().map(|who| who.3)
    }
}

/// Refund ids are unique within their order only.
fn refund_key(order_id: &str, refund_id: &str) -> String {
    format!("{order_id}#{refund_id}")
}

fn register<T: Default + serde::de::DeserializeOwned>(row: Option<&RegisterRow>) -> Result<T> {
    match row {
        Some(row) => serde_json::from_str(&row.register_json).map_err(|error| Error::bug("a stored register", error)),
        None => Ok(T::default()),
    }
}

/// Rows that are written anew.
#[derive(Default)]
struct Gone {
    by_source: BTreeMap<String, GoneRows>,
    /// When they were written.
    at: Vec<i64>,
}

#[derive(Default)]
struct GoneRows {
    keys: Vec<String>,
    refunds: Vec<String>,
}

impl Gone {
    fn add(&mut self, source: &str, at: i64, key: &str, order: Option<&OrderRows>) {
        let gone = self.by_source.entry(source.to_owned()).or_default();
        gone.keys.push(key.to_owned());
        let refunds = order.map(|order| order.refunds.as_slice()).unwrap_or_default();
        gone.refunds.extend(refunds.iter().map(|refund| refund_key(key, &refund.refund_order_id)));
        if !self.at.contains(&at) {
            self.at.push(at);
        }
    }
}

/// Whose an order's rows are, and where they come from.
struct Whose<'a> {
    order_id: &'a str,
    identity: Option<i64>,
    profile: Option<i64>,
    source: &'a str,
    batch_id: i64,
}

impl Whose<'_> {
    fn write(&self, rows: &mut Columns, loaded_at: i64) {
        rows.text("order_id", Some(self.order_id));
        rows.num("identity_id", ColumnType::Int, self.identity);
        rows.num("profile_id", ColumnType::Int, self.profile);
        rows.text("source", Some(self.source));
        rows.num("batch_id", ColumnType::Int, Some(self.batch_id));
        rows.num("loaded_at", ColumnType::Instant, Some(loaded_at));
    }
}

/// An order and whose it is.
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(default)]
struct OrderRegister {
    #[serde(rename = "o")]
    state: OrderState,
    /// The identity of the first fact that names a known one, else of the first fact: (is a visitor, instant, message,
    /// identity).
    #[serde(rename = "w")]
    who: Option<(bool, i64, String, i64)>,
}

impl OrderRegister {
    fn see(&mut self, one: &Heard, people: &People) {
        let Some(identity) = people.subject(one) else { return };
        let is_anonymous = people.nodes.get(&identity).is_some_and(super::people::Node::is_anonymous);
        let Stamp(at, by) = one.message.stamp();
        let who = (is_anonymous, at, by, identity);
        if self.who.as_ref().is_none_or(|held| who < *held) {
            self.who = Some(who);
        }
    }
}

/// What becomes of the register of an order when somebody is erased: `None` when it is not theirs; otherwise its new form
/// without a buyer, when the order is kept, or nothing.
pub(crate) fn without_buyer(json: &str, subject: &Subject, kept_since: Option<i64>) -> Result<Option<Option<String>>> {
    let register: OrderRegister = serde_json::from_str(json).map_err(|error| Error::bug("a stored order", error))?;
    let Some(who) = register.who.as_ref().map(|who| who.3) else { return Ok(None) };
    let ordered_at = register.state.rows().map(|rows| rows.order.ordered_at);
    let of_shared = subject.owners.get(&who).and_then(|owners| owner_at(owners, ordered_at.unwrap_or(i64::MIN)));
    let is_theirs =
        subject.identities.contains(&who) || of_shared.is_some_and(|owner| subject.profiles.contains(&owner));
    if !is_theirs {
        return Ok(None);
    }
    if ordered_at.zip(kept_since).is_none_or(|(at, since)| at < since) {
        return Ok(Some(None));
    }
    let nameless = OrderRegister { who: None, ..register };
    Ok(Some(Some(serde_json::to_string(&nameless).map_err(|error| Error::bug("an order as JSON", error))?)))
}

/// What is known of a product: each field as it was stated last.
#[derive(Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct ProductRegister {
    #[serde(flatten)]
    fields: BTreeMap<String, (Stamp, Value)>,
}

impl ProductRegister {
    fn see(&mut self, fact: &ProductFact) {
        let text = |value: &Option<String>| value.as_deref().map(Value::from);
        let stated = [
            ("name", text(&fact.name)),
            ("brand", text(&fact.brand)),
            ("category", text(&fact.category)),
            ("price", fact.price.map(Value::from)),
        ];
        for (name, value) in stated {
            let Some(value) = value else { continue };
            let held = self.fields.get(name);
            // Two lines of one message may differ: then the larger text, whatever their order.
            let is_newer = held.is_none_or(|(stamp, old)| (stamp, old.to_string()) < (&fact.stamp, value.to_string()));
            if is_newer {
                self.fields.insert(name.to_owned(), (fact.stamp.clone(), value));
            }
        }
    }

    fn values(&self) -> [Option<&Value>; 4] {
        ["name", "brand", "category", "price"].map(|name| self.fields.get(name).map(|(_, value)| value))
    }
}

/// What an event is worth, in minor units.
fn value_of(message: &Message) -> Option<i64> {
    use zhike_domain::clean::RuleSet;
    use zhike_domain::clean::money::{MoneyUnit, parse_money};
    let stated = ["value", "revenue", "total"].iter().find_map(|name| message.properties.get(*name))?;
    let text = match stated {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        _ => return None,
    };
    parse_money(&text, MoneyUnit::Yuan, 2, &mut RuleSet::default()).ok().map(|amount| amount.value)
}
