//! A customer's timeline: pages put together are everything once, in order; and who looked is in the trail.

use std::collections::BTreeSet;

use proptest::prelude::*;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::profiles::{self, HappeningKind, Show, TimelineFilter};
use zhike_engine::{Ctx, segments};

use crate::segments::{everybody, shop};
use crate::support::{Home, load, rows};

/// Every page, one after the other.
async fn paged(ctx: &Ctx, id: ProfileId, filter: &TimelineFilter, limit: usize) -> Vec<profiles::Happening> {
    let mut all: Vec<profiles::Happening> = Vec::new();
    let mut filter = filter.clone();
    loop {
        let page = profiles::timeline(ctx, id, &filter, limit).await.unwrap();
        assert!(page.items.len() == limit || !page.has_more);
        filter.before = page.items.last().map(|one| one.place.clone());
        all.extend(page.items);
        if !page.has_more {
            return all;
        }
    }
}

/// What the tables hold of a customer, by SQL.
async fn counted(ctx: &Ctx, id: ProfileId) -> Vec<u64> {
    let mut counts = Vec::new();
    for sql in [
        "FROM orders WHERE kind <> 'refund' AND",
        "FROM (SELECT source, order_id AS id, profile_id FROM orders WHERE kind = 'refund' \
         UNION SELECT source, refund_order_id, profile_id FROM refunds) WHERE",
        "FROM events WHERE",
        "FROM interactions WHERE",
        "FROM feedback WHERE",
        "FROM touches WHERE",
    ] {
        let found = rows(ctx, &format!("SELECT count(*) {sql} profile_id = {}", id.get())).await;
        counts.push(found[0].parse().unwrap());
    }
    counts
}

async fn a_shop(home: &Home) -> Ctx {
    let ctx = home.open().await;
    shop(&ctx, home, 3).await;
    let mut lines = String::from("order_id,line_no,member_id,ordered_at,product_id,quantity,unit_price,status\n");
    for one in 0..12 {
        // Bought in the morning, given back by a document of its own at night.
        lines.push_str(&format!("L{one},1,M{},2026-03-0{} 09:00:00,P1,2,10,completed\n", one % 6, one % 9 + 1));
        lines.push_str(&format!("C-L{one},1,M{},2026-03-0{} 21:00:00,P1,-1,10,refunded\n", one % 6, one % 9 + 1));
    }
    load(&ctx, &home.file("lines.csv", lines), Entity::OrderLines).await.unwrap();
    let mut touches = String::from("touch_id,member_id,channel,at,outcome\n");
    let mut contacts = String::from("interaction_id,member_id,kind,opened_at,topic\n");
    for one in 0..30 {
        // Many at the same instant: the place decides between them.
        touches.push_str(&format!("t{one},M{},短信,2026-03-05 10:00:00,delivered\n", one % 6));
        contacts.push_str(&format!("c{one},M{},call,2026-03-05 10:00:00,催货\n", one % 6));
    }
    load(&ctx, &home.file("touches.csv", touches), Entity::Touches).await.unwrap();
    load(&ctx, &home.file("contacts.csv", contacts), Entity::Interactions).await.unwrap();
    ctx
}

/// INV-TIMELINE-1.
#[test]
fn pages_put_together_are_everything_once_in_order() {
    let home = Home::sqlite();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let ctx = runtime.block_on(a_shop(&home));
    let people = runtime.block_on(everybody(&ctx));
    let mut seen = BTreeSet::new();
    for &id in &people {
        let all = runtime.block_on(paged(&ctx, id, &TimelineFilter::default(), 100_000));
        let n = |kind: HappeningKind| all.iter().filter(|one| one.place.kind == kind).count() as u64;
        let found: Vec<u64> = HappeningKind::ALL.into_iter().map(n).collect();
        assert_eq!(found, runtime.block_on(counted(&ctx, id)), "{id}");
        seen.extend(all.iter().map(|one| one.place.kind));
        assert!(all.windows(2).all(|pair| pair[0].place > pair[1].place), "newest first, each once");
    }
    assert_eq!(seen.len(), HappeningKind::ALL.len(), "{seen:?}");

    let law = (
        any::<prop::sample::Index>(),
        1_usize..9,
        prop::sample::subsequence(HappeningKind::ALL.to_vec(), 0..=6),
        prop::option::of(Just("短信".to_owned())),
        prop::option::of(1_i8..28),
    );
    proptest!(ProptestConfig::with_cases(40), |((who, limit, kinds, channel, day) in law)| {
        let id = people[who.index(people.len())];
        let day = day.map(|day| jiff::civil::date(2026, 3, day));
        let filter = TimelineFilter { kinds, channel, day, before: None };
        let all = runtime.block_on(paged(&ctx, id, &TimelineFilter::default(), 100_000));
        let end = day.map(|day| ctx.workspace().day_start(zhike_engine::workspace::day_number(day) + 1));
        let wanted: Vec<_> = all
            .into_iter()
            .filter(|one| filter.kinds.is_empty() || filter.kinds.contains(&one.place.kind))
            .filter(|one| filter.channel.is_none() || filter.channel == one.channel)
            .filter(|one| end.is_none_or(|end| one.place.at.is_some_and(|at| at < end)))
            .collect();
        prop_assert_eq!(runtime.block_on(paged(&ctx, id, &filter, limit)), wanted);
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_says_how_much_and_of_which_order() {
    let home = Home::sqlite();
    let ctx = a_shop(&home).await;
    let sql =
        "SELECT refund_order_id, order_id, CAST(sum(amount) * 100 AS BIGINT), profile_id FROM refunds GROUP BY 1, 2, 4";
    let netted = rows(&ctx, sql).await;
    assert!(netted.len() >= 12, "{netted:?}");
    for line in netted {
        let parts: Vec<&str> = line.split('|').collect();
        let id = ProfileId::new(parts[3].parse().unwrap());
        let filter = TimelineFilter { kinds: vec![HappeningKind::Refund], ..TimelineFilter::default() };
        let found = paged(&ctx, id, &filter, 3).await;
        let one = found.iter().find(|one| one.place.id == parts[0]).unwrap();
        assert_eq!(one.order_id.as_deref(), Some(parts[1]));
        assert_eq!(one.amount.unwrap().to_string(), parts[2]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_looked_is_in_the_trail_of_the_customer_and_of_nobody_else() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 1).await;
    let people = everybody(&ctx).await;
    for reason in ["核对地址", "call back 13800138000", "again"] {
        let show = Show::Clear { actor: "owner".into(), reason: reason.into(), up_to_grade: 4, approval: None };
        profiles::view(&ctx, people[0], &show).await.unwrap();
    }
    let first = profiles::acts(&ctx, people[0], None, 2).await.unwrap();
    assert_eq!(first.len(), 2);
    assert!(first.iter().all(|row| row.action == "profile.unmask" && row.actor == "owner"), "{first:?}");
    assert!(!first[1].detail_json.contains("13800138000"), "{}", first[1].detail_json);
    let rest = profiles::acts(&ctx, people[0], Some(first[1].seq), 2).await.unwrap();
    assert_eq!(rest.len(), 1);
    assert!(rest[0].seq < first[1].seq && rest[0].detail_json.contains("核对地址"));
    assert!(profiles::acts(&ctx, people[1], None, 10).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_segments_of_a_customer_are_those_that_list_them() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 2).await;
    let spec = |name: &str, n: u64| segments::Spec {
        name: name.into(),
        description: String::new(),
        purpose: String::new(),
        refresh: segments::Refresh::Daily,
        rule: Some(serde_json::json!({"measure": {"of": "orders"}, "op": "ge", "value": n})),
        archived_at: None,
        created_at: 0,
    };
    let mut made = Vec::new();
    for (name, n) in [("some", 1), ("more", 3)] {
        made.push(segments::put(&ctx, None, spec(name, n), None).await.unwrap());
    }
    segments::refresh(&ctx, None, None).await.unwrap();
    // One of them is left by everybody who has not a hundred orders.
    segments::put(&ctx, Some(made[1].id), spec("more", 100), None).await.unwrap();
    segments::refresh(&ctx, None, None).await.unwrap();
    let mut n_left = 0;
    for id in everybody(&ctx).await {
        let found = segments::of_profile(&ctx, id).await.unwrap();
        let now: Vec<&str> =
            found.iter().filter(|one| one.until.is_none()).map(|one| one.segment.spec.name.as_str()).collect();
        n_left += found.iter().filter(|one| one.until.is_some()).count();
        for segment in &made {
            let members = segments::members(&ctx, segment, None, None, 1_000).await.unwrap();
            let is_member = members.members.iter().any(|member| member.customer.profile_id == id);
            assert_eq!(now.contains(&segment.spec.name.as_str()), is_member, "{id} {}", segment.spec.name);
        }
    }
    assert!(n_left > 0);
}
