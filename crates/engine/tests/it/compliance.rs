//! The register of processing follows from what is configured and was done; assessments stay what they were.

use zhike_domain::access::{Role, Shown, Unmask};
use zhike_domain::assessment::Why;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::grade::Class;
use zhike_domain::import::entity::Entity;
use zhike_domain::retention;
use zhike_engine::compliance::{self, Assessment};
use zhike_engine::customers::{Sort, Whom};
use zhike_engine::exports::{Export, Request, What};
use zhike_engine::segments::{self, Spec};

use crate::support::{Home, load};
use crate::watch::somebody;

fn assessment(title: &str, purposes: &[&str]) -> Assessment {
    Assessment {
        title: title.into(),
        purposes: purposes.iter().map(|one| (*one).to_owned()).collect(),
        processing: "会员短信".into(),
        necessity: "必要".into(),
        risks: "打扰；电话 13957264831".into(),
        measures: "退订".into(),
        conclusion: "可以进行".into(),
    }
}

#[tokio::test]
async fn the_register_is_derived_from_what_is_there() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let register = compliance::register(&ctx).await.unwrap();
    assert!(register.held.is_empty() && register.recipients.is_empty());
    assert!(register.activities.iter().all(|one| one.whys.is_empty()), "nothing is processed yet");

    let people = "会员号,姓名,手机号,身份证号,省份\nM1,李雷,13957264831,11010519491231002X,浙江\n";
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    let orders = "订单编号,会员号,下单时间,实付金额,订单状态\nT1,M1,2026-01-02 10:00:00,100.00,交易成功\n";
    load(&ctx, &home.file("orders.csv", orders), Entity::Orders).await.unwrap();
    let rule = serde_json::json!({ "trait": "province", "op": "in", "value": ["浙江"] });
    let spec = serde_json::json!({ "name": "浙江", "purpose": "service", "rule": rule });
    let spec: Spec = serde_json::from_value(spec).unwrap();
    segments::put(&ctx, None, spec, None).await.unwrap();
    let what = What::Customers {
        whom: Box::new(Whom::default()),
        sort: Sort::default(),
        columns: vec!["phone".into(), "monetary".into()],
    };
    let request = Request { what, purpose: "service".into(), reason: String::new(), actor: "ann".into(), is_zh: true };
    let export = Export::open(&ctx, request).await.unwrap();
    export.record(&ctx, "csv", export.n_rows).await.unwrap();

    let register = compliance::register(&ctx).await.unwrap();
    let held = |class: Class| register.held.iter().find(|one| one.class == class).unwrap();
    let (identity, sensitive, orders) = (held(Class::Identity), held(Class::Sensitive), held(Class::Commerce));
    assert!(identity.fields.iter().any(|one| one == "phone") && identity.until_erased && identity.grade == 3);
    assert_eq!((sensitive.grade, sensitive.fields.as_slice()), (4, &["id_number".to_owned()][..]));
    assert!(!identity.sources.is_empty());
    assert_eq!(orders.kept.iter().map(|rule| rule.class).collect::<Vec<_>>(), [retention::Class::Orders]);
    let reader = |role: Role| sensitive.readers.iter().find(|one| one.role == role).copied();
    assert_eq!(reader(Role::Admin).map(|one| (one.shown, one.unmask)), Some((Shown::Full, Some(Unmask::Approval))));
    assert_eq!(reader(Role::AuditAdmin), None, "they read no customer");
    let of = |code: &str| register.activities.iter().find(|one| one.purpose.code == code).unwrap();
    let service = of("service");
    assert_eq!((service.n_segments, service.n_files), (1, 1));
    assert!(service.classes.holds(Class::Location) && service.classes.holds(Class::Identity));
    assert!(!service.classes.holds(Class::Sensitive));
    // All that is held is analysed, the ID number among it.
    assert!(of("analysis").whys.contains(&Why::Sensitive));
    let given = &register.recipients[0];
    assert_eq!((given.who.as_str(), given.purpose.as_str(), given.n_files, given.n_rows), ("ann", "service", 1, 1));
    ctx.close().await;
}

/// INV-COMPLIANCE-1.
#[tokio::test]
async fn an_assessment_is_superseded_and_never_altered() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let (boss, ann) = (somebody("boss", Role::SecurityAdmin), somebody("ann", Role::Analyst));
    let refused = compliance::assess(&ctx, &ann, assessment("短信", &[]), None).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NoPermission);
    let empty = Assessment { risks: " ".into(), ..assessment("短信", &[]) };
    assert_eq!(compliance::assess(&ctx, &boss, empty, None).await.unwrap_err().code, ErrorCode::BadRequest);
    assert!(compliance::assess(&ctx, &boss, assessment("短信", &["no_such"]), None).await.is_err());

    let first = compliance::assess(&ctx, &boss, assessment("短信", &["analysis"]), None).await.unwrap();
    assert!(!first.content.risks.contains("13957264831"), "no personal value is kept");
    let same = compliance::assess(&ctx, &boss, assessment("短信", &["analysis"]), Some(first.id)).await.unwrap_err();
    assert_eq!(same.code, ErrorCode::Conflict);
    let second = compliance::assess(&ctx, &boss, assessment("短信二", &["analysis"]), Some(first.id)).await.unwrap();
    assert_eq!((second.id, second.version), (first.id, 2));
    let nobody = zhike_domain::id::AssessmentId::new(7);
    let missing = compliance::assess(&ctx, &boss, assessment("x", &[]), Some(nobody)).await.unwrap_err();
    assert_eq!(missing.code, ErrorCode::NotFound);
    let all = compliance::versions(&ctx, first.id).await.unwrap();
    let said: Vec<_> = all.iter().map(|one| (one.content.title.as_str(), one.is_superseded, one.is_whole)).collect();
    assert_eq!(said, [("短信", true, true), ("短信二", false, true)]);
    let register = compliance::register(&ctx).await.unwrap();
    let analysis = register.activities.iter().find(|one| one.purpose.code == "analysis").unwrap();
    assert_eq!(analysis.assessment, Some(first.id));
    ctx.close().await;

    // Whoever has the database changes a word of it.
    let change = "UPDATE definitions SET spec_json = replace(spec_json, '退订', '没有') WHERE kind = 'impact_assessment' AND version = 1;";
    crate::watch::sqlite(&home, change);
    let ctx = home.open().await;
    let all = compliance::versions(&ctx, first.id).await.unwrap();
    assert_eq!(all.iter().map(|one| one.is_whole).collect::<Vec<_>>(), [false, true]);
    ctx.close().await;
}
