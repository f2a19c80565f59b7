//! Copies of the keys, apart from the data, the two newest only.
//!
//! A copy that is older opens people who were erased since; so it is removed, and what it wrapped is worthless anyway once
//! its epoch's key is destroyed.

use crate::boxed;
use std::path::{Path, PathBuf};

use serde_json::json;

use super::files::{copy, folder_names, make_dir, sync_dir};
use super::stamp;
use crate::{Ctx, Error, Result, audit};

/// Copies kept.
const KEPT: usize = 2;
const PREFIX: &str = "keys-";
/// A copy under way.
pub(super) const PART: &str = ".part";

/// A copy of the keys that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysCopy {
    /// Where it stands.
    pub path: PathBuf,
    /// Files.
    pub n_files: u64,
    /// Older copies removed.
    pub n_removed: u64,
}

/// Copies the keys into a folder, which is not to be where the backups are; older copies but one are removed.
///
/// Without a passphrase the root key is part of the copy: whoever has it and a backup has everything.
///
/// **Errors**: `bad_request` for a folder of the data directory.
#[boxed]
pub async fn ship_keys(ctx: &Ctx, folder: &Path, actor: &str) -> Result<KeysCopy> {
    make_dir(folder)?;
    let real = |path: &Path| path.canonicalize().map_err(|error| Error::io("find", path, error));
    let folder = real(folder)?;
    if folder.starts_with(real(ctx.dir())?) {
        return Err(Error::bad_request(
            "the copy of the keys is to stand outside the data directory".into(),
            "密钥副本须放在数据目录之外".into(),
        ));
    }
    if folder.join("objects").exists() {
        return Err(Error::bad_request(
            "this folder holds backups: whoever takes it is not to have the keys as well, name another place".into(),
            "该目录存有数据备份，密钥不能与备份放在一起：请指定其他位置".into(),
        ));
    }
    audit::record(ctx, actor, "backup.keys", "workspace", &json!({})).await?;
    for name in folder_names(&folder)?.into_iter().filter(|name| name.starts_with(PREFIX) && name.ends_with(PART)) {
        remove(&folder.join(name))?;
    }
    let name = format!("{PREFIX}{}", stamp(ctx.now()));
    let part = folder.join(format!("{name}{PART}"));
    make_dir(&part)?;
    // Who changes the keys holds it: files and what they wrap are of one moment.
    let guard = ctx.write_lock().await?;
    ctx.store().copy_keys(&part.join("keys.db")).await?;
    let keys = ctx.dir().join("keys");
    let mut n_files = 1;
    for file in folder_names(&keys)? {
        if file.ends_with(".key") || file == "root.params" {
            copy(&keys.join(&file), &part.join(&file))?;
            n_files += 1;
        }
    }
    drop(guard);
    std::fs::File::open(part.join("keys.db"))
        .and_then(|file| file.sync_all())
        .map_err(|error| Error::io("sync", &part, error))?;
    let path = folder.join(&name);
    if path.exists() {
        remove(&path)?;
    }
    std::fs::rename(&part, &path).map_err(|error| Error::io("rename", &path, error))?;
    sync_dir(&folder)?;
    let copies: Vec<String> =
        folder_names(&folder)?.into_iter().filter(|name| name.starts_with(PREFIX) && !name.ends_with(PART)).collect();
    let old = copies.len().saturating_sub(KEPT);
    for name in copies.iter().take(old) {
        remove(&folder.join(name))?;
    }
    Ok(KeysCopy { path, n_files, n_removed: old as u64 })
}

fn remove(path: &Path) -> Result<()> {
    std::fs::remove_dir_all(path).map_err(|error| Error::io("remove", path, error))
}
