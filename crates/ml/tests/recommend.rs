//! Recommendations: laws, models against plain computation, made-up customers whose next purchase is known.

use std::collections::BTreeSet;

use proptest::prelude::*;
use zhike_ml::recommend::{
    ChooseOptions, DueOptions, FactorOptions, ListOptions, Method, NextCategory, Problem, Reason, Recipe,
    Recommendation, Recommender, Repeats, Sources, State, Table, Truth, Until, Why, choose, due, grade,
};
use zhike_ml::survival::{Cycles, Purchase, gaps};

const FACTORS: FactorOptions = FactorOptions { n_factors: 8, n_rounds: 4, ridge: 1.0, confidence: 5.0, seed: 1 };

fn purchase(customer: u64, product: u64, at: f64) -> Purchase {
    Purchase { customer, product, at, quantity: 1.0 }
}

fn until(time: f64) -> Until {
    Until { time, half_life: 60.0 }
}

fn options(n_threads: usize) -> ListOptions<'static> {
    ListOptions { n_products: 4, repeats: Repeats::Any, n_reasons: 3, n_threads }
}

fn recipes() -> Vec<Recipe> {
    let methods = [
        Method::Popular,
        Method::Own,
        Method::NextCategory,
        Method::Cosine,
        Method::Ease { ridge: 3.0 },
        Method::Factors,
    ];
    methods.into_iter().flat_map(|method| [0.0, 0.5].map(|own| Recipe { method, own })).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// INV-RECOMMEND-1 and 2.
    #[test]
    fn order_threads_and_the_future_change_nothing(
        rows in proptest::collection::vec((0_u64..12, 0_u64..20, 0_u32..90), 30..200),
        turn in 0_usize..30,
    ) {
        let purchases: Vec<Purchase> = rows.iter().map(|(who, what, at)| purchase(*who, *what, f64::from(*at))).collect();
        let mut turned: Vec<Purchase> = purchases.iter().copied().filter(|each| each.at <= 70.0).collect();
        let turn = turn % turned.len().max(1);
        turned.rotate_left(turn);
        let categories: Vec<(u64, u64)> = (0..20).map(|product| (product, product % 4)).collect();
        let learnt = |purchases: &[Purchase], n_threads: usize| {
            let table = Table::new(purchases, until(70.0)).unwrap();
            let customers: Vec<usize> = (0..table.customers().len()).collect();
            let sources = Sources { purchases, categories: &categories, factors: FACTORS, n_threads };
            let of = |recipe: Recipe| {
                let fitted = Recommender::fit(&table, recipe, &sources).unwrap();
                fitted.lists(&customers, &options(n_threads))
            };
            recipes().into_iter().map(of).collect::<Vec<Vec<Vec<Recommendation>>>>()
        };
        prop_assert_eq!(learnt(&purchases, 1), learnt(&turned, 3));
    }

    /// INV-RECOMMEND-3, and every recommendation has a reason.
    #[test]
    fn what_a_customer_has_comes_back_only_when_it_may(
        rows in proptest::collection::vec((0_u64..12, 0_u64..8, 0_u32..90), 60..200),
    ) {
        let purchases: Vec<Purchase> = rows.iter().map(|(who, what, at)| purchase(*who, *what, f64::from(*at))).collect();
        let table = Table::new(&purchases, until(90.0)).unwrap();
        let Some(cycles) = Cycles::fit(&gaps(&purchases)) else { return Ok(()) };
        let waiting = due(&table, &cycles, &DueOptions { min_repeat_ratio: 0.0, min_gaps: 1 });
        let customers: Vec<usize> = (0..table.customers().len()).collect();
        let sources = Sources { purchases: &purchases, categories: &[], factors: FACTORS, n_threads: 1 };
        for recipe in recipes().into_iter().filter(|recipe| recipe.method != Method::NextCategory) {
            let fitted = Recommender::fit(&table, recipe, &sources).unwrap();
            for repeats in [Repeats::Never, Repeats::WhenDue(&waiting)] {
                let lists = fitted.lists(&customers, &ListOptions { repeats, ..options(1) });
                for (customer, list) in lists.iter().enumerate() {
                    let id = table.customers()[customer];
                    let owned: BTreeSet<u64> = table.owned(customer).iter().map(|own| table.products()[own.product as usize]).collect();
                    for each in list {
                        let ready = waiting.iter().find(|due| (due.customer, due.product) == (id, each.product));
                        let is_ready = ready.is_some_and(|due| matches!(due.state, State::Due | State::Overdue));
                        prop_assert!(!each.reasons.is_empty());
                        prop_assert!(!owned.contains(&each.product) || (is_ready && matches!(repeats, Repeats::WhenDue(_))));
                        let is_due = each.reasons.iter().any(|reason| matches!(reason, Reason::Due { .. }));
                        prop_assert_eq!(is_due, owned.contains(&each.product));
                    }
                }
            }
        }
    }

    /// The closed form, whichever side the matrix is taken over, beside Gauss's elimination.
    #[test]
    fn ease_is_its_closed_form(
        rows in proptest::collection::vec((0_u64..40, 0_u64..40, 0_u32..50), 40..160),
        n_customers in 3_u64..40,
        ridge in 0.5_f32..20.0,
    ) {
        let purchases: Vec<Purchase> = rows.iter().map(|(who, what, at)| purchase(*who % n_customers, *what, f64::from(*at))).collect();
        let table = Table::new(&purchases, Until { time: 50.0, half_life: f64::INFINITY }).unwrap();
        let n = table.products().len();
        let mut x = vec![vec![0.0_f64; n]; table.customers().len()];
        for (customer, row) in x.iter_mut().enumerate() {
            table.owned(customer).iter().for_each(|own| row[own.product as usize] = f64::from(own.n_times).ln_1p());
        }
        let mut gram: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| x.iter().map(|row| row[i] * row[j]).sum()).collect()).collect();
        (0..n).for_each(|i| gram[i][i] += f64::from(ridge));
        let inverse = inverted(gram);
        let recipe = Recipe { method: Method::Ease { ridge }, own: 0.0 };
        let sources = Sources { purchases: &purchases, categories: &[], factors: FACTORS, n_threads: 1 };
        let fitted = Recommender::fit(&table, recipe, &sources).unwrap();
        for (customer, row) in x.iter().enumerate() {
            let scores = fitted.scores(customer);
            for j in 0..n {
                let others = (0..n).filter(|i| *i != j);
                let expected: f64 = others.map(|i| -row[i] * inverse[i][j] / inverse[j][j]).sum();
                prop_assert!((f64::from(scores[j]) - expected).abs() < 1e-3, "{} {expected}", scores[j]);
            }
        }
    }
}

fn inverted(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = matrix.len();
    let mut inverse: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for pivot in 0..n {
        let scale = matrix[pivot][pivot];
        let own: Vec<f64> = matrix[pivot].iter().map(|value| value / scale).collect();
        let own_inverse: Vec<f64> = inverse[pivot].iter().map(|value| value / scale).collect();
        for row in 0..n {
            let factor = if row == pivot { 0.0 } else { matrix[row][pivot] };
            for column in 0..n {
                matrix[row][column] =
                    if row == pivot { own[column] } else { matrix[row][column] - factor * own[column] };
                inverse[row][column] = if row == pivot {
                    own_inverse[column]
                } else {
                    inverse[row][column] - factor * own_inverse[column]
                };
            }
        }
    }
    inverse
}

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        (self.0 >> 33) % n
    }
}

/// Customers of five tastes, each with 12 of 60 products, who buy one of their taste a week and one of any.
fn tasteful(n_customers: u64) -> Vec<Purchase> {
    let mut dice = Dice(5);
    let mut purchases = Vec::new();
    for customer in 0..n_customers {
        for week in 0..16 {
            let at = f64::from(week) * 7.0;
            let product = customer % 5 * 12 + dice.below(12);
            purchases.push(purchase(customer, product, at));
            if dice.below(4) == 0 {
                purchases.push(purchase(customer, dice.below(60), at));
            }
        }
    }
    purchases
}

fn choice_options(is_new_only: bool) -> ChooseOptions {
    ChooseOptions {
        cut: 60.0,
        until: 110.0,
        half_life: 60.0,
        n_products: 5,
        is_new_only,
        recipes: ChooseOptions::recipes(false, is_new_only),
        factors: FACTORS,
        n_threads: 2,
    }
}

#[test]
fn tastes_are_learnt_and_named_as_reasons() {
    let purchases = tasteful(300);
    let choice = choose(&purchases, &[], &choice_options(true)).unwrap();
    let ndcg = |at: usize| choice.candidates[at].grade.as_ref().unwrap().ndcg;
    assert!(matches!(choice.candidates[0].recipe.method, Method::Popular));
    assert!(ndcg(choice.chosen) > 3.0 * ndcg(0), "{} {}", ndcg(choice.chosen), ndcg(0));
    let recipe = choice.candidates[choice.chosen].recipe;
    let table = Table::new(&purchases, until(60.0)).unwrap();
    let sources = Sources { purchases: &purchases, categories: &[], factors: FACTORS, n_threads: 1 };
    let fitted = Recommender::fit(&table, recipe, &sources).unwrap();
    let customers: Vec<usize> = (0..50).collect();
    let lists = fitted.lists(&customers, &ListOptions { repeats: Repeats::Never, ..options(1) });
    let (mut n_same, mut n_all) = (0, 0);
    for (customer, list) in lists.iter().enumerate() {
        for each in list {
            let Some(Reason::Because { product, share }) = each.reasons.first() else { panic!("{each:?}") };
            assert!(*share > 0.0 && *share <= 1.0);
            n_all += 2;
            n_same +=
                usize::from(each.product / 12 == customer as u64 % 5) + usize::from(product / 12 == each.product / 12);
        }
    }
    assert!(n_same * 10 > n_all * 9, "{n_same} of {n_all}");
}

#[test]
fn nothing_to_learn_means_what_is_popular() {
    let mut dice = Dice(3);
    let mut purchases = Vec::new();
    for customer in 0..400 {
        for week in 0..16 {
            // The square of a die: some products are popular, and nothing else is to be known.
            purchases.push(purchase(customer, dice.below(8) * dice.below(8), f64::from(week) * 7.0));
        }
    }
    let choice = choose(&purchases, &[], &choice_options(true)).unwrap();
    assert_eq!(choice.candidates[choice.chosen].recipe.method, Method::Popular);
    assert!(matches!(choice.why, Why::SimplerAsGood { .. } | Why::Best { .. }), "{:?}", choice.why);
    assert_eq!(choose(&purchases[..200], &[], &choice_options(true)).unwrap_err(), Problem::TooFewCustomers);
    assert_eq!(Table::new(&purchases, Until { time: 1.0, half_life: 0.0 }).unwrap_err(), Problem::Invalid);
}

#[test]
fn products_return_when_their_cycle_says_so() {
    let mut purchases = Vec::new();
    for customer in 0..40_u64 {
        // 1 every 14 days, up to 0 to 39 days ago; 2 once, and never again.
        let last = 100.0 - customer as f64;
        for n_before in 0..5 {
            let jitter = ((customer + n_before) % 3) as f64 - 1.0;
            purchases.push(purchase(
                customer,
                1,
                last - 14.0 * n_before as f64 + if n_before > 0 { jitter } else { 0.0 },
            ));
        }
        purchases.push(purchase(customer, 2, last));
    }
    let table = Table::new(&purchases, until(100.0)).unwrap();
    let cycles = Cycles::fit(&gaps(&purchases)).unwrap();
    let waiting = due(&table, &cycles, &DueOptions::default());
    assert_eq!(waiting.len(), 40);
    assert!(waiting.iter().all(|due| due.product == 1 && (due.due_at - due.last - 14.0).abs() < 2.0));
    assert!(waiting[..10].iter().all(|due| due.state == State::NotYet));
    assert_eq!(waiting[14].state, State::Due);
    assert!(waiting[30..].iter().all(|due| due.state == State::Lapsed));
    let recipe = Recipe { method: Method::Own, own: 1.0 };
    let sources = Sources { purchases: &purchases, categories: &[], factors: FACTORS, n_threads: 1 };
    let fitted = Recommender::fit(&table, recipe, &sources).unwrap();
    let lists = fitted.lists(&[3, 14], &ListOptions { repeats: Repeats::WhenDue(&waiting), ..options(1) });
    assert!(lists[0].is_empty());
    assert_eq!(lists[1].iter().map(|each| each.product).collect::<Vec<u64>>(), [1]);
    assert!(matches!(
        lists[1][0].reasons[..],
        [Reason::Due { is_overdue: false, .. }, Reason::BoughtBefore { n_times: 5, .. }]
    ));
    assert_eq!(fitted.for_strangers(1)[0].reasons, [Reason::Popular { n_customers: 40 }]);
}

#[test]
fn the_next_category_is_the_one_that_follows() {
    let mut dice = Dice(11);
    let mut purchases = Vec::new();
    for customer in 0..300 {
        for turn in 0..8 {
            // 0, 1, 2, 0, 1, 2 …, one time in five any.
            let product = if dice.below(5) == 0 { dice.below(3) } else { (customer + turn) % 3 };
            purchases.push(purchase(customer, product, turn as f64));
        }
    }
    let categories = [(0, 10), (1, 11), (2, 12)];
    let chain = NextCategory::fit(&purchases, &categories, 99.0).unwrap();
    assert_eq!(chain.categories, [10, 11, 12]);
    let chances = chain.chances(&[11]);
    assert!(chances[2] > 0.7 && chances[0] < 0.2, "{chances:?}");
    assert!(chain.chances(&[]).iter().all(|share| (share - 1.0 / 3.0).abs() < 0.05));
    assert_eq!(NextCategory::fit(&purchases, &[], 99.0).unwrap_err(), Problem::Empty);
}

/// Two customers by hand: one hit of two at the second place, and none of one.
#[test]
fn grades_equal_those_by_hand() {
    let before = [purchase(1, 1, 0.0), purchase(1, 2, 0.0), purchase(2, 1, 0.0), purchase(3, 3, 0.0)];
    let after =
        [purchase(1, 2, 5.0), purchase(1, 9, 5.0), purchase(2, 3, 5.0), purchase(4, 1, 5.0), purchase(2, 1, 20.0)];
    let purchases = [&before[..], &after[..]].concat();
    let table = Table::new(&purchases, until(1.0)).unwrap();
    let truth = Truth::new(&table, &purchases, 10.0, false);
    assert_eq!((truth.customers.as_slice(), truth.bought.as_slice()), (&[0, 1][..], &[vec![2, 9], vec![3]][..]));
    assert_eq!(Truth::new(&table, &purchases, 10.0, true).bought, [vec![9], vec![3]]);
    let list =
        |products: [u64; 2]| products.map(|product| Recommendation { product, score: 0.0, reasons: vec![] }).to_vec();
    let grade = grade(&table, &truth, &[list([1, 2]), list([1, 2])], 2);
    let second = 1.0 / 3.0_f64.log2();
    assert!((grade.ndcg - second / (1.0 + second) / 2.0).abs() < 1e-12, "{grade:?}");
    assert_eq!((grade.precision, grade.recall, grade.n_customers), (0.25, 0.25, 2));
    assert!((grade.coverage - 2.0 / 3.0).abs() < 1e-12);
    // Listed: two and one buyers, twice; bought: one, nobody, one.
    assert!((grade.popularity_lift - 1.5 / (2.0 / 3.0)).abs() < 1e-12);
}
