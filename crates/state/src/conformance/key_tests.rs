//! Wrapped keys of persons.

use super::{Place, conformance};
use crate::{Error, KeyRow};

conformance!(keys_come_back, a_key_is_never_overwritten, destroyed_keys_are_gone, rewrapped_keys_stay_the_same_subject);

fn key(subject_id: i64, byte: u8) -> KeyRow {
    KeyRow { subject_kind: "profile".to_owned(), subject_id, epoch: 1, wrapped: vec![byte; 44], created_at: 3 }
}

fn subject(id: i64) -> (String, i64) {
    ("profile".to_owned(), id)
}

async fn keys_come_back(place: &Place) {
    let store = place.open().await;
    store.put_keys(Vec::new()).await.unwrap();
    store.put_keys((0..5_000).map(|id| key(id, 1)).collect()).await.unwrap();
    let other = KeyRow { subject_kind: "batch".to_owned(), ..key(1, 2) };
    store.put_keys(vec![other.clone()]).await.unwrap();
    assert_eq!(store.keys(&[subject(1), subject(9_999), subject(1)]).await.unwrap(), [key(1, 1)]);
    let page = store.list_keys(None, 2).await.unwrap();
    assert_eq!(page, [other, key(0, 1)]);
    assert_eq!(store.list_keys(Some(("profile", 0)), 2).await.unwrap(), [key(1, 1), key(2, 1)]);
}

async fn a_key_is_never_overwritten(place: &Place) {
    let store = place.open().await;
    store.put_keys(vec![key(1, 1), key(2, 1)]).await.unwrap();
    store.put_keys(vec![key(1, 1), key(2, 1)]).await.unwrap();
    assert!(matches!(store.put_keys(vec![key(3, 3), key(1, 9)]).await, Err(Error::Conflict { .. })));
    let mut found = store.keys(&[subject(1), subject(2), subject(3)]).await.unwrap();
    found.sort_by_key(|row| row.subject_id);
    assert_eq!(found, [key(1, 1), key(2, 1)]);
}

async fn destroyed_keys_are_gone(place: &Place) {
    let store = place.open().await;
    let marked = KeyRow { wrapped: b"PLANTED-KEY-MATERIAL-0123456789".to_vec(), ..key(1, 0) };
    store.put_keys(vec![marked, key(2, 2)]).await.unwrap();
    assert_eq!(store.delete_keys(&[subject(1), subject(404)]).await.unwrap(), 1);
    assert_eq!(store.delete_keys(&[subject(1)]).await.unwrap(), 0);
    // Neither of these pairs exists, though both kinds and both ids do.
    let other = KeyRow { subject_kind: "batch".to_owned(), ..key(5, 5) };
    store.put_keys(vec![other.clone()]).await.unwrap();
    assert_eq!(store.delete_keys(&[("batch".to_owned(), 2), subject(5)]).await.unwrap(), 0);
    assert_eq!(store.keys(&[("batch".to_owned(), 5)]).await.unwrap(), [other]);
    assert_eq!(store.keys(&[subject(1), subject(2)]).await.unwrap(), [key(2, 2)]);
    if place.config.url.is_none() {
        for file in std::fs::read_dir(place.config.dir.join("keys")).unwrap() {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            assert!(!bytes.windows(20).any(|window| window == &b"PLANTED-KEY-MATERIAL-0123456789"[..20]));
        }
    }
}

async fn rewrapped_keys_stay_the_same_subject(place: &Place) {
    let store = place.open().await;
    store.put_keys(vec![key(1, 1), key(2, 2)]).await.unwrap();
    let again = KeyRow { epoch: 2, ..key(1, 8) };
    assert_eq!(store.rewrap_keys(&[again.clone(), key(404, 1)]).await.unwrap(), 1);
    assert_eq!(store.keys(&[subject(1)]).await.unwrap(), [again]);
}
