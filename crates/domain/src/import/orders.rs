//! Finishing rows of orders, their lines and products: amounts, states, signs, currencies.

use std::fmt::Write as _;

use super::accept::{Plan, constant};
use super::entity::Entity;
use super::mapping::RATE_PLACES;
use super::people::settle_regions;
use super::products::ProductKind;
use super::work::Work;
use crate::clean::number::{format_decimal, mul_decimal};
use crate::clean::status::{OrderStatus, RefundState};
use crate::clean::{Reason, Rule, RuleSet};
use crate::frame::{ColumnType, MONEY, NumColumn, PRICE, QUANTITY, TextColumn};

const STATES: [OrderStatus; 7] = [
    OrderStatus::Created,
    OrderStatus::Paid,
    OrderStatus::Shipped,
    OrderStatus::Completed,
    OrderStatus::Cancelled,
    OrderStatus::PartialRefund,
    OrderStatus::Refunded,
];

fn state(code: Option<i64>) -> Option<OrderStatus> {
    let code = code?;
    STATES.iter().copied().find(|&state| state as i64 == code)
}

/// Whether an id is a prefix and then digits only.
#[inline]
fn has_prefix(id: &str, prefixes: &[String]) -> bool {
    // Most ids are plain numbers.
    if id.as_bytes().first().is_none_or(u8::is_ascii_digit) {
        return false;
    }
    prefixes.iter().any(|prefix| {
        id.strip_prefix(prefix.as_str())
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// Puts the time of payment, or the date inside the order's number, where the time of the order is missing.
fn settle_ordered_at(plan: &mut Plan, work: &mut Work<'_>) {
    let mut times = work.take_num("ordered_at").unwrap_or_else(|| constant(None, work.n_rows));
    if (0..work.n_rows).any(|row| times.get(row).is_none() && !work.is_out[row]) {
        for row in 0..work.n_rows {
            if times.get(row).is_some() || work.is_out[row] {
                continue;
            }
            let paid = work.frame.num("paid_at").and_then(|column| column.get(row));
            let of_number = || {
                let id = work.frame.text("order_id")?.get(row)?;
                let digits = id.get(..6)?;
                let is_dated = id.as_bytes().get(6) == Some(&b'-')
                    && id.len() >= 13
                    && id.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
                let date = is_dated.then(|| format!("20{}-{}-{}", &digits[..2], &digits[2..4], &digits[4..6]))?;
                plan.zone_reader.instant(&date, &mut RuleSet::default()).ok().flatten()
            };
            if let Some(value) = paid.or_else(of_number) {
                times.set(row, Some(value));
                work.fire_rule(row, "ordered_at", Rule::DateForm, "", "");
            }
        }
    }
    work.set_num("ordered_at", ColumnType::Instant, times);
}

/// The trade state of a row, from its several columns.
struct States {
    trade: Option<NumColumn>,
    fulfillment: Option<NumColumn>,
    refund: Option<NumColumn>,
    cancelled_at: Option<NumColumn>,
    is_full_refund: Option<NumColumn>,
    is_partial_refund: Option<NumColumn>,
}

impl States {
    fn take(work: &mut Work<'_>) -> Self {
        Self {
            trade: work.take_num("status"),
            fulfillment: work.take_num("fulfillment_status"),
            refund: work.take_num("refund_state"),
            cancelled_at: work.take_num("cancelled_at"),
            is_full_refund: work.take_num("is_full_refund"),
            is_partial_refund: work.take_num("is_partial_refund"),
        }
    }

    fn is_plain(&self) -> bool {
        self.trade.is_none() && self.fulfillment.is_none() && self.cancelled_at.is_none()
    }

    /// State of the trade, after-sale state left aside.
    fn trade(&self, row: usize) -> Option<OrderStatus> {
        let at = |column: &Option<NumColumn>| column.as_ref().and_then(|column| column.get(row));
        if at(&self.cancelled_at).is_some() {
            return Some(OrderStatus::Cancelled);
        }
        let trade = state(at(&self.trade));
        match (trade, state(at(&self.fulfillment))) {
            (None | Some(OrderStatus::Paid), Some(further @ (OrderStatus::Shipped | OrderStatus::Completed))) => {
                Some(further)
            }
            (None, fulfillment) => fulfillment,
            (trade, _) => trade,
        }
    }

    fn is_refunded(&self, row: usize) -> bool {
        let at = |column: &Option<NumColumn>| column.as_ref().and_then(|column| column.get(row));
        at(&self.refund) == Some(RefundState::Succeeded as i64) || at(&self.is_full_refund) == Some(1)
    }

    fn is_partly_refunded(&self, row: usize) -> bool {
        let at = |column: &Option<NumColumn>| column.as_ref().and_then(|column| column.get(row));
        at(&self.is_partial_refund) == Some(1) || at(&self.refund) == Some(RefundState::Partial as i64)
    }
}

/// Finishes orders: one row each.
pub(super) fn finish_orders(plan: &mut Plan, work: &mut Work<'_>) {
    settle_ordered_at(plan, work);
    settle_regions(work);
    let states = States::take(work);
    let n_rows = work.n_rows;
    let mut amount = work.take_num("amount").unwrap_or_else(|| constant(None, n_rows));
    let discount = work.take_num("discount").unwrap_or_else(|| constant(None, n_rows));
    let refund_flag = work.take_num("is_refund");
    let explicit = work.take_num("refunded_amount");
    let mut discounts = NumColumn::with_capacity(n_rows);
    let mut refunded = NumColumn::with_capacity(n_rows);
    let mut statuses: Vec<OrderStatus> = Vec::with_capacity(n_rows);
    let mut kinds: Vec<&'static str> = Vec::with_capacity(n_rows);
    for row in 0..n_rows {
        discounts.push(Some(discount.get(row).unwrap_or(0).saturating_abs()));
        if work.is_out[row] {
            refunded.push(None);
            statuses.push(OrderStatus::Completed);
            kinds.push("sale");
            continue;
        }
        let id = work.frame.text("order_id").and_then(|ids| ids.get(row)).unwrap_or("");
        let is_adjustment = has_prefix(id, &plan.adjustment_prefixes);
        let is_refund = has_prefix(id, &plan.refund_prefixes)
            || refund_flag.as_ref().and_then(|flags| flags.get(row)) == Some(1)
            || amount.get(row).is_some_and(|amount| amount < 0);
        let kind = if is_adjustment {
            "adjustment"
        } else if is_refund {
            "refund"
        } else {
            "sale"
        };
        kinds.push(kind);
        if kind == "refund"
            && let Some(value) = amount.get(row).filter(|&value| value > 0)
            && work.is_on(Rule::RefundSign)
        {
            work.fire_rule(row, "amount", Rule::RefundSign, &format_decimal(value, 2), &format_decimal(-value, 2));
            amount.set(row, Some(-value));
        }
        let mut status = states.trade(row).unwrap_or(OrderStatus::Completed);
        let paid = amount.get(row);
        let is_paid = work.frame.num("paid_at").is_some_and(|times| times.get(row).is_some());
        if paid.is_none() && !matches!(status, OrderStatus::Cancelled | OrderStatus::Created) {
            work.reject_target(row, Reason::MissingRequired, "amount", "");
        }
        let owed = paid.unwrap_or(0);
        let mut given_back = explicit.as_ref().and_then(|column| column.get(row)).map(i64::saturating_abs);
        if kind != "sale" {
            // A document that gives back is itself the refund; nothing more is taken off.
            given_back = Some(0);
        } else {
            if states.is_refunded(row) || status == OrderStatus::Refunded {
                given_back = given_back.filter(|&value| value > 0).or(Some(owed));
            }
            // Closed after payment: the money went back.
            if status == OrderStatus::Cancelled && is_paid && owed > 0 {
                given_back = given_back.filter(|&value| value > 0).or(Some(owed));
            }
            let value = given_back.unwrap_or(0);
            if value > 0 && owed > 0 {
                status = if value >= owed { OrderStatus::Refunded } else { OrderStatus::PartialRefund };
            } else if states.is_partly_refunded(row) {
                status = OrderStatus::PartialRefund;
            }
        }
        refunded.push(Some(given_back.unwrap_or(0)));
        statuses.push(status);
    }
    work.set_num("amount", MONEY, amount);
    work.set_num("discount", MONEY, discounts);
    work.set_num("refunded_amount", MONEY, refunded);
    settle_currency(plan, work);
    let (amount, refunded) = (work.frame.num("amount"), work.frame.num("refunded_amount"));
    let net = (0..n_rows).map(|row| {
        if matches!(statuses[row], OrderStatus::Created | OrderStatus::Cancelled) {
            return Some(0);
        }
        let amount = amount.and_then(|column| column.get(row))?;
        Some(amount.saturating_sub(refunded.and_then(|column| column.get(row)).unwrap_or(0)))
    });
    let net: NumColumn = net.collect();
    work.set_num("net_amount", MONEY, net);
    work.set_text("status", statuses.iter().map(|status| Some(status.as_str())).collect());
    work.set_text("kind", kinds.into_iter().map(Some).collect());
    require_unless_open(work, &statuses);
}

/// An order without an amount is in order while nothing was paid; for the others it was rejected above.
fn require_unless_open(work: &mut Work<'_>, statuses: &[OrderStatus]) {
    let Some(mut amount) = work.take_num("amount") else { return };
    for (row, status) in statuses.iter().enumerate() {
        if amount.get(row).is_none() && matches!(status, OrderStatus::Cancelled | OrderStatus::Created) {
            amount.set(row, Some(0));
        }
    }
    work.set_num("amount", MONEY, amount);
}

/// Finishes lines of orders.
pub(super) fn finish_lines(plan: &mut Plan, work: &mut Work<'_>) {
    let is_items = plan.entity == Entity::OrderItems;
    if !is_items {
        settle_ordered_at(plan, work);
        settle_regions(work);
    }
    settle_products(plan, work);
    let states = States::take(work);
    let n_rows = work.n_rows;
    let mapped = work.take_num("amount");
    let price = work.take_num("unit_price");
    let quantity = work.take_num("quantity");
    let refund_flag = work.take_num("is_refund");
    let only_order_money = mapped.is_none() && price.is_none();
    let mut amounts = NumColumn::with_capacity(n_rows);
    let mut quantities = NumColumn::with_capacity(n_rows);
    let mut refunds = NumColumn::with_capacity(n_rows);
    let mut kinds = TextColumn::with_capacity(n_rows, n_rows * 6);
    for row in 0..n_rows {
        let mut units = match &quantity {
            Some(column) => column.get(row),
            None => Some(1_000),
        };
        let mut amount = mapped.as_ref().and_then(|column| column.get(row));
        if work.is_out[row] {
            amounts.push(amount);
            quantities.push(units);
            refunds.push(Some(0));
            kinds.push(None);
            continue;
        }
        if amount.is_none() && !only_order_money {
            match (units, price.as_ref().and_then(|column| column.get(row))) {
                (Some(units), Some(price)) => match mul_decimal(units, 3, price, 4, 2) {
                    Some(value) => amount = Some(value),
                    None => work.reject_target(row, Reason::NumberTooLarge, "amount", ""),
                },
                (None, _) => work.reject_target(row, Reason::MissingRequired, "quantity", ""),
                (_, None) => {
                    let target = if price.is_some() { "unit_price" } else { "amount" };
                    work.reject_target(row, Reason::MissingRequired, target, "");
                }
            }
        }
        let id = work.frame.text("order_id").and_then(|ids| ids.get(row)).unwrap_or("");
        let is_bookkeeping = has_prefix(id, &plan.adjustment_prefixes)
            || work.frame.text("product_kind").and_then(|kinds| kinds.get(row))
                == Some(ProductKind::Adjustment.as_str());
        let is_marked =
            has_prefix(id, &plan.refund_prefixes) || refund_flag.as_ref().and_then(|flags| flags.get(row)) == Some(1);
        let is_negative = units.is_some_and(|units| units < 0) || amount.is_some_and(|amount| amount < 0);
        let kind = match (is_bookkeeping, is_marked || is_negative) {
            (true, _) => "adjustment",
            (false, true) => "refund",
            (false, false) => "sale",
        };
        if kind == "refund" && work.is_on(Rule::RefundSign) {
            turn_sign(row, &mut amount, &mut units, work);
        }
        amounts.push(amount);
        quantities.push(units);
        refunds.push(Some(i64::from(kind == "refund")));
        kinds.push(Some(kind));
    }
    let discount = work.take_num("discount");
    if let Some(discount) = discount {
        work.set_num("discount", MONEY, absolute(&discount));
    }
    for name in ["order_discount", "refunded_amount", "line_refunded_amount"] {
        if let Some(column) = work.take_num(name) {
            work.set_num(name, MONEY, absolute(&column));
        }
    }
    if let Some(refund_states) = &states.refund {
        let explicit = work.take_num("line_refunded_amount");
        let given_back = (0..n_rows).map(|row| {
            let explicit = explicit.as_ref().and_then(|column| column.get(row));
            let is_refunded = refund_states.get(row) == Some(RefundState::Succeeded as i64);
            explicit.filter(|&value| value > 0 || !is_refunded).or(if is_refunded {
                amounts.get(row).map(i64::saturating_abs)
            } else {
                Some(0)
            })
        });
        let given_back = given_back.collect();
        work.set_num("line_refunded_amount", MONEY, given_back);
    }
    work.set_num("amount", MONEY, amounts);
    if let Some(price) = price {
        work.set_num("unit_price", PRICE, price);
    }
    work.set_num("quantity", QUANTITY, quantities);
    work.set_num("is_refund", ColumnType::Bool, refunds);
    work.set_text("kind", kinds);
    settle_currency(plan, work);
    if !is_items {
        let mut statuses = TextColumn::with_capacity(n_rows, n_rows * 9);
        let is_plain = states.is_plain();
        for row in 0..n_rows {
            let status = if is_plain { None } else { states.trade(row) };
            statuses.push(Some(status.unwrap_or(OrderStatus::Completed).as_str()));
        }
        work.set_text("status", statuses);
    }
}

fn absolute(column: &NumColumn) -> NumColumn {
    column.iter().map(|value| value.map(i64::saturating_abs)).collect()
}

/// Makes the money and the units of a refund negative.
fn turn_sign(row: usize, amount: &mut Option<i64>, units: &mut Option<i64>, work: &mut Work<'_>) {
    if let Some(value) = amount.filter(|&value| value > 0) {
        work.fire_rule(row, "amount", Rule::RefundSign, &format_decimal(value, 2), &format_decimal(-value, 2));
        *amount = Some(-value);
    }
    if let Some(value) = units.filter(|&value| value > 0) {
        work.fire_rule(row, "quantity", Rule::RefundSign, &format_decimal(value, 3), &format_decimal(-value, 3));
        *units = Some(-value);
    }
}

/// Gives lines without a code their name as code, and says which lines sell no goods.
fn settle_products(plan: &Plan, work: &mut Work<'_>) {
    let n_rows = work.n_rows;
    let names = work.take_text("name");
    let codes = work.take_text("product_id");
    let name_of = |row: usize| names.as_ref().and_then(|names| names.get(row));
    let codes = match codes {
        Some(codes) if names.is_none() || (0..n_rows).all(|row| codes.get(row).is_some()) => codes,
        codes => {
            let mut named = TextColumn::with_capacity(n_rows, n_rows * 8);
            for row in 0..n_rows {
                named.push(codes.as_ref().and_then(|codes| codes.get(row)).or_else(|| name_of(row)));
            }
            named
        }
    };
    let mut kinds = TextColumn::with_capacity(n_rows, n_rows * 5);
    let is_on = work.is_on(Rule::NonProduct);
    for row in 0..n_rows {
        let code = codes.get(row);
        if work.is_out[row] {
            kinds.push(None);
            continue;
        }
        if code.is_none() {
            work.reject_target(row, Reason::MissingRequired, "product_id", "");
        }
        let kind = if is_on { plan.non_products.kind(code, name_of(row)) } else { ProductKind::Goods };
        if kind != ProductKind::Goods {
            let mut before = code.unwrap_or("").to_owned();
            if let Some(name) = name_of(row).filter(|name| Some(*name) != code) {
                let _ = write!(before, " {name}");
            }
            work.fire_rule(row, "product_id", Rule::NonProduct, &before, kind.as_str());
        }
        kinds.push(Some(kind.as_str()));
    }
    work.set_text("product_id", codes);
    if let Some(names) = names {
        work.set_text("name", names);
    }
    work.set_text("product_kind", kinds);
}

/// Finishes products.
pub(super) fn finish_products(plan: &mut Plan, work: &mut Work<'_>) {
    settle_products(plan, work);
    if let Some(kinds) = work.take_text("product_kind") {
        work.set_text("kind", kinds);
    }
    refuse_negative("list_price", 4, work);
    settle_currency(plan, work);
    drop(work.frame.remove("original_amount"));
    drop(work.frame.remove("currency"));
}

/// Gives up rows in which money that cannot be negative is.
pub(super) fn refuse_negative(name: &str, places: u8, work: &mut Work<'_>) {
    let negative: Vec<(usize, i64)> = match work.frame.num(name) {
        Some(column) => column
            .iter()
            .enumerate()
            .filter_map(|(row, value)| Some((row, value.filter(|&value| value < 0)?)))
            .collect(),
        None => return,
    };
    for (row, value) in negative {
        work.reject_target(row, Reason::NegativeAmount, name, &format_decimal(value, places));
    }
}

const MONEY_COLUMNS: &[(&str, ColumnType)] = &[
    ("amount", MONEY),
    ("discount", MONEY),
    ("refunded_amount", MONEY),
    ("line_refunded_amount", MONEY),
    ("order_amount", MONEY),
    ("order_discount", MONEY),
    ("merchant_amount", MONEY),
    ("value", MONEY),
    ("cost", MONEY),
    ("budget", MONEY),
    ("unit_price", PRICE),
    ("list_price", PRICE),
];

/// Converts money of other currencies; keeps what it was in `currency` and `original_amount`.
pub(super) fn settle_currency(plan: &Plan, work: &mut Work<'_>) {
    let stated = work.take_text("currency");
    let home = plan.workspace_currency.as_str();
    let is_foreign = |code: &str| if home.is_empty() { plan.rates.contains_key(code) } else { code != home };
    if stated.is_none() && work.currencies.is_empty() && !is_foreign(&plan.currency) {
        return;
    }
    let code_of = |row: usize, work: &Work<'_>| -> String {
        let stated = stated.as_ref().and_then(|column| column.get(row)).map(str::to_owned);
        let named = || work.currencies.get(row).copied().flatten().map(|currency| currency.as_str().to_owned());
        stated.or_else(named).unwrap_or_else(|| plan.currency.clone())
    };
    let codes: Vec<Option<String>> = (0..work.n_rows)
        .map(|row| Some(code_of(row, work)).filter(|code| is_foreign(code) && !work.is_out[row]))
        .collect();
    if codes.iter().all(Option::is_none) {
        return;
    }
    let main = ["amount", "value", "cost", "list_price"]
        .into_iter()
        .find(|name| work.frame.num(name).is_some())
        .unwrap_or("amount");
    let original: NumColumn = match work.frame.num(main) {
        Some(column) => column.iter().zip(&codes).map(|(value, code)| value.filter(|_| code.is_some())).collect(),
        None => constant(None, work.n_rows),
    };
    let can_convert = work.is_on(Rule::CurrencyConverted);
    let rates: Vec<Option<i64>> =
        codes.iter().map(|code| plan.rates.get(code.as_ref()?).copied().filter(|_| can_convert)).collect();
    for &(name, kind) in MONEY_COLUMNS {
        let Some(mut column) = work.take_num(name) else { continue };
        let places = if kind == PRICE { 4 } else { 2 };
        for (row, rate) in rates.iter().enumerate() {
            let (Some(rate), Some(value)) = (rate, column.get(row)) else { continue };
            let converted = mul_decimal(value, places, *rate, RATE_PLACES, places);
            if converted.is_none() {
                work.reject_target(row, Reason::NumberTooLarge, name, "");
            }
            column.set(row, converted);
        }
        work.set_num(name, kind, column);
    }
    for (row, code) in codes.iter().enumerate() {
        let Some(code) = code.as_deref().filter(|_| !work.is_out[row]) else { continue };
        let rule = if rates[row].is_some() { Rule::CurrencyConverted } else { Rule::CurrencyUnconverted };
        let before = original.get(row).map(|value| format!("{} {code}", format_decimal(value, 2))).unwrap_or_default();
        let now = work.frame.num(main).and_then(|column| column.get(row));
        let after = now.map(|value| format_decimal(value, 2)).unwrap_or_default();
        work.fire_rule(row, main, rule, &before, &after);
    }
    work.set_text("currency", codes.iter().map(Option::as_deref).collect());
    work.set_num("original_amount", MONEY, original);
}
