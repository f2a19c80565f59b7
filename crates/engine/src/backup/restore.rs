//! A data directory made from a backup and the newest keys.

use crate::boxed;
use std::path::{Path, PathBuf};

use serde_json::json;
use zhike_domain::error_code::ErrorCode;
use zhike_state::{StateConfig, Store};
use zhike_vault::{Unlock, Vault};

use super::files::{copy, folder_names, hex, make_dir, sync_dir};
use super::keys::PART;
use super::repository::Repository;
use super::{Backup, blocking, damaged};
use crate::collect::{CollectError, Entry, LOG, PAST};
use crate::keys::unopened;
use crate::{Ctx, Error, Options, Result, audit, erasure, ingest};

/// Stands in a directory while it is made.
const MARK: &str = "restore.unfinished";
/// Where the log of the next backup stands meanwhile.
const LATER: &str = "restore.later";

/// A data directory that was made from a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// The backup.
    pub backup: Backup,
    /// Entries of the audit trail that were found whole and linked.
    pub n_audit: i64,
    /// Segments of the event log that were left out, because their keys are destroyed.
    pub n_left_out: u64,
    /// What was taken from the event log of the backup after it, when a moment between the two was asked for.
    pub replayed: Option<Replayed>,
}

/// What arrived between a backup and a moment before the next one, as that one holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// The later backup.
    pub from: String,
    /// Requests of collection.
    pub n_requests: u64,
    /// Why there are not all up to the moment.
    pub short_of: Option<Short>,
}

/// Why what arrived until a moment is not all there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Short {
    /// The keys of that part of the log are destroyed.
    Keys,
    /// A part of the log is in neither backup: keys changed in between, or more arrived than is put aside.
    Gap,
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
/// newest of all when absent) and what the event log of the next one has up to then, with the keys of a copy, or those that
/// stand in the directory already: take the newest, for whoever was erased since the backup has no key there. With a server
/// for state, it is loaded into empty schemas there, wherever it stood before. Everybody has to sign in again.
///
/// **Errors**: `conflict` when the directory holds more than keys, or the server anything; `not_found` without keys, without
/// a backup or without one as old as `at`; `wrong_key`; `damaged`, and then the directory does not open.
#[boxed]
pub async fn restore(
    options: Options,
    folder: &Path,
    keys: Option<&Path>,
    at: Option<i64>,
    actor: &str,
) -> Result<Restored> {
    let dir = options.dir.clone();
    prepare(&dir, keys, options.state_url.is_some())?;
    let unlock = match options.passphrase.clone() {
        Some(passphrase) => Unlock::Passphrase(passphrase),
        None => Unlock::KeyFile,
    };
    let vault = Vault::open(&dir.join("keys"), unlock)?;
    let repository = Repository::open(folder, vault.backup_keys()?, false)?;
    let epochs = vault.epochs();
    drop(vault);
    let folder = folder.to_owned();
    let target = dir.clone();
    let unpacked = blocking(move || unpack(&repository, &folder, &target, at, &epochs)).await?;
    if let Some(url) = &options.state_url {
        let config = StateConfig { dir: dir.clone(), url: Some(url.clone()), ..StateConfig::default() };
        Store::move_to_server(&config).await.map_err(unmoved)?;
    }
    let (n_audit, replayed) = finish(options, &unpacked, at, actor).await?;
    std::fs::remove_file(dir.join(MARK)).map_err(|error| Error::io("remove", &dir.join(MARK), error))?;
    sync_dir(&dir)?;
    Ok(Restored { backup: unpacked.backup, n_audit, n_left_out: unpacked.n_left_out, replayed })
}

/// Checks that nothing is written over, puts the keys in their place.
fn prepare(dir: &Path, keys: Option<&Path>, is_server: bool) -> Result<()> {
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
        // The keys of people are a file too, unless they stand on the server.
        None if has_keys && (is_server || home.join("keys.db").exists()) => {}
        None => return Err(no_keys(&home)),
    }
    Ok(())
}

fn unmoved(error: zhike_state::Error) -> Error {
    match error {
        zhike_state::Error::Conflict { subject, .. } => Error::conflict(
            format!(
                "the schema {subject} of the server is not empty: name another database with --state, or drop the schema"
            ),
            format!("服务器上的 {subject} 模式不是空的：请用 --state 指定另一个数据库，或先删除该模式"),
        ),
        zhike_state::Error::NotFound { subject, .. } => Error::new(
            ErrorCode::NotFound,
            format!("the schema {subject} of the server holds no keys: name the newest copy of the keys with --keys"),
            format!("服务器上的 {subject} 模式中没有密钥：请用 --keys 指定最新的密钥副本"),
        ),
        other => other.into(),
    }
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
    let whole = folder_names(keys)?.into_iter().filter(|name| !name.ends_with(PART));
    let mut copies = whole.map(|name| keys.join(name)).filter(|path| is_copy(path));
    copies.next_back().ok_or_else(|| no_keys(keys))
}

/// What was unpacked of backups.
struct Unpacked {
    backup: Backup,
    /// Number and hash of the last entry of the audit trail.
    audit: (i64, String),
    n_left_out: u64,
    /// The backup after it, whose event log stands in [`LATER`].
    later: Option<String>,
}

fn unpack(repository: &Repository, folder: &Path, dir: &Path, at: Option<i64>, epochs: &[u32]) -> Result<Unpacked> {
    let mut after = None;
    let mut found = None;
    for (name, list) in repository.lists()? {
        if at.is_none_or(|at| list.at <= at) {
            found = Some((name, list));
            break;
        }
        after = Some((name, list));
    }
    let (name, list) = found.ok_or_else(|| {
        let folder = folder.display();
        Error::new(
            ErrorCode::NotFound,
            format!("no backup in {folder} is as old as that: see zhike backup list"),
            format!("{folder} 中没有这么早的备份：见 zhike backup list"),
        )
    })?;
    let (log, past) = (format!("{LOG}/"), format!("{PAST}/"));
    let opens = list.epochs.iter().all(|epoch| epochs.contains(epoch));
    let mut n_left_out = 0;
    for file in list.files.iter().filter(|file| !file.path.starts_with(&past)) {
        if file.path.starts_with(&log) && !opens {
            n_left_out += 1;
            continue;
        }
        repository.get(file, dir)?;
    }
    // The log of the backup after it reaches back to this one, and further than the moment.
    let later = after.map(|(name, later)| {
        let home = dir.join(LATER);
        make_dir(&home.join(LOG))?;
        for file in later.files.iter().filter(|file| file.path.starts_with(&log) || file.path.starts_with(&past)) {
            repository.get(file, &home)?;
            if let Some(name) = file.path.strip_prefix(&past) {
                let (from, to) = (home.join(&file.path), home.join(LOG).join(name));
                // What a crash left of a segment that was begun anew is not the segment.
                if !to.exists() {
                    std::fs::rename(&from, &to).map_err(|error| Error::io("move", &from, error))?;
                }
            }
        }
        Ok::<_, Error>(name)
    });
    Ok(Unpacked { backup: list.backup(name), audit: list.audit, n_left_out, later: later.transpose()? })
}

/// Opens the directory, which finishes what the cut found under way and erases again who was erased since; then compares
/// the audit trail with what the backup says of it.
async fn finish(
    options: Options,
    unpacked: &Unpacked,
    at: Option<i64>,
    actor: &str,
) -> Result<(i64, Option<Replayed>)> {
    let dir = options.dir.clone();
    let (backup, audit) = (&unpacked.backup, &unpacked.audit);
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
    let replayed = match unpacked.later.clone().zip(at) {
        Some((from, at)) => {
            let (n_requests, short_of) = replay(&ctx, dir.join(LATER).join(LOG), backup.at, at).await?;
            Some(Replayed { from, n_requests, short_of })
        }
        None => None,
    };
    let mut detail = json!({ "backup": backup.name });
    if let Some(replayed) = &replayed {
        detail["requests"] = replayed.n_requests.into();
        detail["whole"] = replayed.short_of.is_none().into();
    }
    audit::record(&ctx, actor, "backup.restore", "workspace", &detail).await?;
    ctx.close().await;
    let later = dir.join(LATER);
    if later.exists() {
        std::fs::remove_dir_all(&later).map_err(|error| Error::io("remove", &later, error))?;
    }
    Ok((n_audit, replayed))
}

/// Takes in what a later copy of the log holds of the time until a moment, after what is taken in already. What is not joined
/// to that without a gap is left out: a directory is that of one moment.
async fn replay(ctx: &Ctx, later: PathBuf, since: i64, until: i64) -> Result<(u64, Option<Short>)> {
    ingest::drain(ctx).await?;
    // Whoever was erased since would come back by what they sent before.
    if ctx.store().ledger().await?.iter().any(|row| row.at > since) {
        return Ok((0, Some(Short::Keys)));
    }
    let copy = match ctx.collecting().open_copy(ctx, later).await {
        Ok(copy) => copy,
        Err(CollectError::Other(error)) if error.code == ErrorCode::WrongKey => return Ok((0, Some(Short::Keys))),
        Err(error) => return Err(unopened(error)),
    };
    let log = ctx.collecting().open(ctx).await.map_err(unopened)?;
    let (mut reader, mut from, mut n_requests) = (copy.reader(), erasure::taken_in(ctx).await?, 0);
    let mut short_of = None;
    while from < copy.end() && short_of.is_none() {
        let read = reader.read_from(from, ctx.collecting().limits().batch_bytes);
        let read = read.map_err(|error| Error::bug("reading a copy of the event log", error))?;
        let gap = read.damaged.iter().map(|damage| damage.from).min();
        short_of = gap.map(|_| Short::Gap);
        let is_joined = |position: u64| gap.is_none_or(|gap| position < gap);
        let is_wanted = |record: &[u8]| Entry::read(record).is_some_and(|entry| entry.arrived_at <= until);
        let records = read.records.into_iter().filter(|(position, record)| is_joined(*position) && is_wanted(record));
        let records: Vec<Vec<u8>> = records.map(|(_, record)| record).collect();
        n_requests += records.len() as u64;
        from = read.next;
        if records.is_empty() {
            continue;
        }
        let log = log.clone();
        let appended = tokio::task::spawn_blocking(move || log.append_and_wait(records)).await;
        let appended = appended.map_err(|error| Error::bug("a task of a restore", error))?;
        appended.map_err(|refused| unopened(refused.into()))?;
        ingest::drain(ctx).await?;
    }
    Ok((n_requests, short_of))
}
