//! The frame that all key files share.
//!
//! `"ZHKV"` · kind (1 byte) · version (1) · payload length (2, big-endian) · payload · checksum (8): SM3 of everything
//! before it, first bytes. Every future version keeps magic, kind and version in front and the checksum at the end, so
//! that damage and a newer version can be told apart.

use std::path::Path;

use sm3::{Digest, Sm3};
use zeroize::Zeroizing;

use crate::error::{Error, Result};

const MAGIC: [u8; 4] = *b"ZHKV";
const HEADER_BYTES: usize = 8;
const CHECKSUM_BYTES: usize = 8;

/// The version that this program writes.
pub(crate) const VERSION: u8 = 1;

/// What a key file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Root = 1,
    Params = 2,
    Kek = 3,
    Index = 4,
}

/// Frames a payload.
pub(crate) fn encode(kind: Kind, payload: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(HEADER_BYTES + payload.len() + CHECKSUM_BYTES));
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&[kind as u8, VERSION]);
    bytes.extend_from_slice(&(payload.len() as u16).to_be_bytes());
    bytes.extend_from_slice(payload);
    let checksum = checksum(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}

/// Takes the payload, of exactly `N` bytes, out of a file's bytes.
///
/// Errors: [`Error::Corrupt`], [`Error::UnsupportedVersion`].
pub(crate) fn decode<'a, const N: usize>(path: &Path, kind: Kind, bytes: &'a [u8]) -> Result<&'a [u8; N]> {
    let corrupt = |why| Error::corrupt(path.display().to_string(), why);
    let (framed, sum) = bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| corrupt("it is cut short"))?;
    let (header, payload) = framed.split_first_chunk::<HEADER_BYTES>().ok_or_else(|| corrupt("it is cut short"))?;
    let [m0, m1, m2, m3, found_kind, version, len @ ..] = *header;
    if [m0, m1, m2, m3] != MAGIC {
        return Err(corrupt("it is not a key file"));
    }
    if checksum(framed) != *sum {
        return Err(corrupt("its checksum does not match"));
    }
    if version != VERSION {
        return Err(Error::UnsupportedVersion { what: path.display().to_string(), found: version, known: VERSION });
    }
    if found_kind != kind as u8 {
        return Err(corrupt("it holds another kind of key"));
    }
    let payload: &[u8; N] = payload.try_into().map_err(|_| corrupt("its payload has a wrong length"))?;
    if usize::from(u16::from_be_bytes(len)) == N { Ok(payload) } else { Err(corrupt("its payload has a wrong length")) }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut sum = [0; CHECKSUM_BYTES];
    sum.copy_from_slice(&Sm3::digest(bytes)[..CHECKSUM_BYTES]);
    sum
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(bytes: &[u8]) -> Result<[u8; 5]> {
        decode::<5>(Path::new("kek-1.key"), Kind::Kek, bytes).copied()
    }

    #[test]
    fn damage_and_newer_versions_are_told_apart() {
        let good = encode(Kind::Kek, b"12345");
        assert_eq!(read(&good).unwrap(), *b"12345");
        for bit in 0..good.len() * 8 {
            let mut flipped = good.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(matches!(read(&flipped), Err(Error::Corrupt { .. })), "bit {bit}");
        }
        let mut newer = good[..good.len() - CHECKSUM_BYTES].to_vec();
        newer[5] = 2;
        let sum = checksum(&newer);
        newer.extend_from_slice(&sum);
        assert!(matches!(read(&newer), Err(Error::UnsupportedVersion { found: 2, known: 1, .. })));
        assert!(matches!(read(&encode(Kind::Index, b"12345")), Err(Error::Corrupt { .. })));
        assert!(matches!(read(&encode(Kind::Kek, b"1234")), Err(Error::Corrupt { .. })));
    }

    proptest! {
        /// INV-VAULT-6
        #[test]
        fn arbitrary_bytes_are_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..64), magic in any::<bool>()) {
            if magic && bytes.len() >= 4 {
                bytes[..4].copy_from_slice(&MAGIC);
            }
            prop_assert!(read(&bytes).is_err());
        }
    }
}
