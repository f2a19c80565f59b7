//! What a figure will be, told from what it was.
//!
//! Owns which periods are learnt from, how gaps are filled, which days are marked, and when nothing is told. How series go on
//! is `zhike_ml::forecast`'s.
//!
//! - INV-KPI-3 (`tests/it/kpis_ahead.rs`): what is told ahead of a day does not change with what comes after it.

use crate::boxed;
use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::kpi::{Holiday, Kpi, Period, PeriodKind, Unit, holidays};
use zhike_ml::forecast::{self, Method, Problem, Reason, Total};

use super::{Known, Window, is_told, sums, total};
use crate::work::{threads, worked};
use crate::workspace::date_of;
use crate::{Ctx, Error, Result};

/// Periods that are learnt from at most.
const MAX_HISTORY: usize = 750;
/// Of them without a number at most: one in five.
const MAX_GAPS: usize = 5;
/// Levels of ranges.
pub(super) const LEVELS: [f64; 2] = [0.8, 0.95];
/// Periods told at most.
const MAX_AHEAD: usize = 370;
/// Periods in which a holiday was met without which nothing is said of it.
const MIN_MARKS: usize = 2;

/// What a figure will be.
#[derive(Clone, Debug)]
pub struct Ahead {
    /// Figure.
    pub kpi: &'static Kpi,
    /// How long a period is.
    pub by: PeriodKind,
    /// Last day of which anything is known.
    pub through: i64,
    /// Whole periods that it was learnt from.
    pub n_periods: usize,
    /// Of them, those without a number, taken to be as a season before.
    pub n_gaps: usize,
    /// What is told, or why nothing is.
    pub told: std::result::Result<Outlook, Untold>,
}

/// What is told.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// How it is told.
    pub method: Method,
    /// Why so.
    pub reason: Reason,
    /// The next periods, the one that is not over first.
    pub points: Vec<AheadPoint>,
    /// What they add up to, where numbers of periods do.
    pub total: Option<Total>,
    /// How it did from earlier points in time.
    pub grade: AheadGrade,
    /// What holidays do, the strongest first.
    pub holidays: Vec<HolidayEffect>,
}

/// A period to come.
#[derive(Clone, Debug)]
pub struct AheadPoint {
    /// Period.
    pub period: Period,
    /// The number expected.
    pub value: f64,
    /// Between which it is 4 times out of 5, and 19 out of 20.
    pub ranges: [(f64, f64); 2],
    /// What is celebrated.
    pub holidays: Vec<&'static Holiday>,
}

/// How a way of telling did from earlier points in time.
#[derive(Clone, Copy, Debug)]
pub struct AheadGrade {
    /// Points in time.
    pub n_origins: usize,
    /// Mean absolute error over that of one step of the plain way within the history.
    pub mase: f64,
    /// That of the plain way: the same as a season before.
    pub naive_mase: f64,
    /// Symmetric mean error, 0 to 2.
    pub smape: f64,
    /// Error over that of the plain way, by both measures.
    pub owa: f64,
    /// Share of true numbers within the ranges of [`LEVELS`].
    pub coverage: [f64; 2],
}

/// What a holiday does to a period that is one.
#[derive(Clone, Copy, Debug)]
pub struct HolidayEffect {
    /// Chinese and English name.
    pub name: (&'static str, &'static str),
    /// A factor, or what is added.
    pub size: f64,
    /// Whether it is a factor.
    pub is_factor: bool,
    /// Periods in which it was met.
    pub n_periods: usize,
}

/// Why nothing is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Untold {
    /// Too few whole periods.
    TooShort {
        /// How many there are.
        n: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Too many periods without a number.
    Gaps {
        /// How many.
        n: usize,
        /// Of how many.
        of: usize,
    },
}

/// The numbers of whole periods, without gaps.
#[derive(Default)]
pub(super) struct History {
    pub(super) periods: Vec<Period>,
    pub(super) values: Vec<f64>,
    pub(super) n_gaps: usize,
}

/// The next periods that a figure is told for when nobody says how many.
pub const fn usual_ahead(by: PeriodKind) -> usize {
    match by {
        PeriodKind::Day => 28,
        PeriodKind::Week => 13,
        PeriodKind::Month => 6,
        PeriodKind::Quarter => 4,
    }
}

/// After how many periods the pattern comes back.
pub(super) const fn seasons(by: PeriodKind) -> &'static [usize] {
    match by {
        PeriodKind::Day => &[7, 365],
        PeriodKind::Week => &[52],
        PeriodKind::Month => &[12],
        PeriodKind::Quarter => &[4],
    }
}

/// Tells the next `n` periods of a figure; with `through`, from what had happened by the end of that day.
///
/// **Errors**: `bad_request` for none, or too many.
#[boxed]
pub async fn ahead(
    ctx: &Ctx,
    kpi: &'static Kpi,
    by: PeriodKind,
    n: Option<usize>,
    through: Option<i64>,
) -> Result<Ahead> {
    let n = n.unwrap_or(usual_ahead(by));
    if n == 0 || n > MAX_AHEAD {
        return Err(Error::bad_request(
            format!("between 1 and {MAX_AHEAD} periods can be told"),
            format!("可预测 1 到 {MAX_AHEAD} 个周期"),
        ));
    }
    ctx.refresh_overrides().await?;
    let known = Known::new(ctx, &[kpi]).await?;
    let through = through.map_or(known.through, |day| day.min(known.through));
    let history = history(ctx, kpi, &known, by, through).await?;
    tell(ctx, kpi, by, through, &history, n).await
}

/// What the next days add up to; `None` when nothing is told of them.
pub(super) async fn next_days(ctx: &Ctx, kpi: &'static Kpi, known: &Known, n: i64) -> Result<Option<Total>> {
    let Some(n) = usize::try_from(n).ok().filter(|n| (1..=MAX_AHEAD).contains(n)) else { return Ok(None) };
    let history = history(ctx, kpi, known, PeriodKind::Day, known.through).await?;
    // The days that are told begin where those of the goal are known to.
    if history.periods.last().is_none_or(|last| last.first != known.through) {
        return Ok(None);
    }
    let ahead = tell(ctx, kpi, PeriodKind::Day, known.through, &history, n).await?;
    Ok(ahead.told.ok().and_then(|outlook| outlook.total))
}

/// The whole periods of a figure up to a day.
pub(super) async fn history(
    ctx: &Ctx,
    kpi: &'static Kpi,
    known: &Known,
    by: PeriodKind,
    through: i64,
) -> Result<History> {
    let mut all = histories(ctx, &[kpi], known, by, (through, MAX_HISTORY)).await?;
    Ok(all.pop().unwrap_or_default())
}

/// The whole periods of figures up to a day, so many at most: one scan answers all figures of one kind of rows.
pub(super) async fn histories(
    ctx: &Ctx,
    kpis: &[&'static Kpi],
    known: &Known,
    by: PeriodKind,
    (through, most): (i64, usize),
) -> Result<Vec<History>> {
    let mut end = Period::containing(by, through);
    if end.last() > through || known.is_unfinished(end) {
        end = end.previous();
    }
    let Some(data_from) = kpis.iter().filter_map(|kpi| known.first_day(kpi)).min() else {
        return Ok(kpis.iter().map(|_| History::default()).collect());
    };
    let mut periods = Vec::new();
    while end.first >= data_from && periods.len() < most {
        periods.push(end);
        end = end.previous();
    }
    periods.reverse();
    let windows: Vec<Window> = periods.iter().map(|&period| Window::of(period, through)).collect();
    let tables = if windows.is_empty() { Vec::new() } else { sums(ctx, kpis, &windows, None).await? };
    let k = ctx.min_group();
    let of = |(number, kpi): (usize, &&'static Kpi)| {
        let from = known.first_day(kpi);
        let first = from.map_or(periods.len(), |from| periods.partition_point(|period| period.first < from));
        let number = |at: usize| {
            let sums = tables.get(number).map(|table| total(table, at, kpi))?;
            kpi.number(sums.part, sums.whole).filter(|_| is_told(kpi, sums, k))
        };
        let numbers: Vec<Option<f64>> = (first..periods.len()).map(number).collect();
        let n_gaps = numbers.iter().filter(|number| number.is_none()).count();
        History { values: filled(&numbers, seasons(by)[0]), periods: periods[first..].to_vec(), n_gaps }
    };
    Ok(kpis.iter().enumerate().map(of).collect())
}

/// Gaps are as a season before, else as the one before, else as the first that is known.
pub(super) fn filled(numbers: &[Option<f64>], season: usize) -> Vec<f64> {
    let first = numbers.iter().flatten().next().copied().unwrap_or(0.0);
    let mut values: Vec<f64> = Vec::with_capacity(numbers.len());
    for number in numbers {
        let before = values.len().checked_sub(season).map(|at| values[at]);
        values.push(number.or(before).or(values.last().copied()).unwrap_or(first));
    }
    values
}

async fn tell(
    ctx: &Ctx,
    kpi: &'static Kpi,
    by: PeriodKind,
    through: i64,
    history: &History,
    n: usize,
) -> Result<Ahead> {
    let n_periods = history.values.len();
    let answer = |told| Ahead { kpi, by, through, n_periods, n_gaps: history.n_gaps, told };
    if history.n_gaps * MAX_GAPS > n_periods {
        return Ok(answer(Err(Untold::Gaps { n: history.n_gaps, of: n_periods })));
    }
    let mut periods = history.periods.clone();
    let mut next = periods.last().map_or(Period::containing(by, through), |last| last.next());
    for _ in 0..n {
        periods.push(next);
        next = next.next();
    }
    let marks = if is_of_china(ctx) { marks(&periods, n_periods) } else { Vec::new() };
    let columns: Vec<Vec<f64>> = marks.iter().map(|mark| mark.1.clone()).collect();
    let values = history.values.clone();
    let has_total = kpi.adds_up;
    let work = move || {
        let series = forecast::Series { values: &values, periods: seasons(by) };
        let options = forecast::Options { horizon: n, levels: LEVELS.to_vec(), n_threads: threads() };
        let told = forecast::forecast(&series, &columns, &options)?;
        let series = forecast::Series { periods: &told.periods, ..series };
        let total = has_total.then(|| forecast::total(&series, told.method, &told.mean)).flatten();
        Ok((told, total))
    };
    let told = worked("forecasting", work).await?;
    let (told, total) = match told {
        Ok(told) => told,
        Err(Problem::TooShort { n, needed }) => return Ok(answer(Err(Untold::TooShort { n, needed }))),
        Err(error) => return Err(Error::bug("forecasting", std::io::Error::other(format!("{error:?}")))),
    };
    // A share is no more than all.
    let most = if kpi.unit == Unit::Share { 1.0 } else { f64::INFINITY };
    let point = |at: usize| {
        let period = periods[n_periods + at];
        let range = |band: usize| {
            let band = &told.bands[band];
            (band.low[at].min(most), band.high[at].min(most))
        };
        AheadPoint {
            period,
            value: told.mean[at].min(most),
            ranges: [range(0), range(1)],
            holidays: holidays(period.first, period.last()).collect(),
        }
    };
    let of = |method: Method| told.grades.iter().find(|grade| grade.method == method);
    let grade = of(told.method).zip(told.grades.first()).map(|(grade, naive)| AheadGrade {
        n_origins: grade.n_origins,
        mase: grade.mase,
        naive_mase: naive.mase,
        smape: grade.smape,
        owa: grade.owa,
        coverage: [0, 1].map(|at| grade.coverage.get(at).copied().unwrap_or(f64::NAN)),
    });
    let Some(grade) = grade else { return Err(Error::bug("forecasting", std::io::Error::other("no grade"))) };
    let mut effects: Vec<HolidayEffect> = marks
        .iter()
        .zip(&told.effects)
        .filter(|(_, effect)| effect.n_days > 0)
        .map(|((name, _), effect)| HolidayEffect {
            name: *name,
            size: effect.size,
            is_factor: effect.is_factor,
            n_periods: effect.n_days,
        })
        .collect();
    let strength = |one: &HolidayEffect| if one.is_factor { one.size.ln().abs() } else { one.size.abs() };
    effects.sort_by(|a, b| strength(b).total_cmp(&strength(a)));
    let points = (0..n).map(point).collect();
    let outlook = Outlook { method: told.method, reason: told.reason, points, total, grade, holidays: effects };
    Ok(answer(Ok(outlook)))
}

/// Whether the workspace keeps the days of China.
pub(super) fn is_of_china(ctx: &Ctx) -> bool {
    const ZONES: [&str; 9] = [
        "Asia/Shanghai",
        "Asia/Urumqi",
        "Asia/Chongqing",
        "Asia/Harbin",
        "Asia/Kashgar",
        "Asia/Hong_Kong",
        "Asia/Macau",
        "Asia/Taipei",
        "PRC",
    ];
    ZONES.contains(&ctx.workspace().zone.as_str())
}

/// How much of each holiday is in each period, where the workspace keeps those days; holidays that were met too seldom within
/// the first `n_known` periods are left out.
pub(crate) fn marks_of(ctx: &Ctx, periods: &[Period], n_known: usize) -> Vec<Vec<f64>> {
    let found = if is_of_china(ctx) { marks(periods, n_known) } else { Vec::new() };
    found.into_iter().map(|mark| mark.1).collect()
}

type Mark = ((&'static str, &'static str), Vec<f64>);

/// Which periods are which holidays, and how much of them: those that were met often enough within the first `n_known`.
/// Where a season of a year is known anyway, only those that move against it say more.
fn marks(periods: &[Period], n_known: usize) -> Vec<Mark> {
    let (Some(first), Some(last)) = (periods.first(), periods.last()) else { return Vec::new() };
    let place: BTreeMap<i64, usize> = periods.iter().enumerate().map(|(at, period)| (period.first, at)).collect();
    let mut found: BTreeMap<(&'static str, &'static str), Vec<f64>> = BTreeMap::new();
    for holiday in holidays(first.first, last.last()) {
        let share = 1.0 / (holiday.last - holiday.first + 1) as f64;
        for day in holiday.first..=holiday.last {
            let Some(&at) = place.get(&Period::containing(first.kind, day).first) else { continue };
            let column = found.entry(holiday.name).or_insert_with(|| vec![0.0; periods.len()]);
            // A day is the holiday or is not; of a longer period it matters how much of the holiday is in it.
            column[at] = if first.kind == PeriodKind::Day { 1.0 } else { column[at] + share };
        }
    }
    let moves = |column: &[f64]| {
        let turn = |at: usize| date_of(periods[at].first).map_or(0, |date| date.month());
        let met: BTreeSet<i8> = (0..column.len()).filter(|&at| column[at] > 0.0).map(turn).collect();
        met.len() > 1
    };
    let is_long = matches!(first.kind, PeriodKind::Month | PeriodKind::Quarter);
    let is_used = |column: &[f64]| {
        let n = column[..n_known].iter().filter(|mark| **mark > 0.0).count();
        n >= MIN_MARKS && (!is_long || moves(column))
    };
    found.into_iter().filter(|(_, column)| is_used(column)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::day_number;

    fn periods(kind: PeriodKind, n: usize) -> Vec<Period> {
        let mut all = vec![Period::containing(kind, day_number(jiff::civil::date(2024, 1, 1)))];
        while all.len() < n {
            all.push(all[all.len() - 1].next());
        }
        all
    }

    #[test]
    fn gaps_are_as_a_season_before() {
        assert_eq!(filled(&[None, Some(2.0), Some(3.0), None, None], 3), [2.0, 2.0, 3.0, 2.0, 2.0]);
        assert_eq!(filled(&[None, None], 7), [0.0, 0.0]);
        assert!(filled(&[], 7).is_empty());
    }

    #[test]
    fn days_are_marked_whole_and_months_by_how_much_of_the_feast_is_in_them() {
        let days = periods(PeriodKind::Day, 2 * 366);
        let found = marks(&days, 2 * 366);
        let spring = &found.iter().find(|one| one.0.0 == "春节").unwrap().1;
        assert_eq!((spring.iter().sum::<f64>(), spring[40]), (6.0, 1.0), "10 February 2024, three days a year");
        // 618 of one year alone says nothing.
        assert!(marks(&days, 200).iter().all(|one| one.0.0 != "618"));
        // National Day is in every October: the season knows. The Spring Festival moves.
        let names: Vec<&str> = marks(&periods(PeriodKind::Month, 36), 30).iter().map(|one| one.0.0).collect();
        assert!(names.contains(&"春节") && !names.contains(&"国庆"), "{names:?}");
        let months = marks(&periods(PeriodKind::Month, 36), 30);
        assert!(months.iter().all(|one| one.1.iter().all(|mark| *mark <= 1.0 + 1e-9)));
    }
}
