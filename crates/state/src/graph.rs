//! Identities and links of everybody at once, for reports and previews.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::identities::IdentityStatus;
use crate::open::Store;

record! {
    /// An identity in the graph.
    VertexRow {
        /// Id.
        identity_id: i64,
        /// Kind of value.
        kind: String,
        /// Profile it belongs to now.
        profile_id: i64,
        /// Whether it takes part in resolving.
        status: IdentityStatus,
    }
}

record! {
    /// A link in the graph.
    LinkRow {
        /// One end.
        left_identity_id: i64,
        /// Other end.
        right_identity_id: i64,
        /// Why.
        reason: String,
        /// When it was undone, in microseconds.
        undone_at: Option<i64>,
    }
}

impl Store {
    /// All identities, by id.
    #[boxed]
    pub async fn all_vertices(&self) -> Result<Vec<VertexRow>> {
        let sql = "SELECT {columns} FROM identities ORDER BY identity_id";
        self.data.read("all_vertices", "identities").all(sql, &[]).await
    }

    /// All links, undone ones too, in no order.
    #[boxed]
    pub async fn all_links(&self) -> Result<Vec<LinkRow>> {
        let sql = "SELECT {columns} FROM identity_edges";
        self.data.read("all_links", "identity edges").all(sql, &[]).await
    }

    /// All statements about pairs of known ids, in no order: (left, right, 1 when it holds).
    #[boxed]
    pub async fn all_bonds(&self) -> Result<Vec<(i64, i64, i64)>> {
        let sql = "SELECT left_identity_id, right_identity_id, holds FROM identity_bonds";
        self.data.read("all_bonds", "identity bonds").all(sql, &[]).await
    }

    /// Visitors whom somebody claims, ascending.
    #[boxed]
    pub async fn claimed_visitors(&self) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT identity_id FROM identity_claims ORDER BY identity_id";
        let found: Vec<(i64,)> = self.data.read("claimed_visitors", "identity claims").all(sql, &[]).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// How many profiles have how many identities: (identities, profiles), ascending.
    #[boxed]
    pub async fn profile_sizes(&self) -> Result<Vec<(i64, i64)>> {
        let sql = "SELECT n_identities, count(*) FROM profiles WHERE merged_into IS NULL \
                   GROUP BY n_identities ORDER BY n_identities";
        self.data.read("profile_sizes", "profiles").all(sql, &[]).await
    }

    /// The profiles with the most identities: (profile, identities).
    #[boxed]
    pub async fn largest_profiles(&self, limit: usize) -> Result<Vec<(i64, i64)>> {
        let sql = "SELECT profile_id, n_identities FROM profiles WHERE merged_into IS NULL \
                   ORDER BY n_identities DESC, profile_id LIMIT $1";
        self.data.read("largest_profiles", "profiles").all(sql, &[(limit as i64).arg()]).await
    }
}
