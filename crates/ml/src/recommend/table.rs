//! Who bought what, how often, and when last.

use super::Problem;
use crate::baskets::numbered;
use crate::survival::Purchase;

/// How purchases are weighed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Until {
    /// Purchases after this time are not looked at.
    pub time: f64,
    /// Time after which a purchase counts half; infinite when all count alike.
    pub half_life: f64,
}

/// What a customer has of a product.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Owned {
    /// Position of the product.
    pub product: u32,
    /// Different times at which it was bought.
    pub n_times: u32,
    /// When last.
    pub last: f64,
    /// Quantity at that time.
    pub last_quantity: f64,
    /// Sum over the times, each weighed by its age.
    pub recent: f32,
    /// `ln(1 + recent)`: what it counts for methods.
    pub weight: f32,
}

/// Customers by products, without the empty cells. A customer and a product are known by position; ids ascend.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it was made for.
    pub until: Until,
    pub(super) customers: Vec<u64>,
    pub(super) products: Vec<u64>,
    starts: Vec<usize>,
    owned: Vec<Owned>,
    starts_of: Vec<usize>,
    /// By product: customer and place in `owned`.
    buyers: Vec<(u32, u32)>,
}

impl Table {
    /// Purchases in any order, those of one customer, product and time taken together; times and quantities that are not
    /// finite, quantities not above 0, and what came after are left out.
    ///
    /// **Errors**: [`Problem::TooLarge`] beyond what 32 bits can number; [`Problem::Invalid`] when the half-life is not above 0.
    pub fn new(purchases: &[Purchase], until: Until) -> Result<Self, Problem> {
        if u32::try_from(purchases.len()).is_err() {
            return Err(Problem::TooLarge);
        }
        if until.time.is_nan() || until.half_life.is_nan() || until.half_life <= 0.0 {
            return Err(Problem::Invalid);
        }
        let is_valid = |each: &&Purchase| {
            each.at.is_finite() && each.quantity.is_finite() && each.quantity > 0.0 && each.at <= until.time
        };
        let valid: Vec<&Purchase> = purchases.iter().filter(is_valid).collect();
        let (customers, customer_of) = numbered(valid.iter().map(|each| each.customer));
        let (products, product_of) = numbered(valid.iter().map(|each| each.product));
        let mut order: Vec<u32> = (0..valid.len() as u32).collect();
        let key = |at: &u32| (customer_of[*at as usize], product_of[*at as usize]);
        order.sort_unstable_by(|a, b| {
            let (first, second) = (valid[*a as usize], valid[*b as usize]);
            let by_time = first.at.total_cmp(&second.at).then(first.quantity.total_cmp(&second.quantity));
            key(a).cmp(&key(b)).then(by_time)
        });
        let mut table = Self {
            until,
            starts: vec![0; customers.len() + 1],
            starts_of: vec![0; products.len() + 1],
            customers,
            products,
            owned: Vec::new(),
            buyers: Vec::new(),
        };
        for own in order.chunk_by(|a, b| key(a) == key(b)) {
            let (customer, product) = key(&own[0]);
            let mut cell = Owned { product, n_times: 0, last: 0.0, last_quantity: 0.0, recent: 0.0, weight: 0.0 };
            let mut recent = 0.0;
            for tie in own.chunk_by(|a, b| valid[*a as usize].at == valid[*b as usize].at) {
                cell.n_times += 1;
                cell.last = valid[tie[0] as usize].at;
                cell.last_quantity = tie.iter().map(|at| valid[*at as usize].quantity).sum();
                // All the same without a half-life, also where the table has no end.
                let age = if until.half_life.is_finite() { (until.time - cell.last) / until.half_life } else { 0.0 };
                recent += (-age).exp2();
            }
            cell.recent = recent as f32;
            cell.weight = cell.recent.ln_1p();
            table.owned.push(cell);
            table.starts[customer as usize + 1] += 1;
            table.starts_of[product as usize + 1] += 1;
        }
        (1..table.starts.len()).for_each(|at| table.starts[at] += table.starts[at - 1]);
        (1..table.starts_of.len()).for_each(|at| table.starts_of[at] += table.starts_of[at - 1]);
        table.buyers = vec![(0, 0); table.owned.len()];
        let mut next = table.starts_of.clone();
        for customer in 0..table.customers.len() {
            for place in table.starts[customer]..table.starts[customer + 1] {
                let at = &mut next[table.owned[place].product as usize];
                table.buyers[*at] = (customer as u32, place as u32);
                *at += 1;
            }
        }
        Ok(table)
    }

    /// Ids of customers, ascending.
    pub fn customers(&self) -> &[u64] {
        &self.customers
    }

    /// Ids of products, ascending.
    pub fn products(&self) -> &[u64] {
        &self.products
    }

    /// Position of a customer.
    pub fn customer(&self, id: u64) -> Option<usize> {
        self.customers.binary_search(&id).ok()
    }

    /// Position of a product.
    pub fn product(&self, id: u64) -> Option<usize> {
        self.products.binary_search(&id).ok()
    }

    /// What a customer has, products ascending.
    pub fn owned(&self, customer: usize) -> &[Owned] {
        &self.owned[self.starts[customer]..self.starts[customer + 1]]
    }

    /// How many customers have a product.
    pub fn n_buyers(&self, product: usize) -> usize {
        self.starts_of[product + 1] - self.starts_of[product]
    }

    /// Customers who have a product, ascending, with what they have of it.
    pub(super) fn buyers(&self, product: usize) -> impl Iterator<Item = (usize, &Owned)> {
        self.buyers[self.starts_of[product]..self.starts_of[product + 1]]
            .iter()
            .map(|(customer, place)| (*customer as usize, &self.owned[*place as usize]))
    }

    /// Cells that are not empty.
    pub fn n_cells(&self) -> usize {
        self.owned.len()
    }
}
