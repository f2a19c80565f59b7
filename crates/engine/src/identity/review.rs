//! Pairs that may be one person: shown side by side, judged by somebody.

use crate::boxed;
use std::collections::{BTreeSet, HashMap};

use zhike_domain::id::{IdentityId, ProfileId};
use zhike_domain::mask;
use zhike_state::{ReviewRow, Verdict};

use super::acts::{self, Done};
use super::matching::{Said, ends};
use super::records::{self, Record};
use crate::{Ctx, Error, Result, audit, guard, requests, segments};

/// Pairs on a page at most.
const MAX_PAGE: usize = 100;

/// A pair for somebody to look at.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The two records.
    pub identities: [IdentityId; 2],
    /// Their customers.
    pub profiles: [ProfileId; 2],
    /// Probability that they are one.
    pub probability: f64,
    /// Field by field.
    pub fields: Vec<Compared>,
}

/// What two records say of one field.
#[derive(Clone, Debug)]
pub struct Compared {
    /// Field.
    pub field: String,
    /// Values, masked; missing where it is not said.
    pub values: [Option<String>; 2],
    /// How far they agree, in Chinese and in English; missing when one is not said.
    pub level: Option<(&'static str, &'static str)>,
    /// Evidence for one person, in bits; below zero it speaks against.
    pub bits: f64,
}

/// Pairs that wait for somebody, the most probable first, and how many there are. Pairs with somebody out of sight are left
/// out of the page, not of the number.
#[boxed]
pub async fn review(ctx: &Ctx, offset: usize, limit: usize) -> Result<(u64, Vec<Candidate>)> {
    let n = ctx.store().count_matches_to_review().await?;
    let mut rows = ctx.store().matches_to_review(offset, limit.min(MAX_PAGE)).await?;
    let profiles: BTreeSet<i64> = rows.iter().flat_map(|row| [row.left_profile_id, row.right_profile_id]).collect();
    let seen = segments::seen(ctx, &profiles.into_iter().collect::<Vec<_>>()).await?;
    let gone = requests::restricted(ctx).await?;
    let seen: BTreeSet<i64> = seen.into_iter().filter(|id| gone.binary_search(id).is_err()).collect();
    rows.retain(|row| seen.contains(&row.left_profile_id) && seen.contains(&row.right_profile_id));
    let profiles = ends(rows.iter().map(|row| (row.left_profile_id, row.right_profile_id)));
    guard::open(ctx, &profiles).await?;
    let ids = ends(rows.iter().map(|row| (row.left_identity_id, row.right_identity_id)));
    let records = records::read(ctx, &ids).await?;
    let shown: Vec<String> = profiles.iter().map(|id| ProfileId::new(*id).to_string()).collect();
    audit::note(ctx, "identity.review", "identities", &serde_json::json!({ "customers": shown })).await?;
    guard::opened(ctx, &profiles);
    let candidates = rows.iter().map(|row| candidate(row, &records)).collect::<Result<Vec<_>>>()?;
    Ok((u64::try_from(n).unwrap_or(0), candidates))
}

fn candidate(row: &ReviewRow, records: &HashMap<i64, Record>) -> Result<Candidate> {
    let said: Vec<Said> =
        serde_json::from_str(&row.evidence_json).map_err(|error| Error::bug("stored evidence", error))?;
    let ids = [row.left_identity_id, row.right_identity_id];
    let value = |id: &i64, field: &str| {
        let value = records.get(id)?.values.get(field)?;
        Some(match field {
            "gender" | "city" | "credit_code" => value.clone(),
            _ => mask::field(field, value),
        })
    };
    let fields = said.into_iter().map(|said| Compared {
        values: [value(&ids[0], &said.field), value(&ids[1], &said.field)],
        level: said.level.as_deref().and_then(level),
        bits: said.bits,
        field: said.field,
    });
    Ok(Candidate {
        identities: ids.map(IdentityId::new),
        profiles: [row.left_profile_id, row.right_profile_id].map(ProfileId::new),
        probability: row.probability,
        fields: fields.filter(|one| one.values.iter().any(Option::is_some)).collect(),
    })
}

/// Decides about a pair: one customer, or two. It can be undone like any decision, and thresholds follow it.
///
/// **Errors**: `not_found`; `bad_request` when they are one already, or without a reason.
#[boxed]
pub async fn judge(ctx: &Ctx, pair: [IdentityId; 2], is_one: bool, reason: &str, actor: &str) -> Result<Done> {
    acts::between(ctx, pair, if is_one { Verdict::Same } else { Verdict::Apart }, reason, actor).await
}

/// A level in Chinese and in English.
fn level(code: &str) -> Option<(&'static str, &'static str)> {
    Some(match code {
        "different" => ("不同", "different"),
        "remote" => ("略像", "a little alike"),
        "similar" => ("相似", "similar"),
        "close" => ("非常接近", "close"),
        "same" => ("相同", "the same"),
        "same year" => ("同年", "the same year"),
        "two parts" => ("年月日中两项相同", "two of year, month and day"),
        "one slip" => ("相差一处", "one slip"),
        "two slips" => ("相差两处", "two slips"),
        "same end" => ("尾号相同", "the same last digits"),
        "same box elsewhere" => ("同名邮箱，域名不同", "the same mailbox elsewhere"),
        "same area or street" => ("同一地区或街道", "the same area or street"),
        "part of it" => ("部分相同", "part of it"),
        "written otherwise" => ("写法不同", "written otherwise"),
        "same but its place" => ("除地名外相同", "the same but for its place"),
        _ => return None,
    })
}
