//! The models of purchases and money against published figures, against high precision, and against customers made up by
//! their own rules.

use zhike_ml::value::{Fit, History, Horizon, Model, Money, Problem, Spend, calibration, choose, fit, grouped};

/// The CDNOW sample: histories in weeks, mean values, purchases in the 39 weeks that followed.
fn cdnow() -> (Vec<History>, Vec<Money>, Vec<f64>) {
    let (mut histories, mut money, mut holdout) = (Vec::new(), Vec::new(), Vec::new());
    for line in include_str!("data/cdnow_sample.csv").lines().skip(1) {
        let numbers: Vec<f64> = line.split(',').map(|part| part.parse().unwrap()).collect();
        let frequency = numbers[0] as u32;
        histories.push(History::new(frequency, numbers[1], numbers[2]));
        money.push(Money { frequency, mean: numbers[3], weight: 1.0 });
        holdout.push(numbers[4]);
    }
    (histories, money, holdout)
}

/// Fader, Hardie and Lee 2005, table 2 (BG/NBD, Pareto/NBD), with more digits as `lifetimes` finds them, which has MBG/NBD too.
#[test]
fn cdnow_gives_the_published_figures() {
    let published = [
        (Model::BgNbd, [0.2426, 4.4135, 0.7929, 2.4258], -9_582.43, Some(1_653.4)),
        (Model::MbgNbd, [0.5248, 6.1830, 0.8914, 1.6140], -9_582.13, None),
        (Model::ParetoNbd, [0.5533, 10.578, 0.6062, 11.668], -9_594.97, Some(1_665.5)),
    ];
    let (histories, _, holdout) = cdnow();
    assert_eq!(holdout.iter().sum::<f64>(), 1_882.0);
    let choice = choose(&histories, Some((39.0, &holdout)), 2).unwrap();
    for (candidate, (model, parameters, log_likelihood, total)) in choice.candidates.iter().zip(published) {
        let fitted = candidate.fit.as_ref().unwrap();
        assert_eq!(fitted.model, model);
        assert!((fitted.log_likelihood - log_likelihood).abs() < 6e-3, "{model:?} {}", fitted.log_likelihood);
        for (value, expected) in fitted.parameters.iter().zip(parameters) {
            assert!((value / expected - 1.0).abs() < 5e-4, "{model:?} {:?}", fitted.parameters);
        }
        if let Some(total) = total {
            assert!((candidate.holdout_total.unwrap() / total - 1.0).abs() < 1e-3, "{:?}", candidate.holdout_total);
        }
    }
    // Nothing nearby is more likely: to 1e-3 by far.
    let bg = choice.candidates[0].fit.as_ref().unwrap();
    assert!((bg.log_likelihood + 9_582.425_6).abs() < 1e-3, "{}", bg.log_likelihood);
    let r = bg.parameter(0, 0.95).unwrap();
    assert!(r.low < r.value && r.value < r.high && r.high / r.low < 1.4, "{r:?}");
    let total = bg.estimate(0.95, |fit| histories.iter().map(|each| fit.purchases(each, 39.0).unwrap()).sum()).unwrap();
    assert!(total.low > 1_450.0 && total.high < 1_900.0 && total.high - total.low > 50.0, "{total:?}");
}

#[test]
fn cdnow_money_gives_the_published_figures() {
    let (_, money, _) = cdnow();
    let spend = Spend::fit(&money, 2).unwrap();
    assert!((spend.log_likelihood + 4_055.92).abs() < 5e-3, "{}", spend.log_likelihood);
    for (value, expected) in spend.parameters.iter().zip([6.2488, 3.7446, 15.4477]) {
        assert!((value / expected - 1.0).abs() < 5e-4, "{:?}", spend.parameters);
    }
    assert!((spend.correlation - 0.114).abs() < 1e-3, "{}", spend.correlation);
    let n = money.len() as f64;
    let mean = money.iter().map(|each| spend.expected(each.frequency, each.mean).unwrap()).sum::<f64>() / n;
    assert!((mean - 35.25).abs() < 0.01, "{mean}");
}

#[test]
fn calibration_shows_the_shortfall_of_one_time_buyers() {
    let (histories, _, holdout) = cdnow();
    let fitted = fit(Model::BgNbd, &histories, 1).unwrap();
    let rows = calibration(&fitted, &histories, 39.0, &holdout, 7);
    assert_eq!(rows.len(), 8);
    assert_eq!(rows.iter().map(|row| row.n_customers).sum::<f64>(), 2_357.0);
    assert_eq!(rows[0].n_customers, 1_411.0);
    assert!(rows[0].expected < rows[0].actual);
    let total: f64 = rows.iter().map(|row| row.n_customers * row.actual).sum();
    assert!((total - 1_882.0).abs() < 1e-6);
}

fn made(model: Model, parameters: [f64; 4]) -> Fit {
    Fit { model, parameters, log_likelihood: 0.0, n_customers: 1.0, covariance: None }
}

/// Values of mpmath at 60 digits; chance of being alive is taken out.
#[test]
fn expected_purchases_equal_mpmath() {
    let table = [
        ([0.2426, 4.4135, 0.7929, 2.4258], 0, 38.86, 39.0, 0.19478655038715517),
        ([0.2426, 4.4135, 0.7929, 2.4258], 2, 38.86, 39.0, 1.6871699794859376),
        ([0.2426, 4.4135, 0.7929, 2.4258], 26, 38.86, 520.0, 92.344432580047),
        ([0.2426, 4.4135, 0.7929, 2.4258], 0, 0.0, 520.0, 4.968829022060339),
        ([0.2426, 4.4135, 0.7929, 2.4258], 500, 5200.0, 5200.0, 372.9498730427678),
        ([0.2426, 4.4135, 0.7929, 2.4258], 5000, 10000.0, 10000.0, 3726.0726855373646),
        ([0.2426, 4.4135, 0.7929, 2.4258], 0, 0.0, 10000.0, 15.054972433526151),
        ([0.2426, 4.4135, 1.0, 2.4258], 5, 30.0, 52.0, 5.339030792474999),
        ([1.5, 10.0, 1.0000001, 3.0], 5, 30.0, 52.0, 5.738173526760007),
        ([50.0, 400.0, 0.01, 1000.0], 12, 30.0, 52.0, 7.497392922081529),
        ([2.0, 8.0, 20.0, 60.0], 12, 30.0, 400.0, 4.789470180136166),
        ([0.5, 0.01, 2.0, 3.0], 1, 2.0, 10000.0, 4.9923152418326975),
        ([3.0, 0.1, 4.0, 0.5], 0, 0.0, 5000.0, 1.166666666666573),
        ([0.2426, 4.4135, 1.2426, 2.4258], 0, 0.0, 5200.0, 4.940867145952825),
        ([30.0, 5.0, 0.5, 0.5], 5000, 10000.0, 3.0, 1.508132154067369),
        ([1.0, 1.0, 1.0, 1.0], 0, 0.0, 10000.0, 9.210440366976515),
    ];
    for (parameters, frequency, age, time, expected) in table {
        let fitted = made(Model::BgNbd, parameters);
        let history = History::new(frequency, age, age);
        let value = fitted.purchases(&history, time).unwrap() / fitted.alive(&history).unwrap();
        assert!(
            (value / expected - 1.0_f64).abs() < 1e-8,
            "{parameters:?} {frequency} {age} {time}: {value} {expected}"
        );
    }
}

/// Values of mpmath at 60 digits.
#[test]
fn pareto_alive_equals_mpmath() {
    let table = [
        ([0.5533, 10.578, 0.6062, 11.668], 0, 0.0, 38.86, 0.29510255987623807),
        ([0.5533, 10.578, 0.6062, 11.668], 2, 30.43, 38.86, 0.8691216168638757),
        ([0.5533, 10.578, 0.6062, 11.668], 26, 20.0, 38.86, 0.00010051272436882869),
        ([0.5533, 10.578, 0.6062, 0.01], 1, 0.5, 38.86, 0.009639135338963163),
        ([2.0, 0.05, 0.3, 30.0], 3, 1.0, 1000.0, 1.781137337755497e-13),
        ([0.5533, 10.578, 0.6062, 11.668], 5000, 9990.0, 10000.0, 0.9824755666764569),
    ];
    for (parameters, frequency, recency, age, expected) in table {
        let value = made(Model::ParetoNbd, parameters).alive(&History::new(frequency, recency, age)).unwrap();
        assert!(
            (value / expected - 1.0_f64).abs() < 1e-9,
            "{parameters:?} {frequency} {recency} {age}: {value} {expected}"
        );
    }
}

/// INV-VALUE-2 and 3 over the corners of what is promised.
#[test]
fn answers_are_finite_and_monotone() {
    let parameters =
        [[0.2426, 4.4135, 0.7929, 2.4258], [0.01, 0.01, 0.01, 0.01], [40.0, 900.0, 1.0, 1.0], [5.0, 0.1, 30.0, 2.0]];
    for model in Model::ALL {
        for parameters in parameters {
            let fitted = made(model, parameters);
            for frequency in [0, 1, 7, 300, 5_000] {
                for age in [0.0, 1.0, 39.0, 10_000.0] {
                    let mut before = f64::INFINITY;
                    for share in [1.0, 0.5, 0.01] {
                        let history = History::new(frequency, age * share, age);
                        let alive = fitted.alive(&history).unwrap();
                        let why = || format!("{model:?} {parameters:?} {history:?}");
                        assert!((0.0..=1.0).contains(&alive) && alive <= before + 1e-12, "{} {alive}", why());
                        before = if frequency > 0 { alive } else { before };
                        let mut least = 0.0;
                        for time in [0.0, 0.01, 13.0, 520.0, 10_000.0] {
                            let value = fitted.purchases(&history, time).unwrap();
                            let chance = fitted.chance(&history, time).unwrap();
                            assert!(value.is_finite() && value >= least * (1.0 - 1e-9), "{} {time} {value}", why());
                            assert!(
                                (0.0..=alive + 1e-9).contains(&chance) && chance <= value + 1e-9,
                                "{} {chance}",
                                why()
                            );
                            least = value;
                        }
                        if let Some(next) = fitted.next_purchase(&history) {
                            assert!(alive >= 0.2 && next.early <= next.median, "{}", why());
                            assert!(next.late.is_none_or(|late| late >= next.median), "{}", why());
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn lifetime_value_discounts_what_comes_later() {
    let (histories, ..) = cdnow();
    let fitted = fit(Model::ParetoNbd, &histories, 2).unwrap();
    let customer = History::new(2, 30.43, 38.86);
    let horizon = |n_periods, discount| Horizon { n_periods, period: 52.0 / 12.0, discount };
    let value = |horizon| fitted.lifetime_value(&customer, 10.0, horizon).unwrap();
    let year = fitted.purchases(&customer, 52.0).unwrap();
    assert!((value(horizon(12, 0.0)) - 10.0 * year).abs() < 1e-9);
    assert!(value(horizon(3, 0.01)) < value(horizon(6, 0.01)) && value(horizon(12, 0.01)) < value(horizon(12, 0.0)));
    assert_eq!(fitted.lifetime_value(&customer, 10.0, horizon(12, -1.0)), None);
    // The median is where half of those who are alive have bought.
    let next = fitted.next_purchase(&customer).unwrap();
    let half = fitted.chance(&customer, next.median).unwrap() / fitted.alive(&customer).unwrap();
    assert!((half - 0.5).abs() < 1e-6);
}

#[test]
fn thin_and_broken_data_are_refused() {
    let some = vec![History::new(1, 1.0, 2.0); 9];
    assert_eq!(fit(Model::BgNbd, &some, 1), Err(Problem::TooFewRepeaters));
    for broken in [(1, 3.0, 2.0), (1, f64::NAN, 2.0), (0, 0.0, -1.0), (0, 0.0, f64::INFINITY)] {
        let mut rows = some.clone();
        rows.push(History::new(broken.0, broken.1, broken.2));
        assert_eq!(grouped(&rows), Err(Problem::Invalid(9)));
    }
    // Everybody alike: nothing tells the customers' rates apart.
    for model in Model::ALL {
        let same = fit(model, &vec![History::new(3, 20.0, 30.0); 50], 1);
        assert!(same.as_ref().is_ok_and(|fit| fit.log_likelihood.is_finite()) || same == Err(Problem::NotConverged));
    }
    let refund = Money { frequency: 2, mean: -3.0, weight: 1.0 };
    assert_eq!(Spend::fit(&[refund], 1), Err(Problem::Invalid(0)));
}

#[test]
fn ranges_hold_what_they_say() {
    // Nobody leaves: counts are negative binomial, here geometric with mean 2 (shape 1, odds 2/3).
    let fit = made(Model::BgNbd, [1.0, 10.0, 1e-9, 10.0]);
    let history = History::new(0, 0.0, 0.0);
    assert_eq!(fit.purchases_range(&history, 20.0, 0.8), Some((0.0, 5.0)));
    assert_eq!(fit.purchases_range(&history, 20.0, 0.5), Some((0.0, 3.0)));
    // Who has probably left has none.
    let fit = made(Model::BgNbd, [0.25, 4.4, 0.8, 2.4]);
    let gone = History::new(20, 20.0, 200.0);
    assert!(fit.alive(&gone).unwrap() < 0.01);
    assert_eq!(fit.purchases_range(&gone, 52.0, 0.8), Some((0.0, 0.0)));
    // Many purchases, far ahead: an end all the same.
    let busy = History::new(5_000, 10_000.0, 10_000.0);
    let (low, high) = fit.purchases_range(&busy, 10_000.0, 0.8).unwrap();
    let mean = fit.purchases(&busy, 10_000.0).unwrap();
    assert!(low < mean && mean < high && high < 2.0 * mean, "{low} {mean} {high}");
}
