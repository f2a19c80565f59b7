//! Scanned codes: who they tie to whom, how often, and what a crash leaves.

use serde_json::json;
use zhike_domain::collect::binding::{Visit, read_visitor};
use zhike_domain::collect::message::{Dialect, Identity, Kind, Message};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::BindingId;
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::bindings::{self, Binding, BindingState, NewBinding, Redeemed, Target};
use zhike_engine::collect::{CollectError, collect};
use zhike_engine::ingest;
use zhike_engine::sources::{self, NewSource, Source};
use zhike_engine::{Clock, Ctx, Options};

use crate::live::{body, source};
use crate::support::{Home, NOW, rows};

const MINUTE: i64 = 60_000_000;

/// A message of somebody, some minutes before now.
fn message(id: &str, minutes_ago: i64, kind: Kind, who: &[Identity]) -> Message {
    let mut message = Message::new(Dialect::Segment, kind, id.to_owned(), NOW);
    message.occurred_at = NOW - minutes_ago * MINUTE;
    message.identities = who.to_vec();
    message.event = (kind == Kind::Track).then(|| format!("did {id}"));
    message
}

fn member(number: &str) -> Identity {
    Identity::new(IdentityKind::MemberId, number)
}

fn visitor(id: &str) -> Identity {
    read_visitor(IdentityKind::AnonymousId, id).unwrap()
}

async fn send(ctx: &Ctx, source: &Source, messages: &[Message]) {
    collect(ctx, source, body(messages), NOW).await.unwrap();
    ingest::drain(ctx).await.unwrap();
}

fn for_member(number: &str) -> NewBinding {
    let value = Sensitive::new(number.to_owned());
    NewBinding {
        target: Target::Identity { kind: Some(IdentityKind::MemberId), value },
        source: None,
        expires_s: None,
        max_uses: None,
        redirect_url: None,
        actor: "owner".into(),
    }
}

fn for_store(store_id: &str) -> NewBinding {
    let visit = Visit { store_id: store_id.into(), campaign_id: Some("618".into()), place: None };
    NewBinding { target: Target::Visit(visit), ..for_member("") }
}

async fn code(ctx: &Ctx, new: NewBinding) -> (Binding, String) {
    bindings::create(ctx, new).await.unwrap()
}

/// The code of the refusal.
async fn refusal(ctx: &Ctx, token: &str, visitor: Identity) -> ErrorCode {
    match bindings::redeem(ctx, token, None, visitor).await {
        Err(CollectError::Other(error)) => {
            assert!(!error.message_zh.is_empty());
            error.code
        }
        other => panic!("{other:?}"),
    }
}

async fn redeem(ctx: &Ctx, token: &str, visitor: Identity) -> Redeemed {
    bindings::redeem(ctx, token, None, visitor).await.unwrap()
}

async fn state(ctx: &Ctx, binding: &Binding) -> BindingState {
    bindings::show(ctx, BindingId::new(binding.row.binding_id)).await.unwrap().0.state
}

/// Events with the member number of whom they belong to.
const WHOSE: &str = "SELECT e.event, coalesce(i.value, '-') FROM events e \
                     LEFT JOIN identities i ON i.profile_id = e.profile_id AND i.kind = 'member_id' ORDER BY 1, 2";

#[tokio::test(flavor = "multi_thread")]
async fn what_a_visitor_did_before_the_scan_belongs_to_the_member() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    send(
        &ctx,
        &site,
        &[message("m", 90, Kind::Identify, &[member("M1")]), message("v1", 60, Kind::Track, &[visitor("a1")])],
    )
    .await;
    assert_eq!(rows(&ctx, WHOSE).await, ["did v1|-"]);
    let (binding, token) = code(&ctx, for_member("M1")).await;
    assert_eq!(state(&ctx, &binding).await, BindingState::Waiting);
    assert!(!token.contains("M1") && token.len() < 90, "{token}");
    let done = redeem(&ctx, &token, visitor("a1")).await;
    assert_eq!((done.kind.as_str(), done.redirect_url), ("member", None));
    assert_eq!(state(&ctx, &binding).await, BindingState::Taken);
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(state(&ctx, &binding).await, BindingState::Bound);
    assert_eq!(rows(&ctx, WHOSE).await, ["QR Bound|M1", "did v1|M1"]);
    // What arrives later and happened earlier is the member's too.
    send(&ctx, &site, &[message("v0", 70, Kind::Track, &[visitor("a1")])]).await;
    assert_eq!(rows(&ctx, WHOSE).await, ["QR Bound|M1", "did v0|M1", "did v1|M1"]);

    // The same scan again is the same scan; another is one too many.
    redeem(&ctx, &token, visitor("a1")).await;
    assert_eq!(ingest::drain(&ctx).await.unwrap().n_duplicate, 1);
    assert_eq!(refusal(&ctx, &token, visitor("a2")).await, ErrorCode::BindUsed);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events WHERE event = 'QR Bound'").await, ["1"]);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["1"]);
}

/// INV-BINDINGS-3.
#[tokio::test(flavor = "multi_thread")]
async fn forged_expired_and_withdrawn_codes_are_refused_by_name() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    send(&ctx, &site, &[message("m", 90, Kind::Identify, &[member("M1")])]).await;
    let (binding, token) = code(&ctx, for_member("M1")).await;
    let last = if token.ends_with('A') { "B" } else { "A" };
    for forged in ["", "x", &token[1..], &format!("{}{last}", &token[..token.len() - 1])] {
        assert_eq!(refusal(&ctx, forged, visitor("a1")).await, ErrorCode::BindInvalid, "{forged}");
    }
    // Of another directory, with the same ids and times.
    let other = Home::sqlite();
    let elsewhere = other.open().await;
    source(&elsewhere, "site").await;
    assert_eq!(refusal(&elsewhere, &token, visitor("a1")).await, ErrorCode::BindInvalid);

    bindings::revoke(&ctx, BindingId::new(binding.row.binding_id), "owner").await.unwrap();
    assert_eq!(refusal(&ctx, &token, visitor("a1")).await, ErrorCode::BindRevoked);
    assert_eq!(state(&ctx, &binding).await, BindingState::Revoked);

    let (binding, token) = code(&ctx, for_member("M1")).await;
    ctx.close().await;
    let at = |now: i64| move |options: Options| Options { clock: Clock::fixed(now), ..options };
    // Ten minutes, and one of tolerance.
    let ctx = home.open_as(at(NOW + 11 * MINUTE)).await;
    bindings::look(&ctx, &token).await.unwrap();
    assert_eq!(state(&ctx, &binding).await, BindingState::Expired);
    ctx.close().await;
    let ctx = home.open_as(at(NOW + 11 * MINUTE + 1)).await;
    assert_eq!(refusal(&ctx, &token, visitor("a1")).await, ErrorCode::BindExpired);
    assert_eq!(bindings::look(&ctx, &token).await.unwrap_err().code, ErrorCode::BindExpired);
    assert_eq!(ingest::drain(&ctx).await.unwrap().n_read, 0, "no refused scan reached the log");

    // A month after its end it is forgotten, and still refused.
    ctx.close().await;
    let ctx = home.open_as(at(NOW + 31 * 24 * 60 * MINUTE)).await;
    code(&ctx, for_store("s1")).await;
    assert_eq!(bindings::list(&ctx, 10).await.unwrap().len(), 1);
    assert_eq!(refusal(&ctx, &token, visitor("a1")).await, ErrorCode::BindExpired);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_people_who_scan_with_one_phone_stay_two() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let known = [message("a", 90, Kind::Identify, &[member("A")]), message("b", 90, Kind::Identify, &[member("B")])];
    send(&ctx, &site, &known).await;
    let (_, of_a) = code(&ctx, for_member("A")).await;
    redeem(&ctx, &of_a, visitor("phone")).await;
    ingest::drain(&ctx).await.unwrap();
    ctx.close().await;
    let later = NOW + 5 * MINUTE;
    let ctx = home.open_as(|options| Options { clock: Clock::fixed(later), ..options }).await;
    let (_, of_b) = code(&ctx, for_member("B")).await;
    redeem(&ctx, &of_b, visitor("phone")).await;
    ingest::drain(&ctx).await.unwrap();
    send(
        &ctx,
        &site,
        &[
            message("before", 1, Kind::Track, &[visitor("phone")]),
            message("after", -6, Kind::Track, &[visitor("phone")]),
        ],
    )
    .await;
    assert_eq!(rows(&ctx, "SELECT count(DISTINCT profile_id) FROM identities WHERE kind = 'member_id'").await, ["2"]);
    assert_eq!(rows(&ctx, WHOSE).await, ["QR Bound|A", "QR Bound|B", "did after|B", "did before|A"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_bound_by_the_scan_and_not_to_two_members() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "小程序").await;
    let known = [message("a", 90, Kind::Identify, &[member("A")]), message("b", 90, Kind::Identify, &[member("B")])];
    send(&ctx, &site, &known).await;
    let openid = || Identity::new(IdentityKind::Openid, "o6_bmjrPTlm6_2sgVt7hMZOPfL2M");
    send(&ctx, &site, &[message("v", 60, Kind::Track, &[openid()])]).await;
    let (_, of_a) = code(&ctx, for_member("A")).await;
    redeem(&ctx, &of_a, openid()).await;
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, WHOSE).await, ["QR Bound|A", "did v|A"]);
    assert_eq!(
        rows(&ctx, "SELECT reason, kind, strength FROM identity_edges").await,
        ["qr_bind|deterministic|1.000000"]
    );
    let (binding, of_b) = code(&ctx, for_member("B")).await;
    assert_eq!(refusal(&ctx, &of_b, openid()).await, ErrorCode::BindTaken);
    assert_eq!(state(&ctx, &binding).await, BindingState::Waiting, "a refused scan uses nothing up");
    assert_eq!(rows(&ctx, "SELECT count(DISTINCT profile_id) FROM identities WHERE kind = 'member_id'").await, ["2"]);
}

/// INV-BINDINGS-1 and 2, INV-INGEST-1.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_binds_once() {
    for step in ["bind.counted", "ingest.read", "ingest.staged", "ingest.committed", "ingest.published", "ingest.cut"] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        let site = source(&ctx, "site").await;
        send(
            &ctx,
            &site,
            &[message("m", 90, Kind::Identify, &[member("M1")]), message("v1", 60, Kind::Track, &[visitor("a1")])],
        )
        .await;
        let (binding, token) = code(&ctx, for_member("M1")).await;
        ctx.fail_at(step);
        let scanned = bindings::redeem(&ctx, &token, None, visitor("a1")).await;
        assert_eq!(scanned.is_err(), step == "bind.counted", "{step}");
        if step != "bind.counted" {
            assert!(ingest::drain(&ctx).await.is_err(), "{step}");
        }
        ctx.close().await;
        let later = NOW + 2 * MINUTE;
        let ctx = home.open_as(|options| Options { clock: Clock::fixed(later), ..options }).await;
        // The page that saw no answer asks again; the one that saw one may too.
        redeem(&ctx, &token, visitor("a1")).await;
        ingest::drain(&ctx).await.unwrap();
        assert_eq!(rows(&ctx, WHOSE).await, ["QR Bound|M1", "did v1|M1"], "{step}");
        let shown = bindings::show(&ctx, BindingId::new(binding.row.binding_id)).await.unwrap().0;
        assert_eq!((shown.row.n_uses, shown.row.n_bound, shown.state), (1, 1, BindingState::Bound), "{step}");
        let at = rows(&ctx, "SELECT occurred_at FROM events WHERE event = 'QR Bound'").await;
        assert_eq!(at, ["2026-11-21T00:00:00Z"], "{step}: when it was scanned first");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stores_code_counts_each_visitor_once_a_day() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    source(&ctx, "site").await;
    let (binding, token) = code(&ctx, NewBinding { max_uses: Some(3), ..for_store("SH-001") }).await;
    for id in ["a1", "a2", "a1"] {
        let done = redeem(&ctx, &token, visitor(id)).await;
        assert_eq!(done.store_id.as_deref(), Some("SH-001"));
    }
    ingest::drain(&ctx).await.unwrap();
    let properties = rows(&ctx, "SELECT event, properties FROM events").await;
    assert_eq!(properties.len(), 2);
    let id = BindingId::new(binding.row.binding_id);
    let expected = json!({"binding_id": id.to_string(), "campaign_id": "618", "store_id": "SH-001"});
    assert_eq!(properties[0], format!("Store Visited|{expected}"));
    assert_eq!(rows(&ctx, "SELECT count(*) FROM profiles").await, ["2"], "visits join nobody");
    ctx.close().await;
    let tomorrow = NOW + 24 * 60 * MINUTE;
    let ctx = home.open_as(|options| Options { clock: Clock::fixed(tomorrow), ..options }).await;
    redeem(&ctx, &token, visitor("a1")).await;
    assert_eq!(refusal(&ctx, &token, visitor("a2")).await, ErrorCode::BindUsed);
    ingest::drain(&ctx).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM events").await, ["3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_made_says_why() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let made = async |new: NewBinding| bindings::create(&ctx, new).await.map_err(|error| (error.code, error.message));
    let refused = async |new: NewBinding, code: ErrorCode, word: &str| {
        let (found, message) = made(new).await.unwrap_err();
        assert_eq!(found, code, "{message}");
        assert!(message.contains(word), "{message}");
    };
    refused(for_store("s1"), ErrorCode::BadRequest, "no source yet").await;
    let origins = vec!["https://*.example.cn".to_owned()];
    sources::create(&ctx, NewSource { name: "web".into(), allowed_origins: origins, ..NewSource::default() })
        .await
        .unwrap();
    refused(for_member("M9"), ErrorCode::NotFound, "member").await;
    refused(for_store("13912345678"), ErrorCode::BadRequest, "store_id").await;
    refused(NewBinding { expires_s: Some(0), ..for_store("s1") }, ErrorCode::BadRequest, "expires_s").await;
    refused(NewBinding { max_uses: Some(-1), ..for_store("s1") }, ErrorCode::BadRequest, "max_uses").await;
    let to = |url: &str| NewBinding { redirect_url: Some(url.into()), ..for_store("s1") };
    refused(to("https://evil.example/"), ErrorCode::BadRequest, "origin").await;
    refused(to("https://shop.example.cn/?phone=13912345678"), ErrorCode::BadRequest, "personal").await;
    let (_, token) = code(&ctx, to("https://shop.example.cn/welcome")).await;
    let done = redeem(&ctx, &token, visitor("a1")).await;
    assert_eq!(done.redirect_url.as_deref(), Some("https://shop.example.cn/welcome"));
    source(&ctx, "app").await;
    refused(for_store("s1"), ErrorCode::BadRequest, "app, web").await;
    refused(NewBinding { source: Some("x".into()), ..for_store("s1") }, ErrorCode::NotFound, "source").await;
    // A source that no longer lists the address leads nobody there.
    let (_, token) =
        code(&ctx, NewBinding { source: Some("web".into()), ..to("https://shop.example.cn/welcome") }).await;
    let mut web = sources::list(&ctx).await.unwrap().into_iter().find(|source| source.name == "web").unwrap();
    web.allowed_origins.clear();
    sources::update(&ctx, web).await.unwrap();
    assert_eq!(redeem(&ctx, &token, visitor("a2")).await.redirect_url, None);
}

/// INV-BINDINGS-4.
#[tokio::test(flavor = "multi_thread")]
async fn every_code_and_scan_is_audited_without_personal_values() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let site = source(&ctx, "site").await;
    let phone = Identity::new(IdentityKind::Phone, "13957264831");
    send(&ctx, &site, &[message("m", 90, Kind::Identify, &[member("M1"), phone])]).await;
    let value = Sensitive::new("139 5726 4831".to_owned());
    let by_phone = NewBinding { target: Target::Identity { kind: None, value }, ..for_member("") };
    let (binding, token) = code(&ctx, by_phone).await;
    redeem(&ctx, &token, visitor("a1")).await;
    bindings::revoke(&ctx, BindingId::new(binding.row.binding_id), "owner").await.unwrap();
    let audit = rows(&ctx, "SELECT action, actor, subject, detail_json FROM audit ORDER BY seq").await;
    let id = BindingId::new(binding.row.binding_id).to_string();
    let actions: Vec<&str> = audit.iter().map(|line| line.split('|').next().unwrap()).collect();
    assert_eq!(actions, ["bind.create", "bind.redeem", "bind.revoke"], "{audit:?}");
    assert!(audit.iter().all(|line| line.contains(&id) && !line.contains("139") && !line.contains("M1")), "{audit:?}");
}
