//! What is believed of answers by hour and channel.

use std::collections::BTreeMap;

/// Hours of a week; 0 is Monday from midnight to one.
pub const HOURS: usize = 168;

/// An hour of the week and a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// Below [`HOURS`], by the person's own clock.
    pub hour: usize,
    /// Position of the channel among all.
    pub channel: usize,
}

/// A message that was sent, once it is known whether it was answered (opened, clicked, bought upon).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// To whom.
    pub person: u64,
    /// Where the person belongs.
    pub segment: u32,
    /// When and how.
    pub moment: Moment,
    /// It was answered.
    pub is_answered: bool,
}

/// How many messages of one's own weigh as much as what is believed of those above; above 0.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strengths {
    /// A moment of all, beside all moments of its channel.
    pub all: f64,
    /// A moment of a segment, beside that of all.
    pub segment: f64,
    /// A moment of a person, beside that of the segment.
    pub person: f64,
}

impl Default for Strengths {
    fn default() -> Self {
        Self { all: 50.0, segment: 50.0, person: 10.0 }
    }
}

/// A beta distribution of the chance of an answer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Belief {
    /// Answers, with those that are believed.
    pub answers: f64,
    /// Messages without one, likewise.
    pub others: f64,
}

impl Belief {
    /// Mean of the chance.
    pub fn mean(&self) -> f64 {
        self.answers / (self.answers + self.others)
    }

    /// As many messages as it is worth.
    pub fn weight(&self) -> f64 {
        self.answers + self.others
    }
}

/// Messages and answers.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    n: f64,
    answers: f64,
}

/// What was learnt of all, of segments and of persons.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    n_channels: usize,
    strengths: Strengths,
    channels: Vec<Count>,
    all: Vec<Count>,
    segments: BTreeMap<(u32, usize), Count>,
    persons: BTreeMap<(u64, usize), Count>,
}

impl Timing {
    /// Counts messages; `None` when one names no hour or channel, when there are no channels, or a strength is not above 0.
    ///
    /// Hours that were chosen because they promised much are answered by those who would have answered anyway; exploration
    /// keeps that in bounds, and [`super::evaluate`] looks at drawn sends alone.
    ///
    /// **Source**: empirical Bayes with fixed strengths, one level shrunk to the next; Gelman et al., *Bayesian Data
    /// Analysis*, 3rd ed., chapter 5.
    pub fn fit(sent: &[Sent], n_channels: usize, strengths: Strengths) -> Option<Self> {
        let is_known = |sent: &Sent| sent.moment.hour < HOURS && sent.moment.channel < n_channels;
        let is_strength = |strength: f64| strength > 0.0 && strength.is_finite();
        let are_strengths = [strengths.all, strengths.segment, strengths.person].into_iter().all(is_strength);
        if n_channels == 0 || !are_strengths || !sent.iter().all(is_known) {
            return None;
        }
        let mut timing = Self {
            n_channels,
            strengths,
            channels: vec![Count::default(); n_channels],
            all: vec![Count::default(); HOURS * n_channels],
            segments: BTreeMap::new(),
            persons: BTreeMap::new(),
        };
        for sent in sent {
            let place = sent.moment.channel * HOURS + sent.moment.hour;
            let counts = [
                &mut timing.channels[sent.moment.channel],
                &mut timing.all[place],
                timing.segments.entry((sent.segment, place)).or_default(),
                timing.persons.entry((sent.person, place)).or_default(),
            ];
            for count in counts {
                count.n += 1.0;
                count.answers += f64::from(u8::from(sent.is_answered));
            }
        }
        Some(timing)
    }

    /// Channels that are known.
    pub fn n_channels(&self) -> usize {
        self.n_channels
    }

    /// What is believed of a person at a moment; `None` for one that is none. Who was never written to is as the segment, and
    /// a segment that never was as all.
    pub fn belief(&self, person: u64, segment: u32, moment: Moment) -> Option<Belief> {
        if moment.hour >= HOURS || moment.channel >= self.n_channels {
            return None;
        }
        let place = moment.channel * HOURS + moment.hour;
        let shrink = |count: Count, mean: f64, strength: f64| Belief {
            answers: count.answers + strength * mean,
            others: count.n - count.answers + strength * (1.0 - mean),
        };
        // Of a channel that was never used, as of two messages with one answer.
        let channel = shrink(self.channels[moment.channel], 0.5, 2.0);
        let all = shrink(self.all[place], channel.mean(), self.strengths.all);
        let of_segment = self.segments.get(&(segment, place)).copied().unwrap_or_default();
        let segment = shrink(of_segment, all.mean(), self.strengths.segment);
        let of_person = self.persons.get(&(person, place)).copied().unwrap_or_default();
        Some(shrink(of_person, segment.mean(), self.strengths.person))
    }
}
