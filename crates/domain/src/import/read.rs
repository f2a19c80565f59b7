//! Readers of whole columns: from cells to typed values, one loop per kind, nothing allocated per plain cell.

use std::borrow::Cow;

use super::entity::{IdentityKind, TargetKind};
use super::mapping::FutureTime;
use super::shape::strip_marks;
use super::words::{is_no_comment, is_nobody, read_bool, read_score, strip_quantity_unit};
use super::work::Work;
use crate::clean::cell::{clean, clean_id, clean_text};
use crate::clean::email::read_email;
use crate::clean::id_number::read_id_number;
use crate::clean::money::{Currency, MoneyUnit, parse_money};
use crate::clean::number::{format_decimal, parse_decimal, parse_float, parse_int};
use crate::clean::person::{looks_masked, read_gender};
use crate::clean::phone::{PhoneReading, read_phone};
use crate::clean::status::{OrderStatus, RefundState, read_refund_state, read_status};
use crate::clean::time::{TimeReader, join_date_time};
use crate::clean::{Reason, Rule, RuleSet};
use crate::detect::mask_text;
use crate::frame::{Column, ColumnType, NumColumn, SensitiveColumn, TextColumn};

/// Longest text of one cell.
const MAX_TEXT_BYTES: usize = 128 * 1024;
/// Longest id of one cell.
const MAX_ID_BYTES: usize = 256;
/// Clocks go wrong by hours and zones; a day later than the load is a mistake.
const FUTURE_TOLERANCE_US: i64 = 86_400_000_000;

/// How the cells of one file column are read; everything that can be resolved before the rows is.
pub(super) struct Source {
    /// Position in the file.
    pub column: usize,
    /// Position of a second column with the time of day.
    pub time_column: Option<usize>,
    pub label: u16,
    pub how: How,
}

pub(super) enum How {
    Id,
    Text,
    FreeText,
    /// Free text of a review, where "no comment" is missing.
    Comment,
    Money {
        unit: MoneyUnit,
        places: u8,
    },
    Quantity,
    Int,
    Score,
    Instant {
        reader: Box<TimeReader>,
        future: FutureTime,
        latest_us: i64,
        or_duration: bool,
    },
    Day {
        reader: Box<TimeReader>,
    },
    Birthday {
        reader: Box<TimeReader>,
    },
    Status {
        words: Vec<(String, OrderStatus)>,
    },
    RefundState {
        words: Vec<(String, OrderStatus)>,
    },
    Gender,
    Name,
    Address,
    Bool,
    Currency,
    Identity {
        kind: IdentityKind,
        is_customer_list: bool,
    },
}

impl How {
    /// Type of the column that is read; states are numbers until the row is finished.
    pub fn column_type(&self, kind: TargetKind) -> ColumnType {
        match self {
            Self::Status { .. } | Self::RefundState { .. } => ColumnType::Int,
            _ => kind.column_type().unwrap_or(ColumnType::Text),
        }
    }
}

/// Reads one column of a batch.
pub(super) fn read(source: &mut Source, cells: &TextColumn, time: Option<&TextColumn>, work: &mut Work<'_>) -> Column {
    let label = source.label;
    match &mut source.how {
        How::Id => Column::Text(texts(cells, work, label, |text, fired| {
            check_length(text, MAX_ID_BYTES)?;
            clean_id(text, fired).map(|id| Some(Cow::Borrowed(id)))
        })),
        How::Text => Column::Text(texts(cells, work, label, |text, _| {
            check_length(text, MAX_TEXT_BYTES)?;
            Ok(Some(Cow::Borrowed(text)))
        })),
        How::FreeText => Column::Text(free_texts(cells, work, label, |_| false)),
        How::Comment => Column::Text(free_texts(cells, work, label, is_no_comment)),
        How::Money { unit, places } => Column::Num(money(cells, work, label, *unit, *places)),
        How::Quantity => Column::Num(numbers(cells, work, label, Reason::UnreadableNumber, 3, |text, fired| {
            match parse_decimal(text, 3, fired) {
                Ok(value) => Ok(Some(value)),
                Err(reason) => {
                    let number = strip_quantity_unit(text).ok_or(reason)?;
                    fired.insert(Rule::NumberForm);
                    parse_decimal(number, 3, fired).map(Some)
                }
            }
        })),
        How::Int => Column::Num(numbers(cells, work, label, Reason::UnreadableNumber, 0, |text, fired| {
            parse_int(text, fired).map(Some)
        })),
        How::Score => Column::Float(scores(cells, work, label)),
        How::Instant { reader, future, latest_us, or_duration } => {
            Column::Num(instants(cells, time, work, label, reader, *future, *latest_us, *or_duration))
        }
        How::Day { reader } => {
            Column::Num(numbers(cells, work, label, Reason::UnreadableTime, 0, |text, fired| reader.day(text, fired)))
        }
        How::Birthday { reader } => sensitive(texts(cells, work, label, |text, fired| birthday(text, reader, fired))),
        How::Status { words } => {
            let words = std::mem::take(words);
            let column = states(cells, work, label, |text| {
                let own = words.iter().find(|(word, _)| word == text).map(|&(_, status)| status);
                own.or_else(|| read_status(text)).map(|status| status as i64)
            });
            source.how = How::Status { words };
            Column::Num(column)
        }
        How::RefundState { words } => {
            let words = std::mem::take(words);
            let column = states(cells, work, label, |text| {
                let own = words.iter().find(|(word, _)| word == text).map(|&(_, status)| match status {
                    OrderStatus::Refunded => RefundState::Succeeded,
                    _ => RefundState::None,
                });
                own.or_else(|| read_refund_state(text)).map(|state| state as i64)
            });
            source.how = How::RefundState { words };
            Column::Num(column)
        }
        How::Gender => Column::Text(texts(cells, work, label, |text, fired| {
            Ok(read_gender(text, fired).map(|gender| Cow::Borrowed(gender.as_str())))
        })),
        How::Name => sensitive(texts(cells, work, label, |text, fired| {
            check_length(text, MAX_ID_BYTES * 2)?;
            if looks_masked(text) {
                fired.insert(Rule::MaskedIdentity);
                return Ok(None);
            }
            Ok(Some(Cow::Borrowed(text)))
        })),
        How::Address => sensitive(texts(cells, work, label, |text, fired| {
            check_length(text, MAX_TEXT_BYTES)?;
            if looks_masked(text) {
                fired.insert(Rule::MaskedIdentity);
                return Ok(None);
            }
            Ok(Some(Cow::Borrowed(text)))
        })),
        How::Bool => Column::Num(numbers(cells, work, label, Reason::UnknownStatus, 0, |text, _| {
            read_bool(text).map(|value| Some(i64::from(value))).ok_or(Reason::UnknownStatus)
        })),
        How::Currency => Column::Text(texts(cells, work, label, |text, _| Ok(Some(currency_code(text))))),
        How::Identity { kind, is_customer_list } => sensitive(identities(cells, work, label, *kind, *is_customer_list)),
    }
}

fn sensitive(column: TextColumn) -> Column {
    Column::Sensitive(SensitiveColumn::new(column))
}

fn check_length(text: &str, max: usize) -> Result<(), Reason> {
    if text.len() > max { Err(Reason::CellTooLong) } else { Ok(()) }
}

/// Whether a rule that is off was needed to read a cell.
#[inline]
fn needs_off(off: RuleSet, fired: RuleSet) -> bool {
    !off.is_empty() && off.iter().any(|rule| fired.contains(rule))
}

fn numbers(
    cells: &TextColumn,
    work: &mut Work<'_>,
    label: u16,
    unreadable: Reason,
    places: u8,
    mut read: impl FnMut(&str, &mut RuleSet) -> Result<Option<i64>, Reason>,
) -> NumColumn {
    let mut column = NumColumn::with_capacity(work.n_rows);
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    for row in 0..work.n_rows {
        let raw = match cells.get(row) {
            Some(raw) if !raw.is_empty() && !work.is_out[row] => raw,
            _ => {
                column.push(None);
                continue;
            }
        };
        let mut value = match clean(raw, &mut scratch, &mut fired) {
            None => Ok(None),
            Some(text) => read(text, &mut fired),
        };
        if !fired.is_empty() {
            if needs_off(work.off, fired) {
                value = Err(unreadable);
            } else if let Ok(value) = value {
                note_number(work, row, label, fired, raw, value, places);
            }
            fired.clear();
        }
        column.push(value.unwrap_or_else(|reason| {
            work.reject(row, reason, Some(label), raw);
            None
        }));
    }
    column
}

#[cold]
fn note_number(work: &mut Work<'_>, row: usize, label: u16, fired: RuleSet, raw: &str, value: Option<i64>, places: u8) {
    let after = value.map(|value| format_decimal(value, places));
    work.fire(row, label, fired, raw, after.as_deref());
}

fn money(cells: &TextColumn, work: &mut Work<'_>, label: u16, unit: MoneyUnit, places: u8) -> NumColumn {
    let mut named: Vec<(usize, Currency)> = Vec::new();
    let mut column = NumColumn::with_capacity(work.n_rows);
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    for row in 0..work.n_rows {
        let raw = match cells.get(row) {
            Some(raw) if !raw.is_empty() && !work.is_out[row] => raw,
            _ => {
                column.push(None);
                continue;
            }
        };
        let mut value = match clean(raw, &mut scratch, &mut fired) {
            None => Ok(None),
            Some(text) => parse_money(text, unit, places, &mut fired).map(|amount| {
                if let Some(currency) = amount.currency {
                    named.push((row, currency));
                }
                Some(amount.value)
            }),
        };
        if !fired.is_empty() {
            if needs_off(work.off, fired) {
                value = Err(Reason::UnreadableNumber);
            } else if let Ok(value) = value {
                note_number(work, row, label, fired, raw, value, places);
            }
            fired.clear();
        }
        column.push(value.unwrap_or_else(|reason| {
            work.reject(row, reason, Some(label), raw);
            None
        }));
    }
    if !named.is_empty() {
        work.currencies.resize(work.n_rows, None);
        for (row, currency) in named {
            work.currencies[row].get_or_insert(currency);
        }
    }
    column
}

fn texts(
    cells: &TextColumn,
    work: &mut Work<'_>,
    label: u16,
    mut read: impl for<'t> FnMut(&'t str, &mut RuleSet) -> Result<Option<Cow<'t, str>>, Reason>,
) -> TextColumn {
    let mut column = TextColumn::with_capacity(work.n_rows, cells.n_bytes());
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    for row in 0..work.n_rows {
        let raw = match cells.get(row) {
            Some(raw) if !raw.is_empty() && !work.is_out[row] => raw,
            _ => {
                column.push(None);
                continue;
            }
        };
        let value = match clean(raw, &mut scratch, &mut fired) {
            None => Ok(None),
            Some(text) => read(text, &mut fired),
        };
        match value {
            Ok(value) => {
                let value = if fired.is_empty() {
                    value
                } else if needs_off(work.off, fired) {
                    Some(Cow::Borrowed(raw))
                } else {
                    work.fire(row, label, fired, raw, value.as_deref());
                    value
                };
                column.push(value.as_deref());
            }
            Err(reason @ (Reason::InvalidPhone | Reason::InvalidEmail | Reason::InvalidIdNumber)) => {
                fired.insert(Rule::MaskedIdentity);
                work.fire(row, label, fired, raw, None);
                work.note_invalid(row, reason, label, raw);
                column.push(None);
            }
            Err(reason) => {
                work.reject(row, reason, Some(label), raw);
                column.push(None);
            }
        }
        fired.clear();
    }
    column
}

/// Words of people: personal data in them is masked, signs stay as they are.
fn free_texts(cells: &TextColumn, work: &mut Work<'_>, label: u16, is_nothing: impl Fn(&str) -> bool) -> TextColumn {
    let mut column = TextColumn::with_capacity(work.n_rows, cells.n_bytes());
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    for row in 0..work.n_rows {
        let raw = match cells.get(row) {
            Some(raw) if !raw.is_empty() && !work.is_out[row] => raw,
            _ => {
                column.push(None);
                continue;
            }
        };
        if raw.len() > MAX_TEXT_BYTES {
            work.reject(row, Reason::CellTooLong, Some(label), "");
            column.push(None);
            continue;
        }
        match clean_text(raw, &mut scratch, &mut fired) {
            Some(text) if !is_nothing(text) => match masked(text) {
                Some(masked) => {
                    fired.insert(Rule::PersonalMasked);
                    work.fire(row, label, fired, &masked, Some(&masked));
                    column.push(Some(&masked));
                }
                None => {
                    if !fired.is_empty() {
                        work.fire(row, label, fired, text, Some(text));
                    }
                    column.push(Some(text));
                }
            },
            Some(_) => {
                fired.insert(Rule::NullWord);
                work.fire(row, label, fired, raw, None);
                column.push(None);
            }
            None => {
                if !fired.is_empty() {
                    work.fire(row, label, fired, raw, None);
                }
                column.push(None);
            }
        }
        fired.clear();
    }
    column
}

/// Text with personal data masked, `None` when there is none; short plain text is not searched.
#[inline]
pub(super) fn masked(text: &str) -> Option<String> {
    let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
    if n_digits < 7 && text.is_ascii() && !text.contains('@') { None } else { mask_text(text) }
}

fn scores(cells: &TextColumn, work: &mut Work<'_>, label: u16) -> Vec<Option<f64>> {
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    let mut column = Vec::with_capacity(work.n_rows);
    for row in 0..work.n_rows {
        let raw = match cells.get(row) {
            Some(raw) if !raw.is_empty() && !work.is_out[row] => raw,
            _ => {
                column.push(None);
                continue;
            }
        };
        let value = match clean(raw, &mut scratch, &mut fired) {
            None => Ok(None),
            Some(text) => match parse_float(text, &mut RuleSet::default()) {
                Ok(value) => Ok(Some(value)),
                Err(reason) => match read_score(text) {
                    Ok(value) => {
                        fired.insert(Rule::NumberForm);
                        Ok(value)
                    }
                    Err(_) => Err(reason),
                },
            },
        };
        match value {
            Ok(value) => {
                if !fired.is_empty() {
                    let after = value.map(|value| value.to_string());
                    work.fire(row, label, fired, raw, after.as_deref());
                }
                column.push(value);
            }
            Err(reason) => {
                work.reject(row, reason, Some(label), raw);
                column.push(None);
            }
        }
        fired.clear();
    }
    column
}

#[expect(clippy::too_many_arguments, reason = "one call, all of it resolved before the rows")]
fn instants(
    cells: &TextColumn,
    time: Option<&TextColumn>,
    work: &mut Work<'_>,
    label: u16,
    reader: &mut TimeReader,
    future: FutureTime,
    latest_us: i64,
    or_duration: bool,
) -> NumColumn {
    let mut joined = TextColumn::default();
    let cells = match time {
        None => cells,
        Some(time) => {
            for row in 0..work.n_rows {
                let date = cells.get(row).map(strip_marks).filter(|date| !date.is_empty());
                let clock = time.get(row).map(strip_marks).filter(|clock| !clock.is_empty());
                match (date, clock) {
                    (Some(date), Some(clock)) => joined.push(Some(&join_date_time(date, clock))),
                    (date, _) => joined.push(date),
                }
            }
            &joined
        }
    };
    let limit = latest_us.saturating_add(FUTURE_TOLERANCE_US);
    let is_on = work.is_on(Rule::FutureTime);
    numbers(cells, work, label, Reason::UnreadableTime, 0, |text, fired| match reader.instant(text, fired) {
        Ok(Some(value)) if value > limit => match future {
            FutureTime::Keep => Ok(Some(value)),
            FutureTime::Quarantine => Err(Reason::FutureTime),
            FutureTime::Flag if is_on => {
                fired.insert(Rule::FutureTime);
                Ok(Some(value))
            }
            FutureTime::Flag => Ok(Some(value)),
        },
        Err(_) if or_duration && duration_us(text).is_some() => Ok(duration_us(text).map(|duration| -1 - duration)),
        read => read,
    })
}

/// A duration (`00:01:20`, `85秒`, `2分30秒`, minutes as a number) in microseconds.
fn duration_us(text: &str) -> Option<i64> {
    let mut parts = text.split(':');
    let seconds = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(hours), Some(minutes), Some(seconds), None) => {
            let number = |part: &str| part.parse::<u32>().ok().map(f64::from);
            number(hours)? * 3600.0 + number(minutes)? * 60.0 + number(seconds)?
        }
        (Some(whole), None, ..) => {
            if let Some((minutes, rest)) = whole.split_once('分') {
                let rest = rest.trim_start_matches('钟').trim_end_matches('秒');
                minutes.parse::<f64>().ok()? * 60.0 + if rest.is_empty() { 0.0 } else { rest.parse::<f64>().ok()? }
            } else if let Some(seconds) = whole.strip_suffix('秒') {
                seconds.parse::<f64>().ok()?
            } else {
                whole.parse::<f64>().ok()? * 60.0
            }
        }
        _ => return None,
    };
    (seconds.is_finite() && (0.0..=1e9).contains(&seconds)).then_some((seconds * 1e6) as i64)
}

/// A day of birth as `1990-05-12`, `05-12` when the year is unknown; days of the lunar calendar as they stand.
fn birthday<'t>(text: &'t str, reader: &mut TimeReader, fired: &mut RuleSet) -> Result<Option<Cow<'t, str>>, Reason> {
    if let Some((month, day)) = month_and_day(text) {
        return Ok(Some(Cow::Owned(format!("{month:02}-{day:02}"))));
    }
    if text.contains(['农', '初', '廿', '腊']) {
        return check_length(text, 64).map(|()| Some(Cow::Borrowed(text)));
    }
    if looks_masked(text) {
        fired.insert(Rule::MaskedIdentity);
        return Ok(None);
    }
    let day = match reader.day(text, fired) {
        Ok(Some(day)) => day,
        Ok(None) => return Ok(None),
        // A day that does not exist (`99999999`, `1990-02-31`) is no reason to lose the person.
        Err(_) => {
            fired.insert(Rule::TestValue);
            return Ok(None);
        }
    };
    let (year, month, day) = civil(day);
    // The epoch of a spreadsheet or a form's first choice is nobody's birthday.
    if (year, month, day) == (1900, 1, 1) {
        fired.insert(Rule::NullWord);
        return Ok(None);
    }
    let value = format!("{year:04}-{month:02}-{day:02}");
    Ok(Some(if value == text { Cow::Borrowed(text) } else { Cow::Owned(value) }))
}

fn month_and_day(text: &str) -> Option<(u8, u8)> {
    let text = text.trim_end_matches(['日', '号']);
    let (month, day) = text.split_once(['-', '/', '.', '月'])?;
    if month.len() > 2 || day.len() > 2 {
        return None;
    }
    let (month, day) = (month.trim().parse::<u8>().ok()?, day.trim().parse::<u8>().ok()?);
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some((month, day))
}

/// Year, month and day of a day number (days since 1970-01-01).
pub(super) fn civil(day: i64) -> (i64, u8, u8) {
    // Howard Hinnant's algorithm, in eras of 400 years from March 1st.
    let day = day + 719_468;
    let era = day.div_euclid(146_097);
    let of_era = day.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month as u8, day as u8)
}

/// States are few: the reading of a word is remembered.
fn states(cells: &TextColumn, work: &mut Work<'_>, label: u16, read: impl Fn(&str) -> Option<i64>) -> NumColumn {
    let mut known: Vec<(String, Option<i64>)> = Vec::new();
    numbers(cells, work, label, Reason::UnknownStatus, 0, |text, fired| {
        let value = match known.iter().position(|(word, _)| word == text) {
            Some(at) => known[at].1,
            None => {
                let value = read(text);
                if known.len() < 64 {
                    known.push((text.to_owned(), value));
                }
                value
            }
        };
        if value.is_some() && !text.is_ascii() {
            fired.insert(Rule::StatusWord);
        }
        value.map(Some).ok_or(Reason::UnknownStatus)
    })
}

/// An ISO code for the ways in which files write a currency.
fn currency_code(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(match text {
        "RMB" | "rmb" | "cny" | "人民币" | "元" | "¥" | "CNH" => "CNY",
        "美元" | "usd" | "$" | "US$" => "USD",
        "欧元" | "eur" | "€" => "EUR",
        "英镑" | "gbp" | "£" => "GBP",
        "日元" | "jpy" => "JPY",
        "港币" | "港元" | "hkd" | "HK$" => "HKD",
        other => return if other.len() == 3 { Cow::Owned(other.to_ascii_uppercase()) } else { Cow::Borrowed(other) },
    })
}

/// Identities of one kind. A malformed one is left out and noted: the row stays, unless nothing else says whose it is.
fn identities(
    cells: &TextColumn,
    work: &mut Work<'_>,
    label: u16,
    kind: IdentityKind,
    is_customer_list: bool,
) -> TextColumn {
    match kind {
        IdentityKind::Phone => texts(cells, work, label, |text, fired| {
            let mut reading = PhoneReading::Invalid;
            for part in text.split([';', '；', ',', '，', '、', '|']).map(str::trim).filter(|part| !part.is_empty())
            {
                reading = read_phone(part, fired);
                if matches!(reading, PhoneReading::Phone { .. }) {
                    break;
                }
            }
            match reading {
                PhoneReading::Phone { value, .. } if value == text => Ok(Some(Cow::Borrowed(text))),
                PhoneReading::Phone { value, .. } => Ok(Some(Cow::Owned(value))),
                PhoneReading::Masked => {
                    fired.insert(Rule::MaskedIdentity);
                    Ok(None)
                }
                PhoneReading::Virtual => {
                    fired.insert(Rule::VirtualPhone);
                    Ok(None)
                }
                PhoneReading::Test => {
                    fired.insert(Rule::TestValue);
                    Ok(None)
                }
                PhoneReading::Invalid => Err(Reason::InvalidPhone),
            }
        }),
        IdentityKind::Email => texts(cells, work, label, |text, fired| {
            if looks_masked(text) {
                fired.insert(Rule::MaskedIdentity);
                return Ok(None);
            }
            read_email(text, fired).map(|value| Some(Cow::Owned(value))).map_err(|_| Reason::InvalidEmail)
        }),
        IdentityKind::IdNumber => texts(cells, work, label, |text, fired| {
            if looks_masked(text) {
                fired.insert(Rule::MaskedIdentity);
                return Ok(None);
            }
            read_id_number(text, fired)
                .map(|number| Some(Cow::Owned(number.value)))
                .map_err(|_| Reason::InvalidIdNumber)
        }),
        _ => texts(cells, work, label, |text, fired| {
            check_length(text, MAX_ID_BYTES)?;
            let id = clean_id(text, fired)?;
            // Plain numbers, the usual case, need no further look.
            let bytes = id.as_bytes();
            if matches!(bytes.first(), Some(b'1'..=b'9')) && bytes.iter().all(u8::is_ascii_digit) {
                return Ok(Some(Cow::Borrowed(id)));
            }
            // Runs of X are part of many codes, stars and marks of encryption are not.
            if id.contains(['*', '＊', '•', '●', '#', '$', '~']) && looks_masked(id) {
                fired.insert(Rule::MaskedIdentity);
                return Ok(None);
            }
            // In a list of customers 0 may be the first of them; in orders it stands for nobody.
            if is_nobody(id) && !(is_customer_list && id.bytes().all(|byte| byte == b'0')) {
                fired.insert(Rule::TestValue);
                return Ok(None);
            }
            Ok(Some(Cow::Borrowed(id)))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_have_dates() {
        for (day, expected) in
            [(0, (1970, 1, 1)), (-1, (1969, 12, 31)), (11_016, (2000, 2, 29)), (20_454, (2026, 1, 1))]
        {
            assert_eq!(civil(day), expected);
        }
    }

    #[test]
    fn durations_read_in_many_forms() {
        for (text, seconds) in
            [("00:01:20", Some(80)), ("85秒", Some(85)), ("2分30秒", Some(150)), ("3", Some(180)), ("soon", None)]
        {
            assert_eq!(duration_us(text), seconds.map(|seconds: i64| seconds * 1_000_000), "{text}");
        }
    }

    #[test]
    fn birthdays_without_a_year() {
        assert_eq!(month_and_day("05-12"), Some((5, 12)));
        assert_eq!(month_and_day("5月12日"), Some((5, 12)));
        assert_eq!(month_and_day("1990-05"), None);
        assert_eq!(month_and_day("13-40"), None);
    }
}
