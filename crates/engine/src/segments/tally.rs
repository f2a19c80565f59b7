//! What is kept per customer while facts stream by, for one measure or sequence.

use std::collections::HashMap;

use zhike_domain::audience::{
    Agg, AsOf, Cell, FieldKind, Leaf, Measure, Sequence, Set, StepRow, Which, Window, after, completes, from_units,
    sum_value,
};
use zhike_domain::frame::{Column, ColumnType, NumColumn, TextColumn};

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
        // Where days begin is asked once, not for every customer.
        let range = match leaf {
            Leaf::Measure(_, test) => test.instants(as_of),
            _ => None,
        };
        let mut set = Set::none(n);
        self.each(n, words, |who, cell| {
            let is_in = match (&range, &cell) {
                (Some(range), Cell::Instant(at)) => range.contains(at),
                _ => leaf.passes(&cell, as_of),
            };
            if is_in {
                set.insert(who);
            }
        });
        set
    }

    /// The measure of every customer as a column.
    pub(super) fn column(self, n: usize, words: &Words) -> (ColumnType, Column) {
        let is_text = matches!(self.measure.agg, Agg::First(_) | Agg::Last(_) | Agg::Top(_));
        let kind = match self.measure.kind() {
            _ if is_text => ColumnType::Text,
            FieldKind::Instant => ColumnType::Instant,
            FieldKind::Day => ColumnType::Day,
            _ => ColumnType::Float,
        };
        let (mut texts, mut numbers, mut floats) = (TextColumn::default(), NumColumn::default(), Vec::new());
        self.each(n, words, |_, cell| match (kind, cell) {
            (ColumnType::Text, cell) => texts.push(cell.text().as_deref()),
            (ColumnType::Float, cell) => floats.push(cell.number()),
            (_, Cell::Instant(value) | Cell::Day(value)) => numbers.push(Some(value)),
            _ => numbers.push(None),
        });
        let column = match kind {
            ColumnType::Text => Column::Text(texts),
            ColumnType::Float => Column::Float(floats),
            _ => Column::Num(numbers),
        };
        (kind, column)
    }

    /// Calls for every customer, in order, with the value of the measure.
    fn each(self, n: usize, words: &Words, mut each: impl FnMut(usize, Cell<'static>)) {
        let kind = match &self.measure.agg {
            Agg::FirstAt | Agg::LastAt => FieldKind::Instant,
            agg => agg.column().map_or(FieldKind::Number(0), |field| self.measure.field_kind(field)),
        };
        let mut numbers = |values: Vec<i64>, none: i64| {
            for (who, value) in values.into_iter().enumerate() {
                each(who, if value == none { Cell::Missing } else { from_units(kind, value) });
            }
        };
        match self.sums {
            Sums::Min(least) => numbers(least, NO_MIN),
            Sums::Max(most) => numbers(most, NO_MAX),
            Sums::Count(counts) => {
                counts.into_iter().enumerate().for_each(|(who, n)| each(who, Cell::Number(n.into())));
            }
            Sums::Sum(sums, counts) => {
                for (who, (sum, count)) in sums.into_iter().zip(counts).enumerate() {
                    each(
                        who,
                        match (&self.measure.agg, count) {
                            (Agg::Sum(_), _) => sum_value(kind, sum),
                            (_, 0) => Cell::Missing,
                            (_, count) => Cell::Number(sum as f64 / f64::from(count) / kind.scale()),
                        },
                    );
                }
            }
            Sums::Days(mut days) => {
                days.sort_unstable();
                days.dedup();
                let mut counts = vec![0_u32; n];
                days.iter().for_each(|(who, _)| counts[*who as usize] += 1);
                counts.into_iter().enumerate().for_each(|(who, n)| each(who, Cell::Number(n.into())));
            }
            Sums::Texts(mut texts) => {
                texts.sort_unstable();
                let none = self.measure.of_texts(std::iter::empty());
                let mut known = texts.chunk_by(|left, right| left.0 == right.0).peekable();
                for who in 0..n {
                    let cell = match known.next_if(|mine| mine[0].0 as usize == who) {
                        Some(mine) => {
                            let rows = mine.iter().map(|&(_, at, text)| (at, words.texts[text as usize].as_str()));
                            self.measure.of_texts(rows)
                        }
                        None => none.clone(),
                    };
                    each(who, cell);
                }
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
