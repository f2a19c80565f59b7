//! What a person should look at before a guessed mapping is used.

use serde::{Deserialize, Serialize};

use super::entity::Target;
use super::mapping::Problem;
use crate::clean::time::DateOrder;

/// A doubt about a guessed mapping: a code with what it is about, and the same in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Doubt {
    /// What kind of doubt, for programs: `settlement_file`, `values_do_not_fit` …
    pub code: String,
    /// Header of the column at issue.
    pub column: Option<String>,
    /// Target at issue.
    pub target: Option<String>,
    /// Share of the sampled values that fit, 0 to 1.
    pub ratio: Option<f32>,
    /// How dates are read meanwhile.
    pub date_order: Option<DateOrder>,
    /// The doubt in Chinese.
    pub message_zh: String,
    /// The doubt in English.
    pub message_en: String,
}

impl Doubt {
    fn new(code: &str, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            column: None,
            target: None,
            ratio: None,
            date_order: None,
            message_zh: zh.into(),
            message_en: en.into(),
        }
    }

    fn about(self, column: &str) -> Self {
        Self { column: Some(column.into()), ..self }
    }

    pub(super) fn settlement_file(zh: &str, en: &str) -> Self {
        Self::new("settlement_file", zh, en)
    }

    pub(super) fn values_do_not_fit(column: &str, target: &Target, share: f32) -> Self {
        let percent = share * 100.0;
        let doubt = Self::new(
            "values_do_not_fit",
            format!("列“{column}”像是{}，但取值不符（{percent:.0}%），未映射", target.title_zh),
            format!("column {column:?} is named like {} but only {percent:.0}% of its values fit", target.name),
        );
        Self { target: Some(target.name.into()), ratio: Some(share), ..doubt.about(column) }
    }

    pub(super) fn target_unsure(column: &str, target: &Target) -> Self {
        let doubt = Self::new(
            "target_unsure",
            format!("列“{column}”可能是{}，把握不足，未映射", target.title_zh),
            format!("column {column:?} may be {}, not sure enough to map it", target.name),
        );
        Self { target: Some(target.name.into()), ..doubt.about(column) }
    }

    pub(super) fn recipient_phone_stands_in(column: &str) -> Self {
        Self::new(
            "recipient_phone_stands_in",
            format!("文件没有买家列，暂以收货电话“{column}”识别顾客"),
            format!("no column names the buyer; the recipient's phone {column:?} stands in"),
        )
        .about(column)
    }

    pub(super) fn date_order_open(column: &str) -> Self {
        let doubt = Self::new(
            "date_order_open",
            format!("列“{column}”的日月顺序无法从样本判断，按月/日/年读取"),
            format!("the order of day and month in {column:?} is open; read as month first"),
        );
        Self { date_order: Some(DateOrder::MonthFirst), ..doubt.about(column) }
    }

    /// A problem of the guessed mapping, such as a required column that is missing.
    pub(super) fn of_problem(problem: &Problem) -> Self {
        let doubt = Self::new(&problem.code, &problem.message_zh, &problem.message_en);
        Self { target: problem.target.clone(), column: problem.column.clone(), ..doubt }
    }
}
