//! One fact after another: steps in order, each within a span of the one before.

use std::collections::VecDeque;

use serde_json::{Map, Value as Json, json};

use super::as_of::AsOf;
use super::field::Source;
use super::measure::{Filter, Span, Window, filters_json, matching};
use crate::frame::Frame;

/// One step.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// A fact of.
    pub of: Source,
    /// That passes these.
    pub filters: Vec<Filter>,
    /// At most so long after the step before.
    pub within: Option<Span>,
    /// It must not happen; the last step alone can be so, and only when its time is over.
    pub is_absent: bool,
}

/// Steps that follow one another, each later than the one before.
#[derive(Clone, Debug, PartialEq)]
pub struct Sequence {
    /// Two steps or more.
    pub steps: Vec<Step>,
    /// At most so long from the first to the last that happens.
    pub within: Option<Span>,
    /// When the steps that happen must have happened.
    pub window: Window,
}

/// A fact that is some step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StepRow {
    /// When.
    pub at: i64,
    /// Which step, from 0.
    pub step: u8,
}

impl Sequence {
    /// Whether one customer went through it.
    pub fn of_facts<'a>(&self, frames: &impl Fn(Source) -> Option<&'a Frame>, as_of: &AsOf) -> bool {
        let mut rows = Vec::new();
        for (number, step) in self.steps.iter().enumerate() {
            let at = matching(step.of, &step.filters, self.bounds(step, as_of), frames, as_of).map(|(_, _, at)| at);
            rows.extend(at.map(|at| StepRow { at, step: number as u8 }));
        }
        rows.sort_unstable();
        completes(self, &rows, as_of)
    }

    /// When facts of a step matter: one that must not happen is looked for after the window too.
    pub fn bounds(&self, step: &Step, as_of: &AsOf) -> (i64, i64) {
        let (from, to) = self.window.bounds(as_of);
        (from, if step.is_absent { as_of.end() } else { to })
    }

    /// The sequence as JSON.
    pub fn to_json(&self) -> Json {
        let steps: Vec<Json> = self
            .steps
            .iter()
            .map(|step| {
                let mut json = Map::from_iter([("of".to_owned(), json!(step.of.as_str()))]);
                if !step.filters.is_empty() {
                    json.insert("where".into(), filters_json(&step.filters));
                }
                if let Some(span) = step.within {
                    json.insert("within".into(), span.to_json());
                }
                if step.is_absent {
                    json.insert("absent".into(), json!(true));
                }
                Json::Object(json)
            })
            .collect();
        let mut json = Map::from_iter([("steps".to_owned(), Json::Array(steps))]);
        if let Some(span) = self.within {
            json.insert("within".into(), span.to_json());
        }
        if self.window != Window::Ever {
            json.insert("window".into(), self.window.to_json());
        }
        Json::Object(json)
    }
}

/// Whether rows in order of time hold the sequence; a fact that is several steps stands there once for each.
///
/// Of all ways to reach a row the one that began last is kept: whatever follows, it is the shortest. So one pass per step
/// suffices, however many rows there are.
pub fn completes(sequence: &Sequence, rows: &[StepRow], as_of: &AsOf) -> bool {
    let (present, absent): (Vec<_>, Vec<_>) = sequence.steps.iter().enumerate().partition(|(_, step)| !step.is_absent);
    let longest = sequence.within.map_or(i64::MAX, Span::us);
    let times = |number: usize| rows.iter().filter(move |row| usize::from(row.step) == number).map(|row| row.at);
    // (when, when the first step was), by time.
    let mut reached: Vec<(i64, i64)> = Vec::new();
    for (order, (number, step)) in present.into_iter().enumerate() {
        if order == 0 {
            reached = times(number).map(|at| (at, at)).collect();
            continue;
        }
        let span = step.within.map_or(i64::MAX, Span::us);
        let mut next = Vec::new();
        let mut from = reached.iter().peekable();
        // Candidates not too old, latest start first.
        let mut open: VecDeque<(i64, i64)> = VecDeque::new();
        for at in times(number) {
            while let Some(&&(before, start)) = from.peek()
                && before < at
            {
                while open.back().is_some_and(|last| last.1 <= start) {
                    open.pop_back();
                }
                open.push_back((before, start));
                from.next();
            }
            while open.front().is_some_and(|first| at.saturating_sub(first.0) > span) {
                open.pop_front();
            }
            if let Some(&(_, start)) = open.front()
                && at.saturating_sub(start) <= longest
            {
                next.push((at, start));
            }
        }
        reached = next;
    }
    let Some((number, step)) = absent.first() else { return !reached.is_empty() };
    let unwanted: Vec<i64> = times(*number).collect();
    let span = step.within.map_or(i64::MAX, Span::us);
    reached.iter().any(|&(at, _)| {
        let deadline = at.saturating_add(span);
        let next = unwanted.get(unwanted.partition_point(|&other| other <= at));
        deadline < as_of.until() && next.is_none_or(|&next| next > deadline)
    })
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::super::measure::Unit;
    use super::*;

    fn step(within: Option<i64>, is_absent: bool) -> Step {
        let within = within.map(|n| Span { n, unit: Unit::Minute });
        Step { of: Source::Events, filters: Vec::new(), within, is_absent }
    }

    /// Tries every choice of rows.
    fn naive(sequence: &Sequence, rows: &[StepRow], as_of: &AsOf, chosen: &mut Vec<i64>) -> bool {
        let Some(step) = sequence.steps.get(chosen.len()) else { return true };
        let span = step.within.map_or(i64::MAX, Span::us);
        let number = chosen.len();
        if step.is_absent {
            let last = chosen[number - 1];
            return last.saturating_add(span) < as_of.until()
                && !rows.iter().any(|row| usize::from(row.step) == number && row.at > last && row.at - last <= span);
        }
        rows.iter().filter(|row| usize::from(row.step) == number).any(|row| {
            let is_later = chosen.last().is_none_or(|&last| row.at > last && row.at - last <= span);
            let first = chosen.first().copied().unwrap_or(row.at);
            if !is_later || row.at - first > sequence.within.map_or(i64::MAX, Span::us) {
                return false;
            }
            chosen.push(row.at);
            let found = naive(sequence, rows, as_of, chosen);
            chosen.pop();
            found
        })
    }

    proptest! {
        #[test]
        fn one_pass_finds_what_trying_everything_finds(
            rows in prop::collection::vec((0_i64..30, 0_u8..4), 0..14),
            spans in prop::collection::vec(prop::option::of(1_i64..12), 2..5),
            whole in prop::option::of(1_i64..20),
            ends_absent in any::<bool>(),
            now in 0_i64..40,
        ) {
            let last = spans.len() - 1;
            let steps: Vec<Step> = spans.iter().enumerate().map(|(at, span)| {
                let is_absent = ends_absent && at == last;
                step(if is_absent { span.or(Some(5)) } else { *span }, is_absent)
            }).collect();
            let within = whole.map(|n| Span { n, unit: Unit::Minute });
            let sequence = Sequence { steps, within, window: Window::Ever };
            let minute = 60_000_000;
            let mut rows: Vec<StepRow> = rows.into_iter().map(|(at, step)| StepRow { at: at * minute, step }).collect();
            rows.sort_unstable();
            let as_of = AsOf::new(0, TimeZone::UTC).at(now * minute);
            prop_assert_eq!(completes(&sequence, &rows, &as_of), naive(&sequence, &rows, &as_of, &mut Vec::new()));
        }
    }
}
