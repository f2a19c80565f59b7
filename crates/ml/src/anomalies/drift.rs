//! Slow changes, each day of which is ordinary.

/// A drift found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Position where it was noticed.
    pub at: usize,
    /// Position of the first value that seems to belong to it.
    pub since: usize,
    /// Upwards or downwards.
    pub is_up: bool,
}

/// Sums of what lies beyond `slack` in either direction; a drift when a sum passes `limit`, after which it begins anew.
///
/// **Shape**: distances from what was expected in standard deviations; what is not a number is passed over. Slack 0.5 and
/// limit 5 find a shift of one deviation after about 10 values, and one where there is none after about 465.
/// **Source**: Page 1954; run lengths as in Montgomery, *Introduction to Statistical Quality Control*.
pub fn cusum(z: &[f64], slack: f64, limit: f64) -> Vec<Drift> {
    let mut found = Vec::new();
    let mut sums = [0.0; 2];
    let mut since = [0; 2];
    for (at, z) in z.iter().enumerate().filter(|(_, z)| z.is_finite()) {
        for (side, sign) in [1.0, -1.0].into_iter().enumerate() {
            if sums[side] == 0.0 {
                since[side] = at;
            }
            sums[side] = f64::max(0.0, sums[side] + sign * z - slack);
            if sums[side] > limit {
                found.push(Drift { at, since: since[side], is_up: side == 0 });
                sums[side] = 0.0;
            }
        }
    }
    found
}

/// Moving mean that forgets by `rate`; a drift each time it leaves `limit` of its own standard deviations.
///
/// **Shape**: as [`cusum`]; `rate` above 0, 1 at most; its usual values are 0.2 with limit 2.96 (one false alarm in 500).
/// **Source**: Roberts 1959, with the exact variance of the first values.
pub fn ewma(z: &[f64], rate: f64, limit: f64) -> Vec<Drift> {
    let mut found = Vec::new();
    let (mut mean, mut left) = (0.0, 1.0);
    let mut since = 0;
    let mut is_out = false;
    for (at, z) in z.iter().enumerate().filter(|(_, z)| z.is_finite()) {
        let before = mean;
        mean += rate * (z - mean);
        if at == 0 || before * mean <= 0.0 {
            since = at;
        }
        left *= (1.0 - rate).powi(2);
        let deviation = (rate / (2.0 - rate) * (1.0 - left)).sqrt();
        let is_beyond = mean.abs() > limit * deviation;
        if is_beyond && !is_out {
            found.push(Drift { at, since, is_up: mean > 0.0 });
        }
        is_out = is_beyond;
    }
    found
}
