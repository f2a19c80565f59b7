//! A series and what can be said of it before any model.

/// A series of equal steps in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Series<'a> {
    /// Oldest first; the last step must be complete.
    pub values: &'a [f64],
    /// After how many values it comes back, shortest first (7 for days of a week); empty for no season.
    pub periods: &'a [usize],
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Fewer values than needed to grade any forecast.
    TooShort {
        /// Values given.
        n: usize,
        /// Values needed.
        needed: usize,
    },
    /// The value at a position is not a number or has no end; gaps are the caller's to fill.
    Invalid(usize),
    /// Regressors are not of the length of history and horizon, or a share or level is out of range.
    Shape,
}

impl Series<'_> {
    /// The shortest season; 1 for none.
    pub fn period(&self) -> usize {
        self.periods.iter().copied().find(|period| *period > 1).unwrap_or(1)
    }

    /// [`Series::period`] where that is not longer than some length and seen twice; else 1.
    pub(super) fn season_within(&self, longest: usize) -> usize {
        let period = self.period();
        if period <= longest && self.values.len() >= 2 * period { period } else { 1 }
    }

    /// Seasons that were seen twice.
    pub(super) fn seen_periods(&self) -> Vec<usize> {
        self.periods.iter().copied().filter(|period| *period > 1 && 2 * period <= self.values.len()).collect()
    }

    pub(super) fn is_positive(&self) -> bool {
        self.values.iter().all(|value| *value > 0.0)
    }

    pub(super) fn check(&self, needed: usize) -> Result<(), Problem> {
        if let Some(at) = self.values.iter().position(|value| !value.is_finite()) {
            return Err(Problem::Invalid(at));
        }
        let n = self.values.len();
        if n < needed { Err(Problem::TooShort { n, needed }) } else { Ok(()) }
    }

    /// Whether swings grow with the level, so that logarithms are nearer to even: the spread within blocks of a season
    /// (or of a tenth of the series) varies less relative to the block's mean than by itself.
    ///
    /// **Source**: Guerrero 1993, for powers 0 and 1.
    pub(super) fn is_multiplicative(&self) -> bool {
        let n = self.values.len();
        let size = if self.period() > 1 { self.period() } else { (n / 10).max(4) };
        if !self.is_positive() || n < 3 * size {
            return false;
        }
        // Blocks end with the newest value.
        let blocks: Vec<(f64, f64)> = self.values[n % size..]
            .chunks_exact(size)
            .map(|block| {
                let mean = crate::robust::mean(block);
                let squares = block.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
                (mean, (squares / (size - 1) as f64).sqrt())
            })
            .collect();
        let variation = |ratios: Vec<f64>| {
            let mean = crate::robust::mean(&ratios);
            let squares = ratios.iter().map(|ratio| (ratio - mean).powi(2)).sum::<f64>();
            if mean > 0.0 { (squares / ratios.len() as f64).sqrt() / mean } else { f64::INFINITY }
        };
        let relative = variation(blocks.iter().map(|(mean, spread)| spread / mean).collect());
        relative < variation(blocks.iter().map(|(_, spread)| *spread).collect())
    }
}
