//! Recommendations for customers of two shops, graded by what they bought later.

use std::fmt::Write as _;

use zhike_ml::baskets::{NextOptions, bought_next};
use zhike_ml::recommend::{
    ChooseOptions, Due, DueOptions, FactorOptions, Grade, ListOptions, Method, Recipe, Recommender, Repeats, Sources,
    State, Table, Truth, Until, Why, choose, due, grade,
};
use zhike_ml::survival::{Cycles, gaps};

use super::clock::measured;
use super::read::{self, Line, best_of};
use super::rows::Shop;

const HALF_LIFE: f64 = 120.0;
const K: usize = 10;

/// All that is graded of a shop.
pub fn shop(shop: &Shop, scratch: &str) {
    let end = shop.end();
    let cut = end - shop.n_days;
    let table = Table::new(&shop.purchases, Until { time: cut, half_life: HALF_LIFE }).expect("a table");
    Line::new(shop.name, "learnt from")
        .figure("customers", table.customers().len() as f64, 0)
        .figure("products", table.products().len() as f64, 0)
        .figure("cells", table.n_cells() as f64, 0)
        .print();
    export(shop, &table, end, scratch);
    cycles(shop, &table, end);
    split(shop, &table, end, false);
    pairs(shop, cut);
    split(shop, &table, end, true);
}

/// Times of learning alone.
pub fn times(shop: &Shop) {
    let until = Until { time: shop.end() - shop.n_days, half_life: HALF_LIFE };
    let (table, ms, processor_ms) = measured(|| Table::new(&shop.purchases, until).expect("a table"));
    Line::new(shop.name, "table").figure("ms", ms, 0).figure("processor ms", processor_ms, 0).print();
    let sources = Sources {
        purchases: &shop.purchases,
        categories: &shop.categories,
        factors: FactorOptions::default(),
        n_threads: 2,
    };
    for method in [Method::Cosine, Method::Ease { ridge: 300.0 }, Method::Factors] {
        let recipe = Recipe { method, own: 1.0 };
        let (fitted, ms, processor_ms) = measured(|| Recommender::fit(&table, recipe, &sources).expect("a fit"));
        let customers: Vec<usize> = (0..table.customers().len().min(500)).collect();
        let lists = ListOptions { n_products: K, repeats: Repeats::Any, n_reasons: 0, n_threads: 2 };
        let (_, _, lists_ms) = measured(|| fitted.lists(&customers, &lists));
        let (_, _, reasons_ms) = measured(|| fitted.lists(&customers, &ListOptions { n_reasons: 3, ..lists }));
        let each = |ms: f64| ms / customers.len() as f64;
        Line::new(shop.name, &format!("{}, learnt", name(&recipe)))
            .figure("ms", ms, 0)
            .figure("processor ms", processor_ms, 0)
            .figure("processor ms a list", each(lists_ms), 3)
            .figure("with reasons", each(reasons_ms), 3)
            .print();
    }
}

fn name(recipe: &Recipe) -> String {
    let method = match recipe.method {
        Method::Popular => "popularity".to_owned(),
        Method::Own => "own history".to_owned(),
        Method::NextCategory => "next category".to_owned(),
        Method::Cosine => "cosine".to_owned(),
        Method::Ease { ridge } => format!("EASE {ridge}"),
        Method::Factors => "iALS".to_owned(),
    };
    match recipe.own {
        0.0 => method,
        own => format!("{method} + {own} own"),
    }
}

/// The recipe is chosen on the window before the one that grades it.
fn split(shop: &Shop, table: &Table, end: f64, is_new_only: bool) {
    let cut = end - shop.n_days;
    // One ridge of three, which takes a third of the time.
    let is_graded = |recipe: &Recipe| match recipe.method {
        Method::Ease { ridge } => ridge == 300.0,
        Method::Cosine | Method::Factors => recipe.own == 0.0,
        _ => true,
    };
    let mut recipes = ChooseOptions::recipes(!shop.categories.is_empty(), is_new_only);
    recipes.retain(is_graded);
    let options = ChooseOptions {
        cut: cut - shop.n_days,
        until: cut,
        half_life: HALF_LIFE,
        n_products: K,
        is_new_only,
        recipes: recipes.clone(),
        factors: FactorOptions::default(),
        n_threads: 2,
    };
    let (choice, ms) = best_of(1, || choose(&shop.purchases, &shop.categories, &options).expect("a choice"));
    let truth = Truth::new(table, &shop.purchases, end, is_new_only);
    let sources = Sources {
        purchases: &shop.purchases,
        categories: &shop.categories,
        factors: FactorOptions::default(),
        n_threads: 2,
    };
    let repeats = if is_new_only { Repeats::Never } else { Repeats::Any };
    let lists = ListOptions { n_products: K, repeats, n_reasons: 0, n_threads: 2 };
    let what = format!("{}, {}", shop.name, if is_new_only { "new products" } else { "all products" });
    let mut chosen_grade: Option<Grade> = None;
    let mut all = Vec::new();
    let mut learnt: Option<Recommender> = None;
    for (at, recipe) in recipes.iter().enumerate() {
        let known = learnt.take().filter(|learnt| learnt.recipe.method == recipe.method);
        let mut fit_ms = f64::NAN;
        let fitted = known.map(|learnt| learnt.with_own(recipe.own)).unwrap_or_else(|| {
            let (fitted, ms) = best_of(1, || Recommender::fit(table, *recipe, &sources).expect("a fit"));
            fit_ms = ms;
            fitted
        });
        let (made, list_ms) = best_of(1, || fitted.lists(&truth.customers, &lists));
        let graded = grade(table, &truth, &made, K);
        let who = format!("{}{}", name(recipe), if at == choice.chosen { " (chosen)" } else { "" });
        Line::new(&what, &who)
            .figure("NDCG@10", graded.ndcg, 4)
            .figure("±", graded.ndcg_error, 4)
            .figure("recall", graded.recall, 4)
            .figure("precision", graded.precision, 4)
            .figure("coverage", graded.coverage, 3)
            .figure("popularity lift", graded.popularity_lift, 2)
            .figure("fit ms", fit_ms, 0)
            .figure("lists/s", made.len() as f64 / list_ms * 1e3, 0)
            .print();
        if at == choice.chosen {
            chosen_grade = Some(graded.clone());
        }
        all.push(graded);
        learnt = Some(fitted);
    }
    let chosen = chosen_grade.expect("a chosen one");
    // Beside each plain way of its own, customer by customer.
    for (at, recipe) in recipes.iter().enumerate() {
        let is_plain = matches!(recipe.method, Method::Popular | Method::Own | Method::Cosine)
            && (recipe.own == 0.0 || recipe.method == Method::Own);
        if is_plain {
            let differences: Vec<f64> = chosen.each.iter().zip(&all[at].each).map(|(a, b)| a - b).collect();
            let n = differences.len() as f64;
            let mean = differences.iter().sum::<f64>() / n;
            let error = (differences.iter().map(|each| (each - mean).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
            Line::new(&what, &format!("chosen less {}", name(recipe)))
                .figure("NDCG@10", mean, 4)
                .figure("±", error, 4)
                .print();
        }
    }
    let why = match choice.why {
        Why::Best { difference, error, .. } => {
            Line::new(&what, "why: best").figure("ahead by", difference, 4).figure("±", error, 4)
        }
        Why::SimplerAsGood { difference, error, .. } => {
            Line::new(&what, "why: simpler, as good").figure("behind by", difference, 4).figure("±", error, 4)
        }
    };
    why.figure("choice ms", ms, 0).print();
}

/// Cells and truth, by position, for others.
fn export(shop: &Shop, table: &Table, end: f64, scratch: &str) {
    let (mut cells, mut bought) = (String::new(), String::new());
    for customer in 0..table.customers().len() {
        for own in table.owned(customer) {
            let _ = writeln!(cells, "{customer},{},{},{}", own.product, own.recent, own.n_times);
        }
    }
    let truth = Truth::new(table, &shop.purchases, end, false);
    for (customer, products) in truth.customers.iter().zip(&truth.bought) {
        for product in products {
            let at = table.product(*product).map_or(-1, |at| at as i64);
            let _ = writeln!(bought, "{customer},{at}");
        }
    }
    let file = shop.name.to_lowercase().replace(' ', "-");
    read::write(&format!("{scratch}/{file}-cells.csv"), &cells);
    read::write(&format!("{scratch}/{file}-bought.csv"), &bought);
}

/// Who bought a product again in the fortnight that followed, by what its cycle said.
fn cycles(shop: &Shop, table: &Table, end: f64) {
    let cut = table.until.time;
    let known: Vec<_> = shop.purchases.iter().copied().filter(|each| each.at <= cut).collect();
    let cycles = Cycles::fit(&gaps(&known)).expect("cycles");
    let (waiting, ms) = best_of(3, || due(table, &cycles, &DueOptions::default()));
    let bought: std::collections::HashSet<(u64, u64)> = shop
        .purchases
        .iter()
        .filter(|each| each.at > cut && each.at <= (cut + 14.0).min(end))
        .map(|each| (each.customer, each.product))
        .collect();
    let mut line = Line::new(&format!("{}, bought again within 14 days", shop.name), "Zhike");
    for (state, name) in
        [(State::NotYet, "not yet"), (State::Due, "due"), (State::Overdue, "overdue"), (State::Lapsed, "lapsed")]
    {
        let all: Vec<&Due> = waiting.iter().filter(|due| due.state == state).collect();
        let n_again = all.iter().filter(|due| bought.contains(&(due.customer, due.product))).count();
        line = line.figure(name, n_again as f64 / all.len() as f64, 4).figure("of", all.len() as f64, 0);
    }
    line.figure("ms", ms, 0).print();
}

fn pairs(shop: &Shop, cut: f64) {
    let known: Vec<_> = shop.purchases.iter().copied().filter(|each| each.at <= cut).collect();
    let options = NextOptions { max_gap: 30.0, min_customers: 20, min_lift: 1.2, n_threads: 2 };
    let (pairs, ms) = best_of(1, || bought_next(&known, &options).expect("pairs"));
    Line::new(&format!("{}, bought next within 30 days", shop.name), "Zhike")
        .figure("pairs of lift 1.2 by 20 customers", pairs.len() as f64, 0)
        .figure("q below 0.01", pairs.iter().filter(|pair| pair.q < 0.01).count() as f64, 0)
        .figure("ms", ms, 0)
        .print();
}
