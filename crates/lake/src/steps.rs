//! Facts as a stream of what funnels and their kin are counted from: who, when, which steps.
//!
//! One scan of a table answers all steps of it; a row comes back with one bit per step and nothing else but what it is
//! counted by and taken apart by. Texts become numbers here, so that rows are small and of one size.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use datafusion::arrow::array::{Array, ArrayRef, AsArray, StringViewArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use zhike_domain::audience::{AsOf, Filter, Source};

use crate::facts::FactScan;
use crate::query::QueryRows;
use crate::{Error, Lake, boxed};

/// What is read of one table.
#[derive(Clone, Debug)]
pub struct StepScan<'a> {
    /// Facts of.
    pub of: Source,
    /// The day up to which facts count.
    pub as_of: &'a AsOf,
    /// Instants `from ≤ t < to`.
    pub between: (i64, i64),
    /// First and last id of the customers whose facts are read; of all when absent.
    pub people: Option<(i64, i64)>,
    /// Steps, 32 at most: filters and the bit of each. A row that is none of them is left out.
    pub steps: &'a [(&'a [Filter], u32)],
    /// Text field of which the value is wanted.
    pub value: Option<&'a str>,
    /// Text field that says which session or order a row is of; rows without are left out.
    pub unit: Option<&'a str>,
}

/// Stands for a row without a value.
pub const NO_VALUE: u32 = u32::MAX;

/// Rows as columns of one length.
#[derive(Clone, Debug, Default)]
pub struct StepBatch {
    /// Customers.
    pub profile_id: Vec<i64>,
    /// Instants, in microseconds.
    pub at: Vec<i64>,
    /// Bits of the steps.
    pub steps: Vec<u32>,
    /// Numbers of the values among [`Texts`]; [`NO_VALUE`] for none. Empty when none was asked for.
    pub value: Vec<u32>,
    /// Sessions or orders, by a hash of 64 bits. Empty when not asked for.
    pub unit: Vec<u64>,
}

/// Texts by number.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    by_text: HashMap<String, u32, BuildHasherDefault<DefaultHasher>>,
    texts: Vec<String>,
}

impl Texts {
    /// The number of a text.
    pub fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.by_text.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.by_text.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }

    /// The text of a number.
    pub fn text(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(String::as_str)
    }
}

/// Rows of a scan, a batch at a time.
pub struct StepRows {
    rows: QueryRows,
    bits: Vec<u32>,
    has_value: bool,
    unit_at: Option<usize>,
}

impl Lake {
    /// Facts that are a step, in no order.
    #[boxed]
    pub async fn steps(&self, scan: &StepScan<'_>) -> Result<StepRows, Error> {
        let filters: Vec<&[Filter]> = scan.steps.iter().map(|step| step.0).collect();
        let mut values: Vec<(&str, bool)> = scan.value.map(|field| (field, false)).into_iter().collect();
        let unit_at = scan.unit.map(|field| {
            values.push((field, false));
            values.len() - 1
        });
        let facts = FactScan {
            of: scan.of,
            as_of: scan.as_of,
            between: scan.between,
            arrived: None,
            filters: &filters,
            values: &values,
        };
        let rows = self.fact_rows(&facts, scan.people).await?;
        let bits = scan.steps.iter().map(|step| step.1).collect();
        Ok(StepRows { rows, bits, has_value: scan.value.is_some(), unit_at })
    }
}

impl StepRows {
    /// The next rows; `None` at the end.
    #[boxed]
    pub async fn next(&mut self, texts: &mut Texts) -> Result<Option<StepBatch>, Error> {
        let Some(batch) = self.rows.next_batch().await? else { return Ok(None) };
        let column =
            |name: &str| batch.column_by_name(name).ok_or_else(|| Error::Bug(format!("facts have no column {name}")));
        let n = batch.num_rows();
        let (ids, at) = (longs(column("profile_id")?)?, longs(column("at")?)?);
        let (ids, at) = (ids.as_primitive::<Int64Type>(), at.as_primitive::<Int64Type>());
        let mut steps = vec![0_u32; n];
        for (number, bit) in self.bits.iter().enumerate() {
            let flags = column(&format!("f{number}"))?.as_boolean();
            for (row, steps) in steps.iter_mut().enumerate() {
                *steps |= u32::from(flags.value(row) && flags.is_valid(row)) << bit;
            }
        }
        let mut value = Vec::new();
        if self.has_value {
            value = numbers(&views(column("v0")?)?, texts);
        }
        let mut found =
            StepBatch { profile_id: ids.values().to_vec(), at: at.values().to_vec(), steps, value, unit: Vec::new() };
        if let Some(place) = self.unit_at {
            let units = views(column(&format!("v{place}"))?)?;
            found.unit = units.iter().map(|unit| unit.map_or(0, hash)).collect();
            let has: Vec<bool> = units.iter().map(|unit| unit.is_some_and(|unit| !unit.is_empty())).collect();
            found.keep(&has);
        }
        Ok(Some(found))
    }
}

impl StepBatch {
    fn keep(&mut self, has: &[bool]) {
        fn kept<T: Copy>(column: &mut Vec<T>, has: &[bool]) {
            if column.len() == has.len() {
                let mut flags = has.iter();
                column.retain(|_| flags.next().copied().unwrap_or(false));
            }
        }
        kept(&mut self.profile_id, has);
        kept(&mut self.at, has);
        kept(&mut self.steps, has);
        kept(&mut self.value, has);
        kept(&mut self.unit, has);
    }
}

fn longs(array: &ArrayRef) -> Result<ArrayRef, Error> {
    Ok(cast(array, &DataType::Int64)?)
}

fn views(array: &ArrayRef) -> Result<StringViewArray, Error> {
    Ok(cast(array, &DataType::Utf8View)?.as_string_view().clone())
}

fn hash(text: &str) -> u64 {
    // Without a random seed: the same for every scan.
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// Texts by number; mostly the same as in the row before.
fn numbers(views: &StringViewArray, texts: &mut Texts) -> Vec<u32> {
    let mut last: Option<(&str, u32)> = None;
    let mut found = Vec::with_capacity(views.len());
    for text in views {
        let number = match (text.filter(|text| !text.is_empty()), last) {
            (None, _) => NO_VALUE,
            (Some(text), Some((known, number))) if known == text => number,
            (Some(text), _) => {
                let number = texts.number(text);
                last = Some((text, number));
                number
            }
        };
        found.push(number);
    }
    found
}
