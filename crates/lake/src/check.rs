//! Checksums of the lake's files: each name ends with that of the bytes, so that damage is found without any log.
//!
//! Parquet's pages have none of their own: a flipped bit may give a wrong number and no error. Queries do not read whole
//! files; [`Lake::damaged_files`] does, and compaction before it writes rows anew.

use crate::boxed;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use xxhash_rust::xxh3::Xxh3;

use crate::{Error, Lake};

/// Writes and hashes.
pub(crate) struct Hashing<W> {
    to: W,
    hash: Xxh3,
}

impl<W> Hashing<W> {
    pub(crate) fn new(to: W) -> Self {
        Self { to, hash: Xxh3::new() }
    }

    pub(crate) fn checksum(&self) -> u64 {
        self.hash.digest()
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.hash.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// The name of a file with a checksum.
pub(crate) fn name_with(name: &str, checksum: u64) -> String {
    format!("{name}-x{checksum:016x}.parquet")
}

/// The checksum that a name tells; `None` for files of earlier releases.
fn checksum_in(path: &str) -> Option<u64> {
    let (_, digits) = path.strip_suffix(".parquet")?.rsplit_once("-x")?;
    if digits.len() == 16 { u64::from_str_radix(digits, 16).ok() } else { None }
}

fn checksum_of(path: &Path) -> io::Result<u64> {
    let mut file = File::open(path)?;
    let mut hash = Xxh3::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash.digest()),
            n => hash.update(&buffer[..n]),
        }
    }
}

/// Fails when a file is not what was written.
pub(crate) fn verify(table: &str, root: &Path, path: &str) -> Result<(), Error> {
    let whole = root.join(path);
    let found = checksum_of(&whole).map_err(|error| Error::io("read", &whole, error))?;
    match checksum_in(path) {
        Some(told) if told != found => Err(Error::Corrupt {
            table: table.to_owned(),
            detail: format!("the bytes of {path} are not those that were written: restore the file from a backup"),
        }),
        _ => Ok(()),
    }
}

/// Beside an entry of a table's log: the checksum of its bytes. Other readers of Delta tables pass over it.
const ENTRY_CHECKSUM: &str = "xxh3";

/// Notes the checksum of an entry of a table's log. An entry without one was written by a process that died right then, or
/// by an earlier release.
pub(crate) fn note_entry(entry: &Path) -> Result<(), Error> {
    let checksum = checksum_of(entry).map_err(|error| Error::io("read", entry, error))?;
    let beside = entry.with_extension(ENTRY_CHECKSUM);
    let written = File::create(&beside).and_then(|mut file| {
        file.write_all(format!("{checksum:016x}\n").as_bytes())?;
        file.sync_all()
    });
    written.map_err(|error| Error::io("write", &beside, error))
}

/// The entries of a table's log that are not what was written.
fn damaged_entries(table: &str, root: &Path) -> Result<Vec<Error>, Error> {
    let log = root.join("_delta_log");
    let mut damaged = Vec::new();
    for beside in std::fs::read_dir(&log).map_err(|error| Error::io("list", &log, error))? {
        let beside = beside.map_err(|error| Error::io("list", &log, error))?.path();
        let entry = beside.with_extension("json");
        // Old entries go once they are summed up elsewhere.
        if beside.extension().is_none_or(|extension| extension != ENTRY_CHECKSUM) || !entry.exists() {
            continue;
        }
        let told = std::fs::read_to_string(&beside).map_err(|error| Error::io("read", &beside, error))?;
        let found = checksum_of(&entry).map_err(|error| Error::io("read", &entry, error))?;
        if u64::from_str_radix(told.trim(), 16) != Ok(found) {
            let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let detail = format!("the bytes of _delta_log/{name} are not those that were written");
            damaged.push(Error::Corrupt { table: table.to_owned(), detail });
        }
    }
    Ok(damaged)
}

/// What [`Lake::damaged_files`] found.
#[derive(Debug, Default)]
pub struct FileCheck {
    /// Files read.
    pub n_files: u64,
    /// Bytes read.
    pub n_bytes: u64,
    /// Table and what is wrong, for each damaged or missing file, and each table whose log does not read.
    pub damaged: Vec<(String, Error)>,
}

impl Lake {
    /// Reads every file that the tables have now, and compares.
    #[boxed]
    pub async fn damaged_files(&self) -> FileCheck {
        let mut check = FileCheck::default();
        for table in self.table_names() {
            let version = match self.version(table).await {
                Ok(Some(version)) => version,
                Ok(None) => continue,
                Err(error) => {
                    check.damaged.push((table.to_owned(), error));
                    continue;
                }
            };
            let Ok((_, root)) = self.table_root(table) else { continue };
            let root = root.to_owned();
            match damaged_entries(table, &root) {
                Ok(damaged) => check.damaged.extend(damaged.into_iter().map(|error| (table.to_owned(), error))),
                Err(error) => check.damaged.push((table.to_owned(), error)),
            }
            let verified = tokio::task::spawn_blocking(move || {
                let verify = |file: &crate::provider::FileEntry| (file.size, verify(table, &root, &file.path).err());
                version.files.iter().map(verify).collect::<Vec<_>>()
            });
            for (size, error) in verified.await.unwrap_or_default() {
                check.n_files += 1;
                check.n_bytes += size;
                check.damaged.extend(error.map(|error| (table.to_owned(), error)));
            }
        }
        check
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_checksums_and_older_ones_none() {
        let name = name_with("bat_1-new-00000", 0xab);
        assert_eq!(name, "bat_1-new-00000-x00000000000000ab.parquet");
        assert_eq!(checksum_in(&format!("on=2026-01-01/{name}")), Some(0xab));
        assert_eq!(checksum_in("bat_1-new-00000.parquet"), None);
        assert_eq!(checksum_in("bat_1-xnew-00000.parquet"), None);
    }
}
