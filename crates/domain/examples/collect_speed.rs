//! Prints how many messages per second one core reads, writes for the log and checks, in bodies of 100 as a browser sends
//! them: `cargo run --release --example collect_speed`.
#![expect(clippy::print_stdout, reason = "prints its result")]

use std::time::Instant;

use zhike_domain::collect::commerce::CommerceMapping;
use zhike_domain::collect::plan::{Plan, check};
use zhike_domain::collect::segment::{Route, read};
use zhike_domain::collect::wire::read_json;
use zhike_domain::collect::{Arrival, Message, Settings};

const N_ROUNDS: usize = 400;

fn main() {
    let message = |n: usize| {
        format!(
            r#"{{"type":"track","event":"Product Viewed","userId":"u{n}","anonymousId":"6f1c{n}","messageId":"ajs-next-{n}","timestamp":"2024-03-05T06:03:20.{n:03}Z",
            "properties":{{"product_id":"p{n}","name":"连衣裙","price":49.95,"url":"https://shop.example/p/{n}","position":{n}}},
            "context":{{"page":{{"url":"https://shop.example/p/{n}","title":"连衣裙"}},"userAgent":"Mozilla/5.0 Chrome/120.0 Safari/537.36","locale":"zh-CN",
            "library":{{"name":"analytics.js","version":"next-1.70.0"}}}}}}"#
        )
    };
    let messages: Vec<String> = (0..100).map(message).collect();
    let body = format!(r#"{{"batch":[{}],"sentAt":"2024-03-05T06:03:22Z"}}"#, messages.join(","));
    let settings = Settings::default();
    let arrival = Arrival {
        received_at: 1_709_618_602_000_000,
        request_id: "r",
        peer_ip: None,
        user_agent: None,
        sent_at: None,
        settings: &settings,
    };

    let start = Instant::now();
    let n_json = (0..N_ROUNDS).filter(|_| read_json(body.as_bytes()).is_ok()).count();
    report("parsed as JSON alone", n_json * 100, start);

    let start = Instant::now();
    let n_read: usize = (0..N_ROUNDS)
        .map(|_| read(body.as_bytes(), Route::Batch, &arrival).map_or(0, |collected| collected.records.len()))
        .sum();
    report("read", n_read, start);

    let start = Instant::now();
    let mut log = Vec::new();
    let mut all: Vec<Message> = Vec::new();
    for _ in 0..N_ROUNDS {
        let collected = read(body.as_bytes(), Route::Batch, &arrival).unwrap_or_default();
        log.clear();
        all.clear();
        for record in collected.records {
            if let Ok(message) = record.outcome {
                message.to_log(&mut log);
                all.push(message);
            }
        }
    }
    report("read and written for the log", N_ROUNDS * 100, start);
    println!("{} bytes on the wire and {} in the log per message", body.len() / 100, log.len() / 100);

    let (plan, orders) = (Plan::default(), CommerceMapping::default());
    let start = Instant::now();
    let mut n_checked = 0;
    for _ in 0..N_ROUNDS / 4 {
        n_checked += all.iter().filter(|message| check(&plan, &orders, (*message).clone()).is_ok()).count();
    }
    report("checked and masked", n_checked, start);
}

fn report(what: &str, n_messages: usize, start: Instant) {
    println!("{:.0} messages/s {what}", n_messages as f64 / start.elapsed().as_secs_f64());
}
