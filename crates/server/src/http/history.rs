//! `/api/v1/history`: what held as of past refreshes, what changed between two, who moved.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_domain::small_groups::is_small;
use zhike_engine::history::{self, Change, Moves, Past, Scores, Stay, What};
use zhike_engine::refresh::{self, RefreshOptions};

use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::{date, read_date};
use super::profiles::money;
use super::segments::DayQuery;
use super::tags::ProfileTagBody;
use super::who::Acting;
use crate::output::instant;

const PAGE: usize = 50;
const MAX_PAGE: usize = 200;

/// What customers have one of at every refresh.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WhatQuery {
    /// tier, rfm_segment, cluster, risk, tag:KEY; tier when absent.
    what: Option<String>,
}

fn what(text: Option<&str>) -> ApiResult<What> {
    Ok(What::parse(text.unwrap_or("tier"))?)
}

/// A day that was computed.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryDay {
    as_of: String,
    /// Missing where so few are not told, as all counts.
    n_customers: Option<u64>,
}

/// Days that were computed, oldest first.
#[derive(Serialize, ToSchema)]
pub(super) struct HistoryDays {
    items: Vec<HistoryDay>,
}

/// The days for which something was computed.
#[utoipa::path(get, path = "/api/v1/history/days", params(WhatQuery),
    responses((status = 200, body = HistoryDays), (status = 400, body = ErrorBody)))]
pub(super) async fn days(app: Acting, query: Result<Query<WhatQuery>, QueryRejection>) -> ApiResult<Json<HistoryDays>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let days = history::days(app.ctx(), &what(query.what.as_deref())?).await?;
    let items = days.into_iter().map(|day| HistoryDay { as_of: day.as_of, n_customers: day.n_customers });
    Ok(Json(HistoryDays { items: items.collect() }))
}

/// A day to be computed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewHistoryDay {
    /// Last day that counts.
    as_of: String,
}

/// Computes scores and tags as of a past day from what had happened by then, and answers when that is done.
#[utoipa::path(post, path = "/api/v1/history/days", request_body = NewHistoryDay,
    responses((status = 200, body = HistoryDay), (status = 400, body = ErrorBody)))]
pub(super) async fn compute(
    app: Acting,
    body: Result<Json<NewHistoryDay>, JsonRejection>,
) -> ApiResult<Json<HistoryDay>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let options = RefreshOptions { as_of: Some(read_date(body.as_of)?), force: false };
    let ctx = app.ctx().clone();
    // A client that goes away does not stop it halfway.
    let work = tokio::spawn(async move { refresh::refresh(&ctx, options).await });
    let ended = || ApiError::new(ErrorCode::Internal, "the refresh ended before it was done", "刷新中途结束");
    let done = work.await.map_err(|_| ended())??;
    let n_customers = (!is_small(done.n_customers, app.by().min_group())).then_some(done.n_customers);
    Ok(Json(HistoryDay { as_of: done.as_of, n_customers }))
}

/// Two days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MovesQuery {
    /// tier, rfm_segment, tag:KEY; tier when absent.
    what: Option<String>,
    /// The newest refresh up to this day; the one before `to` when absent.
    from: Option<String>,
    /// The newest refresh up to this day; the newest when absent.
    to: Option<String>,
}

/// How many went from one value to another.
#[derive(Serialize, ToSchema)]
#[schema(as = Move)]
pub(crate) struct MoveBody {
    /// Missing: they had none.
    pub(crate) before: Option<String>,
    /// Missing: they have none.
    pub(crate) after: Option<String>,
    /// Missing where so few are not told.
    pub(crate) n: Option<u64>,
    is_suppressed: bool,
}

/// Who had what on two days; each customer with a value on either is in one move or in `n_others`.
#[derive(Serialize, ToSchema)]
#[schema(as = Moves)]
pub(crate) struct MovesBody {
    /// As it was computed.
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) moves: Vec<MoveBody>,
    n_before: Option<u64>,
    n_after: Option<u64>,
    pub(crate) n_stayed: Option<u64>,
    pub(crate) n_moved: Option<u64>,
    pub(crate) n_new: Option<u64>,
    pub(crate) n_gone: Option<u64>,
    /// Of moves that are not listed, for there are too many.
    n_others: Option<u64>,
}

impl From<Moves> for MovesBody {
    fn from(found: Moves) -> Self {
        let moves = found.moves.into_iter().map(|one| MoveBody {
            before: one.before,
            after: one.after,
            is_suppressed: one.n.is_none(),
            n: one.n,
        });
        Self {
            from: found.from,
            to: found.to,
            moves: moves.collect(),
            n_before: found.n_before,
            n_after: found.n_after,
            n_stayed: found.n_stayed,
            n_moved: found.n_moved,
            n_new: found.n_new,
            n_gone: found.n_gone,
            n_others: found.n_others,
        }
    }
}

/// Movement between tiers, groups or values of a tag from one day to another.
#[utoipa::path(get, path = "/api/v1/history/moves", params(MovesQuery),
    responses((status = 200, body = MovesBody), (status = 400, body = ErrorBody)))]
pub(super) async fn moves(app: Acting, query: Result<Query<MovesQuery>, QueryRejection>) -> ApiResult<Json<MovesBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let what = what(query.what.as_deref())?;
    Ok(Json(history::moves(app.ctx(), &what, date(query.from)?, date(query.to)?).await?.into()))
}

/// One move.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MoversQuery {
    /// tier, rfm_segment, tag:KEY; tier when absent.
    what: Option<String>,
    /// The newest refresh up to this day; the one before `to` when absent.
    from: Option<String>,
    /// The newest refresh up to this day; the newest when absent.
    to: Option<String>,
    /// Value on the first day; absent: none.
    before: Option<String>,
    /// Value on the second day; absent: none.
    after: Option<String>,
    /// Where the page before ended.
    #[param(value_type = Option<String>)]
    later_than: Option<ProfileId>,
    /// At most 200.
    limit: Option<usize>,
}

/// Customers of one move.
#[derive(Serialize, ToSchema)]
#[schema(as = Movers)]
pub(super) struct MoversBody {
    items: Vec<ListItem>,
    /// Where the next page begins.
    next: Option<String>,
}

/// The customers of one move.
#[utoipa::path(get, path = "/api/v1/history/movers", params(MoversQuery),
    responses((status = 200, body = MoversBody), (status = 400, body = ErrorBody)))]
pub(super) async fn movers(
    app: Acting,
    query: Result<Query<MoversQuery>, QueryRejection>,
) -> ApiResult<Json<MoversBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let found = history::movers(
        app.ctx(),
        &what(query.what.as_deref())?,
        (date(query.from)?, query.before.as_deref()),
        (date(query.to)?, query.after.as_deref()),
        query.later_than,
        query.limit.unwrap_or(PAGE).clamp(1, MAX_PAGE),
    )
    .await?;
    let next = found.next.map(|next| next.to_string());
    Ok(Json(MoversBody { items: found.customers.into_iter().map(ListItem::from).collect(), next }))
}

/// Two days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesQuery {
    from: String,
    to: String,
}

/// A segment or tag on two days.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryChange)]
pub(crate) struct ChangeBody {
    /// Segment's id or tag's key.
    pub(crate) key: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    pub(crate) n_before: Option<u64>,
    pub(crate) n_after: Option<u64>,
    /// In the segment, or with the same value, on both.
    pub(crate) n_same: Option<u64>,
}

impl From<Change> for ChangeBody {
    fn from(one: Change) -> Self {
        let Change { key, name: (name_zh, name), n_before, n_after, n_same } = one;
        Self { key, name, name_zh, n_before, n_after, n_same }
    }
}

/// What changed between the ends of two days, largest change first.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryChanges)]
pub(super) struct ChangesBody {
    segments: Vec<ChangeBody>,
    tags: Vec<ChangeBody>,
}

/// Segments and tags on two days.
#[utoipa::path(get, path = "/api/v1/history/changes", params(ChangesQuery),
    responses((status = 200, body = ChangesBody), (status = 400, body = ErrorBody)))]
pub(super) async fn changes(
    app: Acting,
    query: Result<Query<ChangesQuery>, QueryRejection>,
) -> ApiResult<Json<ChangesBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let found = history::changes(app.ctx(), read_date(query.from)?, read_date(query.to)?).await?;
    let [segments, tags] = [found.segments, found.tags].map(|all| all.into_iter().map(ChangeBody::from).collect());
    Ok(Json(ChangesBody { segments, tags }))
}

/// Scores as of one day.
#[derive(Serialize, ToSchema)]
#[schema(as = PastScores)]
pub(crate) struct ScoresBody {
    pub(crate) as_of: String,
    pub(crate) recency_days: i64,
    pub(crate) frequency: i64,
    pub(crate) monetary: String,
    pub(crate) r: i64,
    pub(crate) f: i64,
    pub(crate) m: i64,
    pub(crate) rfm_segment: String,
    pub(crate) tier: String,
}

impl From<Scores> for ScoresBody {
    fn from(scores: Scores) -> Self {
        let [r, f, m] = scores.scores;
        Self {
            as_of: scores.as_of,
            recency_days: scores.recency_days,
            frequency: scores.frequency,
            monetary: money(scores.monetary),
            r,
            f,
            m,
            rfm_segment: scores.rfm_segment,
            tier: scores.tier,
        }
    }
}

/// A stay in a segment.
#[derive(Serialize, ToSchema)]
#[schema(as = SegmentStay)]
pub(crate) struct StayBody {
    segment_id: String,
    pub(crate) name: String,
    pub(crate) since: String,
    /// It lasts when missing.
    pub(crate) until: Option<String>,
}

impl From<Stay> for StayBody {
    fn from(stay: Stay) -> Self {
        let (since, until) = (instant(stay.since), stay.until.map(instant));
        Self { segment_id: stay.segment_id.to_string(), name: stay.name, since, until }
    }
}

/// A customer as of a day, or now, and how they came to be so.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileHistory)]
pub(crate) struct PastBody {
    /// Scores of every refresh, oldest first.
    pub(crate) days: Vec<ScoresBody>,
    /// As of the day.
    pub(crate) scores: Option<ScoresBody>,
    pub(crate) tags: Vec<ProfileTagBody>,
    /// Stays of the day; all, when none is named.
    pub(crate) stays: Vec<StayBody>,
}

impl From<Past> for PastBody {
    fn from(past: Past) -> Self {
        Self {
            days: past.days.into_iter().map(ScoresBody::from).collect(),
            scores: past.scores.map(ScoresBody::from),
            tags: past.tags.into_iter().map(ProfileTagBody::from).collect(),
            stays: past.stays.into_iter().map(StayBody::from).collect(),
        }
    }
}

/// Scores, tags and segments of a customer as of a day.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/history",
    params(("profile_id" = String, Path, description = "`prf_…`"), DayQuery),
    responses((status = 200, body = PastBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of_profile(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> ApiResult<Json<PastBody>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(history::of_profile(app.ctx(), profile_id, date(query.as_of)?).await?.into()))
}
