//! What the store promises, as tests: the same ones on SQLite and, when `ZHIKE_TEST_PG` holds a URL, on PostgreSQL.
//!
//! Each test has a store of its own: a folder, or two schemas of the server named.

mod account_tests;
mod alert_tests;
mod batch_tests;
mod binding_tests;
mod consent_tests;
mod copy_tests;
mod durability_tests;
mod goal_tests;
mod identity_tests;
mod key_tests;
mod live_tests;
mod load_tests;
mod model_tests;
mod name_tests;
mod quarantine_tests;
mod scan_tests;
mod schema_tests;
mod tag_tests;
mod target_tests;
mod view_tests;
mod watch_tests;

use std::io::Write as _;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection};
use tempfile::TempDir;

use crate::{
    EdgeRow, IdentityKey, IdentityRow, IdentityStatus, LoadCommit, NewBatch, ProfileRow, QuarantineRow,
    QuarantineStatus, StateConfig, Store,
};

/// Which database a test runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Sqlite,
    Postgres,
}

/// A place for one store, gone when it is dropped.
pub(crate) struct Place {
    pub(crate) config: StateConfig,
    _dir: TempDir,
}

impl Place {
    /// A new place, `None` when the backend is not at hand.
    pub(crate) async fn new(backend: Backend) -> Option<Self> {
        let dir = TempDir::new().expect("a temporary folder");
        let mut config = StateConfig { dir: dir.path().to_owned(), url: None, keys_url: None };
        if backend == Backend::Postgres {
            let Ok(url) = std::env::var("ZHIKE_TEST_PG") else {
                // Past the capture of the test harness: a skipped test must be seen.
                let _ = writeln!(std::io::stderr(), "skipped: ZHIKE_TEST_PG not set");
                return None;
            };
            static N_PLACES: AtomicU32 = AtomicU32::new(0);
            let name = format!("zhike_test_{}_{}", std::process::id(), N_PLACES.fetch_add(1, Ordering::Relaxed));
            let options = PgConnectOptions::from_str(&url).expect("ZHIKE_TEST_PG is a URL");
            let mut server = options.connect().await.expect("ZHIKE_TEST_PG answers");
            for schema in [name.clone(), format!("{name}_keys")] {
                let sql = format!("DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}");
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.expect("schemas can be made");
            }
            server.close().await.expect("closes");
            let mark = if url.contains('?') { '&' } else { '?' };
            config.url = Some(format!("{url}{mark}options[search_path]={name}"));
            config.keys_url = Some(format!("{url}{mark}options[search_path]={name}_keys"));
        }
        Some(Self { config, _dir: dir })
    }

    pub(crate) async fn open(&self) -> Store {
        Store::open(self.config.clone()).await.expect("the store opens")
    }
}

/// Makes one test per function and backend.
macro_rules! conformance {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    let place = crate::conformance::Place::new(crate::conformance::Backend::Sqlite).await;
                    super::$name(&place.expect("SQLite is always at hand")).await;
                }
            )*
        }

        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $name() {
                    if let Some(place) = crate::conformance::Place::new(crate::conformance::Backend::Postgres).await {
                        super::$name(&place).await;
                    }
                }
            )*
        }
    };
}
pub(crate) use conformance;

pub(crate) fn batch(batch_id: i64) -> NewBatch {
    NewBatch {
        batch_id,
        source: "crm".to_owned(),
        entity: "profiles".to_owned(),
        file_name: "customers.csv".to_owned(),
        content_hash: batch_id.to_le_bytes().to_vec(),
        mapping_json: Some("{}".to_owned()),
        started_at: 1_000 + batch_id,
    }
}

pub(crate) fn profile(profile_id: i64) -> ProfileRow {
    ProfileRow {
        profile_id,
        kind: "person".to_owned(),
        created_at: 1,
        first_seen_at: Some(1),
        last_seen_at: None,
        gender: None,
        birth_year: Some(1990),
        country: None,
        province: Some("浙江".to_owned()),
        city: None,
        member_level: None,
        registered_on: Some(19_000),
        acquisition_channel: None,
        traits: Some(r#"{"vip":true}"#.to_owned()),
        n_identities: 1,
        merged_into: None,
    }
}

/// An identity whose blind index is its number, repeated.
pub(crate) fn identity(identity_id: i64, profile_id: i64) -> IdentityRow {
    IdentityRow {
        identity_id,
        kind: "phone".to_owned(),
        scope: String::new(),
        value_index: index(identity_id),
        sealed: vec![7; 40],
        key_profile_id: profile_id,
        profile_id,
        home_profile_id: profile_id,
        status: IdentityStatus::Active,
        n_joined: 1,
        first_seen_at: Some(100),
        last_seen_at: Some(200),
        source: "crm".to_owned(),
    }
}

pub(crate) fn index(n: i64) -> [u8; 16] {
    let mut index = [0; 16];
    index[..8].copy_from_slice(&n.to_be_bytes());
    index[8..].copy_from_slice(&n.to_le_bytes());
    index
}

pub(crate) fn key(n: i64) -> IdentityKey {
    IdentityKey { kind: "phone".to_owned(), scope: String::new(), index: index(n) }
}

pub(crate) fn edge(edge_id: i64, left: i64, right: i64, batch_id: i64) -> EdgeRow {
    EdgeRow {
        edge_id,
        left_identity_id: left,
        right_identity_id: right,
        kind: "deterministic".to_owned(),
        strength: 0.5,
        reason: "same row".to_owned(),
        source: "crm".to_owned(),
        batch_id,
        created_at: 5,
        undone_at: None,
    }
}

pub(crate) fn quarantined(batch_id: i64, row_no: i64, reason: &str) -> QuarantineRow {
    QuarantineRow {
        batch_id,
        row_no,
        source: "crm".to_owned(),
        entity: "profiles".to_owned(),
        reason_code: reason.to_owned(),
        column_name: Some("phone".to_owned()),
        detail: None,
        sealed: vec![0, 1, 255],
        status: QuarantineStatus::Open,
        replay_batch_id: None,
        updated_at: 9,
    }
}

/// A load that makes profiles `10·batch_id + 0..n`, each with one identity of the same number.
pub(crate) fn load(batch_id: i64, n: i64) -> LoadCommit {
    let ids = || batch_id * 10..batch_id * 10 + n;
    LoadCommit {
        batch_id,
        committed_at: 77,
        plan_json: format!(r#"{{"batch":{batch_id}}}"#),
        new_profiles: ids().map(profile).collect(),
        new_identities: ids().map(|id| identity(id, id)).collect(),
        ..LoadCommit::default()
    }
}

/// Starts a batch and commits a load of it.
pub(crate) async fn commit(store: &Store, load: &LoadCommit) -> crate::Result<i64> {
    store.start_batch(batch(load.batch_id)).await?;
    store.commit_load(load).await
}
