//! Incidents with their clocks, and customers that nobody has a reason to touch.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// An incident.
    IncidentRow {
        /// Id.
        incident_id: i64,
        /// What rule found it.
        kind: String,
        /// high, medium.
        severity: String,
        /// open, acknowledged, contained, false_alarm, closed.
        status: String,
        /// Whose acts it is about: the owner.
        actor: String,
        /// Their roles, as a JSON array.
        roles_json: String,
        /// When, in microseconds.
        opened_at: i64,
        /// How often the rule found it.
        n_alerts: i64,
        /// Who looks after it.
        acknowledged_by: Option<String>,
        /// Since when.
        acknowledged_at: Option<i64>,
        /// When nobody had looked after it in time.
        escalated_at: Option<i64>,
        /// Who decided that it is contained, or none.
        decided_by: Option<String>,
        /// When.
        decided_at: Option<i64>,
        /// Since when the roles may neither unmask nor export.
        locked_at: Option<i64>,
        /// Who closed it.
        closed_by: Option<String>,
        /// When.
        closed_at: Option<i64>,
        /// What happened, as a JSON array of steps.
        steps_json: String,
    }
}

impl Store {
    /// Adds an incident.
    pub async fn add_incident(
        &self,
        row: IncidentRow,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("add_incident", row.kind.clone()).await?;
        audit::append(&mut tx, entry, link).await?;
        tx.bulk("INSERT INTO incidents ({columns}) {rows}", &[row]).await?;
        tx.commit().await
    }

    /// Puts what is known of an incident in place of what was, if it still has the steps that were read.
    pub async fn change_incident(
        &self,
        row: &IncidentRow,
        old_steps: &str,
        entry: Option<&AuditEntry>,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<bool> {
        let mut tx = self.data.begin("change_incident", row.kind.clone()).await?;
        if let Some(entry) = entry {
            audit::append(&mut tx, entry, link).await?;
        }
        let n = tx
            .run(
                "UPDATE incidents SET status = $2, n_alerts = $3, acknowledged_by = $4, acknowledged_at = $5, \
                 escalated_at = $6, decided_by = $7, decided_at = $8, locked_at = $9, closed_by = $10, closed_at = $11, \
                 steps_json = $12 WHERE incident_id = $1 AND steps_json = $13",
                &[
                    row.incident_id.arg(),
                    row.status.arg(),
                    row.n_alerts.arg(),
                    row.acknowledged_by.arg(),
                    row.acknowledged_at.arg(),
                    row.escalated_at.arg(),
                    row.decided_by.arg(),
                    row.decided_at.arg(),
                    row.locked_at.arg(),
                    row.closed_by.arg(),
                    row.closed_at.arg(),
                    row.steps_json.arg(),
                    old_steps.arg(),
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
    pub async fn incident(&self, incident_id: i64) -> Result<Option<IncidentRow>> {
        self.data
            .read("incident", format!("incident {incident_id}"))
            .optional("SELECT {columns} FROM incidents WHERE incident_id = $1", &[incident_id.arg()])
            .await
    }

    /// All of them, the newest first.
    #[boxed]
    pub async fn incidents(&self, limit: usize) -> Result<Vec<IncidentRow>> {
        self.data
            .read("incidents", "incidents")
            .all(
                "SELECT {columns} FROM incidents ORDER BY opened_at DESC, incident_id LIMIT $1",
                &[(limit as i64).arg()],
            )
            .await
    }

    /// Those on which nothing was decided yet.
    #[boxed]
    pub async fn undecided_incidents(&self) -> Result<Vec<IncidentRow>> {
        self.data
            .read("undecided_incidents", "incidents")
            .all("SELECT {columns} FROM incidents WHERE status IN ('open', 'acknowledged') ORDER BY opened_at", &[])
            .await
    }

    /// Marks a customer that nobody has a reason to touch, or takes the mark away.
    pub async fn mark_canary(
        &self,
        profile_id: i64,
        is_marked: bool,
        entry: &AuditEntry,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<()> {
        let mut tx = self.data.begin("mark_canary", "a canary").await?;
        audit::append(&mut tx, entry, link).await?;
        tx.run("DELETE FROM canaries WHERE profile_id = $1", &[profile_id.arg()]).await?;
        if is_marked {
            tx.run(
                "INSERT INTO canaries (profile_id, marked_by, marked_at) VALUES ($1, $2, $3)",
                &[profile_id.arg(), entry.actor.arg(), entry.at.arg()],
            )
            .await?;
        }
        tx.commit().await
    }

    /// The customers that nobody has a reason to touch.
    #[boxed]
    pub async fn canaries(&self) -> Result<Vec<i64>> {
        let rows: Vec<(i64,)> = self
            .data
            .read("canaries", "canaries")
            .all("SELECT profile_id FROM canaries ORDER BY profile_id", &[])
            .await?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }
}
