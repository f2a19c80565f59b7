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
