use std::fs;
use std::path::Path;

use proptest::prelude::*;
use zhike_domain::sensitive::Sensitive;
use zhike_vault::{Error, Place, Subject, SubjectKey, Unlock, Vault, epoch_of};

const PHONE: Place<'_> = Place { table: "profiles", column: "phone" };
const WANG: Subject = Subject::Profile(7);

fn open(dir: &Path) -> Vault {
    Vault::open(dir, Unlock::KeyFile).unwrap()
}

fn refusal(dir: &Path, unlock: Unlock) -> Error {
    Vault::open(dir, unlock).unwrap_err()
}

fn passphrase(words: &str) -> Unlock {
    Unlock::Passphrase(Sensitive::new(words.to_owned()))
}

#[test]
fn keys_and_indexes_outlive_the_process() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("data/vault");
    let vault = open(&dir);
    let (key, wrapped) = vault.new_subject_key(WANG).unwrap();
    let sealed = key.seal(PHONE, b"13800138000");
    let index = vault.blind_index("phone", "13800138000");
    let fingerprint = vault.fingerprint(b"row");
    drop(vault);

    let vault = open(&dir);
    assert_eq!(&vault.unwrap(WANG, &wrapped).unwrap().open(PHONE, &sealed).unwrap()[..], b"13800138000");
    assert_eq!(vault.indexer("phone").index("13800138000"), index);
    assert_ne!(vault.blind_index("email", "13800138000"), index);
    assert_eq!(vault.fingerprinter().fingerprint(b"row"), fingerprint);
    assert_ne!(open(&home.path().join("other")).blind_index("phone", "13800138000"), index);
}

#[test]
fn a_passphrase_opens_only_what_it_made() {
    let home = tempfile::tempdir().unwrap();
    let (by_words, by_file) = (home.path().join("words"), home.path().join("file"));
    assert!(matches!(refusal(&by_words, passphrase("short")), Error::Refused { .. }));
    let wrapped = Vault::open(&by_words, passphrase("correct horse")).unwrap().new_subject_key(WANG).unwrap().1;
    open(&by_file);

    Vault::open(&by_words, passphrase("correct horse")).unwrap().unwrap(WANG, &wrapped).unwrap();
    assert!(matches!(refusal(&by_words, passphrase("correct house")), Error::WrongKey { .. }));
    assert!(matches!(refusal(&by_words, Unlock::KeyFile), Error::Locked { .. }));
    assert!(matches!(refusal(&by_file, passphrase("correct horse")), Error::Locked { .. }));
    assert!(!by_words.join("root.key").exists());

    // The root of another vault is whole, but not the root of this one.
    let other = home.path().join("other");
    open(&other);
    fs::copy(other.join("root.key"), by_file.join("root.key")).unwrap();
    assert!(matches!(refusal(&by_file, Unlock::KeyFile), Error::WrongKey { .. }));
}

/// INV-VAULT-4
#[test]
fn a_lost_key_file_is_an_error_and_not_replaced() {
    for lost in ["root.key", "index.key", "kek-1.key"] {
        let dir = tempfile::tempdir().unwrap();
        open(dir.path());
        fs::remove_file(dir.path().join(lost)).unwrap();
        for _ in 0..2 {
            assert!(matches!(refusal(dir.path(), Unlock::KeyFile), Error::NotFound { .. }), "{lost}");
        }
        assert!(!dir.path().join(lost).exists());
    }
}

/// INV-VAULT-6: any changed, cut or exchanged key file is refused, whatever it holds.
#[test]
fn a_damaged_key_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).rotate_kek().unwrap();
    let names = ["root.key", "index.key", "kek-1.key", "kek-2.key"];
    for name in names {
        let path = dir.path().join(name);
        let good = fs::read(&path).unwrap();
        let mut damaged: Vec<Vec<u8>> = (0..good.len()).map(|len| good[..len].to_vec()).collect();
        damaged.push([&good[..], b"x"].concat());
        damaged.push(vec![0; 1 << 20]);
        damaged.extend((0..good.len()).map(|at| {
            let mut flipped = good.clone();
            flipped[at] ^= 0x10;
            flipped
        }));
        damaged.extend(
            names.into_iter().filter(|other| *other != name).map(|other| fs::read(dir.path().join(other)).unwrap()),
        );
        for bytes in damaged {
            fs::write(&path, &bytes).unwrap();
            assert!(matches!(refusal(dir.path(), Unlock::KeyFile), Error::Corrupt { .. }), "{name}");
        }
        fs::write(&path, &good).unwrap();
        open(dir.path());
    }
}

/// INV-VAULT-7
#[cfg(unix)]
#[test]
fn an_exposed_root_key_is_refused() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let vault_dir = dir.path().join("vault");
    open(&vault_dir);
    let path = vault_dir.join("root.key");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&vault_dir), mode(&path), mode(&vault_dir.join("kek-1.key"))), (0o700, 0o600, 0o600));
    for exposed in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(exposed)).unwrap();
        let error = refusal(&vault_dir, Unlock::KeyFile);
        assert!(matches!(error, Error::Permissions { mode, .. } if mode == exposed), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    open(&vault_dir);
}

/// INV-VAULT-3, INV-VAULT-8
#[test]
fn a_destroyed_epoch_takes_its_wrapped_keys_along() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let index = vault.blind_index("phone", "13800138000");
    let (key, wrapped) = vault.new_subject_key(WANG).unwrap();
    let erased = vault.new_subject_key(Subject::Profile(8)).unwrap().1;
    let sealed = key.seal(PHONE, b"13800138000");
    assert!(matches!(vault.destroy_kek(1), Err(Error::Refused { .. })));

    assert_eq!(vault.rotate_kek().unwrap(), 2);
    let rewrapped = vault.rewrap(&wrapped).unwrap();
    assert_eq!((epoch_of(&wrapped).unwrap(), epoch_of(&rewrapped).unwrap()), (1, 2));
    assert_eq!(vault.rewrap(&rewrapped).unwrap(), rewrapped);
    vault.unwrap(Subject::Profile(8), &erased).unwrap();

    vault.destroy_kek(1).unwrap();
    assert!(matches!(vault.destroy_kek(1), Err(Error::NotFound { .. })));
    for vault in [vault, open(dir.path())] {
        assert_eq!((vault.epoch(), vault.epochs()), (2, vec![2]));
        for (subject, stale) in [(WANG, &wrapped), (Subject::Profile(8), &erased)] {
            assert!(matches!(vault.unwrap(subject, stale), Err(Error::NotFound { .. })));
            assert!(matches!(vault.rewrap(stale), Err(Error::NotFound { .. })));
        }
        assert_eq!(&vault.unwrap(WANG, &rewrapped).unwrap().open(PHONE, &sealed).unwrap()[..], b"13800138000");
        assert_eq!(vault.blind_index("phone", "13800138000"), index);
    }
    assert_eq!(open(dir.path()).rotate_kek().unwrap(), 3);
}

/// INV-VAULT-13: two processes on one directory.
#[test]
fn another_process_follows_a_rotation() {
    let dir = tempfile::tempdir().unwrap();
    let (one, other) = (open(dir.path()), open(dir.path()));
    let (_, wrapped) = other.new_subject_key(WANG).unwrap();
    assert_eq!(one.rotate_kek().unwrap(), 2);
    let rewrapped = one.rewrap(&wrapped).unwrap();
    one.destroy_kek(1).unwrap();
    // Whoever only reads finds the new key; whoever makes keys looks first.
    other.unwrap(WANG, &rewrapped).unwrap();
    let late = open(dir.path());
    assert_eq!(one.rotate_kek().unwrap(), 3);
    assert_eq!(late.epoch(), 2);
    late.refresh().unwrap();
    assert_eq!((late.epoch(), late.epochs()), (3, vec![2, 3]));
    one.destroy_kek(2).unwrap();
    late.refresh().unwrap();
    assert_eq!(late.epochs(), [3]);
    assert!(late.unwrap(WANG, &rewrapped).is_err());
}

#[test]
fn a_document_is_sealed_for_its_purpose_and_bytes() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let seal = vault.seal_document("receipt", b"erased");
    vault.rotate_kek().unwrap();
    assert_eq!(open(dir.path()).seal_document("receipt", b"erased"), seal);
    assert_ne!(vault.seal_document("receipt", b"erase"), seal);
    assert_ne!(vault.seal_document("other", b"erased"), seal);
    let elsewhere = tempfile::tempdir().unwrap();
    assert_ne!(open(elsewhere.path()).seal_document("receipt", b"erased"), seal);
}

#[test]
fn openings_at_the_same_time_make_one_vault() {
    let dir = tempfile::tempdir().unwrap();
    let indexes: Vec<_> = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| open(dir.path()).blind_index("phone", "1"))).collect();
        opening.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(indexes.windows(2).all(|pair| pair[0] == pair[1]));
}

/// INV-VAULT-3, INV-VAULT-6
#[test]
fn a_wrapped_key_opens_only_whole_and_for_its_subject() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let wrapped = vault.new_subject_key(WANG).unwrap().1;
    for other in [Subject::Profile(8), Subject::Batch(7)] {
        assert!(matches!(vault.unwrap(other, &wrapped), Err(Error::Corrupt { .. })));
        // Not even when its own header is made to name the other subject.
        let mut renamed = wrapped.clone();
        renamed[6..15].copy_from_slice(&vault.new_subject_key(other).unwrap().1[6..15]);
        assert!(matches!(vault.unwrap(other, &renamed), Err(Error::Corrupt { .. })));
        assert!(vault.rewrap(&renamed).is_err());
    }
    for bit in 0..wrapped.len() * 8 {
        let mut flipped = wrapped.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(vault.unwrap(WANG, &flipped).is_err() && vault.rewrap(&flipped).is_err(), "bit {bit}");
    }
    proptest!(|(mut bytes in prop::collection::vec(any::<u8>(), 0..70), n_kept in 0..16_usize)| {
        let n_kept = n_kept.min(bytes.len());
        bytes[..n_kept].copy_from_slice(&wrapped[..n_kept]);
        prop_assert!(vault.unwrap(WANG, &bytes).is_err());
        prop_assert!(vault.rewrap(&bytes).is_err());
        let _ = epoch_of(&bytes);
    });
}

#[test]
fn ids_are_positive_and_distinct() {
    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let ids: std::collections::HashSet<i64> = (0..10_000).map(|_| vault.random_id()).collect();
    assert_eq!(ids.len(), 10_000);
    assert!(ids.iter().all(|id| *id > 0));
    assert!(ids.iter().any(|id| *id > i64::MAX / 2));
}

/// INV-VAULT-7: neither errors nor debug output show values, and what is shared between threads can be.
#[test]
fn nothing_secret_is_printed() {
    fn shared<T: Send + Sync>(_: &T) {}

    let dir = tempfile::tempdir().unwrap();
    let vault = open(dir.path());
    let (key, _) = vault.new_subject_key(WANG).unwrap();
    let sealed = key.seal(PHONE, b"13800138000");
    let error = vault.new_subject_key(WANG).unwrap().0.open(PHONE, &sealed).unwrap_err();
    shared::<Vault>(&vault);
    shared::<SubjectKey>(&key);
    let printed =
        format!("{vault:?} {key:?} {:?} {:?} {error} {error:?}", vault.indexer("phone"), vault.fingerprinter());
    assert!(!printed.contains("138") && printed.contains("profiles.phone"), "{printed}");
    assert_eq!(format!("{:?}", passphrase("correct horse")), "Passphrase(***)");
}

/// INV-VAULT-16
#[test]
fn disabled_keys_neither_seal_nor_open_in_any_process_until_they_are_enabled() {
    let disabled =
        |error: Error, epoch: Option<u32>| matches!(error, Error::Disabled { epoch: found } if found == epoch);
    for epoch in [None, Some(2)] {
        let dir = tempfile::tempdir().unwrap();
        let (vault, other) = (open(dir.path()), open(dir.path()));
        let (_, old) = vault.new_subject_key(WANG).unwrap();
        vault.rotate_kek().unwrap();
        let (_, wrapped) = vault.new_subject_key(WANG).unwrap();
        let (_, segment) = vault.new_segment_key(7, Default::default()).unwrap();
        other.unwrap(WANG, &wrapped).unwrap();
        vault.disable(epoch, "why").unwrap();
        assert_eq!(vault.disabled().unwrap(), [(epoch, "why".to_owned())]);
        assert!(matches!(vault.disable(epoch, "again"), Err(Error::Refused { .. })));
        // One that is just opened knows at once, one that runs within a second.
        let late = std::time::Instant::now() + std::time::Duration::from_secs(1);
        while other.unwrap(WANG, &wrapped).is_ok() {
            assert!(std::time::Instant::now() < late, "it goes on opening");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        for vault in [&vault, &other, &open(dir.path())] {
            assert!(disabled(vault.unwrap(WANG, &wrapped).unwrap_err(), epoch));
            assert!(disabled(vault.new_subject_key(WANG).unwrap_err(), epoch));
            assert!(disabled(vault.new_segment_key(8, Default::default()).unwrap_err(), epoch));
            assert!(disabled(vault.unwrap_segment_key(7, &segment).unwrap_err(), epoch));
            assert!(disabled(vault.rewrap(&old).unwrap_err(), epoch));
            assert!(disabled(vault.rotate_kek().unwrap_err(), epoch));
            assert!(disabled(vault.check_enabled().unwrap_err(), epoch));
            assert_eq!(vault.unwrap(WANG, &old).is_ok(), epoch.is_some());
            assert_eq!(vault.backup_keys().is_ok(), epoch.is_some());
        }
        vault.enable(epoch).unwrap();
        assert!(matches!(vault.enable(epoch), Err(Error::Refused { .. })));
        for vault in [vault, open(dir.path())] {
            vault.unwrap(WANG, &wrapped).unwrap();
            vault.unwrap_segment_key(7, &segment).unwrap();
            vault.backup_keys().unwrap();
        }
    }
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path()).disable(Some(9), "why"), Err(Error::NotFound { .. })));
}
