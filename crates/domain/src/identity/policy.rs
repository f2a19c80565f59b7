//! How far identities may join people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::import::entity::IdentityKind;

/// How far identities of each kind may join people; editable and kept by version.
///
/// The default limits:
///
/// | Kind | Limit | Because |
/// |---|---|---|
/// | member_id | none | it is the person, as its source sees it |
/// | id_number, unionid, openid, external_id | 10 | one value is one person; more numbers than that are a placeholder |
/// | phone, email | 5 | a person with several numbers, or a family; beyond that a shop or a placeholder |
/// | card_no, device_id | 3 | lent within a family |
/// | anonymous_id | 1 | a browser with two logins is shared |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Version of this policy; every change makes a new one.
    pub version: u32,
    /// Per kind, with how many different identities of one kind, as strong or stronger, a value may be seen; one more
    /// and it is set aside. `null`: no limit; a kind left out: the default limit. At most 62.
    pub limits: BTreeMap<IdentityKind, Option<u32>>,
    /// Kinds of which a person has one value per source: a link that would give a second one is refused.
    ///
    /// The default is the ID number alone. With `member_id`, a shared phone no longer joins two members of one source.
    pub unique: Vec<IdentityKind>,
    /// When people without a shared id are taken for one.
    pub matching: Matching,
}

/// When people without a shared id are one because what is known of them agrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Matching {
    /// Whether anybody is compared at all.
    pub is_on: bool,
    /// Joined without a person at this probability or above. A wrong merge costs more than a missed one: 0.95 says
    /// nineteen times as much.
    pub join_from: f64,
    /// Shown to a person at this probability or above.
    pub review_from: f64,
}

// No threshold is NaN once the policy was checked.
impl Eq for Matching {}

impl Matching {
    /// Below this nobody is shown: most pairs are not one person.
    pub const LEAST: f64 = 0.2;
}

impl Default for Matching {
    fn default() -> Self {
        Self { is_on: true, join_from: 0.95, review_from: 0.5 }
    }
}

impl Default for Policy {
    fn default() -> Self {
        let limits = IdentityKind::ALL.iter().map(|&kind| (kind, default_limit(kind))).collect();
        Self { version: 1, limits, unique: vec![IdentityKind::IdNumber], matching: Matching::default() }
    }
}

const fn default_limit(kind: IdentityKind) -> Option<u32> {
    match kind {
        IdentityKind::MemberId => None,
        IdentityKind::IdNumber | IdentityKind::Unionid | IdentityKind::Openid | IdentityKind::ExternalId => Some(10),
        IdentityKind::Phone | IdentityKind::Email => Some(5),
        IdentityKind::CardNo | IdentityKind::DeviceId => Some(3),
        IdentityKind::AnonymousId => Some(1),
    }
}

/// A limit that cannot be kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{en}")]
pub struct PolicyProblem {
    /// The kind, when it is about one.
    pub kind: Option<IdentityKind>,
    /// The problem in Chinese.
    pub zh: String,
    /// The problem in English.
    pub en: String,
}

impl Policy {
    /// With how many a value of this kind may be seen; `None` when with any number.
    pub fn limit(&self, kind: IdentityKind) -> Option<u32> {
        self.limits.get(&kind).copied().unwrap_or_else(|| default_limit(kind))
    }

    /// Whether a value that was seen with so many is set aside.
    pub fn is_beyond(&self, kind: IdentityKind, joined: Joined) -> bool {
        self.limit(kind).is_some_and(|limit| joined.most() > limit)
    }

    /// What is wrong with the policy; nothing when it can be used.
    pub fn validate(&self) -> Vec<PolicyProblem> {
        let most = Joined::FULL - 1;
        let beyond = |&(&kind, &limit): &(&IdentityKind, &Option<u32>)| limit.is_some_and(|n| n > most).then_some(kind);
        let problem = |kind: IdentityKind| PolicyProblem {
            kind: Some(kind),
            zh: format!("{kind} 的上限最多为 {most}，不限请写 null"),
            en: format!("the limit of {kind} is at most {most}; write null for none"),
        };
        let mut problems: Vec<PolicyProblem> =
            self.limits.iter().filter_map(|entry| beyond(&entry)).map(problem).collect();
        let Matching { join_from, review_from, .. } = self.matching;
        if !(Matching::LEAST..=1.0).contains(&join_from) || !(Matching::LEAST..=join_from).contains(&review_from) {
            problems.push(PolicyProblem {
                kind: None,
                zh: format!("matching 的两个门槛须满足 {} ≤ review_from ≤ join_from ≤ 1", Matching::LEAST),
                en: format!("matching needs {} <= review_from <= join_from <= 1", Matching::LEAST),
            });
        }
        problems
    }
}

/// With how many different identities of each kind, as strong or stronger, an identity was seen in one row so far.
///
/// **Shape**: one counter per kind, six bits each, which stops at 63; the whole fits a database's 64-bit number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Joined(u64);

impl Joined {
    /// Where a counter stops.
    pub const FULL: u32 = 63;

    /// The counters of a stored number.
    pub const fn from_i64(stored: i64) -> Self {
        Self(stored as u64)
    }

    /// The number to store; never negative.
    pub const fn to_i64(self) -> i64 {
        self.0 as i64
    }

    /// With how many of a kind; 63 means 63 or more.
    pub const fn n(self, kind: IdentityKind) -> u32 {
        ((self.0 >> (6 * kind.strength())) & 63) as u32
    }

    /// The largest counter.
    pub fn most(self) -> u32 {
        if self.0 == 0 {
            return 0;
        }
        IdentityKind::ALL.iter().map(|&kind| self.n(kind)).max().unwrap_or(0)
    }

    /// One more of a kind.
    pub(super) fn add(&mut self, kind: IdentityKind) {
        if self.n(kind) < Self::FULL {
            self.0 += 1 << (6 * kind.strength());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_read_back_from_json() {
        let policy = Policy::default();
        let json = serde_json::to_value(&policy).unwrap();
        assert_eq!(json["limits"]["phone"], 5);
        assert_eq!(json["limits"]["member_id"], serde_json::Value::Null);
        assert_eq!(serde_json::from_value::<Policy>(json).unwrap(), policy);
        let short: Policy = serde_json::from_str(r#"{"version": 2, "limits": {"phone": 2, "email": null}}"#).unwrap();
        let limits = [IdentityKind::Phone, IdentityKind::Email, IdentityKind::CardNo].map(|kind| short.limit(kind));
        assert_eq!(limits, [Some(2), None, Some(3)]);
        assert!(serde_json::from_str::<Policy>(r#"{"limits": {"telephone": 2}}"#).is_err());
    }

    #[test]
    fn limits_beyond_the_counters_are_problems() {
        assert_eq!(Policy::default().validate(), []);
        let policy: Policy = serde_json::from_str(r#"{"limits": {"phone": 62, "email": 63}}"#).unwrap();
        let problems = policy.validate();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].to_string(), "the limit of email is at most 62; write null for none");
    }

    #[test]
    fn counters_are_separate_and_stop() {
        let mut joined = Joined::default();
        for _ in 0..100 {
            joined.add(IdentityKind::AnonymousId);
        }
        joined.add(IdentityKind::MemberId);
        assert_eq!(joined.n(IdentityKind::AnonymousId), Joined::FULL);
        assert_eq!((joined.n(IdentityKind::MemberId), joined.n(IdentityKind::DeviceId)), (1, 0));
        assert!(joined.to_i64() > 0);
        assert_eq!(Joined::from_i64(joined.to_i64()), joined);
    }
}
