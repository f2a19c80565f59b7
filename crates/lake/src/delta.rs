//! The Delta tables: opening, snapshots, publication.

use crate::boxed;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use datafusion::arrow::datatypes::{DataType as ArrowType, Field as ArrowField, Schema, SchemaRef};
use datafusion::execution::runtime_env::RuntimeEnv;
use deltalake_core::DeltaTable;
use deltalake_core::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake_core::kernel::transaction::{CommitBuilder, CommitProperties};
use deltalake_core::kernel::{Action, Add, Remove, StructType, Transaction};
use deltalake_core::protocol::{DeltaOperation, SaveMode};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex as AsyncMutex;
use zhike_domain::tables::{Home, TABLES, TableSpec};

use crate::lookup::Footers;
use crate::marks::Answers;
use crate::provider::{FileEntry, TableVersion};
use crate::ranks::RfmRanks;
use crate::sessions::MovedSessions;
use crate::stage::{StagedFile, mark_replaced, sync_dir};
use crate::{Error, convert, query};

/// How much the lake may use.
#[derive(Clone, Debug)]
pub struct LakeOptions {
    /// Memory for queries; beyond it they spill to disk.
    pub memory_bytes: usize,
    /// Disk for spilling.
    pub spill_bytes: u64,
    /// Worker threads of a query.
    pub n_threads: usize,
}

impl Default for LakeOptions {
    fn default() -> Self {
        let n_threads = std::thread::available_parallelism().map_or(2, usize::from);
        Self { memory_bytes: 2 << 30, spill_bytes: 100 << 30, n_threads }
    }
}

/// The tables of one data directory; copies share what they know.
#[derive(Clone)]
pub struct Lake {
    pub(crate) root: PathBuf,
    pub(crate) options: LakeOptions,
    pub(crate) runtime: Arc<RuntimeEnv>,
    tables: Arc<HashMap<&'static str, Handle>>,
    pub(crate) overrides: Arc<Mutex<Arc<query::Overrides>>>,
    pub(crate) moved_sessions: Arc<Mutex<Arc<MovedSessions>>>,
    pub(crate) footers: Arc<Mutex<Footers>>,
    pub(crate) rfm_ranks: Arc<Mutex<Option<Arc<RfmRanks>>>>,
    pub(crate) answers: Arc<Mutex<Answers>>,
    /// Whose rows there are, ascending; everybody's when missing.
    pub(crate) within: Option<Arc<Vec<i64>>>,
}

struct Handle {
    spec: &'static TableSpec,
    root: PathBuf,
    open: AsyncMutex<Option<(DeltaTable, Arc<TableVersion>)>>,
}

/// What one load changes in the lake; see [`Lake::publish`].
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Publication {
    /// Changes, one per table.
    pub changes: Vec<TableChange>,
}

/// What one load changes in one table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableChange {
    /// Table.
    pub table: String,
    /// Files to show.
    pub add: Vec<StagedFile>,
    /// Files to hide, by path within the table.
    pub remove: Vec<String>,
}

impl Publication {
    /// Adds to the change of a table.
    pub fn change(&mut self, table: &str, add: Vec<StagedFile>, remove: Vec<String>) {
        if add.is_empty() && remove.is_empty() {
            return;
        }
        match self.changes.iter_mut().find(|change| change.table == table) {
            Some(change) => {
                change.add.extend(add);
                change.remove.extend(remove);
            }
            None => self.changes.push(TableChange { table: table.to_owned(), add, remove }),
        }
    }
}

impl Lake {
    /// Opens the lake of a data directory; makes the folder when absent.
    ///
    /// **Errors**: when the folder cannot be made or the engine cannot start.
    pub fn open(dir: &Path, options: LakeOptions) -> Result<Self, Error> {
        let root = dir.join("lake");
        std::fs::create_dir_all(&root).map_err(|error| Error::io("make", &root, error))?;
        let root = root.canonicalize().map_err(|error| Error::io("open", &root, error))?;
        let spill = dir.join("spill");
        crate::spill::sweep(&spill)?;
        let runtime = query::runtime(&spill, &options)?;
        let tables = TABLES
            .iter()
            .filter(|spec| matches!(spec.home, Home::Lake { .. }))
            .map(|spec| (spec.name, Handle { spec, root: root.join(spec.name), open: AsyncMutex::new(None) }))
            .collect();
        Ok(Self {
            root,
            options,
            runtime,
            tables: Arc::new(tables),
            overrides: Arc::default(),
            moved_sessions: Arc::default(),
            footers: Arc::default(),
            rfm_ranks: Arc::default(),
            answers: Arc::default(),
            within: None,
        })
    }

    /// The same tables with the rows of some people alone, as queries see them; rows of nobody are not among them.
    #[must_use]
    pub fn of_people(&self, mut profiles: Vec<i64>) -> Self {
        profiles.sort_unstable();
        // What is remembered of everybody's scores is not theirs.
        Self { within: Some(Arc::new(profiles)), rfm_ranks: Arc::default(), ..self.clone() }
    }

    fn handle(&self, table: &str) -> Result<&Handle, Error> {
        self.tables.get(table).ok_or_else(|| Error::Bug(format!("no lake table {table}")))
    }

    pub(crate) fn table_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        TABLES.iter().filter(|spec| matches!(spec.home, Home::Lake { .. })).map(|spec| spec.name)
    }

    /// The folder of a table.
    pub(crate) fn table_root(&self, table: &str) -> Result<(&'static TableSpec, &Path), Error> {
        let handle = self.handle(table)?;
        Ok((handle.spec, &handle.root))
    }

    /// The newest version of a table; `None` while nothing was ever published to it.
    pub(crate) async fn version(&self, table: &str) -> Result<Option<Arc<TableVersion>>, Error> {
        let handle = self.handle(table)?;
        let mut open = handle.open.lock().await;
        if open.is_none() {
            if !handle.root.join("_delta_log").is_dir() {
                return Ok(None);
            }
            let delta = open_delta(handle).await?;
            let version = Arc::new(TableVersion::read(handle.spec, &handle.root, &delta)?);
            *open = Some((delta, version));
        }
        let Some((delta, version)) = open.as_mut() else { return Ok(None) };
        let latest = delta.version();
        // One look at the next entry of the log is cheaper than reading the state again, which finds none most times. Where the
        // own entry is gone, another process has summed the log up since.
        let is_there = |version: i64| log_entry(&handle.root, version).exists();
        if latest.is_some_and(|latest| !is_there(latest as i64 + 1) && is_there(latest as i64)) {
            return Ok(Some(version.clone()));
        }
        let updated = delta.update_state().await;
        if updated.is_err() {
            // The entries that this state was read from are gone: the log was summed up.
            *delta = open_delta(handle).await?;
        }
        if delta.version() != latest || updated.is_err() {
            *version = Arc::new(TableVersion::read(handle.spec, &handle.root, delta)?);
        }
        Ok(Some(version.clone()))
    }

    /// Forgets what is known of a table's log; the next who asks reads it anew.
    pub(crate) async fn close_table(&self, table: &str) -> Result<(), Error> {
        *self.handle(table)?.open.lock().await = None;
        Ok(())
    }

    /// Number of rows of a table: by its log, without reading it, unless only those of some people are seen.
    #[boxed]
    pub async fn n_rows(&self, table: &str) -> Result<u64, Error> {
        if self.within.is_some() {
            let frame = self.query(&format!("SELECT count(*) AS n FROM {table}"), Vec::new()).await?.all().await?;
            return Ok(frame.num("n").and_then(|column| column.get(0)).unwrap_or(0).unsigned_abs());
        }
        Ok(self.version(table).await?.map_or(0, |version| version.files.iter().map(|file| file.n_rows).sum()))
    }

    /// A number that grows with every publication to any table, to key caches by.
    #[boxed]
    pub async fn versions(&self, tables: &[&str]) -> Result<Vec<i64>, Error> {
        let mut versions = Vec::with_capacity(tables.len());
        for table in tables {
            versions.push(self.version(table).await?.map_or(-1, |version| version.number));
        }
        Ok(versions)
    }

    /// Shows and hides the files of a batch, each table in one commit; a table that has this batch already is left alone.
    /// When it returns, everything is on disk.
    #[boxed]
    pub async fn publish(&self, batch_id: i64, publication: &Publication) -> Result<(), Error> {
        for change in &publication.changes {
            self.publish_table(&format!("batch-{batch_id}"), 1, change).await?;
        }
        Ok(())
    }

    /// As [`Lake::publish`], for batches of a log that are numbered by where they end: a table that has a batch of this
    /// or a later position already is left alone. So a log costs one entry per table, not one per batch.
    #[boxed]
    pub async fn publish_until(&self, log: &str, position: i64, publication: &Publication) -> Result<(), Error> {
        for change in &publication.changes {
            self.publish_table(&format!("log-{log}"), position, change).await?;
        }
        Ok(())
    }

    async fn publish_table(&self, app_id: &str, number: i64, change: &TableChange) -> Result<(), Error> {
        let table = change.table.as_str();
        let fail = |error| Error::table(table, error);
        self.version(table).await?;
        let handle = self.handle(table)?;
        let mut open = handle.open.lock().await;
        if open.is_none() {
            create_delta(handle).await?;
            let delta = open_delta(handle).await?;
            let version = Arc::new(TableVersion::read(handle.spec, &handle.root, &delta)?);
            *open = Some((delta, version));
        }
        let Some((delta, version)) = open.as_mut() else { return Err(Error::Bug("table not open".into())) };
        let state = delta.snapshot().map_err(fail)?;
        let log_store = delta.log_store();
        let last = state.transaction_version(log_store.as_ref(), app_id).await.map_err(fail)?;
        if last.is_some_and(|last| last >= number) {
            return Ok(());
        }
        let actions = actions(handle, version, change)?;
        change.remove.iter().for_each(|path| mark_replaced(&handle.root.join(path)));
        let properties = CommitProperties::default()
            .with_application_transaction(Transaction::new(app_id, number))
            .with_cleanup_expired_logs(Some(false));
        let operation = DeltaOperation::Write { mode: SaveMode::Append, partition_by: None, predicate: None };
        CommitBuilder::from(properties)
            .with_actions(actions)
            .build(Some(state.snapshot()), log_store, operation)
            .await
            .map_err(fail)?;
        delta.update_state().await.map_err(fail)?;
        *version = Arc::new(TableVersion::read(handle.spec, &handle.root, delta)?);
        sync_log(&handle.root, version.number)
    }
}

impl Lake {
    /// Writes the newest state of a table as a checkpoint, durably, so that no older entry of its log is needed; returns its
    /// version. `None` while nothing was ever published.
    pub(crate) async fn sum_up(&self, table: &str) -> Result<Option<i64>, Error> {
        let Some(version) = self.version(table).await? else { return Ok(None) };
        let handle = self.handle(table)?;
        let open = handle.open.lock().await;
        let Some((delta, _)) = open.as_ref() else { return Ok(None) };
        let log = handle.root.join("_delta_log");
        let path = log.join(format!("{:020}.checkpoint.parquet", version.number));
        if !path.exists() {
            let made = deltalake_core::checkpoints::create_checkpoint(delta, None).await;
            made.map_err(|error| Error::table(table, error))?;
        }
        for path in [path, log.join("_last_checkpoint")] {
            let file = std::fs::File::open(&path).map_err(|error| Error::io("open", &path, error))?;
            file.sync_all().map_err(|error| Error::io("sync", &path, error))?;
        }
        sync_dir(&log)?;
        Ok(Some(version.number))
    }
}

fn log_entry(root: &Path, version: i64) -> PathBuf {
    root.join("_delta_log").join(format!("{version:020}.json"))
}

/// Makes the newest log entry of a table durable: the engine's own commits are not (RFD 0001).
fn sync_log(root: &Path, version: i64) -> Result<(), Error> {
    let log = root.join("_delta_log");
    let entry = log_entry(root, version);
    let file = std::fs::File::open(&entry).map_err(|error| Error::io("open", &entry, error))?;
    file.sync_all().map_err(|error| Error::io("sync", &entry, error))?;
    crate::check::note_entry(&entry)?;
    sync_dir(&log)?;
    sync_dir(root)
}

fn actions(handle: &Handle, version: &TableVersion, change: &TableChange) -> Result<Vec<Action>, Error> {
    let mut actions = Vec::with_capacity(change.add.len() + change.remove.len());
    let now_ms = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    for path in &change.remove {
        let file = version.files.iter().find(|file| file.path == *path).ok_or_else(|| Error::Corrupt {
            table: change.table.clone(),
            detail: format!("file {path} is not there any more"),
        })?;
        actions.push(Action::Remove(Remove {
            path: path.clone(),
            data_change: true,
            deletion_timestamp: Some(now_ms),
            extended_file_metadata: Some(true),
            partition_values: Some(partition_values(handle.spec, file.partition.as_deref())),
            size: Some(i64::try_from(file.size).unwrap_or(i64::MAX)),
            ..Remove::default()
        }));
    }
    for file in &change.add {
        actions.push(Action::Add(Add {
            path: file.path.clone(),
            partition_values: partition_values(handle.spec, file.partition.as_deref()),
            size: i64::try_from(file.size).unwrap_or(i64::MAX),
            modification_time: now_ms,
            data_change: true,
            stats: Some(file.stats.clone()),
            ..Add::default()
        }));
    }
    Ok(actions)
}

fn partition_values(spec: &TableSpec, value: Option<&str>) -> HashMap<String, Option<String>> {
    match spec.home {
        Home::Lake { partition: Some(column), .. } => HashMap::from([(column.to_owned(), value.map(str::to_owned))]),
        _ => HashMap::new(),
    }
}

fn url(root: &Path) -> Result<url::Url, Error> {
    url::Url::from_directory_path(root).map_err(|()| Error::Bug(format!("no URL for {}", root.display())))
}

async fn open_delta(handle: &Handle) -> Result<DeltaTable, Error> {
    deltalake_core::open_table(url(&handle.root)?).await.map_err(|error| Error::table(handle.spec.name, error))
}

/// Makes an empty table. Only numbers, days and instants get statistics in the log: text never does.
async fn create_delta(handle: &Handle) -> Result<(), Error> {
    let fail = |error| Error::table(handle.spec.name, error);
    std::fs::create_dir_all(&handle.root).map_err(|error| Error::io("make", &handle.root, error))?;
    let schema = delta_schema(handle.spec)?;
    let columns: StructType =
        schema.as_ref().try_into_kernel().map_err(|error: datafusion::arrow::error::ArrowError| Error::from(error))?;
    let partition: Vec<&str> = match handle.spec.home {
        Home::Lake { partition, .. } => partition.into_iter().collect(),
        Home::State => Vec::new(),
    };
    let stats: Vec<&str> = handle
        .spec
        .columns
        .iter()
        .filter(|column| crate::stage::has_stats(column.kind) && !partition.contains(&column.name))
        .map(|column| column.name)
        .collect();
    let log_store = deltalake_core::DeltaTableBuilder::from_url(url(&handle.root)?)
        .and_then(|builder| builder.build_storage())
        .map_err(fail)?;
    deltalake_core::operations::create::CreateBuilder::new()
        .with_log_store(log_store)
        .with_table_name(handle.spec.name)
        .with_columns(columns.fields().cloned())
        .with_partition_columns(partition)
        .with_configuration_property(
            deltalake_core::table::config::TableProperty::DataSkippingStatsColumns,
            Some(stats.join(",")),
        )
        .await
        .map_err(fail)?;
    sync_log(&handle.root, 0)?;
    if let Some(parent) = handle.root.parent() {
        sync_dir(parent)?;
    }
    Ok(())
}

fn delta_schema(spec: &TableSpec) -> Result<SchemaRef, Error> {
    let schema = convert::arrow_schema(spec)?;
    let fields: Vec<ArrowField> = schema
        .fields()
        .iter()
        .map(|field| match field.data_type() {
            ArrowType::Utf8View => ArrowField::new(field.name(), ArrowType::Utf8, true),
            _ => field.as_ref().clone(),
        })
        .collect();
    Ok(Arc::new(Schema::new(fields)))
}

impl TableVersion {
    /// The files of a table as its log names them now.
    fn read(spec: &'static TableSpec, root: &Path, delta: &DeltaTable) -> Result<Self, Error> {
        let state = delta.snapshot().map_err(|error| Error::table(spec.name, error))?;
        let mut files = Vec::new();
        for file in state.log_data().iter() {
            if file.deletion_vector_descriptor().is_some() {
                return Err(Error::Corrupt {
                    table: spec.name.into(),
                    detail: "has deletion vectors, which Zhike never writes".into(),
                });
            }
            let partition = match spec.home {
                Home::Lake { partition: Some(column), .. } => file.partition_values_map().remove(column).flatten(),
                _ => None,
            };
            let path = file.path().into_owned();
            let size = u64::try_from(file.size()).unwrap_or(0);
            files.push(FileEntry::new(spec, path, size, partition, file.stats().as_deref()));
        }
        Self::new(spec, root, delta.version().map_or(-1, |version| version as i64), files)
    }
}
