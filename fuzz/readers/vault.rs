//! Readers of the vault: whoever writes to the disk may hand them anything; nothing opens that was not sealed here.

use std::sync::OnceLock;

use zhike_vault::{Place, Subject, SubjectKey, Unlock, Vault, epoch_of, segment_epoch};

/// A name, and what is done with bytes.
type Reader = (&'static str, fn(&[u8]));

/// All of them.
pub const READERS: &[Reader] =
    &[("backup-list", backup_list), ("sealed-value", sealed_value), ("token", token), ("wrapped-key", wrapped_key)];

const SUBJECT: Subject = Subject::Profile(7);

struct Home {
    vault: Vault,
    key: SubjectKey,
    _dir: tempfile::TempDir,
}

fn home() -> &'static Home {
    static HOME: OnceLock<Home> = OnceLock::new();
    HOME.get_or_init(|| {
        let dir = tempfile::tempdir().expect("a folder");
        let vault = Vault::open(&dir.path().join("keys"), Unlock::KeyFile).expect("a vault");
        let (key, _) = vault.new_subject_key(SUBJECT).expect("a key");
        Home { vault, key, _dir: dir }
    })
}

fn sealed_value(data: &[u8]) {
    let place = Place { table: "profile", column: "phone" };
    assert!(home().key.open(place, data).is_err(), "a forged value opens");
}

fn wrapped_key(data: &[u8]) {
    let vault = &home().vault;
    let _ = (epoch_of(data), segment_epoch(data));
    assert!(vault.unwrap(SUBJECT, data).is_err() && vault.rewrap(data).is_err(), "a forged key opens");
    assert!(vault.unwrap_segment_key(1, data).is_err(), "a forged key opens");
}

fn token(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    assert!(home().vault.tokens("fuzz").open(text).is_err(), "a forged token opens");
}

fn backup_list(data: &[u8]) {
    let keys = home().vault.backup_keys().expect("keys");
    assert!(keys.open_list(&[7; 16], data).is_err(), "a forged list opens");
}
