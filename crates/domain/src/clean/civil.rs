//! What a text says about a date and a time of day, before any zone.

use super::rule::Reason;
use super::time::DateOrder;

/// Microseconds in a second.
pub(super) const SECOND_US: i64 = 1_000_000;
/// Microseconds in a day.
pub(super) const DAY_US: i64 = 86_400 * SECOND_US;
/// 1900-01-01, which systems write for an unknown birthday.
pub(super) const UNKNOWN_BIRTHDAY: i64 = -25_567;

/// What a text says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Nothing: a value by which systems say "never".
    Never,
    /// An instant, in microseconds since 1970.
    Instant(i64),
    /// A day since 1970 and a time of day, perhaps with its offset in seconds.
    Civil { day: i64, time_us: i64, offset: Option<i32> },
}

/// What a text says, and whether it says so in another form than ISO.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reading {
    pub(super) said: Said,
    pub(super) is_other_form: bool,
}

/// Days since 1970-01-01 of a date of the Gregorian calendar, which must exist.
pub(super) const fn day_of_date(year: i64, month: u8, day: u8) -> i64 {
    // Years are counted from March, so that a leap day ends its year (Hinnant, "chrono-compatible low-level date
    // algorithms").
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month as i64 + 9) % 12) + 2) / 5 + day as i64 - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// The date (year, month, day) of a day since 1970-01-01.
pub(super) const fn date_of_day(day: i64) -> (i64, u8, u8) {
    let day = day.saturating_add(719_468);
    let era = day.div_euclid(146_097);
    let day_of_era = day.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * month + 2) / 5 + 1) as u8;
    let month = if month < 10 { month + 3 } else { month - 9 } as u8;
    (year_of_era + era * 400 + (month <= 2) as i64, month, day)
}

/// Whether a date exists.
pub(super) const fn exists(year: i64, month: u8, day: u8) -> bool {
    let n_days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        _ => 0,
    };
    day >= 1 && day <= n_days
}

/// Whether a day is the first of 1970.
pub(super) const fn is_epoch(day: i64) -> bool {
    day == 0
}

/// Whether a day lies in 1900–2199, give or take one for zones.
pub(super) const fn is_plausible_day(day: i64) -> bool {
    const FROM: i64 = day_of_date(1900, 1, 1) - 1;
    const UNTIL: i64 = day_of_date(2200, 1, 1) + 1;
    FROM <= day && day < UNTIL
}

/// Whether a day lies in 1850–2199.
pub(super) const fn is_plausible_birthday(day: i64) -> bool {
    const FROM: i64 = day_of_date(1850, 1, 1);
    const UNTIL: i64 = day_of_date(2200, 1, 1);
    FROM <= day && day < UNTIL
}

/// Reads a date, with or without a time of day.
#[inline]
pub(super) fn read(text: &str, order: DateOrder) -> Result<Reading, Reason> {
    match read_iso(text.as_bytes()) {
        Some(said) => said.map(|said| Reading { said, is_other_form: false }),
        None => read_any(text, order).map(|said| Reading { said, is_other_form: true }),
    }
}

#[inline]
fn two_digits(bytes: &[u8]) -> Option<u8> {
    let (tens, ones) = (bytes[0].wrapping_sub(b'0'), bytes[1].wrapping_sub(b'0'));
    (tens <= 9 && ones <= 9).then(|| tens * 10 + ones)
}

/// Reads `2024-03-05`, with `[ T]14:03[:22[.123456]]` and an offset or not; `None` for other forms.
#[inline]
fn read_iso(bytes: &[u8]) -> Option<Result<Said, Reason>> {
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let year = i64::from(two_digits(&bytes[0..])?) * 100 + i64::from(two_digits(&bytes[2..])?);
    let (month, day) = (two_digits(&bytes[5..])?, two_digits(&bytes[8..])?);
    let rest = &bytes[10..];
    if rest.is_empty() {
        return Some(date(year, month, day, 0, None));
    }
    if rest.len() < 6 || !matches!(rest[0], b' ' | b'T') || rest[3] != b':' {
        return None;
    }
    let (hour, minute) = (two_digits(&rest[1..])?, two_digits(&rest[4..])?);
    let mut rest = &rest[6..];
    let mut second = 0;
    let mut fraction_us = 0;
    if rest.len() >= 3 && rest[0] == b':' {
        second = two_digits(&rest[1..])?;
        rest = &rest[3..];
        if rest.first() == Some(&b'.') {
            let (us, n_bytes) = read_fraction(&rest[1..])?;
            fraction_us = us;
            rest = &rest[1 + n_bytes..];
        }
    }
    let offset = if rest.is_empty() { None } else { Some(read_offset(std::str::from_utf8(rest).ok()?)?) };
    let time_us = time_of_day(hour, minute, second, fraction_us)?;
    Some(date(year, month, day, time_us, offset))
}

/// Microseconds of the digits after a point, and how many there are.
#[inline]
fn read_fraction(bytes: &[u8]) -> Option<(i64, usize)> {
    let n_digits = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if n_digits == 0 || n_digits > 9 {
        return None;
    }
    let us = (0..6).fold(0, |us, at| us * 10 + i64::from(if at < n_digits { bytes[at] - b'0' } else { 0 }));
    Some((us, n_digits))
}

#[inline]
fn time_of_day(hour: u8, minute: u8, second: u8, fraction_us: i64) -> Option<i64> {
    let is_end_of_day = hour == 24 && minute == 0 && second == 0;
    if (hour > 23 && !is_end_of_day) || minute > 59 || second > 60 {
        return None;
    }
    // A leap second is read as the second before it.
    let seconds = i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second.min(59));
    Some(seconds * SECOND_US + fraction_us)
}

/// Seconds of an offset: `Z`, `UTC`, `+08:00`, `+0800`, `+8`, `GMT+8`, a blank before it or not.
pub(super) fn read_offset(text: &str) -> Option<i32> {
    let text = text.trim();
    if matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let text = text.strip_prefix("UTC").or_else(|| text.strip_prefix("GMT")).unwrap_or(text);
    let (sign, digits) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "00"),
    };
    if hours.is_empty() || hours.len() > 2 || minutes.len() != 2 {
        return None;
    }
    if !hours.bytes().chain(minutes.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 3600 + minutes * 60))
}

/// A date with a time of day; the values for "never" before the check whether the date exists.
#[inline]
fn date(year: i64, month: u8, day: u8, time_us: i64, offset: Option<i32>) -> Result<Said, Reason> {
    if is_never(year, month, day) {
        return Ok(Said::Never);
    }
    if !exists(year, month, day) {
        return Err(Reason::TimeOutOfRange);
    }
    Ok(Said::Civil { day: day_of_date(year, month, day), time_us, offset })
}

#[inline]
fn is_never(year: i64, month: u8, day: u8) -> bool {
    if (1901..9999).contains(&year) {
        return false;
    }
    matches!(
        (year, month, day),
        (0, _, _) | (1, 1, 1) | (1753, 1, 1) | (1800, 1, 1) | (1899, 12, 30 | 31) | (1900, 1, 0) | (9999, 12, 31)
    )
}

/// Reads every other form.
fn read_any(text: &str, order: DateOrder) -> Result<Said, Reason> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        && text.bytes().filter(|&byte| byte == b'.').count() <= 1
    {
        return read_digits(text);
    }
    let mut cursor = Cursor { left: text };
    let (year, month, day) = cursor.date(order)?;
    let (time_us, offset) = cursor.time()?;
    date(year, month, day, time_us, offset)
}

/// Reads a run of digits: `20240305`, `20240305140322`, a spreadsheet's day number, seconds and parts of them since 1970.
fn read_digits(text: &str) -> Result<Said, Reason> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let number: i64 = whole.parse().map_err(|_| Reason::UnreadableTime)?;
    let bytes = whole.as_bytes();
    if number == 0 {
        return Ok(Said::Never);
    }
    let part = |from: usize, until: usize| {
        bytes[from..until].iter().fold(0_i64, |number, byte| number * 10 + i64::from(byte - b'0'))
    };
    match whole.len() {
        5 if (20_000..80_000).contains(&number) => Ok(read_serial(number, fraction)),
        10 => {
            let (fraction_us, _) = read_fraction(fraction.as_bytes()).unwrap_or_default();
            Ok(Said::Instant(number * SECOND_US + fraction_us))
        }
        _ if !fraction.is_empty() && fraction != "0" => Err(Reason::UnreadableTime),
        13 => Ok(Said::Instant(number * 1000)),
        16 => Ok(Said::Instant(number)),
        8 | 12 | 14 | 17 => {
            let (hour, minute) = if bytes.len() > 8 { (part(8, 10), part(10, 12)) } else { (0, 0) };
            let second = if bytes.len() > 12 { part(12, 14) } else { 0 };
            let fraction_us = if bytes.len() > 14 { part(14, 17) * 1000 } else { 0 };
            let time_us = time_of_day(hour as u8, minute as u8, second as u8, fraction_us);
            let time_us = time_us.ok_or(Reason::UnreadableTime)?;
            date(part(0, 4), part(4, 6) as u8, part(6, 8) as u8, time_us, None)
        }
        _ => Err(Reason::UnreadableTime),
    }
}

/// A spreadsheet's day number, whose fraction is a time of day rounded to the second.
fn read_serial(number: i64, fraction: &str) -> Said {
    const EPOCH: i64 = 25_569;
    let fraction: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().unwrap_or(0.0) };
    let seconds = (fraction * 86_400.0).round() as i64;
    Said::Civil { day: number - EPOCH, time_us: seconds * SECOND_US, offset: None }
}

/// The third part of a date that ends in its year.
pub(super) struct YearPart {
    /// The number.
    pub(super) value: i64,
    /// Whether it has only two digits.
    pub(super) is_short: bool,
}

/// The parts of a date of short numbers (`3/9/2026`, `24-03-05`), with the sign between them; `None` for other forms.
pub(super) fn short_parts(text: &str) -> Option<(i64, i64, YearPart, u8)> {
    let mut cursor = Cursor { left: text.trim() };
    let (first, n_first) = cursor.number()?;
    let separator = cursor.separator()?;
    let (second, n_second) = cursor.number()?;
    (cursor.separator()? == separator).then_some(())?;
    let (value, n_third) = cursor.number()?;
    let is_date = n_first <= 2 && n_second <= 2 && matches!(n_third, 2 | 4) || n_first == 2 && n_third == 1;
    is_date.then_some((first, second, YearPart { value, is_short: n_third <= 2 }, separator))
}

/// Reads a text from its beginning.
struct Cursor<'a> {
    left: &'a str,
}

impl Cursor<'_> {
    fn skip_blanks(&mut self) {
        self.left = self.left.trim_start();
    }

    fn take(&mut self, token: &str) -> bool {
        match self.left.strip_prefix(token) {
            Some(rest) => {
                self.left = rest;
                true
            }
            None => false,
        }
    }

    /// A number and how many digits it has.
    fn number(&mut self) -> Option<(i64, usize)> {
        let n_digits = self.left.bytes().take_while(u8::is_ascii_digit).count();
        if n_digits == 0 || n_digits > 9 {
            return None;
        }
        let (digits, rest) = self.left.split_at(n_digits);
        self.left = rest;
        Some((digits.parse().ok()?, n_digits))
    }

    fn separator(&mut self) -> Option<u8> {
        let first = *self.left.as_bytes().first()?;
        matches!(first, b'-' | b'/' | b'.').then(|| {
            self.left = &self.left[1..];
            first
        })
    }

    /// The month of an English name or its first three letters.
    fn month_name(&mut self) -> Option<u8> {
        const NAMES: [&str; 12] = [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ];
        let word = self.word();
        if word.len() < 3 {
            return None;
        }
        let at = NAMES.iter().position(|name| {
            name.len() >= word.len() && name.as_bytes()[..word.len()].eq_ignore_ascii_case(word.as_bytes())
        });
        let at = at.or_else(|| word.eq_ignore_ascii_case("sept").then_some(8))?;
        self.left = self.left[word.len()..].trim_start_matches('.');
        Some(at as u8 + 1)
    }

    /// The letters at the beginning.
    fn word(&self) -> &str {
        &self.left[..self.left.bytes().take_while(u8::is_ascii_alphabetic).count()]
    }

    /// Passes over a name of a weekday.
    fn skip_weekday(&mut self) {
        self.skip_blanks();
        let bracketed = self.left.strip_prefix('(').unwrap_or(self.left);
        for name in ["星期", "礼拜", "周"] {
            if let Some(rest) = bracketed.strip_prefix(name)
                && let Some(day) = rest.chars().next().filter(|&c| "一二三四五六日天".contains(c))
            {
                self.left = rest[day.len_utf8()..].trim_start_matches([')', ',']);
                self.skip_blanks();
                return;
            }
        }
        const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let word = self.word();
        if word.len() >= 3 && NAMES.iter().any(|name| word.as_bytes()[..3].eq_ignore_ascii_case(name.as_bytes())) {
            self.left = self.left[word.len()..].trim_start_matches([',', '.']);
            self.skip_blanks();
        }
    }

    /// Reads a date (year, month, day).
    fn date(&mut self, order: DateOrder) -> Result<(i64, u8, u8), Reason> {
        self.skip_weekday();
        self.date_parts(order).ok_or(Reason::UnreadableTime)
    }

    fn date_parts(&mut self, order: DateOrder) -> Option<(i64, u8, u8)> {
        if let Some(month) = self.month_name() {
            // September 3, 2026
            self.skip_blanks();
            let (day, n_digits) = self.number()?;
            for ending in ["st", "nd", "rd", "th"] {
                self.take(ending);
            }
            self.take(",");
            self.skip_blanks();
            let (year, n_year) = self.number()?;
            return (n_digits <= 2 && n_year == 4).then_some((year, month, day as u8));
        }
        let (first, n_first) = self.number()?;
        if n_first == 8 {
            return Some((first / 10_000, (first / 100 % 100) as u8, (first % 100) as u8));
        }
        if n_first > 4 || n_first == 3 {
            return None;
        }
        if self.take("年") {
            self.skip_blanks();
            let (month, n_month) = self.number()?;
            self.take("月").then_some(())?;
            self.skip_blanks();
            let (day, n_day) = self.number()?;
            let _ = self.take("日") || self.take("号");
            return (n_month <= 2 && n_day <= 2).then_some((full_year(first, n_first), month as u8, day as u8));
        }
        let separator = match self.separator() {
            Some(separator) => separator,
            None => {
                self.take(" ").then_some(())?;
                b' '
            }
        };
        if let Some(month) = self.month_name() {
            // 3-Sep-2026, 2026-Sep-03
            self.separator().or_else(|| self.take(" ").then_some(b' '))?;
            let (third, n_third) = self.number()?;
            return match (n_first, n_third) {
                (4, 1 | 2) => Some((first, month, third as u8)),
                (1 | 2, 2 | 4) => Some((full_year(third, n_third), month, first as u8)),
                _ => None,
            };
        }
        if separator == b' ' {
            return None;
        }
        let (second, n_second) = self.number()?;
        (self.separator()? == separator).then_some(())?;
        let (third, n_third) = self.number()?;
        if n_second > 2 {
            return None;
        }
        match (n_first, n_third, order) {
            (4, 1 | 2, _) => Some((first, second as u8, third as u8)),
            (1 | 2, 1 | 2, DateOrder::YearFirst) if n_first == 2 => {
                Some((full_year(first, 2), second as u8, third as u8))
            }
            (1 | 2, 2 | 4, _) => {
                let is_day_first = match order {
                    DateOrder::DayFirst => true,
                    DateOrder::MonthFirst => false,
                    DateOrder::YearFirst if first > 12 => true,
                    DateOrder::YearFirst if second > 12 => false,
                    DateOrder::YearFirst => return None,
                };
                let (day, month) = if is_day_first { (first, second) } else { (second, first) };
                Some((full_year(third, n_third), month as u8, day as u8))
            }
            _ => None,
        }
    }

    /// Reads the time of day and the offset that may follow a date.
    fn time(&mut self) -> Result<(i64, Option<i32>), Reason> {
        self.time_parts().ok_or(Reason::UnreadableTime)
    }

    fn time_parts(&mut self) -> Option<(i64, Option<i32>)> {
        let _ = self.take("T") || self.take(",");
        self.skip_weekday();
        if self.left.is_empty() {
            return Some((0, None));
        }
        let before = self.half_day();
        self.skip_blanks();
        let (hour, n_hour) = self.number()?;
        if n_hour > 2 {
            return None;
        }
        (self.take(":") || self.take("时") || self.take("点")).then_some(())?;
        let (mut minute, mut second, mut fraction_us) = (0, 0, 0);
        if let Some((number, n_digits)) = self.number() {
            if n_digits > 2 {
                return None;
            }
            minute = number;
            if (self.take(":") || self.take("分"))
                && let Some((number, n_digits)) = self.number()
            {
                if n_digits > 2 {
                    return None;
                }
                second = number;
                if self.take(".") {
                    let (us, n_bytes) = read_fraction(self.left.as_bytes())?;
                    fraction_us = us;
                    self.left = &self.left[n_bytes..];
                }
                self.take("秒");
            }
        }
        self.skip_blanks();
        let half = match before {
            Some(half) => Some(half),
            None => self.half_day(),
        };
        let hour = match half {
            Some(HalfDay::Morning) if hour == 12 => 0,
            Some(HalfDay::Afternoon) if hour < 12 => hour + 12,
            _ => hour,
        };
        self.skip_blanks();
        let offset = if self.left.is_empty() { None } else { Some(read_offset(self.left)?) };
        Some((time_of_day(hour as u8, minute as u8, second as u8, fraction_us)?, offset))
    }

    fn half_day(&mut self) -> Option<HalfDay> {
        const WORDS: &[(&str, HalfDay)] = &[
            ("上午", HalfDay::Morning),
            ("凌晨", HalfDay::Morning),
            ("早上", HalfDay::Morning),
            ("下午", HalfDay::Afternoon),
            ("晚上", HalfDay::Afternoon),
            ("中午", HalfDay::Noon),
            ("a.m.", HalfDay::Morning),
            ("p.m.", HalfDay::Afternoon),
            ("am", HalfDay::Morning),
            ("pm", HalfDay::Afternoon),
        ];
        let bytes = self.left.as_bytes();
        let (word, half) = WORDS.iter().find(|(word, _)| {
            bytes.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word.as_bytes()))
        })?;
        self.left = &self.left[word.len()..];
        Some(*half)
    }
}

#[derive(Clone, Copy)]
enum HalfDay {
    Morning,
    /// Eleven is before noon, one is after it.
    Noon,
    Afternoon,
}

/// The year of two digits: 70 and more are of the twentieth century.
fn full_year(year: i64, n_digits: usize) -> i64 {
    match n_digits {
        4 => year,
        _ if year >= 70 => 1900 + year,
        _ => 2000 + year,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_dates_agree() {
        assert_eq!(day_of_date(1970, 1, 1), 0);
        assert_eq!(day_of_date(1900, 1, 1), UNKNOWN_BIRTHDAY);
        assert_eq!(day_of_date(2024, 3, 5), 19_787);
        for day in -200_000..200_000 {
            let (year, month, of_month) = date_of_day(day);
            assert!(exists(year, month, of_month));
            assert_eq!(day_of_date(year, month, of_month), day);
        }
    }

    #[test]
    fn letters_are_no_digits() {
        for text in ["zzzz-zz-zz", "2024-zz-05", "2024-03-zz", "2024-03-05 zz:00", "2024-03-05 10:zz"] {
            assert!(read_iso(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn offsets() {
        for (text, expected) in [
            ("Z", Some(0)),
            ("+08:00", Some(28_800)),
            ("-0330", Some(-12_600)),
            (" +8", Some(28_800)),
            ("GMT+8", Some(28_800)),
            ("08:00", None),
            ("+0800x", None),
            ("+99", None),
            ("+", None),
        ] {
            assert_eq!(read_offset(text), expected, "{text}");
        }
    }
}
