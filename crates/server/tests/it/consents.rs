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
