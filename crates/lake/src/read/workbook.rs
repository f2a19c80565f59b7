//! Excel workbooks.
//!
//! A sheet is read by a thread of its own, because the library's cursor borrows the workbook; rows arrive in blocks
//! over a bounded channel. Merged cells hold their value in the first cell only.

use std::io::{BufReader, Cursor, Read, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{Data, DataRef, ExcelDateTime, Range, Reader, SheetType, SheetVisible, Xls, XlsError, Xlsx, XlsxError};

use super::delimited::clip;
use super::input::{Input, ReadSeek};
use super::record::{Place, Record, Span};
use super::table::Table;
use super::{Error, Limits, Sniffed, xls_size, zip};

const BLOCK_ROWS: usize = 4096;
const BLOCK_BYTES: usize = 1 << 20;
/// Text that a first look at a sheet takes, at most.
const HEAD_BYTES: usize = 16 << 20;

/// Which of Excel's two forms a workbook has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Xlsx,
    Xls,
}

/// Rows of a sheet, one after the other.
#[derive(Default)]
pub(super) struct Block {
    text: String,
    spans: Vec<Span>,
    rows: Vec<RowEnd>,
    /// Whether the row being built has a cell, or is in all, too long; what is too long is cut.
    is_too_long: bool,
    /// Number of the last row that the sheet declares to have.
    n_total: u64,
}

/// A finished row: its number from 1, and where its cells and its text end.
struct RowEnd {
    row_no: u64,
    spans: usize,
    text: usize,
    is_too_long: bool,
}

/// How much of a sheet is taken.
#[derive(Clone, Copy)]
struct Bounds {
    n_columns: usize,
    cell_bytes: usize,
    row_bytes: usize,
    block_rows: usize,
}

impl Bounds {
    fn new(limits: &Limits, block_rows: usize) -> Self {
        let Limits { max_columns, max_cell_bytes, max_row_bytes, .. } = *limits;
        Self { n_columns: max_columns + 1, cell_bytes: max_cell_bytes, row_bytes: max_row_bytes, block_rows }
    }
}

impl Block {
    fn add_cell(&mut self, column: usize, bounds: Bounds, write: impl FnOnce(&mut String, usize) -> Written) {
        // What lies beyond the limit is not lost but makes its row, or the header, too wide.
        let column = column.min(bounds.n_columns - 1);
        let (first, row_start) = self.rows.last().map_or((0, 0), |row| (row.spans, row.text));
        let start = self.text.len();
        let room = bounds.cell_bytes.min(bounds.row_bytes.saturating_sub(start - row_start));
        match write(&mut self.text, room) {
            Written::Nothing => return,
            Written::Whole => {}
            Written::Cut => self.is_too_long = true,
        }
        if first + column >= self.spans.len() {
            self.spans.resize(first + column + 1, Span::MISSING);
        }
        if self.text.len() > start || self.spans[first + column].place == Place::Missing {
            self.spans[first + column] = Span::text(start - row_start, self.text.len() - row_start);
        }
    }

    fn end_row(&mut self, row_no: u64) {
        let is_too_long = std::mem::take(&mut self.is_too_long);
        self.rows.push(RowEnd { row_no, spans: self.spans.len(), text: self.text.len(), is_too_long });
    }

    fn is_full(&self, bounds: Bounds) -> bool {
        self.rows.len() >= bounds.block_rows || self.text.len() >= BLOCK_BYTES || self.spans.len() >= BLOCK_BYTES
    }

    /// Row `at` of the block, its number, and whether it was cut.
    fn row(&self, at: usize) -> (u64, Record<'_>, bool) {
        let (span_start, text_start) =
            at.checked_sub(1).map_or((0, 0), |before| (self.rows[before].spans, self.rows[before].text));
        let row = &self.rows[at];
        let (text, spans) = (&self.text[text_start..row.text], &self.spans[span_start..row.spans]);
        (row.row_no, Record { text, scratch: "", spans }, row.is_too_long)
    }
}

/// A name of a sheet, and why it cannot hold a table, if so.
pub(super) struct SheetName {
    pub(super) name: String,
    pub(super) excluded: Option<&'static str>,
}

/// An open workbook.
pub(super) enum Workbook<R: Read + Seek> {
    Xlsx(Box<Xlsx<BufReader<R>>>),
    Xls(Box<Xls<Cursor<Vec<u8>>>>),
}

impl<R: Read + Seek> Workbook<R> {
    /// Opens a workbook that has been checked by [`check`].
    pub(super) fn open(mut source: R, kind: Kind) -> Result<Self, Error> {
        guarded(|| match kind {
            Kind::Xlsx => Ok(Self::Xlsx(Box::new(Xlsx::new(BufReader::new(source)).map_err(from_xlsx)?))),
            Kind::Xls => {
                let mut bytes = Vec::new();
                source.read_to_end(&mut bytes).map_err(|error| Error::from_io("the workbook", None, error))?;
                Ok(Self::Xls(Box::new(Xls::new(Cursor::new(bytes)).map_err(from_xls)?)))
            }
        })
    }

    pub(super) fn sheets(&self) -> Vec<SheetName> {
        let sheets = match self {
            Self::Xlsx(book) => book.sheets_metadata(),
            Self::Xls(book) => book.sheets_metadata(),
        };
        let named = sheets.iter().map(|sheet| SheetName {
            name: sheet.name.clone(),
            excluded: match (sheet.typ, sheet.visible) {
                (SheetType::WorkSheet | SheetType::DialogSheet, SheetVisible::Visible) => None,
                (SheetType::WorkSheet | SheetType::DialogSheet, _) => Some("it is hidden"),
                _ => Some("it holds no cells"),
            },
        });
        named.collect()
    }

    /// Hands the rows of a sheet to `take`, block by block, until it returns false.
    pub(super) fn read(
        &mut self,
        sheet: &str,
        limits: &Limits,
        block_rows: usize,
        mut take: impl FnMut(Block) -> bool,
    ) -> Result<(), Error> {
        let bounds = Bounds::new(limits, block_rows);
        guarded(|| match self {
            Self::Xlsx(book) => read_xlsx(book, sheet, bounds, &mut take),
            Self::Xls(book) => {
                let range = book.worksheet_range(sheet).map_err(from_xls)?;
                read_range(&range, bounds, &mut take);
                Ok(())
            }
        })
    }
}

fn read_xlsx<R: Read + Seek>(
    book: &mut Xlsx<R>,
    sheet: &str,
    bounds: Bounds,
    take: &mut dyn FnMut(Block) -> bool,
) -> Result<(), Error> {
    let mut cells = book.worksheet_cells_reader(sheet).map_err(from_xlsx)?;
    let n_total = u64::from(cells.dimensions().end.0) + 1;
    let mut block = Block { n_total, ..Block::default() };
    let mut row = None;
    loop {
        let cell = cells.next_cell().map_err(|error| match (row, from_xlsx(error)) {
            (Some(row), Error::Corrupt { detail, .. }) => Error::Corrupt { row: Some(u64::from(row) + 1), detail },
            (_, error) => error,
        })?;
        let at = cell.as_ref().map(|cell| cell.get_position());
        if let Some(ended) = row.filter(|&row| at.is_none_or(|at| at.0 != row)) {
            block.end_row(u64::from(ended) + 1);
            if block.is_full(bounds) {
                let full = std::mem::replace(&mut block, Block { n_total, ..Block::default() });
                if !take(full) {
                    return Ok(());
                }
            }
        }
        let (Some(cell), Some(at)) = (cell, at) else { break };
        row = Some(at.0);
        block.add_cell(at.1 as usize, bounds, |text, room| write_ref(cell.get_value(), room, text));
    }
    take(block);
    Ok(())
}

fn read_range(range: &Range<Data>, bounds: Bounds, take: &mut dyn FnMut(Block) -> bool) {
    let (first_row, first_column) = range.start().unwrap_or((0, 0));
    let n_total = range.end().map_or(0, |end| u64::from(end.0) + 1);
    let mut block = Block { n_total, ..Block::default() };
    for (row_no, row) in (u64::from(first_row) + 1..).zip(range.rows()) {
        for (column, cell) in (first_column as usize..).zip(row) {
            block.add_cell(column, bounds, |text, room| write_cell(cell, room, text));
        }
        block.end_row(row_no);
        if block.is_full(bounds) {
            let full = std::mem::replace(&mut block, Block { n_total, ..Block::default() });
            if !take(full) {
                return;
            }
        }
    }
    take(block);
}

/// What came of writing a cell as text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Written {
    /// It is empty or holds an error such as `#N/A`.
    Nothing,
    Whole,
    /// It is longer than the room there is.
    Cut,
}

fn write_text(text: &str, room: usize, out: &mut String) -> Written {
    out.push_str(clip(text, room));
    if text.len() > room { Written::Cut } else { Written::Whole }
}

fn write_ref(cell: &DataRef<'_>, room: usize, out: &mut String) -> Written {
    match cell {
        DataRef::Empty | DataRef::Error(_) => return Written::Nothing,
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => {
            return write_text(text, room, out);
        }
        DataRef::SharedString(text) => return write_text(text, room, out),
        DataRef::Int(number) => out.push_str(&number.to_string()),
        DataRef::Float(number) => write_number(*number, 1e15, out),
        DataRef::Bool(is_true) => out.push_str(if *is_true { "true" } else { "false" }),
        DataRef::DateTime(time) => write_time(time, out),
    }
    Written::Whole
}

fn write_cell(cell: &Data, room: usize, out: &mut String) -> Written {
    match cell {
        Data::Empty | Data::Error(_) => return Written::Nothing,
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => return write_text(text, room, out),
        Data::Int(number) => out.push_str(&number.to_string()),
        Data::Float(number) => write_number(*number, 1e15, out),
        Data::Bool(is_true) => out.push_str(if *is_true { "true" } else { "false" }),
        Data::DateTime(time) => write_time(time, out),
    }
    Written::Whole
}

/// Writes a number in its shortest form, of at most 15 digits where a spreadsheet shows no more.
///
/// From `exact_below` on, whole numbers may have lost their last digits: they are written as `1.23457E+18`, so that
/// cleaning sees that an id is not to be trusted.
pub(super) fn write_number(number: f64, exact_below: f64, out: &mut String) {
    use std::fmt::Write;
    let size = number.abs();
    let done = if !number.is_finite() {
        Ok(())
    } else if size >= exact_below {
        let text = format!("{number:E}");
        write!(out, "{}", text.replacen('E', "E+", 1))
    } else if size == number.trunc().abs() {
        write!(out, "{}", number as i64)
    } else {
        let shortest = number.to_string();
        let n_digits = shortest.trim_start_matches(['-', '0', '.']).bytes().filter(u8::is_ascii_digit).count();
        if n_digits <= 15 {
            out.push_str(&shortest);
            return;
        }
        let shown = format!("{number:.14e}").parse().unwrap_or(number);
        write!(out, "{shown}")
    };
    debug_assert!(done.is_ok());
}

fn write_time(time: &ExcelDateTime, out: &mut String) {
    use std::fmt::Write;
    let days = time.as_f64();
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let done = if time.is_duration() && days.is_finite() {
        let seconds = (days * 86_400.0).round() as i64;
        let sign = if seconds < 0 { "-" } else { "" };
        let size = seconds.unsigned_abs();
        write!(out, "{sign}{:02}:{:02}:{:02}", size / 3600, size / 60 % 60, size % 60)
    } else if !(0.0..2_958_466.0).contains(&days) {
        // No date at all, only formatted as one.
        write_number(days, 1e15, out);
        Ok(())
    } else if days < 1.0 {
        write!(out, "{hour:02}:{minute:02}:{second:02}")
    } else {
        write!(out, "{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    };
    debug_assert!(done.is_ok());
    if milli > 0 && milli < 999 && !time.is_duration() && (0.0..2_958_466.0).contains(&days) {
        let fraction = format!(".{milli:03}");
        out.push_str(fraction.trim_end_matches('0'));
    }
}

/// Makes sure that a workbook can be read within the limits.
pub(super) fn check(
    source: &mut (dyn ReadSeek + Send),
    kind: Kind,
    n_bytes: u64,
    name: &str,
    limits: &Limits,
) -> Result<(), Error> {
    if kind == Kind::Xlsx {
        let entries = zip::entries(source, name)?;
        return zip::check(source, &entries, name, limits);
    }
    let too_large = |limit, unit| Error::TooLarge { what: "workbook", limit, unit, remedy: "save it as .xlsx or CSV" };
    if n_bytes > limits.max_xls_bytes {
        return Err(too_large(limits.max_xls_bytes, "bytes"));
    }
    let mut bytes = Vec::new();
    let read = source.take(limits.max_xls_bytes).read_to_end(&mut bytes);
    read.map_err(|error| Error::from_io(name, None, error))?;
    if xls_size::is_encrypted_package(&bytes) {
        return Err(password());
    }
    match xls_size::measure(&bytes) {
        Some(size) if size.n_cells > limits.max_xls_cells => Err(too_large(limits.max_xls_cells, "cells")),
        Some(size) if size.text_bytes > limits.max_sheet_bytes => Err(too_large(limits.max_sheet_bytes, "bytes")),
        Some(_) => Ok(()),
        None => Err(Error::Corrupt { row: None, detail: "it holds no readable workbook".to_owned() }),
    }
}

fn password() -> Error {
    Error::unsupported(
        "a workbook protected by a password",
        "有密码保护的工作簿",
        "save it without a password",
        "请去掉密码后另存。",
    )
}

fn from_xlsx(error: XlsxError) -> Error {
    match error {
        XlsxError::Password => password(),
        XlsxError::Io(error) => Error::from_io("the workbook", None, error),
        XlsxError::WorksheetNotFound(name) => no_sheet(&name),
        other => Error::Corrupt { row: None, detail: format!("the workbook cannot be read ({other})") },
    }
}

fn from_xls(error: XlsError) -> Error {
    match error {
        XlsError::Password => password(),
        XlsError::Io(error) => Error::from_io("the workbook", None, error),
        XlsError::WorksheetNotFound(name) => no_sheet(&name),
        other => Error::Corrupt { row: None, detail: format!("the workbook cannot be read ({other})") },
    }
}

pub(super) fn no_sheet(name: &str) -> Error {
    let what = format!("sheet {name:?}, which is not in the file,");
    Error::unsupported(&what, &format!("工作表“{name}”：文件中没有它"), "choose one that is", "请另选工作表。")
}

/// Runs a library on a file that may be damaged in ways the library did not expect.
pub(super) fn guarded<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Error::Corrupt { row: None, detail: "its structure cannot be read".to_owned() }))
}

/// The rows of one sheet.
pub(super) struct SheetRows {
    blocks: Receiver<Result<Block, Error>>,
    block: Block,
    at: usize,
    n_skip_to: u64,
    row_no: u64,
}

impl SheetRows {
    pub(super) fn open(mut input: Input, sniffed: &Sniffed, limits: &Limits) -> Result<Self, Error> {
        input.rewind()?;
        if sniffed.is_gzip {
            input = input.inflated(limits.max_in_memory_bytes)?;
        }
        let kind = sniffed.plan.workbook.unwrap_or(Kind::Xlsx);
        let name = input.name().to_owned();
        if sniffed.plan.checked != Some((name.clone(), input.n_bytes())) {
            let n_bytes = input.n_bytes();
            check(input.source(), kind, n_bytes, &name, limits)?;
        }
        input.rewind()?;
        let source = input.into_source();
        let sheet = sniffed.sheet.clone().unwrap_or_default();
        let limits = limits.clone();
        let (sender, blocks) = sync_channel(2);
        let reading = std::thread::Builder::new().name("read-workbook".to_owned());
        let spawned = reading.spawn(move || send_rows(source, kind, &sheet, &limits, &sender));
        spawned.map_err(|source| Error::Io { name, source })?;
        let n_skip_to = (sniffed.header_row + sniffed.n_header_rows) as u64;
        Ok(Self { blocks, block: Block::default(), at: 0, n_skip_to, row_no: 0 })
    }

    /// Adds rows to the table; false at the end.
    pub(super) fn pull(&mut self, table: &mut Table, max_rows: usize) -> Result<bool, Error> {
        while !table.is_full(max_rows) {
            if self.at == self.block.rows.len() {
                match self.blocks.recv() {
                    Ok(Ok(block)) => (self.block, self.at) = (block, 0),
                    Ok(Err(error)) => return Err(error),
                    Err(_) => return Ok(false),
                }
                continue;
            }
            let (row_no, record, is_too_long) = self.block.row(self.at);
            self.at += 1;
            self.row_no = row_no;
            if row_no > self.n_skip_to && is_too_long {
                table.reject_long(row_no, &record.to_line());
            } else if row_no > self.n_skip_to {
                table.accept(row_no, record, None);
            }
        }
        Ok(true)
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.row_no, self.block.n_total.max(self.row_no))
    }
}

fn send_rows(
    source: Box<dyn ReadSeek + Send>,
    kind: Kind,
    sheet: &str,
    limits: &Limits,
    sender: &SyncSender<Result<Block, Error>>,
) {
    // A send fails when the reader was dropped: then nobody wants to know.
    let take = |block| sender.send(Ok(block)).is_ok();
    let result = Workbook::open(source, kind).and_then(|mut book| book.read(sheet, limits, BLOCK_ROWS, take));
    if let Err(error) = result {
        let _ = sender.send(Err(error));
    }
}

/// The cells of a row, `None` where there is none.
pub(super) type OwnedRow = Vec<Option<String>>;

/// The first rows of a sheet as text, and whether these are all; blank rows between them are there too, so that positions are row numbers.
pub(super) fn head<R: Read + Seek>(
    book: &mut Workbook<R>,
    sheet: &str,
    n: usize,
    limits: &Limits,
) -> Result<(Vec<OwnedRow>, bool), Error> {
    let (mut rows, mut n_bytes) = (Vec::new(), 0);
    let mut is_whole = true;
    book.read(sheet, limits, n, |block| {
        for at in 0..block.rows.len() {
            let (row_no, record, _) = block.row(at);
            n_bytes += record.text.len();
            if row_no as usize > n || n_bytes > HEAD_BYTES {
                is_whole = false;
                return false;
            }
            rows.resize(rows.len().max(row_no as usize - 1), Vec::new());
            rows.push((0..record.len()).map(|at| record.get(at).map(str::to_owned)).collect());
        }
        true
    })?;
    Ok((rows, is_whole))
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType::{DateTime, TimeDelta};

    use super::*;

    #[test]
    fn numbers_are_written_as_a_spreadsheet_shows_them() {
        let written = |number| {
            let mut out = String::new();
            write_number(number, 1e15, &mut out);
            out
        };
        let cases = [
            (13_800_138_000.0, "13800138000"),
            (-3.0, "-3"),
            (-0.0, "0"),
            (19.9, "19.9"),
            (0.1 + 0.2, "0.3"),
            (1.0 / 3.0, "0.333333333333333"),
            (1.234_567_890_123_45e18, "1.23456789012345E+18"),
            (999_999_999_999_999.0, "999999999999999"),
            (0.000_012, "0.000012"),
            (f64::NAN, ""),
        ];
        for (number, text) in cases {
            assert_eq!(written(number), text);
        }
    }

    #[test]
    fn times_are_written_in_iso_form() {
        let written = |days, kind| {
            let mut out = String::new();
            write_time(&ExcelDateTime::new(days, kind, false), &mut out);
            out
        };
        assert_eq!(written(45_943.541, DateTime), "2025-10-13 12:59:02.4");
        assert_eq!(written(45_943.0, DateTime), "2025-10-13 00:00:00");
        assert_eq!(written(0.5, DateTime), "12:00:00");
        assert_eq!(written(1.5, TimeDelta), "36:00:00");
        assert_eq!(written(-1.0, DateTime), "-1");
        assert_eq!(written(f64::NAN, TimeDelta), "");
    }
}
