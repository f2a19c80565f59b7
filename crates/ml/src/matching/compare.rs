//! Levels of agreement of two values, by kind, and what is assumed of a kind before anything is learnt.

use super::address;
use super::chinese::{is_han, loose, sound, surname_len, surname_sound};
use super::records::Kind;
use super::text::{Chars, edit_distance, is_one_edit, is_one_edit_of, jaro_winkler_chars};

/// Most levels of a kind.
pub(super) const MAX_LEVELS: usize = 6;

/// What is known of a kind beforehand. Nothing here comes from labels.
pub(super) struct Assumed {
    /// Levels by name, from different to the same.
    pub(super) levels: &'static [&'static str],
    /// Share of relatives (people of one household or office who are not one person) who share the value as one person
    /// would.
    pub(super) shared: f64,
    /// Least chance that the values of two people agree, however few the records.
    pub(super) floor: f64,
    /// Level from which the field is evidence of who somebody is rather than of what they are called or where they live.
    pub(super) identifies_from: Option<u8>,
}

const NAME: &[&str] = &["different", "remote", "similar", "close", "same"];

/// The assumptions about a kind.
pub(super) const fn assumed(kind: Kind) -> Assumed {
    let (levels, shared, floor, identifies_from): (&'static [&'static str], f64, f64, Option<u8>) = match kind {
        Kind::GivenName => (NAME, 0.02, 1e-4, None),
        Kind::Surname => (NAME, 0.8, 1e-4, None),
        Kind::FullName => (NAME, 0.02, 1e-5, None),
        Kind::Date => (&["different", "same year", "two parts", "one slip", "same"], 0.03, 1e-5, Some(2)),
        Kind::Phone => (&["different", "same end", "one slip", "same"], 0.6, 1e-7, Some(2)),
        Kind::Email => (&["different", "similar", "same box elsewhere", "one slip", "same"], 0.1, 1e-7, Some(2)),
        Kind::Address => {
            (&["different", "same area or street", "part of it", "written otherwise", "same"], 0.9, 1e-6, Some(3))
        }
        Kind::Place => (&["different", "similar", "one slip", "same"], 0.95, 1e-4, None),
        Kind::Number => (&["different", "one slip", "same"], 0.95, 1e-4, None),
        Kind::Id => (&["different", "two slips", "one slip", "same"], 0.001, 1e-7, Some(2)),
        Kind::Company => (&["different", "similar", "close", "same but its place", "same"], 0.3, 1e-6, Some(3)),
        Kind::Exact => (&["different", "same"], 0.5, 1e-3, None),
    };
    Assumed { levels, shared, floor, identifies_from }
}

/// The highest level of a kind: equal values.
pub(super) const fn top(kind: Kind) -> u8 {
    assumed(kind).levels.len() as u8 - 1
}

/// The level of two values of one kind, both there, in their compared form.
pub(super) fn level(kind: Kind, a: &str, b: &str) -> u8 {
    if a == b {
        return top(kind);
    }
    match kind {
        Kind::GivenName | Kind::Surname | Kind::FullName => name(kind, a, b),
        Kind::Date => date(a.as_bytes(), b.as_bytes()),
        Kind::Phone => phone(a, b),
        Kind::Email => email(a, b),
        Kind::Address => address::level(a, b),
        Kind::Place => place(a, b),
        Kind::Number => u8::from(a.len().max(b.len()) >= 2 && is_one_edit(a, b)),
        Kind::Id => id(a, b),
        Kind::Company => company(a, b),
        Kind::Exact => 0,
    }
}

fn name(kind: Kind, a: &str, b: &str) -> u8 {
    let (chars_a, chars_b) = (Chars::of(a), Chars::of(b));
    let is_all_han = |chars: &[char]| chars.iter().all(|char| is_han(*char));
    match (is_all_han(&chars_a), is_all_han(&chars_b)) {
        (true, true) => han_name(kind, &chars_a, &chars_b),
        (false, false) => latin_name(a, b, &chars_a, &chars_b),
        (true, false) => spelt_name(kind, &chars_a, b),
        (false, true) => spelt_name(kind, &chars_b, a),
    }
}

/// Two Chinese names. One character more or less is another name, so only sound, order and omission count.
fn han_name(kind: Kind, a: &[char], b: &[char]) -> u8 {
    let sounds = |chars: &[char]| match kind {
        Kind::FullName => {
            let (surname, given) = chars.split_at(surname_len(chars));
            (surname_sound(surname), sound(given))
        }
        Kind::Surname => (surname_sound(chars), String::new()),
        _ => (String::new(), sound(chars)),
    };
    let (sounds_a, sounds_b) = (sounds(a), sounds(b));
    // Some surnames are read in two ways, by people and by systems.
    let is_same_sound = sounds_a == sounds_b || sound(a) == sound(b);
    let is_turned = |a: &[char], b: &[char]| {
        let (surname, given) = a.split_at(surname_len(a));
        kind == Kind::FullName && a.len() == b.len() && given.iter().chain(surname).eq(b)
    };
    if is_same_sound || is_turned(a, b) || is_turned(b, a) {
        return 3;
    }
    let is_left_out = |few: &[char], many: &[char]| {
        let mut rest = many.iter();
        few.len() >= 2 && few[0] == many[0] && few.iter().all(|char| rest.any(|other| other == char))
    };
    let is_like = loose(&sounds_a.0) == loose(&sounds_b.0) && loose(&sounds_a.1) == loose(&sounds_b.1);
    if is_like || (a.len() >= 3 && a[0] == b[0] && same_chars(a, b)) {
        return 2;
    }
    if is_left_out(a, b) || is_left_out(b, a) {
        return 2;
    }
    // The same surname and one shared character is what brothers and sisters have: 周子涵, 周子轩.
    0
}

/// Whether two names are the same characters in another order.
fn same_chars(a: &[char], b: &[char]) -> bool {
    let sorted = |chars: &[char]| {
        let mut chars = chars.to_vec();
        chars.sort_unstable();
        chars
    };
    sorted(a) == sorted(b)
}

/// A Chinese name and one in letters: `张伟` and `wei zhang`.
fn spelt_name(kind: Kind, han: &[char], latin: &str) -> u8 {
    let letters: String = latin.chars().filter(char::is_ascii_alphabetic).collect();
    if han.is_empty() || letters.is_empty() {
        return 0;
    }
    let (surname, given) = han.split_at(match kind {
        Kind::FullName => surname_len(han),
        Kind::Surname => han.len(),
        _ => 0,
    });
    let (surname, given) = (surname_sound(surname), sound(given));
    let is_same = letters == format!("{surname}{given}") || letters == format!("{given}{surname}");
    if is_same { 3 } else { 2 * u8::from(is_one_edit(&letters, &format!("{surname}{given}")) && letters.len() >= 5) }
}

fn latin_name(a: &str, b: &str, chars_a: &[char], chars_b: &[char]) -> u8 {
    let len = chars_a.len().min(chars_b.len());
    let is_other_order = || {
        let sorted = |text: &str| {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            words.sort_unstable();
            words.concat()
        };
        sorted(a) == sorted(b) || a.replace(' ', "") == b.replace(' ', "")
    };
    if (a.contains(' ') || b.contains(' ')) && is_other_order() {
        return 3;
    }
    if len >= 4 && is_one_edit(a, b) {
        return 3;
    }
    let likeness = jaro_winkler_chars(chars_a, chars_b);
    let is_start = len >= 3 && chars_a[..len] == chars_b[..len];
    if likeness >= 0.88 || is_start {
        return 2;
    }
    let is_initial = len == 1 && chars_a[0] == chars_b[0];
    u8::from(likeness >= 0.78 || is_initial)
}

/// Dates in eight digits.
fn date(a: &[u8], b: &[u8]) -> u8 {
    let (Ok(a), Ok(b)) = (<&[u8; 8]>::try_from(a), <&[u8; 8]>::try_from(b)) else {
        return 3 * u8::from(is_one_edit_of(a, b));
    };
    let parts =
        |date: &[u8; 8]| [[date[0], date[1], date[2], date[3]], [0, 0, date[4], date[5]], [0, 0, date[6], date[7]]];
    let (parts_a, parts_b) = (parts(a), parts(b));
    let is_said = |part: &[u8; 4]| part.iter().any(|digit| !matches!(digit, 0 | b'0'));
    let both = [0, 1, 2].map(|at| is_said(&parts_a[at]) && is_said(&parts_b[at]));
    let same = [0, 1, 2].map(|at| both[at] && parts_a[at] == parts_b[at]);
    let n_same = same.iter().filter(|same| **same).count();
    if both.contains(&false) {
        // What both say agrees, or not.
        let is_same = (0..3).all(|at| !both[at] || same[at]);
        return if is_same { 1 + u8::from(n_same == 2) } else { 0 };
    }
    let is_swapped = same[0] && parts_a[1] == parts_b[2] && parts_a[2] == parts_b[1];
    if is_swapped || is_one_edit_of(a, b) {
        3
    } else if n_same == 2 {
        2
    } else {
        u8::from(same[0])
    }
}

fn phone(a: &str, b: &str) -> u8 {
    if is_one_edit(a, b) {
        return 2;
    }
    // A land line with and without its area code, a number with and without its country's.
    let end = |text: &str| {
        text.bytes()
            .rev()
            .filter(u8::is_ascii_digit)
            .take(7)
            .fold((0_u32, 0), |(number, n), digit| (number * 10 + u32::from(digit), n + 1))
    };
    u8::from(end(a).1 == 7 && end(a) == end(b))
}

fn email(a: &str, b: &str) -> u8 {
    if is_one_edit(a, b) {
        return 3;
    }
    let (local_a, local_b) = (local_part(a), local_part(b));
    if local_a == local_b && local_a.len() >= 4 {
        return 2;
    }
    u8::from(jaro_winkler_chars(&Chars::of(local_a), &Chars::of(local_b)) >= 0.9)
}

/// What stands before the `@`.
pub(super) fn local_part(email: &str) -> &str {
    email.split_once('@').map_or(email, |(local, _)| local)
}

fn place(a: &str, b: &str) -> u8 {
    let (chars_a, chars_b) = (Chars::of(a), Chars::of(b));
    let len = chars_a.len().min(chars_b.len());
    if len >= 4 && is_one_edit(a, b) || len >= 2 && chars_a[..len] == chars_b[..len] {
        2
    } else {
        u8::from(len >= 4 && jaro_winkler_chars(&chars_a, &chars_b) >= 0.88)
    }
}

fn id(a: &str, b: &str) -> u8 {
    let len = a.len().min(b.len());
    if len >= 5 && is_one_edit(a, b) {
        return 2;
    }
    u8::from(len >= 9 && a.len().abs_diff(b.len()) <= 2 && edit_distance(a, b) == 2)
}

/// Companies as `core|place|branch`. A branch office is another than the company and than other branches.
fn company(a: &str, b: &str) -> u8 {
    let [core_a, place_a, branch_a, _] = address::parts(a);
    let [core_b, place_b, branch_b, _] = address::parts(b);
    if branch_a != branch_b {
        return 0;
    }
    if core_a == core_b {
        // In two cities it may be two companies.
        return if place_a.is_empty() || place_b.is_empty() { 3 } else { 1 };
    }
    let (chars_a, chars_b) = (Chars::of(core_a), Chars::of(core_b));
    let len = chars_a.len().min(chars_b.len());
    if len >= 5 && is_one_edit(core_a, core_b) {
        2
    } else {
        let is_start = len >= 2 && chars_a[..len] == chars_b[..len];
        u8::from(is_start || len >= 4 && jaro_winkler_chars(&chars_a, &chars_b) >= 0.9)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::form::form;
    use super::*;

    fn named(kind: Kind, a: &str, b: &str) -> &'static str {
        let (a, b) = (form(kind, a), form(kind, b));
        assert_eq!(level(kind, &a, &b), level(kind, &b, &a));
        assumed(kind).levels[usize::from(level(kind, &a, &b))]
    }

    #[test]
    fn values_that_people_write() {
        for (kind, a, b, expected) in [
            (Kind::FullName, "张伟", "張偉", "same"),
            (Kind::FullName, "张伟", "张玮", "close"),
            (Kind::FullName, "张伟", "伟张", "close"),
            (Kind::FullName, "欧阳锋", "锋欧阳", "close"),
            (Kind::FullName, "单雄信", "Shan Xiongxin", "close"),
            (Kind::FullName, "张伟", "Wei Zhang", "close"),
            (Kind::FullName, "王小明", "王明", "similar"),
            (Kind::FullName, "李林", "李玲", "similar"),
            (Kind::FullName, "周子涵", "周子轩", "different"),
            (Kind::FullName, "张伟", "张强", "different"),
            (Kind::FullName, "张伟", "李伟", "different"),
            (Kind::FullName, "Anna Smith", "Smith, Anna", "close"),
            (Kind::GivenName, "Robert", "Rob", "similar"),
            (Kind::Surname, "Allen", "Alen", "close"),
            (Kind::Date, "1985-03-07", "1985-07-03", "one slip"),
            (Kind::Date, "1985-03-07", "1985-03-08", "one slip"),
            (Kind::Date, "1985-03-07", "1958-03-07", "one slip"),
            (Kind::Date, "1985-03-07", "1985-03-21", "two parts"),
            (Kind::Date, "1985-03-07", "1985", "same year"),
            (Kind::Date, "1985-03-07", "1985-03", "two parts"),
            (Kind::Date, "1985-03-07", "1986-03", "different"),
            (Kind::Date, "1985-03-07", "1961-11-20", "different"),
            (Kind::Phone, "13812345678", "13812345687", "one slip"),
            (Kind::Phone, "13812345678", "1381234567", "one slip"),
            (Kind::Phone, "13812345678", "13912345679", "different"),
            (Kind::Email, "anna@qq.com", "anna@163.com", "same box elsewhere"),
            (Kind::Email, "anna@qq.com", "anma@qq.com", "one slip"),
            (Kind::Place, "杭州市", "杭州", "same"),
            (Kind::Number, "2065", "2056", "one slip"),
            (Kind::Id, "7364009", "7364000", "one slip"),
            (Kind::Company, "云帆科技有限公司", "杭州云帆科技股份有限公司", "same but its place"),
            (Kind::Company, "云帆科技有限公司", "云帆科技有限公司上海分公司", "different"),
            (Kind::Company, "云帆科技（北京）有限公司", "云帆科技（上海）有限公司", "similar"),
            (Kind::Exact, "m", "f", "different"),
        ] {
            assert_eq!(named(kind, a, b), expected, "{kind:?} {a} {b}");
        }
    }

    proptest! {
        #[test]
        fn levels_are_symmetric_and_in_range(a in "\\PC{0,20}|[0-9]{8}|[张王李伟明小]{1,4}|[a-e ]{1,9}", b in "\\PC{0,20}|[0-9]{8}|[张王李伟明小]{1,4}|[a-e ]{1,9}") {
            for kind in Kind::ALL {
                let (a, b) = (form(*kind, &a), form(*kind, &b));
                if a.is_empty() || b.is_empty() {
                    continue;
                }
                prop_assert!(level(*kind, &a, &b) <= top(*kind));
                prop_assert_eq!(level(*kind, &a, &b), level(*kind, &b, &a), "{:?}", kind);
                prop_assert!(usize::from(top(*kind)) < MAX_LEVELS);
                if a != b {
                    prop_assert!(level(*kind, &a, &b) < top(*kind));
                }
            }
        }
    }
}
