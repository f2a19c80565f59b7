//! The senders of live events, and what arrived from each of them hour by hour.

use crate::boxed;
use crate::db::{Put, Tx, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// A sending site, app or back end.
    SourceRow {
        /// Id.
        source_id: i64,
        /// Name, unique.
        name: String,
        /// What senders show to be let in, unique.
        write_key: String,
        /// Origins whose pages may send.
        allowed_origins_json: String,
        /// Kinds of messages that are taken.
        allowed_kinds_json: String,
        /// How its records are read.
        settings_json: String,
        /// Tracking plan.
        plan_json: String,
        /// 1 when it may send.
        is_enabled: i64,
        /// When it was made, in microseconds.
        created_at: i64,
        /// How its events are read as orders.
        commerce_json: String,
    }
}

record! {
    /// What arrived from a source within an hour.
    SourceHourRow {
        /// Source.
        source_id: i64,
        /// Hours since 1970 UTC.
        hour: i64,
        /// Records.
        n_received: i64,
        /// Of these, records that were set aside.
        n_rejected: i64,
        /// Of these, messages that had arrived before.
        n_duplicate: i64,
        /// Departures from the plan.
        n_violations: i64,
        /// The last of them, in microseconds.
        last_received_at: i64,
    }
}

record! {
    /// Records of a source that were set aside within an hour, for one reason.
    SourceRejectRow {
        /// Source.
        source_id: i64,
        /// Hours since 1970 UTC.
        hour: i64,
        /// Why.
        reason_code: String,
        /// How many.
        n_rejected: i64,
    }
}

impl Store {
    /// Records a new source.
    ///
    /// **Errors**: `Conflict` when id, name or key is taken.
    #[boxed]
    pub async fn insert_source(&self, source: SourceRow) -> Result<()> {
        let mut tx = self.data.begin("insert_source", format!("source {}", source.name)).await?;
        tx.bulk("INSERT INTO live_sources ({columns}) {rows}", &[source]).await?;
        bump_sources(&mut tx).await?;
        tx.commit().await
    }

    /// Changes a source, all but its id and age.
    ///
    /// **Errors**: `NotFound`; `Conflict` when name or key is another's.
    #[boxed]
    pub async fn update_source(&self, source: &SourceRow) -> Result<()> {
        let mut tx = self.data.begin("update_source", format!("source {}", source.name)).await?;
        tx.run_one(
            "UPDATE live_sources SET name = $2, write_key = $3, allowed_origins_json = $4, allowed_kinds_json = $5, \
             settings_json = $6, plan_json = $7, is_enabled = $8, commerce_json = $9 WHERE source_id = $1",
            &[
                source.source_id.arg(),
                source.name.arg(),
                source.write_key.arg(),
                source.allowed_origins_json.arg(),
                source.allowed_kinds_json.arg(),
                source.settings_json.arg(),
                source.plan_json.arg(),
                source.is_enabled.arg(),
                source.commerce_json.arg(),
            ],
        )
        .await?;
        bump_sources(&mut tx).await?;
        tx.commit().await
    }

    /// All sources, by name.
    #[boxed]
    pub async fn list_sources(&self) -> Result<Vec<SourceRow>> {
        let mut found: Vec<SourceRow> =
            self.data.read("list_sources", "sources").all("SELECT {columns} FROM live_sources", &[]).await?;
        found.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    /// Counts the changes of [`Store::list_sources`].
    #[boxed]
    pub async fn sources_version(&self) -> Result<i64> {
        self.counter("sources_version").await
    }

    /// What arrived since an hour, by source and hour.
    #[boxed]
    pub async fn source_hours(&self, since_hour: i64) -> Result<Vec<SourceHourRow>> {
        self.data
            .read("source_hours", "source hours")
            .all("SELECT {columns} FROM source_hours WHERE hour >= $1 ORDER BY source_id, hour", &[since_hour.arg()])
            .await
    }

    /// What was set aside since an hour, by source, hour and reason.
    #[boxed]
    pub async fn source_rejects(&self, since_hour: i64) -> Result<Vec<SourceRejectRow>> {
        self.data
            .read("source_rejects", "source rejects")
            .all(
                "SELECT {columns} FROM source_rejects WHERE hour >= $1 ORDER BY source_id, hour, reason_code",
                &[since_hour.arg()],
            )
            .await
    }

    /// The last record that ever arrived, by source: (source, instant).
    #[boxed]
    pub async fn sources_last_received(&self) -> Result<Vec<(i64, i64)>> {
        self.data
            .read("sources_last_received", "source hours")
            .all("SELECT source_id, max(last_received_at) FROM source_hours GROUP BY source_id", &[])
            .await
    }
}

async fn bump_sources(tx: &mut Tx) -> Result<()> {
    crate::definitions::bump(tx, "sources_version").await.map(drop)
}

/// Adds what arrived to the hours, and forgets hours before `keep_from`, each source's last one excepted: it tells since
/// when the source is silent.
pub(crate) async fn count(
    tx: &mut Tx,
    hours: &[SourceHourRow],
    rejects: &[SourceRejectRow],
    keep_from: i64,
) -> Result<()> {
    tx.bulk(
        "INSERT INTO source_hours ({columns}) {rows} ON CONFLICT (source_id, hour) DO UPDATE SET \
         n_received = source_hours.n_received + excluded.n_received, \
         n_rejected = source_hours.n_rejected + excluded.n_rejected, \
         n_duplicate = source_hours.n_duplicate + excluded.n_duplicate, \
         n_violations = source_hours.n_violations + excluded.n_violations, \
         last_received_at = CASE WHEN source_hours.last_received_at > excluded.last_received_at \
         THEN source_hours.last_received_at ELSE excluded.last_received_at END",
        hours,
    )
    .await?;
    tx.bulk(
        "INSERT INTO source_rejects ({columns}) {rows} ON CONFLICT (source_id, hour, reason_code) DO UPDATE SET \
         n_rejected = source_rejects.n_rejected + excluded.n_rejected",
        rejects,
    )
    .await?;
    tx.run(
        "DELETE FROM source_hours WHERE hour < $1 AND hour < \
         (SELECT max(o.hour) FROM source_hours o WHERE o.source_id = source_hours.source_id)",
        &[keep_from.arg()],
    )
    .await?;
    tx.run("DELETE FROM source_rejects WHERE hour < $1", &[keep_from.arg()]).await?;
    Ok(())
}
