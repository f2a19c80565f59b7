//! The golden record: whose word stands, by which rules, and where it comes from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};
use zhike_domain::collect::message::{Kind, Message};
use zhike_domain::id::ProfileId;
use zhike_domain::identity::golden::{By, Rules, Standing};
use zhike_domain::import::entity::Entity;
use zhike_domain::rights::RequestKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::import::ImportOptions;
use zhike_engine::requests::{self, NewRequest};
use zhike_engine::sources::{self, NewSource, Source};
use zhike_engine::{Clock, Ctx, Options, corrections, identity, ingest};

use crate::consents::member;
use crate::live::{live_dump, message, send, source};
use crate::support::{Home, NOW, load_with, rows};

const SECOND: i64 = 1_000_000;

async fn page(ctx: &Ctx) -> Source {
    sources::create(ctx, NewSource { name: "page".into(), ..NewSource::default() }).await.unwrap()
}

/// A message that states a name and traits.
fn stating(id: &str, at: i64, who: &[&str], name: &str, traits: Value) -> Message {
    let mut message = message(id, at, Kind::Identify, who);
    message.traits = traits.as_object().cloned().unwrap();
    message.personal.insert("name".into(), Some(Sensitive::new(name.to_owned())));
    message
}

async fn say(ctx: &Ctx, source: &Source, messages: &[Message]) {
    send(ctx, source, messages).await;
    ingest::drain(ctx).await.unwrap();
}

async fn load(ctx: &Ctx, home: &Home, source: &str, csv: &str) {
    let options =
        ImportOptions { entity: Some(Entity::Profiles), source: Some(source.into()), ..ImportOptions::default() };
    load_with(ctx, &home.file(&format!("{source}-{}.csv", csv.len()), csv), options).await.unwrap();
}

/// What members say, by number.
async fn says(ctx: &Ctx, member: &str) -> Vec<String> {
    let sql = format!(
        "SELECT p.name, p.city, p.member_level, p.gender, p.birthday, p.traits FROM profiles p \
         JOIN identities i USING (profile_id) WHERE i.kind = 'member_id' AND i.value = '{member}'"
    );
    rows(ctx, &sql).await
}

fn rules(json: Value) -> Rules {
    serde_json::from_value(json).unwrap()
}

/// The key of a page is anybody's: what is said with it stands only where nobody else says anything (INV-GOLDEN-4).
#[tokio::test(flavor = "multi_thread")]
async fn a_public_key_overwrites_nothing_that_is_proven() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let (till, page) = (source(&ctx, "till").await, page(&ctx).await);
    let traits = json!({"city": "杭州市", "member_level": "金卡", "points": 5, "gender": "female"});
    say(&ctx, &till, &[stating("t1", 0, &["member_id:M1", "phone:13957264831"], "王芳", traits)]).await;
    load(&ctx, &home, "crm", "会员号,姓名,城市,会员等级,性别,生日,星座\nM2,李雷,宁波市,银卡,男,1990-05-06,狮子\n")
        .await;
    let before = [says(&ctx, "M1").await, says(&ctx, "M2").await];
    assert_eq!(
        before[0],
        [r#"王*|杭州市|金卡|female|-|{"city":"杭州市","gender":"female","member_level":"金卡","points":5}"#]
    );
    assert_eq!(before[1], [r#"李*|宁波市|银卡|male|1990-**-**|{"星座":"狮子"}"#]);

    let lies = json!({"city": "火星", "member_level": "黑卡", "points": 9, "gender": "male", "星座": "双鱼"});
    let mut said = Vec::new();
    for (n, who) in
        [["member_id:M1", "anon:a"], ["member_id:M2", "anon:b"], ["phone:13957264831", "anon:c"]].iter().enumerate()
    {
        said.push(stating(&format!("p{n}"), 10 + n as i64, who, "假名", lies.clone()));
        // A visitor of the attacker's, claimed for somebody else.
        said.push(stating(&format!("v{n}"), 20 + n as i64, &who[1..], "假名", lies.clone()));
        let mut birthday = message(&format!("b{n}"), 30 + n as i64, Kind::Identify, &who[..1]);
        birthday.personal.insert("birthday".into(), Some(Sensitive::new("2001-01-01".into())));
        birthday.personal.insert("name".into(), None);
        said.push(birthday);
        let mut more = message(&format!("i{n}"), 40 + n as i64, Kind::ProfileIncrement, &who[..1]);
        more.traits.insert("points".into(), 100.into());
        said.push(more);
        let mut gone = message(&format!("u{n}"), 50 + n as i64, Kind::ProfileUnset, &who[..1]);
        gone.traits = lies.as_object().cloned().unwrap();
        said.push(gone);
        said.push(message(&format!("d{n}"), 60 + n as i64, Kind::ProfileDelete, &who[..1]));
        said.push(stating(&format!("q{n}"), 70 + n as i64, &who[..1], "假名", lies.clone()));
    }
    for one in &said {
        say(&ctx, &page, std::slice::from_ref(one)).await;
        // What nobody else stated may be said: the birthday of M1, the traits of M2.
        let now = [says(&ctx, "M1").await, says(&ctx, "M2").await];
        for (now, before) in now.iter().zip(&before) {
            let fields = |row: &[String]| row[0].split('|').take(4).map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(fields(now), fields(before), "{}", one.message_id);
        }
        assert!(now[0][0].contains(r#""points":5"#) && now[1][0].contains(r#""星座":"狮子""#), "{now:?}");
        assert!(now[1][0].contains("|1990-**-**|"), "{now:?}");
    }
    // Of somebody of whom nobody else says anything it stands.
    say(&ctx, &page, &[stating("n1", 80, &["member_id:M3"], "赵六", json!({"city": "温州市"}))]).await;
    assert_eq!(says(&ctx, "M3").await, [r#"赵*|温州市|-|-|-|{"city":"温州市"}"#]);
    // Until a file says otherwise, and then whoever proves it.
    load(&ctx, &home, "crm", "会员号,姓名,城市\nM3,钱七,台州市\n").await;
    assert_eq!(says(&ctx, "M3").await, ["钱*|台州市|-|-|-|-"]);
    say(&ctx, &till, &[stating("t2", 1, &["member_id:M3"], "孙八", json!({"city": "绍兴市"}))]).await;
    assert_eq!(says(&ctx, "M3").await, [r#"孙*|绍兴市|-|-|-|{"city":"绍兴市"}"#]);
}

/// A statement, as it can arrive.
enum Arrival {
    File(&'static str, i64, &'static str),
    Message(&'static str, Box<Message>),
}

fn arrivals() -> Vec<Arrival> {
    let header = "会员号,手机号,姓名,城市,会员等级";
    let file = |rest: &str| -> &'static str { Box::leak(format!("{header}\n{rest}\n").into_boxed_str()) };
    vec![
        Arrival::File("crm", NOW + SECOND, file("M1,13957264831,王芳,杭州市,金卡")),
        Arrival::File("erp", NOW + 2 * SECOND, file("M1,,李芳,宁波市,银卡")),
        Arrival::File("shop", NOW + 3 * SECOND, file("M1,,王芳,杭州市,")),
        Arrival::Message(
            "till",
            Box::new(stating("t1", 0, &["member_id:M1"], "张芳", json!({"city": "温州市", "size": "M"}))),
        ),
        Arrival::Message(
            "page",
            Box::new(stating("p1", 86_000_000, &["phone:13957264831"], "假芳", json!({"city": "火星", "size": "L"}))),
        ),
    ]
}

async fn arrive(ctx: &Ctx, home: &Home, clock: &AtomicI64, arrival: &Arrival) {
    match arrival {
        Arrival::File(name, at, csv) => {
            clock.store(*at, Ordering::Relaxed);
            load(ctx, home, name, csv).await;
        }
        Arrival::Message(name, message) => {
            let all = sources::list(ctx).await.unwrap();
            say(ctx, all.iter().find(|one| one.name == *name).unwrap(), std::slice::from_ref(message.as_ref())).await;
        }
    }
}

async fn opened(home: &Home) -> (Ctx, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let ctx = home.open_as(|options| Options { clock: Clock::Fixed(clock.clone()), ..options }).await;
    source(&ctx, "till").await;
    page(&ctx).await;
    (ctx, clock)
}

/// INV-GOLDEN-4: what came first changes nothing, nor whether rules were there before.
#[tokio::test(flavor = "multi_thread")]
async fn any_order_of_statements_gives_one_record() {
    let all_rules = [
        (json!({}), "张*|温州市|银卡", "M"),
        (json!({"default": {"by": "newest"}}), "假*|火星|银卡", "L"),
        (json!({"default": {"by": "most_trusted", "sources": ["erp", "crm"]}}), "李*|宁波市|银卡", "M"),
        (json!({"default": {"by": "most_frequent"}}), "王*|杭州市|银卡", "M"),
        (json!({"fields": {"city": {"by": "newest"}}}), "张*|火星|银卡", "M"),
    ];
    let orders = [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [3, 0, 4, 2, 1]];
    let mut after: Vec<(Home, Ctx)> = Vec::new();
    for order in orders {
        let home = Home::sqlite();
        let (ctx, clock) = opened(&home).await;
        let arrivals = arrivals();
        for at in order {
            arrive(&ctx, &home, &clock, &arrivals[at]).await;
        }
        after.push((home, ctx));
    }
    for (n, (json, expected, size)) in all_rules.iter().enumerate() {
        let rules = rules(json.clone());
        for (_, ctx) in &after {
            identity::apply_golden(ctx, &rules, None, "x").await.unwrap();
            let says = says(ctx, "M1").await;
            let told: Vec<&str> = says[0].split('|').collect();
            assert_eq!(told[..3].join("|"), *expected, "{json}: {says:?}");
            assert!(told[5].contains(&format!(r#""size":"{size}""#)), "{json}: {says:?}");
        }
        // Rules that were there before.
        let home = Home::sqlite();
        let (ctx, clock) = opened(&home).await;
        identity::apply_golden(&ctx, &rules, None, "x").await.unwrap();
        let arrivals = arrivals();
        for at in orders[n % 3] {
            arrive(&ctx, &home, &clock, &arrivals[at]).await;
        }
        assert_eq!(says(&ctx, "M1").await, says(&after[0].1, "M1").await, "{json}");
    }
}

async fn disputed(home: &Home) -> (Ctx, Arc<AtomicI64>) {
    let (ctx, clock) = opened(home).await;
    for arrival in &arrivals() {
        arrive(&ctx, home, &clock, arrival).await;
    }
    clock.store(NOW + 10 * SECOND, Ordering::Relaxed);
    load(&ctx, home, "crm", "会员号,姓名,城市,会员等级\nM2,赵六,上海市,金卡\nM3,钱七,北京市,银卡\n").await;
    (ctx, clock)
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_the_golden_record_are_tried_before_they_are_in_force() {
    let home = Home::sqlite();
    let (ctx, _) = disputed(&home).await;
    let before = live_dump(&ctx).await;
    let nothing = identity::preview_golden(&ctx, &Rules::default()).await.unwrap();
    assert_eq!((nothing.n_profiles, nothing.fields.len(), nothing.examples.len()), (0, 0, 0));
    let newest = rules(json!({"default": {"by": "newest"}}));
    let tried = identity::preview_golden(&ctx, &newest).await.unwrap();
    assert_eq!(tried.n_profiles, 1);
    let fields: Vec<(&str, u64)> = tried.fields.iter().map(|(field, n)| (field.as_str(), *n)).collect();
    assert_eq!(fields, [("city", 1), ("name", 1), ("traits.size", 1)]);
    let name = tried.examples.iter().find(|one| one.field == "name").unwrap();
    assert_eq!((name.before.as_deref(), name.after.as_deref()), (Some("张*"), Some("假*")));
    assert_eq!(name.profile_id, member(&ctx, "M1").await);
    assert_eq!(live_dump(&ctx).await, before, "nothing is kept of a preview");

    let (version, done) = identity::apply_golden(&ctx, &newest, Some(0), "x").await.unwrap();
    assert_eq!((version, &done), (1, &tried));
    assert_ne!(live_dump(&ctx).await, before);
    let stale = identity::apply_golden(&ctx, &newest, Some(0), "x").await.unwrap_err();
    assert_eq!(stale.code.as_str(), "conflict");
    let bad = rules(json!({"fields": {"shoe": {"by": "newest"}}}));
    assert_eq!(identity::preview_golden(&ctx, &bad).await.unwrap_err().code.as_str(), "bad_request");
    assert_eq!(identity::apply_golden(&ctx, &bad, None, "x").await.unwrap_err().code.as_str(), "bad_request");
    identity::apply_golden(&ctx, &Rules::default(), Some(1), "x").await.unwrap();
    assert_eq!(live_dump(&ctx).await, before, "back to the rules of before, everybody is as before");
    assert_eq!(identity::golden_rules(&ctx).await.unwrap(), (Rules::default(), 2));
}

async fn correct(ctx: &Ctx, profile_id: ProfileId, field: &str, value: &str) {
    let new = NewRequest {
        profile_id,
        kind: RequestKind::Correction,
        channel: "phone".into(),
        purpose: None,
        note: String::new(),
        received_at: None,
    };
    let id = requests::enter(ctx, new, "x").await.unwrap().id;
    requests::check(ctx, id, "证件", "x").await.unwrap();
    corrections::correct(ctx, profile_id, field, &Sensitive::new(value.to_owned()), id, "x").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_stands_above_every_rule() {
    let home = Home::sqlite();
    let (ctx, _) = disputed(&home).await;
    let one = member(&ctx, "M1").await;
    correct(&ctx, one, "city", "丽水市").await;
    let newest = rules(json!({"default": {"by": "newest"}}));
    let tried = identity::preview_golden(&ctx, &newest).await.unwrap();
    assert!(!tried.fields.contains_key("city"), "{tried:?}");
    identity::apply_golden(&ctx, &newest, None, "x").await.unwrap();
    assert!(says(&ctx, "M1").await[0].contains("|丽水市|"));
    let lineage = identity::lineage(&ctx, one).await.unwrap();
    let city = lineage.fields.iter().find(|field| field.field == "city").unwrap();
    assert!(city.corrected_at.is_some() && city.value.as_deref() == Some("火星"), "{city:?}");
    // Withdrawn, it says what stands by the rules that came meanwhile.
    corrections::withdraw(&ctx, one, "city", "x").await.unwrap();
    assert!(says(&ctx, "M1").await[0].contains("|火星|"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_field_says_where_it_comes_from() {
    let home = Home::sqlite();
    let (ctx, _) = disputed(&home).await;
    let one = member(&ctx, "M1").await;
    let lineage = identity::lineage(&ctx, one).await.unwrap();
    let of = |field: &str| lineage.fields.iter().find(|one| one.field == field).unwrap();
    let name = of("name");
    assert_eq!((name.by, name.value.as_deref(), name.n_otherwise), (By::Verified, Some("张*"), 4));
    let told: Vec<(&str, Standing, Option<&str>)> =
        name.statements.iter().map(|one| (one.source.as_str(), one.standing, one.value.as_deref())).collect();
    let (proven, loaded, unproven) = (Standing::Proven, Standing::Loaded, Standing::Unproven);
    let expected = [
        ("till", proven, Some("张*")),
        ("page", unproven, Some("假*")),
        ("shop", loaded, Some("王*")),
        ("erp", loaded, Some("李*")),
        ("crm", loaded, Some("王*")),
    ];
    assert_eq!(told, expected);
    assert!(name.statements.iter().all(|one| one.batch_id.is_some() == (one.standing == loaded)), "{name:?}");
    assert_eq!(name.statements[0].message_id.as_deref(), Some("t1"));
    // One statement, and nobody says otherwise.
    let level = of("member_level");
    assert_eq!(
        (level.value.as_deref(), level.n_otherwise, level.statements[0].source.as_str()),
        (Some("银卡"), 1, "erp")
    );
    let acts = "SELECT count(*) FROM audit WHERE action = 'identity.golden'";
    assert_eq!(rows(&ctx, acts).await, ["0"]);
}
