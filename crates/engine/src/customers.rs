//! The list of customers: whom a rule leaves, in an order, with the columns that are asked for.
//!
//! Owns how a list is asked for ([`Whom`], [`Sort`]), its pages and its columns ([`columns`]). Must not know how rules are
//! answered (`segments`) nor how rows are written (`exports`' callers).
//!
//! - INV-CUSTOMERS-1: the pages of a list, one after another, are everybody for whom the rule holds, each once, in order
//!   (`tests/it/customers.rs`).

use crate::boxed;
use std::time::Instant;

use jiff::civil::Date;
use serde_json::Value as Json;
use zhike_domain::audience::{Agg, AsOf, Leaf, ListFilter, Measure, Rule, Source, Test, Window};
use zhike_domain::frame::Column as Values;
use zhike_domain::id::ProfileId;

use crate::guard::Meter;
use crate::segments::{self, Bulk, Count};
use crate::{Ctx, Error, Result, guard};

pub mod columns;
mod listed;

pub use listed::{Listed, Parts, listed_by_id};

/// Whom a list holds: all for whom everything given here holds.
#[derive(Clone, Debug, Default)]
pub struct Whom {
    /// A rule, as docs/guides/segments.md describes it.
    pub rule: Option<Json>,
    /// A segment, by id or name.
    pub segment: Option<String>,
    /// Filters by name.
    pub filter: ListFilter,
    /// Last day that counts; the newest day of the data when absent.
    pub as_of: Option<Date>,
}

/// What a list is in order of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SortBy {
    /// Net amount in all, at the newest refresh.
    #[default]
    Monetary,
    /// Orders in all, at the newest refresh.
    Frequency,
    /// Recency score.
    RScore,
    /// Frequency score.
    FScore,
    /// Monetary score.
    MScore,
    /// Last order that counts.
    LastOrdered,
    /// First order that counts.
    FirstOrdered,
    /// Latest fact.
    LastSeen,
    /// Day of registration.
    Registered,
}

impl SortBy {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Monetary,
        Self::Frequency,
        Self::RScore,
        Self::FScore,
        Self::MScore,
        Self::LastOrdered,
        Self::FirstOrdered,
        Self::LastSeen,
        Self::Registered,
    ];

    /// Name: that of the column.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Monetary => "monetary",
            Self::Frequency => "frequency",
            Self::RScore => "r_score",
            Self::FScore => "f_score",
            Self::MScore => "m_score",
            Self::LastOrdered => "last_ordered_at",
            Self::FirstOrdered => "first_ordered_at",
            Self::LastSeen => "last_seen_at",
            Self::Registered => "registered_on",
        }
    }

    /// The one of a name.
    ///
    /// **Errors**: `bad_request`, naming those that there are.
    pub fn parse(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name).ok_or_else(|| {
            let known = Self::ALL.map(Self::as_str).join(", ");
            Error::bad_request(
                format!("a list cannot be sorted by {name:?}: choose one of {known}"),
                format!("列表不能按 {name:?} 排序：可用的有 {known}"),
            )
        })
    }

    /// A condition that looks at the value sorted by.
    fn leaf(self) -> Leaf {
        let score = |name: &str| Leaf::Score(name.to_owned(), Test::Exists);
        let fact = |name: &str| Leaf::Trait(name.to_owned(), Test::Exists);
        let order = |agg: Agg| {
            Leaf::Measure(Measure { of: Source::Orders, filters: Vec::new(), window: Window::Ever, agg }, Test::Exists)
        };
        match self {
            Self::Monetary => score("rfm.monetary"),
            Self::Frequency => score("rfm.frequency"),
            Self::RScore => score("rfm.r_score"),
            Self::FScore => score("rfm.f_score"),
            Self::MScore => score("rfm.m_score"),
            Self::LastOrdered => order(Agg::LastAt),
            Self::FirstOrdered => order(Agg::FirstAt),
            Self::LastSeen => fact("last_seen_at"),
            Self::Registered => fact("registered_on"),
        }
    }
}

/// The order of a list: those without a value come last either way; of equal ones the smaller id comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sort {
    /// By what.
    pub by: SortBy,
    /// Largest and latest first.
    pub is_desc: bool,
}

impl Default for Sort {
    fn default() -> Self {
        Self { by: SortBy::default(), is_desc: true }
    }
}

/// Where a page ended: the value sorted by, and the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Value, in the units of its column; missing for those without one.
    pub value: Option<i64>,
    /// Customer.
    pub profile_id: i64,
}

/// A place in the order of a list; smaller comes first.
type Place = (bool, i64, i64);

impl Sort {
    fn place(self, at: Cursor) -> Place {
        let value = at.value.unwrap_or(0);
        // Turning the bits round turns the order round, and no number overflows.
        (at.value.is_none(), if self.is_desc { !value } else { value }, at.profile_id)
    }

    fn cursor(self, (is_missing, value, profile_id): Place) -> Cursor {
        let value = if self.is_desc { !value } else { value };
        Cursor { value: (!is_missing).then_some(value), profile_id }
    }
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page {
    /// Customers.
    pub rows: Vec<Listed>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// How many the whole list holds.
    pub count: Count,
    /// All that was asked for as one rule.
    pub rule: Json,
    /// The rule in words, Chinese and English.
    pub sentence: (String, String),
}

/// A list whose members and order are known: what pages and exports are cut from.
pub(crate) struct Ordered {
    pub(crate) rule: Rule,
    pub(crate) bulk: Bulk,
    places: Vec<Place>,
    sort: Sort,
}

/// A page of customers.
///
/// **Errors**: `invalid_segment` with every mistake of the rule and its place; `not_found` for a segment that is not there.
#[boxed]
pub async fn page(
    ctx: &Ctx,
    whom: &Whom,
    sort: Sort,
    columns: &[columns::Column],
    after: Option<Cursor>,
    limit: usize,
) -> Result<Page> {
    let started = Instant::now();
    let mut list = order(ctx, whom, sort).await?;
    let count = segments::counted(ctx, &list.bulk, list.places.len() as u64, started.elapsed().as_millis() as u64);
    let (ids, next) = list.cut(after, limit);
    guard::reserve(ctx, Meter::Rows, ids.len()).await?;
    let rows = listed::listed(ctx, &ids, &Parts::of(columns, true)).await?;
    let shown = guard::classes::of_list(&rows).or(columns::shown(ctx, columns).await?);
    guard::show(ctx, rows.len(), shown).await?;
    let sentence = segments::said(ctx, &list.rule).await?;
    Ok(Page { rows, next, count, rule: list.rule.to_json(), sentence })
}

/// All that is asked for as one rule, as of a day.
pub(crate) async fn rule_of(ctx: &Ctx, whom: &Whom, as_of: &AsOf) -> Result<Rule> {
    let mut rules = Vec::new();
    if let Some(json) = &whom.rule {
        rules.push(segments::read_rule(ctx, json, None).await?);
    }
    if let Some(segment) = &whom.segment {
        let id = segments::get(ctx, segment).await?.id;
        rules.push(Rule::Is(Leaf::Member(id.to_string(), true)));
    }
    let named = Rule::All(whom.filter.conditions(as_of.day));
    // Words that filters bring are checked as those of a rule are.
    rules.push(segments::read_rule(ctx, &named.to_json(), None).await?);
    Ok(Rule::all_of(rules))
}

/// Everybody for whom it holds.
pub(crate) async fn order(ctx: &Ctx, whom: &Whom, sort: Sort) -> Result<Ordered> {
    let as_of = segments::as_of(ctx, whom.as_of).await?;
    let rule = rule_of(ctx, whom, &as_of).await?;
    let mut bulk = Bulk::new(ctx, as_of).await?;
    let set = bulk.rule(ctx, &rule).await?;
    let values = bulk.column(ctx, &sort.by.leaf()).await?;
    let value = |at: usize| match &values.1 {
        Values::Num(column) => column.get(at),
        _ => None,
    };
    let ids = &bulk.people.ids;
    let places = set.iter().map(|at| sort.place(Cursor { value: value(at), profile_id: ids[at] })).collect();
    Ok(Ordered { rule, bulk, places, sort })
}

impl Ordered {
    /// So many customers at most, after a cursor; and the cursor of the last when there are more.
    fn cut(&mut self, after: Option<Cursor>, limit: usize) -> (Vec<i64>, Option<Cursor>) {
        if let Some(after) = after {
            let after = self.sort.place(after);
            self.places.retain(|place| *place > after);
        }
        let has_more = self.places.len() > limit;
        if has_more && limit > 0 {
            // The first so many, without sorting all others.
            self.places.select_nth_unstable(limit - 1);
        }
        self.places.truncate(limit);
        self.places.sort_unstable();
        let next = self.places.last().filter(|_| has_more).map(|place| self.sort.cursor(*place));
        (self.places.iter().map(|place| place.2).collect(), next)
    }

    /// All of them, in order.
    pub(crate) fn into_ids(mut self) -> Vec<i64> {
        self.places.sort_unstable();
        self.places.into_iter().map(|place| place.2).collect()
    }
}

/// The customers of these ids with what some columns need, in the order asked for.
pub(crate) async fn rows(ctx: &Ctx, ids: &[i64], columns: &[columns::Column]) -> Result<Vec<Listed>> {
    listed::listed(ctx, ids, &Parts::of(columns, false)).await
}

impl Cursor {
    /// Reads what [`std::fmt::Display`] writes.
    pub fn parse(text: &str) -> Option<Self> {
        let (value, profile) = text.split_once(':')?;
        let value = if value.is_empty() { None } else { Some(value.parse().ok()?) };
        Some(Self { value, profile_id: profile.parse::<ProfileId>().ok()?.get() })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(value) = self.value {
            write!(f, "{value}")?;
        }
        write!(f, ":{}", ProfileId::new(self.profile_id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Cursor, Sort, SortBy};

    proptest! {
        #[test]
        fn a_cursor_reads_back_and_keeps_its_place(value in prop::option::of(any::<i64>()), profile_id in 0_i64..i64::MAX, is_desc in any::<bool>()) {
            let cursor = Cursor { value, profile_id };
            prop_assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
            let sort = Sort { by: SortBy::Monetary, is_desc };
            prop_assert_eq!(sort.cursor(sort.place(cursor)), cursor);
        }

        #[test]
        fn those_without_a_value_come_last(value in any::<i64>(), other in any::<i64>(), ids in (0_i64..9, 0_i64..9), is_desc in any::<bool>()) {
            let sort = Sort { by: SortBy::Monetary, is_desc };
            let place = |value, profile_id| sort.place(Cursor { value, profile_id });
            prop_assert!(place(Some(value), ids.0) < place(None, ids.1));
            if value != other {
                prop_assert_eq!(place(Some(value), ids.0) < place(Some(other), ids.1), (value < other) != is_desc);
            }
        }
    }
}
