//! `/api/v1/moments`: when and by which channel customers answer, whether choosing the hour helps, and the moment for each.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_domain::id::ProfileId;
use zhike_engine::campaigns::{self, Asked, BestMoment, ChannelRate, Chosen, HourRate, Spec, TimingGrade};
use zhike_engine::{Ctx, Result as EngineResult};

use super::analysis::{AnalysisHead, page};
use super::customers::ListItem;
use super::error::{ApiError, ApiResult, ErrorBody};
use super::who::Acting;

/// A question about moments; what is missing is as usual.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MomentsQuestion {
    /// First day; 365 days before the last by default.
    from: Option<String>,
    /// Last day; the newest day of the data by default.
    to: Option<String>,
    /// Id of a segment whose members alone count.
    segment: Option<String>,
    /// Code of the purpose.
    purpose: Option<String>,
    /// What an answer is: opened (by default), clicked, converted.
    answer: Option<String>,
    /// First hour of the day at which nothing is sent; 22 by default.
    quiet_from: Option<u32>,
    /// First hour at which it is again; 8 by default.
    quiet_until: Option<u32>,
    /// The one channel to write by; any by default.
    channel: Option<String>,
}

impl MomentsQuestion {
    fn spec(self) -> ApiResult<Spec> {
        let asked = Asked {
            from: self.from,
            to: self.to,
            segment: self.segment,
            purpose: self.purpose,
            answer: self.answer,
            quiet_from: self.quiet_from,
            quiet_until: self.quiet_until,
            channel: self.channel,
            ..Asked::default()
        };
        Ok(asked.spec()?)
    }
}

/// Answers by channel.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChannelRateBody {
    /// Missing where messages do not say.
    pub(crate) channel: Option<String>,
    /// Messages that arrived; missing where so few people are not told.
    pub(crate) n: Option<u64>,
    pub(crate) n_answered: Option<u64>,
}

impl From<ChannelRate> for ChannelRateBody {
    fn from(ChannelRate { channel, n, n_answered }: ChannelRate) -> Self {
        Self { channel, n, n_answered }
    }
}

/// Answers in an hour of the week.
#[derive(Serialize, ToSchema)]
pub(crate) struct HourRateBody {
    /// Position of the channel.
    pub(crate) channel: usize,
    /// 0 to 167, Monday from midnight first, by the clock of the workspace.
    pub(crate) hour: usize,
    pub(crate) n: u64,
    pub(crate) n_answered: u64,
    /// Share that is believed to answer: few messages count little.
    pub(crate) believed: f64,
    /// Difference to the other hours of the channel; missing where there are too few messages.
    pub(crate) difference: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    /// Chance of a coincidence, corrected for all hours.
    pub(crate) q: Option<f64>,
}

impl From<HourRate> for HourRateBody {
    fn from(rate: HourRate) -> Self {
        let [difference, low, high] = std::array::from_fn(|at| rate.differs.map(|ends| ends[at]));
        let HourRate { channel, hour, n, n_answered, believed, q, .. } = rate;
        Self { channel, hour, n, n_answered, believed, difference, low, high, q }
    }
}

/// A share with its interval.
#[derive(Serialize, ToSchema)]
pub(crate) struct ShareRange {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl From<[f64; 3]> for ShareRange {
    fn from([value, low, high]: [f64; 3]) -> Self {
        Self { value, low, high }
    }
}

/// Whether choosing the hour for each customer helps.
#[derive(Serialize, ToSchema)]
pub(crate) struct TimingGradeBody {
    /// Messages that it was judged by.
    pub(crate) n: u64,
    /// Share that answered, as they were sent.
    pub(crate) drawn: ShareRange,
    /// If the hour had been chosen for each by what was known before.
    pub(crate) chosen: ShareRange,
    /// As many messages sent at chosen hours as these are worth.
    pub(crate) n_effective: f64,
    /// Whether it is better, or worse, and hardly by chance; missing where that cannot be told.
    pub(crate) is_better: Option<bool>,
}

impl From<TimingGrade> for TimingGradeBody {
    fn from(TimingGrade { n, drawn, chosen, n_effective, is_better }: TimingGrade) -> Self {
        Self { n, drawn: drawn.into(), chosen: chosen.into(), n_effective, is_better }
    }
}

/// When customers answer.
#[derive(Serialize, ToSchema)]
pub(crate) struct MomentsBody {
    pub(crate) head: AnalysisHead,
    pub(crate) answer: String,
    /// Messages that arrived; numbers are missing where so few people are not told.
    pub(crate) n_messages: Option<u64>,
    pub(crate) n_people: Option<u64>,
    /// Messages whose hour was drawn.
    pub(crate) n_drawn: Option<u64>,
    pub(crate) channels: Vec<ChannelRateBody>,
    /// Hours with messages.
    pub(crate) hours: Vec<HourRateBody>,
    /// Hours that are better than the others of their channel, and hardly by chance.
    pub(crate) best: Vec<HourRateBody>,
    /// Missing where too few messages were drawn.
    pub(crate) grade: Option<TimingGradeBody>,
}

/// The answer with words.
pub(crate) async fn moments_body(ctx: &Ctx, spec: &Spec) -> EngineResult<MomentsBody> {
    let found = campaigns::moments(ctx, spec).await?;
    Ok(MomentsBody {
        head: found.head.into(),
        answer: found.spec.answer.word().to_owned(),
        n_messages: found.n_messages,
        n_people: found.n_people,
        n_drawn: found.n_drawn,
        channels: found.channels.into_iter().map(Into::into).collect(),
        hours: found.hours.into_iter().map(Into::into).collect(),
        best: found.best.into_iter().map(Into::into).collect(),
        grade: found.grade.map(Into::into),
    })
}

/// When to write to a customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChosenMoment {
    pub(crate) profile_id: String,
    pub(crate) customer: ListItem,
    /// Missing where messages do not say.
    pub(crate) channel: Option<String>,
    /// 0 to 167, Monday from midnight first.
    pub(crate) hour: usize,
    /// Chance with which it was drawn: to be noted with the message.
    pub(crate) propensity: f64,
    /// Share that is believed to answer.
    pub(crate) believed: f64,
}

impl From<Chosen> for ChosenMoment {
    fn from(Chosen { customer, channel, hour, propensity, believed }: Chosen) -> Self {
        let profile_id = customer.profile_id.to_string();
        Self { profile_id, customer: customer.into(), channel, hour, propensity, believed }
    }
}

/// A page of customers, each with a moment.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChosenMoments {
    /// How many there are; missing where so few people are not told.
    pub(crate) total: Option<u64>,
    pub(crate) items: Vec<ChosenMoment>,
    pub(crate) next: Option<String>,
}

/// A page, with words.
pub(crate) async fn chosen_page(
    ctx: &Ctx,
    spec: &Spec,
    after: Option<ProfileId>,
    limit: usize,
) -> EngineResult<ChosenMoments> {
    let found = campaigns::chosen(ctx, spec, after, limit).await?;
    Ok(ChosenMoments {
        total: found.total,
        items: found.items.into_iter().map(Into::into).collect(),
        next: found.next.map(|id| id.to_string()),
    })
}

/// When customers answer, by channel and hour of the week, and whether choosing the hour helps.
#[utoipa::path(post, path = "/api/v1/moments", request_body = MomentsQuestion,
    responses((status = 200, body = MomentsBody), (status = 400, body = ErrorBody)))]
pub(super) async fn show(
    app: Acting,
    body: Result<Json<MomentsQuestion>, JsonRejection>,
) -> ApiResult<Json<MomentsBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    Ok(Json(moments_body(app.ctx(), &body.spec()?).await?))
}

/// Of whom, and where the page begins.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct MomentsPeopleQuery {
    question: MomentsQuestion,
    /// Where the page before ended.
    after: Option<String>,
    /// 50 by default, 200 at most.
    limit: Option<usize>,
}

/// Customers with a moment drawn for each; the same day gives the same.
#[utoipa::path(post, path = "/api/v1/moments/people", request_body = MomentsPeopleQuery,
    responses((status = 200, body = ChosenMoments), (status = 400, body = ErrorBody)))]
pub(super) async fn people(
    app: Acting,
    body: Result<Json<MomentsPeopleQuery>, JsonRejection>,
) -> ApiResult<Json<ChosenMoments>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let (after, limit) = page(body.after.as_deref(), body.limit)?;
    Ok(Json(chosen_page(app.ctx(), &body.question.spec()?, after, limit).await?))
}

/// A moment that is believed to be good.
#[derive(Serialize, ToSchema)]
pub(super) struct BestMomentBody {
    channel: Option<String>,
    /// 0 to 167, Monday from midnight first.
    hour: usize,
    /// Share that is believed to answer.
    believed: f64,
}

impl From<BestMoment> for BestMomentBody {
    fn from(BestMoment { channel, hour, believed }: BestMoment) -> Self {
        Self { channel, hour, believed }
    }
}

/// What is known of when a customer opens messages.
#[derive(Serialize, ToSchema)]
pub(super) struct MomentsOfPerson {
    /// Whether the customer refused profiling: then nothing is said.
    is_refused: bool,
    /// Messages to the customer within a year.
    n_messages: u64,
    /// Share of all messages that are opened.
    usual: f64,
    /// The best first.
    best: Vec<BestMomentBody>,
}

/// When a customer opens messages, by what is believed; few messages of one's own count little.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/moments",
    params(("profile_id" = String, Path, description = "Customer.")),
    responses((status = 200, body = MomentsOfPerson), (status = 404, body = ErrorBody)))]
pub(super) async fn of_person(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
) -> ApiResult<Json<MomentsOfPerson>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let found = campaigns::moments_of(app.ctx(), profile_id).await?;
    Ok(Json(MomentsOfPerson {
        is_refused: found.is_refused,
        n_messages: found.n_messages,
        usual: found.usual,
        best: found.best.into_iter().map(Into::into).collect(),
    }))
}
