//! A load that dies at any step is seen whole or not at all, and can be run again.

use zhike_domain::import::entity::Entity;

use crate::lines::LINES;
use crate::support::{Home, dump, in_pounds, load, rows};

const STEPS: [&str; 4] = ["import.reading", "import.staged", "import.committed", "import.published"];

/// INV-ENGINE-1, INV-ENGINE-2.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_any_step_leaves_all_or_nothing() {
    let undisturbed = {
        let home = Home::sqlite();
        let ctx = home.open().await;
        in_pounds(&ctx).await;
        load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
        dump(&ctx).await
    };
    for step in STEPS {
        let home = Home::sqlite();
        let file = home.file("lines.csv", LINES);
        let ctx = home.open().await;
        in_pounds(&ctx).await;
        ctx.fail_at(step);
        assert!(load(&ctx, &file, Entity::OrderLines).await.is_err(), "{step}");
        ctx.close().await;

        let ctx = home.open().await;
        let n_orders = rows(&ctx, "SELECT count(*) FROM orders").await;
        let after = dump(&ctx).await;
        if n_orders == ["0"] {
            assert!(after.is_empty(), "{step}: {after:?}");
        } else {
            assert_eq!(after, undisturbed, "{step}");
        }
        load(&ctx, &file, Entity::OrderLines).await.unwrap();
        assert_eq!(dump(&ctx).await, undisturbed, "{step}, run again");
        let files = orphans(&home.path().join("data/lake"));
        let shown: usize = rows(&ctx, "SELECT count(*) FROM batches WHERE status = 'loaded'").await[0].parse().unwrap();
        assert_eq!(shown, 1, "{step}");
        assert!(files.iter().all(|n| *n <= 2), "{step}: staged files of the dead load stay: {files:?}");
    }
}

/// Parquet files per table.
fn orphans(lake: &std::path::Path) -> Vec<usize> {
    let tables = std::fs::read_dir(lake).unwrap().flatten();
    let count = |table: std::fs::DirEntry| {
        let files = std::fs::read_dir(table.path()).unwrap().flatten();
        files.filter(|file| file.path().extension().is_some_and(|extension| extension == "parquet")).count()
    };
    tables.map(count).collect()
}
