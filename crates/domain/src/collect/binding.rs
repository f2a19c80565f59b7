//! Scanned codes: what a code's ticket says, how long it holds, and what its scan says as a message.
//!
//! A code is made for a **member**, or for a **visit** of a store. Whoever scans it shows a visitor id of their own; the scan
//! becomes a message like any other, so that order, repetition and delay of what else is known change nothing:
//!
//! | Code for | Message | Says |
//! |---|---|---|
//! | member | `link` named [`BOUND`], member's id and visitor's id | claim of an anonymous id, bond with an openid or unionid |
//! | visit | `track` named [`VISITED`] with `store_id` | that the visitor was there |
//!
//! - **INV-BINDING-1**: a ticket reads back equal; no other length of bytes is one.
//! - **INV-BINDING-2**: a ticket holds ids drawn at random and a time, nothing of a person.

use serde_json::Value;

use super::message::{Dialect, Identity, Kind, Message};
use super::personal::read_identity;
use crate::detect;
use crate::id::BindingId;
use crate::import::entity::IdentityKind;

/// Name of the event of a member's scan.
pub const BOUND: &str = "QR Bound";
/// Name of the event of a visit.
pub const VISITED: &str = "Store Visited";
/// How long after its end a code is still taken: for clocks that differ, and for a page that was open already.
///
/// **Units**: microseconds.
pub const TOLERANCE: i64 = 60_000_000;
/// Longest id of a visitor, store, campaign or place.
pub const MAX_ID_CHARS: usize = 255;

/// What a code is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BindingKind {
    /// A known person.
    Member,
    /// A visit of a store.
    Store,
}

impl BindingKind {
    /// Stable name in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Store => "store",
        }
    }

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Member, Self::Store].into_iter().find(|kind| kind.as_str() == name)
    }

    /// How long a code holds and how often it may be used: by default, and at most.
    ///
    /// **Units**: seconds, scans.
    pub const fn limits(self) -> Limits {
        const DAY: i64 = 86_400;
        match self {
            Self::Member => Limits { expires_s: (600, 30 * DAY), max_uses: (1, 100) },
            Self::Store => Limits { expires_s: (90 * DAY, 5 * 366 * DAY), max_uses: (100_000, 10_000_000) },
        }
    }
}

/// Default and upper bound of what an operator may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Seconds until a code ends.
    pub expires_s: (i64, i64),
    /// Scans.
    pub max_uses: (i64, i64),
}

/// What a code carries, sealed.
///
/// **Shape**: kind (1 byte) · binding (8, big-endian) · identity of the member (8; 0 for a visit) · end in seconds (8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticket {
    /// What it is made for.
    pub kind: BindingKind,
    /// Which code.
    pub binding_id: i64,
    /// The member's identity, as state numbers it.
    pub identity_id: i64,
    /// When it ends, in seconds since 1970.
    pub expires_s: i64,
}

impl Ticket {
    /// The bytes to seal.
    pub fn to_bytes(self) -> [u8; 25] {
        let mut bytes = [0; 25];
        bytes[0] = match self.kind {
            BindingKind::Member => 1,
            BindingKind::Store => 2,
        };
        bytes[1..9].copy_from_slice(&self.binding_id.to_be_bytes());
        bytes[9..17].copy_from_slice(&self.identity_id.to_be_bytes());
        bytes[17..].copy_from_slice(&self.expires_s.to_be_bytes());
        bytes
    }

    /// Reads what [`Ticket::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&kind, rest) = bytes.split_first()?;
        let kind = match kind {
            1 => BindingKind::Member,
            2 => BindingKind::Store,
            _ => return None,
        };
        let (&binding_id, rest) = rest.split_first_chunk()?;
        let (&identity_id, rest) = rest.split_first_chunk()?;
        let expires_s = i64::from_be_bytes(rest.try_into().ok()?);
        let (binding_id, identity_id) = (i64::from_be_bytes(binding_id), i64::from_be_bytes(identity_id));
        Some(Self { kind, binding_id, identity_id, expires_s })
    }

    /// Whether it is over, by a clock in microseconds.
    pub fn is_over(&self, now: i64) -> bool {
        now > self.expires_s.saturating_mul(1_000_000).saturating_add(TOLERANCE)
    }
}

/// Kinds of ids by which somebody who scans may be told; a page can show only those that join nobody.
pub const fn may_scan(kind: IdentityKind, is_page: bool) -> bool {
    match kind {
        IdentityKind::AnonymousId | IdentityKind::DeviceId => true,
        IdentityKind::Openid | IdentityKind::Unionid => !is_page,
        _ => false,
    }
}

/// The id of somebody who scans; `None` for one that identifies nobody.
pub fn read_visitor(kind: IdentityKind, value: &str) -> Option<Identity> {
    let value = read_identity(kind, value)?;
    let is_id = value.chars().count() <= MAX_ID_CHARS && !value.chars().any(char::is_control);
    is_id.then(|| Identity::new(kind, value))
}

/// A text of an operator's, fit to stand in events; `None` when it is too long, empty, or looks personal.
pub fn read_place(text: &str) -> Option<String> {
    let text = text.trim();
    let is_fit = (1..=64).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
        && detect::mask_text(text).is_none();
    is_fit.then(|| text.to_owned())
}

/// Where a visit is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visit {
    /// Store.
    pub store_id: String,
    /// Campaign that the code belongs to.
    pub campaign_id: Option<String>,
    /// Table, counter, shelf.
    pub place: Option<String>,
}

/// One scan.
#[derive(Clone, Debug)]
pub struct Scan {
    /// Which code.
    pub binding_id: i64,
    /// Id of the message: the same for the same scan.
    pub message_id: String,
    /// When, in microseconds.
    pub at: i64,
    /// Who scanned.
    pub visitor: Identity,
}

impl Scan {
    /// What the scan of a member's code says.
    pub fn bound(self, member: Identity) -> Message {
        let mut message = self.message(Kind::Link, BOUND);
        message.identities.insert(0, member);
        message
    }

    /// What the scan of a store's code says.
    pub fn visited(self, visit: &Visit) -> Message {
        let mut message = self.message(Kind::Track, VISITED);
        let stated = [("campaign_id", visit.campaign_id.as_ref()), ("place", visit.place.as_ref())];
        let stated = stated.into_iter().filter_map(|(name, value)| Some((name, value?)));
        for (name, value) in stated.chain([("store_id", &visit.store_id)]) {
            message.properties.insert(name.to_owned(), Value::from(value.as_str()));
        }
        message
    }

    fn message(self, kind: Kind, event: &str) -> Message {
        let mut message = Message::new(Dialect::Plain, kind, self.message_id, self.at);
        message.event = Some(event.to_owned());
        message.binding_id = Some(self.binding_id);
        message.properties.insert("binding_id".to_owned(), Value::from(BindingId::new(self.binding_id).to_string()));
        message.add_identity(self.visitor);
        message
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::linking::{Statement, statements};
    use super::*;

    fn scan(kind: IdentityKind) -> Scan {
        let visitor = read_visitor(kind, "v1").unwrap();
        Scan { binding_id: 7, message_id: "qr_1".to_owned(), at: 5, visitor }
    }

    #[test]
    fn a_scan_claims_a_visitor_and_binds_an_account() {
        let member = Identity::new(IdentityKind::MemberId, "m1");
        let claim = scan(IdentityKind::AnonymousId).bound(member.clone());
        assert_eq!(
            statements(&claim),
            [Statement::Claim { anonymous: Identity::new(IdentityKind::AnonymousId, "v1"), owner: member.clone() }]
        );
        let bond = scan(IdentityKind::Openid).bound(member.clone());
        assert_eq!(
            statements(&bond),
            [Statement::Bond { left: member, right: Identity::new(IdentityKind::Openid, "v1") }]
        );
        let visit = Visit { store_id: "sh-01".into(), campaign_id: None, place: Some("A3".into()) };
        let visited = scan(IdentityKind::AnonymousId).visited(&visit);
        assert_eq!(statements(&visited), []);
        assert_eq!(
            Value::Object(visited.properties),
            serde_json::json!({"binding_id": "bnd_0000000000007", "store_id": "sh-01", "place": "A3"})
        );
    }

    #[test]
    fn who_scans_shows_an_id_that_is_one() {
        for (value, is_id) in [("o6_bmasdasdsad6_2sgVt7hMZOPfL", true), ("138****5678", false), ("", false)] {
            assert_eq!(read_visitor(IdentityKind::Openid, value).is_some(), is_id, "{value:?}");
        }
        assert!(read_visitor(IdentityKind::AnonymousId, &"x".repeat(256)).is_none());
        assert!(may_scan(IdentityKind::Openid, false) && !may_scan(IdentityKind::Openid, true));
        assert!(IdentityKind::ALL.iter().filter(|kind| may_scan(**kind, false)).count() == 4);
        assert_eq!(read_place(" 上海静安店 "), Some("上海静安店".into()));
        assert!(read_place("13912345678").is_none() && read_place("").is_none() && read_place("a\nb").is_none());
    }

    proptest! {
        /// INV-BINDING-1.
        #[test]
        fn tickets_read_back(is_member: bool, binding_id: i64, identity_id: i64, expires_s: i64, other in prop::collection::vec(any::<u8>(), 0..40)) {
            let kind = if is_member { BindingKind::Member } else { BindingKind::Store };
            let ticket = Ticket { kind, binding_id, identity_id, expires_s };
            prop_assert_eq!(Ticket::from_bytes(&ticket.to_bytes()), Some(ticket));
            if let Some(read) = Ticket::from_bytes(&other) {
                prop_assert_eq!(&read.to_bytes()[..], &other[..]);
            }
        }

        #[test]
        fn a_ticket_is_over_once_its_end_and_the_tolerance_are_past(expires_s in 0..1_i64 << 40, late in -200_000_000..200_000_000_i64) {
            let ticket = Ticket { kind: BindingKind::Store, binding_id: 1, identity_id: 0, expires_s };
            prop_assert_eq!(ticket.is_over(expires_s * 1_000_000 + late), late > TOLERANCE);
        }
    }
}
