//! Who the rows of a load are about: identities gathered row by row, people resolved once, in columns.

use crate::boxed;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use zhike_domain::frame::{Column, ColumnType, Frame, NumColumn, TextColumn};
use zhike_domain::identity::{self, Existing, Joined, Policy};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{EdgeRow, IdentityKey, IdentityRow, IdentityStatus, IdentityTouch, LoadCommit, ProfileRow, Verdict};
use zhike_vault::Indexer;

use super::rowhash;
use crate::corrections::Pins;
use crate::sealing::{IDENTITY_VALUE, Keys};
use crate::{Ctx, Result};

/// Identities looked up in the store at a time.
const KEYS_AT_A_TIME: usize = 1 << 16;
/// Row without an identity.
pub(crate) const NOBODY: u32 = u32::MAX;
/// Column of rows on their way that holds the number of their strongest identity.
pub(crate) const PERSON: &str = "person";

/// Looks at a commit before it is stored, with the keys that open it.
pub(crate) type Look<'a> = &'a mut (dyn FnMut(&Keys, &LoadCommit) + Send);

/// Accepted rows of which it is known who they are about.
#[derive(Default)]
pub(crate) struct Known {
    /// The rows: identity columns taken out; [`PERSON`] holds the number of the strongest identity, `identity` a number that
    /// stands for it in fingerprints.
    pub(crate) frame: Frame,
    /// Number of each row's strongest identity, or [`NOBODY`].
    pub(crate) strongest: Vec<u32>,
    /// Fingerprint of all that each row says.
    pub(crate) hashes: Vec<u128>,
}

/// One identity of a load.
struct Local {
    kind: u8,
    index: [u8; 16],
    identity_id: i64,
    existing: Option<Box<IdentityRow>>,
    first_seen_at: Option<i64>,
    last_seen_at: Option<i64>,
}

/// Gathers the identities of a load. Values stay in memory, in the clear, until [`People::resolve`] seals the new ones.
#[derive(Default)]
pub(crate) struct People {
    indexers: Vec<Indexer>,
    source: String,
    hasher: FixedState,
    /// (kind, value) → local number; by a 128-bit hash, so that no value is kept twice.
    by_value: HashMap<u128, u32, FixedState>,
    locals: Vec<Local>,
    values: TextColumn,
    links: Vec<(u32, u32)>,
    seen_links: std::collections::HashSet<(u32, u32), FixedState>,
    store_is_empty: bool,
}

impl People {
    pub(crate) async fn new(ctx: &Ctx, source: &str) -> Result<Self> {
        let indexers = IdentityKind::ALL.iter().map(|kind| ctx.vault().indexer(kind.as_str())).collect();
        Ok(Self {
            indexers,
            source: source.to_owned(),
            hasher: FixedState::default(),
            by_value: HashMap::default(),
            locals: Vec::new(),
            values: TextColumn::default(),
            links: Vec::new(),
            seen_links: Default::default(),
            store_is_empty: ctx.store().n_identities().await? == 0,
        })
    }

    /// Finds out who rows are about. `seen_at` names the column with the instant of the row's fact.
    pub(crate) fn know(&mut self, mut frame: Frame, seen_at: Option<&str>) -> Known {
        let strongest = self.take(&mut frame, seen_at);
        let person = strongest.iter().map(|&local| (local != NOBODY).then_some(i64::from(local))).collect();
        frame.set("identity", ColumnType::Int, Column::Num(self.fingerprints(&strongest)));
        frame.set(PERSON, ColumnType::Int, Column::Num(person));
        let hashes = rowhash::rows(&frame, &[PERSON]);
        Known { frame, strongest, hashes }
    }

    /// Takes the identity columns out of a frame and returns, for each row, the number of its strongest identity, or
    /// [`NOBODY`]. `seen_at` names the column with the instant of the row's fact.
    fn take(&mut self, frame: &mut Frame, seen_at: Option<&str>) -> Vec<u32> {
        let n_rows = frame.n_rows();
        let mut strongest = vec![NOBODY; n_rows];
        let seen_at = seen_at.and_then(|name| frame.num(name).cloned());
        for (at, kind) in IdentityKind::ALL.iter().enumerate() {
            let Some(Column::Sensitive(column)) = frame.remove(kind.as_str()) else { continue };
            let column = column.expose();
            let mut last: Option<(&str, u32)> = None;
            for (row, first) in strongest.iter_mut().enumerate() {
                let Some(value) = column.get(row) else { continue };
                let local = match last {
                    // Rows of one customer often follow each other.
                    Some((text, local)) if text == value => local,
                    _ => self.local(at as u8, value),
                };
                last = Some((value, local));
                let identity = &mut self.locals[local as usize];
                if let Some(seen) = seen_at.as_ref().and_then(|column| column.get(row)) {
                    identity.first_seen_at = Some(identity.first_seen_at.map_or(seen, |first| first.min(seen)));
                    identity.last_seen_at = Some(identity.last_seen_at.map_or(seen, |last| last.max(seen)));
                }
                if *first == NOBODY {
                    *first = local;
                } else if self.seen_links.insert((*first, local)) {
                    self.links.push((*first, local));
                }
            }
        }
        strongest
    }

    fn local(&mut self, kind: u8, value: &str) -> u32 {
        let low = self.hasher.hash_one((kind, value));
        let high = self.hasher.hash_one((value, kind, 0x5bd1_e995_u32));
        let hash = u128::from(high) << 64 | u128::from(low);
        if let Some(&local) = self.by_value.get(&hash) {
            return local;
        }
        let local = self.locals.len() as u32;
        self.by_value.insert(hash, local);
        let index = self.indexers[kind as usize].index(value);
        self.values.push(Some(value));
        self.locals.push(Local {
            kind,
            index,
            identity_id: 0,
            existing: None,
            first_seen_at: None,
            last_seen_at: None,
        });
        local
    }

    /// Gives the identities their ids: those the store has, or new ones.
    async fn identify(&mut self, ctx: &Ctx) -> Result<()> {
        if !self.store_is_empty {
            for from in (0..self.locals.len()).step_by(KEYS_AT_A_TIME) {
                self.look_up(ctx, from..self.locals.len().min(from + KEYS_AT_A_TIME)).await?;
            }
        }
        // New ids are random; handed out in the order of the index, they are stored twice as fast (LoadCommit).
        let mut new: Vec<u32> =
            (0..self.locals.len() as u32).filter(|&at| self.locals[at as usize].existing.is_none()).collect();
        new.sort_unstable_by_key(|&at| {
            let local = &self.locals[at as usize];
            (IdentityKind::ALL[local.kind as usize].as_str(), local.index)
        });
        let mut ids: Vec<i64> = new.iter().map(|_| ctx.vault().random_id()).collect();
        ids.sort_unstable();
        for (at, identity_id) in new.into_iter().zip(ids) {
            self.locals[at as usize].identity_id = identity_id;
        }
        Ok(())
    }

    async fn look_up(&mut self, ctx: &Ctx, some: std::ops::Range<usize>) -> Result<()> {
        let mut by_index: HashMap<(u8, [u8; 16]), usize> = HashMap::with_capacity(some.len());
        let keys: Vec<IdentityKey> = some
            .map(|at| {
                let local = &self.locals[at];
                by_index.insert((local.kind, local.index), at);
                let kind = IdentityKind::ALL[local.kind as usize];
                IdentityKey { kind: kind.as_str().into(), scope: scope(kind, &self.source).into(), index: local.index }
            })
            .collect();
        for row in ctx.store().identities_by_index(&keys).await? {
            let kind = IdentityKind::ALL.iter().position(|kind| kind.as_str() == row.kind).unwrap_or(0) as u8;
            if let Some(&at) = by_index.get(&(kind, row.value_index)) {
                self.locals[at].identity_id = row.identity_id;
                self.locals[at].existing = Some(Box::new(row));
            }
        }
        Ok(())
    }

    /// Numbers that stand for identities in fingerprints of rows: the same in every load; missing for [`NOBODY`].
    fn fingerprints(&self, locals: &[u32]) -> NumColumn {
        let bits = |local: &Local| {
            let [a, b, c, d, e, f, g, h, ..] = local.index;
            i64::from_le_bytes([a, b, c, d, e, f, g, h])
        };
        locals.iter().map(|&local| self.locals.get(local as usize).map(bits)).collect()
    }

    /// Decides who is who and writes what state has to change into `commit`.
    pub(crate) async fn resolve(&mut self, ctx: &Ctx, batch_id: i64, commit: &mut LoadCommit) -> Result<Resolved> {
        self.identify(ctx).await?;
        let now = ctx.now();
        let policy = policy(ctx).await?;
        // Existing identities that were set aside identify nobody.
        let is_aside =
            |local: &Local| local.existing.as_ref().is_some_and(|row| row.status == IdentityStatus::SetAside);
        let existing_profile: Vec<Option<i64>> = self
            .locals
            .iter()
            .map(|local| local.existing.as_ref().filter(|_| !is_aside(local)).map(|row| row.profile_id))
            .collect();
        let mut profiles: Vec<i64> = existing_profile.iter().flatten().copied().collect();
        profiles.sort_unstable();
        profiles.dedup();
        let mut rows = ctx.store().profiles_by_ids(&profiles).await?;
        let pins = Pins::read(ctx).await?;
        rows.iter_mut().for_each(|row| pins.lift(row));
        let created: HashMap<i64, i64> = rows.iter().map(|row| (row.profile_id, row.created_at)).collect();
        let mut known: HashMap<i64, ProfileRow> = rows.into_iter().map(|row| (row.profile_id, row)).collect();
        let kinds: Vec<IdentityKind> = self.locals.iter().map(|local| IdentityKind::ALL[local.kind as usize]).collect();
        let joined: Vec<Joined> = self
            .locals
            .iter()
            .map(|local| Joined::from_i64(local.existing.as_ref().map_or(0, |row| row.n_joined)))
            .collect();
        let profile: Vec<Option<Existing>> = existing_profile
            .iter()
            .map(|profile| {
                profile.map(|profile_id| Existing {
                    profile_id,
                    created_at: created.get(&profile_id).copied().unwrap_or(i64::MAX),
                })
            })
            .collect();
        let stored = self.stored_links(ctx).await?;
        let apart = self.kept_apart(ctx, &existing_profile).await?;
        // Every identity of a load comes from its one source.
        let scope = vec![0; kinds.len()];
        let input = identity::Input {
            kind: &kinds,
            scope: &scope,
            joined: &joined,
            profile: &profile,
            links: &self.links,
            stored: Some(&stored),
            // Those of one person have one profile already.
            same: &[],
            likely: &[],
            apart: &apart,
        };
        let resolution = identity::resolve(input, &policy);
        let mut is_aside: Vec<bool> = self.locals.iter().map(is_aside).collect();
        for aside in &resolution.set_aside {
            is_aside[aside.identity as usize] = true;
        }

        // Every cluster has one profile: the surviving one, or a new one.
        let mut profile_of_cluster = resolution.profile_of.clone();
        let mut keys = Keys::default();
        let mut resolved = Resolved {
            identity_of: self.locals.iter().map(|local| local.identity_id).collect(),
            profile_of: vec![None; self.locals.len()],
            ..Resolved::default()
        };
        let mut new_rows: HashMap<i64, ProfileRow> = HashMap::new();
        for (at, _) in is_aside.iter().enumerate().filter(|(_, aside)| !**aside) {
            let cluster = resolution.cluster_of[at] as usize;
            let profile_id = *profile_of_cluster[cluster].get_or_insert_with(|| {
                let profile_id = ctx.vault().random_id();
                new_rows.insert(profile_id, new_profile(profile_id, now));
                profile_id
            });
            resolved.profile_of[at] = Some(profile_id);
        }
        commit.merged.extend(resolution.merges.iter().map(|merge| (merge.from, merge.into)));
        let decided = Decided { resolution: &resolution, is_aside: &is_aside, resolved: &resolved, batch_id, now };
        self.commit_identities(ctx, &decided, &mut keys, &mut new_rows, commit).await?;
        self.move_merged(ctx, commit, &mut known).await?;
        self.touch_profiles(&resolved, &mut new_rows, &mut known, commit);
        resolved.n_new = new_rows.len() as u64;
        resolved.n_merged = commit.merged.len() as u64;
        resolved.n_set_aside = commit.set_aside.len() as u64;
        resolved.keys = keys;
        resolved.new_rows = new_rows;
        resolved.known = known;
        resolved.pins = pins;
        Ok(resolved)
    }

    /// Links among the identities of this load that earlier loads made, refused or undid: they are not decided again.
    async fn stored_links(&self, ctx: &Ctx) -> Result<Vec<(u32, u32)>> {
        if self.links.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.locals.iter().enumerate().filter(|(_, local)| local.existing.is_some());
        let numbers: HashMap<i64, u32> = known.map(|(at, local)| (local.identity_id, at as u32)).collect();
        let ids: Vec<i64> = numbers.keys().copied().collect();
        let edges = ctx.store().edges_of(&ids).await?;
        let both = edges
            .iter()
            .filter_map(|edge| Some((*numbers.get(&edge.left_identity_id)?, *numbers.get(&edge.right_identity_id)?)));
        Ok(both.collect())
    }

    /// Pairs of identities of this load, one each of two profiles that were decided to be different people.
    async fn kept_apart(&self, ctx: &Ctx, existing_profile: &[Option<i64>]) -> Result<Vec<(u32, u32)>> {
        let mut decisions = ctx.store().decisions().await?;
        decisions.retain(|row| row.verdict == Verdict::Apart);
        if decisions.is_empty() {
            return Ok(Vec::new());
        }
        let ends: Vec<i64> = decisions.iter().flat_map(|row| [row.left_identity_id, row.right_identity_id]).collect();
        let ends = ctx.store().identities_by_ids(&ends).await?;
        let profile: HashMap<i64, i64> = ends.iter().map(|row| (row.identity_id, row.profile_id)).collect();
        let here = (0..).zip(existing_profile).filter_map(|(at, profile)| Some(((*profile)?, at)));
        let here: HashMap<i64, u32> = here.collect();
        let at = |identity: i64| here.get(profile.get(&identity)?).copied();
        Ok(decisions.iter().filter_map(|row| Some((at(row.left_identity_id)?, at(row.right_identity_id)?))).collect())
    }

    async fn commit_identities(
        &self,
        ctx: &Ctx,
        decided: &Decided<'_>,
        keys: &mut Keys,
        new_rows: &mut HashMap<i64, ProfileRow>,
        commit: &mut LoadCommit,
    ) -> Result<()> {
        let Decided { resolution, is_aside, resolved, batch_id, now } = *decided;
        let existing = resolved.profile_of.iter().flatten().copied().filter(|profile| !new_rows.contains_key(profile));
        keys.fetch(ctx, existing.collect::<Vec<_>>()).await?;
        for (at, local) in self.locals.iter().enumerate() {
            let kind = IdentityKind::ALL[local.kind as usize];
            if let Some(row) = &local.existing {
                commit.touched_identities.push(IdentityTouch {
                    identity_id: row.identity_id,
                    first_seen_at: local.first_seen_at,
                    last_seen_at: local.last_seen_at,
                    n_joined: Some(resolution.joined[at].to_i64()).filter(|joined| *joined != row.n_joined),
                });
                if is_aside[at] && row.status == IdentityStatus::Active {
                    commit.set_aside.push(row.identity_id);
                }
                continue;
            }
            // An identity that identifies nobody still needs a key to be sealed under: one of its own.
            let profile_id = match resolved.profile_of[at] {
                Some(profile_id) => profile_id,
                None => {
                    let profile_id = ctx.vault().random_id();
                    new_rows.insert(profile_id, new_profile(profile_id, now));
                    profile_id
                }
            };
            if keys.get(profile_id).is_none() {
                keys.make(ctx, profile_id, now)?;
            }
            let value = self.values.get(at).unwrap_or_default();
            let sealed = match keys.get(profile_id) {
                Some(key) => key.seal(IDENTITY_VALUE, value.as_bytes()),
                None => continue,
            };
            commit.new_identities.push(IdentityRow {
                identity_id: local.identity_id,
                kind: kind.as_str().into(),
                scope: scope(kind, &self.source).into(),
                value_index: local.index,
                sealed,
                key_profile_id: profile_id,
                profile_id,
                home_profile_id: profile_id,
                status: if is_aside[at] { IdentityStatus::SetAside } else { IdentityStatus::Active },
                n_joined: resolution.joined[at].to_i64(),
                first_seen_at: local.first_seen_at,
                last_seen_at: local.last_seen_at,
                source: self.source.clone(),
            });
        }
        // A refused link is kept as undone, so that it is neither made nor counted again.
        let made = resolution.edges.iter().map(|edge| (edge.left, edge.right, edge.reason, None));
        let refused = resolution.refused.iter().map(|edge| (edge.left, edge.right, edge.reason, Some(now)));
        for (left, right, reason, undone_at) in made.chain(refused) {
            commit.edges.push(EdgeRow {
                edge_id: ctx.vault().random_id(),
                left_identity_id: self.locals[left as usize].identity_id,
                right_identity_id: self.locals[right as usize].identity_id,
                kind: "deterministic".into(),
                strength: 1.0,
                reason: reason.code().into(),
                source: self.source.clone(),
                batch_id,
                created_at: now,
                undone_at,
            });
        }
        Ok(())
    }

    /// Identities of merged profiles move, and queries are told where their earlier rows belong now.
    async fn move_merged(
        &self,
        ctx: &Ctx,
        commit: &mut LoadCommit,
        known: &mut HashMap<i64, ProfileRow>,
    ) -> Result<()> {
        if commit.merged.is_empty() {
            return Ok(());
        }
        let into: HashMap<i64, i64> = commit.merged.iter().copied().collect();
        let from: Vec<i64> = into.keys().copied().collect();
        for row in ctx.store().identities_of(&from).await? {
            let Some(&target) = into.get(&row.profile_id) else { continue };
            commit.moved_identities.push((row.identity_id, target));
            commit.overrides.push((row.identity_id, target));
        }
        for (from, into) in &commit.merged {
            if let Some(row) = known.get_mut(from) {
                row.merged_into = Some(*into);
            }
        }
        Ok(())
    }

    fn touch_profiles(
        &self,
        resolved: &Resolved,
        new_rows: &mut HashMap<i64, ProfileRow>,
        known: &mut HashMap<i64, ProfileRow>,
        commit: &LoadCommit,
    ) {
        for (local, profile) in self.locals.iter().zip(&resolved.profile_of) {
            let Some(profile) = profile else { continue };
            let Some(row) = new_rows.get_mut(profile).or_else(|| known.get_mut(profile)) else { continue };
            if local.existing.is_none() {
                row.n_identities += 1;
            }
            widen(row, local.first_seen_at, local.last_seen_at);
        }
        for (from, into) in &commit.merged {
            let Some(gone) = known.get(from).cloned() else { continue };
            if let Some(row) = known.get_mut(into) {
                row.n_identities += gone.n_identities;
                widen(row, gone.first_seen_at, gone.last_seen_at);
            }
        }
    }
}

/// What was decided, on its way into the commit.
#[derive(Clone, Copy)]
struct Decided<'a> {
    resolution: &'a identity::Resolution,
    is_aside: &'a [bool],
    resolved: &'a Resolved,
    batch_id: i64,
    now: i64,
}

/// Who the identities of a load are.
#[derive(Default)]
pub(crate) struct Resolved {
    /// Id of each identity by its number.
    pub(crate) identity_of: Vec<i64>,
    /// Profile of each identity by its number; none when it was set aside.
    pub(crate) profile_of: Vec<Option<i64>>,
    /// Keys of the profiles touched.
    pub(crate) keys: Keys,
    /// Profiles made.
    pub(crate) new_rows: HashMap<i64, ProfileRow>,
    /// Profiles that were there, as files and events describe them.
    pub(crate) known: HashMap<i64, ProfileRow>,
    /// Those of which the load states something.
    pub(crate) restated: BTreeSet<i64>,
    /// Corrections that are laid over them before they are stored.
    pub(crate) pins: Pins,
    pub(crate) n_new: u64,
    pub(crate) n_merged: u64,
    pub(crate) n_set_aside: u64,
}

impl Resolved {
    /// `person, identity_id, profile_id` as a table for the lake: `person` is the number of the identity.
    pub(crate) fn frame(&self) -> Frame {
        let numbers = (0..self.identity_of.len()).map(|person| Some(person as i64)).collect();
        Frame::new(self.identity_of.len())
            .with(PERSON, ColumnType::Int, Column::Num(numbers))
            .with("identity_id", ColumnType::Int, Column::Num(self.identity_of.iter().copied().map(Some).collect()))
            .with("profile_id", ColumnType::Int, Column::Num(self.profile_of.iter().copied().collect()))
    }

    /// Replaces the numbers of identities in rows by `identity_id` and `profile_id`.
    pub(crate) fn attach(&self, rows: &mut Frame) {
        let Some(Column::Num(person)) = rows.remove(PERSON) else { return };
        let of = |all: &dyn Fn(usize) -> Option<i64>| {
            Column::Num(person.iter().map(|person| all(usize::try_from(person?).ok()?)).collect())
        };
        let identity = of(&|person| self.identity_of.get(person).copied());
        let profile = of(&|person| self.profile_of.get(person).copied().flatten());
        rows.set("identity_id", ColumnType::Int, identity);
        rows.set("profile_id", ColumnType::Int, profile);
    }

    /// Moves the profile rows into the commit and stores the new keys.
    pub(crate) async fn commit(self, ctx: &Ctx, commit: &mut LoadCommit) -> Result<()> {
        self.commit_seen(ctx, commit, None).await
    }

    /// As [`Self::commit`], with a look at what files and events say, before corrections are laid over it.
    pub(crate) async fn commit_seen(
        mut self,
        ctx: &Ctx,
        commit: &mut LoadCommit,
        look: Option<Look<'_>>,
    ) -> Result<()> {
        self.keys.store_new(ctx).await?;
        commit.new_profiles.extend(self.new_rows.into_values());
        commit.updated_profiles.extend(self.known.into_values());
        crate::ingest::follow(ctx, commit, &self.restated).await?;
        if let Some(look) = look {
            look(&self.keys, commit);
        }
        self.pins.lay(ctx, commit).await
    }
}

fn widen(row: &mut ProfileRow, first: Option<i64>, last: Option<i64>) {
    row.first_seen_at = [row.first_seen_at, first].into_iter().flatten().min();
    row.last_seen_at = [row.last_seen_at, last].into_iter().flatten().max();
}

pub(crate) fn new_profile(profile_id: i64, now: i64) -> ProfileRow {
    ProfileRow {
        profile_id,
        kind: "person".into(),
        created_at: now,
        first_seen_at: None,
        last_seen_at: None,
        gender: None,
        birth_year: None,
        country: None,
        province: None,
        city: None,
        member_level: None,
        registered_on: None,
        acquisition_channel: None,
        traits: None,
        n_identities: 0,
        merged_into: None,
    }
}

/// Ids that a platform or an app gives are unique within the source; all others everywhere.
pub(crate) fn scope(kind: IdentityKind, source: &str) -> &str {
    match kind {
        IdentityKind::ExternalId | IdentityKind::Openid => source,
        _ => "",
    }
}

async fn policy(ctx: &Ctx) -> Result<Policy> {
    crate::query::definition(ctx, "identity_policy", "default").await
}

/// The identity policy in force.
#[boxed]
pub async fn identity_policy(ctx: &Ctx) -> Result<Policy> {
    policy(ctx).await
}

/// Stores a policy that was checked, for the loads that follow.
pub(crate) async fn set_policy(ctx: &Ctx, policy: &Policy) -> Result<i64> {
    crate::query::put_definition(ctx, "identity_policy", "default", policy).await
}
