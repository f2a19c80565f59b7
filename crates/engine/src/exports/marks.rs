//! Marks: rows of nobody in large files of customers, by which a file that turned up elsewhere tells which export it is.
//!
//! One mark in every [`EVERY`] rows, at a place and with a number that follow from the vault and from a number drawn for
//! the export, which the audit trail keeps. A mark copies its neighbour's figures, so that no filter or order sets it
//! apart; nobody without the vault can tell it from a customer. It deters whoever could pass a file on; it does not stop
//! somebody who leaves the customers' numbers out.

use std::collections::HashSet;
use std::io::{BufRead, Cursor, Read};

use serde_json::Value as Json;
use zhike_domain::id::ProfileId;
use zhike_lake::read::{self, Input, ReadOptions};
use zhike_state::AuditFilter;

use crate::customers::Listed;
use crate::{Ctx, Error, Result, boxed};

/// Files with fewer rows bear none.
const MIN_ROWS: u64 = 200;
/// Rows to a mark.
const EVERY: u64 = 100;
/// Marks of a file at most.
const MAX_MARKS: u64 = 500;
/// What numbers and places are derived for.
const PURPOSE: &str = "export mark";
/// Entries of the trail read at a time.
const PAGE: usize = 1_000;
/// Rows of a file read at a time.
const BATCH: usize = 5_000;

/// The marks of one export.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// After which row, and as whom; in order.
    marks: Vec<(usize, i64)>,
}

impl Marks {
    /// The marks of an export: `number` is drawn for it and kept in the trail.
    pub(super) fn new(ctx: &Ctx, number: i64, n_rows: u64) -> Self {
        let n_marks = if n_rows < MIN_ROWS { 0 } else { (n_rows / EVERY).min(MAX_MARKS) };
        let block = n_rows.checked_div(n_marks).unwrap_or(0);
        let mark = |nth: u64| {
            let seal = ctx.vault().seal_document(PURPOSE, &[number.to_be_bytes(), nth.to_be_bytes()].concat());
            let [who, place] =
                [0, 8].map(|at| seal[at..at + 8].iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
            ((nth * block + place % block) as usize, ProfileId::new(who as i64).get())
        };
        Self { marks: (0..n_marks).map(mark).collect() }
    }

    /// How many there are.
    pub(super) fn len(&self) -> u64 {
        self.marks.len() as u64
    }

    /// Puts marks among rows of which the first is the `from`th of the file; how many.
    pub(super) fn insert(&self, from: usize, rows: &mut Vec<Listed>) -> u64 {
        let n_rows = rows.len();
        let here = self.marks.iter().filter(|(at, _)| (from..from + n_rows).contains(at));
        // From the end, so that the places before stay.
        for (at, id) in here.rev() {
            let Some(neighbour) = rows.get(at - from) else { continue };
            let mut mark = neighbour.clone();
            mark.profile_id = ProfileId::new(*id);
            // Whose masked name and phone it bears is somebody else's, or twins would give it away.
            let other = &rows[(at - from + n_rows / 2) % n_rows];
            (mark.personal, mark.identity) = (other.personal.clone(), other.identity.clone());
            rows.insert(at - from + 1, mark);
        }
        (rows.len() - n_rows) as u64
    }
}

/// An export that a file comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Traced {
    /// Its entry in the audit trail.
    pub seq: i64,
    /// When it was made, in microseconds.
    pub at: i64,
    /// By whom.
    pub actor: String,
    /// What it held.
    pub subject: String,
    /// Code of the purpose.
    pub purpose: String,
    /// Its rows.
    pub n_rows: u64,
    /// Its marks.
    pub n_marks: u64,
    /// Those of them that the file holds.
    pub n_found: u64,
}

/// The exports whose marks stand in a file, the surest first: a table, or any text with numbers of customers in it.
///
/// **Errors**: `unavailable` when the trail cannot be read.
#[boxed]
pub async fn trace(ctx: &Ctx, content: Vec<u8>) -> Result<Vec<Traced>> {
    let ids = tokio::task::spawn_blocking(move || numbers_in(content));
    let ids = ids.await.map_err(|error| Error::bug("read a file", error))?;
    let filter = AuditFilter { action: Some("export.create".into()), ..AuditFilter::default() };
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let page = ctx.store().audit_list(&filter, before, PAGE).await?;
        before = page.last().map(|row| row.seq);
        for row in &page {
            let detail: Json = serde_json::from_str(&row.detail_json).unwrap_or_default();
            let Some(number) = detail["mark"].as_str().and_then(|text| i64::from_str_radix(text, 16).ok()) else {
                continue;
            };
            let marks = Marks::new(ctx, number, detail["marked"].as_u64().unwrap_or(0));
            let n_found = marks.marks.iter().filter(|(_, id)| ids.contains(id)).count() as u64;
            if n_found > 0 {
                found.push(Traced {
                    seq: row.seq,
                    at: row.at,
                    actor: row.actor.clone(),
                    subject: row.subject.clone(),
                    purpose: detail["purpose"].as_str().unwrap_or_default().to_owned(),
                    n_rows: detail["rows"].as_u64().unwrap_or(0),
                    n_marks: marks.len(),
                    n_found,
                });
            }
        }
        if page.len() < PAGE {
            found.sort_by_key(|one| std::cmp::Reverse((one.n_found, one.seq)));
            return Ok(found);
        }
    }
}

/// Numbers of customers in a file: in its cells when it is a table, and wherever they stand in its bytes.
fn numbers_in(content: Vec<u8>) -> HashSet<i64> {
    let mut found = HashSet::new();
    find(&content, &mut found);
    let input = |content: &Vec<u8>| Input::reader("file", content.len() as u64, Box::new(Cursor::new(content.clone())));
    let options = ReadOptions::default();
    let reader =
        read::sniff(&mut input(&content), &options).and_then(|sniffed| read::open(input(&content), &sniffed, &options));
    // What is no table was looked through as bytes.
    let Ok(mut reader) = reader else { return found };
    while let Ok(Some(batch)) = reader.next_batch(BATCH) {
        for column in &batch.columns {
            for cell in column.iter().flatten() {
                find(cell.as_bytes(), &mut found);
            }
        }
    }
    found
}

/// Finds `prf_…` in bytes.
fn find(bytes: &[u8], found: &mut HashSet<i64>) {
    let mut rest = Cursor::new(bytes);
    let mut word = Vec::new();
    while rest.read_until(b'_', &mut word).is_ok_and(|n| n > 0) {
        if word.ends_with(b"prf_") {
            let mut digits = [0; 13];
            let at = rest.position();
            if rest.read_exact(&mut digits).is_ok()
                && let Ok(text) = std::str::from_utf8(&digits)
                && let Ok(id) = format!("{}{text}", ProfileId::PREFIX).parse::<ProfileId>()
            {
                found.insert(id.get());
            } else {
                rest.set_position(at);
            }
        }
        word.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_found_wherever_they_stand() {
        let id = ProfileId::new(7);
        for text in [format!("{id}"), format!("a_b,\"{id}\",x"), format!("prf_{id}prf_"), format!("prf_?{id}\n")] {
            let mut found = HashSet::new();
            find(text.as_bytes(), &mut found);
            assert_eq!(found, HashSet::from([7]), "{text}");
        }
    }
}
