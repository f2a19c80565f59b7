//! Who came back, and when.

use std::collections::BTreeMap;

/// When somebody began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Start {
    /// The calendar period of it, by the caller's calendar.
    pub cohort: i32,
    /// When, in the unit of [`RetentionOptions::period`].
    pub at: i64,
}

/// One person.
#[derive(Clone, Copy, Debug)]
pub struct Person<'a> {
    /// Beginnings, in any order.
    pub starts: &'a [Start],
    /// Times of coming back, in any order and the same unit.
    pub returns: &'a [i64],
}

/// What counts as having come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Measure {
    /// In the very period.
    Exact {
        /// Periods from 0 on, 10,000 at most.
        n_periods: u32,
    },
    /// In the period or any later one.
    Unbounded {
        /// Periods from 0 on, 10,000 at most.
        n_periods: u32,
    },
    /// In any period of a bracket, its end not included.
    Bracket(Vec<(u32, u32)>),
}

/// Most periods of a table.
const MAX_PERIODS: i64 = 10_000;

/// How retention is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetentionOptions {
    /// What counts.
    pub measure: Measure,
    /// Whether each person counts once, where it first began; else once in every cohort in which it did.
    pub is_first_time: bool,
    /// Length of a period. For calendar periods, times are numbers of periods and this is 1; for rolling ones, times are
    /// instants and this is how long 24 hours are.
    pub period: i64,
    /// End of observation, not included.
    pub observed_until: i64,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Those for whom the period has passed.
    pub n_observed: u64,
    /// Those of them who came back.
    pub n_returned: u64,
}

/// A cohort.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Its period.
    pub cohort: i32,
    /// Its size.
    pub n: u64,
    /// By period or bracket; `None` where time has not filled it for anybody.
    pub cells: Vec<Option<Cell>>,
}

/// Counts cohorts, in ascending order; empty when the period is not above 0. A return before the beginning is none.
pub fn retention<'a>(people: impl IntoIterator<Item = Person<'a>>, options: &RetentionOptions) -> Vec<Retention> {
    if options.period <= 0 {
        return Vec::new();
    }
    let brackets: Vec<(i64, i64)> = match &options.measure {
        Measure::Exact { n_periods } | Measure::Unbounded { n_periods } => {
            (0..i64::from(*n_periods).min(MAX_PERIODS)).map(|at| (at, at + 1)).collect()
        }
        Measure::Bracket(brackets) => brackets.iter().map(|(from, to)| (i64::from(*from), i64::from(*to))).collect(),
    };
    let is_unbounded = matches!(options.measure, Measure::Unbounded { .. });
    let mut cohorts: BTreeMap<i32, (u64, Vec<Cell>)> = BTreeMap::new();
    for person in people {
        let mut starts: Vec<Start> = person.starts.to_vec();
        starts.sort_unstable_by_key(|start| (start.at, start.cohort));
        if options.is_first_time {
            starts.truncate(1);
        }
        // The first beginning of each cohort.
        starts.sort_by_key(|start| start.cohort);
        starts.dedup_by_key(|start| start.cohort);
        for start in starts {
            let blank = || (0, vec![Cell { n_observed: 0, n_returned: 0 }; brackets.len()]);
            let (n, cells) = cohorts.entry(start.cohort).or_insert_with(blank);
            *n += 1;
            let mut offsets: Vec<i64> = person
                .returns
                .iter()
                .filter_map(|at| at.checked_sub(start.at))
                .filter(|since| *since >= 0)
                .map(|since| since / options.period)
                .collect();
            offsets.sort_unstable();
            for (cell, (from, to)) in cells.iter_mut().zip(&brackets) {
                let end = options.period.saturating_mul(*to).saturating_add(start.at);
                if end > options.observed_until {
                    continue;
                }
                cell.n_observed += 1;
                let next = offsets.get(offsets.partition_point(|offset| offset < from));
                cell.n_returned += u64::from(next.is_some_and(|offset| is_unbounded || offset < to));
            }
        }
    }
    cohorts
        .into_iter()
        .map(|(cohort, (n, cells))| Retention {
            cohort,
            n,
            cells: cells.into_iter().map(|cell| (cell.n_observed > 0).then_some(cell)).collect(),
        })
        .collect()
}
