//! Loading order lines: one file becomes orders, items and products in one pass.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use zhike_domain::frame::{Column, ColumnType, Frame, MONEY, NumColumn, PRICE, QUANTITY, TextColumn};
use zhike_domain::refund;
use zhike_lake::{LineColumns, Publication, Spill};
use zhike_state::LoadCommit;

use super::load::{Load, Loaded, keep_columns_of};
use super::people::{Known, PERSON, Resolved};
use super::products::Products;
use super::rowhash;
use crate::{Error, Result};

/// Order-level text columns that a line file may repeat on each line.
const ORDER_TEXTS: [&str; 6] = ["status", "channel", "store_id", "coupon_id", "campaign_id", "currency"];

/// What the first pass keeps of each order: how many lines it has so far and whose it is.
#[derive(Clone, Copy, Default)]
struct Slot {
    n_lines: i64,
    person: Option<i64>,
}

/// The first pass: lines on their way into orders.
pub(crate) struct Lines {
    spill: Spill,
    products: Products,
    orders: HashMap<u64, Slot, FixedState>,
    hasher: FixedState,
    columns: LineColumns,
}

impl Lines {
    pub(crate) fn new(load: &Load<'_>) -> Result<Self> {
        Ok(Self {
            spill: load.ctx.lake().spill(&format!("lines-{}", load.batch_id))?,
            products: Products::default(),
            orders: HashMap::default(),
            hasher: FixedState::default(),
            columns: LineColumns::default(),
        })
    }

    /// Takes accepted rows whose identities have been taken out.
    pub(crate) fn push(&mut self, load: &mut Load<'_>, rows: Known) -> Result<()> {
        let Known { frame, hashes, .. } = rows;
        let keep = load.first_seen(&hashes);
        self.products.take(&frame, &keep);
        let frame = frame.filter(&keep);
        let hashes: Vec<u128> =
            hashes.into_iter().zip(&keep).filter_map(|(hash, &keep)| keep.then_some(hash)).collect();
        let staged = self.staged(frame, &hashes)?;
        Ok(self.spill.push(staged)?)
    }

    /// The columns that the second pass reads.
    fn staged(&mut self, frame: Frame, hashes: &[u128]) -> Result<Frame> {
        let n_rows = frame.n_rows();
        let order_id = frame.text("order_id").ok_or_else(|| missing("order_id"))?;
        let person = frame.num(PERSON).ok_or_else(|| missing(PERSON))?;
        let mut line_no = NumColumn::with_capacity(n_rows);
        let mut whose = NumColumn::with_capacity(n_rows);
        for row in 0..n_rows {
            let slot = self.orders.entry(self.hasher.hash_one(order_id.get(row))).or_default();
            slot.n_lines += 1;
            slot.person = slot.person.or(person.get(row));
            line_no.push(Some(slot.n_lines));
            whose.push(slot.person);
        }
        let word = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default();
        let flag =
            |test: &dyn Fn(usize) -> bool| Column::Num((0..n_rows).map(|row| Some(i64::from(test(row)))).collect());
        let is_refund = |row: usize| frame.num("is_refund").and_then(|column| column.get(row)) == Some(1);
        let mut staged = Frame::new(n_rows);
        staged.set("line_no", ColumnType::Int, Column::Num(line_no));
        staged.set(PERSON, ColumnType::Int, Column::Num(whose));
        staged.set("is_refund", ColumnType::Bool, flag(&is_refund));
        staged.set("is_adjustment", ColumnType::Bool, flag(&|row| word("kind", row) == "adjustment"));
        staged.set("is_document_refund", ColumnType::Bool, flag(&|row| word("kind", row) == "refund"));
        staged.set("is_goods", ColumnType::Bool, flag(&|row| word("product_kind", row) == "goods"));
        let line_hash = hashes.iter().map(|&hash| Some(rowhash::stored(hash))).collect();
        staged.set("line_hash", ColumnType::Int, Column::Num(line_hash));
        self.columns.order_amount |= frame.num("order_amount").is_some();
        self.columns.refunded_amount |= frame.num("refunded_amount").is_some();
        self.columns.original_amount |= frame.num("original_amount").is_some();
        self.columns.discount |= frame.num("discount").is_some();
        self.columns.order_discount |= frame.num("order_discount").is_some();
        self.columns.line_refunded_amount |= frame.num("line_refunded_amount").is_some();
        for (slot, name) in self.columns.texts.iter_mut().zip(ORDER_TEXTS) {
            if frame.text(name).is_some() {
                *slot = Some(name);
            }
        }
        let kept = [
            "order_id",
            "ordered_at",
            "product_id",
            "quantity",
            "unit_price",
            "amount",
            "discount",
            "order_amount",
            "refunded_amount",
            "order_discount",
            "line_refunded_amount",
            "original_amount",
        ];
        for (name, kind) in
            [("product_id", ColumnType::Text), ("quantity", QUANTITY), ("unit_price", PRICE), ("amount", MONEY)]
        {
            if frame.column(name).is_none() {
                staged.set(name, kind, Column::missing(kind, n_rows));
            }
        }
        let (fields, columns) = frame.into_parts();
        for (field, column) in fields.into_iter().zip(columns) {
            if kept.contains(&field.name.as_str()) || ORDER_TEXTS.contains(&field.name.as_str()) {
                staged.set(&field.name, field.kind, column);
            }
        }
        Ok(staged)
    }

    /// The second pass: orders, items, products and refunds are staged, nothing is shown yet.
    pub(crate) async fn finish(mut self, load: &mut Load<'_>, commit: &mut LoadCommit) -> Result<Loaded> {
        let resolved = load.people.resolve(load.ctx, load.batch_id, commit).await?;
        let mut publication = Publication::default();
        let mut loaded = Loaded::default();
        if self.spill.n_rows() > 0 {
            let mut orders = Orders::group(load, &mut self.spill, &resolved, self.columns).await?;
            loaded.n_duplicate = orders.n_unchanged_lines(&self.orders, self.hasher);
            orders.net(load, &mut self.spill, resolved.frame()).await?;
            orders.stage(load, &mut publication).await?;
            let n_items = stage_items(load, &mut self.spill, &resolved, &orders, &mut publication)?;
            loaded.n_loaded = n_items;
            load.count(zhike_domain::clean::rule::Rule::RefundNetted, "amount", orders.n_netted);
            load.count(zhike_domain::clean::rule::Rule::Correction, "order_id", orders.replaced.len() as u64);
            self.products.stage(load, &mut publication).await?;
        }
        loaded.people(&resolved);
        resolved.commit(load.ctx, commit).await?;
        loaded.publication = publication;
        Ok(loaded)
    }
}

fn missing(column: &str) -> Error {
    Error::bug("a staged column is missing", std::io::Error::other(column.to_owned()))
}

/// The orders of a load, in memory: some 200 bytes each.
struct Orders {
    frames: Vec<Frame>,
    /// Orders that are in the lake with the same content: nothing of them is loaded.
    unchanged: HashSet<String>,
    /// Orders that are in the lake with other content: this load's version takes their place.
    replaced: HashSet<String>,
    /// Money given back by refund documents, by the order it was netted against; negative takes earlier netting back.
    given_back: HashMap<String, i64>,
    /// Money of refund documents that found its order, by document.
    placed: HashMap<String, i64>,
    refunds: Option<Frame>,
    n_netted: u64,
}

impl Orders {
    async fn group(load: &Load<'_>, spill: &mut Spill, people: &Resolved, columns: LineColumns) -> Result<Self> {
        let mut rows = load.ctx.lake().group_lines(spill, columns).await?;
        let mut orders = Self {
            frames: Vec::new(),
            unchanged: HashSet::new(),
            replaced: HashSet::new(),
            given_back: HashMap::new(),
            placed: HashMap::new(),
            refunds: None,
            n_netted: 0,
        };
        let has_orders = load.ctx.lake().n_rows("orders").await? > 0;
        while let Some(mut frame) = rows.next().await? {
            people.attach(&mut frame);
            orders.frames.push(frame);
        }
        if has_orders {
            orders.compare(load).await?;
        }
        Ok(orders)
    }

    /// Which orders the lake has already, and whether they say the same.
    async fn compare(&mut self, load: &Load<'_>) -> Result<()> {
        let mut keys = TextColumn::default();
        let mut hashes = Vec::new();
        for frame in &self.frames {
            let ids = frame.text("order_id").ok_or_else(|| missing("order_id"))?;
            let content = frame.num("content_hash").ok_or_else(|| missing("content_hash"))?;
            for row in 0..frame.n_rows() {
                keys.push(ids.get(row));
                hashes.push(content.get(row));
            }
        }
        let found = load.ctx.lake().find("orders", &load.source, &keys).await?;
        for (row, hash) in hashes.iter().enumerate() {
            let (true, Some(order)) = (found.is_there[row], keys.get(row)) else { continue };
            let set = if found.content_hash[row] == *hash { &mut self.unchanged } else { &mut self.replaced };
            set.insert(order.to_owned());
        }
        Ok(())
    }

    fn n_unchanged_lines(&self, slots: &HashMap<u64, Slot, FixedState>, hasher: FixedState) -> u64 {
        let lines = self.unchanged.iter().filter_map(|order| slots.get(&hasher.hash_one(Some(order.as_str()))));
        lines.map(|slot| slot.n_lines as u64).sum()
    }

    /// Nets refund documents that name no order against what their customers bought before.
    async fn net(&mut self, load: &Load<'_>, spill: &mut Spill, people: Frame) -> Result<()> {
        if load.is_off(zhike_domain::clean::rule::Rule::RefundNetted) {
            return Ok(());
        }
        let replaced = names("order_id", self.replaced.iter());
        if !self.replaced.is_empty() {
            let (undone, applied) = load.ctx.lake().netted_before(&load.source, replaced.clone()).await?;
            for (frame, sign) in [(undone, -1), (applied, 1)] {
                for row in 0..frame.n_rows() {
                    let order = frame.text("order_id").and_then(|column| column.get(row)).unwrap_or_default();
                    let amount = frame.num("amount").and_then(|column| column.get(row)).unwrap_or(0);
                    *self.given_back.entry(order.to_owned()).or_default() += sign * amount;
                }
            }
        }
        let (refunds, staged, earlier) =
            load.ctx.lake().refund_candidates(spill, people, &load.source, replaced).await?;
        let refunds = self.without_unchanged(refunds);
        let staged = self.without_unchanged(staged);
        let table = LineTable::new(&[&refunds, &staged, &earlier]);
        let refund_lines = table.lines(&refunds);
        let mut purchases = table.lines(&staged);
        purchases.extend(table.lines(&earlier));
        let at = |index: usize| {
            if index < staged.n_rows() { (&staged, index) } else { (&earlier, index - staged.n_rows()) }
        };
        let pieces = refund::net(&purchases, &refund_lines);
        let mut rows = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            let (frame, row) = at(piece.purchase);
            let text = |frame: &Frame, name: &str, row: usize| {
                frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned()
            };
            let order = text(frame, "order_id", row);
            let document = text(&refunds, "order_id", piece.refund);
            *self.given_back.entry(order.clone()).or_default() += piece.amount;
            *self.placed.entry(document.clone()).or_default() += piece.amount;
            rows.push((piece, order, document, frame, row));
        }
        self.n_netted = pieces.len() as u64;
        if rows.is_empty() {
            return Ok(());
        }
        let num = |frame: &Frame, name: &str, row: usize| frame.num(name).and_then(|column| column.get(row));
        let mut netted = Frame::new(rows.len());
        let texts = |of: &dyn Fn(usize) -> String| {
            let mut column = TextColumn::default();
            (0..rows.len()).for_each(|row| column.push(Some(&of(row))));
            Column::Text(column)
        };
        let nums = |of: &dyn Fn(usize) -> Option<i64>| Column::Num((0..rows.len()).map(of).collect());
        netted.set("refund_order_id", ColumnType::Text, texts(&|row| rows[row].2.clone()));
        netted.set("order_id", ColumnType::Text, texts(&|row| rows[row].1.clone()));
        netted.set("profile_id", ColumnType::Int, nums(&|row| num(&refunds, "profile_id", rows[row].0.refund)));
        netted.set("identity_id", ColumnType::Int, nums(&|row| num(&refunds, "identity_id", rows[row].0.refund)));
        netted.set(
            "product_id",
            ColumnType::Text,
            texts(&|row| {
                refunds
                    .text("product_id")
                    .and_then(|column| column.get(rows[row].0.refund))
                    .unwrap_or_default()
                    .to_owned()
            }),
        );
        netted.set("quantity", QUANTITY, nums(&|row| Some(rows[row].0.quantity)));
        netted.set("amount", MONEY, nums(&|row| Some(rows[row].0.amount)));
        netted.set("ordered_at", ColumnType::Instant, nums(&|row| num(rows[row].3, "ordered_at", rows[row].4)));
        netted.set("refunded_at", ColumnType::Instant, nums(&|row| num(&refunds, "ordered_at", rows[row].0.refund)));
        self.refunds = Some(netted);
        Ok(())
    }

    fn without_unchanged(&self, frame: Frame) -> Frame {
        if self.unchanged.is_empty() {
            return frame;
        }
        let keep: Vec<bool> = (0..frame.n_rows())
            .map(|row| {
                let order = frame.text("order_id").and_then(|column| column.get(row)).unwrap_or_default();
                !self.unchanged.contains(order)
            })
            .collect();
        frame.filter(&keep)
    }

    /// Stages orders and refunds, and writes earlier files again where orders are replaced or given back.
    async fn stage(&mut self, load: &Load<'_>, publication: &mut Publication) -> Result<()> {
        let lake = load.ctx.lake();
        let mut stage = lake.stage("orders", load.batch_id, "new")?;
        let mut here: HashSet<String> = HashSet::new();
        for frame in std::mem::take(&mut self.frames) {
            let frame = self.without_unchanged(frame);
            let ids = frame.text("order_id").ok_or_else(|| missing("order_id"))?;
            if !self.given_back.is_empty() {
                here.extend(
                    ids.iter().flatten().filter(|order| self.given_back.contains_key(*order)).map(str::to_owned),
                );
            }
            let mut orders = self.order_rows(&frame)?;
            load.stamp(&mut orders);
            stage.push(orders)?;
        }
        publication.change("orders", stage.finish()?, Vec::new());
        let elsewhere: HashSet<&String> = self.given_back.keys().filter(|order| !here.contains(*order)).collect();
        if !self.replaced.is_empty() || !elsewhere.is_empty() {
            let mut keys = TextColumn::default();
            self.replaced.iter().chain(elsewhere.iter().copied()).for_each(|order| keys.push(Some(order)));
            let mut adjusted = lake.stage("orders", load.batch_id, "adjusted")?;
            let (rest, gone) = lake
                .rewrite("orders", load.batch_id, &load.source, &keys, |rows| {
                    let keep: Vec<bool> = (0..rows.n_rows())
                        .map(|row| {
                            let order = rows.text("order_id").and_then(|column| column.get(row)).unwrap_or_default();
                            !self.replaced.contains(order)
                        })
                        .collect();
                    let mut rows = rows.filter(&keep);
                    self.give_back(&mut rows);
                    adjusted.push(rows)
                })
                .await?;
            publication.change("orders", rest, gone);
            publication.change("orders", adjusted.finish()?, Vec::new());
        }
        if !self.replaced.is_empty() {
            let keys: TextColumn = self.replaced.iter().map(|order| Some(order.as_str())).collect();
            for table in ["order_items", "refunds"] {
                let (rest, gone) = lake.stage_without(table, load.batch_id, &load.source, &keys).await?;
                publication.change(table, rest, gone);
            }
        }
        if let Some(mut refunds) = self.refunds.take() {
            load.stamp(&mut refunds);
            let mut stage = lake.stage("refunds", load.batch_id, "new")?;
            stage.push(refunds)?;
            publication.change("refunds", stage.finish()?, Vec::new());
        }
        Ok(())
    }

    /// Grouped lines as rows of `orders`: money as `docs/guides/cleaning.md` defines it, refunds netted.
    fn order_rows(&self, grouped: &Frame) -> Result<Frame> {
        let n_rows = grouped.n_rows();
        let ids = grouped.text("order_id").ok_or_else(|| missing("order_id"))?;
        let get = |name: &str, row: usize| grouped.num(name).and_then(|column| column.get(row));
        let mut money = [const { Vec::<Option<i64>>::new() }; 3];
        let mut status = TextColumn::default();
        let mut kind = TextColumn::default();
        let mut discount = NumColumn::with_capacity(n_rows);
        for row in 0..n_rows {
            let order = ids.get(row).unwrap_or_default();
            let sold = get("order_amount", row).or(get("sold", row)).unwrap_or(0);
            let all_refund = get("all_refund", row) == Some(1);
            let is_adjustment =
                get("any_adjustment", row) == Some(1) || (all_refund && get("given_back", row) == Some(0));
            // What the file says of the whole order counts; else its lines add up.
            let of_lines = || get("given_back", row).unwrap_or(0) + get("line_refunded_amount", row).unwrap_or(0).abs();
            let own_refund = get("refunded_amount", row).unwrap_or_else(of_lines);
            discount.push(get("order_discount", row).or(get("discount", row)));
            let placed = self.placed.get(order).copied().unwrap_or(0);
            let netted = self.given_back.get(order).copied().unwrap_or(0);
            let refunded = own_refund - placed + netted;
            let stated = grouped.text("status").and_then(|column| column.get(row)).unwrap_or("completed");
            let order_kind = match (is_adjustment, all_refund) {
                (true, _) => "adjustment",
                (_, true) => "refund",
                _ => "sale",
            };
            let is_void = matches!(stated, "created" | "cancelled");
            let amount = if order_kind == "refund" { 0 } else { sold };
            money[0].push(Some(amount));
            money[1].push(Some(refunded));
            money[2].push(Some(if is_void { 0 } else { amount - refunded }));
            status.push(Some(if is_void { stated } else { paid_status(stated, order_kind, amount, refunded) }));
            kind.push(Some(order_kind));
        }
        let [amount, refunded, net] = money.map(|values| Column::Num(values.into_iter().collect()));
        let mut orders = grouped.clone();
        for name in [
            "sold",
            "given_back",
            "all_refund",
            "any_adjustment",
            "order_amount",
            "order_discount",
            "line_refunded_amount",
        ] {
            orders.remove(name);
        }
        orders.set("discount", MONEY, Column::Num(discount));
        orders.set("amount", MONEY, amount);
        orders.set("refunded_amount", MONEY, refunded);
        orders.set("net_amount", MONEY, net);
        orders.set("status", ColumnType::Text, Column::Text(status));
        orders.set("kind", ColumnType::Text, Column::Text(kind));
        Ok(orders)
    }

    /// Changes the money of orders that are in the lake.
    fn give_back(&self, orders: &mut Frame) {
        let delta: Vec<i64> = (0..orders.n_rows())
            .map(|row| {
                let order = orders.text("order_id").and_then(|column| column.get(row)).unwrap_or_default();
                self.given_back.get(order).copied().unwrap_or(0)
            })
            .collect();
        let get = |name: &str, row: usize| orders.num(name).and_then(|column| column.get(row)).unwrap_or(0);
        let refunded: Vec<i64> =
            delta.iter().enumerate().map(|(row, delta)| get("refunded_amount", row) + delta).collect();
        let net: Vec<i64> = refunded.iter().enumerate().map(|(row, refunded)| get("amount", row) - refunded).collect();
        let mut status = TextColumn::default();
        for (row, &refunded) in refunded.iter().enumerate() {
            let word = |name: &str| orders.text(name).and_then(|column| column.get(row)).unwrap_or_default();
            let stated = match word("status") {
                "partial_refund" | "refunded" => "completed",
                stated => stated,
            };
            status.push(Some(paid_status(stated, word("kind"), get("amount", row), refunded)));
        }
        orders.set("refunded_amount", MONEY, Column::Num(refunded.into_iter().map(Some).collect()));
        orders.set("net_amount", MONEY, Column::Num(net.into_iter().map(Some).collect()));
        orders.set("status", ColumnType::Text, Column::Text(status));
    }
}

/// The status that the money proves, whatever the trade state says.
fn paid_status<'a>(stated: &'a str, kind: &str, amount: i64, refunded: i64) -> &'a str {
    match kind {
        "refund" => "refunded",
        _ if amount > 0 && refunded >= amount => "refunded",
        _ if amount > 0 && refunded > 0 => "partial_refund",
        _ => stated,
    }
}

fn names<'a>(column: &str, values: impl ExactSizeIterator<Item = &'a String>) -> Frame {
    let n_rows = values.len();
    let texts = values.map(|value| Some(value.as_str())).collect();
    Frame::new(n_rows).with(column, ColumnType::Text, Column::Text(texts))
}

fn stage_items(
    load: &Load<'_>,
    spill: &mut Spill,
    people: &Resolved,
    orders: &Orders,
    publication: &mut Publication,
) -> Result<u64> {
    let mut stage = load.ctx.lake().stage("order_items", load.batch_id, "new")?;
    let mut rows = spill.rows()?;
    let mut n_rows = 0;
    while let Some(frame) = rows.next()? {
        let mut frame = orders.without_unchanged(frame);
        n_rows += frame.n_rows() as u64;
        people.attach(&mut frame);
        keep_columns_of("order_items", &mut frame);
        load.stamp(&mut frame);
        stage.push(frame)?;
    }
    publication.change("order_items", stage.finish()?, Vec::new());
    Ok(n_rows)
}

/// Turns rows into the lines that [`refund::net`] reads. Orders and products are numbered in text order, so that the
/// result does not depend on the order in which the engine gave the rows.
struct LineTable {
    orders: HashMap<String, u32>,
    products: HashMap<String, u32>,
}

impl LineTable {
    fn new(frames: &[&Frame]) -> Self {
        let numbered = |name: &str| {
            let mut texts: Vec<&str> =
                frames.iter().filter_map(|frame| frame.text(name)).flat_map(|column| column.iter().flatten()).collect();
            texts.sort_unstable();
            texts.dedup();
            texts.into_iter().enumerate().map(|(number, text)| (text.to_owned(), number as u32)).collect()
        };
        Self { orders: numbered("order_id"), products: numbered("product_id") }
    }

    fn lines(&self, frame: &Frame) -> Vec<refund::Line> {
        let number = |numbers: &HashMap<String, u32>, name: &str, row: usize| {
            let text = frame.text(name).and_then(|column| column.get(row)).unwrap_or_default();
            numbers.get(text).copied().unwrap_or(u32::MAX)
        };
        let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
        (0..frame.n_rows())
            .map(|row| refund::Line {
                order: number(&self.orders, "order_id", row),
                profile: num("profile_id", row),
                product: number(&self.products, "product_id", row),
                unit_price: num("unit_price", row),
                quantity: num("quantity", row),
                amount: num("amount", row),
                at: num("ordered_at", row),
            })
            .collect()
    }
}
