//! Targets of a figure, split to parts of the business.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A target.
    TargetRow {
        /// Id.
        target_id: i64,
        /// Name, of one target only.
        name: String,
        /// From 1; one more with every change.
        version: i64,
        /// What is wanted of whom, as JSON; nobody's data.
        plan_json: String,
        /// Who changed it last.
        author: String,
        /// When, in microseconds.
        set_at: i64,
    }
}

impl Store {
    /// Keeps a new target.
    #[boxed]
    pub async fn add_target(&self, row: TargetRow) -> Result<()> {
        let mut tx = self.data.begin("add_target", format!("target {}", row.target_id)).await?;
        tx.bulk("INSERT INTO targets ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Keeps a target in place of its version before; says whether that was still the newest.
    #[boxed]
    pub async fn set_target(&self, row: TargetRow) -> Result<bool> {
        let mut tx = self.data.begin("set_target", format!("target {}", row.target_id)).await?;
        let n = tx
            .run(
                "UPDATE targets SET name = $2, version = $3, plan_json = $4, author = $5, set_at = $6 \
                 WHERE target_id = $1 AND version = $3 - 1",
                &[
                    row.target_id.arg(),
                    row.name.arg(),
                    row.version.arg(),
                    row.plan_json.arg(),
                    row.author.arg(),
                    row.set_at.arg(),
                ],
            )
            .await?;
        tx.commit().await?;
        Ok(n > 0)
    }

    /// All targets, the newest change first.
    #[boxed]
    pub async fn targets(&self) -> Result<Vec<TargetRow>> {
        self.data
            .read("targets", "targets")
            .all("SELECT {columns} FROM targets ORDER BY set_at DESC, target_id", &[])
            .await
    }

    /// Forgets a target; says whether it was there.
    #[boxed]
    pub async fn remove_target(&self, target_id: i64) -> Result<bool> {
        let mut tx = self.data.begin("remove_target", format!("target {target_id}")).await?;
        let n = tx.run("DELETE FROM targets WHERE target_id = $1", &[target_id.arg()]).await?;
        tx.commit().await?;
        Ok(n > 0)
    }
}
