//! Events matched to steps, each event to one step at most.

use super::funnel::MAX_STEPS;

/// Steps with the events that fill them; events are named by position, with the steps that they match as bits.
pub(super) struct Matching {
    event_of: [Option<usize>; MAX_STEPS],
}

impl Matching {
    pub(super) fn new() -> Self {
        Self { event_of: [None; MAX_STEPS] }
    }

    /// Fills a step, moving events between steps that are filled already where that makes room; whether it succeeded.
    ///
    /// **Source**: augmenting paths, Kuhn 1955.
    pub(super) fn fill(&mut self, step: usize, events: &[u32]) -> bool {
        let matches = |at: &usize| events[*at] >> step & 1 == 1;
        let free = (0..events.len()).filter(matches).find(|at| !self.event_of.contains(&Some(*at)));
        if let Some(at) = free {
            self.event_of[step] = Some(at);
            return true;
        }
        (0..events.len()).any(|at| matches(&at)) && self.augment(step, events, &mut vec![false; events.len()])
    }

    fn augment(&mut self, step: usize, events: &[u32], is_seen: &mut [bool]) -> bool {
        for (at, matches) in events.iter().enumerate() {
            if matches >> step & 1 == 0 || is_seen[at] {
                continue;
            }
            is_seen[at] = true;
            let holder = self.event_of.iter().position(|event| *event == Some(at));
            if holder.is_none_or(|holder| self.augment(holder, events, is_seen)) {
                self.event_of[step] = Some(at);
                return true;
            }
        }
        false
    }

    /// Whether a step is filled.
    pub(super) fn has(&self, step: usize) -> bool {
        self.event_of[step].is_some()
    }
}
