//! The rows of one customer, read without planning a query.
//!
//! Files are sorted by customer and their pages carry the smallest and largest id, so that a look-up decodes one or two
//! pages of each column per file. Footers and page indexes stay in memory between look-ups.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Int64Type, Schema, SchemaRef, TimestampMicrosecondType};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use datafusion::parquet::file::metadata::{PageIndexPolicy, ParquetMetaData};
use datafusion::parquet::file::page_index::column_index::ColumnIndexMetaData;
use zhike_domain::frame::Frame;

use crate::provider::FileEntry;
use crate::query::Overrides;
use crate::sessions::MovedSessions;
use crate::{Error, Lake, convert, query};

/// Footers kept in memory; past this all are read anew as they are needed.
const CACHE_BYTES: usize = 256 << 20;

/// Footers and page indexes of files, which never change once they are shown.
#[derive(Default)]
pub(crate) struct Footers {
    by_path: HashMap<PathBuf, ArrowReaderMetadata>,
    n_bytes: usize,
}

impl Footers {
    fn get(cache: &Mutex<Self>, path: &Path, file: &File) -> Result<ArrowReaderMetadata, Error> {
        if let Some(known) = cache.lock().unwrap_or_else(PoisonError::into_inner).by_path.get(path) {
            return Ok(known.clone());
        }
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let footer = ArrowReaderMetadata::load(file, options)?;
        let mut cache = cache.lock().unwrap_or_else(PoisonError::into_inner);
        if cache.n_bytes > CACHE_BYTES {
            *cache = Self::default();
        }
        cache.n_bytes += footer.metadata().memory_size();
        cache.by_path.insert(path.to_owned(), footer.clone());
        Ok(footer)
    }
}

/// Which rows a look-up wants.
#[derive(Clone, Debug)]
pub struct RowsOf<'a> {
    /// Customer.
    pub profile_id: i64,
    /// Profiles under which rows may have been written that belong to the customer now: its own, and those merged into it.
    pub written_for: &'a [i64],
    /// Columns wanted; all when empty.
    pub columns: &'a [&'a str],
    /// Only the rows with the largest value of this day column.
    pub newest: Option<&'a str>,
}

impl Lake {
    /// The rows of a table that belong to one customer, merges applied.
    ///
    /// **Shape**: the columns asked for, in the table's order; rows by file, in no particular order between files.
    pub async fn rows_of(&self, table: &str, wanted: RowsOf<'_>) -> Result<Frame, Error> {
        let (spec, root) = self.table_root(table)?;
        let names: Vec<&str> = spec.columns.iter().map(|column| column.name).collect();
        let overrides = self.overrides.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let time = query::time_column(spec).filter(|_| overrides.has_spans());
        let sessions = self.moved_sessions_of(spec);
        let session_time = sessions.as_ref().and_then(|_| query::time_column(spec));
        let needed: HashSet<&str> = wanted
            .columns
            .iter()
            .copied()
            .chain(["profile_id", "identity_id"])
            .chain(time)
            .chain(session_time)
            .collect();
        let is_needed = |name: &str| {
            wanted.columns.is_empty() || needed.contains(name) || wanted.newest.is_some_and(|newest| newest == name)
        };
        let whole = convert::arrow_schema(spec)?;
        let fields: Vec<_> = whole.fields().iter().filter(|field| is_needed(field.name())).cloned().collect();
        let schema: SchemaRef = Arc::new(Schema::new(fields));
        let read: Vec<String> = names.iter().filter(|name| is_needed(name)).map(|name| (*name).to_owned()).collect();
        let Some(version) = self.version(table).await? else {
            return convert::to_one_frame(&schema, &[]);
        };
        let newest = wanted.newest.and_then(|column| {
            let largest = version.files.iter().filter_map(|file| file.largest(column)).max()?;
            Some((column.to_owned(), largest))
        });
        let files: Vec<FileEntry> = version
            .files
            .iter()
            .filter(|file| newest.as_ref().is_none_or(|(column, day)| file.largest(column) == Some(*day)))
            .filter(|file| wanted.written_for.iter().any(|&id| file.may_hold("profile_id", id)))
            .cloned()
            .collect();
        let search = Search {
            root: root.to_owned(),
            spec,
            schema,
            columns: read,
            written_for: wanted.written_for.iter().copied().collect(),
            profile_id: wanted.profile_id,
            newest,
            overrides,
            time,
            sessions,
            footers: self.footers.clone(),
        };
        let frame = tokio::task::spawn_blocking(move || search.run(&files));
        frame.await.map_err(|error| Error::Bug(format!("the look-up did not end: {error}")))?
    }
}

/// One look-up, ready to run on a thread of its own.
struct Search {
    root: PathBuf,
    spec: &'static zhike_domain::tables::TableSpec,
    schema: SchemaRef,
    columns: Vec<String>,
    written_for: HashSet<i64>,
    profile_id: i64,
    newest: Option<(String, i64)>,
    overrides: Arc<Overrides>,
    /// The column by which spans of time decide, when there are any.
    time: Option<&'static str>,
    sessions: Option<Arc<MovedSessions>>,
    footers: Arc<Mutex<Footers>>,
}

impl Search {
    fn run(&self, files: &[FileEntry]) -> Result<Frame, Error> {
        let mut found = Vec::new();
        for entry in files {
            let path = self.root.join(&entry.path);
            let file = File::open(&path).map_err(|error| Error::io("open", &path, error))?;
            let footer = Footers::get(&self.footers, &path, &file)?;
            let Some(selection) = self.pages(footer.metadata()) else { continue };
            let builder = ParquetRecordBatchReaderBuilder::new_with_metadata(file, footer);
            let mask = ProjectionMask::columns(builder.parquet_schema(), self.columns.iter().map(String::as_str));
            for batch in builder.with_projection(mask).with_row_selection(selection).build()? {
                let batch = batch?;
                let mine = filter_record_batch(&batch, &self.mine(&batch)?)?;
                if mine.num_rows() > 0 {
                    let rows = crate::find::with_partition(self.spec, entry, &self.schema, &mine)?;
                    found.push(match &self.sessions {
                        Some(sessions) => sessions.of_today(rows)?,
                        None => rows,
                    });
                }
            }
        }
        convert::to_one_frame(&self.schema, &found)
    }

    /// The pages that may hold rows of the customer; `None` when there is none. Files without a page index are read whole.
    fn pages(&self, file: &ParquetMetaData) -> Option<RowSelection> {
        let n_rows = file.row_groups().iter().map(|group| group.num_rows() as usize).sum();
        let at = file.file_metadata().schema_descr().columns().iter().position(|column| column.name() == "profile_id");
        let (Some(at), Some(columns), Some(offsets)) = (at, file.column_index(), file.offset_index()) else {
            return Some(RowSelection::from_consecutive_ranges(std::iter::once(0..n_rows), n_rows));
        };
        let mut ranges = Vec::new();
        let mut start = 0;
        for (group, meta) in file.row_groups().iter().enumerate() {
            let n_group = meta.num_rows() as usize;
            match &columns[group][at] {
                ColumnIndexMetaData::INT64(index) => {
                    let pages = offsets[group][at].page_locations();
                    for (page, location) in pages.iter().enumerate() {
                        let (Some(low), Some(high)) = (index.min_value(page), index.max_value(page)) else { continue };
                        if self.written_for.iter().any(|id| low <= id && id <= high) {
                            let from = location.first_row_index as usize;
                            let to = pages.get(page + 1).map_or(n_group, |next| next.first_row_index as usize);
                            ranges.push(start + from..start + to);
                        }
                    }
                }
                _ => ranges.push(start..start + n_group),
            }
            start += n_group;
        }
        (!ranges.is_empty()).then(|| RowSelection::from_consecutive_ranges(ranges.into_iter(), n_rows))
    }

    /// The rows that belong to the customer now.
    fn mine(&self, batch: &RecordBatch) -> Result<BooleanArray, Error> {
        let ids = |name: &str| batch.column_by_name(name).map(|array| array.as_primitive::<Int64Type>());
        let profiles = ids("profile_id").ok_or_else(|| Error::Bug("no column profile_id".into()))?;
        let identities = ids("identity_id");
        let newest = match &self.newest {
            Some((column, day)) => {
                let array = batch.column_by_name(column).ok_or_else(|| Error::Bug(format!("no column {column}")))?;
                Some((numbers(array)?, *day))
            }
            None => None,
        };
        let times = self.time.and_then(|name| batch.column_by_name(name));
        let times = times.and_then(|array| array.as_primitive_opt::<TimestampMicrosecondType>());
        let is_mine = |row: usize| {
            if profiles.is_null(row) || !self.written_for.contains(&profiles.value(row)) {
                return false;
            }
            if newest.as_ref().is_some_and(|(days, day)| days.is_null(row) || days.value(row) != *day) {
                return false;
            }
            let identity = identities.filter(|identities| identities.is_valid(row)).map(|ids| ids.value(row));
            let at = times.filter(|times| times.is_valid(row)).map(|times| times.value(row));
            let now = identity.and_then(|identity| self.overrides.target(identity, at));
            now.unwrap_or(profiles.value(row)) == self.profile_id
        };
        Ok((0..batch.num_rows()).map(|row| Some(is_mine(row))).collect())
    }
}

fn numbers(array: &ArrayRef) -> Result<Int64Array, Error> {
    use datafusion::arrow::compute::cast;
    use datafusion::arrow::datatypes::DataType;
    let days = cast(array, &DataType::Int32)?;
    Ok(cast(&days, &DataType::Int64)?.as_primitive::<Int64Type>().clone())
}

#[cfg(test)]
mod tests {
    use zhike_domain::frame::{Column, ColumnType, Frame};

    use super::*;
    use crate::{LakeOptions, Publication};

    /// What a look-up reads, not only what it returns: of 200 thousand rows no more than two pages.
    #[tokio::test]
    async fn a_look_up_decodes_two_pages_at_most() {
        let dir = tempfile::tempdir().unwrap();
        let lake = Lake::open(dir.path(), LakeOptions::default()).unwrap();
        let n_rows = 200_000_i64;
        let nums = |of: &dyn Fn(i64) -> i64| Column::Num((0..n_rows).map(|row| Some(of(row))).collect());
        let ids = (0..n_rows).map(|row| Some(format!("T{row}"))).collect::<Vec<_>>();
        let frame = Frame::new(n_rows as usize)
            .with("order_id", ColumnType::Text, Column::Text(ids.iter().map(Option::as_deref).collect()))
            .with("profile_id", ColumnType::Int, nums(&|row| row * 7919 % 20_011))
            .with("ordered_at", ColumnType::Instant, nums(&|row| row));
        let mut stage = lake.stage("orders", 1, "new").unwrap();
        stage.push(frame).unwrap();
        let mut publication = Publication::default();
        publication.change("orders", stage.finish().unwrap(), Vec::new());
        lake.publish(1, &publication).await.unwrap();

        for profile_id in [0, 5, 20_010] {
            let wanted = RowsOf { profile_id, written_for: &[profile_id], columns: &[], newest: None };
            let found = lake.rows_of("orders", wanted).await.unwrap();
            let expected = (0..n_rows).filter(|row| row * 7919 % 20_011 == profile_id).count();
            assert_eq!(found.n_rows(), expected);
        }
        let version = lake.version("orders").await.unwrap().unwrap();
        let path = lake.table_root("orders").unwrap().1.join(&version.files[0].path);
        let footer = Footers::get(&lake.footers, &path, &File::open(&path).unwrap()).unwrap();
        let (spec, root) = lake.table_root("orders").unwrap();
        let search = Search {
            root: root.to_owned(),
            spec,
            schema: convert::arrow_schema(spec).unwrap(),
            time: None,
            sessions: None,
            columns: Vec::new(),
            written_for: HashSet::from([5]),
            profile_id: 5,
            newest: None,
            overrides: Arc::default(),
            footers: lake.footers.clone(),
        };
        let selected = search.pages(footer.metadata()).unwrap().row_count();
        assert!(selected <= 2 * 4096, "{selected} rows were to be decoded");
        let nobody = Search { written_for: HashSet::from([-1]), ..search };
        assert!(nobody.pages(footer.metadata()).is_none());
    }
}
