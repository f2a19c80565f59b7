//! Which records are one person's: the pairs that meet are scored, then clustered.

use super::cluster::{self, Clusters};
use super::keys::Blocks;
use super::model::{Model, Scorer, Weights};
use super::records::Records;
use crate::parallel;

/// A pair of records, by key, the lower first.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The lower key.
    pub a: u64,
    /// The higher key.
    pub b: u64,
    /// Probability that they are one person's.
    pub probability: f64,
}

/// A scored pair of rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edge {
    pub(super) a: u32,
    pub(super) b: u32,
    pub(super) probability: f64,
}

/// The answer over some records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// Clusters of at least two records: keys in order, clusters by their first key.
    pub clusters: Vec<Vec<u64>>,
    /// The pairs that joined them, the most probable first: of each cluster one fewer than records.
    pub joined: Vec<Pair>,
    /// Pairs for a person to look at, the most probable first: probable enough to ask, in two clusters, no veto.
    pub review: Vec<Pair>,
    /// Pairs compared.
    pub n_compared: u64,
    /// By rule, records that it leaves out because too many share their key.
    pub n_skipped: Vec<usize>,
}

/// Says of two records, by key, that they are never one person's: two valid identity numbers, two member numbers of one
/// source. A veto is symmetric and holds against any probability.
pub trait Veto: Fn(u64, u64) -> bool + Sync {}

impl<F: Fn(u64, u64) -> bool + Sync> Veto for F {}

/// Links records with a model.
pub fn link(model: &Model, records: &Records, veto: &impl Veto, n_threads: usize) -> Outcome {
    let weights = Weights::of(model, records, n_threads);
    let found = find(model, records, &weights, n_threads);
    let mut scorer = Scorer::new(model, records, &weights);
    let clusters = cluster::cluster(model, records, &mut scorer, found.edges, veto);
    Outcome { n_compared: found.n_compared, n_skipped: found.n_skipped, ..outcome(records, &clusters) }
}

/// Edges among all records.
pub(super) struct Found {
    pub(super) edges: Vec<Edge>,
    n_compared: u64,
    n_skipped: Vec<usize>,
}

/// Finds the edges among all records.
pub(super) fn find(model: &Model, records: &Records, weights: &Weights, n_threads: usize) -> Found {
    let blocks = Blocks::build(records, &model.rules, model.max_block, n_threads);
    let mut edges = Vec::new();
    let mut n_compared = 0;
    for rule in 0..blocks.n_rules() {
        let found = parallel::map(
            blocks.n_blocks(rule),
            1024,
            n_threads,
            || Scorer::new(model, records, weights),
            |scorer, range| {
                let (mut edges, mut n_compared) = (Vec::new(), 0_u64);
                for at in range {
                    let block = blocks.block(rule, at);
                    for (i, a) in block.iter().enumerate() {
                        for b in &block[i + 1..] {
                            if blocks.met_before(rule, *a, *b) {
                                continue;
                            }
                            n_compared += 1;
                            edges.extend(edge(model, records, scorer, *a, *b));
                        }
                    }
                }
                (edges, n_compared)
            },
        );
        for (some, n) in found {
            edges.extend(some);
            n_compared += n;
        }
    }
    Found { edges, n_compared, n_skipped: blocks.n_skipped }
}

/// The pair as an edge when it is probable enough to ask, the record with the lower key first.
pub(super) fn edge<W: std::borrow::Borrow<Weights>>(
    model: &Model,
    records: &Records,
    scorer: &mut Scorer<'_, W>,
    a: u32,
    b: u32,
) -> Option<Edge> {
    let probability = scorer.probability(a, b);
    let (a, b) = if records.key(a) < records.key(b) { (a, b) } else { (b, a) };
    (probability >= model.thresholds.review).then_some(Edge { a, b, probability })
}

pub(super) fn outcome(records: &Records, clusters: &Clusters) -> Outcome {
    let mut groups: Vec<Vec<u64>> = clusters
        .groups
        .iter()
        .map(|group| {
            let mut keys: Vec<u64> = group.rows.iter().map(|row| records.key(*row)).collect();
            keys.sort_unstable();
            keys
        })
        .collect();
    groups.sort_unstable();
    let pair = |edge: &Edge| Pair { a: records.key(edge.a), b: records.key(edge.b), probability: edge.probability };
    let ordered = |edges: &mut dyn Iterator<Item = &Edge>| {
        let mut pairs: Vec<Pair> = edges.map(pair).collect();
        pairs.sort_unstable_by(|a, b| b.probability.total_cmp(&a.probability).then((a.a, a.b).cmp(&(b.a, b.b))));
        pairs
    };
    let joined = ordered(&mut clusters.groups.iter().flat_map(|group| &group.joined));
    Outcome { clusters: groups, joined, review: ordered(&mut clusters.review.iter()), ..Outcome::default() }
}
