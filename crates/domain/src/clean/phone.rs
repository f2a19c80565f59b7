//! Phone numbers: Chinese mobiles and land lines, international numbers, and what only looks like a number.

use super::person::looks_masked;
use super::rule::{Rule, RuleSet};

/// What kind of number it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// A mobile number of mainland China.
    Mobile,
    /// A land line or service number of mainland China.
    Landline,
    /// A number of another country.
    International,
}

/// What a text in a phone column turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PhoneReading {
    /// A number.
    Phone {
        /// `13912345678`, `021-12345678` (extension after a further `-`), `4008001234`, or E.164 (`+14155552671`).
        value: String,
        /// Its kind.
        kind: PhoneKind,
    },
    /// Masked or encrypted.
    Masked,
    /// A number that a platform lends to one order: `15512345678-1234`.
    Virtual,
    /// A number typed in to get past a form: `13800138000`.
    Test,
    /// No number.
    Invalid,
}

impl PhoneReading {
    fn phone(value: String, kind: PhoneKind) -> Self {
        Self::Phone { value, kind }
    }
}

/// Reads a phone number; of several in one cell, the first ([`split_phones`] gives them one by one).
///
/// Blanks, dashes, brackets, dots, `+86`, `0086`, a dialled `0` before a mobile number and a spreadsheet's `.0` go.
/// Land lines need their area code.
#[inline]
pub fn read_phone(text: &str, fired: &mut RuleSet) -> PhoneReading {
    if is_mobile(text.as_bytes()) {
        return mobile(text);
    }
    read_any(text, fired)
}

/// The numbers of a cell that holds several, separated by `;`, `,`, `/`, `、`, `|`, a line break, or a blank between two
/// whole mobile numbers.
pub fn split_phones(text: &str) -> impl Iterator<Item = &str> {
    text.split([';', ',', '/', '、', '|', '\n', '；', '，'])
        .flat_map(|part| {
            let is_list =
                part.split_whitespace().count() > 1 && part.split_whitespace().all(|word| is_mobile(word.as_bytes()));
            let (list, whole) = if is_list { (Some(part.split_whitespace()), None) } else { (None, Some(part.trim())) };
            list.into_iter().flatten().chain(whole)
        })
        .filter(|part| !part.is_empty())
}

/// Whether the bytes are a mobile number of mainland China: eleven digits, `1[3-9]…`.
#[inline]
pub(crate) fn is_mobile(bytes: &[u8]) -> bool {
    bytes.len() == 11 && bytes[0] == b'1' && matches!(bytes[1], b'3'..=b'9') && bytes.iter().all(u8::is_ascii_digit)
}

fn mobile(digits: &str) -> PhoneReading {
    // The top-up number of China Mobile, and a prefix with nothing but zeros behind it.
    if digits == "13800138000" || digits.ends_with("00000000") {
        return PhoneReading::Test;
    }
    PhoneReading::phone(digits.to_owned(), PhoneKind::Mobile)
}

#[cold]
fn read_any(text: &str, fired: &mut RuleSet) -> PhoneReading {
    if looks_masked(text) {
        return PhoneReading::Masked;
    }
    let mut parts = split_phones(text);
    let (Some(first), second) = (parts.next(), parts.next()) else {
        return PhoneReading::Invalid;
    };
    // `15512345678,1234` is a number with its extension, two whole numbers are two.
    let reading = match second {
        Some(second) if is_extension(second) => read_one(&format!("{first}-{second}")),
        Some(second) => match read_one(first) {
            PhoneReading::Invalid => read_one(second),
            reading => reading,
        },
        None => read_one(first),
    };
    if let PhoneReading::Phone { value, .. } = &reading
        && value != text
    {
        fired.insert(Rule::PhoneForm);
    }
    reading
}

fn is_extension(text: &str) -> bool {
    (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_one(text: &str) -> PhoneReading {
    let text = without_label(text);
    let (body, extension) = split_extension(text);
    let Some(number) = Digits::of(body) else {
        return PhoneReading::Invalid;
    };
    let digits = number.digits.as_str();
    if digits.is_empty() || digits.bytes().all(|byte| byte == digits.as_bytes()[0]) {
        return if digits.len() >= 7 { PhoneReading::Test } else { PhoneReading::Invalid };
    }
    if let Some(digits) = number.chinese()
        && let Some(reading) = read_chinese(&digits, extension)
    {
        return reading;
    }
    if matches!(digits, "12345678" | "123456789" | "1234567890" | "12345678901" | "12345678910") {
        return PhoneReading::Test;
    }
    if number.is_international && extension.is_none() && (8..=15).contains(&digits.len()) && !digits.starts_with("86") {
        return PhoneReading::phone(format!("+{digits}"), PhoneKind::International);
    }
    PhoneReading::Invalid
}

fn read_chinese(digits: &str, extension: Option<&str>) -> Option<PhoneReading> {
    if is_mobile(digits.as_bytes()) {
        return Some(if extension.is_some() { PhoneReading::Virtual } else { mobile(digits) });
    }
    let (area, local) = match digits.as_bytes() {
        [b'4' | b'8', b'0', b'0', ..] if digits.len() == 10 => {
            return Some(PhoneReading::phone(digits.to_owned(), PhoneKind::Landline));
        }
        [b'0', b'1' | b'2', ..] => digits.split_at_checked(3)?,
        [b'0', b'3'..=b'9', ..] => digits.split_at_checked(4)?,
        _ => return None,
    };
    if !matches!(local.len(), 7 | 8) || local.starts_with('0') || area.starts_with("01") && area != "010" {
        return None;
    }
    let value = match extension {
        Some(extension) => format!("{area}-{local}-{extension}"),
        None => format!("{area}-{local}"),
    };
    Some(PhoneReading::phone(value, PhoneKind::Landline))
}

fn without_label(text: &str) -> &str {
    let text = text.trim();
    for label in ["tel:", "Tel:", "TEL:", "电话:", "手机:", "手机号:", "电话", "手机"] {
        if let Some(rest) = text.strip_prefix(label) {
            return rest.trim();
        }
    }
    text
}

/// Splits `15512345678-1234`, `15512345678[1234]`, `021-12345678转8001` and the like into number and extension.
fn split_extension(text: &str) -> (&str, Option<&str>) {
    for mark in ["转", "ext.", "ext", "Ext.", "EXT", "#"] {
        if let Some((body, extension)) = text.split_once(mark) {
            let extension = extension.trim();
            if is_extension(extension) {
                return (body.trim_end_matches(['-', ' ', ',']), Some(extension));
            }
        }
    }
    for (open, close) in [('[', ']'), ('(', ')'), ('【', '】')] {
        if let Some(inner) = text.strip_suffix(close)
            && let Some((body, extension)) = inner.rsplit_once(open)
            && is_extension(extension)
            && body.bytes().filter(u8::is_ascii_digit).count() >= 7
        {
            return (body, Some(extension));
        }
    }
    // After a dash only where a whole number stands before it.
    if let Some((body, extension)) = text.rsplit_once(['-', '_'])
        && is_extension(extension)
        && Digits::of(body).and_then(|number| number.chinese()).and_then(|digits| read_chinese(&digits, None)).is_some()
    {
        return (body, Some(extension));
    }
    (text, None)
}

/// The digits of a number, and whether a country code stands before them.
struct Digits {
    digits: String,
    is_international: bool,
}

impl Digits {
    /// `None` when anything but digits and the usual signs occurs.
    fn of(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut is_international = false;
        let mut digits = String::with_capacity(text.len());
        for c in text.strip_suffix(".0").unwrap_or(text).chars() {
            match c {
                '0'..='9' => digits.push(c),
                '+' if digits.is_empty() && !is_international => is_international = true,
                ' ' | '-' | '(' | ')' | '.' | '\u{a0}' | '–' | '‐' | '‑' => {}
                _ => return None,
            }
        }
        if !is_international && digits.len() > 10 && digits.starts_with("00") {
            is_international = true;
            digits.drain(..2);
        }
        // A national 0 is often kept in brackets: +86 (0)571 …
        Some(Self { digits, is_international })
    }

    /// The digits as dialled inside China; `None` for another country.
    fn chinese(&self) -> Option<String> {
        let digits = self.digits.as_str();
        let national = match digits.strip_prefix("86") {
            Some(national) if self.is_international || is_mobile(national.as_bytes()) => national,
            Some(national) if national.starts_with('0') && national.len() >= 10 => national,
            _ if self.is_international => return None,
            _ => digits,
        };
        if let Some(mobile) = national.strip_prefix('0').filter(|digits| is_mobile(digits.as_bytes())) {
            return Some(mobile.to_owned());
        }
        let has_country = national.len() != digits.len();
        let needs_zero = has_country
            && !is_mobile(national.as_bytes())
            && !national.starts_with('0')
            && !national.starts_with("400")
            && !national.starts_with("800");
        Some(if needs_zero { format!("0{national}") } else { national.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str, kind: PhoneKind) {
        let mut fired = RuleSet::default();
        let reading = read_phone(text, &mut fired);
        assert_eq!(reading, PhoneReading::phone(expected.to_owned(), kind), "{text}");
        assert_eq!(fired.contains(Rule::PhoneForm), text != expected, "{text}");
        assert_eq!(read_phone(expected, &mut fired), reading, "{text} read again");
    }

    #[test]
    fn numbers_are_read() {
        use PhoneKind::{International, Landline, Mobile};
        check("13912345678", "13912345678", Mobile);
        check("+86 139 1234 5678", "13912345678", Mobile);
        check("86-13912345678", "13912345678", Mobile);
        check("0086 13912345678", "13912345678", Mobile);
        check("(+86)13912345678", "13912345678", Mobile);
        check("139-1234-5678", "13912345678", Mobile);
        check("013912345678", "13912345678", Mobile);
        check("13912345678.0", "13912345678", Mobile);
        check("电话:13912345678", "13912345678", Mobile);
        check("13912345678;13812345678", "13912345678", Mobile);
        check("13912345678 13812345678", "13912345678", Mobile);
        check("021-12345678", "021-12345678", Landline);
        check("02112345678", "021-12345678", Landline);
        check("(0571) 8888-8888", "0571-88888888", Landline);
        check("0571-8888888", "0571-8888888", Landline);
        check("+86 21 6123 4567", "021-61234567", Landline);
        check("021-61234567-8001", "021-61234567-8001", Landline);
        check("021-61234567转8001", "021-61234567-8001", Landline);
        check("400-800-1234", "4008001234", Landline);
        check("+1 (415) 555-2671", "+14155552671", International);
        check("0044 20 7946 0958", "+442079460958", International);
        check("+852 2123 4567", "+85221234567", International);
    }

    #[test]
    fn what_is_no_number_is_told_apart() {
        for (text, expected) in [
            ("138****1234", PhoneReading::Masked),
            ("1**********", PhoneReading::Masked),
            ("##VcbJ8sKq==##", PhoneReading::Masked),
            ("$$AbCd12==$$", PhoneReading::Masked),
            ("15512345678-1234", PhoneReading::Virtual),
            ("15512345678[1234]", PhoneReading::Virtual),
            ("15512345678转1234", PhoneReading::Virtual),
            ("15512345678 转 1234", PhoneReading::Virtual),
            ("15512345678,1234", PhoneReading::Virtual),
            ("+86 15512345678 ext. 12", PhoneReading::Virtual),
            ("13800138000", PhoneReading::Test),
            ("13000000000", PhoneReading::Test),
            ("00000000", PhoneReading::Test),
            ("11111111111", PhoneReading::Test),
            ("12345678901", PhoneReading::Test),
            ("", PhoneReading::Invalid),
            ("12912345678", PhoneReading::Invalid),
            ("1391234567", PhoneReading::Invalid),
            ("139123456789", PhoneReading::Invalid),
            ("1.39123E+10", PhoneReading::Invalid),
            ("61234567", PhoneReading::Invalid),
            ("无电话", PhoneReading::Invalid),
            (";", PhoneReading::Invalid),
        ] {
            assert_eq!(read_phone(text, &mut RuleSet::default()), expected, "{text}");
        }
    }

    #[test]
    fn cells_of_several_numbers_are_split() {
        let split = |text| split_phones(text).collect::<Vec<_>>();
        assert_eq!(split("13912345678;13812345678"), ["13912345678", "13812345678"]);
        assert_eq!(split("13912345678 13812345678、021-12345678"), ["13912345678", "13812345678", "021-12345678"]);
        assert_eq!(split("+86 139 1234 5678"), ["+86 139 1234 5678"]);
        assert_eq!(split(""), [""; 0]);
    }

    proptest! {
        #[test]
        fn reading_again_changes_nothing(text in "[-+0-9 ()转,;.\\[\\]]{0,18}") {
            if let PhoneReading::Phone { value, kind } = read_phone(&text, &mut RuleSet::default()) {
                let mut fired = RuleSet::default();
                prop_assert_eq!(read_phone(&value, &mut fired), PhoneReading::Phone { value, kind });
                prop_assert!(fired.is_empty());
            }
        }

        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,20}") {
            let _ = (read_phone(&text, &mut RuleSet::default()), split_phones(&text).count());
        }
    }
}
