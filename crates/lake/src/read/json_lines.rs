//! JSON objects, one a line, one after the other, or as one array.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek};

use zhike_domain::clean::rule::Reason;

use super::decode::{Mark, Text};
use super::delimited::clip;
use super::json::{MAX_KEY_BYTES, NotObject, flatten};
use super::record::{Record, Span};
use super::table::Table;
use super::{Error, Limits, Sniffed};

/// The objects of a file.
pub(super) struct JsonLines<'a> {
    text: Text<'a>,
    /// Objects stand in an array or spread over lines, so line breaks do not part them.
    is_stream: bool,
    columns: HashMap<String, usize>,
    values: String,
    spans: Vec<Span>,
    row_no: u64,
    n_total: u64,
    limits: Limits,
}

/// What comes next.
pub(super) enum Next {
    /// An object: the last so many bytes of the text.
    Object {
        n: usize,
        mark: Option<Mark>,
    },
    TooLong {
        text: String,
    },
    End,
}

impl<'a> JsonLines<'a> {
    pub(super) fn new(text: Text<'a>, is_stream: bool, header: &[String], n_total: u64, limits: &Limits) -> Self {
        let columns = header.iter().enumerate().map(|(at, name)| (name.clone(), at)).collect();
        let (values, spans) = (String::new(), Vec::new());
        Self { text, is_stream, columns, values, spans, row_no: 0, n_total, limits: limits.clone() }
    }

    pub(super) fn open(
        source: impl Read + Seek + Send + 'a,
        name: &str,
        sniffed: &Sniffed,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let plan = &sniffed.plan;
        let text = plan.open_text(source, name, sniffed.is_gzip, sniffed.encoding)?;
        Ok(Self::new(text, plan.is_json_stream, &sniffed.header, sniffed.n_bytes, limits))
    }

    pub(super) fn progress(&self) -> (u64, u64) {
        (self.text.n_stored().min(self.n_total), self.n_total)
    }

    pub(super) fn next(&mut self) -> Result<Next, Error> {
        if self.is_stream { self.next_in_stream() } else { self.next_line() }
    }

    fn next_line(&mut self) -> Result<Next, Error> {
        loop {
            let rest = self.text.rest();
            let end = memchr::memchr(b'\n', rest.as_bytes());
            let is_end = self.text.is_end();
            if end.is_none() && !is_end && rest.len() <= self.limits.max_row_bytes {
                self.text.fill(Some(self.row_no))?;
                continue;
            }
            if is_end && rest.is_empty() {
                return Ok(Next::End);
            }
            self.row_no += 1;
            let n = end.unwrap_or(rest.len());
            if n > self.limits.max_row_bytes {
                return self.skip_line();
            }
            if rest[..n].trim().is_empty() {
                self.take((n + 1).min(rest.len()));
                continue;
            }
            let n_taken = (n + 1).min(rest.len());
            let mark = self.take(n_taken);
            return Ok(Next::Object { n: n_taken, mark });
        }
    }

    fn take(&mut self, n: usize) -> Option<Mark> {
        let mark = self.text.take_mark(n);
        self.text.consume(n);
        mark
    }

    fn skip_line(&mut self) -> Result<Next, Error> {
        let text = clip(self.text.rest(), self.limits.max_cell_bytes).to_owned();
        loop {
            let rest = self.text.rest();
            let end = memchr::memchr(b'\n', rest.as_bytes());
            let n = end.map_or(rest.len(), |end| end + 1);
            self.take(n);
            if end.is_some() || self.text.is_end() {
                return Ok(Next::TooLong { text });
            }
            self.text.fill(Some(self.row_no))?;
        }
    }

    fn next_in_stream(&mut self) -> Result<Next, Error> {
        loop {
            let rest = self.text.rest();
            let n_between =
                rest.len() - rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '[' | ']')).len();
            if n_between > 0 {
                self.take(n_between);
            }
            let (rest, is_end) = (self.text.rest(), self.text.is_end());
            if rest.is_empty() && is_end {
                return Ok(Next::End);
            }
            if let Some(n) = object_end(rest.as_bytes()).or(is_end.then_some(rest.len())).filter(|_| !rest.is_empty()) {
                self.row_no += 1;
                let mark = self.take(n);
                return Ok(Next::Object { n, mark });
            }
            if rest.len() > self.limits.max_row_bytes {
                return Err(Error::CellTooLong { row: self.row_no + 1, limit: self.limits.max_row_bytes });
            }
            self.text.fill(Some(self.row_no))?;
        }
    }

    /// Adds rows to the table until it is full; false at the end.
    pub(super) fn pull(&mut self, table: &mut Table, max_rows: usize) -> Result<bool, Error> {
        while !table.is_full(max_rows) {
            let (n, mark) = match self.next()? {
                Next::Object { n, mark } => (n, mark),
                Next::TooLong { text } => {
                    table.reject_long(self.row_no, &text);
                    continue;
                }
                Next::End => return Ok(false),
            };
            let row_no = self.row_no;
            if let Some(encoding) = self.text.take_found() {
                table.notes.encoding_found = Some((row_no, encoding));
            }
            let text = self.text.last(n);
            if let Some(mark) = mark {
                table.reject_undecodable(row_no, mark, text);
                continue;
            }
            let (values, spans) = (&mut self.values, &mut self.spans);
            values.clear();
            spans.clear();
            spans.resize(self.columns.len(), Span::MISSING);
            let parsed = flatten(text, &mut |key, value| match self.columns.get(key) {
                Some(&at) => {
                    let start = values.len();
                    values.push_str(value.unwrap_or_default());
                    spans[at] = if value.is_some() { Span::text(start, values.len()) } else { Span::MISSING };
                }
                None => table.note_unknown_key(key),
            });
            match parsed {
                Ok(()) => table.accept(row_no, Record { text: values, scratch: "", spans }, Some(text)),
                Err(NotObject { column }) => {
                    let detail = format!("the line is no JSON object (at character {column})");
                    table.reject(row_no, Reason::RaggedRow, detail, text);
                }
            }
        }
        Ok(true)
    }
}

/// Where the object at the start of `bytes` ends; a run of other bytes ends before the next comma or line break.
fn object_end(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'{') {
        return memchr::memchr3(b',', b'\n', b']', bytes);
    }
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        at += memchr::memchr3(b'"', b'{', b'}', &bytes[at..])?;
        match bytes[at] {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => loop {
                at += 1;
                at += memchr::memchr2(b'"', b'\\', &bytes[at..])?;
                if bytes[at] == b'"' {
                    break;
                }
                at += 1;
                bytes.get(at)?;
            },
        }
        at += 1;
    }
}

/// The keys of the first objects in order of appearance, and how many objects were looked at.
pub(super) fn keys(
    rows: &mut JsonLines<'_>,
    n_objects: usize,
    max_bytes: usize,
) -> Result<(Vec<String>, usize), Error> {
    let mut keys = Vec::new();
    let mut known = HashSet::new();
    let (mut n, mut n_bytes) = (0, 0);
    let max_columns = rows.limits.max_columns;
    while n < n_objects && n_bytes < max_bytes && keys.len() <= max_columns {
        match rows.next()? {
            Next::Object { n, mark: None } => {
                let text = rows.text.last(n);
                n_bytes += n;
                let _ = flatten(text, &mut |key, _| {
                    if key.len() < MAX_KEY_BYTES && keys.len() <= max_columns && known.insert(key.to_owned()) {
                        keys.push(key.to_owned());
                    }
                });
            }
            Next::Object { .. } => {}
            Next::TooLong { .. } if rows.row_no == 1 => {
                return Err(Error::CellTooLong { row: 1, limit: rows.limits.max_row_bytes });
            }
            Next::TooLong { .. } => {}
            Next::End => break,
        }
        n += 1;
    }
    Ok((keys, n))
}
