//! Time travel: what held as of a past refresh, what changed between two, and who moved.
//!
//! Every refresh leaves its scores and tags as of its day, and stays in segments keep their ends; so the past is read, not
//! computed again. People are those of then: whoever was merged into somebody else since has no value later.

use crate::boxed;
use std::collections::BTreeSet;

use jiff::civil::Date;
use zhike_domain::id::{ProfileId, SegmentId};
use zhike_domain::small_groups::{self, is_small};
use zhike_lake::Dated;

use crate::customers::{Listed, listed_by_id};
use crate::guard::{self, classes};
use crate::profiles::current;
use crate::refresh::day_text;
use crate::segments::{as_of, at_day, seen_lake};
use crate::tags::{self, OfProfile};
use crate::workspace::day_number;
use crate::{Ctx, Error, Result, segments};

/// What becomes of customers between two days.
const STAYED: usize = 0;
const MOVED: usize = 1;
const NEW: usize = 2;
const GONE: usize = 3;
/// Different moves that are told apart; more, of numbers for instance, are only counted.
const MAX_MOVES: usize = 200;

/// What customers have one of at every refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// Tier.
    Tier,
    /// Group of the RFM grid.
    RfmSegment,
    /// Group of customers who are alike.
    Cluster,
    /// Risk of leaving.
    Risk,
    /// A tag's value.
    Tag(String),
}

impl What {
    /// Reads `tier`, `rfm_segment`, `cluster`, `risk`, `tag:KEY`.
    ///
    /// **Errors**: `bad_request`.
    pub fn parse(text: &str) -> Result<Self> {
        match (text, text.strip_prefix("tag:")) {
            ("tier", _) => Ok(Self::Tier),
            ("rfm_segment", _) => Ok(Self::RfmSegment),
            ("cluster", _) => Ok(Self::Cluster),
            ("risk", _) => Ok(Self::Risk),
            (_, Some(key)) if !key.is_empty() => Ok(Self::Tag(key.to_owned())),
            _ => Err(Error::bad_request(
                "what moves is tier, rfm_segment, cluster, risk or tag:KEY".into(),
                "只能查看 tier、rfm_segment、cluster、risk 或 tag:标签名 的变化".into(),
            )),
        }
    }

    fn dated(&self) -> Dated<'_> {
        match self {
            Self::Tier => Dated { table: "rfm", column: "tier", tag: None },
            Self::RfmSegment => Dated { table: "rfm", column: "rfm_segment", tag: None },
            Self::Cluster => Dated { table: "clusters", column: "label", tag: None },
            Self::Risk => Dated { table: "churn", column: "risk", tag: None },
            Self::Tag(key) => Dated { table: "tags", column: "value", tag: Some(key) },
        }
    }
}

/// A day that was computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Last day that counts.
    pub as_of: String,
    /// Customers with a value; none where so few are not told, as all counts here.
    pub n_customers: Option<u64>,
}

/// The days that were computed, oldest first.
#[boxed]
pub async fn days(ctx: &Ctx, what: &What) -> Result<Vec<Day>> {
    let k = ctx.min_group();
    let day = |(day, n)| Day { as_of: day_text(day), n_customers: (!is_small(n, k)).then_some(n) };
    Ok(computed(ctx, what).await?.into_iter().map(day).collect())
}

async fn computed(ctx: &Ctx, what: &What) -> Result<Vec<(i64, u64)>> {
    let frame = seen_lake(ctx).await?.days_of(what.dated()).await?;
    let (days, counts) = (segments::numbers(&frame, "as_of"), segments::numbers(&frame, "n"));
    Ok(days.into_iter().zip(counts.into_iter().map(|n| u64::try_from(n).unwrap_or(0))).collect())
}

/// The two days that are compared: the newest computed up to those asked for; the last two, when none are named.
async fn between(ctx: &Ctx, what: &What, from: Option<Date>, to: Option<Date>) -> Result<(i64, i64)> {
    let computed: Vec<i64> = computed(ctx, what).await?.into_iter().map(|(day, _)| day).collect();
    let Some(&first) = computed.first() else {
        return Err(Error::bad_request(
            "nothing was computed yet: run zhike refresh".into(),
            "还没有计算过：请先运行 zhike refresh".into(),
        ));
    };
    let up_to = |day: i64| computed[..computed.partition_point(|&other| other <= day)].last().copied();
    let missing = |day: i64| {
        let (day, first) = (day_text(day), day_text(first));
        Error::bad_request(
            format!(
                "no refresh as of {day} or before; the first is as of {first}: zhike refresh --as-of {day} makes one"
            ),
            format!("{day} 及以前没有刷新结果，最早为 {first}：可运行 zhike refresh --as-of {day} 补算"),
        )
    };
    let to = to.map_or(i64::MAX, day_number);
    let to = up_to(to).ok_or_else(|| missing(to))?;
    let from = from.map_or(to - 1, day_number);
    let from = up_to(from).ok_or_else(|| missing(from))?;
    Ok((from, to))
}

/// How many went from one value to another; none where they had no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Value on the first day.
    pub before: Option<String>,
    /// Value on the second day.
    pub after: Option<String>,
    /// Customers; none where so few are not told.
    pub n: Option<u64>,
}

/// Who had what on two days. Counts add up: each customer with a value on either day is in one move or in `n_others`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moves {
    /// First day, as it was computed.
    pub from: String,
    /// Second day.
    pub to: String,
    /// Most first.
    pub moves: Vec<Move>,
    /// Customers with a value on the first day.
    pub n_before: Option<u64>,
    /// With one on the second day.
    pub n_after: Option<u64>,
    /// With the same on both.
    pub n_stayed: Option<u64>,
    /// With another on the second day.
    pub n_moved: Option<u64>,
    /// With one on the second day alone.
    pub n_new: Option<u64>,
    /// With one on the first day alone.
    pub n_gone: Option<u64>,
    /// Customers of moves that are not listed, for there are too many different ones.
    pub n_others: Option<u64>,
}

/// Movement between the values of two days.
///
/// **Errors**: `bad_request` when nothing was computed up to a day.
#[boxed]
pub async fn moves(ctx: &Ctx, what: &What, from: Option<Date>, to: Option<Date>) -> Result<Moves> {
    let (from, to) = between(ctx, what, from, to).await?;
    let frame = seen_lake(ctx).await?.moves(what.dated(), from, to).await?;
    let text = |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).map(str::to_owned);
    let counts: Vec<u64> = segments::numbers(&frame, "n").into_iter().map(|n| u64::try_from(n).unwrap_or(0)).collect();
    let pairs: Vec<_> = (0..counts.len()).map(|row| (text("before", row), text("after", row))).collect();
    let kind = |(before, after): &(Option<String>, Option<String>)| match (before, after) {
        (before, after) if before == after => STAYED,
        (None, _) => NEW,
        (_, None) => GONE,
        _ => MOVED,
    };
    let kinds: Vec<usize> = pairs.iter().map(kind).collect();
    let class = |all: Vec<&Option<String>>| {
        let names: BTreeSet<&Option<String>> = all.iter().copied().collect();
        all.iter().map(|one| names.iter().position(|name| name == one).unwrap_or(0)).collect::<Vec<_>>()
    };
    let before = class(pairs.iter().map(|pair| &pair.0).collect());
    let after = class(pairs.iter().map(|pair| &pair.1).collect());
    let k = ctx.min_group();
    let shown = small_groups::cells(&counts, &[kinds.clone(), before, after], k);
    let told = |kind: usize| shown.classes[0].get(kind).is_none_or(|shown| *shown);
    let sum = |of: &[usize]| {
        let n = counts.iter().zip(&kinds).filter(|(_, kind)| of.contains(kind)).map(|(n, _)| *n).sum::<u64>();
        (of.iter().all(|kind| told(*kind)) && !is_small(n, k)).then_some(n)
    };
    // Of those who had a value on the first day the others are new, and likewise.
    let mut found = Moves {
        from: day_text(from),
        to: day_text(to),
        n_before: sum(&[STAYED, MOVED, GONE]),
        n_after: sum(&[STAYED, MOVED, NEW]),
        n_stayed: sum(&[STAYED]),
        n_moved: sum(&[MOVED]),
        n_new: sum(&[NEW]),
        n_gone: sum(&[GONE]),
        n_others: Some(counts.iter().skip(MAX_MOVES).sum()).filter(|n| *n == 0 || shown.cells.iter().all(|one| *one)),
        moves: Vec::new(),
    };
    let moves = pairs.into_iter().zip(&counts).zip(&shown.cells).take(MAX_MOVES);
    found.moves = moves.map(|(((before, after), n), shown)| Move { before, after, n: shown.then_some(*n) }).collect();
    Ok(found)
}

/// Customers of one move.
#[derive(Clone, Debug)]
pub struct Movers {
    /// By id.
    pub customers: Vec<Listed>,
    /// Where the next page begins; none at the end.
    pub next: Option<ProfileId>,
}

/// A page of those who had one value on one day and another on another; none stands for no value.
///
/// **Errors**: `bad_request` when nothing was computed up to a day.
#[boxed]
pub async fn movers(
    ctx: &Ctx,
    what: &What,
    (from, before): (Option<Date>, Option<&str>),
    (to, after): (Option<Date>, Option<&str>),
    later_than: Option<ProfileId>,
    limit: usize,
) -> Result<Movers> {
    let (from, to) = between(ctx, what, from, to).await?;
    let later_than = later_than.map_or(i64::MIN, ProfileId::get);
    let frame = seen_lake(ctx).await?.movers(what.dated(), (from, before), (to, after), later_than, limit).await?;
    let ids: Vec<ProfileId> = segments::numbers(&frame, "profile_id").into_iter().map(ProfileId::new).collect();
    let next = (ids.len() == limit).then(|| ids.last().copied()).flatten();
    Ok(Movers { customers: listed_by_id(ctx, &ids).await?, next })
}

/// A segment or tag on two days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Segment's id or tag's key.
    pub key: String,
    /// Chinese and English name.
    pub name: (String, String),
    /// Customers on the first day.
    pub n_before: Option<u64>,
    /// On the second.
    pub n_after: Option<u64>,
    /// In the segment, or with the same value, on both.
    pub n_same: Option<u64>,
}

/// What changed between the ends of two days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changes {
    /// Segments in use, largest change first.
    pub segments: Vec<Change>,
    /// Tags, likewise; each as of its newest refresh up to the day.
    pub tags: Vec<Change>,
}

/// Segments and tags on two days.
///
/// **Errors**: `bad_request` when the second day is before the first.
#[boxed]
pub async fn changes(ctx: &Ctx, from: Date, to: Date) -> Result<Changes> {
    if to < from {
        return Err(Error::bad_request(
            format!("{to} is before {from}: name the earlier day first"),
            format!("{to} 早于 {from}：请先填较早的日期"),
        ));
    }
    let of_day = async |day: Date| Ok::<_, Error>(at_day(&as_of(ctx, Some(day)).await?, ctx.now()));
    let all = segments::list(ctx, false).await?;
    let ids: Vec<i64> = all.iter().map(|segment| segment.id.get()).collect();
    let (k, mut of_segments) = (ctx.min_group(), Vec::new());
    if !ids.is_empty() {
        let frame = seen_lake(ctx).await?.sizes_at(&ids, of_day(from).await?, of_day(to).await?).await?;
        let counted = segments::numbers(&frame, "segment_id");
        for segment in all {
            let row = counted.iter().position(|id| *id == segment.id.get());
            let count = |name: &str| row.and_then(|row| frame.num(name)?.get(row)).unwrap_or(0).unsigned_abs();
            let name = segment.spec.name.clone();
            let counts = ["n_before", "n_after", "n_both"].map(count);
            of_segments.push(change(segment.id.to_string(), (name.clone(), name), counts, k));
        }
    }
    let frame = seen_lake(ctx).await?.tag_changes(day_number(from), day_number(to)).await?;
    let definitions = tags::defined(ctx).await?;
    let of_tags: Vec<(u64, Change)> = (0..frame.n_rows())
        .map(|row| {
            let key = frame.text("tag").and_then(|column| column.get(row)).unwrap_or_default().to_owned();
            let defined = definitions.iter().find(|one| one.tag.key == key);
            let count = |name: &str| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0).unsigned_abs();
            let name = defined.map_or_else(|| (key.clone(), key.clone()), |defined| defined.tag.name.clone());
            change(key, name, ["n_before", "n_after", "n_same"].map(count), k)
        })
        .collect();
    let [segments, tags] = [of_segments, of_tags].map(|mut all: Vec<(u64, Change)>| {
        all.sort_by_key(|one| std::cmp::Reverse(one.0));
        all.into_iter().map(|one| one.1).collect()
    });
    Ok(Changes { segments, tags })
}

/// How many changed, as far as that is told, and what is told of it.
fn change(key: String, name: (String, String), counts: [u64; 3], k: u64) -> (u64, Change) {
    let [before, after, same] = counts;
    let shown = small_groups::nested(&counts, &[(2, 0), (2, 1)], k);
    let told = |at: usize| shown[at].then_some(counts[at]);
    // The order of what is not told would tell.
    let n_changed = if shown.iter().all(|shown| *shown) { before + after - 2 * same } else { 0 };
    (n_changed, Change { key, name, n_before: told(0), n_after: told(1), n_same: told(2) })
}

/// Scores of one customer as of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores {
    /// Last day that counts.
    pub as_of: String,
    /// Days since the last order.
    pub recency_days: i64,
    /// Orders that count.
    pub frequency: i64,
    /// Net amount, hundredths.
    pub monetary: i64,
    /// Recency, frequency, value.
    pub scores: [i64; 3],
    /// Group.
    pub rfm_segment: String,
    /// Tier.
    pub tier: String,
}

/// A stay in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stay {
    /// Segment.
    pub segment_id: SegmentId,
    /// Its name.
    pub name: String,
    /// From when, in microseconds.
    pub since: i64,
    /// Until when; it lasts when missing.
    pub until: Option<i64>,
}

/// One customer as of a day, or now, and how they came to be so.
#[derive(Clone, Debug)]
pub struct Past {
    /// Scores of every refresh, oldest first.
    pub days: Vec<Scores>,
    /// Scores as of the day.
    pub scores: Option<Scores>,
    /// Tags as of the day.
    pub tags: Vec<OfProfile>,
    /// Stays in segments in use: those of the day, or all when none is named.
    pub stays: Vec<Stay>,
}

/// One customer as of the end of a day; everything known, when no day is named.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn of_profile(ctx: &Ctx, profile_id: ProfileId, day: Option<Date>) -> Result<Past> {
    let id = current(ctx, profile_id.get()).await?.profile_id;
    let frame = ctx.lake().rfm_history(id).await?;
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row)).unwrap_or(0);
    let text =
        |name: &str, row: usize| frame.text(name).and_then(|column| column.get(row)).unwrap_or_default().to_owned();
    let scores = |row: usize| Scores {
        as_of: day_text(num("as_of", row)),
        recency_days: num("recency_days", row),
        frequency: num("frequency", row),
        monetary: num("monetary", row),
        scores: ["r_score", "f_score", "m_score"].map(|name| num(name, row)),
        rfm_segment: text("rfm_segment", row),
        tier: text("tier", row),
    };
    let last = day.map_or(i64::MAX, day_number);
    let days: Vec<Scores> = (0..frame.n_rows()).map(scores).collect();
    let of_day = (0..frame.n_rows()).rev().find(|&row| num("as_of", row) <= last).map(scores);
    let at = match day {
        Some(day) => Some(at_day(&as_of(ctx, Some(day)).await?, ctx.now()).unwrap_or_else(|| ctx.now())),
        None => None,
    };
    let frame = ctx.lake().stays_of(&[id]).await?;
    let all = segments::list(ctx, false).await?;
    let since = segments::numbers(&frame, "since");
    let mut stays = Vec::new();
    for (row, segment) in segments::numbers(&frame, "segment_id").into_iter().enumerate() {
        let Some(segment) = all.iter().find(|one| one.id.get() == segment) else { continue };
        let (since, until) = (since[row], frame.num("until").and_then(|column| column.get(row)));
        if at.is_none_or(|at| since <= at && until.is_none_or(|until| until > at)) {
            stays.push(Stay { segment_id: segment.id, name: segment.spec.name.clone(), since, until });
        }
    }
    guard::show_page(ctx, id, classes::of_page(&[("rfm", days.len()), ("segment_members", stays.len())])).await?;
    Ok(Past { days, scores: of_day, tags: tags::of_profile(ctx, profile_id, day).await?, stays })
}
