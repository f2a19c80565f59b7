//! How far a person got.

use super::matching::Matching;

/// Most steps of a funnel.
pub const MAX_STEPS: usize = 32;

/// Something a person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When, in any unit.
    pub at: i64,
    /// A bit for each step that it matches; none for events that only stand between others.
    pub steps: u32,
    /// A bit for each exclusion that it matches.
    pub exclusions: u32,
}

/// In which order steps count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// One after another, with anything between them; steps of one time in any order.
    Sequential,
    /// One directly after another, in the order in which events are given.
    Strict,
    /// As many as there are within the window.
    Any,
}

/// Ends an attempt when it happens between two steps: after `after`, before `before` is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exclusion {
    /// Step, from 0, that must have been reached at an earlier time.
    pub after: usize,
    /// Step that must not have been reached by then; the last one and more for "ever".
    pub before: usize,
}

/// How a funnel is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelOptions {
    /// Steps, [`MAX_STEPS`] at most.
    pub n_steps: usize,
    /// Their order.
    pub order: Order,
    /// From the first step to the last, this long at most, the end included; in the unit of events.
    pub window: i64,
    /// By position of their bit; for [`Order::Sequential`].
    pub exclusions: Vec<Exclusion>,
}

/// The attempt of a person that got farthest, the earliest of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When each step was reached, in the order in which they were; as many as were.
    pub times: Vec<i64>,
    /// Whether the whole window had passed by the end of observation: else it may still get farther.
    pub is_complete: bool,
}

impl Attempt {
    /// From the first step to the last one asked for; `None` if it was not reached.
    pub fn time_to_convert(&self, n_steps: usize) -> Option<i64> {
        let last = self.times.get(n_steps.checked_sub(1)?)?;
        Some(last.saturating_sub(*self.times.first()?))
    }
}

/// How far one person got; `None` for one who never began, and for a funnel without steps, with too many, or with a window
/// below 0.
///
/// An attempt begins at each event that matches the first step (any step, where order does not count) and takes each further
/// step as early as it can. `observed_until` is the end of observation.
///
/// **Shape**: events in ascending time.
pub fn funnel(events: &[Event], options: &FunnelOptions, observed_until: i64) -> Option<Attempt> {
    funnel_begun(events, options, (i64::MIN, i64::MAX), observed_until)
}

/// As [`funnel`], of attempts that begin at `from` or later and before `to`: what belongs to them can come after.
pub fn funnel_begun(
    events: &[Event],
    options: &FunnelOptions,
    (from, to): (i64, i64),
    observed_until: i64,
) -> Option<Attempt> {
    if options.n_steps == 0 || options.n_steps > MAX_STEPS || options.window < 0 {
        return None;
    }
    let every = if options.n_steps == MAX_STEPS { u32::MAX } else { (1 << options.n_steps) - 1 };
    let first = if options.order == Order::Any { every } else { 1 };
    let mut best: Option<Vec<i64>> = None;
    let mut before: Option<i64> = None;
    // Steps that are left from an event on: an attempt that cannot get farther than one before is not made.
    let mut left: Vec<u32> = events.iter().map(|event| event.steps & every).collect();
    for at in (1..left.len()).rev() {
        left[at - 1] |= left[at];
    }
    for (at, event) in events.iter().enumerate() {
        // Attempts of one time are one, but for neighbours.
        if event.at >= to {
            break;
        }
        if event.at < from || event.steps & first == 0 || (before == Some(event.at) && options.order != Order::Strict) {
            continue;
        }
        before = Some(event.at);
        // Those of the same time before it belong to it too.
        let begin = events[..at].partition_point(|other| other.at < event.at);
        let most = if options.order == Order::Any { left[begin].count_ones() } else { left[begin].trailing_ones() };
        if best.as_ref().is_some_and(|best| best.len() >= most as usize) {
            continue;
        }
        let times = match options.order {
            Order::Sequential => sequential(&events[begin..], options),
            Order::Strict => strict(&events[at..], options),
            Order::Any => any(&events[begin..], options),
        };
        if best.as_ref().is_none_or(|best| times.len() > best.len()) {
            let is_done = times.len() == options.n_steps;
            best = Some(times);
            if is_done {
                break;
            }
        }
    }
    let times = best?;
    let is_complete = times.len() == options.n_steps || times[0].saturating_add(options.window) < observed_until;
    Some(Attempt { times, is_complete })
}

/// Runs of events of one time within the window of the first.
fn runs(events: &[Event], window: i64) -> impl Iterator<Item = &[Event]> {
    let start = events.first().map_or(0, |event| event.at);
    events.chunk_by(|a, b| a.at == b.at).take_while(move |run| run[0].at.saturating_sub(start) <= window)
}

fn sequential(events: &[Event], options: &FunnelOptions) -> Vec<i64> {
    let mut times: Vec<i64> = Vec::new();
    for run in runs(events, options.window) {
        let matches: Vec<u32> = run.iter().map(|event| event.steps).collect();
        let mut matching = Matching::new();
        while times.len() < options.n_steps && matching.fill(times.len(), &matches) {
            times.push(run[0].at);
        }
        if times.len() == options.n_steps {
            break;
        }
        let excluded = run.iter().fold(0, |all, event| all | event.exclusions);
        let ends = |(at, exclusion): (usize, &Exclusion)| {
            let is_after = times.get(exclusion.after).is_some_and(|time| *time < run[0].at);
            at < 32 && excluded >> at & 1 == 1 && is_after && times.len() <= exclusion.before
        };
        if options.exclusions.iter().enumerate().any(ends) {
            break;
        }
    }
    times
}

fn strict(events: &[Event], options: &FunnelOptions) -> Vec<i64> {
    let start = events.first().map_or(0, |event| event.at);
    let steps = events.iter().take(options.n_steps).enumerate();
    steps
        .take_while(|(step, event)| event.steps >> step & 1 == 1 && event.at.saturating_sub(start) <= options.window)
        .map(|(_, event)| event.at)
        .collect()
}

fn any(events: &[Event], options: &FunnelOptions) -> Vec<i64> {
    let mut times = Vec::new();
    let mut matching = Matching::new();
    let mut matches: Vec<u32> = Vec::new();
    for run in runs(events, options.window) {
        matches.extend(run.iter().map(|event| event.steps));
        for step in 0..options.n_steps {
            if !matching.has(step) && matching.fill(step, &matches) {
                times.push(run[0].at);
            }
        }
        if times.len() == options.n_steps {
            break;
        }
    }
    times
}
