//! Behaviour on real stores: every number is that of a plain computation over all facts, and of the list behind it, in any
//! zone, across a clock change.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value as Json, json};
use zhike_domain::access::Role;
use zhike_domain::analysis::{Kind, Spec};
use zhike_domain::audience::sample::Dice;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{Period, PeriodKind};
use zhike_engine::Ctx;
use zhike_engine::analysis::{self, Node, Part, Value};
use zhike_engine::segments;
use zhike_engine::workspace::{self, Workspace, day_number};

use crate::support::{Home, load, rows};
use crate::watch::{acting, somebody};

const N_PEOPLE: u64 = 14;
const DAY_US: i64 = 86_400_000_000;
const NAMES: [&str; 4] = ["view", "cart", "pay", "help"];

/// A shop whose people click and order around the night on which New York puts its clocks back.
async fn shop(ctx: &Ctx, home: &Home, zone: &str, seed: u64) {
    let shop = Workspace { name: "Shop".into(), currency: "USD".into(), zone: zone.into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(seed);
    let time = |dice: &mut Dice| {
        // Hours that are few, so that facts meet at one instant.
        let day = jiff::civil::date(2026, 10, 20).checked_add(jiff::Span::new().days(dice.below(32) as i64)).unwrap();
        format!("{day} {:02}:{:02}:00", dice.below(24), 30 * dice.below(2))
    };
    let mut events = String::from("event_id,event,occurred_at,member_id,channel,session_id\n");
    for event in 0..260 {
        let (at, name) = (time(&mut dice), dice.of(&NAMES));
        let (channel, session) = (dice.of(&["web", "app", ""]), dice.below(60));
        events.push_str(&format!("e{event},{name},{at},M{},{channel},s{session}\n", dice.below(N_PEOPLE)));
    }
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status,channel\n");
    for order in 0..90 {
        let (at, channel) = (time(&mut dice), dice.of(&["web", "store"]));
        let status = if dice.below(6) == 0 { "cancelled" } else { "completed" };
        orders.push_str(&format!(
            "T{order},M{},{at},{}.50,{status},{channel}\n",
            dice.below(N_PEOPLE),
            5 + dice.below(90)
        ));
    }
    let mut people = String::from("member_id,province\n");
    (0..N_PEOPLE).for_each(|one| people.push_str(&format!("M{one},{}\n", dice.of(&["浙江", "广东", ""]))));
    for (name, text, entity) in [
        ("people.csv", people.as_str(), Entity::Profiles),
        ("events.csv", &events, Entity::Events),
        ("orders.csv", &orders, Entity::Orders),
    ] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert!(report.rows_loaded > 0 && report.rows_quarantined == 0, "{name}: {report:?}");
    }
}

/// A fact as it stands in the tables.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Fact {
    who: i64,
    at: i64,
    table: &'static str,
    name: String,
    channel: String,
    session: String,
}

async fn facts(ctx: &Ctx) -> Vec<Fact> {
    let mut found = Vec::new();
    let all = [
        ("events", "SELECT profile_id, occurred_at, event, channel, session_id FROM events"),
        ("orders", "SELECT profile_id, ordered_at, 'order', channel, '-' FROM orders WHERE status <> 'cancelled'"),
    ];
    for (table, sql) in all {
        for line in rows(ctx, sql).await {
            let cells: Vec<&str> = line.split('|').collect();
            let text = |at: usize| if cells[at] == "-" { String::new() } else { cells[at].to_owned() };
            found.push(Fact {
                who: cells[0].parse().unwrap(),
                at: cells[1].parse::<jiff::Timestamp>().unwrap().as_microsecond(),
                table,
                name: text(2),
                channel: text(3),
                session: text(4),
            });
        }
    }
    found.sort();
    found
}

fn event(name: &str) -> Json {
    json!({ "of": "events", "where": [{ "field": "event", "op": "eq", "value": name }] })
}

fn is_step(fact: &Fact, step: &Json) -> bool {
    let named = step["where"][0]["value"].as_str();
    step["of"] == fact.table && named.is_none_or(|name| name == fact.name)
}

/// The most steps in order, each by a fact of its own, from any beginning, tried in every way.
fn farthest(facts: &[&Fact], steps: &[Json], begun: (i64, i64), window: i64, is_any: bool) -> usize {
    fn go(
        facts: &[&Fact],
        steps: &[Json],
        used: &mut Vec<usize>,
        left: &[usize],
        last: i64,
        end: i64,
        any: bool,
    ) -> usize {
        let mut best = 0;
        let next: &[usize] = if any { left } else { &left[..left.len().min(1)] };
        for step in next {
            for at in 0..facts.len() {
                let fact = facts[at];
                if used.contains(&at) || fact.at < last || fact.at > end || !is_step(fact, &steps[*step]) {
                    continue;
                }
                used.push(at);
                let rest: Vec<usize> = left.iter().copied().filter(|other| other != step).collect();
                let last = if any { last } else { fact.at };
                best = best.max(1 + go(facts, steps, used, &rest, last, end, any));
                used.pop();
                if best == left.len() {
                    return best;
                }
            }
        }
        best
    }
    let all: Vec<usize> = (0..steps.len()).collect();
    let mut best = 0;
    for start in facts.iter().filter(|fact| begun.0 <= fact.at && fact.at < begun.1) {
        let begins = if is_any { steps.iter().any(|step| is_step(start, step)) } else { is_step(start, &steps[0]) };
        if begins {
            let inside: Vec<&Fact> = facts.iter().copied().filter(|fact| fact.at >= start.at).collect();
            best = best.max(go(&inside, steps, &mut Vec::new(), &all, start.at, start.at + window, is_any));
        }
    }
    best
}

async fn spec(ctx: &Ctx, kind: Kind, json: &Json) -> Spec {
    analysis::read(ctx, kind, json).await.unwrap()
}

async fn list(ctx: &Ctx, spec: &Spec, part: &Part) -> BTreeSet<i64> {
    let mut found = BTreeSet::new();
    let mut after = None;
    loop {
        let page = analysis::people(ctx, spec, part, after, 5).await.unwrap();
        let ids = page.people.iter().map(|one| one.profile_id.get());
        ids.for_each(|id| assert!(found.insert(id), "{id} stands on two pages"));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, Some(found.len() as u64));
            return found;
        }
    }
}

async fn funnels(ctx: &Ctx, seed: u64) {
    let all = facts(ctx).await;
    let by_person = by(&all, |fact| Some(fact.who.to_string()));
    let by_session =
        by(&all, |fact| (fact.table == "events" && !fact.session.is_empty()).then(|| fact.session.clone()));
    let mut dice = Dice::new(seed);
    let workspace = ctx.workspace();
    for round in 0..24 {
        let count_by = *dice.of(&["person", "person", "session"]);
        let step = |dice: &mut Dice| match dice.below(4) {
            0 if count_by == "person" => json!({ "of": "orders" }),
            1 => json!({ "of": "events" }),
            _ => {
                let name: &&str = dice.of(&NAMES);
                event(name)
            }
        };
        let steps: Vec<Json> = (0..2 + dice.below(2)).map(|_| step(&mut dice)).collect();
        let order = *dice.of(&["ordered", "any"]);
        let (first, last) = (day_number(jiff::civil::date(2026, 10, 25)), day_number(jiff::civil::date(2026, 11, 8)));
        let days = 1 + dice.below(6) as i64;
        let json = json!({ "steps": steps, "order": order, "count_by": count_by, "window": { "n": days, "unit": "day" },
            "from": "2026-10-25", "to": "2026-11-08" });
        let spec = spec(ctx, Kind::Funnel, &json).await;
        let Spec::Funnel(funnel) = &spec else { panic!() };
        let answer = analysis::funnel(ctx, funnel).await.unwrap();
        let begun = (workspace.day_start(first), workspace.day_start(last + 1));
        let units = if count_by == "person" { &by_person } else { &by_session };
        let mut expected = vec![0_u64; steps.len()];
        let mut reached: Vec<BTreeSet<i64>> = vec![BTreeSet::new(); steps.len()];
        for facts in units.values() {
            let n = farthest(facts, &steps, begun, days * DAY_US, order == "any");
            for step in 0..n {
                expected[step] += 1;
                reached[step].insert(facts[0].who);
            }
        }
        let found: Vec<u64> = answer.steps.iter().map(|step| step.n.unwrap()).collect();
        assert_eq!(found, expected, "round {round}: {json}");
        assert_eq!(answer.n_incomplete, Some(0), "every window has passed");
        for (at, people) in reached.iter().enumerate() {
            let part = Part::Step { step: at + 1, lost: false, group: None };
            assert_eq!(&list(ctx, &spec, &part).await, people, "round {round}, step {at}: {json}");
        }
        if count_by == "person" {
            let lost: BTreeSet<i64> = reached[0].difference(&reached[1]).copied().collect();
            assert_eq!(list(ctx, &spec, &Part::Step { step: 2, lost: true, group: None }).await, lost, "{json}");
        }
        // Parts add up to the whole, and to their lists.
        let mut apart = json.clone();
        apart["breakdown"] = match dice.below(2) {
            0 => json!({ "field": "channel" }),
            _ => json!({ "trait": "province" }),
        };
        let apart = self::spec(ctx, Kind::Funnel, &apart).await;
        let Spec::Funnel(funnel) = &apart else { panic!() };
        let answer = analysis::funnel(ctx, funnel).await.unwrap();
        for (at, all) in expected.iter().enumerate() {
            let sum: u64 = answer.groups.iter().map(|group| group.steps[at].unwrap()).sum();
            assert_eq!(sum, *all, "round {round}: {json}");
        }
        if count_by == "person" {
            for group in &answer.groups {
                let part = Part::Step { step: 1, lost: false, group: Some(group.value.clone()) };
                assert_eq!(list(ctx, &apart, &part).await.len() as u64, group.steps[0].unwrap(), "{:?}", group.value);
            }
        }
    }
}

fn by(facts: &[Fact], of: impl Fn(&Fact) -> Option<String>) -> BTreeMap<String, Vec<&Fact>> {
    let mut found: BTreeMap<String, Vec<&Fact>> = BTreeMap::new();
    for fact in facts {
        if let Some(unit) = of(fact) {
            // A session belongs to one person here, as it does in life.
            found.entry(format!("{unit} {}", fact.who)).or_default().push(fact);
        }
    }
    found.values_mut().for_each(|facts| facts.sort_by_key(|fact| fact.at));
    found
}

/// Who could have come back in a period and who did; nothing where it is not over.
type Kept = Option<(u64, u64)>;

/// Periods since the first of the calendar.
fn place(kind: PeriodKind, first: Period, day: i64) -> i64 {
    let (wanted, mut at, mut n) = (Period::containing(kind, day), first, 0);
    while at < wanted {
        (at, n) = (at.next(), n + 1);
    }
    while wanted < at {
        (at, n) = (at.previous(), n - 1);
    }
    n
}

async fn retentions(ctx: &Ctx) {
    let all = facts(ctx).await;
    let workspace = ctx.workspace();
    let people = by(&all, |fact| Some(fact.who.to_string()));
    let through = segments::as_of(ctx, None).await.unwrap();
    let (first, last) = (day_number(jiff::civil::date(2026, 10, 26)), day_number(jiff::civil::date(2026, 11, 15)));
    for (by_name, kind) in [("day", PeriodKind::Day), ("week", PeriodKind::Week)] {
        for (is_first, is_unbounded, is_rolling) in [
            (false, false, false),
            (true, false, false),
            (false, true, false),
            (true, true, true),
            (false, false, true),
        ] {
            let json = json!({ "start": event("view"), "back": { "of": "orders" }, "first_time": is_first, "by": by_name,
                "rolling": is_rolling, "measure": if is_unbounded { "unbounded" } else { "exact" }, "periods": 4,
                "from": "2026-10-26", "to": "2026-11-15" });
            let spec = spec(ctx, Kind::Retention, &json).await;
            let Spec::Retention(question) = &spec else { panic!() };
            let answer = analysis::retention(ctx, question).await.unwrap();
            let zero = Period::containing(kind, first);
            let length = if kind == PeriodKind::Week { 7 * DAY_US } else { DAY_US };
            // The day after the last that is known, and the first instant of which nothing is.
            let end = if through.until() >= through.end() { through.day + 1 } else { through.day };
            let (end_period, end_at) = (place(kind, zero, end), through.until());
            let begun = (workspace.day_start(first), workspace.day_start(last + 1));
            let mut expected: BTreeMap<i64, (u64, Vec<Kept>)> = BTreeMap::new();
            let mut back: BTreeMap<(i64, usize), BTreeSet<i64>> = BTreeMap::new();
            for facts in people.values() {
                let views: Vec<i64> = facts.iter().filter(|fact| fact.name == "view").map(|fact| fact.at).collect();
                let orders: Vec<i64> = facts.iter().filter(|fact| fact.table == "orders").map(|fact| fact.at).collect();
                let mut starts: Vec<i64> = views.iter().copied().filter(|at| begun.0 <= *at && *at < begun.1).collect();
                if is_first {
                    starts.retain(|at| views.first() == Some(at));
                    starts.truncate(1);
                }
                let mut cohorts: BTreeMap<i64, i64> = BTreeMap::new();
                for at in starts {
                    cohorts.entry(place(kind, zero, workspace.day_of(at))).or_insert(at);
                }
                for (cohort, start) in cohorts {
                    let row = expected.entry(cohort).or_insert((0, vec![None; 4]));
                    row.0 += 1;
                    for column in 0..4_i64 {
                        let is_over = match is_rolling {
                            true => start + (column + 1) * length <= end_at,
                            false => cohort + column < end_period,
                        };
                        if !is_over {
                            continue;
                        }
                        let is_back = orders.iter().filter(|at| begun.0 <= **at).any(|at| {
                            let since = match is_rolling {
                                true if *at < start => return false,
                                true => (at - start) / length,
                                false => place(kind, zero, workspace.day_of(*at)) - cohort,
                            };
                            since == column || (is_unbounded && since > column)
                        });
                        let cell = row.1[column as usize].get_or_insert((0, 0));
                        cell.0 += 1;
                        cell.1 += u64::from(is_back);
                        if is_back {
                            back.entry((cohort, column as usize)).or_default().insert(facts[0].who);
                        }
                    }
                }
            }
            let group = &answer.groups[0];
            for cohort in &group.cohorts {
                let number = place(kind, zero, cohort.period.first);
                let (n, cells) = expected.remove(&number).unwrap_or((0, vec![None; 4]));
                let found: Vec<Option<(u64, u64)>> =
                    cohort.cells.iter().map(|cell| cell.map(|cell| (cell.n_observed, cell.n_back.unwrap()))).collect();
                assert_eq!((cohort.n, &found), (Some(n), &cells), "{} of {json}", cohort.period.name());
                if n > 0 && number % 3 == 0 {
                    let part =
                        Part::Cohort { cohort: Some(cohort.period.name()), column: Some(1), gone: false, group: None };
                    let wanted = back.get(&(number, 1)).cloned().unwrap_or_default();
                    assert_eq!(list(ctx, &spec, &part).await, wanted, "{} of {json}", cohort.period.name());
                }
            }
            assert!(expected.is_empty(), "{expected:?}");
        }
    }
}

async fn habits(ctx: &Ctx) {
    let all = facts(ctx).await;
    let workspace = ctx.workspace();
    let people = by(&all, |fact| Some(fact.who.to_string()));
    let zero = Period::containing(PeriodKind::Day, day_number(jiff::civil::date(2026, 10, 28)));
    let json = json!({ "activity": { "of": "events" }, "by": "day", "from": "2026-10-28", "to": "2026-11-06" });
    let spec_of = spec(ctx, Kind::Lifecycle, &json).await;
    let Spec::Lifecycle(question) = &spec_of else { panic!() };
    let answer = analysis::lifecycle(ctx, question).await.unwrap();
    assert_eq!(answer.rows.len(), 10);
    let days: Vec<(i64, BTreeSet<i64>)> = people
        .values()
        .map(|facts| {
            let events = facts.iter().filter(|fact| fact.table == "events");
            let days = events.map(|fact| place(PeriodKind::Day, zero, workspace.day_of(fact.at))).collect();
            (facts[0].who, days)
        })
        .collect();
    for (at, row) in (0..).zip(&answer.rows) {
        let life = |days: &BTreeSet<i64>| match (days.contains(&at), days.contains(&(at - 1)), days.range(..at).next())
        {
            (true, _, None) => Some("new"),
            (true, true, _) => Some("returning"),
            (true, false, _) => Some("resurrected"),
            (false, true, _) => Some("dormant"),
            _ => None,
        };
        for (number, name) in ["new", "returning", "resurrected", "dormant"].into_iter().enumerate() {
            let wanted: BTreeSet<i64> =
                days.iter().filter(|(_, days)| life(days) == Some(name)).map(|(who, _)| *who).collect();
            assert_eq!(row.n[number], Some(wanted.len() as u64), "{name} on {}", row.period.name());
            let part = Part::Life { period: row.period.name(), life: name.into() };
            assert_eq!(list(ctx, &spec_of, &part).await, wanted, "{name} on {}", row.period.name());
        }
    }
    let spec_of = spec(ctx, Kind::Stickiness, &json).await;
    let Spec::Stickiness(question) = &spec_of else { panic!() };
    let answer = analysis::stickiness(ctx, question).await.unwrap();
    for (n, people) in (1..).zip(&answer.by_periods) {
        let active = |days: &BTreeSet<i64>| days.range(0..10).count();
        let wanted: BTreeSet<i64> = days.iter().filter(|(_, days)| active(days) == n).map(|(who, _)| *who).collect();
        assert_eq!(*people, Some(wanted.len() as u64), "{n} days");
        assert_eq!(list(ctx, &spec_of, &Part::Periods { periods: n }).await, wanted, "{n} days");
    }
    let total: u64 = answer.by_times.iter().map(|one| one.2.unwrap()).sum();
    assert_eq!(Some(total), answer.n_people);
}

async fn flows(ctx: &Ctx) {
    let all = facts(ctx).await;
    let json = json!({ "anchor": "view", "depth": 3, "kept": 2, "from": "2026-10-20", "to": "2026-11-20" });
    let spec = spec(ctx, Kind::Paths, &json).await;
    let Spec::Paths(question) = &spec else { panic!() };
    let answer = analysis::paths(ctx, question).await.unwrap();
    let sessions = by(&all, |fact| (fact.table == "events" && !fact.session.is_empty()).then(|| fact.session.clone()));
    let with_view = sessions.values().filter(|facts| facts.iter().any(|fact| fact.name == "view")).count() as u64;
    assert_eq!(answer.n_sessions, Some(with_view));
    let out: u64 = answer.flows.iter().filter(|flow| flow.at == 0).map(|flow| flow.n.unwrap()).sum();
    assert_eq!(out, with_view, "everybody leaves the anchor");
    for at in 1..3 {
        let mut sums: BTreeMap<&Node, i64> = BTreeMap::new();
        for flow in &answer.flows {
            let n = flow.n.unwrap() as i64;
            if flow.at + 1 == at && flow.to != Node::End {
                *sums.entry(&flow.to).or_default() += n;
            }
            if flow.at == at {
                *sums.entry(&flow.from).or_default() -= n;
            }
        }
        assert!(sums.values().all(|sum| *sum == 0), "flows of step {at} do not add up: {sums:?}");
    }
    for flow in &answer.flows {
        let part = Part::Flow { at: flow.at, from: flow.from.clone(), to: flow.to.clone() };
        let people = list(ctx, &spec, &part).await.len() as u64;
        assert!(0 < people && people <= flow.n.unwrap(), "{flow:?}: {people}");
    }
}

/// INV-ANALYSIS-3.
#[tokio::test(flavor = "multi_thread")]
async fn every_number_is_that_of_a_plain_computation_in_any_zone() {
    for (zone, seed) in [("America/New_York", 3), ("Asia/Shanghai", 8)] {
        let home = Home::sqlite();
        let ctx = home.open().await;
        shop(&ctx, &home, zone, seed).await;
        funnels(&ctx, seed).await;
        retentions(&ctx).await;
        habits(&ctx).await;
        flows(&ctx).await;
        ctx.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_kept_as_a_segment_and_small_groups_are_not_told() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, "Asia/Shanghai", 5).await;
    let json = json!({ "steps": [{ "of": "events" }, event("pay")], "window": { "n": 3, "unit": "day" },
        "from": "2026-10-20", "to": "2026-11-10", "breakdown": { "trait": "province" } });
    let spec = spec(&ctx, Kind::Funnel, &json).await;
    let Spec::Funnel(funnel) = &spec else { panic!() };
    let answer = analysis::funnel(&ctx, funnel).await.unwrap();
    assert_eq!(answer.steps[0].n, Some(N_PEOPLE));
    assert!(answer.head.meaning.0.contains("14 人") && answer.head.sentence.1.contains("within 3 days"));
    let part = Part::Step { step: 2, lost: false, group: None };
    let (segment, n) = analysis::save(&ctx, &spec, &part, "付款的人").await.unwrap();
    assert_eq!((Some(n), segment.n_members), (answer.steps[1].n, answer.steps[1].n));
    assert!(analysis::save(&ctx, &spec, &part, "付款的人").await.is_err(), "the name is taken");
    // As a population, it is everybody who reaches the last step.
    let mut of = json.clone();
    of["segment"] = json!(segment.id.to_string());
    let of = self::spec(&ctx, Kind::Funnel, &of).await;
    let Spec::Funnel(of) = &of else { panic!() };
    let theirs = analysis::funnel(&ctx, of).await.unwrap();
    assert_eq!(theirs.steps.iter().map(|step| step.n).collect::<Vec<_>>(), [Some(n), Some(n)]);
    // An analyst is told of groups of ten and more, and of no part that gives a smaller one away.
    let ann = acting(&ctx, &somebody("ann", Role::Analyst));
    let answer = analysis::funnel(&ann, funnel).await.unwrap();
    assert!(answer.head.is_suppressed && answer.groups.iter().all(|group| group.steps[0].is_none()));
    let told: Vec<u64> = answer.steps.iter().filter_map(|step| step.n).collect();
    assert!(told.iter().all(|n| *n >= 10) && told.windows(2).all(|pair| pair[0] == pair[1] || pair[0] - pair[1] >= 10));
    let wrong = Part::Step { step: 3, lost: false, group: None };
    assert_eq!(analysis::people(&ctx, &spec, &wrong, None, 5).await.unwrap_err().code.as_str(), "bad_request");
    let other = Part::Step { step: 1, lost: false, group: Some(Value::Value("火星".into())) };
    assert!(analysis::people(&ctx, &spec, &other, None, 5).await.unwrap().people.is_empty());
    let problems = analysis::read(&ctx, Kind::Funnel, &json!({ "steps": [] })).await.unwrap_err();
    assert_eq!((problems.code.as_str(), problems.problems[0].pointer.as_str()), ("invalid_analysis", "/steps"));
    ctx.close().await;
}
