//! Consent and requests of persons over HTTP and by command.

use serde_json::{Value, json};

use crate::support::{Home, Server};

const PEOPLE: &str = "member_id,phone\nM1,13800138001\nM2,13800138002\n";

fn member(server: &Server, number: &str) -> String {
    let (_, found) = server.post("/api/v1/profiles/search", &json!({"value": number}));
    found["items"][0]["profile_id"].as_str().unwrap().to_owned()
}

fn standing(of: &Value, code: &str) -> Value {
    let all = of["standings"].as_array().unwrap();
    all.iter().find(|one| one["purpose"]["code"] == code).unwrap().clone()
}

#[test]
fn a_statement_counts_at_once_and_a_deletion_hides() {
    let home = Home::new();
    home.json(&["import", home.file("people.csv", PEOPLE).to_str().unwrap(), "--as", "profiles"]);
    let server = Server::start(&home);
    let one = member(&server, "M1");
    let place = format!("/api/v1/profiles/{one}/consents");
    let say = |purpose: &str, granted: bool, evidence: &str| json!({"statements": [{"purpose": purpose, "granted": granted, "evidence": evidence, "channel": "web"}]});
    let (status, of) = server.post(&place, &say("marketing_sms", true, ""));
    assert_eq!((status, &standing(&of, "marketing_sms")["state"]), (200, &json!("granted")), "{of}");
    let (status, refused) = server.post(&place, &say("abroad", true, ""));
    assert_eq!((status, &refused["error"]["code"]), (422, &json!("invalid_consent")), "{refused}");
    let preview = json!({"rule": {"all": []}, "purpose": "marketing_sms"});
    let count = |server: &Server| server.post("/api/v1/segments/preview", &preview).1["count"].clone();
    let before = count(&server);
    assert_eq!((&before["count"], &before["excluded"]["no_consent"]), (&json!(1), &json!(1)), "{before}");
    server.post(&place, &say("marketing_sms", false, ""));
    let after = count(&server);
    assert_eq!(
        (&after["count"], &after["excluded"]["opted_out"], &after["excluded"]["total"]),
        (&json!(0), &json!(1), &json!(2))
    );
    let (_, all) = server.get("/api/v1/consents");
    assert!(all["items"].as_array().unwrap().iter().all(|one| one["n_total"] == 2), "{all}");
    let (status, many) = server.post(
        "/api/v1/consents",
        &json!({"items": [
            {"profile_id": member(&server, "M2"), "statements": [{"purpose": "marketing_email", "granted": true}]},
            {"profile_id": "prf_0000000000001", "statements": [{"purpose": "marketing_email", "granted": true}]},
        ]}),
    );
    let done: Vec<&Value> = many["items"].as_array().unwrap().iter().map(|one| &one["is_recorded"]).collect();
    assert_eq!((status, done), (200, vec![&json!(true), &json!(false)]), "{many}");

    let (status, asked) = server.post("/api/v1/requests", &json!({"profile_id": one, "kind": "deletion"}));
    assert_eq!((status, &asked["status"]), (200, &json!("new")), "{asked}");
    let at = format!("/api/v1/requests/{}", asked["request_id"].as_str().unwrap());
    assert_eq!(server.post(&format!("{at}/do"), &json!({})).0, 409);
    assert_eq!(server.post(&format!("{at}/check"), &json!({"method": "证件"})).1["status"], "checked");
    assert_eq!(server.post(&format!("{at}/do"), &json!({"outcome": "ok"})).1["status"], "doing");
    let (status, hidden) = server.get(&format!("/api/v1/profiles/{one}"));
    assert_eq!((status, &hidden["error"]["code"]), (403, &json!("restricted")), "{hidden}");
    let (_, register) = server.get("/api/v1/requests");
    assert_eq!((&register["n_open"], &register["n_overdue"]), (&json!(1), &json!(0)), "{register}");
    assert_eq!(server.post("/api/v1/requests", &json!({"profile_id": one, "kind": "fun"})).0, 400);
    drop(server);

    let listed = home.json(&["request", "list"]);
    assert_eq!((&listed[0]["kind"], &listed[0]["status"]), (&json!("deletion"), &json!("doing")), "{listed}");
    let complaint = home.complaint(&["consent", "show", &one]);
    assert!(complaint.contains("being deleted"), "{complaint}");
    let purposes = home.json(&["consent", "purposes"]);
    assert_eq!(purposes.as_array().unwrap().len(), 9);
}

fn checked(server: &Server, profile_id: &str, kind: &str) -> String {
    let (status, asked) = server.post("/api/v1/requests", &json!({"profile_id": profile_id, "kind": kind}));
    assert_eq!(status, 200, "{asked}");
    let id = asked["request_id"].as_str().unwrap().to_owned();
    assert_eq!(server.post(&format!("/api/v1/requests/{id}/check"), &json!({"method": "证件"})).0, 200);
    id
}

#[test]
fn a_copy_is_fetched_once_and_a_correction_stays() {
    let home = Home::new();
    let people = "会员号,姓名,手机号,城市\nM1,王芳,13957264831,杭州\n";
    home.json(&["import", home.file("people.csv", people).to_str().unwrap(), "--as", "profiles"]);
    let server = Server::start(&home);
    let one = member(&server, "M1");
    let request = checked(&server, &one, "copy");
    let copy = |id: &str| server.post(&format!("/api/v1/requests/{id}/copy"), &json!({"language": "en"}));
    let (status, started) = copy(&request);
    assert_eq!((status, started["password"].as_str().unwrap().len() > 15), (202, true), "{started}");
    let place = format!("/api/v1/exports/{}", started["export_id"].as_str().unwrap());
    let mut job = server.get(&place).1;
    for _ in 0..600 {
        if job["state"] == "done" || job["state"] == "failed" {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
        job = server.get(&place).1;
    }
    assert_eq!(job["state"], "done", "{job}");
    assert!(job["file_name"].as_str().unwrap().ends_with(".zip"), "{job}");
    let fetched = || server.request("GET", &format!("{place}/file"), &[], b"");
    let (status, _, archive) = fetched();
    assert!(status == 200 && archive.starts_with(b"PK"), "{status}");
    assert!(!archive.windows(11).any(|part| part == b"13957264831"));
    assert_eq!(fetched().0, 404);
    let correction = checked(&server, &one, "correction");
    assert_eq!(copy(&correction).0, 409);
    let place = format!("/api/v1/profiles/{one}/corrections");
    let correct = |value: &str| json!({"field": "city", "value": value, "request_id": correction});
    assert_eq!(server.post(&place, &json!({"field": "phone", "value": "1", "request_id": correction})).0, 400);
    assert_eq!(server.send("POST", &place, &correct("宁波")).0, 204);
    let (_, sheet) = server.get(&format!("/api/v1/profiles/{one}"));
    assert_eq!((&sheet["profile"]["city"], &sheet["corrections"][0]["field"]), (&json!("宁波市"), &json!("city")));
    drop(server);

    let report =
        home.json(&["import", home.file("later.csv", "会员号,城市\nM1,温州\n").to_str().unwrap(), "--as", "profiles"]);
    assert_eq!(report["files"][0]["rules"]["kept_back"], 1, "{report}");
    assert_eq!(home.json(&["profile", "show", &one])["profile"]["city"], "宁波市");
    assert!(home.run(&["profile", "correct", &one, "city", "--withdraw"]).status.success());
    assert_eq!(home.json(&["profile", "show", &one])["profile"]["city"], "温州市");
    let out = home.path().join("copy.zip");
    let made = home.json(&["request", "copy", &one, "--out", out.to_str().unwrap()]);
    assert!(std::fs::read(&out).unwrap().starts_with(b"PK") && made["rows"].as_u64().unwrap() > 2, "{made}");
}
