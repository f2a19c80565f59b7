//! Targets while a file is read: the columns that feed them, missing and outlying values, cells merged downwards.

use super::entity::Target;
use super::mapping::{OutlierSetting, RuleSettings};
use super::read::{Source, read};
use super::shape::strip_marks;
use super::work::Work;
use crate::clean::fill::{FillMissing, fill_numeric};
use crate::clean::number::format_decimal;
use crate::clean::outlier::{OutlierAction, OutlierRule, limits};
use crate::clean::{Reason, Rule};
use crate::frame::{Column, ColumnType, SensitiveColumn, TextColumn};

/// Most values that are kept to learn a column's mean, median or limits.
const MAX_LEARNT: usize = 2_000_000;

/// A target that columns of the file go to.
pub(super) struct Slot {
    pub target: &'static Target,
    pub kind: ColumnType,
    pub label: u16,
    pub sources: Vec<Source>,
    fill: FillMissing,
    outlier: Option<OutlierSetting>,
    learnt: Vec<f64>,
    /// Value for missing cells, limits of sound values: known after learning.
    substitute: Option<i64>,
    bounds: Option<(f64, f64)>,
    /// Last value seen, for [`FillMissing::Previous`].
    previous: Previous,
}

#[derive(Clone, Default)]
enum Previous {
    #[default]
    Nothing,
    Num(i64),
    Text(String),
    Float(f64),
}

impl Slot {
    pub fn new(target: &'static Target, label: u16, source: Source, rules: &RuleSettings) -> Self {
        Self {
            target,
            kind: source.how.column_type(target.kind),
            label,
            sources: vec![source],
            fill: rules.missing.get(target.name).copied().unwrap_or_default(),
            outlier: rules.outliers.get(target.name).copied(),
            learnt: Vec::new(),
            substitute: None,
            bounds: None,
            previous: Previous::Nothing,
        }
    }

    /// Reads the target's columns into one.
    pub fn read(&mut self, cells: &[&TextColumn], work: &mut Work<'_>) {
        let mut column = None;
        for source in &mut self.sources {
            let time = source.time_column.map(|time| cells[time]);
            let next = read(source, cells[source.column], time, work);
            column = Some(match column {
                None => next,
                Some(first) => merge(self.target.name, first, next),
            });
        }
        if let Some(column) = column {
            work.frame.set(self.target.name, self.kind, column);
        }
    }

    /// Adds a batch's values to what means and limits are made from.
    pub fn learn(&mut self, cells: &[&TextColumn], work: &mut Work<'_>) {
        let scale = 10_f64.powi(self.places().into());
        for source in &mut self.sources {
            if let Column::Num(column) = read(source, cells[source.column], None, work) {
                let room = MAX_LEARNT.saturating_sub(self.learnt.len());
                self.learnt.extend(column.iter().flatten().map(|value| value as f64 / scale).take(room));
            }
        }
    }
    fn places(&self) -> u8 {
        match self.kind {
            ColumnType::Decimal(places) => places,
            _ => 0,
        }
    }

    pub fn wants_learning(&self) -> bool {
        matches!(self.fill, FillMissing::Mean | FillMissing::Median)
            || self
                .outlier
                .is_some_and(|setting| matches!(setting.rule, OutlierRule::Sigma { .. } | OutlierRule::Mad { .. }))
    }

    /// Turns what was learnt into a substitute and limits.
    pub fn conclude(&mut self) {
        let learnt = std::mem::take(&mut self.learnt);
        let scale = 10_f64.powi(self.places().into());
        if matches!(self.fill, FillMissing::Mean | FillMissing::Median) && !learnt.is_empty() {
            let mut values: Vec<Option<i64>> =
                learnt.iter().map(|value| Some((value * scale).round() as i64)).collect();
            values.push(None);
            fill_numeric(&mut values, self.fill);
            self.substitute = values.last().copied().flatten();
        }
        if let Some(setting) = self.outlier {
            self.bounds = match setting.rule {
                OutlierRule::Off => None,
                OutlierRule::Limits { low, high } => {
                    Some((low.unwrap_or(f64::NEG_INFINITY), high.unwrap_or(f64::INFINITY)))
                }
                rule => limits(learnt.iter().copied(), rule),
            };
        }
    }

    /// Fills missing values and treats those out of limits, on rows not given up so far.
    pub fn settle(&mut self, work: &mut Work<'_>) {
        let name = self.target.name;
        if let (Some((low, high)), Some(setting)) = (self.bounds, self.outlier)
            && let Some(mut column) = work.take_num(name)
        {
            let scale = 10_f64.powi(self.places().into());
            for row in 0..work.n_rows {
                let Some(value) = column.get(row).filter(|_| !work.is_out[row]) else { continue };
                let number = value as f64 / scale;
                if (low..=high).contains(&number) {
                    continue;
                }
                let before = format_decimal(value, self.places());
                match setting.action {
                    OutlierAction::Flag if work.is_on(Rule::OutlierFlag) => {
                        work.fire_rule(row, name, Rule::OutlierFlag, &before, &before);
                    }
                    OutlierAction::Cap if work.is_on(Rule::OutlierCap) => {
                        let capped = (number.clamp(low, high) * scale).round() as i64;
                        work.fire_rule(row, name, Rule::OutlierCap, &before, &format_decimal(capped, self.places()));
                        column.set(row, Some(capped));
                    }
                    OutlierAction::Quarantine => work.reject_target(row, Reason::Outlier, name, &before),
                    _ => {}
                }
            }
            work.set_num(name, self.kind, column);
        }
        match self.fill {
            FillMissing::Keep => {}
            FillMissing::Unknown if work.is_on(Rule::MissingUnknown) => self.fill_unknown(work),
            FillMissing::Mean if work.is_on(Rule::MissingMean) => self.fill_number(work, Rule::MissingMean),
            FillMissing::Median if work.is_on(Rule::MissingMedian) => self.fill_number(work, Rule::MissingMedian),
            FillMissing::Previous if work.is_on(Rule::MissingPrevious) => self.fill_previous(work),
            _ => {}
        }
    }

    fn fill_unknown(&self, work: &mut Work<'_>) {
        let Some(column) = work.take_text(self.target.name) else { return };
        let mut filled = TextColumn::with_capacity(work.n_rows, column.n_bytes());
        for row in 0..work.n_rows {
            let value = column.get(row);
            if value.is_none() && !work.is_out[row] {
                work.fire_rule(row, self.target.name, Rule::MissingUnknown, "", "unknown");
                filled.push(Some("unknown"));
            } else {
                filled.push(value);
            }
        }
        work.set_text(self.target.name, filled);
    }

    fn fill_number(&self, work: &mut Work<'_>, rule: Rule) {
        let Some(substitute) = self.substitute else { return };
        let Some(mut column) = work.take_num(self.target.name) else { return };
        let after = format_decimal(substitute, self.places());
        for row in 0..work.n_rows {
            if column.get(row).is_none() && !work.is_out[row] {
                column.set(row, Some(substitute));
                work.fire_rule(row, self.target.name, rule, "", &after);
            }
        }
        work.set_num(self.target.name, self.kind, column);
    }

    fn fill_previous(&mut self, work: &mut Work<'_>) {
        let name = self.target.name;
        match work.frame.remove(name) {
            Some(Column::Num(mut column)) => {
                for row in (0..work.n_rows).filter(|&row| !work.is_out[row]).collect::<Vec<_>>() {
                    match (column.get(row), &self.previous) {
                        (Some(value), _) => self.previous = Previous::Num(value),
                        (None, Previous::Num(value)) => {
                            column.set(row, Some(*value));
                            work.fire_rule(
                                row,
                                name,
                                Rule::MissingPrevious,
                                "",
                                &format_decimal(*value, self.places()),
                            );
                        }
                        _ => {}
                    }
                }
                work.set_num(name, self.kind, column);
            }
            Some(Column::Text(column)) => {
                let mut filled = TextColumn::with_capacity(work.n_rows, column.n_bytes());
                for row in 0..work.n_rows {
                    match (column.get(row), &self.previous) {
                        (Some(value), _) => {
                            self.previous = Previous::Text(value.to_owned());
                            filled.push(Some(value));
                        }
                        (None, Previous::Text(value)) if !work.is_out[row] => {
                            work.fire_rule(row, name, Rule::MissingPrevious, "", value);
                            filled.push(Some(value));
                        }
                        _ => filled.push(None),
                    }
                }
                work.set_text(name, filled);
            }
            Some(Column::Float(mut values)) => {
                for (row, value) in
                    values.iter_mut().enumerate().filter(|(row, _)| !work.is_out[*row]).collect::<Vec<_>>()
                {
                    match (&value, &self.previous) {
                        (Some(value), _) => self.previous = Previous::Float(*value),
                        (None, Previous::Float(previous)) => {
                            *value = Some(*previous);
                            work.fire_rule(row, name, Rule::MissingPrevious, "", &previous.to_string());
                        }
                        _ => {}
                    }
                }
                work.frame.set(name, self.kind, Column::Float(values));
            }
            Some(other) => work.frame.set(name, self.kind, other),
            None => {}
        }
    }
}

/// Two columns of one target: reductions add up, else the first value counts.
fn merge(target: &str, first: Column, second: Column) -> Column {
    match (first, second) {
        (Column::Num(first), Column::Num(second)) => {
            let is_sum = target.ends_with("discount");
            let add = |(left, right): (Option<i64>, Option<i64>)| match (left, right) {
                (Some(left), Some(right)) if is_sum => left.abs().checked_add(right.abs()),
                (left, right) => left.or(right),
            };
            Column::Num(first.iter().zip(second.iter()).map(add).collect())
        }
        (Column::Text(first), Column::Text(second)) => {
            Column::Text(first.iter().zip(second.iter()).map(|(left, right)| left.or(right)).collect())
        }
        (Column::Sensitive(first), Column::Sensitive(second)) => {
            let values = first.expose().iter().zip(second.expose().iter());
            Column::Sensitive(SensitiveColumn::new(values.map(|(left, right)| left.or(right)).collect()))
        }
        (Column::Float(first), Column::Float(second)) => {
            Column::Float(first.into_iter().zip(second).map(|(left, right)| left.or(right)).collect())
        }
        (first, _) => first,
    }
}

/// Cells that repeat downwards within an order.
pub(super) struct FillDown {
    order_column: usize,
    /// File columns of the order, with their labels.
    columns: Vec<(usize, u16)>,
    last_order: Option<String>,
    last: Vec<Option<String>>,
}

const ORDER_LEVEL: &[&str] = &[
    "order_id",
    "ordered_at",
    "paid_at",
    "completed_at",
    "cancelled_at",
    "status",
    "fulfillment_status",
    "order_amount",
    "order_discount",
    "refunded_amount",
    "merchant_amount",
    "currency",
    "channel",
    "store_id",
    "coupon_id",
    "campaign_id",
    "country",
    "province",
    "city",
];

/// What is filled down, when the file has orders.
pub(super) fn fill_down(slots: &[Slot]) -> Option<FillDown> {
    let order_column = slots.iter().find(|slot| slot.target.name == "order_id")?.sources.first()?.column;
    let of_order = |slot: &&Slot| ORDER_LEVEL.contains(&slot.target.name) || slot.target.identity().is_some();
    let columns: Vec<(usize, u16)> = slots
        .iter()
        .filter(of_order)
        .flat_map(|slot| {
            slot.sources
                .iter()
                .flat_map(|source| [Some(source.column), source.time_column])
                .flatten()
                .map(|column| (column, slot.label))
        })
        .collect();
    let last = vec![None; columns.len()];
    Some(FillDown { order_column, columns, last_order: None, last })
}

impl FillDown {
    /// The order's columns with the blanks of further lines filled from the first.
    pub fn fill(&mut self, cells: &[&TextColumn], work: &mut Work<'_>) -> Vec<(usize, TextColumn)> {
        let mut filled: Vec<TextColumn> =
            self.columns.iter().map(|_| TextColumn::with_capacity(work.n_rows, 0)).collect();
        let value = |column: usize, row: usize| cells[column].get(row).filter(|cell| !strip_marks(cell).is_empty());
        for row in 0..work.n_rows {
            let order = value(self.order_column, row);
            let is_same = match (order, self.last_order.as_deref()) {
                (Some(order), Some(last)) => strip_marks(order) == last,
                (None, Some(_)) => true,
                (_, None) => false,
            } && !work.is_out[row];
            for (at, &(column, label)) in self.columns.iter().enumerate() {
                let own = value(column, row);
                match (own, &self.last[at]) {
                    (None, Some(last)) if is_same => {
                        let label_is_personal = work.labels[label as usize].is_personal;
                        let after = if label_is_personal { String::new() } else { last.clone() };
                        work.fire(row, label, [Rule::FillDown].into_iter().collect(), "", Some(&after));
                        filled[at].push(Some(last));
                    }
                    _ => filled[at].push(cells[column].get(row)),
                }
                if !work.is_out[row] && (!is_same || own.is_some()) {
                    self.last[at] = own.map(str::to_owned);
                }
            }
            if let Some(order) = order.filter(|_| !work.is_out[row]) {
                self.last_order = Some(strip_marks(order).to_owned());
            }
        }
        self.columns.iter().map(|&(column, _)| column).zip(filled).collect()
    }
}
