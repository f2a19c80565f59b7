//! One JSON object as cells: nested objects become dotted keys, arrays stay JSON text.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::workbook::write_number;

/// Longest dotted key; what lies deeper is passed over.
pub(super) const MAX_KEY_BYTES: usize = 1024;

/// Why a text is no JSON object; says where, never what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotObject {
    pub(super) column: usize,
}

/// Calls `take` for each value of an object with its dotted key, `None` for a null.
///
/// A key longer than [`MAX_KEY_BYTES`] is given cut and without a value.
pub(super) fn flatten(text: &str, take: &mut dyn FnMut(&str, Option<&str>)) -> Result<(), NotObject> {
    let mut json = serde_json::Deserializer::from_str(text);
    let mut key = String::new();
    let seed = Value { key: &mut key, take, is_root: true };
    let result = seed.deserialize(&mut json).and_then(|()| json.end());
    result.map_err(|error| NotObject { column: error.column() })
}

struct Value<'a> {
    key: &'a mut String,
    take: &'a mut dyn FnMut(&str, Option<&str>),
    is_root: bool,
}

impl Value<'_> {
    fn give<E: serde::de::Error>(self, value: Option<&str>) -> Result<(), E> {
        if self.is_root {
            return Err(E::custom("no object"));
        }
        (self.take)(self.key, value);
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.give(Some(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.give(Some(&value.to_string()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.give(Some(&value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<(), E> {
        let mut text = String::new();
        write_number(value, 9_007_199_254_740_992.0, &mut text);
        self.give(Some(&text))
    }

    fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<(), E> {
        self.give(Some(value))
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.give(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        let mut array = Vec::new();
        while let Some(value) = values.next_element::<serde_json::Value>()? {
            array.push(value);
        }
        let text = serde_json::to_string(&array).map_err(A::Error::custom)?;
        self.give(Some(&text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let n = self.key.len();
        while let Some(name) = map.next_key::<std::borrow::Cow<'_, str>>()? {
            if n + name.len() >= MAX_KEY_BYTES {
                map.next_value::<IgnoredAny>()?;
                (self.take)(self.key, None);
                continue;
            }
            if !self.is_root {
                self.key.push('.');
            }
            self.key.push_str(&name);
            map.next_value_seed(Value { key: self.key, take: self.take, is_root: false })?;
            self.key.truncate(n);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(text: &str) -> Result<Vec<(String, Option<String>)>, NotObject> {
        let mut cells = Vec::new();
        flatten(text, &mut |key, value| cells.push((key.to_owned(), value.map(str::to_owned))))?;
        Ok(cells)
    }

    #[test]
    fn nested_objects_become_dotted_keys() {
        let text = r#"{"id": 20240103, "buyer": {"name": "张\u4e09", "tags": ["a", {"b": 1}]}, "paid": true, "price": 12.50, "note": null}"#;
        let cells = cells(text).unwrap();
        let shown: Vec<_> = cells.iter().map(|(key, value)| (key.as_str(), value.as_deref())).collect();
        assert_eq!(
            shown,
            [
                ("id", Some("20240103")),
                ("buyer.name", Some("张三")),
                ("buyer.tags", Some(r#"["a",{"b":1}]"#)),
                ("paid", Some("true")),
                ("price", Some("12.5")),
                ("note", None),
            ]
        );
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["", "1", "\"a\"", "[1]", "null", "{\"a\":", "{\"a\":1} x", "{\"a\":1}{\"b\":2}"] {
            assert!(cells(text).is_err(), "{text}");
        }
        let deep = format!("{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
        assert!(cells(&deep).is_err());
        assert_eq!(
            cells(r#"{"a":123456789012345678901234567890}"#).unwrap()[0].1.as_deref(),
            Some("1.2345678901234568E+29")
        );
    }
}
