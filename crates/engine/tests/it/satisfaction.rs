//! Satisfaction on real stores: scores, periods and groups are those of a plain count, the clock of the loop runs, and lists
//! hold whom they count.

use std::collections::BTreeMap;

use jiff::civil::date;
use zhike_domain::access::Role;
use zhike_domain::analysis::Scope;
use zhike_domain::audience::sample::Dice;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{Dimension, PeriodKind};
use zhike_engine::Ctx;
use zhike_engine::satisfaction::{self, Ask, Kind, Which};
use zhike_engine::workspace::{self, Workspace, day_number};

use crate::support::{Home, load};
use crate::watch::{acting, somebody};

const LEVELS: [&str; 3] = ["金卡", "银卡", ""];

struct Said {
    who: Option<u64>,
    day: i64,
    score: u64,
    is_slow: bool,
}

/// Answers of four months; whoever waited for the parcel says less. The 90th answer and on are of nobody known.
async fn asked(ctx: &Ctx, home: &Home) -> Vec<Said> {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(9);
    let mut people = String::from("member_id,name,member_level\n");
    for who in 0..60 {
        people.push_str(&format!("M{who},客户{who},{}\n", LEVELS[(who % 3) as usize]));
    }
    let (mut all, mut feedback) = (Vec::new(), String::from("feedback_id,member_id,kind,score,at,topics\n"));
    for n in 0..400_u64 {
        let who = (n % 10 != 9).then(|| dice.below(60));
        let offset = dice.below(120) as i64;
        let day = date(2026, 7, 1).checked_add(jiff::Span::new().days(offset)).unwrap();
        let is_slow = dice.below(3) == 0;
        let score = if is_slow { dice.below(8) } else { 4 + dice.below(7) };
        let member = who.map(|who| format!("M{who}")).unwrap_or_default();
        let topics = if is_slow { "物流;包装" } else { "包装" };
        feedback.push_str(&format!("F{n},{member},nps,{score},{day} 12:00:00,{topics}\n"));
        all.push(Said { who, day: day_number(day), score, is_slow });
    }
    feedback.push_str("F900,M1,nps,11,2026-08-01 12:00:00,\nF901,M1,csat,5,2026-08-01 12:00:00,\n");
    for (name, text, entity) in [("people.csv", people, Entity::Profiles), ("feedback.csv", feedback, Entity::Feedback)]
    {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert_eq!(report.rows_quarantined, 0, "{name}: {report:?}");
    }
    all
}

fn ask(kind: Kind, dimension: Option<Dimension>) -> Ask {
    let scope = Scope {
        from: Some(day_number(date(2026, 8, 1))),
        to: Some(day_number(date(2026, 9, 30))),
        segment: None,
        purpose: None,
    };
    Ask { kind, scope, by: PeriodKind::Month, dimension }
}

fn plain(all: &[&Said]) -> f64 {
    let of = |test: fn(u64) -> bool| all.iter().filter(|one| test(one.score)).count() as f64;
    100.0 * (of(|score| score >= 9) - of(|score| score <= 6)) / all.len() as f64
}

#[tokio::test]
async fn scores_are_those_of_a_plain_count() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let said = asked(&ctx, &home).await;
    let question = ask(Kind::Nps, Some(Dimension::MemberLevel));
    let found = satisfaction::satisfaction(&ctx, &question).await.unwrap();
    let (from, to) = found.head.days;
    let within: Vec<&Said> = said.iter().filter(|one| (from..=to).contains(&one.day)).collect();
    assert_eq!((found.all.n, found.n_off), (Some(within.len() as u64), 1));
    let score = found.all.score.unwrap();
    assert!((score.value - plain(&within)).abs() < 1e-9 && score.low < score.value && score.value < score.high);
    // As many days before.
    let n_days = to - from + 1;
    let before: Vec<&Said> = said.iter().filter(|one| (from - n_days..from).contains(&one.day)).collect();
    assert_eq!(found.before.n, Some(before.len() as u64));
    assert!((found.change.unwrap().value - (plain(&within) - plain(&before))).abs() < 1e-9);
    // Periods and groups add up.
    let by_period: u64 = found.periods.iter().filter_map(|(_, scored)| scored.n).sum();
    assert_eq!((found.periods.len(), by_period), (2, within.len() as u64));
    let by_group: u64 = found.groups.iter().filter_map(|group| group.scored.n).sum();
    assert_eq!(by_group, within.len() as u64);
    for group in &found.groups {
        let level = |one: &&&Said| one.who.map(|who| LEVELS[(who % 3) as usize]).filter(|level| !level.is_empty());
        let own: Vec<&Said> = within.iter().filter(|one| level(one) == group.value.as_deref()).copied().collect();
        assert!((group.scored.score.unwrap().value - plain(&own)).abs() < 1e-9, "{:?}", group.value);
    }
    assert!(found.weighted.is_some());
    // What the data were made with is found: parcels that were slow.
    let worst = &found.drivers[0];
    assert_eq!((worst.topic.as_str(), worst.q < 0.001, worst.differs.value < -20.0), ("物流", true, true));
    let slow: Vec<&Said> = within.iter().filter(|one| one.is_slow).copied().collect();
    assert_eq!(worst.n, slow.len() as u64);
    let (zh, en) = &found.head.meaning;
    assert!(zh.contains("物流") && en.contains("物流"), "{zh} {en}");
    let csat = satisfaction::satisfaction(&ctx, &ask(Kind::Csat, None)).await.unwrap();
    assert_eq!(csat.all.n, Some(1));
    let none = satisfaction::satisfaction(&ctx, &ask(Kind::Review, None)).await.unwrap();
    assert!(none.all.score.is_none() && none.periods.is_empty());
    let wrong = Ask { scope: Scope { from: Some(9), to: Some(8), ..question.scope.clone() }, ..question };
    assert!(satisfaction::satisfaction(&ctx, &wrong).await.is_err());
}

async fn list(ctx: &Ctx, which: Which) -> Vec<String> {
    let (mut names, mut after) = (Vec::new(), None);
    loop {
        let page = satisfaction::people(ctx, &ask(Kind::Nps, None), which, after, 3).await.unwrap();
        names.extend(page.people.iter().map(|one| one.profile_id.to_string()));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, Some(names.len() as u64));
            return names;
        }
    }
}

#[tokio::test]
async fn the_clock_of_the_dissatisfied_runs() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let feedback = "feedback_id,member_id,kind,score,at\n\
        F1,A,nps,3,2026-08-03 12:00:00\nF2,B,nps,0,2026-08-03 12:00:00\nF3,C,nps,6,2026-08-03 12:00:00\n\
        F4,,nps,2,2026-08-03 12:00:00\nF5,D,nps,10,2026-08-03 12:00:00\nF6,A,nps,1,2026-08-20 12:00:00\n";
    let contacts = "interaction_id,member_id,kind,opened_at,first_reply_at\n\
        I1,A,call,2026-08-04 11:00:00,2026-08-04 11:30:00\nI2,B,call,2026-08-05 12:00:00,2026-08-05 12:00:01\n\
        I3,C,call,2026-08-03 11:00:00,2026-08-03 11:30:00\nI4,C,complaint,2026-08-03 13:00:00,\n";
    for (name, text, entity) in
        [("feedback.csv", feedback, Entity::Feedback), ("contacts.csv", contacts, Entity::Interactions)]
    {
        let report = load(&ctx, &home.file(name, text), entity).await.unwrap();
        assert_eq!(report.rows_quarantined, 0, "{name}: {report:?}");
    }
    let found = satisfaction::satisfaction(&ctx, &ask(Kind::Nps, None)).await.unwrap().answered;
    assert_eq!((found.n, found.n_unknown, found.n_kept, found.n_late), (Some(3), Some(1), Some(0), Some(1)));
    // C was called before, not after, and complained in vain; A said it again and nobody called again.
    assert_eq!((found.n_waiting, found.n_overdue), (Some(0), Some(2)));
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, which) in [
        ("overdue", Which::Overdue),
        ("late", Which::Late),
        ("kept", Which::Kept),
        ("waiting", Which::Waiting),
        ("dissatisfied", Which::Dissatisfied),
        ("content", Which::Content),
    ] {
        counts.insert(name, list(&ctx, which).await.len());
    }
    let expected = [("content", 1), ("dissatisfied", 3), ("kept", 0), ("late", 1), ("overdue", 2), ("waiting", 0)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
    let (segment, n) = satisfaction::save(&ctx, &ask(Kind::Nps, None), Which::Overdue, "超时未联系").await.unwrap();
    assert_eq!((segment.n_members, n), (Some(2), 2));
}

#[tokio::test]
async fn few_answers_are_not_told_to_who_may_not_see_small_groups() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    asked(&ctx, &home).await;
    let analyst = acting(&ctx, &somebody("ana", Role::Analyst));
    let found = satisfaction::satisfaction(&analyst, &ask(Kind::Csat, None)).await.unwrap();
    assert!(found.all.n.is_none() && found.all.score.is_none() && found.drivers.is_empty());
    let nps = satisfaction::satisfaction(&analyst, &ask(Kind::Nps, Some(Dimension::MemberLevel))).await.unwrap();
    assert!(nps.all.n.unwrap() > 100);
}
