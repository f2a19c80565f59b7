//! Columns that state consent: a member table with 同意营销短信 = 是/否 says it row by row.
//!
//! A blank cell says nothing. A word that is neither yes nor no sets the row aside until the mapping says what it means: whether
//! somebody agreed is never guessed.

use serde::{Deserialize, Serialize};

use super::accept::Plan;
use super::synonyms::normal;
use super::work::Work;
use crate::clean::{Reason, RuleSet};
use crate::consent::read_granted;
use crate::frame::{ColumnType, NumColumn, TextColumn};

/// Column of accepted rows that holds each row's position in the file, where columns state consent.
pub const ROW: &str = "consent.row";

/// What a column says about a purpose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentColumn {
    /// Code of the purpose.
    pub purpose: String,
    /// Where it was stated; `file` when absent.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// Further words that mean yes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub yes: Vec<String>,
    /// Further words that mean no.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no: Vec<String>,
    /// Whether the column says who opted out: yes takes the consent back, and no says nothing, for silence is no consent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_opt_out: bool,
    /// Header of the column that says when; the time of the load counts when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

impl ConsentColumn {
    /// Whether a cell gives the consent or takes it back, or says nothing.
    ///
    /// # Errors
    /// A word that is not known.
    pub fn read(&self, cell: &str) -> Result<Option<bool>, Reason> {
        let cell = cell.trim();
        let is_one_of = |words: &[String]| words.iter().any(|word| word.trim().eq_ignore_ascii_case(cell));
        let yes = match cell {
            "" => return Ok(None),
            _ if is_one_of(&self.yes) => true,
            _ if is_one_of(&self.no) => false,
            _ => read_granted(cell).ok_or(Reason::UnknownStatus)?,
        };
        Ok(match (yes, self.is_opt_out) {
            (yes, false) => Some(yes),
            (true, true) => Some(false),
            (false, true) => None,
        })
    }

    /// Name of the column of accepted rows that holds what was said.
    pub fn column(&self) -> String {
        format!("consent.{}", self.purpose)
    }

    /// Name of the column of accepted rows that holds when.
    pub fn at_column(&self) -> String {
        format!("consent.{}.at", self.purpose)
    }
}

/// Purpose, whether the column says who opted out, and headings that mean it.
const KNOWN: [(&str, bool, &[&str]); 7] = [
    (
        "marketing_sms",
        false,
        &[
            "同意营销短信",
            "接收营销短信",
            "是否接收营销短信",
            "是否接收短信",
            "同意短信营销",
            "短信营销同意",
            "短信订阅",
            "接受短信营销",
            "accepts sms marketing",
            "accepts marketing sms",
            "sms marketing consent",
            "sms consent",
            "sms opt in",
        ],
    ),
    ("marketing_sms", true, &["拒收短信", "短信退订", "是否退订短信", "sms opt out"]),
    (
        "marketing_email",
        false,
        &[
            "同意营销邮件",
            "接收营销邮件",
            "是否接收营销邮件",
            "是否接收邮件",
            "同意邮件营销",
            "邮件营销同意",
            "邮件订阅",
            "接受邮件营销",
            "accepts email marketing",
            "accepts marketing",
            "email marketing consent",
            "email consent",
            "email opt in",
        ],
    ),
    ("marketing_email", true, &["拒收邮件", "邮件退订", "是否退订邮件", "email opt out", "has opted out of email"]),
    ("marketing_wechat", false, &["同意微信营销", "接收微信营销", "微信营销同意", "wechat marketing consent"]),
    ("profiling", false, &["同意个性化推荐", "个性化推荐同意", "profiling consent", "personalization consent"]),
    ("profiling", true, &["拒绝个性化推荐", "拒绝个性化", "关闭个性化推荐", "profiling opt out"]),
];

/// Headings of the column that says when.
const TIMES: [&str; 10] = [
    "同意时间",
    "授权时间",
    "同意日期",
    "授权日期",
    "表态时间",
    "consent at",
    "consented at",
    "consent date",
    "consent time",
    "opt in date",
];

/// What a column of a usual heading says.
pub(super) fn known(header: &str) -> Option<ConsentColumn> {
    let header = normal(header).full;
    let (purpose, is_opt_out, _) =
        KNOWN.into_iter().find(|(.., words)| words.iter().any(|word| normal(word).full == header))?;
    Some(ConsentColumn { purpose: purpose.to_owned(), is_opt_out, ..ConsentColumn::default() })
}

/// Whether a heading says when people stated something.
pub(super) fn is_time(header: &str) -> bool {
    let header = normal(header).full;
    TIMES.iter().any(|word| normal(word).full == header)
}

/// A column that states consent, where it stands in the file.
pub(super) struct Said {
    pub consent: ConsentColumn,
    pub column: usize,
    pub at: Option<usize>,
    pub label: u16,
}

/// Reads what the columns say; rows with a word that is not known, or a time that cannot be read, are given up.
pub(super) fn read(all: &[Said], cells: &[&TextColumn], plan: &mut Plan, work: &mut Work<'_>) {
    for said in all {
        let (mut granted, mut times) = (NumColumn::default(), NumColumn::default());
        for row in 0..work.n_rows {
            let cell = cells[said.column].get(row).unwrap_or_default().trim();
            let yes = said.consent.read(cell).unwrap_or_else(|reason| {
                work.reject(row, reason, Some(said.label), cell);
                None
            });
            granted.push(yes.map(i64::from));
            let at = said.at.filter(|_| yes.is_some()).and_then(|at| cells[at].get(row)).unwrap_or_default().trim();
            times.push(match plan.zone_reader.instant(at, &mut RuleSet::default()) {
                _ if at.is_empty() => None,
                Ok(at) => at,
                Err(reason) => {
                    work.reject(row, reason, Some(said.label), at);
                    None
                }
            });
        }
        work.set_num(&said.consent.column(), ColumnType::Bool, granted);
        work.set_num(&said.consent.at_column(), ColumnType::Instant, times);
    }
    if !all.is_empty() {
        let rows = work.row_no.iter().map(|row| i64::try_from(*row).ok()).collect();
        work.set_num(ROW, ColumnType::Int, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_yes_no_or_nothing() {
        let opt_out = ConsentColumn { is_opt_out: true, yes: vec!["T1".into()], ..known("短信退订").unwrap() };
        for (cell, expected) in [("是", Ok(Some(false))), ("否", Ok(None)), ("t1", Ok(Some(false))), ("", Ok(None))] {
            assert_eq!(opt_out.read(cell), expected, "{cell}");
        }
        let sms = known(" 同意营销短信 ").unwrap();
        assert_eq!(
            (sms.purpose.as_str(), sms.read("同意"), sms.read("N")),
            ("marketing_sms", Ok(Some(true)), Ok(Some(false)))
        );
        assert_eq!(sms.read("也许"), Err(Reason::UnknownStatus));
        assert!(known("短信条数").is_none() && is_time("Consent Date") && !is_time("注册时间"));
    }

    #[test]
    fn no_heading_means_two_things() {
        let mut all: Vec<String> =
            KNOWN.iter().flat_map(|(.., words)| words.iter().map(|word| normal(word).full)).collect();
        let n = all.len();
        all.sort();
        all.dedup();
        assert_eq!(all.len(), n);
    }
}
