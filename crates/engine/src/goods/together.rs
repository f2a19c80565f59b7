//! What is bought together: baskets, the rules that they make, and whose baskets those are.

use zhike_domain::small_groups::is_small;
use zhike_ml::baskets::{self, Limits, Line, Problem, Rule, RuleOptions};

use super::lines::{Bought, Lines};
use super::spec::{Basket, Spec};
use super::{Good, Which, too_many};
use crate::{Error, Result};

/// Chance that is taken for chance: rules above it are not told.
pub(super) const MAX_Q: f64 = 0.05;
/// Sets that are looked through at most before rarer ones are left out.
const MAX_SETS: usize = 400_000;

/// A rule: who bought some goods also bought another. Counts are of baskets but where they say people.
#[derive(Clone, Debug, PartialEq)]
pub struct TogetherRule {
    /// Bought.
    pub antecedent: Vec<Good>,
    /// And this with them.
    pub consequent: Good,
    /// Baskets with all of them.
    pub n_both: u64,
    /// Baskets with the antecedent.
    pub n_antecedent: u64,
    /// Baskets with the consequent.
    pub n_consequent: u64,
    /// Baskets with all of them beyond what chance would give.
    pub n_beyond: f64,
    /// Share of all baskets.
    pub support: f64,
    /// Share of the baskets with the antecedent.
    pub confidence: f64,
    /// Confidence over the share of all baskets with the consequent.
    pub lift: f64,
    /// Support less what chance would give.
    pub leverage: f64,
    /// How much more often the rule would be wrong by chance; none when it is never wrong.
    pub conviction: Option<f64>,
    /// Probability that it is chance, corrected for all rules that were possible.
    pub q: f64,
    /// People with such a basket.
    pub n_people: Option<u64>,
    /// People who bought the antecedent, and not the consequent in the period.
    pub n_left: Option<u64>,
}

/// Baskets with their goods and whose they are.
pub(super) struct Baskets {
    starts: Vec<usize>,
    items: Vec<u32>,
    who: Vec<u32>,
    /// Baskets that hold each good.
    of: Vec<Vec<u32>>,
}

/// What was found.
pub(super) struct Found {
    /// The first, by baskets beyond chance.
    pub(super) rules: Vec<Rule>,
    /// Rules in all.
    pub(super) n_rules: usize,
    /// Rules that are left out because they would tell of few people.
    pub(super) n_hidden: usize,
    /// Rules before those that chance explains were left out.
    pub(super) n_tried: usize,
    /// Fewest baskets of a rule.
    pub(super) min_baskets: u32,
}

impl Found {
    fn none(min_baskets: u32) -> Self {
        Self { rules: Vec::new(), n_rules: 0, n_hidden: 0, n_tried: 0, min_baskets }
    }
}

impl Baskets {
    pub(super) fn new(lines: &Lines, by: Basket) -> Self {
        let basket = |one: &Bought| match by {
            Basket::Order => one.order,
            Basket::Customer => one.who,
        };
        let mut rows: Vec<(u32, u32, u32)> = lines.all.iter().map(|one| (basket(one), one.good, one.who)).collect();
        rows.sort_unstable();
        rows.dedup();
        let mut found =
            Self { starts: vec![0], items: Vec::new(), who: Vec::new(), of: vec![Vec::new(); lines.goods.len()] };
        for own in rows.chunk_by(|a, b| a.0 == b.0) {
            let at = found.who.len() as u32;
            own.iter().for_each(|row| found.of[row.1 as usize].push(at));
            found.items.extend(own.iter().map(|row| row.1));
            found.starts.push(found.items.len());
            found.who.push(own[0].2);
        }
        found
    }

    pub(super) fn n(&self) -> usize {
        self.who.len()
    }

    fn basket(&self, at: u32) -> &[u32] {
        &self.items[self.starts[at as usize]..self.starts[at as usize + 1]]
    }

    /// Baskets with one good alone.
    pub(super) fn n_single(&self) -> u64 {
        (0..self.n() as u32).filter(|at| self.basket(*at).len() == 1).count() as u64
    }

    /// People with a basket.
    pub(super) fn n_people(&self) -> u64 {
        distinct(self.who.iter().copied()).len() as u64
    }

    /// Baskets that hold all of some goods.
    fn with<'a>(&'a self, goods: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let rarest = goods.iter().min_by_key(|good| self.of[**good as usize].len());
        let of = rarest.map_or(&[] as &[u32], |good| &self.of[*good as usize]);
        let holds = |at: &u32| goods.iter().all(|good| self.basket(*at).binary_search(good).is_ok());
        of.iter().copied().filter(move |at| holds(at))
    }

    fn people_with(&self, goods: &[u32]) -> Vec<u32> {
        distinct(self.with(goods).map(|at| self.who[at as usize]))
    }

    /// The people of a rule, ascending.
    pub(super) fn behind(&self, antecedent: &[u32], consequent: u32, which: Which) -> Vec<u32> {
        match which {
            Which::Both => {
                let all: Vec<u32> = antecedent.iter().copied().chain([consequent]).collect();
                self.people_with(&all)
            }
            Which::Left => {
                let have = self.people_with(&[consequent]);
                let mut left = self.people_with(antecedent);
                left.retain(|who| have.binary_search(who).is_err());
                left
            }
        }
    }

    /// Whether the counts of a rule, or the difference of two of them, tell of fewer than so many people. It is enough to
    /// look at sets that differ by one good: whoever has the smaller one and not a larger one lacks one of its goods.
    fn tells_of_few(&self, goods: &[u32], k: u64) -> bool {
        if k < 2 {
            return false;
        }
        let is_few = |mut baskets: Box<dyn Iterator<Item = u32> + '_>| {
            let mut seen: Vec<u32> = Vec::new();
            baskets.any(|at| {
                let who = self.who[at as usize];
                if !seen.contains(&who) {
                    seen.push(who);
                }
                seen.len() as u64 >= k
            });
            is_small(seen.len() as u64, k)
        };
        (1_u32..1 << goods.len()).any(|chosen| {
            let part: Vec<u32> = (0..goods.len()).filter(|at| chosen >> at & 1 == 1).map(|at| goods[at]).collect();
            let lacks = |good: &u32| {
                let without = self.with(&part).filter(|at| self.basket(*at).binary_search(good).is_err());
                is_few(Box::new(without))
            };
            is_few(Box::new(self.with(&part))) || goods.iter().filter(|good| !part.contains(good)).any(lacks)
        })
    }

    /// Rules that chance does not explain.
    ///
    /// **Errors**: `bad_request` when the baskets asked for are so few that there are too many sets.
    pub(super) fn rules(&self, spec: &Spec, k: u64, n_threads: usize) -> Result<Found> {
        let n = self.n();
        // Five baskets, or one in a thousand: what is rarer is chance more often than not.
        let usual = (n.div_ceil(1_000) as u32).max(5);
        let mut min_baskets = spec.min_baskets.unwrap_or(usual);
        if n == 0 {
            return Ok(Found::none(min_baskets));
        }
        let line = |at: usize| {
            self.basket(at as u32).iter().map(move |good| Line { basket: at as u64, product: u64::from(*good) })
        };
        let lines: Vec<Line> = (0..n).flat_map(line).collect();
        let bug = |problem: Problem| Error::bug("baskets", std::io::Error::other(format!("{problem:?}")));
        let all = baskets::Baskets::new(&lines).map_err(bug)?;
        let sets = loop {
            let limits = Limits {
                min_support: (f64::from(min_baskets) / n as f64).min(1.0),
                max_products: spec.max_goods,
                max_sets: MAX_SETS,
                n_threads,
            };
            if min_baskets as usize > n {
                return Ok(Found::none(min_baskets));
            }
            match baskets::itemsets(&all, &limits) {
                Ok(sets) => break sets,
                Err(Problem::TooManySets) if spec.min_baskets.is_none() => min_baskets *= 2,
                Err(Problem::TooManySets) => return Err(too_many(min_baskets)),
                Err(problem) => return Err(bug(problem)),
            }
        };
        let options = RuleOptions {
            min_confidence: spec.min_confidence,
            min_lift: spec.min_lift,
            drop_redundant: true,
            n_threads,
        };
        let mut rules = baskets::rules(&sets, &options);
        let n_tried = rules.len();
        // What is no more than chance is no rule, whatever lift is asked for below 1.
        rules.retain(|rule| rule.q <= MAX_Q || spec.min_lift < 1.0);
        // What brings most baskets beyond chance comes first: neither what is rare nor what everybody has.
        rules.sort_by(|a, b| b.leverage.total_cmp(&a.leverage));
        let n_rules = rules.len();
        let mut n_hidden = 0;
        let mut kept = Vec::new();
        for rule in rules {
            if kept.len() == spec.limit {
                break;
            }
            match self.tells_of_few(&goods_of(&rule), k) {
                true => n_hidden += 1,
                false => kept.push(rule),
            }
        }
        Ok(Found { rules: kept, n_rules, n_hidden, n_tried, min_baskets })
    }
}

/// Goods of both sides of a rule.
pub(super) fn goods_of(rule: &Rule) -> Vec<u32> {
    rule.antecedent.iter().chain([&rule.consequent]).map(|good| *good as u32).collect()
}

fn distinct(who: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut who: Vec<u32> = who.collect();
    who.sort_unstable();
    who.dedup();
    who
}
