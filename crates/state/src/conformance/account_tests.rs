//! Users, sessions, keys, wrong attempts.

use super::{Place, conformance};
use crate::{ApiKeyRow, AuditEntry, NewPassword, Proof, SessionRow, Sessions, SsoLinkRow, UserChange, UserRow};

conformance!(
    the_first_user_is_one,
    a_name_is_taken_once,
    a_change_leaves_what_it_is_not_about,
    a_late_password_or_factor_changes_nothing,
    a_reset_takes_everything_that_let_somebody_in,
    sessions_begin_and_end,
    a_session_begins_with_what_holds_then,
    a_step_and_a_recovery_code_are_taken_once,
    keys_are_found_and_revoked,
    attempts_lock_before_they_are_judged,
    attempts_at_once_are_counted_each,
    an_identity_opens_one_account,
);

fn user(user_id: i64, name: &str) -> UserRow {
    UserRow {
        user_id,
        name: name.to_owned(),
        display_name: name.to_owned(),
        roles_json: r#"["admin"]"#.to_owned(),
        provinces_json: "[]".to_owned(),
        stores_json: "[]".to_owned(),
        password_hash: vec![1, 2, 3],
        password_at: 5,
        must_change: 0,
        is_disabled: 0,
        totp_sealed: None,
        totp_offered: None,
        totp_step: None,
        created_at: 5,
        last_seen_at: None,
    }
}

fn entry(at: i64) -> AuditEntry {
    AuditEntry {
        at,
        actor: "boss".to_owned(),
        action: "user.change".to_owned(),
        subject: "usr_1".to_owned(),
        detail_json: "{}".to_owned(),
    }
}

fn link(_: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    bytes.iter().enumerate().for_each(|(at, byte)| hash[at % 32] ^= byte);
    hash
}

fn session(hash: u8, user_id: i64, at: i64) -> SessionRow {
    SessionRow { session_hash: [hash; 32], user_id, created_at: at, seen_at: at }
}

async fn the_first_user_is_one(place: &Place) {
    let store = place.open().await;
    assert!(!store.has_users().await.unwrap());
    let writers = (0..6).map(|n| {
        let store = store.clone();
        tokio::spawn(
            async move { store.insert_user(user(n + 1, &format!("u{n}")), true, &entry(n), link).await.unwrap() },
        )
    });
    let made = futures::future::join_all(writers).await.into_iter().filter(|made| *made.as_ref().unwrap()).count();
    assert_eq!((made, store.users().await.unwrap().len()), (1, 1));
    // What was not done is not on record.
    assert_eq!(store.audit_page(None, 10).await.unwrap().len(), 1);
}

async fn a_name_is_taken_once(place: &Place) {
    let store = place.open().await;
    assert!(store.insert_user(user(2, "b"), false, &entry(1), link).await.unwrap());
    assert!(store.insert_user(user(1, "a"), false, &entry(2), link).await.unwrap());
    assert!(!store.insert_user(user(3, "a"), false, &entry(3), link).await.unwrap());
    assert_eq!(store.users().await.unwrap(), [user(1, "a"), user(2, "b")]);
    assert_eq!(store.user_named("b").await.unwrap(), Some(user(2, "b")));
    assert_eq!(store.user(3).await.unwrap(), None);
}

fn password(hash: u8, at: i64) -> NewPassword {
    NewPassword { hash: vec![hash; 3], at }
}

fn key(key_id: i64, at: i64) -> ApiKeyRow {
    ApiKeyRow {
        key_id,
        user_id: 1,
        name: "k".to_owned(),
        prefix: "zk_abc".to_owned(),
        key_hash: [key_id as u8; 32],
        permissions_json: "[]".to_owned(),
        created_at: at,
        expires_at: 1_000,
        last_used_at: None,
        revoked_at: None,
    }
}

async fn a_change_leaves_what_it_is_not_about(place: &Place) {
    let store = place.open().await;
    let text = |text: &str| Some(text.to_owned());
    let first = UserRow { totp_sealed: text("s"), totp_step: Some(7), ..user(1, "a") };
    store.insert_user(first.clone(), false, &entry(1), link).await.unwrap();
    let named = UserRow { display_name: "A".to_owned(), ..first };
    let disabled = UserRow { is_disabled: 1, ..named.clone() };
    let moved = UserRow { roles_json: "[]".to_owned(), stores_json: r#"["S1"]"#.to_owned(), ..disabled.clone() };
    let bound = UserRow { provinces_json: r#"["浙江"]"#.to_owned(), ..moved.clone() };
    let back = UserRow { is_disabled: 0, last_seen_at: Some(9), ..bound.clone() };
    let none = UserChange::default();
    for (change, expected) in [
        (UserChange { display_name: text("A"), ..none.clone() }, named),
        (UserChange { is_disabled: Some(1), ..none.clone() }, disabled),
        (UserChange { roles_json: text("[]"), stores_json: text(r#"["S1"]"#), ..none.clone() }, moved),
        (UserChange { provinces_json: text(r#"["浙江"]"#), ..none.clone() }, bound),
        (UserChange { is_disabled: Some(0), last_seen_at: Some(9), ..none.clone() }, back),
    ] {
        store.change_user(1, &change, Sessions::Keep, &entry(2), link).await.unwrap();
        assert_eq!(store.user(1).await.unwrap(), Some(expected), "{change:?}");
    }
    assert!(store.change_user(9, &none, Sessions::Keep, &entry(5), link).await.is_err());
}

/// What was decided on an older row finds nothing to change, and leaves no entry.
async fn a_late_password_or_factor_changes_nothing(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    let old = user(1, "a").password_hash;
    assert!(store.change_password(1, &old, password(4, 10), None, &entry(2), link).await.unwrap());
    assert!(!store.change_password(1, &old, password(5, 11), None, &entry(3), link).await.unwrap(), "it is another");
    let row = store.user(1).await.unwrap().unwrap();
    assert_eq!((row.password_hash.as_slice(), row.password_at), (&[4_u8; 3][..], 10));

    assert!(store.offer_totp(1, "one", &entry(4), link).await.unwrap());
    assert!(store.offer_totp(1, "two", &entry(5), link).await.unwrap());
    assert!(!store.confirm_totp(1, "one", 7, &[[1; 16]], &entry(6), link).await.unwrap(), "another was shown since");
    assert!(store.confirm_totp(1, "two", 7, &[[1; 16], [2; 16]], &entry(7), link).await.unwrap());
    let row = store.user(1).await.unwrap().unwrap();
    assert_eq!((row.totp_sealed.as_deref(), row.totp_offered, row.totp_step), (Some("two"), None, Some(7)));
    assert!(
        store.has_recovery_code(1, &[1; 16]).await.unwrap() && !store.has_recovery_code(2, &[1; 16]).await.unwrap()
    );
    assert!(!store.offer_totp(1, "three", &entry(8), link).await.unwrap(), "one is in force");
    assert!(!store.remove_totp(1, &old, &entry(9), link).await.unwrap(), "proved by a password that is gone");

    let disabled = |is_disabled: i64| UserChange { is_disabled: Some(is_disabled), ..UserChange::default() };
    store.change_user(1, &disabled(1), Sessions::End, &entry(10), link).await.unwrap();
    assert!(!store.change_password(1, &[4; 3], password(6, 12), None, &entry(11), link).await.unwrap());
    assert!(!store.remove_totp(1, &[4; 3], &entry(12), link).await.unwrap());
    let row = store.user(1).await.unwrap().unwrap();
    assert_eq!((row.is_disabled, row.password_at, row.totp_sealed.is_some()), (1, 10, true));
    store.change_user(1, &disabled(0), Sessions::Keep, &entry(13), link).await.unwrap();
    assert!(store.remove_totp(1, &[4; 3], &entry(14), link).await.unwrap());
    assert_eq!(store.user(1).await.unwrap().unwrap().totp_step, None);
    assert!(!store.has_recovery_code(1, &[1; 16]).await.unwrap());
    let at: Vec<i64> = store.audit_page(None, 20).await.unwrap().iter().map(|row| row.at).collect();
    assert_eq!(at, [1, 2, 4, 5, 7, 10, 13, 14], "what was not done is not on record");
}

async fn a_reset_takes_everything_that_let_somebody_in(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    store.offer_totp(1, "s", &entry(2), link).await.unwrap();
    store.confirm_totp(1, "s", 7, &[[1; 16]], &entry(3), link).await.unwrap();
    store.insert_api_key(key(1, 1), &entry(4), link).await.unwrap();
    store.insert_api_key(ApiKeyRow { user_id: 2, ..key(2, 2) }, &entry(4), link).await.unwrap();
    assert!(store.begin_session(session(1, 1, 5), Proof::Step(8), None, 0, &entry(5), link).await.unwrap());
    assert!(!store.reset_user(1, "[]", password(9, 20), &entry(6), link).await.unwrap(), "other roles than were read");
    assert!(store.session(&[1; 32]).await.unwrap().is_some());
    assert!(store.reset_user(1, r#"["admin"]"#, password(9, 20), &entry(7), link).await.unwrap());
    let row = store.user(1).await.unwrap().unwrap();
    let expected =
        UserRow { password_hash: vec![9; 3], password_at: 20, must_change: 1, last_seen_at: Some(5), ..user(1, "a") };
    assert_eq!(row, expected);
    assert!(!store.has_recovery_code(1, &[1; 16]).await.unwrap());
    assert_eq!(store.session(&[1; 32]).await.unwrap(), None);
    assert_eq!(store.api_key_of(&[1; 32]).await.unwrap().unwrap().revoked_at, Some(7));
    assert_eq!(store.api_key_of(&[2; 32]).await.unwrap().unwrap().revoked_at, None, "somebody else's");
}

async fn sessions_begin_and_end(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    store.insert_user(user(2, "b"), false, &entry(1), link).await.unwrap();
    for (hash, of, at) in [(1, 1, 10), (2, 1, 20), (3, 2, 20), (4, 1, 30)] {
        let begun = store.begin_session(session(hash, of, at), Proof::Password, None, 15, &entry(at), link).await;
        assert!(begun.unwrap());
    }
    let is_there = async |hash: u8| store.session(&[hash; 32]).await.unwrap().is_some();
    assert!(!is_there(1).await, "ended long ago");
    let found = store.session(&[2; 32]).await.unwrap().unwrap();
    store.touch_session(&found, 99).await.unwrap();
    assert_eq!(store.session(&[2; 32]).await.unwrap().unwrap().seen_at, 99);
    assert_eq!(store.user(1).await.unwrap().unwrap().last_seen_at, Some(99));
    store.end_other_sessions(1, Some(&[2; 32])).await.unwrap();
    assert!(is_there(2).await && is_there(3).await && !is_there(4).await);
    assert!(store.end_session(&[3; 32], &entry(40), link).await.unwrap());
    assert!(!store.end_session(&[3; 32], &entry(41), link).await.unwrap());
    store.change_user(1, &UserChange::default(), Sessions::Keep, &entry(42), link).await.unwrap();
    assert!(is_there(2).await);
    store.change_user(1, &UserChange::default(), Sessions::End, &entry(43), link).await.unwrap();
    assert!(!is_there(2).await);
}

/// Whoever proved a password that is gone, or was disabled meanwhile, does not come in.
async fn a_session_begins_with_what_holds_then(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    let begin = async |hash: u8, proved: Option<&[u8]>| {
        store.begin_session(session(hash, 1, 10), Proof::Password, proved, 0, &entry(10), link).await.unwrap()
    };
    assert!(begin(1, Some(&[1, 2, 3])).await && begin(2, None).await);
    assert!(!begin(3, Some(&[1, 2, 4])).await);
    let disabled = UserChange { is_disabled: Some(1), ..UserChange::default() };
    store.change_user(1, &disabled, Sessions::End, &entry(11), link).await.unwrap();
    assert!(!begin(4, Some(&[1, 2, 3])).await && !begin(5, None).await);
    for hash in 1..=5 {
        assert_eq!(store.session(&[hash; 32]).await.unwrap(), None);
    }
}

async fn a_step_and_a_recovery_code_are_taken_once(place: &Place) {
    let store = place.open().await;
    let row = UserRow { totp_offered: Some("s".to_owned()), ..user(1, "a") };
    store.insert_user(row, false, &entry(1), link).await.unwrap();
    assert!(store.confirm_totp(1, "s", 9, &[[9; 16]], &entry(2), link).await.unwrap());
    let begin = async |hash: u8, proof: Proof| {
        store.begin_session(session(hash, 1, 10), proof, None, 0, &entry(10), link).await.unwrap()
    };
    let taken = futures::future::join_all((1..=5).map(|hash| begin(hash, Proof::Step(100)))).await;
    assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
    assert!(!begin(6, Proof::Step(99)).await && begin(7, Proof::Step(101)).await);
    assert!(begin(8, Proof::Recovery([9; 16])).await);
    assert!(!begin(9, Proof::Recovery([9; 16])).await && !begin(10, Proof::Recovery([8; 16])).await);
}

async fn keys_are_found_and_revoked(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    for at in [1, 2] {
        store.insert_api_key(key(at, at), &entry(at), link).await.unwrap();
    }
    assert_eq!(store.api_keys().await.unwrap(), [key(2, 2), key(1, 1)]);
    store.touch_api_key(&key(1, 1), 50).await.unwrap();
    assert_eq!(store.api_key_of(&[1; 32]).await.unwrap().unwrap().last_used_at, Some(50));
    assert_eq!(store.api_key_of(&[3; 32]).await.unwrap(), None);
    assert!(store.revoke_api_key(1, &entry(60), link).await.unwrap());
    assert!(!store.revoke_api_key(1, &entry(61), link).await.unwrap());
    assert_eq!(store.api_key_of(&[1; 32]).await.unwrap().unwrap().revoked_at, Some(60));
    assert_eq!(store.api_keys().await.unwrap(), [key(2, 2)]);
}

async fn attempts_lock_before_they_are_judged(place: &Place) {
    let store = place.open().await;
    let subjects = ["name:a".to_owned(), "address:b".to_owned()];
    let count =
        async |subjects: &[String], at: i64| store.count_attempt(subjects, at, (at - 100, 3, at + 100)).await.unwrap();
    let give_back = async |subjects: &[String]| store.give_back_attempt(subjects, 3).await.unwrap();
    let locked = async |at: usize| {
        let rows = store.failures(&subjects[at..=at]).await.unwrap();
        rows.first().and_then(|row| row.locked_until)
    };
    assert_eq!((count(&subjects, 1_000).await, count(&subjects, 1_010).await), (None, None));
    assert_eq!((locked(0).await, locked(1).await), (None, None));
    assert_eq!(count(&subjects[..1], 1_020).await, None, "the last that is judged");
    assert_eq!((locked(0).await, locked(1).await), (Some(1_120), None));
    // One that is locked holds the others up, and nothing is counted.
    assert_eq!(count(&subjects, 1_030).await, Some(1_120));
    assert_eq!(store.failures(&subjects[1..]).await.unwrap()[0].n_failures, 2);
    // It was right: what it alone locked is open again, and what the others counted stays.
    give_back(&subjects[..1]).await;
    assert_eq!((locked(0).await, count(&subjects[..1], 1_040).await), (None, None));
    assert_eq!(locked(0).await, Some(1_140));
    // Old ones are forgotten, a lock that lasts is not; when it is over, they count anew.
    assert_eq!(count(&subjects[..1], 1_139).await, Some(1_140));
    assert_eq!(count(&subjects[1..], 1_139).await, None);
    assert_eq!(store.failures(&subjects[1..]).await.unwrap()[0].n_failures, 1);
    assert_eq!((count(&subjects[..1], 1_140).await, locked(0).await), (None, None));
    give_back(&subjects).await;
    assert!(store.failures(&subjects).await.unwrap().is_empty());
    for at in [2_000, 2_001, 2_002] {
        assert_eq!(count(&subjects, at).await, None);
    }
    store.forget_failures(&subjects[..1]).await.unwrap();
    assert_eq!((locked(0).await, locked(1).await), (None, Some(2_102)));
}

async fn attempts_at_once_are_counted_each(place: &Place) {
    let store = place.open().await;
    let tries = (0..20).map(|n| {
        let store = store.clone();
        tokio::spawn(async move {
            let subjects = ["name:a".to_owned(), format!("address:{n}")];
            store.count_attempt(&subjects, 10, (0, 5, 100)).await.unwrap()
        })
    });
    let tried = futures::future::join_all(tries).await;
    let n_passed = tried.iter().filter(|until| until.as_ref().unwrap().is_none()).count();
    assert_eq!(n_passed, 5);
}

async fn an_identity_opens_one_account(place: &Place) {
    let store = place.open().await;
    let to = |hash: u8, user_id: i64| SsoLinkRow { link_hash: [hash; 16], user_id, is_made: 0, linked_at: 7 };
    for (id, name) in [(1, "ann"), (2, "bob")] {
        assert!(store.insert_user(user(id, name), false, &entry(1), link).await.unwrap());
    }
    assert!(store.link_sso(to(1, 1), &entry(2), link).await.unwrap());
    assert!(!store.link_sso(to(1, 2), &entry(3), link).await.unwrap(), "it opens another");
    assert_eq!(store.sso_link(&[1; 16]).await.unwrap(), Some(to(1, 1)));
    // Another identity takes the place of the one that the account had; the old one is free.
    assert!(store.link_sso(to(2, 1), &entry(4), link).await.unwrap());
    assert!(store.link_sso(to(1, 2), &entry(5), link).await.unwrap());
    assert_eq!(store.sso_link_of(1).await.unwrap(), Some(to(2, 1)));
    let made = SsoLinkRow { is_made: 1, ..to(3, 3) };
    assert!(
        !store.insert_linked_user(user(3, "bob"), made.clone(), &entry(6), link).await.unwrap(),
        "the name is taken"
    );
    assert!(!store.insert_linked_user(user(3, "cat"), to(1, 3), &entry(6), link).await.unwrap(), "it has an account");
    assert!(store.insert_linked_user(user(3, "cat"), made.clone(), &entry(6), link).await.unwrap());
    assert_eq!((store.sso_link(&[3; 16]).await.unwrap(), store.users().await.unwrap().len()), (Some(made), 3));
    // A link that goes takes the sessions with it.
    assert!(store.begin_session(session(9, 3, 8), Proof::Provider, None, 0, &entry(8), link).await.unwrap());
    assert!(
        store.unlink_sso(3, &entry(9), link).await.unwrap() && !store.unlink_sso(3, &entry(9), link).await.unwrap()
    );
    assert_eq!((store.session(&[9; 32]).await.unwrap(), store.sso_link_of(3).await.unwrap()), (None, None));
}
