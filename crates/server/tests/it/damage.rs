//! A flipped byte in each kind of file of a data directory: said clearly, by place, or of no effect; never a panic, and
//! never a wrong answer that nobody notices.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::{Home, Server};

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target)
        } else {
            let _ = std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// What kind of file it is, by its place.
fn kind(relative: &str) -> Option<&'static str> {
    Some(match relative {
        _ if relative.ends_with(".parquet") => "rows",
        _ if relative.contains("_delta_log") => "log of a table",
        "state.db" => "state",
        "keys/keys.db" => "keys of people",
        _ if relative.starts_with("keys/") && relative.ends_with(".key") => "key file",
        _ if relative.starts_with("wal/") && !relative.ends_with("lock") => "event log",
        _ if relative.starts_with("seen/") => "seen messages",
        _ => return None,
    })
}

#[test]
fn a_flipped_byte_is_noticed_in_each_kind_of_file() {
    let whole = Home::new();
    let orders: String = (0..200)
        .map(|n| format!("O{n},M{},2026-01-02 10:00:00,{}.50,1381234{:04}\n", n % 40, n % 90, n % 40))
        .collect();
    let path = whole.file("orders.csv", format!("订单编号,会员号,下单时间,实付金额,手机号\n{orders}"));
    assert!(whole.run(&["import", path.to_str().unwrap(), "--quiet"]).status.success());
    let mut server = Server::start(&whole);
    let (status, source) = server.post("/api/v1/sources", &json!({"name": "shop"}));
    assert_eq!(status, 200, "{source}");
    let messages: Vec<Value> = (0..50)
        .map(|n| json!({"type": "track", "event": "tick", "userId": format!("M{}", n % 40), "messageId": format!("m{n}")}))
        .collect();
    let body = json!({"writeKey": source["write_key"], "batch": messages}).to_string();
    assert_eq!(server.request("POST", "/v1/batch", &[], body.as_bytes()).0, 200);
    assert!(server.stop());
    let sql = "SELECT (SELECT count(*) FROM orders) AS o, (SELECT sum(net_amount) FROM orders) AS a, \
               (SELECT count(*) FROM events) AS e, (SELECT count(*) FROM profiles) AS p";
    let right = whole.json(&["sql", sql]);
    assert_eq!(whole.json(&["doctor"])["findings"], json!([]));

    let data = whole.path().join("data");
    let mut all = Vec::new();
    files(&data, &mut all);
    all.sort();
    let mut seen: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
    for file in all {
        let relative = file.strip_prefix(&data).unwrap().to_string_lossy().into_owned();
        let Some(kind) = kind(&relative) else { continue };
        let n_bytes = std::fs::metadata(&file).unwrap().len();
        // A few of a kind are enough.
        let n_seen = seen.entry(kind).or_default();
        if n_bytes == 0 || *n_seen >= 2 {
            continue;
        }
        *n_seen += 1;
        for part in [3, 50, 97] {
            let home = Home::new();
            copy(&data, &home.path().join("data"));
            let damaged = home.path().join("data").join(&relative);
            let mut bytes = std::fs::read(&damaged).unwrap();
            let at = bytes.len() * part / 100;
            bytes[at] ^= 0x40;
            std::fs::write(&damaged, bytes).unwrap();
            let case = format!("{kind}: {relative}, byte {at} of {n_bytes}");
            let examined = home.run(&["doctor"]);
            let said =
                format!("{}{}", String::from_utf8_lossy(&examined.stdout), String::from_utf8_lossy(&examined.stderr));
            assert!(!said.contains("panicked"), "{case}: {said}");
            let answered = home.run(&["--format", "json", "sql", sql]);
            let complaint = String::from_utf8_lossy(&answered.stderr).into_owned();
            assert!(!complaint.contains("panicked"), "{case}: {complaint}");
            let n_said = complaint.lines().filter(|line| line.starts_with("zhike: ")).count();
            assert_eq!(n_said, usize::from(!answered.status.success()), "{case}: {complaint}");
            let is_right = answered.status.success()
                && serde_json::from_slice::<Value>(&answered.stdout).is_ok_and(|rows| rows == right);
            // Whoever gets another answer can learn of it; only free space may go unnoticed.
            assert!(is_right || !examined.status.success(), "{case}: unnoticed; {said}; {complaint}");
            if kind == "rows" {
                assert!(!examined.status.success() && said.contains("lake/"), "{case}: {said}");
            }
        }
    }
    println!("{seen:?}");
    for kind in ["rows", "log of a table", "state", "keys of people", "key file", "seen messages"] {
        assert!(seen.contains_key(kind), "no file of {kind} was there");
    }
}
