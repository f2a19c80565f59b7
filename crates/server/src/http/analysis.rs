//! `/api/v1/analysis`: funnels, retention, lifecycle, stickiness, paths; the people behind each number, as pages and as a
//! segment.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::analysis::{Kind, Life, Spec};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_engine::analysis::{self, CohortGroup, Head, ListPage, Part, RetentionCell, Value};
use zhike_engine::{Ctx, Result as EngineResult};

use super::consents::ExcludedBody;
use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::{bad_cursor, day};
use super::segments::SegmentBody;
use super::who::Acting;

/// Rows of a page at most.
const MAX_PAGE: usize = 200;

/// What every answer says about itself.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnalysisHead {
    /// The question, as it would be stored.
    #[schema(value_type = Object)]
    pub(crate) spec: serde_json::Value,
    /// The question in words.
    pub(crate) sentence: String,
    pub(crate) sentence_zh: String,
    /// First and last day.
    pub(crate) from: String,
    pub(crate) to: String,
    /// Last day of which facts are known.
    pub(crate) through: String,
    /// What the answer means.
    pub(crate) meaning: String,
    pub(crate) meaning_zh: String,
    /// Those who may not be used for the purpose.
    pub(crate) excluded: Option<ExcludedBody>,
    pub(crate) is_excluded_hidden: bool,
    /// Whether a number is missing because so few people are not told.
    pub(crate) is_suppressed: bool,
}

impl From<Head> for AnalysisHead {
    fn from(head: Head) -> Self {
        Self {
            spec: head.spec,
            sentence_zh: head.sentence.0,
            sentence: head.sentence.1,
            from: day(head.days.0),
            to: day(head.days.1),
            through: day(head.through),
            meaning_zh: head.meaning.0,
            meaning: head.meaning.1,
            excluded: head.excluded.map(ExcludedBody::from),
            is_excluded_hidden: head.is_excluded_hidden,
            is_suppressed: head.is_suppressed,
        }
    }
}

/// A part of a breakdown.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnalysisPart {
    /// value, other, missing.
    pub(crate) kind: String,
    /// The value; of a segment `in` or `out`.
    pub(crate) value: Option<String>,
}

impl From<Value> for AnalysisPart {
    fn from(value: Value) -> Self {
        let (kind, value) = match value {
            Value::Value(value) => ("value", Some(value)),
            Value::Other => ("other", None),
            Value::Missing => ("missing", None),
        };
        Self { kind: kind.to_owned(), value }
    }
}

/// One step of a funnel.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunnelStepBody {
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// How many reached it; missing where so few people are not told.
    pub(crate) n: Option<u64>,
    /// Of those who reached the step before, so many did not reach this one.
    pub(crate) lost: Option<u64>,
    /// Share of those of the step before.
    pub(crate) of_previous_ratio: Option<f64>,
    /// In which that share lies, 19 times out of 20.
    pub(crate) low_ratio: Option<f64>,
    pub(crate) high_ratio: Option<f64>,
    /// Share of those of the first step.
    pub(crate) of_first_ratio: Option<f64>,
    /// Half of them took no longer since the step before.
    pub(crate) median_seconds: Option<f64>,
}

/// A part of a funnel.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunnelGroupBody {
    pub(crate) part: AnalysisPart,
    /// How many reached each step; missing where so few people are not told.
    pub(crate) steps: Vec<Option<u64>>,
}

/// What people did instead.
#[derive(Serialize, ToSchema)]
pub(crate) struct InsteadBody {
    /// event, other, nothing.
    pub(crate) kind: String,
    pub(crate) event: Option<String>,
    /// Missing where so few people are not told.
    pub(crate) n: Option<u64>,
}

/// In what those lost and those who went on differ.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunnelDifference {
    pub(crate) field: String,
    pub(crate) label: String,
    pub(crate) label_zh: String,
    /// The word whose shares are compared; missing where means are.
    pub(crate) value: Option<String>,
    /// Share or mean of those lost.
    pub(crate) lost: f64,
    /// Share or mean of those who went on.
    pub(crate) went_on: f64,
}

/// How far people get.
#[derive(Serialize, ToSchema)]
pub(crate) struct FunnelBody {
    pub(crate) head: AnalysisHead,
    pub(crate) steps: Vec<FunnelStepBody>,
    /// The largest first, the rest and those without a value last.
    pub(crate) groups: Vec<FunnelGroupBody>,
    /// How many began too late for their window to have passed.
    pub(crate) n_incomplete: Option<u64>,
    /// From the first to the last step of those who came through: a quarter, half, three quarters took no longer.
    pub(crate) quartile_seconds: Option<Vec<f64>>,
    /// The step, from 1, at which most are lost.
    pub(crate) worst_step: Option<usize>,
    /// What those lost there did next.
    pub(crate) instead: Vec<InsteadBody>,
    /// In what they and those who went on differ most.
    pub(crate) differences: Vec<FunnelDifference>,
    /// What to look at first, when the data say so.
    pub(crate) suggestion: Option<String>,
    pub(crate) suggestion_zh: Option<String>,
}

/// One cell of retention.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionCellBody {
    /// Those for whom the period has passed.
    pub(crate) n_observed: u64,
    /// Those of them who came back; missing where so few people are not told.
    pub(crate) n_back: Option<u64>,
    pub(crate) ratio: Option<f64>,
    /// In which the share lies, 19 times out of 20.
    pub(crate) low_ratio: Option<f64>,
    pub(crate) high_ratio: Option<f64>,
}

impl From<RetentionCell> for RetentionCellBody {
    fn from(cell: RetentionCell) -> Self {
        let whole = Some(cell.n_observed).filter(|n| *n > 0);
        let both = cell.n_back.zip(whole);
        let interval = both.map(|(part, whole)| zhike_domain::analysis::meaning::interval(part, whole));
        Self {
            n_observed: cell.n_observed,
            n_back: cell.n_back,
            ratio: both.map(|(part, whole)| part as f64 / whole as f64),
            low_ratio: interval.map(|one| one.0),
            high_ratio: interval.map(|one| one.1),
        }
    }
}

/// One cohort.
#[derive(Serialize, ToSchema)]
pub(crate) struct CohortBody {
    /// `2026-11-22`, `2026-W47`, `2026-11`, `2026-Q4`.
    pub(crate) period: String,
    /// Missing where so few people are not told.
    pub(crate) n: Option<u64>,
    /// By column; missing where time has not filled it.
    pub(crate) cells: Vec<Option<RetentionCellBody>>,
}

/// Cohorts of a part.
#[derive(Serialize, ToSchema)]
pub(crate) struct CohortGroupBody {
    /// Which part; missing for everybody.
    pub(crate) part: Option<AnalysisPart>,
    pub(crate) cohorts: Vec<CohortBody>,
    /// All cohorts together.
    pub(crate) total: Vec<Option<RetentionCellBody>>,
}

impl From<CohortGroup> for CohortGroupBody {
    fn from(group: CohortGroup) -> Self {
        let cells = |cells: Vec<Option<RetentionCell>>| -> Vec<Option<RetentionCellBody>> {
            cells.into_iter().map(|cell| cell.map(Into::into)).collect()
        };
        let cohorts = group.cohorts.into_iter().map(|one| CohortBody {
            period: one.period.name(),
            n: one.n,
            cells: cells(one.cells),
        });
        Self { part: group.value.map(Into::into), cohorts: cohorts.collect(), total: cells(group.total) }
    }
}

/// A column of retention.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionColumn {
    /// First period, from 0.
    pub(crate) from: u32,
    /// Last period.
    pub(crate) to: u32,
}

/// Who comes back.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionBody {
    pub(crate) head: AnalysisHead,
    /// day, week, month, quarter.
    pub(crate) by: String,
    pub(crate) columns: Vec<RetentionColumn>,
    /// Everybody, then the parts of the breakdown.
    pub(crate) groups: Vec<CohortGroupBody>,
}

/// Lives in one period; a number is missing where so few people are not told.
#[derive(Serialize, ToSchema)]
pub(crate) struct LifecycleRowBody {
    pub(crate) period: String,
    pub(crate) is_unfinished: bool,
    /// There for the first time ever.
    pub(crate) new: Option<u64>,
    /// There, as in the period before.
    pub(crate) returning: Option<u64>,
    /// There again after a break.
    pub(crate) resurrected: Option<u64>,
    /// Not there, but in the period before.
    pub(crate) dormant: Option<u64>,
}

/// Who is new and who leaves.
#[derive(Serialize, ToSchema)]
pub(crate) struct LifecycleBody {
    pub(crate) head: AnalysisHead,
    pub(crate) by: String,
    pub(crate) rows: Vec<LifecycleRowBody>,
}

/// People who were there so often.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimesBody {
    pub(crate) from: u64,
    /// Missing for "or more".
    pub(crate) to: Option<u64>,
    pub(crate) n: Option<u64>,
}

/// How often people are there.
#[derive(Serialize, ToSchema)]
pub(crate) struct StickinessBody {
    pub(crate) head: AnalysisHead,
    pub(crate) by: String,
    /// Periods of the range.
    pub(crate) n_periods: usize,
    pub(crate) n_people: Option<u64>,
    /// People by number of periods on which they were there, from 1 on.
    pub(crate) by_periods: Vec<Option<u64>>,
    /// Mean number of people a period over people at all.
    pub(crate) sticky_ratio: Option<f64>,
    pub(crate) by_times: Vec<TimesBody>,
}

/// What a flow comes from or goes to.
#[derive(Serialize, ToSchema)]
pub(crate) struct PathNode {
    /// event, other, end.
    pub(crate) kind: String,
    pub(crate) event: Option<String>,
}

impl From<analysis::Node> for PathNode {
    fn from(node: analysis::Node) -> Self {
        let (kind, event) = match node {
            analysis::Node::Event(event) => ("event", Some(event)),
            analysis::Node::Other => ("other", None),
            analysis::Node::End => ("end", None),
        };
        Self { kind: kind.to_owned(), event }
    }
}

/// Sessions that went from one event to another.
#[derive(Serialize, ToSchema)]
pub(crate) struct PathFlowBody {
    /// Steps from the anchor to `from`.
    pub(crate) at: usize,
    pub(crate) from: PathNode,
    /// Where they went; looking back, where they came from.
    pub(crate) to: PathNode,
    /// Missing where so few people are not told.
    pub(crate) n: Option<u64>,
}

/// Where sessions went.
#[derive(Serialize, ToSchema)]
pub(crate) struct PathsBody {
    pub(crate) head: AnalysisHead,
    pub(crate) n_sessions: Option<u64>,
    /// By step, the largest first; at each step as many leave an event as came to it.
    pub(crate) flows: Vec<PathFlowBody>,
}

/// A question as JSON.
#[derive(Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct Question(serde_json::Value);

const SECOND: f64 = 1e6;

pub(crate) async fn funnel_body(ctx: &Ctx, spec: &zhike_domain::analysis::Funnel) -> EngineResult<FunnelBody> {
    let answer = analysis::funnel(ctx, spec).await?;
    let seconds = |us: i64| us as f64 / SECOND;
    let (suggestion_zh, suggestion) = answer.suggestion.unzip();
    let steps = answer.steps.into_iter().map(|step| FunnelStepBody {
        name_zh: step.name.0,
        name: step.name.1,
        n: step.n,
        lost: step.lost,
        of_previous_ratio: step.of_previous,
        low_ratio: step.interval.map(|one| one.0),
        high_ratio: step.interval.map(|one| one.1),
        of_first_ratio: step.of_first,
        median_seconds: step.median_us.map(seconds),
    });
    let groups =
        answer.groups.into_iter().map(|group| FunnelGroupBody { part: group.value.into(), steps: group.steps });
    let instead = answer.instead.into_iter().map(|one| {
        let kind = match (one.is_nothing, &one.event) {
            (true, _) => "nothing",
            (false, Some(_)) => "event",
            (false, None) => "other",
        };
        InsteadBody { kind: kind.to_owned(), event: one.event, n: one.n }
    });
    let differences = answer.differences.into_iter().map(|one| FunnelDifference {
        field: one.field,
        label_zh: one.label.0,
        label: one.label.1,
        value: one.value,
        lost: one.left,
        went_on: one.right,
    });
    Ok(FunnelBody {
        head: answer.head.into(),
        steps: steps.collect(),
        groups: groups.collect(),
        n_incomplete: answer.n_incomplete,
        quartile_seconds: answer.time_us.map(|(a, b, c)| [a, b, c].map(seconds).into()),
        worst_step: answer.worst.map(|at| at + 1),
        instead: instead.collect(),
        differences: differences.collect(),
        suggestion,
        suggestion_zh,
    })
}

pub(crate) async fn retention_body(ctx: &Ctx, spec: &zhike_domain::analysis::Retention) -> EngineResult<RetentionBody> {
    let answer = analysis::retention(ctx, spec).await?;
    Ok(RetentionBody {
        head: answer.head.into(),
        by: answer.by.as_str().to_owned(),
        columns: answer.columns.into_iter().map(|(from, to)| RetentionColumn { from, to: to - 1 }).collect(),
        groups: answer.groups.into_iter().map(Into::into).collect(),
    })
}

pub(crate) async fn lifecycle_body(ctx: &Ctx, spec: &zhike_domain::analysis::Lifecycle) -> EngineResult<LifecycleBody> {
    let answer = analysis::lifecycle(ctx, spec).await?;
    let rows = answer.rows.into_iter().map(|row| {
        let of = |life: Life| Life::ALL.iter().position(|one| *one == life).and_then(|at| row.n[at]);
        LifecycleRowBody {
            period: row.period.name(),
            is_unfinished: row.is_unfinished,
            new: of(Life::New),
            returning: of(Life::Returning),
            resurrected: of(Life::Resurrected),
            dormant: of(Life::Dormant),
        }
    });
    Ok(LifecycleBody { head: answer.head.into(), by: answer.by.as_str().to_owned(), rows: rows.collect() })
}

pub(crate) async fn stickiness_body(
    ctx: &Ctx,
    spec: &zhike_domain::analysis::Stickiness,
) -> EngineResult<StickinessBody> {
    let answer = analysis::stickiness(ctx, spec).await?;
    let by_times = answer.by_times.into_iter().map(|(from, to, n)| TimesBody { from, to, n });
    Ok(StickinessBody {
        head: answer.head.into(),
        by: answer.by.as_str().to_owned(),
        n_periods: answer.n_periods,
        n_people: answer.n_people,
        by_periods: answer.by_periods,
        sticky_ratio: answer.ratio,
        by_times: by_times.collect(),
    })
}

pub(crate) async fn paths_body(ctx: &Ctx, spec: &zhike_domain::analysis::Paths) -> EngineResult<PathsBody> {
    let answer = analysis::paths(ctx, spec).await?;
    let flows = answer.flows.into_iter().map(|flow| PathFlowBody {
        at: flow.at,
        from: flow.from.into(),
        to: flow.to.into(),
        n: flow.n,
    });
    Ok(PathsBody { head: answer.head.into(), n_sessions: answer.n_sessions, flows: flows.collect() })
}

fn other_kind() -> ApiError {
    ApiError::new(ErrorCode::Internal, "the question is of another kind", "问题类型不符")
}

type Asked = Result<Json<Question>, JsonRejection>;

async fn asked(app: &Acting, kind: Kind, body: Asked) -> ApiResult<Spec> {
    let Json(Question(json)) = body.map_err(ApiError::from)?;
    Ok(analysis::read(app.ctx(), kind, &json).await?)
}

/// How far people get through steps, where they stop, and what they did instead.
#[utoipa::path(post, path = "/api/v1/analysis/funnel", request_body = Question,
    responses((status = 200, body = FunnelBody), (status = 422, body = ErrorBody)))]
pub(super) async fn funnel(app: Acting, body: Asked) -> ApiResult<Json<FunnelBody>> {
    let Spec::Funnel(spec) = asked(&app, Kind::Funnel, body).await? else { return Err(other_kind()) };
    Ok(Json(funnel_body(app.ctx(), &spec).await?))
}

/// Who comes back, by when they began.
#[utoipa::path(post, path = "/api/v1/analysis/retention", request_body = Question,
    responses((status = 200, body = RetentionBody), (status = 422, body = ErrorBody)))]
pub(super) async fn retention(app: Acting, body: Asked) -> ApiResult<Json<RetentionBody>> {
    let Spec::Retention(spec) = asked(&app, Kind::Retention, body).await? else { return Err(other_kind()) };
    Ok(Json(retention_body(app.ctx(), &spec).await?))
}

/// Who is new, stays, comes back and leaves, by period.
#[utoipa::path(post, path = "/api/v1/analysis/lifecycle", request_body = Question,
    responses((status = 200, body = LifecycleBody), (status = 422, body = ErrorBody)))]
pub(super) async fn lifecycle(app: Acting, body: Asked) -> ApiResult<Json<LifecycleBody>> {
    let Spec::Lifecycle(spec) = asked(&app, Kind::Lifecycle, body).await? else { return Err(other_kind()) };
    Ok(Json(lifecycle_body(app.ctx(), &spec).await?))
}

/// On how many periods, and how often, people are there.
#[utoipa::path(post, path = "/api/v1/analysis/stickiness", request_body = Question,
    responses((status = 200, body = StickinessBody), (status = 422, body = ErrorBody)))]
pub(super) async fn stickiness(app: Acting, body: Asked) -> ApiResult<Json<StickinessBody>> {
    let Spec::Stickiness(spec) = asked(&app, Kind::Stickiness, body).await? else { return Err(other_kind()) };
    Ok(Json(stickiness_body(app.ctx(), &spec).await?))
}

/// Where sessions went from an event, or came from.
#[utoipa::path(post, path = "/api/v1/analysis/paths", request_body = Question,
    responses((status = 200, body = PathsBody), (status = 422, body = ErrorBody)))]
pub(super) async fn paths(app: Acting, body: Asked) -> ApiResult<Json<PathsBody>> {
    let Spec::Paths(spec) = asked(&app, Kind::Paths, body).await? else { return Err(other_kind()) };
    Ok(Json(paths_body(app.ctx(), &spec).await?))
}

/// Which people are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnalysisPeopleQuery {
    /// funnel, retention, lifecycle, stickiness, paths.
    analysis: String,
    /// The question.
    #[schema(value_type = Object)]
    spec: serde_json::Value,
    /// Which number of its answer (docs/guides/insight.md).
    #[schema(value_type = Object)]
    part: serde_json::Value,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// The people behind a number.
#[derive(Serialize, ToSchema)]
pub(crate) struct AnalysisPeople {
    /// How many there are; missing where so few people are not told.
    pub(crate) total: Option<u64>,
    pub(crate) is_suppressed: bool,
    pub(crate) items: Vec<ListItem>,
    pub(crate) next: Option<String>,
}

impl From<ListPage> for AnalysisPeople {
    fn from(page: ListPage) -> Self {
        Self {
            is_suppressed: page.total.is_none(),
            total: page.total,
            items: page.people.into_iter().map(ListItem::from).collect(),
            next: page.next.map(|id| id.to_string()),
        }
    }
}

/// Where a page of people begins and how many it has.
pub(super) fn page(after: Option<&str>, limit: Option<usize>) -> ApiResult<(Option<ProfileId>, usize)> {
    let after = after.map(str::parse::<ProfileId>).transpose().map_err(|_| bad_cursor())?;
    Ok((after, limit.unwrap_or(50).clamp(1, MAX_PAGE)))
}

pub(crate) fn kind(word: &str) -> ApiResult<Kind> {
    Kind::parse(word).ok_or_else(|| {
        let all: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        let all = all.join(", ");
        ApiError::new(
            ErrorCode::BadRequest,
            format!("there is no analysis {word:?}: there are {all}"),
            format!("没有分析“{word}”：可用的有 {all}"),
        )
    })
}

pub(crate) fn part(json: serde_json::Value) -> ApiResult<Part> {
    serde_json::from_value(json).map_err(|_| {
        ApiError::new(
            ErrorCode::BadRequest,
            "part names no number of an answer: {\"step\": 2, \"lost\": true}, {\"cohort\": \"2026-03\", \"column\": 1}, \
             {\"period\": \"2026-03\", \"life\": \"new\"}, {\"periods\": 3}, {\"times\": 0} or \
             {\"at\": 0, \"from\": {\"event\": \"…\"}, \"to\": \"end\"}",
            "part 没有指明结果中的哪个数：写 {\"step\": 2, \"lost\": true}、{\"cohort\": \"2026-03\", \"column\": 1}、\
             {\"period\": \"2026-03\", \"life\": \"new\"}、{\"periods\": 3}、{\"times\": 0} 或 \
             {\"at\": 0, \"from\": {\"event\": \"…\"}, \"to\": \"end\"}",
        )
    })
}

/// The people behind a number of an answer: as many as it says.
#[utoipa::path(post, path = "/api/v1/analysis/people", request_body = AnalysisPeopleQuery,
    responses((status = 200, body = AnalysisPeople), (status = 400, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn people(
    app: Acting,
    body: Result<Json<AnalysisPeopleQuery>, JsonRejection>,
) -> ApiResult<Json<AnalysisPeople>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = analysis::read(app.ctx(), kind(&body.analysis)?, &body.spec).await?;
    let (after, limit) = page(body.after.as_deref(), body.limit)?;
    Ok(Json(analysis::people(app.ctx(), &spec, &part(body.part)?, after, limit).await?.into()))
}

/// Which people are kept, and how the list is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AnalysisSegment {
    /// funnel, retention, lifecycle, stickiness, paths.
    analysis: String,
    /// The question.
    #[schema(value_type = Object)]
    spec: serde_json::Value,
    /// Which number of its answer.
    #[schema(value_type = Object)]
    part: serde_json::Value,
    /// Name of the segment.
    name: String,
}

/// Keeps the people behind a number as a segment: a list of those whom it counts now.
#[utoipa::path(post, path = "/api/v1/analysis/segment", request_body = AnalysisSegment,
    responses((status = 200, body = SegmentBody), (status = 409, body = ErrorBody), (status = 422, body = ErrorBody)))]
pub(super) async fn save(
    app: Acting,
    body: Result<Json<AnalysisSegment>, JsonRejection>,
) -> ApiResult<Json<SegmentBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = analysis::read(app.ctx(), kind(&body.analysis)?, &body.spec).await?;
    let (segment, _) = analysis::save(app.ctx(), &spec, &part(body.part)?, &body.name).await?;
    Ok(Json(segment.into()))
}
