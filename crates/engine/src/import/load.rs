//! What is common to all loads: counting, duplicates, quarantine, the cleaning log.

use std::collections::BTreeMap;

use zhike_domain::clean::rule::Rule;
use zhike_domain::frame::{Column, ColumnType, Frame};
use zhike_domain::import::accept::Change;
use zhike_domain::import::entity::Entity;
use zhike_domain::tables;
use zhike_lake::{Publication, Stage};
use zhike_state::{QuarantineRow, QuarantineStatus};
use zhike_vault::SubjectKey;

use super::consents::Said;
use super::people::{People, Resolved};
use super::shards::Shards;
use crate::sealing::QUARANTINE_ROW;
use crate::{Ctx, Result};

/// Cleaning-log rows gathered before they are staged.
const LOG_ROWS: usize = 1 << 16;

/// A load in progress.
pub(crate) struct Load<'a> {
    pub(crate) ctx: &'a Ctx,
    pub(crate) batch_id: i64,
    pub(crate) entity: Entity,
    pub(crate) source: String,
    pub(crate) started_at: i64,
    pub(crate) people: People,
    pub(crate) rules: BTreeMap<(Rule, String), u64>,
    off: Vec<Rule>,
    seen: Shards<()>,
    pub(crate) n_repeated: u64,
    key: SubjectKey,
    pub(crate) quarantine: Vec<QuarantineRow>,
    log: Stage,
    changes: Vec<Change>,
}

/// What the second pass of a load did.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) n_loaded: u64,
    /// Rows that the lake or state has already; rows repeated within the file are counted by the load.
    pub(crate) n_duplicate: u64,
    pub(crate) publication: Publication,
    pub(crate) n_new_profiles: u64,
    pub(crate) n_merged: u64,
    pub(crate) n_set_aside: u64,
    /// What columns that state consent brought; missing when there is none.
    pub(crate) said: Option<Said>,
}

impl Loaded {
    pub(crate) fn people(&mut self, resolved: &Resolved) {
        self.n_new_profiles = resolved.n_new;
        self.n_merged = resolved.n_merged;
        self.n_set_aside = resolved.n_set_aside;
    }
}

/// A row of a file that cannot be loaded.
pub(crate) struct Refused {
    pub(crate) row_no: u64,
    pub(crate) reason: &'static str,
    pub(crate) column: Option<String>,
    pub(crate) detail: String,
    /// The row's cells as a JSON array; sealed before it is stored.
    pub(crate) cells: String,
}

/// Removes the columns of the way here that a table does not have.
pub(crate) fn keep_columns_of(table: &str, frame: &mut Frame) {
    let Some(spec) = tables::table(table) else { return };
    let names = frame.fields().iter().map(|field| field.name.clone());
    let others: Vec<String> = names.filter(|name| spec.column(name).is_none()).collect();
    others.iter().for_each(|name| drop(frame.remove(name)));
}

impl<'a> Load<'a> {
    pub(crate) async fn new(ctx: &'a Ctx, batch_id: i64, entity: Entity, source: &str, off: Vec<Rule>) -> Result<Self> {
        Ok(Self {
            ctx,
            batch_id,
            entity,
            source: source.to_owned(),
            started_at: ctx.now(),
            people: People::new(ctx, source).await?,
            rules: BTreeMap::new(),
            off,
            seen: Shards::default(),
            n_repeated: 0,
            key: crate::sealing::make_batch_key(ctx, batch_id).await?,
            quarantine: Vec::new(),
            log: ctx.lake().stage("cleaning_log", batch_id, "new")?,
            changes: Vec::new(),
        })
    }

    /// Whether a rule is switched off for this source.
    pub(crate) fn is_off(&self, rule: Rule) -> bool {
        self.off.contains(&rule)
    }

    /// Counts uses of a rule.
    pub(crate) fn count(&mut self, rule: Rule, column: &str, n: u64) {
        if n > 0 {
            *self.rules.entry((rule, column.to_owned())).or_default() += n;
        }
    }

    /// For each row, whether it is the first of its kind in the file; counts the others.
    pub(crate) fn first_seen(&mut self, hashes: &[u128]) -> Vec<bool> {
        if self.is_off(Rule::DuplicateRow) {
            return vec![true; hashes.len()];
        }
        let keep: Vec<bool> = hashes.iter().map(|&hash| self.seen.insert(hash, ()).is_none()).collect();
        self.count_repeated(keep.iter().filter(|&&keep| !keep).count() as u64);
        keep
    }

    /// Counts rows that say what an earlier row of the file said.
    pub(crate) fn count_repeated(&mut self, n_repeated: u64) {
        self.n_repeated += n_repeated;
        self.count(Rule::DuplicateRow, "row", n_repeated);
    }

    /// Sets aside a row, sealed.
    pub(crate) fn refuse(&mut self, row: Refused) {
        self.quarantine.push(QuarantineRow {
            batch_id: self.batch_id,
            row_no: i64::try_from(row.row_no).unwrap_or(i64::MAX),
            source: self.source.clone(),
            entity: self.entity.as_str().into(),
            reason_code: row.reason.into(),
            column_name: row.column,
            detail: Some(row.detail),
            sealed: self.key.seal(QUARANTINE_ROW, row.cells.as_bytes()),
            status: QuarantineStatus::Open,
            replay_batch_id: None,
            updated_at: self.started_at,
        });
    }

    /// Notes what cleaning changed.
    pub(crate) fn log(&mut self, changes: Vec<Change>) -> Result<()> {
        self.changes.extend(changes);
        if self.changes.len() >= LOG_ROWS { self.flush_log() } else { Ok(()) }
    }

    fn flush_log(&mut self) -> Result<()> {
        let changes = std::mem::take(&mut self.changes);
        if changes.is_empty() {
            return Ok(());
        }
        let texts = |of: &dyn Fn(&Change) -> String| {
            let mut column = zhike_domain::frame::TextColumn::default();
            changes.iter().for_each(|change| column.push(Some(&of(change))));
            Column::Text(column)
        };
        let mut frame = Frame::new(changes.len());
        let batch = std::iter::repeat_n(Some(self.batch_id), changes.len()).collect();
        frame.set("batch_id", ColumnType::Int, Column::Num(batch));
        frame.set("entity", ColumnType::Text, texts(&|_| self.entity.as_str().to_owned()));
        frame.set("key", ColumnType::Text, texts(&|change| format!("#{}", change.row_no)));
        let row_no = changes.iter().map(|change| Some(change.row_no as i64)).collect();
        frame.set("row_no", ColumnType::Int, Column::Num(row_no));
        frame.set("column", ColumnType::Text, texts(&|change| change.column.clone()));
        frame.set("rule", ColumnType::Text, texts(&|change| change.rule.code().to_owned()));
        frame.set("before", ColumnType::Text, texts(&|change| change.before.clone()));
        frame.set("after", ColumnType::Text, texts(&|change| change.after.clone()));
        Ok(self.log.push(frame)?)
    }

    /// Stages the rest of the cleaning log; the load is over.
    pub(crate) fn finish_log(mut self, publication: &mut Publication) -> Result<Vec<QuarantineRow>> {
        self.flush_log()?;
        publication.change("cleaning_log", self.log.finish()?, Vec::new());
        Ok(self.quarantine)
    }

    /// Adds source, batch and time of loading to rows.
    pub(crate) fn stamp(&self, frame: &mut Frame) {
        let n_rows = frame.n_rows();
        let source = std::iter::repeat_n(Some(self.source.as_str()), n_rows).collect();
        frame.set("source", ColumnType::Text, Column::Text(source));
        let batch = std::iter::repeat_n(Some(self.batch_id), n_rows).collect();
        frame.set("batch_id", ColumnType::Int, Column::Num(batch));
        let at = std::iter::repeat_n(Some(self.started_at), n_rows).collect();
        frame.set("loaded_at", ColumnType::Instant, Column::Num(at));
    }
}
