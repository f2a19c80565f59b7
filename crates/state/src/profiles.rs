//! Resolved persons and companies, and their personal fields, sealed.

use crate::boxed;
use crate::db::{Put, record};
use crate::error::Result;
use crate::open::Store;

record! {
    /// One profile; its columns are those of the table `profiles` that are not personal.
    ProfileRow {
        /// Id.
        profile_id: i64,
        /// person or company.
        kind: String,
        /// When the profile was made, in microseconds.
        created_at: i64,
        /// Earliest fact, in microseconds.
        first_seen_at: Option<i64>,
        /// Latest fact, in microseconds.
        last_seen_at: Option<i64>,
        /// male or female.
        gender: Option<String>,
        /// Year of birth.
        birth_year: Option<i64>,
        /// Country.
        country: Option<String>,
        /// Province, standard short form.
        province: Option<String>,
        /// City, standard form.
        city: Option<String>,
        /// Level in the member programme.
        member_level: Option<String>,
        /// Day of registration, in days.
        registered_on: Option<i64>,
        /// Channel that won the customer.
        acquisition_channel: Option<String>,
        /// Further attributes, as JSON.
        traits: Option<String>,
        /// Number of identities.
        n_identities: i64,
        /// Profile this one was merged into; its identities are there.
        merged_into: Option<i64>,
    }
}

record! {
    /// One personal field of a profile.
    FieldRow {
        /// Profile.
        profile_id: i64,
        /// Name of the field (name, phone, email, id_number, address, birthday …).
        field: String,
        /// Value, sealed under the profile's key.
        sealed: Vec<u8>,
        /// Source that stated it.
        source: String,
        /// When it was stated, in microseconds.
        updated_at: i64,
    }
}

impl Store {
    /// One profile, merged ones included.
    #[boxed]
    pub async fn profile(&self, profile_id: i64) -> Result<Option<ProfileRow>> {
        self.data
            .read("profile", format!("profile {profile_id}"))
            .optional("SELECT {columns} FROM profiles WHERE profile_id = $1", &[profile_id.arg()])
            .await
    }

    /// Number of profiles that identify somebody and were not merged into another.
    #[boxed]
    pub async fn n_profiles(&self) -> Result<i64> {
        let found: Option<(i64,)> = self
            .data
            .read("n_profiles", "profiles")
            .optional("SELECT count(*) FROM profiles WHERE merged_into IS NULL AND n_identities > 0", &[])
            .await?;
        Ok(found.map_or(0, |(n,)| n))
    }

    /// The profiles of these ids that exist, merged ones included, in no order.
    #[boxed]
    pub async fn profiles_by_ids(&self, profile_ids: &[i64]) -> Result<Vec<ProfileRow>> {
        self.data
            .read("profiles_by_ids", "profiles")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN profiles WHERE profile_id = wanted",
                &ids(profile_ids),
            )
            .await
    }

    /// Profiles that are not merged into another, by id, after an id.
    #[boxed]
    pub async fn list_profiles(&self, after: Option<i64>, limit: usize) -> Result<Vec<ProfileRow>> {
        self.data
            .read("list_profiles", "profiles")
            .all(
                "SELECT {columns} FROM profiles WHERE profile_id > $1 AND merged_into IS NULL \
                 ORDER BY profile_id LIMIT $2",
                &[after.unwrap_or(i64::MIN).arg(), (limit as i64).arg()],
            )
            .await
    }

    /// The personal fields of these profiles, in no order.
    #[boxed]
    pub async fn profile_fields(&self, profile_ids: &[i64]) -> Result<Vec<FieldRow>> {
        self.data
            .read("profile_fields", "profile fields")
            .all_of(
                "WITH v(wanted) AS ({rows}) SELECT {columns} FROM v CROSS JOIN profile_fields WHERE profile_id = wanted",
                &ids(profile_ids),
            )
            .await
    }
}

/// Ids as rows of one column, each once: the rows found by an id are wanted once.
pub(crate) fn ids(ids: &[i64]) -> Vec<(i64,)> {
    let mut rows: Vec<(i64,)> = ids.iter().map(|&id| (id,)).collect();
    rows.sort_unstable();
    rows.dedup();
    rows
}
