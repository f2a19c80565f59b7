//! Numbers: from the forms that people and systems write to exact decimals.
//!
//! The text has been through [`super::cell::clean`]. A bare number (`-1234.56`) takes a short way without allocation;
//! every other form is read piece by piece, and anything left over makes the number unreadable: digits are never guessed.

use super::money::Currency;
use super::rule::{Reason, Rule, RuleSet};

/// Decimals hold at most 18 digits (`DECIMAL(18, …)`).
const DECIMAL_LIMIT: u128 = 1_000_000_000_000_000_000;

const POWERS_OF_TEN: [i64; 19] = {
    let mut powers = [1; 19];
    let mut at = 1;
    while at < 19 {
        powers[at] = powers[at - 1] * 10;
        at += 1;
    }
    powers
};

/// Reads a decimal with `places` decimals, rounded half away from zero.
///
/// Reads thousands separators, `(12.00)` and `12.00-` as negative, percent (`12.5%` is 0.125), `万` and `亿`, trailing
/// units (`2件`, `1.250kg`), trailing notes (`69.20(…)`) and stars (`★★★★☆` is 4).
///
/// # Errors
/// [`Reason::UnreadableNumber`], or [`Reason::NumberTooLarge`] beyond 18 digits.
#[inline]
pub fn parse_decimal(text: &str, places: u8, fired: &mut RuleSet) -> Result<i64, Reason> {
    if let Some(bare) = Bare::read(text)
        && let Some(value) = bare.to_decimal(i32::from(places))
    {
        return Ok(value);
    }
    read(text, Flavor::Number, '.', fired)?.to_decimal(places)
}

/// As [`parse_decimal`] for files that write `1.234,56`.
///
/// # Errors
/// As [`parse_decimal`].
pub fn parse_decimal_comma(text: &str, places: u8, fired: &mut RuleSet) -> Result<i64, Reason> {
    read(text, Flavor::Number, ',', fired)?.to_decimal(places)
}

/// Reads a whole number; decimals must be zero.
///
/// # Errors
/// [`Reason::UnreadableNumber`], or [`Reason::NumberTooLarge`] beyond 64 bits.
#[inline]
pub fn parse_int(text: &str, fired: &mut RuleSet) -> Result<i64, Reason> {
    if let Some(bare) = Bare::read(text)
        && bare.n_decimals == 0
    {
        return Ok(bare.mantissa);
    }
    read(text, Flavor::Number, '.', fired)?.to_int()
}

/// Reads a floating point number; words for infinity and the like are refused.
///
/// # Errors
/// As [`parse_decimal`].
#[inline]
pub fn parse_float(text: &str, fired: &mut RuleSet) -> Result<f64, Reason> {
    if let Some(bare) = Bare::read(text)
        && bare.mantissa.unsigned_abs() < 1 << 53
    {
        // Both are exact, so that the quotient is the nearest number.
        return Ok(bare.mantissa as f64 / POWERS_OF_TEN[bare.n_decimals as usize] as f64);
    }
    read(text, Flavor::Number, '.', fired)?.to_float()
}

/// Writes a decimal exactly: `format_decimal(-1205, 2)` is `-12.05`.
pub fn format_decimal(value: i64, places: u8) -> String {
    let places = usize::from(places);
    let mut text = format!("{:0>width$}", value.unsigned_abs(), width = places + 1);
    if places > 0 {
        text.insert(text.len() - places, '.');
    }
    if value < 0 {
        text.insert(0, '-');
    }
    text
}

/// Multiplies two decimals, rounded half away from zero to `out` decimals; `None` when the result is too large.
pub fn mul_decimal(a: i64, a_places: u8, b: i64, b_places: u8, out: u8) -> Option<i64> {
    let product = i128::from(a) * i128::from(b);
    let magnitude = shift(product.unsigned_abs(), i32::from(out) - i32::from(a_places) - i32::from(b_places))?;
    let magnitude = i128::try_from(magnitude).ok()?;
    i64::try_from(if product < 0 { -magnitude } else { magnitude }).ok()
}

/// A number of at most 18 digits without any ornament.
#[derive(Clone, Copy)]
pub(super) struct Bare {
    mantissa: i64,
    n_decimals: u8,
}

impl Bare {
    /// Reads `-1234.56`; `None` for every other form.
    #[inline]
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let (is_negative, digits) = match bytes.first()? {
            b'-' => (true, &bytes[1..]),
            _ => (false, bytes),
        };
        if digits.len() > 19 {
            return None;
        }
        let (mut mantissa, mut n_digits, mut point) = (0_u64, 0_usize, None);
        for (at, &byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit <= 9 {
                mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(digit));
                n_digits += 1;
            } else if byte == b'.' && point.is_none() {
                point = Some(at);
            } else {
                return None;
            }
        }
        if n_digits == 0 || n_digits > 18 {
            return None;
        }
        let n_decimals = point.map_or(0, |at| digits.len() - at - 1) as u8;
        let mantissa = mantissa as i64;
        Some(Self { mantissa: if is_negative { -mantissa } else { mantissa }, n_decimals })
    }

    /// The number times 10^`places`, rounded; `None` when it may be too large, for the long way to say.
    #[inline]
    pub(super) fn to_decimal(self, places: i32) -> Option<i64> {
        let up = places - i32::from(self.n_decimals);
        if up == 0 {
            return Some(self.mantissa);
        }
        if up > 0 {
            let value = self.mantissa.checked_mul(*POWERS_OF_TEN.get(up as usize)?)?;
            return (u128::from(value.unsigned_abs()) < DECIMAL_LIMIT).then_some(value);
        }
        let unit = *POWERS_OF_TEN.get(up.unsigned_abs() as usize)?;
        let (quotient, rest) = (self.mantissa / unit, self.mantissa % unit);
        let away = if rest.abs() >= unit - rest.abs() { rest.signum() } else { 0 };
        Some(quotient + away)
    }
}

/// What a text may hold beside digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flavor {
    /// Units of goods, percent, stars.
    Number,
    /// Currencies.
    Money,
}

/// A number as written: `±digits × 10^power`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number {
    is_negative: bool,
    digits: u128,
    /// Power of ten, decimals and unit included.
    pub(super) power: i32,
    /// Whether the text itself names a unit of money (元, 分, 万元).
    pub(super) has_money_unit: bool,
    /// Currency that the text names.
    pub(super) currency: Option<Currency>,
}

impl Number {
    pub(super) fn to_decimal(self, places: u8) -> Result<i64, Reason> {
        let value = shift(self.digits, self.power + i32::from(places)).filter(|&value| value < DECIMAL_LIMIT);
        let value = value.ok_or(Reason::NumberTooLarge)? as i64;
        Ok(if self.is_negative { -value } else { value })
    }

    fn to_int(self) -> Result<i64, Reason> {
        let value = shift(self.digits, self.power).ok_or(Reason::NumberTooLarge)?;
        if self.power < 0 && shift(value, -self.power) != Some(self.digits) {
            return Err(Reason::UnreadableNumber);
        }
        let value = i128::try_from(value).map_err(|_| Reason::NumberTooLarge)?;
        i64::try_from(if self.is_negative { -value } else { value }).map_err(|_| Reason::NumberTooLarge)
    }

    fn to_float(self) -> Result<f64, Reason> {
        let value: f64 = format!("{}e{}", self.digits, self.power).parse().map_err(|_| Reason::UnreadableNumber)?;
        if !value.is_finite() {
            return Err(Reason::NumberTooLarge);
        }
        Ok(if self.is_negative { -value } else { value })
    }
}

/// `digits × 10^power`, rounded half up; `None` when too large.
fn shift(digits: u128, power: i32) -> Option<u128> {
    if digits == 0 {
        return Some(0);
    }
    let unit = 10_u128.checked_pow(power.unsigned_abs());
    if power >= 0 {
        return digits.checked_mul(unit?);
    }
    let Some(unit) = unit else {
        return Some(0);
    };
    let rest = digits % unit;
    Some(digits / unit + u128::from(rest >= unit - rest))
}

/// Reads any form of number; `point` is the decimal sign.
#[cold]
pub(super) fn read(text: &str, flavor: Flavor, point: char, fired: &mut RuleSet) -> Result<Number, Reason> {
    let number = Pieces::new(text, flavor, point).read()?;
    if number.scale != 0 {
        fired.insert(Rule::UnitScale);
    }
    if !is_bare(text) {
        fired.insert(if flavor == Flavor::Money { Rule::MoneyForm } else { Rule::NumberForm });
    }
    Ok(number.number)
}

fn is_bare(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
}

struct Scaled {
    number: Number,
    scale: i32,
}

/// The text that is left to read, and what was read so far.
struct Pieces<'a> {
    left: &'a str,
    flavor: Flavor,
    point: char,
    n_signs: usize,
    scale: i32,
    number: Number,
}

impl<'a> Pieces<'a> {
    fn new(text: &'a str, flavor: Flavor, point: char) -> Self {
        Self { left: text.trim(), flavor, point, n_signs: 0, scale: 0, number: Number::default() }
    }

    fn read(mut self) -> Result<Scaled, Reason> {
        while self.take_prefix() {}
        if self.flavor == Flavor::Number
            && let Some(stars) = read_stars(self.left)
        {
            self.left = "";
            self.number.digits = stars;
        } else {
            self.take_note();
            while self.take_suffix() {}
            self.take_digits()?;
        }
        if !self.left.is_empty() || self.n_signs > 1 {
            return Err(Reason::UnreadableNumber);
        }
        self.number.power += self.scale;
        self.number.is_negative = self.n_signs == 1;
        Ok(Scaled { number: self.number, scale: self.scale })
    }

    fn take_prefix(&mut self) -> bool {
        let Some(first) = self.left.chars().next() else {
            return false;
        };
        let rest = self.left[first.len_utf8()..].trim_start();
        match first {
            '-' | '−' | '–' => self.n_signs += 1,
            '+' => {}
            '(' => {
                let Some(inner) = rest.strip_suffix(')').filter(|inner| !inner.contains(['(', ')'])) else {
                    return false;
                };
                self.n_signs += 1;
                self.left = inner.trim();
                return true;
            }
            'x' | 'X' | '×' | '*'
                if self.flavor == Flavor::Number && rest.starts_with(|c: char| c.is_ascii_digit()) => {}
            _ if self.flavor == Flavor::Money && self.number.currency.is_none() => {
                let Some((currency, rest)) = Currency::strip_prefix(self.left) else {
                    return false;
                };
                self.number.currency = Some(currency);
                self.left = rest.trim_start();
                return true;
            }
            _ => return false,
        }
        self.left = rest;
        true
    }

    /// Drops a note in brackets after a number: `69.20(分销商:47.80)`.
    fn take_note(&mut self) {
        if self.left.ends_with(')')
            && let Some(at) = self.left.find('(')
            && self.left[..at].contains(|c: char| c.is_ascii_digit())
        {
            self.left = self.left[..at].trim_end();
        }
    }

    fn take_suffix(&mut self) -> bool {
        let at = self.left.rfind(|c: char| c.is_ascii_digit() || c == self.point).map_or(0, |at| at + 1);
        let (head, suffix) = self.left.split_at(at);
        if suffix.is_empty() || (head.is_empty() && self.flavor == Flavor::Money) {
            return false;
        }
        let unit = suffix.trim();
        if let Some(unit) = unit.strip_suffix(['-', '−']) {
            self.n_signs += 1;
            self.left = &self.left[..at + (suffix.len() - suffix.trim_start().len()) + unit.len()];
            return true;
        }
        // `五星` has no digit at all.
        let (head, unit) = match head.is_empty().then(|| leading_numeral(unit)).flatten() {
            Some((digit, unit)) => {
                self.number.digits = digit;
                ("", unit)
            }
            None => (head, unit),
        };
        let Some(unit) = self.unit(unit) else {
            return false;
        };
        self.scale += unit;
        self.left = head;
        false
    }

    /// Power of ten of a unit; `None` for an unknown one.
    fn unit(&mut self, unit: &str) -> Option<i32> {
        if self.flavor == Flavor::Number {
            return match unit {
                "%" => Some(-2),
                "‰" => Some(-3),
                "万" | "w" | "W" | "w+" | "万+" => Some(4),
                "k" | "K" => Some(3),
                "亿" => Some(8),
                _ => is_counting_unit(unit).then_some(0),
            };
        }
        let power = match unit {
            "分" => Some(-2),
            "角" | "毛" => Some(-1),
            "元" | "圆" | "块" | "元整" | "块钱" | "人民币元" => Some(0),
            "千元" => Some(3),
            "万元" | "万" | "w" | "W" => Some(4),
            "百万元" => Some(6),
            "亿元" | "亿" => Some(8),
            _ => None,
        };
        if power.is_some() {
            if self.number.currency.is_none() && !matches!(unit, "万" | "亿" | "w" | "W") {
                self.number.currency = Some(Currency::CNY);
            }
            self.number.has_money_unit = true;
            return power;
        }
        let (power, name) = match unit.strip_prefix('万') {
            Some(name) => (4, name),
            None => (0, unit),
        };
        let currency = Currency::from_word(name)?;
        if self.number.currency.is_some_and(|before| before != currency) {
            return None;
        }
        self.number.currency = Some(currency);
        self.number.has_money_unit = true;
        Some(power)
    }

    fn take_digits(&mut self) -> Result<(), Reason> {
        if self.left.is_empty() && self.number.digits != 0 {
            return Ok(());
        }
        let (body, power) = match self.left.split_once(['e', 'E']) {
            Some((body, power)) => {
                let digits = power.strip_prefix(['+', '-']).unwrap_or(power);
                if digits.is_empty() || digits.len() > 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err(Reason::UnreadableNumber);
                }
                (body, power.parse::<i32>().map_err(|_| Reason::UnreadableNumber)?)
            }
            None => (self.left, 0),
        };
        let (whole, decimals) = body.split_once(self.point).unwrap_or((body, ""));
        if !decimals.bytes().all(|byte| byte.is_ascii_digit()) || (whole.is_empty() && decimals.is_empty()) {
            return Err(Reason::UnreadableNumber);
        }
        if !is_grouped(whole, self.point) {
            return Err(Reason::UnreadableNumber);
        }
        for byte in whole.bytes().filter(u8::is_ascii_digit) {
            let next = self.number.digits.checked_mul(10).and_then(|n| n.checked_add(u128::from(byte - b'0')));
            self.number.digits = next.filter(|&n| n < u128::MAX / 100).ok_or(Reason::NumberTooLarge)?;
        }
        for byte in decimals.bytes() {
            // Decimals beyond the 38 digits that fit cannot change a result of 18.
            if self.number.digits >= u128::MAX / 100 {
                break;
            }
            self.number.digits = self.number.digits * 10 + u128::from(byte - b'0');
            self.number.power -= 1;
        }
        self.number.power += power;
        self.left = "";
        Ok(())
    }
}

/// Whether the digits before the point stand alone or in groups: `1,234,567`, `1 234`, `1,23,456` or `1,0000`.
fn is_grouped(whole: &str, point: char) -> bool {
    let Some(separator) = whole.chars().find(|c| !c.is_ascii_digit()) else {
        return true;
    };
    if separator == point || !matches!(separator, ',' | '.' | ' ' | '\'' | '’' | '\u{a0}' | '\u{202f}' | '\u{2009}') {
        return false;
    }
    let mut lengths = whole
        .split(separator)
        .map(|group| if group.bytes().all(|byte| byte.is_ascii_digit()) { group.len() } else { 0 });
    let first = lengths.next().unwrap_or(0);
    let rest: Vec<usize> = lengths.collect();
    let by_thousand = (1..=3).contains(&first)
        && rest.last() == Some(&3)
        && rest.iter().all(|&length| length == 3 || (length == 2 && separator == ','));
    let by_ten_thousand = (1..=4).contains(&first) && rest.iter().all(|&length| length == 4);
    by_thousand || by_ten_thousand
}

/// Full stars of `★★★★☆`.
fn read_stars(text: &str) -> Option<u128> {
    let mut n_full = 0;
    for c in text.chars() {
        match c {
            '★' | '⭐' | '🌟' => n_full += 1,
            '☆' | '\u{fe0f}' => {}
            _ => return None,
        }
    }
    (!text.is_empty()).then_some(n_full)
}

/// A Chinese numeral from zero to ten, or a hundred.
pub const fn chinese_numeral(char: char) -> Option<u32> {
    Some(match char {
        '零' | '〇' => 0,
        '一' => 1,
        '二' | '两' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        '十' => 10,
        '百' => 100,
        _ => return None,
    })
}

/// `五星` → 5 and `星`.
fn leading_numeral(text: &str) -> Option<(u128, &str)> {
    let first = text.chars().next()?;
    let digit = chinese_numeral(first).filter(|digit| (1..=10).contains(digit))?;
    Some((digit.into(), &text[first.len_utf8()..]))
}

/// Units that count or measure and change no figure.
fn is_counting_unit(unit: &str) -> bool {
    const HAN: &[&str] = &[
        "件",
        "个",
        "只",
        "支",
        "瓶",
        "袋",
        "盒",
        "箱",
        "包",
        "套",
        "双",
        "条",
        "张",
        "台",
        "块",
        "斤",
        "公斤",
        "千克",
        "克",
        "毫克",
        "吨",
        "两",
        "升",
        "毫升",
        "米",
        "厘米",
        "毫米",
        "平方米",
        "份",
        "杯",
        "碗",
        "次",
        "人",
        "人次",
        "位",
        "名",
        "天",
        "日",
        "周",
        "月",
        "年",
        "秒",
        "分",
        "分钟",
        "小时",
        "岁",
        "星",
        "星级",
        "颗",
        "粒",
        "片",
        "本",
        "册",
        "枚",
        "把",
        "根",
        "桶",
        "罐",
        "提",
        "组",
        "对",
        "打",
        "束",
        "卷",
        "辆",
        "部",
        "单",
        "笔",
        "股",
        "点",
        "级",
        "款",
        "种",
        "听",
        "串",
        "盘",
        "幅",
        "扎",
        "棵",
        "株",
        "头",
        "尾",
        "积分",
        "元",
    ];
    const LATIN: &[&str] = &[
        "kg", "g", "mg", "t", "l", "ml", "m", "cm", "mm", "pcs", "pc", "ea", "each", "unit", "units", "item", "items",
        "star", "stars", "point", "points", "pts", "day", "days", "hour", "hours", "h", "min", "mins", "s", "sec",
        "lb", "lbs", "oz",
    ];
    HAN.contains(&unit) || LATIN.iter().any(|name| name.eq_ignore_ascii_case(unit))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rules(rules: &[Rule]) -> RuleSet {
        rules.iter().copied().collect()
    }

    #[track_caller]
    fn check(text: &str, places: u8, expected: Result<i64, Reason>, expected_rules: &[Rule]) {
        let mut fired = RuleSet::default();
        assert_eq!(parse_decimal(text, places, &mut fired), expected, "{text}");
        assert_eq!(fired, rules(expected_rules), "{text}");
    }

    #[test]
    fn bare_numbers_fire_nothing() {
        check("0", 2, Ok(0), &[]);
        check("12.5", 2, Ok(1250), &[]);
        check("-12.50", 2, Ok(-1250), &[]);
        check("12.345", 2, Ok(1235), &[]);
        check("-12.345", 2, Ok(-1235), &[]);
        check("12.3449999", 2, Ok(1234), &[]);
        check("0.005", 2, Ok(1), &[]);
        check(".5", 0, Ok(1), &[]);
        check("5.", 1, Ok(50), &[]);
        check("9999999999999999.99", 2, Ok(999_999_999_999_999_999), &[]);
        check("10000000000000000", 2, Err(Reason::NumberTooLarge), &[]);
        check("0.1234567890123456789012345678901234567890123456789", 3, Ok(123), &[]);
        check("99999999999999999999999999999999999999999999", 0, Err(Reason::NumberTooLarge), &[]);
    }

    #[test]
    fn other_forms_are_read_and_named() {
        const FORM: &[Rule] = &[Rule::NumberForm];
        const SCALED: &[Rule] = &[Rule::NumberForm, Rule::UnitScale];
        check("1,234,567.89", 2, Ok(123_456_789), FORM);
        check("1 234.5", 1, Ok(12_345), FORM);
        check("1\u{202f}234,5".trim_end_matches(",5"), 0, Ok(1_234), FORM);
        check("10,0000", 0, Ok(100_000), FORM);
        check("1,23,456.00", 0, Ok(123_456), FORM);
        check("(12.00)", 2, Ok(-1200), FORM);
        check("12.00-", 2, Ok(-1200), FORM);
        check("−12", 0, Ok(-12), FORM);
        check("+12", 0, Ok(12), FORM);
        check("12.5%", 4, Ok(1250), SCALED);
        check("2件", 0, Ok(2), FORM);
        check("1.250kg", 3, Ok(1250), FORM);
        check("1.250 KG", 3, Ok(1250), FORM);
        check("85秒", 0, Ok(85), FORM);
        check("x2", 0, Ok(2), FORM);
        check("1.2万", 0, Ok(12_000), SCALED);
        check("5星", 0, Ok(5), FORM);
        check("五星", 0, Ok(5), FORM);
        check("★★★★☆", 0, Ok(4), FORM);
        check("69.20(分销商优惠:47.80)", 2, Ok(6920), FORM);
        check("1.5E+3", 0, Ok(1500), FORM);
        check("1.5e-3", 4, Ok(15), FORM);
        assert_eq!(parse_decimal_comma("1.234,56", 2, &mut RuleSet::default()), Ok(123_456));
        assert_eq!(parse_decimal_comma("12,5", 2, &mut RuleSet::default()), Ok(1250));
    }

    #[test]
    fn digits_are_never_guessed() {
        for text in [
            "", "abc", "1,23", "12,34.5", "1.2.3", "1,234,5", "--5", "-(5)", "1-2", "5x", "12 件 3", "()", "-", ".",
            "%", "inf", "NaN", "1e", "1e9999", "0x10", "1,,234", "★3", "件", "十",
        ] {
            check(text, 2, Err(Reason::UnreadableNumber), &[]);
        }
    }

    #[test]
    fn whole_and_floating_numbers() {
        let fired = &mut RuleSet::default();
        assert_eq!(parse_int("9223372036854775807", fired), Ok(i64::MAX));
        assert_eq!(parse_int("-9223372036854775808", fired), Ok(i64::MIN));
        assert_eq!(parse_int("9223372036854775808", fired), Err(Reason::NumberTooLarge));
        assert_eq!(parse_int("12.0", fired), Ok(12));
        assert_eq!(parse_int("12.5", fired), Err(Reason::UnreadableNumber));
        assert_eq!(parse_int("1,200", fired), Ok(1200));
        assert_eq!(parse_float("0.1", fired), Ok(0.1));
        assert_eq!(parse_float("4.5星", fired), Ok(4.5));
        assert_eq!(parse_float("1e400", fired), Err(Reason::NumberTooLarge));
    }

    #[test]
    fn decimals_multiply_exactly() {
        assert_eq!(mul_decimal(3_000, 3, 12_345, 4, 2), Some(370));
        assert_eq!(mul_decimal(-3_000, 3, 12_350, 4, 2), Some(-371));
        assert_eq!(mul_decimal(5, 1, 1, 0, 0), Some(1));
        assert_eq!(mul_decimal(2, 0, 3, 0, 2), Some(600));
        assert_eq!(mul_decimal(i64::MAX, 0, 2, 0, 0), None);
        assert_eq!(mul_decimal(i64::MIN, 0, i64::MIN, 0, 18), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(value in -999_999_999_999_999_999_i64..=999_999_999_999_999_999, places in 0_u8..=12) {
            let mut fired = RuleSet::default();
            prop_assert_eq!(parse_decimal(&format_decimal(value, places), places, &mut fired), Ok(value));
            prop_assert!(fired.is_empty());
        }

        #[test]
        fn short_and_long_way_agree(text in "-?[0-9]{1,12}(\\.[0-9]{0,8})?", places in 0_u8..=6) {
            let long = read(&text, Flavor::Number, '.', &mut RuleSet::default()).unwrap();
            prop_assert_eq!(parse_decimal(&text, places, &mut RuleSet::default()), long.to_decimal(places));
            let float: f64 = text.parse().unwrap();
            prop_assert_eq!(parse_float(&text, &mut RuleSet::default()), Ok(float));
        }

        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,16}|[-+0-9.,()eE万元%¥ ]{0,16}", places in any::<u8>()) {
            let fired = &mut RuleSet::default();
            let _ = (parse_decimal(&text, places, fired), parse_int(&text, fired), parse_float(&text, fired));
        }

        #[test]
        fn no_figure_panics(value in any::<i64>(), other in any::<i64>(), a in any::<u8>(), b in any::<u8>(), c in any::<u8>()) {
            let _ = (format_decimal(value, a), mul_decimal(value, a, other, b, c));
        }
    }
}
