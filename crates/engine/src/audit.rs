//! The audit trail: who did what, read back; its signed roots, their copies outside, and the proof that nothing was changed.
//!
//! Owns when a root is signed, where it is sent and what verification says. Must not know who may read it.
//!
//! - INV-AUDIT-1: an act that shows or gives people's data has its entry before anything of it leaves; where no entry can be
//!   written, nothing leaves.
//! - INV-AUDIT-2: a changed, removed, inserted or exchanged entry up to the newest root is found; so is a chain that was made
//!   anew without the keys. Entries that were cut off together with their roots are found by a copy of the roots outside.

mod anchor;
mod public;
mod verify;

use crate::backup::hex;
use crate::boxed;
use std::sync::Mutex;

use serde_json::{Value as Json, json};
use zhike_domain::signed::Kind;
use zhike_state::{AuditEntry, AuditRootRow};
use zhike_vault::Vault;

use crate::{Ctx, Error, Result};

pub use anchor::Anchor;
pub use public::{RootsChecked, check_roots};
pub use verify::{Flaw, FlawKind, Verification, verify};
pub use zhike_state::{AuditFilter, AuditRow};

/// New entries after which a root is signed at once.
const ROOT_ENTRIES: i64 = 1_000;
/// After so long a root is signed whenever there is a new entry.
const ROOT_US: i64 = 10_000_000;
/// Roots sent outside at a time.
const BATCH: usize = 1_000;

/// What this process knows of the trail.
#[derive(Debug)]
pub(crate) struct Known {
    /// Where roots are sent.
    anchors: Vec<Anchor>,
    /// Why the last one could not be sent.
    trouble: Mutex<Option<String>>,
}

impl Known {
    /// With places where roots are sent.
    pub(crate) fn new(anchors: Vec<Anchor>) -> Self {
        Self { anchors, trouble: Mutex::default() }
    }
}

/// Writes an act to the trail; the caller has masked what is said about it.
#[boxed]
pub async fn record(ctx: &Ctx, actor: &str, action: &str, subject: &str, detail: &Json) -> Result<()> {
    let entry = entry(ctx, actor, action, subject, detail);
    ctx.store().append_audit(&entry, Vault::audit_link).await?;
    Ok(())
}

/// As [`record`], of whoever this is done for; background work of the process itself leaves none.
#[boxed]
pub async fn note(ctx: &Ctx, action: &str, subject: &str, detail: &Json) -> Result<()> {
    match ctx.by() {
        Some(by) => record(ctx, &by.actor, action, subject, detail).await,
        None => Ok(()),
    }
}

pub(crate) fn entry(ctx: &Ctx, actor: &str, action: &str, subject: &str, detail: &Json) -> AuditEntry {
    AuditEntry {
        at: ctx.now(),
        actor: actor.into(),
        action: action.into(),
        subject: subject.into(),
        detail_json: detail.to_string(),
    }
}

/// Entries that a filter names, the newest first, before a place in the chain.
#[boxed]
pub async fn list(ctx: &Ctx, filter: &AuditFilter, before: Option<i64>, limit: usize) -> Result<Vec<AuditRow>> {
    Ok(ctx.store().audit_list(filter, before, limit).await?)
}

/// Whether something happened or was refused, as an entry says: `ok`, `denied`, `failed`.
pub fn result_of(row: &AuditRow) -> &'static str {
    match row.action.as_str() {
        "access.denied" | "account.refused" | "guard.over_budget" => "denied",
        "access.failed" => "failed",
        _ => "ok",
    }
}

/// Signs a root over what is new since the last one, when it is time or `at_once`; sends what does not stand outside yet.
///
/// Says whether a root was signed. Roots that cannot be sent now are sent with the next; an error is told once, in the log.
#[boxed]
pub async fn sign(ctx: &Ctx, at_once: bool) -> Result<bool> {
    let (last, head) = tokio::try_join!(ctx.store().audit_root(), ctx.store().audit_head())?;
    let Some(head) = head else { return Ok(false) };
    let (n, seq, at) = last.map_or((0, 0, 0), |root| (root.n, root.seq, root.at));
    let is_due = head.seq - seq >= ROOT_ENTRIES || ctx.now() - at >= ROOT_US || at_once;
    let mut is_signed = false;
    if head.seq > seq && is_due {
        let mut root =
            AuditRootRow { n: n + 1, seq: head.seq, at: ctx.now(), head: head.hash, mac: [0; 32], is_anchored: 0 };
        root.mac = ctx.vault().sign_audit_root(&root.signed_bytes());
        is_signed = ctx.store().add_audit_root(root).await?;
    }
    send(ctx).await?;
    Ok(is_signed)
}

async fn send(ctx: &Ctx) -> Result<()> {
    let known = ctx.auditing();
    if known.anchors.is_empty() {
        return Ok(());
    }
    loop {
        let roots = ctx.store().audit_roots_to_anchor(BATCH).await?;
        let Some(last) = roots.last().map(|root| root.n) else { return Ok(()) };
        let lines: Vec<(i64, String)> = roots.iter().map(|root| (root.at, line(ctx.vault(), root))).collect();
        for anchor in &known.anchors {
            let sent = anchor.append(&lines).await;
            let trouble = sent.as_ref().err().map(|error| format!("{anchor}: {error}"));
            let mut told = known.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Some(trouble) = trouble.as_ref().filter(|trouble| told.as_ref() != Some(*trouble)) {
                tracing::error!(anchor = %anchor, cause = %trouble, "roots of the audit trail do not reach their anchor; they are sent again");
            }
            *told = trouble;
            if sent.is_err() {
                return Ok(());
            }
        }
        ctx.store().note_anchored(last).await?;
    }
}

/// Why roots do not reach their anchor; `None` while they do.
pub fn anchor_trouble(ctx: &Ctx) -> Option<String> {
    ctx.auditing().trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

/// All roots as lines that stand outside: whoever has the public key can check them ([`check_roots`]).
#[boxed]
pub async fn roots(ctx: &Ctx) -> Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut after = 0;
    loop {
        let page = ctx.store().audit_roots(after, BATCH).await?;
        let Some(last) = page.last() else { return Ok(lines) };
        after = last.n;
        lines.extend(page.iter().map(|root| line(ctx.vault(), root)));
    }
}

/// A line that stands outside for a root. The signature is the same every time, so it is made when a root goes out.
pub(crate) fn line(vault: &Vault, root: &AuditRootRow) -> String {
    let mut line = json!({
        "root": root.n,
        "seq": root.seq,
        "at": root.at,
        "head": hex(&root.head),
        "mac": hex(&root.mac),
    });
    line["signature"] = json!(vault.sign(Kind::AuditRoot, &line));
    line.to_string()
}

/// Reads what [`line`] wrote, whatever a log put before it, and the document of its signature; `None` for other lines.
pub(crate) fn read_line(text: &str) -> Option<(AuditRootRow, Json)> {
    let json: Json = serde_json::from_str(text.get(text.find("{\"")?..)?.trim_end()).ok()?;
    let number = |name: &str| json.get(name).and_then(Json::as_i64);
    let bytes = |name: &str| unhex(json.get(name)?.as_str()?);
    let root = AuditRootRow {
        n: number("root")?,
        seq: number("seq")?,
        at: number("at")?,
        head: bytes("head")?,
        mac: bytes("mac")?,
        is_anchored: 1,
    };
    Some((root, json))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// A reason as it is kept: present, short, without personal data.
///
/// **Errors**: `bad_request`.
pub(crate) fn reason(text: &str) -> Result<String> {
    const MAX_CHARS: usize = 500;
    let text = text.trim();
    if text.is_empty() || text.chars().count() > MAX_CHARS {
        return Err(Error::bad_request(
            format!("say why, in at most {MAX_CHARS} characters"),
            format!("请填写理由，最多 {MAX_CHARS} 个字"),
        ));
    }
    Ok(zhike_domain::detect::mask_text(text).unwrap_or_else(|| text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reads_back_whatever_stands_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path(), zhike_vault::Unlock::KeyFile).unwrap();
        let root = AuditRootRow { n: 3, seq: 1_000, at: 5, head: [0xab; 32], mac: [7; 32], is_anchored: 1 };
        let text = line(&vault, &root);
        let (read, document) = read_line(&text).unwrap();
        assert_eq!((&read, vault.public_key().check(Kind::AuditRoot, &document)), (&root, Some(true)));
        let logged = format!("<110>1 2026-11-22T00:00:00Z cdp zhike 7 audit-root - {text}\n");
        assert_eq!(read_line(&logged), Some((root, document)));
        for other in ["", "{", "{\"root\":1}", "no root", &text.replace("abab", "zzzz")] {
            assert_eq!(read_line(other), None, "{other}");
        }
    }
}
