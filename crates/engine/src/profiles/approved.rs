//! Customers in the clear, where a role needs the word of a second person for it.
//!
//! What was approved is one look at one customer; it stands in the audit trail like any other, and draws from no budget:
//! whoever approved has looked at the reason.

use serde_json::json;
use zhike_domain::access::Principal;
use zhike_domain::error_code::ErrorCode;
use zhike_domain::id::{ApprovalId, ProfileId};

use super::{Profile, Show, current, view};
use crate::approvals::{self, Approval, Ask, Kind};
use crate::{Ctx, Error, Result, boxed};

fn not_so() -> Error {
    Error::new(
        ErrorCode::NoPermission,
        "a second person's word shows your role no more than it sees already",
        "您的角色不能通过审批查看更多明文",
    )
}

/// Asks a second person for a look at a customer in the clear.
///
/// **Errors**: `no_permission` for roles whom it would show nothing; `not_found`; `bad_request` without a reason.
#[boxed]
pub async fn ask_to_see(ctx: &Ctx, by: &Principal, profile_id: ProfileId, reason: &str) -> Result<Approval> {
    let up_to_grade = by.reveals_approved().ok_or_else(not_so)?;
    let profile_id = ProfileId::new(current(ctx, profile_id.get()).await?.profile_id);
    let ask = Ask {
        kind: Kind::Unmask,
        title: profile_id.to_string(),
        purpose: String::new(),
        reason: reason.to_owned(),
        spec: json!({ "profile_id": profile_id.to_string(), "up_to_grade": up_to_grade }),
        n_rows: 1,
    };
    approvals::ask(ctx, by, ask).await
}

/// Shows the customer that was approved, once.
///
/// **Errors**: as [`approvals::take`]; `no_permission` when the roles have changed since; `rights_locked`; `not_found`.
#[boxed]
pub async fn see_approved(ctx: &Ctx, by: &Principal, id: ApprovalId) -> Result<Profile> {
    let one = approvals::get(ctx, by, id).await?;
    let spec: serde_json::Value = serde_json::from_str(&one.row.spec_json).unwrap_or_default();
    let asked = spec["profile_id"].as_str().and_then(|text| text.parse::<ProfileId>().ok());
    let profile_id = asked.ok_or_else(|| Error::not_found("approval", "审批"))?;
    let up_to_grade = by.reveals_approved().ok_or_else(not_so)?.min(spec["up_to_grade"].as_u64().unwrap_or(0) as u8);
    // Whoever is gone or out of sight costs no approval.
    current(ctx, profile_id.get()).await?;
    let one = approvals::take(ctx, by, id, Kind::Unmask).await?;
    let show = Show::Clear { actor: by.actor.clone(), reason: one.row.reason, up_to_grade, approval: Some(id) };
    view(ctx, profile_id, &show).await
}
