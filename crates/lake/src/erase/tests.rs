//! Erasing rows, without anything of people but ids.

use proptest::prelude::*;
use zhike_domain::erasure::{Erased, Fate, Subject};
use zhike_domain::frame::{Column, ColumnType, Frame, MONEY, TextColumn};

use super::Rewritten;
use crate::{Lake, LakeOptions, Publication, RowsOf};

/// A row: order, profile, identity, instant.
type Row = (u32, Option<i64>, Option<i64>, i64);

fn frame(rows: &[Row]) -> Frame {
    let ids: Vec<String> = rows.iter().map(|row| format!("T{}", row.0)).collect();
    let texts = |of: &dyn Fn(usize) -> String| {
        let mut column = TextColumn::default();
        (0..rows.len()).for_each(|row| column.push(Some(&of(row))));
        Column::Text(column)
    };
    let nums = |of: &dyn Fn(&Row) -> Option<i64>| Column::Num(rows.iter().map(of).collect());
    Frame::new(rows.len())
        .with("order_id", ColumnType::Text, texts(&|row| ids[row].clone()))
        .with("profile_id", ColumnType::Int, nums(&|row| row.1))
        .with("identity_id", ColumnType::Int, nums(&|row| row.2))
        .with("ordered_at", ColumnType::Instant, nums(&|row| Some(row.3)))
        .with("amount", MONEY, nums(&|row| Some(i64::from(row.0))))
        .with("traits", ColumnType::Text, texts(&|row| format!("{{\"note\":\"n{}\"}}", rows[row].0)))
        .with("source", ColumnType::Text, texts(&|_| "shop".to_owned()))
}

async fn publish(lake: &Lake, batch_id: i64, rows: &[Row]) {
    let mut stage = lake.stage("orders", batch_id, "new").unwrap();
    stage.push(frame(rows)).unwrap();
    let mut publication = Publication::default();
    publication.change("orders", stage.finish().unwrap(), Vec::new());
    lake.publish(batch_id, &publication).await.unwrap();
}

async fn show(lake: &Lake, batch_id: i64, done: Rewritten) {
    let mut publication = Publication::default();
    publication.change("orders", done.add, done.remove);
    lake.publish(batch_id, &publication).await.unwrap();
}

/// Order, profile and further attributes of every row.
async fn rows(lake: &Lake) -> Vec<(String, Option<i64>, bool)> {
    let sql = "SELECT order_id, profile_id, traits FROM orders ORDER BY order_id";
    let all = lake.query(sql, Vec::new()).await.unwrap().all().await.unwrap();
    let text = |name: &str, row: usize| all.text(name).and_then(|column| column.get(row)).map(str::to_owned);
    let profile = |row: usize| all.num("profile_id").and_then(|column| column.get(row));
    (0..all.n_rows()).map(|row| (text("order_id", row).unwrap(), profile(row), text("traits", row).is_some())).collect()
}

fn person(profiles: &[i64], identities: &[i64], owners: &[(i64, Vec<(i64, i64)>)]) -> Subject {
    Subject {
        profiles: profiles.iter().copied().collect(),
        identities: identities.iter().copied().collect(),
        owners: owners.iter().cloned().collect(),
        ..Subject::default()
    }
}

/// INV-LAKE-4: rows go, are given over or lose their person; the files and entries that had them are gone.
#[tokio::test]
async fn what_is_erased_stands_in_no_file_any_more() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
    publish(&lake, 1, &[(1, Some(7), Some(70), 10), (2, Some(8), Some(80), 10), (3, Some(7), Some(70), 90)]).await;
    // The second file has nothing of the person, the third a visitor who was them for a time.
    publish(&lake, 2, &[(4, Some(9), Some(90), 50)]).await;
    publish(&lake, 3, &[(5, Some(7), Some(99), 30), (6, Some(7), Some(99), 60)]).await;
    let owners = vec![(99, vec![(i64::MIN, 7), (50, 8)])];
    let erased = Erased::new(vec![person(&[7], &[70], &owners)]);
    assert_eq!(lake.n_rows_of("orders", &erased).await.unwrap(), 4);
    let done = lake.stage_erased("orders", 4, &erased, Some(80)).await.unwrap();
    assert_eq!((done.n_gone.as_slice(), done.n_nameless.as_slice(), done.remove.len()), (&[2][..], &[1][..], 2));
    let before: Vec<String> = done.remove.clone();
    show(&lake, 4, done).await;
    let left = rows(&lake).await;
    let kept = |order: &str, profile, has_traits| (order.to_owned(), profile, has_traits);
    assert_eq!(
        left,
        [kept("T2", Some(8), true), kept("T3", None, false), kept("T4", Some(9), true), kept("T6", Some(8), true),]
    );
    assert_eq!(lake.n_rows_of("orders", &erased).await.unwrap(), 0);
    // Again it finds nothing to do.
    assert_eq!(lake.stage_erased("orders", 5, &erased, Some(80)).await.unwrap().remove, Vec::<String>::new());
    let table = dir.path().join("lake/orders");
    assert!(before.iter().all(|path| table.join(path).exists()), "older versions still name them");
    let (n_files, n_entries) = lake.forget_history("orders").await.unwrap();
    assert!(n_files >= 2 && n_entries >= 3, "{n_files} {n_entries}");
    assert!(before.iter().all(|path| !table.join(path).exists()));
    // What the log still says of them is that they went.
    let entries = std::fs::read_dir(table.join("_delta_log")).unwrap().map(|entry| entry.unwrap().path());
    for entry in entries.filter(|path| path.extension().is_some_and(|end| end == "json")) {
        let text = std::fs::read_to_string(entry).unwrap();
        let told = text.lines().filter(|line| before.iter().any(|path| line.contains(path.as_str())));
        assert!(told.into_iter().all(|line| !line.starts_with("{\"add\"") && !line.contains("stats")), "{text}");
    }
    assert_eq!(rows(&lake).await, left);
    // The table opens as it was, and goes on.
    drop(lake);
    let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
    assert_eq!(rows(&lake).await, left);
    publish(&lake, 6, &[(8, Some(8), Some(80), 99)]).await;
    let wanted = RowsOf { profile_id: 8, written_for: &[8], columns: &[], newest: None };
    assert_eq!(lake.rows_of("orders", wanted).await.unwrap().n_rows(), 3);
}

#[tokio::test]
async fn a_purge_takes_rows_or_their_names_from_before_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
    publish(&lake, 1, &[(1, Some(7), Some(70), 10), (2, None, None, 10), (3, Some(8), Some(80), 90)]).await;
    publish(&lake, 2, &[(4, Some(7), Some(70), 95)]).await;
    assert_eq!(lake.n_rows_before("orders", 50, false).await.unwrap(), 2);
    assert_eq!(lake.n_rows_before("orders", 50, true).await.unwrap(), 1);
    let named = lake.stage_purged("orders", 3, 50, true).await.unwrap();
    assert_eq!((named.n_gone.as_slice(), named.n_nameless.as_slice(), named.remove.len()), (&[0][..], &[1][..], 1));
    show(&lake, 3, named).await;
    assert_eq!(lake.n_rows_before("orders", 50, true).await.unwrap(), 0);
    assert_eq!(rows(&lake).await[0], ("T1".to_owned(), None, false));
    let gone = lake.stage_purged("orders", 4, 50, false).await.unwrap();
    assert_eq!(gone.n_gone, [2]);
    show(&lake, 4, gone).await;
    assert_eq!(rows(&lake).await.iter().map(|row| row.0.as_str()).collect::<Vec<_>>(), ["T3", "T4"]);
    // A table without rows, and one without a time, have nothing to give.
    assert_eq!(lake.stage_purged("events", 5, 50, false).await.unwrap().remove, Vec::<String>::new());
    assert_eq!(lake.forget_history("events").await.unwrap(), (0, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Row for row what the rule says (INV-ERASE-1), over any cut into files.
    #[test]
    fn rows_go_as_the_rule_says(
        all in prop::collection::vec((prop::option::of(0_i64..4), prop::option::of(10_i64..16), 0_i64..100), 1..40),
        cut in 1_usize..12,
        kept_since in prop::option::of(0_i64..100),
    ) {
        let rows_in: Vec<Row> = (0_u32..).zip(&all).map(|(n, (profile, identity, at))| (n, *profile, *identity, *at)).collect();
        let owners = vec![(12, vec![(i64::MIN, 0), (40, 3), (70, 1)])];
        let erased = Erased::new(vec![person(&[0], &[10], &owners), person(&[1, 2], &[11], &owners)]);
        let mut expected: Vec<(String, Option<i64>)> = Vec::new();
        for (n, profile, identity, at) in &rows_in {
            match erased.fate(*profile, *identity, Some(*at)) {
                Fate::Stays => expected.push((format!("T{n}"), *profile)),
                Fate::Moves(owner) => expected.push((format!("T{n}"), Some(owner))),
                Fate::Goes(_) if kept_since.is_some_and(|since| *at >= since) => expected.push((format!("T{n}"), None)),
                Fate::Goes(_) => {}
            }
        }
        expected.sort();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (found, n_left) = runtime.block_on(async {
            let dir = tempfile::tempdir().unwrap();
            let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
            let mut batch_id = 0;
            for part in rows_in.chunks(cut) {
                batch_id += 1;
                publish(&lake, batch_id, part).await;
            }
            let done = lake.stage_erased("orders", 100, &erased, kept_since).await.unwrap();
            show(&lake, 100, done).await;
            lake.forget_history("orders").await.unwrap();
            (rows(&lake).await, lake.n_rows_of("orders", &erased).await.unwrap())
        });
        let found: Vec<(String, Option<i64>)> = found.into_iter().map(|row| (row.0, row.1)).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(n_left, 0);
    }
}
