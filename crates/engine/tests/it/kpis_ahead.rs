//! What figures will be, and days on which they were not as usual: on a shop whose rules are known.

use jiff::civil::{Date, date};
use zhike_domain::audience::sample::Dice;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{Dimension, PeriodKind};
use zhike_engine::Ctx;
use zhike_engine::kpis::{self, Ahead, USUAL_DAYS, Untold, ahead, finding_words, outlook_words, unusual};
use zhike_engine::workspace::{date_of, day_number};

use crate::support::{Home, load};

const LAST: Date = date(2026, 3, 20);

/// How many orders a day of the shop has: weeks alike, and some chance.
fn usual(day: i64, dice: &mut Dice) -> u64 {
    20 + 4 * (day.rem_euclid(7) as u64) + dice.below(5)
}

/// The orders of some days; half of them in store S0, unless that is closed on the last day.
pub fn orders(first: i64, last: i64, is_closed: bool) -> String {
    let mut text = String::from("order_id,member_id,ordered_at,amount,status,channel,store_id\n");
    for day in first..=last {
        let mut dice = Dice::new(day as u64);
        let date = date_of(day).unwrap();
        for order in 0..usual(day, &mut dice) {
            let store = if order % 2 == 0 { 0 } else { 1 + dice.below(2) };
            let (who, amount) = (dice.below(300), 40 + dice.below(20));
            if !(is_closed && day == last && store == 0) {
                text.push_str(&format!(
                    "D{day}-{order},M{who},{date} 1{}:00:00,{amount}.00,completed,web,S{store}\n",
                    order % 10
                ));
            }
        }
    }
    text
}

async fn open(ctx: &Ctx, home: &Home, name: &str, (first, last): (i64, i64), is_closed: bool) {
    let report = load(ctx, &home.file(name, orders(first, last, is_closed)), Entity::Orders).await.unwrap();
    assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{report:?}");
}

/// A period, its number, its ranges.
type Number = (String, f64, [(f64, f64); 2]);

fn numbers(ahead: &Ahead) -> Vec<Number> {
    let outlook = ahead.told.as_ref().unwrap();
    outlook.points.iter().map(|point| (point.period.name(), point.value, point.ranges)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn weeks_go_on_and_nothing_is_known_before_it_comes() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let last = day_number(LAST);
    open(&ctx, &home, "a.csv", (last - 160, last), false).await;
    let figure = kpis::get("orders").unwrap();
    let said = ahead(&ctx, figure, PeriodKind::Day, Some(14), None).await.unwrap();
    assert_eq!((said.through, said.n_periods, said.n_gaps), (last, 161, 0));
    let points = numbers(&said);
    assert_eq!((points.len(), &*points[0].0), (14, "2026-03-21"));
    let mut truth = 0.0;
    for (ahead, (name, value, [(low, high), (lowest, highest)])) in points.iter().enumerate() {
        let came = usual(last + 1 + ahead as i64, &mut Dice::new((last + 1 + ahead as i64) as u64)) as f64;
        truth += came;
        assert!((value - came).abs() < 6.0, "{name}: {value}, came {came}");
        assert!(lowest <= low && low < value && value < high && high <= highest, "{name}");
    }
    let outlook = said.told.as_ref().unwrap();
    let total = outlook.total.unwrap();
    assert!((total.mean - points.iter().map(|point| point.1).sum::<f64>()).abs() < 1e-6);
    let (low, high) = total.range(0.95);
    assert!(low < truth && truth < high, "{low} {truth} {high}");
    assert!(outlook.grade.mase <= outlook.grade.naive_mase, "never worse than the same as a week before");

    // What the coming weeks brought changes nothing of what would have been said.
    open(&ctx, &home, "b.csv", (last + 1, last + 30), false).await;
    let again = ahead(&ctx, figure, PeriodKind::Day, Some(14), Some(last)).await.unwrap();
    assert_eq!(numbers(&again), points);
    assert_ne!(numbers(&ahead(&ctx, figure, PeriodKind::Day, Some(14), None).await.unwrap()), points);

    // A month is told when there are enough, and said to be too far when not.
    let months = ahead(&ctx, figure, PeriodKind::Month, None, None).await.unwrap();
    assert!(matches!(months.told, Err(Untold::TooShort { n: 5, .. })), "{months:?}");
    let (zh, en) = outlook_words(&months, "CNY");
    assert!(zh.contains("有 5 个月") && en.contains("5 whole months"), "{zh} {en}");
    let (zh, en) = outlook_words(&said, "CNY");
    assert!(zh.starts_with("2026-03-21 至 2026-04-03 的订单数预计合计 4"), "{zh}");
    assert!(en.starts_with("2026-03-21 to 2026-04-03: orders of 4"), "{en}");
    for n in [0, 10_000] {
        let error = ahead(&ctx, figure, PeriodKind::Day, Some(n), None).await.unwrap_err();
        assert_eq!(error.code.as_str(), "bad_request");
    }
    // A figure without facts.
    let none = ahead(&ctx, kpis::get("events").unwrap(), PeriodKind::Day, None, None).await.unwrap();
    assert!(matches!(none.told, Err(Untold::TooShort { n: 0, .. })));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_goal_under_way_says_where_it_goes() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let last = day_number(LAST);
    open(&ctx, &home, "a.csv", (last - 160, last), false).await;
    // From the first of March; twenty days have brought some 680 orders, eleven are to come.
    let days = (day_number(date(2026, 3, 1)), day_number(date(2026, 3, 31)));
    for (value, least, most) in [(1_000.0, 0.8, 1.0), (1_060.0, 0.1, 0.9), (1_300.0, 0.0, 0.02)] {
        kpis::set_goal(&ctx, "orders", days, value, "x").await.unwrap();
        let goals = kpis::goals(&ctx, Some("orders")).await.unwrap();
        let outlook = goals[0].outlook.unwrap();
        let actual = goals[0].actual.unwrap();
        assert!(outlook.range.0 < outlook.expected && outlook.expected < outlook.range.1);
        assert!(actual < outlook.expected && (1_000.0..1_130.0).contains(&outlook.expected), "{actual} {outlook:?}");
        let chance = outlook.chance.unwrap();
        assert!(least <= chance && chance <= most, "{value}: {outlook:?}");
    }
    // One that is over, one that has not begun, and one whose days do not add up.
    kpis::set_goal(&ctx, "orders", (last - 30, last), 1.0, "x").await.unwrap();
    kpis::set_goal(&ctx, "orders", (last + 9, last + 20), 1.0, "x").await.unwrap();
    kpis::set_goal(&ctx, "repurchase_rate", days, 0.5, "x").await.unwrap();
    let told = kpis::goals(&ctx, None).await.unwrap().iter().filter(|goal| goal.outlook.is_some()).count();
    assert_eq!(told, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_is_found_and_quiet_weeks_are_not() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let last = day_number(LAST);
    open(&ctx, &home, "a.csv", (last - 160, last), false).await;
    let quiet = unusual(&ctx, USUAL_DAYS).await.unwrap();
    let shown = |found: &kpis::Unusual| found.items.iter().map(|one| finding_words(one, "CNY").1).collect::<Vec<_>>();
    assert!(quiet.n_judged > 100 && quiet.items.is_empty(), "{} {:?}", quiet.n_judged, shown(&quiet));

    open(&ctx, &home, "b.csv", (last + 1, last + 1), true).await;
    let found = unusual(&ctx, USUAL_DAYS).await.unwrap();
    let sales =
        found.items.iter().find(|one| one.kpi.group == "sales").unwrap_or_else(|| panic!("{:?}", shown(&found)));
    assert!(found.items.iter().all(|one| one.day == last + 1), "{:?}", shown(&found));
    let keys: Vec<&str> = sales.also.iter().chain([&sales.kpi]).map(|kpi| kpi.key.as_str()).collect();
    assert!(keys.contains(&"gross_sales") && keys.contains(&"net_sales"), "{keys:?}");
    assert_eq!((sales.is_high, sales.is_good), (false, Some(false)));
    assert!(sales.value < sales.range.0 && sales.range.0 < sales.expected && sales.p <= 0.01);
    let because = sales.because.as_ref().unwrap();
    assert_eq!(because.dimension, Dimension::Store);
    let first = &because.parts[0];
    assert_eq!((first.value.as_deref(), first.after), (Some("S0"), 0.0));
    assert!(first.before > 0.0 && (first.contribution + first.before).abs() < 1e-6, "{first:?}");
    let (zh, en) = finding_words(sales, "CNY");
    assert!(zh.starts_with("2026-03-21 ") && zh.contains("主要来自S0（"), "{zh}");
    assert!(en.contains("was to be expected") && en.contains("Mostly from S0 ("), "{en}");
    assert_eq!(unusual(&ctx, 0).await.unwrap_err().code.as_str(), "bad_request");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_what_comes_next_add_up_to_the_whole() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let last = day_number(LAST);
    open(&ctx, &home, "a.csv", (last - 160, last), false).await;
    let figure = kpis::get("orders").unwrap();
    let whole = ahead(&ctx, figure, PeriodKind::Day, Some(14), None).await.unwrap();
    let found = kpis::ahead_by(&ctx, figure, PeriodKind::Day, Some(14), None, Dimension::Store).await.unwrap();
    assert_eq!(numbers(&found.ahead), numbers(&whole), "the whole is as it is told alone");
    let names: Vec<&str> = found.parts.iter().filter_map(|part| part.value.as_deref()).collect();
    assert_eq!((names.len(), names[0]), (3, "S0"), "{:?}", found.parts);
    for (at, (name, value, _)) in numbers(&whole).iter().enumerate() {
        let sum: f64 = found.parts.iter().map(|part| part.values[at]).sum();
        assert!((sum - value).abs() < 1e-6, "{name}: {sum} of {value}");
    }
    // Every other order is of the first store.
    let ahead: f64 = found.parts[0].values.iter().sum();
    let all: f64 = numbers(&whole).iter().map(|point| point.1).sum();
    assert!((ahead / all - 0.5).abs() < 0.05 && found.parts.iter().all(|part| part.is_forecast), "{ahead} of {all}");
    let before: f64 = found.parts.iter().map(|part| part.before).sum();
    let truly: u64 = (last - 13..=last).map(|day| usual(day, &mut Dice::new(day as u64))).sum();
    assert_eq!(before, truly as f64);
    let error =
        kpis::ahead_by(&ctx, kpis::get("average_order_value").unwrap(), PeriodKind::Day, None, None, Dimension::Store);
    assert!(error.await.unwrap_err().message.contains("do not add up"));
}
