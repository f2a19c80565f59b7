//! Rules: who buys these also buys that.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use super::fisher::Fisher;
use super::itemsets::Itemsets;
use crate::groups::benjamini_hochberg;
use crate::parallel;
use crate::random::join;

/// Which rules are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RuleOptions {
    /// Least confidence.
    pub min_confidence: f64,
    /// Least lift.
    pub min_lift: f64,
    /// Leaves out a rule when some of its products alone, or none, say as much with at least the same confidence.
    pub drop_redundant: bool,
    /// Threads.
    pub n_threads: usize,
}

impl Default for RuleOptions {
    fn default() -> Self {
        Self { min_confidence: 0.5, min_lift: 0.0, drop_redundant: false, n_threads: 1 }
    }
}

/// A basket with some products is likely to hold another.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// Products, ascending.
    pub antecedent: Vec<u64>,
    /// The other product.
    pub consequent: u64,
    /// Baskets with all of them.
    pub n_both: u32,
    /// Baskets with the antecedent.
    pub n_antecedent: u32,
    /// Baskets with the consequent.
    pub n_consequent: u32,
    /// Share of baskets with all of them.
    pub support: f64,
    /// Share of baskets with the antecedent that hold the consequent as well.
    pub confidence: f64,
    /// Confidence over the share of all baskets with the consequent: 1 is chance.
    pub lift: f64,
    /// Support less what chance would give.
    pub leverage: f64,
    /// How much more often the rule would be wrong by chance than it is; infinite when it is never wrong.
    pub conviction: f64,
    /// Probability of so many baskets, or more, by chance (Fisher's exact test).
    pub p: f64,
    /// `p` corrected by Benjamini and Hochberg for all rules that the sets allow, also those of low confidence.
    pub q: f64,
}

/// Rules with one product on the right, by falling lift.
///
/// **Source**: Agrawal, Imieliński and Swami 1993; Brin et al. 1997 for lift and conviction; Piatetsky-Shapiro 1991 for
/// leverage; Bayardo, Agrawal and Gunopulos 2000 for redundancy.
pub fn rules(sets: &Itemsets, options: &RuleOptions) -> Vec<Rule> {
    let counts = Counts::new(sets);
    let n_tests = sets.iter().map(|(set, _)| set.len()).sum();
    let fisher = Fisher::new(sets.n_baskets as u64, n_tests);
    let found = parallel::map(
        sets.len(),
        256,
        options.n_threads,
        || (),
        |(), range| {
            let mut p = Vec::new();
            let mut rules = Vec::new();
            for at in range {
                let (set, n_both) = sets.set(at);
                if set.len() < 2 {
                    continue;
                }
                for consequent in 0..set.len() {
                    let Some(rule) = rule(&fisher, &counts, set, n_both, consequent) else { continue };
                    p.push(rule.p);
                    let is_sure =
                        f64::from(rule.n_both) + 1e-9 >= options.min_confidence * f64::from(rule.n_antecedent);
                    if is_sure
                        && rule.lift >= options.min_lift
                        && !(options.drop_redundant && counts.is_redundant(&rule))
                    {
                        rules.push((p.len() - 1, rule));
                    }
                }
            }
            (p, rules)
        },
    );
    let p: Vec<f64> = found.iter().flat_map(|(p, _)| p).copied().collect();
    let q = benjamini_hochberg(&p);
    let mut rules = Vec::new();
    let mut from = 0;
    for (p, own) in found {
        rules.extend(own.into_iter().map(|(at, rule)| Rule { q: q[from + at], ..rule }));
        from += p.len();
    }
    rules.sort_unstable_by(|a: &Rule, b: &Rule| {
        let by_count = b.n_both.cmp(&a.n_both).then(a.consequent.cmp(&b.consequent));
        b.lift.total_cmp(&a.lift).then(by_count).then_with(|| a.antecedent.cmp(&b.antecedent))
    });
    rules
}

fn rule(fisher: &Fisher, counts: &Counts, set: &[u64], n_both: u32, consequent: usize) -> Option<Rule> {
    let n_antecedent = counts.without(set, consequent)?;
    let n_consequent = counts.of(&set[consequent..=consequent])?;
    let n = counts.sets.n_baskets as f64;
    let (both, first, second) = (f64::from(n_both), f64::from(n_antecedent), f64::from(n_consequent));
    let mut antecedent = set.to_vec();
    let consequent = antecedent.remove(consequent);
    let confidence = both / first;
    Some(Rule {
        antecedent,
        consequent,
        n_both,
        n_antecedent,
        n_consequent,
        support: both / n,
        confidence,
        lift: both * n / (first * second),
        leverage: both / n - first / n * (second / n),
        conviction: if n_both == n_antecedent { f64::INFINITY } else { (1.0 - second / n) / (1.0 - confidence) },
        p: fisher.above(n_both.into(), n_antecedent.into(), n_consequent.into()),
        q: 1.0,
    })
}

/// Numbers of baskets by set. A key is a sum, so that a set without one product is found in one step.
struct Counts<'a> {
    sets: &'a Itemsets,
    at: HashMap<u64, u32, FixedState>,
}

impl<'a> Counts<'a> {
    fn new(sets: &'a Itemsets) -> Self {
        Self { sets, at: sets.iter().enumerate().map(|(at, (set, _))| (key(set), at as u32)).collect() }
    }

    fn of(&self, set: &[u64]) -> Option<u32> {
        self.look_up(key(set), set.iter())
    }

    fn without(&self, set: &[u64], left_out: usize) -> Option<u32> {
        let rest = set[..left_out].iter().chain(&set[left_out + 1..]);
        self.look_up(key(set).wrapping_sub(key(&set[left_out..=left_out])), rest)
    }

    fn look_up<'b>(&self, key: u64, products: impl Iterator<Item = &'b u64>) -> Option<u32> {
        let (set, count) = self.sets.set(*self.at.get(&key)? as usize);
        set.iter().eq(products).then_some(count)
    }

    /// Whether fewer products say as much.
    fn is_redundant(&self, rule: &Rule) -> bool {
        let n = rule.antecedent.len();
        let is_as_sure = |n_both: u32, n_antecedent: u64| {
            u64::from(n_both) * u64::from(rule.n_antecedent) >= u64::from(rule.n_both) * n_antecedent
        };
        if is_as_sure(rule.n_consequent, self.sets.n_baskets as u64) {
            return true;
        }
        let mut part = Vec::with_capacity(n);
        (1_u32..(1 << n) - 1).any(|chosen| {
            part.clear();
            part.extend((0..n).filter(|at| chosen >> at & 1 == 1).map(|at| rule.antecedent[at]));
            let Some(n_antecedent) = self.of(&part) else { return false };
            part.insert(part.partition_point(|product| *product < rule.consequent), rule.consequent);
            self.of(&part).is_some_and(|n_both| is_as_sure(n_both, u64::from(n_antecedent)))
        })
    }
}

fn key(set: &[u64]) -> u64 {
    set.iter().fold(0_u64, |sum, product| sum.wrapping_add(join(*product, 1)))
}
