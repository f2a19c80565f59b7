//! Identities and links of everybody, in memory.

use std::collections::{BTreeMap, HashMap};

use zhike_domain::identity::{self, Joined, Matching, Policy, Reason, Resolution};
use zhike_domain::import::entity::IdentityKind;
use zhike_state::{IdentityStatus, LinkRow, MatchRow, Standing, Verdict, VertexRow};

use crate::{Ctx, Result};

/// Identities that are resolved, with all that decides about them.
///
/// **Memory**: some 120 bytes an identity and 60 a link.
pub(super) struct Whole {
    /// Identities but visitors whom somebody claims, by id.
    pub(super) vertices: Vec<VertexRow>,
    pub(super) kinds: Vec<IdentityKind>,
    links: Vec<(u32, u32)>,
    same: Vec<(u32, u32)>,
    apart: Vec<(u32, u32)>,
    /// Pairs that matching found, the most probable first.
    likely: Vec<Likely>,
    /// The rules by which it found them.
    found_by: Matching,
}

struct Likely {
    pair: (u32, u32),
    probability: f64,
    standing: Standing,
}

impl Whole {
    pub(super) async fn read(ctx: &Ctx) -> Result<Self> {
        let claimed = ctx.store().claimed_visitors().await?;
        let mut vertices = ctx.store().all_vertices().await?;
        vertices.retain(|row| claimed.binary_search(&row.identity_id).is_err());
        let number: HashMap<i64, u32> = vertices.iter().zip(0..).map(|(row, at)| (row.identity_id, at)).collect();
        let numbered = |left: i64, right: i64| Some((*number.get(&left)?, *number.get(&right)?));
        // As when people are bound: statements decide, else links that hold or that were refused.
        let mut holds: BTreeMap<(i64, i64), bool> = BTreeMap::new();
        for LinkRow { left_identity_id: left, right_identity_id: right, reason, undone_at } in
            ctx.store().all_links().await?
        {
            let counts = Reason::counts(Reason::parse(&reason), undone_at.is_some());
            *holds.entry((left.min(right), left.max(right))).or_default() |= counts;
        }
        holds.extend(ctx.store().all_bonds().await?.into_iter().map(|(left, right, is)| ((left, right), is != 0)));
        let links = holds.into_iter().filter(|(_, holds)| *holds);
        let links = links.filter_map(|((left, right), _)| numbered(left, right)).collect();
        let decisions = ctx.store().decisions().await?;
        let decided = |verdict: Verdict| {
            let of_kind = decisions.iter().filter(|row| row.verdict == verdict);
            of_kind.filter_map(|row| numbered(row.left_identity_id, row.right_identity_id)).collect()
        };
        let mut likely: Vec<Likely> = Vec::new();
        let mut matches = ctx.store().all_matches().await?;
        matches.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        for row in matches {
            let MatchRow { probability, standing, .. } = row;
            let pair = numbered(row.left_identity_id, row.right_identity_id);
            likely.extend(pair.map(|pair| Likely { pair, probability, standing }));
        }
        let kind = |row: &VertexRow| IdentityKind::parse(&row.kind).unwrap_or(IdentityKind::ExternalId);
        Ok(Self {
            kinds: vertices.iter().map(kind).collect(),
            same: decided(Verdict::Same),
            apart: decided(Verdict::Apart),
            likely,
            found_by: crate::import::identity_policy(ctx).await?.matching,
            links,
            vertices,
        })
    }

    /// Who is who by a policy, from the beginning.
    pub(super) fn resolve(&self, policy: &Policy) -> Resolution {
        let n = self.vertices.len();
        let Matching { is_on, join_from, .. } = policy.matching;
        let is_joined = |one: &&Likely| match one.standing {
            Standing::Joined => one.probability >= join_from || join_from <= self.found_by.join_from,
            Standing::Review => one.probability >= join_from && join_from < self.found_by.join_from,
        };
        let likely = self.likely.iter().filter(|_| is_on).filter(is_joined);
        let likely: Vec<(u32, u32)> = likely.map(|one| one.pair).collect();
        let input = identity::Input {
            kind: &self.kinds,
            scope: &vec![0; n],
            joined: &vec![Joined::default(); n],
            profile: &vec![None; n],
            links: &self.links,
            stored: Some(&[]),
            same: &self.same,
            apart: &self.apart,
            likely: &likely,
        };
        identity::resolve(input, policy)
    }

    pub(super) fn is_aside(&self, at: usize) -> bool {
        self.vertices[at].status == IdentityStatus::SetAside
    }
}
