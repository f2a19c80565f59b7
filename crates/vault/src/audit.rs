//! The link of the audit chain, and the code under its roots.

use hmac::{Hmac, KeyInit, Mac};
use sm3::{Digest, Sm3};

use crate::index;

/// HMAC-SM3 under a key of its own, derived from the index root. Whoever has the database and not the keys cannot make one;
/// whoever has the keys can, and is found out only by roots that stand outside.
pub(crate) fn root_mac(root: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    keyed(root, bytes).finalize().into_bytes().into()
}

/// Compares in constant time.
pub(crate) fn is_root_mac(root: &[u8; 32], bytes: &[u8], mac: &[u8; 32]) -> bool {
    keyed(root, bytes).verify_slice(mac).is_ok()
}

fn keyed(root: &[u8; 32], bytes: &[u8]) -> Hmac<Sm3> {
    let key = index::derive(root, "zhike vault 1 audit root", "");
    let Ok(mut mac) = Hmac::<Sm3>::new_from_slice(&key[..]) else { unreachable!("HMAC takes keys of any length") };
    mac.update(bytes);
    mac
}

/// SM3(0x01 ‖ prev ‖ bytes): what an audit entry commits to. The leading byte separates links from other hashes.
///
/// Source: `docs/rfd/0002-vault.md`; 0x01 marks an inner node as in RFC 6962.
pub(crate) fn link(prev: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
    let mut hash = Sm3::new();
    hash.update([0x01]);
    hash.update(prev);
    hash.update(bytes);
    hash.finalize().into()
}

/// SM3 of bytes.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    Sm3::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_covers_its_past_and_its_bytes() {
        let first = link(&[0; 32], b"login");
        assert_eq!(first, <[u8; 32]>::from(Sm3::digest([&[1u8][..], &[0; 32], b"login"].concat())));
        assert_ne!(link(&first, b"export"), link(&first, b"exporT"));
        assert_ne!(link(&first, b"export"), link(&[0; 32], b"export"));
    }

    #[test]
    fn a_root_is_signed_by_its_keys_alone() {
        let mac = root_mac(&[1; 32], b"root");
        assert!(is_root_mac(&[1; 32], b"root", &mac));
        assert!(!is_root_mac(&[2; 32], b"root", &mac) && !is_root_mac(&[1; 32], b"rook", &mac));
    }
}
