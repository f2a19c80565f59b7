//! Credit by fair shares: what a channel adds, on average over all orders in which channels might have come.

use super::path::{Credit, Credits, Path, Problem, ordered};
use crate::parallel;
use crate::random::{Random, join};
use std::collections::BTreeMap;

/// Up to so many channels all coalitions are looked at.
pub const EXACT_CHANNELS: usize = 12;
const MAX_CHANNELS: usize = 64;

/// What a set of channels is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worth {
    /// Conversions of those who met no channel outside of the set. Shares are then equal within each path.
    Conversions,
    /// Share that converts of those who met no channel outside of the set; of those who met none too, if there are such. A
    /// channel whose people convert less than others can owe.
    Rate,
}

/// How shares are sampled where there are more than [`EXACT_CHANNELS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampling {
    /// Orders of channels; each is used backwards as well.
    pub n_orders: usize,
    /// Of orders.
    pub seed: u64,
    /// Never changes the answer.
    pub n_threads: usize,
}

/// People who met the same set of channels.
struct Met {
    set: u64,
    people: f64,
    conversions: f64,
}

/// Credits by Shapley value, over sets of channels; how often and in which order they were met does not count.
///
/// Exact for 12 channels that occur; sampled beyond, where credits add up all the same.
///
/// **Errors**: [`Problem`].
/// **Source**: Shapley 1953; Castro, Gómez and Tejada 2009 for sampling, with each order backwards too.
pub fn shapley(paths: &[Path], n_channels: usize, worth: Worth, sampling: Sampling) -> Result<Credits, Problem> {
    let paths = ordered(paths, n_channels)?;
    let mut used: Vec<usize> = paths.iter().flat_map(|path| path.touches.iter().map(|touch| touch.channel)).collect();
    used.sort_unstable();
    used.dedup();
    if used.len() > MAX_CHANNELS {
        return Err(Problem::TooManyChannels);
    }
    let bit = |channel: usize| used.binary_search(&channel).map_or(0, |at| 1_u64 << at);
    let (mut total, mut nobody) = (Credit::default(), Credit::default());
    let mut met = BTreeMap::<u64, (f64, f64)>::new();
    for path in &paths {
        let set = path.touches.iter().fold(0, |set, touch| set | bit(touch.channel));
        let of_set = met.entry(set).or_default();
        let credit = Credit::of(path);
        of_set.0 += path.weight;
        of_set.1 += credit.conversions;
        if set == 0 { nobody.add(1.0, credit) } else { total.add(1.0, credit) }
    }
    if total.conversions + nobody.conversions <= 0.0 {
        return Err(Problem::NoConversions);
    }
    let met: Vec<Met> = met.into_iter().map(|(set, (people, conversions))| Met { set, people, conversions }).collect();
    let n = used.len();
    if n == 0 {
        return Ok(Credits::by_shares(&vec![0.0; n_channels], total, nobody));
    }
    let values = if n <= EXACT_CHANNELS { exact(&met, n, worth) } else { sampled(&met, n, worth, sampling) };
    // Values add up to the worth of all over the worth of none; credit to the conversions of those who were touched.
    let sum: f64 = values.iter().sum();
    let mut shares = vec![0.0; n_channels];
    if sum > 1e-12 {
        used.iter().zip(&values).for_each(|(channel, value)| shares[*channel] = value / sum);
        return Ok(Credits::by_shares(&shares, total, nobody));
    }
    // Those who met channels convert no more than those who met none: nothing to divide.
    nobody.add(1.0, total);
    Ok(Credits::by_shares(&shares, Credit::default(), nobody))
}

fn worth_of(worth: Worth, people: f64, conversions: f64) -> f64 {
    match worth {
        Worth::Conversions => conversions,
        Worth::Rate if people > 0.0 => conversions / people,
        Worth::Rate => 0.0,
    }
}

fn exact(met: &[Met], n: usize, worth: Worth) -> Vec<f64> {
    // Sums over subsets, one channel after another.
    let mut sums = vec![(0.0, 0.0); 1 << n];
    for group in met {
        sums[group.set as usize] = (group.people, group.conversions);
    }
    for channel in 0..n {
        for set in 0..1_usize << n {
            if set >> channel & 1 == 1 {
                let without = sums[set ^ 1 << channel];
                sums[set].0 += without.0;
                sums[set].1 += without.1;
            }
        }
    }
    let worths: Vec<f64> = sums.into_iter().map(|(people, conversions)| worth_of(worth, people, conversions)).collect();
    // |S|! (n - |S| - 1)! / n!
    let mut weight = vec![1.0 / n as f64; n];
    for size in 1..n {
        weight[size] = weight[size - 1] * size as f64 / (n - size) as f64;
    }
    (0..n)
        .map(|channel| {
            (0..1_usize << n)
                .filter(|set| set >> channel & 1 == 0)
                .map(|set| weight[set.count_ones() as usize] * (worths[set | 1 << channel] - worths[set]))
                .sum()
        })
        .collect()
}

fn sampled(met: &[Met], n: usize, worth: Worth, sampling: Sampling) -> Vec<f64> {
    const ORDERS: usize = 16;
    let of = |set: u64| {
        let inside = met.iter().filter(|group| group.set & !set == 0);
        let (people, conversions) =
            inside.fold((0.0, 0.0), |sum, group| (sum.0 + group.people, sum.1 + group.conversions));
        worth_of(worth, people, conversions)
    };
    let n_orders = sampling.n_orders.max(1);
    let parts = parallel::map(
        n_orders,
        ORDERS,
        sampling.n_threads,
        || (),
        |(), range| {
            let mut sums = vec![0.0; n];
            for at in range {
                let order = Random::new(join(sampling.seed, at as u64)).permutation(n);
                let mut walk = |order: &mut dyn Iterator<Item = &usize>| {
                    let (mut set, mut before) = (0, of(0));
                    for channel in order {
                        set |= 1_u64 << channel;
                        let after = of(set);
                        sums[*channel] += after - before;
                        before = after;
                    }
                };
                walk(&mut order.iter());
                walk(&mut order.iter().rev());
            }
            sums
        },
    );
    let mut values = vec![0.0; n];
    for part in parts {
        values.iter_mut().zip(part).for_each(|(value, part)| *value += part / (2.0 * n_orders as f64));
    }
    values
}
