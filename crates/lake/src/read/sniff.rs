//! The first look at a file: what it is and where its table stands.

use std::io::{Read, Seek};

use zhike_domain::clean::rule::Reason;
use zhike_domain::import::entity::Entity;
use zhike_domain::import::layout::{self, Encoding, HEADER_ROWS, guess_delimiter, guess_encoding};
use zhike_domain::raw::RawBatch;

use super::decode::Text;
use super::delimited::{self, Delimited, clip};
use super::input::{Input, Stream};
use super::json::flatten;
use super::json_lines::{self, JsonLines};
use super::record::{Record, Span};
use super::table::Table;
use super::workbook::{self, Kind, Workbook};
use super::{Error, Format, Limits, ReadOptions, Sniffed, parquet, zip};

/// Rows of the sample.
const SAMPLE_ROWS: usize = 200;
/// Rows looked at for the header and what stands below it.
const HEAD_ROWS: usize = HEADER_ROWS + SAMPLE_ROWS;
/// Text looked at, at most.
const HEAD_BYTES: usize = 16 << 20;
/// Bytes by which encoding and delimiter are told.
const GUESS_BYTES: usize = 1 << 20;
/// JSON objects by which the columns are told.
const JSON_OBJECTS: usize = 1000;

/// How to read the rest of a file that has been looked at.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) newline: u8,
    pub(super) n_bom_bytes: usize,
    /// The encoding is open because only ASCII has been seen.
    pub(super) is_ascii_so_far: bool,
    pub(super) is_json_stream: bool,
    /// The sample is all there is.
    pub(super) is_whole: bool,
    pub(super) archived: Option<zip::Entry>,
    pub(super) workbook: Option<Kind>,
    /// Name and size of the workbook that has been found to be within the limits.
    pub(super) checked: Option<(String, u64)>,
}

impl Plan {
    fn new() -> Self {
        Self {
            newline: b'\n',
            n_bom_bytes: 0,
            is_ascii_so_far: false,
            is_json_stream: false,
            is_whole: false,
            archived: None,
            workbook: None,
            checked: None,
        }
    }

    /// The decoded text of a file or of the file in an archive.
    pub(super) fn open_text<'a>(
        &self,
        source: impl Read + Seek + Send + 'a,
        name: &str,
        is_gzip: bool,
        encoding: Option<Encoding>,
    ) -> Result<Text<'a>, Error> {
        let stream = match &self.archived {
            Some(entry) => Stream::new(zip::open(source, entry, name)?, false),
            None => Stream::new(source, is_gzip),
        };
        Ok(Text::new(stream, name, encoding.unwrap_or(Encoding::Utf8), self.is_ascii_so_far, self.n_bom_bytes))
    }
}

/// Finds out what a file is, where its table stands and what its first rows are.
///
/// **Errors**: [`Error::Empty`], [`Error::NotText`], [`Error::TooManyColumns`], [`Error::CellTooLong`] (the first row),
/// [`Error::ZipBomb`], [`Error::TooLarge`], [`Error::NoTable`], [`Error::Unsupported`], [`Error::Corrupt`],
/// [`Error::Io`].
pub fn sniff(input: &mut Input, options: &ReadOptions) -> Result<Sniffed, Error> {
    if let Some(delimiter) = options.delimiter
        && (!delimiter.is_ascii() || matches!(delimiter, b'"' | b'\n' | b'\r'))
    {
        let (what, what_zh) =
            (format!("a table parted by the byte {delimiter}"), format!("以字节 {delimiter} 分隔的表格"));
        return Err(Error::unsupported(
            &what,
            &what_zh,
            "name a delimiter such as , or ;",
            "请指定逗号、分号等分隔符。",
        ));
    }
    let n_bytes = input.n_bytes();
    let head = input.head(8)?;
    if !head.starts_with(&[0x1f, 0x8b]) {
        return sniff_plain(input, &head, options);
    }
    let mut inner = Vec::new();
    let (_, result) = Stream::new(input.source(), true).read_block(8, &mut inner);
    result.map_err(|error| Error::from_io(input.name(), None, error))?;
    if inner.starts_with(b"PAR1") || inner.starts_with(b"PK\x03\x04") || inner.starts_with(&CFB_MAGIC) {
        let mut inflated = input.inflated(options.limits.max_in_memory_bytes)?;
        if inner.starts_with(b"PK") && !is_workbook(&zip::entries(inflated.source(), input.name())?) {
            return Err(Error::unsupported(
                "a zip archive inside a gzip file",
                "gzip 中的 zip 文件",
                UNPACK,
                UNPACK_ZH,
            ));
        }
        let sniffed = sniff_plain(&mut inflated, &inner, options)?;
        return Ok(Sniffed { is_gzip: true, n_bytes, ..sniffed });
    }
    sniff_text(input, true, None, options).map(|(sniffed, _)| sniffed)
}

const CFB_MAGIC: [u8; 8] = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

const SAVE_AS: &str = "open it in a spreadsheet and save it as .xlsx or CSV";
const SAVE_AS_ZH: &str = "请用表格软件打开，另存为 .xlsx 或 CSV。";
const UNPACK: &str = "unpack it and choose the file inside";
const UNPACK_ZH: &str = "请先解压，再选择其中的文件。";

fn sniff_plain(input: &mut Input, head: &[u8], options: &ReadOptions) -> Result<Sniffed, Error> {
    if head.is_empty() {
        return Err(Error::Empty);
    }
    if head.starts_with(b"PAR1") {
        return sniff_parquet(input, options);
    }
    if head.starts_with(&CFB_MAGIC) {
        return sniff_workbook(input, Kind::Xls, options);
    }
    if head.starts_with(b"PK\x03\x04") {
        let name = input.name().to_owned();
        let entries = zip::entries(input.source(), &name)?;
        return if is_workbook(&entries) {
            sniff_workbook(input, Kind::Xlsx, options)
        } else {
            sniff_archive(input, &entries, options)
        };
    }
    sniff_text(input, false, None, options).map(|(sniffed, _)| sniffed)
}

fn is_workbook(entries: &[zip::Entry]) -> bool {
    entries.iter().any(|entry| entry.name.eq_ignore_ascii_case("xl/workbook.xml"))
}

/// An archive of text files: the one with the best header is read.
fn sniff_archive(input: &mut Input, entries: &[zip::Entry], options: &ReadOptions) -> Result<Sniffed, Error> {
    let has = |name: &str| entries.iter().any(|entry| entry.name == name);
    if has("xl/workbook.bin") || has("content.xml") {
        return Err(Error::unsupported(
            "a workbook in the form .xlsb or .ods",
            ".xlsb 或 .ods 工作簿",
            SAVE_AS,
            SAVE_AS_ZH,
        ));
    }
    let is_text = |entry: &&zip::Entry| {
        let name = entry.name.to_ascii_lowercase();
        !name.contains("__macosx/")
            && [".csv", ".tsv", ".txt", ".json", ".jsonl", ".ndjson"].iter().any(|end| name.ends_with(end))
            && options.sheet.as_ref().is_none_or(|wanted| *wanted == entry.name)
    };
    let (mut found, mut skipped_sheets, mut first_error) = (Vec::new(), Vec::new(), None);
    for entry in entries.iter().filter(is_text).take(100) {
        if entry.is_encrypted {
            return Err(Error::unsupported(
                "a zip archive protected by a password",
                "有密码的 zip 文件",
                UNPACK,
                UNPACK_ZH,
            ));
        }
        match sniff_text(input, false, Some(entry), options) {
            Ok(sniffed) => found.push(sniffed),
            Err(error) => {
                skipped_sheets.push((entry.name.clone(), error.to_string()));
                first_error = first_error.or(Some(error));
            }
        }
    }
    let best = (0..found.len()).max_by(|&a, &b| found[a].1.total_cmp(&found[b].1).then(b.cmp(&a)));
    let Some(best) = best else {
        return Err(first_error.unwrap_or_else(|| {
            Error::unsupported("a zip archive without a CSV file", "没有 CSV 文件的 zip 文件", UNPACK, UNPACK_ZH)
        }));
    };
    let (mut sniffed, _) = found.swap_remove(best);
    for (other, score) in found {
        let name = other.sheet.unwrap_or_default();
        if score > 0.0 {
            sniffed.other_sheets.push(name);
        } else {
            skipped_sheets.push((name, "none of its column names is known".to_owned()));
        }
    }
    Ok(Sniffed { skipped_sheets, ..sniffed })
}

/// The text of a file or of a file in an archive: JSON or lines of cells; also how well the header is known.
fn sniff_text(
    input: &mut Input,
    is_gzip: bool,
    entry: Option<&zip::Entry>,
    options: &ReadOptions,
) -> Result<(Sniffed, f32), Error> {
    let limits = &options.limits;
    let name = input.name().to_owned();
    let n_bytes = input.n_bytes();
    input.rewind()?;
    let mut plan = Plan { archived: entry.cloned(), ..Plan::new() };
    let mut head = Vec::new();
    let mut stream = match entry {
        Some(entry) => Stream::new(zip::open(input.source(), entry, &name)?, false),
        None => Stream::new(input.source(), is_gzip),
    };
    let (n, result) = stream.read_block(GUESS_BYTES, &mut head);
    drop(stream);
    let is_whole = n < GUESS_BYTES && result.is_ok();
    if n == 0 {
        result.map_err(|error| Error::from_io(&name, None, error))?;
        return Err(Error::Empty);
    }
    let (encoding, n_bom_bytes) = encoding_of(&head, is_whole, options.encoding)?;
    plan.n_bom_bytes = n_bom_bytes;
    plan.is_ascii_so_far = options.encoding.is_none() && n_bom_bytes == 0 && !is_whole && head.is_ascii();

    // Decoded once more from the start, which is where reading starts later.
    input.rewind()?;
    let mut text = plan.open_text(input.source(), &name, is_gzip, Some(encoding))?;
    text.fill(None)?;
    let first = clip(text.rest(), 256 << 10).to_owned();
    drop(text);
    if first.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0').is_empty() && is_whole {
        return Err(Error::Empty);
    }
    refuse_markup(&first)?;
    if !first.contains('\n') && first.contains('\r') {
        plan.newline = b'\r';
    }
    let mut sniffed = Sniffed {
        is_gzip,
        encoding: Some(encoding),
        sheet: entry.map(|entry| entry.name.clone()),
        plan,
        ..blank(Format::Delimited, n_bytes, options)
    };
    input.rewind()?;
    let inner_name = entry.map_or(name.as_str(), |entry| entry.name.as_str());
    if let Some(is_stream) = json_form(&first, inner_name) {
        sniffed.format = Format::JsonLines;
        sniffed.plan.is_json_stream = is_stream;
        return sniff_json(input, &name, sniffed, limits);
    }

    let declared =
        first.get(..4).filter(|start| start.eq_ignore_ascii_case("sep=")).and_then(|_| first.as_bytes().get(4));
    let declared = declared.copied().filter(|byte| byte.is_ascii() && !matches!(byte, b'"' | b'\n' | b'\r'));
    let delimiter = options.delimiter.or(declared).unwrap_or_else(|| guess_delimiter(&first));
    sniffed.delimiter = Some(delimiter);
    let text = sniffed.plan.open_text(input.source(), &name, is_gzip, Some(encoding))?;
    let mut records = Delimited::new(text, delimiter, sniffed.plan.newline, n_bytes, limits);
    let (mut rows, mut n_head_bytes) = (Vec::new(), 0);
    while rows.len() < HEAD_ROWS && n_head_bytes < HEAD_BYTES {
        let n_cells = match records.next()? {
            delimited::Next::End => break,
            delimited::Next::Bad { reason: Reason::CellTooLong, .. } if rows.is_empty() => {
                return Err(Error::CellTooLong { row: 1, limit: limits.max_row_bytes });
            }
            delimited::Next::Bad { .. } => {
                rows.push(Vec::new());
                0
            }
            delimited::Next::Record { record, line, .. } => {
                n_head_bytes += line.len();
                rows.push(record.to_strings());
                record.len()
            }
        };
        if n_cells > limits.max_columns && rows.len() <= HEADER_ROWS {
            return Err(Error::TooManyColumns { n: records.n_cells(), limit: limits.max_columns });
        }
    }
    drop(records);
    let score = set_header(&mut sniffed, &rows, options)?;
    input.rewind()?;
    let mut rows = Delimited::open(input.source(), &name, &sniffed, limits)?;
    let mut table = Table::new(sniffed.header.len(), limits);
    let has_more = rows.pull(&mut table, SAMPLE_ROWS)?;
    drop(rows);
    take_sample(&mut sniffed, &mut table, has_more);
    Ok((sniffed, score))
}

/// Encoding and length of the byte order mark.
fn encoding_of(head: &[u8], is_whole: bool, forced: Option<Encoding>) -> Result<(Encoding, usize), Error> {
    if let Some(encoding) = forced {
        let mark: &[u8] = match encoding {
            Encoding::Utf8 => b"\xef\xbb\xbf",
            Encoding::Utf16Le => b"\xff\xfe",
            Encoding::Utf16Be => b"\xfe\xff",
            Encoding::Gb18030 => b"\x84\x31\x95\x33",
            Encoding::Windows1252 => b"",
        };
        return Ok((encoding, if head.starts_with(mark) { mark.len() } else { 0 }));
    }
    let guess = guess_encoding(head, is_whole).or_else(|error| {
        // A stray zero byte in a cell does not make a text binary.
        let n_zero = head.iter().filter(|&&byte| byte == 0).count();
        if !error.kind.is_empty() || n_zero == 0 || n_zero * 50 > head.len() {
            return Err(error);
        }
        let patched: Vec<u8> = head.iter().map(|&byte| if byte == 0 { b' ' } else { byte }).collect();
        guess_encoding(&patched, is_whole)
    });
    guess.map_err(|error| {
        let looks_like = match error.kind {
            "" => "binary data".to_owned(),
            kind @ ("png" | "jpeg" | "gif") => format!("{} image", kind.to_ascii_uppercase()),
            kind @ ("pdf" | "sqlite" | "xz" | "rar" | "7z" | "zstd" | "bzip2") => format!("{kind} file"),
            kind => kind.to_owned(),
        };
        Error::NotText { looks_like }
    })
}

/// Systems like to call a web page or XML `.xls`.
fn refuse_markup(text: &str) -> Result<(), Error> {
    let start = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if !start.starts_with('<') {
        return Ok(());
    }
    let start = clip(start, 64 << 10).to_ascii_lowercase();
    if start.starts_with("<?xml") {
        return Err(Error::unsupported("an XML file", " XML 文件", SAVE_AS, SAVE_AS_ZH));
    }
    if ["<!doctype", "<html", "<table", "<head", "<meta", "<style", "<body"].iter().any(|tag| start.starts_with(tag)) {
        return Err(Error::unsupported(
            "a web page (HTML), perhaps saved as .xls,",
            "网页（HTML，可能被命名为 .xls）",
            SAVE_AS,
            SAVE_AS_ZH,
        ));
    }
    Ok(())
}

/// Whether a text is JSON, and then whether its objects are a stream rather than one a line.
fn json_form(text: &str, name: &str) -> Option<bool> {
    let start = text.trim_start();
    let name = name.to_ascii_lowercase();
    let name = name.trim_end_matches(".gz");
    let is_named = [".json", ".jsonl", ".ndjson"].iter().any(|end| name.ends_with(end));
    if let Some(inside) = start.strip_prefix('[') {
        return inside.trim_start().starts_with(['{', ']']).then_some(true);
    }
    if !start.starts_with('{') {
        return is_named.then_some(false);
    }
    let is_object = |text: &str| flatten(text, &mut |_, _| {}).is_ok();
    let (first, rest) = start.split_once('\n').unwrap_or((start, ""));
    let second = rest.trim_start().lines().next().unwrap_or("");
    if is_object(first) || (second.starts_with('{') && is_object(second)) {
        return Some(false);
    }
    // An object spread over lines: its first line ends inside.
    let is_spread = first.trim_start_matches('{').trim_start().is_empty()
        || first.trim_start_matches('{').trim_start().starts_with('"');
    (is_named || is_spread).then_some(is_spread)
}

fn sniff_json(input: &mut Input, name: &str, mut sniffed: Sniffed, limits: &Limits) -> Result<(Sniffed, f32), Error> {
    let mut rows = JsonLines::open(input.source(), name, &sniffed, limits)?;
    let (header, n_rows) = json_lines::keys(&mut rows, JSON_OBJECTS, HEAD_BYTES)?;
    drop(rows);
    if header.len() > limits.max_columns {
        return Err(Error::TooManyColumns { n: header.len(), limit: limits.max_columns });
    }
    if header.is_empty() {
        return Err(Error::NoTable { n_rows, detail: "no line is a JSON object".to_owned() });
    }
    sniffed.header = header;
    input.rewind()?;
    let mut rows = JsonLines::open(input.source(), name, &sniffed, limits)?;
    let mut table = Table::new(sniffed.header.len(), limits);
    table.take_all_as_rows();
    let has_more = rows.pull(&mut table, SAMPLE_ROWS)?;
    drop(rows);
    take_sample(&mut sniffed, &mut table, has_more);
    let score = set_entity(&mut sniffed);
    Ok((sniffed, score))
}

fn sniff_parquet(input: &mut Input, options: &ReadOptions) -> Result<Sniffed, Error> {
    let (header, rows, is_whole) = parquet::head(input, SAMPLE_ROWS, &options.limits)?;
    if header.is_empty() {
        return Err(Error::NoTable { n_rows: 0, detail: "it has no column".to_owned() });
    }
    let mut sniffed = Sniffed { header, ..blank(Format::Parquet, input.n_bytes(), options) };
    sniffed.sample = rows_of(&rows);
    sniffed.plan.is_whole = is_whole;
    set_entity(&mut sniffed);
    Ok(sniffed)
}

fn blank(format: Format, n_bytes: u64, options: &ReadOptions) -> Sniffed {
    Sniffed {
        format,
        is_gzip: false,
        encoding: None,
        delimiter: None,
        sheet: None,
        other_sheets: Vec::new(),
        skipped_sheets: Vec::new(),
        header: Vec::new(),
        header_row: 0,
        n_header_rows: 0,
        entity: options.entity,
        sample: Vec::new(),
        n_bytes,
        plan: Plan::new(),
    }
}

fn sniff_workbook(input: &mut Input, kind: Kind, options: &ReadOptions) -> Result<Sniffed, Error> {
    let limits = &options.limits;
    let (name, n_bytes) = (input.name().to_owned(), input.n_bytes());
    input.rewind()?;
    workbook::check(input.source(), kind, n_bytes, &name, limits)?;
    input.rewind()?;
    let mut book = Workbook::open(input.source(), kind)?;
    let (mut found, mut skipped_sheets) = (Vec::new(), Vec::new());
    let sheets = book.sheets();
    if let Some(wanted) = options.sheet.as_ref().filter(|wanted| sheets.iter().all(|sheet| sheet.name != **wanted)) {
        return Err(workbook::no_sheet(wanted));
    }
    let order: Vec<String> = sheets.iter().map(|sheet| sheet.name.clone()).collect();
    for sheet in sheets {
        if options.sheet.as_ref().is_some_and(|wanted| *wanted != sheet.name) {
            continue;
        }
        if let Some(why) = sheet.excluded.filter(|_| options.sheet.is_none()) {
            skipped_sheets.push((sheet.name, why.to_owned()));
            continue;
        }
        let (rows, is_whole) = workbook::head(&mut book, &sheet.name, HEAD_ROWS, limits)?;
        if rows.iter().flatten().all(Option::is_none) {
            skipped_sheets.push((sheet.name, "it is empty".to_owned()));
            continue;
        }
        let mut sniffed = blank(Format::Workbook, n_bytes, options);
        sniffed.sheet = Some(sheet.name.clone());
        sniffed.plan.workbook = Some(kind);
        sniffed.plan.checked = Some((name.clone(), n_bytes));
        let texts: Vec<Vec<String>> =
            rows.iter().map(|row| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect()).collect();
        if let Some(n) = texts.iter().take(HEADER_ROWS).map(|row| last_filled(row)).find(|&n| n > limits.max_columns) {
            return Err(Error::TooManyColumns { n, limit: limits.max_columns });
        }
        let score = match set_header(&mut sniffed, &texts, options) {
            Ok(score) => score,
            Err(Error::NoTable { detail, .. }) => {
                skipped_sheets.push((sheet.name, detail));
                continue;
            }
            Err(error) => return Err(error),
        };
        let mut table = Table::new(sniffed.header.len(), limits);
        let mut has_more = !is_whole;
        let n_skip = sniffed.header_row + sniffed.n_header_rows;
        for (row, row_no) in rows.iter().zip(1..).skip(n_skip) {
            if table.is_full(SAMPLE_ROWS) {
                has_more = true;
                break;
            }
            accept_owned(&mut table, row_no, row);
        }
        take_sample(&mut sniffed, &mut table, has_more);
        found.push((sniffed, score));
    }
    let best = (0..found.len()).max_by(|&a, &b| found[a].1.total_cmp(&found[b].1).then(b.cmp(&a)));
    let Some(best) = best else {
        if skipped_sheets.iter().all(|(_, why)| why == "it is empty") {
            return Err(Error::Empty);
        }
        let detail = skipped_sheets.iter().map(|(name, why)| format!("sheet {name:?}: {why}")).collect::<Vec<_>>();
        return Err(Error::NoTable { n_rows: HEADER_ROWS, detail: clip(&detail.join("; "), 400).to_owned() });
    };
    let (mut sniffed, _) = found.remove(best);
    for (other, score) in found {
        let name = other.sheet.unwrap_or_default();
        if score > 0.0 {
            sniffed.other_sheets.push(name);
        } else {
            skipped_sheets.push((name, "none of its column names is known".to_owned()));
        }
    }
    skipped_sheets.sort_by_key(|(name, _)| order.iter().position(|sheet| sheet == name));
    Ok(Sniffed { skipped_sheets, ..sniffed })
}

fn accept_owned(table: &mut Table, row_no: u64, row: &[Option<String>]) {
    let (mut text, mut spans) = (String::new(), Vec::new());
    for cell in row {
        let start = text.len();
        text.push_str(cell.as_deref().unwrap_or_default());
        spans.push(cell.as_ref().map_or(Span::MISSING, |_| Span::text(start, text.len())));
    }
    table.accept(row_no, Record { text: &text, scratch: "", spans: &spans }, None);
}

/// Finds the header among the first rows; returns how well its names are known.
fn set_header(sniffed: &mut Sniffed, rows: &[Vec<String>], options: &ReadOptions) -> Result<f32, Error> {
    let limit = options.limits.max_columns;
    let score = if let Some(found) = layout::find_header(rows, options.entity) {
        sniffed.header = found.header;
        (sniffed.header_row, sniffed.n_header_rows) = (found.header_row, found.n_header_rows);
        sniffed.entity = Some(found.entity);
        let end = (found.header_row + found.n_header_rows).min(rows.len());
        drop_stray_columns(&mut sniffed.header, &rows[found.header_row.min(end)..end], &rows[end..]);
        found.score
    } else {
        let at = plain_header(rows)?;
        let n = last_filled(&rows[at]);
        sniffed.header = layout::make_distinct(rows[at][..n].to_vec());
        (sniffed.header_row, sniffed.n_header_rows) = (at, 1);
        0.0
    };
    if sniffed.header.len() > limit {
        return Err(Error::TooManyColumns { n: sniffed.header.len(), limit });
    }
    Ok(score)
}

/// A row with more cells than names has a delimiter too many; only if most rows are so wide is there a nameless column.
fn drop_stray_columns(header: &mut Vec<String>, names: &[Vec<String>], rows: &[Vec<String>]) {
    let n_named = names.iter().map(|row| last_filled(row)).max().unwrap_or(0);
    let n_wide = rows.iter().filter(|row| last_filled(row) > n_named).count();
    let n_rows = rows.iter().filter(|row| last_filled(row) > 0).count();
    if n_named > 0 && n_wide * 2 <= n_rows {
        header.truncate(n_named);
    }
}

fn last_filled(row: &[String]) -> usize {
    row.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1)
}

/// Where no name is known: the first row with at least two cells, if they look like names.
fn plain_header(rows: &[Vec<String>]) -> Result<usize, Error> {
    let n_rows = rows.len().min(HEADER_ROWS);
    let no_table = |detail: &str| Error::NoTable { n_rows, detail: detail.to_owned() };
    let n_filled = |row: &Vec<String>| row.iter().filter(|cell| !cell.trim().is_empty()).count();
    let wanted = rows.iter().map(n_filled).max().unwrap_or(0).min(2);
    if wanted == 0 {
        return Err(no_table("there is no text"));
    }
    let at = rows[..n_rows]
        .iter()
        .position(|row| n_filled(row) >= wanted)
        .ok_or_else(|| no_table("no row has two cells"))?;
    let is_name = |cell: &String| {
        let cell = cell.trim();
        cell.is_empty()
            || cell.len() <= 200
                && cell.chars().any(char::is_alphabetic)
                && !cell.starts_with(|c: char| c.is_ascii_digit())
    };
    if rows[at].iter().all(is_name) { Ok(at) } else { Err(no_table("the first full row holds values, not names")) }
}

/// What the rows are, by names and values, where the format has no header line.
fn set_entity(sniffed: &mut Sniffed) -> f32 {
    let mut rows = vec![sniffed.header.clone()];
    let cells = |row: &Vec<Option<String>>| row.iter().map(|cell| cell.clone().unwrap_or_default()).collect();
    rows.extend(sniffed.sample.iter().take(50).map(cells));
    let found = layout::find_header(&rows, sniffed.entity).filter(|found| found.header_row == 0);
    let guess: Option<(Entity, f32)> = found.map(|found| (found.entity, found.score));
    sniffed.entity = sniffed.entity.or(guess.map(|(entity, _)| entity));
    guess.map_or(0.0, |(_, score)| score)
}

fn take_sample(sniffed: &mut Sniffed, table: &mut Table, has_more: bool) {
    if has_more {
        table.release_held();
    } else {
        table.finish();
    }
    let rows = table.take(SAMPLE_ROWS);
    sniffed.sample = rows_of(&rows);
    sniffed.sample.truncate(SAMPLE_ROWS);
    sniffed.plan.is_whole = !has_more && table.take_bad_rows().is_empty();
}

fn rows_of(rows: &RawBatch) -> Vec<Vec<Option<String>>> {
    let row = |at| rows.columns.iter().map(|column| column.get(at).map(str::to_owned)).collect();
    (0..rows.n_rows()).map(row).collect()
}
