//! The cycle in which a product is bought again, for all customers and for one.

use std::collections::BTreeMap;

use crate::special::normal_quantile;

/// A purchase of a product by a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Purchase {
    /// Who.
    pub customer: u64,
    /// What.
    pub product: u64,
    /// When, in any unit.
    pub at: f64,
    /// How much, above 0: twice as much lasts twice as long.
    pub quantity: f64,
}

/// Time between two purchases of a product by a customer, for one unit of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Gap {
    /// Who.
    pub customer: u64,
    /// What.
    pub product: u64,
    /// Above 0.
    pub time: f64,
}

/// Gaps of purchases, those of one customer, product and time taken together; purchases that are not valid are left out.
pub fn gaps(purchases: &[Purchase]) -> Vec<Gap> {
    let is_valid = |each: &Purchase| each.at.is_finite() && each.quantity.is_finite() && each.quantity > 0.0;
    let mut sorted: Vec<Purchase> = purchases.iter().copied().filter(is_valid).collect();
    sorted.sort_unstable_by(|a, b| {
        let key = |each: &Purchase| (each.customer, each.product);
        key(a).cmp(&key(b)).then(a.at.total_cmp(&b.at)).then(a.quantity.total_cmp(&b.quantity))
    });
    let mut gaps = Vec::new();
    for own in sorted.chunk_by(|a, b| (a.customer, a.product) == (b.customer, b.product)) {
        let mut before: Option<(f64, f64)> = None;
        for tie in own.chunk_by(|a, b| a.at == b.at) {
            if let Some((at, quantity)) = before {
                let time = (tie[0].at - at) / quantity;
                if time > 0.0 && time.is_finite() {
                    gaps.push(Gap { customer: tie[0].customer, product: tie[0].product, time });
                }
            }
            before = Some((tie[0].at, tie.iter().map(|each| each.quantity).sum()));
        }
    }
    gaps
}

/// When a product is due again, counted from a purchase of one unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cycle {
    /// A quarter have bought by then.
    pub early: f64,
    /// Half have.
    pub median: f64,
    /// Three quarters have.
    pub late: f64,
    /// Gaps of the customer, or of the product when nobody was asked for.
    pub n_gaps: usize,
}

/// Log-normal gaps: each product has a mean, each customer one around it, shrunk to it where few gaps are known. Products are
/// shrunk to all products in the same way.
///
/// Spreads are estimated by moments: within customers (σ²), between customers of a product (τ²), between products (ω²); a
/// customer with n gaps is drawn to the mean of the product by σ²/(σ² + n τ²), the n/(n + k) rule with k = σ²/τ².
///
/// **Source**: empirical Bayes for the one-way random model, Searle, Casella and McCulloch 1992, chapter 3.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycles {
    overall: f64,
    within: f64,
    between: f64,
    products: BTreeMap<u64, (f64, usize)>,
    customers: BTreeMap<(u64, u64), (f64, usize)>,
}

/// Fewest gaps that cycles are learnt from.
const MIN_GAPS: usize = 10;

/// A mean over values of equal spread, with how many there were.
fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Variance between groups by moments, never below 0. Groups are means with numbers of values, `within` the variance of a
/// value.
fn between(groups: &[(f64, usize)], within: f64) -> f64 {
    let total: f64 = groups.iter().map(|(_, n)| *n as f64).sum();
    let k = groups.len() as f64;
    let mean = groups.iter().map(|(mean, n)| mean * *n as f64).sum::<f64>() / total;
    let squares: f64 = groups.iter().map(|(own, n)| *n as f64 * (own - mean).powi(2)).sum();
    let effective = total - groups.iter().map(|(_, n)| (*n as f64).powi(2)).sum::<f64>() / total;
    if effective > 0.0 { ((squares - (k - 1.0) * within) / effective).max(0.0) } else { 0.0 }
}

impl Cycles {
    /// Learns from gaps; `None` for fewer than ten. What is not above 0 is left out.
    pub fn fit(gaps: &[Gap]) -> Option<Self> {
        let mut logs: BTreeMap<(u64, u64), Vec<f64>> = BTreeMap::new();
        for gap in gaps.iter().filter(|gap| gap.time > 0.0 && gap.time.is_finite()) {
            logs.entry((gap.product, gap.customer)).or_default().push(gap.time.ln());
        }
        logs.values_mut().for_each(|logs| logs.sort_unstable_by(f64::total_cmp));
        let n: usize = logs.values().map(Vec::len).sum();
        if n < MIN_GAPS {
            return None;
        }
        let customers: BTreeMap<(u64, u64), (f64, usize)> =
            logs.iter().map(|(key, logs)| (*key, (mean(logs), logs.len()))).collect();
        let squares: f64 =
            logs.iter().map(|(key, logs)| logs.iter().map(|log| (log - customers[key].0).powi(2)).sum::<f64>()).sum();
        let degrees = n - logs.len();
        let mut by_product: BTreeMap<u64, Vec<(f64, usize)>> = BTreeMap::new();
        for ((product, _), own) in &customers {
            by_product.entry(*product).or_default().push(*own);
        }
        // Products count by how many comparisons of customers they allow.
        let between_customers = |within: f64| {
            let weight = |groups: &[(f64, usize)]| (groups.len() - 1) as f64;
            let weights: f64 = by_product.values().map(|groups| weight(groups)).sum();
            let sum: f64 = by_product.values().map(|groups| weight(groups) * between(groups, within)).sum();
            if weights > 0.0 { sum / weights } else { 0.0 }
        };
        // With one gap each, nobody tells the spread within customers from that between them: then it is all within.
        let within = if degrees > 0 { squares / degrees as f64 } else { between_customers(0.0) };
        let between_customers = between_customers(within);
        // Each customer's mean counts by what is known of it.
        let precision = |n: usize| 1.0 / (between_customers + within / n as f64).max(1e-12);
        let centre = |groups: &[(f64, usize)]| {
            let weights: f64 = groups.iter().map(|(_, n)| precision(*n)).sum();
            (groups.iter().map(|(mean, n)| mean * precision(*n)).sum::<f64>() / weights, 1.0 / weights)
        };
        let centres: Vec<(u64, f64, f64, usize)> = by_product
            .iter()
            .map(|(product, groups)| {
                let (mean, variance) = centre(groups);
                (*product, mean, variance, groups.iter().map(|(_, n)| n).sum())
            })
            .collect();
        let n_products = centres.len() as f64;
        let plain = centres.iter().map(|(_, mean, ..)| mean).sum::<f64>() / n_products;
        let spread =
            centres.iter().map(|(_, mean, ..)| (mean - plain).powi(2)).sum::<f64>() / (n_products - 1.0).max(1.0);
        let noise = centres.iter().map(|(_, _, variance, _)| variance).sum::<f64>() / n_products;
        let between_products = (spread - noise).max(0.0);
        let weight = |variance: f64| 1.0 / (between_products + variance).max(1e-12);
        let overall = centres.iter().map(|(_, mean, variance, _)| mean * weight(*variance)).sum::<f64>()
            / centres.iter().map(|(_, _, variance, _)| weight(*variance)).sum::<f64>();
        let shrunk = |mean: f64, variance: f64| {
            let share = between_products / (between_products + variance).max(1e-12);
            overall + share * (mean - overall)
        };
        let products =
            centres.iter().map(|(product, mean, variance, n)| (*product, (shrunk(*mean, *variance), *n))).collect();
        Some(Self { overall, within, between: between_customers, products, customers })
    }

    /// The cycle of a product over all customers; that of all products for one never bought twice.
    pub fn product(&self, product: u64) -> Cycle {
        let (mean, n_gaps) = self.products.get(&product).copied().unwrap_or((self.overall, 0));
        cycle(mean, self.within + self.between, n_gaps)
    }

    /// The cycle of a product for a customer.
    pub fn customer(&self, product: u64, customer: u64) -> Cycle {
        let (centre, _) = self.products.get(&product).copied().unwrap_or((self.overall, 0));
        let (own, n) = self.customers.get(&(product, customer)).copied().unwrap_or((centre, 0));
        let known = n as f64 * self.between;
        let share = if known + self.within > 0.0 { known / (known + self.within) } else { 0.0 };
        cycle(centre + share * (own - centre), self.within + self.between * (1.0 - share), n)
    }
}

fn cycle(mean: f64, variance: f64, n_gaps: usize) -> Cycle {
    let reach = normal_quantile(0.75) * variance.sqrt();
    Cycle { early: (mean - reach).exp(), median: mean.exp(), late: (mean + reach).exp(), n_gaps }
}
