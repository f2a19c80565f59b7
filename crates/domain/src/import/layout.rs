//! Where the table stands in a file: encoding, separator, header, and lines that are no rows.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::entity::Entity;
use super::likely::likely_entity;
use super::shape::{looks_like_value, strip_marks};
use super::synonyms::{forms, is_known};

/// How text is stored as bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// UTF-8.
    Utf8,
    /// GB18030, a superset of GBK and GB2312.
    #[serde(alias = "gbk", alias = "gb2312")]
    Gb18030,
    /// UTF-16, low byte first.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
    /// Windows-1252, a superset of ISO-8859-1.
    #[serde(rename = "windows_1252", alias = "latin1", alias = "iso_8859_1")]
    Windows1252,
}

/// The bytes are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a text file{}{}", if .kind.is_empty() { "" } else { ": looks like " }, .kind)]
pub struct NotText {
    /// What the bytes look like (`zip`, `pdf` …), empty when unknown.
    pub kind: &'static str,
}

const MAGICS: &[(&[u8], &str)] = &[
    (b"\x89PNG", "png"),
    (b"PK\x03\x04", "zip or xlsx"),
    (b"PK\x05\x06", "zip"),
    (b"%PDF-", "pdf"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "xls or doc"),
    (b"\x1f\x8b", "gzip"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF8", "gif"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"Rar!", "rar"),
    (b"7z\xbc\xaf", "7z"),
    (b"PAR1", "parquet"),
    (b"SQLite format 3", "sqlite"),
    (b"\x7fELF", "program"),
];

/// The encoding of a file by its first bytes, and how long its byte order mark is.
///
/// `is_whole` says that the bytes are the whole file, so that a cut last letter is an error.
///
/// # Errors
/// When the bytes are those of a binary file.
pub fn guess_encoding(head: &[u8], is_whole: bool) -> Result<(Encoding, usize), NotText> {
    if let Some(&(_, kind)) = MAGICS.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Err(NotText { kind });
    }
    match head {
        [0xef, 0xbb, 0xbf, ..] => return Ok((Encoding::Utf8, 3)),
        [0xff, 0xfe, ..] => return Ok((Encoding::Utf16Le, 2)),
        [0xfe, 0xff, ..] => return Ok((Encoding::Utf16Be, 2)),
        _ => {}
    }
    let n_zero = head.iter().filter(|&&byte| byte == 0).count();
    if n_zero > 0 {
        let at_odd = head.iter().skip(1).step_by(2).filter(|&&byte| byte == 0).count();
        let n_half = head.len() / 2;
        // Separators, digits and line ends have a zero byte on one side, always the same.
        return match (at_odd, n_zero - at_odd) {
            (odd, 0) if odd * 5 >= n_half => Ok((Encoding::Utf16Le, 0)),
            (0, even) if even * 5 >= n_half => Ok((Encoding::Utf16Be, 0)),
            _ => Err(NotText { kind: "" }),
        };
    }
    let n_control =
        head.iter().filter(|&&byte| byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x1a | 0x1b)).count();
    if n_control * 50 > head.len() {
        return Err(NotText { kind: "" });
    }
    match std::str::from_utf8(head) {
        Ok(_) => return Ok((Encoding::Utf8, 0)),
        Err(error) if error.error_len().is_none() && !is_whole && error.valid_up_to() + 4 > head.len() => {
            return Ok((Encoding::Utf8, 0));
        }
        Err(_) => {}
    }
    // A few broken lines do not make it another encoding: they are set aside one by one.
    let lines = || head.split(|&byte| byte == b'\n').filter(|line| !line.is_ascii());
    let is_most = |n_good: usize| n_good > 0 && n_good * 2 >= lines().count();
    let encoding = if is_most(lines().filter(|line| std::str::from_utf8(line).is_ok()).count()) {
        Encoding::Utf8
    } else if is_gb18030(head, is_whole) || is_most(lines().filter(|line| is_gb18030(line, true)).count()) {
        Encoding::Gb18030
    } else {
        Encoding::Windows1252
    };
    Ok((encoding, 0))
}

/// Whether bytes form GB18030 and most two-byte letters are ones that Chinese text uses.
fn is_gb18030(bytes: &[u8], is_whole: bool) -> bool {
    let (mut at, mut n_common, mut n_rare) = (0, 0_usize, 0_usize);
    while at < bytes.len() {
        let lead = bytes[at];
        if lead < 0x80 {
            at += 1;
            continue;
        }
        if lead == 0x80 || lead == 0xff {
            return false;
        }
        match bytes.get(at + 1) {
            None => return !is_whole && n_common >= n_rare,
            Some(0x30..=0x39) => {
                match (bytes.get(at + 2), bytes.get(at + 3)) {
                    (Some(0x81..=0xfe), Some(0x30..=0x39)) => {}
                    (None, _) | (Some(0x81..=0xfe), None) if !is_whole => return n_common >= n_rare,
                    _ => return false,
                }
                n_rare += 1;
                at += 4;
            }
            Some(&trail @ (0x40..=0x7e | 0x80..=0xfe)) => {
                // GB2312 level 1 and its signs.
                let is_common = trail >= 0xa1 && matches!(lead, 0xa1..=0xa3 | 0xb0..=0xd7 | 0xd8..=0xf7);
                if is_common {
                    n_common += 1
                } else {
                    n_rare += 1
                }
                at += 2;
            }
            Some(_) => return false,
        }
    }
    n_common > 0 && n_common >= n_rare
}

/// The separator that cuts the lines most regularly: `,`, tab, `;` or `|`.
pub fn guess_delimiter(text: &str) -> u8 {
    let mut best = (0_u64, b',');
    for delimiter in [b',', b'\t', b';', b'|'] {
        let mut counts: Vec<usize> = Vec::new();
        let (mut n, mut in_quotes, mut has_text) = (0, false, false);
        for byte in text.bytes() {
            match byte {
                b'"' => in_quotes = !in_quotes,
                b'\n' if !in_quotes => {
                    if has_text {
                        counts.push(n);
                    }
                    if counts.len() >= 200 {
                        break;
                    }
                    (n, has_text) = (0, false);
                }
                byte if byte == delimiter && !in_quotes => n += 1,
                b'\r' => {}
                _ => has_text = true,
            }
        }
        if has_text && counts.len() < 200 && n > 0 {
            counts.push(n);
        }
        // The most frequent count of separators decides; how many lines have it, then how many cells they make.
        let mut sorted: Vec<usize> = counts.into_iter().filter(|&count| count > 0).collect();
        sorted.sort_unstable();
        let top = sorted.chunk_by(|a, b| a == b).map(|run| (run.len(), run[0])).max().unwrap_or((0, 0));
        let score = (top.0 as u64) * 1_000 + (top.1 as u64).min(999);
        if score > best.0 {
            best = (score, delimiter);
        }
    }
    best.1
}

/// A header found in the first lines of a sheet.
#[derive(Clone, Debug, PartialEq)]
pub struct HeaderFound {
    /// Its first row, from 0.
    pub header_row: usize,
    /// The names, made distinct.
    pub header: Vec<String>,
    /// Rows it spreads over, 1 or 2.
    pub n_header_rows: usize,
    /// Share of the names that are known, 0 to 1.
    pub score: f32,
    /// What the rows seem to be, or what was said.
    pub entity: Entity,
}

/// Rows in which a header is looked for.
pub const HEADER_ROWS: usize = 50;

/// The header among the first rows: the row with most known names and no number, date or amount.
pub fn find_header(rows: &[Vec<String>], entity: Option<Entity>) -> Option<HeaderFound> {
    let width = rows.iter().take(HEADER_ROWS * 2).map(|row| n_filled(row)).max()?;
    let mut best: Option<(usize, usize, usize)> = None;
    for (at, row) in rows.iter().take(HEADER_ROWS).enumerate() {
        if !could_be_header(row, width) {
            continue;
        }
        let n_known = n_known(row, entity);
        let n_filled = n_filled(row);
        // Without known names the first full row of words before the values is the header.
        let is_plain = n_known == 0 && n_filled * 2 > width && has_values_below(rows, at);
        if n_known == 0 && !is_plain {
            continue;
        }
        let rank = if n_known >= 2 || n_known == 1 && n_filled <= 4 { n_known * 2 } else { 1 };
        if best.is_none_or(|(top, ..)| rank > top) {
            best = Some((rank, at, n_known));
        }
    }
    let (_, at, n_known_names) = best?;
    let (header_row, names) = join_rows(rows, at, entity);
    let n_header_rows = if names.1 { 2 } else { 1 };
    let mut names = names.0;
    let data = &rows[(header_row + n_header_rows).min(rows.len())..];
    let data_width = data.iter().take(200).map(|row| last_filled(row)).max().unwrap_or(0);
    names.resize(names.len().max(data_width), String::new());
    while names.len() > data_width && names.last().is_some_and(|name| name.trim().is_empty()) {
        names.pop();
    }
    let header = make_distinct(names);
    let n_named = header.iter().filter(|name| !name.starts_with("column_")).count().max(1);
    let score = (n_known_names as f32 / n_named as f32).min(1.0);
    let sample: Vec<Vec<Option<String>>> =
        data.iter().take(100).map(|row| row.iter().map(|cell| Some(cell.clone())).collect()).collect();
    let entity = entity.unwrap_or_else(|| likely_entity(&header, &sample));
    Some(HeaderFound { header_row, header, n_header_rows, score, entity })
}

fn n_filled(row: &[String]) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty()).count()
}

fn last_filled(row: &[String]) -> usize {
    row.iter().rposition(|cell| !cell.trim().is_empty()).map_or(0, |at| at + 1)
}

fn n_known(row: &[String], entity: Option<Entity>) -> usize {
    row.iter().filter(|cell| !cell.trim().is_empty() && forms(cell).iter().any(|form| is_known(entity, form))).count()
}

fn could_be_header(row: &[String], width: usize) -> bool {
    let n_filled = n_filled(row);
    if n_filled == 0 || n_filled == 1 && width > 1 {
        return false;
    }
    let cells: Vec<&str> = row.iter().map(String::as_str).collect();
    !is_skipped_line(&cells)
        && row.iter().all(|cell| cell.chars().count() <= 200 && !looks_like_value(strip_marks(cell)))
}

fn has_values_below(rows: &[Vec<String>], at: usize) -> bool {
    let below = &rows[(at + 1).min(rows.len())..];
    let header = &rows[at];
    let is_other =
        |row: &Vec<String>| row.iter().zip(header).any(|(cell, name)| !cell.trim().is_empty() && cell != name);
    below.iter().take(10).any(is_other)
}

/// The names at `at`, joined with a second row of names where cells were merged.
fn join_rows(rows: &[Vec<String>], at: usize, entity: Option<Entity>) -> (usize, (Vec<String>, bool)) {
    let own: Vec<String> = rows[at].iter().map(|cell| clean_name(cell)).collect();
    // Group labels above: fewer cells than names, none of them a sentence or a value, the first name labelled.
    if at > 0 {
        let above = &rows[at - 1];
        let (n_above, n_own) = (n_filled(above), n_filled(&rows[at]));
        let is_label = |cell: &String| {
            let cell = cell.trim();
            cell.is_empty()
                || cell.chars().count() <= 20
                    && !cell.contains([':', '：'])
                    && !cell.bytes().any(|byte| byte.is_ascii_digit())
                    && !looks_like_value(cell)
        };
        let starts = above.first().is_some_and(|cell| !cell.trim().is_empty())
            || rows[at].first().is_some_and(|cell| cell.trim().is_empty());
        if n_above >= 2 && (n_above < n_own || n_own < last_filled(above)) && starts && above.iter().all(is_label) {
            return (at - 1, (join(above, &own), true));
        }
    }
    // Names below: where the upper row is blank there is a name, where it is not there is mostly none.
    if let Some(below) = rows.get(at + 1) {
        let is_blank = |row: &[String], column: usize| row.get(column).is_none_or(|cell| cell.trim().is_empty());
        let n_columns = own.len().max(below.len());
        let n_filling = (0..n_columns).filter(|&column| is_blank(&own, column) && !is_blank(below, column)).count();
        let n_merged = (0..n_columns).filter(|&column| !is_blank(&own, column) && is_blank(below, column)).count();
        let has_values = below.iter().any(|cell| looks_like_value(strip_marks(cell)));
        let is_survey = below.iter().any(|cell| matches!(cell.trim(), "Response" | "Open-Ended Response"));
        if !has_values && (is_survey || n_filling > 0 && n_merged > 0 && n_known(below, entity) > 0) {
            let below: Vec<String> = below.iter().map(|cell| clean_name(cell)).collect();
            return (at, (join(&rows[at], &below), true));
        }
    }
    (at, (own, false))
}

fn join(upper: &[String], lower: &[String]) -> Vec<String> {
    let mut group = String::new();
    (0..upper.len().max(lower.len()))
        .map(|column| {
            let label = upper.get(column).map(|cell| clean_name(cell)).unwrap_or_default();
            let name = lower.get(column).map(|cell| clean_name(cell)).unwrap_or_default();
            if !label.is_empty() {
                group.clone_from(&label);
            }
            match (name.is_empty(), group.is_empty()) {
                (true, _) => label,
                (false, true) => name,
                (false, false) if group == name => name,
                (false, false) => format!("{group}/{name}"),
            }
        })
        .collect()
}

fn clean_name(cell: &str) -> String {
    let cell = strip_marks(cell);
    cell.split(['\n', '\r', '\t']).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

/// Names without blanks at the ends, a number after repeated ones, `column_7` where there is none.
pub fn make_distinct(names: Vec<String>) -> Vec<String> {
    let mut seen: HashSet<String> = HashSet::new();
    names
        .into_iter()
        .enumerate()
        .map(|(at, name)| {
            let name = name.trim().trim_start_matches('\u{feff}');
            let base = if name.is_empty() { format!("column_{}", at + 1) } else { name.to_owned() };
            let mut distinct = base.clone();
            let mut number = 2;
            while !seen.insert(distinct.clone()) {
                distinct = format!("{base}#{number}");
                number += 1;
            }
            distinct
        })
        .collect()
}

const TOTALS: &[&str] = &[
    "合计",
    "总计",
    "小计",
    "汇总",
    "总合计",
    "本页合计",
    "本页小计",
    "累计合计",
    "grand total",
    "grand totals",
    "total",
    "totals",
    "subtotal",
    "sub total",
    "sum",
];
const FOOTERS: &[&str] = &[
    "导出时间",
    "导出日期",
    "导出人",
    "打印时间",
    "打印人",
    "制表",
    "制表人",
    "制表时间",
    "备注：",
    "备注:",
    "说明：",
    "说明:",
    "注：",
    "注:",
    "统计时间",
    "数据来源",
    "数据截止",
    "confidential information",
    "copyright",
    "©",
    "generated on",
    "exported on",
    "generated by",
    "exported by",
    "report generated",
    "end of report",
    "已收入",
    "已支出",
    "待收入",
    "待支出",
    "收入：",
    "支出：",
    "未知收支",
];
/// First names of a summary that closes a table; nothing after it is a row.
const CLOSERS: &[&str] = &["总交易单数", "总交易笔数", "总笔数"];

/// Whether a line is no row: blank, a separator, a total, a footer or a comment.
pub fn is_skipped_line(cells: &[&str]) -> bool {
    let mut filled = cells.iter().map(|cell| strip_marks(cell)).filter(|cell| !cell.is_empty());
    let Some(first) = filled.next() else { return true };
    let n_filled = 1 + filled.count();
    if !could_be_skipped(first) {
        return false;
    }
    if is_separator(first)
        && cells.iter().map(|cell| strip_marks(cell)).all(|cell| cell.is_empty() || is_separator(cell))
    {
        return true;
    }
    let lower = first.to_lowercase();
    if is_total(&lower) || is_closing_text(&lower) {
        return true;
    }
    let is_footer = FOOTERS.iter().any(|word| lower.starts_with(word)) || is_count_line(&lower);
    if is_footer
        && (n_filled <= 3 || n_filled * 3 <= cells.len())
        && !(cells.len() == 1 && n_filled == 1 && lower.chars().count() > 80)
    {
        return true;
    }
    // A comment, but not an order named `#1001`.
    let after = first.trim_start_matches('#');
    first.starts_with('#') && n_filled <= 2 && !after.starts_with(|letter: char| letter.is_ascii_alphanumeric())
}

/// Whether a line closes the table: what follows belongs to a summary.
pub(super) fn is_closing_line(cells: &[&str]) -> bool {
    cells.iter().map(|cell| strip_marks(cell)).find(|cell| !cell.is_empty()).is_some_and(is_closing_text)
}

fn is_closing_text(first: &str) -> bool {
    CLOSERS.iter().any(|word| first.starts_with(word))
}

/// A quick look at the first filled cell: most rows are told by its first byte.
#[inline]
pub(super) fn could_be_skipped(first: &str) -> bool {
    match first.as_bytes().first() {
        None => true,
        Some(b'0'..=b'9') => false,
        Some(byte) if byte.is_ascii_alphabetic() => {
            matches!(byte.to_ascii_lowercase(), b'g' | b't' | b's' | b'c' | b'e' | b'r')
        }
        Some(_) => true,
    }
}

fn is_separator(cell: &str) -> bool {
    cell.len() >= 3
        && cell.chars().all(|letter| matches!(letter, '-' | '=' | '_' | '*' | '~' | '—' | '─' | '#' | '+' | '|'))
        || is_titled_separator(cell)
}

/// `----------------------微信支付账单明细列表--------------------`.
fn is_titled_separator(cell: &str) -> bool {
    let n_signs = cell.chars().take_while(|&letter| matches!(letter, '-' | '=' | '#' | '*' | '—')).count();
    n_signs >= 4 && cell.ends_with(['-', '=', '#', '*', '—'])
}

fn is_total(lower: &str) -> bool {
    TOTALS.iter().any(|word| {
        lower.strip_prefix(word).is_some_and(|rest| {
            let rest = rest.trim_start();
            rest.is_empty()
                || rest.starts_with([':', '：', '(', '（', '='])
                || rest.bytes().all(|byte| byte.is_ascii_digit())
        })
    })
}

/// `共 120 笔`, `共120条记录`.
fn is_count_line(lower: &str) -> bool {
    lower.strip_prefix('共').is_some_and(|rest| {
        let rest = rest.trim_start();
        let digits = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ',').trim_start();
        digits.len() < rest.len() && digits.starts_with(['笔', '条', '单', '行', '个', '项'])
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(text: &str) -> Vec<Vec<String>> {
        text.lines().map(|line| line.trim_start().split('|').map(str::to_owned).collect()).collect()
    }

    #[test]
    fn encodings_are_told_apart() {
        let gbk = b"\xb6\xa9\xb5\xa5\xb1\xe0\xba\xc5,\xbd\xf0\xb6\xee\n1,2\n";
        let utf16: Vec<u8> = "订单,金额\n1,2\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = "a,b\n1,2\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (bytes, expected) in [
            ("订单编号,金额".as_bytes(), Ok((Encoding::Utf8, 0))),
            (b"\xef\xbb\xbfa,b", Ok((Encoding::Utf8, 3))),
            (b"\xff\xfea\0", Ok((Encoding::Utf16Le, 2))),
            (gbk.as_slice(), Ok((Encoding::Gb18030, 0))),
            (&utf16, Ok((Encoding::Utf16Le, 0))),
            (&big, Ok((Encoding::Utf16Be, 0))),
            (b"Caf\xe9,Z\xfcrich\nna\xefve,r\xf4le\n", Ok((Encoding::Windows1252, 0))),
            (b"", Ok((Encoding::Utf8, 0))),
            (b"\x89PNG\r\n\x1a\n", Err(NotText { kind: "png" })),
            (b"PK\x03\x04abc", Err(NotText { kind: "zip or xlsx" })),
            (b"\x01\x02\x03\x04\x05abc", Err(NotText { kind: "" })),
            (b"a\0\0\0b\0c", Err(NotText { kind: "" })),
        ] {
            assert_eq!(guess_encoding(bytes, true), expected, "{bytes:?}");
        }
        let cut = &"订单".as_bytes()[..5];
        assert_eq!(guess_encoding(cut, false), Ok((Encoding::Utf8, 0)));
        assert_ne!(guess_encoding(cut, true), Ok((Encoding::Utf8, 0)));
        assert_eq!(guess_encoding(&gbk[..7], false), Ok((Encoding::Gb18030, 0)));
    }

    #[test]
    fn separators_are_the_regular_ones() {
        for (text, expected) in [
            ("a,b,c\n1,2,3\n4,5,6\n", b','),
            ("a\tb\n1,5\t2\n3,5\t4\n", b'\t'),
            ("a;b;c\n1,5;2;3\n1,5;2;3\n", b';'),
            ("title\na|b|c\n1|2|3\n", b'|'),
            ("a,b\n\"x;y;z\",1\n\"x;y;z\",2\n", b','),
            ("one column\nvalue\n", b','),
        ] {
            assert_eq!(guess_delimiter(text) as char, expected as char, "{text}");
        }
    }

    #[test]
    fn headers_are_found_below_preambles() {
        let found = find_header(
            &rows(
                "全渠道订单明细||||
                 营业日期：2026/02/01-2026/02/28|门店：全部|||
                 门店名称|订单号|顾客实付|创建时间|订单状态
                 某店|202602260001|100.00|2026/02/26 20:04:33|已完成
                 合计||100.00||",
            ),
            Some(Entity::Orders),
        )
        .unwrap();
        assert_eq!((found.header_row, found.n_header_rows, found.entity), (2, 1, Entity::Orders));
        assert_eq!(found.header[1], "订单号");
        assert!(found.score > 0.9);
        let found = find_header(&rows("微信支付账单明细,,,\n昵称：[某人]\n----------------------微信支付账单明细列表--------------------\n交易时间|交易类型|金额(元)|交易单号\n2026-01-01 10:00:00|商户消费|¥1.00|42000"), None).unwrap();
        assert_eq!(found.header_row, 3);
        assert_eq!(find_header(&rows("1|2|3\n4|5|6"), None), None);
        assert_eq!(find_header(&[], None), None);
    }

    #[test]
    fn headers_over_two_rows_are_joined() {
        let found = find_header(
            &rows("基本信息||明细信息||\n单据编号|单据日期|物料编码|销售数量|含税单价\nXS1|2026-09-01|W1|10|1.20"),
            Some(Entity::OrderLines),
        )
        .unwrap();
        assert_eq!((found.header_row, found.n_header_rows), (0, 2));
        assert_eq!(
            found.header,
            ["基本信息/单据编号", "基本信息/单据日期", "明细信息/物料编码", "明细信息/销售数量", "明细信息/含税单价"]
        );
        let found = find_header(
            &rows("会员号|姓名|金额||日期\n|||订单数|\nM1|张三|10.00|2|2026-01-01"),
            Some(Entity::Profiles),
        )
        .unwrap();
        assert_eq!(found.n_header_rows, 1, "a row without known names is no header: {found:?}");
        let found = find_header(
            &rows("Respondent ID|Start Date|How likely are you to recommend us?|Comments\n|||Open-Ended Response\n1|09/03/2026 10:14:00 AM|9|Good"),
            Some(Entity::Feedback),
        )
        .unwrap();
        assert_eq!((found.header_row, found.n_header_rows), (0, 2));
        assert_eq!(found.header[3], "Comments/Open-Ended Response");
    }

    #[test]
    fn names_become_distinct() {
        let names = ["分销员", " a ", "", "分销员", "a", "分销员"].map(str::to_owned).to_vec();
        assert_eq!(make_distinct(names), ["分销员", "a", "column_3", "分销员#2", "a#2", "分销员#3"]);
    }

    #[test]
    fn lines_that_are_no_rows() {
        for line in [
            "",
            "  | ",
            "合计||100.00",
            "|合计|100.00",
            "总计：|3",
            "Grand Totals (12 records)|",
            "Total|5",
            "小计(3笔)|5",
            "----|----",
            "----------------------微信支付账单明细列表--------------------||",
            "导出时间：2026-09-03 10:00:00||",
            "共 120 笔|||",
            "共120条记录||",
            "#支付宝业务明细查询|",
            "#-----------------------------------------业务明细列表|",
            "Confidential Information - Do Not Distribute|",
            "Copyright © 2000-2026 someone|",
            "总交易单数|应结订单总金额|退款总金额",
        ] {
            let cells: Vec<&str> = line.split('|').collect();
            assert!(is_skipped_line(&cells), "{line}");
        }
        for line in [
            "#1001|a@b.com|5",
            "Total Recall DVD|1|5.00",
            "C536379|D|Discount",
            "合计划行动|1|2",
            "共享单车月卡|1|15.00",
            "-|1|2",
            "536365|合计|1",
            "Grand Piano|1|2",
            "备注夹|1|2",
        ] {
            let cells: Vec<&str> = line.split('|').collect();
            assert!(!is_skipped_line(&cells), "{line}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), is_whole: bool) {
            let _ = guess_encoding(&bytes, is_whole);
            let text = String::from_utf8_lossy(&bytes);
            let _ = guess_delimiter(&text);
            let rows: Vec<Vec<String>> = text.split('a').map(|row| row.split('b').map(str::to_owned).collect()).collect();
            let _ = find_header(&rows, None);
        }

        #[test]
        fn a_quick_look_never_hides_a_skipped_line(cells in proptest::collection::vec("(合计|Total|sum|#x|----|备注：|Exported on|[a-zA-Z0-9# -]{0,6})", 1..4)) {
            let cells: Vec<&str> = cells.iter().map(String::as_str).collect();
            let first = cells.iter().find(|cell| !cell.is_empty());
            if is_skipped_line(&cells) {
                prop_assert!(first.is_none_or(|first| could_be_skipped(first)));
            }
        }
    }
}
