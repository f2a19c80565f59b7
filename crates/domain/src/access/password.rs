//! What a password must be.
//!
//! Source: GB/T 22239-2019 8.1.4.1 asks for complexity and regular change without numbers; NIST SP 800-63B 5.1.1 for
//! length, a list of common ones, and no forced change. Length wins: 12 characters of at least three kinds, or 16 of any.

/// The shortest password.
pub const MIN_CHARS: usize = 12;
/// From here on any kinds of characters do.
pub const LONG_CHARS: usize = 16;
/// The longest, so that hashing one is no work to speak of.
pub const MAX_CHARS: usize = 128;

/// Pieces of passwords that are guessed first; a password that is little more than one of them is refused.
const COMMON: &[&str] = &[
    "password",
    "passw0rd",
    "p@ssw0rd",
    "p@ssword",
    "qwerty",
    "1qaz2wsx",
    "qazwsx",
    "asdfgh",
    "zxcvbn",
    "123456789",
    "12345678",
    "123456",
    "654321",
    "111111",
    "000000",
    "888888",
    "666666",
    "abc123",
    "abcdef",
    "iloveyou",
    "welcome",
    "letmein",
    "admin",
    "administrator",
    "root",
    "zhike",
    "woaini",
    "5201314",
    "a123456",
    "changeme",
    "test",
];

/// What is wrong with a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordProblem {
    /// Shorter than [`MIN_CHARS`].
    Short,
    /// Longer than [`MAX_CHARS`].
    Long,
    /// Fewer than three kinds of characters, and shorter than [`LONG_CHARS`].
    Plain,
    /// The user's name is in it.
    HoldsName,
    /// Little more than one that is guessed first, or than one character.
    Common,
}

impl PasswordProblem {
    /// What to do, in Chinese.
    pub const fn zh(self) -> &'static str {
        match self {
            Self::Short => "密码至少 12 个字符",
            Self::Long => "密码最多 128 个字符",
            Self::Plain => "密码须含大写字母、小写字母、数字、符号中的三类，或长度达到 16 个字符",
            Self::HoldsName => "密码中不能包含用户名",
            Self::Common => "密码太常见：请换一个不易猜到的",
        }
    }

    /// What to do, in English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Short => "a password has at least 12 characters",
            Self::Long => "a password has at most 128 characters",
            Self::Plain => {
                "a password has three of capital letters, small letters, digits and signs, or 16 characters and more"
            }
            Self::HoldsName => "a password does not hold the user's name",
            Self::Common => "the password is too common: choose one that is hard to guess",
        }
    }
}

/// Whether a password will do for a user.
pub fn check(password: &str, user: &str) -> Result<(), PasswordProblem> {
    let n_chars = password.chars().count();
    if n_chars < MIN_CHARS {
        return Err(PasswordProblem::Short);
    }
    if n_chars > MAX_CHARS {
        return Err(PasswordProblem::Long);
    }
    let lower = password.to_lowercase();
    let user = user.to_lowercase();
    if user.chars().count() >= 3 && lower.contains(&user) {
        return Err(PasswordProblem::HoldsName);
    }
    let mut distinct: Vec<char> = lower.chars().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let rest = COMMON.iter().fold(lower.clone(), |text, common| text.replace(common, ""));
    if distinct.len() < 5 || (rest.len() < lower.len() && rest.chars().count() < 6) {
        return Err(PasswordProblem::Common);
    }
    let kinds: [fn(char) -> bool; 4] = [
        |c| c.is_lowercase(),
        |c| c.is_uppercase(),
        |c| c.is_numeric(),
        |c| !c.is_lowercase() && !c.is_uppercase() && !c.is_numeric(),
    ];
    let n_kinds = kinds.iter().filter(|kind| password.chars().any(*kind)).count();
    if n_chars < LONG_CHARS && n_kinds < 3 {
        return Err(PasswordProblem::Plain);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passwords_are_judged() {
        use PasswordProblem as P;
        for (password, expected) in [
            ("Kx7#mQ2$pL9w", Ok(())),
            ("correct horse battery", Ok(())),
            ("青山绿水长流不息甲乙丙丁戊己庚辛", Ok(())),
            ("Kx7#mQ2$pL9", Err(P::Short)),
            ("abcdkfhwoqpn", Err(P::Plain)),
            ("Password123456!", Err(P::Common)),
            ("aaaaaaaaaaaaaaaaaaaa", Err(P::Common)),
            ("Wangfang#2026", Err(P::HoldsName)),
        ] {
            assert_eq!(check(password, "wangfang"), expected, "{password}");
        }
        assert_eq!(check(&"aB3#".repeat(40), "wangfang"), Err(P::Long));
    }

    proptest! {
        #[test]
        fn what_passes_is_long_enough_and_has_no_name(password in ".{0,140}", user in "[a-z]{3,8}") {
            if check(&password, &user).is_ok() {
                let n = password.chars().count();
                prop_assert!((MIN_CHARS..=MAX_CHARS).contains(&n));
                prop_assert!(!password.to_lowercase().contains(&user));
            }
        }
    }
}
