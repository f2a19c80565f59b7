//! An amount split by weights.

/// A part of an amount.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Told apart by it where two parts have the same claim to the last cent.
    pub key: u64,
    /// Share of what is free to be split, against the other weights; not below 0.
    pub weight: f64,
    /// Least amount.
    pub floor: i64,
    /// Most.
    pub cap: i64,
}

impl Part {
    /// A part without bounds but nought.
    pub fn new(key: u64, weight: f64) -> Self {
        Self { key, weight, floor: 0, cap: MAX_AMOUNT }
    }

    /// A part whose amount is fixed.
    pub fn locked(key: u64, amount: i64) -> Self {
        Self { key, weight: 0.0, floor: amount, cap: amount }
    }
}

/// Largest amount of either sign: all smaller whole numbers are exact as floating point, sums of a few thousand fit an `i64`.
pub const MAX_AMOUNT: i64 = 1 << 50;

/// Why an amount cannot be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// A part, by position: its weight is negative or not finite, its floor above its cap, or a bound beyond [`MAX_AMOUNT`].
    Invalid(usize),
    /// The floors alone add up to this, which is more than the amount.
    BelowFloors(i64),
    /// The caps add up to this, which is less than the amount.
    AboveCaps(i64),
    /// Something is left to be split, and no part below its cap has a weight.
    NoWeight,
    /// A parent is not named before its children, or slices differ in length.
    Shape,
}

/// Splits an amount: each part gets the same multiple of its weight, but for those that their floor or cap holds; what is
/// lost by rounding goes to the largest remainders.
///
/// **Errors**: see [`Problem`].
pub fn split(amount: i64, parts: &[Part]) -> Result<Vec<i64>, Problem> {
    let is_valid = |part: &Part| {
        part.weight.is_finite()
            && part.weight >= 0.0
            && part.floor <= part.cap
            && part.floor >= -MAX_AMOUNT
            && part.cap <= MAX_AMOUNT
    };
    if let Some(at) = parts.iter().position(|part| !is_valid(part)) {
        return Err(Problem::Invalid(at));
    }
    let sum = |bound: fn(&Part) -> i64| parts.iter().map(|part| i128::from(bound(part))).sum::<i128>();
    let narrow = |sum: i128| sum.clamp(i64::MIN.into(), i64::MAX.into()) as i64;
    let (least, most) = (sum(|part| part.floor), sum(|part| part.cap));
    if i128::from(amount) < least {
        return Err(Problem::BelowFloors(narrow(least)));
    }
    if i128::from(amount) > most {
        return Err(Problem::AboveCaps(narrow(most)));
    }
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| {
        let (a, b) = (&parts[*a], &parts[*b]);
        let by_bounds = a.floor.cmp(&b.floor).then(a.cap.cmp(&b.cap));
        a.key.cmp(&b.key).then(a.weight.total_cmp(&b.weight)).then(by_bounds)
    });
    // Weights against the largest; far smaller ones are kept apart from nought, so that every level is finite.
    let largest = parts.iter().map(|part| part.weight).fold(0.0, f64::max);
    let share = |weight: f64| if weight > 0.0 { (weight / largest).max(1e-12) } else { 0.0 };
    let sorted: Vec<Part> = order.iter().map(|at| Part { weight: share(parts[*at].weight), ..parts[*at] }).collect();
    let level = level(amount, &sorted).ok_or(Problem::NoWeight)?;
    let wanted: Vec<f64> = sorted.iter().map(|part| at_level(part, level)).collect();
    // Rounded down, which keeps whole bounds; not below the floor when a product is a hair below it.
    let mut amounts: Vec<i64> =
        wanted.iter().zip(&sorted).map(|(value, part)| (value.floor() as i64).clamp(part.floor, part.cap)).collect();
    let mut left = i128::from(amount) - amounts.iter().map(|value| i128::from(*value)).sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..sorted.len()).collect();
    let remainder = |at: &usize| wanted[*at] - wanted[*at].floor();
    by_remainder.sort_by(|a, b| remainder(b).total_cmp(&remainder(a)).then(a.cmp(b)));
    // One round gives the last cents; more are needed where floating point was off by more than that.
    for is_last_resort in [false, true] {
        loop {
            let before = left;
            for at in &by_remainder {
                let part = &sorted[*at];
                let step = left.signum() as i64;
                let has_claim = part.weight > 0.0 || is_last_resort;
                if step != 0 && has_claim && (part.floor..=part.cap).contains(&(amounts[*at] + step)) {
                    amounts[*at] += step;
                    left -= i128::from(step);
                }
            }
            if left == 0 || left == before {
                break;
            }
        }
    }
    let mut result = vec![0; parts.len()];
    order.iter().zip(amounts).for_each(|(at, amount)| result[*at] = amount);
    Ok(result)
}

fn at_level(part: &Part, level: f64) -> f64 {
    // No weight means the floor, also where there is no end to the level.
    let value = if part.weight > 0.0 { part.weight * level } else { f64::NEG_INFINITY };
    value.clamp(part.floor as f64, part.cap as f64)
}

/// The multiple of weights at which the parts add up to the amount; `None` when no weight can take what is left.
///
/// The sum rises with the level, along straight lines between the levels at which a part leaves its floor or meets its cap.
fn level(amount: i64, parts: &[Part]) -> Option<f64> {
    let weighted = || parts.iter().filter(|part| part.weight > 0.0 && part.floor < part.cap);
    let mut bends: Vec<f64> =
        weighted().flat_map(|part| [part.floor, part.cap].map(|bound| bound as f64 / part.weight)).collect();
    bends.sort_unstable_by(f64::total_cmp);
    // In whole numbers: a cap that is reached by a product may be missed by a hair.
    let most = |part: &Part| i128::from(if part.weight > 0.0 { part.cap } else { part.floor });
    if i128::from(amount) > parts.iter().map(most).sum::<i128>() {
        return None;
    }
    let amount = amount as f64;
    let sum = |level: f64| parts.iter().map(|part| at_level(part, level)).sum::<f64>();
    let Some((first, last)) = bends.first().zip(bends.last()) else {
        return Some(0.0);
    };
    if sum(*last) <= amount {
        return Some(*last);
    }
    if sum(*first) >= amount {
        return Some(*first);
    }
    let above = bends.partition_point(|bend| sum(*bend) < amount);
    let (low, high) = (bends[above - 1], bends[above]);
    let (from, to) = (sum(low), sum(high));
    Some(if to > from { low + (high - low) * ((amount - from) / (to - from)) } else { high })
}
