//! People who share no id and are one: found, shown, judged, compared again.

use std::collections::BTreeMap;
use std::fmt::Write;

use zhike_domain::id::ProfileId;
use zhike_domain::identity::{Matching, Policy};
use zhike_domain::import::entity::{Entity, IdentityKind};
use zhike_domain::sensitive::Sensitive;
use zhike_engine::identity::{self, Whom};
use zhike_engine::import::ImportOptions;
use zhike_engine::{Ctx, import, profiles};

use crate::support::{Home, load_with, rows};

const SURNAMES: [&str; 12] = ["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙"];
const GIVEN: [&str; 16] =
    ["伟", "芳", "秀英", "敏", "静怡", "丽华", "强", "磊", "晓军", "洋", "艳梅", "勇", "建国", "思远", "雨桐", "子涵"];
const STREETS: [&str; 8] =
    ["文三路", "中山北路", "解放大道", "人民东路", "和平里大街", "滨江西路", "学院路", "长江中路"];

/// A made up person, by number.
struct Person {
    name: String,
    birthday: String,
    address: String,
}

fn person(n: usize) -> Person {
    let at = |salt: usize, below: usize| (n.wrapping_mul(2_654_435_761) >> salt) % below;
    Person {
        name: format!("{}{}", SURNAMES[at(7, 12)], GIVEN[at(11, 16)]),
        birthday: format!("19{:02}-{:02}-{:02}", 60 + at(5, 39), 1 + at(9, 12), 1 + at(13, 28)),
        address: format!("浙江省杭州市西湖区{}{}号{}室", STREETS[at(15, 8)], 1 + at(3, 200), 101 + at(17, 900)),
    }
}

/// A table of members: prefix of numbers, who, phones that no other table has.
fn members(prefix: &str, who: impl Iterator<Item = usize>) -> String {
    let mut csv = String::from("会员号,姓名,生日,地址,手机号\n");
    for n in who {
        let Person { name, birthday, address } = person(n);
        // Another table writes the address in another way.
        let address = if prefix == "B" { address.replace("浙江省", "").replace('号', "弄") } else { address };
        let phone = format!("1{}{:08}", if prefix == "A" { "39" } else { "58" }, 20_000_000 + n * 7);
        let _ = writeln!(csv, "{prefix}{n},{name},{birthday},{address},{phone}");
    }
    csv
}

async fn load_from(ctx: &Ctx, home: &Home, csv: String, source: &str) {
    let options =
        ImportOptions { entity: Some(Entity::Profiles), source: Some(source.into()), ..ImportOptions::default() };
    load_with(ctx, &home.file(&format!("{source}.csv"), csv), options).await.unwrap();
}

async fn two_tables(home: &Home) -> Ctx {
    let ctx = home.open().await;
    load_from(&ctx, home, members("A", 0..240), "crm").await;
    // Half of the others are people of the first table.
    load_from(&ctx, home, members("B", 180..300), "shop").await;
    ctx
}

/// By number, the customers of both tables.
async fn customers(ctx: &Ctx) -> BTreeMap<usize, Vec<String>> {
    let mut all: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for row in rows(ctx, "SELECT value, profile_id FROM identities WHERE kind = 'member_id' ORDER BY value").await {
        let (value, profile) = row.split_once('|').unwrap();
        all.entry(value[1..].parse().unwrap()).or_default().push(profile.to_owned());
    }
    all
}

/// How many stand in both tables and are one customer; nobody else is.
async fn found(ctx: &Ctx) -> usize {
    let all = customers(ctx).await;
    let mut people: Vec<&String> = all.values().flat_map(|profiles| profiles.iter().take(1)).collect();
    people.sort();
    people.dedup();
    assert_eq!(people.len(), all.len(), "two people are one customer");
    all.values().filter(|profiles| profiles.len() == 2 && profiles[0] == profiles[1]).count()
}

async fn member(ctx: &Ctx, value: &str) -> ProfileId {
    let found = profiles::find(ctx, Some(IdentityKind::MemberId), &Sensitive::new(value.to_owned())).await.unwrap();
    found[0]
}

/// Comparing takes no write lock: while somebody else writes it goes on, and only what changed since is left to compare.
#[tokio::test(flavor = "multi_thread")]
async fn writes_go_on_while_records_are_compared() {
    let home = Home::sqlite();
    let ctx = two_tables(&home).await;
    let lock = std::fs::File::options().write(true).open(home.path().join("data/writer.lock")).unwrap();
    lock.lock().unwrap();
    identity::compare_people(&ctx).await.unwrap();
    assert_eq!(found(&ctx).await, 0, "nothing is stored");
    lock.unlock().unwrap();
    load_from(&ctx, &home, members("C", 290..300), "late").await;
    let matched = identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!((matched.n_records, matched.n_compared), (370, 360), "those compared ahead are not compared again");
    assert!(found(&ctx).await >= 55, "{matched:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn people_without_a_shared_id_are_found() {
    let home = Home::sqlite();
    let ctx = two_tables(&home).await;
    assert_eq!(found(&ctx).await, 0);
    let matched = identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!((matched.n_records, matched.n_compared), (360, 360));
    let n = found(&ctx).await;
    assert!(n >= 55, "{n} of 60, {matched:?}");
    assert_eq!(matched.n_joined, n as u64);

    // It says why, in words.
    let together = customers(&ctx).await.into_iter().find(|(_, of)| of.len() == 2 && of[0] == of[1]).unwrap().0;
    let (a, b) = (identity::read_whom(&format!("A{together}")), identity::read_whom(&format!("B{together}")));
    let why = identity::explain(&ctx, &a, Some(&b)).await.unwrap();
    assert!(why.is_one() && why.steps.iter().any(|step| step.reason == "likely" && step.source.is_empty()), "{why:?}");
    assert_eq!(rows(&ctx, "SELECT count(*) FROM identity_edges WHERE kind = 'probabilistic'").await, [n.to_string()]);

    // Again: nothing to compare, nothing else.
    let again = identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!((again.n_compared, again.n_joined, again.n_review), (0, matched.n_joined, matched.n_review));

    // Somebody knows better, and it stays so; undone, they are one again.
    let one = member(&ctx, &format!("A{together}")).await;
    let view = profiles::view(&ctx, one, &profiles::Show::Masked).await.unwrap();
    let go: Vec<_> = view.identities.iter().filter(|(row, _)| row.source == "shop").collect();
    let go: Vec<_> = go.into_iter().map(|(row, _)| zhike_domain::id::IdentityId::new(row.identity_id)).collect();
    let split = identity::split(&ctx, one, &go, "同名同日生的两人", "x").await.unwrap();
    assert_eq!(found(&ctx).await, n - 1);
    identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!(found(&ctx).await, n - 1);
    identity::undo(&ctx, split.act_id, "x").await.unwrap();
    identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!(found(&ctx).await, n);

    // Other rules, and back.
    let usual = import::identity_policy(&ctx).await.unwrap();
    let off = Policy { matching: Matching { is_on: false, ..usual.matching }, ..usual.clone() };
    let preview = identity::preview(&ctx, &off).await.unwrap();
    assert_eq!((preview.n_parted, preview.n_merged), (n as u64, 0));
    identity::apply_policy(&ctx, &off, "x").await.unwrap();
    assert_eq!(found(&ctx).await, 0);
    identity::apply_policy(&ctx, &usual, "x").await.unwrap();
    assert_eq!(found(&ctx).await, n);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_later_is_compared_with_what_is_there() {
    let home = Home::sqlite();
    let ctx = two_tables(&home).await;
    identity::match_people(&ctx, "x").await.unwrap();
    let before = found(&ctx).await;
    load_from(&ctx, &home, members("B", 150..180), "shop").await;
    let matched = identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!((matched.n_records, matched.n_compared), (390, 30), "only what is new is read and compared");
    let after = found(&ctx).await;
    assert!(after >= before + 27, "{before} {after}");

    // A process that knows nothing compares all and finds the same.
    let whole = customers(&ctx).await;
    ctx.close().await;
    let ctx = home.open().await;
    let matched = identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!(matched.n_compared, 390);
    assert_eq!(customers(&ctx).await, whole);
}

#[tokio::test(flavor = "multi_thread")]
async fn doubtful_pairs_are_judged() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load_from(&ctx, &home, members("A", 0..240), "crm").await;
    // Records that say less: names and birthdays alone, and of every second person another day of the year.
    let mut csv = String::from("会员号,姓名,生日,地址,手机号\n");
    for n in 0..40 {
        let Person { name, birthday, .. } = person(n);
        let other = if birthday.ends_with("-06-15") { "09-21" } else { "06-15" };
        let day = if n % 2 == 0 { birthday } else { format!("{}-{other}", &birthday[..4]) };
        let _ = writeln!(csv, "B{n},{name},{day},,158{:08}", 30_000_000 + n * 11);
    }
    load_from(&ctx, &home, csv, "shop").await;
    let matched = identity::match_people(&ctx, "x").await.unwrap();
    let (n, pairs) = identity::review(&ctx, 0, 100).await.unwrap();
    assert_eq!((n, pairs.len() as u64), (matched.n_review, matched.n_review));
    assert!(n >= 2, "{matched:?}");
    assert!(pairs.windows(2).all(|two| two[0].probability >= two[1].probability));
    for pair in &pairs {
        assert!((0.5..0.95).contains(&pair.probability), "{pair:?}");
        let name = pair.fields.iter().find(|one| one.field == "name").unwrap();
        assert!(name.level.is_some() && name.values[0].as_deref().unwrap().contains('*'), "{name:?}");
        assert_ne!(pair.profiles[0], pair.profiles[1]);
    }
    assert!(identity::judge(&ctx, pairs[0].identities, true, " ", "x").await.is_err(), "a reason is needed");
    let one = identity::judge(&ctx, pairs[0].identities, true, "来电核实", "x").await.unwrap();
    assert_eq!(one.profiles.len(), 1);
    let two = identity::judge(&ctx, pairs[1].identities, false, "问过，不是一人", "x").await.unwrap();
    assert_eq!(two.profiles.len(), 2);
    let left = |pairs: &[identity::Candidate]| pairs.iter().map(|pair| pair.identities).collect::<Vec<_>>();
    let (n_left, rest) = identity::review(&ctx, 0, 100).await.unwrap();
    assert_eq!((n_left, left(&rest)), (n - 2, left(&pairs[2..])));
    // What was decided is not asked again.
    identity::match_people(&ctx, "x").await.unwrap();
    let (_, rest) = identity::review(&ctx, 0, 100).await.unwrap();
    assert!(!left(&rest).contains(&pairs[0].identities) && !left(&rest).contains(&pairs[1].identities));
    let [a, b] = [two.profiles[0], two.profiles[1]].map(Whom::Profile);
    assert_eq!(identity::explain(&ctx, &a, Some(&b)).await.unwrap().acts.len(), 1);
    // Taken back, both are asked about again.
    identity::undo(&ctx, one.act_id, "x").await.unwrap();
    identity::undo(&ctx, two.act_id, "x").await.unwrap();
    identity::match_people(&ctx, "x").await.unwrap();
    assert_eq!(identity::review(&ctx, 0, 100).await.unwrap().0, n);
}
