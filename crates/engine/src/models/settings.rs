//! What people decide about models: when somebody counts as gone, who is urgent, what to do.

use crate::boxed;
use serde::{Deserialize, Serialize};
use zhike_domain::learn::Advice;

use crate::query::{definition_version, put_definition};
use crate::{Ctx, Error, Result};

/// Kind under which they are kept.
const KIND: &str = "models";

/// How customers are parted by risk.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields, tag = "by")]
pub enum Tiers {
    /// So many can be taken care of, as shares of those asked about: the most likely are high, the next medium.
    Capacity {
        /// Share that is high.
        high: f64,
        /// Share that is medium.
        medium: f64,
    },
    /// Where an action gains more than it costs.
    Value {
        /// What the dear action costs for one customer, in money.
        high_cost: f64,
        /// Share of those about to leave whom it keeps.
        high_success: f64,
        /// What the light one costs.
        medium_cost: f64,
        /// Share of those about to leave whom it keeps.
        medium_success: f64,
        /// Share of the net amount that is earned.
        margin: f64,
    },
}

/// Settings of models.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Days without an order after which a customer counts as gone; the most days, where the own rhythm decides.
    pub churn_days: i64,
    /// Whether the customer's own rhythm decides.
    pub by_rhythm: bool,
    /// How customers are parted by risk.
    pub tiers: Tiers,
}

impl Default for Settings {
    fn default() -> Self {
        Self { churn_days: 90, by_rhythm: true, tiers: Tiers::Capacity { high: 0.1, medium: 0.2 } }
    }
}

impl Settings {
    fn check(&self) -> Result<()> {
        let is_share = |value: f64| (0.0..=1.0).contains(&value);
        let is_sound = match self.tiers {
            Tiers::Capacity { high, medium } => is_share(high) && is_share(medium) && high + medium <= 1.0,
            Tiers::Value { high_cost, high_success, medium_cost, medium_success, margin } => {
                [high_cost, medium_cost].iter().all(|cost| cost.is_finite() && *cost >= 0.0)
                    && is_share(high_success)
                    && is_share(medium_success)
                    && is_share(margin)
            }
        };
        if !(14..=365).contains(&self.churn_days) {
            return Err(Error::bad_request(
                format!("churn_days is {}: choose 14 to 365 days", self.churn_days),
                format!("churn_days 是 {}：请选 14 到 365 天", self.churn_days),
            ));
        }
        if !is_sound {
            return Err(Error::bad_request(
                "tiers: shares are from 0 to 1 and together at most 1, costs 0 or more".into(),
                "tiers：占比应在 0 到 1 之间、合计不超过 1，成本不小于 0".into(),
            ));
        }
        Ok(())
    }
}

/// The settings in force and their version; 0 is the default.
#[boxed]
pub async fn settings(ctx: &Ctx) -> Result<(Settings, i64)> {
    definition_version(ctx, KIND, "settings").await
}

/// Puts settings in force; the next refresh uses them. With the version that they were made from, another one in force is a
/// conflict.
///
/// **Errors**: `bad_request`, `conflict`.
#[boxed]
pub async fn set_settings(ctx: &Ctx, settings: &Settings, expected: Option<i64>) -> Result<i64> {
    settings.check()?;
    check_version(self::settings(ctx).await?.1, expected)?;
    put_definition(ctx, KIND, "settings", settings).await
}

/// What to do about risks, and the version of the table; 0 is the one that comes with the product.
#[boxed]
pub async fn advice(ctx: &Ctx) -> Result<(Advice, i64)> {
    definition_version(ctx, KIND, "advice").await
}

/// Puts another table in force. With the version that it was made from, another one in force is a conflict.
///
/// **Errors**: `bad_request` naming every mistake and its row; `conflict`.
#[boxed]
pub async fn set_advice(ctx: &Ctx, advice: &Advice, expected: Option<i64>) -> Result<i64> {
    let problems = advice.problems();
    if !problems.is_empty() {
        let (zh, en): (Vec<String>, Vec<String>) = problems.into_iter().unzip();
        return Err(Error::bad_request(en.join("; "), zh.join("；")));
    }
    check_version(self::advice(ctx).await?.1, expected)?;
    put_definition(ctx, KIND, "advice", advice).await
}

fn check_version(version: i64, expected: Option<i64>) -> Result<()> {
    if expected.is_some_and(|expected| expected != version) {
        return Err(Error::conflict(
            format!("this is at version {version} now: load it again and repeat your change"),
            format!("现在已是第 {version} 版：请重新载入后再修改"),
        ));
    }
    Ok(())
}
