//! Products for customers, with reasons.

use std::sync::Arc;

use super::categories::ByCategory;
use super::cosine::Cosine;
use super::due::{Due, State};
use super::ease::Ease;
use super::factors::{FactorOptions, Factors};
use super::table::Table;
use super::{Method, Problem, Recipe};
use crate::parallel;
use crate::survival::Purchase;

/// What may be recommended of what a customer has.
#[derive(Clone, Copy, Debug)]
pub enum Repeats<'a> {
    /// All of it.
    Any,
    /// None of it: new products alone.
    Never,
    /// What its cycle says is due or overdue.
    WhenDue(&'a [Due]),
}

/// How lists are made.
#[derive(Clone, Copy, Debug)]
pub struct ListOptions<'a> {
    /// Products of a list.
    pub n_products: usize,
    /// What the customer has already.
    pub repeats: Repeats<'a>,
    /// Most products named as a reason; none costs nothing.
    pub n_reasons: usize,
    /// Threads.
    pub n_threads: usize,
}

/// Why a product is recommended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Reason {
    /// The customer has bought it so many times, the last time then.
    BoughtBefore {
        /// Times.
        n_times: u32,
        /// In the unit of purchases.
        last: f64,
    },
    /// Its cycle says so.
    Due {
        /// When half of such customers would have bought again.
        at: f64,
        /// Whether three quarters would.
        is_overdue: bool,
    },
    /// Who has bought that often has this too.
    Because {
        /// A product that the customer has.
        product: u64,
        /// Share of all that speaks for the recommended one, 0 to 1.
        share: f32,
    },
    /// Its kind is likely next after what was bought last.
    NextCategory {
        /// Which.
        category: u64,
        /// On the next occasion.
        chance: f64,
    },
    /// Many customers have it; nothing is known that speaks for another.
    Popular {
        /// How many.
        n_customers: usize,
    },
}

/// A product for a customer.
#[derive(Clone, Debug, PartialEq)]
pub struct Recommendation {
    /// What.
    pub product: u64,
    /// Higher is better, within a list.
    pub score: f32,
    /// The strongest first; empty when none were asked for.
    pub reasons: Vec<Reason>,
}

/// A recipe, learnt from a table.
#[derive(Clone, Debug)]
pub struct Recommender<'a> {
    /// What it was learnt from.
    pub table: &'a Table,
    /// How.
    pub recipe: Recipe,
    part: Arc<Part>,
}

/// What was learnt, without the table: for whoever keeps both.
#[derive(Clone, Debug)]
pub struct Learnt {
    /// How.
    pub recipe: Recipe,
    part: Arc<Part>,
}

impl Learnt {
    /// With the table that it was learnt from.
    pub fn over<'a>(&self, table: &'a Table) -> Recommender<'a> {
        Recommender { table, recipe: self.recipe, part: self.part.clone() }
    }
}

#[derive(Clone, Debug)]
enum Part {
    None,
    Cosine(Cosine),
    Ease(Ease),
    Factors(Factors),
    Category(ByCategory),
}

/// What recipes learn from beside the table.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// The purchases that the table was made of.
    pub purchases: &'a [Purchase],
    /// Category of each product, where known.
    pub categories: &'a [(u64, u64)],
    /// Of [`Method::Factors`].
    pub factors: FactorOptions,
    /// Threads.
    pub n_threads: usize,
}

/// Neighbours of a product in [`Method::Cosine`].
const N_NEIGHBOURS: usize = 100;

impl<'a> Recommender<'a> {
    /// Learns.
    ///
    /// **Errors**: those of the methods; [`Problem::Empty`] for a table without purchases.
    pub fn fit(table: &'a Table, recipe: Recipe, sources: &Sources) -> Result<Self, Problem> {
        if table.n_cells() == 0 {
            return Err(Problem::Empty);
        }
        let part = match recipe.method {
            Method::Popular | Method::Own => Part::None,
            Method::Cosine => Part::Cosine(Cosine::fit(table, N_NEIGHBOURS, sources.n_threads)),
            Method::Ease { ridge } => Part::Ease(Ease::fit(table, ridge, sources.n_threads)?),
            Method::Factors => Part::Factors(Factors::fit(table, &sources.factors, sources.n_threads)),
            Method::NextCategory => Part::Category(ByCategory::fit(table, sources.purchases, sources.categories)?),
        };
        Ok(Self { table, recipe, part: Arc::new(part) })
    }

    /// What was learnt, without the table.
    pub fn learnt(&self) -> Learnt {
        Learnt { recipe: self.recipe, part: self.part.clone() }
    }

    /// The same with another weight of the customer's own history: nothing is learnt anew.
    pub fn with_own(self, own: f32) -> Self {
        Self { recipe: Recipe { own, ..self.recipe }, ..self }
    }

    /// Scores of all products for a customer of the table.
    pub fn scores(&self, customer: usize) -> Vec<f32> {
        let mut scores = vec![0.0; self.table.products.len()];
        self.score(customer, &mut scores);
        scores
    }

    fn score(&self, customer: usize, scores: &mut [f32]) {
        scores.fill(0.0);
        match &*self.part {
            Part::None => {}
            Part::Cosine(part) => part.add_scores(self.table, customer, 1.0, scores),
            Part::Ease(part) => part.add_scores(self.table, customer, 1.0, scores),
            Part::Factors(part) => part.add_scores(customer, 1.0, scores),
            Part::Category(part) => part.add_scores(customer, 1.0, scores),
        }
        if self.recipe.method == Method::Own && self.recipe.own == 0.0 {
            self.table.owned(customer).iter().for_each(|own| scores[own.product as usize] = own.n_times as f32);
        } else if self.recipe.own != 0.0 {
            let own = self.table.owned(customer).iter();
            own.for_each(|own| scores[own.product as usize] += self.recipe.own * own.weight);
        }
    }

    /// Lists for customers, by position; equal scores go by number of buyers, then by id.
    pub fn lists(&self, customers: &[usize], options: &ListOptions) -> Vec<Vec<Recommendation>> {
        let n = self.table.products.len();
        parallel::map(
            customers.len(),
            16,
            options.n_threads,
            || (vec![0.0_f32; n], vec![false; n]),
            |(scores, is_barred), range| {
                let of = |customer: &usize| {
                    self.score(*customer, scores);
                    self.bar(*customer, options.repeats, is_barred);
                    let best = self.best(scores, is_barred, options.n_products);
                    self.table.owned(*customer).iter().for_each(|own| is_barred[own.product as usize] = false);
                    let list = best.into_iter().map(|product| Recommendation {
                        product: self.table.products[product],
                        score: scores[product],
                        reasons: self.reasons(*customer, product, options),
                    });
                    list.collect::<Vec<Recommendation>>()
                };
                customers[range].iter().map(of).collect::<Vec<Vec<Recommendation>>>()
            },
        )
        .concat()
    }

    /// What somebody is shown of whom nothing is known.
    pub fn for_strangers(&self, n_products: usize) -> Vec<Recommendation> {
        let n = self.table.products.len();
        let best = self.best(&vec![0.0; n], &vec![false; n], n_products);
        let of = |product: usize| {
            let n_customers = self.table.n_buyers(product);
            let reasons = vec![Reason::Popular { n_customers }];
            Recommendation { product: self.table.products[product], score: 0.0, reasons }
        };
        best.into_iter().map(of).collect()
    }

    /// Products most like one, with their cosine; empty for other methods than [`Method::Cosine`].
    pub fn like(&self, product: usize) -> Vec<(u64, f32)> {
        match &*self.part {
            Part::Cosine(part) => {
                part.like(product).iter().map(|(at, cosine)| (self.table.products[*at as usize], *cosine)).collect()
            }
            _ => Vec::new(),
        }
    }

    fn bar(&self, customer: usize, repeats: Repeats, is_barred: &mut [bool]) {
        if matches!(repeats, Repeats::Any) {
            return;
        }
        self.table.owned(customer).iter().for_each(|own| is_barred[own.product as usize] = true);
        if let Repeats::WhenDue(all) = repeats {
            let ready = due_of(all, self.table.customers[customer]).iter().filter(|due| is_ready(due));
            ready.filter_map(|due| self.table.product(due.product)).for_each(|product| is_barred[product] = false);
        }
    }

    fn best(&self, scores: &[f32], is_barred: &[bool], n_products: usize) -> Vec<usize> {
        let order = |a: &usize, b: &usize| {
            let by_buyers = self.table.n_buyers(*b).cmp(&self.table.n_buyers(*a));
            scores[*b].total_cmp(&scores[*a]).then(by_buyers).then(a.cmp(b))
        };
        let mut best: Vec<usize> = Vec::with_capacity(n_products + 1);
        for product in (0..scores.len()).filter(|product| !is_barred[*product]) {
            if best.len() == n_products {
                if best.last().is_none_or(|last| order(&product, last).is_ge()) {
                    continue;
                }
                best.pop();
            }
            let at = best.partition_point(|other| order(other, &product).is_lt());
            best.insert(at, product);
        }
        best
    }

    fn reasons(&self, customer: usize, product: usize, options: &ListOptions) -> Vec<Reason> {
        if options.n_reasons == 0 {
            return Vec::new();
        }
        let mut reasons = Vec::new();
        let all = self.table.owned(customer);
        let own = all.binary_search_by_key(&(product as u32), |own| own.product).ok().map(|at| all[at]);
        if let Repeats::WhenDue(due) = options.repeats
            && let own = due_of(due, self.table.customers[customer])
            && let Ok(at) = own.binary_search_by_key(&self.table.products[product], |due| due.product)
        {
            reasons.push(Reason::Due { at: own[at].due_at, is_overdue: own[at].state == State::Overdue });
        }
        let has_own = self.recipe.own > 0.0 || self.recipe.method == Method::Own;
        if let Some(own) = own.filter(|_| has_own) {
            reasons.push(Reason::BoughtBefore { n_times: own.n_times, last: own.last });
        }
        let contributions = match &*self.part {
            Part::None => Vec::new(),
            Part::Cosine(part) => part.contributions(self.table, customer, product),
            Part::Ease(part) => part.contributions(self.table, customer, product),
            Part::Factors(part) => part.contributions(self.table, customer, product),
            Part::Category(part) => {
                let why = part.why(customer, product);
                reasons.extend(why.map(|(category, chance)| Reason::NextCategory { category, chance }));
                Vec::new()
            }
        };
        // The product itself is no reason for itself; that it was bought before is said above.
        let speaks = |(own, value): &(&super::Owned, f32)| own.product as usize != product && *value > 0.0;
        let mut speaking: Vec<(&super::Owned, f32)> = all.iter().zip(contributions).filter(speaks).collect();
        let total: f32 = speaking.iter().map(|(_, value)| value).sum();
        speaking.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.0.product.cmp(&b.0.product)));
        reasons.extend(speaking.iter().map(|(own, value)| Reason::Because {
            product: self.table.products[own.product as usize],
            share: value / total,
        }));
        if reasons.is_empty() {
            reasons.push(Reason::Popular { n_customers: self.table.n_buyers(product) });
        }
        reasons.truncate(options.n_reasons);
        reasons
    }
}

/// What a customer has that is replenished; the list is by customer and product.
fn due_of(all: &[Due], customer: u64) -> &[Due] {
    let from = all.partition_point(|due| due.customer < customer);
    let own = &all[from..];
    &own[..own.partition_point(|due| due.customer == customer)]
}

fn is_ready(due: &Due) -> bool {
    matches!(due.state, State::Due | State::Overdue)
}
