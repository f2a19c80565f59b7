//! Credit by what would be lost without a channel, in a chain of channels.

use super::path::{Credit, Credits, Path, Problem, ordered};
use crate::parallel;
use std::collections::BTreeMap;

/// Channels that a state may remember.
pub const MAX_ORDER: usize = 3;
/// States of a chain that is solved exactly, row by row of a full matrix.
pub const MAX_STATES: usize = 1_000;

/// States and where people go from them.
struct Chain {
    /// Last channel of each state.
    channel: Vec<usize>,
    /// By state: to which others, with what share.
    steps: Vec<Vec<(usize, f64)>>,
    /// Share that converts next.
    converts: Vec<f64>,
    /// Where paths begin.
    begins: Vec<(usize, f64)>,
}

/// Credits in proportion to the removal effect: the share of conversions that are lost when everybody who comes to the
/// channel is lost there. Conversions without a touch go to nobody.
///
/// **Shape**: a state is the last `order` channels, 1 to [`MAX_ORDER`]; paths that did not convert belong in, without them
/// every channel seems to lead to a conversion. Touches of one time are taken in the order of channels.
/// **Errors**: [`Problem`].
/// **Source**: Anderl, Becker, von Wangenheim and Schumann 2016. The chain is solved, not simulated.
pub fn markov(paths: &[Path], n_channels: usize, order: usize, n_threads: usize) -> Result<Credits, Problem> {
    if order == 0 || order > MAX_ORDER {
        return Err(Problem::Shape);
    }
    let paths = ordered(paths, n_channels)?;
    let (mut total, mut nobody) = (Credit::default(), Credit::default());
    for path in &paths {
        let credit = if path.touches.is_empty() { &mut nobody } else { &mut total };
        credit.add(1.0, Credit::of(path));
    }
    if total.conversions + nobody.conversions <= 0.0 {
        return Err(Problem::NoConversions);
    }
    let chain = Chain::new(&paths, order)?;
    let used: Vec<usize> = {
        let mut used = chain.channel.clone();
        used.sort_unstable();
        used.dedup();
        used
    };
    let whole = chain.conversion(None);
    let lost = parallel::map(used.len(), 1, n_threads, || (), |(), at| whole - chain.conversion(Some(used[at.start])));
    let sum: f64 = lost.iter().sum();
    let mut shares = vec![0.0; n_channels];
    for (channel, lost) in used.iter().zip(&lost) {
        // Nothing that leads to a conversion can be removed without a loss, so the sum is above nought with the total.
        shares[*channel] = if sum > 0.0 { lost / sum } else { 0.0 };
    }
    Ok(Credits::by_shares(&shares, total, nobody))
}

impl Chain {
    fn new(paths: &[&Path], order: usize) -> Result<Self, Problem> {
        let mut state_of = BTreeMap::<Vec<usize>, usize>::new();
        let mut chain = Self { channel: Vec::new(), steps: Vec::new(), converts: Vec::new(), begins: Vec::new() };
        let mut counts = BTreeMap::<(usize, usize), f64>::new();
        let mut begins = BTreeMap::<usize, f64>::new();
        let mut totals = Vec::<f64>::new();
        for path in paths.iter().filter(|path| !path.touches.is_empty()) {
            let mut touches = path.touches.clone();
            touches.sort_by(|a, b| a.at.total_cmp(&b.at).then(a.channel.cmp(&b.channel)));
            let mut last: Option<usize> = None;
            for end in 1..=touches.len() {
                let key: Vec<usize> =
                    touches[end.saturating_sub(order)..end].iter().map(|touch| touch.channel).collect();
                let n_states = state_of.len();
                let state = *state_of.entry(key).or_insert(n_states);
                if state == n_states {
                    chain.channel.push(touches[end - 1].channel);
                    chain.converts.push(0.0);
                    totals.push(0.0);
                }
                match last {
                    None => *begins.entry(state).or_default() += path.weight,
                    Some(last) => *counts.entry((last, state)).or_default() += path.weight,
                }
                totals[state] += path.weight;
                last = Some(state);
            }
            if let (Some(last), Some(_)) = (last, path.conversion) {
                chain.converts[last] += path.weight;
            }
        }
        let n = state_of.len();
        if n > MAX_STATES {
            return Err(Problem::TooManyStates(n));
        }
        chain.steps = vec![Vec::new(); n];
        for ((from, to), weight) in counts {
            chain.steps[from].push((to, weight / totals[from]));
        }
        chain.converts.iter_mut().zip(&totals).for_each(|(share, total)| *share /= total);
        let sum: f64 = begins.values().sum();
        chain.begins = begins.into_iter().map(|(state, weight)| (state, weight / sum)).collect();
        Ok(chain)
    }

    /// Probability that a path ends in a conversion, when those who come to `removed` are lost.
    fn conversion(&self, removed: Option<usize>) -> f64 {
        let kept: Vec<usize> = (0..self.channel.len()).filter(|state| Some(self.channel[*state]) != removed).collect();
        let mut place = vec![usize::MAX; self.channel.len()];
        kept.iter().enumerate().for_each(|(at, state)| place[*state] = at);
        let n = kept.len();
        let mut matrix = vec![0.0; n * n];
        let mut right = vec![0.0; n];
        for (at, state) in kept.iter().enumerate() {
            matrix[at * n + at] += 1.0;
            for (to, share) in self.steps[*state].iter().filter(|(to, _)| place[*to] != usize::MAX) {
                matrix[at * n + place[*to]] -= share;
            }
            right[at] = self.converts[*state];
        }
        eliminate(&mut matrix, &mut right, n);
        let of = |state: usize| if place[state] == usize::MAX { 0.0 } else { right[place[state]] };
        self.begins.iter().map(|(state, share)| share * of(*state)).sum()
    }
}

/// Solves by elimination. Rows hold at least as much on the diagonal as elsewhere, so no exchange of rows is needed; every
/// state leads out in the end, so no diagonal becomes nought.
fn eliminate(matrix: &mut [f64], right: &mut [f64], n: usize) {
    for at in 0..n {
        let (above, below) = matrix.split_at_mut((at + 1) * n);
        let row = &above[at * n + at..];
        for (step, other) in below.chunks_exact_mut(n).enumerate() {
            let factor = other[at] / row[0];
            if factor != 0.0 {
                other[at..].iter_mut().zip(row).for_each(|(place, value)| *place -= factor * value);
                right[at + 1 + step] -= factor * right[at];
            }
        }
    }
    for at in (0..n).rev() {
        let row = &matrix[at * n..(at + 1) * n];
        let known: f64 = row[at + 1..].iter().zip(&right[at + 1..]).map(|(a, x)| a * x).sum();
        right[at] = (right[at] - known) / row[at];
    }
}
