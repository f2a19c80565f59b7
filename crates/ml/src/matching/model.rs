//! What was learnt, and what it says about two records.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::compare::{MAX_LEVELS, assumed, level, top};
use super::keys::Rule;
use super::records::{Field, Kind, MISSING, Records};

/// Level of a field that one of the records does not say.
pub(super) const UNSAID: u8 = 7;

/// From which probability on records are joined, or shown to a person.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Joined without a person at this probability or above.
    pub automatic: f64,
    /// Shown to a person at this probability or above.
    pub review: f64,
}

impl Default for Thresholds {
    /// A wrong merge costs as much as nineteen missed ones: 0.95 joins, 0.5 asks.
    fn default() -> Self {
        Self { automatic: 0.95, review: 0.5 }
    }
}

/// What a field's levels say.
#[derive(Clone, Debug)]
pub(super) struct Learnt {
    /// Chance of a level among records of one person.
    pub(super) m: [f64; MAX_LEVELS],
    /// Chance of a level among records of two people picked at random.
    pub(super) u: [f64; MAX_LEVELS],
    /// `u / m`, never rising with the level.
    ratio: [f64; MAX_LEVELS],
}

impl Learnt {
    pub(super) fn new(kind: Kind, m: [f64; MAX_LEVELS], u: [f64; MAX_LEVELS]) -> Self {
        let n_levels = usize::from(top(kind)) + 1;
        // Levels out of order are pooled with their neighbours (pool adjacent violators): more agreement is never less
        // evidence.
        let mut pools: Vec<(f64, f64, usize)> = Vec::new();
        for at in 0..n_levels {
            pools.push((u[at], m[at], 1));
            while let [.., low, high] = pools.as_slice() {
                if low.0 * high.1 >= high.0 * low.1 {
                    break;
                }
                let pool = (low.0 + high.0, low.1 + high.1, low.2 + high.2);
                pools.truncate(pools.len() - 2);
                pools.push(pool);
            }
        }
        let mut ratio = [1.0; MAX_LEVELS];
        let mut at = 0;
        for (u, m, n) in pools {
            ratio[at..at + n].fill((u / m).clamp(1e-9, 1e9));
            at += n;
        }
        Self { m, u, ratio }
    }

    /// Ratios `u / m` and `h / m` of a level for values of a commonness; `h` is the chance among relatives.
    pub(super) fn ratios(&self, kind: Kind, level: u8, common: f64) -> (f64, f64) {
        let assumed = assumed(kind);
        let at = usize::from(level);
        let mut ratio = self.ratio[at];
        if ratio < 1.0 && level > 0 {
            let is_top = at + 1 == assumed.levels.len();
            // Rare values count for more only when they are equal; common ones for less whenever they are alike.
            ratio *= if is_top { common } else { common.max(1.0) };
            ratio = ratio.clamp(assumed.floor, 1.0);
        }
        (ratio, (1.0 - assumed.shared) * ratio + assumed.shared)
    }
}

/// How common values are, relative to what agreement by chance was measured with.
#[derive(Clone, Debug, Default)]
pub(super) struct Commonness {
    /// By the value's hash.
    pub(super) of: HashMap<u64, f32, FixedState>,
    /// Of values that stand once or not at all.
    pub(super) rare: f32,
}

/// A fitted model: weights, frequencies and blocking rules. Scores of two records depend on it and on them alone.
#[derive(Clone, Debug)]
pub struct Model {
    pub(super) fields: Vec<Field>,
    pub(super) learnt: Vec<Learnt>,
    pub(super) commonness: Vec<Commonness>,
    pub(super) rules: Vec<Rule>,
    pub(super) max_block: usize,
    /// Chance that two records picked at random are one person's.
    pub(super) prior: f64,
    /// Pairs of relatives for each pair of one person's records.
    pub(super) relatives: f64,
    /// When to join, when to ask.
    pub thresholds: Thresholds,
}

/// What one field says about two records.
#[derive(Clone, Debug, PartialEq)]
pub struct Reason {
    /// Position of the field.
    pub field: usize,
    /// The level of agreement; `None` when one of the records does not say it.
    pub level: Option<&'static str>,
    /// Evidence for one person against two strangers, in bits.
    pub bits: f64,
    /// Evidence for one person against two relatives, in bits.
    pub bits_among_relatives: f64,
}

/// A probability and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Explanation {
    /// Probability that the records are one person's.
    pub probability: f64,
    /// Evidence needed before two records picked at random are as likely one person's as not, in bits.
    pub prior_bits: f64,
    /// By field.
    pub reasons: Vec<Reason>,
    /// Whether only names and places agree, which is never enough to join without a person.
    pub is_unidentified: bool,
}

/// Highest probability of two records of which only names and places agree.
fn unidentified_cap(thresholds: Thresholds) -> f64 {
    thresholds.automatic * 0.99
}

impl Model {
    /// The blocking rules, in words: fields and parts.
    pub fn rules(&self) -> Vec<String> {
        let atom =
            |atom: &super::keys::Atom| format!("{}.{:?}", self.fields[atom.field].name, atom.part).to_lowercase();
        self.rules.iter().map(|rule| rule.atoms.iter().map(atom).collect::<Vec<_>>().join(" + ")).collect()
    }

    /// Chance that two records picked at random are one person's.
    pub fn prior(&self) -> f64 {
        self.prior
    }

    /// What the fields of two records, given by key, say; `None` when there is no such record.
    pub fn explain(&self, records: &Records, a: u64, b: u64) -> Option<Explanation> {
        let (a, b) = (records.row_of(a)?, records.row_of(b)?);
        let mut scorer = Scorer::new(self, records, Weights::none(self));
        let levels = scorer.levels(a, b);
        let evidence = scorer.evidence(a, b, &levels);
        let reasons = (0..self.fields.len())
            .map(|field| {
                let (bits, among_relatives) = scorer.field_evidence(field, a, b, levels[field]);
                Reason {
                    field,
                    level: assumed(self.fields[field].kind).levels.get(usize::from(levels[field])).copied(),
                    bits: bits / std::f64::consts::LN_2,
                    bits_among_relatives: among_relatives / std::f64::consts::LN_2,
                }
            })
            .collect();
        Some(Explanation {
            probability: self.probability(&evidence),
            prior_bits: ((1.0 - self.prior) / self.prior).log2(),
            reasons,
            is_unidentified: !evidence.is_identified,
        })
    }

    /// Pairs of relatives for each pair of one person's records.
    pub fn relatives(&self) -> f64 {
        self.relatives
    }

    /// Probability of one person against strangers and relatives.
    pub(super) fn probability(&self, evidence: &Evidence) -> f64 {
        let strangers = ((1.0 - self.prior) / self.prior).ln() - evidence.strangers;
        let probability = 1.0 / (1.0 + strangers.exp() + self.relatives * (-evidence.relatives).exp());
        if evidence.is_identified { probability } else { probability.min(unidentified_cap(self.thresholds)) }
    }

    /// How common a value is, relative to what agreement by chance was measured with.
    fn common(&self, records: &Records, field: usize, code: u32) -> f32 {
        let commonness = &self.commonness[field];
        commonness.of.get(&records.dictionary(field).hash(code)).copied().unwrap_or(commonness.rare)
    }

    /// Evidence of equal values against strangers and relatives.
    fn same(&self, field: usize, common: f32) -> (f32, f32) {
        let (strangers, relatives) = self.ratios(field, top(self.fields[field].kind), f64::from(common));
        (-strangers.ln() as f32, -relatives.ln() as f32)
    }

    pub(super) fn ratios(&self, field: usize, level: u8, common: f64) -> (f64, f64) {
        self.learnt[field].ratios(self.fields[field].kind, level, common)
    }
}

/// Natural logarithms of evidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Evidence {
    strangers: f64,
    relatives: f64,
    is_identified: bool,
}

/// Weights of equal values, by field and code.
pub(super) struct Weights {
    common: Vec<Vec<f32>>,
    same: Vec<Vec<(f32, f32)>>,
}

impl Weights {
    /// None yet: each is worked out when it is asked for.
    pub(super) fn none(model: &Model) -> Self {
        let n_fields = model.fields.len();
        Self { common: vec![Vec::new(); n_fields], same: vec![Vec::new(); n_fields] }
    }

    pub(super) fn of(model: &Model, records: &Records, n_threads: usize) -> Self {
        let mut weights = Self::none(model);
        let grown = crate::parallel::map(
            model.fields.len(),
            1,
            n_threads,
            || (),
            |(), range| {
                let (mut common, mut same) = (Vec::new(), Vec::new());
                weights_from(model, records, range.start, &mut common, &mut same);
                (common, same)
            },
        );
        for (field, (common, same)) in grown.into_iter().enumerate() {
            weights.common[field] = common;
            weights.same[field] = same;
        }
        weights
    }

    /// Adds the values that came since.
    pub(super) fn grow(&mut self, model: &Model, records: &Records) {
        for field in 0..model.fields.len() {
            weights_from(model, records, field, &mut self.common[field], &mut self.same[field]);
        }
    }
}

fn weights_from(model: &Model, records: &Records, field: usize, common: &mut Vec<f32>, same: &mut Vec<(f32, f32)>) {
    for code in common.len() as u32..records.dictionary(field).len() as u32 {
        let value = model.common(records, field, code + 1);
        common.push(value);
        same.push(model.same(field, value));
    }
}

/// Places of the cache of levels, by field.
const N_CACHED: usize = 1 << 14;

/// Scores pairs of records; one for each thread.
pub(super) struct Scorer<'a, W> {
    model: &'a Model,
    records: &'a Records,
    weights: W,
    kinds: Vec<Kind>,
    shares_codes: Option<(usize, usize)>,
    /// Levels compared last: codes and level.
    cache: Vec<Vec<(u64, u8)>>,
    identifies_from: Vec<u8>,
}

impl<'a, W: std::borrow::Borrow<Weights>> Scorer<'a, W> {
    pub(super) fn new(model: &'a Model, records: &'a Records, weights: W) -> Self {
        let kinds: Vec<Kind> = model.fields.iter().map(|field| field.kind).collect();
        let first = |kind| kinds.iter().position(|each| *each == kind);
        Self {
            model,
            records,
            weights,
            shares_codes: first(Kind::GivenName).zip(first(Kind::Surname)),
            cache: vec![Vec::new(); kinds.len()],
            identifies_from: kinds.iter().map(|kind| assumed(*kind).identifies_from.unwrap_or(u8::MAX)).collect(),
            kinds,
        }
    }

    /// The level of two values, each distinct pair of which is compared once while the cache holds it.
    fn level(&mut self, field: usize, a: u32, b: u32) -> u8 {
        if a == MISSING || b == MISSING {
            return UNSAID;
        }
        let kind = self.kinds[field];
        if a == b {
            return top(kind);
        }
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        let codes = u64::from(a) << 32 | u64::from(b);
        let cache = &mut self.cache[field];
        if cache.is_empty() {
            cache.resize(N_CACHED, (0, 0));
        }
        let place = &mut cache[crate::random::mix(codes) as usize % N_CACHED];
        if place.0 != codes {
            let dictionary = self.records.dictionary(field);
            *place = (codes, level(kind, dictionary.text(a), dictionary.text(b)));
        }
        place.1
    }

    /// The levels of all fields.
    pub(super) fn levels(&mut self, a: u32, b: u32) -> [u8; super::records::MAX_FIELDS] {
        let mut levels = [UNSAID; super::records::MAX_FIELDS];
        let (cells_a, cells_b) = (self.records.cells(a), self.records.cells(b));
        for field in 0..self.kinds.len() {
            levels[field] = self.level(field, cells_a[field], cells_b[field]);
        }
        if let Some((given, surname)) = self.shares_codes {
            // Given name and surname in each other's place.
            if levels[given] <= 1 && levels[surname] <= 1 {
                let crossed = self.level(given, cells_a[given], cells_b[surname]).min(self.level(
                    given,
                    cells_a[surname],
                    cells_b[given],
                ));
                if crossed >= 3 && crossed != UNSAID {
                    levels[given] = 3;
                    levels[surname] = 3;
                }
            }
        }
        levels
    }

    /// The levels in three bits each.
    pub(super) fn pattern(&mut self, a: u32, b: u32) -> u64 {
        let levels = self.levels(a, b);
        levels[..self.kinds.len()].iter().rev().fold(0, |pattern, level| pattern << 3 | u64::from(*level))
    }

    fn field_evidence(&self, field: usize, a: u32, b: u32, level: u8) -> (f64, f64) {
        if level == UNSAID {
            return (0.0, 0.0);
        }
        let weights = self.weights.borrow();
        let code_a = self.records.cells(a)[field];
        let code_b = self.records.cells(b)[field];
        let common = |code: u32| {
            let known = weights.common[field].get(code as usize - 1).copied();
            f64::from(known.unwrap_or_else(|| self.model.common(self.records, field, code)))
        };
        if code_a == code_b {
            let known = weights.same[field].get(code_a as usize - 1).copied();
            let (strangers, relatives) = known.unwrap_or_else(|| self.model.same(field, common(code_a) as f32));
            return (f64::from(strangers), f64::from(relatives));
        }
        let (strangers, relatives) = self.model.ratios(field, level, common(code_a).max(common(code_b)));
        (-strangers.ln(), -relatives.ln())
    }

    pub(super) fn evidence(&self, a: u32, b: u32, levels: &[u8]) -> Evidence {
        let mut evidence = Evidence { strangers: 0.0, relatives: 0.0, is_identified: false };
        for (field, level) in levels[..self.kinds.len()].iter().enumerate() {
            if *level == UNSAID {
                continue;
            }
            let (strangers, relatives) = self.field_evidence(field, a, b, *level);
            evidence.strangers += strangers;
            evidence.relatives += relatives;
            evidence.is_identified |= *level >= self.identifies_from[field];
        }
        evidence
    }

    /// Probability that two records are one person's.
    pub(super) fn probability(&mut self, a: u32, b: u32) -> f64 {
        let levels = self.levels(a, b);
        self.model.probability(&self.evidence(a, b, &levels))
    }
}
