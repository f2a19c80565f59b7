//! Backups of a running server, and servers on directories made from them.

use serde_json::json;

use crate::support::{Home, Server};

#[test]
fn a_running_server_is_backed_up_and_comes_back_elsewhere() {
    let home = Home::new();
    let server = Server::start(&home);
    let (status, made) = server.post("/api/v1/sources", &json!({"name": "web"}));
    assert!(status < 300, "{made}");
    let key = made["write_key"].as_str().unwrap_or_else(|| panic!("{made}"));
    let event = json!({"writeKey": key, "batch": [{"type": "track", "event": "签到", "userId": "u1"}]}).to_string();
    assert_eq!(server.request("POST", "/v1/batch", &[], event.as_bytes()).0, 200);

    let at = |name: &str| home.path().join(name).to_str().unwrap().to_owned();
    let (folder, keys) = (at("backups"), at("keys-elsewhere"));
    let taken = home.json(&["backup", "take", "--to", &folder]);
    assert!(taken["backup"]["n_files"].as_u64().unwrap() > 0, "{taken}");
    let listed = home.json(&["backup", "list", "--in", &folder]);
    assert_eq!(listed[0], taken["backup"]);
    assert_eq!(home.json(&["backup", "check", "--in", &folder])["n_damaged"], 0);
    home.json(&["backup", "keys", "--to", &keys]);
    drop(server);

    let elsewhere = Home::new();
    assert!(elsewhere.complaint(&["restore", "--from", &folder]).contains("--keys"));
    let done = elsewhere.json(&["restore", "--from", &folder, "--keys", &keys]);
    assert_eq!(done["backup"], taken["backup"]);
    assert!(elsewhere.complaint(&["restore", "--from", &folder]).contains("not empty"));
    // The administrator is there, with the password of then; nobody is signed in any more.
    let server = Server::start(&elsewhere);
    let (status, sources) = server.get("/api/v1/sources");
    assert_eq!((status, &sources["items"][0]["name"]), (200, &json!("web")), "{sources}");
    let (_, acted) = server.get("/api/v1/session");
    assert_eq!(acted["user"]["name"], "boss");
    // What was acknowledged and only in the log is taken in.
    let n_events = || elsewhere.json(&["sql", "SELECT count(*) AS n FROM events"])[0]["n"] == 1;
    assert!((0..60).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(200));
        n_events()
    }));
}
