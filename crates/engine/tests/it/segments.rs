//! Segments on real stores: the bulk answer is that of each customer alone, history is kept once, lists are imported.

use std::collections::BTreeSet;

use jiff::civil::date;
use serde_json::{Value, json};
use zhike_domain::audience::sample::{self, CHANNELS, Dice, EVENTS, PROVINCES, PURPOSES};
use zhike_domain::consent::Policy;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::segments::{self, Refresh, Spec};
use zhike_engine::{Ctx, consents, import};

use crate::support::{Home, NOW, load, rows};

/// The last day of the made-up shop.
pub(crate) const LAST: jiff::civil::Date = date(2026, 3, 31);
/// Its days since 1970.
pub(crate) const LAST_DAY: i64 = 20_543;
const N_PEOPLE: u64 = 14;

fn day(dice: &mut Dice) -> String {
    LAST.checked_sub(jiff::Span::new().days(dice.below(120) as i64)).unwrap().to_string()
}

/// A shop of some customers with everything that rules ask about, some of them known by phone first and by both later.
pub(crate) async fn shop(ctx: &Ctx, home: &Home, seed: u64) {
    let mut dice = Dice::new(seed);
    let who = |customer: u64, by_phone: bool| match by_phone {
        true => format!(",1371234{customer:04}"),
        false => format!("M{customer},"),
    };
    let time = |dice: &mut Dice| format!("{} {:02}:{:02}:00", day(dice), dice.below(24), dice.below(60));
    let mut orders = String::from("order_id,member_id,phone,ordered_at,amount,refunded_amount,status,channel,gift\n");
    let mut items = String::from("order_id,line_no,member_id,phone,ordered_at,product_id,quantity,unit_price,amount\n");
    for order in 0..60 {
        let (customer, by_phone) = (dice.below(N_PEOPLE), dice.below(2) == 0);
        let (who, at, channel) = (who(customer, by_phone), time(&mut dice), dice.of(&CHANNELS));
        let amount = 10 + dice.below(300);
        let (status, refund) = match dice.below(6) {
            0 => ("created", 0),
            1 => ("refunded", amount),
            2 => ("partial_refund", amount / 2),
            _ => ("completed", 0),
        };
        orders.push_str(&format!("T{order},{who},{at},{amount}.50,{refund},{status},{channel},{}\n", dice.below(2)));
        for line in 1..=1 + dice.below(2) {
            let product = 1 + dice.below(3);
            let quantity = 1 + dice.below(4);
            items.push_str(&format!("T{order},{line},{who},{at},P{product},{quantity},5.00,{}.00\n", quantity * 5));
        }
    }
    let mut events = String::from("event_id,event,occurred_at,member_id,phone,channel,plan,n\n");
    for event in 0..90 {
        let who = who(dice.below(N_PEOPLE), dice.below(3) == 0);
        let (name, at, plan) = (dice.of(&EVENTS), time(&mut dice), dice.of(&["pro", "free", "5", ""]));
        events.push_str(&format!("e{event},{name},{at},{who},web,{plan},{}\n", dice.below(6)));
    }
    let mut feedback = String::from("feedback_id,member_id,at,kind,score\n");
    for one in 0..20 {
        let at = time(&mut dice);
        feedback.push_str(&format!("f{one},M{},{at},nps,{}\n", dice.below(N_PEOPLE), dice.below(11)));
    }
    let products = "product_id,name,brand\nP1,One,acme\nP2,Two,zen\nP3,Three,\n";
    let mut people = String::from("member_id,phone,name,province,registered_on,size\n");
    for customer in 0..N_PEOPLE {
        let province = if dice.below(5) == 0 { "" } else { dice.of(&PROVINCES) };
        let (name, size) = (if dice.below(2) == 0 { "张三" } else { "" }, dice.below(5));
        people.push_str(&format!("M{customer},1371234{customer:04},{name},{province},{},{size}\n", day(&mut dice)));
    }
    // Orders and events come before it is known that member and phone are one.
    for (name, text, entity) in [
        ("orders.csv", orders.as_str(), Entity::Orders),
        ("items.csv", &items, Entity::OrderItems),
        ("events.csv", &events, Entity::Events),
        ("products.csv", products, Entity::Products),
        ("feedback.csv", &feedback, Entity::Feedback),
        ("people.csv", &people, Entity::Profiles),
    ] {
        let report = load(ctx, &home.file(&format!("{seed}-{name}"), text), entity).await.unwrap();
        assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
    }
    // What they said, to this notice and the one before; by number and by phone.
    let mut notice = consents::purpose(ctx, "marketing_sms").await.unwrap();
    let since = NOW - 260 * 86_400_000_000;
    notice.policies.push(Policy { version: "2".into(), since, accepts_older: false });
    consents::put_purpose(ctx, notice, "tester").await.unwrap();
    for kind in ["member_id", "phone"] {
        let mut said = format!("{kind},purpose,granted,at\n");
        for _ in 0..30 {
            let customer = dice.below(N_PEOPLE);
            let who = if kind == "phone" { format!("1371234{customer:04}") } else { format!("M{customer}") };
            let (purpose, word, at) = (dice.of(&PURPOSES[..2]), dice.of(&["yes", "no", "同意"]), time(&mut dice));
            said.push_str(&format!("{who},{purpose},{word},{at}\n"));
        }
        let file = home.file(&format!("{seed}-{kind}.csv"), said);
        let done = consents::import(ctx, import::file_at(&file), None, "tester").await.unwrap();
        assert!(done.n_recorded > 10 && done.n_refused == 0, "{done:?}");
    }
}

pub(crate) async fn everybody(ctx: &Ctx) -> Vec<ProfileId> {
    let ids = rows(ctx, "SELECT profile_id FROM profiles WHERE n_identities > 0 ORDER BY 1").await;
    ids.iter().map(|id| ProfileId::new(id.parse().unwrap())).collect()
}

/// INV-SEGMENTS-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_bulk_answer_is_that_of_each_customer_alone() {
    let mut sizes = BTreeSet::new();
    for world in 0..3 {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, world).await;
        refresh::refresh(&ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
        let people = everybody(&ctx).await;
        assert!((N_PEOPLE as usize - 2..=N_PEOPLE as usize).contains(&people.len()), "{}", people.len());
        for seed in 0..40 {
            let rule = sample::rule(world * 1000 + seed, LAST_DAY).to_json();
            // Now and then a day in the past: refunds and scores of later days do not count.
            let past = LAST.checked_sub(jiff::Span::new().days(40)).unwrap();
            let as_of = if seed % 4 == 0 { past } else { LAST };
            let bulk = segments::matching(&ctx, &rule, Some(as_of)).await.unwrap();
            let mut alone = Vec::new();
            for &id in &people {
                if segments::holds(&ctx, &rule, id, Some(as_of)).await.unwrap() {
                    alone.push(id);
                }
            }
            sizes.insert(bulk.len());
            assert_eq!(bulk, alone, "world {world}, rule {seed} as of {as_of}: {rule}");
        }
    }
    // Rules that everybody or nobody passes would prove little.
    assert!(sizes.len() > 5, "{sizes:?}");
}

fn orders(n: u64) -> Value {
    json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": n}]})
}

fn spec(name: &str, rule: Value) -> Spec {
    Spec {
        name: name.into(),
        description: String::new(),
        purpose: "analysis".into(),
        refresh: Refresh::Daily,
        rule: Some(rule),
        archived_at: None,
        created_at: 0,
    }
}

/// Members at the end of a day by SQL, as anybody could ask.
async fn members_on(ctx: &Ctx, name: &str, day: jiff::civil::Date) -> Vec<String> {
    let sql = format!(
        "SELECT i.value FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id \
         JOIN identities i ON i.profile_id = m.profile_id AND i.kind = 'member_id' \
         WHERE s.name = '{name}' AND m.since < TIMESTAMP '{day}T16:00:00Z' \
         AND (m.until IS NULL OR m.until >= TIMESTAMP '{day}T16:00:00Z') ORDER BY 1"
    );
    rows(ctx, &sql).await
}

fn sale(order: u64, member: &str, day: jiff::civil::Date) -> String {
    format!("order_id,member_id,ordered_at,amount,status\nT{order},{member},{day} 10:00:00,50,completed\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn history_tells_who_was_in_it_on_a_day_and_a_crash_doubles_nothing() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let days = [date(2026, 1, 1), date(2026, 1, 10), date(2026, 2, 5), date(2026, 3, 1)];
    let recent = json!({"measure": {"of": "orders", "window": {"last": 30, "unit": "day"}}, "op": "ge", "value": 1});
    let segment = segments::put(&ctx, None, spec("recent", recent), None).await.unwrap();
    for (order, (member, day)) in ["M1", "M2", "M1", "M3"].into_iter().zip(days).enumerate() {
        load(&ctx, &home.file("more.csv", sale(order as u64, member, day)), Entity::Orders).await.unwrap();
        for step in ["segments.staged", "segments.published"] {
            ctx.fail_at(step);
            assert!(segments::refresh(&ctx, None, None).await.is_err(), "{step}");
        }
        let done = segments::refresh(&ctx, None, None).await.unwrap();
        assert!(done[0].is_computed, "{done:?}");
        let again = segments::refresh(&ctx, None, None).await.unwrap();
        assert!(!again[0].is_computed, "{again:?}");
    }
    let expected: [&[&str]; 4] = [&["M1"], &["M1", "M2"], &["M1", "M2"], &["M1", "M3"]];
    for (day, expected) in days.into_iter().zip(expected) {
        assert_eq!(members_on(&ctx, "recent", day).await, expected, "{day}");
        // The rule as of that day says the same.
        let rule = segment.spec.rule.clone().unwrap();
        assert_eq!(segments::matching(&ctx, &rule, Some(day)).await.unwrap().len(), expected.len());
        let page = segments::members(&ctx, &segment, Some(day), None, 10).await.unwrap();
        assert_eq!(page.members.len(), expected.len());
    }
    // One row per stay: M2 left, M1 and M3 are in.
    let stays = rows(&ctx, "SELECT count(*), count(until) FROM segment_members").await;
    assert_eq!(stays, ["3|1"]);
    let sizes = segments::sizes(&ctx, &segment).await.unwrap();
    let sizes: Vec<(&str, u64, u64, u64)> = sizes
        .iter()
        .map(|size| (size.day.as_str(), size.n_members.unwrap(), size.n_joined.unwrap(), size.n_gone.unwrap()))
        .collect();
    assert_eq!(sizes, [("2026-01-01", 1, 1, 0), ("2026-01-10", 2, 1, 0), ("2026-03-01", 2, 1, 1)]);
    let earlier = segments::refresh(&ctx, Some(segment.id), Some(days[0])).await;
    assert!(earlier.unwrap_err().message.contains("2026-03-01"));
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_are_versioned_checked_and_may_name_each_other_but_not_in_a_circle() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 7).await;
    let one = segments::put(&ctx, None, spec("one", orders(1)), None).await.unwrap();
    let two = json!({"all": [{"segment": one.id.to_string(), "op": "in"}, orders(3)["all"][0]]});
    let two = segments::put(&ctx, None, spec("two", two), None).await.unwrap();
    assert!(two.sentence.0.contains("在分群“one”中"), "{:?}", two.sentence);
    let circle = json!({"segment": two.id.to_string(), "op": "in"});
    let refused = segments::put(&ctx, Some(one.id), spec("one", circle), None).await.unwrap_err();
    assert_eq!((refused.code.as_str(), refused.problems[0].pointer.as_str()), ("invalid_segment", "/segment"));
    assert_eq!(segments::put(&ctx, None, spec("one", orders(2)), None).await.unwrap_err().code.as_str(), "conflict");
    let newer = segments::put(&ctx, Some(one.id), spec("one", orders(2)), Some(1)).await.unwrap();
    assert_eq!(newer.version, 2);
    let late = segments::put(&ctx, Some(one.id), spec("one", orders(3)), Some(1)).await.unwrap_err();
    assert_eq!(late.code.as_str(), "conflict");
    assert_eq!(segments::archive(&ctx, one.id, true).await.unwrap_err().code.as_str(), "conflict");
    segments::archive(&ctx, two.id, true).await.unwrap();
    assert_eq!(segments::list(&ctx, false).await.unwrap().len(), 1);
    let back = segments::archive(&ctx, two.id, false).await.unwrap();

    let preview = segments::preview(&ctx, &back.spec.rule.unwrap(), Some(back.id), None, None).await.unwrap();
    assert_eq!(preview.funnel.len(), 2);
    let excluded = preview.count.excluded.as_ref().map_or(0, consents::Excluded::total);
    let n = preview.count.count.unwrap();
    assert_eq!(preview.funnel[1].left, Some(n + excluded));
    assert!(preview.funnel[0].left >= preview.funnel[1].left && n > 0);
    assert!(preview.sample.len() <= 5 && !preview.sample.is_empty());
    let shown = preview.sample[0].profile_id;
    let why = segments::why(&ctx, &back_of(&ctx, "two").await, shown, None).await.unwrap();
    assert!(why.holds && why.conditions.iter().all(|one| one.holds));
    assert!(why.conditions[1].value.as_deref().is_some_and(|n| n.parse::<u64>().is_ok_and(|n| n >= 3)));
}

async fn back_of(ctx: &Ctx, name: &str) -> segments::Segment {
    segments::get(ctx, name).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_imported_overlap_and_follow_people_who_turn_out_to_be_one() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let people = "member_id,phone\nM1,13700000001\nM2,13700000002\nM3,\n,13700000004\n";
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    let file = home.file("vip.csv", "手机\n137-0000-0001\n13700000004\n13799999999\nnone\n");
    let done = segments::import(&ctx, "vip", import::file_at(&file), IdentityKind::Phone, None).await.unwrap();
    assert_eq!((done.n_rows, done.n_invalid, done.n_unknown, done.n_found, done.n_joined), (4, 1, 1, 2, 2));
    let again = segments::import(&ctx, "vip", import::file_at(&file), IdentityKind::Phone, None).await.unwrap();
    assert_eq!((again.n_found, again.n_joined), (2, 0));
    // A file without a title: its first line counts too.
    let bare = home.file("bare.csv", "M1\nM2\n");
    let bare = segments::import(&ctx, "bare", import::file_at(&bare), IdentityKind::MemberId, None).await.unwrap();
    assert_eq!(bare.n_found, 2);
    let (sizes, overlaps, _) = segments::overlap(&ctx, &[done.segment.clone(), bare.segment], None).await.unwrap();
    assert_eq!(sizes, [Some(2), Some(2)]);
    let overlaps: Vec<(Vec<usize>, u64)> = overlaps.into_iter().map(|one| (one.segments, one.count.unwrap())).collect();
    assert_eq!(overlaps, [(vec![0], 1), (vec![0, 1], 1), (vec![1], 1)]);
    // The fourth turns out to be the first.
    let joins = "member_id,phone\nM1,13700000004\n";
    load(&ctx, &home.file("joins.csv", joins), Entity::Profiles).await.unwrap();
    segments::refresh(&ctx, None, None).await.unwrap();
    let page = segments::members(&ctx, &done.segment, None, None, 10).await.unwrap();
    let n_people = rows(&ctx, "SELECT count(*) FROM profiles WHERE n_identities > 0").await;
    assert_eq!((page.members.len(), n_people), (1, vec!["3".to_owned()]));
}

#[tokio::test(flavor = "multi_thread")]
async fn comparing_finds_what_sets_a_segment_apart() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut people = String::from("member_id,province,gender\n");
    for n in 0..40 {
        let (province, gender) = (if n < 20 { "浙江" } else { "四川" }, if n % 2 == 0 { "男" } else { "女" });
        people.push_str(&format!("M{n},{province},{gender}\n"));
    }
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    let rule = json!({"trait": "province", "op": "eq", "value": "浙江"});
    let segment = segments::put(&ctx, None, spec("zhejiang", rule), None).await.unwrap();
    let compared = segments::compare(&ctx, &segment, None, None).await.unwrap();
    assert_eq!((compared.n_left, compared.n_right, compared.n_both), (Some(20), Some(40), Some(20)));
    let first = &compared.differences[0];
    assert_eq!((first.field.as_str(), first.left, first.right.max(0.5)), ("province", first.left, 0.5));
    assert!(compared.differences.iter().all(|one| one.field != "gender"), "{:?}", compared.differences);
}

/// INV-SEGMENTS-3.
#[tokio::test(flavor = "multi_thread")]
async fn live_segments_follow_events_and_equal_a_refresh() {
    use zhike_domain::collect::message::{Dialect, Identity, Kind, Message};
    let home = Home::sqlite();
    let ctx = home.open().await;
    let source = crate::live::source(&ctx, "app").await;
    let at_most = |n: u64| {
        let cart = json!([{"field": "event", "op": "eq", "value": "cart"}]);
        json!({"all": [
            {"measure": {"of": "events", "where": cart}, "op": "ge", "value": 1},
            {"measure": {"of": "events"}, "op": "le", "value": n},
        ]})
    };
    let live = Spec { refresh: Refresh::Live, ..spec("live", at_most(2)) };
    let segment = segments::put(&ctx, None, live, None).await.unwrap();
    let hour = 3_600_000_000;
    let send = async |ctx: &Ctx, id: &str, hours: i64, who: &str, event: &str| {
        let mut message = Message::new(Dialect::Segment, Kind::Track, id.to_owned(), NOW);
        message.occurred_at = NOW - hours * hour;
        message.event = Some(event.to_owned());
        message.add_identity(Identity::new(IdentityKind::MemberId, who));
        zhike_engine::collect::collect(ctx, &source, crate::live::body(&[message]), NOW).await.unwrap();
        zhike_engine::ingest::drain(ctx).await.unwrap();
    };
    let who = "SELECT i.value, count(*), count(m.until) FROM segment_members m JOIN identities i \
               ON i.profile_id = m.profile_id AND i.kind = 'member_id' GROUP BY 1 ORDER BY 1";
    send(&ctx, "1", 9, "M1", "view").await;
    assert!(rows(&ctx, who).await.is_empty());
    send(&ctx, "2", 8, "M1", "cart").await;
    send(&ctx, "3", 7, "M2", "cart").await;
    assert_eq!(rows(&ctx, who).await, ["M1|1|0", "M2|1|0"]);
    send(&ctx, "4", 6, "M1", "view").await;
    assert_eq!(rows(&ctx, who).await, ["M1|1|1", "M2|1|0"]);
    let done = segments::refresh(&ctx, Some(segment.id), None).await.unwrap();
    assert_eq!((done[0].n_members, done[0].n_joined, done[0].n_gone), (Some(1), Some(0), Some(0)));
    // What could not be followed at once is found by the refresh.
    ctx.fail_at("segments.staged");
    send(&ctx, "5", 5, "M3", "cart").await;
    assert_eq!(rows(&ctx, who).await, ["M1|1|1", "M2|1|0"]);
    let done = segments::refresh(&ctx, Some(segment.id), None).await.unwrap();
    assert_eq!((done[0].n_members, done[0].n_joined, done[0].n_gone), (Some(2), Some(1), Some(0)));
}
