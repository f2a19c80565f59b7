//! What a customer will want, learnt from who bought what: graded on what was bought later, used as long as it tells more than
//! what sells best.

use std::collections::HashMap;
use std::sync::Arc;

use zhike_domain::audience::Set;
use zhike_domain::consent::{PROFILING, State};
use zhike_domain::small_groups::is_small;
use zhike_lake::GoodsBy;
use zhike_ml::recommend::{
    Choice, ChooseOptions, Due, DueOptions, FactorOptions, Grade, Learnt, Method, Problem, Recipe, Recommender,
    Sources, Table, Until, Why, choose, due,
};
use zhike_ml::survival::{Cycles, Purchase, gaps};

use super::known::TABLES;
use super::lines::Lines;
use super::words;
use crate::consents::recorded;
use crate::segments::{People, as_of, people};
use crate::work::{threads, worked};
use crate::{Ctx, Error, Result, boxed};

/// Days that are learnt from.
const HISTORY_DAYS: i64 = 730;
/// Days of the window that is held out, and those of the next try when too few bought in it.
const WINDOWS: [i64; 2] = [30, 90];
/// Days after which a purchase counts half.
const HALF_LIFE_DAYS: f64 = 180.0;
/// Products of a list that is graded.
pub(super) const GRADED: usize = 10;
/// A product that nobody bought for so many days is taken for one that is not sold any more.
const ON_SALE_DAYS: i64 = 90;
/// Most products for which all are weighed against all; beyond, it would take minutes.
const MAX_WEIGHED: usize = 4_000;

/// Whether new goods are told by what was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It tells more than what sells best.
    InUse,
    /// It does not, or there is too little to tell: what sells best is shown instead.
    Withheld,
}

/// How good lists of ten are. **Units**: means over customers, 0 to 1 but for the lift.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grades {
    /// Hits by rank over those of the best list.
    pub ndcg: f64,
    /// Standard error of that.
    pub ndcg_error: f64,
    /// Share of a list that was bought.
    pub precision: f64,
    /// Share of what was bought that was listed.
    pub recall: f64,
    /// Share of products that are listed for anybody.
    pub coverage: f64,
    /// How many more buyers what is listed has than what is bought.
    pub popularity_lift: f64,
}

impl From<&Grade> for Grades {
    fn from(grade: &Grade) -> Self {
        Self {
            ndcg: grade.ndcg,
            ndcg_error: grade.ndcg_error,
            precision: grade.precision,
            recall: grade.recall,
            coverage: grade.coverage,
            popularity_lift: grade.popularity_lift,
        }
    }
}

/// A method with its grades; of several settings the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Graded {
    /// popular, own, category, cosine, ease, factors.
    pub method: &'static str,
    /// Of anything that is bought.
    pub any: Option<Grades>,
    /// Of what the customer has not had.
    pub fresh: Option<Grades>,
    /// Whether it tells best, as simply as possible, what is bought at all.
    pub is_best_any: bool,
    /// The same of new goods: it is used for lists.
    pub is_best_fresh: bool,
}

/// What was learnt, and how good it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommending {
    /// Last day that was learnt from; none without orders.
    pub as_of: Option<i64>,
    /// Whether it is used for new goods.
    pub status: Status,
    /// Customers, of the last two years.
    pub n_customers: u64,
    /// Products, of the last two years.
    pub n_goods: u64,
    /// Days that were held out for the grades.
    pub window_days: i64,
    /// Customers who bought in them.
    pub n_graded: u64,
    /// Customers who refused profiling; none where so few are not told.
    pub n_refused: Option<u64>,
    /// By method, the plainest first.
    pub methods: Vec<Graded>,
    /// Customers with goods that are due again.
    pub n_due_people: Option<u64>,
    /// Goods that are due again, over all customers.
    pub n_due: Option<u64>,
    /// What it means, Chinese and English.
    pub meaning: (String, String),
}

/// What answers are made of.
pub(super) struct Kept {
    pub(super) told: Recommending,
    pub(super) table: Table,
    /// None where nothing could be learnt.
    pub(super) learnt: Option<Learnt>,
    /// By customer and product.
    pub(super) due: Vec<Due>,
    pub(super) goods: Vec<String>,
    pub(super) categories: Vec<String>,
    pub(super) is_on_sale: Vec<bool>,
}

/// What is known of who will want what, and how good it is.
#[boxed]
pub async fn recommending(ctx: &Ctx) -> Result<Recommending> {
    let mut told = kept(ctx).await?.told.clone();
    let is_told = |n: &u64| !is_small(*n, ctx.min_group());
    told.n_refused = told.n_refused.filter(is_told);
    told.n_due_people = told.n_due_people.filter(is_told);
    told.n_due = told.n_due.filter(|_| told.n_due_people.is_some());
    Ok(told)
}

/// What was learnt. It is of all customers, whoever asks: models are.
pub(super) async fn kept(ctx: &Ctx) -> Result<Arc<Kept>> {
    ctx.learnt_of_goods().wanted.get(ctx, (), &TABLES, learn).await
}

/// Purchases of everybody who did not refuse profiling, up to the last day.
pub(super) async fn history(ctx: &Ctx, by: GoodsBy) -> Result<History> {
    let seen = as_of(ctx, None).await?;
    let people = people(ctx).await?;
    let refused = recorded(ctx, &people, PROFILING, State::Withdrawn, None).await?;
    let mut who = Set::all(people.n());
    who.minus(&refused);
    let span = (seen.start_of(seen.day - HISTORY_DAYS + 1), seen.start_of(seen.day + 1));
    let lines = Lines::read(ctx, &people, &who, by, span).await?;
    Ok(History { people, lines, day: seen.day, n_refused: refused.count() })
}

/// Who bought what of a level.
pub(super) struct History {
    pub(super) people: Arc<People>,
    pub(super) lines: Lines,
    /// The last day.
    pub(super) day: i64,
    pub(super) n_refused: u64,
}

async fn learn(ctx: Ctx) -> Result<Kept> {
    let history = history(&ctx, GoodsBy::Product).await?;
    worked("goods", move || Learning::new(&history, GRADED).learn()).await?
}

/// Methods beside each other.
pub(super) struct Learning {
    purchases: Vec<Purchase>,
    /// Category of products where known.
    categories: Vec<(u64, u64)>,
    category_names: Vec<String>,
    goods: Vec<String>,
    day: i64,
    n_refused: u64,
    n_graded: usize,
}

impl Learning {
    /// Of a history; lists are graded by so many goods.
    pub(super) fn new(history: &History, n_graded: usize) -> Self {
        let History { people, lines, day, n_refused } = history;
        let ids = &people.ids;
        let mut bought: HashMap<(u64, u64, i32), f64> = HashMap::new();
        for one in &lines.all {
            *bought.entry((ids[one.who as usize] as u64, one.good.into(), one.day)).or_default() += one.quantity;
        }
        let mut purchases: Vec<Purchase> = bought
            .into_iter()
            .map(|((customer, product, day), quantity)| Purchase { customer, product, at: f64::from(day), quantity })
            .collect();
        purchases
            .sort_unstable_by(|a, b| (a.customer, a.product).cmp(&(b.customer, b.product)).then(a.at.total_cmp(&b.at)));
        let mut category_names: Vec<String> = lines.category.iter().flatten().cloned().collect();
        category_names.sort_unstable();
        category_names.dedup();
        let number = |name: &String| category_names.binary_search(name).ok().map(|at| at as u64);
        let of = |(product, name): (usize, &Option<String>)| Some((product as u64, number(name.as_ref()?)?));
        let categories = lines.category.iter().enumerate().filter_map(of).collect();
        Self {
            purchases,
            categories,
            category_names,
            goods: lines.goods.clone(),
            day: *day,
            n_refused: *n_refused,
            n_graded,
        }
    }

    fn recipes(&self, is_new_only: bool) -> Vec<Recipe> {
        let shares: &[f32] = if is_new_only { &[0.0] } else { &[0.0, 1.0, 0.3] };
        let mut recipes = vec![Recipe { method: Method::Popular, own: 0.0 }];
        if !is_new_only {
            recipes.extend([0.0, 1.0].map(|own| Recipe { method: Method::Own, own }));
        }
        if !self.categories.is_empty() {
            recipes.push(Recipe { method: Method::NextCategory, own: 0.0 });
        }
        // One strength: the others cost as much again and are hardly ever better.
        let last = if self.goods.len() <= MAX_WEIGHED { Method::Ease { ridge: 300.0 } } else { Method::Factors };
        for method in [Method::Cosine, last] {
            recipes.extend(shares.iter().map(|own| Recipe { method, own: *own }));
        }
        recipes
    }

    fn graded(&self, window: i64, is_new_only: bool) -> std::result::Result<Choice, Problem> {
        let options = ChooseOptions {
            cut: (self.day - window) as f64,
            until: self.day as f64,
            half_life: HALF_LIFE_DAYS,
            n_products: self.n_graded,
            is_new_only,
            recipes: self.recipes(is_new_only),
            factors: FactorOptions::default(),
            n_threads: threads(),
        };
        choose(&self.purchases, &self.categories, &options)
    }

    /// The best of them, with what it says.
    pub(super) fn learn(self) -> Result<Kept> {
        let mut window = WINDOWS[0];
        let mut fresh = self.graded(window, true);
        if fresh.is_err() {
            window = WINDOWS[1];
            fresh = self.graded(window, true);
        }
        let any = self.graded(window, false).ok();
        let fresh = fresh.ok();
        let until = Until { time: self.day as f64, half_life: HALF_LIFE_DAYS };
        let table = Table::new(&self.purchases, until)
            .map_err(|problem| Error::bug("recommending", std::io::Error::other(format!("{problem:?}"))))?;
        let plain = Recipe { method: Method::Popular, own: 0.0 };
        let recipe = fresh.as_ref().map_or(plain, |choice| choice.candidates[choice.chosen].recipe);
        let sources = Sources {
            purchases: &self.purchases,
            categories: &self.categories,
            factors: FactorOptions::default(),
            n_threads: threads(),
        };
        let fit = |recipe| Recommender::fit(&table, recipe, &sources).map(|fitted| fitted.learnt());
        let fitted = fit(recipe).or_else(|_| fit(plain)).ok();
        let status = match &fitted {
            Some(fitted) if fitted.recipe.method != Method::Popular => Status::InUse,
            _ => Status::Withheld,
        };
        let mut is_on_sale = vec![false; self.goods.len()];
        for one in self.purchases.iter().filter(|one| one.at > (self.day - ON_SALE_DAYS) as f64) {
            is_on_sale[one.product as usize] = true;
        }
        let cycles = Cycles::fit(&gaps(&self.purchases));
        let mut due = cycles.map(|cycles| due(&table, &cycles, &DueOptions::default())).unwrap_or_default();
        due.retain(|one| is_on_sale[one.product as usize] && super::person::is_ready(one));
        let mut due_people: Vec<u64> = due.iter().map(|one| one.customer).collect();
        due_people.dedup();
        let methods = methods(any.as_ref(), fresh.as_ref());
        let n_graded = |choice: &Choice| {
            choice.candidates[choice.chosen].grade.as_ref().map_or(0, |grade| grade.n_customers as u64)
        };
        let mut told = Recommending {
            as_of: (table.n_cells() > 0).then_some(self.day),
            status,
            n_customers: table.customers().len() as u64,
            n_goods: table.products().len() as u64,
            window_days: window,
            n_graded: fresh.as_ref().map_or(0, n_graded),
            n_refused: Some(self.n_refused),
            methods,
            n_due_people: Some(due_people.len() as u64),
            n_due: Some(due.len() as u64),
            meaning: Default::default(),
        };
        let lead = fresh.as_ref().map(|choice| match choice.why {
            Why::Best { .. } => None,
            Why::SimplerAsGood { difference, error, .. } => Some((difference, error)),
        });
        told.meaning = words::recommending(&told, lead.flatten());
        Ok(Kept { told, table, learnt: fitted, due, goods: self.goods, categories: self.category_names, is_on_sale })
    }
}

pub(super) fn word(method: &Method) -> &'static str {
    match method {
        Method::Popular => "popular",
        Method::Own => "own",
        Method::NextCategory => "category",
        Method::Cosine => "cosine",
        Method::Ease { .. } => "ease",
        Method::Factors => "factors",
    }
}

/// Of each method the best setting.
fn methods(any: Option<&Choice>, fresh: Option<&Choice>) -> Vec<Graded> {
    let mut found: Vec<Graded> = Vec::new();
    for (choice, is_fresh) in [(any, false), (fresh, true)] {
        let Some(choice) = choice else { continue };
        let chosen = word(&choice.candidates[choice.chosen].recipe.method);
        for candidate in &choice.candidates {
            let Ok(grade) = &candidate.grade else { continue };
            let method = word(&candidate.recipe.method);
            let at = found.iter().position(|one| one.method == method).unwrap_or_else(|| {
                found.push(Graded { method, any: None, fresh: None, is_best_any: false, is_best_fresh: false });
                found.len() - 1
            });
            let one = &mut found[at];
            let (place, is_best) = match is_fresh {
                true => (&mut one.fresh, &mut one.is_best_fresh),
                false => (&mut one.any, &mut one.is_best_any),
            };
            if place.is_none_or(|known| known.ndcg < grade.ndcg) {
                *place = Some(grade.into());
            }
            *is_best = method == chosen;
        }
    }
    found
}
