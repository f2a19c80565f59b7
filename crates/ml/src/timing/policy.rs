//! How a moment is drawn.

use super::belief::{HOURS, Moment, Timing};
use super::draw::beta;
use crate::random::{Random, join};

/// Moments at which somebody may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    /// First hour of the day, 0 to 23, at which nothing is sent.
    pub quiet_from: usize,
    /// First hour at which it is again; the same as the first for no quiet hours.
    pub quiet_until: usize,
    /// By channel.
    pub channels: Vec<bool>,
}

impl Allowed {
    /// Quiet from 22 to 8.
    pub fn by_day(channels: Vec<bool>) -> Self {
        Self { quiet_from: 22, quiet_until: 8, channels }
    }

    /// Whether a moment is allowed.
    pub fn is_allowed(&self, moment: Moment) -> bool {
        let hour = moment.hour % 24;
        let is_quiet = if self.quiet_from <= self.quiet_until {
            (self.quiet_from..self.quiet_until).contains(&hour)
        } else {
            hour >= self.quiet_from || hour < self.quiet_until
        };
        moment.hour < HOURS && !is_quiet && self.channels.get(moment.channel).copied().unwrap_or(false)
    }
}

/// How a policy is made.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PolicyOptions {
    /// Share of sends that goes to any allowed moment alike, from 0 to 1.
    pub floor: f64,
    /// Draws from what is believed; the best moment of each gets a share.
    pub n_draws: usize,
    /// Of all draws; change it from send to send.
    pub seed: u64,
}

impl Default for PolicyOptions {
    fn default() -> Self {
        Self { floor: 0.05, n_draws: 64, seed: 1 }
    }
}

/// Probabilities of moments, in order of channel and hour; those that are forbidden are not listed.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Moment and probability; empty when none is allowed.
    pub moments: Vec<(Moment, f64)>,
}

/// A moment drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// When and how.
    pub moment: Moment,
    /// Probability by which it was drawn: to be logged with the send.
    pub propensity: f64,
}

impl Timing {
    /// Probabilities for a person: the share of draws from what is believed in which a moment is the best, and the floor.
    ///
    /// The shares of a limited number of draws *are* the policy, so that its probabilities are known exactly.
    ///
    /// **Source**: Thompson 1933, with a floor as for evaluation by inverse propensities.
    pub fn policy(&self, person: u64, segment: u32, allowed: &Allowed, options: &PolicyOptions) -> Policy {
        let all = (0..self.n_channels()).flat_map(|channel| (0..HOURS).map(move |hour| Moment { hour, channel }));
        let beliefs: Vec<_> = all
            .filter(|moment| allowed.is_allowed(*moment))
            .filter_map(|moment| Some((moment, self.belief(person, segment, moment)?)))
            .collect();
        let n = beliefs.len() as f64;
        let n_draws = options.n_draws.max(1);
        let mut wins = vec![0.0; beliefs.len()];
        let mut random = Random::new(join(join(options.seed, person), 0));
        for _ in 0..if beliefs.is_empty() { 0 } else { n_draws } {
            let mut best = (f64::NEG_INFINITY, 0);
            for (at, (_, belief)) in beliefs.iter().enumerate() {
                let drawn = beta(&mut random, belief.answers, belief.others);
                if drawn > best.0 {
                    best = (drawn, at);
                }
            }
            wins[best.1] += 1.0;
        }
        let floor = options.floor.clamp(0.0, 1.0);
        let moments = beliefs
            .iter()
            .zip(wins)
            .map(|((moment, _), wins)| (*moment, (1.0 - floor) * wins / n_draws as f64 + floor / n))
            .collect();
        Policy { moments }
    }

    /// Draws a moment by [`Timing::policy`]; `None` when none is allowed.
    pub fn choose(&self, person: u64, segment: u32, allowed: &Allowed, options: &PolicyOptions) -> Option<Choice> {
        let policy = self.policy(person, segment, allowed, options);
        let mut left = Random::new(join(join(options.seed, person), 1)).uniform();
        let mut last = None;
        for (moment, propensity) in policy.moments {
            last = Some(Choice { moment, propensity }).filter(|_| propensity > 0.0).or(last);
            left -= propensity;
            if left < 0.0 {
                break;
            }
        }
        last
    }
}

impl Policy {
    /// Probability of a moment; 0 for those that are forbidden.
    pub fn probability(&self, moment: Moment) -> f64 {
        let order = |moment: &Moment| (moment.channel, moment.hour);
        let found = self.moments.binary_search_by_key(&order(&moment), |(other, _)| order(other));
        found.map_or(0.0, |at| self.moments[at].1)
    }
}
