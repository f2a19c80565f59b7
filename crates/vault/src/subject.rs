//! Subjects, and the sealing of their values.
//!
//! A sealed value: version (1 byte) · algorithm (1) · nonce (12) · ciphertext (as long as the value) · tag (16). The tag
//! also covers version, algorithm, subject, table and column, each with its length, so that a value moved to another
//! person or place does not open.

use std::fmt;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gcm::{self, ALG_AES_128_GCM, ALG_SM4_GCM, Aes128Gcm, KeyInit, NONCE_BYTES, Sm4Gcm, TAG_BYTES};
use crate::kek::unsupported;
use crate::random;

pub(crate) const KEY_BYTES: usize = 16;

const VERSION: u8 = 1;
const PREFIX_BYTES: usize = 2 + NONCE_BYTES;
const SUBJECT_BYTES: usize = 9;

/// Whose data a key opens; destroying the key erases the data wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A person, by profile id.
    Profile(i64),
    /// The rows of one load that belong to nobody yet, by batch id: quarantine.
    Batch(i64),
}

impl Subject {
    /// Kind (1 byte) · id (8, big-endian).
    pub(crate) fn to_bytes(self) -> [u8; SUBJECT_BYTES] {
        let (kind, id) = match self {
            Self::Profile(id) => (1, id),
            Self::Batch(id) => (2, id),
        };
        let mut bytes = [kind; SUBJECT_BYTES];
        bytes[1..].copy_from_slice(&id.to_be_bytes());
        bytes
    }

    pub(crate) fn from_parts(kind: u8, id: i64) -> Option<Self> {
        match kind {
            1 => Some(Self::Profile(id)),
            2 => Some(Self::Batch(id)),
            _ => None,
        }
    }
}

/// Where a sealed value belongs: it opens only there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The column's name.
    pub column: &'a str,
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.table, self.column)
    }
}

/// What new values are sealed with; values under the other open as before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueAlgorithm {
    /// SM4-GCM, where national algorithms are required.
    #[default]
    Sm4Gcm,
    /// AES-128-GCM: fast where the processor helps.
    Aes128Gcm,
}

impl ValueAlgorithm {
    const fn byte(self) -> u8 {
        match self {
            Self::Sm4Gcm => ALG_SM4_GCM,
            Self::Aes128Gcm => ALG_AES_128_GCM,
        }
    }
}

enum Cipher {
    Sm4(Box<Sm4Gcm>),
    Aes128(Box<Aes128Gcm>),
}

impl Cipher {
    fn new(algorithm: ValueAlgorithm, key: &[u8; KEY_BYTES]) -> Self {
        match algorithm {
            ValueAlgorithm::Sm4Gcm => Self::Sm4(Box::new(Sm4Gcm::new(key.into()))),
            ValueAlgorithm::Aes128Gcm => Self::Aes128(Box::new(Aes128Gcm::new(key.into()))),
        }
    }
}

/// A subject's key, ready to seal and open; it and its round keys are wiped when it is dropped.
///
/// One key seals at most 2³² values (nonces are random), which no person and no batch comes near.
pub struct SubjectKey {
    subject: Subject,
    key: Zeroizing<[u8; KEY_BYTES]>,
    algorithm: ValueAlgorithm,
    cipher: Cipher,
}

impl SubjectKey {
    pub(crate) fn new(subject: Subject, key: &[u8; KEY_BYTES], algorithm: ValueAlgorithm) -> Self {
        Self { subject, key: Zeroizing::new(*key), algorithm, cipher: Cipher::new(algorithm, key) }
    }

    /// Whose key this is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// Seals a value for its place: 30 bytes longer, different every time.
    ///
    /// Source: RFC 8998 (SM4-GCM).
    pub fn seal(&self, place: Place<'_>, plaintext: &[u8]) -> Vec<u8> {
        let nonce = random::nonce();
        let mut sealed = Vec::with_capacity(PREFIX_BYTES + plaintext.len() + TAG_BYTES);
        sealed.extend_from_slice(&[VERSION, self.algorithm.byte()]);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(plaintext);
        let (aad, content) = (aad(self.algorithm, self.subject, place), &mut sealed[PREFIX_BYTES..]);
        let tag = match &self.cipher {
            Cipher::Sm4(cipher) => gcm::seal(&**cipher, &nonce, &aad, content),
            Cipher::Aes128(cipher) => gcm::seal(&**cipher, &nonce, &aad, content),
        };
        sealed.extend_from_slice(&tag);
        sealed
    }

    /// Opens a value that was sealed for this subject and place; the result is wiped when it is dropped.
    ///
    /// Errors: [`Error::Corrupt`] when it is damaged, forged, or of another subject or place;
    /// [`Error::UnsupportedVersion`].
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let corrupt = |why| Error::corrupt(format!("a sealed value of {place}"), why);
        let short = || corrupt("it is cut short");
        let (&[version, alg], rest) = sealed.split_first_chunk().ok_or_else(short)?;
        if version != VERSION {
            return Err(unsupported("a sealed value", version, VERSION));
        }
        let algorithm = match alg {
            ALG_SM4_GCM => ValueAlgorithm::Sm4Gcm,
            ALG_AES_128_GCM => ValueAlgorithm::Aes128Gcm,
            _ => return Err(unsupported("the algorithm of a sealed value", alg, ALG_AES_128_GCM)),
        };
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(short)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(short)?;
        let mut plaintext = Zeroizing::new(ciphertext.to_vec());
        let aad = aad(algorithm, self.subject, place);
        let other;
        let cipher = if algorithm == self.algorithm {
            &self.cipher
        } else {
            other = Cipher::new(algorithm, &self.key);
            &other
        };
        let opened = match cipher {
            Cipher::Sm4(cipher) => gcm::open(&**cipher, nonce, &aad, &mut plaintext, tag),
            Cipher::Aes128(cipher) => gcm::open(&**cipher, nonce, &aad, &mut plaintext, tag),
        };
        opened.map_err(|_| corrupt("it was not sealed under this key for this subject and place"))?;
        Ok(plaintext)
    }
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubjectKey({:?})", self.subject)
    }
}

/// Version · algorithm · subject (9) · table and column, each after its length (8, big-endian).
fn aad(algorithm: ValueAlgorithm, subject: Subject, place: Place<'_>) -> Vec<u8> {
    let names = [place.table, place.column];
    let mut aad = Vec::with_capacity(2 + SUBJECT_BYTES + names.iter().map(|name| 8 + name.len()).sum::<usize>());
    aad.extend_from_slice(&[VERSION, algorithm.byte()]);
    aad.extend_from_slice(&subject.to_bytes());
    for name in names {
        aad.extend_from_slice(&(name.len() as u64).to_be_bytes());
        aad.extend_from_slice(name.as_bytes());
    }
    aad
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PHONE: Place<'_> = Place { table: "profiles", column: "phone" };

    fn subjects() -> impl Strategy<Value = Subject> {
        prop_oneof![any::<i64>().prop_map(Subject::Profile), any::<i64>().prop_map(Subject::Batch)]
    }

    proptest! {
        #[test]
        fn a_value_comes_back(
            subject in subjects(), key in any::<[u8; 16]>(), table in ".{0,300}", column in ".{0,20}",
            value in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let place = Place { table: &table, column: &column };
            let key = SubjectKey::new(subject, &key, ValueAlgorithm::default());
            let sealed = key.seal(place, &value);
            prop_assert_eq!(sealed.len(), value.len() + 30);
            prop_assert_eq!(&key.open(place, &sealed).unwrap()[..], &value[..]);
            prop_assert_ne!(key.seal(place, &value), sealed);
        }

        #[test]
        fn values_under_either_algorithm_open(subject in subjects(), key in any::<[u8; 16]>(), value in ".{0,40}") {
            use ValueAlgorithm::{Aes128Gcm, Sm4Gcm};
            let keys = [Sm4Gcm, Aes128Gcm].map(|algorithm| SubjectKey::new(subject, &key, algorithm));
            for key in &keys {
                let sealed = key.seal(PHONE, value.as_bytes());
                for other in &keys {
                    prop_assert_eq!(&other.open(PHONE, &sealed).unwrap()[..], value.as_bytes());
                    // The algorithm is covered by the tag.
                    let mut named = sealed.clone();
                    named[1] ^= ALG_SM4_GCM ^ ALG_AES_128_GCM;
                    prop_assert!(other.open(PHONE, &named).is_err());
                }
            }
        }

        /// INV-VAULT-2
        #[test]
        fn a_value_opens_only_in_its_place_for_its_subject(
            a in subjects(), b in subjects(), names in prop::array::uniform4("[a-c]{0,3}"),
        ) {
            let [table, column, other_table, other_column] = &names;
            let (place, other) = (Place { table, column }, Place { table: other_table, column: other_column });
            let sealed = SubjectKey::new(a, &[1; 16], ValueAlgorithm::default()).seal(place, b"13800138000");
            prop_assert_eq!(SubjectKey::new(b, &[1; 16], ValueAlgorithm::default()).open(place, &sealed).is_ok(), a == b);
            prop_assert_eq!(SubjectKey::new(a, &[1; 16], ValueAlgorithm::default()).open(other, &sealed).is_ok(), place == other);
            prop_assert!(SubjectKey::new(a, &[2; 16], ValueAlgorithm::default()).open(place, &sealed).is_err());
        }

        /// INV-VAULT-2
        #[test]
        fn a_flipped_bit_is_refused(value in prop::collection::vec(any::<u8>(), 0..40)) {
            let key = SubjectKey::new(Subject::Profile(1), &[1; 16], ValueAlgorithm::default());
            let sealed = key.seal(PHONE, &value);
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                prop_assert!(key.open(PHONE, &flipped).is_err());
            }
        }

        /// INV-VAULT-6
        #[test]
        fn arbitrary_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..80), headed in any::<bool>()) {
            if headed && bytes.len() >= 2 {
                bytes[..2].copy_from_slice(&[VERSION, ALG_SM4_GCM]);
            }
            prop_assert!(SubjectKey::new(Subject::Profile(1), &[1; 16], ValueAlgorithm::default()).open(PHONE, &bytes).is_err());
        }
    }
}
