//! Personal data inside free text: found by shape and check digit, replaced by masks.
//!
//! Owns what counts as a find in text that was written by people; must not know which column it stands in.
//! - **INV-DETECT-1**: text that was masked holds nothing to be found.

use std::ops::Range;

use crate::clean::email::is_local_byte;
use crate::clean::id_number;
use crate::mask;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingKind {
    /// A Chinese mobile number.
    Phone,
    /// A resident identity number with the right check digit.
    IdNumber,
    /// A bank card number with the right check digit.
    Card,
    /// An e-mail address.
    Email,
}

impl FindingKind {
    /// The word for it, in snake_case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::IdNumber => "id_number",
            Self::Card => "card",
            Self::Email => "email",
        }
    }
}

/// A find and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// Where it stands.
    ///
    /// **Units**: bytes of the text.
    pub range: Range<usize>,
}

/// Replaces the personal data found in free text by masks; `None` when nothing was found.
pub fn mask_text(text: &str) -> Option<String> {
    let mut masked = mask_once(text)?;
    // A mask may end what stood before another find: `a@b.cna@b.cn`. Each round hides more, so this ends.
    while let Some(again) = mask_once(&masked) {
        masked = again;
    }
    Some(masked)
}

fn mask_once(text: &str) -> Option<String> {
    let findings = scan(text);
    if findings.is_empty() {
        return None;
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    for Finding { kind, range } in findings {
        masked.push_str(&text[at..range.start]);
        let found: String = text[range.clone()].chars().map(ascii_of).collect();
        let digits = || found.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>();
        masked.push_str(&match kind {
            FindingKind::Phone => mask::phone(&digits()),
            FindingKind::IdNumber => mask::id_number(&digits()),
            FindingKind::Card => mask::card(&digits()),
            FindingKind::Email => mask::email(&found),
        });
        at = range.end;
    }
    masked.push_str(&text[at..]);
    Some(masked)
}

/// Finds mobile numbers, identity numbers, bank cards and e-mail addresses in free text, from left to right.
///
/// Digits may be full-width, and stand in groups parted by a blank or a dash.
pub fn scan(text: &str) -> Vec<Finding> {
    if !may_hold_any(text) {
        return Vec::new();
    }
    let mut findings = emails(text);
    let n_emails = findings.len();
    for finding in numbers(text) {
        let overlaps = |email: &Finding| email.range.start < finding.range.end && finding.range.start < email.range.end;
        if !findings[..n_emails].iter().any(overlaps) {
            findings.push(finding);
        }
    }
    findings.sort_by_key(|finding| finding.range.start);
    findings
}

/// Whether a text has an at sign or enough digits, full-width ones included.
fn may_hold_any(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memchr(b'@', bytes).is_some() {
        return true;
    }
    let n_digits = bytes.iter().filter(|byte| byte.is_ascii_digit()).count();
    n_digits >= 11 || (memchr::memchr(0xef, bytes).is_some() && text.contains(|c| matches!(c, '０'..='９' | '＠')))
}

/// The ASCII sign of a full-width one.
fn ascii_of(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        c => c,
    }
}

fn emails(text: &str) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for (at, sign) in text.char_indices().filter(|(_, c)| matches!(c, '@' | '＠')) {
        let is_local = |c: char| {
            let c = ascii_of(c);
            c == '.' || (c.is_ascii() && is_local_byte(c as u8) && (c.is_ascii_alphanumeric() || "+-_".contains(c)))
        };
        let local = &text[..at];
        let from = local.trim_end_matches(is_local).len();
        // A dot at the beginning is the sentence's.
        let from = from + (local[from..].len() - local[from..].trim_start_matches(['.', '．', '-', '+']).len());
        let from = from.max(findings.last().map_or(0, |finding| finding.range.end));
        let until = at + sign.len_utf8() + domain_len(&text[at + sign.len_utf8()..]);
        if from < at && until > at + sign.len_utf8() {
            findings.push(Finding { kind: FindingKind::Email, range: from..until });
        }
    }
    findings
}

/// How many bytes at the beginning are a domain: labels of letters and digits, the last of letters only; 0 for none.
fn domain_len(text: &str) -> usize {
    let (mut end, mut label, mut n_labels, mut is_name) = (0, 0, 0, true);
    for (at, c) in text.char_indices() {
        match ascii_of(c) {
            c if c.is_ascii_alphabetic() => {
                label += 1;
                if n_labels > 0 && is_name && label >= 2 {
                    end = at;
                    end += text[at..].chars().next().map_or(0, char::len_utf8);
                }
            }
            c if c.is_ascii_digit() || c == '-' => {
                label += 1;
                is_name = false;
            }
            '.' if label > 0 => {
                n_labels += 1;
                label = 0;
                is_name = true;
            }
            _ => break,
        }
    }
    end
}

/// A run of digits and where it stands.
struct Run {
    digits: String,
    range: Range<usize>,
}

fn numbers(text: &str) -> Vec<Finding> {
    let runs = runs(text);
    let mut findings = Vec::new();
    let mut first = 0;
    while first < runs.len() {
        // Runs that only a blank or a dash parts may be one number in groups.
        let mut until = first + 1;
        while until < runs.len() && is_joint(&text[runs[until - 1].range.end..runs[until].range.start]) {
            until += 1;
        }
        let mut at = first;
        while at < until {
            let (kind, n_runs) = match longest_number(text, &runs[at..until]) {
                Some(found) => found,
                None => {
                    at += 1;
                    continue;
                }
            };
            let last = &runs[at + n_runs - 1];
            let end = if kind == FindingKind::IdNumber { with_check_letter(text, last) } else { last.range.end };
            let mut start = runs[at].range.start;
            if kind == FindingKind::Phone && runs[at].digits.starts_with("86") && text[..start].ends_with('+') {
                start -= 1;
            }
            findings.push(Finding { kind, range: start..end });
            at += n_runs;
        }
        first = until;
    }
    findings
}

fn runs(text: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, c) in text.char_indices() {
        let digit = match c {
            '0'..='9' => c,
            '０'..='９' => ascii_of(c),
            _ => continue,
        };
        match runs.last_mut() {
            Some(run) if run.range.end == at => {
                run.digits.push(digit);
                run.range.end += c.len_utf8();
            }
            _ => runs.push(Run { digits: String::from(digit), range: at..at + c.len_utf8() }),
        }
    }
    runs
}

fn is_joint(between: &str) -> bool {
    matches!(between, " " | "-" | "\u{a0}" | "\u{3000}" | "－" | "–")
}

/// What the runs at the beginning of a group are, and how many of them; one run is preferred to several.
fn longest_number(text: &str, runs: &[Run]) -> Option<(FindingKind, usize)> {
    let mut digits = String::new();
    for (n_before, run) in runs.iter().enumerate() {
        digits.push_str(&run.digits);
        if digits.len() > 19 {
            return None;
        }
        let n_runs = n_before + 1;
        let lengths = || runs[..n_runs].iter().map(|run| run.digits.len());
        let is_split = n_runs > 1;
        let next_letter = text[run.range.end..].chars().next().map(ascii_of).filter(char::is_ascii_alphanumeric);
        if is_id_number(text, run, &digits) && (!is_split || lengths().eq([6, 8, 4]) || lengths().eq([6, 8, 3])) {
            return Some((FindingKind::IdNumber, n_runs));
        }
        if is_mobile(&digits)
            && (!is_split
                || lengths().eq([3, 4, 4])
                || lengths().eq([2, 11])
                || lengths().eq([4, 11])
                || lengths().eq([2, 3, 4, 4]))
        {
            return Some((FindingKind::Phone, n_runs));
        }
        let is_in_fours = || lengths().rev_is_card_groups(n_runs);
        if is_card(&digits) && next_letter.is_none() && (!is_split || is_in_fours()) {
            return Some((FindingKind::Card, n_runs));
        }
    }
    None
}

/// Lengths of the groups in which card numbers are printed: fours, the last one shorter or not.
trait CardGroups {
    fn rev_is_card_groups(self, n_groups: usize) -> bool;
}

impl<I: Iterator<Item = usize>> CardGroups for I {
    fn rev_is_card_groups(self, n_groups: usize) -> bool {
        self.enumerate().all(|(at, length)| length == 4 || (at + 1 == n_groups && (1..=4).contains(&length)))
    }
}

/// Whether the digits are a mobile number of the prefixes given out by MIIT (2023-03), `86` before it or not.
fn is_mobile(digits: &str) -> bool {
    let digits = match digits.len() {
        13 => digits.strip_prefix("86"),
        15 => digits.strip_prefix("0086"),
        12 => digits.strip_prefix('0'),
        _ => Some(digits),
    };
    let Some(&[b'1', second, third, ..]) = digits.filter(|digits| digits.len() == 11).map(str::as_bytes) else {
        return false;
    };
    match second {
        b'3' | b'8' => true,
        b'4' => matches!(third, b'5'..=b'9'),
        b'5' | b'9' => third != b'4',
        b'6' => matches!(third, b'2' | b'5' | b'6' | b'7'),
        b'7' => !matches!(third, b'4' | b'9'),
        _ => false,
    }
}

/// Whether the digits, or the digits and an `X` behind them, are an identity number.
fn is_id_number(text: &str, last: &Run, digits: &str) -> bool {
    let mut all = [0; 18];
    match digits.len() {
        18 => all.copy_from_slice(digits.as_bytes()),
        17 if with_check_letter(text, last) > last.range.end => {
            all[..17].copy_from_slice(digits.as_bytes());
            all[17] = b'X';
        }
        _ => return false,
    }
    id_number::is_valid(&all)
}

/// Where a run ends with the `X` behind it, if that ends the word.
fn with_check_letter(text: &str, run: &Run) -> usize {
    let mut rest = text[run.range.end..].chars();
    let letter = rest.next().filter(|c| matches!(c, 'X' | 'x' | 'Ｘ' | 'ｘ'));
    let is_end = rest.next().is_none_or(|c| !ascii_of(c).is_ascii_alphanumeric());
    match letter {
        Some(letter) if is_end && run.digits.len() != 18 => run.range.end + letter.len_utf8(),
        _ => run.range.end,
    }
}

/// Beginnings of card numbers by issuer, and how long these are.
///
/// Source: ISO/IEC 7812-1 and the ranges that the networks publish; 60 and 9558 are debit cards of Chinese banks from before
/// UnionPay. Visa's old numbers of 13 digits are left out: no card has one, and bar codes of 13 digits begin with 4 as well.
const ISSUERS: &[(&str, &str, &[usize])] = &[
    ("4", "4", &[16, 19]),
    ("51", "55", &[16]),
    ("2221", "2720", &[16]),
    ("34", "34", &[15]),
    ("37", "37", &[15]),
    ("300", "305", &[14]),
    ("36", "36", &[14]),
    ("3528", "3589", &[16]),
    ("60", "60", &[16, 17, 18, 19]),
    ("62", "62", &[16, 17, 18, 19]),
    ("81", "81", &[16, 17, 18, 19]),
    ("9558", "9558", &[19]),
];

/// Whether the digits are a bank card number: issuer and its length, Luhn.
fn is_card(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    let is_issuer = ISSUERS.iter().any(|(from, to, lengths)| {
        let head = digits.get(..from.len()).unwrap_or_default();
        lengths.contains(&digits.len()) && (*from..=*to).contains(&head)
    });
    if !is_issuer || bytes.iter().all(|byte| byte == &bytes[0]) {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            match at % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let masked = mask_text(text);
        assert_eq!(masked.as_deref().unwrap_or(text), expected, "{text}");
        assert_eq!(masked.is_some(), text != expected, "{text}");
    }

    #[test]
    fn personal_data_is_masked() {
        check("请打13912345678，谢谢", "请打139****5678，谢谢");
        check("电话:+86 139 1234 5678。", "电话:139****5678。");
        check("139-1234-5678", "139****5678");
        check("8613912345678", "139****5678");
        check("手机１３９１２３４５６７８", "手机139****5678");
        check("身份证11010519491231002X号", "身份证1****************X号");
        check("身份证11010519491231002x", "身份证1****************x");
        check("110105 19491231 002X", "1****************X");
        check("卡号6222021234567890128。", "卡号622202*********0128。");
        check("4111 1111 1111 1111", "411111******1111");
        check("发到zhangsan@qq.com吧", "发到z***@qq.com吧");
        check("li.lei@mail.example.com, 13912345678", "l***@mail.example.com, 139****5678");
        check("13912345678@139.com", "1***@139.com");
        check("两个号13912345678/13812345678", "两个号139****5678/138****5678");
    }

    #[test]
    fn other_numbers_stay() {
        for text in [
            "",
            "质量很好，物流很快",
            "订单号 2024030512345",
            "1391234567",
            "139123456789",
            "110105194912310021",
            "4111111111111112",
            "12912345678",
            "6901234567892",
            "@某某 你好",
            "a@b",
            "138****1234",
            "2024-03-05 14:03:22",
            "1709618602123",
            "00000000000000000000000",
        ] {
            check(text, text);
        }
    }

    #[test]
    fn finds_say_what_and_where() {
        let findings = scan("a@b.cn 13912345678");
        let expected =
            [Finding { kind: FindingKind::Email, range: 0..6 }, Finding { kind: FindingKind::Phone, range: 7..18 }];
        assert_eq!(findings, expected);
    }

    proptest! {
        /// INV-DETECT-1.
        #[test]
        fn masked_text_holds_nothing(text in "\\PC{0,30}|([0-9 @.a-cX-]|13912345678|11010519491231002X|4111111111111111|a@b\\.cn){0,12}") {
            if let Some(masked) = mask_text(&text) {
                prop_assert_eq!(mask_text(&masked), None, "{}", masked);
            }
        }

        #[test]
        fn mobiles_are_found_anywhere(before in "[^0-9０-９@＠ -]{0,5}", after in "[^0-9０-９@＠ -]{0,5}", number in "1[38][0-9]{9}") {
            let findings = scan(&format!("{before}{number}{after}"));
            prop_assert_eq!(findings.len(), 1);
            prop_assert_eq!(findings[0].range.clone(), before.len()..before.len() + 11);
        }
    }
}
