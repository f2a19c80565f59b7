//! The state of one batch while it is read: columns so far, rows given up, rules that fired.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::accept::{Change, Reject};
use super::shape::form;
use crate::clean::money::Currency;
use crate::clean::{Reason, Rule, RuleSet};
use crate::detect::mask_text;
use crate::frame::{Column, ColumnType, Frame, NumColumn, SensitiveColumn, TextColumn};
use crate::mask;

/// Bytes of a rejected cell that are shown.
const SHOWN_BYTES: usize = 80;

/// What a column is called, and whether its values may be shown.
#[derive(Clone, Debug)]
pub(super) struct Label {
    /// Target, or header of a trait.
    pub name: String,
    /// Whether the values are personal.
    pub is_personal: bool,
}

struct Fired {
    row: u32,
    label: u16,
    rules: RuleSet,
}

/// One batch being read.
pub(super) struct Work<'a> {
    /// Rows of the batch.
    pub n_rows: usize,
    pub row_no: &'a [u64],
    pub labels: &'a [Label],
    /// Columns read so far, skipped and rejected rows included.
    pub frame: Frame,
    /// Rows that are no rows, or that were given up.
    pub is_out: Vec<bool>,
    pub rejects: Vec<Reject>,
    /// Rules that are off.
    pub off: RuleSet,
    pub log_all: bool,
    /// Currencies that amounts name themselves; empty when none does.
    pub currencies: Vec<Option<Currency>>,
    fired: Vec<Fired>,
    changes: Vec<(u32, Change)>,
    /// Malformed identities that were left out.
    invalid: Vec<Reject>,
}

impl<'a> Work<'a> {
    pub fn new(row_no: &'a [u64], labels: &'a [Label], off: RuleSet, log_all: bool) -> Self {
        let n_rows = row_no.len();
        Self {
            n_rows,
            row_no,
            labels,
            frame: Frame::new(n_rows),
            is_out: vec![false; n_rows],
            rejects: Vec::new(),
            off,
            log_all,
            currencies: Vec::new(),
            fired: Vec::new(),
            changes: Vec::new(),
            invalid: Vec::new(),
        }
    }

    /// Gives a row up; the first reason stays.
    pub fn reject(&mut self, row: usize, reason: Reason, label: Option<u16>, raw: &str) {
        if self.is_out[row] {
            return;
        }
        self.is_out[row] = true;
        let label = label.map(|label| &self.labels[label as usize]);
        let detail = match label {
            Some(label) if label.is_personal => form(raw),
            _ => shown(raw).into_owned(),
        };
        let column = label.map(|label| label.name.clone());
        self.rejects.push(Reject { row, row_no: self.row_no[row], reason, column, detail });
    }

    /// Remembers a malformed identity, for rows that have no other.
    pub fn note_invalid(&mut self, row: usize, reason: Reason, label: u16, raw: &str) {
        let column = Some(self.labels[label as usize].name.clone());
        self.invalid.push(Reject { row, row_no: self.row_no[row], reason, column, detail: form(raw) });
    }

    /// Gives up a row that says nobody's identity; a malformed one is named as the cause.
    pub fn reject_nobody(&mut self, row: usize) {
        match self.invalid.iter().position(|reject| reject.row == row) {
            Some(at) if !self.is_out[row] => {
                self.is_out[row] = true;
                let reject = self.invalid.swap_remove(at);
                self.rejects.push(reject);
            }
            _ => self.reject(row, Reason::NoIdentity, None, ""),
        }
    }

    /// Gives a row up for what stands in a target.
    pub fn reject_target(&mut self, row: usize, reason: Reason, target: &str, detail: &str) {
        if self.is_out[row] {
            return;
        }
        self.is_out[row] = true;
        let (column, detail) = (Some(target.to_owned()), detail.to_owned());
        self.rejects.push(Reject { row, row_no: self.row_no[row], reason, column, detail });
    }

    /// Notes the rules that fired on a cell.
    pub fn fire(&mut self, row: usize, label: u16, rules: RuleSet, raw: &str, after: Option<&str>) {
        self.fired.push(Fired { row: row as u32, label, rules });
        for rule in rules.iter().filter(|rule| self.log_all || rule.logged_each()) {
            let label = &self.labels[label as usize];
            let show = |value: &str| match label.is_personal {
                true => mask::field(&label.name, value),
                false => shown(value).into_owned(),
            };
            let change = Change {
                row_no: self.row_no[row],
                column: label.name.clone(),
                rule,
                before: show(raw),
                after: after.map(show).unwrap_or_default(),
            };
            self.changes.push((row as u32, change));
        }
    }

    /// Notes one rule that fired on a target.
    pub fn fire_rule(&mut self, row: usize, target: &str, rule: Rule, before: &str, after: &str) {
        let label = self.label_of(target);
        self.fire(row, label, [rule].into_iter().collect(), before, Some(after));
    }

    /// The label of a target; every target of the entity has one.
    pub fn label_of(&self, target: &str) -> u16 {
        self.labels.iter().position(|label| label.name == target).unwrap_or(0) as u16
    }

    /// Whether a rule applies.
    pub fn is_on(&self, rule: Rule) -> bool {
        !self.off.contains(rule)
    }

    pub fn set_num(&mut self, name: &str, kind: ColumnType, column: NumColumn) {
        self.frame.set(name, kind, Column::Num(column));
    }

    pub fn set_text(&mut self, name: &str, column: TextColumn) {
        self.frame.set(name, ColumnType::Text, Column::Text(column));
    }

    pub fn set_sensitive(&mut self, name: &str, column: TextColumn) {
        self.frame.set(name, ColumnType::Sensitive, Column::Sensitive(SensitiveColumn::new(column)));
    }

    /// Takes a numeric column out of the frame.
    pub fn take_num(&mut self, name: &str) -> Option<NumColumn> {
        match self.frame.remove(name)? {
            Column::Num(column) => Some(column),
            _ => None,
        }
    }

    /// Takes a text column out of the frame.
    pub fn take_text(&mut self, name: &str) -> Option<TextColumn> {
        match self.frame.remove(name)? {
            Column::Text(column) => Some(column),
            _ => None,
        }
    }

    /// Gives up the rows in which a required target is missing.
    pub fn require(&mut self, name: &str) {
        let missing: Vec<usize> = match self.frame.column(name) {
            None => (0..self.n_rows).filter(|&row| !self.is_out[row]).collect(),
            Some(column) => (0..self.n_rows).filter(|&row| !self.is_out[row] && column.is_missing(row)).collect(),
        };
        for row in missing {
            self.reject_target(row, Reason::MissingRequired, name, "");
        }
    }

    /// What was noted on the rows that are kept.
    pub fn into_notes(self) -> Notes {
        let mut tally: Vec<BTreeMap<Rule, u64>> = vec![BTreeMap::new(); self.labels.len()];
        // Most columns fire one and the same set on every row: count sets first.
        let mut runs: Vec<(u16, RuleSet, u64)> = Vec::new();
        for fired in self.fired.iter().filter(|fired| !self.is_out[fired.row as usize]) {
            match runs.last_mut() {
                Some((label, rules, n)) if *label == fired.label && *rules == fired.rules => *n += 1,
                _ => runs.push((fired.label, fired.rules, 1)),
            }
        }
        for (label, rules, n) in runs {
            for rule in rules.iter() {
                *tally[label as usize].entry(rule).or_default() += n;
            }
        }
        let mut counts: BTreeMap<(Rule, String), u64> = BTreeMap::new();
        for (label, rules) in tally.into_iter().enumerate() {
            for (rule, n) in rules {
                *counts.entry((rule, self.labels[label].name.clone())).or_default() += n;
            }
        }
        let is_out = self.is_out;
        let mut changes: Vec<(u32, Change)> =
            self.changes.into_iter().filter(|(row, _)| !is_out[*row as usize]).collect();
        changes.sort_by_key(|(row, _)| *row);
        let mut rejects = self.rejects;
        rejects.sort_by_key(|reject| reject.row);
        Notes {
            frame: self.frame,
            is_out,
            rejects,
            counts,
            changes: changes.into_iter().map(|(_, change)| change).collect(),
        }
    }
}

/// What remains of a batch's work.
pub(super) struct Notes {
    pub frame: Frame,
    pub is_out: Vec<bool>,
    pub rejects: Vec<Reject>,
    pub counts: BTreeMap<(Rule, String), u64>,
    pub changes: Vec<Change>,
}

/// A value as it may be shown: personal data in it masked, clipped.
pub(super) fn shown(value: &str) -> Cow<'_, str> {
    let value = match mask_text(value) {
        Some(masked) => Cow::Owned(masked),
        None => Cow::Borrowed(value),
    };
    if value.len() <= SHOWN_BYTES {
        return value;
    }
    let end = (0..=SHOWN_BYTES).rev().find(|&end| value.is_char_boundary(end)).unwrap_or(0);
    Cow::Owned(format!("{}…", &value[..end]))
}
