//! Alerts through the real binary: raised by a command, listed and seen to over HTTP, told to an address and by mail to a real
//! mail host on this machine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::access::hire;
use crate::outbound::{Listener, wait_for};
use crate::support::{Home, Server};

const CONSOLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../console");

/// `console/e2e/mailhost.mjs`, and what it took.
struct MailHost {
    child: Child,
    port: u16,
    heard: Arc<Mutex<Vec<Value>>>,
}

impl Drop for MailHost {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl MailHost {
    fn start(options: &[&str]) -> Option<Self> {
        if !Path::new(CONSOLE).join("node_modules/smtp-server").exists() {
            println!("skipped: npm ci in console/ was not run");
            return None;
        }
        let mut child = Command::new("node")
            .args(["e2e/mailhost.mjs", "0"])
            .args(options)
            .current_dir(CONSOLE)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let port = next(&mut lines)["port"].as_u64().unwrap() as u16;
        let heard: Arc<Mutex<Vec<Value>>> = Arc::default();
        let told = heard.clone();
        std::thread::spawn(move || {
            loop {
                let line = next(&mut lines);
                if line.is_null() {
                    return;
                }
                told.lock().unwrap().push(line);
            }
        });
        Some(Self { child, port, heard })
    }

    fn heard(&self) -> Vec<Value> {
        self.heard.lock().unwrap().clone()
    }
}

fn next(lines: &mut BufReader<ChildStdout>) -> Value {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    serde_json::from_str(&line).unwrap_or(Value::Null)
}

/// The orders of a shop whose weeks are alike; half of them in store S0, which is closed on the last day.
fn orders(n_days: i64) -> String {
    let first: jiff::civil::Date = "2025-10-10".parse().unwrap();
    let mut text = String::from("order_id,member_id,ordered_at,amount,status,channel,store_id\n");
    for day in 0..n_days {
        let date = first.checked_add(jiff::Span::new().days(day)).unwrap();
        for order in 0..20 + 4 * (day % 7) + (day * 7_919) % 5 {
            let store = order % 2;
            if !(day == n_days - 1 && store == 0) {
                let who = (day * 31 + order * 17) % 300;
                text.push_str(&format!(
                    "D{day}-{order},M{who},{date} 1{}:00:00,{}.00,completed,web,S{store}\n",
                    order % 10,
                    40 + order % 20
                ));
            }
        }
    }
    text
}

fn mail_to(host: &MailHost) -> Value {
    json!({
        "host": "127.0.0.1", "port": host.port, "tls": "none", "user": "zhike", "password": "p w",
        "from": "zhike@example.com", "recipients": ["li.lei@example.com", "han@example.com"], "lang": "en",
    })
}

#[test]
fn an_alert_is_told_to_an_address_and_by_mail_and_seen_to() {
    // The first mail is put off, as busy hosts do; the first line of the pair is the host's word for it.
    let Some(host) = MailHost::start(&["tls=none", "user=zhike", "password=p w", "defer=1"]) else { return };
    let listener = Listener::start();
    let home = Home::new();
    let relay = format!("127.0.0.1:{}", host.port);
    let allowed = ["--outbound-allow", &listener.address, "--outbound-allow", &relay];
    let server = Server::start_with(&home, &allowed);
    let ann = hire(&server, "ann.secretname", &["operator"]);

    // Who reads figures sees alerts; who sets them up manages the workspace.
    assert_eq!(server.get("/api/v1/alerts").1["items"], json!([]));
    let service = hire(&server, "bob", &["service"]);
    assert_eq!(server.request_as(&service, "GET", "/api/v1/alerts", &json!({})).0, 403);
    for path in ["/api/v1/alert-hooks", "/api/v1/alert-mail"] {
        assert_eq!(server.request_as(&ann, "GET", path, &json!({})).0, 403, "{path}");
    }
    let url = format!("http://{}/in?key=abc", listener.address);
    let (status, set) = server.send("PUT", "/api/v1/alert-hooks", &json!({ "urls": [url] }));
    assert_eq!(status, 200, "{set}");
    assert!(set["secret"].as_str().unwrap().starts_with("whsec_"));
    assert_eq!(server.get("/api/v1/incident-hooks").1["items"], json!([]), "topics are apart");
    let (status, set) = server.send("PUT", "/api/v1/alert-mail", &mail_to(&host));
    assert_eq!(status, 200, "{set}");
    assert!(!set.to_string().contains("li.lei") && !set.to_string().contains("p w"), "{set}");
    // Inner hosts that nobody named are reached by no mail, nor are ports of other services.
    for (address, port) in [("10.0.0.1", 25), ("127.0.0.1", 22), ("169.254.169.254", 25), ("smtp.example.com", 6379)] {
        let mut wrong = mail_to(&host);
        (wrong["host"], wrong["port"], wrong["tls"]) = (address.into(), port.into(), "starttls".into());
        let (status, answer) = server.send("PUT", "/api/v1/alert-mail", &wrong);
        assert_eq!((status, answer["error"]["code"].as_str()), (422, Some("outbound_refused")), "{address}: {answer}");
    }

    let file = home.file("orders.csv", orders(162));
    home.json(&["import", file.to_str().unwrap(), "--as", "orders"]);
    // The server looks by itself now and then, and may have been first.
    let checked = home.json(&["alert", "check"]);
    assert!(checked["found"].as_u64().unwrap() >= 1, "{checked}");
    assert_eq!(home.json(&["alert", "check"])["raised"], 0);
    let (_, list) = server.get("/api/v1/alerts?open=true");
    let n_open = list["n_open"].as_u64().unwrap() as usize;
    let items = list["items"].as_array().unwrap().clone();
    assert_eq!(items.len(), n_open);
    let sales = items.iter().find(|one| one["text"].as_str().unwrap().contains("S0")).unwrap();
    assert_eq!(
        (&sales["kind"], &sales["direction"], &sales["day"]),
        (&json!("figure"), &json!("low"), &json!("2026-03-20"))
    );

    // Each once to the address; all of them in one mail, which comes again after it was put off.
    wait_for(|| listener.heard().len() >= n_open && !host.heard().is_empty());
    let mail = &host.heard()[0];
    assert_eq!(mail["to"], json!(["li.lei@example.com", "han@example.com"]));
    let arrived =
        |at: usize| server.get("/api/v1/alert-mail").1["mail"]["recipients"][at]["last_outcome"] == "delivered";
    wait_for(|| arrived(0) && arrived(1));
    let raw = mail["raw"].as_str().unwrap();
    assert!(raw.contains(&format!("Subject: Zhike: {n_open} alert")), "{raw}");
    for told in listener.heard().iter().map(String::as_str).chain([raw]) {
        assert!(!told.contains("secretname") && !told.contains("M1"), "{told}");
    }

    // An operator sees to it; their name is kept here, and told nobody.
    let id = sales["alert_id"].as_str().unwrap();
    let (status, _, left) =
        server.request_as(&ann, "POST", "/api/v1/alerts/acknowledge", &json!({ "alert_ids": [id] }));
    assert_eq!((status, &left["n_open"]), (200, &json!(n_open - 1)), "{left}");
    let (_, all) = server.get("/api/v1/alerts");
    let seen = all["items"].as_array().unwrap().iter().find(|one| one["alert_id"] == id).unwrap();
    assert_eq!(seen["acknowledged_by"], "ann.secretname");
    let (_, trail) = server.get("/api/v1/audit?action=alert.acknowledge");
    assert_eq!(trail["items"][0]["subject"], id, "{trail}");
    let wrong = json!({ "alert_ids": ["alr_1", "nonsense"] });
    assert_eq!(server.post("/api/v1/alerts/acknowledge", &wrong).0, 404);
    assert_eq!(home.json(&["alert", "ack", "--all"])["n_open"], 0);
    assert_eq!(server.get("/api/v1/alerts?open=true").1["items"], json!([]));
    // An interval of the loop is long enough for what would be told again.
    std::thread::sleep(std::time::Duration::from_secs(3));
    assert_eq!((listener.heard().len(), host.heard().len()), (n_open, 1), "once");
}

#[test]
fn mail_is_set_tried_and_taken_away_by_commands() {
    let Some(host) = MailHost::start(&["tls=none", "user=zhike", "password=p w"]) else { return };
    let home = Home::new();
    let relay = format!("127.0.0.1:{}", host.port);
    let port = host.port.to_string();
    let right = home.file("right", "p w\n");
    let wrong = home.file("wrong", "other\n");
    let set = |password: &Path, outbound: &[&str]| {
        let password = password.to_str().unwrap().to_owned();
        let mut all = vec!["alert", "mail", "set", "--host", "127.0.0.1", "--port", &port, "--tls", "none"];
        all.extend(["--user", "zhike", "--from", "zhike@example.com", "--to", "li.lei@example.com"]);
        all.extend(["--password-file", &password]);
        all.extend(outbound);
        home.run(&all)
    };
    let refused = set(&right, &[]);
    assert!(!refused.status.success() && String::from_utf8_lossy(&refused.stderr).contains("--outbound-allow"));
    assert_eq!(home.json(&["alert", "mail", "show"]), Value::Null);
    let allowed = ["--outbound-allow", &relay];
    assert!(set(&wrong, &allowed).status.success());
    let tried = home.json(&["alert", "mail", "test", "--outbound-allow", &relay]);
    assert_eq!(tried["recipients"][0]["last_outcome"], "status_535", "{tried}");
    assert!(set(&right, &allowed).status.success());
    let tried = home.json(&["alert", "mail", "test", "--outbound-allow", &relay]);
    let outcome = &tried["recipients"][0]["last_outcome"];
    assert_eq!((outcome, &tried["has_password"]), (&json!("delivered"), &json!(true)));
    assert!(!tried.to_string().contains("li.lei"), "{tried}");
    wait_for(|| host.heard().len() == 1);
    drop(host);
    assert!(home.complaint(&["alert", "mail", "test", "--outbound-allow", &relay]).contains("cannot be reached"));
    assert_eq!(home.json(&["alert", "mail", "remove"]), Value::Null);
    assert!(home.complaint(&["alert", "mail", "test"]).contains("set a mail host first"));
    assert!(home.complaint(&["alert", "ack"]).contains("--all"));
    assert_eq!(home.json(&["alert", "hooks", "list"]), json!([]));
}
