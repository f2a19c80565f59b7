//! Small groups of people: which counts of one answer are shown, so that neither a count nor the difference of two of them
//! tells of fewer than so many people.
//!
//! Owns the rules; must not know who asks, nor what is counted. That nobody is in a group is told: it is about nobody.
//!
//! - INV-SMALL-1 (`nested`): a shown count, and the difference of two shown counts of which one holds the other, is 0 or at
//!   least `k`.
//! - INV-SMALL-2 (`parts`): what is left of a shown total without the shown parts is 0 or at least `k`, and never one part.
//! - INV-SMALL-3 (`cells`): the same for cells under several totals at once.

/// Whether a group is too small to be told.
pub const fn is_small(n: u64, k: u64) -> bool {
    n > 0 && n < k
}

/// Which counts of groups are shown; pairs name two groups of which the second holds the first. Earlier counts come first.
pub fn nested(counts: &[u64], pairs: &[(usize, usize)], k: u64) -> Vec<bool> {
    let mut shown = vec![false; counts.len()];
    for at in 0..counts.len() {
        let tells = |&(inner, outer): &(usize, usize)| {
            let other = if inner == at { outer } else { inner };
            (inner == at || outer == at) && shown[other] && is_small(counts[outer].abs_diff(counts[inner]), k)
        };
        shown[at] = !is_small(counts[at], k) && !pairs.iter().any(tells);
    }
    shown
}

/// Which parts are shown beside their total, when they add up to it and nobody is in two.
pub fn parts(counts: &[u64], k: u64) -> Vec<bool> {
    let mut shown: Vec<bool> = counts.iter().map(|n| !is_small(*n, k)).collect();
    let all: Vec<usize> = (0..counts.len()).collect();
    hide_more(counts, &all, k, &mut shown);
    shown
}

/// Hides more of the parts of a total until what is hidden cannot be told by taking the rest from the total; says whether
/// that could be done.
fn hide_more(counts: &[u64], of: &[usize], k: u64, shown: &mut [bool]) -> bool {
    loop {
        let hidden: Vec<u64> = of.iter().filter(|at| !shown[**at] && counts[**at] > 0).map(|at| counts[*at]).collect();
        if hidden.is_empty() || hidden.len() > 1 && hidden.iter().sum::<u64>() >= k {
            return true;
        }
        let next = of.iter().copied().filter(|at| shown[*at] && counts[*at] > 0).min_by_key(|at| counts[*at]);
        let Some(next) = next else { return false };
        shown[next] = false;
    }
}

/// Which of some cells and of some divisions of them are shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownCells {
    /// Whether the total of all cells is.
    pub total: bool,
    /// By cell.
    pub cells: Vec<bool>,
    /// By division and class.
    pub classes: Vec<Vec<bool>>,
}

/// Which cells are shown beside their total and the classes of several divisions; a division names the class of each cell.
pub fn cells(counts: &[u64], divisions: &[Vec<usize>], k: u64) -> ShownCells {
    let total: u64 = counts.iter().sum();
    let sums: Vec<Vec<u64>> = divisions
        .iter()
        .map(|classes| {
            let mut sums = vec![0; classes.iter().max().map_or(0, |most| most + 1)];
            classes.iter().zip(counts).for_each(|(class, n)| sums[*class] += n);
            sums
        })
        .collect();
    let mut found = ShownCells {
        total: !is_small(total, k),
        cells: counts.iter().map(|n| !is_small(*n, k)).collect(),
        classes: sums.iter().map(|sums| sums.iter().map(|n| !is_small(*n, k)).collect()).collect(),
    };
    let everything: Vec<usize> = (0..counts.len()).collect();
    // Each round hides something more or ends.
    loop {
        let before = found.clone();
        for (sums, shown) in sums.iter().zip(&mut found.classes) {
            let all: Vec<usize> = (0..sums.len()).collect();
            hide_more(sums, &all, k, shown);
        }
        for (division, classes) in divisions.iter().enumerate() {
            for class in 0..sums[division].len() {
                let of: Vec<usize> = everything.iter().copied().filter(|at| classes[*at] == class).collect();
                if !found.classes[division][class] {
                    // The cells of a class would add up to it.
                    of.iter().for_each(|at| found.cells[*at] = counts[*at] == 0);
                } else if !hide_more(counts, &of, k, &mut found.cells) {
                    found.classes[division][class] = false;
                }
            }
        }
        hide_more(counts, &everything, k, &mut found.cells);
        if found == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const K: u64 = 10;

    fn is_told(n: u64) -> bool {
        is_small(n, K)
    }

    /// What is left of a total without what is shown, and how many parts that is.
    fn left(counts: &[u64], shown: &[bool]) -> (u64, usize) {
        let hidden: Vec<u64> =
            counts.iter().zip(shown).filter(|(n, shown)| !**shown && **n > 0).map(|(n, _)| *n).collect();
        (hidden.iter().sum(), hidden.len())
    }

    #[test]
    fn the_second_smallest_part_is_hidden_too() {
        assert_eq!(parts(&[40, 3, 0, 12], K), [true, false, true, false]);
        assert_eq!(parts(&[40, 3, 4, 12], K), [true, false, false, false], "3 and 4 are 7 together");
        assert_eq!(parts(&[40, 6, 7], K), [true, false, false]);
        assert_eq!(parts(&[40, 12], K), [true, true]);
        assert_eq!(parts(&[3, 4], 1), [true, true], "for whoever sees all");
    }

    #[test]
    fn a_step_that_loses_a_few_is_hidden() {
        // All, after the first condition, after the second.
        let pairs = [(1, 0), (2, 1), (2, 0)];
        assert_eq!(nested(&[100, 95, 60], &pairs, K), [true, false, true]);
        assert_eq!(nested(&[100, 100, 9], &pairs, K), [true, true, false]);
    }

    #[test]
    fn an_empty_answer_is_no_trouble() {
        assert_eq!((nested(&[], &[], K), parts(&[], K)), (vec![], vec![]));
        assert_eq!(cells(&[], &[vec![]], K), ShownCells { total: true, cells: vec![], classes: vec![vec![]] });
    }

    fn few() -> impl Strategy<Value = u64> {
        prop_oneof![0..3_u64, 0..15_u64, 0..200_u64]
    }

    proptest! {
        /// INV-SMALL-1.
        #[test]
        fn no_difference_of_nested_groups_tells(sizes in prop::collection::vec(few(), 1..8)) {
            // Each group holds those after it.
            let mut counts: Vec<u64> = sizes.iter().scan(0, |sum, n| { *sum += n; Some(*sum) }).collect();
            counts.reverse();
            let pairs: Vec<_> = (0..counts.len()).flat_map(|inner| (0..inner).map(move |outer| (inner, outer))).collect();
            let shown = nested(&counts, &pairs, K);
            for (inner, outer) in pairs {
                prop_assert!(!(shown[inner] && shown[outer] && is_told(counts[outer] - counts[inner])));
            }
            prop_assert!(counts.iter().zip(&shown).all(|(n, shown)| !(*shown && is_told(*n))));
        }

        /// INV-SMALL-2.
        #[test]
        fn no_rest_of_a_total_tells(counts in prop::collection::vec(few(), 0..8)) {
            let shown = parts(&counts, K);
            prop_assert!(counts.iter().zip(&shown).all(|(n, shown)| !(*shown && is_told(*n))));
            let total: u64 = counts.iter().sum();
            let (rest, n_hidden) = left(&counts, &shown);
            prop_assert!(is_told(total) || rest == 0 || rest >= K && n_hidden > 1, "{:?} {:?}", counts, shown);
        }

        /// INV-SMALL-3: of the total without shown cells or classes, and of every shown class without its shown cells.
        #[test]
        fn no_rest_of_a_class_tells(all in prop::collection::vec((few(), 0..4_usize, 0..3_usize), 0..20)) {
            let counts: Vec<u64> = all.iter().map(|one| one.0).collect();
            let divisions = [all.iter().map(|one| one.1).collect::<Vec<_>>(), all.iter().map(|one| one.2).collect()];
            let found = cells(&counts, &divisions, K);
            let total: u64 = counts.iter().sum();
            let is_safe = |(rest, n): (u64, usize)| rest == 0 || rest >= K && n > 1;
            prop_assert_eq!(found.total, !is_told(total));
            prop_assert!(!found.total || is_safe(left(&counts, &found.cells)));
            for (classes, shown) in divisions.iter().zip(&found.classes) {
                let mut sums = vec![0; shown.len()];
                classes.iter().zip(&counts).for_each(|(class, n)| sums[*class] += n);
                prop_assert!(!found.total || is_safe(left(&sums, shown)), "{:?} {:?}", sums, shown);
                for class in (0..sums.len()).filter(|class| shown[*class]) {
                    let of = |at: &usize| classes[*at] == class;
                    let inside: Vec<u64> = (0..counts.len()).filter(of).map(|at| counts[at]).collect();
                    let seen: Vec<bool> = (0..counts.len()).filter(of).map(|at| found.cells[at]).collect();
                    prop_assert!(is_safe(left(&inside, &seen)), "{:?} {:?}", inside, seen);
                }
            }
        }
    }
}
