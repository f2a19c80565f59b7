//! Who gets in, and what each may do: every address of the API document for every role.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::{Value, json};
use zhike_domain::access::{Permission, Role, granted};

use crate::support::{ADMIN, Home, PASSWORD, Server, cookie_of};

const OTHER: &str = "Wrong-horse-8-x";

/// Makes a user with some roles and signs them in; their cookie.
pub fn hire(server: &Server, name: &str, roles: &[&str]) -> String {
    hire_with(server, &json!({"name": name, "roles": roles}))
}

fn hire_with(server: &Server, user: &Value) -> String {
    let (status, made) = server.post("/api/v1/users", user);
    assert_eq!(status, 201, "{made}");
    let once = &made["password"];
    let (status, head, session) =
        server.anonymous("POST", "/api/v1/session", &json!({"name": user["name"], "password": once}));
    assert_eq!((status, &session["user"]["must_change_password"]), (200, &json!(true)), "{session}");
    let cookie = cookie_of(&head);
    let change = json!({"old": once, "new": PASSWORD});
    assert_eq!(server.request_as(&cookie, "PUT", "/api/v1/account/password", &change).0, 204);
    cookie
}

/// The status alone: some answers go on for ever.
fn status_of(server: &Server, credentials: &str, method: &str, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(&server.address).unwrap();
    let body = if method == "GET" { "" } else { "{}" };
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nX-Zhike-Request: 1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n{credentials}\r\n{body}",
        server.address,
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    // The head and, of a refusal, the code.
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let n = stream.read(&mut chunk).unwrap();
        assert!(n > 0, "{method} {path} ended early");
        answer.extend_from_slice(&chunk[..n]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    if status == 401 || status == 403 {
        stream.read_to_end(&mut answer).unwrap();
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let body = text.split("\r\n\r\n").nth(1).unwrap_or_default();
    let start = body.find('{').unwrap_or(0);
    let end = body.rfind('}').map_or(body.len(), |at| at + 1);
    let body: Value = serde_json::from_str(body.get(start..end).unwrap_or_default()).unwrap_or_default();
    (status, body["error"]["code"].as_str().unwrap_or_default().to_owned())
}

/// Method, address with ids that nobody has, and permission of every operation.
fn operations(server: &Server) -> Vec<(String, String, String)> {
    let document = server.anonymous("GET", "/api/openapi.json", &json!({})).2;
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let needs = operation["x-permission"].as_str().unwrap_or_else(|| panic!("{method} {path} names none"));
            let mut filled = path.clone();
            for (name, id) in [
                ("{profile_id}", "prf_0000000000001"),
                ("{batch_id}", "bat_0000000000001"),
                ("{view_id}", "viw_0000000000001"),
                ("{user_id}", "usr_0000000000001"),
                ("{key_id}", "key_0000000000001"),
                ("{binding_id}", "bnd_0000000000001"),
                ("{approval_id}", "apr_0000000000001"),
                ("{incident_id}", "inc_0000000000001"),
                ("{row_no}", "1"),
            ] {
                filled = filled.replace(name, id);
            }
            while let (Some(start), Some(end)) = (filled.find('{'), filled.find('}')) {
                filled.replace_range(start..=end, "x");
            }
            all.push((method.to_uppercase(), filled, needs.to_owned()));
        }
    }
    assert!(all.len() > 80, "{}", all.len());
    all
}

/// Every operation × nobody, every role, and a key with one permission: refused unless the table grants it.
#[test]
fn every_address_is_for_whom_the_table_says() {
    let home = Home::new();
    let server = Server::start(&home);
    let mut who: BTreeMap<String, (String, Vec<Permission>)> = BTreeMap::new();
    for role in Role::ALL {
        let cookie = hire(&server, &format!("user-{}", role.as_str().replace('_', "-")), &[role.as_str()]);
        let held = granted(&[*role], false).iter().collect();
        who.insert(role.to_string(), (format!("Cookie: {cookie}\r\n"), held));
    }
    let cookie = hire(&server, "nothing", &[]);
    who.insert("nothing".into(), (format!("Cookie: {cookie}\r\n"), vec![Permission::AccountOwn]));
    let (status, made) =
        server.post("/api/v1/api-keys", &json!({"name": "k", "permissions": ["segments.read"], "days": 1}));
    assert_eq!(status, 201, "{made}");
    let key = made["key"].as_str().unwrap();
    who.insert("key".into(), (format!("Authorization: Bearer {key}\r\n"), vec![Permission::SegmentsRead]));

    let operations = operations(&server);
    let mut n_checked = 0;
    for (method, path, needs) in &operations {
        if needs == "public" {
            let is_way_in = ["/setup", "/session", "/oidc/start", "/oidc/callback", "/oidc/code"];
            assert!(is_way_in.iter().any(|way| path.ends_with(way)), "{path} is public");
            continue;
        }
        let needs = Permission::parse(needs).unwrap_or_else(|| panic!("{needs}"));
        let (status, code) = status_of(&server, "", method, path);
        assert_eq!((status, code.as_str()), (401, "not_signed_in"), "nobody: {method} {path}");
        assert_eq!(status_of(&server, "Authorization: Bearer zk_x\r\n", method, path).0, 401, "{method} {path}");
        for (name, (credentials, held)) in &who {
            // A key may be held by nobody's session, and what is one's own needs one.
            let (status, code) = status_of(&server, credentials, method, path);
            let is_refused = status == 403 && code == "no_permission";
            if held.contains(&needs) {
                let is_within = ["users", "reveal"].iter().any(|word| path.contains(word));
                assert!(status != 401 && (!is_refused || is_within), "{name}: {method} {path}: {status} {code}");
            } else {
                assert!(is_refused, "{name}: {method} {path}: {status} {code}");
            }
            n_checked += 1;
        }
    }
    assert!(n_checked > 700, "{n_checked}");
    // What stands in no document.
    assert_eq!(status_of(&server, "", "GET", "/metrics").0, 401);
    assert_eq!(status_of(&server, &who["analyst"].0, "GET", "/metrics").0, 403);
    assert_eq!(status_of(&server, &who["system_admin"].0, "GET", "/metrics").0, 200);
    for path in ["/healthz", "/readyz", "/api/openapi.json", "/api/v1/setup"] {
        assert_eq!(status_of(&server, "", "GET", path).0, 200, "{path}");
    }
}

#[test]
fn a_session_begins_with_a_new_secret_and_ends_when_told() {
    let home = Home::new();
    let server = Server::start(&home);
    let sign_in = json!({"name": ADMIN, "password": PASSWORD});
    // A secret that the client brings along is not taken over.
    let planted = "zhike_session=planted-by-somebody-else-0123456789abcdefg";
    let (status, head, session) = server.request_as(planted, "POST", "/api/v1/session", &sign_in);
    let cookie = cookie_of(&head);
    assert!(status == 200 && cookie != planted && cookie.starts_with("zhike_session="), "{head}");
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    for wanted in ["HttpOnly", "SameSite=Strict", "Path=/"] {
        assert!(line.contains(wanted), "{wanted} in {line}");
    }
    assert_eq!(server.request_as(planted, "GET", "/api/v1/session", &json!({})).0, 401);
    let shown = server.request_as(&cookie, "GET", "/api/v1/session", &json!({})).2;
    assert_eq!(shown, session);
    assert_eq!((&shown["user"]["name"], &shown["user"]["roles"]), (&json!(ADMIN), &json!(["admin"])));
    assert!(shown["permissions"].as_array().unwrap().contains(&json!("users.manage")));
    assert_eq!(shown["idle_seconds"], 1800);
    let (status, head, _) = server.request_as(&cookie, "DELETE", "/api/v1/session", &json!({}));
    assert!(status == 204 && head.contains("Max-Age=0"), "{head}");
    assert_eq!(server.request_as(&cookie, "GET", "/api/v1/session", &json!({})).0, 401);
    assert_eq!(server.request_as(&cookie, "GET", "/api/v1/segments", &json!({})).0, 401);
    assert_eq!(server.get("/api/v1/segments").0, 200, "other sessions stay");
}

#[test]
fn a_write_with_a_cookie_needs_the_header_and_one_with_a_key_does_not() {
    let home = Home::new();
    let server = Server::start(&home);
    let search = b"{\"value\": \"13800138001\"}";
    let content = ("Content-Type", "application/json");
    let (status, _, _) = server.request("POST", "/api/v1/profiles/search", &[content], search);
    assert_eq!(status, 403);
    let new = json!({"name": "k", "permissions": ["profiles.read"], "days": 1});
    let made = server.post("/api/v1/api-keys", &new).1;
    let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
    let headers = [content, ("Authorization", bearer.as_str())];
    assert_eq!(server.request("POST", "/api/v1/profiles/search", &headers, search).0, 200);
    let foreign = [content, ("Authorization", bearer.as_str()), ("Origin", "http://evil.example")];
    assert_eq!(server.request("POST", "/api/v1/profiles/search", &foreign, search).0, 403);
    let id = made["api_key"]["key_id"].as_str().unwrap();
    assert_eq!(server.send("DELETE", &format!("/api/v1/api-keys/{id}"), &json!({})).0, 204);
    assert_eq!(server.request("POST", "/api/v1/profiles/search", &headers, search).0, 401);
}

#[test]
fn nothing_is_assigned_that_does_not_belong_there() {
    let home = Home::new();
    let server = Server::start(&home);
    let ann = hire(&server, "ann", &["analyst"]);
    for (method, path, body) in [
        ("POST", "/api/v1/session", json!({"name": "ann", "password": PASSWORD, "roles": ["admin"]})),
        ("PUT", "/api/v1/account/password", json!({"old": PASSWORD, "new": OTHER, "roles": ["admin"]})),
        ("POST", "/api/v1/api-keys", json!({"name": "k", "permissions": ["profiles.list"], "days": 1, "owner": ADMIN})),
        ("POST", "/api/v1/setup", json!({"token": "x", "name": "eve", "password": PASSWORD, "roles": ["admin"]})),
    ] {
        let (status, _, answer) = server.request_as(&ann, method, path, &body);
        assert_eq!(status, 400, "{path}: {answer}");
    }
    let extra = json!({"name": "eve", "roles": [], "password": "x"});
    assert_eq!(server.post("/api/v1/users", &extra).0, 400);
    // Nobody gives themselves a role.
    let own = server.request_as(&ann, "GET", "/api/v1/session", &json!({})).2["user"]["user_id"].clone();
    let path = format!("/api/v1/users/{}", own.as_str().unwrap());
    assert_eq!(server.request_as(&ann, "PUT", &path, &json!({"roles": ["admin"]})).0, 403);
}

#[test]
fn a_one_time_password_opens_nothing_but_its_own_change() {
    let home = Home::new();
    let server = Server::start(&home);
    let made = server.post("/api/v1/users", &json!({"name": "ann", "roles": ["admin"]})).1;
    let once = &made["password"];
    let (_, head, _) = server.anonymous("POST", "/api/v1/session", &json!({"name": "ann", "password": once}));
    let ann = cookie_of(&head);
    let (status, _, answer) = server.request_as(&ann, "GET", "/api/v1/segments", &json!({}));
    assert_eq!((status, &answer["error"]["code"]), (403, &json!("password_change_needed")), "{answer}");
    let weak = json!({"old": once, "new": "Password123456"});
    let (status, _, answer) = server.request_as(&ann, "PUT", "/api/v1/account/password", &weak);
    assert_eq!((status, &answer["error"]["code"]), (422, &json!("invalid_account")), "{answer}");
    let change = json!({"old": once, "new": PASSWORD});
    assert_eq!(server.request_as(&ann, "PUT", "/api/v1/account/password", &change).0, 204);
    assert_eq!(server.request_as(&ann, "GET", "/api/v1/segments", &json!({})).0, 200);
}

#[test]
fn what_others_keep_and_export_stays_theirs() {
    let home = Home::new();
    let server = Server::start(&home);
    let orders =
        "订单编号,会员号,手机号,下单时间,实付金额,订单状态\nT1,M1,13800138001,2026-01-02 10:00:00,100.00,交易成功\n";
    let file = home.file("orders.csv", orders);
    let (ann, ben) = (hire(&server, "ann", &["analyst"]), hire(&server, "ben", &["analyst"]));
    let empty = json!({});

    let view = json!({"page": "customers", "name": "mine", "state": {"a": 1}});
    let kept = server.request_as(&ann, "POST", "/api/v1/views", &view).2;
    assert_eq!(kept["author"], "ann");
    let path = format!("/api/v1/views/{}", kept["view_id"].as_str().unwrap());
    assert_eq!(server.request_as(&ben, "GET", &path, &empty).0, 200, "shared");
    let other = json!({"page": "customers", "name": "taken", "state": {"a": 2}});
    assert_eq!(server.request_as(&ben, "PUT", &path, &other).0, 403);
    assert_eq!(server.request_as(&ben, "DELETE", &path, &empty).0, 403);
    assert_eq!(server.request_as(&ann, "PUT", &path, &other).0, 200);
    assert_eq!(server.send("DELETE", &path, &empty).0, 204, "an administrator may");

    drop(file);
    let (_, upload) = server.upload("orders.csv", orders.as_bytes());
    let start = json!({"upload_id": upload["upload_id"], "entity": "orders", "mapping": upload["mapping"]});
    let started = server.post("/api/v1/imports", &start).1;
    server.job(started["job_id"].as_str().unwrap());
    let export = json!({"what": "customers", "format": "csv", "purpose": "service", "rule": {"all": []}});
    let (status, _, started) = server.request_as(&ann, "POST", "/api/v1/exports", &export);
    assert_eq!(status, 202, "{started}");
    let path = format!("/api/v1/exports/{}", started["export_id"].as_str().unwrap());
    for _ in 0..200 {
        if server.request_as(&ann, "GET", &path, &empty).2["state"] == "done" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    for (method, end) in [("GET", ""), ("GET", "/file"), ("DELETE", "")] {
        let path = format!("{path}{end}");
        assert_eq!(server.request_as(&ben, method, &path, &empty).0, 404, "{method} {path}");
        assert_eq!(server.send(method, &path, &empty).0, 404, "not an administrator's either: {method} {path}");
    }
    assert_eq!(server.request_as(&ann, "GET", &format!("{path}/file"), &empty).0, 200);
}

/// An answer that was kept for one is never another's.
#[test]
fn a_repeated_write_is_repeated_for_its_writer_alone() {
    let home = Home::new();
    let server = Server::start(&home);
    let (ann, ben) = (hire(&server, "ann", &["analyst"]), hire(&server, "ben", &["analyst"]));
    let body = json!({"page": "customers", "name": "v", "state": {}}).to_string();
    let write = |cookie: &str| {
        let headers = [
            ("X-Zhike-Request", "1"),
            ("Content-Type", "application/json"),
            ("Idempotency-Key", "same"),
            ("Cookie", cookie),
        ];
        let (status, head, _) = server.request("POST", "/api/v1/views", &headers, body.as_bytes());
        (status, head.to_ascii_lowercase().contains("idempotency-replayed"))
    };
    assert_eq!(write(&ann), (200, false));
    assert_eq!(write(&ann), (200, true));
    assert_eq!(write(&ben), (409, false), "the name is taken, and the answer is ben's own");
    assert_eq!(write(""), (401, false));
    // Secrets are kept nowhere: each write makes a key of its own.
    let new = json!({"name": "k", "permissions": ["profiles.list"], "days": 1}).to_string();
    let make = || {
        let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json"), ("Idempotency-Key", "k")];
        let (_, _, body) = server.request("POST", "/api/v1/api-keys", &headers, new.as_bytes());
        serde_json::from_slice::<Value>(&body).unwrap()["key"].clone()
    };
    assert_ne!(make(), make());
    // Nor is what is only read: it is allowed and counted each time.
    let headers = [("X-Zhike-Request", "1"), ("Content-Type", "application/json"), ("Idempotency-Key", "read")];
    for _ in 0..2 {
        let (status, head, _) = server.request("POST", "/api/v1/profiles/query", &headers, b"{}");
        assert_eq!((status, head.to_ascii_lowercase().contains("idempotency-replayed")), (200, false));
    }
}

#[test]
fn setup_is_done_once_and_by_its_link_alone() {
    let home = Home::new();
    let server = Server::start_unknown(&home, &[]);
    assert_eq!(server.anonymous("GET", "/api/v1/setup", &json!({})).2, json!({"needed": true, "sso": null}));
    let setup = |token: &str, name: &str| {
        let body = json!({"token": token, "name": name, "password": PASSWORD});
        server.anonymous("POST", "/api/v1/setup", &body).0
    };
    assert_eq!(setup("guess", "eve"), 401);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let setup = &setup;
        let token = &server.setup;
        let all: Vec<_> = (0..4).map(|n| scope.spawn(move || setup(token, &format!("boss{n}")))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
    assert_eq!(setup(&server.setup, "late"), 409);
    assert_eq!(server.anonymous("GET", "/api/v1/setup", &json!({})).2, json!({"needed": false, "sso": null}));
}

#[test]
fn too_many_wrong_attempts_wait() {
    let home = Home::new();
    let server = Server::start(&home);
    let wrong = json!({"name": ADMIN, "password": OTHER});
    for _ in 0..5 {
        let (status, _, answer) = server.anonymous("POST", "/api/v1/session", &wrong);
        assert_eq!((status, &answer["error"]["code"]), (401, &json!("wrong_credentials")));
    }
    let right = json!({"name": ADMIN, "password": PASSWORD});
    let (status, head, answer) = server.anonymous("POST", "/api/v1/session", &right);
    assert_eq!((status, &answer["error"]["code"]), (429, &json!("locked_out")), "{answer}");
    let wait = head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("retry-after: ").map(str::to_owned));
    assert!((800..=900).contains(&wait.unwrap().parse::<i64>().unwrap()), "{head}");
    assert_eq!(server.get("/api/v1/session").0, 200, "who is in stays in");
}

#[test]
fn the_command_line_acts_as_whoever_can_read_the_files_or_as_a_key() {
    let home = Home::new();
    let made = home.json(&["user", "add", "ann", "--role", "analyst"]);
    assert!(made["password"].is_string());
    assert!(home.complaint(&["user", "add", "ann"]).contains("already"));
    assert!(home.complaint(&["user", "add", "eve", "--role", "king"]).contains("no role"));
    assert_eq!(home.json(&["user", "list"])[0]["roles"], json!(["analyst"]));
    assert!(home.complaint(&["user", "disable", "nobody"]).contains("no user"));
    let key = home.json(&["api-key", "add", "k", "--owner", "ann", "--permission", "segments.read"]);
    let key = key["key"].as_str().unwrap().to_owned();
    assert!(
        home.complaint(&["api-key", "add", "k", "--owner", "ann", "--permission", "imports.run"]).contains("owner")
    );
    let with_key = |arguments: &[&str]| home.command().env("ZHIKE_API_KEY", &key).args(arguments).output().unwrap();
    assert!(with_key(&["segment", "list"]).status.success());
    for refused in [
        &["sql", "SELECT 1"][..],
        &["user", "list"],
        &["tag", "list"],
        &["serve"],
        &["export", "customers", "--out", "x.csv", "--purpose", "p"],
    ] {
        let output = with_key(refused);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.contains("this needs the permission"), "{refused:?}: {said}");
    }
    assert_eq!(home.json(&["api-key", "list"])[0]["owner"], "ann");
    home.json(&["user", "disable", "ann"]);
    assert!(String::from_utf8_lossy(&with_key(&["segment", "list"]).stderr).contains("ZHIKE_API_KEY"));
    let roles = home.json(&["role", "list"]);
    assert_eq!(roles["roles"].as_array().unwrap().len(), 7);
    assert!(home.complaint(&["role", "separate"]).contains("give the role"));
    // Acts at the machine are on record under the system's name.
    let acts = home.json(&["sql", "SELECT actor FROM audit WHERE action = 'user.create'"]);
    assert!(acts.to_string().contains("local:"), "{acts}");
}

#[test]
fn other_machines_are_answered_only_behind_a_proxy_with_tls() {
    let home = Home::new();
    let refused = home.complaint(&["serve", "--listen", "0.0.0.0:0"]);
    assert!(refused.contains("--behind-proxy"), "{refused}");
    let refused =
        home.complaint(&["serve", "--listen", "0.0.0.0:0", "--behind-proxy", "--public-url", "http://cdp.example.cn"]);
    assert!(refused.contains("https"), "{refused}");
    let server = Server::start_unknown(&home, &["--behind-proxy", "--public-url", "https://cdp.example.cn"]);
    let ask = |host: &str, origin: &str, body: &Value| {
        let headers =
            [("Host", host), ("Origin", origin), ("X-Zhike-Request", "1"), ("Content-Type", "application/json")];
        let (status, head, _) = server.request("POST", "/api/v1/setup", &headers, body.to_string().as_bytes());
        (status, head)
    };
    let body = json!({"token": server.setup, "name": ADMIN, "password": PASSWORD});
    assert_eq!(ask("evil.example", "https://evil.example", &body).0, 403);
    assert_eq!(ask("cdp.example.cn", "http://cdp.example.cn", &body).0, 403);
    let (status, head) = ask("cdp.example.cn", "https://cdp.example.cn", &body);
    assert_eq!(status, 201, "{head}");
    let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("set-cookie:")).unwrap();
    assert!(line.contains("__Host-zhike_session=") && line.contains("; Secure"), "{line}");
}

/// Whoever sees one province sees nobody else, by any address.
#[test]
fn a_province_is_all_that_somebody_sees() {
    let home = Home::new();
    let people = "会员号,手机号,省份\nM1,13800138001,浙江\nM2,13800138002,江苏\n";
    let file = home.file("people.csv", people);
    assert!(home.run(&["import", file.to_str().unwrap(), "--as", "profiles"]).status.success());
    let server = Server::start(&home);
    let ann = hire_with(&server, &json!({"name": "ann", "roles": ["analyst"], "provinces": ["浙江省"]}));
    let all = server.get("/api/v1/profiles").1;
    assert_eq!(all["items"].as_array().unwrap().len(), 2, "{all}");
    let own = server.request_as(&ann, "GET", "/api/v1/profiles", &json!({})).2;
    let count = (&own["total"], &own["is_suppressed"]);
    assert_eq!((own["items"].as_array().unwrap().len(), count), (1, (&json!(null), &json!(true))), "{own}");
    let search = |phone: &str| {
        let found = server.request_as(&ann, "POST", "/api/v1/profiles/search", &json!({"value": phone})).2;
        found["total"].as_i64()
    };
    assert_eq!((search("13800138001"), search("13800138002")), (Some(1), Some(0)));
    for item in all["items"].as_array().unwrap() {
        let id = item["profile_id"].as_str().unwrap();
        let is_own = own["items"][0]["profile_id"] == id;
        for end in ["", "/orders", "/timeline", "/segments", "/acts", "/tags"] {
            let (status, _, answer) =
                server.request_as(&ann, "GET", &format!("/api/v1/profiles/{id}{end}"), &json!({}));
            assert_eq!(status, if is_own { 200 } else { 404 }, "{end}: {answer}");
        }
    }
}

/// What `GET /api/v1/live` still gives; ends when the server ends it.
struct Looking(TcpStream);

impl Looking {
    fn start(server: &Server, credentials: &str) -> Self {
        let mut stream = TcpStream::connect(&server.address).unwrap();
        let head =
            format!("GET /api/v1/live HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{credentials}\r\n", server.address);
        stream.write_all(head.as_bytes()).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
        Self(stream)
    }

    /// Reads to the end; without one the test fails.
    fn ends(mut self) {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).expect("the stream ends");
        assert!(rest.ends_with(b"0\r\n\r\n"), "in order: {}", String::from_utf8_lossy(&rest));
    }

    fn goes_on(&mut self) {
        self.0.set_read_timeout(Some(std::time::Duration::from_secs(2))).unwrap();
        let mut chunk = [0; 4096];
        let error = loop {
            match self.0.read(&mut chunk) {
                Ok(n) => assert_ne!(n, 0, "the stream of somebody else ended"),
                Err(error) => break error,
            }
        };
        assert!(matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{error}");
    }
}

/// Whoever looks on looks no longer than they may: sign-out, other roles, a disabled account, a revoked key.
#[test]
fn a_live_stream_ends_with_what_allowed_it() {
    let home = Home::new();
    let server = Server::start(&home);
    let by = |cookie: &str| format!("Cookie: {cookie}\r\n");
    let id = |name: &str| {
        let users = server.get("/api/v1/users").1;
        let user = users["items"].as_array().unwrap().iter().find(|user| user["name"] == name).cloned().unwrap();
        format!("/api/v1/users/{}", user["user_id"].as_str().unwrap())
    };
    let mut other = Looking::start(&server, &by(&server.cookie));
    let ann = hire(&server, "ann", &["analyst"]);
    let looking = Looking::start(&server, &by(&ann));
    assert_eq!(server.request_as(&ann, "DELETE", "/api/v1/session", &json!({})).0, 204);
    looking.ends();
    let bob = hire(&server, "bob", &["analyst"]);
    let looking = Looking::start(&server, &by(&bob));
    assert_eq!(server.send("PUT", &id("bob"), &json!({"roles": ["service"]})).0, 200);
    looking.ends();
    let cat = hire(&server, "cat", &["analyst"]);
    let looking = Looking::start(&server, &by(&cat));
    // From another process, too.
    assert!(home.run(&["user", "disable", "cat"]).status.success());
    looking.ends();
    let key = json!({"name": "k", "permissions": ["sources.read"], "days": 1});
    let made = server.post("/api/v1/api-keys", &key).1;
    let looking = Looking::start(&server, &format!("Authorization: Bearer {}\r\n", made["key"].as_str().unwrap()));
    let path = format!("/api/v1/api-keys/{}", made["api_key"]["key_id"].as_str().unwrap());
    assert_eq!(server.send("DELETE", &path, &json!({})).0, 204);
    looking.ends();
    other.goes_on();
}

/// Without what differs by server and moment.
fn plain(mut value: Value) -> Value {
    const MOMENTS: [&str; 5] = ["at", "ms", "computed_at", "refreshed_at", "updated_at"];
    match &mut value {
        Value::Object(all) => {
            MOMENTS.iter().for_each(|name| drop(all.remove(*name)));
            all.values_mut().for_each(|one| *one = plain(one.take()));
        }
        Value::Array(all) => all.iter_mut().for_each(|one| *one = plain(one.take())),
        _ => {}
    }
    value
}

/// Every sum for whoever sees one province is what it would be if there were no other.
#[test]
fn sums_are_those_of_ones_own_customers() {
    let shop = |is_whole: bool| {
        let home = Home::new();
        let mut people = String::from("会员号,手机号,省份\n");
        let mut orders = String::from("订单编号,会员号,门店,下单时间,实付金额,订单状态\n");
        for n in 0..24 {
            let is_own = n % 2 == 0;
            if is_whole || is_own {
                let province = if is_own { "浙江" } else { "江苏" };
                people.push_str(&format!("M{n},1395726{:04},{province}\n", 4000 + n));
                // Both have orders on the first and the last day.
                for day in [1, 1 + n / 2, 12] {
                    orders.push_str(&format!(
                        "T{n}-{day},M{n},S{},2026-01-{day:02} 10:00:00,{}.00,交易成功\n",
                        n % 3,
                        10 * (n + day)
                    ));
                }
            }
        }
        for (name, content, entity) in [("people.csv", people, "profiles"), ("orders.csv", orders, "orders")] {
            let file = home.file(name, &content);
            assert!(home.run(&["import", file.to_str().unwrap(), "--as", entity]).status.success());
        }
        assert!(home.run(&["refresh"]).status.success());
        home
    };
    let (whole, part) = (shop(true), shop(false));
    let (server, alone) = (Server::start(&whole), Server::start(&part));
    let own = hire_with(&server, &json!({"name": "own", "roles": ["admin"], "provinces": ["浙江省"]}));
    let addresses = [
        "/api/v1/overview",
        "/api/v1/kpis?by=day",
        "/api/v1/kpis/net_sales?by=day&dimension=store",
        "/api/v1/kpis/active_customers?by=week&dimension=province",
        "/api/v1/history/days",
        "/api/v1/consents",
        "/api/v1/profiles?limit=1",
    ];
    for address in addresses {
        let (status, _, theirs) = server.request_as(&own, "GET", address, &json!({}));
        let (mut theirs, mut expected) = (plain(theirs), plain(alone.get(address).1));
        if address == "/api/v1/overview" {
            // Scores are given over all customers; how many there are is not.
            let n = |body: &Value| {
                body["tiers"].as_array().unwrap().iter().map(|one| one["n_customers"].as_i64().unwrap()).sum::<i64>()
            };
            assert_eq!((n(&theirs), n(&expected)), (12, 12));
            for body in [&mut theirs, &mut expected] {
                body["tiers"].take();
                body["rfm_segments"].take();
            }
        }
        if address.starts_with("/api/v1/profiles") {
            (theirs, expected) = (theirs["total"].take(), expected["total"].take());
        }
        assert_eq!((status, &theirs), (200, &expected), "{address}");
        assert_ne!(plain(server.get(address).1), expected, "{address}: another sum for whoever sees all");
    }
    for address in ["/api/v1/quality", "/api/v1/live"] {
        assert_eq!(status_of(&server, &format!("Cookie: {own}\r\n"), "GET", address).0, 403, "{address}");
    }
}

/// What somebody writes into an address is not kept when they may do nothing there, and masked when they may.
#[test]
fn the_trail_keeps_no_value_out_of_an_address() {
    const PHONE: &str = "13957264831";
    let home = Home::new();
    let server = Server::start(&home);
    let svc = hire(&server, "svc", &["service"]);
    for (method, path) in [("GET", "users"), ("DELETE", "api-keys"), ("PATCH", "segments")] {
        let (status, _, answer) = server.request_as(&svc, method, &format!("/api/v1/{path}/{PHONE}"), &json!({}));
        assert_eq!((status, &answer["error"]["code"]), (403, &json!("no_permission")), "{answer}");
    }
    assert!((400..500).contains(&server.patch(&format!("/api/v1/segments/{PHONE}"), &json!({})).0));
    let trail = server.get("/api/v1/audit?limit=500").1.to_string();
    let routes = ["GET /api/v1/users/{user_id}", "DELETE /api/v1/api-keys/{key_id}"];
    for kept in routes.into_iter().chain(["PATCH /api/v1/segments/139****4831"]) {
        assert!(trail.contains(kept), "{kept}: {trail}");
    }
    assert!(!trail.contains(PHONE), "{trail}");
}

/// The security administrator reads of the trail what is about access, and nothing else.
#[test]
fn the_security_administrator_reads_their_part_of_the_trail() {
    let home = Home::new();
    let server = Server::start(&home);
    let sec = hire(&server, "sec", &["security_admin"]);
    let ann = hire(&server, "ann", &["analyst"]);
    assert_eq!(server.request_as(&ann, "GET", "/api/v1/audit", &json!({})).0, 403);
    let user = server.request_as(&ann, "GET", "/api/v1/session", &json!({})).2["user"]["user_id"].clone();
    assert_eq!(server.post(&format!("/api/v1/users/{}/reset", user.as_str().unwrap()), &json!({})).0, 200);
    let (status, _, theirs) = server.request_as(&sec, "GET", "/api/v1/audit", &json!({}));
    let actions = |body: &Value| {
        let of = |one: &Value| one["action"].as_str().unwrap().to_owned();
        body["items"].as_array().unwrap().iter().map(of).collect::<std::collections::BTreeSet<_>>()
    };
    let (all, theirs) = (actions(&server.get("/api/v1/audit").1), actions(&theirs));
    assert_eq!(status, 200);
    for action in ["access.denied", "account.sign_in", "user.reset"] {
        assert!(theirs.contains(action), "{action} in {theirs:?}");
    }
    assert!(!theirs.contains("user.create") && all.contains("user.create"), "{theirs:?}");
    assert_eq!(server.request_as(&sec, "GET", "/api/v1/audit/verify", &json!({})).0, 403);
    let (status, _, uses) = server.request_as(&sec, "GET", "/api/v1/budgets/uses", &json!({}));
    let of_ann = uses["items"].as_array().unwrap().iter().find(|one| one["user"] == "ann" && one["meter"] == "rows");
    assert_eq!((status, &of_ann.unwrap()["n_left"]), (200, &json!(10_000)));
}
