//! Keys of epochs: started, every key rewrapped while others read, the old ones destroyed.
//!
//! Destroying an epoch makes every copy of the keys from before worthless, and with them erased people in old backups. The log
//! hangs on epochs too: it is read to its end and renewed before one goes (RFD 0002), so only the process that has the log open
//! changes epochs.
//!
//! - INV-KEYS-1: no read fails while epochs change (`tests/it/keys.rs`).
//! - INV-KEYS-2: an epoch is destroyed only when no key and no segment of the log is wrapped under it; a copy of the wrapped
//!   keys from before opens nothing afterwards.
//! - INV-KEYS-3: while keys are disabled nothing is shown, loaded or acknowledged; enabled again, everything is as it was.

use crate::boxed;
use serde::{Deserialize, Serialize};
use serde_json::json;
pub use zhike_vault::PublicKey;
use zhike_vault::segment_epoch;

use crate::collect::{CollectError, clear_past};
use crate::{Ctx, Error, Result, audit, erasure, import, ingest, sealing};

/// When epochs were changed last.
const ROTATED_AT: &str = "keys_rotated_at";
const DAY: i64 = 86_400_000_000;

/// An epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Number.
    pub epoch: u32,
    /// Keys wrapped under it.
    pub n_keys: u64,
    /// Whether it wraps new keys.
    pub is_current: bool,
}

/// How keys stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// Epochs whose keys exist, oldest first.
    pub epochs: Vec<Epoch>,
    /// Keys wrapped under epochs that are gone: they open nothing.
    pub n_lost: u64,
    /// When epochs were changed last, in microseconds.
    pub rotated_at: Option<i64>,
    /// What is disabled.
    pub disabled: Vec<Disabled>,
}

/// Keys that are disabled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disabled {
    /// The epoch; all keys when missing.
    pub epoch: Option<u32>,
    /// Why.
    pub reason: String,
    /// Who did it.
    pub by: String,
    /// When, in microseconds.
    pub at: i64,
}

/// What a change of epochs did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rotation {
    /// The epoch that wraps now.
    pub epoch: u32,
    /// Keys wrapped anew.
    pub n_rewrapped: u64,
    /// Epochs destroyed.
    pub destroyed: Vec<u32>,
    /// Epochs that stay, because something still hangs on them.
    pub kept: Vec<u32>,
}

/// Disables the keys of an epoch, or all: nothing is sealed or opened under them, by no process, until [`enable`]. Nothing is
/// lost: what was acknowledged stays in the log, what arrives is refused and sent again by whoever sends it.
///
/// **Errors**: `bad_request` without a reason; `conflict` when they are disabled already; `not_found` for no such epoch.
#[boxed]
pub async fn disable(ctx: &Ctx, epoch: Option<u32>, reason: &str, actor: &str) -> Result<()> {
    let reason = audit::reason(reason)?;
    ctx.vault().refresh()?;
    if epoch.is_some_and(|epoch| !ctx.vault().epochs().contains(&epoch)) {
        return Err(Error::not_found("epoch of keys", "密钥期"));
    }
    if disabled(ctx)?.iter().any(|one| one.epoch == epoch) {
        return Err(Error::conflict("they are disabled already".into(), "密钥已处于停用状态".into()));
    }
    audit::record(ctx, actor, "keys.disable", "vault", &json!({ "epoch": epoch, "reason": reason })).await?;
    let note = Note { reason, by: actor.to_owned(), at: ctx.now() };
    let note = serde_json::to_string(&note).map_err(|error| Error::bug("a note as JSON", error))?;
    ctx.vault().disable(epoch, &note)?;
    tracing::warn!(epoch, actor, "keys are disabled");
    Ok(())
}

/// Enables what was disabled.
///
/// **Errors**: `bad_request` without a reason; `conflict` when they are not disabled.
#[boxed]
pub async fn enable(ctx: &Ctx, epoch: Option<u32>, reason: &str, actor: &str) -> Result<()> {
    let reason = audit::reason(reason)?;
    if disabled(ctx)?.iter().all(|one| one.epoch != epoch) {
        return Err(Error::conflict(
            "they are not disabled: see zhike key status".into(),
            "密钥没有停用：见 zhike key status".into(),
        ));
    }
    audit::record(ctx, actor, "keys.enable", "vault", &json!({ "epoch": epoch, "reason": reason })).await?;
    ctx.vault().enable(epoch)?;
    tracing::warn!(epoch, actor, "keys are enabled again");
    ctx.collecting().arrived.notify_one();
    Ok(())
}

#[derive(Serialize, Deserialize, Default)]
#[serde(default)]
struct Note {
    reason: String,
    by: String,
    at: i64,
}

/// What is disabled; a mark that somebody put there by hand says nothing of its reason, and counts.
pub fn disabled(ctx: &Ctx) -> Result<Vec<Disabled>> {
    let read = |(epoch, note): (Option<u32>, String)| {
        let Note { reason, by, at } = serde_json::from_str(&note).unwrap_or_default();
        Disabled { epoch, reason, by, at }
    };
    Ok(ctx.vault().disabled()?.into_iter().map(read).collect())
}

/// The key by which anybody can check what this data directory signs: receipts, roots of the audit trail, backups.
pub fn public_key(ctx: &Ctx) -> PublicKey {
    ctx.vault().public_key()
}

/// Reads a public key, as PEM.
///
/// **Errors**: `unreadable_file`.
pub fn read_public_key(pem: &str) -> Result<PublicKey> {
    PublicKey::from_pem(pem).map_err(|error| {
        Error::new(
            zhike_domain::error_code::ErrorCode::UnreadableFile,
            error.to_string(),
            "公钥文件无法读取：应为 zhike key public 输出的 PEM（Ed25519）".to_owned(),
        )
    })
}

/// How keys stand.
#[boxed]
pub async fn status(ctx: &Ctx) -> Result<Status> {
    ctx.vault().refresh()?;
    let wrapped = ctx.store().key_epochs().await?;
    let current = ctx.vault().epoch();
    let n_of =
        |epoch: u32| wrapped.iter().find(|(number, _)| *number == i64::from(epoch)).map_or(0, |(_, n)| *n as u64);
    let epochs: Vec<Epoch> = (ctx.vault().epochs().into_iter())
        .map(|epoch| Epoch { epoch, n_keys: n_of(epoch), is_current: epoch == current })
        .collect();
    let is_known = |number: i64| epochs.iter().any(|epoch| i64::from(epoch.epoch) == number);
    let n_lost = wrapped.iter().filter(|(number, _)| !is_known(*number)).map(|(_, n)| *n as u64).sum();
    let rotated_at = ctx.store().get_meta(ROTATED_AT).await?.and_then(|at| at.parse().ok());
    Ok(Status { epochs, n_lost, rotated_at, disabled: disabled(ctx)? })
}

/// Starts an epoch, wraps every key anew, destroys the epochs before. Interrupted, it is begun anew with a further epoch.
///
/// **Errors**: `conflict` when another process has the event log open: it changes its keys itself.
#[boxed]
pub async fn rotate(ctx: &Ctx, actor: &str) -> Result<Rotation> {
    // Segments of the log are given up; what is in them must be in the tables.
    ingest::drain(ctx).await?;
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    rotate_locked(ctx, actor).await
}

/// As [`rotate`]; the caller has taken the log in and holds the write lock.
pub(crate) async fn rotate_locked(ctx: &Ctx, actor: &str) -> Result<Rotation> {
    let log = opened(ctx).await?;
    let mut rotation = Rotation { epoch: ctx.vault().rotate_kek()?, ..Rotation::default() };
    ctx.step("rotate.started")?;
    let mut after = None;
    loop {
        let (n, next) = sealing::rewrap_page(ctx, after).await?;
        rotation.n_rewrapped += n;
        ctx.step("rotate.page")?;
        after = next;
        if after.is_none() {
            break;
        }
    }
    ctx.store().forget_replaced_keys().await?;
    // Acknowledged meanwhile and not taken in yet: that segment stays, and its epoch with it.
    log.renew().map_err(|error| Error::bug("renewing the event log", error))?;
    log.cut(erasure::taken_in(ctx).await?).map_err(|error| Error::bug("cutting the event log", error))?;
    clear_past(ctx.dir())?;
    ctx.step("rotate.rewrapped")?;
    (rotation.destroyed, rotation.kept) = destroy_free(ctx).await?;
    ctx.store().set_meta(ROTATED_AT, &ctx.now().to_string()).await?;
    let detail = json!({
        "epoch": rotation.epoch, "rewrapped": rotation.n_rewrapped, "destroyed": rotation.destroyed, "kept": rotation.kept,
    });
    audit::record(ctx, actor, "keys.rotate", "vault", &detail).await?;
    Ok(rotation)
}

/// Destroys past epochs on which nothing hangs any more.
///
/// **Errors**: `conflict` when another process has the event log open.
#[boxed]
pub async fn destroy_old(ctx: &Ctx, actor: &str) -> Result<Rotation> {
    let _guard = ctx.write_lock().await?;
    let (destroyed, kept) = destroy_free(ctx).await?;
    let detail = json!({ "destroyed": destroyed, "kept": kept });
    audit::record(ctx, actor, "keys.destroy", "vault", &detail).await?;
    Ok(Rotation { epoch: ctx.vault().epoch(), n_rewrapped: 0, destroyed, kept })
}

async fn destroy_free(ctx: &Ctx) -> Result<(Vec<u32>, Vec<u32>)> {
    let wrapped = ctx.store().key_epochs().await?;
    // A segment whose header is damaged could hang on any epoch; nothing of it can be read.
    let segments: Vec<u32> =
        opened(ctx).await?.segments().iter().filter_map(|segment| segment_epoch(&segment.key).ok()).collect();
    let (mut destroyed, mut kept) = (Vec::new(), Vec::new());
    for epoch in ctx.vault().epochs().into_iter().filter(|epoch| *epoch != ctx.vault().epoch()) {
        let is_used = wrapped.iter().any(|(number, _)| *number == i64::from(epoch)) || segments.contains(&epoch);
        if is_used {
            kept.push(epoch);
            continue;
        }
        ctx.vault().destroy_kek(epoch)?;
        destroyed.push(epoch);
        ctx.step("rotate.destroyed")?;
    }
    Ok((destroyed, kept))
}

async fn opened(ctx: &Ctx) -> Result<std::sync::Arc<zhike_wal::Log>> {
    ctx.collecting().open(ctx).await.map_err(unopened)
}

pub(crate) fn unopened(error: CollectError) -> Error {
    match error {
        CollectError::Other(error) => error,
        other => Error::new(
            zhike_domain::error_code::ErrorCode::Unavailable,
            format!("the event log cannot be opened: {other}"),
            format!("采集日志无法打开：{other}"),
        ),
    }
}

/// Changes epochs when the last change is a day old; a data directory that was never changed begins to count today.
pub(crate) async fn rotate_when_due(ctx: &Ctx) -> Result<()> {
    match ctx.store().get_meta(ROTATED_AT).await?.and_then(|at| at.parse::<i64>().ok()) {
        None => Ok(ctx.store().set_meta(ROTATED_AT, &ctx.now().to_string()).await?),
        Some(at) if ctx.now() - at >= DAY => rotate(ctx, "system").await.map(drop),
        Some(_) => Ok(()),
    }
}
