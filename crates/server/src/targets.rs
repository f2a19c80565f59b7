//! The parts of a target as a table for those responsible: what they were given, and columns that are read back.

use rust_xlsxwriter::{Format as CellFormat, Workbook, XlsxError};
use zhike_engine::Result;
use zhike_engine::targets::{COLUMNS, MISSING, WHOLE};

use crate::exports::{Format, broken};
use crate::http::targets::{TargetBoard, TargetPart};
use crate::output::quoted;

/// Columns after the levels that are only told.
const TOLD: [(&str, &str); 4] = [("目标", "target"), ("预计", "expected"), ("已完成", "actual"), ("应完成", "due")];

enum Cell {
    Text(String),
    Number(f64),
    Empty,
}

fn words(pair: (&'static str, &'static str), is_zh: bool) -> &'static str {
    if is_zh { pair.0 } else { pair.1 }
}

fn level(name: &str, is_zh: bool) -> String {
    let zh = match name {
        "channel" => "渠道",
        "store" => "门店",
        "source" => "数据来源",
        "province" => "省份",
        "city" => "城市",
        "member_level" => "会员等级",
        "acquisition_channel" => "获客渠道",
        _ => name,
    };
    if is_zh { zh.to_owned() } else { name.replace('_', " ") }
}

fn row(part: &TargetPart, n_levels: usize, is_zh: bool) -> Vec<Cell> {
    let name = |at: usize| match part.path.get(at).map(String::as_str) {
        None if at == part.path.len() => words(WHOLE, is_zh).to_owned(),
        None => String::new(),
        Some("") => words(MISSING, is_zh).to_owned(),
        Some(value) => value.to_owned(),
    };
    let told = [Some(part.amount), Some(part.expected), part.actual, Some(part.due)];
    let set = [part.floor, part.cap, part.locked, part.asked];
    let numbers = told.into_iter().chain(set).map(|number| number.map_or(Cell::Empty, Cell::Number));
    (0..n_levels).map(|at| Cell::Text(name(at))).chain(numbers).collect()
}

/// The table in CSV or XLSX, the whole first.
///
/// **Errors**: `internal`.
pub(crate) fn table(board: &TargetBoard, format: Format, is_zh: bool) -> Result<Vec<u8>> {
    let levels = board.target.levels.iter().map(|name| level(name, is_zh));
    let columns = TOLD.into_iter().chain(COLUMNS).map(|pair| words(pair, is_zh).to_owned());
    let head: Vec<String> = levels.chain(columns).collect();
    let n_levels = board.target.levels.len();
    let rows = board.parts.iter().map(|part| row(part, n_levels, is_zh));
    match format {
        Format::Csv => Ok(csv(&head, rows)),
        Format::Xlsx => xlsx(&head, rows).map_err(|error| broken(std::path::Path::new("xlsx"), error)),
    }
}

fn csv(head: &[String], rows: impl Iterator<Item = Vec<Cell>>) -> Vec<u8> {
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let cell = |cell: Cell| match cell {
        Cell::Text(text) => quoted(&text),
        Cell::Number(number) => number.to_string(),
        Cell::Empty => String::new(),
    };
    // Spreadsheets know UTF-8 by the mark.
    let mut text = format!("\u{feff}{}", line(head.iter().map(|name| quoted(name)).collect()));
    rows.for_each(|row| text += &line(row.into_iter().map(cell).collect()));
    text.into_bytes()
}

fn xlsx(head: &[String], rows: impl Iterator<Item = Vec<Cell>>) -> std::result::Result<Vec<u8>, XlsxError> {
    let (mut book, bold) = (Workbook::new(), CellFormat::new().set_bold());
    let number = CellFormat::new().set_num_format("#,##0.00");
    let sheet = book.add_worksheet();
    for (at, name) in head.iter().enumerate() {
        sheet.set_column_width(at as u16, 16)?;
        sheet.write_string_with_format(0, at as u16, name, &bold)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    for (line, cells) in (1..).zip(rows) {
        for (at, cell) in cells.into_iter().enumerate() {
            match cell {
                Cell::Text(text) => drop(sheet.write_string(line, at as u16, text)?),
                Cell::Number(value) => drop(sheet.write_number_with_format(line, at as u16, value, &number)?),
                Cell::Empty => {}
            }
        }
    }
    book.save_to_buffer()
}
