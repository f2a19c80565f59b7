//! What is kept per customer while facts stream by, for one measure or sequence.

use std::collections::HashMap;

use zhike_domain::audience::{
    Agg, AsOf, Cell, FieldKind, Leaf, Measure, Sequence, Set, StepRow, Which, Window, after, completes, from_units,
    sum_value,
};

/// Texts by number.
#[derive(Default)]
pub(super) struct Words {
    by_text: HashMap<String, u32>,
    texts: Vec<String>,
}

impl Words {
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.by_text.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

/// A fact as a tally sees it: when, and its value in units or as the number of a text.
#[derive(Clone, Copy)]
pub(super) struct Fact {
    pub(super) at: i64,
    pub(super) value: Option<i64>,
}

/// Sums of a measure, one per customer.
enum Sums {
    Count(Vec<u32>),
    Sum(Vec<i128>, Vec<u32>),
    Min(Vec<i64>),
    Max(Vec<i64>),
    /// (customer, day), of which the different ones count.
    Days(Vec<(u32, i32)>),
    /// (customer, when, text).
    Texts(Vec<(u32, i64, u32)>),
}

/// What stands for none among the smallest and the largest.
const NO_MIN: i64 = i64::MAX;
const NO_MAX: i64 = i64::MIN;

/// One measure for all customers.
pub(super) struct Tally<'a> {
    measure: &'a Measure,
    sums: Sums,
}

impl<'a> Tally<'a> {
    pub(super) fn new(measure: &'a Measure, n: usize) -> Self {
        let sums = match measure.agg {
            Agg::Count => Sums::Count(vec![0; n]),
            Agg::Days => Sums::Days(Vec::new()),
            Agg::Sum(_) | Agg::Avg(_) => Sums::Sum(vec![0; n], vec![0; n]),
            Agg::Min(_) | Agg::FirstAt => Sums::Min(vec![NO_MIN; n]),
            Agg::Max(_) | Agg::LastAt => Sums::Max(vec![NO_MAX; n]),
            Agg::First(_) | Agg::Last(_) | Agg::Distinct(_) | Agg::Top(_) => Sums::Texts(Vec::new()),
        };
        Self { measure, sums }
    }

    #[inline]
    pub(super) fn add(&mut self, who: usize, fact: Fact, as_of: &AsOf) {
        let is_time = self.measure.agg.column().is_none();
        let value = if is_time { Some(fact.at) } else { fact.value };
        match (&mut self.sums, value) {
            (Sums::Count(counts), _) => counts[who] += 1,
            (Sums::Days(days), _) => days.push((who as u32, as_of.day_of(fact.at) as i32)),
            (Sums::Sum(sums, counts), Some(value)) => {
                sums[who] += i128::from(value);
                counts[who] += 1;
            }
            (Sums::Min(least), Some(value)) => least[who] = least[who].min(value),
            (Sums::Max(most), Some(value)) => most[who] = most[who].max(value),
            (Sums::Texts(texts), Some(value)) => texts.push((who as u32, fact.at, value as u32)),
            (_, None) => {}
        }
    }

    /// Those whose measure passes.
    pub(super) fn passing(self, leaf: &Leaf, n: usize, words: &Words, as_of: &AsOf) -> Set {
        let kind = match &self.measure.agg {
            Agg::FirstAt | Agg::LastAt => FieldKind::Instant,
            agg => agg.column().map_or(FieldKind::Number(0), |field| self.measure.field_kind(field)),
        };
        // Where days begin is asked once, not for every customer.
        let range = match leaf {
            Leaf::Measure(_, test) if kind == FieldKind::Instant => test.instants(as_of),
            _ => None,
        };
        let numbers = |values: Vec<i64>, none: i64| {
            Set::of(n, |at| match &range {
                Some(range) => values[at] != none && range.contains(&values[at]),
                None if values[at] == none => leaf.passes(&Cell::Missing, as_of),
                None => leaf.passes(&from_units(kind, values[at]), as_of),
            })
        };
        match self.sums {
            Sums::Count(counts) => Set::of(n, |at| leaf.passes(&Cell::Number(counts[at].into()), as_of)),
            Sums::Sum(sums, counts) => Set::of(n, |at| {
                let cell = match (&self.measure.agg, counts[at]) {
                    (Agg::Sum(_), _) => sum_value(kind, sums[at]),
                    (_, 0) => Cell::Missing,
                    (_, n) => Cell::Number(sums[at] as f64 / f64::from(n) / kind.scale()),
                };
                leaf.passes(&cell, as_of)
            }),
            Sums::Min(least) => numbers(least, NO_MIN),
            Sums::Max(most) => numbers(most, NO_MAX),
            Sums::Days(mut days) => {
                days.sort_unstable();
                days.dedup();
                let mut counts = vec![0_u32; n];
                days.iter().for_each(|(who, _)| counts[*who as usize] += 1);
                Set::of(n, |at| leaf.passes(&Cell::Number(counts[at].into()), as_of))
            }
            Sums::Texts(mut texts) => {
                texts.sort_unstable();
                let none = self.measure.of_texts(std::iter::empty());
                let mut set = if leaf.passes(&none, as_of) { Set::all(n) } else { Set::none(n) };
                for mine in texts.chunk_by(|left, right| left.0 == right.0) {
                    let who = mine[0].0 as usize;
                    let rows = mine.iter().map(|&(_, at, text)| (at, words.texts[text as usize].as_str()));
                    match leaf.passes(&self.measure.of_texts(rows), as_of) {
                        true => set.insert(who),
                        false => set.remove(who),
                    }
                }
                set
            }
        }
    }
}

/// Facts kept until the fact after which they must come is known.
pub(super) struct Following<'a> {
    pub(super) measure: &'a Measure,
    anchors: Vec<i64>,
    which: Which,
    facts: Vec<(u32, Fact)>,
}

impl<'a> Following<'a> {
    pub(super) fn new(measure: &'a Measure, which: Which, n: usize) -> Self {
        let none = if which == Which::First { NO_MIN } else { NO_MAX };
        Self { measure, anchors: vec![none; n], which, facts: Vec::new() }
    }

    pub(super) fn anchor(&mut self, who: usize, at: i64) {
        let anchor = &mut self.anchors[who];
        *anchor = if self.which == Which::First { (*anchor).min(at) } else { (*anchor).max(at) };
    }

    pub(super) fn add(&mut self, who: usize, fact: Fact) {
        self.facts.push((who as u32, fact));
    }

    pub(super) fn tally(self, n: usize, as_of: &AsOf) -> Tally<'a> {
        let mut tally = Tally::new(self.measure, n);
        let within = match &self.measure.window {
            Window::After(_, within) => *within,
            _ => None,
        };
        let none = if self.which == Which::First { NO_MIN } else { NO_MAX };
        for (who, fact) in self.facts {
            let anchor = self.anchors[who as usize];
            if anchor != none {
                let (from, to) = after(anchor, within, as_of);
                if from <= fact.at && fact.at < to {
                    tally.add(who as usize, fact, as_of);
                }
            }
        }
        tally
    }
}

/// Facts that are steps of a sequence.
pub(super) struct Steps<'a> {
    pub(super) sequence: &'a Sequence,
    rows: Vec<(u32, StepRow)>,
}

impl<'a> Steps<'a> {
    pub(super) fn new(sequence: &'a Sequence) -> Self {
        Self { sequence, rows: Vec::new() }
    }

    pub(super) fn add(&mut self, who: usize, at: i64, step: u8) {
        self.rows.push((who as u32, StepRow { at, step }));
    }

    /// Those who went through it.
    pub(super) fn passing(mut self, n: usize, as_of: &AsOf) -> Set {
        self.rows.sort_unstable();
        let mut set = Set::none(n);
        let mut mine = Vec::new();
        for rows in self.rows.chunk_by(|left, right| left.0 == right.0) {
            mine.clear();
            mine.extend(rows.iter().map(|row| row.1));
            if completes(self.sequence, &mine, as_of) {
                set.insert(rows[0].0 as usize);
            }
        }
        set
    }
}

/// Whether a field's values are read as numbers.
pub(super) fn is_number(measure: &Measure) -> bool {
    matches!(measure.agg, Agg::Sum(_) | Agg::Avg(_) | Agg::Min(_) | Agg::Max(_))
}
