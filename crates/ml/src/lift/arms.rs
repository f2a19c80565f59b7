//! Two arms side by side.

use crate::special::{chi_squared_above, reach, student_beyond, student_reach};

/// How many of an arm did something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Did it.
    pub n_done: u64,
    /// All who were drawn into the arm, reached or not.
    pub n: u64,
}

/// Why arms cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// An arm has fewer people than the comparison needs.
    TooFew {
        /// People of the smaller arm.
        n: usize,
        /// People needed.
        needed: usize,
    },
    /// More did it than there are, slices differ in length, or an option is out of range.
    Shape,
    /// The value at a position is not a number.
    Invalid(usize),
    /// Nothing varies, so nothing can be told apart.
    Constant,
}

/// The treated arm beside the control.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Mean, or share, of control and treated.
    pub means: [f64; 2],
    /// Treated less control.
    pub difference: f64,
    /// Interval of the difference.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Difference in standard errors.
    pub z: f64,
    /// Probability of such a difference in either direction, if there were none.
    pub p: f64,
    /// Difference relative to the control; NaN where that is nought.
    pub relative: f64,
    /// Interval of the relative lift; NaN where the control's own interval holds nought.
    pub relative_low: f64,
    /// Upper end.
    pub relative_high: f64,
}

/// Compares shares.
///
/// **Errors**: [`Problem::TooFew`] for an empty arm, [`Problem::Shape`].
/// **Source**: pooled z test; Newcombe 1998, method 10, for the difference; Katz et al. 1978 for the ratio.
pub fn compare_rates(control: Rate, treated: Rate, level: f64) -> Result<Comparison, Problem> {
    let n = control.n.min(treated.n) as usize;
    if n == 0 {
        return Err(Problem::TooFew { n, needed: 1 });
    }
    if control.n_done > control.n || treated.n_done > treated.n || !(0.0..1.0).contains(&level) {
        return Err(Problem::Shape);
    }
    let shares = |rate: Rate| crate::groups::Shares { having: rate.n_done as f64, of: rate.n as f64 };
    let found = crate::groups::compare_shares(shares(treated), shares(control), level);
    let [after, before] = found.means;
    let [treated_n, control_n] = found.n;
    let pooled = (control.n_done + treated.n_done) as f64 / (treated_n + control_n);
    let error = (pooled * (1.0 - pooled) * (1.0 / treated_n + 1.0 / control_n)).sqrt();
    let z = if error > 0.0 { (after - before) / error } else { 0.0 };
    let is_ratio = control.n_done > 0 && treated.n_done > 0;
    let ratio = after / before;
    let spread = ((1.0 - after) / treated.n_done as f64 + (1.0 - before) / control.n_done as f64).sqrt() * reach(level);
    let of_ratio = |sign: f64| if is_ratio { ratio * (sign * spread).exp() - 1.0 } else { f64::NAN };
    Ok(Comparison {
        means: [before, after],
        difference: after - before,
        low: found.low,
        high: found.high,
        z,
        p: found.p,
        relative: if control.n_done > 0 { ratio - 1.0 } else { f64::NAN },
        relative_low: of_ratio(-1.0),
        relative_high: of_ratio(1.0),
    })
}

/// Compares means of money or counts.
///
/// **Errors**: [`Problem::TooFew`] below two people, [`Problem::Invalid`] (control first), [`Problem::Constant`],
/// [`Problem::Shape`].
/// **Source**: Welch 1947; Fieller 1954 for the ratio. Caps on wild values are the caller's, before both arms are seen.
pub fn compare_means(control: &[f64], treated: &[f64], level: f64) -> Result<Comparison, Problem> {
    let n = control.len().min(treated.len());
    if n < 2 {
        return Err(Problem::TooFew { n, needed: 2 });
    }
    if !(0.0..1.0).contains(&level) {
        return Err(Problem::Shape);
    }
    if let Some(at) = control.iter().chain(treated).position(|value| !value.is_finite()) {
        return Err(Problem::Invalid(at));
    }
    let [(before, of_before), (after, of_after)] = [control, treated].map(moments);
    let parts = [of_before / control.len() as f64, of_after / treated.len() as f64];
    let variance = parts[0] + parts[1];
    if variance <= 0.0 {
        return Err(Problem::Constant);
    }
    let degrees = variance * variance
        / (parts[0] * parts[0] / (control.len() as f64 - 1.0) + parts[1] * parts[1] / (treated.len() as f64 - 1.0));
    let error = variance.sqrt();
    let t = student_reach(level, degrees);
    let z = (after - before) / error;
    // Fieller: roots of (after - r before)² = t² (var after + r² var before).
    let a = before * before - t * t * parts[0];
    let c = after * after - t * t * parts[1];
    let root = (before * after) * (before * after) - a * c;
    let [relative_low, relative_high] = if a > 0.0 && root >= 0.0 {
        [-1.0, 1.0].map(|sign: f64| (before * after + sign * root.sqrt()) / a - 1.0)
    } else {
        [f64::NAN; 2]
    };
    Ok(Comparison {
        means: [before, after],
        difference: after - before,
        low: after - before - t * error,
        high: after - before + t * error,
        z,
        p: student_beyond(z, degrees),
        relative: if before == 0.0 { f64::NAN } else { after / before - 1.0 },
        relative_low,
        relative_high,
    })
}

/// Mean and variance, summed in the order of size.
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = sorted.len() as f64;
    let mean = sorted.iter().sum::<f64>() / n;
    (mean, sorted.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0))
}

/// Whether arms are as large as they were to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SampleRatio {
    /// Pearson's statistic.
    pub statistic: f64,
    /// Probability of such arms, or farther off, by chance.
    pub p: f64,
    /// Below [`SampleRatio::ALARM`]: something loses or doubles people of one arm, and no comparison of them can be trusted.
    pub is_alarm: bool,
}

impl SampleRatio {
    /// The usual limit: checks are made often, and a true mismatch is far below it.
    pub const ALARM: f64 = 0.001;
}

/// Compares sizes of arms with the shares that were planned; `None` unless there are two arms or more, all planned shares are
/// above nought and somebody is there.
///
/// **Source**: Fabijan et al. 2019.
pub fn sample_ratio(sizes: &[u64], planned: &[f64]) -> Option<SampleRatio> {
    let total = sizes.iter().sum::<u64>() as f64;
    let of_planned: f64 = planned.iter().sum();
    let is_sound = sizes.len() == planned.len()
        && sizes.len() > 1
        && total > 0.0
        && planned.iter().all(|share| *share > 0.0 && share.is_finite());
    if !is_sound {
        return None;
    }
    let term = |(size, share): (&u64, &f64)| {
        let expected = total * share / of_planned;
        (*size as f64 - expected).powi(2) / expected
    };
    let statistic: f64 = sizes.iter().zip(planned).map(term).sum();
    let p = chi_squared_above(statistic, sizes.len() as f64 - 1.0);
    Some(SampleRatio { statistic, p, is_alarm: p < SampleRatio::ALARM })
}
