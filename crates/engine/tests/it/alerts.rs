//! Alerts: what is found is told once, to whoever is to be told, and holds nobody's data.

use std::sync::atomic::Ordering;

use jiff::civil::date;
use zhike_domain::access::Principal;
use zhike_domain::id::AlertId;
use zhike_domain::import::entity::Entity;
use zhike_domain::sensitive::Sensitive;
use zhike_engine::alerts::mail::{self, Lang, Mail, NewMail, Tls};
use zhike_engine::alerts::{self, check};
use zhike_engine::audit::{self, AuditFilter, AuditRow};
use zhike_engine::hooks::{self, Notice, Sent, Topic};
use zhike_engine::refresh::{RefreshOptions, refresh};
use zhike_engine::workspace::day_number;
use zhike_engine::{Clock, Ctx, Options, kpis, quality};
use zhike_state::AlertRow;

use crate::kpis_ahead::orders;
use crate::support::{Home, NOW, load};

const SECOND: i64 = 1_000_000;
const HOUR: i64 = 3_600 * SECOND;
const DAY: i64 = 24 * HOUR;

/// A directory with a clock that is set by hand.
struct World {
    home: Home,
    clock: Clock,
    ctx: Ctx,
}

impl World {
    async fn new() -> Self {
        Self::on(Home::sqlite()).await
    }

    async fn on(home: Home) -> Self {
        let clock = Clock::fixed(NOW);
        let ctx = home.open_as(|options| Options { clock: clock.clone(), ..options }).await;
        Self { home, clock, ctx }
    }

    fn set(&self, now: i64) {
        let Clock::Fixed(at) = &self.clock else { panic!("the clock stands") };
        at.store(now, Ordering::Relaxed);
    }

    /// The process ends and another one begins.
    async fn again(self) -> Self {
        self.ctx.close().await;
        let clock = self.clock.clone();
        let ctx = self.home.open_as(|options| Options { clock, ..options }).await;
        Self { ctx, ..self }
    }

    /// A file of orders, each day at the same time, up to the day before [`NOW`].
    async fn daily(&self, n_days: i64) {
        for back in (1..=n_days).rev() {
            self.set(NOW - back * DAY);
            let mut text = String::from("order_id,member_id,ordered_at,amount,status\n");
            for one in 0..5 {
                text.push_str(&format!("T{back}-{one},M{one},2026-10-20 10:00:00,10,completed\n"));
            }
            load(&self.ctx, &self.home.file(&format!("{back}.csv"), text), Entity::Orders).await.unwrap();
        }
        self.set(NOW);
    }

    async fn open(&self) -> Vec<AlertRow> {
        alerts::list(&self.ctx, true, 100).await.unwrap().items
    }

    async fn raised(&self) -> u64 {
        check(&self.ctx).await.unwrap().n_raised
    }

    /// Notices of alerts that are due, of all addresses.
    async fn due(&self) -> Vec<Notice> {
        hooks::due(&self.ctx, Topic::Alerts).await.unwrap().into_iter().flatten().collect()
    }

    async fn letter(&self) -> Option<Mail> {
        mail::due(&self.ctx, None).await.unwrap()
    }

    /// To whom a mail goes, in the order of the settings.
    fn to(letter: &Mail) -> Vec<&str> {
        letter.to.iter().map(|one| one.expose().as_str()).collect()
    }

    /// The newest entry of the trail.
    async fn noted(&self) -> AuditRow {
        audit::list(&self.ctx, &AuditFilter::default(), None, 1).await.unwrap().remove(0)
    }
}

fn boss() -> Principal {
    Principal::local("boss")
}

fn secret(text: &str) -> Sensitive<String> {
    Sensitive::new(text.to_owned())
}

fn smtp() -> NewMail {
    NewMail {
        host: "smtp.example.com".into(),
        port: 465,
        tls: Tls::Implicit,
        user: "zhike".into(),
        password: Some(secret("a password of the tests")),
        from: "zhike@example.com".into(),
        recipients: Some(vec![secret("li.lei@example.com"), secret("han@example.com")]),
        lang: Lang::Zh,
    }
}

/// INV-ALERT-1: a silence is told once, and what somebody has seen to stays seen to.
#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_falls_silent_is_told_once() {
    let world = World::new().await;
    world.daily(15).await;
    // It may be late by two hours.
    assert_eq!(world.raised().await, 0);
    world.set(NOW + 3 * HOUR);
    let odd = quality::unusual(&world.ctx).await.unwrap();
    assert_eq!(odd.items.len(), 1, "{:?}", odd.items);
    assert_eq!(world.raised().await, 1);
    for _ in 0..3 {
        assert_eq!(world.raised().await, 0);
    }
    let [one] = &world.open().await[..] else { panic!("one alert") };
    assert_eq!((&*one.kind, &*one.direction, &*one.severity), ("quality", "silent", "high"));
    assert!(one.words_zh.contains("今天（2026-11-21）没有数据"), "{}", one.words_zh);
    assert!(one.words_en.contains("No data from source"), "{}", one.words_en);
    // Tomorrow it is the same silence.
    world.set(NOW + DAY + 3 * HOUR);
    assert_eq!(world.raised().await, 0);

    let id = AlertId::new(one.alert_id);
    assert_eq!(alerts::acknowledge(&world.ctx, &boss(), None).await.unwrap(), 1);
    assert_eq!(world.noted().await.detail_json, r#"{"all":1}"#, "a count, however many they are");
    assert_eq!(alerts::acknowledge(&world.ctx, &boss(), Some(&[id])).await.unwrap(), 0, "once");
    let unknown = alerts::acknowledge(&world.ctx, &boss(), Some(&[AlertId::new(1)])).await.unwrap_err();
    assert_eq!(unknown.code.as_str(), "not_found");
    let many: Vec<AlertId> = (1..=501).map(AlertId::new).collect();
    let refused = alerts::acknowledge(&world.ctx, &boss(), Some(&many)).await.unwrap_err();
    assert_eq!(refused.code.as_str(), "bad_request");
    assert!(refused.to_string().contains("naming none"), "{refused}");
    let world = world.again().await;
    assert_eq!(world.raised().await, 0);
    assert!(world.open().await.is_empty());
    let all = alerts::list(&world.ctx, false, 100).await.unwrap();
    assert_eq!((all.items.len(), all.n_open), (1, 0));
    assert_eq!(all.items[0].acknowledged_by.as_deref(), Some("local:boss"));
}

/// What is as it always was raises nothing, a first load of years nothing, a closed store one alert; a refresh looks by itself.
#[tokio::test(flavor = "multi_thread")]
async fn an_unusual_day_is_told_after_a_refresh_and_names_nobody() {
    let world = World::new().await;
    let ctx = &world.ctx;
    let last = day_number(date(2026, 3, 20));
    // A number of somebody strayed into the name of the store.
    let file = |name: &str, days: (i64, i64), is_closed: bool| {
        world.home.file(name, orders(days.0, days.1, is_closed).replace(",S0\n", ",13812345678\n"))
    };
    load(ctx, &file("a.csv", (last - 160, last), false), Entity::Orders).await.unwrap();
    refresh(ctx, RefreshOptions::default()).await.unwrap();
    assert!(world.open().await.is_empty(), "{:?}", world.open().await);

    load(ctx, &file("b.csv", (last + 1, last + 1), true), Entity::Orders).await.unwrap();
    refresh(ctx, RefreshOptions::default()).await.unwrap();
    let open = world.open().await;
    let sales = open.iter().find(|one| one.subject == "sales.low").unwrap_or_else(|| panic!("{open:?}"));
    assert_eq!((&*sales.kind, sales.day, &*sales.direction), ("figure", last + 1, "low"));
    assert!(sales.link.starts_with("/insight/kpis/") && sales.link.contains("period=2026-03-21"), "{}", sales.link);
    for one in &open {
        assert!(!format!("{one:?}").contains("13812345678"), "{one:?}");
    }
    assert_eq!(world.raised().await, 0);
    // Five ordinary days later it is no news, for whoever begins to look then neither.
    load(ctx, &file("c.csv", (last + 2, last + 6), false), Entity::Orders).await.unwrap();
    assert_eq!(world.raised().await, 0, "{:?}", world.open().await);
}

/// A goal is told once when it will hardly be met, and again when it is another one.
#[tokio::test(flavor = "multi_thread")]
async fn a_goal_out_of_reach_is_told_until_it_changes() {
    let world = World::new().await;
    let ctx = &world.ctx;
    let last = day_number(date(2026, 3, 20));
    load(ctx, &world.home.file("a.csv", orders(last - 160, last, false)), Entity::Orders).await.unwrap();
    let days = (day_number(date(2026, 3, 1)), day_number(date(2026, 3, 31)));
    for (value, n_raised) in [(1_000.0, 0), (1_300.0, 1), (1_300.0, 0), (1_400.0, 1), (1_000.0, 0), (1_300.0, 0)] {
        kpis::set_goal(ctx, "orders", days, value, "x").await.unwrap();
        assert_eq!(world.raised().await, n_raised, "{value}");
    }
    let open = world.open().await;
    assert!(open.iter().all(|one| one.kind == "goal" && one.day == days.1 && one.direction == "low"), "{open:?}");
    assert!(open[0].words_zh.contains("很可能完不成") && open[0].words_en.contains("hardly be met"), "{:?}", open[0]);
}

/// INV-HOOKS-2: alerts go to every address and by mail until they arrive, for a day, across restarts, and then no more.
#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_sent_until_they_arrive() {
    let world = World::new().await;
    world.daily(15).await;
    let url = "https://hooks.example.com/in?key=abc";
    let key = hooks::set(&world.ctx, &boss(), Topic::Alerts, &[], &[secret(url)]).await.unwrap().unwrap();
    assert!(hooks::list(&world.ctx, Topic::Incidents).await.unwrap().is_empty(), "topics are apart");
    mail::set(&world.ctx, &boss(), smtp()).await.unwrap();
    assert!(world.due().await.is_empty() && world.letter().await.is_none());

    world.set(NOW + 3 * HOUR);
    assert_eq!(world.raised().await, 1);
    let notices = world.due().await;
    let [notice] = &notices[..] else { panic!("{notices:?}") };
    let body: serde_json::Value = serde_json::from_str(&notice.body).unwrap();
    let row = &world.open().await[0];
    assert_eq!(body["id"], AlertId::new(row.alert_id).to_string());
    assert_eq!(
        (&body["kind"], &body["day"], &body["link"]),
        (&"quality".into(), &"2026-11-21".into(), &"/data/quality".into())
    );
    assert_eq!(body["text_zh"], *row.words_zh);
    assert!(notice.signature.starts_with("t=") && !key.expose().is_empty());
    hooks::note(&world.ctx, notice, Sent::Unreachable).await.unwrap();
    let letter = mail::due(&world.ctx, Some("https://cdp.example.cn/")).await.unwrap().unwrap();
    assert_eq!((letter.subject.as_str(), letter.to.len()), ("知客提醒：1 条，其中 1 条严重", 2));
    assert!(
        letter.text.contains(&row.words_zh) && letter.text.contains("https://cdp.example.cn/data/quality"),
        "{}",
        letter.text
    );
    assert_eq!(letter.login.as_ref().unwrap().1.expose(), "a password of the tests");
    mail::note(&world.ctx, &letter, &[Sent::Status(451); 2]).await.unwrap();

    // Not at once, and by whatever process runs when it is time.
    assert!(world.due().await.is_empty() && world.letter().await.is_none());
    world.set(NOW + 3 * HOUR + 15 * SECOND);
    let world = world.again().await;
    let notices = world.due().await;
    hooks::note(&world.ctx, &notices[0], Sent::Delivered).await.unwrap();
    let again = world.letter().await.unwrap();
    assert_eq!(again.key, letter.key, "who has it already knows it");
    mail::note(&world.ctx, &again, &[Sent::Unreachable; 2]).await.unwrap();
    let state = mail::state(&world.ctx).await.unwrap().unwrap();
    assert!(state.recipients.iter().all(|one| one.last.as_ref().unwrap().n_tries == 2), "{state:?}");
    // After a day it is given up.
    world.set(NOW + 27 * HOUR - SECOND);
    let late = world.letter().await.unwrap();
    mail::note(&world.ctx, &late, &[Sent::Unreachable; 2]).await.unwrap();
    world.set(NOW + 28 * HOUR);
    assert!(world.due().await.is_empty() && world.letter().await.is_none());
}

/// INV-HOOKS-2: one address that refuses keeps nothing from the others, of two servers one sends, and what somebody is
/// owed outlives a change of the settings.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_owed_is_sent_once_whatever_becomes_of_others() {
    let world = World::new().await;
    world.daily(15).await;
    let (ctx, url) = (&world.ctx, "https://hooks.example.com/in?key=0123456789abcdef");
    hooks::set(ctx, &boss(), Topic::Alerts, &[], &[secret(url), secret(url)]).await.unwrap();
    let [hook] = &hooks::list(ctx, Topic::Alerts).await.unwrap()[..] else { panic!("the same address twice is one") };
    assert_eq!(hook.url, "https://hooks.example.com/****ef");
    mail::set(ctx, &boss(), smtp()).await.unwrap();
    world.set(NOW + 3 * HOUR);
    assert_eq!(world.raised().await, 1);

    // Two servers read the same: one of them has it, and if that one dies, whoever comes by after a while.
    let (notice, letter) = (world.due().await.remove(0), world.letter().await.unwrap());
    assert!(hooks::claim(ctx, &notice).await.unwrap() && mail::claim(ctx, &letter).await.unwrap());
    assert!(!hooks::claim(ctx, &notice).await.unwrap() && !mail::claim(ctx, &letter).await.unwrap());
    assert!(world.due().await.is_empty() && world.letter().await.is_none());
    world.set(NOW + 4 * HOUR);
    let (notice, letter) = (world.due().await.remove(0), world.letter().await.unwrap());
    assert!(hooks::claim(ctx, &notice).await.unwrap() && mail::claim(ctx, &letter).await.unwrap());
    hooks::note(ctx, &notice, Sent::Unreachable).await.unwrap();
    // A mailbox that is gone, and one that is not.
    mail::note(ctx, &letter, &[Sent::Status(550), Sent::Delivered]).await.unwrap();
    let state = mail::state(ctx).await.unwrap().unwrap();
    let outcomes: Vec<_> = state.recipients.iter().map(|one| one.last.as_ref().unwrap().outcome.as_str()).collect();
    assert_eq!(outcomes, ["status_550", "delivered"]);

    // Another address, another recipient, another language: they are told of what comes, the others what they are owed.
    let other = "https://other.example.com/";
    let gone = hooks::set(ctx, &boss(), Topic::Alerts, &["nonsense".into()], &[]).await.unwrap_err();
    assert_eq!(gone.code.as_str(), "not_found");
    hooks::set(ctx, &boss(), Topic::Alerts, std::slice::from_ref(&hook.id), &[secret(other)]).await.unwrap();
    let recipients = ["li.lei@example.com", "han@example.com", "new@example.com"].map(secret).to_vec();
    let changed = NewMail { lang: Lang::En, recipients: Some(recipients), ..smtp() };
    mail::set(ctx, &boss(), changed.clone()).await.unwrap();
    mail::set(ctx, &boss(), NewMail { recipients: None, ..changed }).await.unwrap();
    world.set(NOW + 4 * HOUR + 15 * SECOND);
    let [notice] = &world.due().await[..] else { panic!("what is owed to the first") };
    assert_eq!((notice.url.expose().as_str(), &notice.hook), (url, &hook.id));
    let letter = world.letter().await.unwrap();
    assert_eq!((World::to(&letter), letter.subject.starts_with("Zhike: 1 alert")), (vec!["li.lei@example.com"], true));
    mail::note(ctx, &letter, &[Sent::Delivered]).await.unwrap();
    assert!(world.letter().await.is_none());

    // Named a hundred thousand times, it is one.
    let id = AlertId::new(world.open().await[0].alert_id);
    assert_eq!(alerts::acknowledge(ctx, &boss(), Some(&vec![id; 100_000])).await.unwrap(), 1);
    assert_eq!(world.noted().await.detail_json, format!(r#"{{"alerts":["{id}"]}}"#));
}

/// INV-MAIL-1: what opens a mailbox is sealed, shown to nobody, and sent to no other host.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_goes_to_no_other_host() {
    let world = World::new().await;
    let ctx = &world.ctx;
    assert!(mail::state(ctx).await.unwrap().is_none());
    assert_eq!(mail::trial(ctx, &boss(), None).await.unwrap_err().code.as_str(), "conflict");
    let state = mail::set(ctx, &boss(), smtp()).await.unwrap();
    assert!(state.has_password && state.recipients.iter().all(|one| one.address.contains('*')), "{state:?}");
    // Who changes the language need not know the password, who changes the host does.
    let kept = NewMail { password: None, recipients: None, ..smtp() };
    mail::set(ctx, &boss(), NewMail { lang: Lang::En, ..kept.clone() }).await.unwrap();
    assert_eq!(mail::trial(ctx, &boss(), None).await.unwrap().login.unwrap().1.expose(), "a password of the tests");
    for wrong in [
        NewMail { host: "evil.example.com".into(), ..kept.clone() },
        NewMail { port: 587, ..kept.clone() },
        NewMail { user: "other".into(), ..kept.clone() },
        NewMail { tls: Tls::Starttls, ..kept.clone() },
        NewMail { tls: Tls::None, ..smtp() },
        NewMail { from: "nobody".into(), ..smtp() },
        NewMail { from: "a@b\r\nBcc: c@d".into(), ..smtp() },
        NewMail { recipients: Some(Vec::new()), ..smtp() },
        NewMail { recipients: Some(vec![secret("a@b,c@d")]), ..smtp() },
        NewMail { recipients: Some(vec![secret("a@example.com"); 21]), ..smtp() },
        NewMail { host: String::new(), ..smtp() },
        NewMail { host: "smtp.example.com/x".into(), ..smtp() },
    ] {
        let error = mail::set(ctx, &boss(), wrong.clone()).await.unwrap_err();
        assert_eq!(error.code.as_str(), "bad_request", "{wrong:?}");
    }
    let stranger = Principal { permissions: Default::default(), ..boss() };
    for refused in [
        mail::set(ctx, &stranger, smtp()).await.map(drop),
        mail::remove(ctx, &stranger).await,
        mail::trial(ctx, &stranger, None).await.map(drop),
        hooks::set(ctx, &stranger, Topic::Alerts, &[], &[]).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().code.as_str(), "no_permission");
    }
    mail::remove(ctx, &boss()).await.unwrap();
    assert!(mail::state(ctx).await.unwrap().is_none());
    let World { home, ctx, .. } = world;
    ctx.close().await;
    let state = std::fs::read(home.path().join("data/state.db")).unwrap();
    for word in ["a password of the tests", "li.lei@example.com"] {
        assert!(!state.windows(word.len()).any(|part| part == word.as_bytes()), "{word}");
    }
}
