//! Who is new, stays, comes back and leaves; on how many periods, and how often, people are there.

use zhike_domain::analysis::{CountBy, Life, Lifecycle, Spec, Step, Stickiness, meaning};
use zhike_domain::kpi::{Period, PeriodKind};
use zhike_domain::small_groups::{is_small, parts};
use zhike_ml::behaviour;

use super::retention::{Days, number, unfinished};
use super::rows::{Need, Reading, Row, each, persons};
use super::{Ground, Head, Part, no_part};
use crate::{Ctx, Error, Result, boxed};

/// Periods at most.
const MAX_PERIODS: i64 = 400;
/// How often: the first of each bin.
const TIMES: [u64; 8] = [1, 2, 3, 4, 5, 10, 20, 50];

/// Lives in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifecycleRow {
    /// Period.
    pub period: Period,
    /// Whether it is not over.
    pub is_unfinished: bool,
    /// New, returning, resurrected, dormant; none where so few people are not told.
    pub n: [Option<u64>; 4],
}

/// Who is new and who leaves.
#[derive(Clone, Debug)]
pub struct LifecycleAnswer {
    /// About the answer.
    pub head: Head,
    /// How long a period is.
    pub by: PeriodKind,
    /// Periods, ascending.
    pub rows: Vec<LifecycleRow>,
}

/// How often people are there.
#[derive(Clone, Debug)]
pub struct StickinessAnswer {
    /// About the answer.
    pub head: Head,
    /// How long a period is.
    pub by: PeriodKind,
    /// Periods of the range.
    pub n_periods: usize,
    /// People at all; none where so few are not told.
    pub n_people: Option<u64>,
    /// People by number of active periods, from 1 on, likewise.
    pub by_periods: Vec<Option<u64>>,
    /// Mean number of people a period over people at all.
    pub ratio: Option<f64>,
    /// People by how often: the first and the last number of times (none for more), and how many.
    pub by_times: Vec<(u64, Option<u64>, Option<u64>)>,
}

/// One person's periods, ascending, and how often within the range.
struct Habit {
    who: u32,
    periods: Vec<i32>,
    times: u64,
}

async fn habits(ctx: &Ctx, ground: &Ground, step: &Step, by: PeriodKind, from: i64) -> Result<Vec<Habit>> {
    let needs = [Need::of(step, 0, (from, ground.span.1.min(ground.seen.end())))];
    let reading = Reading { needs: &needs, count_by: CountBy::Person, value: None };
    let (seen, start) = (ground.seen.clone(), ground.span.0);
    let kernel = move |rows: &[Row]| {
        let mut days = Days::new(&seen);
        let mut habits = Vec::new();
        for rows in persons(rows) {
            let mut periods: Vec<i32> = rows.iter().map(|row| number(by, days.of(row.at)) as i32).collect();
            periods.dedup();
            let times = rows.iter().filter(|row| row.at >= start).count() as u64;
            habits.push(Habit { who: rows[0].who, periods, times });
        }
        habits
    };
    let (pieces, _) = each(ctx, ground, reading, kernel).await?;
    Ok(pieces.into_iter().flatten().collect())
}

/// Periods of the range: the first number, the one after the last, and each of them.
fn periods(ground: &Ground, by: PeriodKind) -> Result<(i32, i32, Vec<Period>)> {
    let (first, last) = (Period::containing(by, ground.days.0), Period::containing(by, ground.days.1));
    let (from, to) = (number(by, first.first), number(by, last.first) + 1);
    if to - from > MAX_PERIODS {
        return Err(Error::bad_request(
            format!("{MAX_PERIODS} periods at most: take fewer days, or longer periods"),
            format!("最多 {MAX_PERIODS} 个周期：请缩短日期范围，或用更长的周期"),
        ));
    }
    let mut all = vec![first];
    while let Some(next) = all.last().map(|last| last.next()).filter(|next| *next <= last) {
        all.push(next);
    }
    Ok((from as i32, to as i32, all))
}

const fn usual_days(by: PeriodKind) -> i64 {
    match by {
        PeriodKind::Day => 30,
        PeriodKind::Week => 7 * 12,
        PeriodKind::Month => 365,
        PeriodKind::Quarter => 730,
    }
}

/// Runs a question of lives.
///
/// **Errors**: `bad_request` for days that there are not, or too many periods; `not_found` for a segment that is gone.
#[boxed]
pub async fn lifecycle(ctx: &Ctx, spec: &Lifecycle) -> Result<LifecycleAnswer> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let (from, to, all) = periods(&ground, spec.by)?;
    let habits = habits(ctx, &ground, &spec.activity, spec.by, i64::MIN).await?;
    let lives = behaviour::lifecycle(habits.iter().map(|habit| habit.periods.as_slice()), from, to);
    let k = ctx.min_group();
    let open = unfinished(spec.by, &ground.seen);
    let rows: Vec<LifecycleRow> = lives
        .into_iter()
        .zip(all)
        .map(|(lives, period)| {
            let counts = [lives.n_new, lives.n_returning, lives.n_resurrected, lives.n_dormant];
            LifecycleRow {
                period,
                is_unfinished: number(spec.by, period.first) >= open,
                n: counts.map(|n| (!is_small(n, k)).then_some(n)),
            }
        })
        .collect();
    let newest = rows.iter().rev().find(|row| !row.is_unfinished).map(|row| (row.period.name(), row.n));
    let meaning = meaning::lifecycle(newest.as_ref().map(|(name, n)| (name.as_str(), *n)));
    let is_suppressed = rows.iter().any(|row| row.n.contains(&None));
    let head = ground.head(ctx, &Spec::Lifecycle(spec.clone()), meaning, is_suppressed).await?;
    Ok(LifecycleAnswer { head, by: spec.by, rows })
}

/// The people of a life in a period.
pub(super) async fn of_life(ctx: &Ctx, spec: &Lifecycle, part: &Part) -> Result<Vec<i64>> {
    let Part::Life { period, life } = part else { return Err(no_part()) };
    let life = Life::parse(life).ok_or_else(no_part)?;
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let (_, _, all) = periods(&ground, spec.by)?;
    let period = all.iter().find(|one| one.name() == *period).ok_or_else(no_part)?;
    let at = number(spec.by, period.first) as i32;
    let habits = habits(ctx, &ground, &spec.activity, spec.by, i64::MIN).await?;
    let is_meant = |habit: &&Habit| {
        let lives = behaviour::lifecycle([habit.periods.as_slice()], at, at + 1);
        lives.first().is_some_and(|one| match life {
            Life::New => one.n_new > 0,
            Life::Returning => one.n_returning > 0,
            Life::Resurrected => one.n_resurrected > 0,
            Life::Dormant => one.n_dormant > 0,
        })
    };
    Ok(ground.ids(habits.iter().filter(is_meant).map(|habit| habit.who)))
}

/// Runs a question of stickiness.
///
/// **Errors**: as [`lifecycle`].
#[boxed]
pub async fn stickiness(ctx: &Ctx, spec: &Stickiness) -> Result<StickinessAnswer> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let (from, to, all) = periods(&ground, spec.by)?;
    let habits = habits(ctx, &ground, &spec.activity, spec.by, ground.span.0).await?;
    let found = behaviour::stickiness(habits.iter().map(|habit| habit.periods.as_slice()), from, to);
    let k = ctx.min_group();
    let tell = |counts: &[u64]| -> Vec<Option<u64>> {
        counts.iter().zip(parts(counts, k)).map(|(n, shown)| shown.then_some(*n)).collect()
    };
    let people = habits.len() as u64;
    let n_people = (!is_small(people, k)).then_some(people);
    let by_periods = tell(&found.n_people);
    let mut counts = [0; TIMES.len()];
    habits.iter().for_each(|habit| counts[bin(habit.times)] += 1);
    let by_times =
        tell(&counts).into_iter().enumerate().map(|(at, n)| (TIMES[at], TIMES.get(at + 1).map(|next| next - 1), n));
    let by_times: Vec<_> = by_times.collect();
    // The mean with the number of people tells how often they were there in all, with all but one bin what that one holds.
    let ratio = (by_periods.iter().all(Option::is_some) && n_people.is_some()).then_some(found.ratio);
    let words = match spec.by {
        PeriodKind::Day => ("天", "day"),
        PeriodKind::Week => ("周", "week"),
        PeriodKind::Month => ("月", "month"),
        PeriodKind::Quarter => ("季", "quarter"),
    };
    let meaning = meaning::stickiness(words, n_people, by_periods.first().copied().flatten(), ratio);
    let is_suppressed = n_people.is_none() || by_periods.contains(&None) || by_times.iter().any(|one| one.2.is_none());
    let head = ground.head(ctx, &Spec::Stickiness(spec.clone()), meaning, is_suppressed).await?;
    Ok(StickinessAnswer { head, by: spec.by, n_periods: all.len(), n_people, by_periods, ratio, by_times })
}

fn bin(times: u64) -> usize {
    TIMES.partition_point(|first| *first <= times).saturating_sub(1)
}

/// The people there on so many periods, or so often.
pub(super) async fn of_habit(ctx: &Ctx, spec: &Stickiness, part: &Part) -> Result<Vec<i64>> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, usual_days(spec.by)).await?;
    let (_, _, all) = periods(&ground, spec.by)?;
    let habits = habits(ctx, &ground, &spec.activity, spec.by, ground.span.0).await?;
    let is_meant: Box<dyn Fn(&&Habit) -> bool + Send> = match part {
        Part::Periods { periods } if (1..=all.len()).contains(periods) => {
            let periods = *periods;
            Box::new(move |habit| habit.periods.len() == periods)
        }
        Part::Times { times } if *times < TIMES.len() => {
            let times = *times;
            Box::new(move |habit| bin(habit.times) == times)
        }
        _ => return Err(no_part()),
    };
    Ok(ground.ids(habits.iter().filter(|habit| is_meant(habit)).map(|habit| habit.who)))
}
