//! Products that are bought together often.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::lines::{Baskets, Problem};
use crate::parallel;

/// How often, and how large.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limits {
    /// Least share of baskets, above 0.
    pub min_support: f64,
    /// Most products of a set, from 1 to 24.
    pub max_products: usize,
    /// Most sets.
    pub max_sets: usize,
    /// Threads.
    pub n_threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { min_support: 0.01, max_products: 10, max_sets: 5_000_000, n_threads: 1 }
    }
}

/// Sets of products with the number of baskets that hold all of a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Itemsets {
    /// All baskets.
    pub n_baskets: usize,
    starts: Vec<usize>,
    products: Vec<u64>,
    counts: Vec<u32>,
}

impl Itemsets {
    /// How many sets.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether nothing is bought often enough.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// A set by position: its products, ascending, and its number of baskets.
    pub fn set(&self, at: usize) -> (&[u64], u32) {
        (&self.products[self.starts[at]..self.starts[at + 1]], self.counts[at])
    }

    /// All sets; a set comes after those that begin it.
    pub fn iter(&self) -> impl Iterator<Item = (&[u64], u32)> {
        (0..self.len()).map(|at| self.set(at))
    }
}

/// All sets of products that a share of baskets holds.
///
/// Pattern growth first, bitmaps after: products are ordered from rare to frequent, and of each the baskets that hold it are
/// cut to what is more frequent. Pairs are counted there; what is left is turned into a bitmap a product, over the few baskets
/// of the first product alone, and larger sets are counted by intersecting those.
///
/// **Source**: the projection of FP-growth (Han, Pei, Yin 2000) and the intersections of Eclat (Zaki 2000).
/// **Errors**: [`Problem::TooManySets`] when there are more than allowed, whatever the threads.
pub fn itemsets(baskets: &Baskets, limits: &Limits) -> Result<Itemsets, Problem> {
    let n = baskets.n_baskets();
    let is_share = limits.min_support > 0.0 && limits.min_support <= 1.0;
    if !is_share || !(1..=24).contains(&limits.max_products) {
        return Err(Problem::Limits);
    }
    // A product of a decimal fraction may lie a little above the whole number that is meant.
    let min_count = ((limits.min_support * n as f64 - 1e-9).ceil() as u32).max(1);
    let ranked = Ranked::new(baskets, min_count);
    let n_found = AtomicUsize::new(0);
    let found = parallel::map(ranked.codes.len(), 1, limits.n_threads, Scratch::default, |scratch, range| {
        let mut found = Found::default();
        let search = Search { ranked: &ranked, min_count, limits, n_found: &n_found };
        search.begin(range.start, scratch, &mut found);
        found
    });
    if n_found.into_inner() > limits.max_sets {
        return Err(Problem::TooManySets);
    }
    let mut sets = Itemsets { n_baskets: n, starts: vec![0], products: Vec::new(), counts: Vec::new() };
    sets.starts.reserve(found.iter().map(|part| part.counts.len()).sum());
    for part in &found {
        let mut items = part.items.as_slice();
        for (length, count) in &part.counts {
            let (own, rest) = items.split_at(*length as usize);
            items = rest;
            let from = sets.products.len();
            sets.products.extend(own.iter().map(|rank| baskets.products[ranked.codes[*rank as usize] as usize]));
            sets.products[from..].sort_unstable();
            sets.starts.push(sets.products.len());
            sets.counts.push(*count);
        }
    }
    Ok(sets)
}

/// End of a basket in [`Ranked::items`].
const END: u32 = u32::MAX;

/// Baskets of frequent products, which are known by rank from rare to frequent.
struct Ranked {
    /// Position of the product of a rank.
    codes: Vec<u32>,
    /// Ranks of each basket, ascending, with [`END`] after it.
    items: Vec<u32>,
    /// Where in `items` the products of each rank stand, one rank after the other, and where those begin.
    places: Vec<u32>,
    starts: Vec<usize>,
}

impl Ranked {
    fn new(baskets: &Baskets, min_count: u32) -> Self {
        let mut counts = vec![0_u32; baskets.n_products()];
        baskets.items.iter().for_each(|code| counts[*code as usize] += 1);
        let mut codes: Vec<u32> = (0..counts.len() as u32).filter(|code| counts[*code as usize] >= min_count).collect();
        codes.sort_unstable_by_key(|code| (counts[*code as usize], *code));
        let mut rank = vec![END; counts.len()];
        codes.iter().enumerate().for_each(|(at, code)| rank[*code as usize] = at as u32);
        let mut starts = vec![0];
        let mut total = 0;
        for code in &codes {
            total += counts[*code as usize] as usize;
            starts.push(total);
        }
        let mut items = Vec::with_capacity(total + baskets.n_baskets());
        let mut places = vec![0_u32; total];
        let mut next = starts.clone();
        for at in 0..baskets.n_baskets() {
            let from = items.len();
            items.extend(baskets.basket(at).iter().map(|code| rank[*code as usize]).filter(|rank| *rank != END));
            items[from..].sort_unstable();
            for (place, rank) in items.iter().enumerate().skip(from) {
                places[next[*rank as usize]] = place as u32;
                next[*rank as usize] += 1;
            }
            items.push(END);
        }
        Self { codes, items, places, starts }
    }

    /// What each basket that holds a rank holds above it.
    fn above(&self, rank: usize) -> impl Iterator<Item = impl Iterator<Item = u32>> {
        self.places[self.starts[rank]..self.starts[rank + 1]]
            .iter()
            .map(|place| self.items[*place as usize + 1..].iter().copied().take_while(|rank| *rank != END))
    }
}

/// Sets of one first product: ranks one set after the other, and lengths with counts.
#[derive(Default)]
struct Found {
    items: Vec<u32>,
    counts: Vec<(u32, u32)>,
}

/// What one thread works with.
#[derive(Default)]
struct Scratch {
    counts: Vec<u32>,
    bits: Vec<u64>,
}

/// The baskets of the first product, a bitmap for each product above it that is frequent there.
struct Projection<'a> {
    ranks: Vec<u32>,
    n_words: usize,
    bits: &'a [u64],
}

impl Projection<'_> {
    fn column(&self, at: u32) -> &[u64] {
        &self.bits[at as usize * self.n_words..(at as usize + 1) * self.n_words]
    }
}

/// Baskets of a set among those of its first product: whichever is shorter to go through.
enum Members {
    Bits(Vec<u64>),
    List(Vec<u32>),
}

impl Members {
    fn new(bits: Vec<u64>, count: u32) -> Self {
        // A look at a basket costs about half of a word of bits.
        if count as usize > 2 * bits.len() {
            return Self::Bits(bits);
        }
        let mut list = Vec::with_capacity(count as usize);
        for (at, word) in bits.iter().enumerate() {
            let mut word = *word;
            while word != 0 {
                list.push(at as u32 * 64 + word.trailing_zeros());
                word &= word - 1;
            }
        }
        Self::List(list)
    }

    /// How many are in the column as well.
    fn count(&self, column: &[u64]) -> u32 {
        match self {
            Self::Bits(bits) => bits.iter().zip(column).map(|(a, b)| (a & b).count_ones()).sum(),
            Self::List(list) => list.iter().map(|at| (column[*at as usize / 64] >> (at % 64)) as u32 & 1).sum(),
        }
    }

    /// Those that are in the column as well.
    fn within(&self, column: &[u64], count: u32) -> Self {
        match self {
            Self::Bits(bits) => Self::new(bits.iter().zip(column).map(|(a, b)| a & b).collect(), count),
            Self::List(list) => {
                Self::List(list.iter().copied().filter(|at| column[*at as usize / 64] >> (at % 64) & 1 == 1).collect())
            }
        }
    }
}

struct Search<'a> {
    ranked: &'a Ranked,
    min_count: u32,
    limits: &'a Limits,
    n_found: &'a AtomicUsize,
}

impl Search<'_> {
    /// All sets whose rarest product is of a rank.
    fn begin(&self, rank: usize, scratch: &mut Scratch, found: &mut Found) {
        let ranked = self.ranked;
        let n = ranked.starts[rank + 1] - ranked.starts[rank];
        self.add(&[rank as u32], n as u32, found);
        if self.limits.max_products == 1 {
            return;
        }
        let Scratch { counts, bits } = scratch;
        counts.clear();
        counts.resize(ranked.codes.len(), 0);
        ranked.above(rank).flatten().for_each(|rank| counts[rank as usize] += 1);
        let ranks: Vec<u32> =
            (rank as u32 + 1..counts.len() as u32).filter(|rank| counts[*rank as usize] >= self.min_count).collect();
        let frequent: Vec<(u32, u32)> =
            ranks.iter().enumerate().map(|(at, rank)| (at as u32, counts[*rank as usize])).collect();
        if self.limits.max_products == 2 || frequent.len() < 2 {
            frequent.iter().for_each(|(at, count)| self.add(&[rank as u32, ranks[*at as usize]], *count, found));
            return;
        }
        // From here on the place of a rank's bitmap stands where its count did.
        counts.fill(END);
        ranks.iter().enumerate().for_each(|(at, rank)| counts[*rank as usize] = at as u32);
        let n_words = n.div_ceil(64);
        bits.clear();
        bits.resize(ranks.len() * n_words, 0);
        for (basket, above) in ranked.above(rank).enumerate() {
            for at in above.map(|rank| counts[rank as usize]).filter(|at| *at != END) {
                bits[at as usize * n_words + basket / 64] |= 1 << (basket % 64);
            }
        }
        let projection = Projection { ranks, n_words, bits };
        let mut set = vec![rank as u32];
        for (place, (at, count)) in frequent.iter().enumerate() {
            set.push(projection.ranks[*at as usize]);
            self.add(&set, *count, found);
            if place + 1 < frequent.len() {
                let members = Members::new(projection.column(*at).to_vec(), *count);
                let later: Vec<u32> = frequent[place + 1..].iter().map(|(at, _)| *at).collect();
                self.grow(&projection, &mut set, &members, &later, found);
            }
            set.pop();
        }
    }

    /// All sets that begin with a set and go on with the columns given.
    fn grow(&self, projection: &Projection, set: &mut Vec<u32>, members: &Members, columns: &[u32], found: &mut Found) {
        if self.n_found.load(Ordering::Relaxed) > self.limits.max_sets {
            return;
        }
        let frequent: Vec<(u32, u32)> = columns
            .iter()
            .map(|at| (*at, members.count(projection.column(*at))))
            .filter(|(_, count)| *count >= self.min_count)
            .collect();
        for (place, (at, count)) in frequent.iter().enumerate() {
            set.push(projection.ranks[*at as usize]);
            self.add(set, *count, found);
            if place + 1 < frequent.len() && set.len() < self.limits.max_products {
                let members = members.within(projection.column(*at), *count);
                let later: Vec<u32> = frequent[place + 1..].iter().map(|(at, _)| *at).collect();
                self.grow(projection, set, &members, &later, found);
            }
            set.pop();
        }
    }

    fn add(&self, set: &[u32], count: u32, found: &mut Found) {
        if self.n_found.fetch_add(1, Ordering::Relaxed) < self.limits.max_sets {
            found.items.extend_from_slice(set);
            found.counts.push((set.len() as u32, count));
        }
    }
}
