//! Entities whose rows stand for themselves.

use zhike_domain::import::entity::Entity;

use crate::support::{Home, load, rows};

#[tokio::test(flavor = "multi_thread")]
async fn a_later_export_corrects_an_order_and_repeats_the_rest() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let first = "订单编号,会员号,下单时间,实付金额,退款金额,订单状态\n\
                 T1,M1,2026-01-02 10:00:00,¥100.00,0,卖家已发货，等待买家确认\n\
                 T2,M1,2026-01-03 10:00:00,\"1,050.50\",0,交易成功\n";
    let second = "订单编号,会员号,下单时间,实付金额,退款金额,订单状态\n\
                  T1,M1,2026-01-02 10:00:00,¥100.00,30.00,交易成功\n\
                  T2,M1,2026-01-03 10:00:00,\"1,050.50\",0,交易成功\n\
                  T3,M2,2026-01-05 10:00:00,20,0,等待买家付款\n";
    load(&ctx, &home.file("a.csv", first), Entity::Orders).await.unwrap();
    let report = load(&ctx, &home.file("b.csv", second), Entity::Orders).await.unwrap();
    assert_eq!((report.rows_read, report.rows_loaded, report.rows_duplicate), (3, 2, 1), "{report:?}");
    let orders =
        rows(&ctx, "SELECT order_id, status, amount, refunded_amount, net_amount FROM orders ORDER BY 1").await;
    insta::assert_snapshot!(orders.join("\n"), @r"
    T1|partial_refund|100.00|30.00|70.00
    T2|completed|1050.50|0.00|1050.50
    T3|created|20.00|0.00|0.00
    ");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_are_partitioned_by_day_and_the_same_event_counts_once() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let events = "event_id,event,occurred_at,member_id,channel\n\
                  e1,view,2026-01-02 23:59:59,M1,web\n\
                  e2,view,2026-01-03 00:00:00,M1,web\n\
                  e2,view,2026-01-03 00:00:00,M1,web\n\
                  e3,buy,2026-01-03 08:00:00,M2,app\n";
    let report = load(&ctx, &home.file("events.csv", events), Entity::Events).await.unwrap();
    assert_eq!((report.rows_loaded, report.rows_duplicate), (3, 1), "{report:?}");
    let days = rows(&ctx, "SELECT occurred_on, count(*) FROM events GROUP BY 1 ORDER BY 1").await;
    assert_eq!(days.len(), 2);
    let folder = home.path().join("data/lake/events/occurred_on=2026-01-03");
    assert!(folder.is_dir(), "{}", folder.display());
    // Asking for one day opens the files of that day only; the answer is the same.
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events WHERE occurred_on = DATE '2026-01-03'").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_do_more_than_read_are_refused() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    for sql in [
        "CREATE TABLE x AS SELECT 1",
        "INSERT INTO orders SELECT * FROM orders",
        "COPY (SELECT 1) TO '/tmp/zhike-copy.csv'",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "SET datafusion.execution.batch_size = 1",
        "SELECT 1; SELECT 2",
        "SELECT * FROM '/etc/passwd'",
        "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r",
        "EXPLAIN SELECT * FROM orders",
        "SELEKT 1",
    ] {
        let refused = zhike_engine::query::sql(&ctx, sql, Default::default()).await;
        assert!(refused.is_err(), "{sql}");
    }
}
