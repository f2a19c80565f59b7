//! Rows set aside.

use super::{Place, commit, conformance, load, quarantined};
use crate::{LoadCommit, QuarantineStatus};

conformance!(pages_counts_and_settles);

async fn pages_counts_and_settles(place: &Place) {
    let store = place.open().await;
    let quarantine = (1..=9).map(|row| quarantined(1, row, if row % 3 == 0 { "date" } else { "phone" })).collect();
    commit(&store, &LoadCommit { quarantine, ..load(1, 0) }).await.unwrap();
    assert_eq!(store.quarantine_counts(1).await.unwrap(), [("phone".to_owned(), 6), ("date".to_owned(), 3)]);
    assert!(store.quarantine_counts(2).await.unwrap().is_empty());

    let page = store.quarantine_page(1, Some(2), 3, None).await.unwrap();
    assert_eq!(page.iter().map(|row| row.row_no).collect::<Vec<_>>(), [3, 4, 5]);

    let n = store.set_quarantine_status(1, &[3, 4, 404], QuarantineStatus::Replayed, Some(2), 50).await.unwrap();
    assert_eq!(n, 2);
    store.set_quarantine_status(1, &[5], QuarantineStatus::Discarded, None, 51).await.unwrap();
    let open = store.quarantine_page(1, None, 99, Some(QuarantineStatus::Open)).await.unwrap();
    assert_eq!(open.iter().map(|row| row.row_no).collect::<Vec<_>>(), [1, 2, 6, 7, 8, 9]);
    let replayed = store.quarantine_page(1, None, 99, Some(QuarantineStatus::Replayed)).await.unwrap();
    let replayed: Vec<_> = replayed.iter().map(|row| (row.row_no, row.replay_batch_id, row.updated_at)).collect();
    assert_eq!(replayed, [(3, Some(2), 50), (4, Some(2), 50)]);
}
