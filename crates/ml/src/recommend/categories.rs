//! What kind of thing is bought next.

use super::Problem;
use super::table::Table;
use crate::baskets::numbered;
use crate::survival::Purchase;

/// Most categories: a count is kept for each pair.
const MAX_CATEGORIES: usize = 4_096;
/// Occasions that the shares of all customers count for beside those of a category.
const PRIOR: f64 = 20.0;

/// Chances of categories on the next occasion, given those of the last one. An occasion is all that a customer buys at a time.
///
/// **Source**: a chain of Markov of the first order, each row shrunk to the shares of all occasions.
#[derive(Clone, Debug, PartialEq)]
pub struct NextCategory {
    /// Distinct ids, ascending.
    pub categories: Vec<u64>,
    /// Share of occasions with each.
    shares: Vec<f64>,
    /// Occasions with a category that another follows.
    n_followed: Vec<u32>,
    /// Of them, those where the next occasion has a category.
    n_next: Vec<u32>,
}

impl NextCategory {
    /// **Shape**: `categories` names the category of each product, those of one product once; products without one are left out.
    /// **Errors**: [`Problem::TooLarge`] for more than 4,096 categories; [`Problem::Empty`] when nothing is left.
    pub fn fit(purchases: &[Purchase], categories: &[(u64, u64)], until: f64) -> Result<Self, Problem> {
        let rows = occasions(purchases, categories, until);
        let (ids, codes) = numbered(rows.iter().flat_map(|(_, _, own)| own.iter().copied()));
        let n = ids.len();
        if n > MAX_CATEGORIES {
            return Err(Problem::TooLarge);
        }
        if n == 0 {
            return Err(Problem::Empty);
        }
        let mut codes = codes.as_slice();
        let mut shares = vec![0.0; n];
        let mut n_followed = vec![0; n];
        let mut n_next = vec![0; n * n];
        let mut before: Option<(u64, &[u32])> = None;
        for (customer, _, own) in &rows {
            let (own, rest) = codes.split_at(own.len());
            codes = rest;
            own.iter().for_each(|code| shares[*code as usize] += 1.0 / rows.len() as f64);
            if let Some((_, last)) = before.filter(|(other, _)| other == customer) {
                for code in last {
                    n_followed[*code as usize] += 1;
                    own.iter().for_each(|next| n_next[*code as usize * n + *next as usize] += 1);
                }
            }
            before = Some((*customer, own));
        }
        Ok(Self { categories: ids, shares, n_followed, n_next })
    }

    /// Chance of each category on the next occasion, in the order of `categories`: the mean over those of the last occasion.
    pub fn chances(&self, last: &[u64]) -> Vec<f64> {
        let n = self.categories.len();
        let known: Vec<usize> = last.iter().filter_map(|id| self.categories.binary_search(id).ok()).collect();
        if known.is_empty() {
            return self.shares.clone();
        }
        let of = |next: usize| {
            let sum: f64 = known.iter().map(|code| self.chance(*code, next, n)).sum();
            sum / known.len() as f64
        };
        (0..n).map(of).collect()
    }

    fn chance(&self, code: usize, next: usize, n: usize) -> f64 {
        let both = f64::from(self.n_next[code * n + next]);
        (both + PRIOR * self.shares[next]) / (f64::from(self.n_followed[code]) + PRIOR)
    }
}

/// Categories of each occasion, by customer and time, each once and ascending.
fn occasions(purchases: &[Purchase], categories: &[(u64, u64)], until: f64) -> Vec<(u64, f64, Vec<u64>)> {
    let mut known = categories.to_vec();
    known.sort_unstable();
    let category = |product: u64| {
        let at = known.partition_point(|(id, _)| *id < product);
        known.get(at).filter(|(id, _)| *id == product).map(|(_, category)| *category)
    };
    let mut rows: Vec<(u64, f64, u64)> = purchases
        .iter()
        .filter(|each| each.at.is_finite() && each.at <= until)
        .filter_map(|each| Some((each.customer, each.at, category(each.product)?)))
        .collect();
    rows.sort_unstable_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(&b.2)));
    rows.dedup();
    rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1))
        .map(|own| (own[0].0, own[0].1, own.iter().map(|row| row.2).collect()))
        .collect()
}

/// Chances of the next category, spread over the products of a category by their buyers.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ByCategory {
    chain: NextCategory,
    /// Categories of each customer's last occasion.
    last: Vec<Vec<u64>>,
    /// Of each product: position of its category and share of that category's buyers.
    places: Vec<Option<(u32, f32)>>,
}

impl ByCategory {
    pub(super) fn fit(table: &Table, purchases: &[Purchase], categories: &[(u64, u64)]) -> Result<Self, Problem> {
        let chain = NextCategory::fit(purchases, categories, table.until.time)?;
        let mut last = vec![Vec::new(); table.customers.len()];
        for (customer, _, own) in occasions(purchases, categories, table.until.time) {
            if let Some(at) = table.customer(customer) {
                last[at] = own;
            }
        }
        let mut places: Vec<Option<(u32, f32)>> = vec![None; table.products.len()];
        let mut totals = vec![0.0_f32; chain.categories.len()];
        let mut known = categories.to_vec();
        known.sort_unstable();
        known.dedup_by_key(|(product, _)| *product);
        for (product, category) in &known {
            if let (Some(at), Ok(code)) = (table.product(*product), chain.categories.binary_search(category)) {
                let n_buyers = table.n_buyers(at) as f32;
                totals[code] += n_buyers;
                places[at] = Some((code as u32, n_buyers));
            }
        }
        places.iter_mut().flatten().for_each(|(code, share)| *share /= totals[*code as usize]);
        Ok(Self { chain, last, places })
    }

    pub(super) fn add_scores(&self, customer: usize, share: f32, scores: &mut [f32]) {
        let chances = self.chain.chances(&self.last[customer]);
        for (score, place) in scores.iter_mut().zip(&self.places) {
            if let Some((code, of_category)) = place {
                *score += share * chances[*code as usize] as f32 * of_category;
            }
        }
    }

    /// Category of a product, and its chance on a customer's next occasion.
    pub(super) fn why(&self, customer: usize, product: usize) -> Option<(u64, f64)> {
        let (code, _) = self.places[product]?;
        let chance = self.chain.chances(&self.last[customer])[code as usize];
        Some((self.chain.categories[code as usize], chance))
    }
}
