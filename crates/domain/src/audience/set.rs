//! Sets of customers: one bit each over a dense numbering.

/// A set of numbers below a limit.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Set {
    words: Vec<u64>,
    n: usize,
}

impl Set {
    /// No member of `n` possible ones.
    pub fn none(n: usize) -> Self {
        Self { words: vec![0; n.div_ceil(64)], n }
    }

    /// All of `n` possible ones.
    pub fn all(n: usize) -> Self {
        let mut set = Self { words: vec![u64::MAX; n.div_ceil(64)], n };
        set.trim();
        set
    }

    /// Those for which `is_in` says yes.
    pub fn of(n: usize, mut is_in: impl FnMut(usize) -> bool) -> Self {
        let mut set = Self::none(n);
        for at in 0..n {
            if is_in(at) {
                set.insert(at);
            }
        }
        set
    }

    /// Bits beyond the limit stay zero, so that counting needs no care.
    fn trim(&mut self) {
        if let (Some(last), rest @ 1..) = (self.words.last_mut(), self.n % 64) {
            *last &= (1 << rest) - 1;
        }
    }

    /// How many there could be.
    pub fn limit(&self) -> usize {
        self.n
    }

    /// Adds a member.
    ///
    /// # Panics
    /// When it is not below the limit.
    #[inline]
    pub fn insert(&mut self, at: usize) {
        assert!(at < self.n);
        self.words[at / 64] |= 1 << (at % 64);
    }

    /// Takes a member out.
    pub fn remove(&mut self, at: usize) {
        if at < self.n {
            self.words[at / 64] &= !(1 << (at % 64));
        }
    }

    /// Whether a number is a member; those beyond the limit are none.
    #[inline]
    pub fn contains(&self, at: usize) -> bool {
        at < self.n && self.words[at / 64] >> (at % 64) & 1 == 1
    }

    /// How many members.
    pub fn count(&self) -> u64 {
        self.words.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Keeps those that `other` has too.
    pub fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds those of `other`.
    pub fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Removes those of `other`.
    pub fn minus(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// All that are not members.
    #[must_use]
    pub fn inverse(&self) -> Self {
        let mut set = Self { words: self.words.iter().map(|word| !word).collect(), n: self.n };
        set.trim();
        set
    }

    /// Members, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, &word)| {
            std::iter::successors((word != 0).then_some(word), |word| {
                let rest = word & (word - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |word| at * 64 + word.trailing_zeros() as usize)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sets_are_sets(n in 0_usize..200, left in prop::collection::btree_set(0_usize..200, 0..80),
                         right in prop::collection::btree_set(0_usize..200, 0..80)) {
            let below = |set: &BTreeSet<usize>| set.iter().copied().filter(|&at| at < n).collect::<BTreeSet<_>>();
            let (left, right) = (below(&left), below(&right));
            let make = |set: &BTreeSet<usize>| Set::of(n, |at| set.contains(&at));
            let members = |set: &Set| { prop_assert_eq!(set.count() as usize, set.iter().count()); Ok(set.iter().collect::<BTreeSet<_>>()) };
            let mut and = make(&left); and.and(&make(&right));
            let mut or = make(&left); or.or(&make(&right));
            let mut minus = make(&left); minus.minus(&make(&right));
            prop_assert_eq!(members(&and)?, left.intersection(&right).copied().collect());
            prop_assert_eq!(members(&or)?, left.union(&right).copied().collect());
            prop_assert_eq!(members(&minus)?, left.difference(&right).copied().collect());
            prop_assert_eq!(members(&make(&left).inverse())?, (0..n).filter(|at| !left.contains(at)).collect());
            prop_assert_eq!(Set::all(n), Set::none(n).inverse());
        }
    }
}
