//! How many groups there are.

use super::kmeans::{Clustering, Options, best, runs};
use super::points::{Distinct, Points, Problem, squared_distance};
use crate::parallel;
use crate::random::Random;

/// Which numbers of groups are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Fewest groups; two tell little more than one threshold does.
    pub min_groups: usize,
    /// Most groups.
    pub max_groups: usize,
    /// Least share of customers in a group.
    pub min_share: f64,
    /// Least agreement of restarts with the best one, as mean adjusted Rand index.
    pub min_stability: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_groups: 3, max_groups: 8, min_share: 0.05, min_stability: 0.9 }
    }
}

/// One number of groups with its grades.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Candidate {
    /// Number of groups.
    pub k: usize,
    /// Sum of squared distances to the own centre.
    pub inertia: f64,
    /// Mean silhouette of a sample, from -1 to 1.
    pub silhouette: f64,
    /// Mean adjusted Rand index of the other starts with the best, 1 when all agree.
    pub stability: f64,
    /// Share of the smallest group.
    pub smallest_share: f64,
    /// Ratio of variance between groups to that within (Calinski and Harabasz).
    pub variance_ratio: f64,
    /// Whether it is within the limits.
    pub is_acceptable: bool,
}

/// The number of groups chosen and why.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// All that were tried, by number of groups.
    pub candidates: Vec<Candidate>,
    /// The groups.
    pub clustering: Clustering,
    /// Its position among the candidates.
    pub best: usize,
}

/// Tries each number of groups and takes the one of the highest silhouette among those that are stable and whose smallest
/// group is large enough; when none is, the most stable, which `is_acceptable` then shows.
///
/// **Errors**: [`Problem`].
pub fn choose(points: &Points, limits: &Limits, options: &Options) -> Result<Choice, Problem> {
    let distinct = Distinct::of(points)?;
    let total: f64 = distinct.weights.iter().sum();
    let sample = sample(&distinct, options.seed);
    let inertia_of_one = inertia_of_one(&distinct, total);
    let mut tried = Vec::new();
    for k in limits.min_groups.max(1)..=limits.max_groups.min(distinct.len()) {
        let all = runs(&distinct, k, options)?;
        let winner = best(all.clone());
        let others: Vec<f64> =
            all.iter().map(|run| rand_index(&winner.labels, &run.labels, Some(&distinct.weights))).collect();
        // The winner agrees with itself.
        let stability =
            if others.len() > 1 { (others.iter().sum::<f64>() - 1.0) / (others.len() - 1) as f64 } else { 1.0 };
        let smallest_share = winner.sizes.iter().fold(f64::INFINITY, |least, size| least.min(size / total));
        let within = winner.inertia / (total - k as f64).max(1.0);
        let between = (inertia_of_one - winner.inertia) / (k as f64 - 1.0).max(1.0);
        let candidate = Candidate {
            k,
            inertia: winner.inertia,
            silhouette: sample_silhouette(&distinct, &sample, &winner.labels, k, options.n_threads),
            stability,
            smallest_share,
            variance_ratio: if within > 0.0 { between / within } else { f64::INFINITY },
            is_acceptable: smallest_share >= limits.min_share && stability >= limits.min_stability,
        };
        tried.push((candidate, winner));
    }
    let rank = |candidate: &Candidate| {
        (candidate.is_acceptable, if candidate.is_acceptable { candidate.silhouette } else { candidate.stability })
    };
    let best = (0..tried.len())
        .max_by(|a, b| {
            let (a_rank, b_rank) = (rank(&tried[*a].0), rank(&tried[*b].0));
            a_rank.0.cmp(&b_rank.0).then(a_rank.1.total_cmp(&b_rank.1)).then(b.cmp(a))
        })
        .ok_or(Problem::TooFewRows)?;
    let candidates = tried.iter().map(|(candidate, _)| *candidate).collect();
    let clustering = tried.swap_remove(best).1.expand(&distinct);
    Ok(Choice { candidates, clustering, best })
}

fn inertia_of_one(distinct: &Distinct, total: f64) -> f64 {
    let mut mean = vec![0.0; distinct.n_columns];
    for (row, weight) in distinct.weights.iter().enumerate() {
        mean.iter_mut().zip(distinct.row(row)).for_each(|(mean, x)| *mean += weight * x / total);
    }
    distinct.weights.iter().enumerate().map(|(row, weight)| weight * squared_distance(distinct.row(row), &mean)).sum()
}

/// Customers of a sample.
const SAMPLE: usize = 4_000;

/// Distinct rows with how many of the sample they are: every n-th customer in the order of rows, from a seeded place on.
fn sample(distinct: &Distinct, seed: u64) -> Vec<(u32, f64)> {
    let total: f64 = distinct.weights.iter().sum();
    if total <= SAMPLE as f64 {
        return distinct.weights.iter().enumerate().map(|(row, weight)| (row as u32, *weight)).collect();
    }
    let stride = total / SAMPLE as f64;
    let mut next = Random::new(seed).uniform() * stride;
    let mut sum = 0.0;
    let mut rows = Vec::new();
    for (row, weight) in distinct.weights.iter().enumerate() {
        sum += weight;
        let mut n = 0.0;
        while next < sum {
            n += 1.0;
            next += stride;
        }
        if n > 0.0 {
            rows.push((row as u32, n));
        }
    }
    rows
}

/// Mean silhouette of groups, on a sample of 4,000 customers; 0 for fewer than two groups.
///
/// **Shape**: a label below `k` for each row, and no more groups than rows.
/// **Errors**: [`Problem`].
/// **Source**: Rousseeuw 1987.
pub fn silhouette(points: &Points, labels: &[u32], k: usize, seed: u64, n_threads: usize) -> Result<f64, Problem> {
    if labels.len() != points.n_rows() || k > labels.len() || labels.iter().any(|label| *label as usize >= k) {
        return Err(Problem::Shape);
    }
    let distinct = Distinct::of(points)?;
    let mut by_row = vec![0; distinct.len()];
    distinct.of.iter().zip(labels).for_each(|(row, label)| by_row[*row as usize] = *label);
    Ok(sample_silhouette(&distinct, &sample(&distinct, seed), &by_row, k, n_threads))
}

fn sample_silhouette(distinct: &Distinct, sample: &[(u32, f64)], labels: &[u32], k: usize, n_threads: usize) -> f64 {
    let mut sizes = vec![0.0; k];
    sample.iter().for_each(|(row, n)| sizes[labels[*row as usize] as usize] += n);
    let total: f64 = sizes.iter().sum();
    let ranges = parallel::map(
        sample.len(),
        64,
        n_threads,
        || vec![0.0; k],
        |sums, range| {
            let mut sum = 0.0;
            for (row, n) in &sample[range] {
                sums.fill(0.0);
                let point = distinct.row(*row as usize);
                for (other, n_other) in sample {
                    let distance = squared_distance(point, distinct.row(*other as usize)).sqrt();
                    sums[labels[*other as usize] as usize] += n_other * distance;
                }
                let own = labels[*row as usize] as usize;
                // One alone in its group has 0.
                if sizes[own] <= 1.0 {
                    continue;
                }
                let inside = sums[own] / (sizes[own] - 1.0);
                let outside = (0..k)
                    .filter(|group| *group != own && sizes[*group] > 0.0)
                    .map(|group| sums[group] / sizes[group])
                    .fold(f64::INFINITY, f64::min);
                let widest = inside.max(outside);
                if outside.is_finite() && widest > 0.0 {
                    sum += n * (outside - inside) / widest;
                }
            }
            sum
        },
    );
    if total > 0.0 { ranges.into_iter().sum::<f64>() / total } else { 0.0 }
}

/// Agreement of two groupings of the same rows beyond chance: 1 when they are the same, about 0 when unrelated. `None` when
/// the slices differ in length.
///
/// **Source**: Hubert and Arabie 1985.
pub fn adjusted_rand(a: &[u32], b: &[u32]) -> Option<f64> {
    (a.len() == b.len()).then(|| rand_index(a, b, None))
}

fn rand_index(a: &[u32], b: &[u32], weights: Option<&[f64]>) -> f64 {
    let mut cells: std::collections::BTreeMap<(u32, u32), f64> = std::collections::BTreeMap::new();
    for (at, pair) in a.iter().copied().zip(b.iter().copied()).enumerate() {
        *cells.entry(pair).or_default() += weights.map_or(1.0, |weights| weights[at]);
    }
    let pairs = |n: f64| n * (n - 1.0) / 2.0;
    let margin = |of: fn(&(u32, u32)) -> u32| {
        let mut sums: std::collections::BTreeMap<u32, f64> = std::collections::BTreeMap::new();
        cells.iter().for_each(|(pair, n)| *sums.entry(of(pair)).or_default() += n);
        sums.into_values().map(pairs).sum::<f64>()
    };
    let (left, right) = (margin(|pair| pair.0), margin(|pair| pair.1));
    let together: f64 = cells.values().copied().map(pairs).sum();
    let all = pairs(cells.values().sum());
    let expected = if all > 0.0 { left * right / all } else { 0.0 };
    let most = (left + right) / 2.0;
    if (most - expected).abs() < 1e-12 * most.max(1.0) { 1.0 } else { (together - expected) / (most - expected) }
}
