//! The day up to which facts count, and the calendar that decides where days begin.

use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

const DAY_US: i64 = 86_400_000_000;

/// The last day that counts, in a zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AsOf {
    /// Days since 1970.
    pub day: i64,
    zone: TimeZone,
    end: i64,
    now: i64,
}

impl AsOf {
    /// A day of a zone, over.
    pub fn new(day: i64, zone: TimeZone) -> Self {
        let mut as_of = Self { day, zone, end: 0, now: i64::MAX };
        as_of.end = as_of.start_of(day + 1);
        as_of
    }

    /// The same, while it is only so late: what has not happened yet may still happen.
    #[must_use]
    pub const fn at(mut self, now: i64) -> Self {
        self.now = now;
        self
    }

    /// The instant until which it is known what happened.
    pub fn until(&self) -> i64 {
        self.end.min(self.now)
    }

    /// The instant at which a day (days since 1970) begins.
    pub fn start_of(&self, day: i64) -> i64 {
        let zoned = date_of(day).and_then(|date| date.to_zoned(self.zone.clone()).ok());
        zoned.map_or(day.saturating_mul(DAY_US), |zoned| zoned.timestamp().as_microsecond())
    }

    /// The instant at which the day ends: facts before it count.
    pub const fn end(&self) -> i64 {
        self.end
    }

    /// The day of an instant.
    pub fn day_of(&self, at: i64) -> i64 {
        let Ok(timestamp) = Timestamp::from_microsecond(at) else { return at.div_euclid(DAY_US) };
        day_number(self.zone.to_datetime(timestamp).date())
    }

    /// A part of the calendar at an instant, as text: hour `00` to `23`, weekday `1` (Monday) to `7`, month `01` to `12`,
    /// season (of the northern half of the world).
    pub fn calendar(&self, part: &str, at: i64) -> Option<String> {
        let time = self.zone.to_datetime(Timestamp::from_microsecond(at).ok()?);
        Some(match part {
            "hour" => format!("{:02}", time.hour()),
            "weekday" => time.weekday().to_monday_one_offset().to_string(),
            "month" => format!("{:02}", time.month()),
            _ => match time.month() {
                3..=5 => "spring",
                6..=8 => "summer",
                9..=11 => "autumn",
                _ => "winter",
            }
            .to_owned(),
        })
    }

    /// The calendar year of the day.
    pub fn year(&self) -> i64 {
        date_of(self.day).map_or(1970, |date| date.year().into())
    }

    /// First of the last `n` months: the day after the same day `n` months ago.
    pub(super) fn months_back(&self, n: i64) -> i64 {
        let start = date_of(self.day).and_then(|date| date.checked_sub(Span::new().try_months(n).ok()?).ok());
        start.map_or(i64::MIN / 2, day_number) + 1
    }
}

/// Days since 1970 of a date.
pub(crate) fn day_number(day: Date) -> i64 {
    date(1970, 1, 1).until(day).map_or(0, |span| i64::from(span.get_days()))
}

/// The date of a number of days since 1970.
pub(crate) fn date_of(day: i64) -> Option<Date> {
    date(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_begin_where_the_zone_says() {
        let as_of = AsOf::new(day_number(date(2026, 3, 31)), TimeZone::get("Asia/Shanghai").unwrap());
        assert_eq!(as_of.end(), "2026-03-31T16:00:00Z".parse::<Timestamp>().unwrap().as_microsecond());
        assert_eq!(as_of.day_of(as_of.end()), as_of.day + 1);
        assert_eq!(as_of.day_of(as_of.end() - 1), as_of.day);
        let parts = ["hour", "weekday", "month", "season"].map(|part| as_of.calendar(part, as_of.end()).unwrap());
        assert_eq!(parts, ["00", "3", "04", "spring"]);
        assert_eq!(as_of.year(), 2026);
        // February has no 31st: the month before ends where it ends.
        assert_eq!(date_of(as_of.months_back(1)), Some(date(2026, 3, 1)));
        assert_eq!(date_of(as_of.months_back(12)), Some(date(2025, 4, 1)));
    }
}
