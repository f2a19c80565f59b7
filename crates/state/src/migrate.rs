//! The schema: versions that only go forward, embedded, each applied in one transaction (INV-STATE-2).

use crate::db::{Pool, Put, Tx};
use crate::error::Result;

/// Versions of the data, from 1.
pub(crate) const DATA: &[&str] = &[
    include_str!("../migrations/0001_initial.sql"),
    include_str!("../migrations/0002_live.sql"),
    include_str!("../migrations/0003_sessions.sql"),
    include_str!("../migrations/0004_bindings.sql"),
    include_str!("../migrations/0005_tags.sql"),
    include_str!("../migrations/0006_audit_subjects.sql"),
    include_str!("../migrations/0007_kpi_goals.sql"),
    include_str!("../migrations/0008_views.sql"),
    include_str!("../migrations/0009_accounts.sql"),
    include_str!("../migrations/0010_consents.sql"),
    include_str!("../migrations/0011_erasure.sql"),
    include_str!("../migrations/0012_watch.sql"),
    include_str!("../migrations/0013_sso.sql"),
    include_str!("../migrations/0014_notices.sql"),
    include_str!("../migrations/0015_corrections.sql"),
    include_str!("../migrations/0016_identity.sql"),
    include_str!("../migrations/0017_matches.sql"),
    include_str!("../migrations/0018_proven.sql"),
    include_str!("../migrations/0019_models.sql"),
    include_str!("../migrations/0020_targets.sql"),
    include_str!("../migrations/0021_alerts.sql"),
    include_str!("../migrations/0022_asked_exports.sql"),
];
/// Versions of the keys, from 1.
pub(crate) const KEYS: &[&str] =
    &[include_str!("../migrations/keys/0001_initial.sql"), include_str!("../migrations/keys/0002_ledger.sql")];

/// Brings a database to the newest version; processes that start together wait for each other.
pub(crate) async fn run(pool: &Pool, subject: &str, versions: &[&str]) -> Result<()> {
    let known = versions.len() as i64;
    let mut tx = pool.begin("open", subject).await?;
    lock(&mut tx).await?;
    tx.script("CREATE TABLE IF NOT EXISTS schema_versions (version BIGINT NOT NULL PRIMARY KEY)".to_owned()).await?;
    let found: Option<(Option<i64>,)> = tx.optional("SELECT max(version) FROM schema_versions", &[]).await?;
    let found = found.and_then(|(version,)| version).unwrap_or(0);
    if found > known {
        return Err(tx.at.unsupported_schema(found, known));
    }
    for (version, text) in (1_i64..).zip(versions).skip(found as usize) {
        let text = dialect(text, tx.is_sqlite());
        tx.script(text).await?;
        tx.run("INSERT INTO schema_versions (version) VALUES ($1)", &[version.arg()]).await?;
    }
    tx.commit().await
}

/// Holds off other processes that change the schema; SQLite does so by itself.
pub(crate) async fn lock(tx: &mut Tx) -> Result<()> {
    if tx.is_sqlite() { Ok(()) } else { tx.script("SELECT pg_advisory_xact_lock(7234016)".to_owned()).await }
}

/// The words in which the two databases differ. On SQLite the id of a row is then its place in the table, and tables with
/// a compound key are one tree instead of two.
fn dialect(text: &str, is_sqlite: bool) -> String {
    if is_sqlite {
        text.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
    } else {
        text.replace("BLOB", "BYTEA").replace(" WITHOUT ROWID", "")
    }
}
