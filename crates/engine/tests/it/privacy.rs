//! No personal value stands in the clear in any file of the data directory.

use std::path::Path;

use serde_json::json;
use zhike_domain::collect::plan::{EventPlan, Plan, PropertyPlan, Reaction, Sensitivity};
use zhike_domain::collect::{Arrival, Settings, segment};
use zhike_domain::import::entity::Entity;
use zhike_engine::collect::{Ack, collect};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::refresh::refresh;
use zhike_engine::sources::{self, NewSource};
use zhike_engine::{ingest, quarantine};

use crate::support::{Home, NOW, load, rows};

/// Planted values that occur nowhere else.
const NAME: &str = "欧阳昱珩";
const PHONE: &str = "13957264831";
const EMAIL: &str = "ouyang.yuheng.7264@qq.com";
const ID_NUMBER: &str = "11010519491231002X";
const ADDRESS: &str = "浙江省杭州市西湖区文三路四百七十八弄";
const CARD: &str = "6222021234567894";

fn people() -> String {
    let mut text = String::from("会员号,姓名,手机号,邮箱,身份证号,地址,生日,会员卡号\n");
    text.push_str(&format!("M1,{NAME},{PHONE},{EMAIL},{ID_NUMBER},{ADDRESS},1949-12-31,{CARD}\n"));
    // Enough others that sorting and joining spill.
    for n in 0..3000 {
        text.push_str(&format!("X{n},顾客甲,1370000{n:04},a{n}@example.com,,上海市,1990-01-01,\n"));
    }
    text
}

fn orders() -> String {
    let mut text = String::from("订单编号,会员号,手机号,下单时间,实付金额,收货人姓名,收货地址,备注\n");
    for n in 0..3000 {
        text.push_str(&format!("T{n},M1,{PHONE},2026-01-02 10:00:00,{n}.50,{NAME},{ADDRESS},请联系{PHONE}\n"));
    }
    // Set aside: the amount does not read.
    text.push_str(&format!("T9999,M1,{PHONE},2026-01-02 10:00:00,没有,{NAME},{ADDRESS},{EMAIL}\n"));
    text
}

/// Every form in which a value could stand in a file.
fn forms(value: &str) -> Vec<Vec<u8>> {
    let gbk = encoding_rs::GBK.encode(value).0.into_owned();
    let utf16: Vec<u8> = value.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut forms = vec![value.as_bytes().to_vec(), gbk.clone(), utf16];
    for bytes in [value.as_bytes(), gbk.as_slice()] {
        forms.push(hex(bytes).into_bytes());
        forms.push(hex(bytes).to_uppercase().into_bytes());
        // Inside a longer base64 text a value stands in one of three alignments; the inner characters are the same.
        for skip in 0..3 {
            let padded: Vec<u8> = std::iter::repeat_n(0, skip).chain(bytes.iter().copied()).collect();
            let text = base64(&padded);
            let inner = &text[(skip * 8).div_ceil(6)..text.len() - 4];
            forms.push(inner.as_bytes().to_vec());
        }
    }
    forms
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let word = chunk.iter().fold(0_u32, |word, &byte| word << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
            (0..4).map(move |at| LETTERS[(word >> (18 - 6 * at) & 63) as usize] as char)
        })
        .collect()
}

fn files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        if entry.path().is_dir() { all.extend(files(&entry.path())) } else { all.push(entry.path()) }
    }
    all
}

fn scan(dir: &Path, when: &str) {
    let planted: Vec<(&str, Vec<u8>)> = [NAME, PHONE, EMAIL, ID_NUMBER, ADDRESS, CARD]
        .iter()
        .flat_map(|value| forms(value).into_iter().map(|form| (*value, form)))
        .collect();
    let files = files(dir);
    assert!(files.len() > 5, "nothing to scan {when}");
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        for (value, form) in &planted {
            let at = find(&bytes, form);
            assert!(at.is_none(), "{value} stands in {} at {at:?} {when}", file.display());
        }
    }
}

fn find(bytes: &[u8], form: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, form)
}

#[test]
fn the_scan_finds_what_is_planted() {
    for form in forms(PHONE) {
        let mut bytes = vec![7; 1000];
        bytes.splice(500..500, form.iter().copied());
        assert_eq!(find(&bytes, &form), Some(500));
    }
    let wrapped = base64(format!("xx{PHONE}yy").as_bytes());
    assert!(forms(PHONE).iter().any(|form| find(wrapped.as_bytes(), form).is_some()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_reaches_the_disk() {
    let home = Home::sqlite();
    let data = home.path().join("data");
    let (members, orders) = (home.file("members.csv", people()), home.file("orders.csv", orders()));
    let ctx = home.open_with(Some(8 << 20)).await;
    load(&ctx, &members, Entity::Profiles).await.unwrap();
    scan(&data, "after people");
    let report = load(&ctx, &orders, Entity::Orders).await.unwrap();
    assert_eq!(report.rows_quarantined, 1, "{report:?}");
    scan(&data, "after orders");
    refresh(&ctx, Default::default()).await.unwrap();
    rows(&ctx, "SELECT o.*, p.* FROM orders o JOIN profiles p USING (profile_id) ORDER BY o.amount, p.name").await;
    let sql = "SELECT o.*, x.order_id AS other FROM orders o \
               CROSS JOIN (SELECT order_id FROM orders ORDER BY order_id LIMIT 40) x ORDER BY o.amount, other";
    let mut sorted = query::sql(&ctx, sql, QueryLimits::default()).await.unwrap();
    assert!(sorted.next().await.unwrap().is_some());
    assert!(!files(&data.join("spill")).is_empty(), "the sort fits in memory: give it more rows");
    scan(&data, "while a query sorts more than it may keep");
    drop(sorted);
    let batch = report.batch_id.parse().unwrap();
    quarantine::reveal(&ctx, batch, 3002, "owner", "see why").await.unwrap();
    scan(&data, "after showing a row");
    // A load that dies between staging and commit.
    ctx.fail_at("import.staged");
    let again = home.file("orders-2.csv", std::fs::read_to_string(&orders).unwrap().replace("T1", "U1"));
    assert!(load(&ctx, &again, Entity::Orders).await.is_err());
    scan(&data, "after a crash");
    ctx.close().await;
    let ctx = home.open().await;
    scan(&data, "after recovery");
    ctx.close().await;
}

/// INV-COLLECTING-2: neither the log, nor what remembers messages, nor records set aside.
#[tokio::test(flavor = "multi_thread")]
async fn no_personal_value_of_live_events_reaches_the_disk() {
    let home = Home::sqlite();
    let data = home.path().join("data");
    let ctx = home.open().await;
    let personal = PropertyPlan { sensitivity: Sensitivity::Personal, ..PropertyPlan::default() };
    let event = EventPlan { properties: [("note".to_owned(), personal)].into(), ..EventPlan::default() };
    let plan =
        Plan { undeclared_events: Reaction::Refuse, events: [("下单".to_owned(), event)].into(), ..Plan::default() };
    let settings = Some(Settings { proves_identity: true, ..Settings::default() });
    let new = NewSource { name: "app".into(), plan: Some(plan), settings, ..NewSource::default() };
    let app = sources::create(&ctx, new).await.unwrap();
    let settings = Settings::default();
    let arrival = Arrival {
        received_at: NOW,
        request_id: "r",
        peer_ip: Some("203.0.113.77"),
        user_agent: None,
        sent_at: None,
        settings: &settings,
    };
    let traits = json!({"name": NAME, "phone": PHONE, "email": EMAIL, "身份证号": ID_NUMBER, "address": ADDRESS,
                        "会员卡号": CARD, "remark": format!("请联系{PHONE}")});
    let body = json!({"batch": [
        {"type": "track", "messageId": format!("{PHONE}-1"), "anonymousId": "a1", "event": "下单",
         "properties": {"order_id": "T1", "note": format!("{NAME} {ADDRESS}"), "words": format!("打{PHONE}或{EMAIL}")},
         "context": {"page": {"url": format!("https://shop.example/?phone={PHONE}")}}},
        {"type": "identify", "messageId": "i1", "anonymousId": "a1", "userId": "M1", "traits": traits},
        {"type": "track", "messageId": "t2", "userId": "M1", "event": format!("拨打{PHONE}"), "properties": {"name": NAME}},
        {"type": "track", "event": "下单", "properties": {"who": NAME, "at": ADDRESS, "card": CARD}},
    ]});
    let collected = segment::read(body.to_string().as_bytes(), segment::Route::Batch, &arrival).unwrap();
    let ack = collect(&ctx, &app, collected, NOW).await.unwrap();
    assert_eq!(ack, Ack { n_accepted: 2, n_rejected: 2 });
    scan(&data, "after collecting");
    ctx.fail_at("ingest.staged");
    assert!(ingest::drain(&ctx).await.is_err());
    scan(&data, "after a crash");
    ctx.close().await;
    let ctx = home.open().await;
    ingest::drain(&ctx).await.unwrap();
    scan(&data, "after taking in");
    // All of it is there all the same.
    assert_eq!(rows(&ctx, "SELECT count(*) FROM quarantine").await, ["2"]);
    assert_eq!(rows(&ctx, "SELECT name, phone FROM profiles").await, ["欧阳**|139****4831"]);
    let properties = rows(&ctx, "SELECT properties FROM events").await;
    assert!(properties[0].contains("$sealed"), "{properties:?}");
    ctx.close().await;
    scan(&data, "after closing");
}
