//! Funnels over many events.

use zhike_ml::behaviour::{Event, FunnelOptions, Order, funnel};

use super::read::{Line, best_of};

/// Ten events each of a million people, five steps.
pub fn grade() {
    let (n_people, n_each) = (1_000_000_usize, 10_usize);
    let mut state = 1_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let mut events: Vec<Event> = Vec::with_capacity(n_people * n_each);
    for _ in 0..n_people {
        let mut at = 0;
        for _ in 0..n_each {
            at += (next() % 40) as i64;
            events.push(Event { at, steps: (1 << (next() % 8)) & 31, exclusions: 0 });
        }
    }
    for order in [Order::Sequential, Order::Strict, Order::Any] {
        let options = FunnelOptions { n_steps: 5, order, window: 200, exclusions: Vec::new() };
        let count = |events: &[Event]| {
            let reached = |own: &[Event]| funnel(own, &options, i64::MAX).map_or(0, |attempt| attempt.times.len());
            events.chunks_exact(n_each).map(reached).sum::<usize>()
        };
        let (left, right) = events.split_at(events.len() / 2);
        let both = || {
            std::thread::scope(|scope| {
                let other = scope.spawn(|| count(right));
                count(left) + other.join().expect("a count")
            })
        };
        let (sum, ms) = best_of(3, both);
        let line = Line::new("funnel, 10 million events in memory, 5 steps", &format!("Zhike {order:?}"));
        line.figure("steps reached", sum as f64, 0).figure("ms", ms, 0).print();
    }
}
