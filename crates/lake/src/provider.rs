//! A fixed set of Parquet files as a table of the query engine.
//!
//! The files that the Delta log names become a plain Parquet scan, with the log's statistics attached so that the engine
//! skips files before opening them. One provider serves Delta tables and temporary files alike (RFD 0003).

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{FieldRef, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::stats::Precision;
use datafusion::common::{ScalarValue, Statistics};
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::physical_plan::parquet::CachedParquetFileReaderFactory;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder, ParquetSource};
use datafusion::datasource::source::DataSourceExec;
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result as EngineResult;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::object_store::ObjectMeta;
use datafusion::object_store::path::Path as StorePath;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::empty::EmptyExec;
use zhike_domain::tables::{Home, TableSpec};

use crate::stage::FileStats;
use crate::{Error, convert};

/// One file of a table.
#[derive(Clone, Debug)]
pub(crate) struct FileEntry {
    /// Path within the table.
    pub(crate) path: String,
    pub(crate) size: u64,
    pub(crate) partition: Option<String>,
    pub(crate) n_rows: u64,
    stats: FileStats,
}

impl FileEntry {
    pub(crate) fn new(
        spec: &TableSpec,
        path: String,
        size: u64,
        partition: Option<String>,
        stats: Option<&str>,
    ) -> Self {
        let stats = FileStats::from_json(spec, stats.unwrap_or("{}"));
        Self { path, size, partition, n_rows: stats.n_rows, stats }
    }

    /// The largest value of a numeric column.
    pub(crate) fn largest(&self, column: &str) -> Option<i64> {
        self.stats.largest(column)
    }

    /// The smallest value of a numeric column.
    pub(crate) fn smallest(&self, column: &str) -> Option<i64> {
        self.stats.smallest(column)
    }

    /// As [`FileEntry::smallest`], of a column without missing values.
    pub(crate) fn first(&self, column: &str) -> Option<i64> {
        self.stats.smallest(column).filter(|_| !self.stats.may_miss(column))
    }

    /// Whether a numeric column may have this value in some row.
    pub(crate) fn may_hold(&self, column: &str, value: i64) -> bool {
        self.stats.may_hold(column, value)
    }

    /// Whether a numeric column has this value in every row.
    pub(crate) fn holds_only(&self, column: &str, value: i64) -> bool {
        self.stats.holds_only(column, value)
    }
}

/// A table at one version.
#[derive(Debug)]
pub(crate) struct TableVersion {
    pub(crate) number: i64,
    pub(crate) files: Vec<FileEntry>,
    scan: FileTable,
}

impl TableVersion {
    pub(crate) fn new(
        spec: &'static TableSpec,
        root: &Path,
        number: i64,
        files: Vec<FileEntry>,
    ) -> Result<Self, Error> {
        let schema = convert::arrow_schema(spec)?;
        let partition = match spec.home {
            Home::Lake { partition, .. } => partition,
            Home::State => None,
        };
        let mut scanned = Vec::with_capacity(files.len());
        for file in &files {
            let mut scan_file = ScanFile::new(&root.join(&file.path), file.size)?;
            if let Some(column) = partition {
                let kind = schema.field_with_name(column)?.data_type();
                scan_file.partition = vec![match &file.partition {
                    Some(value) => ScalarValue::try_from_string(value.clone(), kind)?,
                    None => ScalarValue::try_from(kind)?,
                }];
            }
            scan_file.statistics = Some(Arc::new(file.stats.statistics(&schema, partition)));
            scanned.push(scan_file);
        }
        let scan = FileTable::new(schema, partition, scanned);
        Ok(Self { number, files, scan })
    }

    /// The smallest and the largest value of a numeric column by the log; `None` unless it knows those of every file.
    pub(crate) fn ends(&self, column: &str) -> Option<(i64, i64)> {
        let ends = |file: &FileEntry| file.smallest(column).zip(file.largest(column));
        let all: Option<Vec<(i64, i64)>> = self.files.iter().filter(|file| file.n_rows > 0).map(ends).collect();
        all?.into_iter().reduce(|all, one| (all.0.min(one.0), all.1.max(one.1)))
    }

    pub(crate) fn provider(&self) -> Arc<dyn TableProvider> {
        Arc::new(self.scan.clone())
    }
}

/// A file as the engine scans it.
#[derive(Clone, Debug)]
pub(crate) struct ScanFile {
    meta: ObjectMeta,
    partition: Vec<ScalarValue>,
    statistics: Option<Arc<Statistics>>,
}

impl ScanFile {
    pub(crate) fn new(path: &Path, size: u64) -> Result<Self, Error> {
        let location = StorePath::from_absolute_path(path)
            .map_err(|error| Error::Bug(format!("path {}: {error}", path.display())))?;
        let meta = ObjectMeta { location, last_modified: Default::default(), size, e_tag: None, version: None };
        Ok(Self { meta, partition: Vec::new(), statistics: None })
    }

    /// Says how many rows the file has; joins are planned by that.
    pub(crate) fn with_rows(mut self, schema: &Schema, n_rows: usize) -> Self {
        let mut statistics = Statistics::new_unknown(schema);
        statistics.num_rows = Precision::Exact(n_rows);
        self.statistics = Some(Arc::new(statistics));
        self
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct FileTable {
    schema: SchemaRef,
    scan_schema: TableSchema,
    /// Position of each column of `schema` among the file columns followed by the partition column.
    positions: Vec<usize>,
    files: Arc<[ScanFile]>,
}

impl FileTable {
    pub(crate) fn new(schema: SchemaRef, partition: Option<&str>, files: Vec<ScanFile>) -> Self {
        let (in_path, in_file): (Vec<FieldRef>, Vec<FieldRef>) =
            schema.fields().iter().cloned().partition(|field| Some(field.name().as_str()) == partition);
        let names: Vec<&str> = in_file.iter().chain(&in_path).map(|field| field.name().as_str()).collect();
        let positions =
            schema.fields().iter().filter_map(|field| names.iter().position(|name| name == field.name())).collect();
        let scan_schema =
            TableSchema::builder(Arc::new(Schema::new(in_file))).with_table_partition_cols(in_path).build();
        Self { schema, scan_schema, positions, files: files.into() }
    }

    /// Files spread over groups of about equal bytes, one group a thread.
    fn groups(&self, n_groups: usize) -> Vec<FileGroup> {
        let mut groups: Vec<(u64, Vec<PartitionedFile>)> = vec![(0, Vec::new()); n_groups.max(1)];
        for file in self.files.iter() {
            let mut scanned = PartitionedFile::new_from_meta(file.meta.clone());
            scanned.partition_values = file.partition.clone();
            scanned.statistics = file.statistics.clone();
            if let Some((bytes, group)) = groups.iter_mut().min_by_key(|(bytes, _)| *bytes) {
                *bytes += file.meta.size;
                group.push(scanned);
            }
        }
        groups.into_iter().filter(|(_, group)| !group.is_empty()).map(|(_, group)| FileGroup::new(group)).collect()
    }

    fn table_statistics(&self) -> Statistics {
        let schema = self.scan_schema.table_schema();
        let mut total = Statistics::new_unknown(schema);
        let n_rows = self.files.iter().try_fold(0_usize, |sum, file| {
            file.statistics.as_ref().and_then(|statistics| statistics.num_rows.get_value()).map(|n| sum + n)
        });
        if let Some(n_rows) = n_rows {
            total.num_rows = Precision::Exact(n_rows);
        }
        total
    }
}

#[async_trait]
impl TableProvider for FileTable {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> EngineResult<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    fn statistics(&self) -> Option<Statistics> {
        None
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> EngineResult<Arc<dyn ExecutionPlan>> {
        // A scan of no files has no partitions, which some plans (a sorted GROUP BY) refuse.
        if self.files.is_empty() {
            let schema = match projection {
                Some(columns) => Arc::new(self.schema.project(columns)?),
                None => self.schema.clone(),
            };
            return Ok(Arc::new(EmptyExec::new(schema)));
        }
        let url = ObjectStoreUrl::local_filesystem();
        let runtime = state.runtime_env();
        let store = runtime.object_store(&url)?;
        let cache = runtime.cache_manager.get_file_metadata_cache();
        let mut source = ParquetSource::new(self.scan_schema.clone())
            .with_table_parquet_options(state.table_options().parquet.clone())
            .with_parquet_file_reader_factory(Arc::new(CachedParquetFileReaderFactory::new(store, cache)));
        if let Some(filter) = datafusion::logical_expr::utils::conjunction(filters.iter().cloned()) {
            let schema = datafusion::common::DFSchema::try_from(self.scan_schema.table_schema().as_ref().clone())?;
            source = source.with_predicate(state.create_physical_expr(filter, &schema)?);
        }
        let wanted = match projection {
            Some(columns) => columns.iter().map(|&column| self.positions[column]).collect(),
            None => self.positions.clone(),
        };
        let config = FileScanConfigBuilder::new(url, Arc::new(source))
            .with_file_groups(self.groups(state.config().target_partitions()))
            .with_statistics(self.table_statistics())
            .with_projection_indices(Some(wanted))?
            .with_limit(limit.filter(|_| filters.is_empty()))
            .build();
        Ok(DataSourceExec::from_data_source(config))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::datatypes::{DataType, Field};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;

    #[tokio::test]
    async fn a_table_without_files_can_be_grouped() {
        let schema = Arc::new(Schema::new(vec![
            Field::new("event", DataType::Utf8, true),
            Field::new("n", DataType::Int64, true),
        ]));
        let session = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(2));
        session.register_table("events", Arc::new(FileTable::new(schema, None, Vec::new()))).unwrap();
        for sql in [
            "SELECT event, count(*) AS n FROM events WHERE event IN ('a', 'b') GROUP BY event ORDER BY event",
            "SELECT a.event FROM events a JOIN events b ON a.event = b.event ORDER BY 1",
        ] {
            let rows = session.sql(sql).await.unwrap().collect().await.unwrap();
            assert_eq!(rows.iter().map(|batch| batch.num_rows()).sum::<usize>(), 0);
        }
    }
}
