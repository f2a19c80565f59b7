//! RFM against an independent computation, as of now and as of the past.

use std::collections::BTreeMap;

use zhike_domain::import::entity::Entity;
use zhike_engine::refresh::{RefreshOptions, refresh};

use crate::lines::LINES;
use crate::support::{Home, in_pounds, load, rows};

/// A shop of some customers over some months, from a seed.
fn shop(n_lines: u64) -> String {
    let mut text = String::from("InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n");
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |n: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % n
    };
    for line in 0..n_lines {
        let order = line / 3;
        let day = order * 270 / (n_lines / 3 + 1);
        let date = jiff::civil::date(2011, 1, 1).checked_add(jiff::Span::new().days(day as i64)).unwrap();
        let customer = 10_000 + (order * 7919) % 97;
        let refund = order % 11 == 10;
        let (prefix, sign) = if refund { ("C", "-") } else { ("", "") };
        let price = next(900) + 50;
        text.push_str(&format!(
            "{prefix}{},P{},Thing,{sign}{},{date} 10:{:02}:00,{}.{:02},{customer},UK\n",
            500_000 + order,
            next(20),
            next(9) + 1,
            order % 60,
            price / 100,
            price % 100,
        ));
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn rfm_equals_an_independent_computation_on_every_customer() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    let text = shop(3000);
    load(&ctx, &home.file("shop.csv", &text), Entity::OrderLines).await.unwrap();
    for as_of in [None, Some(jiff::civil::date(2011, 5, 31))] {
        let done = refresh(&ctx, RefreshOptions { as_of, force: false }).await.unwrap();
        let sql = format!(
            "SELECT i.value, r.recency_days, r.frequency, r.monetary FROM rfm r \
             JOIN identities i ON i.profile_id = r.profile_id WHERE r.as_of = DATE '{}'",
            done.as_of
        );
        let mut scored = rows(&ctx, &sql).await;
        scored.sort();
        let expected = naive(&text, done.as_of.parse().unwrap());
        assert_eq!(scored.len() as u64, done.n_customers);
        assert_eq!(scored, expected, "as of {}", done.as_of);
    }
}

/// Customer, days since the last order, orders, money: straight from the file's lines. Money counts every line up to the
/// day; an order counts when its lines, less what later documents gave back of it by that day, leave something: here by
/// replaying the netting rule (latest earlier purchase of the same thing, same price first).
fn naive(text: &str, as_of: jiff::civil::Date) -> Vec<String> {
    struct Bought {
        order: String,
        date: String,
        product: String,
        price: i64,
        left: i64,
    }
    let cents = |price: &str| price.replace('.', "").parse::<i64>().unwrap();
    let mut lines: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split(',').collect()).collect();
    let mut seen = std::collections::HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines.retain(|line| line[4][..10].parse::<jiff::civil::Date>().unwrap() <= as_of);
    lines.sort_by_key(|line| line[4].to_owned());
    let mut money: BTreeMap<String, i64> = BTreeMap::new();
    let mut bought: BTreeMap<String, Vec<Bought>> = BTreeMap::new();
    for line in &lines {
        let (quantity, price) = (line[3].parse::<i64>().unwrap(), cents(line[5]));
        *money.entry(line[6].into()).or_default() += quantity * price;
        let mine = bought.entry(line[6].into()).or_default();
        if quantity > 0 {
            let (order, date, product) = (line[0].into(), line[4].into(), line[1].into());
            mine.push(Bought { order, date, product, price, left: quantity });
        }
    }
    // Money of an order after netting, approximated by units: an order is gone when all its units were given back.
    for line in &lines {
        let quantity = line[3].parse::<i64>().unwrap();
        if quantity >= 0 {
            continue;
        }
        let mut back = -quantity;
        let mine = bought.get_mut(line[6]).unwrap();
        let mut at: Vec<usize> =
            (0..mine.len()).filter(|&at| mine[at].product == line[1] && mine[at].date.as_str() <= line[4]).collect();
        at.sort_by_key(|&at| (mine[at].price == cents(line[5]), mine[at].date.clone(), mine[at].order.clone()));
        for at in at.into_iter().rev() {
            let taken = back.min(mine[at].left);
            mine[at].left -= taken;
            back -= taken;
        }
    }
    let mut rows = Vec::new();
    for (customer, mine) in bought {
        let mut orders: BTreeMap<String, (String, i64)> = BTreeMap::new();
        for line in mine {
            let order = orders.entry(line.order).or_insert((line.date, 0));
            order.1 += line.left;
        }
        orders.retain(|_, (_, left)| *left > 0);
        let Some(last) = orders.values().map(|(date, _)| date.clone()).max() else { continue };
        let last: jiff::civil::Date = last[..10].parse().unwrap();
        let days = last.until(as_of).unwrap().get_days();
        let money = money[&customer];
        let sign = if money < 0 { "-" } else { "" };
        let amount = format!("{sign}{}.{:02}", money.abs() / 100, money.abs() % 100);
        rows.push(format!("{customer}|{days}|{}|{amount}", orders.len()));
    }
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_without_news_computes_nothing_and_a_second_one_replaces_the_first() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    assert!(refresh(&ctx, RefreshOptions::default()).await.unwrap().is_computed);
    assert!(!refresh(&ctx, RefreshOptions::default()).await.unwrap().is_computed);
    assert!(refresh(&ctx, RefreshOptions { force: true, ..Default::default() }).await.unwrap().is_computed);
    let n = rows(&ctx, "SELECT count(*), count(DISTINCT profile_id) FROM rfm").await;
    assert_eq!(n, ["2|2"]);
}
