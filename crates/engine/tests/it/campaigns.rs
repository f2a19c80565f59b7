//! Campaigns on real stores: counts are those of a plain computation over all messages and orders, and of the lists behind
//! them; credits and costs add up; whoever refused profiling enters no model.

use std::collections::{BTreeMap, BTreeSet};

use zhike_domain::access::Role;
use zhike_domain::audience::sample::Dice;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::Ctx;
use zhike_engine::campaigns::{self, Asked, BoardRow, NoBudget, NoUplift, Part, Spec, Verdict, WAYS};
use zhike_engine::consents;
use zhike_engine::workspace::{self, Workspace};

use crate::support::{Home, load, refusal, rows};
use crate::watch::{acting, somebody};

const DAY_US: i64 = 86_400_000_000;
const N_PEOPLE: u64 = 80;
const CAMPAIGNS: &str = "\
campaign_id,campaign_name,channel,goal,start_date,end_date,cost,holdout_share
c1,春季目录,email,win back,2026-07-01,2026-07-10,100.01,0.3
c2,Bulk week,sms,repeat,2026-08-10,2026-08-20,250.00,
c3,Cards,mail,repeat,2026-09-01,2026-09-05,,
c4,Silent,search,acquire,2026-09-01,2026-09-30,70.00,
";

fn at(day: u64, minute: u64) -> String {
    let date = jiff::civil::date(2026, 6, 1).checked_add(jiff::Span::new().days(day as i64)).unwrap();
    format!("{date} {:02}:{:02}:00", 8 + minute / 60, minute % 60)
}

async fn put(ctx: &Ctx, home: &Home, name: &str, text: &str, entity: Entity) {
    let report = load(ctx, &home.file(name, text), entity).await.unwrap();
    assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
}

async fn in_shanghai(ctx: &Ctx) {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
}

/// Orders of which some do not count, messages of three campaigns, some of nobody, and visits.
async fn shop(ctx: &Ctx, home: &Home, seed: u64) {
    in_shanghai(ctx).await;
    let mut dice = Dice::new(seed);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,discount,coupon_id,campaign_id,status\n");
    for order in 0..700 {
        let who = match dice.below(20) {
            0 => String::new(),
            _ => format!("M{}", dice.below(N_PEOPLE)),
        };
        let status = if dice.below(9) == 0 { "cancelled" } else { "completed" };
        let (coupon, campaign) = match dice.below(8) {
            0 => ("TEN", "c2"),
            1 => ("FIVE", ""),
            _ => ("", ""),
        };
        let time = at(dice.below(150), 30 * dice.below(20));
        let amount = 5 + dice.below(90);
        orders.push_str(&format!(
            "T{order},{who},{time},{amount}.50,{}.00,{coupon},{campaign},{status}\n",
            dice.below(4)
        ));
    }
    let outcomes = ["sent", "delivered", "opened", "clicked", "converted", "failed", "suppressed"];
    let mut touches = String::from("touch_id,campaign_id,member_id,sent_at,channel,outcome,arm,creative,coupon\n");
    for touch in 0..600 {
        let campaign = ["c1", "c2", "c3"][dice.below(3) as usize];
        let first = [30, 70, 92][["c1", "c2", "c3"].iter().position(|one| *one == campaign).unwrap()];
        let who = dice.below(N_PEOPLE + 9);
        let arm = if campaign != "c3" && who.is_multiple_of(3) { "holdout" } else { "treated" };
        let outcome = if arm == "holdout" { "suppressed" } else { outcomes[dice.below(7) as usize] };
        let channel = if dice.below(5) == 0 { "wechat" } else { "" };
        let coupon = if campaign == "c2" { "TEN" } else { "" };
        let time = at(first + dice.below(9), 30 * dice.below(20));
        let creative = ["A", "B", ""][dice.below(3) as usize];
        touches.push_str(&format!("x{touch},{campaign},M{who},{time},{channel},{outcome},{arm},{creative},{coupon}\n"));
    }
    let mut visits =
        String::from("event,occurred_at,member_id,session_id,url,referrer,utm_source,utm_medium,utm_campaign\n");
    for visit in 0..400 {
        let from = match dice.below(4) {
            0 => ",google,search,s1",
            1 => "https://www.blog.example/x,,,",
            2 => "https://shop.example/y,,,",
            _ => ",,,",
        };
        let (time, who) = (at(dice.below(150), dice.below(600)), dice.below(N_PEOPLE));
        visits.push_str(&format!(
            "page_view,{time},M{who},s{},https://shop.example/,{from}\n",
            visit / 2 * 2 + visit % 2
        ));
    }
    put(ctx, home, "orders.csv", &orders, Entity::Orders).await;
    put(ctx, home, "campaigns.csv", CAMPAIGNS, Entity::Campaigns).await;
    put(ctx, home, "touches.csv", &touches, Entity::Touches).await;
    put(ctx, home, "visits.csv", &visits, Entity::Events).await;
}

fn instant(text: &str) -> i64 {
    text.parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

#[derive(Clone, Debug)]
struct Message {
    who: i64,
    at: i64,
    campaign: String,
    channel: String,
    outcome: String,
    is_holdout: bool,
    traits: String,
}

/// Messages of known customers, and how many went out of each campaign in all.
async fn messages(ctx: &Ctx) -> (Vec<Message>, BTreeMap<String, u64>) {
    let usual = BTreeMap::from([("c1", "email"), ("c2", "sms"), ("c3", "mail")]);
    let (mut found, mut sent) = (Vec::new(), BTreeMap::new());
    let sql = "SELECT profile_id, \"at\", campaign_id, channel, outcome, arm, traits FROM touches";
    for line in rows(ctx, sql).await {
        let cells: Vec<&str> = line.splitn(7, '|').collect();
        let is_holdout = cells[5] == "holdout";
        if !is_holdout && !["failed", "suppressed"].contains(&cells[4]) {
            *sent.entry(cells[2].to_owned()).or_insert(0) += 1;
        }
        let Ok(who) = cells[0].parse() else { continue };
        let channel = if cells[3] == "-" { usual.get(cells[2]).copied().unwrap_or("") } else { cells[3] };
        found.push(Message {
            who,
            at: instant(cells[1]),
            campaign: cells[2].to_owned(),
            channel: channel.to_owned(),
            outcome: cells[4].to_owned(),
            is_holdout,
            traits: cells[6].to_owned(),
        });
    }
    (found, sent)
}

#[derive(Clone, Debug)]
struct Sale {
    who: i64,
    at: i64,
    cents: i64,
    discount: i64,
    coupon: String,
    campaign: String,
}

async fn sales(ctx: &Ctx) -> Vec<Sale> {
    let sql = "SELECT profile_id, ordered_at, net_amount, discount, coupon_id, campaign_id FROM orders WHERE kind = 'sale' \
               AND net_amount > 0 AND status NOT IN ('created', 'cancelled') AND profile_id IS NOT NULL";
    let cents = |text: &str| text.replace('.', "").parse::<i64>().unwrap_or(0);
    let lines = rows(ctx, sql).await;
    let read = lines.iter().map(|line| {
        let cells: Vec<&str> = line.split('|').collect();
        Sale {
            who: cells[0].parse().unwrap(),
            at: instant(cells[1]),
            cents: cents(cells[2]),
            discount: cents(cells[3]),
            coupon: cells[4].replace('-', ""),
            campaign: cells[5].replace('-', ""),
        }
    });
    read.collect()
}

async fn list(ctx: &Ctx, spec: &Spec, of: &str, key: Option<&str>, which: &str) -> BTreeSet<i64> {
    let part = Part { of: of.into(), key: key.map(str::to_owned), which: which.into() };
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = campaigns::people(ctx, spec, &part, after, 40).await.unwrap();
        found.extend(page.people.iter().map(|one| one.profile_id.get()));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, Some(found.len() as u64), "{of} {key:?} {which}");
            return found;
        }
    }
}

fn goal(campaign: &str) -> &'static str {
    match campaign {
        "c1" => "win back",
        "c2" | "c3" => "repeat",
        _ => "acquire",
    }
}

fn trait_of(message: &Message, name: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(&message.traits).unwrap_or_default();
    json[name].as_str().unwrap_or("").to_owned()
}

/// A row of the board against a walk over everything.
async fn is_plain(
    ctx: &Ctx,
    spec: &Spec,
    row: &BoardRow,
    key: Option<&str>,
    own: &[Message],
    sales: &[Sale],
    until: i64,
) {
    let window = spec.window_days * DAY_US;
    let rank = |one: &Message| {
        ["sent", "delivered", "opened", "clicked", "converted"].iter().position(|word| *word == one.outcome)
    };
    let people =
        |is: &dyn Fn(&Message) -> bool| own.iter().filter(|one| is(one)).map(|one| one.who).collect::<BTreeSet<i64>>();
    let sent: Vec<&Message> = own.iter().filter(|one| !one.is_holdout && rank(one).is_some()).collect();
    let at_least = |step: usize| people(&|one| !one.is_holdout && rank(one).is_some_and(|rank| rank >= step));
    let is_after = |sale: &Sale, one: &Message| sale.who == one.who && one.at <= sale.at && sale.at < one.at + window;
    let bought: Vec<&Sale> = sales.iter().filter(|sale| sent.iter().any(|one| is_after(sale, one))).collect();
    let expected = [
        ("targeted", row.n_targeted, people(&|one| !one.is_holdout)),
        ("reached", row.n_reached, at_least(0)),
        ("delivered", row.n_delivered, at_least(1)),
        ("opened", row.n_opened, at_least(2)),
        ("clicked", row.n_clicked, at_least(3)),
        ("converted", row.n_converted, bought.iter().map(|sale| sale.who).collect()),
        ("open", row.n_open, sent.iter().filter(|one| one.at + window > until).map(|one| one.who).collect()),
        ("holdout", row.n_holdout, people(&|one| one.is_holdout)),
    ];
    for (which, n, who) in expected {
        assert_eq!(n, Some(who.len() as u64), "{which} of {key:?} in {spec:?}");
        assert_eq!(list(ctx, spec, "board", key, which).await, who, "{which} of {key:?}");
    }
    assert_eq!(row.n_messages, Some(sent.len() as u64));
    assert_eq!(row.n_orders, Some(bought.len() as u64), "{key:?}");
    assert_eq!(row.revenue, Some(bought.iter().map(|sale| sale.cents).sum()), "{key:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_count_of_the_board_is_that_of_a_plain_computation() {
    for seed in [2, 9] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, seed).await;
        let (all, sent) = messages(&ctx).await;
        let sales = sales(&ctx).await;
        let until =
            ctx.workspace().day_start(ctx.workspace().day_of(sales.iter().map(|sale| sale.at).max().unwrap()) + 1);
        for (by, window_days) in [("campaign", 7), ("channel", 3), ("strategy", 60), ("creative", 7), ("coupon", 7)] {
            let asked = Asked { by: Some(by.into()), window_days: Some(window_days), ..Asked::default() };
            let spec = asked.spec().unwrap();
            let answer = campaigns::board(&ctx, &spec).await.unwrap();
            let until = ctx.workspace().day_start(answer.head.through + 1).max(until);
            let key = |one: &Message| match by {
                "campaign" => one.campaign.clone(),
                "channel" => one.channel.clone(),
                "strategy" => goal(&one.campaign).to_owned(),
                other => trait_of(one, other),
            };
            let keys: BTreeSet<String> = all.iter().map(key).collect();
            let silent = usize::from(by == "campaign");
            assert_eq!(answer.rows.len(), keys.len() + silent, "{by}: {:?}", answer.rows);
            for name in &keys {
                let row = answer.rows.iter().find(|row| row.key == *name).unwrap();
                let own: Vec<Message> = all.iter().filter(|one| key(one) == *name).cloned().collect();
                is_plain(&ctx, &spec, row, Some(name), &own, &sales, until).await;
            }
            is_plain(&ctx, &spec, &answer.total, None, &all, &sales, until).await;
            // INV-CAMPAIGN-4: the cost of each campaign, as far as its messages went to known customers.
            let of = |campaign: &str| {
                let own = all.iter().filter(|one| one.campaign == campaign && !one.is_holdout);
                own.filter(|one| !["failed", "suppressed"].contains(&one.outcome.as_str())).count() as i64
            };
            let share = |campaign: &str, cost: i64| cost * of(campaign) / sent[campaign] as i64;
            let silent_cost = if by == "campaign" { 7_000 } else { 0 };
            let expected = share("c1", 10_001) + share("c2", 25_000) + silent_cost;
            assert_eq!(answer.rows.iter().filter_map(|row| row.cost).sum::<i64>(), expected, "{by}");
            assert_eq!(answer.total.cost, Some(expected));
        }
        ctx.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn arms_are_compared_as_drawn_and_open_their_people() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 4).await;
    let (all, _) = messages(&ctx).await;
    let sales = sales(&ctx).await;
    let asked = Asked { campaign: Some("c1".into()), window_days: Some(14), ..Asked::default() };
    let spec = asked.spec().unwrap();
    let answer = campaigns::effect(&ctx, &spec).await.unwrap();
    let lift = answer.lift.unwrap();
    let mut first: BTreeMap<i64, (i64, bool)> = BTreeMap::new();
    for one in all.iter().filter(|one| one.campaign == "c1") {
        let known = first.entry(one.who).or_insert((one.at, one.is_holdout));
        if one.at < known.0 {
            *known = (one.at, one.is_holdout);
        }
    }
    let spent = |who: i64, from: i64, to: i64| -> i64 {
        sales.iter().filter(|sale| sale.who == who && (from..to).contains(&sale.at)).map(|sale| sale.cents).sum()
    };
    for (arm, name) in [(0, "holdout"), (1, "treated")] {
        let own: Vec<(i64, i64)> =
            first.iter().filter(|(_, one)| one.1 == (arm == 0)).map(|(who, one)| (*who, one.0)).collect();
        let bought: BTreeSet<i64> =
            own.iter().filter(|(who, at)| spent(*who, *at, at + 14 * DAY_US) > 0).map(|(who, _)| *who).collect();
        assert_eq!((lift.n[arm], lift.n_bought[arm]), (own.len() as u64, bought.len() as u64), "{name}");
        assert_eq!(list(&ctx, &spec, "arm", None, name).await, own.iter().map(|one| one.0).collect());
        assert_eq!(list(&ctx, &spec, "arm", None, &format!("{name}_bought")).await, bought);
        let mean =
            own.iter().map(|(who, at)| spent(*who, *at, at + 14 * DAY_US)).sum::<i64>() as f64 / own.len() as f64;
        let told = lift.spend.unwrap();
        assert!(([told.holdout, told.treated][arm] - mean / 100.0).abs() < 1e-9, "{name}");
    }
    let rate = lift.rate.unwrap();
    assert!(rate.low <= rate.difference && rate.difference <= rate.high);
    assert!((0.0..=1.0).contains(&lift.reduction.unwrap()));
    assert_eq!(lift.planned, Some(0.3), "as the campaign says");
    assert!(lift.ratio_p.unwrap() > 0.001);
    // Nobody was withheld from the third; half were said to be withheld from the first.
    let of = |campaign: &str, share: Option<f64>| {
        let asked = Asked { campaign: Some(campaign.into()), holdout_share: share, ..Asked::default() };
        asked.spec().unwrap()
    };
    let third = campaigns::effect(&ctx, &of("c3", None)).await.unwrap();
    assert_eq!(third.lift.unwrap().verdict, Verdict::NoHoldout);
    assert!(third.head.meaning.0.contains("对照组") && third.head.meaning.1.contains("withheld"));
    let broken = campaigns::effect(&ctx, &of("c1", Some(0.9))).await.unwrap();
    assert_eq!(broken.lift.unwrap().verdict, Verdict::Broken);
    assert!(broken.advice.0.contains("检查") && broken.advice.1.contains("check"));
    assert_eq!(campaigns::effect(&ctx, &of("nope", None)).await.unwrap_err().code.as_str(), "not_found");
    let nobody = campaigns::uplift_of(&ctx, &of("c3", None)).await.unwrap();
    assert_eq!(nobody.problem, Some(NoUplift::NoHoldout));
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_add_up_in_every_way() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 6).await;
    let (all, _) = messages(&ctx).await;
    let sales = sales(&ctx).await;
    for (by, visits, lookback_days) in [("channel", true, 30), ("campaign", true, 14), ("campaign", false, 60)] {
        let asked =
            Asked { by: Some(by.into()), visits: Some(visits), lookback_days: Some(lookback_days), ..Asked::default() };
        let spec = asked.spec().unwrap();
        let answer = campaigns::attribution(&ctx, &spec).await.unwrap();
        let total = answer.total.unwrap();
        assert_eq!(total.conversions, sales.len() as f64);
        let revenue = sales.iter().map(|sale| sale.cents).sum::<i64>() as f64 / 100.0;
        assert!((total.value - revenue).abs() < 1e-6);
        for (at, way) in WAYS.iter().enumerate() {
            let nobody = answer.nobody[at].unwrap();
            let sum = |of: fn(&zhike_engine::campaigns::Credit) -> f64| {
                of(&nobody) + answer.channels.iter().map(|channel| of(&channel.credits[at].unwrap())).sum::<f64>()
            };
            assert!((sum(|credit| credit.conversions) / total.conversions - 1.0).abs() < 1e-9, "{way} {by}");
            assert!((sum(|credit| credit.value) / total.value - 1.0).abs() < 1e-9, "{way} {by}");
        }
        assert!(answer.head.meaning.0.contains("不等于效果") && answer.head.meaning.1.contains("not effect"));
        if visits {
            continue;
        }
        // Messages alone: who was met before which order, by a walk over all of them.
        let before = |sale: &Sale| -> BTreeSet<String> {
            let is_met = |one: &&Message| {
                let is_sent = !one.is_holdout && !["failed", "suppressed"].contains(&one.outcome.as_str());
                is_sent && one.who == sale.who && one.at <= sale.at && sale.at - one.at <= lookback_days as i64 * DAY_US
            };
            all.iter().filter(is_met).map(|one| one.campaign.clone()).collect()
        };
        let met: Vec<(i64, BTreeSet<String>)> = sales.iter().map(|sale| (sale.who, before(sale))).collect();
        let without: Vec<i64> = met.iter().filter(|(_, met)| met.is_empty()).map(|(who, _)| *who).collect();
        assert_eq!(answer.nobody[0].unwrap().conversions, without.len() as f64);
        assert_eq!(list(&ctx, &spec, "attribution", None, "credited").await, without.into_iter().collect());
        for channel in &answer.channels {
            let who: BTreeSet<i64> =
                met.iter().filter(|(_, met)| met.contains(&channel.key)).map(|one| one.0).collect();
            assert_eq!(channel.n_people, Some(who.len() as u64));
            assert_eq!(list(&ctx, &spec, "attribution", Some(&channel.key), "credited").await, who);
        }
    }
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn coupons_are_counted_plainly() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 8).await;
    // Redemptions as a file of their own: what became of the message is told by the header of its time.
    let redeemed = "household_id,coupon_upc,campaign_id,redemption_date\nM1,999,c9,2026-08-03\nM2,999,c9,2026-08-04\n\
                    M2,998,c9,2026-08-05\n";
    put(&ctx, &home, "coupon_redemptions.csv", redeemed, Entity::Touches).await;
    assert_eq!(rows(&ctx, "SELECT DISTINCT outcome FROM touches WHERE campaign_id = 'c9'").await, ["converted"]);
    let sales = sales(&ctx).await;
    let (all, _) = messages(&ctx).await;
    for by in ["coupon", "campaign"] {
        let spec = Asked { by: Some(by.into()), ..Asked::default() }.spec().unwrap();
        let answer = campaigns::coupons(&ctx, &spec).await.unwrap();
        let key_of = |sale: &Sale| if by == "coupon" { sale.coupon.clone() } else { sale.campaign.clone() };
        // Five is used on orders alone: no message carried it.
        let key = if by == "coupon" { "FIVE" } else { "" };
        let own: Vec<&Sale> = sales.iter().filter(|sale| !sale.coupon.is_empty() && key_of(sale) == key).collect();
        let row = answer.rows.iter().find(|row| row.key == key).unwrap();
        let who: BTreeSet<i64> = own.iter().map(|sale| sale.who).collect();
        assert_eq!((row.n_issued, row.rate, row.n_redeemed), (Some(0), None, Some(who.len() as u64)), "{by}");
        assert_eq!((row.n_uses, row.n_orders), (Some(own.len() as u64), Some(own.len() as u64)));
        assert_eq!(row.revenue, Some(own.iter().map(|sale| sale.cents).sum()));
        assert_eq!(row.discount, Some(own.iter().map(|sale| sale.discount).sum()));
        assert_eq!(list(&ctx, &spec, "coupons", Some(key), "redeemed").await, who);
        let anyway = list(&ctx, &spec, "coupons", Some(key), "anyway").await;
        let rhythm = list(&ctx, &spec, "coupons", Some(key), "rhythm").await;
        assert!(anyway.is_subset(&rhythm) && rhythm.is_subset(&who));
        assert_eq!((row.n_anyway, row.n_rhythm), (Some(anyway.len() as u64), Some(rhythm.len() as u64)));
        // Ten was carried by messages of the second campaign, whose redemptions count as well.
        let key = if by == "coupon" { "TEN" } else { "c2" };
        let row = answer.rows.iter().find(|row| row.key == key).unwrap();
        let sent = all.iter().filter(|one| one.campaign == "c2" && !one.is_holdout);
        let given: BTreeSet<i64> = sent
            .clone()
            .filter(|one| ["sent", "delivered", "opened", "clicked"].contains(&one.outcome.as_str()))
            .map(|one| one.who)
            .collect();
        let used: BTreeSet<i64> = sent
            .filter(|one| one.outcome == "converted")
            .map(|one| one.who)
            .chain(sales.iter().filter(|sale| sale.coupon == "TEN").map(|sale| sale.who))
            .collect();
        assert_eq!((row.n_issued, row.n_redeemed), (Some(given.len() as u64), Some(used.len() as u64)), "{by}");
        let part = used.intersection(&given).count() as f64 / given.len() as f64;
        assert!((row.rate.unwrap() - part).abs() < 1e-12);
        assert_eq!(list(&ctx, &spec, "coupons", Some(key), "issued").await, given);
        let change = answer.change.unwrap();
        assert!(change.low < change.each && change.each < change.high && change.n > 0);
        assert!(answer.head.meaning.0.contains("估计") && answer.head.meaning.1.contains("not an effect"));
    }
    ctx.close().await;
}

/// Frequent customers buy because of the campaign, rare ones do as they would; or nobody differs.
async fn trial(ctx: &Ctx, home: &Home, seed: u64, differs: bool) {
    in_shanghai(ctx).await;
    let mut dice = Dice::new(seed);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status\n");
    let mut touches = String::from("campaign_id,member_id,sent_at,channel,outcome,arm\n");
    let mut n = 0;
    let mut order = |orders: &mut String, who: u64, day: u64, minute: u64| {
        orders.push_str(&format!("T{n},M{who},{},20.00,completed\n", at(day, minute)));
        n += 1;
    };
    for who in 0..1_200_u64 {
        let is_frequent = who % 2 == 0;
        for turn in 0..if is_frequent { 8 } else { 1 } {
            order(&mut orders, who, 10 + turn * 9 + dice.below(8), dice.below(500));
        }
        let is_treated = dice.below(2) == 0;
        let chance = match (is_frequent, is_treated) {
            (true, true) if differs => 60,
            (true, false) if differs => 15,
            _ => 30,
        };
        let day = 100 + dice.below(10);
        let arm = if is_treated { "treated" } else { "holdout" };
        touches.push_str(&format!("u1,M{who},{},email,delivered,{arm}\n", at(day, 0)));
        if dice.below(100) < chance {
            order(&mut orders, who, day + dice.below(7), 30 + dice.below(500));
        }
    }
    order(&mut orders, 5_000, 150, 0);
    let campaign =
        "campaign_id,campaign_name,channel,start_date,end_date,cost\nu1,Trial,email,2026-09-09,2026-09-19,300\n";
    put(ctx, home, "orders.csv", &orders, Entity::Orders).await;
    put(ctx, home, "campaigns.csv", campaign, Entity::Campaigns).await;
    put(ctx, home, "touches.csv", &touches, Entity::Touches).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whom_a_campaign_moves_is_found_and_refusals_count() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    trial(&ctx, &home, 3, true).await;
    let spec = Asked { campaign: Some("u1".into()), ..Asked::default() }.spec().unwrap();
    let answer = campaigns::uplift_of(&ctx, &spec).await.unwrap();
    let found = answer.found.clone().unwrap();
    assert!(found.is_found, "{answer:?}");
    assert_eq!((found.n[0] + found.n[1], answer.n_refused), (1_200, Some(0)));
    assert!(found.tenths[0].uplift > 0.25 && found.tenths[9].uplift < 0.2, "{:?}", found.tenths);
    let target = list(&ctx, &spec, "uplift", None, "target").await;
    let told: u64 = found.tenths.iter().filter(|tenth| tenth.is_target).map(|tenth| tenth.n).sum();
    assert_eq!(target.len() as u64, told);
    let mut tenths = BTreeSet::new();
    for at in 1..=10 {
        let own = list(&ctx, &spec, "uplift", None, &at.to_string()).await;
        assert_eq!(own.len() as u64, found.tenths[at - 1].n);
        tenths.extend(own);
    }
    assert_eq!(tenths.len(), 1_200, "everybody stands in one tenth");
    // The effect is known: 45 points for one half, none for the other.
    let lift = campaigns::effect(&ctx, &spec).await.unwrap().lift.unwrap();
    let rate = lift.rate.unwrap();
    assert!(rate.low < 0.225 && 0.225 < rate.high && lift.verdict == Verdict::Worked, "{rate:?}");
    assert!(!lift.looks.is_empty() && lift.looks.windows(2).all(|pair| pair[0].p >= pair[1].p));
    // INV-CAMPAIGN-3.
    let one = ProfileId::new(*target.iter().next().unwrap());
    consents::record(&ctx, one, &[refusal()], "x").await.unwrap();
    let answer = campaigns::uplift_of(&ctx, &spec).await.unwrap();
    let found = answer.found.unwrap();
    assert_eq!((found.n[0] + found.n[1], answer.n_refused), (1_199, Some(1)));
    for at in 1..=10 {
        assert!(!list(&ctx, &spec, "uplift", None, &at.to_string()).await.contains(&one.get()));
    }
    // What campaigns are counted by is no profile of anybody: the board still counts everybody.
    let board = campaigns::board(&ctx, &spec).await.unwrap();
    assert_eq!(board.total.n_targeted.unwrap() + board.total.n_holdout.unwrap(), 1_200);
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn that_nobody_differs_is_said() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    trial(&ctx, &home, 5, false).await;
    let spec = Asked { campaign: Some("u1".into()), ..Asked::default() }.spec().unwrap();
    let answer = campaigns::uplift_of(&ctx, &spec).await.unwrap();
    let found = answer.found.unwrap();
    assert!(!found.is_found && found.tenths.is_empty(), "{found:?}");
    assert!(answer.head.meaning.0.contains("没有发现") && answer.head.meaning.1.contains("No heterogeneity found"));
    let part = Part { of: "uplift".into(), key: None, which: "target".into() };
    let none = campaigns::people(&ctx, &spec, &part, None, 5).await.unwrap();
    assert_eq!((none.total, none.people.len()), (Some(0), 0));
    let lift = campaigns::effect(&ctx, &spec).await.unwrap().lift.unwrap();
    // One draw in twenty seems to differ: the verdict is that of the interval, and never far from nothing.
    let rate = lift.rate.unwrap();
    let is_unclear = rate.low <= 0.0 && rate.high >= 0.0;
    assert!((lift.verdict == Verdict::Unclear) == is_unclear && rate.low < 0.03 && rate.high > -0.03, "{rate:?}");
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn budgets_are_proposed_where_weeks_allow_it_and_refused_where_not() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    in_shanghai(&ctx).await;
    let none = campaigns::budget(&ctx, &Asked::default().spec().unwrap()).await.unwrap();
    assert_eq!(none.problem, Some(NoBudget::NoCost));
    let mut dice = Dice::new(7);
    let mut text = String::from("campaign_id,channel,start_date,end_date,cost\n");
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status\n");
    for week in 0..45_u64 {
        let day = |at: u64| {
            jiff::civil::date(2025, 12, 1).checked_add(jiff::Span::new().days((week * 7 + at) as i64)).unwrap()
        };
        let (a, b) = (50 + dice.below(400), 50 + dice.below(400));
        text.push_str(&format!("a{week},search,{},{},{a}\nb{week},video,{},{},{b}\n", day(0), day(6), day(0), day(6)));
        // Search brings much, video next to nothing.
        let total = 800.0 + 1_500.0 * a as f64 / (a as f64 + 200.0) + dice.below(40) as f64;
        for at in 0..7 {
            orders.push_str(&format!(
                "T{week}-{at},M{},{} 10:00:00,{:.2},completed\n",
                dice.below(60),
                day(at),
                total / 7.0
            ));
        }
    }
    put(&ctx, &home, "campaigns.csv", &text, Entity::Campaigns).await;
    put(&ctx, &home, "orders.csv", &orders, Entity::Orders).await;
    let whole = Asked { from: Some("2025-12-01".into()), ..Asked::default() }.spec().unwrap();
    let answer = campaigns::budget(&ctx, &whole).await.unwrap();
    let budget = answer.budget.unwrap();
    let of = |channel: &str| budget.channels.iter().find(|one| one.channel == channel).unwrap();
    assert!(budget.is_found, "{budget:?}");
    assert!(of("search").proposed.unwrap() > of("search").present, "{budget:?}");
    assert!(of("video").proposed.unwrap() < of("video").present);
    let proposed: f64 = budget.channels.iter().filter_map(|one| one.proposed).sum();
    assert!((proposed + budget.unspent - budget.total).abs() < 1e-6 * budget.total);
    // Revenue and money by week are what there is.
    let spent: f64 = answer.spend.iter().flatten().sum();
    assert!(spent > 0.0 && answer.weeks.len() == answer.revenue.len());
    let short = Asked { from: Some("2026-09-01".into()), ..Asked::default() }.spec().unwrap();
    let answer = campaigns::budget(&ctx, &short).await.unwrap();
    assert!(matches!(answer.problem, Some(NoBudget::TooFewWeeks { needed: 15, .. })), "{:?}", answer.problem);
    assert!(answer.head.meaning.0.contains("周") && answer.head.meaning.1.contains("weeks"));
    ctx.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn small_groups_are_not_told_and_mistakes_are() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, 3).await;
    let ann = acting(&ctx, &somebody("ann", Role::Analyst));
    let spec = Asked { by: Some("creative".into()), window_days: Some(3), ..Asked::default() }.spec().unwrap();
    let hers = campaigns::board(&ann, &spec).await.unwrap();
    for row in hers.rows.iter().chain([&hers.total]) {
        let told = [row.n_targeted, row.n_reached, row.n_delivered, row.n_opened, row.n_clicked, row.n_converted];
        for n in told.into_iter().flatten() {
            assert!(n == 0 || n >= 10, "{row:?}");
        }
    }
    let credit = campaigns::attribution(&ann, &Asked::default().spec().unwrap()).await.unwrap();
    assert!(credit.channels.iter().all(|one| one.n_people.is_some_and(|n| n == 0 || n >= 10)), "{credit:?}");
    let wrong = Asked {
        by: Some("colour".into()),
        from: Some("yesterday".into()),
        window_days: Some(0),
        holdout_share: Some(2.0),
        ..Asked::default()
    };
    let error = wrong.spec().unwrap_err();
    assert_eq!(error.code.as_str(), "bad_request");
    for word in ["colour", "yesterday", "window_days", "holdout_share"] {
        assert!(error.message.contains(word) && error.message_zh.contains(word), "{word}: {}", error.message);
    }
    let usual = Asked::default().spec().unwrap();
    assert_eq!(campaigns::effect(&ctx, &usual).await.unwrap_err().code.as_str(), "bad_request", "no campaign named");
    for (of, key, which) in [("board", Some("nope"), "reached"), ("board", None, "nope"), ("nope", None, "reached")] {
        let part = Part { of: of.into(), key: key.map(str::to_owned), which: which.into() };
        assert_eq!(campaigns::people(&ctx, &usual, &part, None, 5).await.unwrap_err().code.as_str(), "bad_request");
    }
    let part = Part { of: "board".into(), key: Some("c1".into()), which: "converted".into() };
    let n = list(&ctx, &usual, "board", Some("c1"), "converted").await.len() as u64;
    let (segment, kept) = campaigns::save(&ctx, &usual, &part, "买了的").await.unwrap();
    assert_eq!((kept, segment.n_members), (n, Some(n)));
    // Of a segment, people and money alike.
    let of = Asked { segment: Some(segment.id.to_string()), ..Asked::default() }.spec().unwrap();
    let whole = campaigns::board(&ctx, &usual).await.unwrap();
    let part = campaigns::board(&ctx, &of).await.unwrap();
    assert_eq!(part.rows.iter().find(|row| row.key == "c1").unwrap().n_converted, Some(n));
    assert!(part.total.cost < whole.total.cost);
    ctx.close().await;
}
