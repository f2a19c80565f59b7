//! Scores of surveys: by hand, how often intervals hold the truth, and laws of weights.

#[path = "made/dice.rs"]
mod dice;

use dice::Dice;
use proptest::prelude::*;
use zhike_ml::scores::{Answers, Group, Problem, Satisfied, Score, Verdict, change, csat, nps, weighted};

fn answers(promoters: u64, passives: u64, detractors: u64) -> Answers {
    Answers { promoters, passives, detractors }
}

#[test]
fn scores_by_hand() {
    assert_eq!(Answers::of([10, 9, 8, 7, 6, 0, 11]), answers(2, 2, 2));
    let score = nps(&answers(50, 30, 20), Some(400), 0.95).unwrap();
    assert!((score.value - 30.0).abs() < 1e-12 && score.n == 100 && score.response_ratio == Some(0.25));
    // Plain standard error: 100 √((0.5 + 0.2 - 0.3²) / 100) = 7.81.
    assert!((score.error - 7.81).abs() < 0.15 && score.low > 13.0 && score.high < 46.0, "{score:?}");
    // Nobody but promoters: still not sure.
    let all = nps(&answers(8, 0, 0), None, 0.95).unwrap();
    assert!(all.value == 100.0 && all.high == 100.0 && (20.0..80.0).contains(&all.low), "{all:?}");
    assert_eq!(nps(&Answers::default(), None, 0.95), Err(Problem::NoAnswers(0)));
    assert_eq!(nps(&answers(1, 1, 1), Some(2), 0.95), Err(Problem::Shape));
    // Wilson's interval of 81 out of 263, Newcombe 1998: 0.2553 to 0.3662.
    let score = csat(&Satisfied { n_satisfied: 81, n: 263 }, None, 0.95).unwrap();
    assert!((score.low - 25.53).abs() < 5e-3 && (score.high - 36.62).abs() < 5e-3, "{score:?}");
}

#[test]
fn intervals_hold_the_truth_as_often_as_they_say() {
    for (p, d, n) in [(0.5, 0.2, 60), (0.3, 0.3, 30), (0.7, 0.05, 100), (0.15, 0.6, 400)] {
        let mut dice = Dice(n);
        let runs = 4_000;
        let n_held = (0..runs)
            .filter(|_| {
                let mut counts = Answers::default();
                for _ in 0..n {
                    match dice.roll() {
                        u if u < p => counts.promoters += 1,
                        u if u < p + d => counts.detractors += 1,
                        _ => counts.passives += 1,
                    }
                }
                let score = nps(&counts, None, 0.95).unwrap();
                (score.low..=score.high).contains(&(100.0 * (p - d)))
            })
            .count();
        let share = n_held as f64 / f64::from(runs);
        assert!((0.93..=0.97).contains(&share), "{p} {d} {n}: {share}");
    }
}

#[test]
fn groups_count_by_their_size() {
    // Members answer four times as readily, and are happier.
    let groups =
        [Group { size: 200.0, answers: answers(60, 15, 5) }, Group { size: 800.0, answers: answers(20, 30, 30) }];
    let score = weighted(&groups, None, 0.95).unwrap();
    let expected = 0.2 * (55.0 / 80.0) + 0.8 * (-10.0 / 80.0);
    assert!((score.value - 100.0 * expected).abs() < 1e-9 && score.n == 160, "{score:?}");
    let plain = nps(&answers(80, 45, 35), None, 0.95).unwrap();
    assert!(score.value < plain.value && score.error > plain.error);
    let empty = [groups[0], Group { size: 1.0, answers: Answers::default() }];
    assert_eq!(weighted(&empty, None, 0.95), Err(Problem::NoAnswers(1)));
    assert_eq!(weighted(&[], None, 0.95), Err(Problem::NoAnswers(0)));
}

#[test]
fn a_change_is_called_one_only_if_it_is() {
    let score = |p, n| nps(&answers(p, 0, n - p), None, 0.95).unwrap();
    let verdict = |before: &Score, after: &Score| change(before, after, 5.0, 0.95).unwrap().verdict;
    assert_eq!(verdict(&score(500, 1_000), &score(600, 1_000)), Verdict::Up);
    assert_eq!(verdict(&score(600, 1_000), &score(500, 1_000)), Verdict::Down);
    assert_eq!(verdict(&score(30, 60), &score(36, 60)), Verdict::Unclear);
    assert_eq!(verdict(&score(50_000, 100_000), &score(50_100, 100_000)), Verdict::Same);
    let told = change(&score(30, 60), &score(36, 60), 5.0, 0.95).unwrap();
    assert!(told.low < 0.0 && told.high > 0.0 && told.p > 0.05 && told.detectable > 40.0, "{told:?}");
    assert_eq!(change(&score(1, 2), &score(1, 2), 0.0, 0.95), Err(Problem::Shape));
}

proptest! {
    /// INV-SCORES-1 and 2.
    #[test]
    fn groups_in_proportion_change_nothing(p in 0_u64..30, q in 0_u64..30, d in 0_u64..30, times in 1_u64..9) {
        let one = answers(p, q, d);
        prop_assume!(one.n() > 0);
        let many = answers(p * times, q * times, d * times);
        let groups = [Group { size: one.n() as f64, answers: one }, Group { size: many.n() as f64, answers: many }];
        let all = nps(&answers(p * (times + 1), q * (times + 1), d * (times + 1)), None, 0.95).unwrap();
        let score = weighted(&groups, None, 0.95).unwrap();
        for (a, b) in [(score.value, all.value), (score.low, all.low), (score.high, all.high), (score.error, all.error)] {
            prop_assert!((a - b).abs() < 1e-9, "{score:?} {all:?}");
        }
        prop_assert!(-100.0 <= all.low && all.low <= all.value && all.value <= all.high && all.high <= 100.0);
    }
}
