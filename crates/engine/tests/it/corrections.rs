//! What was corrected stays so, whatever files and events say; withdrawn, it is what they say.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use serde_json::json;
use zhike_domain::collect::message::Kind;
use zhike_domain::id::{ProfileId, RequestId};
use zhike_domain::import::entity::Entity;
use zhike_domain::rights::RequestKind;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::profiles::{self, Show};
use zhike_engine::requests::{self, NewRequest};
use zhike_engine::{Clock, Ctx, Options, corrections, erasure, ingest};

use crate::consents::member;
use crate::live::{message, send, source};
use crate::support::{Home, NOW, load, rows};

async fn asked(ctx: &Ctx, profile_id: ProfileId, kind: RequestKind) -> RequestId {
    let new =
        NewRequest { profile_id, kind, channel: "phone".into(), purpose: None, note: String::new(), received_at: None };
    let id = requests::enter(ctx, new, "x").await.unwrap().id;
    requests::check(ctx, id, "证件", "x").await.unwrap();
    id
}

async fn correct(ctx: &Ctx, profile_id: ProfileId, field: &str, value: &str) {
    let request = asked(ctx, profile_id, RequestKind::Correction).await;
    corrections::correct(ctx, profile_id, field, &Sensitive::new(value.to_owned()), request, "x").await.unwrap();
}

/// Fields in the clear, as everybody sees them: name, address, birthday, city, gender, level, year.
async fn shown(ctx: &Ctx, profile_id: ProfileId) -> Vec<Option<String>> {
    let show = Show::Clear { actor: "x".into(), reason: "test".into(), up_to_grade: 4, approval: None };
    let view = profiles::view(ctx, profile_id, &show).await.unwrap();
    let mut all: Vec<Option<String>> =
        ["name", "address", "birthday"].iter().map(|field| view.personal.get(field).cloned()).collect();
    all.extend([
        view.row.city,
        view.row.gender,
        view.row.member_level,
        view.row.birth_year.map(|year| year.to_string()),
    ]);
    // SQL and the page are told the same.
    let sql =
        format!("SELECT city, gender, member_level, birth_year FROM profiles WHERE profile_id = {}", profile_id.get());
    let told: Vec<String> = all[3..].iter().map(|value| value.clone().unwrap_or_else(|| "-".into())).collect();
    assert_eq!(rows(ctx, &sql).await, [told.join("|")]);
    all
}

/// A line of a file: of each field a value or nothing.
type Line = (Option<u8>, Option<u8>, Option<u8>, Option<u8>);

const NAMES: [&str; 3] = ["王芳", "王小芳", "李雷"];
const DAYS: [&str; 3] = ["1980-01-02", "1981-03-04", "1990-05-06"];
const CITIES: [&str; 3] = ["杭州市", "宁波市", "温州市"];
const LEVELS: [&str; 3] = ["金卡", "银卡", "普卡"];

fn file(line: Line) -> String {
    let of = |at: Option<u8>, all: [&'static str; 3]| at.map_or("", |at| all[usize::from(at) % 3]);
    let (name, day, city, level) = line;
    format!(
        "会员号,姓名,生日,城市,会员等级\nM1,{},{},{},{}\nM2,赵六,1970-01-01,上海市,金卡\n",
        of(name, NAMES),
        of(day, DAYS),
        of(city, CITIES),
        of(level, LEVELS)
    )
}

/// INV-CORRECTION-1: one directory with a correction in the middle of the files and one without.
async fn files_change_nothing(lines: Vec<Line>, at: usize, field: &'static str, to: &'static str) {
    let (home, plain) = (Home::sqlite(), Home::sqlite());
    let (ctx, other) = (home.open().await, plain.open().await);
    let mut pinned = None;
    for (n, line) in lines.iter().enumerate() {
        let (name, text) = (format!("{n}.csv"), file(*line));
        load(&other, &plain.file(&name, &text), Entity::Profiles).await.unwrap();
        load(&ctx, &home.file(&name, &text), Entity::Profiles).await.unwrap();
        let one = member(&ctx, "M1").await;
        if n == at {
            correct(&ctx, one, field, to).await;
            pinned = Some(shown(&ctx, one).await);
        } else if let Some(pinned) = &pinned {
            let place = ["name", "address", "birthday", "city", "gender", "member_level", "birth_year"];
            let at = place.iter().position(|known| *known == field).unwrap();
            assert_eq!(shown(&ctx, one).await[at], pinned[at], "{field} after {text}");
        }
    }
    let one = member(&ctx, "M1").await;
    let view = profiles::view(&ctx, one, &Show::Masked).await.unwrap();
    assert!(view.corrections.iter().any(|held| held.field == field));
    corrections::withdraw(&ctx, one, field, "x").await.unwrap();
    let without = member(&other, "M1").await;
    assert_eq!(shown(&ctx, one).await, shown(&other, without).await);
    assert!(profiles::view(&ctx, one, &Show::Masked).await.unwrap().corrections.is_empty());
    assert_eq!(corrections::withdraw(&ctx, one, field, "x").await.unwrap_err().code.as_str(), "not_found");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn any_later_file_leaves_a_correction(
        lines in prop::collection::vec(any::<(Option<u8>, Option<u8>, Option<u8>, Option<u8>)>(), 1..5),
        at in any::<prop::sample::Index>(),
        (field, to) in prop::sample::select(vec![
            ("name", "王小芳"), ("birthday", "1981-03-04"), ("city", "宁波市"), ("member_level", "黑卡"),
        ]),
    ) {
        let at = at.index(lines.len());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(files_change_nothing(lines, at, field, to));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_says_how_many_values_were_kept_back() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let first = "会员号,姓名,城市,性别\nM1,王芳,杭州,女\n";
    load(&ctx, &home.file("a.csv", first), Entity::Profiles).await.unwrap();
    let one = member(&ctx, "M1").await;
    correct(&ctx, one, "name", " 王小芳 ").await;
    correct(&ctx, one, "city", "宁波").await;
    let report =
        load(&ctx, &home.file("b.csv", "会员号,姓名,城市,性别\nM1,李雷,温州,女\nM3,张三,杭州,男\n"), Entity::Profiles)
            .await
            .unwrap();
    assert_eq!(report.rules.get("kept_back"), Some(&2), "{:?}", report.rules);
    let now = shown(&ctx, one).await;
    assert_eq!((now[0].as_deref(), now[3].as_deref()), (Some("王小芳"), Some("宁波市")));
    // A file that says what is right keeps nothing back, and is what is left afterwards.
    let right = load(&ctx, &home.file("c.csv", "会员号,姓名\nM1,王小芳\n"), Entity::Profiles).await.unwrap();
    assert_eq!(right.rules.get("kept_back"), None);
    corrections::withdraw(&ctx, one, "name", "x").await.unwrap();
    corrections::withdraw(&ctx, one, "city", "x").await.unwrap();
    let now = shown(&ctx, one).await;
    assert_eq!((now[0].as_deref(), now[3].as_deref()), (Some("王小芳"), Some("温州市")));
    let acts = rows(&ctx, "SELECT action FROM audit WHERE action LIKE 'profile.%correct' ORDER BY seq").await;
    assert_eq!(acts, ["profile.correct", "profile.correct", "profile.uncorrect", "profile.uncorrect"]);
    // What is right stands sealed, as what files say does.
    for name in ["state.db", "state.db-wal"] {
        let bytes = std::fs::read(home.path().join("data").join(name)).unwrap_or_default();
        assert!(!bytes.windows("王小芳".len()).any(|part| part == "王小芳".as_bytes()), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_leave_a_correction() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let shop = source(&ctx, "shop").await;
    let stated = |id: &str, at: i64, city: &str| {
        let mut one = message(id, at, Kind::Identify, &["member_id:M1"]);
        one.traits.insert("city".into(), json!(city));
        one.personal.insert("name".into(), Some(Sensitive::new("李雷".to_owned())));
        one
    };
    send(&ctx, &shop, &[stated("1", 1, "杭州市")]).await;
    ingest::drain(&ctx).await.unwrap();
    let one = member(&ctx, "M1").await;
    correct(&ctx, one, "city", "宁波").await;
    correct(&ctx, one, "name", "王芳").await;
    send(&ctx, &shop, &[stated("2", 2, "温州市")]).await;
    ingest::drain(&ctx).await.unwrap();
    let now = shown(&ctx, one).await;
    assert_eq!((now[0].as_deref(), now[3].as_deref()), (Some("王芳"), Some("宁波市")));
    corrections::withdraw(&ctx, one, "city", "x").await.unwrap();
    corrections::withdraw(&ctx, one, "name", "x").await.unwrap();
    let now = shown(&ctx, one).await;
    assert_eq!((now[0].as_deref(), now[3].as_deref()), (Some("李雷"), Some("温州市")));
}

/// Two who turn out to be one: the newer correction holds, whichever profile survives.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_corrections_the_newer_holds_through_a_merge() {
    for newer_first in [true, false] {
        let home = Home::sqlite();
        let clock = Clock::fixed(NOW);
        let ctx = home.open_as(|options| Options { clock: clock.clone(), ..options }).await;
        let two = "会员号,姓名,手机号,会员等级\nM1,王芳,13957264831,金卡\nM2,王小芳,13957264832,银卡\n";
        load(&ctx, &home.file("a.csv", two), Entity::Profiles).await.unwrap();
        let (left, right) = (member(&ctx, "M1").await, member(&ctx, "M2").await);
        let (old, new) = if newer_first { (right, left) } else { (left, right) };
        correct(&ctx, old, "name", "旧名").await;
        let Clock::Fixed(now) = &clock else { unreachable!("made so above") };
        now.fetch_add(1_000_000, Ordering::Relaxed);
        correct(&ctx, new, "name", "新名").await;
        correct(&ctx, right, "member_level", "黑卡").await;
        let joined = "会员号,手机号\nM2,13957264831\n";
        load(&ctx, &home.file("b.csv", joined), Entity::Profiles).await.unwrap();
        let one = member(&ctx, "M1").await;
        assert_eq!(one, member(&ctx, "M2").await);
        let now = shown(&ctx, one).await;
        assert_eq!((now[0].as_deref(), now[5].as_deref()), (Some("新名"), Some("黑卡")));
        load(&ctx, &home.file("c.csv", "会员号,姓名,会员等级\nM1,李雷,普卡\n"), Entity::Profiles).await.unwrap();
        assert_eq!(shown(&ctx, one).await, now);
        for field in ["name", "member_level"] {
            corrections::withdraw(&ctx, one, field, "x").await.unwrap();
            assert!(corrections::withdraw(&ctx, one, field, "x").await.is_err());
        }
        let left = shown(&ctx, one).await;
        assert_eq!((left[0].as_deref(), left[5].as_deref()), (Some("李雷"), Some("普卡")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_needs_its_request_and_a_value_that_can_be_read() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("a.csv", "会员号,姓名\nM1,王芳\nM2,李雷\n"), Entity::Profiles).await.unwrap();
    let (one, other) = (member(&ctx, "M1").await, member(&ctx, "M2").await);
    let tried = async |field: &str, value: &str, request: RequestId| {
        let value = Sensitive::new(value.to_owned());
        let done = corrections::correct(&ctx, one, field, &value, request, "x").await;
        done.map_err(|error| error.code.as_str()).err()
    };
    let theirs = asked(&ctx, other, RequestKind::Correction).await;
    let access = asked(&ctx, one, RequestKind::Access).await;
    let mine = asked(&ctx, one, RequestKind::Correction).await;
    assert_eq!(tried("name", "王小芳", theirs).await, Some("conflict"));
    assert_eq!(tried("name", "王小芳", access).await, Some("conflict"));
    assert_eq!(tried("phone", "13957264831", mine).await, Some("bad_request"));
    assert_eq!(tried("birthday", "某年某月", mine).await, Some("bad_request"));
    assert_eq!(tried("name", " ", mine).await, Some("bad_request"));
    assert_eq!(tried("gender", "女", mine).await, None);
    requests::carry_out(&ctx, mine, "已更正", "x").await.unwrap();
    assert_eq!(tried("name", "王小芳", mine).await, Some("conflict"));
    assert_eq!(shown(&ctx, one).await[4].as_deref(), Some("female"));
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_go_with_the_person() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    load(&ctx, &home.file("a.csv", "会员号,姓名\nM1,王芳\nM2,李雷\n"), Entity::Profiles).await.unwrap();
    let (one, other) = (member(&ctx, "M1").await, member(&ctx, "M2").await);
    correct(&ctx, one, "name", "王小芳").await;
    correct(&ctx, other, "name", "李小雷").await;
    let request = asked(&ctx, one, RequestKind::Deletion).await;
    requests::carry_out(&ctx, request, "", "y").await.unwrap();
    let id = erasure::approve(&ctx, request, "officer").await.unwrap();
    erasure::finish(&ctx).await.unwrap();
    let erased = erasure::get(&ctx, id).await.unwrap();
    assert_eq!(erased.removed["state.corrections"], 1);
    // Whoever stays keeps theirs.
    load(&ctx, &home.file("b.csv", "会员号,姓名\nM2,李雷\n"), Entity::Profiles).await.unwrap();
    assert_eq!(shown(&ctx, other).await[0].as_deref(), Some("李小雷"));
}
