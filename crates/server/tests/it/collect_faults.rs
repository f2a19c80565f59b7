//! Bombs, crowds and full disks: what they cost the server, and what its other clients notice.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::support::{Disk, Home, Server};

fn key_of_new_source(server: &Server) -> String {
    let (status, source) = server.post("/api/v1/sources", &json!({"name": "shop"}));
    assert_eq!(status, 200, "{source}");
    source["write_key"].as_str().unwrap().to_owned()
}

fn batch(key: &str, ids: impl Iterator<Item = String>) -> Vec<u8> {
    let messages: Vec<_> =
        ids.map(|id| json!({"type": "track", "event": "tick", "userId": "u1", "messageId": id})).collect();
    json!({"writeKey": key, "batch": messages}).to_string().into_bytes()
}

/// Ten mebibytes that inflate to ten gibibytes.
fn gzip_bomb() -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![b' '; 1 << 20];
    for _ in 0..1024 {
        encoder.write_all(&zeros).unwrap();
    }
    // Members stand behind each other, and are one stream.
    encoder.finish().unwrap().repeat(10)
}

/// Ends a neighbour, also when an assertion fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn bombs_cost_little_memory_and_harm_no_neighbour() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = key_of_new_source(&server);
    for n in 0..20 {
        assert_eq!(
            server.request("POST", "/v1/batch", &[], &batch(&key, (0..500).map(|id| format!("w{n}-{id}")))).0,
            200
        );
    }
    let numbers = format!(
        "{{\"writeKey\":\"{key}\",\"batch\":[{{\"type\":\"track\",\"event\":\"e\",\"userId\":\"u\",\"properties\":{{\"a\":[{}0]}}}}]}}",
        "0,".repeat(15 << 20)
    );
    let keys: String = (0..1_000_000).map(|n| format!("\"k{n}\":0,")).collect();
    let in_field = {
        let packed = gzip_bomb();
        let mut body = b"gzip=1&data_list=".to_vec();
        body.extend(crate::collect::base64(&packed[..packed.len() / 10]).replace('+', "%2B").bytes());
        body
    };
    let bombs: Vec<(&str, &str, Vec<u8>)> = vec![
        ("gzip", "/v1/batch", gzip_bomb()),
        ("gzip in a field", "/sa", in_field),
        ("depth", "/v1/batch", b"[".repeat(1_000_000)),
        ("depth of objects", "/v1/batch", b"{\"a\":".repeat(1_000_000)),
        ("keys", "/v1/track", format!("{{{keys}\"writeKey\":\"{key}\"}}").into_bytes()),
        ("numbers", "/v1/batch", numbers.into_bytes()),
    ];
    server.forget_peak();
    let before = server.peak_bytes();
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let ending = Ending(&is_over);
        let neighbour = scope.spawn(|| {
            let (mut n, mut slowest) = (0, Duration::ZERO);
            while !is_over.load(Ordering::Relaxed) {
                let at = Instant::now();
                let (status, _, body) =
                    server.request("POST", "/v1/batch", &[], &batch(&key, (0..10).map(|id| format!("n{n}-{id}"))));
                assert_eq!(status, 200, "a neighbour was refused: {}", String::from_utf8_lossy(&body));
                slowest = slowest.max(at.elapsed());
                n += 1;
            }
            (n, slowest)
        });
        // One by one none is only put off.
        for (what, path, bomb) in &bombs {
            let bearer = format!("Bearer {key}");
            let (status, _, body) = server.request("POST", path, &[("Authorization", &bearer)], bomb);
            assert!(matches!(status, 400 | 413), "{what}: {status} {}", String::from_utf8_lossy(&body));
            println!("{what}: memory at most {} MiB so far", server.peak_bytes().unwrap_or(0) >> 20);
        }
        for round in 0..2 {
            std::thread::scope(|scope| {
                for (what, path, bomb) in &bombs {
                    let (server, key) = (&server, &key);
                    scope.spawn(move || {
                        let bearer = format!("Bearer {key}");
                        let (status, _, body) = server.request("POST", path, &[("Authorization", &bearer)], bomb);
                        assert!(
                            matches!(status, 400 | 413 | 429),
                            "{what}, round {round}: {status} {}",
                            String::from_utf8_lossy(&body)
                        );
                    });
                }
            });
        }
        drop(ending);
        let (n, slowest) = neighbour.join().unwrap();
        println!("{n} requests of a neighbour, the slowest took {} ms", slowest.as_millis());
        assert!(n > 0);
    });
    if let (Some(before), Some(after)) = (before, server.peak_bytes()) {
        println!("memory: {} MiB before, at most {} MiB", before >> 20, after >> 20);
        // The system counts the pages of each processor now and then only: the peak may be told a little lower later.
        let grown = after.saturating_sub(before);
        assert!(grown <= 64 << 20, "memory grew by {} MiB", grown >> 20);
    }
}

/// Connections to keep open; fewer where the system allows fewer files.
fn n_connections() -> usize {
    let wanted = std::env::var("ZHIKE_CONNECTIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(10_000);
    let granted = rlimit::increase_nofile_limit(wanted + 500).unwrap_or(1024);
    granted.saturating_sub(500).min(wanted) as usize
}

#[test]
fn ten_thousand_slow_connections_keep_nobody_out() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = key_of_new_source(&server);
    let n = n_connections();
    let half = batch(&key, std::iter::once("slow".to_owned()));
    let connections: Vec<TcpStream> = (0..n)
        .map(|at| {
            let mut stream = TcpStream::connect(&server.address).unwrap();
            // Some never end their head, some their body, some say nothing.
            let said = match at % 3 {
                0 => b"POST /v1/batch HTTP/1.1\r\nX-Slow: ".to_vec(),
                1 => [
                    format!("POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", half.len() + 1)
                        .as_bytes(),
                    &half,
                ]
                .concat(),
                _ => Vec::new(),
            };
            // It may have been let go already.
            let _ = stream.write_all(&said);
            if at % 100 == 0 {
                let (status, _, _) =
                    server.request("POST", "/v1/batch", &[], &batch(&key, std::iter::once(format!("m{at}"))));
                assert_eq!(status, 200, "with {at} slow connections");
            }
            stream
        })
        .collect();
    for at in 0..200 {
        let (status, _, _) =
            server.request("POST", "/v1/batch", &[], &batch(&key, std::iter::once(format!("after{at}"))));
        assert_eq!(status, 200);
    }
    assert_eq!(server.get("/readyz").0, 200);
    println!("{n} slow connections");
    drop(connections);
}

#[test]
fn a_full_disk_under_the_collector_is_never_a_yes_and_recovers_by_itself() {
    let home = Home::new();
    let data = home.path().join("data");
    let Some(disk) = Disk::mount(&data, "size=12m") else {
        println!("skipped: a small disk cannot be mounted here (needs root)");
        return;
    };
    let mut server = Server::start(&home);
    let key = key_of_new_source(&server);
    let (mut acknowledged, mut n_refused, mut n) = (Vec::new(), 0, 0);
    let mut send = |server: &Server, acknowledged: &mut Vec<String>| {
        let ids: Vec<String> = (0..200).map(|id| format!("d{n}-{id}")).collect();
        n += 1;
        let (status, head, body) = server.request("POST", "/v1/batch", &[], &batch(&key, ids.iter().cloned()));
        match status {
            200 => acknowledged.extend(ids),
            503 => assert!(head.to_ascii_lowercase().contains("retry-after"), "{head}"),
            _ => panic!("{status} {}", String::from_utf8_lossy(&body)),
        }
        status
    };
    let began = Instant::now();
    while n_refused < 20 {
        n_refused += usize::from(send(&server, &mut acknowledged) == 503);
        assert!(began.elapsed() < Duration::from_secs(120), "the disk does not fill up");
    }
    // The server lives, and says so.
    assert_eq!(server.get("/healthz").0, 200);
    disk.grow("size=300m");
    let began = Instant::now();
    while send(&server, &mut acknowledged) != 200 {
        assert!(began.elapsed() < Duration::from_secs(60), "it does not recover");
        std::thread::sleep(Duration::from_millis(100));
    }
    for _ in 0..20 {
        assert_eq!(send(&server, &mut acknowledged), 200);
    }
    assert!(server.stop(), "the server did not end in order");
    let rows = home.json(&["sql", "SELECT event_id, count(*) AS n FROM events GROUP BY event_id"]);
    let found: std::collections::BTreeMap<&str, i64> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["event_id"].as_str().unwrap(), row["n"].as_i64().unwrap()))
        .collect();
    assert!(found.values().all(|n| *n == 1), "some are there twice");
    let n_lost = acknowledged.iter().filter(|id| !found.contains_key(id.as_str())).count();
    assert_eq!(n_lost, 0, "of {} acknowledged", acknowledged.len());
    println!("{} acknowledged, {n_refused} refusals, {} found", acknowledged.len(), found.len());
}

#[test]
fn an_answer_cut_off_in_the_middle_is_asked_for_again_without_a_double() {
    let home = Home::new();
    let mut server = Server::start(&home);
    let key = key_of_new_source(&server);
    let body = batch(&key, (0..50).map(|id| format!("cut-{id}")));
    for _ in 0..3 {
        // The client goes before it hears the answer, and sends again.
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let head = format!("POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n", body.len());
        stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
        let mut byte = [0];
        let _ = stream.read(&mut byte);
    }
    assert_eq!(server.request("POST", "/v1/batch", &[], &body).0, 200);
    assert!(server.stop());
    let rows = home.json(&["sql", "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events"]);
    assert_eq!(rows, json!([{"n": 50, "ids": 50}]));
}

#[test]
fn the_log_is_sealed_with_sm4_by_setting_and_read_whatever_the_setting() {
    let home = Home::new();
    let mut server = Server::start_with(&home, &["--log-cipher", "sm4-gcm"]);
    let key = key_of_new_source(&server);
    for n in 0..3 {
        let (status, _, _) =
            server.request("POST", "/v1/batch", &[], &batch(&key, (0..50).map(|id| format!("s{n}-{id}"))));
        assert_eq!(status, 200);
        // What is in the log now is read by the next process.
        server.kill();
        server = Server::start_with(&home, if n == 0 { &["--log-cipher", "sm4-gcm"] } else { &[] });
    }
    assert!(server.stop());
    let rows = home.json(&["sql", "SELECT count(*) AS n, count(DISTINCT event_id) AS ids FROM events"]);
    assert_eq!(rows, json!([{"n": 150, "ids": 150}]));
}
