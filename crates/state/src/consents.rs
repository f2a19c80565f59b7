//! What people said about purposes: statements about identities, added and never changed.

use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::open::Store;
use crate::profiles::ids;

record! {
    /// A statement.
    ConsentRow {
        /// Identity of whoever made it.
        identity_id: i64,
        /// Purpose.
        purpose: String,
        /// When it was made, in microseconds.
        at: i64,
        /// 1 when given, 0 when taken back.
        granted: i64,
        /// Version of the notice that the person saw.
        policy_version: String,
        /// Where it was made.
        channel: String,
        /// Where the proof is kept; empty when nowhere.
        evidence: String,
        /// 1 when a guardian made it.
        by_guardian: i64,
        /// Who recorded it.
        author: String,
        /// When it was recorded, in microseconds.
        recorded_at: i64,
    }
}

record! {
    /// A statement with the profile it belongs to now.
    SaidRow {
        /// Profile.
        profile_id: i64,
        /// Purpose.
        purpose: String,
        /// When it was made, in microseconds.
        at: i64,
        /// 1 when given, 0 when taken back.
        granted: i64,
        /// Version of the notice that the person saw.
        policy_version: String,
        /// Where it was made.
        channel: String,
        /// Where the proof is kept; empty when nowhere.
        evidence: String,
        /// 1 when a guardian made it.
        by_guardian: i64,
        /// Who recorded it.
        author: String,
        /// When it was recorded, in microseconds.
        recorded_at: i64,
    }
}

record! {
    /// What of a statement decides.
    StatementRow {
        /// Profile.
        profile_id: i64,
        /// When it was made, in microseconds.
        at: i64,
        /// 1 when given, 0 when taken back.
        granted: i64,
        /// Version of the notice that the person saw.
        policy_version: String,
        /// 1 when it is known where the proof is kept.
        has_evidence: i64,
        /// 1 when a guardian made it.
        by_guardian: i64,
    }
}

impl Store {
    /// Adds statements; those that are there already change nothing. Says how many were new.
    #[boxed]
    pub async fn record_consents(&self, rows: &[ConsentRow]) -> Result<u64> {
        let mut tx = self.data.begin("record_consents", "consents").await?;
        let n = add(&mut tx, rows).await?;
        tx.commit().await?;
        Ok(n)
    }

    /// Counts the changes of statements: what was computed at one version holds as long as it has not changed.
    #[boxed]
    pub async fn consents_version(&self) -> Result<i64> {
        self.counter("consents_version").await
    }

    /// All statements on a purpose without what only people read, by profile of today.
    #[boxed]
    pub async fn consents_on(&self, purpose: &str) -> Result<Vec<StatementRow>> {
        self.data
            .read("consents_on", purpose)
            .all(
                "SELECT {columns} FROM (SELECT i.profile_id, c.at, c.granted, c.policy_version, c.by_guardian, \
                 CAST(CASE WHEN c.evidence = '' THEN 0 ELSE 1 END AS BIGINT) AS has_evidence FROM consents c \
                 JOIN identities i ON i.identity_id = c.identity_id WHERE c.purpose = $1) s ORDER BY profile_id, at",
                &[purpose.arg()],
            )
            .await
    }

    /// All statements, by profile of today.
    #[boxed]
    pub async fn consents(&self) -> Result<Vec<SaidRow>> {
        self.data
            .read("consents", "consents")
            .all(
                "SELECT {columns} FROM (SELECT i.profile_id, c.* FROM consents c \
                 JOIN identities i ON i.identity_id = c.identity_id) s ORDER BY profile_id, purpose, at",
                &[],
            )
            .await
    }

    /// The statements of some profiles, oldest first.
    #[boxed]
    pub async fn consents_of(&self, profiles: &[i64]) -> Result<Vec<SaidRow>> {
        let mut found: Vec<SaidRow> = self
            .data
            .read("consents_of", "consents")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN (SELECT i.profile_id, c.* FROM identities i \
                 JOIN consents c ON c.identity_id = i.identity_id) s WHERE profile_id = wanted",
                &ids(profiles),
            )
            .await?;
        found.sort_by(|a, b| (a.at, &a.purpose, a.granted).cmp(&(b.at, &b.purpose, b.granted)));
        Ok(found)
    }
}

/// Adds statements within a transaction.
pub(crate) async fn add(tx: &mut Tx, rows: &[ConsentRow]) -> Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    bump(tx, "consents_version").await?;
    tx.bulk("INSERT INTO consents ({columns}) {rows} ON CONFLICT DO NOTHING", rows).await
}
