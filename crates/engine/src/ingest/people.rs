//! Who the messages of a batch are about.
//!
//! Two questions are answered from what all batches said so far, so that the order in which messages arrive does not
//! matter (INV-LIVE-1):
//!
//! - **Which known ids are one person?** Statements about pairs are kept (`identity_bonds`, the newest wins). Where one
//!   changes, or a new known id appears, the persons concerned are resolved afresh from all their links: they join, or part
//!   again. Links of files count as well.
//! - **To whom does a visitor belong, and when?** Claims are kept (`identity_claims`); a visitor belongs to whoever claimed
//!   last, and before the first claim to the first. One owner: the visitor's rows are overridden as a whole. Several: by
//!   spans of time. No row is written again.
//!
//! A profile's counts and spans of time are made from its identities each time, not added up.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use zhike_domain::collect::linking::{Statement, statements};
use zhike_domain::collect::message::{Identity, Message, Stamp};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{
    BondRow, ClaimRow, DecisionRow, IdentityKey, IdentityRow, IdentityStatus, IdentityTouch, IngestCommit, MatchRow,
    OverrideSpanRow, ProfileRow,
};
use zhike_vault::Indexer;

use super::Heard;
use super::removals::Removals;
use super::visitors::{Claims, MANY_CLAIMS, SETTLED, claim, spans, thin};
use crate::corrections::Pins;
use crate::import::{new_profile, scope};
use crate::sealing::{IDENTITY_VALUE, Keys};
use crate::{Ctx, Error, Result};

mod bind;
mod decide;
mod whose;

pub(crate) use decide::{Change, decide};

/// An identity of the batch or of its neighbourhood.
pub(super) struct Node {
    pub(super) kind: IdentityKind,
    /// As it is stored; `None` for a new one.
    pub(super) row: Option<IdentityRow>,
    first_at: Option<i64>,
    last_at: Option<i64>,
    pub(super) is_aside: bool,
    /// Profile that it belongs to from now on; of a visitor the last one.
    pub(super) profile: Option<i64>,
    joined: i64,
    /// Where it was first seen in this batch: value and source of a new one.
    value: String,
    scope: String,
    source: String,
    index: [u8; 16],
    is_touched: bool,
}

impl Node {
    pub(super) fn is_anonymous(&self) -> bool {
        self.kind.is_anonymous()
    }

    fn stored(row: IdentityRow) -> Self {
        Self {
            kind: IdentityKind::parse(&row.kind).unwrap_or(IdentityKind::ExternalId),
            first_at: row.first_seen_at,
            last_at: row.last_seen_at,
            is_aside: row.status == IdentityStatus::SetAside,
            profile: Some(row.profile_id),
            joined: row.n_joined,
            value: String::new(),
            scope: row.scope.clone(),
            source: row.source.clone(),
            index: row.value_index,
            is_touched: false,
            row: Some(row),
        }
    }
}

/// The identities of a batch, and what surrounds them.
#[derive(Default)]
pub(super) struct People {
    /// (kind, scope, value) of the batch → identity.
    by_value: HashMap<(IdentityKind, String, String), i64>,
    pub(super) nodes: HashMap<i64, Node>,
    /// By visitor.
    claims: HashMap<i64, Claims>,
    /// As they were before the batch.
    old_claims: HashMap<i64, Claims>,
    spans: HashMap<i64, Vec<(i64, i64)>>,
    loaded: HashSet<i64>,
    /// Profiles whose identities, or spans of visitors, changed.
    pub(super) changed: BTreeSet<i64>,
    /// Profiles of which something else is stated, or that are looked at.
    pub(super) restated: BTreeSet<i64>,
    /// Identities that left a profile: (profile, identity).
    pub(super) left: Vec<(i64, i64)>,
    /// Visitors of whom a profile lost every span of time: (profile, visitor).
    pub(super) lost: Vec<(i64, i64)>,
    pub(super) profiles: HashMap<i64, ProfileRow>,
    new_profiles: HashSet<i64>,
    merged: Vec<(i64, i64)>,
    /// Pairs that a scanned code bound in this batch.
    scanned: HashSet<(i64, i64)>,
    pub(super) keys: Keys,
    /// Decisions about who is who that are being made.
    decided: Vec<DecisionRow>,
    /// Likely pairs that are new or changed.
    matched: Vec<MatchRow>,
    /// Pairs that are likely no more.
    unmatched: HashSet<(i64, i64)>,
    /// Corrections that are laid over the profiles before they are stored.
    pub(super) pins: Pins,
}

/// The name space in which a value of a kind is unique.
fn scope_of(identity: &Identity, source: &str) -> String {
    match (scope(identity.kind, source), identity.namespace.as_str()) {
        (scope, "") => scope.to_owned(),
        (_, namespace) => format!("{source}:{namespace}"),
    }
}

fn key_of(identity: &Identity, source: &str) -> (IdentityKind, String, String) {
    (identity.kind, scope_of(identity, source), identity.value.expose().clone())
}

impl People {
    /// Finds out who the messages are about and writes what state has to change into `commit`.
    pub(super) async fn resolve(ctx: &Ctx, heard: &[Heard], commit: &mut IngestCommit) -> Result<Self> {
        let mut people = Self { pins: Pins::read(ctx).await?, ..Self::default() };
        people.gather(ctx, heard).await?;
        let touched: BTreeSet<i64> =
            people.nodes.values().filter_map(|node| Some(node.row.as_ref()?.profile_id)).collect();
        people.load(ctx, touched).await?;
        let mut dirty: BTreeSet<i64> = (people.nodes.iter())
            .filter(|(_, node)| node.row.is_none() && !node.is_anonymous())
            .map(|(id, _)| *id)
            .collect();
        let bonds = people.hear(ctx, heard, &mut dirty, commit).await?;
        people.old_claims = people.claims.clone();
        people.hear_claims(heard, ctx.now(), commit)?;
        if !dirty.is_empty() {
            people.bind(ctx, dirty, bonds, commit).await?;
        }
        people.settle_visitors(ctx, commit).await?;
        people.move_all(ctx, commit).await?;
        people.describe(ctx).await?;
        Ok(people)
    }

    /// The people that profiles become which a load merges: (from, into).
    pub(super) async fn merged(ctx: &Ctx, merges: &[(i64, i64)]) -> Result<Self> {
        let mut people = Self::default();
        people.load(ctx, merges.iter().flat_map(|(from, into)| [*from, *into])).await?;
        let into: HashMap<i64, i64> = merges.iter().copied().collect();
        for node in people.nodes.values_mut() {
            node.profile = node.profile.map(|profile| into.get(&profile).copied().unwrap_or(profile));
        }
        people.span_late();
        people.changed.extend(into.into_values());
        Ok(people)
    }

    /// The people that profiles are, as they are.
    pub(super) async fn restated(ctx: &Ctx, profiles: &[i64]) -> Result<Self> {
        let mut people = Self::default();
        people.load(ctx, profiles.iter().copied()).await?;
        people.span_late();
        people.restated.extend(profiles);
        Ok(people)
    }

    /// Takes in identities that a load makes.
    pub(super) fn add_new(&mut self, rows: &[IdentityRow]) {
        let is_mine =
            |row: &&IdentityRow| [&self.changed, &self.restated].iter().any(|of| of.contains(&row.profile_id));
        let rows: Vec<&IdentityRow> = rows.iter().filter(is_mine).collect();
        for row in rows {
            self.nodes.insert(row.identity_id, Node::stored(row.clone()));
        }
    }

    async fn gather(&mut self, ctx: &Ctx, heard: &[Heard]) -> Result<()> {
        let mut indexers: HashMap<IdentityKind, Indexer> = HashMap::new();
        let mut new: Vec<Node> = Vec::new();
        let mut number: HashMap<(IdentityKind, String, String), usize> = HashMap::new();
        for one in heard {
            let at = one.message.occurred_at;
            for identity in &one.message.identities {
                let key = key_of(identity, &one.source.name);
                let at_number = *number.entry(key).or_insert_with_key(|(kind, scope, value)| {
                    let indexer = indexers.entry(*kind).or_insert_with(|| ctx.vault().indexer(kind.as_str()));
                    new.push(Node {
                        kind: *kind,
                        row: None,
                        first_at: None,
                        last_at: None,
                        is_aside: false,
                        profile: None,
                        joined: 0,
                        index: indexer.index(value),
                        value: value.clone(),
                        scope: scope.clone(),
                        source: one.source.name.clone(),
                        is_touched: true,
                    });
                    new.len() - 1
                });
                let node = &mut new[at_number];
                node.first_at = Some(node.first_at.map_or(at, |first| first.min(at)));
                node.last_at = Some(node.last_at.map_or(at, |last| last.max(at)));
            }
        }
        let key =
            |node: &Node| IdentityKey { kind: node.kind.as_str().into(), scope: node.scope.clone(), index: node.index };
        let keys: Vec<IdentityKey> = new.iter().map(key).collect();
        let mut stored: HashMap<IdentityKey, IdentityRow> = HashMap::new();
        for row in ctx.store().identities_by_index(&keys).await? {
            stored
                .insert(IdentityKey { kind: row.kind.clone(), scope: row.scope.clone(), index: row.value_index }, row);
        }
        let mut ids: Vec<i64> = vec![0; new.len()];
        // New ids ascend in the order of the index: so they are stored fastest.
        let mut fresh: Vec<usize> = (0..new.len()).filter(|&at| !stored.contains_key(&keys[at])).collect();
        fresh.sort_unstable_by_key(|&at| (new[at].kind.as_str(), new[at].index));
        let mut random: Vec<i64> = fresh.iter().map(|_| ctx.vault().random_id()).collect();
        random.sort_unstable();
        fresh.into_iter().zip(random).for_each(|(at, id)| ids[at] = id);
        for (at, mut node) in new.into_iter().enumerate() {
            if let Some(row) = stored.remove(&keys[at]) {
                let earliest = [node.first_at, row.first_seen_at].into_iter().flatten().min();
                let latest = [node.last_at, row.last_seen_at].into_iter().flatten().max();
                ids[at] = row.identity_id;
                node = Node { first_at: earliest, last_at: latest, is_touched: true, ..Node::stored(row) };
            }
            self.nodes.insert(ids[at], node);
        }
        self.by_value = number.into_iter().map(|(key, at)| (key, ids[at])).collect();
        Ok(())
    }

    /// Loads the identities of profiles, the visitors they claim, and all claims of these.
    async fn load(&mut self, ctx: &Ctx, profiles: impl IntoIterator<Item = i64>) -> Result<()> {
        let wanted: Vec<i64> = profiles.into_iter().filter(|profile| self.loaded.insert(*profile)).collect();
        let of_profiles = if wanted.is_empty() { Vec::new() } else { ctx.store().identities_of(&wanted).await? };
        let mut known: Vec<i64> = Vec::new();
        let mut visitors: BTreeSet<i64> = BTreeSet::new();
        for row in of_profiles {
            let id = row.identity_id;
            let node = self.nodes.entry(id).or_insert_with(|| Node::stored(row));
            if node.is_anonymous() { visitors.extend([id]) } else { known.push(id) }
        }
        visitors
            .extend(self.nodes.iter().filter(|(_, node)| node.is_anonymous() && node.row.is_some()).map(|(id, _)| *id));
        visitors.extend(ctx.store().claimed_by(&known).await?.into_iter().map(|(visitor, _)| visitor));
        visitors.retain(|visitor| !self.claims.contains_key(visitor));
        let visitors: Vec<i64> = visitors.into_iter().collect();
        let mut others: BTreeSet<i64> = visitors.iter().copied().collect();
        for &visitor in &visitors {
            self.claims.insert(visitor, Claims::new());
        }
        for row in ctx.store().claims_of(&visitors).await? {
            let said: Vec<Stamp> =
                serde_json::from_str(&row.claims_json).map_err(|error| Error::bug("stored claims", error))?;
            others.insert(row.owner_identity_id);
            let claims = self.claims.entry(row.identity_id).or_default();
            said.into_iter().for_each(|stamp| claim(claims, stamp, row.owner_identity_id));
        }
        others.retain(|id| !self.nodes.contains_key(id));
        let others: Vec<i64> = others.into_iter().collect();
        for row in ctx.store().identities_by_ids(&others).await? {
            self.nodes.insert(row.identity_id, Node::stored(row));
        }
        Ok(())
    }

    /// Takes the statements about pairs of known ids in; gives the pairs that hold or no longer hold.
    async fn hear(
        &mut self,
        ctx: &Ctx,
        heard: &[Heard],
        dirty: &mut BTreeSet<i64>,
        commit: &mut IngestCommit,
    ) -> Result<HashMap<(i64, i64), bool>> {
        let mut said: BTreeMap<(i64, i64), (Stamp, bool)> = BTreeMap::new();
        for one in heard {
            for statement in statements(&one.message) {
                let (left, right, holds) = match &statement {
                    Statement::Bond { left, right } => (left, right, true),
                    Statement::Part { left, right } => (left, right, false),
                    Statement::Claim { .. } => continue,
                };
                let id = |identity| self.by_value.get(&key_of(identity, &one.source.name)).copied();
                let (Some(left), Some(right)) = (id(left), id(right)) else { continue };
                if left == right {
                    continue;
                }
                if holds && one.message.binding_id.is_some() {
                    self.scanned.insert((left.min(right), left.max(right)));
                }
                let now = (one.message.stamp(), holds);
                let held = said.entry((left.min(right), left.max(right))).or_insert_with(|| now.clone());
                if now > *held {
                    *held = now;
                }
            }
        }
        let removals = Removals::read(ctx, self, heard, said.keys()).await?;
        let ends: Vec<i64> = said.keys().flat_map(|(left, right)| [*left, *right]).chain(removals.subjects()).collect();
        let mut stored: HashMap<(i64, i64), (Stamp, bool)> = HashMap::new();
        for bond in ctx.store().bonds_of(&ends).await? {
            let pair = (bond.left_identity_id, bond.right_identity_id);
            stored.insert(pair, (Stamp(bond.said_at, bond.said_by), bond.holds != 0));
        }
        removals.apply(ctx, self, &stored, &mut said).await?;
        for (&pair, now) in &said {
            let before = stored.get(&pair);
            if before.is_some_and(|before| before >= now) {
                continue;
            }
            if before.is_none_or(|before| before.1 != now.1) {
                dirty.extend([pair.0, pair.1]);
            }
            commit.bonds.push(BondRow {
                left_identity_id: pair.0,
                right_identity_id: pair.1,
                said_at: now.0.0,
                said_by: now.0.1.clone(),
                holds: i64::from(now.1),
            });
            stored.insert(pair, now.clone());
        }
        Ok(stored.into_iter().map(|(pair, (_, holds))| (pair, holds)).collect())
    }

    /// Takes the claims of visitors in.
    fn hear_claims(&mut self, heard: &[Heard], now: i64, commit: &mut IngestCommit) -> Result<()> {
        let mut touched: BTreeSet<(i64, i64)> = BTreeSet::new();
        for one in heard {
            for statement in statements(&one.message) {
                let Statement::Claim { anonymous, owner } = &statement else { continue };
                let id = |identity| self.by_value.get(&key_of(identity, &one.source.name)).copied();
                let (Some(visitor), Some(owner)) = (id(anonymous), id(owner)) else { continue };
                claim(self.claims.entry(visitor).or_default(), one.message.stamp(), owner);
                touched.insert((visitor, owner));
            }
        }
        let settled = now - SETTLED;
        for visitor in touched.iter().map(|(visitor, _)| *visitor).collect::<BTreeSet<i64>>() {
            let Some(claims) = self.claims.get_mut(&visitor) else { continue };
            if claims.len() > MANY_CLAIMS && thin(claims, settled) {
                touched.extend(claims.values().map(|owner| (visitor, *owner)));
            }
        }
        for (visitor, owner) in touched {
            let claims = self.claims.get(&visitor).into_iter().flatten();
            let said: Vec<&Stamp> = claims.filter(|(_, held)| **held == owner).map(|(stamp, _)| stamp).collect();
            let claims_json = serde_json::to_string(&said).map_err(|error| Error::bug("claims as JSON", error))?;
            commit.claims.push(ClaimRow { identity_id: visitor, owner_identity_id: owner, claims_json });
        }
        Ok(())
    }

    fn new_profile(&mut self, ctx: &Ctx) -> i64 {
        let profile_id = ctx.vault().random_id();
        self.profiles.insert(profile_id, new_profile(profile_id, ctx.now()));
        self.new_profiles.insert(profile_id);
        profile_id
    }

    fn spans_of(&self, claims: Option<&Claims>, now: bool) -> Vec<(i64, i64)> {
        let profile = |owner: i64| {
            let node = self.nodes.get(&owner)?;
            let (profile, is_aside) = match (&node.row, now) {
                (row, false) => {
                    let row = row.as_ref()?;
                    (Some(row.profile_id), row.status == IdentityStatus::SetAside)
                }
                (_, true) => (node.profile, node.is_aside),
            };
            profile.filter(|_| !is_aside)
        };
        spans(claims, profile)
    }

    /// What was loaded since belongs to whom it belonged.
    fn span_late(&mut self) {
        let late: Vec<i64> = self.claims.keys().copied().filter(|visitor| !self.spans.contains_key(visitor)).collect();
        for visitor in late {
            let spans = self.spans_of(self.claims.get(&visitor), true);
            if !spans.is_empty() {
                self.spans.insert(visitor, spans);
            }
        }
    }

    /// Who owns the visitors now, and what that changes for rows that are there.
    async fn settle_visitors(&mut self, ctx: &Ctx, commit: &mut IngestCommit) -> Result<()> {
        let mut visitors: Vec<i64> = self.claims.keys().copied().collect();
        visitors.sort_unstable();
        let mut concerned: BTreeSet<i64> = BTreeSet::new();
        let mut after: HashMap<i64, (Vec<(i64, i64)>, bool)> = HashMap::new();
        for &visitor in &visitors {
            let now = self.spans_of(self.claims.get(&visitor), true);
            let before = self.spans_of(self.old_claims.get(&visitor), false);
            let is_changed = now != before;
            if is_changed {
                let has_none = |profile: &i64| now.iter().all(|span| span.1 != *profile);
                let gone = before.iter().map(|span| span.1).filter(has_none);
                self.lost.extend(gone.map(|profile| (profile, visitor)));
                concerned.extend(now.iter().chain(&before).map(|span| span.1));
            }
            after.insert(visitor, (now, is_changed));
        }
        // Profiles that gain or lose time of a visitor are described anew, so their identities are needed.
        let stored: Vec<i64> = concerned.iter().copied().filter(|id| !self.new_profiles.contains(id)).collect();
        self.load(ctx, stored).await?;
        self.changed.extend(concerned);
        for (visitor, (spans, is_changed)) in after {
            let Some((&(_, first), &(_, last))) = spans.first().zip(spans.last()) else { continue };
            let is_one = spans.len() == 1;
            let Some(node) = self.nodes.get_mut(&visitor) else { continue };
            node.profile = Some(last);
            if is_changed && is_one && node.row.is_some() {
                commit.respanned.push(visitor);
                commit.load.overrides.push((visitor, first));
            } else if is_changed && !is_one {
                // Of a new visitor too: a later merge of one owner must not take the rows of the others along.
                let row_of = |&(since_at, profile_id): &(i64, i64)| OverrideSpanRow {
                    identity_id: visitor,
                    since_at,
                    profile_id,
                };
                commit.respanned.push(visitor);
                commit.spans.extend(spans.iter().map(row_of));
            }
            self.spans.insert(visitor, spans);
        }
        self.span_late();
        // A visitor whom nobody claimed is somebody of its own.
        let mut own: Vec<i64> =
            self.nodes.iter().filter(|(_, node)| node.profile.is_none() && !node.is_aside).map(|(id, _)| *id).collect();
        own.sort_unstable();
        for id in own {
            let profile = self.new_profile(ctx);
            if let Some(node) = self.nodes.get_mut(&id) {
                node.profile = Some(profile);
            }
        }
        Ok(())
    }

    /// Identities that go to another profile, profiles that are left by all, new rows.
    async fn move_all(&mut self, ctx: &Ctx, commit: &mut IngestCommit) -> Result<()> {
        let mut ids: Vec<i64> = self.nodes.keys().copied().collect();
        ids.sort_unstable();
        for id in &ids {
            let node = &self.nodes[id];
            let (Some(row), Some(profile)) = (&node.row, node.profile) else { continue };
            if node.is_aside || row.profile_id == profile {
                continue;
            }
            commit.load.moved_identities.push((*id, profile));
            commit.homes.push((*id, row.profile_id));
            if !node.is_anonymous() || !self.spans.contains_key(id) {
                commit.load.overrides.push((*id, profile));
            }
            self.left.push((row.profile_id, *id));
            self.changed.extend([row.profile_id, profile]);
        }
        let stays: HashSet<i64> =
            self.nodes.values().filter(|node| !node.is_aside).filter_map(|node| node.profile).collect();
        for (profile, id) in &self.left {
            let is_known = self.merged.iter().any(|(from, _)| from == profile);
            if let Some(into) = self.nodes[id].profile.filter(|_| !is_known && !stays.contains(profile)) {
                self.merged.push((*profile, into));
            }
        }
        commit.load.merged.extend(self.merged.iter().copied());
        // An identity that identifies nobody is sealed under a key of its own.
        let aside: Vec<i64> = ids.iter().copied().filter(|id| self.nodes[id].profile.is_none()).collect();
        for id in aside {
            let profile = self.new_profile(ctx);
            if let Some(node) = self.nodes.get_mut(&id) {
                node.profile = Some(profile);
            }
        }
        let used = self.nodes.values().filter_map(|node| node.profile).filter(|id| !self.new_profiles.contains(id));
        self.keys.fetch(ctx, used.collect::<Vec<_>>()).await?;
        let now = ctx.now();
        // Whoever parts and was nobody before needs a key of their own for what is theirs.
        let used: BTreeSet<i64> = self.nodes.values().filter_map(|node| node.profile).collect();
        for profile in used.into_iter().filter(|id| self.new_profiles.contains(id)) {
            if self.keys.get(profile).is_none() {
                self.keys.make(ctx, profile, now)?;
            }
        }
        for id in ids {
            let Some(node) = self.nodes.get(&id) else { continue };
            let status = if node.is_aside { IdentityStatus::SetAside } else { IdentityStatus::Active };
            if let Some(row) = &node.row {
                if node.is_aside && row.status == IdentityStatus::Active {
                    commit.load.set_aside.push(id);
                }
                if !node.is_aside && row.status == IdentityStatus::SetAside {
                    commit.active_again.push(id);
                }
                if node.is_touched {
                    commit.load.touched_identities.push(IdentityTouch {
                        identity_id: id,
                        first_seen_at: node.first_at,
                        last_seen_at: node.last_at,
                        n_joined: Some(node.joined).filter(|joined| *joined != row.n_joined),
                    });
                }
                continue;
            }
            let Some(profile_id) = node.profile else { continue };
            let Some(key) = self.keys.get(profile_id) else { continue };
            commit.load.new_identities.push(IdentityRow {
                identity_id: id,
                kind: node.kind.as_str().into(),
                scope: node.scope.clone(),
                value_index: node.index,
                sealed: key.seal(IDENTITY_VALUE, node.value.as_bytes()),
                key_profile_id: profile_id,
                profile_id,
                home_profile_id: profile_id,
                status,
                n_joined: node.joined,
                first_seen_at: node.first_at,
                last_seen_at: node.last_at,
                source: node.source.clone(),
            });
        }
        Ok(())
    }

    /// Counts and spans of time of the profiles concerned, made from their identities.
    async fn describe(&mut self, ctx: &Ctx) -> Result<()> {
        let mut concerned: BTreeSet<i64> = self.changed.clone();
        concerned.extend(self.nodes.values().filter(|node| node.is_touched).filter_map(|node| node.profile));
        let of_spans = self.spans.iter().filter(|(id, _)| self.nodes.get(id).is_some_and(|node| node.is_touched));
        concerned.extend(of_spans.flat_map(|(_, spans)| spans.iter().map(|span| span.1)));
        concerned.extend(self.merged.iter().flat_map(|(from, into)| [*from, *into]));
        let stored: Vec<i64> = concerned.iter().copied().filter(|id| !self.new_profiles.contains(id)).collect();
        // A visitor's owner may be somebody whom nothing else in the batch concerns.
        self.load(ctx, stored.iter().copied()).await?;
        self.span_late();
        for mut row in ctx.store().profiles_by_ids(&stored).await? {
            self.pins.lift(&mut row);
            self.profiles.entry(row.profile_id).or_insert(row);
        }
        let mut counts: HashMap<i64, (i64, Option<i64>, Option<i64>)> = HashMap::new();
        for (id, node) in self.nodes.iter().filter(|(_, node)| !node.is_aside) {
            let Some(profile) = node.profile else { continue };
            counts.entry(profile).or_default().0 += 1;
            let spans = self.spans.get(id).map_or(&[][..], Vec::as_slice);
            let first = spans.first().map_or(profile, |span| span.1);
            let earliest = &mut counts.entry(first).or_default().1;
            *earliest = [*earliest, node.first_at].into_iter().flatten().min();
            let latest = &mut counts.entry(profile).or_default().2;
            *latest = [*latest, node.last_at].into_iter().flatten().max();
        }
        for (profile_id, row) in &mut self.profiles {
            if !concerned.contains(profile_id) && !self.new_profiles.contains(profile_id) {
                continue;
            }
            let (n, first, last) = counts.get(profile_id).copied().unwrap_or_default();
            row.n_identities = n;
            row.first_seen_at = first;
            row.last_seen_at = last;
            row.merged_into = self.merged.iter().find(|(from, _)| from == profile_id).map(|(_, into)| *into);
        }
        Ok(())
    }

    /// Profiles made by this batch and those that were there, to be stored.
    pub(super) fn finish(self, commit: &mut IngestCommit) -> Keys {
        for (profile_id, row) in self.profiles {
            match self.new_profiles.contains(&profile_id) {
                true => commit.load.new_profiles.push(row),
                false => commit.load.updated_profiles.push(row),
            }
        }
        self.keys
    }
}

/// The message with another id, should its own look like personal data.
pub(super) fn without_personal_id(ctx: &Ctx, mut message: Message) -> Message {
    if zhike_domain::detect::mask_text(&message.message_id).is_some() {
        let print = ctx.vault().fingerprint(message.message_id.as_bytes());
        message.message_id = format!("h{:032x}", u128::from_le_bytes(print));
    }
    message
}
