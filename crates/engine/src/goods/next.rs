//! What is bought next: days on which customers bought, and the pairs that follow each other.

use zhike_domain::small_groups::is_small;
use zhike_ml::baskets::{NextOptions, NextPair, bought_next};
use zhike_ml::survival::Purchase;

use super::lines::Lines;
use super::spec::Spec;
use super::together::MAX_Q;
use super::{Good, Which};
use crate::{Error, Result};

/// One good and another that is bought on a later day. Counts are of days on which a customer bought, but where they say people.
#[derive(Clone, Debug, PartialEq)]
pub struct NextRule {
    /// Bought first.
    pub first: Good,
    /// Bought later, and not with it.
    pub next: Good,
    /// People who did so.
    pub n_people: u64,
    /// Days with the first and without the next.
    pub n_first: u64,
    /// Those of them that the next followed in time.
    pub n_both: u64,
    /// The other way round: the first followed the next.
    pub n_reverse: Option<u64>,
    /// Share of days with the first that the next followed.
    pub confidence: f64,
    /// Confidence over the same share of all days without the next.
    pub lift: f64,
    /// Days that the next followed beyond what chance would give.
    pub n_beyond: f64,
    /// Probability that it is chance, corrected for all pairs.
    pub q: f64,
    /// Days from the one to the other: a quarter, half, three quarters took no longer.
    pub gap_days: [i64; 3],
    /// People who bought the first so lately that the time has not passed, and have not bought the next since.
    pub n_left: Option<u64>,
}

/// A day on which a customer bought.
struct Day {
    who: u32,
    day: i32,
    goods: Vec<u32>,
}

/// Days of all customers, by customer and day.
pub(super) struct Days {
    all: Vec<Day>,
    purchases: Vec<Purchase>,
    n_people: usize,
    /// Of each good: positions of days.
    of: Vec<Vec<u32>>,
}

/// What was found.
pub(super) struct Found {
    pub(super) pairs: Vec<NextPair>,
    pub(super) n_tried: usize,
    pub(super) min_customers: u32,
}

impl Days {
    pub(super) fn new(lines: &Lines) -> Self {
        let mut days =
            Self { all: Vec::new(), purchases: Vec::new(), n_people: 0, of: vec![Vec::new(); lines.goods.len()] };
        let mut last = None;
        for own in lines.all.chunk_by(|a, b| (a.who, a.day) == (b.who, b.day)) {
            let mut goods: Vec<u32> = own.iter().map(|one| one.good).collect();
            goods.sort_unstable();
            goods.dedup();
            let at = days.all.len() as u32;
            let (who, day) = (own[0].who, own[0].day);
            for good in &goods {
                days.of[*good as usize].push(at);
                let (customer, product) = (u64::from(who), u64::from(*good));
                days.purchases.push(Purchase { customer, product, at: f64::from(day), quantity: 1.0 });
            }
            days.n_people += usize::from(last != Some(who));
            last = Some(who);
            days.all.push(Day { who, day, goods });
        }
        days
    }

    pub(super) fn n(&self) -> usize {
        self.all.len()
    }

    pub(super) fn n_people(&self) -> usize {
        self.n_people
    }

    /// Pairs that chance does not explain.
    pub(super) fn pairs(&self, spec: &Spec, k: u64, n_threads: usize) -> Result<Found> {
        let usual = (self.n_people.div_ceil(500) as u32).max(5);
        let min_customers = spec.min_customers.unwrap_or(usual).max(u32::try_from(k).unwrap_or(u32::MAX));
        let options =
            NextOptions { max_gap: f64::from(spec.max_gap_days), min_customers, min_lift: spec.min_lift, n_threads };
        let mut pairs = bought_next(&self.purchases, &options)
            .map_err(|problem| Error::bug("bought next", std::io::Error::other(format!("{problem:?}"))))?;
        let n_tried = pairs.len();
        pairs.retain(|pair| pair.confidence >= spec.min_confidence && (pair.q <= MAX_Q || spec.min_lift < 1.0));
        pairs.sort_by(|a, b| beyond(b).total_cmp(&beyond(a)));
        Ok(Found { pairs, n_tried, min_customers })
    }

    /// The people of a pair, ascending.
    pub(super) fn behind(&self, first: u32, next: u32, which: Which, max_gap: u32, last_day: i64) -> Vec<u32> {
        match which {
            Which::Both => {
                let mut who: Vec<u32> = self.followed(first, next, max_gap).into_iter().map(|(who, _)| who).collect();
                who.dedup();
                who
            }
            Which::Left => self.left(first, next, max_gap, last_day),
        }
    }

    /// Customers and days that it took, of each day with the first that the next followed in time.
    fn followed(&self, first: u32, next: u32, max_gap: u32) -> Vec<(u32, i64)> {
        let mut found = Vec::new();
        for at in self.of[first as usize].iter().map(|at| *at as usize) {
            let day = &self.all[at];
            if day.goods.binary_search(&next).is_ok() {
                continue;
            }
            let near = |later: &&Day| later.who == day.who && i64::from(later.day - day.day) <= i64::from(max_gap);
            let next =
                self.all[at + 1..].iter().take_while(near).find(|later| later.goods.binary_search(&next).is_ok());
            found.extend(next.map(|later| (day.who, i64::from(later.day - day.day))));
        }
        found
    }

    fn left(&self, first: u32, next: u32, max_gap: u32, last_day: i64) -> Vec<u32> {
        let mut found = Vec::new();
        let of = &self.of[first as usize];
        for own in of.chunk_by(|a, b| self.all[*a as usize].who == self.all[*b as usize].who) {
            let at = own[own.len() - 1] as usize;
            let day = &self.all[at];
            let is_near = last_day - i64::from(day.day) <= i64::from(max_gap);
            let mut since = self.all[at..].iter().take_while(|later| later.who == day.who);
            if is_near && !since.any(|later| later.goods.binary_search(&next).is_ok()) {
                found.push(day.who);
            }
        }
        found
    }

    /// A pair as it is told; none where it would tell of few people.
    pub(super) fn told(
        &self,
        pair: &NextPair,
        good: impl Fn(u64) -> Good,
        spec: &Spec,
        last_day: i64,
        k: u64,
    ) -> Option<NextRule> {
        let (first, next) = (pair.first as u32, pair.next as u32);
        let mut took = self.followed(first, next, spec.max_gap_days);
        let firsts = self.of[first as usize].iter().map(|at| &self.all[*at as usize]);
        let mut others: Vec<u32> =
            firsts.filter(|day| day.goods.binary_search(&next).is_err()).map(|day| day.who).collect();
        others.dedup();
        let n_people = u64::from(pair.n_customers);
        if is_small(others.len() as u64 - n_people, k) || is_small(n_people, k) {
            return None;
        }
        let mut back: Vec<u32> =
            self.followed(next, first, spec.max_gap_days).into_iter().map(|(who, _)| who).collect();
        back.dedup();
        took.sort_unstable_by_key(|(_, days)| *days);
        let quarter = |part: usize| took.get((took.len() * part).div_ceil(4).saturating_sub(1)).map_or(0, |one| one.1);
        let n_left = self.left(first, next, spec.max_gap_days, last_day).len() as u64;
        Some(NextRule {
            first: good(pair.first),
            next: good(pair.next),
            n_people,
            n_first: pair.n_first.into(),
            n_both: pair.n_both.into(),
            n_reverse: (!is_small(back.len() as u64, k)).then_some(pair.n_reverse.into()),
            confidence: pair.confidence,
            lift: pair.lift,
            n_beyond: beyond(pair),
            q: pair.q,
            gap_days: [quarter(1), quarter(2), quarter(3)],
            n_left: (!is_small(n_left, k)).then_some(n_left),
        })
    }
}

fn beyond(pair: &NextPair) -> f64 {
    f64::from(pair.n_both) * (1.0 - 1.0 / pair.lift)
}
