//! Needs on real stores: rules that the data were made with are found and hold, those of chance do not; lists hold whom they
//! count.

use std::collections::BTreeSet;

use jiff::civil::date;
use zhike_domain::audience::sample::Dice;
use zhike_domain::id::ProfileId;
use zhike_domain::import::entity::Entity;
use zhike_engine::Ctx;
use zhike_engine::consents;
use zhike_engine::goods::{self, Asked, Of, Part, Spec, Status, Which};
use zhike_engine::workspace::{self, Workspace};

use crate::support::{Home, load, refusal};

const N_PEOPLE: u64 = 400;
const PRODUCTS: &str = "product_id,name,category_1\nP0,奶粉,母婴\nP1,尿布,护理\nP2,猫粮,宠物\nP3,茶,饮料\n";

/// A year of orders on 12 days a customer. Parents, who bought milk powder in spring, buy nappies later on; others buy cat food
/// or tea. Without a pattern everybody buys anything.
async fn shop(ctx: &Ctx, home: &Home, has_pattern: bool) {
    let shop = Workspace { name: "Shop".into(), currency: "CNY".into(), zone: "Asia/Shanghai".into() };
    workspace::set(ctx, shop).await.unwrap();
    let mut dice = Dice::new(5);
    let mut orders = String::from("order_id,member_id,ordered_at,amount,status\n");
    let mut items = String::from("order_id,line_no,member_id,ordered_at,product_id,quantity,unit_price,amount\n");
    for who in 0..N_PEOPLE {
        let is_parent = who % 4 == 0;
        for month in 0..12_u64 {
            let day = date(2025, 10, 1)
                .checked_add(jiff::Span::new().months(month as i64).days(dice.below(28) as i64))
                .unwrap();
            let product = match (has_pattern, is_parent, month) {
                (false, ..) => dice.below(4),
                (true, true, 0..=7) => 0,
                (true, true, _) => [1, 1, 1, 3][dice.below(4) as usize],
                (true, false, _) => 2 + dice.below(2),
            };
            let (order, at) = (format!("T{who}-{month}"), format!("{day} 12:00:00"));
            orders.push_str(&format!("{order},M{who},{at},50.00,completed\n"));
            items.push_str(&format!("{order},1,M{who},{at},P{product},1,50.00,50.00\n"));
        }
    }
    for (name, text, entity) in [
        ("products.csv", PRODUCTS, Entity::Products),
        ("orders.csv", &orders, Entity::Orders),
        ("items.csv", &items, Entity::OrderItems),
    ] {
        let report = load(ctx, &home.file(name, text), entity).await.unwrap();
        assert!(report.rows_quarantined == 0, "{name}: {report:?}");
    }
}

fn spec() -> Spec {
    Asked { level: Some("category".into()), ..Asked::default() }.spec().unwrap()
}

async fn list(ctx: &Ctx, part: &Part) -> Vec<ProfileId> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = goods::people(ctx, &spec(), part, after, 50).await.unwrap();
        found.extend(page.people.iter().map(|one| one.profile_id));
        after = page.next;
        if after.is_none() {
            assert_eq!(page.total, Some(found.len() as u64));
            return found;
        }
    }
}

#[tokio::test]
async fn needs_that_the_data_were_made_with_are_found() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, true).await;
    let found = goods::needed(&ctx, &spec()).await.unwrap();
    let grade = found.grade.unwrap();
    assert!((N_PEOPLE * 3 / 4..=N_PEOPLE).contains(&grade.n) && found.n_learnt > N_PEOPLE / 2, "{grade:?}");
    assert!(grade.by_rule > grade.by_habit + 0.1 && grade.by_rule > grade.by_best_seller, "{grade:?}");
    assert_eq!(found.status, Status::InUse);
    let rule = found.rules.iter().find(|rule| rule.good.id == "护理").unwrap();
    assert!(rule.holds && rule.lift > 2.0 && rule.q < 0.001, "{rule:?}");
    let n_parents: u64 =
        found.rules.iter().filter(|rule| rule.good.id == "护理").filter_map(|rule| rule.n_people).sum();
    assert!((N_PEOPLE / 6..=N_PEOPLE / 4).contains(&n_parents), "{:?}", found.rules);
    let says = |what: &str| rule.conditions.iter().any(|(zh, en)| zh.contains(what) || en.contains(what));
    assert!(says("近一年买") && (says("≥") || says("≤")), "{rule:?}");

    // Every count is that of its list; each customer meets one rule at most.
    let mut seen = BTreeSet::new();
    for rule in &found.rules {
        let part =
            |which| Part { of: Of::Need, antecedent: rule.keys.clone(), consequent: rule.good.id.clone(), which };
        let all = list(&ctx, &part(Which::Both)).await;
        assert_eq!(rule.n_people, Some(all.len() as u64));
        assert!(all.iter().all(|id| seen.insert(*id)));
        let without = list(&ctx, &part(Which::Left)).await;
        assert_eq!(rule.n_without, Some(without.len() as u64));
        assert!(without.iter().all(|id| all.contains(id)));
    }
    for one in &found.extension {
        let part =
            Part { of: Of::Extension, antecedent: Vec::new(), consequent: one.good.id.clone(), which: Which::Both };
        assert_eq!(one.n_people, Some(list(&ctx, &part).await.len() as u64));
    }
    let told: u64 = found.extension.iter().filter_map(|one| one.n_people).sum();
    assert_eq!(told, N_PEOPLE, "nobody has had everything: {:?}", found.extension);

    // A parent is told so, and whoever refuses profiling is not.
    let part = Part { of: Of::Need, antecedent: rule.keys.clone(), consequent: "护理".into(), which: Which::Both };
    let parent = list(&ctx, &part).await[0];
    let person = goods::for_person(&ctx, parent, 3).await.unwrap();
    assert_eq!(person.need.unwrap().good.id, "护理");
    assert!(person.extension.is_some());
    consents::record(&ctx, parent, &[refusal()], "owner").await.unwrap();
    let person = goods::for_person(&ctx, parent, 3).await.unwrap();
    assert!(person.is_refused && person.need.is_none() && person.extension.is_none());
    assert!(!list(&ctx, &part).await.contains(&parent));
    let gone = Part { antecedent: vec!["days_since_order > 1".into()], ..part };
    assert!(goods::people(&ctx, &spec(), &gone, None, 5).await.is_err());
}

#[tokio::test]
async fn without_a_pattern_no_rule_is_used() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    shop(&ctx, &home, false).await;
    let found = goods::needed(&ctx, &spec()).await.unwrap();
    assert!(found.rules.iter().all(|rule| !rule.holds), "{:?}", found.rules);
    let grade = found.grade.unwrap();
    assert!((grade.by_rule - grade.by_best_seller).abs() < 0.1, "{grade:?}");
}

#[tokio::test]
async fn too_few_customers_teach_no_need() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    let found = goods::needed(&ctx, &spec()).await.unwrap();
    assert!(found.grade.is_none() && found.rules.is_empty() && found.extension.is_empty());
    assert!(found.head.meaning.0.contains("200"));
}
