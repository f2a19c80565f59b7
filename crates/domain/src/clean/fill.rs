//! Filling of missing values.

use serde::{Deserialize, Serialize};

/// What a missing value is replaced by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FillMissing {
    /// Nothing: it stays missing.
    #[default]
    Keep,
    /// The word for "unknown"; for text, numbers stay missing.
    Unknown,
    /// The mean of the values that are there.
    Mean,
    /// The median of the values that are there.
    Median,
    /// The value before it; missing values at the beginning stay.
    Previous,
}

/// Fills the missing values of a numeric column and returns the rows filled, in order.
///
/// Mean and median are rounded half away from zero to the column's unit; without a single value nothing is filled.
pub fn fill_numeric(values: &mut [Option<i64>], how: FillMissing) -> Vec<usize> {
    let constant = match how {
        FillMissing::Keep | FillMissing::Unknown => return Vec::new(),
        FillMissing::Previous => return fill_previous(values),
        FillMissing::Mean => mean(values),
        FillMissing::Median => median(values),
    };
    let Some(constant) = constant else {
        return Vec::new();
    };
    let mut filled = Vec::new();
    for (row, value) in values.iter_mut().enumerate() {
        if value.is_none() {
            *value = Some(constant);
            filled.push(row);
        }
    }
    filled
}

fn fill_previous(values: &mut [Option<i64>]) -> Vec<usize> {
    let mut filled = Vec::new();
    let mut previous = None;
    for (row, value) in values.iter_mut().enumerate() {
        match (*value, previous) {
            (Some(_), _) => previous = *value,
            (None, Some(_)) => {
                *value = previous;
                filled.push(row);
            }
            (None, None) => {}
        }
    }
    filled
}

fn mean(values: &[Option<i64>]) -> Option<i64> {
    let (mut sum, mut n_values) = (0_i128, 0_i128);
    for value in values.iter().flatten() {
        sum += i128::from(*value);
        n_values += 1;
    }
    divide(sum, n_values)
}

fn median(values: &[Option<i64>]) -> Option<i64> {
    let mut present: Vec<i64> = values.iter().flatten().copied().collect();
    if present.is_empty() {
        return None;
    }
    let middle = present.len() / 2;
    let is_even = present.len().is_multiple_of(2);
    let (below, &mut upper, _) = present.select_nth_unstable(middle);
    match below.iter().max() {
        Some(&lower) if is_even => divide(i128::from(lower) + i128::from(upper), 2),
        _ => Some(upper),
    }
}

/// The quotient, rounded half away from zero; `None` when there is nothing to divide by.
fn divide(sum: i128, by: i128) -> Option<i64> {
    if by == 0 {
        return None;
    }
    let half = if sum < 0 { -by / 2 } else { by / 2 };
    i64::try_from((sum + half) / by).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_way_of_filling() {
        let given = [None, Some(1), None, Some(4), Some(10), None];
        for (how, expected, rows) in [
            (FillMissing::Keep, given, vec![]),
            (FillMissing::Unknown, given, vec![]),
            (FillMissing::Mean, [Some(5), Some(1), Some(5), Some(4), Some(10), Some(5)], vec![0, 2, 5]),
            (FillMissing::Median, [Some(4), Some(1), Some(4), Some(4), Some(10), Some(4)], vec![0, 2, 5]),
            (FillMissing::Previous, [None, Some(1), Some(1), Some(4), Some(10), Some(10)], vec![2, 5]),
        ] {
            let mut values = given;
            assert_eq!(fill_numeric(&mut values, how), rows, "{how:?}");
            assert_eq!(values, expected, "{how:?}");
        }
    }

    #[test]
    fn halves_go_away_from_zero() {
        assert_eq!(median(&[Some(1), Some(2)]), Some(2));
        assert_eq!(median(&[Some(-1), Some(-2)]), Some(-2));
        assert_eq!(mean(&[Some(-1), Some(-2)]), Some(-2));
        assert_eq!(mean(&[Some(i64::MAX), Some(i64::MAX)]), Some(i64::MAX));
        assert_eq!(mean(&[None]), None);
        assert_eq!(median(&[]), None);
    }

    proptest! {
        #[test]
        fn only_missing_values_change(given in proptest::collection::vec(proptest::option::of(any::<i64>()), 0..20)) {
            for how in [FillMissing::Mean, FillMissing::Median, FillMissing::Previous] {
                let mut values = given.clone();
                let rows = fill_numeric(&mut values, how);
                for (row, (before, after)) in given.iter().zip(&values).enumerate() {
                    prop_assert_eq!(rows.contains(&row), before != after);
                    prop_assert!(before.is_none() || before == after);
                    let present = || given.iter().flatten();
                    if let Some(value) = after {
                        prop_assert!(present().min() <= Some(value) && Some(value) <= present().max());
                    }
                }
            }
        }
    }
}
