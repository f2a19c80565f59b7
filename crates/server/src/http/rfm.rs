//! `/api/v1/rfm`: how many customers stand where by recency, frequency and value.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::Serialize;
use utoipa::ToSchema;
use zhike_engine::rfm::{self, Grid, Sums};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::{day, money};
use super::schema::{SegmentWord, TierWord};
use super::segments::DayQuery;
use super::who::Acting;

/// Customers with their money and orders.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmSums {
    /// Whether these are fewer people than the role is told of; then the rest is missing.
    is_suppressed: bool,
    n_customers: Option<i64>,
    /// Share of all customers, 0 to 1.
    customer_ratio: Option<f64>,
    /// Net amount of all their orders.
    monetary: Option<String>,
    /// Share of the net amount of all customers.
    monetary_ratio: Option<f64>,
    /// Net amount over customers.
    average: Option<String>,
    n_orders: Option<i64>,
    /// Mean days since the last order.
    avg_recency_days: Option<f64>,
}

/// Those with the same three scores.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmCell {
    r_score: u8,
    f_score: u8,
    m_score: u8,
    sums: RfmSums,
}

/// One of the eight groups.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmGroup {
    #[schema(value_type = SegmentWord)]
    rfm_segment: &'static str,
    sums: RfmSums,
    /// Mean days between the orders of a customer, over those who had two or more.
    avg_interval_days: Option<f64>,
}

/// One of the tiers.
#[derive(Serialize, ToSchema)]
pub(super) struct RfmTier {
    #[schema(value_type = TierWord)]
    tier: &'static str,
    sums: RfmSums,
}

/// Scores as of a day.
#[derive(Serialize, ToSchema)]
#[schema(as = RfmGrid)]
pub(super) struct RfmBody {
    /// Missing before the first refresh.
    as_of: Option<String>,
    /// Days with scores, ascending.
    days: Vec<String>,
    currency: String,
    total: RfmSums,
    /// Every combination of scores that somebody has.
    cells: Vec<RfmCell>,
    groups: Vec<RfmGroup>,
    tiers: Vec<RfmTier>,
}

fn sums(of: Option<Sums>, total: Option<Sums>) -> RfmSums {
    let ratio = |part: i64, whole: i64| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let both = of.zip(total);
    let some = of.filter(|of| of.n_customers > 0);
    RfmSums {
        is_suppressed: of.is_none(),
        n_customers: of.map(|of| of.n_customers),
        customer_ratio: both.map(|(of, total)| ratio(of.n_customers, total.n_customers)),
        monetary: of.map(|of| money(of.monetary)),
        monetary_ratio: both.map(|(of, total)| ratio(of.monetary, total.monetary)),
        average: some.map(|of| money((of.monetary + of.n_customers / 2).div_euclid(of.n_customers))),
        n_orders: of.map(|of| of.n_orders),
        avg_recency_days: some.map(|of| of.recency_days as f64 / of.n_customers as f64),
    }
}

/// Scores of all customers as of a day that was refreshed, the newest when absent.
#[utoipa::path(get, path = "/api/v1/rfm", params(DayQuery),
    responses((status = 200, body = RfmBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(app: Acting, query: Result<Query<DayQuery>, QueryRejection>) -> ApiResult<Json<RfmBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let grid = rfm::grid(app.ctx(), date(query.as_of)?).await?;
    Ok(Json(body(grid, app.ctx().workspace().currency)))
}

fn body(grid: Option<Grid>, currency: String) -> RfmBody {
    let Some(grid) = grid else {
        let nobody = sums(Some(Sums::default()), Some(Sums::default()));
        return RfmBody {
            as_of: None,
            days: Vec::new(),
            currency,
            total: nobody,
            cells: Vec::new(),
            groups: Vec::new(),
            tiers: Vec::new(),
        };
    };
    let total = grid.total;
    RfmBody {
        as_of: Some(day(grid.as_of)),
        days: grid.days.into_iter().map(day).collect(),
        currency,
        total: sums(total, total),
        cells: grid
            .cells
            .into_iter()
            .map(|((r_score, f_score, m_score), of)| RfmCell { r_score, f_score, m_score, sums: sums(of, total) })
            .collect(),
        groups: grid
            .groups
            .into_iter()
            .map(|(group, of, interval)| RfmGroup {
                rfm_segment: group.as_str(),
                sums: sums(of, total),
                avg_interval_days: interval,
            })
            .collect(),
        tiers: grid
            .tiers
            .into_iter()
            .map(|(tier, of)| RfmTier { tier: tier.as_str(), sums: sums(of, total) })
            .collect(),
    }
}
