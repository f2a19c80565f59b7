//! Pairs of identities that share no id and yet are likely one person, as matching found them.

use crate::boxed;
use crate::db::{Put, Tx, record, words};
use crate::error::Result;
use crate::open::Store;
use crate::profiles::ids;

words! {
    /// What matching made of a pair.
    Standing {
        /// Probable enough to be one person.
        Joined = "joined",
        /// Somebody has to look at it.
        Review = "review",
    }
}

record! {
    /// A pair that matching found.
    MatchRow {
        /// The identity with the smaller id.
        left_identity_id: i64,
        /// The other one.
        right_identity_id: i64,
        /// What matching made of it.
        standing: Standing,
        /// Probability that both are one person.
        probability: f64,
        /// What each field says, without values, as JSON.
        evidence_json: String,
        /// When it was found so, in microseconds.
        found_at: i64,
    }
}

record! {
    /// A pair for somebody to look at.
    ReviewRow {
        /// The identity with the smaller id.
        left_identity_id: i64,
        /// The other one.
        right_identity_id: i64,
        /// Customer of the first.
        left_profile_id: i64,
        /// Customer of the other.
        right_profile_id: i64,
        /// Probability that both are one person.
        probability: f64,
        /// What each field says, without values, as JSON.
        evidence_json: String,
    }
}

impl Store {
    /// All pairs, in order.
    #[boxed]
    pub async fn all_matches(&self) -> Result<Vec<MatchRow>> {
        let sql = "SELECT {columns} FROM identity_matches ORDER BY left_identity_id, right_identity_id";
        self.data.read("all_matches", "identity matches").all(sql, &[]).await
    }

    /// The pairs that name any of these identities, each once, in order.
    #[boxed]
    pub async fn matches_of(&self, identity_ids: &[i64]) -> Result<Vec<MatchRow>> {
        let wanted = ids(identity_ids);
        let read = self.data.read("matches_of", "identity matches");
        let mut found: Vec<MatchRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_matches \
                 WHERE left_identity_id = wanted",
                &wanted,
            )
            .await?;
        let right: Vec<MatchRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_matches \
                 WHERE right_identity_id = wanted",
                &wanted,
            )
            .await?;
        found.extend(right);
        found.sort_by_key(|row| (row.left_identity_id, row.right_identity_id));
        found.dedup_by_key(|row| (row.left_identity_id, row.right_identity_id));
        Ok(found)
    }

    /// Identities of which files or messages state anything, ascending.
    #[boxed]
    pub async fn stated_identities(&self) -> Result<Vec<i64>> {
        let sql = "SELECT identity_id FROM identity_stated UNION SELECT identity_id FROM identity_fields \
                   ORDER BY identity_id";
        let found: Vec<(i64,)> = self.data.read("stated_identities", "statements").all(sql, &[]).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// Pairs of two customers for somebody to look at, the most probable first.
    #[boxed]
    pub async fn matches_to_review(&self, offset: usize, limit: usize) -> Result<Vec<ReviewRow>> {
        let sql = "SELECT m.left_identity_id, m.right_identity_id, l.profile_id AS left_profile_id, \
                   r.profile_id AS right_profile_id, m.probability, m.evidence_json FROM identity_matches m \
                   JOIN identities l ON l.identity_id = m.left_identity_id \
                   JOIN identities r ON r.identity_id = m.right_identity_id \
                   WHERE m.standing = 'review' AND l.profile_id <> r.profile_id \
                   ORDER BY m.probability DESC, m.left_identity_id, m.right_identity_id LIMIT $1 OFFSET $2";
        let read = self.data.read("matches_to_review", "identity matches");
        read.all(sql, &[(limit as i64).arg(), (offset as i64).arg()]).await
    }

    /// How many pairs of two customers wait for somebody.
    #[boxed]
    pub async fn count_matches_to_review(&self) -> Result<i64> {
        let sql = "SELECT count(*) FROM identity_matches m \
                   JOIN identities l ON l.identity_id = m.left_identity_id \
                   JOIN identities r ON r.identity_id = m.right_identity_id \
                   WHERE m.standing = 'review' AND l.profile_id <> r.profile_id";
        let (n,): (i64,) =
            self.data.read("count_matches", "identity matches").optional(sql, &[]).await?.unwrap_or_default();
        Ok(n)
    }
}

/// Stores pairs, and forgets others, within a transaction.
pub(crate) async fn put(tx: &mut Tx, rows: &[MatchRow], gone: &[(i64, i64)]) -> Result<()> {
    tx.bulk(
        "INSERT INTO identity_matches ({columns}) {rows} ON CONFLICT (left_identity_id, right_identity_id) \
         DO UPDATE SET standing = excluded.standing, probability = excluded.probability, \
         evidence_json = excluded.evidence_json, found_at = excluded.found_at",
        rows,
    )
    .await?;
    tx.bulk(
        "WITH v(a, b) AS ({rows}) DELETE FROM identity_matches \
         WHERE EXISTS (SELECT 1 FROM v WHERE a = left_identity_id AND b = right_identity_id)",
        gone,
    )
    .await?;
    Ok(())
}
