//! Laws of targets: sums to the cent, bounds, order, and the least squares that reconciliation stands for.

use proptest::prelude::*;
use zhike_ml::targets::{Hierarchy, Level, MAX_AMOUNT, Part, Problem, split};

#[test]
fn examples_by_hand() {
    let free = |key, weight| Part::new(key, weight);
    assert_eq!(split(100, &[free(1, 1.0), free(2, 1.0), free(3, 1.0)]), Ok(vec![34, 33, 33]));
    assert_eq!(split(100, &[free(3, 1.0), free(2, 1.0), free(1, 1.0)]), Ok(vec![33, 33, 34]));
    // The cap leaves 70 for weights 2 and 1, where the floor takes 30.
    let capped = Part { cap: 30, ..free(1, 5.0) };
    let held = Part { floor: 30, ..free(3, 1.0) };
    assert_eq!(split(100, &[capped, free(2, 2.0), held]), Ok(vec![30, 40, 30]));
    assert_eq!(split(100, &[Part::locked(1, 55), free(2, 2.0), free(3, 1.0)]), Ok(vec![55, 30, 15]));
    assert_eq!(
        split(-90, &[Part { floor: -100, ..free(1, 2.0) }, Part { floor: -100, ..free(2, 1.0) }]),
        Ok(vec![-60, -30])
    );
    assert_eq!(split(0, &[]), Ok(vec![]));
    assert_eq!(split(1, &[]), Err(Problem::AboveCaps(0)));
    assert_eq!(split(9, &[Part::locked(1, 10)]), Err(Problem::BelowFloors(10)));
    assert_eq!(split(9, &[free(1, 0.0)]), Err(Problem::NoWeight));
    assert_eq!(split(9, &[free(1, 1.0), free(2, -1.0)]), Err(Problem::Invalid(1)));
    assert_eq!(split(9, &[Part { floor: 3, cap: 2, ..free(1, 1.0) }]), Err(Problem::Invalid(0)));
    let huge = split(MAX_AMOUNT, &[free(1, 1.0), free(2, 1e-300), free(3, 2.0)]).unwrap();
    assert_eq!(huge.iter().sum::<i64>(), MAX_AMOUNT);
}

/// A cap over its weight and back is not always the cap: the most that fits still fits.
#[test]
fn as_much_as_fits() {
    for cap in 0..400 {
        for weight in 1..9 {
            let parts = [Part { cap, ..Part::new(1, f64::from(weight)) }, Part { cap: 1, ..Part::new(2, 9.0) }];
            assert_eq!(split(cap + 1, &parts), Ok(vec![cap, 1]), "{cap} {weight}");
        }
    }
}

#[test]
fn bounds_of_leaves_are_known_at_the_top() {
    let node = |parent, key, weight| Level { parent, part: Part::new(key, weight) };
    // Two regions of equal weight; the shops of the first can take 10 in all, one of the second is locked.
    let mut levels = vec![node(None, 1, 1.0), node(Some(0), 2, 1.0), node(Some(0), 3, 1.0), node(Some(1), 4, 1.0)];
    levels[3].part.cap = 10;
    levels.push(Level { parent: Some(2), part: Part::locked(5, 7) });
    levels.push(node(Some(2), 6, 1.0));
    let tree = Hierarchy::new(&levels).unwrap();
    assert_eq!(tree.cascade(101), Ok(vec![101, 10, 91, 10, 7, 84]));
    assert_eq!(tree.cascade(6), Err(Problem::BelowFloors(7)));
    assert_eq!(tree.sum_up(&[0, 0, 0, 10, 7, 84]), Ok(vec![101, 10, 91, 10, 7, 84]));
    assert_eq!(Hierarchy::new(&[node(Some(0), 1, 1.0)]), Err(Problem::Shape));
    assert_eq!(tree.reconcile(&[1.0], &[1.0]), Err(Problem::Shape));
    assert_eq!(tree.reconcile(&[1.0; 6], &[1.0, 1.0, 0.0, 1.0, 1.0, 1.0]), Err(Problem::Invalid(2)));
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let part = (0_u32..6, -500_i64..500, 0_i64..800, any::<bool>());
    proptest::collection::vec(part, 1..12).prop_map(|rows| {
        let of = |(key, (weight, floor, room, is_bound)): (usize, (u32, i64, i64, bool))| {
            let weight = f64::from(weight) * 1.37;
            if is_bound {
                Part { key: key as u64, weight, floor, cap: floor + room }
            } else {
                Part::new(key as u64, weight)
            }
        };
        rows.into_iter().enumerate().map(of).collect()
    })
}

proptest! {
    /// INV-TARGETS-1 to 3.
    #[test]
    fn parts_add_up_within_their_bounds(parts in parts(), amount in -6_000_i64..9_000, turn in 0_usize..12) {
        let shares = match split(amount, &parts) {
            Ok(shares) => shares,
            Err(Problem::BelowFloors(least)) => {
                prop_assert!(amount < least && least == parts.iter().map(|part| part.floor).sum::<i64>());
                return Ok(());
            }
            Err(Problem::AboveCaps(most)) => {
                prop_assert!(amount > most && most == parts.iter().map(|part| part.cap).sum::<i64>());
                return Ok(());
            }
            Err(problem) => {
                let most = |part: &Part| if part.weight > 0.0 { part.cap } else { part.floor };
                prop_assert_eq!(problem, Problem::NoWeight);
                prop_assert!(parts.iter().map(most).sum::<i64>() < amount);
                return Ok(());
            }
        };
        prop_assert_eq!(shares.iter().sum::<i64>(), amount);
        for (share, part) in shares.iter().zip(&parts) {
            prop_assert!((part.floor..=part.cap).contains(share));
        }
        let mut turned = parts.clone();
        turned.rotate_left(turn % parts.len());
        let mut expected = shares.clone();
        expected.rotate_left(turn % parts.len());
        prop_assert_eq!(split(amount, &turned), Ok(expected));
        // Free parts are at one level of their weight, but for the last cent.
        let level = |at: usize, off: i64| (shares[at] + off) as f64 / parts[at].weight;
        let free = |at: &usize| parts[*at].weight > 0.0;
        for a in (0..parts.len()).filter(free).filter(|at| shares[*at] > parts[*at].floor) {
            for b in (0..parts.len()).filter(free).filter(|at| shares[*at] < parts[*at].cap) {
                prop_assert!(level(a, -1) <= level(b, 1) + 1e-9, "{a} {b} {shares:?} {parts:?}");
            }
        }
    }

    #[test]
    fn every_level_adds_up(
        rows in proptest::collection::vec((any::<u16>(), 1_u32..9, 0_i64..40, 0_i64..400), 1..25),
        share in 0.0_f64..=1.0,
    ) {
        // Bounds at the leaves alone; the first row is the top.
        let n = rows.len();
        let parent = |at: usize| (at > 0).then(|| usize::from(rows[at].0) % at);
        let has_children = |at: usize| (at + 1..n).any(|child| parent(child) == Some(at));
        let levels: Vec<Level> = (0..n).map(|at| {
            let (_, weight, floor, room) = rows[at];
            let free = Part::new(at as u64, f64::from(weight));
            let part = if has_children(at) { free } else { Part { floor, cap: floor + room, ..free } };
            Level { parent: parent(at), part }
        }).collect();
        let tree = Hierarchy::new(&levels).unwrap();
        let sum = |bound: fn(&Part) -> i64| (0..n).filter(|at| !has_children(*at)).map(|at| bound(&levels[at].part)).sum::<i64>();
        let (least, most) = (sum(|part| part.floor), sum(|part| part.cap));
        let amount = least + ((most - least) as f64 * share) as i64;
        let amounts = tree.cascade(amount).unwrap();
        prop_assert_eq!(amounts[0], amount);
        prop_assert_eq!(&tree.sum_up(&amounts).unwrap(), &amounts);
        for (amount, level) in amounts.iter().zip(&levels) {
            prop_assert!((level.part.floor..=level.part.cap).contains(amount));
        }
        prop_assert!(tree.cascade(most + 1).is_err() && tree.cascade(least - 1).is_err());
    }

    /// The gradient of least squares is nought along every move that keeps the sums.
    #[test]
    fn reconciled_figures_are_the_nearest_that_add_up(
        rows in proptest::collection::vec((any::<u16>(), -50.0_f64..50.0, 0.1_f64..5.0), 1..20),
    ) {
        let n = rows.len();
        let parent = |at: usize| (at > 0).then(|| usize::from(rows[at].0) % at);
        let levels: Vec<Level> = (0..n).map(|at| Level { parent: parent(at), part: Part::new(at as u64, 1.0) }).collect();
        let values: Vec<f64> = rows.iter().map(|row| row.1).collect();
        let trust: Vec<f64> = rows.iter().map(|row| row.2).collect();
        let settled = Hierarchy::new(&levels).unwrap().reconcile(&values, &trust).unwrap();
        let children = |at: usize| (at + 1..n).filter(move |child| parent(*child) == Some(at));
        for at in 0..n {
            if children(at).next().is_none() {
                // A leaf moves all its ancestors with it.
                let path = std::iter::successors(Some(at), |at| parent(*at));
                let slope: f64 = path.map(|at| trust[at] * (settled[at] - values[at])).sum();
                prop_assert!(slope.abs() < 1e-9, "{slope}");
            } else {
                prop_assert!((children(at).map(|child| settled[child]).sum::<f64>() - settled[at]).abs() < 1e-9);
            }
        }
    }
}
