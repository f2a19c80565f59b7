//! Companies: their names without what writers add or leave out, and unified social credit codes.

use super::region::{n_region_bytes, region_of_address};
use super::rule::{Reason, Rule, RuleSet};

/// A company's name, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Company {
    /// What sets it apart: no legal form, no place, lower case.
    pub core: String,
    /// The place in its name, before it or in brackets: `上海`; empty when there is none, or only the country.
    pub place: String,
    /// The branch office; empty for the company itself. A branch is not the company.
    pub branch: String,
}

impl Company {
    /// One text that is equal when all three parts are: `core|place|branch`.
    pub fn form(&self) -> String {
        format!("{}|{}|{}", self.core, self.place, self.branch)
    }
}

/// Legal forms that end a Chinese name, the longest first. Groups and limited companies of one name are often two
/// companies, so `集团` stays.
const FORMS: &[&str] = &[
    "股份有限责任公司",
    "有限责任公司",
    "股份有限公司",
    "股份公司",
    "有限合伙企业",
    "有限公司",
    "合伙企业",
    "株式会社",
    "有限会社",
    "总公司",
    "公司",
];

/// Legal forms of Latin names, without dots.
const WORDS: &[&str] = &[
    "co",
    "company",
    "ltd",
    "limited",
    "inc",
    "incorporated",
    "llc",
    "llp",
    "lp",
    "gmbh",
    "mbh",
    "corp",
    "corporation",
    "plc",
    "sarl",
    "sas",
    "pty",
    "pte",
    "ag",
    "sa",
    "bv",
    "nv",
    "kg",
    "ab",
    "oy",
    "srl",
    "spa",
    "kk",
    "the",
];

/// Takes a company's name apart; `None` when nothing would be left of it.
pub fn read_company(text: &str) -> Option<Company> {
    let folded = half_width(text);
    let company = if folded.is_ascii() || !folded.chars().any(is_han) { latin(&folded) } else { chinese(&folded) };
    (!company.core.is_empty()).then_some(company)
}

fn is_han(char: char) -> bool {
    matches!(char, '\u{3400}'..='\u{9fff}')
}

fn half_width(text: &str) -> String {
    text.chars()
        .map(|char| match char {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
            '【' | '〔' => '(',
            '】' | '〕' => ')',
            _ => char,
        })
        .flat_map(char::to_lowercase)
        .collect()
}

fn chinese(text: &str) -> Company {
    // Brackets hold a place, the country, or a remark (筹); a branch office may follow the legal form, in brackets or not.
    let mut bare = String::with_capacity(text.len());
    let mut places: Vec<String> = Vec::new();
    let mut branch = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('(') {
        let (inner, after) = after.split_once(')').unwrap_or((after, ""));
        bare.push_str(before);
        let inner: String = inner.chars().filter(|char| char.is_alphanumeric()).collect();
        if is_branch(&inner) {
            branch = inner;
        } else if !matches!(inner.as_str(), "中国" | "集团") && n_region_bytes(&inner) == inner.len() {
            places.push(inner);
        } else if inner == "集团" {
            bare.push_str("集团");
        } else if inner != "中国" {
            bare.push_str(&inner);
        }
        rest = after;
    }
    bare.push_str(rest);
    let bare: String = bare.chars().filter(|char| char.is_alphanumeric()).collect();

    let mut core = bare.as_str();
    if let Some((at, form)) = FORMS
        .iter()
        .filter_map(|form| bare.find(form).map(|at| (at, *form)))
        .min_by_key(|(at, form)| (*at, usize::MAX - form.len()))
    {
        let after = &bare[at + form.len()..];
        if !after.is_empty() && is_branch(after) {
            core = &bare[..at];
            after.clone_into(&mut branch);
        } else if after.is_empty() {
            core = &bare[..at];
        }
    }
    let core = core.strip_prefix("中国").filter(|rest| rest.chars().count() >= 4).unwrap_or(core);
    let n_bytes = n_region_bytes(core);
    let core = if n_bytes > 0 && core[n_bytes..].chars().count() >= 2 {
        places.push(core[..n_bytes].to_owned());
        &core[n_bytes..]
    } else {
        core
    };
    let core = core.strip_suffix("股份").filter(|rest| rest.chars().count() >= 2).unwrap_or(core);
    Company {
        core: core.to_owned(),
        place: places.first().map_or_else(String::new, |place| short_place(place)),
        branch,
    }
}

/// A place by the city or province that it names, so that `上海市` and `上海` are one.
fn short_place(place: &str) -> String {
    let region = region_of_address(place);
    let name = region.city.or(region.province).unwrap_or_default();
    name.strip_suffix('市').unwrap_or(&name).to_owned()
}

fn is_branch(text: &str) -> bool {
    ["分公司", "分店", "分行", "支行", "办事处", "营业部", "分厂", "分部", "门店", "代表处"]
        .iter()
        .any(|end| text.ends_with(end))
}

fn latin(text: &str) -> Company {
    let spelled = text.replace('&', " and ").replace(['.', '\''], "");
    let mut words: Vec<&str> =
        spelled.split(|char: char| !char.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let mut branch = String::new();
    if let Some(at) = words.iter().position(|word| *word == "branch") {
        // `Acme Ltd Shanghai Branch`: from the legal form on.
        let from = words[..at].iter().rposition(|word| WORDS.contains(word)).map_or(at.saturating_sub(1), |at| at + 1);
        branch = words[from..at].join(" ");
        words.truncate(from);
    }
    let kept: Vec<&str> = words.iter().copied().filter(|word| !WORDS.contains(word)).collect();
    let core = match kept.as_slice() {
        [] => words.join(" "),
        [head @ .., "and"] if !head.is_empty() => head.join(" "),
        kept => kept.join(" "),
    };
    Company { core, place: String::new(), branch }
}

/// Reads a unified social credit code: eighteen characters with the right check character. Blanks and dashes inside go.
///
/// **Source**: GB 32100-2015; its check is that of GB 17710 with 31 characters.
///
/// # Errors
/// [`Reason::InvalidIdNumber`].
pub fn read_credit_code(text: &str, fired: &mut RuleSet) -> Result<String, Reason> {
    const SIGNS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    let code: String =
        text.chars().filter(|char| !matches!(char, ' ' | '-')).map(|char| char.to_ascii_uppercase()).collect();
    if code.len() != 18 {
        return Err(Reason::InvalidIdNumber);
    }
    let mut sum = 0;
    let mut weight = 1;
    for (at, byte) in code.bytes().enumerate() {
        let value = SIGNS.iter().position(|sign| *sign == byte).ok_or(Reason::InvalidIdNumber)?;
        // Places 3 to 8 are the code of the registration office's district.
        if (2..8).contains(&at) && !byte.is_ascii_digit() {
            return Err(Reason::InvalidIdNumber);
        }
        if at == 17 {
            if value != (31 - sum % 31) % 31 {
                return Err(Reason::InvalidIdNumber);
            }
        } else {
            sum += value * weight;
            weight = weight * 3 % 31;
        }
    }
    if code != text {
        fired.insert(Rule::IdNumberForm);
    }
    Ok(code)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn form(text: &str) -> String {
        read_company(text).map_or_else(String::new, |company| company.form())
    }

    #[test]
    fn names_are_taken_apart() {
        for (text, expected) in [
            ("杭州云帆科技有限公司", "云帆科技|杭州|"),
            ("云帆科技（杭州）有限公司", "云帆科技|杭州|"),
            ("云帆科技(中国)有限公司", "云帆科技||"),
            ("杭州市云帆科技股份有限公司", "云帆科技|杭州|"),
            ("云帆科技 有限责任公司", "云帆科技||"),
            ("云帆集团有限公司", "云帆集团||"),
            ("云帆(集团)有限公司", "云帆集团||"),
            ("云帆科技有限公司上海分公司", "云帆科技||上海分公司"),
            ("云帆科技有限公司（上海分公司）", "云帆科技||上海分公司"),
            ("Acme Co., Ltd.", "acme||"),
            ("ACME Limited", "acme||"),
            ("Müller & Söhne GmbH", "müller and söhne||"),
            ("Smith & Co.", "smith||"),
            ("Acme Ltd Shanghai Branch", "acme||shanghai"),
            ("The Company", "the company||"),
            ("", ""),
            ("（）", ""),
        ] {
            assert_eq!(form(text), expected, "{text}");
        }
    }

    #[test]
    fn credit_codes_are_checked() {
        let read = |text| read_credit_code(text, &mut RuleSet::default());
        for code in ["91350100M000100Y43", "9144030071526726XG", "91330100799655058B"] {
            assert_eq!(read(code), Ok(code.to_owned()));
        }
        let mut fired = RuleSet::default();
        assert_eq!(read_credit_code("91350100m000 100y43", &mut fired), Ok("91350100M000100Y43".to_owned()));
        assert!(fired.contains(Rule::IdNumberForm));
        for code in ["91350100M000100Y34", "91350100M000100Y4", "9135O100M000100Y43", "", "91350100M000100Y4九"] {
            assert_eq!(read(code), Err(Reason::InvalidIdNumber), "{code}");
        }
    }

    proptest! {
        /// A prime number of characters: every single slip and every swap of neighbours shows.
        #[test]
        fn one_slip_is_found(at in 8_usize..18, by in 1_usize..31) {
            const SIGNS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
            let mut code = *b"91350100M000100Y43";
            let value = SIGNS.iter().position(|sign| *sign == code[at]).unwrap();
            code[at] = SIGNS[(value + by) % 31];
            let code = String::from_utf8(code.to_vec()).unwrap();
            prop_assert!(read_credit_code(&code, &mut RuleSet::default()).is_err());
        }

        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,30}|[()（）a-z&. 中国上海市分公司有限集团]{0,20}") {
            let _ = (read_company(&text), read_credit_code(&text, &mut RuleSet::default()));
        }
    }
}
