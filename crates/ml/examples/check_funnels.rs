//! Funnels of logs on stdin, for `scripts/check-funnels.py`: a line `N_STEPS WINDOW TIME:BITS TIME:BITS …` each, answered by the
//! steps reached in ClickHouse's eight combinations of modes and by our sequential order.
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

use zhike_ml::behaviour::clickhouse::{Modes, window_funnel};
use zhike_ml::behaviour::{Event, FunnelOptions, Order, funnel};

fn main() {
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |word: &str| word.parse::<u64>().expect("a number");
        let (n_steps, window) = (number(words[0]) as usize, number(words[1]));
        let mut events: Vec<(u64, u32)> = words[2..]
            .iter()
            .filter_map(|word| word.split_once(':'))
            .map(|(at, bits)| (number(at), number(bits) as u32))
            .collect();
        let answer = |bits: u8| {
            let modes =
                Modes { strict_deduplication: bits & 1 > 0, strict_order: bits & 2 > 0, strict_increase: bits & 4 > 0 };
            window_funnel(&events, n_steps, window, modes).to_string()
        };
        let mut answers: Vec<String> = (0..8).map(answer).collect();
        events.sort_by_key(|(at, _)| *at);
        let own: Vec<Event> =
            events.iter().map(|(at, steps)| Event { at: *at as i64, steps: *steps, exclusions: 0 }).collect();
        let options =
            FunnelOptions { n_steps, order: Order::Sequential, window: window as i64, exclusions: Vec::new() };
        answers.push(funnel(&own, &options, 0).map_or(0, |attempt| attempt.times.len()).to_string());
        println!("{}", answers.join(" "));
    }
}
