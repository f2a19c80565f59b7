//! The register of what people asked for.

use crate::boxed;
use crate::db::{Put, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::open::Store;

record! {
    /// A request.
    RequestRow {
        /// Id.
        request_id: i64,
        /// Identity of whom it is about.
        identity_id: i64,
        /// What is asked for.
        kind: String,
        /// How far it has come.
        status: String,
        /// How it arrived.
        channel: String,
        /// Purpose that it is about.
        purpose: Option<String>,
        /// In words, personal data masked.
        note: String,
        /// Who entered it.
        author: String,
        /// When it arrived, in microseconds.
        received_at: i64,
        /// Last day on which it is to be answered, since 1970.
        due_on: i64,
        /// How it was checked who asks.
        check_method: Option<String>,
        /// Who checked.
        checked_by: Option<String>,
        /// When, in microseconds.
        checked_at: Option<i64>,
        /// Who decided.
        decided_by: Option<String>,
        /// When, in microseconds.
        decided_at: Option<i64>,
        /// Why it was refused.
        refusal: Option<String>,
        /// What was done, in words.
        outcome: String,
        /// Last change, in microseconds.
        updated_at: i64,
    }
}

impl Store {
    /// Enters a request.
    #[boxed]
    pub async fn add_request(&self, row: RequestRow) -> Result<()> {
        let mut tx = self.data.begin("add_request", row.kind.clone()).await?;
        tx.bulk("INSERT INTO requests ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Changes a request that still has the status expected.
    ///
    /// **Errors**: `Conflict` when somebody else was first.
    #[boxed]
    pub async fn change_request(&self, row: &RequestRow, expected: &str) -> Result<()> {
        let mut tx = self.data.begin("change_request", row.kind.clone()).await?;
        let n = tx
            .run(
                "UPDATE requests SET status = $3, check_method = $4, checked_by = $5, checked_at = $6, \
                 decided_by = $7, decided_at = $8, refusal = $9, outcome = $10, updated_at = $11 \
                 WHERE request_id = $1 AND status = $2",
                &[
                    row.request_id.arg(),
                    expected.arg(),
                    row.status.arg(),
                    row.check_method.arg(),
                    row.checked_by.arg(),
                    row.checked_at.arg(),
                    row.decided_by.arg(),
                    row.decided_at.arg(),
                    row.refusal.arg(),
                    row.outcome.arg(),
                    row.updated_at.arg(),
                ],
            )
            .await?;
        if n == 0 {
            return Err(tx.at.conflict("the request has another status now"));
        }
        // Whom an approved deletion hides is nobody's customer any more: whoever remembers people reads them anew.
        bump(&mut tx, "state_version").await?;
        tx.commit().await
    }

    /// A request with the profile of today.
    #[boxed]
    pub async fn request(&self, request_id: i64) -> Result<Option<(RequestRow, i64)>> {
        let row: Option<RequestRow> = self
            .data
            .read("request", format!("request {request_id}"))
            .optional("SELECT {columns} FROM requests WHERE request_id = $1", &[request_id.arg()])
            .await?;
        Ok(match row {
            Some(row) => self.with_profiles(vec![row]).await?.pop(),
            None => None,
        })
    }

    /// All requests with the profiles of today, by id.
    #[boxed]
    pub async fn requests(&self) -> Result<Vec<(RequestRow, i64)>> {
        let rows: Vec<RequestRow> = self
            .data
            .read("requests", "requests")
            .all("SELECT {columns} FROM requests ORDER BY request_id", &[])
            .await?;
        self.with_profiles(rows).await
    }

    /// Profiles of today that have a request of a kind in one of two statuses, ascending.
    #[boxed]
    pub async fn profiles_with_request(&self, kind: &str, statuses: [&str; 2]) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = self
            .data
            .read("profiles_with_request", kind)
            .all(
                "SELECT DISTINCT i.profile_id FROM requests r JOIN identities i ON i.identity_id = r.identity_id \
                 WHERE r.kind = $1 AND r.status IN ($2, $3) ORDER BY i.profile_id",
                &[kind.arg(), statuses[0].arg(), statuses[1].arg()],
            )
            .await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// Whom requests are about; 0 for an identity that is gone.
    async fn with_profiles(&self, rows: Vec<RequestRow>) -> Result<Vec<(RequestRow, i64)>> {
        let ids: Vec<i64> = rows.iter().map(|row| row.identity_id).collect();
        let profiles: std::collections::HashMap<i64, i64> =
            self.identities_by_ids(&ids).await?.into_iter().map(|row| (row.identity_id, row.profile_id)).collect();
        Ok(rows
            .into_iter()
            .map(|row| {
                let profile = profiles.get(&row.identity_id).copied().unwrap_or(0);
                (row, profile)
            })
            .collect())
    }
}
