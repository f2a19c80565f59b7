//! Time travel on real stores: what is told of the past is what was written then.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use serde_json::json;
use zhike_domain::id::ProfileId;
use zhike_engine::history::{self, What};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::segments::{self, Spec};
use zhike_engine::{Ctx, tags};

use crate::segments::{LAST, shop};
use crate::support::{Home, rows};

const EARLIER: Date = date(2026, 2, 10);

/// The value of everybody on a day, as it was written.
async fn written(ctx: &Ctx, what: &What, day: Date) -> BTreeMap<i64, String> {
    let (table, column, of) = match what {
        What::Tier => ("rfm", "tier", String::new()),
        What::RfmSegment => ("rfm", "rfm_segment", String::new()),
        What::Cluster => ("clusters", "label", String::new()),
        What::Risk => ("churn", "risk", String::new()),
        What::Tag(key) => ("tags", "value", format!(" AND tag = '{key}'")),
    };
    let sql = format!("SELECT profile_id, {column} FROM {table} WHERE profile_id IS NOT NULL AND as_of = '{day}'{of}");
    let pair = |row: String| row.split_once('|').map(|(id, value)| (id.parse().unwrap(), value.to_owned())).unwrap();
    rows(ctx, &sql).await.into_iter().map(pair).collect()
}

async fn refreshed(ctx: &Ctx, day: Date) {
    refresh::refresh(ctx, RefreshOptions { as_of: Some(day), force: false }).await.unwrap();
}

async fn moves_are_those_written(ctx: &Ctx, what: &What) {
    let (before, after) = (written(ctx, what, EARLIER).await, written(ctx, what, LAST).await);
    let everybody: BTreeSet<i64> = before.keys().chain(after.keys()).copied().collect();
    let mut expected: BTreeMap<(Option<&String>, Option<&String>), Vec<i64>> = BTreeMap::new();
    for id in &everybody {
        expected.entry((before.get(id), after.get(id))).or_default().push(*id);
    }
    let found = history::moves(ctx, what, None, None).await.unwrap();
    assert_eq!((found.from, found.to), (EARLIER.to_string(), LAST.to_string()));
    let told: BTreeMap<_, _> =
        found.moves.iter().map(|one| ((one.before.as_ref(), one.after.as_ref()), one.n.unwrap())).collect();
    assert_eq!(told, expected.iter().map(|(key, ids)| (*key, ids.len() as u64)).collect());
    assert_eq!((found.n_before, found.n_after), (Some(before.len() as u64), Some(after.len() as u64)));
    let n_all = [found.n_stayed, found.n_moved, found.n_new, found.n_gone].into_iter().map(Option::unwrap).sum::<u64>();
    assert_eq!(n_all, everybody.len() as u64);
    for ((was, is), ids) in expected {
        let mut told = Vec::new();
        let mut later_than = None;
        loop {
            let (from, to) = ((Some(EARLIER), was.map(String::as_str)), (Some(LAST), is.map(String::as_str)));
            let page = history::movers(ctx, what, from, to, later_than, 2).await.unwrap();
            told.extend(page.customers.iter().map(|one| one.profile_id.get()));
            later_than = page.next;
            if later_than.is_none() {
                break;
            }
        }
        assert_eq!(told, ids, "{was:?} to {is:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_past_is_told_as_it_was_written() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 7).await;
    let error = history::moves(&ctx, &What::Tier, None, None).await.unwrap_err();
    assert!(error.message_zh.contains("zhike refresh"), "{error:?}");
    let rule =
        json!({"all": [{"measure": {"of": "orders", "window": {"last": 30, "unit": "day"}}, "op": "ge", "value": 1}]});
    let spec = Spec { rule: Some(rule), ..serde_json::from_value(json!({"name": "recent"})).unwrap() };
    let segment = segments::put(&ctx, None, spec, None).await.unwrap();
    refreshed(&ctx, EARLIER).await;
    let error = history::moves(&ctx, &What::Tier, Some(date(2026, 1, 1)), None).await.unwrap_err();
    assert!(error.message.contains("2026-02-10"), "{error:?}");
    assert!(history::moves(&ctx, &What::Tier, None, None).await.is_err(), "one day has none before it");
    refreshed(&ctx, LAST).await;
    for what in ["tier", "rfm_segment", "tag:activity", "tag:order_count"] {
        let what = What::parse(what).unwrap();
        moves_are_those_written(&ctx, &what).await;
    }
    assert!(What::parse("tag:").is_err() && What::parse("city").is_err());
    let days = history::days(&ctx, &What::Tier).await.unwrap();
    let told: Vec<&str> = days.iter().map(|day| day.as_of.as_str()).collect();
    assert_eq!(told, [EARLIER.to_string(), LAST.to_string()]);

    let members = async |day: Date| {
        let page = segments::members(&ctx, &segment, Some(day), None, 1_000).await.unwrap();
        page.members.iter().map(|member| member.customer.profile_id.get()).collect::<BTreeSet<i64>>()
    };
    let (was, is) = (members(EARLIER).await, members(LAST).await);
    assert!(!was.is_empty() && was != is, "{was:?} {is:?}");
    let changes = history::changes(&ctx, EARLIER, LAST).await.unwrap();
    let counts = (changes.segments[0].n_before, changes.segments[0].n_after, changes.segments[0].n_same);
    let n = |n: usize| Some(n as u64);
    assert_eq!(counts, (n(was.len()), n(is.len()), n(was.intersection(&is).count())));
    assert!(history::changes(&ctx, LAST, EARLIER).await.is_err());
    for change in &changes.tags {
        let what = What::Tag(change.key.clone());
        let (before, after) = (written(&ctx, &what, EARLIER).await, written(&ctx, &what, LAST).await);
        let n_same = before.iter().filter(|(id, value)| after.get(id) == Some(value)).count();
        let counts = (change.n_before, change.n_after, change.n_same);
        assert_eq!(counts, (n(before.len()), n(after.len()), n(n_same)), "{}", change.key);
    }
    assert!(changes.tags.len() > 20, "{}", changes.tags.len());

    for id in &was {
        let past = history::of_profile(&ctx, ProfileId::new(*id), Some(EARLIER)).await.unwrap();
        assert_eq!(past.stays.len(), 1);
        assert_eq!(past.scores.map(|one| one.tier), written(&ctx, &What::Tier, EARLIER).await.remove(id));
        assert_eq!(past.days.len(), 2);
        let sql = format!("SELECT tag, value FROM tags WHERE as_of = '{EARLIER}' AND profile_id = {id} ORDER BY tag");
        let told: Vec<String> = past.tags.iter().map(|tag| format!("{}|{}", tag.key, tag.value)).collect();
        assert_eq!(told, rows(&ctx, &sql).await);
    }
    // A tag that people put holds from when they put it on.
    let one = ProfileId::new(*was.first().unwrap());
    tags::set(&ctx, one, "vip", "yes", "chen", None).await.unwrap();
    let has = async |day: Option<Date>| {
        history::of_profile(&ctx, one, day).await.unwrap().tags.iter().any(|tag| tag.key == "vip")
    };
    assert!(has(None).await && !has(Some(EARLIER)).await);
}
