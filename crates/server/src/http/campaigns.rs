//! `/api/v1/campaigns`: how far messages got and what that cost, what campaigns changed, to which channels orders are credited,
//! whom campaigns move, how money might be divided, coupons; the people behind each number, as pages and as a segment.

use axum::Json;
use axum::extract::rejection::JsonRejection;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zhike_engine::campaigns::{
    self, Asked, BoardRow, Change, CouponRow, Effect, Lift, NoBudget, NoUplift, Part, Spec, WAYS,
};
use zhike_engine::{Ctx, Result as EngineResult};

use super::analysis::{AnalysisHead, AnalysisPeople, page};
use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::{day, money};
use super::segments::SegmentBody;
use super::who::Acting;

/// A question about campaigns; what is missing is as usual.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignQuestion {
    /// campaign, channel, strategy, creative, coupon; campaign by default.
    by: Option<String>,
    /// First day; 365 days before the last by default.
    from: Option<String>,
    /// Last day; the newest day of the data by default.
    to: Option<String>,
    /// Id of a segment whose members alone count.
    segment: Option<String>,
    /// Code of the purpose.
    purpose: Option<String>,
    /// Code of one campaign; needed for what it changed and whom it moves.
    campaign: Option<String>,
    /// Days after a message within which an order counts, 7 by default.
    window_days: Option<u32>,
    /// Days before of which spending is compared, 90 by default.
    before_days: Option<u32>,
    /// Share that was to be withheld, 0 to 1; as the campaign says by default.
    holdout_share: Option<f64>,
    /// Days before an order within which contacts are credited, 30 by default; of coupons, days that are compared.
    lookback_days: Option<u32>,
    /// Whether visits are contacts, too; true by default.
    visits: Option<bool>,
    /// Money to be divided, relative to the present, 0.5 to 1.5; 1 by default.
    budget: Option<f64>,
}

impl From<CampaignQuestion> for Asked {
    fn from(question: CampaignQuestion) -> Self {
        Self {
            by: question.by,
            from: question.from,
            to: question.to,
            segment: question.segment,
            purpose: question.purpose,
            campaign: question.campaign,
            window_days: question.window_days,
            before_days: question.before_days,
            holdout_share: question.holdout_share,
            lookback_days: question.lookback_days,
            visits: question.visits,
            budget: question.budget,
            ..Self::default()
        }
    }
}

/// A difference between those treated and those withheld, with its interval of 95 %.
#[derive(Serialize, ToSchema)]
pub(crate) struct EffectBody {
    pub(crate) holdout: f64,
    pub(crate) treated: f64,
    pub(crate) difference: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Relative to those withheld; missing where that is nought.
    pub(crate) relative: Option<f64>,
    pub(crate) relative_low: Option<f64>,
    pub(crate) relative_high: Option<f64>,
    /// Chance of such a difference if there were none.
    pub(crate) p: f64,
}

impl From<Effect> for EffectBody {
    fn from(effect: Effect) -> Self {
        Self {
            holdout: effect.holdout,
            treated: effect.treated,
            difference: effect.difference,
            low: effect.low,
            high: effect.high,
            relative: effect.relative,
            relative_low: effect.relative_low,
            relative_high: effect.relative_high,
            p: effect.p,
        }
    }
}

/// A line of the board. Counts are of people unless they say otherwise, and missing where so few are not told.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignRow {
    /// Code of the campaign, or what it is counted by; empty where messages do not say.
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    pub(crate) channel: Option<String>,
    /// Drawn to get a message, sent or not.
    pub(crate) n_targeted: Option<u64>,
    pub(crate) n_reached: Option<u64>,
    pub(crate) n_delivered: Option<u64>,
    pub(crate) n_opened: Option<u64>,
    pub(crate) n_clicked: Option<u64>,
    /// Who bought in time after a message.
    pub(crate) n_converted: Option<u64>,
    /// Whose time is not over.
    pub(crate) n_open: Option<u64>,
    pub(crate) n_holdout: Option<u64>,
    /// Messages sent.
    pub(crate) n_messages: Option<u64>,
    /// Orders in time after a message, each once.
    pub(crate) n_orders: Option<u64>,
    /// Their net amount.
    pub(crate) revenue: Option<String>,
    /// What the messages cost; missing where no campaign says.
    pub(crate) cost: Option<String>,
    /// Revenue less cost, relative to cost: what came after, not what came because.
    pub(crate) roi: Option<f64>,
    pub(crate) cost_per_order: Option<String>,
    /// Share of buyers beside those withheld.
    pub(crate) effect: Option<EffectBody>,
    /// no_holdout, too_early, broken, stop_harm, enough_evidence, go_on, worked, harmed, unclear; only by campaign.
    pub(crate) verdict: Option<String>,
    pub(crate) is_over: bool,
}

impl From<BoardRow> for CampaignRow {
    fn from(row: BoardRow) -> Self {
        Self {
            key: row.key,
            name: row.name,
            channel: row.channel,
            n_targeted: row.n_targeted,
            n_reached: row.n_reached,
            n_delivered: row.n_delivered,
            n_opened: row.n_opened,
            n_clicked: row.n_clicked,
            n_converted: row.n_converted,
            n_open: row.n_open,
            n_holdout: row.n_holdout,
            n_messages: row.n_messages,
            n_orders: row.n_orders,
            revenue: row.revenue.map(money),
            cost: row.cost.map(money),
            roi: row.roi,
            cost_per_order: row.cost_per_order.map(money),
            effect: row.effect.map(Into::into),
            verdict: row.verdict.map(|verdict| verdict.word().to_owned()),
            is_over: row.is_over,
        }
    }
}

/// The board of campaigns.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignBoardBody {
    pub(crate) head: AnalysisHead,
    pub(crate) by: String,
    pub(crate) window_days: i64,
    /// By revenue.
    pub(crate) rows: Vec<CampaignRow>,
    /// Everything together: people and orders once, whatever they are parts of.
    pub(crate) total: CampaignRow,
}

/// A look at a campaign at the end of a day.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignLook {
    pub(crate) day: String,
    pub(crate) n_holdout: u64,
    pub(crate) n_treated: u64,
    pub(crate) difference: f64,
    /// Interval that holds at all looks together.
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Chance, valid whenever one stops.
    pub(crate) p: f64,
}

/// What a campaign changed.
#[derive(Serialize, ToSchema)]
pub(crate) struct LiftBody {
    pub(crate) n_holdout: u64,
    pub(crate) n_treated: u64,
    pub(crate) n_holdout_bought: u64,
    pub(crate) n_treated_bought: u64,
    /// Whose time is not over.
    pub(crate) n_open: u64,
    /// Who is in both arms.
    pub(crate) n_both: u64,
    /// Share of buyers.
    pub(crate) rate: Option<EffectBody>,
    /// Spending each.
    pub(crate) spend: Option<EffectBody>,
    /// The same, less what spending before predicts.
    pub(crate) adjusted: Option<EffectBody>,
    /// Share of the variance that this took away.
    pub(crate) reduction: Option<f64>,
    /// Share that was to be withheld.
    pub(crate) planned: Option<f64>,
    /// Chance of arms of these sizes under that plan.
    pub(crate) ratio_p: Option<f64>,
    pub(crate) looks: Vec<CampaignLook>,
    pub(crate) verdict: String,
    /// People in all that such a difference takes.
    pub(crate) n_needed: Option<u64>,
    pub(crate) days_needed: Option<u64>,
    /// The smallest share of buyers among the treated that so many people would find.
    pub(crate) detectable: Option<f64>,
}

impl From<Lift> for LiftBody {
    fn from(lift: Lift) -> Self {
        let looks = lift.looks.into_iter().map(|look| CampaignLook {
            day: day(look.day),
            n_holdout: look.n[0],
            n_treated: look.n[1],
            difference: look.difference,
            low: look.low,
            high: look.high,
            p: look.p,
        });
        Self {
            n_holdout: lift.n[0],
            n_treated: lift.n[1],
            n_holdout_bought: lift.n_bought[0],
            n_treated_bought: lift.n_bought[1],
            n_open: lift.n_open,
            n_both: lift.n_both,
            rate: lift.rate.map(Into::into),
            spend: lift.spend.map(Into::into),
            adjusted: lift.adjusted.map(Into::into),
            reduction: lift.reduction,
            planned: lift.planned,
            ratio_p: lift.ratio_p,
            looks: looks.collect(),
            verdict: lift.verdict.word().to_owned(),
            n_needed: lift.n_needed,
            days_needed: lift.days_needed,
            detectable: lift.detectable,
        }
    }
}

/// A number with the ends of its interval.
#[derive(Serialize, ToSchema)]
pub(crate) struct Between {
    pub(crate) value: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

impl From<[f64; 3]> for Between {
    fn from([value, low, high]: [f64; 3]) -> Self {
        Self { value, low, high }
    }
}

/// What a campaign changed, and what to do.
#[derive(Serialize, ToSchema)]
pub(crate) struct CampaignEffectBody {
    pub(crate) head: AnalysisHead,
    pub(crate) row: CampaignRow,
    /// Missing where so few people are not told.
    pub(crate) lift: Option<LiftBody>,
    /// Return on cost by what the campaign changed.
    pub(crate) roi: Option<Between>,
    pub(crate) advice: String,
    pub(crate) advice_zh: String,
}

/// What is credited.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreditBody {
    pub(crate) orders: f64,
    pub(crate) revenue: f64,
}

/// A channel or a campaign beside others.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttributionChannel {
    /// Channel, code of the campaign, `direct` for visits from nowhere, `other` for the rest.
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    /// Messages and visits.
    pub(crate) n_contacts: u64,
    /// People with an order that it was met before.
    pub(crate) n_people: Option<u64>,
    /// In the order of `ways`; missing where a way has no answer.
    pub(crate) credits: Vec<Option<CreditBody>>,
}

/// To which channels orders are credited.
#[derive(Serialize, ToSchema)]
pub(crate) struct AttributionBody {
    pub(crate) head: AnalysisHead,
    pub(crate) by: String,
    pub(crate) lookback_days: i64,
    /// first, last, last_non_direct, linear, u_shape, time_decay, markov, shapley.
    pub(crate) ways: Vec<String>,
    /// Orders and revenue; credits of all channels, and of none, add up to it.
    pub(crate) total: Option<CreditBody>,
    /// By way, what no channel is credited with.
    pub(crate) nobody: Vec<Option<CreditBody>>,
    /// People with an order that no contact was met before.
    pub(crate) n_nobody: Option<u64>,
    pub(crate) channels: Vec<AttributionChannel>,
}

/// A tenth of customers, the best first.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpliftTenthBody {
    pub(crate) n: u64,
    /// What the model says the campaign changes in the share of buyers.
    pub(crate) said: f64,
    /// What it did.
    pub(crate) uplift: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) is_target: bool,
}

/// Whom a campaign moves more than others.
#[derive(Serialize, ToSchema)]
pub(crate) struct UpliftBody {
    pub(crate) head: AnalysisHead,
    /// found, none (no heterogeneity found), no_holdout, nobody, too_few, no_features, hidden.
    pub(crate) status: String,
    pub(crate) n_holdout: Option<u64>,
    pub(crate) n_treated: Option<u64>,
    /// What the campaign changed in the share of buyers, of everybody.
    pub(crate) average: Option<Between>,
    /// What ranking is worth beyond chance.
    pub(crate) qini: Option<Between>,
    pub(crate) tenths: Vec<UpliftTenthBody>,
    /// Who refused profiling and is left out.
    pub(crate) n_refused: Option<u64>,
}

/// A point of a curve: money a week, and what it brings.
#[derive(Serialize, ToSchema)]
pub(crate) struct CurvePoint {
    pub(crate) spend: f64,
    pub(crate) brings: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
}

/// A channel: what it brings, and might get. Money is a week's.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetChannel {
    pub(crate) channel: String,
    pub(crate) present: f64,
    /// Missing where spending hardly varied.
    pub(crate) brings: Option<f64>,
    /// What one more unit of money brings.
    pub(crate) margin: Option<f64>,
    pub(crate) half: Option<f64>,
    pub(crate) carry: Option<f64>,
    pub(crate) points: Vec<CurvePoint>,
    pub(crate) proposed: Option<f64>,
    pub(crate) proposed_low: Option<f64>,
    pub(crate) proposed_high: Option<f64>,
}

/// A week of money and revenue.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetWeek {
    pub(crate) from: String,
    /// In the order of `week_channels`.
    pub(crate) spend: Vec<f64>,
    /// Missing where so few people are not told.
    pub(crate) revenue: Option<f64>,
}

/// How money might be divided.
#[derive(Serialize, ToSchema)]
pub(crate) struct BudgetBody {
    pub(crate) head: AnalysisHead,
    /// found, none (the present division is as good for all that is known), no_cost, too_few_weeks, never_varied, hidden.
    pub(crate) status: String,
    pub(crate) week_channels: Vec<String>,
    pub(crate) weeks: Vec<BudgetWeek>,
    /// Of too few weeks, how many there are and how many it takes.
    pub(crate) n_weeks: u64,
    pub(crate) n_weeks_needed: Option<u64>,
    /// Share of the variance of revenue that the curves explain.
    pub(crate) explained: Option<f64>,
    pub(crate) channels: Vec<BudgetChannel>,
    /// All that is divided, a week.
    pub(crate) total: Option<f64>,
    pub(crate) gain: Option<Between>,
    pub(crate) unspent: Option<f64>,
}

/// A coupon, or those of a campaign. Counts are of people unless they say otherwise.
#[derive(Serialize, ToSchema)]
pub(crate) struct CouponRowBody {
    pub(crate) key: String,
    pub(crate) name: Option<String>,
    /// To whom one was given; nought where that is not known.
    pub(crate) n_issued: Option<u64>,
    pub(crate) n_redeemed: Option<u64>,
    /// Of those to whom one was given, the share that used it.
    pub(crate) rate: Option<f64>,
    /// Times that one was used.
    pub(crate) n_uses: Option<u64>,
    pub(crate) n_orders: Option<u64>,
    pub(crate) revenue: Option<String>,
    /// All that was taken off these orders.
    pub(crate) discount: Option<String>,
    /// Who used one, has a rhythm and was due anyway.
    pub(crate) n_anyway: Option<u64>,
    pub(crate) n_rhythm: Option<u64>,
}

impl From<CouponRow> for CouponRowBody {
    fn from(row: CouponRow) -> Self {
        Self {
            key: row.key,
            name: row.name,
            n_issued: row.n_issued,
            n_redeemed: row.n_redeemed,
            rate: row.rate,
            n_uses: row.n_uses,
            n_orders: row.n_orders,
            revenue: row.revenue.map(money),
            discount: row.discount.map(money),
            n_anyway: row.n_anyway,
            n_rhythm: row.n_rhythm,
        }
    }
}

/// Spending after an order with a coupon less that before it, beside orders without one: an estimate, not an effect.
#[derive(Serialize, ToSchema)]
pub(crate) struct CouponChange {
    pub(crate) each: f64,
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Orders with a coupon that were compared.
    pub(crate) n: u64,
    pub(crate) n_others: u64,
    pub(crate) days: i64,
}

/// Coupons of some days.
#[derive(Serialize, ToSchema)]
pub(crate) struct CouponsBody {
    pub(crate) head: AnalysisHead,
    pub(crate) by: String,
    /// By times used.
    pub(crate) rows: Vec<CouponRowBody>,
    /// Rows in all, of which the first are here.
    pub(crate) n_rows: u64,
    pub(crate) total: CouponRowBody,
    pub(crate) change: Option<CouponChange>,
}

pub(crate) async fn board_body(ctx: &Ctx, spec: &Spec) -> EngineResult<CampaignBoardBody> {
    let answer = campaigns::board(ctx, spec).await?;
    Ok(CampaignBoardBody {
        head: answer.head.into(),
        by: answer.spec.by.word().to_owned(),
        window_days: answer.spec.window_days,
        rows: answer.rows.into_iter().map(Into::into).collect(),
        total: answer.total.into(),
    })
}

pub(crate) async fn effect_body(ctx: &Ctx, spec: &Spec) -> EngineResult<CampaignEffectBody> {
    let answer = campaigns::effect(ctx, spec).await?;
    Ok(CampaignEffectBody {
        head: answer.head.into(),
        row: answer.row.into(),
        lift: answer.lift.map(Into::into),
        roi: answer.roi.map(Into::into),
        advice_zh: answer.advice.0,
        advice: answer.advice.1,
    })
}

pub(crate) async fn attribution_body(ctx: &Ctx, spec: &Spec) -> EngineResult<AttributionBody> {
    let answer = campaigns::attribution(ctx, spec).await?;
    let credit =
        |credit: zhike_engine::campaigns::Credit| CreditBody { orders: credit.conversions, revenue: credit.value };
    Ok(AttributionBody {
        head: answer.head.into(),
        by: answer.spec.by.word().to_owned(),
        lookback_days: answer.spec.lookback_days,
        ways: WAYS.iter().map(|way| (*way).to_owned()).collect(),
        total: answer.total.map(credit),
        nobody: answer.nobody.into_iter().map(|each| each.map(credit)).collect(),
        n_nobody: answer.n_nobody,
        channels: answer
            .channels
            .into_iter()
            .map(|channel| AttributionChannel {
                key: channel.key,
                name: channel.name,
                n_contacts: channel.n_contacts,
                n_people: channel.n_people,
                credits: channel.credits.into_iter().map(|each| each.map(credit)).collect(),
            })
            .collect(),
    })
}

pub(crate) async fn uplift_body(ctx: &Ctx, spec: &Spec) -> EngineResult<UpliftBody> {
    let answer = campaigns::uplift_of(ctx, spec).await?;
    let status = match (&answer.found, answer.problem) {
        (Some(found), _) if found.is_found => "found",
        (Some(_), _) => "none",
        (None, Some(NoUplift::NoHoldout)) => "no_holdout",
        (None, Some(NoUplift::Nobody)) => "nobody",
        (None, Some(NoUplift::TooFew { .. })) => "too_few",
        (None, Some(NoUplift::NoFeatures)) => "no_features",
        (None, None) => "hidden",
    };
    let found = answer.found;
    let n = |arm: usize| found.as_ref().map(|found| found.n[arm]);
    Ok(UpliftBody {
        head: answer.head.into(),
        status: status.to_owned(),
        n_holdout: n(0),
        n_treated: n(1),
        average: found.as_ref().map(|found| found.average.into()),
        qini: found.as_ref().map(|found| found.qini.into()),
        tenths: found
            .into_iter()
            .flat_map(|found| found.tenths)
            .map(|tenth| UpliftTenthBody {
                n: tenth.n,
                said: tenth.said,
                uplift: tenth.uplift,
                low: tenth.low,
                high: tenth.high,
                is_target: tenth.is_target,
            })
            .collect(),
        n_refused: answer.n_refused,
    })
}

pub(crate) async fn budget_body(ctx: &Ctx, spec: &Spec) -> EngineResult<BudgetBody> {
    let answer = campaigns::budget(ctx, spec).await?;
    let (status, needed) = match (&answer.budget, answer.problem) {
        (Some(budget), _) if budget.is_found => ("found", None),
        (Some(_), _) => ("none", None),
        (None, Some(NoBudget::NoCost)) => ("no_cost", None),
        (None, Some(NoBudget::TooFewWeeks { needed, .. })) => ("too_few_weeks", Some(needed)),
        (None, Some(NoBudget::NeverVaried)) => ("never_varied", None),
        (None, None) => ("hidden", None),
    };
    let weeks = answer.weeks.iter().zip(answer.spend).enumerate();
    let weeks: Vec<BudgetWeek> = weeks
        .map(|(at, (from, spend))| BudgetWeek { from: day(*from), spend, revenue: answer.revenue.get(at).copied() })
        .collect();
    let budget = answer.budget;
    let channels = budget.iter().flat_map(|budget| &budget.channels).map(|channel| BudgetChannel {
        channel: channel.channel.clone(),
        present: channel.present,
        brings: channel.brings,
        margin: channel.margin,
        half: channel.half,
        carry: channel.carry,
        points: channel
            .points
            .iter()
            .map(|[spend, brings, low, high]| CurvePoint { spend: *spend, brings: *brings, low: *low, high: *high })
            .collect(),
        proposed: channel.proposed,
        proposed_low: channel.proposed_low,
        proposed_high: channel.proposed_high,
    });
    Ok(BudgetBody {
        head: answer.head.into(),
        status: status.to_owned(),
        week_channels: answer.channels,
        n_weeks: weeks.len() as u64,
        weeks,
        n_weeks_needed: needed,
        explained: budget.as_ref().map(|budget| budget.explained),
        channels: channels.collect(),
        total: budget.as_ref().map(|budget| budget.total),
        gain: budget.as_ref().and_then(|budget| budget.gain).map(Into::into),
        unspent: budget.as_ref().map(|budget| budget.unspent),
    })
}

pub(crate) async fn coupons_body(ctx: &Ctx, spec: &Spec) -> EngineResult<CouponsBody> {
    let answer = campaigns::coupons(ctx, spec).await?;
    let days = answer.change_days;
    let change = answer.change.map(|change: Change| CouponChange {
        each: change.each,
        low: change.low,
        high: change.high,
        n: change.n,
        n_others: change.n_others,
        days,
    });
    Ok(CouponsBody {
        head: answer.head.into(),
        by: answer.spec.by.word().to_owned(),
        rows: answer.rows.into_iter().map(Into::into).collect(),
        n_rows: answer.n_rows,
        total: answer.total.into(),
        change,
    })
}

type Question = Result<Json<CampaignQuestion>, JsonRejection>;

fn asked(body: Question) -> ApiResult<Spec> {
    let Json(question) = body.map_err(ApiError::from)?;
    Ok(Asked::from(question).spec()?)
}

/// How far messages got, who bought after them and what that cost.
#[utoipa::path(post, path = "/api/v1/campaigns/board", request_body = CampaignQuestion,
    responses((status = 200, body = CampaignBoardBody), (status = 400, body = ErrorBody)))]
pub(super) async fn board(app: Acting, body: Question) -> ApiResult<Json<CampaignBoardBody>> {
    Ok(Json(board_body(app.ctx(), &asked(body)?).await?))
}

/// What a campaign changed in those drawn to get it, beside those withheld, and whether it may be stopped.
#[utoipa::path(post, path = "/api/v1/campaigns/effect", request_body = CampaignQuestion,
    responses((status = 200, body = CampaignEffectBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn effect(app: Acting, body: Question) -> ApiResult<Json<CampaignEffectBody>> {
    Ok(Json(effect_body(app.ctx(), &asked(body)?).await?))
}

/// To which channels or campaigns orders are credited, in eight ways. Credit is not effect.
#[utoipa::path(post, path = "/api/v1/campaigns/attribution", request_body = CampaignQuestion,
    responses((status = 200, body = AttributionBody), (status = 400, body = ErrorBody)))]
pub(super) async fn attribution(app: Acting, body: Question) -> ApiResult<Json<AttributionBody>> {
    Ok(Json(attribution_body(app.ctx(), &asked(body)?).await?))
}

/// Whom a campaign moves more than others, or that no heterogeneity was found.
#[utoipa::path(post, path = "/api/v1/campaigns/uplift", request_body = CampaignQuestion,
    responses((status = 200, body = UpliftBody), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn uplift(app: Acting, body: Question) -> ApiResult<Json<UpliftBody>> {
    Ok(Json(uplift_body(app.ctx(), &asked(body)?).await?))
}

/// What weekly money in channels brought, and how it might be divided.
#[utoipa::path(post, path = "/api/v1/campaigns/budget", request_body = CampaignQuestion,
    responses((status = 200, body = BudgetBody), (status = 400, body = ErrorBody)))]
pub(super) async fn budget(app: Acting, body: Question) -> ApiResult<Json<BudgetBody>> {
    Ok(Json(budget_body(app.ctx(), &asked(body)?).await?))
}

/// Coupons: given, used, what was bought with them, who was due anyway.
#[utoipa::path(post, path = "/api/v1/campaigns/coupons", request_body = CampaignQuestion,
    responses((status = 200, body = CouponsBody), (status = 400, body = ErrorBody)))]
pub(super) async fn coupons(app: Acting, body: Question) -> ApiResult<Json<CouponsBody>> {
    Ok(Json(coupons_body(app.ctx(), &asked(body)?).await?))
}

/// A number of an answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignPart {
    /// board, arm, attribution, uplift, coupons.
    of: String,
    /// Key of the row; everything together, or those without a contact, when missing.
    key: Option<String>,
    /// Of the board: targeted, reached, delivered, opened, clicked, converted, open, holdout. Of arms: holdout, treated,
    /// holdout_bought, treated_bought, open, both. Of attribution: credited. Of uplift: target, or a tenth from 1. Of coupons:
    /// issued, redeemed, anyway, rhythm.
    which: String,
}

impl From<CampaignPart> for Part {
    fn from(part: CampaignPart) -> Self {
        Self { of: part.of, key: part.key, which: part.which }
    }
}

/// Which people are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignPeopleQuery {
    question: CampaignQuestion,
    part: CampaignPart,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// The people behind a number: as many as it says.
#[utoipa::path(post, path = "/api/v1/campaigns/people", request_body = CampaignPeopleQuery,
    responses((status = 200, body = AnalysisPeople), (status = 400, body = ErrorBody)))]
pub(super) async fn people(
    app: Acting,
    body: Result<Json<CampaignPeopleQuery>, JsonRejection>,
) -> ApiResult<Json<AnalysisPeople>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = Asked::from(body.question).spec()?;
    let (after, limit) = page(body.after.as_deref(), body.limit)?;
    Ok(Json(campaigns::people(app.ctx(), &spec, &body.part.into(), after, limit).await?.into()))
}

/// Which people are kept, and how the list is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CampaignSegment {
    question: CampaignQuestion,
    part: CampaignPart,
    /// Name of the segment.
    name: String,
}

/// Keeps the people behind a number as a segment: a list of those whom it counts now.
#[utoipa::path(post, path = "/api/v1/campaigns/segment", request_body = CampaignSegment,
    responses((status = 200, body = SegmentBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn save(
    app: Acting,
    body: Result<Json<CampaignSegment>, JsonRejection>,
) -> ApiResult<Json<SegmentBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = Asked::from(body.question).spec()?;
    let (segment, _) = campaigns::save(app.ctx(), &spec, &body.part.into(), &body.name).await?;
    Ok(Json(segment.into()))
}
