//! Sessions of live events: those of the rule, in whatever order events arrive.

use std::collections::BTreeMap;

use zhike_domain::collect::message::{Kind, Message};
use zhike_domain::collect::session::{self, Seen};
use zhike_domain::script::{self, Script};
use zhike_engine::{Ctx, ingest};

use crate::live::{feed, message, send, source};
use crate::support::{Home, rows};

const MINUTE: i64 = 60;

/// For each event the smallest id of its session's events, by the rule over the sorted events of each visitor.
fn by_the_rule(messages: &[Message]) -> BTreeMap<String, String> {
    let is_row = |message: &&Message| match message.kind {
        Kind::Link | Kind::Unlink => message.event.is_some(),
        kind => kind.is_event(),
    };
    let mut visitors: BTreeMap<_, BTreeMap<(i64, &str), &Message>> = BTreeMap::new();
    for message in messages.iter().filter(is_row) {
        let ids = &message.identities;
        let visitor = ids.iter().find(|id| id.is_anonymous()).or(ids.iter().min_by_key(|id| id.kind.strength()));
        visitors.entry(visitor).or_default().insert((message.occurred_at, &message.message_id), message);
    }
    let mut first: BTreeMap<String, String> = BTreeMap::new();
    for events in visitors.into_values() {
        let seen =
            |(&(at, _), message): (&(i64, &str), &&Message)| Seen { at, campaign: session::campaign(&message.context) };
        let seen: Vec<Seen> = events.iter().map(seen).collect();
        let (_, starts) = session::follow(Vec::new(), &seen);
        let mut of_session: BTreeMap<i64, Vec<&str>> = BTreeMap::new();
        for ((_, id), start) in events.keys().zip(starts) {
            of_session.entry(start).or_default().push(id);
        }
        for ids in of_session.into_values() {
            let smallest = ids.iter().min().copied().unwrap_or_default();
            first.extend(ids.iter().map(|id| ((*id).to_owned(), smallest.to_owned())));
        }
    }
    first
}

async fn in_the_tables(ctx: &Ctx) -> BTreeMap<String, String> {
    let sql = "SELECT event_id, min(event_id) OVER (PARTITION BY session_id) FROM events WHERE session_id IS NOT NULL";
    let lines = rows(ctx, sql).await;
    lines.iter().filter_map(|line| line.split_once('|')).map(|(id, first)| (id.to_owned(), first.to_owned())).collect()
}

/// INV-SESSION-2 through log, state, lake and query; across a restart as well.
#[tokio::test(flavor = "multi_thread")]
async fn sessions_are_those_of_the_rule_in_any_order() {
    for seed in [4, 6] {
        let messages = Script::generate(seed, 150);
        let expected = by_the_rule(&messages);
        assert!(expected.values().collect::<std::collections::BTreeSet<_>>().len() > 10);
        for (order, request, every) in [
            (messages.clone(), 9, 1),
            (script::shuffled(&messages, seed), 5, 2),
            (script::permute(&messages, seed), 150, 1),
        ] {
            let home = Home::sqlite();
            let ctx = home.open().await;
            let site = source(&ctx, "site").await;
            feed(&ctx, &site, &order, request, every).await;
            assert_eq!(in_the_tables(&ctx).await, expected, "seed {seed}, requests of {request}");
            ctx.close().await;
            assert_eq!(in_the_tables(&home.open().await).await, expected, "opened again");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn late_events_join_and_part_sessions() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let event = |id: &str, minute: i64, campaign: Option<&str>| {
        let mut event = message(id, minute * MINUTE, Kind::Track, &["anon:a1"]);
        event.context.utm_campaign = campaign.map(str::to_owned);
        event
    };
    let sessions = "SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM events GROUP BY session_id ORDER BY 1";
    send(&ctx, &site, &[event("a", 0, None), event("c", 45, None), event("e", 60, None)]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, sessions).await, ["a", "c e"]);
    send(&ctx, &site, &[event("b", 20, None)]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, sessions).await, ["a b c e"], "it fills the pause");
    send(&ctx, &site, &[event("d", 50, Some("spring"))]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, sessions).await, ["a b c", "d e"], "a campaign brought the visitor back");
    // Signing in ends no session, and a merge changes none.
    let mut order = message("f", 70 * MINUTE, Kind::Track, &["member_id:M1", "anon:a1"]);
    order.event = Some("Order Completed".into());
    send(&ctx, &site, &[order]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, sessions).await, ["a b c", "d e f"]);
    let people = "SELECT count(DISTINCT profile_id), count(DISTINCT session_id), min(length(session_id)) FROM events";
    assert_eq!(rows(&ctx, people).await, ["1|2|32"]);
    // The session of today can be asked for, and columns beside it are untouched by it.
    let asked = "SELECT count(*) FROM events WHERE session_id = (SELECT session_id FROM events WHERE event_id = 'e')";
    assert_eq!(rows(&ctx, asked).await, ["3"]);
    assert_eq!(rows(&ctx, "SELECT count(*), min(event_id) FROM events WHERE utm_campaign = 'spring'").await, ["1|d"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn back_ends_have_sessions_of_the_person() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let (site, app) = (source(&ctx, "site").await, source(&ctx, "app").await);
    let at = |id: &str, who: &[&str]| message(id, 0, Kind::Track, who);
    send(&ctx, &site, &[at("a", &["member_id:M1", "anon:x"]), at("b", &["member_id:M1"]), at("c", &["anon:x"])]).await;
    send(&ctx, &app, &[at("d", &["anon:x"])]).await;
    ingest::drain(&ctx).await.unwrap();
    let sessions = "SELECT string_agg(event_id, ' ' ORDER BY event_id) FROM events GROUP BY session_id ORDER BY 1";
    assert_eq!(rows(&ctx, sessions).await, ["a c d", "b"], "a visitor's id is the same everywhere");
}
