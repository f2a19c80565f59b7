//! Goods on real stores: counts of rules and pairs are those of a plain computation over all order lines, and of the lists
//! behind them; recommendations are new or due.

use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::access::Role;
use zhike_domain::audience::sample::Dice;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::Ctx;
use zhike_engine::consents;
use zhike_engine::goods::{self, Asked, Good, Of, Part, Spec, Status, Which};
use zhike_engine::workspace::{self, Workspace, day_number};

use crate::support::{Home, load, refusal, rows};
use crate::watch::{acting, somebody};

const N_PEOPLE: u64 = 40;
/// A sale of which one good was given back, and one of which nothing but postage is left.
const RETURNS: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,P1,BREAD,2,2026-07-03 08:26:00,5.00,17850,United Kingdom
536365,P2,BUTTER,1,2026-07-03 08:26:00,5.00,17850,United Kingdom
536370,P4,BRICKS,3,2026-07-04 08:45:00,5.00,12583,France
536370,POST,POSTAGE,1,2026-07-04 08:45:00,9.00,12583,France
C536379,P2,BUTTER,-1,2026-07-05 09:41:00,5.00,17850,United Kingdom
C536391,P4,BRICKS,-3,2026-07-06 10:24:00,5.00,12583,France
";

/// A shop of few goods, some of which go together, with returns, fees and orders that do not count.
async fn shop(ctx: &Ctx, home: &Home, seed: u64) {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(seed);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status\n");
    let mut items = String::from("order_id,line_no,member_id,ordered_at,product_id,quantity,unit_price,amount\n");
    for order in 0..400 {
        let day = jiff::civil::date(2026, 6, 1).checked_add(jiff::Span::new().days(dice.below(170) as i64)).unwrap();
        let at = format!("{day} {:02}:{:02}:00", dice.below(24), 30 * dice.below(2));
        let who = match dice.below(20) {
            0 => String::new(),
            _ => format!("M{}", dice.below(N_PEOPLE)),
        };
        let status = if dice.below(9) == 0 { "cancelled" } else { "completed" };
        let mut own: Vec<u64> = (0..1 + dice.below(3)).map(|_| 1 + dice.below(9)).collect();
        // Bread goes with butter.
        if own.contains(&1) && dice.below(4) > 0 {
            own.push(2);
        }
        own.sort_unstable();
        let mut amount = 0;
        for (line, product) in (1..).zip(&own) {
            let quantity = 1 + dice.below(3);
            amount += quantity * 5;
            items.push_str(&format!("T{order},{line},{who},{at},P{product},{quantity},5.00,{}\n", quantity * 5));
        }
        orders.push_str(&format!("T{order},{who},{at},{amount}.00,{status}\n"));
    }
    let products = "product_id,name,brand,category_1,category_2\nP1,面包,acme,food,bakery\nP2,黄油,zen,food,dairy\n\
        P3,牛奶,,food,dairy\nP4,积木,acme,toys,\nP5,奶酪,zen,food,dairy\nP6,球,,toys,\nP7,茶,acme,,\n";
    for (name, text, entity) in [
        ("products.csv", products, Entity::Products),
        ("orders.csv", &orders, Entity::Orders),
        ("items.csv", &items, Entity::OrderItems),
        ("returns.csv", RETURNS, Entity::OrderLines),
    ] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
    }
}

/// An order that counts, as it stands in the tables.
#[derive(Clone, Debug)]
struct Order {
    who: i64,
    day: i64,
    goods: BTreeSet<String>,
}

fn some(text: &str) -> Option<String> {
    (text != "-").then(|| text.to_owned())
}

async fn orders(ctx: &Ctx, level: &str) -> Vec<Order> {
    let mut level_of: BTreeMap<String, (String, Option<String>, Option<String>)> = BTreeMap::new();
    let sql = "SELECT product_id, kind, brand, category_1, category_2, category_3 FROM products";
    for line in rows(ctx, sql).await {
        let cells: Vec<&str> = line.split('|').collect();
        let category = some(cells[5]).or_else(|| some(cells[4])).or_else(|| some(cells[3]));
        level_of.insert(cells[0].to_owned(), (cells[1].to_owned(), some(cells[2]), category));
    }
    let mut back: BTreeMap<(String, String), f64> = BTreeMap::new();
    for line in rows(ctx, "SELECT order_id, product_id, quantity FROM refunds").await {
        let cells: Vec<&str> = line.split('|').collect();
        *back.entry((cells[0].to_owned(), cells[1].to_owned())).or_default() += cells[2].parse::<f64>().unwrap();
    }
    let mut lines: BTreeMap<String, BTreeMap<String, f64>> = BTreeMap::new();
    for line in rows(ctx, "SELECT order_id, product_id, quantity FROM order_items WHERE NOT is_refund").await {
        let cells: Vec<&str> = line.split('|').collect();
        *lines.entry(cells[0].to_owned()).or_default().entry(cells[1].to_owned()).or_default() +=
            cells[2].parse::<f64>().unwrap();
    }
    let mut found = Vec::new();
    let sql = "SELECT profile_id, order_id, ordered_at FROM orders WHERE kind = 'sale' AND net_amount > 0 \
               AND status NOT IN ('created', 'cancelled') AND profile_id IS NOT NULL";
    for line in rows(ctx, sql).await {
        let cells: Vec<&str> = line.split('|').collect();
        let order = cells[1].to_owned();
        let goods = lines.get(&order).into_iter().flatten().filter_map(|(product, quantity)| {
            let given_back = back.get(&(order.clone(), product.clone())).copied().unwrap_or(0.0);
            let known = level_of.get(product);
            let is_goods = known.is_none_or(|known| known.0 == "goods");
            if *quantity <= given_back || !is_goods {
                return None;
            }
            match level {
                "brand" => known?.1.clone(),
                "category" => known?.2.clone(),
                _ => Some(product.clone()),
            }
        });
        let at = cells[2].parse::<jiff::Timestamp>().unwrap().as_microsecond();
        found.push(Order { who: cells[0].parse().unwrap(), day: ctx.workspace().day_of(at), goods: goods.collect() });
    }
    found
}

fn asked(level: &str, basket: &str) -> Asked {
    Asked {
        level: Some(level.into()),
        basket: Some(basket.into()),
        min_baskets: Some(1),
        min_confidence: Some(0.0),
        min_lift: Some(0.0),
        limit: Some(1_000),
        ..Asked::default()
    }
}

fn id(good: &Good) -> String {
    good.id.clone()
}

async fn list(ctx: &Ctx, spec: &Spec, part: &Part) -> BTreeSet<i64> {
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = goods::people(ctx, spec, part, after, 7).await.unwrap();
        found.extend(page.people.iter().map(|one| one.profile_id.get()));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, Some(found.len() as u64));
            return found;
        }
    }
}

/// Every rule against a count of baskets.
async fn rules(ctx: &Ctx, asked: &Asked, only: &dyn Fn(&Order) -> bool) -> usize {
    let spec = asked.spec().unwrap();
    let answer = goods::bought_together(ctx, &spec).await.unwrap();
    let all: Vec<Order> = orders(ctx, spec.level_word()).await.into_iter().filter(|order| only(order)).collect();
    let mut baskets: BTreeMap<i64, (i64, BTreeSet<String>)> = BTreeMap::new();
    for (at, order) in (0..).zip(all.iter().filter(|order| !order.goods.is_empty())) {
        let key = if spec.basket_word() == "order" { at } else { order.who };
        let own = baskets.entry(key).or_insert((order.who, BTreeSet::new()));
        own.1.extend(order.goods.iter().cloned());
    }
    let n = baskets.len() as u64;
    let count = |wanted: &BTreeSet<String>| baskets.values().filter(|(_, own)| wanted.is_subset(own)).count() as u64;
    let people = |wanted: &BTreeSet<String>| -> BTreeSet<i64> {
        baskets.values().filter(|(_, own)| wanted.is_subset(own)).map(|(who, _)| *who).collect()
    };
    assert_eq!(answer.n_baskets, Some(n), "{asked:?}");
    let single = baskets.values().filter(|(_, own)| own.len() == 1).count() as u64;
    assert_eq!(answer.n_single, Some(single), "{asked:?}");
    assert_eq!(answer.n_orders, Some(all.len() as u64), "{asked:?}");
    assert_eq!(answer.n_without, Some(all.iter().filter(|order| order.goods.is_empty()).count() as u64), "{asked:?}");
    assert_eq!(answer.n_goods, baskets.values().flat_map(|(_, own)| own).collect::<BTreeSet<_>>().len() as u64);
    for (at, rule) in answer.rules.iter().enumerate() {
        let antecedent: BTreeSet<String> = rule.antecedent.iter().map(id).collect();
        let consequent = BTreeSet::from([id(&rule.consequent)]);
        let both: BTreeSet<String> = antecedent.union(&consequent).cloned().collect();
        let counts = (count(&both), count(&antecedent), count(&consequent));
        assert_eq!((rule.n_both, rule.n_antecedent, rule.n_consequent), counts, "{both:?} of {asked:?}");
        let (have, had) = (people(&antecedent), people(&consequent));
        let left: BTreeSet<i64> = have.difference(&had).copied().collect();
        assert_eq!((rule.n_people, rule.n_left), (Some(people(&both).len() as u64), Some(left.len() as u64)));
        let confidence = counts.0 as f64 / counts.1 as f64;
        let lift = confidence * n as f64 / counts.2 as f64;
        assert!((rule.confidence - confidence).abs() < 1e-12 && (rule.lift - lift).abs() < 1e-9);
        let beyond = counts.0 as f64 - counts.1 as f64 * counts.2 as f64 / n as f64;
        assert!((rule.n_beyond - beyond).abs() < 1e-6, "{} {beyond}", rule.n_beyond);
        if at % 40 == 0 {
            let part = |which| Part {
                of: Of::Together,
                antecedent: antecedent.iter().cloned().collect(),
                consequent: id(&rule.consequent),
                which,
            };
            assert_eq!(list(ctx, &spec, &part(Which::Left)).await, left, "{both:?} of {asked:?}");
            assert_eq!(list(ctx, &spec, &part(Which::Both)).await, people(&both), "{both:?} of {asked:?}");
        }
    }
    answer.rules.len()
}

/// Every pair against a walk through each customer's days.
async fn pairs(ctx: &Ctx, asked: &Asked) {
    let asked = Asked { min_customers: Some(1), max_gap_days: Some(30), ..asked.clone() };
    let spec = asked.spec().unwrap();
    let answer = goods::bought_next(ctx, &spec).await.unwrap();
    let mut days: BTreeMap<i64, BTreeMap<i64, BTreeSet<String>>> = BTreeMap::new();
    for order in orders(ctx, spec.level_word()).await.into_iter().filter(|order| !order.goods.is_empty()) {
        days.entry(order.who).or_default().entry(order.day).or_default().extend(order.goods);
    }
    let last_day = answer.head.days.1;
    assert_eq!(answer.n_people, Some(days.len() as u64));
    assert_eq!(answer.n_days, Some(days.values().map(|own| own.len() as u64).sum()));
    assert!(!answer.pairs.is_empty());
    for (at, pair) in answer.pairs.iter().enumerate() {
        let (first, next) = (id(&pair.first), id(&pair.next));
        let walk = |first: &String, next: &String| {
            let (mut n_first, mut took, mut who) = (0_u64, Vec::new(), BTreeSet::new());
            for (person, own) in &days {
                for (day, _) in own.iter().filter(|(_, goods)| goods.contains(first) && !goods.contains(next)) {
                    n_first += 1;
                    let later = own.range(day + 1..=day + 30).find(|(_, goods)| goods.contains(next));
                    if let Some((then, _)) = later {
                        took.push(then - day);
                        who.insert(*person);
                    }
                }
            }
            took.sort_unstable();
            (n_first, took, who)
        };
        let (n_first, took, who) = walk(&first, &next);
        assert_eq!((pair.n_first, pair.n_both, pair.n_people), (n_first, took.len() as u64, who.len() as u64));
        assert_eq!(pair.n_reverse, Some(walk(&next, &first).1.len() as u64));
        assert_eq!(pair.gap_days[1], took[(took.len() * 2).div_ceil(4) - 1], "half took no longer");
        let is_left = |own: &BTreeMap<i64, BTreeSet<String>>| {
            let last = own.iter().rev().find(|(_, goods)| goods.contains(&first)).map(|(day, _)| *day);
            last.is_some_and(|last| last_day - last <= 30 && !own.range(last..).any(|(_, goods)| goods.contains(&next)))
        };
        let left: BTreeSet<i64> = days.iter().filter(|(_, own)| is_left(own)).map(|(who, _)| *who).collect();
        assert_eq!(pair.n_left, Some(left.len() as u64), "{first} then {next}");
        if at % 20 == 0 {
            let part = |which| Part { of: Of::Next, antecedent: vec![first.clone()], consequent: next.clone(), which };
            assert_eq!(list(ctx, &spec, &part(Which::Left)).await, left);
            assert_eq!(list(ctx, &spec, &part(Which::Both)).await, who);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_count_of_goods_is_that_of_a_plain_computation() {
    for seed in [3, 8] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, seed).await;
        for (level, basket) in
            [("product", "order"), ("product", "customer"), ("category", "order"), ("brand", "order")]
        {
            let n = rules(&ctx, &asked(level, basket), &|_| true).await;
            // Over half a year a customer has bought of everything, and nothing goes together.
            assert!(n > 0 || (level, basket) != ("product", "order"), "bread goes with butter");
        }
        pairs(&ctx, &asked("product", "order")).await;
        pairs(&ctx, &asked("category", "order")).await;
        // A period, and the people of a list alone.
        let mut some = asked("product", "order");
        (some.from, some.to) = (Some("2026-07-01".into()), Some("2026-09-30".into()));
        let days = (day_number(jiff::civil::date(2026, 7, 1)), day_number(jiff::civil::date(2026, 9, 30)));
        rules(&ctx, &some, &|order| days.0 <= order.day && order.day <= days.1).await;
        let spec = asked("product", "order").spec().unwrap();
        let part =
            Part { of: Of::Together, antecedent: vec!["P1".into()], consequent: "P2".into(), which: Which::Both };
        let bought = list(&ctx, &spec, &part).await;
        let (segment, n) = goods::save(&ctx, &spec, &part, "面包和黄油").await.unwrap();
        assert_eq!((n, segment.n_members), (bought.len() as u64, Some(bought.len() as u64)));
        assert!(goods::save(&ctx, &spec, &part, "面包和黄油").await.is_err(), "the name is taken");
        let of = Asked { segment: Some(segment.id.to_string()), ..asked("product", "order") };
        rules(&ctx, &of, &|order| bought.contains(&order.who)).await;
        ctx.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_named_small_groups_are_not_told_and_mistakes_are() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 5).await;
    let usual = Asked::default().spec().unwrap();
    let answer = goods::bought_together(&ctx, &usual).await.unwrap();
    let first = &answer.rules[0];
    let titles: BTreeSet<&str> = [first.antecedent[0].title(), first.consequent.title()].into();
    assert_eq!(titles, BTreeSet::from(["面包", "黄油"]), "what goes together is found: {first:?}");
    assert!(first.q < 0.05 && first.lift > 1.0);
    assert!(answer.head.meaning.0.contains("面包") && answer.head.meaning.1.contains("times as often as usual"));
    assert!(answer.rules.windows(2).all(|pair| pair[0].n_beyond >= pair[1].n_beyond));
    // Whoever is told of ten people and more is told of no rule by which fewer could be told.
    let all = goods::bought_together(&ctx, &asked("product", "customer").spec().unwrap()).await.unwrap();
    let ann = acting(&ctx, &somebody("ann", Role::Analyst));
    let hers = goods::bought_together(&ann, &asked("product", "customer").spec().unwrap()).await.unwrap();
    assert!(hers.head.is_suppressed && hers.rules.len() < all.rules.len());
    for rule in &hers.rules {
        assert!(rule.n_both >= 10 && [0, 10].contains(&(rule.n_antecedent - rule.n_both).min(10)), "{rule:?}");
        assert!([0, 10].contains(&(rule.n_consequent - rule.n_both).min(10)), "{rule:?}");
    }
    let wrong = Asked {
        level: Some("colour".into()),
        basket: Some("bag".into()),
        from: Some("yesterday".into()),
        min_confidence: Some(2.0),
        max_goods: Some(1),
        ..Asked::default()
    };
    let error = wrong.spec().unwrap_err();
    assert_eq!(error.code.as_str(), "bad_request");
    for word in ["colour", "bag", "yesterday", "min_confidence", "max_goods"] {
        assert!(error.message.contains(word) && error.message_zh.contains(word), "{word}: {}", error.message);
    }
    let part = |antecedent: &[&str], consequent: &str| Part {
        of: Of::Together,
        antecedent: antecedent.iter().map(|good| (*good).to_owned()).collect(),
        consequent: consequent.into(),
        which: Which::Both,
    };
    for bad in [part(&["P1"], "P99"), part(&["P1"], "P1"), part(&[], "P1")] {
        assert_eq!(goods::people(&ctx, &usual, &bad, None, 5).await.unwrap_err().code.as_str(), "bad_request");
    }
    let days = Asked { from: Some("2026-11-01".into()), to: Some("2026-10-01".into()), ..Asked::default() };
    let error = goods::bought_together(&ctx, &days.spec().unwrap()).await.unwrap_err();
    assert_eq!(error.code.as_str(), "bad_request");
    ctx.close().await;
}

/// A shop where coffee is bought every month, and whoever buys goods of a kind buys more of that kind.
async fn cafe(ctx: &Ctx, home: &Home, (is_random, seed): (bool, u64)) {
    let mut dice = Dice::new(seed);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status\n");
    let mut items = String::from("order_id,line_no,member_id,ordered_at,product_id,quantity,unit_price,amount\n");
    let mut order = 0;
    for who in 0..90_u64 {
        let taste = who % 3;
        let mut left: Vec<u64> = (0..8).map(|at| taste * 8 + at).collect();
        for visit in 0..6_i64 {
            let at = jiff::civil::date(2026, 6, 10)
                .checked_add(jiff::Span::new().days(visit * 30 + dice.below(8) as i64))
                .unwrap();
            let product = match is_random {
                true => dice.below(24),
                false => left.swap_remove(dice.below(left.len() as u64) as usize),
            };
            // The last coffee is a month ago for some, and a few days for others.
            let has_coffee = !is_random && (visit < 5 || who % 2 == 0);
            let coffee = has_coffee.then(|| "K1".to_owned());
            for (line, product) in (1..).zip([Some(format!("P{product}")), coffee].into_iter().flatten()) {
                items.push_str(&format!("T{order},{line},M{who},{at} 10:00:00,{product},1,5.00,5\n"));
            }
            orders.push_str(&format!("T{order},M{who},{at} 10:00:00,10.00,completed\n"));
            order += 1;
        }
    }
    items.push_str(&format!("T{order},1,M999,2026-11-14 10:00:00,P0,1,5.00,5\n"));
    orders.push_str(&format!("T{order},M999,2026-11-14 10:00:00,5.00,completed\n"));
    for (name, text, entity) in [("items.csv", &items, Entity::OrderItems), ("orders.csv", &orders, Entity::Orders)] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
    }
}

async fn bought_by(ctx: &Ctx, who: i64) -> BTreeSet<String> {
    // Lines that came before their orders know neither when nor whose they are.
    let sql = format!(
        "SELECT DISTINCT i.product_id FROM order_items i \
         JOIN orders o ON o.source = i.source AND o.order_id = i.order_id WHERE o.profile_id = {who}"
    );
    rows(ctx, &sql).await.into_iter().collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_recommended_is_new_or_due_and_refusals_count() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    cafe(&ctx, &home, (false, 11)).await;
    let told = goods::recommending(&ctx).await.unwrap();
    assert_eq!(told.status, Status::InUse, "{told:?}");
    let of = |method: &str| told.methods.iter().find(|one| one.method == method).unwrap();
    let best = told.methods.iter().find(|one| one.is_best_fresh).unwrap();
    assert!(best.fresh.unwrap().ndcg > of("popular").fresh.unwrap().ndcg && of("own").any.is_some());
    assert_eq!((told.n_customers, told.n_goods), (91, 25));
    let people = rows(&ctx, "SELECT DISTINCT profile_id FROM orders ORDER BY 1").await;
    let (mut n_due, mut n_due_people) = (0, 0);
    for who in &people {
        let who: i64 = who.parse().unwrap();
        let found = goods::for_person(&ctx, ProfileId::new(who), 5).await.unwrap();
        let own = bought_by(&ctx, who).await;
        // Two goods of the customer's own kind are left.
        let kind: u64 = own.iter().find_map(|good| good.strip_prefix('P')).unwrap().parse::<u64>().unwrap() / 8;
        for one in &found.fresh {
            assert!(!own.contains(&one.good.id) && !one.reasons.is_empty(), "{one:?}");
        }
        assert!(found.fresh.len() >= 2);
        let firsts = found.fresh.iter().take(2).filter(|one| one.good.id.starts_with('P'));
        assert!(firsts.clone().all(|one| one.good.id[1..].parse::<u64>().unwrap() / 8 == kind), "{found:?}");
        for one in &found.again {
            assert!(own.contains(&one.good.id) && one.n_times > 1 && one.due_on >= one.last_on, "{one:?}");
        }
        n_due += found.again.len() as u64;
        n_due_people += u64::from(!found.again.is_empty());
    }
    assert_eq!((told.n_due, told.n_due_people), (Some(n_due), Some(n_due_people)));
    assert!(n_due_people > 30 && n_due_people < 60, "who missed the last coffee: {n_due_people}");
    // Whoever refuses is not recommended anything, nor learnt from.
    let one = ProfileId::new(people[0].parse().unwrap());
    consents::record(&ctx, one, &[refusal()], "x").await.unwrap();
    let found = goods::for_person(&ctx, one, 5).await.unwrap();
    assert!(found.is_refused && found.again.is_empty() && found.fresh.is_empty());
    let told = goods::recommending(&ctx).await.unwrap();
    assert_eq!((told.n_customers, told.n_refused), (90, Some(1)));
    let nobody = goods::for_person(&ctx, ProfileId::new(12_345), 5).await.unwrap_err();
    assert_eq!(nobody.code.as_str(), "not_found");
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_tells_no_more_than_best_sellers_is_withheld() {
    let mut n_withheld = 0;
    for seed in 1..=6 {
        let home = Home::sqlite();
        let ctx = home.open().await;
        let none = goods::recommending(&ctx).await.unwrap();
        assert_eq!((none.status, none.as_of, none.n_customers), (Status::Withheld, None, 0));
        cafe(&ctx, &home, (true, seed)).await;
        let told = goods::recommending(&ctx).await.unwrap();
        if told.status == Status::InUse {
            ctx.close().await;
            continue;
        }
        n_withheld += 1;
        assert!(told.meaning.0.contains("已停用") && told.meaning.1.contains("withheld"), "{:?}", told.meaning);
        let who: i64 = rows(&ctx, "SELECT min(profile_id) FROM orders").await[0].parse().unwrap();
        let found = goods::for_person(&ctx, ProfileId::new(who), 5).await.unwrap();
        let own = bought_by(&ctx, who).await;
        assert!(!found.fresh.is_empty() && found.fresh.iter().all(|one| !own.contains(&one.good.id)));
        assert!(found.again.is_empty(), "nothing has a cycle: {:?}", found.again);
        ctx.close().await;
    }
    // Two standard errors leave some room to chance.
    assert!(n_withheld >= 4, "{n_withheld} of 6");
}
