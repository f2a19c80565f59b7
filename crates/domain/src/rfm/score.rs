//! Scoring of whole columns.

use super::check::{Grid, InvalidRules};
use super::cuts::{Cuts, Ladder};
use super::rules::{Rules, Segment, Tier};

/// What scores are made of, one row per customer who has ordered.
///
/// **Shape**: three columns of one length.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Days from the last order to the day of reckoning.
    pub recency_days: &'a [i64],
    /// Orders that count.
    pub frequency: &'a [i64],
    /// Net amount of all orders. **Units**: minor units; may be negative.
    pub monetary: &'a [i64],
}

/// Scores, segments and tiers, in the order of the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scored {
    /// Recency scores, 5 is most recent.
    pub r: Vec<u8>,
    /// Frequency scores, 5 is most frequent.
    pub f: Vec<u8>,
    /// Monetary scores, 5 is most valuable.
    pub m: Vec<u8>,
    /// Segments.
    pub segment: Vec<Segment>,
    /// Tiers.
    pub tier: Vec<Tier>,
    /// What separates the scores.
    pub cuts: Cuts,
}

/// Scores all customers.
///
/// In [`Mode::Quantile`](super::Mode::Quantile) a score is `1 + floor(5·w/n)` where `w` of `n` customers are strictly
/// worse, so customers with equal values get equal scores even if a fifth is then larger than another.
///
/// # Errors
/// When the rules leave a combination of scores without exactly one segment and tier.
///
/// # Panics
/// When the columns differ in length.
pub fn score(input: Input<'_>, rules: &Rules) -> Result<Scored, InvalidRules> {
    let n = input.recency_days.len();
    assert_eq!(input.frequency.len(), n, "frequency");
    assert_eq!(input.monetary.len(), n, "monetary");
    let grid = rules.grid()?;
    let mut cuts = Cuts::find(input, rules);

    let flipped = Ladder::new(cuts.recency_days.limits.map(|limit| limit.map(|days| !days)));
    let r: Vec<u8> = input.recency_days.iter().map(|&days| flipped.score(!days)).collect();
    let ladder = Ladder::new(cuts.frequency.limits);
    let f: Vec<u8> = input.frequency.iter().map(|&value| ladder.score(value)).collect();
    let ladder = Ladder::new(cuts.monetary.limits);
    let m: Vec<u8> = input.monetary.iter().map(|&value| ladder.score(value)).collect();

    let (segments, tiers) = grid.parts();
    let mut n_at_cell = [0_u64; 125];
    let mut segment = Vec::with_capacity(n);
    let mut tier = Vec::with_capacity(n);
    for row in 0..n {
        let cell = Grid::at([r[row], f[row], m[row]]);
        n_at_cell[cell] += 1;
        segment.push(segments[cell]);
        tier.push(tiers[cell]);
    }
    for (cell, n_here) in super::check::cells().zip(n_at_cell) {
        let [r, f, m] = cell.map(usize::from);
        cuts.recency_days.n_at[r - 1] += n_here;
        cuts.frequency.n_at[f - 1] += n_here;
        cuts.monetary.n_at[m - 1] += n_here;
        cuts.n_at_sum[r + f + m - 3] += n_here;
    }
    Ok(Scored { r, f, m, segment, tier, cuts })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::rfm::Mode;

    fn by(mode: Mode) -> Rules {
        Rules { mode, ..Rules::default() }
    }

    fn columns(rows: &[(i64, i64, i64)]) -> [Vec<i64>; 3] {
        [
            rows.iter().map(|row| row.0).collect(),
            rows.iter().map(|row| row.1).collect(),
            rows.iter().map(|row| row.2).collect(),
        ]
    }

    fn run(rows: &[(i64, i64, i64)], mode: Mode) -> Scored {
        let [r, f, m] = columns(rows);
        score(Input { recency_days: &r, frequency: &f, monetary: &m }, &by(mode)).unwrap()
    }

    #[test]
    fn thresholds_table() {
        let rows: Vec<_> = [
            (0, 10, 1_000_000, [5, 5, 5]),
            (30, 9, 999_999, [5, 4, 4]),
            (31, 7, 500_000, [4, 4, 4]),
            (60, 6, 499_999, [4, 3, 3]),
            (61, 4, 200_000, [3, 3, 3]),
            (90, 3, 199_999, [3, 2, 2]),
            (91, 2, 50_000, [2, 2, 2]),
            (180, 1, 49_999, [2, 1, 1]),
            (181, 0, -5, [1, 1, 1]),
        ]
        .into();
        let scored = run(&rows.iter().map(|row| (row.0, row.1, row.2)).collect::<Vec<_>>(), Mode::Thresholds);
        for (at, row) in rows.iter().enumerate() {
            assert_eq!([scored.r[at], scored.f[at], scored.m[at]], row.3, "{row:?}");
        }
        assert_eq!(scored.cuts.recency_days.n_at, [1, 2, 2, 2, 2]);
        assert_eq!((scored.segment[0], scored.tier[0]), (Segment::Champions, Tier::Core));
        assert_eq!((scored.segment[8], scored.tier[8]), (Segment::Lost, Tier::General));
    }

    #[test]
    fn nobody_is_nobody() {
        let scored = run(&[], Mode::Quantile);
        assert!(scored.r.is_empty());
        assert_eq!(scored.cuts.n_customers, 0);
    }

    #[test]
    #[should_panic(expected = "frequency")]
    fn columns_of_different_length_are_a_mistake() {
        let _ = score(Input { recency_days: &[1], frequency: &[], monetary: &[1] }, &Rules::default());
    }

    /// The definition, word by word.
    fn naive(values: &[i64], is_worse: impl Fn(i64, i64) -> bool) -> Vec<u8> {
        let score = |&mine: &i64| {
            let n_worse = values.iter().filter(|&&other| is_worse(other, mine)).count();
            1 + u8::try_from((5 * n_worse / values.len()).min(4)).unwrap()
        };
        values.iter().map(score).collect()
    }

    fn rows() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
        let few = prop_oneof![3 => 0..12_i64, 1 => any::<i64>()];
        proptest::collection::vec((few.clone(), few.clone(), few), 1..80)
    }

    proptest! {
        #[test]
        fn quantiles_follow_the_definition(rows in rows()) {
            let scored = run(&rows, Mode::Quantile);
            let [r, f, m] = columns(&rows);
            prop_assert_eq!(&scored.r, &naive(&r, |other, mine| other > mine));
            prop_assert_eq!(&scored.f, &naive(&f, |other, mine| other < mine));
            prop_assert_eq!(&scored.m, &naive(&m, |other, mine| other < mine));
        }

        #[test]
        fn better_never_scores_lower_and_ties_are_equal(rows in rows(), is_quantile: bool) {
            let scored = run(&rows, if is_quantile { Mode::Quantile } else { Mode::Thresholds });
            for a in 0..rows.len() {
                for b in 0..rows.len() {
                    prop_assert!(rows[a].0 > rows[b].0 || scored.r[a] >= scored.r[b]);
                    prop_assert!(rows[a].1 < rows[b].1 || scored.f[a] >= scored.f[b]);
                    prop_assert!(rows[a].2 < rows[b].2 || scored.m[a] >= scored.m[b]);
                }
            }
        }

        #[test]
        fn order_of_rows_does_not_matter(
            (rows, shuffled) in rows().prop_flat_map(|rows| {
                let places: Vec<usize> = (0..rows.len()).collect();
                (Just(rows), Just(places).prop_shuffle())
            }),
        ) {
            let here = run(&rows, Mode::Quantile);
            let there = run(&shuffled.iter().map(|&at| rows[at]).collect::<Vec<_>>(), Mode::Quantile);
            prop_assert_eq!(&here.cuts, &there.cuts);
            for (to, &from) in shuffled.iter().enumerate() {
                prop_assert_eq!(there.tier[to], here.tier[from]);
                prop_assert_eq!(there.segment[to], here.segment[from]);
            }
        }

        #[test]
        fn cuts_give_the_scores_again(rows in rows(), is_quantile: bool) {
            let scored = run(&rows, if is_quantile { Mode::Quantile } else { Mode::Thresholds });
            let grid = Rules::default().grid().unwrap();
            for (at, &(r, f, m)) in rows.iter().enumerate() {
                let scores = [scored.r[at], scored.f[at], scored.m[at]];
                prop_assert_eq!(scored.cuts.scores(r, f, m), scores);
                prop_assert_eq!(scored.segment[at], grid.segment(scores));
                prop_assert_eq!(scored.tier[at], grid.tier(scores));
            }
            let n = rows.len() as u64;
            prop_assert_eq!(scored.cuts.n_customers, n);
            for dimension in [&scored.cuts.recency_days, &scored.cuts.frequency, &scored.cuts.monetary] {
                prop_assert_eq!(dimension.n_at.iter().sum::<u64>(), n);
            }
            prop_assert_eq!(scored.cuts.n_at_sum.iter().sum::<u64>(), n);
        }
    }
}
