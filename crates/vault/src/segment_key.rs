//! Keys of the event log's segments, and the sealing of its records.
//!
//! A segment's key is random, seals this segment only, and stands in the segment's header, wrapped by the
//! key-encryption key of an epoch: destroying the epoch makes the segment, and every copy of it, unreadable. So the log is
//! read to its end and cut before an epoch is destroyed; [`segment_epoch`] says which epoch a segment needs.
//!
//! A wrapped key: version (1 byte) · algorithm of the records (1) · epoch (4, big-endian) · segment (8) · nonce (12) ·
//! ciphertext (32 for AES-256-GCM, 16 for SM4-GCM) · tag (16), under SM4-GCM; associated data: `"zhike wal key"` and the
//! first 14 bytes. A sealed record: ciphertext · tag (16); nonce: zero (4) · position (8), which never comes twice;
//! associated data: `"zhike wal record"` · segment (8) · position (8).

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gcm::{self, ALG_AES_256_GCM, ALG_SM4_GCM, Aes256Gcm, KeyInit, NONCE_BYTES, Sm4Gcm, TAG_BYTES};
use crate::kek::{Kek, unsupported};
use crate::random;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 14;

/// How the records of a segment are sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SegmentAlgorithm {
    /// AES-256-GCM: fast where the processor helps.
    #[default]
    Aes256Gcm,
    /// SM4-GCM, where national algorithms are required.
    Sm4Gcm,
}

enum Cipher {
    Aes256(Box<Aes256Gcm>),
    Sm4(Box<Sm4Gcm>),
}

/// The key of one segment, ready to seal and open; its round keys are wiped when it is dropped.
pub struct SegmentKey {
    segment: u64,
    cipher: Cipher,
}

impl SegmentKey {
    /// Draws and wraps the key of a segment.
    ///
    /// Errors: [`Error::Io`] when there is no randomness.
    pub(crate) fn make(kek: &Kek, segment: u64, algorithm: SegmentAlgorithm) -> Result<(Self, Vec<u8>)> {
        let key = random::system_key::<32>()?;
        let (alg, key) = match algorithm {
            SegmentAlgorithm::Aes256Gcm => (ALG_AES_256_GCM, &key[..]),
            SegmentAlgorithm::Sm4Gcm => (ALG_SM4_GCM, &key[..16]),
        };
        let mut wrapped = vec![VERSION, alg];
        wrapped.extend_from_slice(&kek.epoch().to_be_bytes());
        wrapped.extend_from_slice(&segment.to_be_bytes());
        let aad = wrapped_aad(&wrapped);
        wrapped.extend(kek.wrap_bytes(&aad, key));
        let made = Self::new(segment, alg, key).ok_or_else(|| corrupt("its length is wrong"))?;
        Ok((made, wrapped))
    }

    /// Unwraps the key of a segment; `kek` gives the key of an epoch.
    ///
    /// Errors: [`Error::Corrupt`], [`Error::UnsupportedVersion`], those of `kek`.
    pub(crate) fn unwrap(segment: u64, wrapped: &[u8], kek: impl FnOnce(u32) -> Result<Arc<Kek>>) -> Result<Self> {
        let epoch = segment_epoch(wrapped)?;
        let (header, sealed) =
            wrapped.split_first_chunk::<HEADER_BYTES>().ok_or_else(|| corrupt("its length is wrong"))?;
        if header[6..] != segment.to_be_bytes() {
            return Err(corrupt("it belongs to another segment"));
        }
        let key = kek(epoch)?
            .unwrap_bytes(&wrapped_aad(header), sealed)
            .ok_or_else(|| corrupt("it was not wrapped by this vault for this segment"))?;
        Self::new(segment, header[1], &key).ok_or_else(|| corrupt("its length is wrong"))
    }

    fn new(segment: u64, alg: u8, key: &[u8]) -> Option<Self> {
        let cipher = match alg {
            ALG_AES_256_GCM => Cipher::Aes256(Box::new(Aes256Gcm::new_from_slice(key).ok()?)),
            _ => Cipher::Sm4(Box::new(Sm4Gcm::new_from_slice(key).ok()?)),
        };
        Some(Self { segment, cipher })
    }

    /// Appends the sealed form of a record to `out`: as long as the record, and 16 bytes.
    ///
    /// A position is sealed once: sealing two records at one would give both away.
    pub fn seal(&self, position: u64, plain: &[u8], out: &mut Vec<u8>) {
        let at = out.len();
        out.reserve(plain.len() + TAG_BYTES);
        out.extend_from_slice(plain);
        let (nonce, aad) = (nonce(position), record_aad(self.segment, position));
        let tag = match &self.cipher {
            Cipher::Aes256(cipher) => gcm::seal(&**cipher, &nonce, &aad, &mut out[at..]),
            Cipher::Sm4(cipher) => gcm::seal(&**cipher, &nonce, &aad, &mut out[at..]),
        };
        out.extend_from_slice(&tag);
    }

    /// Opens a sealed record.
    ///
    /// Errors: [`Error::Corrupt`] when it was not sealed at this position of this segment.
    pub fn open(&self, position: u64, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let refused = || Error::corrupt("a record of the event log", "its seal does not match its place");
        let (content, tag) = sealed.split_last_chunk::<TAG_BYTES>().ok_or_else(refused)?;
        let mut content = Zeroizing::new(content.to_vec());
        let (nonce, aad) = (nonce(position), record_aad(self.segment, position));
        let opened = match &self.cipher {
            Cipher::Aes256(cipher) => gcm::open(&**cipher, &nonce, &aad, &mut content, tag),
            Cipher::Sm4(cipher) => gcm::open(&**cipher, &nonce, &aad, &mut content, tag),
        };
        opened.map_err(|_| refused())?;
        Ok(content)
    }
}

impl fmt::Debug for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SegmentKey({})", self.segment)
    }
}

/// The epoch whose key-encryption key opens a segment's key; it is not verified here.
///
/// Errors: [`Error::Corrupt`], [`Error::UnsupportedVersion`].
pub fn segment_epoch(wrapped: &[u8]) -> Result<u32> {
    let short = || corrupt("its length is wrong");
    let (&[version, alg], rest) = wrapped.split_first_chunk().ok_or_else(short)?;
    if version != VERSION {
        return Err(unsupported("a segment's key", version, VERSION));
    }
    if ![ALG_SM4_GCM, ALG_AES_256_GCM].contains(&alg) {
        return Err(unsupported("the algorithm of a segment's key", alg, ALG_AES_256_GCM));
    }
    Ok(u32::from_be_bytes(*rest.first_chunk().ok_or_else(short)?))
}

fn nonce(position: u64) -> [u8; NONCE_BYTES] {
    let mut nonce = [0; NONCE_BYTES];
    nonce[4..].copy_from_slice(&position.to_be_bytes());
    nonce
}

fn record_aad(segment: u64, position: u64) -> [u8; 32] {
    let mut aad = [0; 32];
    aad[..16].copy_from_slice(b"zhike wal record");
    aad[16..24].copy_from_slice(&segment.to_be_bytes());
    aad[24..].copy_from_slice(&position.to_be_bytes());
    aad
}

/// Longer than the header of a subject's wrapped key, so that neither passes for the other.
fn wrapped_aad(header: &[u8]) -> Vec<u8> {
    [b"zhike wal key", header].concat()
}

fn corrupt(why: &'static str) -> Error {
    Error::corrupt("a segment's key", why)
}
