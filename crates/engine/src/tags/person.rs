//! Tags of one customer, and why they have the values they have.

use crate::boxed;
use jiff::civil::Date;
use zhike_domain::audience::{
    AsOf, Cell, Expression, Leaf, Ranking, Rule, Tag, Words, expression_sentence, leaf_sentence, tag_text,
};
use zhike_domain::id::ProfileId;

use super::bulk::Computed;
use super::{Defined, Spread, Told, defined, get, manual};
use crate::guard::{self, classes};
use crate::profiles::current;
use crate::segments::{as_of, at_day, day_text, person, shown};
use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

/// A tag on one customer.
#[derive(Clone, Debug)]
pub struct OfProfile {
    /// Name in rules and tables.
    pub key: String,
    /// Definition; none for a tag that somebody put.
    pub defined: Option<Defined>,
    /// Value.
    pub value: String,
    /// Chinese and English name of the value, when it has one.
    pub label: Option<(String, String)>,
    /// Last day that counts, of a value computed.
    pub as_of: Option<String>,
    /// Who put it, when, until when (microseconds).
    pub put: Option<(String, i64, Option<i64>)>,
}

/// The tags of a customer: values of the newest refresh, up to a day when one is named, and those that people put and that
/// held at its end, or hold now. A value that somebody replaced since is not known any more.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn of_profile(ctx: &Ctx, profile_id: ProfileId, day: Option<Date>) -> Result<Vec<OfProfile>> {
    ctx.refresh_overrides().await?;
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let mut found = Vec::new();
    let frame = ctx.lake().tags_of(id, day.map(day_number)).await?;
    let (keys, values, days) = (frame.text("tag"), frame.text("value"), frame.num("as_of"));
    let definitions = defined(ctx).await?;
    for row in 0..frame.n_rows() {
        let key = keys.and_then(|column| column.get(row)).unwrap_or_default();
        let Some(defined) = definitions.iter().find(|one| one.tag.key == key) else { continue };
        let Some(value) = values.and_then(|column| column.get(row)) else { continue };
        let day = days.and_then(|column| column.get(row));
        found.push(OfProfile {
            key: key.to_owned(),
            value: value.to_owned(),
            label: label(&defined.tag, value),
            as_of: day.map(crate::refresh::day_text),
            put: None,
            defined: Some(defined.clone()),
        });
    }
    let at = match day {
        Some(day) => at_day(&as_of(ctx, Some(day)).await?, ctx.now()),
        None => None,
    };
    let at = at.unwrap_or_else(|| ctx.now());
    for row in manual::of_one(ctx, id).await?.into_iter().filter(|row| row.set_at <= at && manual::holds(row, at)) {
        found.push(OfProfile {
            key: row.tag,
            defined: None,
            value: row.value,
            label: None,
            as_of: None,
            put: Some((row.author, row.set_at, row.expires_at)),
        });
    }
    guard::show_page(ctx, id, classes::of_page(&[("tags", found.len())])).await?;
    Ok(found)
}

fn label(tag: &Tag, value: &str) -> Option<(String, String)> {
    tag.labels().into_iter().find(|known| known.0 == value).map(|(_, zh, en)| (zh, en))
}

/// What a value was computed from.
#[derive(Clone, Debug)]
pub struct WhyInput {
    /// Place in the expression.
    pub pointer: String,
    /// In words, Chinese and English.
    pub sentence: (String, String),
    /// The value found; missing when there is none.
    pub value: Option<String>,
    /// Whether the condition holds, of a rule's.
    pub holds: Option<bool>,
}

/// Why a customer has a value, or none.
#[derive(Clone, Debug)]
pub struct Why {
    /// The value as of the day, computed now; missing when there is none.
    pub value: Option<String>,
    /// Its name, Chinese and English, when it has one.
    pub label: Option<(String, String)>,
    /// What is computed, Chinese and English; or who put it.
    pub sentence: (String, String),
    /// What it was computed from.
    pub inputs: Vec<WhyInput>,
    /// Last day that counts.
    pub as_of: String,
}

/// Says why a customer has the value that a tag has as of a day.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn why(ctx: &Ctx, profile_id: ProfileId, key: &str, day: Option<Date>) -> Result<Why> {
    let as_of = as_of(ctx, day).await?;
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let put = manual::of_one(ctx, id).await?.into_iter().find(|row| row.tag == key);
    let defined = match get(ctx, key).await {
        Ok(defined) => defined,
        Err(error) => {
            let Some(row) = put else { return Err(error) };
            return put_by(ctx, row, &as_of);
        }
    };
    let tag = &defined.tag;
    let rule = Rule::All(tag.leaves().into_iter().map(Rule::Is).collect());
    let person = person(ctx, id, &rule, &as_of).await?;
    guard::show_page(ctx, id, classes::of_leaves(ctx, &rule.leaves()).await?).await?;
    let ranking = ranking(ctx, tag, &as_of).await?;
    let value = tag_text(&tag.of_person(&person, &ranking, &as_of));
    let currency = ctx.workspace().currency;
    let inputs = tag.reasons(&person, &as_of).into_iter().map(|reason| WhyInput {
        pointer: reason.pointer,
        sentence: match (reason.holds, &reason.leaf) {
            (None, Leaf::Measure(measure, _)) => expression_sentence(&Expression::Measure(measure.clone()), &currency),
            (None, Leaf::Trait(name, _)) => expression_sentence(&Expression::Trait(name.clone()), &currency),
            (None, Leaf::Score(name, _)) => expression_sentence(&Expression::Score(name.clone()), &currency),
            (_, leaf) => leaf_sentence(leaf, &currency, &Words::default()),
        },
        value: shown(&reason.value),
        holds: reason.holds,
    });
    Ok(Why {
        label: value.as_deref().and_then(|value| label(tag, value)),
        value,
        sentence: expression_sentence(&tag.expression, &currency),
        inputs: inputs.collect(),
        as_of: day_text(&as_of),
    })
}

fn put_by(ctx: &Ctx, row: zhike_state::ManualTagRow, as_of: &AsOf) -> Result<Why> {
    let day = |at: i64| crate::refresh::day_text(as_of.day_of(at));
    let (set_on, author) = (day(row.set_at), &row.author);
    let sentence = match row.expires_at {
        Some(at) => {
            let until = day(at);
            (format!("{author} 于 {set_on} 设置，{until} 到期"), format!("put by {author} on {set_on}, until {until}"))
        }
        None => (format!("{author} 于 {set_on} 设置"), format!("put by {author} on {set_on}")),
    };
    let value = manual::holds(&row, ctx.now()).then_some(row.value);
    Ok(Why { value, label: None, sentence, inputs: Vec::new(), as_of: day_text(as_of) })
}

/// Values of all customers that the tag ranks, when it ranks.
async fn ranking(ctx: &Ctx, tag: &Tag, as_of: &AsOf) -> Result<Ranking> {
    if tag.expression.ranked().is_none() {
        return Ok(Ranking::default());
    }
    let computed = Computed::new(ctx, &[tag], as_of.clone()).await?;
    Ok(computed.values(ctx, tag).await?.1)
}

/// The values of a definition over all customers, without storing anything: customers without one are left out.
///
/// **Errors**: `invalid_tag`.
#[boxed]
pub async fn values(ctx: &Ctx, json: &serde_json::Value, day: Option<Date>) -> Result<Vec<(ProfileId, String)>> {
    let tag = zhike_domain::audience::parse_tag(json).map_err(Error::invalid_tag)?;
    let computed = Computed::new(ctx, &[&tag], as_of(ctx, day).await?).await?;
    let (mut cells, _) = computed.values(ctx, &tag).await?;
    hide_others(&computed, &mut cells);
    let ids = &computed.bulk.people.ids;
    let text = |(who, cell): (usize, Cell<'static>)| Some((ProfileId::new(ids[who]), tag_text(&cell)?));
    Ok(cells.into_iter().enumerate().filter_map(text).collect())
}

/// What a definition would compute, without storing anything: as it would be kept, and how its values are spread.
///
/// **Errors**: `invalid_tag`.
#[boxed]
pub async fn preview(ctx: &Ctx, json: &serde_json::Value, day: Option<Date>) -> Result<(Tag, Told)> {
    let tag = zhike_domain::audience::parse_tag(json).map_err(Error::invalid_tag)?;
    let computed = Computed::new(ctx, &[&tag], as_of(ctx, day).await?).await?;
    let (mut cells, _) = computed.values(ctx, &tag).await?;
    hide_others(&computed, &mut cells);
    let (spread, _) = Spread::of(&computed, &cells, ctx.now());
    Ok((tag, spread.told(ctx.min_group())))
}

/// Takes the values of those who may not be seen away.
fn hide_others(computed: &Computed, cells: &mut [Cell<'static>]) {
    let ids = &computed.bulk.people.ids;
    cells.iter_mut().zip(ids).filter(|(_, id)| !computed.bulk.sees(**id)).for_each(|(cell, _)| *cell = Cell::Missing);
}
