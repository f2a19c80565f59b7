//! Grades of properties and traits: what nobody graded is hidden, by every way out.

use std::sync::Arc;

use serde_json::{Value, json};
use zhike_domain::access::{Means, Permission, Principal, Role, Scope, granted};
use zhike_domain::collect::message::Kind;
use zhike_domain::collect::plan::Plan;
use zhike_domain::grade::Classes;
use zhike_engine::customers::{self, Sort, Whom};
use zhike_engine::grades::{self, Change, Class, Origin, TRAITS};
use zhike_engine::profiles::{self, Show};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::{Ctx, ingest, sources};

use crate::live::{message, send, source};
use crate::support::{Home, rows};

fn somebody(role: Role, means: Means) -> Arc<Principal> {
    Arc::new(Principal {
        id: "usr_1".into(),
        owner: "ann".into(),
        actor: "ann".into(),
        means,
        roles: vec![role],
        scope: Scope::default(),
        permissions: granted(&[role], false),
        must_change_password: false,
    })
}

async fn properties(ctx: &Ctx) -> Value {
    let found = texts(ctx, "SELECT properties FROM events WHERE event = 'did 1'").await;
    serde_json::from_str(&found[0]).unwrap()
}

async fn texts(ctx: &Ctx, sql: &str) -> Vec<String> {
    let mut found = query::select(ctx, sql, QueryLimits::default()).await.unwrap();
    let frame = found.next().await.unwrap().unwrap();
    let name = frame.fields()[0].name.clone();
    frame.text(&name).unwrap().iter().flatten().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_graded_is_hidden_and_a_grade_shows_it() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut web = source(&ctx, "web").await;
    let plan = json!({"version": 1, "events": {"did 1": {"properties": {"shop": {"grade": 1, "class": "behaviour"}}}}});
    web.plan = serde_json::from_value::<Plan>(plan).unwrap();
    let web = sources::update(&ctx, web).await.unwrap();
    let mut did = message("1", 1, Kind::Track, &["member_id:M1"]);
    for (name, value) in [("shop", json!("S1")), ("sku", json!("A-1")), ("mood", json!("gloomy")), ("n", json!(7))] {
        did.properties.insert(name.into(), value);
    }
    let mut who = message("2", 2, Kind::Identify, &["member_id:M1"]);
    who.traits.insert("hobby".into(), json!("chess"));
    who.traits.insert("level".into(), json!("gold"));
    send(&ctx, &web, &[did, who]).await;
    ingest::drain(&ctx).await.unwrap();
    let boss = somebody(Role::Admin, Means::Session);
    let (admin, ann) = (ctx.acting(&boss), ctx.acting(&somebody(Role::Analyst, Means::Session)));
    let hidden = json!({"shop": "S1", "sku": "A-1", "mood": "****", "n": "****"});
    for who in [&admin, &ann, &ctx.acting(&somebody(Role::Admin, Means::Local))] {
        assert_eq!(properties(who).await, hidden);
        let live = grades::live_mask(who).await.unwrap();
        let detail = json!({"properties": {"mood": "gloomy"}, "traits": {"hobby": "chess"}, "url": null});
        let (told, shown) = live("web", Some("did 1"), &detail);
        assert_eq!(told, json!({"properties": {"mood": "****"}, "traits": {"hobby": "****"}, "url": null}));
        assert_eq!(shown, Classes::default(), "what is masked draws from no budget");
        let listed = customers::page(who, &Whom::default(), Sort::default(), &[], None, 1).await.unwrap();
        let id = listed.rows[0].profile_id;
        let one = profiles::view(who, id, &Show::Masked).await.unwrap().row.traits.unwrap();
        let in_sql = texts(who, "SELECT traits FROM profiles WHERE traits IS NOT NULL").await.remove(0);
        for traits in [one, in_sql, listed.rows[0].row.traits.clone().unwrap()] {
            let traits: Value = serde_json::from_str(&traits).unwrap();
            assert_eq!(traits, json!({"hobby": "****", "level": "gold"}));
        }
    }
    assert!(rows(&ctx, "SELECT properties FROM events").await[0].contains("gloomy"), "rules see what is there");

    let seen = grades::list(&ctx).await.unwrap();
    let of = |name: &str| seen.iter().find(|one| one.property == name).unwrap();
    assert_eq!((of("mood").graded.grade, of("mood").graded.origin), (4, Origin::Nobody));
    assert_eq!((of("n").suggestion, of("shop").graded.origin), (Some((Class::Behaviour, 2)), Origin::Plan));
    assert_eq!((of("hobby").event.as_str(), of("sku").graded.origin), (TRAITS, Origin::Known));
    let change = |event: Option<&str>, property: &str, to| Change {
        source: None,
        event: event.map(str::to_owned),
        property: property.into(),
        to,
    };
    let graded =
        [change(None, "mood", Some((Class::Behaviour, 2))), change(Some(TRAITS), "hobby", Some((Class::Attribute, 3)))];
    assert!(grades::declare(&ctx, &somebody(Role::Analyst, Means::Session), &graded).await.is_err());
    assert!(grades::declare(&ctx, &boss, &[change(None, "mood", Some((Class::Text, 5)))]).await.is_err());
    grades::declare(&ctx, &boss, &graded).await.unwrap();
    assert!(boss.permissions.holds(Permission::PolicyChange));
    assert_eq!(properties(&ann).await, json!({"shop": "S1", "sku": "A-1", "mood": "gloomy", "n": "****"}));
    let traits = texts(&ann, "SELECT traits FROM profiles WHERE traits IS NOT NULL").await.remove(0);
    assert!(!traits.contains("chess") && traits.contains("gold"), "{traits}");
    // Without the declaration it is hidden again.
    grades::declare(&ctx, &boss, &[change(None, "mood", None)]).await.unwrap();
    assert_eq!(properties(&ann).await, hidden);
}
