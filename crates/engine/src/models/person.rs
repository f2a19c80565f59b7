//! What models say of one customer, each with its reason and its day.

use crate::boxed;
use zhike_domain::frame::{Column, Frame};
use zhike_domain::id::ProfileId;
use zhike_domain::learn::{Model, Risk, features};

use super::board::label_of;
use super::scores::Because;
use super::{advised, read_json};
use crate::refresh::day_text;
use crate::{Ctx, Result, profiles};

/// A reason in Chinese and English.
pub type Reason = (String, String);

/// What models say of a customer; what none of them says is missing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Insight {
    /// Last day that counts.
    pub as_of: Option<String>,
    /// Probability that the customer still buys.
    pub p_alive: Option<f64>,
    /// Days with orders expected within a year.
    pub expected_orders: Option<f64>,
    /// Net amount expected within a year, and the range in which eight of ten such customers are, hundredths.
    pub value: Option<[i64; 3]>,
    /// Net amount expected within 90 and 180 days.
    pub value_soon: Option<[i64; 2]>,
    /// When the next order is due: a quarter, half, three quarters have ordered by then.
    pub next: [Option<String>; 3],
    /// Probability of leaving, and within how many days.
    pub churn: Option<(f64, i64)>,
    /// How urgent it is.
    pub risk: Option<Risk>,
    /// Probability of leaving times the value expected, hundredths.
    pub value_at_risk: Option<i64>,
    /// What weighs most for leaving.
    pub reasons: Vec<Reason>,
    /// What to do.
    pub advice: Option<Reason>,
    /// Probability of an order within 30 and 90 days.
    pub purchase: [Option<f64>; 2],
    /// Group: its number and what it is called.
    pub cluster: Option<(i64, Reason)>,
}

/// What the models in use say of a customer at the newest refresh.
///
/// **Errors**: `not_found` for a customer who is not there, or may not be seen.
#[boxed]
pub async fn of_person(ctx: &Ctx, profile_id: ProfileId) -> Result<Insight> {
    let id = profiles::current(ctx, profile_id.get()).await?.profile_id;
    let mut insight = Insight::default();
    let lake = ctx.lake();
    let frame = lake.said_of("clv", id).await?;
    if frame.n_rows() > 0 {
        insight.as_of = num(&frame, "as_of").map(day_text);
        insight.p_alive = float(&frame, "p_alive");
        insight.expected_orders = float(&frame, "expected_orders");
        let money = |name| num(&frame, name);
        insight.value = money("expected_value")
            .zip(money("value_low").zip(money("value_high")))
            .map(|(value, (low, high))| [value, low, high]);
        insight.value_soon = money("value_90").zip(money("value_180")).map(|(near, far)| [near, far]);
        insight.next = ["next_early_on", "next_on", "next_late_on"].map(|name| num(&frame, name).map(day_text));
    }
    let frame = lake.said_of("churn", id).await?;
    if frame.n_rows() > 0 {
        insight.as_of = num(&frame, "as_of").map(day_text);
        insight.churn = float(&frame, "probability").zip(num(&frame, "horizon_days"));
        insight.risk = text(&frame, "risk").and_then(Risk::parse);
        insight.value_at_risk = num(&frame, "value_at_risk");
        let because: Vec<Because> = text(&frame, "reasons").map(read_json).transpose()?.unwrap_or_default();
        let currency = ctx.workspace().currency;
        let feature = |one: &Because| features().iter().find(|feature| feature.key == one.feature);
        insight.reasons =
            because.iter().filter_map(|one| Some(feature(one)?.said(one.value, one.is_high, &currency))).collect();
        let first = because.first().and_then(feature).map(|feature| feature.group.as_str());
        if let Some(risk) = insight.risk {
            let table = advised(ctx).await?;
            insight.advice = table.of(risk, first).map(|row| (row.zh.clone(), row.en.clone()));
        }
    }
    let frame = lake.said_of("propensity", id).await?;
    for row in 0..frame.n_rows() {
        let target = frame.text("target").and_then(|column| column.get(row)).and_then(Model::parse);
        let probability = match frame.column("probability") {
            Some(Column::Float(values)) => values.get(row).copied().flatten(),
            _ => None,
        };
        match target {
            Some(Model::Purchase30) => insight.purchase[0] = probability,
            Some(Model::Purchase90) => insight.purchase[1] = probability,
            _ => {}
        }
    }
    let frame = lake.said_of("clusters", id).await?;
    if let Some(number) = num(&frame, "cluster") {
        insight.cluster = Some((number, label_of(ctx, number).await?));
    }
    Ok(insight)
}

fn num(frame: &Frame, name: &str) -> Option<i64> {
    if frame.n_rows() == 0 {
        return None;
    }
    frame.num(name)?.get(0)
}

fn float(frame: &Frame, name: &str) -> Option<f64> {
    match frame.column(name)? {
        Column::Float(values) => values.first().copied().flatten(),
        _ => None,
    }
}

fn text<'a>(frame: &'a Frame, name: &str) -> Option<&'a str> {
    frame.text(name)?.get(0)
}
