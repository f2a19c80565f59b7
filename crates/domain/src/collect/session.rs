//! Sessions: stretches of a visitor's events without a long pause, parted where another campaign brings the visitor back.
//!
//! A session ends before a pause of more than [`PAUSE_US`], and where an event brings a campaign that is not the session's.
//! Its id is made of whose it is and of when it starts ([`session_id`]), so that computing it again gives the same id.
//!
//! Events arrive late, so what is kept of a visitor is what decides in any order: [`Stretch`]es of time without a pause,
//! which only ever grow and join, and the instants at which a campaign was brought. Rows were written with the session
//! that their event had then; a stretch remembers up to when it wrote which session, and so knows which of those rows
//! belong to another one now ([`Stretch::moves`]).
//!
//! ```text
//!  written     ├─ session 9:00 ─┤          ├──── session 10:10 ────┤
//!  arrives late                     9:35 ↑  10:20 with a campaign ↑
//!  now         ├─ session 9:00 ───────────────────┤├ session 10:20 ┤
//!  moves       session 10:10: from 10:10 on it is 9:00, from 10:20 on it is 10:20
//! ```
//!
//! - **INV-SESSION-1**: every event is in one session, sessions follow each other in time, and events at one instant are in
//!   the same one.
//! - **INV-SESSION-2**: sessions are a function of the set of events: order, repetition and cutting into batches change
//!   nothing; with moves applied, neither do the sessions that rows were written with.

use std::collections::BTreeMap;

use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::message::Context;

/// The longest pause within a session: thirty minutes.
///
/// **Units**: microseconds.
pub const PAUSE_US: i64 = 30 * 60 * 1_000_000;

/// A stretch in which more instants than this bring a campaign forgets those in the middle of runs of one campaign. Another
/// campaign that arrives late into such a run then takes over until the run's end.
const MANY_CAMPAIGNS: usize = 1_024;

/// An event, as sessions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// When, in microseconds.
    pub at: i64,
    /// Campaign that it came from, as [`campaign`] names it.
    pub campaign: Option<i64>,
}

/// A stretch of one visitor's time without a long pause: one session or several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stretch {
    /// First event.
    pub started_at: i64,
    /// Last event.
    pub ended_at: i64,
    /// Instants that brought a campaign; of several at one instant the smallest number.
    pub campaigns: BTreeMap<i64, i64>,
    /// Starts of sessions that rows were written with, and the last instant of such a row.
    pub written: BTreeMap<i64, i64>,
}

/// Which session the rows written with another one belong to now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Move {
    /// Start of the session that the rows were written with.
    pub written: i64,
    /// Since when rows belong to a session with which start, in order; empty when all of them belong where they stand.
    pub spans: Vec<(i64, i64)>,
}

/// The campaign that a context names: source, medium and name; `None` when it names none.
pub fn campaign(context: &Context) -> Option<i64> {
    let parts = [&context.utm_source, &context.utm_medium, &context.utm_campaign].map(|part| part.as_deref());
    let parts = parts.map(|part| part.unwrap_or_default());
    if parts.iter().all(|part| part.is_empty()) {
        return None;
    }
    // Lengths part the texts, so that no two triples give the same bytes.
    let text: String = parts.iter().map(|part| format!("{}:{part}", part.len())).collect();
    Some(xxh3_64(text.as_bytes()).cast_signed())
}

/// Id of the session of a visitor that starts at an instant: 32 hexadecimal digits.
pub fn session_id(visitor: i64, started_at: i64) -> String {
    let mut bytes = *b"zhike session \0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    bytes[14..22].copy_from_slice(&visitor.to_le_bytes());
    bytes[22..].copy_from_slice(&started_at.to_le_bytes());
    format!("{:032x}", xxh3_128(&bytes))
}

impl Stretch {
    fn of(seen: &Seen) -> Self {
        let campaigns = seen.campaign.map(|campaign| (seen.at, campaign)).into_iter().collect();
        Self { started_at: seen.at, ended_at: seen.at, campaigns, written: BTreeMap::new() }
    }

    /// When its sessions start, in order; the first with the stretch.
    pub fn starts(&self) -> Vec<i64> {
        let mut starts = vec![self.started_at];
        let mut current = self.campaigns.get(&self.started_at);
        for (&at, campaign) in self.campaigns.range(self.started_at + 1..) {
            if current != Some(campaign) {
                starts.push(at);
                current = Some(campaign);
            }
        }
        starts
    }

    /// Where the rows written with each session belong now.
    pub fn moves(&self) -> Vec<Move> {
        let starts = self.starts();
        let of_one = |(&written, &last): (&i64, &i64)| {
            let first = session_at(&starts, written).filter(|start| *start != written).map(|start| (written, start));
            let later =
                starts.iter().filter(|start| (written + 1..=last).contains(start)).map(|start| (*start, *start));
            Move { written, spans: first.into_iter().chain(later).collect() }
        };
        self.written.iter().map(of_one).collect()
    }

    /// Takes a stretch in that is no further away than a pause.
    fn join(&mut self, other: Self) {
        self.started_at = self.started_at.min(other.started_at);
        self.ended_at = self.ended_at.max(other.ended_at);
        for (at, campaign) in other.campaigns {
            let held = self.campaigns.entry(at).or_insert(campaign);
            *held = (*held).min(campaign);
        }
        for (start, last) in other.written {
            self.write(start, last);
        }
    }

    fn write(&mut self, start: i64, at: i64) {
        let last = self.written.entry(start).or_insert(at);
        *last = (*last).max(at);
    }

    fn thin(&mut self) {
        if self.campaigns.len() > MANY_CAMPAIGNS {
            let all: Vec<(i64, i64)> = self.campaigns.iter().map(|(at, campaign)| (*at, *campaign)).collect();
            for three in all.windows(3) {
                if three[0].1 == three[1].1 && three[1].1 == three[2].1 {
                    self.campaigns.remove(&three[1].0);
                }
            }
        }
    }
}

/// The start of the session that an instant is in.
fn session_at(starts: &[i64], at: i64) -> Option<i64> {
    starts.get(starts.partition_point(|start| *start <= at).checked_sub(1)?).copied()
}

/// Takes events of one visitor in, to be written as rows with the session they are in now: gives the stretches as they are
/// then, in order, and the start of the session of each event.
///
/// **Shape**: `stretches` holds at least those within a pause of any of the events; the answer is as long as `seen`.
pub fn follow(stretches: Vec<Stretch>, seen: &[Seen]) -> (Vec<Stretch>, Vec<i64>) {
    let mut all = stretches;
    all.extend(seen.iter().map(Stretch::of));
    all.sort_by_key(|stretch| stretch.started_at);
    let mut joined: Vec<Stretch> = Vec::new();
    for stretch in all {
        match joined.last_mut() {
            Some(last) if stretch.started_at.saturating_sub(last.ended_at) <= PAUSE_US => last.join(stretch),
            _ => joined.push(stretch),
        }
    }
    joined.iter_mut().for_each(Stretch::thin);
    let starts: Vec<Vec<i64>> = joined.iter().map(Stretch::starts).collect();
    let sessions = seen.iter().map(|event| {
        let at = joined.partition_point(|stretch| stretch.started_at <= event.at).saturating_sub(1);
        let start = starts.get(at).and_then(|starts| session_at(starts, event.at)).unwrap_or(event.at);
        if let Some(stretch) = joined.get_mut(at) {
            stretch.write(start, event.at);
        }
        start
    });
    let sessions = sessions.collect();
    (joined, sessions)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::script::Seeded;

    const MINUTE: i64 = 60_000_000;

    fn seen(events: &[(i64, Option<i64>)]) -> Vec<Seen> {
        events.iter().map(|&(at, campaign)| Seen { at: at * MINUTE, campaign }).collect()
    }

    /// The rule, read plainly: the start of the session of each event of a sorted history.
    fn plainly(events: &[Seen]) -> Vec<i64> {
        let campaign_at =
            |at: i64| events.iter().filter(|event| event.at == at).filter_map(|event| event.campaign).min();
        let mut starts: Vec<i64> = Vec::new();
        for (n, event) in events.iter().enumerate() {
            let campaign = campaign_at(event.at);
            let start = match n.checked_sub(1).map(|before| (events[before].at, starts[before])) {
                Some((last, start)) if event.at == last => start,
                Some((last, start)) if event.at - last <= PAUSE_US => match campaign {
                    Some(_) if campaign != campaign_at(start) => event.at,
                    _ => start,
                },
                _ => event.at,
            };
            starts.push(start);
        }
        starts
    }

    #[test]
    fn a_pause_or_another_campaign_begins_a_session() {
        let events = seen(&[
            (0, None),
            (30, None),
            (61, Some(1)),
            (62, None),
            (63, Some(1)),
            (64, Some(2)),
            (64, None),
            (65, None),
            (66, Some(1)),
        ]);
        let (stretches, starts) = follow(Vec::new(), &events);
        assert_eq!(starts.iter().map(|at| at / MINUTE).collect::<Vec<_>>(), [0, 0, 61, 61, 61, 64, 64, 64, 66]);
        assert_eq!(starts, plainly(&events));
        assert_eq!(stretches.len(), 2);
        // In order, nothing moves.
        assert!(stretches.iter().flat_map(Stretch::moves).all(|moved| moved.spans.is_empty()), "{stretches:?}");
    }

    #[test]
    fn what_arrives_late_moves_exactly_the_rows_it_concerns() {
        let (stretches, _) = follow(Vec::new(), &seen(&[(0, None), (40, None), (55, None), (65, None)]));
        let (stretches, starts) = follow(stretches, &seen(&[(20, None), (50, Some(7))]));
        assert_eq!(starts, [0, 50 * MINUTE]);
        let [stretch] = stretches.as_slice() else { panic!("{stretches:?}") };
        let spans = vec![(40 * MINUTE, 0), (50 * MINUTE, 50 * MINUTE)];
        let none = |written: i64| Move { written: written * MINUTE, spans: Vec::new() };
        assert_eq!(stretch.moves(), [none(0), Move { written: 40 * MINUTE, spans }, none(50)]);
    }

    #[test]
    fn ids_are_made_of_visitor_and_start() {
        assert_eq!(session_id(1, 2), session_id(1, 2));
        assert_ne!(session_id(1, 2), session_id(2, 1));
        assert_eq!(session_id(-1, i64::MIN).len(), 32);
        let named = |source: Option<&str>, name: Option<&str>| {
            let (utm_source, utm_campaign) = (source.map(str::to_owned), name.map(str::to_owned));
            campaign(&Context { utm_source, utm_campaign, ..Context::default() })
        };
        assert_eq!(named(None, Some("")), None);
        assert_ne!(named(Some("a"), None), named(None, Some("a")));
        assert_eq!(named(Some("wx"), Some("spring")), named(Some("wx"), Some("spring")));
    }

    #[test]
    fn a_stretch_of_campaigns_without_end_stays_small() {
        let events: Vec<Seen> = (0..5_000).map(|n| Seen { at: n * MINUTE, campaign: Some(n / 2_500) }).collect();
        let (stretches, starts) = follow(Vec::new(), &events);
        assert_eq!(starts, plainly(&events));
        assert_eq!(stretches[0].campaigns.len(), 4);
    }

    fn history() -> impl Strategy<Value = Vec<Seen>> {
        let event = (0_i64..150, prop_oneof![3 => Just(None), 1 => (1_i64..4).prop_map(Some)]);
        prop::collection::vec(event, 0..50).prop_map(|mut events| {
            events.iter_mut().for_each(|event| event.0 *= 5);
            seen(&events)
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        /// INV-SESSION-1, INV-SESSION-2: in any order and cut, every row ends up in the session of the plain rule.
        #[test]
        fn rows_end_up_in_the_sessions_of_the_rule(events in history(), seed in any::<u64>(), cut in 1_usize..9) {
            let mut sorted = events.clone();
            sorted.sort_unstable();
            let expected: BTreeMap<i64, i64> =
                sorted.iter().map(|event| event.at).zip(plainly(&sorted)).collect();
            let mut mixed = events;
            let mut numbers = Seeded::new(seed);
            for at in 0..mixed.len() {
                if numbers.chance(30) {
                    mixed.push(mixed[at]);
                }
            }
            mixed.sort_by_cached_key(|_| numbers.next_u64());
            // Rows as they were written: instant, session.
            let mut rows: Vec<(i64, i64)> = Vec::new();
            let mut kept: Vec<Stretch> = Vec::new();
            for some in mixed.chunks(cut) {
                // Only what is near, as the store gives it.
                let low = some.iter().map(|event| event.at).min().unwrap_or(0) - PAUSE_US;
                let high = some.iter().map(|event| event.at).max().unwrap_or(0) + PAUSE_US;
                let (near, far): (Vec<Stretch>, Vec<Stretch>) =
                    kept.into_iter().partition(|stretch| stretch.started_at <= high && stretch.ended_at >= low);
                let (near, starts) = follow(near, some);
                rows.extend(some.iter().map(|event| event.at).zip(starts));
                kept = far.into_iter().chain(near).collect();
            }
            let moves: BTreeMap<i64, Vec<(i64, i64)>> =
                kept.iter().flat_map(Stretch::moves).map(|moved| (moved.written, moved.spans)).collect();
            for (at, written) in rows {
                let spans = &moves[&written];
                let now = spans.iter().rfind(|(since, _)| *since <= at).map_or(written, |span| span.1);
                prop_assert_eq!(now, expected[&at], "row at {} written with {}", at / MINUTE, written / MINUTE);
            }
            kept.sort_by_key(|stretch| stretch.started_at);
            for (a, b) in kept.iter().zip(kept.iter().skip(1)) {
                prop_assert!(b.started_at - a.ended_at > PAUSE_US);
            }
        }
    }
}
