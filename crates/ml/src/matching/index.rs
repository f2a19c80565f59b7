//! Clusters kept up as records come and change, without comparing all again.
//!
//! A pair is an edge if and only if its records meet under the model's rules and are probable enough. Both depend on the
//! records at hand and on nothing else, so the index keeps exactly the edges that [`super::link`] would find; a block that
//! grows beyond its size takes away the edges that hung on it alone, one that shrinks gives them back. Clusters are
//! computed again in the components that an edge came to or left.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::FixedState;

use super::cluster::{self, Group};
use super::link::{self, Edge, Outcome, Veto};
use super::model::{Model, Scorer, Weights};
use super::records::{Problem, Records};

type Map<K, V> = HashMap<K, V, FixedState>;

/// A fitted model, records, and which of them are one person's.
pub struct Index {
    model: Model,
    records: Records,
    weights: Weights,
    /// Rows by key, by rule: blocks, and the parts that large ones are divided into.
    blocks: Vec<[Map<u64, Vec<u32>>; 2]>,
    /// Keys of a row in both, by rule.
    keys: Vec<Vec<[u64; 2]>>,
    /// Edges from both ends.
    edges: Map<u32, BTreeMap<u32, f64>>,
    group_of: Map<u32, u64>,
    groups: Map<u64, Group>,
    next_group: u64,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Index").field("records", &self.records).finish_non_exhaustive()
    }
}

impl Index {
    /// An index of no records.
    ///
    /// # Errors
    /// [`Problem::Fields`], which a fitted model does not have.
    pub fn new(model: Model) -> Result<Self, Problem> {
        let records = Records::new(&model.fields)?;
        let weights = Weights::of(&model, &records, 1);
        let blocks = model.rules.iter().map(|_| [Map::default(), Map::default()]).collect();
        Ok(Self {
            model,
            records,
            weights,
            blocks,
            keys: Vec::new(),
            edges: Map::default(),
            group_of: Map::default(),
            groups: Map::default(),
            next_group: 0,
        })
    }

    /// An index of some records, all compared at once.
    ///
    /// # Errors
    /// [`Problem::Fields`] when the records are not those that the model was fitted to.
    pub fn build(model: Model, records: Records, veto: &impl Veto, n_threads: usize) -> Result<Self, Problem> {
        if model.fields != records.fields() {
            return Err(Problem::Fields(records.fields().len()));
        }
        let weights = Weights::of(&model, &records, n_threads);
        let edges = link::find(&model, &records, &weights, n_threads).edges;
        let mut index = Self { records, weights, ..Self::new(model)? };
        let mut sizes = BTreeMap::new();
        for row in 0..index.records.len() as u32 {
            index.enter(row, &mut sizes);
        }
        let dirty = edges.iter().flat_map(|edge| [edge.a, edge.b]).collect();
        index.connect(edges);
        index.cluster_again(dirty, veto);
        Ok(index)
    }

    fn connect(&mut self, edges: Vec<Edge>) {
        for Edge { a, b, probability } in edges {
            self.edges.entry(a).or_default().insert(b, probability);
            self.edges.entry(b).or_default().insert(a, probability);
        }
    }

    /// Puts records in, or other values in the place of theirs. Gives the keys whose clusters may have changed.
    ///
    /// A record that went is put with empty values: it meets nobody.
    ///
    /// # Errors
    /// [`Problem::Shape`], [`Problem::Size`]; nothing is changed then.
    pub fn put<S: AsRef<str> + Sync>(
        &mut self,
        records: &[(u64, Vec<S>)],
        veto: &impl Veto,
    ) -> Result<Vec<u64>, Problem> {
        if records.iter().any(|(_, values)| values.len() != self.model.fields.len()) {
            return Err(Problem::Shape);
        }
        if self.records.len() + records.len() >= u32::MAX as usize {
            return Err(Problem::Size);
        }
        // Blocks that rows leave or enter, with their sizes before.
        let mut sizes: BTreeMap<(usize, usize, u64), usize> = BTreeMap::new();
        let mut changed = BTreeSet::new();
        for (key, values) in records {
            if let Some(row) = self.records.row_of(*key) {
                self.leave(row, &mut sizes);
            }
            let row = self.records.put(*key, values)?;
            self.enter(row, &mut sizes);
            changed.insert(row);
        }
        self.weights.grow(&self.model, &self.records);

        let mut dirty = changed.clone();
        for row in &changed {
            for other in self.edges.remove(row).unwrap_or_default().into_keys() {
                self.edges.get_mut(&other).map(|edges| edges.remove(row));
                dirty.insert(other);
            }
        }
        let mut found = Vec::new();
        {
            let mut scorer = Scorer::new(&self.model, &self.records, &self.weights);
            for row in &changed {
                for other in self.met_by(*row) {
                    // Of two changed rows the later one finds the pair.
                    if other < *row || !changed.contains(&other) {
                        found.extend(link::edge(&self.model, &self.records, &mut scorer, *row, other));
                    }
                }
            }
            for members in self.revived(&sizes) {
                for (i, a) in members.iter().enumerate() {
                    for b in &members[i + 1..] {
                        let is_known = self.edges.get(a).is_some_and(|edges| edges.contains_key(b));
                        if !is_known {
                            found.extend(link::edge(&self.model, &self.records, &mut scorer, *a, *b));
                        }
                    }
                }
            }
        }
        for (a, b) in self.lost(&sizes) {
            self.edges.get_mut(&a).map(|edges| edges.remove(&b));
            self.edges.get_mut(&b).map(|edges| edges.remove(&a));
            dirty.extend([a, b]);
        }
        dirty.extend(found.iter().flat_map(|edge| [edge.a, edge.b]));
        self.connect(found);
        let rows = self.cluster_again(dirty, veto);
        let mut keys: Vec<u64> = rows.into_iter().map(|row| self.records.key(row)).collect();
        keys.sort_unstable();
        Ok(keys)
    }

    /// The cluster of a record, itself among it, in the order of keys; `None` when there is no such record.
    pub fn cluster_of(&self, key: u64) -> Option<Vec<u64>> {
        let row = self.records.row_of(key)?;
        let rows = self.group_of.get(&row).map_or(std::slice::from_ref(&row), |group| &self.groups[group].rows);
        let mut keys: Vec<u64> = rows.iter().map(|row| self.records.key(*row)).collect();
        keys.sort_unstable();
        Some(keys)
    }

    /// Clusters and pairs for review, as [`super::link`] would give them; what is compared and left out is not counted.
    pub fn outcome(&self, veto: &impl Veto) -> Outcome {
        let is_open = |a: u32, b: u32| {
            let same = self.group_of.get(&a).is_some_and(|group| self.group_of.get(&b) == Some(group));
            !same && !veto(self.records.key(a), self.records.key(b))
        };
        let edges = self.edges_of(self.edges.keys().copied());
        let review = edges.into_iter().filter(|edge| is_open(edge.a, edge.b)).collect();
        link::outcome(&self.records, &cluster::Clusters { groups: self.groups.values().cloned().collect(), review })
    }

    /// As [`Index::outcome`], with clusters made anew: vetoes may be others than when records were put.
    pub fn settled(&self, veto: &impl Veto) -> Outcome {
        let mut scorer = Scorer::new(&self.model, &self.records, &self.weights);
        let edges = self.edges_of(self.edges.keys().copied());
        let clusters = cluster::cluster(&self.model, &self.records, &mut scorer, edges, veto);
        link::outcome(&self.records, &clusters)
    }

    /// The records, without what was found among them.
    pub fn into_records(self) -> Records {
        self.records
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The records.
    pub fn records(&self) -> &Records {
        &self.records
    }

    fn leave(&mut self, row: u32, sizes: &mut BTreeMap<(usize, usize, u64), usize>) {
        for (rule, keys) in self.keys[row as usize].drain(..).enumerate() {
            for (depth, key) in keys.into_iter().enumerate().filter(|(_, key)| *key != 0) {
                let block = self.blocks[rule][depth].entry(key).or_default();
                sizes.entry((rule, depth, key)).or_insert(block.len());
                block.retain(|other| *other != row);
            }
        }
    }

    fn enter(&mut self, row: u32, sizes: &mut BTreeMap<(usize, usize, u64), usize>) {
        self.keys.resize(self.records.len(), Vec::new());
        for (at, rule) in self.model.rules.iter().enumerate() {
            let key = rule.key_of(&self.records, row);
            let divided = if key == 0 { 0 } else { rule.divided_key_of(&self.records, row, key) };
            for (depth, key) in [key, divided].into_iter().enumerate().filter(|(_, key)| *key != 0) {
                let block = self.blocks[at][depth].entry(key).or_default();
                sizes.entry((at, depth, key)).or_insert(block.len());
                block.push(row);
            }
            self.keys[row as usize].push([key, divided]);
        }
    }

    fn block(&self, rule: usize, depth: usize, key: u64) -> &[u32] {
        self.blocks[rule][depth].get(&key).map_or(&[], Vec::as_slice)
    }

    fn is_small(&self, rule: usize, depth: usize, key: u64) -> bool {
        key != 0 && self.block(rule, depth, key).len() <= self.model.max_block
    }

    /// The rows that a row meets.
    fn met_by(&self, row: u32) -> BTreeSet<u32> {
        let mut met = BTreeSet::new();
        for (rule, [key, divided]) in self.keys[row as usize].iter().enumerate() {
            if self.is_small(rule, 0, *key) {
                met.extend(self.block(rule, 0, *key));
            } else if self.is_small(rule, 1, *divided) {
                met.extend(self.block(rule, 1, *divided));
            }
        }
        met.remove(&row);
        met
    }

    fn meet(&self, a: u32, b: u32) -> bool {
        let both = self.keys[a as usize].iter().zip(&self.keys[b as usize]);
        both.enumerate().any(|(rule, (a, b))| {
            let is_met = |depth: usize| a[depth] == b[depth] && self.is_small(rule, depth, a[depth]);
            is_met(0) || is_met(1)
        })
    }

    /// Members of blocks that were too large and are not any more.
    fn revived(&self, sizes: &BTreeMap<(usize, usize, u64), usize>) -> Vec<&[u32]> {
        sizes
            .iter()
            .filter(|((rule, depth, key), before)| {
                **before > self.model.max_block && self.is_small(*rule, *depth, *key)
            })
            .map(|((rule, depth, key), _)| self.block(*rule, *depth, *key))
            .collect()
    }

    /// Edges within blocks that grew too large, whose records meet nowhere else.
    fn lost(&self, sizes: &BTreeMap<(usize, usize, u64), usize>) -> Vec<(u32, u32)> {
        let mut lost = Vec::new();
        for ((rule, depth, key), before) in sizes {
            if *before > self.model.max_block || self.is_small(*rule, *depth, *key) {
                continue;
            }
            for a in self.block(*rule, *depth, *key) {
                let others = self.edges.get(a).into_iter().flat_map(BTreeMap::keys);
                lost.extend(others.filter(|b| *a < **b && !self.meet(*a, **b)).map(|b| (*a, *b)));
            }
        }
        lost
    }

    /// The edges of some rows, each once, its record of the lower key first.
    fn edges_of(&self, rows: impl Iterator<Item = u32>) -> Vec<Edge> {
        let mut edges = Vec::new();
        for a in rows {
            for (b, probability) in self.edges.get(&a).into_iter().flatten() {
                if self.records.key(a) < self.records.key(*b) {
                    edges.push(Edge { a, b: *b, probability: *probability });
                }
            }
        }
        edges
    }

    /// Clusters the components of some rows again; gives all rows of them.
    fn cluster_again(&mut self, dirty: BTreeSet<u32>, veto: &impl Veto) -> BTreeSet<u32> {
        let mut rows = BTreeSet::new();
        let mut open: Vec<u32> = dirty.into_iter().collect();
        while let Some(row) = open.pop() {
            if rows.insert(row) {
                open.extend(self.edges.get(&row).into_iter().flat_map(BTreeMap::keys));
            }
        }
        let edges = self.edges_of(rows.iter().copied());
        let mut scorer = Scorer::new(&self.model, &self.records, &self.weights);
        let clusters = cluster::cluster(&self.model, &self.records, &mut scorer, edges, veto);
        for row in &rows {
            if let Some(group) = self.group_of.remove(row) {
                self.groups.remove(&group);
            }
        }
        for group in clusters.groups {
            for row in &group.rows {
                self.group_of.insert(*row, self.next_group);
            }
            self.groups.insert(self.next_group, group);
            self.next_group += 1;
        }
        rows
    }
}
