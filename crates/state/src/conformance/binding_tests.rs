//! Codes and their uses.

use super::{Place, conformance};
use crate::{AuditEntry, BindingRow, BindingUse, IngestCommit, Store};

conformance!(
    a_use_counts_once_and_only_as_often_as_allowed,
    uses_of_many_at_once_are_counted_exactly,
    old_codes_and_their_uses_are_forgotten,
);

fn entry(at: i64, action: &str) -> AuditEntry {
    let text = |text: &str| text.to_owned();
    AuditEntry { at, actor: text("owner"), action: text(action), subject: text("bnd"), detail_json: text("{}") }
}

fn link(prev: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = *prev;
    bytes.iter().enumerate().for_each(|(at, byte)| hash[at % 32] = hash[at % 32].wrapping_mul(31).wrapping_add(*byte));
    hash
}

fn binding(binding_id: i64, max_uses: i64, expires_at: i64) -> BindingRow {
    BindingRow {
        binding_id,
        kind: "store".to_owned(),
        source_id: 1,
        identity_id: None,
        profile_id: None,
        store_id: Some("s1".to_owned()),
        campaign_id: None,
        place: None,
        redirect_url: None,
        max_uses,
        n_uses: 0,
        n_bound: 0,
        created_at: binding_id,
        created_by: "owner".to_owned(),
        expires_at,
        revoked_at: None,
        used_at: None,
        bound_at: None,
    }
}

async fn n_audited(store: &Store) -> usize {
    store.audit_page(None, 1_000).await.unwrap().len()
}

async fn a_use_counts_once_and_only_as_often_as_allowed(place: &Place) {
    let store = place.open().await;
    store.insert_binding(binding(1, 2, 100), 0, &entry(1, "bind.create"), link).await.unwrap();
    let used = |key: &'static str, at| {
        let store = store.clone();
        async move { store.use_binding(1, key, &entry(at, "bind.redeem"), link).await.unwrap() }
    };
    assert_eq!(used("a", 5).await, BindingUse::At(5));
    assert_eq!(used("a", 6).await, BindingUse::At(5));
    assert_eq!(used("b", 7).await, BindingUse::At(7));
    assert_eq!(used("c", 8).await, BindingUse::UsedUp);
    assert_eq!(used("b", 9).await, BindingUse::At(7));
    assert_eq!(store.use_binding(9, "a", &entry(9, "bind.redeem"), link).await.unwrap(), BindingUse::Unknown);
    // What changed nothing left no trace in the chain.
    assert_eq!(n_audited(&store).await, 3);

    let mut commit = IngestCommit { log: "wal".into(), to: 1, seen_json: "{}".into(), ..IngestCommit::default() };
    commit.load.committed_at = 11;
    commit.bound = vec![(1, "b".into())];
    store.commit_ingest(&commit).await.unwrap();
    commit = IngestCommit { from: 1, to: 2, bound: vec![(1, "b".into()), (1, "a".into()), (7, "x".into())], ..commit };
    commit.load.committed_at = 12;
    store.commit_ingest(&commit).await.unwrap();
    let row = store.binding(1).await.unwrap().unwrap();
    assert_eq!((row.n_uses, row.n_bound, row.used_at, row.bound_at), (2, 2, Some(7), Some(12)));

    assert!(store.revoke_binding(1, &entry(13, "bind.revoke"), link).await.unwrap());
    assert!(!store.revoke_binding(1, &entry(14, "bind.revoke"), link).await.unwrap());
    assert_eq!(used("b", 15).await, BindingUse::Revoked);
    assert_eq!(n_audited(&store).await, 4);
}

async fn uses_of_many_at_once_are_counted_exactly(place: &Place) {
    let store = place.open().await;
    store.insert_binding(binding(1, 3, 100), 0, &entry(1, "bind.create"), link).await.unwrap();
    let scans = (0..8).map(|n| {
        let store = store.clone();
        async move { store.use_binding(1, &format!("v{n}"), &entry(n, "bind.redeem"), link).await.unwrap() }
    });
    let outcomes = futures::future::join_all(scans).await;
    assert_eq!(outcomes.iter().filter(|outcome| matches!(outcome, BindingUse::At(_))).count(), 3, "{outcomes:?}");
    assert_eq!(store.binding(1).await.unwrap().unwrap().n_uses, 3);
    assert_eq!(n_audited(&store).await, 4);
}

async fn old_codes_and_their_uses_are_forgotten(place: &Place) {
    let store = place.open().await;
    for (id, expires_at) in [(1, 10), (2, 20)] {
        store.insert_binding(binding(id, 5, expires_at), 0, &entry(1, "bind.create"), link).await.unwrap();
        store.use_binding(id, "a", &entry(2, "bind.redeem"), link).await.unwrap();
    }
    store.insert_binding(binding(3, 5, 30), 15, &entry(3, "bind.create"), link).await.unwrap();
    let left: Vec<i64> = store.list_bindings(10).await.unwrap().iter().map(|row| row.binding_id).collect();
    assert_eq!(left, [3, 2]);
    assert_eq!(store.list_bindings(1).await.unwrap().len(), 1);
    // A use of the code that is gone is gone too: were the id ever drawn again, it would count anew.
    store.insert_binding(binding(1, 5, 40), 15, &entry(4, "bind.create"), link).await.unwrap();
    assert_eq!(store.use_binding(1, "a", &entry(9, "bind.redeem"), link).await.unwrap(), BindingUse::At(9));
}
