//! Forecasts against other implementations, against series made by known rules, and laws of choice and sums.

#[path = "made/dice.rs"]
mod dice;

use dice::Dice;
use proptest::prelude::*;
use zhike_ml::forecast::{
    Effect, Ets, Hierarchy, Method, Options, Part, Problem, Reason, Series, Spec, Stated, StlOptions, forecast,
    reconcile, stl, total,
};

/// A number from -1 to 1, about as bell-shaped as the sum of four.
fn bell(dice: &mut Dice) -> f64 {
    (0..4).map(|_| dice.roll() - 0.5).sum::<f64>() / 2.0
}

fn options(horizon: usize) -> Options {
    Options { horizon, levels: vec![0.8, 0.95], n_threads: 1 }
}

/// Five years of months with a season that grows.
fn made() -> Vec<f64> {
    (0..60_u32)
        .map(|t| {
            let x = f64::from(t);
            let season = 3.0 * (f64::from(t % 12) - 5.5) / 5.5 * (1.0 + x / 60.0);
            10.0 + 0.1 * x + season + f64::from(7 * t * t % 11) / 5.0
        })
        .collect()
}

/// Values of statsmodels 0.14.
#[test]
fn parts_equal_those_of_another_implementation() {
    let values = made();
    let parts = stl(&values, &[12], StlOptions { season_window: 11, n_robust: 0 });
    let trend = [10.94846908816568, 12.894552857284308, 14.197580577397288, 16.95536355693432];
    let season = [-3.4452394006354923, 0.12372143104119064, 0.5238880232770942, 5.853932572258802];
    for ((at, trend), season) in [0, 17, 30, 59].into_iter().zip(trend).zip(season) {
        assert!((parts.trend[at] - trend).abs() < 1e-8, "{at}: {} {trend}", parts.trend[at]);
        assert!((parts.seasons[0][at] - season).abs() < 1e-8, "{at}: {} {season}", parts.seasons[0][at]);
    }
}

/// Log-likelihoods that statsforecast 2.1 finds by its own search, with the constants that it leaves out.
#[test]
fn fits_are_as_likely_as_those_of_another_implementation() {
    use Part::{Additive as A, Multiplicative as M, None as N};
    let table = [
        (A, false, N, -181.08790327554027),
        (A, true, N, -180.64658723922582),
        (A, false, A, -119.08640860469785),
        (A, true, A, -110.110531026694),
        (M, true, A, -109.5651393836286),
        (M, true, M, -98.74035196242502),
        (M, false, M, -112.71169735616971),
        (M, false, A, -124.89415510739663),
    ];
    let values = made();
    let n = values.len() as f64;
    for (error, has_trend, season, theirs) in table {
        let spec = Spec { error, has_trend, is_damped: false, season };
        let ours = Ets::fit(spec, &Series { values: &values, periods: &[12] }).unwrap().log_likelihood;
        let theirs = theirs + n / 2.0 * (n.ln() - (2.0 * std::f64::consts::PI).ln() - 1.0);
        assert!(ours > theirs - 0.05, "{spec:?}: {ours} {theirs}");
    }
}

#[test]
fn rules_without_noise_are_found() {
    let periods = [7];
    let season = [0.0, 1.0, -2.0, 4.0, 0.5, -3.0, -0.5];
    let at = |t: usize| 50.0 + 0.5 * t as f64 + season[t % 7];
    let values: Vec<f64> = (0..84).map(at).collect();
    let series = Series { values: &values, periods: &periods };
    for method in [Method::Ets, Method::StlEts] {
        for (ahead, value) in method.ahead(&series, 14).unwrap().into_iter().enumerate() {
            assert!((value - at(84 + ahead)).abs() < 0.3, "{method:?} {ahead}: {value} {}", at(84 + ahead));
        }
    }
    let chosen = forecast(&series, &[], &options(14)).unwrap();
    assert_ne!(chosen.method, Method::SeasonalNaive);
    assert!(chosen.grades.iter().find(|grade| grade.method == chosen.method).unwrap().owa < 0.2);
}

/// A festival that moves: three days at twice the level, once a year, and a sale each month.
#[test]
fn marked_days_are_learnt_and_put_back() {
    let mut dice = Dice(5);
    let n = 500;
    let is_feast = |t: usize| [100..103, 480..483, 505..508].iter().any(|days| days.contains(&t));
    let is_sale = |t: usize| t % 30 == 11;
    let truth = |t: usize| {
        let week = [1.0, 0.9, 0.9, 1.0, 1.2, 1.5, 1.4][t % 7];
        200.0 * week * if is_feast(t) { 2.0 } else { 1.0 } * if is_sale(t) { 1.3 } else { 1.0 }
    };
    let mut values: Vec<f64> = (0..n).map(|t| truth(t) * (0.1 * bell(&mut dice)).exp()).collect();
    // A wild day among the marked ones.
    values[41] *= 8.0;
    let mark = |is_marked: &dyn Fn(usize) -> bool| {
        (0..n + 14).map(|t| f64::from(u8::from(is_marked(t)))).collect::<Vec<f64>>()
    };
    let never = vec![0.0; n + 14];
    let columns = vec![mark(&is_feast), mark(&is_sale), never];
    let series = Series { values: &values, periods: &[7] };
    let told = forecast(&series, &columns, &options(14)).unwrap();
    let [feast, sale, unknown] = told.effects.as_slice() else { panic!("three effects") };
    assert!(feast.is_factor && feast.n_days == 6 && (feast.size - 2.0).abs() < 0.1, "{feast:?}");
    assert!((sale.size - 1.3).abs() < 0.05 && sale.low < 1.3 && 1.3 < sale.high, "{sale:?}");
    assert_eq!((unknown.n_days, unknown.size), (0, 1.0));
    let untold = forecast(&series, &[], &options(14)).unwrap();
    let error = |mean: &[f64]| (0..14).map(|ahead| (mean[ahead] / truth(n + ahead)).ln().abs()).sum::<f64>() / 14.0;
    assert!(error(&told.mean) < 0.05 && error(&told.mean) < error(&untold.mean) / 2.0);
}

#[test]
fn an_effect_that_is_none_is_shrunk_away() {
    let mut dice = Dice(11);
    let values: Vec<f64> = (0..200).map(|_| 100.0 * (0.2 * bell(&mut dice)).exp()).collect();
    let column = (0..207).map(|t| f64::from(u8::from(t % 50 == 20))).collect();
    let told = forecast(&Series { values: &values, periods: &[7] }, &[column], &options(7)).unwrap();
    let Effect { size, low, high, n_days, .. } = told.effects[0];
    assert!(n_days == 4 && (size - 1.0).abs() < 0.12 && low < 1.0 && 1.0 < high, "{:?}", told.effects);
}

#[test]
fn rare_demand_is_neither_nought_nor_its_peaks() {
    let values: Vec<f64> = (0..120).map(|t| if t % 5 == 3 { 10.0 } else { 0.0 }).collect();
    let series = Series { values: &values, periods: &[] };
    for method in [Method::CrostonSba, Method::Tsb] {
        let value = method.ahead(&series, 1).unwrap()[0];
        assert!((1.4..=2.2).contains(&value), "{method:?} {value}");
    }
    // Only the second forgets what is sold no more.
    let mut ended = values;
    ended.extend([0.0; 60]);
    let series = Series { values: &ended, periods: &[] };
    let [kept, forgotten] = [Method::CrostonSba, Method::Tsb].map(|method| method.ahead(&series, 1).unwrap()[0]);
    assert!(kept > 1.0 && forgotten < 0.7, "{kept} {forgotten}");
}

#[test]
fn thin_or_broken_series_are_refused() {
    let refused = |values: &[f64]| forecast(&Series { values, periods: &[7] }, &[], &options(7)).unwrap_err();
    assert_eq!(refused(&[1.0; 18]), Problem::TooShort { n: 18, needed: 19 });
    assert_eq!(refused(&[1.0, f64::NAN, 2.0]), Problem::Invalid(1));
    let values = [1.0; 30];
    let series = Series { values: &values, periods: &[] };
    assert_eq!(forecast(&series, &[vec![0.0; 30]], &options(7)).unwrap_err(), Problem::Shape);
    assert_eq!(forecast(&series, &[], &options(0)).unwrap_err(), Problem::Shape);
    let constant = forecast(&series, &[], &options(7)).unwrap();
    assert_eq!((constant.reason, constant.mean), (Reason::Constant, vec![1.0; 7]));
    // A season that was not seen twice is left out, which is said.
    let steps: Vec<f64> = (0..30).map(f64::from).collect();
    let answer = forecast(&Series { values: &steps, periods: &[7, 12] }, &[], &options(7)).unwrap();
    assert_eq!(answer.periods, [7]);
}

/// Series by their own rules: how often the truth lies within.
#[test]
fn intervals_hold_about_what_they_say() {
    let (mut n_within, mut n) = ([0.0; 2], 0.0);
    for seed in 0..60 {
        let mut dice = Dice(seed);
        let mut level = 100.0;
        let values: Vec<f64> = (0..140)
            .map(|t| {
                level += 1.5 * bell(&mut dice);
                level + [0.0, 3.0, 8.0, -4.0, 2.0, -6.0, -3.0][t % 7] + 5.0 * bell(&mut dice)
            })
            .collect();
        let answer = forecast(&Series { values: &values[..126], periods: &[7] }, &[], &options(14)).unwrap();
        for (count, band) in n_within.iter_mut().zip(&answer.bands) {
            *count += (0..14).filter(|at| (band.low[*at]..=band.high[*at]).contains(&values[126 + at])).count() as f64;
        }
        n += 14.0;
    }
    let shares = n_within.map(|count| count / n);
    assert!((0.75..=0.93).contains(&shares[0]) && (0.92..=0.995).contains(&shares[1]), "{shares:?}");
}

#[test]
fn sums_are_within_their_range_as_often_as_said() {
    let (mut within, mut chances, mut reached) = (0, 0.0, 0);
    for seed in 0..200 {
        let mut dice = Dice(seed);
        // Weeks like one another, and noise that lasts for some days.
        let mut lasting = 0.0;
        let values: Vec<f64> = (0..147_u32)
            .map(|day| {
                lasting = 0.5 * lasting + 8.0 * bell(&mut dice);
                100.0 + 10.0 * f64::from(day % 7) + lasting
            })
            .collect();
        let (known, next) = values.split_at(133);
        let series = Series { values: known, periods: &[7] };
        let ahead = Method::StlEts.ahead(&series, 14).unwrap();
        let total = total(&series, Method::StlEts, &ahead).unwrap();
        let sum: f64 = next.iter().sum();
        let (low, high) = total.range(0.8);
        assert!(low < total.mean && total.mean < high && total.n_origins >= 4);
        within += i32::from(low <= sum && sum <= high);
        let goal = 1.005 * total.mean;
        chances += total.chance_of(goal);
        reached += i32::from(sum >= goal);
        assert!((total.chance_of(low) - 0.9).abs() < 1e-6 && (total.chance_of(high) - 0.1).abs() < 1e-6);
    }
    assert!((140..=185).contains(&within), "{within} of 200");
    assert!((chances - f64::from(reached)).abs() < 20.0, "{chances} said, {reached} came");
    let short = [1.0; 12];
    assert_eq!(total(&Series { values: &short, periods: &[] }, Method::Theta, &[1.0; 4]), None);
}

#[test]
fn threads_change_nothing() {
    let values = made();
    let series = Series { values: &values, periods: &[12] };
    let one = forecast(&series, &[], &options(6)).unwrap();
    assert_eq!(forecast(&series, &[], &Options { n_threads: 3, ..options(6) }).unwrap(), one);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// INV-FORECAST-1; and whatever comes, numbers go out.
    #[test]
    fn nothing_graded_worse_than_naive_is_taken(values in prop::collection::vec(-5_i8..30, 24..60), is_scaled: bool) {
        let scale = if is_scaled { 1e6 } else { 1.0 };
        let values: Vec<f64> = values.iter().map(|value| scale * f64::from(*value)).collect();
        let answer = forecast(&Series { values: &values, periods: &[4] }, &[], &options(5)).unwrap();
        let grade = answer.grades.iter().find(|grade| grade.method == answer.method).unwrap();
        prop_assert!(grade.owa <= 1.0 && answer.grades[0].method == Method::SeasonalNaive);
        prop_assert!(answer.mean.iter().all(|value| value.is_finite()));
        for band in &answer.bands {
            let is_around = |at: usize| band.low[at] <= answer.mean[at] && answer.mean[at] <= band.high[at];
            prop_assert!((0..5).all(is_around));
        }
    }

    /// INV-FORECAST-3.
    #[test]
    fn sums_agree(parts in prop::collection::vec((-50_i8..100, 1_u8..20), 4), sums in prop::collection::vec((-50_i8..100, 1_u8..20), 3)) {
        let hierarchy = Hierarchy { n_parts: 4, sums: vec![vec![0, 1], vec![2, 3], vec![0, 1, 2, 3]] };
        let stated = |(value, variance): &(i8, u8)| Stated { value: f64::from(*value), variance: f64::from(*variance) };
        let [parts, sums] = [parts, sums].map(|all| all.iter().map(stated).collect::<Vec<Stated>>());
        let agreed = reconcile(&hierarchy, &parts, &sums).unwrap();
        for (own, sum) in hierarchy.sums.iter().zip(&agreed.sums) {
            prop_assert!((own.iter().map(|at| agreed.parts[*at]).sum::<f64>() - sum).abs() < 1e-9);
        }
        // Once more: nothing moves.
        let again = |values: &[f64], old: &[Stated]| {
            values.iter().zip(old).map(|(value, old)| Stated { value: *value, ..*old }).collect::<Vec<Stated>>()
        };
        let twice = reconcile(&hierarchy, &again(&agreed.parts, &parts), &again(&agreed.sums, &sums)).unwrap();
        prop_assert!(twice.parts.iter().zip(&agreed.parts).all(|(a, b)| (a - b).abs() < 1e-9));
        // No other forecasts that add up are nearer, in units of the variances.
        let distance = |of: &[f64]| {
            let total: Vec<f64> = hierarchy.sums.iter().map(|own| own.iter().map(|at| of[*at]).sum()).collect();
            let part = |values: &[f64], old: &[Stated]| values.iter().zip(old).map(|(value, old)| (value - old.value).powi(2) / old.variance).sum::<f64>();
            part(of, &parts) + part(&total, &sums)
        };
        for at in 0..4 {
            for step in [-0.1, 0.1] {
                let mut moved = agreed.parts.clone();
                moved[at] += step;
                prop_assert!(distance(&moved) >= distance(&agreed.parts) - 1e-9);
            }
        }
    }
}
