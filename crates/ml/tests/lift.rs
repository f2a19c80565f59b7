//! Comparisons against other implementations and a published campaign, false alarms counted, people and curves made by known
//! rules.
#![allow(clippy::print_stderr, reason = "what is skipped, and what was measured, is said")]

#[path = "made/dice.rs"]
mod dice;

use dice::Dice;
use std::collections::BTreeMap;
use std::io::Read;
use zhike_ml::chance::Features;
use zhike_ml::lift::{
    Bounds, Curve, Design, Problem, Rate, ResponseOptions, Sequential, UpliftOptions, Week, adjust, compare_means,
    compare_rates, detectable_rate, people_for_means, people_for_rates, propose, response, sample_ratio, uplift,
};

fn close(a: f64, b: f64, to: f64) {
    assert!((a - b).abs() <= to, "{a} {b}");
}

/// Counts of the half of Hillstrom's campaign (visits and purchases after a mail); z of statsmodels 0.14, intervals by its
/// "newcomb" and "log".
#[test]
fn rates_of_a_known_campaign() {
    let table = [
        // Women's, men's mail: visits, then purchases.
        (
            [1_620, 10_711, 1_089],
            10.343491268435782,
            [0.0384805411260143, 0.05638630023962776],
            [0.35579421560444713, 0.4569095955266502, 0.5655661789288027],
        ),
        (
            [91, 10_711, 54],
            2.957451666295151,
            [0.0011329331245610325, 0.005614837047372255],
            [0.17989682945944208, 0.6504147691711877, 1.308565327314506],
        ),
        (
            [1_983, 10_602, 1_089],
            17.132348531694007,
            [0.07378187071632906, 0.09267105546464231],
            [0.6818778280978033, 0.8017001833948894, 0.9300590664879207],
        ),
        (
            [135, 10_602, 54],
            5.845211331067014,
            [0.005075583433817302, 0.010195553101158873],
            [0.8062316102998826, 1.4735898887002454, 2.3875206826129207],
        ),
    ];
    for ([done, n, control], z, [low, high], [lift_low, lift, lift_high]) in table {
        let found = compare_rates(Rate { n_done: control, n: 10_490 }, Rate { n_done: done, n }, 0.95).unwrap();
        close(found.z, z, 1e-9);
        close(found.low, low, 1e-9);
        close(found.high, high, 1e-9);
        close(found.relative, lift, 1e-9);
        close(found.relative_low, lift_low, 1e-9);
        close(found.relative_high, lift_high, 1e-9);
    }
    let arms = sample_ratio(&[10_490, 10_711, 10_602], &[1.0, 1.0, 1.0]).unwrap();
    close(arms.statistic, 2.303744929723611, 1e-9);
    close(arms.p, 0.3160444328921316, 1e-9);
    assert!(!arms.is_alarm && sample_ratio(&[10_000, 10_600], &[0.5, 0.5]).unwrap().is_alarm);
    assert_eq!(sample_ratio(&[5, 5], &[1.0, 0.0]), None);
    assert_eq!(compare_rates(Rate { n_done: 3, n: 2 }, Rate { n_done: 0, n: 1 }, 0.95), Err(Problem::Shape));
}

/// SciPy's Welch test.
#[test]
fn means_equal_another_implementation() {
    let (control, treated) = ([1.0, 2.0, 4.0, 3.0, 7.0, 5.0], [4.0, 8.0, 6.0, 9.0, 5.0, 12.0, 7.0]);
    let found = compare_means(&control, &treated, 0.95).unwrap();
    close(found.z, 2.688686723173455, 1e-12);
    close(found.p, 0.021121048455087818, 1e-12);
    close(found.low, 0.655529564079834, 1e-9);
    close(found.high, 6.582565674015404, 1e-9);
    assert!(found.relative_low < found.relative && found.relative < found.relative_high);
    assert!(found.relative_low > 0.0, "{found:?}");
    assert_eq!(compare_means(&[1.0, 1.0], &[1.0, 1.0], 0.95), Err(Problem::Constant));
    assert_eq!(compare_means(&[1.0], &[1.0, 2.0], 0.95), Err(Problem::TooFew { n: 1, needed: 2 }));
    assert_eq!(compare_means(&[1.0, f64::NAN], &[1.0, 2.0], 0.95), Err(Problem::Invalid(1)));
}

#[test]
fn where_nothing_differs_one_in_twenty_is_found() {
    let (mut rates, mut means, mut adjusted, mut peeked) = (0, 0, 0, 0);
    let n_runs = 2_000;
    for seed in 0..n_runs {
        let mut dice = Dice(seed * 1_000_003);
        let mut arm = |n: usize| -> Vec<(f64, f64)> {
            (0..n)
                .map(|_| {
                    let before = dice.bell();
                    ((0.8 * before + dice.bell()).exp(), before.exp())
                })
                .collect()
        };
        let arms = [arm(400), arm(400)];
        let of = |arm: &[(f64, f64)]| arm.iter().map(|person| person.0).collect::<Vec<f64>>();
        let done =
            |arm: &[(f64, f64)]| Rate { n_done: arm.iter().filter(|person| person.0 > 2.0).count() as u64, n: 400 };
        rates += u32::from(compare_rates(done(&arms[0]), done(&arms[1]), 0.95).unwrap().p < 0.05);
        means += u32::from(compare_means(&of(&arms[0]), &of(&arms[1]), 0.95).unwrap().p < 0.05);
        adjusted += u32::from(adjust(&arms[0], &arms[1], 0.95).unwrap().comparison.p < 0.05);
        // Thirty days of 200 people an arm, looked at each evening.
        let mut test = Sequential::new(0.95, 0.05).unwrap();
        let (mut difference, mut n) = (0.0, 0.0);
        let is_found = (0..30).any(|_| {
            difference += 200_f64.sqrt() * 2_f64.sqrt() * dice.bell();
            n += 200.0;
            test.look(difference / n, (2.0 / n).sqrt()).is_decided
        });
        peeked += u32::from(is_found);
    }
    let share = |count: u32| f64::from(count) / n_runs as f64;
    for (name, count) in [("rates", rates), ("means", means), ("adjusted", adjusted)] {
        assert!((0.04..=0.06).contains(&share(count)), "{name} {}", share(count));
    }
    assert!(share(peeked) <= 0.05, "{}", share(peeked));
}

#[test]
fn a_running_test_finds_what_is_there() {
    let mut found = 0;
    for seed in 0..200 {
        let mut dice = Dice(seed);
        let mut test = Sequential::new(0.95, 0.1).unwrap();
        let (mut sum, mut n, mut last) = (0.0, 0.0, 1.0);
        for _ in 0..30 {
            sum += 200.0 * 0.1 + 400_f64.sqrt() * dice.bell();
            n += 200.0;
            let look = test.look(sum / n, (2.0 / n).sqrt());
            assert!(look.p <= last);
            last = look.p;
            if look.is_decided {
                assert!(look.low > 0.0, "{look:?}");
                found += 1;
                break;
            }
        }
    }
    assert!(found > 180, "{found}");
    assert_eq!(Sequential::new(0.95, 0.0), None);
}

#[test]
fn what_was_known_before_takes_noise_away() {
    let mut dice = Dice(3);
    let mut person = |lift: f64| {
        let before = 10.0 + 3.0 * dice.bell();
        (lift + before + dice.bell(), before)
    };
    let control: Vec<(f64, f64)> = (0..2_000).map(|_| person(0.0)).collect();
    let treated: Vec<(f64, f64)> = (0..1_000).map(|_| person(0.3)).collect();
    let found = adjust(&control, &treated, 0.95).unwrap();
    close(found.reduction, 0.9, 0.02);
    close(found.slope, 1.0, 0.03);
    assert!(found.comparison.low < 0.3 && 0.3 < found.comparison.high && found.comparison.p < 1e-6);
    // INV-LIFT-1.
    let mut turned = control.clone();
    turned.reverse();
    assert_eq!(adjust(&turned, &treated, 0.95).unwrap(), found);
    let constant: Vec<(f64, f64)> = control.iter().map(|person| (person.0, 1.0)).collect();
    assert_eq!(adjust(&constant, &constant[..500], 0.95).unwrap().reduction, 0.0);
}

/// statsmodels' `NormalIndPower` says 6,279.09 an arm for half a unit of ten; Fleiss 2003, table A.4, 389 or so for shares.
#[test]
fn people_needed() {
    assert_eq!(people_for_means(0.5, 10.0, &Design::default()), Some([6_280, 6_280]));
    let [control, treated] = people_for_rates(0.1, 0.12, &Design::default()).unwrap();
    assert!(control == treated && (3_835..=3_845).contains(&control), "{control}");
    let found = detectable_rate(0.1, control + treated, &Design::default()).unwrap();
    close(found, 0.12, 1e-4);
    assert_eq!(
        (detectable_rate(0.1, 4, &Design::default()), people_for_rates(0.1, 0.1, &Design::default())),
        (None, None)
    );
}

struct People {
    values: Vec<f64>,
    treated: Vec<bool>,
    outcomes: Vec<bool>,
    ids: Vec<u64>,
}

/// Three features; treatment moves all alike, or only those whose first is above nought.
fn people(n: usize, seed: u64, is_uneven: bool) -> People {
    let mut dice = Dice(seed);
    let mut made =
        People { values: Vec::new(), treated: Vec::new(), outcomes: Vec::new(), ids: (0..n as u64).collect() };
    for _ in 0..n {
        let row = [dice.roll() - 0.5, dice.roll() - 0.5, (dice.roll() * 3.0).floor()];
        let is_treated = dice.roll() < 0.5;
        let lift = if !is_uneven {
            0.06
        } else if row[0] > 0.0 {
            0.2
        } else {
            -0.02
        };
        let chance = 0.15 + 0.1 * row[1] + if is_treated { lift } else { 0.0 };
        made.values.extend(row);
        made.treated.push(is_treated);
        made.outcomes.push(dice.roll() < chance);
    }
    made
}

#[test]
fn who_is_moved_is_found_only_where_people_differ() {
    let learn = |people: &People, n_threads: usize| {
        let features = Features { values: &people.values, n_columns: 3 };
        uplift(
            &features,
            &people.treated,
            &people.outcomes,
            &people.ids,
            &UpliftOptions::for_rows(people.ids.len(), n_threads),
        )
        .unwrap()
    };
    let uneven = people(6_000, 1, true);
    let found = learn(&uneven, 1);
    let told = &found.heterogeneity;
    assert!(told.is_found && told.tenths[0].low > told.tenths[9].high, "{told:?}");
    let features = Features { values: &[0.3, 0.0, 1.0, -0.3, 0.0, 1.0], n_columns: 3 };
    let said = found.score(&features, 1);
    assert!(said[0] > 0.12 && said[1] < 0.06, "{said:?}");
    let n_false = (10..26).filter(|seed| learn(&people(3_000, *seed, false), 1).heterogeneity.is_found).count();
    assert!(n_false <= 2, "{n_false} of 16");
    // INV-LIFT-1.
    assert_eq!(learn(&uneven, 2), found);
    let n = uneven.ids.len();
    let order: Vec<usize> = (0..n).rev().collect();
    let turned = People {
        values: order.iter().flat_map(|at| uneven.values[at * 3..at * 3 + 3].to_vec()).collect(),
        treated: order.iter().map(|at| uneven.treated[*at]).collect(),
        outcomes: order.iter().map(|at| uneven.outcomes[*at]).collect(),
        ids: order.iter().map(|at| uneven.ids[*at]).collect(),
    };
    assert_eq!(learn(&turned, 1).heterogeneity, found.heterogeneity);
    let few = people(60, 1, true);
    let options = UpliftOptions::for_rows(60, 1);
    let refused =
        uplift(&Features { values: &few.values, n_columns: 3 }, &few.treated, &few.outcomes, &few.ids, &options);
    assert!(matches!(refused, Err(Problem::TooFew { .. })));
}

const TRUTH: [Curve; 3] = [
    Curve { top: 400.0, half: 50.0, carry: 0.0 },
    Curve { top: 600.0, half: 400.0, carry: 0.5 },
    Curve { top: 0.0, half: 100.0, carry: 0.0 },
];

fn weeks(n: usize, seed: u64) -> Vec<Week> {
    let mut dice = Dice(seed);
    let mut left = [100.0; 3];
    (0..n)
        .map(|week| {
            let mut spend: Vec<f64> = (0..3).map(|_| 200.0 * dice.roll()).collect();
            spend.push(80.0);
            let season = (week as f64 * 2.0 * std::f64::consts::PI / 52.0).sin();
            let mut sales = 1_000.0 + 100.0 * season + 15.0 * dice.bell();
            for (channel, curve) in TRUTH.iter().enumerate() {
                left[channel] = curve.carry * left[channel] + (1.0 - curve.carry) * spend[channel];
                sales += curve.brings(left[channel]);
            }
            Week { spend, controls: vec![season], sales }
        })
        .collect()
}

#[test]
fn money_goes_where_it_brings_more() {
    let options = ResponseOptions { n_draws: 60, ..ResponseOptions::default() };
    let learnt = response(&weeks(156, 5), &options).unwrap();
    assert_eq!(learnt.curves[3], None);
    let rise = |curve: &Curve| curve.brings(150.0) - curve.brings(50.0);
    for (curve, truth) in learnt.curves.iter().flatten().zip(&TRUTH) {
        close(rise(curve), rise(truth), 25.0);
    }
    let present = [120.0, 60.0, 120.0, 80.0];
    let bounds = [Bounds { least: 10.0, most: 200.0 }; 4];
    let proposal = propose(&learnt, &present, &bounds, 380.0, 0.9).unwrap();
    let amounts: Vec<f64> = proposal.spends.iter().map(|spend| spend.amount).collect();
    assert!(proposal.is_found && amounts[1] > 150.0 && amounts[2] < 40.0 && amounts[3] == 80.0, "{proposal:?}");
    close(amounts.iter().sum::<f64>() + proposal.unspent, 380.0, 1e-6);
    let truth: f64 = (0..3).map(|at| TRUTH[at].brings(amounts[at]) - TRUTH[at].brings(present[at])).sum();
    assert!(truth > 0.0 && proposal.gain_low < truth && truth < proposal.gain_high, "{truth} {proposal:?}");
    assert_eq!(propose(&learnt, &present, &bounds, 90.0, 0.9), Err(Problem::Shape));
    // The same for any number of threads.
    assert_eq!(response(&weeks(156, 5), &ResponseOptions { n_threads: 2, ..options }).unwrap(), learnt);
    assert!(matches!(response(&weeks(20, 5), &options), Err(Problem::TooFew { n: 20, needed: 25 })));
}

/// The half of Hillstrom's campaign, where a folder with it is named.
#[test]
fn a_known_campaign_from_its_file() {
    let Some(folder) = std::env::var_os("ZHIKE_TEST_DATA") else {
        eprintln!("note: skipped Hillstrom, ZHIKE_TEST_DATA names no folder");
        return;
    };
    let file = std::fs::File::open(std::path::Path::new(&folder).join("hillstrom/hillstrom_half.csv.gz")).unwrap();
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut arms = BTreeMap::<&str, Vec<(u64, [f64; 10], bool, f64)>>::new();
    for line in text.lines().skip(1) {
        // The only field with a comma is quoted; it says what `history` does.
        let fields: Vec<&str> = if let Some((before, rest)) = line.split_once('"') {
            let (_, after) = rest.split_once('"').unwrap();
            before
                .trim_end_matches(',')
                .split(',')
                .chain([""])
                .chain(after.trim_start_matches(',').split(','))
                .collect()
        } else {
            line.split(',').collect()
        };
        let number = |at: usize| fields[at].parse::<f64>().unwrap();
        let is = |at: usize, name: &str| f64::from(u8::from(fields[at] == name));
        let row = [
            number(1),
            number(3),
            number(4),
            number(5),
            is(6, "Rural"),
            is(6, "Urban"),
            number(7),
            is(8, "Phone"),
            is(8, "Web"),
            0.0,
        ];
        arms.entry(fields[9]).or_default().push((number(0) as u64, row, fields[10] == "1", number(12)));
    }
    let spend = |arm: &str| arms[arm].iter().map(|person| person.3).collect::<Vec<f64>>();
    let before = |arm: &str| arms[arm].iter().map(|person| (person.3, person.1[1])).collect::<Vec<(f64, f64)>>();
    for (arm, t, p, low, high) in [
        ("Womens E-Mail", 2.620255665152336, 0.008793154319937095, 0.12186786108764447, 0.8455332052679703),
        ("Mens E-Mail", 4.360328063838107, 1.3061592313441176e-05, 0.5115738436687974, 1.3471083122781784),
    ] {
        let found = compare_means(&spend("No E-Mail"), &spend(arm), 0.95).unwrap();
        close(found.z, t, 1e-6);
        close(found.p, p, 1e-6);
        close(found.low, low, 1e-6);
        close(found.high, high, 1e-6);
        let adjusted = adjust(&before("No E-Mail"), &before(arm), 0.95).unwrap();
        eprintln!("note: {arm}, money before as covariate: variance less by {:.4}", adjusted.reduction);
        assert!(adjusted.reduction < 0.01);
        let rows: Vec<_> = arms["No E-Mail"]
            .iter()
            .map(|person| (person, false))
            .chain(arms[arm].iter().map(|person| (person, true)))
            .collect();
        let values: Vec<f64> = rows.iter().flat_map(|(person, _)| person.1).collect();
        let treated: Vec<bool> = rows.iter().map(|(_, is_treated)| *is_treated).collect();
        let outcomes: Vec<bool> = rows.iter().map(|(person, _)| person.2).collect();
        let ids: Vec<u64> = rows.iter().map(|(person, _)| person.0).collect();
        let features = Features { values: &values, n_columns: 10 };
        let told =
            uplift(&features, &treated, &outcomes, &ids, &UpliftOptions::for_rows(ids.len(), 2)).unwrap().heterogeneity;
        eprintln!(
            "note: {arm}, Qini {:.5} ({:.5} to {:.5}), tenths {:.4?}",
            told.qini,
            told.low,
            told.high,
            told.tenths.iter().map(|tenth| tenth.uplift).collect::<Vec<f64>>()
        );
        assert_eq!(told.is_found, arm == "Womens E-Mail");
    }
}
