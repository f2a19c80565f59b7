//! Groups of customers who are alike in when, how often and for how much they buy.

use zhike_domain::learn::Withheld;
use zhike_ml::groups::{self, Degree, Distinction, Limits, Options, Points};

use super::artifact::{Bits, ClustersText};
use super::card::{Card, Parameter, Tried};
use super::purchases::Purchases;
use crate::refresh::day_text;
use crate::work::threads;
use crate::{Error, Result};

/// Columns: what a high and a low value are called, in Chinese and English. Recency counts days, so a high one is long ago.
const COLUMNS: [[(&str, &str); 2]; 3] = [
    [("久未下单", "long away"), ("近期活跃", "bought lately")],
    [("高频", "frequent"), ("低频", "rare")],
    [("高消费", "high spend"), ("低消费", "low spend")],
];
/// Widths that cells farther from the mean are cut to.
const CLIP: f64 = 3.0;
/// Centres of one group from one version to the next are nearer than this, in widths.
const SAME: f64 = 0.75;
/// Fewest customers.
const MIN_CUSTOMERS: usize = 100;

/// What was learnt, and how good it is.
pub(super) struct Learnt {
    pub(super) card: Card,
    pub(super) text: Option<ClustersText>,
}

/// Rows of logarithms: days since the last order, days with orders, net amount.
fn points(purchases: &Purchases) -> (Vec<usize>, Vec<f64>) {
    let mut who = Vec::new();
    let mut values = Vec::new();
    for at in 0..purchases.n() {
        let Some(habit) = purchases.habit(at, purchases.until) else { continue };
        who.push(at);
        let money = (habit.net as f64 / 100.0).max(0.0);
        values.extend([habit.since as f64, f64::from(habit.n_days), money].map(f64::ln_1p));
    }
    (who, values)
}

/// Mean and standard deviation of each column.
fn scale(values: &[f64]) -> Vec<(f64, f64)> {
    let n = (values.len() / 3) as f64;
    (0..3)
        .map(|column| {
            let mut cells: Vec<f64> = values.iter().skip(column).step_by(3).copied().collect();
            // Sorted, so that sums do not depend on the order of customers.
            cells.sort_unstable_by(f64::total_cmp);
            let mean = cells.iter().sum::<f64>() / n;
            let variance = cells.iter().map(|cell| (cell - mean).powi(2)).sum::<f64>() / n;
            (mean, if variance > 1e-12 { variance.sqrt() } else { 1.0 })
        })
        .collect()
}

fn scaled(values: &mut [f64], scale: &[(f64, f64)]) {
    for row in values.chunks_exact_mut(3) {
        row.iter_mut().zip(scale).for_each(|(cell, (mean, width))| *cell = ((*cell - mean) / width).clamp(-CLIP, CLIP));
    }
}

/// Finds groups, and gives those that were there before their old numbers.
pub(super) fn learn(purchases: &Purchases, before: Option<&ClustersText>) -> Result<Learnt> {
    let mut card = Card::blank(purchases.until);
    card.learner = "k_means".into();
    let (who, mut values) = points(purchases);
    card.n_rows = who.len();
    card.learns_from = vec![day_text(purchases.until)];
    if who.len() < MIN_CUSTOMERS {
        card.withheld = Some(Withheld::TooFew { n: who.len(), needed: MIN_CUSTOMERS });
        return Ok(Learnt { card, text: None });
    }
    let scale = scale(&values);
    scaled(&mut values, &scale);
    let points = Points::new(&values, 3);
    let options = Options { n_threads: threads(), ..Options::default() };
    let Ok(choice) = groups::choose(&points, &Limits::default(), &options) else {
        card.withheld = Some(Withheld::NotConverged);
        return Ok(Learnt { card, text: None });
    };
    card.tried = choice
        .candidates
        .iter()
        .enumerate()
        .map(|(at, tried)| Tried {
            name: tried.k.to_string(),
            // The best has the highest silhouette.
            loss: Some(1.0 - tried.silhouette),
            is_chosen: at == choice.best,
        })
        .collect();
    let best = &choice.candidates[choice.best];
    let parameter = |name: &str, value: f64| Parameter { name: name.to_owned(), value, low: None, high: None };
    card.parameters = vec![
        parameter("k", best.k as f64),
        parameter("silhouette", best.silhouette),
        parameter("stability", best.stability),
        parameter("smallest_share", best.smallest_share),
        parameter("inertia", best.inertia),
    ];
    let told = groups::describe(&points, &choice.clustering.labels)
        .map_err(|problem| Error::bug("groups", std::io::Error::other(format!("{problem:?}"))))?;
    let labels = labels(&told);
    let centres = &choice.clustering.centres;
    let numbers = numbers(centres, &scale, before)?;
    let text = ClustersText {
        scale: scale.iter().map(|(mean, width)| (Bits(*mean), Bits(*width))).collect(),
        centres: centres.iter().copied().map(Bits).collect(),
        numbers,
        labels,
    };
    Ok(Learnt { card, text: Some(text) })
}

/// Numbers of groups: those of the groups of before that they are, and new ones.
fn numbers(centres: &[f64], scale: &[(f64, f64)], before: Option<&ClustersText>) -> Result<Vec<i64>> {
    let k = centres.len() / 3;
    let Some(before) = before else { return Ok((1..=k as i64).collect()) };
    // In the scale of before.
    let mut now = centres.to_vec();
    for row in now.chunks_exact_mut(3) {
        for (cell, ((mean, width), was)) in row.iter_mut().zip(scale.iter().zip(&before.scale)) {
            *cell = (*cell * width + mean - was.0.0) / was.1.0;
        }
    }
    let old: Vec<f64> = before.centres.iter().map(|cell| cell.0).collect();
    let found = groups::recognise(&old, &now, 3, SAME)
        .map_err(|problem| Error::bug("groups", std::io::Error::other(format!("{problem:?}"))))?;
    let mut next = before.numbers.iter().max().copied().unwrap_or(0);
    let number = |old: Option<usize>| {
        old.and_then(|old| before.numbers.get(old).copied()).unwrap_or_else(|| {
            next += 1;
            next
        })
    };
    Ok(found.into_iter().map(number).collect())
}

/// What sets groups apart, in words: what is clear of each, at most three things; no two groups are called the same.
fn labels(told: &[Vec<Distinction>]) -> Vec<(String, String)> {
    let words = |own: &[Distinction]| {
        let clear: Vec<_> = own.iter().filter(|one| one.degree >= Degree::Clear).collect();
        let word = |one: &&Distinction| COLUMNS[one.column][usize::from(one.effect < 0.0)];
        let zh: Vec<&str> = clear.iter().map(|one| word(one).0).collect();
        let en: Vec<&str> = clear.iter().map(|one| word(one).1).collect();
        if zh.is_empty() { ("中间群体".into(), "in between".into()) } else { (zh.join("·"), en.join(", ")) }
    };
    let mut labels: Vec<(String, String)> = told.iter().map(|own| words(own)).collect();
    for at in 1..labels.len() {
        let n = labels[..at].iter().filter(|other| other.0.split(' ').next() == Some(&labels[at].0)).count();
        if n > 0 {
            labels[at] = (format!("{} {}", labels[at].0, n + 1), format!("{} {}", labels[at].1, n + 1));
        }
    }
    labels
}

/// A customer's group.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Placed {
    /// Position of the group in the model.
    pub(super) group: usize,
    /// Distance from its centre, in widths.
    pub(super) distance: f64,
}

/// Everybody's group as of the last day of the purchases, by position.
pub(super) fn place(text: &ClustersText, purchases: &Purchases) -> Vec<(usize, Placed)> {
    let scale: Vec<(f64, f64)> = text.scale.iter().map(|(mean, width)| (mean.0, width.0)).collect();
    let (who, mut values) = points(purchases);
    scaled(&mut values, &scale);
    let nearest = |row: &[f64]| {
        let distance = |centre: &[Bits]| -> f64 {
            row.iter().zip(centre).map(|(cell, centre)| (cell - centre.0).powi(2)).sum::<f64>().sqrt()
        };
        let all = text.centres.chunks_exact(3).map(distance).enumerate();
        let (group, distance) = all.min_by(|a, b| a.1.total_cmp(&b.1)).unwrap_or_default();
        Placed { group, distance }
    };
    who.into_iter().zip(values.chunks_exact(3).map(nearest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_stays_keeps_its_number() {
        let text = |centres: &[f64], numbers: &[i64]| ClustersText {
            scale: vec![(Bits(0.0), Bits(1.0)); 3],
            centres: centres.iter().copied().map(Bits).collect(),
            numbers: numbers.to_vec(),
            labels: Vec::new(),
        };
        let before = text(&[0.0, 0.0, 0.0, 2.0, 2.0, 2.0], &[4, 7]);
        let scale = [(0.0, 1.0); 3];
        let now = [2.1, 2.0, 2.0, -2.0, -2.0, -2.0, 0.1, 0.0, 0.0];
        assert_eq!(numbers(&now, &scale, Some(&before)).unwrap(), [7, 8, 4]);
        assert_eq!(numbers(&now, &scale, None).unwrap(), [1, 2, 3]);
        // In another scale they are the same customers.
        let wide = [(0.0, 2.0); 3];
        let half: Vec<f64> = now.iter().map(|cell| cell / 2.0).collect();
        assert_eq!(numbers(&half, &wide, Some(&before)).unwrap(), [7, 8, 4]);
    }

    #[test]
    fn labels_say_what_is_clear_and_differ() {
        let one = |column, effect: f64| Distinction {
            column,
            mean: 0.0,
            rest_mean: 0.0,
            effect,
            degree: if effect.abs() > 0.5 { Degree::Strong } else { Degree::Alike },
        };
        let told = [vec![one(1, 2.0), one(0, -1.0), one(2, 0.1)], vec![one(1, 1.0), one(0, -1.0)], vec![one(2, 0.1)]];
        let labels = labels(&told);
        assert_eq!(labels[0], ("高频·近期活跃".into(), "frequent, bought lately".into()));
        assert_eq!(labels[1].0, "高频·近期活跃 2");
        assert_eq!(labels[2].0, "中间群体");
    }
}
