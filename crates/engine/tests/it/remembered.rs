//! INV-KPI-2: what was asked before changes no number, whatever came, changed, moved or went meanwhile.

use proptest::prelude::*;
use zhike_domain::import::entity::Entity;
use zhike_domain::kpi::{PeriodKind, kpis};
use zhike_domain::rfm::{Mode, Rules, Tier};
use zhike_engine::kpis::{self, Ask};
use zhike_engine::overview::{self, Compare};
use zhike_engine::refresh::{self, RefreshOptions};
use zhike_engine::{Ctx, rfm};

use crate::erasure::erase;
use crate::support::{Home, load, rows};

/// What can happen between two questions.
#[derive(Clone, Debug)]
enum Step {
    /// Orders of a member so many days before the last of the data: new ones, late ones, or the same again, changed.
    Orders { first: u32, n: u32, member: u32, days_back: u32, amount: u32 },
    /// Events of a member.
    Events { first: u32, member: u32, days_back: u32 },
    /// Two members turn out to be one customer.
    Merge { member: u32, other: u32 },
    /// A member is erased.
    Erase { member: u32 },
    /// Scores are computed anew, tables tidied.
    Refresh,
}

fn step() -> impl Strategy<Value = Step> {
    let orders = (0_u32..30, 1_u32..4, 0_u32..6, 0_u32..200, 1_u32..50)
        .prop_map(|(first, n, member, days_back, amount)| Step::Orders { first, n, member, days_back, amount });
    let events = (0_u32..30, 0_u32..6, 0_u32..200).prop_map(|(first, member, days_back)| Step::Events {
        first,
        member,
        days_back,
    });
    prop_oneof![
        4 => orders,
        2 => events,
        1 => (0_u32..6, 0_u32..6).prop_map(|(member, other)| Step::Merge { member, other }),
        1 => (0_u32..6).prop_map(|member| Step::Erase { member }),
        1 => Just(Step::Refresh),
    ]
}

fn day(days_back: u32) -> jiff::civil::Date {
    jiff::civil::date(2026, 10, 31).checked_sub(jiff::Span::new().days(i64::from(days_back))).unwrap()
}

async fn take(ctx: &Ctx, home: &Home, number: usize, step: &Step) {
    let (entity, text) = match step {
        Step::Orders { first, n, member, days_back, amount } => {
            let mut text = String::from("order_id,member_id,ordered_at,amount,status\n");
            for order in *first..first + n {
                let at = day(*days_back);
                text.push_str(&format!(
                    "T{order},M{member},{at} 10:{order:02}:00,{}.50,completed\n",
                    amount + number as u32
                ));
            }
            (Entity::Orders, text)
        }
        Step::Events { first, member, days_back } => {
            let at = day(*days_back);
            let text = format!(
                "event_id,event,occurred_at,member_id,session_id\ne{number}-{first},view,{at} 11:00:00,M{member},s{member}\n"
            );
            (Entity::Events, text)
        }
        Step::Merge { member, other } => {
            let phone = format!("139572648{member}{other}");
            (Entity::Profiles, format!("member_id,name,phone\nM{member},张三,{phone}\nM{other},张三,{phone}\n"))
        }
        Step::Erase { member } => {
            let is_there = format!("SELECT count(*) FROM identities WHERE kind = 'member_id' AND value = 'M{member}'");
            if rows(ctx, &is_there).await == ["1"] {
                erase(ctx, &format!("M{member}")).await;
            }
            return;
        }
        Step::Refresh => {
            // Without orders there is nothing to score, which is said.
            let _ = refresh::refresh(ctx, RefreshOptions::default()).await;
            return;
        }
    };
    load(ctx, &home.file(&format!("{number}.csv"), text), entity).await.unwrap();
}

/// All that pages ask again and again.
async fn answers(ctx: &Ctx) -> Vec<String> {
    let mut all = Vec::new();
    for by in [PeriodKind::Month, PeriodKind::Week] {
        let ask = Ask { by, from: None, to: None, dimension: None, top: 3 };
        all.extend(kpis::list(ctx, ask).await.unwrap().into_iter().map(|series| format!("{series:?}")));
    }
    all.push(format!("{:?}", overview::overview(ctx, None, None, Compare::Previous).await.unwrap()));
    all.push(format!("{:?}", rfm::grid(ctx, None).await.unwrap()));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, max_shrink_iters: 20, ..ProptestConfig::default() })]

    #[test]
    fn a_remembered_number_is_the_one_computed_now(steps in prop::collection::vec(step(), 3..7)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async {
            let home = Home::sqlite();
            let ctx = home.open().await;
            for (number, step) in steps.iter().enumerate() {
                take(&ctx, &home, number, step).await;
                let remembered = answers(&ctx).await;
                // Another process has nothing to remember.
                let other = home.open().await;
                let computed = answers(&other).await;
                other.close().await;
                assert_eq!(remembered.len(), computed.len());
                for (remembered, computed) in remembered.iter().zip(&computed) {
                    assert_eq!(remembered, computed, "after {step:?}");
                }
                assert_eq!(answers(&ctx).await, remembered, "asked again");
            }
            ctx.close().await;
        });
    }
}

/// Rules are tried without being put in force: nobody is lost, and the usual rules move nobody.
#[tokio::test(flavor = "multi_thread")]
async fn rules_are_tried_before_they_are_put_in_force() {
    assert!(kpis().len() > 30);
    let home = Home::sqlite();
    let ctx = home.open().await;
    assert!(rfm::preview(&ctx, &Rules::default()).await.unwrap().is_none());
    let mut text = String::from("order_id,member_id,ordered_at,amount,status\n");
    for order in 0..60_u32 {
        let member = order % 20;
        text.push_str(&format!("T{order},M{member},{} 10:00:00,{}.50,completed\n", day(member * 9), 10 + member * 40));
    }
    load(&ctx, &home.file("orders.csv", text), Entity::Orders).await.unwrap();
    refresh::refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let usual = rfm::preview(&ctx, &Rules::default()).await.unwrap().unwrap();
    assert_eq!(usual.n_customers, Some(20));
    assert!(usual.groups.moves.is_empty() && usual.tiers.moves.is_empty());

    let mut other = Rules { mode: Mode::Thresholds, ..Rules::default() };
    other.thresholds.monetary = [5_000, 4_000, 3_000, 2_000];
    let tried = rfm::preview(&ctx, &other).await.unwrap().unwrap();
    assert!(!tried.tiers.moves.is_empty());
    assert_eq!(refresh::rules(&ctx).await.unwrap().1, 0, "trying changes nothing");
    // What was promised is what the next refresh does.
    assert_eq!(refresh::set_rules(&ctx, &other, Some(0)).await.unwrap(), 1);
    let late = refresh::set_rules(&ctx, &other, Some(0)).await.unwrap_err();
    assert_eq!(late.code, zhike_domain::error_code::ErrorCode::Conflict);
    refresh::refresh(&ctx, RefreshOptions::default()).await.unwrap();
    let grid = rfm::grid(&ctx, None).await.unwrap().unwrap();
    for (tier, sums) in grid.tiers {
        let then = tried.tiers.classes.iter().find(|class| class.class == tier).unwrap().then;
        assert_eq!(then, sums.map(|sums| sums.n_customers.unsigned_abs()), "{tier:?}");
    }
    let moved: Vec<Tier> = tried.tiers.moves.iter().map(|one| one.from).collect();
    assert!(moved.iter().all(|from| tried.tiers.classes.iter().any(|class| class.class == *from)));
    other.tiers.pop();
    assert!(rfm::preview(&ctx, &other).await.is_err(), "rules that leave somebody out are refused");
    ctx.close().await;
}
