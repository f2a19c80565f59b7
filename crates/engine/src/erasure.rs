//! The erasure of people, from the approval to the receipt.
//!
//! ```text
//!  log taken in ── who is it? ── ledger beside the keys ── key destroyed     unreadable from here on, in every copy
//!  state: ONE transaction ── lake: rows rewritten, history forgotten ── log cut, temporary files swept
//!  ── epoch of keys rotated ── looked for, receipt sealed
//! ```
//!
//! The ledger names people by opaque ids and stands beside the keys, which are never brought back to an old state. Whatever it
//! names and this copy of the data has not carried out to the end is carried out when the copy is opened: an erasure that was
//! interrupted, and one that an old copy knows nothing of, are the same thing.
//!
//! - **INV-ERASE-2**: from the ledger entry on, whatever step a process dies at, the erasure is finished at the next start;
//!   running it again changes nothing.
//! - **INV-ERASE-3**: an old copy of the data with the newest keys shows nothing of whoever the ledger names.
//! - **INV-ERASE-4**: what belongs to others stays as it was, where it was sealed under the person's key too.
//! - **INV-ERASE-5**: no value of the person stands in the ledger, the receipt, the audit trail or a log.
//!
//! There is no list of people who must not come back: who hands in data again, or whose device goes on sending, is somebody
//! new, with whom nothing of before is connected.

use crate::boxed;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::json;
use tokio::sync::watch;
use zhike_domain::erasure::{Erased, Receipt, Sealed, Subject};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ErasureId, ProfileId, RequestId};
use zhike_domain::rights::{RequestKind, RequestStatus};
use zhike_lake::Publication;
use zhike_state::{ErasureRow, Forgotten, LedgerRow, OverrideSpanRow, TraitsRow};
use zhike_vault::{PublicKey, Vault};

use crate::backup::hex;
use crate::collect::LOG;
use crate::{Ctx, Error, Result, audit, import, ingest, keys, requests, retention, sealing};

mod receipt;
mod scan;
mod subject;

use scan::Values;

/// How often what waits is looked after.
const PAUSE: Duration = Duration::from_secs(60);

/// Erasures as this process knows them.
#[derive(Default)]
pub(crate) struct Known {
    /// One at a time.
    one: tokio::sync::Mutex<()>,
    /// Held from the last look at a request until the ledger names it, and by whoever takes the request back.
    deciding: tokio::sync::Mutex<()>,
    /// How many have begun since the process started.
    n_begun: AtomicU64,
    /// What is to be looked for afterwards, by erasure; in memory only, so it is gone with the process.
    values: Mutex<HashMap<i64, Values>>,
    /// Told when one was approved.
    approved: tokio::sync::Notify,
}

/// An erasure.
#[derive(Clone, Debug)]
pub struct Erasure {
    /// Id.
    pub id: ErasureId,
    /// Pseudonym of whom it was about.
    pub profile_id: ProfileId,
    /// Request that asked for it.
    pub request_id: Option<RequestId>,
    /// Who approved it.
    pub approved_by: String,
    /// When, in microseconds.
    pub approved_at: i64,
    /// When it was finished, in microseconds.
    pub ended_at: Option<i64>,
    /// How many rows went where, as far as it has come.
    pub removed: BTreeMap<String, u64>,
    /// The receipt, once it is finished.
    pub receipt: Option<Sealed>,
}

/// Approves the erasure of whom a granted request for deletion is about: writes the ledger and destroys the key. From here on
/// nobody can read the person's values, and nothing brings them back; [`finish`] does the rest.
///
/// **Errors**: `conflict` when the request is not a granted deletion, when somebody or something is on hold, or when another
/// process takes events in; `not_found`.
#[boxed]
pub async fn approve(ctx: &Ctx, request_id: RequestId, actor: &str) -> Result<ErasureId> {
    granted(ctx, request_id).await?;
    let _one = ctx.erasing().one.lock().await;
    // What is acknowledged is still the person's.
    ingest::drain(ctx).await.map_err(busy_elsewhere)?;
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    // The locks may have been waited for: somebody may have taken the request back.
    let deciding = ctx.erasing().deciding.lock().await;
    let profile = granted(ctx, request_id).await?;
    let mut subject = subject::of(ctx, profile).await?;
    retention::check_holds(ctx, &subject.profiles).await?;
    let values = Values::read(ctx, &subject).await?;
    subject.quarantine = subject::named_in_quarantine(ctx, &values).await?;
    subject::reseal_others(ctx, &subject).await?;
    ctx.step("erase.resealed")?;
    let now = ctx.now();
    let erasure_id = ctx.vault().random_id();
    // On record before it is done: a process may die at any step from here on.
    let detail = json!({ "erasure": ErasureId::new(erasure_id).to_string(), "request": request_id.to_string() });
    audit::record(ctx, actor, "erasure.approve", &ProfileId::new(profile).to_string(), &detail).await?;
    let row = LedgerRow {
        seq: 0,
        erasure_id,
        profile_id: profile,
        request_id: Some(request_id.get()),
        approved_by: actor.to_owned(),
        at: now,
        subject_json: serde_json::to_string(&subject).map_err(|error| Error::bug("an erasure as JSON", error))?,
        prev_hash: [0; 32],
        hash: [0; 32],
    };
    let row = ctx.store().append_ledger(row, Vault::audit_link).await?;
    ctx.erasing().n_begun.fetch_add(1, Ordering::SeqCst);
    drop(deciding);
    let id = ErasureId::new(row.erasure_id);
    ctx.erasing().values.lock().unwrap_or_else(PoisonError::into_inner).insert(row.erasure_id, values);
    ctx.step("erase.listed")?;
    sealing::destroy(ctx, subject.profiles.iter().copied()).await?;
    ctx.step("erase.shredded")?;
    begin(ctx, &row).await?;
    ctx.erasing().approved.notify_one();
    Ok(id)
}

/// Whom a granted request for deletion is about.
///
/// **Errors**: `conflict` when it is none.
async fn granted(ctx: &Ctx, request_id: RequestId) -> Result<i64> {
    let request = requests::get(ctx, request_id).await?;
    if request.kind != RequestKind::Deletion || request.status != RequestStatus::Doing {
        return Err(Error::conflict(
            "only a granted request for deletion can be erased: check who asks, then carry it out first".into(),
            "只有已同意的删除请求才能销毁：请先核身并同意该请求".into(),
        ));
    }
    Ok(request.profile_id.ok_or_else(|| Error::not_found("customer", "客户"))?.get())
}

/// Keeps a request from being erased while it is taken back.
///
/// **Errors**: `conflict` when it is named by the ledger already.
pub(crate) async fn not_begun(ctx: &Ctx, request_id: RequestId) -> Result<tokio::sync::MutexGuard<'_, ()>> {
    let deciding = ctx.erasing().deciding.lock().await;
    let is_of = |of: Option<i64>| of == Some(request_id.get());
    let is_listed = ctx.store().unfinished_erasures().await?.iter().any(|row| is_of(row.request_id));
    if is_listed || ctx.store().erasures().await?.iter().any(|row| is_of(row.request_id)) {
        return Err(Error::conflict(
            "the erasure was approved: the key is destroyed, it cannot be taken back".into(),
            "销毁已批准：密钥已销毁，无法撤回".into(),
        ));
    }
    Ok(deciding)
}

impl Ctx {
    /// Erasures that have begun since the process started: whoever gathers what people's data are in compares the number
    /// before and after.
    pub fn n_erasures_begun(&self) -> u64 {
        self.erasing().n_begun.load(Ordering::SeqCst)
    }
}

fn busy_elsewhere(error: Error) -> Error {
    if error.code != ErrorCode::Conflict {
        return error;
    }
    Error::conflict(
        "zhike serve is running on this data directory and takes events in: approve the erasure in its console or API"
            .into(),
        "zhike serve 正在使用这个数据目录并接收事件：请在它的控制台或 API 中批准销毁".into(),
    )
}

/// Carries out everything that the ledger names and this copy of the data has not carried out to the end.
///
/// **Errors**: when a store cannot be read or written; nothing is lost, call again.
#[boxed]
pub async fn finish(ctx: &Ctx) -> Result<Vec<Erasure>> {
    let _one = ctx.erasing().one.lock().await;
    if ctx.store().unfinished_erasures().await?.is_empty() {
        return Ok(Vec::new());
    }
    match ingest::drain(ctx).await {
        Ok(_) => {}
        // An old copy of the log, under a key that was destroyed since: it opens nothing and tells nothing.
        Err(error) if error.code == ErrorCode::WrongKey => {
            tracing::warn!(%error, "the event log is older than the keys and is left as it is");
        }
        Err(error) => return Err(busy_elsewhere(error)),
    }
    let _guard = ctx.write_lock().await?;
    import::recover_locked(ctx).await?;
    finish_locked(ctx).await
}

/// As [`finish`] when a data directory is opened; whoever is writing to it looks after it itself.
pub(crate) async fn recover(ctx: &Ctx) -> Result<()> {
    if ctx.store().unfinished_erasures().await?.is_empty() || ctx.try_write_lock()?.is_none() {
        return Ok(());
    }
    match finish(ctx).await {
        // Another process has the log open, and these erasures before it.
        Err(error) if error.code == ErrorCode::Conflict => Ok(()),
        // Nobody reads anything now; a server looks after it when they are enabled, others at their next start.
        Err(error) if error.code == ErrorCode::KeysDisabled => Ok(()),
        other => other.map(drop),
    }
}

/// Looks after what waits until told to stop: erasures, and the daily change of keys.
#[boxed]
pub async fn run(ctx: Ctx, mut shutdown: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            () = ctx.erasing().approved.notified() => {}
            () = tokio::time::sleep(PAUSE) => {}
            _ = shutdown.wait_for(|stop| *stop) => return,
        }
        if let Err(error) = finish(&ctx).await {
            tracing::error!(%error, "an erasure could not be finished; it is tried again");
        }
        if let Err(error) = keys::rotate_when_due(&ctx).await {
            tracing::error!(%error, "keys could not be changed; it is tried again");
        }
        if let Err(error) = retention::run_when_due(&ctx).await {
            tracing::error!(%error, "what is over could not be purged; it is tried again");
        }
    }
}

async fn begin(ctx: &Ctx, row: &LedgerRow) -> Result<()> {
    let begun = ErasureRow {
        erasure_id: row.erasure_id,
        profile_id: row.profile_id,
        request_id: row.request_id,
        approved_by: row.approved_by.clone(),
        begun_at: row.at,
        removed_json: "{}".to_owned(),
        ended_at: None,
        receipt_json: None,
    };
    Ok(ctx.store().begin_erasure(&begun).await?)
}

type Counts = BTreeMap<String, u64>;

fn counts_of(json: &str) -> Counts {
    serde_json::from_str(json).unwrap_or_default()
}

fn json_of(counts: &Counts) -> String {
    serde_json::to_string(counts).unwrap_or_default()
}

async fn finish_locked(ctx: &Ctx) -> Result<Vec<Erasure>> {
    let rows = ctx.store().unfinished_erasures().await?;
    ctx.erasing().n_begun.fetch_add(rows.len() as u64, Ordering::SeqCst);
    let mut subjects = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut subject: Subject =
            serde_json::from_str(&row.subject_json).map_err(|error| Error::bug("an entry of the ledger", error))?;
        // Of an old copy, or of events that were still in its log: what it knows beside what the ledger says.
        subject::add_known(ctx, &mut subject).await?;
        begin(ctx, row).await?;
        let n_keys = sealing::destroy(ctx, subject.profiles.iter().copied()).await?;
        forget(ctx, row.erasure_id, &subject, n_keys).await?;
        subjects.push(subject);
    }
    ctx.step("erase.forgotten")?;
    ctx.store().forget_deleted().await?;
    ctx.refresh_overrides().await?;
    let erased = Erased::new(subjects.clone());
    remove_facts(ctx, &rows, &erased).await?;
    ctx.step("erase.removed")?;
    scan::sweep(ctx.dir())?;
    ctx.step("erase.swept")?;
    match keys::rotate_locked(ctx, "system").await {
        Ok(_) => {}
        Err(error) if matches!(error.code, ErrorCode::WrongKey | ErrorCode::Conflict) => {
            tracing::warn!(%error, "the epoch of keys stays until the event log can be opened");
        }
        Err(error) => return Err(error),
    }
    ctx.step("erase.rotated")?;
    let mut done = Vec::with_capacity(rows.len());
    let values = std::mem::take(&mut *ctx.erasing().values.lock().unwrap_or_else(PoisonError::into_inner));
    for (row, subject) in rows.iter().zip(subjects) {
        let checks = scan::checks(ctx, values.get(&row.erasure_id), &subject).await?;
        let ended_at = ctx.now();
        let stored = ctx.store().erasure(row.erasure_id).await?;
        let counts = stored.map_or_else(Counts::new, |stored| counts_of(&stored.removed_json));
        let sealed = receipt::seal(ctx, receipt::write(row, &counts, checks, ended_at))?;
        if !sealed.receipt.is_clean() {
            tracing::error!(erasure = %ErasureId::new(row.erasure_id), "values of somebody who was erased were found: see the receipt");
        }
        let json = serde_json::to_string(&sealed).map_err(|error| Error::bug("a receipt as JSON", error))?;
        let id = ErasureId::new(row.erasure_id);
        if let Some(request_id) = row.request_id {
            requests::erased(ctx, RequestId::new(request_id), id).await?;
        }
        let detail = json!({ "erasure": id.to_string(), "is_clean": sealed.receipt.is_clean(), "seal": sealed.seal });
        audit::record(ctx, "system", "erasure.finish", &ProfileId::new(row.profile_id).to_string(), &detail).await?;
        ctx.step("erase.told")?;
        // Last: what is not ended is gone through again, and says the same.
        ctx.store().end_erasure(row.erasure_id, ended_at, &json).await?;
        ctx.step("erase.ended")?;
        done.push(get(ctx, id).await?);
    }
    Ok(done)
}

/// State forgets one person; what it counts is added to what was counted before.
async fn forget(ctx: &Ctx, erasure_id: i64, subject: &Subject, n_keys: u64) -> Result<()> {
    ctx.matching().forget().await;
    let mut gone = Forgotten {
        erasure_id,
        profiles: subject.profiles.iter().copied().collect(),
        identities: subject.forgotten(),
        quarantine: subject.quarantine.clone(),
        stretches: subject.stretches(),
        at: ctx.now(),
        ..Forgotten::default()
    };
    for stretch in ctx.store().stretches_of(&gone.identities).await? {
        gone.sessions.extend(ingest::written_with(&stretch)?);
    }
    subject::hand_over(ctx, subject, &mut gone).await?;
    let kept_since = retention::orders_kept_since(ctx).await?;
    let mut after = (i64::MIN, String::new());
    loop {
        let page = ctx.store().registers_page(ingest::ORDER, (after.0, &after.1), 5_000).await?;
        let Some(last) = page.last() else { break };
        after = (last.source_id, last.key.clone());
        for register in page {
            match ingest::without_buyer(&register.register_json, subject, kept_since)? {
                None => {}
                Some(None) => gone.registers.push((register.source_id, register.kind, register.key)),
                Some(Some(register_json)) => gone.nameless.push(zhike_state::RegisterRow { register_json, ..register }),
            }
        }
    }
    let stored = ctx.store().erasure(erasure_id).await?;
    let mut counts = stored.map_or_else(Counts::new, |stored| counts_of(&stored.removed_json));
    let n_known = counts.entry("keys".to_owned()).or_default();
    *n_known = (*n_known).max(n_keys).max(subject.profiles.len() as u64);
    let removed = |removed: &[(&'static str, u64)]| {
        for (table, n) in removed {
            *counts.entry(format!("state.{table}")).or_default() += n;
        }
        json_of(&counts)
    };
    Ok(ctx.store().forget_person(&gone, removed).await?)
}

/// The lake forgets all of them at once.
async fn remove_facts(ctx: &Ctx, rows: &[LedgerRow], erased: &Erased) -> Result<()> {
    let kept_since = retention::orders_kept_since(ctx).await?;
    for table in ctx.lake().tables_of_people().collect::<Vec<_>>() {
        let batch_id = ctx.vault().random_id();
        let staged = ctx.lake().stage_erased(table, batch_id, erased, kept_since).await?;
        if !staged.remove.is_empty() {
            // Before the rows go: afterwards nobody could count them.
            let mut counts = Vec::new();
            for (at, row) in rows.iter().enumerate() {
                let stored = ctx.store().erasure(row.erasure_id).await?;
                let mut all = stored.map_or_else(Counts::new, |stored| counts_of(&stored.removed_json));
                for (kind, n) in [("lake", staged.n_gone[at]), ("kept", staged.n_nameless[at])] {
                    if n > 0 {
                        all.insert(format!("{kind}.{table}"), n);
                    }
                }
                counts.push((row.erasure_id, json_of(&all)));
            }
            ctx.store().note_removed(&counts).await?;
            ctx.step("erase.staged")?;
            let mut publication = Publication::default();
            publication.change(table, staged.add, staged.remove);
            ctx.lake().publish(batch_id, &publication).await?;
            ctx.step("erase.published")?;
        }
        ctx.lake().forget_history(table).await?;
    }
    Ok(())
}

/// All erasures, those under way first, then the newest.
#[boxed]
pub async fn list(ctx: &Ctx) -> Result<Vec<Erasure>> {
    let mut all = ctx.store().erasures().await?.into_iter().map(read).collect::<Result<Vec<_>>>()?;
    all.sort_by_key(|one| one.ended_at.is_some());
    Ok(all)
}

/// One erasure.
///
/// **Errors**: `not_found`.
#[boxed]
pub async fn get(ctx: &Ctx, id: ErasureId) -> Result<Erasure> {
    read(ctx.store().erasure(id.get()).await?.ok_or_else(|| Error::not_found("erasure", "销毁记录"))?)
}

fn read(row: ErasureRow) -> Result<Erasure> {
    let receipt = row.receipt_json.as_deref().map(serde_json::from_str).transpose();
    Ok(Erasure {
        id: ErasureId::new(row.erasure_id),
        profile_id: ProfileId::new(row.profile_id),
        request_id: row.request_id.map(RequestId::new),
        approved_by: row.approved_by,
        approved_at: row.begun_at,
        ended_at: row.ended_at,
        removed: counts_of(&row.removed_json),
        receipt: receipt.map_err(|error| Error::bug("a stored receipt", error))?,
    })
}

/// What a check of a receipt found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The receipt is what this data directory sealed.
    pub is_sealed: bool,
    /// The signature is this data directory's; `None` when there is none: an older release made the receipt.
    pub is_signed: Option<bool>,
    /// The ledger has the entry that it names, and the ledger's hashes follow each other up to it.
    pub is_listed: bool,
}

/// Checks a receipt against the seal and the ledger of this data directory.
#[boxed]
pub async fn verify(ctx: &Ctx, sealed: &Sealed) -> Result<Verified> {
    let is_sealed = receipt::is_sealed(ctx, sealed);
    let is_signed = receipt::is_signed(&ctx.vault().public_key(), sealed)?;
    let mut hash = [0; 32];
    let mut is_listed = false;
    for row in ctx.store().ledger().await? {
        if row.prev_hash != hash || row.hash != Vault::audit_link(&hash, &row.linked_bytes()) {
            break;
        }
        hash = row.hash;
        let Receipt { erasure_id, ledger_hash, .. } = &sealed.receipt;
        is_listed |= *erasure_id == ErasureId::new(row.erasure_id).to_string() && *ledger_hash == hex(&hash);
    }
    Ok(Verified { is_sealed, is_signed, is_listed })
}

/// Whether a key signed a receipt, without a data directory; `None` when it has no signature.
pub fn is_signed(key: &PublicKey, sealed: &Sealed) -> Result<Option<bool>> {
    receipt::is_signed(key, sealed)
}

/// How far the log is taken in, of what is durable.
pub(crate) async fn taken_in(ctx: &Ctx) -> Result<u64> {
    let row = ctx.store().ingest(LOG).await?;
    Ok(row.map_or(0, |row| u64::try_from(row.position).unwrap_or(0)))
}

/// Rows of spans and traits as state takes them.
pub(crate) fn span_row(identity_id: i64, (since_at, profile_id): (i64, i64)) -> OverrideSpanRow {
    OverrideSpanRow { identity_id, since_at, profile_id }
}

pub(crate) fn traits_row(identity_id: i64, traits_json: String) -> TraitsRow {
    TraitsRow { identity_id, traits_json }
}
