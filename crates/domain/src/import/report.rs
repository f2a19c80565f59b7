//! The report of a load: every row accounted for, what cleaning did, how good the data are.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::accept::Accepted;
use super::entity::Entity;
use super::mapping::Mapping;
use super::profile::ColumnProfile;
use crate::clean::{Reason, Rule};
use crate::frame::Frame;

/// Most texts of skipped lines that a report shows.
pub const MAX_SKIPPED_TEXTS: usize = 20;

/// The report of the load of one file.
///
/// **Shape**: `rows_read = rows_loaded + rows_duplicate + rows_quarantined`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// Name of the file.
    pub file: String,
    /// What the rows became.
    pub entity: Entity,
    /// Source.
    pub source: String,
    /// Load.
    pub batch_id: String,
    /// Rows read; lines that are no rows do not count.
    pub rows_read: u64,
    /// Rows loaded.
    pub rows_loaded: u64,
    /// Rows that were there already.
    pub rows_duplicate: u64,
    /// Rows set aside.
    pub rows_quarantined: u64,
    /// How often each rule fired.
    pub rules: BTreeMap<String, u64>,
    /// The same by rule and column.
    pub rules_by_column: BTreeMap<String, BTreeMap<String, u64>>,
    /// Rows set aside, by reason.
    pub reasons: BTreeMap<String, u64>,
    /// Lines that were no rows.
    pub n_skipped_lines: u64,
    /// The texts of the first of them.
    pub skipped_lines: Vec<String>,
    /// What the loaded columns look like.
    pub columns: Vec<ColumnProfile>,
    /// How good the data are.
    pub quality: Quality,
    /// The mapping used.
    pub mapping: Mapping,
    /// Remarks in Chinese.
    pub notes_zh: Vec<String>,
    /// Remarks in English.
    pub notes_en: Vec<String>,
}

/// The counts of a report do not add up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{read} rows read, but {loaded} loaded + {duplicate} duplicate + {quarantined} quarantined")]
pub struct CountsError {
    /// Rows read.
    pub read: u64,
    /// Rows loaded.
    pub loaded: u64,
    /// Rows that were there already.
    pub duplicate: u64,
    /// Rows set aside.
    pub quarantined: u64,
}

impl LoadReport {
    /// An empty report.
    pub fn new(file: &str, source: &str, batch_id: &str, mapping: Mapping) -> Self {
        Self {
            file: file.to_owned(),
            entity: mapping.entity,
            source: source.to_owned(),
            batch_id: batch_id.to_owned(),
            rows_read: 0,
            rows_loaded: 0,
            rows_duplicate: 0,
            rows_quarantined: 0,
            rules: BTreeMap::new(),
            rules_by_column: BTreeMap::new(),
            reasons: BTreeMap::new(),
            n_skipped_lines: 0,
            skipped_lines: Vec::new(),
            columns: Vec::new(),
            quality: Quality::default(),
            mapping,
            notes_zh: Vec::new(),
            notes_en: Vec::new(),
        }
    }

    /// Adds what became of a batch; accepted rows count as loaded until [`LoadReport::count_duplicates`] says otherwise.
    pub fn add(&mut self, accepted: &Accepted) {
        let (n_loaded, n_rejected) = (accepted.row_no.len() as u64, accepted.rejects.len() as u64);
        self.rows_read += n_loaded + n_rejected;
        self.rows_loaded += n_loaded;
        self.rows_quarantined += n_rejected;
        for reject in &accepted.rejects {
            self.count_reason(reject.reason);
        }
        for ((rule, column), n) in &accepted.counts {
            self.count_rule(*rule, column, *n);
        }
        self.n_skipped_lines += accepted.n_skipped_lines;
        let room = MAX_SKIPPED_TEXTS.saturating_sub(self.skipped_lines.len());
        self.skipped_lines.extend(accepted.skipped_lines.iter().take(room).cloned());
    }

    fn count_reason(&mut self, reason: Reason) {
        *self.reasons.entry(reason.code().to_owned()).or_default() += 1;
    }

    /// Counts a rule on a column.
    pub fn count_rule(&mut self, rule: Rule, column: &str, n: u64) {
        *self.rules.entry(rule.code().to_owned()).or_default() += n;
        *self.rules_by_column.entry(rule.code().to_owned()).or_default().entry(column.to_owned()).or_default() += n;
    }

    /// Moves rows from loaded to duplicate.
    pub fn count_duplicates(&mut self, rule: Rule, column: &str, n: u64) {
        self.rows_loaded = self.rows_loaded.saturating_sub(n);
        self.rows_duplicate += n;
        self.count_rule(rule, column, n);
    }

    /// Whether every row is accounted for.
    ///
    /// # Errors
    /// The counts that do not add up.
    pub fn check_counts(&self) -> Result<(), CountsError> {
        let sum = self.rows_loaded + self.rows_duplicate + self.rows_quarantined;
        if sum == self.rows_read && self.reasons.values().sum::<u64>() == self.rows_quarantined {
            return Ok(());
        }
        Err(CountsError {
            read: self.rows_read,
            loaded: self.rows_loaded,
            duplicate: self.rows_duplicate,
            quarantined: self.rows_quarantined,
        })
    }
}

/// How good the data of a load are, each part 0 to 100.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quality {
    /// Weighted mean of the parts: 30 % validity, 25 % completeness, 20 % consistency, 15 % uniqueness, 10 % timeliness;
    /// the weights of parts that do not apply go to the others.
    pub score: f64,
    /// Mean share of filled cells over the mapped columns.
    pub completeness: f64,
    /// Share of rows read that could be loaded.
    pub validity: f64,
    /// Share of rows read that were not there already.
    pub uniqueness: f64,
    /// Share of rows loaded whose cells do not contradict each other.
    pub consistency: f64,
    /// 100 when the newest fact is at most a day old, half of it a month later: `100 / (1 + (days − 1) / 30)`.
    pub timeliness: Option<f64>,
}

/// What [`quality`] needs to know.
#[derive(Clone, Debug, Default)]
pub struct QualityInput<'a> {
    /// Rows read, loaded, duplicate, quarantined.
    pub rows: (u64, u64, u64, u64),
    /// Profiles of the columns that the mapping fills.
    pub columns: &'a [ColumnProfile],
    /// Rows with a contradiction, summed over [`n_violations`].
    pub n_violations: u64,
    /// Newest fact, when rows are facts.
    pub newest_us: Option<i64>,
    /// Time of the load.
    pub now_us: i64,
}

/// The quality of a load; a load without rows has none to lose and scores 100 in each part.
pub fn quality(input: &QualityInput<'_>) -> Quality {
    let (n_read, n_loaded, n_duplicate, n_quarantined) = input.rows;
    let share = |part: u64, whole: u64| if whole == 0 { 0.0 } else { (part as f64 / whole as f64).min(1.0) };
    let filled: Vec<f64> = input.columns.iter().map(|column| 1.0 - share(column.n_missing, column.n)).collect();
    let completeness = if filled.is_empty() { 1.0 } else { filled.iter().sum::<f64>() / filled.len() as f64 };
    let timeliness = input.newest_us.map(|newest| {
        let days = (input.now_us.saturating_sub(newest)) as f64 / 86_400e6;
        100.0 / (1.0 + (days - 1.0).max(0.0) / 30.0)
    });
    let mut quality = Quality {
        score: 0.0,
        completeness: 100.0 * completeness,
        validity: 100.0 * (1.0 - share(n_quarantined, n_read)),
        uniqueness: 100.0 * (1.0 - share(n_duplicate, n_read)),
        consistency: 100.0 * (1.0 - share(input.n_violations, n_loaded)),
        timeliness,
    };
    let parts = [
        (0.30, Some(quality.validity)),
        (0.25, Some(quality.completeness)),
        (0.20, Some(quality.consistency)),
        (0.15, Some(quality.uniqueness)),
        (0.10, quality.timeliness),
    ];
    let (sum, weight) = parts
        .into_iter()
        .filter_map(|(weight, part)| Some((weight, part?)))
        .fold((0.0, 0.0), |(sum, total), (weight, part)| (sum + weight * part, total + weight));
    quality.score = sum / weight;
    quality
}

/// Rows of a frame whose cells contradict each other: more given back than paid, a net amount of the wrong sign, an order
/// placed after it was paid or before the customer was born, an end before its beginning.
pub fn n_violations(entity: Entity, frame: &Frame) -> u64 {
    let num = |name: &str, row: usize| frame.num(name).and_then(|column| column.get(row));
    let is_wrong = |row: usize| match entity {
        Entity::Orders => {
            let (amount, refunded) = (num("amount", row).unwrap_or(0), num("refunded_amount", row).unwrap_or(0));
            let is_sale = frame.text("kind").and_then(|kinds| kinds.get(row)) == Some("sale");
            let net = num("net_amount", row).unwrap_or(0);
            is_sale && (refunded > amount.max(0) || net < 0) || !is_sale && net > 0
        }
        Entity::OrderLines | Entity::OrderItems => {
            let (amount, units) = (num("amount", row).unwrap_or(0), num("quantity", row).unwrap_or(0));
            let refunded = num("line_refunded_amount", row).unwrap_or(0);
            amount.signum() * units.signum() < 0 || amount > 0 && refunded > amount
        }
        Entity::Interactions => {
            let opened = num("opened_at", row);
            let is_before = |name: &str| opened.zip(num(name, row)).is_some_and(|(opened, later)| later < opened);
            is_before("first_reply_at") || is_before("closed_at")
        }
        Entity::Campaigns => num("started_at", row).zip(num("ended_at", row)).is_some_and(|(start, end)| end < start),
        Entity::Profiles => {
            let born = num("birth_year", row);
            let joined = num("registered_on", row).map(|day| super::read::civil(day).0);
            born.zip(joined).is_some_and(|(born, joined)| joined < born)
        }
        Entity::Products | Entity::Events | Entity::Feedback | Entity::Touches => false,
    };
    (0..frame.n_rows()).filter(|&row| is_wrong(row)).count() as u64
}

/// The newest fact of a frame, `None` when its rows are no facts.
pub fn newest_us(entity: Entity, frame: &Frame) -> Option<i64> {
    frame.num(entity.fact_time()?)?.iter().flatten().max()
}
