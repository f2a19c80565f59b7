//! What a fitted model says about one customer.

use super::fit::{Fit, Model};
use super::history::History;
use super::{geometric, pareto};
use crate::parallel;

/// Below this chance of being alive no date is named.
const MIN_ALIVE: f64 = 0.2;

/// When the next purchase is due, counted from the end of observation, for one who is alive.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NextPurchase {
    /// A quarter have bought by then.
    pub early: f64,
    /// Half have.
    pub median: f64,
    /// Three quarters have; `None` when fewer ever will.
    pub late: Option<f64>,
}

/// What lifetime value is summed over.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Horizon {
    /// Periods ahead.
    pub n_periods: u32,
    /// Length of a period in the unit of the histories (a month of weeks is 4.345).
    pub period: f64,
    /// By how much money a period later is worth less (0.01), at the end of each period.
    pub discount: f64,
}

impl Fit {
    /// Probability that the customer still buys; `None` for a history out of order.
    pub fn alive(&self, history: &History) -> Option<f64> {
        history.is_valid().then(|| match self.model {
            Model::BgNbd | Model::MbgNbd => geometric::alive(&self.parameters, self.model.first(), history),
            Model::ParetoNbd => pareto::alive(&self.parameters, history),
        })
    }

    /// Expected purchases within the next `time`; `None` for a history out of order or a time below 0 or without end.
    pub fn purchases(&self, history: &History, time: f64) -> Option<f64> {
        Some(self.alive(history)? * self.purchases_if_alive(history, time)?)
    }

    /// [`Fit::purchases`] of many.
    pub fn purchases_of_all(&self, histories: &[History], time: f64, n_threads: usize) -> Vec<Option<f64>> {
        let each = |range: std::ops::Range<usize>| {
            histories[range].iter().map(|history| self.purchases(history, time)).collect::<Vec<Option<f64>>>()
        };
        parallel::map(histories.len(), 1_024, n_threads, || (), |(), range| each(range)).concat()
    }

    /// The range of purchases within the next `time` in which a share of such customers are (0.8: a tenth have fewer than the
    /// lower end, a tenth more than the upper one); `None` as [`Fit::purchases`].
    ///
    /// Those who have left have none; of others counts are taken for negative binomial with the mean of
    /// [`Fit::purchases`], which is exact while nobody leaves.
    pub fn purchases_range(&self, history: &History, time: f64, share: f64) -> Option<(f64, f64)> {
        const MOST: u32 = 100_000;
        let alive = self.alive(history)?;
        let mean = self.purchases_if_alive(history, time)?;
        let shape = self.parameters[0] + history.numbers().0;
        let edges = [(1.0 - share) / 2.0, (1.0 + share) / 2.0];
        let odds = mean / (shape + mean);
        // As a logarithm: of thousands of purchases the chance of none is below all numbers.
        let (mut below, mut each) = (1.0 - alive, alive.ln() + shape * (shape / (shape + mean)).ln());
        let mut ends = [f64::from(MOST); 2];
        let mut at = 0;
        for n in 0..MOST {
            below += each.exp();
            while at < 2 && below >= edges[at] {
                ends[at] = f64::from(n);
                at += 1;
            }
            if at == 2 {
                break;
            }
            each += (odds * (shape + f64::from(n)) / (f64::from(n) + 1.0)).ln();
        }
        Some((ends[0], ends[1]))
    }

    fn purchases_if_alive(&self, history: &History, time: f64) -> Option<f64> {
        (time.is_finite() && time >= 0.0).then(|| match self.model {
            Model::BgNbd | Model::MbgNbd => {
                geometric::purchases_if_alive(&self.parameters, self.model.first(), history, time)
            }
            Model::ParetoNbd => pareto::purchases_if_alive(&self.parameters, history, time),
        })
    }

    /// Probability of a purchase within the next `time`; `None` as [`Fit::purchases`].
    pub fn chance(&self, history: &History, time: f64) -> Option<f64> {
        let alive = self.alive(history)?;
        (time.is_finite() && time >= 0.0).then(|| alive * self.chance_if_alive(history, time))
    }

    fn chance_if_alive(&self, history: &History, time: f64) -> f64 {
        match self.model {
            Model::ParetoNbd => pareto::chance_if_alive(&self.parameters, history, time),
            // Nobody leaves before a purchase here.
            Model::BgNbd | Model::MbgNbd => {
                let [r, alpha, ..] = self.parameters;
                -((r + history.numbers().0) * ((alpha + history.age) / (alpha + history.age + time)).ln()).exp_m1()
            }
        }
    }

    /// When one who is alive buys next; `None` for a history out of order, for a chance of being alive below 0.2, and when
    /// fewer than half ever buy again.
    pub fn next_purchase(&self, history: &History) -> Option<NextPurchase> {
        if self.alive(history)? < MIN_ALIVE {
            return None;
        }
        Some(NextPurchase {
            early: self.bought_by(history, 0.25)?,
            median: self.bought_by(history, 0.5)?,
            late: self.bought_by(history, 0.75),
        })
    }

    fn bought_by(&self, history: &History, share: f64) -> Option<f64> {
        let [r, alpha, ..] = self.parameters;
        let shape = r + history.numbers().0;
        // Without departures, which is exact but for Pareto/NBD, where it is too early.
        let quick = (alpha + history.age) * (-(-share).ln_1p() / shape).exp_m1();
        if !quick.is_finite() {
            return None;
        }
        if self.model != Model::ParetoNbd {
            return Some(quick);
        }
        let (mut low, mut high) = (quick, quick);
        for _ in 0..60 {
            if self.chance_if_alive(history, high) >= share {
                break;
            }
            low = high;
            high *= 2.0;
        }
        if self.chance_if_alive(history, high) < share {
            return None;
        }
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if self.chance_if_alive(history, middle) < share {
                low = middle;
            } else {
                high = middle;
            }
        }
        Some(high)
    }

    /// Lifetime value: purchases of each period, discounted, times what a purchase is worth (spend × margin). `None` as
    /// [`Fit::purchases`], or for a discount of -1 or below.
    ///
    /// **Source**: Fader, Hardie and Lee 2005, "RFM and CLV", with a sum over periods for the integral.
    pub fn lifetime_value(&self, history: &History, worth: f64, horizon: Horizon) -> Option<f64> {
        let is_sound = worth.is_finite() && horizon.discount > -1.0 && horizon.discount.is_finite();
        let alive = self.alive(history).filter(|_| is_sound)?;
        let (mut before, mut sum) = (0.0, 0.0);
        for period in 1..=horizon.n_periods {
            let until = self.purchases_if_alive(history, horizon.period * f64::from(period))?;
            sum += (until - before) / (1.0 + horizon.discount).powf(f64::from(period));
            before = until;
        }
        Some(alive * sum * worth)
    }
}
