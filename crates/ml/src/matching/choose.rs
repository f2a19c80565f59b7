//! Chooses blocking rules from the data: what they would find, and what they would cost.
//!
//! What a rule would find is measured on likely matches that other rules brought up: a match found through the phone says
//! whether name and birthday would have found it, too. Rules are taken one by one; a match that is found already counts
//! for less each time, so that several independent ways lead to most matches.

use super::fit::{Options, Ratios};
use super::keys::{Atom, Rule, pairs_of};
use super::model::{Model, Scorer, Weights};
use super::records::Records;
use crate::parallel;
use crate::random::{join, mix};

/// How the pilot is run.
pub(super) struct Pilot<'a> {
    pub(super) options: &'a Options,
}

/// Records on which costs are estimated.
const N_SAMPLE: usize = 60_000;
/// Pairs of one pilot rule that are looked at.
const N_PILOT: usize = 100_000;
/// Most rules.
const MAX_RULES: usize = 10;
/// Most atoms: a match's are kept as bits.
const MAX_ATOMS: usize = 64;
/// What a match still counts for each further time that it is found.
const AGAIN: f64 = 0.35;
/// What of that is left if it was found through the same field.
const AGAIN_THROUGH_IT: f64 = 0.4;

/// A rule that might be taken.
struct Candidate {
    atoms: Vec<usize>,
    fields: u32,
    n_pairs: f64,
    /// Share of records that have a key.
    filled: f64,
}

/// A likely match: atoms that agree, fields of the rule that brought it up.
struct Match {
    atoms: u64,
    source: u32,
}

/// The rules for some records.
pub(super) fn rules(model: &Model, records: &Records, pilot: &Pilot<'_>) -> Vec<Rule> {
    let options = pilot.options;
    if records.len() < 2 {
        return Vec::new();
    }
    let mut atoms = Atom::all(records);
    atoms.truncate(MAX_ATOMS);
    let budget = options.budget(records.len()) as f64;
    let candidates = candidates(records, &atoms, model.max_block, options.n_threads);
    let matches = pilot_matches(model, records, &atoms, &candidates, options);

    let mut left = budget;
    // The fields of the rules that find a match so far.
    let mut ways: Vec<Vec<u32>> = vec![Vec::new(); matches.len()];
    let mut taken: Vec<usize> = Vec::new();
    while taken.len() < MAX_RULES {
        let best = candidates
            .iter()
            .enumerate()
            .filter(|(_, candidate)| {
                // What a taken rule finds, a rule with more atoms finds no better.
                let is_found =
                    |taken: &usize| candidates[*taken].atoms.iter().all(|atom| candidate.atoms.contains(atom));
                candidate.n_pairs <= left && !taken.iter().any(is_found)
            })
            .map(|(at, candidate)| {
                let gain: f64 = matches
                    .iter()
                    .zip(&ways)
                    .filter(|(found, _)| candidate.may_count(found) && candidate.finds(found))
                    .map(|(_, ways)| candidate.worth(ways))
                    .sum();
                (at, gain)
            })
            .filter(|(_, gain)| *gain > 0.002 * matches.len() as f64)
            .map(|(at, gain)| (at, gain / (candidates[at].n_pairs + budget / 20.0)))
            // Of equals the first: candidates stand in a fixed order.
            .reduce(|best, other| if other.1 > best.1 { other } else { best });
        let Some((at, _)) = best else { break };
        let candidate = &candidates[at];
        left -= candidate.n_pairs;
        for (found, ways) in matches.iter().zip(&mut ways) {
            if candidate.finds(found) {
                ways.push(candidate.fields);
            }
        }
        taken.push(at);
    }
    if taken.is_empty() {
        // Nothing alike was seen; the most selective ways in stay open.
        let mut cheap: Vec<usize> = (0..candidates.len()).filter(|at| candidates[*at].n_pairs <= budget).collect();
        cheap.sort_by(|a, b| candidates[*b].filled.total_cmp(&candidates[*a].filled));
        taken.extend(cheap.into_iter().take(3));
    }
    let singles = |atom: usize| candidates.iter().find(|candidate| candidate.atoms == [atom]);
    taken
        .iter()
        .map(|at| {
            let candidate = &candidates[*at];
            let divide_by = (0..atoms.len())
                .filter(|atom| candidate.fields >> atoms[*atom].field & 1 == 0)
                .filter_map(|atom| {
                    singles(atom).filter(|single| single.filled >= 0.5).map(|single| (atom, single.n_pairs))
                })
                .min_by(|a, b| a.1.total_cmp(&b.1))
                .map(|(atom, _)| atoms[atom]);
            Rule { atoms: candidate.atoms.iter().map(|atom| atoms[*atom]).collect(), divide_by }
        })
        .collect()
}

impl Candidate {
    fn finds(&self, found: &Match) -> bool {
        self.atoms.iter().all(|atom| found.atoms >> atom & 1 == 1)
    }

    /// What finding a match is worth that others find; less if they hang on the same field.
    fn worth(&self, ways: &[u32]) -> f64 {
        ways.iter().map(|fields| if fields & self.fields == 0 { AGAIN } else { AGAIN * AGAIN_THROUGH_IT }).product()
    }

    /// A match says nothing about the fields that it was found through.
    fn may_count(&self, found: &Match) -> bool {
        self.fields & found.source == 0
    }
}

/// Single atoms and pairs of atoms of two fields, with their costs.
fn candidates(records: &Records, atoms: &[Atom], max_block: usize, n_threads: usize) -> Vec<Candidate> {
    // The sample is that of the smallest hashes of keys: the same whatever the order.
    let mut rows: Vec<u32> = (0..records.len() as u32).collect();
    if rows.len() > N_SAMPLE {
        rows.select_nth_unstable_by_key(N_SAMPLE, |row| mix(records.key(*row)));
        rows.truncate(N_SAMPLE);
    }
    let scale = pairs_of(records.len() as u64) as f64 / pairs_of(rows.len() as u64).max(1) as f64;
    // A block of the sample stands for a larger one.
    let max_block = (max_block as f64 * rows.len() as f64 / records.len() as f64).max(2.0);
    let columns: Vec<Vec<u64>> =
        parallel::map(atoms.len(), 1, n_threads, || (), |(), range| atoms[range.start].column(records, &rows));
    let mut wanted: Vec<Vec<usize>> = (0..atoms.len()).map(|atom| vec![atom]).collect();
    for a in 0..atoms.len() {
        for b in a + 1..atoms.len() {
            if atoms[a].field != atoms[b].field {
                wanted.push(vec![a, b]);
            }
        }
    }
    parallel::map(
        wanted.len(),
        4,
        n_threads,
        || (),
        |(), range| {
            range
                .map(|at| {
                    let mut keys: Vec<u64> = (0..rows.len())
                        .map(|row| Rule::key(wanted[at].iter().map(|atom| columns[*atom][row])))
                        .filter(|key| *key != 0)
                        .collect();
                    keys.sort_unstable();
                    let filled = keys.len() as f64 / rows.len() as f64;
                    let n_pairs: f64 = keys
                        .chunk_by(|a, b| a == b)
                        .map(|block| {
                            let n = block.len() as f64;
                            // Blocks that are too large are divided, at worst into parts of the largest size.
                            if n > max_block { n * max_block / 2.0 } else { n * (n - 1.0) / 2.0 }
                        })
                        .sum();
                    let fields = wanted[at].iter().fold(0, |fields, atom| fields | 1 << atoms[*atom].field);
                    Candidate { atoms: wanted[at].clone(), fields, n_pairs: n_pairs * scale, filled }
                })
                .collect::<Vec<_>>()
        },
    )
    .into_iter()
    .flatten()
    .collect()
}

/// Likely matches that the cheapest rules over different fields bring up.
fn pilot_matches(
    model: &Model,
    records: &Records,
    atoms: &[Atom],
    candidates: &[Candidate],
    options: &Options,
) -> Vec<Match> {
    const MAX_SOURCES: usize = 8;
    let budget = options.budget(records.len()) as f64;
    // A rule over a single field whose values hardly ever collide is a source of its own; otherwise two fields are.
    let mut order: Vec<usize> = (0..candidates.len())
        .filter(|at| candidates[*at].n_pairs <= budget && candidates[*at].filled >= 0.05)
        .collect();
    let value = |at: usize| candidates[at].filled / (candidates[at].n_pairs + 0.02 * budget);
    order.sort_by(|a, b| value(*b).total_cmp(&value(*a)).then(a.cmp(b)));
    let mut sources: Vec<usize> = Vec::new();
    for at in order {
        let fields = candidates[at].fields;
        // What a source finds, a source over more fields finds again.
        if sources.iter().all(|source| candidates[*source].fields & !fields != 0) {
            sources.push(at);
        }
        if sources.len() == MAX_SOURCES {
            break;
        }
    }
    let weights = Weights::of(model, records, options.n_threads);
    let ratios = Ratios::of(&model.fields, &model.learnt);
    let rows: Vec<u32> = (0..records.len() as u32).collect();
    let found = parallel::map(
        sources.len(),
        1,
        options.n_threads,
        || Scorer::new(model, records, &weights),
        |scorer, range| {
            let source = &candidates[sources[range.start]];
            let rule = Rule { atoms: source.atoms.iter().map(|atom| atoms[*atom]).collect(), divide_by: None };
            let keys = rule.keys(records, &rows);
            let mut sorted: Vec<(u64, u32)> =
                keys.into_iter().zip(rows.iter().copied()).filter(|(key, _)| *key != 0).collect();
            sorted.sort_unstable();
            let below = ((N_PILOT as f64 / source.n_pairs.max(1.0)).min(1.0) * u64::MAX as f64) as u64;
            let mut matches = Vec::new();
            for block in sorted.chunk_by(|a, b| a.0 == b.0).filter(|block| (2..=50).contains(&block.len())) {
                for (i, (_, a)) in block.iter().enumerate() {
                    for (_, b) in &block[i + 1..] {
                        let (low, high) = (records.key(*a).min(records.key(*b)), records.key(*a).max(records.key(*b)));
                        if below < u64::MAX && join(join(low, high), options.seed) > below {
                            continue;
                        }
                        if ratios.posterior(scorer.pattern(*a, *b), model.prior, model.relatives).0 < 0.9 {
                            continue;
                        }
                        let cells = (records.cells(*a), records.cells(*b));
                        let agree = atoms.iter().enumerate().filter(|(_, atom)| {
                            let of = |cells: &[u32]| atom.of(records, cells[atom.field]);
                            cells.0[atom.field] != 0 && of(cells.0) != 0 && of(cells.0) == of(cells.1)
                        });
                        let bits = agree.fold(0_u64, |bits, (at, _)| bits | 1 << at);
                        matches.push((low, high, Match { atoms: bits, source: source.fields }));
                    }
                }
            }
            matches.sort_unstable_by_key(|(low, high, _)| (*low, *high));
            matches
        },
    );
    found.into_iter().flatten().map(|(_, _, found)| found).collect()
}
