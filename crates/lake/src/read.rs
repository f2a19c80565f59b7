//! Readers of `zhike import`: from the bytes of a file to rows of text cells.
//!
//! Owns finding out what a file is (format, compression, encoding, delimiter, sheet, header) and streaming its rows.
//! Must not know what a column means: that is decided by `zhike_domain::import`.
//!
//! Invariants:
//! - INV-READ-1: memory is bounded by [`Limits`] whatever the file says; no input panics.
//! - INV-READ-2: every record of the file ends up in exactly one of: the header and the preamble, a row of a batch, a
//!   [`BadRow`], [`SkippedLines`], or a blank line.
//! - INV-READ-3: what is read does not depend on how the bytes arrive (short reads, compression).

use zhike_domain::clean::rule::Reason;
pub use zhike_domain::import::entity::Entity;
pub use zhike_domain::import::layout::Encoding;
use zhike_domain::raw::RawBatch;

#[cfg(test)]
mod corpus;
#[cfg(test)]
mod damage;
mod decode;
mod delimited;
mod error;
mod input;
mod json;
mod json_lines;
#[cfg(test)]
mod laws;
mod parquet;
mod record;
mod sniff;
mod table;
#[cfg(test)]
mod tests;
mod workbook;
mod xls_size;
mod zip;

pub use error::Error;
pub use input::{Input, ReadSeek};
pub use sniff::sniff;

use table::Table;

/// What the caller knows or demands about a file; what is absent is found out.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Encoding of the text.
    pub encoding: Option<Encoding>,
    /// Byte between the cells of a line.
    pub delimiter: Option<u8>,
    /// Sheet of a workbook, or file inside a zip archive.
    pub sheet: Option<String>,
    /// What the rows are; helps to find the header.
    pub entity: Option<Entity>,
    /// Bounds of what is read.
    pub limits: Limits,
}

/// Bounds that keep a hostile or broken file from taking the machine down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Longest cell; a longer one makes its row a [`BadRow`].
    pub max_cell_bytes: usize,
    /// Longest row; a longer one is skipped to its end and becomes a [`BadRow`].
    pub max_row_bytes: usize,
    /// Most columns of a header.
    pub max_columns: usize,
    /// Most bytes that the parts of a workbook may inflate to in all.
    pub max_sheet_bytes: u64,
    /// Largest ratio of inflated to stored bytes for a part of a workbook over 10 MiB.
    pub max_ratio: u64,
    /// Largest workbook of the old binary form (`.xls`), which is read whole.
    pub max_xls_bytes: u64,
    /// Most cells, empty ones included, of a sheet of the old binary form.
    pub max_xls_cells: u64,
    /// Most bytes of a workbook or Parquet file that is compressed as a whole and so must be inflated in memory.
    pub max_in_memory_bytes: u64,
    /// Bytes of text after which a batch is handed over even if it has fewer rows than asked for.
    pub max_batch_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        const MIB: usize = 1 << 20;
        Self {
            max_cell_bytes: MIB,
            max_row_bytes: 8 * MIB,
            max_columns: 4096,
            max_sheet_bytes: 512 << 20,
            max_ratio: 200,
            max_xls_bytes: 128 << 20,
            max_xls_cells: 16 << 20,
            max_in_memory_bytes: 256 << 20,
            max_batch_bytes: 64 * MIB,
        }
    }
}

/// How the rows are laid down in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Lines of cells: CSV, TSV and their kin.
    Delimited,
    /// Excel, `.xlsx` or `.xls`.
    Workbook,
    /// JSON objects, one a line or as one array.
    JsonLines,
    /// Parquet.
    Parquet,
}

impl Format {
    /// Name in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delimited => "delimited",
            Self::Workbook => "workbook",
            Self::JsonLines => "json_lines",
            Self::Parquet => "parquet",
        }
    }
}

/// What a first look at a file has found; [`open`] reads on from here.
///
/// **Shape**: every row of `sample` is as long as `header`; a cell is `None` when the file did not have it.
#[derive(Clone, Debug)]
pub struct Sniffed {
    /// How the rows are laid down.
    pub format: Format,
    /// Whether the file is compressed with gzip.
    pub is_gzip: bool,
    /// Encoding of the text; `None` where the format fixes it.
    pub encoding: Option<Encoding>,
    /// Byte between the cells of a line.
    pub delimiter: Option<u8>,
    /// The sheet, or the file inside a zip archive, that is read.
    pub sheet: Option<String>,
    /// Further sheets or archived files that hold a table: look at each with [`ReadOptions::sheet`].
    pub other_sheets: Vec<String>,
    /// Sheets or archived files without a table, and why.
    pub skipped_sheets: Vec<(String, String)>,
    /// Names of the columns.
    pub header: Vec<String>,
    /// Records before the header; 0 for formats without a header line.
    pub header_row: usize,
    /// Records that the header takes; 0 for formats without a header line.
    pub n_header_rows: usize,
    /// What the rows are, if that could be told.
    pub entity: Option<Entity>,
    /// The first rows after the header, at most 200.
    pub sample: Vec<Vec<Option<String>>>,
    /// Size of the file as it is stored.
    pub n_bytes: u64,
    plan: sniff::Plan,
}

impl Sniffed {
    /// Whether there is a header but no row after it.
    pub fn is_header_only(&self) -> bool {
        self.sample.is_empty() && self.plan.is_whole
    }
}

/// A row that cannot be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Position in the file, as [`RawBatch::row_no`].
    pub row_no: u64,
    /// Why: ragged, undecodable or too long.
    pub reason: Reason,
    /// What exactly, in English, without any of the row's content.
    pub detail: String,
    /// The row as text (its beginning, when it is too long), to be sealed in quarantine.
    pub text: String,
}

/// Lines after the header that are no rows: separators, totals, footers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SkippedLines {
    /// How many.
    pub count: u64,
    /// Position and text of the first 20.
    pub first: Vec<(u64, String)>,
}

/// What was noticed on the way and changed no row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes {
    /// Rows with fewer cells than the header; the missing ones are at the end.
    pub n_short_rows: u64,
    /// Keys of JSON objects that are no columns because none of the first 1,000 objects had them, and how often each
    /// was met; at most 100.
    pub unknown_keys: Vec<(String, u64)>,
    /// Encoding found at this row, when all text before it was ASCII.
    pub encoding_found: Option<(u64, Encoding)>,
    /// Whether quotes stopped spanning lines because too many of them were never closed.
    pub quotes_end_at_line: bool,
}

/// Streams the rows of a file, see [`open`].
pub struct RowReader {
    table: Table,
    rows: Rows,
    failed: Option<Error>,
    is_done: bool,
}

enum Rows {
    Delimited(Box<delimited::Delimited<'static>>),
    Workbook(workbook::SheetRows),
    Json(Box<json_lines::JsonLines<'static>>),
    Parquet(Box<parquet::ParquetRows>),
}

/// Streams the rows after the header.
///
/// **Errors**: as [`sniff`]; the file must be the one looked at.
pub fn open(mut input: Input, sniffed: &Sniffed, options: &ReadOptions) -> Result<RowReader, Error> {
    let limits = &options.limits;
    input.rewind()?;
    let mut table = Table::new(sniffed.header.len(), limits);
    let rows = match sniffed.format {
        Format::Delimited => {
            let name = input.name().to_owned();
            let rows = delimited::Delimited::open(input.into_source(), &name, sniffed, limits)?;
            Rows::Delimited(Box::new(rows))
        }
        Format::JsonLines => {
            let name = input.name().to_owned();
            Rows::Json(Box::new(json_lines::JsonLines::open(input.into_source(), &name, sniffed, limits)?))
        }
        Format::Workbook => Rows::Workbook(workbook::SheetRows::open(input, sniffed, limits)?),
        Format::Parquet => Rows::Parquet(Box::new(parquet::ParquetRows::open(input, sniffed, limits)?)),
    };
    if matches!(rows, Rows::Parquet(_) | Rows::Json(_)) {
        table.take_all_as_rows();
    }
    Ok(RowReader { table, rows, failed: None, is_done: false })
}

impl RowReader {
    /// The next rows, `None` at the end; a batch may be shorter than `max_rows`, even empty, before the end.
    ///
    /// Rows that precede a failure are handed over before it is returned.
    ///
    /// **Errors**: the file cannot be read on; further calls give `None`.
    pub fn next_batch(&mut self, max_rows: usize) -> Result<Option<RawBatch>, Error> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        while !self.is_done && !self.table.is_full(max_rows) {
            let more = match &mut self.rows {
                Rows::Delimited(rows) => rows.pull(&mut self.table, max_rows),
                Rows::Workbook(rows) => rows.pull(&mut self.table, max_rows),
                Rows::Json(rows) => rows.pull(&mut self.table, max_rows),
                Rows::Parquet(rows) => rows.pull(&mut self.table, max_rows),
            };
            match more {
                Ok(true) => {}
                Ok(false) => {
                    self.table.finish();
                    self.is_done = true;
                }
                Err(error) => {
                    self.table.release_held();
                    self.is_done = true;
                    if self.table.n_rows() == 0 {
                        return Err(error);
                    }
                    self.failed = Some(error);
                }
            }
        }
        if self.is_done && self.table.n_rows() == 0 {
            return Ok(None);
        }
        Ok(Some(self.table.take(max_rows)))
    }

    /// How far reading has come: (done, total), in stored bytes, for a workbook or Parquet in rows.
    pub fn progress(&self) -> (u64, u64) {
        match &self.rows {
            Rows::Delimited(rows) => rows.progress(),
            Rows::Workbook(rows) => rows.progress(),
            Rows::Json(rows) => rows.progress(),
            Rows::Parquet(rows) => rows.progress(),
        }
    }

    /// Lines that were no rows, so far.
    pub fn skipped(&self) -> &SkippedLines {
        &self.table.skipped
    }

    /// What was noticed, so far.
    pub fn notes(&self) -> &Notes {
        &self.table.notes
    }

    /// Hands over the bad rows met since the last call. Call it after every [`RowReader::next_batch`], the last
    /// included: a batch ends early when many bad rows have piled up.
    pub fn take_bad_rows(&mut self) -> Vec<BadRow> {
        self.table.take_bad_rows()
    }
}
