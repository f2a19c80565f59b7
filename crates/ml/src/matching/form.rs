//! The form of a cell before it is compared: what writers do differently without meaning anything else.

use zhike_domain::clean::email::read_email;
use zhike_domain::clean::id_number::read_id_number;
use zhike_domain::clean::number::chinese_numeral;
use zhike_domain::clean::person::looks_masked;
use zhike_domain::clean::phone::{PhoneReading, read_phone};
use zhike_domain::clean::region::{n_region_bytes, region_of_address};
use zhike_domain::clean::{RuleSet, company};

use super::chinese::{is_han, simplified};
use super::records::Kind;
use super::text::{fold, letters_and_digits};

/// The form that cells of one kind are compared in; empty when the cell says nothing.
pub(super) fn form(kind: Kind, raw: &str) -> String {
    let raw = raw.trim();
    if raw.is_empty() || is_placeholder(raw) || looks_masked(raw) {
        return String::new();
    }
    match kind {
        Kind::GivenName | Kind::Surname | Kind::FullName => name(raw),
        Kind::Date => date(raw),
        Kind::Phone => phone(raw),
        Kind::Email => read_email(raw, &mut RuleSet::default()).unwrap_or_else(|_| fold(raw)),
        Kind::Address => address(raw),
        Kind::Place => place(raw),
        Kind::Number => letters_and_digits(&fold(raw)),
        Kind::Id => id(raw),
        Kind::Company => company::read_company(raw).map_or_else(String::new, |company| company.form()),
        Kind::Exact => fold(raw),
    }
}

fn is_placeholder(raw: &str) -> bool {
    const WORDS: &[&str] = &["null", "none", "nan", "n/a", "na", "-", "--", "unknown", "无", "未知", "不详", "暂无"];
    raw.len() <= 8 && WORDS.iter().any(|word| word.eq_ignore_ascii_case(raw))
}

fn name(raw: &str) -> String {
    let folded = fold(raw);
    let mut name = String::with_capacity(folded.len());
    let n_han = folded.chars().filter(|char| is_han(*char)).count();
    for char in folded.chars().map(simplified) {
        match char {
            _ if char.is_alphanumeric() => name.push(char),
            ' ' | '-' | ',' | '·' if n_han == 0 && !name.ends_with(' ') => name.push(' '),
            _ => {}
        }
    }
    let name = name.trim();
    for title in ["先生", "女士", "小姐", "老师"] {
        match name.strip_suffix(title) {
            Some(rest) if !rest.is_empty() && n_han > 0 => return rest.to_owned(),
            _ => {}
        }
    }
    name.to_owned()
}

/// Eight digits: year, month and day, `00` for what is not said. What is no date stays as it is.
fn date(raw: &str) -> String {
    let folded = fold(raw);
    let parts: Vec<&str> = folded.split(|char: char| !char.is_ascii_digit()).filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        [all] if all.len() == 8 => (*all).to_owned(),
        [all] if all.len() == 6 => format!("{all}00"),
        [year] if year.len() == 4 => format!("{year}0000"),
        [year, month] if year.len() == 4 && month.len() <= 2 => format!("{year}{month:0>2}00"),
        [year, month, day, ..] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            format!("{year}{month:0>2}{day:0>2}")
        }
        [day, month, year] if year.len() == 4 && month.len() <= 2 && day.len() <= 2 => {
            format!("{year}{month:0>2}{day:0>2}")
        }
        _ => letters_and_digits(&folded),
    }
}

fn phone(raw: &str) -> String {
    match read_phone(raw, &mut RuleSet::default()) {
        PhoneReading::Phone { value, .. } => value,
        // A number with a slip is still nearly one; lent and made up numbers are nobody's.
        PhoneReading::Invalid => {
            let digits: String = raw.chars().filter(char::is_ascii_digit).collect();
            if (7..=15).contains(&digits.len()) { digits } else { String::new() }
        }
        PhoneReading::Masked | PhoneReading::Virtual | PhoneReading::Test => String::new(),
    }
}

fn place(raw: &str) -> String {
    let folded = name(raw);
    let bare = folded.strip_suffix(['省', '市', '区', '县']).unwrap_or(&folded);
    if bare.chars().count() >= 2 { bare.to_owned() } else { folded }
}

fn id(raw: &str) -> String {
    match read_id_number(raw, &mut RuleSet::default()) {
        Ok(id) => id.value,
        Err(_) => letters_and_digits(&fold(raw)).to_ascii_uppercase(),
    }
}

/// Region, district, street and numbers, parted by `|`: `330100|西湖区|文三路号室|12 5`.
fn address(raw: &str) -> String {
    let folded: String = fold(raw).chars().map(simplified).collect();
    if !folded.chars().any(is_han) {
        let words: Vec<&str> = folded
            .split(|char: char| !char.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(|word| STREET_WORDS.iter().find(|(long, _)| *long == word).map_or(word, |(_, short)| short))
            .collect();
        let (street, numbers) = split_numbers(&words.join(" "));
        return format!("||{street}|{numbers}");
    }
    let text: String = folded.chars().filter(|char| char.is_alphanumeric()).collect();
    let region = region_of_address(&text);
    let rest = &text[n_region_bytes(&text)..];
    let (district, rest) = split_district(rest);
    let code = region.code.map_or_else(String::new, |code| code.to_string());
    let (street, numbers) = split_numbers(&arabic_numbers(rest));
    format!("{code}|{district}|{street}|{numbers}")
}

/// The street without numbers, and the numbers in their order.
fn split_numbers(text: &str) -> (String, String) {
    let mut street = String::with_capacity(text.len());
    for char in text.chars().filter(|char| !char.is_ascii_digit()) {
        if !(char == ' ' && street.ends_with(' ')) {
            street.push(char);
        }
    }
    let numbers: Vec<&str> =
        text.split(|char: char| !char.is_ascii_digit()).filter(|number| !number.is_empty()).collect();
    (street.trim().to_owned(), numbers.join(" "))
}

const STREET_WORDS: &[(&str, &str)] = &[
    ("street", "st"),
    ("road", "rd"),
    ("avenue", "ave"),
    ("place", "pl"),
    ("drive", "dr"),
    ("court", "ct"),
    ("crescent", "cres"),
    ("close", "cl"),
    ("circuit", "cct"),
    ("lane", "ln"),
    ("terrace", "tce"),
    ("highway", "hwy"),
    ("parade", "pde"),
    ("square", "sq"),
    ("boulevard", "blvd"),
];

/// A district, county or banner that an address begins with.
fn split_district(text: &str) -> (&str, &str) {
    let end = text
        .char_indices()
        .take(8)
        .skip(1)
        .find(|(at, char)| matches!(char, '区' | '县' | '旗') && !text[..*at].ends_with(['小', '社', '园', '片']))
        .map(|(at, char)| at + char.len_utf8());
    match end {
        Some(end) if !text[..end].chars().any(|char| char.is_ascii_digit()) => text.split_at(end),
        _ => ("", text),
    }
}

/// Writes Chinese numbers before 号, 室 and their like in digits: `十二号` → `12号`.
fn arabic_numbers(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + chars[at..].iter().take_while(|char| chinese_numeral(**char).is_some()).count();
        let is_number = end > at && chars.get(end).is_some_and(|unit| "号弄室栋幢楼层单座院巷组队村".contains(*unit));
        if is_number {
            out.push_str(&number(&chars[at..end]));
            at = end;
        } else {
            out.extend(&chars[at..end.max(at + 1)]);
            at = end.max(at + 1);
        }
    }
    out
}

fn number(chars: &[char]) -> String {
    let digits: Vec<u32> = chars.iter().filter_map(|char| chinese_numeral(*char)).collect();
    if digits.iter().all(|digit| *digit < 10) {
        return digits.iter().map(u32::to_string).collect();
    }
    let (mut sum, mut last) = (0_u64, None);
    for digit in digits {
        match digit {
            10 | 100 => {
                sum += u64::from(digit) * u64::from(last.take().unwrap_or(1));
            }
            _ => last = Some(digit),
        }
    }
    (sum + u64::from(last.unwrap_or(0))).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn cells_take_one_form() {
        for (kind, raw, expected) in [
            (Kind::FullName, " 張 偉 ", "张伟"),
            (Kind::FullName, "李娜女士", "李娜"),
            (Kind::FullName, "O'Brien, Anne-Marie", "obrien anne marie"),
            (Kind::FullName, "张*", ""),
            (Kind::Date, "1985年3月7日", "19850307"),
            (Kind::Date, "7/3/1985", "19850307"),
            (Kind::Date, "1985-03", "19850300"),
            (Kind::Date, "1985", "19850000"),
            (Kind::Phone, "+86 138-1234-5678", "13812345678"),
            (Kind::Phone, "1381234567", "1381234567"),
            (Kind::Phone, "13800138000", ""),
            (Kind::Email, " <Anna@Example.COM> ", "anna@example.com"),
            (Kind::Place, "杭州市", "杭州"),
            (Kind::Id, "110105 19491231 002x", "11010519491231002X"),
            (Kind::Address, "浙江省杭州市西湖区文三路十二号五栋三〇二室", "330100|西湖区|文三路号栋室|12 5 302"),
            (Kind::Address, "杭州西湖区文三路12号5栋302室", "330100|西湖区|文三路号栋室|12 5 302"),
            (Kind::Address, "12 Long Street", "||long st|12"),
            (Kind::Exact, "N/A", ""),
            (Kind::Number, " 20-1 ", "201"),
        ] {
            assert_eq!(form(kind, raw), expected, "{kind:?} {raw}");
        }
    }

    proptest! {
        #[test]
        fn no_cell_panics(raw in "\\PC{0,40}|[0-9/年月日-]{0,12}|[一-龥0-9省市区县路号室]{0,30}") {
            for kind in Kind::ALL {
                let _ = form(*kind, &raw);
            }
        }
    }
}
