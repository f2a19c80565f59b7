//! Rows as a file gave them: text cells, before any meaning.

use crate::frame::TextColumn;

/// A run of rows of one file, column by column.
///
/// **Shape**: every column is as long as `row_no`. A cell the file did not have is missing; an empty cell is `Some("")`.
/// **Units**: `row_no` is the row's position in the file, counted from 1 over all records, header and preamble included
/// (what a spreadsheet shows at the left edge).
#[derive(Clone, Debug, Default)]
pub struct RawBatch {
    /// The cells, one column per header cell.
    pub columns: Vec<TextColumn>,
    /// Position of each row in the file.
    pub row_no: Vec<u64>,
}

impl RawBatch {
    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.row_no.len()
    }
}
