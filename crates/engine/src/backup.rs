//! Backups: consistent cuts of a data directory in a folder elsewhere, and directories made from them.
//!
//! ```text
//!  write lock ── state.db copied · files of the lake linked · log, seen copied ── unlock
//!                into backup.part/
//!  each file ── known content? ── sealed under its own key ── objects/<id>        fsynced
//!  cuts/<time>-<id>.sig: time, size, digest of the list, signed                   for whoever has the public key
//!  last: cuts/<time>-<id>.cut, sealed: every path, length and id                  the backup exists
//! ```
//!
//! Owns what a cut holds and how a directory is made from it. Must not know the formats of what is inside.
//!
//! The keys are no part of it: a backup without them is noise. They are shipped apart ([`ship_keys`]), to another place,
//! the two newest copies only; a directory is always made with the newest keys, so that whoever was erased after a
//! backup was taken stays erased in it. State is a SQLite file in a backup, whatever it stands on.
//!
//! - **INV-BACKUP-1**: a cut holds every load whole or not at all, and every event that was acknowledged before it began
//!   (`tests/it/backup.rs`).
//!
//! Keys of the event log's segments end with their epoch: what a backup holds of the log is left out when that epoch is
//! gone, and said. So a server takes in what it has before it backs up.
//!
//! Between two backups a directory is made of the earlier one and of what arrived until the moment, which the later one holds
//! ([`crate::collect`]'s log keeps what was taken in until keys change). Loads, definitions and decisions are as of the earlier
//! one: they are no events.
//!
//! - **INV-BACKUP-2**: a backup that dies at any step leaves the earlier ones as they are, and is gone at the next.
//! - **INV-BACKUP-3**: a directory that was not made to its end does not open.
//! - **INV-BACKUP-5**: of two backups between which keys did not change, every moment in between has all events that arrived
//!   until then and none after.
//! - **INV-BACKUP-4**: no byte of a restored file differs from what was read; damage is named and nothing is opened.

mod cut;
mod files;
mod keys;
mod repository;
mod restore;

use crate::boxed;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;
use zhike_domain::error_code::ErrorCode;

use crate::{Ctx, Error, Result, audit};
pub(crate) use files::{hex, make_dir, unhex};
pub use keys::{KeysCopy, ship_keys};
use repository::Repository;
pub(crate) use restore::refuse_unfinished;
pub use restore::{Replayed, Restored, Short, restore};

/// Where a backup gathers its files, in the data directory.
pub(crate) const PART: &str = "backup.part";
/// How often it is looked whether disabled keys were enabled, when a backup is due.
const TICK: Duration = Duration::from_secs(5);

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backup {
    /// Name of its list, by which it is restored.
    pub name: String,
    /// When it was cut, in microseconds.
    pub at: i64,
    /// Files.
    pub n_files: u64,
    /// Their bytes.
    pub n_bytes: u64,
}

/// A backup that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The backup.
    pub backup: Backup,
    /// Files that no earlier backup held.
    pub n_new_files: u64,
    /// Their bytes.
    pub n_new_bytes: u64,
}

/// What became of older backups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Backups removed.
    pub n_backups: u64,
    /// Files that no other backup holds, removed.
    pub n_files: u64,
}

/// What a check of backups found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Backups.
    pub n_backups: u64,
    /// Files, each counted once.
    pub n_files: u64,
    /// Their bytes.
    pub n_bytes: u64,
    /// Backups whose signature holds; those of older releases have none.
    pub n_signed: u64,
    /// Damage: where, and what.
    pub damaged: Vec<(PathBuf, String)>,
}

/// What anybody may know of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Name of its list.
    pub name: String,
    /// When it was cut.
    pub at: Option<String>,
    /// Files.
    pub n_files: Option<u64>,
    /// Their bytes.
    pub n_bytes: Option<u64>,
    /// Whether the key signed it and its list is the one that was signed; `None` without a signature.
    pub is_signed: Option<bool>,
}

/// Takes a backup into a folder, which is made when it is not there. Collection goes on; loads wait while the state is
/// copied.
///
/// **Errors**: `disk_full`, `unavailable`.
#[boxed]
pub async fn take(ctx: &Ctx, folder: &Path, actor: &str) -> Result<Taken> {
    let repository = Repository::open(folder, ctx.vault().backup_keys()?, true)?;
    // Before the cut, so that the cut tells of itself.
    audit::record(ctx, actor, "backup.take", "workspace", &json!({})).await?;
    // What is taken in outlives the key of the log's segment. Another process may have the log; then it is copied as it is.
    if let Err(error) = crate::ingest::drain(ctx).await {
        tracing::debug!(%error, "the event log is backed up as it is");
    }
    let part = cut::gather(ctx).await?;
    ctx.step("backup.gathered")?;
    let vault = ctx.vault().clone();
    let taken = blocking(move || part.store(&repository, &vault)).await?;
    ctx.step("backup.stored")?;
    tracing::info!(
        name = taken.backup.name,
        n_files = taken.backup.n_files,
        n_new_files = taken.n_new_files,
        n_new_bytes = taken.n_new_bytes,
        "backup taken"
    );
    Ok(taken)
}

/// All backups of a folder, the newest first.
///
/// **Errors**: `not_found` when the folder holds none; `damaged`.
#[boxed]
pub async fn list(ctx: &Ctx, folder: &Path) -> Result<Vec<Backup>> {
    let repository = Repository::open(folder, ctx.vault().backup_keys()?, false)?;
    blocking(move || Ok(repository.lists()?.into_iter().map(|(name, list)| list.backup(name)).collect())).await
}

/// Reads every file of every backup of a folder.
///
/// **Errors**: as [`list`]; damaged files are no error but found.
#[boxed]
pub async fn check(ctx: &Ctx, folder: &Path) -> Result<Checked> {
    let repository = Repository::open(folder, ctx.vault().backup_keys()?, false)?;
    let key = ctx.vault().public_key();
    blocking(move || repository.check(&key)).await
}

/// The backups of a folder by their signatures alone, the newest first, without a data directory. What the lists name is not read:
/// that takes the keys.
///
/// **Errors**: `not_found` when the folder holds none.
pub fn check_signatures(folder: &Path, key: &zhike_vault::PublicKey) -> Result<Vec<Signed>> {
    repository::all_signed(folder, key)
}

/// Removes all backups of a folder but the newest.
///
/// **Errors**: as [`list`]; `bad_request` when none is to be kept.
#[boxed]
pub async fn prune(ctx: &Ctx, folder: &Path, keep: usize, actor: &str) -> Result<Pruned> {
    if keep == 0 {
        return Err(Error::bad_request("keep at least one backup".into(), "至少保留一份备份".into()));
    }
    let repository = Repository::open(folder, ctx.vault().backup_keys()?, false)?;
    let pruned = blocking(move || repository.prune(keep)).await?;
    let detail = json!({ "kept": keep, "removed": pruned.n_backups });
    audit::record(ctx, actor, "backup.prune", "workspace", &detail).await?;
    Ok(pruned)
}

/// Takes a backup whenever the newest is older than `every`, until told to stop; a failure is logged, and tried again
/// after as long, or as soon as keys that were disabled are enabled.
#[boxed]
pub async fn run(ctx: Ctx, folder: PathBuf, every: Duration, keep: usize, mut shutdown: watch::Receiver<bool>) {
    let mut wait = until_next(&ctx, &folder, every).await;
    let mut is_held = false;
    loop {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            stopped = shutdown.wait_for(|stop| *stop) => {
                drop(stopped);
                return;
            }
        }
        // Disabled keys seal nothing: it is looked again and again whether somebody enabled them, and said once.
        if crate::keys::disabled(&ctx).is_ok_and(|all| !all.is_empty()) {
            if !is_held {
                tracing::warn!(folder = %folder.display(), "keys are disabled: a backup waits until they are enabled");
            }
            (is_held, wait) = (true, TICK.min(every));
            continue;
        }
        let turn = async {
            take(&ctx, &folder, "system").await?;
            prune(&ctx, &folder, keep, "system").await
        };
        (is_held, wait) = (false, every);
        if let Err(error) = turn.await {
            tracing::error!(%error, folder = %folder.display(), "no backup was taken");
            // They were disabled in the middle of it.
            if error.code == ErrorCode::KeysDisabled {
                wait = TICK.min(every);
            }
        }
    }
}

/// A server that starts often does not take a backup at every start. No backup yet, or none that can be read: at once.
async fn until_next(ctx: &Ctx, folder: &Path, every: Duration) -> Duration {
    let newest = list(ctx, folder).await.ok().and_then(|backups| backups.first().map(|backup| backup.at));
    let age = newest.map(|at| Duration::from_micros(ctx.now().saturating_sub(at).max(0).unsigned_abs()));
    age.map_or(Duration::ZERO, |age| every.saturating_sub(age))
}

/// Removes what a backup that died left in the data directory.
pub(crate) fn sweep(dir: &Path) {
    let part = dir.join(PART);
    if part.exists()
        && let Err(error) = std::fs::remove_dir_all(&part)
    {
        tracing::warn!(%error, "what a backup left cannot be removed");
    }
}

/// `20261122T140500Z`: times as they stand in names.
pub(crate) fn stamp(at: i64) -> String {
    Timestamp::from_microsecond(at).map_or_else(|_| "0".to_owned(), |at| at.strftime("%Y%m%dT%H%M%SZ").to_string())
}

fn damaged(path: &Path, what: &str) -> Error {
    let path = path.display();
    Error::new(
        ErrorCode::Damaged,
        format!("{path}: {what}; use another backup"),
        format!("{path} 已损坏或不属于这套密钥（{what}）：请改用其他备份"),
    )
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::bug("a task of a backup", error))?
}
