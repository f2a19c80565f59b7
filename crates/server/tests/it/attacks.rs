//! What strangers try at the edge: names that lead elsewhere, lines that would be others' lines in the log. The table of all
//! classes and their tests: docs/security.md.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Home, Server};

/// No name of a file, an id or a page leads out of where it belongs.
#[test]
fn names_lead_nowhere_else() {
    let home = Home::new();
    let server = Server::start(&home);
    std::fs::write(home.path().join("secret.txt"), "do not read me").unwrap();
    let files = || {
        let mut all = Vec::new();
        let mut folders = vec![home.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap().flatten() {
                if entry.path().is_dir() { folders.push(entry.path()) } else { all.push(entry.path()) }
            }
        }
        all.sort();
        all
    };
    let outside = |all: Vec<std::path::PathBuf>| -> Vec<_> {
        all.into_iter().filter(|path| !path.starts_with(home.path().join("data/uploads"))).collect()
    };
    let before = outside(files());
    for name in
        ["../../secret.txt", "..\\..\\secret.txt", "/etc/passwd", "%2e%2e%2fsecret.txt", "a/../../b.csv", "CON", ".."]
    {
        let (status, answer) = server.upload(name, b"member_id,name\nM1,x\n");
        assert!(status < 500, "{name}: {status} {answer}");
        assert!(!answer.to_string().contains("do not read me"), "{name}");
    }
    assert_eq!(outside(files()), before);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/../../secret.txt",
        "/assets/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "/api/v1/jobs/..%2f..%2fsecret.txt",
        "/api/v1/exports/..%2f..%2fsecret.txt",
        "/api/v1/exports/..%2fsecret.txt/file",
        "/api/v1/uploads/..%2f..%2fsecret.txt",
        "/b/..%2f..%2fsecret.txt",
        "/data/keys/root.key",
        "/keys/root.key",
        "/state.db",
    ] {
        let (_, head, body) = server.request("GET", path, &[], b"");
        let body = String::from_utf8_lossy(&body);
        assert!(!body.contains("do not read me") && !body.contains("SQLite format"), "{path}: {head}");
        assert!(!head.starts_with("HTTP/1.1 5"), "{path}: {head}");
    }
}

/// One request is one line of the log, whatever it says; and what it says of people is not there.
#[test]
fn nobody_writes_lines_into_the_log() {
    const PHONE: &str = "13957264831";
    let home = Home::new();
    Server::start(&home).stop();
    let mut child = home
        .command()
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("NO_COLOR", "1")
        .env("ZHIKE_LOG", "trace,hyper=info,h2=info,sqlx=info,mio=info")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut out, &mut line).unwrap();
    let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let mut log = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        log.read_to_string(&mut text).unwrap();
        text
    });
    let forged = "2026-11-22T00:00:00Z ERROR everything is lost";
    let send = |head: String, body: String| {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        let n_bytes = body.len();
        let request =
            format!("{head}\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {n_bytes}\r\n\r\n{body}");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
    };
    let json = "X-Zhike-Request: 1\r\nContent-Type: application/json";
    for name in [
        format!("boss\n{forged}"),
        format!("\r\n{forged}"),
        format!("\u{1b}[2J{forged}"),
        format!("\u{2028}{forged}"),
        PHONE.into(),
    ] {
        let body = json!({"name": name, "password": format!("{PHONE}-{forged}")}).to_string();
        send(format!("POST /api/v1/session HTTP/1.1\r\n{json}"), body);
    }
    send(format!("GET /api/v1/customers/%0a{}?phone={PHONE} HTTP/1.1", forged.replace(' ', "%20")), String::new());
    for path in ["profiles", "profiles/x", "tags", "no-such-thing"] {
        send(format!("GET /api/v1/{path}/{PHONE} HTTP/1.1"), String::new());
        send(format!("PUT /api/v1/{path}/{PHONE} HTTP/1.1\r\n{json}"), "{}".into());
    }
    send(format!("GET /customers/{PHONE} HTTP/1.1"), String::new());
    send(format!("GET /x HTTP/1.1\r\nX-Request-Id: {PHONE}\u{1b}[31m"), String::new());
    send(format!("GET /x HTTP/1.1\r\nUser-Agent: {PHONE}\r\nReferer: http://x/?{PHONE}"), String::new());
    let event =
        json!({"writeKey": forged, "batch": [{"type": "track", "event": format!("\n{forged}"), "userId": PHONE}]});
    send("POST /v1/batch HTTP/1.1\r\nContent-Type: application/json".into(), event.to_string());
    let _ = std::process::Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    child.wait().unwrap();
    let log = log.join().unwrap();
    assert!(log.lines().count() > 5, "{log}");
    // Colours are off, so a control character is somebody's.
    let strange: Vec<&str> = log
        .lines()
        .filter(|line| !line.starts_with("20") || line.starts_with(forged) || line.contains(['\u{1b}', '\u{2028}']))
        .collect();
    assert!(strange.is_empty(), "{strange:?}");
    assert!(!log.contains(PHONE), "{}", log.lines().find(|line| line.contains(PHONE)).unwrap_or_default());
}

/// What is a name to us stays one, whatever it means to a database.
#[test]
fn text_of_callers_is_no_sql() {
    let home = Home::new();
    home.json(&["import", home.file("members.csv", MEMBERS).to_str().unwrap()]);
    let server = Server::start(&home);
    let n_users = server.get("/api/v1/users").1["items"].as_array().unwrap().len();
    let rule = json!({"trait": "city", "op": "in", "value": ["'; DROP TABLE profiles; --"]});
    for (n, text) in [
        "x'; DROP TABLE segment; --",
        "x' OR '1'='1",
        "\"; DELETE FROM user; --",
        "$1 ?1 :name %s",
        "\\' UNION SELECT 1 --",
    ]
    .into_iter()
    .enumerate()
    {
        let (status, made) = server.post("/api/v1/segments", &json!({"name": text, "description": text, "rule": rule}));
        assert_eq!((status, made["name"].as_str()), (200, Some(text)), "{made}");
        let id = made["segment_id"].as_str().unwrap();
        let (_, read) = server.get(&format!("/api/v1/segments/{id}"));
        assert_eq!((&read["name"], &read["description"], &read["rule"]), (&json!(text), &json!(text), &rule), "{read}");
        assert_eq!(server.post("/api/v1/segments/preview", &json!({"rule": rule})).1["count"]["count"], 0);
        let (status, made) = server.post("/api/v1/sources", &json!({"name": text}));
        assert_eq!((status, made["name"].as_str()), (200, Some(text)), "{made}");
        let (status, tag) = server.post("/api/v1/manual-tags", &json!({"key": format!("k{n}"), "values": [text]}));
        assert!(status == 200 && tag["choices"] == json!([text]), "{tag}");
        let search = text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        for path in ["profiles?after=", "profiles?sort=", "profiles/", "jobs/"] {
            let (status, answer) = server.get(&format!("/api/v1/{path}{search}"));
            assert!((400..500).contains(&status), "{path} {status}: {answer}");
        }
        let lookup = json!({"identities": [{"value": text}]});
        let found = server.post("/api/v1/profiles/lookup", &lookup).1;
        assert_eq!(found["items"][0]["profile_ids"], json!([]), "{found}");
        let (status, answer) = server.post("/api/v1/session", &json!({"name": text, "password": text}));
        assert_eq!(status, 401, "{answer}");
    }
    assert_eq!(server.get("/api/v1/segments").1["items"].as_array().map(Vec::len), Some(5));
    assert_eq!(server.get("/api/v1/users").1["items"].as_array().map(Vec::len), Some(n_users));
    assert_eq!(home.json(&["sql", "SELECT count(*) AS n FROM profiles"]), json!([{"n": 2}]));
}

const MEMBERS: &str = "会员号,手机号,姓名,邮箱,注册时间\n\
                       M1,13957264831,王小明,wang@example.com,2026-01-02 10:00:00\n\
                       M2,13957264839,李雷,li@example.com,2026-01-03 10:00:00\n";

/// Filters, orders, sums and errors know masks, rules know no personal trait: nobody can ask for a value piece by piece.
#[test]
fn a_mask_answers_no_question_about_its_value() {
    let home = Home::new();
    home.json(&["import", home.file("members.csv", MEMBERS).to_str().unwrap()]);
    for (table, column) in [("profiles", "phone"), ("identities", "value")] {
        let count = |condition: &str| {
            home.json(&["sql", &format!("SELECT count(*) AS n FROM {table} WHERE {condition}")])[0]["n"].clone()
        };
        assert_eq!(count(&format!("{column} = '139****4831'")), 1);
        for condition in ["= '13957264831'", "LIKE '%5726%'", "BETWEEN '13957264830' AND '13957264840'"] {
            assert_eq!(count(&format!("{column} {condition}")), 0, "{condition}");
        }
        let query = format!("SELECT CAST({column} AS BIGINT) AS n FROM {table} WHERE {column} LIKE '139%' ORDER BY 1");
        let complaint = home.complaint(&["sql", &query]);
        assert!(complaint.contains("139****48") && !complaint.contains("5726"), "{complaint}");
    }
    let rows = home.json(&["sql", "SELECT phone, name, email FROM profiles ORDER BY phone"]);
    let first = json!({"phone": "139****4831", "name": "王*明", "email": "w***@example.com"});
    assert_eq!(rows[0], first);
    for rule in [
        json!({"trait": "phone", "op": "eq", "value": "13957264831"}),
        json!({"trait": "name", "op": "eq", "value": "王小明"}),
        json!({"trait": "email", "op": "exists"}),
        json!({"identity": "phone", "op": "eq", "value": "13957264831"}),
    ] {
        let file = home.file("rule.json", json!({ "all": [rule] }).to_string());
        let complaint = home.complaint(&["segment", "count", file.to_str().unwrap()]);
        assert!(complaint.contains("/all/0") && !complaint.contains("13957264831"), "{complaint}");
    }
}
