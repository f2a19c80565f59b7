//! Whether a ranking of people by what moves them is worth anything.

use crate::special::reach;

/// A tenth of people, ranked by what a model says of their uplift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tenth {
    /// People.
    pub n: usize,
    /// Mean of what the model says.
    pub said: f64,
    /// What treatment changed in them.
    pub uplift: f64,
    /// Interval of it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// How much better the ranking is than none.
#[derive(Clone, Debug, PartialEq)]
pub struct Heterogeneity {
    /// Area between the curve of what is gained by treating the best first and the line of treating anybody, in outcomes a
    /// person.
    pub qini: f64,
    /// Interval of it.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The interval is above nought. If not, no heterogeneity was found, and nobody should be ranked.
    pub is_found: bool,
    /// Best first.
    pub tenths: Vec<Tenth>,
}

/// What is known of one person, out of fold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// Row.
    pub(super) at: usize,
    pub(super) id: u64,
    pub(super) fold: usize,
    /// What the model says of the uplift.
    pub(super) said: f64,
    /// Estimate of the person's uplift whose mean is right whatever the model says.
    pub(super) effect: f64,
}

/// Grades a ranking, and says in which tenth each row is, from 0, the best. Ranks are within folds, since models of different folds say differently; equal ones share their rank.
///
/// **Source**: Radcliffe 2007 for the curve; its area is a mean of effects weighted by rank, hence the interval.
pub(super) fn grade(people: &[Judged], level: f64) -> (Heterogeneity, Vec<u8>) {
    let mut ranked: Vec<(f64, Judged)> = Vec::with_capacity(people.len());
    let n_folds = people.iter().map(|person| person.fold + 1).max().unwrap_or(0);
    for fold in 0..n_folds {
        let mut own: Vec<Judged> = people.iter().copied().filter(|person| person.fold == fold).collect();
        own.sort_by(|a, b| b.said.total_cmp(&a.said).then(a.id.cmp(&b.id)).then(a.effect.total_cmp(&b.effect)));
        let n = own.len() as f64;
        let mut first = 0.0;
        for group in own.chunk_by(|a, b| a.said == b.said) {
            let rank = (first + group.len() as f64 / 2.0) / n;
            ranked.extend(group.iter().map(|person| (rank, *person)));
            first += group.len() as f64;
        }
    }
    let z = reach(level);
    let interval = |values: &[f64]| {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let error = (variance / n).sqrt();
        (mean, mean - z * error, mean + z * error)
    };
    let weighted: Vec<f64> = ranked.iter().map(|(rank, person)| person.effect * (0.5 - rank)).collect();
    let (qini, low, high) = interval(&weighted);
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.id.cmp(&b.1.id)));
    let n = ranked.len();
    let mut tenth_of = vec![0; n];
    for tenth in 0..10_u8 {
        let of = usize::from(tenth);
        ranked[of * n / 10..(of + 1) * n / 10].iter().for_each(|(_, person)| tenth_of[person.at] = tenth);
    }
    let tenths = (0..10)
        .map(|tenth| &ranked[tenth * n / 10..(tenth + 1) * n / 10])
        .filter(|own| !own.is_empty())
        .map(|own| {
            let effects: Vec<f64> = own.iter().map(|(_, person)| person.effect).collect();
            let (uplift, low, high) = interval(&effects);
            let said = own.iter().map(|(_, person)| person.said).sum::<f64>() / own.len() as f64;
            Tenth { n: own.len(), said, uplift, low, high }
        })
        .collect();
    (Heterogeneity { qini, low, high, is_found: low > 0.0, tenths }, tenth_of)
}
