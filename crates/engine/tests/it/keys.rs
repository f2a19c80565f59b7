//! Keys change while others read, and old copies of them open nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use zhike_domain::collect::message::Kind;
use zhike_domain::import::entity::Entity;
use zhike_engine::collect::{CollectError, collect};
use zhike_engine::{Ctx, backup, ingest, keys, profiles, quarantine, query};

use crate::consents::member;
use crate::live::{body, message, send, source};
use crate::support::{Home, NOW, load, rows};

fn people(n: usize) -> String {
    let mut text = String::from("会员号,姓名,手机号\n");
    (0..n).for_each(|n| text.push_str(&format!("M{n},王小明{n},137{:08}\n", 10_000 + n)));
    text
}

async fn names(ctx: &Ctx) -> Vec<String> {
    rows(ctx, "SELECT count(*), count(name), count(phone) FROM profiles").await
}

/// INV-KEYS-1.
#[tokio::test(flavor = "multi_thread")]
async fn no_read_fails_while_keys_change() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", people(2_000)), Entity::Profiles).await.unwrap();
    let expected = names(&ctx).await;
    let (is_over, n_reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let readers: Vec<_> = (0..3)
        .map(|n| {
            let (ctx, is_over, n_reads, expected) = (ctx.clone(), is_over.clone(), n_reads.clone(), expected.clone());
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    if n == 0 {
                        assert_eq!(names(&ctx).await, expected);
                    } else {
                        let one = member(&ctx, &format!("M{}", n * 100)).await;
                        let show = zhike_engine::profiles::Show::Masked;
                        let seen = zhike_engine::profiles::view(&ctx, one, &show).await.unwrap();
                        assert!(seen.personal.contains_key("name"));
                    }
                    n_reads.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for round in 0..6 {
        let n_before = n_reads.load(Ordering::Relaxed);
        while n_reads.load(Ordering::Relaxed) < n_before + 3 {
            tokio::task::yield_now().await;
        }
        let rotation = keys::rotate(&ctx, "x").await.unwrap();
        assert_eq!((rotation.epoch, rotation.destroyed, rotation.kept), (round + 2, vec![round + 1], vec![]));
        assert!(rotation.n_rewrapped >= 2_000);
    }
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.await.unwrap();
    }
    let status = keys::status(&ctx).await.unwrap();
    assert!(status.n_lost == 0 && status.epochs.len() == 1 && status.epochs[0].is_current, "{status:?}");
}

/// INV-KEYS-2.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_of_the_wrapped_keys_from_before_opens_nothing() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", people(5)), Entity::Profiles).await.unwrap();
    assert_eq!(names(&ctx).await, ["5|5|5"]);
    ctx.close().await;
    let keys_db = home.path().join("data/keys/keys.db");
    let old = home.path().join("old-keys.db");
    std::fs::copy(&keys_db, &old).unwrap();
    let ctx = home.open().await;
    keys::rotate(&ctx, "x").await.unwrap();
    assert_eq!(names(&ctx).await, ["5|5|5"]);
    ctx.close().await;
    std::fs::copy(&old, &keys_db).unwrap();
    let ctx = home.open().await;
    let status = keys::status(&ctx).await.unwrap();
    assert!(status.n_lost >= 5, "{status:?}");
    let sql = "SELECT count(name) FROM profiles";
    let read = query::sql(&ctx, sql, query::QueryLimits::default()).await;
    assert!(read.is_err(), "a name was read");
}

/// A process that does not change keys itself follows one that does, and seals under what lasts.
#[tokio::test(flavor = "multi_thread")]
async fn another_process_follows() {
    let home = Home::sqlite();
    let (server, other) = (home.open().await, home.open().await);
    load(&other, &home.file("people.csv", people(5)), Entity::Profiles).await.unwrap();
    keys::rotate(&server, "x").await.unwrap();
    keys::rotate(&server, "x").await.unwrap();
    assert_eq!(names(&other).await, ["5|5|5"]);
    let more = "会员号,姓名,手机号\nN1,李雷,13957264831\n";
    load(&other, &home.file("more.csv", more), Entity::Profiles).await.unwrap();
    // Set aside: the amount does not read.
    let orders = "订单编号,会员号,下单时间,实付金额\nT1,N1,2026-01-02 10:00:00,没有\nT2,N1,2026-01-02 10:00:00,5\n";
    load(&other, &home.file("orders.csv", orders), Entity::Orders).await.unwrap();
    // Two at once would be two that give up each other's segments of the log.
    assert_eq!(keys::rotate(&other, "x").await.unwrap_err().code.as_str(), "conflict");
    other.close().await;
    keys::rotate(&server, "x").await.unwrap();
    server.close().await;
    let ctx = home.open().await;
    assert_eq!(names(&ctx).await, ["6|6|6"]);
    let set_aside = rows(&ctx, "SELECT batch_id, row_no FROM quarantine").await;
    let (batch, row) = set_aside[0].split_once('|').unwrap();
    let batch = zhike_domain::id::BatchId::new(batch.parse().unwrap());
    let shown = quarantine::reveal(&ctx, batch, row.parse().unwrap(), "x", "看看").await.unwrap();
    assert!(shown.cells.iter().flatten().any(|cell| cell == "T1"));
}

/// A backup that was due while keys were disabled is taken when they are enabled, not an interval later.
#[tokio::test(flavor = "multi_thread")]
async fn a_backup_waits_for_disabled_keys_and_no_longer() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let folder = home.path().join("backups");
    keys::disable(&ctx, None, "leak", "boss").await.unwrap();
    let (stop, stopping) = tokio::sync::watch::channel(false);
    let hour = std::time::Duration::from_secs(3_600);
    let running = tokio::spawn(backup::run(ctx.clone(), folder.clone(), hour, 3, stopping));
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!folder.join("cuts").exists(), "nothing is sealed");
    keys::enable(&ctx, None, "known", "boss").await.unwrap();
    let mut taken = Vec::new();
    for _ in 0..600 {
        taken = backup::list(&ctx, &folder).await.unwrap_or_default();
        if !taken.is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    assert_eq!(taken.len(), 1);
    stop.send(true).unwrap();
    running.await.unwrap();
    ctx.close().await;
}

/// INV-KEYS-3.
#[tokio::test(flavor = "multi_thread")]
async fn disabled_keys_show_load_and_acknowledge_nothing_and_lose_nothing() {
    for epoch in [None, Some(1)] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        load(&ctx, &home.file("people.csv", people(5)), Entity::Profiles).await.unwrap();
        let web = source(&ctx, "web").await;
        let event = |id: &str| message(id, 1, Kind::Track, &["anon:a1"]);
        send(&ctx, &web, &[event("before")]).await;
        let one = member(&ctx, "M1").await;
        assert_eq!(keys::disable(&ctx, epoch, " ", "boss").await.unwrap_err().code.as_str(), "bad_request");
        assert_eq!(keys::disable(&ctx, Some(9), "leak", "boss").await.unwrap_err().code.as_str(), "not_found");
        assert_eq!(keys::enable(&ctx, epoch, "why", "boss").await.unwrap_err().code.as_str(), "conflict");
        keys::disable(&ctx, epoch, "疑似泄露", "boss").await.unwrap();
        assert_eq!(keys::disable(&ctx, epoch, "again", "boss").await.unwrap_err().code.as_str(), "conflict");

        // The process that runs, and one that starts now.
        let other = home.open().await;
        let more = home.file("more.csv", people(9));
        for ctx in [&ctx, &other] {
            let status = keys::status(ctx).await.unwrap();
            assert_eq!((status.disabled[0].epoch, status.disabled[0].by.as_str()), (epoch, "boss"));
            let view = profiles::view(ctx, one, &profiles::Show::Masked).await.unwrap_err();
            let loaded = load(ctx, &more, Entity::Profiles).await.unwrap_err();
            let rotated = keys::rotate(ctx, "boss").await.unwrap_err();
            let drained = ingest::drain(ctx).await.unwrap_err();
            for refused in [&view, &loaded, &rotated, &drained] {
                let conflict = refused.code.as_str() == "conflict" && std::ptr::eq(ctx, &other);
                assert!(refused.code.as_str() == "keys_disabled" || conflict, "{refused} {:?}", refused.code);
            }
            assert_eq!(view.code.as_str(), "keys_disabled");
            assert!(view.message.contains("zhike key enable") && view.message_zh.contains("zhike key enable"));
            let refused = collect(ctx, &web, body(&[event("during")]), NOW).await.unwrap_err();
            assert!(
                matches!(&refused, CollectError::Other(error) if error.code.as_str() == "keys_disabled"),
                "{refused:?}"
            );
            if epoch.is_none() {
                let refused = backup::take(ctx, &home.path().join("backups"), "boss").await.unwrap_err();
                assert_eq!(refused.code.as_str(), "keys_disabled");
            }
        }
        other.close().await;
        keys::enable(&ctx, epoch, "已核实", "boss").await.unwrap();
        assert_eq!(names(&ctx).await, ["5|5|5"]);
        send(&ctx, &web, &[event("after")]).await;
        ingest::drain(&ctx).await.unwrap();
        let events = rows(&ctx, "SELECT event_id FROM events ORDER BY event_id").await;
        assert_eq!(events, ["after", "before"]);
        let acts = rows(&ctx, "SELECT action, actor FROM audit WHERE action LIKE 'keys.%able' ORDER BY seq").await;
        assert_eq!(acts, ["keys.disable|boss", "keys.enable|boss"]);
        keys::rotate(&ctx, "boss").await.unwrap();
        ctx.close().await;
    }
}
