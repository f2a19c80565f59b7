//! How far notices of incidents are: tried how often, with what outcome, and when again.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A notice of an incident to one address.
    NoticeRow {
        /// Of which incident; 0 is the last trial.
        incident_id: i64,
        /// Keyed hash of the address.
        hook: String,
        /// How often it was tried.
        n_tries: i64,
        /// When last, in microseconds.
        tried_at: i64,
        /// When again, in microseconds; never when it arrived or was given up.
        next_at: Option<i64>,
        /// delivered, refused, unreachable, status_500 …
        outcome: String,
    }
}

impl Store {
    /// Puts what came of a notice in place of what came of it before.
    #[boxed]
    pub async fn put_notice(&self, row: NoticeRow) -> Result<()> {
        let mut tx = self.data.begin("put_notice", format!("incident {}", row.incident_id)).await?;
        tx.bulk(
            "INSERT INTO incident_notices ({columns}) {rows} ON CONFLICT (incident_id, hook) DO UPDATE SET \
             n_tries = excluded.n_tries, tried_at = excluded.tried_at, next_at = excluded.next_at, \
             outcome = excluded.outcome",
            &[row],
        )
        .await?;
        tx.commit().await
    }

    /// Notices tried since an instant, the latest first.
    #[boxed]
    pub async fn notices(&self, since: i64) -> Result<Vec<NoticeRow>> {
        self.data
            .read("notices", "notices")
            .all(
                "SELECT {columns} FROM incident_notices WHERE tried_at >= $1 ORDER BY tried_at DESC, incident_id, hook",
                &[since.arg()],
            )
            .await
    }

    /// Incidents opened since an instant.
    #[boxed]
    pub async fn incidents_since(&self, since: i64) -> Result<Vec<crate::IncidentRow>> {
        self.data
            .read("incidents_since", "incidents")
            .all(
                "SELECT {columns} FROM incidents WHERE opened_at >= $1 ORDER BY opened_at, incident_id",
                &[since.arg()],
            )
            .await
    }
}
