//! Baskets as lists of products.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// A product in a basket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Which basket.
    pub basket: u64,
    /// Which product.
    pub product: u64,
}

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// More lines, or more products, than 32 bits can number.
    TooLarge,
    /// More sets are bought often enough than are allowed: ask for a higher support.
    TooManySets,
    /// A limit is out of its range, or not a number.
    Limits,
}

/// Baskets, each with its products once; in order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Baskets {
    /// Distinct ids, ascending; a product is known by its position.
    pub(super) products: Vec<u64>,
    /// Where each basket begins in `items`, and the end.
    pub(super) starts: Vec<usize>,
    /// Positions of products, ascending in a basket.
    pub(super) items: Vec<u32>,
}

impl Baskets {
    /// Baskets of lines in any order; a product counts once in a basket.
    pub fn new(lines: &[Line]) -> Result<Self, Problem> {
        if u32::try_from(lines.len()).is_err() {
            return Err(Problem::TooLarge);
        }
        let (products, items) = numbered(lines.iter().map(|line| line.product));
        let mut order: Vec<u32> = (0..lines.len() as u32).collect();
        if !lines.is_sorted_by_key(|line| line.basket) {
            order.sort_by_key(|at| lines[*at as usize].basket);
        }
        let mut baskets = Self { products, starts: vec![0], items: Vec::with_capacity(lines.len()) };
        let mut own: Vec<u32> = Vec::new();
        for lines in order.chunk_by(|a, b| lines[*a as usize].basket == lines[*b as usize].basket) {
            own.clear();
            own.extend(lines.iter().map(|at| items[*at as usize]));
            own.sort_unstable();
            own.dedup();
            baskets.items.extend_from_slice(&own);
            baskets.starts.push(baskets.items.len());
        }
        Ok(baskets)
    }

    /// How many baskets hold anything.
    pub fn n_baskets(&self) -> usize {
        self.starts.len() - 1
    }

    /// How many products were bought.
    pub fn n_products(&self) -> usize {
        self.products.len()
    }

    pub(super) fn basket(&self, at: usize) -> &[u32] {
        &self.items[self.starts[at]..self.starts[at + 1]]
    }
}

/// Distinct ids, ascending, and for each id given its position among them.
pub(crate) fn numbered(ids: impl Iterator<Item = u64>) -> (Vec<u64>, Vec<u32>) {
    let mut known: HashMap<u64, u32, FixedState> = HashMap::default();
    let mut distinct: Vec<u64> = Vec::new();
    let mut codes: Vec<u32> = ids
        .map(|id| {
            *known.entry(id).or_insert_with(|| {
                distinct.push(id);
                distinct.len() as u32 - 1
            })
        })
        .collect();
    let mut order: Vec<u32> = (0..distinct.len() as u32).collect();
    order.sort_unstable_by_key(|code| distinct[*code as usize]);
    let mut place = vec![0_u32; order.len()];
    order.iter().enumerate().for_each(|(at, code)| place[*code as usize] = at as u32);
    codes.iter_mut().for_each(|code| *code = place[*code as usize]);
    distinct.sort_unstable();
    (distinct, codes)
}
