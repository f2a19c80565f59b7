//! How alike two texts are, and their form before they are compared.

/// Longest text compared, in characters; the rest of a longer one is not looked at.
const MAX_LEN: usize = 64;

/// Lower case, half width, single blanks; accents of Latin letters go, so do marks in names.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for char in text.chars() {
        let char = match char {
            '\u{3000}' | '\u{a0}' | '\t' | '\n' | '\r' => ' ',
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(char as u32 - 0xfee0).unwrap_or(char),
            _ => char,
        };
        if char == ' ' {
            if !folded.is_empty() && !folded.ends_with(' ') {
                folded.push(' ');
            }
        } else if char.is_ascii() {
            folded.push(char.to_ascii_lowercase());
        } else {
            for lower in char.to_lowercase() {
                match without_accent(lower) {
                    "" => folded.push(lower),
                    plain => folded.push_str(plain),
                }
            }
        }
    }
    folded.truncate(folded.trim_end().len());
    folded
}

fn without_accent(char: char) -> &'static str {
    match char {
        'à'..='å' | 'ā' | 'ă' | 'ą' => "a",
        'æ' => "ae",
        'ç' | 'ć' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ę' | 'ě' => "e",
        'ì'..='ï' | 'ī' | 'ı' => "i",
        'ł' => "l",
        'ñ' | 'ń' | 'ň' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ő' => "o",
        'œ' => "oe",
        'ř' => "r",
        'ś' | 'š' | 'ș' | 'ş' => "s",
        'ß' => "ss",
        'ť' | 'ț' | 'ţ' => "t",
        'ù'..='ü' | 'ū' | 'ů' | 'ű' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ => "",
    }
}

/// Letters and digits of a text, everything else dropped.
pub(super) fn letters_and_digits(text: &str) -> String {
    text.chars().filter(|char| char.is_alphanumeric()).collect()
}

/// The first [`MAX_LEN`] characters of a text, on the stack.
pub(super) struct Chars {
    chars: [char; MAX_LEN],
    len: usize,
}

impl Chars {
    pub(super) fn of(text: &str) -> Self {
        let mut chars = ['\0'; MAX_LEN];
        let mut len = 0;
        for (place, char) in chars.iter_mut().zip(text.chars()) {
            *place = char;
            len += 1;
        }
        Self { chars, len }
    }
}

impl std::ops::Deref for Chars {
    type Target = [char];

    fn deref(&self) -> &[char] {
        &self.chars[..self.len]
    }
}

/// Similarity of two names, 0 to 1: shared characters near each other, a shared start counting more.
///
/// **Source**: Winkler, "String comparator metrics and enhanced decision rules in the Fellegi-Sunter model", 1990.
pub fn jaro_winkler(a: &str, b: &str) -> f64 {
    jaro_winkler_chars(&Chars::of(a), &Chars::of(b))
}

pub(super) fn jaro_winkler_chars(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return f64::from(u8::from(a.is_empty() && b.is_empty()));
    }
    let window = (a.len().max(b.len()) / 2).saturating_sub(1);
    let (mut taken_a, mut taken_b) = (0_u64, 0_u64);
    for (i, char) in a.iter().enumerate() {
        let from = i.saturating_sub(window).min(b.len());
        let near = &b[from..(i + window + 1).min(b.len()).max(from)];
        let is_free = |at: &usize| taken_b >> (from + at) & 1 == 0 && near[*at] == *char;
        if let Some(at) = (0..near.len()).find(is_free) {
            taken_a |= 1 << i;
            taken_b |= 1 << (from + at);
        }
    }
    let n_shared = taken_a.count_ones();
    if n_shared == 0 {
        return 0.0;
    }
    let mut rest = taken_b;
    let mut n_moved = 0_u32;
    for (i, char) in a.iter().enumerate() {
        if taken_a >> i & 1 == 1 {
            let j = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            n_moved += u32::from(b[j] != *char);
        }
    }
    let shared = f64::from(n_shared);
    let jaro = (shared / a.len() as f64 + shared / b.len() as f64 + (shared - f64::from(n_moved / 2)) / shared) / 3.0;
    let n_start = a.iter().zip(b).take(4).take_while(|(a, b)| a == b).count();
    jaro + n_start as f64 * 0.1 * (1.0 - jaro)
}

/// Insertions, deletions, substitutions and swaps of neighbours that turn one text into the other, none twice in a place
/// (optimal string alignment).
///
/// **Source**: Damerau, "A technique for computer detection and correction of spelling errors", CACM 7(3), 1964.
pub fn edit_distance(a: &str, b: &str) -> usize {
    edit_distance_of(&Chars::of(a), &Chars::of(b))
}

pub(super) fn edit_distance_of<T: PartialEq>(a: &[T], b: &[T]) -> usize {
    let (a, b) = (&a[..a.len().min(MAX_LEN)], &b[..b.len().min(MAX_LEN)]);
    let mut rows = [[0_u8; MAX_LEN + 1]; 3];
    for (j, cell) in rows[1].iter_mut().enumerate() {
        *cell = j as u8;
    }
    for i in 1..=a.len() {
        // rows[1] is the row before, rows[0] the one before that, rows[2] the one being filled.
        rows[2][0] = i as u8;
        for j in 1..=b.len() {
            let substituted = rows[1][j - 1] + u8::from(a[i - 1] != b[j - 1]);
            let mut best = substituted.min(rows[1][j] + 1).min(rows[2][j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(rows[0][j - 2] + 1);
            }
            rows[2][j] = best;
        }
        rows.rotate_left(1);
    }
    usize::from(rows[1][b.len()])
}

/// Whether at most one edit ([`edit_distance`]) parts two texts; one pass.
pub(super) fn is_one_edit(a: &str, b: &str) -> bool {
    if a.is_ascii() && b.is_ascii() {
        is_one_edit_of(a.as_bytes(), b.as_bytes())
    } else {
        a.len().abs_diff(b.len()) <= 4 && is_one_edit_of(&Chars::of(a), &Chars::of(b))
    }
}

pub(super) fn is_one_edit_of<T: PartialEq>(a: &[T], b: &[T]) -> bool {
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let n_start = a.iter().zip(b).take_while(|(a, b)| a == b).count();
    let (a, b) = (&a[n_start..], &b[n_start..]);
    let n_end = a.iter().rev().zip(b.iter().rev()).take_while(|(a, b)| a == b).count();
    match (&a[..a.len() - n_end], &b[..b.len() - n_end]) {
        ([] | [_], [] | [_]) => true,
        ([a, b], [c, d]) => a == d && b == c,
        _ => false,
    }
}

/// Share of pairs of neighbouring characters that two texts have in common, 0 to 1 (Dice coefficient).
pub fn bigram_similarity(a: &str, b: &str) -> f64 {
    let mut bigrams = [[0_u64; MAX_LEN]; 2];
    let mut len = [0; 2];
    for (at, text) in [a, b].into_iter().enumerate() {
        let chars = Chars::of(text);
        for pair in chars.windows(2) {
            bigrams[at][len[at]] = u64::from(u32::from(pair[0])) << 32 | u64::from(u32::from(pair[1]));
            len[at] += 1;
        }
        bigrams[at][..len[at]].sort_unstable();
    }
    if len[0] == 0 || len[1] == 0 {
        return f64::from(u8::from(a == b));
    }
    let (mut i, mut j, mut n_shared) = (0, 0, 0_usize);
    while i < len[0] && j < len[1] {
        match bigrams[0][i].cmp(&bigrams[1][j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                n_shared += 1;
                i += 1;
                j += 1;
            }
        }
    }
    2.0 * n_shared as f64 / (len[0] + len[1]) as f64
}

/// How a Latin word sounds, as its first letter and three digits.
///
/// **Source**: American Soundex, as the National Archives describe it.
pub fn soundex(word: &str) -> [u8; 4] {
    let mut code = *b"0000";
    let mut len = 0;
    let mut last = 0;
    for byte in word.bytes().filter(u8::is_ascii_alphabetic).map(|byte| byte.to_ascii_lowercase()) {
        let digit = match byte {
            b'b' | b'f' | b'p' | b'v' => b'1',
            b'c' | b'g' | b'j' | b'k' | b'q' | b's' | b'x' | b'z' => b'2',
            b'd' | b't' => b'3',
            b'l' => b'4',
            b'm' | b'n' => b'5',
            b'r' => b'6',
            b'h' | b'w' => last,
            _ => 0,
        };
        if len == 0 {
            code[0] = byte;
            len = 1;
        } else if digit != 0 && digit != last {
            code[len] = digit;
            len += 1;
            if len == 4 {
                break;
            }
        }
        last = digit;
    }
    code
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn published_answers() {
        // Winkler 1990 and its later tables.
        for (a, b, expected) in [
            ("martha", "marhta", 0.961),
            ("dwayne", "duane", 0.840),
            ("dixon", "dicksonx", 0.813),
            ("jones", "johnson", 0.832),
            ("abc", "xyz", 0.0),
            ("", "", 1.0),
            ("", "a", 0.0),
        ] {
            assert!((jaro_winkler(a, b) - expected).abs() < 0.001, "{a} {b}: {}", jaro_winkler(a, b));
        }
        for (a, b, expected) in
            [("kitten", "sitting", 3), ("ca", "ac", 1), ("ca", "abc", 3), ("", "ab", 2), ("张伟", "张玮", 1)]
        {
            assert_eq!(edit_distance(a, b), expected, "{a} {b}");
        }
        for (word, expected) in
            [("Robert", "r163"), ("Rupert", "r163"), ("Ashcraft", "a261"), ("Tymczak", "t522"), ("Pfister", "p236")]
        {
            assert_eq!(soundex(word), expected.as_bytes(), "{word}");
        }
        assert!((bigram_similarity("night", "nacht") - 0.25).abs() < 1e-9);
    }

    #[test]
    fn forms_fold() {
        assert_eq!(fold("  Ａnna　 Müller-Ångström\t"), "anna muller-angstrom");
        assert_eq!(fold("张　伟"), "张 伟");
    }

    proptest! {
        #[test]
        fn similarities_are_symmetric_and_bounded(a in "\\PC{0,80}", b in "\\PC{0,80}") {
            for similarity in [jaro_winkler, bigram_similarity] {
                let value = similarity(&a, &b);
                prop_assert!((0.0..=1.0 + 1e-9).contains(&value));
                prop_assert!((similarity(&a, &a) - 1.0).abs() < 1e-9);
            }
            prop_assert_eq!(bigram_similarity(&a, &b), bigram_similarity(&b, &a));
            prop_assert_eq!(edit_distance(&a, &b), edit_distance(&b, &a));
            prop_assert_eq!(edit_distance(&a, &a), 0);
        }

        #[test]
        fn one_edit_is_a_distance_of_one(a in "[ab]{0,6}|[张王]{0,4}", b in "[ab]{0,6}|[张王]{0,4}") {
            prop_assert_eq!(is_one_edit(&a, &b), edit_distance(&a, &b) <= 1);
        }

        #[test]
        fn one_swap_is_one_edit(text in "[a-z]{2,20}", at in 0_usize..19) {
            let at = at % (text.len() - 1);
            let mut bytes = text.clone().into_bytes();
            bytes.swap(at, at + 1);
            let swapped = String::from_utf8(bytes).unwrap();
            prop_assert!(edit_distance(&text, &swapped) <= 1);
        }
    }
}
