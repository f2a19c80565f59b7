//! `/api/v1/segments`: rules and lists, counted while they are written.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::id::ProfileId;
use zhike_engine::segments::{self, Count, Refresh, Segment, Spec};

use super::consents::ExcludedBody;
use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::bad_cursor;
use super::who::Acting;
use crate::output::instant;

/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// A segment.
#[derive(Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentBody {
    pub(crate) segment_id: String,
    pub(crate) name: String,
    description: String,
    purpose: String,
    /// rule, or list (made by import).
    pub(crate) kind: String,
    /// manual, daily, live.
    pub(crate) refresh: String,
    pub(crate) version: i64,
    /// The rule, as docs/guides/segments.md describes it.
    #[schema(value_type = Option<Object>)]
    rule: Option<serde_json::Value>,
    pub(crate) sentence: String,
    pub(crate) sentence_zh: String,
    /// Members at the last refresh.
    pub(crate) n_members: Option<u64>,
    /// Whether these are fewer people than the role is told of.
    is_suppressed: bool,
    /// When that was.
    pub(crate) refreshed_at: Option<String>,
    is_archived: bool,
    created_at: String,
    updated_at: String,
}

impl From<Segment> for SegmentBody {
    fn from(segment: Segment) -> Self {
        Self {
            segment_id: segment.id.to_string(),
            kind: segment.kind().to_owned(),
            name: segment.spec.name,
            description: segment.spec.description,
            purpose: segment.spec.purpose,
            refresh: match segment.spec.refresh {
                Refresh::Manual => "manual",
                Refresh::Daily => "daily",
                Refresh::Live => "live",
            }
            .to_owned(),
            version: segment.version,
            rule: segment.spec.rule,
            sentence_zh: segment.sentence.0,
            sentence: segment.sentence.1,
            n_members: segment.n_members,
            is_suppressed: segment.run.is_some() && segment.n_members.is_none(),
            refreshed_at: segment.run.as_ref().map(|run| instant(run.at)),
            is_archived: segment.spec.archived_at.is_some(),
            created_at: instant(segment.spec.created_at),
            updated_at: instant(segment.updated_at),
        }
    }
}

/// Segments.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentList {
    items: Vec<SegmentBody>,
}

/// Which segments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Those in the recycle bin too.
    archived: Option<bool>,
}

/// All segments, by name.
#[utoipa::path(get, path = "/api/v1/segments", params(ListQuery), responses((status = 200, body = SegmentList)))]
pub(super) async fn list(app: Acting, query: Result<Query<ListQuery>, QueryRejection>) -> ApiResult<Json<SegmentList>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let found = segments::list(app.ctx(), query.archived.unwrap_or(false)).await?;
    Ok(Json(SegmentList { items: found.into_iter().map(SegmentBody::from).collect() }))
}

/// A segment to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewSegment {
    name: String,
    description: Option<String>,
    purpose: Option<String>,
    /// manual, daily (the default), live.
    #[schema(value_type = Option<String>)]
    refresh: Option<Refresh>,
    /// The rule, as docs/guides/segments.md describes it.
    #[schema(value_type = Object)]
    rule: serde_json::Value,
}

impl From<NewSegment> for Spec {
    fn from(new: NewSegment) -> Self {
        Self {
            name: new.name,
            description: new.description.unwrap_or_default(),
            purpose: new.purpose.unwrap_or_default(),
            refresh: new.refresh.unwrap_or_default(),
            rule: Some(new.rule),
            archived_at: None,
            created_at: 0,
        }
    }
}

/// Makes a segment.
#[utoipa::path(post, path = "/api/v1/segments", request_body = NewSegment,
    responses((status = 200, body = SegmentBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn create(app: Acting, body: Result<Json<NewSegment>, JsonRejection>) -> ApiResult<Json<SegmentBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(segments::put(app.ctx(), None, body.into(), None).await?.into()))
}

async fn named(app: &Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Segment> {
    let Path(id) = path.map_err(ApiError::from)?;
    Ok(segments::get(app.ctx(), &id).await?)
}

/// One segment.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}",
    params(("segment_id" = String, Path, description = "`seg_…` or name")),
    responses((status = 200, body = SegmentBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<SegmentBody>> {
    Ok(Json(named(&app, path).await?.into()))
}

/// What changes of a segment; what is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct UpdateSegment {
    /// The version that the change was made from; another one is a conflict.
    version: i64,
    name: Option<String>,
    description: Option<String>,
    purpose: Option<String>,
    #[schema(value_type = Option<String>)]
    refresh: Option<Refresh>,
    #[schema(value_type = Option<Object>)]
    rule: Option<serde_json::Value>,
    /// Into the recycle bin, or out of it.
    is_archived: Option<bool>,
}

/// Changes a segment.
#[utoipa::path(patch, path = "/api/v1/segments/{segment_id}",
    params(("segment_id" = String, Path, description = "`seg_…` or name")), request_body = UpdateSegment,
    responses((status = 200, body = SegmentBody), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn update(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<UpdateSegment>, JsonRejection>,
) -> ApiResult<Json<SegmentBody>> {
    let segment = named(&app, path).await?;
    let Json(body) = body.map_err(ApiError::from)?;
    let mut spec = segment.spec;
    spec.name = body.name.unwrap_or(spec.name);
    spec.description = body.description.unwrap_or(spec.description);
    spec.purpose = body.purpose.unwrap_or(spec.purpose);
    spec.refresh = body.refresh.unwrap_or(spec.refresh);
    // A list has no rule, and does not get one.
    spec.rule = spec.rule.map(|rule| body.rule.unwrap_or(rule));
    let mut changed = segments::put(app.ctx(), Some(segment.id), spec, Some(body.version)).await?;
    if let Some(is_archived) = body.is_archived {
        changed = segments::archive(app.ctx(), segment.id, is_archived).await?;
    }
    Ok(Json(changed.into()))
}

/// A rule to be counted.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PreviewQuery {
    #[schema(value_type = Object)]
    rule: serde_json::Value,
    /// Last day that counts; the newest day of the data when absent.
    as_of: Option<String>,
    /// The segment that it is written for.
    segment_id: Option<String>,
    /// Code of the purpose; that of the segment when absent. Without either nobody is left out.
    purpose: Option<String>,
}

/// How many.
#[derive(Serialize, ToSchema)]
#[schema(as = SegmentCount)]
pub(crate) struct CountBody {
    /// Missing where these are fewer people than the role is told of, as all counts.
    pub(crate) count: Option<u64>,
    /// Whether the count is missing for that.
    pub(crate) is_suppressed: bool,
    /// Of so many customers.
    pub(crate) total: Option<u64>,
    /// Those for whom the rule holds and who are left out because of the purpose.
    pub(crate) excluded: Option<ExcludedBody>,
    /// Last day that counts.
    pub(crate) as_of: String,
    /// When customers were read.
    at: String,
    pub(crate) ms: u64,
}

impl From<Count> for CountBody {
    fn from(count: Count) -> Self {
        Self {
            count: count.count,
            is_suppressed: count.count.is_none(),
            total: count.total,
            excluded: count.excluded.map(ExcludedBody::from),
            as_of: count.as_of,
            at: instant(count.at),
            ms: count.ms,
        }
    }
}

/// What a rule would make.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentPreview {
    count: CountBody,
    funnel: Vec<SegmentFunnelStep>,
    /// Some of them, masked.
    sample: Vec<ListItem>,
    sentence: String,
    sentence_zh: String,
    /// The rule as it would be stored.
    #[schema(value_type = Object)]
    rule: serde_json::Value,
}

/// One part of a rule and what it leaves.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentFunnelStep {
    /// Place in the rule, a JSON pointer.
    pointer: String,
    sentence: String,
    sentence_zh: String,
    /// For how many it holds by itself; missing where so few are not told.
    alone: Option<u64>,
    /// How many are left after it and all before, likewise.
    left: Option<u64>,
    /// Whether one of the two is missing for that.
    is_suppressed: bool,
}

/// Counts a rule, part by part, without storing it.
#[utoipa::path(post, path = "/api/v1/segments/preview", request_body = PreviewQuery,
    responses((status = 200, body = SegmentPreview), (status = 422, body = ErrorBody)))]
pub(super) async fn preview(
    app: Acting,
    body: Result<Json<PreviewQuery>, JsonRejection>,
) -> ApiResult<Json<SegmentPreview>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let of = match &body.segment_id {
        Some(id) => Some(segments::get(app.ctx(), id).await?.id),
        None => None,
    };
    let preview = segments::preview(app.ctx(), &body.rule, of, body.purpose.as_deref(), date(body.as_of)?).await?;
    let funnel = preview.funnel.into_iter().map(|step| SegmentFunnelStep {
        pointer: step.pointer,
        sentence_zh: step.sentence.0,
        sentence: step.sentence.1,
        is_suppressed: step.alone.is_none() || step.left.is_none(),
        alone: step.alone,
        left: step.left,
    });
    Ok(Json(SegmentPreview {
        count: preview.count.into(),
        funnel: funnel.collect(),
        sample: preview.sample.into_iter().map(ListItem::from).collect(),
        sentence_zh: preview.sentence.0,
        sentence: preview.sentence.1,
        rule: preview.rule,
    }))
}

/// A day.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct DayQuery {
    /// Last day that counts; the newest day of the data when absent.
    pub(super) as_of: Option<String>,
}

/// How many a segment holds for now, by its rule or list.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}/count",
    params(("segment_id" = String, Path, description = "`seg_…` or name"), DayQuery),
    responses((status = 200, body = CountBody), (status = 404, body = ErrorBody)))]
pub(super) async fn count(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> ApiResult<Json<CountBody>> {
    let segment = named(&app, path).await?;
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(segments::count(app.ctx(), &segment, date(query.as_of)?).await?.into()))
}

/// What a refresh did to one segment.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentRefreshed {
    /// Missing where so few are not told, as those who joined and left.
    n_members: Option<u64>,
    n_joined: Option<u64>,
    n_gone: Option<u64>,
    /// False when nothing it depends on had changed.
    is_computed: bool,
}

/// Brings the members of a segment up to date.
#[utoipa::path(post, path = "/api/v1/segments/{segment_id}/refresh",
    params(("segment_id" = String, Path, description = "`seg_…` or name"), DayQuery),
    responses((status = 200, body = SegmentRefreshed), (status = 404, body = ErrorBody)))]
pub(super) async fn refresh(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> ApiResult<Json<SegmentRefreshed>> {
    let segment = named(&app, path).await?;
    let Query(query) = query.map_err(ApiError::from)?;
    let done = segments::refresh(app.ctx(), Some(segment.id), date(query.as_of)?).await?;
    let done = done.into_iter().next().ok_or_else(|| {
        let code = zhike_domain::error_code::ErrorCode::Conflict;
        ApiError::new(code, "the segment is in the recycle bin: restore it first", "分群在回收站中：请先恢复")
    })?;
    let (n_members, n_joined, n_gone) = (done.n_members, done.n_joined, done.n_gone);
    Ok(Json(SegmentRefreshed { n_members, n_joined, n_gone, is_computed: done.is_computed }))
}

/// Which members.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct MembersQuery {
    /// Members at the end of this day; at the last refresh when absent.
    as_of: Option<String>,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// A member.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentMember {
    customer: ListItem,
    since: String,
}

/// A page of members.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentMembers {
    items: Vec<SegmentMember>,
    next: Option<String>,
}

/// Members of a segment at the last refresh, or at the end of a day.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}/members",
    params(("segment_id" = String, Path, description = "`seg_…` or name"), MembersQuery),
    responses((status = 200, body = SegmentMembers), (status = 404, body = ErrorBody)))]
pub(super) async fn members(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<MembersQuery>, QueryRejection>,
) -> ApiResult<Json<SegmentMembers>> {
    let segment = named(&app, path).await?;
    let Query(query) = query.map_err(ApiError::from)?;
    let after = query.after.as_deref().map(str::parse::<ProfileId>).transpose().map_err(|_| bad_cursor())?;
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    let page = segments::members(app.ctx(), &segment, date(query.as_of)?, after, limit).await?;
    let items = page
        .members
        .into_iter()
        .map(|member| SegmentMember { customer: member.customer.into(), since: instant(member.since) });
    Ok(Json(SegmentMembers { items: items.collect(), next: page.next.map(|id| id.to_string()) }))
}

/// Why somebody is in a segment, or is not.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentWhy {
    /// Whether the rule holds.
    holds: bool,
    as_of: String,
    sentence: String,
    sentence_zh: String,
    conditions: Vec<SegmentWhyCondition>,
    /// Stays so far, oldest first.
    stays: Vec<SegmentStay>,
}

/// One condition with what was found.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentWhyCondition {
    pointer: String,
    sentence: String,
    sentence_zh: String,
    holds: bool,
    /// The value found.
    value: Option<String>,
}

/// A stay in a segment.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentStay {
    since: String,
    until: Option<String>,
}

/// Why a customer is in a segment as of a day, condition by condition.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}/why/{profile_id}",
    params(("segment_id" = String, Path, description = "`seg_…` or name"), ("profile_id" = String, Path, description = "`prf_…`"), DayQuery),
    responses((status = 200, body = SegmentWhy), (status = 404, body = ErrorBody)))]
pub(super) async fn why(
    app: Acting,
    path: Result<Path<(String, ProfileId)>, PathRejection>,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> ApiResult<Json<SegmentWhy>> {
    let Path((id, profile_id)) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let segment = segments::get(app.ctx(), &id).await?;
    let why = segments::why(app.ctx(), &segment, profile_id, date(query.as_of)?).await?;
    let conditions = why.conditions.into_iter().map(|one| SegmentWhyCondition {
        pointer: one.pointer,
        sentence_zh: one.sentence.0,
        sentence: one.sentence.1,
        holds: one.holds,
        value: one.value,
    });
    let stays =
        why.stays.into_iter().map(|(since, until)| SegmentStay { since: instant(since), until: until.map(instant) });
    Ok(Json(SegmentWhy {
        holds: why.holds,
        as_of: why.as_of,
        sentence_zh: why.sentence.0,
        sentence: why.sentence.1,
        conditions: conditions.collect(),
        stays: stays.collect(),
    }))
}

/// Size at the end of a day on which it changed.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentSize {
    day: String,
    /// Missing where so few are not told, as those who joined and left.
    n_members: Option<u64>,
    n_joined: Option<u64>,
    n_gone: Option<u64>,
}

/// Sizes over time.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentSizes {
    items: Vec<SegmentSize>,
}

/// The size of a segment over time: one entry per day with a change.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}/sizes",
    params(("segment_id" = String, Path, description = "`seg_…` or name")),
    responses((status = 200, body = SegmentSizes), (status = 404, body = ErrorBody)))]
pub(super) async fn sizes(app: Acting, path: Result<Path<String>, PathRejection>) -> ApiResult<Json<SegmentSizes>> {
    let segment = named(&app, path).await?;
    let items = segments::sizes(app.ctx(), &segment).await?.into_iter().map(|size| SegmentSize {
        day: size.day,
        n_members: size.n_members,
        n_joined: size.n_joined,
        n_gone: size.n_gone,
    });
    Ok(Json(SegmentSizes { items: items.collect() }))
}

/// Segments to lay over each other.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OverlapQuery {
    /// Two to eight, by id or name.
    segment_ids: Vec<String>,
    as_of: Option<String>,
}

/// Combinations of segments.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentOverlap {
    as_of: String,
    segments: Vec<SegmentOverlapSet>,
    /// Every combination that somebody is in, the largest first.
    combinations: Vec<SegmentCombination>,
}

/// One of the segments.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentOverlapSet {
    segment_id: String,
    name: String,
    /// Missing where so few are not told.
    count: Option<u64>,
    is_suppressed: bool,
}

/// Customers in exactly these.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentCombination {
    segment_ids: Vec<String>,
    /// Missing where so few are not told.
    count: Option<u64>,
    is_suppressed: bool,
}

/// Lays segments over each other.
#[utoipa::path(post, path = "/api/v1/segments/overlap", request_body = OverlapQuery,
    responses((status = 200, body = SegmentOverlap), (status = 404, body = ErrorBody)))]
pub(super) async fn overlap(
    app: Acting,
    body: Result<Json<OverlapQuery>, JsonRejection>,
) -> ApiResult<Json<SegmentOverlap>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let mut found = Vec::new();
    for id in &body.segment_ids {
        found.push(segments::get(app.ctx(), id).await?);
    }
    let (sizes, combinations, as_of) = segments::overlap(app.ctx(), &found, date(body.as_of)?).await?;
    let id = |at: usize| found[at].id.to_string();
    let sets = found.iter().zip(sizes).map(|(segment, count)| SegmentOverlapSet {
        segment_id: segment.id.to_string(),
        name: segment.spec.name.clone(),
        is_suppressed: count.is_none(),
        count,
    });
    let combinations = combinations.into_iter().map(|one| SegmentCombination {
        segment_ids: one.segments.into_iter().map(id).collect(),
        is_suppressed: one.count.is_none(),
        count: one.count,
    });
    Ok(Json(SegmentOverlap { as_of, segments: sets.collect(), combinations: combinations.collect() }))
}

/// What to compare with.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct CompareQuery {
    /// Another segment; all customers when absent.
    with: Option<String>,
    /// Last day that counts.
    as_of: Option<String>,
}

/// Two groups beside each other.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentComparison {
    as_of: String,
    /// Missing where so few are not told, here and below.
    n_left: Option<u64>,
    n_right: Option<u64>,
    n_both: Option<u64>,
    is_suppressed: bool,
    /// In what they differ most, the most first.
    differences: Vec<SegmentDifference>,
}

/// One attribute in which two groups differ.
#[derive(Serialize, ToSchema)]
pub(super) struct SegmentDifference {
    field: String,
    label: String,
    label_zh: String,
    /// The word whose shares are compared; missing where means are.
    value: Option<String>,
    /// Share or mean in the first.
    left: f64,
    /// Share or mean in the second.
    right: f64,
    /// Difference in standard deviations: 0.2 is small, 0.8 is large.
    size: f64,
}

/// Compares a segment with another, or with all customers.
#[utoipa::path(get, path = "/api/v1/segments/{segment_id}/compare",
    params(("segment_id" = String, Path, description = "`seg_…` or name"), CompareQuery),
    responses((status = 200, body = SegmentComparison), (status = 404, body = ErrorBody)))]
pub(super) async fn compare(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<CompareQuery>, QueryRejection>,
) -> ApiResult<Json<SegmentComparison>> {
    let left = named(&app, path).await?;
    let Query(query) = query.map_err(ApiError::from)?;
    let right = match &query.with {
        Some(id) => Some(segments::get(app.ctx(), id).await?),
        None => None,
    };
    let compared = segments::compare(app.ctx(), &left, right.as_ref(), date(query.as_of)?).await?;
    let differences = compared.differences.into_iter().map(|one| SegmentDifference {
        field: one.field,
        label_zh: one.label.0,
        label: one.label.1,
        value: one.value,
        left: one.left,
        right: one.right,
        size: one.size,
    });
    Ok(Json(SegmentComparison {
        as_of: compared.as_of,
        is_suppressed: compared.n_left.is_none() || compared.n_right.is_none() || compared.n_both.is_none(),
        n_left: compared.n_left,
        n_right: compared.n_right,
        n_both: compared.n_both,
        differences: differences.collect(),
    }))
}
