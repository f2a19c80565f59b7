//! Days on which a source brought other than it usually does: rows, the share that was set aside, or nothing at all.
//!
//! Owns which series there are and what is expected of a day. How a day is judged is `zhike_ml::anomalies`': by the days
//! before it alone, corrected over all series and days together. That a source is silent is no test but a rule: it came on
//! each of the same weekdays of four weeks, or on each of fourteen days, and now it does not.

use crate::boxed;
use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use zhike_domain::error_code::ErrorCode;
use zhike_domain::kpi::{Holiday, holidays};
use zhike_domain::sentence::{count_en, count_zh, percent};
use zhike_ml::anomalies::{Judgement, Options, Verdict, bonferroni, judge, share_tails};

use crate::kpis::{by_chance, kinds};
use crate::refresh::day_text;
use crate::{Ctx, Error, Result, sources};

/// Days looked at, today among them.
const LOOKED: i64 = 14;
/// Days that are known of the past: eight turns of the week, and those before whose distances are compared.
const HISTORY: i64 = 120;
/// The probability that anything is found where all is as usual.
const ALPHA: f64 = 0.01;
/// Weeks whose same weekday tells that a source comes on it; so many days in a row tell it, too.
const WEEKS: i64 = 4;
const DAYS_IN_A_ROW: i64 = 14;
/// Longest time after the usual one for which a source is merely late.
const GRACE: i64 = 2 * 3_600_000_000;
const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;

/// What was not as usual.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// Nothing came.
    Silent,
    /// More rows.
    More,
    /// Fewer rows.
    Fewer,
    /// More of them were set aside.
    SetAside,
}

impl What {
    /// Name in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::More => "more",
            Self::Fewer => "fewer",
            Self::SetAside => "set_aside",
        }
    }
}

/// A day of a source that was not as usual.
#[derive(Clone, Debug, PartialEq)]
pub struct Odd {
    /// Source.
    pub source: String,
    /// What the rows of its files become; missing for live events.
    pub entity: Option<String>,
    /// What was not as usual.
    pub what: What,
    /// Day.
    pub day: i64,
    /// Whether the day is not over.
    pub is_today: bool,
    /// Rows, or the share of them that was set aside.
    pub value: f64,
    /// What was to be expected.
    pub expected: f64,
    /// Rows of the day, and those of them that were set aside.
    pub rows: (u64, u64),
    /// The probability of such a day among all that were looked at; 0 where it is silent, which is no test.
    pub p: f64,
    /// What was celebrated.
    pub holidays: Vec<&'static Holiday>,
}

/// What was looked at, and found.
#[derive(Clone, Debug, Default)]
pub struct OddDays {
    /// Sources and entities.
    pub n_series: usize,
    /// Numbers that were judged.
    pub n_judged: usize,
    /// Findings, the newest first, silence before the rest.
    pub items: Vec<Odd>,
}

/// What came on a day.
#[derive(Clone, Copy, Debug, Default)]
struct Came {
    n: u64,
    n_bad: u64,
    /// When first, in microseconds from the start of the day.
    first: Option<i64>,
}

/// What came of one source, day by day up to today.
struct Series {
    source: String,
    entity: Option<String>,
    first_day: i64,
    days: Vec<Came>,
}

/// Looks at the newest days of all sources.
///
/// **Errors**: `no_permission` for whoever sees some customers only.
#[boxed]
pub async fn unusual(ctx: &Ctx) -> Result<OddDays> {
    if ctx.scope().is_some() {
        return Err(Error::new(
            ErrorCode::NoPermission,
            "what sources bring is counted over all customers, and you see some: ask whoever sees all",
            "数据源的数据量按全部客户计算，而您只能看部分客户：请联系能看全部客户的同事",
        ));
    }
    let workspace = ctx.workspace();
    let now = ctx.now();
    let today = workspace.day_of(now);
    let since_midnight = now - workspace.day_start(today);
    let all = series(ctx, today).await?;
    let mut found = OddDays { n_series: all.len(), ..OddDays::default() };
    let mut judged: Vec<Odd> = Vec::new();
    for one in &all {
        found.items.extend(silences(one, today, since_midnight));
        judged.extend(volumes(one, today, &kinds(ctx, one.over())));
        judged.extend(shares(one, today));
    }
    found.n_judged = judged.len();
    let probabilities: Vec<f64> = judged.iter().map(|one| one.p).collect();
    for (mut one, p) in judged.into_iter().zip(bonferroni(&probabilities)) {
        one.p = p;
        if p <= ALPHA {
            found.items.push(one);
        }
    }
    found.items.sort_by(|a, b| {
        let silence = |one: &Odd| one.what != What::Silent;
        b.day.cmp(&a.day).then(silence(a).cmp(&silence(b))).then(a.p.total_cmp(&b.p)).then(a.source.cmp(&b.source))
    });
    Ok(found)
}

/// All series: loads of files by the day on which they came, live events by the day on which they were received.
async fn series(ctx: &Ctx, today: i64) -> Result<Vec<Series>> {
    let workspace = ctx.workspace();
    let since_day = today - HISTORY;
    let since = workspace.day_start(since_day);
    let mut came: BTreeMap<(String, Option<String>), BTreeMap<i64, Came>> = BTreeMap::new();
    let mut add = |key: (String, Option<String>), at: i64, (n, n_bad): (i64, i64)| {
        let day = workspace.day_of(at);
        let one = came.entry(key).or_default().entry(day).or_default();
        one.n += n.max(0) as u64;
        one.n_bad += n_bad.max(0) as u64;
        let within = at - workspace.day_start(day);
        one.first = Some(one.first.map_or(within, |first| first.min(within)));
    };
    for head in ctx.store().loaded_since(since).await? {
        add((head.source, Some(head.entity)), head.started_at, (head.rows_read, head.rows_quarantined));
    }
    // One that was switched off is silent on purpose.
    let live = sources::list(ctx).await?;
    let names: HashMap<i64, String> =
        live.into_iter().filter(|one| one.is_enabled).map(|one| (one.source_id, one.name)).collect();
    for hour in ctx.store().source_hours(since.div_euclid(HOUR)).await? {
        let Some(name) = names.get(&hour.source_id) else { continue };
        if hour.n_received > 0 {
            add((name.clone(), None), hour.hour * HOUR, (hour.n_received, hour.n_rejected));
        }
    }
    let whole = |((source, entity), mut days): ((String, Option<String>), BTreeMap<i64, Came>)| {
        let first_day = days.first_key_value().map_or(today, |(day, _)| *day);
        let days = (first_day..=today).map(|day| days.remove(&day).unwrap_or_default()).collect();
        Series { source, entity, first_day, days }
    };
    Ok(came.into_iter().map(whole).collect())
}

impl Series {
    fn at(&self, day: i64) -> Option<Came> {
        usize::try_from(day - self.first_day).ok().and_then(|at| self.days.get(at).copied())
    }

    /// Days that are over.
    fn over(&self) -> Range<i64> {
        self.first_day..self.first_day + self.days.len() as i64 - 1
    }

    fn came(&self, day: i64) -> bool {
        self.at(day).is_some_and(|came| came.n > 0)
    }

    /// The days by which one is expected to come on a day; none where it is not.
    fn expected_by(&self, day: i64) -> Vec<i64> {
        let weeks: Vec<i64> = (1..=WEEKS).map(|week| day - 7 * week).collect();
        let in_a_row: Vec<i64> = (1..=DAYS_IN_A_ROW).map(|back| day - back).collect();
        [in_a_row, weeks].into_iter().find(|days| days.iter().all(|day| self.came(*day))).unwrap_or_default()
    }

    fn odd(&self, what: What, (day, today): (i64, i64), (value, expected): (f64, f64), p: f64) -> Odd {
        let came = self.at(day).unwrap_or_default();
        Odd {
            source: self.source.clone(),
            entity: self.entity.clone(),
            what,
            day,
            is_today: day == today,
            value,
            expected,
            rows: (came.n, came.n_bad),
            p,
            holidays: holidays(day, day).collect(),
        }
    }
}

/// Days on which a source that comes on such days did not; of a silence of many days the first.
fn silences(series: &Series, today: i64, since_midnight: i64) -> Vec<Odd> {
    let mut found = Vec::new();
    for day in today - LOOKED + 1..=today {
        let like = series.expected_by(day);
        if series.came(day) || like.is_empty() {
            continue;
        }
        // The day before on which it was expected, it came: what goes on is told once.
        let before = (1..=7).map(|back| day - back).find(|day| !series.expected_by(*day).is_empty());
        if before.is_some_and(|day| !series.came(day)) {
            continue;
        }
        if day == today {
            let firsts: Vec<i64> = like.iter().filter_map(|day| series.at(*day)?.first).collect();
            let (early, late) =
                (firsts.iter().min().copied().unwrap_or(0), firsts.iter().max().copied().unwrap_or(DAY));
            // Live events are known by the hour.
            let late = if series.entity.is_none() { late + HOUR } else { late };
            if since_midnight < late + (late - early).max(GRACE) {
                continue;
            }
        }
        let rows: Vec<u64> = like.iter().filter_map(|day| Some(series.at(*day)?.n)).collect();
        let expected = rows.iter().sum::<u64>() as f64 / rows.len().max(1) as f64;
        found.push(series.odd(What::Silent, (day, today), (0.0, expected), 0.0));
    }
    found
}

/// Days that are over, by their rows; `kinds` says what was celebrated on each, as far as anybody does.
fn volumes(series: &Series, today: i64, kinds: &[u32]) -> Vec<Odd> {
    let values: Vec<f64> =
        series.days.iter().take(series.days.len().saturating_sub(1)).map(|came| came.n as f64).collect();
    let is_relative = values.iter().all(|value| *value > 0.0);
    let judgements = judge(&values, kinds, &Options { is_relative, ..Options::default() });
    let day_of = |at: usize| series.first_day + at as i64;
    let known = |(at, one): (usize, Judgement)| {
        let day = day_of(at);
        // What does not come every week is no series of days: its loads are judged by the loads before.
        let is_looked_at = day > today - LOOKED && series.came(day) && !series.expected_by(day).is_empty();
        (is_looked_at && one.verdict != Verdict::Unknown).then(|| {
            let value = values[at];
            let chance = by_chance(value, one.expected);
            let (what, p) = match one.verdict {
                Verdict::High => (What::More, one.p.max(chance)),
                Verdict::Low => (What::Fewer, one.p.max(chance)),
                Verdict::Ordinary | Verdict::Unknown => (What::More, 1.0),
            };
            series.odd(what, (day, today), (value, one.expected.max(0.0)), p)
        })
    };
    judgements.into_iter().enumerate().filter_map(known).collect()
}

/// Days by the share of their rows that was set aside; today's says as much as another's.
fn shares(series: &Series, today: i64) -> Vec<Odd> {
    let share = |came: &Came| if came.n > 0 { came.n_bad as f64 / came.n as f64 } else { f64::NAN };
    let values: Vec<f64> = series.days.iter().map(share).collect();
    let judgements = judge(&values, &[], &Options::default());
    let mut before = 0;
    let mut found = Vec::new();
    for (at, (came, one)) in series.days.iter().zip(judgements).enumerate() {
        let day = series.first_day + at as i64;
        if day > today - LOOKED && one.verdict != Verdict::Unknown {
            // What never happened may happen once in as many rows as there were.
            let chance = one.expected.clamp(1.0 / (before as f64 + 2.0), 0.999);
            let tail = share_tails(came.n_bad, came.n, chance).map_or(1.0, |tails| tails.high);
            // That fewer are set aside is no trouble.
            let p = if one.verdict == Verdict::High { one.p.max(tail) } else { 1.0 };
            let expected = one.expected.max(0.0);
            found.push(series.odd(What::SetAside, (day, today), (values[at], expected), p));
        }
        before += came.n;
    }
    found
}

/// What the rows of a file become, in Chinese and English.
fn entity_words(entity: &str) -> (&str, &str) {
    match entity {
        "profiles" => ("客户", "customers"),
        "orders" => ("订单", "orders"),
        "order_items" => ("订单明细", "order items"),
        "order_lines" => ("订单行", "order lines"),
        "products" => ("商品", "products"),
        "events" => ("行为", "events"),
        "interactions" => ("服务记录", "service contacts"),
        "feedback" => ("反馈", "feedback"),
        "campaigns" => ("活动", "campaigns"),
        "touches" => ("触达", "touches"),
        other => (other, other),
    }
}

/// What was not as usual: Chinese and English.
pub fn odd_words(one: &Odd) -> (String, String) {
    let day = day_text(one.day);
    let (zh, en) = match &one.entity {
        Some(entity) => {
            let words = entity_words(entity);
            (format!("来源 {}（{}）", one.source, words.0), format!("source {} ({})", one.source, words.1))
        }
        None => (format!("来源 {} 的实时事件", one.source), format!("live events of source {}", one.source)),
    };
    let share = |of: f64| percent((of * 1e6).round() as i128, 1_000_000);
    let n = |of: f64| of.round() as i64;
    let (zh, en) = match one.what {
        What::Silent => {
            let (when_zh, when_en) = match one.is_today {
                true => (format!("今天（{day}）"), format!("today ({day})")),
                false => (format!(" {day} "), format!("on {day}")),
            };
            let usual = n(one.expected);
            (
                format!("{zh}{when_zh}没有数据：此前每个这样的日子都有，平均 {} 条。", count_zh(usual)),
                format!(
                    "No data from {en} {when_en}: it came on every such day before, {} rows on average.",
                    count_en(usual)
                ),
            )
        }
        What::More | What::Fewer => {
            let (value, expected) = (n(one.value), n(one.expected));
            let off = share((one.value / one.expected.max(1.0) - 1.0).abs());
            let (more_zh, more_en) = if one.what == What::More { ("多", "more") } else { ("少", "fewer") };
            (
                format!("{day} {zh}到达 {} 条，预期 {} 条，{more_zh} {off}。", count_zh(value), count_zh(expected)),
                format!(
                    "{day}: {} rows from {en}; {} were to be expected, {off} {more_en}.",
                    count_en(value),
                    count_en(expected)
                ),
            )
        }
        What::SetAside => {
            let (rows, bad) = (one.rows.0 as i64, one.rows.1 as i64);
            let (value, expected) = (share(one.value), share(one.expected));
            (
                format!(
                    "{day} {zh}有 {value} 的行被隔离（{} / {}），平时为 {expected}。",
                    count_zh(bad),
                    count_zh(rows)
                ),
                format!(
                    "{day}: {value} of the rows from {en} were set aside ({} of {}); usually {expected}.",
                    count_en(bad),
                    count_en(rows)
                ),
            )
        }
    };
    match one.holidays.first() {
        Some(feast) => (format!("{zh}当天是{}。", feast.name.0), format!("{en} It was {}.", feast.name.1)),
        None => (zh, en),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kpis::feasts;

    /// 2025-01-12.
    const TODAY: i64 = 20_100;

    /// A source's days up to today: what each brought, by days back; `None` before the first.
    fn series(n_days: i64, of: impl Fn(i64) -> (u64, u64)) -> Series {
        let came = |back: i64| {
            let (n, n_bad) = of(back);
            Came { n, n_bad, first: (n > 0).then_some(10 * HOUR) }
        };
        let days = (0..n_days).rev().map(came).collect();
        Series { source: "erp".into(), entity: Some("orders".into()), first_day: TODAY - n_days + 1, days }
    }

    /// Ordinary numbers with some chance in them.
    fn some(back: i64) -> u64 {
        900 + (back * 7_919 % 97) as u64 + 200 * u64::from(back % 7 == 3)
    }

    fn silent(series: &Series, at: i64) -> Vec<i64> {
        silences(series, TODAY, at).iter().map(|one| TODAY - one.day).collect()
    }

    fn found(all: Vec<Odd>) -> Vec<(i64, What)> {
        let probabilities: Vec<f64> = all.iter().map(|one| one.p).collect();
        let all = all.iter().zip(bonferroni(&probabilities));
        all.filter(|(_, p)| *p <= ALPHA).map(|(one, _)| (TODAY - one.day, one.what)).collect()
    }

    #[test]
    fn a_silence_is_told_when_it_begins_and_once() {
        let noon = 12 * HOUR + 1;
        let silent_for = |n: i64| series(60, move |back| if back < n { (0, 0) } else { (some(back), 0) });
        assert!(silent(&silent_for(0), noon).is_empty());
        // Late by two hours is late.
        assert!(silent(&silent_for(1), noon - 2).is_empty());
        assert_eq!(silent(&silent_for(1), noon), [0]);
        for n in 2..=7 {
            assert_eq!(silent(&silent_for(n), noon), [n - 1], "{n} days");
        }
        // Two weeks in a row are enough, thirteen days are not.
        let young = |n: i64| series(n, |back| if back == 0 { (0, 0) } else { (5, 0) });
        assert_eq!((silent(&young(15), noon), silent(&young(14), noon)), (vec![0], vec![]));
    }

    #[test]
    fn who_rests_at_weekends_is_missed_on_workdays_alone() {
        // Two and three days back are a weekend; nothing came since.
        let office = |since: i64| {
            series(70, move |back| if matches!(back % 7, 2 | 3) || back <= since { (0, 0) } else { (some(back), 0) })
        };
        assert!(silent(&office(-1), DAY).is_empty());
        assert_eq!(silent(&office(0), DAY), [0]);
        assert_eq!(silent(&office(3), DAY), [1], "the weekend is no silence, the day after it begins one");
        // Now and then is no rhythm.
        let seldom = series(70, |back| if back % 3 == 1 { (100, 0) } else { (0, 0) });
        assert!(silent(&seldom, DAY).is_empty());
    }

    #[test]
    fn volumes_are_judged_by_their_weekdays() {
        let volumes = |series: &Series| super::volumes(series, TODAY, &feasts(series.over()));
        assert_eq!(found(volumes(&series(100, |back| (some(back), 0)))), []);
        let fell = series(100, |back| (if back == 2 { 400 } else { some(back) }, 0));
        assert_eq!(found(volumes(&fell)), [(2, What::Fewer)]);
        let rose = series(100, |back| (if back == 5 { 4_000 } else { some(back) }, 0));
        assert_eq!(found(volumes(&rose)), [(5, What::More)]);
        // The day is not over, and a handful is soon half of another.
        let today = series(100, |back| (if back == 0 { 1 } else { some(back) }, 0));
        assert_eq!(found(volumes(&today)), []);
        let few = series(100, |back| (if back == 1 { 6 } else { 3 }, 0));
        assert_eq!(found(volumes(&few)), []);
        assert!(volumes(&series(30, |back| (some(back), 0))).is_empty(), "too little is known");
    }

    #[test]
    fn shares_set_aside_are_judged_by_what_they_were() {
        let usual = |back: i64| (some(back), some(back) / 200);
        assert_eq!(found(shares(&series(100, usual), TODAY)), []);
        let bad = series(100, |back| if back == 0 { (1_000, 90) } else { usual(back) });
        assert_eq!(found(shares(&bad, TODAY)), [(0, What::SetAside)], "today's share says as much as another's");
        let clean = series(100, |back| (some(back), if back == 1 { 40 } else { 0 }));
        assert_eq!(found(shares(&clean, TODAY)), [(1, What::SetAside)], "what never happened");
        let better = series(100, |back| if back == 1 { (1_000, 0) } else { (some(back), some(back) / 10) });
        assert_eq!(found(shares(&better, TODAY)), []);
        let one = series(100, |back| (some(back), u64::from(back == 1)));
        assert_eq!(found(shares(&one, TODAY)), [], "one row among a hundred days");
    }

    #[test]
    fn words_say_what_was_and_what_was_to_be() {
        let fell = series(100, |back| (if back == 2 { 100 } else { 1_000 }, 0));
        let all = volumes(&fell, TODAY, &[]);
        let one = all.iter().find(|one| one.day == TODAY - 2).unwrap();
        let (zh, en) = odd_words(one);
        assert!(zh.contains("来源 erp（订单）到达 100 条，预期 1,000 条，少 90%"), "{zh}");
        assert!(en.contains("100 rows from source erp (orders); 1,000 were to be expected, 90% fewer"), "{en}");
    }
}
