//! `/api/v1/profiles`: search, one customer whole.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::clean::number::format_decimal;
use zhike_domain::frame::Frame;
use zhike_domain::id::{EdgeId, IdentityId, ProfileId};
use zhike_domain::import::entity::IdentityKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::customers::listed_by_id;
use zhike_engine::profiles::{self, OrderPage, Profile, Show};
use zhike_engine::workspace::date_of;

use super::corrections::CorrectionBody;
use super::customers::ListItem;
use super::error::{ApiError, ApiResult};
use super::schema::{SegmentWord, TierWord};
use super::who::Acting;
use crate::output::instant;

/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// Hundredths as decimal text.
pub(crate) fn money(hundredths: i64) -> String {
    format_decimal(hundredths, 2)
}

/// Days since 1970 as a date.
pub(crate) fn day(day: i64) -> String {
    date_of(day).map_or_else(|| day.to_string(), |date| date.to_string())
}

/// One customer, whole.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileSheet)]
pub(crate) struct ProfileBody {
    currency: String,
    pub(crate) profile: ProfileHead,
    pub(crate) identities: Vec<IdentityItem>,
    pub(crate) edges: Vec<EdgeItem>,
    pub(crate) rfm: Option<RfmBody>,
    pub(crate) totals: TotalsBody,
    pub(crate) value_by_month: Vec<MonthBody>,
    /// Fields that were corrected on behalf of the person, and stay so.
    pub(crate) corrections: Vec<CorrectionBody>,
}

/// Who the customer is; personal fields masked.
#[derive(Serialize, ToSchema)]
#[schema(as = Profile)]
pub(crate) struct ProfileHead {
    pub(crate) profile_id: String,
    kind: String,
    pub(crate) name: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    id_number: Option<String>,
    address: Option<String>,
    birthday: Option<String>,
    pub(crate) gender: Option<String>,
    birth_year: Option<i64>,
    country: Option<String>,
    pub(crate) province: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) member_level: Option<String>,
    registered_on: Option<String>,
    acquisition_channel: Option<String>,
    created_at: String,
    first_seen_at: Option<String>,
    last_seen_at: Option<String>,
    #[schema(value_type = Object)]
    traits: serde_json::Value,
}

/// One identity.
#[derive(Serialize, ToSchema)]
#[schema(as = Identity)]
pub(crate) struct IdentityItem {
    identity_id: String,
    pub(crate) kind: String,
    pub(crate) value: Option<String>,
    status: String,
    first_seen_at: Option<String>,
    last_seen_at: Option<String>,
    pub(crate) source: String,
}

/// How two identities were joined.
#[derive(Serialize, ToSchema)]
#[schema(as = IdentityEdge)]
pub(crate) struct EdgeItem {
    edge_id: String,
    left_identity_id: String,
    right_identity_id: String,
    kind: String,
    strength: f64,
    reason: String,
    source: String,
    created_at: String,
    undone_at: Option<String>,
}

/// Scores, their place among all customers, and why.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileRfm)]
pub(crate) struct RfmBody {
    pub(crate) as_of: String,
    recency_days: i64,
    frequency: i64,
    monetary: String,
    pub(crate) r_score: u8,
    pub(crate) f_score: u8,
    pub(crate) m_score: u8,
    #[schema(value_type = SegmentWord)]
    pub(crate) rfm_segment: String,
    #[schema(value_type = TierWord)]
    pub(crate) tier: String,
    mode: String,
    /// Share of customers that are worse, 0 to 1.
    percentile: Percentile,
    pub(crate) why_zh: Vec<String>,
    pub(crate) why_en: Vec<String>,
}

/// Share of customers that are worse, 0 to 1.
#[derive(Serialize, ToSchema)]
pub(crate) struct Percentile {
    recency: f64,
    frequency: f64,
    monetary: f64,
}

/// Sums over all orders.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileTotals)]
pub(crate) struct TotalsBody {
    pub(crate) n_orders: i64,
    amount: String,
    pub(crate) refunded_amount: String,
    pub(crate) net_amount: String,
    first_ordered_at: Option<String>,
    last_ordered_at: Option<String>,
    average_order: Option<String>,
}

/// Sums of one month.
#[derive(Serialize, ToSchema)]
#[schema(as = MonthValue)]
pub(crate) struct MonthBody {
    pub(crate) month: String,
    pub(crate) net_amount: String,
    pub(crate) cumulative: String,
    n_orders: i64,
}

impl ProfileBody {
    /// The wire form of a customer.
    pub(crate) fn new(view: &Profile, currency: &str) -> Self {
        let row = &view.row;
        let personal = |name: &str| view.personal.get(name).cloned();
        let traits = row.traits.as_deref().and_then(|text| serde_json::from_str(text).ok());
        let profile = ProfileHead {
            profile_id: ProfileId::new(row.profile_id).to_string(),
            kind: row.kind.clone(),
            name: personal("name"),
            phone: personal("phone"),
            email: personal("email"),
            id_number: personal("id_number"),
            address: personal("address"),
            birthday: personal("birthday"),
            gender: row.gender.clone(),
            birth_year: row.birth_year,
            country: row.country.clone(),
            province: row.province.clone(),
            city: row.city.clone(),
            member_level: row.member_level.clone(),
            registered_on: row.registered_on.map(day),
            acquisition_channel: row.acquisition_channel.clone(),
            created_at: instant(row.created_at),
            first_seen_at: row.first_seen_at.map(instant),
            last_seen_at: row.last_seen_at.map(instant),
            traits: traits.unwrap_or_else(|| serde_json::json!({})),
        };
        let identities = view.identities.iter().map(|(identity, value)| IdentityItem {
            identity_id: IdentityId::new(identity.identity_id).to_string(),
            kind: identity.kind.clone(),
            value: value.clone(),
            status: identity.status.as_str().into(),
            first_seen_at: identity.first_seen_at.map(instant),
            last_seen_at: identity.last_seen_at.map(instant),
            source: identity.source.clone(),
        });
        let edges = view.edges.iter().map(|edge| EdgeItem {
            edge_id: EdgeId::new(edge.edge_id).to_string(),
            left_identity_id: IdentityId::new(edge.left_identity_id).to_string(),
            right_identity_id: IdentityId::new(edge.right_identity_id).to_string(),
            kind: edge.kind.clone(),
            strength: edge.strength,
            reason: edge.reason.clone(),
            source: edge.source.clone(),
            created_at: instant(edge.created_at),
            undone_at: edge.undone_at.map(instant),
        });
        Self {
            currency: currency.to_owned(),
            profile,
            identities: identities.collect(),
            edges: edges.collect(),
            rfm: view.rfm.as_ref().map(rfm_body),
            totals: totals(view),
            value_by_month: months(view),
            corrections: view.corrections.iter().map(CorrectionBody::from).collect(),
        }
    }
}

fn rfm_body(rfm: &profiles::RfmView) -> RfmBody {
    let [recency, frequency, monetary] = rfm.share_below.unwrap_or_default();
    let (why_zh, why_en) = rfm.why.as_ref().map(|why| (why.zh.clone(), why.en.clone())).unwrap_or_default();
    RfmBody {
        as_of: day(rfm.as_of),
        recency_days: rfm.recency_days,
        frequency: rfm.frequency,
        monetary: money(rfm.monetary),
        r_score: rfm.scores.r,
        f_score: rfm.scores.f,
        m_score: rfm.scores.m,
        rfm_segment: rfm.scores.segment.as_str().into(),
        tier: rfm.scores.tier.as_str().into(),
        mode: rfm.mode.clone(),
        percentile: Percentile { recency, frequency, monetary },
        why_zh,
        why_en,
    }
}

fn totals(view: &Profile) -> TotalsBody {
    let sum = |of: &dyn Fn(&profiles::Month) -> i64| view.months.iter().map(of).sum::<i64>();
    let n_orders = sum(&|month| month.n_orders);
    let amount = sum(&|month| month.amount);
    TotalsBody {
        n_orders,
        amount: money(amount),
        refunded_amount: money(sum(&|month| month.refunded_amount)),
        net_amount: money(sum(&|month| month.net_amount)),
        first_ordered_at: view.months.iter().find_map(|month| month.sales).map(|(first, _)| instant(first)),
        last_ordered_at: view.months.iter().rev().find_map(|month| month.sales).map(|(_, last)| instant(last)),
        average_order: (n_orders > 0).then(|| money((amount + n_orders / 2) / n_orders)),
    }
}

fn months(view: &Profile) -> Vec<MonthBody> {
    let mut cumulative = 0;
    view.months
        .iter()
        .map(|month| {
            cumulative += month.net_amount;
            MonthBody {
                month: month.month.clone(),
                net_amount: money(month.net_amount),
                cumulative: money(cumulative),
                n_orders: month.n_orders,
            }
        })
        .collect()
}

/// Customers who were looked up.
#[derive(Serialize, ToSchema)]
pub(super) struct ProfileMatches {
    items: Vec<ListItem>,
    total: u64,
}

pub(super) fn bad_cursor() -> ApiError {
    let code = zhike_domain::error_code::ErrorCode::BadRequest;
    ApiError::new(code, "the cursor is not one of ours: start from the first page", "翻页位置无效：请从第一页开始")
}

/// Whom to look up.
#[derive(Deserialize, ToSchema)]
#[schema(as = ProfileSearch)]
pub(super) struct SearchBody {
    /// Kind of identity; all kinds when absent.
    #[schema(value_type = Option<String>)]
    kind: Option<String>,
    /// Exact phone, e-mail, member number …
    #[schema(value_type = String)]
    value: Sensitive<String>,
}

/// Customers with an identity of exactly this value. The value stands in the body, so that no log keeps it.
#[utoipa::path(post, path = "/api/v1/profiles/search", request_body = SearchBody, responses((status = 200, body = ProfileMatches)))]
pub(super) async fn search(
    app: Acting,
    body: Result<Json<SearchBody>, JsonRejection>,
) -> ApiResult<Json<ProfileMatches>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let kind = body.kind.as_deref().and_then(IdentityKind::parse);
    let mut found = Vec::new();
    if let (None, Ok(id)) = (kind, body.value.expose().parse::<ProfileId>()) {
        found.push(id);
    }
    found.extend(profiles::find(app.ctx(), kind, &body.value).await?);
    let items = listed_by_id(app.ctx(), &found).await?;
    let total = items.len() as u64;
    Ok(Json(ProfileMatches { items: items.into_iter().map(ListItem::from).collect(), total }))
}

/// One customer, whole.
#[utoipa::path(
    get,
    path = "/api/v1/profiles/{profile_id}",
    params(("profile_id" = String, Path, description = "`prf_…`")),
    responses((status = 200, body = ProfileBody), (status = 404, body = super::error::ErrorBody))
)]
pub(super) async fn show(app: Acting, path: Result<Path<ProfileId>, PathRejection>) -> ApiResult<Json<ProfileBody>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let view = profiles::view(app.ctx(), profile_id, &Show::Masked).await?;
    Ok(Json(ProfileBody::new(&view, &app.ctx().workspace().currency)))
}

/// Which orders.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OrdersQuery {
    /// Cursor of the page before.
    after: Option<String>,
    /// Orders, 20 by default.
    limit: Option<usize>,
}

/// A page of orders.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderPage)]
pub(super) struct OrdersPage {
    items: Vec<OrderBody>,
    next: Option<String>,
}

/// One order.
#[derive(Serialize, ToSchema)]
#[schema(as = Order)]
pub(super) struct OrderBody {
    order_id: String,
    source: String,
    ordered_at: Option<String>,
    status: Option<String>,
    kind: Option<String>,
    channel: Option<String>,
    store_id: Option<String>,
    amount: Option<String>,
    discount: Option<String>,
    refunded_amount: Option<String>,
    net_amount: Option<String>,
    currency: String,
    original_amount: Option<String>,
    n_items: Option<f64>,
    items: Vec<ItemBody>,
}

/// One line of an order.
#[derive(Serialize, ToSchema)]
#[schema(as = OrderLine)]
pub(super) struct ItemBody {
    line_no: i64,
    product_id: Option<String>,
    product_name: Option<String>,
    quantity: Option<f64>,
    unit_price: Option<String>,
    amount: Option<String>,
    is_refund: bool,
}

/// The orders of a customer, newest first, with their lines.
#[utoipa::path(
    get,
    path = "/api/v1/profiles/{profile_id}/orders",
    params(("profile_id" = String, Path, description = "`prf_…`"), OrdersQuery),
    responses((status = 200, body = OrdersPage))
)]
pub(super) async fn orders(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    query: Result<Query<OrdersQuery>, QueryRejection>,
) -> ApiResult<Json<OrdersPage>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let skip = match query.after {
        None => 0,
        Some(text) => text.parse::<usize>().map_err(|_| bad_cursor())?.min(1_000_000),
    };
    let limit = query.limit.unwrap_or(20).clamp(1, MAX_PAGE);
    let page = profiles::orders(app.ctx(), profile_id, skip, limit).await?;
    let next = page.has_more.then(|| (skip + limit).to_string());
    Ok(Json(OrdersPage { items: order_bodies(&page, &app.ctx().workspace().currency), next }))
}

fn order_bodies(page: &OrderPage, currency: &str) -> Vec<OrderBody> {
    let mut lines: BTreeMap<(String, String), Vec<ItemBody>> = BTreeMap::new();
    let items = &page.items;
    for row in 0..items.n_rows() {
        let source = text(items, "source", row).unwrap_or_default();
        let product_id = text(items, "product_id", row);
        let name = product_id.as_ref().and_then(|id| page.product_names.get(&(source.clone(), id.clone())).cloned());
        let line = ItemBody {
            line_no: num(items, "line_no", row).unwrap_or(0),
            product_id,
            product_name: name,
            quantity: units(items, "quantity", row),
            unit_price: decimal(items, "unit_price", row, 4),
            amount: decimal(items, "amount", row, 2),
            is_refund: num(items, "is_refund", row) == Some(1),
        };
        lines.entry((source, text(items, "order_id", row).unwrap_or_default())).or_default().push(line);
    }
    let orders = &page.orders;
    (0..orders.n_rows())
        .map(|row| {
            let source = text(orders, "source", row).unwrap_or_default();
            let order_id = text(orders, "order_id", row).unwrap_or_default();
            let items = lines.remove(&(source.clone(), order_id.clone())).unwrap_or_default();
            OrderBody {
                order_id,
                source,
                ordered_at: num(orders, "ordered_at", row).map(instant),
                status: text(orders, "status", row),
                kind: text(orders, "kind", row),
                channel: text(orders, "channel", row),
                store_id: text(orders, "store_id", row),
                amount: decimal(orders, "amount", row, 2),
                discount: decimal(orders, "discount", row, 2),
                refunded_amount: decimal(orders, "refunded_amount", row, 2),
                net_amount: decimal(orders, "net_amount", row, 2),
                currency: text(orders, "currency", row).unwrap_or_else(|| currency.to_owned()),
                original_amount: decimal(orders, "original_amount", row, 2),
                n_items: units(orders, "n_items", row),
                items,
            }
        })
        .collect()
}

fn text(frame: &Frame, name: &str, row: usize) -> Option<String> {
    frame.text(name)?.get(row).map(str::to_owned)
}

fn num(frame: &Frame, name: &str, row: usize) -> Option<i64> {
    frame.num(name)?.get(row)
}

/// Thousandths as a number.
fn units(frame: &Frame, name: &str, row: usize) -> Option<f64> {
    num(frame, name, row).map(|value| value as f64 / 1000.0)
}

fn decimal(frame: &Frame, name: &str, row: usize, places: u8) -> Option<String> {
    num(frame, name, row).map(|value| format_decimal(value, places))
}
