//! `/api/v1/models`: what is learnt about customers, how good it is, what it says of all of them and of one.

use axum::Json;
use axum::extract::Path;
use axum::extract::rejection::{JsonRejection, PathRejection};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_domain::learn::{Advice, Model};
use zhike_engine::models::{self, Board, Insight, Settings, Version};

use super::error::{ApiError, ApiResult, ErrorBody};
use super::overview::date;
use super::profiles::money;
use super::who::Acting;
use crate::output::instant;

/// A version of a model.
#[derive(Serialize, ToSchema)]
pub(crate) struct ModelVersion {
    /// clv, churn, purchase_30, purchase_90, clusters.
    pub(crate) model: &'static str,
    name_zh: &'static str,
    name_en: &'static str,
    pub(crate) version: i64,
    pub(crate) trained_at: String,
    /// live, withheld, retired.
    pub(crate) status: &'static str,
    /// Why it is not used.
    pub(crate) reason_zh: Option<String>,
    pub(crate) reason_en: Option<String>,
    /// How good it is, in one sentence.
    pub(crate) meaning_zh: String,
    pub(crate) meaning_en: String,
    /// What it was asked, what it learnt from, how it did beside a plain rule.
    #[schema(value_type = ModelCard)]
    pub(crate) card: models::Card,
}

/// A figure with its interval of 95 %.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelInterval {
    value: f64,
    low: f64,
    high: f64,
}

/// A grading on customers and days that the model did not learn from.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelPeriod {
    /// Last day that was looked at.
    cutoff: String,
    n: usize,
    n_positive: usize,
    auc: ModelInterval,
    /// Of the plain rule: recency and frequency, ranked.
    baseline_auc: ModelInterval,
    log_loss: f64,
    baseline_log_loss: f64,
    brier: f64,
    calibration_error: f64,
    lift: f64,
    mean_probability: f64,
}

/// Said and true numbers of customers who are about alike.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelBin {
    n: f64,
    said: f64,
    actual: f64,
}

/// How the tenth of customers with the highest chance fared.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelWarning {
    n: usize,
    hit_rate: f64,
    /// Of as many by the plain rule.
    baseline_hit_rate: f64,
    recall: f64,
    /// Share of all customers with whom it happened.
    share: f64,
}

/// How much a feature weighs.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelWeight {
    key: String,
    zh: String,
    en: String,
    share: f64,
}

/// A number that was estimated.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelParameter {
    name: String,
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
}

/// One of several that were tried.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelTried {
    name: String,
    /// Less is better.
    loss: Option<f64>,
    is_chosen: bool,
}

/// What was expected of a window, and what came.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelTotals {
    cutoff: String,
    days: i64,
    n: usize,
    expected: f64,
    actual: f64,
    error: f64,
    baseline_error: f64,
    baseline_expected: f64,
}

/// Everything that is told of a version of a model.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelCard {
    as_of: String,
    horizon_days: Option<i64>,
    by_rhythm: bool,
    gap_days: i64,
    learner: String,
    n_rows: usize,
    n_positive: usize,
    learns_from: Vec<String>,
    data_hash: String,
    periods: Vec<ModelPeriod>,
    calibration: Vec<ModelBin>,
    warning: Option<ModelWarning>,
    weights: Vec<ModelWeight>,
    parameters: Vec<ModelParameter>,
    tried: Vec<ModelTried>,
    drift: f64,
    totals: Option<ModelTotals>,
    /// Code and numbers of why it is not used.
    #[schema(value_type = Option<Object>)]
    withheld: Option<()>,
}

impl From<Version> for ModelVersion {
    fn from(version: Version) -> Self {
        let reason = version.card.withheld.as_ref().map(zhike_domain::learn::Withheld::words);
        let (reason_zh, reason_en) = reason.unzip();
        let (name_zh, name_en) = version.model.words();
        let (meaning_zh, meaning_en) = models::meaning(&version);
        Self {
            model: version.model.as_str(),
            name_zh,
            name_en,
            version: version.version,
            trained_at: instant(version.trained_at),
            status: version.status.as_str(),
            reason_zh,
            reason_en,
            meaning_zh,
            meaning_en,
            card: version.card,
        }
    }
}

/// Versions of models.
#[derive(Serialize, ToSchema)]
pub(super) struct ModelVersions {
    items: Vec<ModelVersion>,
}

fn model(name: &str) -> ApiResult<Model> {
    Model::parse(name).ok_or_else(|| {
        let all: Vec<&str> = Model::ALL.iter().map(|model| model.as_str()).collect();
        ApiError::new(
            ErrorCode::NotFound,
            format!("there is no model {name:?}: there are {}", all.join(", ")),
            format!("没有模型“{name}”：有 {}", all.join("、")),
        )
    })
}

/// All versions of all models, the newest of each first.
#[utoipa::path(get, path = "/api/v1/models", responses((status = 200, body = ModelVersions)))]
pub(super) async fn list(app: Acting) -> ApiResult<Json<ModelVersions>> {
    let items = models::list(app.ctx()).await?.into_iter().map(ModelVersion::from).collect();
    Ok(Json(ModelVersions { items }))
}

/// Which model.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(super) struct ModelPath {
    /// clv, churn, purchase_30, purchase_90, clusters.
    model: String,
}

/// From which day a model learns.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainModel {
    /// Last day that counts; the newest day of the data when absent.
    as_of: Option<String>,
}

/// Trains a model anew, grades it, and computes what it says of everybody.
#[utoipa::path(post, path = "/api/v1/models/{model}/train", params(ModelPath), request_body = TrainModel,
    responses((status = 200, body = ModelVersion), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
pub(super) async fn train(
    app: Acting,
    path: Result<Path<ModelPath>, PathRejection>,
    body: Result<Json<TrainModel>, JsonRejection>,
) -> ApiResult<Json<ModelVersion>> {
    let Path(path) = path.map_err(ApiError::from)?;
    let Json(body) = body.map_err(ApiError::from)?;
    let model = model(&path.model)?;
    let version = models::train(app.ctx(), &[model], date(body.as_of)?).await?.into_iter().next();
    let none = || ApiError::new(ErrorCode::NotFound, "nothing was trained", "没有训练任何模型");
    version.map(|version| Json(version.into())).ok_or_else(none)
}

/// Settings of models, or a change of them.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelSettings {
    /// Version; of a change the one that it was made from: another one in force is a conflict.
    version: i64,
    /// `churn_days`, `by_rhythm`, `tiers`: `{"by":"capacity","high":0.1,"medium":0.2}` or
    /// `{"by":"value","high_cost":…,"high_success":…,"medium_cost":…,"medium_success":…,"margin":…}`.
    #[schema(value_type = Object)]
    settings: Settings,
}

/// When customers count as gone and who is urgent.
#[utoipa::path(get, path = "/api/v1/models/settings", responses((status = 200, body = ModelSettings)))]
pub(super) async fn settings(app: Acting) -> ApiResult<Json<ModelSettings>> {
    let (settings, version) = models::settings(app.ctx()).await?;
    Ok(Json(ModelSettings { version, settings }))
}

/// Puts settings in force; the next refresh uses them.
#[utoipa::path(put, path = "/api/v1/models/settings", request_body = ModelSettings,
    responses((status = 200, body = ModelSettings), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put_settings(
    app: Acting,
    body: Result<Json<ModelSettings>, JsonRejection>,
) -> ApiResult<Json<ModelSettings>> {
    let Json(body) = body.map_err(ApiError::from)?;
    models::set_settings(app.ctx(), &body.settings, Some(body.version)).await?;
    settings(app).await
}

/// What to do about risks, or a change of it.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelAdvice {
    /// Version; of a change the one that it was made from: another one in force is a conflict.
    version: i64,
    /// `{"advice":[{"risk":"high","because":"service","zh":"…","en":"…"}, …]}`; the first row that fits is the advice.
    #[schema(value_type = Object)]
    table: Advice,
}

/// What to do about risks, by how urgent they are and why.
#[utoipa::path(get, path = "/api/v1/models/advice", responses((status = 200, body = ModelAdvice)))]
pub(super) async fn advice(app: Acting) -> ApiResult<Json<ModelAdvice>> {
    let (table, version) = models::advice(app.ctx()).await?;
    Ok(Json(ModelAdvice { version, table }))
}

/// Puts another table of advice in force.
#[utoipa::path(put, path = "/api/v1/models/advice", request_body = ModelAdvice,
    responses((status = 200, body = ModelAdvice), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn put_advice(
    app: Acting,
    body: Result<Json<ModelAdvice>, JsonRejection>,
) -> ApiResult<Json<ModelAdvice>> {
    let Json(body) = body.map_err(ApiError::from)?;
    models::set_advice(app.ctx(), &body.table, Some(body.version)).await?;
    advice(app).await
}

/// Customers of a range of chances and one of values; numbers are missing where so few are not told.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskCell {
    /// Position among `chances`.
    chance: usize,
    /// Position among `values`.
    value: usize,
    n_customers: Option<u64>,
    value_at_risk: Option<String>,
}

/// Customers so urgent.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskTier {
    /// high, medium, low.
    risk: &'static str,
    n_customers: Option<u64>,
    /// Those of them who are expected to leave.
    expected: Option<f64>,
    value_at_risk: Option<String>,
}

/// What so many contacts reach, those first who put most at risk.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskReach {
    n_customers: u64,
    expected: f64,
    /// Share of the value at risk of all.
    share: f64,
    /// All of them, and nobody else, put at least so much at risk.
    at_least: String,
}

/// What weighs most with how many customers of high and medium risk.
#[derive(Serialize, ToSchema)]
pub(super) struct RiskReason {
    feature: String,
    zh: String,
    en: String,
    n_customers: Option<u64>,
}

/// What models say of all customers.
#[derive(Serialize, ToSchema)]
#[schema(as = ModelBoard)]
pub(crate) struct BoardBody {
    /// Missing before the first refresh.
    pub(crate) as_of: Option<String>,
    currency: String,
    pub(crate) n_customers: Option<u64>,
    /// Those who are likelier to buy again than not.
    pub(crate) n_alive: Option<u64>,
    /// Net amount expected of all within a year.
    pub(crate) expected_value: Option<String>,
    /// Those asked whether they leave.
    pub(crate) n_active: Option<u64>,
    /// Those of them who are expected to.
    pub(crate) expected_to_leave: Option<f64>,
    pub(crate) value_at_risk: Option<String>,
    /// Bounds of the ranges of chances, the end of the last too.
    chances: Vec<f64>,
    /// Lower bounds of the ranges of values, in money.
    values: Vec<f64>,
    /// Customers by range of values, whoever has left too.
    by_value: Vec<Option<u64>>,
    cells: Vec<RiskCell>,
    tiers: Vec<RiskTier>,
    reach: Vec<RiskReach>,
    reasons: Vec<RiskReason>,
    pub(crate) meaning_zh: String,
    pub(crate) meaning_en: String,
}

impl BoardBody {
    pub(crate) fn new(board: Board, currency: String) -> Self {
        let (meaning_zh, meaning_en) = models::meaning_of_board(&board, &currency);
        Self {
            as_of: board.as_of,
            n_customers: board.n,
            n_alive: board.n_alive,
            expected_value: board.value.map(money),
            n_active: board.n_active,
            expected_to_leave: board.expected,
            value_at_risk: board.at_risk.map(money),
            chances: Board::CHANCES.to_vec(),
            values: board.values,
            by_value: board.by_value,
            cells: board
                .cells
                .into_iter()
                .map(|cell| RiskCell {
                    chance: cell.chance,
                    value: cell.value,
                    n_customers: cell.n,
                    value_at_risk: cell.at_risk.map(money),
                })
                .collect(),
            tiers: board
                .urgent
                .into_iter()
                .map(|one| RiskTier {
                    risk: one.risk.as_str(),
                    n_customers: one.n,
                    expected: one.expected,
                    value_at_risk: one.at_risk.map(money),
                })
                .collect(),
            reach: board
                .reach
                .into_iter()
                .map(|point| RiskReach {
                    n_customers: point.n,
                    expected: point.expected,
                    share: point.share,
                    at_least: money(point.at_least),
                })
                .collect(),
            reasons: board
                .reasons
                .into_iter()
                .map(|one| RiskReason { feature: one.key, zh: one.name.0, en: one.name.1, n_customers: one.n })
                .collect(),
            currency,
            meaning_zh,
            meaning_en,
        }
    }
}

/// Who is worth what, who may leave, and what could be done with so many hands, over the customers who may be seen.
#[utoipa::path(get, path = "/api/v1/models/board", responses((status = 200, body = BoardBody)))]
pub(super) async fn board(app: Acting) -> ApiResult<Json<BoardBody>> {
    let board = models::board(app.ctx()).await?;
    Ok(Json(BoardBody::new(board, app.ctx().workspace().currency)))
}

/// A group of customers who are alike; numbers are missing where so few are not told.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerCluster)]
pub(crate) struct ClusterBody {
    pub(crate) cluster: i64,
    pub(crate) label_zh: String,
    pub(crate) label_en: String,
    pub(crate) n_customers: Option<u64>,
    /// Mean days since the last order.
    pub(crate) recency_days: Option<f64>,
    /// Mean orders.
    pub(crate) frequency: Option<f64>,
    /// Net amount of all of them.
    pub(crate) monetary: Option<String>,
}

/// Groups of customers.
#[derive(Serialize, ToSchema)]
#[schema(as = CustomerClusters)]
pub(super) struct ClustersBody {
    as_of: Option<String>,
    currency: String,
    items: Vec<ClusterBody>,
}

impl From<models::Cluster> for ClusterBody {
    fn from(one: models::Cluster) -> Self {
        Self {
            cluster: one.number,
            label_zh: one.label.0,
            label_en: one.label.1,
            n_customers: one.n,
            recency_days: one.recency_days,
            frequency: one.frequency,
            monetary: one.monetary.map(money),
        }
    }
}

/// Groups of customers who are alike in when, how often and for how much they buy.
#[utoipa::path(get, path = "/api/v1/models/groups", responses((status = 200, body = ClustersBody)))]
pub(super) async fn clusters(app: Acting) -> ApiResult<Json<ClustersBody>> {
    let (as_of, all) = models::clusters(app.ctx()).await?;
    let currency = app.ctx().workspace().currency;
    Ok(Json(ClustersBody { as_of, currency, items: all.into_iter().map(ClusterBody::from).collect() }))
}

/// A sentence in both languages.
#[derive(Serialize, ToSchema)]
pub(crate) struct InsightSentence {
    zh: String,
    en: String,
}

impl From<models::Reason> for InsightSentence {
    fn from((zh, en): models::Reason) -> Self {
        Self { zh, en }
    }
}

/// What models say of a customer; what none of them says is missing.
#[derive(Serialize, ToSchema)]
#[schema(as = ProfileInsight)]
pub(crate) struct InsightBody {
    as_of: Option<String>,
    currency: String,
    /// Probability that the customer still buys.
    p_alive: Option<f64>,
    /// Days with orders expected within a year.
    expected_orders: Option<f64>,
    /// Net amount expected within a year.
    value: Option<String>,
    /// Eight of ten such customers bring at least this.
    value_low: Option<String>,
    /// Eight of ten such customers bring at most this.
    value_high: Option<String>,
    value_90: Option<String>,
    value_180: Option<String>,
    /// A quarter have ordered again by then.
    next_early_on: Option<String>,
    /// Half have.
    next_on: Option<String>,
    /// Three quarters have.
    next_late_on: Option<String>,
    /// Probability of leaving.
    churn: Option<f64>,
    /// Within how many days, by the customer's own rhythm.
    churn_days: Option<i64>,
    /// high, medium, low.
    risk: Option<&'static str>,
    value_at_risk: Option<String>,
    /// What weighs most for leaving.
    reasons: Vec<InsightSentence>,
    /// What to do.
    advice: Option<InsightSentence>,
    /// Probability of an order within 30 days.
    purchase_30: Option<f64>,
    /// Probability of an order within 90 days.
    purchase_90: Option<f64>,
    cluster: Option<i64>,
    cluster_label: Option<InsightSentence>,
}

impl InsightBody {
    pub(crate) fn new(of: Insight, currency: String) -> Self {
        let [next_early_on, next_on, next_late_on] = of.next;
        let value = |at: usize| of.value.map(|value| money(value[at]));
        let soon = |at: usize| of.value_soon.map(|value| money(value[at]));
        Self {
            value: value(0),
            value_low: value(1),
            value_high: value(2),
            value_90: soon(0),
            value_180: soon(1),
            as_of: of.as_of,
            currency,
            p_alive: of.p_alive,
            expected_orders: of.expected_orders,
            next_early_on,
            next_on,
            next_late_on,
            churn: of.churn.map(|churn| churn.0),
            churn_days: of.churn.map(|churn| churn.1),
            risk: of.risk.map(|risk| risk.as_str()),
            value_at_risk: of.value_at_risk.map(money),
            reasons: of.reasons.into_iter().map(InsightSentence::from).collect(),
            advice: of.advice.map(InsightSentence::from),
            purchase_30: of.purchase[0],
            purchase_90: of.purchase[1],
            cluster: of.cluster.as_ref().map(|cluster| cluster.0),
            cluster_label: of.cluster.map(|cluster| cluster.1.into()),
        }
    }
}

/// What models say of one customer: worth, when the next order is due, whether they leave and why, what to do.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/insight",
    params(("profile_id" = String, Path, description = "Customer.")),
    responses((status = 200, body = InsightBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of_profile(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
) -> ApiResult<Json<InsightBody>> {
    let Path(profile_id) = path.map_err(ApiError::from)?;
    let insight = models::of_person(app.ctx(), profile_id).await?;
    Ok(Json(InsightBody::new(insight, app.ctx().workspace().currency)))
}
