//! The copy of a person: all that is theirs, nothing of anybody else's, and it can be loaded again.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::import::entity::Entity;
use zhike_domain::rights::{RequestKind, RequestRefusal};
use zhike_domain::tables::{Home as Kept, TABLES};
use zhike_engine::import::ImportOptions;
use zhike_engine::profiles::{self, Show};
use zhike_engine::refresh::refresh;
use zhike_engine::requests::{self, Copy, NewRequest};
use zhike_engine::{Ctx, consents, tags};

use crate::consents::{member, no, yes};
use crate::support::{Home, load, load_with, rows};

/// What nobody else has: every table says it of its rows.
fn token(n: usize) -> String {
    format!("Q{n:03}Z")
}

/// People with rows in every table that a file fills. Of the first two numbers one person comes about.
async fn filled(home: &Home, n_people: usize, seed: u64) -> Ctx {
    let ctx = home.open().await;
    let pick =
        |n: usize, of: u64| (seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(n as u64 * 977) >> 33) % of;
    let mut people = String::from("会员号,姓名,手机号,邮箱,地址,生日,性别,城市,会员等级,注册日期,口味\n");
    let mut orders = String::from("订单编号,会员号,下单时间,实付金额,退款金额,优惠金额,渠道,门店,备注标记\n");
    let mut items = String::from("订单编号,商品编码,商品名称,数量,单价,行金额\n");
    let mut contacts = String::from("工单编号,会员号,创建时间,工单类型,主题,满意度\n");
    let mut answers = String::from("评价编号,会员号,评价时间,评分,评价内容\n");
    let mut events = String::from("事件ID,会员号,事件,发生时间,页面\n");
    for n in 0..n_people {
        let (t, c) = (token(n), char::from(b'A' + u8::try_from(n % 26).unwrap()));
        let day = 1 + pick(n, 28);
        people.push_str(&format!(
            "M{t},欧阳{t},139572{n:05},{t}@example.com,浙江省杭州市西湖区{t}弄九百号,1980-02-{day:02},女,杭州,金卡,2024-03-{day:02},微辣{c}\n"
        ));
        for k in 0..1 + pick(n, 3) {
            let (amount, back) = (100 + pick(n, 900), if k == 1 { 10 } else { 0 });
            orders.push_str(&format!(
                "D{t}-{k},M{t},2026-10-{day:02} 10:0{k}:07,{amount}.50,{back},5,小程序,西湖店,甲{t}\n"
            ));
            items.push_str(&format!("D{t}-{k},S{k},茶叶{k},2,{amount}.25,{amount}.50\n"));
        }
        contacts.push_str(&format!("W{t},M{t},2026-09-{day:02} 09:00:00,投诉,包装{t},4\n"));
        answers.push_str(&format!("F{t},M{t},2026-09-{day:02} 10:00:00,5,很好{t}\n"));
        events.push_str(&format!("E{t},M{t},browse,2026-08-{day:02} 08:00:00.123,https://shop.example/{t}\n"));
    }
    for (name, text, entity) in [
        ("people.csv", people, Entity::Profiles),
        ("orders.csv", orders, Entity::Orders),
        ("items.csv", items, Entity::OrderItems),
        ("contacts.csv", contacts, Entity::Interactions),
        ("answers.csv", answers, Entity::Feedback),
        ("events.csv", events, Entity::Events),
    ] {
        let report = load(&ctx, &home.file(name, text), entity).await.unwrap();
        assert_eq!(report.rows_quarantined, 0, "{name}");
    }
    for n in 0..n_people {
        let one = member(&ctx, &format!("M{}", token(n))).await;
        let said = consents::NewStatement { evidence: format!("凭证{}", token(n)), ..yes("marketing_sms") };
        consents::record(&ctx, one, &[said], "tester").await.unwrap();
        tags::set(&ctx, one, "口碑", &format!("好{}", token(n)), "tester", None).await.unwrap();
    }
    // Two member numbers of one person, joined by a phone that both have.
    let joined = format!("会员号,手机号\nM{},13957200000\n", token(1));
    load(&ctx, &home.file("joined.csv", joined), Entity::Profiles).await.unwrap();
    refresh(&ctx, Default::default()).await.unwrap();
    ctx
}

async fn checked(ctx: &Ctx, profile_id: ProfileId, kind: RequestKind) -> RequestId {
    let new =
        NewRequest { profile_id, kind, channel: "phone".into(), purpose: None, note: String::new(), received_at: None };
    let id = requests::enter(ctx, new, "x").await.unwrap().id;
    requests::check(ctx, id, "证件", "x").await.unwrap();
    id
}

async fn copy_of(ctx: &Ctx, profile_id: ProfileId, is_zh: bool) -> BTreeMap<String, Vec<u8>> {
    let id = checked(ctx, profile_id, RequestKind::Copy).await;
    let Copy { files, .. } = requests::copy(ctx, id, is_zh, "x").await.unwrap();
    files.into_iter().map(|(name, content)| (name, content.expose().clone())).collect()
}

fn holds(files: &BTreeMap<String, Vec<u8>>, name: &str, text: &str) -> bool {
    let found = |content: &[u8]| std::str::from_utf8(content).unwrap().contains(text);
    files.iter().any(|(file, content)| (name.is_empty() || name == file) && found(content))
}

/// INV-RIGHTS-3.
async fn whole_and_nobody_elses(n_people: usize, seed: u64) {
    let home = Home::sqlite();
    let ctx = filled(&home, n_people, seed).await;
    for n in 0..n_people.min(4) {
        let one = member(&ctx, &format!("M{}", token(n))).await;
        let files = copy_of(&ctx, one, n % 2 == 0).await;
        let document: Value = serde_json::from_slice(&files["person.json"]).unwrap();
        let mine: Vec<usize> = if n < 2 { vec![0, 1] } else { vec![n] };
        for other in 0..n_people {
            let (token, is_mine) = (token(other), mine.contains(&other));
            let phone = format!("139572{other:05}");
            for (name, text) in [
                ("person.json", format!("欧阳{token}")),
                ("person.json", phone.clone()),
                ("profiles.csv", format!("M{token}")),
                ("profiles.csv", phone),
                ("orders.csv", format!("D{token}-0")),
                ("order_items.csv", format!("D{token}-0")),
                ("interactions.csv", format!("W{token}")),
                ("feedback.csv", format!("很好{token}")),
                ("events.csv", format!("https://shop.example/{token}")),
                ("consents.csv", format!("凭证{token}")),
                ("person.json", format!("好{token}")),
            ] {
                // Of the joined two the name and the tag that came last stand for the person.
                let is_replaced = mine.len() == 2 && (text.starts_with("欧阳") || text.starts_with('好'));
                if is_mine && !is_replaced {
                    assert!(holds(&files, name, &text), "{name} of {n} without {text}");
                }
            }
            assert!(is_mine || !holds(&files, "", &token), "{n} is shown {other}");
        }
        // Row for row what SQL knows of the customer.
        let id = one.get();
        for spec in TABLES.iter().filter(|spec| matches!(spec.home, Kept::Lake { .. })) {
            if spec.column("profile_id").is_some() {
                let n_rows = rows(&ctx, &format!("SELECT count(*) FROM {} WHERE profile_id = {id}", spec.name)).await;
                assert_eq!(document[spec.name].as_array().unwrap().len().to_string(), n_rows[0], "{}", spec.name);
            }
        }
        let n_said = rows(&ctx, &format!("SELECT count(*) FROM consents WHERE profile_id = {id}")).await;
        assert_eq!(document["consents"]["statements"].as_array().unwrap().len().to_string(), n_said[0]);
        assert!(!document["rfm"].as_array().unwrap().is_empty() && !document["tags"].as_array().unwrap().is_empty());
        assert_eq!(document["schema"], "zhike.person/1");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2))]

    #[test]
    fn a_copy_holds_all_of_a_person_and_nobody_else(n_people in 3_usize..8, seed in any::<u64>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(whole_and_nobody_elses(n_people, seed));
    }
}

/// What everybody could see of somebody, without what is made anew by loading.
async fn known(ctx: &Ctx, profile_id: ProfileId) -> Vec<String> {
    let id = profile_id.get();
    let mut all = Vec::new();
    for sql in [
        "SELECT 'profile', kind, gender, birth_year, country, province, city, member_level, registered_on, \
         acquisition_channel, traits FROM profiles",
        "SELECT 'identity', kind, value FROM identities",
        "SELECT 'order', order_id, ordered_at, status, kind, channel, store_id, amount, discount, refunded_amount, \
         net_amount, n_items, traits FROM orders",
        "SELECT 'item', order_id, line_no, ordered_at, product_id, quantity, unit_price, amount, discount, is_refund \
         FROM order_items",
        "SELECT 'contact', interaction_id, kind, opened_at, topic, satisfaction, traits FROM interactions",
        "SELECT 'answer', feedback_id, kind, score, at, text, traits FROM feedback",
        "SELECT 'event', event_id, event, occurred_at, channel, url, value, properties FROM events",
        "SELECT 'consent', purpose, granted, policy_version, channel, at, evidence FROM consents",
    ] {
        all.extend(rows(ctx, &format!("{sql} WHERE profile_id = {id}")).await);
    }
    all.sort();
    let show = Show::Clear { actor: "x".into(), reason: "test".into(), up_to_grade: 4, approval: None };
    let view = profiles::view(ctx, profile_id, &show).await.unwrap();
    // Of several phones the one seen last is shown; when nobody was seen, any.
    let own = view.personal.into_iter().filter(|(field, _)| !["phone", "email"].contains(field));
    all.extend(own.map(|(field, value)| format!("{field}={value}")));
    let mut values: Vec<String> = view.identities.into_iter().filter_map(|(_, value)| value).collect();
    values.sort();
    all.extend(values);
    all
}

/// A copy loaded into an empty workspace is the person again, in either language.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_can_be_loaded_again() {
    let home = Home::sqlite();
    let ctx = filled(&home, 4, 7).await;
    for (n, is_zh) in [(0, true), (2, true), (3, false)] {
        let one = member(&ctx, &format!("M{}", token(n))).await;
        consents::record(&ctx, one, &[no("profiling")], "tester").await.unwrap();
        let files = copy_of(&ctx, one, is_zh).await;
        let elsewhere = Home::sqlite();
        let other = elsewhere.open().await;
        let note = String::from_utf8(files["README.txt"].clone()).unwrap();
        let mut n_loaded = 0;
        for line in note.lines().filter(|line| line.trim_start().starts_with("zhike ")) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let name = *words.iter().find(|word| word.ends_with(".csv")).unwrap();
            let path = elsewhere.file(name, &files[name]);
            if words[1] == "consent" {
                let open = zhike_engine::import::file_at(&path);
                let done = consents::import(&other, open, None, "x").await.unwrap();
                assert_eq!((done.n_unknown, done.n_refused, done.n_recorded), (0, 0, done.n_rows));
            } else {
                let after = |word: &str| words.iter().position(|one| *one == word).and_then(|at| words.get(at + 1));
                let entity: Entity = after("--as").unwrap().parse().unwrap();
                let source = after("--source").map(|source| (*source).to_owned());
                let options = ImportOptions { entity: Some(entity), source, ..ImportOptions::default() };
                let report = load_with(&other, &path, options).await.unwrap();
                assert_eq!(report.rows_quarantined, 0, "{line}");
            }
            n_loaded += 1;
        }
        assert_eq!(n_loaded, 7, "{note}");
        let again = member(&other, &format!("M{}", token(n))).await;
        assert_eq!(known(&other, again).await, known(&ctx, one).await, "{n}");
        assert_eq!(rows(&other, "SELECT count(*) FROM profiles").await, ["1"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_needs_a_request_that_was_checked() {
    let home = Home::sqlite();
    let ctx = filled(&home, 3, 1).await;
    let one = member(&ctx, &format!("M{}", token(2))).await;
    let refused = async |id: RequestId| requests::copy(&ctx, id, true, "x").await.unwrap_err();
    assert_eq!(requests::copyable(&ctx, one).await.unwrap_err().code.as_str(), "conflict");
    let other = checked(&ctx, one, RequestKind::Deletion).await;
    assert_eq!(refused(other).await.code.as_str(), "conflict");
    let new = NewRequest {
        profile_id: one,
        kind: RequestKind::Portability,
        channel: String::new(),
        purpose: None,
        note: String::new(),
        received_at: None,
    };
    let early = requests::enter(&ctx, new, "x").await.unwrap().id;
    assert!(refused(early).await.message_zh.contains("先核身"));
    requests::check(&ctx, early, "证件", "x").await.unwrap();
    assert_eq!(requests::copyable(&ctx, one).await.unwrap(), early);
    let before = rows(&ctx, "SELECT count(*) FROM audit WHERE action = 'request.copy'").await;
    let copy = requests::copy(&ctx, early, true, "x").await.unwrap();
    assert!(copy.profile_id == one && copy.n_rows > 8);
    let acts = rows(&ctx, "SELECT actor, subject FROM audit WHERE action = 'request.copy'").await;
    assert_eq!((before, acts), (vec!["0".to_owned()], vec![format!("x|{one}")]));
    let path = home.path().join("copy.zip");
    let password = zhike_engine::exports::new_password();
    requests::seal(copy, &path, &password).await.unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let clear = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(bytes.starts_with(b"PK") && clear("person.json") && !clear(&token(2)));
    requests::refuse(&ctx, early, RequestRefusal::TakenBack, "", "x").await.unwrap();
    assert_eq!(refused(early).await.code.as_str(), "conflict");
}
