//! Settings, definitions, mappings and the audit chain.

use super::{Place, conformance};
use crate::{AuditEntry, MappingRow};

conformance!(
    settings_are_replaced,
    definitions_have_versions,
    definitions_of_many_writers_have_distinct_versions,
    mappings_are_remembered,
    audit_entries_are_chained,
    the_trail_of_a_subject_is_paged,
    audit_entries_of_many_writers_are_chained,
);

async fn settings_are_replaced(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.get_meta("zone").await.unwrap(), None);
    store.set_meta("zone", "Asia/Shanghai").await.unwrap();
    store.set_meta("zone", "UTC").await.unwrap();
    assert_eq!(store.get_meta("zone").await.unwrap().as_deref(), Some("UTC"));
}

async fn definitions_have_versions(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.put_definition("rfm", "default", "{1}", 10).await.unwrap(), 1);
    assert_eq!(store.put_definition("rfm", "default", "{1}", 11).await.unwrap(), 1);
    assert_eq!(store.put_definition("rfm", "default", "{2}", 12).await.unwrap(), 2);
    assert_eq!(store.put_definition("rfm", "a", "{3}", 13).await.unwrap(), 1);
    assert_eq!(store.put_definition("segment", "default", "{4}", 14).await.unwrap(), 1);
    let text = |row: Option<crate::DefinitionRow>| row.map(|row| row.spec_json);
    assert_eq!(text(store.get_definition("rfm", "default", None).await.unwrap()).as_deref(), Some("{2}"));
    assert_eq!(text(store.get_definition("rfm", "default", Some(1)).await.unwrap()).as_deref(), Some("{1}"));
    assert_eq!(store.get_definition("rfm", "default", Some(3)).await.unwrap(), None);
    let listed = store.list_definitions("rfm").await.unwrap();
    let listed: Vec<_> = listed.iter().map(|row| (row.name.as_str(), row.version, row.created_at)).collect();
    assert_eq!(listed, [("a", 1, 13), ("default", 2, 12)]);
}

async fn definitions_of_many_writers_have_distinct_versions(place: &Place) {
    let store = place.open().await;
    let writers = (0..8).map(|n| {
        let store = store.clone();
        async move { store.put_definition("segment", "gold", &format!("{n}"), n).await.unwrap() }
    });
    let mut versions = futures::future::join_all(writers).await;
    versions.sort_unstable();
    assert_eq!(versions, (1..=8).collect::<Vec<_>>());
}

async fn mappings_are_remembered(place: &Place) {
    let store = place.open().await;
    let mapping = |source: &str, header_key, spec: &str| MappingRow {
        source: source.to_owned(),
        entity: "orders".to_owned(),
        header_key,
        spec_json: spec.to_owned(),
        updated_at: header_key,
    };
    for row in [mapping("shop", 1, "old"), mapping("shop", 1, "new"), mapping("crm", -7, "x")] {
        store.put_mapping(row).await.unwrap();
    }
    assert_eq!(store.find_mapping("shop", "orders", 1).await.unwrap(), Some(mapping("shop", 1, "new")));
    assert_eq!(store.find_mapping("shop", "products", 1).await.unwrap(), None);
    assert_eq!(store.list_mappings().await.unwrap(), [mapping("crm", -7, "x"), mapping("shop", 1, "new")]);
}

/// Entries of two subjects, a page at a time.
async fn the_trail_of_a_subject_is_paged(place: &Place) {
    let store = place.open().await;
    for n in 0..9 {
        store.append_audit(&entry(n % 3), link).await.unwrap();
    }
    let subjects = ["prf_0".to_owned(), "prf_2".to_owned(), "prf_9".to_owned()];
    let mut seen = Vec::new();
    loop {
        let page = store.audit_of(&subjects, seen.last().copied(), 4).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 4 && page.iter().all(|row| subjects.contains(&row.subject)));
        seen.extend(page.iter().map(|row| row.seq));
    }
    assert_eq!(seen, [9, 7, 6, 4, 3, 1]);
    assert!(store.audit_of(&[], None, 4).await.unwrap().is_empty());
}

/// A stand-in for the keyed hash: different for different input.
fn link(previous: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = *previous;
    for (at, byte) in bytes.iter().enumerate() {
        hash[at % 32] = hash[at % 32].wrapping_mul(31).wrapping_add(*byte).wrapping_add(at as u8);
    }
    hash
}

fn entry(n: i64) -> AuditEntry {
    AuditEntry {
        at: n,
        actor: "owner".to_owned(),
        action: "profile.show".to_owned(),
        subject: format!("prf_{n}"),
        detail_json: "{}".to_owned(),
    }
}

async fn check_chain(store: &crate::Store, n_entries: usize) {
    let (mut n_seen, mut last) = (0, None);
    loop {
        let page = store.audit_page(last.as_ref().map(|row: &crate::AuditRow| row.seq), 3).await.unwrap();
        if page.is_empty() {
            break;
        }
        for row in page {
            assert!(row.follows(last.as_ref(), link), "entry {}", row.seq);
            let mut forged = row.clone();
            forged.subject.push('!');
            assert!(!forged.follows(last.as_ref(), link));
            n_seen += 1;
            last = Some(row);
        }
    }
    assert_eq!(n_seen, n_entries);
}

async fn audit_entries_are_chained(place: &Place) {
    let store = place.open().await;
    for n in 0..7 {
        assert_eq!(store.append_audit(&entry(n), link).await.unwrap().seq, n + 1);
    }
    check_chain(&store, 7).await;
}

async fn audit_entries_of_many_writers_are_chained(place: &Place) {
    let (one, other) = (place.open().await, place.open().await);
    let writers = (0..20).map(|n| {
        let store = if n % 2 == 0 { one.clone() } else { other.clone() };
        tokio::spawn(async move { store.append_audit(&entry(n), link).await.unwrap() })
    });
    for done in futures::future::join_all(writers).await {
        done.unwrap();
    }
    check_chain(&one, 20).await;
}
