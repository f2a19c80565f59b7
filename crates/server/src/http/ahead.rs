//! `/api/v1/kpis/{key}/forecast` and `/api/v1/kpis/unusual`: what figures will be, and days on which they were not as usual.

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::kpi::{Dimension, PeriodKind};
use zhike_engine::kpis::{
    self, Ahead, AheadPart, AheadPoint, Because, Finding, GoalOutlook, HolidayEffect, Mover, USUAL_DAYS, finding_words,
    outlook_words,
};
use zhike_engine::workspace::day_number;
use zhike_engine::{Ctx, Result as EngineResult};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::kpis::{KpiDefinition, KpiHoliday, dimension, kind};
use super::overview::date;
use super::profiles::day;
use super::who::Acting;

/// A period to come.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastPoint {
    pub(crate) period: String,
    from: String,
    to: String,
    /// The number expected, money in the workspace currency.
    pub(crate) value: f64,
    /// Between which it is 4 times out of 5.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Between which it is 19 times out of 20.
    lowest: f64,
    highest: f64,
    pub(crate) holidays: Vec<KpiHoliday>,
}

impl From<&AheadPoint> for ForecastPoint {
    fn from(point: &AheadPoint) -> Self {
        let [(low, high), (lowest, highest)] = point.ranges;
        Self {
            period: point.period.name(),
            from: day(point.period.first),
            to: day(point.period.last()),
            value: point.value,
            low,
            high,
            lowest,
            highest,
            holidays: point.holidays.iter().map(|one| (*one).into()).collect(),
        }
    }
}

/// What the periods to come add up to.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastTotal {
    pub(crate) value: f64,
    /// Between which it is 4 times out of 5.
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// How a forecast did from earlier points in time.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastGrade {
    /// naive, ets, theta, stl, mean, croston, tsb.
    pub(crate) method: String,
    /// best, as_good, nothing_better, constant.
    pub(crate) reason: String,
    n_origins: u64,
    /// Mean absolute error, in steps of the same as a season before.
    mase: f64,
    /// That of the same as a season before.
    naive_mase: f64,
    /// Symmetric mean error, 0 to 2.
    smape: f64,
    /// Share of true numbers within the range of 4 out of 5; missing where too few were tried.
    held_ratio: Option<f64>,
}

/// What a holiday does.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastHoliday {
    name: String,
    name_zh: String,
    /// A factor, or what is added.
    size: f64,
    is_factor: bool,
    /// Periods in which it was met.
    n_periods: u64,
}

impl From<&HolidayEffect> for ForecastHoliday {
    fn from(one: &HolidayEffect) -> Self {
        let (zh, en) = one.name;
        let (size, is_factor, n_periods) = (one.size, one.is_factor, one.n_periods as u64);
        Self { name: en.to_owned(), name_zh: zh.to_owned(), size, is_factor, n_periods }
    }
}

/// What a part of a figure will be.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForecastPart {
    /// Missing for what has no value, or for all the other values.
    pub(crate) value: Option<String>,
    /// The name of a product.
    pub(crate) label: Option<String>,
    /// Whether these are all the other values.
    pub(crate) is_other: bool,
    /// What as many whole periods before brought.
    pub(crate) before: f64,
    /// One a period to come; in each, parts add up to the whole.
    pub(crate) values: Vec<f64>,
    /// Whether it was forecast; else it is as a season before.
    pub(crate) is_forecast: bool,
}

impl From<AheadPart> for ForecastPart {
    fn from(part: AheadPart) -> Self {
        let AheadPart { value, label, is_other, before, values, is_forecast } = part;
        Self { value, label, is_other, before, values, is_forecast }
    }
}

/// What a figure will be.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiForecast {
    kpi: KpiDefinition,
    /// day, week, month, quarter.
    by: String,
    /// Last day of which anything is known.
    through: String,
    currency: String,
    /// Whole periods that it was learnt from, and those of them without a number.
    n_periods: u64,
    n_gaps: u64,
    /// What it means, or why nothing is told.
    pub(crate) meaning: String,
    pub(crate) meaning_zh: String,
    /// The periods to come; empty where nothing is told.
    pub(crate) points: Vec<ForecastPoint>,
    /// What they add up to; missing where numbers of periods do not.
    total: Option<ForecastTotal>,
    /// Missing where nothing is told.
    grade: Option<ForecastGrade>,
    /// The strongest first.
    holidays: Vec<ForecastHoliday>,
    /// What it is taken apart by.
    dimension: Option<String>,
    /// The largest first; missing without a dimension.
    pub(crate) parts: Option<Vec<ForecastPart>>,
    /// Whether parts are missing because they are of so few people.
    is_suppressed: bool,
}

fn body(ahead: &Ahead, currency: String) -> KpiForecast {
    let (meaning_zh, meaning) = outlook_words(ahead, &currency);
    let outlook = ahead.told.as_ref().ok();
    let total = outlook.and_then(|outlook| outlook.total).map(|total| {
        let (low, high) = total.range(0.8);
        ForecastTotal { value: total.mean, low, high }
    });
    let grade = outlook.map(|outlook| {
        let grade = &outlook.grade;
        ForecastGrade {
            method: outlook.method_word().to_owned(),
            reason: outlook.reason_word().to_owned(),
            n_origins: grade.n_origins as u64,
            mase: grade.mase,
            naive_mase: grade.naive_mase,
            smape: grade.smape,
            held_ratio: Some(grade.coverage[0]).filter(|ratio| ratio.is_finite()),
        }
    });
    KpiForecast {
        kpi: ahead.kpi.into(),
        by: ahead.by.as_str().to_owned(),
        through: day(ahead.through),
        currency,
        n_periods: ahead.n_periods as u64,
        n_gaps: ahead.n_gaps as u64,
        meaning,
        meaning_zh,
        points: outlook.map(|outlook| outlook.points.iter().map(Into::into).collect()).unwrap_or_default(),
        total,
        grade,
        holidays: outlook.map(|outlook| outlook.holidays.iter().map(Into::into).collect()).unwrap_or_default(),
        dimension: None,
        parts: None,
        is_suppressed: false,
    }
}

/// What a figure will be, by key.
pub(crate) async fn forecast_of(
    ctx: &Ctx,
    key: &str,
    by: PeriodKind,
    n: Option<usize>,
    through: Option<i64>,
    dimension: Option<Dimension>,
) -> EngineResult<KpiForecast> {
    let currency = ctx.workspace().currency;
    let Some(dimension) = dimension else {
        return Ok(body(&kpis::ahead(ctx, kpis::get(key)?, by, n, through).await?, currency));
    };
    let found = kpis::ahead_by(ctx, kpis::get(key)?, by, n, through, dimension).await?;
    Ok(KpiForecast {
        dimension: Some(found.dimension.as_str().to_owned()),
        parts: Some(found.parts.into_iter().map(Into::into).collect()),
        is_suppressed: found.is_suppressed,
        ..body(&found.ahead, currency)
    })
}

/// How far ahead.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct ForecastQuery {
    /// day, week, month (by default), quarter.
    by: Option<String>,
    /// Periods to come: 28 days, 13 weeks, 6 months or 4 quarters by default.
    periods: Option<usize>,
    /// The last day that may be known: to see what would have been told.
    through: Option<String>,
    /// What it is to be taken apart by; parts add up to the whole.
    dimension: Option<String>,
}

/// What a figure will be: the periods to come with their ranges, how good such forecasts were, what holidays do.
#[utoipa::path(get, path = "/api/v1/kpis/{key}/forecast",
    params(("key" = String, Path, description = "key"), ForecastQuery),
    responses((status = 200, body = KpiForecast), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn forecast(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<ForecastQuery>, QueryRejection>,
) -> ApiResult<Json<KpiForecast>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    let through = date(query.through)?.map(day_number);
    let by = kind(query.by.as_deref())?;
    let dimension = dimension(query.dimension.as_deref())?;
    Ok(Json(forecast_of(app.ctx(), &key, by, query.periods, through, dimension).await?))
}

/// A part and what it did to a figure.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusualPart {
    /// Missing for what has no value, and for the rest.
    value: Option<String>,
    /// The name of a product.
    label: Option<String>,
    is_other: bool,
    /// Mean of the same weekdays of the weeks before.
    before: Option<f64>,
    after: Option<f64>,
    /// By how much it moved the whole.
    contribution: f64,
}

impl From<&Mover> for UnusualPart {
    fn from(mover: &Mover) -> Self {
        Self {
            value: mover.value.clone(),
            label: mover.label.clone(),
            is_other: mover.is_other,
            before: Some(mover.before),
            after: Some(mover.after),
            contribution: mover.contribution,
        }
    }
}

/// A day on which a figure was not as usual.
#[derive(Serialize, ToSchema)]
pub(crate) struct UnusualItem {
    pub(crate) kpi: KpiDefinition,
    /// Keys of others of its group that went the same way.
    also: Vec<String>,
    pub(crate) day: String,
    pub(crate) value: f64,
    pub(crate) expected: f64,
    /// Between which it would have been as usual.
    low: f64,
    high: f64,
    is_high: bool,
    /// Whether that is good; missing where neither is.
    is_good: Option<bool>,
    /// The probability of such a day among all that were looked at, were all as usual.
    p: f64,
    holidays: Vec<KpiHoliday>,
    /// The dimension that tells best where it comes from; missing where all parts moved together.
    dimension: Option<String>,
    parts: Vec<UnusualPart>,
    pub(crate) meaning: String,
    pub(crate) meaning_zh: String,
}

/// Days on which figures were not as usual.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiUnusual {
    /// Last day of which anything is known.
    through: String,
    currency: String,
    /// Days of figures that were judged, and those of which too little is known.
    pub(crate) n_judged: u64,
    pub(crate) n_unknown: u64,
    /// The newest first, of a day the strongest.
    pub(crate) items: Vec<UnusualItem>,
}

fn item(finding: &Finding, currency: &str) -> UnusualItem {
    let (meaning_zh, meaning) = finding_words(finding, currency);
    let because = finding.because.as_ref();
    let parts = |because: &Because| because.parts.iter().map(Into::into).collect();
    UnusualItem {
        kpi: finding.kpi.into(),
        also: finding.also.iter().map(|kpi| kpi.key.clone()).collect(),
        day: day(finding.day),
        value: finding.value,
        expected: finding.expected,
        low: finding.range.0,
        high: finding.range.1,
        is_high: finding.is_high,
        is_good: finding.is_good,
        p: finding.p,
        holidays: finding.holidays.iter().map(|one| (*one).into()).collect(),
        dimension: because.map(|because| because.dimension.as_str().to_owned()),
        parts: because.map(parts).unwrap_or_default(),
        meaning,
        meaning_zh,
    }
}

/// The newest days of all figures.
pub(crate) async fn unusual_of(ctx: &Ctx, n_days: usize) -> EngineResult<KpiUnusual> {
    let found = kpis::unusual(ctx, n_days).await?;
    let currency = ctx.workspace().currency;
    Ok(KpiUnusual {
        through: day(found.through),
        n_judged: found.n_judged as u64,
        n_unknown: found.n_unknown as u64,
        items: found.items.iter().map(|one| item(one, &currency)).collect(),
        currency,
    })
}

/// How many days.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct UnusualQuery {
    /// The newest days, 14 by default, 92 at most.
    days: Option<usize>,
}

/// Days on which figures were not as usual, and which part that comes from.
#[utoipa::path(get, path = "/api/v1/kpis/unusual", params(UnusualQuery),
    responses((status = 200, body = KpiUnusual), (status = 400, body = ErrorBody)))]
pub(super) async fn unusual(
    app: Acting,
    query: Result<Query<UnusualQuery>, QueryRejection>,
) -> ApiResult<Json<KpiUnusual>> {
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(unusual_of(app.ctx(), query.days.unwrap_or(USUAL_DAYS)).await?))
}

/// Where the number of a goal is going.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiGoalOutlook {
    /// The number expected by the last day.
    pub(crate) expected: f64,
    /// Between which it is 4 times out of 5.
    low: f64,
    high: f64,
    /// The probability that the goal is met; missing where neither more nor less is good.
    pub(crate) chance: Option<f64>,
}

impl From<GoalOutlook> for KpiGoalOutlook {
    fn from(outlook: GoalOutlook) -> Self {
        let (low, high) = outlook.range;
        Self { expected: outlook.expected, low, high, chance: outlook.chance }
    }
}
