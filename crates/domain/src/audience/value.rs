//! A value as conditions see it, whatever column or JSON text it stands in.

use std::borrow::Cow;

use serde_json::Value as Json;

use crate::frame::{Column, ColumnType};

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell<'a> {
    /// None.
    Missing,
    /// Text.
    Text(Cow<'a, str>),
    /// Number; decimals in whole units.
    Number(f64),
    /// Yes or no.
    Flag(bool),
    /// Days since 1970.
    Day(i64),
    /// Microseconds since 1970 UTC.
    Instant(i64),
}

impl Cell<'_> {
    /// As a number; text that is one counts.
    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.trim().parse().ok().filter(|number: &f64| number.is_finite()),
            _ => None,
        }
    }

    /// As text: numbers as they are written shortest.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Text(text) => Some(Cow::Borrowed(text)),
            Self::Number(number) => Some(Cow::Owned(number.to_string())),
            Self::Flag(flag) => Some(Cow::Borrowed(if *flag { "true" } else { "false" })),
            _ => None,
        }
    }

    /// The same without borrowing.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Missing => Cell::Missing,
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Number(number) => Cell::Number(number),
            Self::Flag(flag) => Cell::Flag(flag),
            Self::Day(day) => Cell::Day(day),
            Self::Instant(at) => Cell::Instant(at),
        }
    }
}

/// The value of a row of a column.
///
/// # Panics
/// When the row is out of range.
pub fn cell_of(kind: ColumnType, column: &Column, row: usize) -> Cell<'_> {
    match column {
        Column::Text(column) => column.get(row).map_or(Cell::Missing, |text| Cell::Text(Cow::Borrowed(text))),
        Column::Float(values) => values[row].map_or(Cell::Missing, Cell::Number),
        Column::Sensitive(_) => Cell::Missing,
        Column::Num(column) => match (column.get(row), kind) {
            (None, _) => Cell::Missing,
            (Some(units), ColumnType::Decimal(places)) => Cell::Number(units as f64 / 10_f64.powi(places.into())),
            (Some(at), ColumnType::Instant) => Cell::Instant(at),
            (Some(day), ColumnType::Day) => Cell::Day(day),
            (Some(flag), ColumnType::Bool) => Cell::Flag(flag != 0),
            (Some(number), _) => Cell::Number(number as f64),
        },
    }
}

/// The value of a key of a JSON object; `a.b` is the key of that name, or `b` within `a`. Lists and objects are missing.
pub fn json_cell(json: &str, key: &str) -> Cell<'static> {
    // Most texts do not hold the key at all: looking for its letters is cheaper than reading the text.
    let leaf = key.rsplit('.').next().unwrap_or(key);
    if leaf.is_ascii() && memchr::memmem::find(json.as_bytes(), leaf.as_bytes()).is_none() && !json.contains('\\') {
        return Cell::Missing;
    }
    let Ok(whole) = serde_json::from_str::<Json>(json) else { return Cell::Missing };
    let found = whole.get(key).or_else(|| key.split('.').try_fold(&whole, |value, part| value.get(part)));
    match found {
        Some(Json::String(text)) => Cell::Text(Cow::Owned(text.clone())),
        Some(Json::Bool(flag)) => Cell::Flag(*flag),
        Some(Json::Number(number)) => number.as_f64().map_or(Cell::Missing, Cell::Number),
        _ => Cell::Missing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_values_by_key() {
        let json = r#"{"plan":"pro","n":3,"deep":{"er":true},"a.b":1.5,"list":[1],"\u4f60":"x"}"#;
        let text = |text: &'static str| Cell::Text(Cow::Borrowed(text));
        assert_eq!(json_cell(json, "plan"), text("pro"));
        assert_eq!(json_cell(json, "n"), Cell::Number(3.0));
        assert_eq!(json_cell(json, "deep.er"), Cell::Flag(true));
        assert_eq!(json_cell(json, "a.b"), Cell::Number(1.5));
        assert_eq!(json_cell(json, "你"), text("x"));
        for key in ["list", "none", "deep"] {
            assert_eq!(json_cell(json, key), Cell::Missing);
        }
        assert_eq!(json_cell("not json plan", "plan"), Cell::Missing);
    }
}
