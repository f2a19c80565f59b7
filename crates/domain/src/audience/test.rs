//! Comparing a value with what a condition asks for.

use serde_json::{Value as Json, json};

use super::as_of::{AsOf, date_of, day_number};
use super::value::Cell;

/// How numbers are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cmp {
    /// =
    Eq,
    /// ≠
    Ne,
    /// <
    Lt,
    /// ≤
    Le,
    /// >
    Gt,
    /// ≥
    Ge,
}

impl Cmp {
    /// All of them.
    pub const ALL: [Self; 6] = [Self::Eq, Self::Ne, Self::Lt, Self::Le, Self::Gt, Self::Ge];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Lt => "lt",
            Self::Le => "le",
            Self::Gt => "gt",
            Self::Ge => "ge",
        }
    }

    /// Sign in sentences and SQL.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
        }
    }

    /// Whether `left` stands so to `right`.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Eq => left == right,
            Self::Ne => left != right,
            Self::Lt => left < right,
            Self::Le => left <= right,
            Self::Gt => left > right,
            Self::Ge => left >= right,
        }
    }
}

/// What is asked of a value. Days are days since 1970.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There is a value.
    Exists,
    /// There is none.
    Missing,
    /// A number stands so to this one.
    Number(Cmp, f64),
    /// A number lies between these two, both included.
    NumberBetween(f64, f64),
    /// Text is one of these.
    In(Vec<String>),
    /// There is text, and it is none of these.
    NotIn(Vec<String>),
    /// Text contains this.
    Contains(String),
    /// Text starts with this.
    StartsWith(String),
    /// Yes or no.
    Flag(bool),
    /// On this day or later.
    From(i64),
    /// Before this day.
    Before(i64),
    /// Between these days, both included.
    Days(i64, i64),
    /// Within the last so many days, the day asked for included.
    WithinLast(i64),
    /// Earlier than the last so many days.
    BeforeLast(i64),
}

impl Test {
    /// Whether a value passes.
    pub fn holds(&self, cell: &Cell<'_>, as_of: &AsOf) -> bool {
        if *cell == Cell::Missing {
            return *self == Self::Missing;
        }
        match self {
            Self::Exists => true,
            Self::Missing => false,
            Self::Number(cmp, right) => cell.number().is_some_and(|left| cmp.holds(left, *right)),
            Self::NumberBetween(low, high) => cell.number().is_some_and(|value| *low <= value && value <= *high),
            Self::In(list) => cell.text().is_some_and(|text| list.iter().any(|one| *one == text)),
            Self::NotIn(list) => cell.text().is_some_and(|text| list.iter().all(|one| *one != text)),
            Self::Contains(part) => cell.text().is_some_and(|text| text.contains(part.as_str())),
            Self::StartsWith(part) => cell.text().is_some_and(|text| text.starts_with(part.as_str())),
            Self::Flag(wanted) => match cell {
                Cell::Flag(flag) => flag == wanted,
                // Tags and files write yes and no as text.
                Cell::Text(text) => *text == if *wanted { "true" } else { "false" },
                _ => false,
            },
            Self::From(_) | Self::Before(_) | Self::Days(..) | Self::WithinLast(_) | Self::BeforeLast(_) => {
                self.days(as_of).is_some_and(|(from, to)| match cell {
                    Cell::Day(day) => from <= *day && *day <= to,
                    Cell::Instant(at) => instants(from, to, as_of).contains(at),
                    Cell::Text(text) => day_text(text).is_some_and(|day| from <= day && day <= to),
                    _ => false,
                })
            }
        }
    }

    /// First and last day of a test of days.
    pub fn days(&self, as_of: &AsOf) -> Option<(i64, i64)> {
        const FAR: i64 = 1 << 40;
        Some(match *self {
            Self::From(day) => (day, FAR),
            Self::Before(day) => (-FAR, day - 1),
            Self::Days(from, to) => (from, to),
            Self::WithinLast(n) => (as_of.day - n + 1, as_of.day),
            Self::BeforeLast(n) => (-FAR, as_of.day - n),
            _ => return None,
        })
    }

    /// The instants of a test of days: `from ≤ t < to`.
    pub fn instants(&self, as_of: &AsOf) -> Option<std::ops::Range<i64>> {
        self.days(as_of).map(|(from, to)| instants(from, to, as_of))
    }

    /// The test as the keys `op` and `value` of a condition.
    pub fn to_json(&self) -> (&'static str, Option<Json>) {
        match self {
            Self::Exists => ("exists", None),
            Self::Missing => ("missing", None),
            Self::Number(cmp, number) => (cmp.as_str(), Some(number_json(*number))),
            Self::NumberBetween(low, high) => ("between", Some(json!([number_json(*low), number_json(*high)]))),
            Self::In(list) => ("in", Some(json!(list))),
            Self::NotIn(list) => ("not_in", Some(json!(list))),
            Self::Contains(part) => ("contains", Some(json!(part))),
            Self::StartsWith(part) => ("starts_with", Some(json!(part))),
            Self::Flag(flag) => ("eq", Some(json!(flag))),
            Self::From(day) => ("from", Some(json!(date_text(*day)))),
            Self::Before(day) => ("before", Some(json!(date_text(*day)))),
            Self::Days(from, to) => ("between", Some(json!([date_text(*from), date_text(*to)]))),
            Self::WithinLast(n) => ("within_last", Some(json!(n))),
            Self::BeforeLast(n) => ("before_last", Some(json!(n))),
        }
    }
}

/// The instants of some days.
pub(super) fn instants(from: i64, to: i64, as_of: &AsOf) -> std::ops::Range<i64> {
    as_of.start_of(from)..as_of.start_of(to + 1)
}

/// Whole numbers without a point, as people write them.
pub(super) fn number_json(number: f64) -> Json {
    if number.fract() == 0.0 && number.abs() < 9e15 { json!(number as i64) } else { json!(number) }
}

/// `2026-03-31` of days since 1970.
pub(crate) fn date_text(day: i64) -> String {
    date_of(day).map_or_else(|| day.to_string(), |date| date.to_string())
}

/// Days since 1970 of text that starts with a date.
pub(super) fn day_text(text: &str) -> Option<i64> {
    let date: jiff::civil::Date = text.trim().get(..10)?.parse().ok()?;
    Some(day_number(date))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use jiff::tz::TimeZone;

    use super::*;

    #[test]
    fn no_comparison_holds_for_a_missing_value() {
        let as_of = AsOf::new(20_000, TimeZone::UTC);
        let tests = [
            Test::Exists,
            Test::Number(Cmp::Ne, 1.0),
            Test::NumberBetween(0.0, 9.0),
            Test::In(vec!["a".into()]),
            Test::NotIn(vec!["a".into()]),
            Test::Contains("a".into()),
            Test::StartsWith(String::new()),
            Test::Flag(false),
            Test::From(0),
            Test::Before(99_999),
            Test::BeforeLast(1),
        ];
        for test in tests {
            assert!(!test.holds(&Cell::Missing, &as_of), "{test:?}");
        }
        assert!(Test::Missing.holds(&Cell::Missing, &as_of));
        assert!(!Test::Missing.holds(&Cell::Flag(false), &as_of));
    }

    #[test]
    fn days_count_from_the_day_asked_for() {
        let as_of = AsOf::new(20_000, TimeZone::get("Asia/Shanghai").unwrap());
        let within = Test::WithinLast(7);
        let cells = [
            (Cell::Day(20_000), true),
            (Cell::Day(19_994), true),
            (Cell::Day(19_993), false),
            (Cell::Day(20_001), false),
            (Cell::Instant(as_of.start_of(19_994)), true),
            (Cell::Instant(as_of.start_of(19_994) - 1), false),
            (Cell::Instant(as_of.end() - 1), true),
            (Cell::Instant(as_of.end()), false),
            (Cell::Text(Cow::Owned(format!("{} 08:00", date_text(19_995)))), true),
            (Cell::Text("soon".into()), false),
        ];
        for (cell, expected) in cells {
            assert_eq!(within.holds(&cell, &as_of), expected, "{cell:?}");
            let is_day = matches!(cell, Cell::Day(day) if day <= 20_000);
            assert!(!is_day || Test::BeforeLast(7).holds(&cell, &as_of) != expected, "{cell:?}");
        }
    }
}
