//! What may have changed since: whether an answer that was given earlier still holds.
//!
//! Files never change once they are shown, and the log knows the smallest instant in each. So an answer about what happened
//! before some instant holds as long as all files that came or went since begin at or after it.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use zhike_domain::frame::Frame;

use crate::provider::{FileEntry, TableVersion};
use crate::query::time_column;
use crate::{Error, Lake, boxed};

/// Answers remembered at most; they are sums of a few rows.
const MAX_ANSWERS: usize = 256;

/// Some tables at a moment, and whose their rows were.
#[derive(Clone, Debug)]
pub struct Mark {
    tables: Vec<(&'static str, Option<Arc<TableVersion>>)>,
    overrides: u64,
    sessions: u64,
}

impl Mark {
    /// The earliest instant of rows of a table that are others than at an earlier moment; `i64::MAX` when none are,
    /// `i64::MIN` when nothing is known. Whose they are is another question.
    pub fn changed_from(&self, earlier: &Self, table: &str) -> i64 {
        let of = |mark: &Self| mark.tables.iter().find(|(name, _)| *name == table).cloned();
        match (of(self), of(earlier)) {
            (Some((_, Some(now))), Some((_, Some(then)))) if now.number == then.number => i64::MAX,
            (Some((name, now)), Some((_, then))) => {
                let files = |version: &Option<Arc<TableVersion>>| {
                    version.iter().flat_map(|version| version.files.clone()).collect::<Vec<FileEntry>>()
                };
                earliest_difference(name, &files(&now), &files(&then))
            }
            _ => i64::MIN,
        }
    }

    /// Whether rows belong to the same people as at an earlier moment.
    pub fn has_same_people(&self, earlier: &Self) -> bool {
        self.overrides == earlier.overrides
    }

    /// Whether events belong to the same sessions as at an earlier moment.
    pub fn has_same_sessions(&self, earlier: &Self) -> bool {
        self.sessions == earlier.sessions
    }
}

fn earliest_difference(table: &str, now: &[FileEntry], then: &[FileEntry]) -> i64 {
    let time = zhike_domain::tables::table(table).and_then(time_column);
    let paths = |files: &[FileEntry]| files.iter().map(|file| file.path.clone()).collect::<HashSet<String>>();
    let (known, left) = (paths(then), paths(now));
    let came = now.iter().filter(|file| !known.contains(&file.path));
    let went = then.iter().filter(|file| !left.contains(&file.path));
    let first = |file: &FileEntry| time.and_then(|time| file.first(time)).unwrap_or(i64::MIN);
    came.chain(went).filter(|file| file.n_rows > 0).map(first).min().unwrap_or(i64::MAX)
}

/// Answers of few rows, each with what it was read from.
#[derive(Default)]
pub(crate) struct Answers(HashMap<String, (Mark, Frame)>);

impl Lake {
    /// Some tables as they are now.
    #[boxed]
    pub async fn mark(&self, tables: &[&'static str]) -> Result<Mark, Error> {
        let overrides = self.overrides.lock().unwrap_or_else(PoisonError::into_inner).number();
        let sessions = self.moved_sessions.lock().unwrap_or_else(PoisonError::into_inner).number();
        let mut versions = Vec::with_capacity(tables.len());
        for &table in tables {
            versions.push((table, self.version(table).await?));
        }
        Ok(Mark { tables: versions, overrides, sessions })
    }

    /// As a query of one's own over these tables, whose answer is small: it is asked again only when something has changed
    /// that happened before `before`. What part of the people is shown is never remembered.
    pub(crate) async fn remembered(&self, sql: &str, tables: &[&'static str], before: i64) -> Result<Frame, Error> {
        if self.within.is_some() {
            return self.query(sql, Vec::new()).await?.all().await;
        }
        // Before it is asked: what changes meanwhile makes the answer too old, never too new.
        let now = self.mark(tables).await?;
        let holds = |then: &Mark| {
            now.has_same_people(then) && tables.iter().all(|table| now.changed_from(then, table) >= before)
        };
        let known = |answers: &Mutex<Answers>| {
            let answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers.0.get(sql).filter(|(then, _)| holds(then)).map(|(_, frame)| frame.clone())
        };
        if let Some(frame) = known(&self.answers) {
            return Ok(frame);
        }
        let frame = self.query(sql, Vec::new()).await?.all().await?;
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if answers.0.len() >= MAX_ANSWERS {
            answers.0.clear();
        }
        answers.0.insert(sql.to_owned(), (now, frame.clone()));
        Ok(frame)
    }
}

#[cfg(test)]
mod tests {
    use zhike_domain::tables::table;

    use super::*;

    fn file(path: &str, from: i64) -> FileEntry {
        let stats = serde_json::json!({
            "numRecords": 2, "nullCount": {"ordered_at": 0},
            "minValues": {"ordered_at": format!("{from}Z")}, "maxValues": {"ordered_at": "9000000000000Z"},
        });
        FileEntry::new(table("orders").unwrap(), path.to_owned(), 1, None, Some(&stats.to_string()))
    }

    #[test]
    fn a_change_begins_with_the_earliest_file_that_came_or_went() {
        let (old, middle, new) = (file("a", 1_000), file("b", 2_000), file("c", 3_000));
        let from = |now: &[FileEntry], then: &[FileEntry]| earliest_difference("orders", now, then);
        assert_eq!(from(&[old.clone(), middle.clone()], &[middle.clone(), old.clone()]), i64::MAX);
        assert_eq!(from(&[old.clone(), middle.clone(), new.clone()], std::slice::from_ref(&old)), 2_000_000);
        assert_eq!(from(std::slice::from_ref(&new), &[old.clone(), new.clone()]), 1_000_000);
        let unknown = FileEntry::new(table("orders").unwrap(), "d".into(), 1, None, Some("{\"numRecords\": 1}"));
        assert_eq!(from(&[old.clone(), unknown], &[old]), i64::MIN);
    }
}
