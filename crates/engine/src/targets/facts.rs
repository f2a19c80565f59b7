//! What parts of the business brought, by week or in all.

use std::collections::BTreeMap;

use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::kpi::{Dimension, Kpi, Level, Of};
use zhike_lake::{KpiScan, KpiSpan};

use crate::kpis::Window;
use crate::segments::{Bulk, as_of, seen_lake};
use crate::{Ctx, Error, Result};

/// Stands between the values of several dimensions of a customer.
const BETWEEN: char = '\u{1f}';

/// What a part brought.
#[derive(Clone, Debug, Default)]
pub(super) struct Brought {
    /// One a span.
    pub(super) sums: Vec<i64>,
    /// Customers, one a span; 0 unless asked for.
    pub(super) n_people: Vec<u64>,
}

/// What each part by some levels brought in each span of days, which ascend and do not overlap.
pub(super) async fn brought(
    ctx: &Ctx,
    kpi: &Kpi,
    levels: &[Dimension],
    days: &[(i64, i64)],
    with_people: bool,
) -> Result<BTreeMap<Vec<String>, Brought>> {
    let mut found: BTreeMap<Vec<String>, Brought> = BTreeMap::new();
    let Some((measure, _)) = kpi.measures() else { return Ok(found) };
    let (facts, persons): (Vec<Dimension>, Vec<Dimension>) =
        levels.iter().partition(|level| level.level() == Level::Fact);
    let spans: Vec<KpiSpan> = days.iter().map(|days| Window::days(days.0, days.1).span(ctx)).collect();
    let people = people(ctx, &persons, None).await?;
    let scan = KpiScan { of: Of::Orders, spans: &spans, by: None, people };
    let frame = seen_lake(ctx).await?.kpi_cross(&scan, measure, &facts, with_people).await?;
    let bug = |name: &str| Error::bug("targets", std::io::Error::other(name.to_owned()));
    let num = |name: &str| frame.num(name).ok_or_else(|| bug(name));
    let text = |name: &str| frame.text(name).ok_or_else(|| bug(name));
    let (spans, sums, counts, person) = (num("w")?, num("n")?, num("n_people")?, text("person")?);
    let named = (0..facts.len()).map(|at| text(&format!("f{at}"))).collect::<Result<Vec<_>>>()?;
    for row in 0..frame.n_rows() {
        let Some(span) = spans.get(row).and_then(|span| usize::try_from(span).ok()) else { continue };
        let own: Vec<&str> = person.get(row).unwrap_or("").split(BETWEEN).collect();
        let (mut next_fact, mut next_own) = (0, 0);
        let value = |level: &Dimension| {
            let is_fact = facts.contains(level);
            let at = if is_fact { &mut next_fact } else { &mut next_own };
            *at += 1;
            let value = if is_fact { named[*at - 1].get(row) } else { own.get(*at - 1).copied() };
            value.unwrap_or("").to_owned()
        };
        let path: Vec<String> = levels.iter().map(value).collect();
        let brought =
            found.entry(path).or_insert_with(|| Brought { sums: vec![0; days.len()], n_people: vec![0; days.len()] });
        brought.sums[span] += sums.get(row).unwrap_or(0);
        brought.n_people[span] += counts.get(row).unwrap_or(0).unsigned_abs();
    }
    Ok(found)
}

/// The customers with their values of dimensions, those alone that have the values wanted; none when there are no
/// dimensions.
pub(super) async fn people(ctx: &Ctx, dimensions: &[Dimension], wanted: Option<&[String]>) -> Result<Option<Frame>> {
    if dimensions.is_empty() {
        return Ok(None);
    }
    let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    let all = &bulk.people;
    let mut columns = Vec::with_capacity(dimensions.len());
    for dimension in dimensions {
        columns.push(all.column(ctx, dimension.as_str()).await?);
    }
    let value = |row: usize, at: usize| match &columns[at].1 {
        Column::Text(values) => values.get(row).unwrap_or(""),
        _ => "",
    };
    let is_wanted = |row: &usize| {
        wanted.is_none_or(|wanted| wanted.iter().enumerate().all(|(at, wanted)| value(*row, at) == wanted))
    };
    let rows: Vec<usize> = (0..all.n()).filter(|row| bulk.sees(all.ids[*row])).filter(is_wanted).collect();
    let texts: Vec<String> = rows
        .iter()
        .map(|row| {
            let values: Vec<&str> = (0..columns.len()).map(|at| value(*row, at)).collect();
            values.join(&BETWEEN.to_string())
        })
        .collect();
    let values: TextColumn = texts.iter().map(|text| Some(text.as_str())).collect();
    let frame = Frame::new(rows.len())
        .with("person_id", ColumnType::Int, Column::Num(rows.iter().map(|row| Some(all.ids[*row])).collect()))
        .with("value", ColumnType::Text, Column::Text(values));
    Ok(Some(frame))
}
