//! Classes of the columns that come with the product, and sets of classes.
//!
//! What a column is about follows from what it is called and from the table it stands in; the JSON of properties and traits is
//! about what is in it, name by name ([`super::Grades`]).

use super::{Class, KNOWN};
use crate::tables::ColumnSpec;

/// Columns about the workings of the product: ids, loads, versions.
const HOUSEKEEPING: &[&str] = &[
    "profile_id",
    "identity_id",
    "left_identity_id",
    "right_identity_id",
    "content_hash",
    "batch_id",
    "loaded_at",
    "source",
    "as_of",
    "model_version",
    "n_identities",
];

/// Tables and what their columns are about, where their names say nothing else.
const BY_TABLE: &[(&str, Class)] = &[
    ("profiles", Class::Attribute),
    ("identities", Class::Technical),
    ("identity_edges", Class::Technical),
    ("events", Class::Behaviour),
    ("orders", Class::Commerce),
    ("order_items", Class::Commerce),
    ("refunds", Class::Commerce),
    ("products", Class::Commerce),
    ("interactions", Class::Behaviour),
    ("feedback", Class::Behaviour),
    ("campaigns", Class::Technical),
    ("touches", Class::Behaviour),
    ("quarantine", Class::Technical),
    ("cleaning_log", Class::Technical),
    ("rfm", Class::Commerce),
    ("clv", Class::Commerce),
    ("churn", Class::Attribute),
    ("propensity", Class::Attribute),
    ("clusters", Class::Attribute),
    ("affinities", Class::Attribute),
    ("recommendations", Class::Attribute),
    ("forecasts", Class::Technical),
    ("models", Class::Technical),
    ("tags", Class::Attribute),
    ("segments", Class::Technical),
    ("segment_members", Class::Attribute),
    ("consents", Class::Attribute),
    ("audit", Class::Technical),
    ("batches", Class::Technical),
];

/// What a column of a table is about; of JSON with properties or traits what it is about beside these.
pub fn class_of_column(table: &str, column: &str) -> Class {
    match (table, column) {
        _ if HOUSEKEEPING.contains(&column) => Class::Technical,
        ("identities", "value") => Class::Identity,
        ("quarantine", "row") | ("cleaning_log", "before" | "after") => Class::Unknown,
        ("feedback", "text" | "topics") | ("interactions", "topic") => Class::Text,
        ("profiles", "country" | "province" | "city") => Class::Location,
        ("profiles", "name" | "phone" | "email" | "birthday") => Class::Identity,
        ("profiles", "id_number" | "address") => Class::Sensitive,
        _ => BY_TABLE.iter().find(|one| one.0 == table).map_or(Class::Unknown, |one| one.1),
    }
}

/// What a query, page or file shows of a column in the clear: nothing of a masked column, nor of catalogue and sums (grade 1).
pub fn class_in_the_clear(table: &str, column: &ColumnSpec) -> Option<Class> {
    let class = class_of_column(table, column.name);
    (column.grade == 2 && class != Class::Technical).then_some(class)
}

/// What a field that a file or message brings is about, by the name that the product has for it.
pub fn class_of_field(name: &str) -> Class {
    let found = KNOWN.iter().find(|(.., names)| names.contains(&name)).map(|(class, ..)| *class);
    found
        .or_else(|| crate::import::entity::IdentityKind::parse(name).map(|_| Class::Identity))
        .unwrap_or(Class::Unknown)
}

/// A set of classes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(u16);

impl Classes {
    const fn bit(class: Class) -> u16 {
        1 << class as u16
    }

    /// Those of a number that [`Classes::bits`] gave.
    pub const fn of_bits(bits: u16) -> Self {
        Self(bits)
    }

    /// A number that stands for them.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// Adds one.
    pub const fn insert(&mut self, class: Class) {
        self.0 |= Self::bit(class);
    }

    /// Whether it holds one.
    pub const fn holds(self, class: Class) -> bool {
        self.0 & Self::bit(class) != 0
    }

    /// Those of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those that another set does not hold.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// In order.
    pub fn iter(self) -> impl Iterator<Item = Class> {
        Class::ALL.iter().copied().filter(move |class| self.holds(*class))
    }
}

impl FromIterator<Class> for Classes {
    fn from_iter<I: IntoIterator<Item = Class>>(all: I) -> Self {
        Self(all.into_iter().fold(0, |bits, class| bits | Self::bit(class)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables::{TABLES, table};

    #[test]
    fn every_column_has_a_class_and_no_masked_one_counts_as_shown() {
        for spec in TABLES {
            assert!(BY_TABLE.iter().filter(|one| one.0 == spec.name).count() == 1, "{}", spec.name);
            for column in spec.columns {
                let shown = class_in_the_clear(spec.name, column);
                assert!(column.grade < 3 || shown.is_none(), "{}.{}", spec.name, column.name);
            }
        }
        let class = |name: &str, column: &str| class_in_the_clear(name, table(name).unwrap().column(column).unwrap());
        assert_eq!(class("profiles", "province"), Some(Class::Location));
        assert_eq!(class("profiles", "phone"), None);
        assert_eq!(class("orders", "net_amount"), Some(Class::Commerce));
        assert_eq!(class("orders", "profile_id"), None);
        assert_eq!(class_of_field("phone"), Class::Identity);
        assert_eq!(class_of_field("id_number"), Class::Sensitive);
        assert_eq!(class_of_field("member_id"), Class::Identity);
        assert_eq!(class_of_field("whatever"), Class::Unknown);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let mut some: Classes = [Class::Text, Class::Identity].into_iter().collect();
        assert_eq!(some.iter().collect::<Vec<_>>(), [Class::Identity, Class::Text]);
        some.insert(Class::Unknown);
        assert!(some.holds(Class::Unknown) && !some.holds(Class::Technical));
        assert_eq!(Classes::of_bits(some.bits()), some);
        assert_eq!(Classes::default().or(some), some);
    }
}
