//! Which known ids are one person: the persons of changed identities, resolved afresh from all that was ever said of them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use zhike_domain::identity::{self, Joined, Reason, Resolution};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{DecisionRow, EdgeRow, IngestCommit, MatchRow, Standing, Verdict};

use super::{Node, People};
use crate::{Ctx, Result};

type Pair = (i64, i64);

/// All that decides about some identities.
struct Around {
    /// Those whose person is decided, sorted.
    inside: Vec<i64>,
    /// Links of these, from whatever they come.
    links: BTreeSet<Pair>,
    /// Links as they are stored.
    made: HashMap<Pair, Vec<EdgeRow>>,
    /// Decisions that hold.
    decisions: Vec<DecisionRow>,
    /// Pairs that matching joins, the most probable first.
    likely: Vec<MatchRow>,
}

impl Around {
    fn is_inside(&self, id: i64) -> bool {
        self.inside.binary_search(&id).is_ok()
    }

    /// Of a pair that matching joins.
    fn probability(&self, left: i64, right: i64) -> f64 {
        let pair = (left.min(right), left.max(right));
        let found = self.likely.iter().find(|row| (row.left_identity_id, row.right_identity_id) == pair);
        found.map_or(1.0, |row| row.probability)
    }
}

impl People {
    /// Resolves the persons of changed identities. `heard` says of pairs whether statements bind them now.
    pub(super) async fn bind(
        &mut self,
        ctx: &Ctx,
        dirty: BTreeSet<i64>,
        heard: HashMap<Pair, bool>,
        commit: &mut IngestCommit,
    ) -> Result<()> {
        let around = self.surroundings(ctx, &dirty, &heard).await?;
        // Others that are linked and yet not one person: an end is set aside. They count, and stay where they are.
        let strangers = around.links.iter().flat_map(|(left, right)| [*left, *right]).collect::<BTreeSet<i64>>();
        let strangers = strangers.into_iter().filter(|id| !around.is_inside(*id) && self.nodes.contains_key(id));
        let vertices: Vec<i64> = around.inside.iter().copied().chain(strangers).collect();
        let number: HashMap<i64, u32> = vertices.iter().zip(0..).map(|(id, at)| (*id, at)).collect();
        let numbered = |pairs: &mut dyn Iterator<Item = Pair>| -> Vec<(u32, u32)> {
            pairs.filter_map(|(left, right)| Some((*number.get(&left)?, *number.get(&right)?))).collect()
        };
        let decided = |verdict: Verdict| {
            let of_kind = around.decisions.iter().filter(move |row| row.verdict == verdict);
            numbered(&mut of_kind.map(|row| (row.left_identity_id, row.right_identity_id)))
        };
        let likely = around.likely.iter().map(|row| (row.left_identity_id, row.right_identity_id));
        let kinds: Vec<IdentityKind> = vertices.iter().map(|id| self.nodes[id].kind).collect();
        // What is set aside stays so; everybody else's links are all here and are counted anew.
        let joined = |id: &i64| {
            let node = &self.nodes[id];
            Joined::from_i64(if node.is_aside { node.joined } else { 0 })
        };
        let joined: Vec<Joined> = vertices.iter().map(joined).collect();
        let policy = crate::import::identity_policy(ctx).await?;
        let input = identity::Input {
            kind: &kinds,
            scope: &vec![0; vertices.len()],
            joined: &joined,
            profile: &vec![None; vertices.len()],
            links: &numbered(&mut around.links.iter().copied()),
            stored: Some(&[]),
            same: &decided(Verdict::Same),
            apart: &decided(Verdict::Apart),
            likely: &numbered(&mut likely.into_iter()),
        };
        let resolution = identity::resolve(input, &policy);
        for aside in &resolution.set_aside {
            let id = vertices[aside.identity as usize];
            if let Some(node) = self.nodes.get_mut(&id).filter(|_| around.is_inside(id)) {
                node.is_aside = true;
            }
        }
        for (at, id) in vertices.iter().enumerate().filter(|(_, id)| around.is_inside(**id)) {
            if let Some(node) = self.nodes.get_mut(id) {
                node.joined = resolution.joined[at].to_i64();
                node.is_touched |= node.row.as_ref().is_some_and(|row| row.n_joined != node.joined);
            }
        }
        self.note_links(ctx, &around, &vertices, &resolution, commit);
        let mut clusters: BTreeMap<u32, Vec<i64>> = BTreeMap::new();
        for id in &around.inside {
            if !self.nodes[id].is_aside {
                clusters.entry(resolution.cluster_of[number[id] as usize]).or_default().push(*id);
            }
        }
        self.house(ctx, clusters.into_values().collect()).await
    }

    /// Reads what decides about identities. Where a link to somebody else was refused, or was decided not to be, they decide
    /// too, with all that is theirs: else what refused it would be forgotten.
    async fn surroundings(&mut self, ctx: &Ctx, dirty: &BTreeSet<i64>, heard: &HashMap<Pair, bool>) -> Result<Around> {
        let mut concerned: BTreeSet<i64> =
            dirty.iter().filter_map(|id| self.nodes.get(id)?.row.as_ref().map(|row| row.profile_id)).collect();
        loop {
            let is_inside = |id: &i64, node: &Node| {
                let is_mine = node.row.as_ref().is_some_and(|row| concerned.contains(&row.profile_id));
                let is_claimed = node.is_anonymous() && self.claims.get(id).is_some_and(|claims| !claims.is_empty());
                (is_mine || dirty.contains(id)) && !is_claimed
            };
            let mut inside: Vec<i64> =
                self.nodes.iter().filter(|(id, node)| is_inside(id, node)).map(|(id, _)| *id).collect();
            inside.sort_unstable();
            let around = self.around(ctx, inside, heard).await?;
            let pairs = around.decisions.iter().map(|row| (row.left_identity_id, row.right_identity_id));
            let likely = around.likely.iter().map(|row| (row.left_identity_id, row.right_identity_id));
            let pairs: BTreeSet<Pair> = pairs.chain(likely).chain(around.links.iter().copied()).collect();
            let ends: BTreeSet<i64> = pairs.iter().flat_map(|(left, right)| [*left, *right]).collect();
            let unknown: Vec<i64> = ends.into_iter().filter(|id| !self.nodes.contains_key(id)).collect();
            for row in ctx.store().identities_by_ids(&unknown).await? {
                self.nodes.insert(row.identity_id, Node::stored(row));
            }
            let counts = |id: &i64| self.nodes.get(id).is_some_and(|node| !node.is_aside && !node.is_anonymous());
            let more: BTreeSet<i64> = pairs
                .iter()
                .filter(|(left, right)| counts(left) && counts(right))
                .flat_map(|(left, right)| [left, right])
                .filter_map(|id| self.nodes[id].row.as_ref().map(|row| row.profile_id))
                .filter(|profile| !concerned.contains(profile))
                .collect();
            if more.is_empty() {
                return Ok(around);
            }
            let before: HashSet<i64> = self.claims.keys().copied().collect();
            self.load(ctx, more.iter().copied()).await?;
            // Their visitors are as they were.
            let late = self.claims.iter().filter(|(visitor, _)| !before.contains(visitor));
            self.old_claims.extend(late.map(|(visitor, claims)| (*visitor, claims.clone())));
            concerned.extend(more);
        }
    }

    /// Links and decisions of identities.
    async fn around(&self, ctx: &Ctx, inside: Vec<i64>, heard: &HashMap<Pair, bool>) -> Result<Around> {
        let stored: Vec<i64> = inside.iter().copied().filter(|id| self.nodes[id].row.is_some()).collect();
        let mut made: HashMap<Pair, Vec<EdgeRow>> = HashMap::new();
        for edge in ctx.store().edges_of(&stored).await? {
            let (left, right) = (edge.left_identity_id, edge.right_identity_id);
            made.entry((left.min(right), left.max(right))).or_default().push(edge);
        }
        let mut holds: HashMap<Pair, bool> = HashMap::new();
        for bond in ctx.store().bonds_of(&stored).await? {
            holds.insert((bond.left_identity_id, bond.right_identity_id), bond.holds != 0);
        }
        holds.extend(heard.iter().map(|(pair, holds)| (*pair, *holds)));
        let mut links: BTreeSet<Pair> = BTreeSet::new();
        for (&pair, edges) in &made {
            let counts = |edge: &EdgeRow| Reason::counts(Reason::parse(&edge.reason), edge.undone_at.is_some());
            if holds.get(&pair).copied().unwrap_or_else(|| edges.iter().any(counts)) {
                links.insert(pair);
            }
        }
        links.extend(holds.iter().filter(|(_, holds)| **holds).map(|(pair, _)| *pair));
        let mut decisions = ctx.store().decisions_of(&stored).await?;
        decisions.retain(|row| !self.decided.iter().any(|changed| changed.decision_id == row.decision_id));
        decisions.extend(self.decided.iter().cloned());
        decisions.retain(|row| row.undone_at.is_none());
        let mut likely = ctx.store().matches_of(&stored).await?;
        let pair = |row: &MatchRow| (row.left_identity_id, row.right_identity_id);
        likely.retain(|row| {
            !self.matched.iter().any(|changed| pair(changed) == pair(row)) && !self.unmatched.contains(&pair(row))
        });
        likely.extend(self.matched.iter().cloned());
        likely.retain(|row| row.standing == Standing::Joined);
        likely.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| pair(a).cmp(&pair(b))));
        Ok(Around { inside, links, made, decisions, likely })
    }

    /// Links that were made or refused, and those that hold no longer.
    fn note_links(
        &self,
        ctx: &Ctx,
        around: &Around,
        vertices: &[i64],
        resolution: &Resolution,
        commit: &mut IngestCommit,
    ) {
        let now = ctx.now();
        let accepted = resolution.edges.iter().map(|edge| (edge.left, edge.right, edge.reason, None));
        // A decision or a match that was refused is no link, and must not count as one later.
        let is_link = |left: u32, right: u32| {
            let (left, right) = (vertices[left as usize], vertices[right as usize]);
            around.links.contains(&(left.min(right), left.max(right)))
        };
        let refused = resolution.refused.iter().filter(|edge| is_link(edge.left, edge.right));
        let refused = refused.map(|edge| (edge.left, edge.right, edge.reason, Some(now)));
        for (left, right, reason, undone_at) in accepted.chain(refused) {
            let (left, right) = (vertices[left as usize], vertices[right as usize]);
            let there = around.made.get(&(left.min(right), left.max(right)));
            let mut there = there.into_iter().flatten();
            let is_there = match undone_at {
                None => there.any(|edge| edge.undone_at.is_none()),
                Some(_) => there.any(|edge| edge.undone_at.is_some()),
            };
            if is_there {
                continue;
            }
            let reason = self.reason(left, right, reason);
            let (kind, strength) = match reason {
                Reason::ByHand => ("manual", 1.0),
                Reason::Likely => ("probabilistic", around.probability(left, right)),
                _ => ("deterministic", 1.0),
            };
            // What no row says has no source.
            let source = self.nodes.get(&left).filter(|_| kind == "deterministic").map(|node| node.source.clone());
            commit.load.edges.push(EdgeRow {
                edge_id: ctx.vault().random_id(),
                left_identity_id: left,
                right_identity_id: right,
                kind: kind.into(),
                strength,
                reason: reason.code().into(),
                source: source.unwrap_or_default(),
                batch_id: 0,
                created_at: now,
                undone_at,
            });
        }
        let kept: HashSet<Pair> = (resolution.edges.iter())
            .map(|edge| (vertices[edge.left as usize], vertices[edge.right as usize]))
            .map(|(left, right)| (left.min(right), left.max(right)))
            .collect();
        for (pair, edges) in &around.made {
            if around.is_inside(pair.0) && around.is_inside(pair.1) && !kept.contains(pair) {
                let standing = edges.iter().filter(|edge| edge.undone_at.is_none());
                commit.undone_edges.extend(standing.map(|edge| edge.edge_id));
            }
        }
    }

    /// Gives each person a profile: of those its identities have or were made for, the oldest that no other person has a better
    /// right to. Who parts again has the profile of before.
    async fn house(&mut self, ctx: &Ctx, clusters: Vec<Vec<i64>>) -> Result<()> {
        let rows = || clusters.iter().flatten().filter_map(|id| self.nodes[id].row.as_ref());
        let held: BTreeSet<i64> = rows().map(|row| row.profile_id).collect();
        let candidates: BTreeSet<i64> = rows().flat_map(|row| [row.profile_id, row.home_profile_id]).collect();
        let candidates: Vec<i64> = candidates.into_iter().collect();
        // Those that nobody has any more are the last choice, those that were made for somebody who parted the one before.
        let homes: BTreeSet<i64> = rows().map(|row| row.home_profile_id).collect();
        let mut age: HashMap<i64, (bool, bool, i64)> = HashMap::new();
        for row in ctx.store().profiles_by_ids(&candidates).await? {
            let is_held = held.contains(&row.profile_id);
            if is_held || row.merged_into.is_some() {
                age.insert(row.profile_id, (!is_held, !homes.contains(&row.profile_id), row.created_at));
            }
        }
        // When a person parts, the profile stays with the strongest identity that it was made for, else the strongest.
        let mut right: HashMap<i64, ((bool, u8, i64), usize)> = HashMap::new();
        for (at, cluster) in clusters.iter().enumerate() {
            for id in cluster {
                let node = &self.nodes[id];
                let Some(row) = node.row.as_ref() else { continue };
                for profile in [row.profile_id, row.home_profile_id] {
                    let claim = (row.home_profile_id != profile, node.kind.strength(), *id);
                    let best = right.entry(profile).or_insert((claim, at));
                    if claim < best.0 {
                        *best = (claim, at);
                    }
                }
            }
        }
        for (at, cluster) in clusters.iter().enumerate() {
            let own = right.iter().filter(|(_, (_, owner))| *owner == at);
            let oldest = own.filter_map(|(profile, _)| Some((age.get(profile)?, *profile))).min();
            let profile = oldest.map_or_else(|| self.new_profile(ctx), |(_, profile)| profile);
            for id in cluster {
                if let Some(node) = self.nodes.get_mut(id) {
                    node.profile = Some(profile);
                }
            }
        }
        Ok(())
    }

    /// Why a link is made: a scan says more than that two ids came together.
    fn reason(&self, left: i64, right: i64, reason: Reason) -> Reason {
        match reason {
            Reason::SameRow | Reason::Shared(_) if self.scanned.contains(&(left.min(right), left.max(right))) => {
                Reason::QrBind
            }
            reason => reason,
        }
    }
}
