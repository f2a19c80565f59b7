//! What is over goes, by class; the report adds up and a preview says the same.

use zhike_domain::import::entity::Entity;
use zhike_domain::retention::{Class, Rule, Then};
use zhike_engine::{Options, retention};

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

/// What goes is kept elsewhere, noise without the keys; read back, it knows nobody who was erased since.
#[tokio::test(flavor = "multi_thread")]
async fn what_goes_is_kept_elsewhere_and_the_erased_not() {
    let home = Home::sqlite();
    let folder = home.path().join("archives");
    let archiving = |options| Options { archive_to: Some(folder.clone()), ..options };
    let ctx = home.open_as(archiving).await;
    load(&ctx, &home.file("orders.csv", ORDERS), Entity::Orders).await.unwrap();
    retention::set(&ctx, Rule { then: Then::Purge, ..Class::Orders.rule() }, "x").await.unwrap();
    assert!(retention::preview(&ctx).await.unwrap().lines.iter().all(|line| line.archive.is_none()));
    assert!(!folder.exists());
    // It dies between the copy and the purge: another copy, and nothing is gone before.
    ctx.fail_at("purge.archived");
    retention::run(&ctx, "x").await.unwrap_err();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM orders").await, ["3"]);
    let run = retention::run(&ctx, "x").await.unwrap();
    assert_eq!(rows(&ctx, "SELECT order_id FROM orders").await, ["B"]);
    let kept: Vec<&String> = run.lines.iter().filter_map(|line| line.archive.as_ref()).collect();
    let [name] = kept[..] else { panic!("{run:?}") };
    let archive = folder.join(name);
    let sealed = std::fs::read(&archive).unwrap();
    assert!(name.starts_with("orders-") && !sealed.windows(4).any(|bytes| bytes == b"PAR1"), "{name}");
    let left = std::fs::read_dir(home.path().join("data")).unwrap().flatten();
    assert!(left.into_iter().all(|entry| entry.file_name() != "archive.part"));

    let out = home.path().join("rows.parquet");
    let opened = retention::open_archive(&ctx, &archive, &out, "x").await.unwrap();
    assert_eq!((opened.table.as_str(), opened.n_rows, opened.n_left_out), ("orders", 2, 0));
    assert!(std::fs::read(&out).unwrap().starts_with(b"PAR1"));
    let again = retention::open_archive(&ctx, &archive, &out, "x").await.unwrap_err();
    assert_eq!(again.code.as_str(), "conflict");
    crate::erasure::erase(&ctx, "M2").await;
    let without = home.path().join("without.parquet");
    let opened = retention::open_archive(&ctx, &archive, &without, "x").await.unwrap();
    assert_eq!((opened.n_rows, opened.n_left_out), (1, 1));

    let other = home.path().join("other.parquet");
    let renamed = folder.join("orders.zka");
    std::fs::copy(&archive, &renamed).unwrap();
    let error = retention::open_archive(&ctx, &renamed, &other, "x").await.unwrap_err();
    assert_eq!(error.code.as_str(), "bad_request");
    let mut flipped = sealed;
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    std::fs::write(&archive, flipped).unwrap();
    let error = retention::open_archive(&ctx, &archive, &other, "x").await.unwrap_err();
    assert_eq!(error.code.as_str(), "damaged");
    assert!(!other.exists());
}
