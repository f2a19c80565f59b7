//! The root of all keys: a key file, or a passphrase stretched by Argon2id.
//!
//! The root itself is forgotten as soon as the key that wraps the other keys is derived from it.

use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use hkdf::Hkdf;
use sm3::Sm3;
use zeroize::Zeroizing;
use zhike_domain::sensitive::Sensitive;

use crate::error::{Error, Result};
use crate::gcm::{self, KeyInit, NONCE_BYTES, Sm4Gcm, TAG_BYTES};
use crate::key_file::{self, Kind};
use crate::{disk, random};

pub(crate) const ROOT_KEY: &str = "root.key";
pub(crate) const ROOT_PARAMS: &str = "root.params";

/// The shortest passphrase that a new vault takes.
///
/// Source: NIST SP 800-63B §5.1.1.
pub const MIN_PASSPHRASE_CHARS: usize = 8;

const SALT_BYTES: usize = 16;
const PARAMS_BYTES: usize = 1 + 4 + 4 + 4 + SALT_BYTES;
const ALG_ARGON2ID: u8 = 1;

/// Memory, passes and lanes of a new vault: the second recommended option of RFC 9106 §4 on one lane, under half a
/// second once per start.
const NEW_COST: (u32, u32, u32) = (64 * 1024, 3, 1);

/// The most that stored parameters may ask for, so that a damaged file cannot exhaust the machine.
const MAX_COST: (u32, u32, u32) = (1024 * 1024, 16, 16);

/// How a vault is opened.
#[derive(Debug)]
pub enum Unlock {
    /// By the file `root.key` in the vault's directory: whoever reads the disk reads the data.
    KeyFile,
    /// By a passphrase that is asked for at every start and stored nowhere.
    Passphrase(Sensitive<String>),
}

/// What wraps the vault's long-lived keys.
pub(crate) struct Root {
    cipher: Sm4Gcm,
}

impl Root {
    /// Writes a new root key, or the parameters that go with a new passphrase.
    ///
    /// Errors: [`Error::Refused`] for a short passphrase, [`Error::Io`].
    pub(crate) fn make(dir: &Path, unlock: &Unlock) -> Result<()> {
        match unlock {
            Unlock::KeyFile => {
                let key = random::system_key::<32>()?;
                disk::write_new(dir, ROOT_KEY, &key_file::encode(Kind::Root, &key[..]))
            }
            Unlock::Passphrase(passphrase) => {
                refuse_short(passphrase)?;
                let salt = random::system_key::<SALT_BYTES>()?;
                let (memory_kib, n_passes, n_lanes) = NEW_COST;
                let mut payload = vec![ALG_ARGON2ID];
                payload.extend([memory_kib, n_passes, n_lanes].into_iter().flat_map(u32::to_be_bytes));
                payload.extend_from_slice(&salt[..]);
                disk::write_new(dir, ROOT_PARAMS, &key_file::encode(Kind::Params, &payload))
            }
        }
    }

    /// Reads or derives the root.
    ///
    /// Errors: [`Error::Locked`] when the vault was made with the other way to unlock, [`Error::NotFound`],
    /// [`Error::Permissions`], [`Error::Corrupt`], [`Error::UnsupportedVersion`], [`Error::Io`].
    pub(crate) fn load(dir: &Path, unlock: &Unlock) -> Result<Self> {
        let (name, other, remedy) = match unlock {
            Unlock::KeyFile => (ROOT_KEY, ROOT_PARAMS, "it opens by a passphrase"),
            Unlock::Passphrase(_) => (ROOT_PARAMS, ROOT_KEY, "it opens by its file root.key, not by a passphrase"),
        };
        let path = dir.join(name);
        let Some(bytes) = disk::read(dir, name, matches!(unlock, Unlock::KeyFile))? else {
            return Err(if dir.join(other).exists() {
                Error::Locked { dir: dir.to_path_buf(), remedy }
            } else {
                let remedy = "restore it from its copy; the other keys in this directory cannot be opened without it";
                Error::NotFound { what: path.display().to_string(), remedy }
            });
        };
        match unlock {
            Unlock::KeyFile => Ok(Self::new(key_file::decode(&path, Kind::Root, &bytes)?)),
            Unlock::Passphrase(passphrase) => {
                let params = key_file::decode(&path, Kind::Params, &bytes)?;
                Ok(Self::new(&*stretch(&path, params, passphrase)?))
            }
        }
    }

    fn new(root: &[u8; 32]) -> Self {
        let mut key = Zeroizing::new([0; 16]);
        let derived = Hkdf::<Sm3>::new(None, root).expand(b"zhike vault 1 wraps keys", &mut key[..]);
        assert!(derived.is_ok(), "16 bytes are within the reach of HKDF");
        Self { cipher: Sm4Gcm::new((&*key).into()) }
    }

    /// Wraps a long-lived key: nonce (12) · ciphertext · tag (16).
    pub(crate) fn wrap(&self, kind: Kind, epoch: u32, key: &[u8]) -> Vec<u8> {
        let nonce = random::nonce();
        let mut wrapped = Vec::with_capacity(NONCE_BYTES + key.len() + TAG_BYTES);
        wrapped.extend_from_slice(&nonce);
        wrapped.extend_from_slice(key);
        let tag = gcm::seal(&self.cipher, &nonce, &aad(kind, epoch), &mut wrapped[NONCE_BYTES..]);
        wrapped.extend_from_slice(&tag);
        wrapped
    }

    /// Unwraps a long-lived key of `N` bytes.
    ///
    /// Errors: [`Error::WrongKey`]; damage was ruled out by the checksum of the file that `path` names.
    pub(crate) fn unwrap<const N: usize>(
        &self,
        path: &Path,
        kind: Kind,
        epoch: u32,
        wrapped: &[u8],
    ) -> Result<Zeroizing<[u8; N]>> {
        let wrong = || Error::WrongKey { path: path.to_path_buf() };
        let (nonce, rest) = wrapped.split_first_chunk::<NONCE_BYTES>().ok_or_else(wrong)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(wrong)?;
        let mut key = Zeroizing::new(<[u8; N]>::try_from(ciphertext).map_err(|_| wrong())?);
        gcm::open(&self.cipher, nonce, &aad(kind, epoch), &mut key[..], tag).map_err(|_| wrong())?;
        Ok(key)
    }
}

fn aad(kind: Kind, epoch: u32) -> [u8; 6] {
    let [e0, e1, e2, e3] = epoch.to_be_bytes();
    [kind as u8, key_file::VERSION, e0, e1, e2, e3]
}

fn refuse_short(passphrase: &Sensitive<String>) -> Result<()> {
    if passphrase.expose().chars().count() >= MIN_PASSPHRASE_CHARS {
        return Ok(());
    }
    Err(Error::Refused { what: "make a vault", why: "the passphrase is shorter than 8 characters" })
}

fn stretch(path: &Path, params: &[u8; PARAMS_BYTES], passphrase: &Sensitive<String>) -> Result<Zeroizing<[u8; 32]>> {
    let corrupt = || Error::corrupt(path.display().to_string(), "its parameters are out of range");
    let [alg, m0, m1, m2, m3, t0, t1, t2, t3, p0, p1, p2, p3, salt @ ..] = params;
    if *alg != ALG_ARGON2ID {
        let what = format!("the key derivation in {}", path.display());
        return Err(Error::UnsupportedVersion { what, found: *alg, known: ALG_ARGON2ID });
    }
    let memory_kib = u32::from_be_bytes([*m0, *m1, *m2, *m3]);
    let n_passes = u32::from_be_bytes([*t0, *t1, *t2, *t3]);
    let n_lanes = u32::from_be_bytes([*p0, *p1, *p2, *p3]);
    if memory_kib > MAX_COST.0 || n_passes > MAX_COST.1 || n_lanes > MAX_COST.2 {
        return Err(corrupt());
    }
    let cost = Params::new(memory_kib, n_passes, n_lanes, Some(32)).map_err(|_| corrupt())?;
    let mut root = Zeroizing::new([0; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, cost)
        .hash_password_into(passphrase.expose().as_bytes(), salt, &mut root[..])
        .map_err(|_| corrupt())?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// INV-VAULT-6: parameters come from a file and decide how much memory is taken.
    #[test]
    fn excessive_parameters_are_refused() {
        let passphrase = Sensitive::new("correct horse".to_owned());
        let run = |alg: u8, cost: [u32; 3]| {
            let mut params = vec![alg];
            params.extend(cost.into_iter().flat_map(u32::to_be_bytes));
            params.extend([9; SALT_BYTES]);
            stretch(Path::new(ROOT_PARAMS), params[..].try_into().unwrap(), &passphrase)
        };
        assert!(run(1, [8, 1, 1]).is_ok());
        for cost in [[u32::MAX, 1, 1], [8, u32::MAX, 1], [8, 1, u32::MAX], [0, 1, 1], [8, 0, 1], [8, 1, 0]] {
            assert!(matches!(run(1, cost), Err(Error::Corrupt { .. })), "{cost:?}");
        }
        assert!(matches!(run(2, [8, 1, 1]), Err(Error::UnsupportedVersion { .. })));
    }
}
