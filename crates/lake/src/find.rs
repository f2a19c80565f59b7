//! Rows by key: which are there already, and files without some of them.

use crate::boxed;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, BooleanArray, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Int64Type, SchemaRef};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use foldhash::fast::FixedState;
use std::hash::BuildHasher;
use zhike_domain::frame::{Frame, TextColumn};
use zhike_domain::tables::{Home, TableSpec};

use crate::provider::FileEntry;
use crate::stage::StagedFile;
use crate::{Error, Lake, convert};

/// Files with fewer rows are small.
pub(crate) const SMALL_ROWS: u64 = 1 << 18;

/// What is there of some keys; see [`Lake::find`].
#[derive(Debug, Default)]
pub struct Found {
    /// For each key asked: the content hash of the row that is there.
    pub content_hash: Vec<Option<i64>>,
    /// Whether the key is there at all.
    pub is_there: Vec<bool>,
}

/// Positions of keys by hash; texts are compared on every hit.
struct KeyIndex<'a> {
    keys: &'a TextColumn,
    by_hash: HashMap<u64, u32, FixedState>,
    more: HashMap<u64, Vec<u32>>,
    hasher: FixedState,
}

impl<'a> KeyIndex<'a> {
    fn new(keys: &'a TextColumn) -> Self {
        let hasher = FixedState::default();
        let mut by_hash = HashMap::with_capacity_and_hasher(keys.len(), hasher.clone());
        let mut more: HashMap<u64, Vec<u32>> = HashMap::new();
        for (row, key) in keys.iter().enumerate() {
            let Some(key) = key else { continue };
            let hash = hasher.hash_one(key);
            if let Some(other) = by_hash.insert(hash, row as u32) {
                more.entry(hash).or_default().push(other);
            }
        }
        Self { keys, by_hash, more, hasher }
    }

    /// Every position of a key.
    fn rows<'b>(&'b self, key: &'b str) -> impl Iterator<Item = usize> + 'b {
        let hash = self.hasher.hash_one(key);
        let first = self.by_hash.get(&hash).copied();
        let rest = first.and_then(|_| self.more.get(&hash)).into_iter().flatten().copied();
        first.into_iter().chain(rest).map(|row| row as usize).filter(move |&row| self.keys.get(row) == Some(key))
    }
}

fn key_column(spec: &TableSpec) -> Result<&'static str, Error> {
    match spec.home {
        Home::Lake { key: [_, column], .. } => Ok(column),
        _ => Err(Error::Bug(format!("table {} has no key of source and one column", spec.name))),
    }
}

fn text_values(batch: &RecordBatch, column: &str) -> Result<datafusion::arrow::array::ArrayRef, Error> {
    let array = batch.column_by_name(column).ok_or_else(|| Error::Bug(format!("no column {column}")))?;
    Ok(cast(array, &DataType::Utf8)?)
}

impl Lake {
    /// Looks keys of one source up in a table.
    ///
    /// **Shape**: the answer is as long as `keys`. Reads only the key columns, all of them: not for a few keys at a time.
    #[boxed]
    pub async fn find(&self, table: &str, source: &str, keys: &TextColumn) -> Result<Found, Error> {
        let mut found = Found { content_hash: vec![None; keys.len()], is_there: vec![false; keys.len()] };
        if !keys.is_empty() {
            let index = KeyIndex::new(keys);
            self.each_key(table, source, |key, content| {
                for row in index.rows(key) {
                    found.is_there[row] = true;
                    found.content_hash[row] = content;
                }
            })
            .await?;
        }
        Ok(found)
    }

    /// Visits the key and the content hash of every row of one source.
    pub async fn each_key(
        &self,
        table: &str,
        source: &str,
        mut visit: impl FnMut(&str, Option<i64>),
    ) -> Result<(), Error> {
        let Some(version) = self.version(table).await? else { return Ok(()) };
        let (spec, root) = self.table_root(table)?;
        let key = key_column(spec)?;
        for file in &version.files {
            for batch in open_file(root, file, Some(&["source", key, "content_hash"]))? {
                let batch = batch?;
                let sources = text_values(&batch, "source")?;
                let texts = text_values(&batch, key)?;
                let hashes = batch.column_by_name("content_hash").map(|array| array.as_primitive::<Int64Type>());
                let (sources, texts) = (sources.as_string::<i32>(), texts.as_string::<i32>());
                for at in 0..batch.num_rows() {
                    if texts.is_valid(at) && sources.is_valid(at) && sources.value(at) == source {
                        let content = hashes.and_then(|hashes| hashes.is_valid(at).then(|| hashes.value(at)));
                        visit(texts.value(at), content);
                    }
                }
            }
        }
        Ok(())
    }

    /// Writes the files of a table that hold any of the keys again without those rows.
    ///
    /// Returns the new files and the paths of those they replace.
    #[boxed]
    pub async fn stage_without(
        &self,
        table: &str,
        batch_id: i64,
        source: &str,
        keys: &TextColumn,
    ) -> Result<(Vec<StagedFile>, Vec<String>), Error> {
        self.rewrite(table, batch_id, source, keys, |_| Ok(())).await
    }

    /// As [`Lake::stage_without`] for the keys of several sources, but looks only into files that may hold one of the values
    /// in a numeric column: for a few rows of which something is known.
    #[boxed]
    pub async fn stage_without_near(
        &self,
        table: &str,
        batch_id: i64,
        keys: &[(&str, TextColumn)],
        near: (&str, &[i64]),
    ) -> Result<(Vec<StagedFile>, Vec<String>), Error> {
        let keys: Vec<(&str, &TextColumn)> = keys.iter().map(|(source, keys)| (*source, keys)).collect();
        self.rewrite_near(table, batch_id, &keys, Some(near), |_| Ok(())).await
    }

    /// As [`Lake::stage_without`]; every removed row is handed to `taken` first, so that it can be written again changed.
    pub async fn rewrite(
        &self,
        table: &str,
        batch_id: i64,
        source: &str,
        keys: &TextColumn,
        taken: impl FnMut(Frame) -> Result<(), Error>,
    ) -> Result<(Vec<StagedFile>, Vec<String>), Error> {
        self.rewrite_near(table, batch_id, &[(source, keys)], None, taken).await
    }

    async fn rewrite_near(
        &self,
        table: &str,
        batch_id: i64,
        keys: &[(&str, &TextColumn)],
        near: Option<(&str, &[i64])>,
        mut taken: impl FnMut(Frame) -> Result<(), Error>,
    ) -> Result<(Vec<StagedFile>, Vec<String>), Error> {
        let Some(version) = self.version(table).await? else { return Ok((Vec::new(), Vec::new())) };
        let (spec, root) = self.table_root(table)?;
        let key = key_column(spec)?;
        let indexes: Vec<(&str, KeyIndex<'_>)> =
            keys.iter().map(|(source, keys)| (*source, KeyIndex::new(keys))).collect();
        let schema = convert::arrow_schema(spec)?;
        let mut stage = self.stage(table, batch_id, "rest")?;
        let mut replaced = Vec::new();
        let is_near = |file: &&FileEntry| {
            near.is_none_or(|(column, values)| values.iter().any(|&value| file.may_hold(column, value)))
        };
        for file in version.files.iter().filter(is_near) {
            let mut kept = Vec::new();
            let mut n_taken = 0;
            for batch in open_file(root, file, None)? {
                let batch = with_partition(spec, file, &schema, &batch?)?;
                let sources = text_values(&batch, "source")?;
                let texts = text_values(&batch, key)?;
                let (sources, texts) = (sources.as_string::<i32>(), texts.as_string::<i32>());
                let keep: BooleanArray = (0..batch.num_rows())
                    .map(|at| {
                        let has = |(source, index): &(&str, KeyIndex<'_>)| {
                            sources.value(at) == *source && index.rows(texts.value(at)).next().is_some()
                        };
                        Some(!(texts.is_valid(at) && sources.is_valid(at) && indexes.iter().any(has)))
                    })
                    .collect();
                if keep.true_count() < batch.num_rows() {
                    n_taken += batch.num_rows() - keep.true_count();
                    let gone = filter_record_batch(&batch, &datafusion::arrow::compute::not(&keep)?)?;
                    taken(convert::to_frame(&gone)?)?;
                }
                kept.push(filter_record_batch(&batch, &keep)?);
            }
            if n_taken > 0 {
                replaced.push(file.path.clone());
                for batch in kept.into_iter().filter(|batch| batch.num_rows() > 0) {
                    stage.push_batch(batch)?;
                }
            }
        }
        Ok((stage.finish()?, replaced))
    }

    /// Files of a table in which a day column holds this one day only, by path within the table.
    #[boxed]
    pub async fn files_of_day(&self, table: &str, column: &str, day: i64) -> Result<Vec<String>, Error> {
        let Some(version) = self.version(table).await? else { return Ok(Vec::new()) };
        Ok(version.files.iter().filter(|file| file.holds_only(column, day)).map(|file| file.path.clone()).collect())
    }

    /// Writes the small files of a table again as few large ones, when there are many, or else large ones sorted by customer
    /// (`cluster`); `None` when neither is worth it.
    #[boxed]
    pub async fn stage_compacted(
        &self,
        table: &str,
        batch_id: i64,
    ) -> Result<Option<(Vec<StagedFile>, Vec<String>)>, Error> {
        const MANY_FILES: usize = 16;
        let Some(version) = self.version(table).await? else { return Ok(None) };
        let (spec, root) = self.table_root(table)?;
        if matches!(spec.home, Home::Lake { key: [_], .. }) {
            // The rows of one day are replaced by whole files: days must not share one.
            return Ok(None);
        }
        let schema = convert::arrow_schema(spec)?;
        let mut per_partition: HashMap<&Option<String>, Vec<&FileEntry>> = HashMap::new();
        for file in version.files.iter().filter(|file| file.n_rows < SMALL_ROWS) {
            per_partition.entry(&file.partition).or_default().push(file);
        }
        let small: HashSet<&str> = per_partition
            .into_values()
            .filter(|files| files.len() >= MANY_FILES)
            .flatten()
            .map(|file| file.path.as_str())
            .collect();
        if small.is_empty() {
            return self.stage_clustered(table, batch_id).await;
        }
        let mut stage = self.stage(table, batch_id, "compact")?;
        let mut replaced = Vec::new();
        for file in version.files.iter().filter(|file| small.contains(file.path.as_str())) {
            // Damage must not be written anew as if it were right.
            crate::check::verify(table, root, &file.path)?;
            for batch in open_file(root, file, None)? {
                stage.push_batch(with_partition(spec, file, &schema, &batch?)?)?;
            }
            replaced.push(file.path.clone());
        }
        Ok(Some((stage.finish()?, replaced)))
    }
}

pub(crate) type Batches = datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReader;

pub(crate) fn open_file(root: &std::path::Path, file: &FileEntry, columns: Option<&[&str]>) -> Result<Batches, Error> {
    let path = root.join(&file.path);
    let opened = File::open(&path).map_err(|error| Error::io("open", &path, error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(opened)?.with_batch_size(1 << 16);
    let Some(columns) = columns else { return Ok(builder.build()?) };
    let mask = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
    Ok(builder.with_projection(mask).build()?)
}

/// The rows with the table's schema: text as views, the partition column filled in.
pub(crate) fn with_partition(
    spec: &TableSpec,
    file: &FileEntry,
    schema: &SchemaRef,
    batch: &RecordBatch,
) -> Result<RecordBatch, Error> {
    let mut arrays = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let array = match batch.column_by_name(field.name()) {
            Some(array) => cast(array, field.data_type())?,
            None => match (&file.partition, spec.home) {
                (Some(value), Home::Lake { partition: Some(column), .. }) if column == field.name() => {
                    let value = datafusion::common::ScalarValue::try_from_string(value.clone(), field.data_type())?;
                    value.to_array_of_size(batch.num_rows())?
                }
                _ => datafusion::arrow::array::new_null_array(field.data_type(), batch.num_rows()),
            },
        };
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}
