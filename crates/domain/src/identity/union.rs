//! Disjoint sets of indices.

/// Disjoint sets of `0..n`, by size, with path halving.
pub(super) struct Union {
    parent: Vec<u32>,
    size: Vec<u32>,
}

impl Union {
    /// Every index on its own.
    pub(super) fn new(n: u32) -> Self {
        Self { parent: (0..n).collect(), size: vec![1; n as usize] }
    }

    /// Representative of the set that holds `at`.
    pub(super) fn find(&mut self, mut at: u32) -> u32 {
        while self.parent[at as usize] != at {
            let above = self.parent[self.parent[at as usize] as usize];
            self.parent[at as usize] = above;
            at = above;
        }
        at
    }

    /// Makes one set of those of two different representatives: (the one that stays, the one that goes).
    pub(super) fn join(&mut self, a: u32, b: u32) -> (u32, u32) {
        let (stays, goes) = if self.size[a as usize] >= self.size[b as usize] { (a, b) } else { (b, a) };
        self.parent[goes as usize] = stays;
        self.size[stays as usize] += self.size[goes as usize];
        (stays, goes)
    }
}
