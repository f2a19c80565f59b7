//! The link of the audit chain.

use sm3::{Digest, Sm3};

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
}
