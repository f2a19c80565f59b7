//! What one load changes in state, in one transaction (INV-STATE-3).

use crate::batches::BatchStatus;
use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::identities::{EdgeRow, IdentityRow};
use crate::open::Store;
use crate::profiles::{FieldRow, ProfileRow};
use crate::quarantine::QuarantineRow;

record! {
    /// Facts about an identity that is already there. The span of time only grows, and so does the count.
    IdentityTouch {
        /// Identity.
        identity_id: i64,
        /// Earliest fact of this load, in microseconds.
        first_seen_at: Option<i64>,
        /// Latest fact of this load, in microseconds.
        last_seen_at: Option<i64>,
        /// Number of profiles it has joined; missing when unchanged.
        n_joined: Option<i64>,
    }
}

/// All that a load changes in state. A row appears at most once in each list.
#[derive(Clone, Debug, Default)]
pub struct LoadCommit {
    /// Load.
    pub batch_id: i64,
    /// When it is committed, in microseconds.
    pub committed_at: i64,
    /// Files staged for publication.
    pub plan_json: String,
    /// Profiles made.
    pub new_profiles: Vec<ProfileRow>,
    /// Profiles changed, whole rows.
    pub updated_profiles: Vec<ProfileRow>,
    /// Profiles merged: (from, into).
    pub merged: Vec<(i64, i64)>,
    /// Identities made.
    pub new_identities: Vec<IdentityRow>,
    /// Identities that go to another profile: (identity, profile).
    pub moved_identities: Vec<(i64, i64)>,
    /// Identities seen again.
    pub touched_identities: Vec<IdentityTouch>,
    /// Identities that joined too many.
    pub set_aside: Vec<i64>,
    /// Links made.
    pub edges: Vec<EdgeRow>,
    /// Where queries are to find earlier facts: (identity, profile).
    pub overrides: Vec<(i64, i64)>,
    /// Personal fields set; they replace the profile's earlier ones of the same name.
    pub fields: Vec<FieldRow>,
    /// Rows set aside.
    pub quarantine: Vec<QuarantineRow>,
}

impl Store {
    /// Commits all that a load changes and sets the load to `prepared`. Again for a load that is already prepared or loaded
    /// with the same plan, it changes nothing. Returns the state's version.
    ///
    /// **Errors**: `NotFound` without such a load; `Conflict` when it has failed, was prepared with another plan, or when
    /// another load made one of its profiles or identities first: read again, resolve again.
    pub async fn commit_load(&self, load: &LoadCommit) -> Result<i64> {
        let mut tx = self.data.begin("commit_load", format!("batch {}", load.batch_id)).await?;
        let version = bump(&mut tx, "state_version").await?;
        let found: Option<(BatchStatus, Option<String>)> = tx
            .optional("SELECT status, plan_json FROM batches WHERE batch_id = $1", &[load.batch_id.arg()])
            .await?;
        let (status, plan_json) = found.ok_or_else(|| tx.at.not_found())?;
        match status {
            BatchStatus::Running => {}
            BatchStatus::Failed => return Err(tx.at.conflict("the batch has failed")),
            BatchStatus::Prepared | BatchStatus::Loaded => {
                return match plan_json.as_deref() == Some(&load.plan_json) {
                    true => Ok(version - 1),
                    false => Err(tx.at.conflict("the batch was prepared with another plan")),
                };
            }
        }
        apply(&mut tx, load).await?;
        tx.run(
            "UPDATE batches SET status = 'prepared', plan_json = $2 WHERE batch_id = $1",
            &[load.batch_id.arg(), load.plan_json.arg()],
        )
        .await?;
        tx.commit().await?;
        Ok(version)
    }
}

async fn apply(tx: &mut Tx, load: &LoadCommit) -> Result<()> {
    tx.bulk("INSERT INTO profiles ({columns}) {rows}", &by_id(&load.new_profiles, |row| row.profile_id)).await?;
    tx.bulk(
        "INSERT INTO profiles ({columns}) {rows} ON CONFLICT (profile_id) DO UPDATE SET kind = excluded.kind, \
         created_at = excluded.created_at, first_seen_at = excluded.first_seen_at, \
         last_seen_at = excluded.last_seen_at, gender = excluded.gender, birth_year = excluded.birth_year, \
         country = excluded.country, province = excluded.province, city = excluded.city, \
         member_level = excluded.member_level, registered_on = excluded.registered_on, \
         acquisition_channel = excluded.acquisition_channel, traits = excluded.traits, \
         n_identities = excluded.n_identities, merged_into = excluded.merged_into",
        &load.updated_profiles,
    )
    .await?;
    tx.bulk(
        "WITH v(v_from, v_into) AS ({rows}) UPDATE profiles SET merged_into = v_into FROM v WHERE profile_id = v_from",
        &load.merged,
    )
    .await?;
    tx.bulk("INSERT INTO identities ({columns}) {rows}", &by_id(&load.new_identities, |row| row.identity_id)).await?;
    tx.bulk(
        "WITH v(v_identity, v_profile) AS ({rows}) UPDATE identities SET profile_id = v_profile FROM v \
         WHERE identity_id = v_identity",
        &load.moved_identities,
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity, v_first, v_last, v_joined) AS ({rows}) UPDATE identities SET \
         first_seen_at = CASE WHEN v_first IS NULL OR first_seen_at <= v_first THEN first_seen_at ELSE v_first END, \
         last_seen_at = CASE WHEN v_last IS NULL OR last_seen_at >= v_last THEN last_seen_at ELSE v_last END, \
         n_joined = CASE WHEN v_joined IS NULL OR n_joined >= v_joined THEN n_joined ELSE v_joined END \
         FROM v WHERE identity_id = v_identity",
        &load.touched_identities,
    )
    .await?;
    let set_aside: Vec<(i64,)> = load.set_aside.iter().map(|&id| (id,)).collect();
    tx.bulk(
        "WITH v(v_identity) AS ({rows}) UPDATE identities SET status = 'set_aside' FROM v \
         WHERE identity_id = v_identity",
        &set_aside,
    )
    .await?;
    tx.bulk("INSERT INTO identity_edges ({columns}) {rows}", &by_id(&load.edges, |row| row.edge_id)).await?;
    if !load.overrides.is_empty() {
        let overrides: Vec<(i64, i64, i64)> =
            load.overrides.iter().map(|&(identity, profile)| (identity, profile, load.committed_at)).collect();
        tx.bulk(
            "INSERT INTO profile_overrides (identity_id, profile_id, created_at) {rows} ON CONFLICT (identity_id) \
             DO UPDATE SET profile_id = excluded.profile_id, created_at = excluded.created_at",
            &overrides,
        )
        .await?;
        bump(tx, "overrides_version").await?;
    }
    tx.bulk(
        "INSERT INTO profile_fields ({columns}) {rows} ON CONFLICT (profile_id, field) \
         DO UPDATE SET sealed = excluded.sealed, source = excluded.source, updated_at = excluded.updated_at",
        &load.fields,
    )
    .await?;
    tx.bulk("INSERT INTO quarantine ({columns}) {rows}", &load.quarantine).await?;
    Ok(())
}

/// Rows in the order of their ids, so that each page of the table is filled at one go.
fn by_id<R>(rows: &[R], id: impl Fn(&R) -> i64) -> Vec<&R> {
    let mut rows: Vec<&R> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| id(row));
    rows
}
