//! Who is who, decided by hand: merging, splitting, undoing, explaining; other rules.

use proptest::prelude::*;
use zhike_domain::collect::message::Kind;
use zhike_domain::id::{IdentityId, ProfileId};
use zhike_domain::identity::Policy;
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::script::Script;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::identity::{self, Whom, read_whom};
use zhike_engine::{Ctx, import, ingest, profiles};

use crate::live::{live_dump, message, send, source};
use crate::support::{Home, load, rows};

const MEMBERS: &str = "\
会员号,姓名,手机号,邮箱,城市
M1,王芳,13957264831,wf@example.com,杭州市
M2,王小芳,13957264832,,宁波市
M3,李雷,13957264833,ll@example.com,上海市
M4,李蕾,13957264833,,上海市
";

const ORDERS: &str = "\
订单编号,会员号,下单时间,实付金额,订单状态
T001,M1,2026-01-02 10:00:00,100.00,交易成功
T002,M2,2026-01-03 10:00:00,50.00,交易成功
T003,M3,2026-01-04 10:00:00,25.00,交易成功
T004,M4,2026-01-05 10:00:00,10.00,交易成功
";

async fn member(ctx: &Ctx, value: &str) -> ProfileId {
    let found = profiles::find(ctx, Some(IdentityKind::MemberId), &Sensitive::new(value.to_owned())).await.unwrap();
    assert_eq!(found.len(), 1, "{value}");
    found[0]
}

async fn members(ctx: &Ctx, home: &Home) {
    load(ctx, &home.file("members.csv", MEMBERS), Entity::Profiles).await.unwrap();
    load(ctx, &home.file("orders.csv", ORDERS), Entity::Orders).await.unwrap();
}

/// Sums and number of orders by whoever has each member number.
async fn spent(ctx: &Ctx) -> Vec<String> {
    rows(
        ctx,
        "SELECT string_agg(DISTINCT i.value, '+' ORDER BY i.value), sum(DISTINCT o.net_amount) FROM identities i \
         JOIN orders o USING (profile_id) WHERE i.kind = 'member_id' GROUP BY i.profile_id ORDER BY 1",
    )
    .await
}

/// The identities of a customer, of some kinds.
async fn of_kind(ctx: &Ctx, profile: ProfileId, kinds: &[&str]) -> Vec<IdentityId> {
    let view = profiles::view(ctx, profile, &profiles::Show::Masked).await.unwrap();
    let mine = view.identities.iter().filter(|(row, _)| kinds.contains(&row.kind.as_str()));
    mine.map(|(row, _)| IdentityId::new(row.identity_id)).collect()
}

/// Whether everybody is as before; says what is not.
fn same(before: &[String], after: &[String]) {
    let less = |a: &[String], b: &[String]| a.iter().filter(|line| !b.contains(line)).cloned().collect::<Vec<_>>();
    assert_eq!((less(before, after), less(after, before)), (vec![], vec![]));
    assert_eq!(before.len(), after.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merge_joins_orders_and_is_undone_without_a_trace() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    members(&ctx, &home).await;
    let before = live_dump(&ctx).await;
    let (a, b) = (member(&ctx, "M1").await, member(&ctx, "M2").await);
    assert!(identity::merge(&ctx, a, b, " ", "x").await.is_err(), "a reason is needed");
    assert!(identity::merge(&ctx, a, a, "x", "x").await.is_err(), "one is one");
    let done = identity::merge(&ctx, a, b, "来电核实，手机 13957264831 是本人", "x").await.unwrap();
    assert_eq!(done.profiles.len(), 1);
    assert_eq!(member(&ctx, "M2").await, member(&ctx, "M1").await);
    assert_eq!(spent(&ctx).await, ["M1+M2|150.00", "M3+M4|35.00"]);

    let explained = identity::explain(&ctx, &Whom::Profile(a), None).await.unwrap();
    assert!(explained.steps.iter().any(|step| step.reason == "by_hand" && step.source.is_empty()));
    let acts = identity::acts(&ctx, Some(a)).await.unwrap();
    assert_eq!((acts.len(), acts[0].is_merge, &*acts[0].author), (1, true, "x"));
    assert!(!acts[0].reason.contains("13957264831"), "{}", acts[0].reason);

    // What files say meanwhile each is told of: one that takes back what another said leaves everything as it was.
    load(&ctx, &home.file("again.csv", MEMBERS.replace("杭州市", "温州市")), Entity::Profiles).await.unwrap();
    let back = load(&ctx, &home.file("back.csv", format!("{MEMBERS}\n")), Entity::Profiles).await.unwrap();
    assert!(!back.rules.contains_key("duplicate_file"), "it was loaded");
    assert_eq!(member(&ctx, "M2").await, member(&ctx, "M1").await);

    identity::undo(&ctx, done.act_id, "y").await.unwrap();
    same(&before, &live_dump(&ctx).await);
    assert_eq!((member(&ctx, "M1").await, member(&ctx, "M2").await), (a, b), "everybody has the profile of before");
    assert_eq!(identity::undo(&ctx, done.act_id, "y").await.unwrap_err().code.as_str(), "conflict");
    let acts = identity::acts(&ctx, None).await.unwrap();
    assert_eq!(acts[0].undone_by.as_deref(), Some("y"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_split_stays_whatever_files_and_events_say() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    members(&ctx, &home).await;
    // M3 and M4 share a phone.
    let both = member(&ctx, "M3").await;
    assert_eq!(member(&ctx, "M4").await, both);
    let ids = of_kind(&ctx, both, &["member_id"]).await;
    let all = of_kind(&ctx, both, &["member_id", "phone", "email"]).await;
    assert!(identity::split(&ctx, both, &all, "x", "x").await.is_err(), "somebody stays");
    assert!(identity::split(&ctx, both, &[], "x", "x").await.is_err(), "somebody goes");
    let m4 = {
        let explained = identity::explain(&ctx, &read_whom("member_id:M4"), None).await.unwrap();
        assert!(explained.steps.iter().any(|step| step.reason == "shared_phone"));
        let way = identity::explain(&ctx, &read_whom("member_id:M3"), Some(&read_whom("M4"))).await.unwrap();
        assert_eq!((way.is_one(), way.steps.len()), (true, 2));
        let ends = [&way.steps[0], &way.steps[1]];
        let last = ends[1];
        let named = [&last.left, &last.right].into_iter().find(|node| node.value.as_deref() == Some("M4")).unwrap();
        named.identity_id
    };
    assert!(ids.contains(&m4));
    let done = identity::split(&ctx, both, &[m4], "父女两人，各有会员号", "x").await.unwrap();
    assert_eq!(done.profiles.len(), 2);
    let (father, daughter) = (member(&ctx, "M3").await, member(&ctx, "M4").await);
    assert_ne!(father, daughter);
    assert_eq!(spent(&ctx).await, ["M1|100.00", "M2|50.00", "M3|25.00", "M4|10.00"]);
    let apart = identity::explain(&ctx, &Whom::Profile(father), Some(&Whom::Profile(daughter))).await.unwrap();
    assert!(!apart.is_one());
    assert!(apart.steps.iter().all(|step| step.is_refused) && !apart.steps.is_empty());
    assert_eq!(apart.acts.len(), 1);

    // Whatever comes: the same rows, new rows that join them, a scan, a sign-in with both.
    load(&ctx, &home.file("again.csv", format!("{MEMBERS}M5,李,13957264833,,\n")), Entity::Profiles).await.unwrap();
    load(&ctx, &home.file("mail.csv", "会员号,邮箱\nM4,ll@example.com\n"), Entity::Profiles).await.unwrap();
    let site = source(&ctx, "site").await;
    let said = [message("i1", 0, Kind::Identify, &["member_id:M4", "member_id:M3"])];
    send(&ctx, &site, &said).await;
    ingest::drain(&ctx).await.unwrap();
    assert_ne!(member(&ctx, "M3").await, member(&ctx, "M4").await);

    // Decided otherwise later: one again, and the split is told as replaced.
    let merged = identity::merge(&ctx, father, daughter, "原来是一人", "z").await.unwrap();
    assert_eq!(member(&ctx, "M3").await, member(&ctx, "M4").await);
    let conflict = identity::undo(&ctx, done.act_id, "x").await.unwrap_err();
    assert_eq!(conflict.code.as_str(), "conflict");
    identity::undo(&ctx, merged.act_id, "x").await.unwrap();
    assert_ne!(member(&ctx, "M3").await, member(&ctx, "M4").await, "the split holds again");
    identity::undo(&ctx, done.act_id, "x").await.unwrap();
    assert_eq!(member(&ctx, "M3").await, member(&ctx, "M4").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_tried_before_they_are_put_in_force() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    members(&ctx, &home).await;
    let before = live_dump(&ctx).await;
    let usual = import::identity_policy(&ctx).await.unwrap();
    let nothing = identity::preview(&ctx, &usual).await.unwrap();
    assert_eq!((nothing.n_people, nothing.n_people_after, nothing.n_merged, nothing.n_parted), (3, 3, 0, 0));
    let strict = Policy { unique: vec![IdentityKind::IdNumber, IdentityKind::MemberId], ..usual.clone() };
    let tried = identity::preview(&ctx, &strict).await.unwrap();
    assert_eq!((tried.n_people_after, tried.n_parted, tried.parted[0].1), (4, 1, 2));
    assert_eq!(tried.parted[0].0, member(&ctx, "M3").await);
    same(&before, &live_dump(&ctx).await);

    identity::apply_policy(&ctx, &strict, "x").await.unwrap();
    assert_ne!(member(&ctx, "M3").await, member(&ctx, "M4").await);
    let one = Policy { limits: [(IdentityKind::Phone, Some(1))].into(), ..usual.clone() };
    let (_, done) = identity::apply_policy(&ctx, &one, "x").await.unwrap();
    assert_eq!(done.set_aside.get(&IdentityKind::Phone), Some(&1));
    assert_eq!(rows(&ctx, "SELECT count(*) FROM identities WHERE status = 'set_aside'").await, ["1"]);
    // Back to the usual rules: everybody as before.
    let (_, done) = identity::apply_policy(&ctx, &usual, "x").await.unwrap();
    assert_eq!((done.n_merged, done.active_again.get(&IdentityKind::Phone)), (1, Some(&1)));
    same(&before, &live_dump(&ctx).await);
    let health = identity::health(&ctx).await.unwrap();
    assert_eq!((health.n_bridges, health.bridges[0].kind, health.bridges[0].sides), (1, IdentityKind::Phone, (1, 2)));
    assert_eq!(health.sizes.iter().map(|(_, n)| n).sum::<i64>(), 3);
    let bad = Policy { limits: [(IdentityKind::Phone, Some(63))].into(), ..usual };
    assert_eq!(identity::preview(&ctx, &bad).await.unwrap_err().code.as_str(), "bad_request");
}

/// INV-WHO-1: merge then undo, merge then split, split then undo; whatever the world.
async fn leaves_no_trace(seed: u64, picks: Vec<(usize, usize)>) {
    let home = Home::sqlite();
    let ctx = home.open().await;
    members(&ctx, &home).await;
    let site = source(&ctx, "site").await;
    send(&ctx, &site, &Script::generate(seed, 40)).await;
    ingest::drain(&ctx).await.unwrap();
    for (a, b) in picks {
        let before = live_dump(&ctx).await;
        let people = rows(
            &ctx,
            "SELECT DISTINCT profile_id FROM identities WHERE status = 'active' AND kind NOT IN ('device_id', 'anonymous_id') ORDER BY 1",
        )
        .await;
        let profile = |at: usize| ProfileId::new(people[at % people.len()].parse().unwrap());
        let (a, b) = (profile(a), profile(b));
        if a == b {
            // Split somebody, and undo it.
            let known = of_kind(
                &ctx,
                a,
                &["member_id", "id_number", "unionid", "openid", "external_id", "phone", "email", "card_no"],
            )
            .await;
            if known.len() < 2 {
                continue;
            }
            let done = identity::split(&ctx, a, &known[..known.len() / 2], "x", "x").await.unwrap();
            identity::undo(&ctx, done.act_id, "x").await.unwrap();
        } else {
            let theirs = of_kind(
                &ctx,
                b,
                &["member_id", "id_number", "unionid", "openid", "external_id", "phone", "email", "card_no"],
            )
            .await;
            let merged = identity::merge(&ctx, a, b, "x", "x").await.unwrap();
            assert_eq!(merged.profiles.len(), 1);
            if theirs.len() % 2 == 0 {
                identity::undo(&ctx, merged.act_id, "x").await.unwrap();
            } else {
                let split = identity::split(&ctx, merged.profiles[0], &theirs, "x", "x").await.unwrap();
                assert_eq!(split.profiles.len(), 2, "{theirs:?}");
            }
        }
        same(&before, &live_dump(&ctx).await);
    }
}

/// A merge gives a profile the time of visitors that never were its own; its undo takes it away.
#[tokio::test(flavor = "multi_thread")]
async fn what_visitors_said_leaves_with_their_time() {
    leaves_no_trace(13_036_591_937_827_123_760, vec![(31, 27), (8, 24), (6, 2)]).await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn decisions_leave_no_trace(
        seed in any::<u64>(),
        picks in prop::collection::vec((0..40_usize, 0..40_usize), 1..4),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(leaves_no_trace(seed, picks));
    }
}
