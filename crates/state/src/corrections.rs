//! What was corrected on behalf of persons, and what files and events say instead.

use crate::boxed;
use crate::db::{Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::load::{LoadCommit, apply};
use crate::open::Store;
use crate::profiles::ids;

record! {
    /// A correction of one field.
    CorrectionRow {
        /// Id.
        correction_id: i64,
        /// Profile it belongs to now.
        profile_id: i64,
        /// Field of the profile.
        field: String,
        /// What is right, sealed under the profile's key.
        sealed: Vec<u8>,
        /// What files and events say, sealed likewise; missing when nothing.
        said: Option<Vec<u8>>,
        /// Source that said so; empty when none.
        said_source: String,
        /// Request that asked for it.
        request_id: i64,
        /// Who made it.
        author: String,
        /// When, in microseconds.
        made_at: i64,
        /// Who took it back, or `system` where a newer one took its place.
        withdrawn_by: Option<String>,
        /// When, in microseconds; it holds when missing.
        withdrawn_at: Option<i64>,
    }
}

impl Store {
    /// Corrections that hold, of everybody.
    #[boxed]
    pub async fn corrections(&self) -> Result<Vec<CorrectionRow>> {
        let sql = "SELECT {columns} FROM corrections WHERE withdrawn_at IS NULL ORDER BY correction_id";
        self.data.read("corrections", "corrections").all(sql, &[]).await
    }

    /// Corrections of some profiles, withdrawn ones too, the oldest first.
    #[boxed]
    pub async fn corrections_of(&self, profiles: &[i64]) -> Result<Vec<CorrectionRow>> {
        let mut found: Vec<CorrectionRow> = self
            .data
            .read("corrections_of", "corrections")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN corrections WHERE profile_id = wanted",
                &ids(profiles),
            )
            .await?;
        found.sort_unstable_by_key(|row| (row.made_at, row.correction_id));
        Ok(found)
    }

    /// Stores corrections, new or changed, together with the profiles and fields that they change.
    #[boxed]
    pub async fn correct(&self, change: &LoadCommit) -> Result<()> {
        let mut tx = self.data.begin("correct", "corrections").await?;
        bump(&mut tx, "state_version").await?;
        apply(&mut tx, change).await?;
        tx.commit().await
    }
}

/// Stores corrections within a transaction.
pub(crate) async fn put(tx: &mut Tx, rows: &[CorrectionRow]) -> Result<u64> {
    tx.bulk(
        "INSERT INTO corrections ({columns}) {rows} ON CONFLICT (correction_id) DO UPDATE SET \
         profile_id = excluded.profile_id, sealed = excluded.sealed, said = excluded.said, \
         said_source = excluded.said_source, withdrawn_by = excluded.withdrawn_by, \
         withdrawn_at = excluded.withdrawn_at",
        rows,
    )
    .await
}
