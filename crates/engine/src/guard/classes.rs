//! Which classes of data a page, an answer or a file shows in the clear.
//!
//! Masked values and what is about nobody count for nothing. Of JSON and identities the values themselves decide.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU16, Ordering};

use zhike_domain::access::{Shown, shows};
use zhike_domain::audience::{Leaf, score_of};
use zhike_domain::frame::Frame;
use zhike_domain::grade::{Class, Classes, Graded, TRAITS, class_in_the_clear, class_of_column};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::tables;

use crate::customers::Listed;
use crate::{Ctx, Result, grades};

/// Classes that were met in the clear so far, by whoever masks.
#[derive(Debug, Default)]
pub(crate) struct Met(AtomicU16);

impl Met {
    /// Notes a value that is shown as it is; what is about nobody is not noted.
    pub(crate) fn note(&self, of: Graded) {
        if of.grade >= 2 && of.class != Class::Technical {
            self.add([of.class].into_iter().collect());
        }
    }

    pub(crate) fn add(&self, classes: Classes) {
        self.0.fetch_or(classes.bits(), Ordering::Relaxed);
    }

    pub(crate) fn classes(&self) -> Classes {
        Classes::of_bits(self.0.load(Ordering::Relaxed))
    }
}

/// Of an identity that is shown: numbers that a shop or a device gave are not masked.
pub(crate) fn of_identity(kind: &str) -> Classes {
    let is_clear = IdentityKind::parse(kind).is_some_and(|kind| !kind.is_personal());
    is_clear.then_some(Class::Identity).into_iter().collect()
}

/// Of what one customer's page has of some tables, with how many rows of each.
pub(crate) fn of_page(rows: &[(&str, usize)]) -> Classes {
    let table = |(name, n): &(&str, usize)| tables::table(name).filter(|_| *n > 0);
    let columns = rows
        .iter()
        .filter_map(table)
        .flat_map(|table| table.columns.iter().filter_map(|column| class_in_the_clear(table.name, column)));
    columns.collect()
}

/// Of what the conditions of a rule are told about one customer.
pub(crate) async fn of_leaves(ctx: &Ctx, leaves: &[&Leaf]) -> Result<Classes> {
    let traits =
        leaves.iter().filter_map(|leaf| if let Leaf::Trait(name, _) = leaf { Some(name.as_str()) } else { None });
    let of_traits = of_traits(ctx, traits).await?;
    let class = |leaf: &&Leaf| match leaf {
        Leaf::Trait(..) => None,
        Leaf::Measure(measure, _) => Some(class_of_column(measure.of.table(), "")),
        Leaf::Sequence(_) => Some(Class::Behaviour),
        Leaf::Score(name, _) => score_of(name).map(|score| class_of_column(score.table, score.column)),
        Leaf::Tag(..) | Leaf::Identity(..) | Leaf::Consent(..) | Leaf::Member(..) => Some(Class::Attribute),
    };
    Ok(of_traits.or(leaves.iter().filter_map(class).collect()))
}

/// Of columns of the product's tables.
pub(crate) fn of_columns<'a>(columns: impl IntoIterator<Item = (&'a str, &'a str)>) -> Classes {
    let class = |(table, column): (&str, &str)| {
        class_in_the_clear(table, tables::table(table).and_then(|table| table.column(column))?)
    };
    columns.into_iter().filter_map(class).collect()
}

/// Of a user's query, JSON and identities aside.
pub(crate) fn of_origins(origins: &BTreeSet<(&'static str, String)>) -> Classes {
    let is_mixed = |table: &str, column: &str| {
        matches!((table, column), ("events", "properties") | ("profiles", "traits") | ("identities", "value"))
    };
    of_columns(
        origins
            .iter()
            .map(|(table, column)| (*table, column.as_str()))
            .filter(|(table, column)| !is_mixed(table, column)),
    )
}

/// Of the traits of some names, for whoever asks.
pub(crate) async fn of_traits<'a>(ctx: &Ctx, names: impl IntoIterator<Item = &'a str> + Send) -> Result<Classes> {
    let names: Vec<&str> = names.into_iter().collect();
    let Some(by) = ctx.by().filter(|_| !names.is_empty()) else { return Ok(Classes::default()) };
    let (grades, met) = (grades::grades(ctx).await?, Met::default());
    let graded = names.into_iter().map(|name| grades.of_trait(name));
    graded.filter(|one| shows(&by.roles, one.grade) == Shown::Clear).for_each(|one| met.note(one));
    Ok(met.classes())
}

/// Of what a list on a screen has of every customer.
pub(crate) fn of_list(rows: &[Listed]) -> Classes {
    let met = Met::default();
    for one in rows {
        let row = &one.row;
        let place = (row.province.is_some() || row.city.is_some()).then_some(Class::Location);
        let about = row.member_level.is_some() || row.registered_on.is_some() || row.last_seen_at.is_some();
        let bought = one.rfm.is_some() || one.first_ordered_at.is_some();
        let all = place.into_iter().chain(about.then_some(Class::Attribute)).chain(bought.then_some(Class::Commerce));
        met.add(all.collect());
        met.add(one.identity.as_ref().map(|(kind, _)| of_identity(kind)).unwrap_or_default());
    }
    met.classes()
}

/// Of rows in the clear, by whatever grade: a copy that somebody gets of their own data.
pub(crate) fn of_rows(grades: &zhike_domain::grade::Grades, table: &str, frame: &Frame) -> Classes {
    let met = Met::default();
    met.add(of_columns(frame.fields().iter().map(|field| (table, field.name.as_str()))));
    let text = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default();
    for (column, is_trait) in [("properties", false), ("traits", true)] {
        for row in 0..frame.n_rows() {
            let all = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text(column, row));
            for name in all.into_iter().flatten().map(|(name, _)| name) {
                let event = if is_trait { TRAITS } else { text("event", row) };
                met.note(grades.of(text("source", row), event, &name));
            }
        }
    }
    met.classes()
}
