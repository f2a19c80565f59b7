//! Loads from start to end.

use super::{Place, batch, conformance};
use crate::{BatchCounts, BatchStatus, Error};

conformance!(goes_from_running_to_loaded, only_loaded_content_counts, what_is_prepared_cannot_fail, pages_latest_first);

const COUNTS: BatchCounts = BatchCounts { rows_read: 10, rows_loaded: 7, rows_duplicate: 2, rows_quarantined: 1 };

async fn goes_from_running_to_loaded(place: &Place) {
    let store = place.open().await;
    store.start_batch(batch(1)).await.unwrap();
    assert!(matches!(store.start_batch(batch(1)).await, Err(Error::Conflict { .. })));
    assert_eq!(store.unfinished_batches().await.unwrap().len(), 1);

    store.prepare_batch(1, r#"["a.parquet"]"#).await.unwrap();
    let row = store.batch(1).await.unwrap().unwrap();
    assert_eq!((row.status, row.plan_json.as_deref()), (BatchStatus::Prepared, Some(r#"["a.parquet"]"#)));

    store.finish_batch(1, COUNTS, Some(98.5), "{}", 2_000).await.unwrap();
    store.finish_batch(1, COUNTS, Some(98.5), "{}", 2_000).await.unwrap();
    let row = store.batch(1).await.unwrap().unwrap();
    assert_eq!((row.status, row.rows_read, row.rows_loaded), (BatchStatus::Loaded, 10, 7));
    assert_eq!((row.rows_duplicate, row.rows_quarantined, row.quality), (2, 1, Some(98.5)));
    assert_eq!((row.started_at, row.finished_at), (1_001, Some(2_000)));
    assert_eq!(row.mapping_json.as_deref(), Some("{}"));
    assert!(store.unfinished_batches().await.unwrap().is_empty());
    assert!(matches!(store.finish_batch(2, COUNTS, None, "{}", 1).await, Err(Error::NotFound { .. })));
    assert_eq!(store.batch(2).await.unwrap(), None);
}

async fn only_loaded_content_counts(place: &Place) {
    let store = place.open().await;
    for id in 1..=3 {
        let mut batch = batch(id);
        batch.content_hash = vec![0xff, 0];
        store.start_batch(batch).await.unwrap();
        assert_eq!(store.find_loaded_batch(&[0xff, 0], "profiles", "crm").await.unwrap(), None);
    }
    store.fail_batch(1, "no such column", 5).await.unwrap();
    store.finish_batch(2, COUNTS, None, "{}", 5).await.unwrap();
    let found = store.find_loaded_batch(&[0xff, 0], "profiles", "crm").await.unwrap();
    assert_eq!(found.map(|row| row.batch_id), Some(2));
    assert_eq!(store.find_loaded_batch(&[0xff, 0], "profiles", "shop").await.unwrap(), None);
    assert_eq!(store.find_loaded_batch(&[0xff, 0], "orders", "crm").await.unwrap(), None);
    assert_eq!(store.find_loaded_batch(&[0xff], "profiles", "crm").await.unwrap(), None);
}

async fn what_is_prepared_cannot_fail(place: &Place) {
    let store = place.open().await;
    store.start_batch(batch(1)).await.unwrap();
    store.prepare_batch(1, "{}").await.unwrap();
    assert!(matches!(store.fail_batch(1, "late", 5).await, Err(Error::NotFound { .. })));
    store.start_batch(batch(2)).await.unwrap();
    store.fail_batch(2, "row 7: no such column", 5).await.unwrap();
    assert!(matches!(store.prepare_batch(2, "{}").await, Err(Error::NotFound { .. })));
    assert!(matches!(store.finish_batch(2, COUNTS, None, "{}", 5).await, Err(Error::NotFound { .. })));
    let row = store.batch(2).await.unwrap().unwrap();
    assert_eq!((row.status, row.error.as_deref()), (BatchStatus::Failed, Some("row 7: no such column")));
}

async fn pages_latest_first(place: &Place) {
    let store = place.open().await;
    for id in 1..=5 {
        let mut batch = batch(id);
        // Two pairs start at the same instant.
        batch.started_at = 1_000 + id / 2;
        store.start_batch(batch).await.unwrap();
    }
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = store.list_batches(2, before).await.unwrap();
        seen.extend(page.iter().map(|row| row.batch_id));
        match page.last() {
            Some(row) if page.len() == 2 => before = Some((row.started_at, row.batch_id)),
            _ => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}
