//! Purposes, statements, and whom they leave out.

use serde_json::json;
use zhike_domain::collect::message::Kind;
use zhike_domain::consent::{Policy, Refusal, State};
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::consents::{self, NewStatement};
use zhike_engine::customers::{Sort, Whom};
use zhike_engine::exports::{Export, Request, What};
use zhike_engine::import::ImportOptions;
use zhike_engine::segments::{self, Refresh, Spec};
use zhike_engine::{Ctx, import, ingest};

use crate::support::{Home, NOW, load, load_with, rows};

const DAY: i64 = 86_400_000_000;
/// Nobody's age is known of M1 to M3; M4 is a child, M5 turns fourteen on the day after the tests' today.
const PEOPLE: &str = "member_id,phone,birthday\nM1,13800138001,\nM2,13800138002,1980-01-01\nM3,13800138003,\n\
                      M4,13800138004,2015-06-01\nM5,13800138005,2012-11-22\nM6,13800138006,2012-11-21\n";

pub(crate) fn yes(purpose: &str) -> NewStatement {
    NewStatement {
        purpose: purpose.into(),
        granted: true,
        at: None,
        policy_version: None,
        channel: "web".into(),
        evidence: String::new(),
        by_guardian: false,
    }
}

pub(crate) fn no(purpose: &str) -> NewStatement {
    NewStatement { granted: false, ..yes(purpose) }
}

/// The customer with a member number.
pub(crate) async fn member(ctx: &Ctx, number: &str) -> ProfileId {
    let sql = format!("SELECT profile_id FROM identities WHERE kind = 'member_id' AND value = '{number}'");
    ProfileId::new(rows(ctx, &sql).await[0].parse().unwrap())
}

async fn everybody(ctx: &Ctx, purpose: &str) -> (u64, Vec<(Refusal, u64)>) {
    let count = segments::preview(ctx, &json!({"all": []}), None, Some(purpose), None).await.unwrap().count;
    let excluded = count.excluded.unwrap();
    let n = count.count.unwrap();
    assert_eq!(Some(n + excluded.total()), count.total);
    (n, excluded.reasons())
}

/// INV-CONSENT-5 and 6.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_be_used_is_left_out_at_once_and_counted() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    let ids = [member(&ctx, "M1").await, member(&ctx, "M2").await, member(&ctx, "M4").await, member(&ctx, "M5").await];
    assert_eq!(everybody(&ctx, "service").await, (6, vec![]));
    assert_eq!(everybody(&ctx, "analysis").await, (4, vec![(Refusal::Minor, 2)]));
    let sms = "marketing_sms";
    assert_eq!(everybody(&ctx, sms).await, (0, vec![(Refusal::NoConsent, 4), (Refusal::Minor, 2)]));
    for id in ids {
        consents::record(&ctx, id, &[yes(sms)], "tester").await.unwrap();
    }
    assert_eq!(everybody(&ctx, sms).await, (2, vec![(Refusal::NoConsent, 2), (Refusal::Minor, 2)]));
    // A guardian's word, with proof.
    let guardian = NewStatement { by_guardian: true, evidence: "form 7".into(), ..yes(sms) };
    consents::record(&ctx, ids[2], &[guardian], "tester").await.unwrap();
    assert_eq!(everybody(&ctx, sms).await.0, 3);
    // Taken back: the very next decision leaves them out, wherever it is asked.
    let live = Spec {
        name: "sms".into(),
        description: String::new(),
        purpose: sms.into(),
        refresh: Refresh::Daily,
        rule: Some(json!({"all": []})),
        archived_at: None,
        created_at: 0,
    };
    let segment = segments::put(&ctx, None, live, None).await.unwrap();
    let done = segments::refresh(&ctx, Some(segment.id), None).await.unwrap();
    assert_eq!(done[0].n_members, Some(3));
    consents::record(&ctx, ids[0], &[no(sms)], "tester").await.unwrap();
    let reasons = vec![(Refusal::NoConsent, 2), (Refusal::OptedOut, 1), (Refusal::Minor, 1)];
    assert_eq!(everybody(&ctx, sms).await, (2, reasons));
    assert_eq!(segments::members(&ctx, &segment, None, None, 10).await.unwrap().members.len(), 2);
    let request =
        |what: What| Request { what, purpose: sms.into(), reason: String::new(), is_zh: false, actor: "tester".into() };
    let members = request(What::Members { segment: "sms".into(), columns: vec![] });
    let whom = What::Customers { whom: Box::new(Whom::default()), sort: Sort::default(), columns: vec![] };
    for (asked, n_out) in [(members, 1), (request(whom), 4)] {
        let export = Export::open(&ctx, asked).await.unwrap();
        assert_eq!((export.n_rows, export.excluded.total()), (2, n_out));
    }
    let refused = Export::open(&ctx, request(What::Orders(ids[0]))).await.err().unwrap();
    assert_eq!(refused.code.as_str(), "purpose_refused");
    let done = segments::refresh(&ctx, Some(segment.id), None).await.unwrap();
    assert_eq!((done[0].n_members, done[0].n_gone), (Some(2), Some(1)));
    // What is none of a segment's business changes nothing.
    consents::record(&ctx, ids[1], &[no("analysis")], "tester").await.unwrap();
    assert_eq!(everybody(&ctx, "analysis").await.1, [(Refusal::OptedOut, 1), (Refusal::Minor, 2)]);
    let wrong = Request { purpose: "fun".into(), ..request(What::Orders(ids[1])) };
    assert!(Export::open(&ctx, wrong).await.err().unwrap().message_zh.contains("marketing_sms"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_notice_asks_for_new_consent_and_its_past_stays() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    let one = member(&ctx, "M2").await;
    let before = NewStatement { at: Some(NOW - 10 * DAY), ..yes("marketing_sms") };
    consents::record(&ctx, one, &[before], "tester").await.unwrap();
    let mut purpose = consents::purpose(&ctx, "marketing_sms").await.unwrap();
    purpose.policies.push(Policy { version: "2".into(), since: NOW - 5 * DAY, accepts_older: true });
    let purpose = consents::put_purpose(&ctx, purpose, "tester").await.unwrap();
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 1);
    let mut next = purpose.clone();
    next.policies.push(Policy { version: "3".into(), since: NOW - DAY, accepts_older: false });
    consents::put_purpose(&ctx, next, "tester").await.unwrap();
    let state = async |code: &str| {
        let of = consents::of_profile(&ctx, one).await.unwrap();
        of.standings.into_iter().find(|one| one.purpose.code == code).map(|one| (one.state, one.refusal)).unwrap()
    };
    assert_eq!(state("marketing_sms").await, (State::Outdated, Some(Refusal::Outdated)));
    assert!(everybody(&ctx, "marketing_sms").await.1.contains(&(Refusal::Outdated, 1)));
    // A version that people agreed to is not changed away.
    let gone = consents::put_purpose(&ctx, zhike_domain::consent::built_in().remove(2), "tester").await.unwrap_err();
    assert_eq!(gone.code.as_str(), "conflict");
    consents::record(&ctx, one, &[yes("marketing_sms")], "tester").await.unwrap();
    assert_eq!(state("marketing_sms").await, (State::Granted, None));
    // As of past days: nothing, agreed, agreed to what was not enough any more, agreed anew.
    let day = |days: i64| {
        let at = jiff::Timestamp::from_microsecond(NOW - days * DAY).unwrap();
        Some(at.to_zoned(jiff::tz::TimeZone::get("Asia/Shanghai").unwrap()).date())
    };
    load(
        &ctx,
        &home.file("o.csv", "order_id,member_id,ordered_at,amount\nT1,M2,2026-11-20 10:00:00,5\n"),
        Entity::Orders,
    )
    .await
    .unwrap();
    for (days, expected) in [(12, "unknown"), (6, "granted"), (3, "granted"), (1, "granted")] {
        let rule =
            json!({"all": [{"identity": "member_id", "op": "exists"}, {"consent": "marketing_sms", "op": expected}]});
        let bulk = segments::matching(&ctx, &rule, day(days)).await.unwrap();
        assert_eq!(bulk.contains(&one), segments::holds(&ctx, &rule, one, day(days)).await.unwrap(), "{days}");
        assert!(bulk.contains(&one), "{days} {expected}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn acts_that_do_not_stand_are_refused() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    let one = member(&ctx, "M1").await;
    let with = |purpose: &str, evidence: &str| NewStatement { evidence: evidence.into(), ..yes(purpose) };
    for (act, word) in [
        (vec![yes("fun")], "用途"),
        (vec![yes("abroad")], "证据"),
        (vec![with("abroad", "x"), with("sensitive", "x")], "分别"),
        (vec![yes("service")], "依据"),
        (vec![NewStatement { at: Some(NOW + 1), ..yes("analysis") }], "时间"),
        (vec![NewStatement { policy_version: Some("9".into()), ..yes("analysis") }], "版本"),
    ] {
        let refused = consents::record(&ctx, one, &act, "tester").await.unwrap_err();
        assert!(refused.code.as_str() == "invalid_consent" && refused.message_zh.contains(word), "{refused:?}");
    }
    assert!(consents::of_profile(&ctx, one).await.unwrap().history.is_empty());
    let both = [with("abroad", "form 1"), with("sensitive", "call from 13800138001")];
    consents::record(&ctx, one, &both, "tester").await.unwrap();
    let table = rows(&ctx, "SELECT purpose, granted, policy_version, channel, evidence FROM consents ORDER BY 1").await;
    assert_eq!(table, ["abroad|1|1|web|form 1", "sensitive|1|1|web|call from 138****8001"]);
    let audit = rows(&ctx, "SELECT action, detail_json FROM audit ORDER BY seq").await;
    assert_eq!(audit, [r#"consent.record|{"said":{"abroad":true,"sensitive":true}}"#]);
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_follow_the_person_when_two_are_one() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let people = "member_id,phone\nM1,\n,13800138001\n";
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    let by_number = member(&ctx, "M1").await;
    let sql = "SELECT profile_id FROM identities WHERE kind = 'phone'";
    let by_phone = ProfileId::new(rows(&ctx, sql).await[0].parse().unwrap());
    let earlier = NewStatement { at: Some(NOW - DAY), ..yes("marketing_sms") };
    consents::record(&ctx, by_number, &[no("marketing_sms")], "tester").await.unwrap();
    consents::record(&ctx, by_phone, &[earlier], "tester").await.unwrap();
    assert_eq!(everybody(&ctx, "marketing_sms").await, (1, vec![(Refusal::OptedOut, 1)]));
    load(&ctx, &home.file("joins.csv", "member_id,phone\nM1,13800138001\n"), Entity::Profiles).await.unwrap();
    let of = consents::of_profile(&ctx, by_phone).await.unwrap();
    assert_eq!(of.history.len(), 2);
    assert_eq!(everybody(&ctx, "marketing_sms").await, (0, vec![(Refusal::OptedOut, 1)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn events_and_files_bring_statements_once() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let source = crate::live::source(&ctx, "app").await;
    let says = |id: &str, at: i64, who: &str, traits: serde_json::Value| {
        let mut message = crate::live::message(id, at, Kind::Identify, &[who]);
        message.traits = traits.as_object().unwrap().clone();
        message
    };
    let first = says("1", 10, "member_id:M1", json!({"consent_marketing_sms": true, "consent_fun": true}));
    let bundle = json!({"consent_abroad": true, "consent_sensitive": "yes", "consent_marketing_email": false});
    let messages = [
        first,
        says("2", 20, "member_id:M1", bundle),
        says("3", 5, "member_id:M1", json!({"consent_marketing_sms": "撤回"})),
    ];
    crate::live::send(&ctx, &source, &messages).await;
    ingest::drain(&ctx).await.unwrap();
    let table = "SELECT purpose, granted, evidence FROM consents ORDER BY 1, at";
    assert_eq!(rows(&ctx, table).await, ["marketing_email|0|2", "marketing_sms|0|3", "marketing_sms|1|1"]);
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 1);

    let file = home.file(
        "consents.csv",
        "会员号,用途,是否同意,时间,证据\nM1,marketing_sms,退订,2026-11-20 10:00:00,\nM1,abroad,是,2026-11-20 10:00:00,\n\
         M9,marketing_sms,是,2026-11-20 10:00:00,\nM1,marketing_sms,也许,2026-11-20 10:00:00,\n",
    );
    let done = consents::import(&ctx, import::file_at(&file), None, "tester").await.unwrap();
    assert_eq!((done.n_rows, done.n_recorded, done.n_unknown, done.n_refused), (4, 1, 1, 2), "{done:?}");
    let again = consents::import(&ctx, import::file_at(&file), None, "tester").await.unwrap();
    assert_eq!((again.n_recorded, again.n_known), (0, 1));
    assert_eq!(everybody(&ctx, "marketing_sms").await, (0, vec![(Refusal::OptedOut, 1)]));
    let missing = home.file("none.csv", "member_id,at\nM1,2026-11-20\n");
    let refused = consents::import(&ctx, import::file_at(&missing), None, "tester").await.unwrap_err();
    assert_eq!(refused.code.as_str(), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_counts_of_every_purpose_add_up() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    consents::record(&ctx, member(&ctx, "M1").await, &[yes("marketing_sms"), yes("profiling")], "x").await.unwrap();
    consents::record(&ctx, member(&ctx, "M2").await, &[no("profiling"), no("analysis")], "x").await.unwrap();
    let all = consents::summary(&ctx).await.unwrap();
    assert_eq!(all.len(), 9);
    for one in all {
        let said: u64 = one.states.values().sum();
        assert_eq!((said, one.n_allowed + one.excluded.total()), (6, 6), "{one:?}");
    }
}

/// A member table as shops export it: what stands in its columns are statements, and a word that nobody knows waits.
#[tokio::test(flavor = "multi_thread")]
async fn columns_of_a_member_table_state_consent() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let table = "会员号,姓名,手机号,同意营销短信,邮件退订,同意时间\n\
                 M1,王芳,13957264831,是,否,2026-03-01 10:00:00\n\
                 M2,李雷,13957264832,否,是,2026-03-02 10:00:00\n\
                 M3,韩梅,13957264833,,,\n\
                 M4,赵敏,13957264834,待确认,否,2026-03-03 10:00:00\n";
    let report = load(&ctx, &home.file("members.csv", table), Entity::Profiles).await.unwrap();
    assert_eq!((report.rows_loaded, report.rows_quarantined), (3, 1));
    assert_eq!(report.reasons.get("unknown_status"), Some(&1));
    assert!(report.notes_zh.iter().any(|note| note.contains("记录 3 条")), "{:?}", report.notes_zh);
    let said = "SELECT purpose, granted, channel, at, evidence FROM consents ORDER BY at, purpose";
    assert_eq!(
        rows(&ctx, said).await,
        [
            "marketing_sms|1|file|2026-03-01T02:00:00Z|members.csv#2 同意营销短信",
            // Not to have opted out is no consent.
            "marketing_email|0|file|2026-03-02T02:00:00Z|members.csv#3 邮件退订",
            "marketing_sms|0|file|2026-03-02T02:00:00Z|members.csv#3 同意营销短信",
        ]
    );
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 1);
    // The mapping says what the word means, for another purpose and channel.
    let mut mapping = report.mapping.clone();
    let column = mapping.columns.iter_mut().find(|column| column.header == "同意营销短信").unwrap();
    let consent = column.consent.as_mut().unwrap();
    (consent.no, consent.channel) = (vec!["待确认".into()], "store".into());
    let options =
        ImportOptions { entity: Some(Entity::Profiles), mapping: Some(mapping.clone()), ..Default::default() };
    let again = load_with(&ctx, &home.file("members.csv", table), options).await.unwrap();
    assert_eq!(again.rows_quarantined, 0);
    assert_eq!(rows(&ctx, "SELECT granted, channel FROM consents WHERE evidence LIKE '%#5%'").await, ["0|store"]);
    // A purpose that there is not is said before anything is loaded.
    mapping.columns.iter_mut().filter_map(|column| column.consent.as_mut()).for_each(|one| one.purpose = "fax".into());
    mapping.columns.retain(|column| column.header != "邮件退订");
    let options = ImportOptions { entity: Some(Entity::Profiles), mapping: Some(mapping), ..Default::default() };
    let error = load_with(&ctx, &home.file("members2.csv", table), options).await.unwrap_err();
    assert!(error.message.contains("fax"), "{error}");
}

/// A table without a day is how things stand: loaded every night it undoes no withdrawal.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_day_undoes_no_withdrawal() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let table = |level: &str| format!("会员号,会员等级,同意营销短信\nM1,{level},是\nM2,{level},是\n");
    load(&ctx, &home.file("a.csv", table("金卡")), Entity::Profiles).await.unwrap();
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 2);
    let one = member(&ctx, "M1").await;
    consents::record(&ctx, one, &[no("marketing_sms")], "tester").await.unwrap();
    let report = load(&ctx, &home.file("b.csv", table("银卡")), Entity::Profiles).await.unwrap();
    assert!(report.notes_zh.iter().any(|note| note.contains("未记录 2 条")), "{:?}", report.notes_zh);
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 1);
    // A no in the table takes back what was given.
    load(&ctx, &home.file("c.csv", "会员号,同意营销短信\nM2,否\n"), Entity::Profiles).await.unwrap();
    assert_eq!(everybody(&ctx, "marketing_sms").await.0, 0);
}
