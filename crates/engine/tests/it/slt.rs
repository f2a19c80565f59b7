//! `tests/slt/*.slt`: queries with their results, on the sample shop. `ZHIKE_UPDATE_SLT=1` writes the results anew.
//!
//! A file is a list of records: `query`, the SQL, `----`, the rows with `|` between values, a blank line. `error` instead of
//! `query` expects the query to be refused with a message that contains the line below.

use std::fmt::Write as _;
use std::path::Path;

use zhike_domain::import::entity::Entity;
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::refresh::refresh;

use crate::lines::LINES;
use crate::support::{Home, in_pounds, load, rows};

#[tokio::test(flavor = "multi_thread")]
async fn queries_give_what_their_files_say() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_pounds(&ctx).await;
    load(&ctx, &home.file("lines.csv", LINES), Entity::OrderLines).await.unwrap();
    refresh(&ctx, Default::default()).await.unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/slt");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let mut written = String::new();
        for record in text.split("\n\n").map(str::trim).filter(|record| !record.is_empty()) {
            if record.starts_with('#') {
                writeln!(written, "{record}\n").unwrap();
                continue;
            }
            let (head, _) = record.split_once("\n----").unwrap_or((record, ""));
            let (kind, sql) = head.split_once('\n').unwrap();
            let result = match kind {
                "query" => rows(&ctx, sql).await.join("\n"),
                "error" => match query::sql(&ctx, sql, QueryLimits::default()).await {
                    Ok(_) => "(no error)".to_owned(),
                    Err(error) => error.message,
                },
                other => panic!("{}: {other:?} is neither query nor error", file.display()),
            };
            writeln!(written, "{kind}\n{sql}\n----\n{result}\n").unwrap();
        }
        if std::env::var_os("ZHIKE_UPDATE_SLT").is_some() {
            std::fs::write(&file, format!("{}\n", written.trim_end())).unwrap();
            continue;
        }
        assert_eq!(written.trim_end(), text.trim_end(), "{}", file.display());
    }
}
