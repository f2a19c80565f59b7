//! Sessions: runs of a person's (or a device's) events without a pause.
//!
//! A session ends before a pause of more than [`PAUSE_US`], and where an event brings a campaign that is not the session's.
//! Its id is made of whose it is and of its first event, so that computing it again gives the same id, and an event that
//! arrives late corrects exactly the sessions that it touches.
//!
//! - **INV-SESSION-1**: every event is in one session; sessions follow each other in time.
//! - **INV-SESSION-2**: the order in which events are given does not matter, as long as it is sorted.

use xxhash_rust::xxh3::xxh3_128;

/// The longest pause within a session: thirty minutes.
///
/// **Units**: microseconds.
pub const PAUSE_US: i64 = 30 * 60 * 1_000_000;

/// One event, as sessions see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Visit<'a> {
    /// When, in microseconds.
    pub at: i64,
    /// Id of the event; settles the order at one instant.
    pub event_id: &'a str,
    /// Campaign that it came from (source, medium and name, however joined); `None` or empty for none.
    pub campaign: Option<&'a str>,
}

/// A session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id: 32 hexadecimal digits.
    pub session_id: String,
    /// Index of its first event.
    pub first: usize,
    /// Number of its events, at least 1.
    pub n_events: usize,
    /// First event.
    pub started_at: i64,
    /// Last event.
    pub ended_at: i64,
    /// Campaign that it came from.
    pub campaign: Option<String>,
}

/// The sessions of one person or device, in order; `owner` is its id in a form that does not change.
///
/// **Shape**: `visits` sorted by (at, event_id).
pub fn sessions(owner: &str, visits: &[Visit<'_>]) -> Vec<Session> {
    debug_assert!(visits.is_sorted_by_key(|visit| (visit.at, visit.event_id)));
    let mut sessions: Vec<Session> = Vec::new();
    for (at, visit) in visits.iter().enumerate() {
        let campaign = visit.campaign.filter(|campaign| !campaign.is_empty());
        match sessions.last_mut() {
            Some(session)
                if visit.at.saturating_sub(session.ended_at) <= PAUSE_US
                    && campaign.is_none_or(|campaign| session.campaign.as_deref() == Some(campaign)) =>
            {
                session.n_events += 1;
                session.ended_at = visit.at;
            }
            _ => sessions.push(Session {
                session_id: session_id(owner, visit),
                first: at,
                n_events: 1,
                started_at: visit.at,
                ended_at: visit.at,
                campaign: campaign.map(str::to_owned),
            }),
        }
    }
    sessions
}

fn session_id(owner: &str, first: &Visit<'_>) -> String {
    // Lengths part the texts, so that no two pairs give the same bytes.
    let bytes = format!("{}:{owner}{}:{}", owner.len(), first.at, first.event_id);
    format!("{:032x}", xxh3_128(bytes.as_bytes()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MINUTE: i64 = 60_000_000;

    fn visits<'a>(events: &[(i64, &'a str, Option<&'a str>)]) -> Vec<Visit<'a>> {
        events.iter().map(|&(at, event_id, campaign)| Visit { at: at * MINUTE, event_id, campaign }).collect()
    }

    #[test]
    fn a_pause_or_another_campaign_begins_a_session() {
        let events = visits(&[
            (0, "a", None),
            (30, "b", None),
            (61, "c", Some("wx/spring")),
            (62, "d", None),
            (63, "e", Some("wx/spring")),
            (64, "f", Some("qq/spring")),
            (65, "g", Some("")),
        ]);
        let sessions = sessions("u1", &events);
        let shape: Vec<(usize, usize)> = sessions.iter().map(|session| (session.first, session.n_events)).collect();
        assert_eq!(shape, [(0, 2), (2, 3), (5, 2)]);
        assert_eq!(sessions[1].campaign.as_deref(), Some("wx/spring"));
    }

    #[test]
    fn ids_are_made_of_owner_and_first_event() {
        let early = visits(&[(0, "a", None), (5, "b", None)]);
        let late = visits(&[(-5, "z", None), (0, "a", None), (5, "b", None)]);
        let id = |owner: &str, visits: &[Visit<'_>]| sessions(owner, visits)[0].session_id.clone();
        assert_eq!(id("u1", &early), id("u1", &early[..1]));
        assert_ne!(id("u1", &early), id("u2", &early));
        assert_ne!(id("u1", &early), id("u1", &late));
    }

    proptest! {
        /// INV-SESSION-1, and two neighbours are in one session exactly when a plain reading of the rule says so.
        #[test]
        fn sessions_are_those_of_the_rule(mut events in prop::collection::vec((0_i64..200, 0_u8..3), 0..40)) {
            events.sort_unstable();
            let ids: Vec<String> = (0..events.len()).map(|at| format!("{at:03}")).collect();
            let names = [None, Some("x"), Some("y")];
            let visits: Vec<Visit<'_>> = events.iter().zip(&ids)
                .map(|(&(at, campaign), id)| Visit { at: at * 5 * MINUTE, event_id: id, campaign: names[campaign as usize] })
                .collect();
            let sessions = sessions("u", &visits);
            let mut number = vec![0; visits.len()];
            for (n, session) in sessions.iter().enumerate() {
                number[session.first..session.first + session.n_events].fill(n);
            }
            prop_assert_eq!(sessions.iter().map(|session| session.n_events).sum::<usize>(), visits.len());
            let mut current: Option<&str> = None;
            let mut expected = 0;
            for at in 0..visits.len() {
                let is_new = at > 0 && (visits[at].at - visits[at - 1].at > PAUSE_US
                    || visits[at].campaign.is_some() && visits[at].campaign != current);
                if at == 0 || is_new {
                    expected += usize::from(is_new);
                    current = visits[at].campaign;
                }
                prop_assert_eq!(number[at], expected);
            }
        }
    }
}
