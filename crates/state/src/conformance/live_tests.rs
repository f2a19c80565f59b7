//! Senders of live events, and how far the log was taken in.

use super::{Place, conformance, identity, profile};
use crate::{
    BondRow, ClaimRow, Error, IngestCommit, LoadCommit, OverrideSpanRow, RegisterRow, SaidFieldRow, SessionMoveRow,
    SourceHourRow, SourceRejectRow, SourceRow, StretchRow, TraitsRow,
};

conformance!(
    sources_have_names_and_keys_of_their_own,
    hours_add_up_and_are_forgotten,
    a_batch_of_the_log_is_taken_in_once,
    what_was_said_is_replaced_by_what_is_newer,
    spans_follow_a_merge,
    stretches_are_found_by_time_and_moves_by_version,
);

fn source(source_id: i64, name: &str) -> SourceRow {
    SourceRow {
        source_id,
        name: name.to_owned(),
        write_key: format!("key-{source_id}"),
        allowed_origins_json: "[]".to_owned(),
        allowed_kinds_json: "[]".to_owned(),
        settings_json: "{}".to_owned(),
        plan_json: "{}".to_owned(),
        is_enabled: 1,
        created_at: 7,
        commerce_json: "{}".to_owned(),
    }
}

async fn sources_have_names_and_keys_of_their_own(place: &Place) {
    let store = place.open().await;
    store.insert_source(source(2, "site")).await.unwrap();
    store.insert_source(source(1, "app")).await.unwrap();
    assert!(matches!(store.insert_source(source(3, "app")).await, Err(Error::Conflict { .. })));
    assert_eq!(store.sources_version().await.unwrap(), 2);
    let changed = SourceRow { is_enabled: 0, write_key: "new".to_owned(), ..source(2, "site") };
    store.update_source(&changed).await.unwrap();
    assert_eq!(store.list_sources().await.unwrap(), [source(1, "app"), changed]);
    assert!(matches!(store.update_source(&source(9, "x")).await, Err(Error::NotFound { .. })));
    assert!(matches!(store.update_source(&source(2, "app")).await, Err(Error::Conflict { .. })));
    assert_eq!(store.sources_version().await.unwrap(), 3);
}

fn batch(from: i64, to: i64) -> IngestCommit {
    IngestCommit { log: "wal".to_owned(), from, to, seen_json: "{}".to_owned(), ..IngestCommit::default() }
}

async fn hours_add_up_and_are_forgotten(place: &Place) {
    let store = place.open().await;
    let hour = |source_id, hour| SourceHourRow {
        source_id,
        hour,
        n_received: 3,
        n_rejected: 1,
        n_duplicate: 1,
        n_violations: 2,
        last_received_at: hour * 10,
    };
    let reject = |hour| SourceRejectRow { source_id: 1, hour, reason_code: "too_old".to_owned(), n_rejected: 1 };
    for at in 0..2 {
        let ingest = IngestCommit {
            hours: vec![hour(1, 5), hour(1, 8), hour(2, 5)],
            rejects: vec![reject(5), reject(8)],
            keep_from_hour: 6,
            ..batch(at, at + 1)
        };
        store.commit_ingest(&ingest).await.unwrap();
    }
    let hours = store.source_hours(0).await.unwrap();
    let shape: Vec<_> = hours.iter().map(|row| (row.source_id, row.hour, row.n_received)).collect();
    // The last hour of a source stays: it tells since when it is silent.
    assert_eq!(shape, [(1, 8, 6), (2, 5, 6)]);
    assert_eq!(store.source_rejects(0).await.unwrap(), [SourceRejectRow { n_rejected: 2, ..reject(8) }]);
    assert_eq!(store.sources_last_received().await.unwrap().len(), 2);
}

async fn a_batch_of_the_log_is_taken_in_once(place: &Place) {
    let store = place.open().await;
    assert_eq!(store.ingest("wal").await.unwrap(), None);
    let people = LoadCommit {
        plan_json: "{files}".to_owned(),
        committed_at: 9,
        new_profiles: vec![profile(1)],
        new_identities: vec![identity(1, 1)],
        ..LoadCommit::default()
    };
    let ingest = IngestCommit { load: people, ..batch(0, 10) };
    store.commit_ingest(&ingest).await.unwrap();
    assert!(matches!(store.commit_ingest(&ingest).await, Err(Error::Conflict { .. })));
    assert_eq!(store.n_profiles().await.unwrap(), 1);
    // The next batch waits until the files are shown.
    assert!(matches!(store.commit_ingest(&batch(10, 11)).await, Err(Error::Conflict { .. })));
    store.ingest_shown("wal", 10).await.unwrap();
    store.ingest_shown("wal", 10).await.unwrap();
    let row = store.ingest("wal").await.unwrap().unwrap();
    assert_eq!((row.position, row.plan_json, row.committed_at), (10, None, 9));
    store.commit_ingest(&batch(10, 11)).await.unwrap();
}

async fn what_was_said_is_replaced_by_what_is_newer(place: &Place) {
    let store = place.open().await;
    let bond =
        |said_at, holds| BondRow { left_identity_id: 1, right_identity_id: 2, said_at, said_by: "m".to_owned(), holds };
    let claim = |json: &str| ClaimRow { identity_id: 3, owner_identity_id: 1, claims_json: json.to_owned() };
    let field = |said_at| SaidFieldRow {
        identity_id: 1,
        field: "name".to_owned(),
        said_at,
        said_by: "m".to_owned(),
        sealed: Some(vec![1]),
        key_profile_id: 1,
        source: "s".to_owned(),
        is_proven: 0,
    };
    let register = |key: &str, shown_at| RegisterRow {
        source_id: 1,
        kind: "order".to_owned(),
        key: key.to_owned(),
        register_json: "{}".to_owned(),
        shown_at,
    };
    let first = IngestCommit {
        bonds: vec![bond(1, 1)],
        claims: vec![claim("[1]")],
        traits: vec![TraitsRow { identity_id: 1, traits_json: "{}".to_owned() }],
        said_fields: vec![field(1)],
        homes: vec![(3, 1)],
        registers: vec![register("a", None), register("b", None)],
        ..batch(0, 1)
    };
    store.commit_ingest(&first).await.unwrap();
    let second = IngestCommit {
        bonds: vec![bond(2, 0)],
        claims: vec![claim("[1,2]")],
        traits: vec![TraitsRow { identity_id: 1, traits_json: "{1}".to_owned() }],
        said_fields: vec![field(2)],
        replaced_fields: vec![(1, "name".to_owned())],
        homes: vec![(3, 1), (3, 2)],
        registers: vec![register("a", Some(4))],
        ..batch(1, 2)
    };
    store.commit_ingest(&second).await.unwrap();
    assert_eq!(store.bonds_of(&[1, 2]).await.unwrap(), [bond(2, 0)]);
    assert_eq!(store.claims_of(&[3]).await.unwrap(), [claim("[1,2]")]);
    assert_eq!(store.claimed_by(&[1]).await.unwrap(), [(3, 1)]);
    assert_eq!(store.traits_of(&[1, 5]).await.unwrap()[0].traits_json, "{1}");
    assert_eq!(store.said_fields_of(&[1]).await.unwrap(), [field(2)]);
    let mut homes = store.homes_of(&[3]).await.unwrap();
    homes.sort_unstable();
    assert_eq!(homes, [(3, 1), (3, 2)]);
    let found = store.registers(&[(1, "order", "a"), (1, "order", "c"), (2, "order", "b")]).await.unwrap();
    assert_eq!(found, [register("a", Some(4))]);
}

async fn spans_follow_a_merge(place: &Place) {
    let store = place.open().await;
    let span = |since_at, profile_id| OverrideSpanRow { identity_id: 3, since_at, profile_id };
    let people = LoadCommit { new_profiles: vec![profile(1), profile(2)], ..LoadCommit::default() };
    let first =
        IngestCommit { load: people, respanned: vec![3], spans: vec![span(i64::MIN, 1), span(5, 2)], ..batch(0, 1) };
    store.commit_ingest(&first).await.unwrap();
    let before = store.overrides_version().await.unwrap();
    assert_eq!(store.spanned_by(2).await.unwrap(), [3]);
    let merge = LoadCommit { merged: vec![(2, 1)], overrides: vec![(4, 1)], ..super::load(7, 0) };
    super::commit(&store, &merge).await.unwrap();
    assert_eq!(store.override_spans().await.unwrap(), [span(i64::MIN, 1), span(5, 1)]);
    assert!(store.overrides_version().await.unwrap() > before);
    store.commit_ingest(&IngestCommit { respanned: vec![3], ..batch(1, 2) }).await.unwrap();
    assert!(store.override_spans().await.unwrap().is_empty());
}

async fn stretches_are_found_by_time_and_moves_by_version(place: &Place) {
    let store = place.open().await;
    let stretch = |identity_id, started_at, ended_at| StretchRow {
        identity_id,
        started_at,
        ended_at,
        campaigns_json: "{}".to_owned(),
        written_json: format!("{{\"{started_at}\":{ended_at}}}"),
    };
    let moved = |session_id: &str, spans: &str, version| SessionMoveRow {
        session_id: session_id.to_owned(),
        spans_json: spans.to_owned(),
        version,
    };
    let first = IngestCommit {
        stretches: vec![stretch(1, 10, 20), stretch(1, 30, 40), stretch(1, 50, 60), stretch(2, 10, 90)],
        session_moves: vec![moved("a", "[1]", 0), moved("b", "[2]", 0)],
        ..batch(0, 1)
    };
    store.commit_ingest(&first).await.unwrap();
    let near = async |spans: &[(i64, i64, i64)]| {
        let mut found = store.stretches_near(spans).await.unwrap();
        found.sort_by_key(|row| (row.identity_id, row.started_at));
        found.into_iter().map(|row| (row.identity_id, row.started_at)).collect::<Vec<_>>()
    };
    assert_eq!(near(&[(1, 20, 30)]).await, [(1, 10), (1, 30)]);
    assert_eq!(near(&[(1, 21, 29)]).await, []);
    assert_eq!(near(&[(1, 35, 36), (2, 80, 95)]).await, [(1, 30), (2, 10)]);
    assert_eq!(near(&[(1, 41, 100), (3, 0, 100)]).await, [(1, 50)]);
    let version = store.session_moves_version().await.unwrap();
    assert_eq!(version, 1);
    // A bridge between two: the later one goes, the earlier one grows.
    let second = IngestCommit {
        gone_stretches: vec![(1, 10), (1, 30)],
        stretches: vec![stretch(1, 10, 40)],
        session_moves: vec![moved("b", "[]", 0)],
        ..batch(1, 2)
    };
    store.commit_ingest(&second).await.unwrap();
    assert_eq!(store.stretches_near(&[(1, 0, 45)]).await.unwrap(), [stretch(1, 10, 40)]);
    assert_eq!(store.session_moves(version).await.unwrap(), [moved("b", "[]", 2)]);
    assert_eq!(store.session_moves(0).await.unwrap(), [moved("a", "[1]", 1), moved("b", "[]", 2)]);
    store.commit_ingest(&batch(2, 3)).await.unwrap();
    assert_eq!(store.session_moves_version().await.unwrap(), 2);
}
