//! The register of processing activities, and impact assessments.
//!
//! The register is derived: what is loaded and collected says which classes of data are held and where they come from, segments
//! and exports what they are used for, the table of roles who may read them, the trail who was given files. Nothing of it is
//! typed a second time.
//!
//! - INV-COMPLIANCE-1: an assessment that was recorded is never altered nor removed: another version takes its place, all
//!   versions stay, and each is held against the digest in its audit entry whenever it is read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;
use zhike_domain::access::{Permission, Principal};
pub use zhike_domain::assessment::{Assessment, Why};
use zhike_domain::id::AssessmentId;

use crate::query::put_definition;
use crate::{Ctx, Error, Result, accounts, audit, boxed, consents};

mod register;

pub use register::{Activity, Held, Reader, Recipient, Register, register};

const KIND: &str = "impact_assessment";
/// Entries of one assessment that are looked through for its digests.
const MAX_ENTRIES: usize = 1_000;

/// As it is stored.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Stored {
    author: String,
    at: i64,
    content: Option<Assessment>,
}

/// A version of an assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The same for all versions.
    pub id: AssessmentId,
    /// From 1.
    pub version: i64,
    /// What it says.
    pub content: Assessment,
    /// Who recorded it.
    pub author: String,
    /// When, in microseconds.
    pub at: i64,
    /// Whether a later version takes its place.
    pub is_superseded: bool,
    /// Whether it is what its audit entry was written for.
    pub is_whole: bool,
}

fn digest(ctx: &Ctx, stored: &Stored) -> Result<String> {
    let json = serde_json::to_string(stored).map_err(|error| Error::bug("an assessment as JSON", error))?;
    let print = ctx.vault().fingerprint(&[b"impact assessment\0", json.as_bytes()].concat());
    Ok(print.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Records an assessment, or another version of one.
///
/// **Errors**: `no_permission`; `bad_request` for what is missing or a purpose that there is not; `not_found`; `conflict` when it
/// says what the newest version says.
#[boxed]
pub async fn assess(
    ctx: &Ctx,
    by: &Principal,
    content: Assessment,
    supersedes: Option<AssessmentId>,
) -> Result<Recorded> {
    accounts::need(by, Permission::ComplianceManage)?;
    if let Some((zh, en)) = content.problem() {
        return Err(Error::bad_request(en, zh));
    }
    let content = content.kept();
    for purpose in &content.purposes {
        consents::purpose(ctx, purpose).await?;
    }
    let id = match supersedes {
        Some(id) => id,
        None => AssessmentId::new(ctx.vault().random_id()),
    };
    if supersedes.is_some() {
        let newest = versions(ctx, id).await?.pop();
        let newest = newest.ok_or_else(|| Error::not_found("impact assessment", "影响评估"))?;
        if newest.content == content {
            return Err(Error::conflict(
                "this is what the newest version says: nothing to record".into(),
                "内容与最新版本相同，无需另存".into(),
            ));
        }
    }
    let stored = Stored { author: by.actor.clone(), at: ctx.now(), content: Some(content) };
    let content = stored.content.clone().unwrap_or_default();
    let detail = json!({ "title": content.title, "purposes": content.purposes, "digest": digest(ctx, &stored)? });
    audit::record(ctx, &by.actor, "assessment.record", &id.to_string(), &detail).await?;
    let version = put_definition(ctx, KIND, &id.to_string(), &stored).await?;
    let (author, at) = (stored.author, stored.at);
    Ok(Recorded { id, version, content, author, at, is_superseded: false, is_whole: true })
}

/// All versions of one assessment, the oldest first; empty when there is none.
#[boxed]
pub async fn versions(ctx: &Ctx, id: AssessmentId) -> Result<Vec<Recorded>> {
    let name = id.to_string();
    let Some(newest) = ctx.store().get_definition(KIND, &name, None).await? else { return Ok(Vec::new()) };
    let entries = ctx.store().audit_of(std::slice::from_ref(&name), None, MAX_ENTRIES).await?;
    let mut found = Vec::new();
    for version in 1..=newest.version {
        let Some(row) = ctx.store().get_definition(KIND, &name, Some(version)).await? else { continue };
        let stored: Stored =
            serde_json::from_str(&row.spec_json).map_err(|error| Error::bug("a stored assessment", error))?;
        let digest = digest(ctx, &stored)?;
        let is_whole = entries.iter().any(|entry| entry.detail_json.contains(&digest));
        let Stored { author, at, content } = stored;
        let content = content.unwrap_or_default();
        found.push(Recorded { id, version, content, author, at, is_superseded: version < newest.version, is_whole });
    }
    Ok(found)
}

/// All versions of all assessments, the newest first.
#[boxed]
pub async fn assessments(ctx: &Ctx) -> Result<Vec<Recorded>> {
    let mut all = Vec::new();
    for row in ctx.store().list_definitions(KIND).await? {
        let Ok(id) = row.name.parse::<AssessmentId>() else { continue };
        all.extend(versions(ctx, id).await?);
    }
    all.sort_by_key(|one| (std::cmp::Reverse(one.at), one.id));
    Ok(all)
}

/// For every purpose the newest assessment that names it.
fn by_purpose(all: &[Recorded]) -> BTreeMap<&str, AssessmentId> {
    let mut found = BTreeMap::new();
    for one in all.iter().filter(|one| !one.is_superseded) {
        for purpose in &one.content.purposes {
            found.entry(purpose.as_str()).or_insert(one.id);
        }
    }
    found
}
