//! Rows on stdout: as a table for people, as CSV or JSON for programs.

use std::io::{self, BufWriter, StdoutLock, Write};

use zhike_domain::frame::{ColumnType, Field, Frame};
pub(crate) use zhike_domain::written::{instant, json, quoted, text};

use crate::cli::{Failure, Format};

/// Rows kept to size the columns of a printed table.
const TABLE_ROWS: usize = 10_000;

/// Prints frames of one shape.
pub(crate) struct Printer {
    format: Format,
    fields: Vec<Field>,
    out: BufWriter<StdoutLock<'static>>,
    table: comfy_table::Table,
    n_rows: usize,
}

impl Printer {
    /// Starts printing to stdout.
    pub(crate) fn stdout(format: Format, fields: &[Field]) -> Self {
        let table = new_table(fields);
        let out = BufWriter::new(io::stdout().lock());
        Self { format, fields: fields.to_vec(), out, table, n_rows: 0 }
    }

    /// Prints the rows of a frame.
    pub(crate) fn frame(&mut self, frame: &Frame) -> io::Result<()> {
        for row in 0..frame.n_rows() {
            match self.format {
                Format::Json => {
                    let start: &[u8] = if self.n_rows == 0 { b"[\n " } else { b",\n " };
                    self.out.write_all(start)?;
                    let object: serde_json::Map<String, serde_json::Value> = frame
                        .fields()
                        .iter()
                        .zip(frame.columns())
                        .map(|(field, column)| (field.name.clone(), json(field.kind, column, row)))
                        .collect();
                    serde_json::to_writer(&mut self.out, &object)?;
                }
                Format::Csv => {
                    if self.n_rows == 0 {
                        self.header()?;
                    }
                    let cells = frame.fields().iter().zip(frame.columns());
                    let cells: Vec<String> = cells
                        .map(|(field, column)| quoted(&text(field.kind, column, row).unwrap_or_default()))
                        .collect();
                    writeln!(self.out, "{}", cells.join(","))?;
                }
                Format::Table => {
                    let cells = frame.fields().iter().zip(frame.columns());
                    self.table.add_row(
                        cells.map(|(field, column)| text(field.kind, column, row).unwrap_or_else(|| "--".into())),
                    );
                    if self.table.row_count() >= TABLE_ROWS {
                        self.flush_table()?;
                    }
                }
            }
            self.n_rows += 1;
        }
        Ok(())
    }

    /// Ends the document.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        match self.format {
            Format::Json if self.n_rows == 0 => writeln!(self.out, "[]")?,
            Format::Json => writeln!(self.out, "\n]")?,
            Format::Csv if self.n_rows == 0 => self.header()?,
            Format::Csv => {}
            Format::Table => self.flush_table()?,
        }
        self.out.flush()
    }

    fn header(&mut self) -> io::Result<()> {
        let names: Vec<String> = self.fields.iter().map(|field| quoted(&field.name)).collect();
        writeln!(self.out, "{}", names.join(","))
    }

    fn flush_table(&mut self) -> io::Result<()> {
        if self.n_rows == 0 || !self.table.is_empty() {
            writeln!(self.out, "{}", self.table)?;
        }
        self.table = new_table(&self.fields);
        Ok(())
    }
}

fn new_table(fields: &[Field]) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(comfy_table::presets::NOTHING);
    table.set_header(fields.iter().map(|field| field.name.as_str()));
    for (at, field) in fields.iter().enumerate() {
        if let (true, Some(column)) = (is_number(field.kind), table.column_mut(at)) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    table
}

fn is_number(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::Int | ColumnType::Decimal(_) | ColumnType::Float)
}

/// A share as text, `--` where there is none.
pub(crate) fn percent(share: impl Into<Option<f64>>) -> String {
    share.into().map_or_else(|| "--".into(), |share| format!("{:.1}%", share * 100.0))
}

/// Prints one JSON document.
pub(crate) fn print_json(body: &impl serde::Serialize) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, body).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// Prints rows of texts as a table, or as CSV.
pub(crate) fn print_rows<const N: usize>(
    format: Format,
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    if format == Format::Csv {
        writeln!(out, "{}", header.map(quoted).join(","))?;
        for row in rows {
            writeln!(out, "{}", row.map(|cell| quoted(&cell)).join(","))?;
        }
    } else {
        let mut table = comfy_table::Table::new();
        table.load_style(comfy_table::presets::NOTHING);
        table.set_header(header);
        for row in rows {
            table.add_row(row);
        }
        writeln!(out, "{table}")?;
    }
    out.flush()
}
/// A count of people, or that so few are not told.
pub(crate) fn told(n: Option<u64>) -> String {
    let few = || format!("<{}", zhike_domain::access::Role::Analyst.table().min_group);
    n.map_or_else(few, |n| n.to_string())
}
