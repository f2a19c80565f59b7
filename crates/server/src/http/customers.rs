//! `/api/v1/profiles`: the list of customers, by filters or by a rule, in an order, page by page.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::audience::{Days, ListFilter};
use zhike_domain::frame::ColumnType;
use zhike_engine::customers::{self, Cursor, Listed, Sort, SortBy, Whom, columns};
use zhike_engine::workspace::day_number;

use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::{bad_cursor, day, money};
use super::schema::{SegmentWord, TierWord};
use super::who::Acting;
use crate::output::{self, instant};

/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// A customer in a list; personal fields masked.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileItem)]
pub(crate) struct ListItem {
    pub(crate) profile_id: String,
    pub(crate) name: Option<String>,
    phone: Option<String>,
    /// Strongest identity, for customers without a name.
    identity: Option<ListedIdentity>,
    province: Option<String>,
    city: Option<String>,
    member_level: Option<String>,
    registered_on: Option<String>,
    #[schema(value_type = Option<TierWord>)]
    tier: Option<String>,
    #[schema(value_type = Option<SegmentWord>)]
    rfm_segment: Option<String>,
    r_score: Option<u8>,
    f_score: Option<u8>,
    m_score: Option<u8>,
    monetary: Option<String>,
    frequency: Option<i64>,
    first_ordered_at: Option<String>,
    last_ordered_at: Option<String>,
    last_seen_at: Option<String>,
    /// Values of the columns that were asked for, by their names.
    #[schema(value_type = Object)]
    more: BTreeMap<String, serde_json::Value>,
}

/// An identity as it may be shown.
#[derive(Serialize, ToSchema)]
pub(super) struct ListedIdentity {
    kind: String,
    value: String,
}

impl From<Listed> for ListItem {
    fn from(listed: Listed) -> Self {
        Self::with(listed, &[])
    }
}

impl ListItem {
    fn with(listed: Listed, columns: &[columns::Column]) -> Self {
        let frame = columns::frame(columns, std::slice::from_ref(&listed));
        let fields = frame.fields().iter().zip(frame.columns());
        let more = fields.map(|(field, column)| (field.name.clone(), output::json(field.kind, column, 0))).collect();
        let mut personal = listed.personal;
        let rfm = listed.rfm.as_ref();
        Self {
            profile_id: listed.profile_id.to_string(),
            name: personal.remove("name"),
            phone: personal.remove("phone"),
            identity: listed.identity.map(|(kind, value)| ListedIdentity { kind, value }),
            province: listed.row.province,
            city: listed.row.city,
            member_level: listed.row.member_level,
            registered_on: listed.row.registered_on.map(day),
            tier: rfm.map(|rfm| rfm.scores.tier.as_str().into()),
            rfm_segment: rfm.map(|rfm| rfm.scores.segment.as_str().into()),
            r_score: rfm.map(|rfm| rfm.scores.r),
            f_score: rfm.map(|rfm| rfm.scores.f),
            m_score: rfm.map(|rfm| rfm.scores.m),
            monetary: rfm.map(|rfm| money(rfm.monetary)),
            frequency: rfm.map(|rfm| rfm.frequency),
            first_ordered_at: listed.first_ordered_at.map(instant),
            last_ordered_at: listed.last_ordered_at.map(instant),
            last_seen_at: listed.row.last_seen_at.map(instant),
            more,
        }
    }
}

/// A page of customers.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileList)]
pub(super) struct ListPage {
    items: Vec<ListItem>,
    /// Hand it back as `after` for the next page.
    next: Option<String>,
    /// Customers that the list holds, on all pages.
    total: Option<u64>,
    /// Whether these are fewer people than the role is told of.
    is_suppressed: bool,
    /// Of so many customers.
    n_customers: Option<u64>,
    /// Last day that counts.
    as_of: String,
    /// When customers were read.
    at: String,
    /// Milliseconds that finding and sorting them took.
    ms: u64,
    /// All that was asked for as one rule: what a segment of the same people is made of.
    #[schema(value_type = Object)]
    rule: serde_json::Value,
    sentence: String,
    sentence_zh: String,
}

/// Filters by name; all of them hold.
#[derive(Clone, Default, Deserialize, ToSchema, IntoParams)]
#[into_params(parameter_in = Query)]
#[schema(as = ProfileFilter)]
pub(crate) struct Filters {
    /// core, potential, general, at_risk.
    tier: Option<String>,
    /// One of the eight groups.
    rfm_segment: Option<String>,
    /// Ordered on this day or later (orders that count).
    ordered_from: Option<String>,
    /// Ordered on this day or earlier.
    ordered_to: Option<String>,
    /// So many orders at least: between those days when they are given, else ever.
    min_orders: Option<u32>,
    /// Ordered for the first time on this day or later.
    first_ordered_from: Option<String>,
    /// Ordered for the first time on this day or earlier.
    first_ordered_to: Option<String>,
    /// Something was given back of an order of this day or later.
    refunded_from: Option<String>,
    /// Something was given back of an order of this day or earlier.
    refunded_to: Option<String>,
    /// A tag, or `tag:value`.
    tag: Option<String>,
}

impl Filters {
    pub(crate) fn read(self) -> ApiResult<ListFilter> {
        let days = |from: Option<String>, to: Option<String>| -> ApiResult<Days> {
            Ok((date(from)?.map(day_number), date(to)?.map(day_number)))
        };
        Ok(ListFilter {
            tier: self.tier,
            rfm_segment: self.rfm_segment,
            ordered: days(self.ordered_from, self.ordered_to)?,
            min_orders: self.min_orders,
            first_ordered: days(self.first_ordered_from, self.first_ordered_to)?,
            refunded: days(self.refunded_from, self.refunded_to)?,
            tag: self.tag,
        })
    }
}

/// Which page, and in which order.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ListQuery {
    /// Segment, by id or name.
    segment_id: Option<String>,
    /// monetary (the default), frequency, r_score, f_score, m_score, last_ordered_at, first_ordered_at, last_seen_at,
    /// registered_on.
    sort: Option<String>,
    /// Largest and latest first; the default.
    desc: Option<bool>,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// Customers that pass filters, by net amount, largest first, or in another order.
#[utoipa::path(get, path = "/api/v1/profiles", params(ListQuery, Filters),
    responses((status = 200, body = ListPage), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn list(
    app: Acting,
    query: Result<Query<ListQuery>, QueryRejection>,
    filters: Result<Query<Filters>, QueryRejection>,
) -> ApiResult<Json<ListPage>> {
    let (Query(query), Query(filters)) = (query.map_err(ApiError::from)?, filters.map_err(ApiError::from)?);
    let whom = Whom { rule: None, segment: query.segment_id, filter: filters.read()?, as_of: None };
    let sort = SortBody { by: query.sort, desc: query.desc };
    page(&app, &whom, &sort, &[], query.after, query.limit).await
}

/// What a list is in order of.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileSort)]
pub(crate) struct SortBody {
    /// monetary (the default), frequency, r_score, f_score, m_score, last_ordered_at, first_ordered_at, last_seen_at,
    /// registered_on.
    by: Option<String>,
    /// Largest and latest first; the default.
    desc: Option<bool>,
}

impl SortBody {
    pub(crate) fn read(&self) -> ApiResult<Sort> {
        let by = self.by.as_deref().map_or(Ok(SortBy::default()), SortBy::parse)?;
        Ok(Sort { by, is_desc: self.desc.unwrap_or(true) })
    }
}

/// Whom to list, and how.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ProfileQuery)]
pub(super) struct QueryBody {
    /// A rule, as docs/guides/segments.md describes it; everybody when absent.
    #[schema(value_type = Option<Object>)]
    rule: Option<serde_json::Value>,
    /// Segment, by id or name; its rule or list holds as well.
    segment_id: Option<String>,
    /// Filters that hold as well.
    filter: Option<Filters>,
    /// Last day that counts; the newest day of the data when absent.
    as_of: Option<String>,
    sort: Option<SortBody>,
    /// Columns whose values come in `more`, beside those that every row has: those of GET /api/v1/profiles/columns, and
    /// `traits.NAME`.
    columns: Option<Vec<String>>,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// Customers for whom a rule holds, in an order, with the columns asked for.
#[utoipa::path(post, path = "/api/v1/profiles/query", request_body = QueryBody,
    responses((status = 200, body = ListPage), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn query(app: Acting, body: Result<Json<QueryBody>, JsonRejection>) -> ApiResult<Json<ListPage>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let filter = body.filter.unwrap_or_default().read()?;
    let whom = Whom { rule: body.rule, segment: body.segment_id, filter, as_of: date(body.as_of)? };
    let columns = body.columns.unwrap_or_default();
    page(&app, &whom, &body.sort.unwrap_or_default(), &columns, body.after, body.limit).await
}

async fn page(
    app: &Acting,
    whom: &Whom,
    sort: &SortBody,
    columns: &[String],
    after: Option<String>,
    limit: Option<usize>,
) -> ApiResult<Json<ListPage>> {
    let after = after.map(|text| Cursor::parse(&text).ok_or_else(bad_cursor)).transpose()?;
    let limit = limit.unwrap_or(50).clamp(1, MAX_PAGE);
    let columns = columns::read(app.ctx(), columns).await?;
    let page = customers::page(app.ctx(), whom, sort.read()?, &columns, after, limit).await?;
    Ok(Json(ListPage {
        items: page.rows.into_iter().map(|row| ListItem::with(row, &columns)).collect(),
        next: page.next.map(|cursor| cursor.to_string()),
        total: page.count.count,
        is_suppressed: page.count.count.is_none(),
        n_customers: page.count.total,
        as_of: page.count.as_of,
        at: instant(page.count.at),
        ms: page.count.ms,
        rule: page.rule,
        sentence_zh: page.sentence.0,
        sentence: page.sentence.1,
    }))
}

/// A column that a list or an export of customers can have.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileColumn {
    key: String,
    /// text, number, money, day, instant.
    kind: &'static str,
    label: String,
    label_zh: String,
    /// Whether an export has it when no columns are named.
    is_usual: bool,
}

/// Columns.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileColumns {
    items: Vec<ProfileColumn>,
}

/// The columns that a list or an export of customers can have; further attributes are `traits.NAME` beside these.
#[utoipa::path(get, path = "/api/v1/profiles/columns", responses((status = 200, body = ProfileColumns)))]
pub(super) async fn columns(app: Acting) -> ApiResult<Json<ProfileColumns>> {
    let items = columns::all(app.ctx()).await?.into_iter().map(|column| ProfileColumn {
        kind: match column.kind {
            ColumnType::Int | ColumnType::Float => "number",
            ColumnType::Decimal(_) => "money",
            ColumnType::Day => "day",
            ColumnType::Instant => "instant",
            _ => "text",
        },
        is_usual: columns::USUAL.contains(&column.key.as_str()),
        label_zh: column.label.0,
        label: column.label.1,
        key: column.key,
    });
    Ok(Json(ProfileColumns { items: items.collect() }))
}
