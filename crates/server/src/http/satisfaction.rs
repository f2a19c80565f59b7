//! `/api/v1/satisfaction`: scores of surveys and reviews, what moves them, and what became of the dissatisfied.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::analysis::Scope;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::kpi::Dimension;
use zhike_engine::satisfaction::{self, Ask, Kind, PROMISED_HOURS, ScoreRange, Scored, Verdicted, Which};
use zhike_engine::workspace::day_number;
use zhike_engine::{Ctx, Result as EngineResult};

use super::analysis::{AnalysisHead, AnalysisPeople, page};
use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::day;
use super::segments::SegmentBody;
use super::who::Acting;

/// A question about satisfaction; what is missing is as usual.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SatisfactionQuestion {
    /// nps, csat, review.
    pub(crate) kind: String,
    /// First day; 365 days before the last by default.
    pub(crate) from: Option<String>,
    /// Last day; the newest day with an answer by default.
    pub(crate) to: Option<String>,
    /// Id of a segment whose members alone count.
    pub(crate) segment: Option<String>,
    /// Code of the purpose.
    pub(crate) purpose: Option<String>,
    /// day, week, month, quarter; month by default.
    pub(crate) by: Option<String>,
    /// province, city, member_level, acquisition_channel.
    pub(crate) dimension: Option<String>,
}

fn unknown(what: (&str, &str), word: &str, known: &str) -> ApiError {
    ApiError::new(
        ErrorCode::BadRequest,
        format!("there is no {} {word:?}: choose out of {known}", what.0),
        format!("没有{}“{word}”：可用的有 {known}", what.1),
    )
}

impl SatisfactionQuestion {
    /// The question as it is asked.
    pub(crate) fn ask(self) -> ApiResult<Ask> {
        let kind = match self.kind.as_str() {
            "nps" => Kind::Nps,
            "csat" => Kind::Csat,
            "review" => Kind::Review,
            word => return Err(unknown(("kind", "评分类型"), word, "nps, csat, review")),
        };
        let date = |text: Option<&String>| {
            text.map(|text| text.parse().map(day_number).map_err(|_| unknown(("day", "日期"), text, "2026-11-22")))
                .transpose()
        };
        let by = super::kpis::kind(self.by.as_deref())?;
        let dimension = match &self.dimension {
            Some(name) => Some(Dimension::named(name).ok_or_else(|| {
                unknown(("dimension", "维度"), name, "province, city, member_level, acquisition_channel")
            })?),
            None => None,
        };
        let (from, to) = (date(self.from.as_ref())?, date(self.to.as_ref())?);
        Ok(Ask { kind, scope: Scope { from, to, segment: self.segment, purpose: self.purpose }, by, dimension })
    }
}

/// A score of some answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreBody {
    /// Answers; missing where so few are not told.
    pub(crate) n: Option<u64>,
    /// From −100 to 100 (nps), or 0 to 100; missing without answers.
    pub(crate) score: Option<f64>,
    /// Interval, 19 times out of 20.
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
}

impl From<&Scored> for ScoreBody {
    fn from(scored: &Scored) -> Self {
        let range = scored.range();
        Self {
            n: scored.n,
            score: range.map(|range| range.value),
            low: range.map(|range| range.low),
            high: range.map(|range| range.high),
        }
    }
}

/// How a score differs from another.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreChange {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// up, down, same, unclear.
    pub(crate) verdict: String,
    /// The smallest difference that as many answers find 4 times out of 5.
    pub(crate) detectable: f64,
}

impl From<Verdicted> for ScoreChange {
    fn from(Verdicted { value, low, high, verdict, detectable }: Verdicted) -> Self {
        Self { value, low, high, verdict: verdict.to_owned(), detectable }
    }
}

/// A period.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScorePeriod {
    pub(crate) period: String,
    pub(crate) from: String,
    pub(crate) to: String,
    #[serde(flatten)]
    pub(crate) scored: ScoreBody,
}

/// A group of customers.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreGroup {
    /// Value of the dimension; missing for those without one.
    pub(crate) value: Option<String>,
    #[serde(flatten)]
    pub(crate) scored: ScoreBody,
    /// From all others; missing where there are too few answers to compare.
    pub(crate) differs: Option<ScoreChange>,
    /// Chance of such a difference by chance, corrected for all groups.
    pub(crate) q: Option<f64>,
}

/// A topic that goes with higher or lower scores.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreDriver {
    pub(crate) topic: String,
    pub(crate) n: u64,
    pub(crate) score: f64,
    /// From answers without it.
    pub(crate) differs: ScoreChange,
    pub(crate) q: f64,
    /// Points that the score of all would gain without the difference.
    pub(crate) weight: f64,
}

/// What became of the dissatisfied, customer by customer; numbers are missing where so few people are not told.
#[derive(Serialize, ToSchema)]
pub(crate) struct ScoreLoop {
    /// Hours within which somebody should turn to them.
    promised_hours: i64,
    pub(crate) n: Option<u64>,
    /// Dissatisfied answers of customers who are not known.
    pub(crate) n_unknown: Option<u64>,
    pub(crate) n_kept: Option<u64>,
    pub(crate) n_late: Option<u64>,
    pub(crate) n_waiting: Option<u64>,
    pub(crate) n_overdue: Option<u64>,
}

/// What there is to say of satisfaction.
#[derive(Serialize, ToSchema)]
pub(crate) struct SatisfactionBody {
    pub(crate) kind: String,
    pub(crate) head: AnalysisHead,
    pub(crate) all: ScoreBody,
    /// Answers off the scale, which do not count.
    pub(crate) n_off: u64,
    pub(crate) before: ScoreBody,
    pub(crate) change: Option<ScoreChange>,
    /// The score if groups had answered in proportion to their size.
    pub(crate) weighted: Option<f64>,
    pub(crate) periods: Vec<ScorePeriod>,
    pub(crate) groups: Vec<ScoreGroup>,
    /// Those that cost most first.
    pub(crate) drivers: Vec<ScoreDriver>,
    #[serde(rename = "loop")]
    pub(crate) answered: ScoreLoop,
}

/// The answer with words.
pub(crate) async fn satisfaction_of(ctx: &Ctx, ask: &Ask) -> EngineResult<SatisfactionBody> {
    let found = satisfaction::satisfaction(ctx, ask).await?;
    Ok(SatisfactionBody {
        kind: ask.kind.as_str().to_owned(),
        head: found.head.into(),
        all: (&found.all).into(),
        n_off: found.n_off,
        before: (&found.before).into(),
        change: found.change.as_ref().map(|change| Verdicted::of(change).into()),
        weighted: found.weighted.map(|score| ScoreRange::of(&score).value),
        periods: found
            .periods
            .iter()
            .map(|(period, scored)| ScorePeriod {
                period: period.name(),
                from: day(period.first),
                to: day(period.last()),
                scored: scored.into(),
            })
            .collect(),
        groups: found
            .groups
            .into_iter()
            .map(|group| ScoreGroup {
                value: group.value,
                scored: (&group.scored).into(),
                differs: group.differs.as_ref().map(|change| Verdicted::of(change).into()),
                q: group.q,
            })
            .collect(),
        drivers: found
            .drivers
            .into_iter()
            .map(|driver| ScoreDriver {
                topic: driver.topic,
                n: driver.n,
                score: driver.score,
                differs: Verdicted::of(&driver.differs).into(),
                q: driver.q,
                weight: driver.weight,
            })
            .collect(),
        answered: ScoreLoop {
            promised_hours: PROMISED_HOURS,
            n: found.answered.n,
            n_unknown: found.answered.n_unknown,
            n_kept: found.answered.n_kept,
            n_late: found.answered.n_late,
            n_waiting: found.answered.n_waiting,
            n_overdue: found.answered.n_overdue,
        },
    })
}

/// Scores of surveys and reviews: by period and group, what moves them, and what became of the dissatisfied.
#[utoipa::path(post, path = "/api/v1/satisfaction", request_body = SatisfactionQuestion,
    responses((status = 200, body = SatisfactionBody), (status = 400, body = ErrorBody)))]
pub(super) async fn show(
    app: Acting,
    body: Result<Json<SatisfactionQuestion>, JsonRejection>,
) -> ApiResult<Json<SatisfactionBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(satisfaction_of(app.ctx(), &body.ask()?).await?))
}

/// Which people, and where the page begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SatisfactionPeopleQuery {
    question: SatisfactionQuestion,
    /// overdue, waiting, kept, late, dissatisfied, content.
    which: String,
    /// Where the page before ended.
    after: Option<String>,
    /// 50 by default, 200 at most.
    limit: Option<usize>,
}

/// Which people are meant.
pub(crate) fn which(word: &str) -> ApiResult<Which> {
    const KNOWN: &str = "overdue, waiting, kept, late, dissatisfied, content";
    Ok(match word {
        "overdue" => Which::Overdue,
        "waiting" => Which::Waiting,
        "kept" => Which::Kept,
        "late" => Which::Late,
        "dissatisfied" => Which::Dissatisfied,
        "content" => Which::Content,
        word => return Err(unknown(("group of people", "人群"), word, KNOWN)),
    })
}

/// The people by what they said and what became of it; each once.
#[utoipa::path(post, path = "/api/v1/satisfaction/people", request_body = SatisfactionPeopleQuery,
    responses((status = 200, body = AnalysisPeople), (status = 400, body = ErrorBody)))]
pub(super) async fn people(
    app: Acting,
    body: Result<Json<SatisfactionPeopleQuery>, JsonRejection>,
) -> ApiResult<Json<AnalysisPeople>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let (after, limit) = page(body.after.as_deref(), body.limit)?;
    let found = satisfaction::people(app.ctx(), &body.question.ask()?, which(&body.which)?, after, limit).await?;
    Ok(Json(found.into()))
}

/// Which people are kept, and how the list is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SatisfactionSegment {
    question: SatisfactionQuestion,
    /// overdue, waiting, kept, late, dissatisfied, content.
    which: String,
    /// Name of the segment.
    name: String,
}

/// Keeps these people as a segment: a list of those whom it counts now.
#[utoipa::path(post, path = "/api/v1/satisfaction/segment", request_body = SatisfactionSegment,
    responses((status = 200, body = SegmentBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn save(
    app: Acting,
    body: Result<Json<SatisfactionSegment>, JsonRejection>,
) -> ApiResult<Json<SegmentBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let (segment, _) = satisfaction::save(app.ctx(), &body.question.ask()?, which(&body.which)?, &body.name).await?;
    Ok(Json(segment.into()))
}
