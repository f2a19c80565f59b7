//! Sums over people: within one's rows, and never of a small group to whoever is not told of one.

use serde_json::json;
use zhike_domain::access::{Means, Principal, Role, Scope, granted};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{Dimension, PeriodKind};
use zhike_engine::customers::{self, Sort, Whom};
use zhike_engine::history::{self, What};
use zhike_engine::kpis::{self, Ask};
use zhike_engine::overview::{self, Compare};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::{Ctx, quality, rfm, segments, tags};

use crate::support::{Home, load};

/// Every sum that can be cut is one over the customers that are seen; `seen` names them by number, as their orders do.
pub(crate) async fn sums_are_of(own: &Ctx, n: usize, seen: &[usize]) {
    let paid: i64 = seen.iter().map(|n| [10_000, 5_000, 7_000][n - 1]).sum();
    let held = overview::holdings(own).await.unwrap();
    assert_eq!((held.n_profiles, held.n_orders), (n as u64, n as u64));
    let day = |day| Some(jiff::civil::date(2026, 1, day));
    let shown = overview::overview(own, day(1), day(4), Compare::Previous).await.unwrap();
    assert_eq!((shown.now.net_sales, shown.now.n_customers), (paid, Some(n as i64)));
    assert_eq!(shown.all.map(|all| (all.n_customers, all.monetary)), Some((n as i64, paid)));
    let kpi = kpis::get("net_sales").unwrap();
    let ask = Ask { by: PeriodKind::Month, from: None, to: None, dimension: Some(Dimension::Store), top: 8 };
    let series = kpis::series(own, kpi, ask).await.unwrap();
    let of = |number: Option<f64>| (number.unwrap_or(0.0) * 100.0).round() as i64;
    assert_eq!(of(series.points.last().unwrap().figures.value), paid);
    assert_eq!(series.parts.iter().map(|part| of(*part.numbers.last().unwrap())).sum::<i64>(), paid);
    let people =
        kpis::series(own, kpis::get("active_customers").unwrap(), Ask { dimension: None, ..ask }).await.unwrap();
    assert_eq!(people.points.last().unwrap().figures.value, Some(n as f64));
    let grid = rfm::grid(own, None).await.unwrap().unwrap();
    assert_eq!(grid.total.map(|sums| (sums.n_customers, sums.monetary)), Some((n as i64, paid)));
    let days = history::days(own, &What::Tier).await.unwrap();
    assert_eq!(days.last().map_or(Some(0), |day| day.n_customers), Some(n as u64));
    let tags = tags::list(own).await.unwrap();
    let tag = tags.iter().find(|tag| tag.key == "order_count").unwrap().spread.as_ref().unwrap();
    assert_eq!((tag.n_customers, tag.n_total), (Some(n as u64), Some(n as u64)));
    assert_eq!(tag.bins.iter().map(|(bin, _)| bin.n).sum::<u64>(), n as u64);
    assert_eq!(quality::files(own).await.is_ok(), n == 3, "what cannot be cut is refused");
}

/// Whoever may not be told of small groups is told of none, by any sum; with ten in a group it is told.
#[tokio::test(flavor = "multi_thread")]
async fn small_groups_are_not_told() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut people = String::from("会员号,省份\n");
    let mut orders = String::from("订单编号,会员号,下单时间,实付金额,订单状态\n");
    for n in 0..33 {
        // 20, 10 and 3 of a province.
        let province = if n < 20 {
            "浙江"
        } else if n < 30 {
            "江苏"
        } else {
            "四川"
        };
        people.push_str(&format!("M{n},{province}\n"));
        orders.push_str(&format!("T{n},M{n},2026-01-02 10:00:00,{}.00,交易成功\n", 10 + n));
    }
    load(&ctx, &home.file("people.csv", people), Entity::Profiles).await.unwrap();
    load(&ctx, &home.file("orders.csv", orders), Entity::Orders).await.unwrap();
    refresh::refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let ann = Principal {
        id: "usr_1".into(),
        owner: "ann".into(),
        actor: "ann".into(),
        means: Means::Session,
        roles: vec![Role::Analyst],
        scope: Scope::default(),
        permissions: granted(&[Role::Analyst], false),
        must_change_password: false,
    };
    let theirs = ctx.acting(&std::sync::Arc::new(ann));
    let rule = |province: &str| json!({"all": [{"trait": "province", "op": "eq", "value": province}]});
    let preview = async |ctx: &Ctx, province: &str| {
        let found = segments::preview(ctx, &rule(province), None, None, None).await.unwrap();
        (found.count.count, found.funnel[0].left, found.sample.len())
    };
    assert_eq!(preview(&ctx, "四川").await, (Some(3), Some(3), 3));
    assert_eq!(preview(&theirs, "四川").await, (None, None, 0));
    assert_eq!(preview(&theirs, "江苏").await, (Some(10), Some(10), 5));
    // All without three would be three.
    let rest = json!({"none": [{"trait": "province", "op": "eq", "value": "四川"}]});
    assert_eq!(segments::preview(&theirs, &rest, None, None, None).await.unwrap().count.count, None);
    let whom = Whom { rule: Some(rule("四川")), ..Whom::default() };
    assert_eq!(customers::page(&theirs, &whom, Sort::default(), &[], None, 1).await.unwrap().count.count, None);
    let ask = Ask { by: PeriodKind::Month, from: None, to: None, dimension: Some(Dimension::Province), top: 8 };
    let parts = async |ctx: &Ctx| {
        let series = kpis::series(ctx, kpis::get("active_customers").unwrap(), ask).await.unwrap();
        let last = |part: &kpis::Part| (part.value.clone().unwrap(), *part.numbers.last().unwrap());
        let mut all: Vec<_> = series.parts.iter().map(last).map(|(value, n)| (value, n.map(|n| n as u64))).collect();
        all.sort_by_key(|part| part.1);
        (series.points.last().unwrap().figures.value, all.into_iter().map(|part| part.1).collect::<Vec<_>>())
    };
    assert_eq!(parts(&ctx).await, (Some(33.0), vec![Some(3), Some(10), Some(20)]));
    assert_eq!(parts(&theirs).await, (Some(33.0), vec![None, None, Some(20)]), "the second smallest too");
    let grid = rfm::grid(&theirs, None).await.unwrap().unwrap();
    assert_eq!(grid.total.map(|sums| sums.n_customers), Some(33));
    assert!(grid.cells.values().flatten().all(|sums| sums.n_customers >= 10), "{:?}", grid.cells);
    let small = async |ctx: &Ctx| {
        let tags = tags::list(ctx).await.unwrap();
        let bins = tags.iter().flat_map(|tag| &tag.spread).flat_map(|spread| spread.bins.clone());
        let told = bins.filter(|(_, shown)| *shown).map(|(bin, _)| bin.n);
        let values = tags.iter().flat_map(|tag| &tag.spread).flat_map(|spread| spread.top.clone());
        told.chain(values.filter_map(|value| value.1)).filter(|n| (1..10).contains(n)).count()
    };
    assert!(small(&ctx).await > 0);
    assert_eq!(small(&theirs).await, 0);
    sql_tells_of_groups_alone(&ctx, &theirs).await;
}

async fn sql_tells_of_groups_alone(ctx: &Ctx, theirs: &Ctx) {
    let run = async |ctx: &Ctx, sql: &str| {
        let mut rows = query::sql(ctx, sql, QueryLimits::default()).await.map_err(|error| error.code)?;
        let mut found = Vec::new();
        while let Some(frame) = rows.next().await.map_err(|error| error.code)? {
            let n = |row: usize| frame.num("n").and_then(|column| column.get(row)).unwrap_or(-1);
            found.extend((0..frame.n_rows()).map(n));
        }
        found.sort_unstable();
        Ok::<_, ErrorCode>(found)
    };
    for (sql, all, told) in [
        ("SELECT province, count(*) AS n FROM profiles GROUP BY province", vec![3, 10, 20], vec![10, 20]),
        ("SELECT count(*) AS n FROM orders WHERE net_amount >= 40", vec![3], vec![]),
        ("SELECT count(*) AS n FROM orders", vec![33], vec![33]),
        (
            "SELECT k, count(*) AS n FROM (SELECT profile_id, count(*) AS k FROM orders GROUP BY profile_id) GROUP BY k",
            vec![33],
            vec![33],
        ),
        (
            "SELECT p.province, count(*) AS n FROM orders o JOIN profiles p ON p.profile_id = o.profile_id \
             GROUP BY p.province ORDER BY n",
            vec![3, 10, 20],
            vec![10, 20],
        ),
    ] {
        assert_eq!(run(ctx, sql).await, Ok(all), "{sql}");
        assert_eq!(run(theirs, sql).await, Ok(told), "{sql}");
    }
    for sql in [
        "SELECT profile_id AS n FROM profiles",
        "SELECT DISTINCT profile_id AS n FROM orders",
        "SELECT array_agg(profile_id) FROM profiles",
        "SELECT count(*) AS n FROM (SELECT province FROM profiles)",
        "SELECT 1 AS n WHERE EXISTS (SELECT 1 FROM profiles WHERE province = '四川')",
        "WITH orders AS (SELECT row_number() OVER () AS profile_id, province FROM profiles) SELECT count(*) AS n FROM orders GROUP BY province",
        "SELECT p.province, count(*) AS n FROM profiles p, (SELECT 1 AS one FROM orders) o GROUP BY p.province",
    ] {
        assert!(run(ctx, sql).await.is_ok(), "{sql}");
        assert_eq!(run(theirs, sql).await, Err(ErrorCode::QueryInvalid), "{sql}");
    }
}
