//! Which messages have arrived, for seven days at least.
//!
//! One bucket per day on which something arrived (UTC): a file `seen/<n>.seen` of 8-byte numbers and the same numbers in
//! memory; the last eight are kept. Buckets are numbered, not dated: a clock that jumps weeks ahead and comes back costs
//! two of them, not all, and does not leave one open for weeks. A number
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
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// Days with arrivals for which a message is remembered after the day of its own.
const DAYS: i64 = 7;
/// A bucket that has so many is followed by another on the same day.
const BUCKET_KEYS: usize = 1 << 24;
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
    /// The bucket that is open.
    current: i64,
    /// Its day.
    day: i64,
}

/// What state keeps: how much of each bucket counts, and the day of the last.
#[derive(Serialize, Deserialize)]
struct Form {
    day: i64,
    buckets: BTreeMap<i64, u64>,
}

impl Form {
    /// Reads a form; that of earlier releases, where days were the numbers, too.
    fn read(json: &str) -> Result<Self> {
        serde_json::from_str(json)
            .or_else(|_| {
                let buckets: BTreeMap<i64, u64> = serde_json::from_str(json)?;
                Ok(Self { day: buckets.keys().next_back().copied().unwrap_or(i64::MIN), buckets })
            })
            .map_err(|error: serde_json::Error| Error::bug("what was seen", error))
    }
}

impl Seen {
    /// Opens the files, as far as `commit_form` counts them.
    ///
    /// **Errors**: when a file cannot be read or cut. A file that is gone or too short is logged and remembered as it is.
    pub(crate) fn open(dir: &Path, commit_form: &str) -> Result<Self> {
        let Form { day, buckets: n_bytes } = Form::read(commit_form)?;
        let mut seen = Self {
            dir: dir.to_owned(),
            buckets: BTreeMap::new(),
            n_bytes: BTreeMap::new(),
            fresh: Vec::new(),
            current: n_bytes.keys().next_back().copied().unwrap_or(0),
            day,
        };
        std::fs::create_dir_all(dir).map_err(|error| Error::io("make", dir, error))?;
        for entry in std::fs::read_dir(dir).map_err(|error| Error::io("list", dir, error))?.flatten() {
            let path = entry.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<i64>().ok());
            if number.is_none_or(|number| !n_bytes.contains_key(&number)) {
                // Of a batch that was never committed, or of a day that is over.
                std::fs::remove_file(&path).map_err(|error| Error::io("remove", &path, error))?;
            }
        }
        for (number, wanted) in n_bytes {
            let path = seen.path(number);
            let bytes = match std::fs::read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                Err(error) => return Err(Error::io("read", &path, error)),
            };
            let found = bytes.len() as u64;
            if found < wanted {
                tracing::error!(number, found, wanted, "messages seen on a day were lost: repetitions may be taken in");
            }
            let counts = found.min(wanted) / 8 * 8;
            if found > counts {
                let file = std::fs::File::options().write(true).open(&path);
                let cut = file.and_then(|file| file.set_len(counts).and_then(|()| file.sync_all()));
                cut.map_err(|error| Error::io("cut", &path, error))?;
            }
            let keys = bytes[..counts as usize].as_chunks::<8>().0.iter().map(|key| u64::from_le_bytes(*key));
            let bucket = if number == seen.current {
                Bucket::Open(keys.collect())
            } else {
                let mut keys: Vec<u64> = keys.collect();
                keys.sort_unstable();
                Bucket::Closed(keys)
            };
            seen.buckets.insert(number, bucket);
            seen.n_bytes.insert(number, counts);
        }
        Ok(seen)
    }

    fn path(&self, number: i64) -> PathBuf {
        self.dir.join(format!("{number}.seen"))
    }

    /// Remembers a message that arrived on a day; says whether it is new. What arrives from the day before, around
    /// midnight, counts for the newest.
    pub(crate) fn insert(&mut self, day: i64, key: u64) -> bool {
        let is_full = self.buckets.get(&self.current).is_some_and(|bucket| bucket.len() >= BUCKET_KEYS);
        if day > self.day || day < self.day.saturating_sub(1) || is_full {
            self.turn(day);
        }
        if self.buckets.values().rev().any(|bucket| bucket.has(key)) {
            return false;
        }
        if let Bucket::Open(keys) = self.buckets.entry(self.current).or_insert_with(|| Bucket::Open(HashSet::default()))
        {
            keys.insert(key);
        }
        self.fresh.push(key);
        true
    }

    /// A new bucket begins.
    fn turn(&mut self, day: i64) {
        // Keys of the batch so far go to the new file: they are remembered longer, not shorter.
        let moved: HashSet<u64, FixedState> = self.fresh.iter().copied().collect();
        if let Some(bucket) = self.buckets.get_mut(&self.current)
            && let Bucket::Open(keys) = std::mem::take(bucket)
        {
            let mut keys: Vec<u64> = keys.into_iter().filter(|key| !moved.contains(key)).collect();
            keys.sort_unstable();
            *bucket = Bucket::Closed(keys);
        }
        self.day = day;
        self.current += 1;
        self.buckets.insert(self.current, Bucket::Open(moved));
        self.buckets.retain(|&held, _| held >= self.current - DAYS);
        while self.buckets.len() > 1 && self.buckets.values().map(Bucket::len).sum::<usize>() > MAX_KEYS {
            if let Some((forgotten, _)) = self.buckets.pop_first() {
                tracing::warn!(
                    bucket = forgotten,
                    "too many messages to remember: repetitions of the oldest day are not noticed"
                );
            }
        }
        self.n_bytes.retain(|number, _| self.buckets.contains_key(number));
    }

    /// Writes the keys of the batch durably and says what state has to keep.
    pub(crate) fn commit_form(&mut self) -> Result<String> {
        if !self.fresh.is_empty() {
            let path = self.path(self.current);
            let fail = |error| Error::io("write", &path, error);
            let counts = self.n_bytes.get(&self.current).copied().unwrap_or(0);
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
            self.n_bytes.insert(self.current, counts + bytes.len() as u64);
        }
        let form = Form { day: self.day, buckets: self.n_bytes.clone() };
        serde_json::to_string(&form).map_err(|error| Error::bug("what was seen", error))
    }

    /// Removes the files of days that are over, once state no longer counts them.
    pub(crate) fn sweep(&self) {
        for entry in std::fs::read_dir(&self.dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse::<i64>().ok());
            if number.is_some_and(|number| !self.n_bytes.contains_key(&number)) {
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
        assert!(!seen.insert(100, 3), "the day before counts for the newest");
        let second = seen.commit_form().unwrap();
        let mut seen = Seen::open(dir.path(), &second).unwrap();
        assert!(!seen.insert(107, 1) && !seen.insert(107, 3));
        for day in 102..107 {
            assert!(seen.insert(day + 6, u64::try_from(day).unwrap()));
        }
        assert!(!seen.insert(112, 1), "seven further days with arrivals");
        assert!(seen.insert(113, 1), "an eighth: the first day is forgotten");
        assert!(!seen.insert(113, 3));
        seen.commit_form().unwrap();
        seen.sweep();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2, "what one batch holds goes to the newest file");
    }

    #[test]
    fn a_clock_that_jumps_costs_two_buckets_and_leaves_none_open() {
        let dir = tempfile::tempdir().unwrap();
        let mut seen = Seen::open(dir.path(), "{}").unwrap();
        assert!(seen.insert(100, 1) && seen.insert(140, 2) && seen.insert(100, 3));
        let form = seen.commit_form().unwrap();
        let mut seen = Seen::open(dir.path(), &form).unwrap();
        assert!(!seen.insert(100, 1) && !seen.insert(101, 2) && !seen.insert(101, 3));
        assert_eq!(seen.current, 4);
    }

    #[test]
    fn the_form_of_earlier_releases_is_read() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("100.seen"), 7_u64.to_le_bytes()).unwrap();
        let mut seen = Seen::open(dir.path(), r#"{"100":8}"#).unwrap();
        assert!(!seen.insert(100, 7) && !seen.insert(101, 7) && seen.insert(101, 8));
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
