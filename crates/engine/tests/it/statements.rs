//! What messages take away again, what cannot be read, and events of one's own that are orders.

use serde_json::{Value, json};
use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::segment::{self, Route};
use zhike_domain::collect::{Arrival, Collected, Settings, sensors};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::Entity;
use zhike_engine::collect::collect;
use zhike_engine::sources::{self, NewSource, Source};
use zhike_engine::{Ctx, ingest};

use crate::live::source;
use crate::support::{Home, NOW, load, rows};

fn arrival(settings: &Settings) -> Arrival<'_> {
    Arrival { received_at: NOW, request_id: "r", peer_ip: None, user_agent: None, sent_at: None, settings }
}

/// Records as an SDK of Segment sends them.
fn segment(records: &[Value]) -> Collected {
    let body = json!({ "batch": records }).to_string();
    segment::read(body.as_bytes(), Route::Batch, &arrival(&Settings::default())).unwrap()
}

/// Records as a back-end SDK of Sensors sends them.
fn of_sensors(records: &[Value]) -> Collected {
    let body = Value::from(records).to_string();
    sensors::read("", body.as_bytes(), &|_| Err(String::new()), &arrival(&Settings::default())).unwrap()
}

async fn take(ctx: &Ctx, source: &Source, collected: Collected) {
    collect(ctx, source, collected, NOW).await.unwrap();
    ingest::drain(ctx).await.unwrap();
}

/// Every order of some things.
fn permutations<T: Clone>(all: &[T]) -> Vec<Vec<T>> {
    if all.len() < 2 {
        return vec![all.to_vec()];
    }
    let mut found = Vec::new();
    for at in 0..all.len() {
        let mut rest = all.to_vec();
        let first = rest.remove(at);
        found.extend(permutations(&rest).into_iter().map(|rest| [vec![first.clone()], rest].concat()));
    }
    found
}

const PHONES: &str = "SELECT p.phone, p.email, p.name FROM profiles p JOIN identities i USING (profile_id) \
                      WHERE i.kind = 'member_id'";

fn identify(id: &str, hour: u32, traits: Value) -> Value {
    let at = format!("2026-11-20T{hour:02}:00:00Z");
    json!({"type": "identify", "messageId": id, "userId": "u1", "timestamp": at, "traits": traits})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_phone_that_is_taken_away_is_gone_in_any_order() {
    let said = [
        identify("1", 1, json!({"phone": "13957264831", "email": "a@example.cn", "name": "王芳"})),
        identify("2", 2, json!({"phone": null, "name": null})),
        identify("3", 3, json!({"email": ""})),
    ];
    for (n, order) in permutations(&said).into_iter().enumerate() {
        for at_once in [true, false] {
            let home = Home::sqlite();
            let ctx = home.open().await;
            let site = source(&ctx, "site").await;
            for some in order.chunks(if at_once { 3 } else { 1 }) {
                take(&ctx, &site, segment(some)).await;
            }
            // A blank text takes nothing away.
            assert_eq!(rows(&ctx, PHONES).await, ["-|***@example.cn|-"], "{n} {at_once}");
            // Stated again, later: it is there again.
            take(&ctx, &site, segment(&[identify("4", 4, json!({"phone": "13957264831"}))])).await;
            assert_eq!(rows(&ctx, PHONES).await, ["139****4831|***@example.cn|-"], "{n} {at_once}");
            assert_eq!(rows(&ctx, "SELECT count(*) FROM identities WHERE kind = 'phone'").await, ["1"]);
            ctx.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_linked_is_taken_away_by_sensors_too() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let file = "会员号,手机号,邮箱,姓名\nu1,13957264831,a@example.cn,王芳\nu2,13957264832,,李雷\n";
    load(&ctx, &home.file("members.csv", file), Entity::Profiles).await.unwrap();
    let app = source(&ctx, "app").await;
    let unset = json!({"type": "profile_unset", "distinct_id": "u1", "time": 1_795_000_000_000_i64, "_track_id": 7,
        "login_id": "u1", "properties": {"$phone": true, "email": true, "$is_login_id": true}});
    take(&ctx, &app, of_sensors(&[unset])).await;
    let sql = format!("{PHONES} ORDER BY i.value");
    assert_eq!(rows(&ctx, &sql).await, ["-|-|王*", "139****4832|-|李*"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_that_cannot_be_read_is_counted_and_told() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let mut listener = ingest::live(&ctx);
    take(&ctx, &site, segment(&[identify("1", 1, json!({"phone": "abc-secret", "level": "gold"}))])).await;
    let health = &sources::health(&ctx).await.unwrap()[0];
    assert_eq!((health.n_violations_24h, health.n_rejected_24h), (1, 0));
    let told = std::iter::from_fn(|| listener.try_recv().ok()).find(|event| event.outcome == "violation").unwrap();
    assert_eq!(told.detail, json!({"violations": ["unreadable_field traits.phone"]}));
    assert_eq!(rows(&ctx, "SELECT traits FROM profiles").await, [r#"{"level":"gold"}"#], "the rest is taken");
}

const MAPPING: &str = "
events:
  PayOrder:
    event: order_paid
    fields: {order_id: orderNo, total: payAmount, time: payTime, products: goods, channel: shopName}
    line_fields: {product_id: goodsId, name: goodsName, quantity: num, price: goodsPrice}
    unit: fen
  OrderChange:
    event: order_updated
    fields: {order_id: orderNo, status: state, total: refundAmount, refund_id: refundNo}
    statuses: {已退款: order_refunded, 已取消: order_cancelled}
    unit: fen
";

fn sensors_event(id: i64, event: &str, properties: Value) -> Value {
    json!({"type": "track", "event": event, "distinct_id": "u1", "login_id": "u1", "time": 1_795_000_000_000_i64 + id,
        "_track_id": id, "lib": {"$lib": "Java", "$lib_method": "code", "$lib_version": "3.6.8"}, "properties": properties})
}

#[tokio::test(flavor = "multi_thread")]
async fn mapped_events_are_orders_whatever_their_order() {
    let goods = json!([{"goodsId": "g1", "goodsName": "衬衫", "num": 2, "goodsPrice": 9950}, {"goodsId": "g2", "num": 1, "goodsPrice": "100"}]);
    let said = [
        sensors_event(
            1,
            "PayOrder",
            json!({"$is_login_id": true, "orderNo": "6222021234567890128", "payAmount": 20_000,
            "payTime": "2026-11-18 09:30:00", "goods": goods.to_string(), "shopName": "天猫"}),
        ),
        sensors_event(
            2,
            "OrderChange",
            json!({"$is_login_id": true, "orderNo": "6222021234567890128", "state": "已退款",
            "refundNo": "R1", "refundAmount": 100}),
        ),
        sensors_event(3, "OrderChange", json!({"$is_login_id": true, "orderNo": "o2", "state": "已取消"})),
        // The specification's own events need no mapping.
        sensors_event(4, "Order Completed", json!({"$is_login_id": true, "order_id": "o3", "total": "9.90"})),
    ];
    for (n, order) in permutations(&said).into_iter().enumerate().step_by(5) {
        let home = Home::sqlite();
        let ctx = home.open().await;
        let commerce = Some(sources::parse_commerce(MAPPING).unwrap());
        let app =
            sources::create(&ctx, NewSource { name: "app".into(), commerce, ..NewSource::default() }).await.unwrap();
        for some in order.chunks(1 + n % 3) {
            take(&ctx, &app, of_sensors(some)).await;
            take(&ctx, &app, of_sensors(some)).await;
        }
        let sql = "SELECT o.order_id, o.status, o.amount, o.refunded_amount, o.ordered_at, o.channel, i.value FROM orders o \
                   JOIN identities i ON i.profile_id = o.profile_id AND i.kind = 'member_id' ORDER BY 1";
        assert_eq!(
            rows(&ctx, sql).await,
            [
                "6222021234567890128|partial_refund|200.00|1.00|2026-11-18T01:30:00Z|天猫|u1",
                "o2|cancelled|0.00|0.00|2026-11-18T11:06:40.003Z|server|u1",
                "o3|paid|9.90|0.00|2026-11-18T11:06:40.004Z|server|u1",
            ],
            "{n}"
        );
        let items = "SELECT product_id, quantity, unit_price FROM order_items ORDER BY 1";
        assert_eq!(rows(&ctx, items).await, ["g1|2.000|99.5000", "g2|1.000|1.0000"], "{n}");
        assert_eq!(rows(&ctx, "SELECT refund_order_id, amount FROM refunds").await, ["6222021234567890128#R1|1.00"]);
        assert_eq!(
            rows(&ctx, "SELECT product_id, name, list_price FROM products ORDER BY 1").await,
            ["g1|衬衫|99.5000", "g2|-|1.0000"]
        );
        ctx.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_of_a_mapping_is_named_and_a_field_it_misses_is_counted() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    for (text, wanted) in [
        ("events: [", "line 1"),
        ("event: {}", "unknown field `event`"),
        ("events: {a: {event: order_sold}}", "order_sold"),
    ] {
        let error = sources::parse_commerce(text).unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidMapping);
        assert!(error.message.contains(wanted) && error.message_zh.contains("订单映射"), "{}", error.message);
    }
    let wrong = sources::parse_commerce("events: {a: {event: order_paid, fields: {total: t}}}").unwrap();
    let new =
        |commerce: CommerceMapping| NewSource { name: "app".into(), commerce: Some(commerce), ..NewSource::default() };
    let error = sources::create(&ctx, new(wrong)).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::InvalidMapping);
    assert!(error.message.contains("events.a.fields.order_id") && error.message_zh.contains("缺少订单号"), "{error:?}");

    let app = sources::create(&ctx, new(sources::parse_commerce(MAPPING).unwrap())).await.unwrap();
    let yaml = sources::commerce_yaml(&app.commerce).unwrap();
    assert_eq!(sources::parse_commerce(&yaml).unwrap(), app.commerce);
    assert_eq!(sources::list(&ctx).await.unwrap(), std::slice::from_ref(&app));
    take(&ctx, &app, of_sensors(&[sensors_event(1, "PayOrder", json!({"orderNumber": "o1", "payAmount": "面议"}))]))
        .await;
    assert_eq!(rows(&ctx, "SELECT count(*) FROM orders").await, ["0"]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["1"], "the event is there all the same");
    assert_eq!(sources::health(&ctx).await.unwrap()[0].n_violations_24h, 1);
}
