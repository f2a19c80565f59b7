//! `/api/v1/profiles/{profile_id}/…`: what happened to one customer, which segments they are in, who looked at them.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ApprovalId, ProfileId};
use zhike_engine::profiles::{self, Happening, HappeningKind, Place, Show, TimelineFilter};
use zhike_engine::segments;

use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::{ProfileBody, bad_cursor, money};
use super::segments::SegmentBody;
use super::watch::ApprovalBody;
use super::who::Acting;
use crate::output::instant;

/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// What of a timeline.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TimelineQuery {
    /// Cursor of the page before.
    before: Option<String>,
    /// This day and earlier.
    day: Option<String>,
    /// order, refund, event, interaction, feedback, touch, parted by commas; all when absent.
    kinds: Option<String>,
    /// Only this channel.
    channel: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// What happened.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "describes words on the wire")]
pub(super) enum TimelineKind {
    Order,
    Refund,
    Event,
    Interaction,
    Feedback,
    Touch,
}

/// Something that happened to a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineItem {
    #[schema(value_type = TimelineKind)]
    kind: &'static str,
    at: Option<String>,
    source: String,
    /// Its number at the source.
    id: String,
    /// Status of an order, name of an event, kind of a contact or an answer, outcome of a message.
    name: Option<String>,
    channel: Option<String>,
    /// Net amount of an order, what was given back, value of an event.
    amount: Option<String>,
    /// Score of an answer, satisfaction with a contact.
    score: Option<f64>,
    /// Words, personal data masked; page of an event, campaign of a message, store of an order.
    text: Option<String>,
    /// Order that it is about.
    order_id: Option<String>,
    /// End of a contact.
    until: Option<String>,
}

impl From<Happening> for TimelineItem {
    fn from(one: Happening) -> Self {
        Self {
            kind: one.place.kind.as_str(),
            at: one.place.at.map(instant),
            source: one.place.source,
            id: one.place.id,
            name: one.name,
            channel: one.channel,
            amount: one.amount.map(money),
            score: one.score,
            text: one.text,
            order_id: one.order_id,
            until: one.until.map(instant),
        }
    }
}

/// How many of a kind.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineKindCount {
    #[schema(value_type = TimelineKind)]
    kind: &'static str,
    n: u64,
}

/// How many of a channel.
#[derive(Serialize, ToSchema)]
pub(super) struct TimelineChannelCount {
    channel: String,
    n: u64,
}

/// A page of a timeline.
#[derive(Serialize, ToSchema)]
pub(super) struct Timeline {
    /// Newest first.
    items: Vec<TimelineItem>,
    /// Hand it back as `before` for the next page.
    next: Option<String>,
    /// How many there are of each kind, whatever was asked for.
    kinds: Vec<TimelineKindCount>,
    /// How many there are of each channel, whatever was asked for.
    channels: Vec<TimelineChannelCount>,
}

/// What happened to a customer, of all tables, newest first.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/timeline",
    params(("profile_id" = String, Path, description = "`prf_…`"), TimelineQuery),
    responses((status = 200, body = Timeline), (status = 404, body = ErrorBody)))]
pub(super) async fn timeline(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    query: Result<Query<TimelineQuery>, QueryRejection>,
) -> ApiResult<Json<Timeline>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let kinds = query.kinds.as_deref().unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let filter = TimelineFilter {
        kinds: kinds
            .map(|word| HappeningKind::parse(word).ok_or_else(|| unknown_kind(word)))
            .collect::<Result<_, _>>()?,
        channel: query.channel,
        day: date(query.day)?,
        before: query.before.as_deref().map(|text| read_place(text).ok_or_else(bad_cursor)).transpose()?,
    };
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    let page = profiles::timeline(app.ctx(), profile_id, &filter, limit).await?;
    let next = page.items.last().filter(|_| page.has_more).map(|one| write_place(&one.place));
    Ok(Json(Timeline {
        items: page.items.into_iter().map(TimelineItem::from).collect(),
        next,
        kinds: page.kinds.into_iter().map(|(kind, n)| TimelineKindCount { kind: kind.as_str(), n }).collect(),
        channels: page.channels.into_iter().map(|(channel, n)| TimelineChannelCount { channel, n }).collect(),
    }))
}

fn unknown_kind(word: &str) -> ApiError {
    let known = HappeningKind::ALL.map(HappeningKind::as_str).join(", ");
    ApiError::new(
        ErrorCode::BadRequest,
        format!("there is no kind {word:?}: use {known}"),
        format!("没有类型 {word:?}：可用的有 {known}"),
    )
}

/// `at:kind:length of the source:source` and the id; times missing are empty.
fn write_place(place: &Place) -> String {
    let at = place.at.map_or_else(String::new, |at| at.to_string());
    format!("{at}:{}:{}:{}{}", place.kind.as_str(), place.source.len(), place.source, place.id)
}

fn read_place(text: &str) -> Option<Place> {
    let mut parts = text.splitn(4, ':');
    let (at, kind, length, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let at = if at.is_empty() { None } else { Some(at.parse().ok()?) };
    let (source, id) = rest.split_at_checked(length.parse().ok()?)?;
    Some(Place { at, kind: HappeningKind::parse(kind)?, source: source.to_owned(), id: id.to_owned() })
}

/// A segment that a customer is or was in.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileSegment {
    segment: SegmentBody,
    /// Start of the stay that lasts, or else of the last one.
    since: String,
    /// Its end; missing while it lasts.
    until: Option<String>,
}

/// The segments of a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileSegments {
    items: Vec<ProfileSegment>,
}

/// The segments that a customer is in as of their last refresh, then those that were left.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/segments",
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 200, body = ProfileSegments), (status = 404, body = ErrorBody)))]
pub(super) async fn segments(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
) -> ApiResult<Json<ProfileSegments>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let items = segments::of_profile(app.ctx(), profile_id).await?.into_iter().map(|one| ProfileSegment {
        segment: one.segment.into(),
        since: instant(one.since),
        until: one.until.map(instant),
    });
    Ok(Json(ProfileSegments { items: items.collect() }))
}

/// An act on a customer, from the audit trail.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileAct {
    /// Place in the trail.
    seq: i64,
    at: String,
    actor: String,
    action: String,
    /// Why, personal data masked.
    reason: Option<String>,
}

/// A page of acts.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileActs {
    items: Vec<ProfileAct>,
    /// Hand it back as `before` for the next page.
    next: Option<i64>,
}

/// Which acts.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ActsQuery {
    /// Cursor of the page before.
    before: Option<i64>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// Who saw a customer in the clear, when and why, newest first.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/acts",
    params(("profile_id" = String, Path, description = "`prf_…`"), ActsQuery),
    responses((status = 200, body = ProfileActs), (status = 404, body = ErrorBody)))]
pub(super) async fn acts(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    query: Result<Query<ActsQuery>, QueryRejection>,
) -> ApiResult<Json<ProfileActs>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let limit = query.limit.unwrap_or(50).clamp(1, MAX_PAGE);
    let rows = profiles::acts(app.ctx(), profile_id, query.before, limit).await?;
    let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.seq);
    let items = rows.into_iter().map(|row| {
        let detail: serde_json::Value = serde_json::from_str(&row.detail_json).unwrap_or_default();
        ProfileAct {
            seq: row.seq,
            at: instant(row.at),
            actor: row.actor,
            action: row.action,
            reason: detail.get("reason").and_then(serde_json::Value::as_str).map(str::to_owned),
        }
    });
    Ok(Json(ProfileActs { items: items.collect(), next }))
}

/// Why a customer is to be seen.
#[derive(Deserialize, ToSchema)]
#[schema(as = RevealProfile)]
#[serde(deny_unknown_fields)]
pub(super) struct RevealBody {
    reason: String,
}

/// Shows a customer in the clear; the act and its reason go to the audit trail first.
#[utoipa::path(post, path = "/api/v1/profiles/{profile_id}/reveal",
    params(("profile_id" = String, Path, description = "`prf_…`")), request_body = RevealBody,
    responses((status = 200, body = ProfileBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn reveal(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    body: Result<Json<RevealBody>, JsonRejection>,
) -> ApiResult<Json<ProfileBody>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let up_to_grade = app.may_unmask()?;
    let show = Show::Clear { actor: app.actor(), reason: body.reason, up_to_grade, approval: None };
    let view = profiles::view(app.ctx(), profile_id, &show).await?;
    Ok(Json(ProfileBody::new(&view, &app.ctx().workspace().currency)))
}

/// Asks a second person for a look at a customer in the clear; it waits among the approvals.
#[utoipa::path(post, path = "/api/v1/profiles/{profile_id}/reveal/ask",
    params(("profile_id" = String, Path, description = "`prf_…`")), request_body = RevealBody,
    responses((status = 202, body = ApprovalBody), (status = 400, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody)))]
pub(super) async fn ask_to_see(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    body: Result<Json<RevealBody>, JsonRejection>,
) -> ApiResult<(StatusCode, Json<ApprovalBody>)> {
    let (Path(profile_id), Json(body)) = (path.map_err(ApiError::from)?, body.map_err(ApiError::from)?);
    let one = profiles::ask_to_see(app.ctx(), app.by(), profile_id, &body.reason).await?;
    Ok((StatusCode::ACCEPTED, Json(ApprovalBody::new(app.by(), one, &[]))))
}

/// Shows the customer that was approved in the clear, once, to whoever asked.
#[utoipa::path(post, path = "/api/v1/approvals/{approval_id}/reveal",
    params(("approval_id" = String, Path, description = "`apr_…`")),
    responses((status = 200, body = ProfileBody), (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody)))]
pub(super) async fn see_approved(
    app: Acting,
    path: Result<Path<ApprovalId>, PathRejection>,
) -> ApiResult<Json<ProfileBody>> {
    let Path(id) = path.map_err(ApiError::from)?;
    let view = profiles::see_approved(app.ctx(), app.by(), id).await?;
    Ok(Json(ProfileBody::new(&view, &app.ctx().workspace().currency)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(at in any::<Option<i64>>(), kind in 0_usize..6, source in ".{0,8}", id in ".{0,12}") {
            let place = Place { at, kind: HappeningKind::ALL[kind], source, id };
            prop_assert_eq!(read_place(&write_place(&place)), Some(place));
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = read_place(&text);
        }
    }
}
