//! Clocks that jump: the machine's own, and those of senders.

use std::sync::atomic::Ordering;

use zhike_domain::collect::message::Kind;
use zhike_engine::collect::collect;
use zhike_engine::{Clock, Options, ingest, sources};

use crate::live::{body, message, source};
use crate::support::{Home, NOW, rows};

const DAY: i64 = 86_400_000_000;

/// The machine's clock goes weeks ahead and comes back, and once a day back: everything is taken once, in any of these
/// times, and repetitions are noticed across them.
#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_jumps_loses_and_doubles_nothing() {
    let home = Home::sqlite();
    let clock = Clock::fixed(NOW);
    let hand = clock.clone();
    let ctx = home.open_as(|options| Options { clock, ..options }).await;
    let Clock::Fixed(now) = hand else { unreachable!("the clock is set") };
    let site = source(&ctx, "site").await;
    let mut n_sent = 0;
    for (step, days) in [0, 40, 0, -1, 0, 1, 400, 2].into_iter().enumerate() {
        now.store(NOW + days * DAY, Ordering::Relaxed);
        let new: Vec<_> =
            (0..5).map(|n| message(&format!("s{step}-{n}"), n, Kind::Track, &[&format!("anon:a{n}")])).collect();
        n_sent += new.len();
        // With each step all that was sent in the step before comes again.
        let again: Vec<_> = (step.checked_sub(1).into_iter())
            .flat_map(|before| (0..5).map(move |n| (before, n)))
            .map(|(before, n)| message(&format!("s{before}-{n}"), n, Kind::Track, &[&format!("anon:a{n}")]))
            .collect();
        for messages in [new, again] {
            collect(&ctx, &site, body(&messages), ctx.now()).await.unwrap();
        }
        let done = ingest::drain(&ctx).await.unwrap();
        assert_eq!((done.n_taken, done.n_duplicate), (5, if step == 0 { 0 } else { 5 }), "step {step}");
        let health = sources::health(&ctx).await.unwrap();
        assert!(health.iter().all(|health| health.lag_seconds >= 0.0), "step {step}");
    }
    let counted = rows(&ctx, "SELECT count(*), count(DISTINCT event_id) FROM events").await;
    assert_eq!(counted, [format!("{n_sent}|{n_sent}")]);
}
