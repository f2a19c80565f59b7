//! Budgets by class of data: what shows a class in the clear draws from its budget, by whatever way; masked values draw nothing.

use zhike_domain::access::{Means, Principal, Role, granted};
use zhike_domain::error_code::ErrorCode;
use zhike_domain::grade::{Class, Classes};
use zhike_engine::customers::{Sort, Whom};
use zhike_engine::exports::{Export, Request, What};
use zhike_engine::profiles::{self, Show};
use zhike_engine::query::{self, QueryLimits};
use zhike_engine::refresh::refresh;
use zhike_engine::{Ctx, guard, history, tags};

use crate::support::Home;
use crate::watch::{acting, everybody, some_customers, somebody};

/// How much of a class each may take in a day; the other budgets have room.
async fn bound(ctx: &Ctx, class: &str, per_day: u64) {
    let mut budgets = guard::budgets(ctx).await.unwrap();
    for meters in budgets.roles.values_mut() {
        meters.retain(|meter, _| !meter.starts_with("class."));
        meters.insert(format!("class.{class}"), guard::Limit { per_minute: None, per_day: Some(per_day) });
    }
    guard::set_budgets(ctx, &somebody("boss", Role::SecurityAdmin), &budgets).await.unwrap();
}

/// A person of their own: nothing was used of their budgets.
fn fresh(ctx: &Ctx, name: &str, role: Role) -> Ctx {
    acting(ctx, &somebody(name, role))
}

/// How many rows a query gives, or why none.
async fn rows(ctx: &Ctx, sql: &str) -> Result<usize, ErrorCode> {
    let mut rows = query::sql(ctx, sql, QueryLimits::default()).await.map_err(|error| error.code)?;
    let mut n = 0;
    while let Some(frame) = rows.next().await.map_err(|error| error.code)? {
        n += frame.n_rows();
    }
    Ok(n)
}

/// INV-GUARD-5 of queries: aliases, expressions, subqueries and unions hide no class; masked columns, ids, filters and counts show
/// none.
#[tokio::test]
async fn a_query_draws_from_the_classes_that_its_answer_holds() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    some_customers(&home, &ctx, 12).await;
    bound(&ctx, "commerce", 5).await;
    let over = [
        "SELECT net_amount FROM orders",
        "SELECT o.x FROM (SELECT amount * 2 AS x FROM orders) o",
        "SELECT concat('a', cast(net_amount AS text)) AS profile_id FROM orders",
        "WITH w AS (SELECT order_id AS a, profile_id AS b FROM orders) SELECT w.a FROM w JOIN profiles p ON p.profile_id = w.b",
        "SELECT 'x' AS a FROM products UNION ALL SELECT status FROM orders",
        "SELECT profile_id, (SELECT max(net_amount) FROM orders) AS m FROM profiles",
        "SELECT profile_id, sum(amount) FROM orders GROUP BY profile_id",
        "SELECT DISTINCT order_id FROM orders",
        "SELECT row_number() OVER (ORDER BY 1), lag(amount) OVER (ORDER BY 1) FROM orders",
    ];
    for (at, sql) in over.into_iter().enumerate() {
        let own = fresh(&ctx, &format!("over{at}"), Role::Admin);
        assert_eq!(rows(&own, sql).await, Err(ErrorCode::OverBudget), "{sql}");
    }
    let free = [
        "SELECT profile_id, identity_id FROM orders",
        "SELECT profile_id FROM orders WHERE net_amount > 10 ORDER BY amount",
        "SELECT profile_id, count(order_id) AS n FROM orders GROUP BY profile_id",
        "SELECT p.phone, p.name, p.id_number FROM profiles p JOIN orders o ON o.profile_id = p.profile_id",
    ];
    let own = fresh(&ctx, "free", Role::Admin);
    for sql in free {
        assert_eq!(rows(&own, sql).await, Ok(12), "{sql}");
    }
    assert_eq!(rows(&own, "SELECT net_amount FROM orders LIMIT 5").await, Ok(5), "what fits is given");
    assert_eq!(rows(&own, "SELECT net_amount FROM orders LIMIT 1").await, Err(ErrorCode::OverBudget));
    let used = guard::used_today(&ctx, "free").await.unwrap();
    assert!(used.contains(&("class.commerce".into(), 5)), "{used:?}");
    // Numbers of members stand in the clear, phones do not.
    bound(&ctx, "identity", 5).await;
    let own = fresh(&ctx, "ids", Role::Admin);
    assert_eq!(rows(&own, "SELECT phone FROM profiles").await, Ok(12));
    assert_eq!(rows(&own, "SELECT value AS v FROM identities").await, Err(ErrorCode::OverBudget));
    ctx.close().await;
}

/// INV-GUARD-5 of lists, pages of customers, looks in the clear, files.
#[tokio::test]
async fn every_way_draws_from_the_class_that_it_shows() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    some_customers(&home, &ctx, 12).await;
    let id = everybody(&ctx, 1).await.unwrap().rows[0].profile_id;
    let is_over = |error: zhike_engine::Error| error.code == ErrorCode::OverBudget;

    // A list shows numbers of members.
    bound(&ctx, "identity", 10).await;
    let own = fresh(&ctx, "list", Role::Analyst);
    assert_eq!(everybody(&own, 10).await.unwrap().rows.len(), 10);
    assert!(everybody(&own, 1).await.is_err_and(is_over));
    // So does a customer's page, once a day; a look in the clear counts every time.
    bound(&ctx, "identity", 3).await;
    let own = fresh(&ctx, "page", Role::Service);
    for _ in 0..5 {
        profiles::view(&own, id, &Show::Masked).await.unwrap();
    }
    let clear = Show::Clear { actor: "page".into(), reason: "call".into(), up_to_grade: 3, approval: None };
    for fits in [true, true, false] {
        assert_eq!(profiles::view(&own, id, &clear).await.is_ok(), fits);
    }
    // What happened to a customer is a list like any other.
    bound(&ctx, "commerce", 1).await;
    let own = fresh(&ctx, "timeline", Role::Service);
    let all = profiles::TimelineFilter::default();
    assert_eq!(profiles::timeline(&own, id, &all, 10).await.unwrap().items.len(), 1);
    assert!(profiles::timeline(&own, id, &all, 10).await.is_err_and(is_over));
    // Nobody's budget of another class is touched by it.
    bound(&ctx, "sensitive", 0).await;
    let own = fresh(&ctx, "other", Role::Service);
    profiles::view(&own, id, &Show::Masked).await.unwrap();
    profiles::view(&own, id, &clear).await.unwrap();
    assert_eq!(everybody(&own, 10).await.unwrap().rows.len(), 10);

    // A file draws for the columns that were chosen.
    bound(&ctx, "commerce", 11).await;
    let own = fresh(&ctx, "file", Role::Analyst);
    let file = async |columns: &[&str]| {
        let columns = columns.iter().map(|key| (*key).to_owned()).collect();
        let what = What::Customers { whom: Box::new(Whom::default()), sort: Sort::default(), columns };
        let request =
            Request { what, purpose: "service".into(), reason: String::new(), actor: "file".into(), is_zh: false };
        Export::open(&own, request).await.unwrap().reserve(&own, "csv", None).await
    };
    file(&["profile_id", "name", "phone", "province"]).await.unwrap();
    assert!(file(&["profile_id", "monetary"]).await.is_err_and(is_over));
    // Whoever is at the machine itself is not bounded.
    let local = ctx.acting(&std::sync::Arc::new(Principal::local("root")));
    assert_eq!(rows(&local, "SELECT net_amount FROM orders").await, Ok(12));
    // Several roles: none takes a bound away that another sets.
    let mut budgets = guard::budgets(&ctx).await.unwrap();
    budgets.roles.get_mut("analyst").unwrap().remove("class.commerce");
    guard::set_budgets(&ctx, &somebody("boss", Role::SecurityAdmin), &budgets).await.unwrap();
    let roles = vec![Role::Analyst, Role::Admin];
    let permissions = granted(&roles, false);
    let both = Principal { roles, permissions, means: Means::Key, ..somebody("both", Role::Admin) };
    assert_eq!(rows(&acting(&ctx, &both), "SELECT net_amount FROM orders").await, Err(ErrorCode::OverBudget));
    ctx.close().await;
}

/// INV-GUARD-5 of what else is shown of one customer: a class counts once a day for each customer, whichever page shows it.
#[tokio::test]
async fn pages_of_one_customer_draw_once_for_each_class() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    some_customers(&home, &ctx, 12).await;
    refresh(&ctx, Default::default()).await.unwrap();
    let all = everybody(&ctx, 2).await.unwrap().rows;
    let (id, other) = (all[0].profile_id, all[1].profile_id);
    let is_over = |error: zhike_engine::Error| error.code == ErrorCode::OverBudget;
    assert!(!tags::of_profile(&ctx, id, None).await.unwrap().is_empty());
    assert!(!history::of_profile(&ctx, id, None).await.unwrap().days.is_empty());

    bound(&ctx, "attribute", 0).await;
    assert!(tags::of_profile(&fresh(&ctx, "tags", Role::Service), id, None).await.is_err_and(is_over));
    bound(&ctx, "commerce", 0).await;
    assert!(history::of_profile(&fresh(&ctx, "past", Role::Service), id, None).await.is_err_and(is_over));
    tags::of_profile(&fresh(&ctx, "tags alone", Role::Service), id, None).await.unwrap();
    bound(&ctx, "commerce", 1).await;
    let own = fresh(&ctx, "once", Role::Service);
    profiles::view(&own, id, &Show::Masked).await.unwrap();
    for _ in 0..3 {
        history::of_profile(&own, id, None).await.unwrap();
    }
    assert!(history::of_profile(&own, other, None).await.is_err_and(is_over), "another customer is another row");
    ctx.close().await;
}

/// INV-GUARD-3 and 5 of what arrives: a stream ends at half of the rows of a day or where a class is used up, and ends nothing
/// else.
#[tokio::test]
async fn a_stream_draws_from_budgets_and_leaves_half_for_work() {
    let home = Home::sqlite();
    let ctx = home.open().await;
    some_customers(&home, &ctx, 12).await;
    let mut budgets = guard::budgets(&ctx).await.unwrap();
    let bound = guard::Limit { per_minute: None, per_day: Some(20) };
    let class = guard::Limit { per_minute: None, per_day: Some(3) };
    let meters = budgets.roles.get_mut("analyst").unwrap();
    meters.insert("rows".into(), bound);
    meters.insert("class.behaviour".into(), class);
    guard::set_budgets(&ctx, &somebody("boss", Role::SecurityAdmin), &budgets).await.unwrap();
    let own = fresh(&ctx, "looker", Role::Analyst);
    let mut n = 0;
    while guard::stream(&own, Classes::default()).await.unwrap() {
        n += 1;
    }
    assert_eq!(n, 10);
    assert_eq!(everybody(&own, 10).await.unwrap().rows.len(), 10, "the other half is there for work");
    assert!(everybody(&own, 1).await.is_err());
    let own = fresh(&ctx, "other", Role::Analyst);
    let behaviour: Classes = [Class::Behaviour].into_iter().collect();
    for fits in [true, true, true, false] {
        assert_eq!(guard::stream(&own, behaviour).await.unwrap(), fits);
    }
    assert!(guard::stream(&own, Classes::default()).await.unwrap(), "what is masked goes on");
    assert!(zhike_engine::incidents::list(&ctx).await.unwrap().iter().all(|one| one.row.actor != "other"));
    ctx.close().await;
}
