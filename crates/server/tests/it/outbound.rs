//! The way out through the real binary: what an administrator may have it connect to, and notices of incidents.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use crate::access::hire;
use crate::support::{Home, Server};

/// A host that takes notices, all but the first of denials.
#[derive(Clone)]
pub struct Listener {
    pub address: String,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Listener {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let one = Self { address: listener.local_addr().unwrap().to_string(), heard: Arc::default() };
        let heard = one.heard.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
                let mut bytes = Vec::new();
                let mut chunk = [0; 4096];
                // A notice is one JSON object; its end is the end of the request.
                while let Ok(n) = stream.read(&mut chunk) {
                    bytes.extend_from_slice(&chunk[..n]);
                    if n == 0 || bytes.ends_with(b"}") {
                        break;
                    }
                }
                let mut heard = heard.lock().unwrap();
                heard.push(String::from_utf8(bytes).unwrap());
                let is_first = denials(&heard).len() == 1 && heard.last().is_some_and(|one| one.contains(DENIALS));
                let status = if is_first { "503 Later" } else { "204 Taken" };
                let _ = write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
            }
        });
        one
    }

    pub fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

/// Whoever runs this at night has changed the policy outside working hours, which is another incident.
const DENIALS: &str = r#""kind":"denials""#;

fn denials(heard: &[String]) -> Vec<String> {
    heard.iter().filter(|one| one.contains(DENIALS)).cloned().collect()
}

pub fn wait_for(what: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if what() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("it does not come");
}

/// INV-OUTBOUND-1: no form of an inner address is taken as a hook, whatever is allowed beside it.
#[test]
fn no_hook_leads_inside() {
    let inner = Listener::start();
    let home = Home::new();
    let server = Server::start_with(&home, &["--outbound-allow", "hooks.example:8443"]);
    let port = inner.address.rsplit(':').next().unwrap();
    for url in [
        format!("http://{}/", inner.address),
        format!("https://{}/", inner.address),
        format!("http://2130706433:{port}/"),
        format!("http://0x7f.1:{port}/"),
        format!("http://0177.0.0.1:{port}/"),
        format!("http://[::1]:{port}/"),
        format!("http://[::ffff:127.0.0.1]:{port}/"),
        format!("http://[::ffff:7f00:1]:{port}/"),
        format!("http://hooks.example:8443@127.0.0.1:{port}/"),
        "https://127.0.0.1/".into(),
        "https://localhost:22/".into(),
        "https://169.254.169.254/latest/meta-data/".into(),
        "https://[fd00:ec2::254]/".into(),
        "https://１２７.0.0.1/".into(),
        "https://127。0。0。1/".into(),
        "file:///etc/passwd".into(),
        "gopher://127.0.0.1/".into(),
        "nonsense".into(),
    ] {
        let (status, answer) = server.send("PUT", "/api/v1/incident-hooks", &json!({ "urls": [url] }));
        assert_eq!((status, answer["error"]["code"].as_str()), (422, Some("outbound_refused")), "{url}: {answer}");
        assert!(!answer["error"]["message_zh"].as_str().unwrap().is_empty());
        let complaint = home.complaint(&["incident", "hook", "set", &url]);
        assert!(complaint.starts_with("zhike: "), "{complaint}");
    }
    // A name is judged by what it stands for, when it is connected to.
    let (status, _) = server.send("PUT", "/api/v1/incident-hooks", &json!({"urls": ["https://localhost/"]}));
    assert_eq!(status, 200);
    let (status, tried) = server.post("/api/v1/incident-hooks/test", &json!({}));
    assert_eq!((status, &tried["items"][0]["last_outcome"]), (200, &json!("refused")), "{tried}");
    assert!(inner.heard().is_empty(), "nobody came");
}

/// INV-HOOKS-1: whoever reads addresses gets no secret of theirs, and can keep them all the same.
#[test]
fn addresses_are_shown_masked_and_kept_by_their_ids() {
    let listener = Listener::start();
    let home = Home::new();
    let server = Server::start_with(&home, &["--outbound-allow", &listener.address]);
    let url = |path: &str| format!("http://{}/{path}", listener.address);
    let (status, set) = server.send("PUT", "/api/v1/alert-hooks", &json!({ "urls": [url("first?key=abcdefghijkl")] }));
    assert_eq!(status, 200, "{set}");
    let kept = json!({ "kept": [set["items"][0]["hook_id"]], "urls": [url("second?key=mnopqrstuvwx")] });
    let (status, set) = server.send("PUT", "/api/v1/alert-hooks", &kept);
    assert_eq!(status, 200, "{set}");
    let shown = server.get("/api/v1/alert-hooks").1.to_string() + &home.json(&["alert", "hooks", "list"]).to_string();
    for word in ["first", "second", "abcdefghij", "mnopqrstuv"] {
        assert!(!shown.contains(word), "{word}: {shown}");
    }
    assert_eq!(server.post("/api/v1/alert-hooks/test", &json!({})).0, 200);
    let heard = listener.heard().join("\n");
    for path in ["POST /first?key=abcdefghijkl ", "POST /second?key=mnopqrstuvwx "] {
        assert!(heard.contains(path), "{path}: {heard}");
    }
    // A command keeps them, too, and nobody keeps what is not there.
    let third = url("third");
    let more = ["alert", "hooks", "set", "--keep", "--outbound-allow", &listener.address, &third];
    assert!(home.run(&more).status.success());
    assert_eq!(server.get("/api/v1/alert-hooks").1["items"].as_array().unwrap().len(), 3);
    let (status, gone) = server.send("PUT", "/api/v1/alert-hooks", &json!({ "kept": ["nonsense"], "urls": [] }));
    assert_eq!((status, gone["error"]["code"].as_str()), (404, Some("not_found")), "{gone}");
    let (_, none) = server.send("PUT", "/api/v1/alert-hooks", &json!({ "urls": [] }));
    assert_eq!(none["items"], json!([]));
}

/// INV-HOOKS-1 and 2: an incident is told, signed, without names, again until it is taken, and once.
#[test]
fn an_incident_is_told_until_it_is_taken() {
    let listener = Listener::start();
    let home = Home::new();
    let server = Server::start_with(&home, &["--outbound-allow", &listener.address]);
    let url = format!("http://{}/in?key=abc", listener.address);
    let (status, set) = server.send("PUT", "/api/v1/incident-hooks", &json!({ "urls": [url] }));
    assert_eq!((status, &set["items"][0]["last_outcome"]), (200, &Value::Null), "{set}");
    assert_eq!(set["items"][0]["url"], format!("http://{}/****", listener.address), "{set}");
    let secret = set["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_") && secret.len() > 40);
    assert_eq!(server.get("/api/v1/incident-hooks").1["secret"], Value::Null, "shown once");

    // Twenty denials in a row open an incident.
    let ann = hire(&server, "ann.secretname", &["service"]);
    for _ in 0..25 {
        assert_eq!(server.request_as(&ann, "GET", "/api/v1/users", &json!({})).0, 403);
    }
    let outcome = || server.get("/api/v1/incident-hooks").1["items"][0].clone();
    wait_for(|| denials(&listener.heard()).len() == 2);
    wait_for(|| outcome()["n_tries"] == 2);
    assert_eq!((&outcome()["last_outcome"], &outcome()["next_try_at"]), (&json!("delivered"), &Value::Null));
    let heard = denials(&listener.heard());
    let (head, body) = heard[1].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /in?key=abc HTTP/1.1\r\n"), "{head}");
    let told: Value = serde_json::from_str(body).unwrap();
    let incidents = server.get("/api/v1/incidents").1;
    let incident = incidents["items"].as_array().unwrap().iter().find(|one| one["kind"] == "denials").unwrap();
    assert_eq!(
        (&told["id"], &told["kind"], &told["due_at"]),
        (&incident["incident_id"], &json!("denials"), &incident["decide_by"])
    );
    assert_eq!(told["link"], format!("/governance/incidents?incident={}", told["id"].as_str().unwrap()));
    assert!(!listener.heard().iter().any(|one| one.contains("secretname")), "no names");
    let signature = head.lines().find_map(|line| line.strip_prefix("x-zhike-signature: ")).unwrap();
    let (at, code) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let expected = crate::sso::hmac_sha256(secret.as_bytes(), format!("{at}.{body}").as_bytes());
    assert_eq!(code, expected.iter().map(|byte| format!("{byte:02x}")).collect::<String>());

    let tried = home.json(&["incident", "hook", "test", "--outbound-allow", &listener.address]);
    assert_eq!(tried[0]["last_outcome"], "delivered", "{tried}");
    let trial: Value =
        serde_json::from_str(listener.heard().last().unwrap().split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(trial["kind"], "test");
    // Neither address nor secret stands anywhere in the clear.
    drop(server);
    let mut state = std::fs::read(home.path().join("data/state.db")).unwrap();
    state.extend(std::fs::read(home.path().join("data/state.db-wal")).unwrap_or_default());
    for word in ["key=abc", secret] {
        assert!(!state.windows(word.len()).any(|part| part == word.as_bytes()), "{word}");
    }
    assert_eq!(denials(&listener.heard()).len(), 2, "what arrived is not told again");
}
