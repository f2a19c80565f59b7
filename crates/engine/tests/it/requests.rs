//! Requests of persons: steps, clocks, and what an approved deletion hides.

use serde_json::json;
use zhike_domain::consent::State;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::rights::{RequestKind, RequestRefusal, RequestStatus};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::customers::{self, Sort, Whom};
use zhike_engine::profiles::{self, Show};
use zhike_engine::requests::{self, NewRequest};
use zhike_engine::{consents, segments};

use crate::consents::member;
use crate::support::{Home, NOW, load, rows};

const DAY: i64 = 86_400_000_000;
const PEOPLE: &str = "member_id,phone\nM1,13800138001\nM2,13800138002\n";

fn new(profile_id: zhike_domain::id::ProfileId, kind: RequestKind) -> NewRequest {
    let note = "来电 13800138001".to_owned();
    NewRequest { profile_id, kind, channel: "phone".into(), purpose: None, note, received_at: None }
}

/// INV-RIGHTS-1 on the stores.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_checked_carried_out_and_recorded() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    let one = member(&ctx, "M1").await;
    let bare = requests::enter(&ctx, new(one, RequestKind::Withdrawal), "x").await.unwrap_err();
    assert_eq!(bare.code.as_str(), "bad_request");
    let asked = NewRequest { purpose: Some("marketing_sms".into()), ..new(one, RequestKind::Withdrawal) };
    let request = requests::enter(&ctx, asked, "x").await.unwrap();
    assert_eq!((request.status, request.profile_id), (RequestStatus::New, Some(one)));
    assert!(!request.row.note.contains("13800138001"));
    let early = requests::carry_out(&ctx, request.id, "", "x").await.unwrap_err();
    assert!(early.code.as_str() == "conflict" && early.message_zh.contains("先核身"), "{early}");
    assert!(requests::check(&ctx, request.id, " ", "x").await.is_err());
    requests::check(&ctx, request.id, "短信验证码", "x").await.unwrap();
    let done = requests::carry_out(&ctx, request.id, "已撤回", "y").await.unwrap();
    assert_eq!((done.status, done.days_left, done.row.decided_by.as_deref()), (RequestStatus::Done, None, Some("y")));
    assert!(requests::refuse(&ctx, request.id, RequestRefusal::Repeated, "", "x").await.is_err());
    let of = consents::of_profile(&ctx, one).await.unwrap();
    let sms = of.standings.iter().find(|one| one.purpose.code == "marketing_sms").unwrap();
    assert_eq!((sms.state, sms.last.as_ref().unwrap().evidence.clone()), (State::Withdrawn, request.id.to_string()));
    // One that has waited too long stands first, and says by how many days.
    let late = NewRequest { received_at: Some(NOW - 40 * DAY), ..new(one, RequestKind::Copy) };
    requests::enter(&ctx, new(one, RequestKind::Access), "x").await.unwrap();
    let late = requests::enter(&ctx, late, "x").await.unwrap();
    assert_eq!(late.days_left, Some(-10));
    let all = requests::list(&ctx).await.unwrap();
    assert_eq!((all.len(), all[0].id, all[2].id), (3, late.id, request.id));
    let acts = rows(&ctx, "SELECT action FROM audit ORDER BY seq").await;
    assert_eq!(
        acts,
        ["request.enter", "request.check", "consent.record", "request.do", "request.enter", "request.enter"]
    );
}

/// INV-RIGHTS-2.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_whose_deletion_is_approved() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("people.csv", PEOPLE), Entity::Profiles).await.unwrap();
    let orders = "order_id,member_id,ordered_at,amount\nT1,M1,2026-11-01 10:00:00,5\nT2,M2,2026-11-02 10:00:00,5\n";
    load(&ctx, &home.file("orders.csv", orders), Entity::Orders).await.unwrap();
    let one = member(&ctx, "M1").await;
    let rule = json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": 1}]});
    assert_eq!(segments::matching(&ctx, &rule, None).await.unwrap().len(), 2);
    let request = requests::enter(&ctx, new(one, RequestKind::Deletion), "x").await.unwrap();
    requests::check(&ctx, request.id, "证件", "x").await.unwrap();
    let doing = requests::carry_out(&ctx, request.id, "", "x").await.unwrap();
    assert_eq!(doing.status, RequestStatus::Doing);

    assert_eq!(segments::matching(&ctx, &rule, None).await.unwrap().len(), 1);
    let page = customers::page(&ctx, &Whom::default(), Sort::default(), &[], None, 10).await.unwrap();
    assert_eq!((page.rows.len(), page.count.total), (1, Some(1)));
    let phone = Sensitive::new("13800138001".to_owned());
    assert!(profiles::find(&ctx, Some(IdentityKind::Phone), &phone).await.unwrap().is_empty());
    let hidden = [
        profiles::view(&ctx, one, &Show::Masked).await.err(),
        profiles::orders(&ctx, one, 0, 10).await.err(),
        consents::of_profile(&ctx, one).await.err(),
        segments::holds(&ctx, &rule, one, None).await.err(),
    ];
    assert!(
        hidden.iter().all(|error| error.as_ref().is_some_and(|one| one.code.as_str() == "restricted")),
        "{hidden:?}"
    );
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["1"]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM identities WHERE kind = 'phone'").await, ["1"]);
    // A legal hold found in time gives them back.
    requests::refuse(&ctx, request.id, RequestRefusal::RetentionPeriod, "", "x").await.unwrap();
    assert_eq!(segments::matching(&ctx, &rule, None).await.unwrap().len(), 2);
    assert!(profiles::view(&ctx, one, &Show::Masked).await.is_ok());
}
