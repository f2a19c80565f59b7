//! Housekeeping of the lake changes no answer, wherever it stops.

use zhike_domain::import::entity::Entity;
use zhike_engine::refresh::{RefreshOptions, refresh};

use crate::support::{Home, dump, load, rows};

fn order(n: u32, amount: u32) -> String {
    format!("订单编号,会员号,下单时间,实付金额\nT{n},M{},2026-01-02 10:00:00,{amount}\n", n % 5)
}

#[tokio::test(flavor = "multi_thread")]
async fn small_files_become_few_and_nothing_else_changes() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    for n in 0..20 {
        load(&ctx, &home.file(&format!("{n}.csv"), order(n, n + 1)), Entity::Orders).await.unwrap();
    }
    let before = dump(&ctx).await;
    for step in ["tidy.staged", "tidy.published"] {
        ctx.fail_at(step);
        assert!(refresh(&ctx, RefreshOptions::default()).await.is_err(), "{step}");
        assert_eq!(dump(&ctx).await, before, "{step}");
    }
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*), sum(net_amount) FROM orders").await, ["20|210.00"]);
    let orders = home.path().join("data/lake/orders");
    let names = std::fs::read_dir(orders).unwrap().flatten().map(|entry| entry.file_name().into_string().unwrap());
    assert!(names.into_iter().any(|name| name.contains("-compact-")), "nothing was compacted");
    assert!(!refresh(&ctx, RefreshOptions::default()).await.unwrap().is_computed);
}

/// What was committed and not shown names files to hide: it is completed before they are compacted away.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_waits_to_be_shown_is_shown_before_files_are_compacted() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    for n in 0..20 {
        load(&ctx, &home.file(&format!("{n}.csv"), order(n, n + 1)), Entity::Orders).await.unwrap();
    }
    ctx.fail_at("import.committed");
    assert!(load(&ctx, &home.file("mended.csv", order(3, 1000)), Entity::Orders).await.is_err());
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*), sum(net_amount) FROM orders").await, ["20|1206.00"]);
    ctx.close().await;
    let ctx = home.open().await;
    assert_eq!(rows(&ctx, "SELECT count(*), sum(net_amount) FROM orders").await, ["20|1206.00"]);
}
