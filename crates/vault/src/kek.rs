//! Key-encryption keys, one per epoch, and the keys that they wrap: of subjects, and of the event log's segments.
//!
//! A subject's wrapped key: version (1 byte) · algorithm (1) · epoch (4, big-endian) · subject kind (1) · subject id (8,
//! big-endian) · nonce (12) · ciphertext (16) · tag (16), 59 bytes. The first 15 bytes are authenticated, so a wrapped
//! key can be moved to another epoch without its subject being named, and never to another subject.

use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gcm::{self, ALG_SM4_GCM, KeyInit, NONCE_BYTES, Sm4Gcm, TAG_BYTES};
use crate::key_file::{self, Kind};
use crate::root::Root;
use crate::subject::{KEY_BYTES, Subject};
use crate::{disk, random};

/// A subject's key, sealed under the key-encryption key of an epoch; store it apart from the data it opens.
pub type WrappedKey = Vec<u8>;

const VERSION: u8 = 1;
const HEADER_BYTES: usize = 15;
const WRAPPED_BYTES: usize = HEADER_BYTES + NONCE_BYTES + KEY_BYTES + TAG_BYTES;
const FILE_PAYLOAD_BYTES: usize = 4 + NONCE_BYTES + KEY_BYTES + TAG_BYTES;

/// The name of an epoch's key file.
pub(crate) fn file_name(epoch: u32) -> String {
    format!("kek-{epoch}.key")
}

/// The epoch that a file name stands for.
pub(crate) fn epoch_of_name(name: &str) -> Option<u32> {
    let epoch = name.strip_prefix("kek-")?.strip_suffix(".key")?.parse().ok()?;
    (file_name(epoch) == name).then_some(epoch)
}

/// The epoch whose key-encryption key opens a wrapped key; it is not verified here.
///
/// Errors: [`Error::Corrupt`], [`Error::UnsupportedVersion`].
pub fn epoch_of(wrapped: &[u8]) -> Result<u32> {
    Ok(Parsed::new(wrapped)?.epoch)
}

/// The key-encryption key of one epoch.
pub(crate) struct Kek {
    epoch: u32,
    cipher: Sm4Gcm,
}

impl Kek {
    /// Draws the key of an epoch and writes it, wrapped by the root.
    ///
    /// Errors: [`Error::Io`], [`Error::Refused`] when the epoch has a key.
    pub(crate) fn make(dir: &Path, root: &Root, epoch: u32) -> Result<Self> {
        let key = random::system_key::<KEY_BYTES>()?;
        let mut payload = epoch.to_be_bytes().to_vec();
        payload.extend(root.wrap(Kind::Kek, epoch, &key[..]));
        disk::write_new(dir, &file_name(epoch), &key_file::encode(Kind::Kek, &payload))?;
        Ok(Self::new(epoch, &key))
    }

    /// Reads the key of an epoch.
    ///
    /// Errors: [`Error::NotFound`], [`Error::WrongKey`], [`Error::Corrupt`], [`Error::UnsupportedVersion`], [`Error::Io`].
    pub(crate) fn load(dir: &Path, root: &Root, epoch: u32) -> Result<Self> {
        let name = file_name(epoch);
        let path = dir.join(&name);
        let bytes = disk::read(dir, &name, false)?.ok_or_else(|| not_found(epoch))?;
        let payload: &[u8; FILE_PAYLOAD_BYTES] = key_file::decode(&path, Kind::Kek, &bytes)?;
        let [e0, e1, e2, e3, wrapped @ ..] = payload;
        if u32::from_be_bytes([*e0, *e1, *e2, *e3]) != epoch {
            return Err(Error::corrupt(path.display().to_string(), "it holds the key of another epoch"));
        }
        Ok(Self::new(epoch, &*root.unwrap(&path, Kind::Kek, epoch, wrapped)?))
    }

    fn new(epoch: u32, key: &[u8; KEY_BYTES]) -> Self {
        Self { epoch, cipher: Sm4Gcm::new(key.into()) }
    }

    pub(crate) fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Wraps a subject's key.
    pub(crate) fn wrap(&self, subject: Subject, key: &[u8; KEY_BYTES]) -> WrappedKey {
        let nonce = random::nonce();
        let mut ciphertext = *key;
        let header = header(self.epoch, subject);
        let tag = gcm::seal(&self.cipher, &nonce, &header, &mut ciphertext);
        let mut wrapped = Vec::with_capacity(WRAPPED_BYTES);
        wrapped.extend_from_slice(&header);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(&ciphertext);
        wrapped.extend_from_slice(&tag);
        wrapped
    }

    /// Unwraps a key that this epoch wrapped.
    ///
    /// Errors: [`Error::Corrupt`].
    pub(crate) fn unwrap(&self, wrapped: &Parsed) -> Result<Zeroizing<[u8; KEY_BYTES]>> {
        let mut key = Zeroizing::new(wrapped.ciphertext);
        gcm::open(&self.cipher, &wrapped.nonce, &header(wrapped.epoch, wrapped.subject), &mut key[..], &wrapped.tag)
            .map_err(|_| corrupt("it was not wrapped by this vault for this subject"))?;
        Ok(key)
    }

    /// Wraps other key bytes: nonce (12) · ciphertext · tag (16).
    pub(crate) fn wrap_bytes(&self, aad: &[u8], key: &[u8]) -> Vec<u8> {
        let nonce = random::nonce();
        let mut wrapped = Vec::with_capacity(NONCE_BYTES + key.len() + TAG_BYTES);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(key);
        let tag = gcm::seal(&self.cipher, &nonce, aad, &mut wrapped[NONCE_BYTES..]);
        wrapped.extend_from_slice(&tag);
        wrapped
    }

    /// Unwraps what [`Kek::wrap_bytes`] wrapped; `None` when it did not.
    pub(crate) fn unwrap_bytes(&self, aad: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let (nonce, rest) = wrapped.split_first_chunk::<NONCE_BYTES>()?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>()?;
        let mut key = Zeroizing::new(ciphertext.to_vec());
        gcm::open(&self.cipher, nonce, aad, &mut key, tag).ok()?;
        Some(key)
    }
}

/// A wrapped key taken apart; nothing in it is verified yet.
pub(crate) struct Parsed {
    pub(crate) epoch: u32,
    pub(crate) subject: Subject,
    nonce: [u8; NONCE_BYTES],
    ciphertext: [u8; KEY_BYTES],
    tag: [u8; TAG_BYTES],
}

impl Parsed {
    /// Errors: [`Error::Corrupt`], [`Error::UnsupportedVersion`].
    pub(crate) fn new(wrapped: &[u8]) -> Result<Self> {
        let short = || corrupt("its length is wrong");
        let (&[version, alg], rest) = wrapped.split_first_chunk().ok_or_else(short)?;
        if version != VERSION {
            return Err(unsupported("a wrapped key", version, VERSION));
        }
        if alg != ALG_SM4_GCM {
            return Err(unsupported("the algorithm of a wrapped key", alg, ALG_SM4_GCM));
        }
        let (&epoch, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (&[kind], rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (&id, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (&nonce, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (&ciphertext, rest) = rest.split_first_chunk().ok_or_else(short)?;
        let &tag = <&[u8; TAG_BYTES]>::try_from(rest).map_err(|_| short())?;
        let subject = Subject::from_parts(kind, i64::from_be_bytes(id))
            .ok_or_else(|| corrupt("its subject is of no known kind"))?;
        Ok(Self { epoch: u32::from_be_bytes(epoch), subject, nonce, ciphertext, tag })
    }
}

/// The key of an epoch is gone.
pub(crate) fn not_found(epoch: u32) -> Error {
    let remedy = "it was destroyed, and what it wrapped with it, or its file was not restored";
    Error::NotFound { what: format!("the key of epoch {epoch}"), remedy }
}

fn header(epoch: u32, subject: Subject) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[0] = VERSION;
    header[1] = ALG_SM4_GCM;
    header[2..6].copy_from_slice(&epoch.to_be_bytes());
    header[6..].copy_from_slice(&subject.to_bytes());
    header
}

fn corrupt(why: &'static str) -> Error {
    Error::corrupt("a wrapped key", why)
}

pub(crate) fn unsupported(what: &str, found: u8, known: u8) -> Error {
    Error::UnsupportedVersion { what: what.to_owned(), found, known }
}
