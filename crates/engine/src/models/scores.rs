//! What the models in use say of everybody, as rows of a day.

use serde::{Deserialize, Serialize};
use zhike_domain::learn::{Model, Risk, Withheld, features};
use zhike_lake::Publication;
use zhike_ml::chance::{self, Explanation, Tier};
use zhike_state::ModelStatus;

use super::artifact::{ChanceText, ClustersText, ClvText};
use super::card::Card;
use super::chance::{Question, Said as Chances, Scorer};
use super::purchases::Purchases;
use super::rows::{Said, Values, stage};
use super::settings::{Settings, Tiers};
use super::table::Table;
use super::{clv as value, groups, json_of, live, question};
use crate::{Ctx, Result};

/// Customers whose reasons are written; those of others are worked out when somebody looks.
const MAX_REASONS: usize = 50_000;
/// Reasons of a customer.
const N_REASONS: usize = 3;

/// Why somebody has a chance: a feature that raises it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Because {
    pub(super) feature: String,
    pub(super) value: f64,
    /// Whether the value is above what is usual.
    pub(super) is_high: bool,
}

/// Lifetime values of everybody; returns what each is worth by position, hundredths.
pub(super) async fn clv(
    ctx: &Ctx,
    purchases: &Purchases,
    batch_id: i64,
    publication: &mut Publication,
) -> Result<Vec<i64>> {
    let mut worth = vec![0; purchases.n()];
    let day = purchases.until;
    let Some((version, _, text)) = live::<ClvText>(ctx, Model::Clv, day).await? else {
        stage(ctx, "clv", batch_id, day, &[Said::nobody(0, &[])], publication).await?;
        return Ok(worth);
    };
    let all = value::expect(&text, purchases)?;
    all.iter().for_each(|(who, expected)| worth[*who] = expected.value);
    let num = |of: fn(&value::Expected) -> i64| Values::all(all.iter().map(|(_, one)| of(one)).collect());
    let float = |of: fn(&value::Expected) -> f64| Values::Float(all.iter().map(|(_, one)| of(one)).collect());
    let on = |at: usize| Values::Num(all.iter().map(|(_, one)| one.next[at]).collect());
    let said = Said {
        version,
        columns: vec![
            ("profile_id", Values::all(all.iter().map(|(who, _)| purchases.ids[*who]).collect())),
            ("horizon_days", num(|_| value::HORIZON)),
            ("p_alive", float(|one| one.alive)),
            ("expected_orders", float(|one| one.orders)),
            ("expected_value", num(|one| one.value)),
            ("value_low", num(|one| one.low)),
            ("value_high", num(|one| one.high)),
            ("value_90", num(|one| one.value_90)),
            ("value_180", num(|one| one.value_180)),
            ("next_early_on", on(0)),
            ("next_on", on(1)),
            ("next_late_on", on(2)),
        ],
    };
    stage(ctx, "clv", batch_id, day, &[said], publication).await?;
    Ok(worth)
}

/// A model of a chance at work as of the last day of the purchases, held back when customers are others than it knows.
async fn at_work(ctx: &Ctx, model: Model, purchases: &Purchases) -> Result<Option<(i64, Scorer, Question, Chances)>> {
    let Some((version, mut card, text)) = live::<ChanceText>(ctx, model, purchases.until).await? else {
        return Ok(None);
    };
    let question = question(ctx, model).await?;
    let scorer = Scorer::new(text)?;
    let said = scorer.score(ctx, purchases, question, purchases.until).await?;
    card.drift = scorer.drift(&said.probability);
    card.withheld = zhike_domain::learn::withheld(&card.newest_grade());
    let status = if card.withheld.is_none() { ModelStatus::Live } else { ModelStatus::Withheld };
    ctx.store().set_model(model.as_str(), version, status, &json_of::<Card>(&card)?).await?;
    if let Some(Withheld::Drift { index }) = card.withheld {
        tracing::info!(model = model.as_str(), index, "a model is withheld: customers are others than it knows");
    }
    Ok(card.withheld.is_none().then_some((version, scorer, question, said)))
}

/// Risks of leaving.
pub(super) async fn churn(
    ctx: &Ctx,
    purchases: &Purchases,
    settings: &Settings,
    worth: &[i64],
    batch_id: i64,
    publication: &mut Publication,
) -> Result<()> {
    let day = purchases.until;
    let Some((version, scorer, question, said)) = at_work(ctx, Model::Churn, purchases).await? else {
        return stage(ctx, "churn", batch_id, day, &[Said::nobody(0, &[])], publication).await;
    };
    let worth_of = |at: &usize| worth.get(said.who[*at]).copied().unwrap_or(0);
    let all: Vec<usize> = (0..said.who.len()).collect();
    let tiers = match settings.tiers {
        Tiers::Capacity { high, medium } => {
            let n = |share: f64| (share * all.len() as f64).round() as usize;
            chance::tiers_by_capacity(&said.probability, n(high), n(medium))
        }
        Tiers::Value { high_cost, high_success, medium_cost, medium_success, margin } => {
            let margins: Vec<f64> = all.iter().map(|at| worth_of(at) as f64 / 100.0 * margin).collect();
            let dear = chance::Action { cost: high_cost, success: high_success };
            let light = chance::Action { cost: medium_cost, success: medium_success };
            chance::tiers_by_value(&said.probability, &margins, dear, light)
        }
    };
    let risk = |tier: &Tier| match tier {
        Tier::High => Risk::High,
        Tier::Medium => Risk::Medium,
        Tier::Low => Risk::Low,
    };
    let at_risk = |at: &usize| (said.probability[*at] * worth_of(at) as f64).round() as i64;
    let urgent: Vec<usize> = all.iter().copied().filter(|at| tiers[*at] != Tier::Low).collect();
    let reasons = reasons(ctx, &scorer, purchases, question, &said, urgent, day).await?;
    let said = Said {
        version,
        columns: vec![
            ("profile_id", Values::all(said.who.iter().map(|who| purchases.ids[*who]).collect())),
            ("horizon_days", Values::all(said.days.clone())),
            ("risk", Values::Text(tiers.iter().map(|tier| Some(risk(tier).as_str().to_owned())).collect())),
            ("value_at_risk", Values::all(all.iter().map(at_risk).collect())),
            ("probability", Values::Float(said.probability)),
            ("reasons", Values::Text(reasons)),
        ],
    };
    stage(ctx, "churn", batch_id, day, &[said], publication).await
}

/// Chances of buying.
pub(super) async fn propensity(
    ctx: &Ctx,
    purchases: &Purchases,
    batch_id: i64,
    publication: &mut Publication,
) -> Result<()> {
    let day = purchases.until;
    let mut parts = Vec::new();
    for model in [Model::Purchase30, Model::Purchase90] {
        let target = model.as_str();
        let Some((version, scorer, question, said)) = at_work(ctx, model, purchases).await? else {
            parts.push(Said::nobody(0, &[("target", target)]));
            continue;
        };
        let mut likely: Vec<usize> = (0..said.who.len()).collect();
        likely.sort_by(|a, b| said.probability[*b].total_cmp(&said.probability[*a]).then(a.cmp(b)));
        likely.truncate(said.who.len() / 10);
        likely.sort_unstable();
        let reasons = reasons(ctx, &scorer, purchases, question, &said, likely, day).await?;
        parts.push(Said {
            version,
            columns: vec![
                ("profile_id", Values::all(said.who.iter().map(|who| purchases.ids[*who]).collect())),
                ("target", Values::Text(vec![Some(target.to_owned()); said.who.len()])),
                ("probability", Values::Float(said.probability)),
                ("reasons", Values::Text(reasons)),
            ],
        });
    }
    stage(ctx, "propensity", batch_id, day, &parts, publication).await
}

/// Groups.
pub(super) async fn clusters(
    ctx: &Ctx,
    purchases: &Purchases,
    batch_id: i64,
    publication: &mut Publication,
) -> Result<()> {
    let day = purchases.until;
    let Some((version, _, text)) = live::<ClustersText>(ctx, Model::Clusters, day).await? else {
        return stage(ctx, "clusters", batch_id, day, &[Said::nobody(0, &[])], publication).await;
    };
    let placed = groups::place(&text, purchases);
    let number = |group: usize| text.numbers.get(group).copied().unwrap_or(0);
    let label = |group: usize| text.labels.get(group).map(|label| label.0.clone());
    let said = Said {
        version,
        columns: vec![
            ("profile_id", Values::all(placed.iter().map(|(who, _)| purchases.ids[*who]).collect())),
            ("cluster", Values::all(placed.iter().map(|(_, one)| number(one.group)).collect())),
            ("label", Values::Text(placed.iter().map(|(_, one)| label(one.group)).collect())),
            ("distance", Values::Float(placed.iter().map(|(_, one)| one.distance).collect())),
        ],
    };
    stage(ctx, "clusters", batch_id, day, &[said], publication).await
}

/// Reasons of some of those spoken of, as JSON, by position; nothing for others.
async fn reasons(
    ctx: &Ctx,
    scorer: &Scorer,
    purchases: &Purchases,
    question: Question,
    said: &Chances,
    mut some: Vec<usize>,
    day: i64,
) -> Result<Vec<Option<String>>> {
    let mut found = vec![None; said.who.len()];
    some.truncate(MAX_REASONS);
    let who: Vec<usize> = some.iter().map(|at| said.who[*at]).collect();
    if who.is_empty() {
        return Ok(found);
    }
    let (table, explanations) = scorer.explain(ctx, purchases, question, &who, day).await?;
    for ((row, explanation), at) in explanations.iter().enumerate().zip(some) {
        found[at] = Some(json_of(&because(&table, row, explanation, &scorer.typical))?);
    }
    Ok(found)
}

/// What raises a chance most, one reason of each group of features.
pub(super) fn because(table: &Table, row: usize, explanation: &Explanation, typical: &[f64]) -> Vec<Because> {
    let mut order: Vec<usize> = (0..explanation.contributions.len()).collect();
    order.sort_by(|a, b| explanation.contributions[*b].total_cmp(&explanation.contributions[*a]));
    let mut groups: Vec<&str> = Vec::new();
    let mut found = Vec::new();
    for at in order {
        let value = table.row(row)[at];
        let Some(feature) = features().iter().find(|feature| feature.key == table.keys[at]) else { continue };
        // Less than a hundredth of log-odds is no reason.
        if explanation.contributions[at] < 0.01 || found.len() == N_REASONS {
            break;
        }
        if value.is_nan() || groups.contains(&feature.group.as_str()) {
            continue;
        }
        groups.push(&feature.group);
        let is_high = typical.get(at).is_some_and(|typical| value > *typical);
        found.push(Because { feature: feature.key.clone(), value, is_high });
    }
    found
}
