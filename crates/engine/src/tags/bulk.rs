//! Values of tags over all customers: inputs as columns and sets, then the domain's own evaluation row by row.
//!
//! INV-TAGS-1. All measures and conditions of all tags are read with one scan of each table of facts.

use std::sync::Arc;

use zhike_domain::audience::{AsOf, Cell, Input, Leaf, Ranking, Rule, Set, Tag, cell_of, json_cell, score_of};
use zhike_domain::frame::{Column, ColumnType, Frame};

use crate::segments::{Bulk, Seeker, Values, numbers};
use crate::{Ctx, Result};

/// Where the values of an input stand.
enum Found {
    /// One value a customer.
    Column(Arc<Values>),
    /// A key of JSON texts, one a customer.
    Json(Arc<Values>, String),
    /// Rows of a frame by customer, and the column.
    Rows(Vec<Option<u32>>, ColumnType, Column),
    /// Those for whom it holds.
    Set(Set),
}

impl Found {
    fn cell(&self, who: usize) -> Cell<'static> {
        match self {
            Self::Column(values) => cell_of(values.0, &values.1, who).into_owned(),
            Self::Json(values, key) => match &values.1 {
                Column::Text(texts) => texts.get(who).map_or(Cell::Missing, |json| json_cell(json, key)),
                _ => Cell::Missing,
            },
            Self::Rows(row_of, kind, column) => {
                row_of[who].map_or(Cell::Missing, |row| cell_of(*kind, column, row as usize).into_owned())
            }
            Self::Set(set) => Cell::Flag(set.contains(who)),
        }
    }
}

/// Tags with their inputs over all customers.
pub(super) struct Computed {
    pub(super) bulk: Bulk,
    measures: Vec<(Leaf, Arc<Values>)>,
}

impl Computed {
    /// Reads what some tags are computed from.
    pub(super) async fn new(ctx: &Ctx, tags: &[&Tag], as_of: AsOf) -> Result<Self> {
        Self::over(ctx, tags, Bulk::new(ctx, as_of).await?).await
    }

    /// As [`Computed::new`], of the customers of `bulk`.
    async fn over(ctx: &Ctx, tags: &[&Tag], mut bulk: Bulk) -> Result<Self> {
        let mut measures: Vec<Leaf> = Vec::new();
        let mut conditions: Vec<Leaf> = Vec::new();
        for (_, input) in tags.iter().flat_map(|tag| tag.expression.inputs()) {
            match (input, input.leaf()) {
                (Input::Rule(rule), _) => conditions.extend(rule.leaves().into_iter().cloned()),
                (Input::Measure(_), Some(leaf)) if !measures.contains(&leaf) => measures.push(leaf),
                _ => {}
            }
        }
        let (asked, of_rules): (Vec<&Leaf>, Vec<&Leaf>) = (measures.iter().collect(), conditions.iter().collect());
        let values = bulk.prepare(ctx, &of_rules, &asked).await?;
        let values = values.into_iter().map(Arc::new);
        let measures = measures.iter().cloned().zip(values).collect();
        Ok(Self { bulk, measures })
    }

    /// The values of a tag, one a customer, and where customers stand among all.
    pub(super) async fn values(&self, ctx: &Ctx, tag: &Tag) -> Result<(Vec<Cell<'static>>, Ranking)> {
        let inputs = tag.expression.inputs();
        let mut found: Vec<(Input<'_>, Found)> = Vec::with_capacity(inputs.len());
        for (_, input) in inputs {
            found.push((input, self.found(ctx, input).await?));
        }
        let as_of = &self.bulk.as_of;
        let n = self.bulk.people.n();
        // Inputs are parts of the expression: where they stand says which is asked for.
        let cell = |input: Input<'_>, who: usize| {
            let known = found.iter().find(|(known, _)| is_same(known, &input));
            known.map_or(Cell::Missing, |(_, found)| found.cell(who))
        };
        let ranking = match tag.expression.ranked() {
            None => Ranking::default(),
            Some(of) => {
                let value = |who| of.value(&mut |input| cell(input, who), &Ranking::default(), as_of).number();
                Ranking::new((0..n).filter_map(value))
            }
        };
        let value = |who| tag.kept(tag.expression.value(&mut |input| cell(input, who), &ranking, as_of), as_of);
        Ok(((0..n).map(value).collect(), ranking))
    }

    async fn found(&self, ctx: &Ctx, input: Input<'_>) -> Result<Found> {
        let people = &self.bulk.people;
        let nothing = || Found::Set(Set::none(0));
        Ok(match input {
            Input::Measure(measure) => {
                let known =
                    self.measures.iter().find(|(leaf, _)| matches!(leaf, Leaf::Measure(own, _) if own == measure));
                known.map_or_else(nothing, |(_, values)| Found::Column(values.clone()))
            }
            Input::Trait(name) => match name.strip_prefix("traits.") {
                Some(key) => Found::Json(people.column(ctx, "traits").await?, key.to_owned()),
                None => Found::Column(people.column(ctx, name).await?),
            },
            Input::Score(name) => match score_of(name) {
                Some(score) => {
                    let frame =
                        ctx.lake().scores(score.table, score.column, score.only, self.bulk.as_of.day, None).await?;
                    rows(&people.ids, frame)
                }
                None => nothing(),
            },
            Input::Rule(rule) => Found::Set(self.bulk.set(rule)),
        })
    }
}

/// Values of tags that are numbers, one column a tag and one value a customer of `bulk`; what is missing is not a number.
pub(crate) async fn numbers_of(ctx: &Ctx, tags: &[&Tag], bulk: Bulk) -> Result<Vec<Vec<f64>>> {
    let computed = Computed::over(ctx, tags, bulk).await?;
    let mut columns = Vec::with_capacity(tags.len());
    for tag in tags {
        let (cells, _) = computed.values(ctx, tag).await?;
        columns.push(cells.iter().map(|cell| cell.number().unwrap_or(f64::NAN)).collect());
    }
    Ok(columns)
}

fn is_same(left: &Input<'_>, right: &Input<'_>) -> bool {
    match (left, right) {
        (Input::Measure(left), Input::Measure(right)) => std::ptr::eq(*left, *right),
        (Input::Trait(left), Input::Trait(right)) | (Input::Score(left), Input::Score(right)) => left == right,
        (Input::Rule(left), Input::Rule(right)) => std::ptr::eq::<Rule>(*left, *right),
        _ => false,
    }
}

/// Scores by customer.
fn rows(ids: &[i64], mut frame: Frame) -> Found {
    let mut row_of = vec![None; ids.len()];
    let mut seeker = Seeker::default();
    for (row, id) in numbers(&frame, "profile_id").into_iter().enumerate() {
        if let Some(who) = seeker.at(ids, id) {
            row_of[who].get_or_insert(row as u32);
        }
    }
    let kind = frame.fields().iter().find(|field| field.name == "value").map_or(ColumnType::Text, |field| field.kind);
    let column = frame.remove("value").unwrap_or_else(|| Column::missing(kind, frame.n_rows()));
    Found::Rows(row_of, kind, column)
}
