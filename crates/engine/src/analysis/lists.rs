//! The people behind a number: page by page, and as a segment.

use zhike_domain::analysis::Spec;
use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::is_small;

use super::{Part, funnel, habit, paths, retention};
use crate::customers::{Listed, listed_by_id};
use crate::segments::{self, Segment};
use crate::{Ctx, Result, boxed};

/// A page of people.
#[derive(Clone, Debug)]
pub struct ListPage {
    /// How many there are; none where so few are not told.
    pub total: Option<u64>,
    /// People by id, masked.
    pub people: Vec<Listed>,
    /// The id after which the next page begins.
    pub next: Option<ProfileId>,
}

async fn ids(ctx: &Ctx, spec: &Spec, part: &Part) -> Result<Vec<i64>> {
    match spec {
        Spec::Funnel(spec) => funnel::behind(ctx, spec, part).await,
        Spec::Retention(spec) => retention::behind(ctx, spec, part).await,
        Spec::Lifecycle(spec) => habit::of_life(ctx, spec, part).await,
        Spec::Stickiness(spec) => habit::of_habit(ctx, spec, part).await,
        Spec::Paths(spec) => paths::behind(ctx, spec, part).await,
    }
}

/// A page of the people behind a number.
///
/// **Errors**: `bad_request` for a part that the answer has not.
#[boxed]
pub async fn people(ctx: &Ctx, spec: &Spec, part: &Part, after: Option<ProfileId>, limit: usize) -> Result<ListPage> {
    let ids = ids(ctx, spec, part).await?;
    page_of(ctx, &ids, after, limit).await
}

/// A page of people whose ids ascend.
pub(crate) async fn page_of(ctx: &Ctx, ids: &[i64], after: Option<ProfileId>, limit: usize) -> Result<ListPage> {
    let n = ids.len() as u64;
    let from = after.map_or(0, |after| ids.partition_point(|id| *id <= after.get()));
    let page: Vec<ProfileId> = ids[from..].iter().take(limit).map(|id| ProfileId::new(*id)).collect();
    let next = page.last().copied().filter(|_| from + page.len() < ids.len());
    let people = listed_by_id(ctx, &page).await?;
    Ok(ListPage { total: (!is_small(n, ctx.min_group())).then_some(n), people, next })
}

/// Keeps the people behind a number as a list of its own. Returns it and how many they are.
///
/// **Errors**: `conflict` when the name is taken; as [`people`].
#[boxed]
pub async fn save(ctx: &Ctx, spec: &Spec, part: &Part, name: &str) -> Result<(Segment, u64)> {
    let ids = ids(ctx, spec, part).await?;
    let note = format!("{} / {}", spec.kind().words().0, spec.kind().words().1);
    let purpose = spec.scope().purpose.clone().unwrap_or_default();
    let segment = segments::keep_list(ctx, name, &note, &purpose, &ids).await?;
    Ok((segment, ids.len() as u64))
}
