//! How one kind of file is read: the editable, versioned description of its columns, words and rules.
//!
//! Written by [`super::guess()`], changed by hand as YAML, remembered by source and [`Mapping::header_key`].

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::entity::{Entity, IdentityKind, targets};
use super::products::NonProducts;
use super::said::ConsentColumn;
use super::synonyms::normal;
use crate::clean::fill::FillMissing;
use crate::clean::money::MoneyUnit;
use crate::clean::number::parse_decimal;
use crate::clean::outlier::{OutlierAction, OutlierRule};
use crate::clean::status::OrderStatus;
use crate::clean::time::{DateOrder, TimeReader};
use crate::clean::{Rule, RuleSet};
use crate::frame::ColumnType;

use super::layout::Encoding;

/// The version of the format that this program writes and reads.
pub const MAPPING_VERSION: u32 = 1;
/// Decimal places of exchange rates.
pub const RATE_PLACES: u8 = 6;
/// A column mapped here goes into the row's traits under its header.
pub const TRAITS: &str = "traits";
/// A column mapped here is an identity whose kind stands beside it.
pub const IDENTITY: &str = "identity";

/// A column mapped here states consent; for what, stands beside it.
pub const CONSENT: &str = "consent";

/// How one kind of file is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// Version of the format, 1.
    pub version: u32,
    /// What the rows are.
    pub entity: Entity,
    /// Source the rows come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// IANA time zone of times without one.
    #[serde(default = "default_zone")]
    pub zone: String,
    /// Order of day, month and year in dates that leave it open.
    #[serde(default)]
    pub date_order: DateOrder,
    /// Currency of amounts that name none (ISO 4217).
    #[serde(default = "default_currency")]
    pub currency: String,
    /// Encoding; found from the bytes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// Separator of cells; found from the lines when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// Whether blank cells of an order's further lines mean "as above".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fill_down: bool,
    /// The file's columns. Of several with one target the first that has a value counts; discounts add up.
    pub columns: Vec<ColumnMapping>,
    /// What status words of this file mean, where the built-in list errs.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub status_words: BTreeMap<String, OrderStatus>,
    /// Workspace currency per unit of a foreign one, as decimal text: `USD: "7.12"`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub rates: BTreeMap<String, String>,
    /// Cleaning rules.
    #[serde(default)]
    pub rules: RuleSettings,
}

/// Where one column goes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnMapping {
    /// Header as it stands in the file.
    pub header: String,
    /// Target; `traits` keeps the column among the row's traits; absent: not loaded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Unit of money.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<MoneyUnit>,
    /// Order of day, month and year, where it differs from the file's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_order: Option<DateOrder>,
    /// How sure the guess is, 0 to 1.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub confidence: f32,
    /// Kind of the identity when the target is `identity`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<IdentityKind>,
    /// What the column says when the target is `consent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<ConsentColumn>,
}

impl ColumnMapping {
    /// A column that certainly goes to a target.
    pub fn new(header: &str, target: Option<&str>) -> Self {
        Self {
            header: header.to_owned(),
            target: target.map(str::to_owned),
            unit: None,
            date_order: None,
            confidence: 1.0,
            kind: None,
            consent: None,
        }
    }

    /// The target's name, an identity's kind resolved.
    pub fn target_name(&self) -> Option<&str> {
        match (self.target.as_deref(), self.kind) {
            (Some(IDENTITY), Some(kind)) => Some(kind.as_str()),
            (target, _) => target,
        }
    }
}

/// What is done about times later than the load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FutureTime {
    /// Load the row and count it.
    #[default]
    Flag,
    /// Set the row aside.
    Quarantine,
    /// Load the row.
    Keep,
}

/// Which changes are logged value by value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// Those that change meaning.
    #[default]
    Changes,
    /// Changes of form too.
    All,
}

/// What is done about values out of limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutlierSetting {
    /// Which values are out of limits.
    pub rule: OutlierRule,
    /// What is done about them.
    #[serde(default)]
    pub action: OutlierAction,
}

/// Settings of the cleaning rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RuleSettings {
    /// Codes of rules that are off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub off: Vec<String>,
    /// What stands for missing values, by target.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub missing: BTreeMap<String, FillMissing>,
    /// Limits of numbers, by target.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub outliers: BTreeMap<String, OutlierSetting>,
    /// Times later than the load.
    pub future_time: FutureTime,
    /// Which changes are logged value by value.
    pub log: Log,
    /// Codes and names that are no products, as `pattern=kind`; `*` at either end stands for anything.
    pub non_products: Vec<String>,
    /// Order numbers that start so and go on with digits are refunds.
    pub refund_prefixes: Vec<String>,
    /// Order numbers that start so and go on with digits are bookkeeping.
    pub adjustment_prefixes: Vec<String>,
}

impl Default for RuleSettings {
    fn default() -> Self {
        Self {
            off: Vec::new(),
            missing: BTreeMap::new(),
            outliers: BTreeMap::new(),
            future_time: FutureTime::default(),
            log: Log::default(),
            non_products: NonProducts::default_patterns(),
            refund_prefixes: vec!["C".to_owned()],
            adjustment_prefixes: vec!["A".to_owned()],
        }
    }
}

impl RuleSettings {
    /// The rules that are off.
    pub fn off(&self) -> RuleSet {
        self.off.iter().filter_map(|code| Rule::from_code(code)).collect()
    }
}

/// Rules that cannot be switched off: they protect people, or say what a row is.
pub const ALWAYS_ON: &[Rule] = &[
    Rule::StatusWord,
    Rule::PhoneForm,
    Rule::EmailForm,
    Rule::IdNumberForm,
    Rule::GenderWord,
    Rule::MaskedIdentity,
    Rule::VirtualPhone,
    Rule::PersonalMasked,
    Rule::CurrencyUnconverted,
    Rule::DuplicateRow,
    Rule::DuplicateKey,
    Rule::Correction,
];

fn default_zone() -> String {
    "Asia/Shanghai".to_owned()
}

fn default_currency() -> String {
    "CNY".to_owned()
}

const fn one() -> f32 {
    1.0
}

fn is_one(value: &f32) -> bool {
    *value >= 1.0
}

/// Something in a mapping that cannot work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{path}: {message_en}")]
pub struct Problem {
    /// Where in the mapping: `columns[3].target`.
    pub path: String,
    /// What kind of problem, for programs.
    #[serde(default)]
    pub code: String,
    /// Target at issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Header of the column at issue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// What is wrong and what to do, in Chinese.
    pub message_zh: String,
    /// What is wrong and what to do, in English.
    pub message_en: String,
}

impl Problem {
    pub(super) fn new(path: impl Into<String>, zh: impl Into<String>, en: impl Into<String>) -> Self {
        let (message_zh, message_en) = (zh.into(), en.into());
        Self { path: path.into(), code: "invalid".into(), target: None, column: None, message_zh, message_en }
    }

    fn coded(self, code: &str) -> Self {
        Self { code: code.into(), ..self }
    }
}

impl Mapping {
    /// A mapping without columns, everything else as the defaults say.
    pub fn new(entity: Entity) -> Self {
        Self {
            version: MAPPING_VERSION,
            entity,
            source: None,
            zone: default_zone(),
            date_order: DateOrder::default(),
            currency: default_currency(),
            encoding: None,
            delimiter: None,
            fill_down: false,
            columns: Vec::new(),
            status_words: BTreeMap::new(),
            rates: BTreeMap::new(),
            rules: RuleSettings::default(),
        }
    }

    /// Fingerprint of a header by which a remembered mapping is found; order, case and blanks do not matter.
    pub fn header_key(header: &[String]) -> u64 {
        let mut names: Vec<String> = header.iter().map(|name| normal(name).full).collect();
        names.sort_unstable();
        xxh3_64(names.join("\u{1f}").as_bytes())
    }

    /// Whether any column goes to a target.
    pub fn has(&self, target: &str) -> bool {
        self.columns.iter().any(|column| column.target_name() == Some(target))
    }

    /// Checks everything that can be checked without a file.
    ///
    /// # Errors
    /// All problems at once, each with its place.
    pub fn validate(&self) -> Result<(), Vec<Problem>> {
        let mut problems = Vec::new();
        let mut problem = |path: String, zh: String, en: String| problems.push(Problem::new(path, zh, en));
        if self.version != MAPPING_VERSION {
            problem(
                "version".into(),
                format!("不支持的映射版本 {}，请使用 {MAPPING_VERSION}", self.version),
                format!("version {} is not supported; use {MAPPING_VERSION}", self.version),
            );
        }
        if TimeReader::new(&self.zone, self.date_order).is_err() {
            problem(
                "zone".into(),
                format!("未知时区 {:?}，请使用如 Asia/Shanghai 的名称", self.zone),
                format!("unknown time zone {:?}; use a name like Asia/Shanghai", self.zone),
            );
        }
        if !is_currency(&self.currency) {
            problem(
                "currency".into(),
                format!("{:?} 不是三位大写币种代码", self.currency),
                format!("{:?} is not a code of three capitals", self.currency),
            );
        }
        if self.delimiter.is_some_and(|delimiter| !delimiter.is_ascii() || delimiter == '"' || delimiter == '\n') {
            problem("delimiter".into(), "分隔符必须是单个半角字符".into(), "must be one ASCII character".into());
        }
        problems.extend(self.check_columns());
        let mut problem = |path: String, zh: String, en: String| problems.push(Problem::new(path, zh, en));
        for (code, rate) in &self.rates {
            let is_positive = parse_decimal(rate, RATE_PLACES, &mut RuleSet::default()).is_ok_and(|value| value > 0);
            if !is_currency(code) || !is_positive {
                problem(
                    format!("rates.{code}"),
                    format!("汇率 {rate:?} 无效，应如 USD: \"7.12\""),
                    format!("rate {rate:?} is not valid; write USD: \"7.12\""),
                );
            }
        }
        self.check_rules(&mut problem);
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_columns(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        let mut headers = std::collections::HashSet::new();
        let mut purposes = std::collections::HashSet::new();
        for (at, column) in self.columns.iter().enumerate() {
            if !headers.insert(column.header.as_str()) {
                let problem = Problem::new(
                    format!("columns[{at}].header"),
                    format!("表头 {:?} 重复", column.header),
                    format!("header {:?} stands here twice", column.header),
                );
                problems.push(Problem { column: Some(column.header.clone()), ..problem.coded("duplicate_header") });
            }
            let Some(target) = column.target.as_deref() else { continue };
            if target == IDENTITY {
                let is_known = column.kind.is_some_and(|kind| self.entity.target(kind.as_str()).is_some());
                if !is_known {
                    problems.push(Problem::new(
                        format!("columns[{at}].kind"),
                        "目标为 identity 时须写明 kind（如 member_id），且该实体须有身份列",
                        "the target identity needs a kind such as member_id, and an entity that has identities",
                    ));
                }
            } else if target == CONSENT {
                let purpose = column.consent.as_ref().map(|consent| consent.purpose.as_str()).unwrap_or_default();
                let is_first = purposes.insert(purpose);
                if self.entity != Entity::Profiles || purpose.is_empty() || !is_first {
                    problems.push(Problem::new(
                        format!("columns[{at}].consent"),
                        "目标为 consent 时须写明 consent.purpose，每个用途一列，且只用于客户文件",
                        "the target consent needs a consent.purpose, one column a purpose, in files of customers",
                    ));
                }
            } else if target != TRAITS && self.entity.target(target).is_none() {
                let names: Vec<&str> = targets(self.entity).iter().map(|target| target.name).collect();
                problems.push(Problem::new(
                    format!("columns[{at}].target"),
                    format!("{} 没有目标列 {target:?}；可用：{}, traits", self.entity, names.join(", ")),
                    format!("{} has no target {target:?}; one of {}, traits", self.entity, names.join(", ")),
                ));
            }
        }
        for target in targets(self.entity).iter().filter(|target| target.required) {
            let has_substitute = target.name == "ordered_at" && self.has("paid_at");
            if !self.has(target.name) && !has_substitute {
                let problem = Problem::new(
                    "columns",
                    format!("缺少必需列 {}（{}）", target.name, target.title_zh),
                    format!("no column goes to {} ({})", target.name, target.title_en),
                );
                problems.push(Problem { target: Some(target.name.into()), ..problem.coded("missing_required") });
            }
        }
        if matches!(self.entity, Entity::OrderLines | Entity::OrderItems) {
            if !self.has("product_id") && !self.has("name") {
                problems.push(
                    Problem::new("columns", "缺少商品列（product_id 或 name）", "no column goes to product_id or name")
                        .coded("missing_product"),
                );
            }
            if !self.has("amount") && !self.has("unit_price") && !self.has("order_amount") {
                problems.push(
                    Problem::new(
                        "columns",
                        "缺少金额列（amount 或 unit_price）",
                        "no column goes to amount or unit_price",
                    )
                    .coded("missing_amount"),
                );
            }
        }
        let has_identity =
            targets(self.entity).iter().any(|target| target.identity().is_some() && self.has(target.name));
        if matches!(self.entity, Entity::Profiles | Entity::Touches) && !has_identity {
            problems.push(
                Problem::new(
                    "columns",
                    "缺少身份列（如 member_id、phone、email）",
                    "no column says who a row is about (member_id, phone, email …)",
                )
                .coded("missing_identity"),
            );
        }
        problems
    }

    fn check_rules(&self, problem: &mut impl FnMut(String, String, String)) {
        for (at, code) in self.rules.off.iter().enumerate() {
            match Rule::from_code(code) {
                None => problem(
                    format!("rules.off[{at}]"),
                    format!("未知规则 {code:?}"),
                    format!("there is no rule {code:?}"),
                ),
                Some(rule) if ALWAYS_ON.contains(&rule) => problem(
                    format!("rules.off[{at}]"),
                    format!("规则 {code} 不能关闭"),
                    format!("rule {code} cannot be switched off"),
                ),
                Some(_) => {}
            }
        }
        for (name, how) in &self.rules.missing {
            let kind = self.entity.target(name).and_then(|target| target.kind.column_type());
            let fits = match how {
                FillMissing::Keep | FillMissing::Previous => kind.is_some_and(|kind| kind != ColumnType::Sensitive),
                FillMissing::Unknown => kind == Some(ColumnType::Text),
                FillMissing::Mean | FillMissing::Median => {
                    matches!(kind, Some(ColumnType::Decimal(_) | ColumnType::Int))
                }
            };
            if !fits {
                problem(
                    format!("rules.missing.{name}"),
                    format!("列 {name} 不存在，或不能这样补缺失值"),
                    format!("{name} is no column of {}, or its missing values cannot be filled so", self.entity),
                );
            }
        }
        for (name, setting) in &self.rules.outliers {
            let kind = self.entity.target(name).and_then(|target| target.kind.column_type());
            if !matches!(kind, Some(ColumnType::Decimal(_) | ColumnType::Int)) || !is_sound(setting.rule) {
                problem(
                    format!("rules.outliers.{name}"),
                    format!("列 {name} 不是数字列，或上下限无效"),
                    format!("{name} is no number of {}, or the limits make no sense", self.entity),
                );
            }
        }
        if let Err(at) = NonProducts::parse(&self.rules.non_products) {
            problem(
                format!("rules.non_products[{at}]"),
                "应写作 模式=类型，如 POST=postage".into(),
                "write pattern=kind, such as POST=postage".into(),
            );
        }
        for prefix in self.rules.refund_prefixes.iter().chain(&self.rules.adjustment_prefixes) {
            if prefix.is_empty() || prefix.ends_with(|letter: char| letter.is_ascii_digit()) {
                problem(
                    "rules.refund_prefixes".into(),
                    format!("前缀 {prefix:?} 不能为空或以数字结尾"),
                    format!("the prefix {prefix:?} may not be empty or end in a digit"),
                );
            }
        }
    }
}

fn is_currency(code: &str) -> bool {
    code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_sound(rule: OutlierRule) -> bool {
    match rule {
        OutlierRule::Off => true,
        OutlierRule::Sigma { n } | OutlierRule::Mad { n } => n.is_finite() && n > 0.0,
        OutlierRule::Limits { low, high } => {
            let all_finite = low.iter().chain(high.iter()).all(|limit| limit.is_finite());
            all_finite && !matches!((low, high), (Some(low), Some(high)) if low > high)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders() -> Mapping {
        let mut mapping = Mapping::new(Entity::Orders);
        mapping.columns = vec![
            ColumnMapping::new("订单号", Some("order_id")),
            ColumnMapping::new("下单时间", Some("ordered_at")),
            ColumnMapping::new("实付", Some("amount")),
        ];
        mapping
    }

    #[test]
    fn json_reads_back_and_unknown_fields_are_refused() {
        let mapping = orders();
        let json = serde_json::to_value(&mapping).unwrap();
        assert_eq!(serde_json::from_value::<Mapping>(json.clone()).unwrap(), mapping);
        assert!(json["columns"][0].get("confidence").is_none());
        let mut wrong = json.clone();
        wrong["colums"] = json["columns"].clone();
        let error = serde_json::from_value::<Mapping>(wrong).unwrap_err().to_string();
        assert!(error.contains("colums"), "{error}");
        let short = serde_json::json!({"version": 1, "entity": "orders", "columns": []});
        assert_eq!(serde_json::from_value::<Mapping>(short).unwrap(), Mapping::new(Entity::Orders));
    }

    #[test]
    fn validation_names_the_place() {
        assert_eq!(orders().validate(), Ok(()));
        type Spoil = fn(&mut Mapping);
        let cases: [(&str, Spoil); 12] = [
            ("version", |m| m.version = 2),
            ("zone", |m| m.zone = String::new()),
            ("currency", |m| m.currency = "rmb".into()),
            ("columns[0].target", |m| m.columns[0].target = Some("order".into())),
            ("columns[3].header", |m| m.columns.push(ColumnMapping::new("订单号", None))),
            ("columns", |m| m.columns.truncate(2)),
            ("columns[0].kind", |m| m.columns[0].target = Some("identity".into())),
            ("rates.USD", |m| drop(m.rates.insert("USD".into(), "-1".into()))),
            ("rules.off[0]", |m| m.rules.off = vec!["personal_masked".into()]),
            ("rules.missing.nothing", |m| m.rules.missing = [("nothing".into(), FillMissing::Mean)].into()),
            ("rules.non_products[0]", |m| m.rules.non_products = vec!["POST".into()]),
            ("rules.refund_prefixes", |m| m.rules.refund_prefixes = vec![String::new()]),
        ];
        for (path, spoil) in cases {
            let mut mapping = orders();
            spoil(&mut mapping);
            let problems = mapping.validate().expect_err(path);
            assert!(problems.iter().any(|problem| problem.path == path), "{path}: {problems:?}");
        }
    }

    #[test]
    fn header_key_ignores_order_and_form() {
        let key = |names: &[&str]| Mapping::header_key(&names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(key(&["Order ID", "金额(元)"]), key(&["金额（元）", "order_id"]));
        assert_ne!(key(&["Order ID"]), key(&["Order ID", "a"]));
    }
}
