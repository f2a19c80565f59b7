//! Keys disabled under a running server; what is signed, checked on a machine that has the public key alone.

use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::access::hire;
use crate::support::{Home, Server};

fn collected(server: &Server, key: &str, id: &str) -> (u16, Value) {
    let batch = json!([{"type": "track", "event": "签到", "userId": "u1", "messageId": id}]);
    let body = json!({"writeKey": key, "batch": batch}).to_string();
    let (status, _, answer) = server.request("POST", "/v1/batch", &[], body.as_bytes());
    (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
}

fn n_events(home: &Home) -> Value {
    home.json(&["sql", "SELECT count(*) AS n FROM events"])[0]["n"].clone()
}

/// INV-KEYS-3: by another process, across a restart; what was acknowledged is there afterwards, once.
#[test]
fn a_running_server_obeys_disabled_keys_and_loses_nothing() {
    let home = Home::new();
    let mut server = Server::start(&home);
    let (status, made) = server.post("/api/v1/sources", &json!({"name": "web"}));
    assert!(status < 300, "{made}");
    let key = made["write_key"].as_str().unwrap().to_owned();
    assert_eq!(collected(&server, &key, "before").0, 200);

    let status = home.json(&["key", "disable", "疑似泄露"]);
    assert_eq!((&status["disabled"][0]["epoch"], &status["disabled"][0]["reason"]), (&Value::Null, &json!("疑似泄露")));
    // Told or not, within a second.
    std::thread::sleep(Duration::from_secs(1));
    for restart in [false, true] {
        if restart {
            server.kill();
            server = Server::start(&home);
        }
        let (status, refused) = collected(&server, &key, "during");
        assert_eq!((status, &refused["code"]), (503, &json!("keys_disabled")), "{refused}");
        let (status, keys) = server.get("/api/v1/encryption-keys");
        assert_eq!((status, &keys["disabled"][0]["reason"]), (200, &json!("疑似泄露")), "{keys}");
    }
    let said = home.complaint(&["backup", "take", "--to", home.path().join("b").to_str().unwrap()]);
    assert!(said.contains("zhike key enable"), "{said}");
    let (status, refused) = server.post("/api/v1/encryption-keys/enable", &json!({"reason": ""}));
    assert_eq!((status, &refused["error"]["code"]), (400, &json!("bad_request")), "{refused}");
    let (status, keys) = server.post("/api/v1/encryption-keys/enable", &json!({"reason": "已核实"}));
    assert_eq!((status, &keys["disabled"]), (200, &json!([])), "{keys}");
    assert_eq!(collected(&server, &key, "after").0, 200);
    let arrived = (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(200));
        n_events(&home) == 2
    });
    assert!(arrived, "{}", n_events(&home));
}

/// The security administrator alone, with a reason, on record where they read it; everybody is told that it is so.
#[test]
fn the_security_administrator_disables_and_enables_keys() {
    let home = Home::new();
    let server = Server::start(&home);
    let (sec, sys) = (hire(&server, "sec", &["security_admin"]), hire(&server, "sys", &["system_admin"]));
    let ann = hire(&server, "ann", &["analyst"]);
    let why = json!({"reason": "疑似泄露"});
    for other in [&sys, &ann] {
        assert_eq!(server.request_as(other, "POST", "/api/v1/encryption-keys/disable", &why).0, 403);
        assert_eq!(server.request_as(other, "GET", "/api/v1/encryption-keys/state", &json!({})).0, 403);
    }
    assert_eq!(server.request_as(&sec, "POST", "/api/v1/encryption-keys/disable", &json!({"reason": " "})).0, 400);
    let is_disabled =
        |by: &str| server.request_as(by, "GET", "/api/v1/workspace", &json!({})).2["keys_disabled"].clone();
    assert_eq!(is_disabled(&ann), false);
    let (status, _, keys) = server.request_as(&sec, "POST", "/api/v1/encryption-keys/disable", &why);
    assert_eq!((status, &keys["disabled"][0]["by"]), (200, &json!("sec")), "{keys}");
    assert_eq!(is_disabled(&ann), true);
    let state = server.request_as(&sec, "GET", "/api/v1/encryption-keys/state", &json!({})).2;
    assert_eq!(state["disabled"], keys["disabled"]);
    assert_eq!(server.request_as(&sys, "GET", "/api/v1/encryption-keys", &json!({})).2["disabled"], keys["disabled"]);
    assert_eq!(server.request_as(&sec, "POST", "/api/v1/encryption-keys/enable", &json!({"reason": "已核实"})).0, 200);
    assert_eq!(is_disabled(&ann), false);
    let trail = server.request_as(&sec, "GET", "/api/v1/audit?action=keys", &json!({})).2;
    let acts: Vec<&str> = trail["items"].as_array().unwrap().iter().filter_map(|one| one["action"].as_str()).collect();
    assert_eq!(acts, ["keys.enable", "keys.disable"], "{trail}");
}

/// No command here opens a data directory, and OpenSSL agrees with what is said.
#[test]
fn what_is_signed_is_checked_elsewhere_by_the_public_key() {
    let home = Home::new();
    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (backups, pem, roots) = (at("backups"), at("zhike.pem"), at("roots.log"));
    home.json(&["backup", "take", "--to", &backups]);
    let key = home.json(&["key", "public", "--out", &pem]);
    assert_eq!(std::fs::read_to_string(&pem).unwrap(), key["pem"]);
    let lines = home.run(&["audit", "roots"]).stdout;
    std::fs::write(&roots, &lines).unwrap();

    let elsewhere = Home::new();
    let checked = elsewhere.json(&["backup", "check", "--in", &backups, "--public-key", &pem]);
    assert_eq!((&checked["whole"], &checked["backups"][0]["signed"]), (&json!(true), &json!(true)));
    let checked = elsewhere.json(&["audit", "verify", "--anchor", &roots, "--public-key", &pem]);
    assert_eq!(checked["whole"], true, "{checked}");
    assert!(checked["n_signed"].as_u64().unwrap() > 0, "{checked}");
    std::fs::write(&roots, String::from_utf8(lines.clone()).unwrap().replacen("\"seq\":", "\"seq\":1", 1)).unwrap();
    assert!(!elsewhere.run(&["audit", "verify", "--anchor", &roots, "--public-key", &pem]).status.success());
    assert!(!elsewhere.path().join("data").exists(), "no data directory was made");

    let first: Value = serde_json::from_slice(lines.split(|byte| *byte == b'\n').next().unwrap()).unwrap();
    assert_eq!(first["signature"]["key"], key["fingerprint"]);
    let text = format!(
        "zhike signs audit root\n{{\"at\":{},\"head\":{},\"mac\":{},\"root\":{},\"seq\":{}}}",
        first["at"], first["head"], first["mac"], first["root"], first["seq"]
    );
    home.file("document", text);
    home.file("base64", first["signature"]["value"].as_str().unwrap());
    let openssl = |arguments: &[&str]| Command::new("openssl").current_dir(home.path()).args(arguments).output();
    let Ok(decoded) = openssl(&["base64", "-d", "-A", "-in", "base64", "-out", "signature"]) else {
        println!("skipped: there is no openssl");
        return;
    };
    assert!(decoded.status.success(), "{decoded:?}");
    let verify =
        ["pkeyutl", "-verify", "-pubin", "-inkey", "zhike.pem", "-rawin", "-in", "document", "-sigfile", "signature"];
    let found = openssl(&verify).unwrap();
    assert!(found.status.success(), "{found:?}");
}
