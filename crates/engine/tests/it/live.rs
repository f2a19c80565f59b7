//! Live collection: acknowledged means durable, each message once, in any order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use zhike_domain::collect::message::{Dialect, Identity, Kind, Message};
use zhike_domain::collect::plan::{EventPlan, Plan, PropertyPlan, Reaction, Sensitivity};
use zhike_domain::collect::{Arrival, Collected, Record, RejectCode, Rejected, Settings, segment};
use zhike_domain::id::BatchId;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::script::{self, START, Script};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::collect::{Ack, CollectError, collect, ip_region};
use zhike_engine::ingest::{self, Ingested};
use zhike_engine::sources::{self, NewSource, Source};
use zhike_engine::{Ctx, profiles, quarantine, segments, tags};

use crate::support::{Home, NOW, dump, load, rows};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;

pub async fn source(ctx: &Ctx, name: &str) -> Source {
    // A back end: what it says of several ids of one person holds.
    let settings = Some(Settings { proves_identity: true, ..Settings::default() });
    sources::create(ctx, NewSource { name: name.into(), settings, ..NewSource::default() }).await.unwrap()
}

pub fn body(messages: &[Message]) -> Collected {
    let record =
        |(index, message): (u32, &Message)| Record { index, project: None, token: None, outcome: Ok(message.clone()) };
    Collected { write_key: None, records: (0..).zip(messages).map(record).collect() }
}

pub async fn send(ctx: &Ctx, source: &Source, messages: &[Message]) -> Ack {
    collect(ctx, source, body(messages), NOW).await.unwrap()
}

/// A message of somebody at some seconds after the start.
pub fn message(id: &str, at: i64, kind: Kind, who: &[&str]) -> Message {
    let mut message = Message::new(Dialect::Segment, kind, id.to_owned(), NOW);
    message.occurred_at = START + at * SECOND;
    for who in who {
        let (kind, value) = who.split_once(':').unwrap();
        let kind = match kind {
            "anon" => IdentityKind::AnonymousId,
            kind => IdentityKind::parse(kind).unwrap(),
        };
        message.add_identity(Identity::new(kind, value));
    }
    if kind == Kind::Track {
        message.event = Some(format!("did {id}"));
    }
    message
}

/// Sessions, each named by the smallest id of its events.
const SESSIONS: &str = "(SELECT session_id, min(event_id) AS first_event FROM events GROUP BY session_id)";

/// Everything a user can see, without random ids; with what live collection adds.
pub async fn live_dump(ctx: &Ctx) -> Vec<String> {
    let who = "(SELECT profile_id, min(kind || ':' || value) AS who FROM identities WHERE status = 'active' GROUP BY profile_id)";
    let mut all = dump(ctx).await;
    for sql in [
        format!(
            "SELECT 'event', e.event_id, w.who, e.event, e.occurred_at, e.occurred_on, e.source, e.url, e.properties, s.first_event FROM events e LEFT JOIN {who} w ON w.profile_id = e.profile_id LEFT JOIN {SESSIONS} s USING (session_id)"
        ),
        format!(
            "SELECT 'traits', w.who, p.traits, p.first_seen_at, p.last_seen_at FROM profiles p LEFT JOIN {who} w ON w.profile_id = p.profile_id"
        ),
        format!(
            "SELECT 'member', s.name, w.who FROM segment_members m JOIN segments s ON s.segment_id = m.segment_id \
             LEFT JOIN {who} w ON w.profile_id = m.profile_id WHERE m.until IS NULL"
        ),
        format!("SELECT 'tag', t.tag, w.who, t.value FROM tags t LEFT JOIN {who} w ON w.profile_id = t.profile_id"),
        "SELECT 'money', order_id, amount, discount, refunded_amount, net_amount, channel, coupon_id FROM orders"
            .into(),
    ] {
        all.extend(rows(ctx, &sql).await);
    }
    all.sort();
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_named_once_and_known_by_key() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, " 官网 ").await;
    assert_eq!(site.name, "官网");
    let new = |name: &str| NewSource { name: name.into(), ..NewSource::default() };
    for bad in ["", "a\nb", "13912345678"] {
        assert!(sources::create(&ctx, new(bad)).await.is_err(), "{bad:?}");
    }
    let error = sources::create(&ctx, new("官网")).await.unwrap_err();
    assert!(error.message_zh.contains("已有"), "{error:?}");
    let origins = NewSource { allowed_origins: vec!["shop.example/x".into()], ..new("b") };
    assert!(sources::create(&ctx, origins).await.is_err());
    let kinds = NewSource { allowed_kinds: vec!["click".into()], ..new("b") };
    assert!(sources::create(&ctx, kinds).await.is_err());
    assert_eq!(sources::by_key(&ctx, &site.write_key).await.unwrap().as_deref(), Some(&site));
    let turned = sources::rotate_key(&ctx, site.source_id).await.unwrap();
    assert_eq!(sources::by_key(&ctx, &site.write_key).await.unwrap(), None);
    let mut changed = Source { is_enabled: false, name: "site".into(), ..turned.clone() };
    changed.plan.undeclared_properties = Reaction::Flag;
    let changed = sources::update(&ctx, changed).await.unwrap();
    assert_eq!((changed.plan.version, &changed.write_key), (1, &turned.write_key));
    assert_eq!(sources::list(&ctx).await.unwrap(), std::slice::from_ref(&changed));
    let error = collect(&ctx, &changed, body(&[message("m", 0, Kind::Track, &["anon:a"])]), NOW).await.unwrap_err();
    assert!(matches!(error, CollectError::Forbidden(_)), "{error:?}");
}

/// The key of a page is anybody's: with it nobody ties a phone to somebody's member number, or takes it from them.
#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_ties_nobody_together() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let till = source(&ctx, "till").await;
    let page = sources::create(&ctx, NewSource { name: "page".into(), ..NewSource::default() }).await.unwrap();
    send(&ctx, &till, &[message("t1", 0, Kind::Identify, &["member_id:M1", "phone:13957264831"])]).await;
    let said = [
        message("p1", 10, Kind::Identify, &["member_id:M1", "phone:13957264832", "anon:a"]),
        message("p2", 11, Kind::Identify, &["phone:13957264831", "email:a@example.com"]),
        message("p3", 12, Kind::Unlink, &["member_id:M1", "phone:13957264831"]),
        message("p4", 13, Kind::Alias, &["member_id:M2", "member_id:M1"]),
    ];
    send(&ctx, &page, &said).await;
    let mut taken = message("p5", 14, Kind::Identify, &["member_id:M1"]);
    taken.personal.insert("phone".into(), None);
    send(&ctx, &page, &[taken]).await;
    ingest::drain(&ctx).await.unwrap();
    let known = "SELECT string_agg(kind || ':' || profile_n, ' ' ORDER BY kind, profile_n) FROM (SELECT i.kind, \
                 dense_rank() OVER (ORDER BY p.first_seen_at, p.profile_id) AS profile_n FROM identities i \
                 JOIN profiles p USING (profile_id))";
    // The visitor belongs to whom it signed in as; nothing else was made.
    assert_eq!(rows(&ctx, known).await, ["anonymous_id:1 member_id:1 member_id:2 phone:1"]);
    let health = sources::health(&ctx).await.unwrap();
    let of_page = health.iter().find(|one| one.source_id == page.source_id).unwrap();
    assert_eq!(of_page.n_violations_24h, 5, "{of_page:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visitor_did_belongs_to_the_person_once_known() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let settings = Settings::default();
    let arrival = Arrival {
        received_at: NOW,
        request_id: "r1",
        peer_ip: Some("203.0.113.9"),
        user_agent: None,
        sent_at: None,
        settings: &settings,
    };
    let anonymous = json!({"batch": [
        {"type": "track", "messageId": "e1", "anonymousId": "a1", "event": "Product Viewed", "timestamp": "2026-11-20T08:00:00Z",
         "properties": {"product_id": "p1", "name": "衬衫", "price": 99.5}, "context": {"campaign": {"source": "wechat"}}},
        {"type": "track", "messageId": "e2", "anonymousId": "a1", "event": "Order Completed", "timestamp": "2026-11-20T08:05:00Z",
         "properties": {"order_id": "o1", "total": "199.00", "products": [{"product_id": "p1", "price": 99.5, "quantity": 2}]}},
    ]});
    let collected = segment::read(anonymous.to_string().as_bytes(), segment::Route::Batch, &arrival).unwrap();
    assert_eq!(collect(&ctx, &site, collected, NOW).await.unwrap(), Ack { n_accepted: 2, n_rejected: 0 });
    let done = ingest::drain(&ctx).await.unwrap();
    assert_eq!((done.n_read, done.n_taken, done.n_batches), (2, 2, 1));
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["1"]);
    let identify = json!({"type": "identify", "messageId": "i1", "anonymousId": "a1", "userId": "u1",
        "timestamp": "2026-11-20T09:00:00Z", "traits": {"name": "王芳", "phone": "13957264831", "level": "gold", "gender": "女"}});
    let collected =
        segment::read(identify.to_string().as_bytes(), segment::Route::Single(Kind::Identify), &arrival).unwrap();
    collect(&ctx, &site, collected, NOW).await.unwrap();
    ingest::drain(&ctx).await.unwrap();

    let person =
        rows(&ctx, "SELECT name, phone, gender, traits, n_identities, first_seen_at, created_at FROM profiles").await;
    assert_eq!(
        person,
        [r#"王*|139****4831|female|{"gender":"female","level":"gold"}|3|2026-11-20T08:00:00Z|2026-11-21T00:00:00Z"#]
    );
    let sql = "SELECT e.event, e.utm_source, e.value, count(p.profile_id) FROM events e JOIN profiles p USING (profile_id) \
               GROUP BY 1, 2, 3 ORDER BY 1";
    assert_eq!(rows(&ctx, sql).await, ["Order Completed|-|199.00|1", "Product Viewed|wechat|-|1"]);
    let sql = "SELECT o.order_id, o.status, o.amount, o.n_items, i.product_id, i.quantity FROM orders o \
               JOIN order_items i USING (order_id) JOIN profiles p ON p.profile_id = o.profile_id";
    assert_eq!(rows(&ctx, sql).await, ["o1|paid|199.00|2.000|p1|2.000"]);
    assert_eq!(rows(&ctx, "SELECT product_id, name, list_price FROM products").await, ["p1|衬衫|99.5000"]);
    let sql = "SELECT entity, source, rows_read, rows_loaded, rows_quarantined, status FROM batches";
    assert_eq!(rows(&ctx, sql).await, ["live|site|3|3|0|loaded"]);
    let found = profiles::find(&ctx, Some(IdentityKind::Phone), &Sensitive::new("13957264831".into())).await.unwrap();
    let page = profiles::orders(&ctx, found[0], 0, 10).await.unwrap();
    assert_eq!(page.orders.n_rows(), 1, "a look-up finds what was written for the visitor");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_device_joins_nobody_and_each_has_their_time() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let at = |id: &str, hour: i64, kind, who: &[&str]| message(id, hour * 3600, kind, who);
    let order = |id: &str, hour| {
        let mut order = at(id, hour, Kind::Track, &["anon:a1"]);
        order.event = Some("Order Completed".into());
        order.properties = json!({"order_id": id, "total": 10}).as_object().cloned().unwrap();
        order
    };
    // The visits first, then who it was, the later login before the earlier one.
    let visits: Vec<Message> = [1, 4, 8].map(|hour| order(&format!("t{hour}"), hour)).into();
    send(&ctx, &site, &visits).await;
    ingest::drain(&ctx).await.unwrap();
    send(&ctx, &site, &[at("b", 6, Kind::Identify, &["member_id:B", "anon:a1"])]).await;
    ingest::drain(&ctx).await.unwrap();
    send(&ctx, &site, &[at("a", 3, Kind::Identify, &["member_id:A", "anon:a1"])]).await;
    ingest::drain(&ctx).await.unwrap();
    let sql = "SELECT i.value, o.order_id FROM orders o JOIN identities i ON i.profile_id = o.profile_id \
               WHERE i.kind = 'member_id' ORDER BY 2";
    assert_eq!(rows(&ctx, sql).await, ["A|t1", "A|t4", "B|t8"]);
    for (member, n_orders) in [("A", 2), ("B", 1)] {
        let found = profiles::find(&ctx, Some(IdentityKind::MemberId), &Sensitive::new(member.into())).await.unwrap();
        let page = profiles::orders(&ctx, found[0], 0, 10).await.unwrap();
        assert_eq!(page.orders.n_rows(), n_orders, "{member}");
    }
    let seen = "SELECT i.value, p.first_seen_at, p.last_seen_at FROM profiles p JOIN identities i USING (profile_id) \
                WHERE i.kind = 'member_id' ORDER BY 1";
    assert_eq!(
        rows(&ctx, seen).await,
        ["A|2024-03-01T01:00:00Z|2024-03-01T03:00:00Z", "B|2024-03-01T06:00:00Z|2024-03-01T08:00:00Z"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_stays_with_its_buyer_when_another_speaks_of_it() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let about = |id: &str, hour: i64, event: &str, who: &str| {
        let mut message = message(id, hour * 3600, Kind::Track, &[who]);
        message.event = Some(event.into());
        message.properties = json!({"order_id": "T1", "total": 10}).as_object().cloned().unwrap();
        message
    };
    send(&ctx, &site, &[about("a", 1, "Order Completed", "anon:a1")]).await;
    ingest::drain(&ctx).await.unwrap();
    let owner = "SELECT i.kind, o.status FROM orders o JOIN identities i USING (profile_id)";
    for (message, shown) in [
        (about("b", 2, "Order Updated", "member_id:M"), "member_id|paid"),
        (about("c", 3, "Order Refunded", "anon:desk"), "member_id|refunded"),
        (about("d", 4, "Order Refunded", "member_id:N"), "member_id|refunded"),
    ] {
        send(&ctx, &site, &[message]).await;
        ingest::drain(&ctx).await.unwrap();
        assert_eq!(rows(&ctx, owner).await, [shown]);
    }
    let found = profiles::find(&ctx, Some(IdentityKind::MemberId), &Sensitive::new("M".into())).await.unwrap();
    assert_eq!(profiles::orders(&ctx, found[0], 0, 10).await.unwrap().orders.n_rows(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bond_that_is_undone_parts_the_person_again() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let mut named = message("n", 1, Kind::Identify, &["unionid:X"]);
    named.traits = json!({"level": "gold"}).as_object().cloned().unwrap();
    let bond = message("b", 2, Kind::Link, &["member_id:u1", "unionid:X"]);
    send(&ctx, &site, &[named, bond]).await;
    ingest::drain(&ctx).await.unwrap();
    let persons = "SELECT count(DISTINCT profile_id) FROM identities";
    assert_eq!(rows(&ctx, persons).await, ["1"]);
    assert_eq!(rows(&ctx, "SELECT traits FROM profiles").await, [r#"{"level":"gold"}"#]);
    send(&ctx, &site, &[message("p", 3, Kind::Unlink, &["member_id:u1", "unionid:X"])]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, persons).await, ["2"]);
    let sql = "SELECT i.kind, p.traits FROM profiles p JOIN identities i USING (profile_id) ORDER BY 1";
    assert_eq!(rows(&ctx, sql).await, ["member_id|-", r#"unionid|{"level":"gold"}"#]);
    // Said earlier, arrived later: it changes nothing.
    send(&ctx, &site, &[message("late", 2, Kind::Link, &["member_id:u1", "unionid:X"])]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, persons).await, ["2"]);
}

/// Sends messages in requests of some, taken in after every few requests.
pub async fn feed(ctx: &Ctx, source: &Source, messages: &[Message], request: usize, every: usize) {
    for (n, some) in messages.chunks(request).enumerate() {
        send(ctx, source, some).await;
        if n % every == 0 {
            ingest::drain(ctx).await.unwrap();
        }
    }
    ingest::drain(ctx).await.unwrap();
}

async fn fed(home: Home, messages: &[Message], request: usize, every: usize) -> Vec<String> {
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    for (name, rule) in [
        ("active", json!({"all": [{"measure": {"of": "events"}, "op": "ge", "value": 3}]})),
        ("buyers", json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": 1}]})),
        ("visitors", json!({"none": [{"measure": {"of": "orders"}, "op": "ge", "value": 1}]})),
    ] {
        let (refresh, rule) = (segments::Refresh::Live, Some(rule));
        let spec = json!({"name": name});
        let spec = segments::Spec { refresh, rule, ..serde_json::from_value(spec).unwrap() };
        segments::put(&ctx, None, spec, None).await.unwrap();
    }
    feed(&ctx, &site, messages, request, every).await;
    // Live members are those a refresh finds (INV-SEGMENTS-3).
    for done in segments::refresh(&ctx, None, None).await.unwrap() {
        assert!(done.is_computed && (done.n_joined, done.n_gone) == (Some(0), Some(0)), "{done:?}");
    }
    tags::refresh(&ctx, None, None, false).await.unwrap();
    let dumped = live_dump(&ctx).await;
    ctx.close().await;
    dumped
}

fn differences(a: &[String], b: &[String]) -> Vec<String> {
    let count = |lines: &[String]| {
        lines.iter().fold(BTreeMap::new(), |mut all: BTreeMap<String, i32>, line| {
            *all.entry(line.clone()).or_default() += 1;
            all
        })
    };
    let (a, b) = (count(a), count(b));
    let only = |x: &BTreeMap<String, i32>, y: &BTreeMap<String, i32>, sign: &str| -> Vec<String> {
        x.iter().filter(|(line, n)| y.get(*line) != Some(n)).map(|(line, n)| format!("{sign}{n} {line}")).collect()
    };
    [only(&a, &b, "-"), only(&b, &a, "+")].concat()
}

async fn laws(home: fn() -> Option<Home>, seed: u64) {
    let messages = Script::generate(seed, 150);
    let Some(first) = home() else { return };
    let expected = fed(first, &messages, 1_000, 1).await;
    for kind in ["order|", "member|", "tag|"] {
        assert!(expected.iter().any(|line| line.starts_with(kind)), "{kind} {expected:#?}");
    }
    assert!(expected.len() > 100, "{expected:#?}");
    let mixed = script::shuffled(&messages, seed ^ 7);
    let late = script::delay(&messages, seed ^ 9, 40 * 86_400);
    for (what, messages, request, every) in
        [("small batches", &messages, 7, 2), ("any order", &mixed, 11, 3), ("late", &late, 13, 1)]
    {
        let Some(home) = home() else { return };
        let found = fed(home, messages, request, every).await;
        let differences = differences(&expected, &found);
        assert!(differences.is_empty(), "seed {seed}, {what}: {differences:#?}");
    }
}

/// INV-INGEST-2, INV-LIVE-1.
#[tokio::test(flavor = "multi_thread")]
async fn order_repetition_delay_and_batches_change_nothing() {
    for seed in [1, 2, 3, 5, 8] {
        laws(|| Some(Home::sqlite()), seed).await;
    }
}

/// INV-INGEST-2, INV-LIVE-1.
#[tokio::test(flavor = "multi_thread")]
async fn order_repetition_delay_and_batches_change_nothing_on_postgres() {
    for seed in [13, 21] {
        laws(Home::postgres, seed).await;
    }
}

/// Both databases end in the same state.
#[tokio::test(flavor = "multi_thread")]
async fn both_databases_end_in_the_same_state() {
    let messages = Script::generate(34, 120);
    let Some(postgres) = Home::postgres() else { return };
    let found = fed(postgres, &messages, 17, 1).await;
    assert_eq!(differences(&fed(Home::sqlite(), &messages, 17, 1).await, &found), Vec::<String>::new());
}

const STEPS: [&str; 5] = ["ingest.read", "ingest.staged", "ingest.committed", "ingest.published", "ingest.cut"];

/// INV-INGEST-1.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_loses_and_doubles_nothing() {
    // In no order, so that what died halfway also moves rows that are there.
    let messages = script::permute(&Script::generate(55, 120), 3);
    let (before, after) = messages.split_at(60);
    let mut undisturbed = fed(Home::sqlite(), &messages, 10, 3).await;
    // The runs below have no segments and no tags.
    undisturbed.retain(|line| !line.starts_with("member|") && !line.starts_with("tag|"));
    for step in STEPS {
        for reopens in [true, false] {
            let home = Home::sqlite();
            let mut ctx = home.open().await;
            let site = source(&ctx, "site").await;
            feed(&ctx, &site, before, 10, 3).await;
            send(&ctx, &site, after).await;
            ctx.fail_at(step);
            assert!(ingest::drain(&ctx).await.is_err(), "{step}");
            if reopens {
                ctx.close().await;
                ctx = home.open().await;
            }
            // Sent again by a sender that saw no answer.
            send(&ctx, &site, after).await;
            let done = ingest::drain(&ctx).await.unwrap();
            assert!(done.n_duplicate > 0, "{step}: {done:?}");
            let differences = differences(&undisturbed, &live_dump(&ctx).await);
            assert!(differences.is_empty(), "{step}, reopens: {reopens}: {differences:#?}");
            assert_eq!(ingest::drain(&ctx).await.unwrap(), Ingested::default(), "{step}");
        }
    }
}

/// A batch that was committed and not shown is shown by whoever writes next, before it changes any file.
#[tokio::test(flavor = "multi_thread")]
async fn a_load_after_a_crash_shows_what_was_committed_first() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    send(&ctx, &site, &[message("e1", 0, Kind::Track, &["member_id:M1"])]).await;
    ctx.fail_at("ingest.committed");
    assert!(ingest::drain(&ctx).await.is_err());
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["0"]);
    let file = "订单编号,会员号,下单时间,实付金额\nT1,M1,2026-01-02 10:00:00,100.00\n";
    load(&ctx, &home.file("orders.csv", file), Entity::Orders).await.unwrap();
    let sql = "SELECT e.event_id, o.order_id FROM events e JOIN orders o USING (profile_id)";
    assert_eq!(rows(&ctx, sql).await, ["e1|T1"], "one member, of a file and of an event");
    assert_eq!(ingest::drain(&ctx).await.unwrap(), Ingested::default());
}

#[tokio::test(flavor = "multi_thread")]
async fn records_set_aside_are_kept_sealed_with_their_reason() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let property = PropertyPlan { required: true, ..PropertyPlan::default() };
    let personal = PropertyPlan { sensitivity: Sensitivity::Personal, ..PropertyPlan::default() };
    let event = EventPlan {
        properties: [("store".to_owned(), property), ("note".to_owned(), personal)].into(),
        ..EventPlan::default()
    };
    let plan = Plan {
        undeclared_events: Reaction::Refuse,
        violations: Reaction::Flag,
        events: [("签到".to_owned(), event)].into(),
        ..Plan::default()
    };
    let new =
        NewSource { name: "app".into(), allowed_kinds: vec!["track".into()], plan: Some(plan), ..NewSource::default() };
    let app = sources::create(&ctx, new).await.unwrap();
    let mut listener = ingest::live(&ctx);
    let mut good = message("m1", 0, Kind::Track, &["member_id:M1"]);
    good.event = Some("签到".into());
    good.properties = json!({"note": "给张三 13912345678"}).as_object().cloned().unwrap();
    let refused = message("m2", 0, Kind::Track, &["member_id:M1"]);
    let mut collected = body(&[good, refused, message("m3", 0, Kind::Page, &["member_id:M1"])]);
    let record = Sensitive::new(r#"{"type":"track","phone":"13912345678"}"#.to_owned());
    let rejected = Rejected { code: RejectCode::MissingIdentity, field: "userId".into(), record };
    collected.records.push(Record { index: 3, project: None, token: None, outcome: Err(rejected) });
    let ack = collect(&ctx, &app, collected, NOW).await.unwrap();
    assert_eq!(ack, Ack { n_accepted: 1, n_rejected: 3 });
    ingest::drain(&ctx).await.unwrap();
    let aside = rows(&ctx, "SELECT entity, row_no, reason_code, \"row\", status FROM quarantine ORDER BY row_no").await;
    insta::assert_snapshot!(aside.join("\n"), @r"
    live|1|refused_by_plan|***|open
    live|2|kind_not_allowed|***|open
    live|3|missing_identity|***|open
    ");
    let sql = "SELECT rows_read, rows_loaded, rows_duplicate, rows_quarantined FROM batches";
    assert_eq!(rows(&ctx, sql).await, ["4|1|0|3"]);
    let batch = zhike_engine::import::list(&ctx, 1, None).await.unwrap()[0].batch_id;
    let shown = quarantine::reveal(&ctx, BatchId::new(batch), 3, "owner", "see why").await.unwrap();
    assert!(shown.cells[0].as_deref().unwrap().contains("13912345678"));
    let properties = rows(&ctx, "SELECT properties FROM events").await;
    assert!(properties[0].contains("$sealed") && !properties[0].contains("note"), "{properties:?}");
    let health = &sources::health(&ctx).await.unwrap()[0];
    assert_eq!((health.n_received_24h, health.n_rejected_24h, health.n_violations_24h), (4, 3, 2), "{health:?}");
    assert_eq!(health.rejected_by_reason["missing_identity"], 1);
    assert_eq!((health.last_received_at, health.lag_seconds, health.alert.as_deref()), (Some(NOW), 0.0, None));
    let mut outcomes = BTreeMap::new();
    while let Ok(event) = listener.try_recv() {
        *outcomes.entry(event.outcome.clone()).or_insert(0) += 1;
        assert!(!format!("{event:?}").contains("13912345678"));
    }
    let expected = [("accepted", 1), ("refused", 1), ("rejected", 2), ("violation", 1)];
    assert_eq!(outcomes, expected.map(|(name, n)| (name.to_owned(), n)).into());
    // A request of such records only is answered like any other: SDKs repeat what they are refused for ever.
    let foreign = body(&[message("m4", 0, Kind::Page, &["member_id:M1"])]);
    assert_eq!(collect(&ctx, &app, foreign, NOW).await.unwrap(), Ack { n_accepted: 0, n_rejected: 1 });
}

#[tokio::test(flavor = "multi_thread")]
async fn repetitions_are_noticed_across_restarts_and_per_source() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let (site, app) = (source(&ctx, "site").await, source(&ctx, "app").await);
    let one = message("m1", 0, Kind::Track, &["anon:a1"]);
    assert_eq!(send(&ctx, &site, &[one.clone(), one.clone()]).await.n_accepted, 2);
    let done = ingest::drain(&ctx).await.unwrap();
    assert_eq!((done.n_read, done.n_taken, done.n_duplicate), (2, 1, 1));
    ctx.close().await;
    let ctx = home.open().await;
    send(&ctx, &site, std::slice::from_ref(&one)).await;
    send(&ctx, &app, &[one]).await;
    let done = ingest::drain(&ctx).await.unwrap();
    assert_eq!((done.n_taken, done.n_duplicate), (1, 1), "another source's message of the same id is another");
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_disk_is_never_an_acknowledgement_and_recovers() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let wal = home.path().join("data/wal");
    std::fs::write(&wal, "in the way").unwrap();
    let one = body(&[message("m1", 0, Kind::Track, &["anon:a1"])]);
    let error = collect(&ctx, &site, one.clone(), NOW).await.unwrap_err();
    assert!(matches!(error, CollectError::Unavailable { .. }), "{error:?}");
    std::fs::remove_file(&wal).unwrap();
    collect(&ctx, &site, one, NOW).await.unwrap();
    assert_eq!(ingest::drain(&ctx).await.unwrap().n_taken, 1);
    // Another process cannot take in what this one collects, and says so.
    let other = home.open().await;
    let error = ingest::drain(&other).await.unwrap_err();
    assert!(error.message_zh.contains("另一个进程"), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_loop_takes_in_and_drains_when_told_to_stop() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let loop_ctx = ctx.clone();
    let running = tokio::spawn(ingest::run(loop_ctx, stopped));
    let mut listener = ingest::live(&ctx);
    send(&ctx, &site, &[message("m1", 0, Kind::Track, &["anon:a1"])]).await;
    assert_eq!(listener.recv().await.unwrap().kind, "track");
    send(&ctx, &site, &[message("m2", 0, Kind::Track, &["anon:a1"])]).await;
    stop.send(true).unwrap();
    running.await.unwrap().unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_cut_behind_what_was_taken_in() {
    let home = Home::sqlite();
    let options = |options: zhike_engine::Options| zhike_engine::Options {
        log: zhike_engine::LogLimits { segment_bytes: 20_000, batch_bytes: 10_000, ..Default::default() },
        ..options
    };
    let ctx = home.open_as(options).await;
    let site = source(&ctx, "site").await;
    for n in 0..60 {
        let mut long = message(&format!("m{n}"), n, Kind::Track, &["anon:a1"]);
        long.properties.insert("text".into(), "x".repeat(2_000).into());
        send(&ctx, &site, &[long]).await;
    }
    let segments = || std::fs::read_dir(home.path().join("data/wal")).unwrap().count();
    assert!(segments() > 4);
    assert!(ingest::drain(&ctx).await.unwrap().n_batches > 4);
    assert!(segments() <= 2, "one segment and the lock stay");
    assert_eq!(rows(&ctx, "SELECT count(*), count(DISTINCT event_id) FROM events").await, ["60|60"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happened_long_ago_makes_nobody_new_today() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    send(&ctx, &site, &[message("m1", 0, Kind::Track, &["member_id:M1"])]).await;
    send(&ctx, &site, &[message("m2", -HOUR / SECOND, Kind::Track, &["member_id:M1"])]).await;
    ingest::drain(&ctx).await.unwrap();
    let sql = "SELECT first_seen_at, last_seen_at FROM profiles";
    assert_eq!(rows(&ctx, sql).await, ["2024-02-29T23:00:00Z|2024-03-01T00:00:00Z"]);
    let sql = "SELECT occurred_on, count(*) FROM events GROUP BY 1 ORDER BY 1";
    assert_eq!(rows(&ctx, sql).await, ["19783|2"]);
}

/// What the loop of `proptest` in `domain` checks for pure rules holds here for a few random cuts.
fn cuts() -> impl Strategy<Value = (u64, usize, usize)> {
    (100_u64..200, 1_usize..40, 1_usize..6)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3, max_shrink_iters: 0, ..ProptestConfig::default() })]

    /// INV-INGEST-2
    #[test]
    fn any_cut_into_batches_gives_the_same((seed, request, every) in cuts()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        let messages = Script::generate(seed, 80);
        let mixed = script::shuffled(&messages, seed);
        let expected = runtime.block_on(fed(Home::sqlite(), &messages, 1_000, 1));
        let found = runtime.block_on(fed(Home::sqlite(), &mixed, request, every));
        prop_assert_eq!(differences(&expected, &found), Vec::<String>::new());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_falls_silent_is_told_of() {
    let home = Home::sqlite();
    let clock = zhike_engine::Clock::fixed(NOW);
    let hand = clock.clone();
    let ctx = home.open_as(|options| zhike_engine::Options { clock, ..options }).await;
    let site = source(&ctx, "site").await;
    send(&ctx, &site, &[message("m1", 0, Kind::Track, &["anon:a1"])]).await;
    let zhike_engine::Clock::Fixed(us) = hand else { unreachable!() };
    us.store(NOW + 5 * SECOND, std::sync::atomic::Ordering::Relaxed);
    assert_eq!(sources::health(&ctx).await.unwrap()[0].lag_seconds, 5.0, "it waits in the log");
    ingest::drain(&ctx).await.unwrap();
    for (hours, alert) in [(1, None), (4, Some("silent")), (24 * 8, None)] {
        us.store(NOW + hours * HOUR, std::sync::atomic::Ordering::Relaxed);
        let health = &sources::health(&ctx).await.unwrap()[0];
        assert_eq!((health.alert.as_deref(), health.lag_seconds), (alert, 0.0), "after {hours} hours");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_out_of_the_usual_is_told_of() {
    let home = Home::sqlite();
    let clock = zhike_engine::Clock::fixed(NOW);
    let hand = clock.clone();
    let zhike_engine::Clock::Fixed(us) = hand else { unreachable!() };
    let ctx = home.open_as(|options| zhike_engine::Options { clock, ..options }).await;
    let site = source(&ctx, "site").await;
    let mut n_sent = 0;
    let mut hour = async |at: i64, n: usize| {
        us.store(NOW + at * HOUR, std::sync::atomic::Ordering::Relaxed);
        let name = |n: usize| message(&format!("m{n}"), at * 3_600, Kind::Track, &["anon:a1"]);
        let some: Vec<Message> = (n_sent..n_sent + n).map(name).collect();
        n_sent += n;
        if !some.is_empty() {
            collect(&ctx, &site, body(&some), NOW + at * HOUR).await.unwrap();
        }
        ingest::drain(&ctx).await.unwrap();
        // The hour is over.
        us.store(NOW + (at + 1) * HOUR, std::sync::atomic::Ordering::Relaxed);
        let health = sources::health(&ctx).await.unwrap().remove(0);
        assert_eq!(health.n_last_hour, n as u64);
        (health.alert, health.usual)
    };
    for at in 0..24 {
        assert_eq!(hour(at, 40).await, (None, None), "hour {at}: nothing is usual yet");
    }
    let (alert, usual) = hour(24, 40).await;
    assert!(alert.is_none() && usual.is_some_and(|band| band.usual == 40), "{usual:?}");
    for (at, n, expected) in [(25, 200, Some("volume")), (26, 45, None), (27, 3, Some("volume")), (28, 38, None)] {
        let (alert, usual) = hour(at, n).await;
        assert_eq!(alert.as_deref(), expected, "{n} in hour {at}, usual {usual:?}");
    }
}

/// A person known from messages under two ids is one after a file says so, with what messages stated of both.
#[tokio::test(flavor = "multi_thread")]
async fn a_merge_by_file_brings_the_traits_of_both_together() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let stated = |id: &str, at, who: &str, traits: serde_json::Value, name: &str| {
        let mut message = message(id, at, Kind::Identify, &[who]);
        message.traits = traits.as_object().cloned().unwrap();
        message.personal.insert("name".into(), Some(Sensitive::new(name.to_owned())));
        message
    };
    let first = stated("m1", 1, "member_id:M1", json!({"level": "silver", "points": 5}), "王芳");
    let second = stated("m2", 2, "phone:13957264831", json!({"level": "gold", "city": "杭州市"}), "李静");
    send(&ctx, &site, &[first]).await;
    ingest::drain(&ctx).await.unwrap();
    send(&ctx, &site, &[second]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["2"]);
    let file = "会员号,手机号,姓名\nM1,13957264831,张三\n";
    load(&ctx, &home.file("members.csv", file), Entity::Profiles).await.unwrap();
    let person =
        "SELECT p.name, p.city, p.traits FROM profiles p JOIN identities i USING (profile_id) WHERE i.kind = 'phone'";
    let merged = rows(&ctx, person).await;
    assert_eq!(merged, [r#"李*|杭州市|{"city":"杭州市","level":"gold","points":5}"#]);
    // The next message finds nothing left to do.
    send(&ctx, &site, &[message("m3", 3, Kind::Track, &["member_id:M1"])]).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, person).await, merged);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_becomes_a_place_and_is_kept_nowhere() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    assert!(ip_region::load(&ctx, None).unwrap().is_none(), "no table, no places");
    let error = ip_region::load(&ctx, Some(&home.file("bad.csv", "a,b\n"))).unwrap_err();
    assert!(error.message_zh.contains("地址段"), "{error:?}");
    let table = "203.0.113.0,203.0.113.255,中国,浙江省,杭州市\n203.0.113.9,x,中国,,\n";
    std::fs::write(home.path().join("data/ip-regions.csv"), table).unwrap();
    let (n_ranges, bad) = ip_region::load(&ctx, None).unwrap().unwrap();
    assert_eq!((n_ranges, bad[0].line_no), (1, 2));
    let at = |id: &str, ip: &str| {
        let mut message = message(id, 0, Kind::Track, &["member_id:M1"]);
        message.ip = Some(Sensitive::new(ip.to_owned()));
        message
    };
    send(&ctx, &site, &[at("a", "203.0.113.77"), at("b", "198.51.100.1")]).await;
    ingest::drain(&ctx).await.unwrap();
    let places = "SELECT event_id, properties FROM events ORDER BY 1";
    let expected = [r#"a|{"ip_city":"杭州市","ip_country":"中国","ip_province":"浙江"}"#, "b|-"];
    assert_eq!(rows(&ctx, places).await, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_the_log_takes_is_refused_at_once() {
    let home = Home::sqlite();
    let limits = zhike_engine::LogLimits { queue_bytes: 5_000, ..Default::default() };
    let ctx = home.open_as(|options| zhike_engine::Options { log: limits, ..options }).await;
    let site = source(&ctx, "site").await;
    let long = |id: &str, n: usize| {
        let mut long = message(id, 0, Kind::Track, &["anon:a1"]);
        long.properties.insert("text".into(), "x".repeat(n).into());
        body(&[long])
    };
    let error = collect(&ctx, &site, long("big", 6_000), NOW).await.unwrap_err();
    assert!(matches!(error, CollectError::TooLarge), "{error:?}");
    // Many at once: each is taken or told to come again, and only those acknowledged are there.
    let sent = futures::future::join_all((0..40).map(|n| {
        let (ctx, site, body) = (ctx.clone(), site.clone(), long(&format!("m{n}"), 2_000));
        tokio::spawn(async move { collect(&ctx, &site, body, NOW).await })
    }));
    let mut n_acknowledged = 0;
    for outcome in sent.await {
        match outcome.unwrap() {
            Ok(ack) => n_acknowledged += ack.n_accepted,
            Err(CollectError::Busy { .. }) => {}
            Err(error) => panic!("{error:?}"),
        }
    }
    assert_eq!(ingest::drain(&ctx).await.unwrap().n_taken, n_acknowledged);
}
