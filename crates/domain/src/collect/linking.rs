//! Who an id belongs to, as streams of messages say it.
//!
//! Two kinds of statements are made. A **bond** says that two known ids are one person, until it is undone. A **claim**
//! says that from its time on a visitor or a device belongs to a known id:
//!
//! | Message | Says |
//! |---|---|
//! | any, with a known and an anonymous id | claim of the anonymous id by the strongest known one |
//! | any, with several known ids (member number and phone) | bond of the strongest with each of the others |
//! | alias, `previousId` a user | bond; `previousId` a visitor: claim |
//! | track_signup | claim of `original_id` by `distinct_id` |
//! | track_id_bind | bonds and claims among its ids |
//! | track_id_unbind | the bond of the strongest id with each of the others no longer holds |
//! | with anonymous ids only | nothing: they never join each other, for that would join the people behind them |
//!
//! Of a sender that does not prove who people are, only the strongest known id of a message is left before statements are read
//! ([`leave_unproven`]): it claims visitors, and binds and parts nobody.
//!
//! A second user on the same visitor id is another person: SDKs keep the anonymous id after a logout. So a claim does not
//! join people, it hands over. What a visitor did belongs to whoever claimed last at or before that time, and before the
//! first claim to the first who claimed:
//!
//! ```text
//!   time ───────────────────────────────────────────────────────────────▶
//!   visitor a1   ○   ○   ○  │login A  ○   ○  │login B  ○  │login A  ○   ○
//!   belongs to   A   A   A  │A        A   A  │B        B  │A        A   A
//!                late binding: before anyone was known, the first known
//! ```
//!
//! Both are functions of the set of statements, by event time: arrival order, duplicates and delay change nothing. A login
//! that arrives late moves the visitor's facts of its span to whom they belong; `identity_id` of the stored rows is the
//! visitor's, so that this is an override and no rewrite.
//!
//! - **INV-LINKING-1**: any order and repetition of messages gives the same [`Ownership`].
//! - **INV-LINKING-2**: no claim ever joins two known ids.

use std::collections::BTreeMap;

use super::message::{Identity, Kind, Message, Stamp};
use crate::import::entity::IdentityKind;

/// What a message says about who is who.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Statement {
    /// From now on the anonymous id belongs to the known one.
    Claim {
        /// Visitor or device.
        anonymous: Identity,
        /// Known id.
        owner: Identity,
    },
    /// Two known ids are one person.
    Bond {
        /// The stronger one.
        left: Identity,
        /// The other one.
        right: Identity,
    },
    /// Two known ids are no longer one person.
    Part {
        /// The stronger one.
        left: Identity,
        /// The other one.
        right: Identity,
    },
}

/// The statements of a message; none when it names one id.
pub fn statements(message: &Message) -> Vec<Statement> {
    if message.identities.len() < 2 {
        return Vec::new();
    }
    let Some(owner) = strongest(message) else {
        return Vec::new();
    };
    let others = message.identities.iter().filter(|&id| id != owner);
    let statement = |id: &Identity| match (message.kind, id.is_anonymous()) {
        // Nobody owns a visitor less for being told so: the next claim decides.
        (Kind::Unlink, true) => None,
        (Kind::Unlink, false) => Some(Statement::Part { left: owner.clone(), right: id.clone() }),
        (_, true) => Some(Statement::Claim { anonymous: id.clone(), owner: owner.clone() }),
        (_, false) => Some(Statement::Bond { left: owner.clone(), right: id.clone() }),
    };
    others.filter_map(statement).collect()
}

/// The known id by which a message names somebody best: an alias and a link name the person first.
fn strongest(message: &Message) -> Option<&Identity> {
    let mut known = message.identities.iter().filter(|id| !id.is_anonymous());
    match message.kind {
        Kind::Alias => known.next(),
        // Equal kinds keep the order of the message.
        _ => known.min_by_key(|id| id.kind.strength()),
    }
}

/// Leaves of a message's known ids the strongest alone, as of a sender that does not prove who people are: whoever has the
/// key of a page could otherwise tie their own phone to somebody else's member number, or take theirs away. Gives the kinds of
/// those left out. A message of a scanned code stays as it is: the code was signed for whom it names.
pub fn leave_unproven(message: &mut Message) -> Vec<IdentityKind> {
    if message.binding_id.is_some() {
        return Vec::new();
    }
    let Some(strongest) = strongest(message).cloned() else { return Vec::new() };
    let is_left_out = |id: &Identity| !id.is_anonymous() && *id != strongest;
    let mut left_out: Vec<IdentityKind> =
        message.identities.iter().filter(|id| is_left_out(id)).map(|id| id.kind).collect();
    message.identities.retain(|id| !is_left_out(id));
    message.personal.retain(|field, value| {
        let taken_away = IdentityKind::parse(field).filter(|_| value.is_none());
        left_out.extend(taken_away);
        taken_away.is_none()
    });
    left_out
}

/// Who owns which visitor when, and which known ids are bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ownership {
    /// Per anonymous id every claim, in order of time.
    claims: BTreeMap<Identity, BTreeMap<Stamp, Identity>>,
    /// Per pair of known ids, the smaller first: what was said last, and whether it binds.
    bonds: BTreeMap<(Identity, Identity), (Stamp, bool)>,
}

impl Ownership {
    /// Takes a message in.
    pub fn apply(&mut self, message: &Message) {
        for statement in statements(message) {
            let stamp = message.stamp();
            match statement {
                Statement::Claim { anonymous, owner } => self.claim(anonymous, stamp, owner),
                Statement::Bond { left, right } => self.bond(left, right, (stamp, true)),
                Statement::Part { left, right } => self.bond(left, right, (stamp, false)),
            }
        }
    }

    /// Takes all that another one knows in.
    pub fn merge(&mut self, other: &Self) {
        for (anonymous, claims) in &other.claims {
            for (stamp, owner) in claims {
                self.claim(anonymous.clone(), stamp.clone(), owner.clone());
            }
        }
        for ((left, right), said) in &other.bonds {
            self.bond(left.clone(), right.clone(), said.clone());
        }
    }

    fn claim(&mut self, anonymous: Identity, stamp: Stamp, owner: Identity) {
        let claims = self.claims.entry(anonymous).or_default();
        let held = claims.entry(stamp).or_insert_with(|| owner.clone());
        if owner < *held {
            *held = owner;
        }
    }

    fn bond(&mut self, left: Identity, right: Identity, said: (Stamp, bool)) {
        let pair = if left <= right { (left, right) } else { (right, left) };
        let held = self.bonds.entry(pair).or_insert_with(|| said.clone());
        if said > *held {
            *held = said;
        }
    }

    /// The known id to which an anonymous one belongs at a time; `None` when nobody ever claimed it.
    pub fn owner_at(&self, anonymous: &Identity, at: i64) -> Option<&Identity> {
        let claims = self.claims.get(anonymous)?;
        let until = Stamp(at.saturating_add(1), String::new());
        let last = claims.range(..until).next_back();
        last.or_else(|| claims.first_key_value()).map(|(_, owner)| owner)
    }

    /// Whom a message is about: its strongest known id, else the owner of its anonymous ids at its time, else the first
    /// of these themselves.
    pub fn subject<'a>(&'a self, message: &'a Message) -> Option<&'a Identity> {
        let owner = || message.identities.iter().find_map(|id| self.owner_at(id, message.occurred_at));
        strongest(message).or_else(owner).or_else(|| message.identities.first())
    }

    /// To whom an anonymous id belongs in turn: since when, and whom; the first from the beginning of time.
    pub fn spans(&self, anonymous: &Identity) -> Vec<(i64, &Identity)> {
        let claims = self.claims.get(anonymous);
        let first = claims.and_then(BTreeMap::first_key_value);
        let mut spans: Vec<(i64, &Identity)> = first.map(|(_, owner)| (i64::MIN, owner)).into_iter().collect();
        for (Stamp(at, _), owner) in claims.into_iter().flatten() {
            match spans.last_mut() {
                // Of claims at one instant the last by id decides, as in `owner_at`.
                Some((since, held)) if *since == *at => *held = owner,
                Some((_, held)) if *held == owner => {}
                _ => spans.push((*at, owner)),
            }
        }
        spans.dedup_by(|next, before| next.1 == before.1);
        spans
    }

    /// The pairs of known ids that are one person.
    pub fn bonds(&self) -> impl Iterator<Item = (&Identity, &Identity)> {
        self.bonds.iter().filter(|(_, (_, holds))| *holds).map(|((left, right), _)| (left, right))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::message::Dialect;
    use super::*;
    use crate::import::entity::IdentityKind::{AnonymousId, MemberId, Phone};
    use crate::script::{Script, shuffled};

    fn message(id: &str, at: i64, kind: Kind, identities: &[Identity]) -> Message {
        let mut message = Message::new(Dialect::Segment, kind, id.to_owned(), at);
        message.occurred_at = at;
        message.identities = identities.to_vec();
        message
    }

    #[test]
    fn a_second_user_on_the_same_visitor_is_another_person() {
        let (a, b, visitor) =
            (Identity::new(MemberId, "A"), Identity::new(MemberId, "B"), Identity::new(AnonymousId, "a1"));
        let mut ownership = Ownership::default();
        // The second login arrives first.
        ownership.apply(&message("m2", 20, Kind::Identify, &[b.clone(), visitor.clone()]));
        assert_eq!(ownership.owner_at(&visitor, 5), Some(&b));
        ownership.apply(&message("m1", 10, Kind::Identify, &[a.clone(), visitor.clone()]));
        ownership.apply(&message("m3", 30, Kind::Link, &[a.clone(), visitor.clone()]));
        let owners: Vec<&Identity> =
            [0, 10, 19, 20, 29, 30, 99].iter().filter_map(|&at| ownership.owner_at(&visitor, at)).collect();
        assert_eq!(owners, [&a, &a, &a, &b, &b, &a, &a]);
        assert_eq!(ownership.spans(&visitor), [(i64::MIN, &a), (20, &b), (30, &a)]);
        assert_eq!(ownership.bonds().count(), 0);
        let track = message("m4", 25, Kind::Track, &[visitor]);
        assert_eq!(ownership.subject(&track), Some(&b));
    }

    #[test]
    fn bonds_are_undone_by_event_time() {
        let (user, phone) = (Identity::new(MemberId, "A"), Identity::new(Phone, "13912345678"));
        let ids = [user, phone];
        let mut ownership = Ownership::default();
        ownership.apply(&message("m2", 20, Kind::Unlink, &ids));
        ownership.apply(&message("m1", 10, Kind::Link, &ids));
        assert_eq!(ownership.bonds().count(), 0);
        ownership.apply(&message("m3", 30, Kind::Identify, &ids));
        assert_eq!(ownership.bonds().count(), 1);
    }

    #[test]
    fn an_alias_binds_into_the_person_it_names_first() {
        let ids = [Identity::new(MemberId, "new"), Identity::new(MemberId, "old"), Identity::new(AnonymousId, "old")];
        let said = statements(&message("m", 1, Kind::Alias, &ids));
        let [new, old, visitor] = ids;
        let expected =
            [Statement::Bond { left: new.clone(), right: old }, Statement::Claim { anonymous: visitor, owner: new }];
        assert_eq!(said, expected);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// INV-LINKING-1, INV-LINKING-2, and the owner as a plain search finds it.
        #[test]
        fn order_and_repetition_change_nothing(seed in any::<u64>(), shuffle in any::<u64>()) {
            let messages = Script::generate(seed, 120);
            let of = |messages: &[Message]| {
                let mut ownership = Ownership::default();
                messages.iter().for_each(|message| ownership.apply(message));
                ownership
            };
            let ownership = of(&messages);
            let mixed = shuffled(&messages, shuffle);
            prop_assert_eq!(&of(&mixed), &ownership);
            let (left, right) = mixed.split_at(mixed.len() / 2);
            let mut merged = of(right);
            merged.merge(&of(left));
            prop_assert_eq!(&merged, &ownership);
            for (left, right) in ownership.bonds() {
                prop_assert!(!left.is_anonymous() && !right.is_anonymous());
            }
            for message in &messages {
                for id in message.identities.iter().filter(|id| id.is_anonymous()) {
                    let mut claims: Vec<(Stamp, Identity)> = messages.iter().flat_map(|each| {
                        statements(each).into_iter().filter_map(move |statement| match statement {
                            Statement::Claim { anonymous, owner } if anonymous == *id => Some((each.stamp(), owner)),
                            _ => None,
                        })
                    }).collect();
                    claims.sort();
                    let last = claims.iter().rfind(|(Stamp(at, _), _)| *at <= message.occurred_at).or(claims.first());
                    prop_assert_eq!(ownership.owner_at(id, message.occurred_at), last.map(|(_, owner)| owner));
                    let spans = ownership.spans(id);
                    let span = spans.iter().rfind(|(since, _)| *since <= message.occurred_at).map(|(_, owner)| *owner);
                    prop_assert_eq!(span, last.map(|(_, owner)| owner));
                }
            }
        }
    }
}
