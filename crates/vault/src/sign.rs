//! Signatures that anybody can check who has the public key: Ed25519.
//!
//! The key is derived from the index root, so it is made once, with the vault, and goes where copies of the keys go. A document
//! says by which key it is signed; what the signature covers: `zhike_domain::signed`.
//!
//! A public key travels as PEM (`PUBLIC KEY`, RFC 8410), which other programs read too; its fingerprint is the SM3 of the DER.

use std::fmt;

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use sm3::{Digest, Sm3};
use zhike_domain::signed::{Kind, Signature, signed_bytes};

use crate::error::{Error, Result};
use crate::index;

const ALGORITHM: &str = "Ed25519";
const KEY_BYTES: usize = 32;
/// What stands before the key: a sequence of the algorithm's name and a string of bits.
///
/// Source: RFC 8410 §4.
const DER_HEAD: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
const END: &str = "-----END PUBLIC KEY-----";

/// The key that signs.
pub(crate) struct Signer {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl Signer {
    pub(crate) fn new(root: &[u8; 32]) -> Self {
        Self::from_seed(&index::derive(root, "zhike vault 1 signing key", ALGORITHM))
    }

    pub(crate) fn from_seed(seed: &[u8; 32]) -> Self {
        let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(seed) else { unreachable!("any 32 bytes are a seed") };
        let mut public = [0; KEY_BYTES];
        public.copy_from_slice(pair.public_key().as_ref());
        Self { pair, public: PublicKey(public) }
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Signature {
        let value = STANDARD.encode(self.sign_bytes(bytes));
        Signature { algorithm: ALGORITHM.to_owned(), key: self.public.fingerprint(), value }
    }
}

/// What checks signatures of one installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; KEY_BYTES]);

impl PublicKey {
    /// Reads a key; text before and after it is passed over.
    ///
    /// Errors: [`Error::Corrupt`].
    pub fn from_pem(text: &str) -> Result<Self> {
        let corrupt = || Error::corrupt("the public key", "it is no Ed25519 key in PEM, as zhike key public writes it");
        let (_, rest) = text.split_once(BEGIN).ok_or_else(corrupt)?;
        let (body, _) = rest.split_once(END).ok_or_else(corrupt)?;
        let body: String = body.chars().filter(|char| !char.is_ascii_whitespace()).collect();
        let der = STANDARD.decode(body).map_err(|_| corrupt())?;
        let key = der.strip_prefix(&DER_HEAD).ok_or_else(corrupt)?;
        Ok(Self(key.try_into().map_err(|_| corrupt())?))
    }

    pub(crate) fn der(&self) -> Vec<u8> {
        [&DER_HEAD[..], &self.0].concat()
    }

    /// PEM, with a line break at its end.
    pub fn to_pem(&self) -> String {
        format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(self.der()))
    }

    /// SM3 of the DER form, in hex.
    pub fn fingerprint(&self) -> String {
        Sm3::digest(self.der()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// Whether this key signed a document as one of a kind; `None` when the document has no signature.
    pub fn check(&self, kind: Kind, document: &Value) -> Option<bool> {
        let signature = Signature::deserialize(document.get("signature")?);
        Some(signature.is_ok_and(|signature| {
            signature.algorithm == ALGORITHM
                && signature.key == self.fingerprint()
                && STANDARD
                    .decode(&signature.value)
                    .is_ok_and(|value| self.is_signature(&signed_bytes(kind, document), &value))
        }))
    }

    pub(crate) fn is_signature(&self, bytes: &[u8], value: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.0).verify(bytes, value).is_ok()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    proptest! {
        /// INV-VAULT-15
        #[test]
        fn a_signature_holds_for_its_document_kind_and_key_alone(
            seed in any::<[u8; 32]>(), other in any::<[u8; 32]>(), text in ".{0,40}", at in any::<prop::sample::Index>(),
        ) {
            let (signer, other) = (Signer::new(&seed), Signer::new(&other));
            let (document, changed) = (json!({"text": text, "n": 1}), json!({"text": text, "n": 2}));
            let signature = signer.sign(&signed_bytes(Kind::Receipt, &document));
            let key = PublicKey::from_pem(&signer.public().to_pem()).unwrap();
            prop_assert_eq!(key, signer.public());
            prop_assert_eq!(key.check(Kind::Receipt, &document), None);
            let with = |document: &Value, value: &str| {
                let mut document = document.clone();
                document["signature"] = json!({"algorithm": ALGORITHM, "key": &signature.key, "value": value});
                document
            };
            let signed = with(&document, &signature.value);
            prop_assert_eq!(key.check(Kind::Receipt, &signed), Some(true));
            prop_assert_eq!(key.check(Kind::Backup, &signed), Some(false));
            prop_assert_eq!(key.check(Kind::Receipt, &with(&changed, &signature.value)), Some(false));
            prop_assert_eq!(other.public().check(Kind::Receipt, &signed), Some(false));
            let mut value = STANDARD.decode(&signature.value).unwrap();
            let bit = at.index(value.len() * 8);
            value[bit / 8] ^= 1 << (bit % 8);
            prop_assert_eq!(key.check(Kind::Receipt, &with(&document, &STANDARD.encode(value))), Some(false));
        }

        /// INV-VAULT-6
        #[test]
        fn no_text_panics(text in ".{0,200}", framed in any::<bool>()) {
            let text = if framed { format!("{BEGIN}{text}{END}") } else { text };
            prop_assert!(PublicKey::from_pem(&text).is_err());
        }
    }
}
