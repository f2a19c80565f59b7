//! Writing files that nobody sees yet.

use crate::boxed;
use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, RecordBatch, UInt32Array};
use datafusion::arrow::compute::{cast, concat_batches, take_record_batch};
use datafusion::arrow::datatypes::{
    DataType, Date32Type, Int64Type, Schema, SchemaRef, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::stats::Precision;
use datafusion::common::{ColumnStatistics, ScalarValue, Statistics};
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::Compression;
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use datafusion::parquet::schema::types::ColumnPath;
use serde::{Deserialize, Serialize};
use zhike_domain::frame::{ColumnType, Frame};
use zhike_domain::tables::{Home, TableSpec};

use crate::background::Background;
use crate::check;
use crate::{Error, Lake, convert};

/// Rows gathered and sorted for one file; some 50 MB of orders in memory.
const FILE_ROWS: usize = 1 << 19;
/// Rows of a row group.
const ROW_GROUP_ROWS: usize = 1 << 17;
/// Rows of a page: one customer's rows are found by the page index, and little else is read with them.
const PAGE_ROWS: usize = 1 << 12;
/// Columns with more different values than fit in this are written plainly, so that a look-up reads no large dictionary.
const DICTIONARY_BYTES: usize = 1 << 16;

/// A file on disk that a publication will show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StagedFile {
    /// Path within the table.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Rows.
    pub n_rows: u64,
    /// Value of the partition column, as the log writes it.
    pub partition: Option<String>,
    /// Statistics as the log writes them: rows, smallest and largest numbers, missing values. Never text.
    pub stats: String,
}

/// Writes the rows of one batch to one table, sorted within each file by customer and time.
///
/// A file is sorted, written and synced on a thread of its own while the rows of the next one are gathered.
pub struct Stage {
    files: Files,
    pending: Vec<RecordBatch>,
    n_pending: usize,
    n_files: usize,
    writing: Background<Vec<StagedFile>>,
    written: Vec<StagedFile>,
}

/// Where the files of a stage go and what they hold.
#[derive(Clone)]
struct Files {
    spec: &'static TableSpec,
    root: PathBuf,
    schema: SchemaRef,
    batch_id: i64,
    tag: &'static str,
}

impl Lake {
    /// Starts writing rows of a batch to a table; `tag` tells the files of several stages of one batch apart.
    pub fn stage(&self, table: &str, batch_id: i64, tag: &'static str) -> Result<Stage, Error> {
        let (spec, root) = self.table_root(table)?;
        let root = root.to_owned();
        std::fs::create_dir_all(&root).map_err(|error| Error::io("make", &root, error))?;
        let schema = convert::arrow_schema(spec)?;
        let files = Files { spec, root, schema, batch_id, tag };
        Ok(Stage {
            files,
            pending: Vec::new(),
            n_pending: 0,
            n_files: 0,
            writing: Background::default(),
            written: Vec::new(),
        })
    }

    /// Removes the files that a batch staged and never published.
    ///
    /// **Errors**: when a file cannot be removed.
    #[boxed]
    pub async fn unstage(&self, batch_id: i64) -> Result<(), Error> {
        let prefix = format!("{}-", batch_name(batch_id));
        for spec in zhike_domain::tables::TABLES.iter().filter(|spec| matches!(spec.home, Home::Lake { .. })) {
            let shown = self.version(spec.name).await?;
            let is_shown = |path: &str| shown.iter().any(|version| version.files.iter().any(|file| file.path == path));
            let (_, root) = self.table_root(spec.name)?;
            for path in files_below(root)? {
                let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                if name.starts_with(&prefix) && !is_shown(&relative) {
                    std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
                }
            }
        }
        Ok(())
    }
}

impl Lake {
    /// Removes files of a table that no current version names and that were last written or replaced before `kept` ago;
    /// returns how many.
    ///
    /// **Errors**: when a file cannot be removed.
    #[boxed]
    pub async fn remove_unseen(&self, table: &str, kept: Duration) -> Result<usize, Error> {
        let Some(version) = self.version(table).await? else { return Ok(0) };
        let (_, root) = self.table_root(table)?;
        let shown: HashSet<&str> = version.files.iter().map(|file| file.path.as_str()).collect();
        let mut n_removed = 0;
        for path in files_below(root)? {
            let relative = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            let changed = path.metadata().and_then(|meta| meta.modified());
            let is_old = changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age >= kept));
            if is_old && !shown.contains(relative.as_ref()) {
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
                n_removed += 1;
            }
        }
        Ok(n_removed)
    }
}

/// Marks a file as replaced now, so that [`Lake::remove_unseen`] leaves it to those who still read it.
pub(crate) fn mark_replaced(path: &Path) {
    // A file that cannot be marked is removed somewhat earlier; its readers fail with a clear error.
    let _ = File::options().write(true).open(path).and_then(|file| file.set_modified(std::time::SystemTime::now()));
}

fn files_below(root: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(Error::io("list", &folder, error)),
        };
        for entry in entries {
            let path = entry.map_err(|error| Error::io("list", &folder, error))?.path();
            if path.is_dir() {
                if path.file_name().is_some_and(|name| name != "_delta_log") {
                    folders.push(path);
                }
            } else {
                files.push(path);
            }
        }
    }
    Ok(files)
}

fn batch_name(batch_id: i64) -> String {
    zhike_domain::id::BatchId::new(batch_id).to_string()
}

impl Stage {
    /// Adds rows; columns the frame lacks are missing, columns the table lacks are a mistake.
    pub fn push(&mut self, frame: Frame) -> Result<(), Error> {
        let spec = self.files.spec;
        if let Some(field) = frame.fields().iter().find(|field| spec.column(&field.name).is_none()) {
            return Err(Error::Bug(format!("table {} has no column {}", spec.name, field.name)));
        }
        self.push_batch(convert::to_batch(frame, &self.files.schema)?)
    }

    pub(crate) fn push_batch(&mut self, batch: RecordBatch) -> Result<(), Error> {
        self.n_pending += batch.num_rows();
        self.pending.push(batch);
        if self.n_pending >= FILE_ROWS { self.flush() } else { Ok(()) }
    }

    /// Writes what is left; everything is on disk when it returns.
    pub fn finish(mut self) -> Result<Vec<StagedFile>, Error> {
        self.flush()?;
        self.wait()?;
        if !self.written.is_empty() {
            sync_dir(&self.files.root)?;
        }
        Ok(std::mem::take(&mut self.written))
    }

    fn flush(&mut self) -> Result<(), Error> {
        if self.n_pending == 0 {
            return Ok(());
        }
        self.wait()?;
        let batches = std::mem::take(&mut self.pending);
        self.n_pending = 0;
        let files = self.files.clone();
        let number = self.n_files;
        self.n_files += 1;
        self.writing.start("stage", move || files.write_sorted(&batches, number))
    }

    /// Waits for the file that is being written.
    fn wait(&mut self) -> Result<(), Error> {
        self.written.extend(self.writing.wait()?.into_iter().flatten());
        Ok(())
    }
}

impl Files {
    fn write_sorted(&self, batches: &[RecordBatch], number: usize) -> Result<Vec<StagedFile>, Error> {
        let rows = sorted(concat_batches(&self.schema, batches)?)?;
        match self.spec.home {
            Home::Lake { partition: Some(column), .. } => split_by_day(&rows, column)?
                .into_iter()
                .enumerate()
                .map(|(part, (value, rows))| self.write(&rows, number, Some((part, value))))
                .collect(),
            _ => Ok(vec![self.write(&rows, number, None)?]),
        }
    }

    fn write(
        &self,
        rows: &RecordBatch,
        number: usize,
        partition: Option<(usize, Option<String>)>,
    ) -> Result<StagedFile, Error> {
        let name = format!("{}-{}-{number:05}", batch_name(self.batch_id), self.tag);
        let (folder, name) = match (&partition, self.spec.home) {
            (Some((part, value)), Home::Lake { partition: Some(column), .. }) => {
                let value = value.as_deref().unwrap_or("__HIVE_DEFAULT_PARTITION__");
                (format!("{column}={value}/"), format!("{name}-{part:05}"))
            }
            _ => (String::new(), name),
        };
        let path_of = |name: &str| format!("{folder}{name}");
        let folder = self.root.join(&folder);
        std::fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
        let unnamed = folder.join(&name);
        let rows = match self.spec.home {
            Home::Lake { partition: Some(column), .. } => without(rows, column)?,
            _ => rows.clone(),
        };
        let (size, checksum) = write_parquet(&unnamed, &rows, self.properties())?;
        let path = path_of(&check::name_with(&name, checksum));
        let target = self.root.join(&path);
        std::fs::rename(&unnamed, &target).map_err(|error| Error::io("name", &target, error))?;
        sync_dir(&folder)?;
        let stats = FileStats::of(&rows).to_json();
        let n_rows = rows.num_rows() as u64;
        let partition = partition.and_then(|(_, value)| value);
        Ok(StagedFile { path, size, n_rows, partition, stats })
    }

    fn properties(&self) -> WriterProperties {
        // Not zstd: a look-up reads one page of each column, and setting up its contexts costs more than reading the page.
        let mut properties = properties(&self.schema, Compression::LZ4_RAW)
            .set_data_page_row_count_limit(PAGE_ROWS)
            .set_dictionary_page_size_limit(DICTIONARY_BYTES);
        // Nearly every value is a new one here; a dictionary would be tried in vain.
        let Home::Lake { key, .. } = self.spec.home else { return properties.build() };
        let own_key = key.get(1).copied();
        let others = ["profile_id", "identity_id", "ordered_at", "occurred_at", "content_hash"];
        for name in others.into_iter().chain(own_key) {
            properties = properties.set_column_dictionary_enabled(ColumnPath::from(name), false);
        }
        properties.build()
    }
}

/// Columns that order the rows of a file, as far as it has them.
const SORTED_BY: [&str; 6] = ["profile_id", "ordered_at", "occurred_at", "opened_at", "at", "line_no"];

/// Rows of one customer side by side, oldest first; rows of nobody come first.
fn sorted(rows: RecordBatch) -> Result<RecordBatch, Error> {
    let present: Vec<&ArrayRef> = SORTED_BY.iter().filter_map(|name| rows.column_by_name(name)).collect();
    if present.is_empty() {
        return Ok(rows);
    }
    let mut keys: Vec<([i64; 3], u32)> = (0..rows.num_rows()).map(|row| ([i64::MIN; 3], row as u32)).collect();
    for (at, array) in present.into_iter().take(3).enumerate() {
        let numbers = cast(array, &DataType::Int64)?;
        let numbers = numbers.as_primitive::<Int64Type>();
        for (row, (key, _)) in keys.iter_mut().enumerate() {
            if numbers.is_valid(row) {
                key[at] = numbers.value(row);
            }
        }
    }
    keys.sort_unstable();
    let order = UInt32Array::from_iter_values(keys.into_iter().map(|(_, row)| row));
    Ok(take_record_batch(&rows, &order)?)
}

fn without(rows: &RecordBatch, column: &str) -> Result<RecordBatch, Error> {
    let keep: Vec<usize> = (0..rows.num_columns()).filter(|&at| rows.schema_ref().field(at).name() != column).collect();
    Ok(rows.project(&keep)?)
}

/// Writes a Parquet file and makes it durable; returns its size and the checksum of its bytes.
fn write_parquet(path: &Path, rows: &RecordBatch, properties: WriterProperties) -> Result<(u64, u64), Error> {
    let file = File::create(path).map_err(|error| Error::io("make", path, error))?;
    let mut writer = ArrowWriter::try_new(check::Hashing::new(&file), rows.schema(), Some(properties))?;
    writer.write(rows).map_err(|error| write_error(path, error))?;
    let hashing = writer.into_inner().map_err(|error| write_error(path, error))?;
    file.sync_all().map_err(|error| Error::io("sync", path, error))?;
    let size = file.metadata().map_err(|error| Error::io("read", path, error))?.len();
    Ok((size, hashing.checksum()))
}

/// A full disk hides inside the writer's own error.
pub(crate) fn write_error(path: &Path, error: datafusion::parquet::errors::ParquetError) -> Error {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(&error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return Error::io("write", path, std::io::Error::from(io.kind()));
        }
        cause = inner.source();
    }
    error.into()
}

/// Statistics on numbers and times only; text columns carry none, so no value of theirs stands outside its page.
pub(crate) fn properties(schema: &Schema, compression: Compression) -> WriterPropertiesBuilder {
    let mut properties = WriterProperties::builder()
        .set_compression(compression)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .set_statistics_enabled(EnabledStatistics::None);
    for field in schema.fields().iter().filter(|field| !is_text(field.data_type())) {
        let path = ColumnPath::from(field.name().as_str());
        properties = properties.set_column_statistics_enabled(path, EnabledStatistics::Page);
    }
    properties
}

fn is_text(kind: &DataType) -> bool {
    matches!(kind, DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8)
}

/// Whether the log keeps statistics of columns of a type.
pub(crate) fn has_stats(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Int | ColumnType::Day | ColumnType::Instant)
}

/// Makes the entries of a folder durable.
pub(crate) fn sync_dir(dir: &Path) -> Result<(), Error> {
    let file = File::open(dir).map_err(|error| Error::io("open", dir, error))?;
    file.sync_all().map_err(|error| Error::io("sync", dir, error))
}

/// Rows by the value of a day column, as the log writes it.
fn split_by_day(rows: &RecordBatch, column: &str) -> Result<Vec<(Option<String>, RecordBatch)>, Error> {
    let days = rows
        .column_by_name(column)
        .ok_or_else(|| Error::Bug(format!("no column {column}")))?
        .as_primitive::<Date32Type>();
    let mut by_day: BTreeMap<Option<i32>, Vec<u32>> = BTreeMap::new();
    for row in 0..days.len() {
        let day = days.is_valid(row).then(|| days.value(row));
        by_day.entry(day).or_default().push(row as u32);
    }
    let mut parts = Vec::with_capacity(by_day.len());
    for (day, indices) in by_day {
        let value = day.map(|day| ScalarValue::Date32(Some(day)).to_string());
        parts.push((value, take_record_batch(rows, &UInt32Array::from(indices))?));
    }
    Ok(parts)
}

/// What the log knows of a file's numeric columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct FileStats {
    pub(crate) n_rows: u64,
    columns: BTreeMap<String, Range>,
}

/// Smallest and largest value in the column's own unit, and the number of missing ones.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Range {
    kind: ColumnType,
    min_max: Option<(i64, i64)>,
    n_missing: u64,
}

impl FileStats {
    fn of(rows: &RecordBatch) -> Self {
        let mut columns = BTreeMap::new();
        for (field, array) in rows.schema_ref().fields().iter().zip(rows.columns()) {
            let (kind, min_max) = match field.data_type() {
                DataType::Int64 => (ColumnType::Int, min_max(array.as_primitive::<Int64Type>().iter())),
                DataType::Date32 => {
                    let days = array.as_primitive::<Date32Type>().iter().map(|day| day.map(i64::from));
                    (ColumnType::Day, min_max(days))
                }
                DataType::Timestamp(TimeUnit::Microsecond, _) => {
                    (ColumnType::Instant, min_max(array.as_primitive::<TimestampMicrosecondType>().iter()))
                }
                _ => continue,
            };
            columns.insert(field.name().clone(), Range { kind, min_max, n_missing: array.null_count() as u64 });
        }
        Self { n_rows: rows.num_rows() as u64, columns }
    }

    /// The form of the Delta protocol; instants have milliseconds there, so the largest is rounded up.
    fn to_json(&self) -> String {
        let mut min = serde_json::Map::new();
        let mut max = serde_json::Map::new();
        let mut missing = serde_json::Map::new();
        for (name, range) in &self.columns {
            missing.insert(name.clone(), range.n_missing.into());
            if let Some((low, high)) = range.min_max {
                let (low, high) = match range.kind {
                    ColumnType::Instant => {
                        (instant_text(low.div_euclid(1000)), instant_text((high + 999).div_euclid(1000)))
                    }
                    ColumnType::Day => (day_text(low), day_text(high)),
                    _ => (low.into(), high.into()),
                };
                min.insert(name.clone(), low);
                max.insert(name.clone(), high);
            }
        }
        serde_json::json!({"numRecords": self.n_rows, "minValues": min, "maxValues": max, "nullCount": missing})
            .to_string()
    }

    pub(crate) fn from_json(spec: &TableSpec, json: &str) -> Self {
        let parsed: serde_json::Value = serde_json::from_str(json).unwrap_or_default();
        let n_rows = parsed["numRecords"].as_u64().unwrap_or(0);
        let mut columns = BTreeMap::new();
        for column in spec.columns.iter().filter(|column| has_stats(column.kind)) {
            let Some(n_missing) = parsed["nullCount"][column.name].as_u64() else { continue };
            let read = |side: &str| read_stat(column.kind, &parsed[side][column.name]);
            let min_max = read("minValues").zip(read("maxValues"));
            columns.insert(column.name.to_owned(), Range { kind: column.kind, min_max, n_missing });
        }
        Self { n_rows, columns }
    }

    pub(crate) fn largest(&self, column: &str) -> Option<i64> {
        self.columns.get(column)?.min_max.map(|(_, high)| high)
    }

    pub(crate) fn smallest(&self, column: &str) -> Option<i64> {
        self.columns.get(column)?.min_max.map(|(low, _)| low)
    }

    pub(crate) fn may_miss(&self, column: &str) -> bool {
        self.columns.get(column).is_none_or(|range| range.n_missing > 0)
    }

    pub(crate) fn may_hold(&self, column: &str, value: i64) -> bool {
        match self.columns.get(column) {
            Some(range) => match range.min_max {
                Some((low, high)) => low <= value && value <= high,
                None => range.n_missing < self.n_rows,
            },
            None => true,
        }
    }

    pub(crate) fn holds_only(&self, column: &str, value: i64) -> bool {
        self.columns.get(column).is_some_and(|range| range.min_max == Some((value, value)) && range.n_missing == 0)
    }

    /// The engine's form, for the columns that stand in the file.
    pub(crate) fn statistics(&self, schema: &Schema, partition: Option<&str>) -> Statistics {
        let fields = schema.fields().iter().filter(|field| Some(field.name().as_str()) != partition);
        let column_statistics = fields
            .map(|field| {
                let Some(range) = self.columns.get(field.name()) else { return ColumnStatistics::new_unknown() };
                let scalar = |value: i64| match field.data_type() {
                    DataType::Int64 => Some(ScalarValue::Int64(Some(value))),
                    DataType::Date32 => Some(ScalarValue::Date32(i32::try_from(value).ok())),
                    DataType::Timestamp(TimeUnit::Microsecond, zone) => {
                        Some(ScalarValue::TimestampMicrosecond(Some(value), zone.clone()))
                    }
                    _ => None,
                };
                let bound = |value: Option<i64>| value.and_then(scalar).map_or(Precision::Absent, Precision::Inexact);
                let mut statistics = ColumnStatistics::new_unknown();
                statistics.null_count = Precision::Exact(range.n_missing as usize);
                statistics.min_value = bound(range.min_max.map(|(low, _)| low));
                statistics.max_value = bound(range.min_max.map(|(_, high)| high));
                statistics
            })
            .collect();
        Statistics {
            num_rows: Precision::Exact(self.n_rows as usize),
            total_byte_size: Precision::Absent,
            column_statistics,
        }
    }
}

fn min_max(values: impl Iterator<Item = Option<i64>>) -> Option<(i64, i64)> {
    values.flatten().fold(None, |range, value| match range {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

fn day_text(day: i64) -> serde_json::Value {
    ScalarValue::Date32(i32::try_from(day).ok()).to_string().into()
}

/// ISO 8601 with milliseconds, as the protocol wants it.
fn instant_text(ms: i64) -> serde_json::Value {
    let (day, rest) = (ms.div_euclid(86_400_000), ms.rem_euclid(86_400_000));
    let date = ScalarValue::Date32(i32::try_from(day).ok());
    let (hour, minute, second) = (rest / 3_600_000, rest / 60_000 % 60, rest / 1_000 % 60);
    format!("{date}T{hour:02}:{minute:02}:{second:02}.{:03}Z", rest % 1_000).into()
}

fn read_stat(kind: ColumnType, value: &serde_json::Value) -> Option<i64> {
    match kind {
        ColumnType::Int => value.as_i64(),
        ColumnType::Day => match ScalarValue::try_from_string(value.as_str()?.to_owned(), &DataType::Date32).ok()? {
            ScalarValue::Date32(day) => day.map(i64::from),
            _ => None,
        },
        _ => {
            // Earlier releases wrote milliseconds since 1970.
            if let Some(ms) = value.as_str().and_then(|text| text.trim_end_matches('Z').parse::<i64>().ok()) {
                return ms.checked_mul(1_000);
            }
            let kind = DataType::Timestamp(TimeUnit::Microsecond, None);
            match ScalarValue::try_from_string(value.as_str()?.trim_end_matches('Z').to_owned(), &kind).ok()? {
                ScalarValue::TimestampMicrosecond(us, _) => us,
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Other readers of the tables must understand the log's statistics, and so must we.
    #[test]
    fn instants_stand_in_the_log_as_the_protocol_says() {
        let text = instant_text(1_795_219_200_123);
        assert_eq!(text, "2026-11-21T00:00:00.123Z");
        assert_eq!(read_stat(ColumnType::Instant, &text), Some(1_795_219_200_123_000));
        assert_eq!(instant_text(-1), "1969-12-31T23:59:59.999Z");
        let of_earlier_releases = serde_json::Value::from("1795219200123Z");
        assert_eq!(read_stat(ColumnType::Instant, &of_earlier_releases), Some(1_795_219_200_123_000));
    }
}
