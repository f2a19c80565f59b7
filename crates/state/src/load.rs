//! What one load changes in state, in one transaction (INV-STATE-3).

use crate::boxed;
use foldhash::HashSet;

use crate::batches::BatchStatus;
use crate::consents::{self, ConsentRow};
use crate::corrections::{self, CorrectionRow};
use crate::db::{Put, Tx, record};
use crate::definitions::bump;
use crate::error::Result;
use crate::identities::{EdgeRow, IdentityRow};
use crate::open::Store;
use crate::profiles::{FieldRow, ProfileRow, ids};
use crate::quarantine::QuarantineRow;
use crate::stated::{self, StatedRow};

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

/// All that a load changes in state, in any order. A row appears at most once in each list.
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
    /// Identities made. They are stored fastest when their ids ascend in the order of (kind, value index), for example as
    /// random numbers sorted and given out in that order; any other order is as correct and about twice as slow.
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
    /// Personal fields that a profile no longer has.
    pub dropped_fields: Vec<(i64, String)>,
    /// Rows set aside.
    pub quarantine: Vec<QuarantineRow>,
    /// What people said about purposes.
    pub consents: Vec<ConsentRow>,
    /// Corrections, new or changed.
    pub corrections: Vec<CorrectionRow>,
    /// What files state of identities; replaces what they stated before.
    pub stated: Vec<StatedRow>,
}

impl Store {
    /// Commits all that a load changes and sets the load to `prepared`. Again for a load that is already prepared or loaded
    /// with the same plan, it changes nothing. Returns the state's version.
    ///
    /// **Errors**: `NotFound` without such a load; `Conflict` when it has failed, was prepared with another plan, or when
    /// another load made one of its profiles or identities first: read again, resolve again.
    #[boxed]
    pub async fn commit_load(&self, load: &LoadCommit) -> Result<i64> {
        let mut tx = self.data.begin("commit_load", format!("batch {}", load.batch_id)).await?;
        let version = bump(&mut tx, "state_version").await?;
        let found: Option<(BatchStatus, Option<String>)> =
            tx.optional("SELECT status, plan_json FROM batches WHERE batch_id = $1", &[load.batch_id.arg()]).await?;
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

pub(crate) async fn apply(tx: &mut Tx, load: &LoadCommit) -> Result<()> {
    // Everything goes in the order of its key: each page of a table is then touched once, which on SQLite is worth more
    // than anything else.
    tx.bulk("INSERT INTO profiles ({columns}) {rows}", &sorted(&load.new_profiles, |row| row.profile_id)).await?;
    tx.bulk(
        "INSERT INTO profiles ({columns}) {rows} ON CONFLICT (profile_id) DO UPDATE SET kind = excluded.kind, \
         created_at = excluded.created_at, first_seen_at = excluded.first_seen_at, \
         last_seen_at = excluded.last_seen_at, gender = excluded.gender, birth_year = excluded.birth_year, \
         country = excluded.country, province = excluded.province, city = excluded.city, \
         member_level = excluded.member_level, registered_on = excluded.registered_on, \
         acquisition_channel = excluded.acquisition_channel, traits = excluded.traits, \
         n_identities = excluded.n_identities, merged_into = excluded.merged_into",
        &sorted(&load.updated_profiles, |row| row.profile_id),
    )
    .await?;
    check_homes(tx, load).await?;
    tx.bulk(
        "WITH v(v_from, v_into) AS ({rows}) UPDATE profiles SET merged_into = v_into FROM v WHERE profile_id = v_from",
        &sorted(&load.merged, |row| row.0),
    )
    .await?;
    if !load.merged.is_empty() {
        // Visitors of several people: the spans of those who were merged follow.
        tx.bulk(
            "WITH v(v_from, v_into) AS ({rows}) UPDATE profile_override_spans SET profile_id = v_into FROM v \
             WHERE profile_id = v_from",
            &sorted(&load.merged, |row| row.0),
        )
        .await?;
    }
    tx.bulk("INSERT INTO identities ({columns}) {rows}", &sorted(&load.new_identities, |row| row.identity_id)).await?;
    tx.bulk(
        "WITH v(v_identity, v_profile) AS ({rows}) UPDATE identities SET profile_id = v_profile FROM v \
         WHERE identity_id = v_identity",
        &sorted(&load.moved_identities, |row| row.0),
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity, v_first, v_last, v_joined) AS ({rows}) UPDATE identities SET \
         first_seen_at = CASE WHEN v_first IS NULL OR first_seen_at <= v_first THEN first_seen_at ELSE v_first END, \
         last_seen_at = CASE WHEN v_last IS NULL OR last_seen_at >= v_last THEN last_seen_at ELSE v_last END, \
         n_joined = CASE WHEN v_joined IS NULL OR n_joined >= v_joined THEN n_joined ELSE v_joined END \
         FROM v WHERE identity_id = v_identity",
        &sorted(&load.touched_identities, |row| row.identity_id),
    )
    .await?;
    tx.bulk(
        "WITH v(v_identity) AS ({rows}) UPDATE identities SET status = 'set_aside' FROM v \
         WHERE identity_id = v_identity",
        &ids(&load.set_aside),
    )
    .await?;
    tx.bulk("INSERT INTO identity_edges ({columns}) {rows}", &sorted(&load.edges, |row| row.edge_id)).await?;
    if !load.overrides.is_empty() {
        let overrides: Vec<(i64, i64, i64)> =
            load.overrides.iter().map(|&(identity, profile)| (identity, profile, load.committed_at)).collect();
        tx.bulk(
            "INSERT INTO profile_overrides (identity_id, profile_id, created_at) {rows} ON CONFLICT (identity_id) \
             DO UPDATE SET profile_id = excluded.profile_id, created_at = excluded.created_at",
            &sorted(&overrides, |row| row.0),
        )
        .await?;
        bump(tx, "overrides_version").await?;
    }
    let mut fields: Vec<&FieldRow> = load.fields.iter().collect();
    fields.sort_unstable_by(|a, b| (a.profile_id, &a.field).cmp(&(b.profile_id, &b.field)));
    tx.bulk(
        "INSERT INTO profile_fields ({columns}) {rows} ON CONFLICT (profile_id, field) \
         DO UPDATE SET sealed = excluded.sealed, source = excluded.source, updated_at = excluded.updated_at",
        &fields,
    )
    .await?;
    tx.bulk(
        "WITH v(v_profile, v_field) AS ({rows}) DELETE FROM profile_fields WHERE (profile_id, field) IN \
         (SELECT v_profile, v_field FROM v)",
        &load.dropped_fields,
    )
    .await?;
    tx.bulk("INSERT INTO quarantine ({columns}) {rows}", &sorted(&load.quarantine, |row| row.row_no)).await?;
    consents::add(tx, &load.consents).await?;
    corrections::put(tx, &load.corrections).await?;
    stated::put(tx, &load.stated).await?;
    Ok(())
}

/// Refuses a load that gives something to a profile that does not exist. Foreign keys would look at every row; this looks
/// once at every profile that the load does not make itself.
async fn check_homes(tx: &mut Tx, load: &LoadCommit) -> Result<()> {
    let made: HashSet<i64> =
        load.new_profiles.iter().chain(&load.updated_profiles).map(|profile| profile.profile_id).collect();
    let named = (load.new_identities.iter().map(|row| row.profile_id))
        .chain(load.moved_identities.iter().map(|row| row.1))
        .chain(load.merged.iter().flat_map(|row| [row.0, row.1]))
        .chain(load.fields.iter().map(|row| row.profile_id))
        .chain(load.overrides.iter().map(|row| row.1));
    let others: Vec<i64> = named.filter(|id| !made.contains(id)).collect();
    let others = ids(&others);
    let n_there = tx
        .count_of(
            "WITH v(wanted) AS ({rows}) SELECT count(*) FROM v CROSS JOIN profiles WHERE profile_id = wanted",
            &others,
        )
        .await?;
    if n_there == others.len() as i64 {
        Ok(())
    } else {
        let n_missing = others.len() as i64 - n_there;
        Err(tx.at.bug(format!("{n_missing} of the profiles named do not exist")))
    }
}

fn sorted<R, K: Ord>(rows: &[R], key: impl Fn(&R) -> K) -> Vec<&R> {
    let mut rows: Vec<&R> = rows.iter().collect();
    rows.sort_unstable_by_key(|row| key(row));
    rows
}
