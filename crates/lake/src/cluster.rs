//! Rows of one customer near each other: many large files that each hold everybody become as many that hold some customers
//! each.
//!
//! Runs of a few files of about the same time are written anew, sorted by customer: a look-up opens one or two files of a run
//! instead of all, and questions about some days still read the runs of those days alone. A run is written once; its files
//! carry [`TAG`] in their names.

use std::path::Path;

use datafusion::arrow::array::RecordBatch;
use futures::StreamExt;
use zhike_domain::tables::{Home, TableSpec};

use crate::find::SMALL_ROWS;
use crate::provider::{FileEntry, TableVersion};
use crate::query::time_column;
use crate::{Error, Lake, StagedFile, check, convert};

/// Files of one run.
const RUN_FILES: usize = 8;
/// Says in the name of a file that it belongs to a run.
const TAG: &str = "clustered";

/// How large files must be, and how many make a run.
#[derive(Clone, Copy, Debug)]
struct Sizes {
    min_rows: u64,
    n_files: usize,
}

impl Lake {
    /// Stages the files of the oldest run that is complete and not sorted yet; returns them with the paths that they replace,
    /// or `None` when there is none.
    pub(crate) async fn stage_clustered(
        &self,
        table: &str,
        batch_id: i64,
    ) -> Result<Option<(Vec<StagedFile>, Vec<String>)>, Error> {
        self.stage_run(table, batch_id, Sizes { min_rows: SMALL_ROWS, n_files: RUN_FILES }).await
    }

    async fn stage_run(
        &self,
        table: &str,
        batch_id: i64,
        sizes: Sizes,
    ) -> Result<Option<(Vec<StagedFile>, Vec<String>)>, Error> {
        let Some(version) = self.version(table).await? else { return Ok(None) };
        let (spec, root) = self.table_root(table)?;
        let Some(run) = next_run(spec, &version.files, sizes) else { return Ok(None) };
        for file in &run {
            // Damage must not be written anew as if it were right.
            check::verify(table, root, &file.path)?;
        }
        let replaced = run.iter().map(|file| file.path.clone()).collect();
        let run = TableVersion::new(spec, root, version.number, run)?;
        let session = self.session();
        session.register_table("run", run.provider())?;
        let mut rows = session.sql("SELECT * FROM run ORDER BY profile_id NULLS FIRST").await?.execute_stream().await?;
        let schema = convert::arrow_schema(spec)?;
        let mut stage = self.stage(table, batch_id, TAG)?;
        while let Some(batch) = rows.next().await {
            stage.push_batch(RecordBatch::try_new(schema.clone(), batch?.columns().to_vec())?)?;
        }
        Ok(Some((stage.finish()?, replaced)))
    }
}

/// The oldest files that make a run.
fn next_run(spec: &TableSpec, files: &[FileEntry], sizes: Sizes) -> Option<Vec<FileEntry>> {
    // Files of a day are few, and the rows of one refresh are replaced as whole files.
    let is_one_run = matches!(spec.home, Home::Lake { partition: None, key } if key.len() > 1);
    let time = time_column(spec).filter(|_| is_one_run && spec.column("profile_id").is_some())?;
    let is_loose = |file: &&FileEntry| file.n_rows >= sizes.min_rows && !is_of_run(&file.path);
    let mut loose: Vec<FileEntry> = files.iter().filter(is_loose).cloned().collect();
    loose.sort_by(|a, b| (a.smallest(time), &a.path).cmp(&(b.smallest(time), &b.path)));
    loose.truncate(sizes.n_files);
    (loose.len() == sizes.n_files).then_some(loose)
}

fn is_of_run(path: &str) -> bool {
    let name = Path::new(path).file_name().unwrap_or_default().to_string_lossy();
    name.contains(&format!("-{TAG}-"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use zhike_domain::frame::{Column, ColumnType, Frame};

    use super::*;
    use crate::{LakeOptions, Publication, RowsOf};

    const SIZES: Sizes = Sizes { min_rows: 3, n_files: 3 };

    async fn load(lake: &Lake, batch_id: i64, rows: &[(Option<i64>, i64)]) {
        let ids: Vec<String> = (0..rows.len()).map(|row| format!("T{batch_id}-{row}")).collect();
        let frame = Frame::new(rows.len())
            .with("order_id", ColumnType::Text, Column::Text(ids.iter().map(|id| Some(id.as_str())).collect()))
            .with("profile_id", ColumnType::Int, Column::Num(rows.iter().map(|row| row.0).collect()))
            .with("ordered_at", ColumnType::Instant, Column::Num(rows.iter().map(|row| Some(row.1)).collect()));
        let mut stage = lake.stage("orders", batch_id, "new").unwrap();
        stage.push(frame).unwrap();
        publish(lake, batch_id, stage.finish().unwrap(), Vec::new()).await;
    }

    async fn publish(lake: &Lake, batch_id: i64, add: Vec<StagedFile>, remove: Vec<String>) {
        let mut publication = Publication::default();
        publication.change("orders", add, remove);
        lake.publish(batch_id, &publication).await.unwrap();
    }

    async fn all(lake: &Lake) -> Vec<(Option<i64>, Option<i64>, String)> {
        let sql = "SELECT profile_id, ordered_at, order_id FROM orders ORDER BY order_id";
        let frame = lake.query(sql, Vec::new()).await.unwrap().all().await.unwrap();
        let num = |name: &str, row: usize| frame.num(name).unwrap().get(row);
        let id = |row: usize| frame.text("order_id").unwrap().get(row).unwrap().to_owned();
        (0..frame.n_rows()).map(|row| (num("profile_id", row), num("ordered_at", row), id(row))).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        /// Clustering shows the same rows, ends, and what a look-up finds is what it found before.
        #[test]
        fn clustering_moves_rows_and_changes_none(
            files in prop::collection::vec(prop::collection::vec((prop::option::of(0_i64..6), 0_i64..1_000_000), 1..6), 1..9),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let dir = tempfile::tempdir().unwrap();
                let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
                for (batch_id, rows) in (1..).zip(&files) {
                    load(&lake, batch_id, rows).await;
                }
                let before = all(&lake).await;
                let large = files.iter().filter(|rows| rows.len() >= 3).count();
                let mut n_runs = 0;
                while let Some((add, remove)) = lake.stage_run("orders", 100 + n_runs, SIZES).await.unwrap() {
                    assert_eq!(remove.len(), 3);
                    publish(&lake, 100 + n_runs, add, remove).await;
                    n_runs += 1;
                }
                assert_eq!(n_runs as usize, large / 3);
                assert_eq!(all(&lake).await, before);
                for profile_id in 0..6 {
                    let wanted = RowsOf { profile_id, written_for: &[profile_id], columns: &["order_id"], newest: None };
                    let found = lake.rows_of("orders", wanted).await.unwrap();
                    assert_eq!(found.n_rows(), before.iter().filter(|row| row.0 == Some(profile_id)).count());
                }
            });
        }
    }
}
