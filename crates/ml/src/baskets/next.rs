//! Products that follow others.

use super::fisher::Fisher;
use super::lines::{Problem, numbered};
use crate::groups::benjamini_hochberg;
use crate::parallel;
use crate::survival::Purchase;

/// Which pairs are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextOptions {
    /// Longest time between the two, in the unit of purchases.
    pub max_gap: f64,
    /// Fewest customers who bought the one and then the other.
    pub min_customers: u32,
    /// Least lift.
    pub min_lift: f64,
    /// Threads.
    pub n_threads: usize,
}

/// One product and another that is bought after it. An occasion is all that a customer buys at one time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextPair {
    /// Bought first.
    pub first: u64,
    /// Bought after it, and not with it.
    pub next: u64,
    /// Customers who did so.
    pub n_customers: u32,
    /// Occasions with the first and without the next.
    pub n_first: u32,
    /// Those of them that the next followed in time.
    pub n_both: u32,
    /// Occasions with the next and without the first that the first followed: the other direction.
    pub n_reverse: u32,
    /// Share of occasions with the first that the next followed.
    pub confidence: f64,
    /// Confidence over the same share of all occasions without the next: 1 is chance.
    pub lift: f64,
    /// Probability of so many, or more, by chance (Fisher's exact test). Occasions of one customer are taken for independent,
    /// so it is a little too small where few customers buy often.
    pub p: f64,
    /// `p` corrected by Benjamini and Hochberg for all pairs with enough customers.
    pub q: f64,
}

/// Pairs of different products where the second is bought later than the first, within a time, by falling lift.
///
/// Occasions whose time has not passed at the end of the data count like others, for both shares that are compared. Purchases
/// whose time is not finite are left out.
pub fn bought_next(purchases: &[Purchase], options: &NextOptions) -> Result<Vec<NextPair>, Problem> {
    if options.max_gap.is_nan() || options.max_gap <= 0.0 {
        return Err(Problem::Limits);
    }
    let history = History::new(purchases)?;
    let n_products = history.products.len();
    // Of each product: occasions without it that it followed.
    let mut followed = vec![0_u32; n_products];
    let mut n_occasions_with = vec![0_u32; n_products];
    let mut seen = Seen::new(n_products);
    for at in 0..history.at.len() {
        history.occasion(at).iter().for_each(|item| n_occasions_with[*item as usize] += 1);
        history.for_each_next(at, options.max_gap, &mut seen, |item| followed[item as usize] += 1);
    }
    let n = history.at.len() as u32;
    let by_first = parallel::map(
        n_products,
        1,
        options.n_threads,
        || (Seen::new(n_products), vec![Tally::default(); n_products]),
        |(seen, tallies), range| {
            let first = range.start;
            let mut touched: Vec<u32> = Vec::new();
            for at in &history.occasions_of[history.starts_of[first]..history.starts_of[first + 1]] {
                let at = *at as usize;
                let customer = history.customer[at];
                history.for_each_next(at, options.max_gap, seen, |item| {
                    let tally = &mut tallies[item as usize];
                    if tally.n_both == 0 {
                        touched.push(item);
                    }
                    tally.n_both += 1;
                    tally.n_customers += u32::from(tally.n_customers == 0 || tally.last != customer);
                    tally.last = customer;
                });
                for item in history.occasion(at) {
                    let tally = &mut tallies[*item as usize];
                    if tally.n_both + tally.n_with == 0 {
                        touched.push(*item);
                    }
                    tally.n_with += 1;
                }
            }
            touched.sort_unstable();
            touched.dedup();
            let found: Vec<(u32, Tally)> =
                touched.iter().map(|item| (*item, std::mem::take(&mut tallies[*item as usize]))).collect();
            found.into_iter().filter(|(_, tally)| tally.n_both > 0).collect::<Vec<(u32, Tally)>>()
        },
    );
    let mut pairs = Vec::new();
    for (first, found) in by_first.iter().enumerate() {
        for (next, tally) in found.iter().filter(|(_, tally)| tally.n_customers >= options.min_customers.max(1)) {
            let back = &by_first[*next as usize];
            let n_reverse =
                back.binary_search_by_key(&(first as u32), |(item, _)| *item).map_or(0, |at| back[at].1.n_both);
            let next = *next as usize;
            let (n_without, n_first) = (n - n_occasions_with[next], n_occasions_with[first] - tally.n_with);
            let confidence = f64::from(tally.n_both) / f64::from(n_first);
            pairs.push(NextPair {
                first: history.products[first],
                next: history.products[next],
                n_customers: tally.n_customers,
                n_first,
                n_both: tally.n_both,
                n_reverse,
                confidence,
                lift: confidence * f64::from(n_without) / f64::from(followed[next]),
                p: Fisher::new(n_without.into(), 0).above(tally.n_both.into(), n_first.into(), followed[next].into()),
                q: 1.0,
            });
        }
    }
    let q = benjamini_hochberg(&pairs.iter().map(|pair| pair.p).collect::<Vec<f64>>());
    pairs.iter_mut().zip(q).for_each(|(pair, q)| pair.q = q);
    pairs.retain(|pair| pair.lift >= options.min_lift);
    pairs.sort_unstable_by(|a, b| {
        b.lift.total_cmp(&a.lift).then(b.n_both.cmp(&a.n_both)).then((a.first, a.next).cmp(&(b.first, b.next)))
    });
    Ok(pairs)
}

#[derive(Clone, Copy, Default)]
struct Tally {
    n_both: u32,
    n_with: u32,
    n_customers: u32,
    last: u32,
}

/// Which products an occasion was found to have already.
struct Seen {
    marks: Vec<u32>,
    mark: u32,
}

impl Seen {
    fn new(n_products: usize) -> Self {
        Self { marks: vec![0; n_products], mark: 0 }
    }

    fn begin(&mut self) {
        self.mark = self.mark.wrapping_add(1);
        if self.mark == 0 {
            self.marks.fill(0);
            self.mark = 1;
        }
    }

    /// Whether a product is new.
    fn add(&mut self, item: u32) -> bool {
        std::mem::replace(&mut self.marks[item as usize], self.mark) != self.mark
    }
}

/// Occasions by customer and time.
struct History {
    products: Vec<u64>,
    customer: Vec<u32>,
    at: Vec<f64>,
    starts: Vec<usize>,
    items: Vec<u32>,
    /// Occasions that hold each product.
    occasions_of: Vec<u32>,
    starts_of: Vec<usize>,
}

impl History {
    fn new(purchases: &[Purchase]) -> Result<Self, Problem> {
        if u32::try_from(purchases.len()).is_err() {
            return Err(Problem::TooLarge);
        }
        let valid: Vec<&Purchase> = purchases.iter().filter(|each| each.at.is_finite()).collect();
        let (products, items) = numbered(valid.iter().map(|each| each.product));
        let (_, customers) = numbered(valid.iter().map(|each| each.customer));
        let mut order: Vec<usize> = (0..valid.len()).collect();
        order.sort_unstable_by(|a, b| {
            let by_time = valid[*a].at.total_cmp(&valid[*b].at);
            customers[*a].cmp(&customers[*b]).then(by_time).then(items[*a].cmp(&items[*b]))
        });
        let n_products = products.len();
        let mut history = Self {
            products,
            customer: Vec::new(),
            at: Vec::new(),
            starts: vec![0],
            items: Vec::new(),
            occasions_of: Vec::new(),
            starts_of: vec![0; n_products + 1],
        };
        for own in order.chunk_by(|a, b| customers[*a] == customers[*b] && valid[*a].at == valid[*b].at) {
            history.customer.push(customers[own[0]]);
            history.at.push(valid[own[0]].at);
            let from = history.items.len();
            history.items.extend(own.iter().map(|at| items[*at]));
            history.items[from..].sort_unstable();
            let mut kept = from;
            for at in from..history.items.len() {
                if kept == from || history.items[kept - 1] != history.items[at] {
                    history.items[kept] = history.items[at];
                    kept += 1;
                }
            }
            history.items.truncate(kept);
            history.starts.push(kept);
        }
        history.items.iter().for_each(|item| history.starts_of[*item as usize + 1] += 1);
        (0..n_products).for_each(|at| history.starts_of[at + 1] += history.starts_of[at]);
        let mut next = history.starts_of.clone();
        history.occasions_of = vec![0; history.items.len()];
        for at in 0..history.at.len() {
            for item in &history.items[history.starts[at]..history.starts[at + 1]] {
                history.occasions_of[next[*item as usize]] = at as u32;
                next[*item as usize] += 1;
            }
        }
        Ok(history)
    }

    fn occasion(&self, at: usize) -> &[u32] {
        &self.items[self.starts[at]..self.starts[at + 1]]
    }

    /// Each product that followed an occasion in time and was not part of it, once.
    fn for_each_next(&self, at: usize, max_gap: f64, seen: &mut Seen, mut work: impl FnMut(u32)) {
        seen.begin();
        for item in self.occasion(at) {
            seen.add(*item);
        }
        let is_near =
            |later: &usize| self.customer[*later] == self.customer[at] && self.at[*later] - self.at[at] <= max_gap;
        for later in (at + 1..self.at.len()).take_while(is_near) {
            self.occasion(later).iter().filter(|item| seen.add(**item)).for_each(|item| work(*item));
        }
    }
}
