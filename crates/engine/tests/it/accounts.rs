//! Coming in, staying in, being let out; on a clock that the tests turn.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use zhike_domain::access::{Means, Permission, Principal, Role, Scope};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::Entity;
use zhike_domain::sensitive::Sensitive;
use zhike_domain::sso::Claims;
use zhike_engine::accounts::{self, Change, NewApiKey, NewSso, NewUser, SignIn, SignedIn, User, Vouched};
use zhike_engine::customers::{self, Sort, Whom};
use zhike_engine::profiles::{self, Show};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::{Clock, Ctx, Result, segments};
use zhike_vault::password;

use crate::support::{Home, NOW, load, rows};

const WORD: &str = "Correct-horse-7";
const MINUTE: i64 = 60_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// A data directory with an administrator, and the hands of its clock.
struct Place {
    ctx: Ctx,
    clock: Arc<AtomicI64>,
    boss: SignedIn,
    _home: Home,
}

fn word(text: &str) -> Sensitive<String> {
    Sensitive::new(text.to_owned())
}

async fn opened(home: &Home) -> (Ctx, Arc<AtomicI64>) {
    let clock = Arc::new(AtomicI64::new(NOW));
    let ctx = home.open_as(|options| zhike_engine::Options { clock: Clock::Fixed(clock.clone()), ..options }).await;
    (ctx, clock)
}

async fn place() -> Place {
    let home = Home::sqlite();
    let (ctx, clock) = opened(&home).await;
    let token = accounts::offer_setup(&ctx).await.unwrap().unwrap();
    let boss = accounts::setup(&ctx, &token, "Boss", word(WORD)).await.unwrap();
    Place { ctx, clock, boss, _home: home }
}

impl Place {
    fn pass(&self, us: i64) {
        self.clock.fetch_add(us, Ordering::Relaxed);
    }

    async fn enter(&self, name: &str, password: &str, code: Option<&str>, from: u8) -> Result<SignedIn> {
        let from = Some(IpAddr::from([203, 0, 113, from]));
        let asked = SignIn { name: name.into(), password: word(password), code: code.map(word), from };
        accounts::sign_in(&self.ctx, asked).await
    }

    /// A user with a password of their own.
    async fn hire(&self, name: &str, roles: &[&str]) -> User {
        let roles = roles.iter().map(|role| (*role).to_owned()).collect();
        let new = NewUser { name: name.into(), roles, ..NewUser::default() };
        let (user, once) = accounts::create(&self.ctx, &self.boss.principal, new).await.unwrap();
        let came = self.enter(name, once.expose(), None, 200).await.unwrap();
        assert!(came.user.must_change_password);
        accounts::change_password(&self.ctx, &came.secret.unwrap(), once, word(WORD)).await.unwrap();
        user
    }

    async fn is_in(&self, signed_in: &SignedIn) -> bool {
        let secret = signed_in.secret.as_ref().unwrap();
        accounts::by_session(&self.ctx, secret).await.unwrap().is_some()
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code
}

/// INV-ACCOUNTS-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_first_administrator_is_made_once() {
    let home = Home::sqlite();
    let (ctx, _) = opened(&home).await;
    assert!(accounts::needs_setup(&ctx).await.unwrap());
    let old = accounts::offer_setup(&ctx).await.unwrap().unwrap();
    let token = accounts::offer_setup(&ctx).await.unwrap().unwrap();
    assert_eq!(code(accounts::setup(&ctx, &old, "boss", word(WORD)).await), ErrorCode::WrongCredentials);
    assert_eq!(code(accounts::setup(&ctx, &word(""), "boss", word(WORD)).await), ErrorCode::WrongCredentials);
    assert_eq!(code(accounts::setup(&ctx, &token, "boss", word("short")).await), ErrorCode::InvalidAccount);
    // Many at once: one is first.
    let many = (0..6).map(|n| {
        let (ctx, token) = (ctx.clone(), token.clone());
        tokio::spawn(async move { accounts::setup(&ctx, &token, &format!("boss{n}"), word(WORD)).await })
    });
    let mut n_made = 0;
    for done in many.collect::<Vec<_>>() {
        match done.await.unwrap() {
            Ok(signed_in) => {
                assert_eq!(signed_in.user.roles, [Role::Admin]);
                n_made += 1;
            }
            Err(error) => assert_eq!(error.code, ErrorCode::Conflict),
        }
    }
    assert_eq!((n_made, accounts::list(&ctx).await.unwrap().len()), (1, 1));
    assert!(accounts::offer_setup(&ctx).await.unwrap().is_none());
    assert_eq!(code(accounts::setup(&ctx, &token, "other", word(WORD)).await), ErrorCode::Conflict);
}

/// A token of a process that is gone opens nothing.
#[tokio::test(flavor = "multi_thread")]
async fn the_setup_token_dies_with_its_process() {
    let home = Home::sqlite();
    let (ctx, _) = opened(&home).await;
    let token = accounts::offer_setup(&ctx).await.unwrap().unwrap();
    ctx.close().await;
    let (ctx, _) = opened(&home).await;
    assert!(accounts::setup(&ctx, &token, "boss", word(WORD)).await.is_err());
    assert!(accounts::needs_setup(&ctx).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_end_by_silence_by_age_and_by_leaving() {
    let place = place().await;
    assert!(place.is_in(&place.boss).await);
    place.pass(29 * MINUTE);
    assert!(place.is_in(&place.boss).await, "the request is noted");
    place.pass(29 * MINUTE);
    assert!(place.is_in(&place.boss).await);
    place.pass(31 * MINUTE);
    assert!(!place.is_in(&place.boss).await, "half an hour of silence");

    let busy = place.enter("boss", WORD, None, 1).await.unwrap();
    for _ in 0..48 {
        assert!(place.is_in(&busy).await);
        place.pass(15 * MINUTE);
    }
    assert!(!place.is_in(&busy).await, "twelve hours");

    // Each sign-in has a secret of its own, and leaving ends one of them.
    let (one, other) =
        (place.enter("boss", WORD, None, 1).await.unwrap(), place.enter("BOSS ", WORD, None, 1).await.unwrap());
    assert_ne!(one.secret, other.secret);
    accounts::sign_out(&place.ctx, one.secret.as_ref().unwrap()).await.unwrap();
    assert!(!place.is_in(&one).await && place.is_in(&other).await);
    // What is kept of a session is not what opens it.
    assert!(accounts::by_session(&place.ctx, &word("")).await.unwrap().is_none());
}

/// INV-ACCOUNTS-4.
#[tokio::test(flavor = "multi_thread")]
async fn strangers_and_wrong_passwords_get_one_answer_and_are_locked_out_alike() {
    let place = place().await;
    let said = |error: zhike_engine::Error| (error.code, error.message, error.message_zh);
    let mut answers = Vec::new();
    for (n, name) in ["boss", "nobody"].into_iter().enumerate() {
        let from = 10 + n as u8;
        for _ in 0..5 {
            answers.push(said(place.enter(name, "wrong", None, from).await.unwrap_err()));
        }
        let locked = place.enter(name, WORD, None, 20 + n as u8).await.unwrap_err();
        assert_eq!(
            (locked.code, locked.retry_after_s),
            (ErrorCode::LockedOut, Some(900)),
            "{name}, from elsewhere too"
        );
        // The address is locked for every name.
        assert_eq!(code(place.enter("third", WORD, None, from).await), ErrorCode::LockedOut);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    place.pass(14 * MINUTE);
    assert_eq!(code(place.enter("boss", WORD, None, 30).await), ErrorCode::LockedOut);
    place.pass(2 * MINUTE);
    assert!(place.enter("boss", WORD, None, 10).await.is_ok());
}

/// INV-ACCOUNTS-6: whoever guesses many times at once gets no further than one after another, by any way of proving.
#[tokio::test(flavor = "multi_thread")]
async fn guesses_at_once_are_no_more_than_guesses_in_turn() {
    let place = &place().await;
    let n_judged = |all: Vec<ErrorCode>| {
        assert!(all.iter().all(|one| [ErrorCode::WrongCredentials, ErrorCode::LockedOut].contains(one)), "{all:?}");
        all.into_iter().filter(|one| *one == ErrorCode::WrongCredentials).count()
    };
    let by_name = (0..20).map(|from| async move { code(place.enter("boss", "wrong", None, from).await) });
    assert_eq!(n_judged(futures::future::join_all(by_name).await), 5);
    let by_address = (0..20).map(|n| async move {
        let name = format!("name{n}");
        code(place.enter(&name, "wrong", None, 99).await)
    });
    assert_eq!(n_judged(futures::future::join_all(by_address).await), 5);
    accounts::unlock(&place.ctx, &place.boss.principal, place.boss.user.id).await.unwrap();
    let inside =
        (0..20).map(|_| async move { code(accounts::remove_totp(&place.ctx, &place.boss.user, word("wrong")).await) });
    assert_eq!(n_judged(futures::future::join_all(inside).await), 5);
    assert_eq!(code(place.enter("boss", WORD, None, 100).await), ErrorCode::LockedOut);
}

/// One client of IPv6 has a /64 to choose addresses from.
#[tokio::test(flavor = "multi_thread")]
async fn addresses_of_one_network_are_counted_together() {
    let place = place().await;
    let enter = async |name: &str, given: &str, from: &str| {
        let (password, from) = (word(given), Some(from.parse().unwrap()));
        accounts::sign_in(&place.ctx, SignIn { name: name.into(), password, code: None, from }).await
    };
    for n in 0..5 {
        let from = format!("2001:db8:0:7:{n}::{n}");
        assert_eq!(code(enter(&format!("name{n}"), "wrong", &from).await), ErrorCode::WrongCredentials);
    }
    assert_eq!(code(enter("boss", WORD, "2001:db8:0:7:ffff::1").await), ErrorCode::LockedOut);
    assert!(enter("boss", WORD, "2001:db8:0:8::1").await.is_ok());
    // An address of IPv4 is one client, however it is written.
    for n in 0..5 {
        let name = format!("other{n}");
        assert_eq!(code(enter(&name, "wrong", "::ffff:192.0.2.7").await), ErrorCode::WrongCredentials);
    }
    assert_eq!(code(enter("boss", WORD, "192.0.2.7").await), ErrorCode::LockedOut);
    assert!(enter("boss", WORD, "192.0.2.8").await.is_ok());
}

/// INV-ACCOUNTS-7: what takes a while and was decided on an older row restores nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_change_of_password_undoes_nothing() {
    const OTHER: &str = "Another-horse-8";
    let place = place().await;
    let by = &place.boss.principal;
    let late = async |signed_in: &SignedIn| {
        accounts::change_password(&place.ctx, signed_in.secret.as_ref().unwrap(), word(WORD), word(OTHER)).await
    };
    let ann = place.hire("ann", &["analyst"]).await;
    let entered = place.enter("ann", WORD, None, 1).await.unwrap();
    let disable = Change { is_disabled: Some(true), ..Change::default() };
    let (_, disabled) = tokio::join!(late(&entered), accounts::update(&place.ctx, by, ann.id, disable));
    disabled.unwrap();
    assert!(accounts::get(&place.ctx, ann.id).await.unwrap().is_disabled);

    let ben = place.hire("ben", &["analyst"]).await;
    let entered = place.enter("ben", WORD, None, 2).await.unwrap();
    let demoted = accounts::update(&place.ctx, by, ben.id, change(&["service"]));
    let (_, demoted) = tokio::join!(late(&entered), demoted);
    demoted.unwrap();
    assert_eq!(accounts::get(&place.ctx, ben.id).await.unwrap().roles, [Role::Service]);

    let cat = place.hire("cat", &["analyst"]).await;
    let entered = place.enter("cat", WORD, None, 3).await.unwrap();
    let (_, once) = tokio::join!(late(&entered), accounts::reset(&place.ctx, by, cat.id));
    let again = place.enter("cat", once.unwrap().expose(), None, 3).await.unwrap();
    assert!(again.user.must_change_password, "the reset stands");

    // Nor does a sign-in by the password from before outlive a reset.
    let dan = place.hire("dan", &["analyst"]).await;
    let (came, once) = tokio::join!(place.enter("dan", WORD, None, 4), accounts::reset(&place.ctx, by, dan.id));
    once.unwrap();
    if let Ok(came) = came {
        assert!(!place.is_in(&came).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn few_wrong_attempts_are_forgotten_and_an_administrator_unlocks() {
    let place = place().await;
    let ann = place.hire("ann", &["analyst"]).await;
    for from in 0..4 {
        assert_eq!(code(place.enter("ann", "wrong", None, from).await), ErrorCode::WrongCredentials);
    }
    assert!(place.enter("ann", WORD, None, 9).await.is_ok(), "the fifth is right, and four are forgotten");
    for from in 0..5 {
        assert_eq!(code(place.enter("ann", "wrong", None, from).await), ErrorCode::WrongCredentials);
    }
    assert_eq!(code(place.enter("ann", WORD, None, 9).await), ErrorCode::LockedOut);
    assert!(accounts::get(&place.ctx, ann.id).await.unwrap().locked_until.is_some());
    accounts::unlock(&place.ctx, &place.boss.principal, ann.id).await.unwrap();
    assert!(place.enter("ann", WORD, None, 9).await.is_ok());
}

fn decoded(text: &str) -> Vec<u8> {
    let bits = text.bytes().map(|byte| match byte {
        b'A'..=b'Z' => byte - b'A',
        _ => byte - b'2' + 26,
    });
    let (mut held, mut n_bits, mut bytes) = (0_u32, 0, Vec::new());
    for five in bits {
        held = held << 5 | u32::from(five);
        n_bits += 5;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((held >> n_bits & 255) as u8);
        }
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor_is_asked_for_and_no_code_counts_twice() {
    let place = place().await;
    let user = &place.boss.user;
    let text = accounts::offer_totp(&place.ctx, user).await.unwrap();
    let secret = decoded(text.expose());
    let now = |place: &Place| password::totp_code(&secret, place.ctx.now() / 30_000_000);
    assert!(place.enter("boss", WORD, None, 1).await.is_ok(), "not in force before a code of it was given");
    let wrong = if now(&place) == "000000" { "000001" } else { "000000" };
    assert_eq!(code(accounts::confirm_totp(&place.ctx, user, &word(wrong)).await), ErrorCode::InvalidAccount);
    let recovery = accounts::confirm_totp(&place.ctx, user, &word(&now(&place))).await.unwrap();
    assert_eq!(recovery.len(), 10);

    // A right password is no wrong attempt, however often.
    for _ in 0..6 {
        assert_eq!(code(place.enter("boss", WORD, None, 1).await), ErrorCode::CodeNeeded);
    }
    // A wrong password learns nothing of the second factor.
    assert_eq!(code(place.enter("boss", "wrong", None, 1).await), ErrorCode::WrongCredentials);
    let used = now(&place);
    assert_eq!(code(place.enter("boss", WORD, Some(&used), 2).await), ErrorCode::WrongCredentials, "used to confirm");
    place.pass(MINUTE);
    let fresh = now(&place);
    assert!(place.enter("boss", WORD, Some(&fresh), 3).await.is_ok());
    assert_eq!(code(place.enter("boss", WORD, Some(&fresh), 3).await), ErrorCode::WrongCredentials, "used already");
    // A recovery code works once, however it is typed.
    let typed = recovery[0].expose().to_uppercase();
    let typed = format!("{}-{}", &typed[..8], &typed[8..]);
    assert!(place.enter("boss", WORD, Some(&typed), 4).await.is_ok());
    assert_eq!(code(place.enter("boss", WORD, Some(&typed), 4).await), ErrorCode::WrongCredentials);

    assert_eq!(code(accounts::remove_totp(&place.ctx, user, word("wrong")).await), ErrorCode::WrongCredentials);
    accounts::remove_totp(&place.ctx, user, word(WORD)).await.unwrap();
    assert!(place.enter("boss", WORD, None, 5).await.is_ok());
    let kept = rows_of_recovery(&place, &recovery[1]).await;
    assert!(!kept, "recovery codes go with the second factor");
}

/// Whoever the provider vouches for with two factors is in; with one, the own second factor is asked for, within five
/// minutes, and wrong codes count.
#[tokio::test]
async fn a_provider_that_asked_for_two_factors_is_enough() {
    let place = place().await;
    let (ctx, user) = (&place.ctx, &place.boss.user);
    let text = accounts::offer_totp(ctx, user).await.unwrap();
    let secret = decoded(text.expose());
    let now = || password::totp_code(&secret, ctx.now() / 30_000_000);
    accounts::confirm_totp(ctx, user, &word(&now())).await.unwrap();
    let new = NewSso { issuer: "https://id.example".into(), client_id: "zhike".into(), ..NewSso::default() };
    let set = accounts::set_sso(ctx, &Principal::local("x"), new).await.unwrap();
    accounts::link_sso(ctx, &Principal::local("x"), user.id, &word("s-1")).await.unwrap();
    let claims =
        |is_strong| Claims { subject: "s-1".into(), username: None, display_name: None, groups: Vec::new(), is_strong };
    let vouched = accounts::sign_in_vouched(ctx, &set, &claims(true), None).await.unwrap();
    assert!(matches!(vouched, Vouched::In(signed_in) if signed_in.user.name == "boss"));
    let ask = || async {
        match accounts::sign_in_vouched(ctx, &set, &claims(false), None).await.unwrap() {
            Vouched::CodeNeeded(kept) => kept,
            Vouched::In(_) => panic!("the code was not asked for"),
        }
    };
    place.pass(MINUTE);
    let kept = ask().await;
    let fresh = now();
    assert!(accounts::sign_in_code(ctx, &kept, &word(&fresh), None).await.is_ok());
    assert_eq!(code(accounts::sign_in_code(ctx, &kept, &word(&fresh), None).await), ErrorCode::WrongCredentials);
    assert_eq!(code(accounts::sign_in_code(ctx, &word("forged"), &word(&fresh), None).await), ErrorCode::SsoRefused);
    let late = ask().await;
    place.pass(5 * MINUTE);
    assert_eq!(code(accounts::sign_in_code(ctx, &late, &word(&now()), None).await), ErrorCode::SsoRefused);
    let kept = ask().await;
    let wrong = if now() == "000000" { "000001" } else { "000000" };
    // With the one that was used already, five; the rest of those that come at once are not judged.
    let guess = |_| async { code(accounts::sign_in_code(ctx, &kept, &word(wrong), None).await) };
    let guesses = futures::future::join_all((0..9).map(guess)).await;
    assert_eq!(guesses.iter().filter(|one| **one == ErrorCode::WrongCredentials).count(), 4, "{guesses:?}");
    assert_eq!(guesses.iter().filter(|one| **one == ErrorCode::LockedOut).count(), 5, "{guesses:?}");
    assert_eq!(code(accounts::sign_in_code(ctx, &kept, &word(&now()), None).await), ErrorCode::LockedOut);
}

/// INV-SSO-3: an attempt lasts ten minutes.
#[tokio::test]
async fn an_attempt_at_the_provider_ends() {
    let place = place().await;
    let take = |started: &accounts::Started| {
        code(accounts::take_attempt(&place.ctx, &started.kept, &started.state).map(|_| ()))
    };
    let started = accounts::start_sso(&place.ctx).unwrap();
    place.pass(10 * MINUTE);
    assert_eq!(take(&started), ErrorCode::SsoRefused);
    let started = accounts::start_sso(&place.ctx).unwrap();
    place.pass(10 * MINUTE - 1);
    assert!(accounts::take_attempt(&place.ctx, &started.kept, &started.state).is_ok());
    assert_eq!(take(&started), ErrorCode::SsoRefused, "once");
}

/// Whoever comes by the provider has no use for a one-time password; it opens nothing from then on.
#[tokio::test]
async fn a_one_time_password_ends_with_the_first_sign_in_by_the_provider() {
    let place = place().await;
    let ctx = &place.ctx;
    let by = Principal::local("x");
    let new = NewUser { name: "ann".into(), roles: vec!["analyst".into()], ..NewUser::default() };
    let (user, once) = accounts::create(ctx, &by, new).await.unwrap();
    let new = NewSso { issuer: "https://id.example/".into(), client_id: "zhike".into(), ..NewSso::default() };
    let set = accounts::set_sso(ctx, &by, new).await.unwrap();
    accounts::link_sso(ctx, &by, user.id, &word("s-2")).await.unwrap();
    let claims = Claims {
        subject: "s-2".into(),
        username: None,
        display_name: None,
        groups: vec!["x".into()],
        is_strong: false,
    };
    let Vouched::In(ann) = accounts::sign_in_vouched(ctx, &set, &claims, None).await.unwrap() else {
        panic!("no code")
    };
    assert!(!ann.user.must_change_password && ann.permissions.holds(Permission::SqlRun));
    assert_eq!(code(place.enter("ann", once.expose(), None, 1).await), ErrorCode::WrongCredentials);
    // Another issuer's subject of the same name is somebody else.
    let new = NewSso { issuer: "https://other.example".into(), client_id: "zhike".into(), ..NewSso::default() };
    let other = accounts::set_sso(ctx, &by, new).await.unwrap();
    assert_eq!(code(accounts::sign_in_vouched(ctx, &other, &claims, None).await.map(|_| ())), ErrorCode::SsoNoAccount);
}

/// Whether a recovery code would still let somebody in, were there a second factor.
async fn rows_of_recovery(place: &Place, code: &Sensitive<String>) -> bool {
    let user = &place.boss.user;
    let text = accounts::offer_totp(&place.ctx, user).await.unwrap();
    let secret = decoded(text.expose());
    place.pass(MINUTE);
    let now = password::totp_code(&secret, place.ctx.now() / 30_000_000);
    accounts::confirm_totp(&place.ctx, user, &word(&now)).await.unwrap();
    place.enter("boss", WORD, Some(code.expose()), 77).await.is_ok()
}

/// INV-ACCOUNTS-2.
#[tokio::test(flavor = "multi_thread")]
async fn changed_roles_disabled_users_and_resets_end_sessions_and_keys_at_once() {
    let place = place().await;
    let ann = place.hire("ann", &["analyst"]).await;
    let by = &place.boss.principal;
    let entered = place.enter("ann", WORD, None, 1).await.unwrap();
    let new = NewApiKey { name: "sync".into(), permissions: vec!["profiles.list".into(), "sql.run".into()], days: 30 };
    let (_, key) = accounts::create_key(&place.ctx, &entered.principal, "ann", new).await.unwrap();
    let held = accounts::by_key(&place.ctx, &key).await.unwrap().unwrap();
    assert_eq!((held.actor.as_str(), held.owner.as_str(), held.means), ("ann/sync", "ann", Means::Key));
    assert!(held.permissions.holds(Permission::SqlRun) && !held.permissions.holds(Permission::ExportsMake));

    accounts::update(&place.ctx, by, ann.id, change(&["operator"])).await.unwrap();
    assert!(!place.is_in(&entered).await);
    let held = accounts::by_key(&place.ctx, &key).await.unwrap().unwrap();
    assert!(!held.permissions.holds(Permission::SqlRun), "a key has no more than its owner has now");

    let entered = place.enter("ann", WORD, None, 1).await.unwrap();
    accounts::update(&place.ctx, by, ann.id, Change { display_name: Some("Ann".into()), ..Change::default() })
        .await
        .unwrap();
    assert!(place.is_in(&entered).await, "another shown name changes nothing");
    accounts::update(&place.ctx, by, ann.id, Change { is_disabled: Some(true), ..Change::default() }).await.unwrap();
    assert!(!place.is_in(&entered).await && accounts::by_key(&place.ctx, &key).await.unwrap().is_none());
    assert_eq!(code(place.enter("ann", WORD, None, 1).await), ErrorCode::WrongCredentials);
    accounts::update(&place.ctx, by, ann.id, Change { is_disabled: Some(false), ..Change::default() }).await.unwrap();

    // A password of one's own choice ends other sessions; programs go on.
    let (entered, other) =
        (place.enter("ann", WORD, None, 2).await.unwrap(), place.enter("ann", WORD, None, 2).await.unwrap());
    let (secret, next) = (entered.secret.as_ref().unwrap(), "Correct-horse-8");
    accounts::change_password(&place.ctx, secret, word(WORD), word(next)).await.unwrap();
    assert!(place.is_in(&entered).await && !place.is_in(&other).await);
    assert!(accounts::by_key(&place.ctx, &key).await.unwrap().is_some());

    let once = accounts::reset(&place.ctx, by, ann.id).await.unwrap();
    assert!(!place.is_in(&entered).await);
    assert!(accounts::by_key(&place.ctx, &key).await.unwrap().is_none(), "whoever made it may be why");
    assert!(accounts::keys(&place.ctx, by).await.unwrap().is_empty());
    assert_eq!(code(place.enter("ann", next, None, 3).await), ErrorCode::WrongCredentials);
    assert_eq!(code(place.enter("ann", WORD, None, 3).await), ErrorCode::WrongCredentials);
    assert!(place.enter("ann", once.expose(), None, 3).await.unwrap().principal.must_change_password);

    // The last one who can give roles stays.
    let out = Change { is_disabled: Some(true), ..Change::default() };
    assert_eq!(code(accounts::update(&place.ctx, by, place.boss.user.id, out).await), ErrorCode::Conflict);
    assert_eq!(
        code(accounts::update(&place.ctx, by, place.boss.user.id, change(&["analyst"])).await),
        ErrorCode::Conflict
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_that_nobody_uses_are_disabled() {
    let place = place().await;
    let ann = place.hire("ann", &["analyst"]).await;
    place.pass(89 * DAY);
    place.enter("boss", WORD, None, 1).await.unwrap();
    assert!(!accounts::get(&place.ctx, ann.id).await.unwrap().is_disabled);
    place.pass(2 * DAY);
    assert!(accounts::get(&place.ctx, ann.id).await.unwrap().is_disabled);
    assert_eq!(code(place.enter("ann", WORD, None, 2).await), ErrorCode::WrongCredentials);
    let back = Change { is_disabled: Some(false), ..Change::default() };
    accounts::update(&place.ctx, &place.boss.principal, ann.id, back).await.unwrap();
    assert!(place.enter("ann", WORD, None, 2).await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_end_and_are_no_more_than_their_owner() {
    let place = place().await;
    place.hire("ann", &["analyst"]).await;
    let ann = place.enter("ann", WORD, None, 1).await.unwrap().principal;
    let make = async |by: &Principal, owner: &str, permissions: &[&str], days: i64| {
        let permissions = permissions.iter().map(|one| (*one).to_owned()).collect();
        accounts::create_key(&place.ctx, by, owner, NewApiKey { name: "k".into(), permissions, days }).await
    };
    for (permissions, days) in [
        (&["imports.run"][..], 1),
        (&["nonsense"], 1),
        (&[], 1),
        (&["profiles.list"], 0),
        (&["profiles.list"], 731),
        (&["keys.manage"], 1),
        (&["account.own"], 1),
    ] {
        assert_eq!(
            code(make(&ann, "ann", permissions, days).await),
            ErrorCode::InvalidAccount,
            "{permissions:?} {days}"
        );
    }
    assert_eq!(code(make(&ann, "boss", &["profiles.list"], 1).await), ErrorCode::NoPermission, "of somebody else");
    let (key, secret) = make(&ann, "ann", &["profiles.list"], 7).await.unwrap();
    assert!(
        secret.expose().starts_with("zk_") && secret.expose().starts_with(&key.prefix) && secret.expose().len() == 46
    );
    let (of_boss, boss_secret) = make(&place.boss.principal, "boss", &["profiles.list"], 7).await.unwrap();
    // One's own, unless one manages users; and keys of others are not there.
    assert_eq!(accounts::keys(&place.ctx, &ann).await.unwrap().len(), 1);
    assert_eq!(accounts::keys(&place.ctx, &place.boss.principal).await.unwrap().len(), 2);
    assert_eq!(code(accounts::revoke_key(&place.ctx, &ann, of_boss.id).await), ErrorCode::NotFound);
    accounts::revoke_key(&place.ctx, &place.boss.principal, of_boss.id).await.unwrap();
    assert!(accounts::by_key(&place.ctx, &boss_secret).await.unwrap().is_none());
    assert!(accounts::by_key(&place.ctx, &secret).await.unwrap().is_some());
    place.pass(7 * DAY);
    assert!(accounts::by_key(&place.ctx, &secret).await.unwrap().is_none(), "its days are over");
}

fn change(roles: &[&str]) -> Change {
    Change { roles: Some(roles.iter().map(|one| (*one).to_owned()).collect()), ..Change::default() }
}

/// Three people with a duty each; the administrator from before, the system's and the security's, signed in anew.
async fn separated(place: &Place) -> [Principal; 3] {
    for (name, role) in [("sys", "system_admin"), ("sec", "security_admin"), ("aud", "audit_admin")] {
        place.hire(name, &[role]).await;
    }
    accounts::set_separated(&place.ctx, &place.boss.principal, true).await.unwrap();
    let enter = async |name: &str| place.enter(name, WORD, None, 1).await.unwrap().principal;
    [enter("boss").await, enter("sys").await, enter("sec").await]
}

/// INV-ACCESS-4.
#[tokio::test(flavor = "multi_thread")]
async fn duties_are_separated_only_when_three_people_hold_them() {
    let place = place().await;
    let by = &place.boss.principal;
    assert_eq!(code(accounts::set_separated(&place.ctx, by, true).await), ErrorCode::Conflict);
    let both =
        NewUser { name: "both".into(), roles: vec!["system_admin".into(), "audit_admin".into()], ..NewUser::default() };
    assert_eq!(code(accounts::create(&place.ctx, by, both).await), ErrorCode::InvalidAccount);
    let [boss, sys, sec] = separated(&place).await;
    assert!(!place.is_in(&place.boss).await, "everybody signs in anew");
    let new = |roles: &[&str]| NewUser {
        name: "new".into(),
        roles: roles.iter().map(|one| (*one).to_owned()).collect(),
        ..NewUser::default()
    };
    assert_eq!(code(accounts::create(&place.ctx, &boss, new(&[])).await), ErrorCode::NoPermission);
    assert_eq!(code(accounts::create(&place.ctx, &sys, new(&["analyst"])).await), ErrorCode::NoPermission);
    let (made, _) = accounts::create(&place.ctx, &sys, new(&[])).await.unwrap();
    assert_eq!(code(accounts::update(&place.ctx, &sys, made.id, change(&["analyst"])).await), ErrorCode::NoPermission);
    assert_eq!(
        code(accounts::update(&place.ctx, &sec, made.id, change(&["admin", "audit_admin"])).await),
        ErrorCode::InvalidAccount
    );
    assert_eq!(accounts::update(&place.ctx, &sec, made.id, change(&["analyst"])).await.unwrap().roles, [Role::Analyst]);
    assert_eq!(code(accounts::set_separated(&place.ctx, &boss, false).await), ErrorCode::NoPermission);
    accounts::set_separated(&place.ctx, &sec, false).await.unwrap();
}

/// INV-ACCOUNTS-8.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_alone_takes_over_what_is_anothers() {
    let place = place().await;
    let [_, sys, sec] = separated(&place).await;
    let new = NewUser { name: "new".into(), ..NewUser::default() };
    let (made, _) = accounts::create(&place.ctx, &sys, new).await.unwrap();
    accounts::update(&place.ctx, &sec, made.id, change(&["analyst"])).await.unwrap();
    let found = accounts::list(&place.ctx).await.unwrap();
    let id = |name: &str| found.iter().find(|user| user.name == name).unwrap().id;
    let provider = NewSso { issuer: "https://id.example".into(), client_id: "zhike".into(), ..NewSso::default() };
    accounts::set_sso(&place.ctx, &sec, provider.clone()).await.unwrap();
    for name in ["boss", "sec", "aud", "new"] {
        assert_eq!(code(accounts::reset(&place.ctx, &sys, id(name)).await), ErrorCode::NoPermission, "{name}");
        let linked = accounts::link_sso(&place.ctx, &sys, id(name), &word("mine")).await;
        assert_eq!(code(linked), ErrorCode::NoPermission, "{name}");
    }
    assert!(place.enter("aud", WORD, None, 50).await.is_ok(), "nothing was changed");
    // Also where somebody makes keys besides.
    let permissions = sys.permissions.iter().chain([Permission::KeysManage]).collect();
    let with_keys = Principal { permissions, ..sys.clone() };
    let of_boss = NewApiKey { name: "k".into(), permissions: vec!["views.use".into()], days: 1 };
    assert_eq!(code(accounts::create_key(&place.ctx, &with_keys, "boss", of_boss).await), ErrorCode::NoPermission);
    // Two do: roles are taken away, the password is set, roles are given again.
    accounts::update(&place.ctx, &sec, made.id, change(&[])).await.unwrap();
    let once = accounts::reset(&place.ctx, &sys, made.id).await.unwrap();
    accounts::link_sso(&place.ctx, &sys, made.id, &word("theirs")).await.unwrap();
    assert!(place.enter("new", once.expose(), None, 51).await.is_ok());
    accounts::update(&place.ctx, &sec, made.id, change(&["analyst"])).await.unwrap();
    // Whoever holds the files may do everything anyway; and it is on record.
    accounts::reset(&place.ctx, &Principal::local("x"), id("aud")).await.unwrap();
    // Whoever gives roles gives none to themselves, nor accounts to whoever a provider of theirs names.
    for roles in [&["security_admin", "analyst"][..], &["audit_admin"], &["admin"]] {
        let own = accounts::update(&place.ctx, &sec, id("sec"), change(roles)).await;
        assert_eq!(code(own), ErrorCode::NoPermission, "{roles:?}");
    }
    let creates = NewSso {
        creates: true,
        role_claim: Some("groups".into()),
        role_map: [("all".to_owned(), "audit_admin".to_owned())].into(),
        ..provider
    };
    assert_eq!(code(accounts::set_sso(&place.ctx, &sec, creates).await), ErrorCode::NoPermission);
    let denied = rows(&place.ctx, "SELECT actor, detail_json FROM audit WHERE action = 'access.denied'").await;
    assert!(denied.iter().any(|line| line.starts_with("sys|") && line.contains("more permissions")), "{denied:?}");
    assert!(denied.iter().any(|line| line.starts_with("sec|") && line.contains("own roles")), "{denied:?}");
}

/// INV-ACCOUNTS-5, and no secret stands in the trail or in the database.
#[tokio::test(flavor = "multi_thread")]
async fn every_act_is_on_record_and_no_secret_is() {
    let place = place().await;
    let ann = place.hire("ann", &["analyst"]).await;
    let _ = place.enter("ann", "a-wrong-Password-9", None, 1).await;
    let entered = place.enter("ann", WORD, None, 1).await.unwrap();
    let new = NewApiKey { name: "k".into(), permissions: vec!["profiles.list".into()], days: 1 };
    let (key, secret) = accounts::create_key(&place.ctx, &entered.principal, "ann", new).await.unwrap();
    accounts::revoke_key(&place.ctx, &entered.principal, key.id).await.unwrap();
    accounts::sign_out(&place.ctx, entered.secret.as_ref().unwrap()).await.unwrap();
    accounts::reset(&place.ctx, &place.boss.principal, ann.id).await.unwrap();
    let trail = rows(&place.ctx, "SELECT actor, action, subject, detail_json FROM audit ORDER BY seq").await;
    for (actor, action) in [
        ("boss", "account.setup"),
        ("boss", "account.sign_in"),
        ("boss", "user.create"),
        ("ann", "account.password"),
        ("anonymous", "account.refused"),
        ("ann", "account.sign_in"),
        ("ann", "key.create"),
        ("ann", "key.revoke"),
        ("ann", "account.sign_out"),
        ("boss", "user.reset"),
    ] {
        let start = format!("{actor}|{action}|");
        assert!(trail.iter().any(|line| line.starts_with(&start)), "{start} in {trail:#?}");
    }
    let held = [WORD, "a-wrong-Password-9", secret.expose(), entered.secret.as_ref().unwrap().expose(), "203.0.113"];
    let database =
        ["state.db", "state.db-wal"].map(|name| std::fs::read(place.ctx.dir().join(name)).unwrap_or_default());
    for text in held {
        assert!(!trail.iter().any(|line| line.contains(text)), "{text}");
        let is_in = |bytes: &Vec<u8>| memchr::memmem::find(bytes, text.as_bytes()).is_some();
        assert!(!database.iter().any(is_in), "{text} in the database");
    }
}

const SHOP: &str = "订单编号,会员号,手机号,省份,门店,下单时间,实付金额,订单状态\n\
                    T1,M1,13800138001,浙江,S1,2026-01-02 10:00:00,100.00,交易成功\n\
                    T2,M2,13800138002,江苏,S2,2026-01-03 10:00:00,50.00,交易成功\n\
                    T3,M3,13800138003,浙江,S2,2026-01-04 10:00:00,70.00,交易成功\n";

/// Whoever sees some provinces or stores sees nobody else, by any way; and what is computed for all stays whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_scope_holds_whichever_way_people_are_asked_for() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let people = "会员号,手机号,省份\nM1,13800138001,浙江省\nM2,13800138002,江苏\nM3,13800138003,浙江\n";
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    load(&ctx, &home.file("orders.csv", SHOP), Entity::Orders).await.unwrap();
    refresh::refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let everybody = Whom { rule: Some(serde_json::json!({"all": []})), ..Whom::default() };
    let listed = async |ctx: &Ctx| {
        let page = customers::page(ctx, &everybody, Sort::default(), &[], None, 10).await.unwrap();
        assert_eq!(page.count.count, Some(page.rows.len() as u64));
        let mut ids: Vec<_> = page.rows.iter().map(|row| row.profile_id).collect();
        ids.sort();
        (ids, page.count.total.unwrap())
    };
    let phone = |n: u8| Sensitive::new(format!("1380013800{n}"));
    let mut ids = Vec::new();
    for n in 1..=3 {
        ids.extend(profiles::find(&ctx, None, &phone(n)).await.unwrap());
    }
    assert_eq!((ids.len(), listed(&ctx).await.1), (3, 3));
    let scope = |provinces: &[&str], stores: &[&str]| Scope {
        provinces: provinces.iter().map(|one| (*one).to_owned()).collect(),
        stores: stores.iter().map(|one| (*one).to_owned()).collect(),
    };
    for (scope, seen) in [
        (scope(&["浙江"], &[]), &[1, 3][..]),
        (scope(&["江苏", "上海"], &[]), &[2]),
        (scope(&["上海"], &[]), &[]),
        (scope(&[], &["S2"]), &[2, 3]),
        (scope(&["浙江"], &["S2"]), &[3]),
        (scope(&[], &[]), &[1, 2, 3]),
    ] {
        let own = ctx.within(&scope);
        let mut wanted: Vec<_> = seen.iter().map(|n| ids[n - 1]).collect();
        wanted.sort();
        assert_eq!(listed(&own).await, (wanted.clone(), wanted.len() as u64), "{scope:?}");
        for n in 1..=3 {
            let is_seen = seen.contains(&n);
            let id = ids[n - 1];
            assert_eq!(profiles::find(&own, None, &phone(n as u8)).await.unwrap().len(), usize::from(is_seen));
            let opened = profiles::view(&own, id, &Show::Masked).await;
            assert_eq!(
                opened.map(|_| ()).map_err(|error| error.code),
                if is_seen { Ok(()) } else { Err(ErrorCode::NotFound) }
            );
            assert_eq!(profiles::orders(&own, id, 0, 10).await.is_ok(), is_seen, "{scope:?} {n}");
            assert_eq!(profiles::acts(&own, id, None, 10).await.is_ok(), is_seen);
            assert_eq!(segments::of_profile(&own, id).await.is_ok(), is_seen);
        }
        assert_eq!(customers::listed_by_id(&own, &ids).await.unwrap().len(), seen.len());
        crate::sums::sums_are_of(&own, wanted.len(), seen).await;
        // Refreshes are of everybody, whoever starts them.
        let done = refresh::refresh(&own, RefreshOptions { force: true, ..RefreshOptions::default() }).await.unwrap();
        assert_eq!(done.n_customers, 3);
    }
}
