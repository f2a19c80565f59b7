//! The decision: which identities are one person.

use std::cmp::Reverse;

use super::policy::{Joined, Policy};
use super::reason::Reason;
use super::union::Union;
use crate::import::entity::IdentityKind;

/// No index.
const NONE: u32 = u32::MAX;

/// A profile that exists already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Existing {
    /// Its id.
    pub profile_id: i64,
    /// When it was created; of several that become one, the oldest survives.
    pub created_at: i64,
}

/// Identities and what was seen of them; identities are named by their index, in the order in which they were created.
///
/// **Shape**: the columns are as long as there are identities, at most 2³² − 2; links hold indices into them.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Kinds.
    pub kind: &'a [IdentityKind],
    /// Index of the source (or app) that gave the value; what [`Policy::unique`] is counted within.
    pub scope: &'a [u32],
    /// What each had joined before this call.
    pub joined: &'a [Joined],
    /// The profile that each belongs to.
    pub profile: &'a [Option<Existing>],
    /// Identities seen together in a row: the row's strongest with each of the others. May repeat.
    pub links: &'a [(u32, u32)],
    /// Links among these identities that are stored already, made, refused or undone by hand: they are neither counted
    /// nor decided again. `None` when they were not loaded: then links within one profile are taken as stored, which
    /// keeps repeated loads from counting twice, but may count less than the links tell.
    pub stored: Option<&'a [(u32, u32)]>,
    /// Decided by hand to be one person: followed before all links, counted for nothing. May repeat.
    pub same: &'a [(u32, u32)],
    /// Decided by hand to be different people: no link joins them, nor a chain of links. May repeat.
    pub apart: &'a [(u32, u32)],
    /// Likely one person though no row names both, the most likely first: followed after all links, counted for nothing.
    pub likely: &'a [(u32, u32)],
}

/// A link that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The stronger identity, or the earlier of equals.
    pub left: u32,
    /// The other one.
    pub right: u32,
    /// Why.
    pub reason: Reason,
}

/// A link that was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The stronger identity, or the earlier of equals.
    pub left: u32,
    /// The other one.
    pub right: u32,
    /// Why.
    pub reason: Reason,
}

/// A profile that goes into another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Merge {
    /// The profile that goes.
    pub from: i64,
    /// The profile that stays.
    pub into: i64,
    /// Index of the edge that brought them together.
    pub edge: u32,
}

/// An identity that identifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// The identity.
    pub identity: u32,
    /// With how many of one kind it was seen.
    pub n_would_join: u32,
    /// Whether it still identified somebody before this call.
    pub is_new: bool,
    /// The profile that it belonged to. When `is_new`, earlier calls may have joined people by it: resolve all stored
    /// links of that profile afresh.
    pub profile: Option<i64>,
}

/// What was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolution {
    /// Person of each identity; numbered from 0 in the order of their first identity. One set aside stands alone.
    pub cluster_of: Vec<u32>,
    /// The profile that each person keeps; `None` when a new one is needed, or for an identity set aside.
    pub profile_of: Vec<Option<i64>>,
    /// New links, the strongest evidence first, each once.
    pub edges: Vec<Edge>,
    /// Profiles that become one.
    pub merges: Vec<Merge>,
    /// Identities that identify nobody, newly or since earlier.
    pub set_aside: Vec<SetAside>,
    /// New links that are not made, each once. Store them too, as undone: they are then not counted again.
    pub refused: Vec<Refused>,
    /// What each identity has joined by now; carry it to the next call.
    pub joined: Vec<Joined>,
}

/// Decides which identities are one person.
///
/// 1. Each new link counts once at its weaker end (at both when equally strong), by the kind of the other end. An identity
///    beyond its limit is set aside before anything is joined, so the order of rows does not matter.
/// 2. Identities of one existing profile are one person.
/// 3. What was decided by hand to be one person is, unless it was also decided to be different people.
/// 4. Links are followed, the strongest evidence first, then by index. One that would give a person a second value of a
///    unique kind from one source is refused, and one that would join what was decided to be different people.
/// 5. Likely pairs are followed last, in their order; what refuses a link refuses them.
/// 6. Of profiles that become one the oldest stays, then the one with the smallest id.
///
/// What holds over several calls: the module's invariants.
///
/// **Cost**: one sort of the links and one of the profiles, otherwise linear.
///
/// # Panics
/// When the columns differ in length or a link's index is out of range.
pub fn resolve(input: Input<'_>, policy: &Policy) -> Resolution {
    let n = input.kind.len();
    assert!(n < NONE as usize, "too many identities for one call");
    assert!([input.scope.len(), input.joined.len(), input.profile.len()] == [n; 3], "columns differ in length");

    let links = new_links(input);
    let mut joined = input.joined.to_vec();
    let kind = |at: u32| input.kind[at as usize];
    for &(left, right) in &links {
        joined[right as usize].add(kind(left));
        if kind(left) == kind(right) {
            joined[left as usize].add(kind(right));
        }
    }
    let is_aside: Vec<bool> =
        input.kind.iter().zip(&joined).map(|(&kind, &joined)| policy.is_beyond(kind, joined)).collect();

    let mut graph = Graph::new(input, policy, &is_aside);
    let mut edges = Vec::with_capacity(links.len());
    let mut refused = Vec::new();
    let by_hand = decided(input, input.same);
    let is_row = |link: &(u32, u32)| links.binary_search(link).is_ok();
    let others = by_evidence(input, &links).into_iter().filter(|link| by_hand.binary_search(link).is_err());
    let likely = input.likely.iter().filter(|(a, b)| a != b).map(|&pair| in_order(input, pair));
    let likely = likely.filter(|link| !is_row(link) && by_hand.binary_search(link).is_err());
    let all = (by_hand.iter().map(|&link| (link, Some(Reason::ByHand))))
        .chain(others.map(|link| (link, None)))
        .chain(likely.map(|link| (link, Some(Reason::Likely))));
    for (link, given) in all {
        let (left, right) = link;
        if let Some(aside) = [right, left].into_iter().find(|&at| is_aside[at as usize]) {
            refused.push(Refused { left, right, reason: Reason::SetAside(kind(aside)) });
            continue;
        }
        match graph.link(left, right, edges.len() as u32, given == Some(Reason::ByHand)) {
            Err(reason) => refused.push(Refused { left, right, reason }),
            Ok(()) => {
                let is_shared = kind(left) != kind(right) && joined[right as usize].most() > 1;
                let reason = match given {
                    Some(reason) if !is_row(&link) => reason,
                    _ if is_shared => Reason::Shared(kind(right)),
                    _ => Reason::SameRow,
                };
                edges.push(Edge { left, right, reason });
            }
        }
    }
    let set_aside = set_aside(input, policy, &is_aside, &refused);
    let (cluster_of, profile_of, merges) = graph.finish();
    Resolution { cluster_of, profile_of, edges, merges, set_aside, refused, joined }
}

/// The links that are not stored yet, each once, the stronger end first, sorted.
fn new_links(input: Input<'_>) -> Vec<(u32, u32)> {
    let links = directed(input, input.links);
    let packed = match input.stored {
        None => {
            let profile = |at: u64| input.profile[at as usize].map(|existing| existing.profile_id);
            let is_new = |&link: &u64| {
                let (left, right) = (profile(link >> 32), profile(link & u64::from(NONE)));
                left.is_none() || left != right
            };
            links.into_iter().filter(is_new).collect()
        }
        Some([]) => links,
        Some(stored) => {
            let mut stored = directed(input, stored).into_iter().peekable();
            let is_new = |link: &u64| {
                while stored.next_if(|known| known < link).is_some() {}
                stored.peek() != Some(link)
            };
            let mut links = links;
            links.retain(is_new);
            links
        }
    };
    packed.into_iter().map(unpacked).collect()
}

/// Pairs that were decided by hand, each once, the stronger end first, sorted.
fn decided(input: Input<'_>, pairs: &[(u32, u32)]) -> Vec<(u32, u32)> {
    directed(input, pairs).into_iter().map(unpacked).collect()
}

const fn unpacked(link: u64) -> (u32, u32) {
    ((link >> 32) as u32, link as u32)
}

/// A pair, the stronger end first, or the earlier of equals.
fn in_order(input: Input<'_>, (a, b): (u32, u32)) -> (u32, u32) {
    let rank = |at: u32| (input.kind[at as usize].strength(), at);
    if rank(a) <= rank(b) { (a, b) } else { (b, a) }
}

/// Links as one number each, the stronger end in the high half; sorted, each once, none of an identity with itself.
fn directed(input: Input<'_>, links: &[(u32, u32)]) -> Vec<u64> {
    let mut packed: Vec<u64> = links
        .iter()
        .filter(|(a, b)| a != b)
        .map(|&pair| {
            let (left, right) = in_order(input, pair);
            u64::from(left) << 32 | u64::from(right)
        })
        .collect();
    packed.sort_unstable();
    packed.dedup();
    packed
}

/// The links by the kind of their weaker end, the strongest kind first; within a kind as they were.
fn by_evidence(input: Input<'_>, links: &[(u32, u32)]) -> Vec<(u32, u32)> {
    let strength = |link: &(u32, u32)| usize::from(input.kind[link.1 as usize].strength());
    let mut start = [0_usize; IdentityKind::ALL.len() + 1];
    for link in links {
        start[strength(link) + 1] += 1;
    }
    for at in 1..start.len() {
        start[at] += start[at - 1];
    }
    let mut ordered = vec![(0, 0); links.len()];
    for link in links {
        let place = &mut start[strength(link)];
        ordered[*place] = *link;
        *place += 1;
    }
    ordered
}

fn set_aside(input: Input<'_>, policy: &Policy, is_aside: &[bool], refused: &[Refused]) -> Vec<SetAside> {
    // The counters stop at 63; how many there really are is counted for these few only.
    let mut counted: Vec<(u32, IdentityKind)> = Vec::new();
    for &Refused { left, right, .. } in refused {
        let (left_kind, right_kind) = (input.kind[left as usize], input.kind[right as usize]);
        if is_aside[right as usize] {
            counted.push((right, left_kind));
        }
        if is_aside[left as usize] && left_kind == right_kind {
            counted.push((left, right_kind));
        }
    }
    counted.sort_unstable();
    let mut runs = counted.chunk_by(|a, b| a.0 == b.0).peekable();
    let aside = (0_u32..).zip(is_aside).filter_map(|(at, &is_aside)| is_aside.then_some(at));
    aside
        .map(|identity| {
            let at = identity as usize;
            let before = input.joined[at];
            let mut n_would_join = before.most();
            if let Some(run) = runs.next_if(|run| run[0].0 == identity) {
                for same_kind in run.chunk_by(|a, b| a.1 == b.1) {
                    let n_now = u32::try_from(same_kind.len()).unwrap_or(u32::MAX);
                    n_would_join = n_would_join.max(before.n(same_kind[0].1).saturating_add(n_now));
                }
            }
            let is_new = !policy.is_beyond(input.kind[at], before);
            let profile = input.profile[at].map(|existing| existing.profile_id);
            SetAside { identity, n_would_join, is_new, profile }
        })
        .collect()
}

/// Persons while they grow.
struct Graph<'a> {
    input: Input<'a>,
    union: Union,
    /// Per representative: an identity that holds the person's oldest profile.
    oldest: Vec<u32>,
    /// Per representative: first and last of the person's identities of unique kinds, and the chain between.
    unique: Option<Chains>,
    /// Per representative: those whom somebody of the person was decided not to be. Empty when nothing was decided.
    others: Vec<Vec<u32>>,
    /// Profiles that gave way, with the edge and an identity of the person.
    gone: Vec<(i64, u32, u32)>,
}

struct Chains {
    first: Vec<u32>,
    last: Vec<u32>,
    next: Vec<u32>,
}

impl<'a> Graph<'a> {
    fn new(input: Input<'a>, policy: &Policy, is_aside: &[bool]) -> Self {
        let n = input.kind.len();
        let own = |is_mine: &dyn Fn(usize) -> bool| -> Vec<u32> {
            (0..n).map(|at| if !is_aside[at] && is_mine(at) { at as u32 } else { NONE }).collect()
        };
        let unique = (!policy.unique.is_empty()).then(|| {
            let first = own(&|at| policy.unique.contains(&input.kind[at]));
            Chains { last: first.clone(), next: vec![NONE; n], first }
        });
        let oldest = own(&|at| input.profile[at].is_some());
        let union = Union::new(n as u32);
        let mut others = if input.apart.is_empty() { Vec::new() } else { vec![Vec::new(); n] };
        for (a, b) in decided(input, input.apart) {
            others[a as usize].push(b);
            others[b as usize].push(a);
        }
        let mut graph = Self { input, union, oldest, unique, others, gone: Vec::new() };
        graph.glue(is_aside);
        graph
    }

    /// Makes one person of the identities of each profile.
    fn glue(&mut self, is_aside: &[bool]) {
        let profile = |(at, profile): (u32, &Option<Existing>)| {
            let profile_id = profile.filter(|_| !is_aside[at as usize])?.profile_id;
            Some((profile_id, at))
        };
        let mut held: Vec<(i64, u32)> = (0..).zip(self.input.profile).filter_map(profile).collect();
        held.sort_unstable();
        for pair in held.windows(2) {
            if pair[0].0 == pair[1].0 {
                let (a, b) = (self.union.find(pair[0].1), self.union.find(pair[1].1));
                if a != b {
                    self.join(a, b);
                }
            }
        }
    }

    /// Follows a link. What was decided by hand may give a person a second value of a unique kind.
    fn link(&mut self, left: u32, right: u32, edge: u32, is_by_hand: bool) -> Result<(), Reason> {
        let (a, b) = (self.union.find(left), self.union.find(right));
        if a == b {
            return Ok(());
        }
        if self.is_apart(a, b) {
            return Err(Reason::KeptApart);
        }
        if let Some(kind) = self.conflict(a, b).filter(|_| !is_by_hand) {
            return Err(Reason::Conflict(kind));
        }
        if let Some(gone) = self.join(a, b) {
            self.gone.push((gone, edge, left));
        }
        Ok(())
    }

    fn is_apart(&mut self, a: u32, b: u32) -> bool {
        if self.others.is_empty() {
            return false;
        }
        let (few, other) = if self.others[a as usize].len() <= self.others[b as usize].len() { (a, b) } else { (b, a) };
        let union = &mut self.union;
        self.others[few as usize].iter().any(|&at| union.find(at) == other)
    }

    fn conflict(&self, a: u32, b: u32) -> Option<IdentityKind> {
        let chains = self.unique.as_ref()?;
        let source = |at: u32| (self.input.kind[at as usize], self.input.scope[at as usize]);
        chains.of(a).find(|&mine| chains.of(b).any(|other| source(mine) == source(other))).map(|at| source(at).0)
    }

    /// Joins two persons; gives the profile that gave way, if both had one.
    fn join(&mut self, a: u32, b: u32) -> Option<i64> {
        let (stays, goes) = self.union.join(a, b);
        let (stays, goes) = (stays as usize, goes as usize);
        if let Some(chains) = &mut self.unique {
            chains.append(stays, goes);
        }
        if !self.others.is_empty() {
            let gone = std::mem::take(&mut self.others[goes]);
            self.others[stays].extend(gone);
        }
        let candidates = [self.oldest[stays], self.oldest[goes]];
        let existing = candidates.map(|at| self.input.profile.get(at as usize).copied().flatten());
        let [Some(mine), Some(other)] = existing else {
            self.oldest[stays] = candidates[0].min(candidates[1]);
            return None;
        };
        let age = |existing: Existing| (existing.created_at, existing.profile_id);
        let (kept, gone) = if age(mine) <= age(other) { (0, other) } else { (1, mine) };
        self.oldest[stays] = candidates[kept];
        (mine.profile_id != other.profile_id).then_some(gone.profile_id)
    }

    /// Person of each identity, profile of each person, merges.
    fn finish(mut self) -> (Vec<u32>, Vec<Option<i64>>, Vec<Merge>) {
        let n = self.input.kind.len() as u32;
        let mut number_of = vec![NONE; n as usize];
        let mut profile_of = Vec::new();
        let mut cluster_of = Vec::with_capacity(n as usize);
        for at in 0..n {
            let root = self.union.find(at) as usize;
            if number_of[root] == NONE {
                number_of[root] = profile_of.len() as u32;
                let oldest = self.input.profile.get(self.oldest[root] as usize).copied().flatten();
                profile_of.push(oldest.map(|existing| existing.profile_id));
            }
            cluster_of.push(number_of[root]);
        }
        let merge = |&(from, edge, at): &(i64, u32, u32)| {
            let into = profile_of[cluster_of[at as usize] as usize]?;
            Some(Merge { from, into, edge })
        };
        let mut merges: Vec<Merge> = self.gone.iter().filter_map(merge).collect();
        merges.sort_by_key(|merge| (merge.edge, Reverse(merge.from)));
        (cluster_of, profile_of, merges)
    }
}

impl Chains {
    fn of(&self, root: u32) -> impl Iterator<Item = u32> {
        let present = |at: u32| (at != NONE).then_some(at);
        std::iter::successors(present(self.first[root as usize]), move |&at| present(self.next[at as usize]))
    }

    fn append(&mut self, stays: usize, goes: usize) {
        if self.first[goes] == NONE {
            return;
        }
        match self.last[stays] {
            NONE => self.first[stays] = self.first[goes],
            last => self.next[last as usize] = self.first[goes],
        }
        self.last[stays] = self.last[goes];
    }
}
