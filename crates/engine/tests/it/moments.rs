//! Moments on real stores: answers by hour are those of a plain count; an hour that was made to be good is found; choosing is
//! judged by drawn messages alone.

use std::collections::BTreeSet;

use jiff::civil::date;
use zhike_domain::audience::sample::Dice;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::Ctx;
use zhike_engine::campaigns::{self, Asked, Spec};
use zhike_engine::consents;
use zhike_engine::workspace::{self, Workspace};

use crate::support::{Home, load, refusal};

const N_PEOPLE: u64 = 120;
const HOURS: u64 = 12;

/// Messages of a hundred days, one a day to every other customer, at hours drawn from 9 to 20. Half of the customers open in
/// the evening, the others in the morning.
async fn sent(ctx: &Ctx, home: &Home, is_drawn: bool) -> Vec<(u64, u64, bool)> {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(11);
    let mut people = String::from("member_id,name\n");
    (0..N_PEOPLE).for_each(|who| people.push_str(&format!("M{who},客户{who}\n")));
    let mut touches = String::from("touch_id,member_id,channel,at,outcome,propensity\n");
    let mut all = Vec::new();
    for day in 0..100_u64 {
        let on = date(2026, 6, 1).checked_add(jiff::Span::new().days(day as i64)).unwrap();
        for who in (0..N_PEOPLE).filter(|who| (who + day) % 2 == 0) {
            let hour = 9 + dice.below(HOURS);
            let is_evening = who % 3 == 0;
            let likes = if is_evening { hour >= 18 } else { hour < 11 };
            let is_opened = dice.below(100) < if likes { 60 } else { 5 };
            let chance = if is_drawn { format!("{:.6}", 1.0 / HOURS as f64) } else { String::new() };
            let outcome = if is_opened { "opened" } else { "delivered" };
            touches.push_str(&format!("T{day}-{who},M{who},短信,{on} {hour:02}:30:00,{outcome},{chance}\n"));
            all.push((who, hour, is_opened));
        }
    }
    for (name, text, entity) in [("people.csv", people, Entity::Profiles), ("touches.csv", touches, Entity::Touches)] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert_eq!(report.rows_quarantined, 0, "{name}: {report:?}");
    }
    all
}

fn spec() -> Spec {
    let days = |day: &str| Some(day.to_owned());
    Asked { from: days("2026-06-01"), to: days("2026-10-01"), ..Asked::default() }.spec().unwrap()
}

#[tokio::test]
async fn answers_by_hour_are_those_of_a_plain_count_and_choosing_is_judged() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let all = sent(&ctx, &home, true).await;
    let found = campaigns::moments(&ctx, &spec()).await.unwrap();
    assert_eq!((found.n_messages, found.n_people, found.n_drawn), (Some(6000), Some(N_PEOPLE), Some(6000)));
    let n_opened = all.iter().filter(|one| one.2).count() as u64;
    assert_eq!(found.channels.len(), 1);
    assert_eq!((found.channels[0].n, found.channels[0].n_answered), (Some(6000), Some(n_opened)));
    for hour in 9..21 {
        let of = |test: &dyn Fn(&(u64, u64, bool)) -> bool| all.iter().filter(|one| one.1 == hour && test(one)).count();
        let own = found.hours.iter().filter(|one| one.hour % 24 == hour as usize);
        let sums = own.fold((0, 0), |sums, one| (sums.0 + one.n, sums.1 + one.n_answered));
        assert_eq!(sums, (of(&|_| true) as u64, of(&|one| one.2) as u64), "{hour}");
    }
    assert_eq!(found.hours.iter().map(|one| one.n).sum::<u64>(), 6000);
    assert!(found.best.iter().all(|one| matches!(one.hour % 24, 9 | 10 | 18..=20)) && !found.best.is_empty());
    let grade = found.grade.unwrap();
    assert_eq!(grade.is_better, Some(true), "{grade:?}");
    assert!(grade.chosen[0] > grade.drawn[0] + 0.1, "{grade:?}");
}

#[tokio::test]
async fn each_customer_is_written_to_when_they_answer() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    sent(&ctx, &home, true).await;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = campaigns::chosen(&ctx, &spec(), after, 50).await.unwrap();
        assert_eq!(page.total, Some(N_PEOPLE));
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ids: BTreeSet<ProfileId> = found.iter().map(|one| one.customer.profile_id).collect();
    assert_eq!((ids.len(), found.len()), (N_PEOPLE as usize, N_PEOPLE as usize));
    assert!(found.iter().all(|one| (8..22).contains(&(one.hour % 24)) && one.propensity > 0.0), "quiet hours are kept");
    let again = campaigns::chosen(&ctx, &spec(), None, 1).await.unwrap();
    assert_eq!((again.items[0].hour, again.items[0].propensity), (found[0].hour, found[0].propensity));
    let good = found.iter().filter(|one| matches!(one.hour % 24, 9 | 10 | 18..=20)).count();
    assert!(good * 10 > found.len() * 6, "{good} of {}", found.len());

    let who = found[0].customer.profile_id;
    let person = campaigns::moments_of(&ctx, who).await.unwrap();
    assert!(person.n_messages == 50 && person.best[0].believed > person.usual, "{person:?}");
    consents::record(&ctx, who, &[refusal()], "owner").await.unwrap();
    assert!(campaigns::moments_of(&ctx, who).await.unwrap().is_refused);
    assert_eq!(campaigns::chosen(&ctx, &spec(), None, 1).await.unwrap().total, Some(N_PEOPLE - 1));
    let other = Spec { channel: Some("信鸽".into()), ..spec() };
    let error = campaigns::chosen(&ctx, &other, None, 1).await.unwrap_err();
    assert!(error.message_zh.contains("信鸽") && error.message_zh.contains("短信"), "{error:?}");
}

#[tokio::test]
async fn without_drawn_messages_nothing_is_judged() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    sent(&ctx, &home, false).await;
    let found = campaigns::moments(&ctx, &spec()).await.unwrap();
    assert_eq!((found.n_drawn, found.grade), (Some(0), None));
    assert!(found.head.meaning.0.contains("随机") && found.head.meaning.1.contains("propensity"));
    let wrong = Asked { answer: Some("read".into()), quiet_from: Some(30), ..Asked::default() }.spec().unwrap_err();
    assert!(wrong.message.contains("read") && wrong.message.contains("quiet_from"), "{wrong:?}");
}
