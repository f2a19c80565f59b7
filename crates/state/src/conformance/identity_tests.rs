//! Finding identities, profiles and links.

use super::{Place, commit, conformance, edge, key, load};
use crate::LoadCommit;

conformance!(finds_nothing_in_nothing, pages_profiles_by_id, links_come_once);

async fn finds_nothing_in_nothing(place: &Place) {
    let store = place.open().await;
    assert!(store.identities_by_index(&[]).await.unwrap().is_empty());
    assert!(store.identities_by_index(&[key(1)]).await.unwrap().is_empty());
    assert!(store.profiles_by_ids(&[]).await.unwrap().is_empty());
    assert!(store.profile_fields(&[1]).await.unwrap().is_empty());
    assert!(store.identities_of(&[1]).await.unwrap().is_empty());
    assert!(store.edges_of(&[1]).await.unwrap().is_empty());
    assert!(store.overrides().await.unwrap().is_empty());
    assert_eq!(store.profile(1).await.unwrap(), None);
    assert_eq!(store.n_identities().await.unwrap(), 0);
}

async fn pages_profiles_by_id(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 7)).await.unwrap();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = store.list_profiles(after, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.profile_id);
        seen.extend(page.iter().map(|row| row.profile_id));
    }
    assert_eq!(seen, (10..17).collect::<Vec<_>>());
}

async fn links_come_once(place: &Place) {
    let store = place.open().await;
    let edges = vec![edge(3, 10, 11, 1), edge(1, 11, 12, 1), edge(2, 13, 14, 1)];
    commit(&store, &LoadCommit { edges, ..load(1, 5) }).await.unwrap();
    let found: Vec<i64> = store.edges_of(&[10, 11, 12]).await.unwrap().iter().map(|edge| edge.edge_id).collect();
    assert_eq!(found, [1, 3]);
}
