//! How often people are there, and who comes and goes.

/// On how many periods people were there.
#[derive(Clone, Debug, PartialEq)]
pub struct Stickiness {
    /// People by number of active periods, from 1 on.
    pub n_people: Vec<u64>,
    /// Mean number of people a period over people at all (DAU / MAU); 0 when there are none.
    pub ratio: f64,
}

/// Counts active periods from `from` to `to`, the end not included.
///
/// **Shape**: for each person its active periods, in any order, doubled or not. Empty when the range is, or when it is longer
/// than 100,000 periods.
pub fn stickiness<'a>(people: impl IntoIterator<Item = &'a [i32]>, from: i32, to: i32) -> Stickiness {
    let n_periods = range(from, to);
    let mut n_people = vec![0; n_periods];
    for active in people {
        let n = distinct(active).iter().filter(|period| (from..to).contains(period)).count();
        if let Some(place) = n.checked_sub(1).and_then(|at| n_people.get_mut(at)) {
            *place += 1;
        }
    }
    let all: u64 = n_people.iter().sum();
    let visits: u64 = n_people.iter().zip(1..).map(|(n, periods): (&u64, u64)| n * periods).sum();
    let ratio = if all > 0 { visits as f64 / n_periods as f64 / all as f64 } else { 0.0 };
    Stickiness { n_people, ratio }
}

fn range(from: i32, to: i32) -> usize {
    let n = usize::try_from(i64::from(to) - i64::from(from)).unwrap_or(0);
    if n > 100_000 { 0 } else { n }
}

fn distinct(active: &[i32]) -> Vec<i32> {
    let mut periods = active.to_vec();
    periods.sort_unstable();
    periods.dedup();
    periods
}

/// Who is there in a period, and who no longer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lifecycle {
    /// There for the first time ever.
    pub n_new: u64,
    /// There, and in the period before.
    pub n_returning: u64,
    /// There, not in the period before, but earlier.
    pub n_resurrected: u64,
    /// Not there, but in the period before.
    pub n_dormant: u64,
}

/// Counts lives for each period from `from` to `to`, the end not included.
///
/// **Shape**: for each person all its active periods, those before `from` too, in any order. Empty as [`stickiness`].
pub fn lifecycle<'a>(people: impl IntoIterator<Item = &'a [i32]>, from: i32, to: i32) -> Vec<Lifecycle> {
    let mut rows = vec![Lifecycle::default(); range(from, to)];
    let place = |period: i64| usize::try_from(period - i64::from(from)).ok();
    for active in people {
        let mut before: Option<i64> = None;
        for period in distinct(active).into_iter().map(i64::from) {
            if let Some(row) = place(period).and_then(|at| rows.get_mut(at)) {
                match before {
                    None => row.n_new += 1,
                    Some(last) if last + 1 == period => row.n_returning += 1,
                    Some(_) => row.n_resurrected += 1,
                }
            }
            // Gone after the last one, unless the next follows.
            if let Some(last) = before.filter(|last| last + 1 < period)
                && let Some(row) = place(last + 1).and_then(|at| rows.get_mut(at))
            {
                row.n_dormant += 1;
            }
            before = Some(period);
        }
        if let Some(row) = before.and_then(|last| place(last + 1)).and_then(|at| rows.get_mut(at)) {
            row.n_dormant += 1;
        }
    }
    rows
}
