//! The vault: its directory of keys, opened once per process.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use zeroize::Zeroizing;
use zhike_domain::signed::{Kind as Signed, Signature, signed_bytes};

use crate::backup::BackupKeys;
use crate::error::{Error, Result};
use crate::gate::{self, Gate};
use crate::index::{Fingerprinter, Indexer};
use crate::kek::{self, Kek, Parsed, WrappedKey};
use crate::key_file::{self, Kind};
use crate::root::{ROOT_KEY, ROOT_PARAMS, Root, Unlock};
use crate::segment_key::{SegmentAlgorithm, SegmentKey};
use crate::sign::{PublicKey, Signer};
use crate::subject::{KEY_BYTES, Subject, SubjectKey, ValueAlgorithm};
use crate::token::Tokens;
use crate::{audit, disk, known_answers, random};

const INDEX_KEY: &str = "index.key";
/// Present while the first keys are made.
const MAKING: &str = "vault.making";
const INDEX_ROOT_BYTES: usize = 32;
const INDEX_PAYLOAD_BYTES: usize = 12 + INDEX_ROOT_BYTES + 16;

/// All keys of a data directory, opened; shared by reference between threads.
pub struct Vault {
    dir: PathBuf,
    root: Root,
    /// Keys of epochs, by number; never empty, the last one wraps. They change while others read.
    keks: RwLock<BTreeMap<u32, Arc<Kek>>>,
    index_root: Zeroizing<[u8; INDEX_ROOT_BYTES]>,
    fingerprinter: Fingerprinter,
    signer: Signer,
    gate: Gate,
    values: ValueAlgorithm,
}

impl Vault {
    /// Opens the vault in a directory, and makes directory and keys on first use.
    ///
    /// Errors: [`Error::KnownAnswerFailed`]; [`Error::Locked`] and [`Error::WrongKey`] when `unlock` is not what the
    /// vault was made with; [`Error::NotFound`] when a key file is missing (it is never replaced);
    /// [`Error::Permissions`]; [`Error::Corrupt`]; [`Error::UnsupportedVersion`]; [`Error::Refused`] for a short new
    /// passphrase; [`Error::Io`].
    pub fn open(dir: &Path, unlock: Unlock) -> Result<Self> {
        known_answers::check()?;
        disk::make_dir(dir)?;
        let _lock = disk::lock(dir)?;
        disk::sweep(dir)?;
        let fresh = begin(dir)?;
        if fresh {
            Root::make(dir, &unlock)?;
        }
        let root = Root::load(dir, &unlock)?;
        if fresh {
            let index_root = random::system_key::<INDEX_ROOT_BYTES>()?;
            let payload = root.wrap(Kind::Index, 0, &index_root[..]);
            disk::write_new(dir, INDEX_KEY, &key_file::encode(Kind::Index, &payload))?;
            Kek::make(dir, &root, 1)?;
            disk::remove(dir, MAKING)?;
        }
        Self::load(dir, root)
    }

    /// Seals new values with an algorithm.
    #[must_use]
    pub fn sealing_values_with(self, values: ValueAlgorithm) -> Self {
        Self { values, ..self }
    }

    fn load(dir: &Path, root: Root) -> Result<Self> {
        let path = dir.join(INDEX_KEY);
        let remedy = "restore it from its copy";
        let bytes = disk::read(dir, INDEX_KEY, false)?
            .ok_or_else(|| Error::NotFound { what: path.display().to_string(), remedy })?;
        let payload: &[u8; INDEX_PAYLOAD_BYTES] = key_file::decode(&path, Kind::Index, &bytes)?;
        let index_root = root.unwrap(&path, Kind::Index, 0, payload)?;
        let mut keks = BTreeMap::new();
        for epoch in epochs(dir)? {
            keks.insert(epoch, Arc::new(Kek::load(dir, &root, epoch)?));
        }
        if keks.is_empty() {
            return Err(Error::NotFound { what: dir.join("kek-*.key").display().to_string(), remedy });
        }
        let fingerprinter = Fingerprinter::new(&index_root);
        let signer = Signer::new(&index_root);
        let (gate, values) = (Gate::new(dir), ValueAlgorithm::default());
        let keks = RwLock::new(keks);
        Ok(Self { dir: dir.to_path_buf(), root, keks, index_root, fingerprinter, signer, gate, values })
    }

    /// Learns of epochs that another process started or destroyed. Whoever makes keys calls it first, while the other is
    /// kept out: what a destroyed epoch wrapped would never open again.
    ///
    /// Errors: [`Error::Io`]; [`Error::Corrupt`]; [`Error::WrongKey`].
    pub fn refresh(&self) -> Result<()> {
        let on_disk = epochs(&self.dir)?;
        let known = self.epochs();
        if known.len() == on_disk.len() && on_disk.iter().all(|epoch| known.contains(epoch)) {
            return Ok(());
        }
        let _lock = disk::lock(&self.dir)?;
        let on_disk = epochs(&self.dir)?;
        let mut loaded = Vec::new();
        for epoch in on_disk.iter().filter(|epoch| !known.contains(epoch)) {
            loaded.push((*epoch, Arc::new(Kek::load(&self.dir, &self.root, *epoch)?)));
        }
        let mut keks = self.keks.write().unwrap_or_else(PoisonError::into_inner);
        keks.extend(loaded);
        let newest = keks.keys().last().copied();
        keks.retain(|epoch, _| on_disk.contains(epoch) || Some(*epoch) == newest);
        Ok(())
    }

    /// Draws a pseudonymous id: 63 random bits, greater than zero, derived from nothing.
    pub fn random_id(&self) -> i64 {
        random::id()
    }

    /// Draws a subject's key and wraps it under the current epoch; the caller stores the wrapped key apart from the data.
    ///
    /// Errors: [`Error::Disabled`].
    pub fn new_subject_key(&self, subject: Subject) -> Result<(SubjectKey, WrappedKey)> {
        let kek = self.wrapping()?;
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        random::fill(&mut key[..]);
        Ok((SubjectKey::new(subject, &key, self.values), kek.wrap(subject, &key)))
    }

    /// Unwraps a subject's key.
    ///
    /// Errors: [`Error::NotFound`] when its epoch was destroyed; [`Error::Disabled`]; [`Error::Corrupt`] when it is damaged or belongs to
    /// another subject; [`Error::UnsupportedVersion`].
    pub fn unwrap(&self, subject: Subject, wrapped: &[u8]) -> Result<SubjectKey> {
        let parsed = Parsed::new(wrapped)?;
        if parsed.subject != subject {
            return Err(Error::corrupt("a wrapped key", "it belongs to another subject"));
        }
        Ok(SubjectKey::new(subject, &*self.kek(parsed.epoch)?.unwrap(&parsed)?, self.values))
    }

    /// Wraps a wrapped key anew under the current epoch, for the same subject.
    ///
    /// Errors: as [`Vault::unwrap`].
    pub fn rewrap(&self, wrapped: &[u8]) -> Result<WrappedKey> {
        let parsed = Parsed::new(wrapped)?;
        let key = self.kek(parsed.epoch)?.unwrap(&parsed)?;
        let current = self.wrapping()?;
        if parsed.epoch == current.epoch() {
            return Ok(wrapped.to_vec());
        }
        Ok(current.wrap(parsed.subject, &key))
    }

    /// Draws the key of a segment of the event log and wraps it under the current epoch; the segment's header keeps the
    /// wrapped key. A segment's number never comes twice.
    ///
    /// Errors: [`Error::Io`] when there is no randomness; [`Error::Disabled`].
    pub fn new_segment_key(&self, segment: u64, algorithm: SegmentAlgorithm) -> Result<(SegmentKey, Vec<u8>)> {
        SegmentKey::make(&*self.wrapping()?, segment, algorithm)
    }

    /// Unwraps the key of a segment of the event log.
    ///
    /// Errors: as [`Vault::unwrap`].
    pub fn unwrap_segment_key(&self, segment: u64, wrapped: &[u8]) -> Result<SegmentKey> {
        SegmentKey::unwrap(segment, wrapped, |epoch| self.kek(epoch))
    }

    /// The key of an epoch; one that another process started meanwhile is read from its file.
    fn kek(&self, epoch: u32) -> Result<Arc<Kek>> {
        self.gate.check(Some(epoch))?;
        let known = || self.keks.read().unwrap_or_else(PoisonError::into_inner).get(&epoch).cloned();
        if let Some(kek) = known() {
            return Ok(kek);
        }
        self.refresh()?;
        known().ok_or_else(|| kek::not_found(epoch))
    }

    /// The key of the current epoch, to wrap with.
    fn wrapping(&self) -> Result<Arc<Kek>> {
        let current = self.current();
        self.gate.check(Some(current.epoch()))?;
        Ok(current)
    }

    fn current(&self) -> Arc<Kek> {
        let keks = self.keks.read().unwrap_or_else(PoisonError::into_inner);
        match keks.last_key_value() {
            Some((_, kek)) => kek.clone(),
            None => unreachable!("a vault has the key of an epoch"),
        }
    }

    /// The epoch that wraps new keys.
    pub fn epoch(&self) -> u32 {
        self.current().epoch()
    }

    /// All epochs whose keys exist, oldest first; those before the last can be destroyed once nothing is wrapped by them.
    pub fn epochs(&self) -> Vec<u32> {
        self.keks.read().unwrap_or_else(PoisonError::into_inner).keys().copied().collect()
    }

    /// Starts a new epoch and returns its number; durable when it returns. Others go on reading.
    ///
    /// The caller then rewraps every stored key, commits, and destroys the epochs before.
    ///
    /// Errors: [`Error::Io`]; [`Error::Refused`] when epochs are used up; [`Error::Disabled`] when any epoch is: its keys could
    /// not be rewrapped.
    pub fn rotate_kek(&self) -> Result<u32> {
        self.gate.forget();
        self.epochs().into_iter().try_for_each(|epoch| self.gate.check(Some(epoch)))?;
        let _lock = disk::lock(&self.dir)?;
        let newest = epochs(&self.dir)?.into_iter().fold(self.epoch(), u32::max);
        let why = "the last possible epoch is in use";
        let epoch = newest.checked_add(1).ok_or(Error::Refused { what: "start an epoch", why })?;
        let next = Kek::make(&self.dir, &self.root, epoch)?;
        self.keks.write().unwrap_or_else(PoisonError::into_inner).insert(epoch, Arc::new(next));
        Ok(epoch)
    }

    /// Destroys the key of a past epoch, on disk and in memory: what it wrapped never opens again.
    ///
    /// Errors: [`Error::Refused`] for the newest epoch; [`Error::NotFound`]; [`Error::Io`].
    pub fn destroy_kek(&self, epoch: u32) -> Result<()> {
        let _lock = disk::lock(&self.dir)?;
        let on_disk = epochs(&self.dir)?;
        if epoch == self.epoch() || on_disk.iter().max() == Some(&epoch) {
            return Err(Error::Refused { what: "destroy a key", why: "its epoch is the newest: rotate first" });
        }
        let forget = || drop(self.keks.write().unwrap_or_else(PoisonError::into_inner).remove(&epoch));
        if !on_disk.contains(&epoch) {
            forget();
            return Err(kek::not_found(epoch));
        }
        let name = kek::file_name(epoch);
        disk::condemn(&self.dir, &name)?;
        forget();
        disk::shred(&self.dir, &name)?;
        let mark = gate::file_name(Some(epoch));
        if self.dir.join(&mark).exists() { disk::remove(&self.dir, &mark) } else { Ok(()) }
    }

    /// Disables the keys of an epoch, or all: this process seals and opens nothing under them from here on, others within a
    /// second. The note says why. Durable when it returns; nothing is lost.
    ///
    /// What identifies and proves goes on: blind indexes, fingerprints, tokens of sessions, signatures.
    ///
    /// Errors: [`Error::NotFound`] without such an epoch; [`Error::Refused`] when they are disabled already; [`Error::Io`].
    pub fn disable(&self, epoch: Option<u32>, note: &str) -> Result<()> {
        let _lock = disk::lock(&self.dir)?;
        if let Some(epoch) = epoch
            && !epochs(&self.dir)?.contains(&epoch)
        {
            return Err(kek::not_found(epoch));
        }
        disk::write_new(&self.dir, &gate::file_name(epoch), note.as_bytes())?;
        self.gate.forget();
        Ok(())
    }

    /// Enables what was disabled.
    ///
    /// Errors: [`Error::Refused`] when it is not disabled; [`Error::Io`].
    pub fn enable(&self, epoch: Option<u32>) -> Result<()> {
        let _lock = disk::lock(&self.dir)?;
        let mark = gate::file_name(epoch);
        if !self.dir.join(&mark).exists() {
            return Err(Error::Refused { what: "enable keys", why: "they are not disabled" });
        }
        disk::remove(&self.dir, &mark)?;
        self.gate.forget();
        Ok(())
    }

    /// What is disabled (an epoch; `None` for all keys), with the note that says why.
    ///
    /// Errors: [`Error::Io`].
    pub fn disabled(&self) -> Result<Vec<(Option<u32>, String)>> {
        let mut all = Vec::new();
        for epoch in gate::marks(&self.dir)? {
            let note = disk::read(&self.dir, &gate::file_name(epoch), false)?.unwrap_or_default();
            all.push((epoch, String::from_utf8_lossy(&note).into_owned()));
        }
        Ok(all)
    }

    /// Whether what is sealed now may be: asked where a key is at hand already.
    ///
    /// Errors: [`Error::Disabled`].
    pub fn check_enabled(&self) -> Result<()> {
        self.wrapping().map(drop)
    }

    /// The blind index of a normalised value of an identity kind; for many values take an [`Indexer`].
    pub fn blind_index(&self, kind: &str, value: &str) -> [u8; 16] {
        self.indexer(kind).index(value)
    }

    /// An indexer of an identity kind, its key derived once.
    pub fn indexer(&self, kind: &str) -> Indexer {
        Indexer::new(&self.index_root, kind)
    }

    /// The keyed fingerprint of content that may hold personal data.
    pub fn fingerprint(&self, bytes: &[u8]) -> [u8; 16] {
        self.fingerprinter.fingerprint(bytes)
    }

    /// A fingerprinter for threads of its own, and for content in pieces.
    pub fn fingerprinter(&self) -> Fingerprinter {
        self.fingerprinter.clone()
    }

    /// The keys of backups.
    ///
    /// Errors: [`Error::Disabled`] when all keys are.
    pub fn backup_keys(&self) -> Result<BackupKeys> {
        self.gate.check(None)?;
        Ok(BackupKeys::new(&self.index_root))
    }

    /// The maker of the tokens of one purpose.
    pub fn tokens(&self, purpose: &str) -> Tokens {
        Tokens::new(&self.index_root, purpose)
    }

    /// The seal of a document that this vault made: HMAC-SM3, 32 bytes. It can be checked only where the vault is.
    pub fn seal_document(&self, purpose: &str, bytes: &[u8]) -> [u8; 32] {
        crate::index::mac(&self.index_root, purpose, bytes)
    }

    /// The key by which anybody can check what this vault signs.
    pub fn public_key(&self) -> PublicKey {
        self.signer.public()
    }

    /// Signs a document of a kind; it says the same every time, and is put into the document as `signature`.
    pub fn sign(&self, kind: Signed, document: &serde_json::Value) -> Signature {
        self.signer.sign(&signed_bytes(kind, document))
    }

    /// SM3 of bytes.
    pub fn digest(bytes: &[u8]) -> [u8; 32] {
        audit::digest(bytes)
    }

    /// The next link of the audit chain: SM3(0x01 ‖ prev ‖ bytes).
    pub fn audit_link(prev: &[u8; 32], bytes: &[u8]) -> [u8; 32] {
        audit::link(prev, bytes)
    }

    /// The code under a root of the audit chain: HMAC-SM3 under a key of its own.
    pub fn sign_audit_root(&self, bytes: &[u8]) -> [u8; 32] {
        audit::root_mac(&self.index_root, bytes)
    }

    /// Whether a code under a root was made by this vault; compared in constant time.
    pub fn is_audit_root(&self, bytes: &[u8], mac: &[u8; 32]) -> bool {
        audit::is_root_mac(&self.index_root, bytes, mac)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("dir", &self.dir).field("epochs", &self.epochs()).finish_non_exhaustive()
    }
}

fn epochs(dir: &Path) -> Result<Vec<u32>> {
    Ok(disk::names(dir)?.iter().filter_map(|name| kek::epoch_of_name(name)).collect())
}

/// Decides whether keys are to be made, and clears the way for it.
///
/// They are when the directory holds none, or when a process died while it made the first ones: then the mark is there
/// and a file is missing. A mark beside complete keys is a removal that did not reach the disk, and only removed.
fn begin(dir: &Path) -> Result<bool> {
    let names = disk::names(dir)?;
    let has = |name: &str| names.iter().any(|found| found == name);
    let keks = names.iter().filter(|name| kek::epoch_of_name(name).is_some());
    let roots = [ROOT_KEY, ROOT_PARAMS].map(str::to_owned).into_iter().filter(|name| has(name));
    let index = has(INDEX_KEY).then(|| INDEX_KEY.to_owned());
    let complete = (has(ROOT_KEY) || has(ROOT_PARAMS)) && has(INDEX_KEY) && keks.clone().next().is_some();
    let mut present = roots.chain(index).chain(keks.cloned()).peekable();
    if has(MAKING) {
        if complete {
            disk::remove(dir, MAKING)?;
            return Ok(false);
        }
        for name in present {
            disk::remove(dir, &name)?;
        }
        return Ok(true);
    }
    if present.peek().is_some() {
        return Ok(false);
    }
    disk::write_new(dir, MAKING, b"the first keys of this vault are being made\n")?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use zhike_domain::sensitive::Sensitive;

    use super::*;
    use crate::Place;
    use crate::disk::crash;

    const PLACE: Place<'_> = Place { table: "profiles", column: "name" };
    const WANG: Subject = Subject::Profile(7);

    fn open(dir: &Path) -> Vault {
        Vault::open(dir, Unlock::KeyFile).unwrap()
    }

    /// Stops the making of a vault after some steps, starts again twice, and tells whether it was stopped.
    fn make_stopped_after(steps: u32, unlock: fn() -> Unlock, root: &str) -> bool {
        let dir = tempfile::tempdir().unwrap();
        let stopped = crash::after(steps, || drop(Vault::open(dir.path(), unlock())));
        let index = Vault::open(dir.path(), unlock()).unwrap().blind_index("phone", "13800138000");
        let mut left = disk::names(dir.path()).unwrap();
        left.sort();
        assert_eq!(left, ["index.key", "kek-1.key", root, "vault.lock"], "{steps} steps");
        assert_eq!(Vault::open(dir.path(), unlock()).unwrap().blind_index("phone", "13800138000"), index);
        stopped
    }

    /// INV-VAULT-5: whatever step the making of a vault dies at, the next start makes or opens it.
    #[test]
    fn a_vault_survives_death_while_it_is_made() {
        let n_steps = (0..).find(|steps| !make_stopped_after(*steps, || Unlock::KeyFile, ROOT_KEY)).unwrap();
        assert!(n_steps > 20, "only {n_steps} steps were seen");
    }

    /// INV-VAULT-5: the same while root.params is written; each start takes a while, so not at every step.
    #[test]
    fn a_vault_with_a_passphrase_survives_death_while_it_is_made() {
        for steps in [7, 10, 12] {
            let unlock = || Unlock::Passphrase(Sensitive::new("correct horse".to_owned()));
            assert!(make_stopped_after(steps, unlock, ROOT_PARAMS));
        }
    }

    /// INV-VAULT-5: whatever step rotation or destruction dies at, keys still open until their epoch is destroyed.
    #[test]
    fn keys_survive_death_while_epochs_change() {
        for steps in 0.. {
            let dir = tempfile::tempdir().unwrap();
            let vault = open(dir.path());
            let (key, wrapped) = vault.new_subject_key(WANG).unwrap();
            let sealed = key.seal(PLACE, "王芳".as_bytes());
            let mut stored = wrapped.clone();
            let stopped = crash::after(steps, || {
                if vault.rotate_kek().is_ok() {
                    stored = vault.rewrap(&stored).unwrap();
                    let _ = vault.destroy_kek(1);
                }
            });
            drop(vault);
            let vault = open(dir.path());
            let key = vault.unwrap(WANG, &stored).unwrap();
            assert_eq!(&key.open(PLACE, &sealed).unwrap()[..], "王芳".as_bytes(), "{steps} steps");
            assert_eq!(vault.unwrap(WANG, &wrapped).is_ok(), vault.epochs().contains(&1));
            assert!(disk::names(dir.path()).unwrap().iter().all(|name| name.ends_with(".key") || name == "vault.lock"));
            if !stopped {
                assert_eq!(vault.epochs(), [2]);
                break;
            }
        }
    }

    /// INV-VAULT-5: a mark whose removal did not reach the disk never costs a finished vault its keys.
    #[test]
    fn a_mark_that_comes_back_is_harmless() {
        let dir = tempfile::tempdir().unwrap();
        let (_, wrapped) = open(dir.path()).new_subject_key(WANG).unwrap();
        std::fs::write(dir.path().join(MAKING), b"").unwrap();
        open(dir.path()).unwrap(WANG, &wrapped).unwrap();
        assert!(!dir.path().join(MAKING).exists());
    }
}
