//! Models of customers: trained on days of the past, graded on days that they did not learn from, used as long as they beat
//! a plain rule.
//!
//! Owns which version of a model is in use, its card, what it says of everybody (tables `clv`, `churn`, `propensity`,
//! `clusters`) and of one customer. Must not know how anything is estimated (`zhike_ml`) nor which days may be learnt from
//! (`zhike_domain::learn`).
//!
//! - INV-MODELS-1: what a model looks at as of a day depends on nothing that happened, or arrived, later
//!   (`tests/it/models.rs`).
//! - INV-MODELS-2: a model that loses to the plain rule says nothing of anybody.
//! - INV-MODELS-3: whoever refused profiling is neither learnt from nor spoken of.

use crate::boxed;
use std::hash::{DefaultHasher, Hash, Hasher};

use jiff::civil::Date;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zhike_domain::consent::PROFILING;
use zhike_domain::frame::{Column, ColumnType, Frame, TextColumn};
use zhike_domain::learn::{Advice, Model, Plan, Withheld, withheld};
use zhike_lake::Publication;
use zhike_state::{ModelRow, ModelStatus};

use crate::workspace::day_number;
use crate::{Ctx, Error, Result};

mod artifact;
mod before;
mod board;
mod card;
mod chance;
mod clv;
mod groups;
mod person;
mod purchases;
mod rows;
mod scores;
mod settings;
mod table;
mod words;

use artifact::{ChanceText, ClustersText};
pub(crate) use before::before;
pub use board::{Board, Cell, Cluster, Reach, Urgent, Weighs, board, clusters};
pub use card::{Bin, Card, Interval, Parameter, Period, Totals, Tried, Warning, Weight};
use chance::{GAP, Question, Scorer};
pub use person::{Insight, Reason, of_person};
use purchases::Purchases;
pub use settings::{Settings, Tiers, advice, set_advice, set_settings, settings};
pub use words::{meaning, meaning_of_board};

/// Where what the last run saw is kept.
const RUN: &str = "models_run";
/// Days after which a model is learnt anew.
const FRESH: i64 = 28;
/// Days after which one that was withheld is tried again.
const AGAIN: i64 = 7;

/// A version of a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// Which model.
    pub model: Model,
    /// From 1.
    pub version: i64,
    /// When it was trained, in microseconds.
    pub trained_at: i64,
    /// Whether it is used.
    pub status: ModelStatus,
    /// Everything that is told of it.
    pub card: Card,
}

impl Version {
    fn read(row: &ModelRow) -> Result<Option<Self>> {
        let Some(model) = Model::parse(&row.model) else { return Ok(None) };
        let card = read_json(&row.card_json)?;
        Ok(Some(Self { model, version: row.version, trained_at: row.trained_at, status: row.status, card }))
    }
}

fn read_json<T: DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::bug("a stored model", error))
}

fn json_of<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::bug("a model as JSON", error))
}

/// All versions, by model, the newest first.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Version>> {
    let rows = ctx.store().models().await?;
    let mut all = Vec::new();
    for row in &rows {
        all.extend(Version::read(row)?);
    }
    all.sort_by_key(|version| (version.model, -version.version));
    Ok(all)
}

/// One version, the newest when absent.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, model: Model, version: Option<i64>) -> Result<Version> {
    let all = list(ctx).await?;
    let is_it = |one: &&Version| one.model == model && version.is_none_or(|version| one.version == version);
    all.iter().find(is_it).cloned().ok_or_else(|| Error::not_found("version of this model", "模型版本"))
}

/// The table `models`, for SQL.
pub(crate) async fn table(ctx: &Ctx) -> Result<Frame> {
    let all = list(ctx).await?;
    let texts = |of: &dyn Fn(&Version) -> Option<String>| {
        let mut column = TextColumn::default();
        all.iter().for_each(|version| column.push(of(version).as_deref()));
        Column::Text(column)
    };
    let nums = |of: fn(&Version) -> i64| Column::Num(all.iter().map(|version| Some(of(version))).collect());
    let reason = |version: &Version| version.card.withheld.as_ref().and_then(|why| serde_json::to_string(why).ok());
    let mut frame = Frame::new(all.len());
    frame.set("model", ColumnType::Text, texts(&|version| Some(version.model.as_str().to_owned())));
    frame.set("version", ColumnType::Int, nums(|version| version.version));
    frame.set("trained_at", ColumnType::Instant, nums(|version| version.trained_at));
    frame.set("trained_on", ColumnType::Text, texts(&|version| Some(version.card.figures().0.to_string())));
    frame.set("metrics", ColumnType::Text, texts(&|version| Some(version.card.figures().1.to_string())));
    frame.set("baseline_metrics", ColumnType::Text, texts(&|version| Some(version.card.figures().2.to_string())));
    frame.set("status", ColumnType::Text, texts(&|version| Some(version.status.as_str().to_owned())));
    frame.set("reason", ColumnType::Text, texts(&reason));
    Ok(frame)
}

/// Trains models anew as of a day, the newest of the data when absent, and says what they say of everybody.
///
/// **Errors**: `bad_request` when there are no orders.
#[boxed]
pub async fn train(ctx: &Ctx, models: &[Model], day: Option<Date>) -> Result<Vec<Version>> {
    let ctx = &ctx.whole();
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    ctx.refresh_overrides().await?;
    let purchases = Purchases::read(ctx, last_day(ctx, day).await?).await?;
    let mut trained = Vec::new();
    for model in models {
        trained.push(renew(ctx, *model, &purchases).await?);
    }
    say(ctx, &purchases).await?;
    Ok(trained)
}

async fn last_day(ctx: &Ctx, day: Option<Date>) -> Result<i64> {
    let Some((_, newest)) = ctx.lake().time_span("orders").await? else {
        return Err(Error::bad_request(
            "there are no orders to learn from: import some first (zhike import FILE)".into(),
            "还没有订单可以学习：请先导入（zhike import 文件）".into(),
        ));
    };
    Ok(day.map_or_else(|| ctx.workspace().day_of(newest), day_number))
}

/// Brings models up to date with a day: graded on what has come since, learnt anew when they are old, and what they say of
/// everybody written. Does nothing when nothing changed. The caller holds the write lock.
pub(crate) async fn follow(ctx: &Ctx, day: i64, force: bool) -> Result<()> {
    let seen = seen(ctx, day).await?;
    if !force && ctx.store().get_meta(RUN).await?.is_some_and(|run| run == seen) {
        return Ok(());
    }
    let purchases = Purchases::read(ctx, day).await?;
    for model in Model::ALL {
        let newest = list(ctx).await?.into_iter().find(|one| one.model == *model);
        let Some(newest) = newest else {
            renew(ctx, *model, &purchases).await?;
            continue;
        };
        let age = day - day_of(&newest.card)?;
        let limit = if newest.status == ModelStatus::Live { FRESH } else { AGAIN };
        // A day in the past is spoken of by the model that there is, if it knew no more.
        if age < 0 {
            continue;
        }
        regrade(ctx, *model, &purchases).await?;
        if age >= limit {
            renew(ctx, *model, &purchases).await?;
        }
    }
    say(ctx, &purchases).await?;
    Ok(ctx.store().set_meta(RUN, &seen).await?)
}

/// All that what models say depends on, as one text.
async fn seen(ctx: &Ctx, day: i64) -> Result<String> {
    let tables = ["orders", "refunds", "order_items", "products", "events", "interactions", "feedback"];
    let mut hasher = DefaultHasher::new();
    let (state, overrides) = (ctx.store().state_version().await?, ctx.store().overrides_version().await?);
    let settings = json_of(&settings(ctx).await?.0)?;
    let refused = crate::consents::version(ctx, PROFILING, None).await?;
    (day, state, overrides, settings, refused, ctx.lake().versions(&tables).await?).hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

/// The last day that a version knows of.
fn day_of(card: &Card) -> Result<i64> {
    let date: Date = card.as_of.parse().map_err(|error| Error::bug("the day of a model", error))?;
    Ok(day_number(date))
}

async fn question(ctx: &Ctx, model: Model) -> Result<Question> {
    let settings = settings(ctx).await?.0;
    let horizon = match model {
        Model::Churn => settings.churn_days,
        _ => model.horizon().unwrap_or_default(),
    };
    Ok(Question { model, horizon, by_rhythm: settings.by_rhythm })
}

/// Learns a model anew and decides which version is used: the one that did better on the newest grading that is fair to both.
async fn renew(ctx: &Ctx, model: Model, purchases: &Purchases) -> Result<Version> {
    let rows = ctx.store().models().await?;
    let of_model = || rows.iter().filter(|row| row.model == model.as_str());
    let champion = of_model().find(|row| row.status == ModelStatus::Live);
    let version = of_model().map(|row| row.version).max().unwrap_or(0) + 1;
    let (mut card, artifact) = match model {
        Model::Clv => {
            let learnt = clv::learn(purchases)?;
            (learnt.card, learnt.text.as_ref().map(json_of).transpose()?)
        }
        Model::Clusters => {
            let before = match champion {
                Some(row) => artifact_of::<ClustersText>(ctx, model, row.version).await?,
                None => None,
            };
            let learnt = groups::learn(purchases, before.as_ref())?;
            (learnt.card, learnt.text.as_ref().map(json_of).transpose()?)
        }
        Model::Churn | Model::Purchase30 | Model::Purchase90 => {
            let learnt = chance::learn(ctx, purchases, question(ctx, model).await?).await?;
            (learnt.card, learnt.text.as_ref().map(json_of).transpose()?)
        }
    };
    if let (None, Some(champion)) = (&card.withheld, champion)
        && let Some(better) = better(&read_json::<Card>(&champion.card_json)?, &card)
    {
        card.withheld = Some(better);
    }
    let status = if card.withheld.is_none() { ModelStatus::Live } else { ModelStatus::Withheld };
    let row = ModelRow {
        model: model.as_str().to_owned(),
        version,
        trained_at: ctx.now(),
        status,
        card_json: json_of(&card)?,
    };
    ctx.store().add_model(row, artifact).await?;
    Ok(Version { model, version, trained_at: ctx.now(), status, card })
}

/// Why a challenger is not used although it beats the plain rule: the model in use did better on the same day.
fn better(champion: &Card, challenger: &Card) -> Option<Withheld> {
    let newest = challenger.periods.first()?;
    // A champion was graded on that day without having learnt from it, or it is not there.
    let of_champion = champion.periods.iter().find(|period| period.cutoff == newest.cutoff)?;
    let is_better = of_champion.auc.value > newest.auc.value && champion.as_of <= newest.cutoff;
    is_better.then_some(Withheld::Champion { model: newest.auc.value, champion: of_champion.auc.value })
}

async fn artifact_of<T: DeserializeOwned>(ctx: &Ctx, model: Model, version: i64) -> Result<Option<T>> {
    let text = ctx.store().model_artifact(model.as_str(), version).await?;
    text.as_deref().map(read_json).transpose()
}

/// The version in use as of a day, with what it learnt; none when it knows more than the day.
async fn live<T: DeserializeOwned>(ctx: &Ctx, model: Model, day: i64) -> Result<Option<(i64, Card, T)>> {
    let rows = ctx.store().models().await?;
    let in_use = |row: &&ModelRow| row.model == model.as_str() && row.status == ModelStatus::Live;
    let Some(row) = rows.iter().find(in_use) else { return Ok(None) };
    let card: Card = read_json(&row.card_json)?;
    if day_of(&card)? > day {
        return Ok(None);
    }
    Ok(artifact_of(ctx, model, row.version).await?.map(|text| (row.version, card, text)))
}

/// Grades the model in use on the newest closed window, if it did not learn from it; one that loses there is withheld.
async fn regrade(ctx: &Ctx, model: Model, purchases: &Purchases) -> Result<()> {
    if model.horizon().is_none() {
        return Ok(());
    }
    let Some((version, mut card, text)) = live::<ChanceText>(ctx, model, purchases.until).await? else { return Ok(()) };
    let question = question(ctx, model).await?;
    let plan = Plan::new(purchases.first().unwrap_or(purchases.until), purchases.until, question.horizon, GAP);
    let cutoff = purchases.until - question.horizon - GAP;
    let is_known = card.periods.iter().any(|period| period.cutoff == crate::refresh::day_text(cutoff));
    if cutoff < day_of(&card)? || is_known {
        return Ok(());
    }
    let scorer = Scorer::new(text)?;
    let Some(period) = scorer.grade(ctx, purchases, question, &plan, cutoff).await? else { return Ok(()) };
    card.periods.insert(0, period);
    card.periods.truncate(12);
    card.withheld = withheld(&card.newest_grade());
    let status = if card.withheld.is_none() { ModelStatus::Live } else { ModelStatus::Withheld };
    Ok(ctx.store().set_model(model.as_str(), version, status, &json_of(&card)?).await?)
}

/// Writes what the models in use say of everybody as of the last day of the purchases.
async fn say(ctx: &Ctx, purchases: &Purchases) -> Result<()> {
    let batch_id = ctx.vault().random_id();
    let mut publication = Publication::default();
    let settings = settings(ctx).await?.0;
    let day = purchases.until;
    let worth = scores::clv(ctx, purchases, batch_id, &mut publication).await?;
    scores::churn(ctx, purchases, &settings, &worth, batch_id, &mut publication).await?;
    scores::propensity(ctx, purchases, batch_id, &mut publication).await?;
    scores::clusters(ctx, purchases, batch_id, &mut publication).await?;
    ctx.step("models.staged")?;
    ctx.lake().publish(batch_id, &publication).await?;
    tracing::debug!(day, "models said what they know");
    ctx.step("models.published")
}

/// The advice in force.
pub(crate) async fn advised(ctx: &Ctx) -> Result<Advice> {
    Ok(advice(ctx).await?.0)
}
