//! Tags on real stores: the values over all customers are those of each alone, a refresh replaces its day, segments and
//! SQL see them.

use std::collections::BTreeMap;

use serde_json::json;
use zhike_domain::audience::sample;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::{Ctx, segments, tags};

use crate::segments::{LAST, LAST_DAY, everybody, shop};
use crate::support::{Home, NOW, load, rows};

/// INV-TAGS-1.
#[tokio::test(flavor = "multi_thread")]
async fn values_over_all_are_those_of_each_alone() {
    let mut n_known = 0;
    for world in 0..2 {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, world).await;
        refresh::refresh(&ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
        let people = everybody(&ctx).await;
        for seed in 0..40 {
            let tag = sample::tag(world * 1000 + seed, LAST_DAY);
            let past = LAST.checked_sub(jiff::Span::new().days(40)).unwrap();
            let day = Some(if seed % 4 == 0 { past } else { LAST });
            let bulk: BTreeMap<ProfileId, String> =
                tags::values(&ctx, &tag.to_json(), day).await.unwrap().into_iter().collect();
            tags::put(&ctx, &tag.to_json()).await.unwrap();
            let mut alone = BTreeMap::new();
            for &id in &people {
                let why = tags::why(&ctx, id, &tag.key, day).await.unwrap();
                assert!(!why.inputs.is_empty(), "{}", tag.to_json());
                alone.extend(why.value.map(|value| (id, value)));
            }
            n_known += alone.len();
            assert_eq!(bulk, alone, "world {world}, tag {seed}: {}", tag.to_json());
        }
    }
    // Tags that nobody has would prove little.
    assert!(n_known > 300, "{n_known}");
}

/// Every definition that comes with the product has, in the table, the value that it has of each customer alone.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_writes_what_each_customer_has() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    tags::choose_packs(&ctx, &["retail".into(), "internet".into(), "finance".into()]).await.unwrap();
    assert_eq!(tags::choose_packs(&ctx, &["farming".into()]).await.unwrap_err().code.as_str(), "bad_request");
    shop(&ctx, &home, 7).await;
    refresh::refresh(&ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
    let written =
        rows(&ctx, "SELECT profile_id, tag, value FROM tags WHERE profile_id IS NOT NULL ORDER BY 1, 2").await;
    let people = everybody(&ctx).await;
    let mut alone = Vec::new();
    for id in &people {
        for defined in tags::defined(&ctx).await.unwrap() {
            let why = tags::why(&ctx, *id, &defined.tag.key, Some(LAST)).await.unwrap();
            alone.extend(why.value.map(|value| format!("{}|{}|{value}", id.get(), defined.tag.key)));
        }
    }
    assert!(alone.len() > 200, "{}", alone.len());
    assert_eq!(written, alone);
    let listed = tags::list(&ctx).await.unwrap();
    for tag in &listed {
        let n = alone.iter().filter(|row| row.split('|').nth(1) == Some(tag.key.as_str())).count() as u64;
        let spread = tag.spread.as_ref().unwrap();
        assert_eq!((spread.n_customers, spread.n_total), (Some(n), Some(people.len() as u64)), "{}", tag.key);
        let n_top: u64 = spread.top.iter().map(|value| value.1.unwrap()).sum();
        assert!(n_top <= n && (n == 0 || n_top > 0 || spread.quartiles.is_some()), "{}", tag.key);
        assert!(!tag.depends_on.is_empty(), "{}", tag.key);
    }
}

async fn day_rows(ctx: &Ctx) -> Vec<String> {
    rows(ctx, "SELECT as_of, tag, profile_id, value FROM tags ORDER BY 1, 2, 3").await
}

async fn done(ctx: &Ctx) -> tags::Done {
    tags::refresh(ctx, None, Some(LAST), false).await.unwrap()
}

/// INV-TAGS-2.
#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_replaces_its_day_and_skips_what_has_not_changed() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 3).await;
    assert!(done(&ctx).await.is_computed);
    let first = day_rows(&ctx).await;
    assert!(!done(&ctx).await.is_computed);
    for step in ["tags.staged", "tags.published"] {
        ctx.fail_at(step);
        assert!(tags::refresh(&ctx, None, Some(LAST), true).await.is_err(), "{step}");
        assert_eq!(day_rows(&ctx).await, first, "{step}");
    }
    assert!(tags::refresh(&ctx, None, Some(LAST), true).await.unwrap().is_computed);
    assert_eq!(day_rows(&ctx).await, first);
    // More facts, another definition, another tag put: each is a reason to compute.
    let sale = format!("order_id,member_id,ordered_at,amount,status\nNEW,M1,{LAST} 10:00:00,50,completed\n");
    load(&ctx, &home.file("more.csv", sale), Entity::Orders).await.unwrap();
    assert!(done(&ctx).await.is_computed);
    let own = json!({"key": "order_count", "name": {"zh": "单数", "en": "orders"}, "level": "behaviour",
        "refresh": "manual", "expression": {"measure": {"of": "all_orders"}}});
    assert_eq!(tags::put(&ctx, &own).await.unwrap().version, 1);
    assert!(done(&ctx).await.is_computed);
    let n = "SELECT count(*) FROM tags WHERE tag = 'order_count'";
    assert_eq!(rows(&ctx, n).await, ["0"], "a manual tag waits until it is asked for");
    assert!(tags::refresh(&ctx, Some("order_count"), Some(LAST), false).await.unwrap().is_computed);
    assert_ne!(rows(&ctx, n).await, ["0"]);
    tags::drop_definition(&ctx, "order_count").await.unwrap();
    assert_eq!(tags::get(&ctx, "order_count").await.unwrap_err().code.as_str(), "not_found");
    assert_eq!(tags::refresh(&ctx, Some("none"), None, false).await.unwrap_err().code.as_str(), "not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_put_tags_and_segments_see_all_of_them() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 5).await;
    let people = everybody(&ctx).await;
    let (one, other) = (people[0], people[1]);
    let day = 86_400_000_000;
    tags::set(&ctx, one, "重点", "是", "owner", None).await.unwrap();
    tags::set(&ctx, other, "重点", "是", "owner", Some(NOW + day)).await.unwrap();
    let refused = [("重点", ""), ("price_band", "low"), ("note", "call 13800138000")];
    let codes = ["bad_request", "conflict", "bad_request"];
    for ((tag, value), code) in refused.into_iter().zip(codes) {
        assert_eq!(tags::set(&ctx, one, tag, value, "owner", None).await.unwrap_err().code.as_str(), code, "{tag}");
    }
    assert!(tags::set(&ctx, one, "x", "y", "owner", Some(NOW)).await.is_err());
    let has = |tag: &str, value: &str| json!({"all": [{"tag": tag, "op": "eq", "value": value}]});
    let vip = has("重点", "是");
    assert!(segments::matching(&ctx, &vip, Some(LAST)).await.unwrap().is_empty());
    done(&ctx).await;
    assert_eq!(segments::matching(&ctx, &vip, Some(LAST)).await.unwrap(), [one, other]);
    // A rule that names a tag holds for exactly those who have the value, in bulk and alone.
    let mut n_found = 0;
    for (tag, value) in [("contribution", "top"), ("returning_customer", "true"), ("favourite_channel", "tmall")] {
        let sql = format!("SELECT profile_id FROM tags WHERE tag = '{tag}' AND value = '{value}' ORDER BY 1");
        let expected = rows(&ctx, &sql).await;
        let rule = match value {
            "true" => json!({"all": [{"tag": tag, "op": "eq", "value": true}]}),
            value => has(tag, value),
        };
        let found = segments::matching(&ctx, &rule, Some(LAST)).await.unwrap();
        assert_eq!(found.iter().map(|id| id.get().to_string()).collect::<Vec<_>>(), expected, "{tag}");
        for &id in &people {
            assert_eq!(segments::holds(&ctx, &rule, id, Some(LAST)).await.unwrap(), found.contains(&id), "{tag}");
        }
        n_found += found.len();
    }
    assert!(n_found > 3, "{n_found}");
    let of_one = tags::of_profile(&ctx, one, None).await.unwrap();
    assert!(of_one.iter().any(|tag| tag.key == "重点" && tag.put.is_some()), "{of_one:?}");
    assert!(of_one.iter().filter(|tag| tag.defined.is_some() && tag.as_of.is_some()).count() > 3, "{of_one:?}");
    let why = tags::why(&ctx, one, "重点", None).await.unwrap();
    assert!(why.value.is_some() && why.sentence.1.contains("owner"), "{why:?}");
    // What ends, or is taken off, is gone with the next refresh, from the last holder too.
    tags::remove(&ctx, one, "重点").await.unwrap();
    assert_eq!(tags::remove(&ctx, one, "重点").await.unwrap_err().code.as_str(), "not_found");
    done(&ctx).await;
    assert_eq!(segments::matching(&ctx, &vip, Some(LAST)).await.unwrap(), [other]);
    let later =
        home.open_as(|options| zhike_engine::Options { clock: zhike_engine::Clock::fixed(NOW + 2 * day), ..options });
    drop(ctx);
    let later = later.await;
    done(&later).await;
    assert!(segments::matching(&later, &vip, Some(LAST)).await.unwrap().is_empty());
}
