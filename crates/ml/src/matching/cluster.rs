//! Clusters from scored pairs, without chains of weak links.
//!
//! The best pair comes first. It joins the clusters of its records only if nothing among their cross pairs vetoes it and
//! enough of the cross pairs, whether blocking brought them together or not, are probable themselves. So a record in the
//! middle does not tie two people together, and no cluster grows by one link.
//!
//! Components of the graph of edges are independent of one another: an edge that comes or goes changes its own alone.

use super::link::{Edge, Veto};
use super::model::{Model, Scorer, Weights};
use super::records::Records;

/// Share of the cross pairs of two clusters that has to be probable before they join.
const SUPPORT: f64 = 0.5;
/// Records of each cluster whose cross pairs are looked at; of a larger cluster those of the lowest keys.
const MAX_LOOKED_AT: usize = 24;
/// No person has more records than this.
const MAX_CLUSTER: usize = 200;

/// A cluster of at least two rows.
#[derive(Clone, Default)]
pub(super) struct Group {
    /// In the order of keys.
    pub(super) rows: Vec<u32>,
    /// The edges that joined them: one fewer than rows, the best first.
    pub(super) joined: Vec<Edge>,
}

/// Clusters, and the edges for a person.
#[derive(Default)]
pub(super) struct Clusters {
    pub(super) groups: Vec<Group>,
    pub(super) review: Vec<Edge>,
}

/// Clusters some edges. Every pair of rows has at most one edge, its record of the lower key first.
pub(super) fn cluster<W: std::borrow::Borrow<Weights>>(
    model: &Model,
    records: &Records,
    scorer: &mut Scorer<'_, W>,
    mut edges: Vec<Edge>,
    veto: &impl Veto,
) -> Clusters {
    edges.sort_unstable_by(|a, b| {
        let keys = |edge: &Edge| (records.key(edge.a), records.key(edge.b));
        b.probability.total_cmp(&a.probability).then_with(|| keys(a).cmp(&keys(b)))
    });
    let mut of: std::collections::HashMap<u32, usize, foldhash::fast::FixedState> =
        std::collections::HashMap::default();
    let mut groups: Vec<Group> = Vec::new();
    for edge in &edges {
        for row in [edge.a, edge.b] {
            of.entry(row).or_insert_with(|| {
                groups.push(Group { rows: vec![row], joined: Vec::new() });
                groups.len() - 1
            });
        }
    }
    for edge in edges.iter().take_while(|edge| edge.probability >= model.thresholds.automatic) {
        let (at, other) = (of[&edge.a], of[&edge.b]);
        if at == other {
            continue;
        }
        if !may_join(model, scorer, &groups[at].rows, &groups[other].rows, records, veto) {
            continue;
        }
        let (into, from) = if groups[at].rows.len() >= groups[other].rows.len() { (at, other) } else { (other, at) };
        let moved = std::mem::take(&mut groups[from]);
        for row in &moved.rows {
            of.insert(*row, into);
        }
        let group = &mut groups[into];
        group.rows.extend(moved.rows);
        group.joined.extend(moved.joined);
        group.joined.push(*edge);
        // Looked at in the order of keys, whichever cluster was the larger.
        group.rows.sort_unstable_by_key(|row| records.key(*row));
    }
    let is_open = |edge: &Edge| of[&edge.a] != of[&edge.b] && !veto(records.key(edge.a), records.key(edge.b));
    let review = edges.iter().filter(|edge| is_open(edge)).copied().collect();
    groups.retain(|group| group.rows.len() >= 2);
    Clusters { groups, review }
}

fn may_join<W: std::borrow::Borrow<Weights>>(
    model: &Model,
    scorer: &mut Scorer<'_, W>,
    a: &[u32],
    b: &[u32],
    records: &Records,
    veto: &impl Veto,
) -> bool {
    if a.len() + b.len() > MAX_CLUSTER {
        return false;
    }
    if a.iter().any(|a| b.iter().any(|b| veto(records.key(*a), records.key(*b)))) {
        return false;
    }
    let (a, b) = (&a[..a.len().min(MAX_LOOKED_AT)], &b[..b.len().min(MAX_LOOKED_AT)]);
    let n_pairs = a.len() * b.len();
    if n_pairs == 1 {
        return true;
    }
    let probable = a
        .iter()
        .flat_map(|a| b.iter().map(move |b| (*a, *b)))
        .filter(|(a, b)| scorer.probability(*a, *b) >= model.thresholds.review)
        .count();
    probable as f64 >= SUPPORT * n_pairs as f64
}
