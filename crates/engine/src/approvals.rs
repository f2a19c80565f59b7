//! What waits for a second person: who asks, what, why; who decides, never the same; used once.
//!
//! - INV-APPROVAL-1: nobody decides on what they asked for themselves, by whichever key or role.
//! - INV-APPROVAL-2: what was approved is used once, by who asked, before it expires, and for no more than was approved.

use crate::boxed;
use serde_json::{Value as Json, json};
use zhike_domain::access::{Permission, Principal};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::ApprovalId;
use zhike_state::ApprovalRow;
use zhike_vault::Vault;

use crate::{Ctx, Error, Result, accounts, audit, guard};

const HOUR: i64 = 3_600_000_000;
/// Approvals listed at most.
const MAX_LISTED: usize = 500;

/// What can be approved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file of many people.
    Export,
    /// A look at one person in the clear.
    Unmask,
}

impl Kind {
    /// Name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Export => "export",
            Self::Unmask => "unmask",
        }
    }
}

/// Something to be approved.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What kind.
    pub kind: Kind,
    /// What, in words.
    pub title: String,
    /// Code of the purpose, where data are given.
    pub purpose: String,
    /// Why.
    pub reason: String,
    /// The act, as its kind reads it.
    pub spec: Json,
    /// Rows or people.
    pub n_rows: u64,
}

/// Something that was asked for, as it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Approval {
    /// Id.
    pub id: ApprovalId,
    /// pending, approved, refused, used, expired.
    pub status: String,
    /// As it is stored.
    pub row: ApprovalRow,
}

fn approval(row: ApprovalRow, now: i64) -> Approval {
    let is_over = matches!(row.status.as_str(), "pending" | "approved") && row.expires_at <= now;
    let status = if is_over { "expired".to_owned() } else { row.status.clone() };
    Approval { id: ApprovalId::new(row.approval_id), status, row }
}

/// Asks for a second person.
///
/// **Errors**: `bad_request` without a reason.
#[boxed]
pub async fn ask(ctx: &Ctx, by: &Principal, ask: Ask) -> Result<Approval> {
    let reason = audit::reason(&ask.reason)?;
    let hours = guard::budgets(ctx).await?.approval_hours;
    let row = ApprovalRow {
        approval_id: ctx.vault().random_id(),
        kind: ask.kind.as_str().to_owned(),
        title: ask.title,
        purpose: ask.purpose,
        reason,
        spec_json: ask.spec.to_string(),
        n_rows: i64::try_from(ask.n_rows).unwrap_or(i64::MAX),
        status: "pending".into(),
        asked_by: by.owner.clone(),
        asked_at: ctx.now(),
        expires_at: ctx.now() + i64::try_from(hours).unwrap_or(24) * HOUR,
        decided_by: None,
        decided_at: None,
        note: String::new(),
        used_at: None,
    };
    let subject = ApprovalId::new(row.approval_id).to_string();
    let detail = json!({ "kind": row.kind, "rows": row.n_rows, "purpose": row.purpose, "reason": row.reason });
    let entry = audit::entry(ctx, &by.actor, "approval.ask", &subject, &detail);
    ctx.store().add_approval(row.clone(), &entry, Vault::audit_link).await?;
    Ok(approval(row, ctx.now()))
}

/// Those that somebody may see: whoever decides sees all, others what they asked for.
#[boxed]
pub async fn list(ctx: &Ctx, by: &Principal) -> Result<Vec<Approval>> {
    let sees_all = by.permissions.holds(Permission::ApprovalsDecide);
    let rows = ctx.store().approvals(MAX_LISTED).await?;
    let own = rows.into_iter().filter(|row| sees_all || row.asked_by == by.owner);
    Ok(own.map(|row| approval(row, ctx.now())).collect())
}

/// Whether somebody could decide on one.
pub fn may_decide(by: &Principal, one: &Approval) -> bool {
    one.status == "pending" && one.row.asked_by != by.owner && by.permissions.holds(Permission::ApprovalsDecide)
}

/// One of them.
///
/// **Errors**: `not_found`, also for those of others who do not decide.
#[boxed]
pub async fn get(ctx: &Ctx, by: &Principal, id: ApprovalId) -> Result<Approval> {
    let row = ctx.store().approval(id.get()).await?;
    let row = row.filter(|row| row.asked_by == by.owner || by.permissions.holds(Permission::ApprovalsDecide));
    Ok(approval(row.ok_or_else(|| Error::not_found("approval", "审批"))?, ctx.now()))
}

/// Approves or refuses; a refusal says why.
///
/// **Errors**: `no_permission`, also for one's own; `conflict` when it was decided or has expired; `bad_request`.
#[boxed]
pub async fn decide(ctx: &Ctx, by: &Principal, id: ApprovalId, is_approved: bool, note: &str) -> Result<Approval> {
    accounts::need(by, Permission::ApprovalsDecide)?;
    let mut one = get(ctx, by, id).await?;
    if one.row.asked_by == by.owner {
        audit::record(ctx, &by.actor, "access.denied", &id.to_string(), &json!({ "because": "own approval" })).await?;
        return Err(Error::new(
            ErrorCode::NoPermission,
            "nobody approves what they asked for themselves: a second person with the permission approvals.decide does",
            "不能审批自己的申请：须由另一位拥有审批权限的人决定",
        ));
    }
    if one.status != "pending" {
        return Err(decided());
    }
    let note = match (is_approved, note.trim()) {
        (true, "") => String::new(),
        _ => audit::reason(note)?,
    };
    one.row.status = if is_approved { "approved" } else { "refused" }.into();
    (one.row.decided_by, one.row.decided_at, one.row.note) = (Some(by.owner.clone()), Some(ctx.now()), note);
    let action = if is_approved { "approval.approve" } else { "approval.refuse" };
    let entry = audit::entry(ctx, &by.actor, action, &id.to_string(), &json!({ "note": one.row.note }));
    if !ctx.store().change_approval(&one.row, "pending", &entry, Vault::audit_link).await? {
        return Err(decided());
    }
    Ok(approval(one.row, ctx.now()))
}

fn decided() -> Error {
    Error::conflict(
        "it was decided, used or has expired meanwhile: reload".into(),
        "这项申请已被处理、使用或已过期：请刷新".into(),
    )
}

/// Takes what was approved, once; whoever asked for it takes it.
///
/// **Errors**: `approval_needed` while it waits or after it expired; `not_found`; `conflict` when it was used.
#[boxed]
pub async fn take(ctx: &Ctx, by: &Principal, id: ApprovalId, kind: Kind) -> Result<Approval> {
    let mut one = get(ctx, by, id).await?;
    if one.row.asked_by != by.owner || one.row.kind != kind.as_str() {
        return Err(Error::not_found("approval", "审批"));
    }
    match one.status.as_str() {
        "approved" => {}
        "used" => return Err(decided()),
        status => {
            return Err(Error::new(
                ErrorCode::ApprovalNeeded,
                format!("it is {status}: only what was approved can be used"),
                "尚未批准、已拒绝或已过期：不能使用",
            ));
        }
    }
    (one.row.status, one.row.used_at) = ("used".into(), Some(ctx.now()));
    let entry = audit::entry(ctx, &by.actor, "approval.use", &id.to_string(), &json!({ "kind": one.row.kind }));
    if !ctx.store().change_approval(&one.row, "approved", &entry, Vault::audit_link).await? {
        return Err(decided());
    }
    Ok(approval(one.row, ctx.now()))
}
