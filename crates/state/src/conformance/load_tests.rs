//! What a load changes: all or nothing, and once.

use super::{Place, batch, commit, conformance, edge, identity, key, load, profile, quarantined};
use crate::{BatchStatus, Error, FieldRow, IdentityStatus, IdentityTouch, LoadCommit};

conformance!(
    commits_everything,
    again_changes_nothing,
    a_conflict_leaves_nothing,
    merges_move_and_redirect,
    touches_only_widen,
    values_of_any_shape_come_back,
    a_missing_profile_is_a_mistake,
);

fn field(profile_id: i64, name: &str, byte: u8) -> FieldRow {
    FieldRow {
        profile_id,
        field: name.to_owned(),
        sealed: vec![byte; 3],
        source: "crm".to_owned(),
        updated_at: i64::from(byte),
    }
}

async fn commits_everything(place: &Place) {
    let store = place.open().await;
    let load = LoadCommit {
        edges: vec![edge(1, 10, 11, 1)],
        overrides: vec![(10, 11)],
        set_aside: vec![12],
        fields: vec![field(10, "name", 1), field(10, "phone", 2)],
        quarantine: vec![quarantined(1, 4, "phone.invalid")],
        ..load(1, 3)
    };
    assert_eq!(store.state_version().await.unwrap(), 0);
    assert_eq!(commit(&store, &load).await.unwrap(), 1);
    assert_eq!((store.state_version().await.unwrap(), store.overrides_version().await.unwrap()), (1, 1));
    let batch = store.batch(1).await.unwrap().unwrap();
    assert_eq!((batch.status, batch.plan_json.as_deref()), (BatchStatus::Prepared, Some(r#"{"batch":1}"#)));
    assert_eq!(store.profile(10).await.unwrap(), Some(profile(10)));
    let mut found = store.identities_by_index(&[key(12), key(10), key(99), key(10)]).await.unwrap();
    found.sort_by_key(|row| row.identity_id);
    let mut aside = identity(12, 12);
    aside.status = IdentityStatus::SetAside;
    assert_eq!(found, [identity(10, 10), aside]);
    assert_eq!(store.edges_of(&[11, 10]).await.unwrap(), [edge(1, 10, 11, 1)]);
    assert_eq!(store.overrides().await.unwrap(), [(10, 11)]);
    let mut fields = store.profile_fields(&[10, 11]).await.unwrap();
    fields.sort_by(|a, b| a.field.cmp(&b.field));
    assert_eq!(fields, load.fields);
    assert_eq!(store.quarantine_page(1, None, 10, None).await.unwrap(), load.quarantine);
    assert_eq!((store.n_identities().await.unwrap(), store.n_profiles().await.unwrap()), (3, 3));
}

async fn again_changes_nothing(place: &Place) {
    let store = place.open().await;
    let first = LoadCommit { overrides: vec![(10, 11)], ..load(1, 2) };
    commit(&store, &first).await.unwrap();
    assert_eq!(store.commit_load(&first).await.unwrap(), 1);
    assert_eq!((store.state_version().await.unwrap(), store.overrides_version().await.unwrap()), (1, 1));
    assert_eq!(store.n_identities().await.unwrap(), 2);

    let counts = crate::BatchCounts::default();
    store.finish_batch(1, counts, None, "{}", 9).await.unwrap();
    store.commit_load(&first).await.unwrap();
    assert_eq!(store.batch(1).await.unwrap().unwrap().status, BatchStatus::Loaded);

    let other = LoadCommit { plan_json: "other".to_owned(), ..first };
    assert!(matches!(store.commit_load(&other).await, Err(Error::Conflict { .. })));
    assert!(matches!(store.commit_load(&load(5, 1)).await, Err(Error::NotFound { .. })));
    store.start_batch(batch(6)).await.unwrap();
    store.fail_batch(6, "given up", 1).await.unwrap();
    assert!(matches!(store.commit_load(&load(6, 1)).await, Err(Error::Conflict { .. })));
    assert_eq!(store.state_version().await.unwrap(), 1);
}

async fn a_conflict_leaves_nothing(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 2)).await.unwrap();
    let mut second = load(2, 5);
    // The same value as an identity of the first load, under another id.
    second.new_identities[4].value_index = super::index(10);
    assert!(matches!(commit(&store, &second).await, Err(Error::Conflict { .. })));
    assert_eq!(store.batch(2).await.unwrap().unwrap().status, BatchStatus::Running);
    assert_eq!((store.n_identities().await.unwrap(), store.n_profiles().await.unwrap()), (2, 2));
    assert_eq!(store.state_version().await.unwrap(), 1);

    // The same value means somebody else in another scope, or as another kind.
    second.new_identities[4].scope = "shop".to_owned();
    store.commit_load(&second).await.unwrap();
    let found = store.find_identities(&[("phone", super::index(10))]).await.unwrap();
    assert_eq!(found.len(), 2);
    assert!(store.find_identities(&[("email", super::index(10))]).await.unwrap().is_empty());

    let taken = LoadCommit { new_profiles: vec![profile(10)], ..load(3, 0) };
    assert!(matches!(commit(&store, &taken).await, Err(Error::Conflict { .. })));
}

async fn merges_move_and_redirect(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 3)).await.unwrap();
    let mut into = profile(11);
    into.n_identities = 2;
    into.city = Some("杭州市".to_owned());
    let merge = LoadCommit {
        updated_profiles: vec![into.clone()],
        merged: vec![(10, 11)],
        moved_identities: vec![(10, 11)],
        overrides: vec![(10, 11)],
        ..load(2, 0)
    };
    commit(&store, &merge).await.unwrap();
    assert_eq!(store.profile(11).await.unwrap(), Some(into));
    assert_eq!(store.profile(10).await.unwrap().unwrap().merged_into, Some(11));
    let mut moved = store.identities_of(&[11]).await.unwrap();
    moved.sort_by_key(|row| row.identity_id);
    let at: Vec<_> = moved.iter().map(|row| (row.identity_id, row.profile_id, row.home_profile_id)).collect();
    assert_eq!(at, [(10, 11, 10), (11, 11, 11)]);
    assert!(store.identities_of(&[10]).await.unwrap().is_empty());
    let shown: Vec<i64> = store.list_profiles(None, 10).await.unwrap().iter().map(|row| row.profile_id).collect();
    assert_eq!(shown, [11, 12]);
    assert_eq!(store.profiles_by_ids(&[10, 11, 99, 10]).await.unwrap().len(), 2);

    // A later split sends the identity home.
    let split = LoadCommit { moved_identities: vec![(10, 10)], overrides: vec![(10, 10)], ..load(3, 0) };
    commit(&store, &split).await.unwrap();
    assert_eq!(store.overrides().await.unwrap(), [(10, 10)]);
    assert_eq!(store.overrides_version().await.unwrap(), 2);
}

async fn touches_only_widen(place: &Place) {
    let store = place.open().await;
    let mut first = load(1, 2);
    first.new_identities[1].first_seen_at = None;
    first.new_identities[1].last_seen_at = None;
    commit(&store, &first).await.unwrap();
    let touch = |identity_id, first_seen_at, last_seen_at, n_joined| IdentityTouch {
        identity_id,
        first_seen_at,
        last_seen_at,
        n_joined,
    };
    let narrower = LoadCommit {
        touched_identities: vec![touch(10, Some(150), Some(150), Some(0)), touch(11, Some(5), None, None)],
        ..load(2, 0)
    };
    commit(&store, &narrower).await.unwrap();
    let wider = LoadCommit {
        touched_identities: vec![touch(10, Some(50), Some(250), Some(4)), touch(11, None, Some(6), None)],
        ..load(3, 0)
    };
    commit(&store, &wider).await.unwrap();
    let span = |row: &crate::IdentityRow| (row.first_seen_at, row.last_seen_at, row.n_joined);
    let mut found = store.identities_of(&[10, 11]).await.unwrap();
    found.sort_by_key(|row| row.identity_id);
    assert_eq!(found.iter().map(span).collect::<Vec<_>>(), [(Some(50), Some(250), 4), (Some(5), Some(6), 1)]);
}

async fn values_of_any_shape_come_back(place: &Place) {
    let store = place.open().await;
    let mut odd = profile(i64::MAX);
    odd.city = Some("'; DROP TABLE profiles; -- $1 ? 😀".to_owned());
    odd.traits = Some(String::new());
    odd.birth_year = Some(i64::MIN);
    let mut identity = identity(0, i64::MAX);
    identity.sealed = Vec::new();
    identity.kind = "external_id".to_owned();
    let first = LoadCommit { new_profiles: vec![odd.clone()], new_identities: vec![identity.clone()], ..load(1, 0) };
    commit(&store, &first).await.unwrap();
    assert_eq!(store.profile(i64::MAX).await.unwrap(), Some(odd));
    assert_eq!(store.identities_of(&[i64::MAX]).await.unwrap(), [identity]);

    // More rows than one statement takes.
    let n = 45_000;
    let many = LoadCommit {
        new_profiles: (0..n).map(profile).collect(),
        new_identities: (1..n).map(|id| super::identity(id, id)).collect(),
        ..load(2, 0)
    };
    commit(&store, &many).await.unwrap();
    let keys: Vec<_> = (0..n + 10).map(key).collect();
    let mut found = store.identities_by_index(&keys).await.unwrap();
    found.sort_by_key(|row| row.identity_id);
    assert_eq!(found, many.new_identities);
    assert_eq!(store.n_identities().await.unwrap(), n);
}

async fn a_missing_profile_is_a_mistake(place: &Place) {
    let store = place.open().await;
    let homeless = LoadCommit { new_identities: vec![identity(1, 404)], ..load(1, 0) };
    assert!(matches!(commit(&store, &homeless).await, Err(Error::Bug { .. })));
    assert_eq!(store.n_identities().await.unwrap(), 0);
    assert_eq!(store.state_version().await.unwrap(), 0);
}
