//! Times and days: from the forms that systems export to UTC microseconds and calendar days.
//!
//! What a text says (the module `civil`) is one thing, when that was in a zone another. A [`TimeReader`] keeps the zone's
//! spans of constant offset that it met, so that a column costs a search of a very short list per cell.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};

use super::civil::{self, DAY_US, SECOND_US, Said};
use super::rule::{Reason, Rule, RuleSet};

/// Which comes first in dates like `3/9/2026`; decided for a column, never for a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DateOrder {
    /// The year; a date that ends in the year is read only when no other reading is possible.
    #[default]
    YearFirst,
    /// The day.
    DayFirst,
    /// The month.
    MonthFirst,
}

/// A time zone that is not in the bundled database.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown time zone {0:?}; write it like Asia/Shanghai or +08:00")]
pub struct UnknownZone(pub String);

/// A span of instants over which the zone's offset is the same, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: i64,
    until: i64,
    offset: i64,
}

/// How many spans are kept: twenty years of summer time.
const N_SPANS: usize = 40;

/// Reads the times of a file whose zone and order of date parts are known.
#[derive(Clone, Debug)]
pub struct TimeReader {
    zone: TimeZone,
    order: DateOrder,
    latest: Span,
    spans: Vec<Span>,
}

impl TimeReader {
    /// A reader for a zone (`Asia/Shanghai`, `+08:00`, or a name as shops print it: `Eastern Time (US & Canada)`).
    ///
    /// # Errors
    /// [`UnknownZone`].
    pub fn new(zone: &str, order: DateOrder) -> Result<Self, UnknownZone> {
        let zone = find_zone(zone).ok_or_else(|| UnknownZone(zone.to_owned()))?;
        // An empty span: the first time asked for is looked up.
        let latest = Span { from: 0, until: 0, offset: 0 };
        Ok(Self { zone, order, latest, spans: Vec::new() })
    }

    /// Reads an instant; text without a zone is in the reader's.
    ///
    /// The values by which systems say "never" are `Ok(None)`: `0000-00-00`, `1970-01-01`, `1800/01/01`, `1900-01-00`,
    /// `0001-01-01`, `9999-12-31`.
    ///
    /// **Units**: microseconds since 1970-01-01T00:00:00 UTC.
    ///
    /// # Errors
    /// [`Reason::UnreadableTime`], or [`Reason::TimeOutOfRange`] for a date that does not exist or is not in 1900–2199.
    #[inline]
    pub fn instant(&mut self, text: &str, fired: &mut RuleSet) -> Result<Option<i64>, Reason> {
        let reading = civil::read(text, self.order)?;
        if reading.is_other_form {
            fired.insert(Rule::DateForm);
        }
        let instant = match reading.said {
            Said::Never => return Ok(None),
            Said::Instant(instant) => instant,
            Said::Civil { day, .. } if civil::is_epoch(day) => return Ok(None),
            Said::Civil { day, time_us, offset: Some(offset) } => {
                day * DAY_US + time_us - i64::from(offset) * SECOND_US
            }
            Said::Civil { day, time_us, offset: None } => self.instant_of(day * DAY_US + time_us)?,
        };
        if instant == 0 {
            return Ok(None);
        }
        if !civil::is_plausible_day(instant.div_euclid(DAY_US)) {
            return Err(Reason::TimeOutOfRange);
        }
        Ok(Some(instant))
    }

    /// Reads a calendar day; of an instant with its own offset, the day in the reader's zone.
    ///
    /// Birthdays may lie before 1970 and on its first day; the other values for "never" are `Ok(None)`, as is
    /// `1900-01-01`, which systems write for an unknown birthday.
    ///
    /// **Units**: days since 1970-01-01.
    ///
    /// # Errors
    /// As [`TimeReader::instant`], for the years 1850–2199.
    #[inline]
    pub fn day(&mut self, text: &str, fired: &mut RuleSet) -> Result<Option<i64>, Reason> {
        let reading = civil::read(text, self.order)?;
        if reading.is_other_form {
            fired.insert(Rule::DateForm);
        }
        let day = match reading.said {
            Said::Never => return Ok(None),
            Said::Instant(0) => return Ok(None),
            Said::Instant(instant) => self.day_of(instant),
            Said::Civil { day, time_us, offset: Some(offset) } => {
                self.day_of(day * DAY_US + time_us - i64::from(offset) * SECOND_US)
            }
            Said::Civil { day, .. } => day,
        };
        if day == civil::UNKNOWN_BIRTHDAY {
            return Ok(None);
        }
        if !civil::is_plausible_birthday(day) {
            return Err(Reason::TimeOutOfRange);
        }
        Ok(Some(day))
    }

    /// The calendar day of an instant in the reader's zone.
    ///
    /// **Units**: microseconds in, days since 1970-01-01 out.
    #[inline]
    pub fn day_of(&mut self, instant_us: i64) -> i64 {
        let offset = self.span_of(instant_us).offset;
        instant_us.saturating_add(offset).div_euclid(DAY_US)
    }

    /// The instant at which clocks in the zone showed a time: the earlier one when they showed it twice, the later
    /// reading when they never did.
    #[inline]
    fn instant_of(&mut self, clock_us: i64) -> Result<i64, Reason> {
        let guess = clock_us - self.latest.offset;
        if guess >= self.latest.from.saturating_add(DAY_US) && guess < self.latest.until.saturating_sub(DAY_US) {
            return Ok(guess);
        }
        self.look_up_instant(clock_us)
    }

    #[cold]
    fn look_up_instant(&mut self, clock_us: i64) -> Result<i64, Reason> {
        // Offsets are within a day, so a span that holds a day around the guess decides.
        let span = self.span_of(clock_us);
        let guess = clock_us - span.offset;
        if guess >= span.from.saturating_add(DAY_US) && guess < span.until.saturating_sub(DAY_US) {
            return Ok(guess);
        }
        let date = civil_date(clock_us.div_euclid(DAY_US)).ok_or(Reason::TimeOutOfRange)?;
        let time_us = clock_us.rem_euclid(DAY_US);
        let (seconds, subsecond_us) = (time_us / SECOND_US, time_us % SECOND_US);
        let time = jiff::civil::Time::new(
            (seconds / 3600) as i8,
            (seconds / 60 % 60) as i8,
            (seconds % 60) as i8,
            (subsecond_us * 1000) as i32,
        )
        .map_err(|_| Reason::TimeOutOfRange)?;
        let timestamp = self.zone.to_timestamp(DateTime::from_parts(date, time));
        timestamp.map(Timestamp::as_microsecond).map_err(|_| Reason::TimeOutOfRange)
    }

    #[inline]
    fn span_of(&mut self, instant_us: i64) -> Span {
        let holds = |span: &Span| span.from <= instant_us && instant_us < span.until;
        if !holds(&self.latest) {
            self.latest = match self.spans.iter().find(|span| holds(span)) {
                Some(&span) => span,
                None => self.look_up_span(instant_us),
            };
        }
        self.latest
    }

    #[cold]
    fn look_up_span(&mut self, instant_us: i64) -> Span {
        let Ok(timestamp) = Timestamp::from_microsecond(instant_us) else {
            return Span { from: instant_us, until: instant_us.saturating_add(1), offset: 0 };
        };
        let offset = i64::from(self.zone.to_offset(timestamp).seconds()) * SECOND_US;
        // The transition before is looked for from just after the instant, which may itself be a transition.
        let after = Timestamp::from_microsecond(instant_us.saturating_add(1)).unwrap_or(timestamp);
        let from = self.zone.preceding(after).next().map_or(i64::MIN, |at| at.timestamp().as_microsecond());
        let until = self.zone.following(timestamp).next().map_or(i64::MAX, |at| at.timestamp().as_microsecond());
        let span = Span { from, until, offset };
        if self.spans.len() == N_SPANS {
            self.spans.remove(0);
        }
        self.spans.push(span);
        span
    }
}

fn civil_date(day: i64) -> Option<Date> {
    let (year, month, day) = civil::date_of_day(day);
    Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()
}

fn find_zone(name: &str) -> Option<TimeZone> {
    let name = name.trim();
    let known = match name {
        "" => return None,
        "Z" | "GMT" => "UTC",
        "Eastern Time (US & Canada)" => "America/New_York",
        "Central Time (US & Canada)" => "America/Chicago",
        "Mountain Time (US & Canada)" => "America/Denver",
        "Pacific Time (US & Canada)" => "America/Los_Angeles",
        "Arizona" => "America/Phoenix",
        "Alaska" => "America/Anchorage",
        "Hawaii" => "Pacific/Honolulu",
        "Beijing" | "北京时间" | "中国标准时间" | "China Standard Time" => "Asia/Shanghai",
        "Hong Kong" => "Asia/Hong_Kong",
        "Taipei" => "Asia/Taipei",
        "Tokyo" => "Asia/Tokyo",
        "London" => "Europe/London",
        other => other,
    };
    if known == "UTC" {
        return Some(TimeZone::UTC);
    }
    let bare = known.strip_prefix("UTC").or_else(|| known.strip_prefix("GMT")).unwrap_or(known);
    if bare.starts_with(['+', '-']) {
        let seconds = civil::read_offset(bare)?;
        return Some(TimeZone::fixed(Offset::from_seconds(seconds).ok()?));
    }
    TimeZone::get(known).ok()
}

/// Which order a column's dates have; `None` when no sample asks the question.
///
/// A part beyond 12 decides. Where none is, `AM` and `PM` speak for the month, else the part with more different values
/// is the day.
pub fn guess_order<'a>(samples: impl Iterator<Item = &'a str>) -> Option<DateOrder> {
    let (mut n_seen, mut n_day_first, mut n_month_first, mut n_year_first) = (0, 0, 0, 0);
    let (mut firsts, mut seconds, mut thirds, mut n_short) = (0_u32, 0_u32, 0_u32, 0);
    let (mut has_half_days, mut has_dots) = (false, false);
    for sample in samples {
        let Some((first, second, third, separator)) = civil::short_parts(sample) else {
            continue;
        };
        n_seen += 1;
        if first > 31 {
            n_year_first += 1;
        } else if second > 12 && first <= 12 {
            n_month_first += 1;
        } else if third.is_short && third.value <= 31 {
            // Of `24/3/5` either end may be the year: the one that changes less.
            n_short += 1;
            thirds |= 1 << third.value;
        } else if first > 12 && second <= 12 {
            n_day_first += 1;
        }
        firsts |= 1 << (first & 31);
        seconds |= 1 << (second & 31);
        let tail = sample.trim_end();
        has_half_days |= tail.ends_with(['M', 'm']);
        has_dots |= separator != b'/';
    }
    if n_seen == 0 {
        return None;
    }
    if n_day_first + n_month_first + n_year_first > 0 {
        let most = n_day_first.max(n_month_first).max(n_year_first);
        return Some(if most == n_day_first {
            DateOrder::DayFirst
        } else if most == n_month_first {
            DateOrder::MonthFirst
        } else {
            DateOrder::YearFirst
        });
    }
    if n_short == n_seen && firsts >> 13 != 0 && firsts.count_ones() <= thirds.count_ones() {
        return Some(DateOrder::YearFirst);
    }
    let is_day_first = match firsts.count_ones().cmp(&seconds.count_ones()) {
        _ if has_half_days => false,
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => has_dots,
    };
    Some(if is_day_first { DateOrder::DayFirst } else { DateOrder::MonthFirst })
}

/// Makes one text of a column of dates and a column of times.
///
/// A time that a spreadsheet exported with its own day, or a date exported with midnight, gives only its part.
pub fn join_date_time(date: &str, time: &str) -> String {
    let (date, time) = (date.trim(), time.trim());
    if time.is_empty() {
        return date.to_owned();
    }
    let is_serial = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if let Some(fraction) = time.strip_prefix("0.").filter(|fraction| is_serial(fraction))
        && is_serial(date.strip_suffix(".0").unwrap_or(date))
    {
        return format!("{}.{fraction}", date.strip_suffix(".0").unwrap_or(date));
    }
    let time = match time.split_once([' ', 'T']) {
        Some((day, rest)) if day.bytes().filter(|byte| matches!(byte, b'-' | b'/' | b'.')).count() == 2 => rest,
        _ => time,
    };
    let date = match date.split_once([' ', 'T']) {
        Some((day, rest)) if is_midnight(rest) => day,
        _ => date,
    };
    format!("{date} {time}")
}

fn is_midnight(text: &str) -> bool {
    let digits = |byte: &u8| matches!(byte, b'0' | b':' | b'.');
    let text = text.trim().trim_end_matches("AM").trim_end();
    let text = text.strip_prefix("12").unwrap_or(text);
    text.contains(':') && text.as_bytes().iter().all(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reader(zone: &str, order: DateOrder) -> TimeReader {
        TimeReader::new(zone, order).unwrap()
    }

    fn utc(text: &str) -> i64 {
        text.parse::<Timestamp>().unwrap().as_microsecond()
    }

    #[track_caller]
    fn check_in(zone: &str, order: DateOrder, text: &str, expected: Result<Option<&str>, Reason>, has_form: bool) {
        let mut fired = RuleSet::default();
        let instant = reader(zone, order).instant(text, &mut fired);
        let shown = instant.map(|us| us.map(|us| Timestamp::from_microsecond(us).unwrap().to_string()));
        assert_eq!(shown, expected.map(|text| text.map(str::to_owned)), "{text}");
        assert_eq!(fired.contains(Rule::DateForm), has_form, "{text}");
    }

    #[track_caller]
    fn check(text: &str, expected: &str, has_form: bool) {
        check_in("Asia/Shanghai", DateOrder::YearFirst, text, Ok(Some(expected)), has_form);
    }

    #[track_caller]
    fn refuse(text: &str, reason: Reason) {
        let mut fired = RuleSet::default();
        assert_eq!(reader("Asia/Shanghai", DateOrder::YearFirst).instant(text, &mut fired), Err(reason), "{text}");
    }

    #[test]
    fn year_first_forms() {
        check("2024-03-05 14:03:22", "2024-03-05T06:03:22Z", false);
        check("2024-03-05 14:03", "2024-03-05T06:03:00Z", false);
        check("2024-03-05T14:03:22.123456", "2024-03-05T06:03:22.123456Z", false);
        check("2024-03-05T14:03:22.1", "2024-03-05T06:03:22.1Z", false);
        check("2024-03-05T14:03:22.123456789", "2024-03-05T06:03:22.123456Z", false);
        check("2024-03-05T14:03:22Z", "2024-03-05T14:03:22Z", false);
        check("2024-03-05T14:03:22+08:00", "2024-03-05T06:03:22Z", false);
        check("2024-03-05 14:03:22+0530", "2024-03-05T08:33:22Z", false);
        check("2026-09-03 10:14:00 -0400", "2026-09-03T14:14:00Z", false);
        check("2024-03-05 14:03:22 UTC", "2024-03-05T14:03:22Z", false);
        check("2024-03-05", "2024-03-04T16:00:00Z", false);
        check("2024/3/5 14:03", "2024-03-05T06:03:00Z", true);
        check("2026/02/26 20:04:33", "2026-02-26T12:04:33Z", true);
        check("2024/3/5 4:03", "2024-03-04T20:03:00Z", true);
        check("2024.3.5", "2024-03-04T16:00:00Z", true);
        check("20240305", "2024-03-04T16:00:00Z", true);
        check("20240305140322", "2024-03-05T06:03:22Z", true);
        check("202403051403", "2024-03-05T06:03:00Z", true);
        check("20240305 14:03:22", "2024-03-05T06:03:22Z", true);
        check("2024年3月5日 14时03分05秒", "2024-03-05T06:03:05Z", true);
        check("2024年03月05日14:03", "2024-03-05T06:03:00Z", true);
        check("2024年3月5日", "2024-03-04T16:00:00Z", true);
        check("2024年3月5日 14点03分", "2024-03-05T06:03:00Z", true);
        check("2024-03-05 星期二 14:03", "2024-03-05T06:03:00Z", true);
        check("2024/3/5 下午2:05", "2024-03-05T06:05:00Z", true);
        check("2024/3/5 上午 12:05:00", "2024-03-04T16:05:00Z", true);
        check("2024/3/5 14:03:00 下午", "2024-03-05T06:03:00Z", true);
        check("2024-03-05 24:00:00", "2024-03-05T16:00:00Z", false);
        check("2024-03-05 23:59:60", "2024-03-05T15:59:59Z", false);
        check("24-03-05 14:03", "2024-03-05T06:03:00Z", true);
    }

    #[test]
    fn numbers_that_are_times() {
        check("45356", "2024-03-04T16:00:00Z", true);
        check("45356.585416666666", "2024-03-05T06:03:00Z", true);
        check("45356.58542", "2024-03-05T06:03:00Z", true);
        check("1709618602", "2024-03-05T06:03:22Z", true);
        check("1709618602.5", "2024-03-05T06:03:22.5Z", true);
        check("1709618602123", "2024-03-05T06:03:22.123Z", true);
        check("1709618602123456", "2024-03-05T06:03:22.123456Z", true);
    }

    #[test]
    fn words_and_other_orders() {
        use DateOrder::{DayFirst, MonthFirst, YearFirst};
        #[track_caller]
        fn ok(order: DateOrder, text: &str, expected: &str) {
            check_in("UTC", order, text, Ok(Some(expected)), true);
        }
        ok(MonthFirst, "3/9/2026 2:05 PM", "2026-03-09T14:05:00Z");
        ok(DayFirst, "3/9/2026 2:05 PM", "2026-09-03T14:05:00Z");
        ok(MonthFirst, "09/03/2026 10:14:00 AM", "2026-09-03T10:14:00Z");
        ok(MonthFirst, "9/3/26 12:00 am", "2026-09-03T00:00:00Z");
        ok(DayFirst, "03.09.2026 10:14", "2026-09-03T10:14:00Z");
        ok(DayFirst, "25-12-2026", "2026-12-25T00:00:00Z");
        ok(YearFirst, "25/12/2026", "2026-12-25T00:00:00Z");
        ok(YearFirst, "12/25/2026", "2026-12-25T00:00:00Z");
        ok(YearFirst, "Sep 3, 2026 10:14:00 AM", "2026-09-03T10:14:00Z");
        ok(YearFirst, "September 3, 2026", "2026-09-03T00:00:00Z");
        ok(YearFirst, "3-Sep-2026", "2026-09-03T00:00:00Z");
        ok(YearFirst, "3 Sep 2026 2:05 p.m.", "2026-09-03T14:05:00Z");
        ok(YearFirst, "Thu, 03 Sep 2026 10:14:00 +0200", "2026-09-03T08:14:00Z");
        ok(YearFirst, "2026-Sep-03", "2026-09-03T00:00:00Z");
        for (order, text, reason) in [
            (YearFirst, "3/9/2026", Reason::UnreadableTime),
            (DayFirst, "3/25/2026", Reason::TimeOutOfRange),
            (MonthFirst, "25/3/2026", Reason::TimeOutOfRange),
        ] {
            check_in("UTC", order, text, Err(reason), false);
        }
    }

    #[test]
    fn words_for_never_are_missing() {
        let texts = [
            "0000-00-00",
            "0000-00-00 00:00:00",
            "1970-01-01",
            "1970-01-01 08:00:00",
            "1800/01/01",
            "1900-01-00",
            "1900/1/0 00:00",
            "0001-01-01 00:00:00",
            "9999-12-31 23:59:59",
            "0",
            "1899-12-30",
        ];
        for text in texts {
            let mut fired = RuleSet::default();
            assert_eq!(reader("Asia/Shanghai", DateOrder::YearFirst).instant(text, &mut fired), Ok(None), "{text}");
        }
    }

    #[test]
    fn impossible_times_are_refused() {
        for text in ["2024-02-30", "2023-02-29", "2024-13-01", "2024-00-10", "1850-01-01", "2300-01-01", "20241301"] {
            refuse(text, Reason::TimeOutOfRange);
        }
        for text in [
            "",
            "05-12",
            "农历五月初五",
            "2024-03",
            "2024",
            "abc",
            "2024-03-05 25:00",
            "2024-03-05 14:60",
            "14:03",
            "2024-03-05 14:03:22 foo",
            "2024-3-5-6",
            "12345",
            "123456",
            "Foo 3, 2026",
            "3月5日",
            "2024-03-05 14",
            "1.23457E+18",
            "2024-03-05 13:00 PM PM",
        ] {
            refuse(text, Reason::UnreadableTime);
        }
    }

    #[test]
    fn days_are_calendar_days() {
        #[track_caller]
        fn check(text: &str, expected: Result<Option<i64>, Reason>) {
            let mut reader = reader("Asia/Shanghai", DateOrder::YearFirst);
            assert_eq!(reader.day(text, &mut RuleSet::default()), expected, "{text}");
        }
        check("1970-01-01", Ok(Some(0)));
        check("1969-12-31", Ok(Some(-1)));
        check("1949-10-01", Ok(Some(-7397)));
        check("1990-05-12 23:59:59", Ok(Some(7436)));
        check("19900512", Ok(Some(7436)));
        check("1990-05-11T20:00:00Z", Ok(Some(7436)));
        check("33005", Ok(Some(7436)));
        check("0000-00-00", Ok(None));
        check("1800/01/01", Ok(None));
        check("1900-01-00", Ok(None));
        check("1900-01-01", Ok(None));
        check("05-12", Err(Reason::UnreadableTime));
        check("1840-01-01", Err(Reason::TimeOutOfRange));
    }

    #[test]
    fn clocks_that_jump() {
        let new_york =
            |text: &str| reader("America/New_York", DateOrder::YearFirst).instant(text, &mut RuleSet::default());
        assert_eq!(new_york("2024-03-10 01:59"), Ok(Some(utc("2024-03-10T06:59:00Z"))));
        // Never shown: read with the offset before the jump.
        assert_eq!(new_york("2024-03-10 02:30"), Ok(Some(utc("2024-03-10T07:30:00Z"))));
        assert_eq!(new_york("2024-03-10 03:00"), Ok(Some(utc("2024-03-10T07:00:00Z"))));
        // Shown twice: the earlier one.
        assert_eq!(new_york("2024-11-03 01:30"), Ok(Some(utc("2024-11-03T05:30:00Z"))));
        assert_eq!(new_york("2024-11-03 02:00"), Ok(Some(utc("2024-11-03T07:00:00Z"))));
        // Summer time in China, 1986 to 1991.
        let mut shanghai = reader("Asia/Shanghai", DateOrder::YearFirst);
        let summer = shanghai.instant("1990-07-01 12:00", &mut RuleSet::default());
        assert_eq!(summer, Ok(Some(utc("1990-07-01T03:00:00Z"))));
    }

    #[test]
    fn zones_are_found() {
        for zone in ["Asia/Shanghai", "UTC", "+08:00", "-0500", "GMT+8", "Eastern Time (US & Canada)", "Beijing"] {
            assert!(TimeReader::new(zone, DateOrder::YearFirst).is_ok(), "{zone}");
        }
        for zone in ["", "Mars/Base", "+99:00"] {
            assert_eq!(TimeReader::new(zone, DateOrder::YearFirst).unwrap_err(), UnknownZone(zone.to_owned()));
        }
    }

    #[test]
    fn orders_are_guessed_from_the_column() {
        #[track_caller]
        fn check(samples: &[&str], expected: Option<DateOrder>) {
            assert_eq!(guess_order(samples.iter().copied()), expected, "{samples:?}");
        }
        check(&["2024-03-05", "45356", "", "Sep 3, 2026", "2024/3/5"], None);
        check(&["3/9/2026", "25/9/2026"], Some(DateOrder::DayFirst));
        check(&["3/9/2026 10:00", "3/25/2026 10:00"], Some(DateOrder::MonthFirst));
        check(&["3/9/2026 2:05 PM"], Some(DateOrder::MonthFirst));
        check(&["01/09/2026", "02/09/2026", "03/09/2026"], Some(DateOrder::DayFirst));
        check(&["09/01/2026", "09/02/2026"], Some(DateOrder::MonthFirst));
        check(&["03.09.2026"], Some(DateOrder::DayFirst));
        check(&["24/3/5", "24/3/25"], Some(DateOrder::YearFirst));
        check(&["99-03-05"], Some(DateOrder::YearFirst));
        check(&["24/3/25", "25/3/25", "26/3/25"], Some(DateOrder::DayFirst));
    }

    #[test]
    fn dates_and_times_are_joined() {
        assert_eq!(join_date_time("2026-09-03", "10:14"), "2026-09-03 10:14");
        assert_eq!(join_date_time("2026/9/3 0:00:00", "10:14"), "2026/9/3 10:14");
        assert_eq!(join_date_time("2026-09-03 00:00:00", "1899-12-30 10:14:00"), "2026-09-03 10:14:00");
        assert_eq!(join_date_time("45356", "0.5"), "45356.5");
        assert_eq!(join_date_time("2026-09-03", ""), "2026-09-03");
        assert_eq!(join_date_time("Sep 3, 2026", "10:14 AM"), "Sep 3, 2026 10:14 AM");
    }

    proptest! {
        #[test]
        fn agrees_with_the_zone_database(
            instants in proptest::collection::vec(-1_500_000_000_i64..5_000_000_000, 1..30),
            zone in proptest::sample::select(vec!["Asia/Shanghai", "America/New_York", "Europe/London", "Australia/Lord_Howe", "Asia/Kathmandu"]),
        ) {
            let tz = TimeZone::get(zone).unwrap();
            let mut reader = reader(zone, DateOrder::YearFirst);
            for seconds in instants {
                let timestamp = Timestamp::from_second(seconds).unwrap();
                let civil = tz.to_datetime(timestamp);
                let text = civil.strftime("%Y-%m-%d %H:%M:%S").to_string();
                let expected = tz.to_timestamp(civil).unwrap().as_microsecond();
                let read = reader.instant(&text, &mut RuleSet::default());
                if civil.date() != jiff::civil::date(1970, 1, 1) && expected != 0 {
                    prop_assert_eq!(read, Ok(Some(expected)), "{}", text);
                }
                let day = civil::day_of_date(i64::from(civil.year()), civil.month() as u8, civil.day() as u8);
                prop_assert_eq!(reader.day_of(timestamp.as_microsecond()), day);
            }
        }

        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[-0-9/.: TZAPM+年月日上午]{0,24}|[0-9]{1,20}(\\.[0-9]{0,9})?", instant in any::<i64>()) {
            for order in [DateOrder::YearFirst, DateOrder::DayFirst, DateOrder::MonthFirst] {
                let mut reader = reader("America/New_York", order);
                let _ = (reader.instant(&text, &mut RuleSet::default()), reader.day(&text, &mut RuleSet::default()));
                let _ = reader.day_of(instant);
            }
            let _ = (guess_order([text.as_str()].into_iter()), join_date_time(&text, &text), TimeReader::new(&text, DateOrder::YearFirst));
        }
    }
}
