//! Satisfaction: scores of surveys and reviews with how well they are known, what moves them, and whether somebody turned to
//! the dissatisfied within a day.
//!
//! Owns which answers count, periods and groups, topics, and the clock of the loop. Scores, intervals and verdicts are
//! `zhike_ml::scores`'s.
//!
//! - INV-SATISFACTION-1 (`tests/it/satisfaction.rs`): periods and groups add up to all answers; every count of people is that
//!   of the list behind it.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value as Json, json};
use zhike_domain::analysis::Scope;
use zhike_domain::frame::Column;
use zhike_domain::id::ProfileId;
use zhike_domain::kpi::{Dimension, Level, Period, PeriodKind};
use zhike_domain::small_groups::{self, is_small};
use zhike_ml::groups::benjamini_hochberg;
use zhike_ml::scores::{Answers, Change, Group, Satisfied, Score, Verdict, change, csat, nps, weighted};

use crate::analysis::{Ground, Head, ListPage, page_of};
use crate::segments::{self, Seeker, Segment};
use crate::{Ctx, Error, Result};

mod words;

/// Days that are looked at when none are asked for.
const USUAL_DAYS: i64 = 365;
/// Hours within which somebody should turn to a dissatisfied customer.
pub const PROMISED_HOURS: i64 = 24;
/// Level of intervals.
const CONFIDENCE: f64 = 0.95;
/// Topics told at most.
const MAX_DRIVERS: usize = 30;
/// Answers without which a topic or group is not judged.
const MIN_ANSWERS: u64 = 10;
/// Groups told at most.
const MAX_GROUPS: usize = 50;

/// What was asked of customers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Whether they would recommend us, 0 to 10.
    Nps,
    /// Whether they were satisfied, 1 to 5.
    Csat,
    /// How they rate, 1 to 5 stars.
    Review,
}

impl Kind {
    /// Name in JSON and in the table.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nps => "nps",
            Self::Csat => "csat",
            Self::Review => "review",
        }
    }

    /// Change in points below which a score is said to be the same.
    const fn matters(self) -> f64 {
        match self {
            Self::Nps => 5.0,
            Self::Csat | Self::Review => 3.0,
        }
    }

    /// Whether somebody who said so needs to be turned to.
    fn is_bad(self, score: f64) -> bool {
        match self {
            Self::Nps => score <= 6.0,
            Self::Csat | Self::Review => score <= 2.0,
        }
    }

    fn is_on_scale(self, score: f64) -> bool {
        match self {
            Self::Nps => (0.0..=10.0).contains(&score),
            Self::Csat | Self::Review => (1.0..=5.0).contains(&score),
        }
    }
}

/// A question.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What was asked.
    pub kind: Kind,
    /// Whose answers of which days.
    pub scope: Scope,
    /// How long a period is.
    pub by: PeriodKind,
    /// What the score is taken apart by, a property of customers.
    pub dimension: Option<Dimension>,
}

impl Ask {
    fn json(&self) -> Json {
        json!({ "kind": self.kind.as_str(), "by": self.by.as_str(), "dimension": self.dimension.map(Dimension::as_str),
            "segment": self.scope.segment, "purpose": self.scope.purpose })
    }
}

/// Which people. Of the first four, what is worse for us comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Dissatisfied, somebody turned to them in time.
    Kept,
    /// Dissatisfied, somebody turned to them too late.
    Late,
    /// Dissatisfied, nobody turned to them yet, and there is time.
    Waiting,
    /// Dissatisfied, nobody turned to them, and the time is over.
    Overdue,
    /// All who were dissatisfied.
    Dissatisfied,
    /// All who were content: promoters, or the satisfied.
    Content,
}

/// A score of some answers.
#[derive(Clone, Debug)]
pub struct Scored {
    /// How many; none where so few are not told, then nothing else is either.
    pub n: Option<u64>,
    /// Score and interval; none without answers.
    pub score: Option<Score>,
}

/// A score with the ends of its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ScoreRange {
    /// Score.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl ScoreRange {
    /// That of a score.
    pub const fn of(score: &Score) -> Self {
        Self { value: score.value, low: score.low, high: score.high }
    }
}

impl Scored {
    /// The score with its interval.
    pub fn range(&self) -> Option<ScoreRange> {
        self.score.as_ref().map(ScoreRange::of)
    }
}

/// A difference of scores with what is said of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Verdicted {
    /// In points.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// up, down, same, unclear.
    pub verdict: &'static str,
    /// The smallest difference that as many answers find 4 times out of 5.
    pub detectable: f64,
}

impl Verdicted {
    /// That of a change.
    pub const fn of(change: &Change) -> Self {
        let verdict = match change.verdict {
            Verdict::Up => "up",
            Verdict::Down => "down",
            Verdict::Same => "same",
            Verdict::Unclear => "unclear",
        };
        Self { value: change.value, low: change.low, high: change.high, verdict, detectable: change.detectable }
    }
}

/// A group of customers.
#[derive(Clone, Debug)]
pub struct GroupScore {
    /// Value of the dimension; none for those without one.
    pub value: Option<String>,
    /// Its score.
    pub scored: Scored,
    /// How it differs from all others, where both have answers enough.
    pub differs: Option<Change>,
    /// Chance of such a difference by chance, corrected for all groups.
    pub q: Option<f64>,
}

/// What goes with higher or lower scores.
#[derive(Clone, Debug)]
pub struct Driver {
    /// Topic.
    pub topic: String,
    /// Answers with it.
    pub n: u64,
    /// Their score.
    pub score: f64,
    /// How they differ from answers without it.
    pub differs: Change,
    /// Chance of such a difference by chance, corrected for all topics.
    pub q: f64,
    /// Points that the score of all would gain without the difference: what is worth mending comes first.
    pub weight: f64,
}

/// What became of the dissatisfied, customer by customer: whoever said it several times counts once, with what is worst for
/// us. Numbers are missing where so few people are not told.
#[derive(Clone, Copy, Debug, Default)]
pub struct Loop {
    /// Dissatisfied customers.
    pub n: Option<u64>,
    /// Somebody turned to them in time.
    pub n_kept: Option<u64>,
    /// Somebody did, too late.
    pub n_late: Option<u64>,
    /// There is time yet.
    pub n_waiting: Option<u64>,
    /// Nobody did, and the time is over.
    pub n_overdue: Option<u64>,
    /// Dissatisfied answers of customers who are not known, so that nobody can turn to them.
    pub n_unknown: Option<u64>,
}

/// What there is to say of satisfaction.
#[derive(Clone, Debug)]
pub struct Satisfaction {
    /// Days, meaning, who was left out; facts are known up to the newest day with feedback.
    pub head: Head,
    /// All answers.
    pub all: Scored,
    /// Answers off the scale, which do not count.
    pub n_off: u64,
    /// The days before, as many.
    pub before: Scored,
    /// What changed.
    pub change: Option<Change>,
    /// The score if groups had answered in proportion to their size.
    pub weighted: Option<Score>,
    /// By period.
    pub periods: Vec<(Period, Scored)>,
    /// By value of the dimension, the most answers first.
    pub groups: Vec<GroupScore>,
    /// By topic, those that cost most first.
    pub drivers: Vec<Driver>,
    /// What became of the dissatisfied.
    pub answered: Loop,
}

impl Satisfaction {
    /// Whether a number is missing because so few people are not told.
    fn has_hidden(&self) -> bool {
        let Loop { n, n_kept, n_late, n_waiting, n_overdue, n_unknown } = self.answered;
        let scores = [&self.all, &self.before].into_iter().chain(self.periods.iter().map(|period| &period.1));
        let mut all = scores.chain(self.groups.iter().map(|group| &group.scored)).map(|scored| scored.n);
        all.any(|n| n.is_none()) || [n, n_kept, n_late, n_waiting, n_overdue, n_unknown].contains(&None)
    }
}

/// An answer as it is computed with.
#[derive(Clone, Debug)]
struct Answer {
    /// Number of the customer; none for the unknown.
    who: Option<usize>,
    at: i64,
    day: i64,
    score: f64,
    topics: Vec<String>,
}

struct Read {
    /// Its days are those of the answers.
    ground: Ground,
    /// Newest day with feedback; today without any.
    through: i64,
    answers: Vec<Answer>,
    before: Vec<Answer>,
    n_off: u64,
}

fn score_of(kind: Kind, answers: &[&Answer]) -> Option<Score> {
    let found = match kind {
        Kind::Nps => nps(&counted(answers), None, CONFIDENCE),
        Kind::Csat | Kind::Review => {
            let n_satisfied = answers.iter().filter(|one| one.score >= 4.0).count() as u64;
            csat(&Satisfied { n_satisfied, n: answers.len() as u64 }, None, CONFIDENCE)
        }
    };
    found.ok()
}

fn counted(answers: &[&Answer]) -> Answers {
    Answers::of(answers.iter().map(|one| one.score.floor() as u8))
}

/// The people behind answers are told of when there are enough of them.
fn scored(kind: Kind, answers: &[&Answer], k: u64) -> Scored {
    let n = answers.len() as u64;
    if is_small(n, k) {
        return Scored { n: None, score: None };
    }
    Scored { n: Some(n), score: score_of(kind, answers) }
}

async fn read(ctx: &Ctx, ask: &Ask) -> Result<Read> {
    ctx.refresh_overrides().await?;
    let workspace = ctx.workspace();
    // Answers have days of their own: they may be newer than the newest order.
    let scope = Scope { from: None, to: None, ..ask.scope.clone() };
    let mut ground = Ground::new(ctx, &scope, 1).await?;
    let span = ctx.lake().time_span("feedback").await?;
    let today = workspace.day_of(ctx.now());
    let newest = span.map_or(today, |(_, last)| workspace.day_of(last).min(today));
    let last = ask.scope.to.unwrap_or(newest);
    let first = ask.scope.from.unwrap_or(last - USUAL_DAYS + 1);
    if first > last {
        return Err(Error::bad_request(
            "the first day must not be after the last".into(),
            "开始日期不能晚于结束日期".into(),
        ));
    }
    let n_days = last - first + 1;
    let mut n_off = 0;
    let is_part = ask.scope.segment.is_some() || ask.scope.purpose.is_some() || ctx.scope().is_some();
    let mut read = async |days: (i64, i64)| -> Result<Vec<Answer>> {
        let between = (workspace.day_start(days.0), workspace.day_start(days.1 + 1));
        let mut rows = ctx.lake().answers(ask.kind.as_str(), between).await?;
        let mut seeker = Seeker::default();
        let mut all = Vec::new();
        while let Some(frame) = rows.next().await? {
            let bug = |name: &str| Error::bug("satisfaction", std::io::Error::other(name.to_owned()));
            let num = |name: &str| frame.num(name).ok_or_else(|| bug(name));
            let (ids, times) = (num("profile_id")?, num("at")?);
            let scores = frame.float("score").ok_or_else(|| bug("score"))?;
            let topics = frame.text("topics").ok_or_else(|| bug("topics"))?;
            for (row, score) in scores.iter().enumerate() {
                let (Some(at), Some(score)) = (times.get(row), *score) else { continue };
                let who = ids.get(row).and_then(|id| seeker.at(&ground.bulk.people.ids, id));
                let who = who.filter(|who| ground.who.contains(*who));
                // Of a part of the customers, what nobody known said does not count.
                if who.is_none() && (is_part || ids.get(row).is_some()) {
                    continue;
                }
                if !ask.kind.is_on_scale(score) {
                    n_off += 1;
                    continue;
                }
                let topics = topics_of(topics.get(row).unwrap_or(""));
                all.push(Answer { who, at, day: workspace.day_of(at), score, topics });
            }
        }
        all.sort_by(|a, b| (a.at, a.who).cmp(&(b.at, b.who)).then(a.score.total_cmp(&b.score)));
        Ok(all)
    };
    let before = read((first - n_days, first - 1)).await?;
    let answers = read((first, last)).await?;
    ground.days = (first, last);
    Ok(Read { ground, through: newest, answers, before, n_off })
}

/// Topics of a cell: words parted by commas and the like, or a JSON list.
fn topics_of(text: &str) -> Vec<String> {
    let mut topics: Vec<String> = match serde_json::from_str::<Vec<String>>(text) {
        Ok(topics) => topics,
        Err(_) => text.split([',', '，', ';', '；', '、', '|']).map(str::to_owned).collect(),
    };
    topics.iter_mut().for_each(|topic| *topic = topic.trim().to_owned());
    topics.retain(|topic| !topic.is_empty());
    topics.sort_unstable();
    topics.dedup();
    topics
}

/// What there is to say of satisfaction.
///
/// **Errors**: `bad_request` for days the wrong way round, or a dimension that customers have not.
#[boxed]
pub async fn satisfaction(ctx: &Ctx, ask: &Ask) -> Result<Satisfaction> {
    if ask.dimension.is_some_and(|dimension| dimension.level() != Level::Person || dimension == Dimension::RfmTier) {
        return Err(Error::bad_request(
            "a score can be taken apart by province, city, member_level, acquisition_channel".into(),
            "评分可按 province、city、member_level、acquisition_channel 拆分".into(),
        ));
    }
    let read = read(ctx, ask).await?;
    let (kind, k) = (ask.kind, ctx.min_group());
    let every: Vec<&Answer> = read.answers.iter().collect();
    let all = scored(kind, &every, k);
    let before = scored(kind, &read.before.iter().collect::<Vec<_>>(), k);
    let changed = before
        .score
        .zip(all.score)
        .and_then(|(before, after)| change(&before, &after, kind.matters(), CONFIDENCE).ok());
    let mut by_period: BTreeMap<i64, Vec<&Answer>> = BTreeMap::new();
    for one in &every {
        by_period.entry(Period::containing(ask.by, one.day).first).or_default().push(one);
    }
    // What is left of all without the periods or groups that are told is of nobody alone.
    let told = |counts: Vec<u64>| small_groups::parts(&counts, k);
    let shown = told(by_period.values().map(|own| own.len() as u64).collect());
    let periods = by_period
        .iter()
        .zip(shown)
        .map(|((first, own), is_shown)| {
            let nothing = Scored { n: None, score: None };
            (Period { kind: ask.by, first: *first }, if is_shown { scored(kind, own, k) } else { nothing })
        })
        .collect();
    let (groups, weighted) = match ask.dimension {
        Some(dimension) => groups(ctx, kind, dimension, &read).await?,
        None => (Vec::new(), None),
    };
    let drivers = if all.n.is_some() { drivers(kind, &every, k) } else { Vec::new() };
    let answered = looped(ctx, kind, &read).await?.0;
    let segment = segments::name(ctx, ask.scope.segment.as_deref()).await?;
    let sentence = words::asked(ask, read.ground.days, segment.as_deref());
    let mut found = Satisfaction {
        head: read.ground.head_of(ask.json(), sentence, (String::new(), String::new()), false),
        all,
        n_off: read.n_off,
        before,
        change: changed,
        weighted,
        periods,
        groups,
        drivers,
        answered,
    };
    found.head.through = read.through;
    found.head.is_suppressed |= found.has_hidden();
    found.head.meaning = words::meaning(kind, &found);
    Ok(found)
}

async fn groups(ctx: &Ctx, kind: Kind, dimension: Dimension, read: &Read) -> Result<(Vec<GroupScore>, Option<Score>)> {
    let k = ctx.min_group();
    let column = read.ground.bulk.people.column(ctx, dimension.as_str()).await?;
    let value = |who: usize| match &column.1 {
        Column::Text(values) => values.get(who).filter(|value| !value.is_empty()),
        _ => None,
    };
    let mut by_value: BTreeMap<Option<&str>, Vec<&Answer>> = BTreeMap::new();
    for one in &read.answers {
        by_value.entry(one.who.and_then(value)).or_default().push(one);
    }
    let mut sizes: BTreeMap<Option<&str>, f64> = BTreeMap::new();
    for who in read.ground.who.iter() {
        *sizes.entry(value(who)).or_default() += 1.0;
    }
    let shown = small_groups::parts(&by_value.values().map(|own| own.len() as u64).collect::<Vec<_>>(), k);
    let mut found: Vec<GroupScore> = Vec::new();
    for ((value, own), is_shown) in by_value.iter().zip(shown) {
        let rest: Vec<&Answer> =
            by_value.iter().filter(|(other, _)| *other != value).flat_map(|(_, own)| own.iter().copied()).collect();
        let is_enough = own.len() as u64 >= MIN_ANSWERS && rest.len() as u64 >= MIN_ANSWERS;
        let differs = score_of(kind, &rest)
            .zip(score_of(kind, own))
            .filter(|_| is_enough && is_shown)
            .and_then(|(rest, own)| change(&rest, &own, kind.matters(), CONFIDENCE).ok());
        let scored = if is_shown { scored(kind, own, k) } else { Scored { n: None, score: None } };
        found.push(GroupScore { value: value.map(str::to_owned), scored, differs, q: None });
    }
    let p: Vec<f64> = found.iter().filter_map(|group| group.differs.as_ref().map(|differs| differs.p)).collect();
    let q = benjamini_hochberg(&p);
    found.iter_mut().filter(|group| group.differs.is_some()).zip(q).for_each(|(group, q)| group.q = Some(q));
    // Groups of whom nobody answered cannot be spoken for: there is no score of all then.
    let strata: Option<Vec<Group>> = sizes
        .iter()
        .map(|(value, size)| {
            let own = by_value.get(value)?;
            Some(Group { size: *size, answers: counted(own) })
        })
        .collect();
    let is_told = found.iter().all(|group| group.scored.n.is_some());
    let weighted = strata
        .filter(|strata| kind == Kind::Nps && is_told && !strata.is_empty())
        .and_then(|strata| weighted(&strata, None, CONFIDENCE).ok());
    found.sort_by(|a, b| b.scored.n.cmp(&a.scored.n).then(a.value.cmp(&b.value)));
    found.truncate(MAX_GROUPS);
    Ok((found, weighted))
}

fn drivers(kind: Kind, all: &[&Answer], k: u64) -> Vec<Driver> {
    let mut by_topic: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, one) in all.iter().enumerate() {
        one.topics.iter().for_each(|topic| by_topic.entry(topic).or_default().push(at));
    }
    let n = all.len() as u64;
    let is_enough = |own: u64| own >= MIN_ANSWERS.max(k) && n - own >= MIN_ANSWERS.max(k);
    let mut found: Vec<Driver> = by_topic
        .into_iter()
        .filter(|(_, own)| is_enough(own.len() as u64))
        .filter_map(|(topic, places)| {
            let own: Vec<&Answer> = places.iter().map(|at| all[*at]).collect();
            let is_own: BTreeSet<usize> = places.into_iter().collect();
            let rest: Vec<&Answer> =
                all.iter().enumerate().filter(|(at, _)| !is_own.contains(at)).map(|(_, one)| *one).collect();
            let (rest, score) = (score_of(kind, &rest)?, score_of(kind, &own)?);
            let differs = change(&rest, &score, kind.matters(), CONFIDENCE).ok()?;
            let weight = -differs.value * own.len() as f64 / n as f64;
            Some(Driver { topic: topic.to_owned(), n: own.len() as u64, score: score.value, differs, q: 1.0, weight })
        })
        .collect();
    let q = benjamini_hochberg(&found.iter().map(|driver| driver.differs.p).collect::<Vec<f64>>());
    found.iter_mut().zip(q).for_each(|(driver, q)| driver.q = q);
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight).then(a.topic.cmp(&b.topic)));
    found.truncate(MAX_DRIVERS);
    found
}

/// What became of the dissatisfied, and who they are by number.
async fn looped(ctx: &Ctx, kind: Kind, read: &Read) -> Result<(Loop, BTreeMap<usize, Which>)> {
    let workspace = ctx.workspace();
    let bad: Vec<&Answer> = read.answers.iter().filter(|one| kind.is_bad(one.score)).collect();
    let now = ctx.now();
    let mut contacts: BTreeMap<usize, Vec<i64>> = BTreeMap::new();
    if let Some(first) = bad.first() {
        let mut rows = ctx.lake().contacts((first.at, workspace.day_start(workspace.day_of(now) + 2))).await?;
        let mut seeker = Seeker::default();
        while let Some(frame) = rows.next().await? {
            let (Some(ids), Some(times)) = (frame.num("profile_id"), frame.num("at")) else { continue };
            for row in 0..frame.n_rows() {
                let (Some(id), Some(at)) = (ids.get(row), times.get(row)) else { continue };
                if let Some(who) = seeker.at(&read.ground.bulk.people.ids, id) {
                    contacts.entry(who).or_default().push(at);
                }
            }
        }
        contacts.values_mut().for_each(|own| own.sort_unstable());
    }
    let promised = PROMISED_HOURS * 3_600_000_000;
    let mut n_unknown = 0;
    let mut people: BTreeMap<usize, Which> = BTreeMap::new();
    for one in &bad {
        let Some(who) = one.who else {
            n_unknown += 1;
            continue;
        };
        let answered = contacts.get(&who).and_then(|own| own.get(own.partition_point(|at| *at < one.at)));
        let which = match answered {
            Some(at) if at - one.at <= promised => Which::Kept,
            Some(_) => Which::Late,
            None if now - one.at <= promised => Which::Waiting,
            None => Which::Overdue,
        };
        let own = people.entry(who).or_insert(which);
        *own = (*own).max(which);
    }
    let kinds = [Which::Kept, Which::Late, Which::Waiting, Which::Overdue];
    let counts = kinds.map(|kind| people.values().filter(|own| **own == kind).count() as u64);
    let k = ctx.min_group();
    let shown = small_groups::parts(&counts, k);
    let told = |n: u64| (!is_small(n, k)).then_some(n);
    let [n_kept, n_late, n_waiting, n_overdue] = std::array::from_fn(|at| shown[at].then_some(counts[at]));
    let n = told(people.len() as u64);
    Ok((Loop { n, n_kept, n_late, n_waiting, n_overdue, n_unknown: told(n_unknown) }, people))
}

async fn behind(ctx: &Ctx, ask: &Ask, which: Which) -> Result<Vec<i64>> {
    let read = read(ctx, ask).await?;
    let who: Vec<u32> = if which == Which::Content {
        let least = if ask.kind == Kind::Nps { 9.0 } else { 4.0 };
        read.answers.iter().filter(|one| one.score >= least).filter_map(|one| Some(one.who? as u32)).collect()
    } else {
        let (_, people) = looped(ctx, ask.kind, &read).await?;
        let is_it = |own: &Which| which == Which::Dissatisfied || *own == which;
        people.iter().filter(|(_, own)| is_it(own)).map(|(who, _)| *who as u32).collect()
    };
    Ok(read.ground.ids(who))
}

/// A page of people by what they said and what became of it. Whoever said it several times is listed once, with what is worst
/// for us.
#[boxed]
pub async fn people(ctx: &Ctx, ask: &Ask, which: Which, after: Option<ProfileId>, limit: usize) -> Result<ListPage> {
    let ids = behind(ctx, ask, which).await?;
    page_of(ctx, &ids, after, limit).await
}

/// Keeps these people as a list of its own. Returns it and how many they are.
///
/// **Errors**: `conflict` when the name is taken.
#[boxed]
pub async fn save(ctx: &Ctx, ask: &Ask, which: Which, name: &str) -> Result<(Segment, u64)> {
    let ids = behind(ctx, ask, which).await?;
    let (zh, en) = words::of(ask.kind, which);
    let purpose = ask.scope.purpose.clone().unwrap_or_default();
    let segment = segments::keep_list(ctx, name, &format!("{zh} / {en}"), &purpose, &ids).await?;
    Ok((segment, ids.len() as u64))
}

#[cfg(test)]
mod tests {
    use super::topics_of;

    #[test]
    fn topics_are_words_or_a_list() {
        assert_eq!(topics_of("物流，包装、物流; "), ["包装", "物流"]);
        assert_eq!(topics_of(r#"["price", "delivery"]"#), ["delivery", "price"]);
        assert!(topics_of("").is_empty());
    }
}
