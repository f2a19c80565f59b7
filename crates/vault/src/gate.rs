//! Keys that are disabled: a brake for an emergency, which processes that run obey too.
//!
//! A mark in the directory stands for an epoch (`kek-<epoch>.disabled`) or for all keys (`vault.disabled`) and says why. Whoever is
//! about to seal or open looks whether there is one. What was seen counts for a moment, so that a value costs no look at the disk.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::disk;
use crate::error::{Error, Result};

const ALL: &str = "vault.disabled";
/// How long what was seen counts.
const FRESH: Duration = Duration::from_millis(200);

/// The name of the mark of an epoch, or of all keys.
pub(crate) fn file_name(epoch: Option<u32>) -> String {
    epoch.map_or_else(|| ALL.to_owned(), |epoch| format!("kek-{epoch}.disabled"))
}

/// What is disabled in a directory: epochs, or all keys (`None`).
pub(crate) fn marks(dir: &Path) -> Result<Vec<Option<u32>>> {
    let mark = |name: &String| {
        let epoch = name.strip_prefix("kek-")?.strip_suffix(".disabled")?.parse().ok()?;
        (file_name(Some(epoch)) == *name).then_some(Some(epoch))
    };
    let mut marks: Vec<Option<u32>> =
        disk::names(dir)?.iter().filter_map(|name| if name == ALL { Some(None) } else { mark(name) }).collect();
    marks.sort_unstable();
    Ok(marks)
}

/// What this process saw last.
pub(crate) struct Gate {
    dir: PathBuf,
    seen: Mutex<Option<(Instant, Vec<Option<u32>>)>>,
}

impl Gate {
    pub(crate) fn new(dir: &Path) -> Self {
        Self { dir: dir.to_path_buf(), seen: Mutex::default() }
    }

    /// Lets by what hangs on an epoch, or on none.
    ///
    /// Errors: [`Error::Disabled`]; [`Error::Io`] when the directory cannot be read: then nobody is let by.
    pub(crate) fn check(&self, epoch: Option<u32>) -> Result<()> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = match seen.take() {
            Some((at, marks)) if at.elapsed() < FRESH => seen.insert((at, marks)),
            _ => seen.insert((Instant::now(), marks(&self.dir)?)),
        };
        match marks.1.iter().find(|mark| mark.is_none() || **mark == epoch) {
            None => Ok(()),
            Some(mark) => Err(Error::Disabled { epoch: *mark }),
        }
    }

    /// Looks again at the next question.
    pub(crate) fn forget(&self) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
