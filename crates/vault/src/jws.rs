//! Signatures and digests of other systems' making: signed tokens of identity providers (RS256, ES256), HMAC-SHA-256 of
//! notices. Nothing of ours is sealed or signed by these.
//!
//! - INV-VAULT-14: a token counts when one of two algorithms with a public key fits; none, and codes made with a shared key, are
//!   no algorithms here.
//!
//! **Source**: RFC 7515 (form), RFC 7518 §3.3 and §3.4 (algorithms), RFC 7636 §4.2 (challenge).

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use aws_lc_rs::{digest, hmac};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use zhike_domain::sensitive::Sensitive;

/// Longer tokens are nobody's.
const MAX_CHARS: usize = 65_536;

/// A signed token, taken apart; nothing in it is believed yet.
pub struct Jws<'a> {
    /// Header, JSON that somebody wrote.
    pub header: Vec<u8>,
    /// Content, JSON that somebody wrote.
    pub payload: Vec<u8>,
    signed: &'a str,
    signature: Vec<u8>,
}

/// A public key of a provider: numbers as base64 for URLs.
#[derive(Clone, Copy, Debug)]
pub enum PublicKey<'a> {
    /// RS256: modulus and exponent.
    Rsa {
        /// Modulus.
        n: &'a str,
        /// Exponent.
        e: &'a str,
    },
    /// ES256: a point of P-256.
    P256 {
        /// Its x.
        x: &'a str,
        /// Its y.
        y: &'a str,
    },
}

impl<'a> Jws<'a> {
    /// Takes a token apart; `None` when it is none.
    pub fn read(token: &'a str) -> Option<Self> {
        if token.len() > MAX_CHARS {
            return None;
        }
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.').filter(|(_, payload)| !payload.contains('.'))?;
        Some(Self { header: decoded(header)?, payload: decoded(payload)?, signed, signature: decoded(signature)? })
    }

    /// Whether a key made the signature, by the one algorithm of its kind.
    pub fn is_signed_by(&self, key: PublicKey) -> bool {
        let checked = match key {
            PublicKey::Rsa { n, e } => decoded(n).zip(decoded(e)).map(|(n, e)| {
                RsaPublicKeyComponents { n, e }
                    .verify(&RSA_PKCS1_2048_8192_SHA256, self.signed.as_bytes(), &self.signature)
                    .is_ok()
            }),
            PublicKey::P256 { x, y } => decoded(x).zip(decoded(y)).map(|(x, y)| {
                let point = [&[4][..], &x, &y].concat();
                x.len() == 32
                    && UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
                        .verify(self.signed.as_bytes(), &self.signature)
                        .is_ok()
            }),
        };
        checked == Some(true)
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The challenge of a verifier (S256).
pub fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, verifier.as_bytes()))
}

/// What a signed token says of the access token beside it.
///
/// **Source**: OpenID Connect Core 1.0 §3.1.3.6: the left half of its digest.
pub fn access_token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&digest::digest(&digest::SHA256, token.as_bytes()).as_ref()[..16])
}

/// The header by which a client proves itself.
///
/// **Source**: RFC 6749 §2.3.1: both parts as in forms.
pub fn basic(name: &str, secret: &Sensitive<String>) -> Sensitive<String> {
    let form = |text: &str| {
        text.bytes().fold(String::new(), |mut all, byte| {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'*' => all.push(char::from(byte)),
                b' ' => all.push('+'),
                _ => all.push_str(&format!("%{byte:02X}")),
            }
            all
        })
    };
    let pair = format!("{}:{}", form(name), form(secret.expose()));
    Sensitive::new(format!("Basic {}", STANDARD.encode(pair)))
}

/// HMAC-SHA-256 as hexadecimal text.
pub fn hmac_sha256(key: &[u8], bytes: &[u8]) -> String {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes);
    tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Source: RFC 7515 appendix A.3.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    const POINT: PublicKey = PublicKey::P256 {
        x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    };
    /// Source: RFC 7515 appendix A.2.
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    const RSA: PublicKey = PublicKey::Rsa {
        n: "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        e: "AQAB",
    };

    #[test]
    fn signatures_are_those_of_the_standard() {
        assert!(Jws::read(ES256).unwrap().is_signed_by(POINT));
        assert!(Jws::read(RS256).unwrap().is_signed_by(RSA));
        assert!(!Jws::read(ES256).unwrap().is_signed_by(RSA));
        assert!(!Jws::read(RS256).unwrap().is_signed_by(POINT));
        // As in RFC 6749 §2.3.1, with what forms write otherwise.
        let header = basic("s6BhdRkqt3", &Sensitive::new("7Fjfp0ZBr1KtDRbnfVdmIw".into()));
        assert_eq!(header.expose(), "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
        assert_eq!(basic("a b", &Sensitive::new("c:d".into())).expose(), "Basic YStiOmMlM0Fk");
        // The challenge of RFC 7636 appendix B, the HMAC of RFC 4231 §4.3.
        assert_eq!(
            challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
        assert_eq!(
            hmac_sha256(b"Jefe", b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    proptest! {
        /// INV-VAULT-14: no bit of a token can be changed.
        #[test]
        fn a_changed_token_is_nobodys(at in 0_usize..400, letter in "[A-Za-z0-9_-]") {
            for (token, key) in [(ES256, POINT), (RS256, RSA)] {
                let at = at % token.len();
                let changed = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
                let holds = Jws::read(&changed).is_some_and(|jws| jws.is_signed_by(key));
                prop_assert!(!holds || changed == token);
            }
        }

        #[test]
        fn no_text_panics(text in "[A-Za-z0-9_.-]{0,80}", other in ".{0,40}") {
            for text in [&text, &other] {
                if let Some(jws) = Jws::read(text) {
                    let keys = [POINT, PublicKey::Rsa { n: text, e: "AQAB" }, PublicKey::P256 { x: text, y: text }];
                    prop_assert!(!keys.into_iter().any(|key| jws.is_signed_by(key)));
                }
            }
        }
    }
}
