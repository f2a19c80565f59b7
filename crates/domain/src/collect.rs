//! Live collection: from the bytes that SDKs send to accepted messages with a meaning.
//!
//! Owns the dialects (Segment and RudderStack, Sensors, plain JSON), the one neutral [`Message`] that they all become,
//! the tracking plan, order facts, trait registers, sessions, scanned codes, the usual volume of a source and the rules by
//! which streams link identities. Must not know networks, logs, stores, clocks or randomness: receive time and request id
//! are arguments ([`Arrival`]).
//!
//! ```text
//!  bytes ─ wire ─┬─ segment ─┐             ┌─ plan: declared? personal data masked
//!  (inflated)    ├─ sensors ─┼─ Message ───┼─ linking: who owns an anonymous id when
//!                └─ plain ───┘   (sealed   ├─ traits: registers of what is stated about a person
//!                                 into the ├─ commerce → order: facts of an order → rows
//!                                 log)     └─ session: visits
//! ```
//!
//! - **INV-COLLECT-1**: no bytes panic; a body is unreadable as a whole, or each of its records is accepted or rejected.
//! - **INV-COLLECT-2**: one bad record spoils no other; each reject has a code of a closed list and keeps its record.
//! - **INV-COLLECT-3**: the same body, arrival and settings give the same messages; a message written to the log reads
//!   back equal.
//! - **INV-COLLECT-4**: no personal value stands in a message's traits once they were split, nor anywhere in the clear
//!   in its properties, context and names once the plan was checked.
//! - **INV-COLLECT-5**: registers, orders and ownership are functions of the *set* of messages: order, duplicates and
//!   delay change nothing.

pub mod binding;
pub mod clock;
pub mod commerce;
pub mod linking;
pub mod message;
pub mod order;
pub mod origin;
pub mod personal;
pub mod plain;
pub mod plan;
pub mod reject;
pub mod segment;
pub mod sensors;
pub mod session;
pub mod traits;
pub mod volume;
pub mod wire;

use serde::{Deserialize, Serialize};

use crate::import::entity::IdentityKind;

pub use clock::TimeRules;
pub use message::{Identity, Kind, Message, Stamp};
pub use reject::{RejectCode, Rejected, Unreadable};

/// What a source's settings say about reading its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// What the id of a signed-in user is: by default a member number, as files with a column "user id" are read.
    pub user_kind: IdentityKind,
    /// When times are corrected.
    pub time: TimeRules,
    /// Zone of times that name none.
    ///
    /// **Units**: minutes east of Greenwich.
    pub zone_minutes: i32,
    /// Whether its senders prove who people are: a back end or a till, whose key nobody else has. Pages and apps do not, for
    /// their key is anybody's: of several known ids in a message of theirs only the strongest counts.
    pub proves_identity: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            user_kind: IdentityKind::MemberId,
            time: TimeRules::default(),
            zone_minutes: 480,
            proves_identity: false,
        }
    }
}

/// What is known of a request apart from its body.
#[derive(Clone, Copy, Debug)]
pub struct Arrival<'a> {
    /// When it arrived.
    ///
    /// **Units**: microseconds since 1970-01-01T00:00:00 UTC.
    pub received_at: i64,
    /// Unique text, from which records without an id get theirs.
    pub request_id: &'a str,
    /// Address of the peer, or the one that a trusted proxy gave; used for browsers and apps only.
    pub peer_ip: Option<&'a str>,
    /// The peer's user agent; used for browsers and apps only.
    pub user_agent: Option<&'a str>,
    /// Header `SentAt`.
    pub sent_at: Option<&'a str>,
    /// The source's settings.
    pub settings: &'a Settings,
}

/// One record of a body.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Position in the body, from 0.
    pub index: u32,
    /// Project that the record itself names (Sensors); it wins over the request's, if the sender may write there.
    pub project: Option<String>,
    /// Token that the record itself names (Sensors).
    pub token: Option<String>,
    /// What became of it.
    pub outcome: Result<Message, Rejected>,
}

/// What a readable body held.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Collected {
    /// The write key that stood in the body.
    pub write_key: Option<String>,
    /// The records, in the body's order.
    pub records: Vec<Record>,
}

impl Collected {
    /// The accepted messages.
    pub fn accepted(&self) -> impl Iterator<Item = &Message> {
        self.records.iter().filter_map(|record| record.outcome.as_ref().ok())
    }

    /// The rejected records.
    pub fn rejected(&self) -> impl Iterator<Item = &Rejected> {
        self.records.iter().filter_map(|record| record.outcome.as_ref().err())
    }
}
