//! What to do about a risk, by how urgent it is and why: a table that people edit.

use serde::{Deserialize, Serialize};

use super::features::features;
use super::model::Risk;

const FILE: &str = include_str!("../../data/learn/advice.json");
/// Longest advice.
const MAX_CHARS: usize = 200;

/// One row of the table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advised {
    /// For a risk so urgent.
    pub risk: Risk,
    /// When the weightiest reason is of this group of features; for any other reason when absent.
    #[serde(default)]
    pub because: Option<String>,
    /// What to do, in Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// The table. The first row that fits is the advice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advice {
    /// Rows, the more particular before the general.
    pub advice: Vec<Advised>,
}

impl Default for Advice {
    fn default() -> Self {
        serde_json::from_str(FILE).unwrap_or(Self { advice: Vec::new() })
    }
}

impl Advice {
    /// The row for a risk with a reason of a group.
    pub fn of(&self, risk: Risk, because: Option<&str>) -> Option<&Advised> {
        let fits = |row: &&Advised| row.risk == risk && (row.because.is_none() || row.because.as_deref() == because);
        self.advice.iter().find(fits)
    }

    /// What is wrong with it, Chinese and English, with the place.
    pub fn problems(&self) -> Vec<(String, String)> {
        let groups: Vec<&str> = features().iter().map(|feature| feature.group.as_str()).collect();
        let mut found = Vec::new();
        for (at, row) in self.advice.iter().enumerate() {
            let place = at + 1;
            if let Some(group) = row.because.as_deref().filter(|group| !groups.contains(group)) {
                let mut known = groups.clone();
                known.sort_unstable();
                known.dedup();
                found.push((
                    format!("第 {place} 行：没有原因“{group}”，可用的有 {}", known.join("、")),
                    format!("row {place}: there is no reason {group:?}: there are {}", known.join(", ")),
                ));
            }
            if [&row.zh, &row.en].iter().any(|text| text.trim().is_empty() || text.chars().count() > MAX_CHARS) {
                found.push((
                    format!("第 {place} 行：中英文都要写，各不超过 {MAX_CHARS} 字"),
                    format!("row {place}: write both languages, {MAX_CHARS} characters at most"),
                ));
            }
        }
        for risk in Risk::ALL {
            if !self.advice.iter().any(|row| row.risk == *risk && row.because.is_none()) {
                let (zh, en) = risk.words();
                found.push((
                    format!("“{zh}”还缺一行不限原因的建议"),
                    format!("there is no row for {en:?} whatever the reason"),
                ));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_comes_with_the_product_is_sound() {
        let advice = Advice::default();
        assert_eq!(advice.problems(), []);
        let of = |risk, because| advice.of(risk, because).unwrap().en.clone();
        assert_ne!(of(Risk::High, Some("service")), of(Risk::High, None));
        assert_eq!(of(Risk::Low, Some("service")), of(Risk::Low, None));
    }

    #[test]
    fn a_table_with_mistakes_says_where() {
        let mut advice = Advice::default();
        advice.advice[0].because = Some("weather".into());
        advice.advice[1].en = String::new();
        advice.advice.retain(|row| row.risk != Risk::Low);
        let problems = advice.problems();
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].1.starts_with("row 1: there is no reason \"weather\""));
    }
}
