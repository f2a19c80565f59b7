//! Mistakes of a question that is read word by word: all of them are told at once.

use crate::workspace::day_number;
use crate::{Error, Result};

/// What is wrong with a question, English and Chinese.
#[derive(Default)]
pub(crate) struct Mistakes(Vec<(String, String)>);

impl Mistakes {
    /// Notes one.
    pub(crate) fn tell(&mut self, en: String, zh: String) {
        self.0.push((en, zh));
    }

    /// The day of a text.
    pub(crate) fn day(&mut self, name: &str, text: Option<&str>) -> Option<i64> {
        let text = text?;
        let read = text.parse::<jiff::civil::Date>().ok();
        if read.is_none() {
            self.tell(
                format!("{name} {text:?} is no day: write 2026-11-21"),
                format!("{name} 的“{text}”不是日期：请写成 2026-11-21"),
            );
        }
        read.map(day_number)
    }

    /// Notes a number that is out of its range.
    pub(crate) fn within(&mut self, name: &str, value: f64, low: f64, high: f64) {
        if !(low..=high).contains(&value) {
            self.tell(
                format!("{name} must lie between {low} and {high}, not {value}"),
                format!("{name} 应在 {low} 到 {high} 之间，不能是 {value}"),
            );
        }
    }

    /// **Errors**: `bad_request`, with every mistake.
    pub(crate) fn none(self) -> Result<()> {
        if self.0.is_empty() {
            return Ok(());
        }
        let (en, zh): (Vec<String>, Vec<String>) = self.0.into_iter().unzip();
        Err(Error::bad_request(en.join("; "), zh.join("；")))
    }
}
