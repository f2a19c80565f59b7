//! What collecting costs before the log: reading a request, checking it against a plan and masking it, and writing it in the
//! log's form. `cargo bench -p zhike-domain`.
#![expect(clippy::print_stdout, reason = "prints its figures")]

use std::hint::black_box;
use std::time::Instant;

use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::plan::{self, Plan};
use zhike_domain::collect::segment::{self, Route};
use zhike_domain::collect::{Arrival, Settings};

const N_EVENTS: usize = 100;
const N_ROUNDS: usize = 500;

fn main() {
    let one = |n: usize| {
        format!(
            "{{\"messageId\":\"node-next-{n:012}\",\"type\":\"track\",\"event\":\"Product Viewed\",\"userId\":\"u{n:08}\",\
             \"timestamp\":\"2026-03-05T06:03:22.000Z\",\"properties\":{{\"product_id\":\"P{n:05}\",\
             \"name\":\"挂耳咖啡 10 包\",\"category\":\"咖啡\",\"brand\":\"云上\",\"price\":59.9,\"quantity\":1,\"position\":{}}},\
             \"context\":{{\"library\":{{\"name\":\"@segment/analytics-node\",\"version\":\"2.1.3\"}}}}}}",
            n % 40
        )
    };
    let body = format!("{{\"batch\":[{}]}}", (0..N_EVENTS).map(one).collect::<Vec<_>>().join(","));
    let settings = Settings::default();
    let arrival = Arrival {
        received_at: 1_772_690_602_000_000,
        request_id: "req",
        peer_ip: Some("192.0.2.9"),
        user_agent: None,
        sent_at: None,
        settings: &settings,
    };
    let (plan, mapping) = (Plan::default(), CommerceMapping::default());
    let mut times = [0.0; 4];
    let mut out = Vec::new();
    for _ in 0..N_ROUNDS {
        let at = Instant::now();
        black_box(serde_json::from_str::<serde_json::Value>(black_box(&body)).expect("JSON"));
        times[0] += at.elapsed().as_secs_f64();
        let at = Instant::now();
        let collected = segment::read(black_box(body.as_bytes()), Route::Batch, &arrival).expect("a batch");
        times[1] += at.elapsed().as_secs_f64();
        let at = Instant::now();
        let check = |outcome: Result<_, _>| plan::check(&plan, &mapping, outcome.expect("taken"));
        let checked: Vec<_> = collected.records.into_iter().map(|record| check(record.outcome)).collect();
        times[2] += at.elapsed().as_secs_f64();
        let at = Instant::now();
        out.clear();
        for checked in checked {
            checked.expect("allowed").message.to_log(&mut out);
        }
        black_box(&out);
        times[3] += at.elapsed().as_secs_f64();
    }
    let per_event = 1e6 / (N_EVENTS * N_ROUNDS) as f64;
    println!("{} bytes per event; {} in the log", body.len() / N_EVENTS, out.len() / N_EVENTS);
    for (what, time) in ["JSON alone", "read", "check and mask", "log form"].iter().zip(times) {
        println!("{what}: {:.2} µs per event", time * per_event);
    }
}
