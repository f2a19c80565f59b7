//! The (kind, value) pairs by which somebody was seen, the links between them, and where a merge sent them.

use crate::boxed;
use crate::db::{record, words};
use crate::error::Result;
use crate::open::Store;
use crate::profiles::ids;

words! {
    /// Whether an identity takes part in resolving.
    IdentityStatus {
        /// It does.
        Active = "active",
        /// It joined too many profiles to mean one person.
        SetAside = "set_aside",
    }
}

record! {
    /// One identity.
    IdentityRow {
        /// Id.
        identity_id: i64,
        /// Kind of value (member_id, phone, email …).
        kind: String,
        /// Where the value is unique, empty when everywhere.
        scope: String,
        /// Blind index of the value.
        value_index: [u8; 16],
        /// Value, sealed under the key of `key_profile_id`.
        sealed: Vec<u8>,
        /// Profile whose key seals the value.
        key_profile_id: i64,
        /// Profile it belongs to now.
        profile_id: i64,
        /// Profile it was first given.
        home_profile_id: i64,
        /// Whether it takes part in resolving.
        status: IdentityStatus,
        /// Number of profiles it has joined.
        n_joined: i64,
        /// Earliest fact, in microseconds.
        first_seen_at: Option<i64>,
        /// Latest fact, in microseconds.
        last_seen_at: Option<i64>,
        /// Source that brought it.
        source: String,
    }
}

record! {
    /// One link between two identities; never deleted, undone instead.
    EdgeRow {
        /// Id.
        edge_id: i64,
        /// One end.
        left_identity_id: i64,
        /// Other end.
        right_identity_id: i64,
        /// deterministic, probabilistic, manual or split.
        kind: String,
        /// 0 to 1.
        strength: f64,
        /// Why.
        reason: String,
        /// Source that brought it.
        source: String,
        /// Load that brought it.
        batch_id: i64,
        /// When it was made, in microseconds.
        created_at: i64,
        /// When it was undone, in microseconds.
        undone_at: Option<i64>,
    }
}

/// What identifies an identity by its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IdentityKey {
    /// Kind of value.
    pub kind: String,
    /// Where the value is unique, empty when everywhere.
    pub scope: String,
    /// Blind index of the value.
    pub index: [u8; 16],
}

impl Store {
    /// The identities of these keys that exist, in no order.
    #[boxed]
    pub async fn identities_by_index(&self, keys: &[IdentityKey]) -> Result<Vec<IdentityRow>> {
        // In the order of the index, so that its pages are read one after the other.
        let mut rows: Vec<(&str, &[u8], &str)> =
            keys.iter().map(|key| (key.kind.as_str(), &key.index[..], key.scope.as_str())).collect();
        rows.sort_unstable();
        rows.dedup();
        self.data
            .read("identities_by_index", "identities")
            .all_of(
                "WITH v(v_kind, v_index, v_scope) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identities \
                 WHERE kind = v_kind AND value_index = v_index AND scope = v_scope",
                &rows,
            )
            .await
    }

    /// The identities of these kinds and values, in any scope.
    #[boxed]
    pub async fn find_identities(&self, wanted: &[(&str, [u8; 16])]) -> Result<Vec<IdentityRow>> {
        let rows: Vec<(&str, &[u8])> = wanted.iter().map(|(kind, index)| (*kind, &index[..])).collect();
        self.data
            .read("find_identities", "identities")
            .all_of(
                "WITH v(v_kind, v_index) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identities \
                 WHERE kind = v_kind AND value_index = v_index",
                &rows,
            )
            .await
    }

    /// Number of identities.
    #[boxed]
    pub async fn n_identities(&self) -> Result<i64> {
        let found: Option<(i64,)> =
            self.data.read("n_identities", "identities").optional("SELECT count(*) FROM identities", &[]).await?;
        Ok(found.map_or(0, |(n,)| n))
    }

    /// The identities that belong to these profiles now, in no order.
    #[boxed]
    pub async fn identities_of(&self, profile_ids: &[i64]) -> Result<Vec<IdentityRow>> {
        self.data
            .read("identities_of", "identities")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identities WHERE profile_id = wanted",
                &ids(profile_ids),
            )
            .await
    }

    /// The links that end at these identities, undone ones included, each once, by id.
    #[boxed]
    pub async fn edges_of(&self, identity_ids: &[i64]) -> Result<Vec<EdgeRow>> {
        let wanted = ids(identity_ids);
        let read = self.data.read("edges_of", "identity edges");
        let mut found: Vec<EdgeRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_edges \
                 WHERE left_identity_id = wanted",
                &wanted,
            )
            .await?;
        let right: Vec<EdgeRow> = read
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_edges \
                 WHERE right_identity_id = wanted",
                &wanted,
            )
            .await?;
        found.extend(right);
        found.sort_by_key(|edge| edge.edge_id);
        found.dedup_by_key(|edge| edge.edge_id);
        Ok(found)
    }

    /// Where a merge or a split sent identities: (identity, profile), by identity.
    #[boxed]
    pub async fn overrides(&self) -> Result<Vec<(i64, i64)>> {
        self.data
            .read("overrides", "profile overrides")
            .all("SELECT identity_id, profile_id FROM profile_overrides ORDER BY identity_id", &[])
            .await
    }
}
