//! Credit by the place or the time of a touch within its path.

use super::path::{Credit, Credits, Path, Problem, Touch, ordered};

/// The usual half-life of time decay.
pub const HALF_LIFE_DAYS: f64 = 7.0;

/// How a conversion is divided among the touches before it.
#[derive(Clone, Debug, PartialEq)]
pub enum Rule {
    /// All to the first.
    First,
    /// All to the last.
    Last,
    /// All to the last that is not of these channels; to the last where all are.
    LastBut(Vec<usize>),
    /// The same to each.
    Linear,
    /// 40 % to the first, 40 % to the last, the rest to those between; halves where there are two.
    UShape,
    /// A touch so many days before another counts half as much.
    TimeDecay {
        /// In days, above 0.
        half_life: f64,
    },
}

/// Credits by a rule. Touches of one time in a path share the place that they have together.
///
/// **Errors**: [`Problem::Invalid`]; [`Problem::Shape`] for a half-life of 0 or below.
pub fn by_rule(paths: &[Path], n_channels: usize, rule: &Rule) -> Result<Credits, Problem> {
    if let Rule::TimeDecay { half_life } = rule
        && !(half_life.is_finite() && *half_life > 0.0)
    {
        return Err(Problem::Shape);
    }
    let mut credits = Credits::none(n_channels);
    for path in ordered(paths, n_channels)? {
        let Some(conversion) = path.conversion else { continue };
        let credit = Credit::of(path);
        let shares = shares(&path.touches, conversion.at, rule);
        if shares.is_empty() {
            credits.nobody.add(1.0, credit);
        }
        for (touch, share) in path.touches.iter().zip(shares) {
            credits.channels[touch.channel].add(share, credit);
        }
    }
    Ok(credits)
}

/// The share of each touch; they add up to 1.
fn shares(touches: &[Touch], end: f64, rule: &Rule) -> Vec<f64> {
    let n = touches.len();
    let weights: Vec<f64> = match rule {
        Rule::First => by_place(touches, |at| f64::from(u8::from(at == 0))),
        Rule::Last => by_place(touches, |at| f64::from(u8::from(at + 1 == n))),
        Rule::LastBut(channels) => {
            let is_left_out = |touch: &Touch| channels.contains(&touch.channel);
            match touches.iter().rev().find(|touch| !is_left_out(touch)) {
                None => by_place(touches, |at| f64::from(u8::from(at + 1 == n))),
                Some(last) => {
                    let is_last = |touch: &&Touch| touch.at == last.at && !is_left_out(touch);
                    let share = 1.0 / touches.iter().filter(is_last).count() as f64;
                    touches.iter().map(|touch| if is_last(&touch) { share } else { 0.0 }).collect()
                }
            }
        }
        Rule::Linear => vec![1.0; n],
        Rule::UShape if n <= 2 => vec![1.0; n],
        Rule::UShape => by_place(touches, |at| if at == 0 || at + 1 == n { 0.4 } else { 0.2 / (n - 2) as f64 }),
        // Relative to the newest, so that the very old do not vanish all together.
        Rule::TimeDecay { half_life } => {
            let newest = touches.last().map_or(end, |touch| touch.at);
            touches.iter().map(|touch| ((touch.at - newest) / half_life).exp2()).collect()
        }
    };
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Weights by place; touches of one time share theirs.
fn by_place(touches: &[Touch], weight: impl Fn(usize) -> f64) -> Vec<f64> {
    let mut first = 0;
    let mut weights = Vec::with_capacity(touches.len());
    for group in touches.chunk_by(|a, b| a.at == b.at) {
        let n = group.len();
        let sum: f64 = (first..first + n).map(&weight).sum();
        weights.extend(std::iter::repeat_n(sum / n as f64, n));
        first += n;
    }
    weights
}
