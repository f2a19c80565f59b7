//! How well people are told apart: sizes, links that look wrong, what was refused.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::id::ProfileId;
use zhike_domain::identity::{Evidence, Reason};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{IdentityStatus, LinkRow};

use crate::{Ctx, Result, segments};

/// Profiles and bridges that are shown.
const MAX_SHOWN: usize = 20;

/// A single weak link that holds two people together who each have an id of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bridge {
    /// Customer.
    pub profile_id: ProfileId,
    /// Kind of the identity by which they hang together.
    pub kind: IdentityKind,
    /// Identities on the smaller and the larger side.
    pub sides: (u64, u64),
}

/// How well people are told apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// How many customers have how many identities: (identities, customers), ascending.
    pub sizes: Vec<(i64, i64)>,
    /// The customers with the most identities.
    pub largest: Vec<(ProfileId, i64)>,
    /// Links that hold, by reason.
    pub links: BTreeMap<String, u64>,
    /// Links that were refused or undone, by reason.
    pub refused: BTreeMap<String, u64>,
    /// Identities that identify nobody, by kind.
    pub set_aside: BTreeMap<IdentityKind, u64>,
    /// Bridges.
    pub n_bridges: u64,
    /// Those with the largest smaller side.
    pub bridges: Vec<Bridge>,
    /// Decisions of people that hold.
    pub n_decisions: u64,
}

/// Reports how well people are told apart.
///
/// **Cost**: reads all identities and links.
#[boxed]
pub async fn health(ctx: &Ctx) -> Result<Health> {
    let mut health = Health {
        sizes: ctx.store().profile_sizes().await?,
        n_decisions: ctx.store().decisions().await?.iter().map(|row| row.act_id).collect::<BTreeSet<_>>().len() as u64,
        ..Health::default()
    };
    let largest = ctx.store().largest_profiles(MAX_SHOWN).await?;
    health.largest = largest.into_iter().map(|(profile, n)| (ProfileId::new(profile), n)).collect();
    let vertices = ctx.store().all_vertices().await?;
    let mut of: HashMap<i64, (IdentityKind, i64)> = HashMap::with_capacity(vertices.len());
    for row in vertices {
        let Some(kind) = IdentityKind::parse(&row.kind) else { continue };
        match row.status {
            IdentityStatus::SetAside => *health.set_aside.entry(kind).or_default() += 1,
            IdentityStatus::Active => drop(of.insert(row.identity_id, (kind, row.profile_id))),
        }
    }
    let mut by_profile: HashMap<i64, Vec<LinkRow>> = HashMap::new();
    for link in ctx.store().all_links().await? {
        let counts = if link.undone_at.is_none() { &mut health.links } else { &mut health.refused };
        *counts.entry(link.reason.clone()).or_default() += 1;
        if let Some((_, profile)) = of.get(&link.left_identity_id).filter(|_| link.undone_at.is_none()) {
            by_profile.entry(*profile).or_default().push(link);
        }
    }
    let mut bridges: Vec<Bridge> = Vec::new();
    for (profile, links) in by_profile {
        bridges.extend(bridge(profile, &links, &of));
    }
    bridges.sort_by_key(|bridge| (std::cmp::Reverse(bridge.sides), bridge.profile_id));
    health.n_bridges = bridges.len() as u64;
    bridges.truncate(MAX_SHOWN);
    health.bridges = bridges;
    // Counts are of everybody; who is named is somebody whom the reader may see.
    let named =
        health.largest.iter().map(|(id, _)| id.get()).chain(health.bridges.iter().map(|one| one.profile_id.get()));
    let seen: BTreeSet<i64> = segments::seen(ctx, &named.collect::<Vec<_>>()).await?.into_iter().collect();
    health.largest.retain(|(id, _)| seen.contains(&id.get()));
    health.bridges.retain(|one| seen.contains(&one.profile_id.get()));
    Ok(health)
}

/// The weakest place of a customer: an identity that is shared, without which two sides have an id of one person each.
fn bridge(profile: i64, links: &[LinkRow], of: &HashMap<i64, (IdentityKind, i64)>) -> Option<Bridge> {
    let shared: BTreeSet<i64> = links
        .iter()
        .filter(|link| matches!(Reason::parse(&link.reason), Some(Reason::Shared(_))))
        .map(|link| link.right_identity_id)
        .collect();
    let sides = |without: i64| {
        let mut group: BTreeMap<i64, i64> = BTreeMap::new();
        let ends = links.iter().flat_map(|link| [link.left_identity_id, link.right_identity_id]);
        group.extend(ends.filter(|id| *id != without).map(|id| (id, id)));
        let root = |group: &BTreeMap<i64, i64>, mut at: i64| {
            while group[&at] != at {
                at = group[&at];
            }
            at
        };
        for link in links.iter().filter(|link| ![link.left_identity_id, link.right_identity_id].contains(&without)) {
            let (a, b) = (root(&group, link.left_identity_id), root(&group, link.right_identity_id));
            group.insert(a.max(b), a.min(b));
        }
        let mut own: BTreeMap<i64, (u64, bool)> = BTreeMap::new();
        for id in group.keys() {
            let side = own.entry(root(&group, *id)).or_default();
            side.0 += 1;
            let kind = of.get(id).map(|(kind, _)| *kind);
            side.1 |= Evidence::of(None, kind, kind) == Evidence::Strong;
        }
        let mut strong: Vec<u64> = own.into_values().filter(|(_, is_strong)| *is_strong).map(|(n, _)| n).collect();
        strong.sort_unstable();
        strong
    };
    shared
        .into_iter()
        .filter_map(|id| {
            let strong = sides(id);
            let [.., small, large] = strong[..] else { return None };
            Some(Bridge { profile_id: ProfileId::new(profile), kind: of.get(&id)?.0, sides: (small, large) })
        })
        .max_by_key(|bridge| bridge.sides)
}
