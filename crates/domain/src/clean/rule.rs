//! Names of the cleaning rules and of the reasons why a row cannot be loaded.

use std::fmt;

/// One table gives every variant its code and words, so that none can be forgotten.
macro_rules! named {
    (
        $(#[$meta:meta])*
        $name:ident { $( $(#[$variant_meta:meta])* $variant:ident $code:literal $zh:literal $en:literal; )* }
        $(#[$zh_meta:meta])* $zh_fn:ident, $(#[$en_meta:meta])* $en_fn:ident
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name { $( $(#[$variant_meta])* $variant, )* }

        impl $name {
            /// All of them, in order.
            pub const ALL: &[Self] = &[$( Self::$variant, )*];

            /// Stable name in snake_case, as it stands in tables and reports.
            pub const fn code(self) -> &'static str {
                match self { $( Self::$variant => $code, )* }
            }

            /// The one of a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )* _ => None }
            }

            $(#[$zh_meta])*
            pub const fn $zh_fn(self) -> &'static str {
                match self { $( Self::$variant => $zh, )* }
            }

            $(#[$en_meta])*
            pub const fn $en_fn(self) -> &'static str {
                match self { $( Self::$variant => $en, )* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }
    };
}

named! {
    /// A named cleaning rule.
    Rule {
        /// Blanks and tabs at the ends were dropped.
        Trim "trim" "去除首尾空白" "blanks trimmed";
        /// Full-width digits, letters or signs were made half-width.
        FullWidth "full_width" "全角转半角" "full-width to half-width";
        /// Byte order marks, zero-width or control characters were dropped.
        ZeroWidth "zero_width" "去除不可见字符" "invisible characters dropped";
        /// A spreadsheet's marks of text (`="123"`, a leading `'` or `` ` ``) were taken off.
        ExcelText "excel_text" "去除表格文本标记" "spreadsheet text marks dropped";
        /// A word for "nothing" was read as missing.
        NullWord "null_word" "空值词" "null word";
        /// The `.0` that a spreadsheet added to an id was dropped.
        IdTail "id_tail" "去除编号尾部 .0" "trailing .0 of an id dropped";
        /// A date was read from a form other than ISO.
        DateForm "date_form" "日期格式统一" "date form";
        /// Money was read from a form other than a bare number.
        MoneyForm "money_form" "金额格式统一" "money form";
        /// A number was read from a form other than a bare number.
        NumberForm "number_form" "数字格式统一" "number form";
        /// A number was scaled by its unit (fen, ten thousand yuan, percent).
        UnitScale "unit_scale" "单位换算" "unit scaled";
        /// A phone number was brought to its usual form.
        PhoneForm "phone_form" "电话格式统一" "phone form";
        /// An e-mail address was brought to its usual form.
        EmailForm "email_form" "邮箱格式统一" "e-mail form";
        /// An ID number was brought to its usual form.
        IdNumberForm "id_number_form" "证件号格式统一" "ID number form";
        /// A word for a gender was read.
        GenderWord "gender_word" "性别用词统一" "gender word";
        /// A region was given its official name.
        RegionName "region_name" "地区名称统一" "region name";
        /// A status word was read.
        StatusWord "status_word" "状态用词统一" "status word";
        /// A missing value was replaced by "unknown".
        MissingUnknown "missing_unknown" "缺失值填未知" "missing value set to unknown";
        /// A missing value was replaced by the mean.
        MissingMean "missing_mean" "缺失值填均值" "missing value set to the mean";
        /// A missing value was replaced by the median.
        MissingMedian "missing_median" "缺失值填中位数" "missing value set to the median";
        /// A missing value was replaced by the one before it.
        MissingPrevious "missing_previous" "缺失值填前值" "missing value set to the previous one";
        /// A value out of its limits was set to the limit.
        OutlierCap "outlier_cap" "异常值截断" "outlier capped";
        /// A value out of its limits was marked.
        OutlierFlag "outlier_flag" "异常值标记" "outlier flagged";
        /// A time in the future was dropped.
        FutureTime "future_time" "未来时间" "time in the future";
        /// A refund booked with the sign of a sale was turned.
        RefundSign "refund_sign" "退款符号更正" "sign of a refund corrected";
        /// A refund was netted against the order it belongs to.
        RefundNetted "refund_netted" "退款冲抵原订单" "refund netted into its order";
        /// A line that sells no goods (postage, fee, adjustment) was marked as such.
        NonProduct "non_product" "非商品行" "line that is no product";
        /// An amount was converted to the workspace currency.
        CurrencyConverted "currency_converted" "币种已换算" "currency converted";
        /// An amount in a foreign currency was kept for want of a rate.
        CurrencyUnconverted "currency_unconverted" "币种未换算" "currency not converted";
        /// A masked or encrypted value was not taken as an identity.
        MaskedIdentity "masked_identity" "脱敏标识未采用" "masked identity not used";
        /// A virtual phone number was not taken as an identity.
        VirtualPhone "virtual_phone" "虚拟号未采用" "virtual phone number not used";
        /// A value entered for a test (13800000000) was dropped.
        TestValue "test_value" "测试值" "test value dropped";
        /// A cell merged downwards was filled.
        FillDown "fill_down" "合并单元格下填" "merged cell filled down";
        /// A record of the same id with newer content replaced the older one.
        Correction "correction" "同号更正" "corrected by a later record";
        /// A row was dropped because the same row was there already.
        DuplicateRow "duplicate_row" "重复行" "duplicate row";
        /// A row was dropped because the same record was there already.
        DuplicateKey "duplicate_key" "重复主键" "duplicate record";
        /// A value was kept back: the field was corrected on behalf of the person.
        KeptBack "kept_back" "更正保留" "kept back by a correction";
        /// Personal data inside free text was masked.
        PersonalMasked "personal_masked" "文本中个人信息脱敏" "personal data in text masked";
    }
    /// Short label in Chinese.
    title_zh,
    /// Short label in English.
    title_en
}

impl Rule {
    /// Whether the rule changes meaning, so that each change goes to the cleaning log; changes of form are only counted
    /// and sampled.
    pub const fn logged_each(self) -> bool {
        match self {
            Self::Trim | Self::FullWidth | Self::ZeroWidth | Self::ExcelText | Self::NullWord | Self::IdTail => false,
            Self::DateForm | Self::MoneyForm | Self::NumberForm | Self::UnitScale => false,
            Self::PhoneForm | Self::EmailForm | Self::IdNumberForm | Self::GenderWord => false,
            Self::RegionName | Self::StatusWord | Self::DuplicateRow | Self::KeptBack => false,
            Self::MissingUnknown | Self::MissingMean | Self::MissingMedian | Self::MissingPrevious => true,
            Self::OutlierCap | Self::OutlierFlag | Self::FutureTime | Self::RefundSign | Self::RefundNetted => true,
            Self::NonProduct | Self::CurrencyConverted | Self::CurrencyUnconverted | Self::MaskedIdentity => true,
            Self::VirtualPhone | Self::TestValue | Self::FillDown | Self::Correction | Self::DuplicateKey => true,
            Self::PersonalMasked => true,
        }
    }
}

named! {
    /// Why a row cannot be loaded as it is.
    Reason {
        /// A column that must be there is empty.
        MissingRequired "missing_required"
            "必填列为空。请在源文件中补上该值，或在映射中改用有值的列，再重放。"
            "A required column is empty. Fill it in the file, or map a column that has the value, then replay.";
        /// A number cannot be read.
        UnreadableNumber "unreadable_number"
            "无法识别的数字或金额。请改为如 1234.56 的写法，或检查映射是否选错了列，再重放。"
            "The number cannot be read. Write it as 1234.56, or check that the right column is mapped, then replay.";
        /// A number is beyond what the column holds.
        NumberTooLarge "number_too_large"
            "数字超出可存范围。请检查单位（元、分、万元）是否正确，再重放。"
            "The number is larger than the column can hold. Check its unit (yuan, fen, ten thousand), then replay.";
        /// A time cannot be read.
        UnreadableTime "unreadable_time"
            "无法识别的日期或时间。请改为如 2024-03-05 14:03:22 的写法，或在映射中指定日月顺序，再重放。"
            "The date or time cannot be read. Write it as 2024-03-05 14:03:22, or name the order of day and month in the mapping, then replay.";
        /// A time is outside the years that make sense.
        TimeOutOfRange "time_out_of_range"
            "日期不存在或年份超出范围。请更正该日期，再重放。"
            "The date does not exist or its year is out of range. Correct it, then replay.";
        /// A time is in the future.
        FutureTime "future_time"
            "时间晚于导入时刻。请检查时区与日月顺序，更正后重放。"
            "The time is later than the import. Check the time zone and the order of day and month, then replay.";
        /// A spreadsheet has lost digits of an id.
        IdPrecisionLost "id_precision_lost"
            "编号被表格软件转成科学计数法（如 1.23457E+18），位数已丢失。请以文本格式重新导出该列，再重放。"
            "A spreadsheet turned the id into 1.23457E+18 and its digits are lost. Export the column again as text, then replay.";
        /// An ID number has a wrong length, date or check digit.
        InvalidIdNumber "invalid_id_number"
            "身份证号的位数、日期或校验码不正确。请核对后更正，或清空该列，再重放。"
            "The ID number has a wrong length, date or check digit. Correct it or empty the cell, then replay.";
        /// An e-mail address is malformed or masked.
        InvalidEmail "invalid_email"
            "邮箱格式不正确或已脱敏。请更正或清空该列，再重放。"
            "The e-mail address is malformed or masked. Correct it or empty the cell, then replay.";
        /// A phone number is malformed.
        InvalidPhone "invalid_phone"
            "电话号码格式不正确。请更正或清空该列，再重放。"
            "The phone number is malformed. Correct it or empty the cell, then replay.";
        /// Nothing in the row says who it is about.
        NoIdentity "no_identity"
            "该行没有可用的身份标识（会员号、手机号、邮箱等；脱敏值不算）。请补上其一，再重放。"
            "Nothing in the row says who it is about (member number, phone, e-mail; masked values do not count). Add one, then replay.";
        /// An amount that cannot be negative is.
        NegativeAmount "negative_amount"
            "金额为负但不是退款。请更正金额，或在映射中标明退款列，再重放。"
            "The amount is negative though the row is no refund. Correct it, or map the column that marks refunds, then replay.";
        /// A value is out of the limits set.
        Outlier "outlier"
            "数值超出设定的合理范围。请核对；若属实，请放宽清洗规则的上下限，再重放。"
            "The value is out of the limits set. Check it; if it is right, widen the limits in the cleaning rules, then replay.";
        /// The row has more cells than the header.
        RaggedRow "ragged_row"
            "该行的列数与表头不一致，可能是未加引号的分隔符。请更正该行，再重放。"
            "The row has another number of cells than the header, perhaps an unquoted separator. Correct it, then replay.";
        /// A cell is too long.
        CellTooLong "cell_too_long"
            "单元格内容过长，可能缺少引号。请更正后重放。"
            "A cell is too long, perhaps for want of a quote. Correct it, then replay.";
        /// Bytes do not form text in the file's encoding.
        UndecodableText "undecodable_text"
            "文字无法按文件编码解读。请以 UTF-8 重新导出，再导入。"
            "The text does not fit the file's encoding. Export the file again as UTF-8, then import it.";
        /// A status word is not known.
        UnknownStatus "unknown_status"
            "未知的状态词。请在映射中注明它对应的状态，再重放。"
            "The status word is not known. Say in the mapping what it stands for, then replay.";
        /// A row names more identities than one person can have.
        TooManyIdentities "too_many_identities"
            "一行中的身份标识过多。请检查映射是否把别人的编号（导购、达人等）当作顾客，再重放。"
            "The row names too many identities. Check that ids of other people (agents, resellers) are not mapped as the customer, then replay.";
    }
    /// What is wrong and what to do, in Chinese.
    help_zh,
    /// What is wrong and what to do, in English.
    help_en
}

/// A small set of rules.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleSet(u64);

const _: () = assert!(Rule::ALL.len() <= 64);

impl RuleSet {
    /// The empty set.
    pub const EMPTY: Self = Self(0);

    /// Adds a rule.
    #[inline]
    pub fn insert(&mut self, rule: Rule) {
        self.0 |= 1 << rule as u8;
    }

    /// Whether a rule is in the set.
    #[inline]
    pub fn contains(self, rule: Rule) -> bool {
        self.0 & (1 << rule as u8) != 0
    }

    /// Whether no rule is in the set.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Number of rules in the set.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Takes all rules out.
    #[inline]
    pub fn clear(&mut self) {
        self.0 = 0;
    }

    /// The rules in either set.
    #[inline]
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The rules in order.
    pub fn iter(self) -> impl Iterator<Item = Rule> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let at = left.trailing_zeros() as usize;
            let rule = *Rule::ALL.get(at)?;
            left &= left - 1;
            Some(rule)
        })
    }
}

impl FromIterator<Rule> for RuleSet {
    fn from_iter<I: IntoIterator<Item = Rule>>(rules: I) -> Self {
        let mut set = Self::EMPTY;
        rules.into_iter().for_each(|rule| set.insert(rule));
        set
    }
}

impl fmt::Debug for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_read_back() {
        for (at, &rule) in Rule::ALL.iter().enumerate() {
            assert_eq!(rule as usize, at);
            assert_eq!(Rule::from_code(rule.code()), Some(rule));
            assert!(!rule.title_zh().is_empty() && !rule.title_en().is_empty());
        }
        for &reason in Reason::ALL {
            assert_eq!(Reason::from_code(reason.code()), Some(reason));
            assert!(reason.help_zh().contains('。') && reason.help_en().contains(". "), "{reason}");
        }
        assert_eq!(Rule::from_code("nothing"), None);
    }

    #[test]
    fn sets_hold_what_was_put_in() {
        let mut set = RuleSet::default();
        assert!(set.is_empty());
        for &rule in Rule::ALL {
            assert!(!set.contains(rule));
            set.insert(rule);
            assert!(set.contains(rule));
        }
        assert_eq!(set.iter().collect::<Vec<_>>(), Rule::ALL);
        assert_eq!(set.len(), Rule::ALL.len());
        let some: RuleSet = [Rule::Trim, Rule::PersonalMasked].into_iter().collect();
        assert_eq!(some.union(RuleSet::EMPTY), some);
        assert_eq!(format!("{some:?}"), "{Trim, PersonalMasked}");
        set.clear();
        assert_eq!(set.iter().next(), None);
    }
}
