//! Finding identities, profiles and links.

use super::{Place, commit, conformance, edge, key, load};
use crate::{IngestCommit, LoadCommit, MatchRow, Standing};

conformance!(finds_nothing_in_nothing, pages_profiles_by_id, links_come_once, likely_pairs_come_and_go);

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

async fn likely_pairs_come_and_go(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 5)).await.unwrap();
    let pair = |left: i64, right: i64, standing, probability| MatchRow {
        left_identity_id: left,
        right_identity_id: right,
        standing,
        probability,
        evidence_json: "[]".into(),
        found_at: 7,
    };
    let found = [
        pair(10, 11, Standing::Joined, 0.99),
        pair(10, 12, Standing::Review, 0.6),
        pair(12, 13, Standing::Review, 0.8),
    ];
    let change = |matches: &[MatchRow], gone: &[(i64, i64)]| IngestCommit {
        matches: matches.to_vec(),
        gone_matches: gone.to_vec(),
        ..IngestCommit::default()
    };
    store.decide(&change(&found, &[])).await.unwrap();
    assert_eq!(store.all_matches().await.unwrap(), found);
    assert_eq!(store.matches_of(&[10, 11]).await.unwrap(), found[..2]);
    let asked: Vec<(i64, i64, i64)> = (store.matches_to_review(0, 9).await.unwrap().iter())
        .map(|row| (row.left_identity_id, row.left_profile_id, row.right_profile_id))
        .collect();
    assert_eq!((asked.len(), store.count_matches_to_review().await.unwrap()), (2, 2));
    assert!(asked[0].0 == 12 && asked.iter().all(|row| row.1 != row.2), "{asked:?}");
    assert_eq!(store.matches_to_review(1, 9).await.unwrap().len(), 1);

    let now = pair(12, 13, Standing::Joined, 0.97);
    store.decide(&change(std::slice::from_ref(&now), &[(10, 12), (1, 2)])).await.unwrap();
    assert_eq!(store.all_matches().await.unwrap(), [found[0].clone(), now]);
}
