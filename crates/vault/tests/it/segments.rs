//! Keys of the event log's segments, and its records.

use zhike_vault::{Error, SegmentAlgorithm, SegmentKey, Unlock, Vault, segment_epoch};

const ALGORITHMS: [SegmentAlgorithm; 2] = [SegmentAlgorithm::Aes256Gcm, SegmentAlgorithm::Sm4Gcm];

fn seal(key: &SegmentKey, position: u64, plain: &[u8]) -> Vec<u8> {
    let mut sealed = b"before".to_vec();
    key.seal(position, plain, &mut sealed);
    assert_eq!(sealed.len(), 6 + plain.len() + 16);
    sealed.split_off(6)
}

fn is_refused<T>(outcome: Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::Corrupt { .. } | Error::UnsupportedVersion { .. } | Error::NotFound { .. }))
}

/// INV-VAULT-10
#[test]
fn a_record_opens_only_in_its_place() {
    let home = tempfile::tempdir().unwrap();
    for algorithm in ALGORITHMS {
        let vault = Vault::open(home.path(), Unlock::KeyFile).unwrap();
        let (key, wrapped) = vault.new_segment_key(40, algorithm).unwrap();
        let sealed = seal(&key, 41, b"13800138000");
        assert!(!sealed.windows(4).any(|four| b"13800138000".windows(4).any(|clear| clear == four)));
        assert_eq!(&key.open(41, &sealed).unwrap()[..], b"13800138000");
        assert_eq!(&key.open(42, &seal(&key, 42, b"")).unwrap()[..], b"");
        drop(vault);

        let vault = Vault::open(home.path(), Unlock::KeyFile).unwrap();
        let again = vault.unwrap_segment_key(40, &wrapped).unwrap();
        assert_eq!(&again.open(41, &sealed).unwrap()[..], b"13800138000");
        assert!(is_refused(again.open(42, &sealed)));
        assert!(is_refused(vault.new_segment_key(40, algorithm).unwrap().0.open(41, &sealed)));
        assert!(is_refused(vault.unwrap_segment_key(41, &wrapped)));
        for bit in 0..sealed.len() * 8 {
            let mut flipped = sealed.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_refused(again.open(41, &flipped)), "bit {bit}");
        }
        for n in 0..sealed.len() {
            assert!(is_refused(again.open(41, &sealed[..n])));
        }
        for bit in 0..wrapped.len() * 8 {
            let mut flipped = wrapped.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(is_refused(vault.unwrap_segment_key(40, &flipped)), "bit {bit}");
        }
        for n in 0..wrapped.len() {
            assert!(is_refused(vault.unwrap_segment_key(40, &wrapped[..n])));
        }
    }
}

/// Erasure reaches copies of the log too: they are worthless once the epoch is destroyed.
#[test]
fn a_segment_is_lost_with_its_epoch() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::open(home.path(), Unlock::KeyFile).unwrap();
    let (_, old) = vault.new_segment_key(0, SegmentAlgorithm::Aes256Gcm).unwrap();
    vault.rotate_kek().unwrap();
    let (_, new) = vault.new_segment_key(9, SegmentAlgorithm::Aes256Gcm).unwrap();
    assert_eq!((segment_epoch(&old).unwrap(), segment_epoch(&new).unwrap()), (1, 2));
    vault.unwrap_segment_key(0, &old).unwrap();
    vault.destroy_kek(1).unwrap();
    assert!(matches!(vault.unwrap_segment_key(0, &old), Err(Error::NotFound { .. })));
    vault.unwrap_segment_key(9, &new).unwrap();
}

#[test]
fn a_subjects_key_is_no_segments_key() {
    let home = tempfile::tempdir().unwrap();
    let vault = Vault::open(home.path(), Unlock::KeyFile).unwrap();
    let (_, subject) = vault.new_subject_key(zhike_vault::Subject::Profile(7)).unwrap();
    assert!(is_refused(vault.unwrap_segment_key(u64::from_be_bytes(subject[6..14].try_into().unwrap()), &subject)));
}
