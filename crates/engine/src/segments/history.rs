//! Members over time: who joined and left at each refresh.

use crate::boxed;
use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use zhike_domain::audience::{AsOf, Leaf, Source, score_of};
use zhike_domain::consent::Purpose;
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_domain::id::{ProfileId, SegmentId};
use zhike_domain::small_groups::is_small;
use zhike_lake::Publication;

use super::bulk::Bulk;
use super::people::numbers;
use super::{Members, Refresh, Segment, as_of, at_day, day_text, list, people_of, rule_or_list, seen_lake};
use crate::customers::{Listed, listed_by_id};
use crate::guard::{self, classes};
use crate::profiles::{current, own_ids};
use crate::{Ctx, Error, Result, consents};

/// What is remembered of the last refresh of a segment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Versions of all that the members depend on.
    inputs: Vec<i64>,
    /// Last day that counts, in days since 1970.
    pub day: i64,
    /// When it was computed, in microseconds.
    pub at: i64,
    /// Members.
    pub(super) n_members: u64,
}

/// What a refresh did to one segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshedSegment {
    /// Segment.
    pub id: SegmentId,
    /// Its name.
    pub name: String,
    /// Members now; none where so few are not told, here and below.
    pub n_members: Option<u64>,
    /// Who joined.
    pub n_joined: Option<u64>,
    /// Who left.
    pub n_gone: Option<u64>,
    /// Whether it was computed; false when nothing it depends on had changed.
    pub is_computed: bool,
}

fn run_key(id: SegmentId) -> String {
    format!("segment_run:{id}")
}

pub(super) async fn last_run(ctx: &Ctx, id: SegmentId) -> Result<Option<Run>> {
    // A run that an earlier release described otherwise is simply computed again.
    Ok(ctx.store().get_meta(&run_key(id)).await?.and_then(|json| serde_json::from_str(&json).ok()))
}

/// Brings the members of segments up to date: of one, or of all that are not computed by hand alone.
///
/// **Errors**: `bad_request` for a day before the last refresh: history is not rewritten.
#[boxed]
pub async fn refresh(ctx: &Ctx, only: Option<SegmentId>, day: Option<Date>) -> Result<Vec<RefreshedSegment>> {
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    refresh_locked(ctx, only, as_of(ctx, day).await?).await
}

/// As [`refresh`]; the caller holds the write lock.
pub(crate) async fn refresh_locked(ctx: &Ctx, only: Option<SegmentId>, as_of: AsOf) -> Result<Vec<RefreshedSegment>> {
    let ctx = &ctx.whole();
    let chosen: Vec<Segment> = list(ctx, false)
        .await?
        .into_iter()
        .filter(|segment| only.map_or(segment.spec.refresh != Refresh::Manual, |only| segment.id == only))
        .collect();
    let mut bulk = Bulk::new(ctx, as_of).await?;
    let mut stage = ctx.lake().stage("segment_members", ctx.vault().random_id(), "new")?;
    let mut done = Vec::new();
    let mut runs = Vec::new();
    for segment in chosen {
        let members = match rule_or_list(ctx, &segment.id.to_string()).await {
            Ok(members) => members,
            // A tag it names has gone, say: the others are still refreshed.
            Err(error) => {
                tracing::warn!(segment = %segment.id, %error, "a segment cannot be computed");
                continue;
            }
        };
        let purpose = consents::purpose_or_default(ctx, &segment.spec.purpose).await?;
        let gate = consents::gate(ctx, &bulk.people, &purpose).await?;
        let inputs = inputs(ctx, &bulk, &segment, &members, &purpose).await?;
        let is_new = segment.run.as_ref().is_none_or(|run| run.inputs != inputs);
        if let (false, Some(run)) = (is_new, &segment.run) {
            let (id, name, n_members) = (segment.id, segment.spec.name, run.n_members);
            let [n_members, n_joined, n_gone] = told_change([n_members, 0, 0], &mut 0, ctx.min_group());
            done.push(RefreshedSegment { id, name, n_members, n_joined, n_gone, is_computed: false });
            continue;
        }
        // A list is of no day.
        let is_list = matches!(members, Members::List(_));
        if let Some(run) = segment.run.as_ref().filter(|run| run.day > bulk.as_of.day && !is_list) {
            if only.is_none() {
                continue;
            }
            return Err(Error::bad_request(
                format!(
                    "members are known up to day {} already: choose that day or a later one",
                    crate::refresh::day_text(run.day)
                ),
                format!("成员已计算到 {}：请选择这一天或更晚的日期", crate::refresh::day_text(run.day)),
            ));
        }
        let at = match is_list {
            true => change_at(ctx, segment.id, &now(ctx)).await?,
            false => change_at(ctx, segment.id, &bulk.as_of).await?,
        };
        let before = ctx.lake().members(segment.id.get(), None).await?;
        let (ids, since) = (numbers(&before, "profile_id"), numbers(&before, "since"));
        let current: Vec<i64> = match &members {
            Members::Rule(rule) => {
                let mut set = bulk.rule(ctx, rule).await?;
                gate.cut(&mut set);
                set.iter().map(|at| bulk.people.ids[at]).collect()
            }
            Members::List(_) => people_of(ctx, &ids).await?,
        };
        let (joined, gone) = changes(&ids, &current);
        let gone: Vec<(i64, i64)> = gone.into_iter().map(|at| (ids[at], since[at])).collect();
        push(&mut stage, segment.id, &joined, &gone, at)?;
        // A list keeps everybody whom it names; who may not be used is left out where it is read.
        let mut counted = bulk.people.set(current.iter().copied());
        gate.cut(&mut counted);
        let n_members = counted.count();
        runs.push((segment.id, Run { inputs, day: bulk.as_of.day, at: ctx.now(), n_members }));
        let change = [n_members, joined.len() as u64, gone.len() as u64];
        let [n_members, n_joined, n_gone] = told_change(change, &mut 0, ctx.min_group());
        let (id, name) = (segment.id, segment.spec.name);
        done.push(RefreshedSegment { id, name, n_members, n_joined, n_gone, is_computed: true });
    }
    publish(ctx, stage).await?;
    for (id, run) in runs {
        let json = serde_json::to_string(&run).map_err(|error| Error::bug("a refresh as JSON", error))?;
        ctx.store().set_meta(&run_key(id), &json).await?;
    }
    Ok(done)
}

/// Shows what was staged, in one commit.
pub(super) async fn publish(ctx: &Ctx, stage: zhike_lake::Stage) -> Result<()> {
    let mut publication = Publication::default();
    publication.change("segment_members", stage.finish()?, Vec::new());
    ctx.step("segments.staged")?;
    ctx.lake().publish(ctx.vault().random_id(), &publication).await?;
    ctx.step("segments.published")
}

/// Today, while it is only so late.
pub(super) fn now(ctx: &Ctx) -> AsOf {
    let workspace = ctx.workspace();
    AsOf::new(workspace.day_of(ctx.now()), workspace.time_zone()).at(ctx.now())
}

/// The instant of changes found as of a day: the last second of one that is over, else now; and later than every change
/// of the segment before, so that somebody who leaves and comes back has two stays.
pub(super) async fn change_at(ctx: &Ctx, id: SegmentId, as_of: &AsOf) -> Result<i64> {
    const SECOND: i64 = 1_000_000;
    let now = ctx.now();
    let at = at_day(as_of, now).map_or(now, |end| end - SECOND);
    let newest = ctx.lake().newest_member_change(id.get()).await?;
    Ok(newest.map_or(at, |newest| at.max(newest + 1)))
}

/// Who is in the second list alone, and where in the first are those missing from the second. Both ascend.
fn changes(before: &[i64], now: &[i64]) -> (Vec<i64>, Vec<usize>) {
    let mut joined = Vec::new();
    let mut gone = Vec::new();
    let mut at = 0;
    for &id in now {
        while at < before.len() && before[at] < id {
            gone.push(at);
            at += 1;
        }
        match before.get(at) {
            Some(&known) if known == id => at += 1,
            _ => joined.push(id),
        }
    }
    gone.extend(at..before.len());
    (joined, gone)
}

/// Writes who joined, and who left the stay that began at an instant.
pub(super) fn push(
    stage: &mut zhike_lake::Stage,
    id: SegmentId,
    joined: &[i64],
    gone: &[(i64, i64)],
    at: i64,
) -> Result<()> {
    let n_rows = joined.len() + gone.len();
    if n_rows == 0 {
        return Ok(());
    }
    let profiles = joined.iter().copied().chain(gone.iter().map(|row| row.0)).map(Some);
    let since = std::iter::repeat_n(at, joined.len()).chain(gone.iter().map(|row| row.1)).map(Some);
    let until = std::iter::repeat_n(None, joined.len()).chain(gone.iter().map(|_| Some(at)));
    let frame = Frame::new(n_rows)
        .with("segment_id", ColumnType::Int, Column::Num(std::iter::repeat_n(Some(id.get()), n_rows).collect()))
        .with("profile_id", ColumnType::Int, Column::Num(profiles.collect()))
        .with("since", ColumnType::Instant, Column::Num(since.collect()))
        .with("until", ColumnType::Instant, Column::Num(until.collect()));
    Ok(stage.push(frame)?)
}

/// Versions of all that the members of a segment depend on.
async fn inputs(ctx: &Ctx, bulk: &Bulk, segment: &Segment, members: &Members, purpose: &Purpose) -> Result<Vec<i64>> {
    let now = ctx.now();
    let in_force = purpose.policies.iter().filter(|policy| policy.since <= now).count();
    let mut inputs = vec![
        bulk.people.version,
        ctx.store().consents_version().await?,
        consents::definitions(ctx).await?,
        in_force as i64,
        // Children grow up.
        ctx.workspace().day_of(now),
    ];
    if let Members::Rule(rule) = members {
        let leaves = rule.leaves();
        let mut tables: Vec<&str> = leaves.iter().flat_map(|leaf| leaf.sources()).map(Source::table).collect();
        tables.extend(["refunds", "products"].iter().filter(|_| !tables.is_empty()).copied().collect::<Vec<_>>());
        tables.extend(leaves.iter().filter_map(|leaf| match leaf {
            Leaf::Score(name, _) => score_of(name).map(|score| score.table),
            Leaf::Tag(..) => Some("tags"),
            _ => None,
        }));
        // A rule that names a segment depends on all that segments can depend on.
        let names_segment = leaves.iter().any(|leaf| matches!(leaf, Leaf::Member(..)));
        if names_segment {
            tables.extend(["orders", "order_items", "events", "interactions", "feedback", "rfm", "segment_members"]);
        }
        tables.sort_unstable();
        tables.dedup();
        let waits = leaves.iter().any(|leaf| leaf.waits()) || names_segment;
        inputs.extend([segment.version, bulk.as_of.day, ctx.store().overrides_version().await?]);
        inputs.push(if waits { bulk.as_of.until() } else { 0 });
        inputs.extend(ctx.lake().versions(&tables).await?);
    }
    Ok(inputs)
}

/// A member in a list.
#[derive(Clone, Debug)]
pub struct Member {
    /// The customer, masked.
    pub customer: Listed,
    /// Since when.
    pub since: i64,
}

/// A page of members.
#[derive(Clone, Debug)]
pub struct MemberPage {
    /// Members by id.
    pub members: Vec<Member>,
    /// The id after which the next page begins.
    pub next: Option<ProfileId>,
}

/// A page of the members at the last refresh, or at the end of a day, without those whose data may not be used for the
/// segment's purpose any more: a page can be shorter than asked for.
#[boxed]
pub async fn members(
    ctx: &Ctx,
    segment: &Segment,
    day: Option<Date>,
    after: Option<ProfileId>,
    limit: usize,
) -> Result<MemberPage> {
    let at = match day {
        Some(day) => at_day(&as_of(ctx, Some(day)).await?, ctx.now()),
        None => None,
    };
    let purpose = consents::purpose_or_default(ctx, &segment.spec.purpose).await?;
    let after = after.map_or(i64::MIN, ProfileId::get);
    let page = ctx.lake().members_page(segment.id.get(), at, after, limit).await?;
    let (ids, since) = (numbers(&page, "profile_id"), numbers(&page, "since"));
    let next = (ids.len() == limit).then(|| ids.last().copied().map(ProfileId::new)).flatten();
    let mut kept = ids.clone();
    consents::allowed(ctx, &mut kept, &purpose).await?;
    let profiles: Vec<ProfileId> = kept.into_iter().map(ProfileId::new).collect();
    let customers = listed_by_id(ctx, &profiles).await?;
    let since_of: std::collections::HashMap<i64, i64> = ids.into_iter().zip(since).collect();
    let members = customers.into_iter().map(|customer| {
        let since = since_of.get(&customer.profile_id.get()).copied().unwrap_or(0);
        Member { customer, since }
    });
    Ok(MemberPage { members: members.collect(), next })
}

/// Size at the end of a day on which it changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Size {
    /// Day.
    pub day: String,
    /// Members at its end; none where so few are not told, here and below.
    pub n_members: Option<u64>,
    /// Who joined on it.
    pub n_joined: Option<u64>,
    /// Who left on it.
    pub n_gone: Option<u64>,
}

/// The size of a segment over time: one entry per day with a change.
#[boxed]
pub async fn sizes(ctx: &Ctx, segment: &Segment) -> Result<Vec<Size>> {
    let frame = seen_lake(ctx).await?.member_changes(segment.id.get()).await?;
    let workspace = ctx.workspace();
    // By day: members at its end, who joined, who left.
    let mut sizes: Vec<(i64, [i64; 3])> = Vec::new();
    let (joined, gone) = (numbers(&frame, "joined"), numbers(&frame, "gone"));
    for (row, at) in numbers(&frame, "at").into_iter().enumerate() {
        let day = workspace.day_of(at);
        let n_before = sizes.last().map_or(0, |(_, size)| size[0]);
        if sizes.last().is_none_or(|(last, _)| *last != day) {
            sizes.push((day, [n_before, 0, 0]));
        }
        if let Some((_, size)) = sizes.last_mut() {
            size[0] += joined[row] - gone[row];
            size[1] += joined[row];
            size[2] += gone[row];
        }
    }
    let (k, mut before) = (ctx.min_group(), 0_u64);
    let told = sizes.into_iter().map(|(day, size)| {
        let [n_members, n_joined, n_gone] = told_change(size.map(i64::unsigned_abs), &mut before, k);
        Size { day: day_text(&AsOf::new(day, workspace.time_zone())), n_members, n_joined, n_gone }
    });
    Ok(told.collect())
}

/// What is told of members, those who joined and those who left: nothing of so few, nor a size that differs by so few from
/// the last one told.
fn told_change([n, joined, gone]: [u64; 3], before: &mut u64, k: u64) -> [Option<u64>; 3] {
    let told = |n: u64| (!is_small(n, k)).then_some(n);
    let members = told(n).filter(|n| !is_small(n.abs_diff(*before), k));
    *before = members.unwrap_or(*before);
    [members, told(joined), told(gone)]
}

/// A segment that a customer is or was in.
#[derive(Clone, Debug)]
pub struct Belongs {
    /// The segment.
    pub segment: Segment,
    /// Start of the stay that lasts, or else of the last one.
    pub since: i64,
    /// Its end; missing while it lasts.
    pub until: Option<i64>,
}

/// The segments that a customer is in as of their last refresh, the newest stay first; then those that were left.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn of_profile(ctx: &Ctx, profile_id: ProfileId) -> Result<Vec<Belongs>> {
    ctx.refresh_overrides().await?;
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let own = own_ids(ctx, id).await?;
    let frame = ctx.lake().stays_of(&own).await?;
    let (segments, since) = (numbers(&frame, "segment_id"), numbers(&frame, "since"));
    let mut stays: BTreeMap<i64, (i64, Option<i64>)> = BTreeMap::new();
    for (row, segment_id) in segments.into_iter().enumerate() {
        let stay = (since[row], frame.num("until").and_then(|until| until.get(row)));
        let known = stays.entry(segment_id).or_insert(stay);
        // One that lasts before one that ended, the later before the earlier; profiles that were joined stayed together.
        *known = match (known.1, stay.1) {
            (None, None) => (known.0.min(stay.0), None),
            (None, _) => *known,
            (_, None) => stay,
            _ if stay.0 > known.0 => stay,
            _ => *known,
        };
    }
    let mut found: Vec<Belongs> = list(ctx, false)
        .await?
        .into_iter()
        .filter_map(|segment| {
            let (since, until) = stays.get(&segment.id.get()).copied()?;
            Some(Belongs { segment, since, until })
        })
        .collect();
    found.sort_by_key(|one| (one.until.is_some(), std::cmp::Reverse(one.until.unwrap_or(one.since))));
    guard::show_page(ctx, id, classes::of_page(&[("segment_members", found.len())])).await?;
    Ok(found)
}
