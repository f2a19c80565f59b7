//! What cells look like: the evidence by which headers are believed.

use super::entity::TargetKind;
use super::words::{read_bool, read_score, strip_quantity_unit};
use crate::clean::RuleSet;
use crate::clean::email::read_email;
use crate::clean::id_number::read_id_number;
use crate::clean::money::{MoneyUnit, parse_money};
use crate::clean::number::{parse_float, parse_int};
use crate::clean::person::{looks_masked, read_gender};
use crate::clean::phone::{PhoneReading, read_phone};
use crate::clean::status::{read_refund_state, read_status};
use crate::clean::time::{DateOrder, TimeReader};

/// A cell without blanks and spreadsheet marks at its ends.
pub fn strip_marks(cell: &str) -> &str {
    let blank = |letter: char| letter.is_whitespace() || matches!(letter, '\u{feff}' | '\u{200b}');
    let cell = cell.trim_matches(blank);
    let cell = cell.strip_prefix("=\"").and_then(|rest| rest.strip_suffix('"')).unwrap_or(cell);
    cell.trim_start_matches(['\'', '`']).trim_matches(blank)
}

/// Whether a cell is a value rather than a name: a number, an amount, a date, an e-mail, a phone.
pub fn looks_like_value(cell: &str) -> bool {
    let cell = cell.trim();
    let n_digits = cell.bytes().filter(u8::is_ascii_digit).count();
    if n_digits == 0 {
        return false;
    }
    let n_letters = cell.chars().filter(|letter| letter.is_alphabetic()).count();
    let is_numeric = cell.chars().all(|letter| {
        letter.is_ascii_digit()
            || matches!(
                letter,
                '.' | ',' | '-' | '+' | '/' | ':' | ' ' | '%' | '¥' | '￥' | '$' | '€' | '(' | ')' | '#'
            )
    });
    if is_numeric || n_letters == 0 {
        return true;
    }
    if cell.contains('@') && cell.contains('.') && n_letters + n_digits + 6 > cell.len() {
        return true;
    }
    let is_date = n_digits >= 6 && cell.contains(['-', '/', '年', ':']) && n_letters <= 5;
    is_date || n_digits >= 6 && n_letters <= 2
}

/// Share of the values that fit a kind of target, 0 to 1; 1 when there are none.
pub fn agreement<'a>(kind: TargetKind, values: impl Iterator<Item = &'a str>, zone: &str) -> f32 {
    let mut reader: [Option<TimeReader>; 3] = [DateOrder::YearFirst, DateOrder::DayFirst, DateOrder::MonthFirst]
        .map(|order| TimeReader::new(zone, order).ok());
    let mut fired = RuleSet::default();
    let (mut n, mut n_fit) = (0_usize, 0_f32);
    for value in values.map(strip_marks).filter(|value| !is_null(value)) {
        n += 1;
        fired.clear();
        n_fit += fit(kind, value, &mut reader, &mut fired);
    }
    if n == 0 { 1.0 } else { n_fit / n as f32 }
}

fn fit(kind: TargetKind, value: &str, readers: &mut [Option<TimeReader>; 3], fired: &mut RuleSet) -> f32 {
    let yes = |fits: bool| if fits { 1.0 } else { 0.0 };
    match kind {
        TargetKind::Id => yes(is_code(value)),
        TargetKind::Text | TargetKind::FreeText | TargetKind::Address | TargetKind::Currency => 1.0,
        TargetKind::Province | TargetKind::City => yes(value.parse::<f64>().is_err()),
        TargetKind::Name => yes(value.parse::<f64>().is_err() && value.chars().count() <= 60),
        TargetKind::Money | TargetKind::Price => yes(parse_money(value, MoneyUnit::Yuan, 4, fired).is_ok()),
        TargetKind::Quantity => yes(parse_float(value, fired).is_ok()
            || strip_quantity_unit(value).is_some_and(|number| parse_float(number, fired).is_ok())),
        TargetKind::Int => yes(parse_int(value, fired).is_ok()),
        TargetKind::Float => yes(read_score(value).is_ok() || parse_float(value, fired).is_ok()),
        TargetKind::Instant | TargetKind::Day | TargetKind::Birthday => {
            yes(readers.iter_mut().flatten().any(|reader| reader.instant(value, fired).is_ok())
                || kind == TargetKind::Birthday && value.len() <= 24)
        }
        TargetKind::Time => {
            yes(value.contains(':') && value.len() <= 14 && value.starts_with(|letter: char| letter.is_ascii_digit()))
        }
        TargetKind::Status => yes(read_status(value).is_some()),
        TargetKind::RefundState => yes(read_refund_state(value).is_some()),
        TargetKind::Gender => yes(read_gender(value, fired).is_some() || value.chars().count() <= 3),
        TargetKind::Phone => yes(is_phone_like(value)),
        TargetKind::Email => yes(value.contains('@') || looks_masked(value)),
        TargetKind::IdNumber => yes(read_id_number(value, fired).is_ok() || looks_masked(value)),
        TargetKind::Bool => yes(read_bool(value).is_some()),
        TargetKind::IdentityValue(_) => {
            yes(read_bool(value).is_none_or(|_| value.bytes().all(|byte| byte.is_ascii_digit())) && value.len() <= 200)
        }
    }
}

/// Whether a cell says nothing.
pub fn is_null(cell: &str) -> bool {
    matches!(
        cell,
        "" | "-"
            | "--"
            | "——"
            | "/"
            | "\\N"
            | "null"
            | "NULL"
            | "None"
            | "nan"
            | "NaN"
            | "N/A"
            | "无"
            | "(空)"
            | "(跳过)"
    )
}

fn is_code(value: &str) -> bool {
    let n_letters = value.chars().count();
    n_letters <= 64
        && !value.contains(['，', '。', ':', '@'])
        && (value.bytes().any(|byte| byte.is_ascii_digit()) || n_letters <= 20)
}

/// Whether a cell is a phone number, possibly masked, virtual or made up.
pub fn is_phone_like(value: &str) -> bool {
    let first = value.split([';', '；', ',', '，', '/', '、']).next().unwrap_or(value);
    !matches!(read_phone(first.trim(), &mut RuleSet::default()), PhoneReading::Invalid)
}

/// What personal data the values of a column seem to be, if most are.
pub fn personal_shape<'a>(values: impl Iterator<Item = &'a str> + Clone) -> Option<&'static str> {
    let values = values.map(strip_marks).filter(|value| !is_null(value));
    let n = values.clone().count();
    if n == 0 {
        return None;
    }
    let mut fired = RuleSet::default();
    let most = |n_fit: usize| n_fit * 2 > n;
    if most(values.clone().filter(|value| is_mobile_form(value)).count()) {
        return Some("phone");
    }
    if most(values.clone().filter(|value| read_email(value, &mut fired).is_ok()).count()) {
        return Some("email");
    }
    most(values.filter(|value| value.len() == 18 && read_id_number(value, &mut fired).is_ok()).count())
        .then_some("id_number")
}

/// A mainland mobile number with its usual prefixes; stricter than [`is_phone_like`], for columns without a telling name.
fn is_mobile_form(value: &str) -> bool {
    let digits = value.trim_start_matches("+86").trim_start_matches("86-").trim();
    digits.len() == 11
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.starts_with('1')
        && matches!(digits.as_bytes()[1], b'3'..=b'9')
}

/// The form of a value without its content: digits as `9`, letters as `a`, Han as `字`; at most 40 signs.
pub fn form(value: &str) -> String {
    let mut form: String = value
        .chars()
        .take(40)
        .map(|letter| match letter {
            _ if letter.is_ascii_digit() => '9',
            _ if letter.is_ascii_alphabetic() => 'a',
            _ if letter.is_numeric() => '9',
            _ if letter.is_alphabetic() => '字',
            _ if letter.is_control() => ' ',
            _ => letter,
        })
        .collect();
    if value.chars().nth(40).is_some() {
        form.push('…');
    }
    form
}
