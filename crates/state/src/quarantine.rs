//! Rows of files that could not be loaded, sealed, until they are repaired or discarded.

use crate::boxed;
use crate::db::{Put, record, words};
use crate::error::Result;
use crate::open::Store;

words! {
    /// What became of a row set aside.
    QuarantineStatus {
        /// It waits.
        Open = "open",
        /// It was repaired and loaded.
        Replayed = "replayed",
        /// It was given up.
        Discarded = "discarded",
    }
}

record! {
    /// One row set aside.
    QuarantineRow {
        /// Load.
        batch_id: i64,
        /// Position in the file.
        row_no: i64,
        /// Source of the file.
        source: String,
        /// What the row should have become.
        entity: String,
        /// Why.
        reason_code: String,
        /// Column at fault.
        column_name: Option<String>,
        /// More, without personal values.
        detail: Option<String>,
        /// The row, sealed.
        sealed: Vec<u8>,
        /// What became of it.
        status: QuarantineStatus,
        /// Load that replayed it.
        replay_batch_id: Option<i64>,
        /// Last change, in microseconds.
        updated_at: i64,
    }
}

impl Store {
    /// Rows of a load after a position, by position, of one status or of all.
    #[boxed]
    pub async fn quarantine_page(
        &self,
        batch_id: i64,
        after_row: Option<i64>,
        limit: usize,
        status: Option<QuarantineStatus>,
    ) -> Result<Vec<QuarantineRow>> {
        let status = status.map(|status| status.as_str().to_owned());
        self.data
            .read("quarantine_page", format!("batch {batch_id}"))
            .all(
                "SELECT {columns} FROM quarantine WHERE batch_id = $1 AND row_no > $2 \
                 AND status = COALESCE($3, status) ORDER BY row_no LIMIT $4",
                &[batch_id.arg(), after_row.unwrap_or(i64::MIN).arg(), status.arg(), (limit as i64).arg()],
            )
            .await
    }

    /// Rows of a load by reason, the most frequent first.
    #[boxed]
    pub async fn quarantine_counts(&self, batch_id: i64) -> Result<Vec<(String, i64)>> {
        let mut found: Vec<(String, i64)> = self
            .data
            .read("quarantine_counts", format!("batch {batch_id}"))
            .all(
                "SELECT reason_code, count(*) FROM quarantine WHERE batch_id = $1 GROUP BY reason_code",
                &[batch_id.arg()],
            )
            .await?;
        found.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Ok(found)
    }

    /// Rows that wait, by load: (load, rows).
    #[boxed]
    pub async fn quarantine_open(&self) -> Result<Vec<(i64, i64)>> {
        self.data
            .read("quarantine_open", "quarantine")
            .all("SELECT batch_id, count(*) FROM quarantine WHERE status = 'open' GROUP BY batch_id", &[])
            .await
    }

    /// Loads of which rows are set aside.
    #[boxed]
    pub async fn quarantined_batches(&self) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT batch_id FROM quarantine ORDER BY batch_id";
        let rows: Vec<(i64,)> = self.data.read("quarantined_batches", "quarantine").all(sql, &[]).await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Says what became of rows; returns how many of them exist.
    #[boxed]
    pub async fn set_quarantine_status(
        &self,
        batch_id: i64,
        rows: &[i64],
        status: QuarantineStatus,
        replay_batch_id: Option<i64>,
        updated_at: i64,
    ) -> Result<u64> {
        let mut tx = self.data.begin("set_quarantine_status", format!("batch {batch_id}")).await?;
        let rows: Vec<QuarantineChange> = rows
            .iter()
            .map(|&row_no| QuarantineChange { batch_id, row_no, status, replay_batch_id, updated_at })
            .collect();
        let n_changed = tx
            .bulk(
                "WITH v(v_batch, v_row, v_status, v_replay, v_at) AS ({rows}) UPDATE quarantine \
                 SET status = v_status, replay_batch_id = v_replay, updated_at = v_at FROM v \
                 WHERE batch_id = v_batch AND row_no = v_row",
                &rows,
            )
            .await?;
        tx.commit().await?;
        Ok(n_changed)
    }
}

record! {
    /// A change of what became of a row.
    QuarantineChange {
        /// Load.
        batch_id: i64,
        /// Position in the file.
        row_no: i64,
        /// What became of it.
        status: QuarantineStatus,
        /// Load that replayed it.
        replay_batch_id: Option<i64>,
        /// When, in microseconds.
        updated_at: i64,
    }
}
