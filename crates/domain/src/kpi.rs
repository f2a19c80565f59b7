//! KPIs: figures of a business by day, week, month and quarter, defined in data.
//!
//! Owns what each figure counts ([`Kpi`], `data/kpis/`), the calendar of periods ([`Period`]), the feasts that explain
//! peaks ([`holidays`]) and goals ([`Goal`]). Must not know tables of files; the engine computes.
//!
//! - **INV-KPI-1**: every figure is a sum over rows or one such sum over another, so that a list stands behind it.

mod goal;
mod holiday;
mod period;

use serde::Deserialize;

pub use goal::{Goal, MICRO, Pace};
pub use holiday::{Holiday, holidays};
pub use period::{Period, PeriodKind};

/// Days without an order after which a customer is dormant.
pub const DORMANT_DAYS: i64 = 90;

/// Chinese and English.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// Chinese.
    pub zh: String,
    /// English.
    pub en: String,
}

/// A figure.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kpi {
    /// Name in addresses and goals.
    pub key: String,
    /// What it belongs to: `sales`, `customers`, `visits`.
    #[serde(skip)]
    pub group: String,
    /// Name.
    pub name: Words,
    /// What exactly is counted.
    pub definition: Words,
    /// What its number is.
    pub unit: Unit,
    /// Whether more is good.
    pub better: Better,
    /// Whether those of the days of a month add up to that of the month.
    #[serde(default)]
    pub adds_up: bool,
    /// Whether it is shown among the others, or is only a part of one.
    #[serde(default = "yes")]
    pub is_listed: bool,
    /// The dimension it is about.
    #[serde(default)]
    pub split_by: Option<Dimension>,
    /// How it is computed.
    pub value: Value,
}

const fn yes() -> bool {
    true
}

/// What a number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// The workspace currency.
    Money,
    /// Things.
    Count,
    /// 0 to 1.
    Share,
    /// One number in terms of another.
    Ratio,
    /// Days.
    Days,
}

impl Unit {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Count => "count",
            Self::Share => "share",
            Self::Ratio => "ratio",
            Self::Days => "days",
        }
    }
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More.
    More,
    /// Less.
    Less,
    /// Neither.
    Neither,
}

impl Better {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::More => "more",
            Self::Less => "less",
            Self::Neither => "neither",
        }
    }
}

/// How a figure is computed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// One figure over another.
    Ratio(Ratio),
    /// From rows.
    Measure(Measure),
}

/// One figure over another; there is none where the other is 0.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ratio {
    /// Key of the part.
    pub part: String,
    /// Key of the whole.
    pub whole: String,
    /// Whether the whole is that of the period before.
    #[serde(default)]
    pub whole_before: bool,
}

/// A sum over rows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// Rows.
    pub of: Of,
    /// What is summed or counted.
    pub take: Take,
    /// Rows that count.
    #[serde(default, rename = "where")]
    pub only: Vec<Only>,
}

/// Rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Orders, by when they were placed.
    Orders,
    /// Customers who have bought, as at the end of a period.
    Standing,
    /// Events.
    Events,
    /// Customers, by the day on which they registered.
    Profiles,
}

/// What is summed or counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Take {
    /// Rows.
    Rows,
    /// Different customers.
    People,
    /// Different sessions.
    Sessions,
    /// Money left after refunds.
    NetAmount,
    /// Money paid or owed.
    Amount,
    /// Money given back.
    RefundedAmount,
    /// Reductions.
    Discount,
    /// Money before reductions.
    ListAmount,
    /// Units of goods.
    NItems,
    /// Days since the customer's order before.
    GapDays,
}

impl Take {
    /// Whether it counts different things, so that one may count in two parts.
    pub const fn is_distinct(self) -> bool {
        matches!(self, Self::People | Self::Sessions)
    }

    /// How many of what is summed make one: money is summed in hundredths, goods and days in thousandths.
    pub const fn scale(self) -> i64 {
        match self {
            Self::Rows | Self::People | Self::Sessions => 1,
            Self::NetAmount | Self::Amount | Self::RefundedAmount | Self::Discount | Self::ListAmount => 100,
            Self::NItems | Self::GapDays => 1000,
        }
    }
}

/// Rows that count. A sale that was paid and of which something is left after refunds **counts** as an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Only {
    /// Neither cancelled nor waiting for money.
    Paid,
    /// Orders that count.
    Counts,
    /// The customer is known.
    Identified,
    /// The customer's first order that counts.
    First,
    /// Not the customer's first order of the period.
    Again,
    /// With an order of the customer before.
    Followed,
    /// The order before was in the period before.
    Kept,
    /// At least 90 days after the order before.
    Back,
    /// Of customers who had bought before the period.
    Known,
    /// Of customers whose first order is in the period.
    New,
    /// Of customers without an order in the last 90 days.
    Dormant,
}

/// What a figure can be taken apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dimension {
    /// Channel of the order or event.
    Channel,
    /// Store.
    Store,
    /// Source of the data.
    Source,
    /// Top category of the product.
    Category,
    /// Brand of the product.
    Brand,
    /// Product.
    Product,
    /// Province of the customer.
    Province,
    /// City of the customer.
    City,
    /// Level in the member programme.
    MemberLevel,
    /// Channel that won the customer.
    AcquisitionChannel,
    /// Tier at the newest refresh.
    RfmTier,
}

/// What a dimension is a property of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// The order or event.
    Fact,
    /// A line of an order.
    Line,
    /// The customer.
    Person,
}

impl Dimension {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Channel,
        Self::Store,
        Self::Source,
        Self::Category,
        Self::Brand,
        Self::Product,
        Self::Province,
        Self::City,
        Self::MemberLevel,
        Self::AcquisitionChannel,
        Self::RfmTier,
    ];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Store => "store",
            Self::Source => "source",
            Self::Category => "category",
            Self::Brand => "brand",
            Self::Product => "product",
            Self::Province => "province",
            Self::City => "city",
            Self::MemberLevel => "member_level",
            Self::AcquisitionChannel => "acquisition_channel",
            Self::RfmTier => "rfm_tier",
        }
    }

    /// The dimension of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dimension| dimension.as_str() == name)
    }

    /// Whose property it is.
    pub const fn level(self) -> Level {
        match self {
            Self::Channel | Self::Store | Self::Source => Level::Fact,
            Self::Category | Self::Brand | Self::Product => Level::Line,
            Self::Province | Self::City | Self::MemberLevel | Self::AcquisitionChannel | Self::RfmTier => Level::Person,
        }
    }
}

impl Measure {
    /// Whether it can be taken apart by a dimension.
    pub fn has(&self, dimension: Dimension) -> bool {
        match (self.of, dimension.level()) {
            (_, Level::Person) => true,
            // Whoever came back, and after how long, is a property of the customer, not of one order or line.
            (Of::Orders, Level::Fact) => !self.only.contains(&Only::Kept),
            (Of::Orders, Level::Line) => !self.only.contains(&Only::Kept) && self.take != Take::GapDays,
            (Of::Events, Level::Fact) => dimension != Dimension::Store,
            _ => false,
        }
    }

    /// Whether the parts of a dimension add up to the whole.
    pub const fn parts_add_up(&self, dimension: Dimension) -> bool {
        match dimension.level() {
            Level::Person => !matches!(self.take, Take::Sessions),
            Level::Fact => !self.take.is_distinct(),
            Level::Line => !self.take.is_distinct() && !matches!(self.take, Take::Rows),
        }
    }
}

impl Kpi {
    /// Part and whole when it is a ratio: their sums, and whether the whole is that of the period before.
    pub fn measures(&self) -> Option<(&'static Measure, Option<(&'static Measure, bool)>)> {
        match &self.value {
            Value::Measure(_) => Some((find(&self.key)?.measure()?, None)),
            Value::Ratio(ratio) => {
                let whole = find(&ratio.whole)?.measure()?;
                Some((find(&ratio.part)?.measure()?, Some((whole, ratio.whole_before))))
            }
        }
    }

    const fn measure(&self) -> Option<&Measure> {
        match &self.value {
            Value::Measure(measure) => Some(measure),
            Value::Ratio(_) => None,
        }
    }

    /// The dimensions it can be taken apart by.
    pub fn dimensions(&self) -> Vec<Dimension> {
        let Some((part, whole)) = self.measures() else { return Vec::new() };
        let has = |dimension: &Dimension| {
            let is_person = dimension.level() == Level::Person;
            part.has(*dimension) && whole.is_none_or(|(whole, before)| whole.has(*dimension) && (!before || is_person))
        };
        Dimension::ALL.into_iter().filter(has).collect()
    }

    /// Whether the parts of a dimension add up to the whole.
    pub fn parts_add_up(&self, dimension: Dimension) -> bool {
        self.measure().is_some_and(|measure| measure.parts_add_up(dimension))
    }

    /// Its number from the sums of part and whole; `None` where there is no whole.
    pub fn number(&self, part: i64, whole: Option<i64>) -> Option<f64> {
        let (of_part, of_whole) = self.measures()?;
        let part = part as f64 / of_part.take.scale() as f64;
        match (of_whole, whole) {
            (None, _) => Some(part),
            (Some(_), None | Some(0)) => None,
            (Some((measure, _)), Some(whole)) => Some(part / (whole as f64 / measure.take.scale() as f64)),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    group: String,
    kpis: Vec<Kpi>,
}

const FILES: [&str; 3] = [
    include_str!("../data/kpis/sales.json"),
    include_str!("../data/kpis/customers.json"),
    include_str!("../data/kpis/visits.json"),
];

/// All figures, those that are only parts of others too.
pub fn kpis() -> &'static [Kpi] {
    static KPIS: std::sync::LazyLock<Vec<Kpi>> = std::sync::LazyLock::new(|| {
        let read = |text: &&str| serde_json::from_str::<File>(text).ok();
        let named = |file: File| file.kpis.into_iter().map(move |kpi| Kpi { group: file.group.clone(), ..kpi });
        FILES.iter().filter_map(read).flat_map(named).collect()
    });
    &KPIS
}

/// The figure of a key.
pub fn find(key: &str) -> Option<&'static Kpi> {
    kpis().iter().find(|kpi| kpi.key == key)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_definition_is_read_and_whole() {
        for text in FILES {
            let file: File = serde_json::from_str(text).unwrap();
            assert!(file.kpis.iter().all(|kpi| find(&kpi.key).is_some_and(|found| found.group == file.group)));
        }
        let keys: BTreeSet<&str> = kpis().iter().map(|kpi| kpi.key.as_str()).collect();
        assert_eq!(keys.len(), kpis().len(), "two definitions share a key");
        assert!(kpis().iter().filter(|kpi| kpi.is_listed).count() >= 24);
        for kpi in kpis() {
            let key = &kpi.key;
            let (part, whole) = kpi.measures().unwrap_or_else(|| panic!("{key} names no sum"));
            for words in [&kpi.name, &kpi.definition] {
                assert!(!words.zh.is_ascii() && words.en.is_ascii(), "{key}: {words:?}");
            }
            assert!(kpi.split_by.is_none_or(|dimension| kpi.dimensions().contains(&dimension)), "{key}");
            assert!(!kpi.dimensions().is_empty(), "{key}");
            match whole {
                Some((whole, _)) => {
                    assert!(!kpi.adds_up, "{key}");
                    assert!(matches!(kpi.unit, Unit::Share | Unit::Ratio | Unit::Money | Unit::Days), "{key}");
                    if kpi.unit == Unit::Share {
                        assert_eq!(part.take.scale(), whole.take.scale(), "{key}");
                    }
                }
                None => {
                    let is_money = part.take.scale() == 100;
                    assert_eq!(kpi.unit, if is_money { Unit::Money } else { kpi.unit }, "{key}");
                    assert!(!(kpi.adds_up && part.of == Of::Standing), "{key}");
                }
            }
            for only in &part.only {
                let is_standing = *only == Only::Dormant;
                assert!(part.of == if is_standing { Of::Standing } else { Of::Orders }, "{key}: {only:?}");
            }
        }
    }

    #[test]
    fn a_rate_of_nothing_is_no_number() {
        let rate = find("refund_rate").unwrap();
        assert_eq!(rate.number(0, Some(0)), None);
        assert_eq!(rate.number(50, Some(200)), Some(0.25));
        assert_eq!(find("average_order_value").unwrap().number(12_345, Some(2)), Some(61.725));
        assert_eq!(find("items").unwrap().number(2_500, None), Some(2.5));
    }
}
