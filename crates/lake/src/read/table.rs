//! From records to rows: which records are rows, and where the others go.

use zhike_domain::clean::rule::Reason;
use zhike_domain::frame::TextColumn;
use zhike_domain::import::layout::is_skipped_line;
use zhike_domain::raw::RawBatch;

use super::decode::Mark;
use super::delimited::clip;
use super::record::{Record, Span};
use super::{BadRow, Limits, Notes, SkippedLines};

/// Skipped lines whose text is kept, and how much of each.
const MAX_SKIPPED: usize = 20;
const MAX_SKIPPED_BYTES: usize = 400;
/// Lines after a separator or total that are held back until it is clear whether rows follow.
pub(super) const MAX_HELD: usize = 64;
const MAX_HELD_BYTES: usize = 1 << 20;
/// Bad rows that end a batch.
const MAX_BAD: usize = 10_000;
const MAX_BAD_BYTES: usize = 16 << 20;
/// How much is kept of a row that is too long: a small file may repeat one long text on many rows.
const MAX_LONG_BYTES: usize = 64 << 10;
/// Names of unknown keys that are kept.
const MAX_KEYS: usize = 100;

/// Collects the rows of one file.
pub(super) struct Table {
    n_columns: usize,
    max_cell_bytes: usize,
    max_batch_bytes: usize,
    all_are_rows: bool,
    columns: Vec<TextColumn>,
    row_no: Vec<u64>,
    n_bytes: usize,
    /// Bytes per row of each column of the last batch, to size the next one.
    widths: Vec<usize>,
    held: Vec<Held>,
    held_bytes: usize,
    /// Whether a separator, total or footer was the last that is certain.
    after_break: bool,
    n_accepted: u64,
    n_filled: u64,
    bad: Vec<BadRow>,
    bad_bytes: usize,
    pub(super) skipped: SkippedLines,
    pub(super) notes: Notes,
}

/// A record that is a row if regular rows follow, else part of the footer.
struct Held {
    row_no: u64,
    cells: Vec<Option<String>>,
    line: String,
}

impl Table {
    pub(super) fn new(n_columns: usize, limits: &Limits) -> Self {
        Self {
            n_columns,
            max_cell_bytes: limits.max_cell_bytes,
            max_batch_bytes: limits.max_batch_bytes,
            all_are_rows: false,
            columns: vec![TextColumn::default(); n_columns],
            row_no: Vec::new(),
            n_bytes: 0,
            widths: vec![8; n_columns],
            held: Vec::new(),
            held_bytes: 0,
            after_break: false,
            n_accepted: 0,
            n_filled: 0,
            bad: Vec::new(),
            bad_bytes: 0,
            skipped: SkippedLines::default(),
            notes: Notes::default(),
        }
    }

    /// Every record is a row: formats whose records are typed have no footers.
    pub(super) fn take_all_as_rows(&mut self) {
        self.all_are_rows = true;
    }

    pub(super) fn n_columns(&self) -> usize {
        self.n_columns
    }

    pub(super) fn n_rows(&self) -> usize {
        self.row_no.len()
    }

    #[inline]
    pub(super) fn is_full(&self, max_rows: usize) -> bool {
        self.row_no.len() >= max_rows.max(1)
            || self.n_bytes >= self.max_batch_bytes
            || self.bad.len() >= MAX_BAD
            || self.bad_bytes >= MAX_BAD_BYTES
    }

    /// Sorts a record into where it belongs; `line` is its text where the file has one.
    #[inline]
    pub(super) fn accept(&mut self, row_no: u64, record: Record<'_>, line: Option<&str>) {
        let n_filled = record.spans.iter().take(self.n_columns).filter(|span| span.end > span.start).count();
        if self.all_are_rows {
            return self.push(row_no, record, n_filled);
        }
        let is_usual = n_filled == self.n_columns || (n_filled > 1 && !self.after_break);
        if record.len() > self.n_columns || !is_usual || !starts_as_row(record) {
            return self.accept_unusual(row_no, record, line, n_filled);
        }
        self.push(row_no, record, n_filled);
    }

    /// Blank lines, separators, totals, footers and rows that are too long.
    #[cold]
    fn accept_unusual(&mut self, row_no: u64, record: Record<'_>, line: Option<&str>, n_filled: usize) {
        let cells: Vec<&str> = (0..record.len()).map(|at| record.cell(at)).collect();
        if cells.iter().all(|cell| cell.trim_matches(is_blank).is_empty()) {
            return;
        }
        let owned;
        let line = match line {
            Some(line) => line,
            None => {
                owned = record.to_line();
                &owned
            }
        };
        if is_skipped_line(&cells) {
            self.after_break = true;
            return self.skip(row_no, line);
        }
        if cells.iter().skip(self.n_columns).any(|cell| !cell.trim_matches(is_blank).is_empty()) {
            let detail = format!("{} cells, the header has {}", cells.len(), self.n_columns);
            return self.reject(row_no, Reason::RaggedRow, detail, line);
        }
        if self.is_label(n_filled, record.len()) {
            self.held_bytes += line.len();
            let cells = (0..self.n_columns).map(|at| record.get(at).map(str::to_owned)).collect();
            self.held.push(Held { row_no, cells, line: line.to_owned() });
            if self.held.len() > MAX_HELD || self.held_bytes > MAX_HELD_BYTES {
                self.release_held();
            }
            return;
        }
        self.push(row_no, record, n_filled);
    }

    /// Whether a record has so few cells that it may be part of a footer.
    fn is_label(&self, n_filled: usize, n_cells: usize) -> bool {
        if self.n_columns < 4 || self.n_accepted == 0 {
            return false;
        }
        let is_sparse = (n_filled as u64 * 2) * self.n_accepted < self.n_filled;
        let is_narrow = self.notes.n_short_rows == 0 && n_cells * 2 <= self.n_columns;
        n_filled <= 1 || self.after_break && (is_sparse || is_narrow)
    }

    #[inline]
    fn push(&mut self, row_no: u64, record: Record<'_>, n_filled: usize) {
        if self.after_break || !self.held.is_empty() {
            self.release_held();
        }
        let n = record.len().min(self.n_columns);
        let n_bytes = record.spans[..n].iter().map(Span::len).sum();
        if n_bytes > self.max_cell_bytes && record.spans.iter().any(|span| span.len() > self.max_cell_bytes) {
            return self.reject_long(row_no, &record.to_line());
        }
        self.push_cells(row_no, n_bytes, |at| record.get(at));
        self.notes.n_short_rows += u64::from(record.len() < self.n_columns);
        self.n_accepted += 1;
        self.n_filled += n_filled as u64;
    }

    /// Adds a row whose cells are known to be short enough.
    #[inline]
    pub(super) fn push_cells<'a>(&mut self, row_no: u64, n_bytes: usize, get: impl Fn(usize) -> Option<&'a str>) {
        for (at, column) in self.columns.iter_mut().enumerate() {
            column.push(get(at));
        }
        self.row_no.push(row_no);
        self.n_bytes += n_bytes;
    }

    #[cold]
    pub(super) fn reject_long(&mut self, row_no: u64, text: &str) {
        let detail = format!("a cell is longer than {} bytes", self.max_cell_bytes);
        self.reject(row_no, Reason::CellTooLong, detail, text);
    }

    /// Bytes that a cell may have.
    pub(super) fn max_cell_bytes(&self) -> usize {
        self.max_cell_bytes
    }

    /// Takes the held records as rows after all.
    pub(super) fn release_held(&mut self) {
        self.held_bytes = 0;
        self.after_break = false;
        for held in std::mem::take(&mut self.held) {
            for (column, cell) in self.columns.iter_mut().zip(&held.cells) {
                column.push(cell.as_deref());
                self.n_bytes += cell.as_ref().map_or(0, String::len);
            }
            self.row_no.push(held.row_no);
            self.n_accepted += 1;
        }
    }

    /// The file is over: what is held back is its footer.
    pub(super) fn finish(&mut self) {
        self.held_bytes = 0;
        for held in std::mem::take(&mut self.held) {
            self.skip(held.row_no, &held.line);
        }
    }

    fn skip(&mut self, row_no: u64, line: &str) {
        self.skipped.count += 1;
        if self.skipped.first.len() < MAX_SKIPPED {
            self.skipped.first.push((row_no, clip(line.trim(), MAX_SKIPPED_BYTES).to_owned()));
        }
    }

    #[cold]
    pub(super) fn reject(&mut self, row_no: u64, reason: Reason, detail: String, text: &str) {
        let room = if reason == Reason::CellTooLong { MAX_LONG_BYTES } else { usize::MAX };
        let text = clip(text, room.min(self.max_cell_bytes)).trim_end_matches(['\r', '\n']).to_owned();
        self.bad_bytes += text.len();
        self.bad.push(BadRow { row_no, reason, detail, text });
    }

    #[cold]
    pub(super) fn reject_undecodable(&mut self, row_no: u64, mark: Mark, line: &str) {
        let detail = match mark.reads_as {
            Some(encoding) => format!("the row is in another encoding than the file: {encoding}"),
            None => "some bytes form no text in the file's encoding".to_owned(),
        };
        self.reject(row_no, Reason::UndecodableText, detail, line);
    }

    /// Counts a key that is no column.
    pub(super) fn note_unknown_key(&mut self, key: &str) {
        let keys = &mut self.notes.unknown_keys;
        match keys.iter().position(|(name, _)| name == key) {
            Some(at) => keys[at].1 += 1,
            None if keys.len() < MAX_KEYS => keys.push((clip(key, MAX_SKIPPED_BYTES).to_owned(), 1)),
            None => {}
        }
    }

    /// Hands over the rows and starts anew with room for as many.
    pub(super) fn take(&mut self, max_rows: usize) -> RawBatch {
        let n_rows = self.row_no.len();
        for (width, column) in self.widths.iter_mut().zip(&self.columns) {
            *width = column.n_bytes().checked_div(n_rows).map_or(*width, |bytes| bytes + 1);
        }
        let room = max_rows.min(n_rows + n_rows / 8);
        let fresh = self.widths.iter().map(|width| TextColumn::with_capacity(room, room * width * 9 / 8)).collect();
        let columns = std::mem::replace(&mut self.columns, fresh);
        let row_no = std::mem::replace(&mut self.row_no, Vec::with_capacity(room));
        self.n_bytes = 0;
        RawBatch { columns, row_no }
    }

    pub(super) fn take_bad_rows(&mut self) -> Vec<BadRow> {
        self.bad_bytes = 0;
        std::mem::take(&mut self.bad)
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\0' | '\u{feff}' | '\u{200b}')
}

/// Whether a record surely is no separator, total or footer, by its first filled cell: those start with one of a few
/// letters, with a sign, or with Chinese. Only a shortcut past [`is_skipped_line`].
#[inline]
fn starts_as_row(record: Record<'_>) -> bool {
    let first = record.spans.iter().position(|span| span.end > span.start);
    match first.map(|at| record.cell(at).as_bytes()[0]) {
        Some(b'0'..=b'9') => true,
        Some(byte) => byte.is_ascii_alphabetic() && !b"gtscerGTSCER".contains(&byte),
        None => false,
    }
}
