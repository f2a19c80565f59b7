//! What a loaded column looks like: how full, how varied, from where to where.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::clean::number::format_decimal;
use crate::frame::{Column, ColumnType, Frame};

use super::read::civil;

/// Distinct values counted one by one before they are estimated.
const MAX_EXACT: usize = 4096;
/// Bits that choose a register; 4096 registers err by 1.6 %.
const REGISTER_BITS: u32 = 12;

/// What one column of a load looks like.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnProfile {
    /// Name.
    pub name: String,
    /// Rows.
    pub n: u64,
    /// Rows without a value.
    pub n_missing: u64,
    /// Distinct values, exact up to 4096, estimated above.
    pub n_distinct_estimate: u64,
    /// Least value of numbers, days and instants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Greatest value of numbers, days and instants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
}

/// Collects the profiles of a load's columns, batch by batch.
#[derive(Clone, Debug, Default)]
pub struct Profiler {
    columns: Vec<Seen>,
    n_rows: u64,
}

#[derive(Clone, Debug)]
struct Seen {
    name: String,
    kind: ColumnType,
    n: u64,
    n_missing: u64,
    distinct: Distinct,
    range: Option<(f64, f64)>,
    whole_range: Option<(i64, i64)>,
}

impl Profiler {
    /// Adds the rows of a frame.
    pub fn add(&mut self, frame: &Frame) {
        self.n_rows += frame.n_rows() as u64;
        for (field, column) in frame.fields().iter().zip(frame.columns()) {
            let at = match self.columns.iter().position(|seen| seen.name == field.name) {
                Some(at) => at,
                None => {
                    self.columns.push(Seen {
                        name: field.name.clone(),
                        kind: field.kind,
                        n: 0,
                        n_missing: 0,
                        distinct: Distinct::default(),
                        range: None,
                        whole_range: None,
                    });
                    self.columns.len() - 1
                }
            };
            self.columns[at].add(column);
        }
    }

    /// The profiles so far; rows of batches without a column count as missing in it.
    pub fn profiles(&self) -> Vec<ColumnProfile> {
        self.columns
            .iter()
            .map(|seen| {
                let (min, max) = seen.bounds();
                ColumnProfile {
                    name: seen.name.clone(),
                    n: self.n_rows,
                    n_missing: seen.n_missing + (self.n_rows - seen.n),
                    n_distinct_estimate: seen.distinct.estimate(),
                    min,
                    max,
                }
            })
            .collect()
    }
}

impl Seen {
    fn add(&mut self, column: &Column) {
        self.n += column.len() as u64;
        match column {
            Column::Text(texts) => texts.iter().for_each(|text| self.add_text(text)),
            Column::Sensitive(texts) => texts.expose().iter().for_each(|text| self.add_text(text)),
            Column::Num(numbers) => {
                for value in numbers.iter() {
                    let Some(value) = value else {
                        self.n_missing += 1;
                        continue;
                    };
                    self.distinct.add(xxh3_64(&value.to_le_bytes()));
                    let (low, high) = self.whole_range.get_or_insert((value, value));
                    (*low, *high) = (value.min(*low), value.max(*high));
                }
            }
            Column::Float(numbers) => {
                for value in numbers {
                    let Some(value) = value else {
                        self.n_missing += 1;
                        continue;
                    };
                    self.distinct.add(xxh3_64(&value.to_bits().to_le_bytes()));
                    let (low, high) = self.range.get_or_insert((*value, *value));
                    (*low, *high) = (value.min(*low), value.max(*high));
                }
            }
        }
    }

    fn add_text(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.distinct.add(xxh3_64(text.as_bytes())),
            None => self.n_missing += 1,
        }
    }

    fn bounds(&self) -> (Option<String>, Option<String>) {
        let show = |value: i64| match self.kind {
            ColumnType::Decimal(places) => format_decimal(value, places),
            ColumnType::Day => day_text(value),
            ColumnType::Instant => {
                let second = value.div_euclid(1_000_000);
                let (day, of_day) = (second.div_euclid(86_400), second.rem_euclid(86_400));
                format!("{}T{:02}:{:02}:{:02}Z", day_text(day), of_day / 3600, of_day / 60 % 60, of_day % 60)
            }
            _ => value.to_string(),
        };
        if let Some((low, high)) = self.whole_range {
            return (Some(show(low)), Some(show(high)));
        }
        self.range.map_or((None, None), |(low, high)| (Some(low.to_string()), Some(high.to_string())))
    }
}

fn day_text(day: i64) -> String {
    let (year, month, day) = civil(day);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Counts distinct hashes: exactly while few, by HyperLogLog (Flajolet and others, 2007) when many.
#[derive(Clone, Debug)]
enum Distinct {
    Few(HashSet<u64, foldhash::fast::FixedState>),
    Many(Vec<u8>),
}

impl Default for Distinct {
    fn default() -> Self {
        Self::Few(HashSet::default())
    }
}

impl Distinct {
    fn add(&mut self, hash: u64) {
        match self {
            Self::Few(seen) => {
                seen.insert(hash);
                if seen.len() > MAX_EXACT {
                    let mut registers = vec![0; 1 << REGISTER_BITS];
                    seen.iter().for_each(|&hash| raise(&mut registers, hash));
                    *self = Self::Many(registers);
                }
            }
            Self::Many(registers) => raise(registers, hash),
        }
    }

    fn estimate(&self) -> u64 {
        let registers = match self {
            Self::Few(seen) => return seen.len() as u64,
            Self::Many(registers) => registers,
        };
        let m = registers.len() as f64;
        let sum: f64 = registers.iter().map(|&rank| 2_f64.powi(-i32::from(rank))).sum();
        let raw = 0.7213 / (1.0 + 1.079 / m) * m * m / sum;
        let n_empty = registers.iter().filter(|&&rank| rank == 0).count();
        let is_small = raw <= 2.5 * m && n_empty > 0;
        (if is_small { m * (m / n_empty as f64).ln() } else { raw }).round() as u64
    }
}

fn raise(registers: &mut [u8], hash: u64) {
    let register = (hash >> (64 - REGISTER_BITS)) as usize;
    let rank = (hash << REGISTER_BITS | 1 << (REGISTER_BITS - 1)).leading_zeros() as u8 + 1;
    registers[register] = registers[register].max(rank);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::{MONEY, NumColumn, SensitiveColumn, TextColumn};

    #[test]
    fn distinct_counts_are_exact_then_close() {
        for n in [0_u64, 10, 4096, 50_000, 1_000_000] {
            let mut distinct = Distinct::default();
            for value in 0..n {
                distinct.add(xxh3_64(&value.to_le_bytes()));
                distinct.add(xxh3_64(&(value / 2).to_le_bytes()));
            }
            let estimate = distinct.estimate();
            let error = estimate.abs_diff(n) as f64 / n.max(1) as f64;
            assert!(error <= if n <= 4096 { 0.0 } else { 0.05 }, "{n}: {estimate}");
        }
    }

    #[test]
    fn profiles_grow_with_batches_and_hide_personal_values() {
        let amounts: NumColumn = [Some(100), None, Some(-250)].into_iter().collect();
        let phones: TextColumn = [Some("13800138001"), Some("13800138002"), None].into_iter().collect();
        let frame = Frame::new(3).with("amount", MONEY, Column::Num(amounts)).with(
            "phone",
            ColumnType::Sensitive,
            Column::Sensitive(SensitiveColumn::new(phones)),
        );
        let mut profiler = Profiler::default();
        profiler.add(&frame);
        profiler.add(&Frame::new(2));
        let profiles = profiler.profiles();
        assert_eq!((profiles[0].n, profiles[0].n_missing, profiles[0].n_distinct_estimate), (5, 3, 2));
        assert_eq!((profiles[0].min.as_deref(), profiles[0].max.as_deref()), (Some("-2.50"), Some("1.00")));
        assert_eq!((profiles[1].n_distinct_estimate, &profiles[1].min), (2, &None));
    }
}
