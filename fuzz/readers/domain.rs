//! Readers of the domain. What comes in is anybody's; what goes out keeps the laws that are asserted here.

use std::io::Read;

use serde_json::Value;
use zhike_domain::audience::{self, Names};
use zhike_domain::clean::money::MoneyUnit;
use zhike_domain::clean::time::{DateOrder, TimeReader};
use zhike_domain::clean::{RuleSet, cell, email, id_number, money, number, person, phone, region, status};
use zhike_domain::collect::binding::Ticket;
use zhike_domain::collect::plan::Plan;
use zhike_domain::collect::{Arrival, Collected, Message, Settings, Unreadable, plain, segment, sensors, wire};
use zhike_domain::import::accept::Acceptor;
use zhike_domain::import::mapping::Mapping;
use zhike_domain::import::{Entity, guess, layout};
use zhike_domain::raw::RawBatch;
use zhike_domain::sso::{Claims, Discovery, Expected, Header, read_jwks};
use zhike_domain::{detect, mask};

/// A name, and what is done with bytes.
type Reader = (&'static str, fn(&[u8]));

/// All of them.
pub const READERS: &[Reader] = &[
    ("cells", cells),
    ("id-token", id_token),
    ("log-message", log_message),
    ("mapping", mapping),
    ("masks", masks),
    ("plain", of_plain),
    ("plan", plan),
    ("rule", rule),
    ("segment", of_segment),
    ("sensors", of_sensors),
    ("table", table),
    ("tag", tag),
    ("ticket", ticket),
];

/// Instant of arrival, in microseconds.
const NOW: i64 = 1_767_225_600_000_000;

fn arrived(read: impl FnOnce(&Arrival<'_>) -> Result<Collected, Unreadable>) {
    let settings = Settings::default();
    let arrival = Arrival {
        received_at: NOW,
        request_id: "r",
        peer_ip: None,
        user_agent: None,
        sent_at: None,
        settings: &settings,
    };
    let Ok(collected) = read(&arrival) else { return };
    for message in collected.accepted() {
        let mut bytes = Vec::new();
        message.to_log(&mut bytes);
        assert_eq!(Message::from_log(&bytes).as_ref(), Ok(message));
    }
}

fn of_segment(data: &[u8]) {
    for path in ["/v1/batch", "/v1/t", "/v1/i"] {
        let route = segment::Route::of_path(path).expect("a route");
        arrived(|arrival| segment::read(data, route, arrival));
    }
}

fn of_plain(data: &[u8]) {
    arrived(|arrival| plain::read(data, Some("key"), arrival));
}

fn of_sensors(data: &[u8]) {
    let inflate = |bytes: &[u8]| {
        let mut text = Vec::new();
        let read = flate2::read::MultiGzDecoder::new(bytes).take(1 << 20).read_to_end(&mut text);
        read.map(|_| text).map_err(|error| error.to_string())
    };
    arrived(|arrival| sensors::read("", data, &inflate, arrival));
    if let Ok(query) = std::str::from_utf8(data) {
        arrived(|arrival| sensors::read(query, b"", &inflate, arrival));
    }
}

fn log_message(data: &[u8]) {
    if let Ok(message) = Message::from_log(data) {
        let mut bytes = Vec::new();
        message.to_log(&mut bytes);
        assert_eq!(Message::from_log(&bytes), Ok(message));
    }
    let _ = wire::read_form(data);
}

fn rule(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(data) else { return };
    match audience::parse(&json, &Names::default()) {
        Ok(rule) => {
            assert_eq!(audience::parse(&rule.to_json(), &Names::default()).as_ref(), Ok(&rule));
            let (zh, en) = audience::sentence(&rule, "CNY", &audience::Words::default());
            assert!(!zh.is_empty() && !en.is_empty());
        }
        Err(problems) => assert!(!problems.is_empty()),
    }
}

fn tag(data: &[u8]) {
    let Ok(json) = serde_json::from_slice::<Value>(data) else { return };
    match audience::parse_tag(&json) {
        Ok(tag) => assert_eq!(audience::parse_tag(&tag.to_json()).as_ref(), Ok(&tag)),
        Err(problems) => assert!(!problems.is_empty()),
    }
}

fn mapping(data: &[u8]) {
    let Ok(mapping) = serde_json::from_slice::<Mapping>(data) else { return };
    let header: Vec<String> = mapping.columns.iter().map(|column| column.header.clone()).collect();
    let row = vec!["1".to_owned(); header.len()];
    match Acceptor::new(&mapping, &header, NOW) {
        Ok(mut acceptor) => accept(&mut acceptor, &[row]),
        Err(problems) => assert!(!problems.is_empty()),
    }
}

fn plan(data: &[u8]) {
    if let Ok(plan) = serde_json::from_slice::<Plan>(data) {
        let _ = plan.validate();
    }
}

fn ticket(data: &[u8]) {
    if let Some(ticket) = Ticket::from_bytes(data) {
        assert_eq!(ticket.to_bytes(), data);
    }
}

/// What an identity provider says, of itself and of somebody; only what was meant for us is taken.
fn id_token(data: &[u8]) {
    let expected = Expected {
        issuer: "https://id.example",
        client_id: "zhike",
        nonce: "n1",
        access_token_hash: "h1",
        now_s: NOW / 1_000_000,
        role_claim: Some("realm_access.roles"),
    };
    if let Ok(claims) = Claims::read(data, &expected) {
        let said: Value = serde_json::from_slice(data).expect("claims are JSON");
        assert_eq!((&said["iss"], &said["nonce"]), (&"https://id.example".into(), &"n1".into()));
        assert!(!claims.subject.is_empty());
    }
    if let Ok(discovery) = Discovery::read(data, expected.issuer) {
        assert_eq!(discovery.issuer.trim_end_matches('/'), expected.issuer);
    }
    if let (Ok(header), Ok(keys)) = (Header::read(data), read_jwks(data)) {
        let _ = keys.iter().filter(|key| header.may_be_by(key)).count();
    }
}

fn accept(acceptor: &mut Acceptor, rows: &[Vec<String>]) {
    let n_columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let column = |at: usize| rows.iter().map(|row| row.get(at).map(String::as_str)).collect();
    let batch = RawBatch { columns: (0..n_columns).map(column).collect(), row_no: (1..=rows.len() as u64).collect() };
    let accepted = acceptor.accept(&batch);
    let n_rows = accepted.row_no.len() + accepted.rejects.len() + accepted.n_skipped_lines as usize;
    assert_eq!(n_rows, rows.len());
}

/// A file of text: encoding, delimiter, heading, mapping and every row of it.
fn table(data: &[u8]) {
    let Ok((_, n_mark)) = layout::guess_encoding(data, true) else { return };
    let text = String::from_utf8_lossy(data.get(n_mark..).unwrap_or_default());
    let delimiter = char::from(layout::guess_delimiter(&text));
    let rows: Vec<Vec<String>> =
        text.lines().take(50).map(|line| line.split(delimiter).take(30).map(str::to_owned).collect()).collect();
    let Some(found) = layout::find_header(&rows, None) else { return };
    let rest: Vec<Vec<String>> = rows.into_iter().skip(found.header_row + found.n_header_rows).collect();
    let sample: Vec<Vec<Option<String>>> = rest.iter().map(|row| row.iter().cloned().map(Some).collect()).collect();
    for &entity in Entity::ALL {
        let guess = guess(Some(entity), &found.header, &sample, "Asia/Shanghai", "CNY");
        if let Ok(mut acceptor) = Acceptor::new(&guess.mapping, &found.header, NOW) {
            accept(&mut acceptor, &rest);
        }
    }
}

fn cells(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (mut scratch, mut fired) = (String::new(), RuleSet::default());
    let _ = cell::clean(text, &mut scratch, &mut fired);
    let _ = cell::clean_id(text, &mut fired);
    let _ = email::read_email(text, &mut fired);
    let _ = id_number::read_id_number(text, &mut fired);
    let _ = phone::read_phone(text, &mut fired);
    let _ = phone::split_phones(text).count();
    let _ = person::read_gender(text, &mut fired);
    let _ = region::read_region(Some(text), Some(text), &mut fired);
    let _ = region::region_of_address(text);
    let _ = status::read_status(text);
    let _ = status::read_refund_state(text);
    for places in [0, 2, 18, 255] {
        let _ = number::parse_decimal(text, places, &mut fired);
        let _ = number::parse_decimal_comma(text, places, &mut fired);
        for unit in [MoneyUnit::Yuan, MoneyUnit::Fen, MoneyUnit::WanYuan] {
            let _ = money::parse_money(text, unit, places, &mut fired);
        }
    }
    let _ = number::parse_int(text, &mut fired);
    let _ = number::parse_float(text, &mut fired);
    for order in [DateOrder::YearFirst, DateOrder::DayFirst, DateOrder::MonthFirst] {
        let mut times = TimeReader::new("Asia/Shanghai", order).expect("a zone");
        let _ = times.instant(text, &mut fired);
        let _ = times.day(text, &mut fired);
    }
}

/// What is masked holds nothing that is found again.
fn masks(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Some(masked) = detect::mask_text(text) {
        assert!(detect::scan(&masked).is_empty(), "something is left");
    }
    for field in ["name", "phone", "email", "id_number", "address", "birthday", "card", "?"] {
        let masked = mask::field(field, text);
        let n = text.chars().count();
        assert!(n < 2 || masked != text || text.contains('*'), "{field} is as it was");
    }
}
