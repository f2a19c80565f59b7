//! Funnels, retention, paths and habits against naive models and by example.

use proptest::prelude::*;
use zhike_ml::behaviour::clickhouse::{self, Modes, window_funnel};
use zhike_ml::behaviour::{
    Cell, END, Event, Exclusion, FunnelOptions, Measure, OTHER, Order, PathOptions, Person, RetentionOptions, Start,
    flows, funnel, lifecycle, retention, stickiness,
};

fn options(n_steps: usize, order: Order, window: i64) -> FunnelOptions {
    FunnelOptions { n_steps, order, window, exclusions: Vec::new() }
}

/// Events out of `0a 1b 2x`: a time and a letter, a to e a step each, x none of them, and letters together more than one.
fn events(text: &str) -> Vec<Event> {
    let event = |word: &str| {
        let letters = word.trim_start_matches(|letter: char| letter.is_ascii_digit());
        let bits = |of: &str| letters.chars().filter_map(|letter| of.find(letter)).fold(0, |bits, at| bits | 1 << at);
        let at = word[..word.len() - letters.len()].parse().unwrap();
        Event { at, steps: bits("abcde"), exclusions: bits("xy") }
    };
    text.split_whitespace().map(event).collect()
}

fn reached(text: &str, n_steps: usize, order: Order, window: i64) -> usize {
    funnel(&events(text), &options(n_steps, order, window), 1_000).map_or(0, |attempt| attempt.times.len())
}

#[test]
fn funnels_by_example() {
    use Order::{Any, Sequential, Strict};
    // The window holds its end, and begins anew with a later first step.
    assert_eq!(reached("0a 5b 10c", 3, Sequential, 10), 3);
    assert_eq!(reached("0a 5b 11c", 3, Sequential, 10), 2);
    assert_eq!(reached("0a 8a 12b 15c", 3, Sequential, 10), 3);
    // Others between.
    assert_eq!([Sequential, Strict].map(|order| reached("0a 1x 2b 3c", 3, order, 10)), [3, 1]);
    assert_eq!([Sequential, Strict, Any].map(|order| reached("0c 1a 2b", 3, order, 10)), [2, 2, 3]);
    // One event fills one step, two events of one time two, whatever their order.
    assert_eq!(reached("0a 1bc", 3, Sequential, 10), 2);
    assert_eq!(reached("0a 1bc 1bc", 3, Sequential, 10), 3);
    assert_eq!([reached("5b 5a", 2, Sequential, 10), reached("5a 5b", 2, Sequential, 10)], [2, 2]);
    assert_eq!(reached("0ab", 2, Any, 10), 1);
    // The farthest attempt, the earliest of those.
    let attempt = funnel(&events("0a 3a 4b 20a 22b"), &options(3, Sequential, 10), 25).unwrap();
    assert_eq!(
        (attempt.times.as_slice(), attempt.time_to_convert(2), attempt.time_to_convert(3)),
        (&[0, 4][..], Some(4), None)
    );
    assert!(attempt.is_complete);
    assert!(!funnel(&events("20a 22b"), &options(3, Sequential, 10), 25).unwrap().is_complete);
    assert_eq!(funnel(&events("0b"), &options(2, Sequential, 10), 25), None);
    assert_eq!(funnel(&events("0a"), &options(0, Sequential, 10), 25), None);
    assert_eq!(funnel(&events("0a"), &options(33, Any, 10), 25), None);
    assert_eq!(funnel(&events("0a"), &options(1, Any, -1), 25), None);
}

#[test]
fn exclusions_end_an_attempt() {
    let with = |after, before| FunnelOptions {
        exclusions: vec![Exclusion { after, before }],
        ..options(3, Order::Sequential, 10)
    };
    let reached = |text, options: &FunnelOptions| funnel(&events(text), options, 100).unwrap().times.len();
    assert_eq!(reached("0a 1x 2b 3c", &with(0, 1)), 1);
    assert_eq!(reached("0a 1b 2x 3c", &with(0, 1)), 3);
    assert_eq!(reached("0a 1b 2x 3c", &with(0, 2)), 2);
    // Before the step it counts from, at its time, and in another attempt it ends nothing.
    assert_eq!(reached("0x 1a 2b 3c", &with(0, 1)), 3);
    assert_eq!(reached("0a 0x 2b 3c", &with(0, 1)), 3);
    assert_eq!(reached("0a 1x 2a 3b 4c", &with(0, 1)), 3);
}

/// Longest chain of distinct events in order of time, by trying all.
fn longest(events: &[Event], n_steps: usize, window: i64) -> usize {
    fn from(events: &[Event], used: u32, step: usize, begin: i64, last: i64, n_steps: usize, window: i64) -> usize {
        let next = (0..events.len()).filter(|at| {
            let event = events[*at];
            used >> at & 1 == 0
                && step < n_steps
                && event.steps >> step & 1 == 1
                && event.at >= last
                && event.at <= begin + window
        });
        next.map(|at| from(events, used | 1 << at, step + 1, begin, events[at].at, n_steps, window))
            .max()
            .unwrap_or(step)
    }
    let begins = (0..events.len()).filter(|at| events[*at].steps & 1 == 1);
    begins.map(|at| from(events, 1 << at, 1, events[at].at, events[at].at, n_steps, window)).max().unwrap_or(0)
}

/// Most steps filled by distinct events within a window, by trying all.
fn most(events: &[Event], n_steps: usize, window: i64) -> usize {
    fn fill(events: &[&Event], used: u32, step: usize, n_steps: usize) -> usize {
        if step == n_steps {
            return 0;
        }
        let with = (0..events.len()).filter(|at| used >> at & 1 == 0 && events[*at].steps >> step & 1 == 1);
        let best = with.map(|at| 1 + fill(events, used | 1 << at, step + 1, n_steps)).max().unwrap_or(0);
        best.max(fill(events, used, step + 1, n_steps))
    }
    let within =
        |begin: i64| events.iter().filter(|event| event.at >= begin && event.at <= begin + window).collect::<Vec<_>>();
    events.iter().map(|event| fill(&within(event.at), 0, 0, n_steps)).max().unwrap_or(0)
}

fn log() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0_i64..12, 0_u32..16), 0..8).prop_map(|rows| {
        let mut events: Vec<Event> = rows.into_iter().map(|(at, steps)| Event { at, steps, exclusions: 0 }).collect();
        events.sort_by_key(|event| event.at);
        events
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn funnels_equal_naive_ones(events in log(), n_steps in 1_usize..5, window in 0_i64..9) {
        let n = |order| funnel(&events, &options(n_steps, order, window), 100).map_or(0, |attempt| attempt.times.len());
        prop_assert_eq!(n(Order::Sequential), longest(&events, n_steps, window));
        prop_assert_eq!(n(Order::Any), most(&events, n_steps, window));
        prop_assert!(n(Order::Strict) <= n(Order::Sequential) && n(Order::Sequential) <= n(Order::Any));
        // INV-BEHAVIOUR-1.
        let mut turned = events.clone();
        turned.reverse();
        turned.sort_by_key(|event| event.at);
        for order in [Order::Sequential, Order::Any] {
            let options = options(n_steps, order, window);
            prop_assert_eq!(funnel(&events, &options, 100), funnel(&turned, &options, 100));
        }
    }

    #[test]
    fn retention_equals_a_naive_one(people in prop::collection::vec((prop::collection::vec(0_i64..10, 0..4), prop::collection::vec(0_i64..14, 0..6)), 0..12), is_first_time in any::<bool>()) {
        let starts: Vec<Vec<Start>> =
            people.iter().map(|(starts, _)| starts.iter().map(|at| Start { cohort: *at as i32, at: *at }).collect()).collect();
        let all = || people.iter().zip(&starts).map(|((_, returns), starts)| Person { starts, returns });
        let measures = [Measure::Exact { n_periods: 6 }, Measure::Unbounded { n_periods: 6 }, Measure::Bracket(vec![(0, 1), (1, 4), (4, 6)])];
        for measure in measures {
            let brackets: Vec<(i64, i64)> = match &measure {
                Measure::Bracket(brackets) => brackets.iter().map(|(from, to)| (i64::from(*from), i64::from(*to))).collect(),
                Measure::Exact { .. } => (0..6).map(|at| (at, at + 1)).collect(),
                Measure::Unbounded { .. } => (0..6).map(|at| (at, i64::MAX)).collect(),
            };
            let options = RetentionOptions { measure: measure.clone(), is_first_time, period: 1, observed_until: 12 };
            for row in retention(all(), &options) {
                let cohort = i64::from(row.cohort);
                let inside = |starts: &[i64]| if is_first_time { starts.iter().min() == Some(&cohort) } else { starts.contains(&cohort) };
                let members: Vec<&Vec<i64>> = people.iter().filter(|(starts, _)| inside(starts)).map(|(_, returns)| returns).collect();
                prop_assert_eq!(row.n, members.len() as u64);
                for (at, ((from, to), cell)) in brackets.iter().zip(&row.cells).enumerate() {
                    let end = if let Measure::Bracket(_) = &measure { *to } else { at as i64 + 1 };
                    let back = |returns: &&&Vec<i64>| returns.iter().any(|day| day - cohort >= *from && day - cohort < *to);
                    let expected = (cohort + end <= 12).then(|| Cell { n_observed: row.n, n_returned: members.iter().filter(back).count() as u64 });
                    prop_assert_eq!(*cell, expected);
                }
            }
        }
    }

    /// INV-BEHAVIOUR-3.
    #[test]
    fn flows_add_up(sessions in prop::collection::vec(prop::collection::vec(0_u32..6, 0..9), 0..20), is_before in any::<bool>(), depth in 0_usize..5, n_kept in 0_usize..4, is_collapsed in any::<bool>()) {
        let options = PathOptions { anchor: 2, is_before, depth, n_kept, is_collapsed };
        let flows = flows(sessions.iter().map(Vec::as_slice), &options);
        let n_sessions = sessions.iter().filter(|session| session.contains(&2)).count() as u64;
        let sum = |step: usize| flows.iter().filter(|flow| flow.step == step).map(|flow| flow.n).sum::<u64>();
        prop_assert!(depth == 0 || sum(0) == n_sessions);
        for step in 1..depth {
            let nodes = flows.iter().filter(|flow| flow.step == step - 1 && flow.to != END).map(|flow| flow.to);
            for node in nodes.collect::<std::collections::BTreeSet<u32>>() {
                let came = flows.iter().filter(|flow| flow.step == step - 1 && flow.to == node).map(|flow| flow.n).sum::<u64>();
                let went = flows.iter().filter(|flow| flow.step == step && flow.from == node).map(|flow| flow.n).sum::<u64>();
                prop_assert_eq!(came, went);
            }
        }
        for step in 0..depth {
            let kept: std::collections::BTreeSet<u32> =
                flows.iter().filter(|flow| flow.step == step && flow.to < OTHER).map(|flow| flow.to).collect();
            prop_assert!(kept.len() <= n_kept);
        }
        prop_assert!(flows.iter().all(|flow| !is_collapsed || flow.from != flow.to || flow.from == OTHER));
    }

    #[test]
    fn lives_add_up(people in prop::collection::vec(prop::collection::vec(-3_i32..12, 0..8), 0..15)) {
        let rows = lifecycle(people.iter().map(Vec::as_slice), 0, 10);
        let active = |period: i32| people.iter().filter(|active| active.contains(&period)).count() as u64;
        for (period, row) in (0..).zip(&rows) {
            prop_assert_eq!(row.n_new + row.n_returning + row.n_resurrected, active(period));
            prop_assert_eq!(row.n_returning + row.n_dormant, active(period - 1));
            let first = |own: &&Vec<i32>| own.iter().min() == Some(&period);
            prop_assert_eq!(row.n_new, people.iter().filter(first).count() as u64);
        }
        let habit = stickiness(people.iter().map(Vec::as_slice), 0, 10);
        let visits: u64 = (0..10).map(active).sum();
        prop_assert_eq!(habit.n_people.iter().zip(1..).map(|(n, days): (&u64, u64)| n * days).sum::<u64>(), visits);
        prop_assert!((0.0..=1.0).contains(&habit.ratio));
    }
}

/// As measured with ClickHouse 26.9.
#[test]
fn clickhouse_by_example() {
    let plain = Modes::default();
    let order = Modes { strict_order: true, ..plain };
    let deduplication = Modes { strict_deduplication: true, ..plain };
    let increase = Modes { strict_increase: true, ..plain };
    let steps = |text: &str, modes| {
        let events: Vec<(u64, u32)> = events(text).iter().map(|event| (event.at as u64, event.steps)).collect();
        window_funnel(&events, 3, 10, modes)
    };
    assert_eq!([steps("0a 5b 10c", plain), steps("0a 5b 11c", plain), steps("0a 8a 12b 15c", plain)], [3, 2, 3]);
    assert_eq!([steps("0c 0b 0a", plain), steps("0a 0b 0c", increase)], [3, 1]);
    assert_eq!([steps("0a 1x 2b 3c", plain), steps("0a 1x 2b 3c", order)], [3, 1]);
    assert_eq!([steps("0a 1c 2b 3c", plain), steps("0a 1c 2b 3c", order)], [3, 1]);
    assert_eq!([steps("0a 1b 2b 3c", deduplication), steps("0a 1b 2b 3c", order)], [2, 3]);
    // One event for two steps.
    assert_eq!(window_funnel(&[(0, 0b011), (1, 0b100)], 3, 10, plain), 3);
    assert_eq!(clickhouse::retention(&[true, false, true]), [true, false, true]);
    assert_eq!(clickhouse::retention(&[false, true]), [false, false]);
}

#[test]
fn rolling_days_differ_from_calendar_days() {
    // Began at 23:00, came back an hour and a half later: the next day by the calendar, the same by 24 hours.
    let hour = 3_600;
    let count = |start: i64, back: i64, period, until| {
        let starts = [Start { cohort: 0, at: start }];
        let person = Person { starts: &starts, returns: &[back] };
        let measure = Measure::Exact { n_periods: 2 };
        let options = RetentionOptions { measure, is_first_time: true, period, observed_until: until };
        retention([person], &options)[0].cells.clone()
    };
    let cell = |n_returned| Some(Cell { n_observed: 1, n_returned });
    assert_eq!(count(0, 1, 1, 2), [cell(0), cell(1)]);
    assert_eq!(count(23 * hour, 24 * hour + hour / 2, 24 * hour, 72 * hour), [cell(1), cell(0)]);
    // INV-BEHAVIOUR-4.
    assert_eq!(count(23 * hour, 24 * hour, 24 * hour, 48 * hour), [cell(1), None]);
}
