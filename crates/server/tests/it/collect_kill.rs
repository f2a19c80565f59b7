//! `kill -9` while events come in: whatever was acknowledged is in the tables, exactly once.
//!
//! Producers keep books of what they sent and what was acknowledged. The binary is killed at random moments and started
//! again, `ZHIKE_KILLS` times (50 by default); then it takes all that its log holds, and the books are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Home, Server};

const N_PRODUCERS: u64 = 3;

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// What a producer knows of its events.
#[derive(Default)]
struct Book {
    sent: BTreeSet<String>,
    acknowledged: BTreeSet<String>,
    n_refused: u64,
    n_unanswered: u64,
}

/// The status of the answer; `None` when there was none.
fn post(address: &str, body: &str) -> Option<u16> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let head = format!(
        "POST /v1/batch HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    // Half an answer is none: only a whole one may be taken for an acknowledgement.
    if !answer.ends_with('}') {
        return None;
    }
    answer.split(' ').nth(1)?.parse().ok()
}

fn produce(producer: u64, key: &str, address: &Mutex<String>, is_over: &AtomicBool) -> Book {
    let mut dice = Dice(producer + 1);
    let mut book = Book::default();
    let mut sequence = 0_u64;
    let mut again: Vec<u64> = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        // What was not acknowledged is mostly sent again, as SDKs do.
        let batch = if again.is_empty() {
            let first = sequence;
            sequence += 1 + dice.below(20);
            (first..sequence).collect()
        } else {
            std::mem::take(&mut again)
        };
        let ids: Vec<String> = batch.iter().map(|n| format!("p{producer}-{n}")).collect();
        let messages: Vec<Value> = ids
            .iter()
            .map(|id| json!({"type": "track", "event": "tick", "userId": format!("u{}", dice.below(50)), "messageId": id}))
            .collect();
        book.sent.extend(ids.iter().cloned());
        let to = address.lock().unwrap().clone();
        match post(&to, &json!({"writeKey": key, "batch": messages}).to_string()) {
            Some(200) => book.acknowledged.extend(ids),
            Some(status) => {
                assert!(status == 429 || status == 503, "status {status}");
                book.n_refused += 1;
                again = batch;
            }
            None => {
                book.n_unanswered += 1;
                if dice.below(4) > 0 {
                    again = batch;
                }
                std::thread::sleep(Duration::from_millis(20));
            }
        }
    }
    book
}

#[test]
fn what_was_acknowledged_is_there_once_however_often_the_process_dies() {
    let n_kills: u32 = std::env::var("ZHIKE_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(50);
    let home = Home::new();
    let mut server = Server::start(&home);
    let (status, source) = server.post("/api/v1/sources", &json!({"name": "ticks"}));
    assert_eq!(status, 200, "{source}");
    let key = source["write_key"].as_str().unwrap().to_owned();
    let address = Arc::new(Mutex::new(server.address.clone()));
    let is_over = Arc::new(AtomicBool::new(false));
    let producers: Vec<_> = (0..N_PRODUCERS)
        .map(|producer| {
            let (key, address, is_over) = (key.clone(), address.clone(), is_over.clone());
            std::thread::spawn(move || produce(producer, &key, &address, &is_over))
        })
        .collect();
    let mut dice = Dice(42);
    for _ in 0..n_kills {
        std::thread::sleep(Duration::from_millis(30 + dice.below(1_500)));
        server.kill();
        server = Server::start(&home);
        *address.lock().unwrap() = server.address.clone();
    }
    std::thread::sleep(Duration::from_millis(500));
    is_over.store(true, Ordering::Relaxed);
    let books: Vec<Book> = producers.into_iter().map(|producer| producer.join().unwrap()).collect();
    assert!(server.stop(), "the last server did not end in order");

    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for row in home.json(&["sql", "SELECT event_id FROM events"]).as_array().unwrap() {
        *found.entry(row["event_id"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    let n_acknowledged: usize = books.iter().map(|book| book.acknowledged.len()).sum();
    println!(
        "{n_kills} kills: {} sent, {n_acknowledged} acknowledged, {} refused, {} unanswered, {} found",
        books.iter().map(|book| book.sent.len()).sum::<usize>(),
        books.iter().map(|book| book.n_refused).sum::<u64>(),
        books.iter().map(|book| book.n_unanswered).sum::<u64>(),
        found.len()
    );
    assert!(n_acknowledged > 0);
    let sent: BTreeSet<&String> = books.iter().flat_map(|book| &book.sent).collect();
    for book in &books {
        let lost: Vec<_> = book.acknowledged.iter().filter(|id| !found.contains_key(*id)).take(5).collect();
        assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
    }
    let twice: Vec<_> = found.iter().filter(|(_, n)| **n > 1).take(5).collect();
    assert!(twice.is_empty(), "in the tables more than once: {twice:?}");
    let strange: Vec<_> = found.keys().filter(|id| !sent.contains(id)).take(5).collect();
    assert!(strange.is_empty(), "never sent: {strange:?}");
}
