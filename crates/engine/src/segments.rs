//! Segments: who belongs together by a rule or a list, counted while the rule is written, remembered by day.
//!
//! Owns definitions, their answers over all customers ([`bulk`]) and over one ([`person`]), and the history of members.
//! Must not know how rules are written or shown; those words are `zhike_domain::audience`'s.
//!
//! - INV-SEGMENTS-1: the answer over all customers is the answer over each (`tests/it/segments.rs`).
//! - INV-SEGMENTS-3: what events change at once is what a refresh would find (`live`).
//! - INV-SEGMENTS-2: a refresh that dies at any step and is run again leaves every stay once.

use crate::boxed;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use zhike_domain::audience::{AsOf, Leaf, Names, Rule, Words, parse, sentence};
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_domain::id::SegmentId;
use zhike_domain::small_groups::is_small;
use zhike_lake::Lake;
use zhike_state::DefinitionRow;

use crate::workspace::{date_of, day_number};
use crate::{Ctx, Error, Result, consents};

mod bulk;
mod compare;
mod history;
mod import;
mod live;
mod people;
mod person;
mod preview;
mod tally;

pub(crate) use bulk::{Bulk, Known, Values};
pub(crate) use compare::differences;
pub use compare::{Compared, Difference, Overlap, compare, overlap};
pub(crate) use history::refresh_locked;
pub use history::{Belongs, Member, MemberPage, RefreshedSegment, Run, Size, members, of_profile, refresh, sizes};
pub(crate) use import::keep_list;
pub use import::{Imported, import};
pub(crate) use live::touched;
pub(crate) use people::{People, Seeker, numbers, people};
pub(crate) use person::person;
pub use preview::{Count, FunnelStep, Preview, Why, WhyCondition, count, holds, matching, preview, why};
pub(crate) use preview::{counted, said, shown};

/// Kind under which segments are kept.
const KIND: &str = "segment";

/// When members are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refresh {
    /// When asked for.
    Manual,
    /// With every refresh.
    #[default]
    Daily,
    /// With every refresh, and as events come in.
    Live,
}

/// What a segment is, as it is stored: one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// Name, one of its kind among those that are not archived.
    pub name: String,
    /// What it is for, in words.
    #[serde(default)]
    pub description: String,
    /// Code of the purpose for which its members' data are used; that of analysis when empty.
    #[serde(default)]
    pub purpose: String,
    /// When members are computed.
    #[serde(default)]
    pub refresh: Refresh,
    /// The rule; without one the members are a list that was imported.
    #[serde(default)]
    pub rule: Option<Json>,
    /// When it went to the recycle bin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archived_at: Option<i64>,
    /// When the first version was made.
    #[serde(default)]
    pub created_at: i64,
}

/// A segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Id.
    pub id: SegmentId,
    /// Version, from 1.
    pub version: i64,
    /// What it is.
    pub spec: Spec,
    /// When this version was made.
    pub updated_at: i64,
    /// The rule in words, Chinese and English.
    pub sentence: (String, String),
    /// The last refresh.
    pub run: Option<Run>,
    /// Members at the last refresh; none where so few are not told.
    pub n_members: Option<u64>,
}

/// All segments by name; archived ones only when asked for.
#[boxed]
pub async fn list(ctx: &Ctx, with_archived: bool) -> Result<Vec<Segment>> {
    let rows = ctx.store().list_definitions(KIND).await?;
    let specs = specs(&rows)?;
    let mut found = Vec::new();
    for (row, (id, spec)) in rows.iter().zip(&specs) {
        if with_archived || spec.archived_at.is_none() {
            found.push(segment(ctx, *id, row, spec.clone(), &specs).await?);
        }
    }
    found.sort_by(|a, b| a.spec.name.cmp(&b.spec.name));
    Ok(found)
}

/// A segment by its id, or by its name.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id_or_name: &str) -> Result<Segment> {
    let rows = ctx.store().list_definitions(KIND).await?;
    let specs = specs(&rows)?;
    let by_id: Option<SegmentId> = id_or_name.parse().ok();
    let at = specs
        .iter()
        .position(|(id, spec)| Some(*id) == by_id || (spec.name == id_or_name && spec.archived_at.is_none()));
    match at {
        Some(at) => segment(ctx, specs[at].0, &rows[at], specs[at].1.clone(), &specs).await,
        None => Err(Error::not_found("segment", "分群")),
    }
}

fn specs(rows: &[DefinitionRow]) -> Result<Vec<(SegmentId, Spec)>> {
    let read = |row: &DefinitionRow| {
        let id = row.name.parse().map_err(|error| Error::bug("a stored segment's id", error))?;
        let spec = serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored segment", error))?;
        Ok((id, spec))
    };
    rows.iter().map(read).collect()
}

async fn segment(
    ctx: &Ctx,
    id: SegmentId,
    row: &DefinitionRow,
    spec: Spec,
    all: &[(SegmentId, Spec)],
) -> Result<Segment> {
    let sentence = match &spec.rule {
        Some(json) => match parse(json, &every(ctx, all).await?) {
            Ok(rule) => sentence(&rule, &ctx.workspace().currency, &words_for(ctx, all).await?),
            // A tag it names has gone, say: the segment is still shown, and says so when it is counted.
            Err(problems) => {
                let error = Error::invalid_segment(problems);
                (error.message_zh, error.message)
            }
        },
        None => ("导入的名单。".to_owned(), "An imported list.".to_owned()),
    };
    let run = history::last_run(ctx, id).await?;
    let n_members = match (&run, ctx.scope()) {
        (Some(_), Some(_)) => Some(n_seen(ctx, id).await?),
        (run, _) => run.as_ref().map(|run| run.n_members),
    };
    let n_members = n_members.filter(|n| !is_small(*n, ctx.min_group()));
    Ok(Segment { id, version: row.version, spec, updated_at: row.created_at, sentence, run, n_members })
}

/// How many members whoever asks may see.
async fn n_seen(ctx: &Ctx, id: SegmentId) -> Result<u64> {
    let frame = seen_lake(ctx).await?.sizes_at(&[id.get()], None, None).await?;
    Ok(frame.num("n_after").and_then(|column| column.get(0)).unwrap_or(0).unsigned_abs())
}

/// The table `segments`, for SQL.
pub(crate) async fn table(ctx: &Ctx) -> Result<Frame> {
    let all = list(ctx, false).await?;
    let nums = |of: fn(&Segment) -> i64| Column::Num(all.iter().map(|segment| Some(of(segment))).collect());
    let texts = |of: fn(&Segment) -> String| {
        let texts: Vec<String> = all.iter().map(of).collect();
        Column::Text(texts.iter().map(|text| Some(text.as_str())).collect())
    };
    let refresh = |segment: &Segment| {
        let word = match segment.spec.refresh {
            Refresh::Manual => "manual",
            Refresh::Daily => "daily",
            Refresh::Live => "live",
        };
        word.to_owned()
    };
    Ok(Frame::new(all.len())
        .with("segment_id", ColumnType::Int, nums(|segment| segment.id.get()))
        .with("name", ColumnType::Text, texts(|segment| segment.spec.name.clone()))
        .with("kind", ColumnType::Text, texts(|segment| segment.kind().to_owned()))
        .with("refresh", ColumnType::Text, texts(refresh))
        .with("version", ColumnType::Int, nums(|segment| segment.version))
        .with(
            "definition",
            ColumnType::Text,
            texts(|one| one.spec.rule.as_ref().map(Json::to_string).unwrap_or_default()),
        )
        .with("created_at", ColumnType::Instant, nums(|segment| segment.spec.created_at))
        .with("updated_at", ColumnType::Instant, nums(|segment| segment.updated_at)))
}

impl Segment {
    /// rule, or list.
    pub const fn kind(&self) -> &'static str {
        if self.spec.rule.is_some() { "rule" } else { "list" }
    }
}

/// All that a rule can name.
async fn every(ctx: &Ctx, all: &[(SegmentId, Spec)]) -> Result<Names> {
    let segments = all.iter().map(|(id, _)| id.to_string()).collect();
    Ok(Names { tags: crate::tags::names(ctx).await?, segments })
}

/// All that anything can name, tags and segments.
pub(crate) async fn all_names(ctx: &Ctx) -> Result<Names> {
    every(ctx, &specs(&ctx.store().list_definitions(KIND).await?)?).await
}

/// What sentences call segments and tags.
pub(crate) async fn all_words(ctx: &Ctx) -> Result<Words> {
    words_for(ctx, &specs(&ctx.store().list_definitions(KIND).await?)?).await
}

/// The name of a segment by its id.
pub(crate) async fn name(ctx: &Ctx, id: Option<&str>) -> Result<Option<String>> {
    let Some(id) = id else { return Ok(None) };
    let words = all_words(ctx).await?;
    Ok(words.segments.into_iter().find(|(other, _)| other == id).map(|(_, name)| name))
}

/// What sentences call segments and tags, of these.
async fn words_for(ctx: &Ctx, all: &[(SegmentId, Spec)]) -> Result<Words> {
    let tags = crate::tags::defined(ctx).await?.into_iter().map(|defined| defined.tag).collect();
    Ok(Words { segments: all.iter().map(|(id, spec)| (id.to_string(), spec.name.clone())).collect(), tags })
}

/// What the rule of a segment can name: no archived segment, and none that depends on this one.
async fn nameable(ctx: &Ctx, of: Option<SegmentId>) -> Result<Names> {
    let rows = ctx.store().list_definitions(KIND).await?;
    let all = specs(&rows)?;
    let depends = |from: &Spec| match &from.rule {
        Some(json) => {
            all.iter().filter(|(id, _)| json.to_string().contains(&id.to_string())).map(|(id, _)| *id).collect()
        }
        None => Vec::new(),
    };
    let mut barred: Vec<SegmentId> = of.into_iter().collect();
    let mut n_before = 0;
    while barred.len() > n_before {
        n_before = barred.len();
        for (id, spec) in &all {
            if !barred.contains(id) && depends(spec).iter().any(|named| barred.contains(named)) {
                barred.push(*id);
            }
        }
        if of.is_none() {
            break;
        }
    }
    let mut names = every(ctx, &all).await?;
    let is_barred = |id: &SegmentId, spec: &Spec| spec.archived_at.is_some() || barred.contains(id);
    names.segments = all.iter().filter(|(id, spec)| !is_barred(id, spec)).map(|(id, _)| id.to_string()).collect();
    Ok(names)
}

/// Reads a rule that somebody writes; `of` is the segment it is for.
///
/// **Errors**: `invalid_segment` with every mistake and its place.
pub(crate) async fn read_rule(ctx: &Ctx, json: &Json, of: Option<SegmentId>) -> Result<Rule> {
    parse(json, &nameable(ctx, of).await?).map_err(Error::invalid_segment)
}

/// Stores a segment: a new one, or a new version of the one with this id, which must still be at the version expected.
///
/// **Errors**: `invalid_segment`, `bad_request`, `conflict` when the name is taken or somebody else changed it first.
#[boxed]
pub async fn put(ctx: &Ctx, id: Option<SegmentId>, mut spec: Spec, expected: Option<i64>) -> Result<Segment> {
    spec.name = spec.name.trim().to_owned();
    if spec.name.is_empty() || spec.name.chars().count() > 100 {
        return Err(Error::bad_request(
            "a segment needs a name of 1 to 100 characters".into(),
            "分群需要 1 到 100 个字的名称".into(),
        ));
    }
    spec.purpose = spec.purpose.trim().to_owned();
    let rows = ctx.store().list_definitions(KIND).await?;
    let all = specs(&rows)?;
    // A text from before there were purposes may stay until somebody chooses one.
    let is_kept = all.iter().any(|(other, known)| Some(*other) == id && known.purpose == spec.purpose);
    if !spec.purpose.is_empty() && !is_kept {
        consents::purpose(ctx, &spec.purpose).await?;
    }
    let is_taken = |(other, known): &(SegmentId, Spec)| {
        Some(*other) != id && known.archived_at.is_none() && known.name == spec.name
    };
    if spec.archived_at.is_none() && all.iter().any(is_taken) {
        return Err(Error::conflict(
            format!("there is a segment named {:?} already: choose another name", spec.name),
            format!("已有名为“{}”的分群：请换一个名称", spec.name),
        ));
    }
    if let Some(json) = &spec.rule
        && spec.archived_at.is_none()
    {
        spec.rule = Some(read_rule(ctx, json, id).await?.to_json());
    }
    let now = ctx.now();
    let id = match id {
        None => {
            spec.created_at = now;
            SegmentId::new(ctx.vault().random_id())
        }
        Some(id) => {
            let at =
                all.iter().position(|(other, _)| *other == id).ok_or_else(|| Error::not_found("segment", "分群"))?;
            if expected.is_some_and(|expected| expected != rows[at].version) {
                return Err(Error::conflict(
                    format!("the segment is at version {} now: load it again and repeat your change", rows[at].version),
                    format!("分群已是第 {} 版：请重新载入后再修改", rows[at].version),
                ));
            }
            spec.created_at = all[at].1.created_at;
            id
        }
    };
    let json = serde_json::to_string(&spec).map_err(|error| Error::bug("a segment as JSON", error))?;
    ctx.store().put_definition(KIND, &id.to_string(), &json, now).await?;
    get(ctx, &id.to_string()).await
}

/// Moves a segment to the recycle bin, or back.
///
/// **Errors**: `not_found`; `conflict` when other segments name it.
#[boxed]
pub async fn archive(ctx: &Ctx, id: SegmentId, is_archived: bool) -> Result<Segment> {
    let segment = get(ctx, &id.to_string()).await?;
    if is_archived {
        let users: Vec<String> = list(ctx, false)
            .await?
            .into_iter()
            .filter(|other| other.spec.rule.as_ref().is_some_and(|rule| rule.to_string().contains(&id.to_string())))
            .map(|other| other.spec.name)
            .collect();
        if !users.is_empty() {
            return Err(Error::conflict(
                format!("these segments name it: {}; change them first", users.join(", ")),
                format!("这些分群引用了它：{}；请先修改它们", users.join("、")),
            ));
        }
    }
    let archived_at = is_archived.then(|| ctx.now());
    put(ctx, Some(id), Spec { archived_at, ..segment.spec }, None).await
}

/// Where members come from.
pub(crate) enum Members {
    /// Everybody for whom it holds.
    Rule(Rule),
    /// Those of a list.
    List(i64),
}

/// What a condition on a segment asks.
pub(crate) async fn rule_or_list(ctx: &Ctx, id: &str) -> Result<Members> {
    let rows = ctx.store().list_definitions(KIND).await?;
    let all = specs(&rows)?;
    let found = all.iter().find(|(other, _)| other.to_string() == id);
    let (id, spec) = found.ok_or_else(|| Error::not_found("segment", "分群"))?;
    match &spec.rule {
        Some(json) => parse(json, &every(ctx, &all).await?).map(Members::Rule).map_err(Error::invalid_segment),
        None => Ok(Members::List(id.get())),
    }
}

/// The rule of a segment, or of a list the rule that names it.
pub(crate) fn rule_of(segment: &Segment, members: Members) -> Rule {
    match members {
        Members::Rule(rule) => rule,
        Members::List(_) => Rule::Is(Leaf::Member(segment.id.to_string(), true)),
    }
}

/// The day up to which facts count: the one asked for, else the newest day of the data, never after today.
#[boxed]
pub async fn as_of(ctx: &Ctx, day: Option<Date>) -> Result<AsOf> {
    let workspace = ctx.workspace();
    let now = ctx.now();
    let today = workspace.day_of(now);
    let day = match day {
        Some(day) => day_number(day),
        None => {
            let orders = ctx.lake().newest_day("orders", "ordered_at").await?;
            let events = ctx.lake().newest_day("events", "occurred_at").await?;
            orders.max(events).map_or(today, |newest| workspace.day_of(newest).min(today))
        }
    };
    // To the minute, so that what was counted a moment ago need not be counted again.
    Ok(AsOf::new(day, workspace.time_zone()).at(now.div_euclid(60_000_000) * 60_000_000))
}

/// `2026-03-31` of a day.
pub fn day_text(as_of: &AsOf) -> String {
    date_of(as_of.day).map_or_else(|| as_of.day.to_string(), |date| date.to_string())
}

/// The instant at which stays are looked at for a day: its last, or none for a day that is not over.
pub(crate) fn at_day(as_of: &AsOf, now: i64) -> Option<i64> {
    (as_of.end() <= now).then(|| as_of.end() - 1)
}

/// The instant at which lists are looked at in a rule: none, which is now, for the newest day of the data and later. What was
/// listed today must count although the newest order is of last week.
pub(crate) async fn lists_at(ctx: &Ctx, day: &AsOf) -> Result<Option<i64>> {
    let newest = as_of(ctx, None).await?;
    Ok(at_day(day, ctx.now()).filter(|_| day.day < newest.day))
}

/// Those of some customers who may be seen; all, unless the scope of whoever asks is narrower.
pub(crate) async fn seen(ctx: &Ctx, ids: &[i64]) -> Result<Vec<i64>> {
    if ctx.scope().is_none() {
        return Ok(ids.to_vec());
    }
    let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    Ok(ids.iter().copied().filter(|id| bulk.sees(*id)).collect())
}

/// The tables with the rows of those who may be seen: sums over them are sums within one's rows.
pub(crate) async fn seen_lake(ctx: &Ctx) -> Result<Lake> {
    if ctx.scope().is_none() {
        return Ok(ctx.lake().clone());
    }
    let bulk = Bulk::new(ctx, as_of(ctx, None).await?).await?;
    Ok(ctx.lake().of_people(bulk.seen()))
}

/// Today's profiles of some customers: those merged into others are them now. Ascending, each once.
pub(crate) async fn people_of(ctx: &Ctx, ids: &[i64]) -> Result<Vec<i64>> {
    let mut current = ids.to_vec();
    let people = people::people(ctx).await?;
    loop {
        let gone: Vec<i64> = current.iter().copied().filter(|id| people.at(*id).is_none()).collect();
        let merged: std::collections::HashMap<i64, i64> = ctx
            .store()
            .profiles_by_ids(&gone)
            .await?
            .into_iter()
            .filter_map(|row| Some((row.profile_id, row.merged_into?)))
            .collect();
        if merged.is_empty() {
            break;
        }
        current.iter_mut().for_each(|id| *id = merged.get(id).copied().unwrap_or(*id));
    }
    current.retain(|id| people.at(*id).is_some());
    current.sort_unstable();
    current.dedup();
    Ok(current)
}
