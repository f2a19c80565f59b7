//! Counting a rule while it is written, and saying why somebody is in it.

use crate::boxed;
use std::time::Instant;

use jiff::civil::Date;
use serde_json::Value as Json;
use zhike_domain::audience::{self, Cell, Rule, Words, leaf_sentence, sentence};
use zhike_domain::id::{ProfileId, SegmentId};
use zhike_domain::small_groups;

use super::bulk::Bulk;
use super::{KIND, Segment, as_of, day_text, read_rule, rule_of, rule_or_list, specs, words_for};
use crate::consents::{self, Excluded};
use crate::customers::{Listed, listed_by_id};
use crate::guard::{self, classes};
use crate::{Ctx, Result};

/// People shown of a rule.
const SAMPLE: usize = 5;

/// One part of a rule and what it leaves.
#[derive(Clone, Debug)]
pub struct FunnelStep {
    /// Place in the rule.
    pub pointer: String,
    /// In words, Chinese and English.
    pub sentence: (String, String),
    /// For how many it holds by itself; none where so few are not told.
    pub alone: Option<u64>,
    /// How many are left after it and all before, likewise.
    pub left: Option<u64>,
}

/// How many a rule holds for.
#[derive(Clone, Debug)]
pub struct Count {
    /// So many; none where so few are not told.
    pub count: Option<u64>,
    /// Of so many customers, likewise.
    pub total: Option<u64>,
    /// Those for whom it holds whose data may not be used for the purpose; none without a purpose.
    pub excluded: Option<Excluded>,
    /// Whether there are some and how many is not told.
    pub is_excluded_hidden: bool,
    /// Last day that counts.
    pub as_of: String,
    /// When customers were read, in microseconds.
    pub at: i64,
    /// How long it took, in milliseconds.
    pub ms: u64,
}

/// What a rule would make.
#[derive(Clone, Debug)]
pub struct Preview {
    /// How many.
    pub count: Count,
    /// After each part.
    pub funnel: Vec<FunnelStep>,
    /// Some of them, masked.
    pub sample: Vec<Listed>,
    /// The rule in words, Chinese and English.
    pub sentence: (String, String),
    /// The rule as it would be stored.
    pub rule: Json,
}

/// Counts a rule, part by part; `of` is the segment that it is written for, `purpose` what for. The last part leaves those
/// counted and those left out together.
///
/// **Errors**: `invalid_segment` with every mistake and its place; `bad_request` for an unknown purpose.
#[boxed]
pub async fn preview(
    ctx: &Ctx,
    rule: &Json,
    of: Option<SegmentId>,
    purpose: Option<&str>,
    day: Option<Date>,
) -> Result<Preview> {
    let started = Instant::now();
    let rule = read_rule(ctx, rule, of).await?;
    let mut bulk = Bulk::new(ctx, as_of(ctx, day).await?).await?;
    let (steps, mut set) = bulk.funnel(ctx, &rule).await?;
    let purpose = match (purpose, of) {
        (Some(code), _) => Some(consents::purpose(ctx, code).await?),
        (None, Some(of)) => Some(consents::purpose_or_default(ctx, &purpose_of(ctx, of).await?).await?),
        // Somebody is looking; nothing leaves.
        (None, None) => None,
    };
    let excluded = match purpose {
        Some(purpose) => Some(consents::gate(ctx, &bulk.people, &purpose).await?.cut(&mut set)),
        None => None,
    };
    let ms = started.elapsed().as_millis() as u64;
    let (count, steps) = told(ctx, &bulk, set.count(), excluded, &steps, ms);
    let words = words(ctx).await?;
    let currency = ctx.workspace().currency;
    let group = matches!(rule, Rule::All(_));
    let funnel = rule.parts().into_iter().zip(steps).enumerate().map(|(at, (part, (alone, left)))| FunnelStep {
        pointer: if group { format!("/all/{at}") } else { String::new() },
        sentence: sentence(part, &currency, &words),
        alone,
        left,
    });
    let funnel = funnel.collect();
    // Spread over all of them, the same for the same set. Some of so few would tell how few.
    let step = (set.count() as usize / SAMPLE).max(1);
    let n_shown = if count.count.is_some() { SAMPLE } else { 0 };
    let some: Vec<ProfileId> =
        set.iter().step_by(step).take(n_shown).map(|at| ProfileId::new(bulk.people.ids[at])).collect();
    let sample = listed_by_id(ctx, &some).await?;
    Ok(Preview { count, funnel, sample, sentence: sentence(&rule, &currency, &words), rule: rule.to_json() })
}

/// How many of those who may be seen are counted, as far as that is told.
pub(crate) fn counted(ctx: &Ctx, bulk: &Bulk, count: u64, ms: u64) -> Count {
    told(ctx, bulk, count, None, &[], ms).0
}

/// A step's own count, and what is left after it.
type Step<N> = (N, N);

/// What whoever asks is told of some counts, so that no difference of two tells of a small group.
fn told(
    ctx: &Ctx,
    bulk: &Bulk,
    count: u64,
    excluded: Option<Excluded>,
    steps: &[Step<u64>],
    ms: u64,
) -> (Count, Vec<Step<Option<u64>>>) {
    let (k, total) = (ctx.min_group(), bulk.n_seen());
    let n_excluded = excluded.as_ref().map_or(0, Excluded::total);
    // All, those who may be used and those who may not, both; then every part of the rule alone and what it leaves.
    let mut counts = vec![total, count, n_excluded, count + n_excluded];
    let mut pairs = vec![(1, 0), (2, 0), (3, 0), (1, 3), (2, 3)];
    for (at, (alone, left)) in steps.iter().enumerate() {
        let own = counts.len();
        counts.extend([*alone, *left]);
        pairs.extend([(own, 0), (own + 1, 0), (1, own), (1, own + 1), (2, own), (2, own + 1), (3, own)]);
        // What is left is among those of each part so far, and among what was left before.
        pairs.extend((0..=at).map(|before| (own + 1, 4 + 2 * before)));
        pairs.extend((0..at).map(|before| (own + 1, 5 + 2 * before)));
    }
    let shown = small_groups::nested(&counts, &pairs, k);
    let of = |at: usize| shown[at].then_some(counts[at]);
    let reasons: Vec<u64> = excluded.iter().flat_map(Excluded::reasons).map(|(_, n)| n).collect();
    let is_excluded_hidden = !(shown[2] && small_groups::parts(&reasons, k).iter().all(|shown| *shown));
    let found = Count {
        count: of(1),
        total: of(0),
        excluded: excluded.filter(|_| !is_excluded_hidden),
        is_excluded_hidden,
        as_of: day_text(&bulk.as_of),
        at: bulk.people.at,
        ms,
    };
    (found, (0..steps.len()).map(|at| (of(4 + 2 * at), of(5 + 2 * at))).collect())
}

/// What a segment that is being changed is for.
async fn purpose_of(ctx: &Ctx, of: SegmentId) -> Result<String> {
    let all = specs(&ctx.store().list_definitions(KIND).await?)?;
    Ok(all.into_iter().find(|(id, _)| *id == of).map(|(_, spec)| spec.purpose).unwrap_or_default())
}

/// How many a segment has now, by its rule or list, without those whose data may not be used for its purpose.
#[boxed]
pub async fn count(ctx: &Ctx, segment: &Segment, day: Option<Date>) -> Result<Count> {
    let started = Instant::now();
    let rule = rule_of(segment, rule_or_list(ctx, &segment.id.to_string()).await?);
    let mut bulk = Bulk::new(ctx, as_of(ctx, day).await?).await?;
    let mut set = bulk.rule(ctx, &rule).await?;
    let purpose = consents::purpose_or_default(ctx, &segment.spec.purpose).await?;
    let excluded = consents::gate(ctx, &bulk.people, &purpose).await?.cut(&mut set);
    let ms = started.elapsed().as_millis() as u64;
    Ok(told(ctx, &bulk, set.count(), Some(excluded), &[], ms).0)
}

/// The customers for whom a rule holds, ascending.
///
/// **Errors**: `invalid_segment`.
#[boxed]
pub async fn matching(ctx: &Ctx, rule: &Json, day: Option<Date>) -> Result<Vec<ProfileId>> {
    let rule = read_rule(ctx, rule, None).await?;
    let mut bulk = Bulk::new(ctx, as_of(ctx, day).await?).await?;
    let set = bulk.rule(ctx, &rule).await?;
    Ok(set.iter().map(|at| ProfileId::new(bulk.people.ids[at])).collect())
}

/// Whether a rule holds for one customer, looked up alone.
///
/// **Errors**: `invalid_segment`, `not_found`.
#[boxed]
pub async fn holds(ctx: &Ctx, rule: &Json, profile_id: ProfileId, day: Option<Date>) -> Result<bool> {
    let rule = read_rule(ctx, rule, None).await?;
    let as_of = as_of(ctx, day).await?;
    let person = super::person::person(ctx, profile_id.get(), &rule, &as_of).await?;
    Ok(audience::holds(&rule, &person, &as_of))
}

/// A rule in words, Chinese and English.
pub(crate) async fn said(ctx: &Ctx, rule: &Rule) -> Result<(String, String)> {
    let words = words(ctx).await?;
    Ok(sentence(rule, &ctx.workspace().currency, &words))
}

async fn words(ctx: &Ctx) -> Result<Words> {
    words_for(ctx, &specs(&ctx.store().list_definitions(KIND).await?)?).await
}

/// One condition with what was found.
#[derive(Clone, Debug)]
pub struct WhyCondition {
    /// Place in the rule.
    pub pointer: String,
    /// In words, Chinese and English.
    pub sentence: (String, String),
    /// Whether it holds.
    pub holds: bool,
    /// The value found; missing when there is none.
    pub value: Option<String>,
}

/// Why somebody is in a segment, or is not.
#[derive(Clone, Debug)]
pub struct Why {
    /// Whether the rule holds.
    pub holds: bool,
    /// The rule in words.
    pub sentence: (String, String),
    /// Its conditions.
    pub conditions: Vec<WhyCondition>,
    /// Stays so far: since, until.
    pub stays: Vec<(i64, Option<i64>)>,
    /// Last day that counts.
    pub as_of: String,
}

/// Says why a customer is in a segment as of a day, or is not, condition by condition.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn why(ctx: &Ctx, segment: &Segment, profile_id: ProfileId, day: Option<Date>) -> Result<Why> {
    let rule = rule_of(segment, rule_or_list(ctx, &segment.id.to_string()).await?);
    let as_of = as_of(ctx, day).await?;
    let person = super::person::person(ctx, profile_id.get(), &rule, &as_of).await?;
    let words = words(ctx).await?;
    let currency = ctx.workspace().currency;
    let conditions = audience::verdicts(&rule, &person, &as_of).into_iter().map(|verdict| WhyCondition {
        sentence: leaf_sentence(&verdict.leaf, &currency, &words),
        value: shown(&verdict.value),
        pointer: verdict.pointer,
        holds: verdict.holds,
    });
    let conditions = conditions.collect();
    guard::show_page(ctx, profile_id.get(), classes::of_leaves(ctx, &rule.leaves()).await?).await?;
    let stays = ctx.lake().stays(segment.id.get(), profile_id.get()).await?;
    let at = |name: &str, row: usize| stays.num(name).and_then(|column| column.get(row));
    let stays = (0..stays.n_rows()).filter_map(|row| Some((at("since", row)?, at("until", row)))).collect();
    let holds = audience::holds(&rule, &person, &as_of);
    Ok(Why { holds, sentence: segment.sentence.clone(), conditions, stays, as_of: day_text(&as_of) })
}

pub(crate) fn shown(cell: &Cell<'_>) -> Option<String> {
    match cell {
        Cell::Missing => None,
        Cell::Instant(at) => jiff::Timestamp::from_microsecond(*at).ok().map(|at| at.to_string()),
        Cell::Day(day) => crate::workspace::date_of(*day).map(|date| date.to_string()),
        cell => cell.text().map(std::borrow::Cow::into_owned),
    }
}
