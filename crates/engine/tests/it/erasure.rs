//! Erasure: nothing is left of whoever is erased, everything of all others, whatever step it dies at.

use std::path::Path;

use zhike_domain::collect::message::Kind;
use zhike_domain::id::ErasureId;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::retention::{Basis, Class};
use zhike_domain::rights::{RequestRefusal, RequestStatus};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::profiles::{self, Show};
use zhike_engine::refresh::refresh;
use zhike_engine::requests;
use zhike_engine::{Ctx, erasure, ingest, retention};

use crate::consents::member;
use crate::live::{message, send, source};
use crate::support::{Home, dump, granted, load, rows};

/// Whoever is called E… is erased, whoever is called X… stays.
fn people(n_erased: usize, n_others: usize) -> String {
    let mut text = String::from("会员号,姓名,手机号,地址\n");
    for n in 0..n_erased {
        text.push_str(&format!("E{n},欧阳昱珩{n},139572{n:05},浙江省杭州市西湖区文三路{n}弄九百号\n"));
    }
    for n in 0..n_others {
        text.push_str(&format!("X{n},顾客甲{n},137000{n:05},上海市\n"));
    }
    text
}

/// Two orders each: one from long ago, one from last month.
fn orders(n_erased: usize, n_others: usize) -> String {
    let mut text = String::from("订单编号,会员号,下单时间,实付金额,备注\n");
    let names = (0..n_erased).map(|n| format!("E{n}")).chain((0..n_others).map(|n| format!("X{n}")));
    for (n, name) in names.enumerate() {
        text.push_str(&format!("OLD{n},{name},2019-03-01 10:00:00,{n}.50,送货上门\n"));
        text.push_str(&format!("NEW{n},{name},2026-10-01 10:00:00,{n}.50,送货上门\n"));
    }
    text
}

async fn filled(home: &Home, n_erased: usize, n_others: usize) -> Ctx {
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", people(n_erased, n_others)), Entity::Profiles).await.unwrap();
    load(&ctx, &home.file("orders.csv", orders(n_erased, n_others)), Entity::Orders).await.unwrap();
    refresh(&ctx, Default::default()).await.unwrap();
    ctx
}

pub async fn erase(ctx: &Ctx, name: &str) -> ErasureId {
    let request = granted(ctx, member(ctx, name).await).await;
    let id = erasure::approve(ctx, request, "officer").await.unwrap();
    erasure::finish(ctx).await.unwrap();
    id
}

/// What is there of others; members erased are told by their names.
async fn of_others(ctx: &Ctx) -> Vec<String> {
    let mut all = dump(ctx).await;
    all.retain(|line| !line.contains("member_id:E") && !line.starts_with("order|NEW"));
    all
}

async fn is_unknown(ctx: &Ctx, phone: &str) -> bool {
    let value = Sensitive::new(phone.to_owned());
    profiles::find(ctx, Some(IdentityKind::Phone), &value).await.unwrap().is_empty()
}

/// Of a thousand people fifty go: no byte of them is found, the others are as they were, and the receipts say so.
async fn nothing_is_left(home: Home, n_erased: usize, n_others: usize) {
    let ctx = filled(&home, n_erased, n_others).await;
    let before = of_others(&ctx).await;
    let mut approved = Vec::new();
    for n in 0..n_erased {
        let one = member(&ctx, &format!("E{n}")).await;
        let request = granted(&ctx, one).await;
        approved.push((one, request, erasure::approve(&ctx, request, "officer").await.unwrap()));
    }
    let error = profiles::view(&ctx, approved[0].0, &Show::Masked).await.unwrap_err();
    assert_eq!(error.code.as_str(), "restricted");
    let refused = requests::refuse(&ctx, approved[0].1, RequestRefusal::TakenBack, "", "x").await.unwrap_err();
    assert_eq!(refused.code.as_str(), "conflict");
    let done = erasure::finish(&ctx).await.unwrap();
    assert_eq!(done.len(), n_erased);
    assert!(erasure::finish(&ctx).await.unwrap().is_empty());
    assert_eq!(of_others(&ctx).await, before);
    for (n, (one, request, id)) in approved.iter().enumerate() {
        let erased = erasure::get(&ctx, *id).await.unwrap();
        let sealed = erased.receipt.unwrap();
        assert!(sealed.receipt.is_clean(), "{:?}", sealed.receipt.checks);
        let what: Vec<&str> = sealed.receipt.checks.iter().map(|check| check.what.as_str()).collect();
        assert_eq!(what, ["bytes", "index", "rows"]);
        assert!(sealed.receipt.checks[0].n_checked > 5);
        assert_eq!(erased.removed["keys"], 1);
        assert_eq!(erased.removed["state.identities"], 2);
        // The order of long ago goes; that of last month is kept by law, without the person.
        assert_eq!((erased.removed["lake.orders"], erased.removed["kept.orders"]), (1, 1));
        assert!(erased.removed["lake.rfm"] > 0);
        assert!(is_unknown(&ctx, &format!("139572{n:05}")).await);
        assert_eq!(profiles::view(&ctx, *one, &Show::Masked).await.unwrap_err().code.as_str(), "not_found");
        let request = requests::get(&ctx, *request).await.unwrap();
        assert_eq!(
            (request.status, request.profile_id, request.row.outcome),
            (RequestStatus::Done, None, id.to_string())
        );
        assert_eq!(request.row.note, "");
        let verified = erasure::verify(&ctx, &sealed).await.unwrap();
        assert!(verified.is_sealed && verified.is_listed && verified.is_signed == Some(true));
        let mut forged = sealed.clone();
        forged.receipt.approved_by = "somebody".into();
        let found = erasure::verify(&ctx, &forged).await.unwrap();
        assert!(!found.is_sealed && found.is_signed == Some(false));
        // Whoever has the public key checks without this data directory; of older releases there is no signature.
        let key = zhike_engine::keys::public_key(&ctx);
        assert_eq!(erasure::is_signed(&key, &sealed).unwrap(), Some(true));
        assert_eq!(erasure::is_signed(&key, &forged).unwrap(), Some(false));
        let older = zhike_domain::erasure::Sealed { signature: None, ..sealed.clone() };
        assert_eq!(erasure::is_signed(&key, &older).unwrap(), None);
        let verified = erasure::verify(&ctx, &older).await.unwrap();
        assert!(verified.is_sealed && verified.is_listed && verified.is_signed.is_none());
    }
    let nameless = "SELECT count(*), count(profile_id), count(identity_id), count(traits) FROM orders \
                    WHERE profile_id IS NULL";
    assert_eq!(rows(&ctx, nameless).await, [format!("{n_erased}|0|0|0")]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, [n_others.to_string()]);
    // Files and entries of the log that named them are gone; what is left opens and can be written to.
    ctx.close().await;
    let ctx = home.open().await;
    assert_eq!(of_others(&ctx).await, before);
    let more = "订单编号,会员号,下单时间,实付金额\nMORE1,X1,2026-10-02 10:00:00,7\n";
    load(&ctx, &home.file("more.csv", more), Entity::Orders).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM orders WHERE order_id = 'MORE1'").await, ["1"]);
    assert!(zhike_engine::doctor::examine(&ctx).await.unwrap().findings.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_people_fifty_go() {
    nothing_is_left(Home::sqlite(), 50, 950).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_go_from_postgresql_too() {
    if let Some(home) = Home::postgres() {
        nothing_is_left(home, 3, 20).await;
    }
}

/// A request that is taken back while its erasure waits for the writer is not erased; one that the ledger names is not taken
/// back.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_taken_back_meanwhile_is_not_erased() {
    let home = Home::sqlite();
    let ctx = filled(&home, 1, 1).await;
    let before = dump(&ctx).await;
    let profile = member(&ctx, "E0").await;
    let request = granted(&ctx, profile).await;
    let writer = std::fs::File::options().write(true).open(ctx.dir().join("writer.lock")).unwrap();
    writer.lock().unwrap();
    let waiting = {
        let ctx = ctx.clone();
        tokio::spawn(async move { erasure::approve(&ctx, request, "officer").await })
    };
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert!(!waiting.is_finished());
    requests::refuse(&ctx, request, RequestRefusal::TakenBack, "taken back", "colleague").await.unwrap();
    writer.unlock().unwrap();
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!(error.code.as_str(), "conflict", "{error:?}");
    assert!(erasure::list(&ctx).await.unwrap().is_empty());
    assert_eq!((dump(&ctx).await, ctx.n_erasures_begun()), (before, 0));
    let request = granted(&ctx, profile).await;
    erasure::approve(&ctx, request, "officer").await.unwrap();
    assert_eq!(ctx.n_erasures_begun(), 1, "whoever is writing a file notices");
    let late = requests::refuse(&ctx, request, RequestRefusal::TakenBack, "too late", "colleague").await.unwrap_err();
    assert_eq!(late.code.as_str(), "conflict");
}

const STEPS: [&str; 15] = [
    "erase.resealed",
    "erase.listed",
    "erase.shredded",
    "erase.forgotten",
    "erase.staged",
    "erase.published",
    "erase.removed",
    "erase.swept",
    "rotate.started",
    "rotate.page",
    "rotate.rewrapped",
    "rotate.destroyed",
    "erase.rotated",
    "erase.told",
    "erase.ended",
];

/// INV-ERASE-2.
#[tokio::test(flavor = "multi_thread")]
async fn an_erasure_that_dies_at_any_step_is_finished_at_the_next_start() {
    let undisturbed = {
        let home = Home::sqlite();
        let ctx = filled(&home, 1, 3).await;
        erase(&ctx, "E0").await;
        dump(&ctx).await
    };
    for step in STEPS {
        let home = Home::sqlite();
        let ctx = filled(&home, 1, 3).await;
        let request = granted(&ctx, member(&ctx, "E0").await).await;
        ctx.fail_at(step);
        let died = match erasure::approve(&ctx, request, "officer").await {
            Err(_) => true,
            Ok(_) => erasure::finish(&ctx).await.is_err(),
        };
        assert!(died, "{step} was not passed");
        ctx.close().await;
        let ctx = home.open().await;
        if step == "erase.resealed" {
            // Nothing is on record: nothing has happened.
            assert!(erasure::list(&ctx).await.unwrap().is_empty());
            erasure::approve(&ctx, request, "officer").await.unwrap();
            erasure::finish(&ctx).await.unwrap();
        }
        assert_eq!(dump(&ctx).await, undisturbed, "{step}");
        let all = erasure::list(&ctx).await.unwrap();
        assert_eq!(all.len(), 1, "{step}");
        let removed = &all[0].removed;
        assert_eq!((removed["state.profiles"], removed["lake.orders"]), (1, 1), "{step}: {removed:?}");
        assert!(all[0].receipt.as_ref().unwrap().receipt.is_clean(), "{step}");
        // What was not said before a death is said after it.
        assert_eq!(requests::get(&ctx, request).await.unwrap().status, RequestStatus::Done, "{step}");
        assert_eq!(zhike_engine::keys::status(&ctx).await.unwrap().n_lost, 0, "{step}");
    }
}

fn copy(from: &Path, to: &Path, except: &str) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if entry.file_name() == except {
            continue;
        }
        if path.is_dir() {
            copy(&path, &target, except);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// INV-ERASE-3.
#[tokio::test(flavor = "multi_thread")]
async fn an_old_copy_of_the_data_shows_nothing_of_the_erased() {
    let home = Home::sqlite();
    let ctx = filled(&home, 2, 3).await;
    let gone = member(&ctx, "E0").await;
    ctx.close().await;
    let (data, old) = (home.path().join("data"), home.path().join("old"));
    copy(&data, &old, "keys");
    let ctx = home.open().await;
    erase(&ctx, "E0").await;
    let after = dump(&ctx).await;
    ctx.close().await;
    let newest_keys = home.path().join("newest-keys");
    std::fs::rename(data.join("keys"), &newest_keys).unwrap();
    std::fs::remove_dir_all(&data).unwrap();
    copy(&old, &data, "keys");
    std::fs::rename(&newest_keys, data.join("keys")).unwrap();
    let ctx = home.open().await;
    assert_eq!(dump(&ctx).await, after);
    assert_eq!(profiles::view(&ctx, gone, &Show::Masked).await.unwrap_err().code.as_str(), "not_found");
    assert!(is_unknown(&ctx, "13957200000").await && !is_unknown(&ctx, "13957200001").await);
    let all = erasure::list(&ctx).await.unwrap();
    assert!(all.len() == 1 && all[0].ended_at.is_some());
}

/// Whoever hands in data again is somebody new, with whom nothing of before is connected.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_is_somebody_new() {
    let home = Home::sqlite();
    let ctx = filled(&home, 1, 1).await;
    let before = member(&ctx, "E0").await;
    erase(&ctx, "E0").await;
    // The same file once more, which somebody has added a line to.
    let again = format!("{}Y1,新客,13800138000,\n", people(1, 1));
    load(&ctx, &home.file("people-2.csv", again), Entity::Profiles).await.unwrap();
    let now = member(&ctx, "E0").await;
    assert_ne!(now, before);
    let page = profiles::orders(&ctx, now, 0, 10).await.unwrap();
    assert_eq!(page.orders.n_rows(), 0);
    assert!(profiles::acts(&ctx, now, None, 10).await.unwrap().is_empty());
}

/// INV-ERASE-4: what was sealed, claimed and done on a device that two people used.
#[tokio::test(flavor = "multi_thread")]
async fn the_other_user_of_a_device_keeps_what_is_theirs() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let at = |id: &str, hour: i64, kind, who: &[&str]| message(id, hour * 3600, kind, who);
    send(&ctx, &site, &[at("v1", 1, Kind::Track, &["anon:tablet-in-the-hall"])]).await;
    ingest::drain(&ctx).await.unwrap();
    send(&ctx, &site, &[at("a", 2, Kind::Identify, &["member_id:E0", "anon:tablet-in-the-hall"])]).await;
    send(&ctx, &site, &[at("v3", 3, Kind::Track, &["anon:tablet-in-the-hall"])]).await;
    ingest::drain(&ctx).await.unwrap();
    send(&ctx, &site, &[at("b", 6, Kind::Identify, &["member_id:X0", "anon:tablet-in-the-hall"])]).await;
    send(&ctx, &site, &[at("v8", 8, Kind::Track, &["anon:tablet-in-the-hall"])]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["3"]);
    let id = erase(&ctx, "E0").await;
    let erased = erasure::get(&ctx, id).await.unwrap();
    assert!(erased.receipt.unwrap().receipt.is_clean());
    assert_eq!(rows(&ctx, "SELECT event_id FROM events").await.len(), 1);
    let other = member(&ctx, "X0").await;
    let seen = profiles::view(&ctx, other, &Show::Masked).await.unwrap();
    let device = seen.identities.iter().find(|(row, _)| row.kind != "member_id").expect("the device is X0's");
    assert!(device.1.is_some(), "its value opens, under X0's own key");
    assert!(profiles::acts(&ctx, other, None, 10).await.is_ok());
    // What comes from the device from now on is X0's, as it was.
    send(&ctx, &site, &[at("v9", 9, Kind::Track, &["anon:tablet-in-the-hall"])]).await;
    ingest::drain(&ctx).await.unwrap();
    let sql =
        "SELECT count(*) FROM events e JOIN identities i ON i.profile_id = e.profile_id WHERE i.kind = 'member_id'";
    assert_eq!(rows(&ctx, sql).await, ["2"]);
}

/// What is acknowledged before goes with the person; what comes from their device later is somebody unknown.
#[tokio::test(flavor = "multi_thread")]
async fn events_flow_while_somebody_is_erased() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let named = [
        message("e", 1, Kind::Identify, &["member_id:E0", "anon:phone-of-e"]),
        message("x", 1, Kind::Identify, &["member_id:X0", "anon:phone-of-x"]),
    ];
    send(&ctx, &site, &named).await;
    ingest::drain(&ctx).await.unwrap();
    let request = granted(&ctx, member(&ctx, "E0").await).await;
    // Acknowledged, and not taken in yet.
    send(&ctx, &site, &[message("before", 5, Kind::Track, &["anon:phone-of-e"])]).await;
    let sender = tokio::spawn({
        let (ctx, site) = (ctx.clone(), site.clone());
        async move {
            for n in 0..60 {
                send(&ctx, &site, &[message(&format!("x{n}"), 10 + n, Kind::Track, &["anon:phone-of-x"])]).await;
                if n % 7 == 0 {
                    ingest::drain(&ctx).await.unwrap();
                }
            }
        }
    });
    erasure::approve(&ctx, request, "officer").await.unwrap();
    erasure::finish(&ctx).await.unwrap();
    sender.await.unwrap();
    ingest::drain(&ctx).await.unwrap();
    let of_x =
        "SELECT count(*) FROM events e JOIN identities i ON i.profile_id = e.profile_id WHERE i.kind = 'member_id'";
    assert_eq!(rows(&ctx, of_x).await, ["60"]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["60"]);
    send(&ctx, &site, &[message("after", 100, Kind::Track, &["anon:phone-of-e"])]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["61"]);
    assert_eq!(rows(&ctx, of_x).await, ["60"]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["2"]);
}

/// A hold bars an erasure; a contract, unlike a law, keeps no orders.
#[tokio::test(flavor = "multi_thread")]
async fn holds_bar_and_only_laws_keep_orders() {
    let home = Home::sqlite();
    let ctx = filled(&home, 1, 1).await;
    let one = member(&ctx, "E0").await;
    let hold = retention::hold(&ctx, None, Some(one), "诉讼未结", "officer").await.unwrap();
    let request = granted(&ctx, one).await;
    let barred = erasure::approve(&ctx, request, "officer").await.unwrap_err();
    assert!(barred.code.as_str() == "conflict" && barred.message_zh.contains("诉讼未结"), "{barred}");
    retention::lift(&ctx, hold.hold_id, "officer").await.unwrap();
    let rule = zhike_domain::retention::Rule { basis: Basis::Contract, ..Class::Orders.rule() };
    retention::set(&ctx, rule, "officer").await.unwrap();
    let id = erasure::approve(&ctx, request, "officer").await.unwrap();
    erasure::finish(&ctx).await.unwrap();
    let removed = erasure::get(&ctx, id).await.unwrap().removed;
    assert!(removed["lake.orders"] == 2 && !removed.contains_key("kept.orders"), "{removed:?}");
    assert_eq!(rows(&ctx, "SELECT count(*) FROM orders").await, ["2"]);
}
