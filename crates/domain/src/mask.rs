//! What of a personal value may be seen without asking for it.
//!
//! Pure functions of one value each. Invariants, whatever the text:
//!
//! - **INV-MASK-1**: a mask of two or more characters never contains the value.
//! - **INV-MASK-2**: a short or odd value shows no more than a regular one, mostly nothing.
//! - **INV-MASK-3**: the mask of a mask is that mask, so that a value masked by its source may pass again.

use crate::clean::email;
use crate::clean::region;

/// Stands for a value of which nothing may be seen.
/// In place of a value of which nothing is shown.
pub(crate) const HIDDEN: &str = "****";

/// Masks the value of a column by the column's name.
pub fn field(field: &str, value: &str) -> String {
    match field {
        "name" => name(value),
        "phone" => phone(value),
        "email" => email(value),
        "id_number" => id_number(value),
        "card_no" => card(value),
        "address" => address(value),
        "birthday" => birthday(value),
        _ => other(value),
    }
}

/// `138****5678`; of a land line area and last two digits (`021-******78`), of a foreign number the first three and last
/// two signs.
pub fn phone(value: &str) -> String {
    let value = value.trim();
    if value.is_empty() {
        return String::new();
    }
    let signs: Vec<char> = value.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
    // With a country code or blanks, a mobile number is its last eleven digits.
    let bare = signs.strip_prefix(&['0', '0'][..]).unwrap_or(&signs);
    let bare = match bare {
        ['8', '6', rest @ ..] if rest.len() == 11 => rest,
        _ => bare,
    };
    let is_foreign = value.starts_with('+') && bare.len() == signs.len();
    let is_plain = value.chars().all(|c| c.is_ascii_digit() || "*+-() .".contains(c));
    if is_plain && !is_foreign && bare.len() == 11 && bare[0] == '1' {
        return keep_ends(bare, 3, 4, 4);
    }
    if let Some((area, local)) = value.split_once('-')
        && is_plain
        && matches!(area.len(), 3 | 4)
        && area.starts_with('0')
        && area.bytes().all(|byte| byte.is_ascii_digit())
    {
        let local: Vec<char> = local.chars().filter(|c| c.is_ascii_digit() || *c == '*').collect();
        if local.len() >= 7 {
            return format!("{area}-{}", keep_ends(&local, 0, 2, local.len() - 2));
        }
    }
    if is_plain && is_foreign && signs.len() >= 8 {
        let hidden = signs.len() - 4;
        return format!("+{}", keep_ends(&signs, 2, 2, hidden));
    }
    HIDDEN.to_owned()
}

/// First and last character: `1****************X`.
pub fn id_number(value: &str) -> String {
    let chars: Vec<char> = value.trim().chars().collect();
    match chars.len() {
        0 => String::new(),
        15 | 18 => keep_ends(&chars, 1, 1, chars.len() - 2),
        _ => HIDDEN.to_owned(),
    }
}

/// District, first two digits of the year apart, and last four characters, for analysts: `110105********002X`.
pub fn id_number_for_analysis(value: &str) -> String {
    let chars: Vec<char> = value.trim().chars().collect();
    if chars.len() == 18 { keep_ends(&chars, 6, 4, 8) } else { id_number(value) }
}

/// First six and last four digits of a bank card (13 to 19 digits), last four of a shorter card of at least eight.
pub fn card(value: &str) -> String {
    let chars: Vec<char> = value.trim().chars().filter(|c| !matches!(c, ' ' | '-')).collect();
    match chars.len() {
        0 => String::new(),
        13..=19 => keep_ends(&chars, 6, 4, chars.len() - 10),
        8..=12 => keep_ends(&chars, 0, 4, chars.len() - 4),
        _ => HIDDEN.to_owned(),
    }
}

/// `张*`, `张*丰`, compound surnames `欧阳*`, `欧阳**`; of other names the first character.
pub fn name(value: &str) -> String {
    let chars: Vec<char> = value.trim().chars().collect();
    let is_han = |c: &char| matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{323af}' | '*');
    match chars.len() {
        0 => String::new(),
        1 => "*".to_owned(),
        _ if !chars.iter().all(is_han) => format!("{}***", chars[0]),
        n @ 3..=4 if has_compound_surname(&chars) => keep_ends(&chars, 2, 0, n - 2),
        2 => keep_ends(&chars, 1, 0, 1),
        3 => keep_ends(&chars, 1, 1, 1),
        _ => keep_ends(&chars, 1, 1, 2),
    }
}

/// First character and domain: `z***@qq.com`; a local part of one character is not shown.
pub fn email(value: &str) -> String {
    let value = value.trim();
    let Some((local, domain)) = value.rsplit_once('@') else {
        return other(value);
    };
    let is_domain =
        domain.contains('.') && domain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    if local.is_empty() || !is_domain {
        return HIDDEN.to_owned();
    }
    let first = local.chars().next().filter(|c| local.len() > 1 && email::is_local_byte(*c as u8) && c.is_ascii());
    format!("{}***@{domain}", first.map(String::from).unwrap_or_default())
}

/// Down to the district: `浙江省杭州市西湖区****`; an address of no known shape is not shown.
pub fn address(value: &str) -> String {
    let value = value.trim();
    if value.is_empty() {
        return String::new();
    }
    let start = region::n_region_bytes(value);
    let end = match district_end(&value[start..]) {
        Some(end) if start + end < value.trim_end_matches('*').len() || value.ends_with('*') => start + end,
        _ => start,
    };
    if end == 0 || end >= value.len() {
        return HIDDEN.to_owned();
    }
    format!("{}{HIDDEN}", value[..end].trim_end())
}

/// The year: `1990-**-**`.
pub fn birthday(value: &str) -> String {
    let value = value.trim();
    let bytes = value.as_bytes();
    let has_year = bytes.len() >= 8 && bytes[..4].iter().all(u8::is_ascii_digit) && matches!(bytes[0], b'1' | b'2');
    let is_date = has_year && (bytes.len() == 8 && bytes.iter().all(u8::is_ascii_digit) || !bytes[4].is_ascii_digit());
    match (value.is_empty(), is_date) {
        (true, _) => String::new(),
        (_, true) => format!("{}-**-**", &value[..4]),
        _ => HIDDEN.to_owned(),
    }
}

/// First and last two characters of at least eight, the first of at least five, else nothing.
pub fn other(value: &str) -> String {
    let chars: Vec<char> = value.trim().chars().collect();
    match chars.len() {
        0 => String::new(),
        1..=4 => HIDDEN.to_owned(),
        5..=7 => keep_ends(&chars, 1, 0, 4),
        _ => keep_ends(&chars, 2, 2, 4),
    }
}

/// The first and last characters with stars between them.
fn keep_ends(chars: &[char], n_first: usize, n_last: usize, n_stars: usize) -> String {
    if chars.len() <= n_first + n_last {
        return HIDDEN.to_owned();
    }
    let stars = std::iter::repeat_n('*', n_stars);
    chars[..n_first].iter().copied().chain(stars).chain(chars[chars.len() - n_last..].iter().copied()).collect()
}

fn has_compound_surname(chars: &[char]) -> bool {
    const SURNAMES: &[&str] = &[
        "欧阳", "太史", "端木", "上官", "司马", "东方", "独孤", "南宫", "万俟", "闻人", "夏侯", "诸葛", "尉迟", "公羊",
        "赫连", "澹台", "皇甫", "宗政", "濮阳", "公冶", "太叔", "申屠", "公孙", "慕容", "仲孙", "钟离", "长孙", "宇文",
        "司徒", "鲜于", "司空", "令狐", "百里", "呼延", "东郭", "南门", "西门", "轩辕", "拓跋", "淳于", "单于", "纳兰",
        "完颜", "第五",
    ];
    SURNAMES.iter().any(|surname| surname.chars().eq(chars[..2].iter().copied()))
}

/// Where the district at the beginning of what follows the city ends, in bytes.
fn district_end(rest: &str) -> Option<usize> {
    let mut previous = ' ';
    for (n_chars, (at, c)) in rest.char_indices().enumerate() {
        // Names of districts are short and without digits; what comes later is the address proper.
        if n_chars > 12 || c.is_ascii_alphanumeric() || "路街巷弄号".contains(c) {
            return None;
        }
        let ends_place = "小社园校厂库".contains(previous);
        if n_chars >= 2 && "区县旗".contains(c) && !ends_place {
            return Some(at + c.len_utf8());
        }
        previous = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(mask: fn(&str) -> String, cases: &[(&str, &str)]) {
        for (value, expected) in cases {
            assert_eq!(mask(value), *expected, "{value}");
            assert_eq!(mask(expected), *expected, "{value} masked twice");
        }
    }

    #[test]
    fn usual_forms() {
        check(
            phone,
            &[
                ("13812345678", "138****5678"),
                ("+86 138 1234 5678", "138****5678"),
                ("008613812345678", "138****5678"),
                ("021-12345678", "021-******78"),
                ("+14155552671", "+14*******71"),
                ("12345", "****"),
                ("1381234567８", "****"),
                ("", ""),
            ],
        );
        check(id_number, &[("11010519491231002X", "1****************X"), ("1101054912310", "****"), ("", "")]);
        check(
            id_number_for_analysis,
            &[("11010519491231002X", "110105********002X"), ("110105491231002", "1*************2")],
        );
        check(
            card,
            &[
                ("6222021234567890123", "622202*********0123"),
                ("6222 0212 3456 7890", "622202******7890"),
                ("VIP00012", "****0012"),
                ("1234567", "****"),
            ],
        );
        check(
            name,
            &[
                ("张三", "张*"),
                ("张三丰", "张*丰"),
                ("欧阳锋", "欧阳*"),
                ("欧阳振华", "欧阳**"),
                ("张李明华", "张**华"),
                ("张", "*"),
                ("John Smith", "J***"),
                ("买买提·吐尔逊", "买***"),
            ],
        );
        check(
            email,
            &[
                ("zhangsan@qq.com", "z***@qq.com"),
                ("a@b.com", "***@b.com"),
                ("zhangsan", "zh****an"),
                ("a@b", "****"),
                ("张三@qq.com", "***@qq.com"),
            ],
        );
        check(
            address,
            &[
                ("浙江省杭州市西湖区文三路100号", "浙江省杭州市西湖区****"),
                ("浙江省 杭州市 西湖区 文三路 100 号", "浙江省 杭州市 西湖区****"),
                ("上海市浦东新区世纪大道1号", "上海市浦东新区****"),
                ("浙江省杭州市阳光小区3幢", "浙江省杭州市****"),
                ("浙江省杭州市西湖区", "浙江省杭州市****"),
                ("浙江省", "****"),
                ("文三路100号", "****"),
                ("1 Main St, Springfield", "****"),
            ],
        );
        check(
            birthday,
            &[
                ("1990-05-12", "1990-**-**"),
                ("19900512", "1990-**-**"),
                ("1990年5月12日", "1990-**-**"),
                ("05-12", "****"),
                ("1990", "****"),
            ],
        );
        check(other, &[("abcdefgh", "ab****gh"), ("abcde", "a****"), ("abcd", "****"), ("", "")]);
    }

    #[test]
    fn columns_choose_their_mask() {
        assert_eq!(field("name", "张三"), "张*");
        assert_eq!(field("phone", "13812345678"), "138****5678");
        assert_eq!(field("email", "zhangsan@qq.com"), "z***@qq.com");
        assert_eq!(field("id_number", "11010519491231002X"), "1****************X");
        assert_eq!(field("card_no", "6222021234567890123"), "622202*********0123");
        assert_eq!(field("address", "文三路100号"), "****");
        assert_eq!(field("birthday", "1990-05-12"), "1990-**-**");
        assert_eq!(field("nickname", "小明同学"), "****");
    }

    const FIELDS: &[&str] = &["name", "phone", "email", "id_number", "card_no", "address", "birthday", "nickname"];

    proptest! {
        /// INV-MASK-1, INV-MASK-3.
        #[test]
        fn no_mask_shows_its_value(value in "\\PC{2,20}|[0-9+ -]{2,20}|[张三欧阳浙江省杭州市区县路]{2,14}|[a-z@.]{2,12}") {
            if value.trim().chars().count() < 2 || value.contains('*') {
                return Ok(());
            }
            for name in FIELDS {
                let mask = field(name, &value);
                prop_assert!(!mask.contains(value.trim()), "{} {}", name, mask);
                prop_assert_eq!(field(name, &mask), mask.clone(), "{}", name);
            }
        }

        #[test]
        fn mobile_numbers_keep_three_and_four(value in "1[3-9][0-9]{9}") {
            let mask = phone(&value);
            prop_assert_eq!(mask, format!("{}****{}", &value[..3], &value[7..]));
        }

        /// INV-MASK-2.
        #[test]
        fn half_of_the_characters_are_hidden(value in "\\PC{1,20}") {
            let shown = other(&value).chars().filter(|&c| c != '*').count();
            prop_assert!(2 * shown <= value.chars().count());
        }
    }
}
