//! Precision, recall and F1 of clusters against the truth.

use std::collections::HashMap;

use zhike_ml::matching::{Model, Outcome, Records};

/// Scores of one outcome.
pub struct Scores {
    precision: f64,
    recall: f64,
    /// Of clusters of at least two records that are exactly a person's.
    cluster_precision: f64,
    cluster_recall: f64,
    largest: usize,
    n_review: usize,
    /// Share of true pairs among those for a person.
    review_precision: f64,
    /// Recall if a person said yes to every true pair for review.
    reviewed_recall: f64,
}

/// Scores an outcome whose keys are positions in `truth`.
pub fn scores(truth: &[u32], outcome: &Outcome) -> Scores {
    let by_person = by_person(truth);
    let pairs = |n: usize| (n * n.saturating_sub(1) / 2) as f64;
    let n_true: f64 = by_person.values().map(|records| pairs(records.len())).sum();
    let n_groups = by_person.values().filter(|records| records.len() >= 2).count();
    let (mut n_right, mut n_found, mut n_exact, mut largest) = (0.0, 0.0, 0, 0);
    for cluster in &outcome.clusters {
        let mut persons: HashMap<u32, usize> = HashMap::new();
        for key in cluster {
            *persons.entry(truth[*key as usize]).or_default() += 1;
        }
        n_found += pairs(cluster.len());
        n_right += persons.values().map(|n| pairs(*n)).sum::<f64>();
        let is_exact = persons.len() == 1 && by_person[&truth[cluster[0] as usize]].len() == cluster.len();
        n_exact += usize::from(is_exact);
        largest = largest.max(cluster.len());
    }
    let is_right = |a: u64, b: u64| truth[a as usize] == truth[b as usize];
    let n_right_review = outcome.review.iter().filter(|pair| is_right(pair.a, pair.b)).count() as f64;
    Scores {
        precision: n_right / f64::max(n_found, 1.0),
        recall: n_right / n_true.max(1.0),
        cluster_precision: n_exact as f64 / outcome.clusters.len().max(1) as f64,
        cluster_recall: n_exact as f64 / n_groups.max(1) as f64,
        largest,
        n_review: outcome.review.len(),
        review_precision: n_right_review / outcome.review.len().max(1) as f64,
        reviewed_recall: ((n_right + n_right_review) / n_true.max(1.0)).min(1.0),
    }
}

fn f1(precision: f64, recall: f64) -> f64 {
    2.0 * precision * recall / (precision + recall).max(1e-12)
}

/// Records of each person.
pub fn by_person(truth: &[u32]) -> HashMap<u32, Vec<u64>> {
    let mut by_person: HashMap<u32, Vec<u64>> = HashMap::new();
    for (key, person) in truth.iter().enumerate() {
        by_person.entry(*person).or_default().push(key as u64);
    }
    by_person
}

/// Share of true pairs among pairs of a probability, in clusters and for review.
pub fn calibration(truth: &[u32], model: &Model, records: &Records, outcome: &Outcome) -> String {
    const BOUNDS: [f64; 7] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99];
    let mut bins = [(0_usize, 0_usize, 0.0); BOUNDS.len()];
    let mut count = |a: u64, b: u64, probability: f64| {
        if let Some(at) = BOUNDS.iter().rposition(|bound| probability >= *bound) {
            bins[at].0 += 1;
            bins[at].1 += usize::from(truth[a as usize] == truth[b as usize]);
            bins[at].2 += probability;
        }
    };
    outcome.review.iter().for_each(|pair| count(pair.a, pair.b, pair.probability));
    for cluster in outcome.clusters.iter().take(20_000) {
        for (i, a) in cluster.iter().enumerate() {
            for b in &cluster[i + 1..] {
                count(*a, *b, model.explain(records, *a, *b).map_or(0.0, |why| why.probability));
            }
        }
    }
    let said = |(n, right, sum): &(usize, usize, f64)| {
        format!("{:.3} said, {:.3} true of {n}", sum / *n as f64, *right as f64 / *n as f64)
    };
    let bins: Vec<String> = bins.iter().filter(|bin| bin.0 > 0).map(said).collect();
    format!("    calibration: {}", bins.join("; "))
}

impl Scores {
    /// What is left for a person.
    pub fn review(&self) -> String {
        let Self { n_review, review_precision, reviewed_recall, .. } = self;
        format!(
            "{n_review} pairs for review, {review_precision:.2} of them true, recall with these {reviewed_recall:.4}"
        )
    }
}

impl std::fmt::Display for Scores {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let pairs = f1(self.precision, self.recall);
        let clusters = f1(self.cluster_precision, self.cluster_recall);
        write!(f, "{:.4} | {:.4} | {pairs:.4} | {clusters:.4} | {}", self.precision, self.recall, self.largest)
    }
}
