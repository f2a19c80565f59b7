//! What models look at, as a table: one row a customer as of a day.

use zhike_domain::audience::AsOf;
use zhike_domain::learn::{Feature, features};
use zhike_ml::chance::Features;

use super::chance::by_purchases;
use super::purchases::{Purchases, Waiting};
use crate::segments::Bulk;
use crate::{Ctx, Result, tags};

/// Numbers of customers; what is missing is not a number.
#[derive(Clone, Debug)]
pub(super) struct Table {
    /// Keys of the columns.
    pub(super) keys: Vec<String>,
    /// Row by row.
    pub(super) values: Vec<f64>,
}

impl Table {
    pub(super) const fn empty() -> Self {
        Self { keys: Vec::new(), values: Vec::new() }
    }

    pub(super) fn features(&self) -> Features<'_> {
        Features { values: &self.values, n_columns: self.keys.len() }
    }

    pub(super) fn n_rows(&self) -> usize {
        self.values.len() / self.keys.len().max(1)
    }

    pub(super) fn row(&self, at: usize) -> &[f64] {
        &self.values[at * self.keys.len()..(at + 1) * self.keys.len()]
    }

    /// Rows of the same columns.
    pub(super) fn extend(&mut self, other: Self) {
        if self.keys.is_empty() {
            *self = other;
        } else {
            self.values.extend(other.values);
        }
    }

    /// One column; not a number where there is none.
    pub(super) fn column(&self, key: &str) -> Vec<f64> {
        let at = self.keys.iter().position(|known| known == key);
        (0..self.n_rows()).map(|row| at.map_or(f64::NAN, |at| self.row(row)[at])).collect()
    }

    /// Some columns in an order of theirs.
    pub(super) fn only(&self, keys: &[String]) -> Self {
        let at: Vec<Option<usize>> = keys.iter().map(|key| self.keys.iter().position(|known| known == key)).collect();
        let pick = |row: usize| at.iter().map(move |at| at.map_or(f64::NAN, |at| self.row(row)[at]));
        Self { keys: keys.to_vec(), values: (0..self.n_rows()).flat_map(pick).collect() }
    }

    /// Without the columns that say the same of everybody.
    pub(super) fn telling(&self) -> Self {
        let tells = |at: &usize| {
            let mut values = (0..self.n_rows()).map(|row| self.row(row)[*at]);
            let first = values.next().unwrap_or(f64::NAN);
            values.any(|value| value != first && !(value.is_nan() && first.is_nan()))
        };
        let keys: Vec<String> = (0..self.keys.len()).filter(tells).map(|at| self.keys[at].clone()).collect();
        self.only(&keys)
    }

    /// The median of each column over who has a value; 0 where nobody has.
    pub(super) fn medians(&self) -> Vec<f64> {
        let median = |key: &String| {
            let mut values: Vec<f64> = self.column(key).into_iter().filter(|value| !value.is_nan()).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap_or(0.0)
        };
        self.keys.iter().map(median).collect()
    }
}

/// What is looked at of some customers, by position among the purchases and ascending, as of a day.
pub(super) async fn table(
    ctx: &Ctx,
    purchases: &Purchases,
    who: &[usize],
    waiting: Waiting,
    day: i64,
) -> Result<Table> {
    let zone = ctx.workspace().time_zone();
    let ids: Vec<i64> = who.iter().map(|who| purchases.ids[*who]).collect();
    let bulk = Bulk::back_then(ctx, ids, AsOf::new(day, zone)).await?;
    let of_facts: Vec<&Feature> = features().iter().filter(|feature| feature.tag.is_some()).collect();
    let measured: Vec<_> = of_facts.iter().filter_map(|feature| feature.tag.as_ref()).collect();
    let mut columns = tags::numbers_of(ctx, &measured, bulk).await?;
    let mut keys: Vec<String> = of_facts.iter().map(|feature| feature.key.clone()).collect();
    let days = |who: &usize| purchases.habit(*who, day).map_or(f64::NAN, |habit| waiting.days(&habit) as f64);
    columns.push(who.iter().map(days).collect());
    columns.extend(by_purchases(purchases, who, waiting, day));
    keys.extend(["window", "alive", "chance"].map(str::to_owned));
    let values = (0..who.len()).flat_map(|row| columns.iter().map(move |column| column[row])).collect();
    Ok(Table { keys, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_that_say_the_same_of_everybody_are_left_out() {
        let keys = ["a", "b", "c"].map(str::to_owned).to_vec();
        let table = Table { keys, values: vec![1.0, 5.0, f64::NAN, 2.0, 5.0, f64::NAN, 2.0, 5.0, f64::NAN] };
        assert_eq!(table.telling().keys, ["a"]);
        assert_eq!(table.telling().values, [1.0, 2.0, 2.0]);
        assert_eq!(table.medians()[..2], [2.0, 5.0]);
        let other = table.only(&["b".to_owned(), "d".to_owned()]);
        assert_eq!(other.row(1)[0], 5.0);
        assert!(other.row(1)[1].is_nan());
    }
}
