//! A first mapping for a file, from its headers and a sample of its rows.
//!
//! Score of a column for a target: how well the header names it (1 a synonym, 0.6 holds one) times the share of the
//! sampled values that fit. Below 0.5 nothing is guessed, the doubt is said instead. Exports change without notice, so
//! no position and no full list of headers counts.

use std::collections::HashMap;

use super::doubt::Doubt;
use super::entity::{Entity, Target, TargetKind, targets};
use super::likely::{likely_entity, rows_of};
use super::mapping::{CONSENT, ColumnMapping, Mapping, TRAITS};
use super::said::{self, ConsentColumn};
use super::shape::{agreement, is_null, personal_shape, strip_marks};
use super::synonyms::{Aside, NormalHeader, Sense, aside, exact, forms, inside, normal};
use super::targets::{FIRST_DISCOUNT_PART, FIRST_PLATFORM_ID};
use crate::clean::RuleSet;
use crate::clean::money::{MoneyUnit, header_unit};
use crate::clean::number::parse_float;
use crate::clean::time::{DateOrder, guess_order};

/// Below this score a column is not mapped.
const DOUBT: f32 = 0.5;

/// What a file seems to be.
#[derive(Clone, Debug, PartialEq)]
pub struct Guess {
    /// The mapping to start from.
    pub mapping: Mapping,
    /// What the rows are.
    pub entity: Entity,
    /// What a person should look at.
    pub doubts: Vec<Doubt>,
    /// Columns that are not loaded, `header: why`, Chinese and English.
    pub unmapped: Vec<String>,
}

impl Guess {
    /// The target guessed for a header, `None` when the column is not loaded.
    pub fn target_of(&self, header: &str) -> Option<&str> {
        self.mapping.columns.iter().find(|column| column.header == header)?.target.as_deref()
    }
}

/// Why a file is finance and not orders, in Chinese and English; `None` for other files.
pub fn refusal(header: &[String]) -> Option<(&'static str, &'static str)> {
    let names: Vec<String> = header.iter().map(|name| normal(name).full).collect();
    let has = |word: &str| names.iter().any(|name| name.contains(word));
    let is_settlement =
        has("动账时间") || has("动账方向") || has("费用名称") && has("应结金额") || has("收支方向") && has("应结");
    is_settlement.then_some((
        "这是结算（资金）账单，不是订单；请改为导出订单列表",
        "this is a settlement bill, not orders; export the list of orders instead",
    ))
}

/// A mapping guessed from the headers and a sample of the rows below them.
///
/// **Shape**: the cells of `sample` stand in the order of `header`; `currency` is the workspace's.
pub fn guess(
    entity: Option<Entity>,
    header: &[String],
    sample: &[Vec<Option<String>>],
    zone: &str,
    currency: &str,
) -> Guess {
    let entity = entity.unwrap_or_else(|| likely_entity(header, sample));
    let mut guesser = Guesser::new(entity, header, sample, zone);
    guesser.assign_exact();
    guesser.assign_inside();
    if entity == Entity::OrderLines {
        guesser.settle_levels();
    }
    guesser.settle_times();
    guesser.settle_identity();
    guesser.settle_categories();
    let mut mapping = Mapping::new(entity);
    mapping.zone = guesser.zone_of_column().unwrap_or_else(|| zone.to_owned());
    mapping.currency = currency.to_owned();
    guesser.finish(mapping)
}

/// Words by which any phone column is known.
const PHONE_WORDS: &[&str] = &["手机", "电话", "phone", "mobile"];

struct Seen<'a> {
    header: &'a str,
    forms: Vec<NormalHeader>,
    aside: Option<Aside>,
    values: Vec<&'a str>,
    n_filled: usize,
    exact: Vec<Sense>,
}

struct Guesser<'a> {
    entity: Entity,
    targets: &'static [Target],
    columns: Vec<Seen<'a>>,
    n_rows: usize,
    zone: &'a str,
    /// Target of each column and how sure it is.
    chosen: Vec<Option<(usize, f32)>>,
    /// Further columns of a target, in order of preference after the first.
    later: Vec<usize>,
    doubts: Vec<Doubt>,
    is_shipping: bool,
}

impl<'a> Guesser<'a> {
    fn new(entity: Entity, header: &'a [String], sample: &'a [Vec<Option<String>>], zone: &'a str) -> Self {
        let sample = rows_of(sample);
        let columns: Vec<Seen<'a>> = header
            .iter()
            .enumerate()
            .map(|(at, name)| {
                let forms = forms(name);
                let values: Vec<&str> = sample
                    .iter()
                    .map(|row| row.get(at).and_then(Option::as_deref).map_or("", strip_marks))
                    .map(|value| if is_null(value) { "" } else { value })
                    .collect();
                let n_filled = values.iter().filter(|value| !value.is_empty()).count();
                let senses = forms.iter().map(|form| exact(entity, form)).find(|senses| !senses.is_empty());
                let aside = forms.first().and_then(aside);
                Seen { header: name, aside, values, n_filled, exact: senses.unwrap_or_default(), forms }
            })
            .collect();
        let is_order = matches!(entity, Entity::Orders | Entity::OrderLines | Entity::OrderItems);
        let is_shipping = is_order
            && columns.iter().any(|column| {
                column.aside == Some(Aside::Recipient)
                    || column.forms.first().is_some_and(|form| {
                        matches!(form.full.as_str(), "客户地址" | "详细地址" | "快递单号" | "快递公司")
                    })
            });
        let chosen = vec![None; columns.len()];
        let doubts = refusal(header).map(|(zh, en)| Doubt::settlement_file(zh, en)).into_iter().collect();
        Self {
            entity,
            targets: targets(entity),
            columns,
            n_rows: sample.len(),
            zone,
            chosen,
            later: Vec::new(),
            doubts,
            is_shipping,
        }
    }

    fn target_at(&self, name: &str) -> Option<usize> {
        self.targets.iter().position(|target| target.name == name)
    }

    fn column_of(&self, name: &str) -> Option<usize> {
        let target = self.target_at(name)?;
        let is_first = |at: &usize| !self.later.contains(at);
        (0..self.columns.len()).filter(|&at| self.chosen[at].is_some_and(|(chosen, _)| chosen == target)).find(is_first)
    }

    fn columns_of(&self, name: &str) -> Vec<usize> {
        let target = self.target_at(name);
        (0..self.columns.len())
            .filter(|&at| self.chosen[at].map(|(chosen, _)| chosen) == target && target.is_some())
            .collect()
    }

    fn shape(&self, column: usize, target: &Target) -> f32 {
        let values = self.columns[column].values.iter().copied().filter(|value| !value.is_empty());
        if matches!(target.name, "discount" | "order_discount") && self.is_rate(column) {
            return 0.0;
        }
        if target.name == "kind" && self.entity == Entity::Profiles {
            let is_kind = |value: &str| {
                ["个人", "企业", "公司", "person", "company", "individual", "business"]
                    .iter()
                    .any(|word| value.to_lowercase().contains(word))
            };
            let n = values.clone().count();
            return if n == 0 || values.filter(|value| is_kind(value)).count() * 2 > n { 1.0 } else { 0.0 };
        }
        agreement(target.kind, values, self.zone)
    }

    /// Whether the values of a reduction are rates (`9.5折`, `0.95`), not money.
    fn is_rate(&self, column: usize) -> bool {
        let values: Vec<&str> = self.columns[column].values.iter().copied().filter(|value| !value.is_empty()).collect();
        let mut fired = RuleSet::default();
        !values.is_empty()
            && (values.iter().any(|value| value.contains(['折', '%']))
                || values.iter().all(|value| {
                    parse_float(value, &mut fired).is_ok_and(|rate| rate > 0.0 && rate <= 1.0 && rate.fract() != 0.0)
                }) && self.columns[column].header.contains('折'))
    }

    /// Whether a column may go to a target at all: other people's columns never become the customer's.
    fn is_allowed(&self, column: usize, target: &Target) -> bool {
        match self.columns[column].aside {
            Some(Aside::Recipient) => !target.personal,
            Some(Aside::OtherPeople) => target.name == "agent",
            _ if target.name == "device_id" && self.is_order() => !self.is_named(column, &["deviceid", "设备id"]),
            _ => !(self.is_shipping && target.kind == TargetKind::Phone && self.is_contact_phone(column)),
        }
    }

    fn is_order(&self) -> bool {
        matches!(self.entity, Entity::Orders | Entity::OrderLines | Entity::OrderItems)
    }

    fn is_named(&self, column: usize, names: &[&str]) -> bool {
        self.columns[column].forms.first().is_some_and(|form| names.contains(&form.full.as_str()))
    }

    /// Whether a phone column of an order names nobody, so that it is the recipient's.
    fn is_contact_phone(&self, column: usize) -> bool {
        let name = self.columns[column].forms.first().map_or("", |form| form.full.as_str());
        // Where the recipient has a phone column of their own, a plain one is the buyer's.
        let has_own = self.columns.iter().any(|column| {
            let is_phone = |form: &NormalHeader| PHONE_WORDS.iter().any(|word| form.full.contains(word));
            column.aside == Some(Aside::Recipient) && column.forms.first().is_some_and(is_phone)
        });
        !has_own
            && !["买家", "会员", "客户手机", "用户", "customer", "member", "billing"]
                .iter()
                .any(|word| name.contains(word))
    }

    fn assign_exact(&mut self) {
        for at in 0..self.targets.len() {
            let target = &self.targets[at];
            let mut candidates: Vec<(usize, usize, f32)> = Vec::new();
            for column in 0..self.columns.len() {
                let Some(sense) = self.columns[column].exact.iter().find(|sense| sense.target == at) else { continue };
                if self.chosen[column].is_some() || !self.is_allowed(column, target) {
                    continue;
                }
                let shape = self.shape(column, target);
                if shape >= DOUBT {
                    candidates.push((column, sense.rank, shape));
                } else if self.columns[column].exact.len() == 1 {
                    let header = self.columns[column].header;
                    self.doubts.push(Doubt::values_do_not_fit(header, target, shape));
                }
            }
            candidates.sort_by_key(|&(column, rank, _)| (self.is_sparse(column), rank, column));
            self.take(at, &candidates);
        }
    }

    fn is_sparse(&self, column: usize) -> bool {
        self.n_rows > 0 && self.columns[column].n_filled * 2 < self.n_rows
    }

    /// Gives a target the best candidate, or several where several belong together.
    fn take(&mut self, at: usize, candidates: &[(usize, usize, f32)]) {
        let Some(&(first, rank, shape)) = candidates.first() else { return };
        let target = &self.targets[at];
        let place = |word: &str| target.synonyms.iter().position(|known| *known == word).unwrap_or(usize::MAX);
        self.chosen[first] = Some((at, shape));
        match target.name {
            "discount" | "order_discount" => {
                let first_part = if target.name == "discount" && self.entity == Entity::OrderLines {
                    0
                } else {
                    place(FIRST_DISCOUNT_PART)
                };
                if rank >= first_part {
                    for &(column, _, shape) in &candidates[1..] {
                        self.chosen[column] = Some((at, shape));
                    }
                }
            }
            "product_id" => {
                let first_platform = place(FIRST_PLATFORM_ID);
                let fallback = candidates[1..].iter().find(|candidate| candidate.1 >= first_platform);
                if let Some(&(column, _, shape)) = fallback.filter(|_| rank < first_platform) {
                    self.chosen[column] = Some((at, shape));
                    self.later.push(column);
                }
            }
            _ => {}
        }
    }

    fn assign_inside(&mut self) {
        for column in 0..self.columns.len() {
            let seen = &self.columns[column];
            if self.chosen[column].is_some() || !seen.exact.is_empty() {
                continue;
            }
            let senses = seen.forms.first().map(|form| inside(self.entity, form)).unwrap_or_default();
            for sense in senses {
                let target = &self.targets[sense.target];
                let is_taken = self.chosen.iter().flatten().any(|&(chosen, _)| chosen == sense.target);
                let is_aside = self.columns[column].aside.is_some() && !target.personal;
                if is_taken || is_aside || !self.is_allowed(column, target) {
                    continue;
                }
                let score = 0.6 * self.shape(column, target);
                if score >= DOUBT {
                    self.chosen[column] = Some((sense.target, score));
                } else {
                    let header = self.columns[column].header;
                    self.doubts.push(Doubt::target_unsure(header, target));
                }
                break;
            }
        }
    }

    fn set(&mut self, column: usize, target: &str) {
        if let Some(at) = self.target_at(target) {
            let confidence = self.chosen[column].map_or(1.0, |(_, confidence)| confidence);
            self.chosen[column] = Some((at, confidence));
        }
    }

    /// Whether a column says the same on all lines of an order; `None` when no order has several lines in the sample.
    fn is_repeated(&self, column: usize) -> Option<bool> {
        let orders = &self.columns[self.column_of("order_id")?].values;
        let mut first: HashMap<&str, &str> = HashMap::new();
        let (mut n_repeats, mut n_differ) = (0, 0);
        for (order, value) in orders.iter().zip(&self.columns[column].values) {
            // Zero on every line says nothing about whose money it is.
            if order.is_empty() || value.bytes().all(|byte| matches!(byte, b'0' | b'.')) {
                continue;
            }
            match first.get(order) {
                None => drop(first.insert(order, value)),
                Some(known) => {
                    n_repeats += 1;
                    n_differ += usize::from(known != value);
                }
            }
        }
        if n_repeats == 0 { None } else { Some(n_differ == 0) }
    }

    /// Share of the rows whose price times quantity is the column's value.
    fn product_share(&self, column: usize) -> f32 {
        let (Some(quantity), Some(price)) = (self.column_of("quantity"), self.column_of("unit_price")) else {
            return 0.0;
        };
        let number = |column: usize, row: usize| {
            parse_float(self.columns[column].values[row].trim_start_matches(['¥', '￥', '$']), &mut RuleSet::default())
                .ok()
        };
        let mut counts = (0, 0);
        for row in 0..self.n_rows {
            if let (Some(value), Some(quantity), Some(price)) =
                (number(column, row), number(quantity, row), number(price, row))
            {
                counts.0 += 1;
                counts.1 += i32::from((quantity * price - value).abs() < 0.015);
            }
        }
        if counts.0 == 0 { 0.0 } else { counts.1 as f32 / counts.0 as f32 }
    }

    /// Tells the money of an order, repeated on its lines, from the money of a line.
    fn settle_levels(&mut self) {
        let has_line_id = self.column_of("line_id").is_some();
        if let Some(column) = self.column_of("order_amount")
            && self.column_of("amount").is_none()
        {
            let is_line = match self.is_repeated(column) {
                Some(is_repeated) => !is_repeated,
                None => has_line_id || self.product_share(column) >= 0.9 && self.n_rows >= 20,
            };
            if is_line {
                self.set(column, "amount");
            }
        } else if let Some(column) = self.column_of("amount")
            && self.column_of("order_amount").is_none()
            && self.is_repeated(column) == Some(true)
            && self.product_share(column) < 0.9
            && self.column_of("unit_price").is_some()
        {
            self.set(column, "order_amount");
        }
        let has_order_money = self.column_of("order_amount").is_some();
        for (order_level, line_level) in [("order_discount", "discount"), ("refunded_amount", "line_refunded_amount")] {
            for column in self.columns_of(order_level) {
                let is_line = self.is_repeated(column).map_or(!has_order_money, |is_repeated| !is_repeated);
                if is_line && (has_line_id || !has_order_money) {
                    self.set(column, line_level);
                }
            }
        }
    }

    /// Makes sure that the instant of a row has a column when any time is there.
    fn settle_times(&mut self) {
        let Some(main) = self.entity.fact_time() else { return };
        let part = self.targets.iter().find(|target| target.kind == TargetKind::Time).map_or("", |target| target.name);
        if self.column_of(main).is_none() {
            if let Some(column) = self.column_of(part) {
                self.set(column, main);
            } else if matches!(self.entity, Entity::Orders | Entity::OrderLines)
                && let Some(column) = self.column_of("paid_at").or_else(|| self.column_of("completed_at"))
            {
                self.set(column, main);
            }
        } else if let (Some(main), Some(column)) = (self.column_of(main), self.column_of(part)) {
            let has_clock = self.columns[main].values.iter().any(|value| value.contains(':'));
            let fits = self.columns[column]
                .values
                .iter()
                .all(|value| value.is_empty() || value.contains(':') && value.len() <= 14);
            if has_clock || !fits {
                self.chosen[column] = None;
            }
        }
    }

    /// Uses the recipient's phone when nothing else says whose order it is.
    fn settle_identity(&mut self) {
        let has_identity = self.chosen.iter().flatten().any(|&(at, _)| self.targets[at].identity().is_some());
        if has_identity || !self.is_shipping {
            return;
        }
        let is_phone = |seen: &Seen<'_>| {
            let name = seen.forms.first().map_or("", |form| form.full.as_str());
            PHONE_WORDS.iter().any(|word| name.contains(word)) && seen.aside != Some(Aside::OtherPeople)
        };
        let mut found: Vec<usize> =
            (0..self.columns.len()).filter(|&at| self.chosen[at].is_none() && is_phone(&self.columns[at])).collect();
        found.sort_by_key(|&at| (self.is_sparse(at), !self.columns[at].forms[0].full.contains("手机"), at));
        let Some(&column) = found.first() else { return };
        self.set(column, "phone");
        if let Some((_, confidence)) = &mut self.chosen[column] {
            *confidence = 0.6;
        }
        let header = self.columns[column].header;
        self.doubts.push(Doubt::recipient_phone_stands_in(header));
    }

    /// Moves categories up when the top one is not there.
    fn settle_categories(&mut self) {
        for (upper, lower) in [("category_1", "category_2"), ("category_2", "category_3"), ("category_1", "category_2")]
        {
            if self.column_of(upper).is_none()
                && let Some(column) = self.column_of(lower)
            {
                self.set(column, upper);
            }
        }
    }

    fn zone_of_column(&self) -> Option<String> {
        let column = self.columns.iter().find(|column| matches!(column.forms[0].full.as_str(), "timezone" | "时区"))?;
        let value = column.values.iter().find(|value| !value.is_empty())?;
        let zone = match *value {
            "Eastern Time (US & Canada)" => "America/New_York",
            "Central Time (US & Canada)" => "America/Chicago",
            "Mountain Time (US & Canada)" => "America/Denver",
            "Arizona" => "America/Phoenix",
            "Pacific Time (US & Canada)" => "America/Los_Angeles",
            "Alaska" => "America/Anchorage",
            "Hawaii" => "Pacific/Honolulu",
            "London" | "Edinburgh" => "Europe/London",
            "Paris" => "Europe/Paris",
            "Tokyo" => "Asia/Tokyo",
            "Sydney" | "Melbourne" => "Australia/Sydney",
            "北京时间" | "Beijing" => "Asia/Shanghai",
            other if other.contains('/') => other,
            _ => return None,
        };
        crate::clean::time::TimeReader::new(zone, DateOrder::default()).is_ok().then(|| zone.to_owned())
    }

    fn finish(mut self, mut mapping: Mapping) -> Guess {
        let mut unmapped = Vec::new();
        let mut columns: Vec<ColumnMapping> = Vec::with_capacity(self.columns.len());
        let mut orders: Vec<(usize, DateOrder)> = Vec::new();
        for at in 0..self.columns.len() {
            let mut column = ColumnMapping::new(self.columns[at].header, None);
            if let Some((target, confidence)) = self.chosen[at] {
                let target = &self.targets[target];
                column.target = Some(target.name.to_owned());
                column.confidence = (confidence * 100.0).round() / 100.0;
                if matches!(target.kind, TargetKind::Money | TargetKind::Price) {
                    column.unit = header_unit(self.columns[at].header).filter(|unit| *unit != MoneyUnit::Yuan);
                }
                if matches!(target.kind, TargetKind::Instant | TargetKind::Day | TargetKind::Birthday) {
                    orders.extend(self.date_order(at).map(|order| (at, order)));
                }
            } else if let Some(consent) = self.consent_of(at) {
                column.target = Some(CONSENT.to_owned());
                column.consent = Some(consent);
            } else if let Some((zh, en)) = self.reason_to_leave(at) {
                unmapped.push(format!("{}: {zh} / {en}", self.columns[at].header));
            } else {
                column.target = Some(TRAITS.to_owned());
            }
            columns.push(column);
        }
        if let Some(&(_, order)) = orders.iter().find(|(_, order)| *order != DateOrder::YearFirst).or(orders.first()) {
            mapping.date_order = order;
            for &(at, own) in &orders {
                columns[at].date_order = (own != order).then_some(own);
            }
        }
        // The preferred of two columns with one target stands first, where the other stood.
        for &fallback in &self.later {
            let preferred = columns.iter().position(|column| {
                column.target == columns[fallback].target && column.header != columns[fallback].header
            });
            if let Some(preferred) = preferred.filter(|&preferred| preferred > fallback) {
                columns.swap(preferred, fallback);
            }
        }
        mapping.columns = columns;
        mapping.fill_down = self.is_filled_down();
        self.settle_prefixes(&mut mapping);
        if let Err(problems) = mapping.validate() {
            self.doubts.extend(problems.iter().map(Doubt::of_problem));
        }
        Guess { entity: self.entity, mapping, doubts: self.doubts, unmapped }
    }

    /// What a column states, by a usual heading over words of yes and no.
    fn consent_of(&self, at: usize) -> Option<ConsentColumn> {
        let seen = &self.columns[at];
        let mut consent = said::known(seen.header).filter(|_| self.entity == Entity::Profiles)?;
        // Of two columns about one purpose the first states it.
        let is_later = |other: &Seen<'_>| said::known(other.header).is_some_and(|one| one.purpose == consent.purpose);
        let n_read = seen.values.iter().filter(|value| !value.is_empty() && consent.read(value).is_ok()).count();
        if n_read * 2 < seen.n_filled || self.columns[..at].iter().any(is_later) {
            return None;
        }
        let time = self.columns.iter().find(|column| said::is_time(column.header));
        consent.at = time.map(|column| column.header.to_owned());
        Some(consent)
    }

    fn reason_to_leave(&self, at: usize) -> Option<(&'static str, &'static str)> {
        let seen = &self.columns[at];
        if let Some(aside) = seen.aside {
            let aside = if self.is_order() && self.is_shipping && aside == Aside::Personal && self.is_contact_phone(at)
            {
                Aside::Recipient
            } else {
                aside
            };
            return Some((aside.reason_zh(), aside.reason_en()));
        }
        // A second identity column of a kind is somebody's too, and not for the traits.
        if seen.exact.iter().any(|sense| self.targets[sense.target].personal) {
            return Some((Aside::Personal.reason_zh(), Aside::Personal.reason_en()));
        }
        if seen.header.starts_with("column_") && seen.n_filled == 0 {
            return Some(("没有表头也没有内容", "neither a header nor values"));
        }
        let filled = seen.values.iter().copied().filter(|value| !value.is_empty());
        personal_shape(filled)
            .map(|_| ("取值像手机号、邮箱或证件号", "its values look like phones, e-mails or ID numbers"))
    }

    fn date_order(&mut self, at: usize) -> Option<DateOrder> {
        let values = self.columns[at].values.iter().copied().filter(|value| !value.is_empty());
        if let Some(order) = guess_order(values.clone()) {
            return Some(order);
        }
        let is_open = |value: &str| {
            let parts: Vec<&str> = value.split([' ', 'T']).next().unwrap_or("").split(['/', '-', '.']).collect();
            parts.len() == 3 && parts[0].len() <= 2 && parts[2].len() == 4
        };
        if values.clone().next().is_some() && values.clone().all(is_open) {
            let header = self.columns[at].header;
            self.doubts.push(Doubt::date_order_open(header));
            return Some(DateOrder::MonthFirst);
        }
        None
    }

    /// Whether an order's further lines leave the order's own cells blank.
    fn is_filled_down(&self) -> bool {
        let (Some(order), Some(time)) = (self.column_of("order_id"), self.column_of("ordered_at")) else {
            return false;
        };
        if !matches!(self.entity, Entity::OrderLines | Entity::OrderItems) {
            return false;
        }
        let (orders, times) = (&self.columns[order].values, &self.columns[time].values);
        let (mut n_blank, mut n_full, mut last) = (0, 0, "");
        for row in 0..self.n_rows {
            let has_line = self.columns.iter().any(|column| !column.values[row].is_empty());
            if row > 0 && has_line && (orders[row].is_empty() || orders[row] == last) {
                if times[row].is_empty() { n_blank += 1 } else { n_full += 1 }
            }
            if !orders[row].is_empty() {
                last = orders[row];
            }
        }
        n_blank > 0 && n_blank > n_full
    }

    /// Letters before order numbers mean refunds only where plain numbers are the rule.
    fn settle_prefixes(&self, mapping: &mut Mapping) {
        let Some(column) = self.column_of("order_id") else { return };
        let ids: Vec<&str> = self.columns[column].values.iter().copied().filter(|value| !value.is_empty()).collect();
        let n_lettered = ids.iter().filter(|id| id.starts_with(|letter: char| letter.is_alphabetic())).count();
        if !ids.is_empty() && n_lettered * 2 > ids.len() {
            mapping.rules.refund_prefixes.clear();
            mapping.rules.adjustment_prefixes.clear();
        }
    }
}
