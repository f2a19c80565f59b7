//! Randomness: the operating system for long-lived keys, a buffered generator for what is drawn a million times.
//!
//! The buffered one is ChaCha12, one per thread, seeded by the operating system and reseeded after every 64 KiB.

use std::path::Path;

use rand::Rng;
use zeroize::Zeroizing;

use crate::error::{Error, Result};

/// Draws a long-lived key from the operating system.
///
/// Errors: [`Error::Io`] when the system has no randomness to give.
pub(crate) fn system_key<const N: usize>() -> Result<Zeroizing<[u8; N]>> {
    let mut key = Zeroizing::new([0; N]);
    getrandom::fill(&mut key[..]).map_err(|error| Error::Io {
        op: "draw randomness from",
        path: Path::new("the operating system").to_path_buf(),
        source: error.into(),
    })?;
    Ok(key)
}

/// Fills a nonce or a subject's key.
pub(crate) fn fill(bytes: &mut [u8]) {
    rand::rng().fill_bytes(bytes);
}

/// Draws a nonce.
pub(crate) fn nonce() -> [u8; crate::gcm::NONCE_BYTES] {
    let mut nonce = [0; crate::gcm::NONCE_BYTES];
    fill(&mut nonce);
    nonce
}

/// Draws an identifier: 63 bits, never zero.
pub(crate) fn id() -> i64 {
    loop {
        let id = (rand::rng().next_u64() >> 1) as i64;
        if id > 0 {
            return id;
        }
    }
}
