//! The register of processing and impact assessments over HTTP and the command line.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use serde_json::{Value, json};

use crate::access::hire;
use crate::support::{Home, Server};

fn assessment(title: &str) -> Value {
    json!({"title": title, "purposes": ["analysis"], "processing": "看 <b>全部</b> | 客户", "necessity": "必要",
        "risks": "打扰", "measures": "退订", "conclusion": "可以"})
}

#[test]
fn assessments_are_recorded_and_the_register_is_handed_out() {
    let home = Home::new();
    let file = home.file("people.csv", "会员号,姓名,手机号,身份证号\nM1,李雷,13957264831,11010519491231002X\n");
    assert!(home.run(&["import", file.to_str().unwrap(), "--as", "profiles"]).status.success());
    let server = Server::start(&home);
    let (sec, ann) = (hire(&server, "sec", &["security_admin"]), hire(&server, "ann", &["analyst"]));
    let (register, list) = ("/api/v1/compliance/register", "/api/v1/compliance/assessments");
    assert_eq!(server.request_as(&ann, "GET", register, &json!({})).0, 403);
    let (status, _, shown) = server.request_as(&sec, "GET", register, &json!({}));
    assert_eq!(status, 200, "{shown}");
    let of = |shown: &Value| {
        shown["activities"].as_array().unwrap().iter().find(|one| one["purpose"] == "analysis").cloned().unwrap()
    };
    assert_eq!(of(&shown)["assessment_needed"], json!(["sensitive"]), "{shown}");
    assert_eq!(of(&shown)["assessment_id"], Value::Null);
    assert!(!shown.to_string().contains("13957264831"));

    let (status, _, made) = server.request_as(&sec, "POST", list, &assessment("分析"));
    assert_eq!((status, &made["version"], &made["author"]), (201, &json!(1), &json!("sec")), "{made}");
    let mut next = assessment("分析二");
    next["supersedes"] = made["assessment_id"].clone();
    assert_eq!(server.request_as(&sec, "POST", list, &next).2["version"], 2);
    assert_eq!(server.request_as(&sec, "POST", list, &next).0, 409, "nothing new");
    let path = format!("{list}/{}", made["assessment_id"].as_str().unwrap());
    for method in ["PUT", "PATCH", "DELETE"] {
        assert!([404, 405].contains(&server.request_as(&sec, method, &path, &next).0), "{method}");
    }
    let all = server.request_as(&sec, "GET", list, &json!({})).2;
    let states: Vec<_> =
        all["items"].as_array().unwrap().iter().map(|one| (&one["is_superseded"], &one["is_whole"])).collect();
    assert_eq!(states.iter().filter(|one| **one == (&json!(false), &json!(true))).count(), 1, "{all}");
    assert_eq!(of(&server.request_as(&sec, "GET", register, &json!({})).2)["assessment_id"], made["assessment_id"]);
    let trail = server.request_as(&sec, "GET", "/api/v1/audit?action=assessment.record", &json!({})).2;
    assert_eq!(trail["items"].as_array().unwrap().len(), 2, "{trail}");

    for (lang, title) in [("zh", "# 个人信息处理活动登记"), ("en", "# Register of processing activities")] {
        let path = format!("{register}/document?lang={lang}");
        let (status, head, body) = server.request("GET", &path, &[("Cookie", sec.as_str())], b"");
        let text = String::from_utf8(body).unwrap();
        assert!(status == 200 && head.to_ascii_lowercase().contains("content-type: text/markdown"), "{head}");
        assert!(text.starts_with(title) && text.contains("\\<b\\>") && !text.contains("<b>"), "{text}");
    }
    let path = format!("{register}/document?lang=zh&format=xlsx");
    let (status, head, body) = server.request("GET", &path, &[("Cookie", sec.as_str())], b"");
    assert!(status == 200 && head.contains("processing-register.xlsx"), "{head}");
    let saved = home.path().join("register.xlsx");
    assert!(home.run(&["--lang", "zh", "compliance", "register", "--xlsx", saved.to_str().unwrap()]).status.success());
    for book in [body, std::fs::read(saved).unwrap()] {
        let mut book = Xlsx::new(Cursor::new(book)).unwrap();
        let sheets = book.sheet_names();
        assert_eq!(sheets, ["处理活动", "数据类别", "给了谁（三年内的文件）", "影响评估"]);
        let mut cells = |sheet: &str| {
            let range = book.worksheet_range(sheet).unwrap();
            range.used_cells().map(|(.., cell)| cell.to_string()).collect::<Vec<_>>()
        };
        assert!(cells("影响评估").contains(&"看 <b>全部</b> | 客户".to_owned()));
        assert!(cells("处理活动").contains(&"个人信息处理活动登记".to_owned()));
        assert!(sheets.iter().all(|sheet| !cells(sheet).iter().any(|cell| cell.contains("13957264831"))));
    }
    let told = home.run(&["compliance", "register", "--markdown"]);
    assert!(String::from_utf8(told.stdout).unwrap().contains("分析二"));
    let classes = home.json(&["compliance", "register"]);
    assert_eq!(classes["classes"].as_array().unwrap().iter().filter(|one| one["class"] == "sensitive").count(), 1);
    let file = home.file("third.json", assessment("分析三").to_string());
    let made = home.json(&[
        "compliance",
        "assess",
        file.to_str().unwrap(),
        "--supersedes",
        made["assessment_id"].as_str().unwrap(),
    ]);
    assert_eq!(made[0]["version"], 3, "{made}");
}
