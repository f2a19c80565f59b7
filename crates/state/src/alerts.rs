//! Alerts: what was found of figures, sources and goals, each told once.

use crate::audit::{self, AuditEntry};
use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// An alert.
    AlertRow {
        /// Id.
        alert_id: i64,
        /// figure, quality, goal.
        kind: String,
        /// What it is about, by key.
        subject: String,
        /// The day that it is about, in days since 1970.
        day: i64,
        /// high, low, silent.
        direction: String,
        /// high, medium, low.
        severity: String,
        /// What is wrong, in Chinese; nobody's data.
        words_zh: String,
        /// The same in English.
        words_en: String,
        /// Path of the page that shows it.
        link: String,
        /// When it was raised, in microseconds.
        raised_at: i64,
        /// Who has seen to it.
        acknowledged_by: Option<String>,
        /// When, in microseconds.
        acknowledged_at: Option<i64>,
    }
}

impl Store {
    /// Keeps those alerts that were not raised before; says how many they are. An alert is the same as another one by
    /// kind, subject and day.
    #[boxed]
    pub async fn raise_alerts(&self, rows: &[AlertRow]) -> Result<u64> {
        let mut tx = self.data.begin("raise_alerts", "alerts").await?;
        let sql = "INSERT INTO alerts ({columns}) {rows} ON CONFLICT (kind, subject, day) DO NOTHING";
        let n = tx.bulk(sql, rows).await?;
        tx.commit().await?;
        Ok(n)
    }

    /// Alerts, the latest first.
    #[boxed]
    pub async fn alerts(&self, is_open_only: bool, limit: usize) -> Result<Vec<AlertRow>> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.data
            .read("alerts", "alerts")
            .all(
                "SELECT {columns} FROM alerts WHERE $1 = 0 OR acknowledged_at IS NULL \
                 ORDER BY raised_at DESC, alert_id DESC LIMIT $2",
                &[i64::from(is_open_only).arg(), limit.arg()],
            )
            .await
    }

    /// One alert.
    #[boxed]
    pub async fn alert(&self, alert_id: i64) -> Result<Option<AlertRow>> {
        let read = self.data.read("alert", "alerts");
        read.optional("SELECT {columns} FROM alerts WHERE alert_id = $1", &[alert_id.arg()]).await
    }

    /// Alerts raised since an instant, the first first.
    #[boxed]
    pub async fn alerts_since(&self, since: i64) -> Result<Vec<AlertRow>> {
        self.data
            .read("alerts_since", "alerts")
            .all("SELECT {columns} FROM alerts WHERE raised_at >= $1 ORDER BY raised_at, alert_id", &[since.arg()])
            .await
    }

    /// How many alerts nobody has seen to.
    #[boxed]
    pub async fn count_open_alerts(&self) -> Result<i64> {
        let read = self.data.read("count_open_alerts", "alerts");
        let n: Option<(i64,)> = read.optional("SELECT count(*) FROM alerts WHERE acknowledged_at IS NULL", &[]).await?;
        Ok(n.map_or(0, |(n,)| n))
    }

    /// Notes who has seen to alerts, or to all that are open, with an entry of the trail that is made of how many were;
    /// those that somebody saw to before stay as they are. Says how many were open.
    pub async fn acknowledge_alerts(
        &self,
        alert_ids: Option<&[i64]>,
        (by, at): (&str, i64),
        entry: impl FnOnce(u64) -> AuditEntry + Send,
        link: impl Fn(&[u8; 32], &[u8]) -> [u8; 32] + Send,
    ) -> Result<u64> {
        let mut tx = self.data.begin("acknowledge_alerts", "alerts").await?;
        let mut n = 0;
        for id in alert_ids.unwrap_or_default() {
            n += tx
                .run(
                    "UPDATE alerts SET acknowledged_by = $2, acknowledged_at = $3 \
                     WHERE alert_id = $1 AND acknowledged_at IS NULL",
                    &[id.arg(), by.arg(), at.arg()],
                )
                .await?;
        }
        if alert_ids.is_none() {
            let sql = "UPDATE alerts SET acknowledged_by = $1, acknowledged_at = $2 WHERE acknowledged_at IS NULL";
            n = tx.run(sql, &[by.arg(), at.arg()]).await?;
        }
        if n > 0 {
            audit::append(&mut tx, &entry(n), link).await?;
            tx.commit().await?;
        }
        Ok(n)
    }
}
