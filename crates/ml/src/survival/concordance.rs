//! Whether those with higher scores came first.

use super::Span;

/// Share of comparable pairs in which the higher score belongs to the one to whom it happened first; equal scores count half.
/// Pairs compare when it is known who came first: at equal times, one who came before one who had not yet. `None` when no pair
/// does, or lengths differ; rows whose score is not a number, or whose span is not valid, are left out.
///
/// In `O(n log n)`, by a tree of counts over ranks of scores.
///
/// **Source**: Harrell et al. 1982.
pub fn concordance(scores: &[f64], spans: &[Span]) -> Option<f64> {
    if scores.len() != spans.len() {
        return None;
    }
    let mut rows: Vec<(Span, f64)> = spans.iter().copied().zip(scores.iter().copied()).collect();
    rows.retain(|(span, score)| span.is_valid() && !score.is_nan());
    let mut ranks: Vec<f64> = rows.iter().map(|(_, score)| score + 0.0).collect();
    ranks.sort_unstable_by(f64::total_cmp);
    ranks.dedup();
    let rank = |score: f64| ranks.partition_point(|other| *other < score);
    // Last first, so that all who are in the tree came later.
    rows.sort_unstable_by(|a, b| b.0.time.total_cmp(&a.0.time));
    let mut counts = Counts(vec![0; ranks.len() + 1]);
    let (mut n_later, mut pairs, mut right) = (0_u64, 0_u64, 0.0);
    for tie in rows.chunk_by(|a, b| a.0.time == b.0.time) {
        let (events, open): (Vec<_>, Vec<_>) = tie.iter().partition(|(span, _)| span.is_event);
        let add = |(_, score): &&(Span, f64), n_later: &mut u64, counts: &mut Counts| {
            counts.add(rank(*score));
            *n_later += 1;
        };
        open.iter().for_each(|row| add(row, &mut n_later, &mut counts));
        for (_, score) in &events {
            let at = rank(*score);
            let (below, not_above) = (counts.below(at), counts.below(at + 1));
            right += below as f64 + (not_above - below) as f64 / 2.0;
            pairs += n_later;
        }
        events.iter().for_each(|row| add(row, &mut n_later, &mut counts));
    }
    (pairs > 0).then(|| right / pairs as f64)
}

/// Counts by position with sums over what is below (Fenwick 1994).
struct Counts(Vec<u64>);

impl Counts {
    fn add(&mut self, at: usize) {
        let mut at = at + 1;
        while at < self.0.len() {
            self.0[at] += 1;
            at += at & at.wrapping_neg();
        }
    }

    fn below(&self, mut at: usize) -> u64 {
        let mut sum = 0;
        while at > 0 {
            sum += self.0[at];
            at -= at & at.wrapping_neg();
        }
        sum
    }
}
