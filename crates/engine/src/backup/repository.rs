//! The folder that holds backups: contents by id, lists of files by time.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use zhike_domain::signed::Kind;
use zhike_vault::{BackupKeys, ContentId, ListId, PublicKey, Vault};

use super::files::{folder_names, hex, make_dir, sync_dir, unhex, wait_for, whole};
use super::{Backup, Checked, Pruned, Signed, damaged, stamp};
use crate::{Error, Result};

const OBJECTS: &str = "objects";
const LISTS: &str = "cuts";
const ENDING: &str = ".cut";
/// Beside a list: what anybody may know of it, signed.
const SIGNED: &str = ".sig";
const STATEMENT: &str = "zhike backup 1";
/// Held by whoever changes what the folder holds.
const LOCK: &str = "backup.lock";
const FORMAT: u32 = 1;

/// A file of a backup.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Path in the data directory, `/` between names.
    pub(super) path: String,
    /// Length.
    pub(super) n_bytes: u64,
    /// Id of the content, as hexadecimal digits.
    pub(super) id: String,
}

/// What a backup holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct List {
    format: u32,
    /// When it was cut, in microseconds.
    pub(super) at: i64,
    /// Release that cut it.
    pub(super) release: String,
    /// Number and hash of the last entry of the audit trail.
    pub(super) audit: (i64, String),
    /// Epochs of keys that existed: segments of the event log open only while theirs do.
    pub(super) epochs: Vec<u32>,
    /// Files.
    pub(super) files: Vec<Entry>,
}

impl List {
    pub(super) fn new(at: i64, audit: (i64, String), epochs: Vec<u32>, files: Vec<Entry>) -> Self {
        Self { format: FORMAT, at, release: env!("CARGO_PKG_VERSION").to_owned(), audit, epochs, files }
    }

    /// Name, time, size and the digest of the sealed list: the list itself opens with the keys alone.
    fn statement(&self, name: &str, sealed: &[u8], vault: &Vault) -> Json {
        let Backup { at, n_files, n_bytes, .. } = self.backup(name.to_owned());
        let at = jiff::Timestamp::from_microsecond(at).unwrap_or_default().to_string();
        let mut statement = json!({
            "format": STATEMENT, "name": name, "at": at, "release": self.release, "n_files": n_files, "n_bytes": n_bytes,
            "list_sm3": hex(&Vault::digest(sealed)),
        });
        statement["signature"] = json!(vault.sign(Kind::Backup, &statement));
        statement
    }

    pub(super) fn backup(&self, name: String) -> Backup {
        let n_bytes = self.files.iter().map(|file| file.n_bytes).sum();
        Backup { name, at: self.at, n_files: self.files.len() as u64, n_bytes }
    }
}

/// A folder of backups of one vault.
pub(super) struct Repository {
    folder: PathBuf,
    keys: BackupKeys,
}

impl Repository {
    /// Opens the folder, or makes it.
    pub(super) fn open(folder: &Path, keys: BackupKeys, make: bool) -> Result<Self> {
        let repository = Self { folder: folder.to_owned(), keys };
        for part in [OBJECTS, LISTS] {
            let path = folder.join(part);
            if make {
                make_dir(&path)?;
            } else if !path.is_dir() {
                return Err(none(folder));
            }
        }
        Ok(repository)
    }

    /// Waits until nobody else changes the folder: a file that no list names yet is not to be removed.
    pub(super) fn change(&self) -> Result<File> {
        wait_for(&self.folder.join(LOCK))
    }

    fn object(&self, id: &ContentId) -> PathBuf {
        let name = hex(id);
        let (head, tail) = name.split_at(2);
        self.folder.join(OBJECTS).join(head).join(tail)
    }

    /// Stores a file unless its content is there; says under which id, how long it is, and whether it is new.
    pub(super) fn put(&self, path: &Path) -> Result<(ContentId, u64, bool)> {
        let read = |error| Error::io("read", path, error);
        let (id, n_bytes) = self.keys.id_of(File::open(path).map_err(read)?).map_err(read)?;
        let object = self.object(&id);
        if object.exists() {
            return Ok((id, n_bytes, false));
        }
        let mut file = BufReader::with_capacity(1 << 20, File::open(path).map_err(read)?);
        whole(&object, |into| {
            let mut writer = self.keys.seal(&id, into)?;
            io::copy(&mut file, &mut writer)?;
            writer.finish().map(|(into, _)| into)
        })?;
        Ok((id, n_bytes, true))
    }

    /// Stores a list: with it the backup exists. Before it, what anybody may know of it, signed.
    pub(super) fn put_list(&self, list: &List, vault: &Vault) -> Result<String> {
        let json = serde_json::to_vec(list).map_err(|error| Error::bug("the list of a backup", error))?;
        let unsealed = |error| Error::bug("sealing the list of a backup", error);
        let (id, sealed) = self.keys.seal_list(&json).map_err(unsealed)?;
        let name = format!("{}-{}", stamp(list.at), hex(&id));
        let statement = list.statement(&name, &sealed, vault).to_string();
        for (ending, bytes) in [(SIGNED, statement.as_bytes()), (ENDING, &sealed[..])] {
            whole(&self.folder.join(LISTS).join(format!("{name}{ending}")), |mut into| {
                into.write_all(bytes)?;
                Ok(into)
            })?;
        }
        Ok(name)
    }

    fn names(&self) -> Result<Vec<String>> {
        let folder = self.folder.join(LISTS);
        let mut names = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(|error| Error::io("list", &folder, error))? {
            let name = entry.map_err(|error| Error::io("list", &folder, error))?.file_name();
            names.extend(name.to_str().and_then(|name| name.strip_suffix(ENDING)).map(str::to_owned));
        }
        Ok(names)
    }

    fn list(&self, name: &str) -> Result<List> {
        let path = self.folder.join(LISTS).join(format!("{name}{ENDING}"));
        let bad = |what: &str| damaged(&path, what);
        let id =
            name.rsplit_once('-').and_then(|(_, id)| unhex(id)).ok_or_else(|| bad("its name is not one of a list"))?;
        let id = ListId::try_from(id).map_err(|_| bad("its name is not one of a list"))?;
        let sealed = std::fs::read(&path).map_err(|error| Error::io("read", &path, error))?;
        let json = self.keys.open_list(&id, &sealed).map_err(|_| bad("it was not sealed by these keys"))?;
        let list: List = serde_json::from_slice(&json).map_err(|_| bad("its list does not read"))?;
        if list.format != FORMAT {
            return Err(bad("a newer release wrote it"));
        }
        Ok(list)
    }

    /// All backups, the newest first.
    pub(super) fn lists(&self) -> Result<Vec<(String, List)>> {
        let lists = self.names()?.into_iter().map(|name| self.list(&name).map(|list| (name, list)));
        let mut lists = lists.collect::<Result<Vec<_>>>()?;
        lists.sort_by(|a, b| (b.1.at, &b.0).cmp(&(a.1.at, &a.0)));
        Ok(lists)
    }

    /// Ids by path and length of the files that never change, as the newest readable backup has them: they need not be
    /// read again. The log of a table is not among them: numbered by version, it can come again with other content.
    pub(super) fn known(&self) -> HashMap<(String, u64), String> {
        let mut names = self.names().unwrap_or_default();
        names.sort();
        let newest = names.iter().rev().find_map(|name| self.list(name).ok());
        let files = newest.into_iter().flat_map(|list| list.files);
        let files = files.filter(|file| file.path.ends_with(".parquet") && !file.path.contains("/_delta_log/"));
        files.map(|file| ((file.path, file.n_bytes), file.id)).collect()
    }

    /// Whether the content of an entry is there.
    pub(super) fn has(&self, id: &str) -> bool {
        unhex(id).and_then(|id| ContentId::try_from(id).ok()).is_some_and(|id| self.object(&id).exists())
    }

    /// Writes a file of a backup to where it belongs below a directory; what was written is what was read.
    pub(super) fn get(&self, entry: &Entry, dir: &Path) -> Result<()> {
        let (id, object) = self.locate(entry)?;
        let relative = Path::new(&entry.path);
        if entry.path.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(damaged(&object, "its path leads out of the directory"));
        }
        let target = dir.join(relative);
        if let Some(parent) = target.parent() {
            make_dir(parent)?;
        }
        let mut failure = None;
        let written = whole(&target, |mut into| match self.copy(&id, entry.n_bytes, &object, &mut into) {
            Ok(()) => Ok(into),
            Err(error) => {
                failure = Some(error);
                Err(io::Error::other("not restored"))
            }
        });
        written.map_err(|error| failure.unwrap_or(error))
    }

    fn locate(&self, entry: &Entry) -> Result<(ContentId, PathBuf)> {
        let id = unhex(&entry.id).and_then(|id| ContentId::try_from(id).ok());
        let id = id.ok_or_else(|| damaged(&self.folder, "an id does not read"))?;
        Ok((id, self.object(&id)))
    }

    fn copy(&self, id: &ContentId, n_bytes: u64, object: &Path, into: &mut impl Write) -> Result<()> {
        let file = match File::open(object) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(damaged(object, "it is missing")),
            Err(error) => return Err(Error::io("read", object, error)),
        };
        let failed = |error: io::Error| match error.kind() {
            io::ErrorKind::InvalidData => damaged(object, "its content does not verify"),
            _ => Error::io("copy", object, error),
        };
        let reader = BufReader::with_capacity(1 << 20, file);
        let mut content = self.keys.open(id, n_bytes, reader).map_err(failed)?;
        io::copy(&mut content, into).map(drop).map_err(failed)
    }

    /// Reads everything; signatures are to be this key's.
    pub(super) fn check(&self, key: &PublicKey) -> Result<Checked> {
        let mut checked = Checked::default();
        let mut files: BTreeMap<String, u64> = BTreeMap::new();
        for name in self.names()? {
            match self.list(&name) {
                Ok(list) => {
                    checked.n_backups += 1;
                    match signed(&self.folder, &name, key)?.is_signed {
                        Some(true) => checked.n_signed += 1,
                        None => {}
                        Some(false) => {
                            let path = self.folder.join(LISTS).join(format!("{name}{SIGNED}"));
                            let error = damaged(&path, "its signature does not hold");
                            checked.damaged.push((path, error.message));
                        }
                    }
                    files.extend(list.files.into_iter().map(|file| (file.id, file.n_bytes)));
                }
                Err(error) => {
                    checked.damaged.push((self.folder.join(LISTS).join(format!("{name}{ENDING}")), error.message))
                }
            }
        }
        for (id, n_bytes) in files {
            let entry = Entry { path: String::new(), n_bytes, id };
            let (content, object) = self.locate(&entry)?;
            checked.n_files += 1;
            checked.n_bytes += n_bytes;
            if let Err(error) = self.copy(&content, n_bytes, &object, &mut io::sink()) {
                checked.damaged.push((object, error.message));
            }
        }
        Ok(checked)
    }

    /// Removes all backups but the newest, and the contents that no other names.
    pub(super) fn prune(&self, keep: usize) -> Result<Pruned> {
        let _changing = self.change()?;
        let lists = self.lists()?;
        let (kept, gone) = lists.split_at(keep.min(lists.len()));
        let mut pruned = Pruned { n_backups: gone.len() as u64, ..Pruned::default() };
        for (name, _) in gone {
            let path = self.folder.join(LISTS).join(format!("{name}{ENDING}"));
            std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
        }
        for name in folder_names(&self.folder.join(LISTS))? {
            if name.strip_suffix(SIGNED).is_some_and(|name| kept.iter().all(|(kept, _)| kept != name)) {
                let path = self.folder.join(LISTS).join(&name);
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
            }
        }
        sync_dir(&self.folder.join(LISTS))?;
        // After the lists: one that died in between leaves contents that nobody names, which go at the next.
        let wanted: HashSet<&str> =
            kept.iter().flat_map(|(_, list)| list.files.iter().map(|file| file.id.as_str())).collect();
        let objects = self.folder.join(OBJECTS);
        for head in folder_names(&objects)? {
            for tail in folder_names(&objects.join(&head))? {
                if !wanted.contains(format!("{head}{tail}").as_str()) {
                    let path = objects.join(&head).join(&tail);
                    std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
                    pruned.n_files += 1;
                }
            }
        }
        Ok(pruned)
    }
}

/// The backups of a folder by their signatures alone, the newest first: no keys are needed, and what the lists name is not read.
///
/// **Errors**: `not_found` when the folder holds none.
pub(super) fn all_signed(folder: &Path, key: &PublicKey) -> Result<Vec<Signed>> {
    let lists = folder_names(&folder.join(LISTS))?;
    let names: Vec<&str> = lists.iter().filter_map(|name| name.strip_suffix(ENDING)).collect();
    if names.is_empty() {
        return Err(none(folder));
    }
    names.into_iter().rev().map(|name| signed(folder, name, key)).collect()
}

fn signed(folder: &Path, name: &str, key: &PublicKey) -> Result<Signed> {
    let path = folder.join(LISTS).join(format!("{name}{SIGNED}"));
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok(Signed { name: name.to_owned(), at: None, n_files: None, n_bytes: None, is_signed: None });
        }
        Err(error) => return Err(Error::io("read", &path, error)),
    };
    let statement: Json = serde_json::from_slice(&text).unwrap_or_default();
    let list = folder.join(LISTS).join(format!("{name}{ENDING}"));
    let sealed = std::fs::read(&list).map_err(|error| Error::io("read", &list, error))?;
    let says = |field: &str, value: &str| statement.get(field).and_then(Json::as_str) == Some(value);
    let holds = key.check(Kind::Backup, &statement) == Some(true)
        && says("format", STATEMENT)
        && says("name", name)
        && says("list_sm3", &hex(&Vault::digest(&sealed)));
    let number = |field: &str| statement.get(field).and_then(Json::as_u64);
    Ok(Signed {
        name: name.to_owned(),
        at: statement.get("at").and_then(Json::as_str).map(str::to_owned),
        n_files: number("n_files"),
        n_bytes: number("n_bytes"),
        is_signed: Some(holds),
    })
}

fn none(folder: &Path) -> Error {
    Error::new(
        zhike_domain::error_code::ErrorCode::NotFound,
        format!("{} holds no backups of Zhike", folder.display()),
        format!("{} 中没有知客的备份", folder.display()),
    )
}
