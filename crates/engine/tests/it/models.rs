//! Models of customers over a shop made from a seed, whose customers come and go as the model of purchases supposes.

use std::fmt::Write as _;

use zhike_domain::import::entity::Entity;
use zhike_domain::learn::{Advice, Model, Risk};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::consents;
use zhike_engine::models::{self, Settings, Tiers, Version};
use zhike_engine::refresh::{RefreshOptions, refresh};
use zhike_engine::{Ctx, profiles};

use crate::support::{Home, load, refusal, rows};

struct Dice(u64);

impl Dice {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Orders of (customer, day) over some days: everybody has a rhythm of their own, and after each order some leave. Alike,
/// nobody differs and nobody leaves.
fn shop(n_customers: u64, n_days: i64, alike: bool) -> Vec<(u64, i64)> {
    let mut dice = Dice(n_customers);
    let mut orders = Vec::new();
    for customer in 0..n_customers {
        let gap = if alike { 30.0 } else { 8.0 * (1.0 + 9.0 * dice.uniform() * dice.uniform()) };
        let leaves = if alike { 0.0 } else { 0.02 + 0.25 * dice.uniform() * dice.uniform() };
        let mut day = (dice.uniform() * n_days as f64 * if alike { 0.05 } else { 0.6 }) as i64;
        while day < n_days {
            orders.push((customer, day));
            if dice.uniform() < leaves {
                break;
            }
            day += ((-dice.uniform().max(1e-9).ln() * gap).ceil() as i64).max(1);
        }
    }
    orders
}

fn csv(orders: &[(u64, i64)], until: i64) -> String {
    let mut text = String::from("订单号,会员号,下单时间,实付金额\n");
    let first = jiff::civil::date(2024, 1, 1);
    for (at, (customer, day)) in orders.iter().enumerate().filter(|(_, order)| order.1 <= until) {
        let date = first.checked_add(jiff::Span::new().days(*day)).unwrap();
        let _ = writeln!(text, "O{at},M{customer},{date} 10:00:00,{}", 40 + customer % 50 + day.unsigned_abs() % 7);
    }
    text
}

async fn stocked(home: &Home, orders: &[(u64, i64)], until: i64) -> Ctx {
    let ctx = home.open().await;
    load(&ctx, &home.file("orders.csv", csv(orders, until)), Entity::Orders).await.unwrap();
    ctx
}

fn of(versions: &[Version], model: Model) -> &Version {
    versions.iter().find(|version| version.model == model).unwrap()
}

const WHO: &str = "JOIN identities i ON i.profile_id = t.profile_id AND i.kind = 'member_id'";

#[tokio::test(flavor = "multi_thread")]
async fn models_say_what_comes_and_how_good_they_are() {
    let orders = shop(900, 800, false);
    let until = 700;
    let home = Home::sqlite();
    let ctx = stocked(&home, &orders, until).await;
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let versions = models::list(&ctx).await.unwrap();
    for model in Model::ALL {
        let version = of(&versions, *model);
        assert_eq!(version.card.withheld, None, "{model:?}: {:?}", version.card);
        assert_eq!((version.version, version.status.as_str()), (1, "live"));
        assert!(models::meaning(version).0.chars().count() > 10);
    }
    let churn = &of(&versions, Model::Churn).card;
    assert_eq!(churn.periods.len(), 2);
    assert!(churn.periods[0].auc.value > 0.6, "{:?}", churn.periods[0]);
    assert!(churn.periods[0].calibration_error < 0.15, "{:?}", churn.periods[0]);
    assert!(churn.weights.len() > 3 && churn.weights[0].share >= churn.weights[1].share);
    // What was expected of the year's next hundred days, beside what came.
    let sums = rows(&ctx, "SELECT count(*), sum(value_90) > 0, min(p_alive) >= 0, max(p_alive) <= 1 FROM clv").await;
    let n_customers = orders
        .iter()
        .filter(|order| order.1 <= until)
        .map(|order| order.0)
        .collect::<std::collections::BTreeSet<_>>()
        .len();
    assert_eq!(sums, [format!("{n_customers}|1|1|1")]);
    let clv = of(&versions, Model::Clv).card.totals.clone().unwrap();
    assert!((clv.expected / clv.actual - 1.0).abs() < 0.25, "{clv:?}");
    assert!(clv.error < clv.baseline_error, "{clv:?}");
    let expected: f64 =
        rows(&ctx, "SELECT sum(probability) FROM propensity WHERE target = 'purchase_90'").await[0].parse().unwrap();
    let last = orders.iter().filter(|order| order.1 <= until).map(|order| order.1).max().unwrap();
    let came = orders.iter().filter(|order| order.1 > last + 1 && order.1 <= last + 91).map(|order| order.0);
    let knew = |who: &u64| orders.iter().any(|order| order.0 == *who && order.1 <= last);
    let came = came.filter(knew).collect::<std::collections::BTreeSet<_>>().len() as f64;
    assert!((expected / came - 1.0).abs() < 0.15, "expected {expected}, came {came}");
    // Tiers as the settings have them, reasons for those who are urgent, one advice for each.
    let tiers = rows(&ctx, "SELECT risk, count(*), count(reasons) FROM churn GROUP BY risk ORDER BY risk").await;
    let count = |risk: &str| -> (f64, f64) {
        let row = tiers.iter().find(|row| row.starts_with(risk)).unwrap();
        let mut cells = row.split('|').skip(1).map(|cell| cell.parse().unwrap());
        (cells.next().unwrap(), cells.next().unwrap())
    };
    let all = count("high").0 + count("medium").0 + count("low").0;
    assert!((count("high").0 / all - 0.1).abs() < 0.02, "{tiers:?}");
    assert_eq!((count("high").0, count("low").1), (count("high").1, 0.0));
    let urgent = rows(&ctx, "SELECT profile_id FROM churn WHERE risk = 'high' ORDER BY probability DESC LIMIT 1").await;
    let id = zhike_domain::id::ProfileId::new(urgent[0].parse().unwrap());
    let insight = models::of_person(&ctx, id).await.unwrap();
    assert_eq!(insight.risk, Some(Risk::High));
    assert!(!insight.reasons.is_empty() && insight.advice.is_some(), "{insight:?}");
    assert!(insight.value.is_some_and(|[value, low, high]| low <= value && value <= high.max(value)));
    // The board adds up to the tables.
    let board = models::board(&ctx).await.unwrap();
    assert_eq!(board.n, Some(n_customers as u64));
    assert_eq!(board.cells.iter().filter_map(|cell| cell.n).sum::<u64>() as f64, all);
    assert_eq!(board.by_value.iter().flatten().sum::<u64>(), n_customers as u64);
    assert!(board.reach.last().is_some_and(|point| point.n as f64 == all && (point.share - 1.0).abs() < 1e-9));
    let (_, groups) = models::clusters(&ctx).await.unwrap();
    assert_eq!(groups.iter().filter_map(|group| group.n).sum::<u64>(), n_customers as u64);
    // Nothing changed: nothing is learnt again.
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    assert_eq!(models::list(&ctx).await.unwrap(), versions);
    assert_eq!(rows(&ctx, "SELECT count(*) FROM models WHERE status = 'live'").await, ["5"]);
    ctx.close().await;
}

/// INV-MODELS-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_future_does_not_enter() {
    let orders = shop(400, 420, false);
    let day = 400;
    let home = Home::sqlite();
    let ctx = stocked(&home, &orders, day).await;
    let said = async || {
        let last = orders.iter().filter(|order| order.1 <= day).map(|order| order.1).max().unwrap();
        let as_of = jiff::civil::date(2024, 1, 1).checked_add(jiff::Span::new().days(last)).unwrap();
        let cards: Vec<_> = models::train(&ctx, &[Model::Clv, Model::Churn, Model::Purchase30], Some(as_of))
            .await
            .unwrap()
            .into_iter()
            .map(|version| version.card)
            .collect();
        let mut lines =
            rows(&ctx, &format!("SELECT i.value, t.p_alive, t.expected_value FROM clv t {WHO} ORDER BY 1")).await;
        lines.extend(
            rows(&ctx, &format!("SELECT i.value, t.probability, t.horizon_days FROM churn t {WHO} ORDER BY 1")).await,
        );
        lines.extend(
            rows(&ctx, &format!("SELECT i.value, t.target, t.probability FROM propensity t {WHO} ORDER BY 1, 2")).await,
        );
        (cards, lines)
    };
    let (cards, lines) = said().await;
    load(&ctx, &home.file("later.csv", csv(&orders, i64::MAX)), Entity::Orders).await.unwrap();
    let (later_cards, later_lines) = said().await;
    assert!(lines.len() > 700);
    assert_eq!(cards, later_cards);
    assert_eq!(lines, later_lines);
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_who_do_not_differ_are_not_told_apart() {
    let home = Home::sqlite();
    let ctx = stocked(&home, &shop(600, 500, true), i64::MAX).await;
    let versions = models::train(&ctx, &[Model::Purchase30], None).await.unwrap();
    let auc = versions[0].card.periods[0].auc.value;
    assert!((0.42..0.58).contains(&auc), "{:?}", versions[0].card.periods);
    ctx.close().await;
}

/// INV-MODELS-2.
#[tokio::test(flavor = "multi_thread")]
async fn too_little_history_says_so_and_nothing_of_anybody() {
    let home = Home::sqlite();
    let ctx = stocked(&home, &shop(200, 50, false), i64::MAX).await;
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let versions = models::list(&ctx).await.unwrap();
    for model in [Model::Churn, Model::Purchase90, Model::Clv] {
        let version = of(&versions, model);
        assert_eq!(version.status.as_str(), "withheld");
        assert!(models::meaning(version).1.contains("days of data"), "{:?}", models::meaning(version));
    }
    assert_eq!(rows(&ctx, "SELECT count(profile_id) FROM churn").await, ["0"]);
    assert_eq!(rows(&ctx, "SELECT count(profile_id) FROM propensity").await, ["0"]);
    ctx.close().await;
}

/// INV-MODELS-3.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_refuses_profiling_is_not_spoken_of() {
    let home = Home::sqlite();
    let ctx = stocked(&home, &shop(300, 300, false), i64::MAX).await;
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let spoken = async |ctx: &Ctx| rows(ctx, &format!("SELECT count(*) FROM clv t {WHO} WHERE i.value = 'M7'")).await;
    assert_eq!(spoken(&ctx).await, ["1"]);
    let id = rows(&ctx, "SELECT profile_id FROM identities WHERE value = 'M7'").await[0].parse().unwrap();
    consents::record(&ctx, zhike_domain::id::ProfileId::new(id), &[refusal()], "x").await.unwrap();
    refresh(&ctx, RefreshOptions::default()).await.unwrap();
    assert_eq!(spoken(&ctx).await, ["0"]);
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_mistakes_are_refused_and_good_ones_used() {
    let home = Home::sqlite();
    let ctx = stocked(&home, &shop(500, 500, false), i64::MAX).await;
    let wrong = Settings { churn_days: 3, ..Settings::default() };
    assert_eq!(models::set_settings(&ctx, &wrong, None).await.unwrap_err().code.as_str(), "bad_request");
    let wrong = Settings { tiers: Tiers::Capacity { high: 0.9, medium: 0.9 }, ..Settings::default() };
    assert_eq!(models::set_settings(&ctx, &wrong, None).await.unwrap_err().code.as_str(), "bad_request");
    let good = Settings { churn_days: 60, by_rhythm: false, tiers: Tiers::Capacity { high: 0.5, medium: 0.0 } };
    assert_eq!(models::set_settings(&ctx, &good, Some(0)).await.unwrap(), 1);
    assert_eq!(models::set_settings(&ctx, &good, Some(0)).await.unwrap_err().code.as_str(), "conflict");
    models::train(&ctx, &[Model::Clv, Model::Churn], None).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT DISTINCT horizon_days FROM churn").await, ["60"]);
    let mut advice = Advice::default();
    advice.advice.retain(|row| row.risk != Risk::Low);
    assert_eq!(models::set_advice(&ctx, &advice, None).await.unwrap_err().code.as_str(), "bad_request");
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_customer_whom_no_model_knows_nothing_is_said() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("one.csv", "会员号,姓名\nM1,王芳\n"), Entity::Profiles).await.unwrap();
    let found = profiles::find(&ctx, None, &Sensitive::new("M1".to_owned())).await.unwrap();
    assert_eq!(models::of_person(&ctx, found[0]).await.unwrap(), models::Insight::default());
}
