//! How far notices of incidents and alerts are: tried how often, with what outcome, and when again.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A notice to one address.
    NoticeRow {
        /// incident, alert.
        topic: String,
        /// Of which incident or alert; 0 is the last trial.
        about: i64,
        /// Keyed hash of the address.
        hook: String,
        /// How often it was tried.
        n_tries: i64,
        /// When last, in microseconds.
        tried_at: i64,
        /// When again, in microseconds; never when it arrived or was given up.
        next_at: Option<i64>,
        /// delivered, refused, unreachable, status_500 …; sending while it is tried for the first time.
        outcome: String,
    }
}

impl Store {
    /// Puts what came of notices in place of what came of them before.
    #[boxed]
    pub async fn put_notices(&self, rows: &[NoticeRow]) -> Result<()> {
        let mut tx = self.data.begin("put_notices", "notices").await?;
        tx.bulk(
            "INSERT INTO notices ({columns}) {rows} ON CONFLICT (topic, about, hook) DO UPDATE SET \
             n_tries = excluded.n_tries, tried_at = excluded.tried_at, next_at = excluded.next_at, \
             outcome = excluded.outcome",
            rows,
        )
        .await?;
        tx.commit().await
    }

    /// Takes notices for one process to send until `next_at`: all of them, or none when one was tried or taken since it
    /// was read. Each says how often it was tried, and as `tried_at` what time it is.
    #[boxed]
    pub async fn claim_notices(&self, rows: &[NoticeRow]) -> Result<bool> {
        let mut tx = self.data.begin("claim_notices", "notices").await?;
        let n = tx
            .bulk(
                "INSERT INTO notices ({columns}) {rows} ON CONFLICT (topic, about, hook) DO UPDATE SET \
                 next_at = excluded.next_at \
                 WHERE notices.n_tries = excluded.n_tries AND notices.next_at <= excluded.tried_at",
                rows,
            )
            .await?;
        let is_whole = n == rows.len() as u64;
        if is_whole {
            tx.commit().await?;
        }
        Ok(is_whole)
    }

    /// Notices of a topic tried since an instant, the latest first.
    #[boxed]
    pub async fn notices(&self, topic: &str, since: i64) -> Result<Vec<NoticeRow>> {
        self.data
            .read("notices", "notices")
            .all(
                "SELECT {columns} FROM notices WHERE topic = $1 AND tried_at >= $2 ORDER BY tried_at DESC, about, hook",
                &[topic.arg(), since.arg()],
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
