//! How far people get through steps, where they stop, and where they went instead.

use std::collections::BTreeMap;

use zhike_domain::analysis::{Attribution, By, CountBy, Funnel, Mode, Order, Spec, meaning, step_words};
use zhike_domain::audience::{Filter, Set, Source};
use zhike_domain::small_groups::{is_small, nested};
use zhike_lake::{NO_VALUE, StepScan, Texts};
use zhike_ml::behaviour::clickhouse::{Modes, window_funnel};
use zhike_ml::behaviour::{self, Event, Exclusion, FunnelOptions, funnel_begun};

use super::rows::{Need, Reading, Row, each, units};
use super::then::{Value, part_of, top, values};
use super::{Ground, Head, Part, hide_rest, no_part, ratio};
use crate::segments::{Difference, Seeker, differences};
use crate::{Ctx, Error, Result, boxed};

/// Days of a funnel when nobody says which.
const USUAL_DAYS: i64 = 30;
/// Bit of the first exclusion.
const EXCLUSIONS: u32 = 16;
/// Bit of any fact at all.
const ANY: u32 = 31;
/// What people did instead, shown.
const TOP_INSTEAD: usize = 5;

/// One step.
#[derive(Clone, Debug)]
pub struct FunnelStep {
    /// What it is called, Chinese and English.
    pub name: (String, String),
    /// How many reached it; none where so few people are not told.
    pub n: Option<u64>,
    /// Of those who reached the step before, so many did not reach this one.
    pub lost: Option<u64>,
    /// Share of those of the step before.
    pub of_previous: Option<f64>,
    /// In which that share lies, 19 times out of 20.
    pub interval: Option<(f64, f64)>,
    /// Share of those of the first step.
    pub of_first: Option<f64>,
    /// Half of them took no longer since the step before, in microseconds.
    pub median_us: Option<i64>,
}

/// A part of a breakdown.
#[derive(Clone, Debug)]
pub struct FunnelGroup {
    /// Which.
    pub value: Value,
    /// How many reached each step; none where so few people are not told.
    pub steps: Vec<Option<u64>>,
}

/// What people did instead of the step that loses most.
#[derive(Clone, Debug)]
pub struct Instead {
    /// Name of the event; none for other names, or for nothing at all.
    pub event: Option<String>,
    /// Whether these did nothing more within the window.
    pub is_nothing: bool,
    /// How many; none where so few people are not told.
    pub n: Option<u64>,
}

/// How far people get.
#[derive(Clone, Debug)]
pub struct FunnelAnswer {
    /// About the answer.
    pub head: Head,
    /// Steps.
    pub steps: Vec<FunnelStep>,
    /// Parts of the breakdown, the largest first, the rest and those without a value last.
    pub groups: Vec<FunnelGroup>,
    /// How many began too late for their window to have passed.
    pub n_incomplete: Option<u64>,
    /// From the first to the last step of those who came through: a quarter, half and three quarters took no longer.
    pub time_us: Option<(i64, i64, i64)>,
    /// The step (from 1) at which most are lost.
    pub worst: Option<usize>,
    /// What these did instead.
    pub instead: Vec<Instead>,
    /// In what those lost and those who went on differ most.
    pub differences: Vec<Difference>,
    /// What to look at first, when the data say so.
    pub suggestion: Option<(String, String)>,
}

/// One unit's way.
struct Done {
    who: u32,
    group: u32,
    /// Steps reached; 0 of one that began too late.
    n: u8,
    /// When the last of them was.
    last: i64,
}

/// What a piece of the people gives.
#[derive(Default)]
struct Piece {
    done: Vec<Done>,
    n_late: u64,
    late: Vec<u32>,
    /// By step: how long it took since the one before; the first holds how long all took.
    gaps: Vec<Vec<i64>>,
}

struct Kernel {
    options: FunnelOptions,
    modes: Modes,
    is_clickhouse: bool,
    begun: (i64, i64),
    /// Attempts from here on have not had their window.
    cutoff: i64,
    until: i64,
    with_incomplete: bool,
    mask: u32,
    attribution: Option<Attribution>,
    groups: Option<Vec<u32>>,
}

impl Kernel {
    fn piece(&self, rows: &[Row]) -> Piece {
        let n_steps = self.options.n_steps;
        let mut piece = Piece { gaps: vec![Vec::new(); n_steps], ..Piece::default() };
        let mut events: Vec<Event> = Vec::new();
        let first = if self.options.order == behaviour::Order::Any { self.mask } else { 1 };
        let end = if self.with_incomplete { self.begun.1 } else { self.begun.1.min(self.cutoff) };
        for rows in units(rows) {
            let begins = |row: &Row| row.steps & first != 0 && row.at >= self.begun.0 && row.at < self.begun.1;
            if !rows.iter().any(begins) {
                continue;
            }
            let who = rows[0].who;
            let (n, times, is_late) = if self.is_clickhouse {
                let base = rows[0].at;
                let inside = |at: i64| at >= self.begun.0 && at < end;
                let marks: Vec<(u64, u32)> = rows
                    .iter()
                    .map(|row| {
                        let steps = row.steps & self.mask & if inside(row.at) { u32::MAX } else { !1 };
                        (row.at.abs_diff(base), steps)
                    })
                    .collect();
                let window = self.options.window.unsigned_abs();
                let n = window_funnel(&marks, n_steps, window, self.modes);
                let first = rows.iter().filter(|row| row.steps & 1 == 1 && inside(row.at)).map(|row| row.at).min();
                (n, Vec::new(), n < n_steps && first.is_some_and(|at| at >= self.cutoff))
            } else {
                events.clear();
                events.extend(rows.iter().map(|row| Event {
                    at: row.at,
                    steps: row.steps & self.mask,
                    exclusions: row.steps >> EXCLUSIONS & 0xff,
                }));
                match funnel_begun(&events, &self.options, (self.begun.0, end), self.until) {
                    Some(attempt) => {
                        let is_late = attempt.times.len() < n_steps && attempt.times[0] >= self.cutoff;
                        (attempt.times.len(), attempt.times, is_late)
                    }
                    None => (0, Vec::new(), true),
                }
            };
            if is_late || n == 0 {
                piece.n_late += 1;
                piece.late.push(who);
            }
            if n == 0 {
                continue;
            }
            for (at, pair) in times.windows(2).enumerate() {
                piece.gaps[at + 1].push(pair[1] - pair[0]);
            }
            if let (true, Some(first), Some(last)) = (n == n_steps, times.first(), times.last()) {
                piece.gaps[0].push(last - first);
            }
            let group = match (&self.groups, self.attribution) {
                (Some(groups), _) => groups.get(who as usize).copied().unwrap_or(NO_VALUE),
                (None, Some(attribution)) => self.value_at(rows, &times, attribution),
                (None, None) => NO_VALUE,
            };
            piece.done.push(Done { who, group, n: n as u8, last: times.last().copied().unwrap_or(0) });
        }
        piece
    }

    /// The value of the fact that filled a step: of several at that instant, the first by letters.
    fn value_at(&self, rows: &[Row], times: &[i64], attribution: Attribution) -> u32 {
        let step = match attribution {
            Attribution::First => 0,
            Attribution::Last => times.len().saturating_sub(1),
            Attribution::Step(step) => step,
        };
        let Some(&at) = times.get(step) else { return NO_VALUE };
        // Where order does not count, the step that was reached so late can be any of them.
        let wanted = if self.options.order == behaviour::Order::Any { self.mask } else { 1 << step };
        let from = rows.partition_point(|row| row.at < at);
        let here = rows[from..].iter().take_while(|row| row.at == at).filter(|row| row.steps & wanted != 0);
        here.map(|row| row.value).find(|value| *value != NO_VALUE).unwrap_or(NO_VALUE)
    }
}

struct Found {
    done: Vec<Done>,
    n_late: u64,
    late: Vec<u32>,
    gaps: Vec<Vec<i64>>,
    texts: Texts,
    /// Shown parts of the breakdown.
    shown: Vec<u32>,
}

async fn found(ctx: &Ctx, ground: &Ground, spec: &Funnel) -> Result<Found> {
    let (from, to) = ground.span;
    let window = spec.window.us();
    let until = ground.seen.until();
    let read = (from, to.saturating_add(window).saturating_add(1).min(ground.seen.end()));
    let mut needs: Vec<Need<'_>> =
        spec.steps.iter().enumerate().map(|(at, step)| Need::of(step, at as u32, read)).collect();
    for (at, exclusion) in spec.exclusions.iter().enumerate() {
        needs.push(Need::of(&exclusion.step, EXCLUSIONS + at as u32, read));
    }
    let is_strict = spec.order == Order::Strict || spec.modes.contains(&Mode::StrictOrder);
    if is_strict {
        let mut tables: Vec<Source> = spec.steps.iter().map(|step| step.of).collect();
        tables.sort_unstable();
        tables.dedup();
        needs.extend(tables.into_iter().map(|of| Need { of, filters: &[], bit: ANY, between: read }));
    }
    let mut texts = Texts::default();
    let breakdown = spec.breakdown.as_ref();
    let (field, groups) = match breakdown.map(|breakdown| &breakdown.by) {
        None => (None, None),
        Some(By::Field(name)) => (Some(name.as_str()), None),
        Some(by) => (None, Some(values(ctx, ground, by, ground.days.0, &mut texts).await?)),
    };
    let n_steps = spec.steps.len();
    let kernel = Kernel {
        options: FunnelOptions {
            n_steps,
            order: match spec.order {
                Order::Strict => behaviour::Order::Strict,
                Order::Any => behaviour::Order::Any,
                Order::Ordered | Order::Clickhouse => behaviour::Order::Sequential,
            },
            window,
            exclusions: spec.exclusions.iter().map(|one| Exclusion { after: one.after, before: one.before }).collect(),
        },
        modes: Modes {
            strict_deduplication: spec.modes.contains(&Mode::StrictDeduplication),
            strict_order: spec.modes.contains(&Mode::StrictOrder),
            strict_increase: spec.modes.contains(&Mode::StrictIncrease),
        },
        is_clickhouse: spec.order == Order::Clickhouse,
        begun: ground.span,
        cutoff: until.saturating_sub(window),
        until,
        with_incomplete: spec.with_incomplete,
        mask: (1 << n_steps) - 1,
        attribution: field.and(breakdown).map(|breakdown| breakdown.attribution),
        groups,
    };
    let reading = Reading { needs: &needs, count_by: spec.count_by, value: field };
    let (pieces, of_rows) = each(ctx, ground, reading, move |rows| kernel.piece(rows)).await?;
    let mut found = Found {
        done: Vec::new(),
        n_late: 0,
        late: Vec::new(),
        gaps: vec![Vec::new(); n_steps],
        texts: if field.is_some() { of_rows } else { texts },
        shown: Vec::new(),
    };
    for piece in pieces {
        found.done.extend(piece.done);
        found.n_late += piece.n_late;
        found.late.extend(piece.late);
        found.gaps.iter_mut().zip(piece.gaps).for_each(|(all, gaps)| all.extend(gaps));
    }
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    if breakdown.is_some() {
        found.done.iter().for_each(|done| *counts.entry(done.group).or_default() += 1);
    }
    found.shown = top(counts, &found.texts);
    Ok(found)
}

/// How many of some units reached each step, and how many people these are.
fn reached<'a>(done: impl Iterator<Item = &'a Done>, n_steps: usize) -> (Vec<u64>, Vec<u64>) {
    let (mut counts, mut people) = (vec![0; n_steps], vec![0; n_steps]);
    let mut last = vec![u32::MAX; n_steps];
    for done in done {
        for step in 0..usize::from(done.n) {
            counts[step] += 1;
            if last[step] != done.who {
                last[step] = done.who;
                people[step] += 1;
            }
        }
    }
    (counts, people)
}

/// Which steps are told of a chain of people, each among those before.
fn told(people: &[u64], k: u64) -> Vec<bool> {
    let pairs: Vec<(usize, usize)> = (0..people.len()).flat_map(|at| (0..at).map(move |before| (at, before))).collect();
    nested(people, &pairs, k)
}

/// Runs a funnel.
///
/// **Errors**: `bad_request` for days that there are not, `not_found` for a segment that is gone.
#[boxed]
pub async fn funnel(ctx: &Ctx, spec: &Funnel) -> Result<FunnelAnswer> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let mut found = found(ctx, &ground, spec).await?;
    let (n_steps, k) = (spec.steps.len(), ctx.min_group());
    let currency = ctx.workspace().currency;
    let names: Vec<(String, String)> = spec.steps.iter().map(|step| step_words(step, &currency)).collect();
    let (counts, people) = reached(found.done.iter(), n_steps);
    let shown = told(&people, k);
    let told_counts: Vec<Option<u64>> = counts.iter().zip(&shown).map(|(n, shown)| shown.then_some(*n)).collect();
    let steps: Vec<FunnelStep> = (0..n_steps)
        .map(|at| {
            let n = told_counts[at];
            let before = at.checked_sub(1).and_then(|before| told_counts[before]);
            let gaps = &mut found.gaps[at];
            // A median of few tells of each.
            let median_us =
                (at > 0 && n.is_some() && !is_small(gaps.len() as u64, k)).then(|| quantile(gaps, 0.5)).flatten();
            FunnelStep {
                name: names[at].clone(),
                n,
                lost: before.zip(n).map(|(before, n)| before - n),
                of_previous: ratio(n, before),
                interval: before
                    .zip(n)
                    .filter(|(before, _)| *before > 0)
                    .map(|(before, n)| meaning::interval(n, before)),
                of_first: ratio(n, told_counts[0]),
                median_us,
            }
        })
        .collect();
    let is_timed = told_counts[n_steps - 1].is_some() && !is_small(found.gaps[0].len() as u64, k);
    let all = &mut found.gaps[0];
    let time_us = match is_timed {
        true => quantile(all, 0.25).zip(quantile(all, 0.5)).zip(quantile(all, 0.75)).map(|((a, b), c)| (a, b, c)),
        false => None,
    };
    let groups = groups(spec, &found, k);
    let n_late_people = {
        let mut late = found.late.clone();
        late.dedup();
        late.len() as u64
    };
    let n_incomplete = (!is_small(n_late_people, k)).then_some(found.n_late);
    let worst = meaning::worst_step(&told_counts).map(|(at, _)| at);
    let (mut instead, mut differing) = (Vec::new(), Vec::new());
    if let Some(at) = worst {
        if spec.count_by == CountBy::Person
            && spec.steps.iter().any(|step| step.of == Source::Events)
            && spec.order != Order::Clickhouse
        {
            instead = instead_of(ctx, &ground, spec, &found, at, k).await?;
        }
        let set = |test: &dyn Fn(&Done) -> bool| -> Set {
            let mut set = Set::none(ground.bulk.people.n());
            found.done.iter().filter(|done| test(done)).for_each(|done| set.insert(done.who as usize));
            set
        };
        let (lost, on) = (set(&|done| usize::from(done.n) == at), set(&|done| usize::from(done.n) > at));
        if !is_small(lost.count(), k) && !is_small(on.count(), k) {
            differing = differences(ctx, &ground.bulk, &lost, &on, k).await?;
            differing.retain(|one| one.size.abs() >= 0.2);
            differing.truncate(TOP_INSTEAD);
        }
    }
    let numbers: Vec<((String, String), Option<u64>)> =
        names.iter().cloned().zip(told_counts.iter().copied()).collect();
    let meaning = meaning::funnel(&meaning::FunnelNumbers {
        count_by: spec.count_by,
        steps: &numbers,
        window: spec.window,
        n_incomplete,
        with_incomplete: spec.with_incomplete,
    });
    let suggestion = worst.and_then(|at| suggestion(&names, at, &groups, &instead));
    let is_suppressed =
        shown.contains(&false) || groups.iter().any(|group| group.steps.contains(&None)) || n_incomplete.is_none();
    let head = ground.head(ctx, &Spec::Funnel(spec.clone()), meaning, is_suppressed).await?;
    Ok(FunnelAnswer { head, steps, groups, n_incomplete, time_us, worst, instead, differences: differing, suggestion })
}

/// The value that so much of all do not exceed.
fn quantile(values: &mut [i64], share: f64) -> Option<i64> {
    let at = ((values.len() as f64 * share).ceil() as usize).checked_sub(1)?;
    Some(*values.select_nth_unstable(at).1)
}

/// Parts of a breakdown. A part of which a step tells of a small group is hidden whole; what is left of the total is that of
/// several hidden parts, and tells of none.
fn groups(spec: &Funnel, found: &Found, k: u64) -> Vec<FunnelGroup> {
    if spec.breakdown.is_none() {
        return Vec::new();
    }
    let n_steps = spec.steps.len();
    let mut parts: BTreeMap<Value, Vec<&Done>> = BTreeMap::new();
    for done in &found.done {
        parts.entry(part_of(done.group, &found.shown, &found.texts)).or_default().push(done);
    }
    let mut rows: Vec<(Value, Vec<u64>, Vec<u64>)> = parts
        .into_iter()
        .map(|(value, done)| {
            let (counts, people) = reached(done.into_iter(), n_steps);
            (value, counts, people)
        })
        .collect();
    let rank = |value: &Value| match value {
        Value::Value(_) => 0,
        Value::Other => 1,
        Value::Missing => 2,
    };
    rows.sort_by(|a, b| rank(&a.0).cmp(&rank(&b.0)).then_with(|| b.1.cmp(&a.1)).then_with(|| a.0.cmp(&b.0)));
    let is_told = |people: &[u64]| told(people, k).iter().all(|shown| *shown);
    let mut shown: Vec<bool> = rows.iter().map(|row| is_told(&row.2)).collect();
    loop {
        let before = shown.clone();
        for step in 0..n_steps {
            let people: Vec<u64> = rows.iter().map(|row| row.2[step]).collect();
            hide_rest(&people, &mut shown, k);
        }
        let rest: Vec<u64> = (0..n_steps)
            .map(|step| rows.iter().zip(&shown).filter(|(_, shown)| !**shown).map(|(row, _)| row.2[step]).sum())
            .collect();
        if !is_told(&rest)
            && let Some(at) = (0..rows.len()).filter(|at| shown[*at]).min_by_key(|at| rows[*at].2[0])
        {
            shown[at] = false;
        }
        if shown == before {
            break;
        }
    }
    rows.into_iter()
        .zip(shown)
        .map(|((value, counts, _), shown)| FunnelGroup {
            value,
            steps: counts.into_iter().map(|n| shown.then_some(n)).collect(),
        })
        .collect()
}

/// The first event of those lost after the last step that they reached.
async fn instead_of(
    ctx: &Ctx,
    ground: &Ground,
    spec: &Funnel,
    found: &Found,
    at: usize,
    k: u64,
) -> Result<Vec<Instead>> {
    let lost: Vec<(u32, i64)> =
        found.done.iter().filter(|done| usize::from(done.n) == at).map(|done| (done.who, done.last)).collect();
    let window = spec.window.us();
    let to = ground.span.1.saturating_add(window).saturating_add(1).min(ground.seen.end());
    let every: &[Filter] = &[];
    let scan = StepScan {
        of: Source::Events,
        as_of: &ground.seen,
        between: (ground.span.0, to),
        people: None,
        steps: &[(every, 0)],
        value: Some("event"),
        unit: None,
    };
    let mut texts = Texts::default();
    let ids: Vec<i64> = lost.iter().map(|(who, _)| ground.bulk.people.ids[*who as usize]).collect();
    let mut next: Vec<Option<(i64, u32)>> = vec![None; lost.len()];
    let mut rows = ctx.lake().steps(&scan).await?;
    let mut seeker = Seeker::default();
    while let Some(batch) = rows.next(&mut texts).await? {
        for row in 0..batch.profile_id.len() {
            let Some(place) = seeker.at(&ids, batch.profile_id[row]) else { continue };
            let (time, event) = (batch.at[row], batch.value[row]);
            let last = lost[place].1;
            if time <= last || time > last.saturating_add(window) {
                continue;
            }
            let is_sooner =
                next[place].is_none_or(|(known, other)| (time, texts.text(event)) < (known, texts.text(other)));
            if is_sooner {
                next[place] = Some((time, event));
            }
        }
    }
    let mut counts: BTreeMap<u32, u64> = BTreeMap::new();
    next.iter().flatten().for_each(|(_, event)| *counts.entry(*event).or_default() += 1);
    let n_nothing = next.iter().filter(|next| next.is_none()).count() as u64;
    let mut best: Vec<(u32, u64)> = counts.into_iter().collect();
    best.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| texts.text(a.0).cmp(&texts.text(b.0))));
    let rest = best.split_off(best.len().min(TOP_INSTEAD));
    let mut all: Vec<Instead> = best
        .into_iter()
        .map(|(event, n)| Instead { event: texts.text(event).map(str::to_owned), is_nothing: false, n: Some(n) })
        .collect();
    let n_rest: u64 = rest.into_iter().map(|(_, n)| n).sum();
    if n_rest > 0 {
        all.push(Instead { event: None, is_nothing: false, n: Some(n_rest) });
    }
    all.push(Instead { event: None, is_nothing: true, n: Some(n_nothing) });
    let counts: Vec<u64> = all.iter().map(|one| one.n.unwrap_or(0)).collect();
    let shown = zhike_domain::small_groups::parts(&counts, k);
    all.iter_mut().zip(shown).for_each(|(one, shown)| one.n = one.n.filter(|_| shown));
    Ok(all)
}

fn suggestion(
    names: &[(String, String)],
    at: usize,
    groups: &[FunnelGroup],
    instead: &[Instead],
) -> Option<(String, String)> {
    let mut clues = Vec::new();
    let mut rates: Vec<(&str, (u64, u64))> = groups
        .iter()
        .filter_map(|group| match &group.value {
            Value::Value(value) => Some((value.as_str(), (group.steps[at]?, group.steps[at - 1]?))),
            _ => None,
        })
        .filter(|(_, (_, before))| *before >= 30)
        .collect();
    let rate = |counts: (u64, u64)| counts.0 as f64 / counts.1.max(1) as f64;
    rates.sort_by(|a, b| rate(a.1).total_cmp(&rate(b.1)));
    if let [weak, .., strong] = rates[..] {
        clues.push(meaning::Clue::Part {
            weak: weak.0.to_owned(),
            weak_counts: weak.1,
            strong: strong.0.to_owned(),
            strong_counts: strong.1,
        });
    }
    let of: Option<u64> = instead.iter().map(|one| one.n).sum();
    if let (Some(of), Some(most)) =
        (of, instead.iter().filter(|one| one.event.is_some() || one.is_nothing).max_by_key(|one| one.n))
    {
        clues.push(meaning::Clue::Instead { what: most.event.clone(), n: most.n.unwrap_or(0), of });
    }
    meaning::suggestion((&names[at - 1], &names[at]), &clues)
}

/// The people behind a step, or lost at it.
pub(super) async fn behind(ctx: &Ctx, spec: &Funnel, part: &Part) -> Result<Vec<i64>> {
    let Part::Step { step, lost, group } = part else { return Err(no_part()) };
    let lowest = if *lost { 2 } else { 1 };
    if *step < lowest || *step > spec.steps.len() {
        return Err(no_part());
    }
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let found = found(ctx, &ground, spec).await?;
    let is_meant = |done: &&Done| {
        let n = usize::from(done.n);
        let is_step = if *lost { n + 1 == *step } else { n >= *step };
        is_step && group.as_ref().is_none_or(|group| part_of(done.group, &found.shown, &found.texts) == *group)
    };
    if group.is_some() && spec.breakdown.is_none() {
        return Err(Error::bad_request(
            "the funnel is not taken apart: it has no groups".into(),
            "这个漏斗没有拆分：没有分组".into(),
        ));
    }
    Ok(ground.ids(found.done.iter().filter(is_meant).map(|done| done.who)))
}
