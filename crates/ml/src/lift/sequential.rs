//! Looking at a running comparison as often as one likes.

/// What a look at a running comparison says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Look {
    /// Always-valid probability; never rises from look to look.
    pub p: f64,
    /// Interval of the difference that holds at all looks together.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// `p` is at most 1 less the level: may be stopped here.
    pub is_decided: bool,
}

/// A test that stays valid whenever it is looked at and stopped: mixture sequential probability ratio test.
///
/// **Source**: Robbins 1970; Johari, Koomen, Pekelis and Walsh 2022.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sequential {
    level: f64,
    mixture: f64,
    p: f64,
    low: f64,
    high: f64,
}

impl Sequential {
    /// A test of a level (0.95) that is best at finding differences of about `expected`, in the unit of the outcome; `None`
    /// when either is out of range. A wrong guess costs time, not validity.
    pub fn new(level: f64, expected: f64) -> Option<Self> {
        let is_sound = level > 0.0 && level < 1.0 && expected.is_finite() && expected != 0.0;
        let start = Self { level, mixture: expected * expected, p: 1.0, low: f64::NEG_INFINITY, high: f64::INFINITY };
        is_sound.then_some(start)
    }

    /// A look at a difference of means (treated less control) and its standard error, of everybody who came so far.
    ///
    /// A look without a standard error above nought says nothing and changes nothing. Errors are taken as known, which
    /// holds from a few hundred people an arm.
    pub fn look(&mut self, difference: f64, error: f64) -> Look {
        let variance = error * error;
        if difference.is_finite() && variance > 0.0 && variance.is_finite() {
            let total = variance + self.mixture;
            let ln_ratio =
                0.5 * (variance / total).ln() + self.mixture * difference * difference / (2.0 * variance * total);
            self.p = self.p.min((-ln_ratio).exp()).min(1.0);
            // Differences whose own ratio stays below 1 / alpha.
            let ln_alpha = -(1.0 - self.level).ln();
            let width =
                (2.0 * variance * total / self.mixture * (ln_alpha + 0.5 * (total / variance).ln())).max(0.0).sqrt();
            self.low = self.low.max(difference - width);
            self.high = self.high.min(difference + width);
        }
        Look { p: self.p, low: self.low, high: self.high, is_decided: self.p <= 1.0 - self.level }
    }
}
