//! Cleaning of one cell's text, before anybody asks what the cell means.
//!
//! Runs on every cell of every file, so clean ASCII and plain Chinese text are decided by one pass over the bytes.

use std::ops::Range;

use super::rule::{Reason, Rule, RuleSet};

/// What a byte can be part of.
const PLAIN: u8 = 0;
/// An ASCII control character to be dropped.
const CONTROL: u8 = 1;
/// The first byte of characters among which are invisible, blank or full-width ones.
const SUSPECT: u8 = 2;

const CLASSES: [u8; 256] = {
    let mut classes = [PLAIN; 256];
    let mut byte = 0;
    while byte < 0x20 {
        if !matches!(byte as u8, b'\t' | b'\n' | b'\r' | 0x0b | 0x0c) {
            classes[byte] = CONTROL;
        }
        byte += 1;
    }
    classes[0x7f] = CONTROL;
    let leads = [0xc2, 0xd8, 0xe1, 0xe2, 0xe3, 0xef];
    let mut at = 0;
    while at < leads.len() {
        classes[leads[at]] = SUSPECT;
        at += 1;
    }
    classes
};

/// Cleans a cell by the rules common to all files; `None` for the words that mean "nothing".
///
/// In this order: invisible characters go, blanks and tabs at both ends go, spreadsheet marks go (`="123"`, a leading
/// `'` or `` ` ``), full-width digits, letters and signs become half-width, null words become missing. The result is a
/// part of `raw` when nothing inside changes, else it is built in `scratch`. An empty cell is missing and fires nothing.
#[inline]
pub fn clean<'a>(raw: &'a str, scratch: &'a mut String, fired: &mut RuleSet) -> Option<&'a str> {
    let text = clean_with(raw, scratch, fired, Form::Value)?;
    if is_null_word(text) {
        fired.insert(Rule::NullWord);
        return None;
    }
    Some(text)
}

/// Cleans free text (names of products, comments): ends, invisible characters and spreadsheet marks only.
///
/// Line breaks and full-width punctuation stay as they are, and only empty text is missing.
#[inline]
pub fn clean_text<'a>(raw: &'a str, scratch: &'a mut String, fired: &mut RuleSet) -> Option<&'a str> {
    clean_with(raw, scratch, fired, Form::Free)
}

/// Reads an id: drops the `.0` that spreadsheets add.
///
/// # Errors
/// [`Reason::IdPrecisionLost`] for `1.23457E+18`. An id like `12E5`, with neither a point nor a sign, stands.
#[inline]
pub fn clean_id<'a>(text: &'a str, fired: &mut RuleSet) -> Result<&'a str, Reason> {
    let bytes = text.as_bytes();
    let n_digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits == 0 || n_digits == bytes.len() {
        return Ok(text);
    }
    match &bytes[n_digits..] {
        b".0" => {
            fired.insert(Rule::IdTail);
            Ok(&text[..n_digits])
        }
        rest if n_digits == 1 && is_scientific_tail(rest) => Err(Reason::IdPrecisionLost),
        _ => Ok(text),
    }
}

/// Whether the bytes after the first digit make a number in scientific notation, as spreadsheets write it.
fn is_scientific_tail(rest: &[u8]) -> bool {
    let (has_point, rest) = match rest.strip_prefix(b".") {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let n_digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some(power) = rest[n_digits..].strip_prefix(b"E").or_else(|| rest[n_digits..].strip_prefix(b"e")) else {
        return false;
    };
    let (has_sign, power) = match power.first() {
        Some(b'+' | b'-') => (true, &power[1..]),
        _ => (false, power),
    };
    (has_point || has_sign) && !power.is_empty() && power.iter().all(u8::is_ascii_digit)
}

/// How deep the cleaning goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Value,
    Free,
}

#[inline]
fn clean_with<'a>(raw: &'a str, scratch: &'a mut String, fired: &mut RuleSet, form: Form) -> Option<&'a str> {
    let classes = raw.bytes().fold(PLAIN, |seen, byte| seen | CLASSES[byte as usize]);
    let text = if classes == PLAIN { raw } else { replace_within(raw, scratch, fired, form) };
    let text = strip_ends(text, fired, classes != PLAIN);
    (!text.is_empty()).then_some(text)
}

/// Takes blanks and spreadsheet marks off both ends until none is left.
#[inline]
fn strip_ends<'a>(text: &'a str, fired: &mut RuleSet, may_have_wide_blanks: bool) -> &'a str {
    let mut text = trim(text, fired, may_have_wide_blanks);
    while let Some(inner) = without_excel_mark(text) {
        fired.insert(Rule::ExcelText);
        text = trim(inner, fired, may_have_wide_blanks);
    }
    text
}

#[inline]
fn trim<'a>(text: &'a str, fired: &mut RuleSet, may_have_wide_blanks: bool) -> &'a str {
    let bytes = text.as_bytes();
    if let (Some(first), Some(last)) = (bytes.first(), bytes.last())
        && *first > b' '
        && *last > b' '
        && !may_have_wide_blanks
    {
        return text;
    }
    let trimmed = text.trim();
    if trimmed.len() != text.len() {
        fired.insert(Rule::Trim);
    }
    trimmed
}

#[inline]
fn without_excel_mark(text: &str) -> Option<&str> {
    match text.as_bytes().first()? {
        b'\'' | b'`' => Some(&text[1..]),
        b'=' => text.strip_prefix("=\"")?.strip_suffix('"'),
        _ => None,
    }
}

/// What becomes of a character inside a cell.
enum Fate {
    Keep,
    Drop,
    Become(char),
}

fn fate(c: char, previous: Option<char>, form: Form) -> Fate {
    match c {
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}' => Fate::Drop,
        // The other control characters, next line excepted, which is a blank.
        '\u{80}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' => Fate::Drop,
        // A joiner inside an emoji of several parts is seen, not zero-width.
        '\u{200d}' if form == Form::Free && previous.is_some_and(is_emoji) => Fate::Keep,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => Fate::Drop,
        _ if form == Form::Free => Fate::Keep,
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => half_width(c),
        '：' | '，' | '（' | '）' => half_width(c),
        // Signs that stand in numbers, e-mail addresses and masks.
        '．' | '－' | '＋' | '％' | '／' | '＠' | '＿' | '＊' | '＃' | '＝' => half_width(c),
        '￥' => Fate::Become('¥'),
        '\u{3000}' => Fate::Become(' '),
        _ => Fate::Keep,
    }
}

/// The ASCII character of a full-width one: their code points differ by a constant.
fn half_width(c: char) -> Fate {
    char::from_u32(c as u32 - 0xfee0).map_or(Fate::Keep, Fate::Become)
}

fn is_emoji(c: char) -> bool {
    matches!(c, '\u{2190}'..='\u{2bff}' | '\u{fe0f}' | '\u{1f000}'..='\u{1faff}')
}

/// Replaces what must change between the blanks at both ends.
#[cold]
fn replace_within<'a>(raw: &'a str, scratch: &'a mut String, fired: &mut RuleSet, form: Form) -> &'a str {
    let Range { start, end } = inner_range(raw, fired);
    let inner = &raw[start..end];
    let mut previous = None;
    let first_change = inner.char_indices().find(|&(_, c)| {
        let is_kept = matches!(fate(c, previous, form), Fate::Keep);
        previous = Some(c);
        !is_kept
    });
    let Some((at, _)) = first_change else {
        return inner;
    };
    scratch.clear();
    scratch.push_str(&inner[..at]);
    let mut previous = inner[..at].chars().next_back();
    for c in inner[at..].chars() {
        match fate(c, previous, form) {
            Fate::Keep => scratch.push(c),
            Fate::Drop => {
                fired.insert(Rule::ZeroWidth);
                continue;
            }
            Fate::Become(other) => {
                fired.insert(Rule::FullWidth);
                scratch.push(other);
            }
        }
        previous = Some(c);
    }
    scratch
}

/// Where the text begins and ends without blanks and invisible characters.
fn inner_range(raw: &str, fired: &mut RuleSet) -> Range<usize> {
    let mut is_padding = |c: char| {
        if c.is_whitespace() {
            fired.insert(Rule::Trim);
            true
        } else if matches!(fate(c, None, Form::Free), Fate::Drop) {
            fired.insert(Rule::ZeroWidth);
            true
        } else {
            false
        }
    };
    let from_start = raw.trim_start_matches(&mut is_padding);
    let start = raw.len() - from_start.len();
    start..start + from_start.trim_end_matches(&mut is_padding).len()
}

/// Whether a cleaned cell says "nothing".
///
/// The spellings are exact: `Null` and `Nan` are names of people.
#[inline]
fn is_null_word(text: &str) -> bool {
    if text.len() > 8 {
        return false;
    }
    match text.as_bytes()[0] {
        b'-' | b'/' | b'\\' | b'n' | b'N' | b'#' | b'(' | b'<' => matches!(
            text,
            "-" | "--"
                | "---"
                | "/"
                | "\\N"
                | "null"
                | "NULL"
                | "none"
                | "None"
                | "NONE"
                | "nan"
                | "NaN"
                | "n/a"
                | "N/A"
                | "#N/A"
                | "(null)"
                | "(NULL)"
                | "<null>"
                | "<NULL>"
                | "(空)"
                | "(跳过)"
                | "(无)"
        ),
        byte if byte >= 0x80 => matches!(text, "——" | "—" | "无" | "空"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(rules: &[Rule]) -> RuleSet {
        rules.iter().copied().collect()
    }

    #[track_caller]
    fn check(raw: &str, expected: Option<&str>, expected_rules: &[Rule]) {
        let (mut scratch, mut fired) = ("left over".to_owned(), RuleSet::default());
        assert_eq!(clean(raw, &mut scratch, &mut fired), expected, "{raw:?}");
        assert_eq!(fired, rules(expected_rules), "{raw:?}");
    }

    #[track_caller]
    fn check_text(raw: &str, expected: Option<&str>, expected_rules: &[Rule]) {
        let (mut scratch, mut fired) = (String::new(), RuleSet::default());
        assert_eq!(clean_text(raw, &mut scratch, &mut fired), expected, "{raw:?}");
        assert_eq!(fired, rules(expected_rules), "{raw:?}");
    }

    #[test]
    fn reads_what_systems_export() {
        check("交易成功", Some("交易成功"), &[]);
        check("20240305", Some("20240305"), &[]);
        check("=\"2024030512345678\"", Some("2024030512345678"), &[Rule::ExcelText]);
        check("'13912345678", Some("13912345678"), &[Rule::ExcelText]);
        check("`4200001234", Some("4200001234"), &[Rule::ExcelText]);
        check("\t6921234567\t", Some("6921234567"), &[Rule::Trim]);
        check("\t'6921234567 ", Some("6921234567"), &[Rule::Trim, Rule::ExcelText]);
        check("\u{feff}订单编号", Some("订单编号"), &[Rule::ZeroWidth]);
        check("138\u{200b}12345678", Some("13812345678"), &[Rule::ZeroWidth]);
        check("\u{3000}张三\u{a0}", Some("张三"), &[Rule::Trim]);
        check("１３８１２３４５６７８", Some("13812345678"), &[Rule::FullWidth]);
        check("ＡＢｃ（红）：￥１２．５０", Some("ABc(红):¥12.50"), &[Rule::FullWidth]);
        check("买家已付款，等待卖家发货", Some("买家已付款,等待卖家发货"), &[Rule::FullWidth]);
        check("太好了！", Some("太好了！"), &[]);
        check("=SUM(A1)", Some("=SUM(A1)"), &[]);
        check("a\nb", Some("a\nb"), &[]);
    }

    #[test]
    fn words_for_nothing_are_missing() {
        for word in ["-", "--", "——", "/", "\\N", "null", "NULL", "None", "nan", "N/A", "无", "(空)", "(跳过)"]
        {
            check(word, None, &[Rule::NullWord]);
        }
        check("'null", None, &[Rule::ExcelText, Rule::NullWord]);
        check("（空）", None, &[Rule::FullWidth, Rule::NullWord]);
        check("\t-", None, &[Rule::Trim, Rule::NullWord]);
        check("", None, &[]);
        check("  ", None, &[Rule::Trim]);
        check("=\"\"", None, &[Rule::ExcelText]);
        check("Null", Some("Null"), &[]);
        check("-5", Some("-5"), &[]);
    }

    #[test]
    fn free_text_keeps_its_signs() {
        check_text(" 很好，（推荐）！\n第二行\t", Some("很好，（推荐）！\n第二行"), &[Rule::Trim]);
        check_text("无", Some("无"), &[]);
        check_text("-", Some("-"), &[]);
        check_text("\u{feff}好\u{200b}评", Some("好评"), &[Rule::ZeroWidth]);
        check_text("=\"好评\"", Some("好评"), &[Rule::ExcelText]);
        check_text("一家👨\u{200d}👩\u{200d}👧", Some("一家👨\u{200d}👩\u{200d}👧"), &[]);
        check_text(" \n ", None, &[Rule::Trim]);
    }

    #[test]
    fn ids_keep_their_digits_or_are_refused() {
        #[track_caller]
        fn check(text: &str, expected: Result<&str, Reason>, expected_rules: &[Rule]) {
            let mut fired = RuleSet::default();
            assert_eq!(clean_id(text, &mut fired), expected, "{text}");
            assert_eq!(fired, rules(expected_rules), "{text}");
        }
        check("0012345", Ok("0012345"), &[]);
        check("12345.0", Ok("12345"), &[Rule::IdTail]);
        check("260512-1234567890", Ok("260512-1234567890"), &[]);
        check("#1001", Ok("#1001"), &[]);
        check("v1.0", Ok("v1.0"), &[]);
        check("12E5", Ok("12E5"), &[]);
        check("1E5", Ok("1E5"), &[]);
        check("1.23457E+18", Err(Reason::IdPrecisionLost), &[]);
        check("1.23457e18", Err(Reason::IdPrecisionLost), &[]);
        check("1E+12", Err(Reason::IdPrecisionLost), &[]);
        check("", Ok(""), &[]);
    }

    #[test]
    fn clean_cells_are_not_copied() {
        let (mut scratch, mut fired) = (String::new(), RuleSet::default());
        for raw in ["2024-03-05 14:03:22", "浙江省杭州市，西湖区", " x "] {
            let cleaned = clean_text(raw, &mut scratch, &mut fired).unwrap();
            assert!(raw.as_bytes().as_ptr_range().contains(&cleaned.as_ptr()), "{raw}");
        }
    }

    proptest! {
        /// INV-CLEAN-1.
        #[test]
        fn cleaning_again_changes_nothing(raw in "(\\PC|[\\x00-\\x20='`\"０-９（）￥\u{200b}\u{feff}\u{3000}👨\u{200d}-]){0,12}") {
            for form in [Form::Value, Form::Free] {
                let (mut scratch, mut fired) = (String::new(), RuleSet::default());
                if let Some(once) = clean_with(&raw, &mut scratch, &mut fired, form) {
                    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
                    prop_assert_eq!(clean_with(once, &mut scratch, &mut fired, form), Some(once));
                    prop_assert!(fired.is_empty(), "{:?}", fired);
                }
            }
        }

        /// INV-CLEAN-2.
        #[test]
        fn ids_never_panic(text in "\\PC{0,12}|[0-9.eE+-]{0,12}") {
            let _ = clean_id(&text, &mut RuleSet::default());
        }
    }
}
