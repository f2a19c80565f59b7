//! From stored bytes to UTF-8 text in blocks, remembering where bytes did not form text.

use std::collections::VecDeque;

use encoding_rs::{Decoder, DecoderResult, GB18030, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use zhike_domain::import::layout::{Encoding, guess_encoding};

use super::Error;
use super::input::Stream;

/// Bytes read at a time.
const BLOCK_BYTES: usize = 1 << 20;
/// Lines up to this length are seen whole before they are decoded.
const LINE_BYTES: usize = 64 << 10;

/// A place where the bytes did not fit the encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    /// Position in the decoded text, from its start.
    at: u64,
    /// The encoding that fits, in which the line has been decoded.
    pub(super) reads_as: Option<&'static str>,
}

/// The text of a file, a window at a time.
pub(super) struct Text<'a> {
    stream: Stream<'a>,
    name: String,
    decoder: LineDecoder,
    raw: Vec<u8>,
    n_skip: usize,
    failed: Option<std::io::Error>,
    buf: String,
    pos: usize,
    is_end: bool,
}

impl<'a> Text<'a> {
    /// The text of a stream; with `is_guess`, an encoding of UTF-8 stands for "ASCII so far".
    pub(super) fn new(stream: Stream<'a>, name: &str, encoding: Encoding, is_guess: bool, n_bom_bytes: usize) -> Self {
        Self {
            stream,
            name: name.to_owned(),
            decoder: LineDecoder::new(encoding, is_guess && encoding == Encoding::Utf8),
            raw: Vec::new(),
            n_skip: n_bom_bytes,
            failed: None,
            buf: String::new(),
            pos: 0,
            is_end: false,
        }
    }

    /// The text not yet consumed.
    #[inline]
    pub(super) fn rest(&self) -> &str {
        &self.buf[self.pos..]
    }

    #[inline]
    pub(super) fn consume(&mut self, n: usize) {
        self.pos += n;
    }

    /// The last `n` bytes consumed.
    #[inline]
    pub(super) fn last(&self, n: usize) -> &str {
        &self.buf[self.pos - n..self.pos]
    }

    /// Whether [`Text::rest`] is all there will be.
    #[inline]
    pub(super) fn is_end(&self) -> bool {
        self.is_end
    }

    pub(super) fn n_stored(&self) -> u64 {
        self.stream.n_stored()
    }

    /// The encoding found where ASCII ended, once.
    pub(super) fn take_found(&mut self) -> Option<Encoding> {
        self.decoder.found.take()
    }

    /// The first mark within the next `n` bytes; all marks up to there are forgotten.
    #[inline]
    pub(super) fn take_mark(&mut self, n: usize) -> Option<Mark> {
        if self.decoder.marks.is_empty() {
            return None;
        }
        let end = self.decoder.offset + (self.pos + n) as u64;
        let mut first = None;
        while self.decoder.marks.front().is_some_and(|mark| mark.at < end) {
            let mark = self.decoder.marks.pop_front();
            first = first.or(mark);
        }
        first
    }

    /// Drops what was consumed and adds more text; false at the end.
    pub(super) fn fill(&mut self, row: Option<u64>) -> Result<bool, Error> {
        if self.is_end {
            return Ok(false);
        }
        if let Some(error) = self.failed.take() {
            self.is_end = true;
            return Err(Error::from_io(&self.name, row, error));
        }
        self.buf.drain(..self.pos);
        self.decoder.offset += self.pos as u64;
        self.pos = 0;
        let n_before = self.buf.len();
        while self.buf.len() == n_before {
            let (n, result) = self.stream.read_block(BLOCK_BYTES, &mut self.raw);
            if self.n_skip > 0 {
                let n_skip = self.n_skip.min(self.raw.len());
                self.raw.drain(..n_skip);
                self.n_skip -= n_skip;
            }
            self.failed = result.err();
            self.is_end = n < BLOCK_BYTES && self.failed.is_none();
            let n_done = self.decoder.decode(&self.raw, self.is_end, &mut self.buf);
            self.raw.drain(..n_done);
            if self.is_end || self.failed.is_some() {
                break;
            }
        }
        if self.buf.len() == n_before && self.failed.is_some() {
            return self.fill(row);
        }
        Ok(!self.is_end || self.buf.len() > n_before)
    }
}

enum State {
    /// Only ASCII so far; the first other line decides.
    Ascii,
    Utf8,
    /// A superset of ASCII: lines can be told apart before they are decoded.
    Lines(Decoder, &'static encoding_rs::Encoding),
    /// UTF-16.
    Wide(Decoder),
}

struct LineDecoder {
    state: State,
    /// Position in the decoded text of the first byte of the buffer.
    offset: u64,
    marks: VecDeque<Mark>,
    found: Option<Encoding>,
}

impl LineDecoder {
    fn new(encoding: Encoding, is_guess: bool) -> Self {
        let state = if is_guess { State::Ascii } else { Self::state(encoding) };
        Self { state, offset: 0, marks: VecDeque::new(), found: None }
    }

    fn state(encoding: Encoding) -> State {
        match encoding {
            Encoding::Utf8 => State::Utf8,
            Encoding::Gb18030 => State::Lines(GB18030.new_decoder_without_bom_handling(), GB18030),
            Encoding::Windows1252 => State::Lines(WINDOWS_1252.new_decoder_without_bom_handling(), WINDOWS_1252),
            Encoding::Utf16Le => State::Wide(UTF_16LE.new_decoder_without_bom_handling()),
            Encoding::Utf16Be => State::Wide(UTF_16BE.new_decoder_without_bom_handling()),
        }
    }

    /// Decodes as much of `raw` as can be and returns how many bytes that were.
    fn decode(&mut self, raw: &[u8], is_last: bool, out: &mut String) -> usize {
        if let State::Wide(decoder) = &mut self.state {
            decode_run(decoder, raw, is_last, out, self.offset, &mut self.marks);
            return raw.len();
        }
        let mut end = raw.len();
        if !is_last {
            let n_lines = memchr::memrchr2(b'\n', b'\r', raw).map_or(0, |at| at + 1);
            if end - n_lines <= LINE_BYTES {
                end = n_lines;
            }
        }
        if matches!(self.state, State::Ascii) {
            let n_ascii = raw[..end].iter().position(|byte| !byte.is_ascii()).unwrap_or(end);
            if n_ascii == end {
                out.push_str(&String::from_utf8_lossy(&raw[..end]));
                return end;
            }
            // The line with the first other byte and what follows it decide.
            let line = memchr::memrchr2(b'\n', b'\r', &raw[..n_ascii]).map_or(0, |at| at + 1);
            let encoding = match guess_encoding(&raw[line..], is_last) {
                Ok((encoding @ (Encoding::Gb18030 | Encoding::Windows1252), _)) => encoding,
                _ => Encoding::Utf8,
            };
            self.state = Self::state(encoding);
            if encoding != Encoding::Utf8 {
                self.found = Some(encoding);
            }
        }
        let raw = &raw[..end];
        match &mut self.state {
            State::Lines(decoder, encoding) => {
                if raw.is_ascii() {
                    decode_run(decoder, raw, is_last, out, self.offset, &mut self.marks);
                    return end;
                }
                let (mut run, mut at) = (0, 0);
                for line in raw.split_inclusive(|&byte| byte == b'\n') {
                    if is_utf8_line(line, encoding) {
                        decode_run(decoder, &raw[run..at], false, out, self.offset, &mut self.marks);
                        self.marks.push_back(Mark { at: self.offset + out.len() as u64, reads_as: Some("UTF-8") });
                        out.push_str(&String::from_utf8_lossy(line));
                        run = at + line.len();
                    }
                    at += line.len();
                }
                decode_run(decoder, &raw[run..], is_last, out, self.offset, &mut self.marks);
                end
            }
            _ => match std::str::from_utf8(raw) {
                Ok(text) => {
                    out.push_str(text);
                    end
                }
                // A character cut by the end of the block.
                Err(error) if error.error_len().is_none() && !is_last && error.valid_up_to() > 0 => {
                    out.push_str(std::str::from_utf8(&raw[..error.valid_up_to()]).unwrap_or_default());
                    error.valid_up_to()
                }
                Err(_) => {
                    for line in raw.split_inclusive(|&byte| byte == b'\n') {
                        self.push_utf8_line(line, out);
                    }
                    end
                }
            },
        }
    }

    /// A line of a UTF-8 file; one in GB18030 is decoded as such, for whoever repairs it.
    fn push_utf8_line(&mut self, line: &[u8], out: &mut String) {
        if let Ok(text) = std::str::from_utf8(line) {
            return out.push_str(text);
        }
        let at = self.offset + out.len() as u64;
        match GB18030.decode_without_bom_handling_and_without_replacement(line) {
            Some(text) if line.len() <= LINE_BYTES => {
                self.marks.push_back(Mark { at, reads_as: Some("GB18030") });
                out.push_str(&text);
            }
            _ => {
                let mut decoder = UTF_8.new_decoder_without_bom_handling();
                decode_run(&mut decoder, line, true, out, self.offset, &mut self.marks);
            }
        }
    }
}

/// Decodes `raw`; what does not fit becomes U+FFFD and a mark.
fn decode_run(
    decoder: &mut Decoder,
    raw: &[u8],
    is_last: bool,
    out: &mut String,
    offset: u64,
    marks: &mut VecDeque<Mark>,
) {
    let mut at = 0;
    loop {
        let rest = &raw[at..];
        out.reserve(decoder.max_utf8_buffer_length_without_replacement(rest.len()).unwrap_or(rest.len()));
        let (result, n) = decoder.decode_to_string_without_replacement(rest, out, is_last);
        at += n;
        match result {
            DecoderResult::InputEmpty => return,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(..) => {
                marks.push_back(Mark { at: offset + out.len() as u64, reads_as: None });
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }
}

/// Whether a line of a file in another encoding is UTF-8 beyond reasonable doubt.
fn is_utf8_line(line: &[u8], encoding: &'static encoding_rs::Encoding) -> bool {
    if line.is_ascii() || std::str::from_utf8(line).is_err() {
        return false;
    }
    // Few Chinese words in GBK happen to be valid UTF-8 too; four characters of three bytes each are no accident.
    encoding == WINDOWS_1252 || line.iter().filter(|&&byte| byte >= 0xe0).count() >= 4
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn decode(bytes: &[u8], encoding: Encoding, is_guess: bool) -> (String, Vec<Mark>, Option<Encoding>) {
        let mut text = Text::new(Stream::new(Cursor::new(bytes), false), "t", encoding, is_guess, 0);
        while text.fill(None).unwrap() {}
        let marks = text.decoder.marks.iter().copied().collect();
        (text.rest().to_owned(), marks, text.take_found())
    }

    #[test]
    fn a_gbk_line_in_a_utf8_file_is_marked_and_decoded() {
        let mut bytes = "编号,姓名\n1,张三\n".as_bytes().to_vec();
        let start = bytes.len() as u64;
        bytes.extend_from_slice(&GB18030.encode("2,李四先生\n").0);
        bytes.extend_from_slice("3,王五\n".as_bytes());
        let (text, marks, found) = decode(&bytes, Encoding::Utf8, false);
        assert_eq!(text, "编号,姓名\n1,张三\n2,李四先生\n3,王五\n");
        assert_eq!(marks, [Mark { at: start, reads_as: Some("GB18030") }]);
        assert_eq!(found, None);
    }

    #[test]
    fn a_utf8_line_in_a_gbk_file_is_marked_and_decoded() {
        let mut bytes = GB18030.encode("1,张三\n").0.to_vec();
        bytes.extend_from_slice("2,李四先生\n".as_bytes());
        bytes.extend_from_slice(&GB18030.encode("3,王五\n").0);
        let (text, marks, _) = decode(&bytes, Encoding::Gb18030, false);
        assert_eq!(text, "1,张三\n2,李四先生\n3,王五\n");
        assert_eq!(marks.len(), 1);
    }

    #[test]
    fn the_encoding_is_settled_where_ascii_ends() {
        let mut bytes = b"order,name\n1,smith\n".repeat(100_000);
        bytes.extend_from_slice(&GB18030.encode("2,李四\n3,王小五\n4,欧阳先生的订单备注\n").0);
        let (text, marks, found) = decode(&bytes, Encoding::Utf8, true);
        assert!(text.ends_with("2,李四\n3,王小五\n4,欧阳先生的订单备注\n"));
        assert!(marks.is_empty());
        assert_eq!(found, Some(Encoding::Gb18030));
    }

    #[test]
    fn bytes_that_form_no_text_become_a_mark() {
        let (text, marks, _) = decode(b"a,\xff\xffb\nc\n", Encoding::Utf8, false);
        assert_eq!(text, "a,\u{fffd}\u{fffd}b\nc\n");
        assert_eq!(marks[0], Mark { at: 2, reads_as: None });
        let (text, marks, _) = decode(b"a\0,\0\x00\xd8b\0c", Encoding::Utf16Le, false);
        assert_eq!(text, "a,\u{fffd}b\u{fffd}");
        assert_eq!(marks.len(), 2);
    }
}
