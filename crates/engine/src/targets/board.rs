//! How far a target has come, part by part.

use crate::boxed;
use zhike_domain::small_groups::is_small;

use crate::kpis::Known;
use crate::{Ctx, Result};

use super::facts::brought;
use super::share::parents;
use super::{Part, Target, get};

/// Share of a target that must have been due before its end is told from its pace.
const MIN_ELAPSED: f64 = 0.05;

/// How far a part has come. **Units**: those of the figure's sums.
#[derive(Clone, Debug)]
pub struct PartState {
    /// Part.
    pub part: Part,
    /// Whether it is split further.
    pub has_parts: bool,
    /// Customers who bought there in the year before; none where so few people are not told.
    pub n_people: Option<u64>,
    /// What it brought so far; none before the first day.
    pub actual: Option<i64>,
    /// What it should have brought by now, by the season that is expected.
    pub due: i64,
    /// What it comes to at this pace; none while too little was due.
    pub outlook: Option<i64>,
    /// What those responsible for the parts below say they can bring, others taken as they are, else those responsible for
    /// it; none when nobody said.
    pub asked_below: Option<i64>,
}

/// How far a target has come.
#[derive(Clone, Debug)]
pub struct Board {
    /// Target.
    pub target: Target,
    /// Last day that is in what was brought; none before the first.
    pub through: Option<i64>,
    /// The share of the target that is due by then.
    pub elapsed: f64,
    /// The whole first, parts before what they are split to.
    pub parts: Vec<PartState>,
    /// What parts brought that nothing was expected of.
    pub outside: Option<i64>,
}

/// How far a target has come.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn board(ctx: &Ctx, id_or_name: &str) -> Result<Board> {
    let target = get(ctx, id_or_name).await?;
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, &[target.kpi]).await?;
    let (first, last) = target.days;
    let through = Some(known.through.min(last)).filter(|through| *through >= first);
    let elapsed = target.elapsed(through);
    let leaves = match through {
        Some(through) => Some(brought(ctx, target.kpi, &target.levels, &[(first, through)], false).await?),
        None => None,
    };
    let parents = parents(&target.parts);
    let n = target.parts.len();
    let mut has_parts = vec![false; n];
    parents.iter().flatten().for_each(|parent| has_parts[*parent] = true);
    // From the finest up: what nobody spoke for stays as it was split.
    let mut asked: Vec<Option<i64>> = target.parts.iter().map(|part| part.asked).collect();
    let mut below: Vec<(i64, bool)> = vec![(0, false); n];
    for at in (0..n).rev() {
        if has_parts[at] && below[at].1 {
            asked[at] = Some(below[at].0);
        }
        if let Some(parent) = parents[at] {
            below[parent].0 += asked[at].unwrap_or(target.parts[at].amount);
            below[parent].1 |= asked[at].is_some();
        }
    }
    let all = leaves.iter().flatten();
    let is_known = |path: &[String]| target.parts.binary_search_by(|part| part.path.as_slice().cmp(path)).is_ok();
    let outside = leaves
        .as_ref()
        .map(|leaves| leaves.iter().filter(|(path, _)| !is_known(path)).map(|(_, own)| own.sums[0]).sum());
    let mut actual = vec![0_i64; n];
    for (path, own) in all {
        for depth in 0..=path.len() {
            let prefix = &path[..depth];
            if let Ok(at) = target.parts.binary_search_by(|part| part.path.as_slice().cmp(prefix)) {
                actual[at] += own.sums[0];
            }
        }
    }
    let k = ctx.min_group();
    let state = |(at, part): (usize, &Part)| {
        let actual = leaves.is_some().then_some(actual[at]);
        let outlook = actual.filter(|_| elapsed >= MIN_ELAPSED).map(|actual| (actual as f64 / elapsed).round() as i64);
        PartState {
            part: part.clone(),
            has_parts: has_parts[at],
            n_people: Some(part.n_people).filter(|n| !is_small(*n, k)),
            actual,
            due: (part.amount as f64 * elapsed).round() as i64,
            outlook,
            asked_below: asked[at],
        }
    };
    let parts = target.parts.iter().enumerate().map(state).collect();
    Ok(Board { target, through, elapsed, parts, outside })
}

impl Target {
    /// The share that is due by the end of a day.
    pub(super) fn elapsed(&self, through: Option<i64>) -> f64 {
        let Some(through) = through else { return 0.0 };
        let ends = self.season.iter().skip(1).map(|week| week.0).chain([self.days.1 + 1]);
        let share = |((first, share), end): (&(i64, f64), i64)| {
            let days = (through + 1 - first).clamp(0, end - first);
            share * days as f64 / (end - first).max(1) as f64
        };
        self.season.iter().zip(ends).map(share).sum::<f64>().min(1.0)
    }
}
