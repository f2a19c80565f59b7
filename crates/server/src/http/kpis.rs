//! `/api/v1/kpis`: figures by period and dimension, who and what stands behind them, goals.

use std::collections::HashMap;

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_domain::kpi::{Dimension, Goal, Holiday, Kpi, Pace, PeriodKind, Value};
use zhike_engine::customers::listed_by_id;
use zhike_engine::kpis::{self, Ask, Asked, Behind, GoalState, Kind, Part, PartOf, Point, Series, Window};
use zhike_engine::workspace::day_number;
use zhike_engine::{Ctx, Result as EngineResult};

use super::ahead::KpiGoalOutlook;
use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::day;
use super::who::Acting;
use crate::output::instant;

/// Values of a dimension that are shown when nobody says how many.
pub(crate) const TOP: usize = 8;
/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// What a figure is.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiDefinition {
    pub(crate) key: String,
    /// sales, customers, visits.
    pub(crate) group: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// What exactly is counted.
    pub(crate) definition: String,
    pub(crate) definition_zh: String,
    /// money, count, share, ratio, days.
    pub(crate) unit: String,
    /// more, less, neither.
    better: String,
    /// Whether the numbers of days add up to that of their month.
    adds_up: bool,
    /// Figures that it is one over the other of.
    part_key: Option<String>,
    whole_key: Option<String>,
    /// Whether the whole is that of the period before.
    is_whole_before: bool,
    /// What it can be taken apart by.
    dimensions: Vec<String>,
    /// The dimension it is about.
    split_by: Option<String>,
}

impl From<&Kpi> for KpiDefinition {
    fn from(kpi: &Kpi) -> Self {
        let ratio = match &kpi.value {
            Value::Ratio(ratio) => Some(ratio),
            Value::Measure(_) => None,
        };
        Self {
            key: kpi.key.clone(),
            group: kpi.group.clone(),
            name: kpi.name.en.clone(),
            name_zh: kpi.name.zh.clone(),
            definition: kpi.definition.en.clone(),
            definition_zh: kpi.definition.zh.clone(),
            unit: kpi.unit.as_str().to_owned(),
            better: kpi.better.as_str().to_owned(),
            adds_up: kpi.adds_up,
            part_key: ratio.map(|ratio| ratio.part.clone()),
            whole_key: ratio.map(|ratio| ratio.whole.clone()),
            is_whole_before: ratio.is_some_and(|ratio| ratio.whole_before),
            dimensions: kpi.dimensions().into_iter().map(|one| one.as_str().to_owned()).collect(),
            split_by: kpi.split_by.map(|one| one.as_str().to_owned()),
        }
    }
}

/// What a number shall be over some days, and how far it has come.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiGoal {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) value: f64,
    /// The number so far.
    pub(crate) actual: Option<f64>,
    /// The number so far over the goal.
    pub(crate) progress_ratio: Option<f64>,
    /// The share of the days that have happened.
    pub(crate) elapsed_ratio: f64,
    /// What the number should be by now.
    pub(crate) expected: f64,
    pub(crate) is_on_pace: Option<bool>,
    /// Where it is going; missing for what only marks a period, where days do not add up, and where nothing is told.
    pub(crate) outlook: Option<KpiGoalOutlook>,
    /// Who set it; missing where it only marks a period.
    pub(crate) author: Option<String>,
    set_at: Option<String>,
}

fn goal((goal, pace): &(Goal, Pace), actual: Option<f64>) -> KpiGoal {
    KpiGoal {
        from: day(goal.first),
        to: day(goal.last),
        value: goal.value,
        actual,
        progress_ratio: pace.progress,
        elapsed_ratio: pace.elapsed,
        expected: pace.expected,
        is_on_pace: pace.is_on_pace,
        outlook: None,
        author: None,
        set_at: None,
    }
}

impl From<GoalState> for KpiGoal {
    fn from(state: GoalState) -> Self {
        let (author, set_at) = (Some(state.author), Some(instant(state.set_at)));
        let outlook = state.outlook.map(Into::into);
        Self { author, set_at, outlook, ..goal(&(state.goal, state.pace), state.actual) }
    }
}

/// A feast that a period contains.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiHoliday {
    pub(crate) name: String,
    pub(crate) name_zh: String,
    from: String,
    to: String,
}

/// One period.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiPoint {
    /// `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`.
    pub(crate) period: String,
    from: String,
    /// Last day that is in the number.
    to: String,
    /// Not over yet, or its last days are not known: its numbers are compared with the same days of earlier periods.
    pub(crate) is_unfinished: bool,
    /// The number, money in the workspace currency; missing where nothing is known, or of a rate of nothing.
    pub(crate) value: Option<f64>,
    /// Whether it is missing because it counts fewer people than the role is told of.
    pub(crate) is_suppressed: bool,
    /// The number of the period before.
    pub(crate) previous: Option<f64>,
    /// The number of a year earlier; of weeks 52 weeks earlier.
    pub(crate) year_before: Option<f64>,
    pub(crate) holidays: Vec<KpiHoliday>,
    pub(crate) goal: Option<KpiGoal>,
}

impl From<&Holiday> for KpiHoliday {
    fn from(one: &Holiday) -> Self {
        let (zh, en) = one.name;
        Self { name: en.to_owned(), name_zh: zh.to_owned(), from: day(one.first), to: day(one.last) }
    }
}

impl From<&Point> for KpiPoint {
    fn from(point: &Point) -> Self {
        Self {
            period: point.period.name(),
            from: day(point.period.first),
            to: day(point.to),
            is_unfinished: point.is_unfinished,
            value: point.figures.value,
            is_suppressed: point.figures.is_suppressed,
            previous: point.figures.previous,
            year_before: point.figures.year_before,
            holidays: point.holidays.iter().map(|one| (*one).into()).collect(),
            goal: point.goal.as_ref().map(|one| goal(one, point.figures.value)),
        }
    }
}

/// A value of a dimension, by period.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiPart {
    /// Missing for what has no value, and for the rest.
    pub(crate) value: Option<String>,
    /// The name of a product.
    pub(crate) label: Option<String>,
    /// All the other values together.
    pub(crate) is_other: bool,
    /// One a period.
    pub(crate) numbers: Vec<Option<f64>>,
    /// Whether a number is missing because it counts fewer people than the role is told of.
    pub(crate) is_suppressed: Vec<bool>,
}

impl From<Part> for KpiPart {
    fn from(part: Part) -> Self {
        let Part { value, label, is_other, numbers, is_suppressed } = part;
        Self { value, label, is_other, numbers, is_suppressed }
    }
}

/// A figure with its newest number and those before.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiSummary {
    pub(crate) kpi: KpiDefinition,
    /// The newest period.
    pub(crate) newest: KpiPoint,
    /// The numbers up to it, one a period.
    series: Vec<Option<f64>>,
}

/// All figures.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiList {
    /// day, week, month, quarter.
    by: String,
    /// Last day of which anything is known.
    through: String,
    currency: String,
    pub(crate) items: Vec<KpiSummary>,
}

/// A figure by period.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiSeries {
    kpi: KpiDefinition,
    by: String,
    through: String,
    /// First day with facts.
    data_from: Option<String>,
    currency: String,
    pub(crate) points: Vec<KpiPoint>,
    dimension: Option<String>,
    /// Largest first; without a value, and the rest, last.
    pub(crate) parts: Vec<KpiPart>,
    /// Whether the parts of a period add up to its number.
    parts_add_up: bool,
    /// All its goals.
    goals: Vec<KpiGoal>,
}

/// Which periods.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct KpiQuery {
    /// day, week, month (by default), quarter.
    by: Option<String>,
    /// A day of the first period; 30 days, 26 weeks, 13 months or 9 quarters by default.
    from: Option<String>,
    /// A day of the last period; the last day with data by default.
    to: Option<String>,
    /// What the numbers are taken apart by; not for all figures at once.
    dimension: Option<String>,
    /// Values of the dimension that are shown, 8 by default, 50 at most.
    top: Option<usize>,
}

/// A word that is none of those there are.
fn unknown(what: &str, what_zh: &str, word: &str, all: &[&str]) -> ApiError {
    let (en, zh) = (all.join(", "), all.join("、"));
    ApiError::new(
        ErrorCode::BadRequest,
        format!("there is no {what} {word:?}: there are {en}"),
        format!("没有{what_zh}“{word}”：可用的有 {zh}"),
    )
}

pub(crate) fn kind(word: Option<&str>) -> ApiResult<PeriodKind> {
    let Some(word) = word else { return Ok(PeriodKind::Month) };
    PeriodKind::named(word).ok_or_else(|| unknown("period", "周期", word, &PeriodKind::ALL.map(PeriodKind::as_str)))
}

pub(crate) fn dimension(word: Option<&str>) -> ApiResult<Option<Dimension>> {
    let Some(word) = word else { return Ok(None) };
    let found = Dimension::named(word);
    found.map(Some).ok_or_else(|| unknown("dimension", "维度", word, &Dimension::ALL.map(Dimension::as_str)))
}

impl KpiQuery {
    fn ask(self) -> ApiResult<Ask> {
        Ok(Ask {
            by: kind(self.by.as_deref())?,
            from: date(self.from)?.map(day_number),
            to: date(self.to)?.map(day_number),
            dimension: dimension(self.dimension.as_deref())?,
            top: self.top.unwrap_or(TOP),
        })
    }
}

/// All figures with their newest numbers.
pub(crate) async fn all(ctx: &Ctx, ask: Ask) -> EngineResult<KpiList> {
    let found = kpis::list(ctx, ask).await?;
    let through = found.first().map(|one| day(one.through)).unwrap_or_default();
    let items = found.iter().filter_map(|one| {
        Some(KpiSummary {
            kpi: one.kpi.into(),
            newest: one.points.last()?.into(),
            series: one.points.iter().map(|point| point.figures.value).collect(),
        })
    });
    let currency = ctx.workspace().currency;
    Ok(KpiList { by: ask.by.as_str().to_owned(), through, currency, items: items.collect() })
}

/// One figure by period, with its goals.
pub(crate) async fn one(ctx: &Ctx, key: &str, ask: Ask) -> EngineResult<KpiSeries> {
    let kpi = kpis::get(key)?;
    let Series { by, through, data_from, points, dimension, parts, parts_add_up, .. } =
        kpis::series(ctx, kpi, ask).await?;
    Ok(KpiSeries {
        kpi: kpi.into(),
        by: by.as_str().to_owned(),
        through: day(through),
        data_from: data_from.map(day),
        currency: ctx.workspace().currency,
        points: points.iter().map(KpiPoint::from).collect(),
        dimension: dimension.map(|one| one.as_str().to_owned()),
        parts: parts.into_iter().map(KpiPart::from).collect(),
        parts_add_up,
        goals: kpis::goals(ctx, Some(key)).await?.into_iter().map(KpiGoal::from).collect(),
    })
}

/// All figures: what they count, their newest numbers and those before.
#[utoipa::path(get, path = "/api/v1/kpis", params(KpiQuery),
    responses((status = 200, body = KpiList), (status = 400, body = ErrorBody)))]
pub(super) async fn list(app: Acting, query: Result<Query<KpiQuery>, QueryRejection>) -> ApiResult<Json<KpiList>> {
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(all(app.ctx(), query.ask()?).await?))
}

/// One figure by period: its numbers, what they are compared with, the parts of a dimension, feasts, goals.
#[utoipa::path(get, path = "/api/v1/kpis/{key}", params(("key" = String, Path, description = "key"), KpiQuery),
    responses((status = 200, body = KpiSeries), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn show(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<KpiQuery>, QueryRejection>,
) -> ApiResult<Json<KpiSeries>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    Ok(Json(one(app.ctx(), &key, query.ask()?).await?))
}

/// Which number.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct BehindQuery {
    /// `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`, or `2026-11-01..2026-11-22`.
    period: String,
    /// Of a ratio, what stands below the line instead of above.
    whole: Option<bool>,
    /// The value of the dimension that is asked for.
    value: Option<String>,
    /// `missing` for what has no value, `other` for the values that are not shown.
    part: Option<String>,
    /// As in the series, so that the rest is the same.
    by: Option<String>,
    from: Option<String>,
    to: Option<String>,
    dimension: Option<String>,
    top: Option<usize>,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// Who or what stands behind a number.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiBehind {
    /// people, orders, events, sessions.
    pub(crate) kind: String,
    from: String,
    to: String,
    /// How many there are; of a sum, what the amounts of all add up to.
    /// Missing where so few people are not told.
    pub(crate) total: Option<f64>,
    pub(crate) is_suppressed: bool,
    /// Whether `total` is the sum of the amounts.
    pub(crate) is_sum: bool,
    pub(crate) items: Vec<KpiBehindItem>,
    pub(crate) next: Option<String>,
}

/// One of those behind a number.
#[derive(Serialize, ToSchema)]
pub(crate) struct KpiBehindItem {
    pub(crate) profile_id: Option<String>,
    /// The customer, masked; of lists of people.
    pub(crate) customer: Option<ListItem>,
    /// Source of an order or event.
    pub(crate) source: Option<String>,
    /// Order, event or session.
    pub(crate) id: Option<String>,
    /// Name of an event.
    pub(crate) name: Option<String>,
    pub(crate) at: Option<String>,
    /// What it adds to a sum.
    pub(crate) amount: Option<f64>,
}

/// Which part of a breakdown.
pub(crate) fn part_of(
    dimension: Option<Dimension>,
    value: Option<String>,
    part: Option<&str>,
) -> ApiResult<Option<(Dimension, PartOf)>> {
    let of = match (value, part) {
        (None, None) => return Ok(None),
        (Some(value), None) => PartOf::Value(value),
        (None, Some("missing")) => PartOf::Missing,
        (None, Some("other")) => PartOf::Other,
        (None, Some(word)) => return Err(unknown("part", "部分", word, &["missing", "other"])),
        (Some(_), Some(_)) => {
            return Err(ApiError::new(
                ErrorCode::BadRequest,
                "value and part exclude each other: leave one of them out",
                "value 和 part 不能同时给出：请去掉一个",
            ));
        }
    };
    dimension.map(|dimension| Some((dimension, of))).ok_or_else(|| {
        ApiError::new(ErrorCode::BadRequest, "a value needs its dimension", "给出取值时还要给出维度 dimension")
    })
}

/// A page of those behind a number, customers with what may be shown of them.
pub(crate) async fn behind_page(ctx: &Ctx, key: &str, asked: Asked) -> EngineResult<KpiBehind> {
    let Behind { kind, measure, days, total, rows, next } = kpis::behind(ctx, kpis::get(key)?, asked).await?;
    let ids: Vec<ProfileId> = rows.iter().filter_map(|row| row.profile_id).map(ProfileId::new).collect();
    let listed = if kind == Kind::People { listed_by_id(ctx, &ids).await? } else { Vec::new() };
    let mut customers: HashMap<ProfileId, ListItem> =
        listed.into_iter().map(|one| (one.profile_id, one.into())).collect();
    let scale = measure.take.scale() as f64;
    let is_sum = measure.take.scale() > 1;
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    let items = rows.into_iter().map(|row| {
        let profile_id = row.profile_id.map(ProfileId::new);
        KpiBehindItem {
            customer: profile_id.and_then(|id| customers.remove(&id)),
            profile_id: profile_id.map(|id| id.to_string()),
            source: some(row.source),
            id: some(row.id),
            name: some(row.name),
            at: (kind != Kind::People).then(|| instant(row.happened)),
            amount: is_sum.then_some(row.amount as f64 / scale),
        }
    });
    Ok(KpiBehind {
        kind: kind.as_str().to_owned(),
        from: day(days.0),
        to: day(days.1),
        is_suppressed: total.is_none(),
        total: total.map(|total| total as f64 / scale),
        is_sum,
        items: items.collect(),
        next,
    })
}

/// The customers, orders, events or sessions behind a number: as many as it says, or of that sum.
#[utoipa::path(get, path = "/api/v1/kpis/{key}/behind",
    params(("key" = String, Path, description = "key"), BehindQuery),
    responses((status = 200, body = KpiBehind), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn behind(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<BehindQuery>, QueryRejection>,
) -> ApiResult<Json<KpiBehind>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let Query(BehindQuery { period, whole, value, part, by, from, to, dimension, top, after, limit }) =
        query.map_err(ApiError::from)?;
    let shown = KpiQuery { by, from, to, dimension, top }.ask()?;
    let asked = Asked {
        window: Window::named(&period)?,
        is_whole: whole.unwrap_or(false),
        part: part_of(shown.dimension, value, part.as_deref())?,
        shown,
        after,
        limit: limit.unwrap_or(50).clamp(1, MAX_PAGE),
    };
    Ok(Json(behind_page(app.ctx(), &key, asked).await?))
}

/// A goal to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PutKpiGoal {
    /// `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`, or `2026-11-01..2026-11-22`.
    period: String,
    /// What the number shall be: money in the workspace currency, shares from 0 to 1.
    value: f64,
}

/// All goals of a figure.
#[derive(Serialize, ToSchema)]
pub(super) struct KpiGoals {
    items: Vec<KpiGoal>,
}

async fn goals_of(ctx: &Ctx, key: &str) -> ApiResult<Json<KpiGoals>> {
    let items = kpis::goals(ctx, Some(key)).await?.into_iter().map(KpiGoal::from).collect();
    Ok(Json(KpiGoals { items }))
}

/// Sets what a figure shall be over some days, in place of the goal for the same days.
#[utoipa::path(put, path = "/api/v1/kpis/{key}/goals", params(("key" = String, Path, description = "key")),
    request_body = PutKpiGoal,
    responses((status = 200, body = KpiGoals), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn put_goal(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    body: Result<Json<PutKpiGoal>, JsonRejection>,
) -> ApiResult<Json<KpiGoals>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    kpis::set_goal(app.ctx(), &key, Window::named(&body.period)?.days, body.value, &app.by().owner).await?;
    goals_of(app.ctx(), &key).await
}

/// Which goal.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct GoalQuery {
    /// The days it is for, written as when it was set.
    period: String,
}

/// Takes a goal away.
#[utoipa::path(delete, path = "/api/v1/kpis/{key}/goals",
    params(("key" = String, Path, description = "key"), GoalQuery),
    responses((status = 200, body = KpiGoals), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn remove_goal(
    app: Acting,
    path: Result<Path<String>, PathRejection>,
    query: Result<Query<GoalQuery>, QueryRejection>,
) -> ApiResult<Json<KpiGoals>> {
    let Path(key) = path.map_err(ApiError::from)?;
    let Query(query) = query.map_err(ApiError::from)?;
    kpis::remove_goal(app.ctx(), &key, Window::named(&query.period)?.days).await?;
    goals_of(app.ctx(), &key).await
}
