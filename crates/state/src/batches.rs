//! Loads of files: one row per load, from its start to its end.

use crate::boxed;
use crate::db::{Put, record, words};
use crate::error::Result;
use crate::open::Store;

words! {
    /// How far a load has come.
    BatchStatus {
        /// Rows are being read; nothing of it is visible.
        Running = "running",
        /// State is committed, files are staged: publish what the plan names.
        Prepared = "prepared",
        /// Done.
        Loaded = "loaded",
        /// Given up; nothing of it is visible.
        Failed = "failed",
    }
}

record! {
    /// One load of one file.
    BatchRow {
        /// Id.
        batch_id: i64,
        /// Source the file came from.
        source: String,
        /// What its rows became.
        entity: String,
        /// File, without its folder.
        file_name: String,
        /// Hash of the file's bytes and of the mapping.
        content_hash: Vec<u8>,
        /// Mapping used.
        mapping_json: Option<String>,
        /// How far it has come.
        status: BatchStatus,
        /// Rows read.
        rows_read: i64,
        /// Rows loaded.
        rows_loaded: i64,
        /// Rows already there.
        rows_duplicate: i64,
        /// Rows set aside.
        rows_quarantined: i64,
        /// Data-quality score, 0 to 100.
        quality: Option<f64>,
        /// Load report.
        report_json: Option<String>,
        /// Files staged for publication.
        plan_json: Option<String>,
        /// Why it failed.
        error: Option<String>,
        /// Start, in microseconds.
        started_at: i64,
        /// End, in microseconds.
        finished_at: Option<i64>,
    }
}

record! {
    /// A finished load without its report.
    BatchHead {
        /// Id.
        batch_id: i64,
        /// Source the file came from.
        source: String,
        /// What its rows became.
        entity: String,
        /// Rows read.
        rows_read: i64,
        /// Rows already there.
        rows_duplicate: i64,
        /// Rows set aside.
        rows_quarantined: i64,
        /// Data-quality score, 0 to 100.
        quality: Option<f64>,
        /// Start, in microseconds.
        started_at: i64,
        /// End, in microseconds.
        finished_at: Option<i64>,
    }
}

/// A load that starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewBatch {
    /// Id.
    pub batch_id: i64,
    /// Source the file comes from.
    pub source: String,
    /// What its rows become.
    pub entity: String,
    /// File, without its folder.
    pub file_name: String,
    /// Hash of the file's bytes and of the mapping.
    pub content_hash: Vec<u8>,
    /// Mapping used.
    pub mapping_json: Option<String>,
    /// Start, in microseconds.
    pub started_at: i64,
}

/// What became of the rows of a load; `read = loaded + duplicate + quarantined`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCounts {
    /// Rows read.
    pub rows_read: i64,
    /// Rows loaded.
    pub rows_loaded: i64,
    /// Rows already there.
    pub rows_duplicate: i64,
    /// Rows set aside.
    pub rows_quarantined: i64,
}

impl Store {
    /// The latest load of the same content as the same entity from the same source that was finished.
    #[boxed]
    pub async fn find_loaded_batch(&self, content_hash: &[u8], entity: &str, source: &str) -> Result<Option<BatchRow>> {
        self.data
            .read("find_loaded_batch", format!("{entity} from {source}"))
            .optional(
                "SELECT {columns} FROM batches WHERE content_hash = $1 AND entity = $2 AND source = $3 \
                 AND status = 'loaded' ORDER BY started_at DESC, batch_id DESC LIMIT 1",
                &[content_hash.arg(), entity.arg(), source.arg()],
            )
            .await
    }

    /// Records that a load has started.
    ///
    /// **Errors**: `Conflict` when the id is taken.
    #[boxed]
    pub async fn start_batch(&self, batch: NewBatch) -> Result<()> {
        let mut tx = self.data.begin("start_batch", format!("batch {}", batch.batch_id)).await?;
        let row = BatchRow {
            batch_id: batch.batch_id,
            source: batch.source,
            entity: batch.entity,
            file_name: batch.file_name,
            content_hash: batch.content_hash,
            mapping_json: batch.mapping_json,
            status: BatchStatus::Running,
            rows_read: 0,
            rows_loaded: 0,
            rows_duplicate: 0,
            rows_quarantined: 0,
            quality: None,
            report_json: None,
            plan_json: None,
            error: None,
            started_at: batch.started_at,
            finished_at: None,
        };
        tx.bulk("INSERT INTO batches ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Records that the files of a load are staged, for loads that change nothing else in state.
    ///
    /// **Errors**: `NotFound` when no such load is running or prepared.
    #[boxed]
    pub async fn prepare_batch(&self, batch_id: i64, plan_json: &str) -> Result<()> {
        let mut tx = self.data.begin("prepare_batch", format!("unfinished batch {batch_id}")).await?;
        tx.run_one(
            "UPDATE batches SET status = 'prepared', plan_json = $2 \
             WHERE batch_id = $1 AND status IN ('running', 'prepared')",
            &[batch_id.arg(), plan_json.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// Records that a load is done; again with the same figures changes nothing.
    ///
    /// **Errors**: `NotFound` when there is no such load, or it has failed.
    #[boxed]
    pub async fn finish_batch(
        &self,
        batch_id: i64,
        counts: BatchCounts,
        quality: Option<f64>,
        report_json: &str,
        finished_at: i64,
    ) -> Result<()> {
        let mut tx = self.data.begin("finish_batch", format!("unfinished batch {batch_id}")).await?;
        tx.run_one(
            "UPDATE batches SET status = 'loaded', rows_read = $2, rows_loaded = $3, rows_duplicate = $4, \
             rows_quarantined = $5, quality = $6, report_json = $7, finished_at = $8 \
             WHERE batch_id = $1 AND status <> 'failed'",
            &[
                batch_id.arg(),
                counts.rows_read.arg(),
                counts.rows_loaded.arg(),
                counts.rows_duplicate.arg(),
                counts.rows_quarantined.arg(),
                quality.arg(),
                report_json.arg(),
                finished_at.arg(),
            ],
        )
        .await?;
        tx.commit().await
    }

    /// Records that a load was given up. `error` must not contain personal values.
    ///
    /// **Errors**: `NotFound` when no such load is running: what is prepared can only be finished.
    #[boxed]
    pub async fn fail_batch(&self, batch_id: i64, error: &str, finished_at: i64) -> Result<()> {
        let mut tx = self.data.begin("fail_batch", format!("running batch {batch_id}")).await?;
        tx.run_one(
            "UPDATE batches SET status = 'failed', error = $2, finished_at = $3 \
             WHERE batch_id = $1 AND status IN ('running', 'failed')",
            &[batch_id.arg(), error.arg(), finished_at.arg()],
        )
        .await?;
        tx.commit().await
    }

    /// One load.
    #[boxed]
    pub async fn batch(&self, batch_id: i64) -> Result<Option<BatchRow>> {
        self.data
            .read("batch", format!("batch {batch_id}"))
            .optional("SELECT {columns} FROM batches WHERE batch_id = $1", &[batch_id.arg()])
            .await
    }

    /// The loads of files that there have been.
    #[boxed]
    pub async fn batch_ids(&self) -> Result<Vec<i64>> {
        let read = self.data.read("batch_ids", "batches");
        let found: Vec<(i64,)> = read.all("SELECT batch_id FROM batches ORDER BY batch_id", &[]).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Loads, the latest first; `before` is (start, id) of the last one of the page before.
    #[boxed]
    pub async fn list_batches(&self, limit: usize, before: Option<(i64, i64)>) -> Result<Vec<BatchRow>> {
        let (started_at, batch_id) = before.unwrap_or((i64::MAX, i64::MAX));
        self.data
            .read("list_batches", "batches")
            .all(
                "SELECT {columns} FROM batches WHERE (started_at, batch_id) < ($1, $2) \
                 ORDER BY started_at DESC, batch_id DESC LIMIT $3",
                &[started_at.arg(), batch_id.arg(), (limit as i64).arg()],
            )
            .await
    }

    /// Finished loads that started at an instant or later, the oldest first.
    #[boxed]
    pub async fn loaded_since(&self, started_at: i64) -> Result<Vec<BatchHead>> {
        self.data
            .read("loaded_since", "batches")
            .all(
                "SELECT {columns} FROM batches WHERE status = 'loaded' AND started_at >= $1 ORDER BY started_at, batch_id",
                &[started_at.arg()],
            )
            .await
    }

    /// Loads that are running or prepared, the oldest first: what a start after a crash has to settle.
    #[boxed]
    pub async fn unfinished_batches(&self) -> Result<Vec<BatchRow>> {
        self.data
            .read("unfinished_batches", "batches")
            .all(
                "SELECT {columns} FROM batches WHERE status IN ('running', 'prepared') ORDER BY started_at, batch_id",
                &[],
            )
            .await
    }
}
