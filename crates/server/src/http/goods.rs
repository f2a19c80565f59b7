//! `/api/v1/goods`: what is bought together, what is bought next, what customers will want; the people behind a rule, as pages
//! and as a segment.

use axum::Json;
use axum::extract::rejection::{JsonRejection, PathRejection, QueryRejection};
use axum::extract::{Path, Query};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ProfileId;
use zhike_engine::goods::{
    self, Asked, Good, Grades, NeedGrade, NeedRule, Of, Part, Recommending, Spec, Status, Wanted, Which,
};
use zhike_engine::{Ctx, Result as EngineResult};

use super::analysis::{AnalysisHead, AnalysisPeople, page};
use super::error::{ApiError, ApiResult, ErrorBody};
use super::profiles::day;
use super::segments::SegmentBody;
use super::who::Acting;

/// A question about goods; what is missing is as usual.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodsQuestion {
    /// product, category, brand; product by default.
    level: Option<String>,
    /// order, customer; order by default. Of no matter for what is bought next.
    basket: Option<String>,
    /// First day; 365 days before the last by default.
    from: Option<String>,
    /// Last day; the newest day of the data by default.
    to: Option<String>,
    /// Id of a segment whose members alone count.
    segment: Option<String>,
    /// Code of the purpose.
    purpose: Option<String>,
    /// Fewest baskets of a rule; five, or one in a thousand, by default.
    min_baskets: Option<u32>,
    /// Least confidence, 0 to 1; 0.1 by default.
    min_confidence: Option<f64>,
    /// Least lift; 1 by default. Below 1, what chance explains is shown too.
    min_lift: Option<f64>,
    /// Most goods of a rule, from 2 to 5; 3 by default.
    max_goods: Option<usize>,
    /// Fewest customers of a pair; five, or one in 500, by default.
    min_customers: Option<u32>,
    /// Most days between two purchases; 90 by default.
    max_gap_days: Option<u32>,
    /// Most rows; 200 by default.
    limit: Option<usize>,
}

impl From<GoodsQuestion> for Asked {
    fn from(question: GoodsQuestion) -> Self {
        Self {
            level: question.level,
            basket: question.basket,
            from: question.from,
            to: question.to,
            segment: question.segment,
            purpose: question.purpose,
            min_baskets: question.min_baskets,
            min_confidence: question.min_confidence,
            min_lift: question.min_lift,
            max_goods: question.max_goods,
            min_customers: question.min_customers,
            max_gap_days: question.max_gap_days,
            limit: question.limit,
        }
    }
}

/// A product, a category or a brand.
#[derive(Serialize, ToSchema)]
pub(crate) struct GoodBody {
    /// Code of the product, or the name itself.
    pub(crate) id: String,
    /// Name of the product.
    pub(crate) name: Option<String>,
}

impl From<Good> for GoodBody {
    fn from(good: Good) -> Self {
        Self { id: good.id, name: good.name }
    }
}

/// Who bought some goods also bought another. Counts are of baskets but where they say people.
#[derive(Serialize, ToSchema)]
pub(crate) struct TogetherRuleBody {
    pub(crate) antecedent: Vec<GoodBody>,
    pub(crate) consequent: GoodBody,
    /// Baskets with all of them.
    pub(crate) n_both: u64,
    pub(crate) n_antecedent: u64,
    pub(crate) n_consequent: u64,
    /// Baskets with all of them beyond what chance would give.
    pub(crate) n_beyond: f64,
    pub(crate) support: f64,
    pub(crate) confidence: f64,
    pub(crate) lift: f64,
    pub(crate) leverage: f64,
    /// Missing when the rule is never wrong.
    pub(crate) conviction: Option<f64>,
    /// Chance of a coincidence, corrected for all rules that were possible.
    pub(crate) q: f64,
    /// People with such a basket; missing where so few people are not told.
    pub(crate) n_people: Option<u64>,
    /// People who bought the antecedent and not the consequent in the period.
    pub(crate) n_left: Option<u64>,
}

/// What is bought together.
#[derive(Serialize, ToSchema)]
pub(crate) struct TogetherBody {
    pub(crate) head: AnalysisHead,
    pub(crate) level: String,
    pub(crate) basket: String,
    /// Orders that count; numbers are missing where so few people are not told.
    pub(crate) n_orders: Option<u64>,
    /// Of them, those without a good of the level.
    pub(crate) n_without: Option<u64>,
    pub(crate) n_baskets: Option<u64>,
    /// Baskets with one good alone.
    pub(crate) n_single: Option<u64>,
    pub(crate) n_people: Option<u64>,
    /// Different goods.
    pub(crate) n_goods: u64,
    /// Fewest baskets of a rule.
    pub(crate) min_baskets: u32,
    /// Rules that are sure enough, chance or not.
    pub(crate) n_tried: u64,
    /// Rules in all, of which the first are here.
    pub(crate) n_rules: u64,
    /// By baskets beyond chance.
    pub(crate) rules: Vec<TogetherRuleBody>,
}

/// One good and another that is bought on a later day. Counts are of days on which a customer bought but where they say people.
#[derive(Serialize, ToSchema)]
pub(crate) struct NextRuleBody {
    pub(crate) first: GoodBody,
    pub(crate) next: GoodBody,
    /// People who bought the one and then the other.
    pub(crate) n_people: u64,
    /// Days with the first and without the next.
    pub(crate) n_first: u64,
    /// Those of them that the next followed in time.
    pub(crate) n_both: u64,
    /// The other way round; missing where so few people are not told.
    pub(crate) n_reverse: Option<u64>,
    pub(crate) confidence: f64,
    pub(crate) lift: f64,
    pub(crate) n_beyond: f64,
    pub(crate) q: f64,
    /// Days from the one to the other: a quarter, half, three quarters took no longer.
    pub(crate) gap_early_days: i64,
    pub(crate) gap_days: i64,
    pub(crate) gap_late_days: i64,
    /// People who bought the first so lately that the time has not passed, and not the next since.
    pub(crate) n_left: Option<u64>,
}

/// What is bought next.
#[derive(Serialize, ToSchema)]
pub(crate) struct NextBody {
    pub(crate) head: AnalysisHead,
    pub(crate) level: String,
    pub(crate) max_gap_days: u32,
    /// Days on which a customer bought; missing where so few people are not told.
    pub(crate) n_days: Option<u64>,
    pub(crate) n_people: Option<u64>,
    pub(crate) n_goods: u64,
    /// Fewest people of a pair.
    pub(crate) min_customers: u32,
    pub(crate) n_tried: u64,
    pub(crate) n_pairs: u64,
    /// By days beyond chance.
    pub(crate) pairs: Vec<NextRuleBody>,
}

/// How good lists of ten are.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecommendGrades {
    /// Hits by rank over those of the best list.
    pub(crate) ndcg: f64,
    pub(crate) ndcg_error: f64,
    /// Share of a list that was bought.
    pub(crate) precision: f64,
    /// Share of what was bought that was listed.
    pub(crate) recall: f64,
    /// Share of products that are listed for anybody.
    pub(crate) coverage: f64,
    /// Buyers of what is listed over buyers of what is bought.
    pub(crate) popularity_lift: f64,
}

impl From<Grades> for RecommendGrades {
    fn from(grades: Grades) -> Self {
        Self {
            ndcg: grades.ndcg,
            ndcg_error: grades.ndcg_error,
            precision: grades.precision,
            recall: grades.recall,
            coverage: grades.coverage,
            popularity_lift: grades.popularity_lift,
        }
    }
}

/// A method with its grades.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecommendMethod {
    /// popular, own, category, cosine, ease, factors.
    pub(crate) method: String,
    pub(crate) name: String,
    pub(crate) name_zh: String,
    /// Of anything that is bought.
    pub(crate) any: Option<RecommendGrades>,
    /// Of what the customer has not had.
    pub(crate) fresh: Option<RecommendGrades>,
    pub(crate) is_best_any: bool,
    /// Whether it is used for lists.
    pub(crate) is_best_fresh: bool,
}

/// What was learnt of who will want what, and how good it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecommendationsBody {
    /// Last day that was learnt from.
    pub(crate) as_of: Option<String>,
    /// live, withheld.
    pub(crate) status: String,
    pub(crate) n_customers: u64,
    pub(crate) n_goods: u64,
    /// Days that were held out.
    pub(crate) window_days: i64,
    /// Customers who bought anything new in them.
    pub(crate) n_graded: u64,
    /// Customers who refused profiling and are left out; missing where so few people are not told.
    pub(crate) n_refused: Option<u64>,
    pub(crate) methods: Vec<RecommendMethod>,
    /// Customers with goods that are due again.
    pub(crate) n_due_people: Option<u64>,
    /// Goods that are due again, over all customers.
    pub(crate) n_due: Option<u64>,
    pub(crate) meaning: String,
    pub(crate) meaning_zh: String,
}

/// How often a word given beforehand came true; shares of graded customers.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeedGradeBody {
    /// Customers of the later window.
    pub(crate) n: u64,
    /// They bought the good of their rule.
    pub(crate) by_rule: f64,
    /// They bought what they had bought most.
    pub(crate) by_habit: f64,
    /// They bought what sells best.
    pub(crate) by_best_seller: f64,
}

impl From<NeedGrade> for NeedGradeBody {
    fn from(NeedGrade { n, by_rule, by_habit, by_best_seller }: NeedGrade) -> Self {
        Self { n, by_rule, by_habit, by_best_seller }
    }
}

/// Who needs a good.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeedRuleBody {
    /// Conditions as `antecedent` of a part names them.
    pub(crate) keys: Vec<String>,
    /// In words.
    pub(crate) conditions: Vec<WantedReason>,
    pub(crate) good: GoodBody,
    /// Customers that it was learnt from.
    pub(crate) n_learnt: u64,
    /// Of the later window: customers who met it.
    pub(crate) n_graded: u64,
    /// Of them, those who bought the good.
    pub(crate) n_bought: u64,
    /// Share of all customers who bought the good.
    pub(crate) usual: f64,
    pub(crate) lift: f64,
    /// Difference to the share of those who did not meet it; missing when everybody did.
    pub(crate) difference: Option<f64>,
    pub(crate) low: Option<f64>,
    pub(crate) high: Option<f64>,
    /// Chance of a coincidence, corrected for all rules.
    pub(crate) q: f64,
    /// Whether it is hardly one.
    pub(crate) holds: bool,
    /// People who meet it now; missing where so few people are not told.
    pub(crate) n_people: Option<u64>,
    /// Of them, those who did not buy the good within a year.
    pub(crate) n_without: Option<u64>,
}

impl From<NeedRule> for NeedRuleBody {
    fn from(rule: NeedRule) -> Self {
        let [difference, low, high] = std::array::from_fn(|at| rule.differs.map(|ends| ends[at]));
        Self {
            keys: rule.keys,
            conditions: rule.conditions.into_iter().map(WantedReason::from).collect(),
            good: rule.good.into(),
            n_learnt: rule.n_learnt,
            n_graded: rule.n_graded,
            n_bought: rule.n_bought,
            usual: rule.usual,
            lift: rule.lift,
            difference,
            low,
            high,
            q: rule.q,
            holds: rule.holds,
            n_people: rule.n_people,
            n_without: rule.n_without,
        }
    }
}

/// A good for those who have not had it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ExtensionBody {
    pub(crate) good: GoodBody,
    /// For whom it comes first of all that they have not had; missing where so few people are not told.
    pub(crate) n_people: Option<u64>,
}

/// What customers need, and what those may take next who have not had it.
#[derive(Serialize, ToSchema)]
pub(crate) struct NeedsBody {
    pub(crate) head: AnalysisHead,
    pub(crate) level: String,
    /// Days in which a need is seen.
    pub(crate) window_days: i64,
    pub(crate) n_learnt: u64,
    /// Customers who refused profiling and are left out; missing where so few people are not told.
    pub(crate) n_refused: Option<u64>,
    /// Missing where too little is known.
    pub(crate) grade: Option<NeedGradeBody>,
    /// live, withheld.
    pub(crate) status: String,
    /// Those that hold first, by lift.
    pub(crate) rules: Vec<NeedRuleBody>,
    /// The most people first.
    pub(crate) extension: Vec<ExtensionBody>,
    /// live; withheld when what sells best is listed instead.
    pub(crate) extension_status: String,
    /// Of customers who bought anything new: share for whom it was the first of their list.
    pub(crate) extension_hits: Option<f64>,
    /// The same of the best sellers.
    pub(crate) best_seller_hits: Option<f64>,
}

/// A reason.
#[derive(Serialize, ToSchema)]
pub(crate) struct WantedReason {
    pub(crate) zh: String,
    pub(crate) en: String,
}

impl From<(String, String)> for WantedReason {
    fn from((zh, en): (String, String)) -> Self {
        Self { zh, en }
    }
}

/// A good that is due again.
#[derive(Serialize, ToSchema)]
pub(crate) struct AgainBody {
    pub(crate) good: GoodBody,
    /// Days on which the customer bought it.
    pub(crate) n_times: u32,
    pub(crate) last_on: String,
    /// When half of such customers would have bought again.
    pub(crate) due_on: String,
    pub(crate) is_overdue: bool,
    pub(crate) reason: WantedReason,
}

/// A good that the customer has not had.
#[derive(Serialize, ToSchema)]
pub(crate) struct WantedBody {
    pub(crate) good: GoodBody,
    /// The strongest first.
    pub(crate) reasons: Vec<WantedReason>,
}

/// What a customer will want.
#[derive(Serialize, ToSchema)]
pub(crate) struct ForPersonBody {
    pub(crate) as_of: Option<String>,
    /// Whether the customer refused profiling: then nothing is said.
    pub(crate) is_refused: bool,
    /// live; withheld when what sells best is listed instead.
    pub(crate) status: String,
    /// Due again.
    pub(crate) again: Vec<AgainBody>,
    /// New to the customer, the best first.
    pub(crate) fresh: Vec<WantedBody>,
    /// Category that the customer needs, by a rule that holds.
    pub(crate) need: Option<WantedBody>,
    /// Category that the customer has not had and may take next.
    pub(crate) extension: Option<GoodBody>,
}

impl From<Wanted> for WantedBody {
    fn from(one: Wanted) -> Self {
        Self { good: one.good.into(), reasons: one.reasons.into_iter().map(Into::into).collect() }
    }
}

fn status(status: Status) -> String {
    match status {
        Status::InUse => "live",
        Status::Withheld => "withheld",
    }
    .to_owned()
}

pub(crate) async fn together_body(ctx: &Ctx, spec: &Spec) -> EngineResult<TogetherBody> {
    let answer = goods::bought_together(ctx, spec).await?;
    let rules = answer.rules.into_iter().map(|rule| TogetherRuleBody {
        antecedent: rule.antecedent.into_iter().map(Into::into).collect(),
        consequent: rule.consequent.into(),
        n_both: rule.n_both,
        n_antecedent: rule.n_antecedent,
        n_consequent: rule.n_consequent,
        n_beyond: rule.n_beyond,
        support: rule.support,
        confidence: rule.confidence,
        lift: rule.lift,
        leverage: rule.leverage,
        conviction: rule.conviction,
        q: rule.q,
        n_people: rule.n_people,
        n_left: rule.n_left,
    });
    Ok(TogetherBody {
        head: answer.head.into(),
        level: answer.spec.level_word().to_owned(),
        basket: answer.spec.basket_word().to_owned(),
        n_orders: answer.n_orders,
        n_without: answer.n_without,
        n_baskets: answer.n_baskets,
        n_single: answer.n_single,
        n_people: answer.n_people,
        n_goods: answer.n_goods,
        min_baskets: answer.min_baskets,
        n_tried: answer.n_tried,
        n_rules: answer.n_rules,
        rules: rules.collect(),
    })
}

pub(crate) async fn next_body(ctx: &Ctx, spec: &Spec) -> EngineResult<NextBody> {
    let answer = goods::bought_next(ctx, spec).await?;
    let pairs = answer.pairs.into_iter().map(|pair| NextRuleBody {
        first: pair.first.into(),
        next: pair.next.into(),
        n_people: pair.n_people,
        n_first: pair.n_first,
        n_both: pair.n_both,
        n_reverse: pair.n_reverse,
        confidence: pair.confidence,
        lift: pair.lift,
        n_beyond: pair.n_beyond,
        q: pair.q,
        gap_early_days: pair.gap_days[0],
        gap_days: pair.gap_days[1],
        gap_late_days: pair.gap_days[2],
        n_left: pair.n_left,
    });
    Ok(NextBody {
        head: answer.head.into(),
        level: answer.spec.level_word().to_owned(),
        max_gap_days: answer.spec.max_gap_days,
        n_days: answer.n_days,
        n_people: answer.n_people,
        n_goods: answer.n_goods,
        min_customers: answer.min_customers,
        n_tried: answer.n_tried,
        n_pairs: answer.n_pairs,
        pairs: pairs.collect(),
    })
}

pub(crate) async fn needs_body(ctx: &Ctx, spec: &Spec) -> EngineResult<NeedsBody> {
    let answer = goods::needed(ctx, spec).await?;
    let extension = answer.extension.into_iter();
    Ok(NeedsBody {
        head: answer.head.into(),
        level: answer.spec.level_word().to_owned(),
        window_days: answer.window_days,
        n_learnt: answer.n_learnt,
        n_refused: answer.n_refused,
        grade: answer.grade.map(Into::into),
        status: status(answer.status),
        rules: answer.rules.into_iter().map(Into::into).collect(),
        extension: extension.map(|one| ExtensionBody { good: one.good.into(), n_people: one.n_people }).collect(),
        extension_status: status(answer.extension_status),
        extension_hits: answer.extension_hits.map(|hits| hits.0),
        best_seller_hits: answer.extension_hits.map(|hits| hits.1),
    })
}

pub(crate) async fn recommendations_body(ctx: &Ctx) -> EngineResult<RecommendationsBody> {
    let told = goods::recommending(ctx).await?;
    let methods = told.methods.into_iter().map(|one| {
        let (zh, en) = Recommending::name_of(one.method);
        RecommendMethod {
            method: one.method.to_owned(),
            name: en.to_owned(),
            name_zh: zh.to_owned(),
            any: one.any.map(Into::into),
            fresh: one.fresh.map(Into::into),
            is_best_any: one.is_best_any,
            is_best_fresh: one.is_best_fresh,
        }
    });
    Ok(RecommendationsBody {
        as_of: told.as_of.map(day),
        status: status(told.status),
        n_customers: told.n_customers,
        n_goods: told.n_goods,
        window_days: told.window_days,
        n_graded: told.n_graded,
        n_refused: told.n_refused,
        methods: methods.collect(),
        n_due_people: told.n_due_people,
        n_due: told.n_due,
        meaning_zh: told.meaning.0,
        meaning: told.meaning.1,
    })
}

pub(crate) async fn for_person_body(ctx: &Ctx, profile_id: ProfileId, limit: usize) -> EngineResult<ForPersonBody> {
    let found = goods::for_person(ctx, profile_id, limit).await?;
    let again = found.again.into_iter().map(|one| AgainBody {
        good: one.good.into(),
        n_times: one.n_times,
        last_on: day(one.last_on),
        due_on: day(one.due_on),
        is_overdue: one.is_overdue,
        reason: one.reason.into(),
    });
    Ok(ForPersonBody {
        as_of: found.as_of.map(day),
        is_refused: found.is_refused,
        status: status(found.status),
        again: again.collect(),
        fresh: found.fresh.into_iter().map(Into::into).collect(),
        need: found.need.map(Into::into),
        extension: found.extension.map(Into::into),
    })
}

type Question = Result<Json<GoodsQuestion>, JsonRejection>;

fn asked(body: Question) -> ApiResult<Spec> {
    let Json(question) = body.map_err(ApiError::from)?;
    Ok(Asked::from(question).spec()?)
}

/// Goods that share baskets more often than chance.
#[utoipa::path(post, path = "/api/v1/goods/together", request_body = GoodsQuestion,
    responses((status = 200, body = TogetherBody), (status = 400, body = ErrorBody)))]
pub(super) async fn together(app: Acting, body: Question) -> ApiResult<Json<TogetherBody>> {
    Ok(Json(together_body(app.ctx(), &asked(body)?).await?))
}

/// Goods that are bought on a later day than others, more often than chance.
#[utoipa::path(post, path = "/api/v1/goods/next", request_body = GoodsQuestion,
    responses((status = 200, body = NextBody), (status = 400, body = ErrorBody)))]
pub(super) async fn next(app: Acting, body: Question) -> ApiResult<Json<NextBody>> {
    Ok(Json(next_body(app.ctx(), &asked(body)?).await?))
}

/// What customers need, as rules that were graded on what was bought later; and what those who have not had it may take next.
#[utoipa::path(post, path = "/api/v1/goods/needs", request_body = GoodsQuestion,
    responses((status = 200, body = NeedsBody), (status = 400, body = ErrorBody)))]
pub(super) async fn needs(app: Acting, body: Question) -> ApiResult<Json<NeedsBody>> {
    Ok(Json(needs_body(app.ctx(), &asked(body)?).await?))
}

/// Whether what customers will want can be told, by which method, and how good it is. What was learnt is kept for some minutes.
#[utoipa::path(get, path = "/api/v1/goods/recommendations",
    responses((status = 200, body = RecommendationsBody)))]
pub(super) async fn recommendations(app: Acting) -> ApiResult<Json<RecommendationsBody>> {
    Ok(Json(recommendations_body(app.ctx()).await?))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct WantedQuery {
    /// Goods of each list at most, 5 by default, 20 at most.
    limit: Option<usize>,
}

/// What a customer will want: what is due again by its cycle, and what is new, with reasons.
#[utoipa::path(get, path = "/api/v1/profiles/{profile_id}/recommendations",
    params(("profile_id" = String, Path, description = "Customer."), WantedQuery),
    responses((status = 200, body = ForPersonBody), (status = 404, body = ErrorBody)))]
pub(super) async fn of_person(
    app: Acting,
    path: Result<Path<ProfileId>, PathRejection>,
    query: Result<Query<WantedQuery>, QueryRejection>,
) -> ApiResult<Json<ForPersonBody>> {
    let Query(query) = query.map_err(ApiError::from)?;
    let Path(profile_id) = path.map_err(ApiError::from)?;
    Ok(Json(for_person_body(app.ctx(), profile_id, query.limit.unwrap_or(5)).await?))
}

/// A rule or a pair of an answer, and which of its people.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodsPart {
    /// together, next, need, extension.
    of: String,
    /// Ids of the goods on the left; of what is bought next, one.
    antecedent: Vec<String>,
    /// Id of the good on the right.
    consequent: String,
    /// both: who bought all; left: who bought the left side and not the right one yet.
    which: String,
}

pub(crate) fn part(of: &str, antecedent: Vec<String>, consequent: String, which: &str) -> ApiResult<Part> {
    let of = match of {
        "together" => Of::Together,
        "next" => Of::Next,
        "need" => Of::Need,
        "extension" => Of::Extension,
        _ => {
            return Err(ApiError::new(
                ErrorCode::BadRequest,
                format!("of {of:?} is not known: together, next, need or extension"),
                format!("of 不能是“{of}”：可用 together、next、need、extension"),
            ));
        }
    };
    let which = match which {
        "both" => Which::Both,
        "left" => Which::Left,
        _ => {
            return Err(ApiError::new(
                ErrorCode::BadRequest,
                format!("which {which:?} is not known: both or left"),
                format!("which 不能是“{which}”：可用 both、left"),
            ));
        }
    };
    Ok(Part { of, antecedent, consequent, which })
}

impl GoodsPart {
    fn part(self) -> ApiResult<Part> {
        part(&self.of, self.antecedent, self.consequent, &self.which)
    }
}

/// Which people are asked for.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodsPeopleQuery {
    question: GoodsQuestion,
    part: GoodsPart,
    /// Cursor of the page before.
    after: Option<String>,
    /// Rows, 50 by default.
    limit: Option<usize>,
}

/// The people behind a rule or a pair: as many as it says.
#[utoipa::path(post, path = "/api/v1/goods/people", request_body = GoodsPeopleQuery,
    responses((status = 200, body = AnalysisPeople), (status = 400, body = ErrorBody)))]
pub(super) async fn people(
    app: Acting,
    body: Result<Json<GoodsPeopleQuery>, JsonRejection>,
) -> ApiResult<Json<AnalysisPeople>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = Asked::from(body.question).spec()?;
    let (after, limit) = page(body.after.as_deref(), body.limit)?;
    Ok(Json(goods::people(app.ctx(), &spec, &body.part.part()?, after, limit).await?.into()))
}

/// Which people are kept, and how the list is called.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GoodsSegment {
    question: GoodsQuestion,
    part: GoodsPart,
    /// Name of the segment.
    name: String,
}

/// Keeps the people behind a rule or a pair as a segment: a list of those whom it counts now.
#[utoipa::path(post, path = "/api/v1/goods/segment", request_body = GoodsSegment,
    responses((status = 200, body = SegmentBody), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody)))]
pub(super) async fn save(app: Acting, body: Result<Json<GoodsSegment>, JsonRejection>) -> ApiResult<Json<SegmentBody>> {
    let Json(body) = body.map_err(ApiError::from)?;
    let spec = Asked::from(body.question).spec()?;
    let (segment, _) = goods::save(app.ctx(), &spec, &body.part.part()?, &body.name).await?;
    Ok(Json(segment.into()))
}
