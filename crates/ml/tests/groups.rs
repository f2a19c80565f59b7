//! Laws of groups, and figures of other implementations.

use proptest::prelude::*;
use zhike_ml::groups::{
    Clustering, Column, Degree, Limits, Options, Points, Problem, Scaler, Shares, Spread, adjusted_rand, assignment,
    benjamini_hochberg, choose, cluster, compare, compare_shares, describe, recognise, silhouette,
};

fn squared(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Numbers that repeat, as those of customers do.
fn rows() -> impl Strategy<Value = Vec<[f64; 2]>> {
    prop::collection::vec([0_i32..12, -4_i32..5], 4..120)
        .prop_map(|rows| rows.into_iter().map(|[a, b]| [f64::from(a), f64::from(b) * 0.7]).collect())
}

fn grouped(rows: &[[f64; 2]], k: usize, n_threads: usize) -> Result<Clustering, Problem> {
    cluster(&Points::new(rows.as_flattened(), 2), k, &Options { n_threads, ..Options::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// INV-GROUPS-1.
    #[test]
    fn order_weights_and_threads_change_nothing((rows, turned) in rows().prop_flat_map(|rows| (Just(rows.clone()), Just(rows).prop_shuffle())), k in 1_usize..6) {
        let (one, other) = (grouped(&rows, k, 1), grouped(&turned, k, 3));
        if let (Ok(one), Ok(other)) = (one, other) {
            prop_assert_eq!(&one.centres, &other.centres);
            prop_assert_eq!(one.inertia.to_bits(), other.inertia.to_bits());
            let mut distinct = rows.clone();
            distinct.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
            distinct.dedup();
            let weights: Vec<f64> =
                distinct.iter().map(|row| rows.iter().filter(|other| *other == row).count() as f64).collect();
            let points = Points { weights: Some(&weights), ..Points::new(distinct.as_flattened(), 2) };
            let weighted = cluster(&points, k, &Options::default()).unwrap();
            prop_assert_eq!(weighted.centres, one.centres);
        }
    }

    /// INV-GROUPS-2, and no bound of a skipped distance lets a row slip.
    #[test]
    fn rows_are_with_their_nearest_centre_and_centres_are_means(rows in rows(), k in 1_usize..6) {
        let Ok(found) = grouped(&rows, k, 1) else { return Ok(()) };
        let centre = |label: usize| &found.centres[label * 2..label * 2 + 2];
        let mut inertia = 0.0;
        for (row, label) in rows.iter().zip(&found.labels) {
            let own = squared(row, centre(*label as usize));
            inertia += own;
            for other in 0..k {
                prop_assert!(own <= squared(row, centre(other)) + 1e-9);
            }
        }
        prop_assert!((inertia - found.inertia).abs() < 1e-9 * (1.0 + inertia));
        for label in 0..k {
            let inside: Vec<_> = rows.iter().zip(&found.labels).filter(|(_, own)| **own as usize == label).collect();
            prop_assert_eq!(inside.len() as f64, found.sizes[label]);
            let mean = |at: usize| inside.iter().map(|(row, _)| row[at]).sum::<f64>() / inside.len() as f64;
            prop_assert!(inside.is_empty() || squared(&[mean(0), mean(1)], centre(label)) < 1e-18);
        }
    }

    /// Against all permutations.
    #[test]
    fn an_assignment_is_the_cheapest(n_rows in 1_usize..5, n_columns in 1_usize..5, costs in prop::collection::vec(0_u32..50, 16)) {
        let costs: Vec<Vec<f64>> =
            (0..n_rows).map(|row| (0..n_columns).map(|column| f64::from(costs[row * 4 + column])).collect()).collect();
        let chosen = assignment(&costs);
        let sum: f64 = chosen.iter().enumerate().filter_map(|(row, column)| column.map(|column| costs[row][column])).sum();
        prop_assert_eq!(chosen.iter().flatten().count(), n_rows.min(n_columns));
        let mut taken: Vec<usize> = chosen.iter().flatten().copied().collect();
        taken.sort_unstable();
        taken.dedup();
        prop_assert_eq!(taken.len(), n_rows.min(n_columns));
        // The least over all ways, by recursion: a row may stay alone only where columns lack.
        fn least(costs: &[Vec<f64>], used: u32, n_alone: usize) -> f64 {
            let [row, rest @ ..] = costs else { return 0.0 };
            let alone = if n_alone > 0 { least(rest, used, n_alone - 1) } else { f64::INFINITY };
            (0..row.len())
                .filter(|column| used & 1 << column == 0)
                .map(|column| row[column] + least(rest, used | 1 << column, n_alone))
                .fold(alone, f64::min)
        }
        prop_assert_eq!(sum, least(&costs, 0, n_rows.saturating_sub(n_columns)));
    }

    #[test]
    fn scaling_is_undone(rows in rows(), is_log in any::<bool>()) {
        let columns = [Column { is_log, spread: Spread::ZScore, clip: None }, Column { is_log, spread: Spread::MinMax, clip: None }];
        let scaler = Scaler::fit(&Points::new(rows.as_flattened(), 2), &columns).unwrap();
        let mut values = rows.as_flattened().to_vec();
        scaler.apply(&mut values);
        prop_assert!(values.iter().skip(1).step_by(2).all(|value| (-1e-12..=1.0 + 1e-12).contains(value)));
        scaler.invert(&mut values);
        for (value, row) in values.iter().zip(rows.as_flattened()) {
            prop_assert!((value - row).abs() < 1e-9);
        }
    }
}

/// Three clouds of 100 and their centres.
fn clouds() -> Vec<[f64; 2]> {
    let wobble = |at: usize, salt: usize| ((at * 7_919 + salt * 104_729) % 1_000) as f64 / 500.0 - 1.0;
    let centres = [[0.0, 0.0], [6.0, 1.0], [1.0, 7.0]];
    (0..300).map(|at| [centres[at % 3][0] + wobble(at, 1), centres[at % 3][1] + wobble(at, 2)]).collect()
}

#[test]
fn the_number_of_groups_that_is_there_is_chosen() {
    let rows = clouds();
    let limits = Limits { min_groups: 2, ..Limits::default() };
    let choice = choose(&Points::new(rows.as_flattened(), 2), &limits, &Options::default()).unwrap();
    let best = choice.candidates[choice.best];
    assert!(best.k == 3 && best.is_acceptable && best.stability > 0.999 && best.silhouette > 0.7, "{best:?}");
    let truth: Vec<u32> = (0..300).map(|at| at % 3).collect();
    assert_eq!(adjusted_rand(&truth, &choice.clustering.labels), Some(1.0));
    // An outlier makes a group of its own that is too small.
    let mut rows = rows;
    rows.push([900.0, 900.0]);
    let choice = choose(&Points::new(rows.as_flattened(), 2), &limits, &Options::default()).unwrap();
    assert!(choice.candidates.iter().all(|candidate| candidate.smallest_share < 0.05 && !candidate.is_acceptable));
}

/// INV-GROUPS-3.
#[test]
fn groups_keep_their_names() {
    let old = [0.0, 0.0, 5.0, 5.0, 9.0, 0.0];
    let new = [8.8, 0.3, 0.1, 0.2, 40.0, 40.0, 5.2, 4.9];
    assert_eq!(recognise(&old, &new, 2, 2.0).unwrap(), [Some(2), Some(0), None, Some(1)]);
    assert_eq!(recognise(&old, &[], 2, 2.0).unwrap(), []);
    assert_eq!(recognise(&[], &new, 2, 2.0).unwrap(), [None; 4]);
    assert_eq!(recognise(&old, &new, 5, 2.0), Err(Problem::Shape));
}

#[test]
fn what_sets_a_group_apart_comes_first() {
    let rows: Vec<[f64; 2]> =
        (0..200).map(|at| [f64::from(at % 2) * 3.0 + f64::from(at % 5), f64::from(at % 7)]).collect();
    let labels: Vec<u32> = (0..200).map(|at| at % 2).collect();
    let all = describe(&Points::new(rows.as_flattened(), 2), &labels).unwrap();
    assert_eq!((all[1][0].column, all[1][0].degree, all[1][1].degree), (0, Degree::Strong, Degree::Alike));
    assert!((all[1][0].mean - all[1][0].rest_mean - 3.0).abs() < 1e-9 && all[0][0].effect < 0.0);
    // The deviation of 0..5 is √2.
    assert!((all[1][0].effect - 3.0 / 2_f64.sqrt()).abs() < 1e-9);
}

/// Figures of scikit-learn 1.9 and SciPy.
#[test]
fn figures_equal_those_of_others() {
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{a} {b}");
    close(adjusted_rand(&[0, 0, 1, 1, 2, 2, 2, 0], &[1, 1, 0, 0, 0, 2, 2, 2]).unwrap(), 0.23809523809523808);
    let rows = [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [8.0, 8.0], [9.0, 8.0], [8.0, 9.0], [20.0, 0.0], [21.0, 1.0]];
    close(
        silhouette(&Points::new(rows.as_flattened(), 2), &[0, 0, 0, 1, 1, 1, 2, 2], 3, 1, 2).unwrap(),
        0.9002953827161917,
    );
    let difference = compare(&[1.0, 2.0, 2.0, 3.0, 5.0, 8.0], &[2.0, 4.0, 6.0, 6.0, 9.0, 10.0, 11.0, f64::NAN], 0.95);
    close(difference.p, 0.06147952877355991);
    close(difference.effect, -0.6190476190476191);
    let shares = compare_shares(Shares { having: 30.0, of: 100.0 }, Shares { having: 45.0, of: 100.0 }, 0.95);
    close(shares.p, 0.028459736916310638);
    // Newcombe's first example: 56 of 70 against 48 of 80 is 0.2, from 0.0524 to 0.3339.
    let newcombe = compare_shares(Shares { having: 56.0, of: 70.0 }, Shares { having: 48.0, of: 80.0 }, 0.95);
    assert!((newcombe.low - 0.0524).abs() < 5e-5 && (newcombe.high - 0.3339).abs() < 5e-5, "{newcombe:?}");
    for (value, expected) in
        benjamini_hochberg(&[0.01, 0.04, 0.03, 0.005, 0.5]).iter().zip([0.025, 0.05, 0.05, 0.025, 0.5])
    {
        close(*value, expected);
    }
}

#[test]
fn tables_out_of_shape_are_refused() {
    let options = Options::default();
    assert_eq!(cluster(&Points::new(&[1.0, 2.0, 3.0], 2), 1, &options), Err(Problem::Shape));
    assert_eq!(cluster(&Points::new(&[1.0, f64::NAN], 1), 1, &options), Err(Problem::Invalid(1)));
    assert_eq!(cluster(&Points::new(&[1.0, 1.0], 1), 2, &options), Err(Problem::TooFewRows));
    assert_eq!(cluster(&Points::new(&[], 1), 1, &options), Err(Problem::TooFewRows));
    assert_eq!(cluster(&Points::new(&[], 0), 1, &options), Err(Problem::Shape));
    assert!(choose(&Points::new(&[1.0, 1.0], 1), &Limits::default(), &options).is_err());
    let nobody = compare(&[], &[1.0], 0.95);
    assert!(nobody.p == 1.0 && nobody.effect == 0.0);
}
