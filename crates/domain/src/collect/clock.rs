//! When something happened: times as SDKs write them, and clocks that are wrong.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Arrival;
use super::message::{Message, TimeSource};
use crate::clean::RuleSet;
use crate::clean::time::{DateOrder, TimeReader};

/// Microseconds in a second.
const SECOND: i64 = 1_000_000;
/// 2000-01-01 and 2100-01-01.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800 * SECOND..4_102_444_800 * SECOND;

/// When times are corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TimeRules {
    /// A sender's clock that differs by no more than this is right; the rest is the way.
    pub skew_from_seconds: u32,
    /// A sender's clock that differs by more than this is not corrected: it may as well be a body that was sent late
    /// with an old time of sending.
    pub skew_within_seconds: u32,
    /// Records older than this are rejected, unless flagged `time_free`; `null` takes all.
    pub max_age_days: Option<u32>,
}

impl Default for TimeRules {
    fn default() -> Self {
        Self { skew_from_seconds: 30, skew_within_seconds: 86_400, max_age_days: None }
    }
}

/// Reads and corrects the times of one request.
pub(super) struct Clock {
    reader: TimeReader,
    received_at: i64,
    rules: TimeRules,
    /// When the request says it was sent.
    sent_at: Option<i64>,
}

fn reader_of(zone_minutes: i32) -> TimeReader {
    let minutes = zone_minutes.clamp(-14 * 60, 14 * 60);
    let sign = if minutes < 0 { '-' } else { '+' };
    let zone = format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60);
    let reader = TimeReader::new(&zone, DateOrder::YearFirst).or_else(|_| TimeReader::new("UTC", DateOrder::YearFirst));
    match reader {
        Ok(reader) => reader,
        Err(_) => unreachable!("UTC is always known"),
    }
}

impl Clock {
    pub(super) fn new(arrival: &Arrival<'_>) -> Self {
        let reader = reader_of(arrival.settings.zone_minutes);
        let mut clock = Self { reader, received_at: arrival.received_at, rules: arrival.settings.time, sent_at: None };
        clock.sent_at = arrival.sent_at.and_then(|text| clock.read_text(text));
        clock
    }

    /// Reads a time as [`Clock::read`] does, where no request is at hand.
    pub(super) fn read_in_zone(value: &Value, zone_minutes: i32) -> Option<i64> {
        let reader = reader_of(zone_minutes);
        Self { reader, received_at: 0, rules: TimeRules::default(), sent_at: None }.read(value)
    }

    /// Takes the envelope's time of sending; without one the header's stays.
    pub(super) fn set_sent_at(&mut self, value: Option<&Value>) {
        if let Some(sent_at) = value.and_then(|value| self.read(value)) {
            self.sent_at = Some(sent_at);
        }
    }

    /// A time of 2000–2099: ISO 8601 in its forms, or seconds, milliseconds, microseconds or nanoseconds since 1970.
    pub(super) fn read(&mut self, value: &Value) -> Option<i64> {
        match value {
            Value::String(text) => self.read_text(text),
            Value::Number(number) => match number.as_i64() {
                Some(number) => epoch(number),
                None => number.as_f64().and_then(epoch_float),
            },
            _ => None,
        }
    }

    fn read_text(&mut self, text: &str) -> Option<i64> {
        let text = text.trim();
        if text.len() >= 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
            let instant = match text.parse() {
                Ok(number) => epoch(number),
                Err(_) => text.parse().ok().and_then(epoch_float),
            };
            if instant.is_some() {
                return instant;
            }
        }
        let instant = self.reader.instant(text, &mut RuleSet::default()).ok()??;
        PLAUSIBLE.contains(&instant).then_some(instant)
    }

    /// Settles when a message happened: as stated, corrected when the sender's clock is wrong, never after its arrival.
    pub(super) fn settle(&self, stated: Option<i64>, sent_at: Option<i64>, message: &mut Message) {
        let Some(stated) = stated else {
            message.occurred_at = self.received_at;
            message.time_source = TimeSource::Received;
            return;
        };
        let from = i64::from(self.rules.skew_from_seconds) * SECOND;
        let within = i64::from(self.rules.skew_within_seconds) * SECOND;
        let skew = sent_at.or(self.sent_at).map_or(0, |sent_at| self.received_at.saturating_sub(sent_at));
        let is_wrong = (from + 1..=within).contains(&skew.saturating_abs());
        let corrected = if is_wrong { stated.saturating_add(skew) } else { stated };
        (message.occurred_at, message.time_source) = if corrected > self.received_at.saturating_add(from) {
            (self.received_at, TimeSource::Received)
        } else if corrected != stated {
            (corrected, TimeSource::Corrected)
        } else {
            (stated, TimeSource::Stated)
        };
        message.stated_at = (message.occurred_at != stated).then_some(stated);
    }

    /// Whether a message is older than the source takes.
    pub(super) fn is_too_old(&self, message: &Message) -> bool {
        let age = self.received_at.saturating_sub(message.occurred_at);
        !message.is_time_free && self.rules.max_age_days.is_some_and(|days| age > i64::from(days) * 86_400 * SECOND)
    }

    /// A day as ISO text, for birthdays.
    pub(super) fn read_day(&mut self, text: &str) -> Option<String> {
        let day = self.reader.day(text, &mut RuleSet::default()).ok()??;
        iso_day(day)
    }
}

/// An instant by the size of its number.
fn epoch(number: i64) -> Option<i64> {
    let instant = match number.unsigned_abs() {
        0..100_000_000_000 => number * SECOND,
        100_000_000_000..100_000_000_000_000 => number * 1_000,
        100_000_000_000_000..100_000_000_000_000_000 => number,
        _ => number / 1_000,
    };
    PLAUSIBLE.contains(&instant).then_some(instant)
}

/// As [`epoch`] for seconds or milliseconds with a fraction.
fn epoch_float(number: f64) -> Option<i64> {
    let micros = if number.abs() < 1e11 { number * 1e6 } else { number * 1e3 };
    (micros.abs() < 9e18).then_some(micros.round() as i64).filter(|instant| PLAUSIBLE.contains(instant))
}

fn iso_day(day: i64) -> Option<String> {
    let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()?;
    Some(date.to_string())
}

/// An instant as ISO text with milliseconds, in UTC.
pub(super) fn iso_instant(instant: i64) -> Option<String> {
    let instant = jiff::Timestamp::from_microsecond(instant).ok()?;
    Some(format!("{instant:.3}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Settings;
    use super::super::message::{Dialect, Kind};
    use super::*;

    /// 2024-03-05T06:03:22.123Z.
    const AT: i64 = 1_709_618_602_123_000;

    fn clock(settings: &Settings) -> Clock {
        let arrival =
            Arrival { received_at: AT, request_id: "r", peer_ip: None, user_agent: None, sent_at: None, settings };
        Clock::new(&arrival)
    }

    #[test]
    fn times_are_read_in_all_forms() {
        let settings = Settings::default();
        let mut clock = clock(&settings);
        for value in [
            json!("2024-03-05T06:03:22.123Z"),
            json!("2024-03-05T06:03:22.123000+00:00"),
            json!("2024-03-05T14:03:22.123+08:00"),
            json!("2024-03-05 14:03:22.123"),
            json!(1_709_618_602_123_i64),
            json!("1709618602123"),
            json!(1_709_618_602.123),
            json!(AT),
        ] {
            assert_eq!(clock.read(&value), Some(AT), "{value}");
        }
        assert_eq!(clock.read(&json!(1_709_618_602)), Some(AT - 123_000));
        for value in [json!("gestern"), json!(null), json!(0), json!("0001-01-01T00:00:00Z"), json!(true), json!(1e300)]
        {
            assert_eq!(clock.read(&value), None, "{value}");
        }
        assert_eq!(clock.read_day("1990-05-17T00:00:00.000Z").as_deref(), Some("1990-05-17"));
        assert_eq!(iso_instant(AT).as_deref(), Some("2024-03-05T06:03:22.123Z"));
    }

    #[test]
    fn wrong_clocks_are_corrected_within_bounds() {
        let settings = Settings::default();
        let clock = clock(&settings);
        let settle = |stated: i64, sent_at: Option<i64>| {
            let mut message = Message::new(Dialect::Segment, Kind::Track, "m".to_owned(), AT);
            clock.settle(Some(stated), sent_at, &mut message);
            (message.occurred_at - AT, message.stated_at.map(|at| at - AT), message.time_source)
        };
        const HOUR: i64 = 3_600 * SECOND;
        assert_eq!(settle(AT - 5, Some(AT - 20 * SECOND)), (-5, None, TimeSource::Stated));
        assert_eq!(settle(AT - HOUR - 5, Some(AT - HOUR)), (-5, Some(-HOUR - 5), TimeSource::Corrected));
        assert_eq!(settle(AT + HOUR - 5, Some(AT + HOUR)), (-5, Some(HOUR - 5), TimeSource::Corrected));
        assert_eq!(settle(AT - 48 * HOUR, Some(AT - 48 * HOUR)), (-48 * HOUR, None, TimeSource::Stated));
        assert_eq!(settle(AT + HOUR, None), (0, Some(HOUR), TimeSource::Received));
    }
}
