//! Loads that are cut off, stores that share a place, files that are no databases.

use std::time::Duration;

use super::{Place, batch, commit, conformance, load};
use crate::{Error, Store};

conformance!(
    a_load_cut_off_is_whole_or_absent,
    an_open_transaction_leaves_nothing,
    what_is_committed_is_there_after_reopening,
    two_stores_write_at_once,
    two_stores_open_at_once,
);

async fn a_load_cut_off_is_whole_or_absent(place: &Place) {
    let store = place.open().await;
    let n = 4_000;
    let (mut n_committed, mut n_cut) = (0, 0);
    for (at, micros) in
        [0, 100, 1_000, 3_000, 10_000, 20_000, 40_000, 80_000, 160_000, 10_000_000].into_iter().enumerate()
    {
        let load = load((at as i64 + 1) * 1_000, n);
        store.start_batch(batch(load.batch_id)).await.unwrap();
        match tokio::time::timeout(Duration::from_micros(micros), store.commit_load(&load)).await {
            Ok(done) => drop(done.unwrap()),
            Err(_) => n_cut += 1,
        }
        let other = place.open().await;
        let is_whole = other.batch(load.batch_id).await.unwrap().unwrap().plan_json.is_some();
        n_committed += i64::from(is_whole);
        assert_eq!(other.n_identities().await.unwrap(), n_committed * n, "cut after {micros} µs");
        assert_eq!(other.n_profiles().await.unwrap(), n_committed * n);
        assert_eq!(other.state_version().await.unwrap(), n_committed);
        other.close().await;
    }
    assert!(n_cut > 0 && n_committed > 0);
}

async fn an_open_transaction_leaves_nothing(place: &Place) {
    let store = place.open().await;
    let mut tx = store.data.begin("test", "meta").await.unwrap();
    tx.run("INSERT INTO meta (key, value) VALUES ('a', 'b')", &[]).await.unwrap();
    assert_eq!(store.get_meta("a").await.unwrap(), None);
    drop(tx);
    store.close().await;
    let store = place.open().await;
    assert_eq!(store.get_meta("a").await.unwrap(), None);
    store.set_meta("a", "c").await.unwrap();
}

async fn what_is_committed_is_there_after_reopening(place: &Place) {
    let store = place.open().await;
    commit(&store, &load(1, 5)).await.unwrap();
    // Not closed, as after a crash.
    drop(store);
    let store = place.open().await;
    assert_eq!((store.n_identities().await.unwrap(), store.state_version().await.unwrap()), (5, 1));
    store.close().await;
}

async fn two_stores_write_at_once(place: &Place) {
    let stores = [place.open().await, place.open().await];
    let writers = (1..=12).map(|n| {
        let store = stores[n as usize % 2].clone();
        tokio::spawn(async move { commit(&store, &load(n * 100, 300)).await.unwrap() })
    });
    let mut versions: Vec<i64> =
        futures::future::join_all(writers).await.into_iter().map(|version| version.unwrap()).collect();
    versions.sort_unstable();
    assert_eq!(versions, (1..=12).collect::<Vec<_>>());
    for store in stores {
        assert_eq!(store.n_identities().await.unwrap(), 12 * 300);
    }
}

async fn two_stores_open_at_once(place: &Place) {
    let opened = futures::future::join_all((0..4).map(|_| Store::open(place.config.clone()))).await;
    for store in opened {
        assert_eq!(store.unwrap().state_version().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_corrupt() {
    let place = Place::new(super::Backend::Sqlite).await.unwrap();
    std::fs::write(place.config.dir.join("state.db"), vec![b'x'; 8192]).unwrap();
    let error = Store::open(place.config.clone()).await.unwrap_err();
    assert!(matches!(error, Error::Corrupt { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_out_of_reach_is_unavailable() {
    let place = Place::new(super::Backend::Sqlite).await.unwrap();
    let mut config = place.config.clone();
    config.url = Some("postgres://nobody:secret@127.0.0.1:1/none".to_owned());
    let error = Store::open(config).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("secret"));
}

#[tokio::test]
async fn sqlite_keeps_what_it_acknowledges_and_no_more() {
    let place = Place::new(super::Backend::Sqlite).await.unwrap();
    let store = place.open().await;
    for pool in [&store.data, &store.keys] {
        let mut tx = pool.begin("test", "settings").await.unwrap();
        for (pragma, value) in [
            ("SELECT synchronous FROM pragma_synchronous", 2),
            ("SELECT secure_delete FROM pragma_secure_delete", 1),
            ("SELECT temp_store FROM pragma_temp_store", 2),
            ("SELECT foreign_keys FROM pragma_foreign_keys", 1),
            ("SELECT journal_mode = 'wal' FROM pragma_journal_mode", 1),
        ] {
            assert_eq!(tx.optional::<(i64,)>(pragma, &[]).await.unwrap(), Some((value,)), "{pragma}");
        }
    }
}
