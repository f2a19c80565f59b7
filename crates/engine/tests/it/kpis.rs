//! Figures on real stores: every number is that of a plain computation over all rows, and of the list behind it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use zhike_domain::audience::sample::Dice;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{Dimension, Kpi, Level, Period, PeriodKind, kpis};
use zhike_engine::Ctx;
use zhike_engine::kpis::{self as engine, Ask, Asked, Kind, PartOf, Window};
use zhike_engine::overview::{self, Compare};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::workspace::{date_of, day_number};

use crate::support::{Home, load, rows};

const LAST: jiff::civil::Date = date(2026, 3, 20);
const N_PEOPLE: u64 = 12;
const DAY_US: i64 = 86_400_000_000;

/// A shop of 26 months with everything that figures look at, some orders of nobody known.
async fn shop(ctx: &Ctx, home: &Home, seed: u64) {
    let mut dice = Dice::new(seed);
    let day = |dice: &mut Dice| {
        // Mostly near the end, so that weeks and days are not empty.
        let back = if dice.below(2) == 0 { dice.below(100) } else { dice.below(790) };
        LAST.checked_sub(jiff::Span::new().days(back as i64)).unwrap()
    };
    let time = |dice: &mut Dice| format!("{} {:02}:{:02}:00", day(dice), dice.below(24), dice.below(60));
    let who = |dice: &mut Dice| match dice.below(N_PEOPLE + 2) {
        n if n < N_PEOPLE => format!("M{n}"),
        _ => String::new(),
    };
    let mut orders =
        String::from("order_id,member_id,ordered_at,amount,discount,refunded_amount,status,channel,store_id\n");
    let mut items = String::from("order_id,line_no,member_id,ordered_at,product_id,quantity,unit_price,amount\n");
    for order in 0..130 {
        let (who, at) = (who(&mut dice), time(&mut dice));
        let amount = 10 + dice.below(300);
        let (status, refund) = match dice.below(8) {
            0 => ("created", 0),
            1 => ("cancelled", 0),
            2 => ("refunded", amount),
            3 => ("partial_refund", amount / 2),
            _ => ("completed", 0),
        };
        let refund = if refund == amount { format!("{refund}.50") } else { refund.to_string() };
        let (discount, channel) = (dice.below(20), dice.of(&["web", "store", "app", ""]));
        orders.push_str(&format!(
            "T{order},{who},{at},{amount}.50,{discount}.30,{refund},{status},{channel},S{}\n",
            dice.below(4)
        ));
        // Some orders have no lines.
        for line in 1..=dice.below(4) {
            let (product, quantity) = (1 + dice.below(5), 1 + dice.below(4));
            items.push_str(&format!("T{order},{line},{who},{at},P{product},{quantity},5.37,{}\n", quantity * 5));
        }
    }
    let mut events = String::from("event_id,event,occurred_at,member_id,channel,session_id\n");
    for event in 0..150 {
        let (at, channel) = (time(&mut dice), dice.of(&["web", "app", ""]));
        events.push_str(&format!("e{event},view,{at},M{},{channel},s{}\n", dice.below(N_PEOPLE), dice.below(40)));
    }
    let mut people = String::from("member_id,name,province,city,member_level,registered_on\n");
    for one in 0..N_PEOPLE {
        let (province, level) = (dice.of(&["浙江", "广东", "四川", ""]), dice.of(&["gold", "silver"]));
        people.push_str(&format!("M{one},张三,{province},,{level},{}\n", day(&mut dice)));
    }
    let products =
        "product_id,name,brand,category_1\nP1,One,acme,food\nP2,Two,zen,food\nP3,Three,,toys\nP4,Four,acme,\n";
    for (name, text, entity) in [
        ("people.csv", people.as_str(), Entity::Profiles),
        ("products.csv", products, Entity::Products),
        ("items.csv", &items, Entity::OrderItems),
        ("orders.csv", &orders, Entity::Orders),
        ("events.csv", &events, Entity::Events),
    ] {
        let report = load(ctx, &home.file(&format!("{seed}-{name}"), text), entity).await.unwrap();
        assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
    }
    refresh::refresh(ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
}

/// An order or event as it stands in the tables.
#[derive(Clone, Debug)]
struct Fact {
    who: Option<i64>,
    id: String,
    at: i64,
    day: i64,
    is_paid: bool,
    counts: bool,
    net: i64,
    amount: i64,
    refunded: i64,
    discount: i64,
    items: i64,
    channel: String,
    store: String,
    source: String,
    session: String,
}

struct World {
    orders: Vec<Fact>,
    events: Vec<Fact>,
    /// Products of an order with their quantities in thousandths.
    goods: BTreeMap<String, Vec<(String, i64)>>,
    /// Category and brand.
    products: BTreeMap<String, (String, String)>,
    people: BTreeMap<i64, BTreeMap<&'static str, String>>,
    registered: BTreeMap<i64, i64>,
}

fn scaled(text: &str, places: usize) -> i64 {
    let text = if text == "-" { "0" } else { text };
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let digits = format!("{whole}{rest:0<places$}");
    digits.parse().unwrap()
}

async fn world(ctx: &Ctx) -> World {
    let cells = |line: &String| line.split('|').map(str::to_owned).collect::<Vec<String>>();
    let some = |text: &str| if text == "-" { String::new() } else { text.to_owned() };
    let at = |text: &str| text.parse::<jiff::Timestamp>().unwrap().as_microsecond();
    let day = |at: i64| ctx.workspace().day_of(at);
    let sql = "SELECT profile_id, order_id, ordered_at, status, kind, net_amount, amount, refunded_amount, discount, \
               n_items, channel, store_id, source FROM orders";
    let mut goods: BTreeMap<String, Vec<(String, i64)>> = BTreeMap::new();
    for row in rows(ctx, "SELECT order_id, product_id, quantity FROM order_items").await.iter().map(cells) {
        goods.entry(row[0].clone()).or_default().push((row[1].clone(), scaled(&row[2], 3)));
    }
    let mut orders = Vec::new();
    for row in rows(ctx, sql).await.iter().map(cells) {
        let is_paid = !["created", "cancelled"].contains(&row[3].as_str());
        let net = scaled(&row[5], 2);
        orders.push(Fact {
            who: row[0].parse().ok(),
            id: row[1].clone(),
            at: at(&row[2]),
            day: day(at(&row[2])),
            is_paid,
            counts: is_paid && row[4] == "sale" && net > 0,
            net,
            amount: scaled(&row[6], 2),
            refunded: scaled(&row[7], 2),
            discount: scaled(&row[8], 2),
            items: match row[9].as_str() {
                "-" => goods.get(&row[1]).into_iter().flatten().map(|line| line.1).sum(),
                n_items => scaled(n_items, 3),
            },
            channel: some(&row[10]),
            store: some(&row[11]),
            source: some(&row[12]),
            session: String::new(),
        });
    }
    let mut events = Vec::new();
    let sql = "SELECT profile_id, event_id, occurred_at, channel, source, session_id FROM events";
    for row in rows(ctx, sql).await.iter().map(cells) {
        events.push(Fact {
            who: row[0].parse().ok(),
            id: row[1].clone(),
            at: at(&row[2]),
            day: day(at(&row[2])),
            channel: some(&row[3]),
            source: some(&row[4]),
            session: some(&row[5]),
            is_paid: true,
            counts: true,
            net: 0,
            amount: 0,
            refunded: 0,
            discount: 0,
            items: 0,
            store: String::new(),
        });
    }
    let mut products = BTreeMap::new();
    for row in rows(ctx, "SELECT product_id, category_1, brand FROM products").await.iter().map(cells) {
        products.insert(row[0].clone(), (some(&row[1]), some(&row[2])));
    }
    let (mut people, mut registered) = (BTreeMap::new(), BTreeMap::new());
    let sql = "SELECT p.profile_id, province, city, member_level, acquisition_channel, r.tier, registered_on FROM profiles p \
               LEFT JOIN rfm r ON r.profile_id = p.profile_id AND r.as_of = (SELECT max(as_of) FROM rfm) \
               WHERE n_identities > 0";
    for row in rows(ctx, sql).await.iter().map(cells) {
        let id: i64 = row[0].parse().unwrap();
        let names = ["province", "city", "member_level", "acquisition_channel", "rfm_tier"];
        people.insert(id, names.into_iter().zip(row[1..6].iter().map(|text| some(text))).collect());
        if let Ok(on) = row[6].parse::<jiff::civil::Date>() {
            registered.insert(id, day_number(on));
        } else if let Ok(on) = row[6].parse::<i64>() {
            registered.insert(id, on);
        }
    }
    World { orders, events, goods, products, people, registered }
}

type Days = (i64, i64);

fn inside(day: i64, days: Days) -> bool {
    days.0 <= day && day <= days.1
}

impl World {
    /// Orders that count of a customer, in order.
    fn counted(&self, who: i64) -> Vec<&Fact> {
        let mut all: Vec<&Fact> = self.orders.iter().filter(|one| one.counts && one.who == Some(who)).collect();
        all.sort_by(|a, b| (a.at, &a.source, &a.id).cmp(&(b.at, &b.source, &b.id)));
        all
    }

    fn previous(&self, order: &Fact) -> Option<&Fact> {
        let all = self.counted(order.who?);
        let at = all.iter().position(|one| one.id == order.id)?;
        at.checked_sub(1).map(|at| all[at])
    }

    fn first(&self, who: Option<i64>) -> Option<&Fact> {
        self.counted(who?).first().copied()
    }

    /// What a sum that is no ratio is of: what is listed, with what each adds. Written anew for every key, without a look
    /// at its definition.
    fn base(&self, key: &str, days: Days, before: Days, keep: &dyn Fn(&Fact) -> bool) -> Vec<(String, i64)> {
        let orders = || self.orders.iter().filter(|one| inside(one.day, days) && keep(one));
        let counted = || orders().filter(|one| one.counts);
        let known = || counted().filter(|one| one.who.is_some());
        let money = |of: fn(&Fact) -> i64| move |one: &Fact| (one.id.clone(), of(one));
        let people = |of: &mut dyn Iterator<Item = &Fact>| -> Vec<(String, i64)> {
            let ids: BTreeSet<i64> = of.filter_map(|one| one.who).collect();
            ids.into_iter().map(|id| (id.to_string(), 1)).collect()
        };
        let each = |id: &String| (id.clone(), 1);
        let persons = |of: &mut dyn Iterator<Item = i64>| of.map(|id| (id.to_string(), 1)).collect();
        // A person as a fact, so that values of customers can be asked for.
        let as_fact = |who: i64| Fact { who: Some(who), ..self.orders[0].clone() };
        let buyers = || self.people.keys().copied().filter(|&who| keep(&as_fact(who)));
        let events = || self.events.iter().filter(|one| inside(one.day, days) && keep(one));
        match key {
            "net_sales" | "tier_sales" => orders().map(money(|one| one.net)).collect(),
            "gross_sales" => orders().filter(|one| one.is_paid).map(money(|one| one.amount)).collect(),
            "refunds" => orders().filter(|one| one.is_paid).map(money(|one| one.refunded)).collect(),
            "orders" => counted().map(|one| each(&one.id)).collect(),
            "order_sales" => counted().map(money(|one| one.net)).collect(),
            "items" => counted().map(money(|one| one.items)).collect(),
            "discounts" => counted().map(money(|one| one.discount)).collect(),
            "list_sales" => counted().map(money(|one| one.amount + one.discount)).collect(),
            "repeat_sales" => orders()
                .filter(|one| self.first(one.who).is_some_and(|first| first.day < days.0))
                .map(money(|one| one.net))
                .collect(),
            "new_sales" => orders()
                .filter(|one| self.first(one.who).is_some_and(|first| inside(first.day, days)))
                .map(money(|one| one.net))
                .collect(),
            "customer_orders" => known().map(|one| each(&one.id)).collect(),
            "customer_sales" => known().map(money(|one| one.net)).collect(),
            "active_customers" => people(&mut counted()),
            "new_customers" => {
                people(&mut counted().filter(|one| self.first(one.who).is_some_and(|first| first.at == one.at)))
            }
            "repeat_customers" => {
                people(&mut known().filter(|one| self.previous(one).is_some_and(|old| inside(old.day, days))))
            }
            "kept_customers" => {
                let was = |who: Option<i64>| {
                    who.is_some_and(|who| self.counted(who).iter().any(|one| inside(one.day, before)))
                };
                people(&mut known().filter(|one| was(one.who)))
            }
            "won_back" => {
                people(&mut known().filter(|one| self.previous(one).is_some_and(|old| one.at - old.at >= 90 * DAY_US)))
            }
            "repeat_orders" => known().filter(|one| self.previous(one).is_some()).map(|one| each(&one.id)).collect(),
            "gap_days" => known()
                .filter_map(|one| Some((one.id.clone(), (one.at - self.previous(one)?.at) / (DAY_US / 1000))))
                .collect(),
            "customers" => {
                persons(&mut buyers().filter(|&who| self.first(Some(who)).is_some_and(|one| one.day <= days.1)))
            }
            "dormant" => persons(&mut buyers().filter(|&who| {
                let last = self.counted(who).iter().map(|one| one.day).filter(|day| *day <= days.1).max();
                last.is_some_and(|last| last <= days.1 - 90)
            })),
            "registered" => {
                persons(&mut buyers().filter(|who| self.registered.get(who).is_some_and(|on| inside(*on, days))))
            }
            "events" => events().map(|one| each(&one.id)).collect(),
            "visitors" => people(&mut events()),
            "sessions" => {
                let ids: BTreeSet<&String> = events().map(|one| &one.session).filter(|id| !id.is_empty()).collect();
                ids.into_iter().map(each).collect()
            }
            other => panic!("no plain computation of {other}"),
        }
    }

    /// The value of a dimension of orders, events or customers.
    fn value(&self, fact: &Fact, dimension: Dimension) -> String {
        match dimension {
            Dimension::Channel => fact.channel.clone(),
            Dimension::Store => fact.store.clone(),
            Dimension::Source => fact.source.clone(),
            other => fact.who.and_then(|who| self.people.get(&who)?.get(other.as_str()).cloned()).unwrap_or_default(),
        }
    }

    /// Whether an order has a product of a value.
    fn has_line(&self, fact: &Fact, dimension: Dimension, value: &str) -> bool {
        let lines = self.goods.get(&fact.id).map(Vec::as_slice).unwrap_or_default();
        if lines.is_empty() {
            return value.is_empty();
        }
        lines.iter().any(|(product, _)| self.line_value(product, dimension) == value)
    }

    fn line_value(&self, product: &str, dimension: Dimension) -> String {
        let of = self.products.get(product);
        match dimension {
            Dimension::Product => product.to_owned(),
            Dimension::Category => of.map(|one| one.0.clone()).unwrap_or_default(),
            _ => of.map(|one| one.1.clone()).unwrap_or_default(),
        }
    }
}

/// Part and whole of a ratio, and whether the whole is that of the period before.
fn ratio(key: &str) -> Option<(&'static str, &'static str, bool)> {
    Some(match key {
        "refund_rate" => ("refunds", "gross_sales", false),
        "average_order_value" => ("order_sales", "orders", false),
        "items_per_order" => ("items", "orders", false),
        "discount_share" => ("discounts", "list_sales", false),
        "repeat_sales_share" => ("repeat_sales", "net_sales", false),
        "repurchase_rate" => ("repeat_customers", "active_customers", false),
        "orders_per_customer" => ("customer_orders", "active_customers", false),
        "sales_per_customer" => ("customer_sales", "active_customers", false),
        "retention" => ("kept_customers", "active_customers", true),
        "dormant_share" => ("dormant", "customers", false),
        "purchase_interval" => ("gap_days", "repeat_orders", false),
        "events_per_visitor" => ("events", "visitors", false),
        _ => return None,
    })
}

fn scale(key: &str) -> f64 {
    match key {
        "items" | "gap_days" => 1000.0,
        key if key.contains("sales") || key == "refunds" || key == "discounts" => 100.0,
        _ => 1.0,
    }
}

fn plain(world: &World, key: &str, days: Days, before: Days, keep: &dyn Fn(&Fact) -> bool) -> Option<f64> {
    let sum = |key: &str, days: Days| {
        world.base(key, days, before, keep).iter().map(|one| one.1).sum::<i64>() as f64 / scale(key)
    };
    match ratio(key) {
        None => Some(sum(key, days)),
        Some((part, whole, is_before)) => {
            let whole = sum(whole, if is_before { before } else { days });
            (whole != 0.0).then(|| sum(part, days) / whole)
        }
    }
}

fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        (a, b) => a.is_none() && b.is_none(),
    }
}

fn ask(by: PeriodKind) -> Ask {
    Ask { by, from: None, to: None, dimension: None, top: 3 }
}

fn days_of(period: Period, through: i64) -> (Days, Days) {
    let previous = period.previous();
    ((period.first, period.last().min(through)), (previous.first, previous.last()))
}

/// All rows of a list, page by page.
async fn listed(ctx: &Ctx, kpi: &'static Kpi, asked: Asked) -> (Kind, i64, Vec<(String, i64)>) {
    let mut asked = asked;
    let mut all = Vec::new();
    loop {
        let page = engine::behind(ctx, kpi, asked.clone()).await.unwrap();
        all.extend(page.rows.into_iter().map(|row| match page.kind {
            Kind::People => (row.profile_id.unwrap().to_string(), 1),
            Kind::Orders if page.measure.take.scale() > 1 => (row.id, row.amount),
            _ => (row.id, 1),
        }));
        match page.next {
            Some(next) => asked.after = Some(next),
            None => {
                all.sort();
                return (page.kind, page.total.unwrap(), all);
            }
        }
    }
}

/// INV-KPI-1, without dimensions.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_the_plain_one_and_that_of_its_list() {
    let mut n_numbers = 0;
    for seed in 0..2 {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, seed).await;
        let world = world(&ctx).await;
        let last_of = |facts: &[Fact]| facts.iter().map(|one| one.day).max().unwrap();
        let first_of = |facts: &[Fact]| facts.iter().map(|one| one.day).min().unwrap();
        let through = last_of(&world.orders).max(last_of(&world.events));
        for by in PeriodKind::ALL {
            let all = engine::list(&ctx, ask(by)).await.unwrap();
            assert_eq!(all.len(), kpis().iter().filter(|kpi| kpi.is_listed).count());
            for series in all {
                let key = series.kpi.key.as_str();
                assert_eq!((series.through, series.points.len()), (through, by.usual()), "{key}");
                let start = match series.kpi.group.as_str() {
                    "visits" => first_of(&world.events),
                    _ if key == "registered" => *world.registered.values().min().unwrap(),
                    _ => first_of(&world.orders),
                };
                for (number, point) in series.points.iter().enumerate() {
                    let period = point.period;
                    let (days, before) = days_of(period, through);
                    let expected = if days.1 < start { None } else { plain(&world, key, days, before, &|_| true) };
                    let at = format!("{key} {}", period.name());
                    assert!(close(point.figures.value, expected), "{at}: {:?} {expected:?}", point.figures.value);
                    assert_eq!(point.is_unfinished, through < period.last(), "{at}");
                    let compared = |earlier: Period| {
                        let days = period.same_days(earlier, through);
                        let whole = earlier.previous();
                        let known = earlier.first >= start;
                        known.then(|| plain(&world, key, days, (whole.first, whole.last()), &|_| true)).flatten()
                    };
                    assert!(close(point.figures.previous, compared(period.previous())), "{at}");
                    let year = compared(period.year_before());
                    assert!(close(point.figures.year_before, year), "{at}: {:?} {year:?}", point.figures.year_before);
                    n_numbers += usize::from(expected.is_some_and(|number| number != 0.0));
                    // Lists of a few periods of each kind, one of them in many pages.
                    let is_newest = number + 1 == series.points.len();
                    if seed > 0 || (!is_newest && (number % 13 != 0 || ratio(key).is_some())) {
                        continue;
                    }
                    let limit = if is_newest && by == PeriodKind::Month { 3 } else { 60 };
                    for is_whole in [false, true] {
                        let (base, base_days) = match (ratio(key), is_whole) {
                            (None, false) => (key, days),
                            (None, true) => continue,
                            (Some((part, ..)), false) => (part, days),
                            (Some((_, whole, is_before)), true) => (whole, if is_before { before } else { days }),
                        };
                        let window = Window::named(&period.name()).unwrap();
                        let asked = Asked { window, is_whole, part: None, shown: ask(by), after: None, limit };
                        let (_, total, list) = listed(&ctx, series.kpi, asked).await;
                        let mut expected = world.base(base, base_days, before, &|_| true);
                        expected.retain(|one| one.1 != 0);
                        expected.sort();
                        assert_eq!(list, expected, "{at} {is_whole}");
                        assert_eq!(total, list.iter().map(|one| one.1).sum::<i64>(), "{at} {is_whole}");
                    }
                }
            }
        }
        ctx.close().await;
    }
    assert!(n_numbers > 1500, "{n_numbers}");
}

/// INV-KPI-1, by every dimension that a figure has.
#[tokio::test(flavor = "multi_thread")]
async fn parts_are_the_plain_ones_and_add_up() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 5).await;
    let world = world(&ctx).await;
    let mut n_others = 0;
    for kpi in kpis() {
        let key = kpi.key.as_str();
        for dimension in kpi.dimensions() {
            let shown = Ask { dimension: Some(dimension), top: 2, by: PeriodKind::Quarter, ..ask(PeriodKind::Quarter) };
            let series = engine::series(&ctx, kpi, shown).await.unwrap();
            let top: Vec<String> = series.parts.iter().filter_map(|part| part.value.clone()).collect();
            assert!(top.len() <= 2, "{key} {top:?}");
            for (number, point) in series.points.iter().enumerate() {
                let at = format!("{key} {} {}", dimension.as_str(), point.period.name());
                let Some(value) = point.figures.value else {
                    assert!(series.parts.iter().all(|part| part.numbers[number].is_none()), "{at}");
                    continue;
                };
                let (days, before) = days_of(point.period, series.through);
                if series.parts_add_up {
                    let sum: f64 = series.parts.iter().filter_map(|part| part.numbers[number]).sum();
                    assert!(close(Some(sum), Some(value)), "{at}: {sum} {value}");
                }
                for part in &series.parts {
                    n_others += usize::from(part.is_other);
                    let of = match (&part.value, part.is_other) {
                        (Some(value), _) => PartOf::Value(value.clone()),
                        (None, true) => PartOf::Other,
                        (None, false) => PartOf::Missing,
                    };
                    let has = |value: &str| match &of {
                        PartOf::Value(wanted) => value == wanted,
                        PartOf::Missing => value.is_empty(),
                        PartOf::Other => !value.is_empty() && !top.iter().any(|one| one == value),
                    };
                    let is_line = dimension.level() == Level::Line;
                    let keep = |fact: &Fact| {
                        if is_line {
                            let mut values: Vec<String> = world
                                .goods
                                .get(&fact.id)
                                .into_iter()
                                .flatten()
                                .map(|one| world.line_value(&one.0, dimension))
                                .collect();
                            if values.is_empty() {
                                values.push(String::new());
                            }
                            return values.iter().any(|value| has(value) && world.has_line(fact, dimension, value));
                        }
                        has(&world.value(fact, dimension))
                    };
                    let expected = plain(&world, key, days, before, &keep);
                    let base = ratio(key).map_or(key, |ratio| ratio.0);
                    // Money of lines is a share of the order's: that its parts add up is all that can be said plainly.
                    let is_shared = |key: &str| is_line && scale(key) > 1.0;
                    if !is_shared(base) && !ratio(key).is_some_and(|ratio| is_shared(ratio.1)) {
                        assert!(
                            close(part.numbers[number], expected),
                            "{at} {of:?}: {:?} {expected:?}",
                            part.numbers[number]
                        );
                    }
                    if number + 2 != series.points.len() || ratio(key).is_some() {
                        continue;
                    }
                    let window = Window::named(&point.period.name()).unwrap();
                    let asked = Asked {
                        window,
                        is_whole: false,
                        part: Some((dimension, of.clone())),
                        shown,
                        after: None,
                        limit: 60,
                    };
                    let (_, total, list) = listed(&ctx, kpi, asked).await;
                    assert_eq!(total, list.iter().map(|one| one.1).sum::<i64>(), "{at} {of:?}");
                    if is_shared(base) {
                        continue;
                    }
                    let mut rows = world.base(base, days, before, &keep);
                    rows.retain(|one| one.1 != 0);
                    rows.sort();
                    assert_eq!(list, rows, "{at} {of:?}");
                }
            }
        }
    }
    assert!(n_others > 100, "{n_others}");
    // Goods by product are what lines say.
    let items = engine::get("items").unwrap();
    let shown = Ask { dimension: Some(Dimension::Product), top: 9, ..ask(PeriodKind::Quarter) };
    let series = engine::series(&ctx, items, shown).await.unwrap();
    for part in series.parts.iter().filter(|part| part.value.is_some()) {
        let product = part.value.as_deref().unwrap();
        assert_eq!(part.label.is_some(), product != "P5", "{product}");
        for (point, number) in series.points.iter().zip(&part.numbers) {
            let days = (point.period.first, point.to);
            let counted = world.orders.iter().filter(|one| one.counts && inside(one.day, days));
            let lines = counted.filter_map(|one| world.goods.get(&one.id)).flatten();
            let n: i64 = lines.filter(|line| line.0 == product).map(|line| line.1).sum();
            assert!(
                number.is_none_or(|number| close(Some(number), Some(n as f64 / 1000.0))),
                "{product} {number:?} {n}"
            );
        }
    }
    ctx.close().await;
}

/// The first page shows what the figures are.
#[tokio::test(flavor = "multi_thread")]
async fn the_overview_has_the_same_numbers() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 9).await;
    let world = world(&ctx).await;
    let last = world.orders.iter().map(|one| one.day).max().unwrap();
    let days = (last - 99, last);
    let on = |day| date_of(day);
    let figures = overview::overview(&ctx, on(days.0), on(days.1), Compare::Year).await.unwrap();
    let plain = |key: &str, days: Days| plain(&world, key, days, days, &|_| true).unwrap() * scale(key);
    for (totals, days) in [(Some(figures.now), days), (figures.before, figures.compared)] {
        let totals = totals.unwrap();
        for (key, sum) in [
            ("net_sales", totals.net_sales),
            ("refunds", totals.refunds),
            ("gross_sales", totals.sales),
            ("orders", totals.n_orders),
            ("active_customers", totals.n_customers.unwrap()),
            ("repeat_customers", totals.n_repeat.unwrap()),
            ("new_customers", totals.n_new.unwrap()),
            ("repeat_sales", totals.repeat_sales),
            ("new_sales", totals.new_sales),
        ] {
            assert!(close(Some(sum as f64), Some(plain(key, days))), "{key}: {sum} {}", plain(key, days));
        }
    }
    assert_eq!(figures.days.len(), 100);
    for day in &figures.days {
        assert!(close(Some(day.net_sales as f64), Some(plain("net_sales", (day.on, day.on)))), "{day:?}");
        assert!(
            close(Some(day.n_customers.unwrap() as f64), Some(plain("active_customers", (day.on, day.on)))),
            "{day:?}"
        );
    }
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn goals_show_how_far_they_have_come() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    assert!(engine::list(&ctx, ask(PeriodKind::Month)).await.unwrap().iter().all(|one| {
        one.points.iter().all(|point| point.figures.value.is_none() && point.figures.previous.is_none())
    }));
    shop(&ctx, &home, 11).await;
    let month = Window::named("2026-03").unwrap();
    engine::set_goal(&ctx, "net_sales", month.days, 1000.5, "owner").await.unwrap();
    engine::set_goal(&ctx, "net_sales", Window::named("2025-12-05..2026-02-03").unwrap().days, 1.0, "owner")
        .await
        .unwrap();
    engine::set_goal(&ctx, "net_sales", month.days, 2000.5, "owner").await.unwrap();
    engine::set_goal(&ctx, "retention", month.days, 0.5, "owner").await.unwrap();
    let goals = engine::goals(&ctx, Some("net_sales")).await.unwrap();
    assert_eq!(goals.len(), 2);
    let series = engine::series(&ctx, engine::get("net_sales").unwrap(), ask(PeriodKind::Month)).await.unwrap();
    let newest = series.points.last().unwrap();
    let (goal, pace) = newest.goal.unwrap();
    assert_eq!((goal.value, newest.period.name()), (2000.5, "2026-03".to_owned()));
    let n_days = (series.through - newest.period.first + 1) as f64;
    assert!((pace.elapsed - n_days / 31.0).abs() < 1e-12);
    assert_eq!((goals[1].actual, goals[1].pace), (newest.figures.value, pace));
    let world = world(&ctx).await;
    let days = (goals[0].goal.first, goals[0].goal.last);
    assert!(close(goals[0].actual, plain(&world, "net_sales", days, days, &|_| true)));
    engine::remove_goal(&ctx, "net_sales", month.days).await.unwrap();
    assert_eq!(engine::remove_goal(&ctx, "net_sales", month.days).await.unwrap_err().code.as_str(), "not_found");
    assert_eq!(engine::goals(&ctx, None).await.unwrap().len(), 2);
    for (key, days, value) in [
        ("none", month.days, 1.0),
        ("net_sales", (5, 4), 1.0),
        ("net_sales", (0, 9999), 1.0),
        ("net_sales", month.days, f64::NAN),
        ("net_sales", month.days, 1e13),
    ] {
        assert!(engine::set_goal(&ctx, key, days, value, "owner").await.is_err(), "{key} {days:?} {value}");
    }
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_answered_is_said() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 12).await;
    let sales = engine::get("net_sales").unwrap();
    let code = |error: zhike_engine::Error| error.code.as_str().to_owned();
    assert_eq!(code(engine::get("nothing").unwrap_err()), "not_found");
    let retention = engine::get("retention").unwrap();
    let by_channel = Ask { dimension: Some(Dimension::Channel), ..ask(PeriodKind::Month) };
    assert_eq!(code(engine::series(&ctx, retention, by_channel).await.unwrap_err()), "bad_request");
    for (from, to) in [(30_000, 30_001), (0, 20_000), (20_400, 20_300)] {
        let asked = Ask { from: Some(from), to: Some(to), ..ask(PeriodKind::Day) };
        assert_eq!(code(engine::series(&ctx, sales, asked).await.unwrap_err()), "bad_request", "{from}");
    }
    for bad in ["", "2026", "2026-13", "2026-02-03..2026-02-01", "1900-01-01..2026-01-01", "..", "x..y"] {
        assert_eq!(code(Window::named(bad).unwrap_err()), "bad_request", "{bad}");
    }
    let window = Window::named("2026-02").unwrap();
    let asked = Asked { window, is_whole: true, part: None, shown: ask(PeriodKind::Month), after: None, limit: 5 };
    assert_eq!(code(engine::behind(&ctx, sales, asked.clone()).await.unwrap_err()), "bad_request");
    for bad in ["", "1.2", "1.2.99.a", "a.b.c.d", "1.2.-1.x"] {
        let asked = Asked { is_whole: false, after: Some(bad.to_owned()), ..asked.clone() };
        assert_eq!(code(engine::behind(&ctx, sales, asked).await.unwrap_err()), "bad_request", "{bad}");
    }
    ctx.close().await;
}
