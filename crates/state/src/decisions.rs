//! Who is who, as somebody decided it.

use crate::boxed;
use crate::db::{Put, Tx, record, words};
use crate::error::Result;
use crate::ingest::{self, IngestCommit};
use crate::open::Store;
use crate::profiles::ids;

words! {
    /// What was decided of two identities.
    Verdict {
        /// They are one person.
        Same = "same",
        /// They are different people.
        Apart = "apart",
    }
}

record! {
    /// A decision about two identities; never deleted, undone instead.
    DecisionRow {
        /// Id.
        decision_id: i64,
        /// Act that it is part of.
        act_id: i64,
        /// What was decided.
        verdict: Verdict,
        /// The identity with the smaller id.
        left_identity_id: i64,
        /// The other one.
        right_identity_id: i64,
        /// Who decided.
        author: String,
        /// Why.
        reason: String,
        /// When, in microseconds.
        decided_at: i64,
        /// Who undid it.
        undone_by: Option<String>,
        /// When it was undone, in microseconds; it holds when missing.
        undone_at: Option<i64>,
        /// Act that took its place.
        undone_act: Option<i64>,
    }
}

impl Store {
    /// The decisions that hold, the oldest first.
    #[boxed]
    pub async fn decisions(&self) -> Result<Vec<DecisionRow>> {
        let sql = "SELECT {columns} FROM identity_decisions WHERE undone_at IS NULL ORDER BY decided_at, decision_id";
        self.data.read("decisions", "identity decisions").all(sql, &[]).await
    }

    /// All decisions, undone ones too, the oldest first.
    #[boxed]
    pub async fn all_decisions(&self) -> Result<Vec<DecisionRow>> {
        let sql = "SELECT {columns} FROM identity_decisions ORDER BY decided_at, decision_id";
        self.data.read("all_decisions", "identity decisions").all(sql, &[]).await
    }

    /// The decisions about these identities, undone ones too, the oldest first.
    #[boxed]
    pub async fn decisions_of(&self, identity_ids: &[i64]) -> Result<Vec<DecisionRow>> {
        let wanted = ids(identity_ids);
        let read = self.data.read("decisions_of", "identity decisions");
        let mut found: Vec<DecisionRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_decisions \
                 WHERE left_identity_id = wanted",
                &wanted,
            )
            .await?;
        let right: Vec<DecisionRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_decisions \
                 WHERE right_identity_id = wanted",
                &wanted,
            )
            .await?;
        found.extend(right);
        found.sort_by_key(|row| (row.decided_at, row.decision_id));
        found.dedup_by_key(|row| row.decision_id);
        Ok(found)
    }

    /// The decisions of an act, and those that it took the place of.
    #[boxed]
    pub async fn decisions_of_act(&self, act_id: i64) -> Result<Vec<DecisionRow>> {
        let sql = "SELECT {columns} FROM identity_decisions WHERE act_id = $1 OR undone_act = $1 ORDER BY decision_id";
        self.data.read("decisions_of_act", "identity decisions").all(sql, &[act_id.arg()]).await
    }

    /// Stores decisions, new or changed, together with all that they change of people. `change` names no log.
    ///
    /// **Errors**: `Conflict` when something is given to a profile that does not exist.
    #[boxed]
    pub async fn decide(&self, change: &IngestCommit) -> Result<()> {
        let mut tx = self.data.begin("decide", "identity decisions").await?;
        crate::definitions::bump(&mut tx, "state_version").await?;
        ingest::apply(&mut tx, change).await?;
        tx.commit().await
    }
}

/// Stores decisions within a transaction.
pub(crate) async fn put(tx: &mut Tx, rows: &[DecisionRow]) -> Result<u64> {
    tx.bulk(
        "INSERT INTO identity_decisions ({columns}) {rows} ON CONFLICT (decision_id) DO UPDATE SET \
         undone_by = excluded.undone_by, undone_at = excluded.undone_at, undone_act = excluded.undone_act",
        rows,
    )
    .await
}
