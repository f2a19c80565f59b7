//! `GET /api/v1/overview`.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_engine::overview::{self, Class, Compare, DayFigures, Overview, Totals};

use super::error::{ApiError, ApiResult};
use super::profiles::{day, money};
use super::schema::{KpiWord, SegmentWord, TierWord, UnitWord};
use super::who::Acting;

/// Which days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct OverviewQuery {
    /// First day; 30 days up to the last by default.
    from: Option<String>,
    /// Last day; the last day with data by default.
    to: Option<String>,
    /// `prev` for as many days just before, `year` for the same days a year earlier.
    #[param(inline)]
    compare: Option<CompareWord>,
}

/// Days compared with.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum CompareWord {
    Prev,
    Year,
}

/// The figures of the first page.
#[derive(Serialize, ToSchema)]
#[schema(as = Overview)]
pub(super) struct OverviewBody {
    from: String,
    to: String,
    compare_from: String,
    compare_to: String,
    currency: String,
    kpis: Vec<Kpi>,
    trend: Vec<TrendDay>,
    tiers: Vec<TierRow>,
    rfm_segments: Vec<SegmentRow>,
    sentence_zh: String,
    sentence_en: String,
}

/// One figure with its past.
#[derive(Serialize, ToSchema)]
pub(super) struct Kpi {
    #[schema(value_type = KpiWord)]
    key: &'static str,
    #[schema(value_type = UnitWord)]
    unit: &'static str,
    value: Option<KpiValue>,
    previous: Option<KpiValue>,
    /// Whether the value counts fewer people than the role is told of.
    is_suppressed: bool,
    /// By day; empty where a day has no such figure.
    series: Vec<Option<f64>>,
}

/// Money as decimal text, the others as numbers.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum KpiValue {
    Money(String),
    Number(f64),
}

/// One day.
#[derive(Serialize, ToSchema)]
#[schema(as = TrendPoint)]
pub(super) struct TrendDay {
    on: String,
    net_sales: String,
    orders: i64,
    /// Missing where it counts fewer people than the role is told of.
    active_customers: Option<i64>,
    /// The last day of the data, which may not be over.
    is_partial: bool,
    previous_net_sales: Option<String>,
}

/// One tier.
#[derive(Serialize, ToSchema)]
#[schema(as = TierShare)]
pub(super) struct TierRow {
    #[schema(value_type = TierWord)]
    tier: String,
    /// Whether these are fewer people than the role is told of; then the rest is missing.
    is_suppressed: bool,
    n_customers: Option<i64>,
    customer_ratio: Option<f64>,
    monetary: Option<String>,
    monetary_ratio: Option<f64>,
}

/// One of the eight groups.
#[derive(Serialize, ToSchema)]
#[schema(as = RfmSegmentShare)]
pub(super) struct SegmentRow {
    #[schema(value_type = SegmentWord)]
    rfm_segment: String,
    /// Whether these are fewer people than the role is told of; then the rest is missing.
    is_suppressed: bool,
    n_customers: Option<i64>,
    customer_ratio: Option<f64>,
    monetary: Option<String>,
    monetary_ratio: Option<f64>,
    avg_recency_days: Option<f64>,
}

/// Figures of some days against earlier ones, tiers and groups of the newest refresh.
#[utoipa::path(get, path = "/api/v1/overview", params(OverviewQuery), responses((status = 200, body = OverviewBody)))]
pub(super) async fn show(
    app: Acting,
    query: Result<Query<OverviewQuery>, QueryRejection>,
) -> ApiResult<Json<OverviewBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let compare = match query.compare {
        Some(CompareWord::Year) => Compare::Year,
        _ => Compare::Previous,
    };
    let figures = overview::overview(app.ctx(), date(query.from)?, date(query.to)?, compare).await?;
    Ok(Json(body(&figures, app.ctx().workspace().currency)))
}

/// A day as text.
pub(super) fn date(text: Option<String>) -> ApiResult<Option<jiff::civil::Date>> {
    text.map(read_date).transpose()
}

/// Reads a day.
pub(super) fn read_date(text: String) -> ApiResult<jiff::civil::Date> {
    text.parse().map_err(|_| {
        let code = zhike_domain::error_code::ErrorCode::BadRequest;
        ApiError::new(code, "a day is written YYYY-MM-DD", "日期格式为 YYYY-MM-DD")
    })
}

fn body(figures: &Overview, currency: String) -> OverviewBody {
    let trend = figures
        .days
        .iter()
        .enumerate()
        .map(|(at, figure)| TrendDay {
            on: day(figure.on),
            net_sales: money(figure.net_sales),
            orders: figure.n_orders,
            active_customers: figure.n_customers,
            is_partial: figure.on == figures.data_to,
            previous_net_sales: figures.days_before.get(at).map(|before| money(before.net_sales)),
        })
        .collect();
    OverviewBody {
        from: day(figures.span.0),
        to: day(figures.span.1),
        compare_from: day(figures.compared.0),
        compare_to: day(figures.compared.1),
        currency,
        kpis: kpis(figures),
        trend,
        tiers: tiers(figures),
        rfm_segments: segments(figures),
        sentence_zh: figures.sentence.0.clone(),
        sentence_en: figures.sentence.1.clone(),
    }
}

fn kpis(figures: &Overview) -> Vec<Kpi> {
    let before = figures.before.as_ref();
    let series = |of: &dyn Fn(&DayFigures) -> Option<f64>| figures.days.iter().map(of).collect();
    let amount = |value: i64| Some(KpiValue::Money(money(value)));
    let count = |n: Option<i64>| n.map(|n| KpiValue::Number(n as f64));
    let share = |part: i64, whole: i64| (whole != 0).then(|| KpiValue::Number(part as f64 / whole as f64));
    let kpi = |key, unit, of: &dyn Fn(&Totals) -> Option<KpiValue>, series: Vec<Option<f64>>| Kpi {
        key,
        unit,
        value: of(&figures.now),
        previous: before.and_then(of),
        is_suppressed: match key {
            "active_customers" => figures.now.n_customers.is_none(),
            "new_customers" => figures.now.n_new.is_none(),
            "repurchase_rate" => figures.now.n_customers.is_none() || figures.now.n_repeat.is_none(),
            _ => false,
        },
        series,
    };
    vec![
        kpi("net_sales", "money", &|t| amount(t.net_sales), series(&|d| Some(d.net_sales as f64 / 100.0))),
        kpi("orders", "count", &|t| count(Some(t.n_orders)), series(&|d| Some(d.n_orders as f64))),
        kpi("active_customers", "count", &|t| count(t.n_customers), series(&|d| d.n_customers.map(|n| n as f64))),
        kpi("new_customers", "count", &|t| count(t.n_new), Vec::new()),
        kpi("repurchase_rate", "ratio", &|t| share(t.n_repeat?, t.n_customers?), Vec::new()),
        kpi(
            "refund_rate",
            "ratio",
            &|t| share(t.refunds, t.sales),
            series(&|d| (d.sales != 0).then(|| d.refunds as f64 / d.sales as f64)),
        ),
    ]
}

/// Share of a whole; missing where that is not told.
fn ratio(part: i64, whole: Option<i64>) -> Option<f64> {
    whole.map(|whole| if whole == 0 { 0.0 } else { part as f64 / whole as f64 })
}

fn tiers(figures: &Overview) -> Vec<TierRow> {
    let all = figures.all;
    let row = |tier: &str| {
        let class = figures.tiers.get(tier).copied().unwrap_or_else(|| Some(Class::default()));
        TierRow {
            tier: tier.into(),
            is_suppressed: class.is_none(),
            n_customers: class.map(|class| class.n_customers),
            customer_ratio: class.and_then(|class| ratio(class.n_customers, all.map(|all| all.n_customers))),
            monetary: class.map(|class| money(class.monetary)),
            monetary_ratio: class.and_then(|class| ratio(class.monetary, all.map(|all| all.monetary))),
        }
    };
    ["core", "potential", "general", "at_risk"].into_iter().map(row).collect()
}

fn segments(figures: &Overview) -> Vec<SegmentRow> {
    let all = figures.all;
    let row = |segment: &zhike_domain::rfm::Segment| {
        let class = figures.rfm_segments.get(segment.as_str()).copied().unwrap_or_else(|| Some(Class::default()));
        SegmentRow {
            rfm_segment: segment.as_str().into(),
            is_suppressed: class.is_none(),
            n_customers: class.map(|class| class.n_customers),
            customer_ratio: class.and_then(|class| ratio(class.n_customers, all.map(|all| all.n_customers))),
            monetary: class.map(|class| money(class.monetary)),
            monetary_ratio: class.and_then(|class| ratio(class.monetary, all.map(|all| all.monetary))),
            avg_recency_days: class.and_then(|class| ratio(class.recency_days, Some(class.n_customers))),
        }
    };
    zhike_domain::rfm::Segment::ALL.iter().map(row).collect()
}
