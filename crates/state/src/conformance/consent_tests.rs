//! What people said and asked for.

use super::{Place, commit, conformance, load};
use crate::{ConsentRow, CorrectionRow, Error, LoadCommit, RequestRow, SaidRow};

conformance!(
    statements_are_added_and_follow_their_identity,
    a_load_brings_statements_with_its_people,
    a_request_moves_on_from_the_status_expected,
    a_correction_is_stored_with_what_it_changes,
);

fn said(identity_id: i64, purpose: &str, at: i64, granted: bool) -> ConsentRow {
    ConsentRow {
        identity_id,
        purpose: purpose.to_owned(),
        at,
        granted: granted.into(),
        policy_version: "1".to_owned(),
        channel: "web".to_owned(),
        evidence: String::new(),
        by_guardian: 0,
        author: "owner".to_owned(),
        recorded_at: 9,
    }
}

fn short(rows: Vec<SaidRow>) -> Vec<(i64, String, i64, i64)> {
    rows.into_iter().map(|row| (row.profile_id, row.purpose, row.at, row.granted)).collect()
}

async fn statements_are_added_and_follow_their_identity(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 3)).await.unwrap();
    let before = store.consents_version().await.unwrap();
    let rows = [said(10, "sms", 5, true), said(11, "sms", 4, false), said(10, "email", 6, true)];
    assert_eq!(store.record_consents(&rows).await.unwrap(), 3);
    assert!(store.consents_version().await.unwrap() > before);
    // Again, later, by somebody else: it was said once.
    let again = ConsentRow { author: "x".to_owned(), recorded_at: 99, ..said(10, "sms", 5, true) };
    assert_eq!(store.record_consents(&[again]).await.unwrap(), 0);
    let on = async |purpose: &str| {
        let rows = store.consents_on(purpose).await.unwrap();
        rows.into_iter().map(|row| (row.profile_id, row.at, row.granted, row.has_evidence)).collect::<Vec<_>>()
    };
    assert_eq!(on("sms").await, [(10, 5, 1, 0), (11, 4, 0, 0)]);
    assert_eq!(store.consents_of(&[10]).await.unwrap().len(), 2);
    assert!(store.consents_of(&[]).await.unwrap().is_empty());
    let joined = LoadCommit { merged: vec![(10, 11)], moved_identities: vec![(10, 11)], ..load(2, 1) };
    commit(&store, &joined).await.unwrap();
    assert_eq!(on("sms").await, [(11, 4, 0, 0), (11, 5, 1, 0)]);
    assert_eq!(store.consents_of(&[11]).await.unwrap().len(), 3);
    assert_eq!(store.consents().await.unwrap().len(), 3);
}

async fn a_load_brings_statements_with_its_people(place: &Place) {
    let store = place.open().await;
    let before = store.consents_version().await.unwrap();
    let first = LoadCommit { consents: vec![said(10, "sms", 5, true)], ..load(1, 1) };
    commit(&store, &first).await.unwrap();
    assert_eq!(short(store.consents().await.unwrap()), [(10, "sms".to_owned(), 5, 1)]);
    let after = store.consents_version().await.unwrap();
    assert!(after > before);
    commit(&store, &load(2, 1)).await.unwrap();
    assert_eq!(store.consents_version().await.unwrap(), after);
}

async fn a_request_moves_on_from_the_status_expected(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 2)).await.unwrap();
    let row = RequestRow {
        request_id: 7,
        identity_id: 11,
        kind: "deletion".to_owned(),
        status: "new".to_owned(),
        channel: "phone".to_owned(),
        purpose: None,
        note: String::new(),
        author: "owner".to_owned(),
        received_at: 1,
        due_on: 20_000,
        check_method: None,
        checked_by: None,
        checked_at: None,
        decided_by: None,
        decided_at: None,
        refusal: None,
        outcome: String::new(),
        updated_at: 1,
    };
    store.add_request(row.clone()).await.unwrap();
    let version = store.state_version().await.unwrap();
    let doing = RequestRow { status: "doing".to_owned(), checked_by: Some("x".to_owned()), ..row.clone() };
    store.change_request(&doing, "new").await.unwrap();
    assert!(store.state_version().await.unwrap() > version);
    let late = store.change_request(&doing, "new").await.unwrap_err();
    assert!(matches!(late, Error::Conflict { .. }), "{late:?}");
    assert_eq!(store.request(7).await.unwrap(), Some((doing.clone(), 11)));
    assert_eq!(store.request(8).await.unwrap(), None);
    assert_eq!(store.profiles_with_request("deletion", ["doing", "done"]).await.unwrap(), [11]);
    assert!(store.profiles_with_request("copy", ["doing", "done"]).await.unwrap().is_empty());
    let joined = LoadCommit { merged: vec![(11, 10)], moved_identities: vec![(11, 10)], ..load(2, 1) };
    commit(&store, &joined).await.unwrap();
    assert_eq!(store.requests().await.unwrap(), [(doing, 10)]);
}

async fn a_correction_is_stored_with_what_it_changes(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 2)).await.unwrap();
    let made = CorrectionRow {
        correction_id: 5,
        profile_id: 10,
        field: "city".to_owned(),
        sealed: vec![1, 2],
        said: None,
        said_source: String::new(),
        request_id: 9,
        author: "owner".to_owned(),
        made_at: 3,
        withdrawn_by: None,
        withdrawn_at: None,
    };
    let mut row = store.profile(10).await.unwrap().unwrap();
    row.city = Some("x".to_owned());
    let change = LoadCommit { updated_profiles: vec![row], corrections: vec![made.clone()], ..LoadCommit::default() };
    store.correct(&change).await.unwrap();
    assert_eq!(store.profile(10).await.unwrap().unwrap().city.as_deref(), Some("x"));
    assert_eq!(store.corrections().await.unwrap(), std::slice::from_ref(&made));
    // Again with what files say, then withdrawn.
    let over = CorrectionRow { said: Some(vec![7]), said_source: "crm".to_owned(), ..made.clone() };
    let again = LoadCommit { corrections: vec![over.clone()], ..LoadCommit::default() };
    store.correct(&again).await.unwrap();
    assert_eq!(store.corrections_of(&[10, 11]).await.unwrap(), std::slice::from_ref(&over));
    let gone = CorrectionRow { withdrawn_by: Some("x".to_owned()), withdrawn_at: Some(8), ..over };
    store.correct(&LoadCommit { corrections: vec![gone.clone()], ..LoadCommit::default() }).await.unwrap();
    assert!(store.corrections().await.unwrap().is_empty());
    assert_eq!(store.corrections_of(&[10]).await.unwrap(), [gone]);
}
