//! How good lists are, by what was bought later.

use std::collections::BTreeSet;

use super::recommender::Recommendation;
use super::table::Table;
use crate::survival::Purchase;

/// What customers of a table bought in the window that followed.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Positions of customers who bought anything that counts.
    pub customers: Vec<usize>,
    /// Ids of what each bought, ascending.
    pub bought: Vec<Vec<u64>>,
}

impl Truth {
    /// Purchases after the table's end, up to a time. With `is_new_only`, what a customer had before does not count.
    pub fn new(table: &Table, purchases: &[Purchase], to: f64, is_new_only: bool) -> Self {
        let mut rows: Vec<(usize, u64)> = purchases
            .iter()
            .filter(|each| each.at > table.until.time && each.at <= to && each.quantity > 0.0)
            .filter_map(|each| Some((table.customer(each.customer)?, each.product)))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        let has = |customer: usize, product: u64| {
            let own = table.owned(customer);
            table.product(product).is_some_and(|at| own.binary_search_by_key(&(at as u32), |own| own.product).is_ok())
        };
        rows.retain(|(customer, product)| !(is_new_only && has(*customer, *product)));
        let mut truth = Self { customers: Vec::new(), bought: Vec::new() };
        for own in rows.chunk_by(|a, b| a.0 == b.0) {
            truth.customers.push(own[0].0);
            truth.bought.push(own.iter().map(|row| row.1).collect());
        }
        truth
    }
}

/// Grades of lists. **Units**: means over customers, 0 to 1 but for the lift.
#[derive(Clone, Debug, PartialEq)]
pub struct Grade {
    /// Customers.
    pub n_customers: usize,
    /// Share of a list that was bought.
    pub precision: f64,
    /// Share of what was bought that was listed.
    pub recall: f64,
    /// Hits by rank, over those of the best possible list.
    pub ndcg: f64,
    /// Standard error of `ndcg`.
    pub ndcg_error: f64,
    /// Share of the table's products that were listed for anybody.
    pub coverage: f64,
    /// Mean number of buyers of what was listed, over that of what was bought: above 1 favours what is popular.
    pub popularity_lift: f64,
    /// `ndcg` of each customer, in the order of the truth.
    pub each: Vec<f64>,
}

/// Grades lists, one for each customer of the truth, by their first `k` products.
///
/// **Source**: Järvelin and Kekäläinen 2002, with gains of 0 and 1.
pub fn grade(table: &Table, truth: &Truth, lists: &[Vec<Recommendation>], k: usize) -> Grade {
    let discount = |rank: usize| 1.0 / (rank as f64 + 2.0).log2();
    let mut best = vec![0.0];
    (0..k).for_each(|rank| best.push(best[rank] + discount(rank)));
    let n_buyers = |product: &u64| table.product(*product).map_or(0, |at| table.n_buyers(at)) as f64;
    let mut listed: BTreeSet<u64> = BTreeSet::new();
    let (mut precision, mut recall) = (0.0, 0.0);
    let mut each = Vec::with_capacity(truth.customers.len());
    let (mut of_listed, mut of_bought) = ((0.0, 0.0), (0.0, 0.0));
    for (list, bought) in lists.iter().zip(&truth.bought) {
        let (mut n_hits, mut gain) = (0.0, 0.0);
        for (rank, product) in list.iter().take(k).map(|each| each.product).enumerate() {
            listed.insert(product);
            of_listed = (of_listed.0 + n_buyers(&product), of_listed.1 + 1.0);
            if bought.binary_search(&product).is_ok() {
                n_hits += 1.0;
                gain += discount(rank);
            }
        }
        for product in bought {
            of_bought = (of_bought.0 + n_buyers(product), of_bought.1 + 1.0);
        }
        precision += n_hits / k.max(1) as f64;
        recall += n_hits / bought.len() as f64;
        each.push(gain / best[bought.len().min(k)].max(f64::MIN_POSITIVE));
    }
    let n = each.len() as f64;
    let (ndcg, ndcg_error) = mean_and_error(&each);
    Grade {
        n_customers: each.len(),
        precision: precision / n,
        recall: recall / n,
        ndcg,
        ndcg_error,
        coverage: listed.len() as f64 / table.products().len() as f64,
        popularity_lift: (of_listed.0 / of_listed.1) / (of_bought.0 / of_bought.1),
        each,
    }
}

/// Mean and its standard error.
pub(super) fn mean_and_error(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0).max(1.0) / n).sqrt())
}
