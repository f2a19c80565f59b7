//! Funnels and retention as ClickHouse counts them, for who moves reports from there: `windowFunnel`, `retention`.
//!
//! Here one event may fill several steps, and a later event takes the place of an earlier one at its step. Checked against
//! the original by `scripts/check-funnels.py`.

/// Modes of `windowFunnel`; all may be combined.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Modes {
    /// A step that comes again ends the search.
    pub strict_deduplication: bool,
    /// Any other event ends it, once it began.
    pub strict_order: bool,
    /// Steps of one time do not count as one after another.
    pub strict_increase: bool,
}

/// The number of steps reached; 0 for more than 32 steps, where the original refuses.
///
/// **Shape**: times with a bit for each step that the event matches, in any order.
/// **Source**: documentation and behaviour of ClickHouse 26.9.
pub fn window_funnel(events: &[(u64, u32)], n_steps: usize, window: u64, modes: Modes) -> usize {
    if n_steps == 0 || n_steps > 32 {
        return 0;
    }
    // An event is one entry for each step that it matches; entries of one time stand in the order of steps.
    let mut entries: Vec<(u64, Option<usize>)> = Vec::new();
    for (at, steps) in events {
        let before = entries.len();
        entries.extend((0..n_steps).filter(|step| steps >> step & 1 == 1).map(|step| (*at, Some(step))));
        if entries.len() == before && modes.strict_order {
            entries.push((*at, None));
        }
    }
    if n_steps == 1 && !modes.strict_order {
        return usize::from(!entries.is_empty());
    }
    entries.sort_unstable();
    // Of each step: when its chain began, and when it was reached.
    let mut reached: Vec<Option<(u64, u64)>> = vec![None; n_steps];
    for (at, step) in entries {
        let has_begun = reached[0].is_some();
        match step {
            None if has_begun => break,
            None => {}
            Some(0) => reached[0] = Some((at, at)),
            Some(step) if modes.strict_deduplication && reached[step].is_some() => break,
            Some(step) => match reached[step - 1] {
                Some((began, last)) => {
                    let is_late = at > began.saturating_add(window) || (modes.strict_increase && last >= at);
                    if !is_late {
                        reached[step] = Some((began, at));
                        if step + 1 == n_steps {
                            return n_steps;
                        }
                    }
                }
                None if modes.strict_order && has_begun => {
                    return reached.iter().position(Option::is_none).unwrap_or(n_steps);
                }
                None => {}
            },
        }
    }
    reached.iter().rposition(Option::is_some).map_or(0, |step| step + 1)
}

/// Of each condition whether it held together with the first one.
pub fn retention(held: &[bool]) -> Vec<bool> {
    let first = held.first().copied().unwrap_or(false);
    held.iter().map(|held| first && *held).collect()
}
