//! An archive of files that a password opens, in the format that 7-Zip, WinZip and others read: ZIP with AES-256.
//!
//! Salt (16 bytes) · check of the password (2) · ciphertext · code (10), as "AE-2": keys by PBKDF2 with HMAC-SHA1, AES-256 in
//! counter mode with a little-endian counter from 1, HMAC-SHA1 over the ciphertext cut to 80 bits. The format allows nothing
//! stronger than SHA1 here; as a code and in PBKDF2 it stands, and the password is 100 random bits.
//!
//! Source: AES Encryption Information, WinZip, version 1.04; APPNOTE.TXT 6.3.10 §4.3, §4.5.3.

use std::io::{self, Read, Write};

use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::{Array, BlockCipherEncrypt};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use zeroize::Zeroizing;
use zhike_domain::sensitive::Sensitive;

use crate::random;

const ITERATIONS: u32 = 1_000;
const SALT_BYTES: usize = 16;
const CODE_BYTES: usize = 10;
/// Salt, check and code around the content.
const EXTRA_BYTES: u64 = (SALT_BYTES + 2 + CODE_BYTES) as u64;
/// Sizes are 32-bit numbers: beyond, another structure would be needed.
pub const MAX_BYTES: u64 = u32::MAX as u64 - 1024;
const CHUNK: usize = 64 << 10;

/// Keys of an archive: for the cipher, for the code, and the check of the password.
struct Keys {
    cipher: Aes256,
    code: Hmac<Sha1>,
    check: [u8; 2],
}

impl Keys {
    fn new(password: &Sensitive<String>, salt: &[u8; SALT_BYTES]) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 66]);
        pbkdf2(password.expose().as_bytes(), salt, &mut bytes[..]);
        let (Ok(cipher), Ok(code)) = (
            <Aes256 as KeyInit>::new_from_slice(&bytes[..32]),
            <Hmac<Sha1> as KeyInit>::new_from_slice(&bytes[32..64]),
        ) else {
            unreachable!("both take keys of 32 bytes")
        };
        Self { cipher, code, check: [bytes[64], bytes[65]] }
    }
}

/// Source: RFC 8018 §5.2, with HMAC-SHA1.
fn pbkdf2(password: &[u8], salt: &[u8], out: &mut [u8]) {
    let Ok(keyed) = <Hmac<Sha1> as KeyInit>::new_from_slice(password) else {
        unreachable!("HMAC takes keys of any length")
    };
    for (number, block) in (1_u32..).zip(out.chunks_mut(20)) {
        let mut mac = keyed.clone();
        mac.update(salt);
        mac.update(&number.to_be_bytes());
        let mut last: [u8; 20] = mac.finalize().into_bytes().into();
        let mut sum = last;
        for _ in 1..ITERATIONS {
            let mut mac = keyed.clone();
            mac.update(&last);
            last = mac.finalize().into_bytes().into();
            sum.iter_mut().zip(last).for_each(|(sum, byte)| *sum ^= byte);
        }
        block.copy_from_slice(&sum[..block.len()]);
    }
}

/// Turns plaintext into ciphertext and back, in place; pieces before the last are whole blocks.
fn apply(cipher: &Aes256, counter: &mut u128, bytes: &mut [u8]) {
    for block in bytes.chunks_mut(16) {
        let mut pad = Array::from(counter.to_le_bytes());
        cipher.encrypt_block(&mut pad);
        block.iter_mut().zip(pad).for_each(|(byte, pad)| *byte ^= pad);
        *counter += 1;
    }
}

/// Writes an archive that holds one file of a known length.
///
/// **Errors**: as [`Archive::add`].
pub fn seal(
    out: &mut impl Write,
    name: &str,
    content: &mut impl Read,
    n_bytes: u64,
    password: &Sensitive<String>,
) -> io::Result<()> {
    let mut archive = Archive::new(out, password);
    archive.add(name, content, n_bytes)?;
    archive.finish()
}

/// An archive of several files under one password, being written. Each file has a salt and so keys of its own.
pub struct Archive<'a, W: Write> {
    out: W,
    password: &'a Sensitive<String>,
    at: u64,
    directory: Vec<u8>,
    n_files: u16,
}

impl<'a, W: Write> Archive<'a, W> {
    /// Begins an archive.
    pub fn new(out: W, password: &'a Sensitive<String>) -> Self {
        Self { out, password, at: 0, directory: Vec::new(), n_files: 0 }
    }

    /// Adds a file of a known length.
    ///
    /// **Errors**: what reading or writing says; `InvalidInput` when the archive becomes longer than a plain one can be, or the
    /// content is not as long as was said.
    pub fn add(&mut self, name: &str, content: &mut impl Read, n_bytes: u64) -> io::Result<()> {
        let invalid = |what: &'static str| io::Error::new(io::ErrorKind::InvalidInput, what);
        // The directory repeats the names.
        let n_before = self.at + self.directory.len() as u64;
        if n_before.saturating_add(n_bytes) > MAX_BYTES || self.n_files == u16::MAX || name.len() > 256 {
            return Err(invalid("the file is too large for the archive"));
        }
        let mut salt = [0; SALT_BYTES];
        random::fill(&mut salt);
        let Keys { cipher, mut code, check } = Keys::new(self.password, &salt);
        let head = Header { name, packed: (n_bytes + EXTRA_BYTES) as u32, n_bytes: n_bytes as u32 };
        let local = head.local();
        self.out.write_all(&local)?;
        self.out.write_all(&salt)?;
        self.out.write_all(&check)?;
        let (mut counter, mut left) = (1, n_bytes);
        let mut buffer = Zeroizing::new(vec![0; CHUNK]);
        while left > 0 {
            let n = left.min(CHUNK as u64) as usize;
            content.read_exact(&mut buffer[..n])?;
            apply(&cipher, &mut counter, &mut buffer[..n]);
            code.update(&buffer[..n]);
            self.out.write_all(&buffer[..n])?;
            left -= n as u64;
        }
        if content.read(&mut [0])? > 0 {
            return Err(invalid("the file is longer than was said"));
        }
        self.out.write_all(&code.finalize().into_bytes()[..CODE_BYTES])?;
        self.directory.extend(head.entry(self.at as u32));
        self.at += local.len() as u64 + u64::from(head.packed);
        self.n_files += 1;
        Ok(())
    }

    /// Writes the directory: the archive is whole.
    ///
    /// **Errors**: what writing says.
    pub fn finish(mut self) -> io::Result<()> {
        let mut end = std::mem::take(&mut self.directory);
        let n_bytes = end.len() as u32;
        end.extend_from_slice(b"PK\x05\x06\0\0\0\0");
        end.extend_from_slice(&self.n_files.to_le_bytes());
        end.extend_from_slice(&self.n_files.to_le_bytes());
        end.extend_from_slice(&n_bytes.to_le_bytes());
        end.extend_from_slice(&(self.at as u32).to_le_bytes());
        end.extend_from_slice(&[0; 2]);
        self.out.write_all(&end)?;
        self.out.flush()
    }
}

struct Header<'a> {
    name: &'a str,
    packed: u32,
    n_bytes: u32,
}

impl Header<'_> {
    /// What both headers share, from the version needed to the length of the extra field.
    fn common(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |value: u64, n: usize| bytes.extend_from_slice(&value.to_le_bytes()[..n]);
        put(51, 2); // Version 5.1: AES.
        put(0x0801, 2); // Encrypted, name in UTF-8.
        put(99, 2); // Method: see the extra field.
        put(0, 2); // No time.
        put(0x21, 2); // 1980-01-01.
        put(0, 4); // AE-2 has no checksum of the content.
        put(self.packed.into(), 4);
        put(self.n_bytes.into(), 4);
        put(self.name.len() as u64, 2);
        put(11, 2);
        bytes
    }

    const EXTRA: [u8; 11] = [0x01, 0x99, 7, 0, 2, 0, b'A', b'E', 3, 0, 0];

    fn local(&self) -> Vec<u8> {
        [&b"PK\x03\x04"[..], &self.common(), self.name.as_bytes(), &Self::EXTRA].concat()
    }

    /// What the directory says of the file that begins at a place.
    fn entry(&self, at: u32) -> Vec<u8> {
        let name = self.name.as_bytes();
        let common = self.common();
        [&b"PK\x01\x02\x33\x00"[..], &common, &[0; 10], &at.to_le_bytes(), name, &Self::EXTRA].concat()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Opens an archive as the format says, apart from what wrote it: nothing where password or code do not fit.
    fn open_all(archive: &[u8], password: &str) -> Option<Vec<(String, Vec<u8>)>> {
        let number = |at: usize, n: usize| -> Option<usize> {
            Some(archive.get(at..at + n)?.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        };
        let end = archive.len().checked_sub(22)?;
        let mut entry = number(end + 16, 4)?;
        assert_eq!(archive.get(end..end + 4)?, &b"PK\x05\x06"[..]);
        let n_files = number(end + 10, 2)?;
        assert_eq!(number(end + 8, 2)?, n_files);
        let mut files = Vec::new();
        for _ in 0..n_files {
            assert_eq!(archive.get(entry..entry + 4)?, &b"PK\x01\x02"[..]);
            let local = number(entry + 42, 4)?;
            assert_eq!((archive.get(local..local + 4)?, number(local + 8, 2)?), (&b"PK\x03\x04"[..], 99));
            let (packed, n_name, n_extra) = (number(local + 18, 4)?, number(local + 26, 2)?, number(local + 28, 2)?);
            let name = String::from_utf8(archive.get(local + 30..local + 30 + n_name)?.to_vec()).ok()?;
            let start = local + 30 + n_name + n_extra;
            let (salt, rest) = archive.get(start..start + packed)?.split_first_chunk::<SALT_BYTES>()?;
            let (check, rest) = rest.split_first_chunk::<2>()?;
            let (content, code) = rest.split_last_chunk::<CODE_BYTES>()?;
            let mut keys = Keys::new(&Sensitive::new(password.to_owned()), salt);
            keys.code.update(content);
            if *check != keys.check || keys.code.finalize().into_bytes()[..CODE_BYTES] != code[..] {
                return None;
            }
            let mut content = content.to_vec();
            apply(&keys.cipher, &mut 1, &mut content);
            files.push((name, content));
            entry += 46 + number(entry + 28, 2)? + number(entry + 30, 2)? + number(entry + 32, 2)?;
        }
        assert_eq!(entry, end);
        Some(files)
    }

    fn open(archive: &[u8], password: &str) -> Option<(String, Vec<u8>)> {
        let mut files = open_all(archive, password)?;
        assert_eq!(files.len(), 1);
        files.pop()
    }

    fn sealed(name: &str, content: &[u8], password: &str) -> Vec<u8> {
        let mut archive = Vec::new();
        let n = content.len() as u64;
        seal(&mut archive, name, &mut &content[..], n, &Sensitive::new(password.to_owned())).unwrap();
        archive
    }

    /// An archive that another program wrote (pyzipper 0.4.0): what we take the format to be is what others take it to be.
    #[test]
    fn an_archive_of_another_program_opens() {
        let archive = include_bytes!("../tests/fixtures/aes256.zip");
        let (name, content) = open(archive, "Correct-horse-7").unwrap();
        assert_eq!(
            (name.as_str(), content.as_slice()),
            ("客户.csv", "手机号,姓名\r\n138****5678,张*\r\n".repeat(9).as_bytes())
        );
        assert!(open(archive, "Correct-horse-8").is_none());
    }

    /// Source: RFC 6070 has no vector of 1,000 rounds; this one is by Python's hashlib.
    #[test]
    fn keys_are_stretched_as_elsewhere() {
        let mut key = [0; 25];
        pbkdf2(b"passwordPASSWORDpassword", b"saltSALTsaltSALTsaltSALTsaltSALTsalt", &mut key);
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, include_str!("../tests/fixtures/pbkdf2.hex").trim());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn what_was_sealed_opens_with_its_password_alone(content in prop::collection::vec(any::<u8>(), 0..200_000), flip in any::<prop::sample::Index>()) {
            let mut archive = sealed("a.csv", &content, "one");
            prop_assert_eq!(open(&archive, "one"), Some(("a.csv".to_owned(), content.clone())));
            prop_assert_eq!(open(&archive, "two"), None);
            let content_at = 30 + 5 + 11 + SALT_BYTES + 2;
            if !content.is_empty() {
                archive[content_at + flip.index(content.len())] ^= 1;
                prop_assert_eq!(open(&archive, "one"), None);
            }
        }
    }

    #[test]
    fn several_files_stand_in_one_archive() {
        let password = Sensitive::new("one".to_owned());
        let files = [("person.json", &b"{}"[..]), ("订单.csv", &[7; 70_000][..]), ("empty.csv", &b""[..])];
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes, &password);
        for (name, mut content) in files {
            let n_bytes = content.len() as u64;
            archive.add(name, &mut content, n_bytes).unwrap();
        }
        archive.finish().unwrap();
        let expected = files.map(|(name, content)| (name.to_owned(), content.to_vec()));
        assert_eq!(open_all(&bytes, "one").unwrap(), expected);
        assert!(open_all(&bytes, "two").is_none());
    }

    #[test]
    fn a_wrong_length_is_an_error() {
        let password = Sensitive::new("one".to_owned());
        for n in [0, 2, 4, MAX_BYTES + 1] {
            assert!(seal(&mut Vec::new(), "a", &mut &[1_u8, 2, 3][..], n, &password).is_err(), "{n}");
        }
    }
}
