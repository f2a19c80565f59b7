//! Users, sessions, keys, wrong attempts.

use super::{Place, conformance};
use crate::{ApiKeyRow, AuditEntry, Proof, SessionRow, Sessions, SsoLinkRow, UserRow};

conformance!(
    the_first_user_is_one,
    a_name_is_taken_once,
    a_changed_user_keeps_name_and_step,
    sessions_begin_and_end,
    a_step_and_a_recovery_code_are_taken_once,
    keys_are_found_and_revoked,
    wrong_attempts_lock,
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

async fn a_changed_user_keeps_name_and_step(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    let mut row = UserRow { totp_sealed: Some("s".to_owned()), totp_step: Some(7), ..user(1, "a") };
    store.update_user(&row, Sessions::Keep, &entry(2), link).await.unwrap();
    assert_eq!(store.user(1).await.unwrap(), Some(row.clone()));
    // A step that was read before another sign-in took the next does not come back.
    row.totp_step = Some(3);
    row.name = "other".to_owned();
    row.display_name = "A".to_owned();
    store.update_user(&row, Sessions::Keep, &entry(3), link).await.unwrap();
    let kept = UserRow { totp_step: Some(7), name: "a".to_owned(), ..row.clone() };
    assert_eq!(store.user(1).await.unwrap(), Some(kept));
    store.put_recovery_codes(1, &[[1; 16], [2; 16]]).await.unwrap();
    assert!(
        store.has_recovery_code(1, &[1; 16]).await.unwrap() && !store.has_recovery_code(2, &[1; 16]).await.unwrap()
    );
    (row.totp_sealed, row.totp_step) = (None, None);
    store.update_user(&row, Sessions::Keep, &entry(4), link).await.unwrap();
    assert_eq!(store.user(1).await.unwrap().unwrap().totp_step, None);
    assert!(!store.has_recovery_code(1, &[1; 16]).await.unwrap());
    let absent = user(9, "x");
    assert!(store.update_user(&absent, Sessions::Keep, &entry(5), link).await.is_err());
}

async fn sessions_begin_and_end(place: &Place) {
    let store = place.open().await;
    store.insert_user(user(1, "a"), false, &entry(1), link).await.unwrap();
    store.insert_user(user(2, "b"), false, &entry(1), link).await.unwrap();
    for (hash, of, at) in [(1, 1, 10), (2, 1, 20), (3, 2, 20), (4, 1, 30)] {
        assert!(store.begin_session(session(hash, of, at), Proof::Password, 15, &entry(at), link).await.unwrap());
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
    store.update_user(&user(1, "a"), Sessions::End, &entry(42), link).await.unwrap();
    assert!(!is_there(2).await);
}

async fn a_step_and_a_recovery_code_are_taken_once(place: &Place) {
    let store = place.open().await;
    let row = UserRow { totp_sealed: Some("s".to_owned()), ..user(1, "a") };
    store.insert_user(row, false, &entry(1), link).await.unwrap();
    store.put_recovery_codes(1, &[[9; 16]]).await.unwrap();
    let begin = async |hash: u8, proof: Proof| {
        store.begin_session(session(hash, 1, 10), proof, 0, &entry(10), link).await.unwrap()
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
    let key = |key_id: i64, at: i64| ApiKeyRow {
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
    };
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

async fn wrong_attempts_lock(place: &Place) {
    let store = place.open().await;
    let subjects = ["name:a".to_owned(), "address:b".to_owned()];
    let fail = async |subjects: &[String], at: i64| {
        store.count_failure(subjects, (at - 100, 3, at + 100), &entry(at), link).await.unwrap();
    };
    let locked = async |at: usize| {
        let rows = store.failures(&subjects[at..=at]).await.unwrap();
        rows.first().and_then(|row| row.locked_until)
    };
    fail(&subjects, 1_000).await;
    fail(&subjects, 1_010).await;
    assert_eq!((locked(0).await, locked(1).await), (None, None));
    fail(&subjects[..1], 1_020).await;
    assert_eq!((locked(0).await, locked(1).await), (Some(1_120), None));
    // Old ones are forgotten, a lock that lasts is not.
    fail(&subjects[..1], 1_111).await;
    assert_eq!(locked(0).await, Some(1_120));
    assert!(store.failures(&subjects[1..]).await.unwrap().is_empty());
    store.forget_failures(&subjects).await.unwrap();
    assert_eq!(locked(0).await, None);
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
    assert!(store.begin_session(session(9, 3, 8), Proof::Provider, 0, &entry(8), link).await.unwrap());
    assert!(
        store.unlink_sso(3, &entry(9), link).await.unwrap() && !store.unlink_sso(3, &entry(9), link).await.unwrap()
    );
    assert_eq!((store.session(&[9; 32]).await.unwrap(), store.sso_link_of(3).await.unwrap()), (None, None));
}
