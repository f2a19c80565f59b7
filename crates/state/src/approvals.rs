//! What waits for a second person. Every change and its entry in the audit trail are one transaction.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// Something that somebody asks another to approve.
    ApprovalRow {
        /// Id.
        approval_id: i64,
        /// What kind of act.
        kind: String,
        /// What, in words.
        title: String,
        /// Purpose, where data are given.
        purpose: String,
        /// Why, personal data masked.
        reason: String,
        /// The act, as its kind reads it.
        spec_json: String,
        /// How many rows or people it touches.
        n_rows: i64,
        /// pending, approved, refused, used.
        status: String,
        /// Who asks: the owner.
        asked_by: String,
        /// When, in microseconds.
        asked_at: i64,
        /// Until when it can be decided and used.
        expires_at: i64,
        /// Who decided.
        decided_by: Option<String>,
        /// When.
        decided_at: Option<i64>,
        /// Why so.
        note: String,
        /// When it was used.
        used_at: Option<i64>,
    }
}

impl Store {
    /// Adds something to be approved.
    pub async fn add_approval(
        &self,
        row: ApprovalRow,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("add_approval", row.kind.clone()).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.bulk("INSERT INTO approvals ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Moves one from a status to that of the row, once; `false` when it has another status by now.
    pub async fn change_approval(
        &self,
        row: &ApprovalRow,
        from: &str,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("change_approval", row.kind.clone()).await?;
        audit::append(&mut tx, entry, link).await?;
        let n = tx
            .run(
                "UPDATE approvals SET status = $3, decided_by = $4, decided_at = $5, note = $6, used_at = $7 \
                 WHERE approval_id = $1 AND status = $2",
                &[
                    row.approval_id.arg(),
                    from.arg(),
                    row.status.arg(),
                    row.decided_by.arg(),
                    row.decided_at.arg(),
                    row.note.arg(),
                    row.used_at.arg(),
                ],
            )
            .await?;
        if n > 0 {
            tx.commit().await?;
        }
        Ok(n > 0)
    }

    /// One of them.
    #[boxed]
    pub async fn approval(&self, approval_id: i64) -> Result<Option<ApprovalRow>> {
        self.data
            .read("approval", format!("approval {approval_id}"))
            .optional("SELECT {columns} FROM approvals WHERE approval_id = $1", &[approval_id.arg()])
            .await
    }

    /// All of them, the newest first.
    #[boxed]
    pub async fn approvals(&self, limit: usize) -> Result<Vec<ApprovalRow>> {
        self.data
            .read("approvals", "approvals")
            .all(
                "SELECT {columns} FROM approvals ORDER BY asked_at DESC, approval_id LIMIT $1",
                &[(limit as i64).arg()],
            )
            .await
    }
}
