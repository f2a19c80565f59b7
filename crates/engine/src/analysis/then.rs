//! What people were at a time: values of a trait, tag, score or segment, one number a customer.

use serde::{Deserialize, Serialize};
use zhike_domain::analysis::By;
use zhike_domain::audience::{cell_of, json_cell, score_of};
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_lake::{NO_VALUE, Texts};

use super::Ground;
use crate::segments::{self, Seeker, numbers};
use crate::{Ctx, Result};

/// A part of a breakdown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// A value.
    Value(String),
    /// All values that are not shown.
    Other,
    /// No value.
    Missing,
}

/// Parts of a breakdown that are shown beside the rest.
pub(super) const TOP: usize = 6;

/// Values of everybody at the end of a day; [`NO_VALUE`] for none. Traits are as they are now: their past is not kept.
pub(super) async fn values(ctx: &Ctx, ground: &Ground, by: &By, day: i64, texts: &mut Texts) -> Result<Vec<u32>> {
    let people = &ground.bulk.people;
    let mut found = vec![NO_VALUE; people.n()];
    match by {
        By::Field(_) => {}
        By::Trait(name) => {
            let (column, key) = match name.strip_prefix("traits.") {
                Some(key) => (people.column(ctx, "traits").await?, Some(key)),
                None => (people.column(ctx, name).await?, None),
            };
            for (at, place) in found.iter_mut().enumerate() {
                let text = match (&column.1, key) {
                    (Column::Text(texts), Some(key)) => {
                        texts.get(at).and_then(|json| json_cell(json, key).text().map(std::borrow::Cow::into_owned))
                    }
                    (column_of, _) => cell_of(column.0, column_of, at).text().map(std::borrow::Cow::into_owned),
                };
                if let Some(text) = text.filter(|text| !text.is_empty()) {
                    *place = texts.number(&text);
                }
            }
        }
        By::Tag(name) => {
            let frame = ctx.lake().scores("tags", "value", Some(("tag", name)), day, None).await?;
            fill(&frame, &people.ids, texts, &mut found);
        }
        By::Score(name) => {
            if let Some(score) = score_of(name) {
                let frame = ctx.lake().scores(score.table, score.column, score.only, day, None).await?;
                fill(&frame, &people.ids, texts, &mut found);
            }
        }
        By::Segment(id) => {
            let segment = segments::get(ctx, id).await?;
            let (inside, outside) = (texts.number("in"), texts.number("out"));
            found.fill(outside);
            let set = match day >= ground.bulk.as_of.day {
                // Today's members by its rule, as the page of the segment counts them.
                true => {
                    let rule = segments::rule_of(&segment, segments::rule_or_list(ctx, id).await?);
                    let mut bulk = segments::Bulk::new(&ctx.whole(), ground.bulk.as_of.clone()).await?;
                    bulk.rule(&ctx.whole(), &rule).await?
                }
                false => {
                    let at = ground.seen.start_of(day + 1) - 1;
                    let frame = ctx.lake().members(segment.id.get(), Some(at)).await?;
                    people.set(segments::people_of(ctx, &numbers(&frame, "profile_id")).await?)
                }
            };
            set.iter().filter_map(|at| found.get_mut(at).map(|place| *place = inside)).for_each(drop);
        }
    }
    Ok(found)
}

fn fill(frame: &Frame, ids: &[i64], texts: &mut Texts, found: &mut [u32]) {
    let kind = frame.fields().iter().find(|field| field.name == "value").map_or(ColumnType::Text, |field| field.kind);
    let Some(column) = frame.column("value") else { return };
    let mut seeker = Seeker::default();
    for (row, id) in numbers(frame, "profile_id").into_iter().enumerate() {
        let text = cell_of(kind, column, row).text().map(std::borrow::Cow::into_owned);
        if let (Some(at), Some(text)) = (seeker.at(ids, id), text) {
            found[at] = texts.number(&text);
        }
    }
}

/// The shown values of some, the most frequent first; of several as frequent, in the order of their letters.
pub(super) fn top(counts: impl IntoIterator<Item = (u32, u64)>, texts: &Texts) -> Vec<u32> {
    let mut counts: Vec<(u32, u64)> = counts.into_iter().filter(|(value, _)| *value != NO_VALUE).collect();
    counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| texts.text(a.0).cmp(&texts.text(b.0))));
    counts.into_iter().take(TOP).map(|(value, _)| value).collect()
}

/// Which part a value is, among those shown.
pub(super) fn part_of(value: u32, shown: &[u32], texts: &Texts) -> Value {
    match texts.text(value) {
        None => Value::Missing,
        Some(text) if shown.contains(&value) => Value::Value(text.to_owned()),
        Some(_) => Value::Other,
    }
}
