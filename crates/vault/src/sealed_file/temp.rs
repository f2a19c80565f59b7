//! Sealed temporary files: on disk while they are used, unreadable after a crash, gone when dropped.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::{SealedReader, SealedWriter, StreamKey};
use crate::error::{IoContext, Result};
use crate::random;

const PREFIX: &str = "zhike-";
const SUFFIX: &str = ".sealed";

/// A finished temporary file; it is deleted when this is dropped, readers that are open go on.
#[derive(Debug)]
pub struct SealedTemp {
    path: DeletedOnDrop,
    key: StreamKey,
}

impl SealedTemp {
    /// Begins a temporary file in a directory, which is made if it is not there.
    ///
    /// Errors: [`Error::Io`](crate::Error::Io).
    pub fn create(dir: &Path) -> Result<SealedTempWriter> {
        fs::create_dir_all(dir).on("make directory", dir)?;
        let path = dir.join(format!("{PREFIX}{:016x}{SUFFIX}", random::id()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).on("create", &path)?;
        let path = DeletedOnDrop(path);
        Ok(SealedTempWriter { writer: SealedWriter::new(file)?, path })
    }

    /// Reads the content from its start; any number of readers may be open.
    ///
    /// Errors: [`Error::Io`](crate::Error::Io), around kind `InvalidData` when the file was changed.
    pub fn open(&self) -> Result<SealedReader<File>> {
        let path = &self.path.0;
        File::open(path).and_then(|file| SealedReader::new(file, &self.key)).on("open", path)
    }

    /// The length of the content.
    pub fn n_bytes(&self) -> u64 {
        self.key.n_bytes()
    }
}

/// A temporary file that is being written; dropped without [`SealedTempWriter::finish`], it is deleted.
#[derive(Debug)]
pub struct SealedTempWriter {
    // Closed before the file is deleted, which some systems insist on.
    writer: SealedWriter<File>,
    path: DeletedOnDrop,
}

impl SealedTempWriter {
    /// Ends the file. It is not fsynced: after a crash nobody could read it.
    ///
    /// Errors: [`Error::Io`](crate::Error::Io) when the disk is full or a write failed before.
    pub fn finish(self) -> Result<SealedTemp> {
        let (_, key) = self.writer.finish().on("write", &self.path.0)?;
        Ok(SealedTemp { path: self.path, key })
    }
}

impl Write for SealedTempWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

/// Removes the temporary files that a crash left in a directory and returns how many; call it before any is created.
///
/// Errors: [`Error::Io`](crate::Error::Io); a directory that is not there holds none.
pub fn sweep(dir: &Path) -> Result<usize> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        entries => entries.on("list", dir)?,
    };
    let mut n_removed = 0;
    for entry in entries {
        let path = entry.on("list", dir)?.path();
        if is_ours(&path) {
            fs::remove_file(&path).on("remove", &path)?;
            n_removed += 1;
        }
    }
    Ok(n_removed)
}

fn is_ours(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let digits = name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    digits.is_some_and(|digits| digits.len() == 16 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[derive(Debug)]
struct DeletedOnDrop(PathBuf);

impl Drop for DeletedOnDrop {
    fn drop(&mut self) {
        // What cannot be deleted now is unreadable and swept at the next start.
        let _ = fs::remove_file(&self.0);
    }
}
