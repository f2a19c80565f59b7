//! Scanned codes over HTTP and on the command line, as phones and apps see them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Home, Server};

/// A source and a member with a visit of an anonymous browser; the write key.
fn shop(home: &Home, server: &Server) -> String {
    let (status, source) = server.post("/api/v1/sources", &json!({"name": "web"}));
    assert_eq!(status, 200, "{source}");
    let key = source["write_key"].as_str().unwrap().to_owned();
    let said = json!({"writeKey": key, "batch": [
        {"type": "identify", "messageId": "i", "userId": "M1", "traits": {"level": "gold"}},
        {"type": "track", "messageId": "t", "anonymousId": "browser-1", "event": "Product Viewed"},
    ]});
    let (status, _, answer) = server.request("POST", "/v1/batch", &[], said.to_string().as_bytes());
    assert_eq!(status, 200, "{}", String::from_utf8_lossy(&answer));
    eventually(home, "SELECT count(*) AS n FROM events", &json!([{"n": 1}]));
    key
}

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

/// Sends JSON without the console's header, from anywhere.
fn scan(server: &Server, path: &str, body: &Value) -> (u16, Value) {
    let headers = [("Host", "cdp.example.cn"), ("Content-Type", "application/json")];
    let (status, _, answer) = server.request("POST", path, &headers, body.to_string().as_bytes());
    (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
}

fn made(server: &Server, body: &Value) -> (String, String) {
    let (status, made) = server.post("/api/v1/bindings", body);
    assert_eq!(status, 200, "{made}");
    let link = made["link"].as_str().unwrap();
    let (base, token) = link.split_once("/b/").unwrap();
    assert_eq!(base, "https://cdp.example.cn");
    (made["binding"]["binding_id"].as_str().unwrap().to_owned(), token.to_owned())
}

const WHOSE: &str = "SELECT count(*) AS n FROM events e JOIN identities i ON i.profile_id = e.profile_id \
                     WHERE i.kind = 'member_id' AND e.event = 'Product Viewed'";

#[test]
fn a_page_binds_the_visitor_and_says_what_became_of_it() {
    let home = Home::new();
    let server = Server::start_with(&home, &["--public-url", "https://cdp.example.cn"]);
    let key = shop(&home, &server);
    let (id, token) = made(&server, &json!({"identity": {"value": "M1"}}));
    let page = format!("/b/{token}");
    // Opening it uses nothing up, and needs nobody's leave.
    for _ in 0..2 {
        let (status, head, body) = server.request("GET", &page, &[("Host", "cdp.example.cn")], b"");
        let (head, text) = (head.to_ascii_lowercase(), String::from_utf8(body).unwrap());
        assert_eq!(status, 200, "{text}");
        assert!(text.contains("data-state=\"\" data-kind=\"member\"") && text.contains("绑定成功"), "{text}");
        assert!(!text.contains("M1") && !text.contains("{nonce}") && !text.contains("http://"), "{text}");
        for wanted in ["content-type: text/html", "referrer-policy: no-referrer", "default-src 'none'", "no-store"] {
            assert!(head.contains(wanted), "{wanted}: {head}");
        }
    }
    let who = |kind: &str, value: &str| json!({"identity": {"kind": kind, "value": value}});
    for wrong in [who("phone", "13912345678"), who("openid", "o1"), who("anonymous_id", ""), json!({}), json!([])] {
        let (status, answer) = scan(&server, &page, &wrong);
        assert_eq!(status, 400, "{answer}");
        assert!(answer["message_zh"].is_string() && !answer.to_string().contains("139"), "{answer}");
    }
    let (status, answer) = scan(&server, &page, &who("anonymous_id", "browser-1"));
    assert_eq!(
        (status, answer),
        (200, json!({"success": true, "kind": "member", "store_id": null, "redirect_url": null}))
    );
    eventually(&home, WHOSE, &json!([{"n": 1}]));
    let (_, shown) = server.get(&format!("/api/v1/bindings/{id}"));
    assert_eq!((&shown["binding"]["state"], &shown["binding"]["n_bound"]), (&json!("bound"), &json!(1)));

    let (status, answer) = scan(&server, &page, &who("anonymous_id", "browser-2"));
    assert_eq!((status, &answer["code"]), (410, &json!("bind_used")));
    let (status, answer) = scan(&server, "/b/forged", &who("anonymous_id", "browser-2"));
    assert_eq!((status, &answer["code"]), (400, &json!("bind_invalid")));
    let (status, _, body) = server.request("GET", "/b/forged", &[], b"");
    assert_eq!(status, 400);
    assert!(String::from_utf8(body).unwrap().contains("data-state=\"bind_invalid\""));

    // An app reads the whole link and shows its key.
    let (id, token) = made(&server, &json!({"store_id": "SH-001", "place": "A3"}));
    let app = |token: &str, key: &str| {
        let body = json!({"token": token, "writeKey": key, "identity": {"kind": "openid", "value": "o6_bmjrPTlm6"}});
        scan(&server, "/v1/bind", &body)
    };
    let link = format!("https://cdp.example.cn/b/{token}");
    assert_eq!(app(&link, "nobody").0, 401);
    let (status, answer) = app(&link, &key);
    assert_eq!((status, &answer["store_id"]), (200, &json!("SH-001")), "{answer}");
    let sql = "SELECT count(*) AS n FROM events WHERE event = 'Store Visited'";
    eventually(&home, sql, &json!([{"n": 1}]));
    let (status, revoked) = server.post(&format!("/api/v1/bindings/{id}/revoke"), &json!({}));
    assert_eq!((status, revoked["revoked_at"].is_string()), (200, true), "{revoked}");
    let (status, answer) = app(&token, &key);
    assert_eq!((status, &answer["code"]), (410, &json!("bind_revoked")));
    assert_eq!(server.get("/api/v1/bindings").1["items"].as_array().unwrap().len(), 2);
    assert_eq!(server.get("/api/v1/bindings/bnd_x").0, 404);
    for (wrong, status) in [
        (json!({}), 400),
        (json!({"store_id": "a", "profile_id": "b"}), 400),
        (json!({"profile_id": "prf_x"}), 404),
        (json!({"identity": {"value": "M9"}}), 404),
        (json!({"identity": {"kind": "shoe", "value": "M1"}}), 400),
        (json!({"shop": 1}), 400),
    ] {
        assert_eq!(server.post("/api/v1/bindings", &wrong).0, status, "{wrong}");
    }
    // The API itself stays on this machine.
    let (status, ..) = server.request("GET", "/api/v1/bindings", &[("Host", "cdp.example.cn")], b"");
    assert_eq!(status, 403);
}

#[test]
fn the_command_line_makes_draws_lists_and_withdraws() {
    let home = Home::new();
    home.json(&["source", "create", "web"]);
    let svg = home.path().join("code.svg");
    let made = home.json(&[
        "bind",
        "create",
        "--store",
        "SH-001",
        "--place",
        "A3",
        "--expires",
        "30d",
        "--uses",
        "5",
        "--public-url",
        "https://cdp.example.cn/",
        "--svg",
        svg.to_str().unwrap(),
    ]);
    assert!(made["link"].as_str().unwrap().starts_with("https://cdp.example.cn/b/"), "{made}");
    assert!(std::fs::read_to_string(&svg).unwrap().starts_with("<svg"));
    let id = made["binding"]["binding_id"].as_str().unwrap();
    assert_eq!((&made["binding"]["max_uses"], &made["binding"]["place"]), (&json!(5), &json!("A3")));
    let text = String::from_utf8(home.run(&["bind", "show", id]).stdout).unwrap();
    assert!(text.contains(id) && text.contains("/b/") && !text.contains('█'), "{text}");
    let revoked = home.json(&["bind", "revoke", id]);
    assert_eq!(revoked["state"], "revoked");
    assert_eq!(home.json(&["bind", "list"])[0]["state"], "revoked");
    assert!(home.complaint(&["bind", "create", "--member", "M1"]).contains("no such member"));
    assert!(home.complaint(&["bind", "create", "--identity", "M1"]).contains("kind:value"));
    assert!(
        home.complaint(&["bind", "create", "--store", "s", "--redirect", "https://evil.example/"]).contains("origin")
    );
    assert!(!home.run(&["bind", "create"]).status.success());

    // Mappings of orders: a file that is wrong is named, one that is right stands.
    let wrong = home.file("wrong.yaml", "events:\n  Pay: {event: order_paid, fields: {ordre_id: o}}\n");
    let said = home.complaint(&["source", "set", "web", "--commerce", wrong.to_str().unwrap()]);
    assert!(said.contains("events.Pay.fields.ordre_id") && said.contains("order_id"), "{said}");
    let right = home.file("right.yaml", "events:\n  Pay: {event: order_paid, fields: {order_id: o}, unit: fen}\n");
    home.json(&["source", "set", "web", "--commerce", right.to_str().unwrap()]);
    assert_eq!(home.json(&["source", "show", "web"])["commerce"]["events"]["Pay"]["unit"], "fen");
    let yaml = String::from_utf8(home.run(&["source", "commerce", "show", "web"]).stdout).unwrap();
    assert!(yaml.contains("order_id: o"), "{yaml}");
}
