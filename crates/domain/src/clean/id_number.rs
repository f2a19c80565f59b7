//! Resident identity numbers of China (GB 11643-1999) and their 15-digit form before 1999.

use super::civil;
use super::rule::{Reason, Rule, RuleSet};

/// A valid identity number and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdNumber {
    /// Eighteen characters, the last perhaps `X`.
    pub value: String,
    /// Year, month and day of birth.
    pub birth: (i16, u8, u8),
    /// Whether the holder is male.
    pub is_male: bool,
    /// Code of the district where the number was given out (GB/T 2260).
    ///
    /// **Shape**: six digits.
    pub region: u32,
}

/// Reads an identity number: eighteen characters with a real date of birth, a known province and the right check digit;
/// a number of fifteen digits is brought to eighteen. Blanks and dashes inside go.
///
/// # Errors
/// [`Reason::InvalidIdNumber`], also when it is masked.
pub fn read_id_number(text: &str, fired: &mut RuleSet) -> Result<IdNumber, Reason> {
    let mut digits = [0_u8; 18];
    let mut n_digits = 0;
    for byte in text.bytes() {
        match byte {
            b' ' | b'-' => continue,
            b'0'..=b'9' if n_digits < 18 => digits[n_digits] = byte,
            b'x' | b'X' if n_digits == 17 => digits[n_digits] = b'X',
            _ => return Err(Reason::InvalidIdNumber),
        }
        n_digits += 1;
    }
    match n_digits {
        18 => {}
        15 => {
            let mut long = [0; 18];
            long[..6].copy_from_slice(&digits[..6]);
            // The orders 996 to 999 were kept for people over a hundred.
            long[6..8].copy_from_slice(if digits[12..14] == *b"99" && digits[14] >= b'6' { b"18" } else { b"19" });
            long[8..17].copy_from_slice(&digits[6..15]);
            long[17] = check_digit(&long);
            digits = long;
        }
        _ => return Err(Reason::InvalidIdNumber),
    }
    if !is_valid(&digits) {
        return Err(Reason::InvalidIdNumber);
    }
    let value = String::from_utf8_lossy(&digits).into_owned();
    if value != text {
        fired.insert(Rule::IdNumberForm);
    }
    let number = |from: usize, until: usize| {
        digits[from..until].iter().fold(0_u32, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    Ok(IdNumber {
        birth: (number(6, 10) as i16, number(10, 12) as u8, number(12, 14) as u8),
        is_male: (digits[16] - b'0') % 2 == 1,
        region: number(0, 6),
        value,
    })
}

/// Whether eighteen characters are an identity number: province, date and check digit.
pub(crate) fn is_valid(digits: &[u8; 18]) -> bool {
    if !digits[..17].iter().all(u8::is_ascii_digit) || check_digit(digits) != digits[17] {
        return false;
    }
    let number = |from: usize, until: usize| {
        digits[from..until].iter().fold(0_i64, |number, digit| number * 10 + i64::from(digit - b'0'))
    };
    let (year, month, day) = (number(6, 10), number(10, 12) as u8, number(12, 14) as u8);
    is_province(number(0, 2)) && (1850..2200).contains(&year) && civil::exists(year, month, day)
}

/// Provinces as the first two digits; 83 is for residents from Taiwan, 9 for foreigners living in China.
fn is_province(code: i64) -> bool {
    matches!(code, 11..=15 | 21..=23 | 31..=37 | 41..=46 | 50..=54 | 61..=65 | 71 | 81..=83 | 90..=99)
}

/// The check digit of the first seventeen digits (ISO 7064 MOD 11-2).
fn check_digit(digits: &[u8; 18]) -> u8 {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = WEIGHTS.iter().zip(digits).map(|(weight, digit)| weight * u32::from(digit.wrapping_sub(b'0'))).sum();
    b"10X98765432"[(sum % 11) as usize]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_standard_example() {
        let mut fired = RuleSet::default();
        let read = read_id_number("11010519491231002X", &mut fired).unwrap();
        let expected =
            IdNumber { value: "11010519491231002X".to_owned(), birth: (1949, 12, 31), is_male: false, region: 110_105 };
        assert_eq!(read, expected);
        assert!(fired.is_empty());
        assert_eq!(read_id_number("110105 19491231 002x", &mut fired), Ok(expected.clone()));
        assert!(fired.contains(Rule::IdNumberForm));
        assert_eq!(read_id_number("110105491231002", &mut fired), Ok(expected));
    }

    #[test]
    fn wrong_numbers_are_refused() {
        for text in [
            "",
            "110105194912310021",
            "11010519490231002X",
            "99",
            "1101051949123100X2",
            "110105********002X",
            "11010519491231002XX",
            "001051949123100211",
            "１１０",
        ] {
            assert_eq!(read_id_number(text, &mut RuleSet::default()), Err(Reason::InvalidIdNumber), "{text}");
        }
    }

    proptest! {
        #[test]
        fn one_wrong_digit_is_found(at in 0_usize..17, by in 1_u8..10) {
            let mut digits = *b"11010519491231002X";
            digits[at] = (digits[at] - b'0' + by) % 10 + b'0';
            prop_assert!(!is_valid(&digits));
        }

        /// INV-CLEAN-2.
        #[test]
        fn no_text_panics(text in "\\PC{0,20}|[0-9xX -]{14,20}|[1-6][1-5][0-9]{13}") {
            if let Ok(read) = read_id_number(&text, &mut RuleSet::default()) {
                let again = read_id_number(&read.value, &mut RuleSet::default());
                prop_assert_eq!(again, Ok(read));
            }
        }
    }
}
