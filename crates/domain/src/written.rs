//! Values of frames as text and JSON, the one way in which they are written for people and programs.

use serde_json::Value;

use crate::audience::date_of;
use crate::clean::number::format_decimal;
use crate::frame::{Column, ColumnType};

/// A cell for CSV: quoted when needed, and never read as a formula by a spreadsheet.
pub fn quoted(cell: &str) -> String {
    let is_formula =
        cell.starts_with(['=', '+', '@', '\t', '\r']) || (cell.starts_with('-') && cell.parse::<f64>().is_err());
    let cell = if is_formula { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}

/// A value as text; `None` when missing.
pub fn text(kind: ColumnType, column: &Column, row: usize) -> Option<String> {
    match column {
        Column::Text(column) => column.get(row).map(str::to_owned),
        Column::Sensitive(_) => Some("***".into()),
        Column::Float(values) => values[row].map(|value| value.to_string()),
        Column::Num(column) => column.get(row).map(|value| match kind {
            ColumnType::Decimal(places) => format_decimal(value, places),
            ColumnType::Instant => instant(value),
            ColumnType::Day => date_of(value).map_or_else(|| value.to_string(), |day| day.to_string()),
            ColumnType::Bool => (value != 0).to_string(),
            _ => value.to_string(),
        }),
    }
}

/// An instant as RFC 3339 in UTC.
pub fn instant(us: i64) -> String {
    jiff::Timestamp::from_microsecond(us).map_or_else(|_| us.to_string(), |at| at.to_string())
}

/// A value as JSON: whole and floating numbers and truth values as such, the rest as text, so that decimals stay exact.
pub fn json(kind: ColumnType, column: &Column, row: usize) -> Value {
    match (kind, column) {
        (ColumnType::Bool, Column::Num(column)) => column.get(row).map_or(Value::Null, |value| Value::Bool(value != 0)),
        (ColumnType::Int, Column::Num(column)) => column.get(row).map_or(Value::Null, Value::from),
        (ColumnType::Decimal(places), Column::Num(column)) => column.get(row).map_or(Value::Null, |value| {
            // The shortest decimal text is a valid JSON number.
            let text = format_decimal(value, places);
            text.parse::<serde_json::Number>().map_or(Value::String(text), Value::Number)
        }),
        (_, Column::Float(values)) => values[row].map_or(Value::Null, Value::from),
        _ => text(kind, column, row).map_or(Value::Null, Value::String),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_becomes_a_formula() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("-2.50", "-2.50"),
            ("-cmd", "'-cmd"),
            ("a,\"b\"", "\"a,\"\"b\"\"\""),
            ("+86", "'+86"),
            ("张三", "张三"),
        ] {
            assert_eq!(quoted(cell), expected);
        }
    }
}
