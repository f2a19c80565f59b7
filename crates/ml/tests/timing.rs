//! Beliefs, policies and their evaluation, on persons made by known rules.

#[path = "made/dice.rs"]
mod dice;

use dice::Dice;
use proptest::prelude::*;
use zhike_ml::timing::{Allowed, HOURS, Logged, Moment, PolicyOptions, Sent, Strengths, Timing, evaluate};

fn any_moment(dice: &mut Dice) -> Moment {
    Moment { hour: (dice.roll() * HOURS as f64) as usize, channel: (dice.roll() * 2.0) as usize }
}

/// Everybody answers in the evening, and by the second channel rather than by the first.
fn truth(moment: Moment) -> f64 {
    let evening = if (18..21).contains(&(moment.hour % 24)) { 0.3 } else { 0.05 };
    evening * if moment.channel == 1 { 1.0 } else { 0.5 }
}

fn history(n: usize, seed: u64) -> Vec<Sent> {
    let mut dice = Dice(seed);
    (0..n)
        .map(|at| {
            let moment = any_moment(&mut dice);
            Sent { person: at as u64 % 500, segment: at as u32 % 3, moment, is_answered: dice.roll() < truth(moment) }
        })
        .collect()
}

#[test]
fn who_is_unknown_is_as_the_segment_and_it_as_all() {
    let at = |hour| Moment { hour, channel: 0 };
    let mut sent = Vec::new();
    for person in 0..40_u64 {
        let segment = u32::from(person >= 20);
        // Segment 0 answers at ten, segment 1 at twenty; person 7 of segment 0 as well.
        for _ in 0..10 {
            sent.push(Sent { person, segment, moment: at(10), is_answered: segment == 0 && person != 7 });
            sent.push(Sent { person, segment, moment: at(20), is_answered: segment == 1 || person == 7 });
        }
    }
    let timing = Timing::fit(&sent, 2, Strengths::default()).unwrap();
    let mean = |person, segment, hour| timing.belief(person, segment, at(hour)).unwrap().mean();
    assert!(mean(999, 0, 10) > 0.7 && mean(999, 0, 20) < 0.3 && mean(999, 1, 20) > 0.7);
    assert!((mean(999, 9, 10) - 0.5).abs() < 0.1);
    assert!(mean(7, 0, 20) > mean(999, 0, 20) + 0.2 && mean(7, 0, 10) < mean(999, 0, 10) - 0.2);
    // A channel never used, an hour that is none.
    assert_eq!(timing.belief(1, 0, Moment { hour: 3, channel: 1 }).unwrap().mean(), 0.5);
    assert_eq!(timing.belief(1, 0, Moment { hour: HOURS, channel: 0 }), None);
    assert_eq!(Timing::fit(&sent, 0, Strengths::default()), None);
    let mut turned = sent.clone();
    turned.reverse();
    assert_eq!(Timing::fit(&turned, 2, Strengths::default()), Some(timing));
}

#[test]
fn good_moments_are_found_and_others_still_tried() {
    let timing = Timing::fit(&history(60_000, 1), 2, Strengths::default()).unwrap();
    let allowed = Allowed::by_day(vec![true, true]);
    let options = PolicyOptions::default();
    let mean: f64 = (0..60)
        .map(|person| {
            let policy = timing.policy(person, person as u32 % 3, &allowed, &options);
            policy.moments.iter().map(|(moment, p)| p * truth(*moment)).sum::<f64>() / 60.0
        })
        .sum();
    let blind: f64 = {
        let moments = timing.policy(0, 0, &allowed, &PolicyOptions { floor: 1.0, ..options }).moments;
        moments.iter().map(|(moment, p)| p * truth(*moment)).sum()
    };
    assert!(mean > 2.0 * blind, "{mean} {blind}");
    assert_eq!(timing.choose(5, 0, &Allowed::by_day(vec![false, false]), &options), None);
    let never = Allowed { quiet_from: 0, quiet_until: 24, channels: vec![true, true] };
    assert!(timing.policy(5, 0, &never, &options).moments.is_empty());
}

/// INV-TIMING-3: from sends drawn by one policy, what another brings; those that were not drawn would mislead.
#[test]
fn another_policy_is_judged_by_drawn_sends() {
    let timing = Timing::fit(&history(20_000, 2), 2, Strengths::default()).unwrap();
    let better = Timing::fit(&history(80_000, 3), 2, Strengths::default()).unwrap();
    let allowed = Allowed::by_day(vec![true, true]);
    let (old, new) = (
        PolicyOptions { floor: 0.5, n_draws: 12, ..PolicyOptions::default() },
        PolicyOptions { seed: 9, ..PolicyOptions::default() },
    );
    let policies: Vec<_> = (0..100).map(|person| better.policy(person, person as u32 % 3, &allowed, &new)).collect();
    let expected: f64 = policies
        .iter()
        .map(|policy| policy.moments.iter().map(|(moment, p)| p * truth(*moment)).sum::<f64>() / 100.0)
        .sum();
    let mut dice = Dice(8);
    let mut sends = Vec::new();
    for round in 0..40 {
        for person in 0..100_u64 {
            let seeded = PolicyOptions { seed: round, ..old };
            let choice = timing.choose(person, person as u32 % 3, &allowed, &seeded).unwrap();
            sends.push(Logged {
                propensity: Some(choice.propensity),
                probability: policies[person as usize].probability(choice.moment),
                outcome: f64::from(u8::from(dice.roll() < truth(choice.moment))),
            });
        }
    }
    let drawn = sends.len();
    sends.extend((0..500).map(|_| Logged { propensity: None, probability: 1.0, outcome: 1.0 }));
    let told = evaluate(&sends, 0.95).unwrap();
    assert_eq!((told.n_drawn, told.n_left_out), (drawn, 500));
    assert!(told.ips.low < expected && expected < told.ips.high, "{expected} {told:?}");
    assert!(told.snips.low < expected && expected < told.snips.high, "{expected} {told:?}");
    assert!(told.n_effective > 20.0 && told.n_effective < drawn as f64);
    sends.reverse();
    assert_eq!(evaluate(&sends, 0.95), Some(told));
    assert_eq!(evaluate(&[Logged { propensity: Some(0.0), probability: 1.0, outcome: 1.0 }; 3], 0.95), None);
    // The policy itself: weights of one.
    let same: Vec<Logged> =
        sends.iter().map(|send| Logged { probability: send.propensity.unwrap_or(1.0), ..*send }).collect();
    let told = evaluate(&same, 0.95).unwrap();
    assert!((told.ips.value - told.logged.value).abs() < 1e-12 && (told.snips.value - told.logged.value).abs() < 1e-12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// INV-TIMING-1 and 2.
    #[test]
    fn probabilities_are_those_of_a_policy(
        seed: u64, person in 0_u64..600, from in 0_usize..24, until in 0_usize..24, floor in 0.0_f64..1.0, first: bool,
    ) {
        let timing = Timing::fit(&history(2_000, 4), 2, Strengths::default()).unwrap();
        let allowed = Allowed { quiet_from: from, quiet_until: until, channels: vec![first, true] };
        let options = PolicyOptions { floor, n_draws: 16, seed };
        let policy = timing.policy(person, 0, &allowed, &options);
        let sum: f64 = policy.moments.iter().map(|(_, p)| p).sum();
        prop_assert!((sum - 1.0).abs() < 1e-9);
        let least = floor / policy.moments.len() as f64;
        prop_assert!(policy.moments.iter().all(|(moment, p)| *p >= least && allowed.is_allowed(*moment)));
        let choice = timing.choose(person, 0, &allowed, &options).unwrap();
        prop_assert!(choice.propensity > 0.0 && choice.propensity == policy.probability(choice.moment));
        prop_assert_eq!(timing.choose(person, 0, &allowed, &options), Some(choice));
        for hour in 0..HOURS {
            let moment = Moment { hour, channel: 0 };
            prop_assert!(allowed.is_allowed(moment) || policy.probability(moment) == 0.0);
        }
    }
}
