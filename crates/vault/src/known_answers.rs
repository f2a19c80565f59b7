//! Published answers that every algorithm must reproduce before a vault opens (INV-VAULT-1).
//!
//! A wrong compiler, processor or dependency would otherwise seal data that nobody can open again.

use hmac::{Hmac, Mac};
use sm3::{Digest, Sm3};
use sm4::Sm4;
use sm4::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};

use crate::error::{Error, Result};
use crate::gcm::{self, Aes128Gcm, Aes256Gcm, KeyInit, Sm4Gcm};
use crate::sign::Signer;

/// Computes each algorithm's published answers, through the same code that seals.
///
/// Errors: [`Error::KnownAnswerFailed`] names the algorithm.
///
/// Source: GB/T 32905-2016 (SM3), GB/T 32907-2016 (SM4), RFC 8998 A.1 (SM4-GCM), NIST GCM test cases 4 and 16 (AES-GCM),
/// the BLAKE3 reference vectors, RFC 8032 §7.1 test 3 (Ed25519), and for HMAC-SM3 a value on which two implementations agree.
pub fn check() -> Result<()> {
    let expect = |algorithm, holds: bool| if holds { Ok(()) } else { Err(Error::KnownAnswerFailed { algorithm }) };
    expect("SM3", sm3())?;
    expect("SM4", sm4())?;
    expect("SM4-GCM", sm4_gcm())?;
    expect("HMAC-SM3", hmac_sm3())?;
    expect("AES-128-GCM", aes_128_gcm())?;
    expect("AES-256-GCM", aes_256_gcm())?;
    expect("BLAKE3", blake3())?;
    expect("Ed25519", ed25519())
}

fn sm3() -> bool {
    let answers: [(&[u8], [u8; 32]); 3] = [
        (b"abc", hex("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")),
        (&b"abcd".repeat(16), hex("debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732")),
        (b"", hex("1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b")),
    ];
    answers.into_iter().all(|(message, answer)| <[u8; 32]>::from(Sm3::digest(message)) == answer)
}

fn sm4() -> bool {
    let key: [u8; 16] = hex("0123456789abcdeffedcba9876543210");
    let cipher = Sm4::new(&key.into());
    let mut block = key.into();
    cipher.encrypt_block(&mut block);
    let encrypts = <[u8; 16]>::from(block) == hex("681edf34d206965e86b3e94f536e4246");
    cipher.decrypt_block(&mut block);
    encrypts && <[u8; 16]>::from(block) == key
}

fn sm4_gcm() -> bool {
    let cipher = Sm4Gcm::new(&hex("0123456789abcdeffedcba9876543210").into());
    let plaintext: [u8; 64] = hex(concat!(
        "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd",
        "eeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa"
    ));
    let ciphertext: [u8; 64] = hex(concat!(
        "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735",
        "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    ));
    gcm_holds(
        &cipher,
        &hex("00001234567800000000abcd"),
        &plaintext,
        &ciphertext,
        &hex("83de3541e4c2b58177e065a9bf7b62ec"),
    )
}

/// NIST's test cases 4 and 16 share nonce and plaintext.
fn aes_gcm<C>(cipher: &C, ciphertext: &[u8; 60], tag: &[u8; 16]) -> bool
where
    C: aes_gcm::aead::AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>,
{
    let plaintext: [u8; 60] = hex(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    ));
    gcm_holds(cipher, &hex("cafebabefacedbaddecaf888"), &plaintext, ciphertext, tag)
}

fn aes_128_gcm() -> bool {
    let ciphertext = hex(concat!(
        "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e",
        "21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091"
    ));
    let cipher = Aes128Gcm::new(&hex("feffe9928665731c6d6a8f9467308308").into());
    aes_gcm(&cipher, &ciphertext, &hex("5bc94fbc3221a5db94fae95ae7121a47"))
}

fn aes_256_gcm() -> bool {
    let ciphertext = hex(concat!(
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"
    ));
    let key: [u8; 32] = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
    aes_gcm(&Aes256Gcm::new(&key.into()), &ciphertext, &hex("76fc6ece0f4e1768cddf8853bb2d551b"))
}

/// All published GCM vectors share their associated data.
fn gcm_holds<C>(cipher: &C, nonce: &[u8; 12], plaintext: &[u8], ciphertext: &[u8], tag: &[u8; 16]) -> bool
where
    C: aes_gcm::aead::AeadInOut<NonceSize = aes_gcm::aead::consts::U12, TagSize = aes_gcm::aead::consts::U16>,
{
    let aad: [u8; 20] = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    let mut buffer = plaintext.to_vec();
    let seals = gcm::seal(cipher, nonce, &aad, &mut buffer) == *tag && buffer == ciphertext;
    let mut flipped = *tag;
    flipped[15] ^= 1;
    seals
        && gcm::open(cipher, nonce, &aad, &mut buffer, &flipped).is_err()
        && gcm::open(cipher, nonce, &aad, &mut buffer, tag).is_ok()
        && buffer == plaintext
}

fn hmac_sm3() -> bool {
    let key: [u8; 32] = hex("0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20");
    let answer: [u8; 32] = hex("44809d3ff5336f44071be1917887380730ae145f940a53819279801784c65e17");
    Hmac::<Sm3>::new_from_slice(&key).is_ok_and(|mut mac| {
        mac.update(b"abc");
        <[u8; 32]>::from(mac.finalize().into_bytes()) == answer
    })
}

fn blake3() -> bool {
    let answer: [u8; 32] = hex("92b2b75604ed3c761f9d6f62392c8a9227ad0ea3f09573e783f1498a4ed60d26");
    *blake3::keyed_hash(b"whats the Elvish word for friend", b"").as_bytes() == answer
}

fn ed25519() -> bool {
    let signer = Signer::from_seed(&hex("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7"));
    let answer: [u8; 64] = hex(concat!(
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac",
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    ));
    signer.public().der()
        == hex::<44>(concat!(
            "302a300506032b6570032100",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025"
        ))
        && signer.sign_bytes(&[0xaf, 0x82]) == answer
        && signer.public().is_signature(&[0xaf, 0x82], &answer)
        && !signer.public().is_signature(&[0xaf, 0x83], &answer)
}

/// Reads hexadecimal digits; `N` is half their number.
const fn hex<const N: usize>(digits: &str) -> [u8; N] {
    let digits = digits.as_bytes();
    assert!(digits.len() == 2 * N, "twice as many digits as bytes");
    let mut bytes = [0; N];
    let mut i = 0;
    while i < N {
        bytes[i] = nibble(digits[2 * i]) << 4 | nibble(digits[2 * i + 1]);
        i += 1;
    }
    bytes
}

const fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => panic!("a hexadecimal digit"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// INV-VAULT-1
    #[test]
    fn every_algorithm_reproduces_its_answers() {
        check().unwrap();
    }

    /// The long example of GB/T 32907-2016, appendix A: the same block encrypted a million times.
    #[test]
    fn sm4_encrypts_a_million_times() {
        let key: [u8; 16] = hex("0123456789abcdeffedcba9876543210");
        let cipher = Sm4::new(&key.into());
        let mut block = key.into();
        (0..1_000_000).for_each(|_| cipher.encrypt_block(&mut block));
        assert_eq!(<[u8; 16]>::from(block), hex("595298c7c6fd271f0402f804c33d3f66"));
    }
}
