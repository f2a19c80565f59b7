//! Tags that people put on customers.

use crate::boxed;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zhike_domain::detect::mask_text;
use zhike_domain::id::ProfileId;
use zhike_state::ManualTagRow;

use super::defined;
use crate::profiles::{current, own_ids};
use crate::query::put_definition;
use crate::segments::people_of;
use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

/// Longest name and value, in characters.
const MAX_CHARS: usize = 100;

/// Values that a tag can be declared with.
const MAX_CHOICES: usize = 50;
/// Kind under which declarations are kept.
const KIND: &str = "manual_tag";

/// A tag that people are to put: the values they choose from.
#[derive(Debug, Serialize, Deserialize)]
struct Declared {
    values: Vec<String>,
}

/// All tags that people put, or are to put, with the values they choose from.
pub(super) async fn keys(ctx: &Ctx) -> Result<BTreeMap<String, Vec<String>>> {
    let rows = ctx.store().manual_tags().await?;
    let mut found: BTreeMap<String, Vec<String>> = rows.into_iter().map(|row| (row.tag, Vec::new())).collect();
    for row in ctx.store().list_definitions(KIND).await? {
        let declared: Option<Declared> =
            serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored tag", error))?;
        if let Some(declared) = declared {
            found.insert(row.name, declared.values);
        }
    }
    Ok(found)
}

/// Declares a tag that people put, with the values they choose from; with none any value goes. Values that customers have
/// already stay.
///
/// **Errors**: `bad_request` for an empty or long text or too many values; `conflict` when the tag is computed.
#[boxed]
pub async fn declare(ctx: &Ctx, tag: &str, values: &[String]) -> Result<()> {
    let tag = tag.trim();
    let mut kept: Vec<String> = Vec::new();
    for value in values.iter().map(|value| value.trim().to_owned()) {
        check(tag, &value)?;
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    check(tag, "-")?;
    if kept.len() > MAX_CHOICES {
        return Err(Error::bad_request(
            format!("a tag can be declared with {MAX_CHOICES} values at most; without values any goes"),
            format!("一个人工标签最多列出 {MAX_CHOICES} 个取值；不列则可填任意值"),
        ));
    }
    not_computed(ctx, tag).await?;
    put_definition(ctx, KIND, tag, &Some(Declared { values: kept })).await.map(std::mem::drop)
}

/// Takes a tag off everybody, and its declaration out of force.
pub(super) async fn drop(ctx: &Ctx, tag: &str) -> Result<()> {
    ctx.store().remove_manual_tag_of_all(tag).await?;
    put_definition(ctx, KIND, tag, &None::<Declared>).await.map(std::mem::drop)
}

fn check(tag: &str, value: &str) -> Result<()> {
    let fits = |text: &str| !text.is_empty() && text.chars().count() <= MAX_CHARS && !text.contains(char::is_control);
    if !fits(tag) || !fits(value) {
        return Err(Error::bad_request(
            format!("tag and value need 1 to {MAX_CHARS} characters, without line breaks"),
            format!("标签和取值需要 1 到 {MAX_CHARS} 个字，不能换行"),
        ));
    }
    if mask_text(tag).is_some() || mask_text(value).is_some() {
        return Err(Error::bad_request(
            "tag or value looks like personal data (phone, ID number …): write it without".into(),
            "标签或取值像是个人信息（手机号、证件号等）：请去掉".into(),
        ));
    }
    Ok(())
}

async fn not_computed(ctx: &Ctx, tag: &str) -> Result<()> {
    if defined(ctx).await?.iter().any(|defined| defined.tag.key == tag) {
        return Err(Error::conflict(
            format!("{tag:?} is computed: change its definition, or choose another name"),
            format!("“{tag}”由系统计算：请修改它的定义，或换一个名称"),
        ));
    }
    Ok(())
}

/// Puts a tag on a customer, in place of its value before; segments see it from the next refresh on.
///
/// **Errors**: `not_found`; `bad_request` for an empty or long text, a value that was not declared or an end in the past;
/// `conflict` when the tag is computed.
#[boxed]
pub async fn set(
    ctx: &Ctx,
    profile_id: ProfileId,
    tag: &str,
    value: &str,
    author: &str,
    expires_at: Option<i64>,
) -> Result<()> {
    let (tag, value) = (tag.trim(), value.trim());
    check(tag, value)?;
    if expires_at.is_some_and(|at| at <= ctx.now()) {
        return Err(Error::bad_request(
            "the tag would end in the past: choose a later day".into(),
            "到期时间早于现在：请选择更晚的日期".into(),
        ));
    }
    not_computed(ctx, tag).await?;
    let choices = keys(ctx).await?.remove(tag).unwrap_or_default();
    if !choices.is_empty() && !choices.iter().any(|choice| choice == value) {
        return Err(Error::bad_request(
            format!("{tag:?} has the values {}: choose one of them", choices.join(", ")),
            format!("“{tag}”的取值有 {}：请选择其中之一", choices.join("、")),
        ));
    }
    let row = current(ctx, profile_id.get()).await?;
    ctx.store()
        .set_manual_tag(ManualTagRow {
            profile_id: row.profile_id,
            tag: tag.to_owned(),
            value: value.to_owned(),
            author: author.to_owned(),
            set_at: ctx.now(),
            expires_at,
        })
        .await?;
    Ok(())
}

/// Takes a tag off a customer.
///
/// **Errors**: `not_found` when it is not there.
#[boxed]
pub async fn remove(ctx: &Ctx, profile_id: ProfileId, tag: &str) -> Result<()> {
    let rows = rows_of(ctx, profile_id.get()).await?;
    let mut is_there = false;
    for row in rows.into_iter().filter(|row| row.tag == tag) {
        is_there |= ctx.store().remove_manual_tag(row.profile_id, tag).await?;
    }
    if is_there {
        Ok(())
    } else {
        Err(Error::not_found("tag on this customer", "标签（该客户没有这个人工标签）"))
    }
}

/// Those of one customer; ended ones as well, and of two of one name the newer.
pub(super) async fn of_one(ctx: &Ctx, profile_id: i64) -> Result<Vec<ManualTagRow>> {
    let rows = rows_of(ctx, profile_id).await?;
    Ok(newest(rows.into_iter().map(|row| (profile_id, row)).collect()).into_iter().map(|(_, row)| row).collect())
}

/// All rows of one customer and of the profiles merged into it.
async fn rows_of(ctx: &Ctx, profile_id: i64) -> Result<Vec<ManualTagRow>> {
    let id = current(ctx, profile_id).await?.profile_id;
    Ok(ctx.store().manual_tags_of(&own_ids(ctx, id).await?).await?)
}

/// All of them, each with its customer of today, by tag and customer; of two for one customer the newer counts.
pub(super) async fn of_all(ctx: &Ctx) -> Result<Vec<(i64, ManualTagRow)>> {
    let mut found = Vec::new();
    for row in ctx.store().manual_tags().await? {
        found.extend(people_of(ctx, &[row.profile_id]).await?.first().map(|id| (*id, row)));
    }
    Ok(newest(found))
}

fn newest(mut rows: Vec<(i64, ManualTagRow)>) -> Vec<(i64, ManualTagRow)> {
    rows.sort_by(|(left_id, left), (right_id, right)| {
        (&left.tag, left_id, right.set_at, right.profile_id).cmp(&(&right.tag, right_id, left.set_at, left.profile_id))
    });
    rows.dedup_by(|later, first| later.0 == first.0 && later.1.tag == first.1.tag);
    rows
}

/// Whether it has not ended. Like traits, tags that people put have no history: they are today's.
pub(super) fn holds(row: &ManualTagRow, now: i64) -> bool {
    row.expires_at.is_none_or(|end| end > now)
}

/// The instant at which a tag that holds until a day, that day included, ends.
pub fn end_of(ctx: &Ctx, day: jiff::civil::Date) -> i64 {
    ctx.workspace().day_start(day_number(day) + 1)
}
