//! Why a body cannot be read and why a record is not accepted.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sensitive::Sensitive;

macro_rules! codes {
    ($( $(#[$doc:meta])* $variant:ident $code:literal $zh:literal $en:literal; )*) => {
        /// Why a record was rejected; its code stands with the dead letter.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RejectCode { $( $(#[$doc])* $variant, )* }

        impl RejectCode {
            /// All of them.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Stable name in snake_case.
            pub const fn as_str(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// The one of a name.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )* _ => None }
            }

            /// What is wrong and what to do, in Chinese.
            pub const fn help_zh(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            /// What is wrong and what to do, in English.
            pub const fn help_en(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }
        }
    };
}

codes! {
    /// Something other than an object stands where a record should.
    NotAnObject "not_an_object"
        "记录不是 JSON 对象" "the record is no JSON object";
    /// The type is missing or unknown.
    UnknownType "unknown_type"
        "记录类型缺失或不认识：检查 type" "the record's type is missing or unknown: check `type`";
    /// Nobody and nothing that the record is about.
    MissingIdentity "missing_identity"
        "记录没有用户标识：请传 userId、anonymousId 或 distinct_id" "the record names nobody: send userId, anonymousId or distinct_id";
    /// An alias or link without its second id.
    MissingPreviousId "missing_previous_id"
        "关联记录缺少另一个标识：请传 previousId、original_id 或 identities" "the link lacks its other id: send previousId, original_id or identities";
    /// An event without a name.
    MissingEvent "missing_event"
        "事件没有名称" "the event has no name";
    /// A name or an id that is longer than allowed.
    NameTooLong "name_too_long"
        "事件名或标识过长" "an event name or an id is longer than allowed";
    /// Properties or traits that are no object.
    PropertiesNotObject "properties_not_object"
        "属性不是 JSON 对象" "properties or traits are no JSON object";
    /// A record of a dimension table without its key.
    MissingItem "missing_item"
        "维度表记录缺少 item_type 或 item_id" "the item lacks item_type or item_id";
    /// An increment of something other than a number.
    NotANumber "not_a_number"
        "累加的属性值不是数字" "an increment is no number";
    /// Larger than one message may be.
    TooLarge "too_large"
        "单条记录超过 1 MiB" "the record is larger than 1 MiB";
    /// Nested deeper than one message may be.
    TooDeep "too_deep"
        "记录嵌套过深" "the record is nested too deeply";
    /// Older than the source takes.
    TooOld "too_old"
        "记录早于数据源允许的时间" "the record is older than the source takes";
    /// The source may not send messages of this kind.
    KindNotAllowed "kind_not_allowed"
        "数据源不允许这种消息类型：在数据源设置中放开，或不要发送" "the source may not send messages of this kind: allow it in the source's settings, or do not send it";
    /// The tracking plan refuses it.
    RefusedByPlan "refused_by_plan"
        "埋点方案拒绝了这条记录：按违规说明修改埋点或方案" "the tracking plan refuses the record: correct the tracking or the plan as the violations say";
}

impl fmt::Display for RejectCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that was not accepted.
#[derive(Clone, Debug, PartialEq)]
pub struct Rejected {
    /// Why.
    pub code: RejectCode,
    /// Field at fault; never a value.
    pub field: String,
    /// The record as JSON text, to be sealed with the dead letter. Cut off when it was too large.
    pub record: Sensitive<String>,
}

/// A body that cannot be read at all.
///
/// Display names the place and the fault, never a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing was sent.
    #[error("the body is empty")]
    Empty,
    /// Malformed JSON.
    #[error("malformed JSON at line {line}, column {column}: {fault}")]
    BadJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// `syntax`, `early end` or `nested too deeply`.
        fault: &'static str,
    },
    /// A form or a query without the fields expected.
    #[error("the form has none of the fields {0}")]
    MissingField(&'static str),
    /// A field that is neither base64 nor JSON.
    #[error("field {field} is no base64 at byte {at}")]
    BadBase64 {
        /// Field.
        field: &'static str,
        /// Byte of the field's text, from 0.
        at: usize,
    },
    /// Compressed bytes inside a field that cannot be inflated.
    #[error("the compressed field cannot be inflated: {0}")]
    BadGzip(String),
    /// More bytes or records than one request may have.
    #[error("the body holds more than {0}")]
    TooLarge(&'static str),
    /// Neither an object nor an array.
    #[error("the body is neither a JSON object nor an array")]
    NotRecords,
}

impl Unreadable {
    /// Stable name in snake_case, for the answer's `code`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_body",
            Self::BadJson { .. } => "bad_json",
            Self::MissingField(_) => "missing_field",
            Self::BadBase64 { .. } => "bad_base64",
            Self::BadGzip(_) => "bad_gzip",
            Self::TooLarge(_) => "too_large",
            Self::NotRecords => "not_records",
        }
    }

    /// HTTP status to answer with.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::TooLarge(_) => 413,
            _ => 400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back_and_are_complete() {
        for &code in RejectCode::ALL {
            assert_eq!(RejectCode::parse(code.as_str()), Some(code));
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert!(!code.help_zh().is_empty() && !code.help_en().contains('|'), "{code}");
        }
        assert_eq!(RejectCode::parse("nothing"), None);
    }
}
