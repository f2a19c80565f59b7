//! Tokens: small facts that travel through strangers' hands, in links and codes, and come back unread and unchanged.
//!
//! A token: version (1 byte) · nonce (12) · ciphertext (as long as the content) · tag (16), under SM4-GCM, as base64 for
//! URLs without padding; associated data: `"zhike token"` · version · purpose. The key is derived from the index root and
//! the purpose, so a token of one purpose is nothing for another, and tokens outlive rotations: what they allow ends by
//! what they say, not by a key.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::gcm::{self, KeyInit, NONCE_BYTES, Sm4Gcm, TAG_BYTES};
use crate::{index, random};

const VERSION: u8 = 1;
/// Longer text is no token of ours.
const MAX_CHARS: usize = 512;

/// Makes and opens the tokens of one purpose.
pub struct Tokens {
    purpose: String,
    cipher: Box<Sm4Gcm>,
}

impl Tokens {
    pub(crate) fn new(root: &[u8; 32], purpose: &str) -> Self {
        let key = index::derive(root, "zhike vault 1 token", purpose);
        match Sm4Gcm::new_from_slice(&key[..16]) {
            Ok(cipher) => Self { purpose: purpose.to_owned(), cipher: Box::new(cipher) },
            Err(_) => unreachable!("SM4 takes keys of 16 bytes"),
        }
    }

    /// A token of a content, another one each time.
    pub fn seal(&self, content: &[u8]) -> String {
        let nonce = random::nonce();
        let mut sealed = content.to_vec();
        let tag = gcm::seal(&*self.cipher, &nonce, &self.aad(), &mut sealed);
        URL_SAFE_NO_PAD.encode([&[VERSION][..], &nonce, &sealed, &tag].concat())
    }

    /// The content of a token; the tag is compared in constant time.
    ///
    /// Errors: [`Error::Corrupt`] for everything that was not made here for this purpose.
    pub fn open(&self, token: &str) -> Result<Zeroizing<Vec<u8>>> {
        let refused = || Error::corrupt("a token", "it was not made by this vault for this purpose");
        if token.len() > MAX_CHARS {
            return Err(refused());
        }
        // Padding and stray bits are refused, so one content and nonce have one text.
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| refused())?;
        let (&[VERSION], rest) = bytes.split_first_chunk().ok_or_else(refused)? else { return Err(refused()) };
        let (nonce, rest) = rest.split_first_chunk::<NONCE_BYTES>().ok_or_else(refused)?;
        let (content, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or_else(refused)?;
        let mut content = Zeroizing::new(content.to_vec());
        gcm::open(&*self.cipher, nonce, &self.aad(), &mut content, tag).map_err(|_| refused())?;
        Ok(content)
    }

    fn aad(&self) -> Vec<u8> {
        [&b"zhike token"[..], &[VERSION], self.purpose.as_bytes()].concat()
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tokens({})", self.purpose)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROOT: [u8; 32] = [7; 32];

    proptest! {
        /// INV-VAULT-11
        #[test]
        fn a_token_opens_whole_and_only_for_its_purpose(
            content in prop::collection::vec(any::<u8>(), 0..60), bit in any::<prop::sample::Index>(),
        ) {
            let tokens = Tokens::new(&ROOT, "bind");
            let token = tokens.seal(&content);
            prop_assert_eq!(&tokens.open(&token).unwrap()[..], &content[..]);
            prop_assert_ne!(&tokens.seal(&content), &token);
            prop_assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));

            let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
            let bit = bit.index(bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(tokens.open(&URL_SAFE_NO_PAD.encode(&bytes)).is_err());
            prop_assert!(tokens.open(&token[..token.len() - 1]).is_err());
            prop_assert!(Tokens::new(&ROOT, "bind2").open(&token).is_err());
            prop_assert!(Tokens::new(&[8; 32], "bind").open(&token).is_err());
        }

        #[test]
        fn any_other_text_is_refused(text in ".{0,120}") {
            prop_assert!(Tokens::new(&ROOT, "bind").open(&text).is_err());
        }

        /// One content and nonce have one text: no letter can be changed without notice, the last one neither.
        #[test]
        fn no_letter_can_be_changed(content in prop::collection::vec(any::<u8>(), 0..9), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
            let tokens = Tokens::new(&ROOT, "bind");
            let token = tokens.seal(&content);
            let at = at.index(token.len());
            let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
            prop_assert_eq!(tokens.open(&changed).is_ok(), changed == token);
        }
    }
}
