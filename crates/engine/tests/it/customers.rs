//! The list of customers: pages are the whole list, figures are their lists, exports are what the list shows.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};
use serde_json::json;
use zhike_domain::audience::{ListFilter, sample};
use zhike_domain::frame::{Column, Frame};
use zhike_domain::import::entity::Entity;
use zhike_engine::customers::{self, Cursor, Listed, Sort, SortBy, Whom};
use zhike_engine::exports::{Export, Request, What, trace};
use zhike_engine::overview::{self, Compare};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::views::{self, NewView};
use zhike_engine::workspace::day_number;
use zhike_engine::{Ctx, segments};

use crate::segments::{LAST, LAST_DAY, everybody, shop};
use crate::support::{Home, load, rows};

async fn pages(ctx: &Ctx, whom: &Whom, sort: Sort, limit: usize) -> Vec<Listed> {
    let mut all = Vec::new();
    let mut after: Option<Cursor> = None;
    loop {
        let page = customers::page(ctx, whom, sort, &[], after, limit).await.unwrap();
        assert!(page.rows.len() <= limit);
        all.extend(page.rows);
        match page.next {
            // As it travels: as text.
            Some(next) => after = Cursor::parse(&next.to_string()),
            None => break,
        }
    }
    all
}

/// What a list is sorted by, read by another way than the list's own.
fn value(by: SortBy, of: &Listed) -> Option<i64> {
    let rfm = of.rfm.as_ref();
    match by {
        SortBy::Monetary => rfm.map(|rfm| rfm.monetary),
        SortBy::Frequency => rfm.map(|rfm| rfm.frequency),
        SortBy::RScore => rfm.map(|rfm| rfm.scores.r.into()),
        SortBy::FScore => rfm.map(|rfm| rfm.scores.f.into()),
        SortBy::MScore => rfm.map(|rfm| rfm.scores.m.into()),
        SortBy::LastOrdered => of.last_ordered_at,
        SortBy::FirstOrdered => of.first_ordered_at,
        SortBy::LastSeen => of.row.last_seen_at,
        SortBy::Registered => of.row.registered_on,
    }
}

/// INV-CUSTOMERS-1.
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_of_a_list_are_everybody_once_and_in_order() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 7).await;
    refresh::refresh(&ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
    let mut sizes = BTreeSet::new();
    for (seed, by) in SortBy::ALL.into_iter().enumerate() {
        for is_desc in [true, false] {
            let rule = (seed > 0).then(|| sample::rule(seed as u64, LAST_DAY).to_json());
            let whom = Whom { rule: rule.clone(), ..Whom::default() };
            let listed = pages(&ctx, &whom, Sort { by, is_desc }, 3).await;
            let mut ids: Vec<_> = listed.iter().map(|one| one.profile_id).collect();
            let keys: Vec<_> = listed.iter().map(|one| (value(by, one), one.profile_id)).collect();
            for pair in keys.windows(2) {
                let ((left, left_id), (right, right_id)) = (pair[0], pair[1]);
                let is_ordered = match (left, right) {
                    (Some(left), Some(right)) if left != right => (left > right) == is_desc,
                    (None, Some(_)) => false,
                    (Some(_), None) => true,
                    _ => left_id < right_id,
                };
                assert!(is_ordered, "{by:?} {is_desc}: {pair:?}");
            }
            ids.sort_unstable();
            let expected = match &rule {
                Some(rule) => segments::matching(&ctx, rule, None).await.unwrap(),
                None => everybody(&ctx).await,
            };
            assert_eq!(ids, expected, "{by:?} {is_desc}");
            sizes.insert(ids.len());
        }
    }
    assert!(sizes.len() > 2, "{sizes:?}");
}

fn within(from: Date, to: Date) -> (Option<i64>, Option<i64>) {
    (Some(day_number(from)), Some(day_number(to)))
}

async fn n(ctx: &Ctx, filter: ListFilter) -> i64 {
    let whom = Whom { filter, ..Whom::default() };
    customers::page(ctx, &whom, Sort::default(), &[], None, 1).await.unwrap().count.count.unwrap() as i64
}

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_of_the_overview_open_lists_of_so_many() {
    let mut seen = BTreeSet::new();
    for world in 0..2 {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, world).await;
        for (from, to) in [
            (date(2026, 3, 2), date(2026, 3, 31)),
            (date(2026, 1, 10), date(2026, 1, 20)),
            (date(2025, 12, 1), date(2026, 3, 31)),
        ] {
            let now = overview::overview(&ctx, Some(from), Some(to), Compare::Previous).await.unwrap().now;
            let days = within(from, to);
            let ordered = ListFilter { ordered: days, ..ListFilter::default() };
            let twice = ListFilter { min_orders: Some(2), ..ordered.clone() };
            let new = ListFilter { first_ordered: days, ..ListFilter::default() };
            assert_eq!(n(&ctx, ordered).await, now.n_customers.unwrap(), "{from}");
            assert_eq!(n(&ctx, twice).await, now.n_repeat.unwrap(), "{from}");
            assert_eq!(n(&ctx, new).await, now.n_new.unwrap(), "{from}");
            let refunded = ListFilter { refunded: days, ..ListFilter::default() };
            let by_sql = format!(
                "SELECT count(DISTINCT profile_id) FROM orders WHERE refunded_amount > 0 \
                 AND CAST(ordered_at AT TIME ZONE 'Asia/Shanghai' AS DATE) BETWEEN DATE '{from}' AND DATE '{to}'"
            );
            assert_eq!(vec![n(&ctx, refunded).await.to_string()], rows(&ctx, &by_sql).await, "{from}");
            seen.extend([now.n_customers, now.n_repeat, now.n_new]);
        }
    }
    assert!(seen.len() > 4, "{seen:?}");
}

fn request(what: What) -> Request {
    let text = |text: &str| text.to_owned();
    Request { what, purpose: text("service"), reason: text("回访 13800138000"), is_zh: true, actor: text("tester") }
}

async fn read(ctx: &Ctx, request: Request) -> (Export, Vec<Frame>) {
    let mut export = Export::open(ctx, request).await.unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = export.next(ctx).await.unwrap() {
        frames.push(frame);
    }
    (export, frames)
}

/// INV-EXPORTS-1.
#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_the_list_and_is_recorded() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 3).await;
    refresh::refresh(&ctx, RefreshOptions { as_of: Some(LAST), force: false }).await.unwrap();
    let rule = json!({"all": [{"measure": {"of": "orders"}, "op": "ge", "value": 2}]});
    let whom = Whom { rule: Some(rule.clone()), ..Whom::default() };
    let sort = Sort { by: SortBy::LastOrdered, is_desc: false };
    let listed = pages(&ctx, &whom, sort, 5).await;
    assert!(listed.len() > 2);

    let columns = ["profile_id", "phone", "name", "monetary", "last_ordered_at", "traits.size"];
    let columns = columns.map(str::to_owned).to_vec();
    let what = What::Customers { whom: Box::new(whom), sort, columns };
    // For another purpose those who refuse it are left out, and counted.
    let (part, _) = read(&ctx, Request { purpose: "analysis".into(), ..request(what.clone()) }).await;
    assert_eq!(part.n_rows + part.excluded.total(), listed.len() as u64);
    assert!(part.n_rows > 0 && part.excluded.total() > 0);
    let (export, frames) = read(&ctx, request(what)).await;
    assert_eq!(export.n_rows, listed.len() as u64);
    let [frame] = frames.as_slice() else { panic!("{}", frames.len()) };
    for (row, one) in listed.iter().enumerate() {
        let text = |name: &str| frame.text(name).unwrap().get(row).map(str::to_owned);
        assert_eq!(text("profile_id"), Some(one.profile_id.to_string()));
        assert_eq!(text("phone"), one.personal.get("phone").cloned());
        assert!(text("phone").is_none_or(|phone| phone.contains("****")), "{:?}", text("phone"));
        assert_eq!(frame.num("monetary").unwrap().get(row), one.rfm.as_ref().map(|rfm| rfm.monetary));
        assert_eq!(frame.num("last_ordered_at").unwrap().get(row), one.last_ordered_at);
    }
    assert!(frame.text("traits.size").unwrap().iter().any(|size| size.is_some()));
    export.record(&ctx, "csv", export.n_rows).await.unwrap();
    let audit =
        rows(&ctx, "SELECT actor, action, subject, detail_json FROM audit WHERE action = 'export.create'").await;
    assert_eq!(audit.len(), 1, "{audit:?}");
    assert!(audit[0].starts_with("tester|export.create|customers|"), "{audit:?}");
    let n_rows = format!("\"rows\":{}", listed.len());
    assert!(audit[0].contains(&n_rows) && audit[0].contains("\"of\":\"orders\""), "{audit:?}");
    // A reason names no phone.
    assert!(audit[0].contains("138****8000") && !audit[0].contains("13800138000"), "{audit:?}");
    let notes = export.notes(&ctx, 5);
    assert!(notes.iter().any(|(name, value)| name == "筛选" && value.contains("下单")), "{notes:?}");

    let nothing = Request { purpose: "  ".into(), ..request(What::Tag { tag: "none".into(), columns: vec![] }) };
    let refused = Export::open(&ctx, nothing).await.err().unwrap();
    assert!(refused.message.contains("purpose"), "{refused}");
    let orders = What::Orders(listed[0].profile_id);
    let (export, frames) = read(&ctx, request(orders)).await;
    assert_eq!(frames[0].n_rows() as u64, export.n_rows);
    assert!(export.n_rows >= 2 && export.heads.iter().all(|head| frames[0].column(&head.key).is_some()));
}

/// A large file bears marks: rows of nobody that tell which export it is, and whoever has the file nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_turns_up_tells_its_export() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let mut members = String::from("会员号,姓名,手机号,注册时间\n");
    for n in 0..350 {
        members.push_str(&format!("M{n},王{n},1395726{n:04},2026-01-02 10:00:00\n"));
    }
    load(&ctx, &home.file("members.csv", members), Entity::Profiles).await.unwrap();
    let whom = Box::new(Whom::default());
    let columns = ["name", "profile_id", "phone"].map(str::to_owned).to_vec();
    let what = What::Customers { whom, sort: Sort::default(), columns };
    let mut files = Vec::new();
    for actor in ["ann", "bob"] {
        let (export, frames) = read(&ctx, Request { actor: actor.into(), ..request(what.clone()) }).await;
        let ids: Vec<String> = frames.iter().flat_map(|frame| texts(frame, "profile_id")).collect();
        assert_eq!((export.n_rows, export.n_marks(), ids.len()), (350, 3, 353));
        export.record(&ctx, "csv", export.n_rows).await.unwrap();
        let notes = export.notes(&ctx, export.n_rows);
        assert!(notes.iter().any(|(name, value)| name == "标记" && value.starts_with("3 ")), "{notes:?}");
        files.push(ids);
    }
    let real: Vec<String> = rows(&ctx, "SELECT count(*) FROM profiles").await;
    assert_eq!(real, ["350"]);
    let [ann, bob] = &files[..] else { panic!() };
    let (only_ann, both): (Vec<&String>, Vec<&String>) = ann.iter().partition(|id| !bob.contains(id));
    assert_eq!((only_ann.len(), both.len()), (3, 350));

    for (ids, actor) in [(ann, "ann"), (bob, "bob")] {
        let whole = ids.join(",x\n");
        let packed =
            gzip(&format!("name,profile_id\n{}\n", ids.iter().map(|id| format!("a,{id}\n")).collect::<String>()));
        for content in [whole.into_bytes(), packed] {
            let found = trace(&ctx, content).await.unwrap();
            let [one] = &found[..] else { panic!("{found:?}") };
            assert_eq!((one.actor.as_str(), one.n_rows, one.n_marks, one.n_found), (actor, 350, 3, 3));
        }
        let at = ids.iter().position(|id| !both.contains(&id)).unwrap();
        let part = ids[at.saturating_sub(20)..(at + 20).min(ids.len())].join(" ");
        assert_eq!(trace(&ctx, part.into_bytes()).await.unwrap()[0].actor, actor);
    }
    let both: Vec<u8> = both.into_iter().flat_map(|id| id.bytes().chain(*b"\n")).collect();
    assert_eq!(trace(&ctx, both).await.unwrap(), []);
    // A small file bears none, and orders neither.
    let some = Whom { rule: Some(json!({"identity": "email", "op": "exists"})), ..Whom::default() };
    let some = What::Customers { whom: Box::new(some), sort: Sort::default(), columns: vec![] };
    assert_eq!(read(&ctx, request(some)).await.0.n_marks(), 0);
}

fn texts(frame: &Frame, column: &str) -> Vec<String> {
    match frame.column(column) {
        Some(Column::Text(cells)) => cells.iter().flatten().map(str::to_owned).collect(),
        other => panic!("{other:?}"),
    }
}

fn gzip(text: &str) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(text.as_bytes()).unwrap();
    writer.finish().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn views_are_kept_by_name_and_hold_nothing_personal() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let new = |name: Option<&str>, state| NewView {
        page: "customers".into(),
        name: name.map(str::to_owned),
        state,
        author: "owner".into(),
    };
    let kept = views::put(&ctx, None, new(Some(" 高价值 "), json!({"tier": "core"}))).await.unwrap();
    assert_eq!(kept.name.as_deref(), Some("高价值"));
    let taken = views::put(&ctx, None, new(Some("高价值"), json!({}))).await.unwrap_err();
    assert_eq!(taken.code.as_str(), "conflict");
    for state in [json!({"rule": {"value": ["13800138000"]}}), json!({"n": 13800138000_u64}), json!([1])] {
        let refused = views::put(&ctx, None, new(None, state.clone())).await.unwrap_err();
        assert_eq!(refused.code.as_str(), "bad_request", "{state}");
    }
    // What only an address names is kept once and listed nowhere.
    let first = views::put(&ctx, None, new(None, json!({"rule": {"all": []}}))).await.unwrap();
    let again = views::put(&ctx, None, new(None, json!({"rule": {"all": []}}))).await.unwrap();
    assert_eq!(first.id, again.id);
    assert_eq!(views::list(&ctx, "customers").await.unwrap(), std::slice::from_ref(&kept));
    let changed = views::put(&ctx, Some(kept.id), new(Some("核心"), json!({"tier": "core"}))).await.unwrap();
    assert_eq!((changed.id, changed.created_at), (kept.id, kept.created_at));
    views::delete(&ctx, kept.id).await.unwrap();
    assert_eq!(views::delete(&ctx, kept.id).await.unwrap_err().code.as_str(), "not_found");
}
