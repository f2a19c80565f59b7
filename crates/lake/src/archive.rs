//! Rows that are about to go, kept in a file elsewhere; and read back without whoever was erased since.

use std::fs::File;
use std::path::Path;

use datafusion::arrow::array::{BooleanArray, RecordBatch};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use zhike_domain::erasure::{Erased, Fate};

use crate::erase::{keys_of, read_columns};
use crate::find::{open_file, with_partition};
use crate::query::time_column;
use crate::stage::{properties, write_error};
use crate::{Error, Lake, boxed, convert};

impl Lake {
    /// Writes the rows of a table that are from before an instant to a new Parquet file, as the table has them; how many.
    /// Without such rows there is no file.
    ///
    /// **Errors**: when a file cannot be read or written, or is damaged.
    #[boxed]
    pub async fn write_rows_before(&self, table: &str, before: i64, to: &Path) -> Result<u64, Error> {
        let Some(version) = self.version(table).await? else { return Ok(0) };
        let (spec, root) = self.table_root(table)?;
        let Some(time) = time_column(spec) else { return Ok(0) };
        let schema = convert::arrow_schema(spec)?;
        let mut out = Out::new(to);
        for file in version.files.iter().filter(|file| file.smallest(time).is_none_or(|first| first < before)) {
            let is_old = |[_, _, at]: &[Option<i64>; 3]| at.is_some_and(|at| at < before);
            let mut n_old = 0;
            for batch in open_file(root, file, Some(&read_columns(spec)))? {
                n_old += keys_of(spec, &batch?)?.iter().filter(|keys| is_old(keys)).count();
            }
            if n_old == 0 {
                continue;
            }
            crate::check::verify(table, root, &file.path)?;
            for batch in open_file(root, file, None)? {
                let batch = with_partition(spec, file, &schema, &batch?)?;
                let stays = keys_of(spec, &batch)?.iter().map(|keys| Some(is_old(keys))).collect();
                out.write(&batch, &stays)?;
            }
        }
        out.finish()
    }

    /// Copies a file of [`Lake::write_rows_before`] without the rows of erased people; rows copied and left out.
    ///
    /// **Errors**: when a file cannot be read or written, or is none of this table.
    #[boxed]
    pub async fn copy_rows(&self, table: &str, from: &Path, to: &Path, erased: &Erased) -> Result<(u64, u64), Error> {
        let (spec, _) = self.table_root(table)?;
        let opened = File::open(from).map_err(|error| Error::io("open", from, error))?;
        let mut out = Out::new(to);
        let mut n_left_out = 0;
        for batch in ParquetRecordBatchReaderBuilder::try_new(opened)?.build()? {
            let batch = batch?;
            let stays: BooleanArray = keys_of(spec, &batch)?
                .iter()
                .map(|[profile, identity, at]| Some(!matches!(erased.fate(*profile, *identity, *at), Fate::Goes(_))))
                .collect();
            n_left_out += stays.iter().filter(|stays| *stays == Some(false)).count() as u64;
            out.write(&batch, &stays)?;
        }
        Ok((out.finish()?, n_left_out))
    }
}

/// A Parquet file that begins with its first row.
struct Out<'a> {
    path: &'a Path,
    writer: Option<ArrowWriter<File>>,
    n_rows: u64,
}

impl<'a> Out<'a> {
    const fn new(path: &'a Path) -> Self {
        Self { path, writer: None, n_rows: 0 }
    }

    fn write(&mut self, batch: &RecordBatch, stays: &BooleanArray) -> Result<(), Error> {
        let rows = filter_record_batch(batch, stays)?;
        if rows.num_rows() == 0 {
            return Ok(());
        }
        self.n_rows += rows.num_rows() as u64;
        let writer = match &mut self.writer {
            Some(writer) => writer,
            none => none.insert(Self::begin(self.path, rows.schema())?),
        };
        writer.write(&rows).map_err(|error| write_error(self.path, error))
    }

    fn begin(path: &Path, schema: SchemaRef) -> Result<ArrowWriter<File>, Error> {
        let file =
            File::options().write(true).create_new(true).open(path).map_err(|error| Error::io("make", path, error))?;
        let properties = properties(&schema, Compression::ZSTD(ZstdLevel::default())).build();
        Ok(ArrowWriter::try_new(file, schema, Some(properties))?)
    }

    fn finish(self) -> Result<u64, Error> {
        if let Some(writer) = self.writer {
            let file = writer.into_inner().map_err(|error| write_error(self.path, error))?;
            file.sync_all().map_err(|error| Error::io("sync", self.path, error))?;
        }
        Ok(self.n_rows)
    }
}
