//! A load is watched, cancelled, or tried on its first rows before anything is stored.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use zhike_domain::clean::rule::Rule;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::import::entity::Entity;
use zhike_engine::import::{self, ImportOptions, OnProgress, Progress};

use crate::lines::LINES;
use crate::support::{Home, dump, in_pounds, load, rows};

fn of(entity: Entity) -> ImportOptions {
    ImportOptions { entity: Some(entity), ..ImportOptions::default() }
}

/// Parquet files below a folder.
fn n_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: std::fs::DirEntry| match entry.path() {
        path if path.is_dir() => n_files(&path),
        path => usize::from(path.extension().is_some_and(|extension| extension == "parquet")),
    };
    entries.map(count).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_cancelled_leaves_nothing_and_can_be_run_again() {
    let undisturbed = {
        let home = Home::sqlite();
        let ctx = home.open().await;
        in_pounds(&ctx).await;
        load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
        dump(&ctx).await
    };
    for stage in ["reading", "resolving", "storing"] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        in_pounds(&ctx).await;
        let file = home.file("lines.csv", LINES);
        let stops: OnProgress = Arc::new(move |now: Progress| match now.stage == stage {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        });
        let cancelled = import::import(&ctx, import::file_at(&file), of(Entity::OrderLines), stops).await;
        assert_eq!(cancelled.unwrap_err().code, ErrorCode::Conflict, "{stage}");
        assert_eq!(dump(&ctx).await, Vec::<String>::new(), "{stage}");
        assert_eq!(rows(&ctx, "SELECT status FROM batches").await, ["failed"], "{stage}");
        assert_eq!(n_files(&home.path().join("data/lake")), 0, "{stage}");
        load(&ctx, &file, Entity::OrderLines).await.unwrap();
        assert_eq!(dump(&ctx).await, undisturbed, "{stage}, run again");
    }
}

const DIRTY: &str = "\
订单编号,会员号,手机号,下单时间,订单状态,实付金额
T1,M1,13800138001,2026-01-02 10:00:00,已完成,100.00
T2,M2,１３８００１３８００２, 2026年1月3日,已完成,\"￥1,280.00元\"
T3,M3,13800138003,不知道,已完成,50.00
T4,M4,13800138004,2026-01-04 10:00:00,已完成,abc
T5,M5,13800138005,2026-01-05 10:00:00,已完成,5,多
合计,,,,,1435.00
";

/// What a preview shows is what the load does, by rule and by reason; nothing of it is stored.
#[tokio::test(flavor = "multi_thread")]
async fn a_preview_shows_what_the_load_will_do() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let file = home.file("orders.csv", DIRTY);
    let seen = import::preview(&ctx, &import::file_at(&file), &of(Entity::Orders), 200).await.unwrap();
    assert_eq!(rows(&ctx, "SELECT count(*) FROM batches").await, ["0"]);
    assert_eq!(seen.rows.iter().map(|row| row.row_no).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);

    let (mut rules, mut reasons) = (BTreeMap::<String, u64>::new(), BTreeMap::<String, u64>::new());
    for row in &seen.rows {
        row.changes.iter().for_each(|change| *rules.entry(change.rule.code().into()).or_default() += 1);
        row.set_aside.iter().for_each(|why| *reasons.entry(why.reason.into()).or_default() += 1);
    }
    let report = load(&ctx, &file, Entity::Orders).await.unwrap();
    assert_eq!((report.rows_read, report.rows_loaded, report.rows_quarantined), (5, 2, 3), "{report:?}");
    assert_eq!(rules, report.rules);
    assert_eq!(reasons, report.reasons);

    let target = |name: &str| seen.columns.iter().position(|column| column.target.as_deref() == Some(name)).unwrap();
    let second = &seen.rows[1];
    assert_eq!(second.cells[target("amount")].as_deref(), Some("￥1,280.00元"));
    let after = |rule: Rule| second.changes.iter().find(|change| change.rule == rule).unwrap().after.as_str();
    assert_eq!((after(Rule::MoneyForm), after(Rule::DateForm)), ("1280.00", "2026-01-03 00:00:00"));
    assert_eq!(after(Rule::StatusWord), "completed");
    let shown = format!("{:?}", seen.rows);
    assert!(!shown.contains("1380013") && !shown.contains("１３８００１３"), "{shown}");

    let first = import::preview(&ctx, &import::file_at(&file), &of(Entity::Orders), 2).await.unwrap();
    assert_eq!(first.rows.len(), 2);
}
