//! Which recipe is used, by what customers bought in a window that was held out.

use super::factors::FactorOptions;
use super::grade::{Grade, Truth, grade, mean_and_error};
use super::recommender::{ListOptions, Recommender, Repeats, Sources};
use super::table::{Table, Until};
use super::{Method, Problem, Recipe};
use crate::survival::Purchase;

/// How recipes are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct ChooseOptions {
    /// Recipes learn from purchases up to this time.
    pub cut: f64,
    /// And are graded by those up to this one.
    pub until: f64,
    /// Time after which a purchase counts half.
    pub half_life: f64,
    /// Length of lists.
    pub n_products: usize,
    /// Whether new products alone are wanted.
    pub is_new_only: bool,
    /// What is compared.
    pub recipes: Vec<Recipe>,
    /// Of [`Method::Factors`].
    pub factors: FactorOptions,
    /// Threads.
    pub n_threads: usize,
}

/// A recipe with its grade.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which.
    pub recipe: Recipe,
    /// Its grade, or why there is none.
    pub grade: Result<Grade, Problem>,
}

/// Standard errors by which what has more parts must be better: with several tried, one of them would be chance.
pub const SURE: f64 = 2.0;

/// Why a recipe was chosen. Differences are of NDCG, customer by customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Why {
    /// It has the highest grade.
    Best {
        /// Position of the next best one of another method.
        next: Option<usize>,
        /// By how much it is better.
        difference: f64,
        /// Standard error of that.
        error: f64,
    },
    /// It has fewer parts than the best one, which is not better by more than [`SURE`] of its errors.
    SimplerAsGood {
        /// Position of the best one.
        best: usize,
        /// By how much that is better.
        difference: f64,
        /// Standard error of that.
        error: f64,
    },
}

/// All recipes, graded, and the one to use.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// In the order given.
    pub candidates: Vec<Candidate>,
    /// Position of the chosen one.
    pub chosen: usize,
    /// Why.
    pub why: Why,
}

/// Fewest customers who bought in the window.
const MIN_CUSTOMERS: usize = 30;

impl ChooseOptions {
    /// All recipes that are worth a try; own history is left out where new products alone are wanted.
    pub fn recipes(has_categories: bool, is_new_only: bool) -> Vec<Recipe> {
        let mut recipes = vec![Recipe { method: Method::Popular, own: 0.0 }];
        let shares: &[f32] = if is_new_only { &[0.0] } else { &[0.0, 1.0, 0.3] };
        if !is_new_only {
            recipes.extend([0.0, 1.0].map(|own| Recipe { method: Method::Own, own }));
        }
        if has_categories {
            recipes.push(Recipe { method: Method::NextCategory, own: 0.0 });
        }
        let ease = [100.0, 300.0, 1_000.0].map(|ridge| Method::Ease { ridge });
        for method in [Method::Cosine].into_iter().chain(ease).chain([Method::Factors]) {
            recipes.extend(shares.iter().map(|own| Recipe { method, own: *own }));
        }
        recipes
    }
}

/// Learns all recipes from purchases up to the cut, grades them by what followed, and chooses.
///
/// **Shape**: `categories` names the category of each product; may be empty.
/// **Errors**: [`Problem::TooFewCustomers`] when fewer than 30 customers of before the cut bought after it, or when no recipe
/// could be graded; those of [`Table::new`].
pub fn choose(purchases: &[Purchase], categories: &[(u64, u64)], options: &ChooseOptions) -> Result<Choice, Problem> {
    let table = Table::new(purchases, Until { time: options.cut, half_life: options.half_life })?;
    let truth = Truth::new(&table, purchases, options.until, options.is_new_only);
    if truth.customers.len() < MIN_CUSTOMERS {
        return Err(Problem::TooFewCustomers);
    }
    let sources = Sources { purchases, categories, factors: options.factors, n_threads: options.n_threads };
    let repeats = if options.is_new_only { Repeats::Never } else { Repeats::Any };
    let lists = ListOptions { n_products: options.n_products, repeats, n_reasons: 0, n_threads: options.n_threads };
    let mut candidates: Vec<Candidate> = Vec::with_capacity(options.recipes.len());
    let mut learnt: Option<Recommender> = None;
    for recipe in &options.recipes {
        // Recipes of one method that stand together are learnt once.
        let fitted = match learnt.take().filter(|learnt| learnt.recipe.method == recipe.method) {
            Some(learnt) => Ok(learnt.with_own(recipe.own)),
            None => Recommender::fit(&table, *recipe, &sources),
        };
        let grade = fitted.map(|fitted| {
            let grade = grade(&table, &truth, &fitted.lists(&truth.customers, &lists), options.n_products);
            learnt = Some(fitted);
            grade
        });
        candidates.push(Candidate { recipe: *recipe, grade });
    }
    pick(candidates)
}

fn pick(candidates: Vec<Candidate>) -> Result<Choice, Problem> {
    let graded: Vec<(usize, &Recipe, &Grade)> = candidates
        .iter()
        .enumerate()
        .filter_map(|(at, candidate)| Some((at, &candidate.recipe, candidate.grade.as_ref().ok()?)))
        .collect();
    // The first of equal ones.
    let first_best = |all: &mut dyn Iterator<Item = usize>| {
        all.reduce(|best, at| if graded[at].2.ndcg > graded[best].2.ndcg { at } else { best })
    };
    let best = first_best(&mut (0..graded.len())).ok_or(Problem::TooFewCustomers)?;
    let behind = |at: usize| {
        let pairs = graded[best].2.each.iter().zip(&graded[at].2.each);
        mean_and_error(&pairs.map(|(a, b)| a - b).collect::<Vec<f64>>())
    };
    let is_as_good = |at: &usize| {
        let (difference, error) = behind(*at);
        difference <= SURE * error
    };
    let parts = |at: usize| n_parts(graded[at].1);
    let simplest = (0..graded.len()).filter(is_as_good).map(parts).min().unwrap_or(parts(best));
    let chosen = if simplest < parts(best) {
        first_best(&mut (0..graded.len()).filter(|at| parts(*at) == simplest)).unwrap_or(best)
    } else {
        best
    };
    let (difference, error) = behind(chosen);
    let why = if chosen == best {
        let kind = |at: usize| std::mem::discriminant(&graded[at].1.method);
        let next = first_best(&mut (0..graded.len()).filter(|at| kind(*at) != kind(best)));
        let (difference, error) = next.map_or((0.0, 0.0), behind);
        Why::Best { next: next.map(|at| graded[at].0), difference, error }
    } else {
        Why::SimplerAsGood { best: graded[best].0, difference, error }
    };
    let chosen = graded[chosen].0;
    Ok(Choice { candidates, chosen, why })
}

/// How much there is to a recipe: what is simpler is preferred where it does as well.
fn n_parts(recipe: &Recipe) -> usize {
    match recipe.method {
        Method::Popular => 0,
        Method::Own => 1,
        Method::NextCategory => 2,
        Method::Cosine => 3,
        Method::Ease { .. } | Method::Factors => 4,
    }
}
