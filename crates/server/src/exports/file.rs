//! The formats of export files: CSV for other programs, XLSX for people. In neither does a text become a formula.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use rust_xlsxwriter::{Format as CellFormat, FormatAlign, Workbook, XlsxError};
use serde::Deserialize;
use utoipa::ToSchema;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_engine::exports::{Export, Head};
use zhike_engine::{Error, Result};

use super::failed;
use crate::output::{quoted, text};

/// Rows of a sheet, its head included.
const MAX_ROWS: u64 = 1 << 20;
/// Characters of a cell; longer texts are cut.
const MAX_CHARS: usize = 32_767;
/// Days from the first day that spreadsheets count to 1970.
const EPOCH: f64 = 25_569.0;

/// Format of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, ToSchema, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[schema(as = ExportFormat)]
pub(crate) enum Format {
    /// UTF-8 with a mark that spreadsheets know it by.
    Csv,
    /// Typed cells, and a sheet that says what they are.
    Xlsx,
}

impl Format {
    /// Name, and what the file's name ends with.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    /// Media type.
    pub(crate) const fn mime(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// A file being written. Memory does not grow with its rows.
pub(super) struct Writer {
    path: PathBuf,
    zone: TimeZone,
    form: Form,
}

enum Form {
    Csv(BufWriter<File>),
    Xlsx(Box<Sheet>),
}

struct Sheet {
    book: Workbook,
    next_row: u32,
    is_zh: bool,
    money: CellFormat,
    day: CellFormat,
    instant: CellFormat,
}

impl Writer {
    /// Begins a file with its head.
    ///
    /// **Errors**: `bad_request` when the format cannot hold so many rows.
    pub(super) fn new(path: &Path, format: Format, export: &Export, zone: TimeZone) -> Result<Self> {
        let path = path.to_owned();
        let form = match format {
            Format::Csv => {
                let mut out = BufWriter::new(File::create(&path).map_err(|error| failed(&path, &error))?);
                let heads: Vec<String> = export.heads.iter().map(|head| quoted(&head.label)).collect();
                write!(out, "\u{feff}{}\r\n", heads.join(",")).map_err(|error| failed(&path, &error))?;
                Form::Csv(out)
            }
            Format::Xlsx => {
                if export.n_rows >= MAX_ROWS {
                    return Err(Error::new(
                        ErrorCode::BadRequest,
                        format!("a sheet holds {} rows, this export has {}: export CSV", MAX_ROWS - 1, export.n_rows),
                        format!("一个工作表最多 {} 行，本次导出 {} 行：请导出 CSV", MAX_ROWS - 1, export.n_rows),
                    ));
                }
                Form::Xlsx(Box::new(Sheet::new(&path, export).map_err(|error| broken(&path, error))?))
            }
        };
        Ok(Self { path, zone, form })
    }

    /// Writes rows.
    pub(super) fn write(&mut self, heads: &[Head], frame: &Frame) -> Result<()> {
        let columns: Vec<Option<&Column>> = heads.iter().map(|head| frame.column(&head.key)).collect();
        match &mut self.form {
            Form::Csv(out) => {
                for row in 0..frame.n_rows() {
                    let cell = |(head, column): (&Head, &Option<&Column>)| {
                        column.and_then(|column| csv_cell(head.kind, column, row, &self.zone)).unwrap_or_default()
                    };
                    let cells: Vec<String> = heads.iter().zip(&columns).map(cell).collect();
                    write!(out, "{}\r\n", cells.join(",")).map_err(|error| failed(&self.path, &error))?;
                }
                Ok(())
            }
            Form::Xlsx(sheet) => {
                let written = sheet.write(heads, &columns, frame.n_rows(), &self.zone);
                written.map_err(|error| broken(&self.path, error))
            }
        }
    }

    /// Ends the file; XLSX says on a second sheet what the first one is.
    pub(super) fn finish(self, notes: &[(String, String)]) -> Result<()> {
        match self.form {
            Form::Csv(out) => {
                let file = out.into_inner().map_err(|error| failed(&self.path, error.error()))?;
                file.sync_all().map_err(|error| failed(&self.path, &error))
            }
            Form::Xlsx(sheet) => sheet.finish(&self.path, notes).map_err(|error| broken(&self.path, error)),
        }
    }
}

/// A cell of CSV: texts never begin as a formula would, days and instants are ISO 8601.
fn csv_cell(kind: ColumnType, column: &Column, row: usize, zone: &TimeZone) -> Option<String> {
    match (kind, column) {
        (ColumnType::Instant, Column::Num(column)) => {
            let at = jiff::Timestamp::from_microsecond(column.get(row)?).ok()?;
            Some(at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
        }
        // Numbers may begin with a minus.
        (_, Column::Num(_) | Column::Float(_)) => text(kind, column, row),
        _ => text(kind, column, row).map(|cell| quoted(&cell)),
    }
}

impl Sheet {
    fn new(path: &Path, export: &Export) -> std::result::Result<Self, XlsxError> {
        let mut book = Workbook::new();
        // Rows wait beside the file, not in the folder of the system.
        let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        book.set_tempdir(dir.unwrap_or(Path::new(".")))?;
        let head = CellFormat::new().set_bold();
        let sheet = book.add_worksheet_with_constant_memory()?;
        sheet.set_name(if export.is_zh() { "数据" } else { "Data" })?;
        sheet.set_freeze_panes(1, 0)?;
        for (at, column) in export.heads.iter().enumerate() {
            let at = at as u16;
            sheet.set_column_width(at, width(column))?;
            sheet.write_string_with_format(0, at, &column.label, &head)?;
        }
        Ok(Self {
            book,
            next_row: 1,
            is_zh: export.is_zh(),
            money: CellFormat::new().set_num_format("#,##0.00"),
            day: CellFormat::new().set_num_format("yyyy-mm-dd"),
            instant: CellFormat::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        })
    }

    fn write(
        &mut self,
        heads: &[Head],
        columns: &[Option<&Column>],
        n_rows: usize,
        zone: &TimeZone,
    ) -> std::result::Result<(), XlsxError> {
        let sheet = self.book.worksheet_from_index(0)?;
        for row in 0..n_rows {
            for (at, (head, column)) in heads.iter().zip(columns).enumerate() {
                let (to, at) = (self.next_row, at as u16);
                let Some(column) = column.filter(|column| !column.is_missing(row)) else { continue };
                match (head.kind, column) {
                    (ColumnType::Decimal(places), Column::Num(column)) => {
                        let number = column.get(row).unwrap_or(0) as f64 / 10_f64.powi(places.into());
                        sheet.write_number_with_format(to, at, number, &self.money)?;
                    }
                    (ColumnType::Day, Column::Num(column)) => {
                        let day = column.get(row).unwrap_or(0) as f64 + EPOCH;
                        sheet.write_number_with_format(to, at, day, &self.day)?;
                    }
                    (ColumnType::Instant, Column::Num(column)) => {
                        // Spreadsheets know no zones: the time on the wall of the workspace.
                        let us = column.get(row).unwrap_or(0);
                        let stamp = jiff::Timestamp::from_microsecond(us).unwrap_or_default();
                        let us = us + i64::from(zone.to_offset(stamp).seconds()) * 1_000_000;
                        let serial = us as f64 / 86_400e6 + EPOCH;
                        sheet.write_number_with_format(to, at, serial, &self.instant)?;
                    }
                    (ColumnType::Bool, Column::Num(column)) => {
                        sheet.write_boolean(to, at, column.get(row) == Some(1))?;
                    }
                    (_, Column::Num(column)) => {
                        sheet.write_number(to, at, column.get(row).unwrap_or(0) as f64)?;
                    }
                    (_, Column::Float(values)) => {
                        sheet.write_number(to, at, values[row].unwrap_or(0.0))?;
                    }
                    (kind, column) => {
                        // A string cell is never a formula, whatever it begins with.
                        let text = text(kind, column, row).unwrap_or_default();
                        sheet.write_string(to, at, cut(&text))?;
                    }
                }
            }
            self.next_row += 1;
        }
        Ok(())
    }

    fn finish(mut self, path: &Path, notes: &[(String, String)]) -> std::result::Result<(), XlsxError> {
        let head = CellFormat::new().set_bold();
        let sheet = self.book.add_worksheet();
        sheet.set_name(if self.is_zh { "说明" } else { "Notes" })?;
        sheet.set_column_width(0, 16)?;
        sheet.set_column_width(1, 80)?;
        for (row, (name, value)) in notes.iter().enumerate() {
            let row = row as u32;
            sheet.write_string_with_format(row, 0, name, &head)?;
            sheet.write_string(row, 1, cut(value))?;
        }
        self.book.save(path)
    }
}

/// A workbook of tables of text, held in memory: the lines stand above the first.
///
/// **Errors**: `internal`.
pub(crate) fn sheets(
    lines: &[String],
    tables: impl Iterator<Item = (String, Vec<String>, Vec<Vec<String>>)>,
) -> Result<Vec<u8>> {
    let written = || {
        let (mut book, head) = (Workbook::new(), CellFormat::new().set_bold());
        let wrapped = CellFormat::new().set_text_wrap().set_align(FormatAlign::Top);
        let mut above = lines;
        for (name, heads, rows) in tables {
            let sheet = book.add_worksheet();
            sheet.set_name(sheet_name(&name))?;
            for (row, line) in above.iter().enumerate() {
                sheet.write_string_with_format(row as u32, 0, cut(line), &head)?;
            }
            let first = if above.is_empty() { 0 } else { above.len() as u32 + 1 };
            above = &[];
            for (at, text) in heads.iter().enumerate() {
                sheet.set_column_width(at as u16, 24)?;
                sheet.write_string_with_format(first, at as u16, text, &head)?;
            }
            for (row, cells) in (first + 1..).zip(&rows) {
                for (at, text) in cells.iter().enumerate() {
                    sheet.write_string_with_format(row, at as u16, cut(text), &wrapped)?;
                }
            }
        }
        book.save_to_buffer()
    };
    written().map_err(|error: XlsxError| broken(Path::new("xlsx"), error))
}

/// A name that a sheet can have.
fn sheet_name(name: &str) -> String {
    name.chars().filter(|char| !"[]:*?/\\".contains(*char)).take(31).collect()
}

fn width(head: &Head) -> f64 {
    match head.kind {
        ColumnType::Instant => 20.0,
        ColumnType::Text => 18.0,
        _ => 14.0,
    }
}

/// As much of a text as a cell holds.
fn cut(text: &str) -> &str {
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

pub(crate) fn broken(path: &Path, error: XlsxError) -> Error {
    match error {
        XlsxError::IoError(error) => failed(path, &error),
        error => {
            let path = path.display();
            Error::new(
                ErrorCode::Internal,
                format!("cannot write {path}: {error}"),
                format!("无法写入 {path}：{error}"),
            )
        }
    }
}
