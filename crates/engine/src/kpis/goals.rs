//! Goals of figures, and how far they have come.

use crate::boxed;
use zhike_domain::kpi::{Better, Goal, Kpi, MICRO, Pace};
use zhike_state::KpiGoalRow;

use super::{Known, MAX_DAYS, Window, ahead, get, is_told, sums, total};
use crate::{Ctx, Error, Result};

/// A goal with its number.
#[derive(Clone, Debug)]
pub struct GoalState {
    /// Figure.
    pub kpi: &'static Kpi,
    /// Goal.
    pub goal: Goal,
    /// The number so far.
    pub actual: Option<f64>,
    /// How far it has come.
    pub pace: Pace,
    /// Where it is going; missing where days do not add up, where the goal is over or has not begun, and where nothing is told.
    pub outlook: Option<GoalOutlook>,
    /// Who set it.
    pub author: String,
    /// When.
    pub set_at: i64,
}

/// Where a number is going by the last day of its goal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GoalOutlook {
    /// The number expected.
    pub expected: f64,
    /// Between which it is 4 times out of 5.
    pub range: (f64, f64),
    /// The probability that the goal is met; missing where neither more nor less is good.
    pub chance: Option<f64>,
}

/// A goal as it is kept.
pub(super) fn goal(row: &KpiGoalRow) -> Goal {
    Goal { first: row.from_on, last: row.to_on, value: row.value_micro as f64 / MICRO }
}

/// The goals as they are kept. They are about all customers: whoever sees some has none to compare with.
pub(super) async fn kept(ctx: &Ctx) -> Result<Vec<KpiGoalRow>> {
    if ctx.scope().is_some() {
        return Ok(Vec::new());
    }
    Ok(ctx.store().kpi_goals().await?)
}

/// All goals, or those of one figure, by first day; goals of figures that are no more are left out.
#[boxed]
pub async fn goals(ctx: &Ctx, only: Option<&str>) -> Result<Vec<GoalState>> {
    ctx.refresh_overrides().await?;
    let mut found = Vec::new();
    for row in kept(ctx).await? {
        if only.is_some_and(|only| only != row.kpi) {
            continue;
        }
        let Ok(kpi) = get(&row.kpi) else { continue };
        let known = Known::new(ctx, &[kpi]).await?;
        let goal = goal(&row);
        let last = goal.last.min(known.through);
        let is_known = known.first_day(kpi).is_some_and(|first| first <= last) && goal.first <= last;
        let actual = if is_known {
            let tables = sums(ctx, &[kpi], &[Window::days(goal.first, last)], None).await?;
            let sums = tables.first().map(|table| total(table, 0, kpi)).unwrap_or_default();
            kpi.number(sums.part, sums.whole).filter(|_| is_told(kpi, sums, ctx.min_group()))
        } else {
            None
        };
        let pace = goal.pace(kpi, actual, known.through);
        let outlook = match actual {
            Some(actual) => outlook(ctx, kpi, &known, &goal, actual).await?,
            None => None,
        };
        found.push(GoalState { kpi, goal, actual, pace, outlook, author: row.author, set_at: row.set_at });
    }
    Ok(found)
}

/// Where the number of a goal that is under way is going: what there is, and the days to come.
async fn outlook(ctx: &Ctx, kpi: &'static Kpi, known: &Known, goal: &Goal, actual: f64) -> Result<Option<GoalOutlook>> {
    let left = goal.last - known.through;
    if !kpi.adds_up || left <= 0 {
        return Ok(None);
    }
    let Some(total) = ahead::next_days(ctx, kpi, known, left).await? else { return Ok(None) };
    let (low, high) = total.range(ahead::LEVELS[0]);
    let at_least = total.chance_of(goal.value - actual);
    let chance = match kpi.better {
        Better::More => Some(at_least),
        Better::Less => Some(1.0 - at_least),
        Better::Neither => None,
    };
    Ok(Some(GoalOutlook { expected: actual + total.mean, range: (actual + low, actual + high), chance }))
}

/// Sets what a figure shall be over some days, in place of the goal for the same days.
///
/// **Errors**: `not_found`; `bad_request` for days the wrong way round and for numbers that are none.
#[boxed]
pub async fn set_goal(ctx: &Ctx, key: &str, days: (i64, i64), value: f64, author: &str) -> Result<()> {
    let kpi = get(key)?;
    let (from_on, to_on) = days;
    if from_on > to_on || to_on - from_on >= MAX_DAYS {
        return Err(Error::bad_request(
            "the first day of a goal must not be after the last, and at most ten years before it".into(),
            "目标的开始日期不能晚于结束日期，跨度不能超过十年".into(),
        ));
    }
    let micro = value * MICRO;
    // Larger numbers are not exact any more.
    if !micro.is_finite() || micro.abs() > 9e18 {
        return Err(Error::bad_request(
            "the number of a goal is out of range: it must be below 9,000,000,000,000".into(),
            "目标的数值超出范围：必须小于 9 万亿".into(),
        ));
    }
    let row = KpiGoalRow {
        kpi: kpi.key.clone(),
        from_on,
        to_on,
        value_micro: micro.round() as i64,
        author: author.to_owned(),
        set_at: ctx.now(),
    };
    Ok(ctx.store().set_kpi_goal(row).await?)
}

/// Takes a goal away.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn remove_goal(ctx: &Ctx, key: &str, (from_on, to_on): (i64, i64)) -> Result<()> {
    if ctx.store().remove_kpi_goal(key, from_on, to_on).await? {
        return Ok(());
    }
    Err(Error::not_found("goal", "目标"))
}
