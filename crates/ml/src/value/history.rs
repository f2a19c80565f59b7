//! Purchase histories as the models need them.

/// When a customer, or several with the same history, bought.
///
/// **Units**: `recency` and `age` share one unit of time; `weight` counts customers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct History {
    /// Purchases after the first, each on a day of its own.
    pub frequency: u32,
    /// From the first to the last purchase; not looked at when `frequency` is 0.
    pub recency: f64,
    /// From the first purchase to the end of observation.
    pub age: f64,
    /// How many customers; above 0.
    pub weight: f64,
}

impl History {
    /// One customer's.
    pub fn new(frequency: u32, recency: f64, age: f64) -> Self {
        Self { frequency, recency, age, weight: 1.0 }
    }

    pub(super) fn is_valid(&self) -> bool {
        let is_recent = self.frequency == 0 || (0.0..=self.age).contains(&self.recency);
        self.age.is_finite() && self.age >= 0.0 && self.weight.is_finite() && self.weight > 0.0 && is_recent
    }

    /// `frequency` and `recency` as numbers, with the recency of one-time buyers set to 0.
    pub(super) fn numbers(&self) -> (f64, f64) {
        (f64::from(self.frequency), if self.frequency == 0 { 0.0 } else { self.recency })
    }
}

/// Why nothing was fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A row, by position, has a time or weight that is negative, not finite, or out of order.
    Invalid(usize),
    /// Fewer than [`MIN_REPEATERS`] customers bought again.
    TooFewRepeaters,
    /// No start led to a maximum of the likelihood: the data do not identify the parameters.
    NotConverged,
}

/// Fewest customers with repeat purchases that a model is fitted to.
pub const MIN_REPEATERS: f64 = 10.0;

/// Merges equal histories, adding their weights; sorted by frequency, recency, age.
///
/// **Errors**: [`Problem::Invalid`] with the first such row.
pub fn grouped(histories: &[History]) -> Result<Vec<History>, Problem> {
    if let Some(at) = histories.iter().position(|history| !history.is_valid()) {
        return Err(Problem::Invalid(at));
    }
    let mut rows: Vec<History> =
        histories.iter().map(|history| History { recency: history.numbers().1, ..*history }).collect();
    let key = |row: &History| (row.frequency, row.recency.to_bits(), row.age.to_bits());
    // Weights too, so that sums do not depend on the order in which rows came.
    rows.sort_unstable_by_key(|row| (key(row), row.weight.to_bits()));
    rows.dedup_by(|next, kept| {
        let is_same = key(next) == key(kept);
        if is_same {
            kept.weight += next.weight;
        }
        is_same
    });
    Ok(rows)
}
