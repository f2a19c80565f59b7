//! Goals of figures, and how far they have come.

use crate::boxed;
use zhike_domain::kpi::{Goal, Kpi, MICRO, Pace};
use zhike_state::KpiGoalRow;

use super::{Known, MAX_DAYS, Window, get, is_told, sums, total};
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
    /// Who set it.
    pub author: String,
    /// When.
    pub set_at: i64,
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
        found.push(GoalState { kpi, goal, actual, pace, author: row.author, set_at: row.set_at });
    }
    Ok(found)
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
