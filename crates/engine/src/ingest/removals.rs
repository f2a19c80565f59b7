//! Phones, e-mail addresses and ID numbers that messages take away (`phone: null`, `profile_unset`).
//!
//! These are identities, not fields: a person has them because a statement binds them to one of the person's ids. Taking
//! one away says that what bound any of that kind to the id before no longer holds. Like a bond it counts by event time,
//! and is kept (`identity_fields`, without a value), so that a statement from before it that arrives late binds nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::collect::message::{Message, Stamp};
use zhike_domain::import::entity::IdentityKind;

use super::Heard;
use super::people::People;
use crate::{Ctx, Result};

const KINDS: [IdentityKind; 3] = [IdentityKind::Phone, IdentityKind::Email, IdentityKind::IdNumber];

/// The fields, by name, that a message takes away and that are identities.
pub(super) fn of_message(message: &Message) -> impl Iterator<Item = &'static str> {
    let states = message.kind.states_traits();
    KINDS
        .into_iter()
        .map(IdentityKind::as_str)
        .filter(move |field| states && matches!(message.personal.get(*field), Some(None)))
}

/// When ids lost what they had of a kind.
pub(super) struct Removals {
    /// The newest removal of all batches.
    newest: HashMap<(i64, IdentityKind), Stamp>,
    /// Those of this batch.
    heard: BTreeSet<(i64, IdentityKind)>,
}

type Said = BTreeMap<(i64, i64), (Stamp, bool)>;

impl Removals {
    /// The removals of this batch, and those from before that concern its pairs.
    pub(super) async fn read(
        ctx: &Ctx,
        people: &People,
        heard: &[Heard],
        pairs: impl Iterator<Item = &(i64, i64)>,
    ) -> Result<Self> {
        let mut removals = Self { newest: HashMap::new(), heard: BTreeSet::new() };
        for one in heard {
            for kind in of_message(&one.message).filter_map(IdentityKind::parse) {
                let subject = people.subject(one);
                let known = subject.filter(|id| people.nodes.get(id).is_some_and(|node| !node.is_anonymous()));
                let Some(subject) = known else { continue };
                removals.note(subject, kind, one.message.stamp());
                removals.heard.insert((subject, kind));
            }
        }
        let ends = pairs.flat_map(|(left, right)| [*left, *right]);
        let ids: BTreeSet<i64> = ends.chain(removals.subjects()).collect();
        for row in ctx.store().said_fields_of(&ids.into_iter().collect::<Vec<_>>()).await? {
            let kind = IdentityKind::parse(&row.field).filter(|kind| KINDS.contains(kind) && row.sealed.is_none());
            if let Some(kind) = kind {
                removals.note(row.identity_id, kind, Stamp(row.said_at, row.said_by));
            }
        }
        Ok(removals)
    }

    fn note(&mut self, subject: i64, kind: IdentityKind, stamp: Stamp) {
        let newest = self.newest.entry((subject, kind)).or_insert_with(|| stamp.clone());
        if stamp > *newest {
            *newest = stamp;
        }
    }

    /// The ids that lost something in this batch.
    pub(super) fn subjects(&self) -> impl Iterator<Item = i64> + use<> {
        self.heard.iter().map(|(subject, _)| *subject).collect::<Vec<_>>().into_iter()
    }

    /// Parts what was bound before: pairs of this batch, pairs from before, links of files.
    pub(super) async fn apply(
        &self,
        ctx: &Ctx,
        people: &People,
        stored: &HashMap<(i64, i64), (Stamp, bool)>,
        said: &mut Said,
    ) -> Result<()> {
        if self.newest.is_empty() {
            return Ok(());
        }
        let subjects: Vec<i64> = self.subjects().collect();
        let edges = ctx.store().edges_of(&subjects).await?;
        let linked = edges.iter().map(|edge| (edge.left_identity_id, edge.right_identity_id));
        let linked =
            linked.map(|(left, right)| (left.min(right), left.max(right))).filter(|pair| !stored.contains_key(pair));
        let before: Vec<((i64, i64), Option<Stamp>)> = (stored.iter())
            .filter(|(_, (_, holds))| *holds)
            .map(|(pair, (stamp, _))| (*pair, Some(stamp.clone())))
            .chain(linked.map(|pair| (pair, None)))
            .collect();
        let ends = said.keys().chain(before.iter().map(|(pair, _)| pair)).flat_map(|(left, right)| [*left, *right]);
        let unknown: BTreeSet<i64> = ends.filter(|id| !people.nodes.contains_key(id)).collect();
        let mut kinds: HashMap<i64, IdentityKind> = people.nodes.iter().map(|(id, node)| (*id, node.kind)).collect();
        for row in ctx.store().identities_by_ids(&unknown.into_iter().collect::<Vec<_>>()).await? {
            kinds.extend(IdentityKind::parse(&row.kind).map(|kind| (row.identity_id, kind)));
        }
        // The removal that a pair is subject to, from either end.
        let removal = |(left, right): (i64, i64)| {
            let of = |subject: i64, other: i64| self.newest.get(&(subject, *kinds.get(&other)?));
            of(left, right).max(of(right, left))
        };
        for (&pair, now) in said.iter_mut() {
            if let Some(removed) = removal(pair).filter(|removed| now.1 && now.0 < **removed) {
                *now = (removed.clone(), false);
            }
        }
        for (pair, stamp) in before {
            let Some(removed) = removal(pair).filter(|removed| stamp.as_ref().is_none_or(|stamp| stamp < *removed))
            else {
                continue;
            };
            let held = said.entry(pair).or_insert_with(|| (removed.clone(), false));
            if held.0 < *removed {
                *held = (removed.clone(), false);
            }
        }
        Ok(())
    }
}
