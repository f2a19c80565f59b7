//! Targets on real stores: parts add up to the cent, nothing is told from what came later, what has come in is the figure's
//! own number, bounds and tables by hand, accounts to work on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, date};
use zhike_domain::audience::sample::Dice;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::Dimension;
use zhike_engine::consents;
use zhike_engine::import::file_of;
use zhike_engine::kpis::{self, Ask};
use zhike_engine::targets::{self, Because, Board, New, Set};
use zhike_engine::workspace::{self, Workspace, day_number};
use zhike_engine::{Ctx, Error};

use crate::support::{Home, load, refusal, rows};

const PROVINCES: [&str; 5] = ["浙江省", "江苏省", "广东省", "四川省", ""];
const N_PEOPLE: u64 = 300;

fn days(from: Date, to: Date) -> (i64, i64) {
    (day_number(from), day_number(to))
}

/// Orders of so many weeks from 4 March 2024 on, in three channels, by people of five provinces; stores of the north buy more
/// by the week.
async fn shop(ctx: &Ctx, home: &Home, seed: u64, weeks: i64, file: &str) {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(seed);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status,channel,store_id\n");
    let mut people = String::from("member_id,name,province\n");
    for who in 0..N_PEOPLE {
        people.push_str(&format!("M{who},客户{who},{}\n", PROVINCES[(who % 5) as usize]));
    }
    for week in 0..weeks {
        for order in 0..30 {
            let day = date(2024, 3, 4).checked_add(jiff::Span::new().days(7 * week + dice.below(7) as i64)).unwrap();
            let status = if dice.below(12) == 0 { "cancelled" } else { "completed" };
            let who = match dice.below(15) {
                0 => String::new(),
                _ => format!("M{}", dice.below(N_PEOPLE)),
            };
            let channel = ["天猫", "门店", "小程序"][dice.below(3) as usize];
            let store = if channel == "门店" { format!("S{}", dice.below(3)) } else { String::new() };
            let amount = format!("{}.{:02}", 20 + dice.below(200) as i64 + week, dice.below(100));
            let id = format!("O{week}-{order}");
            orders.push_str(&format!("{id},{who},{day} 10:00:00,{amount},{status},{channel},{store}\n"));
        }
    }
    for (name, text, entity) in [("people.csv", &people, Entity::Profiles), (file, &orders, Entity::Orders)] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert!(report.rows_quarantined == 0, "{name}: {report:?}");
    }
}

fn spring(levels: &[Dimension]) -> New {
    New {
        name: "春季".into(),
        kpi: "net_sales".into(),
        days: days(date(2025, 7, 1), date(2025, 9, 30)),
        amount: 80_000.01,
        levels: levels.to_vec(),
    }
}

/// Every part that is split is the sum of what it is split to, in amounts, expectations and what came in.
fn assert_adds_up(board: &Board) {
    let children = |path: &[String]| {
        let is_child =
            |part: &&targets::PartState| part.part.path.len() == path.len() + 1 && part.part.path.starts_with(path);
        board.parts.iter().filter(is_child).collect::<Vec<_>>()
    };
    for part in board.parts.iter().filter(|part| part.has_parts) {
        let own = children(&part.part.path);
        let sum = |of: &dyn Fn(&targets::PartState) -> i64| own.iter().map(|child| of(child)).sum::<i64>();
        assert_eq!(sum(&|child| child.part.amount), part.part.amount, "{:?}", part.part.path);
        assert_eq!(sum(&|child| child.part.expected), part.part.expected, "{:?}", part.part.path);
    }
    for part in &board.parts {
        let (floor, cap) = (part.part.floor.unwrap_or(0), part.part.cap.unwrap_or(i64::MAX));
        assert!((floor..=cap).contains(&part.part.amount), "{part:?}");
        assert!(part.part.locked.is_none_or(|locked| locked == part.part.amount), "{part:?}");
        assert!((1.0..=1.5).contains(&part.part.headroom));
    }
}

fn amounts(board: &Board) -> BTreeMap<Vec<String>, i64> {
    board.parts.iter().map(|part| (part.part.path.clone(), part.part.amount)).collect()
}

fn code(error: &Error) -> ErrorCode {
    error.code
}

async fn total(ctx: &Ctx, from: Date, to: Date) -> i64 {
    let ask = Ask {
        by: zhike_domain::kpi::PeriodKind::Day,
        from: Some(day_number(from)),
        to: Some(day_number(to)),
        dimension: None,
        top: 1,
    };
    let series = kpis::series(ctx, kpis::get("net_sales").unwrap(), ask).await.unwrap();
    series.points.iter().filter_map(|point| point.figures.value).map(|value| (value * 100.0).round() as i64).sum()
}

#[tokio::test]
async fn parts_add_up_and_bring_what_the_figure_says() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 11, 78, "orders.csv").await;
    let levels = [Dimension::Province, Dimension::Channel, Dimension::Store];
    targets::add(&ctx, spring(&levels), "owner").await.unwrap();
    let board = targets::board(&ctx, "春季").await.unwrap();
    assert_adds_up(&board);
    assert_eq!(board.target.amount(), 8_000_001);
    assert_eq!(board.parts[0].part.path, Vec::<String>::new());
    let provinces: BTreeSet<&str> =
        board.parts.iter().filter_map(|part| Some(part.part.path.first()?.as_str())).collect();
    assert_eq!(provinces, BTreeSet::from(["", "四川", "广东", "江苏", "浙江"]));
    assert!(board.target.basis.n_told > 5, "{:?}", board.target.basis);
    // What came in is the figure's own number, and is all told of.
    let through = board.through.unwrap();
    assert_eq!(through, day_number(date(2025, 8, 31)));
    let whole = total(&ctx, date(2025, 7, 1), date(2025, 8, 31)).await;
    assert_eq!(board.parts[0].actual, Some(whole));
    let finest: i64 = board.parts.iter().filter(|part| !part.has_parts).filter_map(|part| part.actual).sum();
    assert_eq!(finest + board.outside.unwrap(), whole);
    // Two of three months, by season.
    assert!((0.55..0.8).contains(&board.elapsed), "{}", board.elapsed);
    let year_before = total(&ctx, date(2024, 7, 2), date(2024, 10, 1)).await;
    assert_eq!(board.target.basis.year_before, Some(year_before));
    // Whoever bought in several parts is one customer of the whole.
    let sql = "SELECT count(DISTINCT profile_id) FROM orders WHERE ordered_at >= '2024-06-30T16:00:00Z' \
               AND ordered_at < '2025-06-30T16:00:00Z' AND status <> 'cancelled'";
    assert_eq!(rows(&ctx, sql).await, [board.parts[0].n_people.unwrap().to_string()]);
    let (low, high) = board.target.basis.range.unwrap();
    assert!((low..=high).contains(&board.target.basis.expected), "{:?}", board.target.basis);
}

#[tokio::test]
async fn nothing_is_told_from_what_came_later() {
    let (one, other) = (Home::sqlite(), Home::sqlite());
    let (early, late) = (one.open().await, other.open().await);
    // The same first 69 weeks, up to 29 June 2025.
    shop(&early, &one, 5, 69, "orders.csv").await;
    shop(&late, &other, 5, 78, "orders.csv").await;
    let new = || spring(&[Dimension::Channel, Dimension::Store]);
    let early =
        targets::add(&early, New { days: days(date(2025, 6, 30), date(2025, 8, 31)), ..new() }, "owner").await.unwrap();
    let late =
        targets::add(&late, New { days: days(date(2025, 6, 30), date(2025, 8, 31)), ..new() }, "owner").await.unwrap();
    assert_eq!(early.parts, late.parts);
    assert_eq!(early.basis, late.basis);
}

#[tokio::test]
async fn bounds_and_wishes_are_kept_and_mistakes_named() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 3, 70, "orders.csv").await;
    targets::add(&ctx, spring(&[Dimension::Channel, Dimension::Store]), "owner").await.unwrap();
    let shops = || vec!["门店".to_owned()];
    let store = |name: &str| vec!["门店".to_owned(), name.to_owned()];
    let sets = [
        Set { path: shops(), locked: Some(20_000.0), ..Set::default() },
        Set { path: store("S0"), floor: Some(9_000.0), ..Set::default() },
        Set { path: store("S1"), cap: Some(1_000.5), ..Set::default() },
        Set { path: vec!["天猫".into()], asked: Some(30_000.0), ..Set::default() },
        Set { path: vec!["小程序".into()], asked: Some(10_000.0), ..Set::default() },
    ];
    let changed = targets::change(&ctx, "春季", Some(1), None, &sets, "boss").await.unwrap();
    assert_eq!((changed.version, changed.author.as_str()), (2, "boss"));
    let board = targets::board(&ctx, "春季").await.unwrap();
    assert_adds_up(&board);
    let of = amounts(&board);
    assert_eq!((of[&shops()], of[&store("S1")]), (2_000_000, 100_050));
    assert!(of[&store("S0")] >= 900_000);
    // What is left goes 3 to 1.
    assert_eq!((of[&vec!["天猫".to_owned()]], of[&vec!["小程序".to_owned()]]), (4_500_001, 1_500_000));
    let asked = |path: &[String]| board.parts.iter().find(|part| part.part.path == path).unwrap().asked_below;
    assert_eq!((asked(&[]), asked(&shops())), (Some(3_000_000 + 1_000_000 + 2_000_000), None));

    // Whoever still looks at the first version is told so.
    let late = targets::change(&ctx, "春季", Some(1), Some(1.0), &[], "late").await.unwrap_err();
    assert_eq!(code(&late), ErrorCode::Conflict);
    for (sets, word) in [
        (vec![Set { path: store("S0"), floor: Some(25_000.0), ..Set::default() }], "门店"),
        (vec![Set { path: store("S9"), floor: Some(1.0), ..Set::default() }], "S9"),
        (vec![Set { path: shops(), floor: Some(2.0), cap: Some(1.0), ..Set::default() }], "下限大于上限"),
        (vec![Set { path: shops(), floor: Some(f64::NAN), ..Set::default() }], "NaN"),
        (vec![Set { path: Vec::new(), cap: Some(5.0), ..Set::default() }], "总目标"),
    ] {
        let error = targets::change(&ctx, "春季", None, None, &sets, "x").await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::BadRequest);
        assert!(error.message_zh.contains(word), "{}", error.message_zh);
    }
    let error = targets::change(&ctx, "春季", None, Some(500.0), &[], "x").await.unwrap_err();
    assert!(error.message_zh.contains("全部"), "{}", error.message_zh);
    assert_eq!(targets::get(&ctx, "春季").await.unwrap().version, 2, "refused changes change nothing");
    for new in [
        New { kpi: "refund_rate".into(), ..spring(&[Dimension::Channel]) },
        New { days: days(date(2025, 9, 1), date(2025, 8, 1)), ..spring(&[Dimension::Channel]) },
        New { days: days(date(2024, 3, 6), date(2024, 4, 1)), ..spring(&[Dimension::Channel]) },
        New { days: days(date(2028, 3, 6), date(2028, 4, 1)), ..spring(&[Dimension::Channel]) },
        New { amount: -1.0, ..spring(&[Dimension::Channel]) },
        New { name: "联系 13812345678".into(), ..spring(&[Dimension::Channel]) },
        spring(&[Dimension::Brand]),
        spring(&[Dimension::Channel, Dimension::Channel]),
        spring(&[]),
    ] {
        let new = New { name: format!("{} 2", new.name), ..new };
        let error = targets::add(&ctx, new, "owner").await.unwrap_err();
        assert_eq!(code(&error), ErrorCode::BadRequest, "{error}");
    }
    let twice = targets::add(&ctx, spring(&[Dimension::Channel]), "owner").await.unwrap_err();
    assert_eq!(code(&twice), ErrorCode::Conflict);
    targets::remove(&ctx, "春季").await.unwrap();
    assert_eq!(code(&targets::board(&ctx, "春季").await.unwrap_err()), ErrorCode::NotFound);
}

#[tokio::test]
async fn a_table_is_read_back_or_refused_by_row() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 3, 70, "orders.csv").await;
    targets::add(&ctx, spring(&[Dimension::Channel, Dimension::Store]), "owner").await.unwrap();
    let read = async |text: &str| targets::sets(&ctx, "春季", file_of("t.csv", text.as_bytes().to_vec())).await;
    let head = "渠道,门店,目标,下限,上限,锁定,上报\n";
    let sets = read(&format!(
        "{head}（合计）,,1,,,,\n门店,（合计）,1,,,\"20,000\",\n门店,S1,1,,1000.5,,\n天猫,（未填）,1,,,,¥300\n"
    ))
    .await;
    let (version, sets) = sets.unwrap();
    assert_eq!(version, 1);
    assert_eq!(sets.len(), 3, "the whole has no bounds");
    assert_eq!(sets[0], Set { path: vec!["门店".into()], locked: Some(20_000.0), ..Set::default() });
    assert_eq!(sets[1].cap, Some(1000.5));
    assert_eq!(sets[2], Set { path: vec!["天猫".into(), String::new()], asked: Some(300.0), ..Set::default() });
    targets::change(&ctx, "春季", None, None, &sets, "owner").await.unwrap();
    assert_adds_up(&targets::board(&ctx, "春季").await.unwrap());
    // What has no column stays as it is, an empty cell takes away what was set.
    let (_, some) = read("渠道,门店,上限\n门店,S1,\n门店,（合计）,\n").await.unwrap();
    assert_eq!(some[0], Set { path: vec!["门店".into(), "S1".into()], ..Set::default() });
    assert_eq!(some[1].locked, Some(20_000.0));
    for (text, word) in [
        (format!("{head}门店,S1,1,x,,,\n"), "第 2 行"),
        (format!("{head}门店,S1,1,,,,\n门店,S1,1,,,,\n"), "第 3 行"),
        (format!("{head}门店,S7,1,,,,\n"), "S7"),
        ("渠道,门店,目标\n门店,S1,1\n".to_owned(), "列名"),
    ] {
        let error = read(&text).await.unwrap_err();
        assert!(error.message_zh.contains(word), "{word}: {}", error.message_zh);
    }
}

#[tokio::test]
async fn accounts_share_what_a_part_shall_bring() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 7, 78, "orders.csv").await;
    targets::add(&ctx, spring(&[Dimension::Province, Dimension::Channel]), "owner").await.unwrap();
    let path = ["浙江".to_owned()];
    let found = targets::accounts(&ctx, "春季", &path, 500).await.unwrap();
    let board = targets::board(&ctx, "春季").await.unwrap();
    let part = board.parts.iter().find(|part| part.part.path == path).unwrap();
    assert_eq!(found.amount, part.part.amount);
    assert_eq!(found.accounts.len() as u64, found.n.unwrap());
    assert!(found.n.unwrap() <= N_PEOPLE / 5);
    let shared: i64 = found.accounts.iter().map(|account| account.amount).sum();
    assert_eq!(shared + found.amount_of_new, found.amount);
    // Known customers brought what the part brought, but for whom nobody knew.
    let brought: i64 = found.accounts.iter().filter_map(|account| account.actual).sum();
    assert!(brought <= part.actual.unwrap());
    assert!(found.accounts.is_sorted_by_key(|account| std::cmp::Reverse(account.gap)));
    let is_behind = |because| found.accounts.iter().filter(|account| account.because == because).count();
    assert!(is_behind(Because::Silent) + is_behind(Because::Behind) > 0);
    for account in &found.accounts {
        assert_eq!(account.gap == 0, matches!(account.because, Because::OnPace), "{account:?}");
    }

    // Whoever refused profiling is no account; their part keeps what they bring.
    let who = found.accounts[0].customer.profile_id;
    consents::record(&ctx, who, &[refusal()], "owner").await.unwrap();
    let after = targets::accounts(&ctx, "春季", &path, 500).await.unwrap();
    assert_eq!(after.n, found.n.map(|n| n - 1));
    assert!(after.accounts.iter().all(|account| account.customer.profile_id != who));
    assert_eq!(after.amount, found.amount);

    let (segment, n) = targets::save(&ctx, "春季", &path, 10, "浙江待跟进").await.unwrap();
    assert_eq!((segment.n_members, n), (Some(10), 10));
    let error = targets::accounts(&ctx, "春季", &["火星".to_owned()], 5).await.unwrap_err();
    assert_eq!(code(&error), ErrorCode::BadRequest);
}
