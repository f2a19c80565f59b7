//! Passwords, secrets that are shown once, and codes that change every half minute.
//!
//! A hashed password: version (1 byte) · memory in KiB (4, big-endian) · passes (4) · lanes (4) · salt (16) · hash (32).

use std::hint::black_box;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sm3::{Digest, Sm3};
use zeroize::Zeroizing;
use zhike_domain::sensitive::Sensitive;

use crate::error::{Error, Result};
use crate::random;

const VERSION: u8 = 1;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
const STORED_BYTES: usize = 13 + SALT_BYTES + HASH_BYTES;
/// Memory in KiB, passes, lanes.
///
/// Source: OWASP Password Storage Cheat Sheet, the first option for Argon2id.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);
/// The most that stored parameters may ask for, so that a damaged row cannot exhaust the machine.
const MAX_COST: (u32, u32, u32) = (256 * 1024, 8, 4);

/// Letters that nobody takes for one another: 32 of them.
const LETTERS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Source: RFC 4648 §6.
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Bytes of a second factor's secret.
///
/// Source: RFC 4226 §4: 160 bits.
pub const TOTP_SECRET_BYTES: usize = 20;
/// Source: RFC 6238 §5.2.
const TOTP_STEP_S: i64 = 30;

/// Hashes a password; takes a tenth of a second and 19 MiB.
pub fn hash_password(password: &Sensitive<String>) -> Result<Vec<u8>> {
    let mut salt = [0; SALT_BYTES];
    random::fill(&mut salt);
    let hash = stretch(password, &salt, COST)?;
    let cost = [COST.0, COST.1, COST.2].map(u32::to_be_bytes).concat();
    Ok([&[VERSION][..], &cost, &salt, &hash[..]].concat())
}

/// What stands for the password of somebody who is not there: no password is it, and finding out takes as long.
pub fn no_password() -> Vec<u8> {
    let cost = [COST.0, COST.1, COST.2].map(u32::to_be_bytes).concat();
    [&[VERSION][..], &cost, &[0; SALT_BYTES + HASH_BYTES]].concat()
}

/// Whether a password is the hashed one; takes as long whatever the answer.
///
/// Errors: [`Error::Corrupt`] when the stored hash is none.
pub fn verify_password(password: &Sensitive<String>, stored: &[u8]) -> Result<bool> {
    let corrupt = || Error::corrupt("a hashed password", "it is of no known form");
    let stored: &[u8; STORED_BYTES] = stored.try_into().map_err(|_| corrupt())?;
    let number = |at: usize| stored[at..at + 4].iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    let cost = (number(1), number(5), number(9));
    if stored[0] != VERSION || cost.0 > MAX_COST.0 || cost.1 > MAX_COST.1 || cost.2 > MAX_COST.2 {
        return Err(corrupt());
    }
    let hash = stretch(password, &stored[13..13 + SALT_BYTES], cost)?;
    Ok(is_same(&hash[..], &stored[13 + SALT_BYTES..]))
}

fn stretch(password: &Sensitive<String>, salt: &[u8], cost: (u32, u32, u32)) -> Result<Zeroizing<[u8; HASH_BYTES]>> {
    let refused = |_| Error::corrupt("the cost of a hashed password", "Argon2 does not take it");
    let params = Params::new(cost.0, cost.1, cost.2, Some(HASH_BYTES)).map_err(refused)?;
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose().as_bytes(), salt, &mut hash[..])
        .map_err(refused)?;
    Ok(hash)
}

/// Compares all bytes, whichever differ.
fn is_same(left: &[u8], right: &[u8]) -> bool {
    let differing = left.iter().zip(right).fold(0, |all, (left, right)| black_box(all | (left ^ right)));
    left.len() == right.len() && differing == 0
}

/// A new secret of 256 bits, as text for addresses, cookies and headers.
///
/// Errors: [`Error::Io`] when the system has no randomness to give.
pub fn new_secret() -> Result<String> {
    Ok(URL_SAFE_NO_PAD.encode(&random::system_key::<32>()?[..]))
}

/// What is kept of a secret of 256 bits: nothing that leads back to it. It is looked up by this, never compared.
pub fn secret_hash(secret: &str) -> [u8; 32] {
    let mut hash = Sm3::new();
    hash.update(b"zhike secret 1\0");
    hash.update(secret.as_bytes());
    hash.finalize().into()
}

/// A word that is shown once and typed by hand; five bits a letter.
pub fn new_word(n_letters: usize) -> Sensitive<String> {
    let mut bytes = Zeroizing::new(vec![0; n_letters]);
    random::fill(&mut bytes);
    Sensitive::new(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte & 31)])).collect())
}

/// A new secret of a second factor.
///
/// Errors: [`Error::Io`] when the system has no randomness to give.
pub fn new_totp_secret() -> Result<Zeroizing<[u8; TOTP_SECRET_BYTES]>> {
    random::system_key()
}

/// A secret as authenticators take it.
pub fn base32(bytes: &[u8]) -> String {
    let mut text = String::new();
    let (mut held, mut n_bits) = (0_u32, 0);
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        n_bits += 8;
        while n_bits >= 5 {
            n_bits -= 5;
            text.push(char::from(BASE32[(held >> n_bits & 31) as usize]));
        }
    }
    if n_bits > 0 {
        text.push(char::from(BASE32[(held << (5 - n_bits) & 31) as usize]));
    }
    text
}

/// The step of time at which a code holds: now, or one before or after, for clocks that differ; `None` for other codes.
/// A step whose code was taken once is not to be taken again: the caller hands in the last one.
///
/// Source: RFC 6238, HMAC-SHA-1 and six digits, as authenticators have them.
pub fn totp_step(secret: &[u8], code: &str, now_s: i64, last_step: Option<i64>) -> Option<i64> {
    let now = now_s.div_euclid(TOTP_STEP_S);
    let given = code.trim();
    let mut found = None;
    for step in now - 1..=now + 1 {
        let wanted = totp_code(secret, step);
        if is_same(wanted.as_bytes(), given.as_bytes()) && last_step.is_none_or(|last| step > last) {
            found = Some(step);
        }
    }
    found
}

/// The code of a step of time.
pub fn totp_code(secret: &[u8], step: i64) -> String {
    format!("{:06}", hotp(secret, step as u64) % 1_000_000)
}

/// Source: RFC 4226 §5.3.
fn hotp(secret: &[u8], counter: u64) -> u32 {
    let Ok(mut mac) = <Hmac<Sha1> as KeyInit>::new_from_slice(secret) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(&counter.to_be_bytes());
    let hash = mac.finalize().into_bytes();
    let at = usize::from(hash[19] & 15);
    hash[at..at + 4].iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte)) & 0x7fff_ffff
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn word(text: &str) -> Sensitive<String> {
        Sensitive::new(text.to_owned())
    }

    #[test]
    fn a_password_opens_what_was_made_of_it_and_nothing_else() {
        let stored = hash_password(&word("correct horse battery")).unwrap();
        assert!(verify_password(&word("correct horse battery"), &stored).unwrap());
        assert!(!verify_password(&word("correct horse batterz"), &stored).unwrap());
        assert_ne!(stored, hash_password(&word("correct horse battery")).unwrap());
        assert!(!verify_password(&word("correct horse battery"), &no_password()).unwrap());
        let mut damaged = stored.clone();
        damaged[0] = 9;
        assert!(verify_password(&word("x"), &damaged).is_err());
        // A row that asks for a terabyte is refused before it is tried.
        damaged = stored;
        damaged[1..5].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(verify_password(&word("x"), &damaged).is_err());
    }

    /// Source: RFC 6238 appendix B, last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(totp_step(secret, code, at, None), Some(at / 30), "{at}");
            assert_eq!(totp_step(secret, code, at + 30, None), Some(at / 30));
            assert_eq!(totp_step(secret, code, at + 90, None), None);
            // What was used is used up.
            assert_eq!(totp_step(secret, code, at, Some(at / 30)), None);
        }
        assert_eq!(totp_step(secret, "", 59, None), None);
    }

    /// Source: RFC 4648 §10, without padding.
    #[test]
    fn base32_is_that_of_the_standard() {
        for (bytes, text) in [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foobar", "MZXW6YTBOI")] {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn secrets_differ_and_hide() {
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_eq!(one.len(), 43);
        assert_ne!(one, other);
        assert_ne!(secret_hash(&one), secret_hash(&other));
        assert_eq!(new_word(16).expose().len(), 16);
    }

    proptest! {
        #[test]
        fn comparison_is_equality(left in prop::collection::vec(any::<u8>(), 0..9), right in prop::collection::vec(any::<u8>(), 0..9)) {
            prop_assert_eq!(is_same(&left, &right), left == right);
            prop_assert!(is_same(&left, &left));
        }

        #[test]
        fn no_code_panics(code in ".{0,12}", at in any::<i32>()) {
            let _ = totp_step(b"12345678901234567890", &code, i64::from(at), None);
        }
    }
}
