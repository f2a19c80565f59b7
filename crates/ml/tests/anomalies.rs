//! Judgements of days with anomalies put in, tails against tables, run lengths, and sums of contributions.

#[path = "made/dice.rs"]
mod dice;

use dice::Dice;
use proptest::prelude::*;
use zhike_ml::anomalies::{
    Options, Verdict, because, because_of_ratio, bonferroni, count_limits, count_tails, cusum, ewma, judge,
    share_limits, share_tails, surprise,
};

const WEEK: [f64; 7] = [1.0, 0.95, 0.9, 1.0, 1.2, 1.6, 1.5];

/// Days of a figure with weekdays, growth and noise of 5 %.
fn figure(seed: u64, n: usize) -> Vec<f64> {
    let mut dice = Dice(seed);
    (0..n).map(|day| 1_000.0 * 1.001_f64.powi(day as i32) * WEEK[day % 7] * (0.05 * dice.bell()).exp()).collect()
}

#[test]
fn spikes_are_found_and_little_else() {
    let options = Options { is_relative: true, ..Options::default() };
    let (mut found, mut put_in, mut right, mut false_alarms, mut clean_days) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for seed in 0..30 {
        let clean = figure(seed, 365);
        let judged = |values: &[f64]| judge(values, &[], &options);
        let is_alarm = |verdict: Verdict| matches!(verdict, Verdict::High | Verdict::Low);
        false_alarms += judged(&clean).iter().filter(|day| is_alarm(day.verdict)).count() as f64;
        clean_days += 365.0 - 70.0;
        let mut spiked = clean;
        let days: Vec<usize> = (0..6).map(|at| 90 + at * 43 + (seed as usize * 7 + at * 5) % 30).collect();
        for (at, day) in days.iter().enumerate() {
            spiked[*day] *= if at % 2 == 0 { 1.4 } else { 0.65 };
        }
        for (day, judgement) in judged(&spiked).iter().enumerate().filter(|(_, day)| is_alarm(day.verdict)) {
            found += 1.0;
            let is_high = days.iter().position(|spike| *spike == day).map(|at| at % 2 == 0);
            right += f64::from(u8::from(is_high == Some(judgement.verdict == Verdict::High)));
        }
        put_in += 6.0;
    }
    assert!(right / found >= 0.9 && right / put_in >= 0.9, "{right} of {found} found, {put_in} put in");
    assert!(false_alarms / clean_days * 30.0 < 1.0, "{false_alarms} in {clean_days} days");
}

#[test]
fn feasts_are_compared_with_feasts() {
    let mut values = figure(3, 400);
    let mut kinds = vec![0; 400];
    for day in [150, 151, 152, 350, 351, 352] {
        kinds[day] = 1;
        values[day] *= 2.0;
    }
    kinds[300] = 2;
    let options = Options { is_relative: true, ..Options::default() };
    let told = judge(&values, &kinds, &options);
    assert_eq!(told[150].verdict, Verdict::Unknown);
    assert_eq!(told[300].verdict, Verdict::Unknown);
    assert_eq!(told[351].verdict, Verdict::Ordinary);
    assert!((told[351].expected / values[351]).ln().abs() < 0.2);
    assert_eq!(judge(&values, &[], &options)[351].verdict, Verdict::High);
    // A feast without its doubling is the anomaly.
    values[351] /= 2.0;
    assert_eq!(judge(&values, &kinds, &options)[351].verdict, Verdict::Low);
    // INV-ANOMALIES-1: what comes later changes nothing.
    assert_eq!(
        format!("{:?}", judge(&values[..360], &kinds[..360], &options)),
        format!("{:?}", &judge(&values, &kinds, &options)[..360])
    );
}

#[test]
fn a_new_level_is_alarmed_once_and_learnt() {
    let mut values = figure(9, 200);
    values[120..].iter_mut().for_each(|value| *value *= 1.5);
    let judged = judge(&values, &[], &Options { is_relative: true, ..Options::default() });
    assert_eq!(judged[120].verdict, Verdict::High);
    assert!(judged[130..].iter().filter(|day| day.verdict != Verdict::Ordinary).count() <= 2);
    // Figures that never move: the first that does is one.
    let mut still = vec![5.0; 100];
    still[90] = 6.0;
    let judged = judge(&still, &[], &Options::default());
    assert!(
        judged[90].verdict == Verdict::High
            && judged[89].verdict == Verdict::Ordinary
            && judged[3].verdict == Verdict::Unknown
    );
}

/// Values of SciPy.
#[test]
fn tails_equal_tables() {
    let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
    assert!(close(count_tails(15, 8.0).unwrap().high, 0.017256990397966385));
    assert!(close(count_tails(2, 8.0).unwrap().low, 0.013753967744002971));
    assert!(close(share_tails(30, 200, 0.1).unwrap().high, 0.016326565931766502));
    assert!(close(share_tails(10, 200, 0.1).unwrap().low, 0.008071249955102729));
    assert_eq!(count_limits(8.0, 0.000_5), Some((1, 19)));
    assert_eq!((count_tails(0, 0.0), share_tails(3, 2, 0.5), share_limits(10, 1.0, 0.01)), (None, None, None));
    assert_eq!(bonferroni(&[0.01, 0.4, f64::NAN]), [0.03, 1.0, 1.0]);
}

#[test]
fn drift_is_found_soon_and_seldom_for_nothing() {
    let mut dice = Dice(1);
    let noise: Vec<f64> = (0..200_000).map(|_| dice.bell()).collect();
    // One false alarm in 465 values and in 500, by Montgomery and by Lucas and Saccucci 1990.
    let run = |n: usize| noise.len() as f64 / n as f64;
    let (sums, means) = (run(cusum(&noise, 0.5, 5.0).len()), run(ewma(&noise, 0.2, 2.962).len()));
    assert!((400.0..=540.0).contains(&sums), "{sums}");
    assert!((400.0..=620.0).contains(&means), "{means}");
    let mut shifted: Vec<f64> = (0..60).map(|at| if at % 2 == 0 { 0.3 } else { -0.3 }).collect();
    shifted.iter_mut().skip(30).for_each(|z| *z -= 1.0);
    let drift = cusum(&shifted, 0.5, 5.0)[0];
    assert!(!drift.is_up && (36..=46).contains(&drift.at) && (28..=31).contains(&drift.since), "{drift:?}");
    let drift = ewma(&shifted, 0.2, 2.962)[0];
    assert!(!drift.is_up && (36..=50).contains(&drift.at), "{drift:?}");
}

#[test]
fn a_ratio_falls_by_mix_alone() {
    // Two channels convert as ever, but the poorer one grew.
    let parts = [[(10.0, 100.0), (10.0, 100.0)], [(1.0, 100.0), (4.0, 400.0)]];
    let told = because_of_ratio(&parts).unwrap();
    assert!(told.iter().all(|part| part.rate == 0.0));
    let sum: f64 = told.iter().map(|part| part.mix).sum();
    assert!((sum - (14.0 / 500.0 - 11.0 / 200.0)).abs() < 1e-12);
    assert_eq!(because_of_ratio(&[[(1.0, 0.0), (1.0, 5.0)]]), None);
    let told = because(&[(10.0, 12.0), (50.0, 20.0), (5.0, 5.0)]);
    assert!(told[0].part == 1 && told[0].contribution == -30.0 && (told[0].share - 30.0 / 28.0).abs() < 1e-12);
    // A dimension whose parts all fell alike tells nothing.
    assert!(surprise(&[(10.0, 5.0), (20.0, 10.0)]) < 1e-12 && surprise(&[(10.0, 0.0), (20.0, 15.0)]) > 0.1);
}

proptest! {
    /// INV-ANOMALIES-2.
    #[test]
    fn contributions_add_up(parts in prop::collection::vec([(0_u8..50, 0_u8..60), (0_u8..50, 0_u8..60)], 1..12)) {
        let numbers: Vec<[(f64, f64); 2]> =
            parts.iter().map(|sides| sides.map(|(above, below)| (f64::from(above), f64::from(below)))).collect();
        let total = |at: usize| numbers.iter().fold((0.0, 0.0), |sum, part| (sum.0 + part[at].0, sum.1 + part[at].1));
        let (before, after) = (total(0), total(1));
        if let Some(told) = because_of_ratio(&numbers) {
            let sum: f64 = told.iter().map(|part| part.mix + part.rate).sum();
            prop_assert!((sum - (after.0 / after.1 - before.0 / before.1)).abs() < 1e-9);
        } else {
            prop_assert!(before.1 == 0.0 || after.1 == 0.0);
        }
        let sums: Vec<(f64, f64)> = numbers.iter().map(|[before, after]| (before.0, after.0)).collect();
        let sum: f64 = because(&sums).iter().map(|part| part.contribution).sum();
        prop_assert!((sum - (after.0 - before.0)).abs() < 1e-9);
    }

    #[test]
    fn limits_are_where_tails_pass(expected in 0.1_f64..300.0, of in 1_u64..400, chance in 0.01_f64..0.99) {
        let alpha = 0.01;
        let (low, high) = count_limits(expected, alpha).unwrap();
        prop_assert!(low == 0 || count_tails(low - 1, expected).unwrap().low < alpha);
        prop_assert!(count_tails(low, expected).unwrap().low >= alpha);
        prop_assert!(count_tails(high + 1, expected).unwrap().high < alpha && count_tails(high, expected).unwrap().high >= alpha);
        let (low, high) = share_limits(of, chance, alpha).unwrap();
        prop_assert!(share_tails(low, of, chance).unwrap().low >= alpha && share_tails(high, of, chance).unwrap().high >= alpha);
        prop_assert!(high == of || share_tails(high + 1, of, chance).unwrap().high < alpha);
    }
}
