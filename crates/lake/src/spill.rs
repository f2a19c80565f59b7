//! Rows of a load on their way, in temporary files: too many for memory, not yet anybody's to see.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use datafusion::parquet::basic::Compression;
use zhike_domain::frame::Frame;

use crate::background::Background;
use crate::provider::{FileTable, ScanFile};
use crate::stage::write_error;
use crate::{Error, Lake, convert};

/// Rows gathered before a file is written.
const FILE_ROWS: usize = 1 << 18;
/// Rows read at a time.
const READ_ROWS: usize = 1 << 15;

/// A temporary table; its files go when it is dropped, or at the next start after a crash.
pub struct Spill {
    folder: PathBuf,
    schema: Option<SchemaRef>,
    pending: Vec<RecordBatch>,
    n_pending: usize,
    n_rows: u64,
    n_files: usize,
    writing: Background<ScanFile>,
    files: Vec<ScanFile>,
}

impl Lake {
    /// Starts a temporary table.
    ///
    /// **Errors**: when its folder cannot be made.
    pub fn spill(&self, name: &str) -> Result<Spill, Error> {
        let folder = self.root.with_file_name("spill").join(name);
        std::fs::create_dir_all(&folder).map_err(|error| Error::io("make", &folder, error))?;
        Ok(Spill {
            folder,
            schema: None,
            pending: Vec::new(),
            n_pending: 0,
            n_rows: 0,
            n_files: 0,
            writing: Background::default(),
            files: Vec::new(),
        })
    }
}

impl Spill {
    /// Adds rows; every frame has the columns of the first.
    pub fn push(&mut self, frame: Frame) -> Result<(), Error> {
        if frame.n_rows() == 0 && self.schema.is_some() {
            return Ok(());
        }
        let batch = match &self.schema {
            Some(schema) => convert::to_batch(frame, schema)?,
            None => convert::to_own_batch(frame)?,
        };
        self.schema.get_or_insert_with(|| batch.schema());
        self.n_rows += batch.num_rows() as u64;
        self.n_pending += batch.num_rows();
        self.pending.push(batch);
        if self.n_pending >= FILE_ROWS { self.flush() } else { Ok(()) }
    }

    /// Names of the columns; none before the first rows.
    pub(crate) fn column_names(&self) -> Vec<String> {
        let names = self.schema.iter().flat_map(|schema| schema.fields().iter().map(|field| field.name().clone()));
        names.collect()
    }

    /// Number of rows so far.
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// Hands the rows in memory to a thread that writes them to a file.
    fn flush(&mut self) -> Result<(), Error> {
        let Some(schema) = self.schema.clone() else { return Ok(()) };
        self.wait()?;
        let path = file_path(&self.folder, self.n_files);
        let batches = std::mem::take(&mut self.pending);
        self.n_files += 1;
        self.n_pending = 0;
        self.writing.start("spill", move || write(&path, &schema, &batches))
    }

    /// Waits for the file that is being written.
    fn wait(&mut self) -> Result<(), Error> {
        self.files.extend(self.writing.wait()?);
        Ok(())
    }

    /// Everything that does not fit in memory is in files when it returns.
    fn settle(&mut self) -> Result<(), Error> {
        if self.n_files > 0 && self.n_pending > 0 {
            self.flush()?;
        }
        self.wait()
    }

    /// The rows, in the order in which they were pushed.
    ///
    /// **Errors**: when the rest cannot be written.
    pub fn rows(&mut self) -> Result<SpillRows<'_>, Error> {
        self.settle()?;
        let (n_files, pending) = (self.files.len(), self.pending.iter());
        Ok(SpillRows { folder: &self.folder, n_files, next_file: 0, open: None, pending })
    }

    /// The rows as a table of the engine: those already in files and those still in memory.
    pub(crate) fn provider(&mut self) -> Result<Option<Arc<dyn TableProvider>>, Error> {
        let Some(schema) = self.schema.clone() else { return Ok(None) };
        self.settle()?;
        if self.files.is_empty() {
            let table = datafusion::datasource::MemTable::try_new(schema, vec![self.pending.clone()])?;
            return Ok(Some(Arc::new(table)));
        }
        Ok(Some(Arc::new(FileTable::new(schema, None, self.files.clone()))))
    }
}

fn write(path: &Path, schema: &SchemaRef, batches: &[RecordBatch]) -> Result<ScanFile, Error> {
    let file = std::fs::File::create(path).map_err(|error| Error::io("make", path, error))?;
    let properties = crate::stage::properties(schema, Compression::LZ4_RAW).set_dictionary_enabled(false).build();
    let mut writer = ArrowWriter::try_new(&file, schema.clone(), Some(properties))?;
    for batch in batches {
        writer.write(batch).map_err(|error| write_error(path, error))?;
    }
    writer.close().map_err(|error| write_error(path, error))?;
    let n_rows = batches.iter().map(RecordBatch::num_rows).sum();
    let size = file.metadata().map_err(|error| Error::io("read", path, error))?.len();
    Ok(ScanFile::new(path, size)?.with_rows(schema, n_rows))
}

fn file_path(folder: &Path, number: usize) -> PathBuf {
    folder.join(format!("{number:05}.parquet"))
}

/// The rows of a temporary table, some thousand at a time.
pub struct SpillRows<'a> {
    folder: &'a Path,
    n_files: usize,
    next_file: usize,
    open: Option<ParquetRecordBatchReader>,
    pending: std::slice::Iter<'a, RecordBatch>,
}

impl SpillRows<'_> {
    /// The next rows; `None` at the end.
    ///
    /// **Errors**: when a file cannot be read.
    #[expect(
        clippy::should_implement_trait,
        reason = "an error in between is not the end, as an iterator would have it"
    )]
    pub fn next(&mut self) -> Result<Option<Frame>, Error> {
        loop {
            if let Some(batch) = self.open.as_mut().and_then(Iterator::next) {
                return convert::to_frame(&batch?).map(Some);
            }
            if self.next_file == self.n_files {
                return self.pending.next().map(convert::to_frame).transpose();
            }
            let path = file_path(self.folder, self.next_file);
            let file = std::fs::File::open(&path).map_err(|error| Error::io("open", &path, error))?;
            let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.with_batch_size(READ_ROWS).build()?;
            self.open = Some(reader);
            self.next_file += 1;
        }
    }
}

impl Drop for Spill {
    fn drop(&mut self) {
        let _ = self.wait();
        // The folder is swept at the next start if it cannot be removed now.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// Removes what a crash left behind. Folders of loads that run in another process are younger than a day and stay.
pub(crate) fn sweep(folder: &Path) -> Result<(), Error> {
    std::fs::create_dir_all(folder).map_err(|error| Error::io("make", folder, error))?;
    let entries = std::fs::read_dir(folder).map_err(|error| Error::io("list", folder, error))?;
    for entry in entries.flatten() {
        let is_old = entry
            .metadata()
            .and_then(|meta| meta.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age.as_secs() > 24 * 3600));
        if is_old {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
