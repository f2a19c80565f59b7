//! Money: amounts with the signs, words and units of currencies.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::number::{self, Bare, Flavor};
use super::rule::{Reason, Rule, RuleSet};

/// Unit in which a column states money.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MoneyUnit {
    /// The main unit of the currency.
    #[default]
    Yuan,
    /// A hundredth.
    Fen,
    /// Ten thousand.
    WanYuan,
}

impl MoneyUnit {
    const fn power(self) -> i32 {
        match self {
            Self::Yuan => 0,
            Self::Fen => -2,
            Self::WanYuan => 4,
        }
    }
}

/// Code of a currency: three capital letters (ISO 4217).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// US dollar.
    pub const USD: Self = Self(*b"USD");

    /// The currency of a code of three letters, in either case; `RMB` is `CNY`.
    pub fn from_code(code: &str) -> Option<Self> {
        let mut code: [u8; 3] = code.as_bytes().try_into().ok()?;
        code.make_ascii_uppercase();
        if code == *b"RMB" {
            return Some(Self::CNY);
        }
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The currency of a code, a sign or a word (`人民币`, `US$`, `美元`), as a currency column holds it.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        Self::from_word(text).or_else(|| Self::from_code(text))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// The currency of a known sign, word or code; unlike [`Currency::read`] no unknown code.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        WORDS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)).map(|(_, code)| Self(**code))
    }

    /// The currency that a text begins with, and the rest.
    pub(super) fn strip_prefix(text: &str) -> Option<(Self, &str)> {
        WORDS.iter().find_map(|(name, code)| Some((Self(**code), text.strip_prefix(name)?)))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that is no code of a currency.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no currency code of three letters")]
pub struct UnknownCurrency(String);

impl TryFrom<String> for Currency {
    type Error = UnknownCurrency;

    fn try_from(code: String) -> Result<Self, UnknownCurrency> {
        Self::from_code(&code).ok_or(UnknownCurrency(code))
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

/// Signs and words of currencies; a longer one stands before those it begins with.
const WORDS: &[(&str, &[u8; 3])] = &[
    ("RMB¥", b"CNY"),
    ("CN¥", b"CNY"),
    ("RMB", b"CNY"),
    ("CNY", b"CNY"),
    ("CNH", b"CNY"),
    ("人民币", b"CNY"),
    ("¥", b"CNY"),
    ("￥", b"CNY"),
    ("元", b"CNY"),
    ("US$", b"USD"),
    ("USD$", b"USD"),
    ("USD", b"USD"),
    ("美元", b"USD"),
    ("美金", b"USD"),
    ("$", b"USD"),
    ("HK$", b"HKD"),
    ("HKD", b"HKD"),
    ("港元", b"HKD"),
    ("港币", b"HKD"),
    ("NT$", b"TWD"),
    ("TWD", b"TWD"),
    ("新台币", b"TWD"),
    ("台币", b"TWD"),
    ("MOP$", b"MOP"),
    ("MOP", b"MOP"),
    ("澳门元", b"MOP"),
    ("€", b"EUR"),
    ("EUR", b"EUR"),
    ("欧元", b"EUR"),
    ("£", b"GBP"),
    ("GBP", b"GBP"),
    ("英镑", b"GBP"),
    ("JP¥", b"JPY"),
    ("JPY", b"JPY"),
    ("日元", b"JPY"),
    ("円", b"JPY"),
    ("KRW", b"KRW"),
    ("₩", b"KRW"),
    ("韩元", b"KRW"),
    ("A$", b"AUD"),
    ("AU$", b"AUD"),
    ("AUD", b"AUD"),
    ("澳元", b"AUD"),
    ("C$", b"CAD"),
    ("CA$", b"CAD"),
    ("CAD", b"CAD"),
    ("加元", b"CAD"),
    ("S$", b"SGD"),
    ("SGD", b"SGD"),
    ("新加坡元", b"SGD"),
    ("R$", b"BRL"),
    ("BRL", b"BRL"),
    ("NZ$", b"NZD"),
    ("NZD", b"NZD"),
    ("CHF", b"CHF"),
    ("瑞士法郎", b"CHF"),
    ("RUB", b"RUB"),
    ("₽", b"RUB"),
    ("卢布", b"RUB"),
    ("THB", b"THB"),
    ("฿", b"THB"),
    ("泰铢", b"THB"),
    ("VND", b"VND"),
    ("₫", b"VND"),
    ("越南盾", b"VND"),
    ("MYR", b"MYR"),
    ("RM", b"MYR"),
    ("马来西亚林吉特", b"MYR"),
    ("IDR", b"IDR"),
    ("Rp", b"IDR"),
    ("PHP", b"PHP"),
    ("₱", b"PHP"),
    ("INR", b"INR"),
    ("₹", b"INR"),
    ("SEK", b"SEK"),
    ("NOK", b"NOK"),
    ("DKK", b"DKK"),
    ("PLN", b"PLN"),
    ("zł", b"PLN"),
    ("TRY", b"TRY"),
    ("₺", b"TRY"),
    ("MXN", b"MXN"),
    ("ZAR", b"ZAR"),
    ("AED", b"AED"),
    ("SAR", b"SAR"),
    ("ILS", b"ILS"),
    ("₪", b"ILS"),
];

/// An amount of money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    /// The amount in the currency's main unit, without its point.
    pub value: i64,
    /// Currency that the cell itself names; a lone `$` is the US dollar, a lone `¥` the yuan.
    pub currency: Option<Currency>,
}

/// Reads an amount with `places` decimals, rounded half away from zero; `unit` is the column's.
///
/// Reads signs and words of currencies before or after the figure, thousands separators and every form of negative:
/// `-¥12.00`, `¥-12.00`, `(¥12.00)`, `12.00-`. A unit in the cell (`100.00元`, `1.2万元`, `50分`) goes before the column's.
///
/// # Errors
/// [`Reason::UnreadableNumber`], or [`Reason::NumberTooLarge`] beyond 18 digits.
#[inline]
pub fn parse_money(text: &str, unit: MoneyUnit, places: u8, fired: &mut RuleSet) -> Result<Amount, Reason> {
    if let Some(bare) = Bare::read(text)
        && let Some(value) = bare.to_decimal(i32::from(places) + unit.power())
    {
        if unit != MoneyUnit::Yuan {
            fired.insert(Rule::UnitScale);
        }
        return Ok(Amount { value, currency: None });
    }
    let mut number = number::read(text, Flavor::Money, '.', fired)?;
    if !number.has_money_unit && unit != MoneyUnit::Yuan {
        number.power += unit.power();
        fired.insert(Rule::UnitScale);
    }
    Ok(Amount { value: number.to_decimal(places)?, currency: number.currency })
}

/// The unit that a header names in brackets or at its end: `金额(元)`, `金额（分）`, `金额(万元)`, `amount_fen`.
pub fn header_unit(header: &str) -> Option<MoneyUnit> {
    let header = header.trim().trim_end_matches([':', '：', '*', ' ']);
    for (at, open) in header.char_indices().filter(|(_, c)| matches!(c, '(' | '（' | '[' | '【')) {
        let inside = &header[at + open.len_utf8()..];
        let inside = &inside[..inside.find([')', '）', ']', '】']).unwrap_or(inside.len())];
        if let Some(unit) = unit_of_word(inside.trim()) {
            return Some(unit);
        }
    }
    let lower = header.to_ascii_lowercase();
    if lower.ends_with("_fen") || lower.ends_with("_cents") || lower.ends_with("_in_cents") {
        return Some(MoneyUnit::Fen);
    }
    if lower.ends_with("万元") {
        return Some(MoneyUnit::WanYuan);
    }
    (lower.ends_with("_yuan") || lower.ends_with("/元") || lower.ends_with("_元")).then_some(MoneyUnit::Yuan)
}

fn unit_of_word(word: &str) -> Option<MoneyUnit> {
    let word = word.trim_start_matches("单位").trim_start_matches([':', '：', ' ']);
    let word = word.strip_prefix("人民币").filter(|rest| !rest.is_empty()).unwrap_or(word);
    match word {
        "元" | "人民币" | "RMB" | "rmb" | "CNY" | "¥" | "￥" | "yuan" => Some(MoneyUnit::Yuan),
        "分" | "fen" | "cents" | "cent" => Some(MoneyUnit::Fen),
        "万元" | "万" => Some(MoneyUnit::WanYuan),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, unit: MoneyUnit, expected: Result<(i64, Option<&str>), Reason>, rules: &[Rule]) {
        let mut fired = RuleSet::default();
        let amount = parse_money(text, unit, 2, &mut fired);
        let expected = expected
            .map(|(value, code)| Amount { value, currency: code.map(|code| Currency::from_code(code).unwrap()) });
        assert_eq!(amount, expected, "{text}");
        assert_eq!(fired, rules.iter().copied().collect(), "{text}");
    }

    #[test]
    fn reads_amounts_as_exported() {
        use MoneyUnit::{Fen, WanYuan, Yuan};
        const FORM: &[Rule] = &[Rule::MoneyForm];
        const SCALED: &[Rule] = &[Rule::MoneyForm, Rule::UnitScale];
        check("128.00", Yuan, Ok((12_800, None)), &[]);
        check("-128", Yuan, Ok((-12_800, None)), &[]);
        check("12800", Fen, Ok((12_800, None)), &[Rule::UnitScale]);
        check("1.28", WanYuan, Ok((1_280_000, None)), &[Rule::UnitScale]);
        check("100.00元", Yuan, Ok((10_000, Some("CNY"))), FORM);
        check("¥1,234.56", Yuan, Ok((123_456, Some("CNY"))), FORM);
        check("￥12", Yuan, Ok((1_200, Some("CNY"))), FORM);
        check("-¥12.00", Yuan, Ok((-1_200, Some("CNY"))), FORM);
        check("¥-12.00", Yuan, Ok((-1_200, Some("CNY"))), FORM);
        check("(¥12.00)", Yuan, Ok((-1_200, Some("CNY"))), FORM);
        check("¥(12.00)", Yuan, Ok((-1_200, Some("CNY"))), FORM);
        check("(12.00)", Yuan, Ok((-1_200, None)), FORM);
        check("12.00-", Yuan, Ok((-1_200, None)), FORM);
        check("$8.00", Yuan, Ok((800, Some("USD"))), FORM);
        check("US$ 8.00", Yuan, Ok((800, Some("USD"))), FORM);
        check("HK$8", Yuan, Ok((800, Some("HKD"))), FORM);
        check("8.00 €", Yuan, Ok((800, Some("EUR"))), FORM);
        check("£8.005", Yuan, Ok((801, Some("GBP"))), FORM);
        check("CNY 12.5", Yuan, Ok((1_250, Some("CNY"))), FORM);
        check("12.5RMB", Yuan, Ok((1_250, Some("CNY"))), FORM);
        check("12.5 usd", Yuan, Ok((1_250, Some("USD"))), FORM);
        check("1.2万元", Fen, Ok((1_200_000, Some("CNY"))), SCALED);
        check("1.2万", Yuan, Ok((1_200_000, None)), SCALED);
        check("50分", Yuan, Ok((50, Some("CNY"))), SCALED);
        check("¥50", Fen, Ok((50, Some("CNY"))), SCALED);
        check("69.20(分销商:47.80)", Yuan, Ok((6_920, None)), FORM);
        check("¥69.20(含税)", Yuan, Ok((6_920, Some("CNY"))), FORM);
        check("12件", Yuan, Err(Reason::UnreadableNumber), &[]);
        check("¥", Yuan, Err(Reason::UnreadableNumber), &[]);
        check("面议", Yuan, Err(Reason::UnreadableNumber), &[]);
        check("¥99999999999999999.99", Yuan, Err(Reason::NumberTooLarge), FORM);
    }

    #[test]
    fn headers_name_their_unit() {
        for (header, unit) in [
            ("金额(元)", Some(MoneyUnit::Yuan)),
            ("订单金额（元）", Some(MoneyUnit::Yuan)),
            ("商品总价(元)", Some(MoneyUnit::Yuan)),
            ("实付（单位：分）", Some(MoneyUnit::Fen)),
            ("金额(分)", Some(MoneyUnit::Fen)),
            ("销售额(万元)", Some(MoneyUnit::WanYuan)),
            ("销售额万元", Some(MoneyUnit::WanYuan)),
            ("total_fen", Some(MoneyUnit::Fen)),
            ("Grand Total (Base)", None),
            ("积分", None),
            ("商品数量(件)", None),
            ("(", None),
        ] {
            assert_eq!(header_unit(header), unit, "{header}");
        }
    }

    #[test]
    fn currencies_are_read_from_codes_signs_and_words() {
        assert_eq!(Currency::read("人民币"), Some(Currency::CNY));
        assert_eq!(Currency::read("usd"), Some(Currency::USD));
        assert_eq!(Currency::read("XOF").map(|code| code.to_string()), Some("XOF".to_owned()));
        assert_eq!(Currency::read("12"), None);
        assert_eq!(Currency::from_code("元"), None);
        for (at, (word, _)) in WORDS.iter().enumerate() {
            assert!(WORDS[..at].iter().all(|(before, _)| !word.starts_with(before)), "{word} can never match");
        }
        assert_eq!(serde_json::from_str::<Currency>("\"eur\"").unwrap().as_str(), "EUR");
        assert!(serde_json::from_str::<Currency>("\"euro\"").is_err());
    }

    proptest! {
        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,16}|[-+0-9.,()¥$元万分 ]{0,16}", places in any::<u8>()) {
            for unit in [MoneyUnit::Yuan, MoneyUnit::Fen, MoneyUnit::WanYuan] {
                let _ = parse_money(&text, unit, places, &mut RuleSet::default());
            }
            let _ = header_unit(&text);
        }
    }
}
