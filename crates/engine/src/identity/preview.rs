//! What other rules would change, before they are put in force and when they are.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::id::ProfileId;
use zhike_domain::identity::Policy;
use zhike_domain::import::entity::IdentityKind;

use super::graph::Whole;
use crate::ingest::Change;
use crate::{Ctx, Error, Result, audit, import, ingest, segments};

/// Groups that are shown.
const MAX_SHOWN: usize = 20;
/// Identities that are made anew in one transaction, about.
const AT_A_TIME: usize = 5_000;

/// What rules would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// People now: profiles with an identity that identifies somebody. Visitors whom somebody claims stay whose they are.
    pub n_people: u64,
    /// People by the rules.
    pub n_people_after: u64,
    /// Groups of customers that would become one.
    pub n_merged: u64,
    /// The first of them.
    pub merged: Vec<Vec<ProfileId>>,
    /// Customers that would part.
    pub n_parted: u64,
    /// The first of them, with the number of people that they would be.
    pub parted: Vec<(ProfileId, u64)>,
    /// Identities that would no longer identify anybody, by kind.
    pub set_aside: BTreeMap<IdentityKind, u64>,
    /// Identities that would identify somebody again, by kind.
    pub active_again: BTreeMap<IdentityKind, u64>,
}

/// Says what a policy would merge and split. Of likely pairs it knows those that were found by the rules in force: by others,
/// pairs may be found that were not even shown.
///
/// **Cost**: reads all identities and links.
///
/// **Errors**: `bad_request` naming the limit that cannot be kept.
#[boxed]
pub async fn preview(ctx: &Ctx, policy: &Policy) -> Result<Preview> {
    check(policy)?;
    let whole = Whole::read(ctx).await?;
    let (mut preview, _) = compare(&whole, policy);
    // Whoever does not see all customers is told how many, not who.
    let shown = preview.merged.iter().flatten().chain(preview.parted.iter().map(|(id, _)| id));
    let shown: Vec<i64> = shown.map(|id| id.get()).collect();
    let seen: BTreeSet<i64> = segments::seen(ctx, &shown).await?.into_iter().collect();
    preview.merged.retain(|group| group.iter().all(|id| seen.contains(&id.get())));
    preview.parted.retain(|(id, _)| seen.contains(&id.get()));
    Ok(preview)
}

/// Puts a policy in force and makes anew everybody whom it changes; returns its version and what it changed.
///
/// Should this be cut short, the policy is in force and the rest is as it was: put it in force again.
///
/// **Errors**: `bad_request` naming the limit that cannot be kept.
#[boxed]
pub async fn apply_policy(ctx: &Ctx, policy: &Policy, actor: &str) -> Result<(i64, Preview)> {
    check(policy)?;
    ctx.vault().check_enabled()?;
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    let before = import::identity_policy(ctx).await?;
    let version = import::set_policy(ctx, policy).await?;
    let whole = Whole::read(ctx).await?;
    let (preview, changed) = compare(&whole, policy);
    let detail = serde_json::json!({
        "version": version, "merged": preview.n_merged, "parted": preview.n_parted, "people": preview.n_people_after,
    });
    audit::record(ctx, actor, "identity.policy", "identity_policy", &detail).await?;
    let mut some: Vec<i64> = Vec::new();
    for group in changed {
        some.extend(group);
        if some.len() >= AT_A_TIME {
            ingest::decide(ctx, Change { others: std::mem::take(&mut some), ..Change::default() }).await?;
        }
    }
    if !some.is_empty() {
        ingest::decide(ctx, Change { others: some, ..Change::default() }).await?;
    }
    if (before.matching, &before.unique) != (policy.matching, &policy.unique) {
        super::run(ctx, actor).await?;
    }
    Ok((version, preview))
}

fn check(policy: &Policy) -> Result<()> {
    let problems = policy.validate();
    if problems.is_empty() {
        return Ok(());
    }
    let en: Vec<&str> = problems.iter().map(|problem| problem.en.as_str()).collect();
    let zh: Vec<&str> = problems.iter().map(|problem| problem.zh.as_str()).collect();
    Err(Error::bad_request(en.join("; "), zh.join("；")))
}

/// What a policy changes, and the identities that it concerns, together what hangs together.
fn compare(whole: &Whole, policy: &Policy) -> (Preview, Vec<Vec<i64>>) {
    let resolution = whole.resolve(policy);
    let n = whole.vertices.len();
    let mut is_aside = vec![false; n];
    resolution.set_aside.iter().for_each(|aside| is_aside[aside.identity as usize] = true);
    let mut preview = Preview::default();
    let mut clusters_of: BTreeMap<i64, BTreeSet<u32>> = BTreeMap::new();
    let mut profiles_of: BTreeMap<u32, BTreeSet<i64>> = BTreeMap::new();
    let mut now: BTreeSet<i64> = BTreeSet::new();
    for (at, row) in whole.vertices.iter().enumerate() {
        let was_aside = whole.is_aside(at);
        match (was_aside, is_aside[at]) {
            (false, true) => *preview.set_aside.entry(whole.kinds[at]).or_default() += 1,
            (true, false) => *preview.active_again.entry(whole.kinds[at]).or_default() += 1,
            _ => {}
        }
        if !was_aside {
            now.insert(row.profile_id);
        }
        if is_aside[at] {
            continue;
        }
        let profiles = profiles_of.entry(resolution.cluster_of[at]).or_default();
        if !was_aside {
            profiles.insert(row.profile_id);
            clusters_of.entry(row.profile_id).or_default().insert(resolution.cluster_of[at]);
        }
    }
    preview.n_people = now.len() as u64;
    preview.n_people_after = profiles_of.len() as u64;
    for group in profiles_of.values().filter(|group| group.len() > 1) {
        preview.n_merged += 1;
        if preview.merged.len() < MAX_SHOWN {
            preview.merged.push(group.iter().copied().map(ProfileId::new).collect());
        }
    }
    for (profile, clusters) in clusters_of.iter().filter(|(_, clusters)| clusters.len() > 1) {
        preview.n_parted += 1;
        if preview.parted.len() < MAX_SHOWN {
            preview.parted.push((ProfileId::new(*profile), clusters.len() as u64));
        }
    }
    // What changes: identities whose standing changes, those of profiles that part, those of people that merge.
    let mut groups: HashMap<u32, Vec<i64>> = HashMap::new();
    for (at, row) in whole.vertices.iter().enumerate() {
        let cluster = resolution.cluster_of[at];
        let merges = profiles_of.get(&cluster).is_some_and(|profiles| profiles.len() > 1);
        let parts = !whole.is_aside(at) && clusters_of.get(&row.profile_id).is_some_and(|clusters| clusters.len() > 1);
        if whole.is_aside(at) != is_aside[at] || merges || parts {
            groups.entry(cluster).or_default().push(row.identity_id);
        }
    }
    let mut groups: Vec<Vec<i64>> = groups.into_values().collect();
    groups.sort_unstable();
    (preview, groups)
}
