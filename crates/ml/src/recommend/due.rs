//! What is used up and due again.

use super::table::Table;
use crate::survival::{Cycle, Cycles};

/// Where in its cycle a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum State {
    /// Less than a quarter of such customers would have bought again.
    NotYet,
    /// Between a quarter and three quarters would.
    Due,
    /// More than three quarters would.
    Overdue,
    /// Nearly all would (49 in 50): the customer went elsewhere, or needs it no longer.
    Lapsed,
}

/// A product of a customer that is bought again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Due {
    /// Who.
    pub customer: u64,
    /// What.
    pub product: u64,
    /// When last, and how much.
    pub last: f64,
    /// Quantity at that time.
    pub quantity: f64,
    /// Cycle of one unit, of the customer for this product.
    pub cycle: Cycle,
    /// When half of such customers would have bought again.
    pub due_at: f64,
    /// As of the end of the table.
    pub state: State,
}

/// Which products are bought again and again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DueOptions {
    /// Least share of a product's customers who bought it more than once.
    pub min_repeat_ratio: f64,
    /// Fewest gaps of a product over all customers.
    pub min_gaps: usize,
}

impl Default for DueOptions {
    fn default() -> Self {
        Self { min_repeat_ratio: 0.2, min_gaps: 10 }
    }
}

/// Products that are replenished, with their place in the cycle, by customer and product. A product that its customers rarely
/// buy again has no cycle and is left out.
///
/// Cycles are log-normal ([`Cycles`]), so quarters give the whole curve: 49 in 50 lie below 3.04 times the distance from the
/// median to the upper quarter, in logarithms.
pub fn due(table: &Table, cycles: &Cycles, options: &DueOptions) -> Vec<Due> {
    let is_replenished = |product: usize| {
        let n_again = table.buyers(product).filter(|(_, own)| own.n_times > 1).count();
        n_again as f64 >= options.min_repeat_ratio * table.n_buyers(product) as f64
            && cycles.product(table.products[product]).n_gaps >= options.min_gaps
    };
    let replenished: Vec<bool> = (0..table.products.len()).map(is_replenished).collect();
    let mut found = Vec::new();
    for (at, customer) in table.customers.iter().enumerate() {
        for own in table.owned(at).iter().filter(|own| replenished[own.product as usize]) {
            let product = table.products[own.product as usize];
            let cycle = cycles.customer(product, *customer);
            let passed = (table.until.time - own.last) / own.last_quantity;
            let end = cycle.median * (cycle.late / cycle.median).powf(3.04);
            let state = match passed {
                passed if passed < cycle.early => State::NotYet,
                passed if passed <= cycle.late => State::Due,
                passed if passed <= end => State::Overdue,
                _ => State::Lapsed,
            };
            let due_at = own.last + cycle.median * own.last_quantity;
            found.push(Due {
                customer: *customer,
                product,
                last: own.last,
                quantity: own.last_quantity,
                cycle,
                due_at,
                state,
            });
        }
    }
    found
}
