//! Credits against closed forms, against all orders of channels, and laws of their sums.

use proptest::prelude::*;
use zhike_ml::attribution::{
    Conversion, Credits, HALF_LIFE_DAYS, Path, Problem, Rule, Sampling, Touch, Worth, by_rule, markov, shapley,
};

const SAMPLING: Sampling = Sampling { n_orders: 2_000, seed: 7, n_threads: 1 };

/// A path of one channel a day, `ABC`; worth 10 if it converted on the day after.
fn path(channels: &str, is_converted: bool, weight: f64) -> Path {
    let touches: Vec<Touch> = (0_u32..)
        .zip(channels.bytes())
        .map(|(at, name)| Touch { channel: usize::from(name - b'A'), at: at.into() })
        .collect();
    let at = touches.len() as f64;
    Path { touches, conversion: is_converted.then_some(Conversion { at, value: 10.0 }), weight }
}

fn conversions(credits: &Credits) -> Vec<f64> {
    credits.channels.iter().map(|credit| credit.conversions).collect()
}

fn near(values: &[f64], expected: &[f64]) {
    let is_near = values.len() == expected.len() && values.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9);
    assert!(is_near, "{values:?} {expected:?}");
}

#[test]
fn rules_divide_as_they_say() {
    let paths = [path("ABCA", true, 2.0), path("B", false, 5.0), path("", true, 1.0)];
    let credits = |rule: Rule| by_rule(&paths, 3, &rule).unwrap();
    near(&conversions(&credits(Rule::First)), &[2.0, 0.0, 0.0]);
    near(&conversions(&credits(Rule::Last)), &[2.0, 0.0, 0.0]);
    near(&conversions(&credits(Rule::LastBut(vec![0]))), &[0.0, 0.0, 2.0]);
    near(&conversions(&credits(Rule::LastBut(vec![0, 1, 2]))), &[2.0, 0.0, 0.0]);
    near(&conversions(&credits(Rule::Linear)), &[1.0, 0.5, 0.5]);
    near(&conversions(&credits(Rule::UShape)), &[1.6, 0.2, 0.2]);
    let decayed = credits(Rule::TimeDecay { half_life: HALF_LIFE_DAYS });
    let weights: Vec<f64> = (0..4).map(|day| f64::exp2(f64::from(day - 3) / 7.0)).collect();
    let unit = 2.0 / weights.iter().sum::<f64>();
    near(&conversions(&decayed), &[unit * (weights[0] + weights[3]), unit * weights[1], unit * weights[2]]);
    assert_eq!(decayed.nobody.conversions, 1.0);
    assert!((decayed.channels[1].value - 10.0 * decayed.channels[1].conversions).abs() < 1e-9);
    // A touch of two weeks before counts a quarter of one of today.
    let mut old = path("AB", true, 1.0);
    (old.touches[1].at, old.conversion) = (14.0, Some(Conversion { at: 14.0, value: 0.0 }));
    near(&conversions(&by_rule(&[old], 2, &Rule::TimeDecay { half_life: 7.0 }).unwrap()), &[0.2, 0.8]);
}

#[test]
fn touches_of_one_time_share_their_place() {
    let mut both = path("AB", true, 1.0);
    both.touches[1].at = 0.0;
    let mut turned = both.clone();
    turned.touches.reverse();
    for rule in [Rule::First, Rule::Last, Rule::UShape, Rule::LastBut(Vec::new())] {
        near(&conversions(&by_rule(std::slice::from_ref(&both), 2, &rule).unwrap()), &[0.5, 0.5]);
        near(&conversions(&by_rule(std::slice::from_ref(&turned), 2, &rule).unwrap()), &[0.5, 0.5]);
    }
}

/// Solved by hand: A leads to B by 0.4, B to C by 0.2, back to A by 0.4 and to a conversion by 0.4, C to one by 0.25.
#[test]
fn a_chain_of_three_channels_equals_its_closed_form() {
    let paths = [
        path("AB", true, 10.0),
        path("A", false, 20.0),
        path("BC", true, 5.0),
        path("C", false, 15.0),
        path("ABA", false, 10.0),
    ];
    let lost = [0.25 - 6.0 / 60.0, 0.25 - 3.75 / 60.0, 0.25 - 10.0 / 60.0];
    let sum: f64 = lost.iter().sum();
    let credits = markov(&paths, 4, 1, 1).unwrap();
    near(&conversions(&credits), &[15.0 * lost[0] / sum, 15.0 * lost[1] / sum, 15.0 * lost[2] / sum, 0.0]);
    assert!((credits.channels.iter().map(|credit| credit.value).sum::<f64>() - 150.0).abs() < 1e-9);
}

#[test]
fn a_higher_order_knows_where_people_came_from() {
    let paths = [path("AB", true, 10.0), path("BA", false, 10.0)];
    near(&conversions(&markov(&paths, 2, 1, 1).unwrap()), &[10.0 / 3.0, 20.0 / 3.0]);
    // All who convert came by A and then B: neither can be missed.
    near(&conversions(&markov(&paths, 2, 2, 1).unwrap()), &[5.0, 5.0]);
    near(&conversions(&markov(&paths, 2, 3, 1).unwrap()), &[5.0, 5.0]);
    assert_eq!(markov(&paths, 2, 4, 1).unwrap_err(), Problem::Shape);
    assert_eq!(markov(&paths[1..], 2, 1, 1).unwrap_err(), Problem::NoConversions);
    assert_eq!(markov(&paths, 1, 1, 1).unwrap_err(), Problem::Invalid(0));
}

/// Shares by their definition: over all orders of channels.
fn by_definition(paths: &[Path], n: usize, worth: Worth) -> Vec<f64> {
    let value = |set: &[usize]| {
        let inside = paths.iter().filter(|path| path.touches.iter().all(|touch| set.contains(&touch.channel)));
        let (people, converted) = inside.fold((0.0, 0.0), |sum, path| {
            (sum.0 + path.weight, sum.1 + if path.conversion.is_some() { path.weight } else { 0.0 })
        });
        match worth {
            Worth::Conversions => converted,
            Worth::Rate => {
                if people > 0.0 {
                    converted / people
                } else {
                    0.0
                }
            }
        }
    };
    let mut orders = vec![Vec::new()];
    for channel in 0..n {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<usize>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, channel);
                    longer
                })
            })
            .collect();
    }
    let mut shares = vec![0.0; n];
    for order in &orders {
        for at in 0..n {
            shares[order[at]] += (value(&order[..=at]) - value(&order[..at])) / orders.len() as f64;
        }
    }
    shares
}

#[test]
fn without_rates_each_path_is_divided_among_its_channels() {
    let paths = [path("ABA", true, 6.0), path("C", true, 1.0), path("ABC", true, 3.0), path("AC", false, 9.0)];
    let credits = shapley(&paths, 4, Worth::Conversions, SAMPLING).unwrap();
    near(&conversions(&credits), &[4.0, 4.0, 2.0, 0.0]);
}

#[test]
fn sampled_shares_are_near_exact_ones() {
    // Fourteen channels, each path of two: exact by equal division.
    let paths: Vec<Path> = (0..14_u8)
        .flat_map(|a| (0..a).map(move |b| (a, b)))
        .map(|(a, b)| {
            let name = [b'A' + a, b'A' + b].map(char::from).iter().collect::<String>();
            path(&name, true, f64::from(1 + (a * 7 + b * 3) % 5))
        })
        .collect();
    let mut expected = vec![0.0; 14];
    for path in &paths {
        path.touches.iter().for_each(|touch| expected[touch.channel] += path.weight / 2.0);
    }
    let credits = shapley(&paths, 14, Worth::Conversions, SAMPLING).unwrap();
    let total: f64 = expected.iter().sum();
    for (value, expected) in conversions(&credits).iter().zip(&expected) {
        assert!((value / expected - 1.0).abs() < 0.03, "{value} {expected}");
    }
    assert!((conversions(&credits).iter().sum::<f64>() - total).abs() < 1e-9 * total);
    let threads = shapley(&paths, 14, Worth::Conversions, Sampling { n_threads: 3, ..SAMPLING }).unwrap();
    assert_eq!(threads, credits);
}

fn any_paths() -> impl Strategy<Value = Vec<Path>> {
    let one = ("[A-D]{0,5}", any::<bool>(), 1_u8..9)
        .prop_map(|(channels, is_converted, weight)| path(&channels, is_converted, f64::from(weight)));
    prop::collection::vec(one, 1..12)
}

proptest! {
    /// INV-ATTRIBUTION-1 and 2.
    #[test]
    fn credits_add_up_in_any_order(paths in any_paths(), seed: u64) {
        let total: f64 = paths.iter().filter(|path| path.conversion.is_some()).map(|path| path.weight).sum();
        let mut turned = paths.clone();
        turned.rotate_left(seed as usize % paths.len());
        turned.reverse();
        let all = |paths: &[Path]| {
            let rules = [
                Rule::First, Rule::Last, Rule::LastBut(vec![1]), Rule::Linear, Rule::UShape, Rule::TimeDecay { half_life: 7.0 },
            ];
            let mut all: Vec<_> = rules.iter().map(|rule| by_rule(paths, 4, rule)).collect();
            all.extend((1..=3).map(|order| markov(paths, 4, order, 2)));
            all.extend([Worth::Conversions, Worth::Rate].map(|worth| shapley(paths, 4, worth, SAMPLING)));
            all
        };
        let (credits, again) = (all(&paths), all(&turned));
        prop_assert_eq!(&credits, &again);
        for credits in credits {
            let Ok(credits) = credits else {
                prop_assert!(total == 0.0);
                continue;
            };
            let sum = credits.channels.iter().map(|credit| credit.conversions).sum::<f64>() + credits.nobody.conversions;
            let value = credits.channels.iter().map(|credit| credit.value).sum::<f64>() + credits.nobody.value;
            prop_assert!((sum - total).abs() < 1e-9 * (1.0 + total) && (value - 10.0 * total).abs() < 1e-8 * (1.0 + total));
        }
    }

    /// Shapley's value as defined, and with it efficiency; a channel that nobody met gets nothing; channels that change places
    /// change credits.
    #[test]
    fn shares_are_fair(paths in any_paths()) {
        for worth in [Worth::Conversions, Worth::Rate] {
            let Ok(credits) = shapley(&paths, 5, worth, SAMPLING) else { continue };
            let shares = by_definition(&paths, 4, worth);
            let sum: f64 = shares.iter().sum();
            let touched: f64 = paths.iter().filter(|path| path.conversion.is_some() && !path.touches.is_empty()).map(|path| path.weight).sum();
            if sum > 1e-9 {
                for (value, share) in conversions(&credits).iter().zip(&shares) {
                    prop_assert!((value - touched * share / sum).abs() < 1e-7 * (1.0 + touched / sum), "{credits:?} {shares:?}");
                }
            }
            prop_assert_eq!(credits.channels[4].conversions, 0.0);
            let mut swapped = paths.clone();
            for touch in swapped.iter_mut().flat_map(|path| &mut path.touches) {
                touch.channel = match touch.channel { 0 => 1, 1 => 0, other => other };
            }
            let swapped = shapley(&swapped, 5, worth, SAMPLING).unwrap();
            let [a, b] = [conversions(&credits), conversions(&swapped)];
            prop_assert!((a[0] - b[1]).abs() < 1e-6 && (a[1] - b[0]).abs() < 1e-6 && (a[2] - b[2]).abs() < 1e-6);
        }
    }
}
