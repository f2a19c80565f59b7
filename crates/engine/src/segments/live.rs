//! Segments that follow events as they come in: only the customers touched are looked at again.
//!
//! INV-SEGMENTS-3: what joins or leaves here is what a refresh would find (`tests/it/segments.rs`). A failure here loses
//! nothing: the next refresh finds it.

use std::collections::BTreeSet;

use zhike_domain::audience::holds;
use zhike_state::ProfileRow;

use super::bulk::Bulk;
use super::history::{change_at, publish, push};
use super::people::numbers;
use super::person::person;
use super::{Members, Refresh, as_of, list, rule_or_list};
use crate::{Ctx, Result, consents};

/// With more customers than this, one scan costs less than looking each up.
const MANY: usize = 200;

/// Brings live segments up to date for some customers. The caller holds the write lock.
pub(crate) async fn touched(ctx: &Ctx, profiles: &BTreeSet<i64>) -> Result<()> {
    let ctx = &ctx.whole();
    if profiles.is_empty() {
        return Ok(());
    }
    let mut live = list(ctx, false).await?;
    live.retain(|segment| segment.spec.refresh == Refresh::Live && segment.spec.rule.is_some());
    if live.is_empty() {
        return Ok(());
    }
    let as_of = as_of(ctx, None).await?;
    let ids: Vec<i64> = profiles.iter().copied().collect();
    // Who was merged away, or has no identity left, is nobody's member.
    let rows = ctx.store().profiles_by_ids(&ids).await?;
    let gone = crate::requests::restricted(ctx).await?;
    let is_there = |row: &&ProfileRow| row.merged_into.is_none() && row.n_identities > 0;
    let customers: Vec<&ProfileRow> =
        rows.iter().filter(is_there).filter(|row| gone.binary_search(&row.profile_id).is_err()).collect();
    let mut stage = ctx.lake().stage("segment_members", ctx.vault().random_id(), "live")?;
    for segment in live {
        let Members::Rule(rule) = rule_or_list(ctx, &segment.id.to_string()).await? else { continue };
        let purpose = consents::purpose_or_default(ctx, &segment.spec.purpose).await?;
        let at = change_at(ctx, segment.id, &as_of).await?;
        let known = ctx.lake().members_among(segment.id.get(), &ids).await?;
        let known: std::collections::BTreeMap<i64, i64> =
            numbers(&known, "profile_id").into_iter().zip(numbers(&known, "since")).collect();
        let mut is_in = BTreeSet::new();
        if customers.len() > MANY {
            let mut bulk = Bulk::new(ctx, as_of.clone()).await?;
            let mut set = bulk.rule(ctx, &rule).await?;
            consents::gate(ctx, &bulk.people, &purpose).await?.cut(&mut set);
            let ids = customers.iter().map(|row| row.profile_id);
            is_in.extend(ids.filter(|id| bulk.people.at(*id).is_some_and(|at| set.contains(at))));
        } else {
            for row in &customers {
                let id = row.profile_id;
                let may = consents::may(ctx, row, &purpose).await?.is_none();
                if may && holds(&rule, &person(ctx, id, &rule, &as_of).await?, &as_of) {
                    is_in.insert(id);
                }
            }
        }
        let joined: Vec<i64> = is_in.iter().copied().filter(|id| !known.contains_key(id)).collect();
        let gone: Vec<(i64, i64)> = known.into_iter().filter(|(id, _)| !is_in.contains(id)).collect();
        push(&mut stage, segment.id, &joined, &gone, at)?;
    }
    publish(ctx, stage).await
}
