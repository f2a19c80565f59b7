//! How long what is kept, why, and what happens then.
//!
//! Owns the classes of data, their defaults and the rule of what is over. Must not know where data are nor remove any.
//!
//! - INV-RETENTION-1: a longer period never lets more go; nothing on hold goes.

use serde::{Deserialize, Serialize};

use crate::worded::worded;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

worded! {
    /// A class of data that is kept for one time.
    Class {
        /// Orders, their lines, refunds.
        Orders "orders" "订单、明细与退款" "orders, their lines and refunds",
        /// Events.
        Events "events" "行为事件" "events",
        /// Feedback and service contacts.
        Feedback "feedback" "反馈与服务记录" "feedback and service contacts",
        /// Messages sent.
        Touches "touches" "触达记录" "messages sent",
        /// Rows set aside.
        Quarantine "quarantine" "隔离行" "rows set aside",
        /// The trail of acts, exports among them.
        Audit "audit" "审计与导出记录" "the audit trail, with exports",
    }
}

worded! {
    /// Why data are kept.
    Basis {
        /// A law demands it: the facts outlast an erasure, without the person.
        LegalDuty "legal_duty" "法定义务" "legal duty",
        /// For a contract with the person.
        Contract "contract" "履行合同" "contract",
        /// As long as the person agrees.
        Consent "consent" "个人同意" "consent",
        /// To run the platform safely.
        Operation "operation" "运行与安全" "operation and security",
    }
}

worded! {
    /// What happens when the time is over.
    Then {
        /// Rows are removed.
        Purge "purge" "删除" "purge",
        /// Rows stay without the person.
        Anonymise "anonymise" "去除本人" "take the person out",
        /// Nothing: the period is the least time.
        Keep "keep" "保留（期限为最短期限）" "keep: the period is the least",
    }
}

/// How long a class is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// Class.
    pub class: Class,
    /// Days from when it happened.
    pub days: i64,
    /// Why.
    pub basis: Basis,
    /// The law or contract, in words.
    pub source: String,
    /// What happens then.
    pub then: Then,
    /// Whether it happens by itself, every night; otherwise only when somebody runs it.
    pub is_on: bool,
}

impl Class {
    /// Tables of the lake that it covers.
    pub const fn tables(self) -> &'static [&'static str] {
        match self {
            Self::Orders => &["orders", "order_items", "refunds"],
            Self::Events => &["events"],
            Self::Feedback => &["feedback", "interactions"],
            Self::Touches => &["touches"],
            Self::Quarantine | Self::Audit => &[],
        }
    }

    /// The rule until somebody sets another. None runs by itself: old data may be what somebody has just loaded.
    pub fn rule(self) -> Rule {
        let (days, basis, source, then) = match self {
            Self::Orders => (
                1_096,
                Basis::LegalDuty,
                "电子商务法第三十一条（平台经营者，自交易完成之日起不少于三年）",
                Then::Anonymise,
            ),
            Self::Events => (730, Basis::Consent, "个人信息保护法第十九条（实现目的所必要的最短时间）", Then::Purge),
            Self::Feedback => (730, Basis::Contract, "个人信息保护法第十九条", Then::Purge),
            Self::Touches => (730, Basis::Consent, "个人信息保护法第十九条", Then::Purge),
            Self::Quarantine => (90, Basis::Operation, "个人信息保护法第十九条", Then::Purge),
            Self::Audit => {
                (1_096, Basis::LegalDuty, "个人信息保护法第五十六条、网络数据安全管理条例（不少于三年）", Then::Keep)
            }
        };
        Rule { class: self, days, basis, source: source.to_owned(), then, is_on: false }
    }
}

impl Rule {
    /// The instant before which things are over.
    pub const fn over_before(&self, now: i64) -> i64 {
        now.saturating_sub(self.days.saturating_mul(DAY))
    }

    /// Since when facts outlast an erasure, without the person.
    pub fn outlasts_since(&self, now: i64) -> Option<i64> {
        (self.basis == Basis::LegalDuty).then(|| self.over_before(now))
    }

    /// Why the rule does not hold: Chinese and English.
    pub fn problem(&self) -> Option<(&'static str, &'static str)> {
        let least = match self.class {
            Class::Audit => 1_095,
            _ => 1,
        };
        if self.days < least || self.days > 36_500 {
            return Some((
                "期限须为 1 至 36500 天，审计不少于 1095 天",
                "a period has 1 to 36,500 days, that of the audit trail 1,095 at least",
            ));
        }
        match (self.class, self.then) {
            (Class::Audit, then) if then != Then::Keep => {
                Some(("审计链不可删除：只能保留", "the audit trail is never removed: it is kept"))
            }
            (Class::Quarantine, Then::Anonymise) => Some(("隔离行只能删除或保留", "rows set aside are purged or kept")),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn defaults_hold_and_names_read_back() {
        for &class in Class::ALL {
            assert_eq!(Class::parse(class.as_str()), Some(class));
            let rule = class.rule();
            assert!(rule.problem().is_none() && !rule.is_on, "{class:?}");
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&json).unwrap(), rule);
            assert!(class.tables().iter().all(|table| crate::tables::table(table).is_some()));
        }
        let short = Rule { days: 365, ..Class::Audit.rule() };
        let gone = Rule { then: Then::Purge, ..Class::Audit.rule() };
        assert!(short.problem().is_some() && gone.problem().is_some());
    }

    proptest! {
        /// INV-RETENTION-1
        #[test]
        fn a_longer_period_lets_less_go(days in 1_i64..40_000, more in 0_i64..40_000, now in any::<i64>()) {
            let rule = Rule { days, ..Class::Events.rule() };
            let longer = Rule { days: days + more, ..rule.clone() };
            prop_assert!(longer.over_before(now) <= rule.over_before(now));
        }
    }
}
