//! A data directory made from a backup and the newest keys.

use crate::boxed;
use std::path::{Path, PathBuf};

use serde_json::json;
use zhike_domain::error_code::ErrorCode;
use zhike_vault::{Unlock, Vault};

use super::files::{copy, folder_names, hex, make_dir, sync_dir};
use super::repository::Repository;
use super::{Backup, blocking, damaged};
use crate::collect::LOG;
use crate::{Ctx, Error, Options, Result, audit};

/// Stands in a directory while it is made.
const MARK: &str = "restore.unfinished";

/// A data directory that was made from a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Backup,
    /// Entries of the audit trail that were found whole and linked.
    pub n_audit: i64,
    /// Segments of the event log that were left out, because their keys are destroyed.
    pub n_left_out: u64,
}

/// Refuses a directory that was not made to its end.
///
/// **Errors**: `conflict`.
pub(crate) fn refuse_unfinished(dir: &Path) -> Result<()> {
    if !dir.join(MARK).exists() {
        return Ok(());
    }
    let path = dir.display();
    Err(Error::conflict(
        format!("{path} was not restored to its end: remove everything in it but keys/, and restore again"),
        format!("{path} 的恢复没有完成：请清空其中除 keys/ 以外的内容后重新恢复"),
    ))
}

/// Makes the data directory that `options` names from the newest backup that is not later than `at` (microseconds; the
/// newest of all when absent), with the keys of a copy, or those that stand in the directory already: take the newest,
/// for whoever was erased since the backup has no key there. Everybody has to sign in again.
///
/// **Errors**: `conflict` when the directory holds more than keys; `not_found` without keys, without a backup or without
/// one as old as `at`; `wrong_key`; `damaged`, and then the directory does not open.
#[boxed]
pub async fn restore(
    options: Options,
    folder: &Path,
    keys: Option<&Path>,
    at: Option<i64>,
    actor: &str,
) -> Result<Restored> {
    if options.state_url.is_some() {
        return Err(Error::conflict(
            "a backup holds state as files: restore without --state".into(),
            "备份中的状态库是文件：请去掉 --state 后恢复".into(),
        ));
    }
    let dir = options.dir.clone();
    prepare(&dir, keys)?;
    let unlock = match options.passphrase.clone() {
        Some(passphrase) => Unlock::Passphrase(passphrase),
        None => Unlock::KeyFile,
    };
    let vault = Vault::open(&dir.join("keys"), unlock)?;
    let repository = Repository::open(folder, vault.backup_keys(), false)?;
    let epochs = vault.epochs();
    drop(vault);
    let folder = folder.to_owned();
    let target = dir.clone();
    let (backup, audit, n_left_out) = blocking(move || unpack(&repository, &folder, &target, at, &epochs)).await?;
    let n_audit = finish(options, &backup, &audit, actor).await?;
    std::fs::remove_file(dir.join(MARK)).map_err(|error| Error::io("remove", &dir.join(MARK), error))?;
    sync_dir(&dir)?;
    Ok(Restored { backup, n_audit, n_left_out })
}

/// Checks that nothing is written over, puts the keys in their place.
fn prepare(dir: &Path, keys: Option<&Path>) -> Result<()> {
    make_dir(dir)?;
    let names = folder_names(dir)?;
    if names.iter().any(|name| name != "keys" && name != MARK) {
        let path = dir.display();
        return Err(Error::conflict(
            format!("{path} is not empty: restore into a new directory"),
            format!("{path} 不是空目录：请恢复到新目录"),
        ));
    }
    mark(dir)?;
    let home = dir.join("keys");
    let has_keys = home.join("index.key").exists();
    match keys {
        Some(_) if has_keys => {
            return Err(Error::conflict(
                format!("{} holds keys already: leave out --keys, or remove them", home.display()),
                format!("{} 中已有密钥：请去掉 --keys，或先移走", home.display()),
            ));
        }
        Some(keys) => {
            let from = newest(keys)?;
            for name in folder_names(&from)? {
                copy(&from.join(&name), &home.join(&name))?;
            }
        }
        None if has_keys => {}
        None => return Err(no_keys(&home)),
    }
    Ok(())
}

fn mark(dir: &Path) -> Result<()> {
    let path = dir.join(MARK);
    let written = std::fs::write(&path, b"this directory is being restored\n");
    written.and_then(|()| std::fs::File::open(dir)?.sync_all()).map_err(|error| Error::io("write", &path, error))
}

fn no_keys(path: &Path) -> Error {
    Error::new(
        ErrorCode::NotFound,
        format!("there are no keys in {}: name the newest copy of the keys with --keys", path.display()),
        format!("{} 中没有密钥：请用 --keys 指定最新的密钥副本", path.display()),
    )
}

/// The newest copy of the keys in a folder, or the folder when it is one.
fn newest(keys: &Path) -> Result<PathBuf> {
    let is_copy = |path: &Path| path.join("index.key").exists();
    if is_copy(keys) {
        return Ok(keys.to_owned());
    }
    let mut copies = folder_names(keys)?.into_iter().map(|name| keys.join(name)).filter(|path| is_copy(path));
    copies.next_back().ok_or_else(|| no_keys(keys))
}

fn unpack(
    repository: &Repository,
    folder: &Path,
    dir: &Path,
    at: Option<i64>,
    epochs: &[u32],
) -> Result<(Backup, (i64, String), u64)> {
    let lists = repository.lists()?;
    let found = lists.into_iter().find(|(_, list)| at.is_none_or(|at| list.at <= at));
    let (name, list) = found.ok_or_else(|| {
        let folder = folder.display();
        Error::new(
            ErrorCode::NotFound,
            format!("no backup in {folder} is as old as that: see zhike backup list"),
            format!("{folder} 中没有这么早的备份：见 zhike backup list"),
        )
    })?;
    let log = format!("{LOG}/");
    let opens = list.epochs.iter().all(|epoch| epochs.contains(epoch));
    let mut n_left_out = 0;
    for file in &list.files {
        if file.path.starts_with(&log) && !opens {
            n_left_out += 1;
            continue;
        }
        repository.get(file, dir)?;
    }
    Ok((list.backup(name), list.audit, n_left_out))
}

/// Opens the directory, which finishes what the cut found under way and erases again who was erased since; then compares
/// the audit trail with what the backup says of it.
async fn finish(options: Options, backup: &Backup, audit: &(i64, String), actor: &str) -> Result<i64> {
    let dir = options.dir.clone();
    let ctx = Ctx::open_any(options).await?;
    ctx.step("restore.opened")?;
    let broken = || damaged(&dir.join("state.db"), "its audit trail is not the one that was backed up");
    let (mut previous, mut n_audit) = (None, 0);
    loop {
        let page = ctx.store().audit_page(Some(n_audit), 10_000).await?;
        for row in page.iter().take_while(|row| row.seq <= audit.0) {
            if !row.follows(previous.as_ref(), Vault::audit_link) {
                return Err(broken());
            }
            n_audit = row.seq;
            previous = Some(row.clone());
        }
        if page.is_empty() || page.last().is_some_and(|row| row.seq > audit.0) {
            break;
        }
    }
    if (n_audit, previous.map_or(hex(&[0; 32]), |row| hex(&row.hash))) != (audit.0, audit.1.clone()) {
        return Err(broken());
    }
    ctx.store().end_all_sessions().await?;
    audit::record(&ctx, actor, "backup.restore", "workspace", &json!({ "backup": backup.name })).await?;
    ctx.close().await;
    Ok(n_audit)
}
