//! The schema that the migrations make.

use super::{Backend, Place, conformance};
use crate::db::{GetRow, Pool};
use crate::{
    AlertRow, ApiKeyRow, AuditRow, BatchRow, BindingRow, BondRow, ClaimRow, ConsentRow, CorrectionRow, DecisionRow,
    DefinitionRow, EdgeRow, ErasureRow, Error, FailureRow, FieldRow, HoldRow, IdentityRow, IngestRow, KeyRow,
    LedgerRow, ManualTagRow, MappingRow, MatchRow, ModelRow, NoticeRow, OverrideSpanRow, ProfileRow, PurgeRow,
    QuarantineRow, RegisterRow, RequestRow, SaidFieldRow, SessionMoveRow, SessionRow, SourceHourRow, SourceRejectRow,
    SourceRow, SsoLinkRow, StatedRow, Store, StretchRow, TraitsRow, UserRow, ViewRow,
};

conformance!(records_are_the_columns_of_their_tables, a_newer_schema_is_refused, opening_again_changes_nothing);

async fn columns(place: &Place, pool: &Pool, table: &'static str) -> Vec<String> {
    let sql = if place.config.url.is_none() {
        format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid")
    } else {
        format!(
            "SELECT column_name::text FROM information_schema.columns WHERE table_name = '{table}' \
             AND table_schema = current_schema() ORDER BY ordinal_position"
        )
    };
    let mut found = Vec::new();
    pool.read("test", table)
        .each(sql.into(), &[], |row| {
            found.extend(row.text(0)?.map(str::to_owned));
            Ok(())
        })
        .await
        .unwrap();
    found
}

async fn records_are_the_columns_of_their_tables(place: &Place) {
    let store = place.open().await;
    for (table, names) in [
        ("profiles", ProfileRow::COLUMNS),
        ("profile_fields", FieldRow::COLUMNS),
        ("identities", IdentityRow::COLUMNS),
        ("identity_edges", EdgeRow::COLUMNS),
        ("batches", BatchRow::COLUMNS),
        ("quarantine", QuarantineRow::COLUMNS),
        ("mappings", MappingRow::COLUMNS),
        ("definitions", DefinitionRow::COLUMNS),
        ("audit", AuditRow::COLUMNS),
        ("bindings", BindingRow::COLUMNS),
        ("live_sources", SourceRow::COLUMNS),
        ("source_hours", SourceHourRow::COLUMNS),
        ("source_rejects", SourceRejectRow::COLUMNS),
        ("ingests", IngestRow::COLUMNS),
        ("identity_bonds", BondRow::COLUMNS),
        ("identity_claims", ClaimRow::COLUMNS),
        ("identity_traits", TraitsRow::COLUMNS),
        ("identity_fields", SaidFieldRow::COLUMNS),
        ("identity_decisions", DecisionRow::COLUMNS),
        ("identity_stated", StatedRow::COLUMNS),
        ("identity_matches", MatchRow::COLUMNS),
        ("models", ModelRow::COLUMNS),
        ("profile_override_spans", OverrideSpanRow::COLUMNS),
        ("live_registers", RegisterRow::COLUMNS),
        ("session_stretches", StretchRow::COLUMNS),
        ("session_moves", SessionMoveRow::COLUMNS),
        ("manual_tags", ManualTagRow::COLUMNS),
        ("views", ViewRow::COLUMNS),
        ("users", UserRow::COLUMNS),
        ("user_sessions", SessionRow::COLUMNS),
        ("api_keys", ApiKeyRow::COLUMNS),
        ("sign_in_failures", FailureRow::COLUMNS),
        ("sso_links", SsoLinkRow::COLUMNS),
        ("alerts", AlertRow::COLUMNS),
        ("notices", NoticeRow::COLUMNS),
        ("consents", ConsentRow::COLUMNS),
        ("corrections", CorrectionRow::COLUMNS),
        ("requests", RequestRow::COLUMNS),
        ("erasures", ErasureRow::COLUMNS),
        ("holds", HoldRow::COLUMNS),
        ("purges", PurgeRow::COLUMNS),
    ] {
        assert_eq!(columns(place, &store.data, table).await, names, "{table}");
    }
    assert_eq!(columns(place, &store.keys, "person_keys").await, KeyRow::COLUMNS);
    assert_eq!(columns(place, &store.keys, "erasure_ledger").await, LedgerRow::COLUMNS);
    // Keys stand apart from the data.
    assert!(columns(place, &store.data, "person_keys").await.is_empty());
}

async fn a_newer_schema_is_refused(place: &Place) {
    for is_keys in [false, true] {
        let store = place.open().await;
        let pool = if is_keys { &store.keys } else { &store.data };
        let mut tx = pool.begin("test", "schema").await.unwrap();
        tx.run("INSERT INTO schema_versions (version) VALUES (999)", &[]).await.unwrap();
        tx.commit().await.unwrap();
        store.close().await;

        let error = Store::open(place.config.clone()).await.unwrap_err();
        assert!(matches!(error, Error::UnsupportedSchema { found: 999, .. }), "{error:?}");
        let name = if is_keys { "key database" } else { "state database" };
        let known = if is_keys { crate::migrate::KEYS.len() } else { crate::migrate::DATA.len() };
        assert_eq!(
            error.to_string(),
            format!(
                "open: {name} has schema version 999, this release knows versions up to {known}; use a newer release"
            )
        );
        if !is_keys {
            forget_version(place).await;
        }
    }
}

/// Takes the newer version back, past the store, which would refuse.
async fn forget_version(place: &Place) {
    let sql = "DELETE FROM schema_versions WHERE version = 999";
    match &place.config.url {
        Some(url) => {
            let pool = sqlx::PgPool::connect(url).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
        }
        None => {
            let options = sqlx::sqlite::SqliteConnectOptions::new().filename(place.config.dir.join("state.db"));
            let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
            sqlx::query(sql).execute(&pool).await.unwrap();
            pool.close().await;
        }
    }
}

async fn opening_again_changes_nothing(place: &Place) {
    let store = place.open().await;
    store.set_meta("a", "b").await.unwrap();
    store.close().await;
    for _ in 0..2 {
        let store = place.open().await;
        assert_eq!(store.get_meta("a").await.unwrap().as_deref(), Some("b"));
        store.close().await;
    }
}

async fn dump(pool: &Pool) -> String {
    let mut text = String::new();
    pool.read("test", "schema")
        .each(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name".into(),
            &[],
            |row| {
                text.push_str(row.text(0)?.unwrap_or_default());
                text.push_str(";\n\n");
                Ok(())
            },
        )
        .await
        .unwrap();
    text
}

/// `schema.sql` shows what all migrations together make; `ZHIKE_UPDATE_SCHEMA=1 cargo test -p zhike-state schema` writes it.
#[tokio::test]
async fn migrations_make_the_schema_shown() {
    let place = Place::new(Backend::Sqlite).await.unwrap();
    let store = place.open().await;
    let made = format!(
        "-- Made from the migrations, on SQLite; do not edit.\n\n-- state.db\n\n{}-- keys/keys.db\n\n{}",
        dump(&store.data).await,
        dump(&store.keys).await
    );
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema.sql");
    if std::env::var_os("ZHIKE_UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let shown = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(made, shown, "set ZHIKE_UPDATE_SCHEMA=1 to write schema.sql");
}
