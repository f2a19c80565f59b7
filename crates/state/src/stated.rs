//! What files stated of each identity: kept per source, so that a profile can be made anew from what its identities have.

use crate::boxed;
use crate::db::{Tx, record};
use crate::error::Result;
use crate::open::Store;
use crate::profiles::ids;

record! {
    /// What the files of one source stated of one identity.
    StatedRow {
        /// Identity.
        identity_id: i64,
        /// Source of the files.
        source: String,
        /// What is not personal, by field, as JSON: value, when it was stated, place in the load.
        stated_json: String,
        /// Personal fields, likewise, sealed.
        sealed: Option<Vec<u8>>,
        /// Profile whose key seals them.
        key_profile_id: i64,
    }
}

impl Store {
    /// What files stated of these identities, in no order.
    #[boxed]
    pub async fn stated_of(&self, identity_ids: &[i64]) -> Result<Vec<StatedRow>> {
        self.data
            .read("stated_of", "what files stated")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN identity_stated WHERE identity_id = wanted",
                &ids(identity_ids),
            )
            .await
    }

    /// What files stated that is sealed under keys of these profiles.
    #[boxed]
    pub async fn stated_under(&self, profiles: &[i64]) -> Result<Vec<StatedRow>> {
        self.data
            .read("stated_under", "what files stated")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM identity_stated \
                 WHERE key_profile_id IN (SELECT wanted FROM v)",
                &ids(profiles),
            )
            .await
    }
}

/// Each statement with its weight, under every profile that it is about: one row of traits holds those of several sources.
const DISPUTED: &str = "WITH said(identity_id, source, weight) AS (\
     SELECT identity_id, source, 1 FROM identity_stated UNION ALL SELECT identity_id, source, 1 FROM \
     (SELECT DISTINCT identity_id, source, is_proven FROM identity_fields) AS fields UNION ALL SELECT identity_id, '', 2 FROM identity_traits), \
     whose(identity_id, profile_id) AS (\
     SELECT identity_id, profile_id FROM identities UNION SELECT identity_id, profile_id FROM profile_override_spans) \
     SELECT profile_id FROM said JOIN whose ON whose.identity_id = said.identity_id \
     GROUP BY profile_id HAVING sum(weight) > 1 ORDER BY profile_id";

impl Store {
    /// The profiles about which statements may disagree, ascending: those of whom more than one is kept.
    ///
    /// **Cost**: reads all statements, without opening them.
    #[boxed]
    pub async fn disputed_profiles(&self) -> Result<Vec<i64>> {
        let found: Vec<(i64,)> = self.data.read("disputed_profiles", "what files stated").all(DISPUTED, &[]).await?;
        Ok(found.into_iter().map(|(id,)| id).collect())
    }

    /// The sources that state or may state something of people, by name: those of loads of people, and those of live events.
    #[boxed]
    pub async fn stating_sources(&self) -> Result<Vec<String>> {
        let sql = "SELECT source FROM batches WHERE entity = 'profiles' UNION SELECT name FROM live_sources ORDER BY 1";
        let found: Vec<(String,)> = self.data.read("stating_sources", "sources").all(sql, &[]).await?;
        Ok(found.into_iter().map(|(name,)| name).collect())
    }
}

/// Stores what files stated within a transaction.
pub(crate) async fn put(tx: &mut Tx, rows: &[StatedRow]) -> Result<u64> {
    let mut rows: Vec<&StatedRow> = rows.iter().collect();
    rows.sort_unstable_by(|a, b| (a.identity_id, &a.source).cmp(&(b.identity_id, &b.source)));
    tx.bulk(
        "INSERT INTO identity_stated ({columns}) {rows} ON CONFLICT (identity_id, source) DO UPDATE SET \
         stated_json = excluded.stated_json, sealed = excluded.sealed, key_profile_id = excluded.key_profile_id",
        &rows,
    )
    .await
}
