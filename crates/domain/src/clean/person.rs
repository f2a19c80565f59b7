//! Words about people: genders, names of companies, values that are masked.

use super::rule::{Rule, RuleSet};

/// Gender as stated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gender {
    /// Male.
    Male,
    /// Female.
    Female,
}

impl Gender {
    /// The word stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }
}

/// Reads a gender from the words, titles and codes (GB/T 2261.1: 1 male, 2 female) in use; `None` for all others.
pub fn read_gender(text: &str, fired: &mut RuleSet) -> Option<Gender> {
    const MALE: &[&str] =
        &["男", "男性", "男士", "男生", "先生", "1", "m", "male", "man", "boy", "mr", "mr.", "男人", "♂", "1.0"];
    const FEMALE: &[&str] = &[
        "女", "女性", "女士", "女生", "小姐", "太太", "夫人", "2", "f", "female", "woman", "girl", "mrs", "mrs.", "ms",
        "ms.", "miss", "女人", "♀", "2.0",
    ];
    let gender = match text {
        "male" => return Some(Gender::Male),
        "female" => return Some(Gender::Female),
        _ if MALE.iter().any(|word| word.eq_ignore_ascii_case(text)) => Gender::Male,
        _ if FEMALE.iter().any(|word| word.eq_ignore_ascii_case(text)) => Gender::Female,
        _ => return None,
    };
    fired.insert(Rule::GenderWord);
    Some(gender)
}

/// Whether a name is that of a company or institution rather than a person.
pub fn is_company(name: &str) -> bool {
    if name.is_ascii() {
        return is_latin_company(name);
    }
    const ANYWHERE: &[&str] = &[
        "公司",
        "株式会社",
        "有限会社",
        "合伙企业",
        "事务所",
        "合作社",
        "委员会",
        "研究院",
        "研究所",
        "经营部",
        "专卖店",
        "个体工商户",
        "人民政府",
        "公安局",
        "幼儿园",
        "旗舰店",
        "分店",
        "集团",
    ];
    // Words that end a name; people are called by shorter ones.
    const AT_END: &[&str] = &[
        "厂",
        "店",
        "商行",
        "商店",
        "超市",
        "酒店",
        "饭店",
        "餐厅",
        "宾馆",
        "医院",
        "诊所",
        "学校",
        "大学",
        "学院",
        "中学",
        "小学",
        "银行",
        "协会",
        "学会",
        "基金会",
        "中心",
        "工作室",
        "书店",
        "药房",
        "药店",
        "门市部",
        "批发部",
        "服务部",
        "企业",
        "工厂",
        "俱乐部",
        "法院",
        "支行",
        "分行",
    ];
    let bare = name.trim_end_matches([')', '）']);
    let name = match bare.rsplit_once(['(', '（']) {
        Some((head, _)) if bare.len() != name.len() => head.trim_end(),
        _ => name,
    };
    let n_chars = name.chars().count();
    ANYWHERE.iter().any(|word| name.contains(word))
        || (n_chars >= 4 && AT_END.iter().any(|word| name.ends_with(word)))
        || is_latin_company(name)
}

fn is_latin_company(name: &str) -> bool {
    const ANYWHERE: &[&str] = &[
        "ltd",
        "limited",
        "inc",
        "incorporated",
        "llc",
        "llp",
        "gmbh",
        "corp",
        "corporation",
        "company",
        "plc",
        "sarl",
        "pty",
        "holdings",
        "s.a.",
        "s.r.l.",
        "s.p.a.",
        "b.v.",
        "n.v.",
        "university",
        "hospital",
    ];
    // Short words that are also names or other words unless they end the name in capitals.
    const AT_END: &[&str] =
        &["AG", "SA", "BV", "NV", "KG", "AB", "AS", "OY", "SRL", "SPA", "Srl", "SpA", "Oy", "Co", "KK"];
    let mut words = name.split([' ', ',', '\t', '(', ')', '/', '&']).filter(|word| !word.is_empty());
    let n_words = words.clone().count();
    let is_named = |word: &str| {
        ANYWHERE.iter().any(|known| known.eq_ignore_ascii_case(word))
            || ANYWHERE.iter().any(|known| known.eq_ignore_ascii_case(word.trim_end_matches('.')))
    };
    if n_words < 2 {
        return false;
    }
    let last = words.clone().next_back().map(|word| word.trim_end_matches('.'));
    words.any(is_named) || last.is_some_and(|last| AT_END.contains(&last))
}

/// Whether a value is masked or encrypted, and so nobody's identity: `138****1234`, `张*`, `1**********`, `##…`, `$$…`,
/// `~…~`, `$…$`.
#[inline]
pub fn looks_masked(text: &str) -> bool {
    let bytes = text.as_bytes();
    if memchr::memchr(b'*', bytes).is_some() || text.contains("＊") || text.contains("•••") || text.contains("●●")
    {
        return true;
    }
    match bytes {
        [b'#', b'#', ..] | [b'$', b'$', ..] => true,
        [b'~', _, .., b'~'] | [b'$', _, .., b'$'] | [b'#', _, .., b'#'] => true,
        // 138xxxx1234
        [b'0'..=b'9', ..] => has_run_of_x(bytes),
        _ => false,
    }
}

fn has_run_of_x(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|window| matches!(window, b"xxx" | b"XXX"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn genders_are_read() {
        for (text, expected) in [
            ("男", Some(Gender::Male)),
            ("女", Some(Gender::Female)),
            ("M", Some(Gender::Male)),
            ("f", Some(Gender::Female)),
            ("1", Some(Gender::Male)),
            ("2", Some(Gender::Female)),
            ("0", None),
            ("先生", Some(Gender::Male)),
            ("女士", Some(Gender::Female)),
            ("Female", Some(Gender::Female)),
            ("male", Some(Gender::Male)),
            ("其他", None),
            ("保密", None),
        ] {
            let mut fired = RuleSet::default();
            assert_eq!(read_gender(text, &mut fired), expected, "{text}");
            assert_eq!(fired.contains(Rule::GenderWord), expected.is_some() && text != "male", "{text}");
        }
    }

    #[test]
    fn companies_are_told_from_people() {
        for name in [
            "杭州某某科技有限公司",
            "北京某某有限公司（上海分公司）",
            "某某集团",
            "幸福路水果店",
            "第一人民医院",
            "Acme Ltd",
            "Acme Co., Ltd.",
            "ACME INC.",
            "Muster GmbH",
            "Nestle SA",
            "Smith & Co.",
            "トヨタ自動車株式会社",
        ] {
            assert!(is_company(name), "{name}");
        }
        for name in
            ["张三", "欧阳锋", "李商店", "John Smith", "Lisa Ag", "Inc", "Ana Limon", "", "买买提·吐尔逊", "陈中心"]
        {
            assert!(!is_company(name), "{name}");
        }
    }

    #[test]
    fn masked_values_are_seen() {
        for text in [
            "138****1234",
            "1**********",
            "张*",
            "##VcbJ8sKq==",
            "$$AbCd==",
            "~AbCd~",
            "$abc$1$",
            "138xxxx1234",
            "****",
            "张＊",
        ] {
            assert!(looks_masked(text), "{text}");
        }
        for text in ["13912345678", "张三", "#1001", "$12", "~", "", "a~b", "xxxl"] {
            assert!(!looks_masked(text), "{text}");
        }
    }

    proptest! {
        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[()（）A-Z ]{0,9}") {
            let _ = (read_gender(&text, &mut RuleSet::default()), is_company(&text), looks_masked(&text));
        }
    }
}
