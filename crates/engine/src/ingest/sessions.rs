//! Sessions of events: the rule of [`zhike_domain::collect::session`] on stored stretches.
//!
//! A session is the visitor's, whoever the visitor turns out to be: signing in ends no session, and merging people changes
//! none. Events of back ends, which name no visitor, are in sessions of the person they name.
//!
//! In order, a batch makes one stretch of each of its visitors longer and its rows are written with their sessions. What
//! arrives late may also move rows that are there to other sessions: state says which (`session_moves`), and the lake
//! applies that when they are read. No row is written again, and none is looked up.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use zhike_domain::collect::session::{self, Move, PAUSE_US, Seen, Stretch, session_id};
use zhike_state::{IngestCommit, SessionMoveRow, StretchRow};

use super::Heard;
use super::people::People;
use super::rows::is_row;
use crate::{Ctx, Error, Result};

/// The session of each message that becomes a row; writes what state has to change into `commit`.
pub(super) async fn follow(
    ctx: &Ctx,
    heard: &[Heard],
    people: &People,
    commit: &mut IngestCommit,
) -> Result<Vec<Option<String>>> {
    let mut by_visitor: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (at, one) in heard.iter().enumerate().filter(|(_, one)| is_row(&one.message)) {
        if let Some(visitor) = people.visitor(one) {
            by_visitor.entry(visitor).or_default().push(at);
        }
    }
    let span = |(visitor, events): (&i64, &Vec<usize>)| {
        let times = || events.iter().map(|&at| heard[at].message.occurred_at);
        let (first, last) = (times().min().unwrap_or(0), times().max().unwrap_or(0));
        (*visitor, first.saturating_sub(PAUSE_US), last.saturating_add(PAUSE_US))
    };
    let spans: Vec<(i64, i64, i64)> = by_visitor.iter().map(span).collect();
    let mut stored: HashMap<i64, Vec<Stretch>> = HashMap::new();
    for row in ctx.store().stretches_near(&spans).await? {
        let stretch = Stretch {
            started_at: row.started_at,
            ended_at: row.ended_at,
            campaigns: parse(&row.campaigns_json)?,
            written: parse(&row.written_json)?,
        };
        stored.entry(row.identity_id).or_default().push(stretch);
    }
    let mut sessions = vec![None; heard.len()];
    for (visitor, events) in by_visitor {
        let seen = |&at: &usize| {
            let message = &heard[at].message;
            Seen { at: message.occurred_at, campaign: session::campaign(&message.context) }
        };
        let seen: Vec<Seen> = events.iter().map(seen).collect();
        let before = stored.remove(&visitor).unwrap_or_default();
        let (after, starts) = session::follow(before.clone(), &seen);
        for (at, start) in events.into_iter().zip(starts) {
            sessions[at] = Some(session_id(visitor, start));
        }
        keep(visitor, &before, &after, commit)?;
    }
    Ok(sessions)
}

/// Notes what has changed of a visitor's stretches.
fn keep(visitor: i64, before: &[Stretch], after: &[Stretch], commit: &mut IngestCommit) -> Result<()> {
    let starts: BTreeSet<i64> = after.iter().map(|stretch| stretch.started_at).collect();
    let gone = before.iter().map(|stretch| stretch.started_at).filter(|start| !starts.contains(start));
    commit.gone_stretches.extend(gone.map(|start| (visitor, start)));
    for stretch in after.iter().filter(|stretch| !before.contains(stretch)) {
        commit.stretches.push(StretchRow {
            identity_id: visitor,
            started_at: stretch.started_at,
            ended_at: stretch.ended_at,
            campaigns_json: json(&stretch.campaigns)?,
            written_json: json(&stretch.written)?,
        });
    }
    let moves = |stretches: &[Stretch]| -> BTreeMap<i64, Vec<(i64, i64)>> {
        let all = stretches.iter().flat_map(Stretch::moves);
        all.map(|Move { written, spans }| (written, spans)).collect()
    };
    let (moved_before, moved_after) = (moves(before), moves(after));
    for (written, spans) in moved_after {
        if moved_before.get(&written).map_or(&[][..], Vec::as_slice) == spans.as_slice() {
            continue;
        }
        let spans: Vec<(i64, String)> =
            spans.into_iter().map(|(since, start)| (since, session_id(visitor, start))).collect();
        let (session_id, spans_json) = (session_id(visitor, written), json(&spans)?);
        commit.session_moves.push(SessionMoveRow { session_id, spans_json, version: 0 });
    }
    Ok(())
}

/// A stored move as the lake takes it.
pub(crate) fn session_move(row: &SessionMoveRow) -> Result<(String, Vec<(i64, String)>)> {
    Ok((row.session_id.clone(), parse(&row.spans_json)?))
}

/// The sessions of a stretch of which rows may have moved: those that rows were written with.
pub(crate) fn written_with(row: &StretchRow) -> Result<Vec<String>> {
    let written: BTreeMap<i64, i64> = parse(&row.written_json)?;
    Ok(written.into_keys().map(|start| session_id(row.identity_id, start)).collect())
}

fn json<T: serde::Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::bug("sessions as JSON", error))
}

fn parse<T: serde::de::DeserializeOwned>(json: &str) -> Result<T> {
    serde_json::from_str(json).map_err(|error| Error::bug("stored sessions", error))
}
