//! `GET /api/v1/overview`.

use axum::Json;
use axum::extract::Query;
use axum::extract::rejection::QueryRejection;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_engine::overview::{self, Compare, DayFigures, Overview, Totals};

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
    active_customers: i64,
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
    n_customers: i64,
    customer_ratio: f64,
    monetary: String,
    monetary_ratio: f64,
}

/// One of the eight groups.
#[derive(Serialize, ToSchema)]
#[schema(as = RfmSegmentShare)]
pub(super) struct SegmentRow {
    #[schema(value_type = SegmentWord)]
    rfm_segment: String,
    n_customers: i64,
    customer_ratio: f64,
    monetary: String,
    monetary_ratio: f64,
    avg_recency_days: f64,
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
    let count = |n: i64| Some(KpiValue::Number(n as f64));
    let share = |part: i64, whole: i64| (whole != 0).then(|| KpiValue::Number(part as f64 / whole as f64));
    let kpi = |key, unit, of: &dyn Fn(&Totals) -> Option<KpiValue>, series: Vec<Option<f64>>| Kpi {
        key,
        unit,
        value: of(&figures.now),
        previous: before.and_then(of),
        series,
    };
    vec![
        kpi("net_sales", "money", &|t| amount(t.net_sales), series(&|d| Some(d.net_sales as f64 / 100.0))),
        kpi("orders", "count", &|t| count(t.n_orders), series(&|d| Some(d.n_orders as f64))),
        kpi("active_customers", "count", &|t| count(t.n_customers), series(&|d| Some(d.n_customers as f64))),
        kpi("new_customers", "count", &|t| count(t.n_new), Vec::new()),
        kpi("repurchase_rate", "ratio", &|t| share(t.n_repeat, t.n_customers), Vec::new()),
        kpi(
            "refund_rate",
            "ratio",
            &|t| share(t.refunds, t.sales),
            series(&|d| (d.sales != 0).then(|| d.refunds as f64 / d.sales as f64)),
        ),
    ]
}

fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn tiers(figures: &Overview) -> Vec<TierRow> {
    let all = sums(figures, |_| true);
    ["core", "potential", "general", "at_risk"]
        .into_iter()
        .map(|tier| {
            let (n, monetary, _) = sums(figures, |group| group.0 == tier);
            TierRow {
                tier: tier.into(),
                n_customers: n,
                customer_ratio: ratio(n, all.0),
                monetary: money(monetary),
                monetary_ratio: ratio(monetary, all.1),
            }
        })
        .collect()
}

fn segments(figures: &Overview) -> Vec<SegmentRow> {
    let all = sums(figures, |_| true);
    zhike_domain::rfm::Segment::ALL
        .iter()
        .map(|segment| {
            let (n, monetary, days) = sums(figures, |group| group.1 == segment.as_str());
            SegmentRow {
                rfm_segment: segment.as_str().into(),
                n_customers: n,
                customer_ratio: ratio(n, all.0),
                monetary: money(monetary),
                monetary_ratio: ratio(monetary, all.1),
                avg_recency_days: ratio(days, n),
            }
        })
        .collect()
}

type Group = (String, String, i64, i64, i64);

fn sums(figures: &Overview, keep: impl Fn(&Group) -> bool) -> (i64, i64, i64) {
    let kept = figures.groups.iter().filter(|group| keep(group));
    kept.fold((0, 0, 0), |sum, group| (sum.0 + group.2, sum.1 + group.3, sum.2 + group.4))
}
