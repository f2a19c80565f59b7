//! What models look at: numbers of customers as of a day, in the language of tags.
//!
//! They are data (`data/learn/features.json`). None of them looks at traits or scores: those are known as they are now, not as
//! they were on a day in the past.

use std::sync::LazyLock;

use serde_json::{Value as Json, json};

use crate::audience::{Input, Tag, parse_tag};
use crate::sentence::{count, money_en, money_zh, percent};

const FILE: &str = include_str!("../../data/learn/features.json");

/// A number of a customer as of a day, with how a high and a low one are said.
#[derive(Clone, Debug)]
pub struct Feature {
    /// Name in tables.
    pub key: String,
    /// Chinese and English name.
    pub name: (String, String),
    /// How it is computed from facts; of what follows from all purchases together, none.
    pub tag: Option<Tag>,
    /// What it is about; of one group one reason is told.
    pub group: String,
    high: (String, String),
    low: (String, String),
}

/// All of them.
pub fn features() -> &'static [Feature] {
    static ALL: LazyLock<Vec<Feature>> = LazyLock::new(|| {
        let file: Json = serde_json::from_str(FILE).unwrap_or_default();
        let list = file["features"].as_array().map(Vec::as_slice).unwrap_or_default();
        list.iter().filter_map(read).collect()
    });
    &ALL
}

fn read(json: &Json) -> Option<Feature> {
    let word = |pointer: &str| json.pointer(pointer).and_then(Json::as_str).map(str::to_owned);
    let both = |name: &str| Some((word(&format!("/{name}/zh"))?, word(&format!("/{name}/en"))?));
    let tag = match json.get("expression") {
        None => None,
        Some(expression) => {
            let tag = json!({ "key": json["key"], "name": json["name"], "unit": json["unit"], "level": "behaviour",
                "expression": expression });
            let tag = parse_tag(&tag).ok()?;
            let is_of_facts = tag.expression.inputs().iter().all(|(_, input)| matches!(input, Input::Measure(_)));
            is_of_facts.then_some(())?;
            Some(tag)
        }
    };
    let (key, name) = (word("/key")?, both("name")?);
    Some(Feature { key, name, tag, group: word("/group")?, high: both("high")?, low: both("low")? })
}

impl Feature {
    /// A value by itself, Chinese and English.
    pub fn written(&self, value: f64, currency: &str) -> (String, String) {
        let of = |text: &str| ["{m}", "{p}", "{v}"].into_iter().find(|mark| text.contains(mark)).unwrap_or("{v}");
        (
            Self::filled(of(&self.high.0), value, |minor| money_zh(minor, currency)),
            Self::filled(of(&self.high.1), value, |minor| money_en(minor, currency)),
        )
    }

    fn filled(text: &str, value: f64, money: impl FnOnce(i64) -> String) -> String {
        let is_whole = value.fract().abs() < 0.05 || value.abs() >= 100.0;
        let plain = if is_whole { count(value.round() as i64) } else { format!("{value:.1}") };
        let share = percent((value * 1e6).round() as i128, 1_000_000);
        let money = money((value * 100.0).round() as i64);
        text.replace("{v}", &plain).replace("{p}", &share).replace("{m}", &money)
    }

    /// What a value says, Chinese and English; a high one is above that of most.
    pub fn said(&self, value: f64, is_high: bool, currency: &str) -> (String, String) {
        let (zh, en) = if is_high { &self.high } else { &self.low };
        (
            Self::filled(zh, value, |minor| money_zh(minor, currency)),
            Self::filled(en, value, |minor| money_en(minor, currency)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_feature_of_the_file_is_read() {
        let file: Json = serde_json::from_str(FILE).unwrap();
        let list = file["features"].as_array().unwrap();
        for json in list {
            assert!(read(json).is_some(), "{}", json["key"]);
        }
        let mut keys: Vec<&str> = features().iter().map(|feature| feature.key.as_str()).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), list.len());
    }

    #[test]
    fn a_high_value_and_a_low_one_are_said_differently() {
        let feature = features().iter().find(|feature| feature.key == "days_since_order").unwrap();
        assert_eq!(feature.said(120.0, true, "CNY").0, "已有 120 天没有下单");
        assert_eq!(feature.said(3.0, false, "CNY").1, "ordered 3 days ago");
        assert_eq!(feature.written(120.0, "CNY").0, "120");
        let feature = features().iter().find(|feature| feature.key == "discount_share").unwrap();
        assert_eq!(feature.written(0.25, "CNY").1, "25%");
        assert_eq!(feature.said(0.25, true, "CNY").0, "优惠占消费的 25%，依赖折扣");
    }
}
