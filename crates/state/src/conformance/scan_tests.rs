//! Tables in pages of columns.

use zhike_domain::tables;

use super::{Place, commit, conformance, edge, load, quarantined};
use crate::{LoadCommit, ScanTable, Store};

conformance!(pages_cover_the_table_once, columns_are_those_of_the_product);

async fn first_columns(store: &Store, table: ScanTable, limit: usize) -> Vec<i64> {
    let key = match table {
        ScanTable::Quarantine => "row_no",
        ScanTable::IdentityEdges => "edge_id",
        ScanTable::Identities => "identity_id",
        ScanTable::Profiles => "profile_id",
        ScanTable::Batches => "batch_id",
        ScanTable::Audit => "seq",
    };
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let (frame, next) = store.scan(table, after, limit).await.unwrap();
        assert!(frame.n_rows() <= limit);
        seen.extend(frame.num(key).unwrap().iter().flatten());
        after = next;
        if after.is_none() {
            return seen;
        }
    }
}

async fn pages_cover_the_table_once(place: &Place) {
    let store = place.open().await;
    let first = LoadCommit {
        edges: vec![edge(5, 10, 11, 1), edge(2, 10, 12, 1)],
        quarantine: [3, 1, 2].map(|row| quarantined(1, row, "x")).into(),
        ..load(1, 4)
    };
    commit(&store, &first).await.unwrap();
    let second = LoadCommit {
        quarantine: [2, 4].map(|row| quarantined(2, row, "x")).into(),
        merged: vec![(10, 11)],
        ..load(2, 3)
    };
    commit(&store, &second).await.unwrap();
    for limit in [1, 2, 3, 100] {
        assert_eq!(first_columns(&store, ScanTable::Profiles, limit).await, [11, 12, 13, 20, 21, 22]);
        assert_eq!(first_columns(&store, ScanTable::Identities, limit).await, [10, 11, 12, 13, 20, 21, 22]);
        assert_eq!(first_columns(&store, ScanTable::IdentityEdges, limit).await, [2, 5]);
        assert_eq!(first_columns(&store, ScanTable::Quarantine, limit).await, [1, 2, 3, 2, 4]);
        assert_eq!(first_columns(&store, ScanTable::Batches, limit).await, [1, 2]);
    }
    let (frame, _) = store.scan(ScanTable::Profiles, None, 100).await.unwrap();
    assert_eq!(frame.text("province").unwrap().get(0), Some("浙江"));
    assert_eq!(frame.num("registered_on").unwrap().get(0), Some(19_000));
    assert_eq!(frame.num("last_seen_at").unwrap().get(0), None);
    let (frame, _) = store.scan(ScanTable::IdentityEdges, None, 100).await.unwrap();
    assert_eq!(frame.float("strength").unwrap()[0], Some(0.5));
}

async fn columns_are_those_of_the_product(place: &Place) {
    let store = place.open().await;
    for table in ScanTable::ALL {
        let (frame, next) = store.scan(table, None, 10).await.unwrap();
        assert_eq!((frame.n_rows(), next), (0, None));
        let spec = tables::table(table.name()).unwrap();
        let wanted: Vec<_> =
            spec.columns.iter().filter(|column| column.grade < 3).map(|column| (column.name, column.kind)).collect();
        let found: Vec<_> = frame.fields().iter().map(|field| (field.name.as_str(), field.kind)).collect();
        assert_eq!(found, wanted, "{}", table.name());
    }
}
