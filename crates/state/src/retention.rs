//! What must be kept, and what runs of the purge have done.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// Something that must not be erased or purged as long as a reason lasts.
    HoldRow {
        /// Id.
        hold_id: i64,
        /// Class of data.
        class: Option<String>,
        /// Person.
        profile_id: Option<i64>,
        /// Why.
        reason: String,
        /// Who set it.
        author: String,
        /// When, in microseconds.
        set_at: i64,
        /// Who lifted it.
        lifted_by: Option<String>,
        /// When, in microseconds.
        lifted_at: Option<i64>,
    }
}

record! {
    /// A run of the purge.
    PurgeRow {
        /// Id.
        purge_id: i64,
        /// Who ran it.
        actor: String,
        /// When, in microseconds.
        at: i64,
        /// What went, as JSON.
        report_json: String,
    }
}

impl Store {
    /// Sets a hold.
    #[boxed]
    pub async fn add_hold(&self, row: HoldRow) -> Result<()> {
        let mut tx = self.data.begin("add_hold", "holds").await?;
        tx.bulk("INSERT INTO holds ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Lifts a hold that lasts.
    ///
    /// **Errors**: `NotFound` when there is none, or it was lifted.
    #[boxed]
    pub async fn lift_hold(&self, hold_id: i64, actor: &str, at: i64) -> Result<()> {
        let mut tx = self.data.begin("lift_hold", "holds").await?;
        tx.run_one(
            "UPDATE holds SET lifted_by = $2, lifted_at = $3 WHERE hold_id = $1 AND lifted_at IS NULL",
            &[hold_id.arg(), actor.arg(), at.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// All holds, the newest first.
    #[boxed]
    pub async fn holds(&self) -> Result<Vec<HoldRow>> {
        let sql = "SELECT {columns} FROM holds ORDER BY set_at DESC, hold_id";
        self.data.read("holds", "holds").all(sql, &[]).await
    }

    /// Notes a run of the purge.
    #[boxed]
    pub async fn add_purge(&self, row: PurgeRow) -> Result<()> {
        let mut tx = self.data.begin("add_purge", "purges").await?;
        tx.bulk("INSERT INTO purges ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// The last runs, the newest first.
    #[boxed]
    pub async fn purges(&self, limit: usize) -> Result<Vec<PurgeRow>> {
        let sql = "SELECT {columns} FROM purges ORDER BY at DESC, purge_id LIMIT $1";
        self.data.read("purges", "purges").all(sql, &[(limit as i64).arg()]).await
    }

    /// Removes rows set aside that were last touched before an instant, and keys of loads of which no row is left; returns how
    /// many rows there are or were.
    #[boxed]
    pub async fn purge_quarantine(&self, before: i64, dry: bool) -> Result<u64> {
        let read = self.data.read("purge_quarantine", "quarantine");
        let found: Option<(i64,)> =
            read.optional("SELECT count(*) FROM quarantine WHERE updated_at < $1", &[before.arg()]).await?;
        let n = found.map_or(0, |(n,)| n);
        if dry || n == 0 {
            return Ok(n as u64);
        }
        let mut tx = self.data.begin("purge_quarantine", "quarantine").await?;
        let n = tx.run("DELETE FROM quarantine WHERE updated_at < $1", &[before.arg()]).await?;
        tx.commit().await?;
        let left: Vec<(i64,)> = read.all("SELECT DISTINCT batch_id FROM quarantine", &[]).await?;
        let left: foldhash::HashSet<i64> = left.into_iter().map(|(id,)| id).collect();
        let keys: Vec<(i64,)> = self
            .keys
            .read("purge_quarantine", "person keys")
            .all("SELECT subject_id FROM person_keys WHERE subject_kind = 'batch' AND created_at < $1", &[before.arg()])
            .await?;
        let gone: Vec<(String, i64)> =
            keys.into_iter().filter(|(id,)| !left.contains(id)).map(|(id,)| ("batch".to_owned(), id)).collect();
        self.delete_keys(&gone).await?;
        Ok(n)
    }
}
