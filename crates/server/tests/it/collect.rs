//! Collection over HTTP, as clients see it: statuses, headers, and what is found afterwards.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{Home, Server};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A source made over the API; its write key.
fn source(server: &Server, body: &Value) -> String {
    let (status, source) = server.post("/api/v1/sources", body);
    assert_eq!(status, 200, "{source}");
    source["write_key"].as_str().unwrap().to_owned()
}

pub fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let n = chunk.iter().fold(0_u32, |n, &byte| n << 8 | u32::from(byte)) << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            text.push(char::from(LETTERS[(n >> (18 - 6 * at) & 63) as usize]));
        }
        text.push_str(&"=".repeat(3 - chunk.len()));
    }
    text
}

fn basic(key: &str) -> String {
    format!("Basic {}", base64(format!("{key}:").as_bytes()))
}

/// A record as SDKs of Sensors encode it.
fn data(value: &Value) -> String {
    base64(value.to_string().as_bytes()).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// Waits until a query gives what is wanted.
fn eventually(home: &Home, sql: &str, wanted: &Value) {
    let began = Instant::now();
    loop {
        let rows = home.json(&["sql", sql]);
        if rows == *wanted {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "{sql}: {rows} instead of {wanted}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn track(id: &str) -> Value {
    json!({"type": "track", "event": "签到", "userId": "u1", "messageId": id})
}

#[test]
fn every_form_of_body_and_key_is_taken() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "web"}));
    let auth = basic(&key);
    let auth = ("Authorization", auth.as_str());
    let one = |id: &str| track(id).to_string().into_bytes();
    let with_key = |id: &str| json!({"batch": [track(id)], "writeKey": key}).to_string().into_bytes();
    let beacon = format!("/beacon/v1/batch?writeKey={key}");
    let sa = format!("/sa?project=default&token={key}");
    let gif = |id: &str| {
        let record = json!({"type": "track", "event": "SignIn", "distinct_id": "d1", "time": 1_795_000_000_000_i64, "properties": {"id": id}});
        data(&record)
    };
    let form = |id: &str| format!("data={}&ext=crc%3D1", gif(id)).into_bytes();
    let plain = json!({"events": [{"event": "visit_count", "store_id": "s1", "count": 3}]}).to_string().into_bytes();
    let as_form = ("Content-Type", "application/x-www-form-urlencoded");
    let as_text = ("Content-Type", "text/plain");
    let packed = ("Content-Encoding", "gzip");
    let bearer = format!("Bearer {key}");
    type Case<'a> = (&'a str, String, Vec<(&'a str, &'a str)>, Vec<u8>);
    let cases: Vec<Case<'_>> = vec![
        ("single, key as Basic user", "/v1/track".into(), vec![auth], one("f1")),
        ("short path, slash at the end", "/v1/t/".into(), vec![auth], one("f2")),
        ("doubled slash", "//v1/batch".into(), vec![auth], json!({"batch": [track("f3")]}).to_string().into_bytes()),
        ("key in the body, text/plain", "/v1/b".into(), vec![as_text], with_key("f4")),
        ("gzip labelled as a form", "/v1/batch".into(), vec![packed, as_form], gzip(&with_key("f5"))),
        ("gzip without a label", "/v1/batch".into(), vec![], gzip(&with_key("f6"))),
        ("label without gzip", "/v1/batch".into(), vec![packed], with_key("f7")),
        ("beacon, key in the query", beacon, vec![as_text], json!([track("f8")]).to_string().into_bytes()),
        (
            "type from the path",
            "/v1/identify".into(),
            vec![auth],
            br#"{"userId":"u1","traits":{"level":"gold"}}"#.to_vec(),
        ),
        ("form", sa.clone(), vec![as_form], form("f9")),
        ("form labelled as text", sa.clone(), vec![as_text], form("f10")),
        ("gzipped form", sa.clone(), vec![packed], gzip(&form("f11"))),
        (
            "plain",
            "/v1/events".into(),
            vec![("Authorization", bearer.as_str()), ("Idempotency-Key", "k1")],
            plain.clone(),
        ),
        (
            "plain, again",
            "/v1/events/".into(),
            vec![("Authorization", bearer.as_str()), ("Idempotency-Key", "k1")],
            plain,
        ),
        ("metrics of the SDK", "/v1/m".into(), vec![], br#"{"series":[]}"#.to_vec()),
    ];
    for (what, path, headers, body) in cases {
        let (status, head, answer) = server.request("POST", &path, &headers, &body);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        assert_eq!((status, &answer["success"]), (200, &json!(true)), "{what}: {head} {answer}");
    }
    let (status, head, body) = server.request("GET", &format!("/sa.gif?token={key}&data={}", gif("f12")), &[], b"");
    assert_eq!(status, 200);
    assert!(head.contains("image/gif") && body.starts_with(b"GIF89a"), "{head}");
    // A pixel may carry much.
    let long = json!({"type": "track", "event": "SignIn", "distinct_id": "d1", "time": 1_795_000_000_000_i64, "properties": {"id": "f13", "text": "长".repeat(9_000)}});
    let (status, ..) = server.request("GET", &format!("/sa.gif?token={key}&data={}", data(&long)), &[], b"");
    assert_eq!(status, 200);
    // Without a length, in pieces.
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let body = with_key("f14");
    let (a, b) = body.split_at(20);
    write!(
        stream,
        "POST /v1/batch HTTP/1.1\r\nHost: any.example\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    .unwrap();
    for part in [a, b] {
        write!(stream, "{:x}\r\n", part.len()).unwrap();
        stream.write_all(part).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    eventually(
        &home,
        "SELECT event, count(*) AS n FROM events WHERE event IN ('签到', 'SignIn', 'visit_count') GROUP BY event ORDER BY event",
        &json!([{"event": "SignIn", "n": 5}, {"event": "visit_count", "n": 1}, {"event": "签到", "n": 9}]),
    );
}

#[test]
fn one_bad_record_spoils_no_other_and_is_told() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "web"}));
    let batch = json!({"writeKey": key, "batch": [track("g1"), {"type": "track", "userId": "u1"}, 7, track("g2"), track("g1")]});
    let (status, _, body) = server.request("POST", "/v1/batch", &[], batch.to_string().as_bytes());
    assert_eq!((status, body.as_slice()), (200, br#"{"success":true}"#.as_slice()));
    let plain = json!([{"event": "open"}, {"count": 1}]).to_string();
    let path = format!("/v1/events?writeKey={key}");
    let (status, _, body) = server.request("POST", &path, &[], plain.as_bytes());
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(status, 200);
    assert_eq!(body["rejected"], json!([{"index": 1, "code": "missing_event", "field": "event"}]), "{body}");
    let (status, _, body) =
        server.request("POST", "/v1/batch", &[], json!({"writeKey": key, "batch": []}).to_string().as_bytes());
    assert_eq!((status, body.as_slice()), (200, br#"{"success":true}"#.as_slice()));
    eventually(&home, "SELECT count(*) AS n FROM events WHERE event = '签到'", &json!([{"n": 2}]));
    let (_, health) = server.get("/api/v1/sources/web");
    assert_eq!(health["health"]["n_rejected_24h"], 3, "{health}");
}

#[test]
fn refusals_have_their_status_a_code_and_cors() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "shop", "allowed_origins": ["https://shop.example.cn"]}));
    let auth = basic(&key);
    let auth = ("Authorization", auth.as_str());
    let message = track("h1").to_string();
    let big = json!({"batch": [track("h2")], "x": "长".repeat(12 << 20)}).to_string();
    let bomb = gzip(&vec![b' '; 40 << 20]);
    assert!(bomb.len() < 1 << 20);
    let nobody = basic("wk_nobody");
    let unknown = ("Authorization", nobody.as_str());
    let evil = ("Origin", "https://evil.example");
    let own = ("Origin", "https://shop.example.cn");
    let packed = ("Content-Encoding", "gzip");
    let good = message.as_bytes();
    for (what, method, path, headers, body, wanted, code) in [
        ("no key", "POST", "/v1/track", vec![evil], good, 401, "missing_key"),
        ("unknown key", "POST", "/v1/track", vec![evil, unknown], good, 401, "unknown_key"),
        ("empty", "POST", "/v1/track", vec![evil, auth], b"".as_slice(), 400, "empty_body"),
        ("broken JSON", "POST", "/v1/batch", vec![evil, auth], b"{\"batch\":[", 400, "bad_json"),
        ("no records", "POST", "/v1/batch", vec![evil, auth], b"{\"batch\":7}", 400, "not_records"),
        ("broken gzip", "POST", "/v1/batch", vec![evil, auth, packed], b"\x1f\x8bxxxxxxxxxxxx", 400, "bad_gzip"),
        (
            "unknown packing",
            "POST",
            "/v1/batch",
            vec![evil, auth, ("Content-Encoding", "br")],
            good,
            400,
            "unsupported_encoding",
        ),
        ("too large", "POST", "/v1/batch", vec![evil, auth], big.as_bytes(), 413, "too_large"),
        ("bomb", "POST", "/v1/batch", vec![evil, auth, packed], &bomb, 413, "too_large"),
        ("foreign page", "POST", "/v1/track", vec![evil, auth], good, 403, "forbidden_origin"),
        ("own page", "POST", "/v1/track", vec![own, auth], good, 200, ""),
        ("no page", "POST", "/v1/track", vec![auth], good, 200, ""),
        ("wrong method", "GET", "/v1/track", vec![evil, auth], b"", 405, "method_not_allowed"),
        ("nothing there", "POST", "/v1/nothing", vec![evil, auth], good, 404, "not_found"),
        ("unknown settings", "GET", "/v1/projects/wk_nobody/settings", vec![evil], b"", 401, "unknown_key"),
        ("unknown config", "GET", "/sourceConfig?writeKey=wk_nobody", vec![evil], b"", 401, "unknown_key"),
        ("no fields", "POST", "/sa", vec![evil, auth], b"x=1", 400, "missing_field"),
        ("no base64", "POST", "/sa", vec![evil, auth], b"data=***", 400, "bad_base64"),
    ] {
        let (status, head, body) = server.request(method, path, &headers, body);
        let body: Value = serde_json::from_slice(&body).unwrap_or_default();
        assert_eq!((status, body["code"].as_str().unwrap_or_default()), (wanted, code), "{what}: {head} {body}");
        assert!(code.is_empty() || body["message"].is_string(), "{what}: {body}");
        let head = head.to_ascii_lowercase();
        let origin = headers.iter().find(|(name, _)| *name == "Origin").map_or("*", |(_, origin)| origin);
        assert!(head.contains(&format!("access-control-allow-origin: {origin}")), "{what}: {head}");
        assert!(head.contains("access-control-expose-headers: retry-after"), "{what}: {head}");
    }
    // Any host name leads here, but not to the API.
    let (status, ..) = server.request("POST", "/v1/track", &[("Host", "cdp.example.cn"), auth], good);
    assert_eq!(status, 200);
    assert_eq!(server.request("GET", "/api/v1/sources", &[("Host", "cdp.example.cn")], b"").0, 403);
    // A source that is switched off.
    assert_eq!(server.patch("/api/v1/sources/shop", &json!({"is_enabled": false})).0, 200);
    assert_eq!(server.request("POST", "/v1/track", &[auth], good).0, 403);
}

#[test]
fn pages_may_ask_first_and_get_their_configuration() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "官网"}));
    let asked = "authorization,content-type,anonymousid,sentat,x-retry-count,rsa-recovered";
    for path in ["/v1/batch", "/v1/t/", "/sa", "/sourceConfig/", "/beacon/v1/batch?writeKey=x", "/v1/events"] {
        let headers = [
            ("Origin", "https://a.example"),
            ("Access-Control-Request-Headers", asked),
            ("Access-Control-Request-Method", "POST"),
        ];
        let (status, head, _) = server.request("OPTIONS", path, &headers, b"");
        let head = head.to_ascii_lowercase();
        assert_eq!(status, 200, "{path}");
        for wanted in [
            "access-control-allow-origin: https://a.example".to_owned(),
            format!("access-control-allow-headers: {asked}"),
            "access-control-max-age: ".to_owned(),
            "access-control-allow-methods: get, post, options".to_owned(),
        ] {
            assert!(head.contains(&wanted), "{path}: {wanted} in {head}");
        }
    }
    let (status, settings) = server.get(&format!("/v1/projects/{key}/settings"));
    assert_eq!(status, 200);
    let wanted = json!({"apiKey": key, "apiHost": format!("{}/v1", server.address), "protocol": "http"});
    assert_eq!(settings["integrations"]["Segment.io"], wanted);
    let (status, config) = server.get(&format!("/sourceConfig/?writeKey={key}&p=npm"));
    assert_eq!((status, &config["source"]["writeKey"], &config["source"]["enabled"]), (200, &json!(key), &json!(true)));
    assert_eq!(config["source"]["name"], "官网");
}

#[test]
fn a_dry_run_checks_and_stores_nothing() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "web"}));
    let record = json!([{"type": "track", "event": "Never", "distinct_id": "d", "time": 1}, {"type": "track", "distinct_id": "d", "time": 1}]);
    let body = format!("data_list={}&gzip=0", data(&record));
    let path = format!("/debug?token={key}");
    let (status, _, answer) = server.request("POST", &path, &[("Dry-Run", "true")], body.as_bytes());
    let answer: Value = serde_json::from_slice(&answer).unwrap();
    assert_eq!(
        (status, &answer["n_accepted"], &answer["rejected"][0]["code"]),
        (200, &json!(1), &json!("missing_event"))
    );
    let body = body.replace(
        &data(&record),
        &data(&json!({"type": "track", "event": "Once", "distinct_id": "d", "time": 1_795_000_000_000_i64})),
    );
    assert_eq!(server.request("POST", &path, &[], body.as_bytes()).0, 200);
    eventually(&home, "SELECT event FROM events", &json!([{"event": "Once"}]));
}

#[test]
fn a_server_that_is_told_to_stop_has_taken_all_it_acknowledged() {
    let home = Home::new();
    let mut server = Server::start(&home);
    let key = source(&server, &json!({"name": "web"}));
    let batch: Vec<Value> = (0..500).map(|n| track(&format!("s{n}"))).collect();
    let body = json!({"writeKey": key, "batch": batch}).to_string();
    assert_eq!(server.request("POST", "/v1/batch", &[], body.as_bytes()).0, 200);
    let (_, metrics) = (0, server.request("GET", "/metrics", &[], b"").2);
    assert!(String::from_utf8_lossy(&metrics).contains("zhike_events_accepted_total 500"));
    assert!(server.stop(), "the server did not end in order");
    let rows = home.json(&["sql", "SELECT count(*) AS n, count(DISTINCT event_id) AS d FROM events"]);
    assert_eq!(rows, json!([{"n": 500, "d": 500}]));
}

#[test]
fn slow_clients_do_not_hold_a_place_for_ever() {
    let home = Home::new();
    let server = Server::start_with(&home, &["--max-connections", "4"]);
    // Heads that never end take all places.
    let mut idle: Vec<TcpStream> = (0..4).map(|_| TcpStream::connect(&server.address).unwrap()).collect();
    for stream in &mut idle {
        stream.write_all(b"POST /v1/batch HTTP/1.1\r\nX-Slow: ").unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    }
    // They are let go, and then others are served.
    assert_eq!(server.get("/healthz").0, 200);
    let mut answer = Vec::new();
    // Closed with words unread, a connection may end by a reset as well.
    let end = idle[0].read_to_end(&mut answer);
    assert!(end.is_ok() || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
}

#[test]
fn sources_are_made_and_changed_on_the_command_line() {
    let home = Home::new();
    let made = home.json(&["source", "create", "收银机", "--origin", "https://a.example", "--kind", "track"]);
    assert_eq!((&made["name"], &made["allowed_kinds"]), (&json!("收银机"), &json!(["track"])));
    let key = made["write_key"].as_str().unwrap();
    assert!(home.complaint(&["source", "create", "收银机"]).contains("收银机"));
    assert!(home.complaint(&["source", "create", "x", "--kind", "tracks"]).contains("identify"));
    let changed = home.json(&["source", "update", "收银机", "--any-origin", "--disable"]);
    assert_eq!((&changed["allowed_origins"], &changed["is_enabled"]), (&json!([]), &json!(false)));
    let rotated = home.json(&["source", "rotate-key", "收银机"]);
    assert_ne!(rotated["write_key"], key);
    let plan = home.file("plan.json", r#"{"version":1,"undeclared_events":"flag","events":{"签到":{"properties":{"store":{"type":"text","required":true}}}}}"#);
    assert!(home.run(&["source", "plan", "set", "收银机", plan.to_str().unwrap()]).status.success());
    assert_eq!(home.json(&["source", "plan", "show", "收银机"])["undeclared_events"], "flag");
    let listed = home.json(&["source", "list"]);
    assert_eq!(listed.as_array().map(Vec::len), Some(1));
    assert!(home.complaint(&["source", "show", "nothing"]).contains("nothing"));
    assert!(home.complaint(&["tail", "--follow"]).contains("zhike serve"));
}

#[test]
fn what_arrives_is_seen_live() {
    let home = Home::new();
    let server = Server::start(&home);
    let key = source(&server, &json!({"name": "web"}));
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let head = format!("Host: {}\r\nCookie: {}", server.address, server.cookie);
    write!(stream, "GET /api/v1/live?source=web HTTP/1.1\r\n{head}\r\n\r\n").unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut seen = String::new();
    let mut read_until = |stream: &mut TcpStream, wanted: &str| {
        while !seen.contains(wanted) {
            let mut bytes = [0; 4096];
            let n = stream.read(&mut bytes).unwrap();
            assert!(n > 0, "the stream ended: {seen}");
            seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
        seen.clone()
    };
    read_until(&mut stream, "text/event-stream");
    let body = json!({"writeKey": key, "batch": [{"type": "track", "event": "签到", "userId": "u1", "properties": {"phone": "13800138000"}}]});
    assert_eq!(server.request("POST", "/v1/batch", &[], body.to_string().as_bytes()).0, 200);
    let seen = read_until(&mut stream, "签到");
    assert!(seen.contains("\"outcome\":\"accepted\"") && !seen.contains("13800138000"), "{seen}");
}
