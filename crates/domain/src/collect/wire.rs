//! Bytes on the wire: JSON, forms, queries, base64; limits.
//!
//! The caller has undone `Content-Encoding` within [`MAX_BODY_BYTES`]. The parser is chosen by the first byte, never by
//! the content type: real clients label gzipped JSON as a form, and forms as text.

use std::io;

use serde_json::Value;
use serde_json::error::Category;

use super::reject::{RejectCode, Rejected, Unreadable};
use crate::sensitive::Sensitive;

/// Bytes of a request after inflating.
pub const MAX_BODY_BYTES: usize = 32 << 20;
/// Values of a request that is larger than [`FEW_BYTES`]: each takes many times the bytes in memory that it takes in JSON.
pub const MAX_VALUES: usize = 300_000;
/// Requests up to this size are not counted.
pub const FEW_BYTES: usize = 512 << 10;
/// Bytes of one record as JSON.
pub const MAX_RECORD_BYTES: usize = 1 << 20;
/// Records of one request.
pub const MAX_RECORDS: usize = 50_000;
/// Levels of objects and arrays within one record.
pub const MAX_DEPTH: usize = 32;
/// Bytes of an id or a name.
pub const MAX_NAME_BYTES: usize = 1_024;
/// Bytes of a rejected record that are kept.
const MAX_KEPT_BYTES: usize = 64 << 10;

/// What a body is, by its first byte that says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing.
    Empty,
    /// `{` or `[`.
    Json,
    /// Anything else.
    Form,
}

/// The bytes without a byte order mark and blanks at both ends.
pub fn trim(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes).trim_ascii()
}

/// What a body is.
pub fn shape(body: &[u8]) -> Shape {
    match trim(body).first() {
        None => Shape::Empty,
        Some(b'{' | b'[') => Shape::Json,
        Some(_) => Shape::Form,
    }
}

/// Reads JSON. Bytes that are no UTF-8, and halves of surrogate pairs (SDKs cut texts in the middle of an emoji), become
/// U+FFFD rather than spoil the batch.
///
/// # Errors
/// [`Unreadable::Empty`], [`Unreadable::BadJson`], [`Unreadable::TooLarge`].
pub fn read_json(bytes: &[u8]) -> Result<Value, Unreadable> {
    if bytes.len() > MAX_BODY_BYTES {
        return Err(Unreadable::TooLarge("32 MiB"));
    }
    let bytes = trim(bytes);
    if bytes.is_empty() {
        return Err(Unreadable::Empty);
    }
    if bytes.len() > FEW_BYTES && ValueCounter::default().feed(bytes) > MAX_VALUES {
        return Err(Unreadable::TooLarge("300,000 values"));
    }
    serde_json::from_slice(bytes).or_else(|error| {
        let text = String::from_utf8_lossy(bytes);
        let repaired = repair_surrogates(&text);
        if repaired.is_none() && matches!(text, std::borrow::Cow::Borrowed(_)) {
            return Err(bad_json(&error));
        }
        serde_json::from_str(repaired.as_deref().unwrap_or(&text)).map_err(|error| bad_json(&error))
    })
}

/// Counts the values of JSON as it arrives, by what parts them; texts are passed over.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueCounter {
    n_values: usize,
    is_text: bool,
    is_escaped: bool,
}

impl ValueCounter {
    /// Takes the next bytes in; how many values there are so far.
    pub fn feed(&mut self, json: &[u8]) -> usize {
        for &byte in json {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' if self.is_text => self.is_escaped = true,
                b'"' => self.is_text = !self.is_text,
                b',' | b'[' | b'{' if !self.is_text => self.n_values += 1,
                _ => {}
            }
        }
        self.n_values
    }
}

fn bad_json(error: &serde_json::Error) -> Unreadable {
    let fault = match error.classify() {
        Category::Eof => "early end",
        _ if error.to_string().starts_with("recursion limit") => "nested too deeply",
        _ => "syntax",
    };
    Unreadable::BadJson { line: error.line(), column: error.column(), fault }
}

/// Replaces escapes of lone surrogates by `\ufffd`; `None` when there are none.
fn repair_surrogates(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let unit = |at: usize| -> Option<u16> {
        let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut repaired: Option<String> = None;
    let (mut at, mut copied) = (0, 0);
    while let Some(n) = memchr::memchr(b'\\', &bytes[at..]) {
        at += n;
        let n_escaped = match unit(at) {
            Some(0xd800..=0xdbff) if matches!(unit(at + 6), Some(0xdc00..=0xdfff)) => 12,
            Some(0xd800..=0xdfff) => {
                let out = repaired.get_or_insert_default();
                out.push_str(&text[copied..at]);
                out.push_str("\\ufffd");
                copied = at + 6;
                6
            }
            Some(_) => 6,
            // A backslash and what it escapes, so that `\\u` is not taken for an escape.
            None => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
        };
        at += n_escaped;
    }
    if let Some(out) = &mut repaired {
        out.push_str(&text[copied..]);
    }
    repaired
}

/// The fields of a form or a query, in order; `+` stays as it is, for base64 has it too.
pub fn read_form(bytes: &[u8]) -> Vec<(String, String)> {
    let text = |part: &[u8]| String::from_utf8_lossy(&percent_decode(part)).into_owned();
    let field = |pair: &[u8]| match memchr::memchr(b'=', pair) {
        Some(at) => (text(&pair[..at]), text(&pair[at + 1..])),
        None => (text(pair), String::new()),
    };
    let bytes = trim(bytes);
    let bytes = bytes.strip_prefix(b"?").unwrap_or(bytes);
    bytes.split(|&byte| byte == b'&').filter(|pair| !pair.is_empty()).take(100).map(field).collect()
}

/// Undoes percent-encoding; a `%` without two digits behind it stands for itself.
pub fn percent_decode(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|&byte| char::from(byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        match (bytes[at], digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}

/// Reads base64 of either alphabet; padding may miss, a blank stands for `+`, line breaks are passed over.
///
/// # Errors
/// Where the first other byte stands.
pub fn read_base64(text: &str) -> Result<Vec<u8>, usize> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3 + 3);
    let (mut bits, mut n_bits) = (0_u32, 0);
    for (at, byte) in text.trim_matches(['\r', '\n', '\t']).bytes().enumerate() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b' ' | b'-' => 62,
            b'/' | b'_' => 63,
            b'\r' | b'\n' => continue,
            b'=' => break,
            _ => return Err(at),
        };
        bits = bits << 6 | u32::from(six);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            bytes.push((bits >> n_bits) as u8);
        }
    }
    Ok(bytes)
}

/// An id as text: numbers become their digits; `null`, blanks and what scripts print for nothing are no id.
pub fn id_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => match number.as_f64().filter(|_| number.is_f64()) {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => (float as i64).to_string(),
            _ => number.to_string(),
        },
        _ => return None,
    };
    const NOTHING: &[&str] = &["", "null", "undefined", "NaN", "nil", "None", "(null)", "[object Object]"];
    (!NOTHING.contains(&text.as_str())).then_some(text)
}

/// A value as text; `None` for objects, arrays and `null`.
pub fn plain_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        value => id_text(value),
    }
}

/// How many levels of objects and arrays a value has.
pub fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// Checks the limits of one record; `n_body_bytes` is the size of the body that held it.
pub(super) fn check_limits(record: &Value, n_body_bytes: usize) -> Result<(), Rejected> {
    if n_body_bytes > MAX_RECORD_BYTES && n_bytes(record) > MAX_RECORD_BYTES {
        return Err(reject(RejectCode::TooLarge, "", record));
    }
    if depth(record) > MAX_DEPTH {
        return Err(reject(RejectCode::TooDeep, "", record));
    }
    Ok(())
}

/// A rejected record with its reason.
pub(super) fn reject(code: RejectCode, field: &str, record: &Value) -> Rejected {
    let mut text = record.to_string();
    if text.len() > MAX_KEPT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_KEPT_BYTES));
    }
    Rejected { code, field: field.to_owned(), record: Sensitive::new(text) }
}

/// Bytes of a value as compact JSON.
fn n_bytes(value: &Value) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Counting cannot fail.
    let _ = serde_json::to_writer(&mut counter, value);
    counter.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_byte_decides() {
        assert_eq!(shape(b" \n{\"a\":1}"), Shape::Json);
        assert_eq!(shape(b"\xef\xbb\xbf[1]"), Shape::Json);
        assert_eq!(shape(b"data=eyJ9&gzip=1"), Shape::Form);
        assert_eq!(shape(b" \r\n"), Shape::Empty);
    }

    #[test]
    fn json_faults_say_where() {
        let fault = |body: &[u8]| read_json(body).unwrap_err();
        assert_eq!(fault(b"{\"a\":"), Unreadable::BadJson { line: 1, column: 5, fault: "early end" });
        assert_eq!(fault(b"{\n\"a\":x}"), Unreadable::BadJson { line: 2, column: 5, fault: "syntax" });
        let deep = [b"[".repeat(500), b"]".repeat(500)].concat();
        assert!(matches!(fault(&deep), Unreadable::BadJson { fault: "nested too deeply", .. }));
        assert_eq!(fault(b""), Unreadable::Empty);
    }

    #[test]
    fn bombs_of_small_values_are_not_opened() {
        let mut counter = ValueCounter::default();
        counter.feed(br#"{"a":[1,2,{}],"b,[{\"#);
        assert_eq!(counter.feed(br#""":"x,\\"}"#), 6);
        let bomb = format!("[{}0]", "0,".repeat(MAX_VALUES));
        assert_eq!(read_json(bomb.as_bytes()), Err(Unreadable::TooLarge("300,000 values")));
        let texts = format!("[\"{}\"]", ",".repeat(2 * MAX_VALUES));
        assert!(read_json(texts.as_bytes()).is_ok());
    }

    #[test]
    fn halves_of_characters_spoil_nothing() {
        assert_eq!(read_json(br#"{"a":"x\ud83d","b":"\ud83d\ude00"}"#), Ok(json!({"a": "x\u{fffd}", "b": "😀"})));
        assert_eq!(read_json(br#"["\\ud83d"]"#), Ok(json!(["\\ud83d"])));
        assert_eq!(read_json(b"[\"x\xff\"]"), Ok(json!(["x\u{fffd}"])));
    }

    #[test]
    fn forms_and_base64_are_read() {
        let fields = read_form(b"?data=eyJhIjoxfQ%3D%3D&gzip=0&ext=crc%3D1&x");
        assert_eq!(fields[0], ("data".to_owned(), "eyJhIjoxfQ==".to_owned()));
        assert_eq!(fields[3], ("x".to_owned(), String::new()));
        assert_eq!(percent_decode(b"100%&%4"), b"100%&%4");
        for text in ["eyJhIjoxfQ==", "eyJhIjoxfQ", "eyJh\r\nIjoxfQ=="] {
            assert_eq!(read_base64(text).unwrap(), b"{\"a\":1}", "{text}");
        }
        assert_eq!(read_base64("++//").unwrap(), read_base64("  __").unwrap());
        assert_eq!(read_base64("ab*d"), Err(2));
    }

    #[test]
    fn ids_become_text() {
        for (value, expected) in [
            (json!(42), Some("42")),
            (json!(42.0), Some("42")),
            (json!(" u1 "), Some("u1")),
            (json!(null), None),
            (json!("undefined"), None),
            (json!({}), None),
        ] {
            assert_eq!(id_text(&value).as_deref(), expected, "{value}");
        }
    }

    #[test]
    fn limits_are_checked_by_record() {
        let mut deep = json!(1);
        for _ in 0..40 {
            deep = json!([deep]);
        }
        assert_eq!(check_limits(&deep, 100).unwrap_err().code, RejectCode::TooDeep);
        let large = json!({"a": "x".repeat(MAX_RECORD_BYTES)});
        let rejected = check_limits(&large, MAX_BODY_BYTES).unwrap_err();
        assert_eq!(rejected.code, RejectCode::TooLarge);
        assert_eq!(rejected.record.expose().len(), MAX_KEPT_BYTES);
    }

    proptest! {
        /// INV-COLLECT-1.
        #[test]
        fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..60), text in "(\\\\u|d83d|\\\\|[\"\\[\\]{}:,a1é]){0,12}") {
            let _ = (read_json(&bytes), read_form(&bytes), read_json(text.as_bytes()), repair_surrogates(&text));
            let _ = read_base64(&text);
        }
    }
}
