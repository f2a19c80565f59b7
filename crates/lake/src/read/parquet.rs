//! Parquet files: every column as text.

use std::io::{self, Read, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BinaryViewArray, StringArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Field, Float32Type, Float64Type, Schema};
use datafusion::arrow::json::writer::{EncoderOptions, make_encoder};
use datafusion::arrow::record_batch::RecordBatch;
use datafusion::parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder,
};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::reader::{ChunkReader, Length};
use zhike_domain::frame::TextColumn;
use zhike_domain::raw::RawBatch;

use super::input::{Input, ReadSeek};
use super::table::Table;
use super::workbook::{guarded, write_number};
use super::{Error, Limits, Sniffed};

const BATCH_ROWS: usize = 4096;

/// The rows of a Parquet file.
pub(super) struct ParquetRows {
    reader: ParquetRecordBatchReader,
    columns: Vec<Cells>,
    n_rows: usize,
    at: usize,
    row_no: u64,
    n_total: u64,
}

/// The cells of one column of a batch.
enum Cells {
    View(StringViewArray),
    Text(StringArray),
    Own(TextColumn),
    Missing,
}

impl Cells {
    #[inline]
    fn get(&self, row: usize) -> Option<&str> {
        match self {
            Self::View(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Text(array) => array.is_valid(row).then(|| array.value(row)),
            Self::Own(column) => column.get(row),
            Self::Missing => None,
        }
    }
}

fn corrupt(row: Option<u64>, error: impl std::fmt::Display) -> Error {
    let detail = error.to_string();
    Error::Corrupt {
        row,
        detail: format!("the Parquet data cannot be read ({})", detail.lines().next().unwrap_or_default()),
    }
}

impl ParquetRows {
    pub(super) fn open(mut input: Input, sniffed: &Sniffed, limits: &Limits) -> Result<Self, Error> {
        input.rewind()?;
        if sniffed.is_gzip {
            input = input.inflated(limits.max_in_memory_bytes)?;
        }
        Self::read(Shared::new(input.n_bytes(), input.into_source())).map(|(rows, _)| rows)
    }

    /// Opens a file and says the names of its columns.
    fn read(file: Shared) -> Result<(Self, Vec<String>), Error> {
        guarded(|| {
            let options = ArrowReaderOptions::new();
            let metadata = ArrowReaderMetadata::load(&file, options.clone()).map_err(|error| corrupt(None, error))?;
            let names = metadata.schema().fields().iter().map(|field| field.name().clone()).collect();
            let options = options.with_schema(Arc::new(viewed(metadata.schema())));
            let metadata = ArrowReaderMetadata::try_new(Arc::clone(metadata.metadata()), options)
                .map_err(|error| corrupt(None, error))?;
            let n_total = u64::try_from(metadata.metadata().file_metadata().num_rows()).unwrap_or(0);
            let builder =
                ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata).with_batch_size(BATCH_ROWS);
            let reader = builder.build().map_err(|error| corrupt(None, error))?;
            Ok((Self { reader, columns: Vec::new(), n_rows: 0, at: 0, row_no: 0, n_total }, names))
        })
    }

    /// Adds rows to the table until it is full; false at the end.
    pub(super) fn pull(&mut self, table: &mut Table, max_rows: usize) -> Result<bool, Error> {
        while !table.is_full(max_rows) {
            if self.at == self.n_rows {
                let row = Some(self.row_no);
                let next = guarded(|| match self.reader.next() {
                    None => Ok(None),
                    Some(Err(error)) => Err(corrupt(row, error)),
                    Some(Ok(batch)) => Ok(Some((to_cells(&batch)?, batch.num_rows()))),
                });
                match next.map_err(|error| match error {
                    Error::Corrupt { detail, .. } => Error::Corrupt { row, detail },
                    other => other,
                })? {
                    None => return Ok(false),
                    Some((columns, n_rows)) => (self.columns, self.n_rows, self.at) = (columns, n_rows, 0),
                }
                continue;
            }
            let at = self.at;
            self.at += 1;
            self.row_no += 1;
            let lengths = self.columns.iter().map(|column| column.get(at).map_or(0, str::len));
            let (longest, n_bytes) = lengths.fold((0, 0), |(longest, sum), n| (n.max(longest), n + sum));
            if longest > table.max_cell_bytes() {
                let text = self.columns.iter().map(|column| super::delimited::clip(column.get(at).unwrap_or(""), 1024));
                table.reject_long(self.row_no, &text.collect::<Vec<_>>().join("\t"));
                continue;
            }
            let columns = &self.columns;
            table.push_cells(self.row_no, n_bytes, |column| columns[column].get(at));
        }
        Ok(true)
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.row_no, self.n_total.max(self.row_no))
    }
}

/// Names of the columns, the first rows, and whether these are all.
pub(super) fn head(input: &mut Input, n: usize, limits: &Limits) -> Result<(Vec<String>, RawBatch, bool), Error> {
    let shared = Shared::new(input.n_bytes(), input.lend());
    let result = first_rows(shared.clone(), n, limits);
    input.put_back(shared.into_source());
    result
}

fn first_rows(file: Shared, n: usize, limits: &Limits) -> Result<(Vec<String>, RawBatch, bool), Error> {
    let (mut rows, names) = ParquetRows::read(file)?;
    if names.len() > limits.max_columns {
        return Err(Error::TooManyColumns { n: names.len(), limit: limits.max_columns });
    }
    let mut table = Table::new(names.len(), limits);
    let has_more = rows.pull(&mut table, n)?;
    Ok((names, table.take(n), !has_more))
}

/// A source that the Parquet library reads from any place.
#[derive(Clone)]
struct Shared {
    n_bytes: u64,
    source: Arc<Mutex<Box<dyn ReadSeek + Send>>>,
}

impl Shared {
    fn new(n_bytes: u64, source: Box<dyn ReadSeek + Send>) -> Self {
        Self { n_bytes, source: Arc::new(Mutex::new(source)) }
    }

    fn read_at(&self, start: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        source.seek(SeekFrom::Start(start))?;
        source.read(buffer)
    }

    fn into_source(self) -> Box<dyn ReadSeek + Send> {
        let mut source = self.source.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *source, Box::new(io::empty()))
    }
}

impl Length for Shared {
    fn len(&self) -> u64 {
        self.n_bytes
    }
}

impl ChunkReader for Shared {
    type T = io::BufReader<Cursor>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(io::BufReader::new(Cursor { file: self.clone(), at: start }))
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        if start.saturating_add(length as u64) > self.n_bytes {
            return Err(ParquetError::EOF("a column ends beyond the file".to_owned()));
        }
        let mut bytes = Vec::with_capacity(length);
        Cursor { file: self.clone(), at: start }.take(length as u64).read_to_end(&mut bytes)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF("a column ends beyond the file".to_owned()));
        }
        Ok(bytes.into())
    }
}

/// Reads on from a place.
struct Cursor {
    file: Shared,
    at: u64,
}

impl Read for Cursor {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.file.read_at(self.at, buffer)?;
        self.at += n as u64;
        Ok(n)
    }
}

/// As the schema, but with texts that refer to the pages they stand in: a long text that occurs on many rows is held
/// once.
fn viewed(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8 | DataType::LargeUtf8 => field.as_ref().clone().with_data_type(DataType::Utf8View),
        DataType::Binary | DataType::LargeBinary => field.as_ref().clone().with_data_type(DataType::BinaryView),
        _ => field.as_ref().clone(),
    });
    Schema::new_with_metadata(fields.collect::<Vec<Field>>(), schema.metadata().clone())
}

fn to_cells(batch: &RecordBatch) -> Result<Vec<Cells>, Error> {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    columns.map(|(field, array)| cells(field, array)).collect()
}

fn cells(field: &Arc<Field>, array: &ArrayRef) -> Result<Cells, Error> {
    let unreadable = |error| {
        let (name, kind) = (field.name(), field.data_type());
        let what = format!("column {name:?} of type {kind} ({error})");
        Error::unsupported(&what, &format!("类型为 {kind} 的列“{name}”"), "export it as text", "请把该列导出为文本。")
    };
    let text =
        |array: &ArrayRef| cast(array, &DataType::Utf8).map(|array| Cells::Text(array.as_string::<i32>().clone()));
    match array.data_type() {
        DataType::Null => Ok(Cells::Missing),
        DataType::Utf8View => Ok(Cells::View(array.as_string_view().clone())),
        DataType::BinaryView => Ok(Cells::Own(binary(array.as_binary_view()))),
        DataType::Float32 => {
            let array = array.as_primitive::<Float32Type>();
            // By way of its shortest text, so that 0.1 stays 0.1.
            Ok(Cells::Own(numbers(
                array.iter().map(|number| number.and_then(|number| number.to_string().parse().ok())),
                16_777_216.0,
            )))
        }
        DataType::Float64 => {
            Ok(Cells::Own(numbers(array.as_primitive::<Float64Type>().iter(), 9_007_199_254_740_992.0)))
        }
        DataType::Timestamp(unit, Some(_)) => cast(array, &DataType::Timestamp(*unit, Some("UTC".into())))
            .and_then(|array| text(&array))
            .map_err(unreadable),
        kind if kind.is_nested() => {
            let options = EncoderOptions::default();
            let mut encoder = make_encoder(field, array, &options).map_err(unreadable)?;
            let mut column = TextColumn::with_capacity(array.len(), array.len() * 32);
            let mut json = Vec::new();
            for row in 0..array.len() {
                if array.is_null(row) {
                    column.push(None);
                    continue;
                }
                json.clear();
                encoder.encode(row, &mut json);
                column.push(Some(&String::from_utf8_lossy(&json)));
            }
            Ok(Cells::Own(column))
        }
        DataType::Dictionary(_, value) if !matches!(**value, DataType::Utf8) => {
            let plain = cast(array, value).map_err(unreadable)?;
            let field = Arc::new(field.as_ref().clone().with_data_type(value.as_ref().clone()));
            cells(&field, &plain)
        }
        DataType::FixedSizeBinary(_) | DataType::Binary | DataType::LargeBinary => {
            let views = cast(array, &DataType::BinaryView).map_err(unreadable)?;
            Ok(Cells::Own(binary(views.as_binary_view())))
        }
        _ => text(array).map_err(unreadable),
    }
}

fn numbers(values: impl Iterator<Item = Option<f64>>, exact_below: f64) -> TextColumn {
    let mut column = TextColumn::default();
    let mut text = String::new();
    for value in values {
        text.clear();
        let value = value.filter(|value| value.is_finite());
        if let Some(value) = value {
            write_number(value, exact_below, &mut text);
        }
        column.push(value.map(|_| text.as_str()));
    }
    column
}

/// Bytes that are text as text, others in hexadecimal digits.
fn binary(array: &BinaryViewArray) -> TextColumn {
    let mut column = TextColumn::default();
    for value in array.iter() {
        match value.map(|bytes| (std::str::from_utf8(bytes), bytes)) {
            None => column.push(None),
            Some((Ok(text), _)) => column.push(Some(text)),
            Some((Err(_), bytes)) => {
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                column.push(Some(&hex));
            }
        }
    }
    column
}
