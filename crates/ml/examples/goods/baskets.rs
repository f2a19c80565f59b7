//! Baskets of a grocer, and many made-up ones.

use std::collections::HashMap;
use std::fmt::Write as _;

use zhike_ml::baskets::{Baskets, Limits, Line as Row, RuleOptions, itemsets, rules};

use super::clock::measured;
use super::read::{self, Line};

pub fn groceries(folder: &str) {
    let mut known: HashMap<String, u64> = HashMap::new();
    let mut rows = Vec::new();
    for (basket, line) in read::text(&format!("{folder}/groceries/groceries.csv.gz")).lines().enumerate() {
        for name in line.split(',') {
            let next = known.len() as u64;
            let product = *known.entry(name.trim().to_owned()).or_insert(next);
            rows.push(Row { basket: basket as u64, product });
        }
    }
    for (min_support, min_confidence) in [(0.01, 0.5), (0.006, 0.25), (0.001, 0.8), (0.0005, 0.8)] {
        sets("Groceries, 9,835 baskets", &rows, min_support, min_confidence);
    }
}

fn sets(what: &str, rows: &[Row], min_support: f64, min_confidence: f64) {
    for n_threads in [1, 2] {
        let limits = Limits { min_support, n_threads, ..Limits::default() };
        let find = || itemsets(&Baskets::new(rows).expect("baskets"), &limits).expect("sets");
        let (sets, ms, processor_ms) = measured(find);
        let options = RuleOptions { min_confidence, n_threads, ..RuleOptions::default() };
        let (found, rules_ms, rules_processor_ms) = measured(|| rules(&sets, &options));
        let kept = rules(&sets, &RuleOptions { drop_redundant: true, ..options });
        Line::new(&format!("{what}, support {min_support}"), &format!("Zhike, {n_threads} threads"))
            .figure("sets", sets.len() as f64, 0)
            .figure("ms", ms, 1)
            .figure("processor ms", processor_ms, 1)
            .figure(&format!("rules of confidence {min_confidence}"), found.len() as f64, 0)
            .figure("top lift", found.first().map_or(f64::NAN, |rule| rule.lift), 4)
            .figure("q below 0.05", found.iter().filter(|rule| rule.q < 0.05).count() as f64, 0)
            .figure("not redundant", kept.len() as f64, 0)
            .figure("rules ms", rules_ms, 1)
            .figure("rules processor ms", rules_processor_ms, 1)
            .print();
    }
}

/// 100,000 baskets of ten products of 870 in the mean, made of 2,000 patterns of four that overlap, are bought with unequal
/// chance, and are cut short now and then: after the recipe of Agrawal and Srikant 1994 (T10I4D100K).
pub fn made_up(scratch: &str) {
    let mut dice = Dice(17);
    let mut patterns: Vec<Vec<u64>> = Vec::new();
    for at in 0..2_000 {
        let size = 1 + dice.poisson(3.0);
        let mut pattern: Vec<u64> = Vec::new();
        while pattern.len() < size {
            let before = if at > 0 && dice.uniform() < 0.5 { patterns[at - 1].as_slice() } else { &[] };
            let product =
                if before.is_empty() { dice.below(870) } else { before[dice.below(before.len() as u64) as usize] };
            if pattern.contains(&product) && before.is_empty() {
                continue;
            }
            pattern.push(if pattern.contains(&product) { dice.below(870) } else { product });
        }
        patterns.push(pattern);
    }
    let mut sums = vec![0.0];
    patterns.iter().for_each(|_| sums.push(sums.last().copied().unwrap_or(0.0) - dice.uniform().max(1e-12).ln()));
    let total = sums.last().copied().unwrap_or(0.0);
    let (mut rows, mut text) = (Vec::new(), String::new());
    for basket in 0..100_000_u64 {
        let size = 1 + dice.poisson(9.0);
        let mut own: Vec<u64> = Vec::new();
        while own.len() < size {
            let drawn = dice.uniform() * total;
            let pattern = &patterns[sums.partition_point(|sum| *sum <= drawn) - 1];
            own.extend(pattern.iter().filter(|_| dice.uniform() < 0.6));
        }
        own.sort_unstable();
        own.dedup();
        for product in own {
            rows.push(Row { basket, product });
            let _ = write!(text, "{product} ");
        }
        text.push('\n');
    }
    read::write(&format!("{scratch}/baskets.txt"), &text);
    for min_support in [0.005, 0.001, 0.0005] {
        sets("100,000 made-up baskets", &rows, min_support, 0.5);
    }
}

pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % n
    }

    pub fn uniform(&mut self) -> f64 {
        self.below(1 << 30) as f64 / f64::from(1 << 30)
    }

    fn poisson(&mut self, mean: f64) -> usize {
        let end = (-mean).exp();
        let mut product = self.uniform();
        let mut n = 0;
        while product > end {
            product *= self.uniform();
            n += 1;
        }
        n
    }
}
