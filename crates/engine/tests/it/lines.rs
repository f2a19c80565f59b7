//! Order lines become orders, items, products and refunds.

use zhike_domain::import::entity::Entity;

use crate::support::{Home, dump, in_pounds, load, rows};

pub const LINES: &str = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536370,22728,ALARM CLOCK,24,2010-12-02 08:45:00,3.75,12583,France
536370,POST,POSTAGE,3,2010-12-02 08:45:00,18.00,12583,France
C536379,85123A,WHITE HANGING HEART,-2,2010-12-03 09:41:00,2.55,17850,United Kingdom
C536391,22728,ALARM CLOCK,-30,2010-12-04 10:24:00,3.75,12583,France
536400,22728,ALARM CLOCK,1,2010-12-05 10:00:00,4.25,,United Kingdom
536401,84077,damaged,-10,2010-12-05 11:00:00,0,,United Kingdom
A563185,B,Adjust bad debt,1,2010-12-06 14:50:00,-11062.06,,United Kingdom
536402,22728,ALARM CLOCK,x,2010-12-06 15:00:00,4.25,17850,United Kingdom
";

#[tokio::test(flavor = "multi_thread")]
async fn one_file_becomes_orders_items_products_and_refunds() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    let report = load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    assert_eq!(
        (report.rows_read, report.rows_loaded, report.rows_duplicate, report.rows_quarantined),
        (11, 9, 1, 1),
        "{report:?}"
    );
    let orders = rows(
        &ctx,
        "SELECT order_id, kind, status, amount, refunded_amount, net_amount, n_items FROM orders ORDER BY order_id",
    )
    .await;
    insta::assert_snapshot!(orders.join("\n"), @r"
    536365|sale|partial_refund|35.64|5.10|30.54|12.000
    536370|sale|partial_refund|144.00|90.00|54.00|24.000
    536400|sale|completed|4.25|0.00|4.25|1.000
    536401|adjustment|completed|0.00|0.00|0.00|-
    A563185|adjustment|completed|-11062.06|0.00|-11062.06|-
    C536379|refund|refunded|0.00|0.00|0.00|-
    C536391|refund|refunded|0.00|22.50|-22.50|-
    ");
    let refunds =
        rows(&ctx, "SELECT refund_order_id, order_id, product_id, quantity, amount FROM refunds ORDER BY 1").await;
    insta::assert_snapshot!(refunds.join("\n"), @r"
    C536379|536365|85123A|2.000|5.10
    C536391|536370|22728|24.000|90.00
    ");
    // What the orders add up to is what the lines add up to.
    let sums = rows(&ctx, "SELECT (SELECT sum(net_amount) FROM orders), (SELECT sum(amount) FROM order_items)").await;
    let (orders, items) = sums[0].split_once('|').unwrap();
    assert_eq!(orders, items);
    let products = rows(&ctx, "SELECT product_id, name, kind FROM products ORDER BY product_id").await;
    insta::assert_snapshot!(products.join("\n"), @r"
    22728|ALARM CLOCK|goods
    71053|WHITE METAL LANTERN|goods
    84077|damaged|goods
    85123A|WHITE HANGING HEART|goods
    B|Adjust bad debt|adjustment
    POST|POSTAGE|postage
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_file_twice_loads_nothing_the_second_time() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    let file = home.file("lines.csv", LINES);
    load(&ctx, &file, Entity::OrderLines).await.unwrap();
    let before = dump(&ctx).await;
    let again = load(&ctx, &file, Entity::OrderLines).await.unwrap();
    assert_eq!((again.rows_loaded, again.rows_duplicate, again.rows_quarantined), (0, again.rows_read, 0));
    assert_eq!(dump(&ctx).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_export_with_known_orders_adds_only_what_is_new_or_changed() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    // The first order again, the second with one clock more, and a third.
    let later = "\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536365,85123A,WHITE HANGING HEART,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
536365,71053,WHITE METAL LANTERN,6,2010-12-01 08:26:00,3.39,17850,United Kingdom
536370,22728,ALARM CLOCK,25,2010-12-02 08:45:00,3.75,12583,France
536500,22728,ALARM CLOCK,2,2010-12-09 08:45:00,3.75,12583,France
";
    let report = load(&ctx, &home.file("later.csv", later), Entity::OrderLines).await.unwrap();
    assert_eq!((report.rows_read, report.rows_loaded, report.rows_duplicate), (4, 2, 2), "{report:?}");
    let orders = rows(
        &ctx,
        "SELECT order_id, amount, refunded_amount, net_amount FROM orders WHERE order_id IN ('536365','536370','536500') \
         ORDER BY order_id",
    )
    .await;
    insta::assert_snapshot!(orders.join("\n"), @r"
    536365|35.64|5.10|30.54
    536370|93.75|90.00|3.75
    536500|7.50|0.00|7.50
    ");
    let items = rows(&ctx, "SELECT count(*) FROM order_items WHERE order_id = '536370'").await;
    assert_eq!(items, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_in_a_later_file_is_netted_against_the_earlier_order() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    let (head, rest) = LINES.split_once('\n').unwrap();
    let purchases: Vec<&str> = rest.lines().filter(|line| !line.starts_with('C')).collect();
    let refunds: Vec<&str> = rest.lines().filter(|line| line.starts_with('C')).collect();
    let first = home.file("first.csv", format!("{head}\n{}\n", purchases.join("\n")));
    let second = home.file("second.csv", format!("{head}\n{}\n", refunds.join("\n")));
    load(&ctx, &first, Entity::OrderLines).await.unwrap();
    load(&ctx, &second, Entity::OrderLines).await.unwrap();
    let apart = without_positions(dump(&ctx).await);

    let whole = Home::sqlite();
    let other = whole.open().await;
    in_pounds(&other).await;
    load(&other, &whole.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    assert_eq!(apart, without_positions(dump(&other).await));
}

/// Without the positions of rows set aside, which differ from file to file.
fn without_positions(mut dump: Vec<String>) -> Vec<String> {
    dump.retain(|line| !line.starts_with("quarantine|"));
    dump
}

#[tokio::test(flavor = "multi_thread")]
async fn both_databases_give_the_same() {
    let Some(home) = Home::postgres() else { return };
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    zhike_engine::refresh::refresh(&ctx, Default::default()).await.unwrap();
    let sqlite = Home::sqlite();
    let other = sqlite.open().await;
    in_pounds(&other).await;
    load(&other, &sqlite.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    zhike_engine::refresh::refresh(&other, Default::default()).await.unwrap();
    assert_eq!(dump(&ctx).await, dump(&other).await);
}
