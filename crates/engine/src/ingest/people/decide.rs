//! What follows when somebody decides who is who.

use std::collections::{BTreeSet, HashMap};

use zhike_state::{DecisionRow, IngestCommit, MatchRow, Standing};

use super::{Node, People};
use crate::corrections::Pins;
use crate::ingest::registers;
use crate::{Ctx, Result, segments};

/// What is other about who is who, besides what rows say.
#[derive(Debug, Default)]
pub(crate) struct Change {
    /// Decisions, new or changed.
    pub(crate) decisions: Vec<DecisionRow>,
    /// Likely pairs, new or changed.
    pub(crate) matches: Vec<MatchRow>,
    /// Pairs that are likely no more.
    pub(crate) gone_matches: Vec<(i64, i64)>,
    /// Identities whose people are made anew besides those that are named.
    pub(crate) others: Vec<i64>,
}

/// Stores a change, and makes anew the people whom it is about. The caller holds the write lock.
///
/// Returns the profile that each identity named belongs to now.
pub(crate) async fn decide(ctx: &Ctx, change: Change) -> Result<HashMap<i64, i64>> {
    let Change { decisions, matches, gone_matches, others } = change;
    // Pairs for somebody to look at change nobody.
    let joins = matches.iter().filter(|row| row.standing == Standing::Joined);
    let ends = (decisions.iter().flat_map(|row| [row.left_identity_id, row.right_identity_id]))
        .chain(joins.flat_map(|row| [row.left_identity_id, row.right_identity_id]))
        .chain(gone_matches.iter().flat_map(|pair| [pair.0, pair.1]))
        .chain(others.iter().copied());
    let ends: BTreeSet<i64> = ends.collect();
    let mut commit = IngestCommit {
        decisions: decisions.clone(),
        matches: matches.clone(),
        gone_matches: gone_matches.clone(),
        ..IngestCommit::default()
    };
    commit.load.committed_at = ctx.now();
    let mut people = People {
        pins: Pins::read(ctx).await?,
        decided: decisions,
        matched: matches,
        unmatched: gone_matches.into_iter().collect(),
        ..People::default()
    };
    for row in ctx.store().identities_by_ids(&ends.iter().copied().collect::<Vec<_>>()).await? {
        people.nodes.insert(row.identity_id, Node::stored(row));
    }
    let profiles: BTreeSet<i64> = people.nodes.values().filter_map(|node| node.profile).collect();
    people.load(ctx, profiles).await?;
    people.old_claims = people.claims.clone();
    // Other rules may let identify again what identified nobody.
    for id in &others {
        if let Some(node) = people.nodes.get_mut(id) {
            node.is_aside = false;
        }
    }
    people.bind(ctx, ends.clone(), HashMap::new(), &mut commit).await?;
    people.settle_visitors(ctx, &mut commit).await?;
    people.move_all(ctx, &mut commit).await?;
    people.describe(ctx).await?;
    registers::apply(ctx, &[], &mut people, &mut commit).await?;
    let belongs = ends.iter().filter_map(|id| Some((*id, people.nodes.get(id)?.profile?))).collect();
    let touched = people.touched();
    let pins = std::mem::take(&mut people.pins);
    let mut keys = people.finish(&mut commit);
    keys.store_new(ctx).await?;
    pins.lay(ctx, &mut commit.load).await?;
    ctx.store().decide(&commit).await?;
    ctx.refresh_overrides().await?;
    if let Err(error) = segments::touched(ctx, &touched).await {
        tracing::warn!(%error, "live segments wait for the next refresh");
    }
    Ok(belongs)
}
