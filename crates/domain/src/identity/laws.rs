//! What resolution promises, tested.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::import::entity::IdentityKind;
use crate::import::entity::IdentityKind::{AnonymousId, Email, IdNumber, MemberId, Phone, Unionid};

/// A small world: identities with kinds, scopes and profiles.
#[derive(Clone, Debug)]
struct World {
    kind: Vec<IdentityKind>,
    scope: Vec<u32>,
    joined: Vec<Joined>,
    profile: Vec<Option<Existing>>,
}

impl World {
    fn new(kind: &[IdentityKind]) -> Self {
        let n = kind.len();
        Self { kind: kind.to_vec(), scope: vec![0; n], joined: vec![Joined::default(); n], profile: vec![None; n] }
    }

    fn with_profile(mut self, at: usize, profile_id: i64, created_at: i64) -> Self {
        self.profile[at] = Some(Existing { profile_id, created_at });
        self
    }

    fn resolve(&self, links: &[(u32, u32)], stored: Option<&[(u32, u32)]>, policy: &Policy) -> Resolution {
        self.resolve_with(links, stored, policy, &[], &[])
    }

    fn resolve_with(
        &self,
        links: &[(u32, u32)],
        stored: Option<&[(u32, u32)]>,
        policy: &Policy,
        same: &[(u32, u32)],
        apart: &[(u32, u32)],
    ) -> Resolution {
        let Self { kind, scope, joined, profile } = self;
        resolve(Input { kind, scope, joined, profile, links, stored, same, apart, likely: &[] }, policy)
    }

    fn resolve_likely(&self, links: &[(u32, u32)], apart: &[(u32, u32)], likely: &[(u32, u32)]) -> Resolution {
        let Self { kind, scope, joined, profile } = self;
        let input = Input { kind, scope, joined, profile, links, stored: Some(&[]), same: &[], apart, likely };
        resolve(input, &Policy::default())
    }

    fn first(&self, links: &[(u32, u32)]) -> Resolution {
        self.resolve(links, Some(&[]), &Policy::default())
    }
}

fn policy(limit: u32, unique: &[IdentityKind]) -> Policy {
    let limits = IdentityKind::ALL.iter().map(|&kind| (kind, Some(limit))).collect();
    Policy { version: 1, limits, unique: unique.to_vec(), matching: Matching::default() }
}

fn reasons(resolution: &Resolution) -> Vec<(u32, u32, &'static str)> {
    resolution.edges.iter().map(|edge| (edge.left, edge.right, edge.reason.code())).collect()
}

#[test]
fn a_row_is_one_person() {
    let resolution = World::new(&[MemberId, Phone, Email, MemberId]).first(&[(0, 1), (0, 2), (0, 1), (1, 0), (3, 3)]);
    assert_eq!(resolution.cluster_of, [0, 0, 0, 1]);
    assert_eq!(resolution.profile_of, [None, None]);
    assert_eq!(reasons(&resolution), [(0, 1, "same_row"), (0, 2, "same_row")]);
}

#[test]
fn a_shared_phone_joins_people_up_to_its_limit() {
    let kinds = [&[Phone][..], &[MemberId; 6]].concat();
    let five = World::new(&kinds).first(&[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0)]);
    assert_eq!(five.cluster_of, [0, 0, 0, 0, 0, 0, 1]);
    assert_eq!(five.edges[0].reason, Reason::Shared(Phone));
    assert_eq!(five.set_aside, []);

    let six = World::new(&kinds).first(&[(1, 0), (2, 0), (3, 0), (4, 0), (5, 0), (6, 0)]);
    assert_eq!(six.cluster_of, [0, 1, 2, 3, 4, 5, 6]);
    assert_eq!(six.set_aside, [SetAside { identity: 0, n_would_join: 6, is_new: true, profile: None }]);
    assert_eq!(six.edges, []);
    assert!(six.refused.iter().all(|refused| refused.reason.code() == "set_aside_phone"));
}

#[test]
fn kinds_are_counted_apart() {
    // A visitor seen under a member number and a unionid was seen with one person at most of each.
    let resolution = World::new(&[MemberId, Unionid, AnonymousId]).first(&[(0, 1), (0, 2), (1, 2)]);
    assert_eq!(resolution.cluster_of, [0, 0, 0]);
    // A placeholder e-mail is found out by phones alone, too.
    let phones = World::new(&[&[Email][..], &[Phone; 100]].concat());
    let links: Vec<(u32, u32)> = (1..=100).map(|phone| (phone, 0)).collect();
    assert_eq!(phones.first(&links).set_aside[0].n_would_join, 100);
}

#[test]
fn the_oldest_profile_stays() {
    let world = World::new(&[MemberId, MemberId, MemberId, Phone, Email])
        .with_profile(0, 70, 300)
        .with_profile(1, 90, 100)
        .with_profile(2, 80, 100)
        .with_profile(3, 80, 100);
    let resolution = world.first(&[(0, 3), (0, 4), (1, 4)]);
    assert_eq!(resolution.cluster_of, [0, 0, 0, 0, 0]);
    assert_eq!(resolution.profile_of, [Some(80)]);
    assert_eq!(resolution.merges, [Merge { from: 70, into: 80, edge: 0 }, Merge { from: 90, into: 80, edge: 2 }]);
    assert_eq!(reasons(&resolution), [(0, 3, "same_row"), (0, 4, "shared_email"), (1, 4, "shared_email")]);
}

#[test]
fn two_id_numbers_are_two_people() {
    let mut world = World::new(&[MemberId, MemberId, IdNumber, IdNumber, Phone]);
    let links = [(0, 2), (1, 3), (0, 4), (1, 4)];
    let resolution = world.first(&links);
    assert_eq!(resolution.cluster_of, [0, 1, 0, 1, 0]);
    assert_eq!(resolution.refused, [Refused { left: 1, right: 4, reason: Reason::Conflict(IdNumber) }]);
    world.scope[3] = 1;
    assert_eq!(world.first(&links).cluster_of, [0; 5]);
}

#[test]
fn members_may_be_made_unique_per_source() {
    let policy = policy(5, &[MemberId]);
    let mut world = World::new(&[MemberId, MemberId, Phone]);
    let resolution = world.resolve(&[(1, 2), (0, 2)], Some(&[]), &policy);
    assert_eq!((resolution.cluster_of, resolution.refused[0].reason.code()), (vec![0, 1, 0], "conflict_member_id"));
    world.scope[1] = 7;
    assert_eq!(world.resolve(&[(1, 2), (0, 2)], Some(&[]), &policy).cluster_of, [0, 0, 0]);
}

#[test]
fn a_link_loaded_again_is_not_counted_again() {
    let mut world = World::new(&[MemberId, Phone]);
    for round in 0..10 {
        let known: &[(u32, u32)] = if round == 0 { &[] } else { &[(1, 0)] };
        let resolution = world.resolve(&[(0, 1)], Some(known), &policy(1, &[]));
        assert_eq!(resolution.edges.len(), usize::from(round == 0));
        assert_eq!((&*resolution.cluster_of, resolution.joined[1].most()), (&[0, 0][..], 1));
        world = world.with_profile(0, 1, 1).with_profile(1, 1, 1);
        world.joined = resolution.joined;
        let unloaded = world.resolve(&[(0, 1)], None, &policy(1, &[]));
        assert_eq!((unloaded.edges.len(), &unloaded.joined), (0, &world.joined));
    }
}

#[test]
fn a_link_undone_by_hand_stays_undone() {
    let world = World::new(&[MemberId, Phone]).with_profile(0, 1, 1).with_profile(1, 2, 1);
    let resolution = world.resolve(&[(0, 1)], Some(&[(0, 1)]), &Policy::default());
    assert_eq!((resolution.cluster_of, resolution.merges), (vec![0, 1], vec![]));
}

#[test]
fn what_was_set_aside_late_names_its_profile() {
    let mut world = World::new(&[MemberId, MemberId, Phone]);
    for at in [0, 2] {
        world = world.with_profile(at, 1, 1);
    }
    world.joined[2].add(MemberId);
    let resolution = world.resolve(&[(1, 2)], Some(&[(0, 2)]), &policy(1, &[]));
    assert_eq!(resolution.set_aside, [SetAside { identity: 2, n_would_join: 2, is_new: true, profile: Some(1) }]);
    assert_eq!((resolution.cluster_of, resolution.profile_of), (vec![0, 1, 2], vec![Some(1), None, None]));
}

#[test]
fn people_are_decided_by_hand() {
    let world = World::new(&[MemberId, MemberId, Phone, IdNumber, IdNumber]);
    let policy = Policy::default();
    let rows = [(0, 2), (1, 2)];
    let parted = world.resolve_with(&rows, Some(&[]), &policy, &[], &[(1, 0)]);
    assert_eq!(parted.cluster_of, [0, 1, 0, 2, 3]);
    assert_eq!(parted.refused, [Refused { left: 1, right: 2, reason: Reason::KeptApart }]);
    // Whoever decides may give a person two ID numbers; a row alone may not.
    let joined = world.resolve_with(&[(0, 3)], Some(&[]), &policy, &[(3, 4), (0, 3)], &[]);
    assert_eq!(joined.cluster_of, [0, 1, 2, 0, 0]);
    assert_eq!(reasons(&joined), [(0, 3, "same_row"), (3, 4, "by_hand")]);
    // Contradictions leave people apart: a merge that is missed costs less than one that is wrong.
    let both = world.resolve_with(&[], Some(&[]), &policy, &[(0, 1), (1, 2)], &[(0, 2)]);
    assert_eq!((both.cluster_of, both.refused.len()), (vec![0, 0, 1, 2, 3], 1));
}

#[test]
fn likely_pairs_come_last() {
    let world = World::new(&[MemberId, MemberId, MemberId, IdNumber, IdNumber, Phone]);
    let rows = [(0, 3), (1, 4), (2, 5)];
    let joined = world.resolve_likely(&rows, &[], &[(2, 0), (2, 1), (0, 3), (1, 1)]);
    assert_eq!(joined.cluster_of, [0, 1, 0, 0, 1, 0]);
    assert_eq!(reasons(&joined)[3], (0, 2, "likely"));
    assert_eq!(joined.refused, [Refused { left: 1, right: 2, reason: Reason::Conflict(IdNumber) }]);
    let other = world.resolve_likely(&rows, &[], &[(2, 1), (2, 0)]);
    assert_eq!(other.cluster_of, [0, 1, 1, 0, 1, 1]);
    let apart = world.resolve_likely(&rows, &[(3, 5)], &[(2, 0)]);
    assert_eq!((apart.cluster_of, apart.refused[0].reason), (vec![0, 1, 2, 0, 1, 2], Reason::KeptApart));
    assert_eq!(joined.joined, other.joined, "what is likely counts for nothing");
}

#[test]
fn nothing_is_nothing() {
    assert_eq!(World::new(&[]).first(&[]), Resolution::default());
}

#[derive(Clone, Debug)]
struct Case {
    world: World,
    links: Vec<(u32, u32)>,
    /// Call in which each link comes.
    call: Vec<usize>,
}

const N_CALLS: usize = 4;

fn cases() -> impl Strategy<Value = Case> {
    let kinds = proptest::sample::select(&[MemberId, MemberId, IdNumber, Phone, Phone, Email, AnonymousId][..]);
    proptest::collection::vec((kinds, 0..2_u32), 2..14).prop_flat_map(|identities| {
        let n = identities.len() as u32;
        let link = ((0..n, 0..n), 0..N_CALLS);
        proptest::collection::vec(link, 0..24).prop_map(move |links| {
            let mut world = World::new(&identities.iter().map(|identity| identity.0).collect::<Vec<_>>());
            world.scope = identities.iter().map(|identity| identity.1).collect();
            let (links, call) = links.into_iter().unzip();
            Case { world, links, call }
        })
    })
}

/// Whether everybody who is together in `fine` is together in `coarse`.
fn refines(fine: &[u32], coarse: &[u32]) -> bool {
    let same = |of: &[u32], a: usize, b: usize| of[a] == of[b];
    (0..fine.len()).all(|a| (0..a).all(|b| !same(fine, a, b) || same(coarse, a, b)))
}

/// The rule without unique kinds, word by word: (persons, identities set aside).
fn naive(world: &World, links: &[(u32, u32)], limit: u32) -> (Vec<u32>, Vec<u32>) {
    let n = world.kind.len();
    let strength = |at: u32| world.kind[at as usize].strength();
    let is_aside = |x: u32| {
        let seen: BTreeSet<u32> =
            links.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).filter(|&(a, _)| a == x).map(|l| l.1).collect();
        let seen: Vec<u32> = seen.into_iter().filter(|&other| other != x && strength(other) <= strength(x)).collect();
        IdentityKind::ALL
            .iter()
            .any(|kind| seen.iter().filter(|&&at| world.kind[at as usize] == *kind).count() as u32 > limit)
    };
    let aside: Vec<u32> = (0..n as u32).filter(|&x| is_aside(x)).collect();
    let mut person: Vec<u32> = (0..n as u32).collect();
    for _ in 0..n {
        for &(a, b) in links {
            if !aside.contains(&a) && !aside.contains(&b) {
                let least = person[a as usize].min(person[b as usize]);
                person[a as usize] = least;
                person[b as usize] = least;
            }
        }
    }
    (person, aside)
}

/// What several calls end in: persons, who is set aside, whether that came too late for somebody, stored links.
struct Run {
    persons: Vec<u32>,
    aside: Vec<u32>,
    joined: Vec<Joined>,
    is_late: bool,
    stored: Vec<(u32, u32)>,
}

/// Loads the links call by call, carrying what a store would carry.
fn run(case: &Case, policy: &Policy) -> Run {
    let mut world = case.world.clone();
    let mut stored: Vec<(u32, u32)> = Vec::new();
    let mut made: BTreeSet<u32> = BTreeSet::new();
    let mut next_profile = 1000;
    let mut run =
        Run { persons: Vec::new(), aside: Vec::new(), joined: Vec::new(), is_late: false, stored: Vec::new() };
    for call in 0..N_CALLS {
        let links: Vec<_> =
            case.links.iter().zip(&case.call).filter(|(_, when)| **when == call).map(|l| *l.0).collect();
        let result = world.resolve(&links, Some(&stored), policy);
        run.is_late |= result.set_aside.iter().any(|aside| aside.is_new && made.contains(&aside.identity));
        for edge in &result.edges {
            made.extend([edge.left, edge.right]);
            stored.push((edge.right, edge.left));
        }
        stored.extend(result.refused.iter().map(|refused| (refused.left, refused.right)));
        for aside in &result.set_aside {
            // An identity set aside keeps its profile in the store; it must not glue people any more.
            assert_eq!(result.profile_of[result.cluster_of[aside.identity as usize] as usize], None);
        }
        let aside: Vec<u32> = result.set_aside.iter().map(|aside| aside.identity).collect();
        let mut new = vec![None; result.profile_of.len()];
        for at in 0..world.kind.len() {
            let cluster = result.cluster_of[at] as usize;
            if aside.contains(&(at as u32)) || !made.contains(&(at as u32)) {
                continue;
            }
            let profile_id = result.profile_of[cluster].or(new[cluster]).unwrap_or_else(|| {
                next_profile -= 1;
                next_profile
            });
            new[cluster] = Some(profile_id);
            // Ids fall while time goes on, so the oldest never has the smallest id by chance.
            world.profile[at] = Some(Existing { profile_id, created_at: -profile_id });
        }
        world.joined.clone_from(&result.joined);
        (run.persons, run.aside, run.joined) = (result.cluster_of, aside, result.joined);
    }
    run.stored = stored;
    run
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn one_call_follows_the_rule(case in cases(), limit in 0..4_u32) {
        let result = case.world.resolve(&case.links, Some(&[]), &policy(limit, &[]));
        let (persons, aside) = naive(&case.world, &case.links, limit);
        prop_assert!(refines(&result.cluster_of, &persons) && refines(&persons, &result.cluster_of));
        prop_assert_eq!(result.set_aside.iter().map(|aside| aside.identity).collect::<Vec<_>>(), aside);
        let distinct: BTreeSet<_> = case.links.iter().filter(|(a, b)| a != b).map(|&(a, b)| (a.min(b), a.max(b))).collect();
        prop_assert_eq!(result.edges.len() + result.refused.len(), distinct.len());
    }

    /// INV-IDENTITY-1.
    #[test]
    fn order_direction_and_repetition_do_not_matter(
        (case, shuffled) in cases().prop_flat_map(|case| {
            let mut links = case.links.clone();
            links.extend(case.links.iter().map(|&(a, b)| (b, a)));
            (Just(case), Just(links).prop_shuffle())
        }),
        limit in 1..4_u32,
    ) {
        let policy = policy(limit, &[MemberId, IdNumber]);
        let here = case.world.resolve(&case.links, Some(&[]), &policy);
        prop_assert_eq!(&here, &case.world.resolve(&shuffled, Some(&[]), &policy));
    }

    /// INV-IDENTITY-2 and 3.
    #[test]
    fn calls_may_be_split(case in cases(), limit in 1..4_u32) {
        let policy = policy(limit, &[]);
        let whole = case.world.resolve(&case.links, Some(&[]), &policy);
        let split = run(&case, &policy);
        prop_assert_eq!(&split.joined, &whole.joined);
        prop_assert_eq!(&split.aside, &whole.set_aside.iter().map(|aside| aside.identity).collect::<Vec<_>>());
        // Nobody who belongs together is apart, those set aside late excepted: they stand alone in both.
        prop_assert!(refines(&whole.cluster_of, &split.persons));
        prop_assert!(split.is_late || refines(&split.persons, &whole.cluster_of));
    }

    /// INV-IDENTITY-4.
    #[test]
    fn stored_links_give_the_persons_again(case in cases(), limit in 1..4_u32) {
        let policy = policy(limit, &[]);
        let whole = case.world.resolve(&case.links, Some(&[]), &policy);
        let again = case.world.resolve(&run(&case, &policy).stored, Some(&[]), &policy);
        prop_assert_eq!(again, whole);
    }

    /// Whatever links say, nobody is joined who was decided to be different, and nobody parts who was decided to be one;
    /// the order of decisions does not matter.
    #[test]
    fn decisions_hold(
        (case, same, apart) in cases().prop_flat_map(|case| {
            let n = case.world.kind.len() as u32;
            let pairs = || proptest::collection::vec((0..n, 0..n), 0..4);
            (Just(case), pairs(), pairs())
        }),
        limit in 0..4_u32,
    ) {
        let policy = policy(limit, &[MemberId, IdNumber]);
        let result = case.world.resolve_with(&case.links, Some(&[]), &policy, &same, &apart);
        let is_together = |&(a, b): &(u32, u32)| result.cluster_of[a as usize] == result.cluster_of[b as usize];
        prop_assert!(apart.iter().filter(|(a, b)| a != b).all(|pair| !is_together(pair)));
        let is_aside = |at: u32| result.set_aside.iter().any(|aside| aside.identity == at);
        if apart.is_empty() {
            prop_assert!(same.iter().filter(|(a, b)| !is_aside(*a) && !is_aside(*b)).all(is_together));
        }
        let turned = |pairs: &[(u32, u32)]| pairs.iter().rev().map(|&(a, b)| (b, a)).collect::<Vec<_>>();
        let again = case.world.resolve_with(
            &turned(&case.links), Some(&[]), &policy, &turned(&same), &turned(&apart),
        );
        prop_assert_eq!(&result, &again);
    }

    #[test]
    fn nobody_has_two_of_a_unique_kind(case in cases()) {
        let unique = [MemberId, IdNumber];
        for persons in [
            case.world.resolve(&case.links, Some(&[]), &policy(3, &unique)).cluster_of,
            run(&case, &policy(3, &unique)).persons,
        ] {
            let mut seen = BTreeSet::new();
            for (at, &kind) in case.world.kind.iter().enumerate().filter(|(_, kind)| unique.contains(kind)) {
                prop_assert!(seen.insert((persons[at], kind, case.world.scope[at])));
            }
        }
    }

    #[test]
    fn merges_lead_to_the_survivor(
        case in cases(),
        profiles in proptest::collection::vec(proptest::option::of((0..6_i64, 0..3_i64)), 14),
    ) {
        let mut world = case.world;
        for (mine, given) in world.profile.iter_mut().zip(profiles) {
            // One profile was created once.
            *mine = given.map(|(profile_id, _)| Existing { profile_id, created_at: profile_id * 7 % 3 });
        }
        let result = world.resolve(&case.links, Some(&[]), &policy(62, &[]));
        let mut gone = BTreeSet::new();
        for merge in &result.merges {
            prop_assert!(gone.insert(merge.from), "a profile goes once");
            prop_assert!((merge.edge as usize) < result.edges.len());
        }
        for (at, existing) in world.profile.iter().enumerate() {
            let Some(existing) = existing else { continue };
            let kept = result.profile_of[result.cluster_of[at] as usize].unwrap();
            let into = result.merges.iter().find(|merge| merge.from == existing.profile_id).map(|merge| merge.into);
            prop_assert_eq!(into.unwrap_or(existing.profile_id), kept);
            let oldest = world.profile.iter().zip(&result.cluster_of).filter(|(_, cluster)| **cluster == result.cluster_of[at]);
            let oldest = oldest.filter_map(|(existing, _)| *existing).min_by_key(|e| (e.created_at, e.profile_id)).unwrap();
            prop_assert_eq!(kept, oldest.profile_id);
        }
    }
}
