//! Where sessions went from an event, or came from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use zhike_domain::analysis::{CountBy, Paths, Spec, meaning};
use zhike_domain::audience::{Filter, Source, Test};
use zhike_domain::small_groups::is_small;
use zhike_lake::NO_VALUE;
use zhike_ml::behaviour::{self, END, OTHER, PathOptions};

use super::rows::{Need, Reading, Row, each, units};
use super::{Ground, Head, Part, hide_rest, no_part};
use crate::{Ctx, Result, boxed};

/// Days of paths when nobody says which.
const USUAL_DAYS: i64 = 30;
/// Stands for the event that is asked about.
const ANCHOR: u32 = u32::MAX - 2;

/// What a flow comes from or goes to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// An event.
    Event(String),
    /// Events that are not shown.
    Other,
    /// The end of the session; looking back, its beginning.
    End,
}

/// Sessions that went from one event to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathFlow {
    /// Steps from the anchor to `from`.
    pub at: usize,
    /// Where they were.
    pub from: Node,
    /// Where they went; looking back, where they came from.
    pub to: Node,
    /// How many sessions; none where so few people are not told.
    pub n: Option<u64>,
}

/// Where sessions went.
#[derive(Clone, Debug)]
pub struct PathsAnswer {
    /// About the answer.
    pub head: Head,
    /// Sessions that hold the event; none where so few people are not told.
    pub n_sessions: Option<u64>,
    /// Flows by step, the largest first; at each step as many leave an event as came to it.
    pub flows: Vec<PathFlow>,
}

struct Found {
    /// Customer and path of each session, the rest of each step as [`OTHER`].
    paths: Vec<(u32, Vec<u32>)>,
    texts: Vec<String>,
    flows: Vec<behaviour::Flow>,
}

async fn found(ctx: &Ctx, ground: &Ground, spec: &Paths) -> Result<Found> {
    let between = (ground.span.0, ground.span.1.min(ground.seen.end()));
    let anchor = [Filter { field: "event".to_owned(), test: Test::In(vec![spec.anchor.clone()]) }];
    let needs = [
        Need { of: Source::Events, filters: &[], bit: 0, between },
        Need { of: Source::Events, filters: &anchor, bit: 1, between },
    ];
    let options = PathOptions {
        anchor: ANCHOR,
        is_before: spec.is_before,
        depth: spec.depth,
        n_kept: spec.n_kept,
        is_collapsed: !spec.with_repeats,
    };
    let reading = Reading { needs: &needs, count_by: CountBy::Session, value: Some("event") };
    let kernel = move |rows: &[Row]| {
        let mut paths = Vec::new();
        let mut events: Vec<u32> = Vec::new();
        for rows in units(rows) {
            events.clear();
            let event = |row: &Row| if row.steps & 2 == 2 { ANCHOR } else { row.value };
            events.extend(rows.iter().filter(|row| row.value != NO_VALUE).map(event));
            if let Some(path) = behaviour::path(&events, &options) {
                paths.push((rows[0].who, path));
            }
        }
        paths
    };
    let (pieces, texts) = each(ctx, ground, reading, kernel).await?;
    let mut paths: Vec<(u32, Vec<u32>)> = pieces.into_iter().flatten().collect();
    // In the order of letters, so that ties do not depend on what was read first.
    let mut order: Vec<(&str, u32)> = (0..).map_while(|number| Some((texts.text(number)?, number))).collect();
    order.sort_unstable();
    let mut place = vec![0_u32; order.len()];
    order.iter().zip(0..).for_each(|((_, number), at)| place[*number as usize] = at);
    for event in paths.iter_mut().flat_map(|(_, path)| path) {
        *event = place.get(*event as usize).copied().unwrap_or(*event);
    }
    let texts = order.into_iter().map(|(text, _)| text.to_owned()).collect();
    // They begin with the anchor already, and are in the order in which they are looked at.
    let forward = PathOptions { is_before: false, is_collapsed: false, ..options };
    let plain = |path: &(u32, Vec<u32>)| path.1.len() - usize::from(path.1.last() == Some(&END));
    let flows = behaviour::flows(paths.iter().map(|path| &path.1[..plain(path)]), &forward);
    let kept: BTreeSet<(usize, u32)> = flows.iter().map(|flow| (flow.step + 1, flow.to)).collect();
    for (_, path) in &mut paths {
        for (at, event) in path.iter_mut().enumerate().skip(1) {
            if *event != END && !kept.contains(&(at, *event)) {
                *event = OTHER;
            }
        }
    }
    Ok(Found { paths, texts, flows })
}

impl Found {
    fn node(&self, event: u32, anchor: &str) -> Node {
        match event {
            END => Node::End,
            OTHER => Node::Other,
            ANCHOR => Node::Event(anchor.to_owned()),
            event => self.texts.get(event as usize).map_or(Node::Other, |text| Node::Event(text.clone())),
        }
    }
}

/// Runs a question of paths.
///
/// **Errors**: `bad_request` for days that there are not; `not_found` for a segment that is gone.
#[boxed]
pub async fn paths(ctx: &Ctx, spec: &Paths) -> Result<PathsAnswer> {
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let found = found(ctx, &ground, spec).await?;
    let k = ctx.min_group();
    let mut people: BTreeMap<(usize, u32, u32), (u32, u64)> = BTreeMap::new();
    for (who, path) in &found.paths {
        for (at, pair) in path.windows(2).enumerate() {
            let (last, n) = people.entry((at, pair[0], pair[1])).or_insert((u32::MAX, 0));
            // Sessions of one person follow one another.
            if last != who {
                (*last, *n) = (*who, *n + 1);
            }
        }
    }
    let counts: Vec<u64> =
        found.flows.iter().map(|flow| people.get(&(flow.step, flow.from, flow.to)).map_or(0, |(_, n)| *n)).collect();
    let shown = told(&found.flows, &counts, k);
    let n_people = {
        let mut who: Vec<u32> = found.paths.iter().map(|(who, _)| *who).collect();
        who.dedup();
        who.len() as u64
    };
    let n_sessions = (!is_small(n_people, k)).then_some(found.paths.len() as u64);
    let flows: Vec<PathFlow> = found
        .flows
        .iter()
        .zip(&shown)
        .map(|(flow, shown)| PathFlow {
            at: flow.step,
            from: found.node(flow.from, &spec.anchor),
            to: found.node(flow.to, &spec.anchor),
            n: shown.then_some(flow.n),
        })
        .collect();
    let first = |flow: &&PathFlow| flow.at == 0;
    let most = flows.iter().filter(first).find_map(|flow| match &flow.to {
        Node::Event(event) => Some((event.as_str(), flow.n?)),
        _ => None,
    });
    let ended = flows.iter().filter(first).find(|flow| flow.to == Node::End).and_then(|flow| flow.n);
    let meaning = meaning::paths((&spec.anchor, spec.is_before), n_sessions, most, ended);
    let is_suppressed = n_sessions.is_none() || shown.contains(&false);
    let head = ground.head(ctx, &Spec::Paths(spec.clone()), meaning, is_suppressed).await?;
    Ok(PathsAnswer { head, n_sessions, flows })
}

/// Which flows are told, by people: what comes into an event and what leaves it add up, so none is hidden alone.
fn told(flows: &[behaviour::Flow], people: &[u64], k: u64) -> Vec<bool> {
    let mut shown: Vec<bool> = people.iter().map(|n| !is_small(*n, k)).collect();
    let mut ends: BTreeMap<(usize, u32), Vec<usize>> = BTreeMap::new();
    for (at, flow) in flows.iter().enumerate() {
        ends.entry((2 * flow.step, flow.from)).or_default().push(at);
        ends.entry((2 * flow.step + 1, flow.to)).or_default().push(at);
    }
    loop {
        let before = shown.clone();
        for of in ends.values() {
            let counts: Vec<u64> = of.iter().map(|at| people[*at]).collect();
            let mut mine: Vec<bool> = of.iter().map(|at| shown[*at]).collect();
            hide_rest(&counts, &mut mine, k);
            of.iter().zip(mine).for_each(|(at, is_shown)| shown[*at] = is_shown);
        }
        if shown == before {
            return shown;
        }
    }
}

/// The people of a flow.
pub(super) async fn behind(ctx: &Ctx, spec: &Paths, part: &Part) -> Result<Vec<i64>> {
    let Part::Flow { at, from, to } = part else { return Err(no_part()) };
    ctx.refresh_overrides().await?;
    let ground = Ground::new(ctx, &spec.scope, USUAL_DAYS).await?;
    let found = found(ctx, &ground, spec).await?;
    let flow = |flow: &&behaviour::Flow| {
        flow.step == *at && found.node(flow.from, &spec.anchor) == *from && found.node(flow.to, &spec.anchor) == *to
    };
    let flow = found.flows.iter().find(flow).ok_or_else(no_part)?;
    let went = |path: &&(u32, Vec<u32>)| path.1.get(*at..*at + 2) == Some(&[flow.from, flow.to][..]);
    Ok(ground.ids(found.paths.iter().filter(went).map(|(who, _)| *who)))
}
