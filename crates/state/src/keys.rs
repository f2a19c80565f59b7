//! Wrapped keys of persons, in a database apart from what they open.

use crate::boxed;
use std::time::Duration;

use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// The key of one subject, wrapped.
    KeyRow {
        /// What the subject is (profile …).
        subject_kind: String,
        /// Subject.
        subject_id: i64,
        /// Master key under which it is wrapped.
        epoch: i64,
        /// Wrapped key.
        wrapped: Vec<u8>,
        /// When the key was made, in microseconds.
        created_at: i64,
    }
}

impl Store {
    /// Stores keys, durably, before anything sealed under them. The same keys again change nothing.
    ///
    /// **Errors**: `Conflict` when a subject has another key, for a key in use is never overwritten (INV-STATE-4).
    #[boxed]
    pub async fn put_keys(&self, keys: Vec<KeyRow>) -> Result<()> {
        let mut tx = self.keys.begin("put_keys", "person keys").await?;
        let n_stored = tx
            .bulk(
                "INSERT INTO person_keys ({columns}) {rows} ON CONFLICT (subject_kind, subject_id) \
                 DO UPDATE SET wrapped = excluded.wrapped WHERE person_keys.wrapped = excluded.wrapped",
                &sorted(&keys),
            )
            .await?;
        if n_stored != keys.len() as u64 {
            return Err(tx.at.conflict("a subject has another key"));
        }
        tx.commit().await
    }

    /// Replaces the wrapping of keys that exist, after the master key was changed; returns how many exist.
    #[boxed]
    pub async fn rewrap_keys(&self, keys: &[KeyRow]) -> Result<u64> {
        let mut tx = self.keys.begin("rewrap_keys", "person keys").await?;
        let n_changed = tx
            .bulk(
                "WITH v(v_kind, v_id, v_epoch, v_wrapped, v_at) AS ({rows}) UPDATE person_keys \
                 SET epoch = v_epoch, wrapped = v_wrapped FROM v WHERE subject_kind = v_kind AND subject_id = v_id",
                &sorted(keys),
            )
            .await?;
        tx.commit().await?;
        Ok(n_changed)
    }

    /// The keys of these subjects that exist, in no order.
    #[boxed]
    pub async fn keys(&self, subjects: &[(String, i64)]) -> Result<Vec<KeyRow>> {
        self.keys
            .read("keys", "person keys")
            .all_of(
                "WITH v(v_kind, v_id) AS ({rows}) SELECT {columns} FROM v CROSS JOIN person_keys \
                 WHERE subject_kind = v_kind AND subject_id = v_id",
                &distinct(subjects),
            )
            .await
    }

    /// Keys after a subject, by (kind, id).
    #[boxed]
    pub async fn list_keys(&self, after: Option<(&str, i64)>, limit: usize) -> Result<Vec<KeyRow>> {
        let (kind, id) = after.unwrap_or(("", i64::MIN));
        self.keys
            .read("list_keys", "person keys")
            .all(
                "SELECT {columns} FROM person_keys WHERE (subject_kind, subject_id) > ($1, $2) \
                 ORDER BY subject_kind, subject_id LIMIT $3",
                &[kind.arg(), id.arg(), (limit as i64).arg()],
            )
            .await
    }

    /// How many keys are wrapped by which epoch, ascending.
    #[boxed]
    pub async fn key_epochs(&self) -> Result<Vec<(i64, i64)>> {
        let sql = "SELECT epoch, count(*) FROM person_keys GROUP BY epoch ORDER BY epoch";
        self.keys.read("key_epochs", "person keys").all(sql, &[]).await
    }

    /// Makes the files forget what keys were replaced by others.
    ///
    /// **Errors**: `Unavailable` when readers keep old pages alive for too long; call again.
    #[boxed]
    pub async fn forget_replaced_keys(&self) -> Result<()> {
        self.keys.forget("forget_replaced_keys", "person_keys", Duration::from_secs(10)).await
    }

    /// Destroys keys, and with them whatever is sealed under them; returns how many existed.
    ///
    /// On SQLite no byte of them stays in the files when this returns; on PostgreSQL the rows are vacuumed, while copies in
    /// its log and in its archives follow the server's own retention.
    ///
    /// **Errors**: `Unavailable` when readers keep old pages alive for too long: the keys are gone for everybody, call again
    /// to make the files follow.
    #[boxed]
    pub async fn delete_keys(&self, subjects: &[(String, i64)]) -> Result<u64> {
        let mut tx = self.keys.begin("delete_keys", "person keys").await?;
        let mut n_deleted = 0;
        // One kind at a time: then kind and id can be looked up each on its own, which both databases do by the primary key.
        for rows in distinct(subjects).chunk_by(|a, b| a.0 == b.0) {
            n_deleted += tx
                .bulk(
                    "WITH v(v_kind, v_id) AS ({rows}) DELETE FROM person_keys \
                     WHERE subject_kind IN (SELECT v_kind FROM v) AND subject_id IN (SELECT v_id FROM v)",
                    rows,
                )
                .await?;
        }
        tx.commit().await?;
        self.keys.forget("delete_keys", "person_keys", Duration::from_secs(10)).await?;
        Ok(n_deleted)
    }
}

fn distinct(subjects: &[(String, i64)]) -> Vec<(&str, i64)> {
    let mut rows: Vec<(&str, i64)> = subjects.iter().map(|(kind, id)| (kind.as_str(), *id)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}

/// In the order of their table, so that each of its pages is touched once.
fn sorted(keys: &[KeyRow]) -> Vec<&KeyRow> {
    let mut keys: Vec<&KeyRow> = keys.iter().collect();
    keys.sort_unstable_by(|a, b| (&a.subject_kind, a.subject_id).cmp(&(&b.subject_kind, b.subject_id)));
    keys
}
