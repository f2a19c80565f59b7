//! How much of people's data somebody may see or take: budgets by role and kind of data, and the buckets they fill.
//!
//! Owns the defaults, as data ([`Budgets`]), and how a bucket is drawn from ([`Bucket`]). Must not know clocks, users or where
//! what was used is kept: the caller hands in the time, and takes blocks of a day's budget from a ledger that is atomic.
//!
//! - INV-GUARD-1: a reservation is granted whole or not at all; under any interleaving of any number of buckets that share a
//!   ledger no more is granted in a day than the budget holds, and from one bucket no more in a minute.
//! - INV-GUARD-2: what was taken from the ledger counts as used, also by a process that died: a restart gives nothing back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::access::Role;
use crate::grade::Class;

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meter {
    /// Rows about people, masked: lists, results, files.
    Rows,
    /// Different people opened or found by a value, each once a day.
    People,
    /// Looks at values in the clear.
    Unmasks,
    /// Rows, or looks at one person, that show values of a class in the clear.
    Class(Class),
}

impl Meter {
    /// Those that give nothing where nothing is said; a class is bounded only where its budget is named.
    pub const ALL: [Self; 3] = [Self::Rows, Self::People, Self::Unmasks];

    /// Classes that can have a budget: all that is about people.
    pub fn classes() -> impl Iterator<Item = Class> {
        Class::ALL.iter().copied().filter(|class| *class != Class::Technical)
    }

    /// All of them, classes last.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().chain(Self::classes().map(Self::Class))
    }

    /// Name; of a class `class.` and its own.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rows => "rows",
            Self::People => "people",
            Self::Unmasks => "unmasks",
            Self::Class(Class::Technical) => "class.technical",
            Self::Class(Class::Behaviour) => "class.behaviour",
            Self::Class(Class::Commerce) => "class.commerce",
            Self::Class(Class::Attribute) => "class.attribute",
            Self::Class(Class::Location) => "class.location",
            Self::Class(Class::Identity) => "class.identity",
            Self::Class(Class::Sensitive) => "class.sensitive",
            Self::Class(Class::Text) => "class.text",
            Self::Class(Class::Unknown) => "class.unknown",
        }
    }

    /// The one of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::all().find(|meter| meter.as_str() == name)
    }

    /// In Chinese and English.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Rows => ("客户数据行数", "rows about people"),
            Self::People => ("查看的不同客户数", "different people opened"),
            Self::Unmasks => ("查看明文次数", "looks at values in the clear"),
            Self::Class(Class::Technical) => ("技术信息明文行数", "rows with technical values in the clear"),
            Self::Class(Class::Behaviour) => ("行为明文行数", "rows with behaviour in the clear"),
            Self::Class(Class::Commerce) => ("商品与交易明文行数", "rows with goods and orders in the clear"),
            Self::Class(Class::Attribute) => ("个人属性明文行数", "rows with attributes of a person in the clear"),
            Self::Class(Class::Location) => ("位置明文行数", "rows with locations in the clear"),
            Self::Class(Class::Identity) => ("身份与联系方式明文行数", "rows with identity and contact in the clear"),
            Self::Class(Class::Sensitive) => ("敏感个人信息明文行数", "rows with sensitive values in the clear"),
            Self::Class(Class::Text) => ("自由文本明文行数", "rows with free text in the clear"),
            Self::Class(Class::Unknown) => ("未分类信息明文行数", "rows with values of an unknown class in the clear"),
        }
    }
}

/// How much of a meter; no bound where nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Within a minute.
    pub per_minute: Option<u64>,
    /// Within a day.
    pub per_day: Option<u64>,
}

impl Limit {
    const NOTHING: Self = Self { per_minute: Some(0), per_day: Some(0) };
    const NO_BOUND: Self = Self { per_minute: None, per_day: None };

    /// The wider of two.
    fn or(self, other: Self) -> Self {
        let wider = |left: Option<u64>, right: Option<u64>| left.zip(right).map(|(left, right)| left.max(right));
        Self { per_minute: wider(self.per_minute, other.per_minute), per_day: wider(self.per_day, other.per_day) }
    }
}

/// Budgets by role and meter, and from how many rows on an export waits for a second person: data, changed by the security
/// administrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Budgets {
    /// By role, then by meter. A role or meter that is missing has nothing; a class that is missing has no bound of its own.
    pub roles: BTreeMap<String, BTreeMap<String, Limit>>,
    /// Rows up to which an export needs nobody else.
    pub export_rows: u64,
    /// Hours for which an approval can be given and used.
    pub approval_hours: u64,
}

impl Default for Budgets {
    /// Source: §3.13 of the plan of governance, rows of masked lists set so that pages can be turned all day.
    fn default() -> Self {
        let some = |per_minute, per_day| Limit { per_minute: Some(per_minute), per_day: Some(per_day) };
        let of = |role: Role| match role {
            Role::Admin => [some(20_000, 100_000), some(600, 20_000), some(20, 200)],
            Role::Analyst => [some(10_000, 10_000), some(300, 5_000), Limit::NOTHING],
            Role::Operator => [some(5_000, 10_000), some(300, 5_000), Limit::NOTHING],
            Role::Service => [some(300, 5_000), some(60, 2_000), some(20, 200)],
            Role::SystemAdmin | Role::SecurityAdmin | Role::AuditAdmin => [Limit::NOTHING; 3],
        };
        let table = |role: Role| Meter::ALL.iter().map(|meter| meter.as_str().to_owned()).zip(of(role)).collect();
        Self {
            roles: Role::ALL.iter().map(|role| (role.to_string(), table(*role))).collect(),
            export_rows: 10_000,
            approval_hours: 24,
        }
    }
}

impl Budgets {
    /// The budget of somebody with some roles: the widest of them. Of a class the widest of those that name it: a role that
    /// says nothing of a class takes no bound away that another sets.
    pub fn of(&self, roles: &[Role], meter: Meter) -> Limit {
        let of = |role: &Role| self.roles.get(role.as_str()).and_then(|meters| meters.get(meter.as_str())).copied();
        let widest = roles.iter().filter_map(of).reduce(Limit::or);
        widest.unwrap_or(if matches!(meter, Meter::Class(_)) { Limit::NO_BOUND } else { Limit::NOTHING })
    }

    /// What of it is no role or meter, in Chinese and English.
    pub fn problem(&self) -> Option<(String, String)> {
        for (role, meters) in &self.roles {
            if Role::parse(role).is_none() {
                return Some((format!("没有角色“{role}”"), format!("there is no role {role:?}")));
            }
            if let Some(meter) = meters.keys().find(|key| Meter::parse(key).is_none()) {
                return Some((format!("没有额度项“{meter}”"), format!("there is no meter {meter:?}")));
            }
        }
        (self.approval_hours == 0 || self.approval_hours > 24 * 30)
            .then(|| ("审批有效期须在 1 小时到 30 天之间".into(), "an approval holds for an hour to 30 days".into()))
    }
}

/// Over which time a budget was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// A minute.
    Minute,
    /// A day.
    Day,
}

/// What becomes of a reservation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// It is granted.
    Granted,
    /// Take so much from the ledger of the day, at least or better, [`Bucket::add`] it and draw again.
    Take {
        /// What is missing.
        need: u64,
        /// A block, so that the ledger is not asked every time.
        wish: u64,
    },
    /// It is refused.
    Refused(Span),
}

const MINUTE: i64 = 60_000_000;

/// What one process has left of one person's budget of one meter.
#[derive(Clone, Debug, Default)]
pub struct Bucket {
    minute: i64,
    in_minute: u64,
    day: i64,
    left: u64,
}

impl Bucket {
    /// Draws so much at an instant of a day: all of it or nothing.
    pub fn draw(&mut self, limit: Limit, now: i64, day: i64, n: u64) -> Step {
        // A clock that goes back opens no new window.
        let minute = now.div_euclid(MINUTE);
        if minute > self.minute {
            (self.minute, self.in_minute) = (minute, 0);
        }
        if day > self.day {
            (self.day, self.left) = (day, 0);
        }
        let in_minute = self.in_minute.saturating_add(n);
        if limit.per_minute.is_some_and(|most| in_minute > most) {
            return Step::Refused(Span::Minute);
        }
        if let Some(per_day) = limit.per_day {
            if n > per_day {
                return Step::Refused(Span::Day);
            }
            if self.left < n {
                let need = n - self.left;
                return Step::Take { need, wish: need.max(per_day / 20) };
            }
            self.left -= n;
        }
        self.in_minute = in_minute;
        Step::Granted
    }

    /// Adds what was taken from the ledger of a day.
    pub fn add(&mut self, day: i64, taken: u64) {
        if day == self.day {
            self.left = self.left.saturating_add(taken);
        }
    }

    /// The day that it counts.
    pub const fn day(&self) -> i64 {
        self.day
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 24 * 60 * MINUTE;

    /// Draws from a bucket with a ledger that is atomic, as the engine does.
    fn reserve(bucket: &mut Bucket, ledger: &mut BTreeMap<i64, u64>, limit: Limit, now: i64, n: u64) -> bool {
        let day = now.div_euclid(DAY);
        match bucket.draw(limit, now, day, n) {
            Step::Granted => return true,
            Step::Refused(_) => return false,
            Step::Take { need, wish } => {
                let used = ledger.entry(bucket.day()).or_default();
                let Some(taken) =
                    [wish, need].into_iter().find(|taken| limit.per_day.is_none_or(|most| *used + taken <= most))
                else {
                    return false;
                };
                *used += taken;
                bucket.add(bucket.day(), taken);
            }
        }
        bucket.draw(limit, now, day, n) == Step::Granted
    }

    proptest! {
        /// INV-GUARD-1 and 2: three processes with one ledger, that die and start again, and clocks that jump.
        #[test]
        fn no_more_is_granted_than_the_budget_holds(
            per_minute in 0_u64..400,
            per_day in 0_u64..1_000,
            acts in prop::collection::vec((0_usize..3, 0_u64..300, -2..120_i64, prop::bool::weighted(0.05)), 1..200),
        ) {
            let limit = Limit { per_minute: Some(per_minute), per_day: Some(per_day) };
            let (mut buckets, mut ledger) = (vec![Bucket::default(); 3], BTreeMap::new());
            let mut granted: BTreeMap<i64, u64> = BTreeMap::new();
            let mut now = 100 * DAY;
            for (which, n, seconds, dies) in acts {
                now += seconds * 1_000_000;
                let bucket = &mut buckets[which];
                if dies {
                    *bucket = Bucket::default();
                }
                let before = bucket.clone();
                if reserve(bucket, &mut ledger, limit, now, n) {
                    *granted.entry(bucket.day()).or_default() += n;
                    prop_assert!(bucket.in_minute <= per_minute);
                } else if bucket.minute == before.minute {
                    prop_assert_eq!(bucket.in_minute, before.in_minute, "a refusal takes nothing");
                }
                let total = granted.get(&bucket.day()).copied().unwrap_or(0);
                prop_assert!(total <= per_day, "{} of {}", total, per_day);
            }
        }

        /// What one process draws alone is granted exactly while it fits.
        #[test]
        fn what_fits_is_granted(per_day in 1_u64..500, draws in prop::collection::vec(1_u64..60, 1..60)) {
            let limit = Limit { per_minute: None, per_day: Some(per_day) };
            let (mut bucket, mut ledger, mut used) = (Bucket::default(), BTreeMap::new(), 0);
            for n in draws {
                let fits = used + n <= per_day;
                prop_assert_eq!(reserve(&mut bucket, &mut ledger, limit, DAY, n), fits);
                used += if fits { n } else { 0 };
            }
        }
    }

    #[test]
    fn several_roles_have_the_widest_budget_and_none_has_nothing() {
        let budgets = Budgets::default();
        let service = budgets.of(&[Role::Service], Meter::Unmasks);
        assert_eq!((service.per_minute, service.per_day), (Some(20), Some(200)));
        assert_eq!(budgets.of(&[Role::Service, Role::Analyst], Meter::Rows), budgets.of(&[Role::Analyst], Meter::Rows));
        assert_eq!(budgets.of(&[], Meter::Rows), Limit::NOTHING);
        assert_eq!(budgets.of(&[Role::AuditAdmin], Meter::People), Limit::NOTHING);
        assert_eq!(budgets.problem(), None);
        let json = serde_json::to_string(&budgets).unwrap();
        assert_eq!(serde_json::from_str::<Budgets>(&json).unwrap(), budgets);
        let mut wrong = Budgets::default();
        wrong.roles.insert("guest".into(), BTreeMap::new());
        assert!(wrong.problem().is_some());
    }

    #[test]
    fn a_class_is_bounded_where_a_role_names_it() {
        let contact = Meter::Class(Class::Identity);
        assert!(Meter::all().all(|meter| Meter::parse(meter.as_str()) == Some(meter)));
        assert_eq!(Meter::parse("class.technical"), None, "nothing of people");
        let mut budgets = Budgets::default();
        assert_eq!(budgets.of(&[Role::Admin], contact), Limit::NO_BOUND);
        let few = Limit { per_minute: None, per_day: Some(50) };
        budgets.roles.get_mut("service").unwrap().insert("class.identity".into(), few);
        assert_eq!(budgets.of(&[Role::Service], contact), few);
        assert_eq!(budgets.of(&[Role::Service, Role::Analyst], contact), few, "no role takes the bound away");
        assert_eq!(budgets.of(&[Role::Analyst], contact), Limit::NO_BOUND);
        budgets.roles.get_mut("analyst").unwrap().insert("class.identity".into(), Limit { per_day: Some(80), ..few });
        assert_eq!(budgets.of(&[Role::Service, Role::Analyst], contact).per_day, Some(80));
        assert_eq!(budgets.problem(), None);
        budgets.roles.get_mut("service").unwrap().insert("class.secrets".into(), few);
        assert!(budgets.problem().is_some());
    }
}
