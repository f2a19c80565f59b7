//! The way of one file: look, map, read and clean, resolve, stage, commit, show.
//!
//! The order of steps makes a load whole or absent (INV-ENGINE-1): files are staged where nobody sees them; one
//! transaction of state records people, quarantine and the list of staged files, and is the commit; then the tables show
//! the files. A crash before the commit leaves orphans that [`recover`] removes; a crash after it is completed by
//! [`recover`] from the list.

mod consents;
mod lines;
mod load;
mod people;
mod persons;
mod preview;
mod products;
mod rowhash;
mod rows;
mod shards;
mod uploads;
mod work;

use crate::boxed;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::BatchId;
use zhike_domain::import::doubt::Doubt;
use zhike_domain::import::entity::{Entity, Target, targets};
use zhike_domain::import::guess::{guess, refusal};
use zhike_domain::import::mapping::{Mapping, Problem};
use zhike_domain::import::report::LoadReport;
use zhike_lake::Publication;
use zhike_lake::read::{self, Input, ReadOptions, Sniffed};
use zhike_state::{BatchStatus, MappingRow, NewBatch};

pub use people::identity_policy;
pub(crate) use people::set_policy;
pub(crate) use people::{new_profile, scope};
pub use preview::{Preview, PreviewColumn, PreviewRow, SetAside, preview};
pub use uploads::{Upload, UploadWriter, sweep as sweep_uploads};
pub use zhike_state::BatchRow;

use crate::{Ctx, Error, Result};

/// Source of files that name none.
pub const DEFAULT_SOURCE: &str = "default";

/// What to load and how.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// What the rows are; found out when absent.
    pub entity: Option<Entity>,
    /// How the columns are read; the remembered mapping of such files, or a guess, when absent.
    pub mapping: Option<Mapping>,
    /// Source; that of the mapping, or [`DEFAULT_SOURCE`], when absent.
    pub source: Option<String>,
    /// Sheet of a workbook.
    pub sheet: Option<String>,
    /// Clean and count only, change nothing.
    pub dry_run: bool,
}

/// How far a load has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// What is being done: reading, resolving, storing.
    pub stage: &'static str,
    /// Rows read.
    pub rows_done: u64,
    /// Bytes (or rows) of the file done and in all.
    pub done: u64,
    /// See `done`.
    pub total: u64,
}

/// Opens the file of a load; called several times, from the start each time.
pub type OpenFile = Arc<dyn Fn() -> Result<Input> + Send + Sync>;

/// Told of progress, often; says whether to go on. A load that is to stop before its commit leaves nothing behind.
pub type OnProgress = Arc<dyn Fn(Progress) -> ControlFlow<()> + Send + Sync>;

/// Progress that nobody follows.
pub fn unwatched() -> OnProgress {
    Arc::new(|_| ControlFlow::Continue(()))
}

/// A file that has been looked at: what it is and how it would be read.
pub struct Looked {
    /// Name of the file.
    pub file_name: String,
    /// What the first look found.
    pub sniffed: Sniffed,
    /// How it would be read.
    pub mapping: Mapping,
    /// Source.
    pub source: String,
    /// Whether the mapping was remembered from an earlier load of such a file.
    pub is_remembered: bool,
    /// What a person should check.
    pub doubts: Vec<Doubt>,
    /// Columns that will not be loaded, and why.
    pub unmapped: Vec<String>,
}

impl Looked {
    /// What the columns can become.
    pub fn targets(&self) -> &'static [Target] {
        targets(self.mapping.entity)
    }

    /// The first rows with personal columns masked.
    pub fn masked_sample(&self, n_rows: usize) -> Vec<Vec<Option<String>>> {
        let masks = self.masks();
        let rows = self.sniffed.sample.iter().take(n_rows);
        rows.map(|row| masked(&masks, row.iter().map(Option::as_deref))).collect()
    }

    /// For each column the field that its cells are masked as; none for columns that are not personal.
    fn masks(&self) -> Vec<Option<&str>> {
        let targets = self.targets();
        let mask = |header: &String| {
            let column = self.mapping.columns.iter().find(|column| column.header == *header)?;
            // What is not loaded may be personal as well; only what is known to be harmless is shown.
            let Some(name) = column.target_name() else { return Some("other") };
            let target = targets.iter().find(|target| target.name == name);
            target.is_some_and(|target| target.personal && name != "member_id").then_some(name)
        };
        self.sniffed.header.iter().map(mask).collect()
    }
}

/// The cells of a row as they may be shown.
fn masked<'c>(masks: &[Option<&str>], cells: impl Iterator<Item = Option<&'c str>>) -> Vec<Option<String>> {
    let mask = |(cell, field): (Option<&str>, &Option<&str>)| match (cell, field) {
        (Some(cell), Some(field)) => Some(zhike_domain::mask::field(field, cell)),
        (Some(cell), None) => Some(zhike_domain::detect::mask_text(cell).unwrap_or_else(|| cell.to_owned())),
        (None, _) => None,
    };
    cells.zip(masks).map(mask).collect()
}

/// Looks at a file without loading it.
///
/// **Errors**: `unreadable_file` and the like, naming the file and the remedy.
#[boxed]
pub async fn look(ctx: &Ctx, open: &OpenFile, options: &ImportOptions) -> Result<Looked> {
    let mut input = open()?;
    let file_name = input.name().to_owned();
    let mapped = options.mapping.as_ref();
    let read_options = ReadOptions {
        encoding: mapped.and_then(|mapping| mapping.encoding),
        delimiter: mapped.and_then(|mapping| mapping.delimiter).and_then(|delimiter| u8::try_from(delimiter).ok()),
        sheet: options.sheet.clone(),
        entity: options.entity.or(mapped.map(|mapping| mapping.entity)),
        ..ReadOptions::default()
    };
    let sniffed = read::sniff(&mut input, &read_options).map_err(|error| read_error(&file_name, &error))?;
    let workspace = ctx.workspace();
    let guessed = guess(read_options.entity, &sniffed.header, &sniffed.sample, &workspace.zone, &workspace.currency);
    if let (None, Some((zh, en))) = (&options.mapping, refusal(&sniffed.header)) {
        return Err(Error::new(ErrorCode::UnsupportedFile, format!("{file_name}: {en}"), format!("{file_name}：{zh}")));
    }
    let source = |mapping: &Mapping| {
        options.source.clone().or_else(|| mapping.source.clone()).unwrap_or_else(|| DEFAULT_SOURCE.to_owned())
    };
    let (mapping, is_remembered) = match &options.mapping {
        Some(mapping) => (mapping.clone(), false),
        None => {
            let key = Mapping::header_key(&sniffed.header) as i64;
            let source = source(&guessed.mapping);
            match ctx.store().find_mapping(&source, guessed.entity.as_str(), key).await? {
                Some(row) => match serde_json::from_str(&row.spec_json) {
                    Ok(mapping) => (mapping, true),
                    Err(error) => {
                        tracing::warn!(%error, "a remembered mapping is of another version and is guessed anew");
                        (guessed.mapping.clone(), false)
                    }
                },
                None => (guessed.mapping.clone(), false),
            }
        }
    };
    // A guess may be incomplete: it is shown to be completed. What somebody wrote is checked at once.
    if options.mapping.is_some() {
        mapping.validate().map_err(|problems| mapping_error(&file_name, &problems))?;
    }
    let is_guess = options.mapping.is_none() && !is_remembered;
    let source = source(&mapping);
    Ok(Looked {
        file_name,
        sniffed,
        mapping,
        source,
        is_remembered,
        doubts: if is_guess { guessed.doubts } else { Vec::new() },
        unmapped: guessed.unmapped,
    })
}

/// What is wrong with a mapping, in one line.
fn mapping_error(file: &str, problems: &[Problem]) -> Error {
    let en: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.path, problem.message_en)).collect();
    let zh: Vec<String> = problems.iter().map(|problem| format!("{}：{}", problem.path, problem.message_zh)).collect();
    let message = format!("{file}: {}", en.join("; "));
    Error::new(ErrorCode::InvalidMapping, message, format!("{file}：{}", zh.join("；")))
}

/// Reads a mapping written as YAML (or JSON).
///
/// **Errors**: `invalid_mapping` with line and column.
pub fn parse_mapping(text: &str) -> Result<Mapping> {
    serde_norway::from_str(text).map_err(|error| {
        Error::new(ErrorCode::InvalidMapping, format!("mapping: {error}"), format!("映射文件有误：{error}"))
    })
}

/// A mapping as YAML.
pub fn mapping_yaml(mapping: &Mapping) -> Result<String> {
    serde_norway::to_string(mapping).map_err(|error| Error::bug("mapping as YAML", error))
}

/// Loads a file.
///
/// **Errors**: when nothing could be loaded; rows that cannot be loaded are no error but stand in the report.
#[boxed]
pub async fn import(ctx: &Ctx, open: OpenFile, options: ImportOptions, progress: OnProgress) -> Result<LoadReport> {
    let looked = look(ctx, &open, &options).await?;
    load_looked(ctx, open, looked, options.dry_run, progress).await
}

/// Loads a file that was looked at, with the mapping in `looked`.
///
/// **Errors**: as [`import`].
#[boxed]
pub async fn load_looked(
    ctx: &Ctx,
    open: OpenFile,
    looked: Looked,
    dry_run: bool,
    progress: OnProgress,
) -> Result<LoadReport> {
    let ctx = &ctx.whole();
    let file_name = looked.file_name.clone();
    let guard = ctx.write_lock().await?;
    recover_locked(ctx).await?;
    let content_hash = content_hash(&open, &looked)?;
    let entity = looked.mapping.entity;
    if !dry_run
        && let Some(earlier) = ctx.store().find_loaded_batch(&content_hash, entity.as_str(), &looked.source).await?
    {
        return repeated(&earlier, &looked);
    }
    let batch_id = ctx.vault().random_id();
    let batch = NewBatch {
        batch_id,
        source: looked.source.clone(),
        entity: entity.as_str().into(),
        file_name: file_name.clone(),
        content_hash: content_hash.to_vec(),
        mapping_json: serde_json::to_string(&looked.mapping).ok(),
        started_at: ctx.now(),
    };
    if !dry_run {
        ctx.store().start_batch(batch).await?;
    }
    let key = Mapping::header_key(&looked.sniffed.header) as i64;
    let mapping = looked.mapping.clone();
    let source = looked.source.clone();
    match work::run(ctx, batch_id, &open, looked, dry_run, progress).await {
        Ok(report) => {
            if !dry_run {
                remember(ctx, &source, &mapping, key).await?;
                ctx.loaded().notify_one();
            }
            drop(guard);
            Ok(report)
        }
        Err(error) => {
            let is_prepared = !dry_run
                && ctx
                    .store()
                    .batch(batch_id)
                    .await
                    .is_ok_and(|batch| batch.is_some_and(|batch| batch.status == BatchStatus::Prepared));
            // After the commit the load is completed at the next start, not given up.
            if !is_prepared {
                if let Err(again) = ctx.lake().unstage(batch_id).await {
                    tracing::warn!(error = %again, "staged files of a failed load stay until the next start");
                }
                if !dry_run {
                    let failed = ctx.store().fail_batch(batch_id, &error.message, ctx.now()).await;
                    if let Err(again) = failed {
                        tracing::warn!(error = %again, "a failed load could not be marked as such");
                    }
                }
            }
            Err(error)
        }
    }
}

async fn remember(ctx: &Ctx, source: &str, mapping: &Mapping, header_key: i64) -> Result<()> {
    let spec_json = serde_json::to_string(mapping).map_err(|error| Error::bug("mapping as JSON", error))?;
    let row = MappingRow {
        source: source.to_owned(),
        entity: mapping.entity.as_str().into(),
        header_key,
        spec_json,
        updated_at: ctx.now(),
    };
    Ok(ctx.store().put_mapping(row).await?)
}

/// The report of a file that was loaded before: every row is a duplicate.
fn repeated(earlier: &BatchRow, looked: &Looked) -> Result<LoadReport> {
    let json = earlier.report_json.as_deref().unwrap_or("{}");
    let mut report: LoadReport = serde_json::from_str(json).map_err(|error| Error::bug("an earlier report", error))?;
    report.file = looked.file_name.clone();
    report.rows_duplicate = report.rows_read;
    report.rows_loaded = 0;
    report.rows_quarantined = 0;
    report.rules.clear();
    report.rules_by_column.clear();
    report.reasons.clear();
    report.rules.insert("duplicate_file".into(), report.rows_read);
    report.notes_en = vec![format!("this file was loaded before as {}; nothing was loaded again", report.batch_id)];
    report.notes_zh = vec![format!("这个文件已经载入过（{}），本次没有重复载入", report.batch_id)];
    Ok(report)
}

/// A fingerprint of the file's bytes and of how they are read.
fn content_hash(open: &OpenFile, looked: &Looked) -> Result<[u8; 16]> {
    let mut hasher = Xxh3::new();
    let mut input = open()?;
    let mut block = vec![0; 1 << 20];
    loop {
        let n = input.read(&mut block).map_err(|error| Error::io("read", Path::new(&looked.file_name), error))?;
        if n == 0 {
            break;
        }
        hasher.update(&block[..n]);
    }
    let mapping = serde_json::to_string(&looked.mapping).map_err(|error| Error::bug("mapping as JSON", error))?;
    hasher.update(mapping.as_bytes());
    hasher.update(looked.sniffed.sheet.as_deref().unwrap_or_default().as_bytes());
    Ok(hasher.digest128().to_le_bytes())
}

/// A file of this machine.
pub fn file_at(path: &Path) -> OpenFile {
    let path = path.to_owned();
    Arc::new(move || Input::path(&path).map_err(|error| read_error(&path.display().to_string(), &error)))
}

/// A file in memory.
pub fn file_of(name: &str, bytes: impl AsRef<[u8]> + Clone + Send + Sync + 'static) -> OpenFile {
    let name = name.to_owned();
    Arc::new(move || {
        let n_bytes = bytes.as_ref().len() as u64;
        Ok(Input::reader(&name, n_bytes, Box::new(std::io::Cursor::new(bytes.clone()))))
    })
}

/// A failure to read, with the name of the file.
pub(crate) fn read_error(file: &str, error: &read::Error) -> Error {
    let code = match error {
        read::Error::ZipBomb { .. } | read::Error::TooLarge { .. } | read::Error::TooManyColumns { .. } => {
            ErrorCode::TooLarge
        }
        read::Error::NotText { .. } | read::Error::Unsupported { .. } => ErrorCode::UnsupportedFile,
        _ => ErrorCode::UnreadableFile,
    };
    Error::new(code, format!("{file}: {error}"), format!("{file}：{}", error.help_zh()))
}

/// Completes loads that were committed, and removes what is left of those that were not.
///
/// **Errors**: when state or lake cannot be read or written.
pub(crate) async fn recover(ctx: &Ctx) -> Result<()> {
    if ctx.store().unfinished_batches().await?.is_empty() {
        return Ok(());
    }
    // A writer that is alive looks after its own load.
    match ctx.try_write_lock()? {
        Some(_guard) => recover_locked(ctx).await,
        None => Ok(()),
    }
}

/// As [`recover`], for batches of the event log too; the caller holds the write lock. Whoever changes files of the lake calls
/// it first: what was committed and is not shown yet names files to hide, which must still be there to be hidden.
pub(crate) async fn recover_locked(ctx: &Ctx) -> Result<()> {
    crate::ingest::recover_locked(ctx).await?;
    for batch in ctx.store().unfinished_batches().await? {
        match batch.status {
            BatchStatus::Prepared => {
                tracing::info!(batch_id = %BatchId::new(batch.batch_id), "completing a load that was interrupted");
                show(ctx, &batch).await?;
            }
            _ => {
                tracing::info!(batch_id = %BatchId::new(batch.batch_id), "removing a load that was interrupted");
                ctx.lake().unstage(batch.batch_id).await?;
                let why = "interrupted before it was committed; nothing of it was loaded, run it again";
                ctx.store().fail_batch(batch.batch_id, why, ctx.now()).await?;
            }
        }
    }
    Ok(())
}

/// Shows the staged files of a committed load.
async fn show(ctx: &Ctx, batch: &BatchRow) -> Result<()> {
    let plan = batch.plan_json.as_deref().unwrap_or("{}");
    let plan: work::Plan = serde_json::from_str(plan).map_err(|error| Error::bug("the plan of a load", error))?;
    ctx.step("import.publish")?;
    publish(ctx, batch.batch_id, &plan.publication).await?;
    ctx.step("import.published")?;
    let report = serde_json::to_string(&plan.report).map_err(|error| Error::bug("report as JSON", error))?;
    let counts = work::counts(&plan.report);
    ctx.store().finish_batch(batch.batch_id, counts, Some(plan.report.quality.score), &report, ctx.now()).await?;
    Ok(())
}

pub(crate) async fn publish(ctx: &Ctx, batch_id: i64, publication: &Publication) -> Result<()> {
    ctx.lake().publish(batch_id, publication).await?;
    ctx.refresh_overrides().await
}

/// A page of loads, newest first.
#[boxed]
pub async fn list(ctx: &Ctx, limit: usize, before: Option<(i64, i64)>) -> Result<Vec<BatchRow>> {
    Ok(ctx.store().list_batches(limit, before).await?)
}

/// One load with its report, once it has one.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn report(ctx: &Ctx, batch_id: BatchId) -> Result<(BatchRow, Option<LoadReport>)> {
    let batch = ctx.store().batch(batch_id.get()).await?.ok_or_else(|| Error::not_found("load", "批次"))?;
    let report = batch.report_json.as_deref().and_then(|json| serde_json::from_str(json).ok());
    Ok((batch, report))
}
