//! Chinese names: where the surname ends, how the name sounds, which characters are variants of one another.

use std::collections::HashMap;
use std::sync::LazyLock;

use foldhash::fast::FixedState;
use pinyin::ToPinyin;

/// Whether a character is a Chinese one.
pub(super) fn is_han(char: char) -> bool {
    matches!(char, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{2fa1f}')
}

/// Surnames of two characters.
const COMPOUND: &[&str] = &[
    "欧阳", "司马", "上官", "诸葛", "夏侯", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "司徒", "宇文", "长孙",
    "轩辕", "端木", "独孤", "南宫", "司空", "闻人", "百里", "呼延", "万俟", "澹台", "公冶", "宗政", "濮阳", "淳于",
    "单于", "太叔", "申屠", "仲孙", "钟离", "鲜于", "闾丘", "公羊", "赫连", "西门", "东郭", "拓跋", "纳兰", "第五",
];

/// Surnames that sound otherwise than the character does in other words.
const SURNAME_SOUNDS: &[(&str, &str)] = &[
    ("单", "shan"),
    ("曾", "zeng"),
    ("仇", "qiu"),
    ("解", "xie"),
    ("查", "zha"),
    ("任", "ren"),
    ("盖", "ge"),
    ("朴", "piao"),
    ("区", "ou"),
    ("乐", "yue"),
    ("华", "hua"),
    ("缪", "miao"),
    ("冼", "xian"),
    ("洗", "xian"),
    ("员", "yun"),
    ("种", "chong"),
    ("覃", "qin"),
    ("翟", "zhai"),
    ("隗", "wei"),
    ("召", "shao"),
    ("宓", "mi"),
    ("黑", "he"),
    ("折", "she"),
    ("繁", "po"),
    ("秘", "bi"),
    ("晟", "cheng"),
    ("尉迟", "yuchi"),
    ("万俟", "moqi"),
    ("长孙", "zhangsun"),
    ("澹台", "tantai"),
    ("单于", "chanyu"),
];

/// Traditional characters and variants in names, each before the simplified one.
const VARIANTS: &str = "張张陳陈劉刘楊杨黃黄趙赵吳吴孫孙馬马羅罗鄭郑謝谢許许鄧邓馮冯蕭萧蔣蒋賈贾葉叶閻阎閆闫鍾钟鐘钟盧卢蘇苏\
魯鲁韋韦錢钱湯汤譚谭賀贺賴赖龔龚龐庞顧顾龍龙萬万嚴严陸陆齊齐紀纪項项喬乔莊庄聶聂甯宁寧宁華华鄔邬鄒邹\
劍剑偉伟強强麗丽傑杰軍军濤涛輝辉飛飞國国慶庆豔艳艷艳鳳凤蘭兰靜静穎颖勳勋勛勋嬌娇嫻娴嵐岚憶忆懷怀戰战楓枫榮荣樂乐\
滿满潔洁瑋玮瑤瑶環环瓊琼瑩莹競竞維维綺绮綠绿緯纬繼继義义習习聖圣聰聪興兴藝艺賢贤貞贞遠远達达銘铭銳锐鋒锋鋼钢錦锦\
鐵铁長长陽阳雲云順顺頌颂韻韵騰腾驍骁鴻鸿鵬鹏齡龄亞亚來来倫伦億亿儀仪優优兒儿凱凯勝胜啟启嘯啸堅坚壽寿\
學学實实岡冈島岛峯峰帥帅幹干廣广彥彦愛爱應应昇升時时晉晋曉晓書书會会東东條条業业橋桥權权歡欢淵渊漢汉瀟潇煒炜燁烨\
爾尔獻献瑪玛當当盡尽禮礼禎祯穩稳筆笔紅红純纯細细絲丝緒绪練练羣群羨羡聯联肅肃膽胆臨临蘊蕴誠诚諾诺賓宾";

/// The simplified form of a character.
pub(super) fn simplified(char: char) -> char {
    if !is_han(char) {
        return char;
    }
    static SIMPLE: LazyLock<HashMap<char, char, FixedState>> =
        LazyLock::new(|| VARIANTS.chars().step_by(2).zip(VARIANTS.chars().skip(1).step_by(2)).collect());
    SIMPLE.get(&char).copied().unwrap_or(char)
}

/// How many characters of a name, all Chinese, are its surname.
pub(super) fn surname_len(name: &[char]) -> usize {
    let is_compound = name.len() >= 3
        && COMPOUND.iter().any(|surname| {
            let mut chars = surname.chars();
            chars.next() == Some(name[0]) && chars.next() == Some(name[1])
        });
    if is_compound { 2 } else { name.len().min(1) }
}

/// Toneless pinyin of Chinese characters; other characters as they are.
pub(super) fn sound(chars: &[char]) -> String {
    let mut sound = String::with_capacity(chars.len() * 4);
    for char in chars {
        match char.to_pinyin() {
            // Ü is typed in several ways; one of them for all.
            Some(syllable) => sound.extend(syllable.plain().chars().map(|char| if char == 'ü' { 'v' } else { char })),
            None => sound.push(*char),
        }
    }
    sound
}

/// How a surname sounds.
pub(super) fn surname_sound(surname: &[char]) -> String {
    let is_it = |known: &str| known.chars().eq(surname.iter().copied());
    match SURNAME_SOUNDS.iter().find(|(known, _)| is_it(known)) {
        Some((_, sound)) => (*sound).to_owned(),
        None => sound(surname),
    }
}

/// A sound without what many speakers do not part: zh/z, ch/c, sh/s, n/l, f/h, -ng/-n.
pub(super) fn loose(sound: &str) -> String {
    let mut loose = String::with_capacity(sound.len());
    let bytes = sound.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'h' if at > 0 && matches!(bytes[at - 1], b'z' | b'c' | b's') => {}
            b'g' if at > 0 && bytes[at - 1] == b'n' => {}
            b'l' => loose.push('n'),
            _ => loose.push(char::from(*byte)),
        }
    }
    loose
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name_sound(name: &str) -> String {
        let chars: Vec<char> = name.chars().collect();
        let (surname, given) = chars.split_at(surname_len(&chars));
        format!("{} {}", surname_sound(surname), sound(given))
    }

    #[test]
    fn names_sound_as_they_are_read() {
        for (name, expected) in [
            ("张伟", "zhang wei"),
            ("单田芳", "shan tianfang"),
            ("曾国藩", "zeng guofan"),
            ("仇英", "qiu ying"),
            ("解晓东", "xie xiaodong"),
            ("查良镛", "zha liangyong"),
            ("欧阳锋", "ouyang feng"),
            ("万俟卨", "moqi xie"),
            ("尉迟恭", "yuchi gong"),
            ("吕布", "lv bu"),
        ] {
            assert_eq!(name_sound(name), expected, "{name}");
        }
    }

    #[test]
    fn variants_pair_up() {
        assert_eq!("張偉陳麗".chars().map(simplified).collect::<String>(), "张伟陈丽");
        assert_eq!(VARIANTS.chars().count() % 2, 0);
        for simple in VARIANTS.chars().skip(1).step_by(2) {
            assert_eq!(simplified(simple), simple, "{simple} is both simplified and not");
        }
    }

    #[test]
    fn loose_sounds() {
        assert_eq!(loose("zhang"), loose("zan"));
        assert_eq!(loose("lin"), loose("ning"));
        assert_ne!(loose("wang"), loose("li"));
    }
}
