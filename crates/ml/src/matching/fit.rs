//! Fits a model to records without labels.
//!
//! 1. Pairs picked at random say how often strangers agree (`u`).
//! 2. Blocking rules are chosen for what they find and cost ([`super::choose`]).
//! 3. Under each rule EM separates one person's pairs, relatives' and strangers', and learns how often one person's
//!    records agree (`m`) in the fields that the rule does not fix. Each field's `m` is the mean over the rules that leave
//!    it free.
//! 4. The share of matches among all pairs (the prior) and how many relatives there are for each match follow from the sums
//!    of probabilities over the pairs that meet, so that these add up to what is expected; `u` is cleaned of the matches among the random pairs. Steps 3 and 4 repeat.
//!
//! EM sees patterns of levels and how often each occurs, some hundreds of rows, never pairs.
//!
//! **Source**: Fellegi, Sunter, "A theory for record linkage", JASA 64, 1969; Winkler, "Using the EM algorithm for weight
//! computation in the Fellegi-Sunter model of record linkage", 1988.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::choose::{self, Pilot};
use super::compare::{MAX_LEVELS, assumed, top};
use super::keys::{Blocks, Rule, pairs_of};
use super::model::{Commonness, Learnt, Model, Scorer, Thresholds, UNSAID, Weights};
use super::records::{Field, Kind, MISSING, Records};
use crate::parallel;
use crate::random::{Random, join};

/// How to fit.
#[derive(Clone, Debug)]
pub struct Options {
    /// Threads; no answer depends on it.
    pub n_threads: usize,
    /// Pairs that blocking may bring together, about; by default twenty-five a record and at least half a million.
    pub pair_budget: Option<u64>,
    /// Most records of a block.
    pub max_block: usize,
    /// When to join, when to ask.
    pub thresholds: Thresholds,
    /// Seed of the samples.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            n_threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            pair_budget: None,
            max_block: 500,
            thresholds: Thresholds::default(),
            seed: 1,
        }
    }
}

impl Options {
    pub(super) fn budget(&self, n: usize) -> u64 {
        self.pair_budget.unwrap_or((25 * n as u64).max(500_000))
    }
}

/// Random pairs compared.
const N_RANDOM: usize = 200_000;
/// Pairs under one rule that EM sees, about.
const N_TRAINING: u64 = 100_000;
const N_ROUNDS: usize = 3;
const N_EM_STEPS: usize = 40;
/// Least share of matches whose values differ: no field is wholly reliable.
const MIN_M_DIFFERENT: f64 = 0.002;
/// Least share of matches of each other level.
const MIN_M: f64 = 1e-3;
/// Fewest and most pairs of relatives for each match. Where none are seen there may be some all the same.
const MIN_RELATIVES: f64 = 0.05;
const MAX_RELATIVES: f64 = 10.0;

/// Patterns and how often each occurs, in the order of patterns.
pub(super) type Histogram = Vec<(u64, f64)>;

/// Fits a model.
pub fn fit(records: &Records, options: &Options) -> Model {
    let n = records.len();
    let n_pairs = pairs_of(n as u64).max(1) as f64;
    let mut model = Model {
        fields: records.fields().to_vec(),
        learnt: Vec::new(),
        commonness: Vec::new(),
        rules: Vec::new(),
        max_block: options.max_block.max(2),
        // Until it is known: every second record has a match.
        prior: (0.5 * n as f64 / n_pairs).clamp(1e-12, 0.1),
        relatives: 1.0,
        thresholds: options.thresholds,
    };
    let counts: Vec<Counts> =
        parallel::map(model.fields.len(), 1, options.n_threads, || (), |(), range| Counts::of(records, range.start));
    model.commonness = counts.iter().map(Counts::commonness).collect();
    let kinds: Vec<Kind> = model.fields.iter().map(|field| field.kind).collect();
    model.learnt = kinds.iter().map(|kind| Learnt::new(*kind, first_m(*kind), first_u(*kind))).collect();

    let random = random_patterns(&model, records, options);
    learn_u(&mut model, &random, &counts);
    model.rules = choose::rules(&model, records, &Pilot { options });
    let blocks = Blocks::build(records, &model.rules, model.max_block, options.n_threads);
    let (sessions, met) = training_patterns(&model, records, &blocks, options);

    for _ in 0..N_ROUNDS {
        let learnt: Vec<Session> =
            model.rules.iter().zip(&sessions).map(|(rule, patterns)| Session::run(&model, rule, patterns)).collect();
        for (field, kind) in kinds.iter().enumerate() {
            let m = mean_m(*kind, field, &learnt);
            let u = model.learnt[field].u;
            model.learnt[field] = Learnt::new(*kind, m, u);
        }
        let ratios = Ratios::of(&model.fields, &model.learnt);
        for _ in 0..20 {
            let (mut matches, mut relatives) = (0.0, 0.0);
            for (pattern, n) in &met {
                let (matched, related) = ratios.posterior(*pattern, model.prior, model.relatives);
                matches += n * matched;
                relatives += n * related;
            }
            model.prior = (matches / n_pairs).clamp(1e-12, 0.25);
            model.relatives = (relatives / f64::max(matches, 1.0)).clamp(MIN_RELATIVES, MAX_RELATIVES);
        }
        learn_u(&mut model, &random, &counts);
    }
    model
}

/// How often values of a field occur.
struct Counts {
    of: Vec<u32>,
    hashes: Vec<u64>,
    n: f64,
}

impl Counts {
    fn of(records: &Records, field: usize) -> Self {
        let dictionary = records.dictionary(field);
        let mut of = vec![0_u32; dictionary.len() + 1];
        for row in 0..records.len() as u32 {
            of[records.cells(row)[field] as usize] += 1;
        }
        of[MISSING as usize] = 0;
        let n = of.iter().map(|count| f64::from(*count)).sum();
        let hashes = (1..=dictionary.len() as u32).map(|code| dictionary.hash(code)).collect();
        Self { of, hashes, n }
    }

    /// Mean count of a record's value.
    fn mean(&self) -> f64 {
        self.of.iter().map(|count| f64::from(*count).powi(2)).sum::<f64>() / self.n.max(1.0)
    }

    /// Chance that two of the records have equal values.
    fn collision(&self) -> f64 {
        let pairs: f64 = self.of.iter().map(|count| f64::from(*count) * (f64::from(*count) - 1.0)).sum();
        (pairs / (self.n * (self.n - 1.0)).max(1.0)).max(0.0)
    }

    fn commonness(&self) -> Commonness {
        let mean = self.mean().max(1.0);
        let of = self.of[1..]
            .iter()
            .zip(&self.hashes)
            .filter(|(count, _)| **count > 1)
            .map(|(count, hash)| (*hash, (f64::from(*count) / mean) as f32))
            .collect();
        Commonness { of, rare: (1.0 / mean) as f32 }
    }
}

/// One person's records as they are expected before anything is learnt.
fn first_m(kind: Kind) -> [f64; MAX_LEVELS] {
    let n = usize::from(top(kind)) + 1;
    let mut m = [0.0; MAX_LEVELS];
    m[..n].fill(0.12 / (n - 1).max(2) as f64);
    // Another value altogether is rarer than one with a slip.
    m[0] = 0.03;
    m[n - 1] = 0.85;
    let sum: f64 = m.iter().sum();
    m.iter_mut().for_each(|m| *m /= sum);
    m
}

fn first_u(kind: Kind) -> [f64; MAX_LEVELS] {
    let n = usize::from(top(kind)) + 1;
    let mut u = [0.0; MAX_LEVELS];
    u[..n].fill(0.05 / (n - 1) as f64);
    u[0] = 0.95;
    u
}

/// Patterns of pairs picked at random, all pairs when they are few.
fn random_patterns(model: &Model, records: &Records, options: &Options) -> Histogram {
    let rows = records.by_key();
    let n = rows.len();
    let weights = Weights::of(model, records, options.n_threads);
    let histograms = if pairs_of(n as u64) <= N_RANDOM as u64 {
        parallel::map(
            n,
            64,
            options.n_threads,
            || Scorer::new(model, records, &weights),
            |scorer, range| {
                let mut histogram = Tally::default();
                for i in range {
                    for j in i + 1..n {
                        histogram.add(scorer.pattern(rows[i], rows[j]), 1.0);
                    }
                }
                histogram
            },
        )
    } else {
        const SIZE: usize = 10_000;
        parallel::map(
            N_RANDOM,
            SIZE,
            options.n_threads,
            || Scorer::new(model, records, &weights),
            |scorer, range| {
                let mut random = Random::new(join(options.seed, range.start as u64));
                let mut histogram = Tally::default();
                for _ in range {
                    let i = random.below(n);
                    let j = (i + 1 + random.below(n - 1)) % n;
                    histogram.add(scorer.pattern(rows[i], rows[j]), 1.0);
                }
                histogram
            },
        )
    };
    merge(histograms)
}

/// Counts of patterns; counts are whole numbers, or multiples of one weight, so their order does not matter.
#[derive(Default)]
struct Tally(HashMap<u64, f64, FixedState>);

impl Tally {
    fn add(&mut self, pattern: u64, weight: f64) {
        *self.0.entry(pattern).or_insert(0.0) += weight;
    }
}

fn merge(tallies: Vec<Tally>) -> Histogram {
    let mut all = Tally::default();
    for tally in tallies {
        for (pattern, n) in tally.0 {
            all.add(pattern, n);
        }
    }
    let mut histogram: Histogram = all.0.into_iter().collect();
    histogram.sort_unstable_by_key(|(pattern, _)| *pattern);
    histogram
}

/// Learns `u` from random pairs, each counted by its probability of being strangers'.
fn learn_u(model: &mut Model, random: &Histogram, counts: &[Counts]) {
    let n_fields = model.fields.len();
    let mut sums = vec![[0.0; MAX_LEVELS]; n_fields];
    let ratios = Ratios::of(&model.fields, &model.learnt);
    for (pattern, n) in random {
        let (matched, _) = ratios.posterior(*pattern, model.prior, model.relatives);
        for (field, sums) in sums.iter_mut().enumerate() {
            let level = level_in(*pattern, field);
            if level != UNSAID {
                sums[usize::from(level)] += n * (1.0 - matched);
            }
        }
    }
    for (field, sums) in sums.into_iter().enumerate() {
        let kind = model.fields[field].kind;
        let n_levels = usize::from(top(kind)) + 1;
        let total: f64 = sums.iter().sum();
        let m = model.learnt[field].m;
        let mut u = [0.0; MAX_LEVELS];
        // Half an observation a level stands for what a sample this large would hardly show.
        for (level, u) in u[..n_levels].iter_mut().enumerate() {
            *u = (sums[level] + 0.5) / (total + 0.5 * n_levels as f64);
        }
        // Equal values are counted exactly, over all pairs; the matches among them go.
        let same = counts[field].collision() - model.prior * m[n_levels - 1];
        u[n_levels - 1] = same.max(assumed(kind).floor).max(counts[field].collision() * 0.01);
        let sum: f64 = u.iter().sum();
        u.iter_mut().for_each(|u| *u /= sum);
        model.learnt[field] = Learnt::new(kind, m, u);
    }
}

/// The level of a field in a pattern.
pub(super) fn level_in(pattern: u64, field: usize) -> u8 {
    (pattern >> (3 * field) & 7) as u8
}

/// Ratios of levels to those of one person, by field and level, for values of mean commonness.
pub(super) struct Ratios(Vec<[(f64, f64); 8]>);

impl Ratios {
    pub(super) fn of(fields: &[Field], learnt: &[Learnt]) -> Self {
        let of = |(field, learnt): (&Field, &Learnt)| {
            let mut ratios = [(1.0, 1.0); 8];
            for level in 0..=top(field.kind) {
                ratios[usize::from(level)] = learnt.ratios(field.kind, level, 1.0);
            }
            ratios
        };
        Self(fields.iter().zip(learnt).map(of).collect())
    }

    /// Leaves a field out.
    fn leave_out(&mut self, field: usize) {
        self.0[field].fill((1.0, 1.0));
    }

    /// How much likelier a pattern is among strangers, and among relatives, than among one person's records.
    fn product(&self, pattern: u64) -> (f64, f64) {
        let mut product = (1.0, 1.0);
        for (field, ratios) in self.0.iter().enumerate() {
            let (strangers, relatives) = ratios[usize::from(level_in(pattern, field))];
            product.0 *= strangers;
            product.1 *= relatives;
        }
        product
    }

    /// Probabilities that a pair with this pattern is one person's, and relatives'.
    pub(super) fn posterior(&self, pattern: u64, prior: f64, n_relatives: f64) -> (f64, f64) {
        let (strangers, relatives) = self.product(pattern);
        let matched = 1.0 / (1.0 + (1.0 - prior) / prior * strangers + n_relatives * relatives);
        (matched, matched * n_relatives * relatives)
    }
}

/// Patterns of a sample of the pairs under each rule, and of all pairs that meet.
fn training_patterns(
    model: &Model,
    records: &Records,
    blocks: &Blocks,
    options: &Options,
) -> (Vec<Histogram>, Histogram) {
    let weights = Weights::of(model, records, options.n_threads);
    let mut sessions = Vec::new();
    let mut met = Vec::new();
    for rule in 0..blocks.n_rules() {
        let rate = (N_TRAINING as f64 / blocks.n_pairs(rule).max(1) as f64).min(1.0);
        let below = (rate * u64::MAX as f64) as u64;
        let tallies = parallel::map(
            blocks.n_blocks(rule),
            256,
            options.n_threads,
            || Scorer::new(model, records, &weights),
            |scorer, range| {
                let (mut all, mut first) = (Tally::default(), Tally::default());
                for at in range {
                    let block = blocks.block(rule, at);
                    for (i, a) in block.iter().enumerate() {
                        for b in &block[i + 1..] {
                            let (low, high) =
                                (records.key(*a).min(records.key(*b)), records.key(*a).max(records.key(*b)));
                            if rate < 1.0 && join(join(low, high), options.seed) >= below {
                                continue;
                            }
                            let pattern = scorer.pattern(*a, *b);
                            all.add(pattern, 1.0);
                            if !blocks.met_before(rule, *a, *b) {
                                first.add(pattern, 1.0);
                            }
                        }
                    }
                }
                (all, first)
            },
        );
        let (all, first): (Vec<Tally>, Vec<Tally>) = tallies.into_iter().unzip();
        sessions.push(merge(all));
        met.extend(merge(first).into_iter().map(|(pattern, n)| (pattern, n / rate)));
    }
    (sessions, met)
}

/// What EM learnt under one rule.
struct Session {
    /// Fields that the rule fixes, of which it can learn nothing.
    fixed: Vec<bool>,
    /// Sums over matches of each level, by field.
    levels: Vec<[f64; MAX_LEVELS]>,
    n_matches: f64,
}

impl Session {
    /// EM over the patterns of the pairs under a rule; `u` stays, the shares of matches and relatives are the rule's own.
    fn run(model: &Model, rule: &Rule, patterns: &Histogram) -> Self {
        let n_fields = model.fields.len();
        let is_part = |kind| matches!(kind, Kind::GivenName | Kind::Surname);
        let fixed: Vec<bool> = (0..n_fields).map(|field| rule.atoms.iter().any(|atom| atom.field == field)).collect();
        let mut own = model.learnt.clone();
        let total: f64 = patterns.iter().map(|(_, n)| n).sum();
        let (mut share, mut share_relatives) = (0.3_f64, 0.1_f64);
        let mut levels = vec![[0.0; MAX_LEVELS]; n_fields];
        for _ in 0..N_EM_STEPS {
            levels.iter_mut().for_each(|sums| sums.fill(0.0));
            let (mut n_matched, mut n_relatives) = (0.0, 0.0);
            let mut ratios = Ratios::of(&model.fields, &own);
            (0..n_fields).filter(|field| fixed[*field]).for_each(|field| ratios.leave_out(field));
            for (pattern, n) in patterns {
                let (strangers, relatives) = ratios.product(*pattern);
                let rest = (1.0 - share - share_relatives).max(1e-9);
                let sum = share + rest * strangers + share_relatives * relatives;
                let matched = n * share / sum;
                n_matched += matched;
                n_relatives += n * share_relatives * relatives / sum;
                // A pair that is hardly a match teaches nothing of matches.
                if matched < 1e-6 * n {
                    continue;
                }
                for (field, sums) in levels.iter_mut().enumerate() {
                    let level = level_in(*pattern, field);
                    if level != UNSAID {
                        sums[usize::from(level)] += matched;
                    }
                }
            }
            let before = share;
            // A few imagined pairs of each class keep a share from reaching 0, from where it would not come back.
            share = (n_matched + 1.0) / (total + 3.0);
            share_relatives = (n_relatives + 1.0) / (total + 3.0);
            for field in (0..n_fields).filter(|field| !fixed[*field]) {
                let kind = model.fields[field].kind;
                own[field] = Learnt::new(kind, smoothed(kind, &levels[field]), own[field].u);
            }
            if (share - before).abs() < 1e-6 * before {
                break;
            }
        }
        // Swapped names show in both fields, so a rule on one of them fixes both.
        let fixes_name = (0..n_fields).any(|field| fixed[field] && is_part(model.fields[field].kind));
        let fixed =
            (0..n_fields).map(|field| fixed[field] || fixes_name && is_part(model.fields[field].kind)).collect();
        Self { fixed, levels, n_matches: share * total }
    }
}

/// Shares of levels with a few imagined matches, as expected beforehand, and no level below its least.
fn smoothed(kind: Kind, sums: &[f64; MAX_LEVELS]) -> [f64; MAX_LEVELS] {
    const N_IMAGINED: f64 = 20.0;
    let n_levels = usize::from(top(kind)) + 1;
    let expected = first_m(kind);
    let total: f64 = sums.iter().sum::<f64>() + N_IMAGINED;
    let mut m = [0.0; MAX_LEVELS];
    for (level, m) in m[..n_levels].iter_mut().enumerate() {
        *m = ((sums[level] + N_IMAGINED * expected[level]) / total).max(if level == 0 {
            MIN_M_DIFFERENT
        } else {
            MIN_M
        });
    }
    let sum: f64 = m.iter().sum();
    m.iter_mut().for_each(|m| *m /= sum);
    m
}

/// A field's `m` over the rules that leave it free, by their matches.
fn mean_m(kind: Kind, field: usize, sessions: &[Session]) -> [f64; MAX_LEVELS] {
    let mut sums = [0.0; MAX_LEVELS];
    for session in sessions.iter().filter(|session| !session.fixed[field] && session.n_matches >= 1.0) {
        for (sum, n) in sums.iter_mut().zip(session.levels[field]) {
            *sum += n;
        }
    }
    smoothed(kind, &sums)
}
