//! Which messages have arrived, for seven days.
//!
//! One bucket per day of arrival (UTC): a file `seen/<day>.seen` of 8-byte numbers and the same numbers in memory. A number
//! is keyed by the vault from source and message id, so that the file tells nothing about ids. Two messages share one by
//! chance with a probability of 2⁻⁶⁴ per pair: with 60 million remembered and 10 million new a day, one message in about
//! eighty years is taken for a repetition.
//!
//! **Cost**: 8 bytes on disk and 8 to 18 in memory per message (days that are over are sorted lists, today is a hash set).
//! At most [`MAX_KEYS`] are remembered, some 0.6 GB; beyond that the oldest day is forgotten first, which is logged.
//!
//! - **INV-SEEN-1**: state says how much of each file counts ([`Seen::commit_form`]); what stands behind was never committed
//!   and is cut off when the files are opened. So a batch that is taken in again finds its messages new again.
//! - **INV-SEEN-2**: files are fsynced before state counts them.

use std::collections::{BTreeMap, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};

use foldhash::fast::FixedState;

use crate::{Error, Result};

/// Days for which a message is remembered after the day of its arrival.
const DAYS: i64 = 7;
/// Messages remembered at most.
const MAX_KEYS: usize = 1 << 26;

#[derive(Default)]
enum Bucket {
    #[default]
    Empty,
    Open(HashSet<u64, FixedState>),
    Closed(Vec<u64>),
}

impl Bucket {
    fn has(&self, key: u64) -> bool {
        match self {
            Self::Empty => false,
            Self::Open(keys) => keys.contains(&key),
            Self::Closed(keys) => keys.binary_search(&key).is_ok(),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Empty => 0,
            Self::Open(keys) => keys.len(),
            Self::Closed(keys) => keys.len(),
        }
    }
}

/// The messages that have arrived.
pub(crate) struct Seen {
    dir: PathBuf,
    buckets: BTreeMap<i64, Bucket>,
    /// Bytes of each file that count, those of `fresh` included once they are written.
    n_bytes: BTreeMap<i64, u64>,
    /// Keys of the batch at hand, not written yet.
    fresh: Vec<u64>,
    day: i64,
}

impl Seen {
    /// Opens the files, as far as `commit_form` counts them.
    ///
    /// **Errors**: when a file cannot be read or cut. A file that is gone or too short is logged and remembered as it is.
    pub(crate) fn open(dir: &Path, commit_form: &str) -> Result<Self> {
        let n_bytes: BTreeMap<i64, u64> =
            serde_json::from_str(commit_form).map_err(|error| Error::bug("what was seen", error))?;
        let mut seen = Self {
            dir: dir.to_owned(),
            buckets: BTreeMap::new(),
            n_bytes: BTreeMap::new(),
            fresh: Vec::new(),
            day: n_bytes.keys().next_back().copied().unwrap_or(i64::MIN),
        };
        std::fs::create_dir_all(dir).map_err(|error| Error::io("make", dir, error))?;
        for entry in std::fs::read_dir(dir).map_err(|error| Error::io("list", dir, error))?.flatten() {
            let path = entry.path();
            let day = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<i64>().ok());
            if day.is_none_or(|day| !n_bytes.contains_key(&day)) {
                // Of a batch that was never committed, or of a day that is over.
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
            }
        }
        for (day, wanted) in n_bytes {
            let path = seen.path(day);
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(Error::io("read", &path, error)),
            };
            let found = bytes.len() as u64;
            if found < wanted {
                tracing::error!(day, found, wanted, "messages seen on a day were lost: repetitions may be taken in");
            }
            let counts = found.min(wanted) / 8 * 8;
            if found > counts {
                let file = std::fs::File::options().write(true).open(&path);
                let cut = file.and_then(|file| file.set_len(counts).and_then(|()| file.sync_all()));
                cut.map_err(|error| Error::io("cut", &path, error))?;
            }
            let keys = bytes[..counts as usize].as_chunks::<8>().0.iter().map(|key| u64::from_le_bytes(*key));
            let bucket = if day == seen.day {
                Bucket::Open(keys.collect())
            } else {
                let mut keys: Vec<u64> = keys.collect();
                keys.sort_unstable();
                Bucket::Closed(keys)
            };
            seen.buckets.insert(day, bucket);
            seen.n_bytes.insert(day, counts);
        }
        Ok(seen)
    }

    fn path(&self, day: i64) -> PathBuf {
        self.dir.join(format!("{day}.seen"))
    }

    /// Remembers a message that arrived on a day; says whether it is new. Days only go forward: what arrives from an
    /// earlier one counts for the newest.
    pub(crate) fn insert(&mut self, day: i64, key: u64) -> bool {
        if day > self.day {
            self.turn(day);
        }
        if self.buckets.values().rev().any(|bucket| bucket.has(key)) {
            return false;
        }
        if let Bucket::Open(keys) = self.buckets.entry(self.day).or_insert_with(|| Bucket::Open(HashSet::default())) {
            keys.insert(key);
        }
        self.fresh.push(key);
        true
    }

    /// A new day begins.
    fn turn(&mut self, day: i64) {
        // Keys of the batch so far go to the new day's file: they are remembered longer, not shorter.
        let moved: HashSet<u64, FixedState> = self.fresh.iter().copied().collect();
        if let Some(bucket) = self.buckets.get_mut(&self.day)
            && let Bucket::Open(keys) = std::mem::take(bucket)
        {
            let mut keys: Vec<u64> = keys.into_iter().filter(|key| !moved.contains(key)).collect();
            keys.sort_unstable();
            *bucket = Bucket::Closed(keys);
        }
        self.day = day;
        self.buckets.insert(day, Bucket::Open(moved));
        self.buckets.retain(|&held, _| held >= day - DAYS);
        while self.buckets.len() > 1 && self.buckets.values().map(Bucket::len).sum::<usize>() > MAX_KEYS {
            if let Some((forgotten, _)) = self.buckets.pop_first() {
                tracing::warn!(
                    day = forgotten,
                    "too many messages to remember: repetitions of this day are not noticed"
                );
            }
        }
        self.n_bytes.retain(|day, _| self.buckets.contains_key(day));
    }

    /// Writes the keys of the batch durably and says what state has to keep.
    pub(crate) fn commit_form(&mut self) -> Result<String> {
        if !self.fresh.is_empty() {
            let path = self.path(self.day);
            let fail = |error| Error::io("write", &path, error);
            let counts = self.n_bytes.get(&self.day).copied().unwrap_or(0);
            let mut file =
                std::fs::File::options().create(true).truncate(false).write(true).open(&path).map_err(fail)?;
            let bytes: Vec<u8> = self.fresh.drain(..).flat_map(u64::to_le_bytes).collect();
            use std::io::Seek;
            file.seek(std::io::SeekFrom::Start(counts)).map_err(fail)?;
            file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(fail)?;
            if counts == 0 {
                let folder = std::fs::File::open(&self.dir).and_then(|folder| folder.sync_all());
                folder.map_err(|error| Error::io("sync", &self.dir, error))?;
            }
            self.n_bytes.insert(self.day, counts + bytes.len() as u64);
        }
        serde_json::to_string(&self.n_bytes).map_err(|error| Error::bug("what was seen", error))
    }

    /// Removes the files of days that are over, once state no longer counts them.
    pub(crate) fn sweep(&self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let day = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<i64>().ok());
            if day.is_some_and(|day| !self.n_bytes.contains_key(&day)) {
                // What stays is removed at the next start.
                let _ = std::fs::remove_file(&path);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_remembered_for_a_week_and_only_as_far_as_committed() {
        let dir = tempfile::tempdir().unwrap();
        let mut seen = Seen::open(dir.path(), "{}").unwrap();
        assert!(seen.insert(100, 1) && seen.insert(100, 2) && !seen.insert(100, 1));
        let first = seen.commit_form().unwrap();
        // A batch that is written but never committed.
        assert!(seen.insert(101, 3));
        let uncommitted = seen.commit_form().unwrap();
        assert_ne!(first, uncommitted);
        drop(seen);

        let mut seen = Seen::open(dir.path(), &first).unwrap();
        assert!(!seen.insert(101, 2));
        assert!(seen.insert(101, 3));
        assert!(!seen.insert(99, 3), "an earlier day counts for the newest");
        let second = seen.commit_form().unwrap();
        let mut seen = Seen::open(dir.path(), &second).unwrap();
        assert!(!seen.insert(107, 1) && !seen.insert(107, 3));
        assert!(seen.insert(108, 1), "seven days later day 100 is forgotten");
        assert!(!seen.insert(108, 3));
        let third = seen.commit_form().unwrap();
        seen.sweep();
        let files = std::fs::read_dir(dir.path()).unwrap().count();
        assert_eq!((third.as_str(), files), (r#"{"101":8,"108":8}"#, 2));
    }

    #[test]
    fn keys_of_a_batch_that_spans_midnight_are_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut seen = Seen::open(dir.path(), "{}").unwrap();
        assert!(seen.insert(100, 1) && seen.insert(101, 2));
        let form = seen.commit_form().unwrap();
        let mut seen = Seen::open(dir.path(), &form).unwrap();
        assert!(!seen.insert(101, 1) && !seen.insert(101, 2));
    }
}
