//! The erasure of people: whose a row is, what stays of it, and what a receipt says.
//!
//! Owns the rule by which rows are told apart and the document that proves an erasure. Must not know where rows are kept nor
//! how they are removed. Everything here is by opaque ids: no personal value is needed to erase somebody, nor to erase them
//! again from an old copy.
//!
//! - INV-ERASE-1: a row goes if and only if whoever owned it, by the rules of moved identities, is erased; and no row that
//!   stays names an erased profile.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

mod receipt;

pub use receipt::{Check, Count, Receipt, Sealed};

/// One person as the ledger of erasures names them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The person's profile, and those that were merged into it.
    pub profiles: BTreeSet<i64>,
    /// Identities that are the person's alone: every row that arrived with one of them is theirs.
    pub identities: BTreeSet<i64>,
    /// Identities of the person that others were seen with too, and that identify nobody: rows are told by profile.
    pub set_aside: BTreeSet<i64>,
    /// Identities of whose rows only some are the person's: since when they belonged to whom, in order of time.
    pub owners: BTreeMap<i64, Vec<(i64, i64)>>,
    /// Rows set aside in which the person is named: load and row.
    pub quarantine: Vec<(i64, i64)>,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is about nobody who is erased.
    Stays,
    /// It was written for somebody erased and belongs to this profile.
    Moves(i64),
    /// It is about an erased person: which of them.
    Goes(usize),
}

impl Subject {
    /// What becomes of a row that was written with a profile and an identity and happened then.
    fn fate(&self, profile: Option<i64>, identity: Option<i64>, at: Option<i64>) -> Option<Option<i64>> {
        let is_mine = |profile: i64| self.profiles.contains(&profile);
        let written_mine = profile.is_some_and(is_mine);
        let Some(identity) = identity else { return written_mine.then_some(None) };
        if self.identities.contains(&identity) {
            return Some(None);
        }
        let Some(owners) = self.owners.get(&identity) else { return written_mine.then_some(None) };
        match owner_at(owners, at.unwrap_or(i64::MIN)) {
            Some(owner) if is_mine(owner) => Some(None),
            Some(owner) if written_mine => Some(Some(owner)),
            _ => None,
        }
    }

    /// All identities that state forgets.
    pub fn forgotten(&self) -> Vec<i64> {
        self.identities.union(&self.set_aside).copied().collect()
    }

    /// When identities that have several owners were the person: identity, from, until.
    pub fn stretches(&self) -> Vec<(i64, i64, i64)> {
        let mut stretches = Vec::new();
        for (&identity, owners) in &self.owners {
            for (at, (since, owner)) in owners.iter().enumerate() {
                if self.profiles.contains(owner) {
                    let until = owners.get(at + 1).map_or(i64::MAX, |next| next.0);
                    stretches.push((identity, *since, until));
                }
            }
        }
        stretches
    }

    /// Who owns the identities with several owners once the person is gone: the others, each from where they began, the first
    /// from the beginning of time.
    pub fn owners_left(&self) -> BTreeMap<i64, Vec<(i64, i64)>> {
        let left = |owners: &Vec<(i64, i64)>| {
            let mut left: Vec<(i64, i64)> =
                owners.iter().copied().filter(|(_, owner)| !self.profiles.contains(owner)).collect();
            left.dedup_by(|next, before| next.1 == before.1);
            if let Some(first) = left.first_mut() {
                first.0 = i64::MIN;
            }
            left
        };
        self.owners.iter().map(|(&identity, owners)| (identity, left(owners))).collect()
    }
}

/// Who owns something at an instant.
pub fn owner_at(owners: &[(i64, i64)], at: i64) -> Option<i64> {
    let after = owners.partition_point(|(since, _)| *since <= at);
    owners.get(after.saturating_sub(1)).map(|owner| owner.1)
}

/// Several people who are erased together.
#[derive(Clone, Debug, Default)]
pub struct Erased {
    subjects: Vec<Subject>,
    by_profile: HashMap<i64, usize>,
    by_identity: HashMap<i64, Vec<usize>>,
}

impl Erased {
    /// These people.
    pub fn new(subjects: Vec<Subject>) -> Self {
        let mut erased = Self { subjects, ..Self::default() };
        for (at, subject) in erased.subjects.iter().enumerate() {
            erased.by_profile.extend(subject.profiles.iter().map(|profile| (*profile, at)));
            for identity in subject.identities.iter().chain(subject.owners.keys()) {
                erased.by_identity.entry(*identity).or_default().push(at);
            }
        }
        erased
    }

    /// How many there are.
    pub fn n(&self) -> usize {
        self.subjects.len()
    }

    /// Whether a row may be about one of them, or name them, by its ids alone.
    pub fn may_concern(&self, profile: Option<i64>, identity: Option<i64>) -> bool {
        profile.is_some_and(|id| self.by_profile.contains_key(&id))
            || identity.is_some_and(|id| self.by_identity.contains_key(&id))
    }

    /// What becomes of a row that was written with a profile and an identity and happened then (INV-ERASE-1).
    pub fn fate(&self, profile: Option<i64>, identity: Option<i64>, at: Option<i64>) -> Fate {
        let of_identity = identity.and_then(|id| self.by_identity.get(&id)).into_iter().flatten();
        let of_profile = profile.and_then(|id| self.by_profile.get(&id));
        let mut moved = Fate::Stays;
        for &one in of_identity.chain(of_profile) {
            match self.subjects[one].fate(profile, identity, at) {
                Some(None) => return Fate::Goes(one),
                Some(Some(owner)) => moved = Fate::Moves(owner),
                None => {}
            }
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Owners of identities 0 to 5 at instants, by the rules of moved identities: the model.
    type World = BTreeMap<i64, Vec<(i64, i64)>>;

    fn worlds() -> impl Strategy<Value = World> {
        let owners = prop::collection::btree_map(0_i64..20, 0_i64..4, 1..4).prop_map(|spans| {
            let mut owners: Vec<(i64, i64)> = spans.into_iter().collect();
            owners[0].0 = i64::MIN;
            owners.dedup_by(|next, before| next.1 == before.1);
            owners
        });
        prop::collection::btree_map(0_i64..6, owners, 0..6)
    }

    fn subject(world: &World, profile: i64) -> Subject {
        let mut subject = Subject { profiles: [profile].into(), ..Subject::default() };
        for (&identity, owners) in world {
            if owners.iter().all(|(_, owner)| *owner == profile) {
                subject.identities.insert(identity);
            } else {
                subject.owners.insert(identity, owners.clone());
            }
        }
        subject
    }

    proptest! {
        /// INV-ERASE-1
        #[test]
        fn rows_go_with_their_owner_and_name_nobody_erased(
            world in worlds(), gone in prop::collection::btree_set(0_i64..4, 1..3),
            profile in 0_i64..4, identity in prop::option::of(0_i64..6), at in 0_i64..20,
        ) {
            let all: Vec<Subject> = gone.iter().map(|one| subject(&world, *one)).collect();
            let owner = identity.and_then(|id| world.get(&id)).and_then(|owners| owner_at(owners, at)).unwrap_or(profile);
            match Erased::new(all).fate(Some(profile), identity, Some(at)) {
                Fate::Goes(_) => prop_assert!(gone.contains(&owner)),
                Fate::Moves(to) => prop_assert!(to == owner && !gone.contains(&owner) && gone.contains(&profile)),
                Fate::Stays => prop_assert!(!gone.contains(&owner) && !gone.contains(&profile)),
            }
        }

        #[test]
        fn what_is_left_to_others_is_what_they_had(world in worlds(), profile in 0_i64..4, at in 0_i64..20) {
            let subject = subject(&world, profile);
            for (identity, left) in subject.owners_left() {
                let before = owner_at(&world[&identity], at);
                prop_assert!(left.iter().all(|(_, owner)| *owner != profile));
                prop_assert_eq!(left[0].0, i64::MIN);
                prop_assert!(before == Some(profile) || before == owner_at(&left, at));
                let was_mine = subject.stretches().iter().any(|(id, from, until)| *id == identity && (*from..*until).contains(&at));
                prop_assert_eq!(was_mine, before == Some(profile));
            }
        }
    }
}
