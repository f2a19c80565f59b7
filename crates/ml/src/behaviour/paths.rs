//! Where people went from an event, or came from.

use std::collections::{BTreeMap, HashMap};

/// Stands for whatever is not among the most frequent.
pub const OTHER: u32 = u32::MAX - 1;
/// Stands for the end of a path (or its beginning, looking back).
pub const END: u32 = u32::MAX;

/// Which paths are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathOptions {
    /// The event that paths are looked at from; the first of a session looking forward, the last looking back.
    pub anchor: u32,
    /// Whether what came before it is looked at.
    pub is_before: bool,
    /// Steps from the anchor.
    pub depth: usize,
    /// Events kept at each step; the rest is [`OTHER`].
    pub n_kept: usize,
    /// Whether an event that directly repeats is one.
    pub is_collapsed: bool,
}

/// People who went from one event to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Steps from the anchor to `from`.
    pub step: usize,
    /// Where they were.
    pub from: u32,
    /// Where they went, or came from looking back.
    pub to: u32,
    /// How many sessions.
    pub n: u64,
}

/// The path of one session, the anchor first, [`END`] last where it ended before the depth; none without the anchor.
pub fn path(session: &[u32], options: &PathOptions) -> Option<Vec<u32>> {
    let anchor = |event: &u32| *event == options.anchor;
    let ahead: Box<dyn Iterator<Item = &u32>> = if options.is_before {
        let at = session.iter().rposition(anchor)?;
        Box::new(session[..=at].iter().rev())
    } else {
        let at = session.iter().position(anchor)?;
        Box::new(session[at..].iter())
    };
    let mut path: Vec<u32> = Vec::new();
    for event in ahead {
        if options.is_collapsed && path.last() == Some(event) {
            continue;
        }
        path.push(*event);
        if path.len() > options.depth {
            break;
        }
    }
    if path.len() <= options.depth {
        path.push(END);
    }
    Some(path)
}

/// Flows of sessions that hold the anchor: at each step as many leave a node as came into it, the anchor's sessions in all;
/// [`END`] and the nodes of the last step let nobody go. Sorted by step, then by falling number.
///
/// **Shape**: a session is a slice of events in ascending time, named by numbers below [`OTHER`].
pub fn flows<'a>(sessions: impl IntoIterator<Item = &'a [u32]>, options: &PathOptions) -> Vec<Flow> {
    let mut paths: Vec<Vec<u32>> = sessions.into_iter().filter_map(|session| path(session, options)).collect();
    let longest = paths.iter().map(Vec::len).max().unwrap_or(0);
    for step in 1..options.depth.saturating_add(1).min(longest) {
        let mut counts: HashMap<u32, u64> = HashMap::new();
        paths.iter().filter_map(|path| path.get(step)).for_each(|event| *counts.entry(*event).or_default() += 1);
        counts.remove(&END);
        let mut ranked: Vec<(u32, u64)> = counts.into_iter().collect();
        ranked.sort_unstable_by_key(|(event, n)| (std::cmp::Reverse(*n), *event));
        let kept: Vec<u32> = ranked.into_iter().take(options.n_kept).map(|(event, _)| event).collect();
        for event in paths.iter_mut().filter_map(|path| path.get_mut(step)) {
            if *event != END && !kept.contains(event) {
                *event = OTHER;
            }
        }
    }
    let mut sums: BTreeMap<(usize, u32, u32), u64> = BTreeMap::new();
    for path in &paths {
        for (step, pair) in path.windows(2).take(options.depth).enumerate() {
            *sums.entry((step, pair[0], pair[1])).or_default() += 1;
        }
    }
    let mut flows: Vec<Flow> = sums.into_iter().map(|((step, from, to), n)| Flow { step, from, to, n }).collect();
    flows.sort_by_key(|flow| (flow.step, std::cmp::Reverse(flow.n)));
    flows
}
