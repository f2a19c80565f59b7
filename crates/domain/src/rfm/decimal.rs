//! Money in specs: minor units inside, decimal text outside.

use std::fmt;

use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// One amount, for serde only.
struct Amount(i64);

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let minor = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        serializer.collect_str(&format_args!("{sign}{}.{:02}", minor / 100, minor % 100))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AmountVisitor).map(Amount)
    }
}

struct AmountVisitor;

impl Visitor<'_> for AmountVisitor {
    type Value = i64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a decimal number as text, such as \"500.00\"")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<i64, E> {
        parse(text).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<i64, E> {
        whole.checked_mul(100).ok_or_else(|| E::invalid_value(de::Unexpected::Signed(whole), &self))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<i64, E> {
        let minor = i64::try_from(whole).ok().and_then(|whole| whole.checked_mul(100));
        minor.ok_or_else(|| E::invalid_value(de::Unexpected::Unsigned(whole), &self))
    }
}

/// Minor units of `12`, `12.5`, `-12.50`; at most two places.
fn parse(text: &str) -> Option<i64> {
    let (is_negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(places) || places.len() > 2 {
        return None;
    }
    let cents = places.parse::<i64>().ok()? * if places.len() == 1 { 10 } else { 1 };
    let minor = whole.parse::<i64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    Some(if is_negative { -minor } else { minor })
}

/// Writes four amounts as a list of text.
pub(super) fn serialize<S: Serializer>(amounts: &[i64; 4], serializer: S) -> Result<S::Ok, S::Error> {
    amounts.map(Amount).serialize(serializer)
}

/// Reads four amounts from a list of text or whole numbers.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[i64; 4], D::Error> {
    Ok(<[Amount; 4]>::deserialize(deserializer)?.map(|amount| amount.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_read() {
        for (text, minor) in [("500", Some(50_000)), ("500.5", Some(50_050)), ("-0.01", Some(-1)), ("0.00", Some(0))] {
            assert_eq!(parse(text), minor, "{text}");
        }
        for text in ["", "-", "1.", ".5", "1.234", "1e3", "+1", "1,000", "99999999999999999999"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
