//! One tree grown on binned features.

use super::features::Features;
use super::trees::{Node, TreeOptions};
use crate::parallel;

/// Bin of what is missing.
pub(super) const MISSING: u8 = u8::MAX;
/// Most bins of a feature, [`MISSING`] apart.
const MAX_BINS: usize = 254;

/// Features as small numbers, column by column.
pub(super) struct Binned {
    columns: Vec<Vec<u8>>,
    /// A value at or below `edges[bin]`, and above the one before, is in `bin`.
    edges: Vec<Vec<f64>>,
    /// Where a feature's cells of a histogram begin; its last is for what is missing.
    offsets: Vec<usize>,
}

impl Binned {
    pub(super) fn new(features: &Features, rows: &[usize], n_threads: usize) -> Self {
        let columns: Vec<(Vec<u8>, Vec<f64>)> = parallel::map(
            features.n_columns,
            1,
            n_threads,
            || (),
            |(), range| {
                let values: Vec<f64> = rows.iter().map(|row| features.row(*row)[range.start]).collect();
                let edges = edges(&values);
                let bin = |value: &f64| {
                    if value.is_nan() { MISSING } else { edges.partition_point(|edge| edge < value) as u8 }
                };
                (values.iter().map(bin).collect(), edges)
            },
        );
        let mut offsets = vec![0];
        for (_, edges) in &columns {
            offsets.push(offsets[offsets.len() - 1] + edges.len() + 2);
        }
        let (columns, edges) = columns.into_iter().unzip();
        Self { columns, edges, offsets }
    }
}

/// Cuts between distinct values, or between as many of about equal weight as there may be.
fn edges(values: &[f64]) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let runs: Vec<&[f64]> = sorted.chunk_by(|a, b| a == b).collect();
    let share = if runs.len() > MAX_BINS { sorted.len() as f64 / (MAX_BINS - 1) as f64 } else { 0.0 };
    let mut edges = Vec::new();
    let (mut n, mut next) = (0, share);
    for pair in runs.windows(2) {
        n += pair[0].len();
        if n as f64 >= next && edges.len() + 1 < MAX_BINS {
            let middle = pair[0][0] + (pair[1][0] - pair[0][0]) / 2.0;
            edges.push(if middle < pair[1][0] { middle } else { pair[0][0] });
            next = n as f64 + share;
        }
    }
    edges
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Cell {
    gradient: f64,
    hessian: f64,
    n: f64,
}

impl Cell {
    fn add(&mut self, other: Self) {
        self.gradient += other.gradient;
        self.hessian += other.hessian;
        self.n += other.n;
    }

    fn without(self, other: Self) -> Self {
        Self { gradient: self.gradient - other.gradient, hessian: self.hessian - other.hessian, n: self.n - other.n }
    }

    fn score(self, l2: f64) -> f64 {
        self.gradient * self.gradient / (self.hessian + l2)
    }
}

#[derive(Clone, Copy, Debug)]
struct Split {
    gain: f64,
    feature: usize,
    bin: u8,
    is_missing_left: bool,
}

/// A leaf that may still be divided.
struct Leaf {
    node: usize,
    depth: usize,
    rows: std::ops::Range<usize>,
    cells: Vec<Cell>,
    split: Option<Split>,
}

/// What a tree is grown on.
pub(super) struct Ground<'a> {
    pub(super) binned: &'a Binned,
    /// Gradient and hessian of each row.
    pub(super) slopes: &'a [(f64, f64)],
    /// Features that may be asked.
    pub(super) features: &'a [usize],
    pub(super) options: &'a TreeOptions,
}

/// Rows times features below which threads cost more than they bring.
const WORTH_THREADS: usize = 400_000;

impl Ground<'_> {
    fn cells(&self, rows: &[u32]) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); self.binned.offsets[self.binned.columns.len()]];
        let fill = |feature: usize, cells: &mut [Cell]| {
            let column = &self.binned.columns[feature];
            let last = cells.len() - 1;
            for row in rows {
                let (gradient, hessian) = self.slopes[*row as usize];
                let bin = usize::from(column[*row as usize]);
                cells[bin.min(last)].add(Cell { gradient, hessian, n: 1.0 });
            }
        };
        let range = |feature: usize| self.binned.offsets[feature]..self.binned.offsets[feature + 1];
        if rows.len() * self.features.len() < WORTH_THREADS || self.options.n_threads < 2 {
            self.features.iter().for_each(|feature| fill(*feature, &mut cells[range(*feature)]));
        } else {
            let filled = parallel::map(
                self.features.len(),
                1,
                self.options.n_threads,
                || (),
                |(), at| {
                    let feature = self.features[at.start];
                    let mut cells = vec![Cell::default(); range(feature).len()];
                    fill(feature, &mut cells);
                    cells
                },
            );
            for (feature, filled) in self.features.iter().zip(filled) {
                cells[range(*feature)].copy_from_slice(&filled);
            }
        }
        cells
    }

    /// The best split of a leaf; the first of equal ones.
    fn split(&self, cells: &[Cell], total: Cell) -> Option<Split> {
        let options = self.options;
        let parent = total.score(options.l2);
        let is_large = |side: Cell| side.n >= options.min_rows as f64 && side.hessian >= options.min_hessian;
        let mut best: Option<Split> = None;
        for &feature in self.features {
            let cells = &cells[self.binned.offsets[feature]..self.binned.offsets[feature + 1]];
            let (missing, present) = cells.split_last().map_or((Cell::default(), cells), |(last, rest)| (*last, rest));
            let mut below = Cell::default();
            for (bin, cell) in present.iter().enumerate() {
                below.add(*cell);
                if cell.n == 0.0 {
                    continue;
                }
                for is_missing_left in [false, true] {
                    if is_missing_left && missing.n == 0.0 {
                        break;
                    }
                    let mut left = below;
                    if is_missing_left {
                        left.add(missing);
                    }
                    let right = total.without(left);
                    if !is_large(left) || !is_large(right) {
                        continue;
                    }
                    let gain = left.score(options.l2) + right.score(options.l2) - parent;
                    if gain > best.map_or(1e-9, |best| best.gain) {
                        best = Some(Split { gain, feature, bin: bin as u8, is_missing_left });
                    }
                }
            }
        }
        best
    }

    fn leaf(
        &self,
        nodes: &mut [Node],
        node: usize,
        depth: usize,
        rows: std::ops::Range<usize>,
        cells: Vec<Cell>,
    ) -> Leaf {
        // Every feature's cells hold all rows of the leaf.
        let range =
            self.features.first().map(|feature| self.binned.offsets[*feature]..self.binned.offsets[feature + 1]);
        let mut total = Cell::default();
        range.into_iter().flatten().for_each(|at| total.add(cells[at]));
        nodes[node].value = -self.options.rate * total.gradient / (total.hessian + self.options.l2);
        nodes[node].cover = total.n;
        let split = if depth < self.options.max_depth { self.split(&cells, total) } else { None };
        Leaf { node, depth, rows, cells, split }
    }

    /// Divides the leaf that gains most until there are enough.
    pub(super) fn grow(&self, mut rows: Vec<u32>) -> Vec<Node> {
        let mut nodes = vec![Node::leaf()];
        let all = 0..rows.len();
        let cells = self.cells(&rows);
        let mut leaves = vec![self.leaf(&mut nodes, 0, 0, all, cells)];
        while leaves.len() < self.options.n_leaves {
            let gain = |leaf: &Leaf| leaf.split.map_or(0.0, |split| split.gain);
            let best = (0..leaves.len()).max_by(|a, b| gain(&leaves[*a]).total_cmp(&gain(&leaves[*b])).then(b.cmp(a)));
            let Some((at, split)) = best.and_then(|at| leaves[at].split.map(|split| (at, split))) else { break };
            let leaf = leaves.swap_remove(at);
            let column = &self.binned.columns[split.feature];
            let goes_left = |row: &u32| match column[*row as usize] {
                MISSING => split.is_missing_left,
                bin => bin <= split.bin,
            };
            let own = &rows[leaf.rows.clone()];
            let (left, right): (Vec<u32>, Vec<u32>) = own.iter().copied().partition(goes_left);
            let middle = leaf.rows.start + left.len();
            rows[leaf.rows.start..middle].copy_from_slice(&left);
            rows[middle..leaf.rows.end].copy_from_slice(&right);
            // Only the smaller side is counted; the other is the rest.
            let is_left_smaller = left.len() <= right.len();
            let smaller = self.cells(if is_left_smaller { &left } else { &right });
            let larger = leaf.cells.iter().zip(&smaller).map(|(all, part)| all.without(*part)).collect();
            let (left_cells, right_cells) = if is_left_smaller { (smaller, larger) } else { (larger, smaller) };
            let children = nodes.len();
            nodes.extend([Node::leaf(), Node::leaf()]);
            let edges = &self.binned.edges[split.feature];
            let node = &mut nodes[leaf.node];
            node.feature = split.feature as u32;
            // Above the last edge only what is missing is parted from the rest.
            node.threshold = edges.get(usize::from(split.bin)).copied().unwrap_or(f64::INFINITY);
            node.is_missing_left = split.is_missing_left;
            node.left = children as u32;
            node.right = children as u32 + 1;
            leaves.push(self.leaf(&mut nodes, children, leaf.depth + 1, leaf.rows.start..middle, left_cells));
            leaves.push(self.leaf(&mut nodes, children + 1, leaf.depth + 1, middle..leaf.rows.end, right_cells));
        }
        nodes
    }
}
