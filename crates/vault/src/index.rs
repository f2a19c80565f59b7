//! Blind indexes of identities and fingerprints of content: keyed, deterministic, useless without the index root.

use std::fmt;
use std::io;

use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use sm3::Sm3;
use zeroize::{Zeroize, Zeroizing};

use crate::gcm::KeyInit;

/// Derives a key by HKDF-Expand with SM3 from the index root, which is uniformly random.
///
/// Source: RFC 5869 §2.3. The length before the name keeps (label, name) pairs apart.
pub(crate) fn derive(root: &[u8; 32], label: &str, name: &str) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let label_len = (label.len() as u64).to_be_bytes();
    let expanded = Hkdf::<Sm3>::from_prk(root).is_ok_and(|hkdf| {
        hkdf.expand_multi_info(&[&label_len, label.as_bytes(), name.as_bytes()], &mut key[..]).is_ok()
    });
    assert!(expanded, "a 32-byte root expands to a 32-byte key");
    key
}

/// HMAC-SM3 of bytes under the key of a purpose.
pub(crate) fn mac(root: &[u8; 32], purpose: &str, bytes: &[u8]) -> [u8; 32] {
    let key = derive(root, "zhike vault 1 document", purpose);
    let Ok(mut mac) = Hmac::<Sm3>::new_from_slice(&key[..]) else { unreachable!("HMAC takes keys of any length") };
    mac.update(bytes);
    mac.finalize().into_bytes().into()
}

/// Computes blind indexes of one identity kind; cheap to clone, for use on many threads.
#[derive(Clone)]
pub struct Indexer {
    mac: Hmac<Sm3>,
}

impl Indexer {
    pub(crate) fn new(root: &[u8; 32], kind: &str) -> Self {
        let key = derive(root, "zhike vault 1 blind index", kind);
        match Hmac::new_from_slice(&key[..]) {
            Ok(mac) => Self { mac },
            Err(_) => unreachable!("HMAC takes keys of any length"),
        }
    }

    /// The blind index of a normalised value: HMAC-SM3, first 16 bytes.
    ///
    /// Equal values have equal indexes, so normalise (digits only, lower case) before.
    pub fn index(&self, value: &str) -> [u8; 16] {
        let mut mac = self.mac.clone();
        mac.update(value.as_bytes());
        first_16(&mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Indexer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Indexer")
    }
}

/// Fingerprints content that may hold personal data, such as whole rows and files; cheap to clone.
///
/// Keyed BLAKE3, first 16 bytes. A fingerprint is stored beside the data it stands for, so it must not be guessable by
/// hashing likely rows: a key is needed, a national algorithm is not, since nothing is recovered from it. HMAC-SM3 costs
/// four times as much for a row and over ten times for a file (RFD 0002).
#[derive(Clone)]
pub struct Fingerprinter {
    key: Zeroizing<[u8; 32]>,
}

impl Fingerprinter {
    pub(crate) fn new(root: &[u8; 32]) -> Self {
        Self { key: derive(root, "zhike vault 1 fingerprint", "") }
    }

    /// The fingerprint of bytes; the caller encodes a row so that different rows have different bytes.
    pub fn fingerprint(&self, bytes: &[u8]) -> [u8; 16] {
        first_16(blake3::keyed_hash(&self.key, bytes).as_bytes())
    }

    /// Starts the fingerprint of bytes that arrive in pieces, such as a file.
    pub fn stream(&self) -> FingerprintStream {
        FingerprintStream { hasher: blake3::Hasher::new_keyed(&self.key) }
    }
}

impl fmt::Debug for Fingerprinter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fingerprinter")
    }
}

/// A fingerprint under way; however the bytes are cut, it ends as [`Fingerprinter::fingerprint`] of all of them.
pub struct FingerprintStream {
    hasher: blake3::Hasher,
}

impl FingerprintStream {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
    }

    /// The fingerprint of the bytes so far.
    pub fn finish(&self) -> [u8; 16] {
        first_16(self.hasher.finalize().as_bytes())
    }
}

impl io::Write for FingerprintStream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for FingerprintStream {
    fn drop(&mut self) {
        self.hasher.zeroize();
    }
}

impl fmt::Debug for FingerprintStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintStream")
    }
}

fn first_16(hash: &[u8; 32]) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash[..16]);
    first
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: [u8; 32] = [7; 32];

    proptest! {
        /// INV-VAULT-8
        #[test]
        fn an_index_depends_on_value_kind_and_root(a in ".{0,40}", b in ".{0,40}", kind in "[a-z_]{1,12}") {
            let indexer = Indexer::new(&ROOT, &kind);
            prop_assert_eq!(indexer.index(&a), Indexer::new(&ROOT, &kind).index(&a));
            prop_assert_eq!(indexer.index(&a) == indexer.index(&b), a == b);
            prop_assert_ne!(indexer.index(&a), Indexer::new(&ROOT, &format!("{kind}2")).index(&a));
            prop_assert_ne!(indexer.index(&a), Indexer::new(&[8; 32], &kind).index(&a));
        }

        #[test]
        fn a_fingerprint_does_not_depend_on_how_bytes_are_cut(
            bytes in prop::collection::vec(any::<u8>(), 0..4000), cut in any::<prop::sample::Index>(),
        ) {
            let fingerprinter = Fingerprinter::new(&ROOT);
            let cut = cut.index(bytes.len() + 1);
            let mut stream = fingerprinter.stream();
            stream.update(&bytes[..cut]);
            stream.update(&bytes[cut..]);
            prop_assert_eq!(stream.finish(), fingerprinter.fingerprint(&bytes));
            prop_assert_ne!(stream.finish(), Fingerprinter::new(&[8; 32]).fingerprint(&bytes));
        }
    }

    /// INV-VAULT-8: an index of a kind named like another purpose still has a key of its own.
    #[test]
    fn purposes_have_keys_of_their_own() {
        assert_ne!(*derive(&ROOT, "a", "bc"), *derive(&ROOT, "ab", "c"));
    }
}
