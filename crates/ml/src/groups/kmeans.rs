//! k-means over distinct rows with weights.

use super::points::{Distinct, Points, Problem, squared_distance};
use crate::parallel;
use crate::random::{Random, join};

/// How groups are sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// From how many starts; the best is kept.
    pub n_starts: usize,
    /// Most rounds of a start.
    pub max_rounds: usize,
    /// Of the starts.
    pub seed: u64,
    /// Never changes the answer.
    pub n_threads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { n_starts: 10, max_rounds: 300, seed: 1, n_threads: 1 }
    }
}

/// Groups found, largest first.
#[derive(Clone, Debug, PartialEq)]
pub struct Clustering {
    /// `k × n_columns`, row by row.
    pub centres: Vec<f64>,
    /// The group of each row.
    pub labels: Vec<u32>,
    /// Weight of each group.
    pub sizes: Vec<f64>,
    /// Sum of squared distances to the own centre.
    pub inertia: f64,
}

/// Finds `k` groups.
///
/// k-means++ with several trials a centre, then Lloyd's rounds with Hamerly's bounds until nothing moves. Starts run side by
/// side; each is a sum in one fixed order.
///
/// **Errors**: [`Problem`].
/// **Source**: Arthur and Vassilvitskii 2007; Hamerly 2010, "Making k-means even faster".
pub fn cluster(points: &Points, k: usize, options: &Options) -> Result<Clustering, Problem> {
    let distinct = Distinct::of(points)?;
    let runs = runs(&distinct, k, options)?;
    Ok(best(runs).expand(&distinct))
}

/// One start, brought to its end; labels are of distinct rows.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) centres: Vec<f64>,
    pub(super) labels: Vec<u32>,
    pub(super) sizes: Vec<f64>,
    pub(super) inertia: f64,
}

/// All starts.
pub(super) fn runs(distinct: &Distinct, k: usize, options: &Options) -> Result<Vec<Run>, Problem> {
    if k == 0 || distinct.len() < k || u32::try_from(k).is_err() {
        return Err(Problem::TooFewRows);
    }
    let start = |at: usize| {
        let mut random = Random::new(join(options.seed, (k as u64) << 32 | at as u64));
        let centres = seeds(distinct, k, &mut random);
        lloyd(distinct, centres, options.max_rounds)
    };
    Ok(parallel::map(options.n_starts.max(1), 1, options.n_threads, || (), |(), range| start(range.start)))
}

/// The run of the least inertia; the first of equal ones.
pub(super) fn best(runs: Vec<Run>) -> Run {
    let none = Run { centres: Vec::new(), labels: Vec::new(), sizes: Vec::new(), inertia: f64::INFINITY };
    runs.into_iter().fold(none, |best, run| if run.inertia < best.inertia { run } else { best })
}

impl Run {
    /// Labels for the rows given, groups by falling size.
    pub(super) fn expand(self, distinct: &Distinct) -> Clustering {
        let d = distinct.n_columns;
        let k = self.sizes.len();
        let centre = |at: usize| &self.centres[at * d..(at + 1) * d];
        let mut order: Vec<usize> = (0..k).collect();
        order.sort_by(|a, b| {
            let centres = centre(*a).iter().zip(centre(*b)).map(|(a, b)| a.total_cmp(b));
            self.sizes[*b]
                .total_cmp(&self.sizes[*a])
                .then_with(|| centres.fold(std::cmp::Ordering::Equal, |a, b| a.then(b)))
        });
        let mut place = vec![0_u32; k];
        order.iter().enumerate().for_each(|(at, old)| place[*old] = at as u32);
        Clustering {
            centres: order.iter().flat_map(|old| centre(*old).iter().copied()).collect(),
            labels: distinct.of.iter().map(|row| place[self.labels[*row as usize] as usize]).collect(),
            sizes: order.iter().map(|old| self.sizes[*old]).collect(),
            inertia: self.inertia,
        }
    }
}

/// k-means++: each centre is the best of a few drawn by squared distance to those before.
fn seeds(distinct: &Distinct, k: usize, random: &mut Random) -> Vec<f64> {
    let n = distinct.len();
    let n_trials = 2 + (k as f64).ln() as usize;
    let mut nearest = vec![f64::INFINITY; n];
    let mut centres: Vec<f64> = Vec::with_capacity(k * distinct.n_columns);
    let mut sums: Vec<f64> = Vec::with_capacity(n);
    for at in 0..k {
        sums.clear();
        let mut total = 0.0;
        for (row, nearest) in nearest.iter().enumerate() {
            total += if at == 0 { distinct.weights[row] } else { nearest * distinct.weights[row] };
            sums.push(total);
        }
        let mut chosen: Option<(f64, usize, Vec<f64>)> = None;
        for _ in 0..if at == 0 { 1 } else { n_trials } {
            let drawn = random.uniform() * total;
            let row = sums.partition_point(|sum| *sum <= drawn).min(n - 1);
            let point = distinct.row(row);
            let rows = distinct.values.chunks_exact(distinct.n_columns);
            let closer: Vec<f64> =
                nearest.iter().zip(rows).map(|(nearest, other)| nearest.min(squared_distance(other, point))).collect();
            let potential: f64 = closer.iter().zip(&distinct.weights).map(|(squared, weight)| squared * weight).sum();
            if chosen.as_ref().is_none_or(|(least, ..)| potential < *least) {
                chosen = Some((potential, row, closer));
            }
        }
        if let Some((_, row, closer)) = chosen {
            centres.extend_from_slice(distinct.row(row));
            nearest = closer;
        }
    }
    centres
}

fn lloyd(distinct: &Distinct, mut centres: Vec<f64>, max_rounds: usize) -> Run {
    let d = distinct.n_columns;
    let n = distinct.len();
    let k = centres.len() / d;
    let mut labels = vec![0_u32; n];
    // Distance to the own centre at most, to any other at least.
    let mut bounds = vec![(f64::INFINITY, 0.0_f64); n];
    let mut sums = Sums::none(k, d);
    let mut is_exact = false;
    for round in 0..max_rounds.max(1) {
        let apart = half_distance_to_others(&centres, d);
        let mut n_moved = 0;
        for row in 0..n {
            let point = distinct.row(row);
            let before = labels[row] as usize;
            let (own, others) = bounds[row];
            let safe = others.max(apart[before]);
            if own < safe {
                continue;
            }
            let own = squared_distance(point, &centres[before * d..(before + 1) * d]).sqrt();
            if own < safe {
                bounds[row].0 = own;
                continue;
            }
            let (label, own, others) = nearest_two(point, &centres);
            bounds[row] = (own, others);
            if label as usize != before {
                n_moved += 1;
                labels[row] = label;
                sums.add(before, -1, distinct.weights[row], point);
                sums.add(label as usize, 1, distinct.weights[row], point);
            }
        }
        // Sums follow those who move, and are taken anew at the end, since additions and subtractions drift apart.
        if n_moved == 0 && round > 0 {
            if is_exact {
                break;
            }
            is_exact = true;
        } else {
            is_exact = round == 0;
        }
        if is_exact {
            sums = Sums::none(k, d);
            (0..n).for_each(|row| sums.add(labels[row] as usize, 1, distinct.weights[row], distinct.row(row)));
        }
        let mut next = sums.values.clone();
        for (label, size) in sums.sizes.iter().enumerate() {
            let centre = &mut next[label * d..(label + 1) * d];
            if sums.n_rows[label] > 0 {
                centre.iter_mut().for_each(|sum| *sum /= size);
            } else {
                // An empty group starts again where a row is farthest from its centre.
                let far = (0..n).max_by(|a, b| {
                    let off = |row: usize| {
                        let own = labels[row] as usize;
                        squared_distance(distinct.row(row), &centres[own * d..(own + 1) * d])
                    };
                    off(*a).total_cmp(&off(*b)).then(b.cmp(a))
                });
                centre.copy_from_slice(distinct.row(far.unwrap_or(0)));
            }
        }
        let moves: Vec<f64> =
            next.chunks_exact(d).zip(centres.chunks_exact(d)).map(|(a, b)| squared_distance(a, b).sqrt()).collect();
        let (farthest, second) = two_largest(&moves);
        for ((own, others), label) in bounds.iter_mut().zip(&labels) {
            *own += moves[*label as usize];
            *others -= if *label as usize == farthest.0 { second } else { farthest.1 };
        }
        centres = next;
    }
    let inertia = labels
        .iter()
        .enumerate()
        .map(|(row, label)| {
            let centre = &centres[*label as usize * d..(*label as usize + 1) * d];
            distinct.weights[row] * squared_distance(distinct.row(row), centre)
        })
        .sum();
    Run { centres, labels, sizes: sums.sizes, inertia }
}

/// Weights and weighted sums of groups. Rows are counted apart, as weights need not cancel to nought.
struct Sums {
    n_rows: Vec<i64>,
    sizes: Vec<f64>,
    values: Vec<f64>,
}

impl Sums {
    fn none(k: usize, d: usize) -> Self {
        Self { n_rows: vec![0; k], sizes: vec![0.0; k], values: vec![0.0; k * d] }
    }

    /// Adds a row once, or takes it away with -1.
    fn add(&mut self, label: usize, times: i32, weight: f64, point: &[f64]) {
        let d = point.len();
        let weight = f64::from(times) * weight;
        self.n_rows[label] += i64::from(times);
        self.sizes[label] += weight;
        self.values[label * d..(label + 1) * d].iter_mut().zip(point).for_each(|(sum, x)| *sum += weight * x);
    }
}

/// Nearest centre, its distance, and that of the next.
fn nearest_two(point: &[f64], centres: &[f64]) -> (u32, f64, f64) {
    let (mut label, mut own, mut other) = (0, f64::INFINITY, f64::INFINITY);
    for (at, centre) in centres.chunks_exact(point.len()).enumerate() {
        let squared = squared_distance(point, centre);
        if squared < own {
            other = own;
            (label, own) = (at as u32, squared);
        } else if squared < other {
            other = squared;
        }
    }
    (label, own.sqrt(), other.sqrt())
}

fn half_distance_to_others(centres: &[f64], d: usize) -> Vec<f64> {
    let nearest = |(at, centre): (usize, &[f64])| {
        let others = centres.chunks_exact(d).enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, other)| squared_distance(centre, other)).fold(f64::INFINITY, f64::min).sqrt() / 2.0
    };
    centres.chunks_exact(d).enumerate().map(nearest).collect()
}

fn two_largest(moves: &[f64]) -> ((usize, f64), f64) {
    moves.iter().enumerate().fold(((0, 0.0), 0.0), |(largest, second), (at, value)| {
        if *value > largest.1 { ((at, *value), largest.1) } else { (largest, second.max(*value)) }
    })
}
