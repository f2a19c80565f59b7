//! A measure: something computed per customer from facts. A segment compares it; a tag gives it a name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::as_of::AsOf;
use super::field::{CALENDAR, FieldKind, Source, field_of};
use super::test::{Test, date_text};
use super::value::{Cell, cell_of, json_cell};
use crate::frame::Frame;

/// One condition on a fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// Field of the source.
    pub field: String,
    /// What is asked of it.
    pub test: Test,
}

/// What is computed from the facts that pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Agg {
    /// How many.
    Count,
    /// On how many different days.
    Days,
    /// Sum of a field; 0 without facts.
    Sum(String),
    /// Mean of a field.
    Avg(String),
    /// Smallest value of a field.
    Min(String),
    /// Largest value of a field.
    Max(String),
    /// When the first happened.
    FirstAt,
    /// When the last happened.
    LastAt,
    /// A field of the first fact that has it; of several at one instant, the smallest.
    First(String),
    /// A field of the last fact that has it; of several at one instant, the largest.
    Last(String),
    /// How many different values of a field.
    Distinct(String),
    /// The most frequent value of a field; of several as frequent, the smallest.
    Top(String),
}

impl Agg {
    /// Name in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Days => "days",
            Self::Sum(_) => "sum",
            Self::Avg(_) => "avg",
            Self::Min(_) => "min",
            Self::Max(_) => "max",
            Self::FirstAt | Self::First(_) => "first",
            Self::LastAt | Self::Last(_) => "last",
            Self::Distinct(_) => "distinct",
            Self::Top(_) => "top",
        }
    }

    /// The field it reads beside the time.
    pub fn column(&self) -> Option<&str> {
        match self {
            Self::Count | Self::Days | Self::FirstAt | Self::LastAt => None,
            Self::Sum(field) | Self::Avg(field) | Self::Min(field) | Self::Max(field) => Some(field),
            Self::First(field) | Self::Last(field) | Self::Distinct(field) | Self::Top(field) => Some(field),
        }
    }
}

/// Unit of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours, or a calendar day.
    Day,
    /// 7 days.
    Week,
    /// A calendar month.
    Month,
}

impl Unit {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Minute, Self::Hour, Self::Day, Self::Week, Self::Month];

    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// A length of time from an instant on. **Units**: never months.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// How many.
    pub n: i64,
    /// Of what.
    pub unit: Unit,
}

impl Span {
    /// Microseconds.
    pub const fn us(self) -> i64 {
        let minutes = match self.unit {
            Unit::Minute => 1,
            Unit::Hour => 60,
            Unit::Day => 24 * 60,
            Unit::Week => 7 * 24 * 60,
            Unit::Month => 30 * 24 * 60,
        };
        self.n.saturating_mul(minutes * 60_000_000)
    }
}

/// Which of several facts is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Which {
    /// The earliest.
    First,
    /// The latest.
    Last,
}

/// The fact after which another measure looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Anchor {
    /// Facts of.
    pub of: Source,
    /// That pass these.
    pub filters: Vec<Filter>,
    /// The first or the last of them.
    pub which: Which,
}

/// When facts must have happened; never after the day asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Window {
    /// At any time.
    Ever,
    /// Within the last so many calendar days, weeks or months, the day asked for included.
    Last(i64, Unit),
    /// Between two days, both included.
    Between(i64, i64),
    /// Later than another fact, and no more than a span later.
    After(Box<Anchor>, Option<Span>),
}

impl Window {
    /// First and last instant (exclusive) as far as the calendar decides.
    pub fn bounds(&self, as_of: &AsOf) -> (i64, i64) {
        let end = as_of.end();
        match *self {
            Self::Ever | Self::After(..) => (i64::MIN, end),
            Self::Last(n, unit) => {
                let first = match unit {
                    Unit::Month => as_of.months_back(n),
                    Unit::Week => as_of.day - 7 * n + 1,
                    _ => as_of.day - n + 1,
                };
                (as_of.start_of(first), end)
            }
            Self::Between(from, to) => (as_of.start_of(from), as_of.start_of(to + 1).min(end)),
        }
    }
}

/// See the module.
#[derive(Clone, Debug, PartialEq)]
pub struct Measure {
    /// Facts of.
    pub of: Source,
    /// That pass all of these.
    pub filters: Vec<Filter>,
    /// Within this time.
    pub window: Window,
    /// What is computed from them.
    pub agg: Agg,
}

impl Measure {
    /// What its value is.
    pub fn kind(&self) -> FieldKind {
        let of = |name: &str| field_of(self.of, name).map_or(FieldKind::Json, |field| field.kind);
        match &self.agg {
            Agg::Count | Agg::Days | Agg::Distinct(_) => FieldKind::Number(0),
            Agg::FirstAt | Agg::LastAt => FieldKind::Instant,
            // A mean of whole numbers is none.
            Agg::Avg(field) => match of(field) {
                FieldKind::Number(_) => FieldKind::Float,
                kind => kind,
            },
            Agg::Sum(field) | Agg::Min(field) | Agg::Max(field) | Agg::First(field) | Agg::Last(field) => of(field),
            Agg::Top(_) => FieldKind::Text,
        }
    }

    /// The measure of one customer's facts.
    ///
    /// **Shape**: `frames` gives the rows of a table, with the columns that the measure names.
    pub fn of_facts<'a>(&self, frames: &impl Fn(Source) -> Option<&'a Frame>, as_of: &AsOf) -> Cell<'static> {
        let bounds = match &self.window {
            Window::After(anchor, within) => {
                let ever = (i64::MIN, as_of.end());
                let times = matching(anchor.of, &anchor.filters, ever, frames, as_of).map(|(_, _, at)| at);
                let anchor_at = match anchor.which {
                    Which::First => times.min(),
                    Which::Last => times.max(),
                };
                // Nothing comes after a fact that there was not.
                anchor_at.map_or((0, 0), |at| after(at, *within, as_of))
            }
            window => window.bounds(as_of),
        };
        let facts = matching(self.of, &self.filters, bounds, frames, as_of);
        match &self.agg {
            Agg::Count => Cell::Number(facts.count() as f64),
            Agg::Days => Cell::Number(facts.map(|(_, _, at)| as_of.day_of(at)).collect::<BTreeSet<_>>().len() as f64),
            Agg::FirstAt => facts.map(|(_, _, at)| at).min().map_or(Cell::Missing, Cell::Instant),
            Agg::LastAt => facts.map(|(_, _, at)| at).max().map_or(Cell::Missing, Cell::Instant),
            Agg::Sum(field) | Agg::Avg(field) | Agg::Min(field) | Agg::Max(field) => {
                let kind = self.field_kind(field);
                let units: Vec<i64> = facts
                    .filter_map(|(frame, row, _)| units(kind, &value(self.of, field, frame, row, as_of)))
                    .collect();
                let sum: i128 = units.iter().map(|&units| i128::from(units)).sum();
                match self.agg {
                    Agg::Sum(_) => sum_value(kind, sum),
                    Agg::Avg(_) if units.is_empty() => Cell::Missing,
                    Agg::Avg(_) => Cell::Number(sum as f64 / units.len() as f64 / kind.scale()),
                    Agg::Min(_) => units.into_iter().min().map_or(Cell::Missing, |units| from_units(kind, units)),
                    _ => units.into_iter().max().map_or(Cell::Missing, |units| from_units(kind, units)),
                }
            }
            Agg::First(field) | Agg::Last(field) | Agg::Distinct(field) | Agg::Top(field) => {
                let texts: Vec<(i64, String)> = facts
                    .filter_map(|(frame, row, at)| {
                        Some((at, value(self.of, field, frame, row, as_of).text()?.into_owned()))
                    })
                    .collect();
                self.of_texts(texts.iter().map(|(at, text)| (*at, text.as_str())))
            }
        }
    }

    /// First, last, different or most frequent of texts with their instants.
    pub fn of_texts<'a>(&self, texts: impl Iterator<Item = (i64, &'a str)>) -> Cell<'static> {
        let text = |found: Option<&str>| found.map_or(Cell::Missing, |text| Cell::Text(text.to_owned().into()));
        match self.agg {
            Agg::First(_) => text(texts.min().map(|(_, text)| text)),
            Agg::Last(_) => text(texts.max().map(|(_, text)| text)),
            Agg::Distinct(_) => Cell::Number(texts.map(|(_, text)| text).collect::<BTreeSet<_>>().len() as f64),
            _ => {
                let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
                texts.for_each(|(_, text)| *counts.entry(text).or_default() += 1);
                text(counts.into_iter().min_by_key(|(_, n)| std::cmp::Reverse(*n)).map(|(text, _)| text))
            }
        }
    }

    /// What the field of a sum, mean, smallest or largest holds.
    pub fn field_kind(&self, field: &str) -> FieldKind {
        field_of(self.of, field).map_or(FieldKind::Json, |field| field.kind)
    }

    /// The measure as JSON.
    pub fn to_json(&self) -> Json {
        let mut json = Map::new();
        json.insert("of".into(), json!(self.of.as_str()));
        if !self.filters.is_empty() {
            json.insert("where".into(), filters_json(&self.filters));
        }
        json.insert("agg".into(), json!(self.agg.as_str()));
        if let Some(column) = self.agg.column() {
            json.insert("column".into(), json!(column));
        }
        if self.window != Window::Ever {
            json.insert("window".into(), self.window.to_json());
        }
        Json::Object(json)
    }
}

impl Window {
    /// The window as JSON.
    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Ever => json!({}),
            Self::Last(n, unit) => json!({ "last": n, "unit": unit.as_str() }),
            Self::Between(from, to) => json!({ "from": date_text(*from), "to": date_text(*to) }),
            Self::After(anchor, within) => {
                let mut after = Map::new();
                after.insert("of".into(), json!(anchor.of.as_str()));
                if !anchor.filters.is_empty() {
                    after.insert("where".into(), filters_json(&anchor.filters));
                }
                after.insert("which".into(), json!(if anchor.which == Which::First { "first" } else { "last" }));
                let mut json = Map::from_iter([("after".to_owned(), Json::Object(after))]);
                if let Some(span) = within {
                    json.insert("within".into(), span.to_json());
                }
                Json::Object(json)
            }
        }
    }
}

impl Span {
    /// The span as JSON.
    pub fn to_json(self) -> Json {
        json!({ "n": self.n, "unit": self.unit.as_str() })
    }
}

pub(crate) fn filters_json(filters: &[Filter]) -> Json {
    filters
        .iter()
        .map(|filter| {
            let mut json = Map::from_iter([("field".to_owned(), json!(filter.field))]);
            add_test(&mut json, &filter.test);
            Json::Object(json)
        })
        .collect()
}

pub(super) fn add_test(json: &mut Map<String, Json>, test: &Test) {
    let (op, value) = test.to_json();
    json.insert("op".into(), json!(op));
    if let Some(value) = value {
        json.insert("value".into(), value);
    }
}

/// First and last instant (exclusive) after an anchor.
pub fn after(anchor_at: i64, within: Option<Span>, as_of: &AsOf) -> (i64, i64) {
    let end = within.map_or(i64::MAX, |span| anchor_at.saturating_add(span.us()).saturating_add(1));
    (anchor_at.saturating_add(1), end.min(as_of.end()))
}

/// A value in whole units; what cannot be counted is missing. Days and instants count as they are stored.
pub(super) fn units(kind: FieldKind, cell: &Cell<'_>) -> Option<i64> {
    match (kind, cell) {
        (FieldKind::Float | FieldKind::Json, cell) => micro(cell.number()?),
        (_, Cell::Number(number)) => Some((number * kind.scale()).round() as i64),
        (_, Cell::Instant(at)) => Some(*at),
        (_, Cell::Day(day)) => Some(*day),
        _ => None,
    }
}

/// A floating point number in millionths, within ±9 × 10¹²; sums of these do not depend on their order.
pub fn micro(number: f64) -> Option<i64> {
    number.is_finite().then(|| (number.clamp(-9e12, 9e12) * 1e6).round() as i64)
}

/// A number of units as a value.
pub fn from_units(kind: FieldKind, units: i64) -> Cell<'static> {
    match kind {
        FieldKind::Instant => Cell::Instant(units),
        FieldKind::Day => Cell::Day(units),
        _ => Cell::Number(units as f64 / kind.scale()),
    }
}

/// A sum of units as a value.
pub fn sum_value(kind: FieldKind, sum: i128) -> Cell<'static> {
    Cell::Number(sum as f64 / kind.scale())
}

/// A field of a row.
fn value<'a>(source: Source, field: &str, frame: &'a Frame, row: usize, as_of: &AsOf) -> Cell<'a> {
    if is_calendar(field) {
        let at = frame.num(source.time()).and_then(|column| column.get(row));
        return at.and_then(|at| as_of.calendar(field, at)).map_or(Cell::Missing, |text| Cell::Text(text.into()));
    }
    if let Some((column, before)) = source.json()
        && let Some(key) = field.strip_prefix(before)
    {
        let json = frame.text(column).and_then(|column| column.get(row));
        return json.map_or(Cell::Missing, |json| json_cell(json, key));
    }
    let kind = frame.fields().iter().find(|known| known.name == field).map(|known| known.kind);
    match (kind, frame.column(field)) {
        (Some(kind), Some(column)) => cell_of(kind, column, row),
        _ => Cell::Missing,
    }
}

/// Whether a field is a part of the calendar, which the time of a fact gives.
pub fn is_calendar(field: &str) -> bool {
    CALENDAR.iter().any(|known| known.0 == field)
}

/// Whether a row is of a source at all.
fn counts(source: Source, frame: &Frame, row: usize) -> bool {
    let text = |name: &str| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default();
    let num = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    match source {
        Source::Orders => {
            text("kind") == "sale" && !matches!(text("status"), "created" | "cancelled" | "") && num("net_amount") > 0
        }
        Source::OrderItems => num("is_refund") == 0,
        _ => true,
    }
}

/// The facts of a source that pass, with their instants.
pub(super) fn matching<'a, 'b>(
    source: Source,
    filters: &'b [Filter],
    (from, to): (i64, i64),
    frames: &'b impl Fn(Source) -> Option<&'a Frame>,
    as_of: &'b AsOf,
) -> impl Iterator<Item = (&'a Frame, usize, i64)> + 'b
where
    'a: 'b,
{
    let frame = frames(source);
    let rows = frame.map_or(0, Frame::n_rows);
    (0..rows).filter_map(move |row| {
        let frame = frame?;
        let at = frame.num(source.time())?.get(row)?;
        let passes = from <= at
            && at < to
            && counts(source, frame, row)
            && filters.iter().all(|filter| filter.test.holds(&value(source, &filter.field, frame, row, as_of), as_of));
        passes.then_some((frame, row, at))
    })
}

/// Columns that evaluation reads of a source for these fields, its time and what decides whether a row counts included.
pub fn columns_of<'a>(source: Source, fields: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let base: &[&str] = match source {
        Source::Orders => &["kind", "status", "net_amount"],
        Source::OrderItems => &["is_refund"],
        _ => &[],
    };
    let json = source.json();
    let column = |field: &str| match json {
        Some((column, before)) if field.starts_with(before) => column.to_owned(),
        _ => field.to_owned(),
    };
    fields
        .filter(|field| !is_calendar(field))
        .map(column)
        .chain(base.iter().map(|name| (*name).to_owned()))
        .chain([source.time().to_owned()])
        .collect()
}
