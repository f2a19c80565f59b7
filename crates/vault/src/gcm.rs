//! Galois/counter mode over SM4 (RFC 8998) and AES, in place, with 12-byte nonces and 16-byte tags.

use aes_gcm::AesGcm;
use aes_gcm::aead::AeadInOut;
use aes_gcm::aead::consts::{U12, U16};
use sm4::Sm4;

pub(crate) use aes_gcm::aead::KeyInit;

/// SM4-GCM as RFC 8998 defines it; wipes its round keys when dropped.
pub(crate) type Sm4Gcm = AesGcm<Sm4, U12>;

/// AES-256-GCM; wipes its round keys when dropped.
pub(crate) type Aes256Gcm = aes_gcm::Aes256Gcm;

/// AES-128-GCM; wipes its round keys when dropped.
pub(crate) type Aes128Gcm = aes_gcm::Aes128Gcm;

/// The algorithm byte of SM4-GCM.
pub(crate) const ALG_SM4_GCM: u8 = 1;

/// The algorithm byte of AES-256-GCM.
pub(crate) const ALG_AES_256_GCM: u8 = 2;

/// The algorithm byte of AES-128-GCM.
pub(crate) const ALG_AES_128_GCM: u8 = 3;

pub(crate) const NONCE_BYTES: usize = 12;
pub(crate) const TAG_BYTES: usize = 16;

/// The tag does not fit key, nonce, associated data and ciphertext.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// Encrypts the buffer in place and returns its tag.
///
/// A buffer over 64 GiB, the limit of the mode, is a bug of the caller; nothing in this crate takes one.
pub(crate) fn seal<C>(cipher: &C, nonce: &[u8; NONCE_BYTES], aad: &[u8], buffer: &mut [u8]) -> [u8; TAG_BYTES]
where
    C: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    match cipher.encrypt_inout_detached(nonce.into(), aad, buffer.into()) {
        Ok(tag) => tag.into(),
        Err(_) => unreachable!("a sealed message is shorter than 64 GiB"),
    }
}

/// Verifies the tag, then decrypts the buffer in place; on failure the buffer is left as it was.
///
/// Errors: [`Forged`].
pub(crate) fn open<C>(
    cipher: &C,
    nonce: &[u8; NONCE_BYTES],
    aad: &[u8],
    buffer: &mut [u8],
    tag: &[u8; TAG_BYTES],
) -> Result<(), Forged>
where
    C: AeadInOut<NonceSize = U12, TagSize = U16>,
{
    cipher.decrypt_inout_detached(nonce.into(), aad, buffer.into(), tag.into()).map_err(|_| Forged)
}

#[cfg(test)]
mod tests {
    use zeroize::ZeroizeOnDrop;

    use super::*;

    fn wiped_on_drop<T: ZeroizeOnDrop>() {}

    /// INV-VAULT-7: does not compile when a cipher keeps its round keys.
    #[test]
    fn ciphers_are_wiped() {
        wiped_on_drop::<Sm4Gcm>();
        wiped_on_drop::<Aes256Gcm>();
        wiped_on_drop::<Aes128Gcm>();
        wiped_on_drop::<sm3::block_api::Sm3Core>();
    }
}
