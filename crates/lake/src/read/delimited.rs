//! Lines of cells: CSV, TSV and their kin.
//!
//! A cell that starts with a quote runs to the next single quote, across line breaks; doubled quotes stand for one.
//! A quote elsewhere is an ordinary character. A quote that is never closed, or is closed in the middle of a cell on a
//! later line, is taken as a mistake of its line: that line is bad, reading goes on with the next one.

use std::io::{Read, Seek};

use zhike_domain::clean::rule::Reason;

use super::decode::{Mark, Text};
use super::record::{Record, Span};
use super::table::Table;
use super::{Error, Limits, Sniffed};

/// Unclosed quotes that are looked for to the limit of a row before quotes stop spanning lines.
const MAX_UNCLOSED: u32 = 16;

/// The records of a delimited file.
pub(super) struct Delimited<'a> {
    text: Text<'a>,
    splitter: Splitter,
    row_no: u64,
    n_total: u64,
    n_unclosed: u32,
    n_skip: usize,
    limits: Limits,
}

/// What comes next.
pub(super) enum Next<'a> {
    /// A record, as cells and as it stands in the file.
    Record { record: Record<'a>, line: &'a str, mark: Option<Mark> },
    /// A record that is too long or has an unclosed quote, and its beginning.
    Bad { reason: Reason, detail: String, text: String },
    /// Nothing.
    End,
}

impl<'a> Delimited<'a> {
    pub(super) fn new(text: Text<'a>, delimiter: u8, newline: u8, n_total: u64, limits: &Limits) -> Self {
        let splitter = Splitter {
            delimiter,
            newline,
            max_cells: limits.max_columns + 1,
            quotes_span_lines: true,
            spans: Vec::new(),
            scratch: String::new(),
            n_over: 0,
        };
        Self { text, splitter, row_no: 0, n_total, n_unclosed: 0, n_skip: 0, limits: limits.clone() }
    }

    /// Cells of the record last returned, those beyond the limit included.
    pub(super) fn n_cells(&self) -> usize {
        self.splitter.spans.len() + self.splitter.n_over
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.text.n_stored().min(self.n_total), self.n_total)
    }

    /// The next record.
    pub(super) fn next(&mut self) -> Result<Next<'_>, Error> {
        let split = loop {
            let is_end = self.text.is_end();
            let rest = self.text.rest();
            if is_end && rest.is_empty() {
                return Ok(Next::End);
            }
            match self.splitter.split(rest, is_end) {
                Split::More { .. } if rest.len() <= self.limits.max_row_bytes && !is_end => {
                    self.text.fill(Some(self.row_no))?;
                }
                other => break other,
            }
        };
        self.row_no += 1;
        match split {
            Split::Whole { end, next } => {
                let mark = self.text.take_mark(next);
                self.text.consume(next);
                if end > self.limits.max_row_bytes {
                    let text = clip(self.text.last(next), self.limits.max_cell_bytes).to_owned();
                    return Ok(Next::Bad { reason: Reason::CellTooLong, detail: self.row_too_long(), text });
                }
                let text = self.text.last(next);
                let record = Record { text, scratch: &self.splitter.scratch, spans: &self.splitter.spans };
                Ok(Next::Record { record, line: &text[..end], mark })
            }
            Split::Stray => Ok(self.bad_line("a quote opened in this line is not closed at the end of a cell")),
            Split::More { in_quotes: true } => {
                let is_end = self.text.is_end();
                if memchr::memchr(self.splitter.newline, self.text.rest().as_bytes()).is_none() && !is_end {
                    return self.skip_line();
                }
                self.n_unclosed += 1;
                if self.n_unclosed >= MAX_UNCLOSED {
                    self.splitter.quotes_span_lines = false;
                }
                Ok(self.bad_line("a quote opened in this line is never closed"))
            }
            Split::More { in_quotes: false } => self.skip_line(),
        }
    }

    fn row_too_long(&self) -> String {
        format!("the row is longer than {} bytes", self.limits.max_row_bytes)
    }

    /// Takes the line at hand, without regard to quotes, as a bad record.
    fn bad_line(&mut self, detail: &str) -> Next<'static> {
        let rest = self.text.rest();
        let end = memchr::memchr(self.splitter.newline, rest.as_bytes());
        let next = end.map_or(rest.len(), |end| end + 1);
        let text = clip(&rest[..end.unwrap_or(rest.len())], self.limits.max_cell_bytes).to_owned();
        self.text.take_mark(next);
        self.text.consume(next);
        Next::Bad { reason: Reason::RaggedRow, detail: detail.to_owned(), text }
    }

    /// Drops everything up to the next line break, however far it is.
    fn skip_line(&mut self) -> Result<Next<'static>, Error> {
        let rest = self.text.rest();
        let line = memchr::memchr(self.splitter.newline, rest.as_bytes()).map_or(rest, |end| &rest[..end]);
        let text = clip(line, self.limits.max_cell_bytes).to_owned();
        loop {
            let rest = self.text.rest();
            if let Some(end) = memchr::memchr(self.splitter.newline, rest.as_bytes()) {
                self.text.take_mark(end + 1);
                self.text.consume(end + 1);
                break;
            }
            let n = rest.len();
            self.text.take_mark(n);
            self.text.consume(n);
            if self.text.is_end() {
                break;
            }
            self.text.fill(Some(self.row_no))?;
        }
        Ok(Next::Bad { reason: Reason::CellTooLong, detail: self.row_too_long(), text })
    }
}

impl<'a> Delimited<'a> {
    /// Reads the rows after the header of a file that has been looked at.
    pub(super) fn open(
        source: impl Read + Seek + Send + 'a,
        name: &str,
        sniffed: &Sniffed,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let plan = &sniffed.plan;
        let text = plan.open_text(source, name, sniffed.is_gzip, sniffed.encoding)?;
        let mut rows = Self::new(text, sniffed.delimiter.unwrap_or(b','), plan.newline, sniffed.n_bytes, limits);
        rows.n_skip = sniffed.header_row + sniffed.n_header_rows;
        Ok(rows)
    }

    /// Adds rows to the table until it is full or a good deal of text is done; false at the end.
    pub(super) fn pull(&mut self, table: &mut Table, max_rows: usize) -> Result<bool, Error> {
        while self.n_skip > 0 {
            if matches!(self.next()?, Next::End) {
                return Ok(false);
            }
            self.n_skip -= 1;
        }
        let (delimiter, n_columns) = (self.splitter.delimiter, table.n_columns());
        while !table.is_full(max_rows) {
            let row_no = self.row_no + 1;
            match self.next()? {
                Next::End => return Ok(false),
                Next::Bad { reason, detail, text } => {
                    table.reject(row_no, reason, detail, &text);
                    table.notes.quotes_end_at_line = !self.splitter.quotes_span_lines;
                }
                Next::Record { line, mark: Some(mark), .. } => table.reject_undecodable(row_no, mark, line),
                Next::Record { record, line, mark: None } => {
                    if record.len() > n_columns && line.starts_with('`') {
                        let spans = split_at_backticks(line, delimiter);
                        if spans.len() <= n_columns {
                            let record = Record { spans: &spans, ..record };
                            table.accept(row_no, record, Some(line));
                            continue;
                        }
                    }
                    table.accept(row_no, record, Some(line));
                }
            }
            if let Some(encoding) = self.text.take_found() {
                table.notes.encoding_found = Some((row_no, encoding));
            }
        }
        Ok(true)
    }
}

/// The first `n` bytes of a text, or a few less where they would cut a character.
pub(super) fn clip(text: &str, n: usize) -> &str {
    &text[..text.floor_char_boundary(n)]
}

/// Payment bills put a backtick before every value and do not quote: only a delimiter before a backtick counts.
fn split_at_backticks(line: &str, delimiter: u8) -> Vec<Span> {
    let bytes = line.as_bytes();
    let mut spans = Vec::new();
    let mut start = 0;
    for at in memchr::memchr_iter(delimiter, bytes) {
        if bytes.get(at + 1) == Some(&b'`') {
            spans.push(Span::text(start, at));
            start = at + 1;
        }
    }
    spans.push(Span::text(start, line.trim_end_matches('\r').len().max(start)));
    spans
}

enum Split {
    /// A record up to `end`; the next one starts at `next`.
    Whole { end: usize, next: usize },
    /// The record goes on after the text at hand.
    More { in_quotes: bool },
    /// A quoted cell with a line break is not closed at a delimiter.
    Stray,
}

struct Splitter {
    delimiter: u8,
    newline: u8,
    max_cells: usize,
    quotes_span_lines: bool,
    spans: Vec<Span>,
    scratch: String,
    /// Cells beyond the limit.
    n_over: usize,
}

impl Splitter {
    /// Splits the first record of `text` into [`Splitter::spans`].
    #[inline]
    fn split(&mut self, text: &str, is_end: bool) -> Split {
        let bytes = text.as_bytes();
        self.spans.clear();
        self.n_over = 0;
        let end = match memchr::memchr(self.newline, bytes) {
            Some(end) => end,
            None if is_end => bytes.len(),
            None if self.quotes_span_lines => return self.split_quoted(text, is_end),
            None => return Split::More { in_quotes: false },
        };
        let line = &bytes[..end];
        if memchr::memchr(b'"', line).is_some() {
            if self.quotes_span_lines {
                return self.split_quoted(text, is_end);
            }
            return match self.split_quoted(&text[..(end + 1).min(text.len())], true) {
                Split::More { .. } => Split::Stray,
                split => split,
            };
        }
        let mut start = 0;
        for at in memchr::memchr_iter(self.delimiter, line) {
            self.push(Span::text(start, at));
            start = at + 1;
        }
        self.end_line(bytes, start, end);
        Split::Whole { end, next: (end + 1).min(bytes.len()) }
    }

    /// Adds the last cell of a line, without the carriage returns that Windows leaves.
    #[inline]
    fn end_line(&mut self, bytes: &[u8], start: usize, end: usize) {
        let mut stop = end;
        if self.newline == b'\n' {
            while stop > start && bytes[stop - 1] == b'\r' {
                stop -= 1;
            }
        }
        self.push(Span::text(start, stop));
    }

    #[inline]
    fn push(&mut self, span: Span) {
        if self.spans.len() < self.max_cells {
            self.spans.push(span);
        } else {
            self.n_over += 1;
        }
    }

    fn split_quoted(&mut self, text: &str, is_end: bool) -> Split {
        let bytes = text.as_bytes();
        self.spans.clear();
        self.scratch.clear();
        let mut at = 0;
        loop {
            if bytes.get(at) != Some(&b'"') {
                let (end, is_last) = match memchr::memchr2(self.delimiter, self.newline, &bytes[at..]) {
                    Some(n) => (at + n, bytes[at + n] == self.newline),
                    None if is_end => (bytes.len(), true),
                    None => return Split::More { in_quotes: false },
                };
                if is_last {
                    self.end_line(bytes, at, end);
                    return Split::Whole { end, next: (end + 1).min(bytes.len()) };
                }
                self.push(Span::text(at, end));
                at = end + 1;
                continue;
            }
            // A quoted cell: `part` is where the piece not yet copied to the scratch text starts.
            let start = at + 1;
            let (mut part, mut from) = (start, start);
            let scratch_start = self.scratch.len();
            let close = loop {
                let Some(n) = memchr::memchr(b'"', &bytes[from..]) else {
                    return Split::More { in_quotes: true };
                };
                let quote = from + n;
                match bytes.get(quote + 1) {
                    Some(b'"') => {
                        self.scratch.push_str(&text[part..=quote]);
                        part = quote + 2;
                        from = part;
                    }
                    None if !is_end => return Split::More { in_quotes: true },
                    _ => break quote,
                }
            };
            let spans_lines = memchr::memchr(self.newline, &bytes[start..close]).is_some();
            // What stands between the quote and the end of the cell: normally nothing.
            let after = close + 1;
            let (end, is_last) = match bytes.get(after) {
                Some(&byte) if byte == self.delimiter => (after, false),
                Some(&byte) if byte == self.newline => (after, true),
                _ => match memchr::memchr2(self.delimiter, self.newline, &bytes[after..]) {
                    Some(n) => (after + n, bytes[after + n] == self.newline),
                    None if is_end => (bytes.len(), true),
                    None => return Split::More { in_quotes: false },
                },
            };
            let mut tail = &text[after..end];
            if is_last && self.newline == b'\n' {
                tail = tail.trim_end_matches('\r');
            }
            if spans_lines && !tail.trim_matches([' ', '\t']).is_empty() {
                return Split::Stray;
            }
            if part == start && tail.is_empty() {
                self.push(Span::text(start, close));
            } else {
                self.scratch.push_str(&text[part..close]);
                self.scratch.push_str(tail);
                self.push(Span::scratch(scratch_start, self.scratch.len()));
            }
            if is_last {
                return Split::Whole { end, next: (end + 1).min(bytes.len()) };
            }
            at = end + 1;
        }
    }
}
