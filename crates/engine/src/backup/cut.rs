//! A consistent cut: what the data directory holds at one moment, gathered while nobody loads, stored while they do again.

use std::fs::File;
use std::path::{Path, PathBuf};

use zhike_vault::Vault;

use super::files::{copy, folder_names, hex, make_dir, wait_for};
use super::repository::{Entry, List, Repository};
use super::{Backup, PART, Taken, sweep};
use crate::collect::{LOG, PAST};
use crate::{Ctx, Error, Result};

/// Held in the data directory while a backup is taken.
const LOCK: &str = "backup.lock";

/// Files gathered in a folder of the data directory; they go when it is dropped.
pub(super) struct Part {
    dir: PathBuf,
    at: i64,
    audit: (i64, String),
    epochs: Vec<u32>,
    /// Released when the folder is gone: another backup begins with an empty one.
    _one: File,
}

/// Gathers the files of a cut.
///
/// What a load changes, it changes under the write lock: state, lake, which messages were seen. The event log is written
/// without it, and read after state: it reaches at least as far as state has taken it in.
pub(super) async fn gather(ctx: &Ctx) -> Result<Part> {
    let lock = ctx.dir().join(LOCK);
    let one = super::blocking(move || wait_for(&lock)).await?;
    let _guard = ctx.write_lock().await?;
    crate::import::recover_locked(ctx).await?;
    sweep(ctx.dir());
    let epochs = ctx.vault().epochs();
    let part = Part { dir: ctx.dir().join(PART), at: ctx.now(), audit: audit_head(ctx).await?, epochs, _one: one };
    make_dir(&part.dir)?;
    // From now on what is taken in stays for the next backup.
    make_dir(&ctx.dir().join(PAST))?;
    ctx.store().copy_data(&part.dir.join("state.db")).await?;
    ctx.step("backup.state")?;
    let (from, to) = (ctx.dir().to_owned(), part.dir.clone());
    super::blocking(move || {
        link_all(&from.join("lake"), &to.join("lake"))?;
        copy_all(&from.join("seen"), &to.join("seen"), |name| name.ends_with(".seen"))?;
        // In the order of their numbers: when the next segment has a name, the one before is complete.
        copy_all(&from.join(LOG), &to.join(LOG), |name| name.ends_with(".wal"))?;
        copy_all(&from.join(PAST), &to.join(PAST), |name| name.ends_with(".wal"))?;
        copy_all(&from, &to, |name| name == "ip-regions.csv")
    })
    .await?;
    Ok(part)
}

async fn audit_head(ctx: &Ctx) -> Result<(i64, String)> {
    Ok(ctx.store().audit_head().await?.map_or((0, hex(&[0; 32])), |row| (row.seq, hex(&row.hash))))
}

/// Links what never changes, and copies the pointers into the logs of tables, which do.
fn link_all(from: &Path, to: &Path) -> Result<()> {
    make_dir(to)?;
    for name in folder_names(from)? {
        let (path, target) = (from.join(&name), to.join(&name));
        if path.is_dir() {
            link_all(&path, &target)?;
        } else if name.starts_with('_') || std::fs::hard_link(&path, &target).is_err() {
            copy(&path, &target)?;
        }
    }
    Ok(())
}

fn copy_all(from: &Path, to: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
    for name in folder_names(from)?.into_iter().filter(|name| wanted(name)) {
        copy(&from.join(&name), &to.join(&name))?;
    }
    Ok(())
}

impl Part {
    /// Stores the files, then the list that names them, signed.
    pub(super) fn store(self, repository: &Repository, vault: &Vault) -> Result<Taken> {
        let _changing = repository.change()?;
        let known = repository.known();
        let (mut n_new_files, mut n_new_bytes) = (0, 0);
        let mut files = Vec::new();
        let mut paths = Vec::new();
        below(&self.dir, &mut paths)?;
        for path in paths {
            let relative = path.strip_prefix(&self.dir).unwrap_or(&path).to_string_lossy().into_owned();
            let n_bytes = path.metadata().map_err(|error| Error::io("inspect", &path, error))?.len();
            let id = known.get(&(relative.clone(), n_bytes)).filter(|id| repository.has(id));
            let entry = match id {
                Some(id) => Entry { path: relative, n_bytes, id: id.clone() },
                None => {
                    let (id, n_bytes, is_new) = repository.put(&path)?;
                    n_new_files += u64::from(is_new);
                    n_new_bytes += if is_new { n_bytes } else { 0 };
                    Entry { path: relative, n_bytes, id: hex(&id) }
                }
            };
            files.push(entry);
        }
        let list = List::new(self.at, self.audit.clone(), self.epochs.clone(), files);
        let name = repository.put_list(&list, vault)?;
        let backup: Backup = list.backup(name);
        Ok(Taken { backup, n_new_files, n_new_bytes })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // What cannot be removed now is at the next start.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn below(dir: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for name in folder_names(dir)? {
        let path = dir.join(name);
        if path.is_dir() { below(&path, files)? } else { files.push(path) }
    }
    Ok(())
}
