//! Rows taken out of the files that hold them, and files and entries of the log that nobody needs any more.
//!
//! Rows are told by opaque ids, so neither the log nor a plan names a person (RFD 0002). A file is written anew only when one of
//! its rows goes; its other rows stay as they are, in their order.
//!
//! - INV-LAKE-4: once [`Lake::forget_history`] has returned, nothing below a table's folder holds rows or statistics that its
//!   newest version does not.

use crate::boxed;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch};
use datafusion::arrow::compute::{cast, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Int64Type};
use zhike_domain::erasure::{Erased, Fate};
use zhike_domain::tables::{Home, TABLES, TableSpec};

use crate::find::{open_file, with_partition};
use crate::provider::FileEntry;
use crate::query::time_column;
use crate::stage::{StagedFile, sync_dir};
use crate::{Error, Lake, convert};

#[cfg(test)]
mod tests;

/// Facts that a legal period can keep without the person.
const BOOKS: [&str; 3] = ["orders", "order_items", "refunds"];

/// What was staged, and how many rows go and stay.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rewritten {
    /// Files to show.
    pub add: Vec<StagedFile>,
    /// Files to hide, by path within the table.
    pub remove: Vec<String>,
    /// Rows that go, by person; of a purge all under one.
    pub n_gone: Vec<u64>,
    /// Rows that stay without the person, by person.
    pub n_nameless: Vec<u64>,
}

/// What becomes of one row.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    Keep,
    Drop(usize),
    Unname(usize),
    Give(i64),
}

/// Tables with rows about people.
pub(crate) fn of_people(spec: &TableSpec) -> bool {
    matches!(spec.home, Home::Lake { .. }) && spec.column("profile_id").is_some()
}

impl Lake {
    /// Tables that have rows about people.
    pub fn tables_of_people(&self) -> impl Iterator<Item = &'static str> + use<> {
        TABLES.iter().filter(|spec| of_people(spec)).map(|spec| spec.name)
    }

    /// Writes the files of a table that hold rows of erased people again without those (INV-ERASE-1). Orders, their lines and
    /// refunds since `kept_since` stay, without the person and without the further columns of their file.
    ///
    /// **Errors**: when a file cannot be read or written, or is damaged.
    #[boxed]
    pub async fn stage_erased(
        &self,
        table: &str,
        batch_id: i64,
        erased: &Erased,
        kept_since: Option<i64>,
    ) -> Result<Rewritten, Error> {
        let kept_since = kept_since.filter(|_| BOOKS.contains(&table));
        let act = |[profile, identity, at]: [Option<i64>; 3]| match erased.fate(profile, identity, at) {
            Fate::Stays => Act::Keep,
            Fate::Moves(owner) => Act::Give(owner),
            Fate::Goes(one) if at.zip(kept_since).is_some_and(|(at, since)| at >= since) => Act::Unname(one),
            Fate::Goes(one) => Act::Drop(one),
        };
        self.rewrite_rows(table, batch_id, erased.n(), |_| true, act).await
    }

    /// How many rows of a table are about erased people, or name them.
    #[boxed]
    pub async fn n_rows_of(&self, table: &str, erased: &Erased) -> Result<u64, Error> {
        let Some(version) = self.version(table).await? else { return Ok(0) };
        let (spec, root) = self.table_root(table)?;
        let mut n = 0;
        for file in &version.files {
            for batch in open_file(root, file, Some(&read_columns(spec)))? {
                let keys = keys_of(spec, &batch?)?;
                n += keys
                    .iter()
                    .filter(|[profile, identity, at]| erased.fate(*profile, *identity, *at) != Fate::Stays)
                    .count();
            }
        }
        Ok(n as u64)
    }

    /// Writes the files of a table that hold rows from before an instant again without those, or without whom they are about.
    ///
    /// **Errors**: as [`Lake::stage_erased`].
    #[boxed]
    pub async fn stage_purged(
        &self,
        table: &str,
        batch_id: i64,
        before: i64,
        only_names: bool,
    ) -> Result<Rewritten, Error> {
        let (spec, _) = self.table_root(table)?;
        let Some(time) = time_column(spec) else { return Ok(Rewritten::default()) };
        let is_old = |file: &FileEntry| file.smallest(time).is_none_or(|first| first < before);
        let act = |[profile, identity, at]: [Option<i64>; 3]| match at.is_some_and(|at| at < before) {
            false => Act::Keep,
            true if only_names && profile.is_none() && identity.is_none() => Act::Keep,
            true if only_names => Act::Unname(0),
            true => Act::Drop(0),
        };
        self.rewrite_rows(table, batch_id, 1, is_old, act).await
    }

    /// How many rows of a table are from before an instant; with `named`, of those only that name somebody.
    #[boxed]
    pub async fn n_rows_before(&self, table: &str, before: i64, named: bool) -> Result<u64, Error> {
        let Some(version) = self.version(table).await? else { return Ok(0) };
        let (spec, root) = self.table_root(table)?;
        let Some(time) = time_column(spec) else { return Ok(0) };
        let mut n = 0;
        for file in version.files.iter().filter(|file| file.smallest(time).is_none_or(|first| first < before)) {
            for batch in open_file(root, file, Some(&read_columns(spec)))? {
                let counts = |[profile, identity, at]: &[Option<i64>; 3]| {
                    at.is_some_and(|at| at < before) && (!named || profile.is_some() || identity.is_some())
                };
                n += keys_of(spec, &batch?)?.iter().filter(|keys| counts(keys)).count() as u64;
            }
        }
        Ok(n)
    }

    async fn rewrite_rows(
        &self,
        table: &str,
        batch_id: i64,
        n_people: usize,
        is_candidate: impl Fn(&FileEntry) -> bool,
        act: impl Fn([Option<i64>; 3]) -> Act,
    ) -> Result<Rewritten, Error> {
        let mut done = Rewritten { n_gone: vec![0; n_people], n_nameless: vec![0; n_people], ..Rewritten::default() };
        let Some(version) = self.version(table).await? else { return Ok(done) };
        let (spec, root) = self.table_root(table)?;
        let schema = convert::arrow_schema(spec)?;
        for file in version.files.iter().filter(|file| is_candidate(file)) {
            let mut is_touched = false;
            for batch in open_file(root, file, Some(&read_columns(spec)))? {
                is_touched |= keys_of(spec, &batch?)?.into_iter().any(|keys| act(keys) != Act::Keep);
            }
            if !is_touched {
                continue;
            }
            // Damage must not be written anew as if it were right.
            crate::check::verify(table, root, &file.path)?;
            // One stage a file: tables that are replaced by day must not have two days in one.
            let mut stage = self.stage(table, batch_id, "erase")?;
            for batch in open_file(root, file, None)? {
                let batch = with_partition(spec, file, &schema, &batch?)?;
                let acts: Vec<Act> = keys_of(spec, &batch)?.into_iter().map(&act).collect();
                for one in &acts {
                    match one {
                        Act::Drop(person) => done.n_gone[*person] += 1,
                        Act::Unname(person) => done.n_nameless[*person] += 1,
                        Act::Keep | Act::Give(_) => {}
                    }
                }
                let rest = applied(&batch, &acts)?;
                if rest.num_rows() > 0 {
                    stage.push_batch(rest)?;
                }
            }
            done.add.extend(stage.finish()?);
            done.remove.push(file.path.clone());
        }
        Ok(done)
    }

    /// Removes every file of a table that its newest version does not name, sums the log up and removes its older entries;
    /// returns how many files and entries went. The caller holds the write lock: what others have staged would go too. Queries
    /// that still read an older version fail and can be asked again.
    ///
    /// **Errors**: when files cannot be read, written or removed.
    #[boxed]
    pub async fn forget_history(&self, table: &str) -> Result<(usize, usize), Error> {
        let n_files = self.remove_unseen(table, Duration::ZERO).await?;
        let Some(newest) = self.sum_up(table).await? else { return Ok((n_files, 0)) };
        let (_, root) = self.table_root(table)?;
        let log = root.join("_delta_log");
        let mut n_entries = 0;
        for entry in std::fs::read_dir(&log).map_err(|error| Error::io("list", &log, error))? {
            let path = entry.map_err(|error| Error::io("list", &log, error))?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let number = name.get(..20).and_then(|digits| digits.parse::<i64>().ok());
            if number.is_some_and(|number| number < newest) {
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
                n_entries += usize::from(name.ends_with(".json"));
            }
        }
        sync_dir(&log)?;
        // What was read from those entries cannot be read on from.
        self.close_table(table).await?;
        Ok((n_files, n_entries))
    }
}

/// The columns by which rows are told.
pub(crate) fn read_columns(spec: &TableSpec) -> Vec<&'static str> {
    let wanted = ["profile_id", "identity_id"].into_iter().chain(time_column(spec));
    wanted.filter(|name| spec.column(name).is_some()).collect()
}

/// Profile, identity and instant of every row.
pub(crate) fn keys_of(spec: &TableSpec, batch: &RecordBatch) -> Result<Vec<[Option<i64>; 3]>, Error> {
    let numbers = |name: Option<&str>| -> Result<Option<ArrayRef>, Error> {
        let Some(array) = name.and_then(|name| batch.column_by_name(name)) else { return Ok(None) };
        Ok(Some(cast(array, &DataType::Int64)?))
    };
    let columns = [numbers(Some("profile_id"))?, numbers(Some("identity_id"))?, numbers(time_column(spec))?];
    let value = |array: &Option<ArrayRef>, row: usize| {
        let array = array.as_ref()?.as_primitive::<Int64Type>();
        array.is_valid(row).then(|| array.value(row))
    };
    Ok((0..batch.num_rows()).map(|row| [0, 1, 2].map(|at: usize| value(&columns[at], row))).collect())
}

fn applied(batch: &RecordBatch, acts: &[Act]) -> Result<RecordBatch, Error> {
    let mut batch = batch.clone();
    if acts.iter().any(|act| matches!(act, Act::Unname(_) | Act::Give(_))) {
        let is_nameless: BooleanArray = acts.iter().map(|act| Some(matches!(act, Act::Unname(_)))).collect();
        let mut columns = batch.columns().to_vec();
        for (at, field) in batch.schema_ref().fields().iter().enumerate() {
            columns[at] = match field.name().as_str() {
                "profile_id" => {
                    let old = columns[at].as_primitive::<Int64Type>();
                    let owner = |(row, act): (usize, &Act)| match act {
                        Act::Unname(_) => None,
                        Act::Give(owner) => Some(*owner),
                        _ => old.is_valid(row).then(|| old.value(row)),
                    };
                    Arc::new(acts.iter().enumerate().map(owner).collect::<Int64Array>())
                }
                // What a file said besides may tell whose it was.
                "identity_id" | "traits" => datafusion::arrow::compute::nullif(&columns[at], &is_nameless)?,
                _ => continue,
            };
        }
        batch = RecordBatch::try_new(batch.schema(), columns)?;
    }
    let stays: BooleanArray = acts.iter().map(|act| Some(!matches!(act, Act::Drop(_)))).collect();
    Ok(filter_record_batch(&batch, &stays)?)
}
