//! Sentences that the server writes beside figures, and how numbers are written in them.
//!
//! Owns the words of "what this means" and the short and exact forms of counts, money and percentages in Chinese and
//! English. Must not know where the figures come from, nor compute any that a reader could not compute from them.
//!
//! - **INV-SENTENCE-1**: every figure in a sentence is an input, or a quotient or a relative change of inputs.

use std::fmt::Write;

/// Minus sign; a hyphen would break from its number at the end of a line.
const MINUS: char = '−';
/// Stands where nothing can be compared.
const NOTHING_TO_COMPARE: (&str, &str) = ("无可比数据", "nothing to compare with");

/// `12,345`
pub fn count(n: i64) -> String {
    signed(n < 0, &grouped(n.unsigned_abs().into()))
}

/// `9,876`, `1.2万`, `1.2亿`, `1.2万亿`
pub fn count_zh(n: i64) -> String {
    signed(n < 0, &short(n.unsigned_abs().into(), 1, ZH).unwrap_or_else(|| grouped(n.unsigned_abs().into())))
}

/// `9,876`, `12.3K`, `1.2M`, `1.2B`, `1.2T`
pub fn count_en(n: i64) -> String {
    signed(n < 0, &short(n.unsigned_abs().into(), 1, EN).unwrap_or_else(|| grouped(n.unsigned_abs().into())))
}

/// Exact money: `¥1,234.50`, `−£12`; whole amounts without places.
///
/// **Units**: minor units, ISO 4217 code.
pub fn money(minor: i64, currency: &str) -> String {
    signed(minor < 0, &format!("{}{}", sign_of(currency), exact(minor.unsigned_abs())))
}

/// Short money in Chinese: `¥123.5万`, `¥1.2亿`, exact below 10,000.
///
/// **Units**: minor units, ISO 4217 code.
pub fn money_zh(minor: i64, currency: &str) -> String {
    short_money(minor, currency, ZH)
}

/// Short money in English: `¥1.2M`, exact below 10,000.
///
/// **Units**: minor units, ISO 4217 code.
pub fn money_en(minor: i64, currency: &str) -> String {
    short_money(minor, currency, EN)
}

/// `part / whole` in per cent with at most one place: `12.3%`, `20%`; `--` when the whole is 0.
pub fn percent(part: i128, whole: i128) -> String {
    match per_mille(part, whole) {
        Some(tenths) => percent_text(tenths),
        None => "--".to_owned(),
    }
}

/// Sign that stands before an amount.
fn sign_of(currency: &str) -> String {
    match currency {
        "CNY" | "JPY" => "¥".to_owned(),
        "GBP" => "£".to_owned(),
        "EUR" => "€".to_owned(),
        "USD" | "HKD" | "TWD" | "SGD" | "AUD" | "CAD" => "$".to_owned(),
        "KRW" => "₩".to_owned(),
        "INR" => "₹".to_owned(),
        other => format!("{other}\u{a0}"),
    }
}

fn signed(is_negative: bool, text: &str) -> String {
    if is_negative { format!("{MINUS}{text}") } else { text.to_owned() }
}

fn grouped(n: u128) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn exact(minor: u64) -> String {
    let mut text = grouped((minor / 100).into());
    if !minor.is_multiple_of(100) {
        // Writing to a string cannot fail.
        let _ = write!(text, ".{:02}", minor % 100);
    }
    text
}

fn short_money(minor: i64, currency: &str, units: Units) -> String {
    let size = minor.unsigned_abs();
    let number = short(size.into(), 100, units).unwrap_or_else(|| exact(size));
    signed(minor < 0, &format!("{}{number}", sign_of(currency)))
}

/// Words for powers of ten, the smallest first.
type Units = &'static [(u128, &'static str)];
const ZH: Units = &[(10_000, "万"), (100_000_000, "亿"), (1_000_000_000_000, "万亿")];
const EN: Units = &[(1_000, "K"), (1_000_000, "M"), (1_000_000_000, "B"), (1_000_000_000_000, "T")];
/// From here on numbers are written short.
const SHORT_FROM: u128 = 10_000;

/// `n / scale` with one place at most and a unit; `None` below 10,000.
fn short(n: u128, scale: u128, units: Units) -> Option<String> {
    if n < SHORT_FROM * scale {
        return None;
    }
    let mut chosen = None;
    for (at, &(unit, word)) in units.iter().enumerate() {
        let tenths = divide_rounded(n * 10, unit * scale);
        // What rounds up to the next unit is written in the next unit.
        let next = units.get(at + 1).map(|&(next, _)| next / unit * 10);
        if tenths >= 10 {
            chosen = Some((tenths, word));
        }
        if next.is_none_or(|next| tenths < next) {
            break;
        }
    }
    let (tenths, word) = chosen?;
    let places = if tenths.is_multiple_of(10) { String::new() } else { format!(".{}", tenths % 10) };
    Some(format!("{}{places}{word}", tenths / 10))
}

/// Half away from zero.
fn divide_rounded(n: u128, by: u128) -> u128 {
    (2 * n + by) / (2 * by)
}

/// Tenths of a per cent, half away from zero; `None` when the whole is 0 or the numbers are absurdly large.
fn per_mille(part: i128, whole: i128) -> Option<i128> {
    if whole == 0 {
        return None;
    }
    let (part_size, whole_size) = (part.unsigned_abs(), whole.unsigned_abs());
    let size = part_size.checked_mul(2000)?.checked_add(whole_size)? / whole_size.checked_mul(2)?;
    let size = i128::try_from(size).ok()?;
    Some(if (part < 0) == (whole < 0) { size } else { -size })
}

fn percent_text(tenths: i128) -> String {
    let size = tenths.unsigned_abs();
    let places = if size.is_multiple_of(10) { String::new() } else { format!(".{}", size % 10) };
    signed(tenths < 0, &format!("{}{places}%", grouped(size / 10)))
}

/// A figure of a period and the same figure of the compared period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// Now.
    pub now: i64,
    /// Compared period; `None` when there are no data of it.
    pub before: Option<i64>,
}

impl Pair {
    /// A figure and the one it is compared with.
    pub const fn new(now: i64, before: i64) -> Self {
        Self { now, before: Some(before) }
    }

    /// Relative change in tenths of a per cent; `None` without a positive figure to compare with.
    fn change(self) -> Option<i128> {
        let before = self.before.filter(|&before| before > 0)?;
        per_mille(i128::from(self.now) - i128::from(before), before.into())
    }
}

/// What a period is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// The days before, as many (环比).
    Previous,
    /// The same days a year earlier (同比).
    Year,
}

/// The figures of the overview's sentence.
///
/// **Units**: money in minor units. **Shape**: `repeat_sales + new_sales` is at most `net_sales`; the rest comes from
/// orders without a known customer.
#[derive(Clone, Copy, Debug)]
pub struct Overview<'a> {
    /// ISO 4217 code.
    pub currency: &'a str,
    /// Days of the period.
    pub n_days: u32,
    /// What it is compared with.
    pub compare: Compare,
    /// Net sales.
    pub net_sales: Pair,
    /// Orders that count.
    pub n_orders: Pair,
    /// Net sales to customers who had ordered before the period began.
    pub repeat_sales: Pair,
    /// Net sales to customers whose first order lies in the period.
    pub new_sales: Pair,
}

/// Changes below this many tenths of a per cent are called none.
const FLAT: i128 = 10;
/// An average order that changes by less has barely moved.
const BARELY: i128 = 20;

/// What moved net sales most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Repeat,
    New,
    Unknown,
    AverageOrder,
    /// No group accounts for more than half; which of them took part.
    Several([bool; 3]),
}

/// Groups of customers, in the order of [`Driver::Several`].
const GROUPS: [(&str, &str); 3] =
    [("老客", "repeat customers"), ("新客", "new customers"), ("未识别客户", "orders without a known customer")];

/// Says in one sentence what happened to net sales, and what moved them: (Chinese, English).
///
/// The average order is the driver when its effect (change × orders now) outweighs that of the number of orders; else
/// the group of customers that accounts for more than half of the change, if one does.
pub fn overview(numbers: &Overview<'_>) -> (String, String) {
    let sales_zh = money_zh(numbers.net_sales.now, numbers.currency);
    let sales_en = money_en(numbers.net_sales.now, numbers.currency);
    let head_zh = format!("这 {} 天净销售额 {sales_zh}", numbers.n_days);
    let days_en = if numbers.n_days == 1 { "the day".to_owned() } else { format!("the {} days", numbers.n_days) };
    let head_en = format!("Net sales over {days_en} are {sales_en}");
    let Some(change) = numbers.net_sales.change() else {
        let (none_zh, none_en) = NOTHING_TO_COMPARE;
        return (format!("{head_zh}；{none_zh}。"), format!("{head_en}; {none_en}."));
    };
    let (than_zh, than_en) = match numbers.compare {
        Compare::Previous if numbers.n_days == 1 => ("前一天".to_owned(), "the day before".to_owned()),
        Compare::Previous => (format!("前 {} 天", numbers.n_days), format!("the {} days before", numbers.n_days)),
        Compare::Year => ("去年同期".to_owned(), "the same days a year earlier".to_owned()),
    };
    let size = percent_text(change.abs());
    if change.abs() < FLAT {
        let (average_zh, average_en) = average_words(numbers).unwrap_or_default();
        let zh = format!("{head_zh}，与{than_zh}基本持平{}。", after("；", &average_zh));
        let en = format!("{head_en}, about the same as {than_en}{}.", after("; ", &average_en));
        return (zh, en);
    }
    let is_up = change > 0;
    let (more, moved) = if is_up { ("多", "up") } else { ("少", "down") };
    let mut zh = format!("{head_zh}，比{than_zh}{more} {size}");
    let mut en = format!("{head_en}, {moved} {size} on {than_en}");
    if let Some((cause_zh, cause_en)) = cause_words(numbers, is_up) {
        zh.push_str(&after("；", &cause_zh));
        en.push_str(&after("; ", &cause_en));
    }
    zh.push('。');
    en.push('.');
    (zh, en)
}

fn after(mark: &str, text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("{mark}{text}") }
}

/// Tenths of a per cent by which net sales per order changed.
fn average_change(numbers: &Overview<'_>) -> Option<i128> {
    let (orders, before) = (numbers.n_orders.now, numbers.n_orders.before?);
    let sales_before = numbers.net_sales.before.filter(|&sales| sales > 0)?;
    if orders <= 0 || before <= 0 {
        return None;
    }
    let now = i128::from(numbers.net_sales.now) * i128::from(before);
    let then = i128::from(sales_before) * i128::from(orders);
    per_mille(now - then, then)
}

fn average_words(numbers: &Overview<'_>) -> Option<(String, String)> {
    let change = average_change(numbers)?;
    let size = percent_text(change.abs());
    Some(match change {
        _ if change.abs() < BARELY => ("客单价基本没变".to_owned(), "the average order barely moved".to_owned()),
        0.. => (format!("客单价提高 {size}"), format!("the average order rose {size}")),
        _ => (format!("客单价下降 {size}"), format!("the average order fell {size}")),
    })
}

fn cause_words(numbers: &Overview<'_>, is_up: bool) -> Option<(String, String)> {
    let driver = driver(numbers, is_up)?;
    let average = average_words(numbers);
    let (zh, en) = match (driver, is_up) {
        (Driver::AverageOrder, _) => {
            let (average_zh, average_en) = average?;
            return Some((format!("主要因为{average_zh}"), format!("mainly because {average_en}")));
        }
        (Driver::Repeat, true) => ("主要来自老客复购".to_owned(), "repeat customers drove it".to_owned()),
        (Driver::Repeat, false) => ("主要因为老客复购减少".to_owned(), "repeat customers bought less".to_owned()),
        (Driver::New, true) => ("主要来自新客".to_owned(), "new customers drove it".to_owned()),
        (Driver::New, false) => ("主要因为新客减少".to_owned(), "new customers brought less".to_owned()),
        (Driver::Unknown, true) => {
            ("主要来自未识别客户的订单".to_owned(), "orders without a known customer drove it".to_owned())
        }
        (Driver::Unknown, false) => {
            ("主要因为未识别客户的订单减少".to_owned(), "orders without a known customer brought less".to_owned())
        }
        (Driver::Several(groups), _) => {
            let names = groups.iter().zip(GROUPS).filter_map(|(&takes_part, names)| takes_part.then_some(names));
            let (zh, en): (Vec<&str>, Vec<&str>) = names.unzip();
            let (moved_zh, moved_en) = if is_up { ("增加", "added to it") } else { ("减少", "bought less") };
            (format!("{}都有{moved_zh}", zh.join("、")), format!("{} {moved_en}", en.join(" and ")))
        }
    };
    let (average_zh, average_en) = average.unwrap_or_default();
    Some((format!("{zh}{}", after("，", &average_zh)), format!("{en}{}", after(", ", &average_en))))
}

/// What accounts for most of the change; `None` when a figure to tell it from is missing.
fn driver(numbers: &Overview<'_>, is_up: bool) -> Option<Driver> {
    let total = delta(numbers.net_sales)?;
    let (orders, orders_before) = (i128::from(numbers.n_orders.now), i128::from(numbers.n_orders.before?));
    if orders > 0 && orders_before > 0 {
        // Both effects times `orders_before`: orders move sales at the old average, the average moves the rest.
        let by_orders = (orders - orders_before).saturating_mul(numbers.net_sales.before?.into());
        let by_average = total.saturating_mul(orders_before).saturating_sub(by_orders);
        let moved = average_change(numbers).is_some_and(|change| change.abs() >= BARELY);
        if moved && (by_average > 0) == is_up && by_average.unsigned_abs() > by_orders.unsigned_abs() {
            return Some(Driver::AverageOrder);
        }
    }
    let repeat = delta(numbers.repeat_sales)?;
    let new = delta(numbers.new_sales)?;
    let sign = if is_up { 1 } else { -1 };
    let parts = [repeat, new, total - repeat - new].map(|part| part * sign);
    let leads = |part: i128| part * 2 > total * sign;
    Some(match parts {
        [repeat, new, unknown] if leads(repeat) && repeat >= new && repeat >= unknown => Driver::Repeat,
        [_, new, unknown] if leads(new) && new >= unknown => Driver::New,
        [_, _, unknown] if leads(unknown) => Driver::Unknown,
        _ => Driver::Several(parts.map(|part| part > 0)),
    })
}

fn delta(pair: Pair) -> Option<i128> {
    Some(i128::from(pair.now) - i128::from(pair.before?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn counts() {
        let cases = [
            (0, "0", "0", "0"),
            (999, "999", "999", "999"),
            (9_999, "9,999", "9,999", "9,999"),
            (10_000, "10,000", "1万", "10K"),
            (12_345, "12,345", "1.2万", "12.3K"),
            (999_950, "999,950", "100万", "1M"),
            (98_765_000, "98,765,000", "9876.5万", "98.8M"),
            (99_999_999, "99,999,999", "1亿", "100M"),
            (123_456_789, "123,456,789", "1.2亿", "123.5M"),
            (1_234_567_890_123, "1,234,567,890,123", "1.2万亿", "1.2T"),
            (-12_345, "−12,345", "−1.2万", "−12.3K"),
        ];
        for (n, exact, zh, en) in cases {
            assert_eq!((count(n).as_str(), count_zh(n).as_str(), count_en(n).as_str()), (exact, zh, en));
        }
        assert_eq!(count(i64::MIN), "−9,223,372,036,854,775,808");
    }

    #[test]
    fn amounts() {
        let cases = [
            (123_450, "CNY", "¥1,234.50", "¥1,234.50", "¥1,234.50"),
            (-123_405, "CNY", "−¥1,234.05", "−¥1,234.05", "−¥1,234.05"),
            (95_000, "CNY", "¥950", "¥950", "¥950"),
            (123_456_700, "GBP", "£1,234,567", "£123.5万", "£1.2M"),
            (12_000_000_000, "USD", "$120,000,000", "$1.2亿", "$120M"),
            (5, "CHF", "CHF\u{a0}0.05", "CHF\u{a0}0.05", "CHF\u{a0}0.05"),
        ];
        for (minor, currency, exact, zh, en) in cases {
            assert_eq!(money(minor, currency), exact);
            assert_eq!(money_zh(minor, currency), zh);
            assert_eq!(money_en(minor, currency), en);
        }
    }

    #[test]
    fn percentages() {
        let cases =
            [(1, 8, "12.5%"), (1, 5, "20%"), (2, 3, "66.7%"), (-1, 8, "−12.5%"), (123, 1, "12,300%"), (1, 0, "--")];
        for (part, whole, text) in cases {
            assert_eq!(percent(part, whole), text);
        }
        assert_eq!(percent(i128::MAX, 1), "--");
    }

    const GROWTH: Overview<'_> = Overview {
        currency: "CNY",
        n_days: 30,
        compare: Compare::Previous,
        net_sales: Pair::new(123_500_000, 114_140_481),
        n_orders: Pair::new(8_406, 7_800),
        repeat_sales: Pair::new(90_000_000, 82_000_000),
        new_sales: Pair::new(30_000_000, 29_000_000),
    };

    fn check(numbers: Overview<'_>, zh: &str, en: &str) {
        let (got_zh, got_en) = overview(&numbers);
        assert_eq!((got_zh.as_str(), got_en.as_str()), (zh, en));
    }

    #[test]
    fn growth_by_repeat_customers() {
        check(
            GROWTH,
            "这 30 天净销售额 ¥123.5万，比前 30 天多 8.2%；主要来自老客复购，客单价基本没变。",
            "Net sales over the 30 days are ¥1.2M, up 8.2% on the 30 days before; repeat customers drove it, the average \
             order barely moved.",
        );
    }

    #[test]
    fn fall_by_the_average_order() {
        check(
            Overview {
                currency: "GBP",
                compare: Compare::Year,
                net_sales: Pair::new(90_000, 100_000),
                n_orders: Pair::new(101, 100),
                ..GROWTH
            },
            "这 30 天净销售额 £900，比去年同期少 10%；主要因为客单价下降 10.9%。",
            "Net sales over the 30 days are £900, down 10% on the same days a year earlier; mainly because the average \
             order fell 10.9%.",
        );
    }

    #[test]
    fn others_lead() {
        let grown = Overview { net_sales: Pair::new(200, 100), n_orders: Pair::new(2, 1), ..GROWTH };
        let said = |repeat, new| {
            overview(&Overview { repeat_sales: Pair::new(repeat, 0), new_sales: Pair::new(new, 0), ..grown }).0
        };
        assert!(said(20, 70).contains("多 100%；主要来自新客，客单价基本没变"));
        assert!(said(20, 20).contains("主要来自未识别客户的订单"));
        assert!(said(50, 50).contains("老客、新客都有增加"));
        assert!(said(150, -50).contains("主要来自老客复购"));
        let unknown_groups = Overview { repeat_sales: Pair { now: 5, before: None }, ..grown };
        assert_eq!(overview(&unknown_groups).0, "这 30 天净销售额 ¥2，比前 30 天多 100%。");
    }

    #[test]
    fn nothing_to_compare() {
        for before in [None, Some(0), Some(-5)] {
            let numbers = Overview { net_sales: Pair { now: 150_000, before }, n_days: 1, ..GROWTH };
            check(
                numbers,
                "这 1 天净销售额 ¥1,500；无可比数据。",
                "Net sales over the day are ¥1,500; nothing to compare with.",
            );
        }
    }

    #[test]
    fn no_change_is_called_none() {
        check(
            Overview { net_sales: Pair::new(100_050, 100_000), n_orders: Pair::new(90, 100), ..GROWTH },
            "这 30 天净销售额 ¥1,000.50，与前 30 天基本持平；客单价提高 11.2%。",
            "Net sales over the 30 days are ¥1,000.50, about the same as the 30 days before; the average order rose 11.2%.",
        );
    }

    proptest! {
        #[test]
        fn short_forms_are_close(n in prop_oneof![any::<i64>(), -2_000_000..2_000_000_i64]) {
            for (text, units) in [(count_zh(n), ZH), (count_en(n), EN)] {
                let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
                let word = text.trim_start_matches(|c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | MINUS));
                let unit = units.iter().find(|unit| unit.1 == word).map_or(1, |unit| unit.0);
                let back = digits.parse::<f64>().unwrap() * unit as f64;
                let exact = n.unsigned_abs() as f64;
                prop_assert!((back - exact).abs() <= unit as f64 * 0.0501 + exact * 1e-9, "{n} {text}");
                prop_assert_eq!(text.starts_with(MINUS), n < 0);
            }
        }

        /// Whatever the figures: no panic, and every number said is one that can be made from the input.
        #[test]
        fn figures_come_from_the_input(
            sales in (any::<i64>(), any::<i64>()),
            orders in (0..i64::MAX, 0..i64::MAX),
            repeat in (any::<i64>(), any::<i64>()),
            new in (any::<i64>(), any::<i64>()),
            n_days in 1..400_u32,
            (is_year, is_small) in any::<(bool, bool)>(),
        ) {
            let pair = |(now, before): (i64, i64)| {
                if is_small { Pair::new(now % 1000, before % 1000) } else { Pair::new(now, before) }
            };
            let numbers = Overview {
                currency: "CNY",
                n_days,
                compare: if is_year { Compare::Year } else { Compare::Previous },
                net_sales: pair(sales),
                n_orders: pair(orders),
                repeat_sales: pair(repeat),
                new_sales: pair(new),
            };
            let sales = numbers.net_sales.now;
            let mut allowed = vec![money_zh(sales, "CNY"), money_en(sales, "CNY"), n_days.to_string()];
            allowed.extend(numbers.net_sales.change().map(|change| percent_text(change.abs())));
            allowed.extend(average_change(&numbers).map(|change| percent_text(change.abs())));
            allowed.sort_by_key(|text| std::cmp::Reverse(text.len()));
            let (zh, en) = overview(&numbers);
            for mut rest in [zh, en] {
                for figure in &allowed {
                    rest = rest.replace(figure, "");
                }
                prop_assert!(!rest.contains(|c: char| c.is_ascii_digit()), "{}", rest);
            }
        }
    }
}
