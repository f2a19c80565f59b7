//! What is over goes, by class; the report adds up and a preview says the same.

use zhike_domain::import::entity::Entity;
use zhike_domain::retention::{Class, Rule, Then};
use zhike_engine::retention;

use crate::support::{Home, load, rows};

const ORDERS: &str = "订单编号,会员号,下单时间,实付金额\n\
                      A,M1,2019-03-01 10:00:00,5\nB,M1,2026-10-01 10:00:00,5\nC,M2,2018-03-01 10:00:00,5\n";

/// INV-RETENTION-2.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_goes_and_is_counted() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("orders.csv", ORDERS), Entity::Orders).await.unwrap();
    let short = Rule { days: 365, ..Class::Audit.rule() };
    assert_eq!(retention::set(&ctx, short, "x").await.unwrap_err().code.as_str(), "invalid_rules");
    let preview = retention::preview(&ctx).await.unwrap();
    assert_eq!((preview.n_gone, preview.n_nameless), (0, 2), "{preview:?}");
    // A hold on anybody or on the class keeps it.
    let hold = retention::hold(&ctx, Some(Class::Orders), None, "税务稽查", "x").await.unwrap();
    assert_eq!(retention::run(&ctx, "x").await.unwrap().n_nameless, 0);
    retention::lift(&ctx, hold.hold_id, "x").await.unwrap();
    assert!(retention::lift(&ctx, hold.hold_id, "x").await.is_err());
    let run = retention::run(&ctx, "x").await.unwrap();
    assert_eq!(run, preview);
    assert_eq!(run.lines.iter().map(|line| line.n_nameless).sum::<u64>(), run.n_nameless);
    let sql = "SELECT order_id, count(profile_id) FROM orders GROUP BY 1 ORDER BY 1";
    assert_eq!(rows(&ctx, sql).await, ["A|0", "B|1", "C|0"]);
    assert_eq!(retention::run(&ctx, "x").await.unwrap().n_nameless, 0);
    retention::set(&ctx, Rule { then: Then::Purge, ..Class::Orders.rule() }, "x").await.unwrap();
    assert_eq!(retention::run(&ctx, "x").await.unwrap().n_gone, 2);
    assert_eq!(rows(&ctx, "SELECT order_id FROM orders").await, ["B"]);
    assert_eq!(retention::runs(&ctx, 10).await.unwrap().len(), 4);
    // Nothing is over for ever: it can be loaded again and goes again.
    ctx.close().await;
    let ctx = home.open().await;
    assert_eq!(rows(&ctx, "SELECT order_id FROM orders").await, ["B"]);
}
